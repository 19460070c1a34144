"""The commands about the store, one after another on one store, as an operator types them."""

import io
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from api.cli import run
from tests.towns import write_town

PASSWORD = "很长的一个密码 2026"  # noqa: S105 - of nobody


@pytest.fixture(scope="module")
def home():
    """A home that the server's user may enter, whoever runs the tests."""
    with tempfile.TemporaryDirectory(prefix="wangge-") as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101 S103 - root's temporary folders are closed to the server's user
        yield Path(folder, "store")


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return write_town(tmp_path_factory.mktemp("cli") / "town")


@pytest.fixture(scope="module")
def plan(town):
    out = town.parent / "plan"
    assert run(["divide", str(town), "--out", str(out), "--seed", "1", "--workers", "1"]) == 0
    return out


@pytest.fixture
def says(capsys, home):
    """Run a command on the store and return its exit code and what it printed, as JSON."""

    def run_it(*words, at=None):
        code = run([*words, "--home", str(at or home), "--json", "--lang", "en"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else said.err

    return run_it


@pytest.fixture
def adopted(says, town, plan):
    """A store with the town and its first plan in force."""
    if not says("plans", "--in-force")[1]:
        assert says("import", str(town))[0] == 0
        code, draft = says("import", str(plan))
        assert code == 0
        assert says("publish", str(draft["number"]), "--adopt")[0] == 0
    return says("plans")[1]


@pytest.mark.slow
def test_the_operators_day(says, town, plan, home, monkeypatch, tmp_path) -> None:  # noqa: PLR0917 - fixtures
    """Migrate, look before importing, import twice, adopt, refuse a second adoption, verify, back up, restore elsewhere."""
    assert says("migrate")[1]["migration"] >= 4

    code, brought = says("import", str(town), "--dry-run")
    assert (code, brought["is_new"], says("plans")[1]) == (0, True, [])
    code, brought = says("import", str(town))
    assert (code, brought["is_new"], brought["snapshot"]) == (0, True, 1)
    code, brought = says("import", str(town))
    assert (code, brought["is_new"], brought["snapshot"]) == (0, False, 1)

    code, draft = says("import", str(plan), "--title", "首次划分")
    assert (code, draft["state"], draft["number"]) == (0, "draft", 1)
    code, fault = says("publish", "1")
    assert code == 2
    assert "--adopt" in fault
    code, done = says("publish", "1", "--adopt")
    assert (code, done["state"]) == (0, "effective")
    assert [p["title"] for p in says("plans", "--in-force")[1]] == ["首次划分"]

    assert says("import", str(plan))[1]["number"] == 2
    code, fault = says("publish", "2", "--adopt")
    assert code == 2
    assert "in force" in fault

    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    assert says("admin", "create", "admin", "--name", "管理员")[0] == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    code, fault = says("admin", "create", "other", "--name", "其他")
    assert code == 2
    assert "administrator already" in fault
    assert oct((home / "secret").stat().st_mode & 0o777) == "0o600"

    code, checked = says("log", "--heads")
    assert (code, checked["broken"]) == (0, [])
    file = tmp_path / "store.dump"
    assert says("backup", str(file))[0] == 0
    with tempfile.TemporaryDirectory(prefix="wangge-") as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101 S103 - as above
        elsewhere = Path(folder, "store")
        assert says("restore", str(file), at=elsewhere)[0] == 0
        assert says("plans", at=elsewhere)[1] == says("plans")[1]
        assert says("log", "--heads", at=elsewhere)[1] == checked
        code, fault = says("restore", str(file), at=elsewhere)
        assert code == 2
        assert "not empty" in fault


@pytest.mark.slow
def test_new_households_come_with_a_diff(says, adopted, town, tmp_path) -> None:
    """A refreshed household file says what was added, removed and changed, and which grids in force left the band."""
    refreshed = shutil.copytree(town, tmp_path / "town")
    file = refreshed / "households.csv"
    head, first, second, *rest = file.read_text(encoding="utf-8").splitlines()
    count = head.split(",").index("households")
    cells = first.split(",")
    cells[count] = "900"
    file.write_text("\n".join([head, ",".join(cells), *rest, second.replace(second.split(",")[0], "new-1", 1)]) + "\n", "utf-8")
    code, brought = says("import", str(refreshed))
    assert code == 0, brought
    counts = brought["households"]
    assert (counts["added"], counts["removed"], counts["changed"]) == (1, 1, 1)
    (moved,) = brought["plans"]
    assert moved["plan"] in {p["id"] for p in adopted}
    assert any(households > 500 for households in moved["out_of_band"].values())


@pytest.mark.slow
def test_a_plan_of_another_town_is_refused(says, adopted, plan, tmp_path) -> None:
    """A plan's folder whose town was never imported from these files is not taken in."""
    other = shutil.copytree(plan, tmp_path / "plan")
    record = json.loads((other / "plan.json").read_text(encoding="utf-8"))
    record["inputs"] = dict.fromkeys(record["inputs"], "0" * 64)
    (other / "plan.json").write_text(json.dumps(record), encoding="utf-8")
    code, fault = says("import", str(other))
    assert code == 2
    assert "import the town first" in fault
    (other / "grids.gpkg").write_bytes(b"nothing")
    code, fault = says("import", str(other))
    assert code == 1
    assert "is no plan" in fault
    assert adopted


@pytest.mark.parametrize("words", [["publish", "1", "--from", "soon"], ["serve", "--port", "70000"], ["publish", "nonsense"]])
def test_wrong_words_are_named(says, words) -> None:
    """A day that is none, a port that is none and a plan that is not there are refused before anything happens."""
    code = run([*words, "--home", "/nowhere/at/all"]) if words[0] == "serve" else says(*words)[0]
    assert code in {1, 2}
