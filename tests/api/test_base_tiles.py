"""Tiles of others below our maps: off by default, one host only, and shifted for the eye alone."""

from __future__ import annotations

import http.server
import io
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from api.base_tiles import tiles_of
from api.pages.files import OWN
from api.settings import Settings
from gis.chinese_frames import from_wgs84
from tests.api.incidents.station import GRID, station_over

METRE = 1 / 111_320


@contextmanager
def tiles():
    """Serve tiles of one colour on a port of their own; give their address and what was asked."""
    asked = []
    picture = io.BytesIO()
    Image.new("RGB", (256, 256), "#d02060").save(picture, "PNG")

    class Tiles(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Referer")))
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            self.wfile.write(picture.getvalue())

        def log_message(self, format, *args):  # noqa: A002 - as it is called there
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tiles) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/{{z}}/{{x}}/{{y}}.png", asked
        server.shutdown()


def shifted(page, frame, places):
    """What the pages' own script makes of places (longitude, latitude), there and back again."""
    both = page.evaluate(
        """([frame, places]) => places.map(([lon, lat]) => {
             const there = wangge.frames.shift(frame, lon, lat);
             return [...there, ...wangge.frames.unshift(frame, ...there)];
           })""",
        [frame, places.tolist()],
    )
    return np.split(np.array(both), 2, axis=1)


def test_off_by_default(db, tmp_path, window):
    """Unless it is told of tiles a page asks nobody else, says so in its policy, and draws in the usual projection."""
    assert "frames.js" in OWN
    with station_over(db, tmp_path) as station:
        watched = window(station.hall.client.base_url, f"/collections/grids/items/{GRID}")
        watched.page.wait_for_load_state("networkidle")
        answer = station.hall.client.get(f"/collections/grids/items/{GRID}", headers={"Accept": "text/html"})
        assert "img-src 'self' data:;" in answer.headers["content-security-policy"]
        assert 'id="tiles"' not in answer.text
        assert watched.page.locator(".leaflet-tile").count() == 0
        assert watched.page.evaluate("wangge.frames.crs(undefined) === L.CRS.EPSG3857")
        rng = np.random.default_rng(7)
        # All over China, at its edges, and beyond them, where nothing is shifted.
        places = np.vstack([rng.uniform((73, 3), (135, 54), (4000, 2)), rng.uniform((-180, -80), (180, 80), (500, 2))])
        for frame in ("gcj02", "bd09"):
            there, back = shifted(watched.page, frame, places)
            assert np.abs(there - from_wgs84(places, frame)).max() < 0.1 * METRE, frame
            inside = (places[:, 0] > 73) & (places[:, 0] < 135) & (places[:, 1] > 3) & (places[:, 1] < 54)
            assert np.abs(back - places)[inside].max() < 0.01 * METRE, frame


def test_tiles_lie_below_and_clicks_are_where_they_were_made(db, tmp_path, window):
    """With tiles in GCJ-02 a grid is drawn where they have it, half a kilometre off; what is clicked is told unshifted."""
    with (
        tiles() as (url, asked),
        station_over(db, tmp_path, tiles_url=url, tiles_frame="gcj02", tiles_attribution="<b>某图商</b>") as station,
    ):
        answer = station.hall.client.get(f"/collections/grids/items/{GRID}", headers={"Accept": "text/html"})
        host = url.partition("/{z}")[0]
        assert f"img-src 'self' data: {host};" in answer.headers["content-security-policy"]
        watched = window(station.hall.client.base_url, f"/collections/grids/items/{GRID}")
        page = watched.page
        page.wait_for_load_state("networkidle")
        assert watched.complaints == []
        assert page.locator(".leaflet-tile").count() > 0
        assert page.locator(".tiles-from").text_content() == "<b>某图商</b>"
        assert asked
        assert {referer for _, referer in asked} == {None}
        place = np.array([[116.9999, 36.6254]])
        ((east, north),) = from_wgs84(place, "gcj02").tolist()
        drawn, plain, back = page.evaluate(
            """([lon, lat, east, north]) => {
                 const box = document.createElement("div");
                 Object.assign(box.style, { width: "600px", height: "400px" });
                 document.body.append(box);
                 const { map } = wangge.map(box, { colour: () => ({ fill: "#fff" }), tell: () => box, name: () => "" });
                 map.setView([lat, lon], 17, { animate: false });
                 const at = map.project([lat, lon]);
                 const flat = L.CRS.EPSG3857.latLngToPoint(L.latLng(north, east), 17);
                 const where = map.containerPointToLatLng(map.latLngToContainerPoint([lat, lon]));
                 return [[at.x, at.y], [flat.x, flat.y], [where.lng, where.lat]];
               }""",
            [116.9999, 36.6254, east, north],
        )
        assert drawn == pytest.approx(plain, abs=0.01)
        # A pixel of this zoom is a metre wide.
        assert np.abs(np.array(back) - place[0]).max() < 1.5 * METRE
        pixel = page.screenshot(clip={**page.locator("#map, .map").first.bounding_box(), "width": 60, "height": 300})
        reds = np.array(Image.open(io.BytesIO(pixel)).convert("RGB")).reshape(-1, 3)
        assert (np.abs(reds - np.array([0xD0, 0x20, 0x60])).max(axis=1) < 8).any()


@pytest.mark.parametrize(
    "url",
    ["https://a/{z}/{x}.png", "ftp://a/{z}/{x}/{y}", "https://a;script-src *//{z}/{x}/{y}", "//a/{z}/{x}/{y}", "{z}/{x}/{y}",
     "https://a b/{z}/{x}/{y}", "https://*/{z}/{x}/{y}"],
)  # fmt: skip
def test_what_is_no_address_of_tiles(url):
    """An address without its three places, of another kind, or that would open the policy further is refused."""
    with pytest.raises(ValidationError):
        Settings(tiles_url=url)


def test_our_own_tiles_open_nothing():
    """Tiles that a proxy serves below our own address need no host in the policy."""
    found = tiles_of(Settings(tiles_url="/tiles/{z}/{x}/{y}.png"))
    assert found is not None
    assert found.origin == ""
    assert tiles_of(Settings()) is None
