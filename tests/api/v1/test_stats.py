"""Statistics over HTTP: every figure against a recount in plain Python, by any scope and as of any day; and who may ask."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.stats.catalogue import AGES, BY_ID, METRICS, SLOW
from api.stats.panel import BY
from api.stats.register import REGISTER
from tests.api.incidents.station import GRID, HERE, MONDAY, NEXT, Station, station_over
from tests.api.stats.cases import DAY, Case, fill, recount, write
from tests.api.v1.hall import problem
from tests.published import COMMUNITIES, DISTRICT, STREETS
from tests.stored import owner

ZONE = ZoneInfo("Asia/Shanghai")
TOLD = [metric.id for metric in METRICS if metric.id not in SLOW]
WINDOW = {"from": "2026-01-20", "to": "2026-02-15", "at": "2026-02-20"}


def midnight(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), ZONE)


@dataclass
class Town(Station):
    """A town, with the cases that are in it."""

    cases: list[Case]


@contextmanager
def statistics_over(db, home, **told):
    """Serve a town with its incidents, and its statistics."""
    with station_over(db, home, **told) as made:
        yield made


@pytest.fixture
def station(db, tmp_path):
    """A town without incidents."""
    with statistics_over(db, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """A town with six hundred cases of two months, with their histories; for tests that only read."""
    with cluster.clone(template) as db, statistics_over(db, tmp_path_factory.mktemp("town")) as made:
        with owner(db.admin) as conn:
            cases = fill(conn, 600)
        yield Town(hall=made.hall, who=made.who, ids=made.ids, cases=cases)


def asked(station, who: str = "district", **parameters: Any) -> dict[str, Any]:
    answer = station.asks(who, "GET", "/v1/stats", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def counted(figures: dict[str, Any]) -> dict[str, int]:
    """Return every count that an answer's figures show, by the name that the recount has for it."""
    found: dict[str, int] = {}
    for name, figure in figures.items():
        metric = BY_ID[name]
        if metric.denominator is None:
            found[metric.numerator] = figure["value"]
        else:
            found |= {metric.numerator: figure["n"], metric.denominator: figure["d"]}
        found |= figure.get("parts", {})
    return found


def expected(cases: list[Case], window: dict[str, str]) -> dict[str, int]:
    return recount(
        cases,
        moment=midnight(window["at"]) + DAY,
        since=midnight(window["from"]),
        until=midnight(window["to"]),
    )


@pytest.mark.parametrize("at", ["2026-01-25", "2026-02-10", "2026-02-20"])
def test_every_count_is_what_a_recount_says_on_any_day(town, at: str) -> None:
    """Each numerator and denominator, as of three days, is what counting case by case comes to; none of them is idle."""
    window = {**WINDOW, "at": at}
    here = [case for case in town.cases if case.place is not None]
    document = asked(town, area=DISTRICT, metrics=",".join(TOLD), **window)
    right = expected(here, window)
    assert counted(document["total"]) == right
    if at == WINDOW["at"]:
        assert all(count for name, count in right.items() if name != "overdue_over_30d"), right


@pytest.mark.parametrize("by", BY)
def test_rows_and_elsewhere_add_up_to_the_total(town, by: str) -> None:
    """On every level, and told apart by anything, rows and what lies in none of them add up to the total in every count."""
    document = asked(town, area=DISTRICT, by=by, metrics=",".join(TOLD), **WINDOW)
    parts = [counted(row["figures"]) for row in document["rows"]] + [counted(document["elsewhere"])]
    total = counted(document["total"])
    assert {name: sum(part[name] for part in parts) for name in total} == total
    assert total["received"] > 0


def test_rows_are_what_lies_in_them(town) -> None:
    """A community's row is a recount of its cases, one without any has a row of zeros, and `elsewhere` is the rest."""
    document = asked(town, area=DISTRICT, by="community", metrics=",".join(TOLD), **WINDOW)
    rows = {row["code"]: counted(row["figures"]) for row in document["rows"]}
    assert sorted(rows) == sorted(COMMUNITIES)
    for code in COMMUNITIES:
        assert rows[code] == expected([case for case in town.cases if case.place == code], WINDOW)
    rest = [case for case in town.cases if case.place in {DISTRICT, *STREETS}]
    assert counted(document["elsewhere"]) == expected(rest, WINDOW)


