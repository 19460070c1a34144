"""The counter at which strangers report, for tests: Open311 over a station, and what it ought to answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import orjson
from jsonschema import Draft202012Validator
from PIL import Image

from api.open311.routes import routes
from tests.api.incidents.station import at

if TYPE_CHECKING:
    import httpx

    from tests.api.incidents.station import Station

V2 = "/open311/v2"
SCHEMAS = Path(__file__).with_name("schemas.json")


def spot(x: float, y: float) -> dict[str, Any]:
    """Return a place, in metres from the town's corner, as Open311 writes it."""
    found = at(x, y)
    return {"lat": found["lat"], "long": found["lon"]}


def drawn(colour: str = "red", kind: str = "png") -> bytes:
    """Return a picture of one colour."""
    with BytesIO() as file:
        Image.new("RGB", (8, 8), colour).save(file, kind)
        return file.getvalue()


@cache
def schema(name: str) -> Draft202012Validator:
    """Return one of the schemas that we have written from the specification."""
    whole = orjson.loads(SCHEMAS.read_bytes())
    return Draft202012Validator({**whole, "$ref": f"#/$defs/{name}"})


@dataclass
class Counter:
    """Open311 over a station."""

    station: Station

    @property
    def client(self) -> httpx.Client:
        """A client that shows no credentials."""
        return self.station.hall.client

    def key(self, who: str) -> str:
        """Return somebody's key."""
        return self.station.who[who]["X-API-Key"]

    def get(self, address: str, code: int = 200, *, lang: str = "en", headers=None, **question: Any) -> httpx.Response:
        """Ask as nobody in particular."""
        headers = {"Accept-Language": lang, **(headers or {})}
        answer = self.client.get(f"{V2}{address}", params=question, headers=headers)
        assert answer.status_code == code, answer.text
        return answer

    def json(self, address: str, expected: str, code: int = 200, **more: Any) -> Any:
        """Ask for JSON, and check it against the schema of what is expected."""
        answer = self.get(f"{address}.json", code, **more)
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        document = answer.json()
        schema(expected).validate(document)
        return document

    def xml(self, address: str, code: int = 200, **more: Any) -> ET.Element:
        """Ask for XML."""
        answer = self.get(f"{address}.xml", code, **more)
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        assert answer.content.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
        return ET.fromstring(answer.content)  # noqa: S314 - our own

    def posts(
        self, who: str | None = "worker", *, form: str = "json", headers=None, files=None, **fields: Any
    ) -> httpx.Response:
        """Send a report, in the first grid and of the one service unless others are said; None leaves a field out."""
        wanted = {"service_code": "0101", **spot(50, 200), "api_key": None if who is None else self.key(who), **fields}
        data = {name: value for name, value in wanted.items() if value is not None}
        headers = {"Accept-Language": "en", **(headers or {})}
        return self.client.post(f"{V2}/requests.{form}", data=data, files=files, headers=headers)

    def reported(self, who: str = "worker", **fields: Any) -> str:
        """Send a report that is taken, and return its number."""
        answer = self.posts(who, **fields)
        assert answer.status_code in {200, 201}, answer.text
        document = answer.json()
        schema("receipts").validate(document)
        return document[0]["service_request_id"]

    def refused(self, answer: httpx.Response, status: int) -> list[tuple[str, str]]:
        """Return what is wrong, as code and sentence, of an answer in JSON that refuses."""
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        schema("errors").validate(answer.json())
        return [(each["code"], each["description"]) for each in answer.json()]

    def pushes(self, who: str, no: str, status: str, **fields: Any) -> httpx.Response:
        """Send an update."""
        wanted = {
            "api_key": self.key(who), "service_request_id": no, "update_id": f"their-{no}-{status}", "status": status,
            "updated_datetime": "2026-03-02T09:00:00+08:00", "description": "said by a stranger", **fields,
        }  # fmt: skip
        data = {name: value for name, value in wanted.items() if value is not None}
        return self.client.post(f"{V2}/servicerequestupdates.json", data=data, headers={"Accept-Language": "en"})

    def shown(self, no: str, **more: Any) -> dict[str, Any]:
        """Return a request as everybody sees it."""
        (found,) = self.json(f"/requests/{no}", "requests", **more)
        return found


def counter_of(station: Station) -> Counter:
    """Put the routes of Open311 into the application of a station, where nobody has done it before."""
    listed = station.hall.app.router.routes
    known = {getattr(route, "path", "") for route in listed}
    listed.extend(route for route in routes if route.path not in known)
    return Counter(station)
