"""A new net takes effect: open incidents find the grid that they lie in now.

Most only change their grid; those are written at once, a batch for each street. Where the community changes too, or the grid
is lost or found, the incident gets another owner and other clocks: each of these is an act of its own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from api.incidents.desk import act_by_itself, standing_of
from api.incidents.facts import place_of
from api.loop.record import OWNER, Record
from api.loop.settle import place_json
from api.loop.take import Act
from api.loop.words import Event, State
from api.who.caller import Tier
from data.store import incidents
from data.store.incident_tasks import moved, publications_due, rehoming_done, write_batch
from data.store.sql import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from api.incidents.rulebook import Rulebook
    from api.loop.incident import Place
    from data.store.incident_tasks import Moved

SOURCE = "rehome"
"""What such a batch is called in the log."""


def rehome_due(conn: connection, now: datetime, today: date, rules: Rulebook) -> int:
    """Have open incidents find their grids in every net that has taken effect since last time; return how many moved.

    As the store's owner, a transaction for each publication; whoever comes second finds nothing left to do.
    """
    total = 0
    for publication, paths in publications_due(conn, today):
        run(conn, "BEGIN")
        try:
            run(conn, "LOCK TABLE wangge.incident_rehomed IN SHARE ROW EXCLUSIVE MODE")
            if publication in {number for number, _ in publications_due(conn, today)}:
                total += _rehome(conn, moved(conn, paths, today), now, today, rules)
                rehoming_done(conn, publication, now)
        except BaseException:
            run(conn, "ROLLBACK")
            raise
        run(conn, "COMMIT")
    return total


def _rehome(conn: connection, found: Sequence[Moved], now: datetime, today: date, rules: Rulebook) -> int:
    book = rules.read(conn)
    by_street: dict[str, list[Moved]] = defaultdict(list)
    for each in found:
        if each.grid is not None and each.new_grid is not None and each.new_path == each.path:
            by_street[each.path.rpartition(".")[0]].append(each)
        else:
            place = _place(conn, each, now, today)
            standing, policy = standing_of(conn, each.no), book.policy(place.path, today)
            act = Act(event=Event.REHOME)
            act_by_itself(conn, each.no, act, standing, now, deadlines=book.deadlines, policy=policy, place=place)
    for street, those in sorted(by_street.items()):
        bodies = _bodies(conn, those, now, today)
        grids = {each.no: each.new_grid or "" for each in those}
        write_batch(conn, source=SOURCE, path=street, bodies=bodies, grids=grids, now=now)
    return len(found)


def _bodies(conn: connection, those: Sequence[Moved], now: datetime, today: date) -> dict[str, dict[str, Any]]:
    """Return the record of each incident that changes its grid and nothing else."""
    places: dict[str, Place] = {}
    bodies: dict[str, dict[str, Any]] = {}
    owners = incidents.owners(conn, [each.no for each in those])
    for each in those:
        grid = each.new_grid or ""
        if grid not in places:
            places[grid] = _place(conn, each, now, today)
        record = Record(
            seq=each.revision + 1,
            event=Event.REHOME,
            from_state=State(each.state),
            to_state=State(each.state),
            tier=Tier(each.tier),
            actor=None,
            org=None,
            at=now,
            payload={"place": place_json(places[grid]), OWNER: owners[each.no]},
        )
        bodies[each.no] = record.as_json()
    return bodies


def _place(conn: connection, each: Moved, now: datetime, today: date) -> Place:
    return place_of(incidents.find_place(conn, each.lon, each.lat, day=today, now=now))
