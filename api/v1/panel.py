"""The panel of an area over HTTP: its figures on a day, each with its formula and numbers, and those of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Serving, Store
from api.panel.figures import FIGURES
from api.panel.panel import Ask, panel
from api.stats.metric import document, named
from api.stats.window import days_of, midnight, moment_of
from api.v1.parameters import NO_NUL, At, listed_names, only
from api.v1.tables import CSV_OR_UNCHANGED, AsTable, if_unchanged, table, version_of
from api.who.caller import Right
from data.store import stats
from data.store.stats import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api.lang import Lang
    from api.stats.metric import Metric

router = APIRouter(prefix="/v1/panel", tags=["panel"])

ROOMY_MS = 30_000
"""How long the counting of a whole town may take."""


@router.get("", dependencies=[Depends(only("area", "at", "metrics", "f"))], responses=CSV_OR_UNCHANGED)
def show_panel(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    serving: Serving,
    wish: AsTable,
    area: Annotated[str, Query(max_length=100, pattern=NO_NUL, description="Code of an area that you see whole.")],
    at: At = None,
    metrics: Annotated[
        str | None,
        Query(
            max_length=1000,
            description="Figures by id, separated by commas; all without it.",
            json_schema_extra=listed_names(figure.id for figure in FIGURES),
        ),
    ] = None,
) -> Response:
    """Show the figures of an area on a day, and of its parts, which with what lies in none of them add up to it.

    What was done counts from New Year until the end of the day. `withheld` names figures that are not for you: how many days of
    patrols were met is for those who manage staff there. As CSV: a line for the area, for each part, and for `elsewhere`.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    days = days_of(at, None, None, today=asked.today)
    wanted = FIGURES if metrics is None else named((name.strip() for name in metrics.split(",")), FIGURES)
    zone = ZoneInfo(serving.settings.zone)
    with store.read(asked.acting(Right.SEE_INTERNAL), ms=ROOMY_MS) as conn:
        place = stats.place_of(conn, area)
        etag = version_of(conn, asked, wish)
        if (same := if_unchanged(wish, etag)) is not None:
            return same
        window = Window(
            moment=moment_of(days.at, asked.now, zone),
            since=midnight(days.since, zone),
            until=midnight(days.until, zone),
            area=place.path,
        )
        sees_patrols = asked.caller.may(Right.MANAGE_STAFF, place.path)
        calendar = serving.rules.deadlines(conn).calendar
        ask = Ask(conn=conn, window=window, day=days.at, calendar=calendar, sees_patrols=sees_patrols)
        found = panel(ask, wanted, level=place.level)
    whole, elsewhere = _figures(wanted, found.total), _figures(wanted, found.elsewhere)
    here = {"code": place.code, "name": place.name, "level": place.level}
    parts = [
        {"code": part.area.code, "name": part.area.name, "level": part.area.level, "figures": _figures(wanted, part.counts)}
        for part in found.parts
    ]
    document = {
        "area": here,
        "at": days.at,
        "window": {"from": days.since, "until": days.until},
        "profile": None if found.profile is None else {"name": found.profile.name, "area": found.profile.area},
        "withheld": [] if sees_patrols else [metric.id for metric in wanted if metric.id == "patrol_compliance"],
        "figures": [_figure(metric, asked.lang) | whole[metric.id] for metric in wanted],
        "parts": parts,
        "elsewhere": elsewhere,
    }
    lines = [
        {"line": "area", **here, "figures": whole},
        *({"line": "part", **part} for part in parts),
        {"line": "elsewhere", "figures": elsewhere},
    ]
    return table(wish, document, lines, name=f"panel-{days.at}", etag=etag)


def _figure(metric: Metric, lang: Lang) -> dict[str, Any]:
    return {
        "id": metric.id,
        "name": metric.name(lang),
        "formula": metric.formula[lang],
        "unit": str(metric.unit),
        "basis": str(metric.basis),
    }


def _figures(metrics: Sequence[Metric], counts: Mapping[str, int]) -> dict[str, Any]:
    return {metric.id: document(metric, counts) for metric in metrics}
