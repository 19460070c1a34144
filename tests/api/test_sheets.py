"""Printed sheets over HTTP: who gets which, in which form, and what is on them."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Event

import pytest

from api.sheet_press import HousePress
from api.who.caller import Role
from data.store.adopt import adopt
from data.store.plans import area_named
from data.store.profiles import keep
from data.store.sql import many
from gis.errors import StoreBusy
from maps.sheets.values import Form
from partition.engine import divide
from partition.net import net_of
from partition.rules import Rules
from tests.api.incidents.station import GRID, HERE, Station, at, station_over
from tests.api.rounds.homes import furnish
from tests.api.v1.hall import hall_over, problem
from tests.api.v1.staffed import made, posted
from tests.published import HIDDEN
from tests.stored import brought, cut, drafted, owner, village


@pytest.fixture
def station(db, tmp_path):
    """A town with people at every desk and homes in every grid, two roads and a compound."""
    with station_over(db, tmp_path) as made:
        with owner(db.admin) as conn:
            furnish(conn)
        made.hall.do(
            """INSERT INTO wangge.town_feature (town_id, layer, seen, number, path, file_row, name, kind, shape)
               SELECT t.id, f.layer, int4range(1, NULL), f.number, t.path, f.number, f.name, f.kind,
                 ST_GeomFromText(f.shape, 4548)
               FROM wangge.town t, (VALUES
                 ('barrier', 1, '解放路', 'MAIN_ROAD', 'LINESTRING(500000 4040200, 501200 4040200)'),
                 ('barrier', 2, '老城墙', 'WALL', 'LINESTRING(500000 4040100, 501200 4040100)'),
                 ('compound', 1, '安宁里', '',
                  'POLYGON((500010 4040010, 500150 4040010, 500150 4040180, 500010 4040180, 500010 4040010))')
               ) AS f (layer, number, name, kind, shape)"""
        )
        yield made


def test_the_house_s_own_words(db, tmp_path):
    """The number of the map review and the hotline are the service's to state, and stand on every sheet."""
    with station_over(db, tmp_path, map_review="鲁SG(2026)001号", hotline="12345") as station:
        printed = said(got(station, f"/sheet/{GRID}"))

    assert "鲁SG(2026)001号" in printed
    assert "12345" in printed


def got(station, address, who=None, status=200, **more):
    """The answer to somebody, or to nobody in particular."""
    headers = {"Accept-Language": "zh", **({} if who is None else station.who[who]), **more.pop("headers", {})}
    answer = station.hall.client.get(address, headers=headers, timeout=60, **more)
    assert answer.status_code == status, answer.text
    return answer


def said(answer) -> str:
    """The text of a PDF."""
    assert answer.headers["content-type"] == "application/pdf"
    return subprocess.run(["pdftotext", "-", "-"], input=answer.content, capture_output=True, check=True).stdout.decode()


def put_station(station, code="S1", **more):
    wanted = {"area": HERE, "name": "民悦驿站", "level": "community", "radius_m": 250, "services": ["法律咨询"]}
    place = {name: value for name, value in at(100, 200).items() if name != "coord_sys"}
    wanted |= {"facilities": {"desk": True}, **place, **more}
    answer = station.asks("community", "PUT", f"/v1/stations/{code}", json=wanted)
    assert answer.status_code == 201, answer.text


def test_everybody_gets_a_grids_sheet(station):
    """Where grids are public the sheet has names, bounds, roads and compounds for everybody, and the way to the grid's page."""
    answer = got(station, f"/sheet/{GRID}")
    text = said(answer)

    assert GRID in text
    assert "社区1" in text
    assert "解放路" in text
    assert "安宁里" in text
    assert "扫码" in text
    assert answer.headers["cache-control"] == "private, no-cache"


