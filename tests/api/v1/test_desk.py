"""What an officer's desk is sent: exactly what the list says, for every filter; the same to take away; and who may have it."""

import csv
import io
import json

import pytest

from api.desk_view import HEADERS
from api.loop.steps import STEPS
from api.loop.words import State
from api.pages.desk_fields import CHOICES, MADE_BY_HAND, kind_of
from api.v1 import desk
from data.store.sql import many
from tests.api.incidents.station import GRID, HERE, at, station_over
from tests.published import DISTRICT, STREETS
from tests.stored import owner


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town, with incidents in several states, places and lights."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as station:
        first = station.reports(title="=1+1 heap", address="somewhere")["no"]
        station.done("community", first, "accept", matter="0101")
        station.done("worker", first, "claim")
        station.passes(days=30)
        second = station.reports(category="lamps", title="a Lamp", kind="request", urgent=True)["no"]
        station.done("community", second, "reject", reason="private_affair", answer="see to it yourself")
        station.reports("district", category="lamps", title="nowhere", **at(5_000, 5_000))
        station.reports("other_street", category="noise", title="there", source="hotline", external_id="7", **at(50, 600))
        station.who["screen"] = station.hall.comes("screen", ("viewer", DISTRICT))
        yield station


def cells(told, name):
    """Return a column as it would be without a code."""
    column = told["incidents"][name]
    return [column["of"][i] for i in column["at"]] if isinstance(column, dict) else column


def listed(town, query, who="district"):
    """Return the numbers that the list gives, the newest first."""
    answer = town.asks(who, "GET", f"/v1/incidents?limit=1000&{query}")
    assert answer.status_code == 200, answer.text
    return [each["no"] for each in answer.json()["incidents"]]


FILTERS = (
    "", "open=true", "open=false", "state=in_progress&state=rejected", "category=lamps", "kind=request", "source=hotline",
    f"area={HERE}", f"area={STREETS[1]}", f"grid={GRID}", "outside=true", "tier=grid", "department=sanitation", "urgent=true",
    "light=red", "light=yellow", "light=green", "light=none", "overdue=true", "mode=normal", "mode=emergency",
    "supervision=none", "text=lAmP", "text=%25", "mine=true", "from=2026-03-15T00:00:00Z", "to=2026-03-15T00:00:00Z",
    "due_before=2026-03-20T00:00:00Z", "closed_from=2026-03-15T00:00:00Z", "closed_to=2026-03-15T00:00:00Z",
)  # fmt: skip


@pytest.mark.parametrize("query", FILTERS)
@pytest.mark.parametrize("who", ["district", "community", "worker"])
def test_it_is_what_the_list_says(town, query, who):
    """For every filter, and for everybody, columns and table hold what the list gives: no more, no less."""
    told = town.asks(who, "GET", f"/v1/desk/incidents?{query}").json()
    table = town.asks(who, "GET", f"/v1/desk/incidents.csv?{query}")
    taken = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))

    assert cells(told, "no") == listed(town, query, who)
    assert sorted(each["Number"] for each in taken) == sorted(listed(town, query, who))


def test_filters_tell_apart(town):
    """Each light, and a part of a title, gives some incidents and not all: else the test above would compare nothing."""
    whole = set(listed(town, ""))
    found = [set(listed(town, query)) for query in ("light=red", "light=none", "text=lamp", "urgent=true", "outside=true")]
    assert all(each and each < whole for each in found)
    lights = [set(listed(town, f"light={light}")) for light in ("red", "yellow", "green", "none")]
    assert set.union(*lights) == whole
    assert sum(map(len, lights)) == len(whole)


def test_lights_are_those_of_the_list(town):
    """The light that narrows is the worse one of both clocks as the list shows them."""
    rank = {"red": 0, "yellow": 1, "green": 2, None: 3}
    for each in town.asks("district", "GET", "/v1/incidents?limit=1000").json()["incidents"]:
        worse = min((each["clocks"][name]["light"] for name in ("total", "stage")), key=rank.__getitem__) or "none"
        assert each["no"] in listed(town, f"light={worse}")


