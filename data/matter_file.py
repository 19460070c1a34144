"""Matters as a file: a CSV with one matter a row, read into records with every fault listed by row and column.

The headings are ours or the words that local lists have; so are the words of a board, a class of list and a unit. Columns
that are not there leave their field open. Co-departments stand in one cell, with `;` or `、` between them.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from data.sentences import fault
from data.spelling import did_you_mean, listed
from data.text import decode
from gis.errors import InputError
from gis.finding import Finding, Severity, first_of, stops

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST_LIMIT = 10_000
"""The largest number of a limit."""
MOST_CO_DEPARTMENTS = 50

CODE_PATTERN = r"^[^\s/\x00-\x1f\x7f-\x9f]+$"
"""A code stands in addresses: it has no blank and no slash."""
NO_CODES = frozenset({"import", "summary", "decisions"})
"""Words that stand in addresses where a code could."""

COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "code": "事项编码",
        "name": "事项名称",
        "category": "类别",
        "level": "承接层级",
        "board": "板块",
        "list_class": "清单类别",
        "department": "责任部门",
        "co_departments": "协办部门",
        "limit_value": "办理时限",
        "limit_unit": "时限单位",
        "filing_condition": "立案条件",
        "closing_condition": "结案条件",
        "standard": "处置标准",
        "is_enforcement": "行政执法",
        "is_industry_supervision": "行业监管",
        "power_delegated": "权限下放",
        "funding": "经费来源",
        "batch": "批次",
    }
)
"""The headings, with the words that local lists have for them."""

LEVELS: Mapping[str, str] = MappingProxyType({"street": "街道", "community": "社区"})
BOARDS: Mapping[str, str] = MappingProxyType(
    {"party": "党的建设", "economy": "经济发展", "livelihood": "民生服务", "safety_rule_of_law": "平安法治"}
)
LIST_CLASSES: Mapping[str, str] = MappingProxyType({"public": "公共服务", "self_governance": "群众自治", "paid": "有偿服务"})
UNITS: Mapping[str, str] = MappingProxyType(
    {"work_day": "工作日", "work_hour": "工作小时", "day": "天", "hour": "小时", "minute": "分钟"}
)
_FLAGS: Mapping[str, bool] = MappingProxyType(
    {"": False, "true": True, "false": False, "1": True, "0": False, "yes": True, "no": False, "是": True, "否": False}
)
_REQUIRED = ("code", "name", "category")
_CHOICES = {"level": LEVELS, "board": BOARDS, "list_class": LIST_CLASSES, "limit_unit": UNITS}
_BOOLEANS = ("is_enforcement", "is_industry_supervision", "power_delegated")
_LONGEST = {
    "code": 60, "name": 200, "category": 60, "department": 110, "filing_condition": 4000, "closing_condition": 4000,
    "standard": 4000, "funding": 200, "batch": 60,
}  # fmt: skip
_CODE = re.compile(CODE_PATTERN)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_BETWEEN = re.compile(r"[;；、]")


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterText:
    """What a matter says of itself; `limit` is a number and its unit."""

    code: str
    name: str
    category: str
    level: str = ""
    board: str = ""
    list_class: str = ""
    department: str | None = None
    co_departments: tuple[str, ...] = ()
    limit: tuple[int, str] | None = None
    filing_condition: str = ""
    closing_condition: str = ""
    standard: str = ""
    is_enforcement: bool = False
    is_industry_supervision: bool = False
    power_delegated: bool = False
    funding: str = ""
    batch: str = ""


@dataclass(frozen=True, slots=True)
class MatterFile:
    """The matters of a file, in its order, and what had to be assumed while it was read."""

    matters: tuple[MatterText, ...]
    row: tuple[int, ...]
    """Where each matter stood in the file, counted from 1."""
    notes: tuple[Finding, ...]


def read_matters(raw: bytes, file: str = "matters.csv") -> MatterFile:
    """Read the bytes of a CSV file.

    Raises
    ------
    InputError
        Everything that is wrong with the file: unknown and missing headings, and each cell that cannot be used.
    """
    found: list[Finding] = []
    matters: list[MatterText] = []
    numbers: list[int] = []
    first: dict[str, int] = {}
    heading, body = _table(decode(raw, file, found), file, found)
    for row, cells in enumerate(body, 1):
        if len(cells) < len(heading) or any(cells[len(heading) :]):
            kind = "short_row" if len(cells) < len(heading) else "long_row"
            found.append(fault(kind, file=file, row=row, count=len(cells), expected=len(heading)))
            continue
        said = {name: cell.strip() for name, cell in zip(heading, cells, strict=False)}
        matter = _Row(file, row, found).matter(said)
        if said["code"]:
            before = first.setdefault(said["code"], row)
            if before != row:
                found.append(
                    _finding(
                        "matter_twice", file, row, "code",
                        f"{said['code']} stands in rows {before} and {row}: keep one of them.",
                        f"{said['code']}在第{before}行与第{row}行重复，请保留其一。",
                    )
                )  # fmt: skip
        if matter is not None:
            matters.append(matter)
            numbers.append(row)
    if stops(found):
        raise unusable(found)
    return MatterFile(tuple(matters), tuple(numbers), tuple(found))


def unusable(found: Sequence[Finding]) -> InputError:
    """Return what to raise for a file with faults."""
    return InputError(f"The matters cannot be used: {first_of(found)}", found)


def _table(text: str, file: str, found: list[Finding]) -> tuple[list[str], list[list[str]]]:
    """Return our names of the columns, and the rows; no rows where the heading alone is not to be used."""
    try:
        rows = [cells for cells in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)) if any(cells)]
    except csv.Error as error:
        found.append(fault("unreadable_file", file=file, detail=error))
        return [], []
    if not rows:
        found.append(fault("unreadable_file", file=file, detail="no heading"))
        return [], []
    before = len(found)
    heading = [_named(cell.strip(), file, found) for cell in rows[0]]
    found += [
        fault("column_twice", file=file, field=name, name=name, count=count)
        for name in dict.fromkeys(heading)
        if name and (count := heading.count(name)) > 1
    ]
    for name in _REQUIRED:
        if name not in heading:
            en = f"{file} has no column {name} ({COLUMNS[name]}); every matter needs one."
            zh = f"{file}缺少“{COLUMNS[name]}”（{name}）列，每个事项都须填写。"
            found.append(_finding("matter_column_missing", file, None, name, en, zh))
    return (heading, rows[1:]) if len(found) == before else ([], [])


def _delimiter(text: str) -> str:
    """Take whichever delimiter the heading holds most of."""
    return max(",;\t", key=text.partition("\n")[0].count)


def _named(written: str, file: str, found: list[Finding]) -> str:
    """Return our name of a column."""
    name = next((name for name, zh in COLUMNS.items() if written in {name, zh}), None)
    if name is None:
        known = [*COLUMNS, *COLUMNS.values()]
        hint = did_you_mean(written, known)
        en = f"There is no column {written!r}{hint['hint']} among {listed(COLUMNS, most=len(COLUMNS))}; correct or delete it."
        zh = f"没有名为“{written}”的列{hint['hint_zh']}；请改正或删除。"
        found.append(_finding("matter_column_unknown", file, None, written[:60], en, zh))
    return name or ""


class _Row:
    """One row: its cells become values, or faults."""

    def __init__(self, file: str, row: int, found: list[Finding]) -> None:
        self._file, self._row, self._found = file, row, found

    def matter(self, said: Mapping[str, str]) -> MatterText | None:
        """Return the matter that a row says; None where something in it cannot be used."""
        before = len(self._found)
        for name, text in said.items():
            self._check(name, text)
        for name in _REQUIRED:
            if not said[name]:
                self._say("matter_empty", name, f"Row {self._row} has no {name}.", f"第{self._row}行缺少{COLUMNS[name]}。")
        values: dict[str, Any] = {name: said.get(name, "") for name in _LONGEST}
        values |= {name: self._choice(name, said.get(name, "")) for name in ("level", "board", "list_class")}
        values |= {name: self._flag(name, said.get(name, "")) for name in _BOOLEANS}
        values["department"] = values["department"] or None
        values["co_departments"] = self._co_departments(said.get("co_departments", ""))
        values["limit"] = self._limit(said.get("limit_value", ""), said.get("limit_unit", ""))
        return MatterText(**values) if len(self._found) == before else None

    def _check(self, name: str, text: str) -> None:
        if len(text) > _LONGEST.get(name, 4000) or "\0" in text:
            most = _LONGEST.get(name, 4000)
            en = f"Row {self._row} has a {name} of {len(text)} characters; write at most {most}, and no NUL."
            zh = f"第{self._row}行的{COLUMNS[name]}有{len(text)}个字符，最多{most}个，且不得含空字符。"
            self._say("matter_too_long", name, en, zh)
        elif name == "code" and text and (text in NO_CODES or not _CODE.fullmatch(text)):
            en = f"Row {self._row} has the code {text!r}; a code has no blank and no slash, and is no word of an address."
            self._say("matter_code", name, en, f"第{self._row}行的事项编码{text!r}无效：不得含空白或斜杠，也不得为保留字。")

    def _choice(self, name: str, text: str) -> str:
        words = _CHOICES[name]
        found = next((word for word, zh in words.items() if text in {word, zh}), None)
        if text and found is None:
            en = f"Row {self._row} has the {name} {text[:60]!r}; write one of {', '.join(words)}."
            zh = f"第{self._row}行的{COLUMNS[name]}为“{text[:60]}”，应为{'、'.join(words.values())}之一。"
            self._say("matter_choice", name, en, zh)
        return found or ""

    def _flag(self, name: str, text: str) -> bool:
        found = _FLAGS.get(text.lower())
        if found is None:
            en = f"Row {self._row} has {text[:60]!r} as {name}; write true or false."
            self._say("matter_flag", name, en, f"第{self._row}行的{COLUMNS[name]}为“{text[:60]}”，应为是或否。")
        return bool(found)

    def _co_departments(self, text: str) -> tuple[str, ...]:
        named = tuple(dict.fromkeys(each.strip() for each in _BETWEEN.split(text) if each.strip()))
        if len(named) > MOST_CO_DEPARTMENTS:
            en = f"Row {self._row} names {len(named)} co-departments; name at most {MOST_CO_DEPARTMENTS}."
            zh = f"第{self._row}行的协办部门有{len(named)}个，最多{MOST_CO_DEPARTMENTS}个。"
            self._say("matter_co_departments", "co_departments", en, zh)
        return named

    def _limit(self, value: str, unit: str) -> tuple[int, str] | None:
        if not value and not unit:
            return None
        word = self._choice("limit_unit", unit)
        if not (_WHOLE.fullmatch(value) and 1 <= int(value) <= LONGEST_LIMIT):
            en = f"Row {self._row} has the limit {value[:60]!r}; write a whole number from 1 to {LONGEST_LIMIT}."
            zh = f"第{self._row}行的办理时限为“{value[:60]}”，应为1至{LONGEST_LIMIT}的整数。"
            self._say("matter_limit", "limit_value", en, zh)
            return None
        if not unit:
            en = f"Row {self._row} has a limit without a unit; write one of {', '.join(UNITS)}."
            self._say("matter_limit", "limit_unit", en, f"第{self._row}行的办理时限没有单位。")
        return int(value), word

    def _say(self, kind: str, field: str, en: str, zh: str) -> None:
        self._found.append(_finding(kind, self._file, self._row, field, en, zh))


def _finding(kind: str, file: str, row: int | None, field: str, en: str, zh: str) -> Finding:  # noqa: PLR0917 - one shape
    return Finding(kind=kind, severity=Severity.ERROR, en=en, zh=zh, file=file, row=row, field=field)
