"""Fixtures that tests of several folders share; one that nobody asks for costs nothing."""

from tests.store_fixtures import cluster, db, store, template, tx

__all__ = ["cluster", "db", "store", "template", "tx"]
