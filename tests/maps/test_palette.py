"""Colours: apart for every eye, apart on either side of a border."""

from itertools import combinations

import numpy as np
import pytest
import shapely

from maps import palette
from maps.palette import Band

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
EYES = {
    "usual": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])


def least_difference(colours, eye):
    rgb = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ np.array(EYES[eye]).T, 0, 1) @ TO_XYZ.T / (0.95047, 1, 1.08883)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=-1)
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    return apart[np.triu_indices(len(lab), 1)].min()


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize(
    "colours",
    [palette.FILLS, palette.BAND_FILLS[: Band.DEDICATED], palette.DAY_SCALE],
    ids=["grids", "band", "scale"],
)
def test_colours_stay_apart(colours, eye):
    """Two colours of one scale differ by more than ten (CIE 1976) for every kind of colour vision."""
    assert least_difference(colours, eye) > 10


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize(
    "colours",
    [palette.NIGHT_SCALE, palette.NIGHT_BAND_FILLS[: Band.DEDICATED]],
    ids=["scale", "band"],
)
def test_colours_of_the_night_stay_apart(colours, eye):
    """Two colours of one scale of the dark pages differ by more than fifteen (CIE 1976) for every kind of colour vision."""
    assert least_difference(colours, eye) > 15


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        *combinations(palette.NIGHT_MARKS.values(), 2),
        *combinations([*palette.DAY_MARKS.values(), palette.DAY_OVER], 2),
        (palette.CARDS["yellow"], palette.CARDS["red"]),
    ],
)
def test_marks_are_told_apart_by_colour_alone(first, second, eye):
    """Any two marks of a map, and the two cards, differ by 25 and more (CIE 1976) for every eye; shape tells them apart too.

    What is suspended has the colour of what is to be checked, as a ring: `tests/api/test_marks_browser.py` looks at shapes.
    """
    assert least_difference((first, second), eye) >= 25


def luminance(colour):
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("colour", palette.NIGHT_MARKS.values(), ids=palette.NIGHT_MARKS)
def test_marks_stand_out_of_the_night(colour):
    """Each mark has a contrast of more than four and a half to what lies behind it (WCAG asks three of marks)."""
    assert (luminance(colour) + 0.05) / (luminance(palette.NIGHT) + 0.05) > 4.5


@pytest.mark.parametrize("colour", [*palette.DAY_MARKS.values(), palette.DAY_OVER], ids=[*palette.DAY_MARKS, "over"])
def test_marks_stand_out_of_the_day(colour):
    """Each mark has the contrast of more than three to a light map's land that WCAG asks of marks."""
    assert (luminance(palette.DAY) + 0.05) / (luminance(colour) + 0.05) > 3


def test_neighbours_share_a_border_of_some_length():
    """Grids that only touch at a corner are no neighbours."""
    quads = shapely.box([0, 1, 0, 1], [0, 0, 1, 1], [1, 2, 1, 2], [1, 1, 2, 2])

    assert palette.neighbours(quads).tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]


def test_neighbours_of_crossed_outline():
    """An outline that crosses itself still has neighbours."""
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])

    assert palette.neighbours(np.array([bow, shapely.box(1, 0, 2, 1)], dtype=object)).tolist() == [[0, 1]]


@pytest.mark.parametrize("side", [0, 1, 2, 12])
def test_neighbours_differ_in_colour(side, plan):
    """On a drawn town no two neighbours have one colour, and six colours are enough."""
    polygons = plan(side).grids.polygon
    pairs = palette.neighbours(polygons)

    colours = palette.colouring(len(polygons), pairs)

    assert all(colours[a] != colours[b] for a, b in pairs.tolist())
    assert all(0 <= colour < len(palette.FILLS) for colour in colours)


def test_colouring_without_enough_colours():
    """Seven grids that all touch each other get six colours, with a single clash."""
    pairs = np.array([(a, b) for a in range(7) for b in range(a + 1, 7)])

    colours = palette.colouring(7, pairs)

    assert sum(colours[a] == colours[b] for a, b in pairs.tolist()) == 1


def test_band_steps():
    """The steps of the band follow the count; `in_band` and dedicated grids have the last word."""
    households = np.array([0, 100, 299, 300, 500, 501, 751, 320, 480, 0])
    in_band = np.array([False, False, False, True, True, False, False, False, False, False])
    dedicated = np.array([False] * 9 + [True])

    steps = palette.band_of(households, in_band, dedicated, minimum=300, target=400, maximum=500)

    assert steps.tolist() == [
        Band.NOBODY,
        Band.FAR_BELOW,
        Band.BELOW,
        Band.IN,
        Band.IN,
        Band.ABOVE,
        Band.FAR_ABOVE,
        Band.BELOW,
        Band.ABOVE,
        Band.DEDICATED,
    ]
