"""Any grid layer from a file, ours or not, for the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataSourceError

from data.layers import read_table
from data.manifest import LayerSpec
from data.table import as_text
from gis.errors import InputError
from gis.finding import Finding, Severity, stops
from gis.frame import snap_geometry, transform_geometry
from partition.audit_layers import UNKNOWN, CommunityLayer, GridLayer

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from data.table import Table
    from gis.frame import Frame

CODE_NAMES = ("code", "grid_code", "grid", "网格编码", "网格代码", "编码", "id")
"""Columns that may hold the code of a grid, first come first served; the row number serves where there is none."""


def read_grid_layer(path: Path, frame: Frame, *, layer: str | None = None) -> tuple[GridLayer, CommunityLayer | None]:
    """Read a grid layer into the town's frame, and the noded communities where the file is a plan of ours.

    Raises
    ------
    InputError
        The file cannot be read, or does not say its coordinate system.
    """
    found: list[Finding] = []
    names = _layers(path)
    table = read_table(_spec(path, layer or ("grids" if "grids" in names else None)), found)
    if table is None or stops(found):
        msg = f"{path} cannot be read as a grid layer"
        raise InputError(msg, found)
    grids = _grids(table, _in_frame(table, frame, path))
    if layer in {None, "grids"} and {"grids", "communities"} <= names:
        return grids, _communities(path, frame)
    return grids, None


def _layers(path: Path) -> set[str]:
    """Return the names of the layers of a GeoPackage; other files have one."""
    if path.suffix != ".gpkg" or not path.is_file():
        return set()
    try:
        return {str(row[0]) for row in pyogrio.list_layers(path)}
    except DataSourceError as error:
        msg = f"{path} is no GeoPackage that can be read: {error}"
        raise InputError(msg) from error


def _spec(path: Path, layer: str | None) -> LayerSpec:
    return LayerSpec(table="grids", label="grids", file=path.name, path=path, layer=layer, columns={}, constants={})


def _in_frame(table: Table, frame: Frame, path: Path) -> NDArray[np.object_]:
    """Carry the polygons into the town's frame; coordinates without a system are refused."""
    if table.geometry is None or table.crs is None:
        en = f"{path.name} does not say its coordinate system; store the layer with one (for example EPSG:4490)"
        zh = f"{path.name}未注明坐标系；请为图层写明坐标系(例如EPSG:4490)"
        finding = Finding(kind="unknown_coordinates", severity=Severity.ERROR, en=en, zh=zh, file=path.name)
        raise InputError(en, [finding])
    return snap_geometry(transform_geometry(table.geometry, table.crs, frame.crs))


def _grids(table: Table, polygon: NDArray[np.object_]) -> GridLayer:
    lowered = {name.lower(): name for name in table.columns}

    def text(*names: str) -> tuple[str, ...]:
        for name in names:
            if name in lowered:
                return tuple(as_text(table.columns[lowered[name]]).tolist())
        return ("",) * len(polygon)

    code = text(*CODE_NAMES)
    if not any(code):
        code = tuple(str(row) for row in table.row.tolist())
    return GridLayer(
        code=code,
        community=text("community"),
        kind=text("kind", "grid_type"),
        exception=text("exception"),
        polygon=polygon,
        households=_counts(table, lowered),
        row=table.row,
    )


def _counts(table: Table, lowered: dict[str, str]) -> NDArray[np.int64]:
    """Return the households that the layer claims, `UNKNOWN` where it says nothing."""
    if "households" not in lowered:
        return np.full(len(table.row), UNKNOWN, dtype=np.int64)
    values = table.columns[lowered["households"]]
    if values.dtype.kind in "iu":
        return values.astype(np.int64)
    text = as_text(values).tolist()
    return np.array([int(float(v)) if v.replace(".", "", 1).isdigit() else UNKNOWN for v in text], dtype=np.int64)


def _communities(path: Path, frame: Frame) -> CommunityLayer:
    found: list[Finding] = []
    table = read_table(_spec(path, "communities"), found)
    if table is None or stops(found):
        msg = f"the communities of {path} cannot be read"
        raise InputError(msg, found)
    polygon = _in_frame(table, frame, path)
    return CommunityLayer(code=tuple(as_text(table.columns["code"]).tolist()), polygon=shapely.orient_polygons(polygon))
