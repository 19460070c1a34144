"""Departments' own nets in the store: brought in, kept from day to day, retired; and how each is shared out among the grids.

A file is a department's whole net in an area from a day on. What it says again stays as it is, what it says otherwise begins
anew, and what it leaves out ends; nothing that was ever there is taken away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from data.store.log import record
from data.store.sql import insert, many, maybe, one, run
from gis.errors import Conflict
from gis.locate import NOWHERE
from partition.crosswalk import crosswalk, in_millionths, pairs_of, wider_than_snap

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

    from data.legacy_file import LegacyNet
    from data.store.plans import AreaRow
    from data.store.stats import Place
    from partition.crosswalk import Pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What became of a file: codes of cells that are new, begin anew with what they say now, or end; the others stayed."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    ended: tuple[str, ...]
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetRow:
    """A department's net in an area (its code) as of a day: how many cells are in use, and how many there ever were.

    `valid_to` is the first day on which none was, None while any is.
    """

    department: str
    area: str
    path: str
    active: int
    cells: int
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How much of a cell goes to a grid (None: to none): in millionths, those of a cell exactly a million together.

    `is_by_households` says by what: households where the cell has any, else ground, in square metres.
    """

    cell: str
    name: str
    area: str
    grid: str | None
    millionths: int
    households: int
    ground_m2: float
    is_by_households: bool


# --- in and out -----------------------------------------------------------------------------------------------------------


def frame_of(conn: connection, area: AreaRow) -> int:
    """Return the EPSG number of the metric frame that an area was last in."""
    (srid,) = one(
        conn,
        "SELECT ST_SRID(shape) FROM wangge.area_version WHERE area_id = %s ORDER BY lower(valid) DESC LIMIT 1",
        [area.id],
        what=f"ground of the area {area.code}",
    )
    return srid


def bring_in(conn: connection, area: AreaRow, department: str, net: LegacyNet, *, srid: int, day: date) -> Brought:
    """Let a department's net in an area be that of a file from `day` on, as the store's owner.

    Raises
    ------
    Conflict
        Some of it begins or ends later than that day: what came after is known already.
    """
    _refuse_earlier(conn, area, department, day)
    wkb = [bytes(each) for each in shapely.to_wkb(net.polygon, byte_order=1)]
    told = {code: (name, shape) for code, name, shape in zip(net.code, net.name, wkb, strict=True)}
    rows = many(
        conn,
        """SELECT id, code, name, ST_AsBinary(shape, 'NDR'), ST_SRID(shape) FROM wangge.legacy_grid
           WHERE area_id = %s AND department = %s AND valid @> %s::date""",
        [area.id, department, day],
    )
    held = {code: (name, bytes(shape)) for _, code, name, shape, frame in rows if frame == srid}
    stays = {code for code, said in held.items() if told.get(code) == said}
    there = {code for _, code, *_ in rows}
    _end(conn, [number for number, code, *_ in rows if code not in stays], day)
    insert(
        conn,
        "INSERT INTO wangge.legacy_grid (department, area_id, code, name, valid, shape) VALUES %s",
        [(department, area.id, code, name, day, shape, srid) for code, (name, shape) in told.items() if code not in stays],
        template="(%s, %s, %s, %s, daterange(%s, NULL), ST_GeomFromWKB(%s, %s))",
    )
    done = Brought(
        added=tuple(sorted(told.keys() - there)),
        changed=tuple(sorted(told.keys() & there - stays)),
        ended=tuple(sorted(there - told.keys())),
        unchanged=len(stays),
    )
    if done.added or done.changed or done.ended:
        body = {
            "valid_from": day.isoformat(), "added": len(done.added), "changed": len(done.changed), "ended": len(done.ended),
        }  # fmt: skip
        record(conn, "legacy.imported", path=area.path, subject=department, body=body)
    return done


