"""What happens to incidents by itself: those that time wakes, and those that a new net has moved. For the store's owner."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.extras import Json
from psycopg2.sql import SQL, Identifier

from data.store.incidents import ENDED
from data.store.log import record
from data.store.sql import many, one, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

TOLD = ("told_soon", "told_overdue", "told_stage_soon", "told_stage_overdue", "told_review", "told_key")
"""The columns that say of which deadlines the log tells already."""
_WAKING = ("no", "path", "tier", "due_at", "stage_due_at", "soon_at", "stage_soon_at", *TOLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An open incident that lies in another grid than before; `path` and `owner_org` are those before."""

    no: str
    path: str
    lon: float
    lat: float
    state: str
    tier: int
    grid: str | None
    new_grid: str | None
    new_path: str | None
    revision: int


# --- time -------------------------------------------------------------------------------------------------------------------


def waking(conn: connection, now: datetime, limit: int) -> list[dict[str, Any]]:
    """Lock and return incidents for which time has come; those that somebody else has locked are left to them.

    What only waits for the archive comes last: deadlines are told of at once, however much was imported.
    """
    rows = many(
        conn,
        SQL("""SELECT {} FROM wangge.incident WHERE wake_at <= %s ORDER BY (state = 'closed'), wake_at LIMIT %s
               FOR UPDATE SKIP LOCKED""").format(
            SQL(", ").join(SQL("path::text") if name == "path" else Identifier(name) for name in _WAKING)
        ),
        [now, limit],
    )
    return [dict(zip(_WAKING, row, strict=True)) for row in rows]


def sleep(conn: connection, no: str, *, wake_at: datetime | None, told: Mapping[str, datetime | None]) -> None:
    """Write when time may change something next, and what was told."""
    run(
        conn,
        """UPDATE wangge.incident SET wake_at = %s, told_soon = %s, told_overdue = %s, told_stage_soon = %s,
             told_stage_overdue = %s, told_review = %s, told_key = %s WHERE no = %s""",
        [wake_at, *(told[name] for name in TOLD), no],
    )


# --- a new net ----------------------------------------------------------------------------------------------------------------


def publications_due(conn: connection, today: date) -> list[tuple[int, list[str]]]:
    """Return the publications that have taken effect and whose incidents have not been looked at: number, paths."""
    return many(
        conn,
        """SELECT p.number, array_agg(c.path::text ORDER BY c.path) FROM wangge.publication p
             JOIN wangge.plan_community pc ON pc.plan_id = p.plan_id JOIN wangge.area c ON c.id = pc.area_id
           WHERE p.effective_from <= %s AND NOT EXISTS (SELECT FROM wangge.incident_rehomed r WHERE r.publication = p.number)
           GROUP BY p.number ORDER BY p.number""",
        [today],
    )


def rehoming_done(conn: connection, publication: int, now: datetime) -> None:
    """Write down that the incidents of a publication have found their grids."""
    run(conn, "INSERT INTO wangge.incident_rehomed VALUES (%s, %s)", [publication, now])


def moved(conn: connection, paths: Sequence[str], day: date) -> list[Moved]:
    """Lock the open incidents in some communities, and those in no grid around them; return those that lie elsewhere now."""
    rows = many(
        conn,
        """WITH open AS MATERIALIZED (
             SELECT i.*, row_number() OVER (ORDER BY i.id) AS n FROM (
               SELECT * FROM wangge.incident WHERE state <> ALL (%(ended)s)
                 AND (path <@ ANY (%(paths)s::ltree[])
                   OR (grid_code IS NULL AND (path = '' OR path @> ANY (%(paths)s::ltree[]))))
               ORDER BY id FOR UPDATE) i
           ), found AS MATERIALIZED (
             SELECT f.n, min(g.code COLLATE "C") AS code
             FROM wangge.grids_at((SELECT array_agg(geom ORDER BY n) FROM open), %(day)s) f JOIN wangge.grid g ON g.id = f.id
             GROUP BY f.n
           )
           SELECT o.no, o.path::text, ST_X(o.geom), ST_Y(o.geom), o.state, o.tier, o.grid_code, f.code, g.path::text, o.revision
           FROM open o LEFT JOIN found f USING (n)
             LEFT JOIN LATERAL (SELECT path FROM wangge.grid WHERE code = f.code AND in_force @> %(day)s LIMIT 1) g ON true
           WHERE o.grid_code IS DISTINCT FROM f.code ORDER BY o.no""",
        {"ended": list(ENDED), "paths": list(paths), "day": day},
    )
    names = ("no", "path", "lon", "lat", "state", "tier", "grid", "new_grid", "new_path", "revision")
    return [Moved(**dict(zip(names, row, strict=True))) for row in rows]


def write_batch(
    conn: connection,
    *,
    source: str,
    path: str,
    bodies: Mapping[str, Mapping[str, Any]],
    grids: Mapping[str, str],
    now: datetime,
) -> int:
    """Give many incidents below one street a record each, by number, and their new grid; return the batch's id.

    The log gets one event, with a digest over the records.
    """
    numbers = sorted(bodies)
    (batch,) = one(
        conn,
        "INSERT INTO wangge.incident_batch (source, rows, at) VALUES (%s, %s, %s) RETURNING id",
        [source, len(numbers), now],
    )
    run(
        conn,
        """INSERT INTO wangge.incident_batch_record (batch_id, no, body)
           SELECT %s, no, body::jsonb FROM unnest(%s::text[], %s::text[]) AS r (no, body)""",
        [batch, numbers, [Json(dict(bodies[no])).dumps(dict(bodies[no])) for no in numbers]],
    )
    run(
        conn,
        """UPDATE wangge.incident i SET grid_code = r.grid, revision = i.revision + 1, at = %s
           FROM unnest(%s::text[], %s::text[]) AS r (no, grid) WHERE i.no = r.no""",
        [now, numbers, [grids[no] for no in numbers]],
    )
    record(
        conn,
        "incident.batch",
        path=path,
        subject=str(batch),
        body={"source": source, "rows": len(numbers), "digest": batch_digest(conn, batch)},
    )
    return batch


def batch_digest(conn: connection, batch: int) -> str:
    """Return the digest of the records of a batch: what its event in the log says."""
    rows: list[tuple[str, str]] = many(
        conn, "SELECT no, body::text FROM wangge.incident_batch_record WHERE batch_id = %s ORDER BY no", [batch]
    )
    told = hashlib.sha256()
    for no, body in rows:
        told.update(f"{no}\n{body}\n".encode())
    return told.hexdigest()