def test_grids_stand_apart_from_what_lies_outside_them(town) -> None:
    """Each grid in force has its row; what lies in none stands in `elsewhere`, and is counted as outside."""
    document = asked(town, area=HERE, by="grid", metrics="received,valid,outside", **WINDOW)
    rows = {row["code"]: counted(row["figures"]) for row in document["rows"]}
    assert sorted(rows) == [f"{HERE}00{n}" for n in (1, 2, 3)]
    first = expected([case for case in town.cases if case.grid == GRID], WINDOW)
    assert rows[GRID] == {name: first[name] for name in ("received", "valid", "outside")}
    outside = expected([case for case in town.cases if case.place == HERE and case.grid is None], WINDOW)
    assert counted(document["elsewhere"])["outside"] == outside["outside"] == document["total"]["outside"]["value"]


def test_a_parent_is_its_children_at_every_level(town) -> None:
    """What the district says of a street is what the street says of itself, and so down to the grid."""
    above = asked(town, area=DISTRICT, by="street", metrics=",".join(TOLD), **WINDOW)
    street = next(row for row in above["rows"] if row["code"] == STREETS[0])
    own = asked(town, "street", area=STREETS[0], by="community", metrics=",".join(TOLD), **WINDOW)
    assert own["total"] == street["figures"]
    community = next(row for row in own["rows"] if row["code"] == HERE)
    assert asked(town, "community", area=HERE, metrics=",".join(TOLD), **WINDOW)["total"] == community["figures"]


def test_without_an_area_everything_that_is_seen_counts(town) -> None:
    """Who works for the district also counts what lies in no area; a street counts its own, and nothing else."""
    everything = expected(town.cases, WINDOW)
    assert counted(asked(town, metrics=",".join(TOLD), **WINDOW)["total"]) == everything
    own = expected([case for case in town.cases if (case.place or "").startswith(STREETS[1])], WINDOW)
    assert counted(asked(town, "other_street", metrics=",".join(TOLD), **WINDOW)["total"]) == own


def test_a_figure_is_its_numerator_over_its_denominator(town) -> None:
    """Every rate of every row is n / d, rounded half up to one decimal, and null where d is 0."""
    document = asked(town, area=DISTRICT, by="grid", metrics=",".join(TOLD), **WINDOW)
    seen = 0
    for row in document["rows"]:
        for figure in row["figures"].values():
            if figure.get("d"):
                tenths = (2000 * figure["n"] + figure["d"]) // (2 * figure["d"])
                assert figure["value"] == tenths / 10
                assert figure["text"] == f"{tenths // 10}.{tenths % 10} %"
                seen += 1
            elif "d" in figure:
                assert (figure["value"], figure["text"]) == (None, "—")
    assert seen > 50


def test_a_day_begins_in_the_zone_of_the_service(station) -> None:
    """What is reported at half past midnight in Shanghai counts to the new day; `to` is the first day that counts no longer."""
    case = Case("Z1", HERE, GRID)
    reported = midnight("2026-02-10") + timedelta(minutes=30)
    base = {"state": "reported", "tier": 1, "kind": "problem", "category": "noise", "source": "grid", "reported_at": reported}
    rest = dict.fromkeys((
        "accepted_at", "closed_at", "due_at", "master", "outcome", "satisfaction", "department", "matter", "triage",
        "occurred_at",
    )) | dict.fromkeys(("title", "description", "address"), "")  # fmt: skip
    zero = {"on_the_spot": False, "is_answered": False, "returns": 0, "reworks": 0, "reopens": 0, "at": reported}
    case.versions.append({**base, **rest, **zero})
    with owner(station.hall.db.admin) as conn:
        write(conn, [case])
    for since, until, count in (("2026-02-10", "2026-02-11", 1), ("2026-02-09", "2026-02-10", 0)):
        found = asked(station, area=HERE, metrics="received", at="2026-02-20", **{"from": since, "to": until})
        assert found["total"]["received"]["value"] == count
    assert reported.astimezone(UTC).date() == date(2026, 2, 9)
    early = asked(station, area=HERE, metrics="received", at="2026-02-09", **{"from": "2026-02-01", "to": "2026-02-28"})
    assert early["total"]["received"]["value"] == 0


def test_age_buckets_add_up_to_what_is_overdue(town) -> None:
    """The buckets of what is overdue add up to it."""
    figure = asked(town, area=DISTRICT, metrics="overdue_open", **WINDOW)["total"]["overdue_open"]
    assert sum(figure["parts"][age] for age in AGES) == figure["value"] > 0


