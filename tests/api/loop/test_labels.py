"""What people read: every word has a name in both languages, and the places' schemes are views of one log."""

import pytest

from api.loop import words
from api.loop.labels import CALL_STEPS, LABELS, SCHEMES, Scheme, label, seen_as
from api.loop.words import Event, Stage, State
from api.who.caller import Tier
from tests.api.loop.ward import archived, cleared, reported

LISTS = [
    words.State, words.Event, words.Stage, words.Supervision, words.Kind, words.LocatedBy, words.Triage, words.Mode,
    words.Finding, words.RejectReason, words.EscalateReason, words.ReturnReason, words.HandOverReason, words.Outcome,
    words.Mediation, words.Satisfaction, Tier,
]  # fmt: skip


def test_every_word_has_a_name_in_both_languages() -> None:
    """No word of any list is without a Chinese and an English name, and no two words of a list share one."""
    assert set(LABELS) == set(LISTS)
    for each in LISTS:
        assert set(LABELS[each]) == set(each)
        assert all(name.zh and name.en and name.zh != name.en for name in LABELS[each].values())
        assert len({name.zh for name in LABELS[each].values()}) == len(each)
        assert len({name.en for name in LABELS[each].values()}) == len(each)
    assert (label(State.FEEDBACK).say("zh"), label(Event.FEEDBACK).say("zh")) == ("待反馈", "反馈")
    assert label(Event.CLAIM).say("en") == "Claim"


@pytest.mark.parametrize(
    ("scheme", "rings"),
    [
        (Scheme.SHIZHONG, ["信息搜集", "分级办理", "检查督促", "结果反馈", "综合研判"]),
        (Scheme.YUNYANG, ["网格吹哨", "分级转办", "响应处置", "核查反馈", "考核评价", "事件归档"]),
        (Scheme.URBAN_MANAGEMENT, ["信息收集", "案卷建立、任务派遣", "任务处理", "处理反馈、核查", "结案", "综合评价"]),
    ],
)
def test_a_scheme_is_a_view_of_the_log(scheme, rings) -> None:
    """The same log reads as five rings, as six, or as the steps of urban management, in the order of each, with their times."""
    story = archived()
    way = seen_as(SCHEMES[scheme], story.records)
    assert [name.zh for name, _ in way] == rings
    assert [at for _, at in way] == sorted(at for _, at in way)
    assert way[0][1] == story.records[0].at
    assert list(dict.fromkeys(name.zh for _, name in sorted(SCHEMES[scheme].items()))) == rings
    assert [name.zh for name, _ in seen_as(SCHEMES[scheme], reported().records)] == rings[:1]


def test_only_yunyang_has_a_ring_for_the_archive() -> None:
    """A stage that a scheme does not name is not in it: nothing is made up for it."""
    assert [scheme for scheme in Scheme if Stage.ARCHIVE in SCHEMES[scheme]] == [Scheme.YUNYANG]


def test_the_four_steps_have_their_names() -> None:
    """呼叫、分办、联动、销号 are events of the log, in the order in which a call has them."""
    events = list(dict.fromkeys(record.event for record in cleared().records if record.event in CALL_STEPS))
    assert [CALL_STEPS[event].zh for event in events] == ["呼叫", "分办", "联动", "销号"]
