"""`wangge diff`, as an operator types it: two plans on disk, and what became of the grids."""

from __future__ import annotations

import csv
import io
import json

import pytest

from api.cli import run
from data.plan_files import write_plan
from partition.engine import divide
from partition.prove import prove
from partition.rules import Rules
from tests.drawn import sketch

CODE = "370103016001"
BEFORE = "A200 A200 A200 A200\nA200 A200 A200 A200"
AFTER = "A200 A200 A200 A200\nA200 A200 A450 A350"


def plan(folder, drawing, code=CODE):
    """Divide a drawing and write its plan."""
    drawn = sketch(drawing)
    drawn.communities = dict.fromkeys([code], *drawn.communities.values())
    town = drawn.town()
    made = divide(town, Rules(), seed=1)
    write_plan(folder, made, town, prove(made, town), pages={})
    return folder


@pytest.fixture(scope="module")
def plans(tmp_path_factory):
    """Two plans of one community, of which a corner was rebuilt in between, and one of another community."""
    folder = tmp_path_factory.mktemp("plans")
    return plan(folder / "old", BEFORE), plan(folder / "new", AFTER), plan(folder / "other", BEFORE, "370103016002")


def says(capsys, *words):
    """Run the command; return its exit code, what it printed and what it said on stderr."""
    code = run(["diff", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_plan_and_itself(capsys, plans):
    """A plan beside itself keeps every grid, and nobody changed."""
    code, out, _ = says(capsys, plans[0], plans[0], "--json")
    found = json.loads(out)
    assert code == 0
    assert found["households_moved"] == 0
    assert set(found["fate"]) == {"keep"}
    assert set(found["flags"]) == {"U"}
    assert found["changes"] == []


def test_what_changed_is_counted_and_listed(capsys, plans, tmp_path):
    """All households of the later plan are in the register, those that moved add up, and the exit code is 1."""
    code, out, _ = says(capsys, plans[0], plans[1], "--json", "--out", tmp_path / "changes.csv")
    found = json.loads(out)
    assert code == 1
    rows = list(csv.DictReader(io.StringIO((tmp_path / "changes.csv").read_bytes().decode("utf-8-sig"))))
    assert sum(int(row["households"]) for row in rows) == found["households"] == 2000
    assert sum(int(row["households_moved"]) for row in rows) == found["households_moved"]
    assert found["grids_after"] > found["grids_before"] == sum(found["fate"].values())
    code, out, _ = says(capsys, plans[0], plans[1], "--lang", "en")
    assert code == 1
    assert f"{found['households_moved']} of 2000" in out


def test_plans_of_different_ground_are_refused(capsys, plans):
    """Two plans without a community in common have nothing to compare."""
    code, out, err = says(capsys, plans[0], plans[2])
    assert code == 1
    assert "nothing_in_common" in out + err or "没有共同的社区" in out + err
