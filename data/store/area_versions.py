"""Versions of areas: each day has one, and a day that is over is never another.

A version says the name, the parent and the ground of an area from a day on. Where nothing differs nothing is written; what
differs ends the open version on the day and opens the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from psycopg2.errors import ExclusionViolation

from data.store.sql import many, run
from gis.errors import Conflict
from gis.frame import SNAP_M, snap_geometry, transform_geometry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray
    from psycopg2.extensions import connection


@dataclass(slots=True)
class Change:
    """What is being done to the tree: for which town, in which frame, from which day, and what was touched so far.

    `name` is by id what a parent is to be called, `touched` are parents whose ground may have changed.
    """

    town: str
    srid: int
    day: date
    own: frozenset[int]
    name: dict[int, str] = field(default_factory=dict[int, str])
    touched: set[int] = field(default_factory=set[int])
    new: list[str] = field(default_factory=list[str])
    closed: list[str] = field(default_factory=list[str])
    changed: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Version:
    """The version of an area that is open: its row, its first day, and what it says; `parent` is an id."""

    id: int
    since: date
    name: str
    parent: int | None
    shape: shapely.Geometry


def open_versions(conn: connection, areas: Sequence[int]) -> dict[int, Version]:
    """Return the open version of each of the areas that has one, by the area's id."""
    rows: list[tuple[int, int, date, str, int | None, str]] = many(
        conn,
        """SELECT area_id, id, lower(valid), name, parent_id, shape FROM wangge.area_version
        WHERE area_id = ANY (%s) AND upper_inf(valid)""",
        [list(areas)],
    )
    shapes = from_ewkb([row[-1] for row in rows])
    return {row[0]: Version(row[1], row[2], row[3], row[4], shape) for row, shape in zip(rows, shapes, strict=True)}


def write(conn: connection, change: Change, old: Version | None, new: Version, code: str) -> None:
    """Let an area be what `new` says from the day on; `new.id` is the area. A version of the same day is corrected."""
    if old is not None and _says_the_same(old, new):
        return
    if old is None:
        change.new.append(code)
    else:
        _refuse_earlier(change, old, code)
        change.changed.append(code)
    values = {
        "area": new.id,
        "day": change.day,
        "name": new.name,
        "parent": new.parent,
        "shape": shapely.to_wkb(new.shape, hex=True, include_srid=True),
        "old": None if old is None else old.id,
    }
    if old is not None and old.since == change.day:
        run(
            conn,
            """UPDATE wangge.area_version SET name = %(name)s, parent_id = %(parent)s, shape = %(shape)s::geometry
            WHERE id = %(old)s""",
            values,
        )
        return
    run(conn, "UPDATE wangge.area_version SET valid = daterange(lower(valid), %(day)s) WHERE id = %(old)s", values)
    try:
        run(
            conn,
            """INSERT INTO wangge.area_version (area_id, valid, name, parent_id, shape)
            VALUES (%(area)s, daterange(%(day)s, NULL), %(name)s, %(parent)s, %(shape)s::geometry)""",
            values,
        )
    except ExclusionViolation as error:
        raise _too_early(change, code) from error


def close(conn: connection, change: Change, version: Version, code: str, heir: int | None) -> None:
    """End an area on the day; one that began that day never was."""
    _refuse_earlier(change, version, code)
    change.closed.append(code)
    if version.since == change.day:
        run(conn, "DELETE FROM wangge.area_version WHERE id = %s", [version.id])
        return
    run(
        conn,
        "UPDATE wangge.area_version SET valid = daterange(lower(valid), %s), replaced_by = %s WHERE id = %s",
        [change.day, heir, version.id],
    )


def _refuse_earlier(change: Change, version: Version, code: str) -> None:
    if version.since > change.day:
        raise _too_early(change, code)


def _too_early(change: Change, code: str) -> Conflict:
    return Conflict(
        f"area {code} is known for days after {change.day} already: import with a later day", code="later-state-known"
    )


def _says_the_same(old: Version, new: Version) -> bool:
    return (
        (old.name, old.parent) == (new.name, new.parent)
        and bool(shapely.get_srid(old.shape) == shapely.get_srid(new.shape))
        # The same ground, however its ring is written: neighbours' corners on a parent's straight line come and go.
        and bool(shapely.equals(old.shape, new.shape))
    )


def from_ewkb(texts: Sequence[str]) -> NDArray[np.object_]:
    """Read geometries as PostGIS writes them; their coordinates are the very same."""
    return np.asarray(shapely.from_wkb(np.array(texts, dtype=object)), dtype=object)


def in_frame(shapes: NDArray[np.object_], srid: int) -> NDArray[np.object_]:
    """Carry shapes that are in other frames into one."""
    placed = shapes.copy()
    for other in np.unique(shapely.get_srid(shapes)).tolist():
        if other != srid:
            strange = shapely.get_srid(shapes) == other
            placed[strange] = snap_geometry(transform_geometry(shapes[strange], f"EPSG:{other}", f"EPSG:{srid}"))
    return placed


def union(shapes: NDArray[np.object_]) -> Any:  # noqa: ANN401 a Polygon or a MultiPolygon
    """Join areas: exactly where they fit together, on the 1 cm grid where they do not."""
    parts = shapely.get_parts(shapes)
    fits = shapely.coverage_is_valid(parts)
    ground = shapely.coverage_union_all(parts) if fits else shapely.union_all(parts, grid_size=SNAP_M)
    single = shapely.get_geometry(ground, 0) if shapely.get_num_geometries(ground) == 1 else ground
    return shapely.orient_polygons(shapely.normalize(single))
