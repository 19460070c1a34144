"""Reports in bulk, on the real store: every row as the rules would have made it, once, sealed in the log."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from psycopg2.errors import CheckViolation

from api.incidents.facts import place_of
from api.incidents.load import load, local_days
from api.incidents.rows import columns
from api.incidents.rulebook import Rulebook
from api.loop.facts import Facts, Policy
from api.loop.incident import SYSTEM, Standing
from api.loop.record import Record
from api.loop.replay import replay
from api.loop.take import Act, take
from api.loop.words import Event, Mode
from data.incident_file import Arrivals
from data.store import incidents
from data.store.pool import connect
from data.store.sql import many, one, run
from tests.api.incidents.proof import faults, faults_in
from tests.api.incidents.station import GRID, at
from tests.published import DISTRICT, HIGH, STREETS, WIDE, publish
from tests.stored import owner

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ZONE = "Asia/Shanghai"
LONG_AGO = datetime(2024, 3, 1, 4, tzinfo=UTC)
_NEVER = np.datetime64("NaT", "us")


def drawn(count: int, *, seed: int = 1, source: str = "hotline", first: int = 0) -> Arrivals:
    """Draw reports all over the town and beyond it, over two years, half of them closed, with all that a row may have."""
    rng = np.random.default_rng(seed)
    places = [at(x, y) for x, y in rng.uniform((-300, -200), (2 * WIDE + 300, 2 * HIGH + 200), (count, 2)).tolist()]
    reported = np.datetime64(LONG_AGO.replace(tzinfo=None), "us") + rng.integers(0, 730 * 86_400, count) * np.timedelta64(
        1, "s"
    )
    reported[::7] += np.timedelta64(123_456, "us")
    reported[: count // 20] = np.datetime64(NOW.replace(tzinfo=None), "us") - np.timedelta64(600, "s")
    is_closed = rng.random(count) < 0.5
    is_closed[: count // 20] = False
    accepted = np.where(is_closed & (rng.random(count) < 0.7), reported + np.timedelta64(60, "s"), _NEVER)
    closed = np.where(is_closed, np.minimum(reported + np.timedelta64(5, "h"), np.datetime64("2026-03-01", "us")), _NEVER)
    closed = np.where(closed < reported, reported, closed)
    accepted = np.where(accepted > closed, closed, accepted)
    due = np.where(is_closed & (rng.random(count) < 0.3), reported + np.timedelta64(1, "D"), _NEVER)

    def words(*of: str) -> np.ndarray:
        return np.array(rng.choice(np.array(of, dtype=object), count), dtype=object)

    return Arrivals(
        source=source,
        row=np.arange(1, count + 1),
        external_id=np.array([f"E\\{k + first}" for k in range(count)], dtype=object),
        lon_lat=np.array([[each["lon"], each["lat"]] for each in places]),
        kind=words("problem", "opinion"),
        category=words("rubbish", '50 % "off"', "路灯"),
        title=words("a heap", "tab\there", "", "back\\slash"),
        description=words("", "two\nlines", "\\N"),
        address=words("", "经十路 1 号"),
        reported_at=reported,
        accepted_at=accepted,
        closed_at=closed,
        due_at=due,
        outcome=np.where(is_closed, words("resolved", "unresolved"), ""),
        satisfaction=np.where(is_closed, words("", "satisfied", "unsatisfied"), ""),
    )


def brought(conn, arrivals: Arrivals):
    return load(conn, arrivals, now=NOW, zone=ZONE, deadlines=Rulebook().deadlines(conn))


@pytest.fixture
def town(db):
    publish(db.admin)
    return db


@pytest.fixture
def conn(town):
    with closing(connect(town.admin)) as conn:
        run(conn, "SET idle_in_transaction_session_timeout = 0")
        run(conn, "BEGIN")
        yield conn
        run(conn, "ROLLBACK")


def numbers(conn) -> list[str]:
    return [no for (no,) in many(conn, "SELECT no FROM wangge.incident ORDER BY id")]


def test_every_row_is_what_the_rules_make_of_it(conn) -> None:
    """The record of each row is the one that `take` gives, its columns are what the log says, its place is the store's own."""
    run(
        conn,
        """INSERT INTO wangge.operation_mode (area_id, path, mode, valid)
           SELECT id, path, 'emergency', '[2025-01-01,2025-06-01)' FROM wangge.area WHERE code = %s""",
        [STREETS[0]],
    )
    given = drawn(400)
    done = brought(conn, given)
    assert (done.rows, done.known, done.changed, len(done.batches)) == (400, 0, (), 2)
    deadlines = Rulebook().deadlines(conn)
    index = {each: k for k, each in enumerate(given.external_id.tolist())}
    kinds = set()
    for no in numbers(conn):
        row = incidents.get(conn, no)
        k = index[row["external_id"]]
        (body,) = incidents.records(conn, no)
        record = Record.of_json(body)
        place = place_of(incidents.find_place(conn, *given.lon_lat[k].tolist(), day=local(row["reported_at"]), now=NOW))
        said = {"source": given.source, "kind": given.kind[k], "category": given.category[k]}
        said["reported_at"] = moment(given.reported_at[k])
        if not np.isnat(given.closed_at[k]):
            said |= {"closed_at": moment(given.closed_at[k]), "outcome": given.outcome[k], "answered": True}
            said |= {"accepted_at": moment(given.accepted_at[k])} if not np.isnat(given.accepted_at[k]) else {}
            said |= {"due_at": moment(given.due_at[k])} if not np.isnat(given.due_at[k]) else {}
            said |= {"satisfaction": given.satisfaction[k]} if given.satisfaction[k] else {}
        facts = Facts(place=place, clocks=deadlines, policy=Policy(), mode=Mode(row["mode"]))
        assert take(Standing(), Act(event=Event.IMPORT, payload=said), SYSTEM, NOW, facts).record == record
        assert columns(replay([record]), deadlines, Policy()).items() <= row.items()
        for name in ("title", "description", "address", "category", "kind"):
            assert row[name] == getattr(given, name)[k]
        assert [row["lon"], row["lat"]] == given.lon_lat[k].tolist()
        assert no.startswith(f"{local(row['reported_at']):%Y%m%d}{DISTRICT}")
        kinds.add((row["state"], row["mode"], row["due_at"] is not None, row["satisfaction"], row["grid_code"] is None))
    assert {state for state, *_ in kinds} == {"reported", "closed"}
    assert {mode for _, mode, *_ in kinds} == {"normal", "emergency"}
    assert {is_outside for *_, is_outside in kinds} == {True, False}
    assert faults(conn) == []


