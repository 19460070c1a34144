"""The door: keys, sessions and what stands beside them; each request on a real store as the application's role."""

from datetime import timedelta

import pytest

from api.who.caller import ANONYMOUS, Grant, How, Right, Role
from api.who.door import Door, examine
from api.who.keys import new_key, shows_key
from api.who.pepper import Pepper
from api.who.sessions import CSRF_COOKIE, close_session, forgotten_cookies, open_session, session_cookie
from data.store import credentials, people
from gis.errors import Refused, StoreError, Unidentified
from tests.api.who.office import DAY, NOW


@pytest.fixture
def hand(office):
    """A community's worker."""
    return office.add("hand", ("community", "370103001001", "residential"))


def bearer(text):
    """The header that shows `text`."""
    return {"authorization": f"Bearer {text}"}


def refusal(office, **request):
    """The code with which a request is refused."""
    with pytest.raises(Unidentified) as refused:
        office.who(**request)
    return refused.value.code


def test_nothing_shown_is_anonymous(office):
    """A request that shows nothing comes from nobody in particular, whatever it wants to do."""
    assert office.who() is ANONYMOUS
    assert office.who(method="DELETE", query="a=1&key=2", headers={"accept": "*/*"}) is ANONYMOUS


def test_a_key_says_who_it_is(office, hand):
    """A key, in either header, is its person with all their roles; nothing else is known of it in the store."""
    key = office.key_of(hand)
    for headers in (bearer(key.text), {"x-api-key": key.text}, {"authorization": f"bearer  {key.text} "}):
        caller = office.who(headers=headers, method="POST")
        assert (caller.person_id, caller.name, caller.how, caller.key) == (hand, "Hand", How.KEY, key.prefix)
        assert caller.grants == (Grant(role=Role.COMMUNITY, area=office.path["370103001001"], categories=("residential",)),)
    assert caller.may(Right.SUBMIT, office.path["370103001001"])
    assert not caller.may(Right.SUBMIT, office.path["370103001002"])
    secret = key.text.partition(".")[2]
    assert secret not in office.value("SELECT string_agg(k::text, '') FROM wangge.api_key k")
    assert secret.encode().hex() not in office.value("SELECT string_agg(k::text, '') FROM wangge.api_key k")
    assert secret not in repr(key)


def test_keys_are_long_and_never_the_same():
    """A key carries 256 random bits after a prefix of 64."""
    pepper = Pepper(b"p" * 32)
    keys = [new_key(pepper) for _ in range(100)]
    assert len({key.text for key in keys} | {key.prefix for key in keys}) == 200
    assert {len(key.text.partition(".")[2]) for key in keys} == {43}


def test_wrong_keys_are_refused(office, hand):
    """A key that is cut, invented, someone else's secret, expired, revoked or of somebody shut out is refused, and says why."""
    key, other, gone = office.key_of(hand), office.key_of(hand), office.key_of(hand)
    late = office.key_of(hand, expires_at=NOW)
    with office.owner() as conn:
        people.revoke_key(conn, gone.prefix, now=NOW - DAY)
    mixed = f"wg_{key.prefix}.{other.text.partition('.')[2]}"
    tampered = key.text[:-2] + ("AA" if not key.text.endswith("AA") else "BB")
    for wrong in (mixed, tampered, new_key(office.door.pepper).text, key.text[:-1], f"{key.text}x", "wg_", "nonsense", ""):
        assert refusal(office, headers={"x-api-key": wrong}) == "key-unknown"
    assert refusal(office, headers=bearer(late.text)) == "key-expired"
    assert refusal(office, headers=bearer(gone.text)) == "key-revoked"
    # Without the secret nothing is said about a key, not even that it was one.
    assert refusal(office, headers=bearer(f"wg_{gone.prefix}.{'A' * 43}")) == "key-unknown"
    with office.owner() as conn:
        people.set_active(conn, hand, active=False)
    assert refusal(office, headers=bearer(key.text)) == "key-unknown"


