"""The audit of a grid layer, ours or anybody's: the certificate, and every fault with its place.

A layer of ours comes with its noded communities, whose lines have every vertex of the grids: then all is equality.
For a hand-drawn layer the town's own communities are the reference; coordinates are rounded to 1 cm first, and an
edge that no grid meets is in order only where it lies within 0.75 cm of the community line. A household on a line
belongs to the grid with the smaller code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.finding import Severity, stops
from gis.frame import CM_PER_M, centimetres
from gis.town import read_only
from partition.audit_findings import Teller, about_band, about_codes, about_counts, about_households
from partition.audit_households import place_households
from partition.audit_layers import CommunityLayer, look_at
from partition.audit_tally import tallies
from partition.audit_words import WORDS
from partition.certificate import Fault, met_once, rings_of
from partition.defect import Case, Defect, defects_of
from partition.nearness import deviation
from partition.soundness import crossings, filled_holes, necks, parts, pinches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from gis.finding import Finding
    from gis.town import Town
    from partition.audit_households import HouseholdCheck
    from partition.audit_layers import GridLayer, Look
    from partition.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What is proven about one community; areas are twice the area in cm², so that they are whole numbers.

    `exact` says that the grids tile the community, by equality alone. `deviation_cm` is how far at most the line
    that the grids were checked against lies from the community's line as it came in, or nan where the town does not
    have this community.
    """

    code: str
    exact: bool
    grids: int
    grid_area2_cm2: int
    community_area2_cm2: int
    edges_inner: int
    edges_outer: int
    deviation_cm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """Everything that an audit says: `counted` (n,) are the households that lie in each grid of the layer."""

    findings: tuple[Finding, ...]
    communities: tuple[Certificate, ...]
    households: HouseholdCheck
    counted: NDArray[np.int64]

    @property
    def clean(self) -> bool:
        """Say whether no finding is an error; warnings and notes may stand beside a clean layer."""
        return not stops(self.findings)

    @property
    def exact(self) -> bool:
        """Say whether every community is proven to be tiled by equality alone."""
        return all(certificate.exact for certificate in self.communities)


def audit(
    grids: GridLayer, *, town: Town, rules: Rules, communities: CommunityLayer | None = None, file: str | None = None
) -> AuditReport:
    """Audit a grid layer against a town.

    Parameters
    ----------
    grids
        The layer, in the town's frame.
    town
        Gives frame, households, and the communities as they came in.
    rules
        Give the band.
    communities
        The noded communities of a plan; equality is then demanded. Without them the town's own are the reference,
        within 0.75 cm.
    file
        Name of the layer's file, for the findings.

    """
    reference = communities or CommunityLayer(code=town.communities.code, polygon=town.communities.polygon)
    look = look_at(grids, reference, noded=communities is not None)
    told = Teller(layer=grids, reference=reference, origin=look.origin, crs=town.frame.crs, file=file)
    check, held = place_households(look, town.households)
    found = [*_unreadable(look), *_sound(look), *_uncovered(look, check, town)]
    found += _unproven(look, found)
    households, persons = tallies(grids, look, check, held, town.households)
    findings = (
        *(told.defect(defect) for defect in found),
        *about_codes(told, look),
        *about_households(told, look, check, town.households),
        *about_counts(told, look, households=households, persons=persons),
        *about_band(told, look, counted=households.settled, persons=persons.settled, rules=rules),
    )
    return AuditReport(
        findings=findings,
        communities=_certificates(look, reference, town),
        households=check,
        counted=read_only(households.counted),
    )


# --- what was found -------------------------------------------------------------------------------


def _unreadable(look: Look) -> Iterable[Defect]:
    for k in np.flatnonzero(look.grid_fault != Fault.NONE):
        yield Defect(kind="invalid_polygon", xy=(np.nan, np.nan), grids=(int(k),), width=float(look.grid_fault[k]))
    for k in np.flatnonzero(look.community_fault != Fault.NONE):
        yield Defect(kind="invalid_community", xy=(np.nan, np.nan), community=int(k), width=float(look.community_fault[k]))


def _sound(look: Look) -> Iterable[Defect]:
    met, _ = met_once(look.net.grid_edge, look.net.grid_forward)
    yield from crossings(look.net, look.tangle)
    yield from pinches(look.net, look.tangle)
    yield from parts(look.net, look.grid, look.community, look.group)
    yield from filled_holes(look.net, met)
    yield from necks(look.grid)


