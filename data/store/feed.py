"""The feed: the log, and incidents as they are now, read on from where a reader was.

Every row carries the number of the transaction that wrote it. A reader takes what stands behind its place in the order of
(transaction, chain, number), and below the oldest transaction that still runs: whatever commits later stands behind that. So
nothing is passed over, nothing comes twice, and neither readers nor writers wait for each other. A transaction that writes for
long holds everything behind it back until it ends.

The order is not that of time: of two transactions that overlap, the one that began to write first comes first. An incident's
own events say their order (`revision`).

Numbers of transactions belong to one server. A place carries the epoch that it was taken in; where the store was restored
since, or put back to an earlier day (`renew`), it is no place any more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from psycopg2.sql import SQL, Identifier

from data.store.incidents import EVENT
from data.store.sql import many, one, run
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from psycopg2.extensions import connection

PLAN, ORDER, MODE, WARNING, POINT, CLUSTER = "plan.", "order.", "mode.", "warning.", "problem_point.", "problem_cluster."
"""What the kinds of the events of a plan, an order, … begin with."""
FAMILIES = (EVENT, PLAN, ORDER, MODE, WARNING, POINT, CLUSTER)
"""What of the log is told to others; whom, the policies of each say. `wangge.feed_stirred` knows them too."""
STRIDE = 20_000
"""So many rows of the log are looked through at once, at most about: most of them may be somebody else's."""
RESTORED = 3
"""The transaction that whatever was restored counts as written by: the first there ever is, before any of this server's."""

_TEXT = re.compile(r"([0-9a-f]{8})-(\d{1,20})-([A-Za-z0-9_.]*)-(\d{1,19})", re.ASCII)
_LONGEST = 400
_MOST_XID, _MOST_SEQ = 2**64 - 1, 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A place in the feed: behind an event, or with neither chain nor number before everything of a transaction.

    In the feed of incidents `seq` is an incident's id.
    """

    epoch: str
    xid: int
    chain: str = ""
    seq: int = 0

    def __str__(self) -> str:
        """Return it as a word for addresses and headers."""
        return f"{self.epoch}-{self.xid}-{self.chain}-{self.seq}"

    @classmethod
    def read(cls, text: str, parameter: str = "cursor") -> Cursor:
        """Return the place that a word stands for; `ParameterError` where it is none."""
        found = _TEXT.fullmatch(text) if len(text) <= _LONGEST else None
        if found is None or int(found[2]) > _MOST_XID or int(found[4]) > _MOST_SEQ:
            raise ParameterError(parameter, "this is no cursor of the feed; begin without one", code="invalid-cursor")
        return cls(epoch=found[1], xid=int(found[2]), chain=found[3], seq=int(found[4]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events somebody wants: of these kinds, or whose kind begins so; below the area with this path (None: any).

    Kinds are written with underscores; the log has dashes here and there.
    """

    kinds: tuple[str, ...] = ()
    families: tuple[str, ...] = FAMILIES
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event as it is told, and where the incident, the plan, … that it is of stood with it.

    `cursor` is the place behind it; `area` the code of the smallest area around it (None: in none, or out of sight). What
    `facts` lacks is not the caller's to see.
    """

    cursor: Cursor
    at: datetime
    kind: str
    subject: str
    area: str | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows of a feed, the place to go on from, and whether anything may stand behind it already."""

    rows: Sequence[Any]
    cursor: Cursor
    more: bool


def now_at(conn: connection) -> Cursor:
    """Return the place behind everything that is there for all to see: where a reader begins who wants only what comes."""
    epoch, edge = one(conn, "SELECT epoch, pg_snapshot_xmin(pg_current_snapshot())::text FROM wangge.feed_epoch")
    return Cursor(epoch=epoch, xid=int(edge))


def is_here(cursor: Cursor, edge: Cursor) -> bool:
    """Say whether a place is one of the store's, whose feed now ends at `edge`; if not, its reader begins anew."""
    return cursor.epoch == edge.epoch and cursor.xid <= edge.xid


def is_stirred(conn: connection, since: Cursor, edge: Cursor) -> bool:
    """Say whether anything was written from one place to another, for anybody."""
    (stirred,) = one(conn, "SELECT wangge.feed_stirred(%s::xid8, %s::xid8)", [str(since.xid), str(edge.xid)])
    return bool(stirred)


def renew(conn: connection) -> None:
    """Begin another epoch, as the store's owner: everything there is can be read from the beginning, and all places are void.

    For a store that was restored, or put back to an earlier day by its files.
    """
    run(conn, "UPDATE wangge.event SET xid = %s::xid8 WHERE xid <> %s::xid8", [str(RESTORED)] * 2)
    run(conn, "UPDATE wangge.incident SET xid = %s::xid8 WHERE xid <> %s::xid8", [str(RESTORED)] * 2)
    run(conn, "UPDATE wangge.feed_epoch SET epoch = left(gen_random_uuid()::text, 8)")


