"""Posts on grids: who is what on which grid, from day to day, and who answers for a grid today.

Two full-time workers of a community stand in for each other (AB岗): whoever has A of a grid answers for it, and while they are
away whoever has B. That they are two, and of one community, the store sees to.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg2.errors import ExclusionViolation, ForeignKeyViolation, InsufficientPrivilege

from data.store.sql import many, maybe, one, run
from gis.errors import Conflict, NotFound, ParameterError, Refused

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from datetime import date

    from psycopg2.extensions import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post of somebody's; `in_force` says whether its grid is, on the day that was asked for."""

    id: int
    staff: str
    staff_number: str | None
    staff_name: str
    grid: str
    community: str | None
    path: str
    role: str
    kind: str
    letter: str | None
    duty_roles: tuple[str, ...]
    services: tuple[str, ...]
    channel: str
    valid_from: date
    valid_to: date | None
    in_force: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPost:
    """A post that is to be given; `valid_to` None: until it is ended."""

    staff: str
    grid: str
    role: str
    valid_from: date
    valid_to: date | None = None
    kind: str = ""
    letter: str | None = None
    duty_roles: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFilter:
    """What a list is narrowed by; None leaves it open. `area` is a path; `is_orphaned`: whether the grid is gone."""

    area: str | None = None
    grid: str | None = None
    staff: str | None = None
    role: str | None = None
    is_orphaned: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody who holds post A or B."""

    id: str
    name: str
    is_away: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Who stands for a grid on a day."""

    grid: str
    name: str
    community: str | None
    a: Holder | None
    b: Holder | None

    @property
    def answering(self) -> Holder | None:
        """Whoever answers for it: A, or B while A is away or nobody; None where neither is there."""
        return next((holder for holder in (self.a, self.b) if holder is not None and not holder.is_away), None)


_SELECT: LiteralString = """SELECT p.id, p.staff_id::text, s.number, coalesce(s.name, ''), p.grid_code, a.code, p.path::text,
      p.role, p.kind, p.letter, p.duty_roles, p.services, p.channel, lower(p.valid), upper(p.valid),
      wangge.grid_is_in_force(p.grid_code, %(day)s)
    FROM wangge.post p LEFT JOIN wangge.staff s ON s.id = p.staff_id LEFT JOIN wangge.area a ON a.id = p.area_id """


def list_posts(conn: connection, wanted: PostFilter, *, day: date, after: int, limit: int) -> list[Post]:
    """Return the posts of a day that the caller may see, in the order in which they were given; those after number `after`."""
    rows = many(
        conn,
        _SELECT
        + """WHERE p.id > %(after)s AND p.valid @> %(day)s::date
             AND (%(area)s::ltree IS NULL OR p.path <@ %(area)s::ltree)
             AND (%(grid)s::text IS NULL OR p.grid_code = %(grid)s)
             AND (%(staff)s::uuid IS NULL OR p.staff_id = %(staff)s::uuid)
             AND (%(role)s::text IS NULL OR p.role = %(role)s)
             AND (%(orphaned)s::boolean IS NULL OR wangge.grid_is_in_force(p.grid_code, %(day)s) <> %(orphaned)s)
             ORDER BY p.id LIMIT %(limit)s""",
        {
            "after": after, "day": day, "limit": limit, "area": wanted.area, "grid": wanted.grid, "staff": wanted.staff,
            "role": wanted.role, "orphaned": wanted.is_orphaned,
        },
    )  # fmt: skip
    return list(map(_post, rows))


def posts_of(conn: connection, staff: str, *, day: date) -> list[Post]:
    """Return every post that somebody has, had or will have, the earliest first."""
    rows = many(conn, _SELECT + "WHERE p.staff_id = %(staff)s ORDER BY lower(p.valid), p.id", {"staff": staff, "day": day})
    return list(map(_post, rows))


def get_post(conn: connection, number: int, *, day: date) -> Post:
    """Return one post; `NotFound` where there is none that the caller may see."""
    row = maybe(conn, _SELECT + "WHERE p.id = %(number)s", {"number": number, "day": day})
    if row is None:
        raise NotFound(f"there is no post {number}, or it is not yours to see")
    return _post(row)


def give_post(conn: connection, wanted: NewPost) -> int:
    """Give somebody a post on a grid that is in force on its first day, and return the post's number."""
    if wanted.valid_to is not None and wanted.valid_to <= wanted.valid_from:
        raise ParameterError("valid_to", "is the first day without the post, so it comes after valid_from")
    (in_force,) = one(conn, "SELECT wangge.grid_is_in_force(%s, %s)", [wanted.grid, wanted.valid_from])
    if not in_force:
        raise ParameterError("grid", f"no grid {wanted.grid} is in force on {wanted.valid_from}")
    with explained():
        (number,) = one(
            conn,
            """INSERT INTO wangge.post (staff_id, grid_code, role, kind, letter, duty_roles, services, channel, valid)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, daterange(%s, %s)) RETURNING id""",
            [
                wanted.staff, wanted.grid, wanted.role, wanted.kind, wanted.letter, list(wanted.duty_roles),
                list(wanted.services), wanted.channel, wanted.valid_from, wanted.valid_to,
            ],
        )  # fmt: skip
        # Whoever has a post is past their training; who was further already stays there.
        run(
            conn,
            "UPDATE wangge.staff SET status = 'assigned' WHERE id = %s AND status IN ('selected', 'trained')",
            [wanted.staff],
        )
    return int(number)


