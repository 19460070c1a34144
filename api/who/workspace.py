"""Which desk somebody sits at: the platform that a role works on, and the modules that are open to it.

Three platforms are those of the accounts (综合指挥、网格运行、服务保障). A place may have fewer: what it has no platform for is
done on the nearest one that it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from api.who.caller import TIERS, Right, Role, Tier

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from api.who.caller import Caller, Grant

KEY_GROUPS = "key_group"
"""The category that a role has to name for its holder to see numbers of key groups: `*` does not mean it."""


class Workspace(StrEnum):
    """A desk. Three are platforms; who audits, who manages people and who is nobody in particular sits beside them."""

    COMMAND = "command"
    OPERATION = "operation"
    SERVICE = "service"
    AUDIT = "audit"
    ADMINISTRATION = "administration"
    PUBLIC = "public"


LABELS: Mapping[Workspace, Mapping[str, str]] = {
    Workspace.COMMAND: {"zh": "综合指挥", "en": "Command"},
    Workspace.OPERATION: {"zh": "网格运行", "en": "Grid operation"},
    Workspace.SERVICE: {"zh": "服务保障", "en": "Service support"},
    Workspace.AUDIT: {"zh": "审计", "en": "Audit"},
    Workspace.ADMINISTRATION: {"zh": "人员管理", "en": "People"},
    Workspace.PUBLIC: {"zh": "公众", "en": "Public"},
}
"""What desks are called."""
_PLATFORMS = (Workspace.COMMAND, Workspace.OPERATION, Workspace.SERVICE)
PLATFORM = tuple(LABELS[each]["zh"] for each in _PLATFORMS)
"""The words of `[tiers] platform`."""
_INSTEAD: Mapping[Workspace, tuple[Workspace, ...]] = {
    Workspace.COMMAND: (Workspace.OPERATION, Workspace.SERVICE),
    Workspace.OPERATION: (Workspace.COMMAND, Workspace.SERVICE),
    Workspace.SERVICE: (Workspace.OPERATION, Workspace.COMMAND),
}
"""Where somebody sits whose platform a place does not have, the nearest first."""
_BESIDE = {Role.VIEWER: Workspace.COMMAND, Role.AUDITOR: Workspace.AUDIT, Role.ADMINISTRATOR: Workspace.ADMINISTRATION}


def desk_of(role: Role, *, is_service: bool, platform: Sequence[str] = ()) -> Workspace:
    """Return the desk of a role: streets and districts command, communities and workers in grids operate.

    `is_service`: the role is that of somebody who works in a department, a unit or at the hotline. `platform` are the platforms
    that the place has, by their words; none: it has not said, and has all.
    """
    if role in _BESIDE:
        return _BESIDE[role]
    if is_service and TIERS[role] is Tier.GRID:
        wanted = Workspace.SERVICE
    else:
        wanted = Workspace.COMMAND if TIERS[role] >= Tier.STREET else Workspace.OPERATION
    there = [each for each in _PLATFORMS if not platform or LABELS[each]["zh"] in platform]
    return next((each for each in (wanted, *_INSTEAD[wanted]) if each in there), wanted)


def foremost(grants: Sequence[Grant]) -> Grant | None:
    """Return the role that decides where somebody sits: of the highest tier, and there in the largest area; None: nobody."""
    return max(grants, key=lambda each: (TIERS[each.role], -(each.area or "").count("."), each.role), default=None)


@dataclass(frozen=True, slots=True)
class Module:
    """A part of the service as people know it; `tag` is what its addresses have in the description of the API."""

    tag: str
    zh: str
    en: str
    rights: tuple[Right, ...]
    """Who has none of them, anywhere, has nothing there."""
    public: str = ""
    """What the settings may make of it for everybody."""

    def is_open(self, caller: Caller, public: Collection[str]) -> bool:
        """Whether there is anything in it for somebody, where `public` is for everybody."""
        if self.tag == KEY_GROUPS:
            return any(KEY_GROUPS in each.categories and each.gives(Right.SEE_INTERNAL) for each in caller.grants)
        return self.public in public or any(caller.may(right) for right in self.rights)


_WORK = (Right.SEE_INTERNAL,)
_READ = (Right.SEE_INTERNAL, Right.READ_LOG)
_DRAFTS = (Right.SEE_DRAFTS,)
MODULES: tuple[Module, ...] = (
    Module("areas", "辖区", "Areas", _READ, "areas"),
    Module("grids", "网格", "Grids", _READ, "grids"),
    Module("locate", "定位", "Where a place lies", _READ, "grids"),
    Module("card", "网格公示牌", "Cards of grids", _READ, "grids"),
    Module("plans", "划分方案", "Plans", _DRAFTS),
    Module("jobs", "划分任务", "Jobs", _DRAFTS),
    Module("towns", "城镇数据", "Towns", _DRAFTS),
    Module("prints", "打印图册", "Printed atlases", (Right.RUN_JOBS,)),
    Module("households", "住户点", "Household points", (Right.SEE_HOUSEHOLDS,)),
    Module("legacy", "部门原有网格", "Departments' own nets", _WORK),
    Module("incidents", "网格事件", "Incidents", _WORK),
    Module("warnings", "预警", "Early warnings", _WORK),
    Module("orders", "居民订单", "Orders", _WORK),
    Module("matters", "事项", "Matters", _WORK),
    Module("lists", "清单", "Lists", _WORK),
    Module("calendar", "工作日历", "Calendar", _WORK),
    Module("limits", "时限", "Time limits", _WORK),
    Module("modes", "平战转换", "Modes", _WORK),
    Module("policies", "流转参数", "Policies", _WORK),
    Module("orgs", "机构", "Organisations", _WORK),
    Module("staff", "队伍", "Staff", _WORK),
    Module("posts", "岗位", "Posts", _WORK),
    Module("staffing", "配备", "Staffing", _WORK),
    Module("duties", "例行工作", "Duties", _WORK),
    Module("visits", "走访", "Visits", _WORK),
    Module("patrols", "巡查", "Patrols", _WORK),
    Module(KEY_GROUPS, "重点人群（只计数）", "Key groups, as numbers", ()),
    Module("stations", "驿站", "Stations", _WORK),
    Module("assets", "专题设施", "Assets", _WORK),
    Module("problem points", "问题点位", "Problem points", _WORK),
    Module("panel", "指标面板", "Panel", _WORK),
    Module("wall", "指挥大屏", "Command wall", (Right.WATCH,)),
    Module("stats", "统计", "Statistics", (Right.WATCH,), "open311"),
    Module("reviews", "周评", "Weekly reviews", _WORK),
    Module("assessments", "考核", "Assessments", _WORK),
    Module("profiles", "地方方案", "Profiles", _WORK),
    Module("events", "动态与订阅", "Events", _READ),
    Module("log", "日志", "Log", (Right.READ_LOG,)),
    Module("people", "人员与角色", "People", (Right.MANAGE_PEOPLE,)),
)
"""Every module, in the order in which they are told."""
NO_MODULES = frozenset({"session"})
"""What addresses are about that are no module."""


def modules_of(caller: Caller, public: Collection[str]) -> tuple[Module, ...]:
    """Return the modules that are open to somebody, where `public` is for everybody."""
    return tuple(each for each in MODULES if each.is_open(caller, public))
