"""Matters over HTTP: proposed, admitted, exited, counted, imported, and named for grids; and what incidents may be."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.api.incidents.station import GRID, HERE, at, station_over
from tests.api.v1.hall import problem
from tests.published import COMMUNITIES, DISTRICT, HIGH, STREETS

ASPECTS = {"management": "入库", "procedure": "会签", "funding": "区级", "assessment": "季度"}
ADMIT = {"action": "admit", "aspects": ASPECTS}
EXIT = {"action": "exit", "reason": "beyond_worker_ability"}
POTHOLE = {
    "code": "0301", "area": DISTRICT, "name": "路面坑洼", "category": "road", "level": "community", "board": "livelihood",
    "list_class": "public", "department": "sanitation", "co_departments": ["water"],
    "limit": {"value": 3, "unit": "work_day"}, "filing_condition": "f", "closing_condition": "c", "standard": "s",
    "power_delegated": True, "funding": "区财政", "batch": "1",
}  # fmt: skip


@pytest.fixture
def station(db, tmp_path):
    """The small town, with a second person of the district's, and a department of one street."""
    with station_over(db, tmp_path) as made:
        made.who["chief"] = made.hall.comes("chief", ("district", DISTRICT))
        made.hall.do(
            """INSERT INTO wangge.org (code, kind, tier, name, area_id, path)
               SELECT 'street-office', 'department', 'street', '城管办', id, path FROM wangge.area WHERE code = %s""",
            [STREETS[1]],
        )
        yield made


def proposed(station, who="district", **said):
    """Propose a matter."""
    answer = station.asks(who, "POST", "/v1/matters", json={**POTHOLE, **said})
    assert answer.status_code == 201, answer.text
    return answer.json()


def decided(station, code="0301", who="chief", **said):
    """Decide about a matter."""
    answer = station.asks(who, "POST", f"/v1/matters/{code}/decisions", json=said)
    assert answer.status_code == 201, answer.text
    return answer.json()


def log(station, kind):
    """The bodies of the events of a kind, with their subjects."""
    return station.hall.rows("SELECT subject, body FROM wangge.event WHERE kind = %s ORDER BY at", [kind])


def faults(answer):
    """What an answer says is wrong, by code and field."""
    return [(each["code"], each.get("row"), each["field"]) for each in problem(answer, 422, "invalid-input")["errors"]]


def test_a_matter_is_proposed_admitted_and_exits(station) -> None:
    """A matter goes its way by the right people, each step in the log, and is shown as it was proposed."""
    made = proposed(station)
    assert {name: made[name] for name in POTHOLE} == POTHOLE
    assert (made["status"], made["authors"]) == ("proposed", [station.ids["district"]])
    after = decided(station, **ADMIT, comment="同意")
    assert (after["status"], after["revision"], after["decision"]["actor_name"]) == ("admitted", 2, "Chief")
    assert decided(station, who="district", **EXIT, kind="stamp")["status"] == "exited"
    listed = station.asks("worker", "GET", "/v1/matters/0301/decisions").json()["decisions"]
    assert [(each["action"], each["reason"], each["kind"], each["aspects"]) for each in listed] == [
        ("admit", None, None, ASPECTS),
        ("exit", "beyond_worker_ability", "stamp", {}),
    ]
    again = proposed(station, name="坑")
    assert (again["status"], again["name"], again["revision"]) == ("proposed", "坑", 4)
    assert decided(station, action="refuse", reason="too_specialised")["decision"]["kind"] is None
    assert [len(log(station, f"matter.{kind}")) for kind in ("proposed", "admit", "exit", "refuse")] == [2, 1, 1, 1]
    assert log(station, "matter.admit")[0][1]["comment"] == "同意"
    problem(station.asks("chief", "POST", "/v1/matters", json={**POTHOLE, "code": "0101"}), 409, "already-exists")


