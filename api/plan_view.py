"""A plan as the page shows it: everything in longitude and latitude, in two languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.bounds import bounds_text
from gis.frame import WGS84, transform_geometry
from maps.grids import Areas, GridRows, Lines, PlanView
from partition.score import metrics

if TYPE_CHECKING:
    from gis.town import Town
    from partition.plan import Plan


def plan_view(plan: Plan, town: Town) -> PlanView:
    """Return what the plan's page shows."""
    grids, figures = plan.grids, metrics(plan)
    community = grids.community.tolist()
    dedicated = grids.dedicated.tolist()
    crs = town.frame.crs
    return PlanView(
        title=town.name,
        grids=GridRows(
            code=grids.code,
            name=grids.name,
            dedicated=grids.dedicated >= 0,
            subtype=tuple("" if d < 0 else town.dedicated.subtype[d] for d in dedicated),
            community=tuple(town.communities.name[c] for c in community),
            street=tuple(town.communities.street[c] for c in community),
            households=grids.households,
            persons=grids.persons,
            area_m2=grids.area_m2,
            compactness=grids.compactness,
            in_band=grids.in_band | (grids.dedicated >= 0),
            bounds_text=tuple(bounds_text(b, "zh") for b in grids.bounds),
            exception=tuple("" if e is None else e.zh for e in grids.exception),
            polygon=transform_geometry(grids.polygon, crs, WGS84),
            bounds_text_en=tuple(bounds_text(b, "en") for b in grids.bounds),
            exception_en=tuple("" if e is None else e.en for e in grids.exception),
        ),
        minimum=plan.rules.minimum,
        target=plan.rules.target,
        maximum=plan.rules.maximum,
        communities=Areas(town.communities.name, transform_geometry(town.communities.polygon, crs, WGS84)),
        compounds=Areas(town.compounds.name, transform_geometry(town.compounds.polygon, crs, WGS84)),
        lines=Lines(town.barriers.kind, town.barriers.name, transform_geometry(town.barriers.line, crs, WGS84)),
        metrics={
            "grids": len(grids),
            "households": int(grids.households.sum()),
            "in_band_share": float(figures["in_band_share"] or 0.0),
            "mean_deviation": float(figures["mean_deviation"] or 0.0) / plan.rules.target,
            "compactness": float(figures["compactness_mean"] or 0.0),
            "exceptions": int(np.count_nonzero([e is not None for e in grids.exception])),
        },
    )
