"""A CSV file to columns of text."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from data.sentences import fault
from data.table import Table
from data.text import decode

if TYPE_CHECKING:
    from pathlib import Path

    from gis.finding import Finding

_DELIMITERS = ",;\t"


def read_csv(path: Path, file: str, found: list[Finding]) -> Table | None:
    """Read `path` as columns of text; rows that do not fit the heading are faults and left out.

    Blank lines are not rows. A heading that stands twice keeps its first column here, and is a fault for whoever asks
    for it (`Table.columns` then holds the second under the name and a trailing NUL, so that it can be told).
    """
    text = decode(path.read_bytes(), file, found)
    try:
        rows = [cells for cells in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)) if any(cells)]
    except csv.Error as error:
        found.append(fault("unreadable_file", file=file, detail=error))
        return None
    if not rows:
        found.append(fault("unreadable_file", file=file, detail="no heading"))
        return None
    heading = [name.strip() for name in rows[0]]
    body, row = _fitting(rows[1:], len(heading), file, found)
    cells = np.array(body, dtype=object).reshape(len(body), len(heading))
    columns = {name: cells[:, index] for index, name in _named(heading)}
    return Table(file=file, columns=columns, geometry=None, crs=None, states_crs=False, row=row)


def _delimiter(text: str) -> str:
    """Take whichever delimiter the heading holds most of."""
    heading = text.partition("\n")[0]
    return max(_DELIMITERS, key=heading.count)


def _named(heading: list[str]) -> list[tuple[int, str]]:
    seen: dict[str, int] = {}
    named: list[tuple[int, str]] = []
    for index, name in enumerate(heading):
        again = seen.get(name, 0)
        seen[name] = again + 1
        if name:
            named.append((index, name + "\0" * again))
    return named


def _fitting(
    rows: list[list[str]], width: int, file: str, found: list[Finding]
) -> tuple[list[list[str]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    body: list[list[str]] = []
    number: list[int] = []
    for row, cells in enumerate(rows, 1):
        if len(cells) < width:
            found.append(fault("short_row", file=file, row=row, count=len(cells), expected=width))
        elif any(cells[width:]):
            found.append(fault("long_row", file=file, row=row, count=len(cells), expected=width))
        else:
            body.append(cells[:width])
            number.append(row)
    return body, np.array(number, dtype=np.int64)