def test_who_answers_is_printed_as_the_card_says(station):
    """Everybody's sheet names worker, forces by kind and services; each is left out by its own switch."""
    put_station(station)
    (worker,) = (one["name"] for one in station.hall.client.get(f"/v1/grids/{GRID}/card").json()["people"])
    officer = made(station, name="陈警官", phone="0531-1234")
    posted(station, officer, GRID, "professional_force", kind="traffic_police")
    whole = said(got(station, f"/sheet/{GRID}"))
    for wanted in (worker, "专业力量", "交警", "陈警官", "0531-1234", "服务项目", "法律咨询"):
        assert wanted in whole, wanted
    for shown, gone, kept in (
        ("phones,forces,services", "陈警官", "0531-1234"),
        ("names,forces,services", "0531-1234", "陈警官"),
        ("names,phones,services", "交警", worker),
        ("names,phones,forces", "法律咨询", "交警"),
    ):
        printed = said(got(station, f"/sheet/{GRID}?show={shown}"))
        assert gone not in printed, shown
        assert kept in printed, shown
    assert "1 of 2 kinds" in said(got(with_kinds(station), f"/sheet/{GRID}", headers={"Accept-Language": "en"}))


def with_kinds(station):
    kinds = [{"kind": kind, "zh": kind, "en": kind} for kind in ("traffic_police", "health")]
    with owner(station.hall.db.admin) as conn:
        keep(conn, area_named(conn, HERE[:6]), "own", {"forces": {"kinds": kinds}}, day=date(2026, 1, 1))
    return station


def test_walls_are_for_those_who_work_there(station):
    """What lies below the map of those who work there, and on no map of the town, is on a sheet only if they ask for it."""
    public, internal = got(station, f"/sheet/{GRID}"), got(station, f"/sheet/{GRID}?show=internal", "worker")

    assert "围墙" not in said(public)
    assert "围墙" in said(internal)


def test_small_numbers_are_told_to_those_who_may_know(station):
    """Too few households to tell everybody are a dash on the sheet; whoever sees internal data there may ask for them."""
    assert "—" in said(got(station, f"/sheet/{HIDDEN}"))
    assert "—" in said(got(station, f"/sheet/{HIDDEN}", "district"))
    assert "—" not in said(got(station, f"/sheet/{HIDDEN}?show=internal", "district"))
    problem(got(station, f"/sheet/{HIDDEN}?show=internal", status=401), 401, "unidentified")
    problem(got(station, f"/sheet/{HIDDEN}?show=internal", "worker", status=403), 403, "scope-denied")


@pytest.mark.parametrize(
    ("query", "accept", "media", "begins"),
    [
        ("", "*/*", "application/pdf", b"%PDF"),
        ("?format=svg", "application/pdf", "image/svg+xml", b"<?xml"),
        ("", "image/png", "image/png", b"\x89PNG"),
    ],
    ids=["usual", "by parameter", "by header"],
)
def test_forms(station, query, accept, media, begins):
    """A sheet comes as PDF, SVG or PNG: as the parameter says, else as the header asks."""
    answer = got(station, f"/sheet/{GRID}{query}", headers={"Accept": accept})

    assert answer.headers["content-type"].startswith(media)
    assert answer.content.startswith(begins)


def test_a_sheet_is_drawn_once(station):
    """The same sheet has the same bytes and the same ETag, which is answered with 304; another day or paper has another."""
    first = got(station, f"/sheet/{GRID}")
    again = got(station, f"/sheet/{GRID}")
    other = got(station, f"/sheet/{GRID}?paper=A3")

    assert (first.content, first.headers["etag"]) == (again.content, again.headers["etag"])
    assert got(station, f"/sheet/{GRID}", status=304, headers={"If-None-Match": first.headers["etag"]}).content == b""
    assert other.headers["etag"] != first.headers["etag"]
    assert got(station, f"/sheet/{GRID}?at=2025-08-01").headers["etag"] != first.headers["etag"]


def test_a_sheet_changes_with_what_is_on_it(station):
    """Another name of a compound on it gives the sheet another ETag, and the new name."""
    before = got(station, f"/sheet/{GRID}").headers["etag"]
    station.hall.do("UPDATE wangge.town_feature SET name = '春和里' WHERE layer = 'compound'")

    after = got(station, f"/sheet/{GRID}")
    assert after.headers["etag"] != before
    assert "春和里" in said(after)


def test_what_cannot_be_printed(station):
    """No such grid is 404; every wrong parameter is named at once."""
    problem(got(station, "/sheet/nothing", status=404), 404, "not-found")
    told = problem(
        got(station, f"/sheet/{GRID}?format=doc&paper=A9&show=all&at=x&colour=1", status=400), 400, "unknown-parameter"
    )
    assert [each["parameter"] for each in told["errors"]] == ["colour", "format", "paper", "at", "show"]


