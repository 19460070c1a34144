"""Atlases over HTTP: ordered by those who plan in all of a place, made by a worker, resumed, taken as files or as a ZIP."""

from __future__ import annotations

import csv
import hashlib
import io
import subprocess
import zipfile
from contextlib import closing
from datetime import timedelta
from threading import Event

import pytest

import api.v1.prints
from api import print_job as making
from api.chores import tidy
from api.who.caller import Role
from api.worker import work
from data.store import jobs, prints
from data.store.pool import connect
from data.store.sql import many
from tests.api.incidents.station import GRID, HERE, Station, station_over
from tests.api.rounds.homes import furnish
from tests.api.v1.hall import hall_over, problem
from tests.published import HIDDEN
from tests.stored import brought, drafted, owner, village
from tests.work import QUICK

STREET = HERE[:9]


@pytest.fixture
def station(db, tmp_path):
    """A town with people at every desk and homes in every grid."""
    with station_over(db, tmp_path) as made:
        with owner(db.admin) as conn:
            furnish(conn)
        yield made


def order(station, who="street", status=202, **wanted):
    answer = station.asks(who, "POST", "/v1/prints", json={"area": STREET} | wanted)
    assert answer.status_code == status, answer.text
    return answer.json()


def worked(station):
    """Let a worker do what waits."""
    work(station.hall.db.admin, name="w", stop=Event(), once=True, pace=QUICK)


def done(station, who="street", **wanted):
    """An atlas as it is told of once it is made, with its files by name."""
    begun = order(station, who, **wanted)
    with closing(connect(station.hall.db.admin)) as conn:
        job = jobs.take(conn, worker="w", lease_s=60, now=station.hall.now)
        assert job is not None
        made = making.print_job(station.hall.db.admin, job, lambda *_: None, 1)
        result = made.write(conn, station.hall.now)
        assert jobs.finish(conn, job, result, units=result["files"], now=station.hall.now)
    told = station.asks(who, "GET", f"/v1/prints/{begun['id']}").json()
    return told, {each["file"]: each for each in told["files"]}


def net_street(station):
    return station.hall.value("SELECT min(code) FROM wangge.area WHERE level = 'street'")


def text(body):
    return subprocess.run(["pdftotext", "-", "-"], input=body, capture_output=True, check=True).stdout.decode()


def test_a_street_is_ordered_made_and_taken(station):
    """Every grid of the street has its sheet, and all are bound behind its overview; the ZIP and its manifest hold these."""
    told, files = done(station)

    asked = "SELECT code FROM wangge.grid WHERE in_force IS NOT NULL AND code LIKE %s"
    grids = {code for (code,) in station.hall.rows(asked, [f"{STREET}%"])}
    assert {name.removesuffix(".pdf") for name, each in files.items() if each["kind"] == "sheet"} == grids
    (volume,) = (each for each in files.values() if each["kind"] == "street")
    assert volume["pages"] == len(grids) + 1
    assert (told["state"], told["made"]["sheets"], told["made"]["files"]) == ("done", len(grids), len(grids) + 1)
    book = station.asks("street", "GET", volume["href"])
    assert book.headers["content-type"] == "application/pdf"
    assert hashlib.sha256(book.content).hexdigest() == volume["sha256"]
    assert all(code in text(book.content) for code in grids)
    archive = station.asks("street", "GET", f"/v1/prints/{told['id']}/archive.zip")
    with zipfile.ZipFile(io.BytesIO(archive.content)) as packed:
        assert packed.testzip() is None
        assert set(packed.namelist()) == {"manifest.csv", *files}
        rows = list(csv.DictReader(io.StringIO(packed.read("manifest.csv").decode("utf-8-sig"))))
        assert {row["file"]: row["sha256"] for row in rows} == {
            name: hashlib.sha256(packed.read(name)).hexdigest() for name in files
        }
    taken = station.hall.rows("SELECT body ->> 'file' FROM wangge.event WHERE kind = 'export' ORDER BY seq")
    assert taken == [(volume["file"],), ("archive.zip",)]


