"""The catalogue in the store: what policies and triggers hold, whatever a route forgets."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from data.matter_file import MatterText
from data.store import clock_tables, matters
from data.store.clock_tables import StatedDay
from data.store.people import add_person
from data.store.pool import Pool, connect
from data.store.scope import Scope
from data.store.sql import many, one, run
from gis.errors import Conflict, NotFound, Stale
from tests.published import COMMUNITIES, DISTRICT, STREETS, publish
from tests.stored import owner

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
DAY = date(2026, 3, 2)
TEXT = MatterText(code="0101", name="暴露垃圾", category="rubbish", power_delegated=True, funding="区财政")
ASPECTS = dict.fromkeys(("management", "procedure", "funding", "assessment"), "ok")
PLAIN: dict[str, Any] = {"reason": None, "kind": None, "comment": "", "aspects": ASPECTS}
GONE: dict[str, Any] = {"reason": "not_grid_duty", "kind": "affair", "comment": "", "aspects": {}}


@dataclass(frozen=True)
class Office:
    """The small town with two people of the district, in a pool that is bound by policies."""

    db: Any
    pool: Pool
    path: dict[str, str]
    ann: str
    bob: str

    def speaks(self, person: str, *rights: str, area: str = DISTRICT) -> Scope:
        """A scope with rights in an area."""
        return Scope(person=person, rights=rights, areas_1=(self.path[area],), categories=("*",))

    def area(self, code: str = DISTRICT) -> int:
        """The number of an area."""
        with closing(connect(self.db.admin)) as conn:
            return one(conn, "SELECT id FROM wangge.area WHERE code = %s", [code])[0]

    def version(self) -> int:
        """How often calendar and limits have changed."""
        with closing(connect(self.db.admin)) as conn:
            return one(conn, "SELECT version FROM wangge.clock_rules")[0]

    def proposes(self, text: MatterText = TEXT, *, area: str = DISTRICT, at: datetime = NOW) -> matters.Matter:
        """Have Ann propose a matter."""
        with self.pool.write(self.speaks(self.ann, "manage_staff", area=area)) as conn:
            return matters.propose(conn, text, area=self.area(area), now=at)

    def decides(self, action: str, person: str | None = None, code: str = "0101", **said: Any) -> None:
        """Have Bob, or somebody else, decide about a matter."""
        person = person or self.bob
        with self.pool.write(self.speaks(person, "district_approve")) as conn:
            matters.decide(conn, code, action=action, actor=person, now=NOW, **(said or (PLAIN if action == "admit" else GONE)))


@pytest.fixture
def office(db) -> Iterator[Office]:
    """The small town, with nothing in its catalogue."""
    path = publish(db.admin)
    with owner(db.admin) as conn:
        ann, bob = (add_person(conn, login=login, name=login.title(), now=NOW, by=None) for login in ("ann", "bob"))
    with closing(Pool(db.app, size=3)) as pool:
        yield Office(db, pool, path, ann, bob)


def seen(office: Office, code: str = "0101") -> matters.Matter:
    with office.pool.read(office.speaks(office.ann)) as conn:
        return matters.get(conn, code)


def test_a_matter_comes_back_as_it_went_in(office) -> None:
    """Every field of a proposal is kept, and whoever wrote it stands beside it, whatever they say."""
    with owner(office.db.admin) as conn:
        run(
            conn,
            """INSERT INTO wangge.org (code, kind, tier, name, area_id, path)
               SELECT 'cgj', 'department', 'district', '城管局', id, path FROM wangge.area WHERE code = %s""",
            [DISTRICT],
        )
    text = replace(
        TEXT, level="community", board="livelihood", list_class="public", department="cgj", co_departments=("a", "b"),
        limit=(3, "work_day"), filing_condition="f", closing_condition="c", standard="s", is_enforcement=True,
        is_industry_supervision=True, batch="1",
    )  # fmt: skip
    made = office.proposes(text)
    assert made == seen(office)
    assert (made.text, made.status, made.authors, made.area, made.revision) == (text, "proposed", (office.ann,), DISTRICT, 1)
    with office.pool.write(office.speaks(office.bob, "manage_staff")) as conn:
        made = matters.change(conn, replace(text, name="垃圾"), revision=1, now=NOW)
    assert (made.authors, made.revision, made.text.name) == ((office.ann, office.bob), 2, "垃圾")
    with pytest.raises(Stale), office.pool.write(office.speaks(office.bob, "manage_staff")) as conn:
        matters.change(conn, text, revision=1, now=NOW)


def test_a_decision_alone_moves_a_matter(office) -> None:
    """Admitted, exited, proposed anew and refused: each by a decision, with its name; a new proposal has new authors."""
    office.proposes()
    office.decides("admit")
    assert seen(office).status == "admitted"
    office.decides("exit")
    again = office.proposes(replace(TEXT, funding=""))
    assert (again.status, again.text.funding, again.revision) == ("proposed", "", 4)
    office.decides("refuse", **(GONE | {"kind": None}))
    with office.pool.write(office.speaks(office.bob, "manage_staff")) as conn:
        assert matters.propose(conn, TEXT, area=office.area(), now=NOW).authors == (office.bob,)
    with office.pool.read(office.speaks(office.ann)) as conn:
        told = [(each.action, each.reason, each.kind, each.actor_name) for each in matters.decisions(conn, "0101")]
    assert told == [
        ("admit", None, None, "Bob"),
        ("exit", "not_grid_duty", "affair", "Bob"),
        ("refuse", "not_grid_duty", None, "Bob"),
    ]


@pytest.mark.parametrize(
    ("text", "action", "person", "said"),
    [
        (TEXT, "admit", "ann", PLAIN),
        (TEXT, "exit", "bob", GONE),
        (TEXT, "admit", "bob", PLAIN | {"aspects": {"management": "ok"}}),
        (TEXT, "refuse", "bob", GONE | {"kind": None, "reason": None}),
        (TEXT, "refuse", "bob", GONE | {"kind": None, "reason": "because"}),
        (replace(TEXT, is_enforcement=True), "admit", "bob", PLAIN),
        (replace(TEXT, is_industry_supervision=True), "admit", "bob", PLAIN),
        (replace(TEXT, power_delegated=False), "admit", "bob", PLAIN),
        (replace(TEXT, funding=""), "admit", "bob", PLAIN),
    ],
)
def test_what_the_store_does_not_let_be_decided(office, text, action, person, said) -> None:
    """One's own proposal, the wrong step, no aspects, no reason, enforcement, no power, no funds: the store refuses each."""
    office.proposes(text)
    with pytest.raises(psycopg2.errors.CheckViolation):
        office.decides(action, getattr(office, person), **said)
    assert seen(office).status == "proposed"
    with closing(connect(office.db.admin)) as conn:
        assert one(conn, "SELECT count(*) FROM wangge.matter_decision") == (0,)


