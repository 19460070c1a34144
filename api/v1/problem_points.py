"""Problem points over HTTP (网格治理问题清单): dirty, messy, poor places, joined where they are one, and who mends them."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import numpy as np
from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asked import Asking, Store
from api.desk_view import org_labels
from api.idempotency import OnlyOnce
from api.v1.answers import NEW_OR_THERE, answer, precondition, tag
from api.v1.parameters import NO_NUL, SOMETHING, Day, Latitude, Limit, Longitude, only
from api.v1.tables import AS_CSV, AsTable, lines_of, table
from api.who.caller import Right
from data.store import problem_points
from data.store.incidents import find_place, orgs_named
from data.store.plans import area_named, path_named
from gis.chinese_frames import SHIFTED, to_wgs84
from gis.errors import Conflict, ParameterError

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from data.store.problem_points import Cluster

router = APIRouter(prefix="/v1/problem-points", tags=["problem points"])

IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the cluster as you have seen it.")]
_Area = Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area; all of yours without it.")]
_Before = Annotated[int | None, Query(ge=1, le=2**63 - 1, description="From where the page before ended.")]
_Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


class Class(StrEnum):
    """What is wrong (脏、乱、差)."""

    DIRTY = "dirty"
    MESSY = "messy"
    POOR = "poor"


class State(StrEnum):
    """Where the mending stands: nobody's yet, planned, done, and found in order."""

    FOUND = "found"
    PLANNED = "planned"
    RECTIFIED = "rectified"
    CLEARED = "cleared"


_AFTER = {
    State.FOUND: {State.FOUND, State.PLANNED},
    State.PLANNED: {State.PLANNED, State.RECTIFIED},
    # What was done badly is planned again.
    State.RECTIFIED: {State.RECTIFIED, State.CLEARED, State.PLANNED},
    State.CLEARED: set[State](),
}


class NewPoint(BaseModel):
    """A place where something is wrong."""

    model_config = ConfigDict(extra="forbid")

    kind: Class
    lon: Longitude
    lat: Latitude
    coord_sys: Literal["wgs84", "cgcs2000", "gcj02", "bd09"] = "wgs84"
    note: Annotated[str, StringConstraints(max_length=1000, pattern=NO_NUL)] = ""
    client_uuid: UUID | None = None


class Gathering(BaseModel):
    """Which points are to be joined: those of an area that are no farther from each other than this, in metres."""

    model_config = ConfigDict(extra="forbid")

    area: Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)]
    within_m: float = Field(default=50, strict=True, gt=0, le=1000, allow_inf_nan=False)


class Mending(BaseModel):
    """Who mends a cluster, how, by when, and where that stands."""

    model_config = ConfigDict(extra="forbid")

    department: Annotated[str, StringConstraints(max_length=110, pattern=NO_NUL)]
    measure: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=SOMETHING)]
    deadline: Day
    state: State = State.PLANNED


