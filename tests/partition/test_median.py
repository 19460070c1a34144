"""The p-median: the best choice, by trying every one; areas that hang together; bounds that hold."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import partition.search.median as model
from partition.search.cover import Status
from partition.search.median import fewest, median


def board(wide, high):
    """Return the middles (n, 2) of a board of cells, and the neighbours of each."""
    xy = np.array([(x, y) for y in range(high) for x in range(wide)], dtype=float)
    near = [np.flatnonzero(np.abs(xy - at).sum(axis=1) == 1) for at in xy]
    return xy, near


def hangs_together(mask, near):
    """Say whether the cells of a set (bits) are joined by neighbours."""
    cells = {k for k in range(len(near)) if mask >> k & 1}
    found, front = {min(cells)}, [min(cells)]
    while front:
        for k in near[front.pop()].tolist():
            if k in cells and k not in found:
                found.add(k)
                front.append(k)
    return found == cells


def by_brute_force(price, home, near, count, fixed):
    """Return the least price of connected areas around `count` sites, trying every assignment."""
    n, m = price.shape
    best = np.inf
    for opened in combinations(range(m), count):
        if not set(np.flatnonzero(fixed)) <= set(opened):
            continue
        for assigned in product(opened, repeat=n):
            if any(assigned[home[s]] != s for s in opened):
                continue
            total = sum(price[k, s] for k, s in enumerate(assigned))
            if total < best - 1e-12 and all(
                hangs_together(sum(1 << k for k, s in enumerate(assigned) if s == each), near) for each in opened
            ):
                best = total
    return best


@given(st.integers(0, 10**6), st.integers(1, 3), st.booleans())
@settings(max_examples=25, deadline=None)
def test_no_connected_choice_is_cheaper(seed, count, with_fixed):
    """Whatever prices are, near or not, the answer is that of trying every choice whose areas hang together."""
    rng = np.random.default_rng(seed)
    _, near = board(3, 2)
    price = rng.integers(0, 30, size=(6, 6)).astype(float)
    fixed = np.zeros(6, dtype=bool)
    fixed[int(rng.integers(6))] = with_fixed
    found = median(price, home=np.arange(6), near=near, count=count, fixed=fixed)
    expected = by_brute_force(price, np.arange(6), near, count, fixed)
    assert found.status is Status.OPTIMAL
    assert found.price == pytest.approx(expected)
    assert found.bound <= found.price + 1e-9
    assert len(set(found.site.tolist())) == count
    for site in set(found.site.tolist()):
        assert hangs_together(sum(1 << k for k, s in enumerate(found.site.tolist()) if s == site), near)


def test_a_cheap_site_beyond_others_does_not_tear_its_area():
    """A cell that would rather be served from beyond its neighbours is served from where its way is."""
    near = [np.array([1]), np.array([0, 2]), np.array([1])]
    price = np.array([[0.0, 9.0, 1.0], [9.0, 0.0, 9.0], [9.0, 9.0, 0.0]])
    found = median(price, home=np.arange(3), near=near, count=2, fixed=np.array([False, True, False]))
    # Cells 0 and 2 touch only by way of 1, whose own site is open: the cheapest pair, 0 served from 2, is torn.
    assert found.site.tolist() in ([0, 1, 1], [1, 1, 2])
    assert found.price == pytest.approx(9.0)


def test_too_large_for_the_exact_model_is_bounded_from_below_and_near_the_best(monkeypatch):
    """Where sites are exchanged one by one, the answer hangs together, the bound is below the best, and both are near it."""
    xy, near = board(14, 10)
    weight = np.random.default_rng(5).integers(1, 9, size=140).astype(float)
    price = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) * weight[:, None]
    told = {"home": np.arange(140), "near": near, "count": 12, "fixed": np.arange(140) == 77}
    best = median(price, **told)
    monkeypatch.setattr(model, "_MOST_PAIRS", 0)
    found = median(price, **told)
    assert best.status is Status.OPTIMAL
    assert found.bound <= best.price + 1e-6 <= found.price + 1e-6
    assert found.price <= 1.03 * best.price
    assert found.bound >= 0.97 * best.price
    assert 77 in found.site
    for site in set(found.site.tolist()):
        assert hangs_together(sum(1 << k for k, s in enumerate(found.site.tolist()) if s == site), near)


def test_one_station_alone_is_exchanged_until_it_is_best(monkeypatch):
    """Where one site alone is open, it is closed for another only while that is cheaper, and in the end is the best."""
    xy, near = board(6, 5)
    price = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    monkeypatch.setattr(model, "_MOST_PAIRS", 0)
    found = median(price, home=np.arange(30), near=near, count=1, fixed=np.zeros(30, dtype=bool))
    assert found.price == pytest.approx(price.sum(axis=0).min())


def test_what_may_not_be_is_left_out_of_the_model(monkeypatch):
    """Pairs that may not be do not make a model too large: few sites that reach far enough are chosen exactly."""
    xy, near = board(6, 5)
    away = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    price = np.where(away <= 1.0, away, np.inf)
    monkeypatch.setattr(model, "_MOST_PAIRS", int(np.isfinite(price).sum()))
    found = median(price, home=np.arange(30), near=near, count=10, fixed=np.zeros(30, dtype=bool))
    assert found.status is Status.OPTIMAL
    assert found.bound == pytest.approx(found.price)


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_fewest_is_the_fewest(seed):
    """As many sites as are needed are found by trying all sets of them."""
    rng = np.random.default_rng(seed)
    may = rng.random((7, 6)) < 0.4
    may[np.arange(7), rng.integers(0, 6, 7)] = True
    fixed = rng.random(6) < 0.2
    enough, needed = fewest(may, fixed)
    least = min(
        k
        for k in range(7)
        for chosen in combinations(range(6), k)
        if set(np.flatnonzero(fixed)) <= set(chosen) and may[:, list(chosen)].any(axis=1).all()
    )
    assert enough == needed == least


def test_nothing_serves_a_grid_that_no_site_may_serve():
    """Where areas cannot hang together within what is allowed, it is said to be impossible."""
    _, near = board(3, 1)
    price = np.array([[0.0, np.inf, 1.0], [np.inf, 0.0, np.inf], [1.0, np.inf, 0.0]])
    found = median(price, home=np.arange(3), near=near, count=2, fixed=np.zeros(3, dtype=bool))
    assert found.status is Status.IMPOSSIBLE