def test_neighbours_learn_nothing(town) -> None:
    """A street's figures, its warnings and its numbers are not there for its neighbour, nor the district's for a street."""
    for who, area in (("other_street", STREETS[0]), ("street", DISTRICT), ("stranger", HERE)):
        for address in ("/v1/stats", "/v1/stats/warnings", "/v1/stats/counters"):
            problem(town.asks(who, "GET", address, params={"area": area}), 404, "not-found")
    problem(town.asks("district", "GET", "/v1/stats", params={"area": "nowhere"}), 404, "not-found")


def test_exact_numbers_are_not_for_everybody(town) -> None:
    """Without signing in nobody gets exact figures; an auditor, who has no part in the work, does not either."""
    problem(town.hall.client.get("/v1/stats"), 401, "unidentified")
    problem(town.hall.client.get("/v1/stats/warnings"), 401, "unidentified")
    problem(town.asks("auditor", "GET", "/v1/stats"), 403, "scope-denied")


def test_somebody_for_one_category_counts_that_one(town) -> None:
    """Who works in one category gets figures of it alone, and is told so."""
    headers = town.hall.comes("narrow", ("community", HERE, "noise"))
    answer = town.hall.client.get("/v1/stats", params={"area": HERE, "metrics": "received", **WINDOW}, headers=headers).json()
    own = expected([case for case in town.cases if case.place == HERE and case.versions[0]["category"] == "noise"], WINDOW)
    assert (answer["total"]["received"]["value"], answer["categories"]) == (own["received"], ["noise"])


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"metrics": "made_up"}, "unknown-metric"),
        ({"at": "2026-03-03"}, "future-day"),
        ({"from": "2026-02-10", "to": "2026-02-10"}, "empty-window"),
        ({"by": "person"}, "invalid-parameter"),
        ({"at": "yesterday"}, "invalid-parameter"),
        ({"group": "street"}, "unknown-parameter"),
    ],
)
def test_what_cannot_be_asked_is_refused(town, parameters: dict[str, str], code: str) -> None:
    """A figure that there is not, a day to come, an empty window, people, or a parameter nobody knows: each has its code."""
    problem(town.asks("district", "GET", "/v1/stats", params=parameters), 400, code)


def test_the_catalogue_can_be_read(town) -> None:
    """Every figure, of incidents and of panels, is listed with formula, line and basis, without signing in."""
    zh = town.hall.client.get("/v1/stats/metrics", headers={"Accept-Language": "zh"}).json()
    listed = {each["id"]: each for each in zh["metrics"]}
    assert listed.keys() == REGISTER.keys()
    assert listed["resolution_rate"]["name"] == "化解率"
    assert listed["resolution_rate"]["basis"] == "cohort"
    assert all(each["formula"]["zh"] and each["formula"]["en"] for each in zh["metrics"])


# --- told by the log ------------------------------------------------------------------------------------------------------


def through(station, *, reopen: bool = False, suspend: bool = False) -> str:
    """Take a case from its report to its end, an hour for each step."""
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    station.passes(hours=1)
    station.done("worker", no, "claim")
    station.passes(hours=1)
    if suspend:
        station.done("worker", no, "ask_suspend", reason="waits", until=(station.hall.now + 9 * DAY).isoformat())
        station.done("community", no, "suspend")
        station.passes(hours=3)
        station.done("community", no, "resume")
    for again in (True, False) if reopen else (False,):
        station.done("worker", no, "handle", result="done", outcome="resolved", evidence=["photo"])
        station.done("community", no, "check_pass")
        station.done("community", no, "feedback", result="satisfied", answer="done")
        if again:
            station.passes(hours=2)
            station.done("street", no, "reopen", reason="look again")
    return no


def test_work_hours_leave_pauses_out(station) -> None:
    """Two hours of work are two hours, whether a case was suspended for three or closed for two before it was reopened."""
    through(station)
    station.hall.now = MONDAY + DAY
    through(station, suspend=True)
    station.hall.now = MONDAY + 2 * DAY
    through(station, reopen=True)
    figure = asked(station, area=HERE, metrics="avg_handle_hours")["total"]["avg_handle_hours"]
    assert (figure["value"], figure["d"], figure["p50"], figure["p90"]) == (2.0, 3, 2.0, 2.0)
    assert figure["n"] == 3 * 2 * 3600


