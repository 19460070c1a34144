"""Departments' own nets, from a file to the crosswalk: what comes in, what it was on any day, how it goes over to the grids."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg2
import pyogrio.raw
import pytest
import shapely

from api.cli import run as command
from api.profile_load import load
from data.profile import profile_from
from data.store.log import broken
from data.store.sql import many, run
from tests.api.incidents.station import HERE, MONDAY, NEXT, station_over
from tests.api.rounds.homes import HOUSEHOLDS, POINTS, furnish
from tests.api.v1.hall import problem
from tests.published import COMMUNITIES, DISTRICT, EAST0, FRAME, HIGH, NORTH0, STREETS, WIDE
from tests.stored import owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.api.incidents.station import Station

OLD, CUT = "2020-01-01", "2026-03-01"
WHO = "综治"
# Of the southern street: a cell over the western community and a third of the eastern one, and one over what is left of it.
CELLS = {"J1": (0, 0, WIDE * 4 / 3, HIGH), "J2": (WIDE * 4 / 3, 0, 2 * WIDE, HIGH)}


def box(west: float, south: float, east: float, north: float) -> Any:
    return shapely.box(EAST0 + west, NORTH0 + south, EAST0 + east, NORTH0 + north)


def net(folder: Path, cells: dict[str, Any], name: str = "old.gpkg", **columns: Any) -> str:
    """Write cells as a file, by their codes: corners or shapes."""
    path = folder / name
    path.unlink(missing_ok=True)
    shapes = [cell if not isinstance(cell, tuple) else box(*cell) for cell in cells.values()]
    fields = {"网格编码": list(cells), "名称": [f"{code}片" for code in cells], **columns}
    pyogrio.raw.write(
        str(path),
        shapely.to_wkb(np.array(shapes, dtype=object)),
        field_data=[np.array(values, dtype=object) for values in fields.values()],
        fields=list(fields),
        geometry_type="Unknown",
        crs=f"EPSG:{FRAME}",
    )
    return str(path)


@pytest.fixture
def station(db, tmp_path):
    """The small town, with four homes of ten households in the middle of every grid."""
    with station_over(db, tmp_path) as made:
        with owner(db.admin) as conn:
            furnish(conn)
        yield made


@pytest.fixture
def says(monkeypatch, capsys, station, tmp_path) -> Callable[..., Any]:
    """Run `wangge legacy` on the town's store; return its exit code, what it printed and what it said on stderr."""
    monkeypatch.setenv("WANGGE_DSN", station.hall.db.app)
    monkeypatch.setenv("WANGGE_ADMIN_DSN", station.hall.db.admin)

    def run_it(*words: str) -> tuple[int, str, str]:
        code = command(["legacy", *words, "--home", str(tmp_path / "home")])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_it


def brought(says: Callable[..., Any], path: str, *more: str, who: str = WHO, since: str = OLD) -> dict[str, Any]:
    code, out, err = says("import", path, "--department", who, "--from", since, "--json", *more)
    assert code == 0, err
    return json.loads(out)


def retired(says: Callable[..., Any], *more: str, who: str = WHO, on: str = CUT) -> int:
    code, out, err = says("retire", "--department", who, "--on", on, "--json", *more)
    assert code == 0, err
    return json.loads(out)["cells"]