def test_who_may_not_decide(station) -> None:
    """Who proposed it, who has no such right, who has it elsewhere, and who comes too late: each is told why."""
    proposed(station)
    here = "/v1/matters/0301/decisions"
    told = problem(station.asks("district", "POST", here, json=ADMIT), 403, "self-approval")
    assert told["codes"] == ["0301"]
    for who in ("worker", "street", "auditor"):
        problem(station.asks(who, "POST", here, json=ADMIT), 403, "scope-denied")
    abroad = station.hall.comes("abroad", ("district", STREETS[1]))
    station.who["abroad"] = abroad
    problem(station.asks("abroad", "POST", here, json=ADMIT), 403, "scope-denied")
    decided(station, **ADMIT)
    told = problem(station.asks("chief", "POST", here, json=ADMIT), 409, "illegal-transition")
    assert told["allowed"] == ["exit"]
    problem(station.asks("chief", "POST", "/v1/matters/9/decisions", json=ADMIT), 404, "not-found")
    problem(station.asks("chief", "POST", here, json={"action": "exit", "reason": "tired"}), 422, "invalid-body")
    assert faults(station.asks("chief", "POST", here, json={"action": "exit"})) == [("decision_reason", None, "reason")]


def test_an_admission_says_all_that_it_lacks(station) -> None:
    """Power, funds, aspects, enforcement: everything is told at once, of many matters as of one, and nothing is decided."""
    proposed(station, code="a", power_delegated=False, funding="")
    proposed(station, code="b", is_enforcement=True, is_industry_supervision=True)
    proposed(station, code="c")
    wanted = {"codes": ["a", "b", "c"], "action": "admit", "aspects": {**ASPECTS, "funding": ""}}
    answer = station.asks("chief", "POST", "/v1/matters/decisions", json=wanted)
    assert faults(answer) == [
        ("decision_aspect", None, "aspects.funding"),
        ("matter_without_power", None, "power_delegated"),
        ("matter_without_funding", None, "funding"),
        ("matter_not_for_grids", None, "is_enforcement"),
        ("matter_not_for_grids", None, "is_industry_supervision"),
    ]
    listed = station.asks("chief", "GET", "/v1/matters", params={"status": "proposed"}).json()["matters"]
    assert [each["code"] for each in listed] == ["a", "b", "c"]
    problem(station.asks("chief", "POST", "/v1/matters/decisions", json={**wanted, "codes": ["c", "d"]}), 404, "not-found")


def test_an_exited_matter_is_no_new_incidents(station) -> None:
    """What has exited cannot be chosen any more; an incident that has it keeps it, and goes its way."""
    old, new = station.reports()["no"], station.reports()["no"]
    station.done("community", old, "accept", matter="0101")
    decided(station, "0101", **EXIT)
    problem(station.does("community", new, "accept", matter="0101"), 400, "exited-matter")
    assert station.shown(old)["matter"] == "0101"
    station.done("worker", old, "claim")
    station.done("worker", old, "handle", result="gone", outcome="resolved", evidence=["photo"])
    assert station.shown(old)["matter"] == "0101"
    proposed(station)
    problem(station.does("community", new, "accept", matter="0301"), 400, "exited-matter")
    decided(station, **ADMIT)
    assert station.done("community", new, "accept", matter="0301")["department"] == "sanitation"


def test_another_streets_matter_is_not_chosen(station) -> None:
    """A matter of a street's catalogue holds in that street: an incident elsewhere cannot be one."""
    proposed(station, code="s2", area=STREETS[1], department="street-office", co_departments=[])
    decided(station, "s2", **ADMIT)
    no = station.reports()["no"]
    problem(station.does("community", no, "accept", matter="s2"), 400, "unknown-matter")
    station.who["both"] = station.hall.comes("both", ("street", STREETS[0]), ("street", STREETS[1]))
    assert station.asks("both", "GET", "/v1/matters/s2").status_code == 200
    problem(station.does("both", no, "accept", matter="s2"), 400, "unknown-matter")
    there = station.reports("both", **at(50, HIGH + 50))["no"]
    assert station.done("both", there, "accept", matter="s2")["department"] == "street-office"


