"""The approval of a plan over HTTP, by people who have signed in: every step, and everything that is no step."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from data.store.sql import many
from partition.engine import divide
from partition.net import net_of
from partition.rules import Rules
from tests.api.v1.hall import DAY, NOW, TODAY, hall_over, problem
from tests.stored import brought, drafted, owner, published, village

C1, C2, STREET, DISTRICT = "370103016001", "370103016002", "街道", "区"
STEPS = ("validate", "submit", "street_review", "district_approve", "notice", "put_in_force", "file")
STATES = ("validated", "submitted", "street_reviewed", "district_approved", "noticed", "effective", "filed")


@dataclass
class Office:
    """Four people who have signed in, and the address of a draft that the first of them wrote."""

    author: httpx.Client
    planner: httpx.Client
    street: httpx.Client
    district: httpx.Client
    plan: str

    def who(self, step):
        """Whose step it is."""
        return {"validate": self.author, "submit": self.planner, "street_review": self.street}.get(step, self.district)


@pytest.fixture
def office(hall):
    """A village with nothing in force, and a draft for both its communities."""
    author = None
    with owner(hall.db.admin) as conn:
        made = brought(conn, village().town())
    author = hall.person("author", ("community", C1), ("community", C2))
    hall.person("planner", ("community", C1), ("community", C2))
    hall.person("street", ("street", STREET))
    hall.person("district", ("district", DISTRICT))
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, made, author=author).id
    with ExitStack() as stack:
        browsers = [stack.enter_context(hall.browser(login)) for login in ("author", "planner", "street", "district")]
        yield Office(*browsers, plan=f"/v1/plans/{plan}")


def take(who, plan, action, *, seen=None, **more):
    """Take a step, having seen the plan as it is."""
    seen = who.get(plan).headers.get("ETag", '"nothing"') if seen is None else seen
    if action == "put_in_force":
        more.setdefault("effective_from", str(TODAY))
    return who.post(f"{plan}/transitions", json={"action": action, **more}, headers={"If-Match": seen})


def walk(office, *steps):
    """Take steps, each by whoever may."""
    for step in steps:
        answer = take(office.who(step), office.plan, step)
        assert answer.status_code == 200, answer.text
    return office.district.get(office.plan).json()


def test_a_plan_is_approved_by_four_people(hall, office):
    """Three decisions by three tiers, in order, put a plan in force; each offer is a step that works, and all is logged."""
    for step, state in zip(STEPS, STATES, strict=True):
        who = office.who(step)
        offered = {each["action"] for each in who.get(office.plan).json()["transitions"]}
        assert step in offered
        answer = take(who, office.plan, step)
        assert (answer.status_code, answer.json()["state"]) == (200, state), answer.text
        assert answer.headers["ETag"] == who.get(office.plan).headers["ETag"]
    plan = office.district.get(office.plan).json()
    taken = [(d["step"], d["verdict"], d["area"]) for d in plan["decisions"]]
    assert taken == [
        ("submit", "pass", C1),
        ("submit", "pass", C2),
        ("street_review", "pass", STREET),
        *((step, "pass", DISTRICT) for step in STEPS[3:]),
    ]
    assert hall.client.get("/v1/locate", params={"lon": 117.0, "lat": 36.12}).status_code == 200
    assert hall.value("SELECT count(*) FROM wangge.grid WHERE in_force @> %s", [TODAY]) == 6
    logged = {kind for (kind,) in hall.rows("SELECT kind FROM wangge.event WHERE actor IS NOT NULL")}
    assert {f"plan.{step}" for step in STEPS} | {"plan.effective"} <= logged
    lineage = office.planner.get(f"{office.plan}/lineage").json()["lineage"]
    assert [(line["from"], line["op"]) for line in lineage] == [(None, "new")] * 6


def test_a_step_out_of_turn(office):
    """A step that the state does not allow is 409 with what may be done; one that is no step is 400 and named."""
    for who, step in ((office.planner, "submit"), (office.street, "street_review"), (office.district, "put_in_force")):
        told = problem(take(who, office.plan, step), 409, "illegal-transition")
        assert told["state"] == "draft"
        assert step not in told["allowed"]
    walk(office, "validate", "submit")
    told = problem(take(office.district, office.plan, "district_approve"), 409, "illegal-transition")
    assert told["allowed"] == []
    told = problem(take(office.author, office.plan, "fly"), 400, "invalid-parameter")
    assert told["errors"][0]["parameter"] == "action"
    told = problem(take(office.district, office.plan, "put_in_force", effective_from=None), 400, "missing-field")
    assert told["errors"][0]["parameter"] == "effective_from"


@pytest.mark.parametrize(
    ("done", "step", "allowed"),
    [
        (("validate",), "submit", "planner"),
        (("validate", "submit"), "street_review", "street"),
        (("validate", "submit", "street_review"), "district_approve", "district"),
        (("validate", "submit", "street_review", "district_approve"), "put_in_force", "district"),
    ],
)
def test_nobody_takes_another_tiers_step(office, done, step, allowed):
    """At each step every other tier is refused as the wrong one, and nothing changes."""
    walk(office, *done)
    before = office.district.get(office.plan).json()
    for name in {"planner", "street", "district"} - {allowed}:
        problem(take(getattr(office, name), office.plan, step), 403, "wrong-tier")
    after = office.district.get(office.plan).json()
    assert (before["revision"], before["decisions"]) == (after["revision"], after["decisions"])


def test_nobody_approves_their_own(hall, office):
    """Who wrote a plan, and who has decided at another tier, does not approve it, whatever roles they have."""
    walk(office, "validate", "submit")
    both = hall.comes("both", ("street", STREET), ("district", DISTRICT))
    for login in ("author", "planner"):
        person = hall.value("SELECT id::text FROM wangge.person WHERE login = %s", [login])
        hall.do(
            """INSERT INTO wangge.role_grant (person_id, role, area_id, valid)
               SELECT %s, 'street', id, tstzrange(%s, NULL) FROM wangge.area WHERE code = %s""",
            [person, NOW - DAY, STREET],
        )
    for who in (office.author, office.planner):
        problem(take(who, office.plan, "street_review"), 403, "self-approval")
    for step, status in (("street_review", 200), ("district_approve", 403)):
        etag = hall.client.get(office.plan, headers=both).headers["ETag"]
        answer = hall.client.post(f"{office.plan}/transitions", json={"action": step}, headers=both | {"If-Match": etag})
        assert answer.status_code == status, answer.text
    assert answer.json()["code"] == "self-approval"


def test_a_step_is_taken_once(office):
    """The same step sent again is 412, for the plan has changed since; sent with the new ETag it is out of turn."""
    seen = office.author.get(office.plan).headers["ETag"]
    assert take(office.author, office.plan, "validate", seen=seen).status_code == 200
    told = problem(take(office.author, office.plan, "validate", seen=seen), 412, "stale-version")
    assert told["current"] == office.author.get(office.plan).headers["ETag"]
    problem(take(office.author, office.plan, "validate"), 409, "illegal-transition")
    answer = office.planner.post(f"{office.plan}/transitions", json={"action": "submit"})
    problem(answer, 428, "precondition-required")
    walk(office, "submit")
    assert [d["step"] for d in office.district.get(office.plan).json()["decisions"]] == ["submit", "submit"]


def _with_key(who, plan, action, key, *, seen, **more):
    return who.post(f"{plan}/transitions", json={"action": action, **more}, headers={"If-Match": seen, "Idempotency-Key": key})


def test_a_step_that_is_sent_again_is_answered_again(office):
    """With an Idempotency-Key a step whose answer was lost is sent again and answered as before, at every step of the way."""
    given = []
    for step in STEPS:
        who = office.who(step)
        more = {"effective_from": str(TODAY)} if step == "put_in_force" else {}
        seen = who.get(office.plan).headers["ETag"]
        first, second = (_with_key(who, office.plan, step, f"key-{step}", seen=seen, **more) for _ in range(2))
        assert first.status_code == 200, first.text
        assert (second.status_code, second.content) == (200, first.content)
        for name in ("ETag", "Content-Type", "Cache-Control", "Vary"):
            assert second.headers[name] == first.headers[name]
        assert ("Idempotency-Replayed" in first.headers, second.headers["Idempotency-Replayed"]) == (False, "true")
        given.append((who, step, seen, more, first))
    for who, step, seen, more, first in given:
        assert _with_key(who, office.plan, step, f"key-{step}", seen=seen, **more).content == first.content
    plan = office.district.get(office.plan).json()
    assert (plan["state"], len(plan["decisions"])) == ("filed", 7)


def test_a_key_is_for_one_step(office):
    """Under the same key another step, another comment or another state seen is refused (422); one's own key is one's own."""
    seen = office.author.get(office.plan).headers["ETag"]
    assert _with_key(office.author, office.plan, "validate", "k", seen=seen).status_code == 200
    now = office.author.get(office.plan).headers["ETag"]
    for action, tag, more in (("withdraw", seen, {}), ("validate", seen, {"comment": "x"}), ("validate", now, {})):
        problem(_with_key(office.author, office.plan, action, "k", seen=tag, **more), 422, "idempotency-key-reused")
    assert _with_key(office.planner, office.plan, "submit", "k", seen=now).json()["state"] == "submitted"
    assert office.author.get(office.plan).json()["state"] == "submitted"


def test_a_refused_step_uses_up_no_key(office):
    """A step that was refused left no answer behind: the key still serves when the step is possible."""
    seen = office.planner.get(office.plan).headers["ETag"]
    problem(_with_key(office.planner, office.plan, "submit", "k", seen=seen), 409, "illegal-transition")
    walk(office, "validate")
    seen = office.planner.get(office.plan).headers["ETag"]
    assert _with_key(office.planner, office.plan, "submit", "k", seen=seen).json()["state"] == "submitted"


def test_the_same_step_many_times_at_once_is_taken_once(hall, office):
    """Of many identical requests at one moment one takes the step; the others get its answer, or are told to ask again."""
    walk(office, "validate")
    key = hall.key(hall.value("SELECT id::text FROM wangge.person WHERE login = 'planner'"))
    seen = hall.client.get(office.plan, headers=key).headers["ETag"]
    headers = key | {"If-Match": seen, "Idempotency-Key": "k"}

    def submit(_):
        return hall.client.post(f"{office.plan}/transitions", json={"action": "submit"}, headers=headers, timeout=30)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(submit, range(4)))
    done = [answer for answer in answers if answer.status_code == 200]
    assert {(answer.status_code, answer.json().get("code")) for answer in answers} <= {
        (200, None),
        (409, "request-in-progress"),
    }
    assert len({answer.content for answer in done}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in done) == 1
    assert submit(0).content == done[0].content
    assert [step for (step,) in hall.rows("SELECT step FROM wangge.decision")] == ["submit", "submit"]
    assert hall.value("SELECT count(*) FROM wangge.event WHERE kind = 'plan.submit'") == 2


def test_who_decided_is_named_as_they_were_called(hall, office):
    """A decision and a remark keep the name of whoever made it, for all who see the plan, and whatever becomes of it later."""
    walk(office, "validate", "submit")
    assert office.planner.post(f"{office.plan}/comments", json={"text": "好"}).status_code == 201
    hall.do("UPDATE wangge.person SET name = 'somebody else' WHERE login = 'planner'")
    told = office.street.get(office.plan).json()["decisions"]
    assert {(each["step"], each["actor_name"]) for each in told} == {("submit", "Planner")}
    assert [each["actor_name"] for each in office.street.get(f"{office.plan}/comments").json()["comments"]] == ["Planner"]


def test_nobody_decides_under_another_name(hall, office):
    """The name that stands beside a decision or a remark is the store's to give: one that is written with it is not kept."""
    person = hall.value("SELECT id::text FROM wangge.person WHERE login = 'planner'")
    hall.do(
        """INSERT INTO wangge.plan_comment (plan_id, version, path, actor, actor_name, at, text)
           SELECT id, 1, path, %s, 'Mayor', now(), 'x' FROM wangge.plan""",
        [person],
    )
    assert [each["actor_name"] for each in office.author.get(f"{office.plan}/comments").json()["comments"]] == ["Planner"]


