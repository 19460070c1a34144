"""Rules: what a good grid is. Frozen, hashed, stored with every plan that they made."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from gis.errors import RulesError
from gis.town import LineKind

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Prices, in points. A plan's score is the sum over its grids; lower is better."""

    balance: float = 2.6
    """For a grid 100 households away from the target; grows in proportion."""
    shape: float = 7.0
    """For a grid of compactness 0 (a circle, 1, costs nothing)."""
    unclear: float = 3.5
    """For a kilometre of border between grids that follows no line of the ground."""
    spanned: float = 30.0
    """For a kilometre of river, surface railway or expressway inside a grid."""
    spanned_road: float = 0.3
    """For a kilometre of main road inside a grid."""
    compound: float = 6.0
    """For each cut through a compound that would fit in one grid."""
    grid: float = 0.0
    """For each grid."""
    stability: float = 2.0
    """For 100 households that change grid where a draft is improved; a plan made anew has nothing to be true to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a grid may hold and what is preferred.

    `measure` says which count the band binds: `households`, `persons`, or both by `any_of` (a grid is in band when one
    of its counts is) or `all_of` (when both are).
    """

    minimum: int = 300
    target: int = 400
    maximum: int = 500
    measure: Literal["households", "persons", "any_of", "all_of"] = "households"
    minimum_persons: int = 900
    target_persons: int = 1200
    maximum_persons: int = 1500
    hard_barriers: tuple[str, ...] = ()
    """Kinds of line that no grid may span, whatever the price: `river`, `railway`, `expressway`."""
    band_m: float = 100.0
    """Height of the bands of the raster order that grids are numbered in, metres."""
    dedicated_from: int = 0
    """First number of dedicated grids; 0 numbers them with the others."""
    weights: Weights = field(default_factory=Weights)

    def __post_init__(self) -> None:
        """Refuse bands that are empty or upside down."""
        for low, mid, high, what in (
            (self.minimum, self.target, self.maximum, "households"),
            (self.minimum_persons, self.target_persons, self.maximum_persons, "persons"),
        ):
            if not 0 < low <= mid <= high:
                msg = f"the band of {what} must satisfy 0 < minimum <= target <= maximum, not {low}, {mid}, {high}"
                raise RulesError(msg)
        for name in self.hard_barriers:
            if name.upper() not in LineKind.__members__:
                msg = f"hard_barriers names {name!r}, which is no kind of line"
                raise RulesError(msg)

    def digest(self) -> str:
        """Return the SHA-256 of the rules in canonical JSON."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def rules_from(values: Mapping[str, Any]) -> Rules:
    """Make rules from a mapping, as it comes from `rules.toml` or `plan.json`; unknown names are refused."""
    known = {f.name for f in fields(Rules)}
    known_weights = {f.name for f in fields(Weights)}
    weights = dict(values.get("weights", {}))
    unknown = sorted(set(values) - known) + sorted(f"weights.{name}" for name in set(weights) - known_weights)
    if unknown:
        msg = f"unknown rules: {', '.join(unknown)}"
        raise RulesError(msg)
    rest = {name: value for name, value in values.items() if name != "weights"}
    if "hard_barriers" in rest:
        rest["hard_barriers"] = tuple(rest["hard_barriers"])
    return Rules(weights=Weights(**weights), **rest)
