"""Two clients of Open311 that stand on PyPI read what is reported, and one of them reports."""

from __future__ import annotations

import pytest

from tests.api.incidents.station import station_over
from tests.api.open311.counter import V2, counter_of, drawn, spot
from tests.clients.programs import CLIENTS, answers_of, need

pytestmark = pytest.mark.clients

LIBRARIES = CLIENTS.parent.parent / "lib"


def installed(name: str):
    """Return where a library of the clients stands, or ought to."""
    return next(LIBRARIES.glob(f"python*/site-packages/{name}"), LIBRARIES / name)


@pytest.fixture
def counter(db, tmp_path):
    """A town with two requests, one of them closed, the newer first."""
    with station_over(db, tmp_path) as station:
        yield counter_of(station)


def endpoint(counter) -> str:
    """Return where Open311 is."""
    return str(counter.client.base_url).rstrip("/") + V2


def reported(counter) -> tuple[str, str]:
    """Report twice, and close the first."""
    closed = counter.reported()
    counter.station.done("community", closed, "reject", reason="insufficient", answer="say more")
    counter.station.passes(minutes=1)
    return counter.reported(), closed


@pytest.mark.parametrize("form", ["json", "xml"])
def test_georeport_makes_its_eight_calls(counter, form) -> None:
    """Each call of georeport is answered with what there is, in JSON and in XML."""
    need(CLIENTS, installed("georeport"))
    opened, closed = reported(counter)
    told = answers_of(CLIENTS, "georeport_asks.py", endpoint(counter), form, closed, "0101")
    assert len(told) == 8
    one = told.pop("one")
    assert (one["service_request_id"], one["status"], one["service_name"]) == (closed, "closed", "暴露垃圾")
    assert told == {
        "services": ["0101"], "definition": "0101", "all": [opened, closed], "by_id": [closed], "by_service": [opened, closed],
        "by_date": [opened, closed], "by_status": [closed],
    }  # fmt: skip


def test_three_asks_and_reports(counter) -> None:
    """Each call of three is answered in JSON: what is read, a report with a picture, and what is wrong with another."""
    need(CLIENTS, installed("three"))
    opened, closed = reported(counter)
    place = spot(50, 200)
    told = answers_of(
        CLIENTS,
        "three_asks.py",
        endpoint(counter),
        closed,
        "0101",
        counter.key("worker"),
        str(place["lat"]),
        str(place["long"]),
        drawn().hex(),
    )
    (made,) = told.pop("post")
    assert counter.station.shown(made["service_request_id"])["address"] == "3 Mill Lane"
    assert counter.station.hall.value("SELECT count(*) FROM wangge.attachment") == 1
    assert [each["code"] for each in told.pop("token")] == ["404"]
    assert [each["code"] for each in told.pop("error")] == ["404"]
    assert told == {
        "discovery": endpoint(counter), "services": ["0101"], "definition": "0101", "requests": [opened, closed],
        "page": [opened], "between": [opened, closed], "request": closed,
    }  # fmt: skip
