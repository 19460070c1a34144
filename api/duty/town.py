"""From rows of the store to arrays: which rule holds for which grid, who is there, and what the answer is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from api.duty.roles import EDUCATION, DutyRole
from api.duty.rule import rule_from
from api.duty.staffing import LETTERS, NO_RULE, UNKNOWN, Grids, People, Posts, Staffing, evaluate, role_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.duty.rule import StaffingRule
    from data.store.staffing import GridRow, PostRow, RuleRow

OWNERS = frozenset({DutyRole.GRID_LEADER, DutyRole.FULL_TIME_WORKER})
"""Whoever has one of these roles on a grid answers for it by name (责任到格到人)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffed:
    """How a town is staffed. `rules` are in the order by which the grids of `staffing` name them."""

    rules: tuple[StaffingRule, ...]
    staffing: Staffing
    without_owner: tuple[str, ...]


def staffed(
    grids: Sequence[GridRow], posts: Sequence[PostRow], rules: Sequence[RuleRow], *, some: int = 1, told: str | None = None
) -> Staffed:
    """Evaluate rows of the store: each grid by the rule for its type of the nearest area above it; `told` in full.

    Posts on grids that are not among them (gone, or of a kind that the caller does not see) count nowhere.
    """
    read = tuple(rule_from(row.rule) for row in rules)
    of_area = {(row.path, row.grid_type): n for n, row in enumerate(rules)}
    number_of = {grid.code: n for n, grid in enumerate(grids)}
    here = [post for post in posts if post.grid in number_of]
    community_of = {path: n for n, path in enumerate(dict.fromkeys(grid.path for grid in grids))}
    holders = {post.staff: post for post in here}
    person_of = {staff: n for n, staff in enumerate(holders)}
    owned = {post.grid for post in here if post.role in OWNERS}
    found = evaluate(
        read,
        Grids(
            code=tuple(number_of),
            community=_whole([community_of[grid.path] for grid in grids]),
            rule=_whole([_nearest(of_area, grid) for grid in grids]),
        ),
        Posts(
            grid=_whole([number_of[post.grid] for post in here]),
            person=_whole([person_of[post.staff] for post in here]),
            role=_whole([role_index(post.role) for post in here]),
            letter=_whole([LETTERS.index(post.letter) for post in here]),
            kind=np.array([post.kind for post in here], dtype=object),
        ),
        People(
            id=tuple(holders),
            party_member=_whole([UNKNOWN if p.is_party_member is None else int(p.is_party_member) for p in holders.values()]),
            trained=_whole([int(p.is_trained) for p in holders.values()]),
            education=_whole([EDUCATION.index(p.education) for p in holders.values()]),
            source=np.array([p.source for p in holders.values()], dtype=object),
        ),
        some=some,
        told=None if told is None else number_of[told],
    )
    return Staffed(rules=read, staffing=found, without_owner=tuple(code for code in number_of if code not in owned))


def _nearest(of_area: dict[tuple[str, str], int], grid: GridRow) -> int:
    """Return the rule of the nearest area above a grid that states one for its type."""
    path = grid.path
    while path:
        if (path, grid.kind) in of_area:
            return of_area[path, grid.kind]
        path = path.rpartition(".")[0]
    return NO_RULE


def _whole(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)