def test_stations(station):
    """A station's sheet has its grids and what it has, for those who work there; households for those who see them."""
    put_station(station)
    problem(got(station, "/sheet/stations/S1", status=401), 401, "unidentified")
    problem(got(station, "/sheet/stations/S1", "other_street", status=404), 404, "not-found")
    mine = said(got(station, "/sheet/stations/S1", "community"))

    for wanted in ("民悦驿站", "S1", "服务网格", GRID, "✓ 服务台", "– 谈心室", "法律咨询", "开放时间", "步行 865 米圈"):
        assert wanted in mine, wanted
    # All households but none twice: in the circle of 250 m, and in that of a walk, which reaches the next community.
    reach = """SELECT sum(households) FROM wangge.household_point h, wangge.station s
               WHERE ST_DistanceSpheroid(h.geom, s.geom, 'SPHEROID["CGCS2000",6378137,298.257222101]') <= %s"""
    for metres in (250, 15 * 75 / 1.3):
        assert f"{station.hall.value(reach, [metres])} 户" in mine
    assert station.hall.value(reach, [250]) < station.hall.value(reach, [15 * 75 / 1.3])
    assert "—" in said(got(station, "/sheet/stations/S1", "worker"))


def test_who_is_on_duty_is_printed_if_asked_for(station):
    """Names and telephones of those on duty are on a station's sheet only by their own switch."""
    put_station(station)
    ((worker, name),) = station.hall.rows("SELECT id::text, name FROM wangge.staff ORDER BY name LIMIT 1")
    today = station.hall.now.date().isoformat()
    put = station.asks("community", "PUT", f"/v1/stations/S1/duty/{today}", json={"staff": [worker]})
    assert put.status_code == 200, put.text

    assert name not in said(got(station, "/sheet/stations/S1", "community"))
    assert name in said(got(station, "/sheet/stations/S1?show=names", "community"))


def test_a_stations_grids_have_their_workers(station):
    """Who works in the grids that a station serves is on its sheet with the switch for names, as the grids' cards say it."""
    put_station(station)
    (worker,) = (one["name"] for one in station.hall.client.get(f"/v1/grids/{GRID}/card").json()["people"])
    plain, named = (said(got(station, f"/sheet/stations/S1{query}", "community")) for query in ("", "?show=names"))

    assert worker not in plain
    assert "网格员" not in plain
    assert worker in named
    assert "网格员" in named
    ours = station.hall.rows("SELECT id::text FROM wangge.staff WHERE name = %s", [worker])
    station.asks(
        "community", "POST", f"/v1/staff/{ours[0][0]}/leave", json={"valid_from": "2026-03-02", "valid_to": "2026-03-04"}
    )
    absent = said(got(station, "/sheet/stations/S1?show=names", "community"))
    assert worker not in absent
    assert "Stand_In" in absent


def test_a_book_of_stations(station):
    """All stations of an area are one PDF, a page each; a picture of several pages there is not."""
    put_station(station)
    put_station(station, "S2", name="康乐驿站", radius_m=None)
    book = said(got(station, f"/sheet/stations?area={HERE}", "community"))

    assert "民悦驿站" in book
    assert "康乐驿站" in book
    assert book.count("\f") == 2
    told = got(station, f"/sheet/stations?area={HERE}&format=png", "community", status=400).json()
    assert [each["parameter"] for each in told["errors"]] == ["format"]


@pytest.fixture
def redraw(db, tmp_path):
    """Two communities with a net in force; a plan of both with larger grids, and one of a third where nothing is in force."""
    with owner(db.admin) as conn:
        made = brought(conn, village(communities=3).town())
        first, second, third = sorted(made.net.outline)
        rows = [g for g, home in enumerate(made.net.community) if home != third]
        adopt(conn, drafted(conn, made, net=made.net.take(rows), title="现状"), cut())
        rules = Rules(minimum=300, target=600, maximum=700)
        larger = net_of(divide(made.town, rules, seed=1), made.town)
        of = {home: [g for g, each in enumerate(larger.community) if each in homes] for home, homes in
              {"both": (first, second), "new": (third,)}.items()}  # fmt: skip
        plans = {name: drafted(conn, made, net=larger.take(rows), title=f"方案 {name}").id for name, rows in of.items()}
        street = dict(many(conn, "SELECT level, min(code) FROM wangge.area GROUP BY level"))["street"]
    with hall_over(db, tmp_path) as hall:
        who = {
            "street": hall.comes("street", (Role.STREET, street)),
            "community": hall.comes("community", (Role.COMMUNITY, first)),
            "worker": hall.comes("worker", (Role.GRID_WORKER, first)),
        }
        yield Station(hall, who, plans), (first, second, third)


