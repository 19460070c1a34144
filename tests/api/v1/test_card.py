"""The public card: who answers for a place, for everybody to read, and nothing more of them."""

from datetime import date

import pytest

from data.store.plans import area_named
from data.store.profiles import keep
from gis.chinese_frames import from_wgs84
from tests.api.duty.places import SHIFENG
from tests.api.incidents.station import GRID, HERE, at
from tests.api.v1.hall import problem
from tests.api.v1.staffed import events, listed, made, posted, staffed
from tests.published import DISTRICT
from tests.stored import owner

SECOND, THIRD = f"{HERE}002", f"{HERE}003"
SHOWN = {"name", "role", "role_label", "kind", "kind_label", "phone", "duties", "services", "stands_in"}


@pytest.fixture
def station(db, tmp_path):
    """The small town with its staff."""
    with staffed(db, tmp_path) as town:
        yield town


def card(station, grid=GRID, **params):
    """What nobody in particular reads on the card of a grid."""
    answer = station.hall.client.get(f"/v1/grids/{grid}/card", params=params, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(document):
    """Who stands on a card, and who of them stands in."""
    return [(each["name"], each["stands_in"]) for each in document["people"]]


def test_a_place_leads_to_its_card(station) -> None:
    """Anybody who asks by a place, in whichever system, reads who answers there: name, role, duties and duty phone."""
    who = {each["name"]: each["id"] for each in listed(station, "community", "/v1/staff", "staff")}
    station.asks("community", "PATCH", f"/v1/staff/{who['Worker']}", json={"phone": "0531-8200"})
    (post,) = listed(station, "community", "/v1/posts", "posts", staff=who["Worker"])
    station.asks("community", "PATCH", f"/v1/posts/{post['id']}", json={"duty_roles": ["health"]})
    place = at(50, 200)
    document = station.hall.client.get("/v1/card", params=place, headers={"Accept-Language": "en"}).json()
    assert (document["grid"]["code"], document["grid"]["community_name"], document["grid"]["name"]) == (
        GRID,
        "社区1",
        "第1网格",
    )
    assert document["people"] == [
        {
            "name": "Worker", "role": "full_time_worker", "role_label": "full-time grid worker", "kind": "",
            "kind_label": "", "phone": "0531-8200", "duties": ["health"], "services": [], "stands_in": False,
        }
    ]  # fmt: skip
    assert document == card(station)
    ((east, north),) = from_wgs84([(place["lon"], place["lat"])], "gcj02").tolist()
    shifted = station.hall.client.get("/v1/card", params={"lon": east, "lat": north, "coord_sys": "gcj02"}).json()
    assert shifted["grid"]["code"] == GRID
    chinese = station.hall.client.get(f"/v1/grids/{GRID}/card", headers={"Accept-Language": "zh"}).json()
    assert (chinese["people"][0]["role_label"], chinese["people"][0]["duties"]) == ("专职网格员", ["网格卫健员"])


def test_outside_every_grid_is_nobody(station) -> None:
    """A place in no grid has no card, and is not given the nearest; a grid that is none is not found."""
    document = station.hall.client.get("/v1/card", params=at(-5000, 0)).json()
    assert (document["grid"], document["people"]) == (None, [])
    problem(station.hall.client.get("/v1/grids/370103001001009/card"), 404, "not-found")
    problem(station.hall.client.get(f"/v1/grids/{GRID}/card?at=2023-01-01"), 404, "not-found")
    problem(station.hall.client.get("/v1/card?lon=1"), 400, "invalid-parameter")
    problem(station.hall.client.get("/v1/card", params=at(50, 200) | {"name": "x"}), 400, "unknown-parameter")


def test_the_stand_in_is_shown_while_a_is_away(station) -> None:
    """B is on the card on the days on which A is away, and only then; with both away nobody is."""
    who = {each["name"]: each["id"] for each in listed(station, "community", "/v1/staff", "staff")}
    days = {"valid_from": "2026-03-02", "valid_to": "2026-03-04"}
    assert names(card(station)) == [("Worker", False)]
    station.asks("community", "POST", f"/v1/staff/{who['Worker']}/leave", json=days)
    assert names(card(station)) == [("Stand_In", True)]
    assert names(card(station, at="2026-03-04")) == [("Worker", False)]
    station.asks("community", "POST", f"/v1/staff/{who['Stand_In']}/leave", json=days)
    assert names(card(station)) == []


def test_nothing_personal_is_on_a_card(station) -> None:
    """Whatever else is known of somebody, the card has the members that it has, and anonymous callers see no list of staff."""
    secret = {"number": "N-987", "education": "doctor", "birth_year": 1987, "source": "geheim", "is_party_member": True}
    one = made(station, name="赵敏", phone="0531-1", login="colleague", **secret)
    posted(station, one, GRID, "grid_leader")
    text = station.hall.client.get(f"/v1/grids/{GRID}/card").text
    assert "赵敏" in text
    for mark in (*map(str, list(secret.values())[:4]), one["id"], station.ids["colleague"]):
        assert mark not in text
    assert {name for each in card(station)["people"] for name in each} == SHOWN
    for address in ("/v1/staff", "/v1/posts", f"/v1/staff/{one['id']}", "/v1/posts/on-duty"):
        problem(station.hall.client.get(address), 401, "unidentified")


def test_the_rule_says_who_is_shown(station) -> None:
    """Without a rule leaders, workers and forces are shown; a rule shows the roles of its terms, save those that it keeps back.

    Forces of a kind are public (全部在网格内公示): they are shown unless a rule keeps them back.
    """
    posted(station, made(station, name="网格长"), SECOND, "grid_leader")
    posted(station, made(station, name="兼职"), SECOND, "part_time_worker")
    posted(station, made(station, name="警官"), SECOND, "professional_force", kind="police")
    posted(station, made(station, name="水工"), SECOND, "other_force", kind="water")
    posted(station, made(station, name="无类"), SECOND, "other_force")
    assert names(card(station, SECOND)) == [("网格长", False), ("警官", False), ("水工", False)]
    rule = {
        "formula": "1+N+X+O",
        "terms": [
            {"sym": "1", "roles": ["grid_leader"]},
            {"sym": "N", "roles": ["part_time_worker"], "display_public": False},
            {"sym": "X", "roles": ["professional_force"]},
            {"sym": "O", "roles": ["other_force"], "display_public": False},
        ],
    }
    body = {"area": DISTRICT, "grid_type": "residential", "rule": rule}
    assert station.asks("district", "PUT", "/v1/staffing/rules", json=body).status_code == 200
    found = card(station, SECOND)
    assert names(found) == [("网格长", False), ("警官", False)]
    assert found["people"][1]["kind"] == "police"


def test_a_shared_leader_is_on_every_card_of_the_community(station) -> None:
    """A leader whom a community shares has their post on one grid, and is on the cards of all; not on the next community's."""
    posted(station, made(station, name="书记"), SECOND, "grid_leader")
    station.asks("district", "PUT", "/v1/staffing/rules", json={"area": DISTRICT, "grid_type": "residential", "rule": SHIFENG})
    for number in (1, 2, 3):
        assert ("书记", False) in names(card(station, f"{HERE}00{number}"))
    assert names(card(station, "370103001002001")) == []


def test_a_shared_leader_with_two_posts_is_one_person(station) -> None:
    """A leader whom a community shares stands once on each card, with what the post on that very grid says of services."""
    one = made(station, name="书记")
    for grid, service in ((SECOND, "证照代办"), (THIRD, "法律咨询")):
        post = posted(station, one, grid, "grid_leader")
        said = station.asks("community", "PATCH", f"/v1/posts/{post['id']}", json={"services": [service]})
        assert said.status_code == 200, said.text
    station.asks("district", "PUT", "/v1/staffing/rules", json={"area": DISTRICT, "grid_type": "residential", "rule": SHIFENG})
    for grid, services in ((SECOND, ["证照代办"]), (THIRD, ["法律咨询"])):
        told = [each["services"] for each in card(station, grid)["people"] if each["name"] == "书记"]
        assert told == [services]
    assert [each["name"] for each in card(station)["people"]].count("书记") == 1


def test_whoever_has_left_is_on_no_card(station) -> None:
    """A leader who leaves is off the card that day."""
    one = made(station, name="网格长")
    posted(station, one, SECOND, "grid_leader")
    station.asks("community", "PATCH", f"/v1/staff/{one['id']}", json={"status": "left"})
    assert names(card(station, SECOND)) == []


def test_where_grids_are_not_public_cards_are_not(db, tmp_path) -> None:
    """With grids closed the card is for those who work there: not for strangers, nor for the next community."""
    with staffed(db, tmp_path, public=()) as station:
        problem(station.hall.client.get(f"/v1/grids/{GRID}/card"), 401, "unidentified")
        problem(station.hall.client.get("/v1/card", params=at(50, 200)), 401, "unidentified")
        assert names(station.asks("worker", "GET", f"/v1/grids/{GRID}/card").json()) == [("Worker", False)]
        problem(station.asks("stranger", "GET", f"/v1/grids/{GRID}/card"), 404, "not-found")
        assert station.asks("stranger", "GET", "/v1/card", params=at(50, 200)).json()["grid"] is None


SEVEN = [{"kind": f"k{n}", "zh": f"类{n}", "en": f"kind {n}"} for n in range(5)] + [
    {"kind": "police", "zh": "社区民警", "en": "constable"},
    {"kind": "water", "zh": "供水", "en": "water"},
]


def test_forces_are_counted_by_kind(station) -> None:
    """The card says how many of the kinds that the place wants are there, each by its name; who is away counts not."""
    assert card(station, SECOND)["forces"] is None
    with owner(station.hall.db.admin) as conn:
        keep(conn, area_named(conn, DISTRICT), "own", {"forces": {"kinds": SEVEN}}, day=date(2026, 1, 1))
    assert card(station, SECOND)["forces"] == {"of": 7, "present": []}
    officer = made(station, name="警官", phone="0531-110")
    posted(station, officer, SECOND, "professional_force", kind="police")
    posted(station, made(station, name="另一警官"), SECOND, "professional_force", kind="police")
    posted(station, made(station, name="三类"), SECOND, "social_worker_force", kind="k3")
    posted(station, made(station, name="别的"), SECOND, "other_force", kind="unheard_of")
    found = card(station, SECOND)
    assert found["forces"] == {
        "of": 7,
        "present": [{"kind": "k3", "label": "kind 3"}, {"kind": "police", "label": "constable"}],
    }
    assert [(each["name"], each["kind_label"]) for each in found["people"]] == [
        ("三类", "kind 3"), ("另一警官", "constable"), ("警官", "constable"), ("别的", "unheard_of"),
    ]  # fmt: skip
    days = {"valid_from": "2026-03-02", "valid_to": "2026-03-04"}
    for each in listed(station, "community", "/v1/staff", "staff"):
        if each["name"] in {"警官", "另一警官"}:
            station.asks("community", "POST", f"/v1/staff/{each['id']}/leave", json=days)
    assert card(station, SECOND)["forces"]["present"] == [{"kind": "k3", "label": "kind 3"}]


def test_services_are_on_the_card(station) -> None:
    """What the worker does and what stations serving the grid do is on the card, once each; a far station's is not."""
    (post,) = (each for each in listed(station, "community", "/v1/posts", "posts", grid=GRID) if each["letter"] == "A")
    patched = station.asks(
        "community", "PATCH", f"/v1/posts/{post['id']}", json={"services": ["助老送餐", "证照代办", "助老送餐"]}
    )
    assert patched.json()["services"] == ["助老送餐", "证照代办"]
    assert patched.json()["duty_roles"] == post["duty_roles"]
    problem(station.asks("community", "PATCH", f"/v1/posts/{post['id']}", json={}), 422, "invalid-body")
    problem(station.asks("community", "PATCH", f"/v1/posts/{post['id']}", json={"services": ["x" * 61]}), 422, "invalid-body")
    assert events(station, "post.")[-1] == "post.services"
    for code, place, services in (("S1", at(100, 200), ["证照代办", "法律咨询"]), ("S2", at(9000, 200), ["远处"])):
        lonlat = {name: value for name, value in place.items() if name != "coord_sys"}
        wanted = {"area": HERE, "name": "民悦驿站", "level": "community", "radius_m": 250, "services": services, **lonlat}
        assert station.asks("community", "PUT", f"/v1/stations/{code}", json=wanted).status_code == 201
    found = card(station)
    assert found["services"] == ["助老送餐", "证照代办", "法律咨询"]
    assert found["stations"] == [{"code": "S1", "name": "民悦驿站", "kind": "station", "services": ["证照代办", "法律咨询"]}]
    assert found["people"][0]["services"] == ["助老送餐", "证照代办"]
    assert station.asks("community", "PUT", "/v1/stations/S1/grids", json={"grids": [SECOND]}).status_code == 200
    assert card(station)["stations"] == []
    assert [each["code"] for each in card(station, SECOND)["stations"]] == ["S1"]
