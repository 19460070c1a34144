"""Service requests: what everybody may see of incidents, and reports from outside."""

from __future__ import annotations

import hashlib
import math
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import anyio.from_thread
from starlette.responses import Response

from api.asked import ask, service, store
from api.idempotency import once_for
from api.incidents.desk import Report, report
from api.incidents.photos import keep_photo
from api.loop.labels import Label
from api.loop.words import Kind
from api.open311.answers import respond
from api.open311.asking import (
    PUBLIC,
    checked,
    jurisdiction_path,
    named,
    next_link,
    page_of,
    question,
    span_of,
    unknown_services,
    with_key,
    zone_of,
)
from api.open311.documents import writer
from api.open311.errors import NOT_THERE, fault, say
from api.open311.form import KEY, read_form
from api.parameters import refuse
from api.who.caller import Right, within
from data.store import open311
from data.store.open311 import Page
from gis.errors import NotFound, ParameterError, Unidentified

if TYPE_CHECKING:
    from psycopg2.extensions import connection
    from starlette.requests import Request

    from api.asked import Asked
    from api.incidents.desk import Reported
    from api.open311.asking import Question
    from api.open311.form import Sent
    from data.store.open311 import Service, Shown

SOURCE = "open311"
"""What incidents say of where they came from."""
TWICE = timedelta(minutes=10)
"""The same from the same device within this time is one report."""
LONGEST = {
    "service_code": 60, "description": 4_000, "address_string": 200, "first_name": 100, "last_name": 100, "phone": 30,
    "email": 200, "device_id": 200, "account_id": 200, "jurisdiction_id": 100,
}  # fmt: skip
"""Characters of the fields of a report."""
_SAME = ("service_code", "lat", "long", "description", "address_string", "device_id")
_NAMED = 5
"""So many of the places that an address may mean are named."""
_PHONE = re.compile(r"[0-9+() -]*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

NOTICE = Label(
    "受理后，描述、地址和约 10 米精度的位置将公开；姓名、电话和邮箱不会公开。",
    "Once it is accepted, everybody can read the description, the address and the place to within some ten metres; never names,"
    " phone numbers or e-mail addresses.",
)
NOT_FETCHED = Label(
    "media_url 不会被读取：请将图片以 media 提交。", "media_url is not fetched: send the picture itself, as media."
)
NOT_KEPT = Label(
    "该地点不在此 api_key 的区域内，图片未保存。", "This place lies outside the areas of the api_key: the picture was not kept."
)


# --- what there is ----------------------------------------------------------------------------------------------------------


def listing(request: Request) -> Response:
    """List requests: those that are named, or those of a time, the newest first."""
    asked = question(request, "service_request_id", "service_code", "start_date", "end_date", "status", "page", "page_size")
    nos = named(asked, "service_request_id")
    if nos is not None:
        # Whoever names requests gets these, whatever else is asked.
        checked(asked)
        with store(request).read(asked.asked.scope) as conn:
            path = jurisdiction_path(conn, asked.given.get("jurisdiction_id"), asked.lang)
            return _respond(request, conn, asked, open311.named(conn, nos, jurisdiction=path), {})
    codes, is_open, span, page = named(asked, "service_code"), _status(asked), span_of(asked), page_of(asked)
    with store(request).read(asked.asked.scope) as conn:
        if codes:
            unknown_services(asked, "service_code", codes, open311.known_services(conn, codes))
        checked(asked)
        path = jurisdiction_path(conn, asked.given.get("jurisdiction_id"), asked.lang)
        one_more = Page(offset=page.offset, limit=page.limit + 1)
        found = open311.listed(conn, span, one_more, service_codes=codes or None, is_open=is_open, jurisdiction=path)
        return _respond(request, conn, asked, found[: page.limit], next_link(request, asked, page, len(found)))


def single(request: Request) -> Response:
    """Show one request, as a list of one."""
    asked = question(request)
    checked(asked)
    no = request.path_params["no"]
    with store(request).read(asked.asked.scope) as conn:
        path = jurisdiction_path(conn, asked.given.get("jurisdiction_id"), asked.lang)
        found = open311.named(conn, [no], jurisdiction=path)
        if not found:
            raise NotFound(say("unknown-request", asked.lang, value=no))
        return _respond(request, conn, asked, found, {})


def picture(request: Request) -> Response:
    """Give a picture that everybody may see."""
    asked = ask(request)
    if PUBLIC not in asked.scope.public and not asked.caller.may(Right.SEE_INTERNAL):
        raise Unidentified(say("not-open", asked.lang))
    with store(request).read(asked.scope) as conn:
        media_type, content = open311.picture(conn, request.path_params["picture"])
    # Whatever it is, it is shown and never run; and may be taken back.
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "no-cache"}
    return Response(content, media_type=media_type, headers=headers)


