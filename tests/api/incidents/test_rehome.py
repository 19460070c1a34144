"""Open incidents under a new net: each finds its grid, the log says so, and nothing else is touched."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta

import pytest
from psycopg2.sql import SQL, Identifier

from api.incidents.rehome import rehome_due
from api.incidents.rulebook import Rulebook
from data.store.pool import connect
from data.store.sql import many, run
from tests.api.incidents.proof import faults, faults_in
from tests.api.incidents.station import COMMUNITIES, GRID, HERE, at
from tests.published import Net, add_net
from tests.stored import owner

RULES = Rulebook()
TOMORROW = date(2026, 3, 3)


def cut_anew(station, strips=2) -> None:
    """Publish another net from tomorrow on: two strips a community where there were three."""
    ends = SQL("UPDATE wangge.{} SET in_force = daterange(lower(in_force), %s) WHERE upper_inf(in_force)")
    with owner(station.hall.db.admin) as conn:
        for table in ("grid", "plan_community"):
            run(conn, ends.format(Identifier(table)), [TOMORROW])
        path = dict(many(conn, "SELECT code, path::text FROM wangge.area"))
    add_net(station.hall.db.admin, Net(strips, TOMORROW, None), path)


def rehomes(station) -> int:
    """Re-home as the service does, and check rows, batches and chains."""
    with closing(connect(station.hall.db.admin)) as conn:
        moved = rehome_due(conn, station.hall.now, (station.hall.now + timedelta(hours=8)).date(), RULES)
        assert faults(conn) == []
        return moved


@pytest.fixture
def settled(station):
    """The station, with nothing left to re-home."""
    rehomes(station)
    return station


def test_open_incidents_follow_the_net(settled) -> None:
    """On the day that a net takes effect open incidents get their new grid, once; closed ones keep the one they had."""
    station = settled
    stays, moves = station.reports()["no"], station.reports(**at(250, 200), title="in the second strip")["no"]
    over = station.reports(**at(250, 210), title="over")["no"]
    station.done("community", over, "reject", reason="insufficient", answer="nothing to see")
    assert station.shown(moves)["grid"] == f"{HERE}002"
    cut_anew(station)
    assert rehomes(station) == 0
    station.passes(days=1)
    assert rehomes(station) == 1
    assert rehomes(station) == 0
    assert [station.shown(no)["grid"] for no in (stays, moves, over)] == [GRID, f"{HERE}001", f"{HERE}002"]
    last = station.asks("district", "GET", f"/v1/incidents/{moves}/events").json()["events"][-1]
    assert (last["event"], last["actor"], last["payload"]["place"]["grid_code"]) == ("rehome", None, f"{HERE}001")
    assert station.hall.value("SELECT count(*) FROM wangge.event WHERE kind = 'incident.batch'") == 1
    station.done("community", moves, "accept", matter="0101")


def test_what_lay_nowhere_is_found(settled) -> None:
    """An incident that lay in no grid gets the grid that is made around it, with its community's center as owner."""
    station = settled
    station.hall.do("UPDATE wangge.grid SET in_force = daterange(lower(in_force), '2026-03-01') WHERE upper_inf(in_force)")
    lost = station.reports()
    assert (lost["outside"], lost["owner"]) == (True, {"org": f"center:{HERE}"})
    station.hall.do("UPDATE wangge.grid SET in_force = daterange(lower(in_force), NULL) WHERE upper(in_force) = '2026-03-01'")
    station.hall.do("DELETE FROM wangge.incident_rehomed")
    assert rehomes(station) == 1
    assert station.shown(lost["no"])["grid"] == GRID


@pytest.mark.usefixtures("superuser")
def test_an_edited_batch_is_found(settled) -> None:
    """A superuser who edits the record of one incident in a batch is found at that batch, and at that incident."""
    station = settled
    moves = station.reports(**at(250, 200))["no"]
    cut_anew(station)
    station.passes(days=1)
    rehomes(station)
    edit = "UPDATE wangge.incident_batch_record SET body = jsonb_set(body, '{tier}', to_jsonb('street'::text)) WHERE no = %s"
    station.hall.do(edit, [moves])
    found = faults_in(station.hall.db.admin)
    assert [(each.kind, each.batch) for each in found if each.no is None] == [("batch_broken", "1")]
    assert {each.no for each in found} == {None, moves}


def test_grids_of_other_communities_are_left_alone(settled) -> None:
    """An incident whose grid is the same under the new net gets no record."""
    station = settled
    same = station.reports(**at(650, 200), title="next door")["no"]
    assert station.shown(same)["grid"] == f"{COMMUNITIES[1]}001"
    cut_anew(station)
    station.passes(days=1)
    rehomes(station)
    assert station.shown(same)["revision"] == 1
