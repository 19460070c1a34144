"""Final codes for a net that follows another: what continues keeps its code, what is new gets a number never used.

A grid that continues an old one (`partition/lineage.py`) keeps its code, as long as that is a code of its community and, where
dedicated grids have a series of their own, of its series. All other grids get, in raster order, the numbers after the
highest that was ever used in their series, so that a number never means two places. A community without a past is
numbered as `partition/number.py` numbers a first plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.code import scheme_for
from gis.locate import NOWHERE
from partition.number import number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from gis.code import CodeScheme
    from partition.lineage import Diff
    from partition.rules import Rules


def renumber(diff: Diff, *, ever_used: Collection[str] = frozenset(), rules: Rules) -> tuple[str, ...]:
    """Give each grid of the new net its final code.

    Parameters
    ----------
    diff
        The difference between the net in force and the new one; the keys of the old net are codes.
    ever_used
        Codes that once were in force or are reserved; the old net's own need not be among them.
    rules
        `band_m` and `dedicated_from` count.

    Returns
    -------
    tuple[str, ...]
        (g,) distinct codes, in the order of the new net.

    Raises
    ------
    SequenceExhausted
        A community has more new grids than numbers after its highest; the message names it.
    RulesError
        `dedicated_from` or `band_m` cannot be.
    """
    new, old = diff.new, diff.old
    centre = shapely.get_coordinates(shapely.centroid(new.polygon))
    past = _by_parent({*ever_used, *old.key})
    codes = [""] * len(new)
    members: dict[str, list[int]] = {}
    for grid, community in enumerate(new.community):
        members.setdefault(community, []).append(grid)
    continued = diff.continued.tolist()
    for community, grids in members.items():
        scheme = scheme_for(community)
        used = _sequences(past.get(community, ()), community, scheme)
        fresh: list[int] = []
        for grid in grids:
            before = continued[grid]
            sequence = used.get(old.key[before]) if before != NOWHERE else None
            if sequence is None or not _in_series(sequence, dedicated=bool(new.dedicated[grid]), rules=rules):
                fresh.append(grid)
            else:
                codes[grid] = old.key[before]
        given = number(
            community,
            centre[fresh],
            dedicated=new.dedicated[fresh],
            rules=rules,
            taken=_up_to_the_highest(community, scheme, used.values(), rules.dedicated_from),
        )
        for grid, code in zip(fresh, given, strict=True):
            codes[grid] = code
    return tuple(codes)


def _by_parent(codes: Iterable[str]) -> dict[str, list[str]]:
    """Sort codes by what may be their community: all but the number of three digits, and but a hyphen before it."""
    found: dict[str, list[str]] = {}
    for code in codes:
        found.setdefault(code[:-3].removesuffix("-"), []).append(code)
    return found


def _sequences(codes: Iterable[str], community: str, scheme: CodeScheme) -> dict[str, int]:
    """Return the numbers of those codes that are grids of the community."""
    width = len(scheme.format(community, 1)) - scheme.digits
    known = ((code, int(code[width:])) for code in codes if code[width:].isascii() and code[width:].isdigit())
    return {code: k for code, k in known if 1 <= k <= scheme.last and code == scheme.format(community, k)}


def _in_series(sequence: int, *, dedicated: bool, rules: Rules) -> bool:
    """Say whether a grid of that kind may have the number."""
    return not rules.dedicated_from or dedicated == (sequence >= rules.dedicated_from)


def _up_to_the_highest(community: str, scheme: CodeScheme, used: Iterable[int], dedicated_from: int) -> set[str]:
    """Return all codes of each series up to the highest that was ever used in it."""
    above = [k for k in used if dedicated_from and k >= dedicated_from]
    below = [k for k in used if not dedicated_from or k < dedicated_from]
    numbers = np.r_[1 : max(below, default=0) + 1, dedicated_from : max(above, default=dedicated_from - 1) + 1]
    return {scheme.format(community, k) for k in numbers.tolist() if k}
