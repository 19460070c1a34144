"""The page of a grid: who answers for it, for everybody; how it is staffed, for those who staff it."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from data.store.plans import area_named
from data.store.profiles import keep
from tests.api.duty.places import SHIZHONG
from tests.api.incidents.station import GRID, HERE
from tests.api.v1.staffed import listed, made, posted, staffed
from tests.published import DISTRICT
from tests.stored import owner

SECOND = f"{HERE}002"
TAG = re.compile(r"<[^>]+>")


@pytest.fixture
def station(db, tmp_path):
    """The small town with its staff."""
    with staffed(db, tmp_path) as town:
        yield town


def page(station, grid=GRID, who=None, lang="en", status=200, **headers):
    """The page of a grid, as somebody gets it."""
    known = {} if who is None else station.who[who]
    answer = station.hall.client.get(
        f"/collections/grids/items/{grid}", headers={"Accept": "text/html", "Accept-Language": lang, **known, **headers}
    )
    assert answer.status_code == status, answer.text
    return answer


def section(text, title):
    """What a part of a page says, without its tags; nothing where the page has no such part."""
    found = re.search(rf'<section[^>]*>\s*<h2 id="{title}".*?</section>', text, re.DOTALL)
    return " ".join(TAG.sub(" ", found[0]).split()) if found else ""


def rule(station, who="district", **said):
    """State the rule of the district."""
    body = {"area": DISTRICT, "grid_type": "residential", "rule": {**SHIZHONG, **said}}
    answer = station.asks(who, "PUT", "/v1/staffing/rules", json=body)
    assert answer.status_code == 200, answer.text


def test_everybody_reads_who_answers(station) -> None:
    """Whoever opens a grid's page, in either language, reads role, name and duty phone; the phone can be called."""
    who = {each["name"]: each["id"] for each in listed(station, "community", "/v1/staff", "staff")}
    station.asks("community", "PATCH", f"/v1/staff/{who['Worker']}", json={"phone": "0531-8200 1"})
    text = page(station).text
    assert section(text, "people-title") == "Who answers for this grid full-time grid worker Worker 0531-8200 1"
    assert 'href="tel:053182001"' in text
    assert "专职网格员 Worker" in section(page(station, lang="zh").text, "people-title")
    assert section(text, "staffing-title") == ""
    assert "people" not in station.hall.client.get(f"/collections/grids/items/{GRID}").json()


def test_forces_and_services_are_on_the_page(station) -> None:
    """Everybody reads each force by its kind, how many kinds there are, and services; those who staff also what is missing."""
    kinds = [{"kind": kind, "zh": zh, "en": kind} for kind, zh in (("police", "社区民警"), ("health", "卫健"))]
    with owner(station.hall.db.admin) as conn:
        keep(conn, area_named(conn, DISTRICT), "own", {"forces": {"kinds": kinds}}, day=date(2026, 1, 1))
    rule(station)
    posted(station, made(station, name="陈警官", phone="0531-9"), SECOND, "professional_force", kind="police")
    posted(station, made(station, name="赵敏"), SECOND, "grid_leader", services=["<b>助老</b>", "代办"])
    told = section(page(station, SECOND, lang="zh").text, "people-title")
    assert "专业力量 已配 1/2 类 社区民警 陈警官 0531-9" in told
    assert "服务项目 &lt;b&gt;助老&lt;/b&gt; 代办" in told
    assert "卫健" not in page(station, SECOND, lang="zh").text
    assert "未配备的专业力量：卫健" in section(page(station, SECOND, "community", lang="zh").text, "staffing-title")


def test_nobody_is_said_plainly(station) -> None:
    """Where nobody is on post the page says so; what it says changes with the posts, though the grid does not change."""
    first = page(station, SECOND)
    assert "nobody is at their post" in section(first.text, "people-title")
    same = {"If-None-Match": first.headers["etag"]}
    assert page(station, SECOND, status=304, **same).content == b""
    posted(station, made(station, name="赵敏"), SECOND, "grid_leader")
    again = page(station, SECOND, **same)
    assert "赵敏" in section(again.text, "people-title")
    assert "nobody" not in section(again.text, "people-title")


def test_those_who_staff_see_role_by_role(station) -> None:
    """With the right to manage staff the page has what the rule asks for, what is there and what is missing; others do not."""
    rule(station)
    one = made(station, name="赵敏")
    posted(station, one, SECOND, "grid_leader")
    posted(station, made(station, name="钱"), SECOND, "part_time_worker")
    said = section(page(station, SECOND, "community").text, "staffing-title")
    assert said.startswith("Staffing 1+1+N+X Short of people")
    for row in (
        "grid leader 1 1 —",
        "full-time grid worker 1 0 1",
        "part-time grid worker 1 1 —",
        "grid instructor 1 0 1",
    ):
        assert row in said
    (listed_grid,) = (each for each in listed(station, "community", "/v1/staffing", "grids") if each["code"] == SECOND)
    assert [(gap["roles"], gap["have"], gap["need"]) for gap in listed_grid["gaps"]] == [
        (["full_time_worker"], 0, 1),
        (["grid_instructor"], 0, 1),
    ]
    for name, role in (("孙", "full_time_worker"), ("李", "grid_instructor")):
        posted(station, made(station, name=name), SECOND, role)
    assert section(page(station, SECOND, "community").text, "staffing-title").startswith("Staffing 1+1+N+X Complies")
    for who in (None, "worker", "stranger"):
        assert section(page(station, SECOND, who).text, "staffing-title") == ""
    assert section(page(station, "370103001002001", "community").text, "staffing-title") == ""


def test_a_grid_without_owner_is_told(station) -> None:
    """Where there is neither leader nor full-time worker those who staff the grid read it; without a rule that too is said."""
    said = section(page(station, SECOND, "community").text, "staffing-title")
    assert "No rule holds" in said
    assert "Without owner" in said
    assert "Without owner" not in section(page(station, GRID, "community").text, "staffing-title")


@pytest.mark.browser
def test_the_page_needs_no_script(station, chromium) -> None:
    """On a telephone without scripts, as the code on a printed sheet opens it, the name is on the first screen."""
    posted(station, made(station, name="赵敏", phone="0531-8200"), SECOND, "grid_leader")
    context = chromium.new_context(
        java_script_enabled=False,
        viewport={"width": 390, "height": 844},
        locale="zh-CN",
        base_url=str(station.hall.client.base_url),
    )
    opened = context.new_page()
    opened.goto(f"/collections/grids/items/{SECOND}?f=html")
    name = opened.locator(".people b")
    expect(name).to_have_text("赵敏")
    box = name.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 844
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
