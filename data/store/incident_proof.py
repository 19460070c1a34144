"""What the proof of incidents is made of: rows, records and batches, as they lie there. For the owner of the store.

Nothing here is shared with what writes them, and nothing takes for granted that what was written is still well-formed: that
is what is asked. Pages of rows come in the order of their ids, each with all of its records.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from psycopg2.sql import SQL, Composable, Identifier
from psycopg2.sql import Literal as Quoted

from data.store.sql import many

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from psycopg2.extensions import connection

    from data.store.log import Break

ROW = (
    "no", "path", "grid_code", "source", "reported_at", "state", "tier", "owner_org", "owner_person", "kind", "category",
    "urgent", "mode", "triage", "matter", "department", "master", "supervision", "outcome", "on_the_spot", "satisfaction",
    "is_answered", "returns", "reworks", "reopens", "extensions", "accepted_at", "handled_at", "closed_at", "archived_at",
    "due_at", "stage_due_at", "key_reported_at", "revision", "at",
)  # fmt: skip
"""The columns that are read of a row, and of every row that was."""
_ONCE = ("reporter", "title", "description", "address", "batch_id", "located_by")
"""Those that are read of a row alone."""
_NEVER = (
    "no", "geom", "source", "external_id", "client_uuid", "batch_id", "log", "title", "description", "address", "reporter",
    "contact", "occurred_at", "reported_at", "kind", "located_by",
)  # fmt: skip
"""What no record changes: a row that was has them as the row has."""
_AS_TEXT = frozenset({"path", "owner_person", "reporter"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A record of an incident as it is written: its text, where it stands, and what stands beside it.

    In the log (`event`), `chain` and `number` are its place, `kind`, `path` and `actor` what is said of it there. With the
    `row` it came in `batch`. With others, when a net took effect (`batch`), it has that moment too, unless that is gone.
    """

    where: Literal["event", "row", "batch"]
    text: str
    chain: str | None
    number: int | None
    kind: str | None
    path: str | None
    actor: str | None
    batch: int | None
    batch_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An incident as the store has it: its row, the rows that were, its records.

    Each row that was has `until`, and `unlike`: in which columns, of those that no record changes, it is not like the row.
    """

    row: Mapping[str, Any]
    past: Sequence[Mapping[str, Any]]
    written: Sequence[Written]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch by its id: as its row says (None: there is none), and what the log says (empty: nothing).

    `told` are, of each event, its source, rows and digest as texts; `digest` is that of the records that are there.
    """

    id: str
    row: tuple[str, int] | None
    told: Sequence[tuple[str | None, str | None, str | None]]
    digest: str | None


def pages(conn: connection, size: int) -> Iterator[list[Kept]]:
    """Yield all incidents, `size` at a time, each time by three statements."""
    after = -(2**63)
    while rows := _rows(conn, after, size):
        after = int(rows[-1]["id"])
        past, written = _past(conn, [row["id"] for row in rows]), _written(conn, [row["no"] for row in rows])
        yield [Kept(row=row, past=past[row["id"]], written=written[row["no"]]) for row in rows]


def _column(table: str, name: str) -> Composable:
    return SQL("{}::text" if name in _AS_TEXT else "{}").format(Identifier(table, name))


def _rows(conn: connection, after: int, size: int) -> list[dict[str, Any]]:
    names = ("id", *ROW, *_ONCE)
    statement = SQL("SELECT {} FROM wangge.incident i WHERE id > %s ORDER BY id LIMIT %s").format(
        SQL(", ").join(_column("i", name) for name in names)
    )
    return [dict(zip(names, row, strict=True)) for row in many(conn, statement, [after, size])]


