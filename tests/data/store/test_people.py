"""People in the store: who may see and change them, and what stays secret whoever asks."""

from contextlib import closing
from datetime import timedelta
from functools import partial
from itertools import permutations
from threading import Thread
from uuid import uuid4

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege
from psycopg2.extensions import make_dsn
from psycopg2.sql import SQL, Identifier

from data.store import credentials, people
from data.store.migrate import migrate
from data.store.pool import connect
from data.store.prepared import many_again
from data.store.scope import NOBODY, Scope
from data.store.sql import many, one, run
from gis.errors import Conflict, NotFound, ParameterError, Refused
from tests.api.who.conftest import office
from tests.api.who.office import DAY, NOW

NEW_HASH = "what a hash function made of a new password"
TABLES = ["person", "role_grant", "api_key", "session", "login_failure"]
SECRETS = [("person", "password_hash"), ("api_key", "secret_mac")]
DOOR = [
    "count_attempt",
    "end_session",
    "end_sessions",
    "find_grants",
    "find_key",
    "find_login",
    "find_session",
    "find_subject",
    "forget_failures",
    "note_key_use",
    "replace_password",
    "start_session",
]

__all__ = ["office"]


@pytest.fixture
def staff(office):
    """An administrator, an auditor and a community's worker, by name."""
    return {
        "boss": office.add("boss", ("administrator", None)),
        "eye": office.add("eye", ("auditor", None)),
        "hand": office.add("hand", ("community", "370103001001"), subject="https://id|hand"),
    }


def count(conn, table):
    """How many rows of a table are seen."""
    return one(conn, SQL("SELECT count(*) FROM wangge.{}").format(Identifier(table)))[0]


@pytest.mark.parametrize(("table", "column"), SECRETS)
def test_no_scope_reads_a_secret(office, staff, table, column):
    """The application's role can read no password hash and no MAC, not even as an administrator, not even with `*`."""
    for wanted in (Identifier(column), SQL("*")):
        with pytest.raises(InsufficientPrivilege), office.speaking(staff["boss"], "manage_people") as conn:
            many(conn, SQL("SELECT {} FROM wangge.{}").format(wanted, Identifier(table)))


@pytest.mark.parametrize("table", ["session", "login_failure"])
def test_sessions_and_failures_have_no_table_to_ask(office, staff, table):
    """Sessions and failed attempts are reached by functions only: no statement of the application names their tables."""
    for verb in ("SELECT FROM", "DELETE FROM", "TRUNCATE"):
        with pytest.raises(InsufficientPrivilege), office.speaking(staff["boss"], "manage_people") as conn:
            run(conn, SQL("{} wangge.{}").format(SQL(verb), Identifier(table)))


def test_every_table_is_under_forced_policies(tx):
    """Row-level security is on, and forced upon the owner, for every table about people."""
    rows = many(
        tx,
        """SELECT relname FROM pg_class WHERE relnamespace = 'wangge'::regnamespace AND relname = ANY (%s)
        AND relrowsecurity AND relforcerowsecurity""",
        [TABLES],
    )
    assert sorted(name for (name,) in rows) == sorted(TABLES)


def test_the_door_runs_with_a_fixed_path_for_the_application_only(tx):
    """Every function that runs as the owner has its search path fixed and cannot be called by just anybody."""
    rows = many(
        tx,
        """SELECT proname, proconfig, has_function_privilege('wangge_app', oid, 'EXECUTE'),
            EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0)
        FROM pg_proc WHERE pronamespace = 'wangge'::regnamespace AND prosecdef AND proname = ANY (%s) ORDER BY proname""",
        [DOOR],
    )
    assert rows == [(name, ["search_path=pg_catalog, pg_temp"], True, False) for name in DOOR]


