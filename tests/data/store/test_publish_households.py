"""Which households a plan must have, on lines and in strips between communities, where only a part of a town is divided."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely

from data.store.adopt import adopt
from data.store.rehome import rehome_town
from data.store.sql import many, one
from data.store.towns import import_town, load_town
from gis.errors import Conflict
from partition.engine import divide
from partition.net import net_of
from partition.rules import Rules
from tests.drawn import Drawing, Home
from tests.stored import NOW, TODAY, Made, brought, cut, drafted, village

NORTH_CODE, SOUTH_CODE = "370103016002", "370103016001"
HOUSE = "on the line"


def beside(*, apart=0.0, at=(200.0, 150.0), households=40):
    """Draw two communities, the larger code first in the file, the smaller `apart` metres south of it, and a house `at`."""
    drawn = {NORTH_CODE: shapely.box(0, 150, 400, 300), SOUTH_CODE: shapely.box(0, 0, 400, 150 - apart)}
    homes = [Home(25 + 50 * (k % 8), y, 50) for y in (30, 250) for k in range(8)]
    return Drawing(communities=drawn, homes=[*homes, Home(at[0], at[1], households, id=HOUSE)]).town()


def net_alone(town, codes):
    """Divide some communities of a town, and return their net."""
    return net_of(divide(town, Rules(), seed=1, communities=codes), town)


def without(net, town, identity):
    """Return a net that has forgotten a household point, in its list and in its counts."""
    h, index = net.household_id.index(identity), town.households.id.index(identity)
    grid = net.grid_of_household[h]
    households, persons = net.households.copy(), net.persons.copy()
    households[grid] -= town.households.households[index]
    persons[grid] -= town.households.persons[index]
    return replace(
        net,
        households=households,
        persons=persons,
        household_id=net.household_id[:h] + net.household_id[h + 1 :],
        grid_of_household=np.delete(net.grid_of_household, h),
    )


def kinds_refused(conn, made, net):
    """Return the kinds of finding for which a plan is not adopted."""
    with pytest.raises(Conflict) as refused:
        adopt(conn, drafted(conn, made, net=net), cut())
    assert refused.value.code == "coverage"
    findings: Any = refused.value.extra["findings"]
    return {f["kind"] for f in findings if f["severity"] == "error"}


def stored(conn, town):
    return Made(town, import_town(conn, town, day=TODAY, now=NOW), None, Rules())


@pytest.mark.parametrize("codes", [[SOUTH_CODE], [NORTH_CODE], [NORTH_CODE, SOUTH_CODE]], ids=["south", "north", "both"])
@pytest.mark.parametrize(
    "where",
    [{}, {"apart": 0.6, "at": (200.0, 149.7)}, {"apart": 0.6}, {"apart": 0.6, "at": (200.0, 149.4)}, {"at": (0.0, 150.0)}],
    ids=["line", "strip", "north of the strip", "south of the strip", "corner"],
)
def test_a_household_on_a_line_or_in_a_strip_hinders_no_plan(tx, where, codes) -> None:
    """Whichever community the file lists first, a plan of some or all takes effect with a house on a line or in a strip."""
    town = beside(**where)
    made = stored(tx, town)
    assert adopt(tx, drafted(tx, made, net=net_alone(town, codes)), cut()).state == "effective"


@pytest.mark.parametrize(
    "where",
    [{}, {"apart": 0.6, "at": (200.0, 149.7)}, {"at": (200.0, 0.0)}, {"at": (200.0, 20.0)}],
    ids=["line", "strip", "town's edge", "inside"],
)
@pytest.mark.parametrize("alone", [True, False], ids=["one community", "both"])
def test_a_household_that_the_plan_forgot_is_refused(tx, where, alone) -> None:
    """On the line to the neighbour of larger code, in a settled strip, on the town's edge, inside: it must be in the plan."""
    town = beside(**where)
    made = stored(tx, town)
    net = net_of(divide(town, Rules(), seed=1), town)
    home = net.community[net.grid_of_household[net.household_id.index(HOUSE)]]
    if alone:
        net = net_alone(town, [home])
    assert kinds_refused(tx, made, without(net, town, HOUSE)) == {"wrong_count"}


