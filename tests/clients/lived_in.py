"""The small town, lived in: something of every kind, made over HTTP by those whose work it is, and by which codes it is known.

Whoever asks for everything needs all rights, and nobody may have them all: there are an officer who plans and works at every
tier, an inspector who reads the log, and an administrator. Their own numbers are not among the codes, and those who are may
lose their keys, roles, posts and organisations: so nobody who asks shuts himself out, and what is written needs others.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.who.keys import key_prefix
from tests.api.incidents.station import GRID, HERE, at, station_over
from tests.api.incidents.test_photos import photo
from tests.api.rounds.homes import furnish
from tests.published import DISTRICT, LONG_AGO, STREETS
from tests.stored import brought, drafted, owner, village

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from tests.api.incidents.station import Station

DRAWN = "370103016001"
"""A community of the drawn village, for which there is a draft."""
ASKERS = {
    "officer": [
        *(("grid_worker", HERE), ("community", HERE), ("street", STREETS[0]), ("district", DISTRICT)),
        *(("community", DRAWN), ("community", "370103016002"), ("street", "街道"), ("district", "区")),
    ],
    "inspector": [("auditor", None)],
    "administrator": [("administrator", None)],
}
WARMTH = {"id": "warmth", "name": "温度", "weight": 100}


@dataclass(frozen=True)
class Town:
    """The town over HTTP. `keys` are headers of the askers; `known` are values of parameters, by how addresses begin."""

    station: Station
    keys: Mapping[str, dict[str, str]]
    known: Mapping[str, Mapping[str, list[Any]]]

    @property
    def rights(self) -> dict[str, list[str]]:
        """What each asker may do now."""
        ask = self.station.hall.client.get
        return {name: ask("/v1/session", headers=key).json()["rights"] for name, key in self.keys.items()}


@contextmanager
def lived_in(db: Any, home: Any) -> Generator[Town]:
    """Serve the town."""
    with station_over(db, home) as station:
        with owner(db.admin) as conn:
            furnish(conn)
            draft = drafted(conn, brought(conn, village().town(), day=LONG_AGO)).id
        ids = {login: station.hall.person(login, *roles) for login, roles in ASKERS.items()}
        station.hall.do(
            """INSERT INTO wangge.org_member (org_id, person_id, valid, path)
               SELECT id, %s, '[2020-01-01,)', path FROM wangge.org WHERE code = 'sanitation'""",
            [ids["officer"]],
        )
        station.who |= {login: station.hall.key(person) for login, person in ids.items()}
        yield Town(station, {login: station.who[login] for login in ASKERS}, _known(station, draft))


def _made(station: Station, who: str, method: str, address: str, said: Any = None, **more: Any) -> Any:
    """Do what is allowed and return what the answer says."""
    answer = station.asks(who, method, address, **({} if said is None else {"json": said}), **more)
    assert answer.is_success, f"{method} {address}: {answer.text}"
    return answer.json()


def _known(station: Station, draft: str) -> dict[str, dict[str, list[Any]]]:
    """Make one of everything, and return by what it is asked for: by parts of paths, values of what stands in them."""
    heap, taken, called = _incidents(station)
    picture = _made(
        station, "worker", "POST", f"/v1/incidents/{taken}/pictures", content=photo(), headers={"Content-Type": "image/jpeg"}
    )
    staff = _made(station, "community", "POST", "/v1/staff", {"name": "王芳", "area": HERE})["id"]
    away = {"valid_from": "2026-04-01", "valid_to": "2026-04-02"}
    leave = _made(station, "community", "POST", f"/v1/staff/{staff}/leave", away)["id"]
    held = {"staff": staff, "grid": f"{HERE}002", "role": "part_time_worker"}
    post = _made(station, "community", "POST", "/v1/posts", held)["id"]
    kept = station.hall.value("SELECT id::text FROM wangge.staff WHERE person_id = %s", [station.ids["worker"]])
    _made(station, "district", "POST", "/v1/matters", {"code": "0301", "area": DISTRICT, "name": "坑洼", "category": "road"})
    _made(station, "worker", "PUT", "/v1/patrols", {"grid": GRID, "minutes": 30})
    order = _made(station, "worker", "POST", "/v1/orders", {"category": "repair", "title": "a lamp", "community": HERE})["no"]
    home = {"kind": "household_point", "id": f"{GRID}-1"}
    _made(station, "worker", "POST", "/v1/visits", {"grid": GRID, "target": home, "purpose": "call"})
    place = {name: value for name, value in at(50, 200).items() if name != "coord_sys"}
    _made(station, "community", "PUT", "/v1/stations/S1", {"area": HERE, "name": "驿站", "level": "community", **place})
    _made(station, "worker", "POST", "/v1/problem-points", {"kind": "dirty", **place})
    cluster = _made(station, "community", "POST", "/v1/problem-points/clusters", {"area": HERE, "within_m": 50})["made"][0]
    rated = {"area": DISTRICT, "name": "考核", "target": "street", "raters": ["community"], "dimensions": [WARMTH]}
    _made(station, "district", "PUT", "/v1/assessments/streets", rated)
    _made(station, "district", "POST", "/v1/modes", {"area": STREETS[1], "mode": "emergency", "reason": "flood"})
    bystander = station.hall.person("bystander", ("grid_worker", HERE))
    key = station.hall.key(bystander)["X-API-Key"]
    role = station.hall.value("SELECT id FROM wangge.role_grant WHERE person_id = %s", [bystander])
    areas = [DISTRICT, STREETS[0], HERE]
    return {
        "": {
            "area": areas[::-1], "community": [HERE], "grid": [GRID], "staff": [kept], "lon": [place["lon"]],
            "lat": [place["lat"]], "from": ["2026-02-23"], "to": ["2026-03-01"], "month": ["2026-02"], "period": ["2026-02"],
            "town": ["drawn"], "communities": [[DRAWN]], "category": ["rubbish"], "login": ["bystander"],
            "department": ["sanitation"], "bbox": ["116,36,118,37"], "If-Match": ["*"],
        },
        "/v1/people/": {"person_id": [bystander], "number": [role], "prefix": [key_prefix(key)]},
        "/v1/areas/": {"code": areas},
        "/v1/grids/": {"code": [GRID, f"{HERE}003"]},
        "/v1/plans/": {"plan_id": [draft]},
        "/v1/incidents/": {"no": [taken, heap, called], "picture_id": [picture["id"]]},
        "/v1/calls/": {"no": [called]},
        "/v1/orgs/": {"code": ["water", f"center:{HERE}"]},
        "/v1/staff/": {"staff_id": [staff], "number": [leave]},
        "/v1/posts/": {"number": [post]},
        "/v1/matters/": {"code": ["0301", "0101"]},
        "/v1/grid-matters/": {"grid": [GRID]},
        "/v1/calendar/": {"year": [2026]},
        "/v1/policies/": {"area": [DISTRICT]},
        "/v1/orders/": {"no": [order]},
        "/v1/visits/groups/": {"grid": [GRID]},
        "/v1/stations/": {"code": ["S1"], "day": ["2026-03-02"]},
        "/v1/problem-points/clusters/": {"number": [cluster]},
        "/v1/reviews/": {"area": [HERE], "week": ["2026-W08"]},
        "/v1/assessments/": {"code": ["streets"]},
        "/v1/towns/": {"name": ["drawn"], "number": [1]},
    }  # fmt: skip


def _incidents(station: Station) -> tuple[str, str, str]:
    """Report three incidents; of one somebody has taken charge, for one the street has called departments."""
    heap, taken, called = (station.reports(title=title)["no"] for title in ("a heap", "a larger heap", "a hill"))
    for no in (taken, called):
        station.done("community", no, "accept", matter="0101")
        station.done("worker", no, "claim")
    station.done("worker", called, "escalate", reason="beyond_capacity")
    station.done("community", called, "take")
    station.done("community", called, "escalate", reason="needs_department")
    station.done("street", called, "take")
    station.done("street", called, "call", summary="as high as a house")
    return heap, taken, called
