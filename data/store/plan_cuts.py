"""Blocks of a draft that a planner cuts, and parts that are joined again (partition/parting.py says how one is parted).

The numbers of all other blocks stay, so that whoever paints elsewhere goes on. One part keeps the block's number, the others
get the next ones; where parts are joined the last numbers move into those that are left over. A number that has come to mean
other ground knows since which revision of the plan (`made`), and nobody paints on what they have not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from data.store import paint, plan_blocks, plan_ground
from data.store.cut_borders import borders_of_joined, borders_of_parts
from data.store.draft_figures import back_to_draft, draft_sheet, rebound
from data.store.log import record
from data.store.paint_board import overlapping
from data.store.plan_blocks import edition_there
from data.store.plans import get
from data.store.sql import array_text, insert, many, run
from gis.errors import Conflict, RequestError
from gis.faces import dissolve
from gis.town import LineKind
from partition.parting import Hindrance, Homes, Parted, Spot, part_along, part_between_buildings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from psycopg2.extensions import connection
    from shapely import Geometry

    from data.store.plan_blocks import Borders, Edition
    from data.store.plans import PlanRow

_NEAR_M = 1.0
"""Blocks so near to one that is cut are noded with it."""
_BESIDE_M = 0.05
"""Lines of two towns' nets that are one lie so near to each other."""

