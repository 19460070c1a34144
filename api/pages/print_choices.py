"""How sheets may be wanted, for the forms of pages."""

from __future__ import annotations

from typing import Any

from api.sheet_store import INTERNAL
from maps.sheets.scale import ROUND
from maps.sheets.values import Form, Paper, Show

SMALLEST = 25_000
"""No grid is smaller on paper."""


def print_choices(*, internal: bool) -> dict[str, Any]:
    """Return the papers, forms, scales and switches of sheets; with `internal` for those who see what is not for everybody."""
    return {
        "papers": [each.value for each in Paper],
        "forms": [each.value for each in Form],
        "scales": [each for each in ROUND if each <= SMALLEST],
        "shown": [*(each.value for each in Show), *([INTERNAL] if internal else [])],
    }
