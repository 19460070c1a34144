"""Fixtures that tests of several folders share; one that nobody asks for costs nothing."""

from hypothesis import settings

from tests.chromium import chromium
from tests.store_fixtures import cluster, db, marked, store, superuser, template, tx

__all__ = ["chromium", "cluster", "db", "marked", "store", "superuser", "template", "tx"]

# A machine that is busy is no reason for a test to fail.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
