"""The plan on one page (`map.html`): the grids on the town's own roads and rivers, their figures, their exceptions.

The page opens from disk with no network. Household points are never on it: only each grid's counts. Its behaviour lives
in `assets/own/`, one idea a file; this module says what goes in.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from maps import palette
from maps.base import Areas, Lines, ground, no_areas, no_lines
from maps.canvas import OfflineFigure, TownMap
from maps.layers import compose
from maps.packing import coded
from maps.words import LANGUAGES, word, words_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SCRIPTS = ("words", "ground", "surface", "paint", "scale", "tags", "labels", "figures", "list", "card", "legend", "plan")

METRICS = ("grids", "households", "in_band_share", "mean_deviation", "compactness", "exceptions")
"""The figures that the page opens with, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRows:
    """The grids of a plan as columns; one row is one index into each."""

    code: tuple[str, ...]
    name: tuple[str, ...]
    dedicated: NDArray[np.bool_]
    """Whether the grid is a dedicated one (专属网格); the others are residential."""
    subtype: tuple[str, ...]
    community: tuple[str, ...]
    street: tuple[str, ...]
    households: NDArray[np.int64]
    persons: NDArray[np.int64]
    """All zero where the town gives none: the page then leaves them out."""
    area_m2: NDArray[np.float64]
    compactness: NDArray[np.float64]
    in_band: NDArray[np.bool_]
    bounds_text: tuple[str, ...]
    """The four bounds (四至) in Chinese."""
    exception: tuple[str, ...]
    """Why the grid is outside the band, in Chinese; empty where there is nothing to say."""
    polygon: NDArray[np.object_]
    """Longitude and latitude, degrees (WGS 84 or CGCS2000)."""
    bounds_text_en: tuple[str, ...] = ()
    exception_en: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """What the plan's page shows, as plain values; all ground in longitude and latitude."""

    title: str
    """The town's name."""
    grids: GridRows
    minimum: int
    target: int
    maximum: int
    communities: Areas = field(default_factory=no_areas)
    compounds: Areas = field(default_factory=no_areas)
    lines: Lines = field(default_factory=no_lines)
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Figures by the names in `METRICS`; what is not given is computed from the columns."""
    attribution: str = ""
    """Whose data this is."""


def plan_page(view: PlanView, *, lang: str = "zh") -> str:
    """Return the page of a plan: one HTML document that needs nothing else.

    Parameters
    ----------
    view
        What to show.
    lang
        The language that the page opens in; readers switch it in place.
    """
    if lang not in LANGUAGES:
        msg = f"the page speaks {' and '.join(LANGUAGES)}, not {lang!r}"
        raise ValueError(msg)
    figure = OfflineFigure(title=f"{view.title} · {word('plan.page', lang)}", lang=lang)
    town = TownMap(
        zoom_snap=0.25, zoom_delta=0.5, wheel_px_per_zoom_level=90, max_zoom=20, min_zoom=3, bounce_at_zoom_limits=False
    )
    return compose(figure, town, "plan", data=("plan-data", page_data(view)), scripts=SCRIPTS, styles=("calm",))


def page_data(view: PlanView) -> dict[str, Any]:
    """Return what the page's scripts read: columns, ground in micro-degrees, words, colours."""
    rows = view.grids
    dedicated = rows.dedicated.astype(bool)
    packed = ground(rows.polygon, view.communities, view.compounds, view.lines)
    return packed | {
        "title": view.title,
        "attribution": view.attribution,
        "band": {"minimum": view.minimum, "target": view.target, "maximum": view.maximum},
        "metrics": metrics(view),
        "grids": packed["grids"]
        | {
            "code": rows.code,
            "name": rows.name,
            "dedicated": dedicated.astype(int).tolist(),
            "subtype": asdict(coded(rows.subtype)),
            "community": asdict(coded(rows.community)),
            "street": asdict(coded(rows.street)),
            "households": rows.households.tolist(),
            "persons": rows.persons.tolist() if rows.persons.any() else None,
            "area": np.rint(rows.area_m2).astype(int).tolist(),
            "compactness": np.round(rows.compactness, 3).tolist(),
            "in_band": rows.in_band.astype(int).tolist(),
            "bounds": {"zh": rows.bounds_text, "en": rows.bounds_text_en or rows.bounds_text},
            "exception": {
                "zh": asdict(coded(rows.exception)),
                "en": asdict(coded(rows.exception_en or rows.exception)),
            },
            "step": palette.band_of(
                rows.households, rows.in_band, dedicated, minimum=view.minimum, target=view.target, maximum=view.maximum
            ).tolist(),
        },
        "fills": {"grids": palette.FILLS, "band": palette.BAND_FILLS},
        "words": words_for("map.", "plan."),
    }


def metrics(view: PlanView) -> dict[str, float]:
    """Return the page's figures: those that the plan gives, the rest from the columns of the residential grids."""
    rows = view.grids
    home = ~rows.dedicated.astype(bool)
    households = rows.households[home]
    none = not home.any()
    found: dict[str, float] = {
        "grids": len(rows.code),
        "households": int(rows.households.sum()),
        "in_band_share": 0.0 if none else float(rows.in_band[home].mean()),
        "mean_deviation": 0.0 if none else float(np.abs(households - view.target).mean() / max(1, view.target)),
        "compactness": 0.0 if none else float(rows.compactness[home].mean()),
        "exceptions": sum(bool(reason) for reason in rows.exception),
    }
    return {name: round(float(view.metrics.get(name, found[name])), 4) for name in METRICS}
