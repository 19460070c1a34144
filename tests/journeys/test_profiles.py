"""Each of the five places from its profile to its panel: an empty store is filled, and the figures are asked for over HTTP."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from api import cli_incidents, cli_profile
from api.panel.figures import FIGURES
from api.profile_fixture import years_before
from api.v1 import legacy, orders, panel, profiles, staffing, stations
from data.profile import place
from data.store.incident_load import broken_batches
from data.store.log import broken
from data.store.pool import connect
from tests.api.v1.hall import addresses, hall_over

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    import httpx

    from tests.api.v1.hall import Hall

pytestmark = pytest.mark.slow

ROUTERS = (panel, profiles, legacy, staffing, stations, orders)
PANELS: dict[str, dict[str, tuple[str, int | None, int | None]]] = {
    "shizhong": {
        "grids": ("1,157", None, None),
        "full_time_filled": ("63.0 %", 592, 939),
        "full_time_gap": ("347", None, None),
        "part_time_per_residential": ("3.74", 3511, 939),
        "part_time_per_grid": ("3.03", 3511, 1157),
        "yuan_per_worker": ("62,500", 37_000_000, 592),
        "staff_compliance": ("70.0 %", 592 + 218, 1157),
    },
    "gangcheng": {
        "grids_per_community": ("4.64", 102, 22),
        "grids_per_station": ("2.55", 102, 40),
        "workers_per_grid": ("3.71", 378, 102),
        "out_of_band": ("0", None, None),
        "communities": ("22", None, None),
    },
    "shifeng": {
        "grids_per_community": ("5.16", 232, 45),
        "listed": ("118", None, None),
        "matters": ("285", None, None),
        "departments": ("23", None, None),
        "pairs_complete": ("100.0 %", 232, 232),
        "duty_roles_full": ("100.0 %", 464, 464),
        "matter_in_force": ("403.00", 403 * 232, 232),
        "coverage_defect_m2": ("0.00 m²", None, None),
        "without_b": ("0", None, None),
        "persons": ("278,400", None, None),
        "households": ("92,800", None, None),
    },
    "jiuquan": {
        "persons_per_grid": ("887.6", 699_400, 788),
        "part_time_per_grid": ("3.00", 2364, 788),
        "staff_compliance": ("100.0 %", 788, 788),
        "party_units": ("1,074", None, None),
        "persons_per_household_least": ("1.78", 699_400, 394_000),
        "persons_per_household_most": ("2.96", 699_400, 236_400),
        "exits": ("216", None, None),
        "legacy_nets": ("8", None, None),
        "legacy_cells": ("0", None, None),
    },
    "yunyang": {
        "workers_per_grid": ("5.37", 1300, 242),
        "beyond_core": ("332", None, None),
        "resolution_rate": ("94.7 %", 1920, 2027),
        "order_finish_rate": ("98.2 %", 4124, 4200),
        "exits": ("43", None, None),
    },
}
"""What each place is said to have: as it is written, and the numbers that it is made of."""


def command(app: Any, *words: str) -> Any:
    """Run a command and return what it says, as JSON."""
    done = CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@contextmanager
def filled(name: str, db: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[tuple[Hall, httpx.Client]]:
    """Fill a store with a place, and sign in somebody of its own who sees all of it."""
    monkeypatch.setenv("WANGGE_DSN", db.app)
    monkeypatch.setenv("WANGGE_ADMIN_DSN", db.admin)
    told = command(cli_profile.app, "load", name, "--fixture", "--home", str(home))
    assert told["profile"] == name
    again = command(cli_profile.app, "load", name, "--home", str(home))
    assert again["changed"] == []
    with hall_over(db, home) as hall:
        there = {path for _, path in addresses(hall.app)}
        for module in ROUTERS:
            if not {route.path for route in module.router.routes} & there:
                hall.app.include_router(module.router)
        hall.now = datetime.now(UTC)
        hall.person("official", ("district", place(name).area))
        with hall.browser("official") as client:
            client.headers["Accept-Language"] = "en"
            yield hall, client


def asked(client: httpx.Client, address: str, **params: str) -> Any:
    """Ask, and return the answer."""
    answer = client.get(address, params=params, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def figures(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the figures of a panel, by id."""
    return {figure["id"]: figure for figure in document["figures"]}


def adds_up(document: Mapping[str, Any]) -> None:
    """Say where the parts of a panel and what lies in none of them are not the whole."""
    rows = [*(part["figures"] for part in document["parts"]), document["elsewhere"]]
    whole = figures(document)
    for figure in (each for each in FIGURES if each.is_sum):
        for number in ("n", "d") if figure.denominator is not None else ("value",):
            total = whole[figure.id][number] or 0
            assert sum(row[figure.id][number] or 0 for row in rows) == pytest.approx(total), (figure.id, number)


