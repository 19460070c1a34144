"""Weekly reviews over HTTP (一周一点评): what happened in a week of an area, what is late, and what somebody in charge says."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from api.asked import Asking, Serving, Store
from api.idempotency import OnlyOnce
from api.stats.week import FLOWS, added, read_week, weeks_between, without_review
from api.stats.window import midnight
from api.v1.answers import answer, precondition, tag
from api.v1.parameters import NO_NUL, SOMETHING, Code, Day, only
from api.v1.tables import AS_CSV, CSV_OR_UNCHANGED, AsTable, if_unchanged, table, version_of
from api.who.caller import Right
from data.store import reviews, stats
from data.store.log import record
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from api.asked import Asked, Service
    from api.stats.week import Week
    from data.store.reviews import Review
    from data.store.stats import Place

router = APIRouter(prefix="/v1/reviews", tags=["reviews"])

ROOMY_MS = 30_000
TOP, WORST = 5, 3
"""How many categories and grids, and how many cases, a review names."""
_LONGEST = timedelta(days=800)
"""How long the window of a list may be."""

_WEEK: dict[str, Any] = {"pattern": "^[12][0-9]{3}-W(0[1-9]|[1-4][0-9]|5[0-3])$"}
"""How a week is described; that it is none has a problem of its own."""

By = Literal["department", "tier"]
Named = Annotated[str, Path(max_length=8, pattern=NO_NUL, description="A week, as 2026-W10.", json_schema_extra=_WEEK)]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the review as you have seen it.")]


class Said(BaseModel):
    """What somebody in charge says about a week."""

    model_config = ConfigDict(extra="forbid")

    comment: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=SOMETHING)]


@router.get("/{area}", dependencies=[Depends(only("from", "to", "f"))], responses=CSV_OR_UNCHANGED)
def list_reviews(  # noqa: PLR0917 - FastAPI passes by name
    area: Code,
    asked: Asking,
    store: Store,
    serving: Serving,
    wish: AsTable,
    since: Annotated[Day, Query(alias="from", description="The first day.")],
    until: Annotated[Day, Query(alias="to", description="The first day that does not count.")],
) -> Response:
    """Show the weeks of an area, each with what happened on its days within the window; together they are the window.

    `missing` are weeks that are over and without a review. As CSV: a line for each week.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    if not since < until <= since + _LONGEST:
        raise ParameterError("to", f"the window has 1 to {_LONGEST.days} days", code="empty-window")
    weeks = weeks_between(since, until)
    with store.read(asked.acting(Right.SEE_INTERNAL), ms=ROOMY_MS) as conn:
        place = stats.place_of(conn, area)
        etag = version_of(conn, asked, wish)
        if (same := if_unchanged(wish, etag)) is not None:
            return same
        days = _days(conn, place, since, until, serving)
        said = reviews.reviews(conn, place.id, weeks[0].monday, weeks[-1].after)
    listed = [
        {
            "week": week.name,
            "from": max(since, week.monday),
            "to": min(until, week.after),
            **added(days, max(since, week.monday), min(until, week.after)),
            "review": _review(said.get(week.monday)),
        }
        for week in weeks
    ]
    missing = [week.name for week in without_review(weeks, said, asked.today)]
    total = added(days, since, until)
    document = {"area": place.code, "from": since, "to": until, "weeks": listed, "total": total, "missing": missing}
    return table(wish, document, listed, name=f"reviews-{since}", etag=etag)