def test_a_forgotten_scope_lists_nobody(office, staff):
    """A transaction that speaks for nobody sees no person, role or key, also on a connection an administrator used before."""
    office.key_of(staff["hand"])
    visible = ("person", "role_grant", "api_key")
    with closing(connect(office.db.app)) as conn:
        assert [count(conn, table) for table in visible] == [0, 0, 0]
        run(conn, "BEGIN")
        for name, value in Scope(person=staff["boss"], rights=("manage_people",)).settings().items():
            run(conn, "SELECT set_config(%s, %s, true)", [name, value])
        assert [count(conn, table) for table in visible] == [3, 3, 1]
        run(conn, "COMMIT")
        assert one(conn, "SELECT current_setting('wangge.rights')") == ("",)
        assert [count(conn, table) for table in visible] == [0, 0, 0]


def test_people_see_themselves(office, staff):
    """Without the right to manage people one sees oneself, one's roles and one's keys, and nobody else's."""
    for person in staff.values():
        office.key_of(person)
    mine = Scope(person=staff["hand"], rights=("edit_plan",), areas_1=(office.path["370103001001"],))
    with office.pool.read(mine) as conn:
        (me,) = people.list_people(conn)
        assert (me.id, me.login, me.has_password, me.subject, me.active) == (
            staff["hand"],
            "hand",
            True,
            "https://id|hand",
            True,
        )
        assert [(g.role, g.area) for g in people.list_grants(conn, staff["hand"])] == [("community", "370103001001")]
        assert people.list_grants(conn, staff["boss"]) == ()
        assert len(people.list_keys(conn, staff["hand"])) == 1
        assert people.list_keys(conn, staff["boss"]) == ()
        with pytest.raises(NotFound):
            people.get_person(conn, staff["boss"])


def test_administrators_list_people_by_login(office, staff):
    """Whoever manages people sees all of them, page by page."""
    with office.speaking(staff["boss"], "manage_people") as conn:
        assert [p.login for p in people.list_people(conn, limit=2)] == ["boss", "eye"]
        assert [p.login for p in people.list_people(conn, after="eye")] == ["hand"]
        assert people.get_person(conn, staff["hand"]).name == "Hand"


@pytest.mark.parametrize("rights", [(), ("read_log",), ("district_approve", "edit_plan")])
def test_only_administrators_manage(office, staff, rights):
    """Nobody without the right adds people, gives or ends roles, makes keys or shuts anybody out."""
    hand, eye = staff["hand"], staff["eye"]
    grant = office.value("SELECT id FROM wangge.role_grant WHERE person_id = %s", [hand])
    attempts = [
        lambda conn: people.add_person(conn, login="new", name="New", now=NOW, by=eye),
        lambda conn: people.give_role(conn, eye, role="administrator", area=None, starts_at=NOW, by=eye),
        lambda conn: people.end_role(conn, grant, now=NOW, by=eye),
        lambda conn: people.set_active(conn, hand, active=False),
        lambda conn: people.set_password(conn, hand, "x"),
        lambda conn: people.set_subject(conn, hand, "x"),
        lambda conn: people.add_key(
            conn, hand, prefix="0" * 16, secret_mac=b"", name="k", now=NOW, expires_at=NOW + DAY, by=eye
        ),
    ]
    for attempt in attempts:
        with pytest.raises((Refused, NotFound)), office.speaking(eye, *rights) as conn:
            attempt(conn)
    assert office.value("SELECT count(*) FROM wangge.person WHERE active AND password_hash <> 'x'") == 3
    assert office.value("SELECT count(*) FROM wangge.role_grant WHERE upper_inf(valid)") == 3
    assert office.value("SELECT count(*) FROM wangge.api_key") == 0


