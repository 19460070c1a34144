"""Features over HTTP: days, pages, systems, versions; and GDAL as a client of them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta

import pytest

from tests.published import HIDDEN, NEW, TODAY, Net, Served, add_net
from tests.served import served

GRIDS = "/collections/grids/items"
FIRST = "370103001001001"


def codes(client, query=""):
    """Codes of the features of one page, in order."""
    answer = client.get(f"{GRIDS}?{query}")
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["features"]]


def pages(client, path):
    """Every page from a path on, by the links named next."""
    while path:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        yield body
        path = next((each["href"] for each in body["links"] if each["rel"] == "next"), None)


def fault(answer):
    """Status and code of a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    ("when", "count"),
    [
        ("", 12),
        ("at=2024-01-01", 8),
        ("at=2025-06-30", 8),
        ("at=2025-07-01", 12),
        ("as-of=2025-06-30", 8),
        ("at=2023-12-31", 0),
        ("at=2100-01-01", 12),
        ("datetime=2024-05-01", 8),
        ("datetime=2024-05-01T00:00:00Z", 8),
        ("datetime=2024-05-01/2024-08-01", 8),
        ("datetime=2024-05-01/..", 12),
        ("datetime=../2024-05-01", 8),
        ("datetime=2024-05-01/2030-01-01", 12),
    ],
)
def test_net_of_a_day(ask, when, count) -> None:
    """Each day has the net that was in force on it; of an interval the day nearest to today is meant."""
    assert len(codes(ask, when)) == count


def test_two_days_are_refused(ask) -> None:
    """A day and a datetime together are refused: they might disagree."""
    assert fault(ask.get(f"{GRIDS}?at=2024-01-01&datetime=2024-01-01")) == (400, "invalid-parameter")


@pytest.mark.parametrize("order", ["", "sortby=-households,name&", "sortby=kind,-area_m2&", "sortby=since&"])
@pytest.mark.parametrize("limit", [1, 5])
def test_pages_have_each_feature_once(ask, order, limit) -> None:
    """Following next gives every feature once, in the order that was asked for, also where values are missing."""
    whole = codes(ask, order)
    paged = [f["id"] for page in pages(ask, f"{GRIDS}?{order}limit={limit}") for f in page["features"]]
    assert paged == whole
    assert len(set(paged)) == 12


def test_pages_keep_to_their_day(own_town) -> None:
    """Whoever pages across midnight of a new net stays in the old one, and gets no feature twice."""
    own_town.now = TODAY.replace(year=2025, month=6, day=30)
    with served(own_town.app) as client:
        reader = pages(client, f"{GRIDS}?limit=3")
        first = next(reader)
        own_town.now += timedelta(days=2)
        rest = [f["id"] for page in reader for f in page["features"]]
    assert len({*rest, *(f["id"] for f in first["features"])}) == len(rest) + 3 == 8


def test_cursor_belongs_to_its_question(ask) -> None:
    """A cursor that was altered, or is used with another filter, order or day, is refused."""
    link = next(iter(pages(ask, f"{GRIDS}?limit=2")))["links"][-1]["href"]
    cursor = link.partition("cursor=")[2]
    for query in (f"kind=residential&cursor={cursor}", f"sortby=name&cursor={cursor}", f"at=2024-02-02&cursor={cursor}",
                  f"cursor=A{cursor}"):  # fmt: skip
        assert fault(ask.get(f"{GRIDS}?{query}")) == (400, "invalid-cursor")


def test_offset_is_for_those_who_insist(ask) -> None:
    """A bounded offset works, as some clients send one; a far one is refused."""
    assert codes(ask, "offset=4&limit=3") == codes(ask)[4:7]
    assert ask.get(f"{GRIDS}?offset=4&limit=3").json()["numberMatched"] == 12
    assert fault(ask.get(f"{GRIDS}?offset=10001")) == (400, "invalid-parameter")


