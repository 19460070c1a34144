"""Duties over HTTP (例会、巡查走访、信息采集报送): what is owed in each period, what was done, and what is overdue."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asked import Asking, Serving, Store
from api.duty.roles import DutyRole
from api.idempotency import OnlyOnce
from api.rounds.duty import LONGEST_NAME, MOST_TIMES, Each, Every, Kind, duty_from, period_of, spans
from api.v1.answers import NEW_OR_THERE, answer, private
from api.v1.parameters import NO_NUL, SOMETHING, WHOLE, At, Code, Day, Limit, only
from api.v1.tables import AS_CSV, AsTable, table
from api.v1.visits import codes_by_path, told_day
from api.who.caller import Right
from api.who.caller import within as lies_in
from data.store import duties
from data.store.plans import area_named, path_named
from data.store.pool import BULK_MS
from data.store.scope import speak
from gis.errors import Conflict, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from psycopg2.extensions import connection

    from api.loop.calendar import Calendar
    from api.rounds.duty import Span
    from data.store.duties import PlanRow

router = APIRouter(prefix="/v1/duties", tags=["duties"])

_Area = Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area; all of yours without it.")]
_From = Annotated[Day | None, Query(alias="from", description="The first day that counts; New Year where it is left out.")]
_LONGEST = timedelta(days=731)
Name = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,39}$", description="What the area calls the duty.")]


class NewDuty(BaseModel):
    """What is owed from a day on, so many times in every period, in the place of what the area said under the code before.

    `each`: by the area itself, or by each of these in it. `role`: who of them does it; whoever works there where it is left
    out. `workdays`: by the last work day of the period, and not at all in one that has none.
    """

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME, pattern=SOMETHING)]
    kind: Kind
    every: Every
    times: Annotated[int, Field(strict=True, ge=1, le=MOST_TIMES), WHOLE] = 1
    each: Each = Each.AREA
    role: DutyRole | None = None
    workdays: bool = Field(default=False, strict=True)
    valid_from: Day | None = Field(default=None, description="Today, where it is left out.")


class Done(BaseModel):
    """That it was done: by a grid, a community, a street, a unit (its code); of what the area itself owes it is the area."""

    model_config = ConfigDict(extra="forbid")

    target: Annotated[str, StringConstraints(min_length=1, max_length=110, pattern=NO_NUL)] | None = None
    day: Day | None = None
    note: Annotated[str, StringConstraints(max_length=1000, pattern=NO_NUL)] = ""
    client_uuid: UUID | None = None


@router.get("", dependencies=[Depends(only("area", "from", "at", "f"))], responses=AS_CSV)
def list_duties(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking, store: Store, serving: Serving, wish: AsTable, area: _Area = None, since: _From = None, at: At = None
) -> Response:
    """List duties with what is done and what is overdue: of the periods that were over by a day, and of the one that runs.

    A period counts from its last day on, and from its last work day where the duty is owed on those alone. `areas` add up.
    As CSV: a line for each duty, without them.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    day = _day(at, asked.today)
    first = _first(since, day)
    with store.read(asked.acting(Right.SEE_INTERNAL), ms=BULK_MS) as conn:
        here = path_named(conn, area)
        calendar = serving.rules.read(conn).deadlines.calendar
        codes = codes_by_path(conn)
        found = [
            _summary(conn, plan, calendar, codes, here=here, first=first, day=day)
            for plan in duties.plans(conn, first=first, last=day, area=here)
        ]
    document = {"at": day, "from": first, "duties": found, "calendar_unknown": not calendar.covers(first, day)}
    lines = [{name: value for name, value in each.items() if name != "areas"} for each in found]
    return table(wish, document, lines, name=f"duties-{day}")


