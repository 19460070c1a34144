"""Exceptions: why a grid is not in the band, with the argument where it is proven and the word `unproven` where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partition.rules import Rules


class Reason(StrEnum):
    """The kinds of reason; all but the last are proven."""

    NO_HOUSEHOLDS = "no_households"
    TOO_FEW = "too_few"
    BETWEEN = "between_one_and_two"
    BUILDING = "one_building"
    ISLAND = "island"
    NO_SOLUTION = "no_solution"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class GridException:
    """Why one grid is out of the band: the reason and its argument in two languages."""

    reason: Reason
    en: str
    zh: str

    @property
    def proven(self) -> bool:
        """Say whether the argument is a proof."""
        return self.reason is not Reason.UNPROVEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What an argument may rest on: the grid, its unit and its community, in counts of the rules' measure."""

    count: int
    largest_building: int
    unit_count: int
    community_count: int
    low: int
    high: int
    measure_en: str
    measure_zh: str
    unit_possible: bool
    """Whether some number of grids in the band could add up to the unit."""
    community_possible: bool
    impossible_for: int
    """Pieces of the finest complete model that has no solution, or 0."""
    granularity: int
    """The most that a piece of several buildings holds in that model; 0: every building by itself."""


def explain(case: Circumstances) -> GridException:  # noqa: PLR0911 - one return for each reason, in their order
    """Give the reason for a grid out of the band."""
    en, zh = case.measure_en, case.measure_zh
    if case.count == 0:
        return GridException(Reason.NO_HOUSEHOLDS, f"no {en} live here", f"区域内没有{zh}")
    if case.largest_building > case.high:
        return GridException(
            Reason.BUILDING,
            f"one building has {case.largest_building} {en}, more than {case.high}; a building is never split",
            f"单栋楼有{case.largest_building}{zh},超过{case.high};楼栋不可拆分",
        )
    if not case.unit_possible and case.community_possible:
        return GridException(
            Reason.ISLAND,
            f"this part of the community has {case.unit_count} {en} and touches no other part of it, so no number of"
            f" grids of {case.low} to {case.high} adds up",
            f"本片与社区其余部分不相连,共{case.unit_count}{zh},无法分成每格{case.low}–{case.high}{zh}",
        )
    if case.unit_count < case.low:
        return GridException(
            Reason.TOO_FEW,
            f"there are only {case.unit_count} {en}, fewer than {case.low}",
            f"总共只有{case.unit_count}{zh},不足{case.low}",
        )
    if not case.unit_possible:
        return GridException(
            Reason.BETWEEN,
            f"{case.unit_count} {en} are too many for one grid (at most {case.high}) and too few for two"
            f" (at least {2 * case.low})",
            f"共{case.unit_count}{zh}:一格放不下(最多{case.high}),两格又不够(至少{2 * case.low})",
        )
    if case.impossible_for and case.granularity == 0:
        return GridException(
            Reason.NO_SOLUTION,
            f"an exact model of all connected grids over the {case.impossible_for} single buildings here has no solution",
            f"以{case.impossible_for}栋单体建筑为单元、穷举所有连通网格的精确模型无解",
        )
    tried_en = f"; none exists over {case.impossible_for} pieces of at most {case.granularity}" if case.impossible_for else ""
    tried_zh = f";以{case.impossible_for}块(每块至多{case.granularity})为单元时已证无解" if case.impossible_for else ""
    return GridException(
        Reason.UNPROVEN,
        f"unproven: the search found no plan with this grid in the band{tried_en}",
        f"未证明:搜索未找到使本格达标的方案{tried_zh}",
    )


def measure_words(rules: Rules) -> tuple[str, str]:
    """Return the name of what the rules count, in English and Chinese."""
    return ("persons", "人") if rules.measure == "persons" else ("households", "户")