def test_another_pepper_knows_no_key(office, hand):
    """What is in the store recognises a key only together with the service's own secret."""
    key = office.key_of(hand)
    stranger = Door(pepper=Pepper(b"q" * 32), passwords=office.door.passwords, secure=False)
    assert refusal(office, headers=bearer(key.text), door=stranger) == "key-unknown"
    with pytest.raises(StoreError):
        Pepper(b"short")
    assert "ppp" not in repr(office.door)


def test_a_key_in_an_address_is_refused(office, hand):
    """A key in the query is refused wherever it stands, alone or beside a good one, so that nobody gets used to it."""
    key = office.key_of(hand)
    for query in (f"api_key={key.text}", f"a=1&x={key.text}&b=2", f"k={key.text.replace('.', '%2E')}"):
        assert refusal(office, query=query) == "key-in-address"
        assert refusal(office, query=query, headers=bearer(key.text)) == "key-in-address"
    assert not shows_key("name=wg_something.else&bbox=1,2,3,4")


def test_a_bad_header_is_never_anonymous(office, hand):
    """What is shown and is no credential of ours is refused, even where anonymous callers are welcome."""
    key = office.key_of(hand)
    assert refusal(office, headers={"authorization": "Basic aGFuZDpoYW5k"}) == "unknown-scheme"
    assert refusal(office, headers={"authorization": ""}) == "unknown-scheme"
    assert refusal(office, headers=bearer("")) == "no-provider"
    assert refusal(office, headers=bearer("a.b.c")) == "no-provider"
    assert refusal(office, headers=bearer(key.text) | {"x-api-key": key.text}) == "two-credentials"


def test_a_session_says_who_it_is(office, hand):
    """The cookie of a session is its person until it expires; what the store keeps opens no session."""
    with office.begin() as conn:
        session = open_session(conn, hand, office.door.pepper, NOW)
    cookies = {session_cookie(secure=False): session.token}
    caller = office.who(cookies=cookies)
    assert (caller.person_id, caller.how, caller.key) == (hand, How.SESSION, "")
    assert caller.may(Right.EDIT_PLAN, office.path["370103001001"])
    end = NOW + session.lifetime
    assert office.who(cookies=cookies, now=end - timedelta(seconds=1)).person_id == hand
    assert refusal(office, cookies=cookies, now=end) == "session-ended"
    kept = office.value("SELECT string_agg(s::text, '') FROM wangge.session s")
    mac = office.value("SELECT encode(token_mac, 'hex') FROM wangge.session")
    assert session.token not in kept
    assert session.token.encode().hex() not in kept
    assert refusal(office, cookies={session_cookie(secure=False): mac}) == "session-ended"
    assert session.token not in repr(session) + repr(session.cookies(secure=True))


def test_roles_are_those_of_the_moment(office, hand):
    """A role that ends takes effect with the next request of a session that is open."""
    with office.begin() as conn:
        session = open_session(conn, hand, office.door.pepper, NOW)
    cookies = {session_cookie(secure=False): session.token}
    grant = office.value("SELECT id FROM wangge.role_grant")
    with office.owner() as conn:
        people.end_role(conn, grant, now=NOW + timedelta(hours=1), by=None)
    assert office.who(cookies=cookies).rights
    caller = office.who(cookies=cookies, now=NOW + timedelta(hours=1))
    assert caller.person_id == hand
    assert not caller.rights


def test_changes_need_the_second_secret(office, hand):
    """With a session, whatever is not a question needs the session's own second secret; keys need none."""
    with office.begin() as conn:
        session = open_session(conn, hand, office.door.pepper, NOW)
        other = open_session(conn, hand, office.door.pepper, NOW)
    cookies = {session_cookie(secure=False): session.token, CSRF_COOKIE: session.csrf}
    for method in ("GET", "HEAD", "OPTIONS", "get"):
        assert office.who(method=method, cookies=cookies).person_id == hand
    for method in ("POST", "PUT", "PATCH", "DELETE", "ANYTHING", "post"):
        assert office.who(method=method, cookies=cookies, headers={"x-csrf-token": session.csrf}).person_id == hand
        # The cookie alone proves nothing: the browser sends it along for pages from elsewhere as well.
        for headers in ({}, {"x-csrf-token": ""}, {"x-csrf-token": other.csrf}, {"x-csrf-token": session.token}):
            with pytest.raises(Refused) as refused:
                office.who(method=method, cookies=cookies, headers=headers)
            assert refused.value.code == "csrf"
    assert office.who(method="POST", headers={"x-api-key": office.key_of(hand).text}).person_id == hand


