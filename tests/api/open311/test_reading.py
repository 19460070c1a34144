"""What everybody reads of incidents by Open311: what there is in which words, and what nobody is told."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from api.open311.lines import SENTENCES, STATUS
from api.open311.updates import STATUSES
from data.store.scope import NOBODY, Scope
from data.store.sql import one
from tests.api.incidents.station import GRID, HERE
from tests.api.incidents.test_load import brought
from tests.api.incidents.test_load import drawn as drawn_reports
from tests.api.open311.counter import drawn, spot
from tests.published import DISTRICT, STREETS
from tests.stored import owner

SECRETS = ("a letter that nobody", "王小明", "13812345678", "ming@example.org", "among ourselves", "Worker", "Community")
"""What is said or kept in a case and is not everybody's."""


def test_discovery_says_where_it_is(counter) -> None:
    """Both addresses of the discovery say in both forms where the endpoint is, and which formats it has."""
    told = counter.json("/discovery", "discovery")
    (endpoint,) = told["endpoints"]
    assert endpoint["url"] == f"{str(counter.client.base_url).rstrip('/')}/open311/v2"
    assert endpoint["formats"] == ["text/xml", "application/json"]
    assert counter.client.get("/open311/discovery.json", headers={"Accept-Language": "en"}).json() == told
    read = counter.xml("/discovery")
    assert [each.text for each in read.findall("endpoints/endpoint/formats/format")] == endpoint["formats"]


def test_services_are_the_admitted_matters(counter) -> None:
    """A matter is a service while it is admitted: not before it is, and not after it has exited."""
    (service,) = counter.json("/services", "services")
    assert (service["service_code"], service["service_name"], service["group"]) == ("0101", "暴露垃圾", "rubbish")
    assert (service["metadata"], service["type"], service["keywords"]) == (False, "realtime", "rubbish")
    assert counter.json("/services/0101", "definition") == {"service_code": "0101", "attributes": []}
    (element,) = counter.xml("/services").findall("service")
    assert (element.findtext("service_name"), element.findtext("metadata")) == ("暴露垃圾", "false")
    assert counter.xml("/services/0101").findtext("service_code") == "0101"
    counter.station.hall.do("UPDATE wangge.matter SET status = 'exited'")
    assert counter.json("/services", "services") == []
    assert counter.refused(counter.get("/services/0101.json", 404), 404)[0][0] == "404"
    counter.station.hall.do("UPDATE wangge.matter SET status = 'proposed'")
    assert counter.json("/services", "services") == []
    # What was reported before is still of that service, where it was ever decided on.
    counter.json("/requests", "errors", 404, service_code="0101")
    counter.station.hall.do(
        """INSERT INTO wangge.matter_decision (matter, path, action, aspects, actor, at)
           SELECT code, path, 'admit', '{"management": 1, "procedure": 1, "funding": 1, "assessment": 1}',
             gen_random_uuid(), now()
           FROM wangge.matter"""
    )
    assert len(counter.json("/services", "services")) == 1
    counter.station.hall.do("UPDATE wangge.matter SET status = 'exited'; UPDATE wangge.matter SET status = 'proposed'")
    assert counter.json("/services", "services") == []
    counter.json("/requests", "requests", service_code="0101")


def test_jurisdictions_are_districts(counter) -> None:
    """A jurisdiction is a district by its code, or the city; nobody has to name one, and one that is not there is not found."""
    assert len(counter.json("/services", "services", jurisdiction_id=DISTRICT)) == 1
    assert len(counter.json("/services", "services", jurisdiction_id="3701")) == 1
    no = counter.reported()
    for address in ("/services", "/services/0101", "/requests", f"/requests/{no}", "/servicerequestupdates"):
        for unknown in ("999999", STREETS[0]):
            counter.json(address, "errors", 404, jurisdiction_id=unknown)
    assert [each["service_request_id"] for each in counter.json("/requests", "requests", jurisdiction_id=DISTRICT)] == [no]


