"""A staffing rule: what each symbol of a formula asks for on a grid of one kind. Read from JSON, with every fault at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, cast

from api.duty.formula import Formula, fault, is_symbol, number_of, read_formula, refuse
from api.duty.roles import EDUCATION_WORDS, ROLE_WORDS, DutyRole
from data.spelling import did_you_mean, listed
from gis.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gis.finding import Finding

GRID_TYPES = ("residential", "dedicated")
MOST_TERMS = 20
LONGEST_TEXT = 500
_MOST = 1000


class CountBy(StrEnum):
    """What a term counts: those who are there, or how many of its roles (or kinds of forces) there is anybody for."""

    PERSON = "person"
    KIND = "kind"


class Scope(StrEnum):
    """Where a term counts: on the grid, or on all grids of its community together, whose leader is then everybody's."""

    GRID = "grid"
    COMMUNITY = "community"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefer:
    """Whom a town would rather see (一般从…中选任): where somebody is known to be another, that is a warning, never a gap."""

    party_member: bool | None = None
    trained: bool | None = None
    source: tuple[str, ...] = ()
    education_min: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What one symbol asks for; without a symbol, what is asked beside the formula.

    `least` None: as many as the number says, or "some"; `most` None: any number. `severity` None: an error, but a warning
    where "some" are missing and nobody has said how many some are.
    """

    sym: str | None
    roles: tuple[DutyRole, ...]
    least: int | None = None
    most: int | None = None
    count_by: CountBy = CountBy.PERSON
    scope: Scope = Scope.GRID
    letter: Literal["A", "B"] | None = None
    """Only full-time workers with that letter count (AB岗)."""
    kinds: tuple[str, ...] = ()
    """Only forces of these kinds count; counted by kind, these are the kinds."""
    max_grids_per_person: int | None = None
    exclusive_with: tuple[DutyRole, ...] = ()
    """Whoever counts here has none of these roles on the same grid."""
    prefer: Prefer = Prefer()
    severity: Severity | None = None
    display_public: bool = True

    def need(self, some: int) -> int:
        """Return how many there must be; `some` is what 若干 means where the rule does not say."""
        if self.least is not None:
            return self.least
        number = None if self.sym is None else number_of(self.sym)
        return some if number is None else number

    @property
    def is_core(self) -> bool:
        """Whether the formula says by a number how many."""
        return self.sym is not None and number_of(self.sym) is not None

    @property
    def is_hard(self) -> bool:
        """Whether a grid that lacks it does not comply."""
        return self.severity is Severity.ERROR or (self.severity is None and (self.is_core or self.least is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffingRule:
    """Who is wanted on each grid of a type. `assumption` says what the town's own text leaves open and the rule decides."""

    grid_type: str
    formula: Formula
    terms: tuple[Term, ...]
    profile: str = ""
    assumption: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the rule as it is stored: read again, it is the same."""
        optional = {"profile": self.profile, "assumption": self.assumption}
        return {
            "grid_type": self.grid_type,
            "formula": str(self.formula),
            "terms": [_term_json(term) for term in self.terms],
            **{name: value for name, value in optional.items() if value},
        }


def rule_from(values: Mapping[str, object]) -> StaffingRule:
    """Make a rule of a mapping, as JSON has it.

    Raises
    ------
    InputError
        Everything that is wrong with it, each with its field.
    """
    found: list[Finding] = []
    reader = _Reader(values, "", found)
    reader.only("profile", "grid_type", "formula", "terms", "assumption")
    rule = StaffingRule(
        grid_type=reader.one_of("grid_type", GRID_TYPES) or "residential",
        formula=read_formula(reader.text("formula"), found),
        terms=_terms(values.get("terms"), found),
        profile=reader.text("profile"),
        assumption=reader.text("assumption"),
    )
    if not found:
        _bind(rule, found)
    refuse(found, "staffing rule")
    return rule


# --- reading ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reader:
    """One object of the JSON, whose faults are gathered; `at` stands before the names of its fields."""

    values: Mapping[str, object]
    at: str
    found: list[Finding]

    def say(self, kind: str, name: str, en: str, zh: str) -> None:
        self.found.append(fault(kind, f"{self.at}{name}", f"{self.at}{name} {en}", f"{self.at}{name} {zh}"))

    def only(self, *known: str) -> None:
        for name in self.values:
            if name not in known:
                hint = did_you_mean(name[:60], known)
                self.say("unknown_field", name[:60], f"is not known here{hint['hint']}; there are {listed(known, 20)}",
                         f"不是可用的字段{hint['hint_zh']}；可用的有：{listed(known, 20)}")  # fmt: skip

    def text(self, name: str) -> str:
        value = self.values.get(name, "")
        if isinstance(value, str) and len(value) <= LONGEST_TEXT and "\0" not in value:
            return value
        self.say(
            "not_a_text", name, f"must be a text of at most {LONGEST_TEXT} characters", f"应为不超过 {LONGEST_TEXT} 字的文字"
        )
        return ""

    def one_of(self, name: str, options: Sequence[str]) -> str | None:
        value = self.values.get(name)
        if value is None and name == "grid_type":
            self.say(
                "missing_field", name, f"is missing; write one of {', '.join(options)}", f"缺失；应为 {'、'.join(options)} 之一"
            )
        elif value is not None and value not in options:
            self.say("unknown_word", name, f"must be one of {', '.join(options)}", f"应为 {'、'.join(options)} 之一")
        else:
            return cast("str | None", value)
        return None

    def symbol(self, name: str) -> str | None:
        value = self.values.get(name)
        if value is None or (isinstance(value, str) and is_symbol(value)):
            return value
        self.say("not_a_symbol", name, "must be a number from 1 or one capital letter", "应为从 1 起的数字或一个大写字母")
        return None

    def number(self, name: str, lowest: int) -> int | None:
        value = self.values.get(name)
        # 12.0 is a whole number to every description of one.
        value = int(value) if isinstance(value, float) and value.is_integer() else value
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= _MOST):
            return value
        self.say("not_a_count", name, f"must be a whole number from {lowest} to {_MOST}", f"应为 {lowest} 至 {_MOST} 的整数")
        return None

    def flag(self, name: str) -> bool | None:
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.say("not_a_flag", name, "must be true or false", "应为 true 或 false")
        return None

    def words(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name)
        if value is None:
            return ()
        said = cast("list[object]", value) if isinstance(value, list) else []
        good = tuple(word for word in said if isinstance(word, str) and 0 < len(word) <= 60 and "\0" not in word)  # noqa: PLR2004 - as the store keeps them
        if not said or len(good) != len(said) or len(set(good)) != len(good) or len(said) > MOST_TERMS:
            self.say(
                "not_a_list",
                name,
                f"must be a list of up to {MOST_TERMS} different words",
                f"应为至多 {MOST_TERMS} 个互不相同的词",
            )
            return ()
        return good

    def roles(self, name: str) -> tuple[DutyRole, ...]:
        words = self.words(name)
        known = tuple(DutyRole(word) for word in words if word in ROLE_WORDS)
        for word in words:
            if word not in ROLE_WORDS:
                hint = did_you_mean(word, DutyRole)
                self.say("unknown_role", name, f"names {word!r}, which is no role{hint['hint']}; there are {listed(DutyRole)}",
                         f"中的 {word!r} 不是岗位{hint['hint_zh']}；可用的有：{listed(DutyRole)}")  # fmt: skip
        return known


_TERM_FIELDS = (
    "sym", "roles", "min", "max", "count_by", "scope", "letter", "kinds", "max_grids_per_person", "exclusive_with", "prefer",
    "severity", "display_public",
)  # fmt: skip


def _terms(value: object, found: list[Finding]) -> tuple[Term, ...]:
    said = cast("list[object]", value) if isinstance(value, list) else []
    if not said or len(said) > MOST_TERMS or not all(isinstance(each, dict) for each in said):
        found.append(
            fault(
                "no_terms",
                "terms",
                f"terms must be a list of 1 to {MOST_TERMS} objects",
                f"terms 应为 1 至 {MOST_TERMS} 个对象的列表",
            )
        )
        return ()
    return tuple(_term(cast("dict[str, object]", each), f"terms[{n}].", found) for n, each in enumerate(said))


def _term(values: Mapping[str, object], at: str, found: list[Finding]) -> Term:
    reader = _Reader(values, at, found)
    reader.only(*_TERM_FIELDS)
    flag, severity = reader.flag("display_public"), reader.one_of("severity", ("error", "warning"))
    term = Term(
        sym=reader.symbol("sym"),
        roles=reader.roles("roles"),
        least=reader.number("min", 0),
        most=reader.number("max", 0),
        count_by=CountBy(reader.one_of("count_by", tuple(CountBy)) or "person"),
        scope=Scope(reader.one_of("scope", tuple(Scope)) or "grid"),
        letter=cast("Literal['A', 'B'] | None", reader.one_of("letter", ("A", "B"))),
        kinds=reader.words("kinds"),
        max_grids_per_person=reader.number("max_grids_per_person", 1),
        exclusive_with=reader.roles("exclusive_with"),
        prefer=_prefer(values.get("prefer"), f"{at}prefer.", found),
        severity=None if severity is None else Severity(severity),
        display_public=True if flag is None else flag,
    )
    if not values.get("roles"):
        reader.say("missing_field", "roles", "is missing; name the roles that count", "缺失；请列出计入的岗位")
    if term.letter is not None and term.roles and term.roles != (DutyRole.FULL_TIME_WORKER,):
        reader.say("letter_of_others", "letter", "is only for full_time_worker", "只适用于 full_time_worker")
    if term.count_by is CountBy.KIND and term.max_grids_per_person is not None:
        reader.say("counts_no_persons", "max_grids_per_person", "needs count_by person", "须与 count_by person 一起使用")
    if set(term.roles) & set(term.exclusive_with):
        reader.say("excludes_itself", "exclusive_with", "names a role of the term itself", "含有本项自身的岗位")
    _fits(term, reader)
    return term


def _fits(term: Term, reader: _Reader) -> None:
    """Say where the numbers of a term contradict each other or its symbol."""
    number = None if term.sym is None else number_of(term.sym)
    things = len(term.kinds) or len(term.roles)
    if term.most is not None and term.least is not None and term.most < term.least:
        reader.say("upside_down", "max", f"is less than min, {term.least}", f"小于 min（{term.least}）")
    if number is not None and term.least is not None and term.least > number:
        reader.say("contradicts_symbol", "min", f"is more than the symbol {number} says", f"大于符号 {number}")
    if number is not None and term.most is not None and term.most < number:
        reader.say("contradicts_symbol", "max", f"is less than the symbol {number} says", f"小于符号 {number}")
    if term.count_by is CountBy.KIND and term.roles and term.need(1) > things:
        reader.say("too_few_kinds", "min", f"asks for more kinds than the {things} that it names", f"多于所列的 {things} 类")


def _prefer(value: object, at: str, found: list[Finding]) -> Prefer:
    if value is None:
        return Prefer()
    if not isinstance(value, dict):
        name = at.rstrip(".")
        found.append(fault("not_an_object", name, f"{name} must be an object", f"{name} 应为对象"))
        return Prefer()
    reader = _Reader(cast("dict[str, object]", value), at, found)
    reader.only("party_member", "trained", "source", "education_min")
    return Prefer(
        party_member=reader.flag("party_member"),
        trained=reader.flag("trained"),
        source=reader.words("source"),
        education_min=reader.one_of("education_min", tuple(EDUCATION_WORDS)),
    )


def _bind(rule: StaffingRule, found: list[Finding]) -> None:
    """Say which symbols of the formula no term explains, which terms name others, and which count the same people twice."""
    asked = rule.formula.symbols
    bound = tuple(term.sym for term in rule.terms if term.sym is not None)
    found += [
        fault(
            "unknown_letter" if number_of(symbol) is None else "unbound_number",
            "formula",
            f"no term says what {symbol} in {rule.formula} stands for; letters mean nothing by themselves",
            f"terms 没有说明 {rule.formula} 中的 {symbol}；字母本身没有含义",
        )
        for symbol in (Counter(asked) - Counter(bound)).elements()
    ]
    found += [
        fault(
            "not_in_formula",
            "terms",
            f"a term is for {symbol}, which is not in {rule.formula}",
            f"公式 {rule.formula} 中没有 {symbol}",
        )
        for symbol in (Counter(bound) - Counter(asked)).elements()
    ]
    if not found and bound != asked:
        found.append(
            fault(
                "out_of_order",
                "terms",
                f"the terms must come in the order of {rule.formula}",
                f"各项应按 {rule.formula} 的顺序排列",
            )
        )
    seen: set[tuple[DutyRole, str | None]] = set()
    for n, term in enumerate(rule.terms):
        for key in ((role, term.letter) for role in term.roles if not term.kinds):
            if key in seen or (key[1] is not None and (key[0], None) in seen):
                found.append(
                    fault(
                        "counted_twice",
                        f"terms[{n}].roles",
                        f"{key[0]} is counted by a term before",
                        f"{key[0]} 已由前面的项计入",
                    )
                )
            seen.add(key)


# --- writing ------------------------------------------------------------------------------------------------------------------


def _term_json(term: Term) -> dict[str, Any]:
    prefer = {
        "party_member": term.prefer.party_member,
        "trained": term.prefer.trained,
        "source": list(term.prefer.source) or None,
        "education_min": term.prefer.education_min,
    }
    said: dict[str, Any] = {
        "sym": term.sym,
        "roles": _plain(term.roles),
        "min": term.least,
        "max": term.most,
        "count_by": None if term.count_by is CountBy.PERSON else str(term.count_by),
        "scope": None if term.scope is Scope.GRID else str(term.scope),
        "letter": term.letter,
        "kinds": list(term.kinds) or None,
        "max_grids_per_person": term.max_grids_per_person,
        "exclusive_with": _plain(term.exclusive_with) or None,
        "prefer": {name: value for name, value in prefer.items() if value is not None} or None,
        "severity": None if term.severity is None else str(term.severity),
        "display_public": None if term.display_public else False,
    }
    return {name: value for name, value in said.items() if value is not None}


def _plain(words: Iterable[str]) -> list[str]:
    return [str(word) for word in words]
