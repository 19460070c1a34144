"""Layers of polygons: communities, compounds, dedicated areas, grids that are there already.

Every column of a layer is checked over all its rows, whatever is wrong with their shapes; without a frame nothing more
can be done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.placing import system_of
from data.shapes import areas_in_frame, say_elsewhere, usable
from gis.town import Communities, Compounds, Dedicated, ExistingGrids, read_only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from data.columns import Columns
    from gis.frame import Frame


@dataclass(frozen=True, slots=True)
class Ground:
    """What the layers of a town are placed by: its frame, and the communities' polygons in it, if they are known."""

    frame: Frame | None
    communities: NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class _Areas:
    """Placed polygons and, for each, the index of its row in the table that it came from."""

    polygon: NDArray[np.object_]
    index: NDArray[np.int64]
    row: NDArray[np.int64]

    def of(self, values: NDArray[np.object_]) -> tuple[str, ...]:
        return tuple(values[self.index].tolist())


def communities_from(columns: Columns, kept: Columns | None, system: str | None, frame: Frame | None) -> Communities:
    """Make the communities of a table; `kept` are its usable rows, that the frame was chosen by, if there is one."""
    code = columns.key_text("code", "duplicate_code")
    name, street, district = columns.text("name"), columns.text("street"), columns.text("district")
    # Streets and districts are known by their names.
    for key in ("code", "street", "district"):
        columns.addressable(key)
    if kept is None or system is None or frame is None:
        return no_communities()
    if code is None:
        code = np.array([f"#{row}" for row in columns.table.row.tolist()], dtype=object)
    areas = _placed(columns, kept, system, frame)
    return Communities(
        code=areas.of(code),
        name=areas.of(np.where(name == "", code, name)),
        street=areas.of(street),
        district=areas.of(district),
        polygon=areas.polygon,
        row=areas.row,
    )


def compounds_from(columns: Columns, ground: Ground) -> Compounds:
    """Make the compounds of a table."""
    name = columns.text("name")
    areas = _areas(columns, ground)
    return Compounds(areas.of(name), areas.polygon, areas.row)


def dedicated_from(columns: Columns, ground: Ground) -> Dedicated:
    """Make the dedicated areas of a table."""
    name, subtype = columns.text("name"), columns.text("subtype")
    areas = _areas(columns, ground)
    return Dedicated(areas.of(name), areas.of(subtype), areas.polygon, areas.row)


def existing_grids_from(columns: Columns, ground: Ground) -> ExistingGrids:
    """Make the grids that are there already of a table."""
    code = columns.key_text("code", "duplicate_grid_code")
    areas = _areas(columns, ground)
    return ExistingGrids(areas.of(code) if code is not None else (), areas.polygon, areas.row)


def _areas(columns: Columns, ground: Ground) -> _Areas:
    if columns.table.geometry is None:
        columns.say("no_geometry", field="geometry")
        return _none()
    system = system_of(columns)
    if system is None or ground.frame is None:
        return _none()
    areas = _placed(columns, usable(columns, system), system, ground.frame)
    say_elsewhere(columns, areas.polygon, system, ground.frame, ground.communities)
    return areas


def _none() -> _Areas:
    nothing = np.empty(0, dtype=np.int64)
    return _Areas(read_only(np.empty(0, dtype=object)), nothing, read_only(nothing.copy()))


def _placed(columns: Columns, kept: Columns, system: str, frame: Frame) -> _Areas:
    sound, polygon = areas_in_frame(kept, system, frame)
    row = sound.table.row
    # Rows are in the file's order, so that each finds its place among all.
    return _Areas(read_only(polygon), np.searchsorted(columns.table.row, row), read_only(row.copy()))


def all_compounds(parts: Sequence[Compounds]) -> Compounds:
    """Put the compounds of several files behind each other."""
    return Compounds(
        name=tuple(name for part in parts for name in part.name),
        polygon=_joined_shapes([part.polygon for part in parts]),
        row=_joined_rows([part.row for part in parts]),
    )


def all_dedicated(parts: Sequence[Dedicated]) -> Dedicated:
    """Put the dedicated areas of several files behind each other."""
    return Dedicated(
        name=tuple(name for part in parts for name in part.name),
        subtype=tuple(subtype for part in parts for subtype in part.subtype),
        polygon=_joined_shapes([part.polygon for part in parts]),
        row=_joined_rows([part.row for part in parts]),
    )


def no_communities() -> Communities:
    """Make the layer while nothing is known of it."""
    return Communities((), (), (), (), _joined_shapes([]), _joined_rows([]))


def no_existing_grids() -> ExistingGrids:
    """Make the layer of a town that has none."""
    return ExistingGrids((), _joined_shapes([]), _joined_rows([]))


def _joined_shapes(arrays: Sequence[NDArray[np.object_]]) -> NDArray[np.object_]:
    return read_only(np.concatenate([np.empty(0, dtype=object), *arrays]))


def _joined_rows(arrays: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return read_only(np.concatenate([np.empty(0, dtype=np.int64), *arrays]))