def test_nights_are_no_work_hours(station) -> None:
    """What is accepted at nine and closed at nine the next morning took seven and a half work hours."""
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    station.done("worker", no, "claim")
    station.passes(hours=24)
    station.done("worker", no, "handle", result="done", outcome="resolved", evidence=["photo"])
    station.done("community", no, "check_pass")
    station.done("community", no, "feedback", result="satisfied", answer="done")
    document = asked(station, area=HERE, by="grid", metrics="avg_handle_hours")
    assert document["total"]["avg_handle_hours"]["value"] == 7.5
    (row,) = [row for row in document["rows"] if row["code"] == GRID]
    assert row["figures"]["avg_handle_hours"]["value"] == 7.5
    assert document["calendar_unknown"] is False


def test_streets_calls_make_departments_figures(station) -> None:
    """Of two departments that were called one came in time and one late: half, each its own, and the street's ratings."""
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    station.done("worker", no, "claim")
    station.done("worker", no, "escalate", reason="beyond_capacity")
    station.done("community", no, "take")
    station.done("community", no, "escalate", reason="needs_department")
    station.done("street", no, "take")
    station.done("street", no, "call", summary="come")
    named = [{"org": "sanitation", "lead": True}, {"org": "water", "lead": False, "mandatory": True}]
    station.done("district", no, "assign", departments=named)
    pending = asked(station, area=DISTRICT, metrics="response_rate")["total"]["response_rate"]
    assert (pending["d"], pending["parts"]) == (0, {"calls": 2, "calls_pending": 2})
    station.passes(hours=2)
    station.done("office", no, "join")
    station.passes(days=3)
    figure = asked(station, area=DISTRICT, metrics="response_rate")["total"]["response_rate"]
    assert (figure["n"], figure["d"], figure["value"], figure["parts"]["calls_pending"]) == (1, 2, 50.0, 0)
    early = asked(station, area=DISTRICT, metrics="response_rate", at="2026-03-02")["total"]["response_rate"]
    assert (early["n"], early["d"], early["parts"]["calls_pending"]) == (1, 1, 1)
    rows = asked(station, area=DISTRICT, by="department", metrics="response_rate")["rows"]
    assert {row["code"]: row["figures"]["response_rate"]["value"] for row in rows} == {"sanitation": 100.0, "water": 0.0}
    assert {row["code"]: row["name"] for row in rows} == dict(
        station.hall.rows("SELECT code, name FROM wangge.org WHERE code IN ('sanitation', 'water')")
    )


def escalated(station, no: str) -> None:
    """Give a case back to the community, which takes it."""
    station.done("worker", no, "escalate", reason="beyond_capacity")
    station.done("community", no, "take")


def test_every_mediation_counts(station) -> None:
    """A case that was handled with the court, sent back, and handled with the police was mediated two times, each its own."""
    no = station.reports(category="dispute")["no"]
    station.done("community", no, "accept", matter="0101")
    station.done("worker", no, "claim")
    station.done("worker", no, "handle", result="done", outcome="resolved", evidence=["photo"], mediation="court")
    station.done("community", no, "check_fail", reason="not yet")
    station.passes(hours=24)
    station.done("worker", no, "handle", result="done", outcome="resolved", evidence=["photo"], mediation="police")
    through(station)
    document = asked(station, area=DISTRICT, by="grid", metrics="mediations")
    total = document["total"]["mediations"]
    channels = {"mediations_court": 1, "mediations_procuratorate": 0, "mediations_police": 1, "mediations_petition": 0}
    assert (total["value"], total["parts"]) == (2, channels)
    rows = {row["code"]: row["figures"]["mediations"]["value"] for row in document["rows"]}
    assert rows == {code: 2 if code == GRID else 0 for code in rows}
    assert GRID in rows
    assert document["elsewhere"]["mediations"]["value"] == 0
    first = asked(station, area=DISTRICT, metrics="mediations", at="2026-03-02")["total"]["mediations"]
    assert (first["value"], first["parts"]["mediations_court"]) == (1, 1)
    assert asked(station, "other_street", metrics="mediations")["total"]["mediations"]["value"] == 0


def test_how_long_until_it_was_noticed_and_somebody_had_it(station) -> None:
    """Hours from when it happened to its report, and on to its first claim or dispatch; what nobody had yet is not counted."""
    happened = (station.hall.now - timedelta(hours=5)).isoformat()
    no = station.reports(occurred_at=happened)["no"]
    station.done("community", no, "accept", matter="0101")
    station.passes(hours=2)
    station.done("worker", no, "claim")
    escalated(station, no)
    early = (station.hall.now - timedelta(hours=1)).isoformat()
    station.reports(occurred_at=early)
    station.reports(title="nobody knows when")
    figures = asked(station, area=HERE, metrics="detection_lag_hours,push_lag_hours")["total"]
    noticed, had = figures["detection_lag_hours"], figures["push_lag_hours"]
    assert (noticed["value"], noticed["n"], noticed["d"]) == (3.0, 6 * 3600, 2)
    assert (noticed["p50"], noticed["p90"]) == (1.0, 5.0)
    assert (had["value"], had["n"], had["d"], had["p50"]) == (2.0, 2 * 3600, 1, 2.0)
    before = asked(station, area=HERE, metrics="push_lag_hours", at="2026-03-01")["total"]["push_lag_hours"]
    assert (before["value"], before["text"]) == (None, "—")


