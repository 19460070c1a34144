"""Organisations in the store: departments, hotlines, units and command centers, and who belongs to them.

Each area has its command center by construction; the others are made by whoever manages staff there, renamed and ended. Nobody
sees people for that: members are named by their login, and shown by their name.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

from psycopg2.errors import ExclusionViolation, InsufficientPrivilege, UniqueViolation

from data.store.incidents import ENDED
from data.store.sql import many, maybe, one, run
from gis.errors import Conflict, NotFound, ParameterError, Refused

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import datetime

    from psycopg2.extensions import connection

    from data.store.plans import AreaRow

CENTER = "command_center"


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """An organisation; `area` is the code of the area that it works for, `name` of a center that area's."""

    id: int
    code: str
    kind: str
    tier: str
    name: str
    area: str | None
    path: str
    active: bool
    principal: str | None
    """Who answers for it in person, as one of the staff."""
    principal_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who belongs to an organisation, did or will."""

    id: int
    person: str
    name: str
    is_duty_chief: bool
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgFilter:
    """What a list is narrowed by; None leaves it open. `area` is a path."""

    area: str | None = None
    kind: str | None = None
    tier: str | None = None
    active: bool | None = None
    has_principal: bool | None = None


_SELECT: LiteralString = """SELECT o.id, o.code, o.kind, o.tier,
      CASE WHEN o.name <> '' THEN o.name ELSE coalesce((
        SELECT v.name FROM wangge.area_version v WHERE v.area_id = o.area_id ORDER BY lower(v.valid) DESC LIMIT 1), '') END,
      a.code, o.path::text, o.active, o.principal_id::text, s.name
    FROM wangge.org o LEFT JOIN wangge.area a ON a.id = o.area_id LEFT JOIN wangge.staff s ON s.id = o.principal_id """


def list_orgs(conn: connection, wanted: OrgFilter, *, after: str, limit: int) -> list[Org]:
    """Return the organisations that the caller may see, by code; those after the code `after`."""
    rows = many(
        conn,
        _SELECT
        + """WHERE o.code > %(after)s
             AND (%(area)s::ltree IS NULL OR o.path <@ %(area)s::ltree)
             AND (%(kind)s::text IS NULL OR o.kind = %(kind)s)
             AND (%(tier)s::text IS NULL OR o.tier = %(tier)s)
             AND (%(active)s::boolean IS NULL OR o.active = %(active)s)
             AND (%(principal)s::boolean IS NULL OR (o.principal_id IS NOT NULL) = %(principal)s)
             ORDER BY o.code LIMIT %(limit)s""",
        {
            "after": after, "limit": limit, "area": wanted.area, "kind": wanted.kind, "tier": wanted.tier,
            "active": wanted.active, "principal": wanted.has_principal,
        },
    )  # fmt: skip
    return [Org(**dict(zip(Org.__slots__, row, strict=True))) for row in rows]


def get_org(conn: connection, code: str) -> Org:
    """Return one organisation; `NotFound` where there is none that the caller may see."""
    row = maybe(conn, _SELECT + "WHERE o.code = %s", [code])
    if row is None:
        raise NotFound(f"there is no organisation {code}, or it is not yours to see")
    return Org(**dict(zip(Org.__slots__, row, strict=True)))


def make_org(conn: connection, *, code: str, kind: str, name: str, area: AreaRow) -> Org:
    """Make an organisation that works for an area, on that area's tier."""
    if code.startswith("center:"):
        raise ParameterError("code", "codes that begin with center: are those of command centers, which nobody makes")
    tier = "district" if area.level == "city" else area.level
    with _explained():
        run(
            conn,
            "INSERT INTO wangge.org (code, kind, tier, name, area_id) VALUES (%s, %s, %s, %s, %s)",
            [code, kind, tier, name, area.id],
        )
    return get_org(conn, code)


