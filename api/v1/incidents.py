"""Incidents over HTTP: report, look, act, read the log. They are listed by `incident_lists.py`."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import numpy as np
from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from starlette.concurrency import run_in_threadpool

from api.asked import Asking, Serving, Store
from api.idempotency import OnlyOnce
from api.incidents.desk import Report, act, report, words_digest
from api.incidents.photos import keep_photo
from api.incidents.ways import shown_records, shown_way
from api.loop.take import Act
from api.loop.words import Event, Kind
from api.parameters import refuse
from api.swift import Swift
from api.v1.answers import NEW_OR_THERE, answer, precondition, private
from api.v1.incident_documents import address, document, receipt, stand_of
from api.v1.parameters import NO_NUL, SOMETHING, Code, Latitude, Longitude, Moment, only
from api.who.caller import Right
from data.store import incidents
from data.store.attachments import attached, picture, show_to_all
from data.store.contacts import erase_words
from data.store.log import record
from data.store.plans import path_named
from gis.chinese_frames import SHIFTED, to_wgs84
from gis.errors import NotFound, ParameterError, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection


router = APIRouter(prefix="/v1/incidents", tags=["incidents"])

MOST_FIELDS = 20
"""Beside an event, and more than any has."""

IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the incident as you have seen it.")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=SOMETHING)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=NO_NUL)]
Words = Annotated[str, StringConstraints(max_length=4000, pattern=NO_NUL)]


class Contact(BaseModel):
    """Who reports; for whoever has the incident in hand, and nobody else."""

    model_config = ConfigDict(extra="forbid")

    name: Line = ""
    phone: Annotated[str, StringConstraints(pattern=r"^[0-9+() -]{0,30}$")] = ""
    email: Annotated[str, StringConstraints(max_length=200, pattern=r"^([^@\s\x00]+@[^@\s\x00]+)?$")] = ""


_PLACES: list[dict[str, Any]] = [
    {
        "properties": {"lon": {"type": "number"}, "lat": {"type": "number"}, "area": {"type": "null"}},
        "required": ["lon", "lat"],
    },
    {
        "properties": {"lon": {"type": "null"}, "lat": {"type": "null"}, "address": {"pattern": SOMETHING}},
        "required": ["address"],
    },
]
"""A point, or an address and perhaps the area in which it is looked for."""
_SOURCES: list[dict[str, Any]] = [
    {"properties": {"external_id": {"type": "null"}}},
    {"properties": {"source": {"not": {"const": "grid"}}}, "required": ["source"]},
]
"""An external id is another system's."""


class NewIncident(BaseModel):
    """Something that somebody reports, with the place where it is: a point, or an address that means one place."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"allOf": [{"anyOf": [*_PLACES]}, {"anyOf": [*_SOURCES]}]})

    lon: Longitude | None = Field(default=None, description="With `lat`, or neither: then the address says where.")
    lat: Latitude | None = None
    coord_sys: Literal["wgs84", "cgcs2000", "gcj02", "bd09"] = "wgs84"
    area: Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)] | None = Field(
        default=None, description="Code of the area in which the address is looked for, where no point is said."
    )
    kind: Kind = Kind.PROBLEM
    category: Name
    title: Line = ""
    description: Words = ""
    address: Line = ""
    source: Name = "grid"
    external_id: Name | None = None
    client_uuid: UUID | None = None
    urgent: bool = Field(default=False, strict=True)
    occurred_at: Moment | None = None
    contact: Contact | None = None


class Wanted(BaseModel):
    """What is to happen with an incident. Beside `event` stand the fields that it needs; `transitions` names them."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"maxProperties": MOST_FIELDS + 1})

    event: str = Field(json_schema_extra={"enum": list(Event)})
    org: Annotated[str, StringConstraints(max_length=110, pattern=NO_NUL)] | None = Field(
        default=None, description="For which of your organisations you act, where you work in several."
    )

    @model_validator(mode="after")
    def _not_too_much(self) -> Wanted:
        if len(self.model_extra or {}) > MOST_FIELDS:
            msg = "there are too many fields"
            raise ValueError(msg)
        return self


class Erasure(BaseModel):
    """Why what was said in words is erased: the log keeps this, and no word of it."""

    model_config = ConfigDict(extra="forbid")

    reason: Literal["request", "consent_withdrawn", "no_longer_needed", "unlawful"]


class Shown(BaseModel):
    """Whether everybody may see a picture."""

    model_config = ConfigDict(extra="forbid")

    is_public: bool = Field(strict=True)


_PICTURES = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/jpeg", "image/png", "image/webp")}
_ASKS_FOR_PICTURE = {"requestBody": {"required": True, "content": _PICTURES}}
_GIVES_PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": _PICTURES}}


