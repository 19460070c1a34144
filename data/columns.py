"""Columns by their meaning: found by name, and turned to text, counts or coordinates with every fault listed by row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from data.manifest import CONSTANTS, SUBTYPES
from data.sentences import fault
from data.spelling import did_you_mean, listed
from data.table import as_text
from data.text import is_addressable, report_mojibake
from gis.finding import Severity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.manifest import LayerSpec
    from data.table import Table
    from gis.finding import Finding

MOST_PER_POINT = 20_000
"""More households or persons than one point can stand for."""

_OPTIONAL_LAYERS = frozenset({"barriers", "compounds", "dedicated", "existing_grids"})
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+(,\d+)+(\.\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)
_SPREADSHEET = re.compile(r"\d(\.\d+)?[eE]\+\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Columns:
    """A table with its meaning and the list that its faults go to."""

    table: Table
    spec: LayerSpec
    found: list[Finding]

    def say(self, kind: str, *, row: int | None = None, field: str | None = None, **values: Any) -> None:  # noqa: ANN401
        """Add a finding about this file."""
        self.found.append(fault(kind, file=self.table.file, row=row, field=field, table=self.spec.label, **values))

    def name_of(self, key: str) -> str | None:
        """Return the column that the manifest names for `key`, if it names one that is there and stands alone."""
        name = self.spec.columns.get(key)
        return None if name is None else self.existing(key, name)

    def existing(self, key: str, name: str) -> str | None:
        """Return `name` if the file has it; else say what is near."""
        columns = self.table.columns
        if name + "\0" in columns:
            count = sum(1 for column in columns if column.rstrip("\0") == name)
            self.say("column_twice", field=name, name=name, count=count)
            return None
        if name not in columns:
            known = [column for column in columns if not column.endswith("\0")]
            hint = did_you_mean(name, known)
            if key in CONSTANTS and not hint["hint"]:
                hint = _constant_hint(key, name)
            self.say("missing_column", field=name, key=key, name=name, known=listed(known), **hint)
            return None
        return name

    def text(self, key: str) -> NDArray[np.object_]:
        """Return the text of the column for `key`, '' for each row where the manifest names none."""
        name = self.spec.columns.get(key)
        if key == "subtype" and name in SUBTYPES and name not in self.table.columns:
            return np.full(len(self.table.row), name, dtype=object)
        name = self.name_of(key)
        if name is None:
            return np.full(len(self.table.row), self.spec.constants.get(key, ""), dtype=object)
        values = self._stripped(name, as_text(self.table.columns[name]))
        report_mojibake(values, self.table.row, self.table.file, name, self.found)
        return values

    def _stripped(self, name: str, values: NDArray[np.object_]) -> NDArray[np.object_]:
        bare = np.array([value.strip() for value in values.tolist()], dtype=object)
        for index in np.flatnonzero(bare != values):
            self.say("spaces_stripped", row=int(self.table.row[index]), field=name, value=values[index])
        return bare

    def addressable(self, key: str) -> None:
        """Say which values of a column, or the one value for the whole file, cannot be a part of a web address."""
        name = self.spec.columns.get(key)
        if name is None or name not in self.table.columns:
            constant = self.spec.constants.get(key, "")
            if not is_addressable(constant):
                self.say("not_addressable", field=key, value=constant)
            return
        for value, row in zip(as_text(self.table.columns[name]).tolist(), self.table.row.tolist(), strict=True):
            if not is_addressable(value.strip()):
                self.say("not_addressable", row=row, field=name, value=value)

    def key_text(self, key: str, twice: str) -> NDArray[np.object_] | None:
        """Return a column whose values must be there and differ; `twice` is the kind of finding for those that do not.

        Values that a spreadsheet wrote in scientific notation have lost their digits and are faults.
        """
        name = self.name_of(key)
        if name is None:
            return None
        values = self.text(key)
        first: dict[str, int] = {}
        for value, row in zip(values.tolist(), self.table.row.tolist(), strict=True):
            if not value:
                self.say("empty_value", row=row, field=name)
            elif _SPREADSHEET.fullmatch(value):
                self.say("spreadsheet_number", row=row, field=name, value=value)
            elif value in first:
                self.say(twice, row=row, field=name, subject=value, first=first[value])
            first.setdefault(value, row)
        return values

    def counts(self, key: str) -> NDArray[np.int64] | None:
        """Return a column of whole numbers of things; a row that has none is a fault and counts 0 here."""
        name = self.name_of(key)
        if name is None:
            return None
        values = self.numbers(name)
        good = np.isfinite(values)
        self._each(good & (values < 0), "negative_count", name, values)
        self._each(good & (values >= 0) & (values != np.rint(np.where(good, values, 0.0))), "fractional_count", name, values)
        self._each(good & (values > MOST_PER_POINT), "implausible_count", name, values)
        # What is out of range is reported by now and must only not overflow.
        return np.clip(np.where(good, values, 0.0), 0, 1e9).astype(np.int64)

    def _each(self, rows: NDArray[np.bool_], kind: str, name: str, values: NDArray[np.float64]) -> None:
        for index in np.flatnonzero(rows):
            self.say(kind, row=int(self.table.row[index]), field=name, value=f"{values[index]:g}")

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return the column `name` as numbers; a cell that is none is a fault and NaN."""
        column = self.table.columns[name]
        if column.dtype.kind in "iufb":
            values = column.astype(np.float64)
            for index in np.flatnonzero(~np.isfinite(values)):
                kind = "empty_value" if np.isnan(values[index]) else "not_finite"
                self.say(kind, row=int(self.table.row[index]), field=name)
            return np.where(np.isfinite(values), values, np.nan)
        cells = as_text(column)
        quick = _all_plain(cells)
        return quick if quick is not None else self._cell_by_cell(name, cells)

    def _cell_by_cell(self, name: str, cells: NDArray[np.object_]) -> NDArray[np.float64]:
        values = np.full(len(cells), np.nan)
        for index, cell in enumerate(cells.tolist()):
            word = cell.strip()
            if _NUMBER.fullmatch(word) and np.isfinite(float(word)):
                values[index] = float(word)
            else:
                self._refuse_number(name, int(self.table.row[index]), word)
        return values

    def _refuse_number(self, name: str, row: int, word: str) -> None:
        if not word:
            self.say("empty_value", row=row, field=name)
        elif word.lower().lstrip("+-") in {"nan", "inf", "infinity"} or _NUMBER.fullmatch(word):
            self.say("not_finite", row=row, field=name)
        elif _COMMA.fullmatch(word):
            self.say("decimal_comma", row=row, field=name, value=word, hint=_without_comma(word))
        else:
            self.say("not_a_number", row=row, field=name, value=word)

    def empty(self) -> None:
        """Say that no row is there: a fault in a layer that a town must have, a warning in others."""
        optional = self.spec.table in _OPTIONAL_LAYERS
        where = " where " + ", ".join(f"{column} = {' | '.join(options)}" for column, options in self.spec.where)
        self.found.append(
            fault(
                "empty_layer",
                file=self.table.file,
                severity=Severity.WARNING if optional else None,
                table=self.spec.label,
                where=where if self.spec.where else "",
            )
        )