def test_of_two_decisions_at_once_one_is_made(office) -> None:
    """Whoever decides second waits for the first, and is told where the matter stands by then."""
    office.proposes()
    with ThreadPoolExecutor(1) as other, office.pool.write(office.speaks(office.bob, "district_approve")) as conn:
        matters.decide(conn, "0101", action="refuse", actor=office.bob, now=NOW, **(GONE | {"kind": None}))
        second = other.submit(office.decides, "admit")
        wait_for_lock(office)
        run(conn, "COMMIT; BEGIN")
        with pytest.raises(psycopg2.errors.CheckViolation, match="0101 is refused"):
            second.result()
    assert seen(office).status == "refused"


def wait_for_lock(office: Office) -> None:
    """Return when somebody in this database waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with closing(connect(office.db.admin)) as conn:
        for _ in range(200):
            if one(conn, waiting) != (0,):
                return
            time.sleep(0.005)
    pytest.fail("nobody waits")


def test_nothing_exits_without_somebody_who_answers_for_it(office) -> None:
    """A decision needs an approver, at the console too; who may not approve there, or names another, is refused."""
    office.proposes()
    office.decides("admit")
    insert = (
        "INSERT INTO wangge.matter_decision (matter, action, reason, kind, actor, at) VALUES ('0101', 'exit', %s, %s, %s, %s)"
    )
    said = ["not_grid_duty", "affair"]
    with closing(connect(office.db.admin)) as conn, pytest.raises(psycopg2.errors.NotNullViolation):
        run(conn, insert, [*said, None, NOW])
    for scope, actor in (
        (office.speaks(office.bob, "manage_staff"), office.bob),
        (office.speaks(office.bob, "district_approve", area=STREETS[0]), office.bob),
        (office.speaks(office.bob, "district_approve"), office.ann),
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege), office.pool.write(scope) as conn:
            run(conn, insert, [*said, actor, NOW])
    assert seen(office).status == "admitted"


@pytest.mark.parametrize(
    ("rights", "statement", "refused"),
    [
        (("manage_staff",), "UPDATE wangge.matter SET status = 'admitted' WHERE code = 'new'", True),
        (("manage_staff",), "UPDATE wangge.matter SET status = 'exited' WHERE code = 'new'", True),
        (("manage_staff",), "UPDATE wangge.matter SET name = 'x' WHERE code = '0101'", False),
        (("district_approve",), "UPDATE wangge.matter SET name = 'x' WHERE code = 'new'", False),
        (("district_approve",), "UPDATE wangge.matter SET status = 'exited' WHERE code = '0101'", True),
        (("district_approve", "manage_staff"), "UPDATE wangge.matter SET status = 'proposed' WHERE code = '0101'", True),
        (("district_approve",), "UPDATE wangge.matter SET funding = 'x' WHERE code = '0101'", True),
        (("district_approve",), "UPDATE wangge.matter SET power_delegated = false WHERE code = '0101'", True),
        (("see_internal",), "UPDATE wangge.matter SET name = 'x'", False),
        (("manage_staff",), "UPDATE wangge.matter SET authors = '{}'", True),
        (("manage_staff",), "INSERT INTO wangge.matter (code, status) VALUES ('x', 'admitted')", True),
        (("district_approve",), "DELETE FROM wangge.matter", True),
        (("district_approve",), "UPDATE wangge.matter_decision SET comment = ''", True),
        (("district_approve",), "DELETE FROM wangge.matter_decision", True),
    ],
)
def test_no_statement_goes_around_a_decision(office, rights, statement, refused) -> None:
    """Whatever the application's role says by itself, no status changes, and nothing that an admission has looked at."""
    office.proposes()
    office.decides("admit")
    office.proposes(replace(TEXT, code="new"))
    before = (seen(office), seen(office, "new"))
    scope = office.speaks(office.bob, *rights)
    if refused:
        with (
            pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.CheckViolation)),
            office.pool.write(scope) as conn,
        ):
            run(conn, statement)
    else:
        with office.pool.write(scope) as conn:
            assert run(conn, statement) == 0
    assert (seen(office), seen(office, "new")) == before


