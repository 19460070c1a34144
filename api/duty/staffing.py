"""Who is missing where: staffing rules evaluated for all grids of a town in one pass over arrays."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from api.duty.roles import EDUCATION, ROLES, DutyRole
from api.duty.rule import CountBy, Scope
from gis.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from api.duty.rule import StaffingRule, Term

NO_RULE = -1
UNKNOWN, NO, YES = -1, 0, 1
LETTERS = (None, "A", "B")
"""Arrays name the letter of a post by its place here."""
_ROLE_AT = {role: n for n, role in enumerate(ROLES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grids:
    """The grids of a day, one in each row. `community` numbers communities from 0; `rule` is a place among the rules."""

    code: tuple[str, ...]
    community: NDArray[np.int64]
    rule: NDArray[np.int64]
    """`NO_RULE` where none holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Those who hold posts, one in each row; what is not known of somebody is UNKNOWN, 0 or ''."""

    id: tuple[str, ...]
    party_member: NDArray[np.int64]
    trained: NDArray[np.int64]
    education: NDArray[np.int64]
    source: NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """The posts of a day, one in each row: rows of `Grids` and `People`, places in `ROLES` and `LETTERS`, kinds of forces."""

    grid: NDArray[np.int64]
    person: NDArray[np.int64]
    role: NDArray[np.int64]
    letter: NDArray[np.int64]
    kind: NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What a grid lacks: in which term, which roles (of a term that counts kinds: the kinds) would fill it."""

    term: int
    roles: tuple[str, ...]
    have: int
    need: int
    severity: Severity

    @property
    def code(self) -> str:
        """The gap by a stable word."""
        return f"gap.{self.roles[0]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """What a grid has more of than the rule lets it have."""

    term: int
    roles: tuple[str, ...]
    have: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What a term asks for on one grid and how much of it is there; `roles` as a gap names them."""

    term: int
    roles: tuple[str, ...]
    have: int
    need: int
    is_hard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something about one person on one grid: an eligibility that they do not meet, or posts that exclude each other."""

    term: int | None
    code: str
    person: str


@dataclass(slots=True)
class GridStaffing:
    """How a grid is staffed. `rule` is its place among the rules; without one nothing is asked, and nothing said."""

    code: str
    rule: int | None
    gaps: list[Gap] = field(default_factory=list[Gap])
    surplus: list[Surplus] = field(default_factory=list[Surplus])
    warnings: list[Remark] = field(default_factory=list[Remark])
    faults: list[Remark] = field(default_factory=list[Remark])

    @property
    def compliant(self) -> bool | None:
        """Whether nothing is missing that must be there; None without a rule."""
        if self.rule is None:
            return None
        return not self.faults and not any(gap.severity is Severity.ERROR for gap in self.gaps)


@dataclass(slots=True)
class RoleTotal:
    """What all grids need and have of some roles together; `persons` are those who count, each once."""

    roles: tuple[str, ...]
    need: int = 0
    have: int = 0
    gap: int = 0
    persons: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffing:
    """How all grids are staffed. `core_need` is what the numbers of the formulas ask for, `core_have` how much of it is there.

    `posts` counts those on grids that have a rule, and somebody whom a community shares once there. What is left beyond the
    core is the "some" of 1+3+N.
    """

    grids: tuple[GridStaffing, ...]
    totals: tuple[RoleTotal, ...]
    core_need: int
    core_have: int
    posts: int
    counts: tuple[Count, ...] = ()
    """Of the grid that was to be told in full: every term of its rule, those that lack nothing too."""

    @property
    def beyond_core(self) -> int:
        """How many posts there are beyond those that the numbers ask for."""
        return self.posts - self.core_have

    @property
    def ruled(self) -> int:
        """How many grids have a rule."""
        return sum(grid.rule is not None for grid in self.grids)

    @property
    def compliant(self) -> int:
        """How many grids comply with theirs."""
        return sum(grid.compliant is True for grid in self.grids)


def evaluate(
    rules: Sequence[StaffingRule], grids: Grids, posts: Posts, people: People, *, some: int = 1, told: int | None = None
) -> Staffing:
    """Return how each grid is staffed, under the rule that holds for it; `some` is what 若干 means where a rule is silent.

    `told` is the row of a grid that is to be told in full.
    """
    run = _Run(grids, posts, people, some, told)
    for number, rule in enumerate(rules):
        mine = grids.rule == number
        if mine.any():
            for place, term in enumerate(rule.terms):
                run.count(place, term, mine)
    run.find_one_person_twice()
    return Staffing(
        grids=tuple(run.grid),
        totals=tuple(run.totals.values()),
        core_need=run.core_need,
        core_have=run.core_have,
        posts=int((grids.rule[posts.grid] != NO_RULE).sum()) - sum(run.repeated.values()),
        counts=tuple(run.counts),
    )


class _Run:
    """One evaluation, and what it has found by now."""

    def __init__(self, grids: Grids, posts: Posts, people: People, some: int, told: int | None = None) -> None:
        self.grids, self.posts, self.people, self.some, self.told = grids, posts, people, some, told
        self.counts: list[Count] = []
        self.grid = [
            GridStaffing(code, None if rule == NO_RULE else rule)
            for code, rule in zip(grids.code, grids.rule.tolist(), strict=True)
        ]
        self.totals: defaultdict[tuple[str, ...], RoleTotal] = _Totals()
        self.core_need = self.core_have = 0
        self.repeated: dict[tuple[str, ...], int] = {}

    def count(self, number: int, term: Term, mine: NDArray[np.bool_]) -> None:
        """Count one term on the grids where `mine` is true."""
        rows = self._counted(term, mine)
        here = rows[mine[self.posts.grid[rows]]]
        self._warn(number, term, here)
        self._exclude(number, term, here)
        need = term.need(self.some)
        if term.count_by is CountBy.KIND:
            self._count_kinds(number, term, mine, rows, need)
            return
        have, pairs = self._persons(term, mine, rows, number)
        names = tuple(map(str, term.roles))
        self._judge(number, term, mine, have, need, names)
        total = self.totals[names]
        total.need += need * int(mine.sum())
        total.have += int(have[mine].sum())
        total.gap += int(np.maximum(need - have[mine], 0).sum())
        total.persons += len(np.unique(self.posts.person[rows]))
        if term.scope is Scope.COMMUNITY:
            self.repeated[names] = len(rows) - len(pairs)
        if term.is_core:
            self._core(pairs, need, mine, term)

    def _counted(self, term: Term, mine: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the posts that a term counts: those on its own grids, or on any grid of their communities."""
        posts = self.posts
        counted = np.isin(posts.role, [_ROLE_AT[role] for role in term.roles])
        if term.letter is not None:
            counted &= posts.letter == LETTERS.index(term.letter)
        if term.kinds:
            counted &= np.isin(posts.kind.astype(np.str_), term.kinds)
        if term.scope is Scope.GRID:
            counted &= mine[posts.grid]
        else:
            counted &= np.isin(self.grids.community[posts.grid], np.unique(self.grids.community[mine]))
        return np.flatnonzero(counted)

    def _persons(
        self, term: Term, mine: NDArray[np.bool_], rows: NDArray[np.int64], number: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return how many persons count on each grid, and at which place (grid or community) each of them stands."""
        shared = term.scope is Scope.COMMUNITY
        place = self.grids.community[self.posts.grid[rows]] if shared else self.posts.grid[rows]
        pairs = np.unique(np.column_stack([place, self.posts.person[rows]]), axis=0)
        if term.max_grids_per_person is None:
            there = np.bincount(pairs[:, 0], minlength=len(self.grid) + 1)
            return there[self.grids.community if shared else np.arange(len(self.grid))], pairs[:, 0]
        if shared:
            return self._spread(pairs[:, 0], mine, term.max_grids_per_person), pairs[:, 0]
        kept = self._nearest(pairs, term.max_grids_per_person)
        for grid, person in pairs[~kept].tolist():
            self.grid[grid].warnings.append(Remark(term=number, code="too_many_grids", person=self.people.id[person]))
        return np.bincount(pairs[kept, 0], minlength=len(self.grid)), pairs[kept, 0]

    @staticmethod
    def _nearest(pairs: NDArray[np.int64], most: int) -> NDArray[np.bool_]:
        """Say which of somebody's grids count where they have more than `most`: first those where fewest others stand."""
        holders = np.bincount(pairs[:, 0], minlength=1)[pairs[:, 0]]
        order = np.lexsort((pairs[:, 0], holders, pairs[:, 1]))
        person = pairs[order, 1]
        first = np.searchsorted(person, person)
        kept = np.empty(len(pairs), dtype=np.bool_)
        kept[order] = np.arange(len(pairs)) - first < most
        return kept

    def _spread(self, place: NDArray[np.int64], mine: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
        """Return how many leaders each grid has where each may lead `most` grids of the community that shares them."""
        community = self.grids.community
        leaders = np.bincount(place, minlength=int(community.max(initial=0)) + 1)
        own = np.flatnonzero(mine)
        order = own[np.argsort(community[own], kind="stable")]
        sorted_community = community[order]
        rank = np.arange(len(order)) - np.searchsorted(sorted_community, sorted_community)
        size = np.bincount(sorted_community, minlength=len(leaders))[sorted_community]
        lead = leaders[sorted_community]
        have = np.zeros(len(self.grid), dtype=np.int64)
        have[order] = np.minimum(lead, lead * most // size + (rank < lead * most % size))
        return have

    def _count_kinds(self, number: int, term: Term, mine: NDArray[np.bool_], rows: NDArray[np.int64], need: int) -> None:
        """Count of how many of the term's kinds somebody is there; every kind that is missing is named."""
        names = term.kinds or tuple(map(str, term.roles))
        said = self.posts.kind[rows].astype(np.str_) if term.kinds else np.array(ROLES)[self.posts.role[rows]]
        place = self.posts.grid[rows]
        if term.scope is Scope.COMMUNITY:
            place = self.grids.community[place]
        there = np.zeros((len(self.grid) + 1, len(names)), dtype=np.bool_)
        for k, name in enumerate(names):
            there[place[said == name], k] = True
        of_grid = there[self.grids.community] if term.scope is Scope.COMMUNITY else there[: len(self.grid)]
        have = of_grid.sum(axis=1)
        self._tell(number, term, mine, have, need, names)
        severity = Severity.ERROR if term.is_hard else Severity.WARNING
        for g in np.flatnonzero(mine & (have < need)).tolist():
            missing = tuple(name for name, is_there in zip(names, of_grid[g].tolist(), strict=True) if not is_there)
            self.grid[g].gaps.append(Gap(term=number, roles=missing, have=int(have[g]), need=need, severity=severity))
        if need == len(names):
            for k, name in enumerate(names):
                self._add_kind((name,), 1, of_grid[mine, k].astype(np.int64), rows[said == name])
        else:
            self._add_kind(names, need, have[mine], rows)
        if term.is_core:
            self.core_need += need * int(mine.sum())
            self.core_have += int(np.minimum(have[mine], need).sum())

    def _add_kind(self, names: tuple[str, ...], need: int, have: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        total = self.totals[names]
        total.need += need * len(have)
        total.have += int(have.sum())
        total.gap += int(np.maximum(need - have, 0).sum())
        total.persons += len(np.unique(self.posts.person[rows]))

    def _judge(  # noqa: PLR0917 - one call, in the order of `count`
        self, number: int, term: Term, mine: NDArray[np.bool_], have: NDArray[np.int64], need: int, names: tuple[str, ...]
    ) -> None:
        self._tell(number, term, mine, have, need, names)
        severity = Severity.ERROR if term.is_hard else Severity.WARNING
        for g in np.flatnonzero(mine & (have < need)).tolist():
            self.grid[g].gaps.append(Gap(term=number, roles=names, have=int(have[g]), need=need, severity=severity))
        if term.most is not None:
            for g in np.flatnonzero(mine & (have > term.most)).tolist():
                self.grid[g].surplus.append(Surplus(term=number, roles=names, have=int(have[g]), most=term.most))

    def _tell(  # noqa: PLR0917 - as `_judge`
        self, number: int, term: Term, mine: NDArray[np.bool_], have: NDArray[np.int64], need: int, names: tuple[str, ...]
    ) -> None:
        if self.told is not None and mine[self.told]:
            self.counts.append(Count(term=number, roles=names, have=int(have[self.told]), need=need, is_hard=term.is_hard))

    def _core(self, place: NDArray[np.int64], need: int, mine: NDArray[np.bool_], term: Term) -> None:
        """Add what a number of the formula asks for; those whom a community shares are asked for and counted once there."""
        own = np.unique(self.grids.community[mine]) if term.scope is Scope.COMMUNITY else np.flatnonzero(mine)
        there = np.bincount(place, minlength=int(own.max()) + 1)[own]
        self.core_need += need * len(own)
        self.core_have += int(np.minimum(there, need).sum())

    def _warn(self, number: int, term: Term, rows: NDArray[np.int64]) -> None:
        """Warn of those who are known to be other than the rule prefers."""
        person, people, prefer = self.posts.person[rows], self.people, term.prefer
        wrong: list[tuple[str, NDArray[np.bool_]]] = []
        if prefer.party_member is not None:
            wrong.append(("eligibility.party_member", people.party_member[person] == (NO if prefer.party_member else YES)))
        if prefer.trained is not None:
            wrong.append(("eligibility.trained", people.trained[person] == (NO if prefer.trained else YES)))
        if prefer.education_min is not None:
            known = people.education[person]
            wrong.append(("eligibility.education", (known > 0) & (known < EDUCATION.index(prefer.education_min))))
        if prefer.source:
            said = people.source[person].astype(np.str_)
            wrong.append(("eligibility.source", (said != "") & ~np.isin(said, prefer.source)))
        for code, of in wrong:
            for row in rows[of].tolist():
                self._remark(self.grid[int(self.posts.grid[row])].warnings, number, code, row)

    def _exclude(self, number: int, term: Term, rows: NDArray[np.int64]) -> None:
        """Find those who hold on the same grid what the term excludes."""
        if not term.exclusive_with:
            return
        others = np.isin(self.posts.role, [_ROLE_AT[role] for role in term.exclusive_with])
        for row in rows[np.isin(self._key(rows), self._key(np.flatnonzero(others)))].tolist():
            self._remark(self.grid[int(self.posts.grid[row])].faults, number, "exclusive", row)

    def find_one_person_twice(self) -> None:
        """Find those who would stand in for themselves: A and B of one grid are two people."""
        a, b = (np.flatnonzero(self.posts.letter == LETTERS.index(letter)) for letter in ("A", "B"))
        for row in b[np.isin(self._key(b), self._key(a))].tolist():
            self._remark(self.grid[int(self.posts.grid[row])].faults, None, "one_person_a_and_b", row)

    def _remark(self, remarks: list[Remark], number: int | None, code: str, row: int) -> None:
        remarks.append(Remark(term=number, code=code, person=self.people.id[int(self.posts.person[row])]))

    def _key(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return one number for each pair of grid and person."""
        return self.posts.grid[rows] * (len(self.people.id) + 1) + self.posts.person[rows]


class _Totals(defaultdict[tuple[str, ...], RoleTotal]):
    """Totals by their roles, in the order in which rules name them."""

    def __missing__(self, roles: tuple[str, ...]) -> RoleTotal:
        total = self[roles] = RoleTotal(roles)
        return total


def role_index(role: str) -> int:
    """Return the place of a role in `ROLES`."""
    return _ROLE_AT[DutyRole(role)]
