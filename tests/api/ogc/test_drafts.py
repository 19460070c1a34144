"""Drafts over HTTP: a planner edits the grids of a plan with OGC API Features, Part 4, and the plan stays one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import httpx
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV30SpecValidator
from psycopg2.errors import InsufficientPrivilege

from api.ogc.collections import DRAFTS
from api.ogc.drafts import MERGE_PATCH, WRITABLE
from data.store.pool import connect
from data.store.sql import run
from gis.frame import transform_geometry
from gis.town import LineKind
from tests.api.v1.hall import Hall, hall_over, problem
from tests.drawn import FRAME, ORIGIN, Line
from tests.stored import brought, drafted, owner, published, village

C1, C2, STREET, DISTRICT = "370103016001", "370103016002", "街道", "区"
ITEMS = "/collections/plan-grids/items"
G1, G2, G3 = (f"{C1}00{n}" for n in (1, 2, 3))
"""The north of the first community; its south, west and east of a line at 200 m."""
LINE = 200.0
ZONE = "http://www.opengis.net/def/crs/EPSG/0/4548"
SYSTEMS = [
    "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    "http://www.opengis.net/def/crs/EPSG/0/4326",
    "http://www.opengis.net/def/crs/EPSG/0/4490",
    "http://www.opengis.net/def/crs/EPSG/0/3857",
    ZONE,
]


@dataclass
class Desk:
    """A planner of both communities, and a draft of theirs."""

    hall: Hall
    planner: httpx.Client
    plan: str

    def grids(self, query=""):
        """Features by their codes."""
        answer = self.planner.get(f"{ITEMS}?{query}")
        assert answer.status_code == 200, answer.text
        return {each["properties"]["code"]: each for each in answer.json()["features"]}

    def get(self, code, crs=SYSTEMS[0]):
        """One feature, its address and its tag."""
        path = f"{ITEMS}/{self.grids('skipGeometry=true')[code]['id']}"
        answer = self.planner.get(path, params={"crs": crs})
        assert answer.status_code == 200, answer.text
        return answer.json(), path, answer.headers["etag"]

    def put(self, path, body, seen, crs=SYSTEMS[0], who=None):
        """Replace a feature."""
        headers = {"If-Match": seen, "Content-Crs": f"<{crs}>", "Content-Type": "application/geo+json"}
        return (who or self.planner).put(path, json=body, headers=headers)

    def patch(self, path, body, seen):
        """Change some of a feature."""
        return self.planner.patch(path, json=body, headers={"If-Match": seen, "Content-Type": MERGE_PATCH})

    def post(self, body, crs=ZONE):
        """Add a feature."""
        return self.planner.post(ITEMS, json=body, headers={"Content-Crs": f"<{crs}>", "Content-Type": "application/geo+json"})

    def document(self):
        """The plan as it stands."""
        return self.planner.get(f"/v1/plans/{self.plan}").json()

    def take(self, action):
        """Take a step of the approval."""
        path = f"/v1/plans/{self.plan}"
        seen = self.planner.get(path).headers["etag"]
        answer = self.planner.post(f"{path}/transitions", json={"action": action}, headers={"If-Match": seen})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self):
        """Everything that the store has of the plan's grids."""
        return self.hall.rows(
            """SELECT g.id, g.row_version, a.code, g.code, g.name, g.kind, g.subtype, g.households, g.persons, g.buildings,
                 g.area_m2, g.perimeter_m, g.compactness, g.east, g.south, g.west, g.north, g.exception, g.in_force, g.since,
                 g.households_public, g.persons_public, g.version, encode(ST_AsEWKB(g.shape), 'hex')
               FROM wangge.grid g JOIN wangge.area a ON a.id = g.area_id WHERE plan_id = %s ORDER BY g.id""",
            [self.plan],
        )


@pytest.fixture(scope="module")
def still(cluster, template, tmp_path_factory):
    """A desk for tests that leave everything as it was."""
    with cluster.clone(template) as db, hall_over(db, tmp_path_factory.mktemp("still")) as hall:
        yield from _desk(hall)


@pytest.fixture
def desk(db, tmp_path):
    """A desk of the test's own."""
    with hall_over(db, tmp_path) as hall:
        yield from _desk(hall)


@pytest.fixture
def half_desk(db, tmp_path):
    """A desk whose draft is for the first community only."""
    with hall_over(db, tmp_path) as hall:
        yield from _desk(hall, both=False)


def _desk(hall, *, both=True):
    drawing = village()
    drawing.lines = [
        Line(LineKind.ROAD, [(-20, 200), (820, 200)], "中街"),
        Line(LineKind.RIVER, [(-5, -20), (-5, 320)], "西河"),
        Line(LineKind.WALL, [(405, 0), (405, 180)], "围墙"),
        Line(LineKind.LANE, [(0, 308), (150, 308)], "北巷"),
    ]
    with owner(hall.db.admin) as conn:
        made = brought(conn, drawing.town())
    author = hall.person("author", ("community", C1), ("community", C2))
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, made, net=made.net if both else made.net.take(range(3)), author=author).id
    with client_of(hall, hall.key(author)) as planner:
        yield Desk(hall, planner, plan)


def client_of(hall, headers):
    """Ask as somebody."""
    return httpx.Client(base_url=hall.client.base_url, headers=headers, timeout=20, trust_env=False)


