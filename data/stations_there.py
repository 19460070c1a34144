"""Stations that are there and stay, from a file of points; every fault of the file at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from data.layers import read_table
from data.manifest import LayerSpec
from data.table import as_text
from gis.errors import InputError
from gis.finding import Finding, Severity, stops
from gis.frame import snap, transform
from gis.locate import NOWHERE, locate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from data.table import Table
    from partition.net import Net


@dataclass(frozen=True, slots=True)
class There:
    """Stations that stay: `xy` (k, 2) metres, and their codes and names."""

    xy: NDArray[np.float64]
    code: tuple[str, ...] = ()
    name: tuple[str, ...] = ()


NONE = There(np.zeros((0, 2)))
"""No station is there."""


def read_there(path: Path, crs: str, net: Net) -> There:
    """Read points with a `code`, and a `name` where they have one, into the frame of a net.

    Raises
    ------
    InputError
        The file cannot be read, a row is no point, lies in no grid or shares one, or has no code of its own.
    """
    found: list[Finding] = []
    spec = LayerSpec(table="stations", label="stations", file=path.name, path=path, columns={}, constants={})
    table = read_table(spec, found)
    if table is None or stops(found):
        raise InputError(f"{path} cannot be read as stations", found)
    if table.geometry is None or table.crs is None:
        en = f"{path.name} holds no shapes with a coordinate system; store the points with one (for example EPSG:4490)"
        zh = f"{path.name}没有带坐标系的图形；请为点图层写明坐标系(例如EPSG:4490)"
        raise InputError(en, [Finding(kind="unknown_coordinates", severity=Severity.ERROR, en=en, zh=zh, file=path.name)])
    point = np.array([shape is not None and shape.geom_type == "Point" and not shape.is_empty for shape in table.geometry])
    xy = np.full((len(point), 2), np.nan)
    if point.any():
        xy[point] = snap(transform(shapely.get_coordinates(table.geometry[point]), table.crs, crs))
    code, name = _column(table, "code"), _column(table, "name")
    faults = [
        Finding(kind=kind, severity=Severity.ERROR, en=en, zh=zh, file=path.name, row=int(table.row[row]), field=field)
        for row, kind, field, en, zh in (*_places(table, point, xy, net), *_codes(table, code))
    ]
    if faults:
        raise InputError(f"{path} cannot be used", faults)
    return There(xy, code, tuple(each or known for each, known in zip(name, code, strict=True)))


def _places(
    table: Table, point: NDArray[np.bool_], xy: NDArray[np.float64], net: Net
) -> Iterator[tuple[int, str, str | None, str, str]]:
    first: dict[int, int] = {}
    for row, grid in enumerate(locate(xy, net.polygon, order=np.arange(len(net))).tolist()):
        if not point[row]:
            yield row, "no_point", None, "this is no point", "不是点"
        elif grid == NOWHERE:
            yield row, "outside", None, "this station lies in no grid", "驿站不在任何网格内"
        elif (other := first.setdefault(grid, row)) != row:
            before = int(table.row[other])
            en = f"row {before} lies in grid {net.code[grid]} as well; one station stays in a grid"
            yield row, "same_grid", None, en, f"与第{before}行同在网格{net.code[grid]}；每个网格只保留一个驿站"


def _codes(table: Table, code: Sequence[str]) -> Iterator[tuple[int, str, str | None, str, str]]:
    first: dict[str, int] = {}
    for row, each in enumerate(code):
        if not each:
            yield row, "no_code", "code", "a station that stays needs its code", "保留的驿站需要编码"
        elif (other := first.setdefault(each, row)) != row:
            before = int(table.row[other])
            yield row, "same_code", "code", f"row {before} has the code {each} as well", f"编码{each}与第{before}行重复"


def _column(table: Table, name: str) -> tuple[str, ...]:
    return tuple(as_text(table.columns[name]).tolist()) if name in table.columns else ("",) * len(table.row)
