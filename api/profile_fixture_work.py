"""What a fixture has besides its ground and its people: departments and matters, stations, party units, disputes, orders.

All of it goes where the service itself keeps it, by the ways that lists and other systems' data come in. What is no longer in
use is in `profile_fixture_past.py`.
"""

from __future__ import annotations

from collections import Counter as Tally
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from api.incidents.load import load as load_incidents
from api.incidents.rulebook import Rulebook
from api.loop.incident import Party
from api.loop.order import Order, OrderRecord, Step, follow_order, order_columns, variant_from
from api.loop.payload import party_json
from api.loop.words import Kind, OrgKind, Outcome
from api.matters.admission import ASPECTS, Action
from api.profile_check import FACILITIES
from api.profile_fixture_past import had_nets, have_exited
from api.rounds.facility import USUAL_WALK
from api.stats.catalogue import DISPUTE
from data.incident_file import Arrivals
from data.matter_file import LIST_CLASSES, MatterText
from data.store import counters, matters, order_load, orders, orgs, people, stations
from data.store.counters import Counter
from data.store.log import record
from data.store.plans import area_named
from data.store.sql import many
from data.times import EPOCH
from gis.frame import CGCS2000, transform, transform_geometry
from partition.stations import Homes, site_stations
from partition.walk import straight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

    from data.profile import Profile
    from partition.net import Net

MINUTE = timedelta(minutes=1)
CATEGORY = "service"
"""Of matters and orders that nobody has told apart."""
LIMIT = (3, "work_day")
"""How long an invented matter may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The net in force since `day`, its frame, and the ids of all areas by their codes."""

    net: Net
    srid: int
    areas: Mapping[str, int]
    day: date
    now: datetime
    zone: str

    def moments(self, count: int) -> list[datetime]:
        """Return as many moments, evenly from New Year or the first day of the net until now."""
        first = max(self.day, self.now.astimezone(ZoneInfo(self.zone)).date().replace(month=1, day=1))
        since = datetime.combine(first, time(), ZoneInfo(self.zone)).astimezone(UTC)
        return [(since + (self.now - since) * k / count).replace(microsecond=0) for k in range(count)]

    def soon(self, at: datetime, minutes: int) -> datetime:
        """Return a moment some minutes later, but never one that is still to come."""
        return min(self.now.replace(microsecond=0), at + minutes * MINUTE)

    def middles(self) -> NDArray[np.float64]:
        """Return the middle of each grid (n, 2), degrees."""
        points = transform_geometry(shapely.centroid(self.net.polygon), f"EPSG:{self.srid}", CGCS2000)
        return shapely.get_coordinates(points)


def do_the_work(conn: connection, profile: Profile, site: Site) -> dict[str, int]:
    """Bring in what the fixture says of; return how many of what."""
    told = profile.fixture
    counts: dict[str, int] = {}
    if "departments" in told:
        counts |= _matters(conn, profile, site)
    if "stations" in told:
        counts["stations"] = _stations(conn, profile, site)
    if "party" in told:
        counts |= _party(conn, profile, site)
    if "disputes" in told:
        counts["disputes"] = _disputes(conn, profile, site)
    if "orders" in told:
        counts["orders"] = _orders(conn, profile, site)
    if "exits" in profile.says.get("admission", {}):
        counts["exits"] = have_exited(conn, profile, now=site.now)
    if "legacy" in profile.says:
        counts["legacy_nets"] = had_nets(conn, profile, site.net, srid=site.srid, day=site.day)
    return counts


# --- departments and matters ------------------------------------------------------------------------------------------------


