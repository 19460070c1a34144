"""GeoParquet, and plain Parquet with longitude and latitude, to columns and shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from data.sentences import fault
from data.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from gis.finding import Finding


def read_parquet(path: Path, file: str, found: list[Finding]) -> Table | None:
    """Read `path`; pandas is loaded only here, for it costs half a second that other towns need not pay."""
    import geopandas  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    try:
        frame = _frame(path, geopandas, pd)
    except (OSError, ValueError, pa.ArrowException) as error:
        found.append(fault("unreadable_file", file=file, detail=" ".join(str(error).split())))
        return None
    shapes: Any = frame.geometry if isinstance(frame, geopandas.GeoDataFrame) else None
    return Table(
        file=file,
        columns={str(name): _column(frame[name]) for name in frame.columns if shapes is None or name != shapes.name},
        geometry=None if shapes is None else np.array(shapes.to_numpy(), dtype=object),
        crs=None if shapes is None or shapes.crs is None else shapes.crs.to_string(),
        states_crs=shapes is not None and shapes.crs is not None,
        row=np.arange(1, len(frame) + 1),
    )


def _frame(path: Path, geopandas: Any, pandas: Any) -> Any:  # noqa: ANN401 two modules and whichever frame they make
    try:
        return geopandas.read_parquet(path)
    except ValueError as error:
        # "Missing geo metadata": a plain table, which may still have coordinates in columns.
        if "geo metadata" not in str(error).lower():
            raise
        return pandas.read_parquet(path)


def _column(series: Any) -> NDArray[np.generic]:  # noqa: ANN401 a pandas Series
    """Take a column as numbers, or as objects with None for what is missing."""
    if series.dtype.kind in "iufb":
        return np.array(series.to_numpy())
    return np.array([None if missing else value for value, missing in zip(series, series.isna(), strict=True)], dtype=object)
