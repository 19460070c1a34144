"""Whether a list of staff fits what the store knows: every fault at once, and what is to be written where there is none."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from api.duty.roles import STATUS_WORDS
from api.staff_file import HEADINGS, finding
from data.store.staff_import import PostLine, StaffLine
from gis.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from api.staff_file import PostSaid, StaffFile, StaffSaid
    from data.store.staff_import import Known, KnownPost
    from gis.finding import Finding

_STATUSES = tuple(STATUS_WORDS)
_FIELDS = {
    "name": "name", "source": "source", "party_member": "is_party_member", "education": "education", "phone": "phone",
    "birth_year": "birth_year", "trained": "is_trained", "status": "status",
}  # fmt: skip
"""The columns of a file by which the fields of `StaffLine` are said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What is to be written, and everything that was found: where an error is among it, nothing is."""

    staff: tuple[StaffLine, ...]
    posts: tuple[PostLine, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """A post that somebody will have, with where it is said: a row of the file, or 0 for one that is there and stays."""

    row: int
    number: str | None
    grid: str
    community: str
    role: str
    letter: str | None
    first: date
    until: date | None

    def meets(self, other: _Held) -> bool:
        """Say whether both last on some day."""
        return (other.until is None or self.first < other.until) and (self.until is None or other.first < self.until)


def fit(file: StaffFile, known: Known, today: date) -> Fitted:
    """Judge a list that is sound by itself; posts begin `today` where it does not say when."""
    found: list[Finding] = []
    held: list[_Held] = []
    posts = [line for said in file.posts if (line := _post(said, known, today, held, found)) is not None]
    kept = {line.id for line in posts}
    held += [_held(post) for post in known.posts if post.id not in kept]
    _find_clashes(held, found)
    first_grid = {said.number: said.grid for said in reversed(file.posts)}
    open_posts = {said.number: said for said in reversed(file.posts) if said.valid_to is None or said.valid_to > today}
    staff = [
        line
        for said in file.staff
        if (line := _person(said, known, first_grid.get(said.number), open_posts.get(said.number), found)) is not None
    ]
    _remark_stand_ins(file, held, found)
    found.sort(key=lambda each: (each.row or 0, each.field or ""))
    return Fitted(staff=tuple(staff), posts=tuple(posts), findings=tuple(found))


# --- people -----------------------------------------------------------------------------------------------------------------


def _person(said: StaffSaid, known: Known, grid: str | None, posted: PostSaid | None, found: list[Finding]) -> StaffLine | None:
    before = known.staff.get(said.number)
    area = _area(said, known, grid, before, found)
    name = said.said.get("name") or (None if before is None else before.name)
    if name is None:
        _say(found, "empty_value", said.row, "name", "is empty, and nobody is known by that number", "为空，且没有该工号的人员")
    if name is None or area is None:
        return None
    base = before or StaffLine(number=said.number, name=str(name), area=area)
    values: Mapping[str, Any] = {_FIELDS[key]: value for key, value in said.said.items() if key in _FIELDS}
    line = replace(base, **(asdict(base) | {"area": area} | dict(values)))
    if before is not None and _STATUSES.index(line.status) < _STATUSES.index(before.status):
        en = f"= {line.status} goes back from {before.status}; a status goes forward only"
        zh = f"由 {STATUS_WORDS[before.status][0]} 退回 {STATUS_WORDS[line.status][0]}；状态只能向前"
        _say(found, "status_backwards", said.row, "status", en, zh)
    if posted is not None and line.status == "left":
        _say(found, "left_with_post", posted.row, "grid", "is given to somebody who has left", "分配给了已离岗人员")
    if posted is not None and line.status in {"selected", "trained"}:
        if line.status == "selected" and not line.is_trained:
            en = f"is given to {said.number}, who has not been trained"
            _say(found, "untrained", posted.row, "grid", en, f"分配给了未经培训的 {said.number}", Severity.WARNING)
        return replace(line, status="assigned")
    return line


def _area(said: StaffSaid, known: Known, grid: str | None, before: StaffLine | None, found: list[Finding]) -> int | None:
    """Return who employs somebody: as the file says, as it is known, or else the community of their first grid."""
    code = said.said.get("area")
    if code is not None:
        area = known.areas.get(str(code))
        if area is None:
            en = f"= {code!r} is no area in which you manage staff"
            _say(found, "unknown_area", said.row, "area", en, f"= {code!r} 不是您可管理人员的区域")
        return area
    if before is not None:
        return before.area
    if grid is None:
        _say(found, "empty_value", said.row, "area", "is empty, and no grid says where they work", "为空，且没有网格可供推断")
        return None
    grids = known.grids.get(grid)
    return None if grids is None else known.area_of_community[grids[0].community]


# --- posts ------------------------------------------------------------------------------------------------------------------


def _post(said: PostSaid, known: Known, today: date, held: list[_Held], found: list[Finding]) -> PostLine | None:
    first = said.valid_from or today
    there = next(
        (
            post for post in known.posts_of(said.number)
            if (post.grid, post.role) == (said.grid, said.role) and (post.valid_to is None or post.valid_to > first)
        ),
        None,
    )  # fmt: skip
    until = said.valid_to if there is None or said.valid_to is not None else there.valid_to
    if until is not None and until <= first:
        _say(found, "upside_down", said.row, "valid_to", "does not come after the first day", "不晚于起始日期")
        return None
    grid = next(
        (g for g in known.grids.get(said.grid, ()) if g.valid_from <= first and (g.valid_to is None or first < g.valid_to)),
        None,
    )
    if grid is None and there is None:
        en = f"= {said.grid!r} is no grid that is in force on {first} where you manage staff"
        _say(found, "unknown_grid", said.row, "grid", en, f"= {said.grid!r} 在 {first} 不是您可管理人员的现行网格")
        return None
    if there is not None and not _continues(said, there, first, until, today, found):
        return None
    community = there.community if grid is None and there is not None else "" if grid is None else grid.community
    begun = first if there is None else there.valid_from
    held.append(_Held(said.row, said.number, said.grid, community, said.role, said.letter, begun, until))
    return PostLine(
        number=said.number,
        grid=said.grid,
        role=str(said.role),
        kind=said.kind,
        letter=said.letter,
        duty_roles=said.duty_roles or (() if there is None else there.duty_roles),
        services=said.services or (() if there is None else there.services),
        channel=said.channel,
        valid_from=begun,
        valid_to=until,
        id=None if there is None else there.id,
    )


def _continues(  # noqa: PLR0917 - one question, in its own order
    said: PostSaid, there: KnownPost, first: date, until: date | None, today: date, found: list[Finding]
) -> bool:
    """Say whether a post of the file is one that is there: begun by then, and the same in all that does not change."""
    if there.valid_from > first:
        en = f"lies before the same post, which begins on {there.valid_from}"
        _say(found, "post_overlaps", said.row, "valid_from", en, f"早于已有的同一岗位（{there.valid_from} 起）")
        return False
    if until != there.valid_to and until is not None and until < today:
        _say(found, "past_day", said.row, "valid_to", "lies in the past; what was is not changed", "早于今天；已过去的不作更改")
        return False
    different = [
        name for name, new, old in (
            ("letter", said.letter, there.letter), ("kind", said.kind, there.kind), ("channel", said.channel, there.channel),
        )
        if new != old and (new or name == "letter")
    ]  # fmt: skip
    for name in different:
        _say(
            found,
            "post_differs",
            said.row,
            name,
            "is another than that of the post that is there: end it first",
            "与已有岗位不同；请先结束原岗位",
        )
    return not different


def _held(post: KnownPost) -> _Held:
    return _Held(0, post.number, post.grid, post.community, post.role, post.letter, post.valid_from, post.valid_to)


def _find_clashes(held: Sequence[_Held], found: list[Finding]) -> None:
    """Find what cannot be at the same time: one role twice, two of a letter, a letter in two communities."""
    lettered = [each for each in held if each.letter is not None]
    for late, early in _clashes(held, lambda each: (each.number or id(each), each.grid, each.role)):
        if {late.letter, early.letter} == {"A", "B"}:
            en = f"and the other of {late.grid} are one person; A and B are two people"
            zh = f"有误：同一人不能兼任 {late.grid} 的 A 岗和 B 岗"
            _say(found, "one_person_a_and_b", late.row, "letter", en, zh)
        else:
            en = f"gives {late.number} the same role on {late.grid} twice"
            _say(found, "post_twice", late.row, "grid", en, f"使 {late.number} 在 {late.grid} 重复任同一岗位")
    for late, early in _clashes(lettered, lambda each: (each.grid, each.letter)):
        if late.number != early.number:
            where = f"{early.number} (row {early.row})" if early.row else "somebody already"
            where_zh = f"第 {early.row} 行的 {early.number}" if early.row else "他人"
            en = f"{late.letter} of {late.grid} is held by {where}"
            _say(found, "letter_taken", late.row, "letter", en, f"有误：{late.grid} 的 {late.letter} 岗已由{where_zh}担任")
    for late, early in _clashes(lettered, lambda each: (each.number or id(each),)):
        if late.community != early.community:
            en = f"of {late.grid} leaves the community {early.community}, where {late.number} stands in already"
            zh = f"有误：{late.grid} 不在社区 {early.community} 内；AB 岗须在同一社区"
            _say(found, "pair_outside", late.row, "letter", en, zh)


def _clashes(held: Sequence[_Held], key: Callable[[_Held], tuple[object, ...]]) -> list[tuple[_Held, _Held]]:
    """Return the posts that meet one of the same key before them, each with the first such.

    What is there already goes before the file, and is no fault of it.
    """
    groups: defaultdict[tuple[object, ...], list[_Held]] = defaultdict(list)
    for each in sorted(held, key=lambda each: each.row):
        groups[key(each)].append(each)
    return [
        (late, early)
        for same in groups.values()
        for n, late in enumerate(same)
        if late.row and (early := next((each for each in same[:n] if late.meets(each)), None)) is not None
    ]


def _remark_stand_ins(file: StaffFile, held: Sequence[_Held], found: list[Finding]) -> None:
    """Remark those who stand in for others and have no grid of their own: 互为AB岗 means that both have."""
    own = {each.number for each in held if each.letter == "A"}
    for said in file.posts:
        if said.letter == "B" and said.number not in own:
            en = f"of {said.grid} is somebody who has no grid of their own"
            _say(found, "b_without_a", said.row, "letter", en, f"{said.grid} 的 B 岗人员没有自己的网格", Severity.WARNING)


def _say(  # noqa: PLR0917 - one sentence, by its parts
    found: list[Finding], kind: str, row: int, name: str, en: str, zh: str, severity: Severity = Severity.ERROR
) -> None:
    found.append(finding(kind, row, name, f"{name} {en}", f"{HEADINGS[name]} {zh}", severity))