def test_tokens_and_strange_addresses_are_not_there(counter) -> None:
    """There are no tokens, no third format and nothing beside: each is said to be missing in the form that was asked for."""
    counter.json("/tokens/123", "errors", 404)
    counter.json("/nothing", "errors", 404)
    for address in ("/services.txt", "/requests", "/discovery.yaml", "/requests/1.html", "/media/1", "/"):
        answer = counter.get(address, 404)
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        assert b"<errors><error><code>404</code><description>" in answer.content


def test_a_case_as_everybody_sees_it(counter) -> None:
    """From report to end a case shows status, place, deadline, who has it and what happened; and nothing of the inside."""
    station = counter.station
    no = counter.reported(
        **spot(51.2345, 200.6789), description="a letter that nobody has read", address_string="3 Mill Lane",
        first_name="小明", last_name="王", phone="13812345678", email="ming@example.org",
    )  # fmt: skip
    shown = counter.shown(no)
    assert (shown["status"], shown["extended_attributes"]["x-state"]) == ("open", "reported")
    # What nobody has read yet is nobody's to read.
    assert (shown["description"], shown["address"]) == ("", "社区1, 街道1, 市中区, 济南市")
    assert (shown["service_code"], shown["service_name"], shown["expected_datetime"]) == ("0101", "暴露垃圾", None)
    assert (shown["agency_responsible"], shown["address_id"]) == ("社区1", GRID)
    exact = spot(51.2345, 200.6789)
    assert (shown["lat"], shown["long"]) == (round(exact["lat"], 4), round(exact["long"], 4))
    assert shown["requested_datetime"] == "2026-03-02T09:00:00+08:00"
    assert shown["extended_attributes"] == {
        "grid_code": GRID, "community": HERE, "street": STREETS[0], "tier": "grid", "x-state": "reported",
    }  # fmt: skip

    station.passes(minutes=30)
    station.done("community", no, "accept", matter="0101")
    station.done("community", no, "comment", text="among ourselves")
    station.done("worker", no, "claim")
    station.done("street", no, "urge", text="among ourselves")
    shown = counter.shown(no)
    assert (shown["description"], shown["address"]) == ("a letter that nobody has read", "3 Mill Lane")
    assert shown["status_notes"] == "Work on it has begun"
    assert (shown["agency_responsible"], shown["updated_datetime"]) == ("社区1", "2026-03-02T09:30:00+08:00")
    assert shown["expected_datetime"] is not None

    station.passes(minutes=30)
    station.done("worker", no, "handle", result="among ourselves", outcome="resolved", evidence=["among ourselves"])
    station.done("community", no, "check_pass", text="among ourselves")
    station.passes(minutes=30)
    station.done("community", no, "feedback", result="satisfied", answer="it is gone")
    shown = counter.shown(no)
    assert (shown["status"], shown["agency_responsible"]) == ("closed", None)
    assert shown["status_notes"] == "The reporter has been told: it is gone"
    assert shown["updated_datetime"] == "2026-03-02T10:30:00+08:00"
    assert [each["type"] for each in shown["notes"]] == ["report", "accept", "claim", "handle", "check_pass", "feedback"]
    assert shown["notes"][0]["datetime"] == "2026-03-02T09:00:00+08:00"
    chinese = counter.shown(no, lang="zh")
    assert (chinese["status_notes"], chinese["notes"][1]["description"]) == ("已向报告人反馈：it is gone", "已受理")

    whole = "".join(
        counter.get(f"{address}.{form}").text
        for address in ("/requests", f"/requests/{no}", "/servicerequestupdates") for form in ("xml", "json")
    )  # fmt: skip
    assert not [secret for secret in SECRETS[1:] if secret in whole]
    assert not [identity for identity in station.ids.values() if identity in whole]


def test_what_others_reported_shows_no_words(counter) -> None:
    """What a worker or a hotline wrote down is seen once it is a case of a matter; never its words."""
    station = counter.station
    no = station.reports(description="a letter that nobody has read", address="4 Mill Lane, flat 501")["no"]
    counter.json(f"/requests/{no}", "errors", 404)
    assert counter.json("/requests", "requests", service_request_id=no) == []
    assert counter.json("/servicerequestupdates", "updates") == []
    station.done("community", no, "accept", matter="0101")
    shown = counter.shown(no, lang="zh")
    assert (shown["description"], shown["address"]) == ("", "济南市市中区街道1社区1")
    assert shown["notes"][-1]["description"] == "已受理"