def test_what_a_plan_changes_is_printed(redraw):
    """A page for the street and each community that changes: both plans by name, and as many households as the plan moves."""
    station, (first, second, third) = redraw
    answer = got(station, f"/sheet/plans/{station.ids['both']}", "street")
    pages = said(answer).split("\f")[:-1]
    told = station.asks("street", "GET", f"/v1/plans/{station.ids['both']}/diff").json()

    assert len(pages) == 3
    assert all("原方案：现状；新方案：方案 both" in page for page in pages)
    assert told["households_moved"] > 0
    assert f"{told['households_moved']:,}" in pages[0]
    assert [[home in page for home in (first, second)] for page in pages] == [[True, True], [True, False], [False, True]]
    assert third not in "".join(pages)
    alone = said(got(station, f"/sheet/plans/{station.ids['both']}?community={second}", "street"))
    assert (alone.count("\f"), first in alone) == (1, False)
    problem(got(station, f"/sheet/plans/{station.ids['both']}?community=1", "street", status=400), 400, "invalid-parameter")


def test_a_plan_where_nothing_is_in_force(redraw):
    """Beside no net at all every grid is new, and nobody has moved."""
    station, (*_, third) = redraw
    answer = got(station, f"/sheet/plans/{station.ids['new']}", "street")
    text = said(answer)

    assert third in text
    assert "原方案：—；新方案：方案 new" in text
    assert text.count("新增") > 2
    assert "换格户数" in text


def test_a_comparison_is_drawn_once_and_again_when_the_plan_changes(redraw):
    """The same comparison has the same ETag, answered with 304; another title of the plan is another sheet."""
    station, _ = redraw
    address = f"/sheet/plans/{station.ids['both']}"
    first = got(station, address, "street")
    tag = first.headers["etag"]

    assert got(station, address, "street").content == first.content
    assert got(station, address, "street", status=304, headers={"If-None-Match": tag}).content == b""
    station.hall.do("UPDATE wangge.plan SET title = '方案二' WHERE id = %s", [station.ids["both"]])
    again = got(station, address, "street", headers={"If-None-Match": tag})
    assert again.headers["etag"] != tag
    assert "新方案：方案二" in said(again)


def test_a_comparison_is_for_those_who_see_all_of_its_households(redraw):
    """Nobody in particular is asked who they are; who sees a part of the plan's households is refused, also with the ETag."""
    station, _ = redraw
    address = f"/sheet/plans/{station.ids['both']}"
    tag = {"If-None-Match": got(station, address, "street").headers["etag"]}

    problem(got(station, address, status=401, headers=tag), 401, "unidentified")
    problem(got(station, address, "community", status=403, headers=tag), 403, "scope-denied")
    problem(got(station, address, "worker", status=403, headers=tag), 403, "scope-denied")
    problem(got(station, "/sheet/plans/00000000-0000-0000-0000-000000000000", "street", status=404), 404, "not-found")


class Slow:
    """A page that is drawn when it is told to."""

    scale = 0

    def __init__(self) -> None:
        self.begun, self.may = Event(), Event()

    def draw(self):
        """Wait, and then be no page."""
        self.begun.set()
        assert self.may.wait(20)
        raise NotImplementedError


def test_the_queue_before_the_press_is_short():
    """While one sheet is drawn so many may wait; whoever comes then is told to come again, and it goes on afterwards."""
    press, slow = HousePress(waiting=1), Slow()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(press.printed, "a", [slow], Form.PDF, "a")
        assert slow.begun.wait(20)
        with pytest.raises(StoreBusy, match="too many"):
            press.printed("b", [Slow()], Form.PDF, "b")
        slow.may.set()
        assert isinstance(first.exception(), NotImplementedError)
    again = Slow()
    again.may.set()
    with pytest.raises(NotImplementedError):
        press.printed("b", [again], Form.PDF, "b")
