"""Search over HTTP: what is found by what is typed, in which order, by whom."""

from __future__ import annotations

import time

import pytest

from api.ogc.versions import FRESH_S
from data.store.directory import shown_places
from data.store.scope import Scope
from tests.api.incidents.named_town import name_ground
from tests.api.incidents.station import station_over
from tests.api.v1.hall import TODAY, problem
from tests.published import COMMUNITIES, DISTRICT, HIDDEN, STREETS

ANYBODY: dict[str, str] = {}
PLACES = (DISTRICT, *STREETS, *COMMUNITIES[:2])
NAMES = ("历下区", "重庆路街道", "长清街道", "历山社区", "东历社区")


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town with names that sound like something, compounds, streets and a station."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as made:
        name_ground(made.hall)
        for code, name in zip(PLACES, NAMES, strict=True):
            made.hall.do(
                "UPDATE wangge.area_version v SET name = %s FROM wangge.area a WHERE a.id = v.area_id AND a.code = %s",
                [name, code],
            )
        made.hall.do(
            """INSERT INTO wangge.station (code, area_id, path, name, level, kind, geom, updated_at)
               SELECT 'YZ-01', id, path, '泉城驿站', 'community', 'station', ST_PointOnSurface(ST_GeomFromText(
                 'POINT(117.0 36.6)', 4490)), now() FROM wangge.area WHERE code = %s""",
            [COMMUNITIES[0]],
        )
        yield made


def found(town, text, who=None, **more):
    """Return what somebody finds, as pairs of the kind and the code, or the name of what has none."""
    return [(each["kind"], each["code"] or each["name"]) for each in results(town, text, who, **more)]


