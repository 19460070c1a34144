"""Early warnings over HTTP: the rules of areas, from day to day, and the heaps that were told of."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asked import Asking, Store
from api.idempotency import OnlyOnce
from api.v1.answers import answer
from api.v1.parameters import NO_NUL, SOMETHING, WHOLE, At, Day, Limit, only
from api.v1.tables import AS_CSV, AsTable, lines_of, table
from api.who.caller import Right
from data.store import early_warnings
from data.store.early_warnings import ANY
from data.store.plans import area_named, path_named
from gis.errors import Conflict, ParameterError

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg2.extensions import connection

    from data.store.early_warnings import EarlyWarning, WarningRule

router = APIRouter(prefix="/v1", tags=["warnings"])

_Area = Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area; all of yours without it.")]
_Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


_NUMBERS: list[dict[str, Any]] = [
    {"properties": {"least": {"type": "integer"}, "hours": {"type": "integer"}}, "required": ["least", "hours"]},
    {"properties": {"least": {"type": "null"}, "hours": {"type": "null"}}},
]
"""How many within how long, or neither."""


class NewWarningRule(BaseModel):
    """What an area says of a category (`*`: of each by itself) from a day on; with neither number it says nothing of its own.

    `radius_m`: of cases no farther than that from one of them, whatever grids they lie in; without it, grid by grid.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"anyOf": [*_NUMBERS]})

    area: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]
    category: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=SOMETHING)] = ANY
    least: Annotated[int | None, WHOLE] = Field(default=None, strict=True, ge=2, le=1000)
    hours: Annotated[int | None, WHOLE] = Field(default=None, strict=True, ge=1, le=744)
    radius_m: Annotated[int | None, WHOLE] = Field(default=None, strict=True, ge=1, le=10_000)
    valid_from: Day | None = Field(default=None, description="Today, where it is left out.")


@router.get("/warning-rules", dependencies=[Depends(only("area", "at"))])
def list_rules(asked: Asking, store: Store, area: _Area = None, at: At = None) -> Response:
    """List what areas say on a day of how many cases make a warning, the nearest to grids first.

    For a case the nearest area's rule holds, and there the one that names its category.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    day = at or asked.today
    with store.read(asked.scope) as conn:
        found = early_warnings.rules_on(conn, day, area=path_named(conn, area))
    return answer({"at": day, "rules": [_rule(rule) for rule in found]})


@router.put("/warning-rules", dependencies=[Depends(only())])
def state_rule(wanted: NewWarningRule, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """State how many cases of a category make a warning in an area, from a day on; those who see them are then told."""
    asked.caller.require(Right.DISPATCH_INCIDENTS)
    day = wanted.valid_from or asked.today
    if day < asked.today:
        raise Conflict(f"a rule holds from today ({asked.today}) or later, not from {day}", code="past-day")
    if (wanted.least is None) != (wanted.hours is None):
        missing = "least" if wanted.least is None else "hours"
        raise ParameterError(missing, "say both how many cases and within how many hours, or neither")
    says = None if wanted.least is None else {name: getattr(wanted, name) for name in ("least", "hours", "radius_m")}

    def write(conn: connection) -> Response:
        place = area_named(conn, wanted.area)
        asked.caller.require(Right.DISPATCH_INCIDENTS, place.path)
        early_warnings.state(conn, place, wanted.category, says, day=day)
        own = [rule for rule in early_warnings.rules_on(conn, day, area=place.path) if rule.path == place.path]
        return answer({"area": place.code, "at": day, "rules": [_rule(rule) for rule in own]})

    with store.write(asked.acting(Right.DISPATCH_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


@router.get("/warnings", dependencies=[Depends(only("area", "category", "state", "before", "limit", "f"))], responses=AS_CSV)
def list_warnings(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    wish: AsTable,
    area: _Area = None,
    category: Annotated[str | None, Query(max_length=60, pattern=NO_NUL)] = None,
    state: Annotated[
        Literal["open", "past"] | None, Query(description="Open: another case now would still be one with it.")
    ] = None,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="From where the page before ended.")] = None,
    limit: Limit = 100,
) -> Response:
    """List the warnings that were raised, the newest first: one for each heap of cases, with all that came to it.

    As CSV: all of them.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    limit = lines_of(wish, limit)
    with store.read(asked.scope) as conn:
        found = early_warnings.listed(
            conn,
            area=path_named(conn, area),
            category=category,
            is_open=None if state is None else state == "open",
            now=asked.now,
            before=before,
            limit=limit + 1,
        )
    shown = found[:limit]
    more = shown[-1].id if len(found) > limit else None
    rows = [_view(each, asked.now) for each in shown]
    document = {"warnings": rows, "next": more}
    return table(wish, document, rows, name=f"warnings-{asked.today}", first_by="newest" if more else "")


@router.get("/warnings/{number}", dependencies=[Depends(only())])
def show_warning(number: _Number, asked: Asking, store: Store) -> Response:
    """Show a warning."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        found = early_warnings.warning(conn, number)
    return answer(_view(found, asked.now))


def _rule(rule: WarningRule) -> dict[str, Any]:
    return {
        "area": rule.area,
        "category": rule.category,
        "least": rule.least,
        "hours": rule.hours,
        "radius_m": rule.radius_m,
        "valid_from": rule.valid_from,
        "valid_to": rule.valid_to,
    }


def _view(each: EarlyWarning, now: datetime) -> dict[str, Any]:
    return {
        "id": each.id,
        "state": "open" if each.until > now - timedelta(hours=each.hours) else "past",
        "grid": each.grid,
        "category": each.category,
        "least": each.least,
        "hours": each.hours,
        "radius_m": each.radius_m,
        "since": each.since,
        "until": each.until,
        "raised_at": each.raised_at,
        "count": len(each.numbers),
        "numbers": each.numbers,
    }
