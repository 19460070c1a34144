"""The panel and the profiles over HTTP: what is counted where, by whose rules, and who may ask."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pytest

from api.panel.figures import FIGURES
from api.profile_load import load
from api.stats.metric import document, rate
from api.v1 import panel as panel_routes
from api.v1 import profiles as profile_routes
from data.profile import profile_from
from data.store.sql import run
from tests.api.incidents.station import GRID, HERE, MONDAY, station_over
from tests.api.v1.hall import addresses, problem
from tests.published import COMMUNITIES, DISTRICT, STREETS
from tests.stored import owner

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.api.incidents.station import Station

TODAY = date(2026, 3, 2)
RULE = {
    "grid_type": "residential",
    "formula": "1+N",
    "terms": [
        {"sym": "1", "roles": ["full_time_worker"], "min": 1, "max": 1, "letter": "A"},
        {"sym": "N", "roles": ["part_time_worker"], "min": 0},
    ],
}


@contextmanager
def town_over(db: Any, home: Any) -> Generator[Station]:
    """Serve the small town, with its panel and its profiles."""
    with station_over(db, home) as station:
        there = {path for _, path in addresses(station.hall.app)}
        for module in (panel_routes, profile_routes):
            if not {route.path for route in module.router.routes} & there:
                station.hall.app.include_router(module.router)
        yield station


@pytest.fixture
def station(db, tmp_path):
    """The small town: eight grids from 2024 on, twelve since July 2025, one of them dedicated."""
    with town_over(db, tmp_path) as made:
        yield made


def says(station: Station, name: str, area: str, **sections: Any) -> None:
    """Load a profile for an area."""
    with owner(station.hall.db.admin) as conn:
        doc = {"id": name, "zh": name, "en": name, "area": area, **sections}
        load(conn, profile_from(doc), day=TODAY, now=MONDAY)


def band(low: int, high: int) -> dict[str, Any]:
    return {"measure": "households", "minimum": low, "target": low, "maximum": high}


def asked(station: Station, area: str, who: str = "district", **params: str) -> dict[str, Any]:
    """Return the panel of an area."""
    answer = station.asks(who, "GET", "/v1/panel", params={"area": area, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


def value(document: dict[str, Any], figure: str) -> Any:
    """Return the value of a figure of the whole."""
    return next(each["value"] for each in document["figures"] if each["id"] == figure)


def test_figures_that_published_accounts_give() -> None:
    """The accounts' own divisions come out as they print them, and a half is rounded up."""
    percent = rate("p", "", "", "", "", ("n", "d"))
    for above, below, text in (
        (1920, 2027, "94.7 %"), (1920, 2028, "94.7 %"), (4122, 4200, "98.1 %"), (4123, 4200, "98.2 %"), (4126, 4200, "98.2 %"),
        (4127, 4200, "98.3 %"), (592, 939, "63.0 %"), (1, 2000, "0.1 %"), (0, 0, "—"),
    ):  # fmt: skip
        assert document(percent, {"n": above, "d": below})["text"] == text
        if below:
            exact = Decimal(100 * above) / Decimal(below)
            assert text == f"{exact.quantize(Decimal('0.1'), ROUND_HALF_UP)} %"


def test_every_figure_is_told_in_both_languages(station) -> None:
    """Each figure has an id of its own, a name and a formula in Chinese and English, and is in every panel."""
    assert len({figure.id for figure in FIGURES}) == len(FIGURES)
    said = [asked(station, DISTRICT, lang=lang)["figures"] for lang in ("zh", "en")]
    for zh, en, figure in zip(*said, FIGURES, strict=True):
        assert (zh["id"], en["id"]) == (figure.id, figure.id)
        for part in ("name", "formula"):
            assert (zh[part].isascii(), en[part].isascii()) == (False, True), figure.id


def test_the_net_of_the_day_is_counted(station) -> None:
    """A panel counts the grids and households that were in force on its day, and the parts of that day."""
    now, then = asked(station, DISTRICT), asked(station, DISTRICT, at="2024-05-01")
    assert (value(now, "grids"), value(then, "grids")) == (12, 8)
    assert next(each for each in now["figures"] if each["id"] == "grids")["parts"] == {"residential": 11, "dedicated": 1}
    (households,) = station.hall.rows("SELECT sum(households) FROM wangge.grid WHERE in_force @> %s::date", [TODAY])[0]
    assert value(now, "households") == households
    assert [part["code"] for part in now["parts"]] == list(STREETS)
    assert [part["figures"]["grids"]["value"] for part in now["parts"]] == [6, 6]
    street = asked(station, STREETS[0])
    assert [part["code"] for part in street["parts"]] == list(COMMUNITIES[:2])
    assert asked(station, HERE)["parts"] == []
    assert value(asked(station, HERE), "grids") == 3


