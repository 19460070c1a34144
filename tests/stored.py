"""Towns and plans in a store, for tests: a drawn town, divided and written, in as few lines as a test can be read with."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
import shapely

from data.store import plans
from data.store.adopt import adopt
from data.store.migrate import LEAKPROOF
from data.store.pool import connect
from data.store.publish import CutOver
from data.store.sql import many, one, run
from data.store.towns import import_town
from partition.engine import divide
from partition.net import net_of
from partition.rules import Rules
from tests.drawn import Drawing, Home

if TYPE_CHECKING:
    from collections.abc import Generator

    from psycopg2.extensions import connection

    from data.store.plans import PlanRow
    from data.store.towns import Imported
    from gis.town import Town
    from partition.net import Net

NOW = datetime(2026, 1, 1, 4, tzinfo=UTC)
TODAY = date(2026, 1, 1)


def village(*, communities: int = 2, wide: int = 400) -> Drawing:
    """Draw communities side by side, each a rectangle with 48 houses of 25 households: 1,200, so three grids."""
    areas = {f"37010301600{n + 1}": shapely.box(n * wide, 0, (n + 1) * wide, 300) for n in range(communities)}
    homes = [Home(n * wide + 25 + 50 * (k % 8), 25 + 50 * (k // 8), 25) for n in range(communities) for k in range(48)]
    return Drawing(communities=areas, homes=homes)


@dataclass(frozen=True)
class Made:
    """A town in the store and a net of it that nobody has written yet."""

    town: Town
    imported: Imported
    net: Net
    rules: Rules


@contextmanager
def owner(dsn: str) -> Generator[connection]:
    """Give the owner's connection, in a transaction that is committed at the end."""
    with closing(connect(dsn)) as conn:
        run(conn, "SET idle_in_transaction_session_timeout = 0")
        run(conn, "BEGIN")
        yield conn
        run(conn, "COMMIT")


def need_superuser(conn: connection) -> None:
    """Skip the test where the owner is no superuser: it does to the server what nobody else may."""
    if not one(conn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")[0]:
        pytest.skip(f"the owner of the store, {conn.info.user}, is no superuser on this server, and the test needs one")


def unmark(conn: connection) -> None:
    """Take the mark off the operators that leak nothing, where anybody has put it on: an update of PostGIS does so too."""
    marked = "SELECT oid::regprocedure::text FROM pg_proc WHERE proleakproof AND oid = ANY (%s::regprocedure[])"
    for (function,) in many(conn, marked, [list(LEAKPROOF)]):
        need_superuser(conn)
        run(conn, f"ALTER FUNCTION {function} NOT LEAKPROOF")


def brought(conn: connection, town: Town, *, rules: Rules | None = None, day: date = TODAY) -> Made:
    """Import a town and divide it."""
    rules = rules or Rules()
    imported = import_town(conn, town, day=day, now=NOW)
    return Made(town, imported, net_of(divide(town, rules, seed=1), town), rules)


def drafted(conn: connection, made: Made, *, net: Net | None = None, author: str | None = None, title: str = "plan") -> PlanRow:
    """Write a net as a draft."""
    maker = plans.Maker(
        town=made.imported.town, snapshot=made.imported.snapshot, srid=int(made.town.frame.crs[5:]), author=author, now=NOW
    )
    origin = plans.Origin(title=title, reason="", made_with={"rules": {}}, metrics={})
    return plans.create(conn, net or made.net, maker, origin)


def cut(day: date = TODAY, *, today: date = TODAY) -> CutOver:
    """Say when a plan takes effect."""
    return CutOver(effective_from=day, today=today, now=NOW, actor=None, smallest_public=10)


def published(conn: connection, *, communities: int = 2, day: date = TODAY) -> tuple[Made, PlanRow]:
    """Put the first plan of a drawn village in force."""
    made = brought(conn, village(communities=communities).town(), day=day)
    return made, adopt(conn, drafted(conn, made), cut(day, today=day))
