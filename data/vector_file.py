"""GeoJSON, GeoPackage and Shapefile to columns and shapes, by GDAL."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FieldError, GeometryError

from data.sentences import fault
from data.spelling import did_you_mean, listed
from data.table import Table
from data.text import best_encoding, decode, redecode

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from data.manifest import LayerSpec
    from gis.finding import Finding

_BYTES = "ISO-8859-1"
"""Maps every byte to one character and back: the way to get at the bytes of a dbf."""

_FAULTS = (DataSourceError, DataLayerError, FieldError, GeometryError, UnicodeDecodeError, OSError)


def read_geojson(spec: LayerSpec, file: str, found: list[Finding]) -> Table | None:
    """Read GeoJSON; text that is not UTF-8 is decoded first, and said."""
    text = decode(spec.path.read_bytes(), file, found)
    return _read(text.encode(), spec, file, found)


def read_geopackage(spec: LayerSpec, file: str, found: list[Finding]) -> Table | None:
    """Read one layer of a GeoPackage: the one that the manifest names, or the only one."""
    return _read(spec.path, spec, file, found)


def read_shapefile(spec: LayerSpec, file: str, found: list[Finding]) -> Table | None:
    """Read a Shapefile; its text is decoded by its bytes, whatever its .cpg says or does not say."""
    encoding = _dbf_encoding(spec.path, file, found)
    table = _read(spec.path, spec, file, found, encoding=_BYTES)
    if table is None or encoding is None:
        return table
    columns = {
        _decoded(name, encoding): redecode(values.astype(object), encoding) if values.dtype.kind == "O" else values
        for name, values in table.columns.items()
    }
    return Table(file=file, columns=columns, geometry=table.geometry, crs=table.crs, states_crs=table.states_crs, row=table.row)


def _decoded(name: str, encoding: str) -> str:
    return name if name.isascii() else name.encode("latin-1").decode(encoding, errors="replace")


def _dbf_encoding(path: Path, file: str, found: list[Finding]) -> str | None:
    """Say how the text of the dbf is encoded; None where it has nothing but ASCII."""
    raw = next((near.read_bytes() for near in siblings(path) if near.suffix.lower() == ".dbf"), b"")
    text = _dbf_text(raw)
    if text.isascii():
        return None
    encoding = best_encoding(text)
    stated = next((_stated(near) for near in siblings(path) if near.suffix.lower() == ".cpg"), "")
    if not stated and encoding != "utf-8":
        found.append(fault("encoding_guessed", file=file, value=encoding.upper()))
    elif stated and _family(stated) not in {encoding, None}:
        found.append(fault("encoding_contradicted", file=file, own=stated, value=encoding.upper()))
    return encoding


def _dbf_text(raw: bytes) -> bytes:
    """Give the names of the fields and the records; what lies between them in a dbf's heading is binary."""
    body = int.from_bytes(raw[8:10], "little")
    names = [raw[start : start + 11] for start in range(32, body - 1, 32)]
    return b" ".join([*names, raw[body:]])


def _stated(cpg: Path) -> str:
    return cpg.read_text("ascii", errors="replace").strip()


def _family(stated: str) -> str | None:
    """Fold the many names of the two encodings; None for others, which are left to the bytes."""
    word = "".join(letter for letter in stated.lower() if letter.isalnum())
    if word in {"utf8", "65001"}:
        return "utf-8"
    return "gb18030" if word in {"gbk", "gb2312", "gb18030", "936", "cp936", "ansi936", "54936", "oem936"} else None


def siblings(path: Path) -> list[Path]:
    """List the files that make up a Shapefile, in the order of their names."""
    parts = {".shp", ".dbf", ".shx", ".prj", ".cpg"}
    return sorted(near for near in path.parent.iterdir() if near.stem == path.stem and near.suffix.lower() in parts)


def _read(
    source: Path | bytes, spec: LayerSpec, file: str, found: list[Finding], *, encoding: str | None = None
) -> Table | None:
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            layer = _layer(spec, file, found)
            raw = pyogrio.raw.read(source, layer=layer, encoding=encoding) if layer is not None else None
        except _FAULTS as error:
            found.append(fault("unreadable_file", file=file, detail=" ".join(str(error).split())))
            return None
    said = dict.fromkeys(str(remark.message) for remark in remarks)
    found.extend(fault("reader_remark", file=file, detail=text) for text in said)
    return None if raw is None else _table(file, raw)


def _layer(spec: LayerSpec, file: str, found: list[Finding]) -> int | None:
    """Say the number of the layer to read; by number, because text read from memory has lost its layer's name."""
    every: NDArray[Any] = pyogrio.list_layers(spec.path)
    names = [str(name) for name in every[:, 0]]
    if spec.layer is not None:
        if spec.layer in names:
            return names.index(spec.layer)
        found.append(fault("layer_missing", file=file, name=spec.layer, known=listed(names), **did_you_mean(spec.layer, names)))
        return None
    shapes = [index for index, (_, kind) in enumerate(every) if kind is not None] or list(range(len(names)))
    if len(shapes) == 1:
        return shapes[0]
    known = listed(names[index] for index in shapes)
    found.append(fault("several_layers", file=file, table=spec.label, known=known))
    return None


def _table(file: str, raw: tuple[Any, Any, Any, Any]) -> Table:
    meta, _, wkb, values = raw
    crs = None if meta["crs"] is None else str(meta["crs"])
    count = len(wkb) if wkb is not None else len(values[0]) if values else 0
    return Table(
        file=file,
        columns=dict(zip(map(str, meta["fields"]), values, strict=True)),
        geometry=None if wkb is None else shapely.from_wkb(wkb, on_invalid="ignore"),
        crs=crs,
        # A GeoJSON file without a word about it is in WGS 84 by its standard; people forget that and write anything.
        states_crs=crs is not None and not (file.lower().endswith("json") and crs == "EPSG:4326"),
        row=np.arange(1, count + 1),
    )
