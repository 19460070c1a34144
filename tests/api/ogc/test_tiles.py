"""Tiles: that nothing is dropped, what may be kept for how long, and what old addresses lead to."""

from __future__ import annotations

import math
from datetime import date, timedelta
from threading import Barrier, Thread

import mapbox_vector_tile
import pytest

from api.kept import Kept
from api.ogc.answers import Held
from api.ogc.tiles import HIGHEST_ZOOM
from api.ogc.versions import Versions, day_of
from gis.errors import ParameterError
from tests.published import HIDDEN, NEW, TODAY, Net, add_net
from tests.served import served

MARGIN = 64 / 4096
ALL = "/tiles/grids/0/0/0.mvt"


def decoded(answer, layer="grids"):
    """Features of a tile."""
    if answer.status_code == 204:
        return []
    assert answer.status_code == 200, answer.text
    return mapbox_vector_tile.decode(answer.content)[layer]["features"]


def codes(answer):
    """Codes of the features of a tile."""
    return sorted(each["properties"]["code"] for each in decoded(answer))


def over(zoom):
    """The tile at a zoom that holds the town's middle."""
    across, down = (117.0067 + 180) / 360, 0.5 - math.asinh(math.tan(math.radians(36.4944))) / 2 / math.pi
    return int(across * 2**zoom), int(down * 2**zoom)


def version(client, query=""):
    """The version that the TileJSON of the grids names."""
    told = client.get(f"/collections/grids/tiles/WebMercatorQuad?f=tilejson{query}").json()
    return told["tiles"][0].partition("v=")[2]


@pytest.mark.parametrize("zoom", [*range(0, 19, 2), HIGHEST_ZOOM])
def test_no_feature_is_dropped(town, ask, zoom) -> None:
    """At every zoom each tile holds exactly the grids that meet it: what is small is drawn small, not left out."""
    x, y = over(zoom)
    for column in (x - 1, x, x + 1):
        if not 0 <= column < 2**zoom:
            continue
        expected = town.value(
            """SELECT coalesce(array_agg(code ORDER BY code), '{}') FROM wangge.grid
               WHERE in_force @> '2026-03-02'::date AND ST_Intersects(web, ST_TileEnvelope(%s, %s, %s, margin => %s))""",
            [zoom, column, y, MARGIN],
        )
        assert codes(ask.get(f"/tiles/grids/{zoom}/{column}/{y}.mvt")) == expected
        assert expected or column != x


@pytest.mark.parametrize("layer", ["districts", "streets", "communities", "grids"])
def test_every_collection_has_tiles(ask, layer) -> None:
    """Every collection is drawn, with every feature of its own, and each is an area that can be seen."""
    features = decoded(ask.get(f"/tiles/{layer}/0/0/0.mvt"), layer)
    listed = ask.get(f"/collections/{layer}/items").json()["features"]
    assert sorted(f["properties"]["code"] for f in features) == sorted(f["id"] for f in listed)
    assert {f["geometry"]["type"] for f in features} == {"Polygon"}


def test_a_sliver_is_drawn(own_town) -> None:
    """A grid that is long and thinner than the tile's grid is not lost either."""
    thin = "SRID=4548;POLYGON((500000 4040000, 500600 4040000, 500600 4040000.01, 500000 4040000.01, 500000 4040000))"
    with served(own_town.app) as client:
        own_town.do("ALTER TABLE wangge.grid DISABLE TRIGGER USER")  # what is in force has its shape for good
        own_town.do("UPDATE wangge.grid SET shape = %s WHERE code = %s", [thin, HIDDEN])
        x, y = over(15)
        assert HIDDEN in {code for column in (x - 1, x, x + 1) for row in (y - 1, y, y + 1)
                          for code in codes(client.get(f"/tiles/grids/15/{column}/{row}.mvt"))}  # fmt: skip


def test_two_addresses_of_one_tile(ask) -> None:
    """OGC's address puts the row before the column, the other the column before the row."""
    x, y = over(15)
    ogc = ask.get(f"/collections/grids/tiles/WebMercatorQuad/15/{y}/{x}")
    assert ogc.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert ogc.content == ask.get(f"/tiles/grids/15/{x}/{y}.mvt").content


@pytest.mark.parametrize(
    "path",
    [
        f"/tiles/grids/{HIGHEST_ZOOM + 1}/0/0.mvt",
        "/tiles/grids/1/2/0.mvt",
        "/tiles/grids/1/0/2.mvt",
        "/tiles/grids/1/-1/0.mvt",
        "/tiles/grids/1/٠/0.mvt",
        "/tiles/grids/1/0x1/0.mvt",
        "/tiles/grids/99999999999999999999/0/0.mvt",
        "/tiles/nothing/0/0/0.mvt",
        "/collections/grids/tiles/WorldCRS84Quad/0/0/0",
        "/collections/grids/tiles/WorldCRS84Quad",
        "/tileMatrixSets/WorldCRS84Quad",
    ],
)
def test_tiles_that_there_are_not(ask, path) -> None:
    """A tile outside the matrix set is not found."""
    assert ask.get(path).status_code == 404


