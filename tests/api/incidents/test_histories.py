"""Random histories on the real store: whatever people do, the rows are what the log says."""

from __future__ import annotations

import random
from contextlib import closing
from datetime import UTC, timedelta

import pytest

from api.incidents.actors import actor_of
from api.incidents.desk import act, standing_of
from api.incidents.rehome import rehome_due
from api.incidents.rulebook import Rulebook
from api.incidents.ticker import tick
from api.loop.record import Record
from api.loop.take import Act, offers
from api.loop.words import OPEN, Event
from api.who.caller import Caller, Grant, How, Role
from data.store import incidents
from data.store.pool import connect
from data.store.sql import many
from gis.errors import RequestError
from tests.api.incidents.proof import faults
from tests.api.incidents.station import GRID, PEOPLE, at
from tests.api.incidents.test_load import brought, drawn
from tests.api.incidents.test_rehome import cut_anew
from tests.stored import owner

RULES = Rulebook()
LONG = 60
"""After so many steps a new net has taken effect."""


def said(event, rng, station):
    """Return what somebody may say with an event; not all of it can be used always."""
    ids = station.ids
    later = (station.hall.now + timedelta(days=rng.randrange(1, 9))).isoformat()
    targets = [{"org": "sanitation"}, {"person": ids["worker"]}, {"org": "center:370103001"}, {"org": "center:370103"}]
    return {
        Event.ACCEPT: {"matter": "0101"},
        Event.REJECT: {"reason": "insufficient", "answer": "no"},
        Event.VOID: {"reason": "made in error"},
        Event.VERIFIED: {"result": rng.choice(["true", "false", "not_found"])},
        Event.DISPATCH: {"to": rng.choice(targets)},
        Event.DELEGATE: {"to": rng.choice(targets)},
        Event.RETURN: {"reason": "not_our_duty"},
        Event.ESCALATE: {"reason": "beyond_capacity"},
        Event.CALL: {"summary": "come"},
        Event.ASSIGN: {"departments": [{"org": "sanitation", "lead": True}, {"org": "water", "mandatory": rng.random() < 0.3}]},
        Event.ASK_EXTEND: {"until": later, "reason": "rain"},
        Event.ASK_SUSPEND: {"until": later, "reason": "frost"},
        Event.REFUSE_EXTEND: {"reason": "no"},
        Event.REFUSE_SUSPEND: {"reason": "no"},
        Event.HANDLE: {"result": "done", "outcome": rng.choice(["resolved", "unresolved"]), "evidence": ["photo"]},
        Event.CHECK_FAIL: {"reason": "still there"},
        Event.FEEDBACK: {"result": rng.choice(["satisfied", "basic", "unsatisfied", "unreachable"]), "answer": "done"},
        Event.CLEAR_OFF: {"ratings": {"sanitation": 90, "water": 80}},
        Event.EVALUATE: {"scores": {"speed": 80}},
        Event.REOPEN: {"reason": "again"},
        Event.SUPERVISE: {"level": rng.choice(["normal", "yellow", "red"]), "reason": "slow"},
        Event.INSTRUCT: {"text": "at once"},
        Event.COMMENT: {"text": "noted"},
        Event.KEY_REPORT: {"text": "nobody is hurt"},
        Event.HAND_OVER: {"to": rng.choice([{"person": ids["stand_in"]}, targets[2]]), "reason": "leave"},
    }.get(event, {})


class Asks:
    """Somebody's request, as the desk takes it."""

    def __init__(self, station, caller) -> None:
        self.caller, self.now = caller, station.hall.now
        self.today = self.now.astimezone(UTC).date()
        self.scope = caller.scope()

    def acting(self, *rights):
        """For whom the transaction speaks."""
        return self.caller.scope(*rights)


def callers(station):
    """Everybody, as callers."""
    path = dict(station.hall.rows("SELECT code, path::text FROM wangge.area"))
    return {
        login: Caller(
            person_id=station.ids[login],
            name=login,
            how=How.KEY,
            grants=tuple(Grant(role=Role(role), area=path[area]) for role, area in roles),
        )
        for login, roles in PEOPLE.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_row_is_what_the_log_says(station, seed) -> None:
    """After random steps of random people, imports and a new net every row replays, chains close, history has no gap."""
    rng = random.Random(seed)  # noqa: S311 - a story, no secret
    people = callers(station)
    with owner(station.hall.db.admin) as conn:
        brought(conn, drawn(40, seed=seed))
        some = "SELECT no FROM wangge.incident WHERE state = 'reported' AND grid_code = %s ORDER BY no LIMIT 3"
        numbers = [no for (no,) in many(conn, some, [GRID])]
    numbers += [station.reports(title=f"{n}", **at(50 + 25 * n, 200))["no"] for n in range(8)]
    cut_anew(station)
    pool = station.hall.app.state.service.pool
    taken = moved = 0
    for step in range(240):
        station.passes(minutes=rng.choice([1, 10, 60, 300]))
        no, login = rng.choice(numbers), rng.choice(list(people))
        asked = Asks(station, people[login])
        try:
            with pool.write(asked.scope) as conn:
                actor = actor_of(conn, asked.caller, now=asked.now, today=asked.today)
                offered = offers(standing_of(conn, no), actor, asked.now)
                event = rng.choice(offered).event if offered and rng.random() < 0.9 else rng.choice(list(Event))
                act(conn, no, Act(event=event, payload=said(event, rng, station)), asked, RULES)
                taken += 1
        except RequestError:
            pass
        if rng.random() < 0.2:
            with closing(connect(station.hall.db.admin)) as conn:
                tick(conn, station.hall.now, RULES)
                moved += rehome_due(conn, station.hall.now, asked.today, RULES) if step > LONG else 0
    assert taken > 30
    assert moved > 0
    with closing(connect(station.hall.db.admin)) as conn:
        assert faults(conn) == []
        for no in numbers:
            records = [Record.of_json(each) for each in incidents.records(conn, no)]
            row = incidents.get(conn, no)
            assert [each.seq for each in records] == list(range(1, row["revision"] + 1))
            assert [each.at for each in records] == sorted(each.at for each in records)
            assert (row["owner_org"] or row["owner_person"]) is not None or row["state"] not in {str(s) for s in OPEN}
            if row["state"] in {"rejected", "archived"}:
                assert row["is_answered"]
            # Where it stood before is kept without a gap: each revision until the next came.
            past = many(conn, "SELECT revision, at, until FROM wangge.incident_past WHERE no = %s ORDER BY revision", [no])
            assert [revision for revision, _, _ in past] == list(range(1, row["revision"]))
            ends = [at for _, at, _ in past[1:]] + [row["at"]]
            assert [until for _, _, until in past] == ends[: len(past)]
