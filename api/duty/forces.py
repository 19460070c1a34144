"""The forces of grids (专业力量、联动力量): which kinds are wanted on each, which are there, which are missing.

Wanted is what the staffing rule of a grid counts by kind; where it counts none, what the profile says there ought to be.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from api.duty.roles import FORCE_ROLES
from api.duty.rule import CountBy, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api.duty.rule import StaffingRule
    from data.store.staffing import GridRow, PostRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Force:
    """A kind of force, and what people call it."""

    kind: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forces:
    """The kinds that are wanted on a grid, in their order: those that are there and those that are missing."""

    present: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def of(self) -> int:
        """How many are wanted."""
        return len(self.present) + len(self.missing)


def forces_said(section: Mapping[str, Any]) -> tuple[Force, ...]:
    """Return the kinds of a profile's section `forces`, whose form was looked at when it was loaded."""
    return tuple(Force(**each) for each in cast("list[dict[str, str]]", section.get("kinds", [])))


def forces_of(
    rule: StaffingRule | None, said: Sequence[Force], grid: GridRow, there: Mapping[str, frozenset[tuple[str, str]]]
) -> Forces | None:
    """Return the forces of a grid; None where no kinds are wanted. `there` is of `forces_there`."""
    return forces_among(rule, said, there.get(grid.code, frozenset()), there.get(grid.path, frozenset()))


def forces_among(
    rule: StaffingRule | None,
    said: Sequence[Force],
    own: frozenset[tuple[str, str]],
    shared: frozenset[tuple[str, str]],
) -> Forces | None:
    """Return the forces of a grid that has those of `own`, in a community that has those of `shared`: roles and kinds."""
    present: dict[str, bool] = {}
    for term in () if rule is None else rule.terms:
        if term.count_by is CountBy.KIND and term.kinds:
            held = own if term.scope is Scope.GRID else shared
            for kind in term.kinds:
                present[kind] = present.get(kind, False) or any((role, kind) in held for role in term.roles)
    if not present:
        present = {each.kind: any((role, each.kind) in own for role in FORCE_ROLES) for each in said}
    if not present:
        return None
    return Forces(
        present=tuple(kind for kind, is_there in present.items() if is_there),
        missing=tuple(kind for kind, is_there in present.items() if not is_there),
    )


def forces_there(grids: Sequence[GridRow], posts: Sequence[PostRow]) -> dict[str, frozenset[tuple[str, str]]]:
    """Return the forces that there are, as role and kind: by the codes of grids, and by the paths of whole communities."""
    path_of = {grid.code: grid.path for grid in grids}
    found: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for post in posts:
        if post.kind and post.grid in path_of:
            for where in (post.grid, path_of[post.grid]):
                found[where].add((post.role, post.kind))
    return {where: frozenset(kinds) for where, kinds in found.items()}