def test_nobody_raises_themself(office, staff):
    """An administrator gives nothing to themself: not by the function, not by a statement, not in another's name."""
    boss, hand = staff["boss"], staff["hand"]
    for role, area in (("district", "370103"), ("auditor", None), ("administrator", None)):
        with pytest.raises(Refused), office.speaking(boss, "manage_people") as conn:
            people.give_role(conn, boss, role=role, area=area, starts_at=NOW, by=boss)
    forged = """INSERT INTO wangge.role_grant (person_id, role, area_id, valid, granted_by)
        SELECT %s, 'district', id, tstzrange(%s, NULL), %s FROM wangge.area WHERE level = 'district'"""
    for person, by in ((boss, boss), (boss, hand), (hand, hand), (hand, None)):
        with pytest.raises(InsufficientPrivilege), office.speaking(boss, "manage_people") as conn:
            run(conn, forged, [person, NOW, by])
    with pytest.raises(InsufficientPrivilege), office.pool.write(Scope(rights=("manage_people",))) as conn:
        run(conn, forged, [boss, NOW, boss])  # a scope that has forgotten its person
    with office.speaking(boss, "manage_people") as conn:
        assert [(g.role, g.ends_at) for g in people.list_grants(conn, boss)] == [("administrator", None)]


def test_a_grant_keeps_its_role_and_person(office, staff):
    """What was given cannot be turned into something else afterwards: only its end can be changed."""
    for column in ("role", "person_id", "area_id", "categories", "granted_by"):
        with pytest.raises(InsufficientPrivilege), office.speaking(staff["boss"], "manage_people") as conn:
            run(conn, SQL("UPDATE wangge.role_grant SET {0} = {0}").format(Identifier(column)))
    with pytest.raises(InsufficientPrivilege), office.speaking(staff["boss"], "manage_people") as conn:
        run(conn, "DELETE FROM wangge.role_grant")


def test_nobody_ends_or_stretches_their_own_role(office, staff):
    """An administrator can neither lengthen nor end a role of their own, nor shut themself out."""
    boss = staff["boss"]
    grant = office.value("SELECT id FROM wangge.role_grant WHERE person_id = %s", [boss])
    with office.speaking(boss, "manage_people") as conn:
        stretched = run(
            conn,
            "UPDATE wangge.role_grant SET valid = tstzrange(NULL, NULL), ended_by = %s WHERE id = %s",
            [boss, grant],
        )
        assert stretched == 0
        for attempt in (
            lambda: people.end_role(conn, grant, now=NOW, by=boss),
            lambda: people.set_active(conn, boss, active=False),
            lambda: people.set_subject(conn, boss, "https://id|elsewhere"),
        ):
            with pytest.raises(NotFound):
                attempt()


def test_a_role_taken_back_is_gone_at_once(office, staff):
    """From the moment a role ends it is held no more, and the history says who gave it and who ended it."""
    boss, hand = staff["boss"], staff["hand"]
    with office.speaking(boss, "manage_people") as conn:
        grant = people.give_role(conn, hand, role="grid_worker", area="370103001002", starts_at=NOW, by=boss)
        later = NOW + timedelta(hours=1)
        assert len(credentials.find_grants(conn, hand, NOW - timedelta(seconds=1))) == 1
        assert len(credentials.find_grants(conn, hand, NOW)) == 2
        people.end_role(conn, grant, now=later, by=boss)
        assert len(credentials.find_grants(conn, hand, later - timedelta(seconds=1))) == 2
        assert len(credentials.find_grants(conn, hand, later)) == 1
        ended = people.list_grants(conn, hand)[-1]
        assert (ended.id, ended.ends_at, ended.granted_by, ended.ended_by) == (grant, later, boss, boss)
        with pytest.raises(NotFound):
            people.end_role(conn, grant, now=later + DAY, by=boss)
        assert people.list_grants(conn, hand)[-1].ends_at == later


