"""Staffing over HTTP: rules as data of areas, and how each grid is staffed by them."""

from copy import deepcopy

import pytest

from tests.api.duty.places import JIUQUAN, SHIZHONG, SHIZHONG_DEDICATED
from tests.api.incidents.station import GRID, HERE, NEXT
from tests.api.v1.hall import problem
from tests.api.v1.staffed import events, listed, made, posted, staffed
from tests.published import DISTRICT, HIDDEN, STREETS

SECOND = f"{HERE}002"


@pytest.fixture
def station(db, tmp_path):
    """The small town with its staff."""
    with staffed(db, tmp_path) as town:
        yield town


def states(station, who="district", area=DISTRICT, grid_type="residential", rule=None, **more):
    """State a rule."""
    body = {"area": area, "grid_type": grid_type, "rule": rule, **more}
    return station.asks(who, "PUT", "/v1/staffing/rules", json=body)


def shown(station, who="district", **params):
    """How grids are staffed, whole and by their codes."""
    answer = station.asks(who, "GET", "/v1/staffing", params=params)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    return document, {grid["code"]: grid for grid in document["grids"]}


def test_the_nearest_rule_holds(station) -> None:
    """Each grid is judged by the rule for its type of the nearest area above; taken back, the next one above holds again."""
    assert shown(station)[0]["ruled"] == 0
    states(station, rule=SHIZHONG)
    states(station, grid_type="dedicated", rule=SHIZHONG_DEDICATED)
    states(station, "street", STREETS[0], rule=JIUQUAN)
    whole, grids = shown(station)
    rule_of = {rule["id"]: rule["rule"]["formula"] for rule in whole["rules"]}
    assert (whole["count"], whole["ruled"]) == (12, 12)
    formulas = {code: rule_of[grid["rule"]] for code, grid in grids.items()}
    assert (formulas[GRID], formulas[f"{STREETS[1]}001001"], formulas[HIDDEN]) == ("1+3", "1+1+N+X", "1+X+Y")
    assert states(station, "street", STREETS[0], rule=None).status_code == 200
    whole, grids = shown(station)
    assert {rule["id"]: rule["rule"]["formula"] for rule in whole["rules"]}[grids[GRID]["rule"]] == "1+1+N+X"
    assert events(station, "staffing.") == ["staffing.rule"] * 4


def test_gaps_and_totals(station) -> None:
    """Every grid has its gaps by role, and totals say what all of them need and have; without an owner, and without a grid."""
    states(station, rule=SHIZHONG)
    idle = made(station, name="待岗")
    for name, role in (
        ("长", "grid_leader"),
        ("兼", "part_time_worker"),
        ("导", "grid_instructor"),
        ("专", "full_time_worker"),
    ):
        one = made(station, name=name, education="high" if name == "专" else "")
        posted(station, one, SECOND, role, channel="selected" if role == "full_time_worker" else "")
    whole, grids = shown(station, area=HERE)
    assert (whole["count"], whole["ruled"], whole["compliant"]) == (3, 3, 1)
    assert (grids[SECOND]["compliant"], grids[SECOND]["gaps"]) == (True, [])
    assert [warning["code"] for warning in grids[SECOND]["warnings"]] == ["eligibility.education"]
    assert [gap["code"] for gap in grids[GRID]["gaps"]] == ["gap.grid_leader", "gap.part_time_worker", "gap.grid_instructor"]
    # Worker and stand-in are two full-time workers where the rule lets there be one.
    assert [(each["have"], each["most"]) for each in grids[GRID]["surplus"]] == [(2, 1)]
    total = {"+".join(each["roles"]): (each["need"], each["have"], each["gap"]) for each in whole["totals"]}
    assert total["full_time_worker"] == (3, 3, 1)
    assert total["grid_leader"] == (3, 1, 2)
    assert (whole["by_channel"], whole["by_source"]) == ({"": 5, "selected": 1}, {"": 6})
    station.hall.do("UPDATE wangge.staff SET source = 'veterans' WHERE name IN ('长', '待岗')")
    assert shown(station, area=HERE)[0]["by_source"] == {"": 5, "veterans": 1}
    assert whole["posts"] == sum(whole["by_channel"].values()) == sum(whole["by_source"].values()) == 6
    assert whole["without_owner"] == [f"{HERE}003"]
    assert [each["id"] for each in whole["staff_without_grid"]] == [idle["id"]]
    assert (whole["core"], whole["posts"]) == ({"need": 6, "have": 3, "beyond": 3}, 6)
    only, listed_grids = shown(station, area=HERE, compliant=False)
    assert (set(listed_grids), only["compliant"]) == ({GRID, f"{HERE}003"}, 1)


