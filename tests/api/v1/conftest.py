"""A town hall for each test that asks for one."""

import pytest

from tests.api.v1.hall import hall_over


@pytest.fixture
def hall(db, tmp_path):
    """The application over an empty store, with nobody in it."""
    with hall_over(db, tmp_path) as made:
        yield made
