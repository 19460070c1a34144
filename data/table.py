"""A table: what one file holds, as columns, before anybody asks what they mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns of equal length. `geometry` is None for a file without shapes, and holds None for a row without one."""

    file: str
    """Path inside the town folder."""
    columns: Mapping[str, NDArray[np.generic]]
    geometry: NDArray[np.object_] | None
    crs: str | None
    """Coordinate system that the file itself names."""
    states_crs: bool
    """Whether the file names it in so many words, rather than by the custom of its format."""
    row: NDArray[np.int64]
    """Where each row stood in the file, counted from 1."""

    def take(self, keep: NDArray[np.bool_]) -> Table:
        """Return the rows where `keep` is true."""
        return replace(
            self,
            columns={name: values[keep] for name, values in self.columns.items()},
            geometry=None if self.geometry is None else self.geometry[keep],
            row=self.row[keep],
        )


def as_text(values: NDArray[np.generic]) -> NDArray[np.object_]:
    """Write a column as text: whole numbers without a point, nothing as ''."""
    if values.dtype.kind == "f":
        return np.array([_number(value) for value in values.tolist()], dtype=object)
    return np.array([value if type(value) is str else _cell(value) for value in values.tolist()], dtype=object)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return _number(value)
    return str(value)


def _number(value: float) -> str:
    if value != value:  # noqa: PLR0124 only not-a-number differs from itself
        return ""
    return str(int(value)) if value.is_integer() else repr(value)