def box(west, south, east, north):
    """A rectangle in metres from the drawing's corner, as GeoJSON in the town's frame: north comes first there."""
    x, y = ORIGIN
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return {"type": "Polygon", "coordinates": [[[y + b, x + a] for a, b in ring]]}


def new(geometry, **properties):
    """A feature to send."""
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def moved(feature, by):
    """A feature in the town's frame whose corners on the line between the southern grids are moved east."""
    at = ORIGIN[0] + LINE
    rings = [[[n, e + by if e == at else e] for n, e, *_ in ring] for ring in feature["geometry"]["coordinates"]]
    return {**feature, "geometry": {"type": "Polygon", "coordinates": rings}}


def without(names, row):
    """A row without some columns, by their places."""
    return tuple(value for k, value in enumerate(row) if k not in names)


# --- who sees them ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [None, ("grid_worker", C1), ("auditor", None), ("administrator", None)])
def test_drafts_are_not_there_for_others(still, who) -> None:
    """Whoever sees no drafts is told that there is no such collection, wherever they ask, and it is listed nowhere."""
    headers = still.hall.comes(f"other{who}", who) if who else {}
    one = f"{ITEMS}/{still.grids()[G1]['id']}"
    with client_of(still.hall, headers) as client:
        for path in (
            ITEMS,
            one,
            "/collections/plan-grids",
            *(f"/collections/plan-grids/{x}" for x in ("schema", "queryables")),
        ):
            problem(client.get(path), 404, "not-found")
        for method in ("OPTIONS", "PUT", "PATCH", "DELETE"):
            problem(client.request(method, one, json={}), 404, "not-found")
        problem(client.post(ITEMS, json={}), 404, "not-found")
        assert "plan-grids" not in client.get("/collections").text
        assert "plan-grids" not in client.get("/api").text


def test_drafts_have_no_tiles_and_no_files(still) -> None:
    """Even for planners drafts are features only: no tile or file of theirs can be kept by anybody."""
    for path in ("tiles", "tiles/WebMercatorQuad", "tiles/WebMercatorQuad/0/0/0", "bulk"):
        problem(still.planner.get(f"/collections/plan-grids/{path}"), 404, "not-found")
    problem(still.planner.get("/tiles/plan-grids/0/0/0.mvt"), 404, "not-found")


def test_a_planner_finds_the_collection(still) -> None:
    """For planners the collection is listed, described and claimed; nobody keeps a copy of what it holds."""
    assert "plan-grids" in [each["id"] for each in still.planner.get("/collections").json()["collections"]]
    told = still.planner.get("/collections/plan-grids", headers={"accept": "text/html"})
    assert told.json()["extent"]["spatial"]["bbox"][0] == pytest.approx([117.0, 36.1303, 117.0089, 36.133], abs=0.0001)
    for path in (ITEMS, f"{ITEMS}/{still.grids()[G1]['id']}", "/collections/plan-grids"):
        assert still.planner.get(path).headers["cache-control"] == "private, no-store"
    claimed = still.planner.get("/conformance").json()["conformsTo"]
    base = "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/"
    wanted = {"create-replace-delete", "update", "optimistic-locking-etags", "features"}
    assert {each.removeprefix(base) for each in claimed if each.startswith(base)} == wanted
    description = still.planner.get("/api").json()
    OpenAPIV30SpecValidator(description).validate()
    assert set(description["paths"][f"{ITEMS}/{{featureId}}"]) == {"get", "put", "patch", "delete", "options"}
    assert set(description["paths"][ITEMS]) == {"get", "post", "options"}


def test_items_tell_the_truth_and_take_filters(still) -> None:
    """The draft's grids come with their true counts and their plan, and are asked for like any features."""
    grids = still.grids()
    assert len(grids) == 6
    told = grids[G1]["properties"]
    assert (told["households"], told["plan"], told["editable"], told["valid_from"]) == (400, still.plan, True, None)
    assert told["plan_number"] == still.document()["number"]
    assert still.grids(f"community={C2}").keys() == {f"{C2}00{n}" for n in (1, 2, 3)}
    assert still.grids("filter=households>400") == {}
    first = still.planner.get(f"{ITEMS}?limit=4").json()
    (following,) = (each["href"] for each in first["links"] if each["rel"] == "next")
    pages = first["features"] + still.planner.get(following).json()["features"]
    assert [each["id"] for each in pages] == sorted(each["id"] for each in grids.values())
    for unknown in ("0", "999999", "x", "1.0", "9" * 30, "١"):
        problem(still.planner.get(f"{ITEMS}/{unknown}"), 404, "not-found")


def test_counts_follow_edits(desk) -> None:
    """The number of features is counted anew after every change: nothing is remembered of drafts."""
    assert desk.planner.get(f"{ITEMS}?count=exact&limit=1").json()["numberMatched"] == 6
    _, path, seen = desk.get(G1)
    assert desk.planner.delete(path, headers={"If-Match": seen}).status_code == 204
    assert desk.planner.get(f"{ITEMS}?count=exact&limit=1").json()["numberMatched"] == 5


