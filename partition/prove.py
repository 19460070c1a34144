"""Our own plan, audited by equality as if it came from somebody else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.errors import BrokenPlan
from gis.locate import NOWHERE, locate, rank_of
from partition.audit import audit
from partition.audit_layers import CommunityLayer, GridLayer

if TYPE_CHECKING:
    from gis.town import Households, Town
    from partition.audit import AuditReport
    from partition.plan import Plan


def prove(plan: Plan, town: Town) -> AuditReport:
    """Return the audit of a plan against the town that it divides, or against the communities of the town that it divides.

    Raises
    ------
    BrokenPlan
        The plan fails its own certificate. That is a defect of ours; such a plan must never be written.
    """
    known = replace(town, households=_without_neighbours(plan, town))
    report = audit(as_layer(plan, town), town=known, rules=plan.rules, communities=noded(plan, town), file="grids.gpkg")
    if not (report.clean and report.exact):
        msg = "the plan failed its own certificate; this is a defect of wangge, please report it"
        raise BrokenPlan(msg, report.findings)
    return report


def as_layer(plan: Plan, town: Town) -> GridLayer:
    """Return the grids of a plan as the audit reads anybody's."""
    grids = plan.grids
    return GridLayer(
        code=grids.code,
        community=tuple(town.communities.code[c] for c in grids.community.tolist()),
        kind=tuple("residential" if d < 0 else "dedicated" for d in grids.dedicated.tolist()),
        exception=tuple("" if e is None else e.reason.value for e in grids.exception),
        polygon=grids.polygon,
        households=grids.households,
        persons=grids.persons,
        row=np.arange(1, len(grids) + 1),
    )


def noded(plan: Plan, town: Town) -> CommunityLayer:
    """Return the noded communities of a plan of which something is left on the 1 cm grid."""
    left = plan.communities[~shapely.is_empty(plan.community_polygon[plan.communities])]
    return CommunityLayer(code=tuple(town.communities.code[i] for i in left.tolist()), polygon=plan.community_polygon[left])


def _without_neighbours(plan: Plan, town: Town) -> Households:
    """Return the household points without those of communities that the plan does not divide.

    Whose a point is, the noded lines say and not the plan: on a line it is the community's with the smaller code.
    """
    points = town.households
    if len(plan.communities) == len(town.communities.code):
        return points
    home = locate(points.xy, plan.community_polygon, order=rank_of(town.communities.code))
    return points.take(np.flatnonzero((home == NOWHERE) | np.isin(home, plan.communities)))
