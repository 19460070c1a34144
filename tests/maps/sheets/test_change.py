"""Sheets of comparison: what changed is shown and counted, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from maps.sheets import inks
from maps.sheets.change import ChangeGround, lines_of, tally
from maps.sheets.change_atlas import ChangePress, change_book, make_change_atlas, sheets_of
from maps.sheets.change_page import CHANGE, LISTED, STREET, TABLE, ChangePage, street_lines
from maps.sheets.values import Form, SheetOptions, Volume
from partition.lineage import GridNet, diff
from tests.maps.sheets.printed import LONG, astray, at, draw_ground, overwritten, pdf_content, said_by, stroked, texts, written

HOMES = np.array([at(x + 50, y + 50) for y in range(0, 600, 100) for x in range(0, 600, 100)])
"""Where households live: 36 points of 50 households, four to a grid."""


def compared(new, old_polygon, old_code=None, old_name=None, old_community=None):
    """Compare nets over the homes; `new` is ground, the other a list of polygons."""
    old_community = np.zeros(len(old_polygon), dtype=np.int64) if old_community is None else old_community
    old_code = old_code or tuple(f"old{n}" for n in range(len(old_polygon)))
    points = np.asarray(shapely.points(HOMES), dtype=object).tolist()
    nets = [
        GridNet(key=key, community=tuple(map(str, community)), polygon=polygon, dedicated=np.zeros(len(key), dtype=bool))
        for key, community, polygon in (
            (old_code, old_community, np.array(old_polygon, dtype=object)),
            (new.code, new.community, new.polygon),
        )
    ]
    inside = [
        np.array([next((g for g, p in enumerate(net.polygon) if shapely.contains(p, point)), -1) for point in points])
        for net in nets
    ]
    found = diff(*nets, households=np.full(len(points), 50), in_old=inside[0], in_new=inside[1])
    return ChangeGround(
        ground=new,
        old_title="旧方案",
        new_title="新方案",
        old_code=old_code,
        old_name=old_name or tuple(f"安宁社区第{n + 1}网格" for n in range(len(old_polygon))),
        old_community=old_community,
        old_households=np.bincount(inside[0][inside[0] >= 0], minlength=len(old_polygon)) * 50,
        old_polygon=nets[0].polygon,
        fate=tuple(map(str, found.fate)),
        successor=found.successor,
        origin=tuple(map(str, found.origin)),
        predecessor=found.predecessor,
        pair_old=found.pairs.old,
        pair_new=found.pairs.new,
        pair_households=found.pairs.households,
        pair_moved=found.continued[found.pairs.new] != found.pairs.old,
    )


def moved_line(**changes):
    """The middle row of the drawn town had its line 100 m farther east: four homes change from grid 5 to … and back."""
    new = draw_ground(households=np.full(9, 200), dedicated=np.zeros(9, dtype=bool), subtype=("",) * 9, **changes)
    old = new.polygon.copy()
    old[3] = shapely.box(*at(0, 200), *at(300, 400))
    old[4] = shapely.box(*at(300, 200), *at(400, 400))
    return compared(new, old, old_community=new.community, old_name=new.name)


def text(change, sheet, **options):
    """Return what is written on a sheet, text by text."""
    pen = ChangePress(change, SheetOptions(**options)).page(sheet).draw()
    return [artist.get_text() for artist, _ in texts(pen)]


def test_what_moved_is_counted():
    """A line that moves by 100 m takes two homes of 50 households along: 100 have moved, two grids are reshaped."""
    found = tally(moved_line(), [0])

    assert (found.before, found.after, found.moved, found.touched) == (6, 6, 100, 2)
    assert found.ops == {"keep": 4, "reshape": 2, "retire": 0}
    assert tally(moved_line(), [1]).moved == 0


def test_the_figures_are_on_the_sheet():
    """The sheet of a community says how many moved, on the ground that moved and in figures, and what each grid was."""
    change = moved_line()
    said = text(change, sheets_of(change, 0, "zh")[0])

    assert "安宁社区网格调整对比图" in said
    assert "100户换格" in said
    assert "8.3%" in said
    assert any("原方案：旧方案；新方案：新方案" in each for each in said)
    assert ["第5网格", "调整", "第5网格", "100", "200", "+100"] in lines_of(change, [0], "zh")
    assert "+100" in said


def test_old_edges_are_dashed_and_new_ones_magenta():
    """The old line, gone, is drawn in the ink of old edges where it was; the new one in the boundary's."""
    change = moved_line()
    page = ChangePress(change, SheetOptions()).page(sheets_of(change, 0, "zh")[0])
    assert isinstance(page, ChangePage)
    content = pdf_content(written(page.draw()))
    x_old, x_new = (shapely.get_x(page.view.placed(np.array([shapely.Point(at(x, 300))]))[0]) for x in (300, 200))
    per_unit = 72 / 25.4

    def drawn_at(ink, x):
        return any(np.isclose(path[:, 0] / per_unit, x, atol=0.02).sum() >= 2 for path in stroked(content, ink))

    assert drawn_at(inks.OLD_EDGE, x_old)
    assert not drawn_at(inks.BOUNDARY, x_old)
    assert drawn_at(inks.BOUNDARY, x_new)


