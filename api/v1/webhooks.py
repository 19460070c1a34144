"""Subscriptions over HTTP: events sent to an address of somebody's, signed, until they are taken."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.asked import Asking, Serving, Store
from api.feed.cloud_event import EVERYTHING, MOST_WISHES, TYPE_PATTERN
from api.feed.cloud_event import wanted as wish
from api.feed.sign import secret_of
from api.feed.targets import LONGEST_URL, Allowed, Forbidden, addresses, networks, resolve, target
from api.idempotency import OnlyOnce
from api.v1.answers import answer, private
from api.v1.parameters import NO_NUL, only
from api.who.caller import Right
from data.store import webhooks
from data.store.feed import Cursor, is_here, now_at
from data.store.log import record
from data.store.plans import area_named
from data.store.webhooks import New, Webhook
from gis.errors import Conflict, NotFound, ParameterError

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.who.caller import Caller
    from data.store.scope import Scope

router = APIRouter(prefix="/v1/webhooks", tags=["events"])

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=r"^[^\x00-\x1f]*$")]
_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_HOST = r"([0-9A-Za-z._-]+|\[([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}\])"
_ADDRESS: dict[str, Any] = {"pattern": rf'^https://{_HOST}(:{_PORT})?([/?][!"$-\[\]-~]*)?$'}
"""How an address is described; what is no such address has a problem of its own. The settings may allow http beside it."""
_Url = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_URL, pattern=NO_NUL), Field(json_schema_extra=_ADDRESS)
]
_Types = Annotated[
    list[Annotated[str, StringConstraints(max_length=100), Field(json_schema_extra={"pattern": TYPE_PATTERN})]],
    Field(max_length=MOST_WISHES),
]
_Code = Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)]


class NewWebhook(BaseModel):
    """Where events are to be sent to, which (all where none are named), and where from (wherever you see)."""

    model_config = ConfigDict(extra="forbid")

    url: _Url
    name: _Line = ""
    types: _Types = Field(default_factory=list[str])
    area: _Code | None = None
    cursor: Annotated[str | None, Field(max_length=400, description="From which place on; where left out, from now.")] = None


class Change(BaseModel):
    """What is to be different; what is left out stays. `cursor` has everything behind that place sent, again if need be."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    url: _Url | None = None
    name: _Line | None = None
    types: _Types | None = None
    area: _Code | None = None
    state: Literal["active", "paused"] | None = None
    cursor: Annotated[str | None, Field(max_length=400)] = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what is to change: url, name, types, area, state, cursor")
        return self


def allowed(serving: Serving) -> Allowed:
    """Return where messages may go."""
    return Allowed(plain=serving.settings.webhook_plain, networks=networks(serving.settings.webhook_networks))


Where = Annotated[Allowed, Depends(allowed)]


def _require_part(caller: Caller) -> None:
    """Raise unless the caller works here or reads the log: a screen on a wall sends nothing elsewhere."""
    if not caller.may(Right.READ_LOG):
        caller.require(Right.SEE_INTERNAL)


@router.get("", dependencies=[Depends(only())])
def list_webhooks(asked: Asking, store: Store) -> Response:
    """List your subscriptions."""
    _require_part(asked.caller)
    with store.read(asked.scope) as conn:
        found = webhooks.listed(conn)
    return private(answer({"webhooks": [_view(each, asked) for each in found]}))


@router.post("", status_code=201, dependencies=[Depends(only())])
def subscribe(wanted: NewWebhook, asked: Asking, store: Store, serving: Serving, where: Where) -> Response:
    """Have events sent to an address. `secret` is shown this once: with it the receiver knows that they come from here.

    The same request again makes another subscription.
    """
    # No Idempotency-Key: the answer that is kept for it would keep the secret.
    _require_part(asked.caller)
    types = _types(wanted.types)
    _refuse_unreachable(wanted.url, where)
    with store.write(_scope(asked)) as conn:
        new = New(name=wanted.name, url=wanted.url, types=types, area_id=_area(conn, wanted.area))
        made = webhooks.add(conn, new, owner=asked.caller.person_id, cursor=_cursor(conn, wanted.cursor), now=asked.now)
        _log(conn, "webhook.added", made)
    shown = _view(made, asked) | {"secret": secret_of(serving.door.pepper, made.id)}
    return private(answer(shown, status=201, location=_address(asked, made.id)))


@router.get("/{webhook_id}", dependencies=[Depends(only())])
def show_webhook(webhook_id: UUID, asked: Asking, store: Store) -> Response:
    """Show a subscription of yours: how far it has been told, and what its receiver answered last."""
    _require_part(asked.caller)
    with store.read(asked.scope) as conn:
        return _shown(webhooks.get(conn, str(webhook_id)), asked)


