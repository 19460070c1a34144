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

from gis.finding import Finding, Place, Severity, stops
from gis.frame import CM_PER_M, centimetres
from gis.town import read_only
from partition.audit_words import REASONS, WORDS
from partition.certificate import (
    Fault,
    area2_of,
    locate,
    match,
    met_once,
    net_of,
    origin_of,
    rings_of,
    stray_holes,
    tangle_of,
)
from partition.defect import TOLERANCE_CM, Case, Defect, defects_of
from partition.nearness import deviation
from partition.soundness import crossings, filled_holes, necks, parts, pinches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from gis.town import Households, Town
    from partition.certificate import Located, Matching, Net, Rings, Tangle
    from partition.rules import Rules

UNKNOWN = -1
"""A household count that a layer does not give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLayer:
    """A layer of grids, in the town's frame (metres); one row an index into each column.

    `community` may be empty: then the place decides. `kind` is `residential`, `dedicated` or empty (taken as
    residential). `exception` is the reason for being out of band, or empty. `households` is what the layer claims,
    `UNKNOWN` where it says nothing.
    """

    code: tuple[str, ...]
    community: tuple[str, ...]
    kind: tuple[str, ...]
    exception: tuple[str, ...]
    polygon: NDArray[np.object_]
    households: NDArray[np.int64]
    row: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityLayer:
    """The noded communities of a plan, in the town's frame: they have every grid vertex that lies on their lines."""

    code: tuple[str, ...]
    polygon: NDArray[np.object_]


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
class HouseholdCheck:
    """Where the town's household points lie.

    The arrays hold indices into its `Households`; `grid` (n,) the grid of each or -1.
    """

    grid: NDArray[np.int64]
    inside: NDArray[np.int64]
    """In a community."""
    outside: NDArray[np.int64]
    """In no community."""
    in_none: NDArray[np.int64]
    """In a community and in no grid."""
    in_two: NDArray[np.int64]
    """Strictly inside a grid, and inside or on the line of another."""


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
    look = _look(grids, reference, noded=communities is not None)
    told = _Teller(layer=grids, reference=reference, origin=look.origin, crs=town.frame.crs, file=file)
    check, held = _place_households(look, town.households)
    counted = _counted(check, town.households, len(grids.code))
    found = [*_unreadable(look), *_sound(look), *_uncovered(look, check, town)]
    found += _unproven(look, found)
    settled = _settled(told, look, check, held, counted=counted, households=town.households)
    findings = (
        *(told.defect(defect) for defect in found),
        *_about_codes(told, look),
        *_about_households(told, look, check, town.households),
        *_about_counts(told, look, settled=settled, counted=counted),
        *_about_band(told, look, check, counted=settled, town=town, rules=rules),
    )
    return AuditReport(
        findings=findings,
        communities=_certificates(look, reference, town),
        households=check,
        counted=read_only(counted),
    )


# --- looking at both layers on the lattice --------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """Both layers as integers, as shapes around one origin, and what the integers say."""

    origin: NDArray[np.int64]
    grid_fault: NDArray[np.uint8]
    community_fault: NDArray[np.uint8]
    net: Net
    tangle: Tangle
    group: NDArray[np.int64]
    renamed: NDArray[np.bool_]
    """Grids whose community is not known; `group` holds the one they lie in."""
    matching: Matching
    exact: NDArray[np.bool_]
    grid_area2: NDArray[np.int64]
    community_area2: NDArray[np.int64]
    grid: NDArray[np.object_]
    community: NDArray[np.object_]
    rank: NDArray[np.int64]
    """Place of each grid in the order of codes."""
    unrounded: NDArray[np.object_]
    """The readable grids in centimetres from the origin, not rounded."""
    codes: tuple[str, ...]
    """Of the communities."""
    noded: bool


