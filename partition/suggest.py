"""What the engine would do with a draft: it is mended and improved where nothing is locked, and few households change grid.

Blocks in no grid and pieces that hang apart come first, then the band, then shape, lines and compounds. The parts of a
community that can be reached from each other without crossing a locked grid are improved each by itself. Moving is offered at
several prices, and what is left are the plans of which none is better in everything: the planner chooses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from gis.locate import NOWHERE
from partition.score import in_band
from partition.search.improve import Case, improve
from partition.search.unit import unit_of
from partition.standing import connected, main_pieces, measure, totals
from partition.suggest_reasons import reasons

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from gis.finding import Finding
    from partition.engine import Spread
    from partition.rules import Rules
    from partition.standing import Figures, Standing

Level = Literal["few", "some", "free"]
LEVELS: tuple[tuple[Level, float], ...] = (("few", 10.0), ("some", 1.0), ("free", 0.0))
"""How many households may move, and what one that does costs in the rules' own prices for stability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One way to go on: the grid of each block (b,), an index into `key`, those of the draft first and then the new ones.

    `reasons` say why a grid is new, gone, in several pieces or out of the band; `subject` is its key.
    """

    level: Level
    grid: NDArray[np.int64]
    key: tuple[str, ...]
    figures: Figures
    reasons: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """What a draft is worth, and what could become of it.

    The proposals come by rising number of households that move; none is better than another in everything. `advised` is the
    index of the one that the rules' own weights prefer, or None where they would leave the draft as it is.
    """

    before: Figures
    proposals: tuple[Proposal, ...]
    advised: int | None


@dataclass(frozen=True, slots=True)
class _Part:
    """Blocks to improve together, the draft's grids in the order of their local numbers, and what the search is asked."""

    blocks: NDArray[np.int64]
    grids: NDArray[np.int64]
    case: Case
    cut_off: bool
    """A locked grid parts it from the grids that its blocks are in: it can only be kept as it is, or have grids of its own."""


def suggest(standing: Standing, rules: Rules, *, seed: int, spread: Spread = map) -> Suggestions:
    """Return what could become of a draft.

    The same draft, rules and seed give the same proposals, whatever `spread` does. A locked grid stays block by block. Where
    locks allow it every grid is connected and every block in one.
    """
    before = measure(standing, standing.grid, len(standing.key), rules)
    parts = list(_parts(standing, rules, seed))
    found = list(spread(improve, [part.case for part in parts]))
    made = [
        _proposal(standing, rules, level, [(part, grids[at]) for part, grids in zip(parts, found, strict=True)])
        for at, (level, _) in enumerate(LEVELS)
    ]
    front = _front(standing, made)
    cost = rules.weights.stability / 100.0

    def worth(figures: Figures) -> tuple[tuple[int, int, int], float]:
        return _faults(figures), figures.price + cost * figures.households_moved

    best = min(range(len(front)), key=lambda i: worth(front[i].figures), default=None)
    advised = best if best is not None and worth(front[best].figures) < worth(before) else None
    return Suggestions(before=before, proposals=tuple(front), advised=advised)


def _parts(standing: Standing, rules: Rules, seed: int) -> Iterable[_Part]:
    """Yield what can be improved by itself."""
    blocks, divided = standing.blocks, standing.divided
    free = divided & ~standing.held
    main = main_pieces(standing, connected(blocks, rules, divided, standing.grid))
    natural, reached = connected(blocks, rules, divided), connected(blocks, rules, free)
    fine = np.append(in_band(rules, *totals(blocks, np.where(divided, standing.grid, NOWHERE), len(standing.key))), False)
    stays = tuple(times * rules.weights.stability / 100.0 for _, times in LEVELS)
    order = np.argsort(reached, kind="stable")
    for chosen in np.split(order, np.flatnonzero(np.diff(reached[order])) + 1):
        if not len(chosen) or reached[chosen[0]] == NOWHERE:
            continue
        was = standing.grid[chosen]
        kept = np.where(main[chosen], was, NOWHERE)
        if len(np.unique(kept)) == 1 and kept[0] != NOWHERE and fine[kept[0]]:
            continue
        grids = np.unique(was[was != NOWHERE])
        local = np.full(len(standing.key) + 1, -1)
        local[grids] = np.arange(len(grids))
        yield _Part(
            blocks=chosen,
            grids=grids,
            case=Case(
                unit=unit_of(blocks, chosen, rules),
                rules=rules,
                grid=local[kept],
                home=local[was],
                stays=stays,
                seed=_part_seed(int(blocks.community[chosen[0]]), int(chosen[0]), seed),
            ),
            cut_off=bool((kept == NOWHERE).all()) and len(chosen) < int((natural == natural[chosen[0]]).sum()),
        )


def _part_seed(community: int, first: int, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{community}/{first}".encode()).digest()[:4], "big")


def _proposal(standing: Standing, rules: Rules, level: Level, improved: list[tuple[_Part, NDArray[np.int64]]]) -> Proposal:
    """Put what became of the parts together, with keys for the grids that are new."""
    grid, key = standing.grid.copy(), list(standing.key)
    number = 0
    for part, label in improved:
        if part.cut_off and not _all_in_band(part, label, rules):
            continue
        for new in np.unique(label[label >= len(part.grids)]).tolist():
            number += 1
            while f"new-{number}" in standing.key:
                number += 1
            grid[part.blocks[label == new]] = len(key)
            key.append(f"new-{number}")
        known = label < len(part.grids)
        grid[part.blocks[known]] = part.grids[label[known]]
    figures = measure(standing, grid, len(key), rules)
    return Proposal(
        level=level, grid=grid, key=tuple(key), figures=figures, reasons=tuple(reasons(standing, grid, tuple(key), rules))
    )


def _all_in_band(part: _Part, label: NDArray[np.int64], rules: Rules) -> bool:
    unit = part.case.unit
    index = np.unique(label, return_inverse=True)[1]
    households = np.bincount(index, weights=unit.households).astype(np.int64)
    persons = np.bincount(index, weights=unit.persons).astype(np.int64)
    return bool(in_band(rules, households, persons).all())


def _faults(figures: Figures) -> tuple[int, int, int]:
    """Return what counts before any price: blocks in no grid, broken grids, grids out of the band."""
    return figures.unassigned, figures.broken, figures.grids - figures.in_band


def _front(standing: Standing, made: list[Proposal]) -> list[Proposal]:
    """Return the proposals that change something and are not beaten by one that moves no more, by households moved."""
    front: list[Proposal] = []
    for proposal in sorted(made, key=lambda p: (p.figures.households_moved, _faults(p.figures), p.figures.price)):
        worth = (_faults(proposal.figures), proposal.figures.price)
        if np.array_equal(proposal.grid, standing.grid):
            continue
        if all(worth < (_faults(other.figures), other.figures.price - _SAME) for other in front):
            front.append(proposal)
    return front


_SAME = 1e-6
"""Points; prices nearer to each other are the same."""