def test_each_community_submits_for_itself(hall, office):
    """A plan of two communities is submitted when both have; what one has decided is not asked of it again."""
    walk(office, "validate")
    one, two = (hall.comes(f"of-{code}", ("community", code)) for code in (C1, C2))

    def submit(who):
        etag = hall.client.get(office.plan, headers=who).headers["ETag"]
        return hall.client.post(f"{office.plan}/transitions", json={"action": "submit"}, headers=who | {"If-Match": etag})

    assert submit(one).json()["state"] == "validated"
    problem(submit(one), 409, "already-decided")
    assert submit(two).json()["state"] == "submitted"


def test_nobody_decides_for_areas_that_they_do_not_see(db, tmp_path):
    """Where areas are for nobody else to see, a step still waits for every community: one's own is not taken for all."""
    with hall_over(db, tmp_path, public=()) as closed:
        with owner(db.admin) as conn:
            made = brought(conn, village().town())
        author = closed.person("author", ("community", C1), ("community", C2))
        with owner(db.admin) as conn:
            plan = f"/v1/plans/{drafted(conn, made, author=author).id}"
        one, two, all_of_it = (
            closed.comes("one", ("community", C1)),
            closed.comes("two", ("community", C2)),
            closed.key(author),
        )

        def step(who, action):
            etag = closed.client.get(plan, headers=who).headers["ETag"]
            return closed.client.post(f"{plan}/transitions", json={"action": action}, headers=who | {"If-Match": etag}).json()

        assert step(all_of_it, "validate")["state"] == "validated"
        assert step(one, "submit")["state"] == "validated"
        told = step(two, "submit")
        assert (told["state"], [each["area"] for each in told["decisions"]]) == ("submitted", [C1, C2])
        assert {area["code"] for area in told["areas"] if area["level"] == "community"} == {C1, C2}