def test_how_it_is_handled_may_change_while_it_is_admitted(office) -> None:
    """Whoever approves changes department, limit and standard of an admitted matter; its authors stay who they were."""
    office.proposes()
    office.decides("admit")
    with office.pool.write(office.speaks(office.bob, "district_approve")) as conn:
        made = matters.change(conn, replace(TEXT, limit=(5, "hour"), standard="at once"), revision=2, now=NOW)
    assert (made.status, made.text.limit, made.authors) == ("admitted", (5, "hour"), (office.ann,))


def test_a_matter_holds_below_its_area_and_not_beside(office) -> None:
    """A street's matter holds in its communities and not in the other street's; the district's holds in all."""
    office.proposes()
    office.proposes(replace(TEXT, code="0201"), area=STREETS[0])
    with office.pool.read(office.speaks(office.ann)) as conn:
        there = [
            [each.text.code for each in matters.listed(conn, matters.Filter(place=office.path[code]))]
            for code in (DISTRICT, COMMUNITIES[0], COMMUNITIES[2])
        ]
    assert there == [["0101"], ["0101", "0201"], ["0101"]]
    with office.pool.read(office.speaks(office.ann, area=COMMUNITIES[2])) as conn, pytest.raises(NotFound):
        matters.get(conn, "0201")


