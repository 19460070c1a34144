"""A small town whose grids have been in force: two streets, two communities each, and two nets one after the other.

Ground is rectangles in EPSG:4548, 600 m by 400 m a community, cut into strips from west to east: two strips from 2024 on,
three since 1 July 2025. One grid is dedicated and holds too few households to tell.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from api.app import create_app
from api.ogc.routes import routes
from api.settings import Settings
from api.who.keys import new_key
from data.store import people
from data.store.pool import Pool, connect
from data.store.sql import many, one, run

FRAME = 4548
EAST0, NORTH0 = 500_000.0, 4_040_000.0
WIDE, HIGH = 600.0, 400.0
DISTRICT = "370103"
STREETS = ("370103001", "370103002")
COMMUNITIES = ("370103001001", "370103001002", "370103002001", "370103002002")
OLD, NEW = date(2024, 1, 1), date(2025, 7, 1)
LONG_AGO = date(2020, 1, 1)
TODAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LONG_BEFORE, FAR_OFF = TODAY - timedelta(days=30), TODAY + timedelta(days=300)
HIDDEN = "370103002002003"
"""The dedicated grid, with three households that nobody is told of."""


@dataclass(frozen=True)
class Net:
    """One net: how many strips each community is cut into, and the days from the first to the one after the last."""

    strips: int
    first: date
    until: date | None


def publish(dsn: str, nets=(Net(2, OLD, NEW), Net(3, NEW, None))) -> dict[str, str]:
    """Fill an empty store, as its owner, and return the path of each area by its code."""
    with closing(connect(dsn)) as conn:
        run(conn, "BEGIN")
        path = _areas(conn)
        for number, net in enumerate(nets, 1):
            _plan(conn, net, number, path)
        run(conn, "COMMIT")
        return path


def add_net(dsn: str, net: Net, path: dict[str, str], number: int = 9) -> None:
    """Put another net in force, whose days are free."""
    with closing(connect(dsn)) as conn:
        run(conn, "BEGIN")
        _plan(conn, net, number, path)
        run(conn, "COMMIT")


def box(west: float, south: float, east: float, north: float) -> str:
    """Write a rectangle in metres from the town's south-western corner."""
    x0, x1, y0, y1 = EAST0 + west, EAST0 + east, NORTH0 + south, NORTH0 + north
    return f"SRID={FRAME};POLYGON(({x0} {y0},{x1} {y0},{x1} {y1},{x0} {y1},{x0} {y0}))"