@pytest.mark.parametrize("name", PANELS)
def test_a_place_shows_its_figures(name, db, tmp_path, monkeypatch) -> None:
    """A place's panel shows, to the last digit, what it is said to have; its parts add up; and its log is whole."""
    with filled(name, db, tmp_path, monkeypatch) as (hall, client):
        document = asked(client, "/v1/panel", area=place(name).area)
        found = figures(document)
        shown = {each: (found[each]["text"], found[each].get("n"), found[each].get("d")) for each in PANELS[name]}
        assert shown == PANELS[name]
        assert len(document["parts"]) == len({each["code"] for each in document["parts"]}) > 0
        adds_up(document)
        part = document["parts"][0]
        below = asked(client, "/v1/panel", area=part["code"])
        adds_up(below)
        from_inside = {figure: (each["text"], each.get("n")) for figure, each in figures(below).items()}
        assert from_inside == {figure: (each["text"], each.get("n")) for figure, each in part["figures"].items()}
        SPECIALLY[name](hall, client, document)
    with closing(connect(db.admin)) as conn:
        assert (broken(conn), broken_batches(conn)) == ((), ())


def shizhong(hall: Hall, client: httpx.Client, document: Any) -> None:
    """Say what a district is shown beside its panel: both formulas, and whom they miss."""
    assert len(document["parts"]) == 17
    assert figures(document)["grids"]["parts"] == {"residential": 939, "dedicated": 218}
    # Of the net before, twenty grids were two each, too small.
    assert hall.value("SELECT count(*) FROM wangge.town_feature WHERE layer = 'existing'") == 1157 + 20
    told = asked(client, "/v1/staffing", area="370103", compliant="false")
    assert [rule["rule"]["formula"] for rule in told["rules"]] == ["1+X+Y", "1+1+N+X"]
    assert len(told["grids"]) == 347
    assert {gap["code"] for grid in told["grids"] for gap in grid["gaps"]} == {"gap.full_time_worker"}
    assert not [warning for grid in told["grids"] for warning in grid["warnings"]]


