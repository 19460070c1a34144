"""What of a town can be divided: its communities with households, grids in force and drafts, for those who plan there."""

import dataclasses

from partition.rules import Rules
from tests.api.v1.hall import problem
from tests.stored import drafted, owner, published

C1, C2, DISTRICT = "370103016001", "370103016002", "区"


def test_what_can_be_divided(hall):
    """Each community has its households, its grids in force, those out of the band, and the drafts under way, newest first."""
    with owner(hall.db.admin) as conn:
        made, _ = published(conn)
        drafts = [drafted(conn, made).id for _ in range(3)]
    hall.do("UPDATE wangge.plan SET state = 'withdrawn' WHERE id::text = %s", [drafts[1]])
    hall.do("UPDATE wangge.grid SET exception = '{}' WHERE code = %s AND in_force IS NOT NULL", [f"{C2}001"])
    address = f"/v1/towns/{made.town.name}/communities"
    told = hall.client.get(address, headers=hall.comes("district", ("district", DISTRICT))).json()
    each = {"households": 1200, "points": 48, "grids": 3, "drafts": [drafts[2], drafts[0]], "may_divide": True}
    found = [{name: one[name] for name in ("code", "outside_band", *each)} for one in told["communities"]]
    assert found == [{"code": C1, "outside_band": 0, **each}, {"code": C2, "outside_band": 1, **each}]
    usual = dataclasses.asdict(Rules())
    assert told["sizes"].items() <= usual.items()
    assert (told["snapshot"], told["sizes_of"]) == (1, None)


def test_who_sees_them(hall):
    """Somebody of one community finds that one; who sees no households is refused; a town that is not there is not found."""
    with owner(hall.db.admin) as conn:
        made, _ = published(conn)
    address = f"/v1/towns/{made.town.name}/communities"
    planner = hall.comes("planner", ("community", C2))
    assert [one["code"] for one in hall.client.get(address, headers=planner).json()["communities"]] == [C2]
    problem(hall.client.get(address, headers=hall.comes("worker", ("grid_worker", C2))), 403, "scope-denied")
    problem(hall.client.get("/v1/towns/nowhere/communities", headers=planner), 404, "not-found")
    assert hall.client.get(address).status_code == 401
