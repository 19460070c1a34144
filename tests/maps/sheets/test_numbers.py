"""What a sheet is reckoned with: round scales, bars, lines of text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.sheets.fonts import BLANK, typeface
from maps.sheets.layout import MAP
from maps.sheets.names import broken
from maps.sheets.scale import FILLED, MM_PER_M, ROUND, bar_length, round_scale
from maps.sheets.setting import Setter
from maps.words import catalogue

setter = Setter(typeface())


@given(st.floats(1, 100_000), st.floats(1, 100_000))
def test_a_grid_fits_at_its_scale_and_not_at_the_next(width, height):
    """The scale is the largest round one at which the grid leaves room for its neighbours."""
    scale = round_scale((width, height), (MAP.width, MAP.height))

    def fits(n):
        return width * MM_PER_M / n <= MAP.width * FILLED + 1e-6 and height * MM_PER_M / n <= MAP.height * FILLED + 1e-6

    assert scale in ROUND
    assert fits(scale)
    assert scale == ROUND[0] or not fits(ROUND[ROUND.index(scale) - 1] * (1 - 1e-9))


@pytest.mark.parametrize("scale", ROUND)
def test_a_bar_is_round_and_as_long_as_there_is_room(scale):
    """A scale bar has 1, 2, 4 or 5 and noughts for its metres, and takes between two fifths and all of its room."""
    metres = bar_length(scale, 48)

    assert str(metres).rstrip("0") in {"1", "2", "4", "5"}
    assert 0.4 * 48 <= metres * MM_PER_M / scale <= 48


TEXTS = st.text(st.sampled_from("网格员安宁里，。、（）《》 abcdefgh-·1234567890"), max_size=120)


@given(TEXTS, st.floats(20, 120), st.integers(1, 3))
def test_text_keeps_to_its_box(text, width, lines):
    """Whatever is to be said, it is no wider than its box and has no more lines than it may."""
    block = setter.fit(text, width, 9.0, lines=lines, least=5.0)

    assert len(block.lines) <= lines
    assert all(setter.width(line, block.size) <= width + 1e-6 for line in block.lines)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_word_fits_when_it_grows(lang):
    """Each word of the sheets, four tenths longer, is still set whole: nothing is cut short."""
    for key, said in catalogue(lang).items():
        if key.startswith(("sheet.legend.", "sheet.role.", "sheet.bounds")):
            longer = said + "m" * round(0.4 * len(said))
            assert "…" not in "".join(setter.fit(longer, 25.0, 6.3, lines=2, least=4.6).lines), key


def test_lines_do_not_begin_with_what_closes():
    """A comma or a closing bracket stays with what it closes, an opening bracket with what it opens."""
    for width in range(10, 60):
        for line in setter.broken("东至学府路，南至清河（北岸），西至安宁街。北至西三旗路", width, 9.0)[1:]:
            assert line[0] not in "，）。"
        assert not any(line.endswith("（") for line in setter.broken("清河（北岸）学府（东）", width, 9.0))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("POTONG PASIR", ("POTONG", "PASIR")), ("TreVista", None), ("春晓花园", ("春晓", "花园")), ("THE PEAK村", None)],
)
def test_names_are_broken_between_words(name, wanted):
    """A name on two lines ends its first at a space, or between Chinese characters; one of a single word stays whole."""
    blocks = broken(setter, name, 8.0)

    assert blocks[0].lines == (name,)
    assert wanted is None or blocks[1].lines == wanted
    assert all("".join(block.lines) == name or " ".join(block.lines) == name for block in blocks)
    assert wanted is not None or all("TreV" not in block.lines for block in blocks)


def test_a_long_text_is_cut_where_it_must_be():
    """What fits in no way ends with the sign that something is missing."""
    assert setter.fit("网格" * 60, 40.0, 9.0).lines[0].endswith("…")


def test_what_cannot_be_printed():
    """Control characters become spaces; a character that the font lacks is marked, not left out."""
    assert typeface().printable("第1\n网格\t\x00甲") == "第1 网格 甲"
    assert typeface().printable("甲\U000e0100乙") == "甲乙"
    assert typeface().printable("\U0002fa1f") == BLANK
    assert typeface().printable("\u0e01") == BLANK
