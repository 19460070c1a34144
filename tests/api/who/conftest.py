"""An office for each test that asks for one."""

import pytest

from tests.api.who.office import Office


@pytest.fixture
def office(db):
    """An office with areas and nobody in it."""
    made = Office(db)
    yield made
    made.pool.close()