@router.get("/{area}/{week}", dependencies=[Depends(only("by", "f"))], responses=AS_CSV)
def show_review(  # noqa: PLR0917 - FastAPI passes by name
    area: Code,
    week: Named,
    asked: Asking,
    store: Store,
    serving: Serving,
    wish: AsTable,
    by: Annotated[By | None, Query(description="What the numbers are told apart by, in `rows`; nothing else.")] = None,
) -> Response:
    """Show a week: day by day, from where most came, what was latest, and what was said about it.

    With `by` also by the department or the tier that each case has: rows add up to the week. As CSV: a line for each row, or
    without `by` for each day.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    meant = read_week(week)
    with store.read(asked.acting(Right.SEE_INTERNAL), ms=ROOMY_MS) as conn:
        document, etag = _shown(conn, stats.place_of(conn, area), meant, asked, serving, by=by)
    lines = document["days" if by is None else "rows"]
    return table(wish, document, lines, name=f"review-{document['week']}", etag=etag)


@router.put("/{area}/{week}", dependencies=[Depends(only())])
def say_review(  # noqa: PLR0917 - FastAPI passes by name
    area: Code,
    week: Named,
    wanted: Said,
    asked: Asking,
    store: Store,
    serving: Serving,
    once: OnlyOnce,
    if_match: IfMatch = None,
) -> Response:
    """Say something about a week that has begun. What was said before is replaced: `If-Match` says that you have seen it."""
    asked.caller.require(Right.DISPATCH_INCIDENTS)
    meant = read_week(week)
    if meant.monday > asked.today:
        raise ParameterError("week", f"{week} has not begun", code="future-week")

    def write(conn: connection) -> Response:
        place = stats.place_of(conn, area)
        before = reviews.review_of(conn, place.id, meant.monday)
        if before is not None:
            precondition(if_match, tag(place.code, meant.name, before.revision))
        said = reviews.say(conn, place.id, meant.monday, wanted.comment, actor=asked.caller.person_id, now=asked.now)
        body = {"week": meant.name, "comment": wanted.comment, "revision": said.revision}
        record(conn, "review.said", path=place.path, subject=place.code, body=body)
        document, etag = _shown(conn, place, meant, asked, serving)
        return answer(document, etag=etag)

    with store.write(asked.acting(Right.DISPATCH_INCIDENTS), ms=ROOMY_MS) as conn:
        return once(conn, lambda: write(conn))


def _shown(
    conn: connection, place: Place, week: Week, asked: Asked, serving: Service, *, by: By | None = None
) -> tuple[dict[str, Any], str]:
    """Return the document of a week, and the ETag that says which review of it has been seen."""
    zone = ZoneInfo(serving.settings.zone)
    since, until = midnight(week.monday, zone), midnight(week.after, zone)
    moment = min(asked.now, until)
    days = _days(conn, place, week.monday, week.after, serving)
    categories, grids = reviews.top(conn, place.path, since=since, until=until, count=TOP)
    overdue, late = reviews.worst(conn, place.path, since=since, until=until, moment=moment, count=WORST)
    said = reviews.review_of(conn, place.id, week.monday)
    document: dict[str, Any] = {
        "area": place.code,
        "week": week.name,
        "from": week.monday,
        "to": week.after,
        **added(days, week.monday, week.after),
        "overdue": overdue,
        "days": [
            {"day": day, **days.get(day, dict.fromkeys(FLOWS, 0))}
            for day in (week.monday + timedelta(days=number) for number in range(7))
        ],
        "top_categories": [{"category": category, "received": count} for category, count in categories],
        "top_grids": [{"grid": grid, "received": count} for grid, count in grids],
        "worst": [asdict(each) for each in late],
        "review": _review(said),
    }
    if by is not None:
        document["rows"] = _rows(conn, place, week, by, moment=moment, zone=zone)
    return document, tag(place.code, week.name, said.revision if said else 0)


def _days(conn: connection, place: Place, since: date, until: date, serving: Service) -> Mapping[date, Mapping[str, int]]:
    zone = serving.settings.zone
    counted = reviews.days(
        conn, place.path, since=midnight(since, ZoneInfo(zone)), until=midnight(until, ZoneInfo(zone)), zone=zone
    )
    return {day: dict(zip(FLOWS, flows, strict=True)) for (_, day), flows in counted.items()}


def _rows(conn: connection, place: Place, week: Week, by: By, *, moment: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Return the week's numbers by department or tier (null: of none), those that had any."""
    since, until = midnight(week.monday, zone), midnight(week.after, zone)
    counted = reviews.days(conn, place.path, since=since, until=until, zone=zone.key, by=by)
    late = reviews.overdue(conn, place.path, moment=moment, by=by)
    keys = sorted({key for key, _ in counted} | late.keys(), key=lambda key: (key is None, key))
    return [
        {
            by: key,
            **{flow: sum(of[n] for (at, _), of in counted.items() if at == key) for n, flow in enumerate(FLOWS)},
            "overdue": late.get(key, 0),
        }
        for key in keys
    ]


def _review(said: Review | None) -> dict[str, Any] | None:
    if said is None:
        return None
    return {"comment": said.comment, "reviewer": said.actor_name, "revision": said.revision, "at": said.at}