def test_a_code_stands_for_one_matter(office) -> None:
    """A code is taken by whoever has it, in sight or not; a proposal and a file are told so, and write nothing over it."""
    office.proposes(area=STREETS[0])
    for area in (DISTRICT, STREETS[0], STREETS[1]):
        with pytest.raises(Conflict) as caught:
            office.proposes(area=area)
        assert caught.value.code == "already-exists"
    for area in (STREETS[1], DISTRICT):
        with office.pool.write(office.speaks(office.ann, "manage_staff", area=area)) as conn:
            done = matters.take_in(conn, [TEXT], area=office.area(area), now=NOW)
        assert (done.added, done.unchanged, done.taken) == ((), (), ("0101",))
    assert seen(office).area == STREETS[0]


def test_a_file_is_taken_in_once(office) -> None:
    """A file sent again changes nothing; one that says something else changes proposals, and nothing that was decided."""
    texts = [replace(TEXT, code=code) for code in ("a", "b", "c")]

    def take_in(*told: MatterText) -> matters.Imported:
        with office.pool.write(office.speaks(office.ann, "manage_staff")) as conn:
            return matters.take_in(conn, told, area=office.area(), now=NOW)

    assert take_in(*texts[:2]).added == ("a", "b")
    office.decides("admit", code="a")
    done = take_in(*texts)
    assert (done.added, done.changed, done.unchanged, done.left) == (("c",), (), ("a", "b"), ())
    done = take_in(*(replace(text, limit=(1, "day")) for text in texts))
    assert (done.added, done.changed, done.unchanged, done.left) == ((), ("b", "c"), (), ("a",))
    assert (seen(office, "a").text.limit, seen(office, "b").text.limit) == (None, (1, "day"))


def test_the_clocks_are_read_again_when_a_limit_changes(office) -> None:
    """The version of the clocks grows with a matter's limit, a day and a row of limits, and with nothing else of a matter."""
    counted = [office.version()]

    def after(work) -> bool:
        work()
        counted.append(office.version())
        return counted[-1] > counted[-2]

    def change(**told) -> None:
        with office.pool.write(office.speaks(office.ann, "manage_staff")) as conn:
            before = matters.get(conn, "0101")
            matters.change(conn, replace(before.text, **told), revision=before.revision, now=NOW)

    assert not after(office.proposes)
    assert after(lambda: change(limit=(3, "work_day")))
    assert not after(lambda: change(limit=(3, "work_day"), name="x"))
    assert after(lambda: change(limit=(3, "day")))
    assert not after(lambda: office.decides("admit"))
    assert not after(lambda: office.decides("exit"))
    assert after(lambda: office.proposes(replace(TEXT, code="0102", limit=(1, "day"))))
    scope = office.speaks(office.bob, "import_data")

    def state(year) -> None:
        with office.pool.write(scope) as conn:
            clock_tables.state_days(conn, year, [StatedDay(day=date(year, 1, 1), kind="restday")])

    assert after(lambda: state(2027))


