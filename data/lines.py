"""Layers of lines: roads, rivers, railways, walls; polygons count by their outline."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from data.manifest import IGNORE, KINDS
from data.placing import shapes_to_frame, system_of
from data.shapes import say_elsewhere, usable
from data.table import as_text
from gis.town import Barriers, read_only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from data.areas import Ground
    from data.columns import Columns
    from gis.frame import Frame


_AREA = 2


def lines_from(columns: Columns, ground: Ground) -> Barriers:
    """Make the barriers of a table: lines of a kind, apart; rows of the kind `ignore` are asked nothing."""
    kind = _kinds(columns)
    wanted = replace(columns, table=columns.table.take(kind != IGNORE))
    name = wanted.text("name")
    if columns.table.geometry is None:
        columns.say("no_geometry", field="geometry")
        return all_lines([])
    system = system_of(columns)
    if system is None or ground.frame is None:
        return all_lines([])
    kept = usable(wanted, system)
    index = np.searchsorted(wanted.table.row, kept.table.row)
    lines = _placed(kept, kind[kind != IGNORE][index], name[index], system, ground.frame)
    say_elsewhere(kept, lines.line, system, ground.frame, ground.communities)
    return lines


def _kinds(columns: Columns) -> NDArray[np.int64]:
    spec, count = columns.spec, len(columns.table.row)
    if spec.kind_from is None:
        return np.full(count, IGNORE if spec.kind is None else spec.kind, dtype=np.int64)
    name = columns.existing("kind_from", spec.kind_from.column)
    if name is None:
        return np.full(count, IGNORE, dtype=np.int64)
    words = np.array([word.strip() for word in as_text(columns.table.columns[name]).tolist()], dtype=object)
    known = spec.kind_from.kinds
    if spec.kind_from.otherwise is None:
        _refuse_unlisted(columns, name, words)
    otherwise = IGNORE if spec.kind_from.otherwise is None else spec.kind_from.otherwise
    return np.array([known.get(word, otherwise) for word in words.tolist()], dtype=np.int64)


def _refuse_unlisted(columns: Columns, name: str, words: NDArray[np.object_]) -> None:
    spec = columns.spec.kind_from
    unlisted = sorted(set(words.tolist()) - set(spec.kinds if spec else KINDS))
    for word in unlisted:
        rows = np.flatnonzero(words == word)
        columns.say("kind_unmapped", row=int(columns.table.row[rows[0]]), field=name, value=word, count=len(rows))


def _placed(columns: Columns, kind: NDArray[np.int64], name: NDArray[np.object_], system: str, frame: Frame) -> Barriers:
    if columns.table.geometry is None or not len(columns.table.geometry):
        return all_lines([])
    line, row = _single_lines(columns.table.geometry)
    line = shapes_to_frame(line, system, frame)
    long = shapely.length(line) > 0
    # A line is gone only if all its parts are; short parts of a long one are what rounding is for.
    for gone in np.setdiff1d(np.arange(len(kind)), row[long]):
        columns.say("vanished", row=int(columns.table.row[gone]), field="geometry")
    line, row = line[long], row[long]
    return Barriers(read_only(line), read_only(kind[row].astype(np.uint8)), tuple(name[row].tolist()))


def _single_lines(geometry: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Take lines and outlines apart into LineStrings; also the index of the geometry that each comes from."""
    area = shapely.get_dimensions(geometry) == _AREA
    lines = geometry.copy()
    # The boundary of a polygon is a LineString, or several where it has holes.
    lines[area] = shapely.boundary(geometry[area])
    return shapely.get_parts(lines, return_index=True)


def all_lines(parts: Sequence[Barriers]) -> Barriers:
    """Put the lines of several files behind each other."""
    line = np.concatenate([np.empty(0, dtype=object), *(part.line for part in parts)])
    kind = np.concatenate([np.empty(0, dtype=np.uint8), *(part.kind for part in parts)])
    return Barriers(read_only(line), read_only(kind), tuple(name for part in parts for name in part.name))