def retire(conn: connection, area: AreaRow, department: str, *, day: date) -> int:
    """Let a department's net in an area be no longer in use from `day` on; return how many cells end so. Again, none does.

    Raises
    ------
    NotFound
        There is no such net.
    Conflict
        Some of it begins on that day or later.
    """
    one(
        conn,
        "SELECT FROM wangge.legacy_grid WHERE area_id = %s AND department = %s LIMIT 1",
        [area.id, department],
        what=f"net of the department {department} in {area.code}",
    )
    _refuse_earlier(conn, area, department, day, begins=True)
    cells = many(
        conn,
        "SELECT id FROM wangge.legacy_grid WHERE area_id = %s AND department = %s AND valid @> %s::date",
        [area.id, department, day],
    )
    ended = _end(conn, [number for (number,) in cells], day)
    if ended:
        record(conn, "legacy.retired", path=area.path, subject=department, body={"on": day.isoformat(), "cells": ended})
    return ended


def _refuse_earlier(conn: connection, area: AreaRow, department: str, day: date, *, begins: bool = False) -> None:
    """Refuse a day before something that is known to have happened to a net; of two at once the second waits."""
    run(conn, "SELECT pg_advisory_xact_lock(hashtextextended('wangge.legacy.' || %s || '.' || %s, 0))", [area.id, department])
    (first, last) = one(
        conn,
        """SELECT max(lower(valid)), max(upper(valid)) FROM wangge.legacy_grid WHERE area_id = %s AND department = %s""",
        [area.id, department],
    )
    known = [each for each in (first, last) if each is not None and each > day]
    if known or (begins and first == day):
        later = max(known, default=day)
        raise Conflict(
            f"the net of {department} in {area.code} is known until {later}: say a later day",
            code="past-day",
            known=later,
            zh=f"“{department}”在{area.code}的网格已记录至 {later}；请写更晚的日期",
        )


def _end(conn: connection, cells: Sequence[int], day: date) -> int:
    """Let cells end on a day; those that begin on it never were."""
    run(conn, "DELETE FROM wangge.legacy_grid WHERE id = ANY (%s) AND lower(valid) = %s", [list(cells), day])
    return run(
        conn,
        "UPDATE wangge.legacy_grid SET valid = daterange(lower(valid), %s) WHERE id = ANY (%s)",
        [day, list(cells)],
    )


# --- as of a day ------------------------------------------------------------------------------------------------------------


def nets(conn: connection, day: date, *, area: str | None = None) -> list[NetRow]:
    """Return the nets that there had been by a day, those of an area (a path), above it and in it, by department and area."""
    rows = many(
        conn,
        """SELECT l.department, a.code, a.path::text, count(*) FILTER (WHERE l.valid @> %(day)s::date), count(DISTINCT l.code),
             min(lower(l.valid)),
             CASE WHEN NOT bool_or(l.valid @> %(day)s::date) THEN max(upper(l.valid)) END
           FROM wangge.legacy_grid l JOIN wangge.area a ON a.id = l.area_id
           WHERE lower(l.valid) <= %(day)s
             AND (%(area)s::ltree IS NULL OR l.path <@ %(area)s::ltree OR l.path @> %(area)s::ltree)
           GROUP BY l.department, a.id ORDER BY l.department, a.code""",
        {"day": day, "area": area},
    )
    return [NetRow(**dict(zip(NetRow.__slots__, row, strict=True))) for row in rows]


def shared_out(conn: connection, department: str, place: Place, *, day: date, until: datetime) -> list[Share]:
    """Return how a department's cells are shared out among the grids of an area on a day, as they were when last in use.

    Of a cell of an area above, what lies in the area asked for counts. `until` is the end of the day.
    """
    frame = maybe(
        conn, "SELECT ST_SRID(shape) FROM wangge.area_version WHERE area_id = %s AND valid @> %s::date", [place.id, day]
    )
    if frame is None:
        return []
    cells = _cells(conn, department, place, day, frame[0])
    grids = many(
        conn,
        """SELECT g.code, ST_AsBinary(ST_Transform(g.shape, %s)) FROM wangge.grid g
           WHERE g.in_force @> %s::date AND g.path <@ %s::ltree ORDER BY g.code COLLATE "C" """,
        [frame[0], day, place.path],
    )
    index = {number: row for row, (number, *_) in enumerate(cells)}
    grid_row = {code: row for row, (code, _) in enumerate(grids)} | {"": NOWHERE}
    homes = many(
        conn,
        "SELECT cell, grid_code, households FROM wangge.legacy_homes(%s, %s, %s, %s)",
        [list(index), place.path, day, until],
    )
    in_old = np.array([index[cell] for cell, _, _ in homes], dtype=np.int64)
    in_new = np.array([grid_row.get(code, NOWHERE) for _, code, _ in homes], dtype=np.int64)
    households = np.array([int(count) for *_, count in homes], dtype=np.int64)
    old, new = _shapes([row[-1] for row in cells]), _shapes([shape for _, shape in grids])
    pairs = pairs_of(old, new, households=households, in_old=in_old, in_new=in_new)
    return _shares(pairs, cells, [code for code, _ in grids], wider_than_snap(old))


