"""What each grid of a layer holds, households and persons: what it claims where that can be right, else what lies in it.

A point on a line, or in two grids, may have been counted on either side. Whose it is the audit does not ask of whoever made
the layer: it takes any answer that agrees with all that the layer claims.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from partition.audit_households import counts_of
from partition.audit_layers import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gis.town import Households
    from partition.audit_households import HouseholdCheck
    from partition.audit_layers import GridLayer, Look
    from partition.certificate import Located


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Households or persons of each grid (n,): `claimed` or `UNKNOWN`, `counted` by us, `settled` between them."""

    claimed: NDArray[np.int64]
    counted: NDArray[np.int64]
    settled: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Range:
    """What each grid may claim, from `least` to `most`; `free` where it holds some of it on a line or with another."""

    least: NDArray[np.int64]
    most: NDArray[np.int64]
    free: NDArray[np.bool_]


def tallies(grids: GridLayer, look: Look, check: HouseholdCheck, held: Located, households: Households) -> tuple[Tally, Tally]:
    """Return households and persons of each grid; `held` says which grids hold each point, inside or on their line."""
    n = len(grids.code)
    tied = np.bincount(held.point, minlength=len(households.id))[held.point] > 1

    def sums(amount: NDArray[np.int64], some: NDArray[np.bool_]) -> NDArray[np.int64]:
        total = np.zeros(n, dtype=np.int64)
        np.add.at(total, held.polygon[some], amount[held.point[some]])
        return total

    def all_of(amount: NDArray[np.int64]) -> _Range:
        least, most = sums(amount, ~tied), sums(amount, np.ones(len(tied), dtype=np.bool_))
        return _Range(least, most, least < most)

    balanced = _balance(look, check, held)
    may = all_of(households.households)
    counted = counts_of(check, households.households, n)
    claimed = grids.households
    settled = _settled(claimed, counted, may, balanced=balanced(claimed - counted))
    first = Tally(claimed=claimed, counted=counted, settled=settled)

    # Persons go where their households went: a grid that claims all the households on its lines, or none of them, has all
    # the persons who live there, or none.
    known = (claimed == settled) & may.free
    everybody, nobody = known & (settled == may.most), known & (settled == may.least)
    lived_in = tied & (households.households[held.point] > 0)
    along = sums(households.persons, lived_in)
    here = sums(households.persons, lived_in & (check.grid[held.point] == held.polygon))
    may = all_of(households.persons)
    may = _Range(may.least + np.where(everybody, along, 0), may.most - np.where(nobody, along, 0), may.free)
    alone = counts_of(check, households.persons, n)
    counted = alone + np.where(everybody, along - here, 0) - np.where(nobody, here, 0)
    claimed = np.full(n, UNKNOWN, dtype=np.int64) if grids.persons is None else grids.persons
    settled = _settled(claimed, counted, may, balanced=balanced(claimed - alone))
    return first, Tally(claimed=claimed, counted=counted, settled=settled)


def _settled(
    claimed: NDArray[np.int64], counted: NDArray[np.int64], may: _Range, *, balanced: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return what grids with something on a line claim, where they may and all of their community adds up; else the count."""
    within = (may.least <= claimed) & (claimed <= may.most) & may.free & balanced
    return np.where(within, claimed, counted)


def _balance(look: Look, check: HouseholdCheck, held: Located) -> Callable[[NDArray[np.int64]], NDArray[np.bool_]]:
    """Return what says of each grid whether the claims of its community are off by nothing in sum.

    A household that lies in two grids may be counted twice, so that nothing need add up there.
    """
    group = look.group + 1
    twice = np.zeros(len(group), dtype=np.bool_)
    twice[held.polygon[np.isin(held.point, check.in_two)]] = True

    def balanced(off: NDArray[np.int64]) -> NDArray[np.bool_]:
        total = np.zeros(int(group.max(initial=0)) + 1, dtype=np.int64)
        np.add.at(total, group, off)
        return (total[group] == 0) | twice

    return balanced