def test_numbers_are_counted_by_day_and_go_on(conn) -> None:
    """Each day of a district counts from where it was, without a gap, in the order of the reports; nobody gets one twice."""
    given = drawn(60)
    given = replace(given, reported_at=given.reported_at.astype("datetime64[D]").astype("datetime64[us]"))
    busy = replace(given, reported_at=np.full(60, given.reported_at[-1]) - np.arange(60) * np.timedelta64(1, "s"))
    busy = replace(busy, closed_at=np.full(60, _NEVER))
    (before,) = incidents.number(conn, district=DISTRICT, day=day_of(busy, 5))
    brought(conn, busy)
    rows = many(conn, "SELECT no FROM wangge.incident WHERE no LIKE %s ORDER BY reported_at", [f"{before[:14]}%"])
    assert [int(no[14:]) for (no,) in rows] == [*range(2, len(rows) + 2)]
    (after,) = incidents.number(conn, district=DISTRICT, day=day_of(busy, 5))
    assert int(after[14:]) == len(rows) + 2


def test_again_it_writes_nothing(conn) -> None:
    """A file that comes again makes no row; what it tells differently is named by row and field, and not overwritten."""
    given = drawn(80)
    first = brought(conn, given)
    before = many(conn, "SELECT * FROM wangge.incident ORDER BY id")
    again = brought(conn, given)
    assert (again.rows, again.known, again.batches, again.changed) == (0, 80, (), ())
    title, kind, lon_lat = given.title.copy(), given.kind.copy(), given.lon_lat.copy()
    title[3], kind[4], lon_lat[5] = "another", "request", lon_lat[6]
    closed = given.closed_at.copy()
    index = int(np.flatnonzero(np.isnat(closed))[0])
    closed[index] = np.datetime64(NOW.replace(tzinfo=None), "us")
    outcome = given.outcome.copy()
    outcome[index] = "resolved"
    other = replace(given, title=title, kind=kind, lon_lat=lon_lat, closed_at=closed, outcome=outcome)
    more = brought(conn, other)
    told = {(each.row, each.field) for each in more.changed}
    assert {(4, "text"), (5, "kind"), (6, "point"), (index + 1, "closed_at"), (index + 1, "outcome")} <= told
    assert {row for row, _ in told} == {4, 5, 6, index + 1}
    assert (more.rows, first.rows) == (0, 80)
    assert many(conn, "SELECT * FROM wangge.incident ORDER BY id") == before


