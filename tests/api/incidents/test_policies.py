"""A town's own numbers over HTTP: stated by area, they hold for reports, steps, the clock and imports; and who states them."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta

import pytest

from api.incidents.rulebook import Rulebook
from api.incidents.ticker import tick
from api.loop.facts import Policy, Skip
from api.loop.policy import as_json, checked, is_drawn, policy_of
from api.v1 import policies as routes
from api.who.caller import Tier
from data.store.pool import connect
from gis.errors import InputError
from tests.api.incidents.station import HERE, NEXT, at
from tests.api.v1.hall import addresses, problem
from tests.published import COMMUNITIES, DISTRICT, HIGH, STREETS

DAY = "2026-03-02"


@pytest.fixture
def town(station):
    """The small town, where policies can be stated."""
    there = {path for _, path in addresses(station.hall.app)}
    if "/v1/policies" not in there:
        station.hall.app.include_router(routes.router)
    return station


def states(town, area, who="district", headers=None, **says):
    """State what an area says."""
    return town.asks(who, "PUT", f"/v1/policies/{area}", json=says, headers=headers or {})


def stated(town, area, **says):
    answer = states(town, area, **says)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ticks(town):
    """Let the service do what time calls for."""
    with closing(connect(town.hall.db.admin)) as conn:
        while tick(conn, town.hall.now, Rulebook()):
            pass


def closed(town, **said):
    """Bring an incident to its end at the grid's tier."""
    no = handled(town, **said)
    town.done("community", no, "check_pass")
    town.done("community", no, "feedback", result="satisfied", answer="swept")
    return no


def handled(town, **said):
    no = town.reports(**said)["no"]
    town.done("community", no, "accept", matter="0101")
    town.done("worker", no, "claim")
    town.done("worker", no, "handle", result="swept", outcome="resolved", evidence=["photo"])
    return no


def test_a_policy_is_read_as_it_was_written() -> None:
    """Whatever an area says comes back the same, the nearest has the last word number by number, and the usual is the rest."""
    assert policy_of([]) == Policy() == policy_of([as_json(Policy())])
    above = checked({"intake": "street", "archive_days": 7, "skips": [{"category": "fire"}]})
    below = checked({"archive_days": 9, "near_m": 80})
    found = policy_of([above, below])
    assert (found.intake, found.archive_after, found.nearness.metres) == (Tier.STREET, timedelta(days=9), 80)
    assert found.skips == (Skip(category="fire", urgent_only=True, highest=Tier.DISTRICT),)
    assert policy_of([as_json(found)]) == found
    assert policy_of([above, checked({"skips": []})]).skips == ()


def test_every_fault_of_a_policy_is_said() -> None:
    """Words that are none, numbers out of range and fields that nobody knows are said at once, each with its field."""
    with pytest.raises(InputError) as refused:
        checked({
            "intake": ["street"], "archive_days": True, "tries": 0, "near_m": 1.5, "archve_days": 3,
            "skips": [{"highest": "grid", "category": ""}, 7, {"urgent": True, "urgent_only": 1}],
        })  # fmt: skip
    assert {each.field for each in refused.value.findings} == {
        "archve_days", "archive_days", "tries", "near_m", "intake", "skips.0.highest", "skips.0.category", "skips.1",
        "skips.2.urgent", "skips.2.urgent_only",
    }  # fmt: skip
    assert "did you mean archive_days?" in next(e.en for e in refused.value.findings if e.field == "archve_days")


def test_a_draw_is_the_number_s_own() -> None:
    """Of many numbers about as many in a hundred are drawn as is wanted, and one that is drawn is so at any higher share."""
    numbers = [f"20260302370103{serial:05d}" for serial in range(2000)]
    for percent in (0, 30, 100):
        drawn = sum(is_drawn(no, percent) for no in numbers)
        assert abs(drawn - 20 * percent) <= (0 if percent in {0, 100} else 80)
    assert all(is_drawn(no, 31) for no in numbers if is_drawn(no, 30))


