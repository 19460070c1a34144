"""Who is named on a grid's sheet: from a list of staff, only what was asked for, and never more than the list's own columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.duty.roles import DutyRole
from api.staff_file import read_staff_file
from gis.errors import InputError
from gis.finding import stops
from maps.sheets.values import Post

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

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
ORDER = ("leader", "deputy", "worker", "police", "part_time", "instructor")
ALWAYS = ("leader", "worker", "police")
"""Lines that every sheet has, to be written on where nobody is known."""


def sheet_staff(raw: bytes, day: date | None, *, names: bool, phones: bool) -> Mapping[str, tuple[Post, ...]]:
    """Read a list of staff (`wangge staff load` reads the same); return the lines of each grid by its code.

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
    for post in said.posts:
        line = line_of(post.role, post.kind)
        person = people.get(post.number, {})
        if line is None or person.get("status") == "left" or not _serves(post, day):
            continue
        name = str(person.get("name", "")) if names else ""
        phone = str(person.get("phone", "")) if phones else ""
        found.setdefault(post.grid, []).append(Post(line, name, phone))
    return {grid: lines_for(posts) for grid, posts in found.items()}


def lines_for(posts: Iterable[Post]) -> tuple[Post, ...]:
    """Return the lines of a sheet in their order, with those that every sheet has."""
    posts = list(posts)
    there = {post.role for post in posts}
    empty = [Post(role) for role in ALWAYS if role not in there]
    return tuple(sorted((*posts, *empty), key=lambda post: ORDER.index(post.role)))


def line_of(role: DutyRole, kind: str) -> str | None:
    """Return the line of a sheet that a post stands on, if sheets name such posts."""
    if role is DutyRole.PROFESSIONAL_FORCE and kind in POLICE:
        return "police"
    return LINES.get(role)


def _serves(post: PostSaid, day: date | None) -> bool:
    if day is None:
        return post.valid_to is None
    return (post.valid_from is None or post.valid_from <= day) and (post.valid_to is None or day < post.valid_to)
