"""Signing in and out over HTTP."""

import httpx
import pytest

from tests.api.v1.hall import problem
from tests.api.who.office import PASSWORD
from tests.stored import brought, owner, village

NEW = "another long password"


def test_signing_in_and_out(hall):
    """Who signs in is known by a cookie that no script reads, until they sign out; changes need the second secret."""
    person = hall.person("li")
    with hall.browser("ＬＩ") as li:
        cookie = next(c for c in li.cookies.jar if c.name == "wangge_session")
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite") == "lax"
        told = li.get("/v1/session")
        assert told.headers["Cache-Control"] == "no-store"
        assert (told.json()["how"], told.json()["person"], told.json()["name"]) == ("session", person, "Li")
        problem(li.delete("/v1/session", headers={"X-CSRF-Token": "guess"}), 403, "csrf")
        assert li.delete("/v1/session").status_code == 204
        assert li.get("/v1/session").json()["how"] == "anonymous"
    assert hall.value("SELECT count(*) FROM wangge.session") == 0
    assert [kind for (kind,) in hall.rows("SELECT kind FROM wangge.event ORDER BY seq")] == ["session.start", "session.end"]


def test_what_somebody_is(hall):
    """The session says one's roles with their areas by code and name, and every right; anonymous callers have none."""
    with owner(hall.db.admin) as conn:
        brought(conn, village().town())
    hall.person("street", ("street", "街道", "residential"))
    with hall.browser("street") as street:
        told = street.get("/v1/session").json()
    area = {"code": "街道", "level": "street", "name": "街道"}
    assert told["roles"] == [{"role": "street", "area": area, "categories": ["residential"]}]
    assert "street_review" in told["rights"]
    assert "submit" not in told["rights"]
    nobody = hall.client.get("/v1/session").json()
    assert (nobody["how"], nobody["person"], nobody["roles"], nobody["rights"]) == ("anonymous", None, [], [])


def test_a_form(hall):
    """A form signs in as well and leads on to a page of this site, never to another's."""
    hall.person("li")
    form = {"login": "li", "password": PASSWORD}
    answer = hall.client.post("/v1/session", data=form | {"next": "/command?area=3701"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{hall.client.base_url}/command?area=3701")
    assert hall.client.get("/v1/session").json()["name"] == "Li"
    hall.client.cookies.clear()
    for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\r\nb"):
        told = problem(hall.client.post("/v1/session", data=form | {"next": elsewhere}), 422, "invalid-body")
        assert [fault["pointer"] for fault in told["errors"]] == ["/next"]
    hall.client.cookies.clear()


@pytest.mark.parametrize("login", ["li", "nobody", "", "a b", "\0", "x" * 900])
def test_a_wrong_password(hall, login):
    """A wrong password and an unknown login are told alike, and set no cookie."""
    hall.person("li")
    answer = hall.client.post("/v1/session", json={"login": login, "password": "wrong wrong wrong"})
    told = problem(answer, 401, "wrong-password")
    assert told["detail"] == "the login or the password is wrong"
    assert "set-cookie" not in answer.headers


def test_guessing_is_slowed_down(hall):
    """After five wrong passwords even the right one has to wait, and the answer says how long."""
    hall.person("li")
    for _ in range(5):
        problem(hall.client.post("/v1/session", json={"login": "li", "password": "wrong wrong"}), 401, "wrong-password")
    answer = hall.client.post("/v1/session", json={"login": "li", "password": PASSWORD})
    problem(answer, 429, "rate-limited")
    assert answer.headers["Retry-After"] == "30"


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"json": {"login": "li", "password": PASSWORD, "person": "me"}}, 422, "invalid-body"),
        ({"json": {"login": "li"}}, 422, "invalid-body"),
        ({"json": []}, 422, "invalid-body"),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "invalid-parameter"),
        ({"content": b"login=li", "headers": {"Content-Type": "text/plain"}}, 415, "unsupported-media-type"),
        ({"content": b"login=li"}, 415, "unsupported-media-type"),
        ({"json": {"login": "li", "password": PASSWORD}, "headers": {"Origin": "https://evil.example"}}, 403, "csrf"),
        ({"json": {"login": "li", "password": PASSWORD}, "params": {"as": "root"}}, 400, "unknown-parameter"),
    ],
)
def test_what_is_no_sign_in(hall, sent, status, code):
    """A body of another form, with other members, or from another site's page signs nobody in; no fault quotes the password."""
    hall.person("li")
    answer = hall.client.post("/v1/session", **sent)
    problem(answer, status, code)
    assert PASSWORD not in answer.text
    assert hall.value("SELECT count(*) FROM wangge.session") == 0


def test_a_planted_session_ends(hall):
    """Signing in again, even with the cookie of a session that has ended, opens a new session and ends the one shown."""
    hall.person("li")
    with hall.browser("li") as li:
        old = li.cookies["wangge_session"]
        assert li.post("/v1/session", json={"login": "li", "password": PASSWORD}).status_code == 201
        assert li.cookies["wangge_session"] != old
    with httpx.Client(base_url=hall.client.base_url, cookies={"wangge_session": old}, trust_env=False) as late:
        answer = late.get("/v1/session")
        problem(answer, 401, "session-ended")
        assert 'wangge_session=""' in answer.headers["set-cookie"]
        assert late.post("/v1/session", json={"login": "li", "password": PASSWORD}).status_code == 201


def test_changing_ones_password(hall):
    """With the old password one sets a new one: every other session ends, this browser goes on, only the new one serves."""
    person = hall.person("li")
    key = hall.key(person)
    with hall.browser("li") as li, hall.browser("li") as other:
        problem(li.post("/v1/session/password", json={"old": "wrong wrong", "new": NEW}), 401, "wrong-password")
        problem(li.post("/v1/session/password", json={"old": PASSWORD, "new": "short"}), 400, "password-length")
        changed = li.post("/v1/session/password", json={"old": PASSWORD, "new": NEW})
        assert changed.status_code == 200
        assert li.get("/v1/session").json()["person"] == person
        problem(other.get("/v1/session"), 401, "session-ended")
    problem(hall.client.post("/v1/session", json={"login": "li", "password": PASSWORD}), 401, "wrong-password")
    with hall.browser("li", NEW):
        pass
    problem(hall.client.post("/v1/session/password", json={"old": NEW, "new": PASSWORD}, headers=key), 403, "needs-session")
    problem(hall.client.post("/v1/session/password", json={"old": NEW, "new": PASSWORD}), 403, "needs-session")