def test_a_household_of_the_neighbour_is_not_counted_twice(tx) -> None:
    """A house on the line belongs to the smaller code: the plan of the larger one may not count it as well."""
    town = beside()
    made = stored(tx, town)
    net = net_alone(town, [NORTH_CODE])
    more = replace(
        net,
        households=net.households + 40 * (np.arange(len(net)) == 0),
        household_id=(*net.household_id, HOUSE),
        grid_of_household=np.append(net.grid_of_household, 0),
    )
    assert kinds_refused(tx, made, more) == {"wrong_count"}


def test_a_household_in_the_wrong_grid_is_refused(tx) -> None:
    """A house that lies inside one grid and is counted in another of the same community is found, though the sum is right."""
    town = village(communities=1).town()
    made = brought(tx, town)
    net = made.net
    households = net.households + np.where(np.arange(len(net)) == 0, 25, np.where(np.arange(len(net)) == 1, -25, 0))
    assert kinds_refused(tx, made, replace(net, households=households)) == {"wrong_count"}


def test_a_wrong_count_of_persons_is_refused(tx) -> None:
    """A plan whose persons are not those of its households is not in force by them, whatever its rules measure."""
    made = brought(tx, village(communities=1).town())
    persons = made.net.persons + np.where(np.arange(len(made.net)) == 0, 1, np.where(np.arange(len(made.net)) == 1, -1, 0))
    assert kinds_refused(tx, made, replace(made.net, persons=persons)) == {"wrong_count"}


def test_who_may_see_a_household_on_a_line_is_whoever_has_it(tx) -> None:
    """The house on the line is kept under the community that its grid will be in, the one with the smaller code."""
    made = stored(tx, beside())
    (path,) = one(tx, "SELECT path::text FROM wangge.household_point WHERE external_id = %s", [HOUSE])
    assert one(tx, "SELECT code FROM wangge.area WHERE path = %s::ltree", [path]) == (SOUTH_CODE,)
    assert HOUSE in load_town(tx, made.imported.name, communities=[SOUTH_CODE]).households.id
    assert HOUSE not in load_town(tx, made.imported.name, communities=[NORTH_CODE]).households.id


def test_ground_that_two_communities_claim_is_the_first_one_s(tx) -> None:
    """Where communities overlap the file's order says whose a house inside is, and the plan of either takes effect."""
    drawn = {NORTH_CODE: shapely.box(0, 149.5, 400, 300), SOUTH_CODE: shapely.box(0, 0, 400, 150)}
    homes = [Home(25 + 50 * (k % 8), y, 50) for y in (30, 250) for k in range(8)]
    town = Drawing(communities=drawn, homes=[*homes, Home(200, 149.8, 40, id=HOUSE)]).town()
    made = stored(tx, town)
    assert HOUSE in load_town(tx, made.imported.name, communities=[NORTH_CODE]).households.id
    for code in (NORTH_CODE, SOUTH_CODE):
        assert adopt(tx, drafted(tx, made, net=net_alone(town, [code])), cut()).state == "effective"


@pytest.mark.parametrize("codes", [[SOUTH_CODE], [NORTH_CODE], [NORTH_CODE, SOUTH_CODE]], ids=["south", "north", "both"])
def test_a_household_in_a_strip_finds_its_grid_again(tx, codes) -> None:
    """After an import a house in a strip, in no community of the file, is in the grid whose ground the strip became."""
    town = beside(apart=0.6, at=(200.0, 149.7))
    made = stored(tx, town)
    net = net_alone(town, codes)
    plan = adopt(tx, drafted(tx, made, net=net), cut())
    again = import_town(tx, beside(apart=0.6, at=(200.0, 149.7), households=41), day=TODAY, now=NOW)
    (moved,) = rehome_town(tx, again.town, again.snapshot, TODAY)
    found = many(
        tx,
        """SELECT g.code FROM wangge.assignment a JOIN wangge.household_point h ON h.id = a.household_id
             JOIN wangge.grid g ON g.id = a.grid_id
           WHERE (a.plan_id, a.snapshot, h.external_id) = (%s, %s, %s)""",
        [plan.id, again.snapshot, HOUSE],
    )
    expected = [net.code[net.grid_of_household[net.household_id.index(HOUSE)]]] if HOUSE in net.household_id else []
    assert [code for (code,) in found] == expected
    assert (moved.points, moved.outside) == (len(net.household_id), 0)
