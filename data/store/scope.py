"""For whom a transaction speaks: what row-level security in the store asks of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.store.sql import run

if TYPE_CHECKING:
    from psycopg2.extensions import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one caller may see and do, resolved once.

    `areas_1`, `areas_2`, `areas_3` are paths of areas whose internal data, drafts and household points the caller may see;
    `public` names what everybody may see (`areas`, `grids`).
    """

    person: str = ""
    rights: tuple[str, ...] = ()
    areas_1: tuple[str, ...] = ()
    areas_2: tuple[str, ...] = ()
    areas_3: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    public: tuple[str, ...] = ()

    def settings(self) -> dict[str, str]:
        """Return the transaction's settings, by name; every one of them, so that none is left from another caller."""
        return {
            "wangge.person": self.person,
            "wangge.rights": ",".join(self.rights),
            "wangge.areas_1": ",".join(self.areas_1),
            "wangge.areas_2": ",".join(self.areas_2),
            "wangge.areas_3": ",".join(self.areas_3),
            "wangge.categories": ",".join(self.categories),
            "wangge.public": ",".join(self.public),
        }


NOBODY = Scope()
"""Sees nothing at all."""


def speak(conn: connection, scope: Scope) -> None:
    """Let the rest of the transaction speak for `scope`: what is asked first often decides which rights the rest needs."""
    settings = scope.settings()
    run(
        conn,
        "SELECT set_config(name, value, true) FROM unnest(%s::text[], %s::text[]) AS setting (name, value)",
        [list(settings), list(settings.values())],
    )
