"""What the wall is made of: the ground of a day, what is open, how it stood, whom grids lack; and who may ask for it."""

from itertools import pairwise

import httpx
import numpy as np
import pytest
import shapely

from tests.api.incidents.station import GRID, HERE, NEXT, at, station_over
from tests.published import COMMUNITIES, DISTRICT, EAST0, FRAME, NORTH0, STREETS

WORDS = ("a heap of rubbish", "behind the third gate")
ROAD = """
INSERT INTO wangge.town_feature (town_id, layer, seen, number, path, file_row, name, kind, shape)
SELECT t.id, 'barrier', '[1,)', 1, a.path, 1, '经十路', 'MAIN_ROAD',
  ST_SetSRID(ST_MakeLine(ST_MakePoint(%(x)s, %(y)s), ST_MakePoint(%(x)s + 900, %(y)s + 10)), %(frame)s)
FROM wangge.town t, wangge.area a WHERE a.code = %(area)s ORDER BY t.id LIMIT 1"""
OPEN = ("reported", "verifying", "accepted", "assigned", "in_progress", "suspended", "handled", "feedback")


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town with people at every desk."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as station:
        station.hall.do(ROAD, {"area": DISTRICT, "frame": FRAME, "x": EAST0, "y": NORTH0})
        yield station


