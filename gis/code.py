"""Codes of grids and of the areas above them.

A grid code is the code of what the grid belongs to (its parent: a community, in `sh_zh` a street) and a number in it:

    gb15      DDDDDD SSS CCC GGG         district 6, street 3, community 3, number 3
    cjt349_20 OOOOOO DDDDDD SSS CCC NN   object 6 (CJ/T 348), district 6, street 3, community 3, number 2; 00: undivided
    sh_zh     ZH DDDDDD SSS NN           Shanghai's comprehensive grids: district 6, street 3, number 2
    local     <community>-NNN            whatever the town calls its communities, number 3

Sources: GB/T 2260 (district), GB/T 10114 (street: 001-099 subdistricts, 100-199 towns, 200-399 townships, 400-599 units
of government and enterprise in one), the 12-digit codes of the statistical offices (community: 001-199 residents'
committees, 200-399 villagers'), CJ/T 213, CJ/T 349. None has a check digit: whether a district exists only a list of
districts can say, so that is never asked here. Codes are compared as they are written: no blanks, no full-width digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from gis.errors import CodeError, SequenceExhausted
from gis.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_PROVINCE_RANGES = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 82))
PROVINCES = frozenset(str(code) for first, last in _PROVINCE_RANGES for code in range(first, last + 1))
"""The first two digits of GB/T 2260."""

LAST_STREET = 599
FIRST_SPECIAL_STREET = 400
"""From here to `LAST_STREET`: units where government and enterprise are one (政企合一)."""

AREA_DIGITS = (4, 6, 9, 12)
"""City, district, street, community."""
GRID_DIGITS = 15

_CITY, _DISTRICT, _STREET, _COMMUNITY = AREA_DIGITS
_VILLAGES = range(200, 400)

Part = Literal["object", "district", "street", "community"]

_WIDTH: dict[Part, int] = {"object": 6, "district": 6, "street": 3, "community": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCode:
    """A grid code in its parts; a part that the scheme does not have is empty.

    `parent` is what the grid is numbered in; `community` has 12 digits (in `local` the town's own code), `street` 9,
    `district` 6.
    """

    scheme: str
    text: str
    parent: str
    sequence: int
    object: str = ""
    district: str = ""
    street: str = ""
    community: str = ""

    @property
    def is_village(self) -> bool:
        """Whether the community is a villagers' committee's (村委会), by its number."""
        return len(self.community) == _COMMUNITY and self.scheme != "local" and int(self.community[9:]) in _VILLAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeScheme:
    """How grid codes are written.

    `head` stands in front of every code; `parts` make the parent, none means free text and a hyphen; `digits` is how
    many the number has, `lowest` the least number that is a code (numbering always begins with 1).
    """

    name: str
    head: str = ""
    parts: tuple[Part, ...]
    digits: int
    lowest: int = 1

    @property
    def last(self) -> int:
        """The last number there is."""
        return 10**self.digits - 1

    def validate(self, code: str) -> tuple[Finding, ...]:
        """Return everything that is wrong with `code` or worth a note; it is well formed where none is an error."""
        if not self.parts:
            return _local_faults(code, self.digits)
        if faults := self._form_faults(code):
            return faults
        parts, sequence = self._cut(code)
        return (*_part_faults(code, parts), *_sequence_faults(code, sequence, self.lowest))

    def parse(self, code: str) -> GridCode:
        """Take `code` apart; `CodeError` says everything that is wrong with it."""
        _refuse(self.validate(code))
        if not self.parts:
            community, _, number = code.rpartition("-")
            return GridCode(scheme=self.name, text=code, parent=community, sequence=int(number), community=community)
        parts, sequence = self._cut(code)
        district, street, community = (parts.get(part, "") for part in ("district", "street", "community"))
        return GridCode(
            scheme=self.name,
            text=code,
            parent=code[len(self.head) : -self.digits],
            sequence=int(sequence),
            object=parts.get("object", ""),
            district=district,
            street=district + street,
            community=district + street + community if community else "",
        )

    def format(self, parent: str, sequence: int) -> str:
        """Write the code of grid number `sequence` in `parent`.

        Raises `SequenceExhausted` where the number has too many digits, `CodeError` where anything else is wrong.
        """
        if sequence > self.last:
            raise SequenceExhausted(self._exhausted(parent, self.lowest, self.last))
        code = self._write(parent, sequence)
        _refuse(self.validate(code))
        return code

    def free(
        self, parent: str, taken: Collection[str] = frozenset(), *, first: int = 1, last: int | None = None
    ) -> Iterator[str]:
        """Give the codes in `parent` that are not in `taken`, ascending from number `first`.

        After number `last` (the scheme's last, where None) it raises `SequenceExhausted`; it never just ends.
        """
        end = self.last if last is None else min(last, self.last)
        self.format(parent, first)
        for sequence in range(first, end + 1):
            code = self._write(parent, sequence)
            if code not in taken:
                yield code
        raise SequenceExhausted(self._exhausted(parent, first, end))

    def next(self, parent: str, taken: Collection[str], *, first: int = 1, last: int | None = None) -> str:
        """Return the lowest code in `parent` that is free; `taken` holds every code ever used, retired ones too."""
        return next(self.free(parent, taken, first=first, last=last))

    def _write(self, parent: str, sequence: int) -> str:
        hyphen = "" if self.parts else "-"
        return f"{self.head}{parent}{hyphen}{sequence:0{self.digits}}"

    def _exhausted(self, parent: str, first: int, last: int) -> str:
        numbers = f"from {first:0{self.digits}} to {last:0{self.digits}}"
        return f"{parent} has used all its grid numbers {numbers}: number its new grids under another community"

    def _cut(self, code: str) -> tuple[dict[Part, str], str]:
        """Cut a code of the right length into its parts and its number."""
        rest = iter(code[len(self.head) :])
        parts: dict[Part, str] = {part: "".join(islice(rest, _WIDTH[part])) for part in self.parts}
        return parts, "".join(rest)

    def _form_faults(self, code: str) -> tuple[Finding, ...]:
        """Return what is wrong with the length of `code` and its characters."""
        layout = " + ".join([*([self.head] if self.head else []), *(f"{_WIDTH[part]} {part}" for part in self.parts)])
        length = len(self.head) + sum(_WIDTH[part] for part in self.parts) + self.digits
        faults: list[Finding] = []
        if len(code) != length:
            wanted = f"{length} ({layout} + {self.digits} number)"
            faults.append(_length_fault(code, f"{self.name} has {wanted}", f"{self.name}应为{length}位"))
        if self.head and not code.startswith(self.head):
            faults.append(
                _error(
                    code,
                    "code_character",
                    f"Code {code} must begin with {self.head}.",
                    f"编码{code}应以{self.head}开头。",
                )
            )
        elif not _is_digits(code[len(self.head) :]):
            faults.append(_character_fault(code, len(self.head)))
        return tuple(faults)


GB15 = CodeScheme(name="gb15", parts=("district", "street", "community"), digits=3)
CJT349_20 = CodeScheme(name="cjt349_20", parts=("object", "district", "street", "community"), digits=2, lowest=0)
SH_ZH = CodeScheme(name="sh_zh", head="ZH", parts=("district", "street"), digits=2)
LOCAL = CodeScheme(name="local", parts=(), digits=3)

SCHEMES = {scheme.name: scheme for scheme in (GB15, CJT349_20, SH_ZH, LOCAL)}
"""Every scheme, by its name."""


def scheme_for(community_code: str) -> CodeScheme:
    """Return the scheme for the grids of a community: `gb15` for 12 digits of the statistical offices, else `local`.

    Other countries have areas of 12 digits too (the census block groups of the United States); where the digits cannot
    be a Chinese community's, `local` serves.
    """
    return LOCAL if any(_stops(fault) for fault in community_faults(community_code)) else GB15


def community_faults(code: str) -> tuple[Finding, ...]:
    """Return everything that is wrong with a 12-digit community code or worth a note."""
    faults: list[Finding] = []
    if len(code) != _COMMUNITY:
        faults.append(_length_fault(code, "a community has 12 digits", "社区编码应为12位"))
    if not _is_digits(code):
        faults.append(_character_fault(code))
    return tuple(faults) or _part_faults(code, _area_parts(code))


def area_code(code: str) -> str:
    """Return the code of a city, district, street or community with its own 4, 6, 9 or 12 digits.

    Public lists fill codes with zeros to 12 digits (`370103002000`); the filling is taken off. `CodeError` where what
    remains has another length, or cannot be a code.
    """
    if not _is_digits(code):
        _refuse((_character_fault(code),))
    bare = _unfilled(code) if len(code) == _COMMUNITY else code
    if len(bare) not in AREA_DIGITS:
        _refuse((_length_fault(code, "an area has 4, 6, 9 or 12 digits", "区划代码应为4、6、9或12位"),))
    _refuse(_part_faults(code, _area_parts(bare)))
    return bare


def scope(code: str) -> str:
    """Return the prefix of all the codes inside an area or grid: 4, 6, 9, 12 or 15 digits.

    Takes what `area_code` takes, a `gb15` code, and a city as GB/T 2260 writes it (`370100`).
    """
    if len(code) == GRID_DIGITS:
        return GB15.parse(code).text
    bare = area_code(code)
    return bare[:_CITY] if len(bare) == _DISTRICT and bare.endswith("00") else bare


def _unfilled(code: str) -> str:
    """Take the zeros off that fill a code to 12 digits."""
    for width in (3, 3, 2, 2):
        if not code.endswith("0" * width):
            break
        code = code[:-width]
    return code


def _area_parts(code: str) -> dict[Part, str]:
    """Cut the digits of an area into its parts; a city counts as an unfinished district."""
    cut: dict[Part, str] = {"district": code[:6], "street": code[6:9], "community": code[9:12]}
    return {part: digits for part, digits in cut.items() if digits}


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _part_faults(code: str, parts: dict[Part, str]) -> tuple[Finding, ...]:
    """Return what is wrong with the parts of `code` above the grid, and notes."""
    faults: list[Finding] = []
    if (district := parts.get("district")) and district[:2] not in PROVINCES:
        faults.append(
            _error(
                code,
                "code_province",
                f"Code {code} begins with {district[:2]}, which is no province of GB/T 2260.",
                f"编码{code}的省级代码{district[:2]}不存在。",
            )
        )
    if street := parts.get("street"):
        faults.extend(_street_faults(code, street))
    if (community := parts.get("community")) and not int(community):
        faults.append(
            _error(
                code,
                "code_community",
                f"Code {code} has community 000; communities are numbered from 001.",
                f"编码{code}的社区代码为000,社区代码应从001开始。",
            )
        )
    return tuple(faults)


def _street_faults(code: str, street: str) -> Iterator[Finding]:
    """Give what is wrong with the three digits of a street, or worth a note."""
    if not 1 <= int(street) <= LAST_STREET:
        yield _error(
            code,
            "code_street",
            f"Code {code} has street {street}; streets are numbered 001 to {LAST_STREET}.",
            f"编码{code}的街道代码{street}不在001至{LAST_STREET}之间。",
        )
    elif int(street) >= FIRST_SPECIAL_STREET:
        yield Finding(
            kind="code_special_street",
            severity=Severity.NOTE,
            en=f"Code {code} has street {street}: 400 to 599 are units where government and enterprise are one.",
            zh=f"编码{code}的街道代码{street}在400至599之间,属政企合一单位。",
            subject=code,
        )


def _sequence_faults(code: str, sequence: str, lowest: int) -> tuple[Finding, ...]:
    if int(sequence) >= lowest:
        return ()
    first = str(lowest).zfill(len(sequence))
    return (
        _error(
            code,
            "code_sequence",
            f"Code {code} has grid number {sequence}; numbers begin with {first}.",
            f"编码{code}的网格序号为{sequence},序号应从{first}开始。",
        ),
    )


def _local_faults(code: str, digits: int) -> tuple[Finding, ...]:
    """Return what is wrong with a local code."""
    community, _, number = code.rpartition("-")
    if not community.strip() or not community.isprintable() or len(number) != digits or not _is_digits(number):
        return (
            _error(
                code,
                "code_form",
                f"Code {code!r} is not written as <community>-{'N' * digits}.",
                f"编码{code!r}不符合“社区-{digits}位序号”的格式。",
            ),
        )
    return _sequence_faults(code, number, 1)


def _length_fault(code: str, en: str, zh: str) -> Finding:
    characters = f"{len(code)} character{'' if len(code) == 1 else 's'}"
    return _error(code, "code_length", f"Code {code!r} has {characters}; {en}.", f"编码{code!r}有{len(code)}位,{zh}。")


def _character_fault(code: str, start: int = 0) -> Finding:
    """Name the first character of `code`, from the `start`-th on, that is no digit."""
    at = next((i for i in range(start, len(code)) if not _is_digits(code[i])), start)
    what = repr(code[at : at + 1])
    return _error(
        code,
        "code_character",
        f"Code {code!r} has {what} at position {at + 1}, where only the digits 0 to 9 may stand.",
        f"编码{code!r}第{at + 1}位为{what},只能使用数字0至9。",
    )


def _error(code: str, kind: str, en: str, zh: str) -> Finding:
    return Finding(kind=kind, severity=Severity.ERROR, en=en, zh=zh, subject=code)


def _stops(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR


def _refuse(findings: Collection[Finding]) -> None:
    """Raise `CodeError` with everything that is wrong, if anything is."""
    if errors := [finding.en for finding in findings if _stops(finding)]:
        raise CodeError(" ".join(errors))
