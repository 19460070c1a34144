"""The commands about incidents, as an operator types them, on a store that has a town."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from api.cli import run as wangge
from data.store.sql import many, one, run
from tests.api.incidents.station import GRID, at
from tests.data.test_incident_file import DONE, GOOD, MANIFEST, file_of
from tests.published import HIGH, WIDE, publish
from tests.stored import need_superuser, owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def here(no: str, x: float = 50, y: float = 200, **differs: str) -> dict[str, str]:
    """Return a row of the other system, so many metres from the corner of the town."""
    place = at(x, y)
    return GOOD | {"no": no, "x": str(place["lon"]), "y": str(place["lat"])} | differs


ENDED = {name: DONE[name] for name in ("done", "result", "taken", "by")}
ROWS = [here("A1"), here("A2", 2 * WIDE - 50, HIGH + 200), here("A3", -5000), here("A4", 60, **ENDED), here("A5", **ENDED)]
"""Two streets, and beyond; two that have ended."""


@pytest.fixture
def says(monkeypatch, capsys, db) -> Callable[..., tuple[int, Any, str]]:
    """Run a command on the store of a town; return its exit code, what it prints as JSON, and what it says beside."""
    publish(db.admin)
    monkeypatch.setenv("WANGGE_DSN", db.app)
    monkeypatch.setenv("WANGGE_ADMIN_DSN", db.admin)

    def run_it(*words: object) -> tuple[int, Any, str]:
        code = wangge(["incidents", *map(str, words), "--json", "--lang", "en"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else None, said.err

    return run_it


def spoken(capsys, lang: str, *words: object) -> tuple[int, str]:
    """Run a command that speaks, and return its exit code and what it says."""
    code = wangge(["incidents", *map(str, words), "--lang", lang])
    return code, capsys.readouterr().out


def of(folder: Path, name: str, rows: list[dict[str, str]], manifest: str = MANIFEST) -> Path:
    """Write a file of reports in a folder of its own."""
    (folder / name).mkdir(exist_ok=True)
    return file_of(folder / name, rows, manifest)


def count(db) -> int:
    with owner(db.admin) as conn:
        return one(conn, "SELECT count(*) FROM wangge.incident")[0]


def test_a_file_comes_in_once_and_is_proven(says, db, tmp_path, capsys) -> None:
    """Looked at first, then loaded, then loaded again: rows once, each where it lies, and all of it is what was written."""
    file = of(tmp_path, "good", ROWS)
    code, (looked,), _ = says("load", file, "--dry-run")
    assert (code, looked["rows"], looked["outside"], looked["unplaced"], looked["findings"]) == (0, 5, 1, 1, [])
    assert count(db) == 0
    code, (loaded,), _ = says("load", file)
    assert (code, loaded["rows"], loaded["known"], len(loaded["batches"])) == (0, 5, 0, 1)
    with owner(db.admin) as conn:
        rows = many(conn, "SELECT external_id, state, grid_code FROM wangge.incident ORDER BY external_id")
    assert [row[:2] for row in rows] == [(f"A{k}", "closed" if k > 3 else "reported") for k in range(1, 6)]
    assert rows[0][2] == rows[3][2] == GRID
    assert (rows[2][2], rows[1][2] is None) == (None, False)
    code, (again,), _ = says("load", file)
    assert (code, again["rows"], again["known"], again["batches"], again["findings"]) == (0, 0, 5, [], [])
    assert count(db) == 5
    code, proof, _ = says("verify")
    assert (code, proof) == (0, {"faults": [], "incidents": 5, "records": 5, "batches": 1, "chains": proof["chains"]})
    for lang, text in (("en", "all is what was written: 5 incidents with 5 records"), ("zh", "全部一致：5件事件（5条记录）")):
        code, said = spoken(capsys, lang, "verify")
        assert (code, text in said) == (0, True)


def test_what_another_system_changes_is_told_and_not_taken(says, db, tmp_path) -> None:
    """A row that is told of differently now is named by row and field; new ones beside it come in."""
    says("load", of(tmp_path, "first", ROWS))
    later = [ROWS[0] | {"what": "two heaps"}, *ROWS[1:], here("A6", **ENDED)]
    code, (loaded,), _ = says("load", of(tmp_path, "later", later))
    assert (code, loaded["rows"], loaded["known"]) == (0, 1, 5)
    assert [(each["kind"], each["row"], each["field"]) for each in loaded["findings"]] == [("incident_changed", 1, "text")]
    with owner(db.admin) as conn:
        assert one(conn, "SELECT title FROM wangge.incident WHERE external_id = 'A1'") == ("a heap",)
    assert says("verify")[0] == 0


def test_every_fault_of_a_file_is_told_at_once(says, db, tmp_path, capsys) -> None:
    """Rows that cannot be used are each named with what is wrong with them, and left out; the others come in."""
    bad = [
        *ROWS, here("A1"), here("B1", x=0, y=0) | {"x": ""}, here("B2", made="yesterday"), here("B3", sort=""),
        here("B4", done="2026-02-01", result="ok"), here("B5", made="2999-01-01 00:00:00"),
    ]  # fmt: skip
    file = of(tmp_path, "bad", bad)
    code, (loaded,), _ = says("load", file)
    assert (code, loaded["rows"]) == (0, 5)
    told = {(each["row"], each["kind"]) for each in loaded["findings"]}
    assert told == {
        (6, "incident_twice"), (7, "incident_no_place"), (8, "incident_time_unreadable"), (9, "incident_empty"),
        (10, "incident_backwards"), (11, "incident_future"),
    }  # fmt: skip
    assert count(db) == 5
    for lang, row, text in (("en", "row 8", "is no time"), ("zh", "行8", "不是有效时间")):
        _, said = spoken(capsys, lang, "load", file)
        assert any(row in line and text in line for line in said.splitlines())


def test_a_file_that_cannot_be_read_keeps_no_other_out(says, db, tmp_path) -> None:
    """Of three files one has no place and one no column of times: all faults of both are told, the third comes in, exit 1."""
    faulty = of(tmp_path, "faulty", ROWS, MANIFEST.replace('"made"', '"nobody"').replace('"sort"', '"nothing"'))
    code, told, beside = says("load", faulty, of(tmp_path, "good", ROWS), tmp_path / "none.toml")
    assert code == 1
    assert [("error" in each, each.get("rows")) for each in told] == [(True, None), (False, 5), (True, None)]
    assert {each["field"] for each in told[0]["findings"]} >= {"nobody", "nothing"}
    assert [each["kind"] for each in told[2]["findings"]] == ["manifest_missing"]
    assert beside.count("wangge: ") == 2
    assert count(db) == 5
    assert says("verify")[0] == 0


def test_whatever_was_tampered_with_is_named(says, db, tmp_path, capsys) -> None:
    """Exit 1, and a line for each fault: an edited record, a row, an event; the same ones in JSON."""
    says("load", of(tmp_path, "good", ROWS))
    with owner(db.admin) as conn:
        need_superuser(conn)
        numbers = [no for (no,) in many(conn, "SELECT no FROM wangge.incident ORDER BY external_id")]
        run(conn, "UPDATE wangge.incident SET urgent = true WHERE no = %s", [numbers[0]])
        run(conn, "UPDATE wangge.incident SET log = log || ' more' WHERE no = %s", [numbers[4]])
        run(conn, "UPDATE wangge.event SET body = body || '{\"rows\": 7}' WHERE kind = 'incident.batch' AND chain = ''")
    code, proof, _ = says("verify")
    assert code == 1
    told = {(each["kind"], each["no"], tuple(each["fields"])) for each in proof["faults"]}
    assert told == {
        ("row_wrong", numbers[0], ("urgent",)),
        ("batch_parted", numbers[4], ()),
        ("record_missing", numbers[4], ()),
        ("record_unreadable", numbers[4], ()),
        ("event_edited", None, ()),
        ("batch_wrong", None, ("rows",)),
    }
    for lang in ("en", "zh"):
        code, said = spoken(capsys, lang, "verify")
        lines = said.splitlines()
        assert code == 1
        assert lines[:-1] == [each[lang] for each in proof["faults"]]
        assert str(len(proof["faults"])) in lines[-1]
