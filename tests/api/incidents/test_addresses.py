"""A report by address alone: it lies where the one place is that the address can mean, and nowhere by a guess."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from data.store.pool import Pool
from data.store.scope import Scope
from data.store.sql import many, one
from tests.api.incidents.named_town import line, name_ground
from tests.api.incidents.proof import faults_in
from tests.api.incidents.station import GRID, HERE, NEXT, at
from tests.api.v1.hall import problem
from tests.published import DISTRICT, box


@pytest.fixture
def town(station):
    """Give the small town its names."""
    name_ground(station.hall)
    return station


def said(address: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a report without a point."""
    return {"category": "rubbish", **({} if address is None else {"address": address}), **more}


def sent(station, who: str, address: str | None = None, **more: Any) -> Any:
    """Send a report without a point."""
    return station.asks(who, "POST", "/v1/incidents", json=said(address, **more))


def metres(station, made: dict[str, Any]) -> tuple[float, float]:
    """Return where a report was put, in metres from the town's corner."""
    found = station.hall.rows(
        """SELECT ST_X(at) - 500000, ST_Y(at) - 4040000 FROM ST_Transform(
             (SELECT geom FROM wangge.incident WHERE no = %s), 4548) at""",
        [made["no"]],
    )
    return found[0]


@pytest.mark.parametrize(
    "address", ["幸福小区", "  幸福 小区", "幸福小区，", "幸福小区3单元501室", "社区1幸福小区", "市中区街道1 幸福小区"]
)
def test_a_compound_by_its_name(town, address) -> None:
    """However it is written, a compound's name leads to a point inside it, and row, record and document say by what."""
    made = sent(town, "worker", address)
    assert made.status_code == 201, made.text
    made = made.json()
    assert (made["located_by"], made["grid"]) == ("compound", GRID)
    x, y = metres(town, made)
    assert (20 < x < 180, 20 < y < 180) == (True, True)
    shown = town.shown(made["no"])
    assert (shown["located_by"], shown["address"], shown["lon"], shown["lat"]) == (
        "compound", address.strip(), made["lon"], made["lat"],
    )  # fmt: skip
    (record,) = town.asks("district", "GET", f"/v1/incidents/{made['no']}/events").json()["events"]
    assert record["payload"]["located_by"] == "compound"
    town.done("community", made["no"], "accept", matter="0101")
    assert town.hall.rows("SELECT located_by FROM wangge.incident_past") == [("compound",)]
    assert faults_in(town.hall.db.admin) == []


@pytest.mark.parametrize(
    ("address", "by", "spot"),
    [
        ("幸福小区3号楼", "building", (60, 60)),
        ("幸福小区三號樓2单元501", "building", (60, 60)),
        ("幸福小区０３栋", "building", (60, 60)),
        ("幸福小区4号楼", "building", (150, 150)),
        ("幸福小区4-2-301", "building", (150, 150)),
        ("幸福小区5#楼", "building", (150, 60)),
        # Of two far apart with one number nobody knows which; and there is no ninth.
        ("幸福小区6号楼", "compound", None),
        ("幸福小区9号楼", "compound", None),
    ],
)
def test_a_building_by_its_number(town, address, by, spot) -> None:
    """A number behind a compound's name leads to the building's own point where its points tell one, else to the compound."""
    town.hall.do("UPDATE wangge.town_feature SET shape = %s::geometry WHERE name = '幸福小区'", [box(20, 20, 380, 380)])
    town.hall.do(
        """UPDATE wangge.household_point SET shape = ST_SetSRID(ST_MakePoint(500360, 4040360), 4548)
           WHERE external_id = 'h6'"""
    )
    made = sent(town, "worker", address).json()
    assert made["located_by"] == by
    if spot is not None:
        assert metres(town, made) == pytest.approx(spot, abs=15)


def test_buildings_are_known_in_ones_own_areas_alone(town) -> None:
    """Household points are nobody else's: from elsewhere the same address leads to the compound, whose name is no secret."""
    made = sent(town, "stranger", "幸福小区4号楼", area=HERE).json()
    assert made["located_by"] == "compound"