def test_a_role_that_ends_by_itself(office, staff):
    """A role given until some moment is held until that moment and not in it."""
    boss, hand = staff["boss"], staff["hand"]
    with office.speaking(boss, "manage_people") as conn:
        people.give_role(
            conn,
            hand,
            role="street",
            area="370103002",
            starts_at=NOW,
            ends_at=NOW + DAY,
            by=boss,
            categories=("residential",),
        )
        held = {g.role: g for g in credentials.find_grants(conn, hand, NOW + DAY - timedelta(seconds=1))}
        assert held["street"].area == office.path["370103002"]
        assert held["street"].categories == ("residential",)
        assert {g.role for g in credentials.find_grants(conn, hand, NOW + DAY)} == {"community"}


@pytest.mark.parametrize(
    ("first", "second"),
    list(permutations([("administrator", None), ("auditor", None), ("auditor", "370103"), ("street", "370103001")], 2)),
)
def test_duties_stay_apart(office, first, second):
    """No two of work, audit and the management of people are held by one person at once; one after the other they may."""
    person = office.add("someone", first)
    with office.owner() as conn:
        first_grant = people.list_grants(conn, person)[0].id
    role, area = second
    if role != first[0]:
        with pytest.raises(Conflict) as refused, office.owner() as conn:
            people.give_role(conn, person, role=role, area=area, starts_at=NOW, by=None)
        assert refused.value.code == "duties-apart"
    with office.owner() as conn:
        people.end_role(conn, first_grant, now=NOW, by=None)
        people.give_role(conn, person, role=role, area=area, starts_at=NOW, by=None)
        assert [g.role for g in credentials.find_grants(conn, person, NOW)] == [role]


def test_duties_stay_apart_in_a_race(office):
    """Of two administrators who give one person two duties at the same moment, the second is refused."""
    one_boss, other_boss = (office.add(f"boss{n}", ("administrator", None)) for n in range(2))
    person = office.add("someone")
    said = []

    def give_second():
        try:
            with office.speaking(other_boss, "manage_people") as conn:
                people.give_role(conn, person, role="auditor", area=None, starts_at=NOW, by=other_boss)
                said.append("given")
        except Conflict as error:
            said.append(error.code)

    with office.speaking(one_boss, "manage_people") as conn:
        people.give_role(conn, person, role="street", area="370103001", starts_at=NOW, by=one_boss)
        second = Thread(target=give_second)
        second.start()
        second.join(0.3)
        assert said == []  # it waits for what the first will do
    second.join(10)
    assert said == ["duties-apart"]


def test_a_role_is_given_once(office, staff):
    """The same role in the same area cannot be held twice at once; in another area it can."""
    boss, hand = staff["boss"], staff["hand"]
    with pytest.raises(Conflict) as refused, office.speaking(boss, "manage_people") as conn:
        people.give_role(conn, hand, role="community", area="370103001001", starts_at=NOW, by=boss)
    assert refused.value.code == "already-granted"
    with office.speaking(boss, "manage_people") as conn:
        people.give_role(conn, hand, role="community", area="370103001002", starts_at=NOW, by=boss)


@pytest.mark.parametrize(
    ("role", "area"), [("administrator", "370103"), ("street", None), ("grid_worker", None), ("king", "370103")]
)
def test_roles_lie_where_they_can(office, staff, role, area):
    """An administrator has no area, whoever works has one, and there are no other roles."""
    with pytest.raises(Conflict), office.speaking(staff["boss"], "manage_people") as conn:
        people.give_role(conn, staff["hand"], role=role, area=area, starts_at=NOW + DAY, by=staff["boss"])


def test_unknown_names_are_said(office, staff):
    """An area or a person that is not there is named as such, and a login or subject that is taken too."""
    boss = staff["boss"]
    with pytest.raises(ParameterError) as refused, office.speaking(boss, "manage_people") as conn:
        people.give_role(conn, staff["hand"], role="street", area="999", starts_at=NOW, by=boss)
    assert refused.value.parameter == "area"
    with pytest.raises(NotFound), office.speaking(boss, "manage_people") as conn:
        people.give_role(conn, str(uuid4()), role="street", area="370103001", starts_at=NOW, by=boss)
    for taken in ({"login": "hand"}, {"login": "other", "subject": "https://id|hand"}):
        with pytest.raises(Conflict) as refused, office.speaking(boss, "manage_people") as conn:
            people.add_person(conn, **taken, name="N", now=NOW, by=boss)
        assert refused.value.code == "already-taken"