def test_the_worker_does_it(station):
    """The worker of the service takes such a job as any other; while it is made the order says how far it is."""
    begun = order(station, bind="none", format="svg", paper="A3", scale=5000)
    again = order(station, bind="none", format="svg", paper="A3", scale=5000)
    assert again["id"] == begun["id"]
    worked(station)
    (told,) = station.asks("street", "GET", "/v1/prints").json()["prints"]
    assert (told["id"], told["state"], told["problem"]) == (begun["id"], "done", None)
    assert told["done"] == told["total"] == told["made"]["files"] > 0
    files = station.asks("street", "GET", f"/v1/prints/{begun['id']}").json()["files"]
    assert {(each["paper"], each["scale"], each["file"][-4:]) for each in files} == {("A3", 5000, ".svg")}


def test_what_a_killed_worker_has_made_is_not_made_again(station, monkeypatch):
    """Files are kept one by one: whoever takes the job of a worker that died amid it makes only those that are missing."""
    begun = order(station)

    class Killed(Exception):
        pass

    def die(conn, job, entry, body):
        prints_keep(conn, job, entry, body)
        raise Killed

    prints_keep = prints.keep
    with closing(connect(station.hall.db.admin)) as conn:
        job = jobs.take(conn, worker="w", lease_s=60, now=station.hall.now)
        monkeypatch.setattr(prints, "keep", die)
        with pytest.raises(Killed):
            making.print_job(station.hall.db.admin, job, lambda *_: None, 1)
        (first,) = prints.entries(conn, begun["id"])
        made = []

        def noted(conn, job, entry, body):
            made.append(entry["file"])
            prints_keep(conn, job, entry, body)

        monkeypatch.setattr(prints, "keep", noted)
        atlas = making.print_job(station.hall.db.admin, job, lambda *_: None, 1)
    assert first["file"] not in made
    assert {first["file"], *made} == {entry.file for entry in atlas.entries}


def test_who_may_order_and_take(station):
    """Those who plan in all of an area order it and take it; others are refused, and do not learn that it is there."""
    for who, status in (("worker", 403), ("community", 403), ("other_street", 403)):
        order(station, who, status=status)
    problem(station.hall.client.post("/v1/prints", json={"area": STREET}), 401, "unidentified")
    told, files = done(station, "street")
    order(station, "community", area=HERE)
    for who, status in (("community", 404), ("other_street", 404), ("worker", 403), ("district", 200)):
        for address in ("", "/archive.zip", f"/files/{next(iter(files))}", "/files/manifest.csv"):
            assert station.asks(who, "GET", f"/v1/prints/{told['id']}{address}").status_code == status, (who, address)
    assert told["id"] not in {each["id"] for each in station.asks("community", "GET", "/v1/prints").json()["prints"]}
    assert station.asks("street", "GET", f"/v1/prints/{told['id']}/files/nothing.pdf").status_code == 404


def test_an_atlas_is_for_those_who_plan_for_every_kind_of_grid(station):
    """It shows grids of both kinds and who lives in them: whoever plans for one kind orders none, takes none, sees none."""
    told, files = done(station)
    station.who["houses"] = station.hall.comes("houses", ("street", STREET, "residential"))
    problem(station.asks("houses", "POST", "/v1/prints", json={"area": STREET}), 403, "scope-denied")
    for address in ("", "/archive.zip", f"/files/{next(iter(files))}", "/files/manifest.csv"):
        assert station.asks("houses", "GET", f"/v1/prints/{told['id']}{address}").status_code == 404, address
    assert station.asks("houses", "GET", "/v1/prints").json()["prints"] == []
    assert STREET not in station.asks("houses", "GET", "/prints").text
    assert STREET in station.asks("street", "GET", "/prints").text


def test_the_newest_are_listed(station):
    """As many are listed as are asked for, the newest first."""
    ids = []
    for paper in ("A3", "A4"):
        ids.append(order(station, paper=paper)["id"])
        station.passes(minutes=1)
    for limit in (1, 2):
        found = station.asks("street", "GET", "/v1/prints", params={"limit": limit}).json()["prints"]
        assert [each["id"] for each in found] == ids[::-1][:limit]


def test_what_cannot_be_ordered(station):
    """Neither or both of area and plan, a bound picture, a scale nobody reckons with, an area without grids: refused."""
    for wanted in ({"area": None}, {"plan": "00000000-0000-0000-0000-000000000000"}, {"format": "png"}, {"scale": 1234}):
        order(station, status=422, **wanted)
    order(station, area="999", status=404)
    order(station, at="2001-01-01", status=400)
    problem(station.asks("street", "GET", f"/v1/prints/{order(station)['id']}/archive.zip"), 409, "not-finished")


