"""What a superuser does to incidents is found, and named at its place: events, rows, rows that were, batches."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from psycopg2.extras import Json

from api.incidents.fault import KINDS, Fault
from api.incidents.rehome import rehome_due
from api.incidents.rulebook import Rulebook
from data.store.incident_proof import ROW
from data.store.incidents import STANDING
from data.store.log import Break, broken, heads, record
from data.store.pool import connect
from data.store.sql import many, one, run
from tests.api.incidents.proof import faults
from tests.api.incidents.station import HERE, at, station_over
from tests.api.incidents.test_load import brought, drawn
from tests.api.incidents.test_rehome import cut_anew
from tests.published import HIGH
from tests.stored import need_superuser, owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api.incidents.station import Station


@dataclass
class World:
    """A store with its history, in a transaction that is taken back.

    `done` went round to its end (6 records); `moved` got another grid with others, in a batch, and was accepted and claimed
    then (4 records), last of all in its street; `apart` was only reported, in another street.
    """

    conn: Any
    done: str
    moved: str
    apart: str

    def does(self, statement: str, *values: Any) -> None:
        """Do something that only a superuser can, so that no trigger sees it."""
        run(self.conn, "SET LOCAL session_replication_role = replica")
        assert run(self.conn, statement, values) > 0, "nothing was done"
        run(self.conn, "SET LOCAL session_replication_role = origin")

    def place(self, no: str, seq: int) -> tuple[str, int]:
        """Return where the record of an incident stands in the log: chain and number."""
        found = "SELECT chain, seq FROM wangge.event WHERE subject = %s AND kind LIKE 'incident.%%' AND body ->> 'seq' = %s"
        return one(self.conn, found, [no, str(seq)])

    def found(self) -> set[Fault]:
        """Return all faults; none is told of twice."""
        told = faults(self.conn)
        assert len(set(told)) == len(told)
        return set(told)


@pytest.fixture(scope="module")
def told(cluster, template, tmp_path_factory):
    """Tell a history of several incidents over two streets and beyond, with a batch of imports and one of a new net."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("told")) as station:
        yield db, history(station)


def history(station: Station) -> tuple[str, str, str]:
    """Let it happen, and return three numbers."""
    with owner(station.hall.db.admin) as conn:
        brought(conn, drawn(60))
    done, moved = station.reports(title="done")["no"], station.reports(title="moved", **at(250, 200))["no"]
    apart = station.reports(title="apart", **at(50, HIGH + 200))["no"]
    station.reports(title="nowhere", **at(-5000, 0))
    station.done("community", done, "accept", matter="0101")
    station.done("worker", done, "claim")
    station.done("worker", done, "handle", result="taken away", outcome="resolved", evidence=["photo"], on_the_spot=True)
    station.done("community", done, "check_pass")
    station.done("community", done, "feedback", result="satisfied", answer="it is gone")
    cut_anew(station)
    station.passes(days=1)
    with closing(connect(station.hall.db.admin)) as conn:
        today = (station.hall.now + timedelta(hours=8)).date()
        assert rehome_due(conn, station.hall.now, today, Rulebook()) > 2
    station.done("community", moved, "accept", matter="0101")
    station.done("worker", moved, "claim")
    return done, moved, apart


@pytest.fixture
def world(told) -> Iterator[World]:
    """Give the history to a superuser, and take back what they did."""
    db, numbers = told
    with closing(connect(db.admin)) as conn:
        need_superuser(conn)
        run(conn, "SET idle_in_transaction_session_timeout = 0")
        run(conn, "BEGIN")
        yield World(conn, *numbers)
        run(conn, "ROLLBACK")


def edited(world: World, no: str, seq: int, event: str) -> Fault:
    """Return what is said of a record whose event was edited."""
    chain, number = world.place(no, seq)
    return Fault(kind="event_edited", no=no, chain=chain, number=number, kind_of_event=f"incident.{event}")


