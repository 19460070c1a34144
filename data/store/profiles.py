"""Profiles in the store: the document of an area from day to day, and which of them hold at a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.profile import profile_from
from data.store.dated import say_from
from data.store.sql import many

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from psycopg2.extensions import connection

    from data.store.plans import AreaRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow:
    """What an area says, as JSON has it (`data.profile.Profile.as_json`); `area` is its code."""

    name: str
    area: str
    path: str
    doc: Mapping[str, Any]
    valid_from: date
    valid_to: date | None


def keep(conn: connection, area: AreaRow, name: str, doc: Mapping[str, Any], *, day: date) -> bool:
    """Let an area say `doc` from `day` on, until what it says for later; return whether that changes anything.

    What it said until then ends on `day`; what it said from that day on is replaced.
    """
    return say_from(conn, "profile", {"area_id": area.id}, {"name": name, "doc": dict(doc)}, day=day)


def profiles_on(conn: connection, day: date, *, area: str | None = None) -> list[ProfileRow]:
    """Return the profiles of a day that the caller may see, the nearest to grids first.

    With the path of an area, those that hold in it: stated for it, for one above it, or for one in it.
    """
    rows = many(
        conn,
        """SELECT p.name, a.code, p.path::text, p.doc, lower(p.valid), upper(p.valid)
           FROM wangge.profile p JOIN wangge.area a ON a.id = p.area_id
           WHERE p.valid @> %(day)s::date
             AND (%(area)s::ltree IS NULL OR p.path <@ %(area)s::ltree OR p.path @> %(area)s::ltree)
           ORDER BY nlevel(p.path) DESC, p.path""",
        {"day": day, "area": area},
    )
    return [ProfileRow(**dict(zip(ProfileRow.__slots__, row, strict=True))) for row in rows]


def nearest(profiles: Sequence[ProfileRow], path: str) -> ProfileRow | None:
    """Return the profile that holds at a path, of those in the order of `profiles_on`; None where no area above says one."""
    return next((each for each in profiles if f"{path}.".startswith(f"{each.path}.")), None)


def section_at(profiles: Sequence[ProfileRow], path: str | None, section: str) -> tuple[ProfileRow | None, Mapping[str, Any]]:
    """Return what the nearest profile that has a section says in it, and which one that is; nothing where none has it.

    Without a path it is the only one in sight that has it, where there is one.
    """
    having = [each for each in profiles if each.doc.get(section)]
    found = (having[0] if len(having) == 1 else None) if path is None else nearest(having, path)
    return found, {} if found is None else found.doc[section]


def size_there(conn: connection, path: str, day: date) -> tuple[str | None, Mapping[str, Any]]:
    """Return the nearest profile that says how large grids are where a path lies, by its name, and what it says."""
    row, _ = section_at(profiles_on(conn, day), path, "size")
    return (None, {}) if row is None else (row.name, profile_from(row.doc).size)
