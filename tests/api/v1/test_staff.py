"""Staff, posts and leave over HTTP, and whole lists of them."""

import time
from uuid import uuid4

import pytest

from data.store.log import broken
from tests.api.incidents.station import GRID, HERE, NEXT
from tests.api.v1.hall import problem
from tests.api.v1.staffed import events, listed, made, posted, staffed
from tests.published import COMMUNITIES, STREETS, Net, add_net
from tests.stored import owner

SECOND, THIRD = f"{HERE}002", f"{HERE}003"


@pytest.fixture
def station(db, tmp_path):
    """The small town with its staff."""
    with staffed(db, tmp_path) as town:
        yield town


def test_somebody_comes_works_and_leaves(station) -> None:
    """Added, trained, posted and gone: a status goes forward only, and whoever leaves has no post from that day on."""
    one = made(station, number="0017", phone="0531-8200 0001")
    here = f"/v1/staff/{one['id']}"
    assert (one["status"], one["area"], one["number"]) == ("selected", HERE, "0017")
    assert station.asks("community", "PATCH", here, json={"status": "trained", "is_trained": True}).json()["is_trained"] is True
    assert posted(station, one, SECOND, "grid_leader")["warnings"] == []
    assert station.asks("community", "GET", here).json()["status"] == "assigned"
    problem(station.asks("community", "PATCH", here, json={"status": "trained"}), 409, "status-backwards")
    station.passes(days=3)
    later = posted(station, one, THIRD, "grid_leader", valid_from="2026-04-01")
    left = station.asks("community", "PATCH", here, json={"status": "left"}).json()
    assert (left["status"], left["open_incidents"]) == ("left", [])
    shown = station.asks("community", "GET", here).json()
    assert [(post["grid"], post["valid_from"], post["valid_to"]) for post in shown["posts"]] == [
        (SECOND, "2026-03-02", "2026-03-05")
    ]
    problem(station.asks("community", "GET", f"/v1/posts/{later['id']}"), 404, "not-found")
    problem(station.asks("community", "PATCH", here, json={"status": "assigned"}), 409, "status-backwards")
    body = {"staff": one["id"], "grid": SECOND, "role": "grid_leader"}
    problem(station.asks("community", "POST", "/v1/posts", json=body), 409, "has-left")
    assert events(station, "staff.") == ["staff.added", "staff.changed", "staff.left"]
    log = station.hall.rows("SELECT body::text FROM wangge.event WHERE kind ~ '^(staff|post)'")
    assert not any("王芳" in body or "8200" in body for (body,) in log)
    with owner(station.hall.db.admin) as conn:
        assert broken(conn) == ()


def test_who_sees_and_manages_staff(station) -> None:
    """Staff are seen where they are employed, and managed by whoever manages staff there; elsewhere they are not there."""
    one = made(station)
    here = f"/v1/staff/{one['id']}"
    for who in ("worker", "street", "district"):
        assert station.asks(who, "GET", here).status_code == 200
        assert one["id"] in {each["id"] for each in listed(station, who, "/v1/staff", "staff")}
    for who in ("stranger", "other_street"):
        problem(station.asks(who, "GET", here), 404, "not-found")
        assert listed(station, who, "/v1/staff", "staff") == []
        assert listed(station, who, "/v1/posts", "posts") == []
    problem(station.asks("auditor", "GET", "/v1/staff"), 403, "scope-denied")
    for method, address, body in (
        ("POST", "/v1/staff", {"name": "x", "area": HERE}),
        ("PATCH", here, {"name": "x"}),
        ("POST", f"{here}/leave", {"valid_from": "2026-03-02", "valid_to": "2026-03-03"}),
        ("POST", "/v1/posts", {"staff": one["id"], "grid": GRID, "role": "grid_leader"}),
    ):
        problem(station.hall.client.request(method, address, json=body), 401, "unidentified")
        problem(station.asks("worker", method, address, json=body), 403, "scope-denied")
        assert station.asks("other_street", method, address, json=body).status_code in {403, 404}
    for address in ("/v1/staff", here, f"{here}/leave", "/v1/posts", "/v1/posts/on-duty", "/v1/staffing", "/v1/staffing/rules"):
        problem(station.hall.client.get(address), 401, "unidentified")


