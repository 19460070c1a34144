"""Which services there are: the matters that are admitted; and where all of it is found (discovery)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from api.asked import ask, store
from api.loop.labels import Label
from api.open311.answers import moment, respond
from api.open311.asking import checked, jurisdiction_path, question, zone_of
from api.open311.documents import PREFIX, definition_document, service_document
from api.open311.errors import say
from api.parameters import refuse, taken
from data.store import open311
from gis.errors import NotFound

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGED = datetime(2026, 11, 22, tzinfo=UTC)
"""When the service itself has changed last; a change of what is offered counts as well."""
CONTACT = Label("请联系本服务的管理员", "the administrators of this service")
KEY_SERVICE = Label("api_key 由本服务的管理员发放：{base}", "an api_key is given by the administrators of this service: {base}")


def discovery(request: Request) -> Response:
    """Say where the service is, and when it has changed last: to everybody, whatever else is open to them."""
    asked = ask(request)
    if request.path_params["form"] not in {"xml", "json"}:
        raise NotFound(say("unknown-format", asked.lang))
    refuse(taken(request.query_params.multi_items(), ("jurisdiction_id", "lang"))[1])
    with store(request).read(asked.scope) as conn:
        changed = open311.services_changed(conn)
    changeset = moment(max(CHANGED, changed or CHANGED), ZoneInfo(zone_of(request)))
    document = {
        "changeset": changeset,
        "contact": CONTACT.say(asked.lang),
        "key_service": KEY_SERVICE.say(asked.lang).format(base=asked.base),
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": f"{asked.base}{PREFIX}",
                "changeset": changeset,
                "type": "production",
                "formats": ["text/xml", "application/json"],
            }
        ],
    }
    return respond(request, "discovery", document, lang=asked.lang)


def services(request: Request) -> Response:
    """List the services."""
    asked = question(request)
    checked(asked)
    with store(request).read(asked.asked.scope) as conn:
        path = jurisdiction_path(conn, asked.given.get("jurisdiction_id"), asked.lang)
        found = open311.services(conn, jurisdiction=path)
    return respond(request, "services", [service_document(each) for each in found], lang=asked.lang)


def definition(request: Request) -> Response:
    """Say what a report of one service has to say."""
    asked = question(request)
    checked(asked)
    code = request.path_params["code"]
    with store(request).read(asked.asked.scope) as conn:
        jurisdiction_path(conn, asked.given.get("jurisdiction_id"), asked.lang)
        found = open311.service(conn, code)
    if found is None or not found.is_offered:
        raise NotFound(say("unknown-service", asked.lang, value=code))
    return respond(request, "service_definition", definition_document(found), lang=asked.lang)


def token(request: Request) -> Response:
    """Answer for a token: there is none, because every service is of the type `realtime`."""
    asked = question(request)
    checked(asked)
    raise NotFound(say("unknown-token", asked.lang))


def nothing(request: Request) -> Response:
    """Answer where there is nothing."""
    raise NotFound(say("unknown-address", ask(request).lang))