def test_lags_of_many_cases_are_what_a_recount_says(town) -> None:
    """Of six hundred drawn cases the hours until they were noticed are those of a recount, and rows add up to them."""
    document = asked(town, area=DISTRICT, by="triage", metrics="detection_lag_hours", **WINDOW)
    moment, since, until = midnight(WINDOW["at"]) + DAY, midnight(WINDOW["from"]), midnight(WINDOW["to"])
    held = [now for case in town.cases if case.place is not None and (now := case.at(moment)) is not None]
    lags = [
        int((now["reported_at"] - now["occurred_at"]).total_seconds())
        for now in held
        if since <= now["reported_at"] < until and now["occurred_at"] and now["master"] is None
        and now["state"] not in {"rejected", "voided"}
    ]  # fmt: skip
    total = document["total"]["detection_lag_hours"]
    assert (total["d"], total["n"]) == (len(lags), sum(lags))
    assert len(lags) > 50
    parts = [row["figures"] for row in document["rows"]] + [document["elsewhere"]]
    for part in ("n", "d"):
        assert sum(each["detection_lag_hours"][part] for each in parts) == total[part]


def test_quality_is_counted(station) -> None:
    """Told whole is what lies in a grid and has a description and an address; confirmed, what its reporter was asked about."""
    no = through(station)
    station.reports(title="whole", description="large", address="by the gate")
    figures = asked(station, area=HERE, metrics="completeness_rate,verified_feedback_rate")["total"]
    whole, confirmed = figures["completeness_rate"], figures["verified_feedback_rate"]
    assert (whole["n"], whole["d"], whole["value"]) == (1, 2, 50.0)
    assert (confirmed["n"], confirmed["d"], confirmed["value"]) == (1, 1, 100.0), no


# --- boards and matters -------------------------------------------------------------------------------------------------


def test_the_street_has_four_boards(town) -> None:
    """All four boards have a row; each counts the cases of its matters, and the rest is what has no board."""
    town.hall.do(
        """INSERT INTO wangge.matter (code, area_id, path, name, category, board, updated_at)
           SELECT '0102', id, path, '邻里纠纷', 'dispute', 'safety_rule_of_law', now() FROM wangge.area WHERE code = %s
           ON CONFLICT DO NOTHING""",
        [DISTRICT],
    )
    own = [case for case in town.cases if (case.place or "").startswith(STREETS[0])]
    of_board = [case for case in own if case.versions[0]["matter"] == "0102"]
    document = asked(town, "street", area=STREETS[0], by="board", metrics="received,valid", **WINDOW)
    rows = {row["code"]: row["figures"]["received"]["value"] for row in document["rows"]}
    right = expected(of_board, WINDOW)["received"]
    assert rows == {"economy": 0, "livelihood": 0, "party": 0, "safety_rule_of_law": right}
    rest = expected([case for case in own if case.versions[0]["matter"] != "0102"], WINDOW)["received"]
    assert document["elsewhere"]["received"]["value"] == rest > 0 < right
    by_matter = asked(town, "street", area=STREETS[0], by="matter", metrics="received", **WINDOW)
    names = {row["code"]: (row["name"], row["figures"]["received"]["value"]) for row in by_matter["rows"]}
    assert names["0102"] == ("邻里纠纷", right)
    assert names["9999.1"][0] is None
    by_triage = asked(town, "street", area=STREETS[0], by="triage", metrics="received", **WINDOW)
    assert [row["code"] for row in by_triage["rows"]] == ["consultation", "government", "private"]


# --- warnings -------------------------------------------------------------------------------------------------------------


