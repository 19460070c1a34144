"""The five lists over HTTP (五张清单): promises, powers, duties, services; problems have a place of their own.

A promise is made at the beginning of a year, kept during it and rated at its end; from December on one that is not kept is
shown as unfulfilled.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asked import Asking, Store
from api.idempotency import OnlyOnce
from api.v1.answers import answer, precondition, tag
from api.v1.parameters import NO_NUL, SOMETHING, WHOLE, Limit, Prose, only, without_defaults
from api.who.caller import Right
from data.store import list_items
from data.store.list_items import DUTIES, POWERS, PROBLEMS, PROMISES, SERVICES
from data.store.plans import area_named, path_named
from data.store.profiles import profiles_on, section_at
from gis.errors import Conflict, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg2.extensions import connection

    from api.asked import Asked
    from data.store.list_items import ListItem

router = APIRouter(prefix="/v1/lists", tags=["lists"])

USUAL: Mapping[int, tuple[str, str]] = {
    PROMISES: ("为民办实事清单", "Promises to the people"),
    POWERS: ("小微权力清单", "Small powers"),
    DUTIES: ("网格职责清单", "Duties of the grid"),
    SERVICES: ("网格服务清单", "Services of the grid"),
    PROBLEMS: ("网格治理问题清单", "Problems of the grid"),
}
"""What the lists are called where no profile names them."""
_DECEMBER = 12
_Area = Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area; all of yours without it.")]
_Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the item as you have seen it.")]
_Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=SOMETHING)]
_Phone = Annotated[str, StringConstraints(pattern=r"^[0-9+() \-]{0,30}$")]
_Steps = Annotated[list[_Title], Field(max_length=50)]


class Source(StrEnum):
    """By which channel a promise came up (巡查走访、12345 工单回访、主题党日+阳光议事、网上问卷)."""

    PATROL = "patrol"
    HOTLINE = "hotline"
    PARTY_DAY = "party_day"
    QUESTIONNAIRE = "questionnaire"


class ServiceMode(StrEnum):
    """How a service comes (公共服务代办、物业服务上门、小微服务到家)."""

    PUBLIC_AGENCY = "public_agency"
    PROPERTY_SERVICE = "property_service"
    SMALL_SERVICE = "small_service"


class Status(StrEnum):
    """Where an item stands: a promise is promised, in progress, done, dropped; the others hold, or have ended."""

    PROMISED = "promised"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    DROPPED = "dropped"
    IN_FORCE = "in_force"
    ENDED = "ended"


_AFTER: Mapping[Status, frozenset[Status]] = {
    Status.PROMISED: frozenset({Status.IN_PROGRESS, Status.DONE, Status.DROPPED}),
    Status.IN_PROGRESS: frozenset({Status.DONE, Status.DROPPED}),
    Status.IN_FORCE: frozenset({Status.ENDED}),
}


def _described(number: int) -> dict[str, Any]:
    """Describe the items of a list: what only those of another have is not said."""
    says: dict[str, Any] = {"list": {"const": number}}
    if number != PROMISES:
        says["source"] = {"type": "null"}
    if number != POWERS:
        says["flow"] = {"maxItems": 0}
    if number != SERVICES:
        says["mode"] = {"type": "null"}
    return {"properties": says}


class NewItem(BaseModel):
    """An item of a list. Promises (1) have a source, powers (2) a flow, services (4) a contact and a mode.

    `contact` is a duty phone. Source and contact may be said later; until then the item is counted as incomplete.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"anyOf": [*map(_described, (PROMISES, POWERS, DUTIES, SERVICES))]}
    )

    area: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]
    list: Annotated[int, Field(strict=True, ge=1, le=5), WHOLE]
    title: _Title
    detail: Prose = ""
    year: Annotated[int | None, WHOLE] = Field(default=None, strict=True, ge=2000, le=2100)
    source: Source | None = None
    contact: _Phone = ""
    mode: ServiceMode | None = None
    flow: _Steps = Field(default=[])


class ItemChanges(BaseModel):
    """What is said anew of an item; what is left out stays. `review_score` is what people gave it at the end of its year."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=without_defaults)

    title: _Title | None = None
    detail: Prose | None = None
    source: Source | None = None
    contact: _Phone | None = None
    mode: ServiceMode | None = None
    flow: _Steps | None = None
    status: Status | None = None
    review_score: Annotated[int | None, WHOLE] = Field(default=None, strict=True, ge=0, le=100)


_OF_LIST: Mapping[str, int] = {"source": PROMISES, "review_score": PROMISES, "flow": POWERS, "mode": SERVICES}
"""What only the items of one list have."""


@router.get("", dependencies=[Depends(only("area"))])
def show_lists(asked: Asking, store: Store, area: _Area = None) -> Response:
    """Show the five lists as the place calls them: how many items each has, how many hold or are not done, and where they are.

    `incomplete`: promises without a source, and services without a contact.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        path = path_named(conn, area)
        _, said = section_at(profiles_on(conn, asked.today), path, "lists")
        counted, clusters = list_items.totals(conn, path), list_items.problems(conn, path)
    query = "" if area is None else f"&area={area}"
    lists: list[dict[str, Any]] = []
    for number, (zh, en) in USUAL.items():
        names = said.get("names", ())
        count, held, lacking = (*clusters, 0) if number == PROBLEMS else counted.get(number, (0, 0, 0))
        where = (
            f"problem-points/clusters{query.replace('&', '?')}" if number == PROBLEMS else f"lists/items?list={number}{query}"
        )
        lists.append({
            "list": number,
            "name": names[number - 1] if len(names) == len(USUAL) else zh if asked.lang == "zh" else en,
            "items": count,
            "open": held,
            "incomplete": lacking,
            "links": [{"rel": "items", "href": f"{asked.base}/v1/{where}", "type": "application/json"}],
        })  # fmt: skip
    return answer({"lists": lists})


