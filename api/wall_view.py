"""What the wall of a command centre is sent: the ground of a day, and incidents as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gis.town import LineKind
from maps import palette
from maps.base import Areas, Lines, ground, no_areas
from maps.packing import Origin, borders, coded, coverage
from maps.palette import Band

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data.store.wall import AreaRow, GridRow, LineRow

UPPER_BORDERS_M = 4.0
"""How far thinning may move a border of streets or districts, which lies under that of communities."""

CODED = frozenset({"state", "category", "grid"})
"""Columns whose words repeat: each is sent once."""


def ground_document(areas: Sequence[AreaRow], grids: Sequence[GridRow], lines: Sequence[LineRow]) -> dict[str, Any]:
    """Return the ground: areas from the top down, grids as columns, and lines to draw below them.

    `grids.area` is a place in `areas.code`. `grids.step` is a `maps.palette.Band`, None where its plan is not known.
    """
    place = {area.id: index for index, area in enumerate(areas)}
    communities = [area for area in areas if area.level == "community"]
    upper = [area for area in areas if area.level in {"street", "district"}]
    packed = ground(
        _shapes([grid.polygon for grid in grids]),
        Areas(tuple(area.name for area in communities), _shapes([area.polygon for area in communities])),
        no_areas(),
        Lines(
            np.array([LineKind[line.kind] for line in lines], dtype=np.uint8),
            tuple(line.name for line in lines),
            _shapes([line.line for line in lines]),
        ),
    )
    origin = Origin(*packed["origin"])
    dedicated = np.array([grid.kind == "dedicated" for grid in grids], dtype=bool)
    return packed | {
        "areas": {
            "id": [area.id for area in areas],
            "code": [area.code for area in areas],
            "level": [area.level for area in areas],
            "name": [area.name for area in areas],
            "parent": [place.get(area.parent) if area.parent is not None else None for area in areas],
        },
        "upper": {
            level: borders(origin, coverage(_shapes([area.polygon for area in upper if area.level == level]), UPPER_BORDERS_M))
            for level in ("street", "district")
        },
        "grids": packed["grids"]
        | {
            "code": [grid.code for grid in grids],
            "name": [grid.name for grid in grids],
            "dedicated": dedicated.astype(int).tolist(),
            "area": [place.get(grid.area) for grid in grids],
            "households": [grid.households for grid in grids],
            "step": _steps(grids, dedicated),
        },
    }


def _shapes(found: Sequence[Any]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    shapes = np.empty(len(found), dtype=object)
    shapes[:] = found
    return shapes


def _steps(grids: Sequence[GridRow], dedicated: np.ndarray[Any, np.dtype[np.bool_]]) -> list[int | None]:
    """Return how each grid stands to what its plan allowed; None where that is not known."""
    steps: list[int | None] = [None] * len(grids)
    households = np.array([grid.households for grid in grids], dtype=np.int64)
    for band in {grid.band for grid in grids} - {None}:
        if band is None:
            continue
        minimum, target, maximum = band
        inside = (households >= minimum) & (households <= maximum)
        found = palette.band_of(households, inside, dedicated, minimum=minimum, target=target, maximum=maximum).tolist()
        for index, grid in enumerate(grids):
            if grid.band == band:
                steps[index] = found[index]
    return [int(Band.DEDICATED) if is_one and step is None else step for is_one, step in zip(dedicated, steps, strict=True)]


def columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]], *, coded_ones: frozenset[str] = CODED) -> dict[str, Any]:
    """Return rows as columns by name; those of `coded_ones` as `{of, at}`, each word once."""
    made = list(zip(*rows, strict=True)) or [()] * len(names)
    return {name: _coded(column) if name in coded_ones else column for name, column in zip(names, made, strict=True)}


def _coded(column: Sequence[str | None]) -> dict[str, list[Any]]:
    made = coded([each or "" for each in column])
    return {"of": made.of, "at": made.at}