def test_a_rejected_report_shows_the_answer_alone(counter) -> None:
    """What is not accepted is closed, with its reason and the answer; nobody reads what it said."""
    no = counter.reported(description="a letter that nobody has read", address_string="3 Mill Lane")
    counter.station.done("community", no, "reject", reason="private_affair", answer="please ask the landlord")
    shown = counter.shown(no)
    assert (shown["status"], shown["description"], shown["extended_attributes"]["x-state"]) == ("closed", "", "rejected")
    assert shown["address"] == "社区1, 街道1, 市中区, 济南市"
    assert shown["status_notes"] == "It has not been accepted (A private affair): please ask the landlord"


def test_a_void_case_shows_no_words_again(counter) -> None:
    """What was accepted and is then declared void is not everybody's to read any more."""
    no = counter.reported(description="a letter that nobody has read")
    counter.station.done("community", no, "accept", matter="0101")
    assert counter.shown(no)["description"] == "a letter that nobody has read"
    counter.station.done("community", no, "void", reason="among ourselves")
    shown = counter.shown(no)
    assert (shown["status"], shown["description"], shown["status_notes"]) == ("closed", "", "It has been declared void")


def test_a_department_is_named_and_no_person(counter) -> None:
    """Who has a case in hand is an organisation by its name; where a person has it, it is the community around."""
    station = counter.station
    no = counter.reported()
    station.done("community", no, "accept", matter="0101")
    for higher in ("community", "street", "district"):
        lower = {"street": "community", "district": "street"}.get(higher, "community")
        station.done(lower, no, "escalate", reason="needs_department")
        station.done(higher, no, "take")
    assert counter.shown(no)["agency_responsible"] == "市中区"
    station.done("district", no, "dispatch", to={"org": "sanitation"})
    assert counter.shown(no)["agency_responsible"] == "环卫局"


def test_lists_are_narrowed(counter) -> None:
    """Ids go before everything else; services, states, times and pages narrow a list, the newest first."""
    station = counter.station
    nos = []
    for _ in range(4):
        nos.append(counter.reported())
        station.passes(hours=1)
    station.done("community", nos[0], "accept", matter="0101")
    station.done("community", nos[0], "void", reason="a mistake")

    def asked(**question):
        return [each["service_request_id"] for each in counter.json("/requests", "requests", **question)]

    assert asked() == nos[::-1]
    assert asked(service_request_id=f"{nos[1]},{nos[3]},9999", status="closed", start_date="nonsense") == [nos[3], nos[1]]
    assert asked(status="closed") == [nos[0]]
    assert asked(status="open") == nos[:0:-1]
    assert asked(status="open,closed") == nos[::-1]
    assert asked(service_code="0101") == nos[::-1]
    assert asked(start_date="2026-03-02T10:00:00+08:00", end_date="2026-03-02T11:00:00+08:00") == [nos[2], nos[1]]
    # A plus sign that nobody has escaped is read as what it was.
    assert asked(start_date="2026-03-02T12:00:00 08:00") == [nos[3]]
    assert asked(end_date="2026-03-02T01:00:00Z") == [nos[0]]
    assert asked(page=2, page_size=3) == [nos[0]]
    station.passes(days=91)
    assert asked() == []
    assert asked(start_date="2026-03-01T00:00:00Z") == nos[::-1]


def test_a_page_leads_to_the_next(counter) -> None:
    """A list that goes on says where, in a header; followed to its end it gives each request once."""
    nos = {counter.reported() for _ in range(5)}
    seen, address = [], "/requests.json?page_size=2"
    while address:
        answer = counter.get(address)
        seen += [each["service_request_id"] for each in answer.json()]
        following = answer.links.get("next")
        parts = urlsplit(following["url"]) if following else None
        address = f"{parts.path.removeprefix('/open311/v2')}?{parts.query}" if parts else ""
    assert len(seen) == 5
    assert set(seen) == nos