def test_many_cases_are_one_warning(station) -> None:
    """Five reports of one category in one grid within three days are one warning; four are none, and so are duplicates."""
    for k in range(4):
        station.reports(title=f"heap {k}")
        station.passes(hours=1)
    assert station.asks("community", "GET", "/v1/stats/warnings", params={"area": HERE}).json()["warnings"] == []
    last = station.reports()["no"]
    (warning,) = station.asks("community", "GET", "/v1/stats/warnings", params={"area": HERE}).json()["warnings"]
    assert (warning["grid"], warning["category"], warning["count"]) == (GRID, "rubbish", 5)
    assert last in warning["numbers"]
    station.done("community", last, "reject", reason="duplicate", master=warning["numbers"][0], answer="known")
    assert station.asks("community", "GET", "/v1/stats/warnings", params={"area": HERE}).json()["warnings"] == []


# --- cumulated numbers ----------------------------------------------------------------------------------------------------


def test_what_a_place_brings_along_goes_on_being_counted(station) -> None:
    """A number from before is shown as the lower bound that it is, with what was counted since; there is no rate of it."""
    with owner(station.hall.db.admin) as conn:
        cases = fill(conn, 100)
    brought = {
        "zh": "收集社情民意", "en": "Opinions", "since": "2020-01-01", "until": "2026-01-05", "number": 400_000,
        "is_lower_bound": True, "adds": "valid", "kind": "opinion",
    }  # fmt: skip
    kept = station.asks("district", "PUT", "/v1/stats/counters/opinions", params={"area": DISTRICT}, json=brought)
    assert kept.json()["revision"] == 1, kept.text
    whole = {**brought, "adds": None, "kind": None}
    station.asks("district", "PUT", "/v1/stats/counters/before", params={"area": DISTRICT}, json=whole)
    found = station.asks(
        "district",
        "GET",
        "/v1/stats/counters",
        params={"area": DISTRICT, "at": "2026-02-20"},
        headers={"Accept-Language": "zh"},
    ).json()["counters"]
    since = [case for case in cases if case.place is not None and case.versions[0]["kind"] == "opinion"]
    more = expected(since, {"from": "2026-01-05", "to": "2026-02-21", "at": "2026-02-20"})["valid"]
    assert [(each["code"], each["value"], each["text"]) for each in found] == [
        ("before", 400_000, "40万余"),
        ("opinions", 400_000 + more, f"{400_000 + more}余"),
    ]
    assert more > 0
    assert station.hall.value("SELECT count(*) FROM wangge.event WHERE kind = 'stats.counter'") == 2
    problem(station.asks("worker", "PUT", "/v1/stats/counters/x", params={"area": HERE}, json=brought), 403, "scope-denied")
    problem(station.asks("street", "PUT", "/v1/stats/counters/x", params={"area": NEXT[:6]}, json=brought), 404, "not-found")


# --- for everybody --------------------------------------------------------------------------------------------------------


def test_everybody_gets_a_month_with_small_counts_hidden(town) -> None:
    """A month that is over is told by area to anybody; what is below k is null, and what is told is right."""
    document = town.hall.client.get("/v1/stats/public", params={"month": "2026-01"}).json()
    january = {"from": "2026-01-01", "to": "2026-02-01", "at": "2026-03-02"}
    assert document["areas"]
    for area in document["areas"]:
        true = expected([case for case in town.cases if (case.place or "").startswith(area["code"])], january)["received"]
        assert area["received"] in {None, true}
        if 0 < true < document["k"]:
            assert area["received"] is None
    assert any(area["received"] is not None for area in document["areas"])


def test_the_public_chooses_no_window(town) -> None:
    """Nobody can ask for a month that is not over, nor for a window of their own; where reports are not public, for none."""
    client = town.hall.client
    problem(client.get("/v1/stats/public", params={"month": "2026-03"}), 400, "month-not-over")
    problem(client.get("/v1/stats/public", params={"month": "2026-13"}), 400, "invalid-month")
    for name, value in (("from", "2026-01-05"), ("by", "matter"), ("metrics", "mediations"), ("area", STREETS[0])):
        problem(client.get("/v1/stats/public", params={"month": "2026-01", name: value}), 400, "unknown-parameter")
    for address in ("/v1/stats?by=board", f"/v1/panel?area={DISTRICT}", f"/v1/reviews/{DISTRICT}/2026-W10?by=tier"):
        problem(client.get(address), 401, "unidentified")


def test_where_reports_are_not_public_nothing_is_told(db, tmp_path) -> None:
    """With `open311` not public there are no public statistics."""
    with statistics_over(db, tmp_path, public=("areas", "grids")) as made:
        problem(made.hall.client.get("/v1/stats/public", params={"month": "2026-01"}), 404, "not-found")