def test_an_untouched_store_is_whole(world) -> None:
    """Reports, steps, imports and a new net leave a store in which nothing is wrong."""
    assert world.found() == set()
    counts = one(
        world.conn,
        """SELECT (SELECT count(DISTINCT chain) FROM wangge.event), (SELECT count(*) FROM wangge.incident_batch),
             (SELECT count(*) FROM wangge.incident_batch_record), (SELECT count(*) FROM wangge.incident_past)""",
    )
    assert min(counts) > 2


# --- events -----------------------------------------------------------------------------------------------------------------


def test_an_event_that_was_deleted_is_missed(world) -> None:
    """An event taken out of the middle: the chain parts at the next, and the incident lacks that very record."""
    chain, number = world.place(world.done, 3)
    world.does("DELETE FROM wangge.event WHERE (chain, seq) = (%s, %s)", chain, number)
    assert world.found() == {
        Fault(kind="event_missing", chain=chain, number=number + 1),
        Fault(kind="record_missing", no=world.done, seq=3, last=3),
    }


def test_a_body_that_was_edited_is_named_with_all_that_it_belies(world) -> None:
    """An edited record is named, and so is every row that no longer is what the log says, with the column."""
    chain, number = world.place(world.done, 2)
    world.does(
        "UPDATE wangge.event SET body = jsonb_set(body, '{payload,category}', '\"noise\"') WHERE (chain, seq) = (%s, %s)",
        chain, number,
    )  # fmt: skip
    assert world.found() == {
        edited(world, world.done, 2, "accept"),
        *(Fault(kind="past_wrong", no=world.done, seq=seq, fields=("category",)) for seq in range(2, 6)),
        Fault(kind="row_wrong", no=world.done, fields=("category",)),
    }


def test_an_edit_that_no_row_shows_is_found_in_the_chain(world) -> None:
    """Words that were put into somebody's mouth are found although no row says otherwise."""
    chain, number = world.place(world.done, 4)
    edit = "UPDATE wangge.event SET body = jsonb_set(body, '{payload,result}', '\"nothing\"') WHERE (chain, seq) = (%s, %s)"
    world.does(edit, chain, number)
    assert world.found() == {edited(world, world.done, 4, "handle")}


@pytest.mark.parametrize(
    ("body", "is_numbered"),
    [
        ('{"seq": 3}', True),
        ('{"seq": "three"}', False),
        ('{"seq": 3, "event": "claim", "payload": 7}', True),
        ('{"seq": -3}', False),
        ('{"seq": 1e400}', False),
    ],
)
def test_what_cannot_be_read_is_found_and_stops_nothing(world, body, is_numbered) -> None:
    """A body of nonsense is named at its event; the proof goes on behind it."""
    chain, number = world.place(world.done, 3)
    world.does("UPDATE wangge.event SET body = %s WHERE (chain, seq) = (%s, %s)", body, chain, number)
    world.does("UPDATE wangge.incident SET urgent = NOT urgent WHERE no = %s", world.apart)
    about = {"no": world.done, "chain": chain, "number": number}
    expected = {
        Fault(kind="event_edited", kind_of_event="incident.claim", **about),
        Fault(kind="record_unreadable", seq=3 if is_numbered else None, **about),
        Fault(kind="row_wrong", no=world.apart, fields=("urgent",)),
    }
    if not is_numbered:
        expected.add(Fault(kind="record_missing", no=world.done, seq=3, last=3))
    assert world.found() == expected


def test_a_record_that_does_not_follow_is_named(world) -> None:
    """A record that says another state before it than there was cannot have happened then."""
    chain, number = world.place(world.done, 3)
    edit = 'UPDATE wangge.event SET body = body || \'{"from_state": "closed"}\' WHERE (chain, seq) = (%s, %s)'
    world.does(edit, chain, number)
    assert world.found() == {
        edited(world, world.done, 3, "claim"),
        Fault(kind="record_unfit", no=world.done, seq=3, chain=chain, number=number),
    }


