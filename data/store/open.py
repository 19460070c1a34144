"""The way in to a store: the one that somebody names, or one of our own that runs while it is used."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data.store.cluster import Cluster
from data.store.cluster_home import ADMIN, APP
from data.store.migrate import migrate
from data.store.pool import connect

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A store by its addresses: for the application's role, and for its owner where we know that one."""

    app_dsn: str = field(repr=False)
    admin_dsn: str | None = field(repr=False)


@contextmanager
def open_store(*, dsn: str | None, admin_dsn: str | None, home: Path, bindir: Path | None = None) -> Generator[Store]:
    """Give the store at `dsn`; without one, that of the PostgreSQL in `home`, which runs until the last user has left.

    `bindir` is the folder of the programs of PostgreSQL, where it is not to be the newest that is installed.

    Where the owner's address is known the store is brought up to date first. Raises `StoreError` with what to do.
    """
    if dsn is not None:
        yield _up_to_date(Store(app_dsn=dsn, admin_dsn=admin_dsn))
        return
    with Cluster(home, bindir=bindir) as cluster:
        yield _up_to_date(Store(app_dsn=cluster.dsn(APP), admin_dsn=cluster.dsn(ADMIN)))


def _up_to_date(store: Store) -> Store:
    if store.admin_dsn is not None:
        with closing(connect(store.admin_dsn)) as conn:
            migrate(conn)
    return store
