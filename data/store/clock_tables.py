"""What counts time in the store: the work calendar, the limits, and the mode of operation of each area.

Calendar and limits are stated for the whole store, by whoever brings in the data of a district; the rules that read them are
in api/loop, and api/matters/clocks.py says what they do to those of a fresh installation. A mode is switched for an area and
all that lies below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.store.sql import insert, many, one, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    LimitRow = tuple[str | None, str | None, str | None, str, int, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedDay:
    """A day that is not what the week says. `sessions` as 08:30-12:00 13:30-17:30; None: office hours, or none."""

    day: date
    kind: str
    sessions: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A mode of operation in an area (its code), from one moment to another; `ends_at` None: until it is switched again."""

    area: str
    mode: str
    reason: str
    starts_at: datetime
    ends_at: datetime | None
    actor: str | None
    actor_name: str


# --- the work calendar ------------------------------------------------------------------------------------------------------


def days(conn: connection, year: int | None = None) -> list[StatedDay]:
    """Return the days that the town states, in their order: of one year, or all."""
    rows = many(
        conn,
        """SELECT day, kind, sessions, note FROM wangge.work_calendar
           WHERE %(year)s::integer IS NULL OR extract(year FROM day) = %(year)s ORDER BY day""",
        {"year": year},
    )
    return [StatedDay(day=day, kind=kind, sessions=sessions, note=note) for day, kind, sessions, note in rows]


def state_days(conn: connection, year: int, stated: Sequence[StatedDay]) -> None:
    """Put days in the place of those that the town states for a year; all of them lie in it."""
    run(conn, "LOCK TABLE wangge.work_calendar IN SHARE ROW EXCLUSIVE MODE")
    run(conn, "DELETE FROM wangge.work_calendar WHERE extract(year FROM day) = %s", [year])
    insert(
        conn,
        "INSERT INTO wangge.work_calendar (day, kind, sessions, note) VALUES %s",
        [(each.day, each.kind, each.sessions, each.note) for each in stated],
    )


# --- limits -----------------------------------------------------------------------------------------------------------------


def limits(conn: connection) -> list[LimitRow]:
    """Return the limits that the town states, as api/loop/limits.py reads them."""
    rows = many(conn, "SELECT matter, category, tier, stage, value, unit, mode FROM wangge.time_limit ORDER BY id")
    return [(matter, category, tier, stage, value, unit, mode) for matter, category, tier, stage, value, unit, mode in rows]


def state_limits(conn: connection, stated: Sequence[LimitRow]) -> None:
    """Put limits in the place of all that the town states."""
    run(conn, "LOCK TABLE wangge.time_limit IN SHARE ROW EXCLUSIVE MODE")
    run(conn, "DELETE FROM wangge.time_limit")
    insert(conn, "INSERT INTO wangge.time_limit (matter, category, tier, stage, value, unit, mode) VALUES %s", stated)


def matter_limits(conn: connection) -> list[tuple[str, int, str]]:
    """Return the limits that matters have of their own: code, value, unit. All of them, whatever the caller sees."""
    return [(code, value, unit) for code, value, unit in many(conn, "SELECT matter, value, unit FROM wangge.matter_limits()")]


def no_matters(conn: connection, codes: Sequence[str]) -> set[str]:
    """Return those of the codes that stand for no matter, in anybody's catalogue."""
    return {code for (code,) in many(conn, "SELECT wangge.no_matters(%s)", [list(codes)])}


# --- the mode of operation ----------------------------------------------------------------------------------------------------


def switch(conn: connection, *, area: int, mode: str, reason: str, actor: str, now: datetime) -> list[str]:
    """Have an area, and all that lies below, go over to a mode; return the codes of the areas whose own mode ends by it.

    What an area below has switched before would outlive the switch that it was an exception to, and hold against the next.
    """
    run(conn, "SELECT pg_advisory_xact_lock(hashtextextended('wangge.operation_mode', 0))")
    ended = many(
        conn,
        """UPDATE wangge.operation_mode m
           SET valid = tstzrange(lower(m.valid), greatest(lower(m.valid), %(now)s))
           FROM wangge.area a, wangge.area here
           WHERE a.id = m.area_id AND here.id = %(area)s AND m.path <@ here.path AND upper_inf(m.valid)
           RETURNING a.code""",
        {"area": area, "now": now},
    )
    run(
        conn,
        """INSERT INTO wangge.operation_mode (area_id, mode, valid, reason, actor)
           VALUES (%s, %s, tstzrange(%s, NULL), %s, %s)""",
        [area, mode, now, reason, actor],
    )
    return sorted(code for (code,) in ended)


def modes(conn: connection, *, place: str | None, past: bool, limit: int, now: datetime) -> list[Switch]:
    """Return the modes that the caller sees, the newest first: those that hold now, with `past` also those that are over.

    `place` is the path of an area: only its own, those above, and those below.
    """
    rows = many(
        conn,
        """SELECT a.code, m.mode, m.reason, lower(m.valid), upper(m.valid), m.actor::text, m.actor_name
           FROM wangge.operation_mode m JOIN wangge.area a ON a.id = m.area_id
           WHERE (%(past)s OR m.valid @> %(now)s) AND NOT isempty(m.valid)
             AND (%(place)s::ltree IS NULL OR m.path @> %(place)s::ltree OR m.path <@ %(place)s::ltree)
           ORDER BY lower(m.valid) DESC, m.id DESC LIMIT %(limit)s""",
        {"place": place, "past": past, "now": now, "limit": limit},
    )
    return [
        Switch(area=area, mode=mode, reason=reason, starts_at=starts, ends_at=ends, actor=actor, actor_name=name)
        for area, mode, reason, starts, ends, actor, name in rows
    ]


def mode_at(conn: connection, path: str, *, now: datetime) -> str:
    """Return the mode that holds in an area."""
    (mode,) = one(conn, "SELECT wangge.mode_at(%s::ltree, %s)", [path, now])
    return mode