def test_a_tail_that_was_cut_is_missed(world) -> None:
    """The last event of a street: the head of the chain has another, and the row knows of a record that is gone."""
    chain, number = world.place(world.moved, 4)
    world.does("DELETE FROM wangge.event WHERE (chain, seq) = (%s, %s)", chain, number)
    gone = Fault(kind="record_missing", no=world.moved, seq=4, last=4)
    assert world.found() == {Fault(kind="event_cut", chain=chain, number=number - 1), gone}
    back = """UPDATE wangge.event_head h SET seq = e.seq, hash = e.hash FROM wangge.event e
              WHERE (h.chain, e.chain, e.seq) = (%s, %s, %s)"""
    world.does(back, chain, chain, number - 1)
    # The chain closes again; the row alone still knows.
    assert broken(world.conn) == ()
    assert world.found() == {gone}


def test_who_puts_everything_back_is_found_by_the_heads_alone(world) -> None:
    """Event, head, row and past put back to the day before are whole; a copy of the heads, kept elsewhere, is not theirs."""
    kept = heads(world.conn)
    chain, number = world.place(world.moved, 4)
    columns = [
        name
        for (name,) in many(
            world.conn,
            """SELECT column_name FROM information_schema.columns
               WHERE table_schema = 'wangge' AND table_name = 'incident' AND is_identity = 'NO'""",
        )
    ]
    listed = ", ".join(columns)
    world.does("DELETE FROM wangge.event WHERE (chain, seq) = (%s, %s)", chain, number)
    back = """UPDATE wangge.event_head h SET seq = e.seq, hash = e.hash FROM wangge.event e
              WHERE (h.chain, e.chain, e.seq) = (%s, %s, %s)"""
    world.does(back, chain, chain, number - 1)
    before = f"SELECT {listed} FROM wangge.incident_past p WHERE p.id = i.id AND p.revision = 3"
    world.does(f"UPDATE wangge.incident i SET ({listed}) = ({before}) WHERE no = %s", world.moved)
    world.does("DELETE FROM wangge.incident_past WHERE no = %s AND revision = 3", world.moved)
    assert world.found() == set()
    assert {name for name, head in heads(world.conn).items() if head != kept[name]} == {chain}


def test_the_tail_of_an_incident_is_missed_in_the_middle_of_a_chain(world) -> None:
    """The last two records of one incident, with others' events behind them, are both missed."""
    for seq in (6, 5):
        world.does("DELETE FROM wangge.event WHERE (chain, seq) = (%s, %s)", *world.place(world.done, seq))
    found = world.found()
    assert Fault(kind="record_missing", no=world.done, seq=5, last=6) in found
    assert {each.kind for each in found} == {"record_missing", "event_missing"}


def test_a_forged_event_is_found_though_its_chain_closes(world) -> None:
    """An event put in through the trigger, with a good hash, is one that the incident's row does not know of."""
    body = one(world.conn, "SELECT body FROM wangge.event WHERE (chain, seq) = (%s, %s)", world.place(world.apart, 1))[0]
    path = one(world.conn, "SELECT path::text FROM wangge.incident WHERE no = %s", [world.apart])[0]
    forged = body | {"seq": 2, "event": "comment", "from_state": "reported", "to_state": "reported"}
    record(world.conn, "incident.comment", path=path, subject=world.apart, body=forged)
    chain, number = world.place(world.apart, 2)
    assert world.found() == {Fault(kind="record_unknown", no=world.apart, seq=2, chain=chain, number=number)}