@router.put("/{area}/{code}", dependencies=[Depends(only())])
def state_duty(  # noqa: PLR0917 - FastAPI passes by name
    area: Code, code: Name, wanted: NewDuty, asked: Asking, store: Store, once: OnlyOnce
) -> Response:
    """Say what is owed in an area under a code, from a day on; it may be the first day of the period that runs."""
    asked.caller.require(Right.MANAGE_STAFF)
    said = wanted.model_dump(exclude={"valid_from", "role"}) | {"role": wanted.role or ""}
    duty = duty_from(said)
    day = wanted.valid_from or asked.today

    def write(conn: connection) -> Response:
        place = area_named(conn, area)
        asked.caller.require(Right.MANAGE_STAFF, place.path)
        known = duties.plans(conn, first=day, last=date.max, of=place.id, code=code)
        # A first statement may reach back into the running year: nothing was said of those days. A change may not.
        if day < (asked.today if known else date(asked.today.year, 1, 1)):
            raise Conflict(f"a duty is stated from this year on, and changed from today ({asked.today})", code="past-day")
        duties.state(conn, place, code, duty.as_json(), day=day)
        return answer(_view(duties.plan_of(conn, place, code, day)))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: write(conn))


@router.delete("/{area}/{code}", dependencies=[Depends(only())])
def end_duty(area: Code, code: Name, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """End a duty: from today on nothing is owed under its code; what was done and what is overdue stays."""
    asked.caller.require(Right.MANAGE_STAFF)

    def write(conn: connection) -> Response:
        place = area_named(conn, area)
        asked.caller.require(Right.MANAGE_STAFF, place.path)
        plan = duties.plan_of(conn, place, code, asked.today)
        duties.state(conn, place, code, None, day=asked.today)
        return answer(_view(plan) | {"valid_to": asked.today})

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: write(conn))


@router.post("/{area}/{code}/log", status_code=201, responses=NEW_OR_THERE, dependencies=[Depends(only())])
def log_duty(  # noqa: PLR0917 - FastAPI passes by name
    area: Code, code: Name, wanted: Done, asked: Asking, store: Store, once: OnlyOnce
) -> Response:
    """Say that a duty was done: who has the role there, or manages staff. What was sent before is not made twice (200)."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    day = told_day(wanted.day, asked)

    def write(conn: connection) -> Response:
        plan = duties.plan_of(conn, area_named(conn, area), code, day)
        target = wanted.target or (plan.area if plan.says["each"] == Each.AREA else "")
        path = duties.target_path(conn, plan, target, day)
        asked.caller.require(Right.HANDLE_INCIDENTS, path)
        if asked.caller.may(Right.MANAGE_STAFF, path):
            speak(conn, asked.acting(Right.HANDLE_INCIDENTS, Right.MANAGE_STAFF))
        made = duties.NewLog(
            target=target,
            path=path,
            day=day,
            note=wanted.note,
            actor=asked.caller.person_id,
            client_uuid=None if wanted.client_uuid is None else str(wanted.client_uuid),
        )
        number, is_new = duties.add(conn, plan, made, now=asked.now)
        speak(conn, asked.acting(Right.HANDLE_INCIDENTS))
        return answer({"id": number, "is_new": is_new, "target": target, "day": day}, status=201 if is_new else 200)

    with store.write(asked.acting(Right.HANDLE_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


@router.get("/{area}/{code}/log", dependencies=[Depends(only("within", "before", "limit"))])
def list_log(  # noqa: PLR0917 - FastAPI passes by name
    area: Code,
    code: Name,
    asked: Asking,
    store: Store,
    within: _Area = None,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="From where the page before ended.")] = None,
    limit: Limit = 100,
) -> Response:
    """List what was done of a duty, the newest first."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.acting(Right.SEE_INTERNAL)) as conn:
        plan = duties.plan_of(conn, area_named(conn, area), code, asked.today)
        rows = duties.logs(conn, plan, area=path_named(conn, within), before=before, limit=limit + 1)
    shown = [dict(zip(("id", "target", "day", "note"), row, strict=True)) for row in rows[:limit]]
    return private(answer({"log": shown, "next": shown[-1]["id"] if len(rows) > limit else None}))


