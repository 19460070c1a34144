"""A list of staff and their posts comes in: what the store knows of it beforehand, and writing it by arrays.

Known again by their numbers, people are changed and not added twice. What the list does not name stays as it is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.store.log import record
from data.store.posts import explained
from data.store.sql import array_text, many, run, words_text
from data.store.staff import give_up_posts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffLine:
    """What is to be known of somebody."""

    number: str
    name: str
    area: int
    """The id of the area that employs them."""
    source: str = ""
    is_party_member: bool | None = None
    education: str = ""
    birth_year: int | None = None
    phone: str = ""
    is_trained: bool = False
    status: str = "selected"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLine:
    """A post that is to be there; `id` is that of the one that is there already, whose duties or end may differ."""

    number: str
    grid: str
    role: str
    kind: str
    letter: str | None
    duty_roles: tuple[str, ...]
    services: tuple[str, ...]
    channel: str
    valid_from: date
    valid_to: date | None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class KnownGrid:
    """A grid in which the caller manages staff, on days when it is in force."""

    community: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class KnownPost:
    """A post that is there, of whomever: its number, its holder's id and number, and what it says."""

    id: int
    staff: str
    number: str | None
    grid: str
    community: str
    role: str
    kind: str
    letter: str | None
    duty_roles: tuple[str, ...]
    services: tuple[str, ...]
    channel: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows of the numbers, areas and grids that a list names, as far as the caller manages staff there."""

    staff: Mapping[str, StaffLine]
    areas: Mapping[str, int]
    """Their ids, by code."""
    grids: Mapping[str, tuple[KnownGrid, ...]]
    area_of_community: Mapping[str, int]
    posts: tuple[KnownPost, ...]
    """Of the people by their numbers, and those with a letter on the grids."""
    by_number: Mapping[str | None, tuple[KnownPost, ...]]

    def posts_of(self, number: str) -> tuple[KnownPost, ...]:
        """Return the posts of somebody."""
        return self.by_number.get(number, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What became of a list; `taken` are numbers of people whom the caller does not see."""

    added: int
    changed: int
    unchanged: int
    posts_added: int
    posts_changed: int
    posts_unchanged: int
    taken: tuple[str, ...]


def look_up(conn: connection, *, numbers: Sequence[str], areas: Sequence[str], grids: Sequence[str]) -> Known:
    """Return what is known of a list; nobody else brings one in until the transaction ends."""
    run(conn, "SELECT pg_advisory_xact_lock(hashtextextended('wangge.staff', 0))")
    staff = many(
        conn,
        """SELECT number, name, area_id, source, is_party_member, education, birth_year, phone, is_trained, status
           FROM wangge.staff WHERE number = ANY (%s) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[])""",
        [list(numbers)],
    )
    found = many(
        conn,
        """SELECT code, id FROM wangge.area
           WHERE code = ANY (%s) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[])""",
        [list(areas)],
    )
    in_force: dict[str, list[KnownGrid]] = {}
    communities: dict[str, int] = {}
    for code, community, area, first, until in many(
        conn,
        """SELECT g.code, c.code, c.id, lower(g.in_force), upper(g.in_force)
           FROM wangge.grid g JOIN wangge.area c ON c.id = g.area_id
           WHERE g.code = ANY (%s) AND g.in_force IS NOT NULL AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[])""",
        [list(grids)],
    ):
        in_force.setdefault(code, []).append(KnownGrid(community, first, until))
        communities[community] = area
    posts = many(
        conn,
        """SELECT p.id, p.staff_id::text, s.number, p.grid_code, c.code, p.role, p.kind, p.letter, p.duty_roles, p.services,
             p.channel, lower(p.valid), upper(p.valid)
           FROM wangge.post p JOIN wangge.staff s ON s.id = p.staff_id JOIN wangge.area c ON c.id = p.area_id
           WHERE s.number = ANY (%s) OR (p.letter IS NOT NULL AND p.grid_code = ANY (%s))""",
        [list(numbers), list(grids)],
    )
    held = tuple(map(_known_post, posts))
    by_number: dict[str | None, list[KnownPost]] = {}
    for post in held:
        by_number.setdefault(post.number, []).append(post)
    return Known(
        staff={row[0]: _line(row) for row in staff},
        areas=dict(found),
        grids={code: tuple(each) for code, each in in_force.items()},
        area_of_community=communities,
        posts=held,
        by_number={number: tuple(each) for number, each in by_number.items()},
    )


def _line(row: tuple[Any, ...]) -> StaffLine:
    return StaffLine(**dict(zip(StaffLine.__slots__, row, strict=True)))


def _known_post(row: tuple[Any, ...]) -> KnownPost:
    said: dict[str, Any] = dict(zip(KnownPost.__slots__, row, strict=True))
    said |= {name: tuple(said[name]) for name in ("duty_roles", "services")}
    return KnownPost(**said)