def test_a_second_record_of_a_number_is_found(world) -> None:
    """Of two records with one number both are named: which of them was forged, the log's time and person tell."""
    first = world.place(world.apart, 1)
    body, path = one(world.conn, "SELECT body, path::text FROM wangge.event WHERE (chain, seq) = (%s, %s)", first)
    record(world.conn, "incident.report", path=path, subject=world.apart, body=body)
    found = world.found()
    assert {each.kind for each in found} == {"record_twice"}
    assert {(each.no, each.seq, each.chain) for each in found} == {(world.apart, 1, first[0])}
    assert min(each.number for each in found) == first[1]
    assert len(found) == 2


def test_a_record_in_anothers_name_is_found(world) -> None:
    """A record that says somebody did what somebody else wrote, or of another place or kind, is named with what differs."""
    body = one(world.conn, "SELECT body FROM wangge.event WHERE (chain, seq) = (%s, %s)", world.place(world.apart, 1))[0]
    forged = body | {"seq": 2, "event": "instruct", "from_state": "reported", "to_state": "reported", "payload": {
        "text": "at once", "owner": body["payload"]["owner"], "stage_due_at": body["payload"].get("stage_due_at")}}  # fmt: skip
    record(world.conn, "incident.comment", path=None, subject=world.apart, body=forged)
    run(world.conn, "UPDATE wangge.incident SET revision = 2 WHERE no = %s", [world.apart])
    chain, number = world.place(world.apart, 2)
    fields = ("kind", "path", "actor")
    assert world.found() == {Fault(kind="record_aside", no=world.apart, seq=2, chain=chain, number=number, fields=fields)}


def test_two_events_that_changed_places_are_both_found(world) -> None:
    """Bodies that were exchanged, of one incident or of two, are edits at both places."""
    first, second = world.place(world.done, 4), world.place(world.done, 5)
    swap = """UPDATE wangge.event e SET body = o.body FROM wangge.event o
              WHERE (e.chain, e.seq, o.chain, o.seq) IN ((%s, %s, %s, %s), (%s, %s, %s, %s))"""
    world.does(swap, *first, *second, *second, *first)
    assert {(each.chain, each.number) for each in world.found() if each.kind == "event_edited"} == {first, second}


def test_events_that_stand_in_another_order_are_found(world) -> None:
    """Two whole events that stand in each other's place, hashes and all: the chain parts at both and behind them."""
    chain, number = world.place(world.done, 4)
    assert world.place(world.done, 5) == (chain, number + 1)
    move = "UPDATE wangge.event SET seq = %s WHERE (chain, seq) = (%s, %s)"
    world.does(move, 0, chain, number)
    world.does(move, number, chain, number + 1)
    world.does(move, number + 1, chain, 0)
    assert broken(world.conn) == tuple(Break(chain, number + k, "edited") for k in range(3))
    assert {each.kind for each in world.found()} == {"event_edited"}


# --- rows -------------------------------------------------------------------------------------------------------------------


EDITS = (
    ("state", "'archived'"),
    ("grid_code", "NULL"), ("tier", "4"), ("category", "'noise'"), ("urgent", "true"), ("mode", "'emergency'"),
    ("matter", "'0202'"), ("department", "NULL"), ("master", "'1'"), ("supervision", "2"), ("outcome", "'unresolved'"),
    ("on_the_spot", "false"), ("satisfaction", "'basic'"), ("is_answered", "false"), ("returns", "1"), ("reworks", "1"),
    ("reopens", "1"), ("extensions", "1"), ("accepted_at", "accepted_at - interval '1 s'"), ("handled_at", "NULL"),
    ("closed_at", "closed_at - interval '1 day'"), ("archived_at", "now()"), ("due_at", "due_at + interval '1 day'"),
    ("stage_due_at", "now()"), ("key_reported_at", "now()"),
    ("at", "at + interval '1 us'"), ("source", "'hotline'"), ("kind", "'opinion'"),
    ("reported_at", "reported_at - interval '1 day'"), ("triage", "'private'"), ("reporter", "gen_random_uuid()"),
    ("located_by", "'street'"),
    ("path", "'1'"), ("path", "path || '77'"),
    ("path", "'99'::ltree || subpath(path, -1)"),
)  # fmt: skip
"""What somebody may write into a row: the column, and what it says then."""


