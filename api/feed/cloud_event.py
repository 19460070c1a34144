"""An event of the log as others get it: CloudEvents 1.0, in JSON.

It says what happened, where and how far it is; never in words that somebody wrote, and never who. Whoever may see more finds it
at `data.link`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from api.loop.words import word
from api.who.caller import Tier
from data.store.feed import CLUSTER, FAMILIES, MODE, ORDER, PLAN, POINT, WARNING, Wanted
from data.store.incidents import EVENT
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from data.store.feed import Cursor, Told

MEDIA_TYPE = "application/cloudevents+json"
NAMESPACE = "cn.gridgov."
"""What every type begins with; the kind of the event in the log follows, with dashes for its underscores."""
RESET = f"{NAMESPACE}feed.reset"
"""All places of the feed are void: read everything anew, and go on from here."""
PING = f"{NAMESPACE}webhook.ping"
"""A test message."""
ANY = ".*"
"""At the end of a wish: whatever begins so."""
BEGINNINGS = tuple(NAMESPACE + family.replace("_", "-") for family in FAMILIES)
"""What the types of each family begin with."""
EVERYTHING = tuple(beginning.removesuffix(".") + ANY for beginning in BEGINNINGS)
"""The types that stand for whatever is told."""
MOST_WISHES = 50
_STEP = r"\.[a-z_-]+"
_TYPE = re.compile(
    rf"{re.escape(NAMESPACE)}(?:{'|'.join(family.rstrip('.').replace('_', '[_-]') for family in FAMILIES)})"
    rf"(?:(?:{_STEP})+|(?:{_STEP})*\.\*)"
)
TYPE_PATTERN = f"^({_TYPE.pattern})$"
"""A type as clients are told to write it."""
_ALSO: Mapping[str, str] = {"incident.dispatched": "incident.dispatch", "incident.escalated": "incident.escalate"}
"""Kinds that may be asked for by another word: the loop has its own for each step."""
_NAMED: Mapping[str, tuple[str, str]] = {
    PLAN: ("plan", "plans/{}"),
    ORDER: ("no", "orders/{}"),
    MODE: ("place", "modes?area={}"),
    WARNING: ("warning", "warnings/{}"),
    POINT: ("problem_point", "problem-points"),
    CLUSTER: ("cluster", "problem-points/clusters/{}"),
}
"""What the subject of an event is called in its data, and where it is found."""


def type_of(kind: str) -> str:
    """Return the type of an event from its kind in the log."""
    return NAMESPACE + kind.replace("_", "-")


def id_of(cursor: Cursor) -> str:
    """Return the id of the event that a place stands behind: the same for everybody and for ever, and without a dot."""
    return f"{cursor.chain.replace('.', '-')}_{cursor.seq}"


def cloud_event(told: Told, base: str) -> dict[str, Any]:
    """Return an event as it is told; `base` is the address of the landing page."""
    of = _of_incident if told.kind.startswith(EVENT) else _of_other
    return {
        "specversion": "1.0",
        "id": id_of(told.cursor),
        "source": f"{base}/v1/events",
        "type": type_of(told.kind),
        "subject": told.subject,
        "time": told.at.isoformat(),
        "datacontenttype": "application/json",
        "cursor": str(told.cursor),
        "data": of(told, base),
    }


def notice(kind: str, identity: str, base: str, now: datetime, data: dict[str, Any]) -> dict[str, Any]:
    """Return a message about the feed itself."""
    return {
        "specversion": "1.0",
        "id": identity,
        "source": f"{base}/v1/events",
        "type": kind,
        "time": now.isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }


def _of_incident(told: Told, base: str) -> dict[str, Any]:
    facts = dict(told.facts)
    if isinstance(facts.get("tier"), int):
        facts["tier"] = word(Tier(facts["tier"]))
    for name in ("due_at", "stage_due_at"):
        if facts.get(name) is not None:
            facts[name] = facts[name].isoformat()
    return {
        "no": told.subject,
        "event": told.kind.removeprefix(EVENT),
        **facts,
        "area": told.area,
        "link": f"{base}/v1/incidents/{quote(told.subject, safe='')}",
    }


def _of_other(told: Told, base: str) -> dict[str, Any]:
    family, _, event = told.kind.partition(".")
    name, address = _NAMED[f"{family}."]
    return {
        name: told.subject,
        "event": event,
        **told.facts,
        "area": told.area,
        "link": f"{base}/v1/{address.format(quote(told.subject, safe=''))}",
    }


def wanted(types: Sequence[str], path: str | None = None, *, parameter: str = "types") -> Wanted:
    """Return which events somebody wants who names these types, or none for all; `ParameterError` says what is no type."""
    kinds: list[str] = []
    families: list[str] = []
    if len(types) > MOST_WISHES:
        raise ParameterError(parameter, f"name {MOST_WISHES} types at most")
    for each in types:
        if not _TYPE.fullmatch(each):
            known = " or ".join(BEGINNINGS)
            raise ParameterError(
                parameter, f"{each[:100]!r} is no type of event: one begins with {known}, and may end with {ANY}"
            )
        kind = each.removeprefix(NAMESPACE).replace("-", "_")
        if kind.endswith(ANY):
            families.append(kind.removesuffix("*"))
        else:
            kinds.append(_ALSO.get(kind, kind))
    if not types:
        families = list(FAMILIES)
    return Wanted(kinds=tuple(kinds), families=tuple(families), path=path)