def test_the_limit_of_a_matter_is_the_clocks(station) -> None:
    """Accepted as a matter of three work days an incident is due in three; changed to five hours, the next in five."""
    proposed(station)
    decided(station, **ADMIT)
    no = station.reports()["no"]
    # From Monday, nine o'clock, to Thursday.
    due = station.done("community", no, "accept", matter="0301")["clocks"]["total"]["due_at"]
    assert due == "2026-03-05T01:00:00+00:00"
    limit = {"limit": {"value": 5, "unit": "hour"}}
    assert station.asks("chief", "PATCH", "/v1/matters/0301", json=limit).status_code == 200
    no = station.reports()["no"]
    due = station.done("community", no, "accept", matter="0301")["clocks"]["total"]["due_at"]
    assert due == "2026-03-02T06:00:00+00:00"
    # The limits of a fresh installation hold for all else.
    no = station.reports()["no"]
    assert station.done("community", no, "accept", matter="0101")["clocks"]["total"]["due_at"] == "2026-03-11T01:00:00+00:00"


def test_a_proposal_is_changed_by_whoever_proposes(station) -> None:
    """A proposal changes field by field, by its tag; what is admitted changes in how it is handled, by whoever approves."""
    made = station.asks("street", "POST", "/v1/matters", json={**POTHOLE, "area": STREETS[0]})
    etag = made.headers["etag"]
    here = "/v1/matters/0301"
    assert made.headers["location"].endswith(here)
    change = {"name": "坑", "limit": None, "funding": "街道", "co_departments": []}
    problem(station.asks("community", "PATCH", here, json=change), 403, "scope-denied")
    problem(station.asks("other_street", "PATCH", here, json=change), 404, "not-found")
    after = station.asks("street", "PATCH", here, json=change, headers={"If-Match": etag})
    assert after.json() == made.json() | {**change, "revision": 2, "updated_at": after.json()["updated_at"]}
    problem(station.asks("street", "PATCH", here, json=change, headers={"If-Match": etag}), 412, "stale-version")
    problem(station.asks("street", "PATCH", here, json={}), 422, "invalid-body")
    assert log(station, "matter.changed") == [("0301", {"revision": 2, **change})]
    decided(station, **ADMIT)
    problem(station.asks("street", "PATCH", here, json={"name": "x"}), 403, "scope-denied")
    told = problem(station.asks("chief", "PATCH", here, json={"funding": "x", "name": "y"}), 409, "matter-admitted")
    assert told["fields"] == ["funding"]
    assert station.asks("chief", "PATCH", here, json={"standard": "now", "department": None}).json()["status"] == "admitted"
    decided(station, **EXIT)
    problem(station.asks("chief", "PATCH", here, json={"name": "x"}), 409, "illegal-transition")


def test_departments_are_those_of_the_area(station) -> None:
    """A matter's departments are there for all of its area; those of elsewhere, centers and unknown ones are all named."""
    wanted = {**POTHOLE, "department": "street-office", "co_departments": ["water", "nobody", f"center:{DISTRICT}"]}
    assert faults(station.asks("district", "POST", "/v1/matters", json=wanted)) == [
        ("matter_department", None, "department"),
        ("matter_department", None, "co_departments"),
        ("matter_department", None, "co_departments"),
    ]
    here = {"area": STREETS[1], "department": "street-office", "co_departments": []}
    assert proposed(station, "other_street", **here)["department"] == "street-office"
    assert faults(station.asks("other_street", "PATCH", "/v1/matters/0301", json={"department": "nobody"})) == [
        ("matter_department", None, "department")
    ]


def test_who_proposes_where(station) -> None:
    """Whoever manages staff proposes in their own catalogue; a word of our addresses is no code."""
    for who, area, status, code in (
        ("worker", HERE, 403, "scope-denied"),
        ("auditor", DISTRICT, 403, "scope-denied"),
        ("community", STREETS[0], 403, "scope-denied"),
        ("community", COMMUNITIES[3], 403, "scope-denied"),
        ("district", "nowhere", 404, "not-found"),
    ):
        problem(station.asks(who, "POST", "/v1/matters", json={**POTHOLE, "area": area}), status, code)
    for bad in ("a b", "a/b", "", "summary", "x" * 61):
        problem(station.asks("district", "POST", "/v1/matters", json={**POTHOLE, "code": bad}), 422, "invalid-body")
    code = "事项1%?"
    made = station.asks("community", "POST", "/v1/matters", json={**POTHOLE, "code": code, "area": HERE})
    assert made.status_code == 201, made.text
    assert station.asks("worker", "GET", made.headers["location"]).json()["code"] == code