def test_what_is_personal_is_for_those_who_manage(station) -> None:
    """Education, party, year of birth and account are told to whoever manages somebody, and not to their colleagues."""
    one = made(
        station,
        is_party_member=True,
        education="college",
        birth_year=1988,
        source="volunteer",
        login="colleague",
        phone="12345",
    )
    assert (one["education_label"], one["birth_year"], one["person"]) == ("college", 1988, station.ids["colleague"])
    seen = station.asks("worker", "GET", f"/v1/staff/{one['id']}").json()
    assert (seen["name"], seen["phone"]) == ("王芳", "12345")
    personal = ("is_party_member", "education", "education_label", "birth_year", "source", "person")
    assert [seen[name] for name in personal] == [None, "", "", None, "", None]


def test_accounts_and_numbers_are_somebodys_own(station) -> None:
    """One number and one account are one person's; a login that nobody has is named."""
    made(station, number="1", login="colleague")
    body = {"name": "x", "area": HERE}
    problem(station.asks("community", "POST", "/v1/staff", json=body | {"number": "1"}), 409, "already-exists")
    problem(station.asks("community", "POST", "/v1/staff", json=body | {"login": "colleague"}), 409, "account-taken")
    problem(station.asks("community", "POST", "/v1/staff", json=body | {"login": "nobody"}), 400, "invalid-parameter")
    problem(station.asks("community", "POST", "/v1/staff", json=body | {"phone": "call me"}), 422, "invalid-body")
    problem(station.asks("community", "POST", "/v1/staff", json=body | {"area": NEXT}), 403, "scope-denied")


def test_staff_go_to_another_area_only_with_both(station) -> None:
    """A community does not hand somebody to the next; their street, which manages both, does, and both then know it."""
    one = made(station)
    here = f"/v1/staff/{one['id']}"
    problem(station.asks("community", "PATCH", here, json={"area": NEXT}), 403, "scope-denied")
    assert station.asks("street", "PATCH", here, json={"area": NEXT}).json()["area"] == NEXT
    problem(station.asks("community", "GET", here), 404, "not-found")


