"""What somebody wants painted, what it is painted on, and what nobody may paint.

The hard rules stand here: one grid for a block, no line of a community crossed, dedicated grids left alone. What several
people do at a time is held against what each of them has seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.store.sql import array_text, many
from gis.errors import Conflict, RequestError
from gis.locate import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from psycopg2.extensions import connection

    from data.store.plan_blocks import Edition
    from data.store.plans import PlanRow

MOST_GRIDS = 2000
"""Grids of one plan that painting is made for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGrid:
    """A grid that is to be: the caller's own key for it, its community by its id, and a name, empty for the usual one."""

    key: str
    community: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """What somebody wants saved.

    `base` is the revision of the plan that they have seen. `blocks` are numbers with the key of the grid that each is to be
    in: a grid's id as text, a key of `new`, or None for no grid. `renamed` are ids of grids with their names.
    """

    base: int
    blocks: Sequence[tuple[int, str | None]]
    new: Sequence[NewGrid]
    renamed: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class DraftedGrid:
    """A grid of the plan; `area` is the id of its community, `named` the plan's revision when somebody last renamed it."""

    code: str
    name: str
    dedicated: bool
    area: int
    named: int


@dataclass(frozen=True, slots=True)
class PaintedBlock:
    """A block: the id of its community, its grid or `NOWHERE`, and the plan's revision when it came there."""

    area: int
    grid: int
    revision: int


