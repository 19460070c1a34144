"""The desks of a sample town: invented people who sign in, the organisations that they work in, and the matters these handle.

All of it lies in the first district of the town. Nothing that is there already is made again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.loop.words import OrgKind
from api.matters.admission import ASPECTS, Action
from api.who.caller import Right, Role
from data.matter_file import MatterText
from data.samples.staff import worker_number
from data.samples.topics import DEPARTMENTS, TOPICS
from data.store import matters, orgs, people, staff
from data.store.areas import areas_at
from data.store.log import record
from data.store.plans import area_named
from data.store.scope import NOBODY, Scope, speak
from data.store.sql import many
from gis.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from data.samples.settled import Settled
    from data.store.plans import AreaRow
    from data.store.staff import Staff

SHOWN = ("demo-worker", "demo-community", "demo-street", "demo-district", "demo-emergency")
"""The logins of one person of each tier and of a department, who get a password; the others act and cannot sign in."""
STATIONS = {"urban": "综合执法中队", "justice": "司法所"}
"""What each street has, by what the codes end with."""
_MOST_STAFF = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """Who sits where, and how many of them are new."""

    district: str
    """The code of the district."""
    person: Mapping[str, str]
    """Ids of people by the code of their grid, community, street, district or organisation."""
    street_of: Mapping[str, str]
    """Codes of streets, by the communities of the district."""
    shown: str
    """The code of the grid whose worker may sign in."""
    made: int


def department(name: str) -> str:
    """Return the code of a department of the district."""
    return f"sample-{name}"


def station(street: str, name: str) -> str:
    """Return the code of what a street has of a kind."""
    return f"sample-{street}-{name}"


def matter(category: str) -> str:
    """Return the code of the matter of a category."""
    return f"sample-{category}"


HOTLINE = "sample-hotline"


def district_of(conn: connection, town: Settled, today: date) -> str:
    """Return the code of the district of a town, of several that of its first community."""
    parent = _parents(conn, today)
    return parent[parent[town.community[0]]]


def furnish(conn: connection, town: Settled, password_hash: str, *, since: datetime, now: datetime, today: date) -> Desks:
    """Set up the desks, at work `since` a moment; as the store's owner, in the caller's transaction.

    Raises
    ------
    Conflict
        The staff that the sample brings are not there: `no-staff`.
    """
    parent, district = _parents(conn, today), district_of(conn, town, today)
    street_of = {code: parent[code] for code in sorted(set(town.community)) if parent[parent[code]] == district}
    workers = _workers(conn, town, street_of, today)
    first = next(iter(workers))
    community = town.community[first]
    office = _Office(conn, password_hash, since, now)
    office.seat(district, Role.DISTRICT, district, "demo-district", "区指挥中心值班员")
    for street in sorted(set(street_of.values())):
        login = "demo-street" if street == street_of[community] else f"demo-street-{street}"
        office.seat(street, Role.STREET, street, login, "街道指挥中心值班员")
    for each in street_of:
        login = "demo-community" if each == community else f"demo-community-{each}"
        office.seat(each, Role.COMMUNITY, each, login, "社区值班员")
    for g, one in workers.items():
        login = "demo-worker" if g == first else f"demo-worker-{town.code[g]}"
        if office.seat(town.code[g], Role.GRID_WORKER, town.community[g], login, one.name):
            staff.change_staff(conn, one, {"person_id": office.person[town.code[g]]}, now=now, today=today)
    here = area_named(conn, district)
    for name, called in DEPARTMENTS.items():
        office.open(department(name), OrgKind.DEPARTMENT, called, here)
    office.open(HOTLINE, OrgKind.HOTLINE, "市民服务热线（示例）", here)
    for street in sorted(set(street_of.values())):
        for name, called in STATIONS.items():
            office.open(station(street, name), OrgKind.DEPARTMENT, called, area_named(conn, street))
    _admit(conn, here, office.person[district], now)
    return Desks(district=district, person=office.person, street_of=street_of, shown=town.code[first], made=office.made)


def _parents(conn: connection, today: date) -> dict[str, str]:
    """Return the codes of what areas belong to, by their own; '' where they belong to nothing."""
    return {area.code: area.parent or "" for area in areas_at(conn, today)}


def _workers(conn: connection, town: Settled, street_of: Mapping[str, str], today: date) -> dict[int, Staff]:
    """Return the full-time workers by their grids, those of the district."""
    listed = staff.list_staff(conn, staff.StaffFilter(text=worker_number("")), day=today, after=None, limit=_MOST_STAFF)
    by_number = {one.number: one for one in listed}
    found = {
        g: by_number[worker_number(code)]
        for g, code in enumerate(town.code)
        if town.community[g] in street_of and worker_number(code) in by_number
    }
    if not found:
        raise Conflict("nobody works in these grids: load the list of staff that sample-work has written", code="no-staff")
    return found


class _Office:
    """Seats people, each but once: who has been seated before is known by their login."""

    def __init__(self, conn: connection, password_hash: str, since: datetime, now: datetime) -> None:
        self._conn, self._password_hash, self._since, self._now = conn, password_hash, since, now
        self._known = dict(many(conn, "SELECT login, id::text FROM wangge.person"))
        self._orgs = {code for (code,) in many(conn, "SELECT code FROM wangge.org")}
        self.person: dict[str, str] = {}
        self.made = 0

    def seat(self, code: str, role: Role, area: str, login: str, name: str) -> bool:
        """Give somebody a role in an area, under a code; return whether they are new."""
        known = self._known.get(login)
        self.person[code] = known or people.add_person(
            self._conn, login=login, name=name, now=self._now, by=None,
            password_hash=self._password_hash if login in SHOWN else None,
        )  # fmt: skip
        if known is None:
            people.give_role(self._conn, self.person[code], role=role, area=area, starts_at=self._since, by=None)
            self.made += 1
        return known is None

    def open(self, code: str, kind: OrgKind, name: str, area: AreaRow) -> None:
        """Open an organisation with one member."""
        if code not in self._orgs:
            org = orgs.make_org(self._conn, code=code, kind=kind, name=name, area=area)
            record(self._conn, "org.made", path=org.path, subject=org.code, body={"kind": org.kind, "name": org.name})
        login = f"demo-{code.removeprefix('sample-')}"
        if self.seat(code, Role.GRID_WORKER, area.code, login, f"{name}经办人"):
            org = orgs.get_org(self._conn, code)
            # A login is looked up for those alone who manage staff.
            speak(self._conn, Scope(rights=(Right.MANAGE_STAFF,), areas_1=(org.path,)))
            orgs.add_member(
                self._conn, org, login, is_duty_chief=False, now=self._since, ends_at=None, by=self.person[code]
            )  # fmt: skip
            speak(self._conn, NOBODY)


def _admit(conn: connection, area: AreaRow, approver: str, now: datetime) -> None:
    """Put a matter for each category on the district's list."""
    texts = [
        MatterText(
            code=matter(topic.category), name=f"{topic.zh}类事项", category=topic.category, board=topic.board,
            department=department(topic.department), limit=(topic.days, "work_day"), power_delegated=True, funding="区财政",
            filing_condition="属于本辖区且事实清楚", closing_condition="现场已恢复或已给出明确答复",
        )
        for topic in TOPICS
    ]  # fmt: skip
    added = matters.take_in(conn, texts, area=area.id, now=now).added
    if not added:
        return
    record(conn, "matter.imported", path=area.path, subject=area.code, body={"added": list(added)})
    aspects = dict.fromkeys(ASPECTS, "示例")
    for code in added:
        matters.decide(
            conn, code, action=Action.ADMIT, reason=None, kind=None, comment="", aspects=aspects, actor=approver, now=now
        )
        record(conn, "matter.admit", path=area.path, subject=code, body={"aspects": aspects})
