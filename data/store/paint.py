"""A draft is painted: blocks are given to grids, many at once, and everything that follows is found once.

Grids are unions of blocks, so lines stay where they are for everybody: a vertex of one grid is a vertex of its neighbour and of
the community. Several people paint one plan at a time. Each says which revision they have seen; what others have done since
stays, as long as it is about other blocks and nobody's grid is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from data.store.draft_figures import back_to_draft, count, draft_sheet, measures_of, rebound
from data.store.log import record
from data.store.nets import assign
from data.store.paint_board import MOST_GRIDS, Change, read_board, refuse_faults, refuse_overlap, refuse_unseen_end
from data.store.plans import get
from data.store.sql import array_text, insert, many, one, run
from gis.code import scheme_for
from gis.faces import dissolve
from gis.locate import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

    from data.store.draft_figures import DraftSheet
    from data.store.paint_board import Board, NewGrid, Stroke
    from data.store.plan_blocks import Edition
    from data.store.plans import PlanRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What came of it: the plan now, the ids of new grids by their keys, and what others gave to grids since the base."""

    plan: PlanRow
    keys: Mapping[str, int]
    theirs: tuple[tuple[int, int], ...]


def save(conn: connection, plan: PlanRow, edition: Edition, stroke: Stroke, *, now: datetime) -> Saved:
    """Write a stroke into a plan, which is locked and open; nothing is written where it changes nothing.

    Raises
    ------
    Conflict
        Somebody else has painted the same blocks or named the same grids since the base, or taken away a grid that is named
        (`overlapping-edits`).
    RequestError
        Blocks, grids or communities that there are not, lines that nobody may cross; `errors` lists everything.
    """
    board = read_board(conn, plan, edition, stroke)
    theirs = {number: block.grid for number, block in board.blocks.items() if block.revision > stroke.base}
    wanted = dict(stroke.blocks)
    refuse_overlap(plan, board, stroke, wanted, theirs)
    refuse_faults(plan, board, stroke, wanted)
    new = {grid.key: grid for grid in stroke.new}
    targets = {number: key if key in new else board.key(key) for number, key in wanted.items()}
    change = Change(
        plan=plan,
        edition=edition,
        board=board,
        new=new,
        moves={n: to for n, to in targets.items() if to is not None and to != board.blocks[n].grid},
        names={int(key): name for key, name in stroke.renamed if board.grids[int(key)].name != name},
    )
    others = tuple((number, grid) for number, grid in sorted(theirs.items()) if number not in wanted)
    if not change.moves and not change.names:
        return Saved(plan=plan, keys={}, theirs=others)
    refuse_unseen_end(conn, change, others)
    keys = _write(conn, change)
    _rename(conn, change)
    _follow(conn, change, keys, now=now)
    return Saved(plan=get(conn, plan.id), keys=keys, theirs=others)


# --- what is written ----------------------------------------------------------------------------------------------------


def _write(conn: connection, change: Change) -> dict[str, int]:
    """Write shapes, new grids, and which grid blocks and household points are in; return the new grids' ids by key."""
    plan, edition, board, moves = change.plan, change.edition, change.board, change.moves
    touched = change.touched()
    old = sorted(touched if edition.settled else board.grids)
    added = list(dict.fromkeys(grid for grid in moves.values() if isinstance(grid, str)))
    rows = many(
        conn,
        """SELECT number, coalesce(grid_id, -1), ST_AsBinary(shape) FROM wangge.plan_block
           WHERE edition = %s AND (grid_id = ANY (%s) OR number = ANY (%s::integer[])) ORDER BY number""",
        [edition.id, old, array_text(moves)],
    )
    index: dict[int | str, int] = {grid: k for k, grid in enumerate((*old, *added))}
    label = np.array([index.get(moves.get(number, grid), NOWHERE) for number, grid, _ in rows], dtype=np.int64)
    shape = dissolve(_shapes([wkb for *_, wkb in rows]), label, len(index))
    held = np.bincount(label + 1, minlength=len(index) + 1)[1:]
    keys = _add(conn, plan, board, [change.new[key] for key in added], shape[len(old) :])
    _reshape(conn, [(grid, shape[k], grid in touched) for k, grid in enumerate(old) if held[k]])
    _place(conn, plan, edition, {number: keys[grid] if isinstance(grid, str) else grid for number, grid in moves.items()})
    _remove(conn, plan, [grid for k, grid in enumerate(old) if not held[k] and grid in touched])
    if not edition.settled:
        _settle(conn, plan, edition)
    return keys


