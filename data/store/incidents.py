"""Incidents in the store: where they lie, where they stand, and their log.

A row says what the log says. Both are written here, in the transaction of whoever acts; what follows from an act is the rules'
to say (api/loop), which is handed in as plain values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from psycopg2.sql import SQL, Composable, Identifier

from data.store.log import record
from data.store.prepared import many_again
from data.store.sql import many, maybe, one, run
from gis.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime, timedelta

    from psycopg2.extensions import connection

EVENT = "incident."
"""What the kinds of an incident's events begin with."""
ENDED = ("closed", "archived", "rejected", "voided")
"""The states in which nobody has to do anything."""

STANDING = (
    "path", "grid_code", "state", "tier", "owner_org", "owner_person", "category", "urgent", "mode", "triage", "matter",
    "department", "master", "supervision", "outcome", "on_the_spot", "satisfaction", "is_answered", "returns", "reworks",
    "reopens", "extensions", "accepted_at", "handled_at", "closed_at", "archived_at", "due_at", "stage_due_at", "soon_at",
    "stage_soon_at", "key_reported_at", "key_due_at", "wake_at", "revision", "at",
)  # fmt: skip
"""The columns that the log decides."""
_ARRIVAL = (
    "source", "external_id", "client_uuid", "title", "description", "address", "reporter", "contact", "occurred_at",
    "reported_at", "kind", "located_by",
)  # fmt: skip
_READ = (
    "id", "no", "source", "external_id", "client_uuid", "title", "description", "address", "contact", "occurred_at",
    "reported_at", "kind", "located_by", "words_erased_at", *STANDING,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a place lies: its grid (None: none), the path of the smallest area around it ('': none), areas by level.

    Outside all areas `areas` names the one whose center answers for what is nobody's. `mode` is the one of operation there,
    `rules` the version of calendar and limits.
    """

    grid_code: str | None
    path: str
    areas: Mapping[str, str]
    mode: str
    rules: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """An open incident near another: how far away in metres, and how long before or after."""

    no: str
    away_m: float
    apart: timedelta
    state: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterThere:
    """A matter that holds at a place: by whom it is done, and under which conditions it is accepted and closed."""

    code: str
    name: str
    category: str
    department: str | None
    co_departments: tuple[str, ...]
    filing_condition: str
    closing_condition: str
    standard: str
    is_admitted: bool


# --- where ------------------------------------------------------------------------------------------------------------------


_PLACE = """SELECT p.grid_code, p.path, p.codes, wangge.mode_at(p.path::ltree, $1), (SELECT version FROM wangge.clock_rules)
    FROM wangge.incident_place(ST_SetSRID(ST_MakePoint($2::float8, $3::float8), 4490), $4::date) p"""


def find_place(conn: connection, lon: float, lat: float, *, day: date, now: datetime) -> Found:
    """Return where a place (degrees, CGCS2000) lies on a day."""
    ((grid, path, areas, mode, rules),) = many_again(conn, _PLACE, [now, lon, lat, day])
    by_level = dict(each.split("=", 1) for each in areas or ())
    return Found(grid_code=grid, path=path, areas=by_level, mode=mode, rules=rules)


def rules_version(conn: connection) -> int:
    """Return the version of calendar and limits."""
    (version,) = one(conn, "SELECT version FROM wangge.clock_rules")
    return version


def clock_rows(
    conn: connection,
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return what the town states: days of the work calendar, limits, and the limits that matters have of their own."""
    days = many(conn, "SELECT day, kind, sessions FROM wangge.work_calendar ORDER BY day")
    limits = many(conn, "SELECT matter, category, tier, stage, value, unit, mode FROM wangge.time_limit ORDER BY id")
    matters = many(conn, "SELECT matter, value, unit FROM wangge.matter_limits()")
    return days, limits, matters


# --- one --------------------------------------------------------------------------------------------------------------------


def kept_as(conn: connection, *, source: str, external_id: str | None, client_uuid: str | None) -> str | None:
    """Return the number of the incident that this very report has become already."""
    if external_id is None and client_uuid is None:
        return None
    (no,) = one(conn, "SELECT wangge.incident_kept(%s, %s, %s)", [source, external_id, client_uuid])
    return no


_NUMBER = """INSERT INTO wangge.incident_number AS n (district, day, last) VALUES ($1, $2, $3)
    ON CONFLICT (district, day) DO UPDATE SET last = n.last + $3 RETURNING last"""


def number(conn: connection, *, district: str, day: date, count: int = 1) -> list[str]:
    """Return the next numbers of a district's day; whoever else wants one waits until this transaction ends."""
    ((last,),) = many_again(conn, _NUMBER, [district, day, count])
    return [f"{day:%Y%m%d}{district}{serial:05d}" for serial in range(last - count + 1, last + 1)]


_COLUMNS = (*_ARRIVAL, *STANDING)
_BOUND = {name: f"${n}" for n, name in enumerate(_COLUMNS, 10)}
# One statement for a report, so one round trip: number, row, first record, and which open ones it may repeat. Those it sees as
# they were before it, so the new one is not among them. Nothing of the new row is returned: who reports may not see it.
_ARRIVE = (
    """WITH numbered AS (
      INSERT INTO wangge.incident_number AS n (district, day, last) VALUES ($3, $4, 1)
      ON CONFLICT (district, day) DO UPDATE SET last = n.last + 1 RETURNING last
    ), named AS (
      SELECT to_char($4::date, 'YYYYMMDD') || $3::text || lpad(last::text, greatest(5, length(last::text)), '0') AS no
      FROM numbered
    ), place AS (
      SELECT ST_SetSRID(ST_MakePoint($1::float8, $2::float8), 4490) AS at, {reported_at} AS when, {category} AS category,
        $8::float8 AS metres, $9::interval AS time
    ), made AS (
      INSERT INTO wangge.incident (geom, no, {columns}) SELECT place.at, named.no, {values} FROM named, place
    ), logged AS (
      INSERT INTO wangge.event (chain, seq, at, hash, path, kind, subject, body)
      SELECT '', 0, now(), '', $5::ltree, $6::text, no, $7::jsonb FROM named
    )
    SELECT named.no, near.* FROM named CROSS JOIN place
      LEFT JOIN LATERAL wangge.incidents_near(place.at, place.metres, place.category, place.when, place.time) AS near ON true"""
    .replace("{reported_at}", _BOUND["reported_at"] + "::timestamptz")
    .replace("{category}", _BOUND["category"] + "::text")
    .replace("{columns}", ", ".join(_COLUMNS))
    .replace("{values}", ", ".join(_BOUND.values()))
)  # fmt: skip


def arrive(
    conn: connection,
    *,
    district: str,
    day: date,
    at: tuple[float, float],
    arrival: Mapping[str, Any],
    standing: Mapping[str, Any],
    body: Mapping[str, Any],
    metres: float,
    time: timedelta,
) -> tuple[str, list[Near]]:
    """Write down a new incident at a place (longitude, latitude), with the first record of its log, and return its number.

    And with it the open ones of its category so near in place and time that the caller may see: the nearest first. Its number
    is the next of the district's day; whoever else wants one waits until this transaction ends.
    """
    rows = many_again(
        conn,
        _ARRIVE,
        [
            *at, district, day, standing["path"] or None, EVENT + str(body["event"]), orjson.dumps(body).decode(), metres, time,
            *(arrival.get(name) for name in _ARRIVAL), *(standing[name] for name in STANDING),
        ],
    )  # fmt: skip
    return rows[0][0], [_near(row) for _, *row in rows if row[0] is not None]


_NEAR_TO = """SELECT near.* FROM wangge.incident AS i
    CROSS JOIN LATERAL wangge.incidents_near(i.geom, $2::float8, i.category, i.reported_at, $3::interval) AS near
    WHERE i.no = $1 AND near.no <> i.no"""


def near(conn: connection, no: str, *, metres: float, time: timedelta) -> list[Near]:
    """Return the open ones of its category near an incident in place and time, that the caller may see: nearest first."""
    return [_near(row) for row in many_again(conn, _NEAR_TO, [no, metres, time])]


def _near(row: Sequence[Any]) -> Near:
    no, away, apart, state, title = row
    return Near(no=no, away_m=round(away, 1), apart=apart, state=state, title=title)


def masters(conn: connection, numbers: Sequence[str], *, but: str) -> frozenset[str]:
    """Return those of some numbers of which another incident, `but`, may be a duplicate: seen, and no duplicates themselves."""
    rows = many(
        conn,
        "SELECT no FROM wangge.incident WHERE no = ANY (%s) AND no <> %s AND master IS NULL",
        [list(numbers), but],
    )
    return frozenset(no for (no,) in rows)


def keep_contact(conn: connection, no: str, contact: Mapping[str, str]) -> None:
    """Keep who reported, for whoever has the incident in hand."""
    run(
        conn,
        "INSERT INTO wangge.incident_contact (no, name, phone, email) VALUES (%s, %s, %s, %s)",
        [no, contact.get("name", ""), contact.get("phone", ""), contact.get("email", "")],
    )


def contact(conn: connection, no: str) -> dict[str, str] | None:
    """Return who reported, or None where the caller does not have the incident in hand, or nobody said."""
    row = maybe(conn, "SELECT name, phone, email FROM wangge.incident_contact WHERE no = %s", [no])
    return None if row is None else dict(zip(("name", "phone", "email"), row, strict=True))


_SELECT = SQL("SELECT {}, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM wangge.incident i ").format(
    SQL(", ").join(
        SQL("{0}::text").format(Identifier(name)) if name in {"path", "client_uuid", "owner_person"} else Identifier(name)
        for name in _READ
    )
)
FIELDS = (*_READ, "lon", "lat")
"""What a row of an incident says, by name."""


def get(conn: connection, no: str, *, lock: bool = False) -> dict[str, Any]:
    """Return an incident that the caller may see; with `lock`, nobody else changes it until the transaction ends."""
    found = rows_where(conn, SQL("WHERE no = %s FOR UPDATE" if lock else "WHERE no = %s"), [no])
    if not found:
        raise NotFound(f"there is no incident {no}, or it is not yours to see", zh=f"没有事件“{no}”，或您无权查看")
    return found[0]


def rows_where(conn: connection, rest: Composable, parameters: Sequence[Any] | Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return incidents (`i`) that the caller may see, chosen and put in order by what `rest` says, each by `FIELDS`."""
    return [dict(zip(FIELDS, row, strict=True)) for row in many(conn, _SELECT + rest, parameters)]


def path_of(conn: connection, no: str) -> str:
    """Return the path of the smallest area that an incident lies in; '' outside all."""
    (path,) = one(conn, "SELECT path::text FROM wangge.incident WHERE no = %s", [no], what="incident")
    return path


def records(conn: connection, no: str) -> list[dict[str, Any]]:
    """Return the log of an incident in order: what came in a batch, and what was done."""
    rows = many(
        conn,
        """SELECT body FROM (
             SELECT wangge.first_record(i.batch_id, i.log)::jsonb AS body
             FROM wangge.incident i WHERE i.no = %(no)s AND i.log IS NOT NULL
             UNION ALL SELECT r.body FROM wangge.incident_batch_record r WHERE r.no = %(no)s
             UNION ALL
             SELECT e.body FROM wangge.event e WHERE e.subject = %(no)s AND e.kind LIKE 'incident.%%' AND e.body ? 'seq'
           ) r ORDER BY (body ->> 'seq')::integer""",
        {"no": no},
    )
    return [body for (body,) in rows]


_MOVE = SQL("UPDATE wangge.incident SET {} WHERE no = %s AND revision = %s").format(
    SQL(", ").join(SQL("{} = %s").format(Identifier(name)) for name in STANDING)
)


def move(conn: connection, no: str, *, standing: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """Write where an incident stands now, with the record that says so; whoever calls has locked it."""
    if not run(conn, _MOVE, [*(standing[name] for name in STANDING), no, standing["revision"] - 1]):
        raise NotFound(f"there is no incident {no} that you may change", zh=f"没有您可以改动的事件“{no}”")
    _log(conn, no, standing, body)


def _log(conn: connection, no: str, standing: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    record(conn, EVENT + str(body["event"]), path=standing["path"] or None, subject=no, body=body)


# --- who and what -----------------------------------------------------------------------------------------------------------


def memberships(conn: connection, person: str, now: datetime) -> list[tuple[str, str, str, str, bool]]:
    """Return the organisations that somebody works in: code, kind, tier, path, and whether as chief of the duty."""
    return many(conn, "SELECT code, kind, tier, path, is_duty_chief FROM wangge.memberships(%s, %s)", [person, now])


def posts_held(conn: connection, person: str, day: date) -> list[tuple[str, str]]:
    """Return the grids on which somebody holds post A or B that day; none while they are on leave."""
    return many(conn, "SELECT grid_code, letter FROM wangge.posts_held(%s, %s)", [person, day])


def orgs_named(conn: connection, codes: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """Return organisations by code, of those that the caller may see: code, kind, tier, path."""
    return many(conn, "SELECT code, kind, tier, path::text FROM wangge.org WHERE code = ANY (%s) AND active", [list(codes)])


_MATTER = SQL(
    """SELECT code, name, category, department, co_departments, filing_condition, closing_condition, standard,
         status = 'admitted'
       FROM wangge.matter WHERE (%(path)s = '' OR path @> %(path)s::ltree) """
)


def matter_named(conn: connection, code: str, path: str) -> MatterThere | None:
    """Return a matter that holds at a place.

    What lies in no area is anybody's whole catalogue's: none is nearer than another.
    """
    row = maybe(conn, _MATTER + SQL("AND code = %(code)s"), {"code": code, "path": path})
    return None if row is None else _matter(row)


def matters_of(conn: connection, category: str, path: str, *, limit: int) -> list[MatterThere]:
    """Return the first admitted matters of a category that hold at a place, by code."""
    statement = _MATTER + SQL("AND category = %(category)s AND status = 'admitted' ORDER BY code LIMIT %(limit)s")
    return [_matter(row) for row in many(conn, statement, {"category": category, "path": path, "limit": limit})]


def _matter(row: tuple[Any, ...]) -> MatterThere:
    code, name, category, department, co_departments, filing, closing, standard, is_admitted = row
    return MatterThere(
        code=code,
        name=name,
        category=category,
        department=department,
        co_departments=tuple(co_departments),
        filing_condition=filing,
        closing_condition=closing,
        standard=standard,
        is_admitted=is_admitted,
    )


def owners(conn: connection, numbers: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return who owns each of some open incidents, as the log writes it."""
    rows = many(
        conn,
        "SELECT no, owner_org, owner_person::text FROM wangge.incident WHERE no = ANY (%s)",
        [list(numbers)],
    )
    return {no: {"org": org} if org is not None else {"person": person} for no, org, person in rows}


def note(conn: connection, no: str, *, kind: str, path: str, body: Mapping[str, Any]) -> None:
    """Write a fact about an incident into the log that changes nothing of where it stands."""
    record(conn, EVENT + kind, path=path or None, subject=no, body=body)