def test_another_planners_part(desk) -> None:
    """Whoever has a part of a plan sees that part with its figures, and may change nothing of the plan: 403."""
    with client_of(desk.hall, desk.hall.comes("part", ("community", C1))) as client:
        seen = client.get(ITEMS).json()["features"]
        assert {each["properties"]["community"] for each in seen} == {C1}
        assert not any(each["properties"]["editable"] for each in seen)
        path = f"{ITEMS}/{seen[0]['id']}"
        assert client.options(path).headers["allow"] == "GET, HEAD, OPTIONS"
        problem(client.delete(path, headers={"If-Match": "*"}), 403, "scope-denied")
        problem(desk.put(path, new(box(0, 0, 10, 10), name="x"), "*", ZONE, client), 403, "scope-denied")
        mine = new(box(0, 0, 10, 10), plan=desk.plan, name="x", community=C1)
        answer = client.post(ITEMS, json=mine, headers={"Content-Type": "application/geo+json", "Content-Crs": ZONE})
        problem(answer, 403, "scope-denied")
        theirs = next(each["id"] for each in desk.grids().values() if each["properties"]["community"] == C2)
        problem(client.get(f"{ITEMS}/{theirs}"), 404, "not-found")


def test_categories_count(desk) -> None:
    """A planner for one kind of grid only does not see the others, so what follows from a change is not theirs to find."""
    roles = (("community", code, "residential") for code in (C1, C2))
    with client_of(desk.hall, desk.hall.comes("kind", *roles)) as client:
        path = f"{ITEMS}/{client.get(ITEMS).json()['features'][0]['id']}"
        problem(client.delete(path, headers={"If-Match": "*"}), 403, "scope-denied")


# --- one feature there and back ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("crs", SYSTEMS)
def test_there_and_back_is_the_same(desk, crs) -> None:
    """A grid that is fetched in any system and put back changes no byte of the plan, which still validates."""
    before = desk.rows()
    for code in desk.grids():
        feature, path, seen = desk.get(code, crs)
        answer = desk.put(path, feature, seen, crs)
        assert (answer.status_code, answer.headers["etag"], answer.headers["content-crs"]) == (200, seen, f"<{crs}>")
        assert answer.json()["geometry"] == feature["geometry"]
    assert desk.rows() == before
    assert desk.take("validate")["state"] == "validated"


@pytest.mark.parametrize("away", [1e-8, 4e-8])
def test_a_careless_gis_opens_no_gaps(desk, away) -> None:
    """Vertices that come back some millimetres beside where they were are those vertices, however the rings are written."""
    draw = np.random.default_rng(1)
    before = desk.rows()
    for code in (G1, G2, G3):
        feature, path, seen = desk.get(code)
        ring = feature["geometry"]["coordinates"][0][:-1]
        ring = [[x + dx, y + dy, 0.0] for (x, y), (dx, dy) in zip(ring, draw.uniform(-away, away, (len(ring), 2)), strict=True)]
        ring = ring[3:] + ring[:3]
        ring.reverse()
        feature["geometry"] = {"type": "MultiPolygon", "coordinates": [[[*ring, ring[0]]]]}
        assert desk.put(path, feature, seen).status_code == 200
    assert desk.rows() == before
    assert desk.take("validate")["state"] == "validated"


def test_the_crs_member_counts_too(desk) -> None:
    """GeoJSON's old member names the system as the header does; together they must agree, and an unknown one is refused."""
    feature, path, seen = desk.get(G1, ZONE)
    before = desk.rows()
    named = {**feature, "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4548"}}}
    headers = {"If-Match": seen, "Content-Type": "application/geo+json"}
    assert desk.planner.put(path, json=named, headers=headers).status_code == 200
    assert desk.rows() == before
    problem(desk.put(path, named, seen), 422, "invalid-body")
    problem(desk.put(path, feature, seen, "http://www.opengis.net/def/crs/EPSG/0/1"), 400, "unsupported-crs")
    problem(desk.put(path, {**feature, "crs": "EPSG:4548"}, seen, ZONE), 422, "invalid-body")


# --- moving a line ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [30.0, 17.37, -41.01])
def test_a_line_is_moved_by_writing_both_sides(desk, by) -> None:
    """Both grids of a line are fetched, moved and put back; the plan is whole again, with all that follows from it."""
    sides = {code: desk.get(code, ZONE) for code in (G2, G3)}
    for feature, path, seen in sides.values():
        answer = desk.put(path, moved(feature, by), seen, ZONE)
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] != seen
    plan = desk.take("validate")
    assert (plan["state"], [f for f in plan["findings"] if f["severity"] == "error"]) == ("validated", [])
    grids = {code: each["properties"] for code, each in desk.grids().items()}
    west = sum(25 for k in range(8) for row in range(6) if row < 4 and 25 + 50 * k < LINE + by)
    assert (grids[G2]["households"], grids[G3]["households"]) == (west, 800 - west)
    assert grids[G2]["area_m2"] == pytest.approx((LINE + by) * 200, abs=5)
    assert desk.hall.value("SELECT count(*) FROM wangge.assignment WHERE plan_id = %s", [desk.plan]) == 96
    counted = desk.hall.rows(
        """SELECT g.code, sum(h.households) FROM wangge.assignment s JOIN wangge.grid g ON g.id = s.grid_id
           JOIN wangge.household_point h ON h.id = s.household_id WHERE s.plan_id = %s GROUP BY 1""",
        [desk.plan],
    )
    assert dict(counted) == {code: each["households"] for code, each in grids.items()}


@pytest.mark.parametrize(("by", "kind"), [(30.0, "overlap"), (-5.0, "gap"), (-30.0, "missing_grid")])
def test_one_side_alone_leaves_a_fault(desk, by, kind) -> None:
    """A line that is moved on one side only is a gap or an overlap, which the check names with its place."""
    feature, path, seen = desk.get(G2, ZONE)
    assert desk.put(path, moved(feature, by), seen, ZONE).status_code == 200
    plan = desk.take("validate")
    assert plan["state"] == "draft"
    (found,) = [f for f in plan["findings"] if f["kind"] == kind]
    assert found["place"]["crs"] == FRAME
    assert 0 <= (found["place"]["x"] - ORIGIN[0] - LINE) / by <= 1


