"""The service that other people's programs open: a published town with 5,000 grids, over HTTP, and what it was asked."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from data.store.pool import connect
from data.store.sql import many, one, run
from tests.published import NEW, publish
from tests.served import service_over

if TYPE_CHECKING:
    import httpx
    from starlette.types import ASGIApp, Receive, Scope, Send

    from tests.store_fixtures import Database

COLUMNS, ROWS = 50, 25
"""How many grids stand side by side, and above each other, in each of the four communities."""


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    query: dict[str, list[str]]


@dataclass
class Recorder:
    """Middleware that notes every request."""

    app: ASGIApp
    into: list[Asked] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note a request and pass it on."""
        if scope["type"] == "http":
            query = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
            self.into.append(Asked(scope["method"], scope["path"], query))
        await self.app(scope, receive, send)


@dataclass(frozen=True)
class Opened:
    """The service: a client that knows where it is, what it was asked so far, and its store."""

    client: httpx.Client
    asked: list[Asked]
    db: Database

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return str(self.client.base_url).rstrip("/")

    def items_asked(self, collection: str = "grids") -> list[Asked]:
        """Give the requests for a collection's features."""
        return [each for each in self.asked if each.path == f"/collections/{collection}/items"]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """A box in degrees, in the middle of the town."""
        statement = "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (SELECT ST_Extent(geom) e FROM wangge.grid) g"
        with closing(connect(self.db.admin)) as conn:
            west, south, east, north = one(conn, statement)
        wide, high = east - west, north - south
        return west + 0.42 * wide, south + 0.42 * high, west + 0.61 * wide, south + 0.55 * high

    def truth(self, condition: str, parameters=()) -> list[str]:
        """Give the codes of the grids in force that satisfy a condition in SQL, in their order."""
        statement = "SELECT code FROM wangge.grid WHERE upper_inf(in_force) AND (" + condition + ") ORDER BY code"
        with closing(connect(self.db.admin)) as conn:
            return [code for (code,) in many(conn, statement, parameters)]


def divide_finely(dsn: str) -> None:
    """Put many small grids into the net that is in force, in place of the few that are in it."""
    with closing(connect(dsn)) as conn:
        run(conn, "BEGIN")
        # Asking of each whether it overlaps another takes a minute; these do not.
        run(conn, "ALTER TABLE wangge.grid DISABLE TRIGGER USER")
        run(conn, "DELETE FROM wangge.grid WHERE upper_inf(in_force)")
        run(
            conn,
            """INSERT INTO wangge.grid (plan_id, version, area_id, path, in_force, since, code, name, kind, households, persons,
                 buildings, households_public, persons_public, area_m2, perimeter_m, compactness, shape)
               SELECT c.plan_id, 1, c.area_id, c.path, c.in_force, %(new)s, a.code || to_char(n, 'FM0000'), '第' || n || '网格',
                 CASE WHEN n %% 10 = 0 THEN 'dedicated' ELSE 'residential' END, 200 + n %% 300, 600, 5, 200 + n %% 300, 600,
                 s.x * s.y, 2 * (s.x + s.y), 0.7,
                 ST_MakeEnvelope(s.west + s.x * i, s.south + s.y * j, s.west + s.x * (i + 1), s.south + s.y * (j + 1), s.srid)
               FROM wangge.plan_community c JOIN wangge.area a ON a.id = c.area_id
                 CROSS JOIN LATERAL (
                   SELECT ST_XMin(noded) AS west, ST_YMin(noded) AS south, (ST_XMax(noded) - ST_XMin(noded)) / %(columns)s AS x,
                     (ST_YMax(noded) - ST_YMin(noded)) / %(rows)s AS y, ST_SRID(noded) AS srid) s
                 CROSS JOIN generate_series(0, %(columns)s - 1) i CROSS JOIN generate_series(0, %(rows)s - 1) j
                 CROSS JOIN LATERAL (SELECT j * %(columns)s + i + 1 AS n) numbered
               WHERE upper_inf(c.in_force)""",
            {"new": NEW, "columns": COLUMNS, "rows": ROWS},
        )
        run(conn, "SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks still to come cannot be altered
        run(conn, "ALTER TABLE wangge.grid ENABLE TRIGGER USER")
        run(conn, "COMMIT")
        run(conn, "ANALYZE")


@pytest.fixture(scope="session")
def opened(cluster, template, tmp_path_factory):
    """Serve the town to all tests of the session; none of them writes."""
    asked: list[Asked] = []
    with cluster.clone(template) as db:
        publish(db.admin)
        divide_finely(db.admin)
        home = tmp_path_factory.mktemp("service")
        record = lambda app: app.add_middleware(Recorder, into=asked)  # noqa: E731 - one line, used once
        with service_over(db.app, home, change=record) as client:
            yield Opened(client, asked, db)


@pytest.fixture
def service(opened):
    """Give the service with nothing noted yet."""
    opened.asked.clear()
    return opened