@pytest.mark.parametrize(
    ("question", "codes"),
    [
        ({"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"}, ["400"]),
        ({"start_date": "2026-03-01T00:00:00Z", "end_date": "2026-02-01T00:00:00Z"}, ["400"]),
        ({"start_date": "yesterday", "end_date": "2026-02-01"}, ["400", "400"]),
        ({"start_date": "0001-01-01T00:00:00Z"}, ["400"]),
        ({"end_date": "9999-12-31T23:59:59-12:00"}, ["400"]),
        ({"status": "fixed"}, ["400"]),
        ({"page": "0"}, ["400"]),
        ({"page_size": "٣"}, ["400"]),
        ({"page": "21"}, ["400"]),
        ({"stauts": "open"}, ["400"]),
        ({"service_code": "0101,9999"}, ["404"]),
        ({"service_code": "8888,9999", "status": "x"}, ["400", "404", "404"]),
    ],
)
def test_a_list_that_cannot_be_is_refused(counter, question, codes) -> None:
    """Everything that is wrong with a question is said at once, each thing with its kind."""
    answer = counter.get("/requests.json", 400 if "400" in codes else 404, **question)
    assert sorted(code for code, _ in counter.refused(answer, answer.status_code)) == codes


def test_ninety_days_are_not_too_many(counter) -> None:
    """A span of exactly 90 days is answered; one second more is not."""
    counter.json("/requests", "requests", start_date="2026-01-01T00:00:00Z", end_date="2026-04-01T00:00:00Z")
    counter.json("/requests", "errors", 400, start_date="2026-01-01T00:00:00Z", end_date="2026-04-01T00:00:01Z")


def test_xml_says_what_json_says(counter) -> None:
    """Every member of a request is an element with the same value, and texts that XML cannot hold do not break it."""
    no = counter.reported(description="<b>a & b</b> \x01\x1f ]]> 😀")
    counter.station.done("community", no, "accept", matter="0101")
    shown = counter.shown(no)
    (read,) = counter.xml(f"/requests/{no}").findall("request")
    assert read.findtext("description") == "<b>a & b</b> \ufffd\ufffd ]]> 😀"
    for name, value in shown.items():
        if name not in {"description", "extended_attributes", "notes"}:
            assert (read.findtext(name) or None) == (None if value is None else str(value)), name
    inner = shown["extended_attributes"]
    assert {name: read.findtext(f"extended_attributes/{name}") for name in inner} == inner
    assert [each.findtext("description") for each in read.findall("notes/note")] == [
        note["description"] for note in shown["notes"]
    ]


def test_only_pictures_for_all_are_shown(counter) -> None:
    """A picture is nobody's until somebody shows it to all; taken back, it is gone again."""
    station = counter.station
    no = counter.reported(files={"media": ("heap.png", drawn(), "image/png")})
    assert counter.shown(no)["media_url"] is None
    (picture,) = station.hall.rows("SELECT id::text FROM wangge.attachment")[0]
    counter.get(f"/media/{picture}", 404)
    station.hall.do("UPDATE wangge.attachment SET is_public = true")
    address = counter.shown(no)["media_url"]
    answer = counter.client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.content.startswith(b"\x89PNG")
    station.hall.do("UPDATE wangge.attachment SET is_public = false")
    assert counter.client.get(address).status_code == 404


def test_closed_is_for_those_who_work_there(closed_counter) -> None:
    """Where the settings do not open it, nobody reads it without a key, and with a key no more than lies in their areas."""
    counter, station = closed_counter, closed_counter.station
    here, there = counter.reported("district"), counter.reported("district", **spot(700, 200))
    counter.json("/discovery", "discovery")
    for address in ("/services", "/services/0101", "/requests", f"/requests/{here}", "/servicerequestupdates", "/tokens/1"):
        counter.json(address, "errors", 403)
    counter.get("/media/1", 403)

    def seen(who, address="/requests"):
        found = counter.json(address, "requests" if address == "/requests" else "updates", headers=station.who[who])
        return {each["service_request_id"] for each in found}

    assert seen("district") == seen("district", "/servicerequestupdates") == {here, there}
    assert seen("community") == seen("community", "/servicerequestupdates") == {here}
    assert seen("other_street") == seen("other_street", "/servicerequestupdates") == set()
    counter.json(f"/requests/{there}", "errors", 404, headers=station.who["community"])
    assert len(counter.json("/services", "services", headers=station.who["community"])) == 1