@pytest.mark.parametrize(
    ("query", "matched"), [("limit=5", 12), ("limit=5&count=exact", 12), ("kind=dedicated", 1), ("offset=99", 12)]
)
def test_matched_is_true(ask, query, matched) -> None:
    """Where the number of all features is told, it is the number, on whatever page."""
    assert ask.get(f"{GRIDS}?{query}").json()["numberMatched"] == matched


def test_matched_may_be_left_out(ask) -> None:
    """Who wants no count gets none."""
    assert "numberMatched" not in ask.get(f"{GRIDS}?limit=2&count=none").json()


def test_a_dear_count_is_left_out(ask, monkeypatch) -> None:
    """Beyond what is cheap to count nothing is told unless somebody asks: never an estimate under that name."""
    monkeypatch.setattr("api.ogc.items.CHEAP_COUNT", 7)
    query = "limit=2&filter=buildings=4"
    assert "numberMatched" not in ask.get(f"{GRIDS}?{query}").json()
    assert ask.get(f"{GRIDS}?{query}&count=exact").json()["numberMatched"] == 12


@pytest.mark.parametrize(
    ("crs", "corner", "within"),
    [
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", (117.0, 36.490767696), 1e-8),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", (36.490767696, 117.0), 1e-8),
        ("http://www.opengis.net/def/crs/EPSG/0/4490", (36.490767696, 117.0), 1e-8),
        ("http://www.opengis.net/def/crs/EPSG/0/3857", (13024380.422, 4368362.081), 1),
        ("http://www.opengis.net/def/crs/EPSG/0/4548", (4_040_000.0, 500_000.0), 0.002),
    ],
)
def test_systems_and_their_axes(ask, crs, corner, within) -> None:
    """Coordinates come in the axis order of the system's authority, and the header says which system it is."""
    answer = ask.get(f"{GRIDS}/{FIRST}?crs={crs}")
    points = answer.json()["geometry"]["coordinates"][0]
    assert min(abs(x - corner[0]) + abs(y - corner[1]) for x, y in points) < 2 * within
    assert answer.headers["content-crs"] == f"<{crs}>"


@pytest.mark.parametrize(
    "box",
    [
        "bbox=117.0001,36.4910,117.0005,36.4920",
        "bbox=36.4910,117.0001,36.4920,117.0005&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4490",
        "bbox=4040100,500010,4040110,500020&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4548",
    ],
)
def test_boxes_in_their_own_system(ask, box) -> None:
    """A box is read in the system and the axis order that it names."""
    assert codes(ask, box) == [FIRST]


def test_unknown_system_is_refused(ask) -> None:
    """A system that is not offered is refused by its own code."""
    assert fault(ask.get(f"{GRIDS}?crs=http://www.opengis.net/def/crs/EPSG/0/27700")) == (400, "unsupported-crs")


def test_every_fault_is_told(ask) -> None:
    """Unknown and unusable parameters are refused together, each by its name."""
    answer = ask.get(f"{GRIDS}?limit=many&colour=red&bbox=1,2,3")
    assert answer.status_code == 400
    assert {each["parameter"] for each in answer.json()["errors"]} == {"limit", "colour", "bbox"}


def test_limit_is_lowered_not_refused(ask) -> None:
    """A limit above the highest is no error."""
    assert len(codes(ask, "limit=999999999")) == 12


def test_properties_and_geometry_may_be_left_out(ask) -> None:
    """Who asks for few properties and no geometry gets just those."""
    (first, *_) = ask.get(f"{GRIDS}?properties=name,code&skipGeometry=true").json()["features"]
    assert first == {
        "type": "Feature", "id": FIRST, "geometry": None, "properties": {"code": FIRST, "name": "第1网格"},
    }  # fmt: skip


