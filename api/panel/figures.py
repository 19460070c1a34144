"""The figures of the panel: each with its formula, and the counts that it is made of. All exact; halves are rounded up, once.

A figure without a denominator is none: it is None, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from api.stats.metric import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
"""Enough digits for any quotient of two counts to be rounded right the first time."""


class Unit(StrEnum):
    """What a figure is counted in."""

    COUNT = "count"
    PERCENT = "percent"
    RATIO = "ratio"
    YUAN = "yuan"


_DIGITS = {Unit.COUNT: 0, Unit.PERCENT: 1, Unit.RATIO: 2, Unit.YUAN: 0}
"""Digits after the point, where a figure does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure. `numerator` names the counts that are added up above the line, `denominator` the one below.

    `needs` is a count without which there is no figure: nobody is out of a band that nobody has stated.
    """

    id: str
    zh: str
    en: str
    zh_formula: str
    en_formula: str
    numerator: tuple[str, ...]
    denominator: str | None = None
    unit: Unit = Unit.COUNT
    digits: int | None = None
    needs: str | None = None

    def value(self, counts: Mapping[str, int]) -> Decimal | None:
        """Return the figure, rounded; None where there is nothing to divide by, or nothing is known."""
        below = 1 if self.denominator is None else counts.get(self.denominator, 0)
        if below == 0 or (self.needs is not None and not counts.get(self.needs)):
            return None
        exact = Fraction(self.above(counts), below) * (100 if self.unit is Unit.PERCENT else 1)
        return rounded(exact, _DIGITS[self.unit] if self.digits is None else self.digits)

    def above(self, counts: Mapping[str, int]) -> int:
        """Return what stands above the line."""
        return sum(counts.get(name, 0) for name in self.numerator)


def rounded(value: Fraction, digits: int) -> Decimal:
    """Return a value with so many digits after the point, halves up."""
    (sign, scaled) = (-1, -value) if value < 0 else (1, value)
    whole = (2 * scaled.numerator * 10**digits + scaled.denominator) // (2 * scaled.denominator)
    return _EXACT.scaleb(Decimal(sign * whole), -digits)


def shown(figure: Figure, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return a figure as an answer shows it: as a number, as a text, and the numbers that it is made of."""
    value = figure.value(counts)
    document: dict[str, Any] = {"value": None, "text": NOTHING}
    if value is not None:
        text = f"{value:,f}" + (" %" if figure.unit is Unit.PERCENT else "")
        document = {"value": float(value) if value.as_tuple().exponent else int(value), "text": text}
    if figure.denominator is not None:
        document |= {"n": figure.above(counts), "d": counts.get(figure.denominator, 0)}
    elif len(figure.numerator) > 1:
        document["parts"] = {name: counts.get(name, 0) for name in figure.numerator}
    return document


def _count(  # noqa: PLR0917 - a row of a table, in its order
    name: str, zh: str, en: str, zh_formula: str, en_formula: str, counts: tuple[str, ...] = (), needs: str | None = None
) -> Figure:
    return Figure(
        id=name, zh=zh, en=en, zh_formula=zh_formula, en_formula=en_formula, numerator=counts or (name,), needs=needs
    )  # fmt: skip


def _ratio(  # noqa: PLR0917 - a row of a table, in its order
    name: str,
    zh: str,
    en: str,
    zh_formula: str,
    en_formula: str,
    line: tuple[str, str],
    unit: Unit = Unit.RATIO,
    digits: int | None = None,
    needs: str | None = None,
) -> Figure:
    return Figure(
        id=name,
        zh=zh,
        en=en,
        zh_formula=zh_formula,
        en_formula=en_formula,
        numerator=line[:1],
        denominator=line[1],
        unit=unit,
        digits=digits,
        needs=needs,
    )


