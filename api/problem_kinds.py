"""Every kind of problem that an answer may name: what it is called, and what to do, in both languages.

Each has a page of its own at `/problems/<code>`, which the member `type` of an answer points to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.problem_kind import ProblemKind
from api.problem_kinds_loop import LOOP
from api.problem_kinds_work import WORK

if TYPE_CHECKING:
    from collections.abc import Mapping

_REQUEST: Mapping[str, ProblemKind] = {
    "bad-request": ProblemKind(
        "请求有误", "请对照接口文档检查请求。", "The request cannot be understood", "Check it against the API's description."
    ),
    "invalid-parameter": ProblemKind(
        "参数无效", "请改正 errors 中列出的参数。", "A parameter cannot be used", "Correct what errors lists."
    ),
    "unknown-parameter": ProblemKind(
        "未知参数", "请去掉该参数，或检查拼写。", "There is no such parameter", "Leave it away, or check its spelling."
    ),
    "missing-field": ProblemKind(
        "缺少必填字段", "请补上 errors 中列出的字段。", "A field is missing", "Add the one that errors lists."
    ),
    "invalid-filter": ProblemKind(
        "过滤条件无效",
        "请按 CQL2 书写，只使用 queryables 中列出的字段。",
        "The filter cannot be used",
        "Write CQL2, with the properties that queryables lists.",
    ),
    "invalid-cursor": ProblemKind(
        "翻页标记无效",
        "请从第一页重新开始，并沿 next 链接翻页。",
        "The cursor cannot be used",
        "Begin again at the first page, and follow the links named next.",
    ),
    "unsupported-crs": ProblemKind(
        "不支持该坐标系",
        "请使用集合中列出的坐标系。",
        "The coordinate system is not offered",
        "Use one that the collection lists.",
    ),
    "invalid-body": ProblemKind(
        "请求内容无效", "请改正 errors 中列出的各项。", "The content cannot be used", "Correct what errors lists."
    ),
    "geometry-invalid": ProblemKind(
        "几何图形无效",
        "请按 errors 所列位置改正图形。",
        "The geometry cannot be used",
        "Mend it at the place that errors gives.",
    ),
    "invalid-input": ProblemKind(
        "数据有错误", "请改正 errors 中列出的各处，再试。", "The data has faults", "Correct what errors lists, and try again."
    ),
    "invalid-rules": ProblemKind("规则自相矛盾", "请改正规则。", "The rules contradict each other", "Correct the rules."),
    "unknown-frame": ProblemKind("坐标系未知", "请指明坐标系。", "The coordinate system is unknown", "Say which it is."),
    "invalid-code": ProblemKind(
        "编码无效", "请检查编码的位数和取值。", "The code breaks its scheme", "Check its length and digits."
    ),
    "codes-used-up": ProblemKind(
        "网格编码已用尽",
        "该社区的顺序码已全部用完，请联系管理员。",
        "The community has no grid number left",
        "Ask whoever keeps the codes.",
    ),
    "not-found": ProblemKind(
        "未找到",
        "请检查地址；也可能您无权查看。",
        "There is nothing here that you may see",
        "Check the address; it may also lie outside your areas.",
    ),
    "method-not-allowed": ProblemKind(
        "不支持该方法", "请使用 Allow 中列出的方法。", "The method is not offered here", "Use one that Allow lists."
    ),
    "not-acceptable": ProblemKind("不支持该格式", "请改用所提供的格式。", "The format is not offered", "Ask for one that is."),
    "unsupported-media-type": ProblemKind(
        "不支持该内容类型",
        "请改用文档中写明的 Content-Type。",
        "This type of content is not read",
        "Send the Content-Type that the description names.",
    ),
    "body-too-large": ProblemKind("请求内容过大", "请分批发送。", "The content is too large", "Send it in parts."),
    "idempotency-key-reused": ProblemKind(
        "幂等键已用于另一请求",
        "每个新请求请使用新的 Idempotency-Key。",
        "The Idempotency-Key was used for another request",
        "Use a new one for each new request.",
    ),
    "request-in-progress": ProblemKind(
        "同一请求正在处理",
        "请稍候用同一 Idempotency-Key 重试。",
        "The same request is being worked on",
        "Try again in a moment with the same Idempotency-Key.",
    ),
}

_CALLER: Mapping[str, ProblemKind] = {
    "unidentified": ProblemKind("需要登录", "请登录，或出示密钥。", "Who asks is not known", "Sign in, or show a key."),
    "wrong-password": ProblemKind("用户名或密码错误", "请重新输入。", "The login or the password is wrong", "Type both again."),
    "session-ended": ProblemKind("登录已过期", "请重新登录。", "Your session has ended", "Sign in again."),
    "invalid-credential": ProblemKind(
        "凭证无效",
        "请检查密钥或令牌，或向管理员索取新的。",
        "What was shown does not hold",
        "Check the key or token, or ask an administrator for another.",
    ),
    "key-in-address": ProblemKind(
        "密钥不得写在地址中",
        "该密钥已经泄露，请吊销，并改用请求头发送。",
        "A key stands in the address",
        "It is known to others now: revoke it, and send keys in a header.",
    ),
    "provider-unreachable": ProblemKind(
        "身份服务无响应", "请一分钟后重试。", "The identity provider does not answer", "Try again in a minute."
    ),
    "scope-denied": ProblemKind(
        "无权操作", "请联系管理员调整权限或辖区。", "You may not do this", "Ask an administrator for the role or the area."
    ),
    "csrf": ProblemKind(
        "请求并非来自本站页面",
        "请刷新页面后重试。",
        "The request does not come from a page of ours",
        "Load the page again, and try once more.",
    ),
    "rate-limited": ProblemKind(
        "请求过于频繁", "请在 Retry-After 之后重试。", "Too many attempts", "Try again after Retry-After."
    ),
    "wrong-tier": ProblemKind(
        "不属于您的层级", "请由相应层级办理。", "This is for another tier", "Leave it to those whose step it is."
    ),
    "self-approval": ProblemKind(
        "不得审批自己编制、决定或申请的事",
        "请由他人审核。",
        "Nobody decides on what they made, decided or asked for",
        "Let somebody else decide.",
    ),
    "not-a-rater": ProblemKind(
        "不在评分层级",
        "请由考核方案 raters 所列层级评分。",
        "This is rated by others",
        "Leave it to the tiers that raters of the assessment names.",
    ),
}

_STATE: Mapping[str, ProblemKind] = {
    "conflict": ProblemKind(
        "与当前状态冲突", "请刷新后再操作。", "It does not fit the present state", "Look at it as it is now, and decide again."
    ),
    "already-exists": ProblemKind("已存在", "请换用另一名称或编码。", "It exists already", "Choose another name or code."),
    "still-referred": ProblemKind(
        "关联的对象不存在或仍被引用",
        "请先处理关联的对象。",
        "It refers to something that is not there, or is still referred to",
        "Deal with the other first.",
    ),
    "check-failed": ProblemKind("不符合数据规则", "请改正数据。", "The data breaks a rule", "Correct the data."),
    "overlaps": ProblemKind(
        "与已有数据重叠", "请调整范围或日期。", "It overlaps what is there", "Change the area or the days."
    ),
    "illegal-transition": ProblemKind(
        "当前状态不允许该操作",
        "可用的操作见 allowed。",
        "The state does not allow this step",
        "See allowed for those it allows.",
    ),
    "frozen": ProblemKind(
        "该版本已提报，不可修改",
        "方案被退回后，其下一版本即可编辑。",
        "This version was submitted and does not change",
        "Once the plan has been sent back, its next version can be edited.",
    ),
    "stale-version": ProblemKind(
        "已被他人修改",
        "请取得最新版本后重新修改。",
        "Somebody has changed it meanwhile",
        "Fetch it again, and make your change to that.",
    ),
    "precondition-required": ProblemKind(
        "缺少 If-Match",
        "请在 If-Match 中写明所依据的版本。",
        "If-Match is missing",
        "Say in If-Match which version you have seen.",
    ),
}

_PLANS: Mapping[str, ProblemKind] = {
    "coverage": ProblemKind(
        "网格未做到全覆盖、无重叠",
        "请按 findings 所列位置修改方案后重新校核。",
        "The grids leave gaps or overlap",
        "Mend the plan at the places in findings, and validate it again.",
    ),
    "stale-base": ProblemKind(
        "现行网格已变化",
        "请以现行网格为基础重新编制方案。",
        "Another plan has taken effect meanwhile",
        "Make the plan anew, on the grids that are in force.",
    ),
    "no-blocks": ProblemKind(
        "地块尚未生成",
        "请先为该方案发起生成地块。",
        "The blocks have not been made",
        "Ask for the blocks of this plan first.",
    ),
    "stale-edition": ProblemKind(
        "地块已重新生成",
        "请重新取得地块，再改动。",
        "The blocks were made anew",
        "Fetch the blocks again, and paint on these.",
    ),
    "parts-apart": ProblemKind(
        "各部分不在同一网格",
        "请先把这些部分归入同一网格，再合并。",
        "The parts are in different grids",
        "Bring them into one grid, then join them.",
    ),
    "overlapping-edits": ProblemKind(
        "与他人的改动重叠",
        "请取得 theirs、names 中他人的改动，再决定保留哪一方。",
        "Somebody else has painted the same blocks, or named the same grids",
        "Take over what theirs and names list, and decide which of the two is to stay.",
    ),
    "line-mismatch": ProblemKind(
        "与相邻社区的界线不一致",
        "请与 communities 所列社区一并划分。",
        "The line to a neighbour is not the same on both sides",
        "Divide the communities that are listed together with it.",
    ),
    "past-day": ProblemKind("生效日期已过", "请选择今天或以后的日期。", "The day is past", "Choose today, or a later day."),
    "reason-required": ProblemKind(
        "退回须说明理由", "请在 comment 中写明理由。", "A rejection needs a reason", "Say in comment why."
    ),
    "already-decided": ProblemKind(
        "已办理", "无需重复办理。", "This has been decided already", "There is nothing left to do at this step."
    ),
    "not-the-author": ProblemKind("只有编制人可以撤回", "请联系编制人。", "Only its author may do this", "Ask the author."),
    "not-the-first": ProblemKind(
        "已有现行网格",
        "请按提报、初审、核准的程序办理。",
        "Grids are in force here already",
        "A new plan goes through its approval.",
    ),
    "matter-admitted": ProblemKind(
        "事项已准入",
        "请先退出，再重新申报；处置标准、部门和时限可直接修改。",
        "The matter is admitted",
        "Have it exit and propose it anew; how it is handled may be changed as it is.",
    ),
    "target-fixed": ProblemKind(
        "考核对象不可更改",
        "考核对象和所属区域不可更改，请另建考核方案。",
        "What is assessed stays the same",
        "Make another assessment: its target and its area do not change.",
    ),
    "other-communities": ProblemKind(
        "社区范围不一致",
        "请保持方案原有的社区范围。",
        "The grids are for other communities",
        "Keep to the communities of the plan.",
    ),
    "no-common-area": ProblemKind(
        "跨市区的方案", "请按区县分别编制。", "The plan lies in several cities", "Make one plan for each."
    ),
    "not-finished": ProblemKind(
        "任务尚未完成",
        "请在完成后再取整包，或逐个取已生成的文件。",
        "The job has not ended",
        "Take the whole when it is done, or file by file what is made by now.",
    ),
    "job-finished": ProblemKind("任务已结束", "无需取消。", "The job has ended", "There is nothing left to cancel."),
    "nothing-to-divide": ProblemKind(
        "没有可划分的社区", "请检查社区编码。", "There is nothing to divide", "Check the codes of the communities."
    ),
    "worker-lost": ProblemKind(
        "任务多次中断",
        "请重新提交；若再次发生，请联系维护人员。",
        "The work was cut off again and again",
        "Start it once more; if that happens again, tell whoever runs the service.",
    ),
    "duties-apart": ProblemKind(
        "三员须分立",
        "系统管理、审计与业务不得由同一人担任。",
        "These duties must not meet in one person",
        "Give work, audit and the management of people to different people.",
    ),
}

_OURS: Mapping[str, ProblemKind] = {
    "store-busy": ProblemKind("系统繁忙", "请稍后重试。", "The store is busy", "Try again in a moment."),
    "store-unusable": ProblemKind(
        "数据库不可用", "请联系管理员。", "The store cannot be used", "Tell whoever runs the service."
    ),
    "took-too-long": ProblemKind("处理超时", "请缩小范围后重试。", "It took too long", "Ask for less, or try again later."),
    "disk-full": ProblemKind(
        "磁盘已满",
        "目前只能查询；请联系管理员清理空间。",
        "The disk is full",
        "Reading still works; tell whoever runs the service to make room.",
    ),
    "broken-plan": ProblemKind(
        "方案未通过自身校核",
        "这是程序缺陷，请把 requestId 告知维护人员。",
        "A plan failed its own certificate",
        "This is a defect of ours: report it with its requestId.",
    ),
    "internal-error": ProblemKind(
        "内部错误",
        "请把 requestId 告知维护人员。",
        "Something is wrong on our side",
        "Report it with its requestId.",
    ),
}

KINDS: Mapping[str, ProblemKind] = {**_REQUEST, **_CALLER, **_STATE, **_PLANS, **LOOP, **WORK, **_OURS}
"""All kinds by their codes."""