def test_one_feature(ask) -> None:
    """A feature alone is the one of the list, with links to itself and its collection."""
    answer = ask.get(f"{GRIDS}/{HIDDEN}")
    body = answer.json()
    links = {each["rel"]: each["href"] for each in body.pop("links") if each["rel"] != "alternate"}
    assert answer.headers["content-type"] == "application/geo+json"
    assert links == {"self": f"{ask.base_url}{GRIDS}/{HIDDEN}", "collection": f"{ask.base_url}/collections/grids"}
    assert body in ask.get(GRIDS).json()["features"]


@pytest.mark.parametrize("path", [f"{GRIDS}/nothing", f"{GRIDS}/{FIRST}?at=2020-01-01", "/collections/nothing/items"])
def test_what_is_not_there(ask, path) -> None:
    """What is not there, or not on that day, is not found."""
    assert fault(ask.get(path)) == (404, "not-found")


@pytest.mark.parametrize("form", ["json", "html"])
def test_a_code_that_is_a_name(own_town, form) -> None:
    """An area whose code is no ASCII, as where the files gave only names, has a document and a page; links are encoded."""
    own_town.do("ALTER TABLE wangge.area DISABLE TRIGGER USER")
    own_town.do("UPDATE wangge.area SET code = '清河街道' WHERE code = '370103001'")
    with served(own_town.app) as client:
        for path in ("/collections/streets/items/清河街道", "/collections/communities/items?parent=清河街道"):
            answer = client.get(path, params={"f": form} if "?" not in path else None)
            assert answer.status_code == 200, answer.text
            assert answer.headers["Link"].isascii()


def test_links_are_headers_too(ask) -> None:
    """The header Link says what the links of the page say."""
    answer = ask.get(f"{GRIDS}?limit=2")
    for each in answer.json()["links"]:
        assert f'<{each["href"]}>; rel="{each["rel"]}"; type="{each["type"]}"' in answer.headers["link"]