def test_a_header_goes_before_a_cookie(office, hand):
    """A key is taken though there is a session, and a wrong key is refused though there is a good session."""
    eye = office.add("eye", ("auditor", None))
    key = office.key_of(eye)
    with office.begin() as conn:
        session = open_session(conn, hand, office.door.pepper, NOW)
    cookies = {session_cookie(secure=False): session.token}
    assert office.who(cookies=cookies, headers=bearer(key.text), method="POST").person_id == eye
    assert refusal(office, cookies=cookies, headers=bearer(f"{key.text}x")) == "key-unknown"


def test_a_session_ends_when_it_is_closed(office, hand):
    """After signing out, or shutting the person out, the cookie opens nothing; closing twice does no harm."""
    with office.begin() as conn:
        session = open_session(conn, hand, office.door.pepper, NOW)
        second = open_session(conn, hand, office.door.pepper, NOW)
        for _ in range(2):
            close_session(conn, session.token, office.door.pepper)
    assert refusal(office, cookies={session_cookie(secure=False): session.token}) == "session-ended"
    assert office.who(cookies={session_cookie(secure=False): second.token}).person_id == hand
    with office.owner() as conn:
        people.set_active(conn, hand, active=False)
    assert refusal(office, cookies={session_cookie(secure=False): second.token}) == "session-ended"


def test_cookies_are_kept_from_scripts_and_strangers(office, hand):
    """The session's cookie is HttpOnly, SameSite=Lax and, with https, Secure and bound to this host; pages read the other."""
    with office.begin() as conn:
        session = open_session(conn, hand, office.door.pepper, NOW)
    for secure in (True, False):
        first, second = session.cookies(secure=secure)
        assert (first.key, first.value) == (("__Host-" if secure else "") + "wangge_session", session.token)
        assert (second.key, second.value) == ("wangge_csrf", session.csrf)
        assert (first.httponly, second.httponly) == (True, False)
        assert {(c.secure, c.samesite, c.path, c.max_age) for c in (first, second)} == {(secure, "lax", "/", 43_200)}
        gone = forgotten_cookies(secure=secure)
        assert [(c.key, c.value, c.max_age) for c in gone] == [(first.key, "", 0), (second.key, "", 0)]


def test_a_cookie_for_http_does_not_open_https(office, hand):
    """Where browsers come by https only the cookie bound to the host counts: one set by a neighbour or over http is nothing."""
    with office.begin() as conn:
        session = open_session(conn, hand, office.door.pepper, NOW)
    tls = Door(pepper=office.door.pepper, passwords=office.door.passwords, secure=True)
    assert office.who(cookies={"wangge_session": session.token}, door=tls) is ANONYMOUS
    assert office.who(cookies={"__Host-wangge_session": session.token}, door=tls).person_id == hand


def test_nothing_secret_is_shown_by_accident(office, hand):
    """What a request showed can be logged: its text has no key and no token in it."""
    key = office.key_of(hand)
    shown = examine(office.door, method="GET", headers=bearer(key.text), cookies={}, query="", now=NOW)
    assert key.text.partition(".")[2] not in repr(shown)


def test_identify_only_reads(office, hand):
    """Who asks is found in a transaction that may not write, so that reading requests can stay read-only."""
    key = office.key_of(hand)
    assert office.who(headers=bearer(key.text)).person_id == hand  # `who` opens a read-only transaction
    with office.begin() as conn:
        credentials.note_key_use(conn, key.prefix, NOW)
    assert office.value("SELECT last_used_at FROM wangge.api_key") == NOW