def test_bounds_are_never_stale(desk) -> None:
    """Where grids do not tile, bounds around the change are empty and the plan says so; whole again, they are as before."""
    before = {row[3]: row[13:17] for row in desk.rows()}
    feature, path, seen = desk.get(G2, ZONE)
    shrunk = desk.put(path, moved(feature, -30.0), seen, ZONE)
    assert [shrunk.json()["properties"][side] for side in ("east", "south", "west", "north")] == [""] * 4
    cleared = {row[3] for row in desk.rows() if not any(row[13:17])}
    assert {G2, G3} <= cleared <= {G1, G2, G3}
    assert {f["subject"] for f in desk.document()["findings"] if f["kind"] == "bounds_cleared"} == cleared
    assert desk.put(path, feature, shrunk.headers["etag"], ZONE).status_code == 200
    assert {row[3]: row[13:17] for row in desk.rows()} == before
    assert desk.document()["findings"] == []


@pytest.mark.parametrize("side", ["desk", "half_desk"])
def test_bounds_are_the_engines(request, side) -> None:
    """Found anew, the bounds of all grids are those that the engine gave them: roads, walls, neighbours in the plan or not."""
    desk = request.getfixturevalue(side)
    before = {row[3]: row[13:17] for row in desk.rows()}
    assert {"中街", "西河", "围墙", "北巷", C2} <= {text for code, four in before.items() if code < C2 for text in four}
    desk.hall.do("UPDATE wangge.grid SET east = 'e', south = 's', west = 'w', north = 'n'")
    for code in (G1, f"{C2}001"):
        if code in before:
            _, path, seen = desk.get(code)
            assert desk.patch(path, {"properties": {"kind": "dedicated"}}, seen).status_code == 200
    assert {row[3]: row[13:17] for row in desk.rows()} == before


def test_a_new_name_reaches_the_neighbours(desk) -> None:
    """The bounds of the neighbours say the new name of a grid at once, and not the old one anywhere."""
    _, path, seen = desk.get(G2)
    answer = desk.patch(path, {"properties": {"name": "河西网格"}}, seen)
    assert (answer.status_code, answer.json()["properties"]["name"]) == (200, "河西网格")
    bounds = {row[3]: row[13:17] for row in desk.rows()}
    assert bounds[G3][2] == "河西网格"
    assert not any(f"{C1}第2网格" in text for four in bounds.values() for text in four)
    assert desk.take("validate")["state"] == "validated"


def test_a_corner_on_the_communities_line_is_on_both_sides(desk) -> None:
    """A new corner on the line between two communities becomes a vertex of the grids beyond it, whose tags stay."""
    theirs = {code: desk.get(code)[2] for code in desk.grids() if code.startswith(C2)}
    for code, y0, y1 in ((G1, 170.0, 300.0), (G3, 0.0, 170.0)):
        _, path, seen = desk.get(code)
        shape = box(0.0 if code == G1 else LINE, y0, 400, y1)
        assert desk.put(path, new(shape, **_own(code)), seen, ZONE).status_code == 200
    _, path, seen = desk.get(G2)
    assert desk.put(path, new(box(0, 0, LINE, 170), **_own(G2)), seen, ZONE).status_code == 200
    plan = desk.take("validate")
    assert (plan["state"], [f for f in plan["findings"] if f["severity"] == "error"]) == ("validated", [])
    assert {code: desk.get(code)[2] for code in theirs} == theirs
    corner = shapely.Point(ORIGIN[0] + 400, ORIGIN[1] + 170)
    beyond = [shapely.from_wkb(row[23]) for row in desk.rows() if row[2] == C2]
    assert sum(corner.coords[0] in list(shape.exterior.coords) for shape in beyond) == 1


def _own(code):
    return {"name": f"grid {code[-1]}", "kind": "residential", "community": code[:12]}


# --- adding and removing ----------------------------------------------------------------------------------------------


def test_a_grid_is_split_in_two(desk) -> None:
    """A grid is made smaller and another added beside it: it gets a free code, all its figures, and an address."""
    _, path, seen = desk.get(G1)
    assert desk.put(path, new(box(0, 200, 200, 300), **_own(G1)), seen, ZONE).status_code == 200
    answer = desk.post(new(box(200, 200, 400, 300), plan=desk.plan, name="新网格", community=C1))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    told = made["properties"]
    assert (told["code"], told["kind"], told["households"], told["area_m2"]) == (f"{C1}004", "residential", 200, 20_000.0)
    assert answer.headers["location"].endswith(f"{ITEMS}/{made['id']}")
    assert answer.headers["etag"] == f'"{made["id"]}-1"'
    assert desk.planner.get(answer.headers["location"]).headers["etag"] == answer.headers["etag"]
    grids = desk.grids()
    assert [grids[code]["properties"]["exception"] for code in (G1, told["code"], G2)] == ["unproven", "unproven", None]
    plan = desk.take("validate")
    assert (plan["state"], plan["metrics"]["grids"], plan["metrics"]["exceptions_unproven"]) == ("validated", 7, 2)


