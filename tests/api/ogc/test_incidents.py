"""Incidents as a collection and as tiles: only what is somebody's to see, never what somebody said, and every one of them."""

from __future__ import annotations

import csv
import io
import json
import math
from contextlib import closing
from typing import Any

import geopandas
import mapbox_vector_tile
import pyogrio
import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from api.loop.clock import Light
from api.loop.words import OPEN
from api.ogc.collections import INCIDENTS
from api.ogc.fields import queryables, sortables
from api.ogc.incident_fields import IN_TILES, STATES
from api.ogc.incident_tiles import HIGHEST_LATITUDE, POINTS_FROM, edges
from api.ogc.openapi import describe
from api.ogc.tiles import HIGHEST_ZOOM
from data.store.pool import connect
from data.store.sql import run
from tests.api.incidents.station import HERE, MONDAY, NEXT, at, station_over
from tests.api.v1.hall import problem
from tests.clients.programs import OURS, told_by
from tests.published import DISTRICT, STREETS

ITEMS = "/collections/incidents/items"
TILES = "/tiles/incidents"
SPOT = at(187, 123)
STACKED = 500
DRAWN = 400
FAR = ((180.0, 0.0), (-180.0, 0.0), (0.0, 0.0), (112.5, 0.0), (116.9, 90.0), (116.9, -90.0), (117.0, HIGHEST_LATITUDE))
"""Places at the edges of the matrix, of tiles, and beyond."""
WITHIN = "geom && ST_MakeEnvelope(117.002, 36.48, 117.004, 36.5, 4490)"
STOPPED = "('closed', 'archived', 'rejected', 'voided', 'suspended')"
SECRETS = ("王小明", "13812345678", "someone@example.test", "a heap of words", "three doors down")


