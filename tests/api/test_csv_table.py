"""Tables as CSV: what is in a cell, a column, a line."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

from api.csv_table import BOM, FORMULA_STARTS, csv_table


def read(raw: bytes) -> list[list[str]]:
    text = raw.decode()
    assert text.startswith(BOM)
    return list(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))


def test_a_line_has_what_its_row_has() -> None:
    """Members of members are columns of their own; what another row has is empty in a row that does not have it."""
    at = datetime(2026, 3, 2, 1, tzinfo=UTC)
    rows = [{"a": 1, "b": {"c": 2.5, "d": {"e": None}}}, {"a": -1, "f": "天, “桥”\n", "at": at, "day": date(2026, 3, 2)}]
    assert read(csv_table(rows)) == [
        ["a", "b.c", "b.d.e", "f", "at", "day"],
        ["1", "2.5", "", "", "", ""],
        ["-1", "", "", "天, “桥”\n", "2026-03-02T01:00:00+00:00", "2026-03-02"],
    ]


def test_no_text_is_a_formula() -> None:
    """A text that a spreadsheet would compute stands behind an apostrophe, in a heading as in a cell and in a list."""
    for start in FORMULA_STARTS:
        (heading, _), (cell, several) = read(csv_table([{f"{start}x": f"{start}1+1", "list": [f"{start}2", "b"]}]))
        assert (heading, cell, several) == (f"'{start}x", f"'{start}1+1", f"'{start}2 b")