def test_a_street_and_a_house_along_it(town) -> None:
    """A street leads to its middle within the areas that are meant; the house's number stays words, for nobody knows where."""
    here = sent(town, "worker", "经十路120号").json()
    assert (here["located_by"], here["grid"][:12]) == ("street", HERE)
    assert metres(town, here) == pytest.approx((300, 200), abs=0.5)
    assert town.shown(here["no"])["address"] == "经十路120号"
    assert metres(town, sent(town, "district", "经十路").json()) == pytest.approx((600, 200), abs=0.5)
    assert metres(town, sent(town, "district", "经十路", area=NEXT).json()) == pytest.approx((900, 200), abs=0.5)
    assert sent(town, "worker", "小清河").json()["located_by"] == "line"
    # A street that is a border of the area: the point lies on its inner side.
    for who, community in (("worker", HERE), ("stranger", NEXT)):
        border = sent(town, who, "界路").json()
        assert (border["located_by"], border["grid"][:12]) == ("street", community)


def test_several_places_are_offered_and_none_is_taken(town) -> None:
    """What may mean several is refused with all of them; the area chooses, by code, before the name, or as one's own."""
    refused = problem(sent(town, "district", "阳光花园1号"), 400, "ambiguous-address")
    assert refused["count"] == 2
    assert [
        (each["name"], each["kind"], each["kind_label"], each["number"], each["area"]) for each in refused["candidates"]
    ] == [
        ("阳光花园", "compound", "A compound", "1号", HERE),
        ("阳光花园", "compound", "A compound", "1号", NEXT),
    ]
    one_of_them = refused["candidates"][1]
    chosen = town.reports(
        "district", lon=one_of_them["lon"], lat=one_of_them["lat"], coord_sys="cgcs2000", address="阳光花园1号"
    )
    assert (chosen["located_by"], chosen["grid"][:12]) == ("point", NEXT)
    for who, address, more in (
        ("district", "阳光花园", {"area": NEXT}),
        ("district", "社区2阳光花园", {}),
        ("stranger", "阳光花园", {}),
    ):
        assert sent(town, who, address, **more).json()["grid"][:12] == NEXT
    zh = sent(town, "district", "阳光花园")
    assert (
        "可能指 2 处"
        in town.hall.client.post(
            "/v1/incidents", json=said("阳光花园"), headers={**town.who["district"], "Accept-Language": "zh"}
        ).json()["detail"]
    ), zh.text


def test_of_many_the_first_are_told(town) -> None:
    """Of more places than anybody would read, twenty are listed, and how many there are."""
    town.hall.do(
        """INSERT INTO wangge.town_feature (town_id, layer, seen, number, path, file_row, name, kind, shape)
           SELECT id, 'compound', '[1,)', 100 + n, path, n, '新村', '',
             ST_Translate(%s::geometry, n %% 5 * 230, n / 5 * 230) FROM wangge.town, generate_series(0, 19) n""",
        [box(5, 5, 15, 15)],
    )
    assert problem(sent(town, "district", "新村"), 400, "ambiguous-address")["count"] == 20
    town.hall.do(
        """INSERT INTO wangge.town_feature (town_id, layer, seen, number, path, file_row, name, kind, shape)
           SELECT id, 'barrier', '[1,)', 200 + n, path, n, '新村', 'LANE', ST_Translate(%s::geometry, n * 230, 0)
           FROM wangge.town, generate_series(0, 4) n""",
        [line((1, 1), (2, 2))],
    )
    refused = problem(sent(town, "district", "新村"), 400, "ambiguous-address")
    assert (refused["count"], len(refused["candidates"])) == (25, 20)


@pytest.mark.parametrize("address", ["没有的路", "幸福", "幸福小区北门", "泉城公园", "社区1", "1号", "（）"])
def test_what_is_not_there_is_not_guessed(town, address) -> None:
    """What nothing within reach is called leads nowhere: nothing is written down, and the answer says what was looked for."""
    told = problem(sent(town, "worker", address), 400, "no-place")
    assert "a compound" in told["detail"]
    assert town.hall.value("SELECT count(*) FROM wangge.incident") == 0


