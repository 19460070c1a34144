"""District calls in the store: where each stands, who was called, and lists of them.

What follows from a step is the rules' to say (api/loop/call.py), which hand it in as plain values.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.sql import SQL, Identifier

from data.store.sql import insert, many, run
from gis.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from psycopg2.extensions import connection
    from psycopg2.sql import Composable

COLUMNS = ("street", "called_at", "summary", "assigned_at", "join_due_at", "joint_started_at", "handled_at", "cleared_at")
"""What is kept of a call."""
CALLED = ("org", "lead", "mandatory", "joined_at", "rating")
"""What is kept of each department, in the order in which the district has named them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list is narrowed by; None leaves it open. `area` is a path, `org` has called or was called."""

    area: str | None = None
    org: str | None = None
    states: Sequence[str] | None = None
    is_late: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A call as the store has it: its columns, those of each department, and what it is about.

    `incident` is the incident's own path, grid, state, category, title and revision.
    """

    id: int
    no: str
    state: str
    columns: Mapping[str, Any]
    called: Sequence[Mapping[str, Any]]
    incident: Mapping[str, Any]


# --- one --------------------------------------------------------------------------------------------------------------------

_KEEP = SQL(
    """INSERT INTO wangge.district_call (no, {columns}) VALUES ({values}) ON CONFLICT (no) DO UPDATE SET {changes}"""
).format(
    columns=SQL(", ").join(map(Identifier, COLUMNS)),
    values=SQL(", ").join([SQL("%s")] * (1 + len(COLUMNS))),
    changes=SQL(", ").join(
        SQL("{0} = excluded.{0}").format(Identifier(name))
        for name in ("assigned_at", "join_due_at", "joint_started_at", "handled_at", "cleared_at")
    ),
)


def keep(conn: connection, no: str, columns: Mapping[str, Any], called: Sequence[Mapping[str, Any]]) -> None:
    """Write where the call of an incident stands now; whoever calls has locked the incident.

    Departments that are not among those who are called any more go last: by them the caller may see all this.
    """
    run(conn, _KEEP, [no, *(columns[name] for name in COLUMNS)])
    insert(
        conn,
        """INSERT INTO wangge.call_participant (no, position, org, lead, mandatory, joined_at, rating) VALUES %s
           ON CONFLICT (no, org) DO UPDATE SET joined_at = excluded.joined_at, rating = excluded.rating""",
        [[no, position, *(each[name] for name in CALLED)] for position, each in enumerate(called)],
    )
    run(
        conn,
        "DELETE FROM wangge.call_participant WHERE no = %s AND org <> ALL (%s::text[])",
        [no, [each["org"] for each in called]],
    )


def drop(conn: connection, no: str) -> None:
    """Take away the call of an incident: the district has given it back to its street."""
    if not run(conn, "DELETE FROM wangge.district_call WHERE no = %s", [no]):
        raise NotFound(f"there is no call for incident {no} that you may change", zh=f"没有您可以改动的事件“{no}”的呼叫")


def get(conn: connection, no: str) -> Kept:
    """Return the call of an incident that the caller may see."""
    found = _kept(conn, SQL("WHERE c.no = %(no)s"), {"no": no})
    if not found:
        msg = f"there is no call for incident {no}, or it is not yours to see"
        raise NotFound(msg, zh=f"事件“{no}”没有呼叫，或您无权查看")
    return found[0]


# --- many -------------------------------------------------------------------------------------------------------------------

_ABOUT = ("path", "grid_code", "state", "category", "title", "revision")
# What was done last. An incident is void only after the lead has given the call back, so nobody waits for anybody then.
_STATE = SQL(
    """CASE WHEN i.state = 'voided' THEN 'voided' WHEN c.cleared_at IS NOT NULL THEN 'cleared'
         WHEN c.handled_at IS NOT NULL THEN 'handled' WHEN c.joint_started_at IS NOT NULL THEN 'joint'
         WHEN c.assigned_at IS NOT NULL THEN 'assigned' ELSE 'called' END"""
)
_SELECT = SQL(
    "SELECT c.id, c.no, {state}, {columns}, {about} FROM wangge.district_call c JOIN wangge.incident i ON i.no = c.no "
).format(
    state=_STATE,
    columns=SQL(", ").join(Identifier("c", name) for name in COLUMNS),
    about=SQL(", ").join(SQL("{}::text" if name == "path" else "{}").format(Identifier("i", name)) for name in _ABOUT),
)
_LISTED = (
    SQL(
        """WHERE (%(before)s::bigint IS NULL OR c.id < %(before)s)
           AND (%(area)s::ltree IS NULL OR i.path <@ %(area)s::ltree)
           AND (%(org)s::text IS NULL OR c.street = %(org)s
                OR EXISTS (SELECT FROM wangge.call_participant p WHERE p.no = c.no AND p.org = %(org)s))
           AND (%(late)s::boolean IS NULL OR %(late)s = EXISTS (
                SELECT FROM wangge.call_participant p WHERE p.no = c.no AND coalesce(p.joined_at, %(now)s) > c.join_due_at))
           AND (%(states)s::text[] IS NULL OR """
    )
    + _STATE
    + SQL(" = ANY (%(states)s::text[])) ORDER BY c.id DESC LIMIT %(limit)s")
)


def listed(conn: connection, wanted: Filter, *, now: datetime, before: int | None, limit: int) -> list[Kept]:
    """Return the calls that the caller may see, the newest first; those before the id `before`.

    Late is a call of which some department joined after its time, or has not joined though it is over.
    """
    return _kept(
        conn,
        _LISTED,
        {
            "before": before, "area": wanted.area, "org": wanted.org, "late": wanted.is_late, "now": now, "limit": limit,
            "states": None if wanted.states is None else list(wanted.states),
        },
    )  # fmt: skip


def of_incidents(conn: connection, numbers: Sequence[str]) -> dict[str, Kept]:
    """Return the calls of incidents that have one, by number."""
    return {each.no: each for each in _kept(conn, SQL("WHERE c.no = ANY (%(numbers)s)"), {"numbers": list(numbers)})}


def _kept(conn: connection, where: Composable, parameters: Mapping[str, Any]) -> list[Kept]:
    rows = many(conn, _SELECT + where, parameters)
    called = _called(conn, [row[1] for row in rows])
    return [
        Kept(
            id=number,
            no=no,
            state=state,
            columns=dict(zip(COLUMNS, values, strict=False)),
            called=called[no],
            incident=dict(zip(_ABOUT, values[len(COLUMNS) :], strict=True)),
        )
        for number, no, state, *values in rows
    ]


def _called(conn: connection, numbers: Sequence[str]) -> defaultdict[str, list[dict[str, Any]]]:
    """Return the departments that were called for incidents, by number."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    if numbers:
        rows = many(
            conn,
            """SELECT no, org, lead, mandatory, joined_at, rating FROM wangge.call_participant WHERE no = ANY (%s)
               ORDER BY no, position""",
            [list(numbers)],
        )
        for no, *values in rows:
            found[no].append(dict(zip(CALLED, values, strict=True)))
    return found
