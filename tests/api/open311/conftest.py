"""The command center of the small town, with Open311 before it."""

from __future__ import annotations

import pytest

from tests.api.incidents.station import station_over
from tests.api.open311.counter import counter_of


@pytest.fixture
def counter(db, tmp_path):
    """A town in which nothing has been reported yet."""
    with station_over(db, tmp_path) as station:
        yield counter_of(station)


@pytest.fixture
def closed_counter(db, tmp_path):
    """The same town, where incidents are not for everybody."""
    with station_over(db, tmp_path, public="areas,grids") as station:
        yield counter_of(station)