def test_administrators_find_areas_and_nothing_in_them(office, staff):
    """Whoever gives roles sees every area, even where areas are not public; whoever does not manage people sees their own."""
    with office.pool.read(Scope(person=staff["boss"], rights=("manage_people",))) as conn:
        assert count(conn, "area") == len(office.path)
        assert count(conn, "town") == count(conn, "household_point") == 0
    with office.pool.read(Scope(person=staff["eye"], rights=("read_log",))) as conn:
        assert count(conn, "area") == 0


def test_an_auditor_over_everything_holds_the_roots(office, staff):
    """A grant without an area gives an auditor every root area, and an administrator none."""
    with office.pool.read(NOBODY) as conn:
        (eye,) = credentials.find_grants(conn, staff["eye"], NOW)
        (boss,) = credentials.find_grants(conn, staff["boss"], NOW)
    assert (eye.role, eye.area) == ("auditor", office.path["3701"])
    assert (boss.role, boss.area) == ("administrator", None)


def test_the_door_knows_active_people_only(office, staff):
    """Login, key, subject and session of somebody shut out are not found, and are found again when they are let in."""
    hand, boss = staff["hand"], staff["boss"]
    key = office.key_of(hand)
    with office.begin() as conn:
        credentials.start_session(conn, token_mac=b"t" * 32, person=hand, csrf_mac=b"c" * 32, now=NOW, expires_at=NOW + DAY)

    def found():
        with office.pool.read(NOBODY) as conn:
            answers = (
                credentials.find_login(conn, "hand"),
                credentials.find_subject(partial(many_again, conn), "https://id|hand", NOW),
                credentials.find_key(partial(many_again, conn), key.prefix, NOW),
                credentials.find_session(partial(many_again, conn), b"t" * 32, NOW),
            )
        return [answer.person if answer else None for answer in answers]

    assert found() == [hand] * 4
    with office.speaking(boss, "manage_people") as conn:
        people.set_active(conn, hand, active=False)
    assert found() == [None] * 4
    with office.speaking(boss, "manage_people") as conn:
        people.set_active(conn, hand, active=True)
    assert found() == [hand] * 4


def test_a_person_without_a_password_has_no_login(office):
    """Somebody who has only keys or tokens is not found at the sign-in."""
    office.add("machine", password=None)
    with office.pool.read(NOBODY) as conn:
        assert credentials.find_login(conn, "machine") is None
        assert credentials.find_login(conn, "nobody") is None


def test_passwords_are_replaced_by_those_who_hold_the_old_hash(office, staff):
    """A password hash is replaced only where the old one is given; another's by an administrator."""
    hand = staff["hand"]
    with office.begin() as conn:
        old = credentials.find_login(conn, "hand").password_hash
        assert not credentials.replace_password(conn, hand, old_hash="guess", new_hash="mine")
        assert credentials.replace_password(conn, hand, old_hash=old, new_hash=NEW_HASH)
        assert not credentials.replace_password(conn, hand, old_hash=old, new_hash="newer")
        assert credentials.find_login(conn, "hand").password_hash == NEW_HASH
    with office.speaking(staff["boss"], "manage_people") as conn:
        people.set_password(conn, hand, None)
        assert not people.get_person(conn, hand).has_password


