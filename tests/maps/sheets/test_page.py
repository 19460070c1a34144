"""One sheet: what is on it, where, and how large."""

from __future__ import annotations

import io
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
import segno
import shapely
from PIL import Image

from maps.sheets import inks
from maps.sheets.crop import Cropper
from maps.sheets.fonts import typeface
from maps.sheets.frame import system
from maps.sheets.layout import MAP, PANEL, SIZES, Box
from maps.sheets.page import draw_sheet
from maps.sheets.pen import SETTINGS, Pen
from maps.sheets.qr import QUIET, draw_qr
from maps.sheets.values import Form, Paper, Post, SheetOptions, Told
from maps.words import word
from tests.maps.sheets.printed import (
    LONG,
    MIDDLE,
    SIDE,
    astray,
    draw_ground,
    overwritten,
    pdf_content,
    said_by,
    stroked,
    texts,
    written,
)

POINTS_PER_MM = 72 / 25.4


def drawn(ground=None, row=MIDDLE, **options):
    cropper = Cropper(ground or draw_ground(), options.get("paper", Paper.A4))
    return draw_sheet(cropper, cropper.crop(row), SheetOptions(**options), typeface())


def text_of(tmp_path, pen):
    file = tmp_path / "sheet.pdf"
    file.write_bytes(written(pen))
    return said_by("pdftotext", file, "-")


@pytest.mark.parametrize("paper", Paper)
def test_the_printed_scale_is_true(paper):
    """A grid of 200 m is as long on the paper as the scale says, to 0.01 mm: read from the PDF's own path."""
    scale = Cropper(draw_ground(), paper).crop(MIDDLE).scale
    paths = stroked(pdf_content(written(drawn(paper=paper))), inks.BOUNDARY)

    outline = next(path for path in paths if len(path) >= 4 and np.ptp(path, axis=0).min() > 0)
    assert np.ptp(outline, axis=0) / POINTS_PER_MM == pytest.approx(SIDE * 1000 / scale, abs=0.01)


def test_two_hundred_metres_are_fifty_millimetres():
    """At 1:4000 a grid of 200 m takes 50 mm of the paper, on A4 and on A3."""
    grids = draw_ground().polygon
    # A spit of 350 m makes the grid as wide as only 1:4000 has room for.
    west, south = shapely.bounds(grids[MIDDLE])[:2]
    wide = shapely.union(grids[MIDDLE], shapely.box(west - 350, south, west, south + 20))
    grids = np.array([*grids[:MIDDLE], wide, *grids[MIDDLE + 1 :]], dtype=object)
    ground = replace(draw_ground(), polygon=grids)
    cropper = Cropper(ground, Paper.A4)
    crop = cropper.crop(MIDDLE)

    assert crop.scale == 4000
    _, south, _, north = shapely.bounds(crop.own)
    assert north - south == pytest.approx(50.0, abs=1e-9)


def test_the_paper_has_its_size(tmp_path):
    """A PDF's page is the paper, to a tenth of a millimetre."""
    for paper, (width, height) in SIZES.items():
        file = tmp_path / f"{paper}.pdf"
        file.write_bytes(written(drawn(paper=paper)))
        size = next(line for line in said_by("pdfinfo", file).splitlines() if line.startswith("Page size")).split()
        assert float(size[2]) / POINTS_PER_MM == pytest.approx(width, abs=0.1)
        assert float(size[4]) / POINTS_PER_MM == pytest.approx(height, abs=0.1)


def test_the_text_can_be_searched(tmp_path):
    """Title, code, place, bounds, neighbours and notes come back from the PDF as Chinese text, and poppler has no complaint."""
    said = text_of(tmp_path, drawn(review_number="鲁S（2026）001号", day="2026-11-22", hotline="12345"))

    for wanted in (
        *("安宁社区第5网格", "370103001001005", "市中区 · 清河街道 · 安宁社区", "4.00", "404", "居民网格"),
        *("东至", "纬三街", "南至", "经二路", "网格边界", "图例", "鲁S（2026）001号", "制图日期 2026-11-22", "12345"),
        *("第2网格", "370103001001002", "实验小学", "骨科医院宿舍", "柳树巷", "CGCS2000", "中央经线117°E", "比例尺 1:2000"),
    ):
        assert wanted in said, wanted


def test_fonts_are_embedded_and_cut(tmp_path):
    """The PDF carries every font it uses, in the simplified-Chinese face, and only the characters that it needs."""
    file = tmp_path / "sheet.pdf"
    file.write_bytes(written(drawn()))
    fonts = [line.split() for line in said_by("pdffonts", file).splitlines()[2:]]

    assert fonts
    for font in fonts:
        assert "NotoSansCJKsc" in font[0] or "SourceHanSans" in font[0] or "NotoSansSC" in font[0]
        assert font[-5:-2] == ["yes", "yes", "yes"]
    assert file.stat().st_size < 400_000


