"""The desk that is somebody's and the modules that are open to them, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from api.profile_load import load
from api.who.workspace import KEY_GROUPS, MODULES, NO_MODULES, PLATFORM
from data.profile import profile_from
from tests.api.incidents.station import HERE, MONDAY, station_over
from tests.published import DISTRICT, STREETS
from tests.stored import owner


@pytest.fixture
def station(db, tmp_path):
    """The small town, with people at every desk; `office` works in the department of sanitation."""
    with station_over(db, tmp_path) as made:
        yield made


def session(station, who: str, lang: str = "zh") -> Any:
    return station.asks(who, "GET", "/v1/session", headers={"Accept-Language": lang}).json()


def says(station, area: str, name: str, *platform: str) -> None:
    with owner(station.hall.db.admin) as conn:
        doc = {"id": name, "zh": name, "en": name, "area": area, "tiers": {"platform": list(platform)}}
        load(conn, profile_from(doc), day=MONDAY.date(), now=MONDAY)


def test_each_lands_at_their_desk(station) -> None:
    """Chiefs command, communities and workers operate, the department supports; strangers are the public; in both languages."""
    desks = {who: session(station, who)["workspace"] for who in station.who}
    assert {who: desk["workspace"] for who, desk in desks.items()} == {
        "worker": "operation", "stand_in": "operation", "stranger": "operation", "community": "operation",
        "colleague": "operation", "street": "command", "other_street": "command", "district": "command", "office": "service",
        "auditor": "audit",
    }  # fmt: skip
    assert desks["office"] == {"workspace": "service", "name": "服务保障", "role": "grid_worker", "profile": None}
    assert session(station, "street", "en")["workspace"]["name"] == "Command"
    nobody = station.hall.client.get("/v1/session").json()["workspace"]
    assert (nobody["workspace"], nobody["role"], nobody["profile"]) == ("public", None, None)


def test_a_place_has_the_platforms_that_it_says(station) -> None:
    """The nearest profile that names platforms decides which there are: where one has no support, its people operate."""
    says(station, DISTRICT, "whole", *PLATFORM)
    assert session(station, "office")["workspace"] == {
        "workspace": "service", "name": "服务保障", "role": "grid_worker", "profile": "whole",
    }  # fmt: skip
    says(station, DISTRICT, "two", "综合指挥", "网格运行")
    says(station, STREETS[0], "one", "综合指挥")
    found = {who: session(station, who)["workspace"] for who in ("office", "worker", "other_street", "auditor")}
    assert {who: (each["workspace"], each["profile"]) for who, each in found.items()} == {
        "office": ("operation", "two"), "worker": ("command", "one"), "other_street": ("command", "two"),
        "auditor": ("audit", "two"),
    }  # fmt: skip
    assert session(station, "district")["workspace"]["profile"] == "two"


def test_what_is_listed_can_be_asked_for(station) -> None:
    """Every kind of address belongs to a module, and who has a module may ask for what is in it; others are refused."""
    tags = {
        tag
        for path, methods in station.hall.app.openapi()["paths"].items() if path.startswith("/v1/")
        for method in methods.values() for tag in method.get("tags", ())
    }  # fmt: skip
    assert tags - NO_MODULES == {each.tag for each in MODULES} - {KEY_GROUPS}
    asked = {
        "incidents": "/v1/incidents", "orders": "/v1/orders", "plans": "/v1/plans",
        "households": "/v1/households?town=1&bbox=117,36,117.01,36.01",
        "log": "/v1/log", "people": "/v1/people", "legacy": "/v1/legacy", "panel": f"/v1/panel?area={HERE}",
        "prints": "/v1/prints",
        KEY_GROUPS: f"/v1/visits/key-groups?month=2026-02&area={HERE}",
    }  # fmt: skip
    for who in ("worker", "community", "district", "auditor"):
        has = {each["module"] for each in session(station, who)["modules"]}
        for module, address in asked.items():
            answer = station.asks(who, "GET", address)
            assert (answer.status_code == 403) == (module not in has), (who, module, answer.text)
    names = {each["name"] for each in session(station, "worker", "en")["modules"]}
    assert {"Incidents", "Departments' own nets"} <= names
    assert not names & {"Log", "People", "Plans"}