def _look(grids: GridLayer, reference: CommunityLayer, *, noded: bool) -> _Look:
    origin = origin_of(np.concatenate([reference.polygon, grids.polygon]))
    grid_rings, grid_fault = rings_of(grids.polygon, origin)
    community_rings, community_fault = rings_of(reference.polygon, origin)
    net = net_of(grid_rings, community_rings)
    tangle = tangle_of(net)
    shapes = _shapes(grids.polygon, grid_fault, origin)
    lands = _shapes(reference.polygon, community_fault, origin)
    group, renamed = _groups(grids, reference, shapes, community_rings)
    matching = match(net, group, len(reference.code))
    grid_area2, community_area2 = area2_of(grid_rings), area2_of(community_rings)
    rank = np.empty(len(grids.code), dtype=np.int64)
    rank[sorted(range(len(grids.code)), key=lambda k: (grids.code[k], k))] = np.arange(len(grids.code))
    return _Look(
        origin=origin,
        grid_fault=grid_fault,
        community_fault=community_fault,
        net=net,
        tangle=tangle,
        group=group,
        renamed=renamed,
        matching=matching,
        exact=_exact(
            net,
            tangle,
            group,
            matching,
            grid_area2=grid_area2,
            community_area2=community_area2,
            grid_fault=grid_fault,
        ),
        grid_area2=grid_area2,
        community_area2=community_area2,
        grid=shapes,
        community=lands,
        rank=rank,
        unrounded=shapely.transform(grids.polygon[grid_fault == Fault.NONE], lambda xy: xy * CM_PER_M - origin),
        codes=reference.code,
        noded=noded,
    )