def test_what_is_new_comes_beside_what_is_known(conn) -> None:
    """Of a longer file only what has not come yet is written, and another system's ids are other ids."""
    brought(conn, drawn(30))
    more = brought(conn, drawn(50))
    assert (more.rows, more.known) == (20, 30)
    assert brought(conn, drawn(30, source="other")).rows == 30
    assert one(conn, "SELECT count(*) FROM wangge.incident")[0] == 80


def test_what_was_reported_here_by_its_id_is_known(station) -> None:
    """A report that came over HTTP under the other system's id is that one: it is not made again."""
    given = drawn(4)
    lon, lat = given.lon_lat[0].tolist()
    made = station.reports(
        lon=lon, lat=lat, source="hotline", external_id=given.external_id[0], kind=given.kind[0], category=given.category[0],
        title=given.title[0], description=given.description[0], address=given.address[0],
    )  # fmt: skip
    with owner(station.hall.db.admin) as conn:
        done = brought(conn, given)
    assert (done.rows, done.known, done.changed) == (3, 1, ())
    sent = station.reports(lon=lon, lat=lat, source="hotline", external_id=given.external_id[1])
    assert sent["is_new"] is False
    assert station.shown(made["no"])["external_id"] == given.external_id[0]


def test_nothing_is_left_of_what_fails(town) -> None:
    """A row that the store refuses takes all others along: no incident, no number, no batch, no event."""
    given = drawn(50)
    category = given.category.copy()
    category[40] = "x" * 61
    counted = """SELECT (SELECT count(*) FROM wangge.incident), (SELECT count(*) FROM wangge.incident_number),
      (SELECT count(*) FROM wangge.incident_batch), (SELECT count(*) FROM wangge.event WHERE kind = 'incident.batch')"""
    with closing(connect(town.admin)) as conn:
        run(conn, "BEGIN")
        with pytest.raises(CheckViolation):
            brought(conn, replace(given, category=category))
        run(conn, "ROLLBACK")
        assert one(conn, counted) == (0, 0, 0, 0)


def test_it_goes_on_from_there(station) -> None:
    """An open case that came in a batch is accepted, claimed and closed here like any other, and its seal still holds."""
    with owner(station.hall.db.admin) as conn:
        brought(conn, drawn(60))
        no = one(
            conn,
            "SELECT no FROM wangge.incident WHERE state = 'reported' AND grid_code = %s LIMIT 1",
            [GRID],
        )[0]
    assert station.shown(no, "community")["transitions"]
    station.done("community", no, "accept", matter="0101")
    station.done("worker", no, "claim")
    station.done("worker", no, "handle", result="taken away", outcome="resolved", evidence=["photo"])
    log = station.asks("district", "GET", f"/v1/incidents/{no}/events").json()["events"]
    assert [each["event"] for each in log] == ["import", "accept", "claim", "handle"]
    assert faults_in(station.hall.db.admin) == []


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "UTC"])
def test_the_day_is_that_of_the_zone(zone) -> None:
    """Around every midnight and every change of summer time the day is the one that the zone's clocks show."""
    begin = datetime(2026, 3, 7, tzinfo=UTC)
    moments = [begin + timedelta(minutes=7 * k) for k in range(600)] + [datetime(1999, 12, 31, 16, tzinfo=UTC)]
    found = local_days(np.array([each.replace(tzinfo=None) for each in moments], dtype="datetime64[us]"), zone)
    assert found.tolist() == [each.astimezone(ZoneInfo(zone)).date() for each in moments]


def local(at: datetime) -> date:
    """Return the day in China."""
    return at.astimezone(ZoneInfo(ZONE)).date()


def day_of(given: Arrivals, index: int) -> date:
    """Return the day on which a row was reported."""
    return local_days(given.reported_at[index : index + 1], ZONE)[0].item()


def moment(value) -> str:
    return value.item().replace(tzinfo=UTC).isoformat()
