"""A plan's folder, read back: what `write_plan` wrote, as a net."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyogrio.raw
import shapely
from pyogrio.errors import DataSourceError

from data.plan_files import GEOPACKAGE, PLAN_JSON
from gis.errors import InputError
from gis.finding import Finding, Severity
from gis.locate import NOWHERE
from partition.net import Net
from partition.stations import Homes

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray


def is_plan(folder: Path) -> bool:
    """Say whether a folder holds a plan."""
    return (folder / PLAN_JSON).is_file()


def read_plan(folder: Path) -> tuple[dict[str, Any], Net]:
    """Return the record of a plan's folder (`plan.json`) and its net, every coordinate as it was written.

    Raises
    ------
    InputError
        A file is missing or is not what `wangge divide` writes.
    """
    with _as_written(folder):
        record = orjson.loads((folder / PLAN_JSON).read_bytes())
        layers = {name: _layer(folder / GEOPACKAGE, name) for name in ("grids", "households", "communities")}
        return record, _net(record, **layers)


def read_homes(folder: Path, net: Net) -> Homes:
    """Return the household points of a plan's folder that lie in its grids, in the order of the net's `household_id`.

    Raises
    ------
    InputError
        As `read_plan`.
    """
    row_of = {code: row for row, code in enumerate(net.code)}
    with _as_written(folder):
        point, columns = _layer(folder / GEOPACKAGE, "households")
        grid = np.array([row_of.get(code, NOWHERE) for code in _text(columns["grid"])], dtype=np.int64)
        inside = grid != NOWHERE
        households = columns["households"][inside].astype(np.int64)
        return Homes(xy=shapely.get_coordinates(point[inside]), households=households, grid=grid[inside])


@contextmanager
def _as_written(folder: Path) -> Generator[None]:
    """Say of whatever cannot be read that the folder is no plan."""
    try:
        yield
    except (OSError, orjson.JSONDecodeError, DataSourceError, KeyError, ValueError) as error:
        en = f"{folder} is no plan that wangge divide has written: {error}"
        zh = f"{folder}不是wangge divide写出的划分方案：{error}"
        raise InputError(en, [Finding(kind="not_a_plan", severity=Severity.ERROR, en=en, zh=zh, file=folder.name)]) from error


def _layer(file: Path, name: str) -> tuple[NDArray[np.object_], dict[str, NDArray[Any]]]:
    meta, _, geometry, values = pyogrio.raw.read(file, layer=name)
    return shapely.from_wkb(geometry), dict(zip(meta["fields"].tolist(), values, strict=True))


def _net(
    record: Mapping[str, Any],
    *,
    grids: tuple[NDArray[np.object_], dict[str, NDArray[Any]]],
    households: tuple[NDArray[np.object_], dict[str, NDArray[Any]]],
    communities: tuple[NDArray[np.object_], dict[str, NDArray[Any]]],
) -> Net:
    polygon, columns = grids
    reasons = {each["code"]: {k: v for k, v in each.items() if k != "code"} for each in record["exceptions"]}
    codes = _text(columns["code"])
    row_of = {code: row for row, code in enumerate(codes)}
    homes = [(i, code) for i, code in zip(_text(households[1]["id"]), _text(households[1]["grid"]), strict=True) if code]
    return Net(
        code=codes,
        name=_text(columns["name"]),
        dedicated=columns["kind"] == "dedicated",
        subtype=_text(columns["subtype"]),
        community=_text(columns["community"]),
        households=columns["households"].astype(np.int64),
        persons=columns["persons"].astype(np.int64),
        buildings=columns["buildings"].astype(np.int64),
        area_m2=columns["area_m2"].astype(np.float64),
        perimeter_m=columns["perimeter_m"].astype(np.float64),
        compactness=columns["compactness"].astype(np.float64),
        bounds=tuple(zip(*(_text(columns[side]) for side in ("east", "south", "west", "north")), strict=True)),
        exception=tuple(reasons.get(code) for code in codes),
        polygon=polygon,
        outline=dict(zip(_text(communities[1]["code"]), communities[0].tolist(), strict=True)),
        household_id=tuple(identity for identity, _ in homes),
        grid_of_household=np.array([row_of[code] for _, code in homes], dtype=np.int64),
    )


def _text(column: NDArray[Any]) -> tuple[str, ...]:
    return tuple("" if value is None else str(value) for value in column.tolist())