def end_post(conn: connection, number: int, day: date) -> None:
    """End a post so that `day` is the first without it; one that would begin then or later is taken back."""
    where = {"id": number, "day": day}
    touched = run(conn, "DELETE FROM wangge.post WHERE id = %(id)s AND lower(valid) >= %(day)s", where)
    touched += run(
        conn,
        """UPDATE wangge.post SET valid = daterange(lower(valid), %(day)s)
           WHERE id = %(id)s AND lower(valid) < %(day)s AND (upper_inf(valid) OR upper(valid) > %(day)s)""",
        where,
    )
    if not touched:
        raise NotFound(f"there is no post {number} that lasts on {day}, or it is not yours to end")


def set_duties(conn: connection, number: int, duty_roles: Sequence[str]) -> None:
    """Say what somebody does in their grid (五员)."""
    if not run(conn, "UPDATE wangge.post SET duty_roles = %s WHERE id = %s", [list(duty_roles), number]):
        raise NotFound(f"there is no post {number} that is yours to change")


def set_services(conn: connection, number: int, services: Sequence[str]) -> None:
    """Say what somebody does for people in their grid (服务项目)."""
    if not run(conn, "UPDATE wangge.post SET services = %s WHERE id = %s", [list(services), number]):
        raise NotFound(f"there is no post {number} that is yours to change")


def duty_on(conn: connection, day: date, *, area: str | None = None, grid: str | None = None) -> list[Duty]:
    """Return who stands for each grid of the caller's on a day, by code; those in the area with that path, or the one grid."""
    rows = many(
        conn,
        """WITH holder AS (
             SELECT p.grid_code, p.letter, s.id::text AS staff, s.name, EXISTS (
               SELECT FROM wangge.staff_leave l WHERE l.staff_id = s.id AND l.days @> %(day)s::date) AS is_away
             FROM wangge.post p JOIN wangge.staff s ON s.id = p.staff_id
             WHERE p.letter IS NOT NULL AND p.valid @> %(day)s::date AND s.status <> 'left'
           )
           SELECT g.code, g.name, c.code, a.staff, a.name, a.is_away, b.staff, b.name, b.is_away
           FROM wangge.grid g LEFT JOIN wangge.area c ON c.id = g.area_id
             LEFT JOIN holder a ON a.grid_code = g.code AND a.letter = 'A'
             LEFT JOIN holder b ON b.grid_code = g.code AND b.letter = 'B'
           WHERE g.in_force IS NOT NULL AND g.in_force @> %(day)s::date
             AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[])
             AND (%(area)s::ltree IS NULL OR g.path <@ %(area)s::ltree)
             AND (%(grid)s::text IS NULL OR g.code = %(grid)s)
           ORDER BY g.code COLLATE "C" """,
        {"day": day, "area": area, "grid": grid},
    )
    return [
        Duty(grid=code, name=name, community=community, a=_holder(*rest[:3]), b=_holder(*rest[3:]))
        for code, name, community, *rest in rows
    ]


def present_on(conn: connection, day: date) -> list[tuple[str, int, bool]]:
    """Return each post of a day on grids that the caller sees inside of: the grid, whose it is, whether they are on leave.

    Whose it is is a number that says no more than that two posts are one person's.
    """
    return many(
        conn,
        """SELECT p.grid_code, dense_rank() OVER (ORDER BY p.staff_id)::integer, EXISTS (
             SELECT FROM wangge.staff_leave l WHERE l.staff_id = s.id AND l.days @> %(day)s::date)
           FROM wangge.post p JOIN wangge.staff s ON s.id = p.staff_id
             JOIN wangge.grid g ON g.code = p.grid_code AND g.in_force @> %(day)s::date
           WHERE p.valid @> %(day)s::date AND s.status <> 'left' AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[])
             AND wangge.sees_category(g.kind)
           ORDER BY p.grid_code COLLATE "C", 2""",
        {"day": day},
    )


def _holder(staff: str | None, name: str, is_away: bool) -> Holder | None:  # noqa: FBT001 - a column of a row
    return None if staff is None else Holder(id=staff, name=name, is_away=is_away)


def _post(row: tuple[Any, ...]) -> Post:
    said: dict[str, Any] = dict(zip(Post.__slots__, row, strict=True))
    said |= {name: tuple(said[name]) for name in ("duty_roles", "services")}
    return Post(**said)


@contextmanager
def explained() -> Generator[None]:
    """Say in our words what the store refuses."""
    try:
        yield
    except InsufficientPrivilege as error:
        raise Refused("this needs the right to manage staff where the grid lies") from error
    except ForeignKeyViolation as error:
        raise NotFound("there is no such grid or member of staff") from error
    except ExclusionViolation as error:
        code, message = _EXCLUDED[error.diag.constraint_name or ""]
        raise Conflict(message, code=code) from error


_EXCLUDED = {
    "post_once": ("already-posted", "they have that role on that grid then already; A and B of a grid are two people"),
    "one_of_a_letter": ("letter-taken", "somebody has that letter on that grid then already: end their post first"),
    "pair_in_community": (
        "pair-outside",
        "workers stand in for each other inside one community, and they have a letter in another",
    ),
}
