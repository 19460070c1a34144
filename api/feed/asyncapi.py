"""The description of what leaves the service as events: AsyncAPI 3, composed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from api.feed.cloud_event import MEDIA_TYPE as CLOUD_EVENT
from api.feed.cloud_event import NAMESPACE, PING, RESET
from api.feed.frames import POSITION
from api.feed.frames import RESET as STREAM_RESET
from api.loop.order import Step
from api.loop.words import Mode, State, word
from api.who.caller import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE = "application/asyncapi+json"
CURSOR = r"^[0-9a-f]{8}-\d+-[A-Za-z0-9_.]*-\d+$"
_STREAM = "text/event-stream"
_MOMENT: Mapping[str, Any] = {"type": ["string", "null"], "format": "date-time"}
_WORD: Mapping[str, Any] = {"type": "string"}
_MAYBE: Mapping[str, Any] = {"type": ["string", "null"]}
_MODE: Mapping[str, Any] = {"enum": [str(each) for each in Mode]}
_CLASS: Mapping[str, Any] = {"enum": ["dirty", "messy", "poor"]}
_COUNT: Mapping[str, Any] = {"type": "integer", "minimum": 1}
_WARNING: Mapping[str, Any] = {
    "grid": {**_MAYBE, "description": "null: cases near each other, of several grids or none."},
    "category": _WORD,
    "count": _COUNT,
    "least": _COUNT,
    "hours": _COUNT,
    "radius_m": {"type": ["integer", "null"]},
    "since": {"type": "string", "format": "date-time"},
    "until": {"type": "string", "format": "date-time"},
}
_TOLD = ("incident", "plan", "order", "mode", "warning", "problem_point", "problem_cluster")
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
            "description": "What happens to incidents, orders, plans, modes, problem points, and early warnings, to whoever "
            "may see them: as a stream of server-sent events, and as messages to subscribers. Each event comes at least once "
            "and carries the place behind it.",
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
                "messages": _named(*_TOLD, STREAM_RESET, POSITION),
            },
            "webhook": {
                "address": None,
                "description": "The address of a subscription (POST /v1/webhooks). A message is taken when the answer is 2xx; "
                "else it comes again, up to a week, and what is behind it waits. 410 ends the subscription.",
                "messages": _named(*_TOLD, "ping", "void"),
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
        "incident": message(
            "incident", "Something was done with an incident; `incident.closed`: it is over, by whichever step."
        ),
        "plan": message("plan", "Something was done with a plan."),
        "order": message("order", "An order went a step."),
        "mode": message("mode", "An area, and all below it, was switched over to normal or emergency."),
        "warning": message("warning", "Many cases of one category came to one place within a short time; once for each heap."),
        "problem_point": message("problem_point", "A place was found where something is wrong."),
        "problem_cluster": message("problem_cluster", "Problem points were joined, or their mending went a step."),
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
        "state": {"enum": [str(each) for each in State]},
        "tier": {"enum": [word(each) for each in Tier]},
        "revision": {"type": "integer", "minimum": 1},
        "clock": {"enum": ["total", "stage", "review", "key_report"], "description": "Which clock a deadline is of."},
        "grid": {"type": ["string", "null"], "description": "null: in no grid; left out: not yours to see."},
        "due_at": _MOMENT,
        "stage_due_at": _MOMENT,
    }
    plan = {
        "number": {"type": ["integer", "null"]},
        "version": {"type": "integer"},
        "verdict": {"enum": ["pass", "reject"]},
        "effective_from": {"type": "string", "format": "date"},
    }
    told = {
        "incident": ("no", incident),
        "plan": ("plan", plan),
        "order": ("no", {"state": {"enum": [str(each) for each in Step]}, "revision": {"type": "integer", "minimum": 1}}),
        "mode": ("place", {"mode": _MODE, "before": _MODE, "ended": {"type": "array", "items": _WORD}}),
        "warning": ("warning", _WARNING),
        "problem_point": ("problem_point", {"class": _CLASS, "grid": _MAYBE}),
        "problem_cluster": (
            "cluster",
            {"points": {"type": "array", "items": {"type": "integer"}}, "state": _WORD, "department": _MAYBE},
        ),
    }
    return {
        **{name: _of_family(name, subject, more) for name, (subject, more) in told.items()},
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


def _of_family(name: str, subject: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a family's events, whose subject has a name in their data."""
    data = {subject: _WORD, "event": _WORD, **more, "area": _MAYBE, "link": _WORD}
    types = f"^{NAMESPACE}{name.replace('_', '-')}\\."
    return _event(types, _object(data, subject, "event", "area", "link"), "subject", "cursor")


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
