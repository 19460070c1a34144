"""`wangge station-sheets`: what the store keeps becomes printed sheets, as an operator types it."""

from __future__ import annotations

import json

import pytest

from api.cli import run
from data.store import stations
from data.store.sql import many
from tests.api.incidents.station import at
from tests.api.rounds.homes import furnish
from tests.maps.sheets.printed import said_by
from tests.published import COMMUNITIES, DISTRICT, TODAY, publish
from tests.stored import owner

HERE, THERE = COMMUNITIES[0], COMMUNITIES[2]
DAY = "2026-03-02"


@pytest.fixture
def says(monkeypatch, capsys, db, tmp_path):
    """Print stations of a town that has two; return what is said as JSON, or the exit code with what is refused."""
    path = publish(db.admin)
    monkeypatch.setenv("WANGGE_DSN", db.app)
    monkeypatch.setenv("WANGGE_ADMIN_DSN", db.admin)
    with owner(db.admin) as conn:
        furnish(conn)
        area = dict(many(conn, "SELECT code, id FROM wangge.area"))
        plain = dict.fromkeys(stations.PLAIN) | {
            "level": "community",
            "kind": "station",
            "active": True,
            "services": ["法律咨询"],
        }
        plain |= {name: name == "has_desk" for name in stations.PLAIN if name.startswith("has_")} | {"brand": "", "tenure": ""}
        for code, name, home, x, y in (("S1", "民悦驿站", HERE, 100, 200), ("S2", "康乐驿站", THERE, 100, 600)):
            place = at(x, y)
            said = plain | {"code": code, "name": name, "radius_m": 250}
            where = (area[home], path[home])
            stations.put(conn, area=where, at=(place["lon"], place["lat"]), service_area=None, station=said, now=TODAY)
        stations.give_grids(conn, stations.get(conn, "S1"), [f"{HERE}001", f"{HERE}002"], TODAY.date())

    def run_it(*words):
        capsys.readouterr()
        code = run(["station-sheets", *map(str, words), "--out", str(tmp_path / "out"), "--date", DAY, "--json"])
        said = capsys.readouterr()
        return json.loads(said.out) if code == 0 else (code, said.err)

    return run_it


def text(tmp_path, name):
    return said_by("pdftotext", tmp_path / "out" / name, "-")


def test_every_station_of_an_area_has_its_sheet(says, tmp_path):
    """Each station is one page with its own grids, services and day, and all are bound in one file; again, nothing is to do."""
    said = says(DISTRICT)

    assert said["files"] == ["station-S1.pdf", "station-S2.pdf", f"stations-{DISTRICT}.pdf"]
    assert (said["made"], said["kept"]) == (3, 0)
    first = text(tmp_path, "station-S1.pdf")
    for wanted in ("民悦驿站", "S1", "社区1", f"{HERE}001", f"{HERE}002", "✓ 服务台", "– 谈心室", "法律咨询", DAY):
        assert wanted in first, wanted
    assert f"{HERE}003" not in first
    assert "康乐驿站" not in first
    book = text(tmp_path, f"stations-{DISTRICT}.pdf").split("\f")
    assert [name in page for page, name in zip(book, ("民悦驿站", "康乐驿站"), strict=False)] == [True, True]
    assert len(book) == 3
    assert says(DISTRICT)["kept"] == 3


def test_an_area_has_its_own_stations(says, tmp_path):
    """A street's stations are those that its communities keep; an area without any, or that is none, is said by name."""
    assert says(THERE[:9])["files"] == ["station-S2.pdf", f"stations-{THERE[:9]}.pdf"]
    for area in (COMMUNITIES[1], "999999"):
        code, fault = says(area)
        assert code == 2
        assert area in fault
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "station-S2.pdf", f"stations-{THERE[:9]}.pdf", "manifest.csv"
    }  # fmt: skip


def test_pictures_and_english(says, tmp_path):
    """As pictures there is one file for each station and none of all; on A3 and in English too."""
    said = says(DISTRICT, "--format", "png", "--paper", "A3", "--lang", "en")

    assert said["files"] == ["station-S1.png", "station-S2.png"]
    assert (tmp_path / "out" / "station-S1.png").read_bytes().startswith(b"\x89PNG")