def test_a_matter_is_proposed_once(station) -> None:
    """Sent again with its key, a proposal, a file, a decision, a change and a list of a grid's are each done once."""
    csv = {"params": {"area": DISTRICT}, "content": "code,name,category\n0401,x,y\n", "type": "text/csv"}
    for n, (who, method, where, told) in enumerate(
        (
            ("district", "POST", "/v1/matters", POTHOLE),
            ("district", "PATCH", "/v1/matters/0301", {"name": "x"}),
            ("chief", "POST", "/v1/matters/0301/decisions", ADMIT),
            ("chief", "POST", "/v1/matters/decisions", {**EXIT, "codes": ["0101"]}),
            ("community", "PUT", f"/v1/grid-matters/{GRID}", {"codes": ["0301"]}),
            ("district", "POST", "/v1/matters/import", None),
        )
    ):
        key = {"Idempotency-Key": f"k{n}"}
        more = {"json": told, "headers": key} if told else {
            "params": csv["params"], "content": csv["content"], "headers": {**key, "Content-Type": csv["type"]}
        }  # fmt: skip
        first, second = (station.asks(who, method, where, **more) for _ in range(2))
        assert first.is_success, first.text
        assert (first.status_code, first.content) == (second.status_code, second.content)
        assert second.headers["idempotency-replayed"] == "true"
    counted = Counter(kind for (kind,) in station.hall.rows("SELECT kind FROM wangge.event"))
    assert counted == {
        "matter.proposed": 1, "matter.changed": 1, "matter.admit": 1, "matter.exit": 1, "grid.matters": 1, "matter.imported": 1,
    }  # fmt: skip


def sent(station, text, who="district", area=DISTRICT, media="text/csv; charset=utf-8"):
    """Send a file of matters."""
    return station.asks(who, "POST", "/v1/matters/import", params={"area": area}, content=text, headers={"Content-Type": media})


def test_a_file_proposes_and_admits_nothing(station) -> None:
    """A file is taken in whole, once; it admits nothing whoever sends it, and moves nothing that was decided."""
    text = "code,name,category,power_delegated,funding,department,limit_value,limit_unit\n" + "".join(
        f"05{n:02},m{n},c,yes,f,sanitation,{n + 1},work_day\n" for n in range(20)
    )
    first = sent(station, text).json()
    assert (len(first["added"]), first["changed"], first["unchanged"], first["left"]) == (20, [], 0, [])
    again = sent(station, text).json()
    assert (again["added"], again["changed"], again["unchanged"], again["left"]) == ([], [], 20, [])
    codes = [f"05{n:02}" for n in range(20)]
    done = station.asks("chief", "POST", "/v1/matters/decisions", json={**ADMIT, "codes": codes}).json()["matters"]
    assert [each["status"] for each in done] == ["admitted"] * 20
    third = sent(station, text.replace("0500,m0", "0500,m").replace("0501,m1", "0601,m")).json()
    assert (third["added"], third["left"], third["unchanged"]) == (["0601"], ["0500"], 18)
    assert station.asks("chief", "GET", "/v1/matters/0500").json()["name"] == "m0"
    assert [body for _, body in log(station, "matter.imported")] == [
        {"added": codes, "changed": []},
        {"added": ["0601"], "changed": []},
    ]