def test_empty_tile(ask) -> None:
    """Where there is nothing the answer is 204, which every client of vector tiles takes for an empty tile."""
    answer = ask.get("/tiles/grids/14/0/0.mvt")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["etag"]
    assert answer.headers["cache-control"] == "public, max-age=60"


def test_a_version_may_be_kept_for_ever(ask) -> None:
    """The tile of a version never changes, and says so; without a version it is asked about again after a minute."""
    kept = ask.get(f"{ALL}?v={version(ask)}")
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    plain = ask.get(ALL)
    assert plain.headers["cache-control"] == "public, max-age=60"
    assert (plain.content, plain.headers["etag"]) == (kept.content, kept.headers["etag"])


def test_an_old_version_is_its_own_day(ask) -> None:
    """A map that was opened before a new net took effect goes on with the net that it began with."""
    old = version(ask, "&at=2025-06-30")
    assert day_of(old) == date(2024, 1, 1)
    answer = ask.get(f"{ALL}?v={old}")
    assert len(decoded(answer)) == 8
    assert "immutable" in answer.headers["cache-control"]
    assert len(decoded(ask.get(ALL))) == 12
    assert codes(ask.get(f"{ALL}?at=2025-06-30")) == codes(answer)


def test_a_version_that_was_overtaken(own_town) -> None:
    """A net that takes effect on the same day makes a new version: the old address shows it, and may no longer be kept."""
    with served(own_town.app) as client:
        own_town.do("UPDATE wangge.grid SET in_force = daterange(lower(in_force), '2026-03-02') WHERE upper_inf(in_force)")
        own_town.do(
            "UPDATE wangge.plan_community SET in_force = daterange(lower(in_force), '2026-03-02') WHERE upper_inf(in_force)"
        )
        own_town.do(
            """INSERT INTO wangge.plan (town_id, snapshot, path, paths, title, created_at, updated_at)
               SELECT town_id, snapshot, path, paths, 'first of the day', now(), now() FROM wangge.plan LIMIT 1"""
        )
        own_town.do(
            """INSERT INTO wangge.publication (plan_id, path, effective_from, published_at)
               SELECT id, path, '2026-03-02', now() FROM wangge.plan WHERE title = 'first of the day'"""
        )
        first = version(client)
        add_net(own_town.db.admin, Net(5, date(2026, 3, 2), None), own_town.path)
        own_town.forget()
        assert version(client) != first
        answer = client.get(f"{ALL}?v={first}")
        assert len(decoded(answer)) == 20
        assert answer.headers["cache-control"] == "public, no-cache"


def test_a_net_of_the_future_does_not_change_today(own_town) -> None:
    """A net that is put in force from a later day on changes no tile of today: what is cached stays good."""
    with served(own_town.app) as client:
        before = version(client)
        for table in ("UPDATE wangge.grid", "UPDATE wangge.plan_community"):
            own_town.do(table + " SET in_force = daterange(lower(in_force), '2026-05-01') WHERE upper_inf(in_force)")
        add_net(own_town.db.admin, Net(4, date(2026, 5, 1), None), own_town.path)
        own_town.forget()
        assert version(client) == before
        own_town.now = TODAY + timedelta(days=90)
        assert version(client) != before
        assert len(decoded(client.get(ALL))) == 16


@pytest.mark.parametrize("wrong", ["1", "20250701", "20259901-0123456789", "20250701-0123456789abc", "20250701-xyz!xyz!xy", ""])
def test_what_is_no_version(ask, wrong) -> None:
    """A text that is no version is refused; one that looks like one is its day."""
    answer = ask.get(f"{ALL}?v={wrong}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-parameter")
    with pytest.raises(ParameterError):
        day_of(wrong)


@pytest.mark.parametrize("query", ["v=20250701-0123456789&at=2025-08-01", "f=png", "zoom=3", "at=tomorrow"])
def test_parameters_of_tiles(ask, query) -> None:
    """A tile takes its own parameters, and a version goes with no day beside it."""
    assert ask.get(f"{ALL}?{query}").status_code == 400


