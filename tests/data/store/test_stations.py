"""Stations in the store: how far they reach, and what the store itself refuses."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import psycopg2
import pytest

from data.store import stations
from data.store.pool import Pool
from data.store.scope import Scope
from data.store.sql import many, one, run
from tests.api.rounds.homes import HOUSEHOLDS, POINTS, furnish
from tests.published import COMMUNITIES, publish
from tests.stored import owner

DAY = date(2026, 3, 2)
UNTIL = datetime(2026, 3, 3, tzinfo=UTC)
HERE, NEXT = COMMUNITIES[:2]


@pytest.fixture
def town(db):
    """The small town with homes; the path of each area."""
    path = publish(db.admin)
    with owner(db.admin) as conn:
        furnish(conn)
    return path


def station(conn, code="S", area=HERE, **said):
    """Put a station where the first community's first home is."""
    (number, path) = one(conn, "SELECT id, path::text FROM wangge.area WHERE code = %s", [area])
    home = "SELECT ST_X(geom), ST_Y(geom) FROM wangge.household_point WHERE external_id = %s"
    at = one(conn, home, [f"{HERE}001-1"])
    plain = {
        "code": code, "name": "s", "level": "community", "kind": "station", "brand": "", "radius_m": None, "has_desk": False,
        "has_room": False, "has_cabinet": False, "has_map": False, "services": [], "area_m2": None, "tenure": "",
        "active": True,
    }  # fmt: skip
    stations.put(conn, area=(number, path), at=at, service_area=None, station=plain | said, now=UNTIL - timedelta(hours=1))


def reached(conn, reach_m=100.0):
    rows = stations.coverage(conn, area="", day=DAY, until=UNTIL, kinds=["station"], reach_m=reach_m, walk=False)
    return {row.grid: row.reached for row in rows if row.reached}


def test_the_edge_of_a_circle_is_in_it(db, town) -> None:
    """Homes stand 5 m apart: a circle of 5.01 m holds two of them, one of 4.99 m holds one; no station holds none."""
    with owner(db.admin) as conn:
        run(conn, "SELECT set_config('wangge.areas_1', %s, true)", [town[HERE]])
        assert reached(conn) == {}
        station(conn)
        assert [reached(conn, metres) for metres in (4.99, 5.01)] == [{f"{HERE}001": n * HOUSEHOLDS} for n in (1, 2)]


def test_a_station_of_others_serves_all_the_same(db, town) -> None:
    """A neighbour's station counts for whom it reaches, though its neighbours do not see it; one that is closed does not."""
    with owner(db.admin) as conn:
        station(conn, area=NEXT, radius_m=30)
    ours = Scope(areas_1=(town[HERE],), areas_2=(town[HERE],), areas_3=(town[HERE],))
    with closing(Pool(db.app, size=1)) as pool:
        with pool.read(ours) as conn:
            assert many(conn, "SELECT FROM wangge.station") == []
            assert reached(conn) == {f"{HERE}001": POINTS * HOUSEHOLDS}
            how = {"day": DAY, "until": UNTIL, "kinds": ["station"], "reach_m": 1.0, "walk": True, "after": "", "limit": 9}
            left = stations.unreached(conn, f"{HERE}001", **how)
            assert [each["target"] for each in left] == [f"{HERE}001-{n}" for n in (2, 3, 4)]
            assert stations.unreached(conn, f"{NEXT}001", **how) == []
        with owner(db.admin) as conn:
            run(conn, "UPDATE wangge.station SET active = false")
        with pool.read(ours) as conn:
            assert reached(conn) == {}


def test_the_store_refuses_strangers(db, town) -> None:
    """A station, its grids and its duty are changed where somebody manages staff, and nowhere else."""
    with owner(db.admin) as conn:
        station(conn)
    stranger = Scope(rights=("manage_staff",), areas_1=(town[COMMUNITIES[2]],))
    worker = Scope(rights=("handle_incidents",), areas_1=(town[HERE],))
    with closing(Pool(db.app, size=1)) as pool:
        for scope in (stranger, worker):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege), pool.write(scope) as conn:
                run(conn, "INSERT INTO wangge.station_grid (station_id, grid_code, path) SELECT 1, 'g', %s", [town[HERE]])
            with pool.write(scope) as conn:
                assert run(conn, "UPDATE wangge.station SET name = 'mine'") == 0
        with pytest.raises(psycopg2.errors.InsufficientPrivilege), pool.write(worker) as conn:
            run(conn, "DELETE FROM wangge.station")