def _respond(request: Request, conn: connection, asked: Question, found: list[Shown], headers: dict[str, str]) -> Response:
    lines = open311.lines(conn, [each.no for each in found])
    write = writer(conn, asked.asked, zone_of(request), found)
    documents = [write.request(each, lines.get(each.no, [])) for each in found]
    return respond(request, "service_requests", documents, lang=asked.lang, headers=headers)


def _status(asked: Question) -> bool | None:
    """Return whether open (true) or closed requests are asked for; None for both."""
    words = named(asked, "status")
    if not words:
        return None
    if not {"open", "closed"}.issuperset(words):
        asked.faults.append(fault("status", "no-status", asked.lang))
    return None if len(set(words)) > 1 else words[0] == "open"


# --- reports from outside ---------------------------------------------------------------------------------------------------


def send(request: Request) -> Response:
    """Take a report: it becomes an incident, and its number is the answer."""
    sent = anyio.from_thread.run(read_form, request)
    asked = with_key(request, sent.get(KEY))
    once = once_for(request, asked, sent.canonical())
    with store(request).write(asked.acting(Right.HANDLE_INCIDENTS)) as conn:
        return once(conn, lambda: _take(request, conn, asked, sent))


def _take(request: Request, conn: connection, asked: Asked, sent: Sent) -> Response:
    wanted, faults = _service(conn, sent, asked)
    faults += _faults(sent, asked)
    lon, lat = (_degrees(sent, name, most, asked, faults) for name, most in (("long", 180), ("lat", 90)))
    code = sent.get("jurisdiction_id")
    path = open311.jurisdiction(conn, code) if code else ""
    if path is None:
        faults.append(fault("jurisdiction_id", "unknown-jurisdiction", asked.lang, code=NOT_THERE, value=code))
    refuse(faults)
    if wanted is None:
        raise ParameterError("service_code", say("missing", asked.lang, name="service_code"))
    digest = _digest(request, sent, asked) if sent.get("device_id") else None
    before = None if digest is None else open311.sent_before(conn, digest, now=asked.now, within=TWICE)
    if before is not None:
        return _receipt(request, asked, sent, before, status=200)
    at = None if lon is None or lat is None else (lon, lat)
    made = _made(request, conn, asked, _report(sent, wanted, at, path))
    _within_bounds(made, wanted, asked, code, path)
    open311.keep_request(conn, made.no, service_code=wanted.code, person=asked.caller.person_id, digest=digest, now=asked.now)
    return _receipt(request, asked, sent, made.no, status=201, is_kept=_keep_picture(conn, made.no, sent, asked))


def _service(conn: connection, sent: Sent, asked: Asked) -> tuple[Service | None, list[ParameterError]]:
    """Return the service that a report names, and what is wrong with it."""
    code = sent.get("service_code")
    if not code:
        return None, sent.missing(["service_code"], asked.lang)
    found = open311.service(conn, code)
    if found is None:
        return None, [fault("service_code", "unknown-service", asked.lang, code=NOT_THERE, value=code)]
    if not found.is_offered:
        return None, [fault("service_code", "not-offered", asked.lang, code=NOT_THERE, value=code)]
    return found, []


