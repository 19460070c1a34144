"""Words and contacts of people are erased: contacts when their time is over, the words of one incident when somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.store.log import record
from data.store.sql import many, one, run

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg2.extensions import connection

KEPT_DAYS = 180
"""For so long after the end of an incident it is kept who reported it, where the settings do not say."""


def erase_contacts(conn: connection, before: datetime) -> int:
    """Erase who reported what was archived, rejected or made void before a moment, as the store's owner; return of how many.

    Also what others than the handler see of a number. The log has the count, and nobody's name.
    """
    run(conn, "BEGIN")
    try:
        erased = many(
            conn,
            """DELETE FROM wangge.incident_contact c USING wangge.incident i
               WHERE i.no = c.no AND i.state IN ('archived', 'rejected', 'voided') AND i.at < %s RETURNING i.id""",
            [before],
        )
        if erased:
            ids = [number for (number,) in erased]
            run(conn, "UPDATE wangge.incident SET contact = '' WHERE id = ANY (%s) AND contact <> ''", [ids])
            run(conn, "UPDATE wangge.incident_past SET contact = '' WHERE id = ANY (%s) AND contact <> ''", [ids])
            record(conn, "contact.erased", path=None, body={"count": len(ids), "ended_before": before.isoformat()})
    except BaseException:
        run(conn, "ROLLBACK")
        raise
    run(conn, "COMMIT")
    return len(erased)


def erase_words(conn: connection, no: str, now: datetime) -> bool:
    """Erase what was said in words of an incident, now and in every row that was; say whether the caller may, for a district.

    Of what is over, who reported it is erased with them.
    """
    (done,) = one(conn, "SELECT wangge.erase_words(%s, %s)", [no, now])
    return done