def test_grids_are_judged_by_the_nearest_profile(station) -> None:
    """Without a profile nobody is out of a band; a street's own band holds for its grids, the district's for the others."""
    assert value(asked(station, DISTRICT), "out_of_band") is None
    says(station, "whole", DISTRICT, size=band(300, 500))
    assert value(asked(station, DISTRICT), "out_of_band") == 0
    says(station, "own", STREETS[0], size=band(301, 311))
    told = asked(station, DISTRICT)
    # The street's grids hold 300, 301, 302 and 310, 311, 312 households.
    assert (value(told, "out_of_band"), value(told, "size_compliance")) == (2, 81.8)
    assert [part["figures"]["out_of_band"]["value"] for part in told["parts"]] == [2, 0]
    assert (told["profile"]["name"], asked(station, STREETS[0])["profile"]["name"]) == ("whole", "own")
    assert value(asked(station, DISTRICT, at="2026-03-01"), "out_of_band") is None


def test_staff_is_counted_by_the_rule_and_where_it_is_employed(station) -> None:
    """Posts count by the rule of the place; whoever the district employs is in the whole and in none of its parts."""
    says(station, "whole", DISTRICT, staffing=[RULE])
    with owner(station.hall.db.admin) as conn:
        run(
            conn,
            """INSERT INTO wangge.staff (name, area_id, path, created_at, updated_at)
               SELECT '王芳', id, path, now(), now() FROM wangge.area WHERE code = %s""",
            [DISTRICT],
        )
        run(
            conn,
            """INSERT INTO wangge.post (staff_id, grid_code, area_id, path, role, valid)
               SELECT s.id, %s, s.area_id, s.path, 'part_time_worker', '[2026-01-01,)' FROM wangge.staff s
               WHERE s.name = '王芳'""",
            [GRID],
        )
    told = asked(station, DISTRICT)
    full_time = next(each for each in told["figures"] if each["id"] == "full_time_filled")
    assert (full_time["n"], full_time["d"], full_time["text"]) == (1, 11, "9.1 %")
    assert (value(told, "full_time_gap"), value(told, "beyond_core")) == (10, 2)
    workers = next(each for each in told["figures"] if each["id"] == "workers_per_grid")
    assert (workers["n"], told["elsewhere"]["workers_per_grid"]["n"]) == (3, 1)
    assert [part["figures"]["workers_per_grid"]["n"] for part in told["parts"]] == [2, 0]


def test_who_may_ask_for_a_panel(station) -> None:
    """A panel is for whoever sees its area whole: not for those of a part of it, of another place, or of none."""
    for who, area in (("worker", HERE), ("community", HERE), ("street", STREETS[0]), ("district", "370103")):
        assert value(asked(station, area, who), "grids") > 0
    for who, area in (("street", DISTRICT), ("community", COMMUNITIES[1]), ("other_street", STREETS[0]), ("district", "3701")):
        problem(station.asks(who, "GET", "/v1/panel", params={"area": area}), 404, "not-found")
    problem(station.asks("auditor", "GET", "/v1/panel", params={"area": DISTRICT}), 403, "scope-denied")
    assert station.hall.client.get("/v1/panel", params={"area": DISTRICT}).status_code == 401
    problem(station.asks("district", "GET", "/v1/panel", params={"area": DISTRICT, "at": "2026-03-03"}), 400, "future-day")
    problem(station.asks("district", "GET", "/v1/panel", params={"area": DISTRICT, "day": "x"}), 400, "unknown-parameter")


def test_whoever_works_below_an_area_knows_its_profile(station) -> None:
    """Profiles are seen by those who work below their area, the nearest first, with what they assume; by nobody else."""
    says(station, "whole", DISTRICT, size={**band(300, 500), "assumptions": ["取 300 至 500 户"]})
    says(station, "own", STREETS[0], budget={"yuan": 100, "role": "full_time_worker"})

    def names(who: str, **params: str) -> list[str]:
        answer = station.asks(who, "GET", "/v1/profiles", params=params)
        assert answer.status_code == 200, answer.text
        return [each["name"] for each in answer.json()["profiles"]]

    assert names("worker") == names("community", area=HERE) == ["own", "whole"]
    assert names("other_street") == ["whole"]
    assert names("district", area=STREETS[1]) == ["whole"]
    assert names("district", at="2026-03-01") == []
    (told,) = station.asks("other_street", "GET", "/v1/profiles").json()["profiles"]
    assert told["assumptions"] == [{"section": "size", "text": "取 300 至 500 户"}]
    assert (told["area"], told["valid_from"], told["valid_to"]) == (DISTRICT, "2026-03-02", None)
    assert told["says"]["size"]["minimum"] == 300
    assert names("other_street", area=STREETS[0]) == ["whole"]
    problem(station.asks("district", "GET", "/v1/profiles", params={"area": "nowhere"}), 404, "not-found")
    problem(station.asks("auditor", "GET", "/v1/profiles"), 403, "scope-denied")
    yuan = next(each for each in asked(station, STREETS[0])["figures"] if each["id"] == "yuan_per_worker")
    assert (yuan["n"], yuan["d"], yuan["text"]) == (100, 2, "50")
    assert value(asked(station, HERE), "yuan_per_worker") is None
