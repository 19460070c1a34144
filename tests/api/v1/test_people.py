"""Managing people over HTTP."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.store.log import broken
from tests.api.v1.hall import DAY, NOW, problem
from tests.api.who.office import PASSWORD
from tests.stored import brought, owner, village

C1 = "370103016001"


@pytest.fixture
def boss(hall):
    """An administrator's browser, in a village."""
    with owner(hall.db.admin) as conn:
        brought(conn, village().town())
    hall.person("boss", ("administrator", None))
    with hall.browser("boss") as browser:
        yield browser


def made(boss, login="li", **more):
    """Somebody new."""
    answer = boss.post("/v1/people", json={"login": login, "name": "李雷", **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def kinds(hall):
    """What the log says was done to people, in order."""
    return [kind for (kind,) in hall.rows("SELECT kind FROM wangge.event WHERE kind LIKE 'person.%%' ORDER BY at", ())]


def test_somebody_comes_and_goes(hall, boss):
    """Somebody is added, works by role, password and key, and is shut out; each step is in the log, and no secret is shown."""
    person = made(boss, "ＬＩ", password=PASSWORD)
    here = f"/v1/people/{person['id']}"
    assert (person["login"], person["has_password"], person["active"]) == ("li", True, True)
    role = boss.post(f"{here}/roles", json={"role": "community", "area": C1})
    assert (role.status_code, role.json()["area"], role.json()["categories"]) == (201, C1, ["*"])
    key = boss.post(f"{here}/keys", json={"name": "tablet", "expires_at": (NOW + DAY).isoformat()})
    assert key.status_code == 201
    secret = key.json()["key"]
    by_key = {"X-API-Key": secret}
    assert "submit" in hall.client.get("/v1/session", headers=by_key).json()["rights"]
    with hall.browser("li") as li:
        assert [each["role"] for each in li.get(here).json()["roles"]] == ["community"]
        shown = li.get(f"{here}/keys")
        assert [each["prefix"] for each in shown.json()["keys"]] == [key.json()["prefix"]]
        assert secret not in shown.text
        problem(li.get("/v1/people"), 403, "scope-denied")
        assert boss.delete(f"{here}/roles/{role.json()['id']}").status_code == 204
        assert li.get("/v1/session").json()["rights"] == []
        assert li.delete(f"{here}/keys/{key.json()['prefix']}").status_code == 204
        problem(hall.client.get("/v1/session", headers=by_key), 401, "key-revoked")
        assert boss.patch(here, json={"active": False}).json()["active"] is False
        problem(li.get("/v1/session"), 401, "session-ended")
    problem(hall.client.post("/v1/session", json={"login": "li", "password": PASSWORD}), 401, "wrong-password")
    assert boss.patch(here, json={"active": True, "subject": "https://idp|li"}).json()["subject"] == "https://idp|li"
    assert boss.put(f"{here}/password", json={"password": "one more password"}).status_code == 204
    with hall.browser("li", "one more password"):
        assert boss.put(f"{here}/password", json={"password": None}).status_code == 204
    assert kinds(hall) == [
        *(f"person.{word}" for word in ("added", "role-given", "key-made", "role-ended", "key-revoked", "shut-out", "let-in")),
        *(f"person.{word}" for word in ("subject", "password", "password")),
    ]
    every = "".join(body for (body,) in hall.rows("SELECT body::text FROM wangge.event"))
    assert secret not in every
    assert PASSWORD not in every
    with owner(hall.db.admin) as conn:
        assert broken(conn) == ()


def test_people_in_pages(boss):
    """People come by their logins, a page at a time, each once."""
    for n in range(5):
        made(boss, f"p{n}")
    found, after = [], ""
    while after is not None:
        page = boss.get("/v1/people", params={"limit": 2, "after": after}).json()
        found += [person["login"] for person in page["people"]]
        after = page["next"]
    assert found == ["boss", "p0", "p1", "p2", "p3", "p4"]
    problem(boss.get("/v1/people?limit=0"), 400, "invalid-parameter")
    problem(boss.get("/v1/people?limit=1001"), 400, "invalid-parameter")


def test_duties_stay_apart(boss):
    """Work, audit and the management of people do not meet in one person; nobody changes their own roles, keys or door."""
    person = made(boss)["id"]
    roles = f"/v1/people/{person}/roles"
    assert boss.post(roles, json={"role": "street", "area": "街道"}).status_code == 201
    problem(boss.post(roles, json={"role": "street", "area": "街道"}), 409, "already-granted")
    problem(boss.post(roles, json={"role": "auditor"}), 409, "duties-apart")
    problem(boss.post(roles, json={"role": "administrator"}), 409, "duties-apart")
    me = boss.get("/v1/session").json()["person"]
    problem(boss.post(f"/v1/people/{me}/roles", json={"role": "district", "area": "区"}), 403, "scope-denied")
    (own,) = boss.get(f"/v1/people/{me}/roles").json()["roles"]
    problem(boss.delete(f"/v1/people/{me}/roles/{own['id']}"), 404, "not-found")
    problem(boss.patch(f"/v1/people/{me}", json={"active": False}), 404, "not-found")
    problem(boss.put(f"/v1/people/{me}/password", json={"password": PASSWORD + "!"}), 404, "not-found")


def test_an_administrator_sees_nothing_else(hall, boss):
    """Who manages people sees no plans, no households and no log."""
    for address in ("/v1/plans", "/v1/jobs", "/v1/towns", "/v1/households?town=drawn&bbox=0,0,0.1,0.1", "/v1/log"):
        assert boss.get(address).status_code == 403, address
    assert hall.client.get("/v1/people").status_code == 401


def test_a_role_of_somebody_else(boss):
    """A role is ended, and a key revoked, only below the person who has it; what is not there is not found."""
    one, two = made(boss, "one")["id"], made(boss, "two")["id"]
    role = boss.post(f"/v1/people/{one}/roles", json={"role": "street", "area": "街道"}).json()["id"]
    problem(boss.delete(f"/v1/people/{two}/roles/{role}"), 404, "not-found")
    key = boss.post(f"/v1/people/{one}/keys", json={"name": "k", "expires_at": (NOW + DAY).isoformat()}).json()["prefix"]
    problem(boss.delete(f"/v1/people/{two}/keys/{key}"), 404, "not-found")
    problem(boss.get(f"/v1/people/{uuid4()}"), 404, "not-found")
    problem(boss.get(f"/v1/people/{uuid4()}/keys"), 404, "not-found")
    problem(boss.post(f"/v1/people/{uuid4()}/roles", json={"role": "street", "area": "街道"}), 404, "not-found")
    assert boss.delete(f"/v1/people/{one}/roles/{role}").status_code == 204


def test_a_request_that_comes_twice(hall, boss):
    """With an Idempotency-Key somebody is added once; a key is made each time, since nothing keeps its secret."""
    body, once = {"login": "li", "name": "Li"}, {"Idempotency-Key": "a"}
    first, second = (boss.post("/v1/people", json=body, headers=once) for _ in range(2))
    assert first.json() == second.json()
    problem(boss.post("/v1/people", json=body), 409, "already-taken")
    here = f"/v1/people/{first.json()['id']}"
    wanted = {"name": "k", "expires_at": (NOW + DAY).isoformat()}
    keys = {boss.post(f"{here}/keys", json=wanted, headers=once).json()["prefix"] for _ in range(2)}
    assert len(keys) == 2
    assert hall.value("SELECT count(*) FROM wangge.answer WHERE convert_from(body, 'UTF8') LIKE '%%wg_%%'", ()) == 0


@pytest.mark.parametrize(
    ("path", "body", "fault"),
    [
        ("", {"login": "a b", "name": "x"}, "login"),
        ("", {"login": "li", "name": "x", "password": "short"}, "password"),
        ("", {"login": "", "name": ""}, "/login /name"),
        ("/roles", {"role": "king"}, "/role"),
        ("/roles", {"role": "street"}, "area"),
        ("/roles", {"role": "street", "area": "nowhere"}, "area"),
        ("/roles", {"role": "street", "area": "街道", "ends_at": (NOW - DAY).isoformat()}, "ends_at"),
        ("/roles", {"role": "street", "area": "街道", "ends_at": "2030-01-01T00:00:00"}, "/ends_at"),
        ("/roles", {"role": "street", "area": "街道", "categories": []}, "/categories"),
        ("/keys", {"name": "k", "expires_at": (NOW + timedelta(days=400)).isoformat()}, "expires_at"),
        ("/keys", {"name": "a\0b", "expires_at": (NOW + DAY).isoformat()}, "/name"),
    ],
)
def test_what_cannot_be_made(boss, path, body, fault):
    """What cannot be a person, a role or a key is refused and named, every member of it that is wrong."""
    here = f"/v1/people/{made(boss, 'other')['id']}" if path else "/v1/people"
    answer = boss.post(f"{here}{path}", json=body)
    assert answer.status_code in {400, 422}, answer.text
    named = [each.get("parameter") or each["pointer"] for each in answer.json()["errors"]]
    assert named == fault.split()


FORBIDDEN = (
    "id", "created_at", "created_by", "active", "password_hash", "has_password", "granted_by", "ended_by", "starts_at",
    "prefix", "secret_mac", "person", "person_id", "rights", "actor", "valid", "revoked_at", "last_used_at", "duty",
)  # fmt: skip


@given(
    name=st.sampled_from(FORBIDDEN),
    value=st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just(str(uuid4()))),
    where=st.sampled_from(["", "/roles", "/keys", "/password"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_the_server_says_is_not_the_callers_to_say(hall, boss, name, value, where):
    """No member that the server fills in is taken from a body: it is refused, named, and nothing is made or changed."""
    other = hall.value("SELECT id::text FROM wangge.person WHERE login = 'boss'")
    good = {
        "": {"login": "new", "name": "New"},
        "/roles": {"role": "street", "area": "街道"},
        "/keys": {"name": "k", "expires_at": (NOW + DAY).isoformat()},
        "/password": {"password": "a long enough one"},
    }[where]
    here = f"/v1/people/{other}" if where else "/v1/people"
    send = boss.put if where == "/password" else boss.post
    before = state(hall)
    told = problem(send(here + where, json=good | {name: value}), 422, "invalid-body")
    assert [error["pointer"] for error in told["errors"]] == [f"/{name}"]
    assert state(hall) == before


def state(hall):
    """Everything that there is of people."""
    return [
        hall.rows("SELECT * FROM wangge.person ORDER BY id"),
        hall.rows("SELECT * FROM wangge.role_grant ORDER BY id"),
        hall.rows("SELECT prefix, person_id FROM wangge.api_key ORDER BY prefix"),
        hall.rows("SELECT count(*) FROM wangge.event"),
    ]


def test_a_change_that_is_sent_again_is_done_once(hall, boss):
    """Every change to somebody has its line in the log once, however often it is sent with its key; no answer may be kept."""
    person = made(boss, password=PASSWORD)["id"]
    here = f"/v1/people/{person}"
    role = boss.post(f"{here}/roles", json={"role": "community", "area": C1}).json()["id"]
    key = boss.post(f"{here}/keys", json={"name": "k", "expires_at": (NOW + DAY).isoformat()}).json()["prefix"]
    for n, (method, where, body) in enumerate(
        (
            ("PATCH", here, {"active": False}),
            ("PUT", f"{here}/password", {"password": "one more password"}),
            ("DELETE", f"{here}/roles/{role}", None),
            ("DELETE", f"{here}/keys/{key}", None),
        )
    ):
        answers = [boss.request(method, where, json=body, headers={"Idempotency-Key": f"k{n}"}) for _ in range(2)]
        assert answers[0].is_success, answers[0].text
        assert (answers[0].status_code, answers[0].content) == (answers[1].status_code, answers[1].content)
        assert answers[1].headers["idempotency-replayed"] == "true"
        assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    words = ("added", "role-given", "key-made", "shut-out", "password", "role-ended", "key-revoked")
    assert kinds(hall) == [f"person.{word}" for word in words]