# --- events -----------------------------------------------------------------------------------------------------------------


def events(conn: connection, after: Cursor, wanted: Wanted, *, limit: int) -> Page:
    """Return the next events that the caller sees, behind `after` and in the order of the feed, `limit` at most."""
    reach = _Reach.read(one(conn, _REACH.format(function=Identifier("feed_bound")), [str(after.xid), STRIDE]))
    rows = many(
        conn,
        """SELECT e.xid::text, e.chain, e.seq, e.at, e.kind, e.subject, e.path::text, e.body
           FROM wangge.event e
           WHERE (e.xid, e.chain, e.seq) > (%(xid)s::xid8, %(chain)s, %(seq)s) AND e.xid < %(below)s::xid8
             AND (translate(e.kind, '-', '_') = ANY (%(kinds)s::text[])
               OR translate(e.kind, '-', '_') ^@ ANY (%(families)s::text[]))
             AND (%(path)s::ltree IS NULL OR e.path <@ %(path)s::ltree OR (e.kind ^@ %(mode)s AND e.path @> %(path)s::ltree))
           ORDER BY e.xid, e.chain, e.seq LIMIT %(limit)s""",
        {
            "xid": str(after.xid), "chain": after.chain, "seq": after.seq, "below": str(reach.bound), "path": wanted.path,
            "kinds": list(wanted.kinds), "families": list(wanted.families), "limit": limit, "mode": MODE,
        },
    )  # fmt: skip
    incidents = _of_incidents(conn, [(row[5], _revision(row[7])) for row in rows if row[4].startswith(EVENT)])
    plans = dict(_of_plans(conn, {row[5] for row in rows if row[4].startswith(PLAN)}))
    codes = _codes(conn, {row[6] for row in rows})
    told: list[Told] = []
    for xid, chain, seq, at, kind, subject, path, body in rows:
        place = replace(after, xid=int(xid), chain=chain, seq=seq)
        family = kind.partition(".")[0] + "."
        if family == EVENT:
            facts = {**_said(body), **incidents.get((subject, _revision(body)), {})}
        else:
            facts = {name: body[key] for name, key in _OF[family].items() if key in body}
            if family == PLAN:
                facts["number"] = plans.get(subject)
        told.append(Told(cursor=place, at=at, kind=kind, subject=subject, area=codes.get(path), facts=facts))
    return _page(told, [each.cursor for each in told], after, reach, limit)


_OF: Mapping[str, Mapping[str, str]] = {
    PLAN: {"version": "version", "verdict": "verdict", "effective_from": "effective_from"},
    ORDER: {"state": "step", "revision": "seq"},
    MODE: {"mode": "mode", "before": "before", "ended": "ended"},
    WARNING: {
        "grid": "grid", "category": "category", "count": "count", "least": "least", "hours": "hours", "radius_m": "radius_m",
        "since": "since", "until": "until",
    },
    POINT: {"class": "class", "grid": "grid"},
    CLUSTER: {"points": "points", "state": "state", "department": "department"},
}  # fmt: skip
"""What of the body of an event is told, and under which name: numbers and words of ours, never what somebody wrote."""
_STOOD = ("state", "tier", "revision", "grid", "due_at", "stage_due_at")


