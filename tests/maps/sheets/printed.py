"""Grids to be printed: nine of 200 m by 200 m in two communities, with roads, a river, a lake and compounds."""

from __future__ import annotations

import io
import re
import subprocess
import zlib

import numpy as np
import shapely
from matplotlib.text import Text
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from gis.town import LineKind
from maps.base import Areas, Lines
from maps.sheets.layout import FOOTER, HEADER, MAP, PANEL
from maps.sheets.values import Form, SheetGround

SIDE = 200.0
ORIGIN = np.array([500_000.0, 4_050_000.0])
LONG = "海棠春晓花园社区居民委员会第十一综合服务网格（含沿街商铺与临时安置点）"


def at(x: float, y: float) -> np.ndarray:
    """Return a place by its metres from the south-west corner."""
    return ORIGIN + np.array([x, y])


def draw_ground(**changes) -> SheetGround:
    """Three columns and three rows; the rightmost column is another community and street, its middle grid is a school."""
    corners = [at(x * SIDE, y * SIDE) for y in range(3) for x in range(3)]
    polygon = np.array([shapely.box(*corner, *(corner + SIDE)) for corner in corners], dtype=object)
    community = np.array([0, 0, 1] * 3)
    dedicated = np.array([n == 5 for n in range(9)])
    across = [shapely.LineString([at(-300, y), at(900, y)]) for y in (0.0, SIDE, 2 * SIDE, 3 * SIDE)]
    along = [shapely.LineString([at(x, -300), at(x, 900)]) for x in (0.0, SIDE, 2 * SIDE, 3 * SIDE)]
    lake = shapely.LineString(shapely.buffer(shapely.Point(at(300, 140)), 30).exterior.coords)
    alley = shapely.LineString([at(210, 210), at(390, 212)])
    kinds = [LineKind.MAIN_ROAD] * 4 + [LineKind.ROAD] * 3 + [LineKind.RIVER, LineKind.DRAIN, LineKind.LANE, LineKind.INSIDE]
    names = ("经一路", "经二路", "经三路", "经四路", "纬一街", "纬二街", "纬三街", "清河", "荷花池", "柳树巷", "")
    lines = [*across, *along, lake, alley, alley]
    columns = {
        "title": "清河镇",
        "crs": "EPSG:4548",
        "code": tuple(f"370103001{1 + c:03d}{n + 1:03d}" for n, c in enumerate(community)),
        "name": tuple(
            "实验小学" if n == 5 else f"{'安宁' if c == 0 else '学府'}社区第{n + 1}网格" for n, c in enumerate(community)
        ),
        "dedicated": dedicated,
        "subtype": tuple("school" if one else "" for one in dedicated),
        "households": np.where(dedicated, 0, 400 + np.arange(9)),
        "area_m2": np.full(9, SIDE * SIDE),
        "bounds": (("纬三街", "经二路", "纬二街", "经三路"),) * 9,
        "community": community,
        "polygon": polygon,
        "communities": Areas(("安宁社区", "学府社区"), np.array([shapely.union_all(polygon[community == c]) for c in (0, 1)])),
        "community_code": ("370103001001", "370103001002"),
        "street": ("清河街道", "学府街道"),
        "district": ("市中区", "市中区"),
        "compounds": Areas(
            ("安宁里", "骨科医院宿舍", ""),
            np.array([shapely.box(*at(x, y), *at(x + 70, y + 60)) for x, y in ((215, 290), (300, 215), (20, 20))]),
        ),
        "lines": Lines(np.array(kinds, dtype=np.uint8), names, np.array(lines, dtype=object)),
    }
    return SheetGround(**(columns | changes))


MIDDLE = 4
"""The grid in the middle: the other eight lie around it."""


def pdf_content(pdf: bytes) -> str:
    """Return the drawing of the first page of a PDF: the longest of its streams, unpacked."""
    found = [
        zlib.decompress(packed) for packed in re.findall(rb"/FlateDecode.*?stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    ]
    return max(found, key=len).decode("latin-1")


def stroked(content: str, ink: str) -> list[np.ndarray]:
    """Return the corners of every path that is drawn in `ink` (#rrggbb), in points, (n, 2)."""
    wanted = [int(ink[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    found: list[np.ndarray] = []
    now: list[float] = []
    path: list[list[float]] = []
    numbers: list[float] = []
    for word in content.split():
        try:
            numbers.append(float(word))
            continue
        except ValueError:
            pass
        if word == "RG":
            now = numbers[-3:]
        elif word in {"m", "l"}:
            path.append(numbers[-2:])
        elif word in {"S", "s", "f", "B", "b", "n"}:
            if word in {"S", "s", "B", "b"} and path and np.allclose(now, wanted, atol=1e-3):
                found.append(np.array(path))
            path = []
        numbers = []
    return found


def said_by(*command: object) -> str:
    """Run a program of poppler; whatever it warns of fails the test."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
    assert not done.stderr, done.stderr
    return done.stdout


def written(pen, form=Form.PDF):
    """Return the file of a sheet."""
    file = io.BytesIO()
    pen.save(file, form)
    return file.getvalue()


def texts(pen):
    """Every text of a sheet with the box that its ink takes, in units of the layout."""
    for artist in pen._figure.artists:
        if isinstance(artist, Text):
            path = TextPath(
                (0, 0), artist.get_text(), float(artist.get_fontsize()) * 25.4 / 72, prop=artist.get_fontproperties()
            )
            turned = Affine2D().rotate_deg(artist.get_rotation()).translate(*artist.get_position())
            yield artist, shapely.box(*path.get_extents(turned).extents)


def around(box, more=0.5):
    """Return a box with a little more on every side."""
    return shapely.box(box.x - more, box.y - more, box.right + more, box.top + more)


def astray(pen) -> list[str]:
    """Return the texts of a sheet that lie in no part of it."""
    parts = [around(box) for box in (HEADER, MAP, PANEL, FOOTER)]
    parts.append(shapely.union_all([around(MAP), around(PANEL), shapely.box(MAP.right, MAP.y, PANEL.x, MAP.top)]))
    return [artist.get_text() for artist, box in texts(pen) if not any(part.contains(box) for part in parts)]


def overwritten(pen) -> list[tuple[str, str]]:
    """Return the pairs of names on the map that are written over each other; characters of one that bends are left out."""
    frame = around(MAP)
    whole = [
        (artist.get_text(), shapely.buffer(box, 0.2))
        for artist, box in texts(pen)
        if frame.contains(box) and len(artist.get_text()) > 1 and not artist.get_rotation() % 90
    ]
    return [(a, b) for n, (a, one) in enumerate(whole) for b, other in whole[:n] if one.intersects(other)]