@router.get(
    "/items", dependencies=[Depends(only("area", "list", "year", "status", "unfulfilled", "before", "limit"))]
)  # fmt: skip
def list_list_items(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    area: _Area = None,
    number: Annotated[int | None, Query(alias="list", ge=1, le=4, description="One of the lists that have items here.")] = None,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    status: Annotated[Status | None, Query()] = None,
    unfulfilled: Annotated[bool, Query(description="Only promises that are not kept though December has come.")] = False,  # noqa: FBT002
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="From where the page before ended.")] = None,
    limit: Limit = 100,
) -> Response:
    """List items, the newest first: of your areas, and of those above them."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        found = list_items.listed(
            conn,
            area=path_named(conn, area),
            list=number,
            year=year,
            status=status,
            due=_last_due(asked.today) if unfulfilled else None,
            before=before,
            limit=limit + 1,
        )
    shown = found[:limit]
    more = shown[-1].id if len(found) > limit else None
    return answer({"items": [_view(each, asked.today) for each in shown], "next": more})


@router.post("/items", status_code=201, dependencies=[Depends(only())])
def add_item(wanted: NewItem, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Add an item to a list; problems are written down as problem points."""
    asked.caller.require(Right.DISPATCH_INCIDENTS)
    if wanted.list == PROBLEMS:
        message = "the list of problems is that of the problem points: POST /v1/problem-points"
        raise ParameterError("list", message, zh="问题清单即问题点：请用 POST /v1/problem-points")
    row = wanted.model_dump(mode="json", exclude={"area"}) | {"year": wanted.year or asked.today.year}
    row["status"] = str(Status.PROMISED if wanted.list == PROMISES else Status.IN_FORCE)
    _fits(wanted.list, {name: value for name, value in row.items() if value})

    def write(conn: connection) -> Response:
        place = area_named(conn, wanted.area)
        asked.caller.require(Right.DISPATCH_INCIDENTS, place.path)
        number = list_items.add(conn, place, row, now=asked.now)
        return _document(list_items.item(conn, number), asked, status=201)

    with store.write(asked.acting(Right.DISPATCH_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


@router.get("/items/{number}", dependencies=[Depends(only())])
def show_item(number: _Number, asked: Asking, store: Store) -> Response:
    """Show an item."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        return _document(list_items.item(conn, number), asked)


@router.patch("/items/{number}", dependencies=[Depends(only())])
def change_item(  # noqa: PLR0917 - FastAPI passes by name
    number: _Number, wanted: ItemChanges, asked: Asking, store: Store, once: OnlyOnce, if_match: IfMatch = None
) -> Response:
    """Say how a promise goes, what people gave it at the end of its year, or what is otherwise new of an item."""
    asked.caller.require(Right.DISPATCH_INCIDENTS)
    changes = wanted.model_dump(mode="json", exclude_none=True)

    def write(conn: connection) -> Response:
        it = list_items.item(conn, number, lock=True)
        asked.caller.require(Right.DISPATCH_INCIDENTS, it.path)
        precondition(if_match, tag(it.id, it.revision))
        _fits(it.list, changes)
        before, after = Status(it.status), wanted.status or Status(it.status)
        if after is not before and after not in (allowed := _AFTER.get(before, frozenset())):
            message = f"an item that is {before} cannot be {after} now"
            raise Conflict(message, code="illegal-transition", allowed=sorted(allowed))
        if wanted.review_score is not None and not _is_due(it.year, asked.today):
            raise ParameterError("review_score", f"a promise of {it.year} is rated from {it.year}-12-01 on")
        if changes:
            list_items.change(conn, it, changes, now=asked.now)
        return _document(list_items.item(conn, number), asked)

    with store.write(asked.acting(Right.DISPATCH_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


def _fits(number: int, said: Mapping[str, Any]) -> None:
    """Raise where something is said that only items of another list have."""
    for name in said:
        if _OF_LIST.get(name, number) != number:
            raise ParameterError(name, f"only items of list {_OF_LIST[name]} have it, and this is one of list {number}")


def _is_due(year: int, today: date) -> bool:
    """Whether the promises of a year are looked at: its end has come."""
    return today >= date(year, _DECEMBER, 1)


def _last_due(today: date) -> int:
    """Return the last year whose promises are looked at."""
    return today.year if _is_due(today.year, today) else today.year - 1


def _view(it: ListItem, today: date) -> dict[str, Any]:
    shown = {name: value for name, value in asdict(it).items() if name not in {"path", "revision"}}
    is_open = it.list == PROMISES and it.status not in list_items.OVER
    return shown | {"unfulfilled": is_open and _is_due(it.year, today)}


def _document(it: ListItem, asked: Asked, *, status: int = 200) -> Response:
    return answer(_view(it, asked.today), status=status, etag=tag(it.id, it.revision))
