"""A net that a department had of its own (条线网格), from a file: every cell with its code, its name and its ground.

Nothing of it is left out: a cell that cannot be used is an error, and all of them come at once, each with its row. A ring that
crosses itself is mended and said, as in every layer that is taken as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from data.columns import Columns
from data.grid_layer import CODE_NAMES
from data.layers import read_table
from data.manifest import LayerSpec
from data.placing import system_of
from data.shapes import areas_in_frame, usable
from gis.errors import InputError
from gis.finding import Finding, Severity, first_of, stops

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from data.table import Table
    from gis.frame import Frame

NAME_NAMES = ("name", "grid_name", "网格名称", "名称")
"""Columns that may hold the name of a cell, first come first served; without one a cell has no name."""
LONGEST_CODE, LONGEST_NAME = 100, 200
_POLYGONS = (3, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyNet:
    """The cells of a net: codes, names, and polygons in a metric frame on its grid; one row one index into each."""

    code: tuple[str, ...]
    name: tuple[str, ...]
    polygon: NDArray[np.object_]
    findings: tuple[Finding, ...]
    """What is worth saying of the file and stops nothing."""


def read_legacy(path: Path, frame: Frame, *, layer: str | None = None, coordinates: str | None = None) -> LegacyNet:
    """Read a net into a frame; `coordinates` says the system (`gcj02`, `EPSG:4490`) where the file says none, or a wrong one.

    Raises
    ------
    InputError
        Something in the file cannot be used: every fault is named, with its row and field.
    """
    found: list[Finding] = []
    table = read_table(_spec(path, layer, coordinates, {}), found)
    if table is None:
        raise InputError(first_of(found), found)
    columns = Columns(table, _spec(path, layer, coordinates, _meant(table)), found)
    if not len(table.row):
        columns.say("empty_layer", where="")
    code = _codes(columns)
    name = columns.text("name")
    for field, values, most in (("code", code, LONGEST_CODE), ("name", name, LONGEST_NAME)):
        _refuse_long(columns, field, values, most)
    placed = _placed(columns, frame)
    if stops(found):
        raise InputError(first_of(found), found)
    return LegacyNet(code=tuple(code.tolist()), name=tuple(name.tolist()), polygon=placed, findings=tuple(found))


def _spec(path: Path, layer: str | None, coordinates: str | None, columns: dict[str, str]) -> LayerSpec:
    return LayerSpec(
        table="existing_grids", label="legacy", file=path.name, path=path, layer=layer, coordinates=coordinates,
        columns=columns, constants={},
    )  # fmt: skip


def _meant(table: Table) -> dict[str, str]:
    """Return which column of a file holds the code and which the name, of those that are there."""
    lowered = {name.lower(): name for name in table.columns}
    wanted = {"code": CODE_NAMES, "name": NAME_NAMES}
    return {
        key: next(lowered[name] for name in names if name in lowered)
        for key, names in wanted.items()
        if any(name in lowered for name in names)
    }


def _codes(columns: Columns) -> NDArray[np.object_]:
    """Return the codes; every one has to be there, once: a row number would be another cell's in the next file."""
    values = columns.key_text("code", "duplicate_code")
    if values is not None:
        return values
    names = ", ".join(CODE_NAMES)
    _say(
        columns, "missing_column", "code",
        f"no column holds the codes of the cells; name it one of {names}", f"没有编码列；请将其命名为 {names} 之一",
    )  # fmt: skip
    return columns.text("code")


def _refuse_long(columns: Columns, field: str, values: NDArray[np.object_], most: int) -> None:
    for row, value in zip(columns.table.row.tolist(), values.tolist(), strict=True):
        if len(value) > most or "\0" in value:
            _say(
                columns, "text_too_long", field,
                f"{value[:20]!r}… has more than {most} characters; shorten it",
                f"“{value[:20]}…”超过 {most} 个字符；请缩短", row,
            )  # fmt: skip


def _placed(columns: Columns, frame: Frame) -> NDArray[np.object_]:
    """Return the polygon of every row; where one is missing, cannot be used or is gone, an error says so."""
    if columns.table.geometry is None:
        columns.say("no_geometry", field="geometry")
        return np.empty(0, dtype=object)
    if columns.spec.coordinates is None and columns.table.crs is None:
        _say(
            columns, "coordinates_missing", "coordinates",
            "the file does not say its coordinate system; say --coordinates wgs84, cgcs2000, gcj02, bd09 or EPSG:n",
            "文件没有注明坐标系；请用 --coordinates 写明 wgs84、cgcs2000、gcj02、bd09 或 EPSG:编号",
        )  # fmt: skip
        return np.empty(0, dtype=object)
    system = system_of(columns)
    if system is None:
        return np.empty(0, dtype=object)
    there = usable(columns, system)
    kept, polygon = areas_in_frame(there, system, frame)
    for row in sorted(set(there.table.row.tolist()) - set(kept.table.row.tolist())):
        _say(
            columns, "cell_vanished", "geometry",
            "nothing is left of the cell on the centimetre grid; redraw it or delete the row",
            "取整到厘米后该网格已无面积；请重新绘制或删除该记录", row,
        )  # fmt: skip
    for row, kind in zip(kept.table.row.tolist(), shapely.get_type_id(polygon).tolist(), strict=True):
        if kind not in _POLYGONS:
            _say(
                columns, "invalid_polygon", "geometry",
                "the ring could not be mended to an area; redraw it", "该图形无法修复为面；请重新绘制", row,
            )  # fmt: skip
    return polygon


def _say(columns: Columns, kind: str, field: str, en: str, zh: str, row: int | None = None) -> None:  # noqa: PLR0917 - one shape
    """Add an error in words of our own: those of the usual sentences are about a town's manifest."""
    columns.found.append(
        Finding(
            kind=kind, severity=Severity.ERROR, en=f"{en[0].upper()}{en[1:]}.", zh=f"{zh}。", file=columns.table.file, row=row,
            field=field,
        )
    )  # fmt: skip
