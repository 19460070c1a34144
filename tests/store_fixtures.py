"""Stores for tests: one PostgreSQL for a session, a database of its own for a test that needs one.

Three kinds, from cheap to dear:

    tx     a connection in a transaction that is rolled back; what needs a commit, or two sessions, is not seen in it
    db     a database of the test's own, by the DSN of its owner and of the application's role; dropped afterwards
    store  a database for the whole session that `tx` works in: never commit to it

They come from a private server that ends with the tests, or, where WANGGE_TEST_DSN and WANGGE_TEST_APP_DSN name one (the
owner's and the application's way in), from that: the same tests run against any server. Its owner makes databases, drops
them under their users and looks at what these do. A superuser may; another needs, from the server's administrator,

    ALTER ROLE wangge_admin CREATEDB;
    GRANT pg_signal_backend, pg_read_all_stats TO wangge_admin;

and in the database template1

    CREATE EXTENSION postgis; CREATE EXTENSION ltree; CREATE EXTENSION btree_gist;

What only a superuser can try is then skipped, and says so. Tests of the private server itself always have one of their own.
"""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from psycopg2.extensions import make_dsn
from psycopg2.sql import SQL, Identifier

from data.store.cluster import Cluster
from data.store.cluster_home import ADMIN, APP
from data.store.migrate import is_leakproof, migrate
from data.store.pool import connect
from data.store.sql import one, run
from tests.stored import need_superuser

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from psycopg2.extensions import connection

CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""A crash may lose everything, which a test's server may; making and dropping databases is ten times as fast."""


@dataclass(frozen=True)
class Database:
    """A database by its two DSNs: `admin` owns it, `app` is bound by every policy."""

    name: str
    admin: str
    app: str


@dataclass(frozen=True)
class Server:
    """Where test databases are made; both DSNs name a database that is there."""

    admin: str
    app: str

    def database(self, name: str) -> Database:
        """Name a database on it, whether or not there is one."""
        return Database(name, make_dsn(self.admin, dbname=name), make_dsn(self.app, dbname=name))

    @contextmanager
    def clone(self, template: str) -> Generator[Database]:
        """Give a copy of a template, dropped afterwards whoever is still connected."""
        made = self.database(f"wangge_test_{uuid4().hex}")
        with closing(connect(self.admin)) as conn:
            run(conn, "SET lock_timeout = 0")
            careless = one(conn, "SHOW fsync") == ("off",)
            # Copying files waits for two checkpoints where the server is careful.
            strategy = SQL("file_copy" if careless else "wal_log")
            names = {"name": Identifier(made.name), "template": Identifier(template), "strategy": strategy}
            run(conn, SQL("CREATE DATABASE {name} TEMPLATE {template} STRATEGY {strategy}").format(**names))
            try:
                yield made
            finally:
                self.drop(conn, made.name)

    @staticmethod
    def drop(conn: connection, name: str) -> None:
        """Drop a database under its users."""
        run(conn, SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Server]:
    """Start the session's PostgreSQL, or take the one that the environment names."""
    if theirs := os.environ.get("WANGGE_TEST_DSN"):
        yield Server(theirs, os.environ["WANGGE_TEST_APP_DSN"])
        return
    # Not pytest's own folder: the server's user may not enter that of root.
    with TemporaryDirectory(prefix="wangge-") as home, Cluster(Path(home), die_with_parent=True, extra=CARELESS) as ours:
        yield Server(ours.dsn(ADMIN), ours.dsn(APP))


@pytest.fixture(scope="session")
def template(cluster) -> Iterator[str]:
    """Make the database that all others are copies of: every migration, nothing in it."""
    made = cluster.database(f"wangge_template_{uuid4().hex}")
    name = Identifier(made.name)
    with closing(connect(cluster.admin)) as conn:
        run(conn, SQL("CREATE DATABASE {}").format(name))
        try:
            with closing(connect(made.admin)) as inside:
                migrate(inside)
            run(conn, SQL("ALTER DATABASE {} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false").format(name))
            yield made.name
        finally:
            run(conn, SQL("ALTER DATABASE {} WITH IS_TEMPLATE false").format(name))
            cluster.drop(conn, made.name)


@pytest.fixture(scope="session")
def store(cluster, template) -> Iterator[Database]:
    """Make the database in which `tx` begins and rolls back; nobody commits to it."""
    with cluster.clone(template) as made:
        yield made


@pytest.fixture
def db(cluster, template) -> Iterator[Database]:
    """Make a database for one test."""
    with cluster.clone(template) as made:
        yield made


@pytest.fixture
def superuser(cluster) -> None:
    """Skip the test where the owner is no superuser."""
    with closing(connect(cluster.admin)) as conn:
        need_superuser(conn)


@pytest.fixture
def marked(store) -> None:
    """Skip the test where the operators of PostGIS are not marked leakproof, and the owner may not mark them."""
    with closing(connect(store.admin)) as conn:
        if not is_leakproof(conn):
            need_superuser(conn)


@pytest.fixture
def tx(store) -> Iterator[connection]:
    """Give the owner's connection inside a transaction that ends with the test and leaves nothing."""
    with closing(connect(store.admin)) as conn:
        run(conn, "SET idle_in_transaction_session_timeout = 0")
        run(conn, "BEGIN")
        yield conn
        run(conn, "ROLLBACK")