def asked(town, who, path, **parameters):
    """Ask for a part of the wall, and give what is answered."""
    answer = town.asks(who, "GET", f"/v1/wall/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows(columns):
    """Return columns as rows by name."""
    plain = {
        name: column if isinstance(column, list) else [column["of"][k] for k in column["at"]]
        for name, column in columns.items()
    }
    return [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]


def drawn(ground):
    """Return the grids' polygons as the page draws them, in degrees, by code."""
    found = {}
    for code, rings in zip(ground["grids"]["code"], ground["grids"]["shape"], strict=True):
        (ring,) = rings
        xy = np.cumsum(np.array(ring).reshape(-1, 2), axis=0) + ground["origin"]
        found[code] = shapely.Polygon(xy / 1e6)
    return found


def test_the_ground_is_the_net(town):
    """The ground has every area with what it belongs to and every grid in force, each where it lies."""
    ground = asked(town, "district", "ground")
    areas = rows(ground["areas"])
    parents = {each["code"]: None if each["parent"] is None else areas[each["parent"]]["code"] for each in areas}
    assert parents == {
        DISTRICT: None, **dict.fromkeys(STREETS, DISTRICT),
        COMMUNITIES[0]: STREETS[0], COMMUNITIES[1]: STREETS[0], COMMUNITIES[2]: STREETS[1], COMMUNITIES[3]: STREETS[1],
    }  # fmt: skip
    in_store = dict(town.hall.rows("SELECT code, ST_AsText(geom) FROM wangge.grid WHERE in_force @> '2026-03-02'::date"))
    polygons = drawn(ground)
    assert set(polygons) == set(in_store)
    for code, polygon in polygons.items():
        kept = shapely.from_wkt(in_store[code])
        assert polygon.symmetric_difference(kept).area < 0.002 * kept.area
    assert [areas[k]["code"] for k in ground["grids"]["area"]] == [code[:12] for code in ground["grids"]["code"]]
    assert ground["lines"]["name"]["of"] == ["经十路"]


def test_the_ground_of_another_day(town):
    """Before a net took effect there is none, and a day of it has the same ground as the next."""
    assert asked(town, "district", "ground", at="1999-01-01")["grids"]["code"] == []
    assert asked(town, "district", "ground", at="2026-03-03") == asked(town, "district", "ground")


def test_everybody_sees_their_own_ground(town):
    """Whoever works in a community gets that community; who works nowhere gets nothing, and nobody is asked to sign in."""
    assert set(drawn(asked(town, "community", "ground"))) == {f"{HERE}00{k}" for k in (1, 2, 3)}
    answer = httpx.get(f"{town.hall.client.base_url}/v1/wall/ground", trust_env=False)
    assert answer.status_code == 401


def test_ground_that_is_known_is_not_sent_again(town):
    """The ground has an ETag that holds until a net, an area or a line changes; others' ground has another."""
    first = town.asks("district", "GET", "/v1/wall/ground")
    again = town.asks("district", "GET", "/v1/wall/ground", headers={"If-None-Match": first.headers["ETag"]})
    other = town.asks("community", "GET", "/v1/wall/ground", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, other.status_code) == (304, 200)
    assert other.headers["ETag"] != first.headers["ETag"]
    town.hall.do("UPDATE wangge.town_feature SET seen = '[9,)' WHERE layer = 'barrier' AND number = 1")
    changed = town.asks("district", "GET", "/v1/wall/ground", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    town.hall.do("UPDATE wangge.area_version SET name = name || '（更正）' WHERE name = '社区4'")  # as of the same day
    named = town.asks("district", "GET", "/v1/wall/ground", headers={"If-None-Match": changed.headers["ETag"]})
    assert named.status_code == 200
    assert "社区4（更正）" in named.json()["areas"]["name"]


def test_what_is_open_is_what_the_list_says(town):
    """The columns hold exactly the incidents that the list calls open, each as the list has it, and none of their words."""
    for k in range(4):
        town.reports(**at(20 + 10 * k, 150), title=WORDS[0], description=WORDS[1])
    over = town.reports(title=WORDS[0])["no"]
    town.done("community", over, "reject", reason="private_affair", answer="see to it yourself")
    outside = town.reports(**at(-400, -400), who="district")["no"]
    answer = town.asks("district", "GET", "/v1/wall/incidents")
    found = {row["no"]: row for row in rows(answer.json()["incidents"])}
    listed = town.asks("district", "GET", "/v1/incidents", params={"open": "true", "limit": 1000}).json()["incidents"]

    assert set(found) == {each["no"] for each in listed}
    assert over not in found
    assert {row["state"] for row in found.values()} <= set(OPEN)
    for each in listed:
        assert found[each["no"]]["state"] == each["state"]
        assert found[each["no"]]["grid"] == (each["grid"] or "")
        assert found[each["no"]]["x"] == pytest.approx(each["lon"] * 1e6, abs=1)
    assert found[outside]["grid"] == ""
    assert not any(word in answer.text for word in WORDS)


def test_incidents_by_number(town):
    """Asked by number, an incident is told also when it is over, and one that is not the caller's is not told at all."""
    mine, over = town.reports()["no"], town.reports()["no"]
    town.done("community", over, "reject", reason="private_affair", answer="see to it yourself")
    told = rows(asked(town, "district", "incidents", no=[mine, over, "nowhere"])["incidents"])
    assert {row["no"]: row["state"] for row in told} == {mine: "reported", over: "rejected"}
    assert rows(asked(town, "stranger", "incidents", no=[mine])["incidents"]) == []
    both = town.asks("district", "GET", "/v1/wall/incidents", params={"no": mine, "area": HERE})
    assert both.status_code == 400


def test_what_categories_are_called(town):
    """A category that one admitted matter alone is of goes by the matter's name beside the columns; others have none."""
    town.reports(category="rubbish")
    town.reports(category="noise")
    assert asked(town, "district", "incidents")["categories"] == {"rubbish": "暴露垃圾"}


def test_incidents_of_an_area(town):
    """An area narrows what is told to what lies in it; one that is not the caller's is none."""
    town.reports()
    whole, here = asked(town, "district", "incidents"), asked(town, "district", "incidents", area=HERE)
    areas = rows(asked(town, "district", "ground")["areas"])
    number = next(each["id"] for each in areas if each["code"] == HERE)
    assert rows(here["incidents"]) == [row for row in rows(whole["incidents"]) if row["area"] == number]
    assert town.asks("community", "GET", "/v1/wall/incidents", params={"area": NEXT}).status_code == 404


def test_the_place_to_follow_from(town):
    """What happens after the columns were read comes behind their cursor in the feed of events."""
    cursor = asked(town, "district", "incidents")["cursor"]
    no = town.reports()["no"]
    with town.hall.client.stream(
        "GET", "/v1/events", headers=town.who["district"] | {"Last-Event-ID": cursor}, timeout=20
    ) as stream:
        heard = next(line for line in stream.iter_lines() if no in line)
    assert "cn.gridgov.incident.report" in heard


def test_a_day_again(town):
    """Replayed, an incident stands at every moment where it stood then, and stretches follow on each other without a gap."""
    no = town.reports()["no"]
    moments = [town.hall.now]
    for who, event, said in (
        ("community", "accept", {"matter": "0101"}),
        ("worker", "claim", {}),
        ("worker", "handle", {"result": "taken away", "outcome": "resolved", "evidence": ["photo"]}),
    ):
        town.passes(minutes=7)
        offered = {each["event"] for each in town.shown(no, who)["transitions"]}
        assert event in offered, offered
        town.done(who, no, event, **said)
        moments.append(town.hall.now)
    town.passes(minutes=1)
    replayed = asked(town, "district", "replay", hours=1)
    mine = [row for row in rows(replayed["stretches"]) if row["no"] == no]

    assert [row["since"] for row in mine] == [int(moment.timestamp()) for moment in moments]
    assert all(a["until"] == b["since"] for a, b in pairwise(mine))
    assert mine[0]["state"] == "reported"
    assert mine[-1]["until"] is None
    assert mine[-1]["state"] == town.shown(no)["state"]
    assert replayed["to"] - replayed["from"] == 3600


def test_whom_grids_lack(town):
    """Gaps are those that staffing tells of each grid; who may not see staff is refused."""
    told = asked(town, "district", "staffing")
    listed = town.asks("district", "GET", "/v1/staffing").json()["grids"]
    assert told["grid"] == [each["code"] for each in listed]
    assert told["gap"] == [
        None if each["rule"] is None else sum(gap["need"] - gap["have"] for gap in each["gaps"] if gap["severity"] == "error")
        for each in listed
    ]
    assert GRID in told["grid"]
    assert town.asks("worker", "GET", "/v1/wall/staffing").status_code == 403
