"""A sample town comes to life by the commands of `script/demo`: its past lies in grids, and its people are at work."""

from __future__ import annotations

import io
import json
import shutil
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from api.cli import run
from data.store.log import broken
from data.store.pool import connect
from data.store.sql import many
from tests.stored import owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from psycopg2.extensions import connection

pytestmark = pytest.mark.slow

PASSWORD = "a demo for everybody"  # noqa: S105 - of a store that ends with the test
REPORTS = 250


def days_ago(days: int) -> str:
    today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
    return (today - timedelta(days=days)).isoformat()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A small sample town with its plan."""
    made = tmp_path_factory.mktemp("sample")
    assert run(["sample", str(made / "town"), "--households", "5000"]) == 0
    assert run(["divide", str(made / "town"), "--out", str(made / "plan"), "--workers", "1"]) == 0
    return made


@pytest.fixture
def says(monkeypatch, capsys, db, tmp_path) -> Callable[..., Any]:
    """Run a command on the test's store; return what it prints as JSON, or what it refuses."""
    monkeypatch.setenv("WANGGE_DSN", db.app)
    monkeypatch.setenv("WANGGE_ADMIN_DSN", db.admin)

    def run_it(*words: object, typed: str = "") -> Any:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = run([*map(str, words), "--home", str(tmp_path / "home"), "--json", "--lang", "en"])
        said = capsys.readouterr()
        return json.loads(said.out) if code == 0 else (code, said.err)

    return run_it


@pytest.fixture
def settled(says, folder) -> str:
    """Put the town's first plan in force ninety days ago, and return its number."""
    assert says("import", folder / "town", "--from", days_ago(90))["snapshot"] == 1
    number = str(says("import", folder / "plan")["number"])
    assert says("publish", number, "--adopt", "--from", days_ago(90))["effective_from"] == days_ago(90)
    return number


def lively(says: Callable[..., Any], number: str, work: Path) -> tuple[Any, Any, Any]:
    """Load the lists, and have the people at work."""
    staff = says("staff", "load", work / "staff.csv")
    loaded = says("incidents", "load", *sorted(work.glob("*.toml")))
    return staff, loaded, says("sample-day", number, typed=f"{PASSWORD}\n")


def standing(conn: connection) -> list[tuple[Any, ...]]:
    return many(
        conn,
        """SELECT no, state, source, category, grid_code, due_at < now(), now() BETWEEN soon_at AND due_at, urgent, supervision
           FROM wangge.incident WHERE batch_id IS NULL ORDER BY no""",
    )


def test_a_sample_town_comes_to_life_once(says, db, settled, tmp_path) -> None:
    """Cases stand in every state that an open case has, each where its log says, and every list of work has rows.

    All of it again adds nothing.
    """
    work = tmp_path / "work"
    told = says("sample-work", settled, work, "--reports", REPORTS)
    assert (told["reports"], told["since"]) == (REPORTS, days_ago(59))
    assert says("profile", "load", "shizhong", "--area", told["district"])["area"] == told["district"]
    staff, loaded, day = lively(says, settled, work)
    assert staff[0]["brought"]["added"] == told["staff"]
    assert sum(each["rows"] for each in loaded) == REPORTS
    assert all(not each["findings"] for each in loaded)
    # Few reports make no heap; the case of a heap is that of tests/api/incidents/test_early.py.
    assert {name for name, count in day["rounds"].items() if not count} <= {"warnings"}
    with owner(db.admin) as conn:
        cases = standing(conn)
        assert len(cases) == day["incidents"]
        states = Counter(case[1] for case in cases)
        wanted = {
            "reported", "verifying", "accepted", "assigned", "in_progress", "suspended", "handled", "feedback", "closed",
            "rejected",
        }  # fmt: skip
        assert set(states) == wanted
        assert sum(case[5] is True and case[1] != "closed" for case in cases) >= 3
        assert sum(case[6] is True for case in cases) >= 3
        assert sum(case[7] for case in cases) == 2
        assert max(case[8] for case in cases) > 0
        assert sum(case[4] is None for case in cases) == 2
        mine = many(
            conn,
            """SELECT i.state, count(*) FROM wangge.incident i JOIN wangge.person p ON p.id = i.owner_person
               WHERE p.login = 'demo-worker' GROUP BY 1""",
        )
        assert dict(mine).keys() >= {"in_progress", "suspended"}
        assert broken(conn) == ()
        ranked = dict(many(conn, "SELECT assessment, count(score) FROM wangge.assessment_result GROUP BY 1"))
        assert ranked.keys() == {"sample.grid", "sample.community", "sample.street"}
        assert all(ranked.values())
        past = dict(many(conn, "SELECT grid_code IS NULL, count(*) FROM wangge.incident WHERE batch_id IS NOT NULL GROUP BY 1"))
        assert past[False] > 0.9 * REPORTS
        held = many(conn, "SELECT login FROM wangge.person WHERE has_password ORDER BY login")
        assert [login for (login,) in held] == sorted(day["logins"])
    assert not isinstance(says("incidents", "verify"), tuple)
    staff, loaded, day = lively(says, settled, work)
    assert (staff[0]["brought"]["added"], staff[0]["brought"]["posts_added"]) == (0, 0)
    assert [(each["rows"], each["findings"]) for each in loaded] == [(0, [])] * 3
    assert (day["people"], day["incidents"]) == (0, 0)
    assert set(day["rounds"].values()) == {0}
    with closing(connect(db.admin)) as conn:
        # Meanwhile another case may have come to be due soon, or late.
        assert [(*case[:5], *case[7:]) for case in standing(conn)] == [(*case[:5], *case[7:]) for case in cases]