def redraw(conn: connection, plan: PlanRow, edition: Edition, numbers: Collection[int]) -> None:
    """Write grids and communities anew as the unions of their blocks: the lines of these have vertices that they had not."""
    around = many(
        conn,
        """SELECT DISTINCT coalesce(grid_id, -1), area_id FROM wangge.plan_block
           WHERE edition = %s AND (%s OR number = ANY (%s::integer[]))""",
        [edition.id, not edition.settled, array_text(numbers)],
    )
    grids = sorted({grid for grid, _ in around} - {NOWHERE})
    rows = many(
        conn,
        "SELECT grid_id, ST_AsBinary(shape) FROM wangge.plan_block WHERE edition = %s AND grid_id = ANY (%s) ORDER BY number",
        [edition.id, grids],
    )
    label = np.searchsorted(np.array(grids, dtype=np.int64), np.array([grid for grid, _ in rows], dtype=np.int64))
    shape = dissolve(_shapes([wkb for _, wkb in rows]), label, len(grids))
    _reshape(conn, [(grid, shape[k], False) for k, grid in enumerate(grids)])
    _settle(conn, plan, edition, sorted({area for _, area in around}))


def _add(
    conn: connection, plan: PlanRow, board: Board, grids: Sequence[NewGrid], shapes: NDArray[np.object_]
) -> dict[str, int]:
    """Write new grids, with the next free codes and, where they have none, the usual names; return their ids by key."""
    codes, names = {grid.code for grid in board.grids.values()}, {grid.name for grid in board.grids.values()}
    keys: dict[str, int] = {}
    for grid, shape in zip(grids, shapes.tolist(), strict=True):
        community, path, called = board.lands[grid.community]
        code = scheme_for(community).next(community, codes)
        name = grid.name or next(name for k in range(1, MOST_GRIDS + 2) if (name := f"{called}第{k}网格") not in names)
        codes.add(code)
        names.add(name)
        (keys[grid.key],) = one(
            conn,
            """INSERT INTO wangge.grid (plan_id, version, area_id, path, code, name, kind, households, persons, buildings,
                 area_m2, perimeter_m, compactness, shape)
               SELECT %s, %s, %s, %s, %s, %s, 'residential', 0, 0, 0, %s, %s, %s, ST_GeomFromWKB(%s, t.frame)
               FROM wangge.town t WHERE t.id = %s RETURNING id""",
            [
                plan.id, plan.version, grid.community, path, code, name, *measures_of(shape), shapely.to_wkb(shape), plan.town,
            ],
        )  # fmt: skip
    return keys


def _reshape(conn: connection, shapes: Sequence[tuple[int, shapely.Geometry, bool]]) -> None:
    """Write shapes of grids that are there; those of which blocks came or went have been written by somebody."""
    insert(
        conn,
        """UPDATE wangge.grid g SET shape = ST_GeomFromWKB(v.shape, ST_SRID(g.shape)), area_m2 = v.area, perimeter_m = v.length,
             compactness = v.compactness, row_version = row_version + v.written::integer
           FROM (VALUES %s) AS v (id, shape, area, length, compactness, written) WHERE g.id = v.id""",
        [(grid, shapely.to_wkb(shape), *measures_of(shape), written) for grid, shape, written in shapes],
    )


def _place(conn: connection, plan: PlanRow, edition: Edition, target: Mapping[int, int]) -> None:
    """Write which grid blocks are in from the plan's next revision on, and with them their household points."""
    insert(
        conn,
        """UPDATE wangge.plan_block b SET grid_id = nullif(v.grid, -1), revision = v.revision
           FROM (VALUES %s) AS v (edition, number, grid, revision) WHERE b.edition = v.edition AND b.number = v.number""",
        [(edition.id, number, grid, plan.revision + 1) for number, grid in target.items()],
        template="(%s::bigint, %s, %s::bigint, %s)",
    )
    rows = many(
        conn,
        "SELECT number, homes FROM wangge.plan_block WHERE edition = %s AND number = ANY (%s::integer[])",
        [edition.id, array_text(target)],
    )
    homes = np.array([home for _, found in rows for home in found], dtype=np.int64)
    grids = np.array([target[number] for number, found in rows for _ in found], dtype=np.int64)
    run(
        conn,
        """DELETE FROM wangge.assignment
           WHERE plan_id = %s AND version = %s AND snapshot = %s AND household_id = ANY (%s::bigint[])""",
        [plan.id, plan.version, plan.snapshot, array_text(homes.tolist())],
    )
    held = grids != NOWHERE
    assign(conn, homes[held], grids[held], plan=plan.id, version=plan.version, snapshot=plan.snapshot)


