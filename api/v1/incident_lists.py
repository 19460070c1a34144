"""Lists of incidents over HTTP: the newest first, or a duty's work list, what is due soonest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Serving, Store
from api.incidents.actors import actor_of
from api.loop.limits import TIERS
from api.loop.words import Kind, State, Supervision, word
from api.parameters import refuse
from api.v1.answers import answer
from api.v1.incident_documents import view
from api.v1.parameters import NO_NUL, Moment, only
from api.who.caller import Right
from data.store.incident_list import Due, Filter, newest, soonest
from data.store.plans import path_named
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection

    from api.asked import Asked

router = APIRouter(prefix="/v1/incidents", tags=["incidents"])

_LEVELS = {word(level): level for level in Supervision}


@router.get("", dependencies=[Depends(only(
    "open", "category", "kind", "matter", "grid", "area", "source", "tier", "department", "owner", "supervision", "outside",
    "overdue", "urgent", "on_the_spot", "mine", "reported", "from", "to", "due_before", "sort", "before", "after", "limit",
    several=("state",),
))])  # fmt: skip
def list_incidents(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    serving: Serving,
    state: Annotated[list[State] | None, Query()] = None,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    category: Annotated[str | None, Query(max_length=60, pattern=NO_NUL)] = None,
    kind: Annotated[Kind | None, Query()] = None,
    matter: Annotated[str | None, Query(max_length=60, pattern=NO_NUL)] = None,
    grid: Annotated[str | None, Query(max_length=60, pattern=NO_NUL)] = None,
    area: Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area.")] = None,
    source: Annotated[str | None, Query(max_length=60, pattern=NO_NUL)] = None,
    tier: Annotated[Literal["grid", "community", "street", "district"] | None, Query()] = None,
    department: Annotated[
        str | None, Query(max_length=110, pattern=NO_NUL, description="Code of one that the matter names, or that owns it.")
    ] = None,
    owner: Annotated[
        str | None,
        Query(max_length=110, pattern=NO_NUL, description="Code of an organisation, or id of a person, whose it is."),
    ] = None,
    supervision: Annotated[Literal["none", "normal", "yellow", "red"] | None, Query()] = None,
    outside: Annotated[bool | None, Query(description="Whether they lie in no grid.")] = None,
    overdue: Annotated[bool | None, Query(description="Whether a clock of theirs has run out.")] = None,
    urgent: Annotated[bool | None, Query()] = None,
    on_the_spot: Annotated[bool | None, Query(description="Whether the grid has solved them on the spot.")] = None,
    mine: Annotated[  # noqa: FBT002
        bool, Query(description="Only what you, or those you work in, have in hand, or are called to and have not joined.")
    ] = False,
    reported: Annotated[Literal["mine"] | None, Query(description="Only what you have reported yourself.")] = None,
    reported_from: Annotated[Moment | None, Query(alias="from")] = None,
    reported_to: Annotated[Moment | None, Query(alias="to")] = None,
    due_before: Annotated[
        Moment | None, Query(description="Only open ones of which a clock that runs now runs out before.")
    ] = None,
    sort: Annotated[
        Literal["newest", "due"],
        Query(description="`due`: open ones alone, what is due soonest first, what has no clock last."),
    ] = "newest",
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the page before, the newest first.")] = None,
    after: Annotated[str | None, Query(max_length=60, description="`next` of the page before, by `sort=due`.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List the incidents that you may see: the newest first, or what is due soonest.

    While you go through what is due, one whose clock is changed meanwhile may come twice, or not at all.
    """
    asked.caller.require(Right.HANDLE_INCIDENTS)
    refuse(list(_faults(sort, is_open=is_open, before=before, after=after)))
    place = None if after is None else Due.read(after, "after")
    with store.read(asked.scope) as conn:
        wanted = Filter(
            states=None if state is None else [str(each) for each in state],
            is_open=is_open,
            category=category,
            kind=None if kind is None else str(kind),
            matter=matter,
            source=source,
            grid=grid,
            area=path_named(conn, area),
            tier=None if tier is None else TIERS[tier],
            department=department,
            owner=owner,
            supervision=None if supervision is None else _LEVELS[supervision],
            is_outside=outside,
            is_overdue=overdue,
            is_urgent=urgent,
            on_the_spot=on_the_spot,
            hands=_hands(conn, asked) if mine else None,
            reporter=asked.caller.person_id if reported else None,
            reported_from=reported_from,
            reported_to=reported_to,
            due_before=due_before,
        )
        if sort == "due":
            rows = soonest(conn, wanted, now=asked.now, after=place, limit=limit + 1)
        else:
            rows = newest(conn, wanted, now=asked.now, before=before, limit=limit + 1)
        book = serving.rules.read(conn)
    page, following = rows[:limit], None
    if len(rows) > limit:
        following = str(Due.of(page[-1])) if sort == "due" else page[-1]["id"]
    return answer({"incidents": [view(row, asked, book) for row in page], "next": following})


def _faults(sort: str, *, is_open: bool | None, before: int | None, after: str | None) -> Iterator[ParameterError]:
    """Yield the parameters that do not go with the order that is wanted."""
    if sort == "due" and is_open is False:
        msg = "what is over is due no more: leave sort out"
        yield ParameterError("sort", msg, zh="已办结的事件没有时限先后：请去掉 sort")
    if sort == "due" and before is not None:
        msg = "what is due soonest goes on by after, which is next of the page before"
        yield ParameterError("before", msg, zh="按时限排序时，请用 after 翻页（上一页的 next）")
    if sort != "due" and after is not None:
        msg = "the newest first goes on by before, which is next of the page before"
        yield ParameterError("after", msg, zh="按新旧排序时，请用 before 翻页（上一页的 next）")


def _hands(conn: connection, asked: Asked) -> tuple[tuple[str, ...], str | None]:
    actor = actor_of(conn, asked.caller, now=asked.now, today=asked.today)
    return tuple(each.org.id for each in actor.memberships), asked.caller.person_id or None