def _past(conn: connection, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the rows that were of some incidents, by id, oldest first."""
    unlike = SQL(", ").join(
        SQL("CASE WHEN {} IS DISTINCT FROM {} THEN {} END").format(Identifier("p", name), Identifier("i", name), Quoted(name))
        for name in _NEVER
    )
    statement = SQL(
        """SELECT p.id, p.until, array_remove(ARRAY[{}], NULL), {}
           FROM wangge.incident_past p JOIN wangge.incident i ON i.id = p.id WHERE p.id = ANY (%s) ORDER BY p.id, p.revision"""
    ).format(unlike, SQL(", ").join(_column("p", name) for name in ROW))
    names = ("id", "until", "unlike", *ROW)
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in many(conn, statement, [list(ids)]):
        found[row[0]].append(dict(zip(names, row, strict=True)))
    return found


def _written(conn: connection, numbers: Sequence[str]) -> dict[str, list[Written]]:
    """Return the records of some incidents by number, wherever they stand: with the row, with a batch, in the log."""
    rows = many(
        conn,
        """SELECT i.no, 'row', coalesce(wangge.first_record(i.batch_id, i.log), ''), NULL, NULL::bigint, NULL, NULL, NULL,
             i.batch_id, NULL::timestamptz
           FROM wangge.incident i WHERE i.no = ANY (%(nos)s) AND i.log IS NOT NULL
           UNION ALL
           SELECT r.no, 'batch', r.body::text, NULL, NULL, NULL, NULL, NULL, r.batch_id, b.at
           FROM wangge.incident_batch_record r LEFT JOIN wangge.incident_batch b ON b.id = r.batch_id
           WHERE r.no = ANY (%(nos)s)
           UNION ALL
           SELECT e.subject, 'event', e.body::text, e.chain, e.seq, e.kind, e.path::text, e.actor::text, NULL, NULL
           FROM wangge.event e WHERE e.subject = ANY (%(nos)s) AND e.kind LIKE 'incident.%%' AND e.body ? 'seq'""",
        {"nos": list(numbers)},
    )
    names = ("where", "text", "chain", "number", "kind", "path", "actor", "batch", "batch_at")
    found: defaultdict[str, list[Written]] = defaultdict(list)
    for no, *row in rows:
        found[no].append(Written(**dict(zip(names, row, strict=True))))
    return found


def paths(conn: connection) -> frozenset[str]:
    """Return the path of every area there ever was, as it is today, and that of what lies in none."""
    return frozenset({"", *(path for (path,) in many(conn, "SELECT path::text FROM wangge.area"))})


def strays(conn: connection) -> list[str]:
    """Return the numbers of incidents that have records, or rows that were, and no row."""
    rows = many(
        conn,
        """SELECT no FROM (
             SELECT e.subject COLLATE "C" FROM wangge.event e WHERE e.kind LIKE 'incident.%%' AND e.body ? 'seq'
             UNION SELECT r.no FROM wangge.incident_batch_record r
             UNION SELECT p.no FROM wangge.incident_past p WHERE NOT EXISTS (SELECT FROM wangge.incident i WHERE i.id = p.id)
           ) told (no)
           WHERE NOT EXISTS (SELECT FROM wangge.incident i WHERE i.no = told.no) ORDER BY 1""",
    )
    return [no for (no,) in rows]


def batches(conn: connection) -> list[Batch]:
    """Return every batch that has a row, an event or a record, by its id."""
    rows = many(
        conn,
        """WITH told AS (
             SELECT subject AS id, array_agg(ARRAY[body ->> 'source', body ->> 'rows', body ->> 'digest'] ORDER BY chain, seq)
               AS events
             FROM wangge.event WHERE kind = 'incident.batch' GROUP BY subject
           ), there AS (
             SELECT batch_id::text AS id, encode(sha256(string_agg(
               convert_to(no || E'\\n' || body::text || E'\\n', 'UTF8'), ''::bytea ORDER BY no)), 'hex') AS digest
             FROM wangge.incident_batch_record GROUP BY batch_id
           )
           SELECT id, b.source, b.rows, t.events, r.digest
           FROM (SELECT id::text, source, rows FROM wangge.incident_batch) b
             FULL JOIN told t USING (id) FULL JOIN there r USING (id)
           ORDER BY length(id), id""",
    )
    return [
        Batch(
            id=batch,
            row=None if source is None else (source, count),
            told=[(a, b, c) for a, b, c in events or ()],
            digest=digest,
        )
        for batch, source, count, events, digest in rows
    ]


def subjects(conn: connection, breaks: Sequence[Break]) -> dict[tuple[str, int], tuple[str, str]]:
    """Return kind and subject, as they stand, of the events at which chains break, by chain and number."""
    rows = many(
        conn,
        """SELECT e.chain, e.seq, e.kind, e.subject FROM wangge.event e
           JOIN unnest(%s::text[], %s::bigint[]) AS at (chain, seq) ON (e.chain, e.seq) = (at.chain, at.seq)""",
        [[each.chain for each in breaks], [each.seq for each in breaks]],
    )
    return {(chain, seq): (kind, subject) for chain, seq, kind, subject in rows}
