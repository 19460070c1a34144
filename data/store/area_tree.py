"""The tree that a town's communities ask for: city > district > street > community.

What a community belongs to is what its files say, by code or by name. Only where they say nothing do the digits of a
12-digit code type the parent: prefixes lie where one authority runs what another's code begins with (云田镇), so one
that disagrees with what is given is a warning and the link that was given holds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gis.code import AREA_DIGITS, area_code
from gis.errors import CodeError
from gis.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable
    from typing import TypeVar

    from gis.town import Communities

    Key = TypeVar("Key", bound=Hashable)

_CITY, _DISTRICT, _STREET, _COMMUNITY = AREA_DIGITS


@dataclass(frozen=True, slots=True, order=True)
class Parent:
    """An area above the communities: by its code, or where `code` is empty by its name, which is no name elsewhere."""

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaTree:
    """What there is above a town's communities; `district_of` is by street, `street_of` by community."""

    city: Parent | None
    districts: tuple[Parent, ...]
    streets: tuple[Parent, ...]
    district_of: tuple[int, ...]
    street_of: tuple[int, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """One community with what it belongs to; `digits` is its own code where that has 12 digits."""

    code: str
    row: int
    digits: str
    street: Parent
    district: Parent

    @property
    def city(self) -> str:
        """The four digits of the city: the district's, or its own; a street's name says nothing of a city."""
        return (self.district.code or self.digits)[:_CITY]


def area_tree(communities: Communities, town: str) -> AreaTree:
    """Return the areas above the communities of the town called `town`.

    A street typed by its code lies in one district, that of most of its communities; a street by name lies where each
    community says, so that two districts may each have a 人民路街道. Everything is in one city: the digits' commonest,
    or, where no digits name one and there are several districts, one called like the town.
    """
    lines = _lines(communities, town)
    findings = [finding for line in lines for finding in _disagreements(line)]
    home = {
        street: _commonest(line.district for line in lines if line.street == street)
        for street in {line.street for line in lines if line.street.code}
    }
    pairs = [(line.street, home.get(line.street, line.district)) for line in lines]
    findings += [
        _two_parents(line, district) for line, (_, district) in zip(lines, pairs, strict=True) if district != line.district
    ]
    districts = tuple(dict.fromkeys(district for _, district in pairs))
    streets = tuple(dict.fromkeys(pairs))
    known = [line.city for line in lines if line.city]
    city = None
    if known:
        code = _commonest(known)
        city = Parent(code, code)
        findings += [_prefix(line, "city", "市", line.city, city) for line in lines if line.city not in {"", code}]
    elif len(districts) > 1:
        city = Parent("", town)
    return AreaTree(
        city=city,
        districts=districts,
        streets=tuple(street for street, _ in streets),
        district_of=tuple(districts.index(district) for _, district in streets),
        street_of=tuple(streets.index(pair) for pair in pairs),
        findings=tuple(findings),
    )


def _lines(communities: Communities, town: str) -> list[_Line]:
    found: list[_Line] = []
    columns = communities.code, communities.row.tolist(), communities.street, communities.district
    for code, row, street, district in zip(*columns, strict=True):
        digits = _digits(code, _COMMUNITY)
        above = _parent(district, digits[:_DISTRICT], _DISTRICT, town)
        found.append(_Line(code, row, digits, _parent(street, digits[:_STREET], _STREET, above.name), above))
    return found


def _parent(given: str, typed: str, width: int, otherwise: str) -> Parent:
    """Return the parent that is given, else the one that is typed by digits, else one called `otherwise`."""
    code = _digits(given, width) if given else typed
    return Parent(code, code) if code else Parent("", given or otherwise)


def _digits(text: str, width: int) -> str:
    """Return an area's code of `width` digits without the zeros that fill it, or nothing."""
    try:
        bare = area_code(text)
    except CodeError:
        return ""
    return bare if len(bare) == width else ""


def _commonest(values: Iterable[Key]) -> Key:
    """Return what is there most often; of several the smallest."""
    count = Counter(values)
    return min(count, key=lambda value: (-count[value], value))


def _disagreements(line: _Line) -> Iterable[Finding]:
    if line.digits and line.street.code not in {"", line.digits[:_STREET]}:
        yield _prefix(line, "street", "街道", line.digits[:_STREET], line.street)
    if line.digits and line.district.code not in {"", line.digits[:_DISTRICT]}:
        yield _prefix(line, "district", "区县", line.digits[:_DISTRICT], line.district)


def _prefix(line: _Line, level: str, level_zh: str, digits: str, given: Parent) -> Finding:
    return _finding(
        line,
        "area_prefix",
        f"Community {line.code} belongs to {level} {given.code}, though its code says {digits}; the link that is given holds.",
        f"社区{line.code}隶属{level_zh}{given.code}，与编码所示的{digits}不一致；以所给隶属关系为准。",
    )


def _two_parents(line: _Line, held: Parent) -> Finding:
    street, said = line.street.code, line.district.name
    return _finding(
        line,
        "area_two_parents",
        f"Community {line.code} puts street {street} into {said}; most of its communities say {held.name}, which holds.",
        f"社区{line.code}称街道{street}隶属{said}，而该街道多数社区称其隶属{held.name}；以后者为准。",
    )


def _finding(line: _Line, kind: str, en: str, zh: str) -> Finding:
    return Finding(kind=kind, severity=Severity.WARNING, en=en, zh=zh, row=line.row, subject=line.code)