def _revision(body: Mapping[str, Any]) -> int | None:
    """Return which state of its incident an event is of: the one that a record led to, or that a fact names; None: today's."""
    return body.get("seq", body.get("revision"))


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record or a fact itself says of where its incident stood with it."""
    said = {
        "state": body.get("to_state", body.get("state")),
        "tier": body.get("tier"),
        "revision": _revision(body),
        "clock": body.get("clock"),
    }
    return {name: value for name, value in said.items() if value is not None}


def _of_incidents(conn: connection, wanted: Sequence[tuple[str, int | None]]) -> dict[tuple[str, int | None], dict[str, Any]]:
    """Return where incidents stood at a revision (None: stand now), as far as the caller sees that, by number and revision."""
    if not wanted:
        return {}
    rows = many(
        conn,
        """SELECT i.no, i.state, i.tier, i.revision, i.grid_code, i.due_at, i.stage_due_at, true
           FROM wangge.incident i WHERE i.no = ANY (%(nos)s)
           UNION ALL
           SELECT i.no, p.state, p.tier, p.revision, p.grid_code, p.due_at, p.stage_due_at, false
           FROM wangge.incident i JOIN wangge.incident_past p ON p.id = i.id
           WHERE i.no = ANY (%(nos)s) AND p.revision = ANY (%(revisions)s)""",
        {"nos": list({no for no, _ in wanted}), "revisions": list({n for _, n in wanted if n is not None})},
    )
    found: dict[tuple[str, int | None], dict[str, Any]] = {}
    for no, *stood, is_now in rows:
        facts: dict[str, Any] = dict(zip(_STOOD, stood, strict=True))
        found[no, facts["revision"]] = facts
        if is_now:
            found[no, None] = facts
    return found


def _of_plans(conn: connection, wanted: set[str]) -> list[tuple[Any, ...]]:
    """Return the numbers of plans by their ids, of those that the caller sees."""
    return (
        many(conn, "SELECT p.id::text, p.number FROM wangge.plan p WHERE p.id::text = ANY (%s)", [list(wanted)])
        if wanted
        else []
    )


# --- incidents --------------------------------------------------------------------------------------------------------------

CURRENT = (
    "no", "state", "tier", "kind", "category", "matter", "department", "urgent", "mode", "triage", "title", "description",
    "address", "located_by", "grid", "area", "lon", "lat", "source", "external_id", "master", "supervision", "outcome",
    "on_the_spot", "satisfaction", "is_answered", "returns", "reworks", "reopens", "extensions", "occurred_at", "reported_at",
    "accepted_at", "handled_at", "closed_at", "archived_at", "due_at", "stage_due_at", "revision", "updated_at",
)  # fmt: skip
"""What a row of the feed of incidents says, by name."""


def incidents(conn: connection, after: Cursor, *, since: datetime | None = None, path: str | None = None, limit: int) -> Page:
    """Return incidents as they are now that have changed behind `after`, of those that the caller sees: each change once.

    `since` leaves out what has not changed since a moment; `path` what does not lie in an area.
    """
    reach = _Reach.read(one(conn, _REACH.format(function=Identifier("incident_bound")), [str(after.xid), STRIDE]))
    rows = many(
        conn,
        """SELECT i.no, i.state, i.tier, i.kind, i.category, i.matter, i.department, i.urgent, i.mode, i.triage, i.title,
             i.description, i.address, i.located_by, i.grid_code, i.path::text, ST_X(i.geom), ST_Y(i.geom), i.source,
             i.external_id, i.master, i.supervision, i.outcome, i.on_the_spot, i.satisfaction, i.is_answered, i.returns,
             i.reworks, i.reopens, i.extensions, i.occurred_at, i.reported_at, i.accepted_at, i.handled_at, i.closed_at,
             i.archived_at, i.due_at, i.stage_due_at, i.revision, i.at, i.xid::text, i.id
           FROM wangge.incident i
           WHERE (i.xid, i.id) > (%(xid)s::xid8, %(id)s) AND i.xid < %(below)s::xid8
             AND (%(since)s::timestamptz IS NULL OR i.at >= %(since)s)
             AND (%(path)s::ltree IS NULL OR i.path <@ %(path)s::ltree)
           ORDER BY i.xid, i.id LIMIT %(limit)s""",
        {"xid": str(after.xid), "id": after.seq, "below": str(reach.bound), "since": since, "path": path, "limit": limit},
    )
    codes = _codes(conn, {row[CURRENT.index("area")] for row in rows})
    shown = [dict(zip(CURRENT, row[:-2], strict=True)) for row in rows]
    for each in shown:
        each["area"] = codes.get(each["area"])
    places = [replace(after, xid=int(xid), chain="", seq=identity) for *_, xid, identity in rows]
    return _page(shown, places, after, reach, limit)


# --- both -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far is read at once, and how far there is anything that is there for all to see: numbers of transactions."""

    bound: int
    edge: int

    @classmethod
    def read(cls, row: Sequence[str]) -> _Reach:
        return cls(*map(int, row))


_REACH = SQL("SELECT wangge.{function}(%s::xid8, %s)::text, pg_snapshot_xmin(pg_current_snapshot())::text")


def _page(rows: Sequence[Any], places: Sequence[Cursor], after: Cursor, reach: _Reach, limit: int) -> Page:
    """Return a page: full, it ends behind its last row; else everything below the bound has been looked through."""
    if len(rows) == limit:
        return Page(rows=rows, cursor=places[-1], more=True)
    end = replace(after, xid=reach.bound, chain="", seq=0) if reach.bound > after.xid else after
    return Page(rows=rows, cursor=end, more=reach.bound < reach.edge)


def _codes(conn: connection, paths: set[str | None]) -> dict[str | None, str]:
    """Return the codes of areas by their paths, wherever they lie now: the last label of a path is the area's id."""
    ids = {path: int(last) for path in paths if path and (last := path.rpartition(".")[2]).isdigit()}
    if not ids:
        return {}
    codes = dict(many(conn, "SELECT id, code FROM wangge.area WHERE id = ANY (%s)", [list(set(ids.values()))]))
    return {path: codes[identity] for path, identity in ids.items() if identity in codes}
