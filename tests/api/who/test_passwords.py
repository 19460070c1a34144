"""Passwords: what may be one, how they are checked, and that a crowd is asked to wait."""

from threading import Event, Thread

import pytest
from argon2 import PasswordHasher

from api.who.passwords import LONGEST, Passwords, check_new_password
from gis.errors import ParameterError, Refused
from tests.api.who.office import CHEAP


class CountingHasher(PasswordHasher):
    """Argon2 that counts how often it verifies, which is all the time that a check takes."""

    def __init__(self) -> None:
        super().__init__(**CHEAP)
        self.count = 0

    def verify(self, hash, password):  # noqa: A002 - argon2's own name
        """Verify, and count."""
        self.count += 1
        return super().verify(hash, password)


@pytest.mark.parametrize(
    ("password", "login", "code"),
    [
        ("nine char", "li", "password-length"),
        ("x" * (LONGEST + 1), "li", "password-length"),
        ("aaaaaaaaaaaa", "li", "password-simple"),
        ("Zhang.San.1990", "zhang.san.1990", "password-is-login"),
        ("ＺＨＡＮＧ．ＳＡＮ．１９９０", "zhang.san.1990", "password-is-login"),
    ],
)
def test_bad_new_passwords(password, login, code):
    """A new password has 10 to 256 characters, more than one of them, and is not the login, however it is typed."""
    with pytest.raises(ParameterError) as refused:
        check_new_password(password, login)
    assert (refused.value.parameter, refused.value.code) == ("password", code)


@pytest.mark.parametrize(
    "password", ["ten chars.", "一二三四五六七八九十", "correct horse battery staple", "z" + "x" * (LONGEST - 1)]
)
def test_good_new_passwords(password):
    """Long enough is good enough, in any script."""
    check_new_password(password, "li")


def test_a_password_fits_itself_only():
    """The right password fits, a wrong one, a cut one and none do not; what is kept is argon2id and never the password."""
    passwords = Passwords(hasher=PasswordHasher(**CHEAP))
    kept = passwords.hash("correct horse")
    assert kept.startswith("$argon2id$")
    assert "correct" not in kept
    assert passwords.fits("correct horse", kept)
    assert not any(passwords.fits(wrong, kept) for wrong in ("correct hors", "Correct horse", "", "x" * (LONGEST + 1)))
    assert not passwords.fits("correct horse", "no hash at all")


def test_a_password_is_the_same_from_every_keyboard():
    """Full-width letters, as a Chinese input method may leave them, are letters; halves of characters are no accident."""
    passwords = Passwords(hasher=PasswordHasher(**CHEAP))
    assert passwords.fits("ｃｏｒｒｅｃｔ　ｈｏｒｓｅ", passwords.hash("correct horse"))
    assert passwords.fits("half \ud800 character", passwords.hash("half \ud800 character"))


def test_nobody_takes_as_long_as_somebody():
    """For a login that nobody has, one hash is computed like for one that somebody has, and nothing ever fits."""
    hasher = CountingHasher()
    passwords = Passwords(hasher=hasher)
    kept = passwords.hash("correct horse")
    assert not passwords.fits("wrong horse", kept)
    assert hasher.count == 1
    assert not passwords.fits("wrong horse", None)
    assert hasher.count == 2
    assert not passwords.fits("nobody has this password", None)


def test_a_hash_made_at_other_costs_is_outdated():
    """A hash made cheaper than today's is known as such, and still serves."""
    old = Passwords(hasher=PasswordHasher(**CHEAP)).hash("correct horse")
    today = Passwords(hasher=PasswordHasher(**CHEAP | {"time_cost": 2}))
    assert today.fits("correct horse", old)
    assert today.is_outdated(old)
    assert not today.is_outdated(today.hash("correct horse"))


def test_a_crowd_is_asked_to_wait():
    """While as many are checked as may be, the next is refused with a time to come again; a turn that ends is free again."""
    passwords = Passwords(at_once=2, patience_s=0.05, hasher=PasswordHasher(**CHEAP))
    inside, leave = [Event(), Event()], Event()

    def stay(entered):
        with passwords.turn():
            entered.set()
            leave.wait(10)

    threads = [Thread(target=stay, args=[entered]) for entered in inside]
    for thread in threads:
        thread.start()
    assert all(entered.wait(10) for entered in inside)
    with pytest.raises(Refused) as refused, passwords.turn():
        pass
    assert (refused.value.code, refused.value.extra["retryAfter"]) == ("rate-limited", 2)
    leave.set()
    for thread in threads:
        thread.join(10)
    with passwords.turn(), passwords.turn():
        pass
