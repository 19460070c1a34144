"""Blocks of plans in the store: what a draft is edited by, and which grid each is in.

An edition is one making of a plan's blocks, by a worker (api/block_job.py). Whoever changes a grid by another door than these
blocks ends it (`drop`), in the same transaction: the next time somebody opens the plan a new one is made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from psycopg2 import Binary

from data.store.sql import array_text, insert, many, maybe, one, run
from gis.errors import NotFound
from gis.locate import NOWHERE
from gis.town import LineKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

    from data.store.plans import PlanRow

_BORDER = np.dtype([("a", "<i4"), ("b", "<i4"), ("shared_m", "<f4", (len(LineKind),))])
"""How a border is kept: two blocks, a < b, and the metres of each `LineKind` on it."""
_TAG = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,9}))?")
"""How a tag is written: the edition, and the revision when a block of it was last cut or joined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One making of a plan's blocks; `origin` in micro-degrees, `settled` as in `partition.sheet.Sheet`.

    `drawn` is the plan's revision when a block was last cut, or parts joined; 0 where none ever was.
    """

    id: int
    drawn: int
    version: int
    settled: bool
    origin: tuple[int, int]
    compounds: tuple[str, ...]

    @property
    def tag(self) -> str:
        """The name of these blocks as they lie now."""
        return f"{self.id}.{self.drawn}" if self.drawn else str(self.id)

    def seen_by(self, tag: str) -> int | None:
        """Return the `drawn` of the blocks that a tag names, if they are of this edition, now or before; else None."""
        found = _TAG.fullmatch(tag)
        if found is None or int(found[1]) != self.id:
            return None
        drawn = int(found[2] or 0)
        return drawn if drawn <= self.drawn else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Borders:
    """Which blocks meet: `a` < `b` (m,) by number, and `shared_m` (m, kind) metres of each `LineKind`."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    shared_m: NDArray[np.float64]