@pytest.fixture
def station(db, tmp_path):
    """A town with its incidents, empty yet."""
    with station_over(db, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def busy(cluster, template, tmp_path_factory):
    """A town full of incidents in every state, 500 at one place and some at the ends of the earth; nobody changes it."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("busy")) as made:
        fill(db.admin)
        made.passes(minutes=5)
        yield made


def fill(dsn):
    """Put incidents all over the town, some hours before the station's clock and some hours after."""
    with closing(connect(dsn)) as conn:
        run(conn, "SELECT setseed(0.5)")
        run(
            conn,
            """CREATE TEMP TABLE place AS
               SELECT n, ST_SetSRID(ST_MakePoint(w + (e - w) * random(), s + (t - s) * random()), 4490) AS geom
               FROM generate_series(1, %(drawn)s) AS n, (
                 SELECT ST_XMin(x) w, ST_XMax(x) e, ST_YMin(x) s, ST_YMax(x) t
                 FROM (SELECT ST_Extent(geom) x FROM wangge.grid) b) AS box
               UNION ALL
               SELECT 10000 + n, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4490) FROM generate_series(1, %(stacked)s) n
               UNION ALL SELECT 20000 + row_number() OVER (), ST_SetSRID(ST_MakePoint(x, y), 4490)
               FROM unnest(%(xs)s::float8[], %(ys)s::float8[]) far (x, y)""",
            {
                "drawn": DRAWN, "stacked": STACKED, "lon": SPOT["lon"], "lat": SPOT["lat"],
                "xs": [x for x, _ in FAR], "ys": [y for _, y in FAR],
            },
        )  # fmt: skip
        run(
            conn,
            """INSERT INTO wangge.incident (no, path, grid_code, geom, source, reported_at, state, tier, owner_org, kind,
                 category, urgent, supervision, accepted_at, closed_at, due_at, soon_at, stage_due_at, stage_soon_at, revision,
                 at, title, description, contact)
               SELECT to_char(n, '"T"FM00000'), g.path::ltree, g.grid_code, p.geom,
                 CASE n %% 3 WHEN 0 THEN '12345' ELSE 'grid' END, %(now)s - n * interval '1 minute', s.state, 1 + n / 12 %% 4,
                 CASE WHEN s.state = ANY (%(open)s) THEN 'sanitation' END, 'problem',
                 CASE n %% 5 WHEN 0 THEN 'pipes' ELSE 'rubbish' END, n %% 7 = 0, n %% 4, %(now)s,
                 CASE WHEN s.state IN ('closed', 'archived') THEN %(now)s - interval '30 seconds' END,
                 d.due, d.due - interval '2 hours', d.due, d.due - interval '1 hour', 1,
                 %(now)s, %(title)s, %(words)s, %(phone)s
               FROM place p CROSS JOIN LATERAL wangge.incident_place(p.geom, %(now)s::date) g
                 CROSS JOIN LATERAL (SELECT (%(states)s::text[])[1 + n %% %(count)s] AS state) s
                 CROSS JOIN LATERAL (
                   SELECT CASE WHEN n %% 11 > 0 THEN %(now)s + (n %% 9 - 4) * interval '1 hour' END AS due) d""",
            {
                "now": MONDAY, "states": [str(state) for state in STATES], "count": len(STATES),
                "open": [str(state) for state in OPEN], "title": SECRETS[3], "words": SECRETS[4], "phone": SECRETS[1],
            },
        )  # fmt: skip
        run(conn, "ANALYZE wangge.incident")


def page(station, who="district", query=""):
    """A page of features, and the rest of the answer."""
    answer = station.asks(who, "GET", f"{ITEMS}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def numbers(station, who="district", query="limit=10000"):
    """The numbers of incidents that somebody is given."""
    return [each["id"] for each in page(station, who, query)["features"]]


def tile(station, z, x, y, *, who="district", query=""):
    """Features of a tile."""
    answer = station.asks(who, "GET", f"{TILES}/{z}/{x}/{y}.mvt?{query}")
    if answer.status_code == 204:
        return []
    assert answer.status_code == 200, answer.text
    return mapbox_vector_tile.decode(answer.content)["incidents"]["features"]


def place_of(zoom, lon, lat):
    """Column and row of the tile that a place is in."""
    side = 2**zoom
    lat = max(min(lat, HIGHEST_LATITUDE), -HIGHEST_LATITUDE)
    x = math.floor((lon + 180) / 360 * side)
    y = math.floor((0.5 - math.asinh(math.tan(math.radians(lat))) / 2 / math.pi) * side)
    return min(x, side - 1), min(max(y, 0), side - 1)


def places(station, who="district"):
    """Where the incidents lie that somebody sees, by their number."""
    return {each["id"]: tuple(each["geometry"]["coordinates"]) for each in page(station, who, "limit=10000")["features"]}


# --- who sees what ----------------------------------------------------------------------------------------------------


def test_everybody_gets_their_own(busy) -> None:
    """What the collection gives is what row-level security gives: an area's incidents to those of the area, and no others."""
    truth = {
        who: {no for (no,) in busy.hall.rows("SELECT no FROM wangge.incident WHERE path <@ "
              "(SELECT path FROM wangge.area WHERE code = %s)", [area])}
        for who, area in (("worker", HERE), ("stranger", NEXT), ("street", STREETS[0]), ("other_street", STREETS[1]))
    }  # fmt: skip
    truth["district"] = {no for (no,) in busy.hall.rows("SELECT no FROM wangge.incident")}
    assert len(truth["worker"]) > STACKED
    assert min(map(len, truth.values())) > 50
    assert truth["worker"].isdisjoint(truth["stranger"])
    for who, expected in truth.items():
        told = page(busy, who, "limit=10000&count=exact")
        assert {each["id"] for each in told["features"]} == expected, who
        assert told["numberMatched"] == told["numberReturned"] == len(expected)
        assert page(busy, who, "limit=1&count=exact")["numberMatched"] == len(expected)
    other = next(iter(truth["stranger"]))
    assert busy.asks("stranger", "GET", f"{ITEMS}/{other}").status_code == 200
    problem(busy.asks("worker", "GET", f"{ITEMS}/{other}"), 404, "not-found")


ADDRESSES = (
    "/collections/incidents",
    "/collections/incidents/schema",
    "/collections/incidents/queryables",
    "/collections/incidents/sortables",
    ITEMS,
    f"{ITEMS}/T10001",
    "/collections/incidents/bulk",
    "/collections/incidents/tiles",
    "/collections/incidents/tiles/WebMercatorQuad",
    "/collections/incidents/tiles/WebMercatorQuad/0/0/0",
    f"{TILES}/0/0/0.mvt",
)


@pytest.mark.parametrize("path", ADDRESSES)
def test_it_is_not_for_everybody(busy, path) -> None:
    """Nobody in particular is asked to sign in, and an auditor, who handles no incidents, is refused: at every address."""
    assert busy.asks("worker", "GET", path).status_code == 200, path
    answer = busy.hall.client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert busy.asks("auditor", "GET", path).status_code == 403


def test_it_is_listed_for_those_who_see_it(busy) -> None:
    """The list of collections, the description of the API and their pages name incidents to nobody who may not see them."""
    everybody = busy.hall.client
    for ask, there in ((everybody.get, False), (lambda path: busy.asks("auditor", "GET", path), False),
                       (lambda path: busy.asks("worker", "GET", path), True)):  # fmt: skip
        listed = [each["id"] for each in ask("/collections").json()["collections"]]
        assert ("incidents" in listed) is there
        assert (ITEMS in ask("/api").json()["paths"]) is there
        assert ("incidents" in ask("/collections?f=html").text.partition("<main")[2]) is there


def test_its_extent_is_the_caller_s_own(busy) -> None:
    """The document of the collection tells where and since when there are incidents of the caller's own, and of nobody else."""
    for who in ("worker", "stranger", "district"):
        told = busy.asks(who, "GET", "/collections/incidents").json()["extent"]
        where = list(places(busy, who).values())
        west, south, east, north = told["spatial"]["bbox"][0]
        assert (west, south) == pytest.approx((min(x for x, _ in where), min(y for _, y in where)), abs=1e-6)
        assert (east, north) == pytest.approx((max(x for x, _ in where), max(y for _, y in where)), abs=1e-6)
        first = min(each["properties"]["reported_at"] for each in page(busy, who, "limit=10000")["features"])
        assert told["temporal"]["interval"] == [[f"{first[:10]}T00:00:00Z", None]]


def test_nothing_that_somebody_said(station) -> None:
    """No answer holds who reported, how they are reached, who has it in hand, or a word of theirs; nor can it be asked for."""
    name, phone, mail, title, words = SECRETS
    said = {"title": title, "description": words, "address": words, "contact": {"name": name, "phone": phone, "email": mail}}
    no = station.reports(**said)["no"]
    answers = [station.asks("worker", "GET", path) for path in (
        ITEMS, f"{ITEMS}/{no}", f"{ITEMS}?f=html", f"{ITEMS}/{no}?f=html", f"{TILES}/16/54067/25752.mvt", f"{TILES}/0/0/0.mvt",
        *(f"/collections/incidents/bulk?f={form}" for form in ("geojsonseq", "csv", "fgb", "parquet")),
    )]  # fmt: skip
    for answer in answers:
        assert answer.status_code in {200, 204}, answer.text
        for secret in (*SECRETS, "1381234", station.ids["worker"]):
            assert secret.encode() not in answer.content, (answer.url, secret)
    for field in ("title", "description", "address", "contact", "reporter", "owner_person", "path", "client_uuid", "log"):
        problem(station.asks("worker", "GET", f"{ITEMS}?filter={field} IS NULL"), 400, "invalid-filter")
        problem(station.asks("worker", "GET", f"{ITEMS}?sortby={field}"), 400, "invalid-parameter")


# --- one, and what it says -----------------------------------------------------------------------------------------------


def test_one_incident_says_where_it_stands(station) -> None:
    """A feature says what /v1/incidents says, its areas by their codes, and the way there."""
    no = station.reports(urgent=True, **at(50, 200))["no"]
    answer = station.asks("worker", "GET", f"{ITEMS}/{no}")
    told, shown = answer.json(), station.shown(no)
    same = {name: shown[name] for name in ("state", "kind", "category", "urgent", "supervision", "source", "outcome")}
    assert {name: told["properties"][name] for name in same} == same
    assert told["id"] == told["properties"]["no"] == no
    assert told["geometry"]["type"] == "Point"
    assert [told["properties"][name] for name in ("grid_code", "community", "street", "district")] == [
        f"{HERE}001", HERE, STREETS[0], DISTRICT]  # fmt: skip
    assert told["properties"]["reported_at"] == "2026-03-02T01:00:00+00:00"
    assert (told["properties"]["is_open"], told["properties"]["ended_at"]) == (True, None)
    (there,) = [each["href"] for each in told["links"] if each["rel"] == "related"]
    assert station.asks("worker", "GET", there).json()["no"] == no
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "authorization" in answer.headers["vary"].lower()


def test_lights_are_those_of_the_desk(station) -> None:
    """Through all the time of an incident both lights are what /v1/incidents shows; each change makes a new ETag of it."""
    no = station.reports()["no"]
    seen, tags, pages = [], set(), set()
    for _ in range(90):
        answer = station.asks("worker", "GET", f"{ITEMS}/{no}")
        clocks = station.shown(no)["clocks"]
        told = answer.json()["properties"]
        assert (told["light"], told["stage_light"]) == (clocks["total"]["light"], clocks["stage"]["light"])
        for name in ("light", "stage_light"):
            if told[name] is not None:
                assert numbers(station, "worker", f"{name}={told[name]}") == [no]
                assert numbers(station, "worker", f"filter={name} <> '{told[name]}'") == []
        seen.append((told["light"], told["stage_light"]))
        tags.add(answer.headers["etag"])
        pages.add(station.asks("worker", "GET", ITEMS).headers["etag"])
        station.passes(minutes=30)
    assert {light for _, light in seen} >= set(map(str, Light))
    assert len(tags) >= len(set(seen))
    assert len(pages) >= len(set(seen))


def test_an_answer_is_kept_until_it_changes(station) -> None:
    """One incident, a page and a tile are not sent again to whoever has them, until somebody takes a step."""
    no = station.reports()["no"]
    paths = (f"{ITEMS}/{no}", ITEMS, f"{TILES}/3/6/3.mvt", f"{ITEMS}?f=html")
    before = {path: station.asks("worker", "GET", path) for path in paths}
    for path, answer in before.items():
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, no-cache"
        again = station.asks("worker", "GET", path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path
    station.done("community", no, "accept", matter="0101")
    for path, answer in before.items():
        again = station.asks("worker", "GET", path, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 200, path
        assert again.headers["etag"] != answer.headers["etag"]


# --- which ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        ("is_open=true", "state NOT IN ('closed', 'archived', 'rejected', 'voided')"),
        ("is_open=false&urgent=true", "state IN ('closed', 'archived', 'rejected', 'voided') AND urgent"),
        ("state=suspended", "state = 'suspended'"),
        ("category=pipes&kind=problem", "category = 'pipes'"),
        (f"grid_code={HERE}001", f"grid_code = '{HERE}001'"),
        (f"community={NEXT}", f"path ~ (SELECT ('*.' || id)::lquery FROM wangge.area WHERE code = '{NEXT}')"),
        (f"street={STREETS[1]}", f"path <@ (SELECT path FROM wangge.area WHERE code = '{STREETS[1]}')"),
        (f"district={DISTRICT}", "path <> ''"),
        ("filter=grid_code IS NULL", "grid_code IS NULL"),
        ("filter=street IS NULL AND is_open = true", "path = '' AND owner_org IS NOT NULL"),
        ("supervision=red", "supervision = 3"),
        ("source=12345", "source = '12345'"),
        ("filter=due_at < TIMESTAMP('2026-03-02T01:00:00Z')", "due_at < '2026-03-02T01:00:00Z'"),
        ("filter=closed_at IS NOT NULL AND tier >= 3", "closed_at IS NOT NULL AND tier >= 3"),
        ("filter=state IN ('reported','handled') OR urgent = true", "state IN ('reported', 'handled') OR urgent"),
        ("filter=S_INTERSECTS(geometry, BBOX(117.002, 36.48, 117.004, 36.5))", WITHIN),
        ("bbox=117.002,36.48,117.004,36.5", WITHIN),
        ("light=red", f"due_at < '2026-03-02T01:05:00Z' AND state NOT IN {STOPPED}"),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_what_comes(busy, asked, condition) -> None:
    """Each parameter and filter gives the incidents that the store has by the same condition; a tile counts the same ones."""
    truth = sorted(no for (no,) in busy.hall.rows("SELECT no FROM wangge.incident WHERE " + condition))
    assert 0 < len(truth) < DRAWN + STACKED + len(FAR), len(truth)
    assert numbers(busy, query=f"limit=10000&{asked}") == truth
    if not asked.startswith("bbox"):
        assert sum(each["properties"]["count"] for each in tile(busy, 0, 0, 0, query=asked)) == len(truth)


def test_datetime_asks_who_lived_then(station) -> None:
    """An incident is there from its report to its end, both included, and for ever while it is open."""
    first = station.reports()["no"]
    station.passes(hours=1)
    second = station.reports(**at(300, 200))["no"]
    station.passes(hours=1)
    station.done("community", first, "reject", reason="private_affair", answer="not ours")
    for asked, expected in (
        ("2026-03-02T00:59:59Z", []),
        ("2026-03-02T01:00:00Z", [first]),
        ("2026-03-02T02:00:00Z", [first, second]),
        ("2026-03-02T03:00:00Z", [first, second]),
        ("2026-03-02T03:00:01Z", [second]),
        ("2026-03-02T03:00:01Z/..", [second]),
        ("../2026-03-02T01:30:00Z", [first]),
        ("2026-03-01", []),
        ("2026-03-02", [first, second]),
        ("2026-03-03/2026-04-01", [second]),
    ):
        assert numbers(station, query=f"datetime={asked}") == expected, asked
        assert sum(each["properties"]["count"] for each in tile(station, 0, 0, 0, query=f"datetime={asked}")) == len(expected)


def test_it_knows_no_days(busy) -> None:
    """A live collection is on no day: the parameters that name one are refused, wherever they are given, by name."""
    for path in (ITEMS, f"{ITEMS}/T10001", "/collections/incidents/bulk", f"{TILES}/0/0/0.mvt"):
        told = problem(busy.asks("worker", "GET", f"{path}?at=2026-03-02"), 400, "unknown-parameter")
        assert [each["parameter"] for each in told["errors"]] == ["at"]
    problem(busy.asks("worker", "GET", f"{TILES}/0/0/0.mvt?v=20250701-0123456789"), 400, "unknown-parameter")


def test_paging_meets_each_once(station) -> None:
    """Who follows next meets each incident once, though others come in, end and turn their lights meanwhile."""
    first = [station.reports(**at(20 * n, 100), external_id=str(n), source="app")["no"] for n in range(25)]
    query, met = "limit=4&count=exact&datetime=2026-03-02T01:00:00Z/..", []
    told = page(station, query=query)
    for _ in range(20):
        met += [each["id"] for each in told["features"]]
        following = [each["href"] for each in told["links"] if each["rel"] == "next"]
        if not following:
            break
        station.reports(**at(400, 300))
        station.passes(minutes=90)
        answer = station.asks("district", "GET", following[0])
        assert answer.status_code == 200, answer.text
        told = answer.json()
    assert len(met) == len(set(met))
    assert set(first) <= set(met)


def test_sorted_pages_meet_each_once(busy) -> None:
    """Pages ordered by any field that may order, up or down, have every incident once."""
    everything = set(numbers(busy))
    for name in sortables(INCIDENTS.fields):
        for sign in ("", "-"):
            told, met = page(busy, query=f"limit=400&sortby={sign}{name}&properties={name}"), []
            while True:
                met += [each["id"] for each in told["features"]]
                following = [each["href"] for each in told["links"] if each["rel"] == "next"]
                if not following:
                    break
                told = busy.asks("district", "GET", following[0]).json()
            assert len(met) == len(everything), (sign, name)
            assert set(met) == everything
    problem(busy.asks("district", "GET", f"{ITEMS}?sortby=light"), 400, "invalid-parameter")


def test_other_systems_of_coordinates(busy) -> None:
    """An incident comes in the systems that the others come in, with north first where the authority says so."""
    lon, lat = page(busy, query="no=T10001")["features"][0]["geometry"]["coordinates"]
    told = page(busy, query="no=T10001&crs=http://www.opengis.net/def/crs/EPSG/0/4548")["features"][0]["geometry"][
        "coordinates"
    ]
    assert told == pytest.approx([4_040_123, 500_187], abs=0.01)
    told = page(busy, query="no=T10001&crs=http://www.opengis.net/def/crs/EPSG/0/3857")["features"][0]["geometry"][
        "coordinates"
    ]
    assert told[0] == pytest.approx(lon * 20037508.342789244 / 180, abs=0.01)
    told = page(busy, query="no=T10001&crs=http://www.opengis.net/def/crs/EPSG/0/4490")["features"][0]["geometry"][
        "coordinates"
    ]
    assert told == [lat, lon]


# --- tiles ------------------------------------------------------------------------------------------------------------


def around(zoom, where):
    """The tiles that hold places, and those beside them; below zoom 3, all."""
    side = 2**zoom
    if zoom < 3:
        return {(x, y) for x in range(side) for y in range(side)}
    held = {place_of(zoom, *each) for each in where}
    if zoom > 17:  # there are thousands
        return held
    return {(x + i, y + j) for x, y in held for i in (-1, 0, 1) for j in (-1, 0, 1) if 0 <= x + i < side and 0 <= y + j < side}


@pytest.mark.parametrize("zoom", range(HIGHEST_ZOOM + 1))
def test_every_incident_is_counted_once_at_every_zoom(busy, zoom) -> None:
    """At every zoom the counts of all tiles add up to the incidents that there are: in all, in each state, under each light."""
    expected = {"count": DRAWN + STACKED + len(FAR)}
    for each in page(busy, query="limit=10000")["features"]:
        for name in ("state", "light"):
            key = f"n_{each['properties'][name]}"
            expected[key] = expected.get(key, 0) + 1
    expected.pop("n_None")
    found: dict[str, int] = {}
    singles: list[str] = []
    for x, y in around(zoom, places(busy).values()):
        for each in tile(busy, zoom, x, y):
            across, down = each["geometry"]["coordinates"]
            assert 0 <= across < 4096
            assert 0 < down <= 4096  # the decoder counts upwards
            properties = each["properties"]
            assert properties["count"] == sum(value for name, value in properties.items() if name in {f"n_{s}" for s in STATES})
            worst = next((light for light in ("red", "yellow", "green") if f"n_{light}" in properties), None)
            assert properties.get("light") == worst
            assert ("no" in properties) is (properties["count"] == 1)
            singles += [properties["no"]] if "no" in properties else []
            for name in expected:
                found[name] = found.get(name, 0) + properties.get(name, 0)
    assert found == expected
    assert len(singles) == len(set(singles))


def test_a_tile_has_its_own_and_nobody_else_s(busy) -> None:
    """Tiles count what each may see: those who ask for the same tile get their own counts, and nothing of others' is kept."""
    counts = {}
    for who in ("worker", "stranger", "street", "other_street", "district", "worker"):
        counts[who] = sum(each["properties"]["count"] for each in tile(busy, 0, 0, 0, who=who))
        assert counts[who] == len(numbers(busy, who))
    assert len(set(counts.values())) == 5
    x, y = place_of(14, 116.9, 36)
    answer = busy.asks("stranger", "GET", f"{TILES}/14/{x}/{y}.mvt")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert {"authorization", "cookie"} <= {word.strip().lower() for word in answer.headers["vary"].split(",")}


def test_single_points_lie_where_they_are(busy) -> None:
    """From zoom 15 on a feature of one incident lies within a step of its place, and says what the items say of it."""
    told = {each["id"]: each for each in page(busy, query="limit=10000")["features"]}
    for no in ("T00007", "T00123", "T20001"):
        lon, lat = told[no]["geometry"]["coordinates"]
        for zoom in (POINTS_FROM, HIGHEST_ZOOM):
            x, y = place_of(zoom, lon, lat)
            (found,) = [each for each in tile(busy, zoom, x, y) if each["properties"].get("no") == no]
            across, down = found["geometry"]["coordinates"]
            west, south, east, north = edges(zoom, x, y)
            assert west + (east - west) * across / 4096 == pytest.approx(min(lon, 180), abs=1.1 * (east - west) / 4096)
            # The decoder counts upwards.
            assert south + (north - south) * down / 4096 == pytest.approx(lat, abs=1.1 * (north - south) / 4096)
            shared = set(found["properties"]) & set(told[no]["properties"])
            assert shared >= {"no", "state", "kind", "category", "urgent", "supervision", "reported_at"}
            assert {n: found["properties"][n] for n in shared} == {n: told[no]["properties"][n] for n in shared}


def test_what_no_zoom_takes_apart_can_be_listed(busy) -> None:
    """500 incidents on one spot are one feature, whose box asks the items for exactly them; so are all that share a spot."""
    x, y = place_of(HIGHEST_ZOOM, SPOT["lon"], SPOT["lat"])
    (spot,) = [each["properties"] for each in tile(busy, HIGHEST_ZOOM, x, y) if each["properties"]["count"] > 1]
    assert spot["count"] == STACKED
    told = page(busy, query=f"limit=1000&bbox={spot['bbox']}")
    assert told["numberMatched"] == STACKED
    assert {each["id"] for each in told["features"]} == {f"T{10000 + n:05}" for n in range(1, STACKED + 1)}
    x, y = place_of(POINTS_FROM, SPOT["lon"], SPOT["lat"])
    several = [
        each["properties"] for each in tile(busy, POINTS_FROM, x, y, query="is_open=true") if each["properties"]["count"] > 1
    ]
    assert several
    for each in several:
        assert page(busy, query=f"is_open=true&bbox={each['bbox']}")["numberMatched"] == each["count"]


def test_a_place_shared_by_chance_can_be_listed(station) -> None:
    """Two incidents that lie a hand apart share a feature, whose box holds both and no third."""
    place = at(100, 100)
    near = [station.reports(**{**place, "lon": place["lon"] + n * 1e-7, "lat": place["lat"] + n * 1e-7})["no"] for n in (0, 1)]
    station.reports(**at(103, 100))
    found = [each["properties"] for each in tile(station, POINTS_FROM, *place_of(POINTS_FROM, place["lon"], place["lat"]))]
    assert sorted(each["count"] for each in found) == [1, 2]
    (both,) = [each for each in found if each["count"] == 2]
    assert numbers(station, query=f"bbox={both['bbox']}") == near


def test_tiles_are_described(busy) -> None:
    """The tile set and the TileJSON name every property that tiles have, with addresses that work as they stand."""
    told = busy.asks("worker", "GET", "/collections/incidents/tiles/WebMercatorQuad?f=tilejson").json()
    (layer,) = told["vector_layers"]
    assert set(layer["fields"]) == {field.name for field in IN_TILES}
    met: set[str] = set()
    for zoom in (0, 16, 22):
        column, row = place_of(zoom, SPOT["lon"], SPOT["lat"])
        for who in ("worker", "district"):
            met |= {name for each in tile(busy, zoom, column, row, who=who) for name in each["properties"]}
    assert {"count", "light", "no", "bbox", "n_reported", "n_red"} <= met <= set(layer["fields"])
    address = told["tiles"][0].format(z=0, x=0, y=0)
    assert busy.asks("worker", "GET", address).status_code == 200
    told = busy.asks("worker", "GET", "/collections/incidents/tiles/WebMercatorQuad").json()
    assert set(told["layers"][0]["propertiesSchema"]["properties"]) == set(layer["fields"])
    assert told["layers"][0]["geometryDimension"] == 0
    (item,) = [each["href"] for each in told["links"] if each["rel"] == "item"]
    address = item.format(tileMatrix=0, tileRow=0, tileCol=0)
    assert busy.asks("worker", "GET", address).content == busy.asks("worker", "GET", f"{TILES}/0/0/0.mvt").content


# --- in other forms -----------------------------------------------------------------------------------------------------


def test_files_have_the_same_incidents(busy, tmp_path) -> None:
    """Each form of file holds exactly what the items give, with the same values; that it was taken stands in the log."""
    told = {each["id"]: each for each in page(busy, "worker", "limit=10000&is_open=true")["features"]}
    taken = "SELECT count(*) FROM wangge.event WHERE kind = 'export' AND subject = 'incidents'"
    before, files = busy.hall.value(taken), {}
    for form in ("geojsonseq", "csv", "fgb", "parquet"):
        answer = busy.asks("worker", "GET", f"/collections/incidents/bulk?is_open=true&f={form}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "private, no-store"
        assert "etag" not in answer.headers
        files[form] = answer.content
    lines = [json.loads(line) for line in files["geojsonseq"].decode().replace("\x1e", "").splitlines()]
    assert {each["id"]: each for each in lines} == told
    rows = {row["no"]: row for row in csv.DictReader(io.StringIO(files["csv"].decode("utf-8-sig")))}
    assert rows.keys() == told.keys()
    assert {no: row["reported_at"] for no, row in rows.items()} == {
        no: f["properties"]["reported_at"] for no, f in told.items()
    }
    (tmp_path / "i.fgb").write_bytes(files["fgb"])
    frames = (pyogrio.read_dataframe(tmp_path / "i.fgb"), geopandas.read_parquet(io.BytesIO(files["parquet"])))
    for frame in frames:
        assert set(frame["no"]) == told.keys()
        assert set(frame.geom_type) == {"Point"}
        for row in frame.to_dict("records"):
            properties = told[row["no"]]["properties"]
            assert {name: row[name] for name in ("urgent", "is_open", "state")} == {
                name: properties[name] for name in ("urgent", "is_open", "state")
            }
            assert row["reported_at"].isoformat() == properties["reported_at"]
    assert busy.hall.value(taken) == before + 4


def test_it_is_described_as_it_is(busy) -> None:
    """Schema, queryables and sortables name the fields that there are; places are points, a life runs between two fields."""
    told = busy.asks("worker", "GET", "/collections/incidents/schema").json()["properties"]
    assert told["geometry"]["format"] == "geometry-point"
    assert told["no"]["x-ogc-role"] == "id"
    roles = {name: each["x-ogc-role"] for name, each in told.items() if str(each.get("x-ogc-role")).startswith("primary-int")}
    assert roles == {"reported_at": "primary-interval-start", "ended_at": "primary-interval-end"}
    item = page(busy, "worker", "limit=1")["features"][0]
    assert set(told) == {*item["properties"], "geometry"}
    told = busy.asks("worker", "GET", "/collections/incidents/queryables").json()["properties"]
    assert set(told) == {*queryables(INCIDENTS.fields), "geometry"}
    told = busy.asks("worker", "GET", "/collections/incidents/sortables").json()["properties"]
    assert "light" not in told


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_description_with_incidents_is_valid(lang) -> None:
    """The description is valid OpenAPI 3.0 with the incidents in it, and names for their addresses what these take."""
    made: Any = describe(lang, "http://example.test", drafts=True, incidents=True)
    without: Any = describe(lang, "http://example.test", drafts=True)
    OpenAPIV30SpecValidator(made).validate()
    assert made["paths"].keys() - without["paths"].keys() == {path for path in made["paths"] if "incidents" in path}
    shared = made["components"]["parameters"]

    def taken(path):
        found = made["paths"][path]["get"]["parameters"]
        return {(shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each)["name"] for each in found}

    for path in (ITEMS, f"{TILES}/{{z}}/{{x}}/{{y}}.mvt", "/collections/incidents/bulk"):
        assert taken(path) >= {"datetime", "filter", *queryables(INCIDENTS.fields)}
        assert not taken(path) & {"at", "as-of", "v"}
    assert not taken(f"{ITEMS}/{{featureId}}") & {"at", "as-of", "datetime"}


def test_what_is_described_works(busy) -> None:
    """Each address of the incidents takes the parameters that the description names, one by one."""
    made = busy.asks("worker", "GET", "/api").json()
    shared = made["components"]["parameters"]
    values = {
        "bbox": "116,36,118,37", "bbox-crs": "http://www.opengis.net/def/crs/EPSG/0/4490", "datetime": "2026-03-02",
        "filter": "no <> 'x'", "filter-crs": "http://www.opengis.net/def/crs/EPSG/0/4326", "sortby": "no", "properties": "no",
        "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    }  # fmt: skip
    places = {"featureId": "T10001", **dict.fromkeys(("z", "x", "y", "tileMatrix", "tileRow", "tileCol"), "0")}
    plain = {"integer": "1", "number": "1", "boolean": "true", "string": "x"}
    for path, node in made["paths"].items():
        if "incidents" not in path:
            continue
        address = path.format(**places)
        assert busy.asks("worker", "GET", address).status_code == 200, address
        for each in node["get"]["parameters"]:
            parameter = shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
            if parameter["in"] != "query" or parameter["name"] == "cursor":
                continue
            schema = parameter["schema"]
            moment = "2026-03-02T01:00:00Z" if schema.get("format") == "date-time" else plain.get(schema["type"], "x")
            value = values.get(parameter["name"], str(schema.get("enum", [moment])[0]))
            answer = busy.asks("worker", "GET", address, params={parameter["name"]: value})
            assert answer.status_code in {200, 204}, (address, parameter["name"], answer.text)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_has_pages(busy, lang) -> None:
    """A browser gets the collection, its incidents and one of them as pages, in its language, with the words for states."""
    words = {"zh": ("事件", "处置中"), "en": ("Incidents", "In progress")}[lang]
    for path in ("/collections/incidents", ITEMS, f"{ITEMS}?state=in_progress", f"{ITEMS}/T10010"):
        answer = busy.asks("worker", "GET", path, headers={"Accept": "text/html", "Accept-Language": lang})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8"), answer.text
        assert answer.headers["cache-control"] == "private, no-cache"
        assert words[0] in answer.text
        if "state" in path:
            assert words[1] in answer.text


_GDAL = """
import json, sys
import pyogrio
pyogrio.set_gdal_config_options({"GDAL_HTTP_HEADER_FILE": sys.argv[2]})
frame = pyogrio.read_dataframe("OAPIF:" + sys.argv[1], layer="incidents", where=sys.argv[3])
print(json.dumps({"nos": sorted(frame["no"]), "types": sorted(set(frame.geom_type)), "urgent": str(frame["urgent"].dtype)}))
"""


def test_a_gis_reads_what_its_key_may_see(busy, tmp_path) -> None:
    """GDAL, told a key in a file of headers, reads the incidents of the key's owner by a filter of its own, as points."""
    ((name, value),) = busy.who["worker"].items()
    (tmp_path / "headers").write_text(f"{name}: {value}\n", encoding="utf-8")
    asked = "light = 'red' AND reported_at > '2026-03-01T20:00:00Z'"
    told = json.loads(told_by(OURS, "-c", _GDAL, str(busy.hall.client.base_url).rstrip("/"), str(tmp_path / "headers"), asked))
    expected = numbers(busy, "worker", "limit=10000&light=red&filter=reported_at > TIMESTAMP('2026-03-01T20:00:00Z')")
    assert len(expected) > 5
    assert told == {"nos": expected, "types": ["Point"], "urgent": "bool"}


# --- what codes are called --------------------------------------------------------------------------------------------


def test_pages_call_codes_by_their_names(station):
    """Beside a grid's, an area's, a department's and a category's code stands what the town calls it; programs get codes."""
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")

    def read(address, lang):
        answer = station.asks("district", "GET", f"{address}?f=html", headers={"Accept-Language": lang})
        assert answer.status_code == 200, answer.text
        return answer

    for lang, grid, category in (
        ("en", f"第1网格 ({HERE}001)", "暴露垃圾 (rubbish)"),
        ("zh", f"第1网格（{HERE}001）", "暴露垃圾（rubbish）"),
    ):
        for address in (ITEMS, f"{ITEMS}/{no}"):
            text = read(address, lang).text
            assert grid in text
            assert category in text
    whole = read(f"{ITEMS}/{no}", "en").text
    assert all(each in whole for each in (f"社区1 ({HERE})", f"街道1 ({STREETS[0]})", "环卫局 (sanitation)", "暴露垃圾 (0101)"))
    assert '"names"' not in station.asks("district", "GET", f"{ITEMS}/{no}?f=json").text
    assert f"/collections/grids/items/{HERE}001" in whole


def test_a_page_is_not_current_once_a_name_has_changed(station):
    """A browser that has a page keeps it while nothing on it changes, and gets another when a matter is called otherwise."""
    no = station.reports()["no"]
    for address in (ITEMS, f"{ITEMS}/{no}"):
        tag = station.asks("district", "GET", f"{address}?f=html").headers["ETag"]
        seen = {"If-None-Match": tag}
        assert station.asks("district", "GET", f"{address}?f=html", headers=seen).status_code == 304
        station.hall.do("UPDATE wangge.matter SET name = name || '。'")
        assert station.asks("district", "GET", f"{address}?f=html", headers=seen).status_code == 200
    # Of a category that several matters are of, none says what it is called.
    station.hall.do(
        """INSERT INTO wangge.matter (code, area_id, path, name, category, power_delegated, funding, status, updated_at)
           SELECT '0102', area_id, path, '乱倒垃圾', category, true, funding, status, updated_at FROM wangge.matter"""
    )
    assert "暴露垃圾。。 (rubbish)" not in station.asks("district", "GET", f"{ITEMS}?f=html").text
