"""Staff in the store: those who work in grids, most of whom never sign in, and their leave.

What is personal (education, party, year of birth, account) is seen by whoever may manage them, and not by their colleagues.
Whoever leaves keeps no post; who has left stays, for what they did is in the log.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.errors import CheckViolation, ExclusionViolation, InsufficientPrivilege, UniqueViolation
from psycopg2.sql import SQL, Identifier

from data.store.incidents import ENDED
from data.store.sql import many, maybe, one, run
from gis.errors import Conflict, NotFound, ParameterError, Refused

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Somebody who works in grids; `area` is the code of who employs them. What the caller may not know is None or empty."""

    id: str
    number: str | None
    name: str
    area: str | None
    path: str
    phone: str
    status: str
    is_trained: bool
    person: str | None
    """Their account, for those who sign in."""
    source: str
    is_party_member: bool | None
    education: str
    birth_year: int | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Days on which somebody is away; `valid_to` is the day on which they are back."""

    id: int
    staff: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffFilter:
    """What a list is narrowed by; None leaves it open. `area` is a path: who is employed or posted there."""

    area: str | None = None
    status: str | None = None
    role: str | None = None
    is_posted: bool | None = None
    text: str = ""


_SELECT = SQL(
    """SELECT s.id::text, s.number, s.name, a.code, s.path::text, s.phone, s.status, s.is_trained,
      CASE WHEN o.own THEN s.person_id::text END, CASE WHEN o.own THEN s.source ELSE '' END,
      CASE WHEN o.own THEN s.is_party_member END, CASE WHEN o.own THEN s.education ELSE '' END,
      CASE WHEN o.own THEN s.birth_year END, s.created_at, s.updated_at
    FROM wangge.staff s LEFT JOIN wangge.area a ON a.id = s.area_id
      CROSS JOIN LATERAL (SELECT s.path <@ ANY ((SELECT wangge.scope(2))::ltree[]) AS own) o """
)
"""Whoever may manage somebody sees drafts there, and the policies know no ceiling of their own for staff."""
CHANGEABLE = (
    "number", "name", "person_id", "area_id", "phone", "status", "is_trained", "source", "is_party_member", "education",
    "birth_year",
)  # fmt: skip
"""The columns that whoever manages staff says."""


def list_staff(conn: connection, wanted: StaffFilter, *, day: date, after: str | None, limit: int) -> list[Staff]:
    """Return the staff that the caller may see, by name; those after the one with the id `after`. Posts are those of `day`."""
    rows = many(
        conn,
        _SELECT
        + SQL("""WHERE (%(after)s::uuid IS NULL OR (s.name COLLATE "C", s.id) > (
               SELECT l.name COLLATE "C", l.id FROM wangge.staff l WHERE l.id = %(after)s::uuid))
             AND (%(area)s::ltree IS NULL OR s.path <@ %(area)s::ltree OR s.id IN (
               SELECT p.staff_id FROM wangge.post p WHERE p.path <@ %(area)s::ltree AND p.valid @> %(day)s::date))
             AND (%(status)s::text IS NULL OR s.status = %(status)s)
             AND (%(role)s::text IS NULL OR s.id IN (
               SELECT p.staff_id FROM wangge.post p WHERE p.role = %(role)s AND p.valid @> %(day)s::date))
             AND (%(posted)s::boolean IS NULL OR %(posted)s = (s.id IN (
               SELECT p.staff_id FROM wangge.post p WHERE p.valid @> %(day)s::date)))
             AND (%(text)s = '' OR s.name LIKE %(like)s OR s.number LIKE %(like)s)
             ORDER BY s.name COLLATE "C", s.id LIMIT %(limit)s"""),
        {
            "after": after, "limit": limit, "day": day, "area": wanted.area, "status": wanted.status, "role": wanted.role,
            "posted": wanted.is_posted, "text": wanted.text, "like": _begins_with(wanted.text),
        },
    )  # fmt: skip
    return [Staff(**dict(zip(Staff.__slots__, row, strict=True))) for row in rows]


def get_staff(conn: connection, staff: str) -> Staff:
    """Return one of the staff; `NotFound` where there is none that the caller may see."""
    row = maybe(conn, _SELECT + SQL("WHERE s.id = %s"), [staff])
    if row is None:
        raise NotFound("there is no such member of staff, or they are not yours to see")
    return Staff(**dict(zip(Staff.__slots__, row, strict=True)))


def add_staff(conn: connection, said: Mapping[str, Any], *, now: datetime) -> Staff:
    """Add somebody, of whom `said` tells columns of `CHANGEABLE`; `area_id` says who employs them."""
    names = _columns(said)
    statement = SQL("INSERT INTO wangge.staff ({}, created_at, updated_at) VALUES ({}, %s, %s) RETURNING id::text").format(
        SQL(", ").join(map(Identifier, names)), SQL(", ").join([SQL("%s")] * len(names))
    )
    with _explained():
        (staff,) = one(conn, statement, [*(said[name] for name in names), now, now])
    return get_staff(conn, staff)


def change_staff(conn: connection, staff: Staff, said: Mapping[str, Any], *, now: datetime, today: date) -> Staff:
    """Change columns of somebody's. A status goes forward only; whoever leaves gives up their posts from `today` on."""
    names = _columns(said)
    statement = SQL("UPDATE wangge.staff SET {}, updated_at = %s WHERE id = %s").format(
        SQL(", ").join(SQL("{} = %s").format(Identifier(name)) for name in names)
    )
    with _explained():
        if not run(conn, statement, [*(said[name] for name in names), now, staff.id]):
            raise Refused("you manage no staff where they are employed")
    if said.get("status") == LEFT:
        give_up_posts(conn, [staff.id], today)
    return get_staff(conn, staff.id)


