"""The pen: draws shapes and text on a sheet, each above what was drawn before, and writes the file.

Positions are units of the layout. Nothing that is drawn depends on a clock, on the machine's fonts list or on what was
drawn before the sheet: the same strokes give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from maps.sheets import inks
from maps.sheets.layout import SIZES, Box, enlargement
from maps.sheets.setting import DEPTH, POINT, RISE, Setter
from maps.sheets.values import Form, Paper

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path as File
    from typing import IO, Literal

    from matplotlib.artist import Artist
    from matplotlib.transforms import Transform
    from matplotlib.typing import RcKeyType
    from numpy.typing import NDArray

    from maps.sheets.fonts import Typeface
    from maps.sheets.setting import Block

INCH = 25.4
PNG_DPI = 300
SETTINGS: dict[RcKeyType, Any] = {
    "path.simplify": False,  # lines are thinned by us, to a known measure
    "pdf.compression": 6,
    "pdf.fonttype": 3,  # the outlines as they are: the other form makes readers warn of these fonts, and takes a second a page
    "svg.fonttype": "path",  # a machine without the font would print it in another
    "svg.hashsalt": "wangge",
    "figure.dpi": 72,
    "font.family": ["sans-serif"],
}
_JOIN: Literal["round"] = "round"


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A run of text on one line: the middle of its left end, at half the height of its characters, and its angle, degrees."""

    text: str
    x: float
    y: float
    size: float
    angle: float = 0.0
    bold: bool = False


class Pen:
    """Draws one sheet."""

    def __init__(self, paper: Paper, typeface: Typeface, title: str) -> None:
        self._typeface = typeface
        self.setter = Setter(typeface)
        self._title = title
        self._scale = enlargement(paper)
        width, height = SIZES[paper]
        with mpl.rc_context(SETTINGS):
            self._figure = Figure(figsize=(width / INCH, height / INCH), facecolor=inks.PAPER)
        self._units: Transform = Affine2D().scale(self._scale / INCH) + self._figure.dpi_scale_trans
        self._points = 72.0 / INCH * self._scale
        """Points in a unit, for widths of lines."""
        self._fonts = {bold: FontProperties(fname=cast("str", typeface.face(bold=bold).path)) for bold in (False, True)}
        self._order = 0

    # --- shapes -------------------------------------------------------------------------------------------------------

    def areas(
        self,
        polygons: NDArray[np.object_] | Sequence[Any],
        *,
        fill: str | None = None,
        line: str | None = None,
        width: float = 0.0,
        dash: Sequence[float] = (),
        clip: Box | None = None,
    ) -> None:
        """Fill polygons, and draw their outlines."""
        path = _area_path(np.asarray(polygons, dtype=object))
        if path is not None:
            self._path(path, fill=fill, line=line, width=width, dash=dash, clip=clip)

    def lines(
        self,
        lines: NDArray[np.object_] | Sequence[Any],
        ink: str,
        width: float,
        *,
        dash: Sequence[float] = (),
        cap: Literal["butt", "round"] = "round",
        clip: Box | None = None,
    ) -> None:
        """Draw lines."""
        path = _line_path(np.asarray(lines, dtype=object))
        if path is not None:
            self._path(path, line=ink, width=width, dash=dash, cap=cap, clip=clip)

    def box(self, box: Box, *, fill: str | None = None, line: str | None = None, width: float = 0.2) -> None:
        """Draw a rectangle."""
        self.areas([shapely.box(box.x, box.y, box.right, box.top)], fill=fill, line=line, width=width)

    def rule(  # noqa: PLR0917 - from here to there, in which ink, how broad
        self, x0: float, y0: float, x1: float, y1: float, ink: str = inks.RULE, width: float = 0.2
    ) -> None:
        """Draw a straight line."""
        self.lines([shapely.LineString([(x0, y0), (x1, y1)])], ink, width, cap="butt")

    def _path(
        self,
        path: Path,
        *,
        fill: str | None = None,
        line: str | None = None,
        width: float = 0.0,
        dash: Sequence[float] = (),
        cap: Literal["butt", "round"] = "butt",
        clip: Box | None = None,
        transform: Transform | None = None,
    ) -> None:
        patch = PathPatch(
            path,
            facecolor=fill or "none",
            edgecolor=line or "none",
            linewidth=width * self._points if line else 0.0,
            linestyle=(0.0, tuple(d / width for d in dash)) if dash and line else "solid",
            capstyle="butt" if dash else cap,
            joinstyle=_JOIN,
            transform=self._units if transform is None else transform,
        )
        if clip is not None:
            frame = Path(
                [(clip.x, clip.y), (clip.right, clip.y), (clip.right, clip.top), (clip.x, clip.top), (0, 0)], closed=True
            )
            patch.set_clip_path(frame, self._units)
        self._add(patch)

    def _add(self, artist: Artist) -> None:
        self._order += 1
        artist.set_zorder(self._order)
        self._figure.add_artist(artist)

    # --- text ---------------------------------------------------------------------------------------------------------

    def block(
        self, x: float, top: float, block: Block, ink: str = inks.INK, *, align: str = "left", halo: str | None = None
    ) -> None:
        """Write lines below each other, the first with its top at `top`."""
        y = top - block.size * POINT * (RISE + DEPTH) / 2
        runs: list[Glyphs] = []
        for line in block.lines:
            wide = self.setter.width(line, block.size, bold=block.bold)
            shift = {"left": 0.0, "middle": wide / 2, "right": wide}[align]
            runs.append(Glyphs(line, x - shift, y, block.size, bold=block.bold))
            y -= block.step
        self.glyphs(runs, ink, halo=halo)

    def glyphs(self, runs: Sequence[Glyphs], ink: str, *, halo: str | None = None) -> None:
        """Write runs of text, all of them above their halo."""
        kept = [run for run in runs if run.text.strip()]
        if halo is not None and kept:
            around = Path.make_compound_path(*(self._outline(run) for run in kept))
            self._path(around, line=halo, width=max(0.55, kept[0].size * 0.115))
        for run in kept:
            x, y = _baseline(run)
            self._add(
                Text(
                    x,
                    y,
                    run.text,
                    color=ink,
                    fontproperties=self._fonts[run.bold],
                    fontsize=run.size * self._scale,
                    rotation=run.angle,
                    rotation_mode="anchor",
                    horizontalalignment="left",
                    verticalalignment="baseline",
                    transform=self._units,
                    parse_math=False,  # a name with dollars in it is a name
                )
            )

    def _outline(self, run: Glyphs) -> Path:
        """Return the outlines of a run, for its halo."""
        path = TextPath((0, 0), run.text, size=run.size * POINT, prop=self._fonts[run.bold])
        x, y = _baseline(run)
        return path.transformed(Affine2D().rotate_deg(run.angle).translate(x, y))

    # --- the file -----------------------------------------------------------------------------------------------------

    def save(self, file: File | IO[bytes], form: Form) -> None:
        """Write the sheet."""
        facts: dict[str, Any] = {
            Form.PDF: {"Title": self._title, "Creator": "wangge", "CreationDate": None},
            Form.SVG: {"Title": self._title, "Creator": "wangge", "Date": None},
            Form.PNG: {"Title": self._title, "Software": "wangge"},
        }[form]
        with mpl.rc_context(SETTINGS):
            self._figure.savefig(file, format=form.value, dpi=PNG_DPI if form is Form.PNG else 72, metadata=facts)

    def save_into(self, pages: PdfPages) -> None:
        """Add the sheet to a document of many."""
        with mpl.rc_context(SETTINGS):
            pages.savefig(self._figure)


