"""Places of service of a sample town besides its centres: stations, canteens and rest stops, not everywhere one of each.

All of it lies in the first district, and nobody and nothing in it is real. What is there already stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.store import stations
from data.store.desk import area_names
from data.store.plans import area_named
from data.store.sql import many

if TYPE_CHECKING:
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from api.sample_desks import Desks
    from data.samples.settled import Settled

_MISSING = 4
"""Of so many communities one has nothing of a sort: what is missing is to be seen as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sort:
    """A sort of places of service: what it is and is called, and what is offered there."""

    kind: str
    level: str
    name: str
    services: tuple[str, ...]
    radius_m: int | None = None


_DISTRICT = _Sort(
    kind="service_center", level="district", name="区级党群服务中心", services=("政策咨询", "办事服务", "法律咨询")
)
_COMMUNITY = (
    _Sort(kind="station", level="community", name="便民服务驿站", services=("饮水", "应急充电", "常用药品"), radius_m=400),
    _Sort(kind="canteen", level="community", name="爱心食堂", services=("助餐", "送餐")),
    _Sort(kind="rest_stop", level="grid", name="歇歇脚驿站", services=("饮水", "休息"), radius_m=250),
)


def place(conn: connection, town: Settled, desks: Desks, *, seed: int, now: datetime, today: date) -> int:
    """Open them, and return how many are new; as the store's owner."""
    rng = np.random.default_rng([seed, 5])
    there = {code for (code,) in many(conn, "SELECT code FROM wangge.station")}
    of_spot = np.array(town.community)[town.grid]
    wanted = [(desks.district, _DISTRICT, sorted(desks.street_of))]
    for k, community in enumerate(sorted(desks.street_of)):
        wanted += [(community, sort, [community]) for n, sort in enumerate(_COMMUNITY) if (k + n) % _MISSING]
    made = 0
    for number, (code, sort, communities) in enumerate(wanted, 1):
        spot = int(rng.choice(np.flatnonzero(np.isin(of_spot, communities) & town.is_inside)))
        name = f"sample-{code}-{sort.kind}"
        if name in there:
            continue
        area = area_named(conn, code)
        called = "" if sort is _DISTRICT else area_names(conn, [area.path], today).get(area.path, "")
        station = {
            "code": name, "name": f"{called}{sort.name}", "level": sort.level, "kind": sort.kind, "brand": "",
            "radius_m": sort.radius_m, "has_desk": True, "has_room": sort.kind != "rest_stop", "has_cabinet": number % 3 > 0,
            "has_map": True, "services": list(sort.services), "area_m2": None, "tenure": "", "active": True,
        }  # fmt: skip
        lon, lat = town.lon_lat[spot].tolist()
        stations.put(conn, area=(area.id, area.path), at=(lon, lat), service_area=None, station=station, now=now)
        made += 1
    return made
