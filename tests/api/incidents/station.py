"""A command center's day for tests: the small published town, with people at every desk, over HTTP.

The town is that of `tests/published.py`: district 370103, streets …001 and …002, two communities each, three grids a community.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pyproj import Transformer

from tests.api.v1.hall import hall_over
from tests.published import COMMUNITIES, DISTRICT, EAST0, FRAME, HIGH, NORTH0, STREETS, WIDE, publish
from tests.stored import owner

if TYPE_CHECKING:
    from collections.abc import Generator

    import httpx

    from tests.api.v1.hall import Hall

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Nine o'clock of a Monday, in China."""
HERE, NEXT = COMMUNITIES[0], COMMUNITIES[1]
GRID = f"{HERE}001"
_TO_DEGREES = Transformer.from_crs(FRAME, 4490, always_xy=True)


def at(x: float, y: float) -> dict[str, Any]:
    """Return a place, in metres from the town's south-western corner, as a report says it."""
    lon, lat = _TO_DEGREES.transform(EAST0 + x, NORTH0 + y)
    return {"lon": lon, "lat": lat, "coord_sys": "cgcs2000"}


@dataclass
class Station:
    """The service over the small town. `who` are headers of people by what they are."""

    hall: Hall
    who: dict[str, dict[str, str]]
    ids: dict[str, str]

    def asks(self, who: str, method: str, address: str, **more: Any) -> httpx.Response:
        """Ask as somebody."""
        headers = {"Accept-Language": "en", **self.who[who], **more.pop("headers", {})}
        return self.hall.client.request(method, address, headers=headers, **more)

    def reports(self, who: str = "worker", **said: Any) -> dict[str, Any]:
        """Report something in the first grid, unless another place is said."""
        wanted = {**at(50, 200), "category": "rubbish", "title": "a heap", **said}
        answer = self.asks(who, "POST", "/v1/incidents", json=wanted)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def does(self, who: str, no: str, event: str, **said: Any) -> httpx.Response:
        """Take a step."""
        return self.asks(who, "POST", f"/v1/incidents/{no}/transitions", json={"event": event, **said})

    def done(self, who: str, no: str, event: str, **said: Any) -> dict[str, Any]:
        """Take a step that is allowed."""
        answer = self.does(who, no, event, **said)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def shown(self, no: str, who: str = "district") -> dict[str, Any]:
        """Return where an incident stands."""
        answer = self.asks(who, "GET", f"/v1/incidents/{no}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def at_street(self, **said: Any) -> str:
        """Report something that the street has taken on, and return its number."""
        no = self.reports(**said)["no"]
        self.done("community", no, "accept", matter="0101")
        self.done("worker", no, "claim")
        self.done("worker", no, "escalate", reason="beyond_capacity")
        self.done("community", no, "take")
        self.done("community", no, "escalate", reason="needs_department")
        self.done("street", no, "take")
        return no

    def passes(self, **time: float) -> None:
        """Let time pass."""
        self.hall.now += timedelta(**time)


PEOPLE = {
    "worker": [("grid_worker", HERE)],
    "stand_in": [("grid_worker", HERE)],
    "stranger": [("grid_worker", NEXT)],
    "community": [("community", HERE)],
    "colleague": [("community", HERE)],
    "street": [("street", STREETS[0])],
    "other_street": [("street", STREETS[1])],
    "district": [("district", DISTRICT)],
    "office": [("grid_worker", DISTRICT)],
    "auditor": [("auditor", DISTRICT)],
}


@contextmanager
def station_over(db: Any, home: Any, **told: Any) -> Generator[Station]:
    """Serve the small town, with people at every desk, a department with its matter, and posts on its first grid."""
    publish(db.admin)
    with hall_over(db, home, **told) as hall:
        hall.now = MONDAY
        ids = {login: hall.person(login, *roles) for login, roles in PEOPLE.items()}
        with owner(db.admin) as conn:
            furnish(conn, ids)
        yield Station(hall, {login: hall.key(person) for login, person in ids.items()}, ids)


def furnish(conn: Any, ids: dict[str, str]) -> None:
    """Set up a department, a matter, posts A and B on the first grid, and the chief of the community's duty."""
    with conn.cursor() as cursor:
        cursor.execute(
            """INSERT INTO wangge.org (code, kind, tier, name, area_id, path)
               SELECT 'sanitation', 'department', 'district', '环卫局', id, path FROM wangge.area WHERE code = %(district)s;
               INSERT INTO wangge.org (code, kind, tier, name, area_id, path)
               SELECT 'water', 'department', 'district', '水务局', id, path FROM wangge.area WHERE code = %(district)s;
               INSERT INTO wangge.org_member (org_id, person_id, valid, path)
               SELECT id, %(office)s, '[2020-01-01,)', path FROM wangge.org WHERE code = 'sanitation';
               INSERT INTO wangge.org_member (org_id, person_id, is_duty_chief, valid, path)
               SELECT id, %(community)s, true, '[2020-01-01,)', path FROM wangge.org WHERE code = %(center)s;
               INSERT INTO wangge.matter (code, area_id, path, name, category, department, power_delegated, funding, status,
                 updated_at)
               SELECT '0101', id, path, '暴露垃圾', 'rubbish', 'sanitation', true, '区财政', 'admitted', now()
               FROM wangge.area WHERE code = %(district)s;
               INSERT INTO wangge.staff (name, person_id, area_id, path, created_at, updated_at)
               SELECT p.name, p.id, a.id, a.path, now(), now() FROM wangge.person p, wangge.area a
               WHERE p.id = ANY (%(workers)s::uuid[]) AND a.code = %(here)s;
               INSERT INTO wangge.post (staff_id, grid_code, area_id, path, role, letter, valid)
               SELECT s.id, %(grid)s, s.area_id, s.path, 'full_time_worker',
                 CASE s.person_id WHEN %(worker)s THEN 'A' ELSE 'B' END, '[2020-01-01,)' FROM wangge.staff s""",
            {
                "district": DISTRICT, "here": HERE, "grid": GRID, "center": f"center:{HERE}", "office": ids["office"],
                "community": ids["community"], "worker": ids["worker"], "workers": [ids["worker"], ids["stand_in"]],
            },
        )  # fmt: skip


CORNERS = (WIDE, HIGH)
"""Metres from west to east and from south to north of a community."""
