"""Reports in bulk: what another system knows comes in by COPY, each with its first record, and a seal on them in the log.

What records have in common is written once for the batch, as its parts; a row has the rest, and `wangge.first_record` puts them
together. Each row bears a link: the digest of the link before it, its number and its record. The rows of one street are a run,
and the log's event `incident.batch` says how many there are and what the last link is. Whoever edits the record of a row or a
part of it, takes one out or puts one in, leaves a run that does not close; `broken_batches` finds the place. By the store's
owner.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg2.errors import UniqueViolation

from data.store.log import record
from data.store.sql import copy_in, copy_text, many, maybe, one, run
from gis.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

EVENT = "incident.batch"
HOLE = "\n"
"""What stands in a form for a value that is not the same in all its records; JSON itself has none."""
_LINK = "link"


@dataclass(frozen=True, slots=True)
class Kept:
    """What a report of another system has become already: its number, its place (degrees), and the first record of its log."""

    no: str
    lon: float
    lat: float
    record: Mapping[str, Any]


class Lines(NamedTuple):
    """Rows as COPY takes them, whose records are still to be sealed; a list for each, all in the order of the rows.

    `before` and `after` are the columns on either side of `log`, each with its tabs. A record is there twice: as its text, and
    as what it is made of (`Parts`).
    """

    chains: list[str]
    numbers: list[str]
    before: list[str]
    records: list[str]
    made_of: list[str]
    after: list[str]
    are_outside: list[bool]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the records of a batch have in common: texts, each once, by the names that they get here.

    A record is made of the name of a form and a value for each `HOLE` in it, with spaces between; a value that is a part itself
    is `shared`.
    """

    names: dict[str, str] = field(default_factory=dict[str, str])

    def name(self, text: str) -> str:
        """Return the name of a text, which is a part from now on."""
        return self.names.setdefault(text, str(len(self.names)))

    def shared(self, text: str) -> str:
        """Return the name of a text as a value says it."""
        return "#" + self.name(text)


@dataclass(slots=True)
class Run:
    """Rows of one chain of the log, and their last link."""

    chain: str
    link: str
    rows: int = 0
    outside: int = 0


@dataclass(frozen=True, slots=True)
class BrokenBatch:
    """A batch that does not close: at a row that does not follow from the one before it.

    `no` is '' where the rows do follow each other, but there are not as many as the log says, or their last link is another.
    """

    batch: int
    no: str


def alone(conn: connection, source: str) -> None:
    """Wait until nobody else loads reports of this source; held until the transaction ends."""
    run(conn, "SELECT pg_advisory_xact_lock(hashtextextended('wangge.incident_load ' || %s, 0))", [source])


def kept(conn: connection, source: str, external_ids: Sequence[str]) -> dict[str, Kept]:
    """Return what is there already of some reports of a source, by their ids."""
    if maybe(conn, "SELECT 1 FROM wangge.incident WHERE source = %s AND external_id IS NOT NULL LIMIT 1", [source]) is None:
        return {}
    rows = many(
        conn,
        """SELECT i.external_id, i.no, ST_X(i.geom), ST_Y(i.geom), coalesce(
             wangge.first_record(i.batch_id, i.log)::json,
             (SELECT e.body::json FROM wangge.event e WHERE e.subject = i.no AND e.kind = 'incident.report' LIMIT 1), '{}')
           FROM unnest(%s::text[]) AS given (id) JOIN wangge.incident i ON i.source = %s AND i.external_id = given.id""",
        [list(external_ids), source],
    )
    return {each: Kept(no, lon, lat, first) for each, no, lon, lat, first in rows}


def modes(conn: connection) -> list[tuple[str, str, datetime | None, datetime | None]]:
    """Return every mode of operation that there was: the path, the mode, since and until when; the higher areas first."""
    return many(
        conn, "SELECT path::text, mode, lower(valid), upper(valid) FROM wangge.operation_mode ORDER BY nlevel(path), id"
    )


def number_blocks(conn: connection, wanted: Mapping[tuple[str, date], int]) -> dict[tuple[str, date], int]:
    """Take so many numbers for each district and day; return the first of each block.

    Whoever else wants one of these days waits until this transaction ends: what is of today comes last.
    """
    rows = many(
        conn,
        """INSERT INTO wangge.incident_number AS n (district, day, last)
           SELECT * FROM unnest(%s::text[], %s::date[], %s::integer[]) AS w (district, day, count) ORDER BY day, district
           ON CONFLICT (district, day) DO UPDATE SET last = n.last + excluded.last RETURNING district, day, last""",
        [[district for district, _ in wanted], [day for _, day in wanted], [*wanted.values()]],
    )
    return {(district, day): last - wanted[district, day] + 1 for district, day, last in rows}


