"""Stations: every grid in one area that hangs together, people who walk least, and a proof that notices what is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from gis.errors import BrokenPlan, RulesError
from gis.locate import NOWHERE
from partition.search.cover import Status
from partition.stations import Homes, site_stations
from partition.stations_proof import prove_stations
from partition.walk import along_ways, straight

CELL = 200.0
WALK = straight(1.0)


def town(wide=6, high=4, households=lambda _x, _y: 400, gap=0.0):
    """Return square grids, a gap after the third column if there is one, and a household point in the middle of each."""
    at = [(x, y) for y in range(high) for x in range(wide)]
    left = np.array([x * CELL + (gap if x > 2 else 0.0) for x, _ in at])
    low = np.array([y * CELL for _, y in at])
    polygon = np.asarray(shapely.box(left, low, left + CELL, low + CELL), dtype=object)
    homes = Homes(
        xy=np.column_stack([left, low]) + CELL / 2,
        households=np.array([households(x, y) for x, y in at]),
        grid=np.arange(len(at)),
    )
    return polygon, homes


def sited(polygon, homes, **wanted):
    """Site stations and prove them."""
    found = site_stations(polygon, homes, wanted.pop("walk", WALK), **({"reach_m": 500.0} | wanted))
    prove_stations(found, polygon, homes)
    return found


def test_every_grid_has_one_station_that_stands_in_its_area():
    """So many stations as were wanted stand each in a grid of its own, and every grid goes to one of them."""
    polygon, homes = town()
    found = sited(polygon, homes, count=6)
    assert len(found) == 6
    assert found.status is Status.OPTIMAL
    assert found.price_m == pytest.approx(found.bound_m)
    assert found.station[found.stands_in].tolist() == list(range(6))
    assert found.households.sum() == homes.households.sum()
    assert (shapely.get_num_geometries(found.area) == 1).all()


def test_where_people_live_closer_stations_stand_closer():
    """The denser a service area, the shorter its way: stations of the crowded half reach less far than the others."""
    polygon, homes = town(10, 6, households=lambda x, _y: 900 if x < 5 else 60)
    found = sited(polygon, homes, count=12)
    density = found.households / shapely.area(found.area)
    dense = density > np.median(density)
    assert found.farthest_m[dense].mean() < 0.6 * found.farthest_m[~dense].mean()


def test_as_few_as_reach_everybody():
    """Without a number there are as few stations as everybody can walk to in time, and fewer would not do."""
    polygon, homes = town(6, 1)
    found = sited(polygon, homes, reach_m=250.0)
    assert len(found) == found.fewest == 2
    assert found.reached.sum() == homes.households.sum()
    fewer = sited(polygon, homes, reach_m=250.0, count=1)
    assert fewer.reached.sum() < homes.households.sum()
    assert fewer.fewest is None


def test_stations_that_are_there_stay():
    """A station that stays is among the stations, where it stands, however dear that is; new ones come beside it."""
    polygon, homes = town()
    there = np.array([[10.0, 10.0]])
    found = sited(polygon, homes, count=4, kept=there)
    assert (found.kept != NOWHERE).sum() == 1
    assert found.xy[found.kept == 0].tolist() == there.tolist()
    assert found.price_m > sited(polygon, homes, count=4).price_m


def test_a_station_too_far_from_its_own_grid_still_serves_it():
    """One that stays in a far corner of its grid serves that grid; who is too far is told, and nothing else gives way."""
    polygon, homes = town()
    there = np.array([[1.0, 1.0]])
    found = sited(polygon, homes, reach_m=120.0, kept=there)
    assert found.station[0] == np.flatnonzero(found.kept == 0)[0]
    assert found.reached.sum() == homes.households[1:].sum()


@pytest.mark.parametrize(
    ("kept", "count", "why"),
    [
        ([[-50.0, 10.0]], 4, "lies in no grid"),
        ([[10.0, 10.0], [20.0, 20.0]], 4, "shares its grid"),
        ([[10.0, 10.0], [210.0, 10.0]], 1, "2 that stay"),
        ([], 25, "24 grids"),
    ],
)
def test_what_cannot_be_is_said(kept, count, why):
    """Stations that cannot stay, fewer than stay, or more than there are grids with people, are refused with the reason."""
    polygon, homes = town()
    with pytest.raises(RulesError, match=why):
        site_stations(polygon, homes, WALK, reach_m=500.0, count=count, kept=np.array(kept).reshape(-1, 2))


def test_an_island_is_linked_and_said_to_be():
    """Ground that nothing touches is joined to the nearest grids by a link that is told, and needs no station of its own."""
    polygon, homes = town(gap=70.0)
    found = sited(polygon, homes, count=1)
    assert len(found.linked) == 1
    a, b = found.linked[0].tolist()
    assert shapely.distance(polygon[a], polygon[b]) == pytest.approx(70.0)
    assert shapely.get_num_geometries(found.area[0]) == 2


def test_empty_grids_go_to_whom_is_near_and_hold_no_station():
    """A grid where nobody lives belongs to an area, and no station stands in it."""
    polygon, homes = town(households=lambda x, _y: 0 if x == 2 else 400)
    found = sited(polygon, homes, count=5)
    empty = np.flatnonzero(homes.households == 0)
    assert not set(found.stands_in.tolist()) & set(empty.tolist())
    assert found.station.min() >= 0


def test_along_ways_a_river_is_crossed_at_its_bridge():
    """People on the other bank walk by the bridge; and those whom no way joins walk as the crow flies."""
    bank = shapely.linestrings([[[0, 0], [1000, 0]], [[0, 100], [1000, 100]], [[1000, 0], [1000, 100]]])
    walk = along_ways(np.asarray(bank, dtype=object), 1.3)
    here, there = np.array([[0.0, 0.0]]), np.array([[0.0, 100.0]])
    assert walk(here, there)[0, 0] == pytest.approx(2100.0)
    assert straight(1.3)(here, there)[0, 0] == pytest.approx(130.0)
    apart = along_ways(np.asarray(bank[:2], dtype=object), 1.3)
    assert apart(here, there)[0, 0] == pytest.approx(130.0)
    assert along_ways(np.array([], dtype=object), 1.3)(here, there)[0, 0] == pytest.approx(130.0)


def test_stations_follow_the_ways():
    """A grid across the river goes to a station on its own bank, though another is nearer on the map."""
    polygon, homes = town(6, 2)
    ways = shapely.linestrings([[[0, 100], [1200, 100]], [[0, 300], [1200, 300]], [[1200, 100], [1200, 300]]])
    found = sited(polygon, homes, count=2, walk=along_ways(np.asarray(ways, dtype=object), 1.3))
    assert found.station.reshape(2, 6).tolist() == [[1] * 6, [0] * 6]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda s: {"station": np.zeros_like(s.station)}, "a station no grid"),
        (lambda s: {"station": np.roll(s.station, 1)}, "is not that of its grids"),
        (lambda s: {"area": s.area[[0] * len(s)]}, "not that of its grids"),
        (lambda s: {"xy": s.xy + 1000.0}, "does not stand in it"),
        (lambda s: {"households": s.households + 1}, "households are lost"),
        (lambda s: {"walk_m": s.walk_m - 1.0}, "less than the straight line"),
        (lambda s: {"bound_m": s.price_m + 1.0}, "bound lies above"),
    ],
)
def test_the_proof_notices(spoil, why):
    """Whatever of the answer is changed, the proof says so."""
    polygon, homes = town()
    found = sited(polygon, homes, count=5)
    with pytest.raises(BrokenPlan, match=why):
        prove_stations(replace(found, **spoil(found)), polygon, homes)


def test_the_proof_notices_an_area_in_two_parts():
    """An area that does not hang together is no area, unless a link that is told joins it."""
    polygon, homes = town(gap=70.0)
    found = sited(polygon, homes, count=1)
    with pytest.raises(BrokenPlan, match="does not hang together"):
        prove_stations(replace(found, linked=found.linked[:0]), polygon, homes)


def test_the_same_stations_each_time():
    """Asked again, the same stations come out, in the same order."""
    polygon, homes = town(9, 7, households=lambda x, y: 300 + 7 * x + 13 * y)
    one, other = (sited(polygon, homes, count=20) for _ in range(2))
    assert one.xy.tolist() == other.xy.tolist()
    assert one.station.tolist() == other.station.tolist()