def test_limits_of_matters_are_everybodys(office) -> None:
    """The clocks read the limits of all matters, of every status, whoever happens to ask first."""
    office.proposes(replace(TEXT, limit=(3, "work_day")), area=STREETS[0])
    with office.pool.read(office.speaks(office.ann, area=COMMUNITIES[2])) as conn:
        assert matters.listed(conn, matters.Filter()) == []
        assert clock_tables.matter_limits(conn) == [("0101", 3, "work_day")]
        assert clock_tables.no_matters(conn, ["0101", "0102"]) == {"0102"}


def test_calendar_and_limits_are_a_districts_to_state(office) -> None:
    """Whoever brings in data of a district states days and limits; who has a street, or another right, does not."""
    row = (None, None, None, "solve", 1, "day", "normal")
    days = [StatedDay(day=date(2027, 1, 1), kind="restday", note="元旦")]
    for scope in (
        office.speaks(office.bob, "import_data", area=STREETS[0]),
        office.speaks(office.bob, "manage_staff"),
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege), office.pool.write(scope) as conn:
            clock_tables.state_days(conn, 2027, days)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege), office.pool.write(scope) as conn:
            clock_tables.state_limits(conn, [row])
    with office.pool.write(office.speaks(office.bob, "import_data")) as conn:
        clock_tables.state_days(conn, 2027, days)
        clock_tables.state_days(conn, 2028, [StatedDay(day=date(2028, 1, 1), kind="workday", sessions="09:00-10:00")])
        clock_tables.state_days(conn, 2028, [])
        clock_tables.state_limits(conn, [row, (None, None, None, "check", 2, "day", "normal")])
        clock_tables.state_limits(conn, [row])
        assert clock_tables.days(conn) == clock_tables.days(conn, 2027) == days
        assert clock_tables.limits(conn) == [row]


def test_a_switch_ends_those_below(office) -> None:
    """The nearest area's mode holds, until an area around it is switched: no old exception holds against the next switch."""

    def switch(area: str, mode: str, minutes: int) -> list[str]:
        at = NOW + timedelta(minutes=minutes)
        with office.pool.write(office.speaks(office.bob, "district_approve")) as conn:
            return clock_tables.switch(conn, area=office.area(area), mode=mode, reason="flood", actor=office.bob, now=at)

    def there(minutes: int) -> list[str]:
        with office.pool.read(office.speaks(office.ann)) as conn:
            at = NOW + timedelta(minutes=minutes)
            return [clock_tables.mode_at(conn, office.path[code], now=at) for code in (DISTRICT, *STREETS)]

    assert there(0) == ["normal"] * 3
    assert switch(STREETS[0], "emergency", 1) == []
    assert switch(STREETS[0], "normal", 2) == [STREETS[0]]
    assert switch(DISTRICT, "emergency", 3) == [STREETS[0]]
    assert switch(STREETS[1], "normal", 4) == []
    assert [there(minutes) for minutes in (1, 2, 3, 4)] == [
        ["normal", "emergency", "normal"],
        ["normal"] * 3,
        ["emergency"] * 3,
        ["emergency", "emergency", "normal"],
    ]
    with office.pool.read(office.speaks(office.ann, area=STREETS[1])) as conn:
        now = NOW + timedelta(minutes=5)
        told = clock_tables.modes(conn, place=None, past=False, limit=10, now=now)
        assert [(each.area, each.mode, each.actor_name) for each in told] == [
            (STREETS[1], "normal", "Bob"),
            (DISTRICT, "emergency", "Bob"),
        ]
    with office.pool.read(office.speaks(office.ann)) as conn:
        assert len(clock_tables.modes(conn, place=None, past=True, limit=10, now=now)) == 4
        assert len(clock_tables.modes(conn, place=office.path[STREETS[0]], past=True, limit=10, now=now)) == 3
    with (
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
        office.pool.write(office.speaks(office.bob, "manage_staff")) as conn,
    ):
        clock_tables.switch(conn, area=office.area(), mode="normal", reason="x", actor=office.bob, now=now)


