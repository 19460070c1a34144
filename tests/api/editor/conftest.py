"""A hall with a draft whose blocks are made, and editors in windows of their own."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from data.store.adopt import adopt
from partition.engine import divide
from partition.net import net_of
from partition.rules import Rules
from tests.api.editor.hand import SOON_MS, WIDE, Draft, Hand, drafted
from tests.paged import paged
from tests.stored import brought, cut, owner, village

C1, C2, STREET, DISTRICT = "370103016001", "370103016002", "街道", "区"
FEWER = {"minimum": 500, "target": 600, "maximum": 700}


@pytest.fixture(scope="module")
def office(cluster, template, tmp_path_factory):
    """Two communities with two grids each in force, and everybody who has to do with a draft of three."""
    with cluster.clone(template) as db, paged(db, tmp_path_factory.mktemp("home")) as hall:
        with owner(db.admin) as conn:
            town = brought(conn, village().town())
            old = net_of(divide(town.town, Rules(**FEWER), seed=3), town.town)
            adopt(conn, drafted(conn, town, old, rules=FEWER, title="首批"), cut(hall.now.date()))
        both = [("community", C1), ("community", C2)]
        author, planner = hall.person("author", *both), hall.person("planner", *both)
        hall.person("street", ("street", STREET))
        hall.person("district", ("district", DISTRICT))
        yield hall, town, author, hall.key(planner)


@pytest.fixture
def draft(office):
    """A draft of its own for the test, whose blocks are made."""
    hall, town, author, planner = office
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, town, town.net, rules={}, title="网格调整方案", author=author)
    made = Draft(hall, plan.id, planner)
    assert made.painting.edition
    return made


@pytest.fixture
def browse(window):
    """Give the function that opens an editor in a window of its own."""

    def open_editor(draft, *, size=WIDE, login="planner", ready=True, more="", **how):
        watched = window(draft.hall.client.base_url, draft.path + more, size=size, login=login, **how)
        if ready:
            expect(watched.page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
        return watched

    return open_editor


@pytest.fixture
def at_work(draft, browse):
    """Somebody at a draft, with the brush of one block in their hand."""
    hand = Hand(browse(draft))
    hand.sizes("一块")
    return hand