def rename_org(conn: connection, org: Org, name: str) -> None:
    """Give an organisation another name; a command center without one is called after its area."""
    _change(conn, "UPDATE wangge.org SET name = %s WHERE id = %s", name, org)


def set_active(conn: connection, org: Org, *, active: bool) -> None:
    """End an organisation, or take it up again; one that still has incidents in hand does not end."""
    if org.kind == CENTER:
        raise Conflict("a command center lasts as long as its area", code="center-lasts")
    if not active:
        (open_ones,) = one(
            conn,
            "SELECT count(*) FROM wangge.incident WHERE owner_org = %s AND state <> ALL (%s)",
            [org.code, list(ENDED)],
        )
        if open_ones:
            raise Conflict(f"{org.code} has {open_ones} incidents in hand: give them to others first", code="org-in-use")
    _change(conn, "UPDATE wangge.org SET active = %s WHERE id = %s", active, org)


def set_principal(conn: connection, org: Org, staff: str | None) -> None:
    """Say who answers for an organisation in person: one of the staff whom the caller sees, or nobody."""
    if staff is not None:
        one(conn, "SELECT FROM wangge.staff WHERE id = %s AND status <> 'left'", [staff], what="member of staff")
    _change(conn, "UPDATE wangge.org SET principal_id = %s WHERE id = %s", staff, org)


def members(conn: connection, org: Org) -> list[Member]:
    """Return those who belong to an organisation, did or will, the earliest first."""
    rows = many(
        conn,
        "SELECT id, person_id::text, name, is_duty_chief, starts_at, ends_at FROM wangge.members_of(%s)",
        [org.id],
    )
    return [Member(**dict(zip(Member.__slots__, row, strict=True))) for row in rows]


def add_member(
    conn: connection, org: Org, login: str, *, is_duty_chief: bool, now: datetime, ends_at: datetime | None, by: str
) -> int:
    """Make somebody else a member from now on, by their login, and return the membership's number."""
    if org.kind == CENTER and not is_duty_chief:
        raise ParameterError(
            "is_duty_chief", "a command center's members are those with a role there; only its chiefs are named"
        )
    if ends_at is not None and ends_at <= now:
        raise ParameterError("ends_at", "must lie ahead")
    (person,) = one(conn, "SELECT wangge.person_called(%s)", [login])
    if person is None:
        raise NotFound(f"there is nobody with the login {login}")
    with _explained():
        (number,) = one(
            conn,
            """INSERT INTO wangge.org_member (org_id, person_id, is_duty_chief, valid, added_by)
               VALUES (%s, %s, %s, tstzrange(%s, %s), %s) RETURNING id""",
            [org.id, person, is_duty_chief, now, ends_at, by],
        )
    return int(number)


def end_member(conn: connection, org: Org, number: int, *, now: datetime) -> None:
    """End a membership at once; `NotFound` where there is none that lasts."""
    touched = run(
        conn,
        """UPDATE wangge.org_member SET valid = tstzrange(lower(valid), greatest(lower(valid), %(now)s))
           WHERE id = %(number)s AND org_id = %(org)s AND (upper_inf(valid) OR upper(valid) > %(now)s)""",
        {"now": now, "number": number, "org": org.id},
    )
    if not touched:
        raise NotFound(f"{org.code} has no membership {number} that you may end")


def _change(conn: connection, statement: LiteralString, value: object, org: Org) -> None:
    with _explained():
        if not run(conn, statement, [value, org.id]):
            raise Refused("you manage no staff there; leave it to those who do")


@contextmanager
def _explained() -> Generator[None]:
    """Say in our words what the store refuses."""
    try:
        yield
    except InsufficientPrivilege as error:
        raise Refused("this needs the right to manage staff there, and nobody makes themself a member") from error
    except UniqueViolation as error:
        raise Conflict("an organisation has that code already", code="already-exists") from error
    except ExclusionViolation as error:
        raise Conflict("they are a member of it already", code="already-member") from error
