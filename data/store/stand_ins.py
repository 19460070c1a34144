"""Who no longer does what they have in hand, and who answers for a grid in their stead. For the owner of the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.store.sql import many

if TYPE_CHECKING:
    from datetime import date

    from psycopg2.extensions import connection

IN_HAND = ("accepted", "assigned", "in_progress", "suspended")
"""The states in which a person may have an incident in hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An incident whose owner is not there: its number, the owner, and why (a word of `HandOverReason`)."""

    no: str
    owner: str
    reason: str


def waiting(conn: connection, today: date, zone: str, limit: int) -> list[Waiting]:
    """Lock and return incidents that people have in hand who are away today, have left, or are its grid's no more.

    Whoever got one as the grid's own, by a post there on that day of `zone`, has it for as long as they hold a post on its
    grid. Who was given it from elsewhere keeps it until they are away. What somebody else has locked is left to them.
    """
    rows = many(
        conn,
        """SELECT i.no, i.owner_person::text,
             CASE WHEN s.status = 'left' THEN 'left' WHEN away.today THEN 'leave'
                  WHEN got.grid_code IS DISTINCT FROM i.grid_code THEN 'rehomed' ELSE 'post_ended' END
           FROM wangge.incident i JOIN wangge.staff s ON s.person_id = i.owner_person
             CROSS JOIN LATERAL (SELECT EXISTS (
               SELECT FROM wangge.staff_leave l WHERE l.staff_id = s.id AND l.days @> %(today)s::date) AS today) away
             CROSS JOIN LATERAL (
               -- As it was when it came to them: the row after the last that was another's.
               SELECT r.grid_code, (r.at AT TIME ZONE %(zone)s)::date AS day FROM (
                 SELECT p.revision, p.grid_code, p.at FROM wangge.incident_past p WHERE p.id = i.id
                 UNION ALL SELECT i.revision, i.grid_code, i.at) r
               WHERE r.revision = 1 + coalesce((SELECT max(p.revision) FROM wangge.incident_past p
                 WHERE p.id = i.id AND p.owner_person IS DISTINCT FROM i.owner_person), 0)) got
           WHERE i.owner_person IS NOT NULL AND i.state = ANY (%(states)s)
             AND (s.status = 'left' OR away.today OR (i.tier = 1
               AND NOT EXISTS (SELECT FROM wangge.post p WHERE p.staff_id = s.id AND p.letter IS NOT NULL
                 AND p.grid_code = i.grid_code AND p.valid @> %(today)s::date)
               AND EXISTS (SELECT FROM wangge.post p WHERE p.staff_id = s.id AND p.letter IS NOT NULL
                 AND p.grid_code = got.grid_code AND (p.valid @> got.day OR upper(p.valid) = got.day))))
           ORDER BY i.id LIMIT %(limit)s FOR UPDATE OF i SKIP LOCKED""",
        {"today": today, "zone": zone, "states": list(IN_HAND), "limit": limit},
    )
    return [Waiting(no=no, owner=owner, reason=reason) for no, owner, reason in rows]


def answering(conn: connection, grid: str, today: date) -> list[str]:
    """Return those who answer for a grid today, A before B, by their accounts; nobody who is away, or never signs in."""
    rows = many(
        conn,
        """SELECT s.person_id::text FROM wangge.post p JOIN wangge.staff s ON s.id = p.staff_id
           WHERE p.grid_code = %(grid)s AND p.letter IS NOT NULL AND p.valid @> %(today)s::date AND s.status <> 'left'
             AND s.person_id IS NOT NULL
             AND NOT EXISTS (SELECT FROM wangge.staff_leave l WHERE l.staff_id = s.id AND l.days @> %(today)s::date)
           ORDER BY p.letter""",
        {"grid": grid, "today": today},
    )
    return [person for (person,) in rows]