@dataclass(frozen=True, slots=True)
class Board:
    """A plan as it stands: its grids by id, its communities by id, and the blocks that somebody has touched, by number."""

    grids: Mapping[int, DraftedGrid]
    lands: Mapping[int, tuple[str, str, str]]
    """Code, path and name."""
    blocks: Mapping[int, PaintedBlock]

    def key(self, text: str | None) -> int | None:
        """Return the id of a grid that a key names, `NOWHERE` for None; None where it names no grid there is."""
        if text is None:
            return NOWHERE
        known = text.isascii() and text.isdigit() and len(text) <= 18  # noqa: PLR2004 - what a bigint holds
        return int(text) if known and int(text) in self.grids else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a stroke changes: of each block that moves the grid that it comes into, an id, `NOWHERE` or the key of a new one."""

    plan: PlanRow
    edition: Edition
    board: Board
    new: Mapping[str, NewGrid]
    moves: Mapping[int, int | str]
    names: Mapping[int, str]

    def touched(self) -> set[int]:
        """Return the grids that blocks leave or come into, of those that there are."""
        into = {grid for grid in self.moves.values() if isinstance(grid, int)}
        return ({self.board.blocks[number].grid for number in self.moves} | into) - {NOWHERE}

    def ended(self) -> set[int]:
        """Return the grids that blocks leave and none comes into: if they have no other, they are gone."""
        return {self.board.blocks[number].grid for number in self.moves} - {NOWHERE, *self.moves.values()}


def read_board(conn: connection, plan: PlanRow, edition: Edition, stroke: Stroke) -> Board:
    """Return a plan as it stands, with the blocks that a stroke names and those that were painted since its base."""
    grids = many(
        conn,
        "SELECT id, code, name, kind = 'dedicated', area_id, named FROM wangge.grid WHERE plan_id = %s AND version = %s",
        [plan.id, plan.version],
    )
    lands = many(
        conn,
        """SELECT c.area_id, a.code, c.path::text, coalesce(nullif(v.name, ''), a.code)
           FROM wangge.plan_community c JOIN wangge.area a ON a.id = c.area_id
             LEFT JOIN wangge.area_version v ON v.area_id = a.id AND upper_inf(v.valid)
           WHERE c.plan_id = %s""",
        [plan.id],
    )
    blocks = many(
        conn,
        """SELECT number, area_id, coalesce(grid_id, -1), revision FROM wangge.plan_block
           WHERE edition = %s AND (number = ANY (%s::integer[]) OR revision > %s)""",
        [edition.id, array_text(number for number, _ in stroke.blocks), stroke.base],
    )
    return Board(
        grids={identity: DraftedGrid(*of) for identity, *of in grids},
        lands={area: (code, path, name) for area, code, path, name in lands},
        blocks={number: PaintedBlock(*of) for number, *of in blocks},
    )


# --- what is refused ----------------------------------------------------------------------------------------------------


def refuse_overlap(
    plan: PlanRow, board: Board, stroke: Stroke, wanted: Mapping[int, str | None], theirs: Mapping[int, int]
) -> None:
    """Refuse what somebody else has decided otherwise since the base: the same blocks, names, or that there is no such grid."""
    if stroke.base >= plan.revision:
        return
    new = {grid.key for grid in stroke.new}
    gone = {
        key for key in {*wanted.values(), *(key for key, _ in stroke.renamed)}
        if key is not None and key.isdigit() and key not in new and board.key(key) is None
    }  # fmt: skip
    both = [n for n, key in wanted.items() if key in gone or (n in theirs and (key in new or board.key(key) != theirs[n]))]
    names = [(key, grid.name) for key, name in stroke.renamed if (grid := _renamed(board, key, name, stroke.base)) is not None]
    if both or gone or names:
        raise overlapping(plan, sorted(both), sorted(theirs.items()), names)


def _renamed(board: Board, key: str, name: str, base: int) -> DraftedGrid | None:
    """Return the grid that a key names, if somebody else has called it otherwise than `name` since the base."""
    identity = board.key(key)
    grid = None if identity is None else board.grids.get(identity)
    return grid if grid is not None and grid.named > base and grid.name != name else None


def refuse_unseen_end(conn: connection, change: Change, others: Sequence[tuple[int, int]]) -> None:
    """Refuse that a grid ends by what two people do apart: whoever takes its last block must have seen that it is the last."""
    losing = change.ended()
    if not others or not losing:
        return
    rows = many(
        conn,
        """SELECT DISTINCT grid_id FROM wangge.plan_block
           WHERE edition = %s AND grid_id = ANY (%s) AND NOT number = ANY (%s::integer[])""",
        [change.edition.id, list(losing), array_text(change.moves)],
    )
    gone = losing - {grid for (grid,) in rows}
    if gone:
        both = sorted(number for number in change.moves if change.board.blocks[number].grid in gone)
        raise overlapping(change.plan, both, others)


def overlapping(
    plan: PlanRow, both: Sequence[int], theirs: Sequence[tuple[int, int]], names: Sequence[tuple[str, str]] = ()
) -> Conflict:
    """Return the refusal of what others have decided otherwise: blocks that both touch, what they did, and names of theirs."""
    msg = "somebody else has painted here since you have seen it; take over what they did, or paint again on top of it"
    return Conflict(
        msg,
        code="overlapping-edits",
        zh="您查看之后已有他人改动同一处，请先取得其改动，再决定是否覆盖",
        revision=plan.revision,
        theirs=[[number, None if grid == NOWHERE else str(grid)] for number, grid in theirs],
        both=list(both),
        names=[list(each) for each in names],
    )


def refuse_faults(plan: PlanRow, board: Board, stroke: Stroke, wanted: Mapping[int, str | None]) -> None:
    """Refuse what cannot be, all of it at once."""
    new = {grid.key: grid for grid in stroke.new}
    found = [*_faults_of_grids(plan, board, stroke, wanted)]
    for place, (number, key) in enumerate(stroke.blocks):
        why = _fault_of(board, new, number, key) if wanted[number] == key else ("invalid-value", "a block has one grid")
        if why is not None:
            code, detail = why
            found.append((f"/blocks/{place}", code, detail))
    if found:
        msg = f"{len(found)} of the changes cannot be made: {found[0][2]}"
        faults = [{"pointer": pointer, "code": code, "detail": detail} for pointer, code, detail in found]
        raise RequestError(msg, code="invalid-body", errors=faults)


def _faults_of_grids(
    plan: PlanRow, board: Board, stroke: Stroke, wanted: Mapping[int, str | None]
) -> Iterator[tuple[str, str, str]]:
    """Yield pointer, code and sentence of what is wrong with the base, with new grids and with names."""
    if stroke.base > plan.revision:
        yield "/base", "invalid-value", f"the plan is at revision {plan.revision}"
    keys = [grid.key for grid in stroke.new]
    for place, key in enumerate(keys):
        if key in keys[:place] or board.key(key) is not None:
            yield f"/grids/new/{place}/key", "invalid-value", f"there is another grid {key[:60]!r}"
        if key not in wanted.values():
            yield f"/grids/new/{place}", "invalid-value", "a new grid needs a block"
    for place, (key, _) in enumerate(stroke.renamed):
        named = board.key(key)
        if named is None:
            yield f"/grids/renamed/{place}/key", "unknown-grid", f"the plan has no grid {key[:60]!r}"
        elif board.grids[named].dedicated:
            yield f"/grids/renamed/{place}/key", "dedicated-grid", f"grid {board.grids[named].code} is dedicated"
    if keys and len(board.grids) + len(keys) > MOST_GRIDS:
        yield "/grids/new", "invalid-value", f"a plan that is painted has at most {MOST_GRIDS} grids"


def _fault_of(board: Board, new: Mapping[str, NewGrid], number: int, key: str | None) -> tuple[str, str] | None:
    """Return code and sentence of what keeps a block from a grid, or None where nothing does."""
    block, target = board.blocks.get(number), board.key(key)
    if block is None:
        return "unknown-block", f"there is no block {number}"
    if target is None and key not in new:
        return "unknown-grid", f"the plan has no grid {str(key)[:60]!r}"
    if target == block.grid:
        return None
    dedicated = [grid.code for one in (block.grid, target) if (grid := board.grids.get(one or NOWHERE)) and grid.dedicated]
    if dedicated:
        return "dedicated-grid", f"grid {dedicated[0]} is dedicated: its line is not painted"
    grid = None if target is None else board.grids.get(target)
    area = grid.area if grid is not None else new[key].community if key in new and key is not None else block.area
    if area != block.area:
        return "foreign-community", f"block {number} lies in community {board.lands[block.area][0]}, the grid in another"
    return None
