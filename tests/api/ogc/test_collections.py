"""Collections: what they show of whom, and that nothing else can be asked out of them."""

from __future__ import annotations

import csv
import gzip
import io

import mapbox_vector_tile
import pytest

from api.ogc.collections import COLLECTIONS, GRIDS, collection_named
from data.store.scope import Scope
from gis.errors import NotFound
from tests.published import HIDDEN, STREETS
from tests.served import served

HOUSEHOLDS = 3
"""What the hidden grid holds."""


def grids(client, query="", headers=None):
    """Features of the grids, by their codes."""
    answer = client.get(f"/collections/grids/items?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return {each["id"]: each["properties"] for each in answer.json()["features"]}


@pytest.mark.parametrize("collection", COLLECTIONS.values(), ids=COLLECTIONS)
def test_fields_are_the_same_for_all(collection) -> None:
    """Whoever asks, a collection has the same properties: only what they show may differ."""
    own, public = (collection.fields_for(scope) for scope in (Scope(areas_1=("1",)), Scope()))
    assert [(f.name, f.kind, f.nullable) for f in own] == [(f.name, f.kind, f.nullable) for f in public]
    assert len({f.name for f in own}) == len(own)


def test_unknown_collection_is_not_found() -> None:
    """A misspelled collection is refused with the name that was meant."""
    with pytest.raises(NotFound, match="did you mean grids"):
        collection_named("grid")


def test_household_points_are_no_collection(ask) -> None:
    """No collection is of points: where households are never leaves through public collections."""
    listed = ask.get("/collections").json()["collections"]
    assert [each["id"] for each in listed] == ["districts", "streets", "communities", "grids"]


def test_small_figures_are_hidden(ask) -> None:
    """The public sees neither how many live in a small grid, nor the reason that would tell."""
    found = grids(ask)[HIDDEN]
    assert (found["households"], found["persons"], found["exception"]) == (None, None, None)


@pytest.mark.parametrize(
    "query",
    [
        f"households={HOUSEHOLDS}",
        "filter=households<100",
        "filter=households%2B0<100",
        "filter=NOT(households>100)",
        "filter=persons BETWEEN 1 AND 50",
        "exception=too_few",
        "filter=exception IS NOT NULL",
    ],
)
def test_hidden_figures_cannot_be_asked_for(ask, query) -> None:
    """No filter finds a grid by a figure that the output hides: a filter would be an oracle."""
    assert grids(ask, query) == {}


@pytest.mark.parametrize("order", ["households", "-households"])
def test_hidden_figures_do_not_order(ask, order) -> None:
    """A grid whose figure is hidden comes last whichever way features are ordered, and the cursor tells no figure."""
    assert list(grids(ask, f"sortby={order}"))[-1] == HIDDEN


def test_hidden_figures_are_in_no_tile_and_no_file(ask) -> None:
    """Tiles and files carry the same public figures as items."""
    layer = mapbox_vector_tile.decode(ask.get("/tiles/grids/0/0/0.mvt").content)["grids"]
    (tiled,) = (each["properties"] for each in layer["features"] if each["properties"]["code"] == HIDDEN)
    assert not {"households", "persons", "exception"} & tiled.keys()
    text = ask.get("/collections/grids/bulk?f=csv").text.removeprefix("\ufeff")
    (row,) = (each for each in csv.DictReader(io.StringIO(text)) if each["code"] == HIDDEN)
    assert (row["households"], row["persons"], row["exception"]) == ("", "", "")


def test_true_figures_are_for_those_whose_area_it_is(town, ask) -> None:
    """A caller sees true figures where an area is theirs, public ones elsewhere; filters go by the same."""
    mine, other = (town.key_of("street", street) for street in (STREETS[1], STREETS[0]))
    assert grids(ask, headers=mine)[HIDDEN]["households"] == HOUSEHOLDS
    assert grids(ask, "filter=households<100", headers=mine).keys() == {HIDDEN}
    assert grids(ask, headers=other)[HIDDEN]["households"] is None
    assert grids(ask, "filter=households<100", headers=other) == {}


def test_tiles_are_public_whoever_asks(town, ask) -> None:
    """A caller with an area gets the very tile that everybody gets, so that caches may share it."""
    mine = town.key_of("community", "370103002002")
    answers = [ask.get("/tiles/grids/15/27033/12787.mvt", headers=headers) for headers in ({}, mine)]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["etag"] == answers[1].headers["etag"]
    assert "Authorization" not in answers[1].headers["vary"]


@pytest.mark.parametrize(
    "path",
    ["/collections/grids/items", f"/collections/grids/items/{HIDDEN}", "/tiles/grids/0/0/0.mvt", "/collections/grids/bulk"],
)
def test_closed_grids(closed_town, path) -> None:
    """Where grids are closed to the public, strangers are asked who they are, and people without an area are refused."""
    with served(closed_town.app) as client:
        assert client.get(path).status_code == 401
        nobody = closed_town.key_of("administrator", None)
        assert client.get(path, headers=nobody).status_code == 403
        mine = closed_town.key_of("district", "370103")
        answer = client.get(path, headers=mine)
        assert answer.status_code == 200
        assert "private" in answer.headers["cache-control"]


def test_closed_grids_are_each_street_s_own(closed_town) -> None:
    """Where grids are closed, a street sees its own: in items, tiles, files, counts and extents alike."""
    with served(closed_town.app) as client:
        mine = closed_town.key_of("street", STREETS[0])
        assert all(code.startswith(STREETS[0]) for code in grids(client, headers=mine))
        assert client.get("/collections/grids/items?limit=1", headers=mine).json()["numberMatched"] == 6
        layer = mapbox_vector_tile.decode(client.get("/tiles/grids/0/0/0.mvt", headers=mine).content)["grids"]
        assert len(layer["features"]) == 6
        other = closed_town.key_of("street", STREETS[1])
        theirs = mapbox_vector_tile.decode(client.get("/tiles/grids/0/0/0.mvt", headers=other).content)["grids"]
        assert {f["properties"]["code"][:9] for f in theirs["features"]} == {STREETS[1]}
        rows = client.get("/collections/grids/bulk", headers=mine).content.count(b"\x1e")
        assert rows == 6
        boxes = [client.get("/collections/grids", headers=who).json()["extent"]["spatial"]["bbox"][0] for who in (mine, other)]
        assert boxes[0][3] == pytest.approx(boxes[1][1], abs=1e-6)


def test_counts_follow_rights(closed_town) -> None:
    """The number of a community's grids is the number that the caller may see."""
    with served(closed_town.app) as client:
        mine = closed_town.key_of("street", STREETS[0])
        asked = "/collections/communities/items?properties=code,grids"
        found = {f["id"]: f["properties"]["grids"] for f in client.get(asked, headers=mine).json()["features"]}
        assert {code: count for code, count in found.items() if count} == {"370103001001": 3, "370103001002": 3}


@pytest.mark.parametrize(("collection", "count"), [("districts", 12), ("streets", 6), ("communities", 3)])
def test_areas_count_their_grids(ask, collection, count) -> None:
    """Districts, streets and communities say how many grids they have on the day that is asked about."""
    features = ask.get(f"/collections/{collection}/items").json()["features"]
    assert {f["properties"]["grids"] for f in features} == {count}
    before = ask.get(f"/collections/{collection}/items?at=2024-06-01").json()["features"]
    assert {f["properties"]["grids"] for f in before} == {count * 2 // 3}


def test_grid_belongs_to_its_areas(ask) -> None:
    """A grid names its community and street, and can be asked for by them."""
    found = grids(ask, "street=370103002&community=370103002001")
    assert len(found) == 3
    assert {(p["community"], p["street"]) for p in found.values()} == {("370103002001", "370103002")}


def test_tile_fields_are_few() -> None:
    """Tiles carry what maps need and no more: columns decide what a tile costs."""
    assert [f.name for f in GRIDS.fields if f.in_tiles] == ["code", "name", "kind", "subtype", "households", "persons"]


def test_gzip_of_a_tile_is_a_tile(ask) -> None:
    """What is sent compressed is the same tile."""
    raw = ask.get("/tiles/grids/0/0/0.mvt", headers={"accept-encoding": "identity"})
    packed = ask.get("/tiles/grids/0/0/0.mvt", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in raw.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert raw.content == packed.content
    assert len(gzip.compress(raw.content)) < len(raw.content)
