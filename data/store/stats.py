"""What statistics are made of: counts of incidents by area, grid or kind, as of any moment; how long they ran, who was called.

Whoever asks counts what they may see: the policies are those of the incidents. Windows are half-open and come as moments; where
a day begins is the caller's to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

import numpy as np
from psycopg2.sql import SQL

from data.store.sql import many, maybe, one
from gis.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

_KEYS: Mapping[str, LiteralString] = {
    "area": "i.path::text",
    "grid": "i.grid_code",
    "category": "i.category",
    "kind": "i.kind",
    "source": "i.source",
    "tier": "i.tier::text",
    "state": "i.state",
    "department": "i.department",
    "matter": "i.matter",
    "triage": "i.triage",
}
"""What cases are told apart by."""

ATTRIBUTES = tuple(key for key in _KEYS if key != "area")
"""Ways to tell cases apart that are no areas."""

_COUNTS: Mapping[str, LiteralString] = {
    "received": "reported",
    "valid": "reported AND is_valid",
    "duplicates": "reported AND is_duplicate",
    "rejected": "reported AND NOT is_duplicate AND state = 'rejected'",
    "voided": "reported AND NOT is_duplicate AND state = 'voided'",
    "outside": "reported AND is_valid AND grid_code IS NULL",
    "from_grid": "reported AND is_valid AND source = 'grid'",
    "complete": "reported AND is_valid AND grid_code IS NOT NULL AND is_told_whole",
    "finished": "reported AND is_valid AND is_closed",
    "accepted": "is_valid AND accepted",
    "disputes": "is_valid AND accepted AND category = 'dispute'",
    "disputes_resolved": "closed AND accepted AND category = 'dispute' AND outcome = 'resolved'",
    "closed": "closed",
    "closed_at_grid": "closed AND tier = 1",
    "solved": "closed AND outcome = 'resolved'",
    "on_the_spot": "closed AND outcome = 'resolved' AND on_the_spot",
    "silent": "closed AND NOT is_answered",
    "satisfied": "closed AND satisfaction IN ('satisfied', 'basic')",
    "reached": "closed AND satisfaction IN ('satisfied', 'basic', 'unsatisfied')",
    "unreachable": "closed AND satisfaction = 'unreachable'",
    "returned": "closed AND returns > 0",
    "reworked": "closed AND reworks > 0",
    "reopened": "closed AND reopens > 0",
    "due": "due_in AND (is_valid AND is_closed OR late)",
    "due_on_time": "due_in AND is_valid AND is_closed AND closed_at <= due_at",
    "owed": "closed OR late AND due_at < %(until)s",
    "open": "is_open",
    "overdue_open": "late",
    "overdue_under_1d": "late AND overdue < interval '1 day'",
    "overdue_1_3d": "late AND overdue >= interval '1 day' AND overdue < interval '3 days'",
    "overdue_3_7d": "late AND overdue >= interval '3 days' AND overdue < interval '7 days'",
    "overdue_7_30d": "late AND overdue >= interval '7 days' AND overdue < interval '30 days'",
    "overdue_over_30d": "late AND overdue >= interval '30 days'",
}
COUNTS = tuple(_COUNTS)
"""What is counted of the rows, by name."""

# What each case is to a window. The fence (OFFSET 0) has each of it worked out once, and not for each count that asks for it.
# A case that was not closed by its deadline is `late` while it is open and its clock runs.
_CASES: LiteralString = """
    FROM (
        SELECT i.*,
            i.master IS NOT NULL AS is_duplicate,
            i.master IS NULL AND i.state NOT IN ('rejected', 'voided') AS is_valid,
            i.state IN ('closed', 'archived') AS is_closed,
            i.master IS NULL AND i.state NOT IN ('closed', 'archived', 'rejected', 'voided') AS is_open,
            i.reported_at >= %(since)s AND i.reported_at < %(until)s AS reported,
            coalesce(i.accepted_at >= %(since)s AND i.accepted_at < %(until)s, false) AS accepted,
            coalesce(i.due_at >= %(since)s AND i.due_at < %(until)s, false) AS due_in,
            i.master IS NULL AND i.state IN ('closed', 'archived') AND i.closed_at >= %(since)s AND i.closed_at < %(until)s
                AS closed,
            i.master IS NULL AND i.state NOT IN ('suspended', 'closed', 'archived', 'rejected', 'voided')
                AND coalesce(i.due_at < %(moment)s, false) AS late,
            %(moment)s - i.due_at AS overdue
        FROM wangge.incidents_at(%(moment)s) AS i
        WHERE (%(area)s::ltree IS NULL OR i.path <@ %(area)s::ltree)
            AND (%(grid)s::text IS NULL OR i.grid_code = %(grid)s)
            AND (%(category)s::text IS NULL OR i.category = %(category)s)
            AND (%(kind)s::text IS NULL OR i.kind = %(kind)s)
            {}
        OFFSET 0
    ) AS i WHERE true"""
_EVERY = SQL(_CASES).format(SQL(""))
"""All cases."""
_SEEN = SQL(_CASES).format(
    SQL(
        """AND (i.reported_at >= %(since)s AND i.reported_at < %(until)s
                OR i.accepted_at >= %(since)s AND i.accepted_at < %(until)s
                OR i.closed_at >= %(since)s AND i.closed_at < %(until)s
                OR i.due_at >= %(since)s AND i.due_at < %(until)s
                OR i.state NOT IN ('closed', 'archived', 'rejected', 'voided'))"""
    )
)
"""Cases that have to do with the window: no other counts."""
LOG = SQL("""CROSS JOIN LATERAL (
        SELECT wangge.first_record(c.batch_id, c.log)::jsonb AS body WHERE c.log IS NOT NULL
        UNION ALL
        SELECT e.body FROM wangge.event e
        WHERE e.subject = c.no COLLATE "default" AND e.kind LIKE 'incident.%%' AND e.body ? 'seq') r""")
"""Each record `r.body` of cases `c`, by their `no`, `batch_id` and `log`: what it came with in a batch, what was done."""

_SINCE: Mapping[str, LiteralString] = {"detection_lag": "i.occurred_at", "push_lag": "i.reported_at"}
_UNTIL: Mapping[str, LiteralString] = {
    "detection_lag": "i.reported_at",
    "push_lag": """(SELECT min((e.body ->> 'at')::timestamptz) FROM wangge.event e WHERE e.subject = i.no COLLATE "default"
        AND e.kind IN ('incident.claim', 'incident.dispatch', 'incident.take', 'incident.assign'))""",
}
"""From when until when a case waits."""

_SUMS = SQL(", ").join(SQL("count(*) FILTER (WHERE {})").format(SQL(condition)) for condition in _COUNTS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is counted: what happened from `since` on and before `until`, as things stood at `moment`, where and of what kind.

    `area` is a path (None: all that the caller sees).
    """

    moment: datetime
    since: datetime
    until: datetime
    area: str | None = None
    grid: str | None = None
    category: str | None = None
    kind: str | None = None

    def bound(self) -> dict[str, Any]:
        """Return it as the parameters of a statement."""
        return {
            "moment": self.moment, "since": self.since, "until": self.until, "area": self.area, "grid": self.grid,
            "category": self.category, "kind": self.kind,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An area that figures are asked for."""

    id: int
    code: str
    level: str
    path: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """Cases of one key that were closed: their ids, from when until when, in seconds since 1970; all (n,)."""

    ids: NDArray[np.int64]
    accepted: NDArray[np.int64]
    closed: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time in which a case's clocks stood still: seconds since 1970."""

    id: int
    since: int
    until: int


def figures_version(conn: connection, now: datetime) -> str:
    """Return a word that changes whenever figures may come out otherwise than before: something was done, or fell overdue."""
    return one(conn, "SELECT wangge.figures_version(%s)", [now])[0]


# --- where ----------------------------------------------------------------------------------------------------------------


def place_of(conn: connection, code: str) -> Place:
    """Return an area whose internal data the caller sees, whole; `NotFound` for any other."""
    row = maybe(
        conn,
        """SELECT a.id, a.code, a.level, a.path::text,
             coalesce((SELECT v.name FROM wangge.area_version v WHERE v.area_id = a.id
               ORDER BY lower(v.valid) DESC LIMIT 1), '')
           FROM wangge.area a WHERE a.code = %s AND a.path <@ ANY ((SELECT wangge.scope(1))::ltree[])""",
        [code],
    )
    if row is None:
        raise NotFound(f"there is no area {code}, or its figures are not yours to see")
    return Place(id=row[0], code=row[1], level=row[2], path=row[3], name=row[4])


def areas_of(conn: connection, level: str, area: str | None, day: date) -> list[tuple[str, str, str, bool]]:
    """Return the areas of a level in another (a path; None: all) that the caller sees inside of.

    Each as id, code, its last name, and whether there was one that day, by code.
    """
    return many(
        conn,
        """SELECT a.id::text, a.code, coalesce(l.name, ''), EXISTS (
             SELECT FROM wangge.area_version v WHERE v.area_id = a.id AND v.valid @> %(day)s::date)
           FROM wangge.area a LEFT JOIN LATERAL (
             SELECT v.name FROM wangge.area_version v WHERE v.area_id = a.id ORDER BY lower(v.valid) DESC LIMIT 1) l ON true
           WHERE a.level = %(level)s AND a.path <@ ANY ((SELECT wangge.scope(1))::ltree[])
             AND (%(area)s::ltree IS NULL OR a.path <@ %(area)s::ltree)
           ORDER BY a.code COLLATE "C\"""",
        {"level": level, "area": area, "day": day},
    )


def grids_of(conn: connection, area: str | None, day: date) -> list[tuple[str, str]]:
    """Return code and name of the grids in force on a day in an area (a path; None: all) that the caller sees inside of."""
    return many(
        conn,
        """SELECT g.code, g.name FROM wangge.grid g
           WHERE g.in_force @> %(day)s::date AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[])
             AND (%(area)s::ltree IS NULL OR g.path <@ %(area)s::ltree)
           ORDER BY g.code COLLATE "C\"""",
        {"area": area, "day": day},
    )


# --- counts ---------------------------------------------------------------------------------------------------------------


def tallies(conn: connection, window: Window, by: str) -> dict[str | None, dict[str, int]]:
    """Return the counts (`COUNTS`), by what cases are told apart by: `area` (its path), or one of `ATTRIBUTES`."""
    statement = SQL("SELECT {} AS key, {} {} GROUP BY 1").format(SQL(_KEYS[by]), _SUMS, _SEEN)
    return {key: dict(zip(COUNTS, counts, strict=True)) for key, *counts in many(conn, statement, window.bound())}


def handled(conn: connection, window: Window, by: str) -> tuple[dict[str | None, Handled], list[str]]:
    """Return from when until when each case was worked on that was closed in the window, by what they are told apart by.

    And the numbers of those whose clocks may have stood still meanwhile (`pauses`).
    """
    statement = SQL(
        """SELECT {key} AS key, string_agg(int8send(i.id), ''),
             string_agg(int8send(floor(extract(epoch FROM i.accepted_at))::bigint), ''),
             string_agg(int8send(floor(extract(epoch FROM i.closed_at))::bigint), ''),
             array_agg(i.no) FILTER (WHERE i.no IN (
               SELECT e.subject FROM wangge.event e WHERE e.kind IN ('incident.suspend', 'incident.reopen')))
           {seen} AND i.closed AND i.accepted_at <= i.closed_at GROUP BY 1"""
    ).format(key=SQL(_KEYS[by]), seen=_SEEN)
    found: dict[str | None, Handled] = {}
    paused: list[str] = []
    for key, ids, accepted, closed, some in many(conn, statement, window.bound()):
        found[key] = Handled(ids=_numbers(ids), accepted=_numbers(accepted), closed=_numbers(closed))
        paused += some or ()
    return found, paused


def waited(conn: connection, window: Window, by: str, what: str) -> dict[str | None, NDArray[np.int64]]:
    """Return how many seconds (n,) each valid case of the window waited, by what they are told apart by.

    `what`: `detection_lag`, from when it happened until its report, where that is known; or `push_lag`, from its report until
    it was first claimed, dispatched or taken.
    """
    statement = SQL(
        """SELECT w.key, string_agg(int8send(floor(extract(epoch FROM w.until - w.since))::bigint), '')
           FROM (SELECT {key} AS key, {since} AS since, {until} AS until {seen} AND i.reported AND i.is_valid) AS w
           WHERE w.since <= w.until AND w.until <= %(moment)s GROUP BY 1"""
    ).format(key=SQL(_KEYS[by]), since=SQL(_SINCE[what]), until=SQL(_UNTIL[what]), seen=_SEEN)
    return {key: _numbers(sent) for key, sent in many(conn, statement, window.bound())}


def mediations(conn: connection, window: Window, by: str) -> list[tuple[str | None, str, int]]:
    """Return how often valid cases were handled in the window together with others: by what they are told apart by, and whom.

    What came in a batch was handled elsewhere, and says nothing of it.
    """
    statement = SQL(
        """WITH told AS MATERIALIZED (
             SELECT e.subject AS no, e.body -> 'payload' ->> 'mediation' AS channel FROM wangge.event e
             WHERE e.kind = 'incident.handle' AND e.body -> 'payload' ->> 'mediation' IS NOT NULL
               AND (e.body ->> 'at')::timestamptz >= %(since)s AND (e.body ->> 'at')::timestamptz < %(until)s
               AND (e.body ->> 'at')::timestamptz <= %(moment)s
           )
           SELECT {key} AS key, t.channel, count(*) FROM told t JOIN LATERAL (SELECT i.* {every}) i ON i.no = t.no COLLATE "C"
           WHERE i.is_valid GROUP BY 1, 2"""
    ).format(key=SQL(_KEYS[by]), every=_EVERY)
    return many(conn, statement, window.bound())


def boards(conn: connection) -> dict[str, str]:
    """Return the board of each matter that the caller sees and that has one, by the matter's code."""
    return dict(many(conn, "SELECT code, board FROM wangge.matter WHERE board <> ''"))


def matter_names(conn: connection) -> dict[str, str]:
    """Return the names of the matters that the caller sees, by code."""
    return dict(many(conn, "SELECT code, name FROM wangge.matter"))


def pauses(conn: connection, numbers: Sequence[str]) -> list[Pause]:
    """Return when the clocks of some cases stood still, and ran again: suspended, or closed until they were reopened."""
    statement = SQL(
        """WITH told AS (
             SELECT c.id, r.body ->> 'to_state' AS state, (r.body ->> 'at')::timestamptz AS since,
               lead((r.body ->> 'at')::timestamptz) OVER (PARTITION BY c.id ORDER BY (r.body ->> 'seq')::integer) AS until
             FROM wangge.incident c {}
             WHERE c.no = ANY (%s)
           )
           SELECT id, floor(extract(epoch FROM since))::bigint, floor(extract(epoch FROM until))::bigint
           FROM told WHERE state IN ('suspended', 'closed') AND until IS NOT NULL"""
    ).format(LOG)
    return [Pause(id=case, since=since, until=until) for case, since, until in many(conn, statement, [list(numbers)])]


def call_records(conn: connection, window: Window, by: str) -> list[tuple[str | None, str, Any]]:
    """Return the records of every case that had a call by the moment, in order: what it is told apart by, number, record."""
    statement = SQL(
        """WITH c AS (
             SELECT {key} AS key, i.no, i.batch_id, i.log {seen}
               AND i.no IN (SELECT e.subject FROM wangge.event e WHERE e.kind = 'incident.assign'))
           SELECT c.key, c.no, r.body FROM c {log}
           WHERE (r.body ->> 'at')::timestamptz <= %(moment)s
           ORDER BY c.no, (r.body ->> 'seq')::integer"""
    ).format(key=SQL(_KEYS[by]), seen=_EVERY, log=LOG)
    return many(conn, statement, window.bound())


def _numbers(sent: memoryview) -> NDArray[np.int64]:
    return np.frombuffer(sent, dtype=">i8").astype(np.int64)


# --- what comes in heaps --------------------------------------------------------------------------------------------------


def arrivals(conn: connection, window: Window) -> list[tuple[str, str, datetime, str]]:
    """Return the valid cases of the window that lie in a grid: grid, category, when reported, number; in that order."""
    statement = SQL(
        """SELECT i.grid_code, i.category, i.reported_at, i.no {} AND i.reported AND i.is_valid AND i.grid_code IS NOT NULL
           ORDER BY i.grid_code COLLATE "C", i.category COLLATE "C", i.reported_at, i.no"""
    ).format(_SEEN)
    return many(conn, statement, window.bound())


# --- for everybody --------------------------------------------------------------------------------------------------------


def public_counts(conn: connection, since: datetime, until: datetime) -> list[tuple[list[str], int]]:
    """Return how many reports there were from `since` until `until`, as things stood then, by place: to be suppressed.

    A place is the codes of its areas, as `level=code`. Nothing where reports are not for everybody.
    """
    return many(conn, "SELECT coalesce(codes, '{}'), received FROM wangge.public_reports(%s, %s)", [since, until])