def test_a_grid_answers_for_what_is_named(office) -> None:
    """A grid for which nothing is named answers for all that is admitted there; one that is named for, for that alone."""
    for code in ("a", "b"):
        office.proposes(replace(TEXT, code=code))
        office.decides("admit", code=code)
    grid = f"{COMMUNITIES[0]}001"

    def named() -> matters.GridMatters:
        with office.pool.read(office.speaks(office.ann)) as conn:
            return matters.grid_matters(conn, grid, day=DAY)

    assert (named().is_named, [code for code, _ in named().matters]) == (False, ["a", "b"])
    with office.pool.write(office.speaks(office.ann, "manage_staff", area=STREETS[0])) as conn:
        matters.name_matters(conn, grid, ["a"], day=DAY)
        matters.name_matters(conn, grid, ["b", "b"], day=DAY)
    assert (named().is_named, [code for code, _ in named().matters]) == (True, ["b"])
    with office.pool.read(office.speaks(office.ann)) as conn:
        rows = matters.grids(conn, area=None, day=DAY, until=None, without=False)
        bare = matters.grids(conn, area=None, day=DAY, until=None, without=True)
        assert (len(rows), len(bare)) == (12, 11)
        assert [row for row in rows if row[3]] == [(grid, "第1网格", COMMUNITIES[0], 1)]
        assert len(matters.grids(conn, area=office.path[STREETS[0]], day=DAY, until=None, without=True)) == 5
        assert matters.grids(conn, area=None, day=DAY, until=None, without=True, after=bare[-2][0], limit=1) == bare[-1:]
    office.decides("exit", code="b")
    assert (named().is_named, [code for code, _ in named().matters]) == (False, ["a"])
    scope = office.speaks(office.ann, "manage_staff", area=STREETS[1])
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), office.pool.write(scope) as conn:
        matters.name_matters(conn, grid, ["a"], day=DAY)
    with office.pool.read(office.speaks(office.ann, area=STREETS[1])) as conn:
        assert all(row[2] in COMMUNITIES[2:] for row in matters.grids(conn, area=None, day=DAY, until=None, without=False))
        with pytest.raises(NotFound):
            matters.grid_matters(conn, grid, day=DAY)
    with closing(connect(office.db.admin)) as conn:
        assert many(conn, "SELECT matter FROM wangge.grid_matter") == [("b",)]


def test_what_a_grid_answered_for_stays_known(office) -> None:
    """Of every day it is known what was named for a grid then; of a day on which it was said several times the last holds."""
    for code in ("a", "b"):
        office.proposes(replace(TEXT, code=code))
        office.decides("admit", code=code)
    grid, days = f"{COMMUNITIES[0]}001", [DAY + timedelta(days=n) for n in range(-1, 5)]
    with office.pool.write(office.speaks(office.ann, "manage_staff", area=STREETS[0])) as conn:
        for n, codes in ((1, ["a"]), (2, ["a", "b"]), (4, ["b"]), (4, []), (4, ["b", "b"])):
            matters.name_matters(conn, grid, codes, day=days[n])
    with office.pool.read(office.speaks(office.ann)) as conn:
        found = [matters.grid_matters(conn, grid, day=day) for day in days]
        counts = [matters.grids(conn, area=None, day=day, until=None, without=False)[0][3] for day in days]
    assert [(each.is_named, "".join(code for code, _ in each.matters)) for each in found] == [
        (False, "ab"), (True, "a"), (True, "ab"), (True, "ab"), (True, "b"), (True, "b"),
    ]  # fmt: skip
    assert counts == [0, 1, 2, 2, 1, 1]
    with closing(connect(office.db.admin)) as conn:
        rows = many(conn, "SELECT matter, lower(valid), upper(valid) FROM wangge.grid_matter ORDER BY 1, 2")
    assert rows == [("a", days[1], days[4]), ("b", days[2], days[4]), ("b", days[4], None)]