def test_every_column_that_the_log_decides_is_tried() -> None:
    """Whoever gives the row another column that follows from the log proves it too; what wakes the ticker alone does not."""
    clocks = {"soon_at", "stage_soon_at", "key_due_at", "wake_at"}
    tried = {column for column, _ in EDITS} | {"owner_org", "owner_person", "revision"}
    assert tried >= set(STANDING) - clocks
    assert set(ROW) >= set(STANDING) - clocks


@pytest.mark.parametrize(("column", "value"), EDITS)
def test_an_edited_row_is_named_with_its_column(world, column, value) -> None:
    """Each column that the log decides: an edit of it is found at that row, in that column."""
    world.does(f"UPDATE wangge.incident SET {column} = {value} WHERE no = %s", world.done)
    found = world.found()
    assert Fault(kind="row_wrong", no=world.done, fields=(column,)) in found
    # What no record ever changes is no longer what it was before, either; and the row before ended when this one began.
    others = {each.seq: each.fields for each in found if each.kind == "past_wrong"}
    never = {"source", "kind", "reported_at", "reporter", "located_by"}
    assert others == (dict.fromkeys(range(1, 6), (column,)) if column in never else {5: ("until",)} if column == "at" else {})
    assert len(found) == 1 + len(others)


def test_an_area_that_moves_takes_its_incidents_along(world) -> None:
    """A community that was hung below another street has other paths in its rows than the log has, and nothing is wrong."""
    there = one(world.conn, "SELECT path::text FROM wangge.area WHERE code = %s", [HERE])[0]
    for table in ("area", "incident", "incident_past"):
        move = f"UPDATE wangge.{table} SET path = '99'::ltree || subpath(path, -1) WHERE path = %s"
        world.does(move, there)
    assert world.found() == set()


def test_an_owner_that_was_put_in_is_found(world) -> None:
    """Somebody else's name on an open incident is not what the log says, whether a person's or an organisation's."""
    edit = "UPDATE wangge.incident SET owner_person = NULL, owner_org = 'sanitation' WHERE no = %s"
    world.does(edit, world.moved)
    assert world.found() == {Fault(kind="row_wrong", no=world.moved, fields=("owner_org", "owner_person"))}


def test_words_are_as_they_were_said_or_erased(world) -> None:
    """Another title is found by the digest of what was said; words that were erased, everywhere, are no fault."""
    for table in ("incident", "incident_past"):
        world.does(f"UPDATE wangge.{table} SET title = 'nothing' WHERE no = %s", world.done)
    assert world.found() == {Fault(kind="row_wrong", no=world.done, fields=("words",))}
    for table in ("incident", "incident_past"):
        erase = f"UPDATE wangge.{table} SET title = '', description = '', address = '', reporter = NULL WHERE no = %s"
        world.does(erase, world.done)
    assert world.found() == set()


@pytest.mark.parametrize(("more", "missing"), [(1, 7), (2_000_000_000, 2_000_000_006)])
def test_a_revision_that_was_made_up_is_found(world, more, missing) -> None:
    """A row that says it has had more records than there are, however many, lacks them and the rows that were."""
    world.does("UPDATE wangge.incident SET revision = revision + %s WHERE no = %s", more, world.done)
    assert world.found() == {
        Fault(kind="record_missing", no=world.done, seq=7, last=missing),
        Fault(kind="past_missing", no=world.done, seq=6, last=missing - 1),
    }


def test_a_row_that_was_put_back_is_found(world) -> None:
    """A row at an earlier revision does not know of the records behind it, nor does the past belong to it."""
    world.does("UPDATE wangge.incident SET revision = 5 WHERE no = %s", world.done)
    chain, number = world.place(world.done, 6)
    found = world.found()
    assert Fault(kind="record_unknown", no=world.done, seq=6, chain=chain, number=number) in found
    assert Fault(kind="past_unknown", no=world.done, seq=5) in found


