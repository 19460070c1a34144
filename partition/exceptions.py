"""Exceptions: why a grid is not in the band, with the argument where it is proven and the word `unproven` where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from partition.units import totals_possible

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

    def record(self) -> dict[str, str | bool]:
        """Return it as plain values, as files and the store hold it."""
        return {"reason": self.reason.value, "proven": self.proven, "zh": self.zh, "en": self.en}


class Reach(StrEnum):
    """How a unit touches the rest of its community."""

    NONE = "none"
    ACROSS_LINES = "across_lines"
    """Only across rivers, surface railways or expressways."""


class Count(NamedTuple):
    """Households and persons of one place."""

    households: int
    persons: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What an argument may rest on: the grid, its unit and its community."""

    rules: Rules
    grid: Count
    unit: Count
    community: Count
    largest_building: int
    """Its count by the rules' measure."""
    reach: Reach
    impossible_for: int
    """Pieces of the finest complete model that has no solution, or 0."""
    granularity: int
    """The most that a piece of several blocks holds in that model; 0: every block by itself, empty ones too."""
    single_buildings: bool
    """Whether no block of the unit holds more than one building."""


def explain(case: Circumstances) -> GridException:
    """Give the reason for a grid out of the band."""
    return (
        _nobody(case)
        or _one_building(case)
        or _by_totals(case)
        or _no_solution(case)
        or GridException(Reason.UNPROVEN, *_unproven(case))
    )


def _nobody(case: Circumstances) -> GridException | None:
    if any(case.grid):
        return None
    return GridException(Reason.NO_HOUSEHOLDS, "no households live here", "区域内没有住户")


def _one_building(case: Circumstances) -> GridException | None:
    if case.rules.measure in {"any_of", "all_of"}:
        return None
    _, high, en, zh = _band(case.rules)
    if case.largest_building <= high:
        return None
    return GridException(
        Reason.BUILDING,
        f"one building has {case.largest_building} {en}, more than {high}; a building is never split",
        f"单栋楼有{case.largest_building}{zh}，超过{high}；楼栋不可拆分",
    )


def _by_totals(case: Circumstances) -> GridException | None:
    """Argue by the totals of the unit alone (certificate T), and say so where the unit is only a part of its community."""
    if totals_possible(case.rules, *case.unit):
        return None
    en, zh = _totals(case)
    if case.reach is Reach.NONE and case.unit != case.community and totals_possible(case.rules, *case.community):
        return GridException(
            Reason.ISLAND,
            f"this part of the community touches no other part of it, and {en}",
            f"本片与社区其余部分不相连，且{zh}",
        )
    if case.reach is Reach.ACROSS_LINES and case.rules.hard_barriers and case.unit != case.community:
        return GridException(
            Reason.ISLAND,
            f"lines that the rules forbid to span cut this part off, and {en}",
            f"规则禁止跨越的界线将本片隔开，且{zh}",
        )
    few = _too_few(case.rules, case.unit)
    return GridException(Reason.TOO_FEW if few else Reason.BETWEEN, en, zh)


def _too_few(rules: Rules, count: Count) -> bool:
    """Say whether there is not even enough for one grid."""
    by_households, by_persons = count.households < rules.minimum, count.persons < rules.minimum_persons
    match rules.measure:
        case "households":
            return by_households
        case "persons":
            return by_persons
        case "any_of":
            return by_households and by_persons
        case "all_of":
            return by_households or by_persons


def _totals(case: Circumstances) -> tuple[str, str]:
    """Say why no number of grids adds up to the unit."""
    rules, (households, persons) = case.rules, case.unit
    if rules.measure in {"any_of", "all_of"}:
        return (
            (
                f"{households} households and {persons} persons cannot be shared out among any number of grids that are all in"
                f" the band ({rules.minimum}–{rules.maximum} households"
                f" {'or' if rules.measure == 'any_of' else 'and'} {rules.minimum_persons}–{rules.maximum_persons} persons)"
            ),
            (
                f"共{households}户、{persons}人，无论分成几格都不能全部达标({rules.minimum}–{rules.maximum}户"
                f"{'或' if rules.measure == 'any_of' else '且'}{rules.minimum_persons}–{rules.maximum_persons}人)"
            ),
        )
    low, high, en, zh = _band(rules)
    count = persons if rules.measure == "persons" else households
    if count < low:
        return f"there are only {count} {en}, fewer than {low}", f"总共只有{count}{zh}，不足{low}"
    grids = count // high
    return (
        (
            f"{count} {en} are too many for {grids} (at most {grids * high}) and too few for {grids + 1}"
            f" (at least {(grids + 1) * low})"
        ),
        f"共{count}{zh}:{grids}格放不下(最多{grids * high}),{grids + 1}格又不够(至少{(grids + 1) * low})",
    )


def _no_solution(case: Circumstances) -> GridException | None:
    """Argue by an exact model; only where its pieces are single buildings and single pieces of empty land."""
    if not case.impossible_for or case.granularity or not case.single_buildings:
        return None
    return GridException(
        Reason.NO_SOLUTION,
        f"an exact model of all connected grids over the {case.impossible_for} blocks here, none with more than one"
        " building, has no solution",
        f"以{case.impossible_for}个地块(每块至多一栋楼)为单元、穷举所有连通网格的精确模型无解",
    )


def _unproven(case: Circumstances) -> tuple[str, str]:
    if not case.impossible_for:
        return "unproven: the search found no plan with this grid in the band", "未证明：搜索未找到使本格达标的方案"
    return (
        (
            "unproven: the search found no plan with this grid in the band; none exists over"
            f" {case.impossible_for} pieces, but pieces could be cut finer"
        ),
        f"未证明：搜索未找到使本格达标的方案；以{case.impossible_for}块为单元时已证无解，但地块还可细分",
    )


def _band(rules: Rules) -> tuple[int, int, str, str]:
    """Return the band and the name of what it counts, in English and Chinese."""
    if rules.measure == "persons":
        return rules.minimum_persons, rules.maximum_persons, "persons", "人"
    return rules.minimum, rules.maximum, "households", "户"
