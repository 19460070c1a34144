"""The typeface of sheets: Noto Sans in its simplified-Chinese face.

The collections that Debian and others install hold several faces, and the first is the Japanese one, whose 骨 and 直 are not
how China writes them. A face is therefore opened by its number and asked for its name. Fonts are looked for as files:
matplotlib's own list of fonts is a cache that knows nothing of what was installed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import category

from matplotlib.font_manager import FontPath
from matplotlib.ft2font import FT2Font, LoadFlags

from gis.errors import InputError
from gis.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
FAMILIES = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "思源黑体", "思源黑体 CN")
"""One design under the names that it goes by, each the face for simplified Chinese."""
FILES = ("NotoSansCJK*", "NotoSansSC*", "SourceHanSans*")
STYLES = {False: "Regular", True: "Bold"}
BLANK = "〓"
"""Printed, as printers do, in place of a character that the font does not have."""


UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
"""Categories of characters that have no shape: a space stands for them."""


def is_variant(character: str) -> bool:
    """Say whether `character` only chooses a shape for the one before it."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a font file, with what its characters measure."""

    path: FontPath
    font: FT2Font
    advances: dict[str, float]
    """Widths that were asked for by now, in ems."""

    @property
    def family(self) -> str:
        """The name of the family, which says the language of its shapes."""
        return self.font.family_name

    def has(self, character: str) -> bool:
        """Say whether the face has a shape for `character`."""
        return bool(self.font.get_char_index(ord(character)))

    def advance(self, character: str) -> float:
        """Return the width of `character`, in ems."""
        found = self.advances.get(character)
        if found is None:
            glyph = self.font.load_char(ord(character), flags=LoadFlags.NO_SCALE)
            found = self.advances[character] = glyph.horiAdvance / self.font.units_per_EM
        return found


@dataclass(frozen=True, slots=True)
class Typeface:
    """The two faces that sheets are set in."""

    regular: Face
    bold: Face

    def face(self, *, bold: bool) -> Face:
        """Return one of the two."""
        return self.bold if bold else self.regular

    def printable(self, text: str) -> str:
        """Return `text` as it can be printed: on one line, without control characters, `BLANK` for what the font lacks."""
        spaced = (" " if category(c) in UNSEEN else c for c in text if not is_variant(c))
        shown = " ".join("".join(spaced).split())
        return "".join(BLANK if self.lacks(c) else c for c in shown)

    def lacks(self, character: str) -> bool:
        """Say whether `character` is one to be seen, and has no shape here."""
        seen = category(character) not in UNSEEN and not is_variant(character)
        return seen and not (self.regular.has(character) and self.bold.has(character))


class MissingFont(InputError):
    """No font with simplified-Chinese shapes is installed."""


@lru_cache(maxsize=4)
def typeface(folder: str = "") -> Typeface:
    """Find the typeface in `folder` or where systems keep their fonts.

    Raises
    ------
    MissingFont
        It is not there; the findings say what to install.
    """
    folders = [Path(name).expanduser() for name in ((folder,) if folder else FOLDERS)]
    files = sorted({file for each in folders if each.is_dir() for form in FILES for file in each.rglob(form)})
    regular, bold = (_face(files, style) for style in STYLES.values())
    if regular is None:
        where = "、".join(map(str, folders))
        en = (
            f"no font with simplified-Chinese shapes ({FAMILIES[0]}) in {where}; install it with: "
            "apt-get install fonts-noto-cjk, or name a folder that holds it with --fonts"
        )
        zh = (
            f"在 {where} 未找到简体中文字体（{FAMILIES[0]}）；请安装：apt-get install fonts-noto-cjk，或用 --fonts 指定字体目录"
        )
        raise MissingFont(en, [Finding(kind="missing_font", severity=Severity.ERROR, en=en, zh=zh)])
    return Typeface(regular, bold or regular)


def _face(files: Iterable[Path], style: str) -> Face | None:
    for file in files:
        if file.suffix.lower() not in {".ttc", ".otf", ".ttf", ".otc"} or "Mono" in file.name:
            continue
        count = FT2Font(str(file)).num_faces
        for index in range(count):
            font = FT2Font(str(file), face_index=index)
            if font.family_name in FAMILIES and font.style_name == style:
                return Face(FontPath(str(file), index), font, {})
    return None