def _matters(conn: connection, profile: Profile, site: Site) -> dict[str, int]:
    """Admit the matters that departments answer for, each with its limit; and, beside them, those on the communities' lists."""
    told = profile.fixture
    area = area_named(conn, profile.area)
    codes = [f"{profile.id}-dept-{k:02}" for k in range(1, told["departments"] + 1)]
    for number, code in enumerate(codes, 1):
        org = orgs.make_org(conn, code=code, kind=OrgKind.DEPARTMENT, name=f"第{number}部门", area=area)
        record(conn, "org.made", path=org.path, subject=org.code, body={"kind": org.kind, "name": org.name})
    texts = [
        MatterText(
            code=f"{profile.id}-{k + 1:03}", name=f"处置事项{k + 1:03}", category=CATEGORY, department=codes[k % len(codes)],
            limit=LIMIT, power_delegated=True, funding="区财政",
        )
        for k in range(told["matters"])
    ]  # fmt: skip
    texts += [
        MatterText(
            code=f"{profile.id}-{name}-{k:02}", name=f"{LIST_CLASSES[name]}事项{k:02}", category=CATEGORY, level="community",
            list_class=name, power_delegated=True, funding="社区经费",
        )
        for name, count in cast("Mapping[str, int]", told.get("lists", {})).items() for k in range(1, count + 1)
    ]  # fmt: skip
    matters.take_in(conn, texts, area=area.id, now=site.now)
    record(conn, "matter.imported", path=area.path, subject=area.code, body={"added": [text.code for text in texts]})
    # Nothing is decided by nobody: this one cannot sign in and has no role.
    someone = people.add_person(conn, login=f"fixture-{profile.id}", name="示例数据", now=site.now, by=None)
    aspects = dict.fromkeys(ASPECTS, "示例")
    for text in texts:
        matters.decide(
            conn, text.code, action=Action.ADMIT, reason=None, kind=None, comment="", aspects=aspects, actor=someone,
            now=site.now,
        )  # fmt: skip
        record(conn, "matter.admit", path=area.path, subject=text.code, body={"aspects": aspects})
    return {"departments": len(codes), "matters": len(texts)}


# --- stations and party units ---------------------------------------------------------------------------------------------


def _stations(conn: connection, profile: Profile, site: Site) -> int:
    """Open stations where people walk least, each for the grids around it (划片)."""
    said, net = cast("Mapping[str, Any]", profile.says["stations"]), site.net
    middle = shapely.get_coordinates(shapely.centroid(net.polygon))
    homes = Homes(xy=middle, households=net.households, grid=np.arange(len(net)))
    walk = straight(USUAL_WALK.detour)
    reach_m = USUAL_WALK.minutes * USUAL_WALK.metres_per_minute
    sited = site_stations(net.polygon, homes, walk, reach_m=reach_m, count=profile.fixture["stations"])
    places = transform(sited.xy, f"EPSG:{site.srid}", CGCS2000).tolist()
    paths = dict(many(conn, "SELECT code, path::text FROM wangge.area"))
    has = {column: name in said["facilities"] for name, column in FACILITIES.items()}
    for k, (lon, lat) in enumerate(places):
        community = net.community[sited.stands_in[k]]
        code = f"{profile.id}-station-{k + 1:02}"
        station = {
            "code": code, "name": f"{said['name']}{k + 1:02}", "level": "community", "kind": "station", "brand": said["name"],
            "radius_m": None, **has, "services": [], "area_m2": None, "tenure": "", "active": True,
        }  # fmt: skip
        where = (site.areas[community], paths[community])
        stations.put(conn, area=where, at=(lon, lat), service_area=None, station=station, now=site.now)
        served = [net.code[g] for g in np.flatnonzero(sited.station == k).tolist()]
        stations.give_grids(conn, stations.get(conn, code), served, site.day)
    return len(sited)


def _party(conn: connection, profile: Profile, site: Site) -> dict[str, int]:
    """Have each district bring along its part of the branches and groups, by how many grids it has."""
    told = cast("Mapping[str, int]", profile.fixture["party"])
    grids = Tally(code[:6] for code in site.net.community)
    names = {"branches": ("党支部", "Party branches"), "groups": ("党小组", "Party groups")}
    for name, total in told.items():
        zh, en = names[name]
        before = 0
        for district in sorted(grids):
            here = total * (before + grids[district]) // len(site.net) - total * before // len(site.net)
            before += grids[district]
            code = f"party_{name}"
            counter = Counter(code=code, zh=zh, en=en, since=None, until=site.day, number=here, is_lower_bound=False)
            area = area_named(conn, district)
            revision = counters.keep(conn, area.id, counter, now=site.now)
            body = {"zh": zh, "en": en, "until": site.day.isoformat(), "number": here, "revision": revision}
            record(conn, "stats.counter", path=area.path, subject=code, body=body)
    return dict(told)


# --- disputes and orders ----------------------------------------------------------------------------------------------------