def begin_batch(conn: connection, *, source: str, rows: int, now: datetime) -> int:
    """Begin a batch and return its id."""
    (batch,) = one(
        conn, "INSERT INTO wangge.incident_batch (source, rows, at) VALUES (%s, %s, %s) RETURNING id", [source, rows, now]
    )
    return batch


def write(conn: connection, batch: int, columns: tuple[Sequence[str], Sequence[str]], lines: Iterable[Lines]) -> list[Run]:
    """Write rows of a batch, those of a chain one after the other, each `Lines` by one COPY; return their runs.

    `columns` are those before and after `log`.

    Raises
    ------
    Conflict
        One of them has come in by another way meanwhile: nothing can be kept of this transaction.
    """
    before, after = columns
    names = (*before, "batch_id", "log", *after)
    runs: list[Run] = []
    now, chain, link = Run("", ""), None, ""
    for some in lines:
        made: list[str] = []
        for of, no, left, said, made_of, right, is_outside in zip(*some, strict=True):
            if of != chain:
                chain, link = of, str(batch)
                now = Run(of, link)
                runs.append(now)
            link = sha256(f"{link}{no}{said}".encode()).hexdigest()
            made.append(f"{left}\t{batch}\t{link} {made_of}\t{right}\n")
            now.link = link
            now.rows += 1
            now.outside += is_outside
        _copy(conn, names, made)
    return runs


def keep_parts(conn: connection, batch: int, parts: Parts) -> None:
    """Write what the records of a batch have in common."""
    lines = (f"{batch}\t{name}\t{copy_text(text)}\n" for text, name in parts.names.items())
    copy_in(conn, "incident_batch_part", ("batch_id", "part", "body"), lines)


def seal(conn: connection, batch: int, source: str, runs: Iterable[Run]) -> None:
    """Write into the log of each street how many rows of the batch are its, and the link of the last."""
    for each in sorted(runs, key=lambda one: one.chain):
        body = {"source": source, "rows": each.rows, "outside": each.outside, _LINK: each.link}
        record(conn, EVENT, path=each.chain or None, subject=str(batch), body=body)


def broken_batches(conn: connection) -> tuple[BrokenBatch, ...]:
    """Return every place where a batch does not close; none means that the records of every row are those that came in."""
    rows = many(
        conn,
        """WITH written AS (
             SELECT i.batch_id, i.id, i.no, split_part(i.log, ' ', 1) AS link,
               i.no || wangge.first_record(i.batch_id, i.log) AS said,
               lag(split_part(i.log, ' ', 1)) OVER (PARTITION BY i.batch_id ORDER BY i.id) AS before
             FROM wangge.incident i WHERE i.batch_id IS NOT NULL
           ), judged AS (
             SELECT batch_id, id, no, link,
               coalesce(link = encode(sha256(convert_to(batch_id || said, 'UTF8')), 'hex'), false) AS begins,
               coalesce(link = encode(sha256(convert_to(before || said, 'UTF8')), 'hex'), false) AS follows
             FROM written
           ), run AS (
             SELECT batch_id, run, count(*)::text AS rows, (array_agg(link ORDER BY id DESC))[1] AS link
             FROM (SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY batch_id ORDER BY id) AS run FROM judged) j
             GROUP BY batch_id, run
           ), told AS (
             SELECT subject::bigint AS batch_id, body ->> 'rows' AS rows, body ->> 'link' AS link
             FROM wangge.event WHERE kind = 'incident.batch' AND body ? 'link' AND subject ~ '^[0-9]{1,18}$'
           ), parted AS (
             SELECT batch_id, no FROM judged WHERE NOT (begins OR follows)
           )
           SELECT batch_id, no FROM parted
           UNION ALL
           SELECT DISTINCT batch_id, '' FROM run FULL JOIN told t USING (batch_id, rows, link)
           WHERE (run IS NULL OR t IS NULL) AND batch_id NOT IN (SELECT batch_id FROM parted)
           ORDER BY 1, 2""",
    )
    return tuple(BrokenBatch(batch, no) for batch, no in rows)


def _copy(conn: connection, names: Sequence[str], lines: Sequence[str]) -> None:
    try:
        copy_in(conn, "incident", names, lines)
    except UniqueViolation as error:
        raise Conflict("one of these reports has come in meanwhile by another way: load the file again") from error
