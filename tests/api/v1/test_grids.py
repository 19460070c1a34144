"""One grid over HTTP: its card, its history, and what is not told of it."""

from datetime import timedelta

import pytest

from data.store.plans import get
from data.store.publish import publish
from data.store.sql import one, run
from partition.engine import divide
from partition.net import net_of
from partition.rules import Rules
from tests.api.v1.hall import TODAY, problem
from tests.stored import cut, drafted, owner, published

SMALL = "370103016001002"
LATER = TODAY + timedelta(days=30)


@pytest.fixture
def redrawn(hall):
    """A community of three grids, of which one is small, that has two from a month later on; gives the one that ended."""
    with owner(hall.db.admin) as conn:
        made, _ = published(conn, communities=1)
        run(conn, "UPDATE wangge.grid SET households_public = NULL, persons_public = NULL WHERE code = %s", [SMALL])
    coarse = net_of(divide(made.town, Rules(minimum=500, target=600, maximum=700), seed=1), made.town)
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, made, net=coarse)
        rules = '{"rules": {"minimum": 500, "target": 600, "maximum": 700}}'
        run(conn, "UPDATE wangge.plan SET state = 'district_approved', made_with = %s WHERE id = %s", [rules, plan.id])
        publish(conn, get(conn, plan.id), cut(LATER))
        (ended,) = one(
            conn,
            """SELECT code FROM wangge.grid WHERE in_force @> %s::date
               EXCEPT SELECT code FROM wangge.grid WHERE in_force @> %s::date""",
            [TODAY, LATER],
        )
    return ended


def test_the_card_of_a_grid(hall, redrawn):
    """A card has the four bounds in both languages, the areas from the city down, and the figures of that very day."""
    told = hall.client.get(f"/v1/grids/{redrawn}").json()
    assert told["four_bounds"]["zh"].startswith("东至")
    assert all(told[side] in told["four_bounds"]["zh"] for side in ("east", "south", "west", "north"))
    assert told["four_bounds"]["en"].startswith("bounded by ")
    assert [area["level"] for area in told["areas"]] == ["city", "district", "street", "community"]
    assert (told["valid_from"], told["valid_to"]) == (str(TODAY), str(LATER))
    assert told["households"] == hall.value(
        "SELECT households FROM wangge.grid WHERE code = %s AND in_force @> %s::date", [redrawn, TODAY]
    )
    problem(hall.client.get(f"/v1/grids/{redrawn}?at=2025-12-31"), 404, "not-found")
    problem(hall.client.get(f"/v1/grids/{redrawn}?at={LATER}"), 404, "not-found")


def test_the_history_of_a_grid(hall, redrawn):
    """A grid that ended says when, and what became of it; its households went where the register says, all of them."""
    told = hall.client.get(f"/v1/grids/{redrawn}/history").json()
    assert [(each["valid_from"], each["valid_to"]) for each in told["versions"]] == [(str(TODAY), str(LATER))]
    assert [line["op"] for line in told["came_from"]] == ["new"]
    assert {line["op"] for line in told["became"]} <= {"merge", "retire", "split", "reshape"}
    assert sum(line["share"] for line in told["became"]) == pytest.approx(1)
    assert {line["from"] for line in told["became"]} == {redrawn}
    assert told["in_force"]
    hall.now += timedelta(days=60)
    assert not hall.client.get(f"/v1/grids/{redrawn}/history").json()["in_force"]
    codes = [code for (code,) in hall.rows("SELECT code FROM wangge.grid WHERE in_force IS NOT NULL")]
    kept = {code for code in codes if codes.count(code) > 1}
    for code in kept:
        versions = hall.client.get(f"/v1/grids/{code}/history").json()["versions"]
        assert [version["valid_from"] for version in versions] == [str(TODAY), str(LATER)]


def test_small_figures_are_not_told(hall, redrawn):
    """What is hidden of a grid is hidden in its card, its history and the register; who works there sees it."""
    worker, stranger = hall.comes("worker", ("grid_worker", "370103016001")), {}
    plan = hall.value("SELECT plan_id::text FROM wangge.lineage WHERE from_code IS NOT NULL LIMIT 1")
    for who, sees in ((worker, True), (stranger, False)):
        card = hall.client.get(f"/v1/grids/{SMALL}", headers=who).json()
        assert (card["households"] is not None, card["persons"] is not None) == (sees, sees)
        history = hall.client.get(f"/v1/grids/{SMALL}/history", headers=who).json()
        assert (history["versions"][0]["households"] is not None) == sees
        lines = hall.client.get(f"/v1/plans/{plan}/lineage", headers=who).json()["lineage"]
        for line in (*history["became"], *lines):
            assert (line["households_moved"] is not None) == sees
    assert redrawn


@pytest.mark.parametrize("code", ["370103016001999", "%00", "..%2f", "' OR 1=1", "x" * 200])
def test_no_such_grid(hall, code):
    """A code that no grid ever had is not found, whatever it looks like."""
    for tail in ("", "/history"):
        assert hall.client.get(f"/v1/grids/{code}{tail}").status_code in {400, 404}
