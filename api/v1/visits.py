"""Visits over HTTP (走访): who was reached and who is owed a visit, by the rules of the place.

Of a visit the day and the minutes are kept, no hour: hours in a row would be the way that somebody went.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asked import Asking, Serving, Store
from api.idempotency import OnlyOnce
from api.rounds.cadence import Target, nearest
from api.rounds.coverage import Tally, percent, sums_up
from api.rounds.visit import Delivery
from api.v1.answers import NEW_OR_THERE, answer, private
from api.v1.parameters import NO_NUL, SOMETHING, WHOLE, At, Day, Limit, only
from api.v1.tables import AS_CSV, AsTable, lines_of, table
from api.v1.visit_rules import Name, rules_for
from api.who.caller import Right
from api.who.caller import within as lies_in
from data.store import staffing, visits
from data.store.plans import path_named
from data.store.pool import BULK_MS
from data.store.profiles import profiles_on
from data.store.sql import many
from gis.errors import ParameterError, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg2.extensions import connection

    from api.asked import Asked
    from data.store.scope import Scope

router = APIRouter(prefix="/v1/visits", tags=["visits"])

Grid = Annotated[str, StringConstraints(max_length=60, pattern=NO_NUL)]
TargetId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=SOMETHING)]
AreaAsked = Annotated[
    str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area; all of yours without it.")
]
_Grid = Annotated[str | None, Query(max_length=60, pattern=NO_NUL)]

OLDEST = timedelta(days=366)
"""How late a visit may be told: terminals are without a network for days, and nobody writes last year's book."""


class Purpose(StrEnum):
    """Why somebody comes (信息采集、人员走访、政策宣传、矛盾调处、政务受理)."""

    COLLECTION = "collection"
    CALL = "call"
    PUBLICITY = "publicity"
    MEDIATION = "mediation"
    SERVICE = "service"


class Member(StrEnum):
    """Who must be in a grid's group, beside the households."""

    LINKED_OFFICIAL = "linked_official"
    DISCIPLINE_OFFICIAL = "discipline_official"
    DEPUTY_OR_DELEGATE = "deputy_or_delegate"
    SOCIAL_WORK = "social_work"
    POWER = "power"
    PROPERTY = "property"


class Place(BaseModel):
    """What was visited: a household point by its id, or a unit by a name of its own; never a person."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["household_point", "unit"]
    id: TargetId


class NewVisit(BaseModel):
    """A visit; of the caller, unless they manage staff and say whose. `incident` is the one that made it due.

    `delivery` is what it brought to the home, where it did (四到户).
    """

    model_config = ConfigDict(extra="forbid")

    grid: Grid
    target: Place
    purpose: Purpose
    delivery: Delivery | None = None
    day: Day | None = None
    minutes: Annotated[int, Field(strict=True, ge=0, le=720), WHOLE] = 0
    incident: Name | None = None
    staff: UUID | None = None
    client_uuid: UUID | None = None


# --- visits ---------------------------------------------------------------------------------------------------------------


@router.post("", status_code=201, responses=NEW_OR_THERE, dependencies=[Depends(only())])
def add_visit(wanted: NewVisit, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Write down a visit. What a terminal sent before is not made twice (200)."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    day = told_day(wanted.day, asked)
    with store.write(acting_for(asked, wanted.staff)) as conn:

        def write() -> Response:
            staff = staff_meant(conn, asked, wanted.staff)
            visit, is_new = visits.add_visit(
                conn,
                visits.NewVisit(
                    grid=wanted.grid,
                    kind=wanted.target.kind,
                    target=wanted.target.id,
                    purpose=str(wanted.purpose),
                    day=day,
                    minutes=wanted.minutes,
                    staff=staff,
                    delivery=None if wanted.delivery is None else str(wanted.delivery),
                    incident=wanted.incident,
                    client_uuid=None if wanted.client_uuid is None else str(wanted.client_uuid),
                ),
            )
            return answer({"id": visit, "is_new": is_new, "day": day}, status=201 if is_new else 200)

        return once(conn, write)


@router.get("", dependencies=[Depends(only("area", "grid", "kind", "mine", "from", "to", "before", "limit"))])
def list_visits(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    area: AreaAsked = None,
    grid: _Grid = None,
    kind: Annotated[Literal["household_point", "unit"] | None, Query()] = None,
    mine: Annotated[bool, Query(description="Only your own.")] = False,  # noqa: FBT002
    first: Annotated[Day | None, Query(alias="from")] = None,
    last: Annotated[Day | None, Query(alias="to")] = None,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="From where the page before ended.")] = None,
    limit: Limit = 100,
) -> Response:
    """List the visits that you may see, the newest first: your own, those of your grids, and those where you plan."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        staff = staff_meant(conn, asked, None) if mine else None
        found = visits.visits(
            conn,
            area=path_named(conn, area),
            grid=grid,
            kind=kind,
            staff=staff,
            first=first,
            last=last,
            before=before,
            limit=limit + 1,
        )
    shown = found[:limit]
    return private(answer({"visits": [asdict(each) for each in shown], "next": shown[-1].id if len(found) > limit else None}))


