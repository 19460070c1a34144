"""Service orders in bulk: what another system knows of them comes in with its whole log, as if it had been done here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg2.extras import Json
from psycopg2.sql import SQL, Identifier

from data.store.orders import EVENT, STANDING
from data.store.sql import insert, one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from psycopg2.extensions import connection

_ARRIVAL = ("no", "path", "grid_code", "variant", "category", "title")
_ADD = SQL("INSERT INTO wangge.service_order ({}) VALUES %s").format(SQL(", ").join(map(Identifier, (*_ARRIVAL, *STANDING))))


def numbers(conn: connection, *, district: str, day: date, count: int) -> list[str]:
    """Return so many numbers of a district's day; whoever else wants one waits until this transaction ends."""
    (last,) = one(
        conn,
        """INSERT INTO wangge.order_number AS n (district, day, last) VALUES (%s, %s, %s)
           ON CONFLICT (district, day) DO UPDATE SET last = n.last + excluded.last RETURNING last""",
        [district, day, count],
    )
    return [f"O{day:%Y%m%d}{district}{serial:05d}" for serial in range(last - count + 1, last + 1)]


def load(
    conn: connection,
    orders: Sequence[tuple[Mapping[str, Any], Mapping[str, Any], Sequence[Mapping[str, Any]]]],
) -> None:
    """Write orders down, as the store's owner: of each what came, where it stands, and the records that say so, in order."""
    insert(
        conn,
        _ADD,
        [
            (*(arrival[name] for name in _ARRIVAL), *(standing[name] for name in STANDING))
            for arrival, standing, _ in orders
        ],
    )  # fmt: skip
    insert(
        conn,
        "INSERT INTO wangge.event (chain, seq, at, hash, path, kind, subject, body) VALUES %s",
        [
            (arrival["path"], f"{EVENT}{body['step']}", arrival["no"], Json({**body, "seq": seq}))
            for arrival, _, bodies in orders
            for seq, body in enumerate(bodies, 1)
        ],
        # The store gives the first four itself (data/store/log.py).
        template="('', 0, now(), '', %s, %s, %s, %s)",
    )