def test_split_merge_new_and_retired():
    """Of one grid that is two now and two that are one, each new grid says where it comes from, each old one where it went."""
    new = draw_ground(households=np.full(9, 200), dedicated=np.zeros(9, dtype=bool), subtype=("",) * 9)
    ground = replace(new, **{
        name: getattr(new, name)[:3] for name in ("code", "name", "dedicated", "subtype", "households", "area_m2", "bounds")
    }, community=np.zeros(3, dtype=np.int64), polygon=np.array([
        shapely.box(*at(0, 0), *at(200, 200)), shapely.box(*at(200, 0), *at(400, 200)), shapely.box(*at(0, 200), *at(400, 600)),
    ]))  # fmt: skip
    old = [
        shapely.box(*at(0, 0), *at(400, 200)),
        shapely.box(*at(0, 200), *at(400, 400)),
        shapely.box(*at(0, 400), *at(400, 600)),
    ]
    change = compared(ground, old)
    said = text(change, sheets_of(change, 0, "zh")[0])

    assert tally(change, [0]).ops == {"split": 2, "merge": 1, "retire": 1}
    assert "拆分" in said
    assert "合并" in said
    assert any(line[0].startswith("原第") and line[1] == "并入" and "→" in line[2] for line in lines_of(change, [0], "zh"))


def test_only_communities_that_changed_have_a_sheet(tmp_path):
    """A community without a change stands in the table of its street, and has no page."""
    change = moved_line(street=("清河街道", "清河街道"))
    made = make_change_atlas(change, [0, 1], SheetOptions(), tmp_path, volume=Volume.STREET)

    assert [entry.kind for entry in made.entries] == [STREET, CHANGE, "street"]
    book = said_by("pdftotext", "-layout", tmp_path / "changes-清河街道.pdf", "-").split("\f")
    assert len(book) == 3
    assert "学府社区" in book[0]
    assert "学府社区" not in book[1].replace("学府社区第", "")
    assert street_lines(change, change_book(change, [0, 1], "zh")[0]) == [
        ["安宁社区", "6", "6", "2", "100", "2"],
        ["学府社区", "3", "3", "0", "0", "—"],
    ]
    assert make_change_atlas(change, [0, 1], SheetOptions(), tmp_path, volume=Volume.STREET).made == 0


def test_pages_of_a_book_are_where_it_says():
    """The overview of a street names the page of each community's sheet."""
    change = moved_line(street=("清河街道", "清河街道"))
    book = change_book(change, [0, 1], "zh")

    assert [sheet.kind for sheet in book] == [STREET, CHANGE]
    assert book[0].pages == (2, 0)
    assert book[1].rows == (0,)


def test_a_long_table_has_pages_of_its_own(tmp_path):
    """What does not fit beside the map is listed on the next page, whole; a picture is then two files."""
    wide = 2 * LISTED
    new = draw_ground()
    strips = np.array([shapely.box(*at(n * 20, 0), *at(n * 20 + 20, 600)) for n in range(wide)])
    ground = replace(
        new, code=tuple(f"c{n:02d}" for n in range(wide)), name=tuple(f"安宁社区第{n + 1}网格" for n in range(wide)),
        dedicated=np.zeros(wide, dtype=bool), subtype=("",) * wide, households=np.full(wide, 10),
        area_m2=np.full(wide, 1.0), bounds=new.bounds[:1] * wide, community=np.zeros(wide, dtype=np.int64), polygon=strips,
    )  # fmt: skip
    change = compared(ground, [shapely.box(*at(0, 0), *at(600, 600))])
    sheets = sheets_of(change, 0, "zh")

    assert [sheet.kind for sheet in sheets] == [CHANGE, TABLE]
    assert "网格较多，全表见下页；迁入最多的网格：" in text(change, sheets[0])
    table = text(change, sheets[1])
    assert all(f"第{n + 1}网格" in table for n in range(wide))
    made = make_change_atlas(change, [0], SheetOptions(form=Form.PNG), tmp_path / "png")
    assert {entry.file for entry in made.entries} >= {"change-370103001001.png", "change-370103001001-1.png"}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("long", [False, True])
def test_text_keeps_to_its_part(lang, long):
    """Nothing is written outside its part or over another name, also where names are long."""
    change = moved_line(**({"name": (LONG,) * 9, "street": (LONG, LONG), "district": (LONG, LONG)} if long else {}))
    change = replace(change, old_title=LONG, new_title=LONG) if long else change
    press = ChangePress(change, SheetOptions(lang=lang))
    for sheet in change_book(change, [0, 1], lang):
        pen = press.page(sheet).draw()
        assert not astray(pen)
        assert not overwritten(pen)


def test_every_line_of_the_table_is_somebodys():
    """Every new grid and every old one that is no more has one line."""
    change = moved_line()

    assert len(lines_of(change, [0, 1], "zh")) == 9
