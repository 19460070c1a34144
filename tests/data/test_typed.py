"""Names are found by what people type of them: characters, pinyin, initials, any of these mixed, and by nothing else."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.spoken import plain, readings
from data.typed import Fit, Names

TOWN = ("历下区", "历城区", "长清区", "重庆路", "姚家街道", "解放路街道", "绿地国际花都", "第3网格", "Block A-1", "")


def fits(text, names=TOWN, before=None):
    """Return which names a text may mean, and how it fits each."""
    found = Names(names, before).find(text)
    return {names[name]: Fit(fit) for name, fit in zip(found.name, found.fit, strict=True)}


@pytest.mark.parametrize(
    "typed",
    ["历下区", "lixiaqu", "lxq", "LiXiaQu", "lixq", "lxiaq", "历xq", "li xia qu", "li'xia'qu", "ｌｘｑ", "l下区"],
)
def test_a_name_in_full(typed):
    """A whole name is found by characters, pinyin, initials and mixtures of them, whatever their case, width and blanks."""
    assert fits(typed)["历下区"] is Fit.EXACT


@pytest.mark.parametrize("typed", ["历", "历下", "li", "lix", "lixi", "lx", "l"])
def test_how_a_name_begins(typed):
    """A name is found while it is being typed, also in the middle of a syllable."""
    assert fits(typed)["历下区"] is Fit.PREFIX


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("chongqing", "重庆路"), ("zhongqinglu", "重庆路"), ("cql", "重庆路"), ("changqing", "长清区"), ("zhangqing", "长清区"),
     ("zqq", "长清区"), ("lvdi", "绿地国际花都"), ("ludi", "绿地国际花都"), ("lüdi", "绿地国际花都"), ("第三网格", "第3网格"),
     ("di3wg", "第3网格"), ("３网格", "第3网格"), ("block a1", "Block A-1")],
)  # fmt: skip
def test_every_reading_counts(typed, meant):
    """Of a character with several readings each will do; ü is typed in three ways; digits and numerals are one."""
    assert meant in fits(typed)


@pytest.mark.parametrize("typed", ["", "  ", "···", "历上", "lxqq", "ixq", "ixiaqu", "xi aq u x", "清长", "qq" * 40])
def test_nothing_else_is_found(typed):
    """What is no part of a name in any way, or says nothing, finds nothing: a name is not entered within a syllable."""
    assert fits(typed) == {}


def test_the_usual_reading_comes_first():
    """What is found by an unusual reading alone is told apart: 区 is a family's name as *ou*, and hardly ever meant so."""
    assert fits("ou", ("区庄", "欧园", "西欧园")) == {"区庄": Fit.READING, "欧园": Fit.PREFIX, "西欧园": Fit.INSIDE}
    assert fits("chongqing") == {"重庆路": Fit.READING}


def test_what_lies_inside_comes_as_that():
    """What is found inside of names is told apart from how they begin."""
    assert fits("qu") == {"历下区": Fit.INSIDE, "历城区": Fit.INSIDE, "长清区": Fit.INSIDE}


def test_before_a_name_stands_what_it_belongs_to():
    """A grid is found behind its community's name, once where its own has that; that name alone does not mean it."""
    names, above = ("第3网格", "泉城社区第4网格", "泉城社区"), ("泉城社区", "泉城社区", "泉城街道")
    assert fits("泉城社区第3", names, above) == {"第3网格": Fit.PREFIX}
    assert fits("qcsqd4", names, above) == {"泉城社区第4网格": Fit.PREFIX}
    assert fits("泉城街道泉城社区", names, above) == {"泉城社区": Fit.EXACT}
    assert fits("泉城", names, above) == {"泉城社区第4网格": Fit.PREFIX, "泉城社区": Fit.PREFIX}


def test_names_do_not_run_into_each_other():
    """What is the end of one name and the beginning of the next is no name."""
    for one, other in pairwise(name for name in TOWN if name):
        assert fits(one[-1] + other[0], (one, other)) == {}


def spelled(text, name):
    """Say, by trying everything, whether a text may be typed for the characters that a name begins with."""
    if not text:
        return True
    if not name:
        return False
    said = readings(name[0])
    cuts = {name[0], *said, *(each[0] for each in said), *(each[:2] for each in said if each[:2] in {"zh", "ch", "sh"})}
    return any(text.startswith(cut) and spelled(text[len(cut) :], name[1:]) for cut in cuts) or any(
        each.startswith(text) for each in said
    )


CHARACTERS = st.sampled_from("历下区长清重庆安西先")
LETTERS = st.text(st.sampled_from("lixaqucngzho"), min_size=1, max_size=9)


@given(st.lists(st.text(CHARACTERS, max_size=4), max_size=5), LETTERS)
def test_arrays_find_what_trying_finds(names, typed):
    """For whatever names and letters, the same names are found as by trying every way to type every part of each."""
    slow = {n for n, name in enumerate(names) if any(spelled(typed, name[k:]) for k in range(len(name)))}
    assert set(Names(names).find(typed).name.tolist()) == slow


@given(st.text(max_size=20))
def test_any_text_may_be_typed(text):
    """No text breaks anything, and a name that is typed as it is written is found, if anything of it counts."""
    found = Names([text, "历下区"]).find(text)
    assert (0 in found.name.tolist()) == bool(plain(text))
