"""The catalogue of matters in the store: what is proposed, admitted and has exited, and which grid answers for what.

A matter is in the catalogue of one area and holds there and in all that lies below; its code is its own in the whole store.
Whoever calls has asked the rules (api/matters/admission.py); that a decision moves a matter, and nothing else does, is the
store's own doing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg2.extras import Json
from psycopg2.sql import SQL, Identifier

from data.matter_file import MatterText
from data.store.sql import insert, many, maybe, one, run
from gis.errors import Conflict, NotFound, Stale

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """A matter as it stands; `area` is the code of the area whose catalogue it is in, `authors` are ids of persons."""

    text: MatterText
    area: str
    path: str
    status: str
    authors: tuple[str, ...]
    revision: int
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about a matter; `actor_name` is what they were called then."""

    action: str
    reason: str | None
    kind: str | None
    comment: str
    aspects: Mapping[str, str]
    actor: str
    actor_name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list is narrowed by; None leaves it open. `place` is the path of an area: what holds there."""

    place: str | None = None
    status: str | None = None
    category: str | None = None
    department: str | None = None
    board: str | None = None
    list_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many matters there are, by what they say; '' counts those that do not say. `exits` counts what is out, by kind."""

    total: int
    by: Mapping[str, Mapping[str, int]]
    without_limit: int
    exits: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a file became, as codes. `left` were admitted, refused or have exited: a file moves none of them."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    left: tuple[str, ...]
    taken: tuple[str, ...]
    """Codes that stand for a matter in another area's catalogue: nothing may be written then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridMatters:
    """What a grid answers for: the matters named for it, or where none is, all that are admitted where it lies."""

    grid: str
    path: str
    is_named: bool
    matters: tuple[tuple[str, str], ...]
    """Code and name, in the order of the codes."""


_TEXT = (
    "name", "category", "level", "board", "list_class", "department", "co_departments", "limit_value", "limit_unit",
    "filing_condition", "closing_condition", "standard", "is_enforcement", "is_industry_supervision", "power_delegated",
    "funding", "batch",
)  # fmt: skip
"""The columns of `MatterText`, but the code."""
_TYPES: Mapping[str, LiteralString] = {
    "co_departments": "text[]", "limit_value": "integer", "is_enforcement": "boolean", "is_industry_supervision": "boolean",
    "power_delegated": "boolean",
}  # fmt: skip
"""The types of those that are no text."""
_COLUMNS = SQL(", ").join(map(Identifier, _TEXT))
_SELECT = SQL(
    """SELECT m.code, {}, a.code, m.path::text, m.status, m.authors::text[], m.revision, m.updated_at
       FROM wangge.matter m JOIN wangge.area a ON a.id = m.area_id """
).format(SQL(", ").join(SQL("m.{}").format(Identifier(name)) for name in _TEXT))
_ADD = SQL(
    """INSERT INTO wangge.matter (code, area_id, updated_at, {columns})
       SELECT t.code, %s, %s, {columns} FROM jsonb_to_recordset(%s) AS t (code text, {typed})
       ON CONFLICT (code) DO NOTHING RETURNING code"""
).format(
    columns=_COLUMNS,
    typed=SQL(", ").join(SQL("{} {}").format(Identifier(name), SQL(_TYPES.get(name, "text"))) for name in _TEXT),
)
_WHERE = SQL(
    """WHERE (%(place)s::ltree IS NULL OR m.path @> %(place)s::ltree)
         AND (%(status)s::text IS NULL OR m.status = %(status)s)
         AND (%(category)s::text IS NULL OR m.category = %(category)s)
         AND (%(department)s::text IS NULL OR m.department = %(department)s)
         AND (%(board)s::text IS NULL OR m.board = %(board)s)
         AND (%(list_class)s::text IS NULL OR m.list_class = %(list_class)s) """
)


# --- the catalogue --------------------------------------------------------------------------------------------------------


def get(conn: connection, code: str) -> Matter:
    """Return a matter; `NotFound` where there is none, or the caller does not see it."""
    row = maybe(conn, _SELECT + SQL("WHERE m.code = %s"), [code])
    if row is None:
        raise NotFound(f"there is no matter {code}, or it is not yours to see")
    return _matter(row)


def named(conn: connection, codes: Sequence[str]) -> list[Matter]:
    """Return matters in the order of their codes; `NotFound` names those that the caller does not see."""
    found = [_matter(row) for row in many(conn, _SELECT + SQL("WHERE m.code = ANY (%s) ORDER BY m.code"), [list(codes)])]
    missing = sorted(set(codes) - {each.text.code for each in found})
    if missing:
        raise NotFound(f"there is no matter {', '.join(missing[:20])}, or it is not yours to see", codes=missing)
    return found


_CATEGORIES = SQL(
    """SELECT m.category, min(m.name) AS name FROM wangge.matter m
       WHERE m.status = 'admitted' GROUP BY m.category HAVING count(*) = 1"""
)
CATEGORY_NAMES = SQL("SELECT c.category, c.name FROM ({}) c WHERE c.category = ANY (%s::text[])").format(_CATEGORIES)
"""What categories are called: by the one admitted matter that is of them; where there are several, by none."""


def category_names(conn: connection, categories: Sequence[str] | None = None) -> dict[str, str]:
    """Return what categories are called that have a name, by category; without `categories` all of them."""
    rows = many(conn, _CATEGORIES) if categories is None else many(conn, CATEGORY_NAMES, [list(categories)])
    return dict(rows)


def listed(conn: connection, wanted: Filter, *, after: str = "", limit: int = 100) -> list[Matter]:
    """Return the matters that the caller sees, in the order of their codes, those after `after`."""
    statement = _SELECT + _WHERE + SQL("AND m.code > %(after)s ORDER BY m.code LIMIT %(limit)s")
    return [_matter(row) for row in many(conn, statement, {**_asked(wanted), "after": after, "limit": limit})]


def summary(conn: connection, wanted: Filter) -> Summary:
    """Count the matters that the caller sees; what has exited is counted by its last decision, whatever `status` says."""
    rows = many(
        conn,
        SQL(
            """SELECT m.category, coalesce(m.department, ''), m.board, m.list_class, m.status, m.batch, count(*),
                 count(*) FILTER (WHERE m.limit_value IS NULL) FROM wangge.matter m """
        )
        + _WHERE
        + SQL("GROUP BY 1, 2, 3, 4, 5, 6"),
        _asked(wanted),
    )
    exits = many(
        conn,
        SQL(
            """SELECT d.kind, count(*) FROM wangge.matter m CROSS JOIN LATERAL (
                 SELECT d.kind FROM wangge.matter_decision d WHERE d.matter = m.code AND d.action = 'exit'
                 ORDER BY d.id DESC LIMIT 1) d """
        )
        + _WHERE
        + SQL("GROUP BY 1 ORDER BY 1"),
        {**_asked(wanted), "status": "exited"},
    )
    by: dict[str, Counter[str]] = {}
    for row in rows:
        for name, value in zip(("category", "department", "board", "list_class", "status", "batch"), row, strict=False):
            by.setdefault(name, Counter())[value] += row[6]
    return Summary(
        total=sum(row[6] for row in rows),
        by={name: dict(sorted(counts.items())) for name, counts in by.items()},
        without_limit=sum(row[7] for row in rows),
        exits=dict(exits),
    )


def unknown_departments(conn: connection, area: str, codes: Iterable[str]) -> set[str]:
    """Return those of the codes that are no department or unit for all of the area with that path."""
    wanted = sorted(set(codes))
    rows = many(
        conn,
        """SELECT o.code FROM wangge.org o
           WHERE o.code = ANY (%s) AND o.active AND o.kind IN ('department', 'unit') AND o.path @> %s::ltree""",
        [wanted, area],
    )
    return set(wanted) - {code for (code,) in rows}


def propose(conn: connection, text: MatterText, *, area: int, now: datetime) -> Matter:
    """Propose a matter for the catalogue of an area: a new one, or anew what was refused there or has exited."""
    if _add(conn, [text], area=area, now=now):
        return get(conn, text.code)
    before = maybe(conn, "SELECT area_id, status, revision FROM wangge.matter WHERE code = %s", [text.code])
    if before is None or before[0] != area or before[1] not in {"refused", "exited"}:
        where = "another catalogue" if before is None or before[0] != area else f"this catalogue ({before[1]})"
        raise Conflict(f"there is a matter {text.code} in {where}", code="already-exists")
    return change(conn, text, revision=before[2], now=now, status="proposed")


def change(conn: connection, text: MatterText, *, revision: int, now: datetime, status: str | None = None) -> Matter:
    """Write what a matter says; `Stale` where it is not at that revision, or may not be changed by the caller."""
    statement = SQL(
        """UPDATE wangge.matter SET {}, status = coalesce(%s, status), revision = revision + 1, updated_at = %s
           WHERE code = %s AND revision = %s"""
    ).format(SQL(", ").join(SQL("{} = %s").format(Identifier(name)) for name in _TEXT))
    if not run(conn, statement, [*_values(text), status, now, text.code, revision]):
        raise Stale(f"{text.code} has changed since you have seen it, or is not yours to change")
    return get(conn, text.code)


def take_in(conn: connection, texts: Sequence[MatterText], *, area: int, now: datetime) -> Imported:
    """Propose the matters of a file for the catalogue of an area, and write proposals anew that say something else.

    Sent again, the same file changes nothing.
    """
    added = _add(conn, texts, area=area, now=now)
    rest = [text for text in texts if text.code not in added]
    rows = many(conn, _SELECT + SQL("WHERE m.code = ANY (%s) AND m.area_id = %s"), [[text.code for text in rest], area])
    before = {matter.text.code: matter for matter in map(_matter, rows)}
    changed: list[str] = []
    unchanged: list[str] = []
    left: list[str] = []
    for text in rest:
        matter = before.get(text.code)
        if matter is None:
            continue
        if matter.text == text:
            unchanged.append(text.code)
        elif matter.status == "proposed":
            change(conn, text, revision=matter.revision, now=now)
            changed.append(text.code)
        else:
            left.append(text.code)
    return Imported(
        added=tuple(text.code for text in texts if text.code in added),
        changed=tuple(changed),
        unchanged=tuple(unchanged),
        left=tuple(left),
        taken=tuple(text.code for text in rest if text.code not in before),
    )


def _add(conn: connection, texts: Sequence[MatterText], *, area: int, now: datetime) -> set[str]:
    """Propose what is new, and return the codes of it; others have been taken, in sight of the caller or not."""
    said = [{"code": text.code, **dict(zip(_TEXT, _values(text), strict=True))} for text in texts]
    return {code for (code,) in many(conn, _ADD, [area, now, Json(said)])}


# --- decisions --------------------------------------------------------------------------------------------------------------


def decide(
    conn: connection,
    code: str,
    *,
    action: str,
    reason: str | None,
    kind: str | None,
    comment: str,
    aspects: Mapping[str, str],
    actor: str,
    now: datetime,
) -> None:
    """Write a decision, which moves the matter."""
    run(
        conn,
        """INSERT INTO wangge.matter_decision (matter, action, reason, kind, comment, aspects, actor, at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s)""",
        [code, action, reason, kind, comment, Json(dict(aspects)), actor, now],
    )


def decisions(conn: connection, code: str) -> list[Decision]:
    """Return what was decided about a matter, the oldest first."""
    rows = many(
        conn,
        """SELECT action, reason, kind, comment, aspects, actor::text, actor_name, at FROM wangge.matter_decision
           WHERE matter = %s ORDER BY id""",
        [code],
    )
    names = ("action", "reason", "kind", "comment", "aspects", "actor", "actor_name", "at")
    return [Decision(**dict(zip(names, row, strict=True))) for row in rows]


# --- grids ------------------------------------------------------------------------------------------------------------------


_HELD = SQL(
    """CASE WHEN %(until)s::timestamptz IS NULL THEN m.status = 'admitted' ELSE (
         SELECT d.action FROM wangge.matter_decision d WHERE d.matter = m.code AND d.at < %(until)s
         ORDER BY d.id DESC LIMIT 1) = 'admit' END"""
)
"""Whether a matter is in force: as it stands, or as it stood before a moment."""


def grids(
    conn: connection, *, area: str | None, day: date, until: datetime | None, without: bool, after: str = "", limit: int = 100
) -> list[tuple[str, str, str, int]]:
    """Return grids of a day among those that the caller works in: code, name, community, and how many matters are named.

    A matter that has exited does not count; `without` returns those grids alone for which none is named. `until` is the end of
    the day, None for today.
    """
    return many(
        conn,
        SQL(
            """SELECT g.code, g.name, a.code, count(m.code) FROM wangge.grid g JOIN wangge.area a ON a.id = g.area_id
                 LEFT JOIN wangge.grid_matter n ON n.grid_code = g.code AND n.valid @> %(day)s::date
                 LEFT JOIN wangge.matter m ON m.code = n.matter AND {}
               WHERE g.in_force @> %(day)s AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[])
                 AND (%(area)s::ltree IS NULL OR g.path <@ %(area)s::ltree) AND g.code > %(after)s
               GROUP BY g.code, g.name, a.code HAVING NOT %(without)s OR count(m.code) = 0
               ORDER BY g.code LIMIT %(limit)s"""
        ).format(_HELD),
        {"area": area, "day": day, "until": until, "without": without, "after": after, "limit": limit},
    )


def grid_matters(conn: connection, grid: str, *, day: date, until: datetime | None = None) -> GridMatters:
    """Return what a grid of a day answers for; `NotFound` where there is none among those that the caller works in.

    `until` is the end of the day, None for today.
    """
    (path,) = one(
        conn,
        """SELECT g.path::text FROM wangge.grid g
           WHERE g.code = %s AND g.in_force @> %s AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[])""",
        [grid, day],
        what=f"grid {grid}",
    )
    rows = many(
        conn,
        SQL(
            """SELECT m.code, m.name, n.matter IS NOT NULL
               FROM wangge.matter m
                 LEFT JOIN wangge.grid_matter n ON n.matter = m.code AND n.grid_code = %(grid)s AND n.valid @> %(day)s::date
               WHERE {} AND m.path @> %(path)s::ltree ORDER BY m.code"""
        ).format(_HELD),
        {"grid": grid, "day": day, "until": until, "path": path},
    )
    is_named = any(own for _, _, own in rows)
    return GridMatters(
        grid=grid,
        path=path,
        is_named=is_named,
        matters=tuple((code, name) for code, name, own in rows if own or not is_named),
    )


def matters_at(conn: connection, path: str, codes: Sequence[str]) -> set[str]:
    """Return those of the codes that stand for matters that are admitted and hold at a place."""
    rows = many(
        conn,
        "SELECT code FROM wangge.matter WHERE code = ANY (%s) AND status = 'admitted' AND path @> %s::ltree",
        [list(codes), path],
    )
    return {code for (code,) in rows}


def name_matters(conn: connection, grid: str, codes: Sequence[str], *, day: date) -> None:
    """Have a grid answer for these matters and no others from `day` on; for none: for all that are admitted where it lies.

    What it answered for until then stays known.
    """
    # Of two at once the second takes the place of the first, rather than joining it.
    run(conn, "SELECT pg_advisory_xact_lock(hashtextextended('wangge.grid_matter.' || %s, 0))", [grid])
    wanted = list(dict.fromkeys(codes))
    kept = {matter for (matter,) in many(
        conn, "SELECT matter FROM wangge.grid_matter WHERE grid_code = %s AND upper_inf(valid) AND matter = ANY (%s)",
        [grid, wanted],
    )}  # fmt: skip
    over = {"grid": grid, "day": day, "kept": sorted(kept)}
    run(
        conn,
        "DELETE FROM wangge.grid_matter WHERE grid_code = %(grid)s AND lower(valid) >= %(day)s AND matter <> ALL (%(kept)s)",
        over,
    )
    run(
        conn,
        """UPDATE wangge.grid_matter SET valid = daterange(lower(valid), %(day)s)
           WHERE grid_code = %(grid)s AND upper_inf(valid) AND matter <> ALL (%(kept)s)""",
        over,
    )
    insert(
        conn,
        "INSERT INTO wangge.grid_matter (grid_code, matter, valid) VALUES %s",
        [(grid, code, day) for code in wanted if code not in kept],
        template="(%s, %s, daterange(%s, NULL))",
    )


def _asked(wanted: Filter) -> dict[str, Any]:
    return {
        "place": wanted.place, "status": wanted.status, "category": wanted.category, "department": wanted.department,
        "board": wanted.board, "list_class": wanted.list_class,
    }  # fmt: skip


def _values(text: MatterText) -> list[Any]:
    """Return what `_TEXT` names."""
    value, unit = text.limit or (None, None)
    said = asdict(text) | {"co_departments": list(text.co_departments), "limit_value": value, "limit_unit": unit}
    return [said[name] for name in _TEXT]


def _matter(row: tuple[Any, ...]) -> Matter:
    code, *values = row
    said = dict(zip(_TEXT, values, strict=False))
    value, unit = said.pop("limit_value"), said.pop("limit_unit")
    area, path, status, authors, revision, updated_at = values[len(_TEXT) :]
    return Matter(
        text=MatterText(
            code=code,
            limit=None if value is None else (value, unit),
            co_departments=tuple(said.pop("co_departments")),
            **said,
        ),
        area=area,
        path=path,
        status=status,
        authors=tuple(authors),
        revision=revision,
        updated_at=updated_at,
    )
