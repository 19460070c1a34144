"""Fixtures that tests of several folders share; one that nobody asks for costs nothing."""

from tests.store_fixtures import cluster, db, marked, store, superuser, template, tx

__all__ = ["cluster", "db", "marked", "store", "superuser", "template", "tx"]
