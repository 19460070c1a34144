"""Events as others get them, and the words that they are asked for by."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from api.feed.cloud_event import EVERYTHING, cloud_event, id_of, type_of, wanted
from data.store.feed import FAMILIES, Cursor, Told
from gis.errors import ParameterError

PLACE = Cursor(epoch="0123abcd", xid=77, chain="1.2.3", seq=42)


def test_an_event_is_called_the_same_by_everybody_for_ever() -> None:
    """Its id is that of its place in the log, which no restore changes, and has no dot: a signature joins its parts by dots."""
    assert id_of(PLACE) == "1-2-3_42"
    assert id_of(Cursor(epoch="ffffffff", xid=3, chain="1.2.3", seq=42)) == id_of(PLACE)
    assert id_of(Cursor(epoch="0123abcd", xid=3, chain="", seq=1)) == "_1"


def test_what_is_not_seen_is_left_out() -> None:
    """Of an incident whose row is out of sight there is what the record said, and nothing is made up for the rest."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    told = Told(cursor=PLACE, at=at, kind="incident.ask_extend", subject="7", area=None, facts={"state": "verifying"})
    event = cloud_event(told, "https://grid.example")
    assert event == {
        "specversion": "1.0",
        "id": "1-2-3_42",
        "source": "https://grid.example/v1/events",
        "type": "cn.gridgov.incident.ask-extend",
        "subject": "7",
        "time": "2026-01-01T00:00:00+00:00",
        "datacontenttype": "application/json",
        "cursor": "0123abcd-77-1.2.3-42",
        "data": {
            "no": "7",
            "event": "ask_extend",
            "state": "verifying",
            "area": None,
            "link": "https://grid.example/v1/incidents/7",
        },
    }


@pytest.mark.parametrize("kind", ["incident.ask_extend", "incident.due-soon", "plan.street_review", "plan.grid.split"])
def test_a_type_is_asked_for_by_what_it_is_called(kind) -> None:
    """Whoever asks for the type that an event came with gets that kind, and with a star after any of its dots, too."""
    exact = wanted([type_of(kind)])
    assert (exact.kinds, exact.families) == ((kind.replace("-", "_"),), ())
    family = wanted([type_of(kind).rpartition(".")[0] + ".*"])
    assert kind.startswith(family.families)


def test_nothing_said_is_everything() -> None:
    """No types are all types, and so are the two stars."""
    assert wanted([]).families == FAMILIES
    assert wanted(EVERYTHING).families == FAMILIES


@pytest.mark.parametrize(
    "type_",
    ["", "*", "incident.claim", "cn.gridgov.*", "cn.gridgov.incident", "cn.gridgov.incident.", "cn.gridgov.plans.x",
     "cn.gridgov.incident.%",     "cn.gridgov.person.added", "cn.gridgov.incident.cla*",
     "cn.gridgov.incident.ж", "cn.gridgov.incident.x_y'"],
)  # fmt: skip
def test_what_is_no_type_is_refused(type_) -> None:
    """What is not told of here is no type, and neither is a pattern that the store would read."""
    with pytest.raises(ParameterError):
        wanted([type_])
    with pytest.raises(ParameterError, match="50"):
        wanted(["cn.gridgov.incident.claim"] * 51)