def test_whose_desk_a_report_comes_to(town) -> None:
    """Where an area says the street accepts, its reports come to the street's desk; everywhere else to the community's."""
    assert town.reports()["owner"] == {"org": f"center:{HERE}"}
    stated(town, STREETS[0], intake="street")
    assert town.reports()["owner"] == {"org": f"center:{STREETS[0]}"}
    assert town.reports("district", **at(50, HIGH + 50))["owner"] == {"org": f"center:{COMMUNITIES[2]}"}
    stated(town, HERE, intake="community")
    assert town.reports()["owner"] == {"org": f"center:{HERE}"}


def test_a_report_reads_no_policy_twice(town, monkeypatch) -> None:
    """What areas say is read when it has changed, and by no report besides."""
    reads = []
    real = Rulebook.read.__globals__["kept_rows"]
    monkeypatch.setitem(Rulebook.read.__globals__, "kept_rows", lambda conn: reads.append(1) or real(conn))
    for _ in range(3):
        town.reports()
    assert len(reads) == 1
    stated(town, DISTRICT, near_m=60)
    town.reports()
    town.reports()
    assert len(reads) == 2


def test_an_incident_goes_up_at_once_by_rule_alone(town) -> None:
    """Nobody leaves a tier out but by a rule of the place, and only what the rule is about; without the rule again nobody."""

    def goes_up(**said):
        no = town.reports(**said)["no"]
        town.done("community", no, "accept", matter="0101")
        return town.does("community", no, "escalate", reason="beyond_capacity", to_tier="district")

    problem(goes_up(urgent=True), 400, "skip-level")
    stated(town, DISTRICT, skips=[{"category": "rubbish"}])
    answer = goes_up(urgent=True)
    assert (answer.status_code, answer.json()["tier"]) == (200, "district"), answer.text
    problem(goes_up(), 400, "skip-level")
    stated(town, HERE, skips=[])
    problem(goes_up(urgent=True), 400, "skip-level")


def test_of_what_a_grid_handled_only_the_sample_is_checked(town) -> None:
    """The service passes what the draw has left out, once and by its number, and leaves the sample to somebody."""
    stated(town, DISTRICT, sample_percent=50)
    numbers = [handled(town) for _ in range(8)]
    town.passes(seconds=2)
    ticks(town)
    states_now = {no: town.shown(no)["state"] for no in numbers}
    assert states_now == {no: "handled" if is_drawn(no, 50) else "feedback" for no in numbers}
    assert set(states_now.values()) == {"handled", "feedback"}
    ticks(town)
    assert {no: town.shown(no)["state"] for no in numbers} == states_now
    passed = next(no for no in numbers if states_now[no] == "feedback")
    last = town.asks("district", "GET", f"/v1/incidents/{passed}/events").json()["events"][-1]
    assert (last["event"], last["actor"], last["payload"]["text"]) == ("check_pass", None, "not_sampled")


def test_a_town_archives_after_its_own_days(town) -> None:
    """Closed and not evaluated, an incident is archived after as many days as its area says."""
    stated(town, HERE, archive_days=3)
    no = closed(town)
    town.passes(days=2, hours=23)
    ticks(town)
    assert town.shown(no)["state"] == "closed"
    town.passes(hours=2)
    ticks(town)
    assert town.shown(no)["state"] == "archived"


def test_how_near_is_a_duplicate(town) -> None:
    """Fifty metres and a day unless the town says otherwise; with a hundred metres and an hour, two hours later is none."""
    first = town.reports()["no"]
    assert town.reports(**at(130, 200))["duplicates"] == []
    stated(town, DISTRICT, near_m=100, near_hours=1)
    assert first in {each["no"] for each in town.reports(**at(130, 200))["duplicates"]}
    town.passes(hours=2)
    assert town.reports()["duplicates"] == []