def asked(station: Station, address: str, who: str = "district", **query: str) -> Any:
    answer = station.asks(who, "GET", address, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def walk(station: Station, area: str = DISTRICT, who: str = "district", **query: str) -> list[tuple[str, str | None, float]]:
    """Return the crosswalk as cell, grid, share; check that each cell's shares are 1 to the last digit."""
    told = asked(station, "/v1/legacy/crosswalk", who, department=WHO, area=area, **query)
    whole: dict[tuple[str, str], Decimal] = {}
    for row in told["rows"]:
        key = row["area"], row["cell"]
        whole[key] = whole.get(key, Decimal(0)) + Decimal(repr(row["share"]))
    assert set(whole.values()) <= {Decimal(1)}
    assert told["cells"] == len(whole)
    return [(row["cell"], row["grid"], row["share"]) for row in told["rows"]]


def test_a_net_comes_in_once(station, says, tmp_path) -> None:
    """Cells come in with code, name and ground; the same file again changes nothing, and the log says once what was done."""
    path = net(tmp_path, CELLS)
    assert brought(says, path, "--dry-run")["added"] == ["J1", "J2"]
    assert station.hall.value("SELECT count(*) FROM wangge.legacy_grid") == 0
    first = brought(says, path)
    assert (first["area"], first["from"], first["cells"], first["added"]) == ("3701", OLD, 2, ["J1", "J2"])
    again = brought(says, path, since="2021-01-01")
    assert (again["added"], again["changed"], again["ended"], again["unchanged"]) == ([], [], [], 2)
    rows = station.hall.rows(
        "SELECT department, code, name, valid::text, round(ST_Area(shape)) FROM wangge.legacy_grid ORDER BY code"
    )
    assert rows == [
        (WHO, "J1", "J1片", f"[{OLD},)", 320_000),
        (WHO, "J2", "J2片", f"[{OLD},)", 160_000),
    ]
    events = station.hall.rows("SELECT kind, subject, body FROM wangge.event WHERE kind LIKE 'legacy.%%'")
    assert events == [("legacy.imported", WHO, {"valid_from": OLD, "added": 2, "changed": 0, "ended": 0})]
    with owner(station.hall.db.admin) as conn:
        assert broken(conn) == ()


def test_every_fault_of_a_file_is_said_at_once(station, says, tmp_path) -> None:
    """A cell without a code, one twice, one without ground and one that is no area stop the file, each named by its row."""
    bad = {"A": (0, 0, 10, 10), "": (10, 0, 20, 10), "B": None, "C": shapely.LineString([(EAST0, NORTH0), (EAST0, NORTH0 + 9)])}
    path = net(tmp_path, {**bad, "D": (0, 0, 5, 5)}, 网格编码=["A", "", "B", "C", "A"])
    code, out, err = says("import", path, "--department", WHO, "--lang", "en")
    assert (code, out) == (1, "")
    for line in (
        "error [empty_value] old.gpkg row 2 网格编码", "error [empty_geometry] old.gpkg row 3 geometry",
        "error [wrong_geometry_type] old.gpkg row 4 geometry", "error [duplicate_code] old.gpkg row 5 网格编码",
    ):  # fmt: skip
        assert line in err, err
    assert station.hall.value("SELECT count(*) FROM wangge.legacy_grid") == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "old.gpkg", "--department", " "), "--department"),
        (("import", "old.gpkg", "--department", "x" * 61), "--department"),
        (("import", "none.gpkg", "--department", WHO), "file_missing"),
        (("import", "old.gpkg", "--department", WHO, "--coordinates", "mars"), "--coordinates"),
        (("import", "plain.csv", "--department", WHO), "no_geometry"),
        (("import", "old.gpkg", "--department", WHO, "--area", "nowhere"), "no area nowhere"),
        (("import", "tiny.gpkg", "--department", WHO), "cell_vanished"),
        (("import", "long.gpkg", "--department", WHO), "text_too_long"),
        (("retire", "--department", WHO, "--on", "never"), "never"),
        (("retire", "--department", WHO, "--on", CUT), "no such net"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused(station, says, tmp_path, words, said) -> None:
    """A command that cannot be carried out says why, and leaves the store as it was."""
    net(tmp_path, CELLS)
    net(tmp_path, {"T": (0, 0, 0.001, 0.001)}, "tiny.gpkg")
    net(tmp_path, {"L" * 101: (0, 0, 9, 9)}, "long.gpkg")
    (tmp_path / "plain.csv").write_text("code\n1\n", encoding="utf-8")
    named = [str(tmp_path / word) if word.endswith((".gpkg", ".csv")) else word for word in words]
    code, _, err = says(*named, "--lang", "en")
    assert code != 0
    assert said in err
    assert station.hall.value("SELECT count(*) FROM wangge.legacy_grid") == 0


def test_a_file_without_codes_is_refused(station, says, tmp_path) -> None:
    """Without a column of codes nothing comes in: a row's number would be another cell's in the next file."""
    path = tmp_path / "no.geojson"
    square = shapely.geometry.mapping(shapely.box(117, 36, 118, 37))
    feature = {"type": "Feature", "properties": {"colour": "red"}, "geometry": square}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    code, _, err = says("import", str(path), "--department", WHO, "--lang", "en")
    assert (code, "missing_column" in err) == (1, True)
    assert station.hall.value("SELECT count(*) FROM wangge.legacy_grid") == 0


def test_a_net_is_what_its_last_file_says(station, says, tmp_path) -> None:
    """What another file says otherwise begins anew, what it leaves out ends, and each day is answered as it was."""
    brought(says, net(tmp_path, CELLS))
    later = net(tmp_path, {"J1": CELLS["J1"], "J3": CELLS["J2"]}, 名称=["一片", "J3片"])
    done = brought(says, later, since="2024-06-01")
    assert (done["added"], done["changed"], done["ended"], done["unchanged"]) == (["J3"], ["J1"], ["J2"], 0)
    (then,) = asked(station, "/v1/legacy", at="2024-05-31")["nets"]
    (now,) = asked(station, "/v1/legacy", at="2024-06-01")["nets"]
    assert (then["active"], then["cells"], now["active"], now["cells"]) == (2, 2, 2, 3)
    assert (now["state"], now["valid_from"], now["valid_to"]) == ("active", OLD, None)
    assert {cell for cell, *_ in walk(station, at="2024-05-31")} == {"J1", "J2"}
    assert {cell for cell, *_ in walk(station)} == {"J1", "J3"}
    code, _, err = says("import", later, "--department", WHO, "--from", "2023-01-01", "--lang", "en")
    assert (code, "2024-06-01" in err) == (2, True)


def test_after_the_cut_over_no_cell_is_in_use(station, says, tmp_path) -> None:
    """A net that is retired is in use until the day before, and from that day on nothing of it is; its history stays."""
    brought(says, net(tmp_path, CELLS))
    assert retired(says) == 2
    assert retired(says) == 0
    before, after = (asked(station, "/v1/legacy", at=day) for day in ("2026-02-28", CUT))
    assert (before["active"], after["active"]) == (2, 0)
    assert (before["nets"][0]["state"], before["nets"][0]["valid_to"]) == ("active", None)
    assert (after["nets"][0]["state"], after["nets"][0]["valid_to"], after["nets"][0]["cells"]) == ("retired", CUT, 2)
    assert asked(station, "/v1/legacy", at="2019-12-31")["nets"] == []
    assert station.hall.value("SELECT count(*) FROM wangge.legacy_grid") == 2
    code, _, err = says("retire", "--department", WHO, "--on", "2025-01-01", "--lang", "en")
    assert (code, CUT in err) == (2, True)
    assert retired(says, who=WHO, on="2026-05-01") == 0
    back = brought(says, net(tmp_path, CELLS), since="2026-03-02")
    assert back["added"] == ["J1", "J2"]
    assert [asked(station, "/v1/legacy", at=day)["active"] for day in (CUT, "2026-03-02")] == [0, 2]


def test_households_decide_how_a_cell_goes_over(station, says, tmp_path) -> None:
    """A cell goes to the grids that its households live in now, whatever the ground: to each by how many, 1 together."""
    brought(says, net(tmp_path, CELLS))
    retired(says)
    each = POINTS * HOUSEHOLDS
    told = asked(station, "/v1/legacy/crosswalk", department=WHO, area=DISTRICT)
    assert [(row["cell"], row["grid"], row["share"], row["households"], row["by"]) for row in told["rows"]] == [
        *(("J1", f"{HERE}00{n}", 0.25, each, "households") for n in (1, 2, 3)),
        ("J1", f"{NEXT}001", 0.25, each, "households"),
        *(("J2", f"{NEXT}00{n}", 0.5, each, "households") for n in (2, 3)),
    ]
    assert {row["ground_m2"] for row in told["rows"]} == {80_000.0}
    assert (told["nets"][0]["state"], told["nets"][0]["area"]) == ("retired", "3701")


def test_a_part_of_the_town_sees_its_part_of_a_cell(station, says, tmp_path) -> None:
    """Of a cell that reaches beyond the area asked for, what lies in the area counts: those who see no more see that."""
    brought(says, net(tmp_path, CELLS))
    assert walk(station, NEXT, "street") == [
        ("J1", f"{NEXT}001", 1.0), ("J2", f"{NEXT}002", 0.5), ("J2", f"{NEXT}003", 0.5),
    ]  # fmt: skip
    assert [share for _, _, share in walk(station, HERE, "community")] == [0.333334, 0.333333, 0.333333]
    assert walk(station, STREETS[1], "other_street") == []
    problem(
        station.asks("community", "GET", "/v1/legacy/crosswalk", params={"department": WHO, "area": NEXT}), 404, "not-found"
    )


def test_where_nobody_lives_ground_decides(station, says, tmp_path) -> None:
    """A cell without a household is shared out by ground, and what of it lies in no grid goes nowhere."""
    brought(says, net(tmp_path, {"M": (-60, 0, 40, 100), "F": (9000, 0, 9100, 100)}), "--area", DISTRICT)
    assert walk(station) == [
        ("F", None, 1.0), ("M", f"{HERE}001", 0.4), ("M", None, 0.6),
    ]  # fmt: skip
    assert walk(station, HERE) == [("M", f"{HERE}001", 1.0)]


def test_before_there_was_a_net_everything_goes_nowhere(station, says, tmp_path) -> None:
    """As of a day without grids no cell goes to any: each is whole, and in none."""
    brought(says, net(tmp_path, CELLS))
    assert walk(station, at="2023-06-01") == [("J1", None, 1.0), ("J2", None, 1.0)]


def test_the_crosswalk_is_a_table(station, says, tmp_path) -> None:
    """As CSV the crosswalk has the same rows, and a name that is a formula is a text."""
    brought(says, net(tmp_path, CELLS, 名称=["=1+1", "J2片"]))
    address = f"/v1/legacy/crosswalk?department={WHO}&area={DISTRICT}"
    answer = station.asks("district", "GET", f"{address}&f=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))
    rows = station.asks("district", "GET", address).json()["rows"]
    assert [(line["cell"], line["grid"], float(line["share"])) for line in lines] == [
        (row["cell"], row["grid"], row["share"]) for row in rows
    ]
    assert [lines[0]["name"], lines[-1]["name"]] == ["'=1+1", "J2片"]


def test_who_may_read_what(station, says, tmp_path) -> None:
    """Whoever works below an area knows its nets; strangers and who works elsewhere do not, and the service writes none."""
    brought(says, net(tmp_path, CELLS))
    brought(says, net(tmp_path, {"X": CELLS["J1"]}), "--area", NEXT, who="城管")
    for who, seen in (("worker", {WHO}), ("stranger", {WHO, "城管"}), ("district", {WHO, "城管"}), ("street", {WHO, "城管"})):
        assert {each["department"] for each in asked(station, "/v1/legacy", who)["nets"]} == seen, who
    assert {each["department"] for each in asked(station, "/v1/legacy", area=HERE)["nets"]} == {WHO}
    for address in ("/v1/legacy", f"/v1/legacy/crosswalk?department={WHO}&area={DISTRICT}"):
        problem(station.asks("auditor", "GET", address), 403, "scope-denied")
        assert station.hall.client.get(address).status_code == 401
    problem(station.asks("district", "GET", f"/v1/legacy/crosswalk?department=none&area={DISTRICT}"), 404, "not-found")
    connection = psycopg2.connect(station.hall.db.app)
    try:
        with connection, pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run(connection, "DELETE FROM wangge.legacy_grid")
    finally:
        connection.close()


def says_legacy(station: Station, *departments: str) -> None:
    with owner(station.hall.db.admin) as conn:
        doc = {"id": "own", "zh": "own", "en": "own", "area": DISTRICT, "legacy": {"departments": list(departments)}}
        load(conn, profile_from(doc), day=MONDAY.date(), now=MONDAY)


def test_a_profile_says_whose_nets_are_to_be_merged(station, says, tmp_path) -> None:
    """Of each department that the place names it is told whether its net is missing, in use or retired, and how many are."""
    says_legacy(station, WHO, "城管", "党建")
    for who in (WHO, "城管"):
        brought(says, net(tmp_path, CELLS), "--area", DISTRICT, who=who)
    retired(says, "--area", DISTRICT)
    told = asked(station, "/v1/legacy", area=HERE)
    assert told["profile"] == "own"
    assert [(each["department"], each["state"]) for each in told["departments"]] == [
        (WHO, "retired"), ("城管", "active"), ("党建", "missing"),
    ]  # fmt: skip
    stated = asked(station, "/v1/profiles/stated", area=DISTRICT)["stated"]
    assert [(each["key"], each["stated"], each["found"]) for each in stated if each["section"] == "legacy"] == [
        ("departments", 3, 2), ("departments.retired", 3, 1),
    ]  # fmt: skip


def test_the_panel_counts_what_is_left_of_them(station, says, tmp_path) -> None:
    """The panel has how many nets there were, in use and retired, and how many cells are: none where nothing was brought in."""

    def figures(**query: str) -> list[Any]:
        told = asked(station, "/v1/panel", area=DISTRICT, metrics="legacy_nets,legacy_cells", **query)["figures"]
        return [told[0]["value"], told[0]["parts"], told[1]["value"]]

    assert figures() == [0, {"legacy_active": 0, "legacy_retired": 0}, None]
    brought(says, net(tmp_path, CELLS), "--area", DISTRICT)
    brought(says, net(tmp_path, {"X": CELLS["J1"]}), "--area", NEXT, who="城管")
    assert figures(at="2026-02-28") == [2, {"legacy_active": 2, "legacy_retired": 0}, 3]
    retired(says, "--area", DISTRICT)
    assert figures() == [2, {"legacy_active": 1, "legacy_retired": 1}, 1]
    assert figures(at="2026-02-28") == [2, {"legacy_active": 2, "legacy_retired": 0}, 3]
    retired(says, "--area", NEXT, who="城管")
    assert figures()[2] == 0


def test_a_shifted_file_lies_where_it_should(station, says, tmp_path) -> None:
    """A file whose coordinates are declared lies where they say; nothing of it is lost on the way."""
    brought(says, net(tmp_path, CELLS), "--coordinates", f"epsg:{FRAME}")
    (spare,) = many_of(station, "SELECT sum(ST_Area(shape)) FROM wangge.legacy_grid")[0]
    assert round(spare) == WIDE * HIGH * 2
    assert COMMUNITIES[0] == HERE


def many_of(station: Station, statement: str) -> list[tuple[Any, ...]]:
    with owner(station.hall.db.admin) as conn:
        return many(conn, statement)