@router.patch("/{webhook_id}", dependencies=[Depends(only())])
def change_webhook(  # noqa: PLR0917 - FastAPI passes by name
    webhook_id: UUID, wanted: Change, asked: Asking, store: Store, where: Where, once: OnlyOnce
) -> Response:
    """Change a subscription of yours, stop or start it, or have what was sent sent again from a place on."""
    _require_part(asked.caller)
    told = wanted.model_fields_set
    types = None if wanted.types is None else _types(wanted.types)
    if wanted.url is not None:
        _refuse_unreachable(wanted.url, where)

    def change(conn: connection) -> Response:
        old = webhooks.get(conn, str(webhook_id))
        new = New(
            name=old.name if wanted.name is None else wanted.name,
            url=wanted.url or old.url,
            types=old.types if types is None else types,
            area_id=_area(conn, wanted.area if "area" in told else old.area),
        )
        cursor = None if wanted.cursor is None else _cursor(conn, wanted.cursor)
        changed = webhooks.change(conn, old.id, new, state=wanted.state, cursor=cursor, now=asked.now)
        _log(conn, "webhook.changed", changed)
        return _shown(changed, asked)

    with store.write(_scope(asked)) as conn:
        return once(conn, lambda: change(conn))


@router.delete("/{webhook_id}", status_code=204, dependencies=[Depends(only())])
def unsubscribe(webhook_id: UUID, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Take a subscription of yours away; nothing more is sent."""
    _require_part(asked.caller)

    def remove(conn: connection) -> Response:
        old = webhooks.get(conn, str(webhook_id))
        webhooks.remove(conn, old.id)
        _log(conn, "webhook.removed", old)
        return private(Response(status_code=204))

    with store.write(_scope(asked)) as conn:
        return once(conn, lambda: remove(conn))


@router.post("/{webhook_id}/ping", status_code=202, dependencies=[Depends(only())])
def ping(webhook_id: UUID, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Have a test message sent, once, whatever comes of it: the subscription says so afterwards (`tried_at`, `status`)."""
    _require_part(asked.caller)

    def want(conn: connection) -> Response:
        return _shown(webhooks.want_ping(conn, str(webhook_id), now=asked.now), asked, status=202)

    with store.write(_scope(asked)) as conn:
        return once(conn, lambda: want(conn))


def _scope(asked: Asked) -> Scope:
    return asked.acting(Right.READ_LOG if asked.caller.may(Right.READ_LOG) else Right.SEE_INTERNAL)


def _types(types: list[str]) -> tuple[str, ...]:
    """Return what is wanted, in the words that it is asked by; `ParameterError` says what is none."""
    wish(types)
    return tuple(dict.fromkeys(types)) or EVERYTHING


def _refuse_unreachable(url: str, where: Allowed) -> None:
    """Refuse an address to which nothing would be sent; before anything is asked of the store, for names take their time."""
    try:
        addresses(target(url, where), where, resolve)
    except Forbidden as error:
        raise ParameterError(
            "url", f"{error}; the settings name the networks that may be sent to", code="target-forbidden"
        ) from None
    except OSError:
        raise ParameterError("url", "there is no such host", code="target-unknown") from None


def _area(conn: connection, code: str | None) -> int | None:
    if code is None:
        return None
    try:
        return area_named(conn, code).id
    except NotFound as error:
        raise ParameterError("area", str(error)) from None


def _cursor(conn: connection, text: str | None) -> Cursor:
    edge = now_at(conn)
    if text is None:
        return edge
    cursor = Cursor.read(text)
    if not is_here(cursor, edge):
        raise Conflict("the store was restored since: begin without a cursor", code="feed-reset", epoch=edge.epoch)
    return cursor


def _log(conn: connection, kind: str, webhook: Webhook) -> None:
    """Log a change of where events go: the place, and never what stands behind it in the address, which may be a secret."""
    host = target(webhook.url, Allowed(plain=True)).host
    body = {"host": host, "types": list(webhook.types), "area": webhook.area, "state": webhook.state}
    record(conn, kind, path=None, subject=webhook.id, body=body)


def _shown(webhook: Webhook, asked: Asked, *, status: int = 200) -> Response:
    return private(answer(_view(webhook, asked), status=status))


def _view(webhook: Webhook, asked: Asked) -> dict[str, Any]:
    links = [{"rel": "self", "href": _address(asked, webhook.id), "type": "application/json"}]
    return asdict(webhook) | {"cursor": str(webhook.cursor), "links": links}


def _address(asked: Asked, webhook: str) -> str:
    return f"{asked.base}/v1/webhooks/{webhook}"
