"""Assessments over HTTP: how organisations are scored, what raters give, and what months, quarters and years come to.

Scores are made of figures and of ratings, never of what the assessed send in. Persons are not assessed.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asked import Asking, Serving, Store
from api.idempotency import OnlyOnce
from api.parameters import refuse
from api.stats.assess import results_of
from api.stats.metric import decimal, tenths
from api.stats.register import REGISTER
from api.stats.score import FULL, TARGETS, check, grade, mean, months_of, not_told_of, ranks, read_dimension
from api.stats.window import midnight, read_month
from api.v1.answers import answer, precondition, tag
from api.v1.parameters import MONTH, NO_NUL, SOMETHING, WHOLE, Code, only
from api.v1.tables import AS_CSV, AsTable, table
from api.who.caller import RIGHTS, TIERS, Right
from data.store import assessments, stats
from data.store.log import record
from data.store.scope import speak
from gis.errors import Conflict, NotFound, ParameterError, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import connection

    from api.asked import Asked
    from data.store.assessments import Result, Target, Template

router = APIRouter(prefix="/v1/assessments", tags=["assessments"])

ROOMY_MS = 60_000
MOST_DIMENSIONS = 50

IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the template as you have seen it.")]
Month = Annotated[
    str, Path(max_length=7, pattern=NO_NUL, description="A month, as 2026-02.", json_schema_extra={"pattern": MONTH})
]
_Number = Annotated[int, Field(strict=True), WHOLE]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[a-z0-9_]+$")]
_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=SOMETHING)]
_End = Annotated[float, Field(strict=True, ge=-1e6, le=1e6, allow_inf_nan=False)]
_PERIOD: dict[str, Any] = {"pattern": "^[12][0-9]{3}(-(0[1-9]|1[0-2]|Q[1-4]))?$"}
"""How a period is described; that it is none has a problem of its own."""
_Period = Annotated[
    str, Query(max_length=7, pattern=NO_NUL, description="As 2026-02, 2026-Q1 or 2026.", json_schema_extra=_PERIOD)
]


class SaidDimension(BaseModel):
    """A part of a score: a figure by its id (`metric`), or, without one, what raters give from 0 to 100.

    Points rise evenly from `worst` (0) to `best` (100); of percentages these are 0 and 100, as the direction says. Counts may
    have `bands`: up to how many (null: more), and how many points. `reason` says why people rate what no figure stands for.
    """

    model_config = ConfigDict(extra="forbid")

    id: _Id
    name: _Line
    # That a weight is too small is said with the other faults of a template.
    weight: Annotated[int, Field(strict=True, ge=-1000, le=1000, json_schema_extra={"minimum": 1, "maximum": FULL}), WHOLE]
    metric: _Id | None = Field(default=None, json_schema_extra={"anyOf": [{"enum": [*REGISTER]}, {"type": "null"}]})
    direction: Literal["+", "-"] = "+"
    worst: _End | None = None
    best: _End | None = None
    bands: list[tuple[_Number | None, _Number]] | None = Field(default=None, min_length=1, max_length=20)
    reason: _Line | None = None


class SaidTemplate(BaseModel):
    """How organisations of one kind in an area are assessed. `raters` are the tiers that give ratings."""

    model_config = ConfigDict(extra="forbid")

    area: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]
    name: _Line
    target: str = Field(max_length=20, json_schema_extra={"enum": list(TARGETS)})
    dimensions: list[SaidDimension] = Field(min_length=1, max_length=MOST_DIMENSIONS)
    raters: list[Literal["community", "street", "district"]] = []


class SaidRatings(BaseModel):
    """What a rater gives a target, from 0 to 100, by dimension."""

    model_config = ConfigDict(extra="forbid")

    target: Annotated[str, StringConstraints(min_length=1, max_length=110, pattern=NO_NUL)]
    scores: dict[_Id, Annotated[int, Field(strict=True, ge=0, le=FULL), WHOLE]] = Field(
        min_length=1, max_length=MOST_DIMENSIONS, json_schema_extra={"additionalProperties": False}
    )


@router.get("", dependencies=[Depends(only())])
def list_assessments(asked: Asking, store: Store) -> Response:
    """List the templates of your areas and of those around them."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.acting(Right.SEE_INTERNAL)) as conn:
        found = assessments.templates(conn)
    return answer({"assessments": [_template(each) for each in found]})