def test_some_is_what_the_town_says(station) -> None:
    """Where a rule leaves 若干 open, a grid that lacks it is warned of and compliant, or not even warned of."""
    rule = deepcopy(SHIZHONG)
    rule["terms"] = [rule["terms"][1], {"sym": "N", "roles": ["part_time_worker"]}]
    rule["formula"] = "1+N"
    rule["terms"][0]["max"] = None
    states(station, rule=rule)
    _, grids = shown(station, area=HERE)
    assert (grids[GRID]["compliant"], [gap["severity"] for gap in grids[GRID]["gaps"]]) == (True, ["warning"])
    assert shown(station, area=HERE, some=0)[1][GRID]["gaps"] == []


def test_rules_hold_from_day_to_day(station) -> None:
    """A rule holds from its day on; what held before is asked by its day, and a day that is over does not change."""
    states(station, rule=SHIZHONG, doc_id="济市中发〔2021〕1号")
    states(station, rule=JIUQUAN, valid_from="2026-04-01")

    def formulas(**on):
        found = listed(station, "worker", "/v1/staffing/rules", "rules", **on)
        return [(each["rule"]["formula"], each["doc_id"], each["valid_to"]) for each in found]

    assert formulas() == [("1+1+N+X", "济市中发〔2021〕1号", "2026-04-01")]
    assert formulas(at="2026-04-01") == [("1+3", "", None)]
    assert formulas(at="2026-03-01") == []
    problem(states(station, rule=JIUQUAN, valid_from="2026-03-01"), 409, "past-day")
    states(station, rule=SHIZHONG_DEDICATED | {"grid_type": "residential"})
    assert formulas() == [("1+X+Y", "", "2026-04-01")]
    before = len(events(station, "staffing."))
    assert states(station, rule=SHIZHONG_DEDICATED | {"grid_type": "residential"}).status_code == 200
    assert len(events(station, "staffing.")) == before


def test_who_states_and_sees_rules(station) -> None:
    """An area's rule is stated by whoever manages staff in it, and seen by whoever works below; staffing is for managers."""
    problem(states(station, "community", rule=SHIZHONG), 403, "scope-denied")
    problem(states(station, "worker", HERE, rule=SHIZHONG), 403, "scope-denied")
    body = {"area": HERE, "grid_type": "residential", "rule": None}
    problem(station.hall.client.put("/v1/staffing/rules", json=body), 401, "unidentified")
    assert states(station, "community", HERE, rule=SHIZHONG).status_code == 200
    assert len(listed(station, "worker", "/v1/staffing/rules", "rules")) == 1
    assert listed(station, "stranger", "/v1/staffing/rules", "rules") == []
    problem(station.asks("worker", "GET", "/v1/staffing"), 403, "scope-denied")
    document, grids = shown(station, "community")
    assert {code[:12] for code in grids} == {HERE}
    assert shown(station, "community", area=NEXT)[0]["count"] == 0
    assert document["staff_without_grid"] == []


def test_a_rule_that_is_none_comes_back_with_all_its_faults(station) -> None:
    """An unknown letter and an unknown role are both named, each with its field, in the language that is asked for."""
    rule = deepcopy(SHIZHONG)
    rule["terms"][3]["roles"] = ["instructor"]
    rule["terms"][2]["max"] = 0
    document = problem(states(station, rule=rule), 422, "invalid-input")
    assert {(each["field"], each["code"]) for each in document["errors"]} == {
        ("terms[3].roles", "unknown_role"), ("terms[2].max", "upside_down"),
    }  # fmt: skip
    rule = deepcopy(SHIZHONG) | {"formula": "1+1+N+X+Z"}
    assert [each["code"] for each in problem(states(station, rule=rule), 422, "invalid-input")["errors"]] == ["unknown_letter"]
    problem(states(station, grid_type="dedicated", rule=SHIZHONG), 409, "other-type")
    assert listed(station, "district", "/v1/staffing/rules", "rules") == []
