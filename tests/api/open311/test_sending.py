"""Reports from outside: what is taken, what is refused and why, and that the same twice is one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from api.who.door import examine, identify
from data.store.open311 import service_wished as wished
from data.store.scope import NOBODY
from tests.api.incidents.named_town import name_ground
from tests.api.incidents.station import GRID, HERE, NEXT
from tests.api.open311.counter import V2, drawn, schema, spot
from tests.published import COMMUNITIES, DISTRICT

FAR = spot(-5000, 0)


def wishes(counter) -> list[tuple]:
    """The services that were asked for, with their numbers."""
    return counter.station.hall.rows("SELECT no, service_code FROM wangge.open311_request ORDER BY no")


def test_a_report_becomes_an_incident(counter) -> None:
    """A report is an incident at its place, of its service's category, with its contact for whoever handles it, and a wish."""
    answer = counter.posts(
        description="a heap", address_string="3 Mill Lane", first_name="小明", last_name="王", phone="138-1234 5678",
        email="ming@example.org", account_id="a1", media_url="http://127.0.0.1/secret", **{"attribute[X]": "y"},
    )  # fmt: skip
    assert answer.status_code == 201
    (receipt,) = answer.json()
    schema("receipts").validate([receipt])
    no = receipt["service_request_id"]
    assert "everybody can read" in receipt["service_notice"]
    assert "media_url is not fetched" in receipt["service_notice"]
    shown = counter.station.shown(no, "community")
    assert (shown["grid"], shown["category"], shown["source"], shown["title"]) == (GRID, "rubbish", "open311", "暴露垃圾")
    assert (shown["description"], shown["address"], shown["matter"]) == ("a heap", "3 Mill Lane", None)
    assert counter.station.asks("community", "GET", f"/v1/incidents/{no}/contact").json() == {
        "name": "小明 王", "phone": "138-1234 5678", "email": "ming@example.org",
    }  # fmt: skip
    assert wishes(counter) == [(no, "0101")]