def document(file: File | IO[bytes], title: str) -> PdfPages:
    """Open a document of many sheets; close it when the last is in."""
    with mpl.rc_context(SETTINGS):
        return PdfPages(file, metadata={"Title": title, "Creator": "wangge", "CreationDate": None})


def _baseline(run: Glyphs) -> tuple[float, float]:
    """Return where the baseline begins: below the middle of the characters, at a right angle to the run."""
    below = run.size * POINT * (RISE - DEPTH) / 2
    turn = np.deg2rad(run.angle)
    return run.x + below * float(np.sin(turn)), run.y - below * float(np.cos(turn))


def _area_path(polygons: NDArray[np.object_]) -> Path | None:
    parts = shapely.get_parts(polygons)
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    # Readers fill what winds around: holes must run the other way.
    rings = shapely.get_rings(shapely.orient_polygons(parts))
    return _path_of(rings, Path.CLOSEPOLY)


def _line_path(lines: NDArray[np.object_]) -> Path | None:
    parts = shapely.get_parts(lines)
    return _path_of(parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING], None)


def _path_of(lines: NDArray[np.object_], end: np.uint8 | None) -> Path | None:
    points, line = shapely.get_coordinates(lines, return_index=True)
    if not len(points):
        return None
    codes = np.full(len(points), Path.LINETO, dtype=np.uint8)
    begins = np.flatnonzero(np.diff(line, prepend=-1))
    codes[begins] = Path.MOVETO
    if end is not None:
        codes[np.append(begins[1:], len(points)) - 1] = end
    elif len(lines):
        # A line that comes back to its beginning is joined there.
        ends = np.append(begins[1:], len(points)) - 1
        closed = (points[begins] == points[ends]).all(axis=1) & (ends > begins + 1)
        codes[ends[closed]] = Path.CLOSEPOLY
    return Path(points, codes)