def test_keys_are_revoked_once_by_their_owner_or_an_administrator(office, staff):
    """One's own key can be revoked, a stranger's cannot, and a revoked key never comes back."""
    hand, eye, boss = staff["hand"], staff["eye"], staff["boss"]
    mine, other = office.key_of(hand), office.key_of(hand)
    with pytest.raises(NotFound), office.speaking(eye, "read_log") as conn:
        people.revoke_key(conn, mine.prefix, now=NOW)
    with office.speaking(hand) as conn:
        people.revoke_key(conn, mine.prefix, now=NOW)
        with pytest.raises(NotFound):
            people.revoke_key(conn, mine.prefix, now=NOW + DAY)
    with office.speaking(boss, "manage_people") as conn:
        people.revoke_key(conn, other.prefix, now=NOW)
        assert [key.revoked_at for key in people.list_keys(conn, hand)] == [NOW, NOW]
    with pytest.raises(InsufficientPrivilege), office.speaking(boss, "manage_people") as conn:
        run(conn, "UPDATE wangge.api_key SET revoked_at = NULL WHERE prefix = %s", [mine.prefix])


def test_only_ones_own_sessions_end(office, staff):
    """Sessions of others are ended by administrators only, and the one to keep stays."""
    hand, eye, boss = staff["hand"], staff["eye"], staff["boss"]
    with office.begin() as conn:
        for n in range(3):
            credentials.start_session(
                conn, token_mac=bytes([n] * 32), person=hand, csrf_mac=b"c" * 32, now=NOW, expires_at=NOW + DAY
            )

    def still_open():
        with office.pool.read(NOBODY) as conn:
            return [n for n in range(3) if credentials.find_session(partial(many_again, conn), bytes([n] * 32), NOW)]

    for scope in (NOBODY, Scope(person=eye, rights=("read_log",))):
        with office.pool.write(scope) as conn:
            credentials.end_sessions(conn, hand)
    assert still_open() == [0, 1, 2]
    with office.speaking(hand) as conn:
        credentials.end_sessions(conn, hand, keep=bytes([1] * 32))
    assert still_open() == [1]
    with office.speaking(boss, "manage_people") as conn:
        credentials.end_sessions(conn, hand)
    assert still_open() == []


def test_sessions_that_are_over_are_thrown_away(office, staff):
    """Opening a session removes those that have expired; expired ones are not found even before."""
    hand = staff["hand"]
    with office.begin() as conn:
        credentials.start_session(conn, token_mac=b"a" * 32, person=hand, csrf_mac=b"c" * 32, now=NOW, expires_at=NOW + DAY)
        assert credentials.find_session(partial(many_again, conn), b"a" * 32, NOW + DAY - timedelta(seconds=1))
        assert credentials.find_session(partial(many_again, conn), b"a" * 32, NOW + DAY) is None
        credentials.start_session(
            conn, token_mac=b"b" * 32, person=hand, csrf_mac=b"c" * 32, now=NOW + DAY, expires_at=NOW + 2 * DAY
        )
    assert office.value("SELECT count(*) FROM wangge.session") == 1


def test_failed_attempts_wait_longer_and_longer(office):
    """Five attempts are free; then the wait is 30 s, doubles to 15 min and no further, and a success or a day forgets all."""
    mac, at = b"m" * 32, NOW
    waits: list[float] = []
    with office.begin() as conn:
        for _ in range(4):
            assert credentials.count_attempt(conn, mac, at) is None
        for _ in range(8):
            assert credentials.count_attempt(conn, mac, at) is None  # this one may still be right
            until = credentials.count_attempt(conn, mac, at)
            assert until is not None
            # Who is waiting does not wait longer for asking again.
            assert credentials.count_attempt(conn, mac, until - timedelta(seconds=1)) == until
            waits.append((until - at).total_seconds())
            at = until
        assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
        assert credentials.count_attempt(conn, b"o" * 32, NOW) is None  # somebody else does not wait
        credentials.forget_failures(conn, mac)
        assert [credentials.count_attempt(conn, mac, at) for _ in range(5)] == [None] * 5
        assert credentials.count_attempt(conn, mac, at) == at + timedelta(seconds=30)
        rested = at + DAY + timedelta(seconds=1)
        assert [credentials.count_attempt(conn, mac, rested) for _ in range(5)] == [None] * 5
    assert office.value("SELECT count(*) FROM wangge.login_failure") == 1


