"""Managing people, as administrators do it."""

from datetime import timedelta
from threading import Thread

import pytest

from api.who import people as managing
from api.who.caller import ANONYMOUS, Caller, Grant, How, Right, Role
from api.who.sign_in import sign_in
from data.store.people import get_person, list_grants, list_keys
from gis.errors import Conflict, NotFound, ParameterError, Refused, Unidentified
from tests.api.who.office import DAY, NOW, PASSWORD

NEW = "a brand new password"


def administrator(person):
    """The caller that an administrator is."""
    return Caller(person_id=person, grants=(Grant(role=Role.ADMINISTRATOR, area=None),), how=How.SESSION)


def first(office, conn, **more):
    """Make an administrator at the console."""
    given = {"login": "Root", "name": "Root", "password": PASSWORD, "passwords": office.door.passwords, "now": NOW}
    return managing.first_administrator(conn, **given | more)


def test_the_first_administrator(office):
    """At the console one administrator is made, who can sign in and manage people; a second only if asked for."""
    with office.owner() as conn:
        person = first(office, conn)
    assert sign_in(office.begin, login="root", password=PASSWORD, door=office.door, now=NOW).person == person
    with pytest.raises(Conflict) as refused, office.owner() as conn:
        first(office, conn, login="second")
    assert refused.value.code == "has-administrator"
    with office.owner() as conn:
        first(office, conn, login="second", another=True)
    assert office.value("SELECT count(*) FROM wangge.role_grant WHERE role = 'administrator'") == 2


@pytest.mark.parametrize(
    ("more", "parameter"),
    [({"password": "short"}, "password"), ({"login": "two words"}, "login"), ({"name": "\n"}, "name")],
)
def test_a_bad_first_administrator(office, more, parameter):
    """What cannot be an administrator's login, name or password is named, and nobody is made."""
    with pytest.raises(ParameterError) as refused, office.owner() as conn:
        first(office, conn, **more)
    assert refused.value.parameter == parameter
    assert office.value("SELECT count(*) FROM wangge.person") == 0


def test_two_consoles_make_one_first_administrator(office):
    """While one console makes the first administrator another waits, and is then refused."""
    said = []

    def make_second():
        try:
            with office.owner() as conn:
                first(office, conn, login="second")
            said.append("made")
        except Conflict as error:
            said.append(error.code)

    with office.owner() as conn:
        first(office, conn)
        second = Thread(target=make_second)
        second.start()
        second.join(0.3)
        assert said == []
    second.join(20)
    assert said == ["has-administrator"]
    assert office.value("SELECT count(*) FROM wangge.person") == 1


def test_an_administrator_makes_somebody(office):
    """Somebody is added, given a role and a key, and can do what the role says, in its area and nowhere else."""
    boss = office.add("boss", ("administrator", None))
    caller = administrator(boss)
    with office.pool.write(caller.scope(Right.MANAGE_PEOPLE)) as conn:
        person = managing.add_person(conn, caller, login="ＬＩ.Lei", name="李雷", now=NOW)
        managing.give_role(conn, caller, person, role=Role.STREET, area="370103001", now=NOW, categories=("residential",))
        key = managing.make_key(conn, caller, person, name="tablet", expires_at=NOW + DAY, pepper=office.door.pepper, now=NOW)
        assert get_person(conn, person).login == "li.lei"
        assert [g.area for g in list_grants(conn, person)] == ["370103001"]
        assert [(k.prefix, k.name, k.created_by) for k in list_keys(conn, person)] == [(key.prefix, "tablet", boss)]
    who = office.who(headers={"x-api-key": key.text})
    assert who.name == "李雷"
    assert who.may(Right.STREET_REVIEW, office.path["370103001002"], "residential")
    assert not who.may(Right.STREET_REVIEW, office.path["370103002001"], "residential")
    assert not who.may(Right.STREET_REVIEW, office.path["370103001002"], "dedicated")