@router.get("/{area}/{code}/overdue", dependencies=[Depends(only("within", "from", "at", "limit"))])
def list_overdue(  # noqa: PLR0917 - FastAPI passes by name
    area: Code,
    code: Name,
    asked: Asking,
    store: Store,
    serving: Serving,
    within: _Area = None,
    since: _From = None,
    at: At = None,
    limit: Limit = 100,
) -> Response:
    """List who has done less of a duty than was owed in periods that were over by a day, the latest period first."""
    asked.caller.require(Right.SEE_INTERNAL)
    day = _day(at, asked.today)
    first = _first(since, day)
    with store.read(asked.acting(Right.SEE_INTERNAL), ms=BULK_MS) as conn:
        here, place = path_named(conn, within), area_named(conn, area)
        calendar = serving.rules.read(conn).deadlines.calendar
        found = [
            each
            for plan in duties.plans(conn, first=first, last=day, of=place.id, code=code)
            for each in duties.short(
                conn, plan, _bounds(_periods(plan, calendar, first, day)[0]), area=here, today=day, limit=limit
            )
        ]
    latest = sorted(found, key=lambda each: each.since, reverse=True)[:limit]
    return answer({"at": day, "from": first, "overdue": [asdict(each) | {"missing": each.owed - each.done} for each in latest]})


def _day(at: date | None, today: date) -> date:
    if at is not None and at > today:
        raise ParameterError("at", f"nothing is known of {at} yet; today is {today}", code="future-day")
    return at or today


def _first(since: date | None, day: date) -> date:
    first = since or date(day.year, 1, 1)
    if not timedelta(0) <= day - first <= _LONGEST:
        raise ParameterError(
            "from", "write a day that is not after `at`, and not more than two years before", code="empty-window"
        )
    return first


def _periods(plan: PlanRow, calendar: Calendar, first: date, day: date) -> tuple[list[Span], Span | None]:
    """Return the periods of a duty that were over by a day, from `first` on, and the one that runs on it."""
    duty = duty_from(plan.says)
    found = spans(
        duty,
        calendar,
        valid=(plan.began, plan.valid_to),
        first=max(first, plan.valid_from),
        last=period_of(duty.every, day)[1] - timedelta(days=1),
    )
    over, running = [], None
    for each in found:
        if each.deadline < day:
            over.append(each)
        elif each.since <= day:
            running = each
    return over, running


def _bounds(periods: Iterable[Span]) -> list[tuple[date, date, date]]:
    return [(each.since, each.until, each.deadline) for each in periods]


def _summary(
    conn: connection, plan: PlanRow, calendar: Calendar, codes: Mapping[str, str], *, here: str | None, first: date, day: date
) -> dict[str, Any]:
    """Return a duty with what was owed and done in the periods that are over, by area and in all, and in the one that runs."""
    over, running = _periods(plan, calendar, first, day)
    top = plan.path if here is None or lies_in(plan.path, here) else here
    rows = duties.counted(conn, plan, _bounds(over), area=here, today=day)
    sums: dict[str, tuple[int, int]] = {}
    for row in rows:
        labels = row.path.split(".")
        for depth in range(top.count(".") + 1, len(labels) + 1):
            path = ".".join(labels[:depth])
            owed, done = sums.get(path, (0, 0))
            sums[path] = owed + row.owed, done + row.done
    current: dict[str, Any] | None = None
    if running is not None:
        now = duties.counted(conn, plan, _bounds([running]), area=here, today=day)
        owed, done = sum(row.owed for row in now), sum(row.done for row in now)
        targets = sum(row.targets for row in now)
        current = {**asdict(running), "targets": targets, "owed": owed, "done": done, "to_do": owed - done}
    return {
        **_view(plan),
        **_figures(sums.get(top, (0, 0))),
        "periods": len(over),
        "current": current,
        "areas": [{"area": codes[path], **_figures(figures)} for path, figures in sorted(sums.items()) if path in codes],
    }


def _figures(figures: tuple[int, int]) -> dict[str, int]:
    owed, done = figures
    return {"owed": owed, "done": done, "overdue": owed - done}


def _view(plan: PlanRow) -> dict[str, Any]:
    return {"area": plan.area, "code": plan.code, **plan.says, "valid_from": plan.valid_from, "valid_to": plan.valid_to}
