"""The command line, command by command, on a small town on disk."""

from __future__ import annotations

import json
import shutil

import pyogrio
import pyogrio.raw
import pytest
import shapely

from api.cli import app, run
from tests.towns import write_town

COMMANDS = ["check", "divide", "audit", "reproduce", "sample"]


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return write_town(tmp_path_factory.mktemp("cli") / "town")


@pytest.fixture(scope="module")
def plan(town):
    """The town's plan, as the command writes it."""
    out = town.parent / "plan"
    assert run(["divide", str(town), "--out", str(out), "--seed", "1", "--workers", "1"]) == 0
    return out


def tree(folder):
    """Return every file below a folder with what it holds."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command, capsys):
    """Each command says what it does and shows how it is called."""
    assert run([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"Example:  wangge {command} " in said
    assert {registered.name or registered.callback.__name__ for registered in app.registered_commands} >= {*COMMANDS}


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["divide"],
        ["check"],
        ["sample", "x", "--households", "many"],
        ["divide", "t", "--out", "o", "--workers", "0"],
    ],
)
def test_wrong_use_is_two(arguments, capsys):
    """A command that does not exist, or is called wrongly, ends with 2 and says so on stderr."""
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert said.err
    assert "Traceback" not in said.err


def test_check_says_what_is_wrong_and_writes_nothing(town, tmp_path):
    """`check` of a sound town ends with 0, of a broken one with 1; nothing is written either way."""
    before = tree(town)
    assert run(["check", str(town)]) == 0
    assert run(["check", str(town / "town.toml"), "--json"]) == 0
    assert tree(town) == before
    broken = shutil.copytree(town, tmp_path / "broken")
    rows = (broken / "households.csv").read_text("utf-8").splitlines()
    (broken / "households.csv").write_text("\n".join([*rows[:2], rows[1], *rows[2:]]), encoding="utf-8")
    before = tree(broken)
    assert run(["check", str(broken)]) == 1
    assert tree(broken) == before


def test_json_is_one_document(town, plan, capsys):
    """With `--json` stdout is one JSON document, for every command that has it."""
    capsys.readouterr()
    for arguments, keys in (
        (["check", str(town)], {"findings", "usable"}),
        (["audit", str(plan / "grids.gpkg"), "--town", str(town)], {"clean", "communities", "findings"}),
        (["divide", str(town), "--out", str(plan.parent / "second")], {"metrics", "exceptions", "audit", "outputs"}),
    ):
        assert run([*arguments, "--json"]) == 0
        assert keys <= json.loads(capsys.readouterr().out).keys()


def test_json_of_divide_is_what_was_written(town, tmp_path, capsys):
    """What `divide --json` prints is the plan.json that it wrote, digests of the outputs included."""
    capsys.readouterr()
    assert run(["divide", str(town), "--out", str(tmp_path / "plan"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "plan" / "plan.json").read_bytes())


def test_divide_writes_a_plan(plan):
    """`divide` writes all files of a plan and says what it is worth, in Chinese or English."""
    assert {path.name for path in plan.iterdir()} == {
        "grids.gpkg",
        "grids.geojson",
        "assignment.csv",
        "plan.json",
        "map.html",
    }
    assert json.loads((plan / "plan.json").read_bytes())["audit"]["clean"]


def test_divide_speaks_two_languages(town, tmp_path, capsys):
    """The same figures in Chinese by default and in English when asked."""
    run(["divide", str(town), "--out", str(tmp_path / "zh")])
    assert "方案已写入" in capsys.readouterr().out
    run(["divide", str(town), "--out", str(tmp_path / "en"), "--lang", "en"])
    said = capsys.readouterr().out
    assert "the plan is in" in said
    assert "coverage certificate: 2 / 2" in said


def test_divide_refuses_before_it_works(town, tmp_path, capsys):
    """A target with other files, rules that cannot be, and a town that is not there are refused; nothing is written."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    (tmp_path / "rules.toml").write_text("maximum = 100\n")
    (tmp_path / "typo.toml").write_text("maximun = 500\n")
    out = ["--out", str(tmp_path / "out")]
    assert run(["divide", str(town), "--out", str(tmp_path / "mine")]) == 2
    assert run(["divide", str(town), *out, "--rules", str(tmp_path / "rules.toml")]) == 2
    assert run(["divide", str(town), *out, "--rules", str(tmp_path / "typo.toml")]) == 2
    assert "maximun" in capsys.readouterr().err
    assert run(["divide", str(town), *out, "--rules", str(tmp_path / "none.toml")]) == 2
    assert run(["divide", str(tmp_path / "nowhere"), *out]) in {1, 2}
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "rules.toml", "typo.toml"}
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_rules_change_the_plan(town, tmp_path):
    """A rules file is read, used and stored."""
    (tmp_path / "rules.toml").write_text("minimum = 150\ntarget = 200\nmaximum = 250\n[weights]\nshape = 3\n")
    out = tmp_path / "plan"
    assert run(["divide", str(town), "--out", str(out), "--rules", str(tmp_path / "rules.toml")]) == 0
    record = json.loads((out / "plan.json").read_bytes())
    assert record["rules"]["maximum"] == 250
    assert record["rules"]["weights"]["shape"] == 3
    grids = pyogrio.read_dataframe(out / "grids.gpkg", layer="grids")
    assert grids["households"].max() <= 250