def test_what_is_offered_is_what_the_policy_lets(town) -> None:
    """Where nothing may be extended, no extension is offered, and none is taken."""
    no = town.reports()["no"]
    town.done("community", no, "accept", matter="0101")
    town.done("worker", no, "claim")
    events = {each["event"] for each in town.shown(no, "worker")["transitions"]}
    assert "ask_extend" in events
    stated(town, DISTRICT, extensions=0)
    assert {each["event"] for each in town.shown(no, "worker")["transitions"]} == events - {"ask_extend"}
    answer = town.does("worker", no, "ask_extend", reason="rain", until="2026-03-09T01:00:00+00:00")
    problem(answer, 409, "extension-limit")


def test_policies_are_shown_with_whose_they_are(town) -> None:
    """What holds somewhere is shown number by number with the area that says it; a policy of another day holds on that day."""
    stated(town, DISTRICT, archive_days=10, tries=3, source="区办〔2026〕1号")
    stated(town, STREETS[0], archive_days=5, valid_from="2026-03-10")
    shown = town.asks("worker", "GET", "/v1/policies", params={"area": HERE}).json()
    assert [each["area"] for each in shown["policies"]] == [DISTRICT]
    assert (shown["holds"]["archive_days"], shown["holds"]["said_by"]) == (10, {"archive_days": DISTRICT, "tries": DISTRICT})
    assert (shown["usual"]["archive_days"], shown["policies"][0]["source"]) == (15, "区办〔2026〕1号")
    later = town.asks("worker", "GET", f"/v1/policies/{HERE}", params={"at": "2026-03-10"}).json()
    assert (later["own"], later["holds"]["archive_days"], later["holds"]["tries"]) == (None, 5, 3)
    assert later["holds"]["said_by"] == {"archive_days": STREETS[0], "tries": DISTRICT}
    stated(town, STREETS[0], valid_from="2026-03-20")
    rows = town.hall.rows("SELECT lower(valid), upper(valid) FROM wangge.loop_policy ORDER BY id")
    assert rows == [(date(2026, 3, 2), None), (date(2026, 3, 10), date(2026, 3, 20))]
    logged = town.hall.rows(
        "SELECT subject, body -> 'says' FROM wangge.event WHERE kind = 'policy.stated' ORDER BY at, subject"
    )
    assert [subject for subject, _ in logged] == [DISTRICT, STREETS[0], STREETS[0]]
    assert logged[0][1] == {"archive_days": 10, "tries": 3}
    stated(town, DISTRICT, archive_days=10, tries=3, source="区办〔2026〕1号")
    assert town.hall.value("SELECT count(*) FROM wangge.event WHERE kind = 'policy.stated'") == 3


def test_who_states_policies(town) -> None:
    """Whoever decides for the district does, in their own area, strictly, from today on, by the tag and once for a key."""
    for who in ("worker", "community", "street"):
        problem(states(town, HERE, who=who, archive_days=3), 403, "scope-denied")
    town.who["small"] = town.hall.comes("small", ("district", STREETS[0]))
    problem(states(town, DISTRICT, who="small", archive_days=3), 403, "scope-denied")
    problem(states(town, NEXT + "9", archive_days=3), 404, "not-found")
    problem(states(town, HERE, archive_days=3, valid_from="2026-03-01"), 409, "past-day")
    refused = problem(states(town, HERE, archive_days=0, intake="grid", archve_days=3), 422, "invalid-body")
    assert len(refused["errors"]) == 3
    assert town.hall.value("SELECT count(*) FROM wangge.loop_policy") == 0
    key = {"Idempotency-Key": "k"}
    first, second = (states(town, HERE, headers=key, archive_days=3) for _ in range(2))
    assert (first.content, second.headers["idempotency-replayed"]) == (second.content, "true")
    again = {"If-Match": first.headers["etag"]}
    assert states(town, HERE, headers=again, archive_days=4).status_code == 200
    problem(states(town, HERE, headers=again, archive_days=5), 412, "stale-version")
    problem(town.asks("auditor", "GET", "/v1/policies"), 403, "scope-denied")
    small = town.asks("small", "GET", "/v1/policies").json()
    assert [each["area"] for each in small["policies"]] == [HERE]
