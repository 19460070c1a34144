"""Round scales: which a grid is printed to, and how long the scale bar is."""

from __future__ import annotations

from bisect import bisect_left

MM_PER_M = 1000.0

ROUND = (
    *(500, 750, 1_000, 1_250, 1_500, 2_000, 2_500, 3_000, 4_000, 5_000, 6_000, 7_500, 8_000, 10_000, 12_500, 15_000),
    *(20_000, 25_000, 30_000, 40_000, 50_000, 60_000, 75_000, 80_000, 100_000, 125_000, 150_000, 200_000, 250_000),
    *(300_000, 400_000, 500_000, 750_000, 1_000_000, 2_000_000, 5_000_000),
)  # fmt: skip
"""The denominators that a sheet may have: those that people can reckon with, a ruler in hand."""

FILLED = 0.8
"""The most of the frame that a grid takes, across and along: its neighbours are seen on every side."""


def round_scale(extent_m: tuple[float, float], frame_mm: tuple[float, float], filled: float = FILLED) -> int:
    """Return the N of the largest round 1:N at which `extent_m` takes at most `filled` of `frame_mm`."""
    least = max(m * MM_PER_M / (mm * filled) for m, mm in zip(extent_m, frame_mm, strict=True))
    place = bisect_left(ROUND, least)
    return ROUND[min(place, len(ROUND) - 1)]


def bar_length(scale: int, most_mm: float) -> int:
    """Return the metres of a scale bar: a round number of metres, at most `most_mm` long on the paper."""
    most_m = most_mm * scale / MM_PER_M
    best = 1
    unit = 1
    while unit <= most_m:
        best = max(step * unit for step in (1, 2, 4, 5) if step * unit <= most_m)
        unit *= 10
    return best