def _shares(pairs: Pairs, cells: list[tuple[Any, ...]], grids: Sequence[str], is_wide: NDArray[np.bool_]) -> list[Share]:
    """Return the rows of the crosswalk; what merely touches the area, in a strip as thin as the snap grid, has none."""
    walk, side = crosswalk(pairs), pairs.old_side
    ground = pairs.area_m2.tolist()
    common = {pair: n for n, pair in enumerate(zip(pairs.old.tolist(), pairs.new.tolist(), strict=True))}
    bare = np.maximum(side.area_m2 - np.bincount(pairs.old, weights=pairs.area_m2, minlength=len(side)), 0.0)
    rows: list[Share] = []
    found: list[tuple[int, int, int]] = list(
        zip(*(each.tolist() for each in (walk.old, walk.new, in_millionths(walk))), strict=True)
    )
    for i, j, share in found:
        if not (is_wide[i] or side.households[i]):
            continue
        n = common.get((i, j))
        _, code, name, area, _ = cells[i]
        rows.append(
            Share(
                cell=code, name=name, area=area, grid=None if j == NOWHERE else grids[j], millionths=share,
                households=int(side.alone[i] if n is None else pairs.households[n]),
                ground_m2=round(float(bare[i]) if n is None else ground[n], 2),
                is_by_households=bool(side.households[i]),
            )
        )  # fmt: skip
    return rows


def _cells(conn: connection, department: str, place: Place, day: date, srid: int) -> list[tuple[Any, ...]]:
    """Return the cells as they were on a day, or on the last before it on which any of the same area was in use.

    Each as id, code, name, the code of its area, and its shape, cut to the area asked for where it is of one above.
    """
    return many(
        conn,
        """WITH ours AS (
             SELECT l.* FROM wangge.legacy_grid l
             WHERE l.department = %(department)s AND lower(l.valid) <= %(day)s
               AND (l.path <@ %(area)s::ltree OR l.path @> %(area)s::ltree)
           ), last AS (
             SELECT area_id, max(least(coalesce(upper(valid), 'infinity'), %(day)s::date + 1)) AS day FROM ours GROUP BY area_id
           ), here AS (
             SELECT shape FROM wangge.area_version WHERE area_id = %(id)s AND valid @> %(day)s::date
           )
           SELECT o.id, o.code, o.name, a.code, ST_AsBinary(s.shape)
           FROM ours o JOIN last USING (area_id) JOIN wangge.area a ON a.id = o.area_id CROSS JOIN here
             CROSS JOIN LATERAL (SELECT ST_Transform(o.shape, %(srid)s) AS whole) w
             CROSS JOIN LATERAL (
               SELECT CASE WHEN o.path <@ %(area)s::ltree THEN w.whole
                 ELSE ST_CollectionExtract(ST_Intersection(w.whole, here.shape), 3) END AS shape) s
           WHERE o.valid @> (last.day - 1) AND NOT ST_IsEmpty(s.shape)
           ORDER BY a.code, o.code""",
        {"department": department, "day": day, "area": place.path, "id": place.id, "srid": srid},
    )


def _shapes(wkb: Sequence[memoryview]) -> NDArray[np.object_]:
    made = np.empty(len(wkb), dtype=object)
    made[:] = [shapely.from_wkb(bytes(each)) for each in wkb]
    return made
