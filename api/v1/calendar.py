"""The work calendar over HTTP: the days of a year that are not what the week says, and when something is due by it.

One calendar serves the whole store. A year that the town states, with its holidays of fixed date, is all its own; any other
follows what was announced, as far as we know it, and says whether we do.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asked import Asking, Serving, Store
from api.idempotency import OnlyOnce
from api.loop import clock
from api.loop.calendar import OFFICE_HOURS, DayKind, calendar_from
from api.loop.clock import LONGEST, Unit
from api.matters.clocks import town_calendar
from api.v1.addresses import kept_apart
from api.v1.answers import answer
from api.v1.parameters import NO_NUL, Day, Moment, only
from api.who.caller import Right
from data.store import clock_tables
from data.store.clock_tables import StatedDay
from data.store.log import record
from gis.errors import InputError, ParameterError
from gis.finding import Finding, Severity, first_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import connection

    from api.loop.calendar import Sessions

router = APIRouter(prefix="/v1/calendar", tags=["calendar"], route_class=kept_apart())

MOST = 366
YEARS = range(2000, 2101)
_YEARS: dict[str, Any] = {"pattern": f"^({'|'.join(map(str, YEARS))})-"}
"""How a moment of these years is described."""
Year = Annotated[int, Path(ge=YEARS[0], le=YEARS[-1])]


_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
_SESSION = f"{_TIME}-({_TIME}|24:00)"
_SESSIONS: dict[str, Any] = {"pattern": f"^({_SESSION}( {_SESSION})*)?$"}
"""How the sessions of a day are described. All faults of a year come at once, so the model refuses none of them."""
_Hours = Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL), Field(json_schema_extra=_SESSIONS)]


_KINDS: list[dict[str, Any]] = [
    {"properties": {"kind": {"const": DayKind.WORKDAY}}},
    {"properties": {"kind": {"const": DayKind.RESTDAY}, "sessions": {"maxLength": 0}}},
]
"""Nobody works on a day of rest."""


class NewDay(BaseModel):
    """A day that is not what the week says; `sessions` as 08:30-12:00 13:30-17:30, where they are not the office's hours."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"anyOf": [*_KINDS]})

    day: Day
    kind: Annotated[str, StringConstraints(max_length=20, pattern=NO_NUL)] = Field(json_schema_extra={"enum": list(DayKind)})
    sessions: _Hours | None = None
    note: Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)] = ""


class YearOfDays(BaseModel):
    """The days of a year that the town states, in the place of those that it has stated before; none: what was announced."""

    model_config = ConfigDict(extra="forbid")

    days: list[NewDay] = Field(max_length=MOST)


@router.get("/due", dependencies=[Depends(only("start", "value", "unit"))])
def show_due(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    serving: Serving,
    start: Annotated[
        Moment, Query(description="A moment with its zone, as 2026-09-30T16:00:00+08:00.", json_schema_extra=_YEARS)
    ],
    value: Annotated[int, Query(ge=1, le=LONGEST)],
    unit: Annotated[Unit, Query()],
) -> Response:
    """Say when something is due that begins at `start`; `is_fallback` where the calendar does not know a year on the way."""
    asked.caller.require(Right.SEE_INTERNAL)
    if start.year not in YEARS:
        raise ParameterError("start", f"ask about the years {YEARS[0]} to {YEARS[-1]}")
    with store.read(asked.scope) as conn:
        calendar = serving.rules.deadlines(conn).calendar
    due = clock.due(start, clock.Limit(value, unit), calendar)
    return answer({"start": start, "value": value, "unit": unit, "due_at": due.at, "is_fallback": due.is_fallback})


@router.get("/{year}", dependencies=[Depends(only())])
def show_year(year: Year, asked: Asking, store: Store) -> Response:
    """Show the days of a year that are not what the week says; `is_covered` says whether its holidays are known."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        return _document(conn, year)


@router.put("/{year}", dependencies=[Depends(only())])
def state_year(year: Year, wanted: YearOfDays, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """State the days of a year, in the place of those stated before. Nothing is written where one of them has a fault."""
    asked.caller.require(Right.IMPORT_DATA)
    stated = [StatedDay(day=each.day, kind=each.kind, sessions=each.sessions or None, note=each.note) for each in wanted.days]
    _check(year, stated)

    def state(conn: connection) -> Response:
        clock_tables.state_days(conn, year, stated)
        body = {"days": [_day(each) for each in sorted(stated, key=lambda each: each.day)]}
        record(conn, "calendar.stated", path=None, subject=str(year), body=body)
        return _document(conn, year)

    with store.write(asked.acting(Right.IMPORT_DATA)) as conn:
        return once(conn, lambda: state(conn))


def _check(year: int, stated: Sequence[StatedDay]) -> None:
    """Raise `InputError` that names every fault of the days, those that lie in another year included."""
    found: list[Finding] = []
    for row, each in enumerate(stated, 1):
        if each.day.year != year:
            en, zh = f"Row {row} is {each.day}, which does not lie in {year}.", f"第{row}行为{each.day}，不在{year}年。"
            found.append(Finding(kind="calendar_year", severity=Severity.ERROR, en=en, zh=zh, row=row, field="day"))
    try:
        calendar_from((each.day, each.kind, each.sessions) for each in stated)
    except InputError as error:
        found += error.findings
    if found:
        raise InputError(f"The work calendar cannot be used: {first_of(found)}", found)


def _document(conn: connection, year: int) -> Response:
    every = clock_tables.days(conn)
    calendar = town_calendar((each.day, each.kind, each.sessions) for each in every)
    own = {each.day: each for each in every if each.day.year == year}
    days = [
        _day(own[day]) | {"is_default": False} if day in own else _default(day, sessions)
        for day, sessions in sorted(calendar.stated.items())
        if day.year == year
    ]
    first = date(year, 1, 1).toordinal()
    worked = sum(calendar.is_work_day(date.fromordinal(number)) for number in range(first, date(year, 12, 31).toordinal() + 1))
    return answer(
        {
            "year": year,
            "is_covered": year in calendar.years,
            "is_own": bool(own),
            "office_hours": _hours(calendar.office_hours),
            "work_days": worked,
            "days": days,
        }
    )


def _default(day: date, sessions: Sessions) -> dict[str, Any]:
    """Return a day that was announced, and that the town has left as it is."""
    kind = DayKind.WORKDAY if sessions else DayKind.RESTDAY
    usual = sessions in {(), OFFICE_HOURS}
    return _day(StatedDay(day=day, kind=kind, sessions=None if usual else _hours(sessions))) | {"is_default": True}


def _day(stated: StatedDay) -> dict[str, Any]:
    return {"day": stated.day.isoformat(), "kind": stated.kind, "sessions": stated.sessions, "note": stated.note}


def _hours(sessions: Sessions) -> str:
    return " ".join(f"{_clock(each.opens)}-{_clock(each.closes)}" for each in sessions)


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second % 3600 // 60:02}"
