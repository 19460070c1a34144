"""A finding: one fault or remark about data, with its place.

Findings are values, never warnings and never log lines: whoever asks gets all of them at once. An `error` stops
(nothing is written), a `warning` and a `note` are listed beside the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the ground: easting or longitude `x`, northing or latitude `y`, in the frame `crs`."""

    x: float
    y: float
    crs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault or remark.

    `kind` is a stable word for machines (`duplicate_id`); `en` and `zh` say the same thing to people; `row` counts the
    features of a file from 1, in the file's own order (for CSV the first data row is 1).
    """

    kind: str
    severity: Severity
    en: str
    zh: str
    file: str | None = None
    row: int | None = None
    field: str | None = None
    place: Place | None = None
    subject: str | None = None
    """Code or id of the community, grid, household or line that the finding is about."""

    def text(self, lang: str) -> str:
        """Return the sentence in `lang` (`zh` or `en`)."""
        return self.zh if lang == "zh" else self.en


def stops(findings: Iterable[Finding]) -> bool:
    """Say whether any finding is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def first_of(findings: Iterable[Finding]) -> str:
    """Return what the first error says, in English, and how many more there are: an exception's line for all of them."""
    first, *others = (finding for finding in findings if finding.severity is Severity.ERROR)
    return f"{first.en} (and {len(others)} more)" if others else first.en