def test_a_key_comes_in_the_form_or_in_the_header(counter) -> None:
    """Who sends is known by the key in the form, or by the one in a header; the answer in XML has the number."""
    header = {"X-API-Key": counter.key("worker")}
    bearer = {"Authorization": f"Bearer {counter.key('worker')}"}
    answers = [counter.posts(), counter.posts(None, headers=header), counter.posts(None, headers=bearer)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    xml = counter.posts(form="xml")
    assert (xml.status_code, xml.headers["content-type"]) == (201, "text/xml; charset=utf-8")
    assert b"<service_requests><request><service_request_id>2026030237010300004</service_request_id>" in xml.content


@pytest.mark.parametrize(
    "key", ["", "nonsense", "钥匙", "wg_0000000000000000." + "x" * 43, "wg_0000000000000000.\n" + "x" * 42]
)
def test_without_a_good_key_nothing_is_taken(counter, key) -> None:
    """A key that is missing or does not hold is refused before anything else is looked at, in both forms."""
    counter.refused(counter.posts(None, api_key=key, service_code="none", lat="x"), 403)
    answer = counter.posts(None, form="xml", api_key=key)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/xml; charset=utf-8")
    assert b"<errors><error><code>403</code><description>" in answer.content
    assert wishes(counter) == []


def test_a_key_without_the_right_takes_nothing(counter) -> None:
    """The key of somebody who does not work on incidents is refused."""
    counter.refused(counter.posts("auditor"), 403)


def test_a_cookie_is_no_key(counter) -> None:
    """A browser that is signed in sends nothing by a form of somebody else's page."""
    hall = counter.station.hall
    with hall.browser("worker") as browser:
        answer = browser.post(f"{V2}/requests.json", data={"service_code": "0101", **spot(50, 200)})
    counter.refused(answer, 403)


@pytest.mark.parametrize(
    ("fields", "codes", "words"),
    [
        ({"service_code": None}, ["400"], "service_code is missing"),
        ({"service_code": "9999"}, ["404"], "there is no service 9999"),
        ({"lat": None, "long": None}, ["400"], "the location is missing"),
        ({"lat": None, "long": None, "address_string": "3 Mill Lane"}, ["400"], "there is no 3 Mill Lane"),
        ({"lat": None, "long": None, "address_id": GRID}, ["400"], "an address_id does not say where it is"),
        ({"long": None}, ["400"], "long is missing"),
        ({"lat": "north"}, ["400"], "lat is a number of degrees from -90 to 90"),
        ({"lat": "nan", "long": "1e999"}, ["400", "400"], "long is a number of degrees"),
        ({"lat": "117", "long": "36"}, ["400"], "lat is a number"),
        ({"description": "x" * 4001}, ["400"], "description has at most 4000 characters"),
        ({"phone": "call me", "email": "me"}, ["400", "400"], "email is no address"),
        ({"jurisdiction_id": "999999"}, ["404"], "there is no jurisdiction 999999"),
        ({"service_code": "9999", "lat": None, "long": None, "jurisdiction_id": "1"}, ["400", "404", "404"], "no service 9999"),
        ({"description": "a\0b"}, ["400"], "NUL"),
        (FAR, ["400"], "this place lies outside the area served"),
    ],
)
def test_what_cannot_be_taken_is_said(counter, fields, codes, words) -> None:
    """Everything that is wrong with a report is said at once: 404 for what is not there, 400 for the rest; nothing is kept."""
    answer = counter.posts(**fields)
    found = counter.refused(answer, 400 if "400" in codes else 404)
    assert sorted(code for code, _ in found) == codes
    assert words in " ".join(text for _, text in found)
    assert wishes(counter) == []
    assert counter.station.hall.value("SELECT count(*) FROM wangge.incident") == 0
    assert counter.station.hall.value("SELECT count(*) FROM wangge.event WHERE kind = 'incident.report'") == 0


def test_an_address_alone_is_enough(counter) -> None:
    """A report with nothing but an address lies where the one place is that it means, within the jurisdiction that it names."""
    name_ground(counter.station.hall)
    nowhere = {"lat": None, "long": None}
    no = counter.reported(**nowhere, address_string="幸福小区3号楼")
    shown = counter.station.shown(no)
    assert (shown["located_by"], shown["grid"], shown["address"]) == ("building", GRID, "幸福小区3号楼")
    assert counter.reported(**nowhere, address_string="泉城公园", jurisdiction_id=DISTRICT)
    many = {**nowhere, "address_string": "阳光花园"}
    (fault,) = counter.refused(counter.posts(**many), 400)
    assert fault[1] == (f"阳光花园 may be 2 places, such as 阳光花园 ({HERE}), 阳光花园 ({NEXT}): give lat and long (WGS84)")
    (fault,) = counter.refused(counter.posts(headers={"Accept-Language": "zh"}, **many), 400)
    assert "可能指 2 处" in fault[1]
    assert len(wishes(counter)) == 2


def test_words_are_said_in_chinese_too(counter) -> None:
    """Whoever reads Chinese is told in Chinese."""
    (fault,) = counter.refused(counter.posts(headers={"Accept-Language": "zh"}, **FAR), 400)
    assert fault == ("400", "该地点不在服务范围内")


def test_json_is_no_form(counter) -> None:
    """A body that is no form is refused with what to send, and not with a list of missing fields alone."""
    headers = {"X-API-Key": counter.key("worker"), "Accept-Language": "en"}
    answer = counter.client.post(f"{V2}/requests.json", json={"service_code": "0101"}, headers=headers)
    assert "send a form" in " ".join(text for _, text in counter.refused(answer, 400))
    half = {"content-type": "multipart/form-data; boundary=x", **headers}
    counter.refused(counter.client.post(f"{V2}/requests.json", content=b"--x\r\nbroken", headers=half), 400)


def test_services_are_offered_where_they_are_admitted(counter) -> None:
    """A matter of one community's catalogue is no service in the next, nor one of another district's jurisdiction."""
    station = counter.station
    station.hall.do(
        """UPDATE wangge.matter SET status = 'exited';
           UPDATE wangge.matter SET status = 'proposed';
           UPDATE wangge.matter SET area_id = (SELECT id FROM wangge.area WHERE code = %s);
           UPDATE wangge.matter SET status = 'admitted'""",
        [HERE],
    )
    assert counter.reported(jurisdiction_id=DISTRICT)
    refused = counter.refused(counter.posts("district", **spot(700, 200)), 400)
    assert refused == [("400", "the service 0101 is not offered at this place")]
    station.hall.do("UPDATE wangge.matter SET status = 'exited'")
    counter.refused(counter.posts(), 404)


def test_the_same_twice_is_one(counter) -> None:
    """The same from the same device within ten minutes has the same number; another device, text or time another."""
    said = {"device_id": "d1", "description": "a heap"}
    first = counter.posts(**said)
    again = counter.posts(**said)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    others = [counter.reported(**said | more) for more in ({"device_id": "d2"}, {"description": "two"}, {"device_id": None})]
    others.append(counter.reported(device_id=None, description="a heap"))
    others.append(counter.reported("stranger", **said))
    counter.station.passes(minutes=11)
    others.append(counter.reported(**said))
    assert len({first.json()[0]["service_request_id"], *others}) == 7
    assert counter.station.hall.value("SELECT count(*) FROM wangge.open311_request WHERE digest IS NULL") == 2


def test_a_double_tap_is_one(counter) -> None:
    """Two that arrive at the same moment are one incident, whichever comes first."""
    together = threading.Barrier(3)

    def tap(_: int) -> str:
        together.wait()
        return counter.reported(device_id="d1", description="a heap")

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(tap, range(3)))) == 1
    assert counter.station.hall.value("SELECT count(*) FROM wangge.incident") == 1


