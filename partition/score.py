"""What a plan is worth, in the figures that planners and papers use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.locate import NOWHERE
from gis.town import LineKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.block import Blocks
    from partition.plan import Plan
    from partition.rules import Rules

CLOSE = 0.12
"""The bar of the British census offices: within this share of the target."""
CLEAR = (LineKind.LANE, LineKind.ROAD, LineKind.MAIN_ROAD, LineKind.EXPRESSWAY, LineKind.RAILWAY, LineKind.RIVER)
ROADS = (LineKind.LANE, LineKind.ROAD, LineKind.MAIN_ROAD, LineKind.EXPRESSWAY)


def in_band(rules: Rules, households: NDArray[np.int64], persons: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which counts are in the band of the rules."""
    by_households = (households >= rules.minimum) & (households <= rules.maximum)
    by_persons = (persons >= rules.minimum_persons) & (persons <= rules.maximum_persons)
    match rules.measure:
        case "households":
            return by_households
        case "persons":
            return by_persons
        case "any_of":
            return by_households | by_persons
        case "all_of":
            return by_households & by_persons


def metrics(plan: Plan) -> dict[str, float | int | None]:
    """Return the figures of a plan.

    Shares are 0 … 1, lengths metres, deviations households; figures over residential grids only. `feasible_in_band` leaves
    out grids whose exception is proven. `cut_compounds` counts compounds that fit in one grid and lie in several.
    `clear_borders` is the share of the border between residential grids of one community that lies on a road, river or
    railway; `longest_on_roads` that share among the longest tenth of the borders between two grids, on roads alone.
    """
    grids, rules = plan.grids, plan.rules
    residential = grids.dedicated == NOWHERE
    good = grids.in_band & residential
    proven = np.array([e is not None and e.proven for e in grids.exception])
    unproven = np.array([e is not None and not e.proven for e in grids.exception])
    feasible = residential & ~proven
    lived_in = residential & (grids.households > 0)
    off = np.abs(grids.households - rules.target)[feasible]
    shape = grids.compactness[feasible]
    borders = border_lengths(plan.blocks, plan.grid_of_block, residential)
    fitting, cut = compounds_cut(plan.blocks, plan.grid_of_block, rules.maximum)
    return {
        "grids": len(grids),
        "residential_grids": int(residential.sum()),
        "dedicated_grids": int((~residential).sum()),
        "households": int(grids.households.sum()),
        "persons": int(grids.persons.sum()),
        "in_band": int(good.sum()),
        "in_band_share": _share(good.sum(), lived_in.sum()),
        "feasible_in_band": _share((good & feasible).sum(), feasible.sum()),
        "exceptions_proven": int((proven & residential).sum()),
        "exceptions_unproven": int(unproven.sum()),
        "mean_deviation": _mean(off),
        "largest_deviation": int(off.max()) if len(off) else None,
        "close_to_target": _share((off <= CLOSE * rules.target).sum(), len(off)),
        "compactness_mean": _mean(shape),
        "compactness_least": float(shape.min()) if len(shape) else None,
        "inner_border_m": float(borders.sum()),
        "clear_borders": _share(borders[list(CLEAR)].sum(), borders.sum()),
        "borders_on_roads": _share(borders[list(ROADS)].sum(), borders.sum()),
        "borders_on_walls": _share(borders[LineKind.WALL], borders.sum()),
        "longest_on_roads": longest_on_roads(plan.blocks, plan.grid_of_block, residential),
        "compounds": fitting,
        "cut_compounds": cut,
        "cut_compounds_share": _share(cut, fitting),
    }


def _share(part: float, whole: float) -> float | None:
    return float(part) / float(whole) if whole else None


def _mean(values: NDArray[np.generic]) -> float | None:
    return float(values.mean()) if len(values) else None


def _between(
    blocks: Blocks, grid_of_block: NDArray[np.int64], counted: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the grids on both sides of each border of blocks, and which borders lie between counted grids of a community."""
    a, b = grid_of_block[blocks.a], grid_of_block[blocks.b]
    between = (a != b) & counted[a] & counted[b] & (blocks.community[blocks.a] == blocks.community[blocks.b])
    return a, b, between


def border_lengths(blocks: Blocks, grid_of_block: NDArray[np.int64], counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the metres of border between counted grids of the same community, by `LineKind`."""
    _, _, between = _between(blocks, grid_of_block, counted)
    return blocks.shared_m[between].sum(axis=0)


def longest_on_roads(blocks: Blocks, grid_of_block: NDArray[np.int64], counted: NDArray[np.bool_]) -> float | None:
    """Return the share on roads of the longest tenth of the borders between two grids (at least one border)."""
    a, b, between = _between(blocks, grid_of_block, counted)
    if not between.any():
        return None
    low, high = np.minimum(a, b)[between], np.maximum(a, b)[between]
    _, index = np.unique(low * (int(grid_of_block.max()) + 1) + high, return_inverse=True)
    total = np.bincount(index, weights=blocks.shared_m[between].sum(axis=1))
    on_roads = np.bincount(index, weights=blocks.shared_m[between][:, list(ROADS)].sum(axis=1))
    longest = np.argsort(-total, kind="stable")[: max(1, len(total) // 10)]
    return float(on_roads[longest].sum() / total[longest].sum())


def compounds_cut(blocks: Blocks, grid_of_block: NDArray[np.int64], maximum: int) -> tuple[int, int]:
    """Return how many lived-in compounds fit in one grid, and how many of those lie in several; of the divided ones."""
    lived_in = (blocks.compound != NOWHERE) & (blocks.households > 0) & (blocks.dedicated == NOWHERE)
    compound, index = np.unique(blocks.compound[lived_in], return_inverse=True)
    total = np.bincount(index, weights=blocks.households[lived_in], minlength=len(compound))
    pair = np.unique(np.column_stack([index, grid_of_block[lived_in]]), axis=0)
    grids = np.bincount(pair[:, 0], minlength=len(compound))
    # A compound that lies in two communities is cut by their line, not by the plan, whether one of them or both are divided.
    home = np.unique(np.column_stack([index, blocks.community[lived_in]]), axis=0)
    single = np.bincount(home[:, 0], minlength=len(compound)) == 1
    divided = np.bincount(index, weights=grid_of_block[lived_in] != NOWHERE, minlength=len(compound)) > 0
    fits = (total <= maximum) & single & divided
    return int(fits.sum()), int((fits & (grids > 1)).sum())