def test_columns_say_what_the_list_says(town):
    """Place, owner, tier, title and clock of each are those of the list; names of what the codes mean stand beside them."""
    told = town.asks("district", "GET", "/v1/desk/incidents").json()
    whole = {each["no"]: each for each in town.asks("district", "GET", "/v1/incidents?limit=1000").json()["incidents"]}
    columns = {name: cells(told, name) for name in told["incidents"]}
    for i, no in enumerate(columns["no"]):
        one = whole[no]
        owner_of = one["owner"] or {}
        assert (columns["owner"][i] or None) == owner_of.get("org")
        assert (columns["person"][i] or None) == owner_of.get("person")
        assert columns["title"][i] == one["title"]
        assert columns["x"][i] == round(one["lon"] * 1e6)
        assert (columns["grid"][i] or None) == one["grid"]
    assert told["orgs"] == {"sanitation": "环卫局"}
    assert told["centers"].keys() == {each for each in columns["owner"] if each.startswith("center:")}
    assert all(told["centers"].values())
    assert told["people"] == {town.ids["worker"]: "Worker"}


def test_some_by_their_numbers(town):
    """By numbers those are told, over or not, that the caller sees, and no others; a filter beside them is refused."""
    some = listed(town, "")[:2]
    told = town.asks("district", "GET", "/v1/desk/incidents", params={"no": [*some, "nothing"]}).json()
    assert sorted(cells(told, "no")) == sorted(some)
    assert town.asks("district", "GET", "/v1/desk/incidents?no=1&open=true").status_code == 400
    theirs = town.asks("stranger", "GET", "/v1/desk/incidents", params={"no": some}).json()
    assert set(cells(theirs, "no")) <= set(listed(town, "", "stranger"))


@pytest.mark.parametrize(("sort", "key"), [("newest", "Reported"), ("oldest", "Reported"), ("grid", "Grid")])
def test_the_table_has_its_order(town, sort, key):
    """The table comes in the order that is asked for; what lies in no grid comes last."""
    table = town.asks("district", "GET", f"/v1/desk/incidents.csv?sort={sort}").text.removeprefix("\ufeff")
    found = [each[key] for each in csv.DictReader(io.StringIO(table))]
    there = [each for each in found if each]
    assert there == sorted(there, reverse=sort == "newest")
    assert found[len(there) :] == [""] * (len(found) - len(there))


def test_the_table_is_for_spreadsheets(town):
    """It begins with a mark, has headings in the reader's language, no formula, no name of anybody, and times of the place."""
    answer = town.asks("district", "GET", "/v1/desk/incidents.csv?lang=zh&open=true")
    text = answer.content.decode()
    assert text.startswith("\ufeff" + ",".join(each.zh for each in HEADERS.values()))
    assert 'filename="incidents-2026-04-01.csv"' in answer.headers["content-disposition"]
    (heap,) = [each for each in csv.DictReader(io.StringIO(text[1:])) if "heap" in each["标题"]]
    assert heap["标题"] == "'=1+1 heap"
    assert heap["上报时间"] == "2026-03-02 09:00"
    assert (heap["承办单位"], heap["状态"], heap["时限灯"]) == ("网格人员", "处置中", "红灯（超期）")
    assert "Worker" not in text


def test_a_table_that_is_not_whole_is_called_so(town, monkeypatch):
    """Where there are more incidents than one table has, the file has the first of them in its order, and its name says so."""
    whole = town.asks("district", "GET", "/v1/desk/incidents.csv?sort=oldest")
    monkeypatch.setattr(desk, "MOST", 2)
    part = town.asks("district", "GET", "/v1/desk/incidents.csv?sort=oldest")
    assert 'filename="incidents-2026-04-01-first-2-by-oldest.csv"' in part.headers["content-disposition"]
    assert part.text.splitlines() == whole.text.splitlines()[:3]
    monkeypatch.setattr(desk, "MOST", len(whole.text.splitlines()) - 1)
    assert (
        'filename="incidents-2026-04-01.csv"'
        in (town.asks("district", "GET", "/v1/desk/incidents.csv").headers["content-disposition"])
    )


@pytest.mark.parametrize(("address", "form"), [("/v1/desk/incidents.csv", "csv"), ("/command/export.html", "html")])
def test_what_is_taken_is_logged(town, address, form):
    """Who took what away stands in the log, with what they asked for and how many that were."""
    assert town.asks("street", "GET", f"{address}?category=rubbish").status_code == 200
    with owner(town.hall.db.admin) as conn:
        rows = many(
            conn,
            """SELECT body, actor::text FROM wangge.event WHERE kind = 'export' AND subject = 'incidents'
               ORDER BY at DESC LIMIT 1""",
        )
    ((body, person),) = rows
    assert (body["form"], body["asked"], body["rows"]) == (form, "category=rubbish", 1)
    assert person == town.ids["street"]


