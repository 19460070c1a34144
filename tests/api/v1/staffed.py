"""The small town with its staff, for tests: the people at every desk of `station.py`, and how they give others posts."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.api.incidents.station import HERE, station_over

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.api.incidents.station import Station


@contextmanager
def staffed(db: Any, home: Any, **told: Any) -> Generator[Station]:
    """Serve the small town, with everything that is about staff."""
    with station_over(db, home, **told) as station:
        yield station


def made(station: Station, who: str = "community", **said: Any) -> dict[str, Any]:
    """Add somebody to the staff."""
    answer = station.asks(who, "POST", "/v1/staff", json={"name": "王芳", "area": HERE, **said})
    assert answer.status_code == 201, answer.text
    return answer.json()


def posted(station: Station, one: dict[str, Any], grid: str, role: str, who: str = "community", **said: Any) -> dict[str, Any]:
    """Give somebody a post."""
    answer = station.asks(who, "POST", "/v1/posts", json={"staff": one["id"], "grid": grid, "role": role, **said})
    assert answer.status_code == 201, answer.text
    return answer.json()


def listed(station: Station, who: str, address: str, part: str, **params: Any) -> list[Any]:
    """Return a part of an answer."""
    answer = station.asks(who, "GET", address, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()[part]


def events(station: Station, prefix: str) -> list[str]:
    """Return the kinds of events in the log that begin so, in order."""
    rows = station.hall.rows("SELECT kind FROM wangge.event WHERE kind LIKE %s ORDER BY at, seq", [f"{prefix}%"])
    return [kind for (kind,) in rows]