def test_a_plan_that_is_sent_back(office):
    """A rejection needs a reason; then the plan is a draft again, whose next version is approved while the first stays."""
    walk(office, "validate", "submit")
    problem(take(office.street, office.plan, "reject"), 400, "reason-required")
    problem(take(office.street, office.plan, "reject", comment=" \n"), 400, "reason-required")
    problem(take(office.district, office.plan, "reject", comment="no"), 403, "wrong-tier")
    answer = take(office.street, office.plan, "reject", comment="东边界应沿路中心线")
    assert (answer.status_code, answer.json()["state"]) == (200, "draft")
    first = answer.json()["versions"]
    assert answer.json()["version"] == 2
    plan = walk(office, "validate")
    assert plan["version"] == 2
    plan = walk(office, *STEPS[1:6])
    assert plan["state"] == "effective"
    assert plan["versions"][:1] == first
    assert [each["version"] for each in plan["versions"]] == [1, 2]
    assert [(d["version"], d["verdict"], d["comment"]) for d in plan["decisions"] if d["verdict"] == "reject"] == [
        (1, "reject", "东边界应沿路中心线")
    ]


def test_withdrawing(office):
    """Its author takes a plan back, before it is reviewed; nobody else does."""
    walk(office, "validate", "submit")
    problem(take(office.planner, office.plan, "withdraw"), 403, "not-the-author")
    assert take(office.author, office.plan, "withdraw").json()["state"] == "withdrawn"
    problem(take(office.author, office.plan, "withdraw"), 409, "illegal-transition")


