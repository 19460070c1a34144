"""A list of staff and their posts as a CSV file: one row for each post, or for somebody who has none yet.

The heading names the columns in Chinese or English, in any order; values may be written in either. Somebody with several posts
has several rows with the same number, whose other cells about the person are empty or say the same. What the heading does not
name stays as it is known.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, cast

from api.duty.roles import (
    CHANNEL_WORDS,
    DUTY_WORDS,
    EDUCATION_WORDS,
    FORCE_ROLES,
    ROLE_WORDS,
    STATUS_WORDS,
    DutyRole,
    spellings,
)
from data.spelling import did_you_mean, listed
from data.text import decode
from gis.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FILE = "staff.csv"
MOST_ROWS = 50_000

HEADINGS: Mapping[str, str] = {
    "number": "工号",
    "name": "姓名",
    "area": "所属",
    "source": "来源",
    "party_member": "党员",
    "education": "学历",
    "birth_year": "出生年份",
    "phone": "办公电话",
    "trained": "已培训",
    "status": "状态",
    "grid": "网格",
    "role": "岗位",
    "kind": "力量类别",
    "letter": "AB岗",
    "duty_roles": "五员",
    "services": "服务项目",
    "channel": "渠道",
    "valid_from": "起始日期",
    "valid_to": "终止日期",
}
"""The columns, and what they are called in Chinese."""
PERSONAL = ("name", "area", "source", "party_member", "education", "birth_year", "phone", "trained", "status")
POSTED = ("role", "kind", "letter", "duty_roles", "services", "channel", "valid_from", "valid_to")

MOST_SERVICES = 20
"""Of a post; what somebody does for people in their grid (服务项目), in words of their own."""
LONGEST_SERVICE = 60

_PHONE = re.compile(r"[0-9+() -]{0,30}", re.ASCII)
_YEAR = re.compile(r"(19|20)\d\d", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FLAGS = {"true": True, "yes": True, "1": True, "是": True, "false": False, "no": False, "0": False, "否": False}
_LONGEST = {"number": 60, "name": 100, "source": 60, "kind": 60, "services": MOST_SERVICES * (LONGEST_SERVICE + 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSaid:
    """What a file says of somebody: by column, only what it says; `row` is the first that does."""

    row: int
    number: str
    said: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostSaid:
    """A post that a file gives somebody; `valid_from` None: from the day of the import."""

    row: int
    number: str
    grid: str
    role: DutyRole
    kind: str
    letter: Literal["A", "B"] | None
    duty_roles: tuple[str, ...]
    services: tuple[str, ...]
    channel: str
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffFile:
    """What a file says, and all that is wrong with the file by itself."""

    rows: int
    staff: tuple[StaffSaid, ...]
    posts: tuple[PostSaid, ...]
    findings: tuple[Finding, ...]


def finding(  # noqa: PLR0917 - one sentence, by its parts
    kind: str, row: int | None, field: str | None, en: str, zh: str, severity: Severity = Severity.ERROR
) -> Finding:
    """Return a remark about a row of the file."""
    return Finding(kind=kind, severity=severity, en=f"{en}.", zh=f"{zh}。", file=FILE, row=row, field=field)


def read_staff_file(raw: bytes) -> StaffFile:
    """Read a file; whatever is wrong with it stands in `findings`, each with its row and column."""
    found: list[Finding] = []
    text = decode(raw, FILE, found)
    try:
        lines = [
            cells for cells in csv.reader(io.StringIO(text, newline=""), strict=True) if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        found.append(finding("unreadable_file", None, None, f"the file cannot be read: {error}", f"文件无法读取：{error}"))
        lines = []
    if not lines or len(lines) > MOST_ROWS + 1:
        if not found or not lines:
            found.append(
                finding(
                    "no_rows", None, None, f"a heading and up to {MOST_ROWS} rows are wanted", f"应有表头和至多 {MOST_ROWS} 行"
                )
            )
        return StaffFile(rows=0, staff=(), posts=(), findings=tuple(found))
    columns = _columns(lines[0], found)
    reading = _Reading(found)
    for row, cells in enumerate(lines[1:], 1):
        if len(cells) != len(lines[0]):
            found.append(
                finding("wrong_width", row, None, f"the row has {len(cells)} cells and the heading {len(lines[0])}",
                        f"该行有 {len(cells)} 个单元格，表头有 {len(lines[0])} 个")
            )  # fmt: skip
        else:
            reading.read(row, {name: cells[place].strip() for name, place in columns.items()})
    return StaffFile(rows=len(lines) - 1, staff=reading.people(), posts=tuple(reading.posts), findings=tuple(found))


def _columns(heading: Sequence[str], found: list[Finding]) -> dict[str, int]:
    """Return the place of each known column."""
    known = {said: name for name, zh in HEADINGS.items() for said in (name, zh)}
    columns: dict[str, int] = {}
    for place, said in enumerate(heading):
        name = known.get(said.strip())
        if name is None:
            hint = did_you_mean(said[:60], known)
            en = f"there is no column {said[:60]!r}{hint['hint']}; there are {listed(HEADINGS, 20)}"
            zh = f"没有名为 {said[:60]!r} 的列{hint['hint_zh']}；可用的有：{listed(HEADINGS.values(), 20)}"
            found.append(finding("unknown_column", None, said[:60], en, zh))
        elif name in columns:
            found.append(
                finding("column_twice", None, name, f"the column {name} stands twice", f"列 {HEADINGS[name]} 出现两次")
            )
        else:
            columns[name] = place
    if "number" not in columns:
        found.append(
            finding("missing_column", None, "number", "the column number (工号) is missing; people are known again by it",
                    "缺少工号（number）列；再次导入时以工号识别人员")
        )  # fmt: skip
    return columns


class _Reading:
    """The rows that were read by now, with people by their numbers."""

    def __init__(self, found: list[Finding]) -> None:
        self.found = found
        self.said: dict[str, tuple[int, dict[str, object]]] = {}
        self.posts: list[PostSaid] = []

    def read(self, row: int, cells: Mapping[str, str]) -> None:
        number = cells.get("number", "")
        faults = len(self.found)
        read = {name: self._value(row, name, text) for name, text in cells.items() if text}
        values = {name: value for name, value in read.items() if value is not None}
        if "number" in cells and not number:
            self._say("empty_value", row, "number", "is empty", "为空")
        if "letter" in values and values.get("role") not in {None, DutyRole.FULL_TIME_WORKER}:
            self._say("letter_of_others", row, "letter", "is only for full_time_worker", "只适用于专职网格员")
        if "kind" in values and values.get("role") is not None and values["role"] not in FORCE_ROLES:
            self._say("kind_of_others", row, "kind", "is only for forces", "只适用于各类力量")
        grid = cells.get("grid", "")
        if grid and not cells.get("role"):
            self._say("empty_value", row, "role", "is empty, though a grid is given", "为空，而该行给出了网格")
        for name in POSTED:
            if cells.get(name) and not grid:
                self._say("no_grid", row, name, "is given without a grid", "已填写，但该行没有网格")
        if not number:
            return
        self._person(row, number, {name: values[name] for name in PERSONAL if name in values})
        if grid and len(self.found) == faults:
            self._post(row, number, grid, values)

    def _person(self, row: int, number: str, values: dict[str, object]) -> None:
        first, said = self.said.setdefault(number, (row, {}))
        for name, value in values.items():
            if said.setdefault(name, value) != value:
                self._say(
                    "differs_from_row",
                    row,
                    name,
                    f"of {number} is another than in row {first}",
                    f"与第 {first} 行中工号 {number} 的不同",
                )

    def _post(self, row: int, number: str, grid: str, values: Mapping[str, object]) -> None:
        self.posts.append(
            PostSaid(
                row=row,
                number=number,
                grid=grid,
                role=DutyRole(str(values["role"])),
                kind=str(values.get("kind", "")),
                letter=cast("Literal['A', 'B'] | None", values.get("letter")),
                duty_roles=cast("tuple[str, ...]", values.get("duty_roles", ())),
                services=cast("tuple[str, ...]", values.get("services", ())),
                channel=str(values.get("channel", "")),
                valid_from=cast("date | None", values.get("valid_from")),
                valid_to=cast("date | None", values.get("valid_to")),
            )
        )

    def people(self) -> tuple[StaffSaid, ...]:
        return tuple(StaffSaid(row=row, number=number, said=said) for number, (row, said) in self.said.items())

    def _value(self, row: int, name: str, text: str) -> object:
        """Return what a cell means; a fault where it means nothing."""
        if "\0" in text or len(text) > _LONGEST.get(name, 200):
            self._say(
                "too_long",
                row,
                name,
                f"has more than {_LONGEST.get(name, 200)} characters",
                f"超过 {_LONGEST.get(name, 200)} 字",
            )
            return None
        read = _READERS.get(name)
        if read is None:
            return text
        value, expected = read(text)
        if value is None:
            self._say(
                "unknown_value",
                row,
                name,
                f"= {text[:60]!r} is none of {expected}",
                f"= {text[:60]!r} 不可用；应为：{expected}",
            )
        return value

    def _say(self, kind: str, row: int, name: str, en: str, zh: str) -> None:
        self.found.append(finding(kind, row, name, f"{name} {en}", f"{HEADINGS[name]} {zh}"))


def _one_of(words: Mapping[str, tuple[str, str]]) -> Callable[[str], tuple[object | None, str]]:
    known = spellings(words)

    def read(text: str) -> tuple[object | None, str]:
        return known.get(text), listed(known, 40)

    return read


def _flag(text: str) -> tuple[object | None, str]:
    return _FLAGS.get(text.lower()), "是, 否, true, false"


def _letter(text: str) -> tuple[object | None, str]:
    bare = text.upper().removesuffix("岗")
    return bare if bare in {"A", "B"} else None, "A, B"


def _day(text: str) -> tuple[object | None, str]:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None, "2026-01-31"
    except ValueError:
        return None, "2026-01-31"


def _year(text: str) -> tuple[object | None, str]:
    return int(text) if _YEAR.fullmatch(text) else None, "1980"


def _phone(text: str) -> tuple[object | None, str]:
    return text if _PHONE.fullmatch(text) else None, "0531-82000000"


_DUTIES = spellings(DUTY_WORDS)


def _duties(text: str) -> tuple[object | None, str]:
    parts = [part for part in re.split(r"[;、,\s]+", text) if part]
    said = sorted({_DUTIES[part] for part in parts if part in _DUTIES}, key=list(DUTY_WORDS).index)
    return tuple(said) if all(part in _DUTIES for part in parts) else None, listed(_DUTIES, 40)


def _services(text: str) -> tuple[object | None, str]:
    said = tuple(dict.fromkeys(part for part in re.split(r"[;；、,，\n]\s*", text) if part))
    fits = len(said) <= MOST_SERVICES and all(len(part) <= LONGEST_SERVICE for part in said)
    return said if fits else None, f"up to {MOST_SERVICES}, each of up to {LONGEST_SERVICE} characters"


_READERS: Mapping[str, Callable[[str], tuple[object | None, str]]] = {
    "party_member": _flag,
    "education": _one_of(EDUCATION_WORDS),
    "birth_year": _year,
    "phone": _phone,
    "trained": _flag,
    "status": _one_of(STATUS_WORDS),
    "role": _one_of(ROLE_WORDS),
    "letter": _letter,
    "duty_roles": _duties,
    "services": _services,
    "channel": _one_of(CHANNEL_WORDS),
    "valid_from": _day,
    "valid_to": _day,
}
"""How cells are read that are no plain texts: what they mean, and what is expected of them."""