def _uncovered(look: Look, check: HouseholdCheck, town: Town) -> list[Defect]:
    """Return the defects of coverage; none are sought where everything is proven."""
    doubtful = ~look.exact
    strays = (look.group < 0) & ~shapely.is_empty(look.grid)
    if not doubtful.any() and not strays.any():
        return []
    net = look.net
    met, doubled = met_once(net.grid_edge, net.grid_forward)
    return defects_of(
        Case(
            net=net,
            tangle=look.tangle,
            group=look.group,
            doubtful=doubtful,
            bad=~look.matching.grid,
            unmet=~look.matching.community,
            doubled=doubled,
            elsewhere=met & ~doubled,
            grid=look.grid,
            community=look.community,
            grid_area2=look.grid_area2,
            line=_lines_twice(look, town),
            vertex=_vertices_as_they_came(look),
            lost=(centimetres(town.households.xy[check.in_none]) - look.origin).astype(np.float64),
            noded=look.noded,
        )
    )


def _lines_twice(look: Look, town: Town) -> NDArray[np.object_]:
    """Return the line of each community as it is audited, and with it the line that came in."""
    lines = look.net.communities
    audited = np.stack([lines.start, lines.end], axis=1).astype(np.float64)
    original = _original_lines(town, look.origin)
    none = np.zeros((0, 2, 2))
    both = [np.concatenate([audited[lines.polygon == k], original.get(code, none)]) for k, code in enumerate(look.codes)]
    made = np.empty(len(both), dtype=np.object_)
    made[:] = [shapely.MultiLineString(list(segments)) for segments in both]
    return made


def _vertices_as_they_came(look: Look) -> NDArray[np.float64]:
    """Return the points of the net before rounding, one of those that were rounded to the same."""
    vertex = look.net.vertex.astype(np.float64)
    xy = shapely.get_coordinates(look.unrounded)
    key, keys = (_key(points) for points in (np.rint(xy).astype(np.int64), look.net.vertex))
    slot = np.minimum(np.searchsorted(keys, key), max(0, len(keys) - 1))
    same = keys[slot] == key
    vertex[slot[same]] = xy[same]
    return vertex


def _key(points: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number for each point, in the order in which a net lists its points."""
    return (points[:, 0] << 31) + points[:, 1]


def _unproven(look: Look, found: Sequence[Defect]) -> list[Defect]:
    """Return the communities whose certificate fails although nothing found accounts for it."""
    if not look.noded:
        return []
    explained = {
        community
        for defect in found
        if WORDS[defect.kind].severity is Severity.ERROR
        for community in (defect.community, defect.other, *(int(look.group[k]) for k in defect.grids))
    }
    return [
        Defect(
            kind="unproven",
            xy=(float(xy[0]), float(xy[1])) if len(xy := shapely.get_coordinates(look.community[k])) else (np.nan, np.nan),
            community=int(k),
            area=float(look.grid_area2[look.group == k].sum() - look.community_area2[k]) / 2e4,
        )
        for k in np.flatnonzero(~look.exact)
        if k not in explained
    ]


def _certificates(look: Look, reference: CommunityLayer, town: Town) -> tuple[Certificate, ...]:
    lines = np.stack([look.net.communities.start, look.net.communities.end], axis=1).astype(np.float64)
    of = look.net.communities.polygon
    original = _original_lines(town, look.origin)
    return tuple(
        Certificate(
            code=code,
            exact=bool(look.exact[k]),
            grids=int((look.group == k).sum()),
            grid_area2_cm2=sum(look.grid_area2[look.group == k].tolist()),
            community_area2_cm2=int(look.community_area2[k]),
            edges_inner=int(look.matching.inner[k]),
            edges_outer=int(look.matching.outer[k]),
            deviation_cm=deviation(lines[of == k], original[code]) if code in original else float("nan"),
        )
        for k, code in enumerate(reference.code)
    )


def _original_lines(town: Town, origin: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Return the town's readable communities as they came in, not rounded: segments (n, 2, 2), centimetres."""
    _, fault = rings_of(town.communities.polygon, origin)
    readable = zip(town.communities.code, town.communities.polygon, fault, strict=True)
    return {code: _segments(polygon, origin) for code, polygon, why in readable if why == Fault.NONE}


def _segments(polygon: object, origin: NDArray[np.int64]) -> NDArray[np.float64]:
    rings = shapely.get_rings(shapely.get_parts(np.array([polygon], dtype=np.object_)))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    xy = xy * CM_PER_M - origin
    step = (ring[1:] == ring[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
    return np.stack([xy[:-1][step], xy[1:][step]], axis=1)