FIGURES: tuple[Figure, ...] = (
    # --- the ground
    _count("grids", "网格数", "Grids", "当日有效的居民区网格与专属网格", "grids in force on the day, residential and dedicated",
           ("residential", "dedicated")),
    _count("communities", "社区数", "Communities", "当日存在的社区（村）", "communities that there were on the day"),
    _count("households", "户数", "Households", "有效网格内的户数", "households in the grids in force"),
    _count("persons", "人口", "Persons", "有效网格内的人数", "persons in the grids in force"),
    _ratio("grids_per_community", "社区平均网格数", "Grids per community", "网格数÷社区数", "grids / communities",
           ("grids", "communities")),
    _ratio("persons_per_grid", "网格平均人数", "Persons per grid", "人口÷网格数", "persons / grids", ("persons", "grids"),
           digits=1),
    _count("out_of_band", "规模不达标网格", "Grids out of the band", "居民区网格中超出方案规模的",
           "residential grids that hold more or less than the profile says", needs="judged"),
    _ratio("size_compliance", "规模达标率", "Grids in the band", "规模达标的居民区网格÷有规模要求的居民区网格",
           "residential grids in the band / those that a profile has a band for", ("in_band", "judged"), Unit.PERCENT),
    _ratio("persons_per_household", "户均人口", "Persons per household", "人口÷户数", "persons / households",
           ("persons", "households")),
    _ratio("persons_per_household_least", "户均人口下限（按规模上限推算）", "Persons per household, at least",
           "居民区人口÷各网格户数上限之和", "persons of residential grids / the most households that they may hold",
           ("band_persons", "most_households")),
    _ratio("persons_per_household_most", "户均人口上限（按规模下限推算）", "Persons per household, at most",
           "居民区人口÷各网格户数下限之和", "persons of residential grids / the fewest households that they may hold",
           ("band_persons", "fewest_households")),
    # --- who works there
    _ratio("full_time_filled", "专职网格员到岗率", "Full-time posts filled", "按配备规则到岗的专职岗÷应配专职岗",
           "full-time posts that the staffing rule asks for and that are filled / those that it asks for",
           ("full_time_have", "full_time_need"), Unit.PERCENT),
    _count("full_time_gap", "专职网格员缺口", "Full-time posts missing", "应配而未到岗的专职岗",
           "full-time posts that the staffing rule asks for and nobody has", needs="full_time_need"),
    _ratio("staff_compliance", "配备达标率", "Grids staffed as ruled", "达到配备规则的网格÷有规则的网格",
           "grids that comply with their staffing rule / grids that have one", ("compliant", "ruled"), Unit.PERCENT),
    _ratio("workers_per_grid", "网格平均力量", "Workers per grid", "在岗人员（一人计一次）÷网格数",
           "people with a post, each once where they are employed / grids", ("workers", "grids")),
    _ratio("part_time_per_residential", "居民区网格平均兼职网格员", "Part-time workers per residential grid",
           "兼职岗÷居民区网格", "part-time posts / residential grids", ("part_time_posts", "residential")),
    _ratio("part_time_per_grid", "网格平均兼职网格员", "Part-time workers per grid", "兼职岗÷网格数", "part-time posts / grids",
           ("part_time_posts", "grids")),
    _count("beyond_core", "其他力量（N）", "Beyond the core", "在岗数－配备公式中数字所指的在岗数",
           "posts held / less those that the numbers of the formula ask for", needs="ruled"),
    _ratio("pairs_complete", "AB岗配齐率", "Grids with A and B", "AB岗由两人担任的网格÷应设AB岗的网格",
           "grids with two people as A and B / grids whose rule asks for both", ("paired", "to_be_paired"), Unit.PERCENT),
    _count("without_b", "无B岗网格", "Grids without B", "应设AB岗而无B岗的网格", "grids whose rule asks for a B that nobody is",
           needs="to_be_paired"),
    _ratio("yuan_per_worker", "人均投入（元）", "Yuan per worker", "方案所列经费÷该岗人数",
           "the profile's budget / the people of the role that it is for", ("budget_yuan", "budget_persons"), Unit.YUAN,
           needs="budget_yuan"),
    _count("stations", "驿站数", "Stations", "现有驿站", "stations that are open now"),
    _ratio("grids_per_station", "驿站平均网格数", "Grids per station", "网格数÷驿站数", "grids / stations",
           ("grids", "stations")),
    _count("party_units", "党支部与党小组", "Party branches and groups", "所登记的党支部与党小组之和",
           "branches and groups that were brought along", ("party_branches", "party_groups")),
    # --- what they do
    _count("matters", "有处置标准的事项", "Matters of departments", "当日在册、有责任部门的事项",
           "matters in force that a department answers for"),
    _count("departments", "责任部门", "Departments", "当日在册事项的责任部门", "departments that answer for matters in force"),
    _count("listed", "清单事项", "Matters on lists", "三张清单（公共服务、群众自治、有偿服务）在册事项之和",
           "matters in force on the lists of public, own and paid services",
           ("list_public", "list_self_governance", "list_paid")),
    _ratio("resolution_rate", "化解率", "Disputes resolved", "期内受理并在期内化解的矛盾纠纷÷期内受理的矛盾纠纷",
           "disputes accepted and closed as resolved in the window / disputes accepted in it",
           ("disputes_resolved", "disputes"), Unit.PERCENT),
    _ratio("order_finish_rate", "订单办结率", "Orders finished", "期内点单且已办结÷期内点单",
           "orders placed in the window and finished / orders placed in it", ("orders_finished", "orders"), Unit.PERCENT),
)  # fmt: skip
"""Every figure, in the order of the panel."""
