"""Stations that were sited elsewhere, brought into the store: all of them or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from data.store import stations
from data.store.sql import many
from gis.errors import InputError, NotFound
from gis.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

_FACILITIES = ("has_desk", "has_room", "has_cabinet", "has_map")
_OF_A_COMMUNITY = ("community", "grid")
"""Levels of stations that are kept by the community that they stand in."""


@dataclass(frozen=True, slots=True)
class Brought:
    """How many stations are new, and how many were there."""

    added: int
    changed: int


def bring_in(conn: connection, sited: Sequence[Mapping[str, Any]], *, now: datetime, day: date, file: str) -> Brought:
    """Bring stations in as they were sited (`data/station_files.py`), each in the community that it stands in.

    A station that is there, by its code, moves and serves other grids; what else is known of it stays. One that a street or a
    district keeps is still theirs.

    Raises
    ------
    InputError
        A grid is not in force on the day. Every one that is not is named, and nothing comes in.
    """
    known = {
        code: (area, path)
        for code, area, path in many(
            conn,
            """SELECT g.code, g.area_id, g.path::text FROM wangge.grid g
               WHERE g.in_force @> %s AND g.code = ANY (%s) AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[])""",
            [day, sorted({code for each in sited for code in (each["stands_in"], *each["grids"])})],
        )
    }
    unknown = [
        Finding(
            kind="unknown_grid", severity=Severity.ERROR, file=file, row=row, field="grids",
            en=f"station {each['code']}: no grid {code} is in force on {day}",
            zh=f"驿站{each['code']}：{day}没有生效的网格{code}",
        )
        for row, each in enumerate(sited, 1) for code in dict.fromkeys((each["stands_in"], *each["grids"])) if code not in known
    ]  # fmt: skip
    if unknown:
        raise InputError("grids of these stations are not in force: put their plan in force first", unknown)
    added = 0
    for each in sited:
        added += _bring(conn, each, known[each["stands_in"]], now=now, day=day)
    return Brought(added, len(sited) - added)


def _bring(conn: connection, each: Mapping[str, Any], area: tuple[int, str], *, now: datetime, day: date) -> bool:
    try:
        there = stations.get(conn, each["code"], lock=True)
    except NotFound:
        there = {
            "level": "community", "kind": "station", "brand": "", "radius_m": None, "services": [], "area_m2": None,
            "tenure": "", **dict.fromkeys(_FACILITIES, False),
        }  # fmt: skip
    station = {name: there.get(name) for name in stations.PLAIN} | {"code": each["code"], "name": each["name"], "active": True}
    if there["level"] not in _OF_A_COMMUNITY:
        path = str(there["path"])
        area = (int(path.rsplit(".", 1)[-1]), path)
    shape = orjson.dumps(each["service_area"]).decode()
    is_new = stations.put(conn, area=area, at=(each["lon"], each["lat"]), service_area=shape, station=station, now=now)
    stations.give_grids(conn, stations.get(conn, each["code"]), each["grids"], day)
    return is_new