def _shapes(polygon: NDArray[np.object_], fault: NDArray[np.uint8], origin: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the polygons in centimetres from the origin, made valid; empty where they cannot be read."""
    nothing = shapely.Polygon()
    usable = np.array([p if f == Fault.NONE else nothing for p, f in zip(polygon, fault, strict=True)], dtype=np.object_)
    shapes = shapely.transform(usable, lambda xy: (centimetres(xy) - origin).astype(np.float64))
    broken = np.flatnonzero(~shapely.is_valid(shapes))
    for k in broken:
        # What make_valid adds to the areas, lines and points, is nothing that a grid could cover.
        pieces = shapely.get_parts(shapely.get_parts(np.array([shapely.make_valid(shapes[k])], dtype=np.object_)))
        shapes[k] = shapely.union_all(pieces[shapely.get_dimensions(pieces) == 2])  # noqa: PLR2004
    return shapes


def _groups(
    grids: GridLayer, reference: CommunityLayer, shapes: NDArray[np.object_], communities: Rings
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the community of each grid, by its code or else by a point inside it; -1 where there is none."""
    number: dict[str, int] = {}
    for k, code in enumerate(reference.code):
        number.setdefault(code, k)
    group = np.array([number.get(code, -1) for code in grids.community], dtype=np.int64).reshape(-1)
    lost = np.flatnonzero((group < 0) & ~shapely.is_empty(shapes))
    points = np.rint(shapely.get_coordinates(shapely.point_on_surface(shapes[lost]))).astype(np.int64).reshape(-1, 2)
    located = locate(points, communities)
    code_order = (
        np.argsort(np.array(reference.code, dtype=np.str_), kind="stable") if reference.code else np.zeros(0, dtype=np.int64)
    )
    rank = np.empty(len(reference.code), dtype=np.int64)
    rank[code_order] = np.arange(len(reference.code))
    best = _smallest(len(lost), located.point, located.polygon, rank)
    group[lost] = best
    renamed = np.zeros(len(group), dtype=np.bool_)
    renamed[lost] = [bool(grids.community[k]) and group[k] >= 0 for k in lost]
    return group, renamed


def _smallest(points: int, point: NDArray[np.int64], polygon: NDArray[np.int64], rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each point the polygon of smallest rank among those listed, or -1."""
    order = np.lexsort((rank[polygon], point))
    chosen = np.full(points, -1, dtype=np.int64)
    held, first = np.unique(point[order], return_index=True)
    chosen[held] = polygon[order][first]
    return chosen


def _exact(
    net: Net,
    tangle: Tangle,
    group: NDArray[np.int64],
    matching: Matching,
    *,
    grid_area2: NDArray[np.int64],
    community_area2: NDArray[np.int64],
    grid_fault: NDArray[np.uint8],
) -> NDArray[np.bool_]:
    """Say for each community whether the theorem holds: every condition of it, and the areas besides."""
    exact = community_area2 > 0
    home = group[net.grids.polygon]

    def deny(of: NDArray[np.int64]) -> None:
        exact[of[of >= 0]] = False

    # A grid that cannot be read covers nothing; but nobody has then shown what it was meant to cover.
    deny(group[grid_fault != Fault.NONE])
    deny(home[~matching.grid])
    deny(net.communities.polygon[~matching.community])
    edges = np.concatenate([tangle.crossing.ravel(), tangle.touching[:, 0]])
    for edge, owner in ((net.grid_edge, home), (net.community_edge, net.communities.polygon)):
        deny(owner[np.isin(edge, edges) | np.isin(net.ends[edge], tangle.touching[:, 1]).any(axis=1)])
    for defect in pinches(net, tangle):
        deny(group[list(defect.grids)])
    deny(home[stray_holes(net.grids)])
    deny(net.communities.polygon[stray_holes(net.communities)])
    deny(_shared_ground(net))
    totals: list[int] = [0] * len(exact)
    for k, area2 in zip(group.tolist(), grid_area2.tolist(), strict=True):
        if k >= 0:
            totals[k] += area2
    exact &= np.array([total == area2 for total, area2 in zip(totals, community_area2.tolist(), strict=True)], dtype=np.bool_)
    return exact


def _shared_ground(net: Net) -> NDArray[np.int64]:
    """Return the communities that share ground with another.

    Where lines do not tangle, two communities share ground only if they have an edge the same way, or if one of
    them lies inside the other, and with it the middle of an edge that they do not share.
    """
    lines = net.communities
    met, twice = met_once(net.community_edge, net.community_forward)
    alone = np.flatnonzero(~met)
    middle = (lines.start + lines.end)[alone]
    doubled = _doubled(lines)
    located = locate(middle, doubled)
    other = located.strictly & (located.polygon != lines.polygon[alone[located.point]])
    return np.concatenate([lines.polygon[twice], located.polygon[other], lines.polygon[alone[located.point[other]]]])


def _doubled(rings: Rings) -> Rings:
    return type(rings)(
        start=2 * rings.start,
        end=2 * rings.end,
        polygon=rings.polygon,
        part=rings.part,
        ring=rings.ring,
        hole=rings.hole,
        polygons=rings.polygons,
    )


# --- households -----------------------------------------------------------------------------------


def _place_households(look: _Look, households: Households) -> tuple[HouseholdCheck, Located]:
    """Say where the household points lie; also which grids hold each of them, inside or on their line."""
    points = centimetres(households.xy) - look.origin
    held, lands = locate(points, look.net.grids), locate(points, look.net.communities)
    n = len(points)
    strictly = np.bincount(held.point[held.strictly], minlength=n)
    on_line = np.bincount(held.point[~held.strictly], minlength=n)
    inside = np.bincount(lands.point, minlength=n) > 0
    owner = _owner(n, held, look.rank)
    if not look.noded:
        _forgive(look, points, owner, inside)
    check = HouseholdCheck(
        grid=read_only(owner),
        inside=read_only(np.flatnonzero(inside)),
        outside=read_only(np.flatnonzero(~inside)),
        in_none=read_only(np.flatnonzero(inside & (owner < 0))),
        in_two=read_only(np.flatnonzero((strictly > 1) | ((strictly > 0) & (on_line > 0)))),
    )
    return check, held


def _counted(check: HouseholdCheck, households: Households, grids: int) -> NDArray[np.int64]:
    counted = np.zeros(grids, dtype=np.int64)
    some = check.grid >= 0
    np.add.at(counted, check.grid[some], households.households[some])
    return counted


def _owner(points: int, located: Located, rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the grid of each point: the one around it, or the smallest code of those on whose line it lies."""
    sure = _smallest(points, located.point[located.strictly], located.polygon[located.strictly], rank)
    tied = _smallest(points, located.point, located.polygon, rank)
    return np.where(sure >= 0, sure, tied)


def _forgive(look: _Look, points: NDArray[np.int64], owner: NDArray[np.int64], inside: NDArray[np.bool_]) -> None:
    """Give the points that lie between a grid's line and the community line it stands for to that grid."""
    lost = np.flatnonzero(inside & (owner < 0))
    if not len(lost):
        return
    at = shapely.points(points[lost].astype(np.float64))
    line, _ = shapely.STRtree(shapely.boundary(look.community)).query(at, predicate="dwithin", distance=TOLERANCE_CM)
    point, grid = shapely.STRtree(look.grid).query(at, predicate="dwithin", distance=TOLERANCE_CM)
    near = np.isin(point, line)
    owner[lost] = _smallest(len(lost), point[near], grid[near].astype(np.int64), look.rank)


# --- what was found -------------------------------------------------------------------------------


def _unreadable(look: _Look) -> Iterable[Defect]:
    for k in np.flatnonzero(look.grid_fault != Fault.NONE):
        yield Defect(kind="invalid_polygon", xy=(np.nan, np.nan), grids=(int(k),), width=float(look.grid_fault[k]))
    for k in np.flatnonzero(look.community_fault != Fault.NONE):
        yield Defect(kind="invalid_community", xy=(np.nan, np.nan), community=int(k), width=float(look.community_fault[k]))


def _sound(look: _Look) -> Iterable[Defect]:
    met, _ = met_once(look.net.grid_edge, look.net.grid_forward)
    yield from crossings(look.net, look.tangle)
    yield from pinches(look.net, look.tangle)
    yield from parts(look.net, look.grid, look.community, look.group)
    yield from filled_holes(look.net, met)
    yield from necks(look.grid)


def _uncovered(look: _Look, check: HouseholdCheck, town: Town) -> list[Defect]:
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


def _lines_twice(look: _Look, town: Town) -> NDArray[np.object_]:
    """Return the line of each community as it is audited, and with it the line that came in."""
    lines = look.net.communities
    audited = np.stack([lines.start, lines.end], axis=1).astype(np.float64)
    original = _original_lines(town, look.origin)
    none = np.zeros((0, 2, 2))
    both = [np.concatenate([audited[lines.polygon == k], original.get(code, none)]) for k, code in enumerate(look.codes)]
    made = np.empty(len(both), dtype=np.object_)
    made[:] = [shapely.MultiLineString(list(segments)) for segments in both]
    return made


def _vertices_as_they_came(look: _Look) -> NDArray[np.float64]:
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


def _unproven(look: _Look, found: Sequence[Defect]) -> list[Defect]:
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


def _certificates(look: _Look, reference: CommunityLayer, town: Town) -> tuple[Certificate, ...]:
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


# --- what was found, said -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Teller:
    """Makes findings: knows the layers' codes and rows, where the origin is, and in which frame."""

    layer: GridLayer
    reference: CommunityLayer
    origin: NDArray[np.int64]
    crs: str
    file: str | None

    def defect(self, defect: Defect) -> Finding:
        """Say a defect."""
        number = int(defect.width) if defect.kind in {"invalid_polygon", "invalid_community"} else 0
        return self.finding(
            defect.kind,
            grids=defect.grids,
            xy=defect.xy,
            community=self.reference.code[defect.community] if defect.community >= 0 else "",
            other=self.reference.code[defect.other] if defect.other >= 0 else "",
            area=f"{defect.area:.4g}",
            width=f"{defect.width:.3g}",
            points=f"{defect.width:.0f}",
            reason=REASONS.get(number, ("", "")),
        )

    def finding(
        self, word: str, *, grids: Sequence[int] = (), xy: tuple[float, float] | None, **values: str | tuple[str, str]
    ) -> Finding:
        """Say the words for `word` about `grids`, at `xy` (centimetres from the origin).

        A pair of values is English and Chinese.
        """
        words = WORDS[word]
        codes = [self.layer.code[k] for k in grids]
        en = {name: value if isinstance(value, str) else value[0] for name, value in values.items()}
        zh = {name: value if isinstance(value, str) else value[1] for name, value in values.items()}
        community = en.get("community", "")
        return Finding(
            kind=words.kind,
            severity=words.severity,
            en=words.en.format(who=" and ".join(codes), first=codes[0] if codes else "", rest=", ".join(codes[1:]), **en),
            zh=words.zh.format(who="、".join(codes), first=codes[0] if codes else "", rest="、".join(codes[1:]), **zh),
            file=self.file,
            row=int(self.layer.row[grids[0]]) if grids else None,
            place=self._place(xy),
            subject=" ".join(codes) or community or None,
        )

    def _place(self, xy: tuple[float, float] | None) -> Place | None:
        if xy is None or not np.isfinite(xy).all():
            return None
        return Place((xy[0] + int(self.origin[0])) / CM_PER_M, (xy[1] + int(self.origin[1])) / CM_PER_M, self.crs)


def _middle(look: _Look, grid: int) -> tuple[float, float] | None:
    xy = shapely.get_coordinates(shapely.point_on_surface(look.grid[grid]))
    return (float(xy[0, 0]), float(xy[0, 1])) if len(xy) else None


def _about_codes(told: _Teller, look: _Look) -> Iterable[Finding]:
    users: dict[str, list[int]] = {}
    for k, code in enumerate(told.layer.code):
        users.setdefault(code, []).append(k)
    for same in users.values():
        if len(same) > 1:
            yield told.finding("duplicate_code", grids=same[1:2], xy=_middle(look, same[1]), points=str(len(same)))
    for k in np.flatnonzero(look.renamed).tolist():
        yield told.finding(
            "unknown_community",
            grids=(k,),
            xy=_middle(look, k),
            community=told.reference.code[look.group[k]],
            reason=told.layer.community[k],
        )


def _about_households(told: _Teller, look: _Look, check: HouseholdCheck, households: Households) -> Iterable[Finding]:
    """Sum up the households in no grid by community, those in two by the grids, those outside in one sentence."""
    points = centimetres(households.xy) - look.origin

    def told_of(word: str, some: NDArray[np.int64], *, grids: Sequence[int] = (), community: str = "") -> Finding:
        return told.finding(
            word,
            grids=grids,
            xy=(float(points[some[0], 0]), float(points[some[0], 1])),
            community=community,
            points=str(len(some)),
            households=str(int(households.households[some].sum())),
            example=households.id[some[0]],
        )

    lands = locate(points[check.in_none], look.net.communities)
    home = _smallest(len(check.in_none), lands.point, lands.polygon, np.arange(len(told.reference.code)))
    for community in np.unique(home).tolist():
        some = check.in_none[home == community]
        yield told_of("household_in_none", some, community=told.reference.code[community])

    holders: dict[int, list[int]] = {}
    held = locate(points[check.in_two], look.net.grids)
    for point, grid in zip(held.point.tolist(), held.polygon.tolist(), strict=True):
        holders.setdefault(point, []).append(grid)
    together: dict[tuple[int, ...], list[int]] = {}
    for point, grids in sorted(holders.items()):
        together.setdefault(tuple(sorted(grids, key=lambda k: int(look.rank[k]))), []).append(int(check.in_two[point]))
    for grids, which in together.items():
        yield told_of("household_in_two", np.array(which, dtype=np.int64), grids=grids)

    if len(check.outside):
        yield told_of("households_outside", check.outside)


def _settled(
    told: _Teller, look: _Look, check: HouseholdCheck, held: Located, *, counted: NDArray[np.int64], households: Households
) -> NDArray[np.int64]:
    """Return the households of each grid: what it claims where that can be right, else what lies in it.

    A household on a line or in two grids may have been counted on either side. Such a grid may claim anything from
    its sure households to all that it holds, as long as the sum over its community is right.
    """
    claimed = told.layer.households
    count = households.households[held.point]
    several = np.bincount(held.point, minlength=len(households.id))[held.point] > 1
    sure, most = np.zeros_like(counted), np.zeros_like(counted)
    np.add.at(sure, held.polygon[~several], count[~several])
    np.add.at(most, held.polygon, count)
    twice = np.zeros(len(counted), dtype=np.bool_)
    twice[held.polygon[np.isin(held.point, check.in_two)]] = True
    group = look.group + 1
    off = np.zeros(int(group.max(initial=0)) + 1, dtype=np.int64)
    np.add.at(off, group, claimed - counted)
    balanced = (off[group] == 0) | twice
    within = (sure <= claimed) & (claimed <= most) & (sure < most) & balanced
    return np.where(within, claimed, counted)


def _about_counts(told: _Teller, look: _Look, *, settled: NDArray[np.int64], counted: NDArray[np.int64]) -> Iterable[Finding]:
    """Compare what the layer claims with what lies in each grid."""
    claimed = told.layer.households
    readable = look.grid_fault == Fault.NONE
    for k in np.flatnonzero((claimed != UNKNOWN) & (claimed != settled) & readable).tolist():
        yield told.finding("wrong_count", grids=(k,), xy=_middle(look, k), claimed=str(claimed[k]), households=str(counted[k]))


def _about_band(
    told: _Teller, look: _Look, check: HouseholdCheck, *, counted: NDArray[np.int64], town: Town, rules: Rules
) -> Iterable[Finding]:
    held = check.grid >= 0
    persons = np.zeros_like(counted)
    np.add.at(persons, check.grid[held], town.households.persons[held])
    in_households = (rules.minimum <= counted) & (counted <= rules.maximum)
    in_persons = (rules.minimum_persons <= persons) & (persons <= rules.maximum_persons)
    good = {
        "households": in_households,
        "persons": in_persons,
        "any_of": in_households | in_persons,
        "all_of": in_households & in_persons,
    }[rules.measure]
    residential = np.array([kind != "dedicated" for kind in told.layer.kind], dtype=np.bool_)
    for k in np.flatnonzero(~good & residential & (look.grid_fault == Fault.NONE)).tolist():
        reason = told.layer.exception[k]
        yield told.finding(
            "excepted" if reason else "out_of_band",
            grids=(k,),
            xy=_middle(look, k),
            reason=reason,
            amount=_amounts(rules, str(counted[k]), str(persons[k])),
            band=_amounts(rules, f"{rules.minimum}-{rules.maximum}", f"{rules.minimum_persons}-{rules.maximum_persons}"),
        )


def _amounts(rules: Rules, households: str, persons: str) -> tuple[str, str]:
    """Say households, persons or both, as the rules measure, in English and Chinese."""
    joint = {"any_of": (" or ", "或"), "all_of": (" and ", "且")}.get(rules.measure, ("", ""))
    en, zh = [f"{households} households", f"{persons} persons"], [f"{households}户", f"{persons}人"]
    which = {"households": slice(0, 1), "persons": slice(1, 2)}.get(rules.measure, slice(0, 2))
    return joint[0].join(en[which]), joint[1].join(zh[which])