def test_an_incident_that_was_deleted_is_missed(world) -> None:
    """Records without a row are those of an incident that somebody took away, and so are its rows that were."""
    world.does("DELETE FROM wangge.incident WHERE no IN (%s, %s)", world.done, world.apart)
    assert world.found() == {Fault(kind="incident_missing", no=no) for no in (world.done, world.apart)}


def test_an_incident_that_was_made_up_is_found(world) -> None:
    """A row that nobody reported has no record."""
    made_up = """INSERT INTO wangge.incident (id, no, path, geom, source, reported_at, state, tier, owner_org, kind, category,
                   revision, at) SELECT -5, 'made-up', path, geom, source, reported_at, state, tier, owner_org, kind, category,
                   revision, at FROM wangge.incident WHERE no = %s"""
    world.does(made_up, world.apart)
    assert world.found() == {Fault(kind="record_missing", no="made-up", seq=1, last=1)}


# --- rows that were ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "fields"),
    [
        ("state = 'voided', owner_org = NULL, owner_person = NULL", {"owner_person", "state"}),
        ("grid_code = '1'", {"grid_code"}),
        ("due_at = NULL", {"due_at"}),
        ("at = at - interval '1 day'", {"at"}),
        ("until = until + interval '1 day'", {"until"}),
        ("title = 'other'", {"title"}),
        ("geom = ST_SetSRID(ST_MakePoint(1, 1), 4490)", {"geom"}),
        ("log = '[]'", {"log"}),
        ("contact = '138'", {"contact"}),
    ],
)
def test_an_edited_past_is_named_with_its_revision(world, edit, fields) -> None:
    """A row that was is what the log said then, until the next record, and what no record changes is as the row has it."""
    world.does(f"UPDATE wangge.incident_past SET {edit} WHERE no = %s AND revision = 3", world.done)
    expected = {Fault(kind="past_wrong", no=world.done, seq=3, fields=tuple(sorted(fields)))}
    if "at" in fields:
        expected.add(Fault(kind="past_wrong", no=world.done, seq=2, fields=("until",)))
    assert world.found() == expected


def test_a_past_that_was_deleted_is_missed(world) -> None:
    """Each revision that is no longer there is named; those beside each other as one."""
    world.does("DELETE FROM wangge.incident_past WHERE no = %s AND revision IN (1, 3, 4)", world.done)
    assert world.found() == {
        Fault(kind="past_missing", no=world.done, seq=1, last=1),
        Fault(kind="past_missing", no=world.done, seq=3, last=4),
    }


def test_a_past_that_was_made_up_is_found(world) -> None:
    """A row of the past at the revision that holds now is none, nor is one of an incident that was never there."""
    copy = "INSERT INTO wangge.incident_past SELECT at, * FROM wangge.incident WHERE no = %s"
    world.does(copy, world.done)
    world.does("UPDATE wangge.incident_past SET id = -1, no = 'nobody' WHERE no = %s AND revision = 6", world.done)
    world.does(copy, world.apart)
    assert world.found() == {
        Fault(kind="past_unknown", no=world.apart, seq=1),
        Fault(kind="incident_missing", no="nobody"),
    }


# --- batches ----------------------------------------------------------------------------------------------------------------


def batch_of(world: World, no: str) -> str:
    """Return the batch in which an incident got another grid."""
    return str(one(world.conn, "SELECT batch_id FROM wangge.incident_batch_record WHERE no = %s", [no])[0])