@router.post("", status_code=201, responses=NEW_OR_THERE, dependencies=[Depends(only())])
def report_incident(wanted: NewIncident, asked: Asking, store: Store, serving: Serving, once: OnlyOnce) -> Response:
    """Report something. The grid is found by the place; what was sent before, by any of its ids, is not made twice (200).

    Without a point the address says where: `GET /v1/addresses` offers what it may mean. `duplicates` are open incidents nearby
    of the same category, for whoever accepts to judge.
    """
    asked.caller.require(Right.HANDLE_INCIDENTS)
    said = _report(wanted)

    def write(conn: connection) -> Response:
        there = replace(said, within=path_named(conn, wanted.area))
        made = report(conn, there, asked=asked, rules=serving.rules)
        here = address(asked, made.no)
        return answer(receipt(made, here), status=201 if made.is_new else 200, location=here)

    with store.write(asked.acting(Right.HANDLE_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


@router.get("/{no}", dependencies=[Depends(only())])
def show_incident(no: Code, asked: Asking, store: Store, serving: Serving) -> Response:
    """Show where an incident stands, and what you may do with it now."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        return document(conn, no, asked, serving.rules.read(conn))


@router.get("/{no}/events", dependencies=[Depends(only())])
def show_events(no: Code, asked: Asking, store: Store, serving: Serving) -> Response:
    """Show the log of an incident: who did what, when, and what followed; and its way through the rings of the place."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        row = incidents.get(conn, no)
        records = incidents.records(conn, no)
        words = serving.rules.read(conn).words(row["path"], asked.today)
    shown = {
        "no": no,
        "profile": words.profile,
        "events": shown_records(records, words, asked.lang),
        "way": shown_way(records, words, asked.lang),
    }
    return answer(shown, etag=stand_of(row))


@router.get("/{no}/contact", dependencies=[Depends(only())])
def show_contact(no: Code, asked: Asking, store: Store) -> Response:
    """Show who reported: to whoever has the incident in hand. That it was read stands in the log."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.write(asked.acting(Right.HANDLE_INCIDENTS)) as conn:
        row = incidents.get(conn, no)
        found = incidents.contact(conn, no)
        if found is None:
            msg = "nobody left a contact, or the incident is not in your hands"
            raise NotFound(msg, zh="没有留下联系方式，或事件不由您承办")
        record(conn, "contact.read", path=row["path"] or None, subject=no)
    return private(answer(found))


@router.post("/{no}/erasure", dependencies=[Depends(only())])
def erase(  # noqa: PLR0917 - FastAPI passes by name
    no: Code, wanted: Erasure, asked: Asking, store: Store, serving: Serving, once: OnlyOnce
) -> Response:
    """Erase title, description and address of an incident because somebody asks for it; who dispatches for its district does.

    Of what is over, who reported it is erased too. The log keeps that it was done, why, and the digest of what had been said.
    """
    asked.caller.require(Right.DISPATCH_INCIDENTS)

    def write(conn: connection) -> Response:
        row = incidents.get(conn, no, lock=True)
        if row["words_erased_at"] is None:
            if not erase_words(conn, no, asked.now):
                msg = "only who dispatches for the whole district erases what was said"
                raise Refused(msg, code="wrong-tier", zh="只有负责全区派遣的人员可以删除事件文字")
            said = words_digest(row["title"], row["description"], row["address"])
            incidents.note(conn, no, kind="words-erased", path=row["path"], body={"words": said, "reason": wanted.reason})
        return document(conn, no, asked, serving.rules.read(conn))

    with store.write(asked.acting(Right.DISPATCH_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


@router.get("/{no}/pictures", dependencies=[Depends(only())])
def list_pictures(no: Code, asked: Asking, store: Store) -> Response:
    """List the pictures of an incident, oldest first."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    here = f"{address(asked, no)}/pictures"
    with store.read(asked.scope) as conn:
        incidents.get(conn, no)
        found = attached(conn, no)
    return answer({"pictures": [asdict(each) | {"href": f"{here}/{each.id}"} for each in found]})


@router.post("/{no}/pictures", status_code=201, dependencies=[Depends(only())], openapi_extra=_ASKS_FOR_PICTURE)
async def add_picture(no: Code, request: Request, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Add a picture: JPEG, PNG or WebP, of at most 10 MB. It is drawn anew, so where it was taken is not kept."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    content = await request.body()

    def keep(conn: connection) -> Response:
        made = keep_photo(conn, no, content, author=asked.caller.person_id, now=asked.now)
        return answer({"id": made}, status=201, location=f"{address(asked, no)}/pictures/{made}")

    def write() -> Response:
        with store.write(asked.acting(Right.HANDLE_INCIDENTS)) as conn:
            return once(conn, lambda: keep(conn))

    return await run_in_threadpool(write)


@router.get("/{no}/pictures/{picture_id}", dependencies=[Depends(only())], response_class=Response, responses=_GIVES_PICTURE)
def show_picture(no: Code, picture_id: UUID, asked: Asking, store: Store) -> Response:
    """Give a picture."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        media_type, content = picture(conn, no, str(picture_id))
    # Whatever it is, it is shown and never run.
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}
    return private(Response(content, media_type=media_type, headers=headers))


@router.patch("/{no}/pictures/{picture_id}", dependencies=[Depends(only())])
def show_picture_to_all(  # noqa: PLR0917 - FastAPI passes by name
    no: Code, picture_id: UUID, wanted: Shown, asked: Asking, store: Store, once: OnlyOnce
) -> Response:
    """Say whether everybody may see a picture, where incidents are shown to everybody at all (Open311)."""
    asked.caller.require(Right.DISPATCH_INCIDENTS)

    def change(conn: connection) -> Response:
        row = incidents.get(conn, no)
        show_to_all(conn, no, str(picture_id), is_public=wanted.is_public)
        body = {"picture": str(picture_id), "is_public": wanted.is_public}
        incidents.note(conn, no, kind="picture-shown", path=row["path"], body=body)
        return answer({"id": picture_id, "is_public": wanted.is_public})

    with store.write(asked.acting(Right.DISPATCH_INCIDENTS)) as conn:
        return once(conn, lambda: change(conn))


@router.post("/{no}/transitions", dependencies=[Depends(only())])
def take_step(  # noqa: PLR0917 - FastAPI passes by name
    no: Code, wanted: Wanted, asked: Asking, store: Store, serving: Serving, once: OnlyOnce, if_match: IfMatch = None
) -> Response:
    """Do something with an incident. `transitions` of the incident says what you may do, and what has to come with it."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    event = Act.named(wanted.event, wanted.model_extra or {})

    def step(conn: connection) -> Response:
        if if_match is not None:
            precondition(if_match, stand_of(incidents.get(conn, no)))
        taken = act(conn, no, event, asked, serving.rules, org=wanted.org)
        try:
            return document(conn, no, asked, serving.rules.read(conn))
        except NotFound:
            # A department that was called from elsewhere has given the call back: it is out of its sight again.
            return answer({"no": no, "state": str(taken.standing.state), "transitions": []})

    with store.write(asked.scope) as conn:
        return once(conn, lambda: step(conn))


swift = (Swift("/v1/incidents", report_incident, method="POST"),)
"""What is asked so often that FastAPI describes it, and does not answer."""


def _report(wanted: NewIncident) -> Report:
    refuse(list(_faults(wanted)))
    contact = {} if wanted.contact is None else {k: v for k, v in wanted.contact.model_dump().items() if v}
    return Report(
        at=_point(wanted),
        kind=str(wanted.kind),
        category=wanted.category,
        title=wanted.title,
        description=wanted.description,
        address=wanted.address,
        source=wanted.source,
        external_id=wanted.external_id,
        client_uuid=None if wanted.client_uuid is None else str(wanted.client_uuid),
        urgent=wanted.urgent,
        occurred_at=wanted.occurred_at,
        contact=contact,
    )


def _faults(wanted: NewIncident) -> Iterator[ParameterError]:
    """Yield what does not go together in a report."""
    if wanted.external_id is not None and wanted.source == "grid":
        msg = "an external id is another system's: name it"
        yield ParameterError("source", msg, code="missing-field", zh="external_id 是其他系统的编号，请在 source 中写明该系统")
    if (wanted.lon is None) != (wanted.lat is None):
        missing = "lon" if wanted.lon is None else "lat"
        msg = f"{missing} is missing: a point has both, and an address alone has neither"
        yield ParameterError(missing, msg, code="missing-field", zh=f"缺少 {missing}：坐标须成对，只报地址则都不填")
    elif wanted.lon is None and not wanted.address:
        msg = "say where it is: lon and lat, or an address"
        yield ParameterError("address", msg, code="missing-field", zh="缺少位置：请提供 lon、lat，或地址")
    elif wanted.lon is not None and wanted.area is not None:
        msg = "an area is where an address is looked for: with a point it says nothing"
        yield ParameterError("area", msg, zh="area 用于限定地址的查找范围：已有坐标时请勿填写")


def _point(wanted: NewIncident) -> tuple[float, float] | None:
    """Return the point that is said, in degrees of CGCS2000; None: the address says where."""
    if wanted.lon is None or wanted.lat is None:
        return None
    if wanted.coord_sys not in SHIFTED:
        return wanted.lon, wanted.lat
    ((lon, lat),) = to_wgs84(np.array([[wanted.lon, wanted.lat]]), wanted.coord_sys).tolist()
    return lon, lat
