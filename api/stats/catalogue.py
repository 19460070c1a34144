"""The figures that there are: each with its formula, and the counts of the store (`data.store.stats`) that it is made of.

`valid` cases are those that are neither duplicates of another nor rejected nor voided. Those three are counted apart, and stand
in no denominator but that of the share of duplicates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.loop.words import Mediation
from api.stats.metric import Basis, Metric, Unit, count, named, rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DISPUTE = "dispute"
"""The category of disputes (矛盾纠纷)."""

AGES = ("overdue_under_1d", "overdue_1_3d", "overdue_3_7d", "overdue_7_30d", "overdue_over_30d")
"""For how many days what is overdue has been so."""


MEDIATIONS = tuple(f"mediations_{channel}" for channel in Mediation)
"""With whom it was mediated."""


METRICS: tuple[Metric, ...] = (
    count("received", "收件数", "Received", "期内上报的全部事件", "all reports of the window"),
    count(
        "valid", "有效事件", "Valid", "期内上报,扣除重复、不予受理、作废",
        "reports of the window that are neither duplicates nor rejected nor voided",
    ),
    count("duplicates", "重复件", "Duplicates", "期内上报、已并入主件", "reports of the window that repeat another"),
    count("rejected", "不予受理", "Rejected", "期内上报、不予受理(重复件除外)", "rejected, of the window; not duplicates"),
    count("voided", "作废", "Voided", "期内上报、已作废(重复件除外)", "voided, of the window; not duplicates"),
    count("outside", "网格外", "Outside every grid", "期内上报、不在任何网格的有效事件", "valid cases in no grid"),
    count("accepted", "立案数", "Accepted", "期内受理的有效事件", "valid cases accepted in the window"),
    count("closed", "结案数", "Closed", "期内结案的有效事件", "valid cases closed in the window"),
    count("solved", "解决数", "Solved", "期内结案且已解决", "closed in the window as resolved"),
    count(
        "on_the_spot", "当场解决", "Solved on the spot", "期内结案、由网格当场解决",
        "closed in the window as resolved by the grid on the spot",
    ),
    count(
        "disputes_resolved", "化解纠纷", "Disputes resolved", "期内受理且期内化解的矛盾纠纷",
        "disputes accepted and closed as resolved in the window", basis=Basis.COHORT,
    ),
    count("silent", "无回音结案", "Closed without an answer", "期内结案而未答复上报人", "closed, reporter not told"),
    count("unreachable", "无法联系", "Unreachable", "期内结案、回访未联系上", "closed in the window, reporter not reached"),
    count("open", "在办", "Open", "截至当时未办结", "open at the moment", basis=Basis.STOCK),
    count(
        "overdue_open", "超期未结", "Open and overdue", "截至当时超过时限未办结(挂账除外)",
        "open at the moment past its deadline, but suspended ones", basis=Basis.STOCK, parts=AGES,
    ),
    rate(
        "resolution_rate", "化解率", "Disputes resolved", "期内受理并在期内化解的矛盾纠纷÷期内受理的矛盾纠纷",
        "disputes accepted and closed as resolved in the window / disputes accepted in it",
        ("disputes_resolved", "disputes"), basis=Basis.COHORT,
    ),
    rate(
        "in_grid_resolution_rate", "就地化解率", "Closed in the grid", "期内在网格一级结案÷期内结案",
        "closed at the grid's tier / closed, in the window", ("closed_at_grid", "closed"),
    ),
    rate(
        "finish_rate", "办结率", "Finished", "期内上报且已办结÷期内上报的有效事件",
        "valid cases reported in the window and finished by the moment / those reported", ("finished", "valid"),
        basis=Basis.COHORT,
    ),
    rate(
        "on_time_rate", "按期办结率", "Closed on time", "按期结案÷期内到期(已结案,或超期未结)",
        "closed by the deadline / with a deadline in the window and closed, or open and overdue", ("due_on_time", "due"),
    ),
    rate(
        "close_rate", "结案率", "Closed of those due", "期内结案÷应结案(期内结案+到期未结)",
        "closed in the window / those and what is open and overdue at its end", ("closed", "owed"),
    ),
    rate(
        "response_rate", "响应率", "Joined in time", "按时报到÷期内分办(已报到或已到期)",
        "departments that joined a call in time / called in the window, that joined or are due", ("calls_in_time", "calls_due"),
        parts=("calls", "calls_pending"),
    ),
    rate(
        "satisfaction_rate", "满意率", "Satisfied", "满意与基本满意÷已联系上的回访",
        "satisfied or fairly so / asked and reached, closed in the window", ("satisfied", "reached"), parts=("unreachable",),
    ),
    rate("rework_rate", "返工率", "Reworked", "曾返工÷期内结案", "with rework / closed in the window", ("reworked", "closed")),
    rate("return_rate", "退单率", "Returned", "曾退单÷期内结案", "returned / closed in the window", ("returned", "closed")),
    rate("reopen_rate", "重办率", "Reopened", "曾重办÷期内结案", "reopened / closed in the window", ("reopened", "closed")),
    rate(
        "detection_share", "主动发现率", "Found by the grid", "网格上报÷期内上报的有效事件",
        "valid cases of the window from the grid / all valid ones", ("from_grid", "valid"),
    ),
    rate(
        "repeat_rate", "重复率", "Repeated", "重复件÷期内上报的全部事件", "duplicates / all reports of the window",
        ("duplicates", "received"),
    ),
    rate(
        "completeness_rate", "情况明率", "Reports told whole",
        "期内上报的有效事件中已定位到网格且有标题、描述、地址的÷期内上报的有效事件",
        "valid cases of the window that lie in a grid and have a title, a description and an address / all valid ones",
        ("complete", "valid"),
    ),
    rate(
        "verified_feedback_rate", "反馈核实率", "Answers confirmed by reporters", "期内结案且回访已联系上上报人÷期内结案",
        "closed in the window whose reporter was reached and said how satisfied / closed in the window", ("reached", "closed"),
        parts=("unreachable", "silent"),
    ),
    count(
        "mediations", "联调化解件次", "Mediations with others", "期内办理时与法院、检察院、公安、信访联调的次数（一案可多次）",
        "times that cases were handled in the window together with court, procuratorate, police or petition office",
        parts=MEDIATIONS,
    ),
    rate(
        "detection_lag_hours", "发现时长", "Time until it was noticed",
        "期内上报且知其发生时间的有效事件自发生至上报的小时数之和÷件数；p50、p90取最近序位",
        "hours from when it happened to its report, of valid cases of the window of which that is known / their number; "
        "p50 and p90 by nearest rank",
        ("detection_lag_seconds", "detection_lag_cases"), unit=Unit.HOURS,
    ),
    rate(
        "push_lag_hours", "推送时长", "Time until somebody had it",
        "期内上报且已有人领办、承接或被派的有效事件自上报至首次交办的小时数之和÷件数；p50、p90取最近序位",
        "hours from the report until it was first claimed, dispatched or taken, of valid cases of the window / their number; "
        "p50 and p90 by nearest rank",
        ("push_lag_seconds", "push_lag_cases"), unit=Unit.HOURS,
    ),
    Metric(
        id="avg_handle_hours", zh="平均处置时长", en="Mean time to close",
        formula={
            "zh": "期内结案事件自受理至结案的工作时之和÷件数;挂账与重办前的时间不计;p50、p90取最近序位",
            "en": "work hours from acceptance to closing, without pauses, of what was closed in the window; "
            "p50 and p90 by nearest rank",
        },
        numerator="avg_handle_seconds", denominator="avg_handle_cases", unit=Unit.HOURS,
    ),
    Metric(
        id="dept_rating", zh="街道对部门评分", en="Streets' rating of departments",
        formula={
            "zh": "期内销号呼叫的部门得分之和÷次数(百分制)",
            "en": "ratings (of 100) of calls cleared in the window / their number",
        },
        numerator="ratings_sum", denominator="ratings_full", unit=Unit.PERCENT,
    ),
)  # fmt: skip
"""Every figure, in the order in which a panel shows them."""

BY_ID: Mapping[str, Metric] = {metric.id: metric for metric in METRICS}

CALLS = frozenset({"response_rate", "dept_rating"})
"""Figures that are made of the calls in the log."""
HOURS = frozenset({"avg_handle_hours", "detection_lag_hours", "push_lag_hours"})
"""Figures that are made of hours, case by case: beside their mean stands how long the half and nine tenths took at most."""
SLOW = CALLS | HOURS | {"mediations"}
"""Figures that take more than the rows to count."""


def chosen(names: Iterable[str] | None) -> Sequence[Metric]:
    """Return the figures that are asked for, in the catalogue's order; where nobody says which, all but those that are `SLOW`.

    Raises
    ------
    ParameterError
        There is no such figure: names it.
    """
    if names is None:
        return [metric for metric in METRICS if metric.id not in SLOW]
    return named(names, METRICS)
