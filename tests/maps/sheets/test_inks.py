"""The inks: what is written can be read where it is written."""

import pytest

from maps.sheets import inks


def luminance(ink):
    parts = [int(ink[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(ink, ground):
    light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


WRITTEN = [
    *((ink, inks.PAPER) for ink in (inks.INK, inks.SOFT, inks.BOUNDARY, inks.ROAD_NAME)),
    (inks.NEIGHBOUR_NAME, inks.NEIGHBOUR),
    (inks.COMPOUND_NAME, inks.COMPOUND),
    (inks.WATER_NAME, inks.WATER),
    *((inks.ROAD_NAME, stroke.ink) for stroke in inks.STROKES.values() if stroke.casing and stroke.ink != inks.WATER),
]


@pytest.mark.parametrize(("ink", "ground"), sorted(set(WRITTEN)))
def test_names_can_be_read(ink, ground):
    """Every ink of a name stands out from the paper of its halo by 4.5 to 1."""
    assert contrast(ink, ground) >= 4.5


@pytest.mark.parametrize("ground", [inks.OWN, inks.OWN_DEDICATED, inks.NEIGHBOUR, inks.AWAY, inks.COMPOUND])
def test_the_boundary_stands_out(ground):
    """The boundary is told from every ground by 3 to 1, also by those who see no colours."""
    assert contrast(inks.BOUNDARY, ground) >= 3
