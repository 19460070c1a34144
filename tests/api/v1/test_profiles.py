"""What a profile says is what the service does, over HTTP: rings, names of tiers, centres, circles, orders, policies."""

from __future__ import annotations

from typing import Any

import pytest

from api.profile_load import load
from api.v1 import policies, profiles
from data.profile import place, profile_from
from gis.errors import Conflict, InputError
from tests.api.incidents.station import HERE, MONDAY, NEXT, at, station_over
from tests.api.v1.hall import addresses, problem
from tests.published import COMMUNITIES, DISTRICT, HIGH, STREETS
from tests.stored import owner

TODAY = MONDAY.date()
RINGS = {
    "shizhong": ["信息搜集", "分级办理", "检查督促", "结果反馈", "综合研判"],
    "yunyang": ["网格吹哨", "分级转办", "响应处置", "核查反馈", "考核评价", "事件归档"],
    "urban_management": ["信息收集", "案卷建立、任务派遣", "任务处理", "处理反馈、核查", "结案", "综合评价"],
}
FOUR = {"collect": "发现", "triage": "派发", "handle": "办理", "check": "评结", "feedback": "评结", "evaluate": "评结"}


@pytest.fixture
def station(db, tmp_path):
    """The small town, whose places can have profiles."""
    with station_over(db, tmp_path) as made:
        there = {path for _, path in addresses(made.hall.app)}
        for module in (profiles, policies):
            if not {route.path for route in module.router.routes} & there:
                made.hall.app.include_router(module.router)
        yield made


def says(station, area: str, name: str = "own", **sections: Any):
    """Load a profile for an area."""
    with owner(station.hall.db.admin) as conn:
        doc = {"id": name, "zh": name, "en": name, "area": area, **sections}
        return load(conn, profile_from(doc), day=TODAY, now=MONDAY)


def asked(station, address: str, who: str = "district", lang: str = "zh", **query: Any) -> Any:
    answer = station.asks(who, "GET", address, params=query, headers={"Accept-Language": lang})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(station) -> str:
    """Take an incident through all the stages but the archive, with a remark on the way."""
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    station.done("street", no, "comment", text="soon, please")
    station.done("worker", no, "claim")
    station.done("worker", no, "handle", result="swept", outcome="resolved", evidence=["photo"])
    station.passes(minutes=5)
    station.done("community", no, "check_pass")
    station.done("community", no, "feedback", result="satisfied", answer="swept")
    station.done("district", no, "evaluate", scores={"speed": 90})
    return no


def test_one_log_is_seen_as_each_place_sees_it(station) -> None:
    """The same log reads as five rings, as six steps, and as four rings that the place itself names: nearest profile first."""
    no = ended(station)
    plain = asked(station, f"/v1/incidents/{no}/events")
    assert (plain["profile"], plain["way"]) == (None, [])
    stages = ["collect", "triage", "check", "triage", "handle", "check", "feedback", "evaluate"]
    assert [each["stage"] for each in plain["events"]] == stages
    assert {each["ring"] for each in plain["events"]} == {None}
    assert asked(station, f"/v1/incidents/{no}")["stage"] == {
        "stage": "evaluate", "label": "考核评价", "ring": None, "profile": None,
    }  # fmt: skip
    for name, rings in RINGS.items():
        says(station, DISTRICT, stages={"scheme": name})
        seen = asked(station, f"/v1/incidents/{no}/events")
        assert [each["ring"] for each in seen["way"]] == [ring for ring in rings if ring != "事件归档"]
        assert [each["at"] for each in seen["events"]] == [each["at"] for each in plain["events"]]
    says(station, STREETS[0], "four", stages={"rings": FOUR})
    seen = asked(station, f"/v1/incidents/{no}/events")
    assert (seen["profile"], [each["ring"] for each in seen["way"]]) == ("four", ["发现", "派发", "办理", "评结"])
    entered = [each["entered_at"] for each in seen["way"]]
    assert entered == sorted(entered)
    assert entered[3] == next(each["at"] for each in plain["events"] if each["event"] == "check_pass")
    there = station.reports("district", **at(50, HIGH + 50))["no"]
    assert asked(station, f"/v1/incidents/{there}")["stage"]["ring"] == "信息收集"
    assert asked(station, f"/v1/incidents/{there}", lang="en")["stage"] == {
        "stage": "collect", "label": "Collection", "ring": "Collection", "profile": "own",
    }  # fmt: skip