def test_names_are_those_of_the_last_snapshot(town) -> None:
    """What the last import no longer has is no place any more; what was reported there stays."""
    made = sent(town, "worker", "幸福小区", client_uuid="00000000-0000-4000-8000-000000000001").json()
    town.hall.do("UPDATE wangge.town_feature SET seen = '[1,2)' WHERE name = '幸福小区'")
    problem(sent(town, "worker", "幸福小区"), 400, "no-place")
    again = sent(town, "worker", "幸福小区", client_uuid="00000000-0000-4000-8000-000000000001")
    assert (again.status_code, again.json()["no"]) == (200, made["no"])


def test_a_point_is_whole_or_not_there(town) -> None:
    """Half a point, neither point nor address, and an area beside a point are refused, each by its field."""
    for lacking in ("lon", "lat"):
        half = {name: value for name, value in at(50, 50).items() if name != lacking}
        told = problem(sent(town, "worker", "幸福小区", **half), 400, "missing-field")
        assert [each["parameter"] for each in told["errors"]] == [lacking]
    assert problem(sent(town, "worker"), 400, "missing-field")["errors"][0]["parameter"] == "address"
    assert problem(sent(town, "worker", "", area=HERE), 400, "missing-field")["errors"][0]["parameter"] == "address"
    told = problem(sent(town, "worker", "x", area=HERE, **at(50, 50)), 400, "invalid-parameter")
    assert told["errors"][0]["parameter"] == "area"
    problem(sent(town, "worker", "幸福小区", area="370199"), 404, "not-found")


def test_a_form_is_offered_what_begins_so(town) -> None:
    """What is called just so comes first, then what begins so; within one's own areas, or the one that is named."""

    def offered(who: str, **asked: str) -> list[tuple[str, str]]:
        answer = town.asks(who, "GET", "/v1/addresses", params=asked)
        assert answer.status_code == 200, answer.text
        assert answer.json()["count"] >= len(answer.json()["addresses"])
        return [(each["name"], each["kind"]) for each in answer.json()["addresses"]]

    assert offered("worker", text="幸福小区") == [("幸福小区", "compound"), ("幸福小区二期", "compound")]
    assert offered("worker", text="幸") == [("幸福小区", "compound"), ("幸福小区二期", "compound")]
    assert offered("worker", text="幸", limit="1") == [("幸福小区", "compound")]
    assert offered("worker", text="幸福小区四号楼") == [("幸福小区", "building")]
    assert offered("worker", text="社区1阳光") == [("阳光花园", "compound")]
    assert offered("worker", text="泉城") == []
    assert offered("worker", text="泉城", area=NEXT) == [("泉城公园", "site")]
    assert offered("worker", text="福") == []
    problem(town.asks("auditor", "GET", "/v1/addresses", params={"text": "幸"}), 403, "scope-denied")
    problem(town.asks("worker", "GET", "/v1/addresses"), 400, "invalid-parameter")
    (found,) = town.asks("worker", "GET", "/v1/addresses", params={"text": "经十路7号"}).json()["addresses"]
    assert (found["number"], found["area"]) == ("7号", HERE)


def test_names_are_found_by_their_index(town) -> None:
    """Among many names one is found without reading the others."""
    town.hall.do(
        """INSERT INTO wangge.town_feature (town_id, layer, seen, number, path, file_row, name, kind, shape)
           SELECT id, 'compound', '[1,)', 1000 + n, path, n, '第' || n || '小院', '', %s::geometry
           FROM wangge.town, generate_series(1, 20000) n; ANALYZE wangge.town_feature""",
        [box(5, 5, 15, 15)],
    )
    path = town.hall.value("SELECT path::text FROM wangge.area WHERE code = %s", [DISTRICT])
    read = """SELECT coalesce(seq_tup_read, 0), coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
              WHERE relname = 'town_feature'"""
    scope = Scope(rights=("handle_incidents",), areas_1=(path,))
    asked = "SELECT f.name FROM wangge.address_found(%s, wangge.scope(1), '2026-03-02', %s, 20) f"
    with closing(Pool(town.hall.db.app, size=1)) as pool, pool.read(scope) as conn:
        for text, begins, count in (("第777小院3号", False, 1), ("第1999", True, 11), ("没有的路", False, 0)):
            before = one(conn, read)
            assert len(many(conn, asked, [text, begins])) == count
            one_by_one, by_index = (after - was for after, was in zip(one(conn, read), before, strict=True))
            assert (one_by_one, by_index <= 20) == (0, True), text