def give_up_posts(conn: connection, staff: Sequence[str], day: date) -> None:
    """End what posts people have from a day on; those that would begin later are taken back."""
    run(
        conn,
        "DELETE FROM wangge.post WHERE staff_id = ANY (%s::uuid[]) AND lower(valid) >= %s",
        [list(staff), day],
    )
    run(
        conn,
        """UPDATE wangge.post SET valid = daterange(lower(valid), %(day)s)
           WHERE staff_id = ANY (%(staff)s::uuid[]) AND (upper_inf(valid) OR upper(valid) > %(day)s)""",
        {"staff": list(staff), "day": day},
    )


def account_of(conn: connection, login: str) -> str:
    """Return the account with a login; `ParameterError` where there is none that is used."""
    (person,) = one(conn, "SELECT wangge.person_called(%s)::text", [login])
    if person is None:
        raise ParameterError("login", f"there is nobody with the login {login}")
    return person


def open_incidents(conn: connection, staff: Staff, *, limit: int = 1000) -> list[str]:
    """Return the numbers of what somebody has in hand, as far as the caller sees it: it waits while they are away."""
    rows = many(
        conn,
        """SELECT i.no FROM wangge.incident i JOIN wangge.staff s ON s.person_id = i.owner_person
           WHERE s.id = %s AND i.state <> ALL (%s) ORDER BY i.no LIMIT %s""",
        [staff.id, list(ENDED), limit],
    )
    return [no for (no,) in rows]


# --- leave ------------------------------------------------------------------------------------------------------------------


def list_leave(conn: connection, staff: Staff) -> list[Leave]:
    """Return when somebody was, is and will be away, the earliest first."""
    rows = many(
        conn,
        "SELECT id, staff_id::text, lower(days), upper(days) FROM wangge.staff_leave WHERE staff_id = %s ORDER BY lower(days)",
        [staff.id],
    )
    return [Leave(**dict(zip(Leave.__slots__, row, strict=True))) for row in rows]


def add_leave(conn: connection, staff: Staff, *, valid_from: date, valid_to: date) -> Leave:
    """Say that somebody is away on days."""
    if valid_to <= valid_from:
        raise ParameterError("valid_to", "is the day on which they are back, so it comes after valid_from")
    with _explained():
        (number,) = one(
            conn,
            "INSERT INTO wangge.staff_leave (staff_id, days) VALUES (%s, daterange(%s, %s)) RETURNING id",
            [staff.id, valid_from, valid_to],
        )
    return Leave(id=number, staff=staff.id, valid_from=valid_from, valid_to=valid_to)


def end_leave(conn: connection, staff: Staff, number: int, day: date) -> None:
    """Say that somebody is back on `day`; leave that would begin then or later is taken back."""
    where = {"id": number, "staff": staff.id, "day": day}
    touched = run(
        conn, "DELETE FROM wangge.staff_leave WHERE id = %(id)s AND staff_id = %(staff)s AND lower(days) >= %(day)s", where
    )
    touched += run(
        conn,
        """UPDATE wangge.staff_leave SET days = daterange(lower(days), %(day)s)
           WHERE id = %(id)s AND staff_id = %(staff)s AND lower(days) < %(day)s AND upper(days) > %(day)s""",
        where,
    )
    if not touched:
        raise NotFound(f"they have no leave {number} that lasts on {day}, or it is not yours to end")


def _columns(said: Mapping[str, Any]) -> list[str]:
    names = [name for name in CHANGEABLE if name in said]
    if len(names) != len(said) or not names:
        raise ValueError(f"no columns of staff: {sorted(set(said) - set(CHANGEABLE))}")
    return names


def _begins_with(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


@contextmanager
def _explained() -> Generator[None]:
    """Say in our words what the store refuses."""
    try:
        yield
    except InsufficientPrivilege as error:
        raise Refused("this needs the right to manage staff where they are employed") from error
    except UniqueViolation as error:
        if error.diag.constraint_name == "staff_person_id_key":
            raise Conflict("that account is somebody else's already", code="account-taken") from error
        raise Conflict("somebody has that number already", code="already-exists") from error
    except CheckViolation as error:
        if error.diag.constraint_name != "staff_goes_forward":
            raise
        raise Conflict(f"a status goes forward only: {error.diag.message_primary}", code="status-backwards") from error
    except ExclusionViolation as error:
        raise Conflict("they are away on some of these days already", code="already-away") from error
