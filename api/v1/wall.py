"""What a command centre's maps are made of: the ground of a day, what is open, and how it stood in the last hours.

All of it in columns, for pages with many thousand incidents; never a word that somebody wrote, nobody's name.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from starlette.requests import Request

from api.asked import Asking, Store
from api.duty.card import first_of
from api.duty.rule import Severity
from api.duty.town import staffed
from api.kept import Kept
from api.v1.parameters import NO_NUL, At, only
from api.wall_view import columns, ground_document
from api.who.caller import Right
from api.zipped import answer_once, answer_zipped, zipped
from data.store import matters, posts, staffing, stats, wall
from data.store.card import cards_of
from data.store.feed import now_at
from gis.errors import ParameterError

if TYPE_CHECKING:
    from datetime import date

    from psycopg2.extensions import connection

router = APIRouter(prefix="/v1/wall", tags=["wall"])

GROUND_BYTES = 64 << 20
"""Of the grounds that a process keeps packed; each is one net as one kind of caller sees it."""
MOST_NUMBERS = 200
MOST_HOURS = 72
MOST_GRIDS = 100
_CATEGORY = wall.CASE.index("category")
ROOMY_MS = 30_000

Area = Annotated[
    str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area; without one, all that you see.")
]


@router.get("/ground", dependencies=[Depends(only("at"))])
def show_ground(request: Request, asked: Asking, store: Store, at: At = None) -> Response:
    """Show the ground of a day as maps draw it: areas, grids in force, roads and rivers, of where you work.

    Coordinates are steps in micro-degrees from `origin`. The ETag changes when any of it does.
    """
    asked.caller.require(Right.WATCH)
    day = at or asked.today
    with store.read(asked.acting(Right.WATCH), ms=ROOMY_MS) as conn:
        mark = f'"{(stamp := wall.stamp(conn, day))}"'
        if request.headers.get("if-none-match") == mark:
            return Response(status_code=304, headers=_headers(mark))
        packed = _grounds(request).get(stamp, lambda: _packed(conn, day))
    return answer_zipped(request, packed, _headers(mark))


@router.get("/incidents", dependencies=[Depends(only("area", several=("no",)))])
def show_incidents(
    request: Request,
    asked: Asking,
    store: Store,
    area: Area = None,
    no: Annotated[
        list[Annotated[str, Query(max_length=100, pattern=NO_NUL)]] | None,
        Query(max_length=MOST_NUMBERS, description="Numbers of incidents: those, open or over, and no others."),
    ] = None,
) -> Response:
    """Show every open incident that you see, in columns, and the place in the events from which on to follow (`cursor`).

    `x`, `y` are micro-degrees (CGCS2000), moments seconds since 1970; a column `{of, at}` has each word once. An incident in no
    grid has an empty one. `categories` says what those are called that have a name.
    """
    asked.caller.require(Right.WATCH)
    if area is not None and no is not None:
        raise ParameterError("area", "say either an area or numbers")
    with store.read(asked.acting(Right.WATCH), ms=ROOMY_MS) as conn:
        cursor = now_at(conn)
        rows = wall.cases(conn, path=_path(conn, area)) if no is None else wall.cases_of(conn, no)
        names = matters.category_names(conn, sorted({row[_CATEGORY] for row in rows}))
    document = {
        "at": int(asked.now.timestamp()),
        "today": asked.today,
        "cursor": str(cursor),
        "categories": names,
        "incidents": columns(wall.CASE, rows),
    }
    return answer_once(request, document, _headers())


@router.get("/replay", dependencies=[Depends(only("area", "hours"))])
def show_replay(
    request: Request,
    asked: Asking,
    store: Store,
    area: Area = None,
    hours: Annotated[int, Query(ge=1, le=MOST_HOURS, description="How far back.")] = 24,
) -> Response:
    """Show how incidents stood in the last hours: each stretch of time in which one was open and nothing happened to it.

    `since` and `until` are seconds since 1970; `until` is null where it stands so yet.
    """
    asked.caller.require(Right.WATCH)
    since = asked.now - timedelta(hours=hours)
    with store.read(asked.acting(Right.WATCH), ms=ROOMY_MS) as conn:
        rows = wall.lives(conn, since=since, until=asked.now, path=_path(conn, area))
    document = {
        "from": int(since.timestamp()),
        "to": int(asked.now.timestamp()),
        "stretches": columns(wall.LIFE, rows),
    }
    return answer_once(request, document, _headers())


@router.get("/staffing", dependencies=[Depends(only("at"))])
def show_missing(request: Request, asked: Asking, store: Store, at: At = None) -> Response:
    """Show how many people each grid lacks by the rule that holds for it, as columns; null where no rule does."""
    asked.caller.require(Right.MANAGE_STAFF)
    day = at or asked.today
    with store.read(asked.acting(Right.MANAGE_STAFF), ms=ROOMY_MS) as conn:
        document = missing(conn, day)
    return answer_once(request, document, _headers())


@router.get("/workers", dependencies=[Depends(only("at", several=("grid",)))])
def show_workers(
    request: Request,
    asked: Asking,
    store: Store,
    grid: Annotated[
        list[Annotated[str, Query(max_length=60, pattern=NO_NUL)]],
        Query(min_length=1, max_length=MOST_GRIDS, description="Codes of grids."),
    ],
    at: At = None,
) -> Response:
    """Show the one name of each grid's public card that a map writes into it: the worker's, else a leader's."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope, ms=ROOMY_MS) as conn:
        found = first_of(cards_of(conn, grid, at or asked.today))
    return answer_once(request, {"grid": list(found), "name": list(found.values())}, _headers())


@router.get("/on-duty", dependencies=[Depends(only("at"))])
def show_present(request: Request, asked: Asking, store: Store, at: At = None) -> Response:
    """Show who has a post on which grid on a day and is not on leave, as columns of posts: people are numbers, not names.

    The same number is the same person, in this answer only. Where people are is not kept, and not told.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    day = at or asked.today
    with store.read(asked.acting(Right.SEE_INTERNAL), ms=ROOMY_MS) as conn:
        rows = [(grid, who, int(is_away)) for grid, who, is_away in posts.present_on(conn, day)]
    return answer_once(request, {"at": day, "posts": columns(("grid", "who", "away"), rows)}, _headers())


def missing(conn: connection, day: date) -> dict[str, Any]:
    """Return how many people each grid lacks on a day, as columns."""
    found = staffed(staffing.grids_on(conn, day), staffing.posts_on(conn, day), staffing.rules_on(conn, day))
    grids = found.staffing.grids
    gaps = [
        None if grid.rule is None else sum(gap.need - gap.have for gap in grid.gaps if gap.severity is Severity.ERROR)
        for grid in grids
    ]
    return {"at": day.isoformat(), "grid": [grid.code for grid in grids], "gap": gaps}


def _path(conn: connection, area: str | None) -> str | None:
    return None if area is None else stats.place_of(conn, area).path


def _grounds(request: Request) -> Kept[bytes]:
    state = request.app.state
    if not hasattr(state, "grounds"):
        state.grounds = Kept(GROUND_BYTES)
    return state.grounds


def _packed(conn: connection, day: date) -> bytes:
    document = ground_document(wall.areas(conn, day), wall.grids(conn, day), wall.lines(conn))
    return zipped(document)


def _headers(mark: str | None = None) -> dict[str, str]:
    headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie, Accept-Encoding"}
    return headers if mark is None else headers | {"ETag": mark}