def bring_in(
    conn: connection,
    staff: Sequence[StaffLine],
    posts: Sequence[PostLine],
    known: Known,
    *,
    now: datetime,
    today: date,
    digest: str,
) -> Brought:
    """Write a list that fits what is known. With numbers `taken` nothing must stay: whoever calls rolls back."""
    new = [line for line in staff if line.number not in known.staff]
    changed = [line for line in staff if line.number in known.staff and line != known.staff[line.number]]
    added = _add(conn, new, now)
    taken = tuple(line.number for line in new if line.number not in added)
    if not taken:
        _change(conn, changed, now)
        with explained():
            _post(conn, posts)
        left = many(
            conn,
            "SELECT id::text FROM wangge.staff WHERE number = ANY (%s)",
            [[line.number for line in changed if line.status == "left"]],
        )
        give_up_posts(conn, [one for (one,) in left], today)
    held = {post.id: post for post in known.posts}
    given = [post for post in posts if post.id is None]
    differing = [post for post in posts if post.id is not None and not _same(post, held[post.id])]
    brought = Brought(
        added=len(added),
        changed=len(changed),
        unchanged=len(staff) - len(new) - len(changed),
        posts_added=len(given),
        posts_changed=len(differing),
        posts_unchanged=len(posts) - len(given) - len(differing),
        taken=taken,
    )
    touched = {each.number for each in (*new, *changed, *given, *differing)}
    _note(conn, [line for line in staff if line.number in touched], digest)
    return brought


def _same(post: PostLine, held: KnownPost) -> bool:
    return (post.duty_roles, post.services, post.valid_to) == (held.duty_roles, held.services, held.valid_to)


_COLUMNS = ("number", "name", "area", "source", "is_party_member", "education", "birth_year", "phone", "is_trained", "status")


def _arrays(lines: Sequence[StaffLine]) -> list[list[object]]:
    return [[getattr(line, name) for line in lines] for name in _COLUMNS]


def _add(conn: connection, lines: Sequence[StaffLine], now: datetime) -> set[str]:
    """Add people and return their numbers: not of those whose number somebody has whom the caller does not see."""
    rows = many(
        conn,
        """INSERT INTO wangge.staff (number, name, area_id, source, is_party_member, education, birth_year, phone, is_trained,
             status, created_at, updated_at)
           SELECT l.*, %s, %s FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::boolean[], %s::text[],
             %s::smallint[], %s::text[], %s::boolean[], %s::text[]) AS l
           ON CONFLICT (number) DO NOTHING RETURNING number""",
        [now, now, *_arrays(lines)],
    )
    return {number for (number,) in rows}


def _change(conn: connection, lines: Sequence[StaffLine], now: datetime) -> None:
    run(
        conn,
        """UPDATE wangge.staff AS s SET name = l.name, area_id = l.area, source = l.source,
             is_party_member = l.is_party_member, education = l.education, birth_year = l.birth_year, phone = l.phone,
             is_trained = l.is_trained, status = l.status, updated_at = %s
           FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::boolean[], %s::text[], %s::smallint[], %s::text[],
             %s::boolean[], %s::text[])
             AS l (number, name, area, source, is_party_member, education, birth_year, phone, is_trained, status)
           WHERE s.number = l.number""",
        [now, *_arrays(lines)],
    )


def _post(conn: connection, posts: Sequence[PostLine]) -> None:
    new = [post for post in posts if post.id is None]
    run(
        conn,
        """INSERT INTO wangge.post (staff_id, grid_code, role, kind, letter, duty_roles, services, channel, valid)
           SELECT s.id, l.grid, l.role, l.kind, l.letter, l.duties::text[], l.services::text[], l.channel,
             daterange(l.first, l.until)
           FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
             %s::date[], %s::date[]) WITH ORDINALITY
             AS l (number, grid, role, kind, letter, duties, services, channel, first, until, n)
             JOIN wangge.staff s ON s.number = l.number
           ORDER BY l.n""",
        [
            [post.number for post in new],
            [post.grid for post in new],
            [post.role for post in new],
            [post.kind for post in new],
            [post.letter for post in new],
            [array_text(post.duty_roles) for post in new],
            [words_text(post.services) for post in new],
            [post.channel for post in new],
            [post.valid_from for post in new],
            [post.valid_to for post in new],
        ],
    )
    kept = [post for post in posts if post.id is not None]
    run(
        conn,
        """UPDATE wangge.post AS p SET duty_roles = l.duties::text[], services = l.services::text[],
             valid = daterange(lower(p.valid), l.until)
           FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::date[]) AS l (id, duties, services, until)
           WHERE p.id = l.id AND (p.duty_roles, p.services, upper(p.valid))
             IS DISTINCT FROM (l.duties::text[], l.services::text[], l.until)""",
        [
            [post.id for post in kept],
            [array_text(post.duty_roles) for post in kept],
            [words_text(post.services) for post in kept],
            [post.valid_to for post in kept],
        ],
    )


def _note(conn: connection, lines: Sequence[StaffLine], digest: str) -> None:
    """Log a list where its people are employed, without their names."""
    counted = Counter(line.area for line in lines)
    paths = many(conn, "SELECT id, path::text FROM wangge.area WHERE id = ANY (%s) ORDER BY id", [list(counted)])
    for area, path in paths:
        record(conn, "staff.imported", path=path, body={"digest": digest, "staff": counted[area]})
