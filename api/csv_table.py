"""Tables as CSV: as spreadsheets read them, with nothing in them that one takes for a formula."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BOM = "\ufeff"
"""Without it, spreadsheets read Chinese as something else."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A text that begins like this is a formula to a spreadsheet."""


def cell(value: object) -> object:
    """Return a value as a cell that no spreadsheet takes for a formula; numbers stay numbers, moments are as in JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def csv_table(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as CSV, one line each; what lies in a member is a column of its own, as `figures.open.value`.

    The columns are all that any row has, in the order in which they are first found; what a row does not have is empty.
    """
    lines = [dict(_flat("", row)) for row in rows]
    return csv_lines(list(dict.fromkeys(name for line in lines for name in line)), lines)


def csv_lines(columns: Sequence[str], lines: Sequence[Mapping[str, Any]]) -> bytes:
    """Return lines as CSV below the columns that they have, in their order; there may be no line at all."""
    text = io.StringIO(newline="")
    text.write(BOM)
    writer = csv.writer(text)
    writer.writerow(map(cell, columns))
    writer.writerows([cell(line.get(name)) for name in columns] for line in lines)
    return text.getvalue().encode()


def _flat(name: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield what a value holds, each under the names that lead there; a list is one cell."""
    if isinstance(value, dict):
        for key, each in cast("dict[str, object]", value).items():
            yield from _flat(f"{name}.{key}" if name else key, each)
    elif isinstance(value, list | tuple):
        yield name, " ".join(str(each) for each in cast("list[object]", value))
    else:
        yield name, value
