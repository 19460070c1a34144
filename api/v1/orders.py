"""Service orders over HTTP (点单、派单、接单): place, list, look, take the next step, read the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

import numpy as np
from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.asked import Asking, Store
from api.idempotency import OnlyOnce
from api.incidents.actors import actor_of, org_of
from api.incidents.facts import is_id, tiers_of
from api.loop.incident import Actor, Party, Person
from api.loop.order import (
    YUNYANG,
    Order,
    OrderRecord,
    Part,
    Step,
    offered,
    order_columns,
    replay_order,
    take_order,
    variant_from,
    variant_rows,
)
from api.v1.addresses import kept_apart
from api.v1.answers import answer, precondition, tag
from api.v1.parameters import NO_NUL, SOMETHING, Code, Latitude, Longitude, Moment, only
from api.v1.tables import AS_CSV, AsTable, lines_of, table
from api.who.caller import Right, within
from data.store import orders
from data.store.incidents import find_place, orgs_named
from data.store.plans import area_named, path_named
from data.store.scope import speak
from gis.chinese_frames import SHIFTED, to_wgs84
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.lang import Lang
    from api.loop.incident import Org
    from api.loop.order import Variant

router = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=kept_apart())

IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the order as you have seen it.")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=SOMETHING)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=NO_NUL)]

MOST_FIELDS = 20
"""Beside a step, and more than any has."""

_LABELS: Mapping[Step, tuple[str, str]] = {
    Step.PLACED: ("点单", "Placed"),
    Step.SORTED: ("分单", "Sorted"),
    Step.DISPATCHED: ("派单", "Dispatched"),
    Step.TAKEN: ("领单", "Taken"),
    Step.FINISHED: ("办结", "Finished"),
    Step.RATED: ("评价", "Rated"),
}


_NULL = {"type": "null"}
_IN_A_COMMUNITY: dict[str, Any] = {
    "required": ["community"],
    "properties": {"community": {"type": "string"}, "lon": _NULL, "lat": _NULL},
}
_AT_A_PLACE: dict[str, Any] = {
    "required": ["lon", "lat"],
    "properties": {"community": _NULL, "lon": {"type": "number"}, "lat": {"type": "number"}},
}


class NewOrder(BaseModel):
    """Something that a resident asks for: in a community that is named, or at a place.

    `for_resident` says that it is written down for somebody without an account; their community rates it for them.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"oneOf": [_IN_A_COMMUNITY, _AT_A_PLACE]})

    category: Name
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=SOMETHING)]
    description: Annotated[str, StringConstraints(max_length=4000, pattern=NO_NUL)] = ""
    address: Line = ""
    community: Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)] | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None
    coord_sys: Literal["wgs84", "cgcs2000", "gcj02", "bd09"] = "wgs84"
    for_resident: bool = Field(default=False, strict=True)
    client_uuid: UUID | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> NewOrder:
        if (self.lon is None) != (self.lat is None) or (self.community is None) == (self.lon is None):
            raise ValueError("say either the community, or lon and lat")
        return self