def corner(community: int) -> tuple[float, float]:
    """Return where a community's south-western corner lies."""
    return WIDE * (community % 2), HIGH * (community // 2)


def _areas(conn) -> dict[str, str]:
    rows = [("3701", "city", None, "济南市", (0, 0, 2 * WIDE, 2 * HIGH))]
    rows.append((DISTRICT, "district", "3701", "市中区", (0, 0, 2 * WIDE, 2 * HIGH)))
    for n, street in enumerate(STREETS):
        rows.append((street, "street", DISTRICT, f"街道{n + 1}", (0, n * HIGH, 2 * WIDE, (n + 1) * HIGH)))
    for n, community in enumerate(COMMUNITIES):
        west, south = corner(n)
        rows.append((community, "community", community[:9], f"社区{n + 1}", (west, south, west + WIDE, south + HIGH)))
    for code, level, parent, name, where in rows:
        run(
            conn,
            "INSERT INTO wangge.area (code, level, parent_id) VALUES (%s, %s, (SELECT id FROM wangge.area WHERE code = %s))",
            [code, level, parent],
        )
        run(
            conn,
            """INSERT INTO wangge.area_version (area_id, path, valid, name, parent_id, shape)
               SELECT id, path, daterange(%s, NULL), %s, parent_id, %s::geometry FROM wangge.area WHERE code = %s""",
            [LONG_AGO, name, box(*where), code],
        )
    path = dict(many(conn, "SELECT code, path::text FROM wangge.area"))
    (district,) = one(conn, "SELECT id FROM wangge.area WHERE code = %s", [DISTRICT])
    run(
        conn,
        "INSERT INTO wangge.town (name, frame, on_overlap, area_id, path) VALUES ('t', %s, 'error', %s, %s)",
        [FRAME, district, path[DISTRICT]],
    )
    run(
        conn,
        """INSERT INTO wangge.snapshot (town_id, number, taken_at, path, has_persons, digests, findings, changes)
           SELECT id, 1, %s, path, true, '{}', '[]', '{}' FROM wangge.town""",
        [TODAY],
    )
    return path


def _plan(conn, net: Net, number: int, path: dict[str, str]) -> None:
    (plan,) = one(
        conn,
        """INSERT INTO wangge.plan (town_id, snapshot, path, paths, title, created_at, updated_at)
           SELECT id, 1, path, %s::ltree[], %s, %s, %s FROM wangge.town RETURNING id::text""",
        [[path[code] for code in COMMUNITIES], f"plan {number}", TODAY, TODAY],
    )
    for n, community in enumerate(COMMUNITIES):
        west, south = corner(n)
        whole = box(west, south, west + WIDE, south + HIGH)
        run(
            conn,
            """INSERT INTO wangge.plan_community (plan_id, area_id, path, in_force, noded)
               SELECT %s, id, path, daterange(%s, %s), %s::geometry FROM wangge.area WHERE code = %s""",
            [plan, net.first, net.until, whole, community],
        )
        for strip in range(net.strips):
            code = f"{community}{strip + 1:03}"
            left, right = (west + WIDE * k / net.strips for k in (strip, strip + 1))
            hidden = code == HIDDEN
            households = 3 if hidden else 300 + 10 * n + strip
            run(
                conn,
                """INSERT INTO wangge.grid (plan_id, version, area_id, path, in_force, since, code, name, kind, subtype,
                     households, persons, buildings, households_public, persons_public, area_m2, perimeter_m, compactness,
                     east, south, west, north, exception, shape)
                   SELECT %s, 1, id, path, daterange(%s, %s), %s, %s, %s, %s, %s, %s, %s, 4, %s, %s, %s, %s, 0.7,
                     '东路', '南路', '西路', '北路', %s, %s::geometry FROM wangge.area WHERE code = %s""",
                [plan, net.first, net.until, net.first, code, f"第{strip + 1}网格", "dedicated" if hidden else "residential",
                 "market" if hidden else "", households, 3 * households, None if hidden else households,
                 None if hidden else 3 * households, (right - left) * HIGH, 2 * (right - left + HIGH),
                 '{"reason": "too_few", "en": "3 households", "zh": "3 户"}' if hidden else None,
                 box(left, south, right, south + HIGH), community],
            )  # fmt: skip
    run(conn, "UPDATE wangge.plan SET state = 'effective', effective_from = %s WHERE id = %s", [net.first, plan])
    run(
        conn,
        """INSERT INTO wangge.publication (plan_id, path, effective_from, published_at)
           SELECT id, path, %s, %s FROM wangge.plan WHERE id = %s""",
        [net.first, TODAY, plan],
    )


class Served:
    """The application over a published town; `now` can be set."""

    def __init__(self, db, folder, **told) -> None:
        self.db = db
        self.path = publish(db.admin)
        self.now = TODAY
        self.pool = Pool(db.app, size=4)
        settings = Settings(home=folder, **told)
        self.app = create_app(settings, self.pool, now=lambda: self.now)
        known = {getattr(route, "path", "") for route in self.app.router.routes}
        self.app.router.routes.extend(route for route in routes if route.path not in known)

    def forget(self) -> None:
        """Forget every version and tile, as a new process would."""
        self.app.state.ogc = None

    def key_of(self, role: str, area: str | None) -> dict[str, str]:
        """Return the header by which a new person with a role in an area is known."""
        key = new_key(self.app.state.service.door.pepper)
        with closing(connect(self.db.admin)) as conn:
            run(conn, "BEGIN")
            person = people.add_person(conn, login=f"{role}{area or ''}", name=role, now=TODAY, by=None)
            people.give_role(conn, person, role=role, area=area, starts_at=LONG_BEFORE, by=None)
            people.add_key(
                conn,
                person,
                prefix=key.prefix,
                secret_mac=key.secret_mac,
                name="test",
                now=LONG_BEFORE,
                expires_at=FAR_OFF,
                by=None,
            )
            run(conn, "COMMIT")
        return {"Authorization": f"Bearer {key.text}"}

    def do(self, statement: str, parameters=()) -> None:
        """Run a statement as the owner of the store."""
        with closing(connect(self.db.admin)) as conn:
            run(conn, statement, parameters)

    def value(self, statement: str, parameters=()):
        """One value, as the owner sees it."""
        with closing(connect(self.db.admin)) as conn:
            return one(conn, statement, parameters)[0]
