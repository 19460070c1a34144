"""What people read for the words of the loop, in Chinese and English, and what the places call the stages.

Five places name their rings and steps differently; each scheme is a view of the same log, made of the canonical stages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from api.loop.words import (
    EscalateReason,
    Event,
    Finding,
    HandOverReason,
    Kind,
    LocatedBy,
    Mediation,
    Mode,
    Outcome,
    RejectReason,
    ReturnReason,
    Satisfaction,
    Stage,
    State,
    Supervision,
    Triage,
)
from api.who.caller import Tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from api.lang import Lang
    from api.loop.record import Record


@dataclass(frozen=True, slots=True)
class Label:
    """A word in Chinese and English."""

    zh: str
    en: str

    def say(self, lang: Lang) -> str:
        """Return it in one language."""
        return self.zh if lang == "zh" else self.en


# By class first: words of two lists are equal as texts (`feedback` is a state and an event).
LABELS: Mapping[type[Enum], Mapping[Enum, Label]] = {
    State: {
        State.DRAFT: Label("草稿", "Draft"),
        State.REPORTED: Label("已上报", "Reported"),
        State.VERIFYING: Label("核实中", "Being verified"),
        State.ACCEPTED: Label("已受理", "Accepted"),
        State.ASSIGNED: Label("已派单", "Assigned"),
        State.IN_PROGRESS: Label("处置中", "In progress"),
        State.SUSPENDED: Label("挂账", "Suspended"),
        State.HANDLED: Label("待核查", "Handled, to be checked"),
        State.FEEDBACK: Label("待反馈", "Checked, reporter to be told"),
        State.CLOSED: Label("已结案", "Closed"),
        State.ARCHIVED: Label("已归档", "Archived"),
        State.REJECTED: Label("不予受理", "Not accepted"),
        State.VOIDED: Label("已作废", "Void"),
    },
    Event: {
        Event.REPORT: Label("上报", "Report"),
        Event.IMPORT: Label("移入", "Import"),
        Event.VERIFY: Label("发起核实", "Have it verified"),
        Event.VERIFIED: Label("核实结果", "Say what was found"),
        Event.ACCEPT: Label("受理", "Accept"),
        Event.REJECT: Label("不予受理", "Do not accept"),
        Event.CLAIM: Label("认领", "Claim"),
        Event.DISPATCH: Label("派单", "Dispatch"),
        Event.TAKE: Label("领单", "Take"),
        Event.RETURN: Label("退单", "Return"),
        Event.ESCALATE: Label("上报上级", "Escalate"),
        Event.DELEGATE: Label("交办", "Delegate"),
        Event.CALL: Label("呼叫", "Call the district"),
        Event.ASSIGN: Label("分办", "Assign departments"),
        Event.JOIN: Label("报到", "Join"),
        Event.ASK_EXTEND: Label("申请延期", "Ask for more time"),
        Event.EXTEND: Label("同意延期", "Extend"),
        Event.REFUSE_EXTEND: Label("不同意延期", "Refuse more time"),
        Event.ASK_SUSPEND: Label("申请挂账", "Ask to suspend"),
        Event.SUSPEND: Label("同意挂账", "Suspend"),
        Event.REFUSE_SUSPEND: Label("不同意挂账", "Refuse to suspend"),
        Event.RESUME: Label("恢复办理", "Resume"),
        Event.HANDLE: Label("处置完成", "Handled"),
        Event.CHECK_PASS: Label("核查通过", "Pass the check"),
        Event.CHECK_FAIL: Label("返工", "Send back for rework"),
        Event.FEEDBACK: Label("反馈", "Tell the reporter"),
        Event.CLEAR_OFF: Label("销号", "Clear off"),
        Event.EVALUATE: Label("考核评价", "Evaluate"),
        Event.ARCHIVE: Label("归档", "Archive"),
        Event.REOPEN: Label("重办", "Reopen"),
        Event.VOID: Label("作废", "Void"),
        Event.SUPERVISE: Label("督办", "Supervise"),
        Event.URGE: Label("催办", "Urge"),
        Event.INSTRUCT: Label("批示", "Instruct"),
        Event.COMMENT: Label("备注", "Comment"),
        Event.KEY_REPORT: Label("要情报告", "Report upwards"),
        Event.REHOME: Label("网格调整", "Moved to another grid"),
        Event.HAND_OVER: Label("交接", "Hand over"),
    },
    Stage: {
        Stage.COLLECT: Label("信息收集", "Collection"),
        Stage.TRIAGE: Label("受理派遣", "Triage"),
        Stage.HANDLE: Label("处置", "Handling"),
        Stage.CHECK: Label("督查核查", "Supervision and check"),
        Stage.FEEDBACK: Label("反馈结案", "Feedback"),
        Stage.EVALUATE: Label("考核评价", "Evaluation"),
        Stage.ARCHIVE: Label("归档", "Archive"),
    },
    Tier: {
        Tier.NONE: Label("无", "None"),
        Tier.GRID: Label("网格", "Grid"),
        Tier.COMMUNITY: Label("社区", "Community"),
        Tier.STREET: Label("街道", "Street"),
        Tier.DISTRICT: Label("区", "District"),
    },
    Supervision: {
        Supervision.NONE: Label("无", "None"),
        Supervision.NORMAL: Label("普通督办", "Supervised"),
        Supervision.YELLOW: Label("黄牌督办", "Yellow card"),
        Supervision.RED: Label("红牌督办", "Red card"),
    },
    LocatedBy: {
        LocatedBy.POINT: Label("坐标点", "A point"),
        LocatedBy.BUILDING: Label("楼栋", "A building"),
        LocatedBy.COMPOUND: Label("小区", "A compound"),
        LocatedBy.SITE: Label("专属区域", "A dedicated area"),
        LocatedBy.STREET: Label("道路", "A street"),
        LocatedBy.LINE: Label("线状地物", "A river, railway or other line"),
    },
    Kind: {
        Kind.PROBLEM: Label("问题", "Problem"),
        Kind.OPINION: Label("意见", "Opinion"),
        Kind.REQUEST: Label("诉求", "Request"),
    },
    Triage: {
        Triage.GOVERNMENT: Label("大事政府办", "The government's affair"),
        Triage.CONSULTATION: Label("小事协商办", "Settled by consultation"),
        Triage.PRIVATE: Label("私事自己办", "A private affair"),
    },
    Mode: {
        Mode.NORMAL: Label("平时", "Normal"),
        Mode.EMERGENCY: Label("战时", "Emergency"),
    },
    Finding: {
        Finding.TRUE: Label("属实", "True"),
        Finding.FALSE: Label("不属实", "Not true"),
        Finding.NOT_FOUND: Label("未发现", "Not found"),
    },
    RejectReason: {
        RejectReason.DUPLICATE: Label("重复上报", "Reported already"),
        RejectReason.PRIVATE_AFFAIR: Label("私人事务", "A private affair"),
        RejectReason.NOT_ADMITTED_MATTER: Label("未准入事项", "Not an admitted matter"),
        RejectReason.ENFORCEMENT_TRANSFER: Label("移交执法", "Handed to law enforcement"),
        RejectReason.OUT_OF_AREA: Label("不属本辖区", "Outside the area"),
        RejectReason.INSUFFICIENT: Label("信息不足", "Too little is known"),
    },
    EscalateReason: {
        EscalateReason.BEYOND_CAPACITY: Label("力量不足", "Beyond our capacity"),
        EscalateReason.BEYOND_AUTHORITY: Label("超出权限", "Beyond our authority"),
        EscalateReason.NEEDS_DEPARTMENT: Label("需部门办理", "Needs a department"),
        EscalateReason.OVERDUE: Label("超期未办", "Overdue"),
    },
    ReturnReason: {
        ReturnReason.NOT_OUR_DUTY: Label("非本单位职责", "Not our duty"),
        ReturnReason.NO_AUTHORITY: Label("无办理权限", "No authority"),
        ReturnReason.OUT_OF_AREA: Label("不属本辖区", "Outside the area"),
        ReturnReason.INSUFFICIENT: Label("信息不足", "Too little is known"),
    },
    HandOverReason: {
        HandOverReason.LEAVE: Label("请假", "On leave"),
        HandOverReason.LEFT: Label("离职", "Has left"),
        HandOverReason.POST_ENDED: Label("岗位终止", "The post has ended"),
        HandOverReason.REHOMED: Label("网格调整", "Now in another grid"),
        HandOverReason.OTHER: Label("其他", "Another reason"),
    },
    Outcome: {
        Outcome.RESOLVED: Label("已解决", "Resolved"),
        Outcome.UNRESOLVED: Label("未解决", "Not resolved"),
    },
    Mediation: {
        Mediation.COURT: Label("诉调衔接", "With the court"),
        Mediation.PROCURATORATE: Label("检调衔接", "With the procuratorate"),
        Mediation.POLICE: Label("警调衔接", "With the police"),
        Mediation.PETITION: Label("访调衔接", "With the petition office"),
    },
    Satisfaction: {
        Satisfaction.SATISFIED: Label("满意", "Satisfied"),
        Satisfaction.BASIC: Label("基本满意", "Fairly satisfied"),
        Satisfaction.UNSATISFIED: Label("不满意", "Not satisfied"),
        Satisfaction.UNREACHABLE: Label("无法联系", "Not reached"),
    },
}


def label(member: Enum) -> Label:
    """Return what people read for a word."""
    return LABELS[type(member)][member]


class Scheme(StrEnum):
    """Whose names the stages go by."""

    SHIZHONG = "shizhong"
    YUNYANG = "yunyang"
    URBAN_MANAGEMENT = "urban_management"


_ROUTING = Label("分级办理", "Handling by tiers")
_CHECKING = Label("核查反馈", "Check and feedback")

SCHEMES: Mapping[Scheme, Mapping[Stage, Label]] = {
    # 五环: there is no ring for the archive
    Scheme.SHIZHONG: {
        Stage.COLLECT: Label("信息搜集", "Collection"),
        Stage.TRIAGE: _ROUTING,
        Stage.HANDLE: _ROUTING,
        Stage.CHECK: Label("检查督促", "Inspection"),
        Stage.FEEDBACK: Label("结果反馈", "Feedback"),
        Stage.EVALUATE: Label("综合研判", "Analysis"),
    },
    # 六环
    Scheme.YUNYANG: {
        Stage.COLLECT: Label("网格吹哨", "The grid whistles"),
        Stage.TRIAGE: Label("分级转办", "Passed on by tiers"),
        Stage.HANDLE: Label("响应处置", "Response"),
        Stage.CHECK: _CHECKING,
        Stage.FEEDBACK: _CHECKING,
        Stage.EVALUATE: Label("考核评价", "Assessment"),
        Stage.ARCHIVE: Label("事件归档", "Archive"),
    },
    # 数字城管: the case ends with its evaluation
    Scheme.URBAN_MANAGEMENT: {
        Stage.COLLECT: Label("信息收集", "Collection"),
        Stage.TRIAGE: Label("案卷建立、任务派遣", "Filing and dispatch"),
        Stage.HANDLE: Label("任务处理", "Handling"),
        Stage.CHECK: Label("处理反馈、核查", "Report and check"),
        Stage.FEEDBACK: Label("结案", "Closing"),
        Stage.EVALUATE: Label("综合评价", "Evaluation"),
    },
}
"""The names of the stages in each scheme. A stage that is not here is not one of its own there."""

CALL_STEPS: Mapping[Event, Label] = {
    Event.CALL: Label("呼叫", "Call"),
    Event.ASSIGN: Label("分办", "Assign"),
    Event.JOIN: Label("联动", "Join"),
    Event.CLEAR_OFF: Label("销号", "Clear off"),
}
"""The four steps of a district call, by the events of the log."""


ASIDE = frozenset({
    Event.SUPERVISE, Event.URGE, Event.INSTRUCT, Event.COMMENT, Event.KEY_REPORT, Event.REHOME, Event.HAND_OVER,
})  # fmt: skip
"""What happens beside an incident's way: by it no stage is entered."""


def seen_as(rings: Mapping[Stage, Label], records: Iterable[Record]) -> tuple[tuple[Label, datetime], ...]:
    """Return an incident's way through the rings of a scheme: each when it was entered, in the order of the log."""
    way = list[tuple[Label, datetime]]()
    for record in records:
        name = None if record.event in ASIDE else rings.get(record.stage)
        if name is not None and (not way or way[-1][0] != name):
            way.append((name, record.at))
    return tuple(way)
