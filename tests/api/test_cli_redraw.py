"""`wangge redraw`, as an operator types it: from the grids that there are to a plan, and that plan made again."""

from __future__ import annotations

import json

import pytest

from api.cli import run
from data.plan_folder import read_plan


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A sample town and its plan, on disk."""
    folder = tmp_path_factory.mktemp("redraw")
    assert run(["sample", str(folder / "town"), "--households", "3000"]) == 0
    assert run(["divide", str(folder / "town"), "--out", str(folder / "plan"), "--workers", "1"]) == 0
    return folder


def says(capsys, *words):
    """Run a command; return its exit code, what it printed and what it said on stderr."""
    capsys.readouterr()
    code = run([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def rebuilt(town, folder):
    """Copy the town with three times the households at every tenth point."""
    folder.mkdir()
    for path in (town / "town").iterdir():
        if path.name != "households.csv":
            (folder / path.name).write_bytes(path.read_bytes())
            continue
        head, *lines = path.read_text(encoding="utf-8-sig").splitlines()
        at = head.split(",").index("households")
        rows = [line.split(",") for line in lines]
        for row in rows[::10]:
            row[at] = str(3 * int(row[at]))
        (folder / path.name).write_text("\n".join([head, *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")
    return folder


def test_a_plan_is_redrawn_and_made_again(capsys, town, tmp_path):
    """A town that grew has its grids redrawn; the ways are listed, and the plan can be made again, byte for byte."""
    now = rebuilt(town, tmp_path / "now")
    code, out, _ = says(capsys, "redraw", now, "--from", town / "plan", "--out", tmp_path / "redrawn", "--workers", 1, "--json")
    assert code == 0
    record = json.loads(out)
    ways = record["redrawn"]["alternatives"]
    assert ways[0]["level"] == "kept"
    assert [way["households_moved"] for way in ways] == sorted(way["households_moved"] for way in ways)
    assert record["redrawn"]["level"] in {way["level"] for way in ways}
    before, after = read_plan(town / "plan")[1], read_plan(tmp_path / "redrawn")[1]
    assert set(before.code) & set(after.code)
    assert (tmp_path / "redrawn" / "map.html").exists()
    again = ("reproduce", tmp_path / "redrawn" / "plan.json", "--town", now, "--workers", 1)
    assert says(capsys, *again, "--from", town / "plan")[0] == 0
    code, _, err = says(capsys, *again)
    assert (code, "--from" in err) == (1, True)
    code, _, err = says(capsys, *again, "--from", town / "plan" / "grids.geojson")
    assert (code, "is not what" in err) == (1, True)
    assert says(capsys, "diff", town / "plan", tmp_path / "redrawn")[0] == 1


def test_a_layer_is_redrawn(capsys, town, tmp_path):
    """Grids in a file of their own are what is redrawn from; those that are well as they are stay."""
    code, out, _ = says(
        capsys, "redraw", town / "town", "--from", town / "plan" / "grids.geojson", "--out", tmp_path / "out", "--take", "kept",
        "--workers", 1, "--lang", "en",
    )  # fmt: skip
    assert code == 0
    assert "→ kept: 0 households change grid" in out
    assert set(read_plan(tmp_path / "out")[1].code) == set(read_plan(town / "plan")[1].code)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--take", "most"), "--take is one of"),
        (("--lock", "X9"), "X9"),
    ],
)
def test_what_cannot_be_is_refused(capsys, town, tmp_path, words, why):
    """A way that nobody knows, and a lock on a grid that is not there, are answers; nothing is written."""
    told = says(capsys, "redraw", town / "town", "--from", town / "plan", "--out", tmp_path / "out", "--workers", 1, *words)
    assert told[0] == 2
    assert why in told[1] + told[2]
    assert not (tmp_path / "out").exists()


def test_nothing_to_redraw_from(capsys, town, tmp_path):
    """A town without grids of its own needs to be told where they are."""
    code, _, err = says(capsys, "redraw", town / "town", "--out", tmp_path / "out", "--workers", 1)
    assert (code, "--from" in err) == (1, True)