def test_giving_a_password_and_shutting_out_end_sessions(office):
    """After an administrator gives a new password, or shuts somebody out, no session of theirs is left."""
    boss, hand = office.add("boss", ("administrator", None)), office.add("hand")
    caller = administrator(boss)
    steps = [
        (PASSWORD, lambda conn: managing.give_password(conn, caller, hand, office.door.passwords.hash(NEW))),
        (NEW, lambda conn: managing.shut_out(conn, caller, hand)),
    ]
    for password, step in steps:
        sign_in(office.begin, login="hand", password=password, door=office.door, now=NOW)
        with office.pool.write(caller.scope(Right.MANAGE_PEOPLE)) as conn:
            step(conn)
        assert office.value("SELECT count(*) FROM wangge.session") == 0
    with pytest.raises(Unidentified):
        sign_in(office.begin, login="hand", password=NEW, door=office.door, now=NOW)


@pytest.mark.parametrize("role", [None, *(role for role in Role if role is not Role.ADMINISTRATOR)])
def test_nobody_else_manages(office, role):
    """Neither a stranger nor any other role adds people, gives roles or passwords, makes keys or shuts anybody out."""
    hand = office.add("hand")
    grants = (Grant(role=role, area=office.path["3701"]),) if role else ()
    caller = Caller(person_id=hand, grants=grants, how=How.SESSION) if role else ANONYMOUS
    pepper = office.door.pepper
    attempts = [
        lambda conn: managing.add_person(conn, caller, login="new", name="New", now=NOW),
        lambda conn: managing.give_role(conn, caller, hand, role=Role.ADMINISTRATOR, area=None, now=NOW),
        lambda conn: managing.give_password(conn, caller, hand, None),
        lambda conn: managing.shut_out(conn, caller, hand),
        lambda conn: managing.make_key(conn, caller, hand, name="k", expires_at=NOW + DAY, pepper=pepper, now=NOW),
    ]
    for attempt in attempts:
        with pytest.raises(Refused if role else Unidentified), office.pool.write(caller.scope()) as conn:
            attempt(conn)


def test_an_administrator_is_bound_too(office):
    """An administrator gives themself nothing, neither a role nor a password nor leave to go, and cannot make themself two."""
    boss = office.add("boss", ("administrator", None))
    caller = administrator(boss)
    for role, area in ((Role.DISTRICT, "370103"), (Role.AUDITOR, None)):
        with pytest.raises(Refused), office.pool.write(caller.scope()) as conn:
            managing.give_role(conn, caller, boss, role=role, area=area, now=NOW)
    for attempt in (
        lambda conn: managing.give_password(conn, caller, boss, None),
        lambda conn: managing.shut_out(conn, caller, boss),
    ):
        with pytest.raises(NotFound), office.pool.write(caller.scope()) as conn:
            attempt(conn)


@pytest.mark.parametrize(
    ("role", "more", "parameter"),
    [
        (Role.ADMINISTRATOR, {"area": "370103"}, "area"),
        (Role.STREET, {"area": None}, "area"),
        (Role.STREET, {"area": "370103", "ends_at": NOW}, "ends_at"),
        (Role.STREET, {"area": "370103", "categories": ()}, "categories"),
        (Role.STREET, {"area": "370103", "categories": ("a,b",)}, "categories"),
        (Role.STREET, {"area": "370103", "categories": ("",)}, "categories"),
    ],
)
def test_roles_that_cannot_be_given(office, role, more, parameter):
    """A role that lies where it cannot, ends before it begins or names no category is refused, and says which part."""
    boss, hand = office.add("boss", ("administrator", None)), office.add("hand")
    caller = administrator(boss)
    with pytest.raises(ParameterError) as refused, office.pool.write(caller.scope()) as conn:
        managing.give_role(conn, caller, hand, role=role, now=NOW, **more)
    assert refused.value.parameter == parameter


@pytest.mark.parametrize("expires_at", [NOW, NOW - DAY, NOW + timedelta(days=367)])
def test_keys_serve_for_a_year_at_most(office, expires_at):
    """A key that has expired when it is made, or that would serve for more than a year, is not made."""
    boss, hand = office.add("boss", ("administrator", None)), office.add("hand")
    with pytest.raises(ParameterError) as refused, office.pool.write(administrator(boss).scope()) as conn:
        managing.make_key(conn, administrator(boss), hand, name="k", expires_at=expires_at, pepper=office.door.pepper, now=NOW)
    assert refused.value.parameter == "expires_at"