class Wanted(BaseModel):
    """The step that is taken. Beside `step` stand the fields that it needs; `transitions` of the order names them."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"maxProperties": MOST_FIELDS + 1})

    step: str = Field(json_schema_extra={"enum": list(Step)})
    org: Annotated[str, StringConstraints(max_length=110, pattern=NO_NUL)] | None = Field(
        default=None, description="For which of your organisations you act, where you work in several."
    )

    @model_validator(mode="after")
    def _not_too_much(self) -> Wanted:
        if len(self.model_extra or {}) > MOST_FIELDS:
            raise ValueError("there are too many fields")
        return self


class NewFlow(BaseModel):
    """By which variant the orders of an area go."""

    model_config = ConfigDict(extra="forbid")

    area: Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)]
    variant: Name


@router.post("", status_code=201, dependencies=[Depends(only())])
def place_order(wanted: NewOrder, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Place an order. It goes by the variant of its community; what a terminal sent before is not made twice (200)."""
    asked.caller.require(Right.HANDLE_INCIDENTS)

    def write(conn: connection) -> Response:
        client_uuid = None if wanted.client_uuid is None else str(wanted.client_uuid)
        kept = orders.kept_as(conn, client_uuid)
        if kept is not None:
            return answer({"no": kept, "is_new": False}, location=_here(asked, kept))
        path, grid, district = _place(conn, wanted, asked)
        variant = variant_named(conn, orders.variant_at(conn, path) or YUNYANG.name)
        # Whoever has no account is nobody to the rules; that it was written down, and by whom, the log says itself.
        actor = Actor() if wanted.for_resident else Actor(caller=asked.caller)
        order, record = take_order(Order(variant=variant, path=path), Step.PLACED, {}, actor, asked.now, known={})
        no = orders.number(conn, district=district, day=asked.today)
        arrival = {
            "no": no, "path": path, "grid_code": grid, "variant": variant.name, "category": wanted.category,
            "title": wanted.title, "description": wanted.description, "address": wanted.address, "client_uuid": client_uuid,
        }  # fmt: skip
        orders.add(conn, arrival=arrival, standing=order_columns(order), body=record.as_json())
        document = {"no": no, "is_new": True, "state": "placed", "grid": grid, "variant": variant.name}
        return answer(document, status=201, location=_here(asked, no))

    with store.write(asked.acting(Right.HANDLE_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


@router.get("", dependencies=[Depends(only(
    "category", "area", "grid", "mine", "placed_by_me", "from", "to", "before", "limit", "f", several=("state",),
))], responses=AS_CSV)  # fmt: skip
def list_orders(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    wish: AsTable,
    state: Annotated[list[Step] | None, Query()] = None,
    category: Annotated[str | None, Query(max_length=60, pattern=NO_NUL)] = None,
    area: Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area.")] = None,
    grid: Annotated[str | None, Query(max_length=60, pattern=NO_NUL)] = None,
    mine: Annotated[bool, Query(description="Only what was dispatched to you, or to those you work in.")] = False,  # noqa: FBT002
    placed_by_me: Annotated[bool, Query()] = False,  # noqa: FBT002
    placed_from: Annotated[Moment | None, Query(alias="from")] = None,
    placed_to: Annotated[Moment | None, Query(alias="to")] = None,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="From where the page before ended.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List the orders that you may see, the newest first. As CSV: all of them."""
    limit = lines_of(wish, limit)
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        targets = None
        if mine:
            actor = actor_of(conn, asked.caller, now=asked.now, today=asked.today)
            targets = (tuple(each.org.id for each in actor.memberships), asked.caller.person_id)
        wanted = orders.Filter(
            states=None if state is None else [str(each) for each in state],
            category=category,
            area=path_named(conn, area),
            grid=grid,
            targets=targets,
            placed_by=asked.caller.person_id if placed_by_me else None,
            placed_from=placed_from,
            placed_to=placed_to,
        )
        rows = orders.listed(conn, wanted, before=before, limit=limit + 1)
    page = rows[:limit]
    more = page[-1]["id"] if len(rows) > limit else None
    found = [_view(row, asked) for row in page]
    lines = [{name: value for name, value in each.items() if name != "links"} for each in found]
    document = {"orders": found, "next": more}
    return table(wish, document, lines, name=f"orders-{asked.today}", first_by="newest" if more else "")


@router.get("/variants", dependencies=[Depends(only())])
def show_variants(asked: Asking, store: Store) -> Response:
    """Show the ways that orders go: their steps, and who takes each."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        found = orders.variants(conn)
    return answer(
        {
            "variants": [
                {"name": name, "steps": [{**each, "label": _label(Step(each["step"]), asked.lang)} for each in steps]}
                for name, steps in found.items()
            ]
        }
    )


@router.put("/flow", dependencies=[Depends(only())])
def set_flow(wanted: NewFlow, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Say by which variant the orders of an area go from now on; those that were placed before go on by theirs."""
    asked.caller.require(Right.MANAGE_STAFF)

    def write(conn: connection) -> Response:
        area = area_named(conn, wanted.area)
        asked.caller.require(Right.MANAGE_STAFF, area.path)
        variant = variant_named(conn, wanted.variant)
        orders.set_flow(conn, area.id, area.path, variant.name)
        return answer({"area": area.code, "variant": variant.name, "steps": variant_rows(variant)})

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: write(conn))


@router.get("/{no}", dependencies=[Depends(only())])
def show_order(no: Code, asked: Asking, store: Store) -> Response:
    """Show where an order stands, and what you may do with it now."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        return _document(conn, no, asked)


@router.get("/{no}/events", dependencies=[Depends(only())])
def show_events(no: Code, asked: Asking, store: Store) -> Response:
    """Show the log of an order: who took which step, when."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        row = orders.get(conn, no)
        records = orders.records(conn, no)
    told = [{**each, "label": _label(Step(each["step"]), asked.lang)} for each in records]
    return answer({"no": no, "events": told}, etag=tag(no, row["revision"]))


@router.post("/{no}/transitions", dependencies=[Depends(only())])
def take_step(  # noqa: PLR0917 - FastAPI passes by name
    no: Code, wanted: Wanted, asked: Asking, store: Store, once: OnlyOnce, if_match: IfMatch = None
) -> Response:
    """Take the next step of an order. `transitions` of the order says whether it is yours, and what has to come with it."""
    asked.caller.require(Right.HANDLE_INCIDENTS)

    def step(conn: connection) -> Response:
        if if_match is not None:
            precondition(if_match, tag(no, orders.get(conn, no)["revision"]))
        _act(conn, no, wanted, asked)
        return _document(conn, no, asked)

    with store.write(asked.scope) as conn:
        return once(conn, lambda: step(conn))


def standing_of(conn: connection, row: Mapping[str, Any]) -> Order:
    """Return where an order stands, from its log."""
    records = (OrderRecord.of_json(each) for each in orders.records(conn, row["no"]))
    return replay_order(variant_named(conn, row["variant"]), row["path"], records)


def variant_named(conn: connection, name: str) -> Variant:
    """Return a variant from the store."""
    return variant_from(name, orders.variant(conn, name))


def _act(conn: connection, no: str, wanted: Wanted, asked: Asked) -> None:
    row = orders.get(conn, no)
    actor = actor_of(conn, asked.caller, now=asked.now, today=asked.today)
    if wanted.org is not None:
        actor = actor.acting_for(wanted.org)
    said = wanted.model_extra or {}
    order = standing_of(conn, row)
    known = _known(conn, said.get("to"), order.path, asked)
    after, record = take_order(order, wanted.step, said, actor, asked.now, known=known)
    # Who may not is told why before the store is asked to let them; of several at once the first wins, and the others are
    # judged by what it left.
    speak(conn, asked.acting(_right(order, actor)))
    locked = orders.get(conn, no, lock=True)
    if locked["revision"] != row["revision"]:
        after, record = take_order(standing_of(conn, locked), wanted.step, said, actor, asked.now, known=known)
    orders.move(conn, locked, standing=order_columns(after), body=record.as_json())
    speak(conn, asked.scope)


def _right(order: Order, actor: Actor) -> Right:
    """Return the right that the next step is taken with here: a center's is to dispatch, everybody else's to handle."""
    step = order.next
    is_theirs = step is None or step.part is Part.TARGET or (actor.person is not None and actor.person == order.placed_by)
    return Right.HANDLE_INCIDENTS if is_theirs else Right.DISPATCH_INCIDENTS


def _known(conn: connection, to: object, path: str, asked: Asked) -> dict[Party, Org | Person]:
    """Return to whom an order is to be dispatched, where they are known here."""
    match to:
        case {"org": str(code), **rest} if not rest:
            return {Party(is_org=True, id=row[0]): org_of(*row) for row in orgs_named(conn, [code])}
        case {"person": str(person), **rest} if not rest and is_id(person):
            there = [(tier, area) for tier, area in tiers_of(conn, person, asked.now) if within(path, area)]
            return {Party(is_org=False, id=person): Person(id=person, tier=tier, path=area) for tier, area in there[:1]}
        case _:
            return {}


def _place(conn: connection, wanted: NewOrder, asked: Asked) -> tuple[str, str | None, str]:
    """Return the path of the community in which an order is placed, its grid where one is known, and the district's code."""
    if wanted.lon is None or wanted.lat is None:
        area = area_named(conn, wanted.community or "")
        if area.level != "community":
            raise ParameterError("community", f"{area.code} is no community")
        return area.path, None, orders.district_of(conn, area.path)
    lon, lat = wanted.lon, wanted.lat
    if wanted.coord_sys in SHIFTED:
        ((lon, lat),) = to_wgs84(np.array([[lon, lat]]), wanted.coord_sys).tolist()
    place = find_place(conn, lon, lat, day=asked.today, now=asked.now)
    if "community" not in place.areas or not place.path:
        raise ParameterError("lon", "there is no community at this place; name one", code="out-of-area")
    return place.path, place.grid_code, place.areas.get("district") or place.areas.get("city") or ""


def _document(conn: connection, no: str, asked: Asked) -> Response:
    row = orders.get(conn, no)
    order = standing_of(conn, row)
    actor = actor_of(conn, asked.caller, now=asked.now, today=asked.today)
    offer = offered(order, actor)
    transitions = []
    if offer is not None:
        step, fields = offer
        transitions = [{"step": str(step.step), "label": _label(step.step, asked.lang), "requires": fields}]
    waits = None if order.next is None else {"step": str(order.next.step), "for": _waits_for(order)}
    return answer(_view(row, asked) | {"next": waits, "transitions": transitions}, etag=tag(no, row["revision"]))


def _waits_for(order: Order) -> str:
    """Return who takes the next step, as variants say it."""
    return variant_rows(order.variant)[len(order.done)]["by"]


def _view(row: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    target = None
    if row["target_org"] is not None:
        target = {"org": row["target_org"]}
    elif row["target_person"] is not None:
        target = {"person": row["target_person"]}
    return {
        "no": row["no"],
        "variant": row["variant"],
        "state": row["state"],
        "state_label": _label(Step(row["state"]), asked.lang),
        "category": row["category"],
        "title": row["title"],
        "description": row["description"],
        "address": row["address"],
        "grid": row["grid_code"],
        "placed_by_me": row["placed_by"] is not None and row["placed_by"] == asked.caller.person_id,
        "target": target,
        "satisfaction": row["satisfaction"],
        **{f"{step}_at": row[f"{step}_at"] for step in Step},
        "revision": row["revision"],
        "updated_at": row["at"],
        "links": [{"rel": "self", "href": _here(asked, row["no"]), "type": "application/json"}],
    }


def _label(step: Step, lang: Lang) -> str:
    zh, en = _LABELS[step]
    return zh if lang == "zh" else en


def _here(asked: Asked, no: str) -> str:
    return f"{asked.base}/v1/orders/{quote(no, safe='')}"