def test_a_call_has_the_words_of_the_place(station) -> None:
    """The four steps of a call go by the names that the place gives them, in what is offered and in the log."""
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101", tier="community")
    station.done("community", no, "escalate", reason="needs_department")
    station.done("street", no, "take")

    def offered() -> dict[str, str]:
        return {each["event"]: each["label"] for each in asked(station, f"/v1/incidents/{no}", "street")["transitions"]}

    assert offered()["call"] == "呼叫"
    says(station, STREETS[0], stages={"scheme": "shizhong", "call": ["吹哨", "派哨", "报到", "消哨"]})
    assert (offered()["call"], offered()["urge"]) == ("吹哨", "催办")
    station.done("street", no, "call", summary="a heap")
    assert asked(station, f"/v1/incidents/{no}/events")["events"][-1]["label"] == "吹哨"


def test_tiers_have_the_names_of_the_place(station) -> None:
    """A county's incidents stand at 县 and 镇街 and not at 区 and 街道; the word that clients go by stays the same."""
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101", tier="community")
    station.done("community", no, "escalate", reason="needs_department")
    assert asked(station, f"/v1/incidents/{no}")["tier_label"] == "街道"
    says(station, DISTRICT, tiers=dict(place("yunyang").says["tiers"]))
    shown = asked(station, f"/v1/incidents/{no}")
    assert (shown["tier"], shown["tier_label"]) == ("street", "镇街")
    station.done("street", no, "take")
    station.done("street", no, "escalate", reason="needs_department")
    (listed,) = asked(station, "/v1/incidents")["incidents"]
    assert (listed["tier"], listed["tier_label"]) == ("district", "县")
    assert asked(station, "/v1/incidents", lang="en")["incidents"][0]["tier_label"] == "County"
    rows = asked(station, "/v1/stats", area=DISTRICT, by="tier", metrics="received")["rows"]
    assert [(row["code"], row["name"]) for row in rows] == [("4", "县")]


def test_a_profile_states_the_policy(station) -> None:
    """The numbers of a profile's loop hold as if they had been stated over HTTP, from the profile; loaded again, nothing."""
    loop = {"intake": "street", "skips": [{"category": "fire"}], "assumptions": ["试行"]}
    told = says(station, DISTRICT, loop=loop)
    assert told.changed == ("profile", "loop")
    assert station.reports()["owner"] == {"org": f"center:{STREETS[0]}"}
    (row,) = asked(station, "/v1/policies")["policies"]
    assert (row["source"], row["says"]["intake"], row["says"]["skips"][0]["highest"]) == ("profile:own", "street", "district")
    assert (
        says(station, DISTRICT, loop={"intake": "street", "skips": [{"category": "fire"}], "assumptions": ["试行"]}).changed
        == ()
    )
    assert says(station, DISTRICT, loop={}).changed == ("profile", "loop")
    assert asked(station, "/v1/policies")["policies"] == []


def test_orders_go_by_steps_that_a_place_states(station) -> None:
    """A variant of the place's own is stated by its profile, once and for good; orders are placed and taken by it."""
    steps = [
        {"step": "placed", "by": "resident"}, {"step": "sorted", "by": "street"}, {"step": "dispatched", "by": "district"},
        {"step": "taken", "by": "target"}, {"step": "finished", "by": "target"}, {"step": "rated", "by": "resident"},
    ]  # fmt: skip
    assert says(station, DISTRICT, orders={"variant": "ours", "steps": steps}).changed == (
        "profile",
        "orders.steps",
        "orders.variant",
    )
    assert says(station, DISTRICT, orders={"variant": "ours", "steps": steps}).changed == ()
    wanted = {"category": "repair", "title": "a lamp is out", "community": HERE}
    made = station.asks("worker", "POST", "/v1/orders", json=wanted).json()
    assert made["variant"] == "ours"

    def step(who: str, name: str, **said: Any) -> Any:
        return station.asks(who, "POST", f"/v1/orders/{made['no']}/transitions", json={"step": name, **said})

    problem(step("community", "sorted"), 403, "wrong-tier")
    assert step("street", "sorted").json()["state"] == "sorted"
    assert step("district", "dispatched", to={"org": "sanitation"}).json()["state"] == "dispatched"
    with pytest.raises(Conflict, match="other steps"):
        says(station, DISTRICT, orders={"variant": "ours", "steps": [steps[0], *steps[2:]]})
    with pytest.raises(InputError, match=r"orders\.steps"):
        says(station, DISTRICT, orders={"variant": "less", "steps": steps[:3]})