def _faults(sent: Sent, asked: Asked) -> list[ParameterError]:
    """Return what is wrong with a form, its place apart."""
    found = [] if sent.is_form else [fault("content-type", "no-form", asked.lang)]
    found += sent.too_long(LONGEST, asked.lang)
    if not _PHONE.fullmatch(sent.get("phone")):
        found.append(fault("phone", "wrong-phone", asked.lang))
    if sent.get("email") and not _EMAIL.fullmatch(sent.get("email")):
        found.append(fault("email", "wrong-email", asked.lang))
    if len(sent.pictures) > 1:
        found.append(fault("media", "one-picture", asked.lang))
    if not sent.get("lat") and not sent.get("long"):
        if not sent.get("address_string"):
            found.append(fault("lat", "address-id" if sent.get("address_id") else "no-location", asked.lang))
    else:
        found += sent.missing(["lat", "long"], asked.lang)
    return found


def _degrees(sent: Sent, name: str, most: int, asked: Asked, faults: list[ParameterError]) -> float | None:
    text = sent.get(name)
    if not text:
        return None
    try:
        degrees = float(text)
    except ValueError:
        degrees = math.nan
    if not -most <= degrees <= most:
        faults.append(fault(name, "no-degrees", asked.lang, most=most))
        return None
    return degrees


def _digest(request: Request, sent: Sent, asked: Asked) -> bytes:
    """Return 32 bytes by which the very same from the same device is known again; without the pepper nobody can try devices."""
    told = hashlib.sha256(asked.caller.person_id.encode() + sent.canonical(_SAME))
    return service(request).door.pepper.mac("request", told.hexdigest())


def _report(sent: Sent, wanted: Service, at: tuple[float, float] | None, jurisdiction: str | None) -> Report:
    name = f"{sent.get('first_name')} {sent.get('last_name')}".strip()
    contact = {"name": name, "phone": sent.get("phone"), "email": sent.get("email")}
    return Report(
        at=at,
        # An address alone is looked for where the request says, else wherever the service is offered.
        within=jurisdiction or wanted.path,
        kind=str(Kind.PROBLEM),
        category=wanted.category,
        title=wanted.name,
        description=sent.get("description"),
        address=sent.get("address_string"),
        source=SOURCE,
        contact={key: value for key, value in contact.items() if value},
    )


def _made(request: Request, conn: connection, asked: Asked, wanted: Report) -> Reported:
    """Report it; what its address alone does not say is told as Open311 tells it, which knows no list of candidates."""
    try:
        return report(conn, wanted, asked=asked, rules=service(request).rules)
    except ParameterError as error:
        what = error.code
        if what not in {"no-place", "ambiguous-address"}:
            raise
        candidates = cast("list[dict[str, Any]]", error.extra.get("candidates", []))
        there = [f"{each['name']} ({each['area']})" for each in candidates[:_NAMED]]
        names, count = ", ".join(there), error.extra.get("count")
        raise fault("address_string", what, asked.lang, value=wanted.address, names=names, count=count) from None


def _within_bounds(made: Reported, wanted: Service, asked: Asked, code: str, jurisdiction: str | None) -> None:
    """Raise, which takes the report back, where nobody is there to deal with it."""
    path = made.columns["path"]
    if not path:
        raise fault("lat", "outside", asked.lang)
    if jurisdiction and not within(path, jurisdiction):
        raise fault("lat", "outside-jurisdiction", asked.lang, value=code)
    if not within(path, wanted.path):
        raise fault("service_code", "not-offered-there", asked.lang, value=wanted.code)


def _keep_picture(conn: connection, no: str, sent: Sent, asked: Asked) -> bool:
    """Keep the picture that came with a report; false where the sender does not see what lies there, and cannot add to it."""
    for content in sent.pictures:
        try:
            keep_photo(conn, no, content, author=asked.caller.person_id, now=asked.now)
        except NotFound:
            return False
    return True


def _receipt(request: Request, asked: Asked, sent: Sent, no: str, *, status: int, is_kept: bool = True) -> Response:
    notices = [NOTICE, *([NOT_FETCHED] if sent.get("media_url") else []), *([] if is_kept else [NOT_KEPT])]
    notice = ("" if asked.lang == "zh" else " ").join(each.say(asked.lang) for each in notices)
    document = [{"service_request_id": no, "service_notice": notice}]
    headers = {"Cache-Control": "no-store"}
    return respond(request, "service_requests", document, lang=asked.lang, status=status, headers=headers)
