"""What Open311 reads and keeps: the public part of incidents, their services, and what came in by it.

Reading goes through the views of the migration `open311`, which hold nothing that is not everybody's, whoever asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.store.incidents import ENDED
from data.store.sql import many, maybe, one, run
from gis.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date, datetime, timedelta

    from psycopg2.extensions import connection

_SENT = 0x6F33_3131
"""Locks on what a device sent begin with this number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A matter as a service: `path` is the area in which it is offered; what has exited is not offered any more."""

    code: str
    name: str
    category: str
    board: str
    description: str
    path: str
    is_offered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What everybody may see of an incident; `lon` and `lat` in degrees, rounded to 11 m."""

    no: str
    path: str
    grid_code: str | None
    lon: float
    lat: float
    service_code: str
    service_name: str
    state: str
    tier: int
    owner_org: str | None
    reported_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    at: datetime
    description: str
    address: str
    picture: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that happened to an incident and that everybody may know; `state` is the one that it led to.

    `reason` is the coded one of a rejection, `answer` what the reporter was told (`is_final`: it reached them), `outcome` what
    the handling had come to when it was closed. `logged_at` is the store's time; None of what came in a batch.
    """

    no: str
    seq: int
    event: str
    state: str
    at: datetime
    reason: str | None
    answer: str | None
    is_final: bool
    outcome: str | None = None
    logged_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From a moment to the one before another; None leaves the end open."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list: so many from there on."""

    offset: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An area: its code, level and name that day."""

    code: str
    level: str
    name: str


# --- services ---------------------------------------------------------------------------------------------------------------


def services(conn: connection, *, jurisdiction: str | None) -> list[Service]:
    """Return the services that are offered, all or those of a jurisdiction, by its path."""
    rows = many(
        conn,
        """SELECT code, name, category, board, filing_condition, path::text, is_offered FROM wangge.open311_service
           WHERE is_offered AND (%(path)s::ltree IS NULL OR path <@ %(path)s::ltree OR path @> %(path)s::ltree)
           ORDER BY category COLLATE "C", code""",
        {"path": jurisdiction},
    )
    return [_service(row) for row in rows]


def service(conn: connection, code: str) -> Service | None:
    """Return a service that is or was offered."""
    row = maybe(
        conn,
        """SELECT code, name, category, board, filing_condition, path::text, is_offered FROM wangge.open311_service
           WHERE code = %s""",
        [code],
    )
    return None if row is None else _service(row)


def known_services(conn: connection, codes: Collection[str]) -> set[str]:
    """Return those of the codes that are or were services'."""
    return {code for (code,) in many(conn, "SELECT code FROM wangge.open311_service WHERE code = ANY (%s)", [list(codes)])}


def services_changed(conn: connection) -> datetime | None:
    """Return when a service has changed last."""
    (at,) = one(conn, "SELECT max(updated_at) FROM wangge.open311_service")
    return at


def _service(row: tuple[Any, ...]) -> Service:
    code, name, category, board, description, path, is_offered = row
    return Service(
        code=code, name=name, category=category, board=board, description=description, path=path, is_offered=is_offered
    )


# --- incidents --------------------------------------------------------------------------------------------------------------

_FIELDS = (
    "no", "path", "grid_code", "lon", "lat", "service_code", "service_name", "state", "tier", "owner_org", "reported_at",
    "closed_at", "due_at", "at", "description", "address", "picture",
)  # fmt: skip


def listed(
    conn: connection,
    span: Span,
    page: Page,
    *,
    service_codes: Collection[str] | None = None,
    is_open: bool | None = None,
    jurisdiction: str | None = None,
) -> list[Shown]:
    """Return incidents that were reported within a span, the newest first; `jurisdiction` is a path."""
    rows = many(
        conn,
        """SELECT no, path::text, grid_code, long::float8, lat::float8, service_code, service_name, state, tier, owner_org,
             reported_at, closed_at, due_at, at, description, address, picture::text
           FROM wangge.open311_incident
           WHERE reported_at >= %(since)s AND (%(until)s::timestamptz IS NULL OR reported_at < %(until)s)
             AND (%(services)s::text[] IS NULL OR service_code = ANY (%(services)s::text[]))
             AND (%(is_open)s::boolean IS NULL OR (state <> ALL (%(ended)s::text[])) = %(is_open)s)
             AND (%(path)s::ltree IS NULL OR path <@ %(path)s::ltree)
           ORDER BY reported_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s""",
        {
            "since": span.since, "until": span.until, "services": None if service_codes is None else list(service_codes),
            "is_open": is_open, "ended": list(ENDED), "path": jurisdiction, "limit": page.limit, "offset": page.offset,
        },
    )  # fmt: skip
    return [Shown(**dict(zip(_FIELDS, row, strict=True))) for row in rows]


def named(conn: connection, nos: Sequence[str], *, jurisdiction: str | None = None) -> list[Shown]:
    """Return incidents by their numbers, the newest first; those that nobody may see are left out."""
    rows = many(
        conn,
        """SELECT no, path::text, grid_code, long::float8, lat::float8, service_code, service_name, state, tier, owner_org,
             reported_at, closed_at, due_at, at, description, address, picture::text
           FROM wangge.open311_incident
           WHERE no = ANY (%(nos)s) AND (%(path)s::ltree IS NULL OR path <@ %(path)s::ltree)
           ORDER BY reported_at DESC, id DESC""",
        {"nos": list(nos), "path": jurisdiction},
    )
    return [Shown(**dict(zip(_FIELDS, row, strict=True))) for row in rows]