@router.post("", status_code=201, responses=NEW_OR_THERE, dependencies=[Depends(only())])
def add_point(wanted: NewPoint, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Write down a place where something is wrong; its grid is found by the place. Sent twice it is one point (200)."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    lon, lat = wanted.lon, wanted.lat
    if wanted.coord_sys in SHIFTED:
        ((lon, lat),) = to_wgs84(np.array([[lon, lat]]), wanted.coord_sys).tolist()

    def write(conn: connection) -> Response:
        found = find_place(conn, lon, lat, day=asked.today, now=asked.now)
        if "community" not in found.areas:
            raise ParameterError("lon", "there is no community at this place", code="out-of-area")
        asked.caller.require(Right.HANDLE_INCIDENTS, found.path)
        number, is_new = problem_points.add(
            conn,
            at=(lon, lat),
            path=found.path,
            grid=found.grid_code,
            kind=str(wanted.kind),
            note=wanted.note,
            day=asked.today,
            client_uuid=None if wanted.client_uuid is None else str(wanted.client_uuid),
        )
        return answer({"id": number, "is_new": is_new, "grid": found.grid_code}, status=201 if is_new else 200)

    with store.write(asked.acting(Right.HANDLE_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


@router.get("", dependencies=[Depends(only("area", "grid", "kind", "before", "limit"))])
def list_points(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    area: _Area = None,
    grid: Annotated[str | None, Query(max_length=60, pattern=NO_NUL)] = None,
    kind: Annotated[Class | None, Query()] = None,
    before: _Before = None,
    limit: Limit = 100,
) -> Response:
    """List problem points, the newest first."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        rows = problem_points.listed(conn, area=path_named(conn, area), grid=grid, kind=kind, before=before, limit=limit + 1)
    shown = rows[:limit]
    more = shown[-1].id if len(rows) > limit else None
    return answer({"points": [asdict(each) for each in shown], "next": more})


@router.get("/clusters", dependencies=[Depends(only("area", "kind", "state", "before", "limit", "f"))], responses=AS_CSV)
def list_clusters(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    wish: AsTable,
    area: _Area = None,
    kind: Annotated[Class | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
    before: _Before = None,
    limit: Limit = 100,
) -> Response:
    """List clusters, the newest first: who mends them, how, by when, and where that stands. As CSV: all of them.

    `orgs` says what those are called who mend them.
    """
    asked.caller.require(Right.HANDLE_INCIDENTS)
    limit = lines_of(wish, limit)
    with store.read(asked.scope) as conn:
        rows = problem_points.clusters(
            conn, area=path_named(conn, area), kind=kind, state=state, before=before, limit=limit + 1
        )
        shown = rows[:limit]
        called = org_labels(conn, {each.department for each in shown if each.department is not None}, asked)
    more = shown[-1].id if len(rows) > limit else None
    found = [_view(each) | {"overdue": _overdue(each, asked.today)} for each in shown]
    document = {"clusters": found, "orgs": called, "next": more}
    return table(wish, document, found, name=f"problem-clusters-{asked.today}", first_by="newest" if more else "")


@router.post("/clusters", dependencies=[Depends(only())])
def gather(wanted: Gathering, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Join points that are near each other and of one class; a point near an open cluster joins it, one alone makes its own."""
    asked.caller.require(Right.DISPATCH_INCIDENTS)

    def write(conn: connection) -> Response:
        area = area_named(conn, wanted.area)
        asked.caller.require(Right.DISPATCH_INCIDENTS, area.path)
        made = problem_points.gather(conn, area=area.path, within_m=wanted.within_m, now=asked.now)
        return answer({"area": area.code, "within_m": wanted.within_m, "made": made})

    with store.write(asked.acting(Right.DISPATCH_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


@router.get("/clusters/{number}", dependencies=[Depends(only())])
def show_cluster(number: _Number, asked: Asking, store: Store) -> Response:
    """Show a cluster."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        it = problem_points.cluster(conn, number)
    return answer(_view(it) | {"overdue": _overdue(it, asked.today)}, etag=tag(it.id, it.revision))


@router.put("/clusters/{number}", dependencies=[Depends(only())])
def mend(  # noqa: PLR0917 - FastAPI passes by name
    number: _Number, wanted: Mending, asked: Asking, store: Store, once: OnlyOnce, if_match: IfMatch = None
) -> Response:
    """Say who mends a cluster, how and by when, and where that stands: found, planned, rectified, cleared, in this order."""
    asked.caller.require(Right.DISPATCH_INCIDENTS)

    def write(conn: connection) -> Response:
        it = problem_points.cluster(conn, number, lock=True)
        precondition(if_match, tag(it.id, it.revision))
        allowed = _AFTER[State(it.state)]
        if wanted.state not in allowed:
            raise Conflict(
                f"a cluster that is {it.state} cannot be {wanted.state} now", code="illegal-transition", allowed=sorted(allowed)
            )
        if not any(kind == "department" for _, kind, _, _ in orgs_named(conn, [wanted.department])):
            raise ParameterError("department", f"there is no department {wanted.department}", code="unknown-party")
        row: dict[str, Any] = {**wanted.model_dump(), "state": str(wanted.state)}
        problem_points.change(conn, it, row, asked.now)
        made = problem_points.cluster(conn, number)
        return answer(_view(made) | {"overdue": _overdue(made, asked.today)}, etag=tag(made.id, made.revision))

    with store.write(asked.acting(Right.DISPATCH_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


def _overdue(it: Cluster, today: Day) -> bool:
    return it.deadline is not None and it.deadline < today and it.state in {State.FOUND, State.PLANNED}


def _view(it: Cluster) -> dict[str, Any]:
    return {name: value for name, value in asdict(it).items() if name not in {"path", "revision"}}
