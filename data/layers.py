"""One file of any format to a table, with the digests of what was read."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

from data.csv_file import read_csv
from data.parquet_file import read_parquet
from data.sentences import fault
from data.spelling import did_you_mean
from data.vector_file import read_geojson, read_geopackage, read_shapefile, siblings

if TYPE_CHECKING:
    from pathlib import Path

    from data.manifest import LayerSpec
    from data.table import Table
    from gis.finding import Finding


_VECTOR = {
    ".geojson": read_geojson,
    ".json": read_geojson,
    ".gpkg": read_geopackage,
    ".shp": read_shapefile,
}
_PLAIN = {".csv": read_csv, ".txt": read_csv, ".tsv": read_csv, ".parquet": read_parquet, ".geoparquet": read_parquet}


def read_table(spec: LayerSpec, found: list[Finding]) -> Table | None:
    """Read the file of one table of the manifest, as it lies there; None, and a finding, where that cannot be done."""
    if not spec.path.is_file():
        found.append(fault("file_missing", file=spec.file, table=spec.label, name=spec.file, **_near(spec)))
        return None
    ending = spec.path.suffix.lower()
    if ending in _VECTOR:
        return _VECTOR[ending](spec, spec.file, found)
    if ending in _PLAIN:
        return _PLAIN[ending](spec.path, spec.file, found)
    found.append(fault("unknown_format", file=spec.file, name=ending or spec.path.name))
    return None


def _near(spec: LayerSpec) -> dict[str, Any]:
    folder = spec.path.parent
    names = [near.name for near in folder.iterdir()] if folder.is_dir() else []
    return did_you_mean(spec.path.name, names)


def digests_of(path: Path, folder: Path) -> dict[str, str]:
    """Return the SHA-256 of `path`, and of every file that belongs to it, by its path from `folder`."""
    files = siblings(path) if path.suffix.lower() == ".shp" else [path]
    return {_relative(each, folder): _sha256(each) for each in files if each.is_file()}


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder).replace(os.sep, "/")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
