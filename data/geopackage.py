"""Layers of a GeoPackage, from columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pyogrio.raw
import shapely

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


def write_layer(
    path: Path,
    layer: str,
    geometry: NDArray[np.object_],
    columns: Mapping[str, NDArray[np.generic]],
    crs: str,
    *,
    kind: Literal["Point", "Unknown"] = "Unknown",
) -> None:
    """Write a layer into a GeoPackage, which is made where there is none yet."""
    pyogrio.raw.write(
        str(path),
        shapely.to_wkb(geometry),
        field_data=list(columns.values()),
        fields=list(columns),
        layer=layer,
        driver="GPKG",
        geometry_type=kind,
        crs=crs,
        append=path.exists(),
    )
