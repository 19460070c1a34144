"""The log: what was done, by whom and when. It is only ever added to, and each street's part is a chain of hashes.

An event's hash covers the one before it. A superuser who edits, deletes or cuts the tail leaves a chain that does not close;
`broken` finds the place. One who computes the whole chain anew is found only by comparing `heads` with a copy kept outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.extras import Json

from data.store.prepared import run_again
from data.store.sql import many

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg2.extensions import connection


# chain, seq, at, hash and xid are overwritten by the trigger; they only have to be there
_ADD = """INSERT INTO wangge.event (chain, seq, at, hash, path, kind, subject, body)
    VALUES ('', 0, now(), '', $1, $2, $3, $4)"""


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a chain does not close: the first event that does not follow from the one before."""

    chain: str
    seq: int
    what: str
    """`edited`, `missing` (events before it are gone) or `cut` (events after it are gone)."""


def record(conn: connection, kind: str, *, path: str | None, subject: str = "", body: Mapping[str, Any] | None = None) -> None:
    """Add an event; time, person, number and hash are given by the store."""
    run_again(conn, _ADD, [path, kind, subject, Json(dict(body or {}))])


def broken(conn: connection) -> tuple[Break, ...]:
    """Return every place where a chain does not close; none means that nothing was changed, removed or cut off.

    Asked by the owner of the store: a caller bound by policies would see gaps that are none.
    """
    rows = many(
        conn,
        """WITH linked AS (
             SELECT e.chain, e.seq,
               e.hash = wangge.event_hash(
                 coalesce(lag(e.hash) OVER w, sha256(convert_to(e.chain, 'UTF8'))), e) AS follows,
               coalesce(lag(e.seq) OVER w, 0) = e.seq - 1 AS next_to
             FROM wangge.event e WINDOW w AS (PARTITION BY e.chain ORDER BY e.seq))
           SELECT chain, seq, CASE WHEN next_to THEN 'edited' ELSE 'missing' END FROM linked WHERE NOT (follows AND next_to)
           UNION ALL
           SELECT h.chain, coalesce(max(e.seq), 0), 'cut'
           FROM wangge.event_head h LEFT JOIN wangge.event e USING (chain)
           GROUP BY h.chain, h.seq, h.hash
           HAVING coalesce(max(e.seq), 0) <> h.seq
               OR h.seq > 0 AND (array_agg(e.hash ORDER BY e.seq DESC))[1] <> h.hash
           ORDER BY 1, 2""",
    )
    return tuple(Break(chain, seq, what) for chain, seq, what in rows)


def heads(conn: connection) -> dict[str, tuple[int, str]]:
    """Return number and hash of the last event of each chain: to be printed or mailed, and compared with later."""
    return {
        chain: (seq, digest)
        for chain, seq, digest in many(conn, "SELECT chain, seq, encode(hash, 'hex') FROM wangge.event_head ORDER BY chain")
    }