def results(town, text, who=None, **more):
    """Return what somebody finds, or nobody in particular."""
    headers = ANYBODY if who is None else town.who[who]
    answer = town.hall.client.get("/v1/search", params={"q": text, **more}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


@pytest.mark.parametrize("typed", ["历下区", "下区", "lixiaqu", "lxq", "LiXia", "ｌｘｑ", "li xia qu", DISTRICT])
def test_an_area_by_whatever_is_typed(town, typed):
    """The district is the first that is found, by any part of its name, by pinyin, initials or code."""
    assert found(town, typed)[0] == ("area", DISTRICT)


@pytest.mark.parametrize(
    ("typed", "street"), [("chongqinglu", 0), ("zhongqing", 0), ("cql", 0), ("changqing", 1), ("zqjd", 1), (STREETS[1], 1)]
)
def test_either_reading_leads_there(town, typed, street):
    """A name whose characters have several readings is found by each of them."""
    assert ("area", STREETS[street]) in found(town, typed)


def test_the_best_comes_first(town):
    """What is called just so comes first, then what begins so, the large before the small, then what has it inside."""
    told = results(town, "li", limit=50)
    fits = [each["fit"] for each in told]
    assert fits == sorted(fits, key=["exact", "prefix", "inside", "reading"].index)
    assert [each["code"] for each in told[:2]] == [DISTRICT, COMMUNITIES[0]]
    assert [each["code"] for each in told if each["kind"] == "area"][2] == COMMUNITIES[1]
    assert told == results(town, "li", limit=50)
    by_code = [each["code"] for each in results(town, COMMUNITIES[0])]
    assert by_code == [COMMUNITIES[0], *(f"{COMMUNITIES[0]}00{n}" for n in (1, 2, 3))]


def test_a_grid_says_where_it_is(town):
    """A grid comes with the way down to it, a point in it, its box, and the page that tells of it, which is there."""
    (grid,) = results(town, "历山社区第2网格")
    assert (grid["kind"], grid["type"], grid["name"]) == ("grid", "residential", "第2网格")
    assert grid["code"] == f"{COMMUNITIES[0]}002"
    assert [(each["level"], each["name"]) for each in grid["way"]] == [
        ("city", "济南市"), ("district", "历下区"), ("street", "重庆路街道"), ("community", "历山社区"),
    ]  # fmt: skip
    west, south, east, north = grid["bbox"]
    assert (west < grid["lon"] < east, south < grid["lat"] < north) == (True, True)
    here = town.hall.client.get("/v1/locate", params={"lon": grid["lon"], "lat": grid["lat"]}).json()
    assert here["grid"]["code"] == grid["code"]
    assert town.hall.client.get(grid["page"]).status_code == 200


def test_each_page_is_there(town):
    """Whatever has a page says its address, and the page is there; a city and a place have none."""
    for text in ("lixiaqu", "cqljd", "lssq"):
        assert town.hall.client.get(results(town, text)[0]["page"]).status_code == 200
    assert results(town, "济南市")[0]["page"] is None
    assert results(town, "幸福小区", "worker")[0]["page"] is None


def test_kinds_and_how_many(town):
    """Only the kinds that are asked for are found, and no more than are wanted; it is said whether that is all."""
    assert {kind for kind, _ in found(town, "li", kinds="area")} == {"area"}
    assert {kind for kind, _ in found(town, "wangge", kinds="grid,area", limit=50)} == {"grid"}
    told = town.hall.client.get("/v1/search", params={"q": "wg", "limit": 3}).json()
    assert (len(told["results"]), told["is_whole"]) == (3, False)
    answer = town.hall.client.get("/v1/search", params={"q": "wg", "kinds": "grid,roads"}, headers={"Accept-Language": "en"})
    assert "place" in problem(answer, 400, "invalid-parameter")["detail"]


@pytest.mark.parametrize(
    ("typed", "name", "type_"),
    [("幸福", "幸福小区", "compound"), ("xingfu", "幸福小区", "compound"), ("xfxq", "幸福小区", "compound"),
     ("幸福小区3号楼", "幸福小区3号楼", "building"), ("市中区街道1幸福小区", None, None), ("jingshilu", "经十路", "street"),
     ("quancheng", "泉城公园", "site"), ("xqh", "小清河", "line")],
)  # fmt: skip
def test_places_for_those_who_handle_incidents(town, typed, name, type_):
    """Whoever handles incidents finds compounds, their buildings, sites, roads and rivers; a name of no area leads nowhere."""
    told = [each for each in results(town, typed, "district") if each["kind"] == "place"]
    if name is None:
        assert told == []
        return
    assert (told[0]["name"], told[0]["type"]) == (name, type_)
    assert [each["name"] for each in told[0]["way"]][:2] == ["济南市", "历下区"]
    assert all(kind != "place" for kind, _ in found(town, typed))


def test_places_lie_in_ones_own_areas(town):
    """A name that is there twice leads to both for the district, and for a community to the one that lies in it."""
    assert len(results(town, "阳光花园", "district")) == 2
    (one,) = results(town, "阳光花园", "community")
    assert one["way"][-1]["code"] == COMMUNITIES[0]
    assert results(town, "泉城公园", "community") == []


def test_the_best_place_is_not_the_one_that_is_left_out(town):
    """Where there are more places than are wanted those of the first names are told, wherever these stand in the alphabet."""
    scope = Scope(public=("places",))
    with town.hall.app.state.service.pool.read(scope) as conn:
        for names in (["阳光花园", "泉城公园"], ["泉城公园", "阳光花园"]):
            told = [each.name for each in shown_places(conn, names, TODAY, limit=1)]
            assert told == names[:1]


def test_places_for_everybody(cluster, template, tmp_path):
    """Where places are public everybody finds compounds and roads, everywhere; buildings only who handles incidents."""
    with cluster.clone(template) as db, station_over(db, tmp_path, public=("areas", "grids", "places")) as made:
        name_ground(made.hall)
        assert found(made, "xingfuxq") == [("place", "幸福小区"), ("place", "幸福小区二期")]
        assert found(made, "幸福小区3号楼") == []
        assert len(results(made, "ygh", "community")) == 2
        assert len(results(made, "ygh", "community", own=True)) == 1
        assert [each["type"] for each in results(made, "幸福小区3号楼", "community")] == ["building"]


def test_stations_for_those_who_see_them(town):
    """A station is found by name and code by those in whose areas it is, and by nobody else."""
    assert found(town, "quancheng", "community", kinds="station") == [("station", "YZ-01")]
    assert found(town, "yz-", "community") == [("station", "YZ-01")]
    assert found(town, "泉城驿站") == []


def test_only_where_one_works(town):
    """By wish only one's own is found, whatever else is public: the grids of the community, and the areas above it."""
    assert {code[:12] for _, code in found(town, "wg", "community", limit=50)} == set(COMMUNITIES)
    own = found(town, "wg", "community", own=True, limit=50)
    assert {code[:12] for _, code in own} == {COMMUNITIES[0]}
    assert found(town, "lixia", "community", own=True) == [("area", DISTRICT)]


def test_figures_stay_hidden(town):
    """The grid whose count nobody is told is found as any other, and nothing is said of who lives in it."""
    (grid,) = results(town, HIDDEN)
    assert set(grid) == {"kind", "type", "code", "name", "way", "lon", "lat", "bbox", "fit", "page"}


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE wangge.grid; --", "%", "_", "\\", ".*", "[a-", "<img src=x onerror=alert(1)>", "\u202e", "🏠", "a" * 100],
)
def test_no_text_does_anything(town, text):
    """What is typed is matched and never run: signs of SQL, of patterns and of markup find nothing and break nothing."""
    assert found(town, text, "district") == []
    assert found(town, "lixiaqu", "district")[0] == ("area", DISTRICT)


def test_what_is_new_is_found(town):
    """A name that is written is found a moment later, and what is no longer there is not."""
    assert found(town, "xinyuan", "district") == []
    town.hall.do(
        """INSERT INTO wangge.station (code, area_id, path, name, level, kind, geom, updated_at)
           SELECT 'YZ-02', area_id, path, '欣园驿站', level, kind, geom, now() FROM wangge.station WHERE code = 'YZ-01'"""
    )
    time.sleep(FRESH_S + 0.1)
    assert found(town, "xinyuan", "district") == [("station", "YZ-02")]
    town.hall.do("UPDATE wangge.station SET active = false, revision = revision + 1 WHERE code = 'YZ-02'")
    assert found(town, "xinyuan", "district") == []


def test_where_nothing_is_public(cluster, template, tmp_path):
    """Without public areas and grids strangers are asked who they are, and whoever works there finds their own alone."""
    with cluster.clone(template) as db, station_over(db, tmp_path, public=()) as closed:
        problem(closed.hall.client.get("/v1/search?q=1"), 401, "unidentified")
        grids = found(closed, "wg", "community", limit=50)
        assert {code[:12] for _, code in grids} == {COMMUNITIES[0]}
    with cluster.clone(template) as db, station_over(db, tmp_path / "half", public=("areas",)) as half:
        assert found(half, "wg", limit=50) == []
        assert found(half, "市中区") == [("area", DISTRICT)]