def test_a_wrong_key_is_never_nobody(counter) -> None:
    """A key that does not hold is refused, and so is one in an address, where every log on the way keeps it."""
    counter.json("/requests", "errors", 403, headers={"X-API-Key": "wg_0000000000000000." + "x" * 43})
    counter.json("/requests", "errors", 403, api_key=counter.key("worker"))


def test_the_views_hold_nothing_else(counter) -> None:
    """The application's role reads no incident, log or contact as nobody in particular, but in the views for everybody."""
    no = counter.reported(phone="13812345678", description="a letter that nobody has read")
    with counter.station.hall.app.state.service.pool.read(Scope(public=("open311",))) as conn:
        for table in ("incident", "incident_past", "incident_contact", "event", "open311_request", "open311_update"):
            assert one(conn, f"SELECT count(*) FROM wangge.{table}") == (0,), table
        assert one(conn, "SELECT no, description FROM wangge.open311_incident") == (no, "")
        assert one(conn, "SELECT count(*) FROM wangge.open311_line") == (1,)
    with counter.station.hall.app.state.service.pool.read(NOBODY) as conn:
        for view in ("open311_service", "open311_incident", "open311_line"):
            assert one(conn, f"SELECT count(*) FROM wangge.{view}") == (0,), view
        assert one(conn, "SELECT wangge.open311_jurisdiction(%s)", [DISTRICT]) == (None,)
        assert one(conn, "SELECT count(*) FROM wangge.open311_agencies(ARRAY['sanitation'], now()::date)") == (0,)


def test_words_and_views_agree(counter) -> None:
    """Every event that the store's views let through has a sentence, and every state a status that others know."""
    with owner(counter.station.hall.db.admin) as conn:
        (text,) = one(conn, "SELECT pg_get_viewdef('wangge.open311_line'::regclass)")
    array = text[text.index("{") + 1 : text.index("}")]
    assert {each.strip().removeprefix("incident.") for each in array.split(",")} == {str(e) for e in SENTENCES}
    assert set(STATUS.values()) <= set(STATUSES)


def test_what_came_in_a_batch_has_its_past(counter) -> None:
    """An incident that came in a batch shows what was done since, numbered after the record that it came with."""
    station = counter.station
    with owner(station.hall.db.admin) as conn:
        brought(conn, drawn_reports(400))
        open_one = "SELECT no FROM wangge.incident WHERE state = 'reported' AND grid_code = %s AND category = 'rubbish' LIMIT 1"
        (no,) = one(conn, open_one, [GRID])
    station.done("community", no, "accept", matter="0101")
    assert [each["type"] for each in counter.shown(no)["notes"]] == ["accept"]
    assert [each["update_id"] for each in counter.json("/servicerequestupdates", "updates")] == [f"{no}-2"]


def test_what_lies_in_no_grid_is_taken(counter) -> None:
    """What lies inside an area and in no grid is taken and shown, without a grid; those who work there see that it has none."""
    station = counter.station
    station.hall.do(
        """ALTER TABLE wangge.grid DISABLE TRIGGER USER;
           DELETE FROM wangge.grid WHERE code = %s AND upper_inf(in_force)""",
        [GRID],
    )
    no = counter.reported()
    shown = counter.shown(no)
    assert (shown["address_id"], shown["extended_attributes"]["community"]) == (None, HERE)
    assert station.shown(no)["outside"] is True


def test_what_the_house_says_has_its_title_in_chinese(counter) -> None:
    """What only the rest of the house can say is in English; whoever reads Chinese has its kind before it."""
    (fault,) = counter.refused(counter.get("/requests.json", 400, lang="zh", stauts="open"), 400)
    assert fault[1].startswith("未知参数：there is no parameter 'stauts'")


def test_a_store_that_is_gone_is_told_in_the_same_form(counter) -> None:
    """What is no fault of the caller's is an error in a list too, with no word of our insides, and when to come again."""
    counter.station.hall.app.state.service.pool.close()
    answer = counter.get("/requests.json", 503)
    ((code, text),) = counter.refused(answer, 503)
    assert (code, text) == ("503", "The store cannot be used")
    assert int(answer.headers["retry-after"]) > 0