@pytest.mark.parametrize("form", Form)
def test_the_same_input_gives_the_same_bytes(form):
    """Two drawings of one sheet agree byte for byte, in every form."""
    options = {"hotline": "12345", "card_url": "https://grid.example/card/{code}"}

    assert written(drawn(**options), form) == written(drawn(**options), form)


def test_settings_of_the_caller_do_not_matter():
    """Whatever somebody has set in matplotlib, the sheet is the same, and their setting stays."""
    usual = written(drawn())
    with mpl.rc_context(
        {"pdf.fonttype": 42, "text.usetex": False, "lines.linewidth": 9, "path.simplify": True, "savefig.dpi": 31}
    ):
        assert written(drawn()) == usual
        assert mpl.rcParams["pdf.fonttype"] == 42


def test_names_are_names():
    """Dollars, backslashes and markup in a name are printed as they are: nothing reads them as a formula."""
    ground = draw_ground(name=("$x^2$ & \\alpha {0} </svg>",) * 9)

    assert written(drawn(ground)).startswith(b"%PDF")
    assert b"<script" not in written(drawn(draw_ground(name=("<script>alert(1)</script>",) * 9)), Form.SVG)


CROWDED = {
    "usual": {},
    "long names": {
        "name": (LONG,) * 9,
        "bounds": ((LONG, LONG, "清河", LONG),) * 9,
        "street": (LONG, LONG),
        "district": (LONG, LONG),
        "title": LONG,
    },
    "long Latin names": {
        "name": ("Haitang Chunxiao Gardens Residents' Committee Eleventh Comprehensive Grid " * 2,) * 9,
        "bounds": (("Bukit Timah Second Diversion Canal at Toa Payoh Interchange " * 2,) * 4,) * 9,
        "street": ("A" * 120,) * 2,
        "code": tuple(f"LONG-CODE-OF-ANOTHER-COUNTRY-{n:012d}" for n in range(9)),
    },
}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("changes", CROWDED.values(), ids=CROWDED)
def test_text_keeps_to_its_part_of_the_sheet(lang, changes):
    """Every text lies in the header, the map, the column or the footer, also where names are long, and in English."""
    posts = (Post("leader", LONG, "0531-82000000-8001-8002"), Post("police", "王" * 40, "110"))
    code = draw_ground(**changes).code[MIDDLE]
    pen = drawn(draw_ground(**changes), lang=lang, hotline="0531-12345-12345-12345", review_number=LONG, day="2026-11-22",
                source=LONG * 3, staff={code: posts}, card_url="https://grid.example/card/{code}")  # fmt: skip

    assert not astray(pen)


KINDS = ("民警", "交警", "司法诉调对接员", "城管执法", "市场监管", "应急消防", "卫生健康")
PEOPLE = (
    *(Post(role, "欧阳建国", "0531-82000001") for role in ("leader", "deputy", "worker", "worker", "part_time", "instructor")),
    *(Post("force", "司马晓梅", "0531-82000002", kind) for kind in KINDS),
)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("changes", CROWDED.values(), ids=CROWDED)
def test_seven_kinds_and_six_lines_have_room(lang, changes):
    """Six people, seven forces, services, the hotline and the code stand in the column, none on another."""
    code = draw_ground(**changes).code[MIDDLE]
    pen = drawn(draw_ground(**changes), lang=lang, hotline="12345", card_url="https://grid.example/card/{code}",
                staff={code: PEOPLE}, told={code: Told((5, 7), ("证照代办", "助老送餐", "矛盾调解") * 4)})  # fmt: skip

    assert not astray(pen)
    said = " ".join(artist.get_text() for artist, _ in texts(pen))
    assert all(kind[:4] in said for kind in KINDS)
    column = [(artist.get_text(), shapely.buffer(box, -0.25)) for artist, box in texts(pen) if box.bounds[0] > MAP.right]
    assert not [(a, b) for n, (a, one) in enumerate(column) for b, other in column[:n] if one.intersects(other)]


def test_how_many_kinds_there_are_is_said(tmp_path):
    """Of the forces each has its line, by what it is called; how many kinds of them there are stands above."""
    code = draw_ground().code[MIDDLE]
    said = text_of(tmp_path, drawn(staff={code: PEOPLE}, told={code: Told((5, 7), ("证照代办", "助老送餐"))}))

    for wanted in (*KINDS, "专业力量 · 已配 5/7 类", "服务项目", "证照代办、助老送餐"):
        assert wanted in said, wanted


@pytest.mark.parametrize("row", [0, 4, 5])
def test_nothing_on_the_map_is_written_over_something(row):
    """No two names on the map overlap; characters of one name that bends are neighbours, not rivals."""
    pen = drawn(row=row)

    assert sum(len(artist.get_text()) > 1 for artist, _ in texts(pen)) > 6
    assert not overwritten(pen)


