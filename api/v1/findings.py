"""Findings as they are told over HTTP: their places also in degrees, so that whoever has a map can go there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gis.frame import transform

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DEGREES = "EPSG:4490"
_DIGITS = 7
"""Of a degree: a centimetre."""


def with_degrees(findings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return records of findings; each place, which is in the town's own frame, has `lon` and `lat` beside `x` and `y`."""
    return [dict(each) | ({"place": _placed(each["place"])} if each.get("place") else {}) for each in findings]


def _placed(place: Mapping[str, Any]) -> dict[str, Any]:
    ((lon, lat),) = transform([[place["x"], place["y"]]], place["crs"], _DEGREES).tolist()
    return dict(place) | {"lon": round(lon, _DIGITS), "lat": round(lat, _DIGITS)}
