"""The roles that somebody may have on a grid, and what else a post or a member of staff says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.lang import Lang

Words = Mapping[str, tuple[str, str]]
"""What people call the words of one list, in Chinese and English, in the list's order."""


class DutyRole(StrEnum):
    """What somebody is on a grid."""

    GRID_LEADER = "grid_leader"
    DEPUTY_GRID_LEADER = "deputy_grid_leader"
    FULL_TIME_WORKER = "full_time_worker"
    PART_TIME_WORKER = "part_time_worker"
    GRID_INSTRUCTOR = "grid_instructor"
    SOCIAL_WORKER_FORCE = "social_worker_force"
    PROFESSIONAL_FORCE = "professional_force"
    OTHER_FORCE = "other_force"


ROLES = tuple(DutyRole)
"""Arrays name a role by its place here."""

FORCE_ROLES = frozenset({DutyRole.SOCIAL_WORKER_FORCE, DutyRole.PROFESSIONAL_FORCE, DutyRole.OTHER_FORCE})
"""Roles of which a post says the kind: police, mediator, water, power, telecom."""

ROLE_WORDS: Words = {
    "grid_leader": ("网格长", "grid leader"),
    "deputy_grid_leader": ("副网格长", "deputy grid leader"),
    "full_time_worker": ("专职网格员", "full-time grid worker"),
    "part_time_worker": ("兼职网格员", "part-time grid worker"),
    "grid_instructor": ("网格指导员", "grid instructor"),
    "social_worker_force": ("社会工作力量", "social work force"),
    "professional_force": ("专业力量", "professional force"),
    "other_force": ("其他力量", "other force"),
}

FORCE_WORDS: Words = {
    "police": ("民警", "police"),
    "traffic_police": ("交警", "traffic police"),
    "mediator": ("调解员", "mediator"),
    "judicial_mediation": ("司法诉调对接员", "mediator with the court"),
    "urban_management": ("城管执法", "urban management"),
    "market_supervision": ("市场监管", "market supervision"),
    "emergency": ("应急消防", "emergencies and fire"),
    "health": ("卫生健康", "health"),
    "department": ("职能部门", "government department"),
    "water": ("供水", "water"),
    "power": ("供电", "power"),
    "telecom": ("通信", "telecom"),
    "social_worker": ("社工", "social worker"),
}
"""Kinds of forces that many places have; a place's profile may call them otherwise, and names others."""

EDUCATION_WORDS: Words = {
    "primary": ("小学", "primary school"),
    "middle": ("初中", "middle school"),
    "high": ("高中", "high school"),
    "college": ("大专", "college"),
    "bachelor": ("本科", "bachelor"),
    "master": ("硕士", "master"),
    "doctor": ("博士", "doctor"),
}
EDUCATION = ("", *EDUCATION_WORDS)
"""From least to most; arrays name one by its place here, 0: not known."""

STATUS_WORDS: Words = {
    "selected": ("已选用", "selected"),
    "trained": ("已培训", "trained"),
    "assigned": ("已上岗", "assigned"),
    "assessed": ("已考核", "assessed"),
    "left": ("已离岗", "left"),
}
"""选育管用, in the order in which somebody goes through them."""

DUTY_WORDS: Words = {
    "party": ("网格党建员", "party building"),
    "environment": ("网格环保员", "environment"),
    "health": ("网格卫健员", "health"),
    "emergency": ("网格应急员", "emergencies"),
    "insurance": ("网格两保员", "insurance"),
}
"""五员合一: what one worker does in one grid."""

CHANNEL_WORDS: Words = {
    "allocated": ("统一配备", "allocated"),
    "selected": ("审核选拔", "selected"),
    "reassigned": ("调整优化", "reassigned"),
}
"""How somebody came to a post."""


def label(words: Words, word: str, lang: Lang) -> str:
    """Return what people call a word of a list."""
    zh, en = words[word]
    return zh if lang == "zh" else en


def spellings(words: Words) -> dict[str, str]:
    """Return the words of a list by all that people write for them: the word itself, and what either language calls it."""
    return {said: word for word, called in words.items() for said in (word, *called)}