WHY = {
    Hindrance.MISSES: "the line does not cross the block from edge to edge: begin and end it outside",
    Hindrance.BUILDING: "the line goes through a building, and buildings are never cut: lead it between the houses",
    Hindrance.SMALL: "a part would be too small or too narrow for anybody: move the line away from the edge",
    Hindrance.ONE_BUILDING: "all households of the block are in one building, and buildings are never cut",
    Hindrance.HELD: "the line ends on the border to a grid in force beside this plan: end it at a corner of that border",
    Hindrance.UNFIT: "the line does not fit between the points here: move it a little",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of it: plan and edition now, the numbers of the blocks that were made, and of those that lie otherwise."""

    plan: PlanRow
    edition: Edition
    blocks: tuple[int, ...]
    changed: frozenset[int]
    moved: Mapping[int, int]
    """Numbers that are gone, or mean other ground, with the one that has their ground now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A plan that is locked and open, its edition, and what whoever is at it has seen.

    That is the plan's revision, and the revision when a block was last cut or joined (`Edition.drawn`).
    """

    plan: PlanRow
    edition: Edition
    base: int
    drawn: int
    now: datetime


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a block is to be: its shape, household points, and households, persons and buildings of these, and its compound."""

    shape: Geometry
    homes: Sequence[int]
    figures: Sequence[int]
    compound: int


@dataclass(frozen=True, slots=True)
class _Block:
    """A block as it is; its grid `NOWHERE` in a gap, its compound counted from 1 as the store has it, 0 for none."""

    number: int
    atom: int
    area: int
    path: str
    grid: int
    revision: int
    made: int
    dedicated: bool
    compound: int
    households: int
    persons: int
    buildings: int
    homes: Sequence[int]
    shape: Geometry


def refuse_unseen(conn: connection, edition: Edition, numbers: Collection[int], drawn: int) -> None:
    """Refuse what somebody does to blocks that were cut or joined since they have seen them (409 `stale-edition`)."""
    if drawn == edition.drawn:
        return
    rows = many(
        conn,
        "SELECT number FROM wangge.plan_block WHERE edition = %s AND number = ANY (%s::integer[]) AND made <= %s",
        [edition.id, array_text(numbers), drawn],
    )
    if len(rows) < len(set(numbers)):
        msg = "blocks of this plan were cut or joined since you have seen them: fetch them again"
        raise Conflict(msg, code="stale-edition", zh="该方案的地块已被切分或合并，请重新取得")


def cut(conn: connection, desk: Desk, number: int, line: Geometry | None) -> Drawn:
    """Cut a block along a line in the town's frame, or, without one, between its buildings.

    The parts stay in the block's grid. `Conflict` where somebody else was there first; `RequestError` where it cannot be.
    """
    (block,) = _blocks(conn, desk, [number], "/block")
    if block.dedicated:
        msg = "the block lies in a dedicated grid: its line is not painted"
        raise _refused("/block", "dedicated-grid", msg)
    around = _around(conn, desk.edition, block)
    spot = _spot(conn, desk, block, around)
    parted = part_between_buildings(spot) if line is None else part_along(spot, line)
    if isinstance(parted, Hindrance):
        raise _refused("/block" if line is None else "/line", parted.value, WHY[parted])
    count = _count(conn, desk.edition)
    numbers = (number, *range(count, count + len(parted.part) - 1))
    _add(conn, desk.edition, block, numbers[1:])
    for each, ground in zip(numbers, _grounds(conn, desk, block, parted), strict=True):
        _write(conn, desk, each, ground)
    moved = {each: shape for (each, old), shape in zip(around, parted.around.tolist(), strict=True) if not _same(old, shape)}
    _reshape(conn, desk.edition, moved)
    ids = np.array([*numbers, *(each for each, _ in around)], dtype=np.int64)
    _rewrite(conn, desk, borders_of_parts(plan_blocks.borders_of(conn, desk.edition), number, parted, ids))
    _follow(conn, desk, frozenset({*numbers, *moved}), block)
    _tell(conn, desk, "cut", block, len(numbers))
    return _drawn(conn, desk, numbers, {*numbers, *moved})


def join(conn: connection, desk: Desk, numbers: Sequence[int]) -> Drawn:
    """Join parts of one block again, which must be in one grid and hang together."""
    blocks = _blocks(conn, desk, sorted(set(numbers)), "/blocks")
    first = blocks[0]
    if len(blocks) < 2 or any(block.atom != first.atom for block in blocks):  # noqa: PLR2004 - two to join
        msg = "only parts of one block that was cut are joined, two or more"
        raise _refused("/blocks", "not-parts-of-one", msg)
    if any(block.grid != first.grid for block in blocks):
        msg = "these parts are in different grids by now: bring them into one before you join them"
        raise Conflict(msg, code="parts-apart", zh="这些部分已分属不同网格，请先归入同一网格再合并")
    shapes = _array([block.shape for block in blocks])
    (whole,) = dissolve(shapes, np.zeros(len(shapes), dtype=np.int64), 1)
    if shapely.get_num_geometries(whole) != 1:
        msg = "these parts do not touch: join those in between too"
        raise _refused("/blocks", "not-connected", msg)
    kept, gone = first.number, [block.number for block in blocks[1:]]
    largest = max(blocks, key=lambda block: float(shapely.area(block.shape)))
    figures = np.sum([(block.households, block.persons, block.buildings) for block in blocks], axis=0).tolist()
    _write(conn, desk, kept, _Ground(whole, [home for block in blocks for home in block.homes], figures, largest.compound))
    run(
        conn,
        "UPDATE wangge.plan_block SET revision = %s WHERE edition = %s AND number = %s",
        [max(block.revision for block in blocks), desk.edition.id, kept],
    )
    count = _count(conn, desk.edition)
    run(
        conn,
        "DELETE FROM wangge.plan_block WHERE edition = %s AND number = ANY (%s::integer[])",
        [desk.edition.id, array_text(gone)],
    )
    place = _renumber(conn, desk, gone, count)
    target = np.arange(count)
    target[gone] = kept
    target = np.array([place.get(each, each) for each in target.tolist()], dtype=np.int64)
    _rewrite(conn, desk, borders_of_joined(plan_blocks.borders_of(conn, desk.edition), target))
    _follow(conn, desk, frozenset({kept}), first)
    _tell(conn, desk, "join", first, len(blocks))
    return _drawn(conn, desk, (kept,), {kept, *place.values()}, dict.fromkeys(gone, kept) | place)


# --- what it is about ---------------------------------------------------------------------------------------------------


def _blocks(conn: connection, desk: Desk, numbers: Sequence[int], pointer: str) -> list[_Block]:
    """Return blocks as they are; refuses those that there are not, and those where somebody else was first."""
    edition = desk.edition
    refuse_unseen(conn, edition, numbers, desk.drawn)
    if desk.base > desk.plan.revision:
        raise _refused("/base", "invalid-value", f"the plan is at revision {desk.plan.revision}")
    rows = many(
        conn,
        """SELECT number, atom, area_id, path::text, coalesce(grid_id, -1), revision, made, dedicated, compound, households,
             persons, buildings, homes, ST_AsBinary(shape)
           FROM wangge.plan_block WHERE edition = %s AND number = ANY (%s::integer[]) ORDER BY number""",
        [edition.id, array_text(numbers)],
    )
    if len(rows) < len(numbers):
        missing = sorted({*numbers} - {row[0] for row in rows})
        raise _refused(pointer, "unknown-block", f"there is no block {missing[0]}")
    found = [_Block(*columns, shape=shapely.from_wkb(bytes(wkb))) for *columns, wkb in rows]
    both = [block.number for block in found if block.revision > desk.base]
    if both:
        raise overlapping(desk.plan, both, [(block.number, block.grid) for block in found if block.number in both])
    return found


def _count(conn: connection, edition: Edition) -> int:
    ((count,),) = many(conn, "SELECT count(*) FROM wangge.plan_block WHERE edition = %s", [edition.id])
    return count


def _around(conn: connection, edition: Edition, block: _Block) -> list[tuple[int, Geometry]]:
    """Return number and shape of the blocks that touch one, or nearly."""
    rows = many(
        conn,
        """SELECT b.number, ST_AsBinary(b.shape) FROM wangge.plan_block b, wangge.plan_block own
           WHERE own.edition = %s AND own.number = %s AND b.edition = own.edition AND b.number <> own.number
             AND ST_DWithin(b.shape, own.shape, %s) ORDER BY b.number""",
        [edition.id, block.number, _NEAR_M],
    )
    return [(number, shapely.from_wkb(bytes(wkb))) for number, wkb in rows]


def _spot(conn: connection, desk: Desk, block: _Block, around: Sequence[tuple[int, Geometry]]) -> Spot:
    points = many(
        conn,
        """SELECT ST_X(shape), ST_Y(shape), building, households FROM wangge.household_point
           WHERE id = ANY (%s::bigint[]) ORDER BY array_position(%s::bigint[], id)""",
        [array_text(block.homes)] * 2,
    )
    beside = many(
        conn,
        """SELECT ST_X(h.shape), ST_Y(h.shape) FROM wangge.household_point h
           WHERE h.id IN (SELECT unnest(b.homes) FROM wangge.plan_block b
                          WHERE b.edition = %s AND b.number = ANY (%s::integer[]))""",
        [desk.edition.id, array_text(number for number, _ in around)],
    )
    box = shapely.bounds(block.shape).tolist()
    barriers, compounds = (plan_ground.features(conn, desk.plan, layer, box) for layer in ("barrier", "compound"))
    walls = shapely.boundary(shapely.get_parts(compounds.shape)) if len(compounds.shape) else np.empty(0, dtype=object)
    kinds = [*(int(LineKind[kind]) for kind in barriers.kind), *(int(LineKind.WALL) for _ in walls)]
    return Spot(
        block=block.shape,
        around=_array([shape for _, shape in around]),
        homes=Homes(
            xy=np.array([row[:2] for row in points], dtype=np.float64).reshape(-1, 2),
            building=tuple(row[2] for row in points),
            households=np.array([row[3] for row in points], dtype=np.int64),
        ),
        beside=np.array(beside, dtype=np.float64).reshape(-1, 2),
        lines=np.concatenate([barriers.shape, walls]),
        kinds=np.array(kinds, dtype=np.int64),
        held=_held(conn, desk.plan, block),
    )


def _held(conn: connection, plan: PlanRow, block: _Block) -> Geometry | None:
    """Return what of a block's outline is the line of a net in force beside the plan; beside it the plan takes effect."""
    rows = many(
        conn,
        """SELECT ST_AsBinary(g.shape) FROM wangge.grid g CROSS JOIN (SELECT frame FROM wangge.town WHERE id = %s) t
           WHERE upper_inf(g.in_force) AND NOT g.path <@ ANY (%s::ltree[]) AND ST_SRID(g.shape) = t.frame
             AND g.geom && ST_Transform(ST_GeomFromWKB(%s, t.frame), 4490)""",
        [plan.town, list(plan.paths), shapely.to_wkb(block.shape)],
    )
    if not rows:
        return None
    theirs = shapely.union_all(_array([shapely.from_wkb(bytes(wkb)) for (wkb,) in rows]))
    return shapely.intersection(shapely.boundary(block.shape), shapely.buffer(theirs, _BESIDE_M))


# --- what is written ----------------------------------------------------------------------------------------------------


def _add(conn: connection, edition: Edition, block: _Block, numbers: Sequence[int]) -> None:
    """Write blocks that are parts of another: what parts have of their own comes afterwards."""
    insert(
        conn,
        """INSERT INTO wangge.plan_block (edition, number, atom, area_id, path, grid_id, revision, dedicated, compound,
             households, persons, buildings, area_m2, perimeter_m, homes, shape, drawn, spot)
           SELECT b.edition, v.number, b.atom, b.area_id, b.path, b.grid_id, b.revision, b.dedicated, b.compound, 0, 0, 0, 0, 0,
             '{}', b.shape, '[]', b.spot
           FROM (VALUES %s) AS v (edition, old, number)
             JOIN wangge.plan_block b ON b.edition = v.edition AND b.number = v.old""",
        [(edition.id, block.number, number) for number in numbers],
        template="(%s::bigint, %s, %s)",
    )


def _grounds(conn: connection, desk: Desk, block: _Block, parted: Parted) -> list[_Ground]:
    """Return what the parts of a block are to be."""
    counts = many(
        conn,
        "SELECT id, households, persons, (households > 0)::integer FROM wangge.household_point WHERE id = ANY (%s::bigint[])",
        [array_text(block.homes)],
    )
    of_home = {identity: of for identity, *of in counts}
    compounds = _compounds(conn, desk, block, parted.part)
    found: list[_Ground] = []
    for k, shape in enumerate(parted.part.tolist()):
        homes = [home for home, where in zip(block.homes, parted.home_part.tolist(), strict=True) if where == k]
        figures = np.array([of_home[home] for home in homes], dtype=np.int64).reshape(-1, 3).sum(axis=0).tolist()
        found.append(_Ground(shape, homes, figures, compounds[k]))
    return found


def _write(conn: connection, desk: Desk, number: int, ground: _Ground) -> None:
    run(
        conn,
        """UPDATE wangge.plan_block SET shape = ST_GeomFromWKB(%s, ST_SRID(shape)), area_m2 = %s, perimeter_m = %s, homes = %s,
             households = %s, persons = %s, buildings = %s, compound = %s, made = %s
           WHERE edition = %s AND number = %s""",
        [
            shapely.to_wkb(ground.shape), *_measures(ground.shape), array_text(ground.homes), *ground.figures,
            ground.compound, desk.plan.revision + 1, desk.edition.id, number,
        ],
    )  # fmt: skip


def _reshape(conn: connection, edition: Edition, shapes: Mapping[int, Geometry]) -> None:
    """Write the shapes of blocks that a line ends on; they are the same ground."""
    insert(
        conn,
        """UPDATE wangge.plan_block b
           SET shape = ST_GeomFromWKB(v.shape, ST_SRID(b.shape)), area_m2 = v.area, perimeter_m = v.length
           FROM (VALUES %s) AS v (edition, number, shape, area, length) WHERE b.edition = v.edition AND b.number = v.number""",
        [(edition.id, number, shapely.to_wkb(shape), *_measures(shape)) for number, shape in shapes.items()],
        template="(%s::bigint, %s, %s, %s, %s)",
    )


def _renumber(conn: connection, desk: Desk, gone: Sequence[int], count: int) -> dict[int, int]:
    """Move the last blocks into the numbers that are left over, so that they stay without a gap; return which went where."""
    left = count - len(gone)
    free = [number for number in gone if number < left]
    last = [number for number in range(left, count) if number not in gone]
    place = dict(zip(last, free, strict=True))
    insert(
        conn,
        """UPDATE wangge.plan_block b SET number = v.place, made = v.made
           FROM (VALUES %s) AS v (edition, number, place, made) WHERE b.edition = v.edition AND b.number = v.number""",
        [(desk.edition.id, number, free, desk.plan.revision + 1) for number, free in place.items()],
        template="(%s::bigint, %s, %s, %s)",
    )
    return place


def _compounds(conn: connection, desk: Desk, block: _Block, part: NDArray[np.object_]) -> list[int]:
    """Return the compound that most of each part lies in, as the store counts them; where outlines do not tell, the block's."""
    names = desk.edition.compounds
    found = plan_ground.features(conn, desk.plan, "compound", shapely.bounds(block.shape).tolist())
    place = {name: number for number, name in enumerate(names, 1) if names.count(name) == 1}
    if not len(found.name) or not set(found.name) <= place.keys():
        return [block.compound] * len(part)
    chosen: list[int] = []
    for shape in part.tolist():
        share = shapely.area(shapely.intersection(found.shape, shape))
        best = int(share.argmax())
        bare = float(shapely.area(shape)) - float(share.sum())
        chosen.append(place[found.name[best]] if share[best] > bare else 0)
    return chosen


def _rewrite(conn: connection, desk: Desk, borders: Borders) -> None:
    plan_blocks.rewrite_borders(conn, desk.edition, borders, desk.plan.revision + 1)


# --- what follows -------------------------------------------------------------------------------------------------------


def _follow(conn: connection, desk: Desk, changed: frozenset[int], block: _Block) -> None:
    """Write what follows for grids, communities and the plan."""
    paint.redraw(conn, desk.plan, desk.edition, changed)
    rebound(conn, desk.plan, draft_sheet(conn, desk.plan), [shapely.bounds(block.shape)])
    back_to_draft(conn, desk.plan, draft_sheet(conn, desk.plan), desk.now)


def _tell(conn: connection, desk: Desk, what: str, block: _Block, blocks: int) -> None:
    """Tell the log."""
    body = {"version": desk.plan.version, "block": block.number, "blocks": blocks}
    record(conn, f"plan.block.{what}", path=block.path, subject=desk.plan.id, body=body)


def _drawn(
    conn: connection, desk: Desk, blocks: tuple[int, ...], changed: Collection[int], moved: Mapping[int, int] | None = None
) -> Drawn:
    plan = get(conn, desk.plan.id)
    return Drawn(plan, edition_there(conn, plan), blocks, frozenset(changed), moved or {})


def _refused(pointer: str, code: str, detail: str) -> RequestError:
    return RequestError(detail, code="invalid-body", errors=[{"pointer": pointer, "code": code, "detail": detail}])


def _measures(shape: Geometry) -> tuple[float, float]:
    return float(shapely.area(shape)), float(shapely.length(shape))


def _same(one: Geometry, other: Geometry) -> bool:
    return bool(shapely.equals_identical(shapely.normalize(one), shapely.normalize(other)))


def _array(shapes: Sequence[Geometry]) -> NDArray[np.object_]:
    found = np.empty(len(shapes), dtype=object)
    found[:] = shapes
    return found
