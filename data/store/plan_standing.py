"""Where a plan stands while somebody paints it: what is saved, what they have painted since, and what they have locked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from data.store import plan_blocks
from data.store.paint_board import MOST_GRIDS
from data.store.sql import many
from gis.errors import Refused, RequestError
from gis.locate import NOWHERE
from partition.block import Blocks
from partition.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

    from data.store.plan_blocks import BlockColumns, Edition
    from data.store.plans import PlanRow


def standing(
    conn: connection,
    plan: PlanRow,
    edition: Edition,
    painted: Sequence[tuple[int, str | None]],
    *,
    locked: Sequence[str],
    communities: Sequence[int] | None,
) -> Standing:
    """Return where a plan stands.

    Parameters
    ----------
    painted
        Blocks by number, each with the key of the grid that it was given to, or None for none: a grid's id, or any other key
        for one that is not saved yet.
    locked
        Keys of grids that may not be touched.
    communities
        Places of those that may change among the plan's communities in the order of codes; None: all.

    Raises
    ------
    RequestError
        A block, a key or a place does not fit; all faults at once.
    Refused
        There are blocks that the caller does not see.
    """
    columns = plan_blocks.blocks_of(conn, edition)
    borders = plan_blocks.borders_of(conn, edition)
    lands = _lands(conn, plan)
    seen = np.array_equal(columns.number, np.arange(len(columns))) and int(borders.b.max(initial=NOWHERE)) < len(columns)
    if not seen or not set(columns.area.tolist()) <= lands.keys():
        msg = "parts of this plan lie outside your areas or categories; somebody who sees all of it may ask"
        raise Refused(msg)
    rows = many(
        conn,
        "SELECT id, code, kind = 'dedicated' FROM wangge.grid WHERE plan_id = %s AND version = %s ORDER BY id",
        [plan.id, plan.version],
    )
    saved = {str(identity): index for index, (identity, *_) in enumerate(rows)}
    dedicated = {str(identity) for identity, _, is_dedicated in rows if is_dedicated}
    fresh = list(dict.fromkeys(key for _, key in painted if key is not None and key not in saved))
    place = saved | {key: len(saved) + index for index, key in enumerate(fresh)}
    community = np.array([lands[area] for area in columns.area.tolist()], dtype=np.int64)
    # As it is saved.
    grid = np.array([*(place.get(str(g), NOWHERE) for g in columns.grid.tolist())], dtype=np.int64)
    home = _homes(grid, community, len(place))
    faults = [
        *_faults_of_blocks(painted, columns, community, home, place),
        *({"pointer": f"/blocks/{n}/1", "code": "invalid-value", "detail": "nothing comes into a dedicated grid"}
          for n, (_, key) in enumerate(painted) if key in dedicated),
        *({"pointer": f"/locked/{n}", "code": "unknown-value", "detail": "the plan has no such grid"}
          for n, key in enumerate(locked) if key not in place),
        *({"pointer": f"/communities/{n}", "code": "invalid-value", "detail": f"the plan has {len(lands)} communities"}
          for n, index in enumerate(communities or ()) if index >= len(lands)),
    ]  # fmt: skip
    if fresh and len(place) > MOST_GRIDS:
        detail = f"a plan that is painted has at most {MOST_GRIDS} grids"
        faults.append({"pointer": "/blocks", "code": "invalid-value", "detail": detail})
    if faults:
        msg = "some of what was painted does not fit this plan"
        raise RequestError(msg, code="invalid-body", errors=faults)
    for number, key in painted:
        grid[number] = NOWHERE if key is None else place[key]
    keys, held = tuple(place), frozenset(locked)
    return Standing(
        blocks=Blocks(
            of_face=np.zeros(0, dtype=np.int64),
            community=community,
            dedicated=np.where(columns.dedicated, 0, NOWHERE),
            compound=columns.compound,
            households=columns.households,
            persons=columns.persons,
            buildings=columns.buildings,
            area_m2=columns.area_m2,
            perimeter_m=columns.perimeter_m,
            a=borders.a,
            b=borders.b,
            shared_m=borders.shared_m,
        ),
        grid=grid,
        key=keys,
        name=(*(code for _, code, _ in rows), *fresh),
        locked=np.array([key in held for key in keys], dtype=bool),
        communities=np.unique(np.array(list(lands.values()) if communities is None else communities, dtype=np.int64)),
    )


def _lands(conn: connection, plan: PlanRow) -> dict[int, int]:
    """Return for each community of a plan, by id, its place in the order of codes."""
    rows = many(
        conn,
        """SELECT c.area_id FROM wangge.plan_community c JOIN wangge.area a ON a.id = c.area_id
           WHERE c.plan_id = %s ORDER BY a.code COLLATE "C\"""",
        [plan.id],
    )
    return {identity: index for index, (identity,) in enumerate(rows)}


def _homes(grid: NDArray[np.int64], community: NDArray[np.int64], count: int) -> list[int]:
    """Return the community of each grid as it is saved, or `NOWHERE` where it has no blocks."""
    home = np.full(count, NOWHERE, dtype=np.int64)
    home[grid[grid != NOWHERE]] = community[grid != NOWHERE]
    return home.tolist()


def _faults_of_blocks(
    painted: Sequence[tuple[int, str | None]],
    columns: BlockColumns,
    community: NDArray[np.int64],
    home: list[int],
    place: Mapping[str, int],
) -> Iterator[dict[str, Any]]:
    for n, (number, key) in enumerate(painted):
        if number >= len(columns):
            yield {"pointer": f"/blocks/{n}/0", "code": "unknown-value", "detail": f"there are {len(columns)} blocks"}
        elif columns.dedicated[number]:
            yield {"pointer": f"/blocks/{n}/0", "code": "invalid-value", "detail": "it lies in a dedicated grid"}
        elif key is not None:
            index, land = place[key], int(community[number])
            if home[index] == NOWHERE:
                home[index] = land
            elif home[index] != land:
                detail = "its grid lies in another community"
                yield {"pointer": f"/blocks/{n}/1", "code": "invalid-value", "detail": detail}