def _disputes(conn: connection, profile: Profile, site: Site) -> int:
    """Bring in disputes as another system's: all are closed, and as many as were resolved say so."""
    told = profile.fixture["disputes"]
    count, resolved = told["accepted"], told["resolved"]
    reported = site.moments(count)
    closed = [site.soon(at, 60) for at in reported]
    outcome = [
        str(Outcome.RESOLVED if (k + 1) * resolved // count > k * resolved // count else Outcome.UNRESOLVED)
        for k in range(count)
    ]  # fmt: skip
    empty = _texts([""] * count)
    arrivals = Arrivals(
        source=f"{profile.id}_fixture",
        row=np.arange(1, count + 1),
        external_id=_texts([f"{k:05}" for k in range(1, count + 1)]),
        lon_lat=site.middles()[np.arange(count) % len(site.net)],
        kind=_texts([str(Kind.PROBLEM)] * count),
        category=_texts([DISPUTE] * count),
        title=_texts([f"矛盾纠纷{k:04}" for k in range(1, count + 1)]),
        description=empty,
        address=empty,
        reported_at=_moments(reported),
        accepted_at=_moments(reported),
        closed_at=_moments(closed),
        due_at=np.full(count, np.datetime64("NaT", "us")),
        outcome=_texts(outcome),
        satisfaction=empty,
    )
    book = Rulebook().read(conn)
    policy_at = partial(book.policy, day=site.day)
    return load_incidents(
        conn, arrivals, now=site.now, zone=site.zone, deadlines=book.deadlines, policy_at=policy_at
    ).rows  # fmt: skip


def _orders(conn: connection, profile: Profile, site: Site) -> int:
    """Bring in orders as another system's: as many as were finished went all the way there, the others were just placed."""
    told, net = profile.fixture["orders"], site.net
    count, finished = told["placed"], told["finished"]
    area = area_named(conn, profile.area)
    name = cast("Mapping[str, str]", profile.says["orders"])["variant"]
    variant = variant_from(name, orders.variant(conn, name))
    unit = orgs.make_org(conn, code=f"{profile.id}-unit", kind=OrgKind.UNIT, name="服务单位", area=area)
    record(conn, "org.made", path=unit.path, subject=unit.code, body={"kind": unit.kind, "name": unit.name})
    taken = [each.step for each in variant.steps if each.step is not Step.RATED]
    payloads = {Step.DISPATCHED: {"to": party_json(Party(is_org=True, id=unit.code))}, Step.FINISHED: {"result": "已办结"}}
    paths = dict(many(conn, "SELECT code, path::text FROM wangge.area"))
    moments = site.moments(count)
    numbers = _numbers(conn, profile.area, [at.astimezone(ZoneInfo(site.zone)).date() for at in moments])
    rows: list[tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]] = []
    for k, (at, no) in enumerate(zip(moments, numbers, strict=True)):
        grid = k % len(net)
        order = Order(variant=variant, path=paths[net.community[grid]])
        is_finished = (k + 1) * finished // count > k * finished // count
        bodies: list[dict[str, Any]] = []
        for number, step in enumerate(taken if is_finished else taken[:1]):
            told_of = OrderRecord(
                step=step, actor=None, org=None, at=site.soon(at, 10 * number), payload=payloads.get(step, {})
            )  # fmt: skip
            order = follow_order(order, told_of)
            bodies.append(told_of.as_json())
        arrival = {
            "no": no, "path": order.path, "grid_code": net.code[grid], "variant": name, "category": CATEGORY,
            "title": f"居民订单{k + 1:04}",
        }  # fmt: skip
        rows.append((arrival, order_columns(order), bodies))
    order_load.load(conn, rows)
    return count


def _numbers(conn: connection, district: str, days: Sequence[date]) -> Iterator[str]:
    """Yield a number for each order, whose days are in order."""
    for day, count in Tally(days).items():
        yield from order_load.numbers(conn, district=district, day=day, count=count)


def _texts(values: Sequence[str]) -> NDArray[np.object_]:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _moments(at: Sequence[datetime]) -> NDArray[np.datetime64]:
    return np.array([(each - EPOCH) // timedelta(microseconds=1) for each in at], dtype="datetime64[us]")
