"""Haikou's Xiuying district, 2020: 623 grids in force, 190 of them adjusted, 673 afterwards; the whole way over HTTP."""

from datetime import date

import numpy as np
import pytest
import shapely

from api.who.caller import Role
from data.store import plans
from data.store.adopt import adopt
from data.store.towns import import_town
from partition.net import Net
from tests.api.v1.hall import TODAY, hall_over, problem
from tests.haikou import haikou
from tests.stored import NOW, cut, owner

MARCH = date(2026, 3, 1)


def net_of(town, net, index):
    """Make one of the example's nets a net as the store keeps them."""
    count = len(net)
    counted = np.bincount(index, weights=town.households.households, minlength=count).astype(np.int64)
    area, length = shapely.area(net.polygon), shapely.length(net.polygon)
    return Net(
        code=net.key,
        name=tuple(f"{community}第{k}网格" for k, community in enumerate(net.community)),
        dedicated=net.dedicated,
        subtype=("",) * count,
        community=net.community,
        households=counted,
        persons=3 * counted,
        buildings=np.bincount(index, minlength=count).astype(np.int64),
        area_m2=area,
        perimeter_m=length,
        compactness=4 * np.pi * area / length**2,
        bounds=(("", "", "", ""),) * count,
        exception=(None,) * count,
        polygon=net.polygon,
        outline=dict(zip(town.communities.code, town.communities.polygon.tolist(), strict=True)),
        household_id=town.households.id,
        grid_of_household=index,
    )


@pytest.fixture
def district(db, tmp_path):
    """Xiuying with its 623 grids in force, the draft of the adjustment by a planner, and the people of the three tiers."""
    example = haikou()
    town = example.town()
    with owner(db.admin) as conn:
        imported = import_town(conn, town, day=TODAY, now=NOW)
        maker = plans.Maker(town=imported.town, snapshot=imported.snapshot, srid=int(town.frame.crs[5:]), author=None, now=NOW)
        origin = plans.Origin(title="现状", reason="", made_with={"rules": {}}, metrics={})
        adopt(conn, plans.create(conn, net_of(town, example.old, example.in_old), maker, origin), cut(TODAY, today=TODAY))
    with hall_over(db, tmp_path) as hall:
        codes = dict(hall.rows("SELECT level, min(code) FROM wangge.area GROUP BY level"))
        streets = [code for (code,) in hall.rows("SELECT code FROM wangge.area WHERE level = 'street' ORDER BY code")]
        planner = hall.person("planner", (Role.COMMUNITY, codes["district"]))
        people = {
            "planner": hall.key(planner),
            "district": hall.comes("district", (Role.DISTRICT, codes["district"])),
            **{street: hall.comes(f"street{n}", (Role.STREET, street)) for n, street in enumerate(streets)},
        }
        with owner(db.admin) as conn:
            maker = plans.Maker(town=maker.town, snapshot=maker.snapshot, srid=maker.srid, author=planner, now=NOW)
            origin = plans.Origin(title="网格调整", reason="每格300–500户", made_with={"rules": {}}, metrics={})
            draft = plans.create(conn, net_of(town, example.new, example.in_new), maker, origin)
        yield hall, people, streets, draft.id


@pytest.mark.slow
def test_623_grids_become_673(district) -> None:
    """Every community submits, eight streets review, the district approves, notices and puts it in force: 623 + 50 = 673."""
    hall, people, streets, plan = district
    address = f"/v1/plans/{plan}"

    def shows(who):
        answer = hall.client.get(address, headers=people[who])
        assert answer.status_code == 200, answer.text
        return answer

    def does(who, action, **more):
        headers = people[who] | {"If-Match": shows(who).headers["ETag"]}
        return hall.client.post(f"{address}/transitions", json={"action": action} | more, headers=headers, timeout=60)

    difference = hall.client.get(f"{address}/diff", headers=people["planner"], timeout=60).json()
    assert (difference["grids_before"], difference["grids_after"]) == (623, 673)
    assert difference["grids_touched_before"] == 190
    assert difference["households_moved"] > 0

    problem(does("district", "district_approve"), 409, "illegal-transition")
    assert does("planner", "validate").json()["state"] == "validated"
    assert does("planner", "submit").json()["state"] == "submitted"
    problem(does("planner", "street_review"), 403, "wrong-tier")
    for street in streets[:-1]:
        assert does(street, "street_review").json()["state"] == "submitted"
    assert does(streets[-1], "street_review").json()["state"] == "street_reviewed"
    assert does("district", "district_approve").json()["state"] == "district_approved"
    assert does("district", "notice").json()["state"] == "noticed"
    done = does("district", "put_in_force", effective_from=MARCH.isoformat())
    assert done.json()["state"] == "effective", done.text
    assert does("district", "file").json()["state"] == "filed"

    def grids(day):
        return hall.client.get("/collections/grids/items", params={"at": day.isoformat(), "limit": 1}).json()["numberMatched"]

    assert (grids(TODAY), grids(date(2026, 2, 28)), grids(MARCH)) == (623, 623, 673)

    # Lineage conserves households: what left the old grids is what arrived in the new ones, and each community keeps its own.
    before, after = (
        dict(
            hall.rows(
                """SELECT a.code, sum(g.households)::int FROM wangge.grid g JOIN wangge.area a ON a.id = g.area_id
                   WHERE g.in_force @> %s::date GROUP BY 1""",
                [day],
            )
        )
        for day in (TODAY, MARCH)
    )
    assert before == after
    moved = hall.value("SELECT sum(households_moved)::int FROM wangge.lineage WHERE plan_id = %s", [plan])
    assert moved == difference["households_moved"]
    kept, fresh = hall.rows(
        """SELECT count(*) FILTER (WHERE c.first_plan <> %(plan)s), count(*) FILTER (WHERE c.first_plan = %(plan)s)
           FROM wangge.grid g JOIN wangge.grid_code c USING (code) WHERE g.plan_id = %(plan)s""",
        {"plan": plan},
    )[0]
    assert (kept, fresh) == (617, 56)

    # A household resolves to one grid before and to one after.
    ((lon, lat),) = hall.rows("SELECT ST_X(geom), ST_Y(geom) FROM wangge.household_point ORDER BY id LIMIT 1")
    for day in (TODAY, MARCH):
        found = hall.client.get("/v1/locate", params={"lon": lon, "lat": lat, "at": day.isoformat()}).json()
        assert found["grid"]["community"].startswith("460105")
