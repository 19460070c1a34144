"""What a grid costs, in points: compiled, and the same for every search."""

from __future__ import annotations

import math

from numba import njit

MODE, LOW, MID, HIGH, LOW_P, MID_P, HIGH_P, BALANCE, SHAPE, GRID, COMPOUND = range(11)
BY_HOUSEHOLDS, BY_PERSONS, ANY_OF, ALL_OF = range(4)

OUT_OF_BAND = 100.0
"""Price of a grid outside the band, before its distance from it: dearer than anything a plan can save."""
ENCLOSING = 40.0
"""Price of a grid that surrounds another one."""
THIN = 0.32
"""Compactness under which a grid looks like a string; pricier the thinner."""


@njit(cache=True)
def too_big(price, households, persons):
    """Say whether no superset can be in the band."""
    mode = price[MODE]
    by_households = households > price[HIGH]
    by_persons = persons > price[HIGH_P]
    if mode == BY_HOUSEHOLDS:
        return by_households
    if mode == BY_PERSONS:
        return by_persons
    if mode == ANY_OF:
        return by_households and by_persons
    return by_households or by_persons


@njit(cache=True)
def enough(price, households, persons):
    """Say whether these would make a grid of their own: what is left beside a building too big for any."""
    mode = price[MODE]
    if mode == BY_HOUSEHOLDS:
        return households >= price[LOW]
    if mode == BY_PERSONS:
        return persons >= price[LOW_P]
    if mode == ANY_OF:
        return households >= price[LOW] or persons >= price[LOW_P]
    return households >= price[LOW] and persons >= price[LOW_P]


@njit(cache=True)
def _miss(count, low, high):
    """Return how far a count lies outside its band, in bands of the low end."""
    if count < low:
        return (low - count) / low
    if count > high:
        return (count - high) / low
    return 0.0


@njit(cache=True)
def band_miss(price, households, persons):
    """Return how far a grid is out of the band (0 inside), as a share of the lower bound."""
    mode = price[MODE]
    by_households = _miss(households, price[LOW], price[HIGH])
    by_persons = _miss(persons, price[LOW_P], price[HIGH_P])
    if mode == BY_HOUSEHOLDS:
        return by_households
    if mode == BY_PERSONS:
        return by_persons
    if mode == ANY_OF:
        return min(by_households, by_persons)
    return max(by_households, by_persons)


@njit(cache=True)
def grid_price(price, households, persons, area_m2, perimeter_m):
    """Return what a grid costs by its counts and its shape, without what lies on its borders."""
    off_h = 4.0 * abs(households - price[MID]) / price[MID]
    off_p = 4.0 * abs(persons - price[MID_P]) / price[MID_P]
    mode = price[MODE]
    if mode == BY_HOUSEHOLDS:
        off = off_h
    elif mode == BY_PERSONS:
        off = off_p
    elif mode == ANY_OF:
        off = min(off_h, off_p)
    else:
        off = max(off_h, off_p)
    compact = 4.0 * math.pi * area_m2 / (perimeter_m * perimeter_m) if perimeter_m > 0.0 else 0.0
    cost = price[GRID] + price[BALANCE] * min(off, 5.0) + price[SHAPE] * (1.0 - compact)
    if compact < THIN:
        lack = (THIN - compact) / THIN
        cost += 6.0 * price[SHAPE] * lack * lack
    miss = band_miss(price, households, persons)
    if miss > 0.0:
        cost += OUT_OF_BAND * (1.0 + 2.0 * miss)
    return cost