NO_BORDERS = Borders(a=np.empty(0, dtype=np.int64), b=np.empty(0, dtype=np.int64), shared_m=np.empty((0, 0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockColumns:
    """The blocks of an edition that the caller sees, by number.

    `area` and `grid` are ids in the store (`NOWHERE`: in no grid); `compound` is an index into the edition's compounds or
    `NOWHERE`. Metres.
    """

    number: NDArray[np.int64]
    area: NDArray[np.int64]
    grid: NDArray[np.int64]
    dedicated: NDArray[np.bool_]
    compound: NDArray[np.int64]
    households: NDArray[np.int64]
    persons: NDArray[np.int64]
    buildings: NDArray[np.int64]
    area_m2: NDArray[np.float64]
    perimeter_m: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the blocks."""
        return len(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEdition:
    """An edition that is to be written: columns of blocks, one row one index into each.

    `area` and `path` are of their communities, `grid` an id or `NOWHERE`, `compound` an index into `compounds` or `NOWHERE`;
    `homes` the ids of each block's household points; `drawn` and `spot` as pages are sent them, from `origin`.
    """

    settled: bool
    origin: tuple[int, int]
    compounds: tuple[str, ...]
    borders: Borders
    srid: int
    area: Sequence[int]
    path: Sequence[str]
    grid: NDArray[np.int64]
    dedicated: NDArray[np.bool_]
    compound: NDArray[np.int64]
    households: NDArray[np.int64]
    persons: NDArray[np.int64]
    buildings: NDArray[np.int64]
    area_m2: NDArray[np.float64]
    perimeter_m: NDArray[np.float64]
    homes: Sequence[Sequence[int]]
    shape: NDArray[np.object_]
    drawn: Sequence[str]
    spot: Sequence[tuple[int, int, int]]


def edition_of(conn: connection, plan: PlanRow) -> Edition | None:
    """Return the edition of a plan's current version, or None where there is none."""
    row = maybe(
        conn,
        """SELECT id, version, settled, origin_x, origin_y, compounds, drawn FROM wangge.plan_edition
           WHERE plan_id = %s AND version = %s""",
        [plan.id, plan.version],
    )
    if row is None:
        return None
    identity, version, settled, x, y, compounds, drawn = row
    return Edition(id=identity, drawn=drawn, version=version, settled=settled, origin=(x, y), compounds=tuple(compounds))


def edition_there(conn: connection, plan: PlanRow) -> Edition:
    """Return the edition of a plan's current version; `NotFound` (`no-blocks`) where there is none."""
    found = edition_of(conn, plan)
    if found is None:
        msg = f"the blocks of plan {plan.number} have not been made yet: ask for them"
        raise NotFound(msg, code="no-blocks", zh=f"方案 {plan.number} 的地块尚未生成，请先发起生成")
    return found


def borders_of(conn: connection, edition: Edition) -> Borders:
    """Return all borders of an edition's blocks."""
    (packed,) = one(conn, "SELECT borders FROM wangge.plan_edition WHERE id = %s", [edition.id])
    rows = np.frombuffer(bytes(packed), dtype=_BORDER)
    return Borders(a=rows["a"].astype(np.int64), b=rows["b"].astype(np.int64), shared_m=rows["shared_m"].astype(np.float64))


def blocks_of(conn: connection, edition: Edition) -> BlockColumns:
    """Return the blocks of an edition that the caller sees."""
    rows = many(
        conn,
        """SELECT number, area_id, coalesce(grid_id, -1), dedicated, compound - 1, households, persons, buildings,
             area_m2, perimeter_m
           FROM wangge.plan_block WHERE edition = %s ORDER BY number""",
        [edition.id],
    )

    def column(n: int, dtype: type[np.generic]) -> np.ndarray[Any, np.dtype[Any]]:
        return np.array([row[n] for row in rows], dtype=dtype)

    return BlockColumns(
        number=column(0, np.int64),
        area=column(1, np.int64),
        grid=column(2, np.int64),
        dedicated=column(3, np.bool_),
        compound=column(4, np.int64),
        households=column(5, np.int64),
        persons=column(6, np.int64),
        buildings=column(7, np.int64),
        area_m2=column(8, np.float64),
        perimeter_m=column(9, np.float64),
    )


def grids_of_blocks(conn: connection, edition: Edition) -> list[tuple[int, int]]:
    """Return number and grid of each block that the caller sees, by number; `NOWHERE` in a gap."""
    return many(
        conn,
        "SELECT number, coalesce(grid_id, -1) FROM wangge.plan_block WHERE edition = %s ORDER BY number",
        [edition.id],
    )


def shapes_of(conn: connection, edition: Edition) -> NDArray[np.object_]:
    """Return the shapes of the blocks that the caller sees, by number, metres in the town's frame."""
    rows = many(conn, "SELECT ST_AsBinary(shape) FROM wangge.plan_block WHERE edition = %s ORDER BY number", [edition.id])
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = shapely.from_wkb([bytes(wkb) for (wkb,) in rows]) if rows else []
    return shapes


def drawings_of(conn: connection, edition: Edition) -> list[tuple[str, list[int]]]:
    """Return how each block that the caller sees is drawn, by number: its rings as JSON, and where a label has most room."""
    return many(conn, "SELECT drawn, spot FROM wangge.plan_block WHERE edition = %s ORDER BY number", [edition.id])


def write(conn: connection, plan: PlanRow, new: NewEdition, *, now: datetime) -> int:
    """Write a plan's blocks in the place of those that it had, as the owner of the store, and return the edition's id."""
    run(conn, "DELETE FROM wangge.plan_edition WHERE plan_id = %s", [plan.id])
    (identity,) = one(
        conn,
        """INSERT INTO wangge.plan_edition (plan_id, version, settled, origin_x, origin_y, compounds, borders, prepared_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id""",
        [plan.id, plan.version, new.settled, *new.origin, list(new.compounds), _packed(new.borders), now],
    )
    insert(
        conn,
        """INSERT INTO wangge.plan_block (edition, number, atom, area_id, path, grid_id, revision, dedicated, compound,
             households, persons, buildings, area_m2, perimeter_m, homes, shape, drawn, spot) VALUES %s""",
        (
            (identity, number, number, area, path, None if grid == NOWHERE else grid, plan.revision, *figures,
             array_text(homes), wkb, new.srid, drawn, array_text(spot))
            for number, (area, path, grid, *figures, homes, wkb, drawn, spot) in enumerate(zip(
                new.area, new.path, new.grid.tolist(), new.dedicated.tolist(), (new.compound + 1).tolist(),
                new.households.tolist(), new.persons.tolist(), new.buildings.tolist(), new.area_m2.tolist(),
                new.perimeter_m.tolist(), new.homes, shapely.to_wkb(new.shape).tolist(), new.drawn, new.spot, strict=True))
        ),
        template="(%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,ST_GeomFromWKB(%s,%s),%s,%s)",
    )  # fmt: skip
    return identity


def made_anew(conn: connection, edition: Edition) -> list[tuple[int, int, int]]:
    """Return the numbers that mean other ground than when the edition was made: since when, and of which block then."""
    return many(
        conn, "SELECT number, made, atom FROM wangge.plan_block WHERE edition = %s AND made > 0 ORDER BY number", [edition.id]
    )


def rewrite_borders(conn: connection, edition: Edition, found: Borders, drawn: int) -> None:
    """Write an edition's borders anew: some of its blocks are others since the plan's revision `drawn`."""
    run(
        conn,
        "UPDATE wangge.plan_edition SET borders = %s, drawn = %s WHERE id = %s",
        [_packed(found), drawn, edition.id],
    )


def redraw(conn: connection, edition: Edition, drawn: Sequence[str], spot: Mapping[int, tuple[int, int, int]]) -> None:
    """Write how an edition's blocks are drawn, where that has changed; `spot` of those alone that lie otherwise."""
    old = drawings_of(conn, edition)
    insert(
        conn,
        """UPDATE wangge.plan_block b SET drawn = v.drawn, spot = v.spot
           FROM (VALUES %s) AS v (edition, number, drawn, spot) WHERE b.edition = v.edition AND b.number = v.number""",
        [
            (edition.id, number, rings, array_text(spot.get(number, at)))
            for number, (rings, (was, at)) in enumerate(zip(drawn, old, strict=True))
            if rings != was or number in spot
        ],
        template="(%s::bigint, %s, %s, %s::integer[])",
    )


def _packed(borders: Borders) -> Binary:
    packed = np.empty(len(borders.a), dtype=_BORDER)
    packed["a"], packed["b"], packed["shared_m"] = borders.a, borders.b, borders.shared_m
    return Binary(packed.tobytes())


def drop(conn: connection, plan: PlanRow) -> None:
    """End a plan's edition, if there is one: its grids are no longer what these blocks say."""
    run(conn, "DELETE FROM wangge.plan_edition WHERE plan_id = %s", [plan.id])
