"""The commands about profiles, as an operator types them, on a store that has areas and on one that has none."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from api.cli_profile import app
from api.profile_fixture import years_before
from data.profile import PLACES, place, profile_from
from data.store.log import broken
from data.store.plans import area_named
from data.store.profiles import keep, profiles_on
from data.store.sql import many, run
from gis.errors import Conflict, InputError, NotFound, ParameterError
from tests.published import DISTRICT, publish
from tests.stored import owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OWN = f"""id = "own"
zh = "自有方案"
en = "Our own"
area = "{DISTRICT}"
[size]
measure = "households"
minimum = 200
target = 300
maximum = 400
assumptions = ["取 200 至 400 户"]
[[staffing]]
grid_type = "residential"
formula = "1+N"
terms = [{{ sym = "1", roles = ["full_time_worker"] }}, {{ sym = "N", roles = ["part_time_worker"] }}]
[cadence]
patrol_minutes = 90
household = "half_year"
half_year = "calendar"
[orders]
variant = "jiuquan"
[lists]
names = ["为民办实事清单", "小微权力清单", "网格职责清单", "网格服务清单", "网格治理问题清单"]
[visits]
deliveries = ["policy"]
triggers = [{{ category = "dispute", reason = "dispute", within_days = 2 }}]
[[duties]]
code = "meeting"
name = "工作例会"
kind = "meeting"
every = "week"
each = "community"
workdays = true
[loop]
intake = "street"
archive_days = 10
[assessment]
targets = ["street"]
dimensions = [
  {{ name = "办结", weight = 60, metric = "finish_rate" }},
  {{ name = "超期", weight = 40, metric = "overdue_open", direction = "-", worst = 10, best = 0 }},
]
"""


def today() -> Any:
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()


@pytest.fixture
def says(monkeypatch, db, tmp_path) -> Callable[..., Any]:
    """Run a command on the test's store, and return what it prints as JSON; what it raises, it raises."""
    monkeypatch.setenv("WANGGE_DSN", db.app)
    monkeypatch.setenv("WANGGE_ADMIN_DSN", db.admin)

    def run_it(*words: str) -> Any:
        home = ["--home", str(tmp_path / "home")] if words[0] == "load" else []
        done = CliRunner().invoke(app, [*words, *home, "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return run_it


def own(folder: Path, text: str = OWN) -> str:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_what_comes_with_wangge_is_listed_and_shown(says) -> None:
    """Five profiles come with the service; each is shown with everything that it assumes, and without what is invented."""
    assert [each["id"] for each in says("list")] == list(PLACES)
    for name in PLACES:
        shown = says("show", name)
        assert "fixture" not in shown
        assert profile_from(shown).as_json() == place(name).as_json()
    told = says("show", "shizhong")["assumptions"]
    assert {"section": "tiers", "text": "五级管理的层级，原文未列名称"} in told
    assert {each["section"] for each in told} == {"tiers", "size", "assessment", "forces"}
    for words in (["list"], ["show", "gangcheng"]):
        spoken = [CliRunner().invoke(app, [*words, "--lang", lang]).stdout for lang in ("zh", "en")]
        assert spoken[0] != spoken[1]


def test_a_profile_goes_where_its_parts_are_kept(says, db, tmp_path) -> None:
    """Loaded once it states rules, rounds, the variant of orders and assessments, and logs each; loaded again, nothing."""
    publish(db.admin)
    told = says("load", own(tmp_path))
    changed = [
        "profile", "staffing.residential", "loop", "cadence.household_point", "cadence.patrol", "visits.dispute",
        "duties.meeting", "orders.variant",
        "assessment.street",
    ]  # fmt: skip
    assert (told["changed"], told["document_only"], told["area"]) == (changed, [], DISTRICT)
    with owner(db.admin) as conn:
        (rule,) = many(conn, "SELECT rule ->> 'formula', doc_id, lower(valid) FROM wangge.staffing_rule")
        assert rule == ("1+N", "profile:own", today())
        rounds = many(conn, "SELECT target, period, days, minutes FROM wangge.frequency_rule ORDER BY target")
        assert rounds == [("household_point", "half_year", None, None), ("patrol", "day", None, 90)]
        assert many(conn, "SELECT category, reason, within_days FROM wangge.visit_trigger") == [("dispute", "dispute", 2)]
        plans = many(conn, "SELECT code, every, times, each, workdays, lower(valid) FROM wangge.duty_plan")
        assert plans == [("meeting", "week", 1, "community", True, today())]
        assert many(conn, "SELECT variant FROM wangge.order_flow") == [("jiuquan",)]
        assert many(conn, "SELECT code, target, raters FROM wangge.assessment") == [("own.street", "street", [])]
        (row,) = profiles_on(conn, today())
        assert (row.name, row.area, row.doc["size"]["maximum"]) == ("own", DISTRICT, 400)
        kinds = [kind for (kind,) in many(conn, "SELECT kind FROM wangge.event ORDER BY at")]
    wanted = [
        "staffing.rule", "policy.stated", "frequency.rule", "frequency.rule", "visit.trigger", "duty.stated",
        "order_flow.stated", "assessment.kept", "profile.loaded",
    ]  # fmt: skip
    assert kinds == wanted
    assert says("load", own(tmp_path))["changed"] == []
    for lang, text in (("en", "nothing new: own in"), ("zh", "无变化：own")):
        spoken = CliRunner().invoke(app, ["load", own(tmp_path), "--home", str(tmp_path / "home"), "--lang", lang])
        assert (spoken.exit_code, text in spoken.stdout) == (0, True)
    told = says("load", own(tmp_path, OWN.replace("minutes = 90", "minutes = 91")))
    assert told["changed"] == ["profile", "cadence.patrol"]
    with owner(db.admin) as conn:
        assert many(conn, "SELECT minutes FROM wangge.frequency_rule WHERE target = 'patrol'") == [(91,)]
        assert broken(conn) == ()


def test_what_cannot_be_loaded_is_refused_whole(says, db, tmp_path) -> None:
    """A fault anywhere in a profile, an area that is not there, or a day that is over leaves nothing behind."""
    with pytest.raises(NotFound, match=DISTRICT):
        says("load", own(tmp_path))
    publish(db.admin)
    for old, new, error in (
        ("1+N", "1+Q", InputError),
        ('household = "half_year"', 'household = "week"', ParameterError),
        ('"jiuquan"', '"nowhere"', NotFound),
        ("archive_days = 10", "archive_days = 0", InputError),
        ('every = "week"', 'every = "fortnight"', InputError),
        ('reason = "dispute"', 'reason = "whim"', InputError),
        ("[lists]\nnames", "[lists]\nnmaes", InputError),
        ("weight = 60", "weight = 61", ParameterError),
        ('name = "办结", weight = 60', "weight = 60", ParameterError),
    ):
        with pytest.raises(error):
            says("load", own(tmp_path, OWN.replace(old, new)))
    with pytest.raises(Conflict, match="today"):
        says("load", own(tmp_path), "--day", str(today() - timedelta(days=1)))
    with pytest.raises(InputError, match="shizhong"):
        says("load", "shizong")
    with pytest.raises(Conflict, match="empty store"):
        says("load", "shizhong", "--fixture")
    with pytest.raises(Conflict, match="earlier"):
        says("load", "shizhong", "--fixture", "--day", str(today() + timedelta(days=1)))
    with owner(db.admin) as conn:
        for table in ("profile", "staffing_rule", "frequency_rule", "order_flow", "assessment", "loop_policy", "event"):
            assert many(conn, f"SELECT count(*) FROM wangge.{table}") == [(0,)], table


def test_a_file_without_a_fixture_fills_nothing(says, db, tmp_path) -> None:
    """A fixture is what the profile says it is: one that says nothing is refused."""
    with pytest.raises(InputError, match="fixture"):
        says("load", own(tmp_path), "--fixture")
    with owner(db.admin) as conn:
        assert many(conn, "SELECT count(*) FROM wangge.area") == [(0,)]


def test_three_years_before_a_leap_day() -> None:
    """Years before 29 February the day is the 28th, and any other day itself."""
    assert years_before(date(2028, 2, 29), 3) == date(2025, 2, 28)
    assert years_before(date(2028, 2, 29), 4) == date(2024, 2, 29)
    assert years_before(date(2026, 1, 1), 3) == date(2023, 1, 1)


def test_a_profile_holds_until_the_next(tx) -> None:
    """What an area says on a day holds until what it says for later; said for the same day again, it takes the place."""
    run(tx, "INSERT INTO wangge.area (code, level) VALUES ('370103', 'district')")
    area = area_named(tx, "370103")
    day = today()
    days = [day + timedelta(days=n) for n in (0, 10, 5)]
    for n, first in enumerate(days):
        assert keep(tx, area, "p", {"n": n}, day=first)
        assert not keep(tx, area, "p", {"n": n}, day=first)

    def held(after: int) -> list[tuple[int, Any]]:
        return [(row.doc["n"], row.valid_to) for row in profiles_on(tx, day + timedelta(days=after))]

    assert [held(0), held(4), held(5), held(9), held(10)] == [
        [(0, days[2])], [(0, days[2])], [(2, days[1])], [(2, days[1])], [(1, None)],
    ]  # fmt: skip
    assert held(-1) == []
    assert keep(tx, area, "q", {"n": 9}, day=days[2])
    assert held(5) == [(9, days[1])]
