"""How many incidents were reported lately in each block of a draft: what a planner weighs beside households."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.store import plan_blocks
from data.store.draft_figures import frame_of
from data.store.sql import many
from gis.frame import CGCS2000, transform
from gis.locate import NOWHERE, locate

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg2.extensions import connection

    from data.store.plan_blocks import Edition
    from data.store.plans import PlanRow


def incidents_of_blocks(conn: connection, plan: PlanRow, edition: Edition, since: datetime, until: datetime) -> list[int]:
    """Count the incidents that the caller sees, reported in `[since, until)`, in each block that they see, by number."""
    rows = many(
        conn,
        """SELECT ST_X(geom), ST_Y(geom) FROM wangge.incident
           WHERE path <@ ANY (%s::ltree[]) AND reported_at >= %s AND reported_at < %s""",
        [list(plan.paths), since, until],
    )
    shapes = plan_blocks.shapes_of(conn, edition)
    if not rows or not len(shapes):
        return [0] * len(shapes)
    xy = transform(np.array(rows, dtype=np.float64), CGCS2000, frame_of(conn, plan))
    block = locate(xy, shapes, order=np.arange(len(shapes)))
    return np.bincount(block[block != NOWHERE], minlength=len(shapes)).tolist()
