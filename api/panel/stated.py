"""What a place says that it has, beside what there is: each number of its profile that can be counted, stated and found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.matters.admission import ASPECTS
from data.store import legacy
from data.store import panel as kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from data.store.legacy import NetRow
    from data.store.profiles import ProfileRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A number of a profile, by its section and key, and the one that was counted in its area."""

    section: str
    key: str
    stated: int
    found: int

    @property
    def is_met(self) -> bool:
        """Whether they are the same."""
        return self.stated == self.found


@dataclass(frozen=True, slots=True, kw_only=True)
class _There:
    """The area of a profile (a path), on a day that ends at `until`."""

    conn: connection
    area: str
    day: date
    until: datetime

    def matters(self) -> Mapping[str, int]:
        sums = Counter[str]()
        for _, list_class, is_a_departments, number in kept.matters(self.conn, self.area, self.until):
            sums["matters"] += number if is_a_departments else 0
            sums[list_class] += number
        sums["departments"] = sum(number for _, number in kept.departments(self.conn, self.area, self.until))
        return sums

    def party(self) -> Mapping[str, int]:
        sums = Counter[str]()
        for _, code, number in kept.brought(self.conn, self.area, ("party_branches", "party_groups"), self.day):
            sums[code.removeprefix("party_")] += number
        return sums

    def stations(self) -> Mapping[str, int]:
        return {"count": sum(number for _, number in kept.stations(self.conn, self.area, self.until))}

    def exits(self) -> Mapping[str, int]:
        sums = Counter[str]()
        for _, kind, number in kept.exits(self.conn, self.area, self.until):
            sums[kind] += number
        return sums

    def aspects(self, names: Sequence[str]) -> int:
        wanted = [key for key, name in ASPECTS.items() if name in names]
        return kept.aspects_filled(self.conn, self.area, wanted, self.until)


_COUNTED: Mapping[str, tuple[Callable[[_There], Mapping[str, int]], tuple[str, ...]]] = {
    "lists": (_There.matters, ("public", "self_governance", "paid")),
    "matters": (_There.matters, ("departments", "matters")),
    "stations": (_There.stations, ("count",)),
    "party": (_There.party, ("branches", "groups")),
}
"""How the numbers of a section are counted, and by which keys it states them."""


def compared(conn: connection, profile: ProfileRow, *, day: date, until: datetime) -> Iterator[Stated]:
    """Yield every number that a profile states and that can be counted in its area, in the order of the profile."""
    there = _There(conn=conn, area=profile.path, day=day, until=until)
    for section, (ask, keys) in _COUNTED.items():
        said: Mapping[str, Any] = profile.doc.get(section) or {}
        stated = {key: said[key] for key in keys if key in said}
        found = ask(there) if stated else {}
        for key, number in stated.items():
            yield Stated(section=section, key=key, stated=number, found=found.get(key, 0))
    admission: Mapping[str, Any] = profile.doc.get("admission") or {}
    if aspects := admission.get("aspects"):
        yield Stated(section="admission", key="aspects", stated=len(aspects), found=there.aspects(aspects))
    exits: Mapping[str, int] = admission.get("exits") or {}
    found = there.exits() if exits else {}
    for kind, number in exits.items():
        yield Stated(section="admission", key=f"exits.{kind}", stated=number, found=found.get(kind, 0))
    merged: Mapping[str, Any] = profile.doc.get("legacy") or {}
    states = departments_stated(merged, legacy.nets(conn, day, area=profile.path)) if merged else {}
    if states:
        known = Counter(states.values())
        yield Stated(section="legacy", key="departments", stated=len(states), found=len(states) - known["missing"])
        yield Stated(section="legacy", key="departments.retired", stated=len(states), found=known["retired"])


def departments_stated(said: Mapping[str, Any], nets: Sequence[NetRow]) -> dict[str, str]:
    """Return what is known of the nets of each department that `[legacy]` names, in its order.

    `missing`: none was ever brought in; `active`: a cell of any is in use; `retired`: none is any longer.
    """
    active: dict[str, int] = {}
    for net in nets:
        active[net.department] = active.get(net.department, 0) + net.active
    names: Sequence[str] = said.get("departments", ())
    return {
        name: "missing" if name not in active else "active" if active[name] else "retired" for name in names
    }  # fmt: skip
