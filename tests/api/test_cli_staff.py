"""The command about staff, as an operator types it, on a store whose grids are in force."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from api.cli import run
from data.store.sql import many
from tests.published import COMMUNITIES, publish
from tests.stored import owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HERE = COMMUNITIES[0]
GOOD = f"""工号,姓名,网格,岗位,AB岗
W1,王海棠,{HERE}001,专职网格员,A
W1,,{HERE}002,专职网格员,B
W2,李春榆,{HERE}002,专职网格员,A
L1,张秋桐,{HERE}001,网格长,
"""


@pytest.fixture
def says(monkeypatch, capsys, db, tmp_path) -> Callable[..., Any]:
    """Run a command on the test's store, and return its exit code, what it printed and what it said on stderr."""
    publish(db.admin)
    monkeypatch.setenv("WANGGE_DSN", db.app)
    monkeypatch.setenv("WANGGE_ADMIN_DSN", db.admin)

    def run_it(*words: str) -> tuple[int, str, str]:
        code = run(["staff", "load", *words, "--home", str(tmp_path / "home")])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_it


def listed(folder: Path, text: str = GOOD, name: str = "people.csv") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def kept(db) -> list[tuple[Any, ...]]:
    with owner(db.admin) as conn:
        return many(
            conn,
            """SELECT s.number, s.name, a.code, s.status, p.grid_code, p.role, p.letter
               FROM wangge.staff s JOIN wangge.area a ON a.id = s.area_id LEFT JOIN wangge.post p ON p.staff_id = s.id
               ORDER BY 1, 5""",
        )


def test_a_list_comes_in_once(says, db, tmp_path) -> None:
    """People come in with their posts, employed where they work; the same list again changes nothing, and says so."""
    code, out, _ = says(listed(tmp_path), "--json")
    (told,) = json.loads(out)
    assert (code, told["rows"], told["people"], told["brought"]["added"], told["brought"]["posts_added"]) == (0, 4, 3, 3, 4)
    assert kept(db) == [
        ("L1", "张秋桐", HERE, "assigned", f"{HERE}001", "grid_leader", None),
        ("W1", "王海棠", HERE, "assigned", f"{HERE}001", "full_time_worker", "A"),
        ("W1", "王海棠", HERE, "assigned", f"{HERE}002", "full_time_worker", "B"),
        ("W2", "李春榆", HERE, "assigned", f"{HERE}002", "full_time_worker", "A"),
    ]
    code, out, _ = says(listed(tmp_path), "--lang", "en")
    assert (code, "0 people are new, 0 changed, 3 as they were; posts +0 ~0 =4" in out) == (0, True)
    assert len(kept(db)) == 4


def test_every_fault_is_said_with_file_row_and_field(says, db, tmp_path) -> None:
    """A list with faults stops with all of them at once, each under the file's own name, and nothing of it comes in."""
    bad = GOOD.replace("网格长", "村长").replace(f"{HERE}002,专职网格员,A", "999,专职网格员,A")
    code, out, err = says(listed(tmp_path, bad), "--lang", "en")
    assert (code, out) == (1, "")
    assert "error [unknown_value] people.csv row 4 role" in err
    assert "error [unknown_grid] people.csv row 3 grid" in err
    assert kept(db) == []


def test_files_before_a_faulty_one_stay(says, db, tmp_path) -> None:
    """Each list comes in whole or not at all: one that is good stays in, though the next one stops the command."""
    good, bad = listed(tmp_path), listed(tmp_path, "姓名\n赵雪松\n", "bad.csv")
    code, _, err = says(good, bad, "--lang", "en")
    assert (code, "bad.csv number" in err, len(kept(db))) == (1, True, 4)


def test_a_dry_run_changes_nothing(says, db, tmp_path) -> None:
    """A dry run says what would come in, and leaves nothing."""
    code, out, _ = says(listed(tmp_path), "--dry-run", "--json")
    assert (code, json.loads(out)[0]["brought"]["added"], kept(db)) == (0, 3, [])
