"""The description of what leaves the service as events: AsyncAPI 3, composed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from api.feed.cloud_event import MEDIA_TYPE as CLOUD_EVENT
from api.feed.cloud_event import NAMESPACE, PING, RESET
from api.feed.frames import POSITION
from api.feed.frames import RESET as STREAM_RESET
from api.loop.words import State, word
from api.who.caller import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE = "application/asyncapi+json"
CURSOR = r"^[0-9a-f]{8}-\d+-[A-Za-z0-9_.]*-\d+$"
_STREAM = "text/event-stream"
_MOMENT: Mapping[str, Any] = {"type": ["string", "null"], "format": "date-time"}
_WORD: Mapping[str, Any] = {"type": "string"}
_PLACE: Mapping[str, Any] = {
    "type": "string",
    "pattern": CURSOR,
    "description": "A place in the feed, to go on from.",
}


def document(base: str) -> dict[str, Any]:
    """Return the description of the service at an address."""
    parts = urlsplit(base)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "wangge 网格: events",
            "version": "1",
            "description": "What happens to incidents and plans, to whoever may see them: as a stream of server-sent "
            "events, and as messages to subscribers. Each event comes at least once and carries the place behind it.",
        },
        "defaultContentType": CLOUD_EVENT,
        "servers": {
            "service": {
                "host": parts.netloc,
                "protocol": parts.scheme,
                **({"pathname": parts.path} if parts.path else {}),
                "security": [{"$ref": "#/components/securitySchemes/key"}, {"$ref": "#/components/securitySchemes/bearer"}],
            }
        },
        "channels": {
            "events": {
                "address": "/v1/events",
                "description": f"GET it as {_STREAM}, with `types`, `area` and `after` as one likes; a stream that was broken "
                "off goes on from Last-Event-ID.",
                "servers": [{"$ref": "#/servers/service"}],
                "messages": _named("incident", "plan", STREAM_RESET, POSITION),
            },
            "webhook": {
                "address": None,
                "description": "The address of a subscription (POST /v1/webhooks). A message is taken when the answer is 2xx; "
                "else it comes again, up to a week, and what is behind it waits. 410 ends the subscription.",
                "messages": _named("incident", "plan", "ping", "void"),
            },
        },
        "operations": {
            "follow": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "summary": "Events as they come, for an hour at most.",
            },
            "deliver": {
                "action": "send",
                "channel": {"$ref": "#/channels/webhook"},
                "summary": "Events to a subscriber, signed as Standard Webhooks has it.",
            },
        },
        "components": {
            "securitySchemes": {
                "key": {"type": "httpApiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "messages": _messages(),
            "schemas": _schemas(),
        },
    }


def _named(*names: str) -> dict[str, dict[str, str]]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _messages() -> dict[str, Any]:
    def message(name: str, summary: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - anything that JSON can say
        return {"name": name, "summary": summary, "payload": {"$ref": f"#/components/schemas/{name}"}, **more}

    signature = {"headers": {"$ref": "#/components/schemas/signature"}}
    return {
        "incident": message("incident", "Something was done with an incident."),
        "plan": message("plan", "Something was done with a plan."),
        "ping": message("notice", f"{PING}: a test, wanted by the subscription's owner.", **signature),
        "void": message("notice", f"{RESET}: the store was restored; read everything anew.", **signature),
        STREAM_RESET: message(
            STREAM_RESET,
            "There is a gap. `epoch`: the store was restored, read everything anew. `slow`: you were too slow; come again.",
            contentType="application/json",
        ),
        POSITION: message(
            POSITION,
            "Where the stream stands, at its beginning and now and then when there is nothing to tell.",
            contentType="application/json",
        ),
    }


def _schemas() -> dict[str, Any]:
    incident = {
        "no": _WORD,
        "event": _WORD,
        "state": {"enum": [str(each) for each in State]},
        "tier": {"enum": [word(each) for each in Tier]},
        "revision": {"type": "integer", "minimum": 1},
        "clock": {"enum": ["total", "stage", "review"], "description": "Which clock a deadline is of."},
        "grid": {"type": ["string", "null"], "description": "null: in no grid; left out: not yours to see."},
        "due_at": _MOMENT,
        "stage_due_at": _MOMENT,
        "area": {"type": ["string", "null"]},
        "link": _WORD,
    }
    plan = {
        "plan": _WORD,
        "event": _WORD,
        "number": {"type": ["integer", "null"]},
        "version": {"type": "integer"},
        "verdict": {"enum": ["pass", "reject"]},
        "effective_from": {"type": "string", "format": "date"},
        "area": {"type": ["string", "null"]},
        "link": _WORD,
    }
    return {
        "incident": _event(f"^{NAMESPACE}incident\\.", _object(incident, "no", "event", "area", "link"), "subject", "cursor"),
        "plan": _event(f"^{NAMESPACE}plan\\.", _object(plan, "plan", "event", "area", "link"), "subject", "cursor"),
        "notice": _event("", {"type": "object"}),
        STREAM_RESET: _object(
            {"reason": {"enum": ["epoch", "slow"]}, "cursor": {"type": ["string", "null"]}}, "reason", "cursor"
        ),
        POSITION: _object({"cursor": _PLACE}, "cursor"),
        "signature": {
            "type": "object",
            "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
            "properties": {
                "webhook-id": {
                    "type": "string",
                    "description": "The same however often a message is sent: keep it.",
                },
                "webhook-timestamp": {"type": "string", "pattern": r"^\d+$"},
                "webhook-signature": {"type": "string", "pattern": "^v1,"},
            },
        },
    }


def _event(types: str, data: Mapping[str, Any], *more: str) -> dict[str, Any]:
    """Return the schema of a CloudEvent whose type fits a pattern."""
    return _object(
        {
            "specversion": {"const": "1.0"},
            "id": _WORD,
            "source": _WORD,
            "type": {"type": "string", "pattern": types},
            "subject": _WORD,
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "cursor": _PLACE,
            "data": data,
        },
        *("specversion", "id", "source", "type", "time", "data"),
        *more,
    )


def _object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "additionalProperties": False, "properties": dict(properties)}
