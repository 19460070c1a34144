"""Five real towns, where their files lie beside the checkout."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from data.manifest import read_manifest
from data.shift_check import Layers, _pairs
from data.town import read_town
from gis import chinese_frames as cf
from gis.finding import Severity
from gis.frame import WGS84, transform
from gis.shift import find_shift
from gis.town import LineKind

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "singapore_towns"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no sample at {FOLDER}")


@pytest.fixture(scope="module")
def town():
    return read_town(FOLDER)


def test_counts(town):
    """The numbers are those that the data's own page gives."""
    assert len(town.communities.code) == 44
    assert len(town.households.id) == 2099
    assert town.households.households.sum() == 194_761
    assert (town.households.households > 0).sum() == 1792
    assert town.households.households.max() == 539
    assert (town.barriers.kind == LineKind.ROAD).sum() >= 2923
    assert len(town.compounds.name) == 123
    assert town.frame.crs == "EPSG:3414"
    assert not town.has_persons


def test_findings(town):
    """The known dirt of the data is listed, as notes: nothing in it stops a plan."""
    kinds = Counter(finding.kind for finding in town.findings)

    assert {finding.severity for finding in town.findings} == {Severity.NOTE}
    assert kinds == {
        "no_households": 11,
        "zero_households": 1,
        "shared_coordinate": 1,
        "gap_sliver": 1,
        "compound_straddles": 4,
    }


def layers_of(town, households):
    """Make the layers that shifts are looked for in; all lines count as the roads' file."""
    manifest = read_manifest(FOLDER, [])
    assert manifest is not None
    return Layers(
        frame=town.frame,
        communities=town.communities.polygon,
        households=households,
        compounds=town.compounds.polygon,
        lines=[(manifest.barriers[0], town.barriers)],
    )


def test_real_layers_fit(town):
    """Real layers that lie right show no shift, though the formula knows one at this place."""
    pairs = _pairs(layers_of(town, town.households.xy))

    assert len(pairs) == 5
    assert [find_shift(pair, town.frame) for pair in pairs] == [None] * 5


@pytest.mark.parametrize("system", cf.SHIFTED)
def test_real_households_shifted(town, system):
    """Real households moved by the formula are seen to be, from communities and from roads."""
    lon_lat = transform(town.households.xy, town.frame.crs, WGS84)
    moved = transform(cf.from_wgs84(lon_lat, system), WGS84, town.frame.crs)

    shifts = [find_shift(pair, town.frame) for pair in _pairs(layers_of(town, moved))]

    seen = {(shift.shifted, shift.system) for shift in shifts if shift is not None}
    assert seen == {("households", system)}
    assert np.isfinite(moved).all()