def test_what_a_sample_town_needs_is_said(says, db, folder, tmp_path) -> None:
    """Without a net in force, a past or a staff the commands say what to do, and write nothing."""
    assert says("import", folder / "town")["snapshot"] == 1
    number = str(says("import", folder / "plan")["number"])
    code, fault = says("sample-work", number, tmp_path / "work")
    assert (code, "not in force" in fault) == (2, True)
    assert says("publish", number, "--adopt")["state"] == "effective"
    code, fault = says("sample-work", number, tmp_path / "work")
    assert (code, "--from an earlier day" in fault) == (2, True)
    assert not (tmp_path / "work").exists()
    code, fault = says("sample-day", number, typed=f"{PASSWORD}\n")
    assert (code, "load the list of staff" in fault) == (2, True)
    with owner(db.admin) as conn:
        assert many(conn, "SELECT login FROM wangge.person") == []


@pytest.mark.usefixtures("settled")
def test_days_that_are_over_are_for_what_is_new(says, folder, tmp_path) -> None:
    """A town's first import and a first plan may begin on a day that is over; nothing that is known changes there."""
    again = says("import", folder / "town", "--from", days_ago(100))
    assert again["is_new"] is False
    changed = shutil.copytree(folder / "town", tmp_path / "town")
    head, first, *rest = (changed / "households.csv").read_text(encoding="utf-8").splitlines()
    (changed / "households.csv").write_text("\n".join([head, *rest, first.replace("-0001,", "-9999,", 1)]), encoding="utf-8")
    code, fault = says("import", changed, "--from", days_ago(5))
    assert (code, "nothing changes" in fault) == (2, True)
    assert says("import", changed, "--dry-run")["is_new"] is True
    other = str(says("import", folder / "plan")["number"])
    code, fault = says("publish", other, "--from", days_ago(5))
    assert (code, "only an approved plan" in fault) == (2, True)
    code, fault = says("publish", other, "--adopt", "--from", days_ago(5))
    assert (code, "in force here already" in fault) == (2, True)
    code, fault = says("import", folder / "town", "--from", days_ago(-3))
    assert (code, "or earlier" in fault) == (2, True)


def test_a_plan_is_not_older_than_its_communities(says, folder) -> None:
    """A first plan cannot have been in force on a day on which the store knows of none of its communities."""
    says("import", folder / "town", "--from", days_ago(10))
    number = str(says("import", folder / "plan")["number"])
    code, fault = says("publish", number, "--adopt", "--from", days_ago(11))
    assert (code, "were not there" in fault) == (2, True)
    assert says("publish", number, "--adopt", "--from", days_ago(10))["state"] == "effective"
