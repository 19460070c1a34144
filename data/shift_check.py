"""Which layers of a town are suspected to be in shifted coordinates that nobody declared, or declared wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from data.points import inside_any
from data.sentences import fault
from gis.chinese_frames import SHIFTED
from gis.frame import WGS84, transform
from gis.shift import Pair, Shift, find_shift

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from data.manifest import LayerSpec
    from gis.finding import Finding
    from gis.frame import Frame
    from gis.town import Barriers

_ON_ROAD_M = 4.0
_ALONG_ROAD_M = 12.0
_STEP_M = 25.0
_BESIDE_M = 2000.0

_SAID = {
    "in_communities": ("of the household points lie inside communities", "的住户点落在社区内"),
    "in_compounds": ("of the household points lie inside compounds", "的住户点落在小区内"),
    "off_lines": ("of the household points lie off the lines of roads and rivers", "的住户点不压在道路或河流中线上"),
    "along_lines": ("of the community boundaries run along its lines", "的社区边界与这些线重合"),
    "lines_off_compounds": ("of its lines run outside compounds", "的线位于小区之外"),
}


@dataclass(frozen=True, slots=True)
class Layers:
    """What the check looks at: layers in the town's frame, `lines` by the table that they came from."""

    frame: Frame
    communities: NDArray[np.object_]
    households: NDArray[np.float64]
    compounds: NDArray[np.object_]
    lines: Sequence[tuple[LayerSpec, Barriers]]


def suspected_shifts(layers: Layers, specs: Iterable[LayerSpec]) -> list[Finding]:
    """List the layers that seem to be in another system than declared; nothing outside China."""
    if not len(layers.communities) or not _in_china(layers):
        return []
    by_label = {spec.label: spec for spec in specs}
    # Several files of compounds are looked at as one; the first stands for them.
    by_label["compounds"] = next((spec for spec in by_label.values() if spec.table == "compounds"), by_label["communities"])
    shifts = [shift for pair in _pairs(layers) if (shift := find_shift(pair, layers.frame)) is not None]
    return _settled(shifts, by_label)


def _in_china(layers: Layers) -> bool:
    west, south, east, north = shapely.total_bounds(layers.communities)
    ((lon, lat),) = transform([[(west + east) / 2.0, (south + north) / 2.0]], layers.frame.crs, WGS84).tolist()
    return 73.0 <= lon <= 136.0 and 3.0 <= lat <= 54.0  # noqa: PLR2004 degrees around China


def _pairs(layers: Layers) -> list[Pair]:
    """List the ways in which the layers at hand should fit."""
    pairs: list[Pair] = []
    points = layers.households
    if len(points):
        pairs.append(Pair("households", "communities", points, _inside(layers.communities), 0.8, "in_communities"))
    if len(points) and len(layers.compounds):
        pairs.append(Pair("households", "compounds", points, _inside(layers.compounds), 0.3, "in_compounds"))
    for spec, barriers in layers.lines:
        near = _near(barriers.line, layers.communities)
        if len(near):
            pairs.extend(_pairs_with_lines(spec.label, near, layers))
    return pairs


def _pairs_with_lines(label: str, line: NDArray[np.object_], layers: Layers) -> list[Pair]:
    boundary = _along(shapely.boundary(layers.communities))
    pairs = [Pair("communities", label, boundary, _within(line, _ALONG_ROAD_M), 0.3, "along_lines")]
    if len(layers.households):
        off = _not(_within(line, _ON_ROAD_M))
        pairs.append(Pair("households", label, layers.households, off, 0.9, "off_lines"))
    if len(layers.compounds):
        off = _not(_inside(layers.compounds))
        pairs.append(Pair(label, "compounds", _along(line), off, 0.7, "lines_off_compounds"))
    return pairs


def _near(line: NDArray[np.object_], communities: NDArray[np.object_]) -> NDArray[np.object_]:
    """Keep the lines around the communities: what a city's road file has elsewhere says nothing about them."""
    west, south, east, north = shapely.total_bounds(communities)
    around = shapely.box(west - _BESIDE_M, south - _BESIDE_M, east + _BESIDE_M, north + _BESIDE_M)
    return line[shapely.intersects(around, line)]


def _along(line: NDArray[np.object_]) -> NDArray[np.float64]:
    """Give points along lines, a step apart."""
    return shapely.get_coordinates(shapely.segmentize(line, _STEP_M))


def _inside(polygon: NDArray[np.object_]) -> Callable[[NDArray[np.float64]], NDArray[np.bool_]]:
    return lambda xy: inside_any(xy, polygon)


def _within(line: NDArray[np.object_], distance_m: float) -> Callable[[NDArray[np.float64]], NDArray[np.bool_]]:
    tree = shapely.STRtree(line)

    def near(xy: NDArray[np.float64]) -> NDArray[np.bool_]:
        close = np.zeros(len(xy), dtype=np.bool_)
        close[tree.query(shapely.points(xy), predicate="dwithin", distance=distance_m)[0]] = True
        return close

    return near


def _not(
    fits: Callable[[NDArray[np.float64]], NDArray[np.bool_]],
) -> Callable[[NDArray[np.float64]], NDArray[np.bool_]]:
    return lambda xy: ~fits(xy)


def _settled(shifts: list[Shift], by_label: dict[str, LayerSpec]) -> list[Finding]:
    """Blame as few layers as explain all shifts, the one that explains most of them first."""
    findings: list[Finding] = []
    open_shifts = list(shifts)
    while open_shifts:
        blamed = [_blamed(shift, by_label) for shift in open_shifts]
        votes = [label for labels in blamed for label in labels]
        if not votes:
            break
        culprit = max(sorted(set(votes)), key=lambda label: (votes.count(label), by_label[label].coordinates in SHIFTED))
        explained = [shift for shift, labels in zip(open_shifts, blamed, strict=True) if culprit in labels]
        findings.append(_finding(by_label[culprit], explained))
        open_shifts = [shift for shift in open_shifts if shift not in explained]
    return findings


def _blamed(shift: Shift, by_label: dict[str, LayerSpec]) -> list[str]:
    """Say whose declaration may be wrong: a layer that says it is true, or one that was moved back on its word."""
    blamed: list[str] = []
    if by_label[shift.shifted].coordinates not in SHIFTED:
        blamed.append(shift.shifted)
    if by_label[shift.against].coordinates == shift.system:
        blamed.append(shift.against)
    return blamed


def _finding(spec: LayerSpec, shifts: list[Shift]) -> Finding:
    best = max(shifts, key=lambda shift: shift.after - shift.before)
    said, said_zh = _SAID[best.what]
    return fault(
        "shift_doubted" if spec.coordinates in SHIFTED else "shift_suspected",
        file=spec.file,
        field="coordinates",
        subject=spec.label,
        table=spec.label,
        value=spec.coordinates if spec.coordinates in SHIFTED else best.system,
        evidence=f"then {best.after:.0%} instead of {best.before:.0%} {said}",
        evidence_zh=f"改正后 {best.after:.0%}（现为 {best.before:.0%}）{said_zh}",
    )