def test_a_removed_grid_leaves_a_gap(desk) -> None:
    """A grid that is removed is gone with its households, and the check finds its ground."""
    _, path, seen = desk.get(G1)
    answer = desk.planner.delete(path, headers={"If-Match": seen})
    assert (answer.status_code, answer.content) == (204, b"")
    problem(desk.planner.get(path), 404, "not-found")
    problem(desk.planner.delete(path, headers={"If-Match": seen}), 404, "not-found")
    assert desk.hall.value("SELECT count(*) FROM wangge.assignment WHERE plan_id = %s", [desk.plan]) == 80
    assert "missing_grid" in {f["kind"] for f in desk.take("validate")["findings"]}


def test_every_grid_may_be_removed(desk) -> None:
    """A plan may be drawn from nothing: with its last grid gone it is still a draft, to which grids are added."""
    for each in desk.grids().values():
        assert desk.planner.delete(f"{ITEMS}/{each['id']}", headers={"If-Match": "*"}).status_code == 204
    assert desk.document()["metrics"]["grids"] == 0
    answer = desk.post(new(box(0, 0, 400, 300), plan=desk.document()["number"], name="全部", community=C1))
    assert (answer.status_code, answer.json()["properties"]["households"]) == (201, 1200)


def test_a_codes_second_use_is_refused(desk) -> None:
    """A code is one grid's in a plan."""
    problem(desk.post(new(box(0, 0, 9, 9), plan=desk.plan, name="x", community=C1, code=G2)), 409, "already-exists")
    _, path, seen = desk.get(G1)
    problem(desk.patch(path, {"properties": {"code": G2}}, seen), 409, "already-exists")


# --- who was first ----------------------------------------------------------------------------------------------------


def test_preconditions(desk) -> None:
    """Nothing is written without If-Match (428) or with an old tag (412, with the current one); `*` takes what is there."""
    feature, path, seen = desk.get(G1)
    before = desk.rows()
    sent = {"Content-Type": "application/geo+json"}
    problem(desk.planner.put(path, json=feature, headers=sent), 428, "precondition-required")
    problem(desk.planner.patch(path, json={}, headers={"Content-Type": MERGE_PATCH}), 428, "precondition-required")
    problem(desk.planner.delete(path), 428, "precondition-required")
    for answer in (
        desk.put(path, feature, '"0-0"'),
        desk.patch(path, {}, f"W/{seen}"),
        desk.planner.delete(path, headers={"If-Match": '"0-0"'}),
    ):
        assert problem(answer, 412, "stale-version")["current"] == answer.headers["etag"] == seen
    assert desk.rows() == before
    assert desk.patch(path, {"properties": {"name": "新"}}, "*").status_code == 200


def test_of_two_planners_one_is_first(desk) -> None:
    """Two who have seen the same and write at once: one succeeds, the other is told, however often they try."""
    other = client_of(desk.hall, desk.hall.comes("second", ("district", DISTRICT)))
    with other:
        for turn in range(5):
            feature, path, seen = desk.get(G1)
            bodies = [{**feature, "properties": {**feature["properties"], "name": f"{who}{turn}"}} for who in "甲乙"]
            with ThreadPoolExecutor(2) as pool:
                jobs = zip((desk.planner, other), bodies, strict=True)
                answers = list(pool.map(lambda job: desk.put(path, job[1], seen, who=job[0]), jobs))  # noqa: B023 - this turn's
            assert sorted(answer.status_code for answer in answers) == [200, 412]
            (won,) = (body for body, answer in zip(bodies, answers, strict=True) if answer.is_success)
            assert desk.get(G1)[0]["properties"]["name"] == won["properties"]["name"]


# --- what may be written ----------------------------------------------------------------------------------------------