def _constant_hint(key: str, name: str) -> dict[str, Any]:
    written = f'{key} = {{ value = "{name}" }}'
    return {"hint": f" (for one value everywhere write {written})", "hint_zh": f"（如所有记录相同，请写 {written}）"}


def _all_plain(cells: NDArray[np.object_]) -> NDArray[np.float64] | None:
    """Parse a column in one go where every cell is a plain number, as nearly all columns are."""
    joined = "".join(cells.tolist())
    # Python reads 1_000 and full-width digits as numbers too; a data file that has them has a fault.
    if not joined.isascii() or "_" in joined:
        return None
    try:
        values = cells.astype(np.float64)
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _without_comma(word: str) -> str:
    return word.replace(",", "") if _THOUSANDS.fullmatch(word) else word.replace(",", ".")


def select(columns: Columns) -> Columns | None:
    """Keep the rows that meet `where`; None where a column of it is missing."""
    keep = np.ones(len(columns.table.row), dtype=np.bool_)
    for name, options in columns.spec.where:
        if columns.existing("where", name) is None:
            return None
        keep &= np.isin(np.char.strip(as_text(columns.table.columns[name]).astype(np.str_)), options)
    kept = Columns(columns.table.take(keep), columns.spec, columns.found)
    if not keep.any():
        kept.empty()
    return kept