def gangcheng(_: Hall, client: httpx.Client, document: Any) -> None:
    """Three years ago there were five communities, and no grids; each station serves the grids that were given to it."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    before = asked(client, "/v1/panel", area="370117", at=years_before(today.replace(month=1, day=1), 3).isoformat())
    found = figures(before)
    assert (found["communities"]["value"], found["grids"]["value"]) == (5, 0)
    assert (found["grids_per_community"]["text"], found["out_of_band"]["text"]) == ("0.00", "—")
    adds_up(before)
    served = asked(client, "/v1/stations/grids", area="370117")
    assert (served["mean_grids"], len(served["stations"]), served["unserved"]) == (2.55, 40, [])
    assert len(document["parts"]) == 5
    assert stated(client, "370117") == {"stations.count": (40, 40)}


def shifeng(_: Hall, client: httpx.Client, document: Any) -> None:
    """One leader is enough for all grids of a community; and what the account leaves open is said to be assumed."""
    told = asked(client, "/v1/staffing", area="430204")
    leaders = next(total for total in told["totals"] if total["roles"] == ["grid_leader"])
    assert (leaders["need"], leaders["have"], leaders["gap"], leaders["persons"]) == (232, 232, 0, 45)
    assert (told["compliant"], told["without_owner"]) == (232, [])
    assert (told["forces"]["grids"], told["forces"]["complete"]) == (232, 232)
    assert [each["kind"] for each in told["forces"]["kinds"]] == ["department", "water", "power", "telecom"]
    assert figures(document)["listed"]["parts"] == {"list_public": 81, "list_self_governance": 26, "list_paid": 11}
    assert [found for _, found in stated(client, "430204001").values()] == [81, 26, 11, 23, 285]
    (profile,) = asked(client, "/v1/profiles", area="430204001")["profiles"]
    assert (profile["name"], profile["area"]) == ("shifeng", "430204")
    assert {each["section"] for each in profile["assumptions"]} == {"forces", "size", "assessment"}


def stated(client: httpx.Client, area: str) -> dict[str, tuple[int, int]]:
    """Return what a profile states and what is found, by section and key; all of it is met."""
    told = asked(client, "/v1/profiles/stated", area=area)
    assert told["met"] is True, told
    return {f"{each['section']}.{each['key']}": (each["stated"], each["found"]) for each in told["stated"]}


def exits(document: Any) -> dict[str, int]:
    """Return how many of what have exited."""
    parts = figures(document)["exits"]["parts"]
    return {kind.removeprefix("exit_"): count for kind, count in parts.items() if count}


def jiuquan(hall: Hall, client: httpx.Client, document: Any) -> None:
    """The city has seven counties, each with its part of everything; what it had before has exited or is retired."""
    assert exits(document) == {"affair": 35, "certificate": 86, "plaque": 95}
    assert stated(client, "6209") == {
        "party.branches": (250, 250), "party.groups": (824, 824), "admission.aspects": (4, 4),
        "admission.exits.affair": (35, 35), "admission.exits.certificate": (86, 86), "admission.exits.plaque": (95, 95),
        "legacy.departments": (8, 8), "legacy.departments.retired": (8, 8),
    }  # fmt: skip
    first = datetime.now(ZoneInfo("Asia/Shanghai")).date().replace(month=1, day=1)
    told = asked(client, "/v1/legacy", at=(first - timedelta(days=1)).isoformat())
    assert [each["active"] for each in told["nets"]] == [each["cells"] for each in told["nets"]]
    assert asked(client, "/v1/legacy")["active"] == 0
    for net in told["nets"]:
        rows = asked(client, "/v1/legacy/crosswalk", department=net["department"], area="6209")["rows"]
        whole: Counter[str] = Counter()
        for row in rows:
            whole[row["cell"]] += round(row["share"] * 1_000_000)
        assert set(whole.values()) == {1_000_000}
        assert len(whole) == net["cells"]
        assert len({row["grid"] for row in rows}) == 788
    assert hall.value("SELECT count(*) FROM wangge.matter_decision") == 2 * 216
    assert document["area"]["level"] == "city"
    assert [part["level"] for part in document["parts"]] == ["district"] * 7
    assert all(part["figures"]["party_units"]["value"] > 0 for part in document["parts"])


def yunyang(_: Hall, client: httpx.Client, document: Any) -> None:
    """N is what /v1/staffing has beyond the core; an order that came in with its log is what its log says."""
    assert exits(document) == {"stamp": 12, "ledger": 17, "affair": 14}
    assert {key.partition(".")[0] for key in stated(client, "500235")} == {"admission"}
    told = asked(client, "/v1/staffing", area="500235")
    assert told["core"] == {"need": 968, "have": 968, "beyond": figures(document)["beyond_core"]["value"]}
    (order,) = asked(client, "/v1/orders", state="finished", limit="1")["orders"]
    events = asked(client, f"/v1/orders/{order['no']}/events")["events"]
    assert [each["step"] for each in events] == ["placed", "sorted", "dispatched", "taken", "finished"]
    assert events[-1]["at"] == order["finished_at"].replace("Z", "+00:00")
    assert asked(client, f"/v1/orders/{order['no']}")["state"] == "finished"


SPECIALLY = {"shizhong": shizhong, "gangcheng": gangcheng, "shifeng": shifeng, "jiuquan": jiuquan, "yunyang": yunyang}


def test_one_dispute_more_is_the_same_rate(db, tmp_path, monkeypatch) -> None:
    """1920 disputes of 2027 are 94.7 %, and so are 1920 of 2028: one that comes in later, unresolved, changes nothing."""
    with filled("yunyang", db, tmp_path, monkeypatch) as (hall, client):
        lon, lat = hall.rows("SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Centroid(geom) AS p FROM wangge.grid LIMIT 1) g")[0]
        at = hall.now.isoformat(timespec="seconds")
        (tmp_path / "late.csv").write_text(f"id,lon,lat,at\n1,{lon},{lat},{at}\n", encoding="utf-8")
        (tmp_path / "late.toml").write_text(
            '[incidents]\nfile = "late.csv"\nsource = "court"\ncoordinates = "cgcs2000"\nexternal_id = "id"\nlon = "lon"\n'
            'lat = "lat"\nreported_at = "at"\naccepted_at = "at"\nclosed_at = "at"\noutcome = { value = "unresolved" }\n'
            'category = { value = "dispute" }\nkind = { value = "problem" }\n',
            encoding="utf-8",
        )
        (told,) = command(cli_incidents.app, "load", str(tmp_path / "late.toml"), "--home", str(tmp_path))
        assert (told["rows"], told["outside"]) == (1, 0)
        hall.now = datetime.now(UTC)
        found = figures(asked(client, "/v1/panel", area="500235"))["resolution_rate"]
        assert (found["text"], found["n"], found["d"]) == ("94.7 %", 1920, 2028)
