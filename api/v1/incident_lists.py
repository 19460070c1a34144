"""Lists of incidents over HTTP: the newest first, or a duty's work list, what is due soonest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Serving, Store
from api.parameters import refuse
from api.v1.answers import answer
from api.v1.incident_documents import view
from api.v1.incident_filter import NARROWED_BY, Narrowed
from api.v1.parameters import only
from api.who.caller import Right
from data.store.incident_list import Due, newest, soonest
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator

router = APIRouter(prefix="/v1/incidents", tags=["incidents"])


@router.get("", dependencies=[Depends(only(*NARROWED_BY, "sort", "before", "after", "limit", several=("state",)))])
def list_incidents(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    serving: Serving,
    narrowed: Narrowed,
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
    refuse(list(_faults(sort, is_open=narrowed.said.is_open, before=before, after=after)))
    place = None if after is None else Due.read(after, "after")
    with store.read(asked.scope) as conn:
        wanted = narrowed.filter(conn, asked)
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