def test_all_faults_of_a_file_come_at_once(station) -> None:
    """Cells that cannot be used, then departments and codes that are not the area's, are told by row; nothing is written."""
    bad = "code,name,category,limit_value,department\n1,,c,,\n2,x,c,soon,\n"
    assert faults(sent(station, bad)) == [("matter_empty", 1, "name"), ("matter_limit", 2, "limit_value")]
    bad = "code,name,category,department\n1,x,c,nobody\n2,x,c,\n3,x,c,street-office\n"
    assert faults(sent(station, bad)) == [("matter_department", 1, "department"), ("matter_department", 3, "department")]
    proposed(station, code="2", area=STREETS[1], department=None, co_departments=[])
    assert faults(sent(station, "code,name,category\n1,x,c\n\n2,x,c\n0101,x,c\n")) == [("matter_taken", 2, "code")]
    assert station.hall.value("SELECT count(*) FROM wangge.matter") == 2
    problem(sent(station, bad, media="application/json"), 415, "unsupported-media-type")
    problem(sent(station, bad, who="worker"), 403, "scope-denied")
    problem(sent(station, "code,name,category\n", who="community", area=STREETS[0]), 403, "scope-denied")


def test_matters_are_counted(station) -> None:
    """Lists, boards, categories, departments and exits are counted as the articles count them, and add up to the total."""
    classes = [("public", 81), ("self_governance", 26), ("paid", 11)]
    boards = ["party", "economy", "livelihood", "safety_rule_of_law"]
    station.hall.do(
        """INSERT INTO wangge.org (code, kind, tier, name, area_id, path)
           SELECT 'd' || n, 'department', 'district', 'd' || n, id, path
           FROM wangge.area, generate_series(1, 23) n WHERE code = %s""",
        [DISTRICT],
    )
    heading = "code,name,category,board,list_class,department,power_delegated,funding,limit_value,limit_unit,batch\n"
    rows = [
        f"{word}{n:03},m,c{n % 10},{boards[n % 4]},{word},,yes,f,1,day,first" for word, count in classes for n in range(count)
    ]
    rows += [f"d{n:03},m,c{n % 10},,,d{n % 23 + 1},yes,f,1,day,second" for n in range(285)]
    assert sent(station, heading + "\n".join(rows)).status_code == 200
    exits = {"affair": 14, "stamp": 12, "ledger": 17}

    def asked(**more):
        return station.asks("worker", "GET", "/v1/matters/summary", params=more).json()

    counted = asked(status="proposed")
    assert counted["total"] == 118 + 285
    assert counted["by_batch"] == {"first": 118, "second": 285}
    assert counted["by_list_class"] == {"": 285, "paid": 11, "public": 81, "self_governance": 26}
    assert {word: count for word, count in counted["by_board"].items() if word} == {
        "economy": 30, "livelihood": 29, "party": 31, "safety_rule_of_law": 28,
    }  # fmt: skip
    assert (counted["departments"], counted["without_department"], counted["without_limit"]) == (23, 118, 0)
    assert len(counted["by_category"]) == 10
    assert all(sum(counted[name].values()) == counted["total"] for name in counted if name.startswith("by_"))
    assert asked(department="d1")["total"] == 13
    assert asked(list_class="paid")["by_status"] == {"proposed": 11}
    codes = [f"d{n:03}" for n in range(43)]
    station.asks("chief", "POST", "/v1/matters/decisions", json={**ADMIT, "codes": codes})
    for kind, count in exits.items():
        some, codes = codes[:count], codes[count:]
        answer = station.asks("chief", "POST", "/v1/matters/decisions", json={**EXIT, "kind": kind, "codes": some})
        assert answer.status_code == 200, answer.text
    assert asked()["exits"] == {"total": 43, "by_kind": exits}
    assert asked()["by_status"] == {"admitted": 1, "exited": 43, "proposed": 360}
    proposed(station, code="d000")
    assert asked()["exits"]["by_kind"] == {**exits, "affair": 13}