@pytest.mark.parametrize(
    ("path", "value", "fields"),
    [
        ("{tier}", "street", ("tier",)),
        ("{payload,place,grid_code}", "1", ("grid_code",)),
        ("{actor}", "somebody", ()),
        ("{payload,text}", "more", ()),
    ],
)
def test_an_edited_record_of_a_batch_is_named(world, path, value, fields) -> None:
    """The batch is named, and the very record that is more than a change of its grid, or not that of its row."""
    batch = batch_of(world, world.moved)
    edit = "UPDATE wangge.incident_batch_record SET body = jsonb_set(body, %s, %s) WHERE no = %s"
    world.does(edit, path, Json(value), world.moved)
    found = world.found()
    expected = {Fault(kind="batch_broken", batch=batch)}
    if "place" not in path:
        expected.add(Fault(kind="record_changed", no=world.moved, seq=2, batch=batch))
    if fields:
        expected.add(Fault(kind="past_wrong", no=world.moved, seq=2, fields=fields))
    if "place" in path:
        expected |= {Fault(kind="past_wrong", no=world.moved, seq=3, fields=fields),
                     Fault(kind="row_wrong", no=world.moved, fields=fields)}  # fmt: skip
    assert found == expected


def test_a_deleted_record_of_a_batch_is_missed(world) -> None:
    """A record that was taken out of a batch is missed in it and in its incident."""
    batch = batch_of(world, world.moved)
    world.does("DELETE FROM wangge.incident_batch_record WHERE no = %s", world.moved)
    assert world.found() == {
        Fault(kind="batch_broken", batch=batch),
        Fault(kind="record_missing", no=world.moved, seq=2, last=2),
    }


def test_a_batch_is_what_the_log_says(world) -> None:
    """Another number of rows, another source, no row at all, or one that the log knows nothing of: each is named."""
    batches = [str(batch) for (batch,) in many(world.conn, "SELECT id FROM wangge.incident_batch ORDER BY id")]
    world.does("UPDATE wangge.incident_batch SET rows = rows + 1 WHERE id = %s", batches[0])
    world.does("UPDATE wangge.incident_batch SET source = 'other' WHERE id = %s", batches[1])
    world.does("DELETE FROM wangge.incident_batch WHERE id = %s", batches[2])
    forged = "INSERT INTO wangge.incident_batch (id, source, rows, at) OVERRIDING SYSTEM VALUE VALUES (99, 'x', 1, now())"
    world.does(forged)
    assert world.found() == {
        Fault(kind="batch_wrong", batch=batches[0], fields=("rows",)),
        Fault(kind="batch_wrong", batch=batches[1], fields=("source",)),
        Fault(kind="batch_missing", batch=batches[2]),
        Fault(kind="batch_unknown", batch="99"),
    }


def test_a_forged_record_of_a_batch_is_found(world) -> None:
    """A record put in by itself belongs to a batch that nobody sealed, and the row does not know of it."""
    body = one(world.conn, "SELECT body FROM wangge.incident_batch_record WHERE no = %s", [world.moved])[0]
    world.does("INSERT INTO wangge.incident_batch_record VALUES (99, %s, %s)", world.apart, Json(body))
    assert world.found() == {
        Fault(kind="batch_unknown", batch="99"),
        Fault(kind="record_unknown", no=world.apart, seq=2, batch="99"),
    }


def test_every_import_that_was_edited_is_named(world) -> None:
    """Two edited records of one batch are both named, with what they belie; a row that was taken out, at the next."""
    (batch,) = one(world.conn, "SELECT id FROM wangge.incident_batch WHERE source = 'hotline' ORDER BY rows DESC LIMIT 1")
    rows = many(world.conn, "SELECT no, revision, state FROM wangge.incident WHERE batch_id = %s ORDER BY id", [batch])
    fresh = [k for k, row in enumerate(rows) if row[1:] == (1, "reported") and 3 < k < len(rows) - 3]
    first, second = fresh[0], fresh[-1]
    # The one time that the record of an open case says of itself.
    edit = "UPDATE wangge.incident SET log = regexp_replace(log, ' 20(..-..-..T)', ' 19\\1') WHERE no = %s"
    for k in (first, second):
        world.does(edit, rows[k][0])
    expected = {Fault(kind="batch_parted", batch=str(batch), no=rows[k][0]) for k in (first, second)}
    expected |= {Fault(kind="row_wrong", no=rows[k][0], fields=("reported_at",)) for k in (first, second)}
    assert world.found() == expected
    gone = next(k for k in range(first + 2, second) if rows[k][1] == 1)
    world.does("DELETE FROM wangge.incident WHERE no = %s", rows[gone][0])
    assert world.found() == expected | {Fault(kind="batch_parted", batch=str(batch), no=rows[gone + 1][0])}