@pytest.mark.parametrize("path", [f"{GRIDS}?limit=3", f"{GRIDS}/{FIRST}", "/collections/streets/items"])
def test_unchanged_is_said_shortly(ask, path) -> None:
    """Who has an answer is told that it has not changed; who has another gets it."""
    first = ask.get(path)
    again = ask.get(path, headers={"If-None-Match": f'"x", {first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert ask.get(path, headers={"If-None-Match": '"x"'}).status_code == 200


def test_answers_differ_in_their_etags(town, ask) -> None:
    """Every variant of an answer has an ETag of its own: day, system, properties, and who may see more."""
    mine = town.key_of("district", "370103")
    variants = ["", "?at=2025-08-01", "?crs=http://www.opengis.net/def/crs/EPSG/0/4326", "?properties=code"]
    for path in (GRIDS, f"{GRIDS}/{FIRST}"):
        tags = [ask.get(path + variant).headers["etag"] for variant in variants]
        tags.append(ask.get(path, headers=mine).headers["etag"])
        assert len(set(tags)) == len(tags)


@pytest.mark.parametrize("path", [GRIDS, f"{GRIDS}/{FIRST}", "/collections/communities/items?limit=2"])
def test_a_new_net_changes_etags(own_town, path) -> None:
    """What was published since, somebody who asks again gets."""
    with served(own_town.app) as client:
        tag = client.get(path).headers["etag"]
        ends = "SET in_force = daterange(lower(in_force), '2027-01-01') WHERE upper_inf(in_force)"
        own_town.do("UPDATE wangge.grid " + ends)
        own_town.do("UPDATE wangge.plan_community " + ends)
        add_net(own_town.db.admin, Net(3, date(2027, 1, 1), None), own_town.path)
        own_town.forget()
        answer = client.get(path, headers={"If-None-Match": tag})
        assert answer.status_code == 200
        assert answer.headers["etag"] != tag


def test_a_renamed_area_changes_etags(own_town) -> None:
    """Areas change without any publication; their answers change with them."""
    with served(own_town.app) as client:
        path = "/collections/streets/items"
        tag = client.get(path).headers["etag"]
        own_town.do("UPDATE wangge.area_version SET name = '新街道' WHERE name = '街道1'")
        own_town.forget()
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_a_changed_row_changes_its_etag(own_town) -> None:
    """A grid whose row was written again has another ETag, although no net was published."""
    with served(own_town.app) as client:
        tag = client.get(f"{GRIDS}/{FIRST}").headers["etag"]
        own_town.do("UPDATE wangge.grid SET row_version = 2 WHERE code = %s AND upper_inf(in_force)", [FIRST])
        assert client.get(f"{GRIDS}/{FIRST}", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("query", ["filter=pg_sleep(5) IS NULL", "filter=shape IS NULL", "filter=households_public>1"])
def test_filters_know_queryables_only(ask, query) -> None:
    """No function and no column of the store can be reached by a filter, not even those beside a queryable."""
    assert fault(ask.get(f"{GRIDS}?{query}")) == (400, "invalid-filter")


READ = """
import json, sys
import pyogrio
told = json.loads(sys.argv[1])
frame = pyogrio.read_dataframe(told.pop("path"), **told)
print(json.dumps({"codes": list(frame["code"]), "bounds": list(frame.total_bounds), "type": frame.geom_type.unique().item()}))
"""


def gdal(base, **how):
    """What GDAL reads of the grids, in a process of its own: while it waits, nothing else in its process moves."""
    told = json.dumps({"path": f"OAPIF:{base}", "layer": "grids", **how})
    done = subprocess.run([sys.executable, "-c", READ, told], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def heard(db, tmp_path):
    """A town on a real port, and every address that was asked for."""
    asked: list[str] = []
    made = Served(db, tmp_path)
    inner = made.app

    async def listen(scope, receive, send):
        if scope["type"] == "http":
            asked.append(f"{scope['path']}?{scope['query_string'].decode()}")
        await inner(scope, receive, send)

    with served(listen) as client:
        yield str(client.base_url).rstrip("/"), asked
    made.pool.close()


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("households > 310 AND kind = 'residential'", 7),
        ("code LIKE '370103001%'", 6),
        ("name = '第1网格'", 4),
        ("since >= '2025-01-01' AND NOT (buildings <> 4)", 12),
        ("community IS NOT NULL OR households <= 5", 12),
    ],
)
def test_gdal_pushes_filters_down(heard, where, count) -> None:
    """GDAL sends its whole filter in one request, and downloads nothing that it does not want."""
    base, asked = heard
    told = gdal(base, where=where)
    assert (told["type"], len(told["codes"])) == ("Polygon", count)
    items = [each for each in asked if each.startswith(f"{GRIDS}?")]
    filtered = [each for each in items if "filter-lang=cql-text" in each]
    assert len(filtered) == 1
    # Before it asks, GDAL looks at a few features to see what they are.
    assert [each for each in items if each not in filtered] == [f"{GRIDS}?limit=20"]


def test_gdal_reads_all_pages(heard) -> None:
    """GDAL follows next to the end, whatever the size of a page, and its coordinates are where they should be."""
    base, asked = heard
    told = gdal(base, PAGE_SIZE="5")
    assert told["codes"] == sorted(set(told["codes"]))
    assert len(told["codes"]) == 12
    assert told["bounds"] == pytest.approx([117.0, 36.490767, 117.013394, 36.497977], abs=1e-6)
    assert len([each for each in asked if "cursor=" in each]) == 2


def test_today_is_the_net_of_the_town_s_day(own_town) -> None:
    """The net changes at midnight where the town is, not at midnight of UTC."""
    with served(own_town.app) as client:
        own_town.now = TODAY.replace(year=2025, month=6, day=30, hour=15, minute=59)
        assert len(codes(client)) == 8
        own_town.now += timedelta(minutes=1)
        assert own_town.now.date() < NEW
        assert len(codes(client)) == 12