@router.get("/{code}", dependencies=[Depends(only())])
def show_assessment(code: Code, asked: Asking, store: Store) -> Response:
    """Show a template."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.acting(Right.SEE_INTERNAL)) as conn:
        found = assessments.template(conn, code)
    return answer(_template(found), etag=tag(code, found.revision))


@router.put("/{code}", dependencies=[Depends(only())])
def keep_assessment(  # noqa: PLR0917 - FastAPI passes by name
    code: Annotated[str, Path(max_length=60, pattern=r"^[^\x00-\x20\x7f]+$")],
    wanted: SaidTemplate,
    asked: Asking,
    store: Store,
    once: OnlyOnce,
    if_match: IfMatch = None,
) -> Response:
    """Write down how organisations are assessed. All faults of a template come at once; what it assesses stays the same."""
    asked.caller.require(Right.DISPATCH_INCIDENTS)
    dimensions = [each.model_dump(exclude_none=True) for each in wanted.dimensions]
    faults = check(wanted.target, [read_dimension(each) for each in dimensions])
    is_rated = any(each.metric is None for each in wanted.dimensions)
    if is_rated != bool(wanted.raters):
        faults.append(ParameterError("raters", "raters are named where there is something to rate, and only there"))
    refuse(faults)

    def write(conn: connection) -> Response:
        place = stats.place_of(conn, wanted.area)
        if assessments.is_taken(conn, code):
            before = assessments.template(conn, code)
            precondition(if_match, tag(code, before.revision))
            if (before.target, before.area) != (wanted.target, wanted.area):
                raise Conflict("what a template assesses, and where, stays the same: make another", code="target-fixed")
        revision = assessments.keep(
            conn, code, place.id, wanted.name, wanted.target, dimensions, sorted(set(wanted.raters)), now=asked.now
        )
        body = {**wanted.model_dump(mode="json", exclude_none=True), "revision": revision}
        record(conn, "assessment.kept", path=place.path, subject=code, body=body)
        return answer(_template(assessments.template(conn, code)), etag=tag(code, revision))

    with store.write(asked.acting(Right.DISPATCH_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


@router.put("/{code}/months/{month}/ratings", dependencies=[Depends(only())])
def rate_target(  # noqa: PLR0917 - FastAPI passes by name
    code: Code, month: Month, wanted: SaidRatings, asked: Asking, store: Store, once: OnlyOnce
) -> Response:
    """Rate a target in the dimensions that raters give; only those of the tiers that the template names."""
    asked.caller.require(Right.DISPATCH_INCIDENTS)
    first, after = read_month(month)
    if first > asked.today:
        raise ParameterError("month", f"{month} has not begun", code="month-not-begun")

    def write(conn: connection) -> Response:
        found = assessments.template(conn, code)
        rated = {each["id"] for each in found.dimensions if each.get("metric") is None}
        unknown = sorted(wanted.scores.keys() - rated)
        if unknown:
            raise ParameterError("scores", f"raters do not give {', '.join(unknown)}", code="not-rated")
        day = min(asked.today, after - timedelta(days=1))
        target = _target(assessments.targets(conn, found.target, found.path, day), wanted.target)
        _require_rater(asked, found, target)
        assessments.rate(conn, code, first, target, wanted.scores, actor=asked.caller.person_id, now=asked.now)
        body = {"month": month, "target": target.code, "dimensions": sorted(wanted.scores)}
        record(conn, "assessment.rated", path=target.path, subject=code, body=body)
        return answer({"assessment": code, "month": month, "target": target.code, "scores": wanted.scores})

    with store.write(asked.acting(Right.DISPATCH_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


@router.post("/{code}/months/{month}", dependencies=[Depends(only())])
def work_out_month(  # noqa: PLR0917 - FastAPI passes by name
    code: Code, month: Month, asked: Asking, store: Store, serving: Serving, once: OnlyOnce
) -> Response:
    """Work out a month that is over, as things stood at its end. Done again, it comes to the same of the same data."""
    asked.caller.require(Right.DISPATCH_INCIDENTS)
    first, after = read_month(month)
    if asked.today < after:
        raise ParameterError("month", f"{month} is not over", code="month-not-over")
    zone = ZoneInfo(serving.settings.zone)

    def write(conn: connection) -> Response:
        found = assessments.template(conn, code)
        asked.caller.require(Right.DISPATCH_INCIDENTS, found.path)
        speak(conn, asked.acting(Right.DISPATCH_INCIDENTS))
        worked = results_of(
            conn, found, first, since=midnight(first, zone), until=midnight(after, zone), day=after - timedelta(days=1),
            calendar=serving.rules.deadlines(conn).calendar,
        )  # fmt: skip
        assessments.keep_results(conn, code, first, worked, now=asked.now)
        digest = hashlib.sha256(orjson.dumps([asdict(each) for each in worked])).hexdigest()
        body = {"month": month, "revision": found.revision, "targets": len(worked), "digest": digest}
        record(conn, "assessment.worked_out", path=found.path, subject=code, body=body)
        return answer({"assessment": code, "month": month, "digest": digest, "results": [_result(each) for each in worked]})

    with store.write(asked.scope, ms=ROOMY_MS) as conn:
        return once(conn, lambda: write(conn))


@router.get("/{code}/results", dependencies=[Depends(only("period", "f"))], responses=AS_CSV)
def show_results(
    code: Code,
    asked: Asking,
    store: Store,
    wish: AsTable,
    period: _Period,
) -> Response:
    """Show what a month, a quarter or a year came to: the mean of the months that there are, and how many those are.

    `dimensions` are the mean points of each. Ranks are for whoever sees all who are ranked. As CSV: a line for each target.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    months = [read_month(each)[0] for each in months_of(period)]
    with store.read(asked.acting(Right.SEE_INTERNAL)) as conn:
        found = assessments.template(conn, code)
        kept = assessments.results(conn, code, months)
    by_target: dict[str, list[Result]] = {}
    for each in kept:
        by_target.setdefault(each.target, []).append(each)
    means = {target: mean(each.score for each in those) for target, those in by_target.items()}
    sees_all = asked.caller.may(Right.SEE_INTERNAL, found.path)
    places = ranks([number for number, _ in means.values()]) if sees_all else [None] * len(means)
    rows = [
        {
            "target": target,
            "name": by_target[target][-1].name,
            "score": None if number is None else number / 10,
            "grade": grade(number),
            "rank": place,
            "months": count,
            "dimensions": _points(by_target[target]),
            "by_month": [_result(each) for each in by_target[target]],
        }
        for (target, (number, count)), place in zip(means.items(), places, strict=True)
    ]
    rows.sort(key=lambda row: (row["rank"] is None, row["rank"], row["target"]))
    document = {"assessment": code, "target": found.target, "period": period, "of_months": len(months), "results": rows}
    lines = [{name: value for name, value in row.items() if name != "by_month"} for row in rows]
    return table(wish, document, lines, name=f"assessment-{period}")