def test_options_say_what_may_be_done(desk) -> None:
    """OPTIONS lists the methods of the collection and of a grid, fewer once the plan is no draft any more."""
    path = desk.get(G1)[1]
    assert set(desk.planner.options(ITEMS).headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    told = desk.planner.options(path)
    assert (told.status_code, told.headers["accept-patch"]) == (204, MERGE_PATCH)
    assert set(told.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}
    desk.take("validate")
    desk.take("submit")
    assert set(desk.planner.options(path).headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    refused = desk.planner.post("/collections/grids/items", json={})
    assert (refused.status_code, "POST" in refused.headers["allow"]) == (405, False)


def test_an_edit_reopens_what_was_validated(desk) -> None:
    """An edited plan is a draft again, with a new revision, no digest, and a line in the log; an edit that is none is not."""
    validated = desk.take("validate")
    feature, path, seen = desk.get(G1)
    assert desk.put(path, feature, seen).status_code == 200
    assert (desk.document()["state"], desk.document()["revision"]) == ("validated", validated["revision"])
    assert desk.patch(path, {"properties": {"name": "新"}}, seen).status_code == 200
    plan = desk.document()
    assert (plan["state"], plan["revision"], plan["made_with"]["drawn_by_hand"]) == ("draft", validated["revision"] + 1, True)
    assert desk.hall.value("SELECT digest IS NULL FROM wangge.plan WHERE id = %s", [desk.plan])
    kinds = "SELECT kind, body->>'code' FROM wangge.event WHERE subject = %s AND kind LIKE 'plan.grid.%%' AND actor IS NOT NULL"
    assert desk.hall.rows(kinds, [desk.plan]) == [("plan.grid.change", G1)]


def _send_back(desk, who) -> None:
    """Have a street reject the plan."""
    at = f"/v1/plans/{desk.plan}"
    seen = desk.hall.client.get(at, headers=who).headers["etag"]
    body = {"action": "reject", "comment": "请调整"}
    answer = desk.hall.client.post(f"{at}/transitions", json=body, headers=who | {"If-Match": seen})
    assert (answer.status_code, answer.json()["state"], answer.json()["version"]) == (200, "draft", 2), answer.text


def _refused(desk, code) -> None:
    """Check that nothing of the plan can be changed, in any way."""
    feature, path, seen = desk.get(G1)
    before = desk.rows()
    for answer in (
        desk.put(path, {**feature, "properties": {**feature["properties"], "name": "新"}}, seen),
        desk.patch(path, {"properties": {"name": "新"}}, seen),
        desk.planner.delete(path, headers={"If-Match": seen}),
        desk.post(new(box(0, 0, 9, 9), plan=desk.plan, name="x", community=C1)),
    ):
        problem(answer, 409, code)
    assert desk.rows() == before
    assert not any(each["properties"]["editable"] for each in desk.grids().values())


def test_what_was_submitted_does_not_change(desk) -> None:
    """A plan is closed (409) as soon as a part of its communities has submitted it, and until it is sent back."""
    desk.take("validate")
    half = desk.hall.comes("half", ("community", C1))
    at = f"/v1/plans/{desk.plan}"
    seen = desk.hall.client.get(at, headers=half).headers["etag"]
    answer = desk.hall.client.post(f"{at}/transitions", json={"action": "submit"}, headers=half | {"If-Match": seen})
    assert answer.json()["state"] == "validated"
    _refused(desk, "frozen")
    desk.take("submit")
    _refused(desk, "illegal-transition")


def test_what_was_sent_back_is_edited_at_once(desk) -> None:
    """Sent back, a plan is a draft of the next version with the same grids, that is edited at once; the first one stays."""
    desk.take("validate")
    desk.take("submit")
    before, homes = desk.rows(), "SELECT count(*) FROM wangge.assignment WHERE plan_id = %s AND version = %s"
    old = desk.get(G1)[1]
    _send_back(desk, desk.hall.comes("street", ("street", STREET)))
    problem(desk.planner.get(old), 404, "not-found")
    after = desk.rows()
    assert after[: len(before)] == before
    # The very same grids, but for their ids and the version.
    assert [without({0, 1, 22}, row) for row in after[len(before) :]] == [without({0, 1, 22}, row) for row in before]
    assert {row[22] for row in after[len(before) :]} == {2}
    assert all(each["properties"]["editable"] for each in desk.grids().values())
    _, path, seen = desk.get(G1)
    assert desk.patch(path, {"properties": {"name": "新"}}, seen).status_code == 200
    assert desk.post(new(box(0, 0, 9, 9), plan=desk.plan, name="x", community=C1)).status_code == 201
    assert desk.rows()[: len(before)] == before
    assert [desk.hall.value(homes, [desk.plan, version]) for version in (1, 2)] == [96, 96]


def test_who_sends_back_need_not_see_or_draw_it_all(desk) -> None:
    """Whoever reviews for one kind of grid only sends the whole plan back: no grid and no household is left behind."""
    _, path, seen = desk.get(G1)
    assert desk.patch(path, {"properties": {"kind": "dedicated"}}, seen).status_code == 200
    desk.take("validate")
    desk.take("submit")
    count = len(desk.grids())
    _send_back(desk, desk.hall.comes("street", ("street", STREET, "dedicated")))
    assert len(desk.grids()) == count
    assert desk.hall.value("SELECT count(*) FROM wangge.assignment WHERE plan_id = %s AND version = 2", [desk.plan]) == 96


def test_nobody_else_begins_a_version(desk) -> None:
    """The way round the policies that sends a plan back is only for who has just rejected this version, and only once."""
    desk.take("validate")
    desk.take("submit")
    street = desk.hall.person("street", ("street", STREET))
    _send_back(desk, desk.hall.key(street))
    for person in (street, ""):
        with closing(connect(desk.hall.db.app)) as conn:
            run(conn, "SELECT set_config('wangge.person', %s, false)", [person])
            with pytest.raises(InsufficientPrivilege):
                run(conn, "SELECT wangge.begin_next_version(%s, now())", [desk.plan])
    assert desk.document()["version"] == 2


# --- sent again -------------------------------------------------------------------------------------------------------


def test_an_edit_that_is_sent_again_is_done_once(desk) -> None:
    """With an Idempotency-Key each way to write gives its first answer again, though it would be refused by now."""
    feature, path, seen = desk.get(G1, ZONE)
    body = {**feature, "properties": {**feature["properties"], "name": "一"}}
    sent = {"Content-Type": "application/geo+json", "Content-Crs": f"<{ZONE}>"}

    def twice(key, method, where, **more):
        headers = {"Idempotency-Key": key, **more.pop("headers")}
        first, second = (desk.planner.request(method, where, headers=headers, **more) for _ in range(2))
        assert first.is_success, first.text
        assert (first.status_code, first.content) == (second.status_code, second.content)
        told = ("etag", "location", "content-crs", "link", "cache-control", "content-type")
        assert [first.headers.get(name) for name in told] == [second.headers.get(name) for name in told]
        assert ("idempotency-replayed" in first.headers, second.headers["idempotency-replayed"]) == (False, "true")
        return first

    put = twice("a", "PUT", path, json=body, headers={"If-Match": seen, **sent})
    assert put.headers["etag"] != seen
    # Other coordinates under the same numbers are another request, and so is the same change to another state.
    for other in ({"If-Match": put.headers["etag"], **sent}, {"If-Match": seen, **sent, "Content-Crs": f"<{SYSTEMS[0]}>"}):
        problem(desk.planner.put(path, json=body, headers={"Idempotency-Key": "a", **other}), 422, "idempotency-key-reused")
    merge = {"If-Match": put.headers["etag"], "Content-Type": MERGE_PATCH}
    patched = twice("b", "PATCH", path, json={"properties": {"name": "二"}}, headers=merge)
    made = new(box(0, 0, 9, 9), plan=desk.plan, name="x", community=C1)
    added = twice("c", "POST", ITEMS, json=made, headers=sent)
    assert len(desk.grids()) == 7
    gone = added.headers["location"]
    twice("d", "DELETE", gone, headers={"If-Match": added.headers["etag"]})
    assert len(desk.grids()) == 6
    assert (patched.json()["properties"]["name"], desk.get(G1)[0]["properties"]["name"]) == ("二", "二")
    kinds = "SELECT kind FROM wangge.event WHERE subject = %s AND kind LIKE 'plan.grid.%%' ORDER BY chain, seq"
    assert [kind for (kind,) in desk.hall.rows(kinds, [desk.plan])] == [
        f"plan.grid.{what}" for what in ("change", "change", "add", "remove")
    ]


def test_a_refused_edit_uses_up_no_key(desk) -> None:
    """What was refused has kept no answer: mended, it is sent with the same key."""
    _, path, seen = desk.get(G1)
    headers = {"Idempotency-Key": "k", "Content-Type": MERGE_PATCH}
    for tag, status in (('"0-0"', 412), (seen, 200)):
        answer = desk.planner.patch(path, json={"properties": {"name": "新"}}, headers={**headers, "If-Match": tag})
        assert answer.status_code == status


def test_published_plans_are_seen_and_not_edited(db, tmp_path) -> None:
    """The grids in force are in the collection too, with their days, and are not editable."""
    with owner(db.admin) as conn:
        published(conn)
    with hall_over(db, tmp_path) as hall, client_of(hall, hall.comes("p", ("district", DISTRICT))) as client:
        found = client.get(ITEMS).json()["features"]
        assert {(f["properties"]["editable"], f["properties"]["valid_from"]) for f in found} == {(False, "2026-01-01")}
        answer = client.delete(f"{ITEMS}/{found[0]['id']}", headers={"If-Match": "*"})
        problem(answer, 409, "illegal-transition")


SERVER_SIDE = sorted({field.name for field in DRAFTS.fields} - set(WRITABLE))
anything = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=5) | st.lists(st.integers(), max_size=2)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.dictionaries(st.sampled_from(SERVER_SIDE), anything, min_size=1), whole=st.booleans())
def test_what_the_server_finds_is_not_the_clients_to_say(still, sent, whole) -> None:
    """Whatever is sent for a property that the server finds by itself, nothing in the store is another for it."""
    before = still.rows()
    feature, path, seen = still.get(G1)
    if whole:
        body = {**feature, "id": "7", "properties": {**feature["properties"], **sent}, "links": [], "bbox": [0, 0, 1, 1]}
        answer = still.put(path, body, seen)
    else:
        answer = still.patch(path, {"id": "7", "properties": sent}, seen)
    assert answer.status_code == 200, answer.text
    assert still.rows() == before


