"""Signing in with a password."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from api.who.door import Door
from api.who.passwords import Passwords
from api.who.sessions import session_cookie
from api.who.sign_in import change_password, is_login, login_of, sign_in
from data.store import people
from data.store.credentials import find_login
from data.store.scope import NOBODY, Scope
from gis.errors import ParameterError, Refused, Unidentified
from tests.api.who.office import CHEAP, NOW, PASSWORD

NEW, WRONG, PLANTED = "another horse entirely", "wrong horse", "planted by somebody"


@pytest.fixture
def hand(office):
    """A community's worker."""
    return office.add("hand", ("community", "370103001001"))


def signed_in(office, *, login="hand", password=PASSWORD, now=NOW, **more):
    """Sign in as the application does."""
    return sign_in(office.begin, login=login, password=password, door=office.door, now=now, **more)


def refusal(office, **request):
    """How an attempt is refused: its kind, code and words."""
    with pytest.raises((Unidentified, Refused)) as refused:
        signed_in(office, **request)
    return type(refused.value), refused.value.code, str(refused.value), refused.value.extra


def test_a_session_opens_with_the_right_password(office, hand):
    """Login and password open a session, however the login is typed."""
    for login in ("hand", " Hand ", "ＨＡＮＤ"):
        session = signed_in(office, login=login)
        assert session.person == hand
        assert office.who(cookies={session_cookie(secure=False): session.token}).person_id == hand


@pytest.mark.usefixtures("hand")
def test_a_wrong_login_and_a_wrong_password_sound_alike(office):
    """Nothing tells a login that exists from one that does not, nor from one that nobody could have."""
    office.add("machine", password=None)
    shut = office.add("shut")
    with office.owner() as conn:
        people.set_active(conn, shut, active=False)
    answers = [
        refusal(office, password=WRONG),
        refusal(office, login="nobody"),
        refusal(office, login="machine"),
        refusal(office, login="shut"),
        refusal(office, login=""),
        refusal(office, login="nul\0 and half \ud800"),
        refusal(office, login="x" * 10_000),
        refusal(office, password=""),
        refusal(office, password="x" * 100_000),
    ]
    assert answers == [answers[0]] * len(answers)
    assert answers[0][:2] == (Unidentified, "wrong-password")


def test_failures_are_counted_though_they_are_refused(office, hand):
    """Failed attempts stay counted, so the sixth in a row waits, even with the right password; then it opens and all is new."""
    for _ in range(5):
        assert refusal(office, password=WRONG)[1] == "wrong-password"
    kind, code, _, extra = refusal(office)
    assert (kind, code, extra) == (Refused, "rate-limited", {"retryAfter": 30})
    assert refusal(office, now=NOW + timedelta(seconds=29))[1] == "rate-limited"
    assert signed_in(office, now=NOW + timedelta(seconds=30)).person == hand
    assert office.value("SELECT count(*) FROM wangge.login_failure") == 0
    assert refusal(office, password=WRONG)[1] == "wrong-password"


def test_unknown_logins_wait_like_known_ones(office, hand):
    """A login that nobody has is locked after as many attempts, and what was typed is not kept as it was typed."""
    for _ in range(5):
        refusal(office, login="my password typed here")
    assert refusal(office, login="my password typed here")[1] == "rate-limited"
    assert signed_in(office).person == hand
    kept = office.value("SELECT string_agg(f::text, '') FROM wangge.login_failure f")
    assert "password" not in kept
    assert b"password".hex() not in kept


def test_a_crowd_does_not_lock_anybody_out(office, hand):
    """Who finds no turn at the password check is asked to come again, and that counts as no failure."""
    busy = Door(
        pepper=office.door.pepper,
        passwords=Passwords(at_once=1, patience_s=0.01, hasher=PasswordHasher(**CHEAP)),
        secure=False,
    )
    with busy.passwords.turn():
        for _ in range(7):
            with pytest.raises(Refused) as refused:
                sign_in(office.begin, login="hand", password=PASSWORD, door=busy, now=NOW)
            assert refused.value.code == "rate-limited"
    assert sign_in(office.begin, login="hand", password=PASSWORD, door=busy, now=NOW).person == hand


def test_each_sign_in_has_a_new_session(office, hand):
    """Signing in gives new secrets and ends the session that the browser showed, and no other."""
    first, elsewhere = signed_in(office), signed_in(office)
    second = signed_in(office, replaces=first.token)
    assert len({first.token, elsewhere.token, second.token, first.csrf, elsewhere.csrf, second.csrf}) == 6
    cookie = session_cookie(secure=False)
    with pytest.raises(Unidentified):
        office.who(cookies={cookie: first.token})
    for session in (elsewhere, second):
        assert office.who(cookies={cookie: session.token}).person_id == hand
    assert signed_in(office, replaces=PLANTED).token != PLANTED


@pytest.mark.usefixtures("hand")
def test_a_hash_is_renewed_at_sign_in(office):
    """When the costs of hashing have changed, the next sign-in keeps the password at today's."""
    today = Door(
        pepper=office.door.pepper,
        passwords=Passwords(hasher=PasswordHasher(**CHEAP | {"time_cost": 2})),
        secure=False,
    )
    before = office.value("SELECT password_hash FROM wangge.person")
    sign_in(office.begin, login="hand", password=PASSWORD, door=today, now=NOW)
    after = office.value("SELECT password_hash FROM wangge.person")
    assert "t=1" in before
    assert "t=2" in after
    sign_in(office.begin, login="hand", password=PASSWORD, door=today, now=NOW)
    assert office.value("SELECT password_hash FROM wangge.person") == after


def test_a_new_password_ends_other_sessions(office, hand):
    """Changing one's password needs the old one, ends every other session, and leaves the old password of no use."""
    thief = signed_in(office)

    def change(old, new):
        return change_password(
            lambda: office.pool.write(Scope(person=hand)), login="hand", old=old, new=new, door=office.door, now=NOW
        )

    with pytest.raises(Unidentified):
        change(WRONG, NEW)
    with pytest.raises(ParameterError):
        change(PASSWORD, "short")
    session = change(PASSWORD, NEW)
    cookie = session_cookie(secure=False)
    assert office.who(cookies={cookie: session.token}).person_id == hand
    with pytest.raises(Unidentified):
        office.who(cookies={cookie: thief.token})
    assert refusal(office)[1] == "wrong-password"
    assert signed_in(office, password=NEW).person == hand
    with office.pool.read(NOBODY) as conn:
        assert NEW not in find_login(conn, "hand").password_hash


@pytest.mark.parametrize("login", ["", " ", "two words", "tab\there", "nul\0", "half \ud800", "x" * 65])
def test_what_is_no_login(login):
    """A login has characters that can be seen, no blanks, and at most 64 of them."""
    assert not is_login(login)
    assert is_login(login_of(" 张三 "))
