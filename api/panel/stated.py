"""What a place says that it has, beside what there is: each number of its profile that can be counted, stated and found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.store import panel as kept
from data.store.profiles import exits_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date, datetime

    from psycopg2.extensions import connection

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
        return exits_of(self.conn, self.area, self.until)


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
    exits: Mapping[str, int] = (profile.doc.get("admission") or {}).get("exits") or {}
    found = there.exits() if exits else {}
    for kind, number in exits.items():
        yield Stated(section="admission", key=f"exits.{kind}", stated=number, found=found.get(kind, 0))