def test_small_numbers_and_names_are_printed_only_if_asked_for(station):
    """Without `internal` a small number is a dash on the sheet; without `names` nobody is named."""
    area = HIDDEN[:12]
    for show, numbers, named in ((["internal"], True, False), (["names"], False, True)):
        told, files = done(station, "district", area=area, show=show, bind="none")
        sheet = text(station.asks("district", "GET", files[f"{HIDDEN}.pdf"]["href"]).content)
        assert ("—" not in sheet) is numbers
        told, files = done(station, "district", area=HERE, show=show, bind="none")
        sheet = text(station.asks("district", "GET", files[f"{GRID}.pdf"]["href"]).content)
        assert ("Worker" in sheet) is named
        assert told["wants"]["show"] == show


@pytest.fixture
def drawn(db, tmp_path):
    """A draft of two communities, a planner of both and one of the first."""
    with owner(db.admin) as conn:
        made = brought(conn, village(communities=2).town())
        plan = drafted(conn, made, net=made.net, title="方案甲").id
        first, _ = sorted(made.net.outline)
        street = dict(many(conn, "SELECT level, min(code) FROM wangge.area GROUP BY level"))["street"]
    with hall_over(db, tmp_path) as hall:
        who = {
            "street": hall.comes("street", (Role.STREET, street)),
            "community": hall.comes("community", (Role.COMMUNITY, first)),
        }
        yield Station(hall, who, {"plan": plan}), made.net


def test_a_plan_is_printed_as_it_is_drawn(drawn):
    """The atlas of a plan has each of its grids; whoever plans in a part of it alone neither orders nor takes it."""
    station, net = drawn
    body = {"plan": station.ids["plan"], "bind": "all"}
    problem(station.asks("community", "POST", "/v1/prints", json=body), 403, "scope-denied")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api.v1.prints, "MOST_SHEETS", len(net.code) - 1)
        problem(station.asks("street", "POST", "/v1/prints", json=body), 400, "invalid-parameter")
    station.who["houses"] = station.hall.comes("houses", ("street", net_street(station), "residential"))
    problem(station.asks("houses", "POST", "/v1/prints", json=body), 403, "scope-denied")
    assert "方案甲" not in station.asks("houses", "GET", f"/prints?plan={station.ids['plan']}").text
    assert "方案甲" in station.asks("street", "GET", f"/prints?plan={station.ids['plan']}").text
    told, files = done(station, "street", area=None, **body)
    assert {each["code"] for each in files.values() if each["kind"] == "sheet"} == set(net.code)
    assert told["wants"]["plan_title"] == "方案甲"
    assert station.asks("community", "GET", f"/v1/prints/{told['id']}").status_code == 404
    assert told["id"] not in {each["id"] for each in station.asks("community", "GET", "/v1/prints").json()["prints"]}


def test_whoever_has_a_part_of_a_plan_does_not_stop_its_print(drawn):
    """The order lies in one community, and whoever plans there sees its job; only who plans in all of the plan stops it."""
    station, _ = drawn
    begun = order(station, area=None, plan=station.ids["plan"])
    assert station.asks("community", "GET", f"/v1/jobs/{begun['id']}").status_code == 200
    problem(station.asks("community", "DELETE", f"/v1/jobs/{begun['id']}"), 403, "scope-denied")
    assert station.asks("street", "DELETE", f"/v1/jobs/{begun['id']}").json()["state"] == "cancelled"


def test_files_are_thrown_away_after_a_while(station):
    """A week after it was made an order is still listed, and its files are gone."""
    told, files = done(station, bind="none")
    with closing(connect(station.hall.db.admin)) as conn:
        tidy().do(conn, station.hall.now + jobs.KEPT - timedelta(hours=1))
        assert len(prints.entries(conn, told["id"])) == len(files)
        tidy().do(conn, station.hall.now + jobs.KEPT + timedelta(hours=1))
        assert prints.entries(conn, told["id"]) == []
    problem(station.asks("street", "GET", f"/v1/prints/{told['id']}/archive.zip"), 404, "not-found")
    assert len(station.asks("street", "GET", "/v1/prints").json()["prints"]) == 1


def test_an_order_is_stopped(station):
    """Whoever may order it stops it, by its job; nobody else does."""
    begun = order(station)
    assert station.asks("other_street", "DELETE", f"/v1/jobs/{begun['id']}").status_code == 404
    assert station.asks("street", "DELETE", f"/v1/jobs/{begun['id']}").json()["state"] == "cancelled"
