"""The typeface: simplified-Chinese shapes, or a plain word about what to install."""

from __future__ import annotations

import pytest
from matplotlib.ft2font import FT2Font, LoadFlags

from maps.sheets.fonts import FAMILIES, MissingFont, typeface


def outline(font, character):
    font.load_char(ord(character), flags=LoadFlags.NO_SCALE)
    return [tuple(point) for point in font.get_path()[0]]


@pytest.mark.parametrize("bold", [False, True])
def test_the_face_is_the_simplified_chinese_one(bold):
    """Both faces are those for simplified Chinese by their names, and the bold one is bold."""
    face = typeface().face(bold=bold)

    assert face.family in FAMILIES
    assert face.font.style_name == ("Bold" if bold else "Regular")


def test_shapes_are_not_the_japanese_ones():
    """骨 and 直 are drawn otherwise than by the first face of the same file, which is the Japanese one."""
    face = typeface().regular
    first = FT2Font(str(face.path), face_index=0)
    if first.num_faces == 1:
        pytest.skip("the font has a file of its own for each language")

    assert first.family_name.endswith("JP")
    for character in "骨直":
        assert outline(face.font, character) != outline(first, character)
    assert outline(face.font, "一") == outline(first, "一")


def test_a_missing_font_says_what_to_install(tmp_path):
    """Where there is no font, both languages name the package and the option."""
    with pytest.raises(MissingFont) as caught:
        typeface(str(tmp_path))

    (finding,) = caught.value.findings
    for said in (finding.en, finding.zh, str(caught.value)):
        assert "apt-get install fonts-noto-cjk" in said
        assert "--fonts" in said
    assert "简体中文字体" in finding.zh
