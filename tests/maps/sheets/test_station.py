"""The sheet of a station: whom it serves, how far it reaches, and what nobody has told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from maps.sheets import inks
from maps.sheets.station import Station, StationPress, make_station_atlas, station_sheets
from maps.sheets.values import UNTOLD, Form, Post, SheetOptions
from tests.maps.sheets.printed import LONG, astray, at, draw_ground, overwritten, pdf_content, said_by, stroked, written

PLACE = shapely.Point(at(300, 300))
IT = Station(
    code="YZ-1",
    name="安宁驿站",
    kind="station",
    keeper="安宁社区",
    district="市中区",
    street="清河街道",
    brand="红色微家",
    place=(PLACE.x, PLACE.y),
    zone=shapely.buffer(PLACE, 250, quad_segs=32),
    walk=shapely.buffer(PLACE, 400, quad_segs=32),
    walk_m=400.0,
    served=(1, 3, 4),
    in_zone=1234,
    in_walk=5678,
    has=(True, False, False, True),
    services=("法律咨询", "应急充电"),
    duty=(),
)


def drawn(station=IT, **options):
    press = StationPress(((draw_ground(), station),), SheetOptions(**options))
    (sheet,) = station_sheets(press.stations)
    return press.page(sheet)


def text(tmp_path, station=IT, **options):
    file = tmp_path / "station.pdf"
    file.write_bytes(written(drawn(station, **options).draw()))
    return said_by("pdftotext", "-layout", file, "-")


def test_what_a_station_is(tmp_path):
    """Name, code, what it has and has not, the grids that it serves and the households that it reaches are on its sheet."""
    said = text(tmp_path)

    for wanted in (
        "安宁驿站",
        "YZ-1",
        "1,234",
        "5,678",
        "✓ 服务台",
        "– 谈心室",
        "✓ 网格图",
        "法律咨询、应急充电",
        "步行 400 米圈",
    ):
        assert wanted in said, wanted
    for n, row in enumerate(IT.served):
        assert next(line.split()[-4:] for line in said.splitlines() if draw_ground().code[row] in line) == [
            str(n + 1), f"第{row + 1}网格", draw_ground().code[row], str(400 + row),
        ]  # fmt: skip


def test_what_nobody_has_told(tmp_path):
    """There are lines to write hours and telephone on, and dashes for households that are not for whoever prints."""
    said = text(tmp_path, replace(IT, in_zone=UNTOLD, in_walk=UNTOLD))

    assert "开放时间" in said
    assert "联系电话" in said
    assert "—" in said


def test_who_is_on_duty(tmp_path):
    """Those on duty are named as far as they were handed in."""
    said = text(tmp_path, replace(IT, duty=(Post("worker", "王芳", "0531-82000001"), Post("worker", "李强"))))

    assert "王芳 0531-82000001、李强" in said


def test_who_works_in_each_grid(tmp_path):
    """With names each grid that it serves has its worker's beside it; without, the table has no such column."""
    said = text(tmp_path, replace(IT, workers=("王芳", "", "李强 赵敏")))
    lines = {row: next(line for line in said.splitlines() if draw_ground().code[row] in line) for row in IT.served}

    assert "网格员" in said
    assert "王芳" in lines[1]
    assert "李强 赵敏" in lines[4]
    assert lines[3].split()[-4:] == ["2", "第4网格", draw_ground().code[3], "403"]
    assert "网格员" not in text(tmp_path)
    assert drawn(replace(IT, workers=("王芳", "", ""))).digest() != drawn(replace(IT, workers=("李强", "", ""))).digest()


def test_circles_are_true():
    """The circle of a walk of 400 m is as wide on the paper as the scale says."""
    page = drawn()
    paths = stroked(pdf_content(written(page.draw())), inks.STATION)
    widest = max(np.ptp(path[:, 0]) for path in paths)

    assert widest / (72 / 25.4) == pytest.approx(800 * 1000 / page.scale, abs=0.02)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("long", [False, True])
def test_text_keeps_to_its_part(lang, long):
    """Nothing is written outside its part or over another name, also where names and lists are long."""
    more = {"name": LONG, "keeper": LONG, "brand": LONG, "street": LONG, "district": LONG, "services": (LONG,) * 9}
    station = (
        replace(IT, **more, duty=(Post("worker", LONG, LONG),) * 9, served=tuple(range(9)), workers=(LONG,) * 9) if long else IT
    )
    pen = drawn(station, lang=lang).draw()

    assert not astray(pen)
    assert not overwritten(pen)


def test_an_atlas_of_stations(tmp_path):
    """Each station has its file, all of them one volume; a second run makes nothing, a change only its own sheet."""
    two = replace(IT, code="YZ-2", name="康乐驿站")
    made = make_station_atlas("370103", [(draw_ground(), IT), (draw_ground(), two)], SheetOptions(), tmp_path)

    assert [entry.file for entry in made.entries] == ["station-YZ-1.pdf", "station-YZ-2.pdf", "stations-370103.pdf"]
    assert made.entries[-1].pages == "2"
    again = make_station_atlas(
        "370103", [(draw_ground(), IT), (draw_ground(), replace(two, in_walk=1))], SheetOptions(), tmp_path
    )
    assert (again.made, again.kept) == (2, 1)


def test_a_station_without_grids():
    """A station that serves nothing yet is printed all the same, in every form."""
    for form in Form:
        assert written(drawn(replace(IT, served=()), form=form).draw(), form)