def test_the_list_is_narrowed_and_paged(station) -> None:
    """By area, status, role, posts and the beginning of a name or number; page by page everybody comes once."""
    chief = made(station, "street", name="刘洋", number="S_1", area=STREETS[0])
    for n in range(4):
        made(station, name=f"员{n}", number=f"C{n}")
    posted(station, chief, SECOND, "grid_instructor", "street")

    def names(**wanted):
        return [each["name"] for each in listed(station, "street", "/v1/staff", "staff", **wanted)]

    assert names(text="S_") == names(role="grid_instructor") == ["刘洋"]
    assert names(text="S%") == []
    assert names(posted=False) == ["员0", "员1", "员2", "员3"]
    assert set(names(area=HERE)) == {"Worker", "Stand_In", "刘洋", *names(posted=False)}
    assert names(status="assigned") == ["刘洋"]
    found, after = [], None
    while True:
        page = station.asks("street", "GET", "/v1/staff", params={"limit": 3} | ({"after": after} if after else {})).json()
        found += [each["name"] for each in page["staff"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(found) == sorted(names())
    assert len(found) == 7


def test_those_of_others_who_work_here_are_seen(station) -> None:
    """A community sees whom its street employs once they have a post there, and cannot change them."""
    chief = made(station, "street", name="刘洋", area=STREETS[0], education="master")
    problem(station.asks("community", "GET", f"/v1/staff/{chief['id']}"), 404, "not-found")
    body = {"staff": chief["id"], "grid": SECOND, "role": "grid_leader"}
    problem(station.asks("community", "POST", "/v1/posts", json=body), 404, "not-found")
    posted(station, chief, SECOND, "grid_leader", "street")
    seen = station.asks("community", "GET", f"/v1/staff/{chief['id']}").json()
    assert (seen["name"], seen["education"]) == ("刘洋", "")
    problem(station.asks("community", "PATCH", f"/v1/staff/{chief['id']}", json={"name": "x"}), 403, "scope-denied")
    problem(station.asks("stranger", "GET", f"/v1/staff/{chief['id']}"), 404, "not-found")


# --- posts ------------------------------------------------------------------------------------------------------------------


def test_a_and_b_are_two_of_one_community(station) -> None:
    """B is never A, a letter is one person's, and whoever stands in does so inside one community; each is refused by name."""
    one, two = made(station, "street"), made(station, "street", name="李雷")

    def gives(who, grid, letter):
        body = {"staff": who["id"], "grid": grid, "role": "full_time_worker", "letter": letter}
        return station.asks("street", "POST", "/v1/posts", json=body)

    assert gives(one, SECOND, "A").json()["warnings"] == ["untrained"]
    problem(gives(one, SECOND, "B"), 409, "already-posted")
    problem(gives(two, SECOND, "A"), 409, "letter-taken")
    problem(gives(one, f"{NEXT}001", "B"), 409, "pair-outside")
    assert gives(two, SECOND, "B").json()["warnings"] == ["untrained", "b_without_a"]
    assert gives(two, THIRD, "A").status_code == 201
    assert gives(one, THIRD, "B").json()["warnings"] == []
    body = {"staff": one["id"], "grid": SECOND, "role": "grid_leader"}
    problem(station.asks("street", "POST", "/v1/posts", json=body | {"letter": "A"}), 422, "invalid-body")
    problem(station.asks("street", "POST", "/v1/posts", json=body | {"kind": "police"}), 422, "invalid-body")


def test_posts_are_on_grids_that_there_are(station) -> None:
    """A post is given on a grid in force on its first day, in one's own area; it lies in the grid's community, whoever says."""
    one = made(station)
    body = {"staff": one["id"], "grid": "370103001001009", "role": "grid_leader"}
    problem(station.asks("community", "POST", "/v1/posts", json=body), 400, "invalid-parameter")
    problem(station.asks("community", "POST", "/v1/posts", json=body | {"grid": f"{NEXT}001"}), 403, "scope-denied")
    problem(
        station.asks("community", "POST", "/v1/posts", json=body | {"grid": GRID, "valid_from": "2023-12-31"}), 400,
        "invalid-parameter",
    )  # fmt: skip
    problem(
        station.asks("community", "POST", "/v1/posts", json=body | {"grid": GRID, "valid_to": "2026-03-02"}), 400,
        "invalid-parameter",
    )  # fmt: skip
    problem(station.asks("community", "POST", "/v1/posts", json=body | {"staff": str(uuid4())}), 404, "not-found")
    post = posted(station, one, GRID, "grid_leader", duty_roles=["health", "party", "health"], channel="selected")
    assert (post["community"], post["in_force"], post["duty_roles"]) == (HERE, True, ["party", "health"])
    again = station.asks("community", "PATCH", f"/v1/posts/{post['id']}", json={"duty_roles": ["insurance"]})
    assert again.json()["duty_roles"] == ["insurance"]
    problem(station.asks("worker", "PATCH", f"/v1/posts/{post['id']}", json={"duty_roles": []}), 403, "scope-denied")
    assert events(station, "post.") == ["post.given", "post.duties"]


def test_posts_end_and_what_was_stays(station) -> None:
    """A post ends today or later; one that has not begun is taken back; a day that is over does not change."""
    post = posted(station, made(station), GRID, "grid_leader")
    future = posted(station, made(station), SECOND, "grid_leader", valid_from="2026-05-01")
    here = f"/v1/posts/{post['id']}"
    station.passes(days=2)
    problem(station.asks("community", "DELETE", here, params={"on": "2026-03-03"}), 409, "past-day")
    problem(station.asks("worker", "DELETE", here), 403, "scope-denied")
    assert station.asks("community", "DELETE", here).status_code == 204
    assert station.asks("community", "GET", here).json()["valid_to"] == "2026-03-04"
    assert post["id"] not in {each["id"] for each in listed(station, "community", "/v1/posts", "posts")}
    assert post["id"] in {each["id"] for each in listed(station, "community", "/v1/posts", "posts", at="2026-03-03")}
    assert station.asks("community", "DELETE", f"/v1/posts/{future['id']}").status_code == 204
    problem(station.asks("community", "GET", f"/v1/posts/{future['id']}"), 404, "not-found")
    problem(station.asks("community", "DELETE", here), 404, "not-found")
    assert events(station, "post.") == ["post.given", "post.given", "post.ended", "post.ended"]


def test_posts_on_grids_that_are_gone_are_found(station, db) -> None:
    """When a plan takes a grid away, the posts on it are orphaned, and only they: nobody loses a post without a trace."""
    one = made(station)
    kept, lost = posted(station, one, GRID, "grid_leader"), posted(station, one, THIRD, "grid_leader")
    assert listed(station, "community", "/v1/posts", "posts", orphaned=True) == []
    station.hall.do("UPDATE wangge.grid SET in_force = daterange(lower(in_force), '2026-03-05') WHERE upper_inf(in_force)")
    station.hall.do(
        "UPDATE wangge.plan_community SET in_force = daterange(lower(in_force), '2026-03-05') WHERE upper_inf(in_force)"
    )
    path = dict(station.hall.rows("SELECT code, path::text FROM wangge.area"))
    add_net(db.admin, Net(2, station.hall.now.date().replace(day=5), None), path)
    station.passes(days=4)
    orphans = listed(station, "community", "/v1/posts", "posts", orphaned=True)
    assert [(each["id"], each["in_force"]) for each in orphans] == [(lost["id"], False)]
    assert kept["id"] in {each["id"] for each in listed(station, "community", "/v1/posts", "posts", orphaned=False)}
    assert lost["id"] not in {each["id"] for each in listed(station, "community", "/v1/posts", "posts", orphaned=False)}
    assert len(listed(station, "community", "/v1/posts", "posts", orphaned=True, limit=1)) == 1


# --- who answers --------------------------------------------------------------------------------------------------------------


def test_whoever_has_b_answers_while_a_is_away(station) -> None:
    """On leave A's grid is B's: on the list of the day, and in the loop, where A claims nothing and B does. Back, it is A's."""
    (a,) = [each for each in listed(station, "community", "/v1/staff", "staff") if each["name"] == "Worker"]

    def duty(**wanted):
        return station.asks("community", "GET", "/v1/posts/on-duty", params={"area": HERE, **wanted}).json()

    today = duty()
    assert [(each["grid"], (each["answers"] or {}).get("name")) for each in today["grids"]] == [
        (GRID, "Worker"), (SECOND, None), (THIRD, None),
    ]  # fmt: skip
    assert (today["without_a"], today["without_b"], today["unanswered"]) == ([SECOND, THIRD],) * 3
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    leave = station.asks(
        "community", "POST", f"/v1/staff/{a['id']}/leave", json={"valid_from": "2026-03-02", "valid_to": "2026-03-04"}
    )
    assert leave.status_code == 201
    assert [(each["grid"], each["answers"]["name"]) for each in leave.json()["grids"]] == [(GRID, "Stand_In")]
    assert leave.json()["open_incidents"] == []
    assert duty(grid=GRID)["grids"][0]["answers"]["name"] == "Stand_In"
    assert duty(grid=GRID, at="2026-03-04")["grids"][0]["answers"]["name"] == "Worker"
    assert station.does("worker", no, "claim").status_code == 403
    station.done("stand_in", no, "claim")
    back = f"/v1/staff/{a['id']}/leave/{leave.json()['id']}"
    station.passes(days=1)
    assert station.asks("community", "DELETE", back).status_code == 204
    assert duty(grid=GRID)["grids"][0]["answers"]["name"] == "Worker"
    assert [each["valid_to"] for each in listed(station, "community", f"/v1/staff/{a['id']}/leave", "leave")] == ["2026-03-03"]
    problem(station.asks("community", "DELETE", back), 404, "not-found")
    assert events(station, "staff.") == ["staff.leave", "staff.back"]


def test_when_both_are_away_nobody_answers(station) -> None:
    """With A and B on leave the grid is among the unanswered; what they have in hand is named; no leave overlaps another."""
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    station.done("worker", no, "claim")
    days = {"valid_from": "2026-03-02", "valid_to": "2026-03-10"}
    both = {each["name"]: each["id"] for each in listed(station, "community", "/v1/staff", "staff")}
    first = station.asks("community", "POST", f"/v1/staff/{both['Worker']}/leave", json=days)
    assert first.json()["open_incidents"] == [no]
    second = station.asks("community", "POST", f"/v1/staff/{both['Stand_In']}/leave", json=days)
    assert second.json()["grids"] == [{"grid": GRID, "answers": None}]
    assert GRID in station.asks("community", "GET", "/v1/posts/on-duty").json()["unanswered"]
    problem(station.asks("community", "POST", f"/v1/staff/{both['Worker']}/leave", json=days), 409, "already-away")
    upside = {"valid_from": "2026-03-02", "valid_to": "2026-03-02"}
    problem(station.asks("community", "POST", f"/v1/staff/{both['Worker']}/leave", json=upside), 400, "invalid-parameter")
    future = station.asks("community", "POST", f"/v1/staff/{both['Worker']}/leave", json={
        "valid_from": "2026-05-01", "valid_to": "2026-05-06",
    }).json()  # fmt: skip
    assert station.asks("community", "DELETE", f"/v1/staff/{both['Worker']}/leave/{future['id']}").status_code == 204
    assert len(listed(station, "community", f"/v1/staff/{both['Worker']}/leave", "leave")) == 1


# --- lists --------------------------------------------------------------------------------------------------------------------

LIST = f"""工号,姓名,所属,办公电话,学历,党员,网格,岗位,AB岗,五员,力量类别
1,王芳,,0531-1,大专,是,{SECOND},专职网格员,A,网格党建员;网格应急员,
2,李雷,{HERE},0531-2,本科,否,{SECOND},专职网格员,B,,
1,,,,,,{THIRD},full_time_worker,B,,
2,,,,,,{THIRD},专职网格员,A,,
3,赵警官,{STREETS[0]},110,,,{SECOND},专业力量,,,police
4,孙悦,{HERE},,,,,,,,
"""


def brings(station, text, who="street", **more):
    """Bring in a list."""
    headers = {"Content-Type": "text/csv", **more.pop("headers", {})}
    content = text if isinstance(text, bytes) else text.encode()
    return station.asks(who, "POST", "/v1/staff/import", content=content, headers=headers, **more)


def faults(answer):
    """The rows, fields and kinds of what is wrong with a list."""
    document = problem(answer, 422, "invalid-input")
    return {(each.get("row"), each.get("field"), each["code"]) for each in document["errors"] if each["severity"] == "error"}


def test_a_list_comes_in_and_again(station) -> None:
    """A list in Chinese, in GB18030, adds people and posts; the same list again changes nothing; what differs is changed."""
    first = brings(station, LIST.encode("gb18030"))
    assert first.status_code == 200, first.text
    told = first.json()
    assert (told["rows"], told["staff"], told["posts"]) == (
        6, {"added": 4, "changed": 0, "unchanged": 0}, {"added": 5, "changed": 0, "unchanged": 0},
    )  # fmt: skip
    assert {(each["code"], each["row"]) for each in told["findings"]} == {
        ("encoding_guessed", None), ("untrained", 1), ("untrained", 2), ("untrained", 5),
    }  # fmt: skip
    again = brings(station, LIST).json()
    assert (again["staff"], again["posts"]) == (
        {"added": 0, "changed": 0, "unchanged": 4}, {"added": 0, "changed": 0, "unchanged": 5},
    )  # fmt: skip
    (wang,) = [each for each in listed(station, "street", "/v1/staff", "staff") if each["number"] == "1"]
    assert (wang["area"], wang["education"], wang["is_party_member"], wang["status"]) == (HERE, "college", True, "assigned")
    assert [(p["grid"], p["letter"]) for p in station.asks("street", "GET", f"/v1/staff/{wang['id']}").json()["posts"]] == [
        (SECOND, "A"), (THIRD, "B"),
    ]  # fmt: skip
    changed = brings(station, LIST.replace("0531-1", "0531-9").replace("网格党建员;", "").replace("孙悦", "孙月")).json()
    assert (changed["staff"]["changed"], changed["posts"]["changed"]) == (2, 1)
    assert station.asks("street", "GET", f"/v1/staff/{wang['id']}").json()["phone"] == "0531-9"
    assert events(station, "staff.") == ["staff.imported"] * 3
    rows = station.hall.rows("SELECT body FROM wangge.event WHERE kind = 'staff.imported' ORDER BY at")
    assert [set(body) for (body,) in rows] == [{"digest", "staff"}] * 3


def test_what_a_list_does_not_name_stays(station) -> None:
    """A list with numbers and phones alone changes phones, and nothing else of anybody; an end that is said ends a post."""
    brings(station, LIST)
    assert brings(station, "number,phone\n1,0531-7\n2,0531-2\n").json()["staff"] == {"added": 0, "changed": 1, "unchanged": 1}
    (wang,) = [each for each in listed(station, "street", "/v1/staff", "staff") if each["number"] == "1"]
    assert (wang["name"], wang["phone"], wang["education"]) == ("王芳", "0531-7", "college")
    ends = brings(station, f"number,grid,role,letter,valid_to\n1,{THIRD},full_time_worker,B,2026-04-01\n").json()
    assert ends["posts"] == {"added": 0, "changed": 1, "unchanged": 0}
    shown = station.asks("street", "GET", f"/v1/staff/{wang['id']}").json()["posts"]
    assert [(post["grid"], post["valid_to"], post["letter"]) for post in shown] == [
        (SECOND, None, "A"),
        (THIRD, "2026-04-01", "B"),
    ]
    gone = brings(station, "number,status\n1,left\n").json()
    assert gone["staff"]["changed"] == 1
    assert [p["valid_from"] for p in station.asks("street", "GET", f"/v1/staff/{wang['id']}").json()["posts"]] == []


def test_every_fault_of_a_list_at_once(station) -> None:
    """What is wrong in itself and what does not fit the town come together, with row and column, and nothing is written."""
    before = station.hall.rows("SELECT count(*) FROM wangge.staff"), station.hall.rows("SELECT count(*) FROM wangge.post")
    text = "\n".join([
        "number,name,area,education,birth_year,phone,party_member,grid,role,letter,kind,valid_from,valid_to,status",
        f"1,王芳,{HERE},小学生,88,call,maybe,,,,,,,",
        f",李雷,{HERE},,,,,,,,,,,",
        f"3,,{HERE},,,,,,,,,,,",
        f"4,赵,{NEXT[:-1]}9,,,,,,,,,,,",
        f"5,孙,{HERE},,,,,{SECOND},leader,,,,,",
        f"6,周,{HERE},,,,,370103001001777,grid_leader,,,,,",
        f"7,吴,{HERE},,,,,{SECOND},grid_leader,A,,,,",
        f"8,郑,{HERE},,,,,{SECOND},grid_leader,,police,2026-04-01,2026-03-01,",
        f"9,冯,{HERE},,,,,{SECOND},full_time_worker,A,,,,",
        f"9,陈,{HERE},,,,,{SECOND},full_time_worker,B,,,,",
        f"10,褚,{HERE},,,,,{SECOND},full_time_worker,A,,,,",
        f"11,卫,{HERE},,,,,{GRID},full_time_worker,A,,,,",
        f"12,蒋,{HERE},,,,,{THIRD},full_time_worker,A,,,,",
        f"12,,,,,,,{NEXT}001,full_time_worker,B,,,,",
        f"13,沈,{HERE},,,,,,grid_leader,,,,,",
        f"14,韩,{HERE},,,,,{SECOND},grid_leader,,,2026-13-01,,",
        "15,杨,,,,,,,,,,,,",
        f"16,朱,{HERE},,,,,{SECOND},grid_leader,,,2020-01-01,,",
        f"17,秦,{HERE},,,,,{SECOND},part_time_worker,,,,,left",
        "18,short",
        f"19,尤,{HERE},,,,,{SECOND},,,,,,",
    ])  # fmt: skip
    assert faults(brings(station, text)) == {
        (1, "education", "unknown_value"), (1, "birth_year", "unknown_value"), (1, "phone", "unknown_value"),
        (1, "party_member", "unknown_value"), (2, "number", "empty_value"), (3, "name", "empty_value"),
        (4, "area", "unknown_area"), (5, "role", "unknown_value"), (6, "grid", "unknown_grid"),
        (7, "letter", "letter_of_others"), (8, "kind", "kind_of_others"), (10, "name", "differs_from_row"),
        (11, "letter", "letter_taken"), (12, "letter", "letter_taken"), (14, "letter", "pair_outside"),
        (15, "role", "no_grid"), (16, "valid_from", "unknown_value"), (17, "area", "empty_value"), (18, "grid", "unknown_grid"),
        (19, "grid", "left_with_post"), (20, None, "wrong_width"), (21, "role", "empty_value"),
    }  # fmt: skip
    after = station.hall.rows("SELECT count(*) FROM wangge.staff"), station.hall.rows("SELECT count(*) FROM wangge.post")
    assert before == after


def test_a_list_against_what_is_there(station) -> None:
    """A and B of one person, a status that goes back, posts that differ from those that are there: named, and nothing done."""
    brings(station, LIST)
    head = "number,name,grid,role,letter,valid_from,valid_to,status,area\n"
    rows = "".join([
        f"1,王芳,{SECOND},full_time_worker,B,,,trained,\n",
        f"2,李雷,{SECOND},full_time_worker,B,2025-12-01,,,\n",
        f"3,赵警官,{SECOND},professional_force,,,2026-03-01,,\n",
        f"20,林,{SECOND},grid_leader,,2026-03-05,2026-03-04,,\n",
        f"21,何,{THIRD},full_time_worker,A,,,,\n",
        f"22,吕,{GRID},part_time_worker,,,,,\n22,,{GRID},part_time_worker,,,,,\n",
        f"23,施,{SECOND},full_time_worker,A,2027-01-01,,,\n23,,{SECOND},full_time_worker,B,2027-01-01,,,\n",
    ])  # fmt: skip
    assert faults(brings(station, head + rows)) == {
        (1, "status", "status_backwards"), (1, "letter", "post_differs"), (2, "valid_from", "post_overlaps"),
        (3, "valid_to", "upside_down"), (4, "valid_to", "upside_down"), (5, "letter", "letter_taken"),
        (7, "grid", "post_twice"), (8, "letter", "letter_taken"), (9, "letter", "letter_taken"),
        (9, "letter", "one_person_a_and_b"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "no_rows"),
        ("name,area\nx,y\n", "missing_column"),
        ("number,nam\n1,x\n", "unknown_column"),
        ("number,工号\n1,1\n", "column_twice"),
        ('number,name\n1,"x\n', "unreadable_file"),
        ("number\n" + "1\n" * 50_001, "no_rows"),
    ],
)
def test_files_that_are_no_lists(station, text, kind) -> None:
    """A file without a heading, with columns that are none, or with too many rows is refused by name."""
    assert kind in {code for _, _, code in faults(brings(station, text))}


def test_only_lists_are_read_and_only_from_those_who_manage(station) -> None:
    """Another content type is refused; so is somebody who manages no staff, or none there."""
    problem(station.asks("street", "POST", "/v1/staff/import", json={}), 415, "unsupported-media-type")
    problem(brings(station, LIST, "worker"), 403, "scope-denied")
    problem(
        station.hall.client.post("/v1/staff/import", content=b"x", headers={"Content-Type": "text/csv"}), 401, "unidentified"
    )
    assert (1, "grid", "unknown_grid") in faults(brings(station, LIST, "other_street"))


def test_a_number_of_others_is_not_taken(station) -> None:
    """A number that somebody elsewhere has is a fault with its row, nothing is written, and nothing is told of them."""
    other = station.asks("other_street", "POST", "/v1/staff", json={"name": "秘密", "area": COMMUNITIES[2], "number": "9"})
    assert other.status_code == 201
    answer = brings(station, f"number,name,area\n8,张,{HERE}\n9,李,{HERE}\n")
    assert faults(answer) == {(2, "number", "number_taken")}
    assert "秘密" not in answer.text
    assert station.hall.value("SELECT count(*) FROM wangge.staff WHERE number = '8'") == 0


def test_a_list_sent_twice_with_one_key(station) -> None:
    """With an Idempotency-Key the second answer is the first one again."""
    once = {"Idempotency-Key": "list"}
    first, again = (brings(station, LIST, headers=once) for _ in range(2))
    assert (first.json(), again.headers["idempotency-replayed"]) == (again.json(), "true")


def test_five_thousand_rows_take_seconds(station) -> None:
    """A district's staff, 5,000 people with their posts, comes in within seconds, again sooner, and is evaluated at once."""
    head = "number,name,area,phone,education,grid,role\n"
    grids = [f"{community}00{n}" for community in COMMUNITIES[:2] for n in (1, 2, 3)]
    rows = "".join(f"N{n},员工{n},{HERE},0531-{n},college,{grids[n % 6]},part_time_worker\n" for n in range(5000))
    start = time.monotonic()
    told = brings(station, head + rows, timeout=60)
    first = time.monotonic() - start
    assert told.status_code == 200, told.text
    assert (told.json()["staff"]["added"], told.json()["posts"]["added"]) == (5000, 5000)
    start = time.monotonic()
    again = brings(station, head + rows, timeout=60).json()
    assert (again["staff"]["unchanged"], again["posts"]["unchanged"]) == (5000, 5000)
    second = time.monotonic() - start
    start = time.monotonic()
    staffing = station.asks("street", "GET", "/v1/staffing", timeout=60).json()
    assert (staffing["count"], len(staffing["without_owner"])) == (6, 5)
    assert (first < 15, second < 10, time.monotonic() - start < 5) == (True, True, True)