@router.get("/coverage", dependencies=[Depends(only("area", "at", "f"))], responses=AS_CSV)
def show_coverage(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking, store: Store, serving: Serving, wish: AsTable, area: AreaAsked = None, at: At = None
) -> Response:
    """Show how many household points were visited in the period that holds there, and how many households are in the groups.

    Grid by grid, and for every area: each is the sum of what lies in it. As CSV: a line for each grid.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    day = at or asked.today
    with store.read(asked.scope, ms=BULK_MS) as conn:
        top = path_named(conn, area) or ""
        rules = rules_for(conn, Target.HOUSEHOLD_POINT)
        since = {path: rule.since(day) for path, rule in rules.items()}
        rows = visits.coverage(conn, area=top, day=day, until=_end(day, serving.settings.zone), since=since)
        present = visits.members(conn, top)
        codes = codes_by_path(conn)
    tallies = [Tally(points=row.points, visited=row.visited, households=row.households, in_group=row.in_group) for row in rows]
    sums = sums_up(zip((row.path for row in rows), tallies, strict=True), top)
    grids = [
        {
            "grid": row.grid,
            "community": codes.get(row.path),
            "since": row.since,
            "rolling": nearest(rules, row.path).is_rolling,
            **_figures(tally),
            "members_missing": [each for each in Member if each not in present.get(row.grid, ())],
        }
        for row, tally in zip(rows, tallies, strict=True)
    ]
    areas = [{"area": codes[path], **_figures(tally)} for path, tally in sorted(sums.items()) if path in codes]
    document = {"at": day, "total": _figures(sums[top]), "areas": areas, "grids": grids}
    return table(wish, document, grids, name=f"visits-{day}")


@router.get("/deliveries", dependencies=[Depends(only("area", "from", "to"))])
def show_deliveries(
    asked: Asking,
    store: Store,
    area: AreaAsked = None,
    first: Annotated[Day | None, Query(alias="from", description="The first day; New Year where it is left out.")] = None,
    last: Annotated[Day | None, Query(alias="to", description="The last day; today where it is left out.")] = None,
) -> Response:
    """Show what was brought to homes and units (四到户), grid by grid: to how many, of the visits that you may see.

    `missing` is what the place wants brought and nobody in the grid was.
    """
    asked.caller.require(Right.HANDLE_INCIDENTS)
    until = last or asked.today
    with store.read(asked.scope, ms=BULK_MS) as conn:
        path = path_named(conn, area)
        rows = visits.deliveries(conn, area=path, first=first or date(until.year, 1, 1), last=until)
        known = profiles_on(conn, asked.today)
        said = [(each.path, each.doc["visits"]["deliveries"]) for each in known if each.doc.get("visits", {}).get("deliveries")]
        grids = {grid.code: grid.path for grid in staffing.grids_on(conn, asked.today, area=path)}
    brought: dict[str, dict[str, int]] = {}
    for grid, at, delivery, count in rows:
        grids.setdefault(grid, at)
        brought.setdefault(grid, {})[delivery] = count
    listed = [
        {
            "grid": grid,
            "brought": brought.get(grid, {}),
            "missing": [each for each in _wanted(said, at) if each not in brought.get(grid, {})],
        }
        for grid, at in sorted(grids.items())
    ]
    return private(answer({"from": first or date(until.year, 1, 1), "to": until, "grids": listed}))


@router.get("/due", dependencies=[Depends(only("grid", "at", "after", "limit", "f"))], responses=AS_CSV)
def show_due(  # noqa: PLR0917 - FastAPI passes by name
    grid: Annotated[str, Query(max_length=60, pattern=NO_NUL)],
    asked: Asking,
    store: Store,
    serving: Serving,
    wish: AsTable,
    at: At = None,
    after: Annotated[str, Query(max_length=200, pattern=NO_NUL, description="`next` of the page before.")] = "",
    limit: Limit = 100,
) -> Response:
    """Show which household points of a grid are owed a visit on a day: to those with a post on it, and to who plans there.

    As CSV: all of them.
    """
    limit = lines_of(wish, limit)
    asked.caller.require(Right.HANDLE_INCIDENTS)
    day = at or asked.today
    with store.read(asked.scope) as conn:
        path = visits.grid_path(conn, grid, day)
        rule = nearest(rules_for(conn, Target.HOUSEHOLD_POINT), path)
        found = visits.homes_due(
            conn,
            grid,
            day=day,
            until=_end(day, serving.settings.zone),
            since=rule.since(day),
            after=after,
            limit=limit + 1,
        )
    shown = found[:limit]
    more = shown[-1].target if len(found) > limit else None
    rows = [asdict(each) for each in shown]
    document = {"grid": grid, "at": day, "since": rule.since(day), "due": rows, "next": more}
    return private(table(wish, document, rows, name=f"due-{grid}-{day}", first_by="target" if more else ""))


@router.get("/called-for", dependencies=[Depends(only("area", "grid", "limit", "f"))], responses=AS_CSV)
def show_called_for(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    serving: Serving,
    wish: AsTable,
    area: AreaAsked = None,
    grid: _Grid = None,
    limit: Limit = 100,
) -> Response:
    """Show what cannot wait for its turn: incidents that ask for a visit, and key incidents not reported on today.

    As CSV: the visits alone.
    """
    limit = lines_of(wish, limit)
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        path, zone = path_named(conn, area), serving.settings.zone
        due = visits.incidents_due(conn, area=path, grid=grid, zone=zone, limit=limit + 1)
        categories = {at: rule.categories for at, rule in rules_for(conn, Target.KEY_INCIDENT).items()}
        key = visits.key_incidents_due(
            conn, area=path, grid=grid, categories=categories, now=asked.now, day=asked.today, zone=zone, limit=limit
        )
    visits_due = [{**asdict(each), "overdue": each.due < asked.today} for each in due[:limit]]
    unreported = [{"no": each.no, "grid": each.grid, "category": each.category} for each in key]
    document = {"at": asked.today, "visits": visits_due, "unreported": unreported}
    return table(wish, document, visits_due, name=f"called-for-{asked.today}", first_by="due" if len(due) > limit else "")


# --- for these routes and those of patrols ----------------------------------------------------------------------------------


def told_day(day: date | None, asked: Asked) -> date:
    """Return the day of something that was done: today where none is said; not one to come, and not one of long ago."""
    if day is None:
        return asked.today
    if not asked.today - OLDEST <= day <= asked.today:
        raise ParameterError("day", f"write a day from {asked.today - OLDEST} to {asked.today}")
    return day


def acting_for(asked: Asked, staff: UUID | None) -> Scope:
    """Return for whom a transaction speaks that writes down what somebody did: for others only who manages staff."""
    if staff is None:
        return asked.acting(Right.HANDLE_INCIDENTS)
    asked.caller.require(Right.MANAGE_STAFF)
    return asked.acting(Right.HANDLE_INCIDENTS, Right.MANAGE_STAFF)


def staff_meant(conn: connection, asked: Asked, staff: UUID | None) -> str:
    """Return the worker that is meant: the caller, where none is named."""
    found = str(staff) if staff is not None else visits.staff_of(conn, asked.caller.person_id)
    if found is None:
        raise Refused("you are not among the staff; say whose visit it is", code="not-staff")
    return found


def codes_by_path(conn: connection) -> dict[str, str]:
    """Return the codes of the areas that the caller sees, by path."""
    return dict(many(conn, "SELECT path::text, code FROM wangge.area"))


def _wanted(said: Sequence[tuple[str, Sequence[str]]], path: str) -> Sequence[str]:
    """Return what the nearest of some areas wants brought at a path."""
    return next((wanted for area, wanted in said if lies_in(path, area)), ())


def _end(day: date, zone: str) -> datetime:
    """Return the moment at which a day is over."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))


def _figures(tally: Tally) -> Mapping[str, Any]:
    return {
        **asdict(tally),
        "due": tally.points - tally.visited,
        "visit_coverage": percent(tally.visited, tally.points),
        "group_coverage": percent(tally.in_group, tally.households),
    }