@pytest.mark.parametrize("file", ["grids.gpkg", "grids.geojson"])
def test_our_own_plan_is_clean(file, town, plan, capsys):
    """The audit of a plan of ours is clean: the GeoPackage by equality, the GeoJSON within its rounding."""
    assert run(["audit", str(plan / file), "--town", str(town), "--lang", "en"]) == 0
    said = capsys.readouterr().out
    assert "clean" in said
    assert file != "grids.gpkg" or "2 of 2 communities are proven" in said


def test_a_vertex_moved_by_a_centimetre_is_found(town, plan, tmp_path, capsys):
    """One vertex of one grid moved by 1 cm: the audit ends with 1 and says where."""
    moved = _with_moved_vertex(plan / "grids.gpkg", tmp_path / "moved.gpkg")
    capsys.readouterr()
    assert run(["audit", str(moved), "--town", str(town), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert not report["clean"]
    assert any(finding.get("place") for finding in report["findings"] if finding["severity"] == "error")
    assert sum(not community["exact"] for community in report["communities"]) >= 1


def test_a_missing_grid_is_found(town, plan, tmp_path):
    """A layer without one of its grids is not clean."""
    path = shutil.copy(plan / "grids.gpkg", tmp_path / "less.gpkg")
    frame = pyogrio.read_dataframe(path, layer="grids")
    pyogrio.write_dataframe(frame.iloc[1:], tmp_path / "less.geojson", driver="GeoJSON", layer="grids")
    assert run(["audit", str(tmp_path / "less.geojson"), "--town", str(town)]) == 1


def _with_moved_vertex(source, target):
    """Copy a plan's grids and communities and move one inner vertex by 1 cm."""
    for layer in ("grids", "communities"):
        meta, _, geometry, fields = pyogrio.raw.read(str(source), layer=layer)
        polygon = shapely.from_wkb(geometry)
        if layer == "grids":
            polygon[0] = _nudged(polygon[0])
        pyogrio.raw.write(
            str(target),
            shapely.to_wkb(polygon),
            field_data=fields,
            fields=list(meta["fields"]),
            layer=layer,
            driver="GPKG",
            geometry_type="Unknown",
            crs=meta["crs"],
            append=target.exists(),
        )
    return target


def _nudged(polygon):
    xy = shapely.get_coordinates(polygon.exterior).copy()
    xy[1] += [0.01, 0.0]
    return shapely.Polygon(xy, polygon.interiors)


def test_audit_of_what_is_no_layer(town, tmp_path, capsys):
    """A file that is missing or is no layer ends with 1 or 2 and a sentence, never with a traceback."""
    (tmp_path / "bad.gpkg").write_text("no database")
    for path in (tmp_path / "bad.gpkg", tmp_path / "missing.gpkg"):
        assert run(["audit", str(path), "--town", str(town)]) in {1, 2}
        assert path.name in capsys.readouterr().err


def test_reproduce(town, plan, capsys):
    """A plan made again is the same, byte for byte."""
    assert run(["reproduce", str(plan / "plan.json"), "--town", str(town), "--lang", "en"]) == 0
    assert "byte for byte" in capsys.readouterr().out


def test_reproduce_after_a_change(town, plan, tmp_path, capsys):
    """After a change of an input file the town is not the same, which ends with 1 and names the file."""
    other = shutil.copytree(town, tmp_path / "town")
    with (other / "households.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert run(["reproduce", str(plan / "plan.json"), "--town", str(other), "--lang", "en"]) == 1
    assert "households.csv" in capsys.readouterr().out


def test_reproduce_finds_a_plan_that_was_changed(town, plan, tmp_path, capsys):
    """A record whose outputs are other than what the town gives ends with 1."""
    record = json.loads((plan / "plan.json").read_bytes())
    record["outputs"]["assignment.csv"] = "0" * 64
    (tmp_path / "plan.json").write_text(json.dumps(record))
    assert run(["reproduce", str(tmp_path / "plan.json"), "--town", str(town), "--lang", "en"]) == 1
    assert "assignment.csv" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "not json", "[]", "{}"])
def test_reproduce_of_what_is_no_plan(text, town, tmp_path, capsys):
    """A file that is no plan.json is wrong use: 2 with a sentence."""
    (tmp_path / "plan.json").write_text(text)
    assert run(["reproduce", str(tmp_path / "plan.json"), "--town", str(town)]) == 2
    assert "plan.json" in capsys.readouterr().err


def test_sample(tmp_path):
    """`sample` writes a town that `check` finds usable, the same for the same seed."""
    for name in ("one", "two"):
        assert run(["sample", str(tmp_path / name), "--households", "1000", "--seed", "5"]) == 0
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert run(["check", str(tmp_path / "one")]) == 0
    assert run(["sample", str(tmp_path / "three"), "--households", "10"]) == 2
    assert not (tmp_path / "three").exists()


def test_errors_speak_the_language_that_was_asked_for(tmp_path, capsys):
    """With `--lang en` what stops a command is said in English too."""
    folder = write_town(tmp_path / "town", households=[])
    capsys.readouterr()
    assert run(["divide", str(folder), "--out", str(tmp_path / "plan"), "--lang", "en"]) == 1
    said = capsys.readouterr().err
    assert "error [empty_layer]" in said
    assert "错误" not in said
