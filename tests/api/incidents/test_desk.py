"""The loop over HTTP: from a report to the archive, by the people whose step it is."""

from __future__ import annotations

from typing import Any

from tests.api.incidents.proof import faults_in
from tests.api.incidents.station import GRID, HERE, at
from tests.api.v1.hall import problem
from tests.published import DISTRICT


def test_a_case_goes_round(station) -> None:
    """A heap is reported, accepted, claimed, handled, checked, told of and closed, and every step is in the log."""
    made = station.reports()
    no = made["no"]
    assert (made["state"], made["grid"], made["owner"]) == ("reported", GRID, {"org": f"center:{HERE}"})
    assert no == "2026030237010300001"
    station.done("community", no, "accept", matter="0101")
    station.done("worker", no, "claim")
    station.done("worker", no, "handle", result="taken away", outcome="resolved", evidence=["photo"])
    station.done("community", no, "check_pass")
    station.done("community", no, "feedback", result="satisfied", answer="it is gone")
    shown = station.shown(no)
    assert (shown["state"], shown["owner"], shown["satisfaction"]) == ("closed", None, "satisfied")
    log = station.asks("district", "GET", f"/v1/incidents/{no}/events").json()["events"]
    assert [each["event"] for each in log] == ["report", "accept", "claim", "handle", "check_pass", "feedback"]
    assert faults_in(station.hall.db.admin) == []


def test_what_the_grid_solves_on_the_spot_is_listed_and_counted(station) -> None:
    """It is told from what took longer in the view, in lists and in figures; what fails its check was not solved there."""
    spot, slow = station.reports()["no"], station.reports(title="slow")["no"]
    work = {"result": "taken away", "outcome": "resolved", "evidence": ["photo"]}

    def listed(flag: str) -> list[str]:
        answer = station.asks("district", "GET", "/v1/incidents", params={"on_the_spot": flag})
        return [each["no"] for each in answer.json()["incidents"]]

    for no in (spot, slow):
        station.done("community", no, "accept", matter="0101")
        station.done("worker", no, "claim")
        assert station.done("worker", no, "handle", on_the_spot=True, **work)["on_the_spot"] is True
    assert station.done("community", slow, "check_fail", reason="still there")["on_the_spot"] is False
    station.done("worker", slow, "handle", **work)
    for no in (spot, slow):
        station.done("community", no, "check_pass")
        station.done("community", no, "feedback", result="satisfied", answer="it is gone")
    assert (listed("true"), listed("false")) == ([spot], [slow])
    station.passes(days=1)
    told = {"area": HERE, "metrics": "on_the_spot,solved", "from": "2026-03-01", "to": "2026-03-03", "at": "2026-03-02"}
    figures = station.asks("district", "GET", "/v1/stats", params=told).json()["total"]
    assert (figures["on_the_spot"]["value"], figures["solved"]["value"]) == (1, 2)
    assert station.done("district", spot, "reopen", reason="it is back")["on_the_spot"] is False
    assert faults_in(station.hall.db.admin) == []


def test_outside_every_grid_is_a_state_with_a_count(station) -> None:
    """What lies in no grid is kept, is nobody's guess, is found by `outside`, and belongs to the nearest center above."""
    inside = station.reports()
    far = station.reports("worker", **at(-5000, 0))
    assert (far["grid"], far["outside"], far["owner"]) == (None, True, {"org": f"center:{DISTRICT}"})
    listed = station.asks("district", "GET", "/v1/incidents", params={"outside": "true"}).json()["incidents"]
    assert [each["no"] for each in listed] == [far["no"]]
    assert inside["outside"] is False


def test_who_may_not_is_told_why(station) -> None:
    """A step by the wrong person, from the wrong state or without its fields is refused with its reason."""
    no = station.reports()["no"]
    problem(station.does("worker", no, "accept", matter="0101"), 403, "scope-denied")
    problem(station.does("community", no, "claim"), 409, "illegal-transition")
    again = problem(station.does("community", no, "report", kind="problem", category="noise"), 409, "illegal-transition")
    assert {"accept", "reject"} <= set(again["allowed"])
    problem(station.does("community", no, "accept"), 400, "missing-field")
    problem(station.does("other_street", no, "accept", matter="0101"), 404, "not-found")


def test_it_is_told_in_the_callers_language(station) -> None:
    """What is wrong with a step is said in Chinese to whoever reads Chinese: by the rules, by the door and by the store."""
    no = station.reports()["no"]
    zh = {"Accept-Language": "zh"}
    here = f"/v1/incidents/{no}"

    def told(event: str, **more: str) -> str:
        answer = station.asks("community", "POST", f"{here}/transitions", json={"event": event}, headers=zh | more)
        return answer.json()["detail"]

    assert told("verify") == "由街道指挥中心办理，不属于您的层级"
    assert told("take") == "事件状态为“已上报”，不能“领单”"
    assert told("accept") == "缺少字段 matter"
    assert told("accept", **{"If-Match": '"else"'}) == "您查看之后已有改动，请重新取得"
    assert station.hall.client.get(here, headers=zh).json()["detail"] == "此项不对所有人开放：请登录，或出示密钥"

    def of(who: str, method: str, address: str, **more: Any) -> str:
        return station.asks(who, method, address, headers=zh, **more).json()["detail"]

    assert of("community", "GET", "/v1/incidents/7") == "没有事件“7”，或您无权查看"
    assert of("auditor", "GET", here) == "您的角色不办理此项；需要权限 handle_incidents"
    assert of("worker", "GET", f"{here}/contact") == "没有留下联系方式，或事件不由您承办"
    assert of("worker", "POST", f"{here}/pictures", content=b"no picture") == "无法识别的照片"
    theirs = {**at(50, 200), "category": "rubbish", "external_id": "9"}
    assert of("worker", "POST", "/v1/incidents", json=theirs) == "external_id 是其他系统的编号，请在 source 中写明该系统"


def test_a_district_without_a_code_numbers_by_its_name(station) -> None:
    """Where a district is known by its name alone, its incidents have it in their number, and every address of theirs works."""
    station.hall.do("UPDATE wangge.area SET code = '示例区' WHERE level = 'district'")
    made = station.asks("worker", "POST", "/v1/incidents", json={**at(50, 200), "category": "rubbish"})
    assert (made.status_code, made.json()["no"]) == (201, "20260302示例区00001")
    seen = station.asks("community", "GET", made.headers["location"])
    assert (seen.status_code, seen.json()["no"]) == (200, "20260302示例区00001")
    assert seen.headers["etag"].isascii()
    assert station.does("community", made.json()["no"], "accept", matter="0101").status_code == 200
