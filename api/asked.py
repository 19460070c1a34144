"""One request: who asks, for whom its transactions speak, in which language, and what the application holds for it.

Plain routes call `ask(request)`, `store(request)`, `service(request)`; FastAPI's take them as `Asking`, `Store`, `Serving`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, cast
from zoneinfo import ZoneInfo

from fastapi import Depends
from starlette.requests import Request  # noqa: TC002 - FastAPI reads it when a route is made

from api.lang import LANG_COOKIE, Lang, chosen_language
from api.who.caller import ANONYMOUS, Caller, How
from api.who.door import examine, identify
from data.store.pool import Pool
from data.store.scope import NOBODY, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from api.base_tiles import BaseTiles
    from api.incidents.rulebook import Rulebook
    from api.metrics import Metrics
    from api.settings import Settings
    from api.who.caller import Right
    from api.who.door import Door


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What the application holds, from its start to its end."""

    settings: Settings
    pool: Pool
    now: Callable[[], datetime]
    door: Door
    metrics: Metrics
    rules: Rulebook
    """The clocks of incidents."""
    cursor_key: bytes
    """What cursors are signed with."""
    pages: Mapping[str, Callable[[dict[str, object], Asked], str]]
    """How each kind of document of the OGC API is shown as a page."""
    tiles: BaseTiles | None = None
    """What pages lay below their maps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is known of a request before anybody looks at what it wants."""

    caller: Caller
    scope: Scope
    """For reading: everything that the caller may see anywhere."""
    lang: Lang
    request_id: str
    base: str
    """The address of the landing page, without a slash at its end."""
    now: datetime
    today: date
    zone: str = ""
    """Where that day is told, and times of day are on pages."""
    tiles: BaseTiles | None = None
    """What pages lay below their maps."""

    def acting(self, *rights: Right) -> Scope:
        """Return for whom a transaction speaks that needs `rights`: only where the caller has all of them."""
        return self.caller.scope(*rights, public=self.scope.public)


def service(request: Request) -> Service:
    """Return what the application holds."""
    return cast("Service", request.app.state.service)


def store(request: Request) -> Pool:
    """Return the connections to the store."""
    return service(request).pool


def ask(request: Request) -> Asked:
    """Return what is known of a request; `Unidentified` where what it shows of its caller does not hold.

    Asks the store only where the request shows somebody: what is public costs nothing here.
    """
    held = service(request)
    now = held.now()
    shown = examine(
        held.door,
        method=request.method,
        headers=request.headers,
        cookies=request.cookies,
        query=request.scope["query_string"].decode("latin-1"),
        now=now,
    )
    caller = ANONYMOUS
    if shown.how is not How.ANONYMOUS:
        caller = identify(partial(held.pool.ask_again, NOBODY), shown, held.door, now)
        request.scope["wangge.person"] = caller.person_id
    return Asked(
        caller=caller,
        scope=caller.scope(public=held.settings.public),
        lang=language(request),
        request_id=request_id(request),
        base=base(request),
        now=now,
        today=now.astimezone(ZoneInfo(held.settings.zone)).date(),
        zone=held.settings.zone,
        tiles=held.tiles,
    )


def language(request: Request) -> Lang:
    """Return the language of the answer: `?lang=`, else the cookie, else what the browser asks for, else the house's."""
    wishes = (request.query_params.get("lang", ""), request.cookies.get(LANG_COOKIE, ""))
    return chosen_language(wishes, request.headers.get("accept-language", ""), service(request).settings.lang)


def base(request: Request) -> str:
    """Return the address of the landing page: as the settings say, else as it was asked for."""
    told, host = service(request).settings.base_url, request.headers.get("host")
    if told or host is None:
        return told or str(request.base_url).rstrip("/")
    return f"{request.scope['scheme']}://{host}{request.scope.get('root_path', '').rstrip('/')}"


def request_id(request: Request) -> str:
    """Return the name under which the log knows the request."""
    return cast("str", request.scope.get("wangge.request_id", ""))


Asking = Annotated[Asked, Depends(ask)]
"""Who asks, and how."""


# FastAPI has a thread of their own for dependencies that may wait: these do not.
async def _store(request: Request) -> Pool:
    return store(request)


async def _service(request: Request) -> Service:
    return service(request)


Store = Annotated[Pool, Depends(_store)]
"""The connections to the store."""

Serving = Annotated[Service, Depends(_service)]
"""What the application holds."""
