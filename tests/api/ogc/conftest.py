"""A published town behind the application: one for all who only read, one of its own for a test that writes."""

from __future__ import annotations

import pytest

from tests.published import Served
from tests.served import served


@pytest.fixture(scope="session")
def town(cluster, template, tmp_path_factory):
    """Serve a town that nobody changes."""
    with cluster.clone(template) as db:
        made = Served(db, tmp_path_factory.mktemp("service"))
        yield made
        made.pool.close()


@pytest.fixture(scope="session")
def ask(town):
    """Ask the town's application, as nobody in particular."""
    with served(town.app) as client:
        yield client


@pytest.fixture
def own_town(db, tmp_path):
    """Serve a town that the test may change."""
    made = Served(db, tmp_path)
    yield made
    made.pool.close()


@pytest.fixture
def closed_town(db, tmp_path):
    """Serve a town whose grids are not for everybody."""
    made = Served(db, tmp_path, public="areas")
    yield made
    made.pool.close()