def test_a_past_day_and_another_base(hall, office):
    """A plan does not take effect in the past, nor after another one has taken the place of what it was begun on."""
    with owner(hall.db.admin) as conn:
        made = brought(conn, village().town())
        rival = f"/v1/plans/{drafted(conn, made).id}"
    walk(office, *STEPS[:4])
    told = problem(
        take(office.district, office.plan, "put_in_force", effective_from=str(TODAY - timedelta(days=1))), 409, "past-day"
    )
    assert told["title"]
    mine = office.plan
    office.plan = rival
    walk(office, *STEPS[:6])
    told = problem(take(office.district, mine, "put_in_force"), 409, "stale-base")
    assert told["communities"] == [C1, C2]


def test_a_plan_that_is_not_sound_stays_a_draft(hall, office):
    """What the audit finds keeps a plan a draft, with its findings; it cannot be submitted."""
    with owner(hall.db.admin) as conn:
        identity = office.plan.rpartition("/")[2]
        grids = many(conn, "SELECT id, shape FROM wangge.grid WHERE plan_id = %s ORDER BY id", [identity])
        with conn.cursor() as cursor:
            cursor.execute("UPDATE wangge.grid SET shape = ST_Buffer(shape, -1) WHERE id = %s", [grids[0][0]])
    answer = take(office.author, office.plan, "validate")
    assert (answer.status_code, answer.json()["state"]) == (200, "draft")
    assert "gap" in {finding["kind"] for finding in answer.json()["findings"]}
    assert not office.author.get(f"{office.plan}/checks").json()["clean"]
    problem(take(office.planner, office.plan, "submit"), 409, "illegal-transition")