def test_only_what_is_written_changes(desk) -> None:
    """With a change beside them, figures that are sent change nothing either: the row is what follows from the change."""
    figures = {
        "households": 1,
        "persons": 2,
        "area_m2": 3,
        "exception": None,
        "valid_from": "2020-01-01",
        "plan": "x",
        "id": "1",
    }
    _, path, seen = desk.get(G1)
    before = {row[0]: row for row in desk.rows()}
    assert desk.patch(path, {"properties": {**figures, "name": "新"}}, seen).status_code == 200
    after = {row[0]: row for row in desk.rows()}
    mine = int(path.rpartition("/")[2])
    assert without({1, 4}, after[mine]) == without({1, 4}, before[mine])


@pytest.mark.parametrize(
    ("properties", "pointer"),
    [
        ({"colour": "red"}, "/properties/colour"),
        ({"nmae": "x"}, "/properties/nmae"),
        ({"name": ""}, "/properties/name"),
        ({"name": "  "}, "/properties/name"),
        ({"name": None}, "/properties/name"),
        ({"name": 7}, "/properties/name"),
        ({"name": "x" * 101}, "/properties/name"),
        ({"name": "a\nb"}, "/properties/name"),
        ({"name": "\u0000"}, "/properties/name"),
        ({"kind": "special"}, "/properties/kind"),
        ({"subtype": "school"}, "/properties/subtype"),
        ({"code": "~1"}, "/properties/code"),
        ({"code": "a b"}, "/properties/code"),
        ({"code": None}, "/properties/code"),
        ({"community": "370103016009"}, "/properties/community"),
    ],
)
def test_words_that_no_grid_has(still, properties, pointer) -> None:
    """A property that cannot be written, or not so, is named by its place in the body, and nothing is written."""
    before = still.rows()
    _, path, seen = still.get(G1)
    told = problem(still.patch(path, {"properties": properties}, seen), 422, "invalid-body")
    assert told["errors"][0]["pointer"] == pointer
    assert still.rows() == before