def test_an_idempotency_key_is_honoured(counter) -> None:
    """The same key answers the same, however the form was packed; for another report it is refused."""
    key = {"Idempotency-Key": "k1"}
    first = counter.posts(headers=key, description="a heap")
    again = counter.posts(headers=key, description="a heap")
    packed = counter.posts(headers=key, description="a heap", files={"x": ("", b"", "text/plain")})
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    counter.refused(packed, 400)
    photo = {"media": ("heap.png", drawn(), "image/png")}
    other = {"Idempotency-Key": "k2"}
    # Each of these has another boundary between its parts.
    assert len({counter.posts(headers=other, files=photo).content for _ in range(2)}) == 1
    counter.refused(counter.posts(headers=key, description="another"), 400)
    assert counter.station.hall.value("SELECT count(*) FROM wangge.incident") == 2


def test_a_picture_comes_along(counter) -> None:
    """A picture is kept with the report, for those who deal with it; what is no picture takes the whole report back."""
    no = counter.reported(files={"media": ("heap.jpg", drawn(kind="jpeg"), "image/jpeg")})
    pictures = counter.station.asks("community", "GET", f"/v1/incidents/{no}/pictures").json()["pictures"]
    assert [(each["media_type"], each["is_public"]) for each in pictures] == [("image/jpeg", False)]
    counter.refused(counter.posts(files={"media": ("heap.png", b"<svg onload=alert(1)>", "image/png")}), 400)
    two = [("media", ("1.png", drawn(), "image/png")), ("media", ("2.png", drawn("blue"), "image/png"))]
    counter.refused(counter.posts(files=two), 400)
    # What a browser sends where no file was chosen is no picture.
    counter.reported(files={"media": ("", b"", "application/octet-stream")})
    assert len(wishes(counter)) == 2


def test_a_report_is_kept_where_its_picture_cannot_be(counter) -> None:
    """Whoever reports where they see nothing is heard, and told that the picture was left out."""
    answer = counter.posts("worker", **spot(700, 200), files={"media": ("heap.png", drawn(), "image/png")})
    assert answer.status_code == 201, answer.text
    assert "the picture was not kept" in answer.json()[0]["service_notice"]
    shown = counter.shown(answer.json()[0]["service_request_id"])
    assert shown["extended_attributes"]["community"] == COMMUNITIES[1]


def test_only_who_deals_with_it_sees_the_wish(counter) -> None:
    """What was asked for is read by whoever sees the incident, and by who sent it; nobody else."""
    no = counter.reported("district")
    service = counter.station.hall.app.state.service
    with service.pool.read(service_scope(counter, "community")) as conn:
        assert wished(conn, no) == "0101"
    with service.pool.read(service_scope(counter, "other_street")) as conn:
        assert wished(conn, no) is None


def service_scope(counter, who):
    """Return what somebody reads as."""
    hall = counter.station.hall
    service = hall.app.state.service
    shown = examine(service.door, method="GET", headers={"x-api-key": counter.key(who)}, cookies={}, query="", now=hall.now)
    return identify(partial(service.pool.ask_again, NOBODY), shown, service.door, hall.now).scope()