@pytest.mark.parametrize("log", ["", "7", "x 0", "[]", " ", "x 0 #0 #0 #0 #0 #0 #0", "%s\n"])
def test_a_log_of_nonsense_is_found(world, log) -> None:
    """Whatever stands where the records of an import should be is named, and stops nothing."""
    no, batch = one(world.conn, "SELECT no, batch_id FROM wangge.incident WHERE log IS NOT NULL AND revision = 1 LIMIT 1")
    world.does("UPDATE wangge.incident SET log = %s WHERE no = %s", log, no)
    found = world.found()
    assert Fault(kind="batch_parted", batch=str(batch), no=no) in found
    assert Fault(kind="record_missing", no=no, seq=1, last=1) in found
    assert Fault(kind="record_unreadable", no=no, batch=str(batch)) in found


def test_an_import_that_came_in_no_batch_is_found(world) -> None:
    """A row that was taken out of its batch has no record any more: nobody sealed what it says."""
    no, batch = one(world.conn, "SELECT no, batch_id FROM wangge.incident WHERE batch_id IS NOT NULL AND revision = 1 LIMIT 1")
    world.does("UPDATE wangge.incident SET batch_id = NULL WHERE no = %s", no)
    found = world.found()
    assert {Fault(kind="record_unreadable", no=no), Fault(kind="record_missing", no=no, seq=1, last=1)} <= found
    assert {(each.kind, each.batch) for each in found} <= {
        ("record_unreadable", None), ("record_missing", None), ("batch_parted", str(batch)), ("batch_broken", str(batch)),
    }  # fmt: skip
    assert len(found) == 3


def test_an_edited_seal_is_found(world) -> None:
    """The event of a batch that was edited is named in its chain, and its batch no longer closes."""
    chain, number, batch = one(
        world.conn, "SELECT chain, seq, subject FROM wangge.event WHERE kind = 'incident.batch' AND body ? 'link' LIMIT 1"
    )
    world.does("""UPDATE wangge.event SET body = body || '{"rows": "many"}' WHERE (chain, seq) = (%s, %s)""", chain, number)
    assert world.found() == {
        Fault(kind="event_edited", batch=batch, chain=chain, number=number, kind_of_event="incident.batch"),
        Fault(kind="batch_broken", batch=batch),
        Fault(kind="batch_wrong", batch=batch, fields=("rows",)),
    }


# --- in words ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_fault_says_where_it_is_in_both_languages(kind) -> None:
    """Each sentence names the incident, batch or event that the fault is about, in Chinese and in English."""
    fault = Fault(
        kind=kind, no="N1", seq=3, last=5, fields=("tier", "at"), batch="B2", chain="1.2", number=4, kind_of_event="k"
    )
    where = {"event": "1.2", "batch": "B2", "incident": "N1", "record": "N1", "row": "N1", "past": "N1", "call": "N1"}[
        kind.partition("_")[0]
    ]
    for lang in ("zh", "en"):
        assert where in fault.text(lang)
        assert "None" not in fault.text(lang)
    if "row" in kind or "past" in kind:
        assert "tier" in fault.text("en") or "3-5" in fault.text("en")
    assert fault.text("zh") != fault.text("en")