def test_unchanged_tile_needs_no_store(own_town) -> None:
    """Who has a tile, or wants one that was drawn already, is answered without asking the store anything."""
    with served(own_town.app) as client:
        own_town.app.state.ogc = Held(Versions(lambda: 0.0), Kept(10**6), {})
        first = client.get(ALL)
        own_town.pool.close()
        again = client.get(ALL, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert client.get(ALL).content == first.content
        assert client.get("/tiles/grids/3/6/3.mvt").status_code == 503


def test_etag_goes_with_the_encoding(ask) -> None:
    """A compressed tile has another ETag than a plain one, and either says that the caller's is still good."""
    tags = [ask.get(ALL, headers={"accept-encoding": kind}).headers["etag"] for kind in ("gzip", "identity")]
    assert len(set(tags)) == 2
    for tag in tags:
        assert ask.get(ALL, headers={"If-None-Match": f"W/{tag}"}).status_code == 304


def test_versions_are_asked_once_a_second() -> None:
    """However many tiles are wanted, the store is asked for the version once a second."""
    now = [0.0]
    asked = []
    versions = Versions(lambda: now[0])
    for moment in (0.0, 0.5, 0.99, 1.0, 1.5):
        now[0] = moment
        versions._remembered("x", lambda: asked.append(now[0]))
    assert asked == [0.0, 1.0]


def test_version_of_areas(own_town) -> None:
    """The version of the areas changes when one is renamed or ends, and stays when a later day brings a change."""
    versions = [Versions(lambda: 0.0).of(own_town.pool, "areas", NEW).text]
    for change in (
        "UPDATE wangge.area_version SET name = 'x' WHERE name = '社区1'",
        "UPDATE wangge.area_version SET valid = daterange(lower(valid), '2025-03-01') WHERE name = '社区2'",
    ):
        own_town.do(change)
        versions.append(Versions(lambda: 0.0).of(own_town.pool, "areas", NEW).text)
    assert len(set(versions)) == 3
    assert day_of(versions[-1]) == date(2025, 3, 1)
    before = Versions(lambda: 0.0).of(own_town.pool, "areas", NEW - timedelta(days=200)).text
    assert day_of(before) == date(2020, 1, 1)


def test_cache_forgets_the_oldest() -> None:
    """The cache keeps to its bytes; what was wanted longest ago goes first, empty tiles count too."""
    cache = Kept(1000)
    for key in "abc":
        cache.get(key, lambda: b"")
    cache.get("a", lambda: b"made again")
    cache.get("d", lambda: b"")
    made = []
    for key in "acdb":
        cache.get(key, lambda key=key: made.append(key) or b"")
    assert made == ["b"]
    assert cache.size <= 1000


def test_cache_keeps_nothing_that_is_too_big() -> None:
    """A tile bigger than the cache is made each time, and pushes nothing out."""
    cache = Kept(700)
    cache.get("small", lambda: b"s")
    assert cache.get("big", lambda: bytes(800)) == cache.get("big", lambda: bytes(800))
    assert cache.get("small", lambda: b"again") == b"s"


def test_a_tile_is_drawn_once() -> None:
    """Many who want the same new tile wait for the first instead of drawing it too; a failure is not kept."""
    cache, together, made, got = Kept(10_000), Barrier(8), [], []

    def want() -> None:
        together.wait()
        got.append(cache.get("k", lambda: made.append(1) or b"tile"))

    with pytest.raises(ZeroDivisionError):
        cache.get("k", lambda: bytes(1 // 0))
    threads = [Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (made, got) == ([1], [b"tile"] * 8)


def test_tilejson(ask) -> None:
    """TileJSON names tiles that are there, the fields that they have, and where the town is."""
    told = ask.get("/collections/grids/tiles/WebMercatorQuad?f=tilejson").json()
    assert told["bounds"] == pytest.approx([117.0, 36.490767, 117.013394, 36.497977], abs=1e-6)
    url = told["tiles"][0].format(z=0, x=0, y=0)
    fields = set().union(*(each["properties"] for each in decoded(ask.get(url))))
    (layer,) = told["vector_layers"]
    assert (layer["id"], layer["fields"].keys()) == ("grids", fields)


def test_tile_set_leads_to_its_tiles(ask) -> None:
    """From the collection to its tile sets, to the set, to a tile: every step is a link with the right type."""
    rel = "http://www.opengis.net/def/rel/ogc/1.0/"

    def follow(links, name):
        (each,) = (each for each in links if each["rel"] == name)
        return each

    collection = ask.get("/collections/grids").json()
    listed = ask.get(follow(collection["links"], f"{rel}tilesets-vector")["href"]).json()
    (each,) = listed["tilesets"]
    whole = ask.get(follow(each["links"], "self")["href"]).json()
    assert whole["tileMatrixSetURI"] == each["tileMatrixSetURI"]
    scheme = ask.get(follow(whole["links"], f"{rel}tiling-scheme")["href"]).json()
    assert scheme["uri"] == whole["tileMatrixSetURI"]
    template = follow(whole["links"], "item")
    x, y = over(12)
    tile = ask.get(template["href"].format(tileMatrix=12, tileRow=y, tileCol=x))
    assert tile.headers["content-type"] == template["type"]
    assert len(decoded(tile)) == 12


def test_matrix_set_is_the_well_known_one(ask) -> None:
    """The tile matrix set has the scales of OGC's definition."""
    matrices = ask.get("/tileMatrixSets/WebMercatorQuad").json()["tileMatrices"]
    assert [each["id"] for each in matrices] == [str(zoom) for zoom in range(HIGHEST_ZOOM + 1)]
    assert matrices[0]["scaleDenominator"] == pytest.approx(559082264.028717)
    assert matrices[22]["cellSize"] == pytest.approx(0.0373227433, rel=1e-6)
    assert matrices[5]["matrixWidth"] == 32
