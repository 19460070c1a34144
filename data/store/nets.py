"""Nets in the store: the grids of a plan's version, in and out.

Shapes go as WKB, every bit of a coordinate kept: what comes out passes the same certificate as what went in.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely

from data.store.sql import array_text, insert, many, one, run
from gis.errors import Refused
from partition.net import Net

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

_ROWS_AT_ONCE = 100_000


def save_net(
    conn: connection,
    net: Net,
    *,
    plan: str,
    version: int,
    town: int,
    snapshot: int,
    areas: Mapping[str, tuple[int, str]],
    srid: int,
) -> None:
    """Write the grids of a version, and which of them each household point is in.

    `areas` gives id and path of each community by its code; `srid` is the EPSG number of the town's frame.
    """
    rows = zip(
        net.code, net.name, net.dedicated.tolist(), net.subtype, net.community, net.households.tolist(), net.persons.tolist(),
        net.buildings.tolist(), net.area_m2.tolist(), net.perimeter_m.tolist(), net.compactness.tolist(), net.bounds,
        net.exception, shapely.to_wkb(net.polygon).tolist(), strict=True,
    )  # fmt: skip
    insert(
        conn,
        """INSERT INTO wangge.grid (plan_id, version, area_id, path, code, name, kind, subtype, households, persons, buildings,
             area_m2, perimeter_m, compactness, east, south, west, north, exception, shape) VALUES %s""",
        [
            (
                plan, version, *areas[community], code, name, "dedicated" if dedicated else "residential", subtype, households,
                persons, buildings, area, perimeter, compactness, *bounds,
                None if exception is None else orjson.dumps(dict(exception)).decode(), wkb, srid,
            )
            for code, name, dedicated, subtype, community, households, persons, buildings, area, perimeter, compactness, bounds,
                exception, wkb in rows
        ],
        template="(%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,ST_GeomFromWKB(%s,%s))",
    )  # fmt: skip
    save_assignment(conn, net, plan=plan, version=version, town=town, snapshot=snapshot)


def save_assignment(conn: connection, net: Net, *, plan: str, version: int, town: int, snapshot: int) -> None:
    """Write which grid of the version each household point of the snapshot is in."""
    grid_id = dict(many(conn, "SELECT code, id FROM wangge.grid WHERE plan_id = %s AND version = %s", [plan, version]))
    household_id = dict(
        many(
            conn,
            "SELECT external_id, id FROM wangge.household_point WHERE town_id = %s AND seen @> %s",
            [town, snapshot],
        )
    )
    of_row = np.array([grid_id[code] for code in net.code], dtype=np.int64)
    points = np.array([household_id[identity] for identity in net.household_id], dtype=np.int64)
    assign(conn, points, of_row[net.grid_of_household], plan=plan, version=version, snapshot=snapshot)


def assign(
    conn: connection, points: NDArray[np.int64], grids: NDArray[np.int64], *, plan: str, version: int, snapshot: int
) -> None:
    """Write which grid (n,) each point (n,) is in, both by their ids in the store."""
    # Arrays, because COPY into a table with policies is for superusers only, and this is as fast.
    for begin in range(0, len(points), _ROWS_AT_ONCE):
        rows = slice(begin, begin + _ROWS_AT_ONCE)
        run(
            conn,
            """INSERT INTO wangge.assignment (plan_id, version, snapshot, household_id, grid_id)
               SELECT %s, %s, %s, * FROM unnest(%s::bigint[], %s::bigint[])""",
            [plan, version, snapshot, array_text(points[rows].tolist()), array_text(grids[rows].tolist())],
        )


def load_net(conn: connection, *, plan: str, version: int) -> Net:
    """Return the net of a plan's version, in the order of its codes; its points in that in which the store met them.

    Raises
    ------
    Refused
        The caller sees some categories of grids alone: what is left is no net, and nothing true follows from it.
    """
    (is_part,) = one(
        conn,
        """SELECT coalesce(current_setting('wangge.categories', true), '') <> ''
             AND NOT (wangge.sees_category('residential') AND wangge.sees_category('dedicated'))""",
    )
    if is_part:
        msg = "grids of some categories are not yours to see; this is for somebody who sees all of them"
        raise Refused(msg, zh="部分类别的网格不在您的权限内；须由能查看全部类别者办理")
    rows = many(
        conn,
        """SELECT g.code, g.name, g.kind = 'dedicated', g.subtype, a.code, g.households, g.persons, g.buildings, g.area_m2,
             g.perimeter_m, g.compactness, g.east, g.south, g.west, g.north, g.exception, ST_AsBinary(g.shape), g.id
           FROM wangge.grid g JOIN wangge.area a ON a.id = g.area_id
           WHERE g.plan_id = %s AND g.version = %s ORDER BY a.code COLLATE "C", g.code COLLATE "C\"""",
        [plan, version],
    )
    outline = many(
        conn,
        """SELECT a.code, ST_AsBinary(c.noded) FROM wangge.plan_community c JOIN wangge.area a ON a.id = c.area_id
           WHERE c.plan_id = %s ORDER BY a.code COLLATE "C\"""",
        [plan],
    )
    index = {row[17]: n for n, row in enumerate(rows)}
    placed = many(
        conn,
        """SELECT h.external_id, s.grid_id FROM wangge.assignment s JOIN wangge.household_point h ON h.id = s.household_id
             JOIN wangge.plan p ON p.id = s.plan_id AND p.snapshot = s.snapshot
           WHERE s.plan_id = %s AND s.version = %s ORDER BY h.id""",
        [plan, version],
    )
    return net_of_rows(rows, outline, [(identity, index[grid]) for identity, grid in placed])


def net_of_rows(rows: list[tuple[Any, ...]], outline: list[tuple[str, Any]], placed: list[tuple[str, int]]) -> Net:
    """Put a net together from rows as `load_net` asks for them."""

    def column(n: int, dtype: type[np.generic]) -> np.ndarray[Any, np.dtype[Any]]:
        return np.array([row[n] for row in rows], dtype=dtype)

    return Net(
        code=tuple(row[0] for row in rows),
        name=tuple(row[1] for row in rows),
        dedicated=column(2, np.bool_),
        subtype=tuple(row[3] for row in rows),
        community=tuple(row[4] for row in rows),
        households=column(5, np.int64),
        persons=column(6, np.int64),
        buildings=column(7, np.int64),
        area_m2=column(8, np.float64),
        perimeter_m=column(9, np.float64),
        compactness=column(10, np.float64),
        bounds=tuple((row[11], row[12], row[13], row[14]) for row in rows),
        exception=tuple(row[15] for row in rows),
        polygon=np.array([shapely.from_wkb(bytes(row[16])) for row in rows], dtype=object),
        outline={code: shapely.from_wkb(bytes(wkb)) for code, wkb in outline},
        household_id=tuple(identity for identity, _ in placed),
        grid_of_household=np.array([grid for _, grid in placed], dtype=np.int64),
    )


def digest(net: Net) -> str:
    """Return the SHA-256 of what a net says on the ground: codes, kinds, communities, every vertex, every household."""
    made = hashlib.sha256()
    order = sorted(range(len(net)), key=lambda g: (net.community[g], net.code[g]))
    for g in order:
        made.update(orjson.dumps([net.community[g], net.code[g], bool(net.dedicated[g]), net.subtype[g]]))
        made.update(shapely.to_wkb(shapely.normalize(net.polygon[g]), byte_order=1))
    homes = sorted(zip(net.household_id, (net.code[g] for g in net.grid_of_household.tolist()), strict=True))
    made.update(orjson.dumps(homes))
    return made.hexdigest()
