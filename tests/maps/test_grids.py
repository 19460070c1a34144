"""The plan's page as text: its size, what goes in, and what stays out."""

import json
import re

import numpy as np
import pytest

from maps.grids import METRICS, metrics, page_data, plan_page


def data_of(html):
    found = re.search(r'<script type="application/json" id="plan-data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_an_empty_page_is_small(plan):
    """A page without grids weighs less than 350 kB, libraries and all."""
    assert len(plan_page(plan(0)).encode()) < 350_000


def test_the_same_plan_gives_the_same_page(plan):
    """Two runs agree byte for byte."""
    assert plan_page(plan()) == plan_page(plan())


@pytest.mark.parametrize(("lang", "declared", "title"), [("zh", "zh-CN", "网格划分方案"), ("en", "en", "Grid plan")])
def test_the_page_says_its_language(plan, lang, declared, title):
    """Language and title are in the markup before any script runs."""
    html = plan_page(plan(1), lang=lang)

    assert f'<html lang="{declared}">' in html
    assert f"<title>清河镇 · {title}</title>" in html


def test_an_unknown_language_is_refused(plan):
    """There are two languages."""
    with pytest.raises(ValueError, match="zh and en"):
        plan_page(plan(1), lang="fr")


def test_names_are_never_templates(plan):
    """A name in braces arrives as it is: nothing on the way reads it as a template."""
    names = ("{{ 7*7 }}", "{% raw %}", "${7*7}", "</script>")

    found = data_of(plan_page(plan(2, name=names)))

    assert tuple(found["grids"]["name"]) == names


def test_columns_are_as_long_as_the_plan(plan):
    """Each column holds one entry for each grid."""
    grids = page_data(plan(5))["grids"]

    for column in (
        "code",
        "name",
        "dedicated",
        "households",
        "persons",
        "area",
        "compactness",
        "in_band",
        "step",
        "colour",
        "shape",
    ):
        assert len(grids[column]) == 25, column


def test_persons_are_left_out_where_there_are_none(plan):
    """A town that counts no persons shows none, instead of zero."""
    assert page_data(plan(2, persons=np.zeros(4, dtype=int)))["grids"]["persons"] is None


def test_inner_lines_are_left_out(plan):
    """Of the lines only the base map goes in: not what runs between buildings, not the community line."""
    view = plan()
    view.lines.kind[:] = [0, 10, 9]

    assert page_data(view)["lines"]["kind"] == [9]


def test_figures_come_from_the_residential_grids(plan):
    """Share, deviation and compactness leave dedicated grids out; a figure that the plan gives wins."""
    figures = metrics(plan(2))

    assert tuple(figures) == METRICS
    assert figures["grids"] == 4
    assert figures["households"] == 1360
    assert figures["in_band_share"] == pytest.approx(2 / 3, abs=1e-4)
    assert figures["mean_deviation"] == pytest.approx(0.4 / 3, abs=1e-4)
    assert figures["exceptions"] == 1
    assert metrics(plan(2, metrics={"compactness": 0.5}))["compactness"] == 0.5


def test_three_thousand_grids_stay_light(plan):
    """A city of 2,500 grids is a page of less than a megabyte."""
    assert len(plan_page(plan(50)).encode()) < 1_000_000
