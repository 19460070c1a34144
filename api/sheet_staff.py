"""Who is named on a grid's sheet, from a list of staff or from the public card: only what was asked for, and nothing else.

The police have a line on every sheet; where forces are asked for, each has one with them, by what it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.duty.roles import FORCE_ROLES, FORCE_WORDS, DutyRole, label
from api.staff_file import read_staff_file
from gis.errors import InputError
from gis.finding import stops
from maps.sheets.values import FORCE, Post, Show, Told

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from api.lang import Lang
    from api.staff_file import PostSaid

LINES = {
    DutyRole.GRID_LEADER: "leader",
    DutyRole.DEPUTY_GRID_LEADER: "deputy",
    DutyRole.FULL_TIME_WORKER: "worker",
    DutyRole.PART_TIME_WORKER: "part_time",
    DutyRole.GRID_INSTRUCTOR: "instructor",
}
"""The roles that a sheet names, in the order of its lines."""
POLICE = {"police", "民警", "社区民警", "公安", "派出所"}
"""What lists call the police among the forces."""
ORDER = ("leader", "deputy", "worker", "police", "part_time", "instructor", FORCE)
ALWAYS = ("leader", "worker", "police")
"""Lines that every sheet has, to be written on where nobody is known."""


def sheet_staff(
    raw: bytes, day: date | None, show: Collection[Show], lang: Lang
) -> tuple[Mapping[str, tuple[Post, ...]], Mapping[str, Told]]:
    """Read a list of staff (`wangge staff load` reads the same); return by codes of grids their lines, and what else is told.

    The telephone is that of the office (办公电话), the only one that such a list has. With a `day` those who do not serve
    on it are left out.

    Raises
    ------
    InputError
        The list cannot be used; the findings say why.
    """
    said = read_staff_file(raw)
    if stops(said.findings):
        msg = "the list of staff cannot be used"
        raise InputError(msg, said.findings)
    people = {person.number: person.said for person in said.staff}
    found: dict[str, list[Post]] = {}
    services: dict[str, list[str]] = {}
    for post in said.posts:
        person = people.get(post.number, {})
        if person.get("status") == "left" or not _serves(post, day):
            continue
        called = label(FORCE_WORDS, post.kind, lang) if post.kind in FORCE_WORDS else post.kind
        line = line_of(str(post.role), post.kind, called, str(person.get("name", "")), str(person.get("phone", "")), show)
        if line is not None:
            found.setdefault(post.grid, []).append(line)
        services.setdefault(post.grid, []).extend(post.services)
    told = {grid: Told(services=tuple(dict.fromkeys(each))) for grid, each in services.items()}
    return {grid: lines_for(posts) for grid, posts in found.items()}, told if Show.SERVICES in show else {}


def card_staff(card: Mapping[str, Any], show: Collection[Show]) -> tuple[tuple[Post, ...], Told]:
    """Return the lines of a grid's sheet, and what else it tells, from its public card (`api/duty/card.py`)."""
    lines = (
        line_of(each["role"], each["kind"], each["kind_label"], each["name"], each["phone"], show) for each in card["people"]
    )
    forces = card["forces"] if Show.FORCES in show else None
    kinds = None if forces is None else (len(forces["present"]), int(forces["of"]))
    services = tuple(card["services"]) if Show.SERVICES in show else ()
    return lines_for(line for line in lines if line is not None), Told(kinds, services)


def lines_for(posts: Iterable[Post]) -> tuple[Post, ...]:
    """Return the lines of a sheet in their order, with those that every sheet has."""
    posts = list(posts)
    there = {post.role for post in posts}
    empty = [Post(role) for role in ALWAYS if role not in there and not (role == "police" and FORCE in there)]
    return tuple(sorted((*posts, *empty), key=lambda post: ORDER.index(post.role)))


def line_of(  # noqa: PLR0917 - one line, by its parts
    role: str, kind: str, called: str, name: str, phone: str, show: Collection[Show]
) -> Post | None:
    """Return the line of a sheet that somebody stands on, if sheets name such posts, with what may be printed of them."""
    line = LINES.get(DutyRole(role))
    if kind and role in FORCE_ROLES:
        line = FORCE if Show.FORCES in show else "police" if kind in POLICE else None
    if line is None:
        return None
    return Post(
        line,
        name if Show.NAMES in show else "",
        phone if Show.PHONES in show else "",
        called if line == FORCE else "",
    )


def _serves(post: PostSaid, day: date | None) -> bool:
    if day is None:
        return post.valid_to is None
    return (post.valid_from is None or post.valid_from <= day) and (post.valid_to is None or day < post.valid_to)