def test_what_a_plan_changes(hall):
    """The difference to the grids in force names every grid's fate and counts the households that move: none, or some."""
    with owner(hall.db.admin) as conn:
        made, first = published(conn, communities=1)
        same = drafted(conn, made).id
        coarse = net_of(divide(made.town, Rules(minimum=500, target=600, maximum=700), seed=1), made.town)
        fewer = drafted(conn, made, net=coarse).id
    who = hall.comes("planner", ("community", C1))
    found = hall.client.get(f"/v1/plans/{same}/diff", headers=who).json()
    assert (found["households_moved"], found["grids_touched_before"], len(found["after"])) == (0, 0, 3)
    assert {each["fate"] for each in found["before"]} == {"keep"}
    found = hall.client.get(f"/v1/plans/{fewer}/diff", headers=who).json()
    assert (found["grids_before"], found["grids_after"]) == (3, 2)
    assert found["households_moved"] > 0
    assert sum(row["households"] for row in found["rows"]) == 1200
    grids = hall.client.get(f"/v1/plans/{fewer}/grids", headers=who).json()["features"]
    assert sum(each["properties"]["households"] for each in grids) == 1200
    assert hall.client.get(f"/v1/plans/{first.id}/exceptions", headers=who).json() == {"exceptions": [], "unproven": 0}
    shown = hall.client.get("/v1/plans", params={"state": "effective", "area": C1}, headers=who).json()["plans"]
    assert [plan["id"] for plan in shown] == [first.id]


def test_comments(office):
    """Remarks to a grid or a place are kept in order; half a place, no text and unknown members are refused, all at once."""
    at = f"{office.plan}/comments"
    first = office.street.post(at, json={"text": "太大了", "grid": "g1", "lon": 117.0, "lat": 36.6})
    assert first.status_code == 201
    key = {"Idempotency-Key": "one"}
    again = [office.planner.post(at, json={"text": "改好了"}, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in again] == [201, 201]
    assert again[0].json() == again[1].json()
    assert again[1].headers["Idempotency-Replayed"] == "true"
    problem(office.planner.post(at, json={"text": "another"}, headers=key), 422, "idempotency-key-reused")
    told = office.author.get(at).json()["comments"]
    assert [(c["text"], c["grid"], c["lon"]) for c in told] == [("太大了", "g1", 117.0), ("改好了", None, None)]
    problem(office.planner.post(at, json={"text": "x", "lon": 1}), 400, "invalid-parameter")
    faults = problem(office.planner.post(at, json={"text": "", "lon": 1e9, "actor": "me"}), 422, "invalid-body")["errors"]
    assert {fault["pointer"] for fault in faults} == {"/text", "/lon", "/actor"}
    problem(office.planner.post(at, json={"text": "a\0b"}), 422, "invalid-body")


@pytest.mark.parametrize("part", ["", "/grids", "/diff", "/exceptions", "/checks", "/comments"])
def test_a_strangers_plan_is_no_plan(hall, office, part):
    """Another town's planner and nobody in particular learn the same of a plan as of one that never was: not found."""
    hall.do("INSERT INTO wangge.area (code, level) VALUES ('other', 'city')")
    hall.do(
        "INSERT INTO wangge.area (code, level, parent_id) SELECT 'far', 'district', id FROM wangge.area WHERE code = 'other'"
    )
    stranger = hall.comes("stranger", ("district", "far"))
    theirs, none = (
        hall.client.get(f"/v1/plans/{name}{part}", headers=stranger) for name in (office.plan.rpartition("/")[2], uuid4())
    )
    told, absent = problem(theirs, 404, "not-found"), problem(none, 404, "not-found")
    assert {name for name in told if told[name] != absent[name]} <= {"detail", "instance", "requestId"}
    step = hall.client.post(f"{office.plan}/transitions", json={"action": "validate"}, headers=stranger | {"If-Match": "*"})
    problem(step, 404, "not-found")


def test_a_sealed_version_does_not_change(hall, office):
    """Whatever happens to a plan after it was submitted, the grids of that version stay what they were, byte by byte."""
    walk(office, "validate", "submit")
    statement = "SELECT code, ST_AsEWKB(shape), households FROM wangge.grid WHERE version = 1 ORDER BY code"
    before = hall.rows(statement)
    take(office.street, office.plan, "reject", comment="again")
    walk(office, *STEPS[:6])
    assert [(code, bytes(shape), count) for code, shape, count in hall.rows(statement)] == [
        (code, bytes(shape), count) for code, shape, count in before
    ]


@pytest.mark.parametrize("name", ["%00", "%ff", "x" * 300, "1 OR 1=1"])
def test_names_that_name_nothing(hall, name):
    """Whatever stands where a plan's id should is answered as no plan or no parameter, and never by falling over."""
    assert hall.client.get(f"/v1/plans/{name}").status_code in {400, 404}
    problem(hall.client.get("/v1/plans?areas=3701"), 400, "unknown-parameter")
