"""Policies over HTTP: a town's own numbers of the loop, by area, from day to day.

Each number holds as the nearest area says it; what no area says is as in a fresh installation. A change is for what happens
from its day on: what is closed already is looked at again when it was to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asked import Asking, Store
from api.idempotency import OnlyOnce
from api.loop.facts import Policy
from api.loop.policy import LONGEST_CATEGORY, MOST_SKIPS, NUMBERS, as_json, checked, policy_of
from api.v1.answers import answer, precondition, tag
from api.v1.parameters import NO_NUL, SOMETHING, WHOLE, At, Code, Day, only
from api.who.caller import ALL_CATEGORIES, Right
from data.store.log import record
from data.store.plans import area_named
from data.store.policies import policies_on, state
from gis.errors import Conflict

if TYPE_CHECKING:
    from datetime import date

    from psycopg2.extensions import connection

    from data.store.policies import PolicyRow

router = APIRouter(prefix="/v1/policies", tags=["policies"])

IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of what the area says, as you have seen it.")]
_Intake = Literal["community", "street"]
_Highest = Literal["street", "district"]


def _number(name: str) -> Any:  # noqa: ANN401 - what pydantic takes beside a type
    least, most = NUMBERS[name]
    return Field(default=None, strict=True, ge=least, le=most)


class NewSkip(BaseModel):
    """What may go up several tiers at once: incidents of a category (`*`: of all), or the urgent ones among them."""

    model_config = ConfigDict(extra="forbid")

    category: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_CATEGORY, pattern=SOMETHING)] = ALL_CATEGORIES
    urgent_only: bool = Field(default=True, strict=True)
    highest: _Highest = "district"


class NewPolicy(BaseModel):
    """All that an area says from a day on, in the place of what it said before; what is left out holds as above it.

    `sample_percent`: of what a grid handled itself so many in a hundred are checked, drawn by the number of the incident.
    """

    model_config = ConfigDict(extra="forbid")

    valid_from: Day | None = Field(default=None, description="Today, where it is left out.")
    source: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=NO_NUL)] = ""
    intake: _Intake | None = None
    archive_days: Annotated[int | None, WHOLE] = _number("archive_days")
    reopen_days: Annotated[int | None, WHOLE] = _number("reopen_days")
    extensions: Annotated[int | None, WHOLE] = _number("extensions")
    tries: Annotated[int | None, WHOLE] = _number("tries")
    returns: Annotated[int | None, WHOLE] = _number("returns")
    sample_percent: Annotated[int | None, WHOLE] = _number("sample_percent")
    near_m: Annotated[int | None, WHOLE] = _number("near_m")
    near_hours: Annotated[int | None, WHOLE] = _number("near_hours")
    skips: list[NewSkip] | None = Field(default=None, max_length=MOST_SKIPS)


@router.get("", dependencies=[Depends(only("area", "at"))])
def list_policies(
    asked: Asking,
    store: Store,
    area: Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area.")] = None,
    at: At = None,
) -> Response:
    """List what areas say on a day, the nearest to grids first; with `area` those around and in it, and what `holds` there."""
    asked.caller.require(Right.SEE_INTERNAL)
    day = at or asked.today
    with store.read(asked.scope) as conn:
        place = None if area is None else area_named(conn, area)
        found = policies_on(conn, day, area=None if place is None else place.path)
    document: dict[str, Any] = {"at": day, "policies": [_view(row) for row in found], "usual": as_json(Policy())}
    if place is not None:
        document |= {"area": place.code, "holds": _holding(found, place.path)}
    return answer(document)


@router.get("/{area}", dependencies=[Depends(only("at"))])
def show_policy(area: Code, asked: Asking, store: Store, at: At = None) -> Response:
    """Show what an area says on a day, and what `holds` there with all that is said above it."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        return _document(conn, area, at or asked.today)


@router.put("/{area}", dependencies=[Depends(only())])
def state_policy(  # noqa: PLR0917 - FastAPI passes by name
    area: Code, wanted: NewPolicy, asked: Asking, store: Store, once: OnlyOnce, if_match: IfMatch = None
) -> Response:
    """State all that an area says from a day on. With nothing in it, the area says nothing of its own from then on."""
    asked.caller.require(Right.DISTRICT_APPROVE)
    day = wanted.valid_from or asked.today
    if day < asked.today:
        raise Conflict(f"a policy holds from today ({asked.today}) or later, not from {day}", code="past-day")
    says = checked(wanted.model_dump(exclude_none=True, exclude={"valid_from", "source"}))

    def write(conn: connection) -> Response:
        place = area_named(conn, area)
        asked.caller.require(Right.DISTRICT_APPROVE, place.path)
        if if_match is not None:
            precondition(
                if_match, _tag(next((row for row in policies_on(conn, day, area=place.path) if row.area == area), None))
            )
        if state(conn, place, says, source=wanted.source, day=day):
            body = {"valid_from": day.isoformat(), "says": says, "source": wanted.source}
            record(conn, "policy.stated", path=place.path, subject=place.code, body=body)
        return _document(conn, area, day)

    with store.write(asked.acting(Right.DISTRICT_APPROVE)) as conn:
        return once(conn, lambda: write(conn))


def _document(conn: connection, area: str, day: date) -> Response:
    place = area_named(conn, area)
    found = policies_on(conn, day, area=place.path)
    own = next((row for row in found if row.path == place.path), None)
    document = {"area": place.code, "at": day, "own": None if own is None else _view(own), "holds": _holding(found, place.path)}
    return answer(document, etag=_tag(own))


def _holding(found: list[PolicyRow], path: str) -> dict[str, Any]:
    """Return what holds at a path, of policies with the nearest first, and which area says each of it that any says."""
    there = [row for row in reversed(found) if f"{path}.".startswith(f"{row.path}.")]
    said_by = {name: row.area for row in there for name in row.says}
    return {**as_json(policy_of(row.says for row in there)), "said_by": said_by}


def _view(row: PolicyRow) -> dict[str, Any]:
    return {
        "area": row.area,
        "says": row.says,
        "source": row.source,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
    }


def _tag(own: PolicyRow | None) -> str:
    """Return which policy an area has of its own: the row's, none for none."""
    return tag("policy", 0 if own is None else own.id)