def test_the_file_holds_nobody(town):
    """In the file that is taken away stands no name of a colleague and no id of one, but everything that the filter gives."""
    page = town.asks("district", "GET", "/command/export.html?open=true").text
    data = json.loads(page.partition('id="desk-setup">')[2].partition("</script>")[0])
    assert cells(data["given"]["incidents"], "no") == listed(town, "open=true")
    assert data["given"]["incidents"]["people"] == {}
    assert set(cells(data["given"]["incidents"], "person")) <= {"*", ""}
    assert not [each for each in (*town.ids.values(), "Worker") if each in page]


def test_colleagues(town):
    """Of a grid those on post are told, A first; by ids those of the staff; one of both has to be said."""
    told = town.asks("community", "GET", f"/v1/desk/people?grid={GRID}").json()["people"]
    assert [(each["name"], each["letter"]) for each in told] == [("Worker", "A"), ("Stand_In", "B")]
    assert [each["id"] for each in told] == [town.ids["worker"], town.ids["stand_in"]]
    named = town.asks("district", "GET", "/v1/desk/people", params={"id": [town.ids["worker"], town.ids["auditor"]]}).json()
    assert [each["name"] for each in named["people"]] == ["Worker"]
    for query in ("", f"?grid={GRID}&id={town.ids['worker']}", "?id=nobody"):
        assert town.asks("district", "GET", f"/v1/desk/people{query}").status_code == 400
    assert town.asks("stranger", "GET", f"/v1/desk/people?grid={GRID}").json()["people"] == []


@pytest.mark.parametrize(
    "address", ["/v1/desk/incidents", "/v1/desk/incidents.csv", f"/v1/desk/people?grid={GRID}", "/command/export.html"]
)
def test_it_is_for_those_who_handle_incidents(town, address):
    """A screen's viewer and an auditor are refused, and strangers are asked who they are."""
    assert [town.asks(who, "GET", address).status_code for who in ("screen", "auditor")] == [403, 403]
    assert town.hall.client.get(address).status_code == 401


def test_every_field_has_a_kind():
    """Each field that a step offered to somebody needs or takes is one that the desk knows how to ask for."""
    asked = [(step.event, name) for step in STEPS if State.DRAFT not in step.takes for name in (*step.requires, *step.allows)]
    assert {kind_of(*each) for each in asked} <= CHOICES.keys() | MADE_BY_HAND


@pytest.mark.parametrize("query", ["", "category=lamps", f"area={HERE}", "urgent=true", "text=heap"])
@pytest.mark.parametrize("who", ["district", "worker"])
def test_figures_are_counts_of_the_list(town, query, who):
    """Each figure of a filter is as many as the list has, by the parameters to which the desk's tile leads."""
    told = town.asks(who, "GET", f"/v1/desk/figures?{query}").json()
    midnight = {name: f"{told[name]}T00:00:00%2B08:00" for name in ("today", "first")}
    lists = {
        "open": "open=true", "late": "light=red", "soon": "light=yellow", "received": f"from={midnight['today']}",
        "closed": f"closed_from={midnight['today']}", "ended": f"closed_from={midnight['first']}",
    }  # fmt: skip
    for name, more in lists.items():
        assert told["figures"][name] == len(listed(town, f"{query}&{more}", who)), name
    whole = town.asks(who, "GET", f"/v1/incidents?limit=1000&{query}&closed_from={midnight['first']}").json()["incidents"]
    assert told["figures"]["timed"] == sum(each["clocks"]["total"]["due"] is not None for each in whole)


def test_figures_of_what_was_closed(cluster, template, tmp_path):
    """What was closed today and before counts where it belongs, in time or too late; what was rejected was not closed."""
    with cluster.clone(template) as db, station_over(db, tmp_path) as town:

        def accept(no):
            town.done("community", no, "accept", matter="0101")
            return no

        def close(no):
            town.done("worker", no, "claim")
            town.done("worker", no, "handle", result="done", outcome="resolved", evidence=["seen"])
            town.done("community", no, "check_pass")
            town.done("community", no, "feedback", result="satisfied", answer="done")

        slow, quick, refused, before = (town.reports(title=each)["no"] for each in ("slow", "quick", "refused", "before"))
        close(accept(before))
        accept(slow)
        town.passes(days=35)
        close(slow)
        town.passes(days=3)
        close(accept(town.reports(title="today")["no"]))
        town.done("community", refused, "reject", reason="private_affair", answer="no")
        assert quick in listed(town, "open=true")
        found = town.asks("district", "GET", "/v1/desk/figures").json()["figures"]
        assert (found["open"], found["closed"], found["ended"], found["timed"], found["on_time"]) == (1, 1, 2, 2, 1)
        assert found["received"] == 1