def lines(conn: connection, nos: Collection[str]) -> dict[str, list[Line]]:
    """Return what happened to incidents, of each in order."""
    rows = many(
        conn,
        """SELECT no, seq, event, state, at, reason, answer, is_final FROM wangge.open311_line
           WHERE no = ANY (%s) ORDER BY seq""",
        [list(nos)],
    )
    found = dict[str, list[Line]]()
    for no, seq, event, state, at, reason, answer, is_final in rows:
        line = Line(no=no, seq=seq, event=event, state=state, at=at, reason=reason, answer=answer, is_final=is_final)
        found.setdefault(no, []).append(line)
    return found


def updates(conn: connection, span: Span, page: Page, *, jurisdiction: str | None = None) -> list[Line]:
    """Return what was logged within a span, the oldest first."""
    rows = many(
        conn,
        """SELECT l.no, l.seq, l.event, l.state, l.at, l.reason, l.answer, l.is_final, l.outcome, l.logged_at
           FROM wangge.open311_line l
           WHERE l.logged_at >= %(since)s AND (%(until)s::timestamptz IS NULL OR l.logged_at < %(until)s)
             AND (%(path)s::ltree IS NULL OR l.path <@ %(path)s::ltree)
           ORDER BY l.logged_at, l.no, l.seq LIMIT %(limit)s OFFSET %(offset)s""",
        {"since": span.since, "until": span.until, "path": jurisdiction, "limit": page.limit, "offset": page.offset},
    )
    return [
        Line(
            no=no, seq=seq, event=event, state=state, at=at, reason=reason, answer=answer, is_final=is_final, outcome=outcome,
            logged_at=logged_at,
        )
        for no, seq, event, state, at, reason, answer, is_final, outcome, logged_at in rows
    ]  # fmt: skip


def picture(conn: connection, identity: str) -> tuple[str, bytes]:
    """Return the type and the content of a picture that everybody may see."""
    row = maybe(conn, "SELECT media_type, content FROM wangge.attachment WHERE id::text = %s AND is_public", [identity])
    if row is None:
        raise NotFound("there is no such picture")
    return row[0], bytes(row[1])


# --- names ------------------------------------------------------------------------------------------------------------------


def places(conn: connection, paths: Iterable[str], day: date) -> dict[int, Place]:
    """Return the areas that paths are made of, by id."""
    ids = sorted({int(each) for path in paths for each in path.split(".") if each})
    rows = many(conn, "SELECT id, code, level, name FROM wangge.open311_areas(%s::bigint[], %s)", [ids, day])
    return {identity: Place(code=code, level=level, name=name) for identity, code, level, name in rows}


def agencies(conn: connection, codes: Collection[str], day: date) -> dict[str, str]:
    """Return the names of organisations, by code."""
    return dict(many(conn, "SELECT code, name FROM wangge.open311_agencies(%s::text[], %s)", [sorted(codes), day]))


def jurisdiction(conn: connection, code: str) -> str | None:
    """Return the path of a jurisdiction: of a district, or of the city over several."""
    (path,) = one(conn, "SELECT wangge.open311_jurisdiction(%s)", [code])
    return path


# --- what came in -----------------------------------------------------------------------------------------------------------


def sent_before(conn: connection, digest: bytes, *, now: datetime, within: timedelta) -> str | None:
    """Return the number of the incident that the very same became a short time ago; whoever sends the same now waits."""
    run(conn, "SELECT pg_advisory_xact_lock(%s, %s)", [_SENT, int.from_bytes(digest[:4], signed=True)])
    row = maybe(
        conn,
        "SELECT no FROM wangge.open311_request WHERE digest = %s AND at > %s ORDER BY at DESC LIMIT 1",
        [digest, now - within],
    )
    return None if row is None else row[0]


def keep_request(conn: connection, no: str, *, service_code: str, person: str, digest: bytes | None, now: datetime) -> None:
    """Keep which service a report asked for."""
    run(
        conn,
        "INSERT INTO wangge.open311_request (no, service_code, person, digest, at) VALUES (%s, %s, %s, %s, %s)",
        [no, service_code, person, digest, now],
    )


def service_wished(conn: connection, no: str) -> str | None:
    """Return which service a report asked for, if it came by Open311 and the caller sees it."""
    row = maybe(conn, "SELECT service_code FROM wangge.open311_request WHERE no = %s", [no])
    return None if row is None else row[0]


def update_sent(conn: connection, person: str, update_id: str) -> tuple[str, int] | None:
    """Return what an update of somebody's became: the number of the incident, and that of the record."""
    row = maybe(conn, "SELECT no, seq FROM wangge.open311_update WHERE person = %s AND update_id = %s", [person, update_id])
    return None if row is None else (row[0], row[1])


def keep_update(conn: connection, person: str, update_id: str, *, no: str, seq: int) -> None:
    """Keep what an update became; the same id again at the same time breaks a constraint."""
    run(
        conn,
        "INSERT INTO wangge.open311_update (person, update_id, no, seq) VALUES (%s, %s, %s, %s)",
        [person, update_id, no, seq],
    )
