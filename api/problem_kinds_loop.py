"""The kinds of problem that the loop of an incident has: whose a step is, what it waits for, what has to come with it.

Who is refused is told who may, and what else may be done. The words are those of `loop/labels.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.problem_kind import ProblemKind

if TYPE_CHECKING:
    from collections.abc import Mapping

_WHO: Mapping[str, ProblemKind] = {
    "only-by-itself": ProblemKind(
        "由系统自动办理",
        "无需人工办理，到时自动完成。",
        "The service does this by itself",
        "Leave it: it happens when it is due.",
    ),
    "not-by-itself": ProblemKind(
        "须由人上报",
        "请由网格员或其他发现情况的人员上报。",
        "Somebody has to report it",
        "Leave it to people: the service reports nothing by itself.",
    ),
    "no-post": ProblemKind(
        "由本网格 A、B 岗办理",
        "请由今日在岗的 A 岗或 B 岗网格员办理；核实也可由受指派的人员办理。",
        "This is for the grid's workers on post A or B",
        "Leave it to one who is on post here today; whoever was asked to verify may do that too.",
    ),
    "not-the-owner": ProblemKind(
        "由当前承办人办理",
        "请由当前承办的单位或人员办理，见 owner。",
        "This is for whoever has it in hand",
        "Leave it to the one that owner names.",
    ),
    "not-called": ProblemKind(
        "由待报到的部门报到",
        "已报到的部门无需再办；其他部门由区级指挥中心分办后再报到。",
        "This is for called departments that have yet to join",
        "One that has joined has nothing left to do here; others join once the district has assigned them.",
    ),
    "not-the-caller": ProblemKind(
        "由发起呼叫的街道销号",
        "请由该街道指挥中心销号，并评价各部门。",
        "Only the street that called clears off",
        "Leave it to that street's center, which rates the departments.",
    ),
    "self-check": ProblemKind(
        "处置人不核查本人处置的事件",
        "请由指挥中心的其他人员核查。",
        "Nobody checks what they handled",
        "Let somebody else of the center check it.",
    ),
    "not-the-hotline": ProblemKind(
        "由热线办理",
        "请由负责该地区的热线或核查该事件的指挥中心反馈。",
        "This is for the hotline",
        "Leave it to the hotline of the place, or to the center that checks the incident.",
    ),
    "not-the-chief": ProblemKind(
        "由值班长办理",
        "请由指挥中心的值班长作废。",
        "This is for the chief of the duty",
        "Let the chief of the center's duty void it.",
    ),
}

_STANDING: Mapping[str, ProblemKind] = {
    "already-claimed": ProblemKind(
        "已有人认领",
        "无需再认领；其他可办步骤见 allowed。",
        "Somebody has claimed it already",
        "It is in hand; see allowed for what you may do.",
    ),
    "not-at-grid-tier": ProblemKind(
        "不在网格层级",
        "认领和当场解决限网格层级：请由所在层级派单、处置，或先交办到网格。",
        "It does not stand at the grid's tier",
        "Only there is it claimed, or solved on the spot: dispatch or handle it where it stands, or delegate it first.",
    ),
    "not-at-street-tier": ProblemKind(
        "不在街道层级",
        "街道只就本级的事件呼叫：请先上报上级或交办到街道。",
        "It does not stand at the street's tier",
        "A street calls for what is its own: have it escalated or delegated to the street first.",
    ),
    "lowest-tier": ProblemKind(
        "已是最低层级",
        "不再交办：请由网格员认领或领单，或由指挥中心派单。",
        "There is no lower tier",
        "Let a worker of the grid claim or take it, or a center dispatch it.",
    ),
    "highest-tier": ProblemKind(
        "已是最高层级",
        "不再上报上级：请由区级指挥中心派单。",
        "There is no higher tier",
        "Let the district's center dispatch it.",
    ),
    "not-overdue": ProblemKind(
        "尚未超期",
        "超期后由系统上报上级；需要提前的，由承办人上报上级。",
        "It is not overdue",
        "The service escalates what is overdue; the owner may do so earlier.",
    ),
    "return-limit": ProblemKind(
        "退单次数已满",
        "区级已确定由本单位承办：请领单；仍有异议的，请与区级指挥中心商定。",
        "It cannot be returned again",
        "The district has decided whose it is: take it, and settle with the district's center what is left.",
    ),
    "call-open": ProblemKind(
        "呼叫尚未销号",
        "请按呼叫办理：区级分办，部门报到、处置，核查、反馈后由街道销号。",
        "A district call is open",
        "Go on with it: the district assigns, the departments join and handle, and at the end the street clears off.",
    ),
    "no-call": ProblemKind(
        "没有进行中的呼叫",
        "需要区级部门的，先由街道指挥中心呼叫。",
        "There is no open call",
        "Where departments are needed, the street's center calls the district first.",
    ),
    "call-order": ProblemKind(
        "呼叫步骤的顺序不符",
        "请依次办理：呼叫、分办、报到、处置、销号。",
        "The call has other steps before this",
        "Keep their order: call, assign, join, handle, clear off.",
    ),
    "already-assigned": ProblemKind(
        "已分办",
        "请等待各部门报到；需要另选部门的，先由牵头部门退单。",
        "Departments are assigned already",
        "Wait for them to join; if it takes others, the lead returns it first.",
    ),
    "consultation": ProblemKind(
        "协商办理的事件不呼叫部门",
        "请派单协商，处置时在 deliberation 中写明协商情况。",
        "What is settled by consultation needs no call",
        "Dispatch it; whoever handles it says in deliberation how it was settled.",
    ),
    "already-asked": ProblemKind(
        "上一申请待决定",
        "请等待指挥中心决定后再申请。",
        "What was asked before is not decided yet",
        "Wait for the center's decision, then ask again.",
    ),
    "nothing-asked": ProblemKind(
        "没有待决定的申请",
        "延期、挂账先由承办人申请，再由指挥中心决定。",
        "Nobody has asked for this",
        "The owner asks for more time, or to suspend it; then the center decides.",
    ),
    "extension-limit": ProblemKind(
        "延期次数已满",
        "请按现有期限办理，或申请挂账、上报上级。",
        "It has been extended as often as it may be",
        "Keep to the deadline; or ask to suspend it, or escalate it.",
    ),
    "not-sampled": ProblemKind(
        "须由人核查",
        "请由负责核查的指挥中心办理。",
        "Somebody has to check it",
        "Let the center that is in charge of it do so.",
    ),
    "already-answered": ProblemKind(
        "已向上报人反馈",
        "无需再反馈；请由发起呼叫的街道销号。",
        "The reporter has been told already",
        "There is nothing left to tell; the street that called clears off.",
    ),
    "not-answered": ProblemKind(
        "尚未向上报人反馈",
        "请先反馈，再销号；移入的事件尚未反馈的，按未结案移入。",
        "The reporter has not been told yet",
        "Tell them, then clear off; an imported case that has no answer comes in as open.",
    ),
    "already-evaluated": ProblemKind(
        "已评价",
        "无需再评价，事件将自动归档。",
        "It has been evaluated already",
        "There is nothing left to do: it is archived by itself.",
    ),
    "reopen-due": ProblemKind(
        "归档前须先重办",
        "上报人不满意：事件先自动重办，再次结案后归档。",
        "It is reopened before it is archived",
        "The reporter was not satisfied: the service reopens it, and archives it once it is closed again.",
    ),
    "no-reason": ProblemKind(
        "没有自动重办的理由",
        "需要重办的，由上级指挥中心办理并写明理由。",
        "Nothing calls for reopening it",
        "A higher center may reopen it, and says why.",
    ),
    "too-late": ProblemKind(
        "已过重办期限", "请作为新的事件上报。", "It is too late to reopen it", "Report it anew, as another incident."
    ),
    "supervision-highest": ProblemKind(
        "已是红牌督办",
        "没有更高级别；可以催办或批示。",
        "It has the red card already",
        "There is none above; urge it, or instruct.",
    ),
    "not-late": ProblemKind(
        "没有逾期未报到的部门",
        "系统只对逾期的部门黄牌督办；同级或上级单位可随时督办。",
        "No department is late",
        "The service gives a card where one is; an organisation as high as the owner's, or higher, may supervise at any time.",
    ),
}

_SAID: Mapping[str, ProblemKind] = {
    "unknown-event": ProblemKind(
        "没有这一步骤",
        "可办步骤见事件的 transitions。",
        "There is no such step",
        "Take one that the incident lists in transitions.",
    ),
    "unknown-field": ProblemKind(
        "该步骤没有此字段",
        "请只填 requires 和 allows 中列出的字段。",
        "The step has no such field",
        "Send those that requires and allows list.",
    ),
    "not-in-hand": ProblemKind(
        "该事件不在个人手中",
        "由单位承办的事件请用派单。",
        "Nobody has it in hand in person",
        "What an organisation has is dispatched.",
    ),
    "same-owner": ProblemKind(
        "已由对方承办",
        "请选择另一人，或交接给指挥中心。",
        "It is in their hands already",
        "Choose somebody else, or the center.",
    ),
    "not-in-charge": ProblemKind(
        "该单位不负责此层级",
        "请交接给该层级的指挥中心，或本网格在岗网格员。",
        "That organisation is not in charge",
        "Hand it to the center of its tier, or to a worker of the grid.",
    ),
    "unknown-party": ProblemKind(
        "没有这个单位或人员",
        "请核对编号。",
        "There is no such organisation or person here",
        "Check the id.",
    ),
    "out-of-area": ProblemKind(
        "地点不在对方辖区",
        "请另选辖区包含该地点的单位或人员。",
        "The place lies outside their area",
        "Choose an organisation or a person whose area holds it.",
    ),
    "unknown-matter": ProblemKind(
        "没有这个事项", "请从事项清单中选择。", "There is no such matter", "Choose one of the catalogue of matters."
    ),
    "unknown-master": ProblemKind(
        "没有这个主件",
        "请填写另一事件的编号：您能查看、且本身不是重复件。",
        "There is no such incident to be a duplicate of",
        "Give the number of another incident that you see and that is no duplicate itself.",
    ),
    "no-place": ProblemKind(
        "没有找到这个地点",
        "请写小区、小区内楼栋、专属区域或道路的名称（可由 GET /v1/addresses 查找），或提供坐标 lon、lat。",
        "There is no such place",
        "Name a compound, a building in one, a dedicated area or a street (GET /v1/addresses finds them), or give lon and lat.",
    ),
    "ambiguous-address": ProblemKind(
        "这个地址可能指多处",
        "请从 candidates 中选定一处并提交其 lon、lat，或以 area 写明所在区域。",
        "The address may mean several places",
        "Choose one of the candidates and send its lon and lat, or name the area by area.",
    ),
    "no-grid": ProblemKind(
        "不在任何网格内",
        "请按社区、街道或区级的层级受理；网格方案调整后会自动归入网格。",
        "It lies in no grid",
        "Accept it at a center's tier; when a new net covers the place, it comes to its grid by itself.",
    ),
    "exited-matter": ProblemKind(
        "事项未准入或已退出",
        "请选择已准入的事项；没有合适事项的，不予受理并答复上报人。",
        "The matter is not admitted, or has exited",
        "Choose one that is admitted; where none fits, do not accept the report, and tell the reporter.",
    ),
    "private-affair": ProblemKind(
        "私事不受理",
        "请选择不予受理，并告诉上报人可以怎么办。",
        "A private affair is not accepted",
        "Reject it, and tell the reporter what they can do.",
    ),
    "lower-tier": ProblemKind(
        "所选层级过低",
        "送往下级用交办；上报上级须选更高层级。",
        "The chosen tier is too low",
        "What goes down is delegated; what is escalated goes to a higher tier.",
    ),
    "higher-tier": ProblemKind(
        "所选层级过高",
        "送往上级用上报上级，街道也可呼叫；交办须选更低层级。",
        "The chosen tier is too high",
        "What goes up is escalated, or called for by the street; what is delegated goes to a lower tier.",
    ),
    "skip-level": ProblemKind(
        "不能越级上报",
        "请上报到上一层级，或不填 to_tier。",
        "It goes up one tier at a time",
        "Escalate it to the next tier, or leave to_tier away.",
    ),
    "named-twice": ProblemKind("部门重复", "每个部门只列一次。", "A department is named twice", "Name each of them once."),
    "one-lead": ProblemKind(
        "牵头部门须有一个，且只有一个",
        "请只把一个部门的 lead 设为 true。",
        "One department leads, and only one",
        "Set lead to true for one of them.",
    ),
    "no-department": ProblemKind(
        "不是本区的部门",
        "请从本区的部门中选择。",
        "It is no department of this district",
        "Choose among the district's departments.",
    ),
    "rate-all": ProblemKind(
        "须评价每个被呼叫的部门",
        "请给 detail 所列的每个部门打分（0 至 100）。",
        "Each department that was called is rated",
        "Give each of those in detail a number from 0 to 100.",
    ),
    "supervision-falls": ProblemKind(
        "督办级别只升不降",
        "请选择高于现有的级别：普通、黄牌、红牌。",
        "Supervision only goes up",
        "Choose a level above the present one: normal, yellow, red.",
    ),
    "too-early": ProblemKind(
        "时间过早",
        "until 须晚于现在；申请延期的，还须晚于现有期限。",
        "The time is too early",
        "Let until be after now and, where more time is asked for, after the present deadline.",
    ),
    "too-far": ProblemKind("时间过远", "until 须在三年以内。", "The time is too far away", "Let until lie within three years."),
    "time-went-back": ProblemKind(
        "时间先后颠倒",
        "请刷新后重试，仍不行请管理员核对时钟；移入的事件，请核对上报、受理、结案的时间。",
        "The times do not follow each other",
        "Try again, then have the service's clock checked; of an imported case, see when it was reported, accepted, closed.",
    ),
    "not-closed": ProblemKind(
        "缺少结案时间",
        "已结案的事件请填 closed_at；未结案的，请去掉 errors 中列出的字段。",
        "It does not say when the case was closed",
        "Give closed_at; of a case that is open, leave away what errors lists.",
    ),
}

_PICTURES: Mapping[str, ProblemKind] = {
    "too-many-pictures": ProblemKind(
        "照片数量已满",
        "请用已有的照片；其余情况请用文字说明。",
        "It has as many pictures as it may",
        "Use those that are there, and say the rest in words.",
    ),
    "picture-too-large": ProblemKind(
        "照片过大", "请缩小后再上传。", "The picture is too large", "Make it smaller, and send it again."
    ),
    "no-picture": ProblemKind(
        "无法识别的照片",
        "请上传完好的 JPEG、PNG 或 WebP 照片。",
        "This is no picture that can be read",
        "Send a JPEG, PNG or WebP that opens.",
    ),
}

LOOP: Mapping[str, ProblemKind] = {**_WHO, **_STANDING, **_SAID, **_PICTURES}
"""The kinds of the loop by their codes."""
