"""The forces of grids over HTTP: what is there of the kinds that are wanted."""

from __future__ import annotations

from datetime import date

import pytest

from data.store.plans import area_named
from data.store.profiles import keep
from tests.api.incidents.station import GRID, HERE
from tests.api.v1.staffed import made, posted, staffed
from tests.published import DISTRICT
from tests.stored import owner

KINDS = [{"kind": "police", "zh": "民警", "en": "police"}, {"kind": "water", "zh": "供水", "en": "water"}]


@pytest.fixture
def station(db, tmp_path):
    """The small town with its staff."""
    with staffed(db, tmp_path) as town:
        yield town


def shown(station, **params):
    """Return how the community is staffed: forces of all, and of each grid by code."""
    answer = station.asks("community", "GET", "/v1/staffing", params={"area": HERE, **params})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return told["forces"], {grid["code"]: grid["forces"] for grid in told["grids"]}


def test_present_and_missing_are_told_grid_by_grid(station) -> None:
    """By the profile, and once a rule counts kinds by the rule: of each grid present, missing and of how many; and in all."""
    assert shown(station) == ({"grids": 0, "complete": 0, "kinds": []}, dict.fromkeys(f"{HERE}00{n}" for n in (1, 2, 3)))
    with owner(station.hall.db.admin) as conn:
        keep(conn, area_named(conn, DISTRICT), "own", {"forces": {"kinds": KINDS}}, day=date(2026, 1, 1))
    posted(station, made(station, name="警官"), GRID, "professional_force", kind="police")
    total, grids = shown(station)
    assert grids[GRID] == {"present": ["police"], "missing": ["water"], "of": 2}
    assert grids[f"{HERE}002"] == {"present": [], "missing": ["police", "water"], "of": 2}
    assert (total["grids"], total["complete"]) == (3, 0)
    assert total["kinds"] == [
        {"kind": "police", "label": "police", "present": 1, "missing": 2},
        {"kind": "water", "label": "water", "present": 0, "missing": 3},
    ]
    posted(station, made(station, name="水工"), GRID, "other_force", kind="water")
    assert shown(station)[0]["complete"] == 1
    term = {"sym": "N", "roles": ["professional_force"], "count_by": "kind", "kinds": ["water", "telecom"], "min": 2}
    rule = {"area": HERE, "grid_type": "residential", "rule": {"formula": "N", "terms": [term]}}
    assert station.asks("community", "PUT", "/v1/staffing/rules", json=rule).status_code == 200
    total, grids = shown(station)
    assert grids[GRID] == {"present": [], "missing": ["water", "telecom"], "of": 2}
    assert [(each["kind"], each["label"]) for each in total["kinds"]] == [("water", "water"), ("telecom", "telecom")]
