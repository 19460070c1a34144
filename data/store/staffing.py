"""What the store knows of staffing: the rules of areas from day to day, and who is on which grid of a day."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg2.errors import InsufficientPrivilege

from data.store.dated import say_from
from data.store.sql import many
from gis.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from datetime import date

    from psycopg2.extensions import connection

    from data.store.plans import AreaRow


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """A rule that an area has stated for its grids of one type; `rule` as JSON has it."""

    id: int
    area: str | None
    path: str
    grid_type: str
    rule: Mapping[str, object]
    doc_id: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class GridRow:
    """A grid of a day; `path` is its community's."""

    code: str
    name: str
    kind: str
    community: str | None
    path: str


@dataclass(frozen=True, slots=True)
class PostRow:
    """A post of a day, with what rules ask of whoever holds it."""

    grid: str
    role: str
    letter: str | None
    kind: str
    staff: str
    is_party_member: bool | None
    is_trained: bool
    education: str
    source: str
    channel: str
    duty_roles: tuple[str, ...]


_RULES: LiteralString = """SELECT r.id, a.code, r.path::text, r.grid_type, r.rule, r.doc_id, lower(r.valid), upper(r.valid)
    FROM wangge.staffing_rule r LEFT JOIN wangge.area a ON a.id = r.area_id """


def rules_on(conn: connection, day: date, *, area: str | None = None) -> list[RuleRow]:
    """Return the rules of a day that the caller may see, the nearest to grids first.

    With the path of an area, those that hold in it: stated for it, for one above it, or for one in it.
    """
    rows = many(
        conn,
        _RULES
        + """WHERE r.valid @> %(day)s::date
             AND (%(area)s::ltree IS NULL OR r.path <@ %(area)s::ltree OR r.path @> %(area)s::ltree)
             ORDER BY nlevel(r.path) DESC, r.path, r.grid_type""",
        {"day": day, "area": area},
    )
    return [RuleRow(**dict(zip(RuleRow.__slots__, row, strict=True))) for row in rows]


def state_rule(
    conn: connection, area: AreaRow, grid_type: str, rule: Mapping[str, Any] | None, *, doc_id: str, day: date
) -> bool:
    """State the rule of an area from `day` on, until one that is stated for later; None: from then on it has none of its own.

    Returns whether that changes anything. The rule until then ends on `day`; one that began on that day is replaced.
    """
    with _explained():
        said = None if rule is None else {"rule": dict(rule), "doc_id": doc_id}
        return say_from(conn, "staffing_rule", {"area_id": area.id, "grid_type": grid_type}, said, day=day)


def grids_on(conn: connection, day: date, *, area: str | None = None) -> list[GridRow]:
    """Return the grids of a day whose internal data the caller may see, by code; those in the area with a path."""
    rows = many(
        conn,
        """SELECT g.code, g.name, g.kind, c.code, g.path::text FROM wangge.grid g LEFT JOIN wangge.area c ON c.id = g.area_id
           WHERE g.in_force IS NOT NULL AND g.in_force @> %(day)s::date AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[])
             AND wangge.sees_category(g.kind) AND (%(area)s::ltree IS NULL OR g.path <@ %(area)s::ltree)
           ORDER BY g.code COLLATE "C" """,
        {"day": day, "area": area},
    )
    return [GridRow(*row) for row in rows]


def posts_on(conn: connection, day: date, *, area: str | None = None) -> list[PostRow]:
    """Return the posts of a day on grids of an area; whoever has left since had them still, for leaving ends posts."""
    rows = many(
        conn,
        """SELECT p.grid_code, p.role, p.letter, p.kind, p.staff_id::text, s.is_party_member, s.is_trained,
             s.education, s.source, p.channel, p.duty_roles
           FROM wangge.post p JOIN wangge.staff s ON s.id = p.staff_id
           WHERE p.valid @> %(day)s::date AND (%(area)s::ltree IS NULL OR p.path <@ %(area)s::ltree)
           ORDER BY p.id""",
        {"day": day, "area": area},
    )
    return [PostRow(*plain, duty_roles=tuple(duties)) for *plain, duties in rows]


def staff_without_post(conn: connection, day: date, *, area: str | None = None) -> list[tuple[str, str | None, str, str]]:
    """Return those whom an area employs and who have no post on a day, by name: id, number, name, status."""
    return many(
        conn,
        """SELECT s.id::text, s.number, s.name, s.status FROM wangge.staff s
           WHERE s.status <> 'left' AND s.path <@ ANY ((SELECT wangge.scope(1))::ltree[])
             AND (%(area)s::ltree IS NULL OR s.path <@ %(area)s::ltree)
             AND NOT EXISTS (SELECT FROM wangge.post p WHERE p.staff_id = s.id AND p.valid @> %(day)s::date)
           ORDER BY s.name COLLATE "C", s.id""",
        {"day": day, "area": area},
    )


@contextmanager
def _explained() -> Generator[None]:
    """Say in our words what the store refuses."""
    try:
        yield
    except InsufficientPrivilege as error:
        raise Refused("this needs the right to manage staff in that area") from error