def test_guesses_made_at_once_are_counted_like_guesses_in_a_row(office):
    """Of a dozen attempts in as many transactions at the same moment, five go on."""
    answers = []

    def guess():
        with closing(connect(office.db.app)) as conn:
            answers.append(credentials.count_attempt(conn, b"m" * 32, NOW))

    guesses = [Thread(target=guess) for _ in range(12)]
    for thread in guesses:
        thread.start()
    for thread in guesses:
        thread.join(20)
    assert (len(answers), answers.count(None)) == (12, 5)


def test_key_use_is_written_once_an_hour(office, staff):
    """The last use of a key is remembered to the hour, so that a busy machine does not write with each request."""
    key = office.key_of(staff["hand"])
    seen = []
    for minutes in (0, 59, 61):
        with office.begin() as conn:
            credentials.note_key_use(conn, key.prefix, NOW + timedelta(minutes=minutes))
        seen.append(office.value("SELECT last_used_at FROM wangge.api_key"))
    assert seen == [NOW, NOW, NOW + timedelta(minutes=61)]


def test_roles_are_held_while_the_first_administrator_is_made(office):
    """Whoever looks whether there is an administrator lets nobody else give a role until they are done."""
    with office.owner() as conn:
        people.hold_roles(conn)
        assert not people.has_administrator(conn, NOW)
        person = people.add_person(conn, login="a", name="A", now=NOW, by=None)
        with closing(connect(office.db.admin)) as other:
            run(other, "SET lock_timeout = '50ms'; BEGIN")
            with pytest.raises(psycopg2.errors.LockNotAvailable):
                people.hold_roles(other)
        people.give_role(conn, person, role="administrator", area=None, starts_at=NOW, by=None)
        assert people.has_administrator(conn, NOW)
        assert not people.has_administrator(conn, NOW - DAY)
        people.set_active(conn, person, active=False)
        assert not people.has_administrator(conn, NOW)


@pytest.mark.usefixtures("superuser")
def test_the_door_opens_where_the_owner_is_no_superuser(cluster):
    """On a server where the owner is an ordinary role, policies bind it too, and the door still answers."""
    name = f"wangge_test_{uuid4().hex}"
    owner = Identifier(f"{name}_owner")
    with closing(connect(cluster.admin)) as server:
        run(server, SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS").format(owner))
        run(server, SQL("CREATE DATABASE {} OWNER {}").format(Identifier(name), owner))
        try:
            with closing(connect(make_dsn(cluster.admin, dbname=name))) as conn:
                run(
                    conn,
                    "CREATE EXTENSION IF NOT EXISTS postgis; CREATE EXTENSION IF NOT EXISTS ltree; "
                    "CREATE EXTENSION IF NOT EXISTS btree_gist",
                )
                run(conn, SQL("GRANT CREATE, USAGE ON SCHEMA public TO {}").format(owner))
                run(conn, SQL("SET SESSION AUTHORIZATION {}").format(owner))
                migrate(conn)
                person = people.add_person(conn, login="a", name="A", now=NOW, by=None, password_hash=NEW_HASH, subject="s")
                people.give_role(conn, person, role="auditor", area=None, starts_at=NOW, by=None)
            with closing(connect(make_dsn(cluster.app, dbname=name))) as conn:
                assert credentials.find_login(conn, "a").password_hash == NEW_HASH
                assert credentials.find_subject(partial(many_again, conn), "s", NOW).person == person
                assert [g.role for g in credentials.find_grants(conn, person, NOW)] == ["auditor"]
                assert credentials.count_attempt(conn, b"m" * 32, NOW) is None
                assert count(conn, "person") == 0
        finally:
            run(server, SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
            run(server, SQL("DROP ROLE {}").format(owner))
