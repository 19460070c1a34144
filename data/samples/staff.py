"""The staff of a sample town: invented people on every grid, as the rows of the list that an employer would bring."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from data.samples.names import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import numpy as np

    from data.samples.settled import Settled

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_VACANT = 0.03
"""Share of residential grids that have no full-time worker of their own."""
_LEADERLESS = 0.02
"""Share of grids whose leader has still to be named."""
_HELPERS = ("party_household", "volunteer", "property_steward")
_LIAISONS = ("unit_liaison", "two_new_head")
_DUTIES = "网格党建员、网格环保员、网格卫健员、网格应急员、网格两保员"
_FORCES = (
    ("police", "专业力量"),
    ("traffic_police", "专业力量"),
    ("judicial_mediation", "社会工作力量"),
    ("urban_management", "专业力量"),
    ("health", "专业力量"),
)
"""Of the seven kinds of the district's scheme those that are there by now."""
_SERVICES = ("政策咨询", "证照代办", "矛盾调解", "走访探望", "报修转办", "就业信息", "助餐登记")
_SCHOOLS = ("高中", "大专", "大专", "本科", "本科", "本科", "硕士")


def worker_number(grid: str) -> str:
    """Return the number by which the list calls the full-time worker of a grid."""
    return f"ZZ{grid}"


def staff_rows(town: Settled, since: date, rng: np.random.Generator) -> list[dict[str, str]]:
    """Return a row for each post, from `since` on: leaders, full-time workers who stand in for each other, helpers, forces."""
    people = _People(town, since, rng)
    order = sorted(range(len(town.code)), key=lambda g: (town.community[g], town.code[g]))
    rows: list[dict[str, str]] = []
    for community, several in groupby(order, key=lambda g: town.community[g]):
        grids = list(several)
        homes = [g for g in grids if not town.dedicated[g]]
        rows += people.workers(homes)
        rows += people.shared(f"ZD{community}", [town.code[g] for g in grids], role="网格指导员", source="district_unit")
        for kind, role in _FORCES:
            rows += people.shared(f"LL{community}{kind}", [town.code[g] for g in grids], role=role, kind=kind)
        for g in grids:
            if rng.random() >= _LEADERLESS:
                code = town.code[g]
                rows.append(people.somebody(f"WG{code}", code, "网格长", source="two_committees", is_party=True))
            rows += people.helpers(g)
    return rows


class _People:
    """Invents people, one after another."""

    def __init__(self, town: Settled, since: date, rng: np.random.Generator) -> None:
        self._town, self._since, self._rng = town, since, rng
        self._given = words(500, rng)

    def somebody(
        self, number: str, grid: str, role: str, *, source: str = "", kind: str = "", is_party: bool | None = None
    ) -> dict[str, str]:
        """Return the row of somebody new."""
        rng = self._rng
        party = rng.random() < 0.4 if is_party is None else is_party  # noqa: PLR2004 - as many
        return {
            "工号": number, "姓名": _SURNAMES[rng.integers(len(_SURNAMES))] + self._given[rng.integers(len(self._given))],
            "来源": source, "党员": "是" if party else "否", "学历": _SCHOOLS[rng.integers(len(_SCHOOLS))],
            "出生年份": str(rng.integers(1966, 2001)),
            # No exchange begins with 0: these ring nowhere.
            "办公电话": f"0531-0{rng.integers(10**6):06}",
            "已培训": "是", "状态": "已上岗", "网格": grid, "岗位": role, "力量类别": kind, "AB岗": "", "五员": "",
            "服务项目": "", "渠道": "统一配备", "起始日期": self._since.isoformat(),
        }  # fmt: skip

    def workers(self, grids: Sequence[int]) -> Iterator[dict[str, str]]:
        """Give each grid its worker, who has post B on the next one of the community; few grids have none."""
        held = [g for g in grids if self._rng.random() >= _VACANT]
        for k, g in enumerate(grids):
            if g not in held:
                continue
            own = self.somebody(worker_number(self._town.code[g]), self._town.code[g], "专职网格员")
            yield own | {"AB岗": "A", "五员": _DUTIES, "服务项目": _services(k)}
            beside = grids[(k + 1) % len(grids)]
            if beside != g:
                yield own | {"网格": self._town.code[beside], "AB岗": "B"}

    def helpers(self, grid: int) -> Iterator[dict[str, str]]:
        """Give a grid some who help beside their own work."""
        code = self._town.code[grid]
        from_where = _LIAISONS if self._town.dedicated[grid] else _HELPERS
        for k in range(int(self._rng.integers(1, 5))):
            yield self.somebody(f"JZ{code}{k + 1}", code, "兼职网格员", source=from_where[k % len(from_where)])

    def shared(
        self, number: str, grids: Sequence[str], role: str, source: str = "", kind: str = ""
    ) -> Iterator[dict[str, str]]:
        """Give the grids of a community somebody whom they share."""
        first = self.somebody(number, grids[0], role, source=source, kind=kind)
        for grid in grids:
            yield first | {"网格": grid}


def _services(nth: int) -> str:
    """Return what the worker of a community's nth grid does for people: four of what such workers do."""
    return "、".join(_SERVICES[(nth + k) % len(_SERVICES)] for k in range(4))
