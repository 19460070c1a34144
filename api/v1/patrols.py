"""Patrols over HTTP (巡查): minutes of a day in a grid, said once; and how many days were met. No way, no hour, no ranking."""

from __future__ import annotations

import base64
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from api.asked import Asking, Serving, Store
from api.idempotency import OnlyOnce
from api.rounds.cadence import Target, nearest
from api.rounds.coverage import percent
from api.rounds.patrol import is_met, work_days
from api.v1.answers import answer, private
from api.v1.parameters import NO_NUL, WHOLE, Day, Limit, only
from api.v1.visit_rules import rules_for
from api.v1.visits import acting_for, staff_meant, told_day
from api.who.caller import Right
from data.store import visits
from data.store.plans import path_named
from data.store.sql import many
from gis.errors import ParameterError

router = APIRouter(prefix="/v1/patrols", tags=["patrols"])

MOST_DAYS = 366
_Area = Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area; all of yours without it.")]
_PLACE = TypeAdapter(tuple[date, UUID])


class Patrol(BaseModel):
    """How many minutes of a day somebody patrolled a grid, in all: said again, it replaces what was said before."""

    model_config = ConfigDict(extra="forbid")

    grid: Annotated[str, StringConstraints(max_length=60, pattern=NO_NUL)]
    minutes: Annotated[int, Field(strict=True, ge=0, le=1440), WHOLE]
    day: Day | None = None
    staff: UUID | None = None


@router.put("", dependencies=[Depends(only())])
def tell_patrol(wanted: Patrol, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Say how long a grid was patrolled on a day; of the caller, unless they manage staff and say whose."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    day = told_day(wanted.day, asked)
    with store.write(acting_for(asked, wanted.staff)) as conn:

        def write() -> Response:
            staff = staff_meant(conn, asked, wanted.staff)
            visits.set_patrol(conn, staff=staff, grid=wanted.grid, day=day, minutes=wanted.minutes, now=asked.now)
            return answer({"grid": wanted.grid, "day": day, "minutes": wanted.minutes})

        return once(conn, write)


@router.get("", dependencies=[Depends(only("from", "to", "area", "mine", "after", "limit"))])
def list_days(  # noqa: PLR0917 - FastAPI passes by name
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day, Query(alias="to")],
    asked: Asking,
    store: Store,
    area: _Area = None,
    mine: Annotated[bool, Query(description="Only your own.")] = False,  # noqa: FBT002
    after: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> Response:
    """List days with the minutes of their patrols and visits: your own, and of those whom you direct."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    _span(first, last)
    with store.read(asked.scope) as conn:
        staff = staff_meant(conn, asked, None) if mine else None
        rules = rules_for(conn, Target.PATROL)
        rows = visits.days_out(
            conn, area=path_named(conn, area), staff=staff, first=first, last=last, after=_unsealed(after), limit=limit + 1
        )
        employed = dict(many(conn, "SELECT id::text, path::text FROM wangge.staff WHERE id = ANY (%s::uuid[])",
                             [list({row[1] for row in rows})]))  # fmt: skip
    shown = rows[:limit]
    days = [
        {
            "day": day,
            "staff": person,
            "patrol_minutes": patrolled,
            "visit_minutes": visited,
            "met": is_met(patrolled + visited, nearest(rules, employed.get(person, "")).minutes or 0),
        }
        for day, person, patrolled, visited in shown
    ]
    more = _sealed(shown[-1][0], shown[-1][1]) if len(rows) > limit else None
    return private(answer({"days": days, "next": more}))


@router.get("/compliance", dependencies=[Depends(only("from", "to", "area"))])
def show_compliance(  # noqa: PLR0917 - FastAPI passes by name
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day, Query(alias="to")],
    asked: Asking,
    store: Store,
    serving: Serving,
    area: _Area = None,
) -> Response:
    """Show how many work days full-time workers owed a patrol and how many were met, by the area that employs them.

    Rest days and days of leave are owed nothing. `is_stated` is false where the calendar does not know one of the years.
    """
    asked.caller.require(Right.MANAGE_STAFF)
    _span(first, last)
    with store.read(asked.acting(Right.MANAGE_STAFF)) as conn:
        days = work_days(serving.rules.deadlines(conn).calendar, first, last)
        wanted = {path: rule.minutes or 0 for path, rule in rules_for(conn, Target.PATROL).items()}
        rows = visits.patrols_met(conn, area=path_named(conn, area), days=days.days, minutes=wanted)
        codes = dict(many(conn, "SELECT path::text, code FROM wangge.area"))
    owed, met = sum(row[1] for row in rows), sum(row[2] for row in rows)
    areas = [
        {"area": codes.get(path), "owed": one, "met": other, "patrol_compliance": percent(other, one)}
        for path, one, other in rows
    ]
    total = {"owed": owed, "met": met, "patrol_compliance": percent(met, owed)}
    return answer({"work_days": len(days.days), "is_stated": days.is_stated, "total": total, "areas": areas})


def _span(first: date, last: date) -> None:
    if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
        raise ParameterError("to", f"write a day from `from` on, and within {MOST_DAYS} days")


def _sealed(day: date, staff: str) -> str:
    """Return a place in the list as a word for addresses. It needs no signature: it shows nothing."""
    return base64.urlsafe_b64encode(orjson.dumps([day.isoformat(), staff])).decode().rstrip("=")


def _unsealed(text: str | None) -> tuple[date, str] | None:
    if text is None:
        return None
    try:
        day, staff = _PLACE.validate_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        raise ParameterError("after", "this is no `next` of a page; begin at the first", code="invalid-cursor") from None
    return day, str(staff)
