"""The command center of the small town."""

import pytest

from tests.api.incidents.station import station_over


@pytest.fixture
def station(db, tmp_path):
    """A town with its incidents, empty yet."""
    with station_over(db, tmp_path) as made:
        yield made