def test_a_dedicated_grid(desk) -> None:
    """A grid becomes dedicated with a subtype, has no exception then, and loses its subtype when it is residential again."""
    _, path, seen = desk.get(G1)
    answer = desk.patch(path, {"properties": {"kind": "dedicated", "subtype": "school"}}, seen)
    assert (answer.status_code, answer.json()["properties"]["subtype"]) == (200, "school")
    answer = desk.patch(path, {"properties": {"kind": "residential"}}, answer.headers["etag"])
    assert (answer.status_code, answer.json()["properties"]["subtype"]) == (200, "")


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        {},
        [],
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[]]},
        {"type": "Polygon", "coordinates": [[[ORIGIN[1], ORIGIN[0]]] * 3]},
        {"type": "Polygon", "coordinates": [[[ORIGIN[1], ORIGIN[0]]] * 4]},
        {"type": "Polygon", "coordinates": [[["1", 1], [2, 2], [3, 3], ["1", 1]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1]]]},
        {"type": "Polygon", "coordinates": [box(0, 0, 9, 9)["coordinates"][0][:4]]},
        {"type": "Polygon", "coordinates": [[[ORIGIN[1] + k % 99, ORIGIN[0] + k] for k in range(10_001)]]},
        box(0, 0, 0.004, 0.004),
        box(0, 100, 400.02, 200),
        box(-5, -5, 5, 5),
        box(5000, 5000, 5010, 5010),
        {"type": "MultiPolygon", "coordinates": [box(0, 0, 9, 9)["coordinates"], box(5, 5, 15, 15)["coordinates"]]},
    ],
)
def test_shapes_that_no_grid_has(still, geometry) -> None:
    """What is no polygon, has too many vertices, is nothing on the 1 cm grid or leaves its community is not kept."""
    before = still.rows()
    _, path, seen = still.get(G1)
    problem(still.put(path, new(geometry, **_own(G1)), seen, ZONE), 422, "geometry-invalid")
    assert still.rows() == before


def test_a_crossing_is_shown(still) -> None:
    """A ring that crosses itself is refused with the place of the crossing, in the town's frame."""
    _, path, seen = still.get(G1)
    x, y = ORIGIN
    ring = [[y + b, x + a] for a, b in ((10, 10), (30, 30), (30, 10), (10, 30), (10, 10))]
    told = problem(
        still.put(path, new({"type": "Polygon", "coordinates": [ring]}, **_own(G1)), seen, ZONE), 422, "geometry-invalid"
    )
    assert told["errors"][0]["place"] == {"x": x + 20, "y": y + 20, "crs": FRAME}


_FAR = b'{"geometry": {"type": "Polygon", "coordinates": [[[%s, 36], [1, 36], [1, 37], [2, 36]]]}}'


@pytest.mark.parametrize(
    ("method", "media", "body", "status"),
    [
        ("PUT", "text/plain", b"{}", 415),
        ("PUT", MERGE_PATCH, b"{}", 415),
        ("PATCH", "application/json", b"{}", 415),
        ("PUT", "application/geo+json", b"{", 422),
        ("PUT", "application/geo+json", b"[]", 422),
        ("PUT", "application/geo+json", b"{}", 422),
        ("PUT", "application/geo+json", b'{"type": "Feature", "properties": null, "geometry": null}', 422),
        ("PATCH", MERGE_PATCH, b'{"properties": 7}', 422),
        ("PATCH", MERGE_PATCH, _FAR % b"1e400", 422),
        ("PATCH", MERGE_PATCH, _FAR % (b"9" * 400), 422),
        ("PATCH", MERGE_PATCH, _FAR % b"NaN", 422),
        ("PATCH", MERGE_PATCH, _FAR % b"-100", 422),
        ("PATCH", MERGE_PATCH, b'{"geometry": null}', 422),
    ],
)
def test_bodies_that_cannot_be_read(still, method, media, body, status) -> None:
    """A body of another type is 415, one that is no feature 422; neither is our fault, and neither writes."""
    before = still.rows()
    _, path, _ = still.get(G1)
    answer = still.planner.request(method, path, content=body, headers={"If-Match": "*", "Content-Type": media})
    assert answer.status_code == status, answer.text
    assert still.rows() == before


@pytest.mark.parametrize(
    ("missing", "pointer"), [("name", "/properties/name"), ("community", "/properties/community"), ("plan", "/properties/plan")]
)
def test_what_a_new_grid_needs(still, missing, pointer) -> None:
    """A new grid needs its plan, its community and a name; a plan that is not there is not found."""
    properties = {"plan": still.plan, "name": "x", "community": C1}
    del properties[missing]
    body = new(box(0, 0, 9, 9), **properties)
    assert problem(still.post(body), 422, "invalid-body")["errors"][0]["pointer"] == pointer
    problem(still.post(new(box(0, 0, 9, 9), plan="nowhere", name="x", community=C1)), 404, "not-found")


def test_the_frame_is_the_towns(desk) -> None:
    """Coordinates in degrees and in metres mean the same ground: a grid drawn in degrees lies where it lies in metres."""
    (shape,) = transform_geometry(
        np.array([shapely.box(ORIGIN[0], ORIGIN[1], ORIGIN[0] + 50, ORIGIN[1] + 50)], dtype=object), FRAME, "EPSG:4490"
    )
    feature = new(shapely.geometry.mapping(shape), plan=desk.plan, name="x", community=C1)
    answer = desk.post(feature, SYSTEMS[0])
    assert answer.status_code == 201, answer.text
    assert answer.json()["properties"]["area_m2"] == 2500.0
