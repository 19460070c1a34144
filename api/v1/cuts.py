"""Blocks of a draft are cut, and parts are joined again: where the ground has no line and the planner needs one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Asking, Store
from api.block_drawing import rings_of, spots_of
from api.idempotency import OnlyOnce
from api.v1.answers import answer, tag
from api.v1.editor import ROOMY_MS, Key, Number, opened
from api.v1.parameters import Code, Latitude, Longitude, only
from api.who.caller import Right
from data.store import plan_blocks, plan_cuts
from data.store.draft_figures import frame_of
from data.store.plan_cuts import Desk
from gis.frame import WGS84, transform_geometry
from maps.packing import Origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg2.extensions import connection

    from api.asked import Asked
    from data.store.plan_cuts import Drawn

router = APIRouter(prefix="/v1/plans", tags=["plans"])

MOST_VERTICES = 1000
"""Of a line that is drawn by hand."""
MOST_PARTS = 500


class CutLine(BaseModel):
    """A block that is to be cut: along a line of longitudes and latitudes, or, where that is null, between its buildings."""

    model_config = ConfigDict(extra="forbid")

    edition: Key
    base: Number
    block: Number
    line: list[tuple[Longitude, Latitude]] | None = Field(default=None, min_length=2, max_length=MOST_VERTICES)


class PartsToJoin(BaseModel):
    """Parts of one block that are to be one again."""

    model_config = ConfigDict(extra="forbid")

    edition: Key
    base: Number
    blocks: list[Number] = Field(min_length=2, max_length=MOST_PARTS)


@router.post("/{plan_id}/cuts", dependencies=[Depends(only())])
def cut_block(plan_id: Code, wanted: CutLine, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Cut a block in parts, which stay in its grid until they are painted. The plan is a draft again.

    `blocks` are the parts: the one with most households keeps the number, the others get the next ones; all other numbers stay.
    Household points go to the part that they lie in, and buildings stay whole. 422 says why a line is none: it does not cross
    the block (`does-not-cross`), goes through a building (`cuts-a-building`), leaves too small a part (`part-too-small`).
    """
    asked.caller.require(Right.EDIT_PLAN)

    def cut(conn: connection, desk: Desk) -> Drawn:
        line = None
        if wanted.line is not None:
            drawn = np.array([shapely.LineString(wanted.line)], dtype=object)
            (line,) = transform_geometry(drawn, WGS84, frame_of(conn, desk.plan))
        return plan_cuts.cut(conn, desk, wanted.block, line)

    with store.write(asked.scope, ms=ROOMY_MS) as conn:
        return once(conn, lambda: _change(conn, plan_id, wanted, asked, cut))


@router.post("/{plan_id}/joins", dependencies=[Depends(only())])
def join_blocks(plan_id: Code, wanted: PartsToJoin, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Join parts of one block that was cut; they must be in one grid (409 `parts-apart`) and touch. The plan is a draft again.

    `blocks` is the one that they are now: it has the smallest of their numbers. Its other
    parts' numbers are free, and the last blocks move into them: `moved` says which number's ground has which number now.
    """
    asked.caller.require(Right.EDIT_PLAN)

    def join(conn: connection, desk: Desk) -> Drawn:
        return plan_cuts.join(conn, desk, wanted.blocks)

    with store.write(asked.scope, ms=ROOMY_MS) as conn:
        return once(conn, lambda: _change(conn, plan_id, wanted, asked, join))


def _change(
    conn: connection, plan_id: str, seen: CutLine | PartsToJoin, asked: Asked, act: Callable[[connection, Desk], Drawn]
) -> Response:
    plan, edition, drawn = opened(conn, plan_id, asked, seen.edition)
    made = act(conn, Desk(plan=plan, edition=edition, base=seen.base, drawn=drawn, now=asked.now))
    _draw(conn, made)
    document = {
        "revision": made.plan.revision,
        "edition": made.edition.tag,
        "blocks": list(made.blocks),
        "moved": sorted(made.moved.items()),
    }
    return answer(document, etag=tag(made.plan.id, made.plan.revision))


def _draw(conn: connection, made: Drawn) -> None:
    """Write how the blocks are drawn now: thinned together, as when they were made."""
    origin = Origin(*made.edition.origin)
    degrees = transform_geometry(plan_blocks.shapes_of(conn, made.edition), frame_of(conn, made.plan), WGS84)
    numbers = sorted(made.changed)
    spots = dict(zip(numbers, spots_of(origin, degrees[numbers]), strict=True))
    plan_blocks.redraw(conn, made.edition, rings_of(origin, degrees), spots)
