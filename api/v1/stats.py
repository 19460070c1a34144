"""Statistics over HTTP: figures by area, grid or kind, as of any day; early warnings; cumulated numbers; what is for everybody.

Figures are those of what the caller sees: who does not see an area whole gets none of it.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request

from api.asked import Asking, Serving, Store
from api.idempotency import OnlyOnce
from api.loop.words import Kind
from api.stats.catalogue import BY_ID, CALLS, chosen
from api.stats.heaps import heaps
from api.stats.metric import at_least
from api.stats.panel import BY, panel, shown
from api.stats.public import told
from api.stats.register import REGISTER
from api.stats.window import days_of, midnight, moment_of, read_month
from api.v1.answers import answer
from api.v1.parameters import MONTH, NO_NUL, SOMETHING, WHOLE, At, Code, Day, listed_names, only
from api.v1.tables import CSV_OR_UNCHANGED, AsTable, if_unchanged, table, version_of
from api.who.caller import ALL_CATEGORIES, Right, Tier
from api.zipped import answer_once
from data.store import counters, stats
from data.store.counters import Counter
from data.store.log import record
from data.store.stats import COUNTS, Window
from gis.errors import NotFound, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from psycopg2.extensions import connection

    from api.asked import Asked, Service
    from api.stats.metric import Metric
    from api.stats.panel import Row
    from api.stats.window import Days
    from data.store.stats import Place

router = APIRouter(prefix="/v1/stats", tags=["stats"])

ROOMY_MS = 30_000
"""How long the counting of a whole town may take."""

Area = Annotated[
    str | None,
    Query(max_length=100, pattern=NO_NUL, description="Code of an area; without one, all that you see."),
]
From = Annotated[Day | None, Query(alias="from", description="The first day that counts; New Year where it is left out.")]
To = Annotated[Day | None, Query(alias="to", description="The first day that counts no longer; the day after `at` else.")]
Category = Annotated[str | None, Query(max_length=60, pattern=NO_NUL)]
Metrics = Annotated[
    str | None,
    Query(
        max_length=1000,
        description="Figures by id, separated by commas; else all but those of calls, hours and mediations, which take longer.",
    ),
]
By = Literal[
    "district", "street", "community", "grid", "category", "kind", "source", "tier", "state", "department", "matter", "triage",
    "board",
]  # fmt: skip
_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=SOMETHING)]


class Brought(BaseModel):
    """A cumulated number from the time before: `number` counts what was from `since` on and before `until`.

    `is_lower_bound`: there was that much and more (余). `adds` names what is counted on since then, of a category or kind.
    """

    model_config = ConfigDict(extra="forbid")

    zh: _Line
    en: _Line
    since: Day | None = None
    until: Day
    number: Annotated[int, Field(strict=True, ge=0, le=10**15), WHOLE]
    is_lower_bound: bool = Field(default=False, strict=True)
    adds: Literal["received", "valid", "accepted", "closed", "solved", "disputes_resolved"] | None = None
    category: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=NO_NUL)] | None = None
    kind: Kind | None = None
    source: Annotated[str, StringConstraints(max_length=1000, pattern=NO_NUL)] = ""


@router.get(
    "",
    dependencies=[Depends(only("area", "at", "from", "to", "by", "grid", "category", "kind", "metrics", "f"))],
    responses=CSV_OR_UNCHANGED,
)
def show_stats(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    serving: Serving,
    wish: AsTable,
    area: Area = None,
    at: At = None,
    since: From = None,
    until: To = None,
    by: Annotated[By | None, Query(description="What figures are told apart by; nothing where it is left out.")] = None,
    grid: Annotated[str | None, Query(max_length=60, pattern=NO_NUL)] = None,
    category: Category = None,
    kind: Annotated[Kind | None, Query()] = None,
    metrics: Annotated[
        str | None,
        Query(
            max_length=1000,
            description="Figures by id, separated by commas. Else all but calls, hours and mediations, which take longer.",
            json_schema_extra=listed_names(BY_ID),
        ),
    ] = None,
) -> Response:
    """Show the figures of a window, as things stood at the end of a day: in all, and by area, grid or kind.

    Rows and `elsewhere` add up to the total in every count. As CSV: a line for the total, for each row, and for `elsewhere`.
    """
    asked.caller.require(Right.WATCH)
    days = days_of(at, since, until, today=asked.today)
    wanted = chosen(None if metrics is None else (name.strip() for name in metrics.split(",")))
    scope = asked.acting(Right.WATCH)
    with store.read(scope, ms=ROOMY_MS) as conn:
        place = None if area is None else stats.place_of(conn, area)
        # Whether a department still comes to a call in time changes with every moment: such figures have no ETag.
        etag = None if CALLS & {metric.id for metric in wanted} else version_of(conn, asked, wish)
        if etag is not None and (same := if_unchanged(wish, etag)) is not None:
            return same
        window = _window(asked, serving, days, place, grid=grid, category=category, kind=kind)
        book = serving.rules.read(conn)
        found = panel(conn, window, by or "kind", wanted, day=days.at, calendar=book.deadlines.calendar)
    document: dict[str, Any] = {
        "area": None if place is None else {"code": place.code, "level": place.level, "name": place.name},
        "categories": None if ALL_CATEGORIES in scope.categories else scope.categories,
        "at": days.at,
        "moment": window.moment,
        "from": days.since,
        "to": days.until,
        "by": by,
        "metrics": [metric.id for metric in wanted],
        "total": shown(found.total, wanted),
        "calendar_unknown": found.is_fallback,
    }
    if by is not None:
        words = book.words("" if place is None else place.path, days.at) if by == "tier" else None
        document["rows"] = [
            _row(row, wanted, name=row.name if words is None else words.of(Tier(int(row.code))).say(asked.lang))
            for row in found.rows
        ]
        document["elsewhere"] = shown(found.elsewhere, wanted)
    return table(wish, document, _lines(document), name=f"stats-{days.at}", etag=etag)


@router.get("/metrics", dependencies=[Depends(only())])
def show_metrics(request: Request, asked: Asking) -> Response:
    """Show every figure that there is, with its formula, over what it is counted, and where it is told.

    `by`: of which kinds of targets it is told; none where it takes no part in a score. `good`: which way it is better.
    """
    document = {"metrics": [known.document(asked.lang) for known in REGISTER.values()], "by": BY}
    told = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie, Accept-Language, Accept-Encoding"}
    return answer_once(request, document, told)


@router.get("/warnings", dependencies=[Depends(only("area", "at", "from", "to", "category", "least", "hours"))])
def show_warnings(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    serving: Serving,
    area: Area = None,
    at: At = None,
    since: From = None,
    until: To = None,
    category: Category = None,
    least: Annotated[int, Query(ge=2, le=1000, description="How many cases make a warning.")] = 5,
    hours: Annotated[int, Query(ge=1, le=24 * 366, description="Within how many hours.")] = 72,
) -> Response:
    """Show where many cases of one category came to one grid within a short time: one warning for each heap.

    Of the last days where no window is said: those that `hours` reach back to.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    reach = since or (at or asked.today) - timedelta(days=-(-hours // 24))
    days = days_of(at, reach, until, today=asked.today)
    with store.read(asked.acting(Right.SEE_INTERNAL), ms=ROOMY_MS) as conn:
        place = None if area is None else stats.place_of(conn, area)
        found = stats.arrivals(conn, _window(asked, serving, days, place, category=category))
    warnings = heaps(found, least=least, within=timedelta(hours=hours))
    return answer(
        {
            "at": days.at,
            "from": days.since,
            "to": days.until,
            "least": least,
            "hours": hours,
            "warnings": [asdict(heap) | {"count": len(heap.numbers)} for heap in warnings],
        }
    )


@router.get("/public", dependencies=[Depends(only("month"))])
def show_public(
    asked: Asking,
    store: Store,
    serving: Serving,
    month: Annotated[str, Query(max_length=7, description="As 2026-02.", json_schema_extra={"pattern": MONTH})],
) -> Response:
    """Show how many reports there were in a month that is over, by area, for everybody.

    What is null is too small to be told, or would tell something that is. An area that is not listed had none.
    """
    zone = ZoneInfo(serving.settings.zone)
    first, after = read_month(month)
    if asked.today < after:
        raise ParameterError("month", f"{month} is not over", code="month-not-over")
    if "open311" not in serving.settings.public:
        raise NotFound("there are no public statistics here")
    with store.read(asked.scope, ms=ROOMY_MS) as conn:
        counted = stats.public_counts(conn, midnight(first, zone), midnight(after, zone))
    rows, total = told(counted, k=serving.settings.k_public)
    return answer({"month": month, "k": serving.settings.k_public, "received": total, "areas": [asdict(row) for row in rows]})


@router.get("/counters", dependencies=[Depends(only("area", "at"))])
def show_counters(
    asked: Asking,
    store: Store,
    serving: Serving,
    area: Annotated[str, Query(max_length=100, pattern=NO_NUL)],
    at: At = None,
) -> Response:
    """Show what an area has come to since a day: the numbers that it brings along, and what was counted since."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.acting(Right.SEE_INTERNAL), ms=ROOMY_MS) as conn:
        place = stats.place_of(conn, area)
        kept = counters.counters(conn, place.id)
        listed = [_counter(conn, each, place, at or asked.today, asked, serving) for each in kept]
    return answer({"area": place.code, "at": at or asked.today, "counters": listed})


@router.put("/counters/{code}", dependencies=[Depends(only("area"))])
def keep_counter(  # noqa: PLR0917 - FastAPI passes by name
    code: Code,
    wanted: Brought,
    asked: Asking,
    store: Store,
    once: OnlyOnce,
    area: Annotated[str, Query(max_length=100, pattern=NO_NUL)],
) -> Response:
    """Write down a number that an area brings along."""
    asked.caller.require(Right.DISPATCH_INCIDENTS)
    if (wanted.since is not None and wanted.since >= wanted.until) or wanted.until > asked.today:
        raise ParameterError("until", "the number counts from `since` on and before `until`, which is not later than today")

    def write(conn: connection) -> Response:
        place = stats.place_of(conn, area)
        counter = Counter(
            code=code, **wanted.model_dump(exclude={"kind"}), kind=None if wanted.kind is None else str(wanted.kind)
        )
        revision = counters.keep(conn, place.id, counter, now=asked.now)
        body = wanted.model_dump(mode="json") | {"revision": revision}
        record(conn, "stats.counter", path=place.path, subject=code, body=body)
        return answer({"area": place.code, "code": code, "revision": revision})

    with store.write(asked.acting(Right.DISPATCH_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


def _window(
    asked: Asked,
    serving: Service,
    days: Days,
    place: Place | None,
    *,
    grid: str | None = None,
    category: str | None = None,
    kind: Kind | None = None,
) -> Window:
    zone = ZoneInfo(serving.settings.zone)
    return Window(
        moment=moment_of(days.at, asked.now, zone),
        since=midnight(days.since, zone),
        until=midnight(days.until, zone),
        area=None if place is None else place.path,
        grid=grid,
        category=category,
        kind=None if kind is None else str(kind),
    )


def _lines(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of CSV: the total, the rows, and what lies in none of them."""
    whole = [{"line": "total", "code": None, "name": None, "figures": document["total"]}]
    if "rows" not in document:
        return whole
    rows = [{"line": "row", **row} for row in document["rows"]]
    return [*whole, *rows, {"line": "elsewhere", "figures": document["elsewhere"]}]


def _row(row: Row, metrics: Sequence[Metric], *, name: str | None) -> dict[str, Any]:
    return {"code": row.code, "name": name, "figures": shown(row, metrics)}


def _counter(  # noqa: PLR0917 - one call, in the order of the story
    conn: connection, counter: Counter, place: Place, at: date, asked: Asked, serving: Service
) -> dict[str, Any]:
    """Return a number with what was counted since; of a day before it was written down nothing is known."""
    more = 0
    if counter.adds is not None and counter.adds in COUNTS and at >= counter.until:
        days = days_of(at, counter.until, None, today=asked.today)
        kind = None if counter.kind is None else Kind(counter.kind)
        window = _window(asked, serving, days, place, category=counter.category, kind=kind)
        more = sum(counts[counter.adds] for counts in stats.tallies(conn, window, "kind").values())
    number = counter.number + more
    return asdict(counter) | {
        "counted_since": more,
        "value": number,
        "text": at_least(number, asked.lang, is_lower_bound=counter.is_lower_bound),
    }
