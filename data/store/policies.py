"""Policies in the store: what areas say of how the loop goes with them, from day to day; and the words of profiles for it.

`kept_rows` is what a service keeps in memory for all its callers; the rest is for those who read and state policies.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.errors import InsufficientPrivilege

from data.store.dated import say_from
from data.store.sql import many
from gis.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from datetime import date

    from psycopg2.extensions import connection

    from data.store.plans import AreaRow


@dataclass(frozen=True, slots=True)
class Saying:
    """What an area says, as JSON has it, from a day until another (None: for good); `path` is the area's."""

    path: str
    says: Mapping[str, Any]
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """A policy that an area has stated; stated again it has another id."""

    id: int
    area: str
    path: str
    says: Mapping[str, Any]
    source: str
    valid_from: date
    valid_to: date | None


def kept_rows(conn: connection) -> tuple[list[Saying], list[Saying]]:
    """Return what every area says: policies, and the stages and tiers of profiles; whoever asks."""
    policies = many(conn, "SELECT path, says, valid_from, valid_to FROM wangge.loop_policies()")
    words = many(conn, "SELECT path, says, valid_from, valid_to FROM wangge.profile_words()")
    return [Saying(*row) for row in policies], [Saying(*row) for row in words]


def policies_on(conn: connection, day: date, *, area: str | None = None) -> list[PolicyRow]:
    """Return the policies of a day that the caller may see, the nearest to grids first.

    With the path of an area, those that hold in it: stated for it, for one above it, or for one in it.
    """
    rows = many(
        conn,
        """SELECT p.id, a.code, p.path::text, p.says, p.source, lower(p.valid), upper(p.valid)
           FROM wangge.loop_policy p JOIN wangge.area a ON a.id = p.area_id
           WHERE p.valid @> %(day)s::date
             AND (%(area)s::ltree IS NULL OR p.path <@ %(area)s::ltree OR p.path @> %(area)s::ltree)
           ORDER BY nlevel(p.path) DESC, p.path""",
        {"day": day, "area": area},
    )
    return [PolicyRow(**dict(zip(PolicyRow.__slots__, row, strict=True))) for row in rows]


def state(conn: connection, area: AreaRow, says: Mapping[str, Any], *, source: str, day: date) -> bool:
    """State the policy of an area from `day` on, until one that is stated for later; where it says nothing, it has none.

    Returns whether that changes anything. The policy until then ends on `day`; one that began on that day is replaced.
    """
    with _explained():
        said = {"says": dict(says), "source": source} if says else None
        return say_from(conn, "loop_policy", {"area_id": area.id}, said, day=day)


@contextmanager
def _explained() -> Generator[None]:
    """Say in our words what the store refuses."""
    try:
        yield
    except InsufficientPrivilege as error:
        raise Refused("this needs the right to decide for the district in that area") from error