def _require_rater(asked: Asked, template: Template, target: Target) -> None:
    """Raise unless the caller stands, where the target lies, on a tier that rates."""
    tiers = {
        TIERS[grant.role].name.lower()
        for grant in asked.caller.grants
        if Right.DISPATCH_INCIDENTS in RIGHTS[grant.role] and grant.gives(Right.DISPATCH_INCIDENTS, target.path)
    }
    if not tiers:
        raise NotFound(f"there is no {template.target} {target.code}, or it is not yours to rate")
    if tiers.isdisjoint(template.raters):
        raters = ", ".join(template.raters)
        raise Refused(f"this is rated by {raters or 'nobody'}, of whom you are not one", code="not-a-rater")


def _target(targets: tuple[Target, ...], code: str) -> Target:
    found = next((each for each in targets if each.code == code), None)
    if found is None:
        raise ParameterError("target", f"there is nobody of the code {code} to be assessed here", code="unknown-target")
    return found


def _template(found: Template) -> dict[str, Any]:
    return {
        "code": found.code,
        "area": found.area,
        "name": found.name,
        "target": found.target,
        "dimensions": found.dimensions,
        "left_out": not_told_of(found.target, (read_dimension(each) for each in found.dimensions)),
        "raters": found.raters,
        "revision": found.revision,
    }


def _points(months: Sequence[Result]) -> dict[str, float | None]:
    """Return the mean points of each dimension in the months that have any, in the order of the latest."""
    found: dict[str, list[int]] = {part["id"]: [] for part in months[-1].dimensions}
    for part in (part for month in months for part in month.dimensions if part["points"] is not None):
        # What a month is told in is tenths: exact as a text, which a float is not.
        found.setdefault(part["id"], []).append(tenths(Fraction(str(part["points"]))))
    means = {name: mean(several)[0] for name, several in found.items()}
    return {name: None if number is None else decimal(number) for name, number in means.items()}


def _result(each: Result) -> dict[str, Any]:
    return {
        "month": f"{each.month:%Y-%m}",
        "target": each.target,
        "name": each.name,
        "score": None if each.score is None else each.score / 10,
        "grade": grade(each.score),
        "dimensions": each.dimensions,
    }