@pytest.mark.parametrize("row", [0, 4, 8])
def test_north_is_up_and_stands_alone(row):
    """Every sheet has a north arrow, upright in the upper right of the map, inside its frame, and no name is over it."""
    pen = drawn(row=row)
    (north,) = (box for artist, box in texts(pen) if artist.get_text() == word("sheet.north", "zh"))
    corner = shapely.box(MAP.right - 20, MAP.top - 25, MAP.right, MAP.top)
    inked = [path / POINTS_PER_MM for path in stroked(pdf_content(written(pen)), inks.INK)]
    arrow = [path for path in inked if np.ptp(path[:, 1]) > 10 and corner.contains(shapely.MultiPoint(path))]
    ground = shapely.union_all([north, *(shapely.MultiPoint(path).convex_hull for path in arrow)])

    assert arrow
    for path in arrow:
        assert path[path[:, 1].argmax(), 0] == pytest.approx(north.centroid.x, abs=0.5)
        assert path[:, 1].max() < north.centroid.y
    assert corner.contains(ground)
    assert [artist.get_text() for artist, box in texts(pen) if box != north and box.intersects(ground)] == []


@pytest.mark.parametrize("staff", [(), PEOPLE], ids=["few lines", "many lines"])
@pytest.mark.parametrize("row", [0, 4, 8])
def test_the_inset_shows_where_the_grid_is(row, staff):
    """Every sheet has its inset: the grid is drawn in it, between its heading and the next, on its own side of the street."""
    ground = draw_ground()
    code = ground.code[row]
    pen = drawn(row=row, card_url="https://grid.example/card/{code}", **({"staff": {code: staff}} if staff else {}))
    paths = [path / POINTS_PER_MM for path in stroked(pdf_content(written(pen)), inks.HERE)]
    here = [shapely.MultiPoint(path).envelope for path in paths if path[:, 0].min() > MAP.right and np.ptp(path[:, 1]) > 1]
    (title,) = (box for artist, box in texts(pen) if artist.get_text().startswith("位置示意"))
    (after,) = (box for artist, box in texts(pen) if artist.get_text() == word("sheet.staff", "zh"))
    room = shapely.box(PANEL.x, after.bounds[3], PANEL.right, title.bounds[1])

    assert room.bounds[3] - room.bounds[1] > 15
    inside = [each for each in here if room.contains(each)]
    assert inside
    homes = ground.communities.polygon[np.array(ground.street, dtype=object) == ground.street[int(ground.community[row])]]
    street = shapely.centroid(shapely.envelope(shapely.union_all(homes)))
    own = shapely.centroid(ground.polygon[row])
    seen, middle = shapely.centroid(shapely.union_all(inside)), (room.bounds[1] + room.bounds[3]) / 2
    own_y, street_y = (float(shapely.get_y(each)) for each in (own, street))
    if abs(own_y - street_y) > SIDE / 2:
        assert (float(shapely.get_y(seen)) > middle) == (own_y > street_y)


def test_nobody_is_named_unless_it_is_asked_for(tmp_path):
    """Without a list of staff there are lines to write on, and no code without an address."""
    said = text_of(tmp_path, drawn())

    assert "网格长" in said
    assert "社区民警" in said
    assert "扫码" not in said
    assert "服务热线" not in said


def test_a_dedicated_grid_says_so(tmp_path):
    """A school is called a dedicated grid with its kind, and its legend has no residential ground."""
    said = text_of(tmp_path, drawn(row=5))

    assert "专属网格 · 学校" in said
    assert "本网格（专属）" in said


def test_the_code_can_be_scanned():
    """Each module of the QR code is where the standard has it, dark or light, with its quiet zone."""
    address = "https://grid.example/card/370103001001005"
    with mpl.rc_context(SETTINGS):
        pen = Pen(Paper.A4, typeface(), "code")
    draw_qr(pen, Box(10, 10, 60, 60), address)
    picture = np.array(Image.open(io.BytesIO(written(pen, Form.PNG))).convert("L"))
    wanted = np.pad(
        np.array([list(row) for row in segno.make(address, error="m", micro=False, boost_error=False).matrix]), QUIET
    )
    per_unit = picture.shape[0] / SIZES[Paper.A4][1]
    step = 60 / len(wanted)
    middles = (np.arange(len(wanted)) + 0.5) * step
    x = ((10 + middles) * per_unit).astype(int)
    y = ((SIZES[Paper.A4][1] - 70 + middles) * per_unit).astype(int)

    assert np.array_equal(picture[np.ix_(y, x)] < 128, wanted > 0)


@pytest.mark.parametrize(("crs", "zh"), [("EPSG:4534", "75°E"), ("EPSG:4554", "135°E"), ("EPSG:3414", "EPSG:3414")])
def test_the_system_is_named(crs, zh):
    """The zones of the national system are named with their meridian; any other system by its code."""
    assert zh in system(crs, "zh")
    assert ("CGCS2000" in system(crs, "zh")) is (crs != "EPSG:3414")
