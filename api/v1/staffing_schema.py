"""How a staffing rule is described to clients; what it may say is decided by `api.duty.rule`, with all its faults at once."""

from __future__ import annotations

from typing import Any

from api.duty.formula import LONGEST
from api.duty.roles import EDUCATION_WORDS, DutyRole
from api.duty.rule import GRID_TYPES, LONGEST_TEXT, MOST_TERMS, CountBy, Scope
from api.v1.parameters import NO_NUL
from gis.finding import Severity

_SYMBOL = "([1-9][0-9]{0,2}|[A-Z])"
_TEXT: dict[str, Any] = {"type": "string", "maxLength": LONGEST_TEXT, "pattern": NO_NUL}
_COUNT: dict[str, Any] = {"type": ["integer", "null"], "minimum": 0, "maximum": 1000}
_FLAG: dict[str, Any] = {"type": ["boolean", "null"]}
_WORDS: dict[str, Any] = {
    "type": ["array", "null"],
    "items": {"type": "string", "minLength": 1, "maxLength": 60, "pattern": NO_NUL},
    "minItems": 1,
    "maxItems": MOST_TERMS,
    "uniqueItems": True,
}


def _words(of: list[str], kind: str | list[str]) -> dict[str, Any]:
    return {"type": kind, "items": {"enum": of}, "minItems": 1, "maxItems": MOST_TERMS, "uniqueItems": True}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}


_PREFER = _object({
    "party_member": _FLAG, "trained": _FLAG, "source": _WORDS, "education_min": {"enum": [*EDUCATION_WORDS, None]},
})  # fmt: skip
_TERM = _object(
    {
        "sym": {"type": ["string", "null"], "pattern": f"^{_SYMBOL}$"},
        "roles": _words([*DutyRole], "array"),
        "min": _COUNT,
        "max": _COUNT,
        "count_by": {"enum": [*CountBy, None]},
        "scope": {"enum": [*Scope, None]},
        "letter": {"enum": ["A", "B", None]},
        "kinds": _WORDS,
        "max_grids_per_person": _COUNT | {"minimum": 1},
        "exclusive_with": _words([*DutyRole], ["array", "null"]),
        "prefer": {"anyOf": [_PREFER, {"type": "null"}]},
        "severity": {"enum": [Severity.ERROR, Severity.WARNING, None]},
        "display_public": _FLAG,
    },
    "roles",
)
RULE = _object(
    {
        "profile": _TEXT,
        "grid_type": {"enum": [*GRID_TYPES]},
        "formula": {"type": "string", "maxLength": LONGEST, "pattern": rf"^{_SYMBOL}(\+{_SYMBOL})*$"},
        "terms": {"type": "array", "items": _TERM, "minItems": 1, "maxItems": MOST_TERMS},
        "assumption": _TEXT,
    },
    "formula",
    "terms",
)
"""A rule. That its terms explain its formula, and that its numbers do not contradict each other, no schema can say."""
