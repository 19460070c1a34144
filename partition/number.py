"""Grid numbers in raster order: from north to south, and inside a band of latitude from west to east.

The rule of the standards, “从西向东、从北向南”, read so that it has one answer: the sort key of a grid is
(−floor(y / band), x) of its centroid, the band 100 m high unless the rules say otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.code import LOCAL, scheme_for
from gis.errors import RulesError
from gis.frame import CM_PER_M, centimetres

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from partition.rules import Rules


def raster_order(xy: NDArray[np.float64], band_m: float) -> NDArray[np.int64]:
    """Return the indices of `xy` (n, 2), metres, in raster order.

    Points are compared on the 1 cm grid. Where two have the same key the more northern comes first, then the one that
    stands first in `xy`. Bands are counted from y = 0 of the frame, so they do not move when a community grows.
    """
    band = round(band_m * CM_PER_M)
    if band < 1:
        msg = f"band_m must be at least 0.01 metres, not {band_m}"
        raise RulesError(msg)
    x, y = centimetres(np.asarray(xy, dtype=np.float64).reshape(-1, 2)).T
    return np.lexsort((-y, x, -(y // band)))


def number(
    community_code: str,
    xy: NDArray[np.float64],
    *,
    dedicated: NDArray[np.bool_],
    rules: Rules,
    taken: Collection[str] = frozenset(),
) -> tuple[str, ...]:
    """Give each grid of one community its code.

    Parameters
    ----------
    community_code
        Decides the scheme: `gis.code.scheme_for`.
    xy
        (n, 2) centroids, metres.
    dedicated
        (n,) which of them are dedicated grids. With `rules.dedicated_from` above 0 these are numbered in a series of
        their own from that number, and the others stay below it; with 0 all are one series.
    rules
        `band_m` and `dedicated_from` count.
    taken
        Codes that must not be used: in force, reserved or retired.

    Returns
    -------
    tuple[str, ...]
        (n,) distinct codes, in the order of `xy`.

    Raises
    ------
    SequenceExhausted
        A series has more grids than free numbers.
    RulesError
        `dedicated_from` is not between 0 and the last number, or `band_m` is not positive.
    """
    if not 0 <= rules.dedicated_from <= LOCAL.last:
        msg = f"dedicated_from must be 0 or a grid number up to {LOCAL.last}, not {rules.dedicated_from}"
        raise RulesError(msg)
    own_series = np.asarray(dedicated, dtype=bool) & (rules.dedicated_from > 0)
    last = rules.dedicated_from - 1 if rules.dedicated_from else None
    scheme = scheme_for(community_code)
    used = taken if isinstance(taken, set | frozenset | dict) else frozenset(taken)
    series: dict[bool, Iterator[str]] = {
        False: scheme.free(community_code, used, last=last),
        True: scheme.free(community_code, used, first=rules.dedicated_from),
    }
    codes = [""] * len(own_series)
    for grid in raster_order(xy, rules.band_m).tolist():
        codes[grid] = next(series[bool(own_series[grid])])
    return tuple(codes)