def test_the_catalogue_is_listed(station) -> None:
    """A list is narrowed by what matters say and where they hold, page by page, for whoever works there."""
    proposed(station, code="s1", area=STREETS[0], category="noise", board="party", list_class="paid")
    proposed(station, code="s2", area=STREETS[1])

    def codes(who="district", **asked):
        answer = station.asks(who, "GET", "/v1/matters", params=asked)
        assert answer.status_code == 200, answer.text
        return [each["code"] for each in answer.json()["matters"]]

    assert codes() == ["0101", "s1", "s2"]
    assert codes("worker") == ["0101", "s1"]
    assert (codes(area=HERE), codes(area=DISTRICT)) == (["0101", "s1"], ["0101"])
    assert (codes(status="admitted"), codes(category="noise"), codes(board="party")) == (["0101"], ["s1"], ["s1"])
    assert (codes(list_class="paid"), codes(department="sanitation")) == (["s1"], ["0101", "s1", "s2"])
    page = station.asks("district", "GET", "/v1/matters", params={"limit": 2}).json()
    assert (page["next"], codes(after=page["next"])) == ("s1", ["s2"])
    problem(station.asks("worker", "GET", "/v1/matters/s2"), 404, "not-found")
    problem(station.asks("auditor", "GET", "/v1/matters"), 403, "scope-denied")
    assert station.hall.client.get("/v1/matters").status_code == 401
    problem(station.asks("district", "GET", "/v1/matters", params={"borad": "party"}), 400, "unknown-parameter")


def test_grids_without_matters_are_listed(station) -> None:
    """Each grid is named its matters; those for which none is named are listed, and answer for all that is admitted."""
    here = f"/v1/grid-matters/{GRID}"
    assert station.asks("worker", "GET", here).json()["is_named"] is False
    proposed(station)
    wanted = {"codes": ["0301", "0101", "0101", "9"]}
    told = faults(station.asks("community", "PUT", here, json=wanted))
    assert told == [("matter_not_here", None, "codes.0"), ("matter_not_here", None, "codes.2")]
    decided(station, **ADMIT)
    shown = station.asks("community", "PUT", here, json={"codes": ["0301"]}).json()
    assert (shown["is_named"], [each["code"] for each in shown["matters"]]) == (True, ["0301"])
    assert station.asks("worker", "GET", here).json() == shown
    bare = station.asks("district", "GET", "/v1/grid-matters", params={"without": "true", "area": HERE}).json()["grids"]
    assert [each["grid"] for each in bare] == [f"{HERE}002", f"{HERE}003"]
    page = station.asks("district", "GET", "/v1/grid-matters", params={"limit": 1}).json()
    assert page == {"grids": [{"grid": GRID, "name": "第1网格", "community": HERE, "matters": 1}], "next": GRID}
    problem(station.asks("worker", "PUT", here, json={"codes": []}), 403, "scope-denied")
    problem(station.asks("other_street", "PUT", here, json={"codes": []}), 404, "not-found")
    assert station.asks("community", "PUT", here, json={"codes": []}).json()["is_named"] is False
    assert [body["codes"] for _, body in log(station, "grid.matters")] == [["0301"], []]


def test_what_a_grid_answers_for_is_known_of_any_day(station) -> None:
    """What is named from today on leaves yesterday's answer as it was, whatever has exited since; tomorrow's is not known."""
    here = f"/v1/grid-matters/{GRID}"

    def codes(**query: str) -> tuple[bool, list[str]]:
        shown = station.asks("worker", "GET", here, params=query).json()
        return shown["is_named"], [each["code"] for each in shown["matters"]]

    proposed(station)
    decided(station, **ADMIT)
    station.asks("community", "PUT", here, json={"codes": ["0301"]})
    today = station.hall.now.date().isoformat()
    station.passes(days=1)
    station.asks("community", "PUT", here, json={"codes": ["0101"]})
    assert (codes(), codes(at=today)) == ((True, ["0101"]), (True, ["0301"]))
    station.passes(days=1)
    decided(station, **EXIT)
    assert codes(at=today) == (True, ["0301"])
    listed = [
        station.asks("district", "GET", "/v1/grid-matters", params={"area": HERE, "at": day}).json()["grids"][0]["matters"]
        for day in ("2026-03-01", today)
    ]
    assert listed == [0, 1]
    problem(station.asks("worker", "GET", here, params={"at": "2026-04-01"}), 400, "future-day")
