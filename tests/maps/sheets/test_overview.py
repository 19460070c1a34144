"""The overview of a street: every grid has its number, and the page that it is on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from matplotlib.text import Text

from maps.sheets import inks
from maps.sheets.atlas import GridPress, make_atlas, sheet_of, with_overviews
from maps.sheets.board import Board
from maps.sheets.fonts import typeface
from maps.sheets.layout import MAP
from maps.sheets.overview import INDEX, LISTED, OVERVIEW, PER_PAGE, OverviewPage, sheets_of_street
from maps.sheets.pen import Pen
from maps.sheets.tags import Tag, write_tags
from maps.sheets.values import UNTOLD, Paper, SheetOptions, Volume
from tests.maps.sheets.printed import LONG, SIDE, astray, at, draw_ground, overwritten, said_by, texts, written

STREET = "清河街道"


def many(count):
    """A street of so many grids, in rows of twenty."""
    few = draw_ground()
    polygon = np.array(
        [shapely.box(*at(n % 20 * 100, n // 20 * 100), *(at(n % 20 * 100, n // 20 * 100) + 100)) for n in range(count)]
    )
    return draw_ground(
        code=tuple(f"370103001001{n + 1:03d}" for n in range(count)),
        name=tuple(f"安宁社区第{n + 1}网格" for n in range(count)),
        dedicated=np.zeros(count, dtype=bool),
        subtype=("",) * count,
        households=np.full(count, 400),
        area_m2=np.full(count, 10_000.0),
        bounds=few.bounds[:1] * count,
        community=np.zeros(count, dtype=np.int64),
        polygon=polygon,
        communities=replace(few.communities, polygon=np.array([shapely.union_all(polygon), few.communities.polygon[1]])),
    )


def drawn(ground, rows, n=0, **options):
    told = SheetOptions(**options)
    book = with_overviews(ground, [sheet_of(ground, row) for row in rows])
    return GridPress(ground, told).page(book[n]).draw()


def test_a_streets_volume_begins_with_its_overview(tmp_path):
    """The map of a street has each of its grids with a number, and says on which page of the volume it is."""
    ground = draw_ground()
    make_atlas(ground, range(9), SheetOptions(), tmp_path, volume=Volume.STREET)

    first = said_by("pdftotext", "-f", 1, "-l", 1, "-layout", tmp_path / f"street-{STREET}.pdf", "-")
    assert f"{STREET}网格总图" in first
    for n, row in enumerate(r for r in range(9) if ground.community[r] == 0):
        line = next(each.split() for each in first.splitlines() if ground.code[row] in each)
        page = int(line[-1])
        assert page == n + 2
        there = said_by("pdftotext", "-f", page, "-l", page, tmp_path / f"street-{STREET}.pdf", "-")
        assert there.startswith(ground.name[row])


def test_every_volume_knows_its_own_pages():
    """Two streets in one volume: the second's pages go on where the first's end."""
    ground = draw_ground()
    book = with_overviews(ground, [sheet_of(ground, row) for row in range(9)])

    assert [sheet.kind for sheet in book].count(OVERVIEW) == 2
    for sheet in book:
        for row, page in zip(sheet.rows, sheet.pages, strict=True):
            assert book[page - 1].item == row


@pytest.mark.parametrize("count", [LISTED, LISTED + 1, PER_PAGE, 2 * PER_PAGE])
def test_no_grid_is_left_out(count):
    """However many grids a street has, each stands once in its index, beside the map or on pages of its own."""
    ground = many(count)
    sheets = sheets_of_street(ground, STREET, tuple(range(count)))
    press = GridPress(ground, SheetOptions())
    listed = [
        artist.get_text()
        for sheet in sheets
        for artist in press.page(sheet).draw()._figure.artists
        if isinstance(artist, Text) and artist.get_text().startswith("370103001001")
    ]

    assert sorted(listed) == sorted(ground.code)
    assert [sheet.kind for sheet in sheets[1:]] == [INDEX] * (len(sheets) - 1)


def test_every_number_is_on_the_map():
    """Grids far too small for a number have it beside them: all numbers are on the map, none over another."""
    pen = drawn(many(60), range(60))
    frame = shapely.box(MAP.x, MAP.y, MAP.right, MAP.top)
    numbers = [(artist.get_text(), box) for artist, box in texts(pen) if box.within(frame)]
    found = {text for text, _ in numbers if text.isdigit()}

    assert {str(n + 1) for n in range(60)} <= found
    assert not overwritten(pen)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("long", [False, True])
def test_text_keeps_to_its_part(lang, long):
    """Overview and index write nowhere but in their parts, also where names are long."""
    changes = {"name": (LONG,) * 9, "street": (LONG, LONG), "district": (LONG, LONG)} if long else {}
    ground = draw_ground(**changes)
    pen = drawn(ground, range(9), lang=lang, day="2026-11-22")

    assert not astray(pen)
    assert not overwritten(pen)
    index = sheets_of_street(ground, STREET, tuple(range(9)) * 2)[-1]
    assert not astray(GridPress(ground, SheetOptions(lang=lang)).page(index).draw())


def test_no_sum_gives_a_hidden_number_away(tmp_path):
    """Where the households of one grid are not told, neither is the sum that would tell them."""
    households = draw_ground().households.copy()
    whole = f"{households[draw_ground().community == 0].sum():,}"
    file = tmp_path / "overview.pdf"
    file.write_bytes(written(drawn(draw_ground(), range(9))))
    assert whole in said_by("pdftotext", file, "-")
    households[0] = UNTOLD
    file.write_bytes(written(drawn(draw_ground(households=households), range(9))))

    said = said_by("pdftotext", file, "-")
    assert "—" in said
    assert whole not in said
    assert f"{households[1:][draw_ground().community[1:] == 0].sum():,}" not in said


def test_the_scale_is_true():
    """The street fills its frame at a round scale, and a grid is as long on it as the scale says."""
    ground = draw_ground()
    page = GridPress(ground, SheetOptions()).page(sheets_of_street(ground, STREET, (0, 1, 3, 4, 6, 7))[0])
    assert isinstance(page, OverviewPage)
    placed = page.view.placed(ground.polygon[[0]])[0]

    west, _, east, _ = shapely.bounds(placed)
    assert east - west == pytest.approx(SIDE * 1000 / page.scale)


def test_lines_that_lead_to_numbers_cross_none(monkeypatch):
    """Where areas are too small for their numbers, a line leads to each, over no other number."""
    tags = [
        Tag(str(n + 1), shapely.box(60 + n % 6 * 1.5, 90 + n // 6 * 1.5, 61.5 + n % 6 * 1.5, 91.5 + n // 6 * 1.5))
        for n in range(24)
    ]
    tags.append(Tag("99", shapely.box(30, 60, 59, 120)))
    pen, lines = Pen(Paper.A4, typeface(), "numbers"), []
    monkeypatch.setattr(Pen, "lines", lambda _, shapes, ink, *__, **___: lines.extend(shapes if ink == inks.INK else []))
    write_tags(pen, Board(MAP), tags, shapely.Polygon())
    boxes = {artist.get_text(): box for artist, box in texts(pen)}

    assert set(boxes) == {tag.text for tag in tags}
    assert len(lines) == 24
    assert not [text for text, box in boxes.items() for line in lines if line.crosses(box)]
    assert not [(a, b) for a in boxes for b in boxes if a < b and boxes[a].intersects(boxes[b])]


def test_ground_that_nobody_has_told_of_is_explained():
    """Where the map shows more than the communities there are, and only there, the legend says what the grey is."""
    ground = draw_ground()
    wide = replace(
        ground.communities,
        polygon=np.array([shapely.box(*at(-3000, -3000), *at(400, 3000)), shapely.box(*at(400, -3000), *at(3000, 3000))]),
    )

    def said(some):
        press = GridPress(some, SheetOptions())
        return {artist.get_text() for artist, _ in texts(press.page(sheet_of(some, 1)).draw())}

    assert "资料范围外" in said(ground)
    assert "资料范围外" not in said(replace(ground, communities=wide))
