"""What of a town can be divided: its communities with their households, the grids they have now, and drafts under way."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from api.asked import Asking, Store
from api.v1.answers import answer, private
from api.v1.parameters import Code, only
from api.who.caller import Right
from data.profile import SIZES
from data.store.profiles import size_there
from data.store.sql import many, maybe
from gis.errors import NotFound
from partition.rules import Rules

router = APIRouter(prefix="/v1/towns", tags=["towns"])

_NEEDED = (Right.RUN_JOBS, Right.EDIT_PLAN)


@router.get("/{name}/communities", dependencies=[Depends(only())])
def list_communities(name: Code, asked: Asking, store: Store) -> Response:
    """List the communities of a town that you plan, by street and code, and the sizes that grids have where nobody says else.

    Households and persons are those of the last snapshot. `outside_band` counts grids in force with an exception.
    """
    asked.caller.require(Right.SEE_HOUSEHOLDS)
    with store.read(asked.acting(Right.SEE_HOUSEHOLDS)) as conn:
        town = maybe(
            conn,
            """SELECT t.id, t.path::text, max(s.number) FROM wangge.town t JOIN wangge.snapshot s ON s.town_id = t.id
               WHERE t.name = %s GROUP BY t.id""",
            [name],
        )
        if town is None:
            raise NotFound(f"there is no town {name!r}, or it is not yours to see")
        identity, path, snapshot = town
        rows = many(
            conn,
            """WITH point AS (
                 SELECT path, sum(households)::bigint AS households, sum(persons)::bigint AS persons, count(*) AS points
                 FROM wangge.household_point WHERE town_id = %(town)s AND seen @> %(snapshot)s GROUP BY path),
               net AS (
                 SELECT path, count(*) AS grids, count(*) FILTER (WHERE exception IS NOT NULL) AS outside
                 FROM wangge.grid WHERE in_force @> %(day)s::date AND path <@ %(path)s::ltree GROUP BY path),
               draft AS (
                 SELECT unnest(paths) AS path, array_agg(id::text ORDER BY number DESC) AS plans FROM wangge.plan
                 WHERE state NOT IN ('effective', 'filed', 'superseded', 'withdrawn') GROUP BY 1)
               SELECT f.code, f.name, f.street, f.district, f.path::text, coalesce(p.households, 0), coalesce(p.persons, 0),
                 coalesce(p.points, 0), coalesce(n.grids, 0), coalesce(n.outside, 0), coalesce(d.plans, '{}')
               FROM wangge.town_feature f LEFT JOIN point p USING (path) LEFT JOIN net n USING (path)
                 LEFT JOIN draft d USING (path)
               WHERE f.town_id = %(town)s AND f.layer = 'community' AND f.seen @> %(snapshot)s
                 AND f.path <@ ANY ((SELECT wangge.scope(3))::ltree[])
               ORDER BY f.district COLLATE "C", f.street COLLATE "C", f.code COLLATE "C" """,
            {"town": identity, "path": path, "snapshot": snapshot, "day": asked.today},
        )
        whose, said = size_there(conn, path, asked.today)
    usual = Rules()
    sizes = {each: said.get(each, getattr(usual, each)) for each in sorted(SIZES)}
    shown = [
        {
            "code": code,
            "name": called,
            "street": street,
            "district": district,
            "households": households,
            "persons": persons,
            "points": points,
            "grids": grids,
            "outside_band": outside,
            "drafts": drafts,
            "may_divide": all(asked.caller.may(right, where) for right in _NEEDED),
        }
        for code, called, street, district, where, households, persons, points, grids, outside, drafts in rows
    ]
    return private(answer({"town": name, "snapshot": snapshot, "sizes_of": whose, "sizes": sizes, "communities": shown}))