def test_centres_and_circles_are_the_places(station) -> None:
    """How large centres must be, and how far people walk, is what the nearest profile says, else as usual; and it is told."""

    def centres() -> dict[str, Any]:
        return {each["area"]: each for each in asked(station, "/v1/stations/facilities")["centers"]}

    usual = centres()
    assert (usual[STREETS[0]]["needed_m2"], usual[STREETS[0]]["profile"]) == (1000.0, None)
    says(station, DISTRICT, facilities={"street_m2": 800, "community_m2_per_100_households": 45}, circle={"minutes": 10})
    says(
        station, STREETS[1], "second", facilities={"street_m2": 600}, circle={"minutes": 20, "metres_a_minute": 60, "detour": 1}
    )
    own = centres()
    assert {code: own[code]["needed_m2"] for code in STREETS} == {STREETS[0]: 800.0, STREETS[1]: 600.0}
    assert own[HERE]["needed_m2"] == pytest.approx(usual[HERE]["needed_m2"] * 1.5)
    assert own[COMMUNITIES[2]]["needed_m2"] == usual[COMMUNITIES[2]]["needed_m2"]
    assert (own[HERE]["profile"], own[COMMUNITIES[2]]["profile"]) == ("own", "second")
    for area, reach, profile in ((HERE, 577, "own"), (STREETS[1], 1200, "second"), (NEXT, 577, "own")):
        method = asked(station, "/v1/stations/coverage", area=area, way="walk")["method"]
        assert (round(method["reach_m"]), method["profile"]) == (reach, profile)
    assert asked(station, "/v1/stations/grids", area=HERE, minutes="5")["method"]["minutes"] == 5
    assert asked(station, "/v1/stations/coverage", "other_street")["method"]["minutes"] == 15
    assert asked(station, "/v1/stations/coverage", "worker")["method"]["minutes"] == 10


def test_what_a_place_says_it_has_is_counted(station) -> None:
    """Each number of a profile that can be counted is shown beside the one that was found, and whether they are the same."""
    says(
        station, DISTRICT, lists={"public": 2}, matters={"departments": 1, "matters": 1}, stations={"count": 3},
        admission={"exits": {"affair": 1}}, party={"branches": 4},
    )  # fmt: skip
    told = asked(station, "/v1/profiles/stated", area=HERE)
    numbers = {f"{each['section']}.{each['key']}": (each["stated"], each["found"], each["met"]) for each in told["stated"]}
    assert (told["area"], told["profile"], told["met"]) == (DISTRICT, "own", False)
    assert numbers == {
        "lists.public": (2, 0, False), "matters.departments": (1, 0, False), "matters.matters": (1, 0, False),
        "stations.count": (3, 0, False), "party.branches": (4, 0, False), "admission.exits.affair": (1, 0, False),
    }  # fmt: skip
    problem(station.asks("worker", "GET", "/v1/profiles/stated", params={"area": HERE}), 403, "scope-denied")
    problem(station.asks("district", "GET", "/v1/profiles/stated", params={"area": "370103999"}), 404, "not-found")


def test_words_that_nobody_knows_are_refused_whole(station) -> None:
    """A profile with any word that the service does not know changes nothing, and every such word is named."""
    with pytest.raises(InputError, match="and 2 more") as refused:
        says(station, DISTRICT, stages={"scheme": "nonsense"}, loop={"tries": 0}, triage={"classes": ["gossip"]})
    assert {each.field for each in refused.value.findings} == {"stages.scheme", "loop.tries", "triage.classes"}
    assert station.hall.value("SELECT count(*) FROM wangge.profile") == 0
