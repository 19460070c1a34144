"""Kinds of problems with staff, rounds and what goes out to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.problem_kind import ProblemKind

if TYPE_CHECKING:
    from collections.abc import Mapping

_STAFF: Mapping[str, ProblemKind] = {
    "center-lasts": ProblemKind(
        "指挥中心不能停用", "它随辖区存续。", "A command center is not ended", "It lasts as long as its area."
    ),
    "org-in-use": ProblemKind(
        "该单位仍有在办事件", "请先转交。", "It still has incidents in hand", "Give them to others first."
    ),
    "already-member": ProblemKind("已是成员", "无需重复添加。", "They are a member already", "There is nothing to add."),
    "account-taken": ProblemKind("账号已关联他人", "请核对登录名。", "The account is somebody else's", "Check the login."),
    "status-backwards": ProblemKind("状态只能向前", "请选择其后的状态。", "A status goes forward only", "Choose a later one."),
    "already-away": ProblemKind("请假日期重叠", "请调整日期。", "They are away then already", "Change the days."),
    "already-posted": ProblemKind(
        "已在该网格任此岗位", "AB 岗须为两人。", "They have that role there already", "A and B are two people."
    ),
    "letter-taken": ProblemKind("该 A/B 岗已有人", "请先结束原岗位。", "The letter is taken", "End that post first."),
    "pair-outside": ProblemKind(
        "AB 岗须在同一社区", "请在本社区内选人。", "A pair stays in one community", "Choose somebody of it."
    ),
    "has-left": ProblemKind("人员已离岗", "请另选人员。", "They have left", "Choose somebody else."),
    "other-type": ProblemKind("规则的网格类型不符", "请使两处一致。", "The rule is for other grids", "Let both say the same."),
}

_ROUNDS: Mapping[str, ProblemKind] = {
    "not-staff": ProblemKind(
        "您不在工作人员名册中", "请注明是谁的走访或巡查。", "You are not among the staff", "Say whose visit or patrol it is."
    ),
    "unknown-target": ProblemKind(
        "没有该对象",
        "请核对编号。",
        "There is no such target",
        "Check the id of the household point, grid, worker or area.",
    ),
    "unknown-incident": ProblemKind("没有该事件", "请核对事件编号。", "There is no such incident", "Check its number."),
}

_OUT: Mapping[str, ProblemKind] = {
    "feed-reset": ProblemKind(
        "数据源已重置",
        "请不带 cursor 重新读取全部数据。",
        "The feed was reset",
        "Begin without a cursor and read everything anew.",
    ),
    "too-many-webhooks": ProblemKind("订阅过多", "请先删除不用的订阅。", "Too many subscriptions", "Take one away first."),
    "webhook-not-active": ProblemKind(
        "订阅未启用", "请先将状态改为 active。", "The subscription is not active", "Set its state to active first."
    ),
    "target-invalid": ProblemKind(
        "推送地址无效",
        "请使用不含密码和片段的 https 地址。",
        "The address cannot be used",
        "Give an https address without password or fragment.",
    ),
    "target-forbidden": ProblemKind(
        "推送地址不允许",
        "不向内网地址推送，除非设置中列出该网段。",
        "Nothing is sent there",
        "Inside addresses need their network in the settings.",
    ),
    "target-unknown": ProblemKind("推送主机不存在", "请检查主机名。", "There is no such host", "Check the name."),
}

WORK: Mapping[str, ProblemKind] = {**_STAFF, **_ROUNDS, **_OUT}
"""Kinds by their codes."""