def _remove(conn: connection, plan: PlanRow, grids: Collection[int]) -> None:
    """Take away grids that have no block left."""
    if grids:
        of_plan = [plan.id, plan.version, list(grids)]
        run(conn, "DELETE FROM wangge.assignment WHERE plan_id = %s AND version = %s AND grid_id = ANY (%s)", of_plan)
        run(conn, "DELETE FROM wangge.grid WHERE plan_id = %s AND version = %s AND id = ANY (%s)", of_plan)


def _settle(conn: connection, plan: PlanRow, edition: Edition, some: Sequence[int] | None = None) -> None:
    """Let the communities of a plan, all or `some`, be the unions of their blocks, as all of its grids are from now on."""
    rows = many(
        conn,
        """SELECT area_id, ST_AsBinary(shape) FROM wangge.plan_block
           WHERE edition = %s AND (%s OR area_id = ANY (%s)) ORDER BY number""",
        [edition.id, some is None, list(some or ())],
    )
    areas, label = np.unique(np.array([area for area, _ in rows], dtype=np.int64), return_inverse=True)
    outline = shapely.to_wkb(dissolve(_shapes([wkb for _, wkb in rows]), label, len(areas))).tolist()
    insert(
        conn,
        """UPDATE wangge.plan_community c SET noded = ST_GeomFromWKB(v.noded, ST_SRID(c.noded))
           FROM (VALUES %s) AS v (plan, area, noded) WHERE c.plan_id = v.plan::uuid AND c.area_id = v.area""",
        [(plan.id, area, wkb) for area, wkb in zip(areas.tolist(), outline, strict=True)],
    )
    run(conn, "UPDATE wangge.plan_edition SET settled = true WHERE id = %s", [edition.id])


def _rename(conn: connection, change: Change) -> None:
    """Write names, from the plan's next revision on."""
    insert(
        conn,
        """UPDATE wangge.grid g SET name = v.name, named = v.revision, row_version = row_version + 1
           FROM (VALUES %s) AS v (id, name, revision) WHERE g.id = v.id""",
        [(grid, name, change.plan.revision + 1) for grid, name in change.names.items()],
    )


# --- what follows -------------------------------------------------------------------------------------------------------


def _follow(conn: connection, change: Change, keys: Mapping[str, int], *, now: datetime) -> None:
    """Find everything anew that follows, once for all grids, and tell the log, each community its own."""
    plan, board, moves = change.plan, change.board, change.moves
    sheet = draft_sheet(conn, plan)
    rows = np.flatnonzero(np.isin(sheet.id, [*change.touched(), *keys.values(), *change.names]))
    count(conn, plan, sheet, rows, frozenset(sheet.id[rows].tolist()))
    areas = {board.blocks[number].area for number in moves} | {board.grids[grid].area for grid in change.names}
    codes = sorted(board.lands[area][0] for area in areas)
    around = rows if change.edition.settled else np.arange(len(sheet.id))
    rebound(conn, plan, sheet, _boxes(sheet, around, codes))
    back_to_draft(conn, plan, draft_sheet(conn, plan), now)
    for code, path, _ in sorted(board.lands[area] for area in areas):
        body = {
            "version": plan.version,
            "blocks": sum(board.lands[board.blocks[number].area][0] == code for number in moves),
            "grids": [sheet.drawn.code[g] for g in rows.tolist() if sheet.drawn.community[g] == code],
        }
        record(conn, "plan.paint", path=path, subject=plan.id, body=body)


def _boxes(sheet: DraftSheet, rows: NDArray[np.int64], codes: Sequence[str]) -> list[NDArray[np.float64]]:
    """Return a box around some grids of each community; one of `codes` that has none of them has its own outline's."""
    found: dict[str, list[shapely.Geometry]] = {code: [] for code in codes}
    for g in rows.tolist():
        found.setdefault(sheet.drawn.community[g], []).append(sheet.shape(g))
    return [shapely.total_bounds(shapes or [sheet.communities[code].outline]) for code, shapes in found.items()]


def _shapes(found: Sequence[Any]) -> NDArray[np.object_]:
    shapes = np.empty(len(found), dtype=object)
    shapes[:] = [shapely.from_wkb(bytes(wkb)) for wkb in found]
    return shapes
