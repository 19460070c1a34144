"""The panel of an area over HTTP: its figures on a day, each with its formula and numbers, and those of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Serving, Store
from api.panel.figures import FIGURES, shown
from api.panel.panel import panel
from api.stats.window import days_of, midnight, moment_of
from api.v1.answers import answer
from api.v1.parameters import NO_NUL, At, only
from api.who.caller import Right
from data.store import stats
from data.store.stats import Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.lang import Lang
    from api.panel.figures import Figure

router = APIRouter(prefix="/v1/panel", tags=["panel"])

ROOMY_MS = 30_000
"""How long the counting of a whole town may take."""


@router.get("", dependencies=[Depends(only("area", "at"))])
def show_panel(
    asked: Asking,
    store: Store,
    serving: Serving,
    area: Annotated[str, Query(max_length=100, pattern=NO_NUL, description="Code of an area that you see whole.")],
    at: At = None,
) -> Response:
    """Show the figures of an area on a day, and of its parts, which with what lies in none of them add up to it.

    What was done counts from New Year until the end of the day.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    days = days_of(at, None, None, today=asked.today)
    zone = ZoneInfo(serving.settings.zone)
    with store.read(asked.acting(Right.SEE_INTERNAL), ms=ROOMY_MS) as conn:
        place = stats.place_of(conn, area)
        window = Window(
            moment=moment_of(days.at, asked.now, zone),
            since=midnight(days.since, zone),
            until=midnight(days.until, zone),
            area=place.path,
        )
        found = panel(conn, window, level=place.level, day=days.at)
    document = {
        "area": {"code": place.code, "name": place.name, "level": place.level},
        "at": days.at,
        "window": {"from": days.since, "until": days.until},
        "profile": None if found.profile is None else {"name": found.profile.name, "area": found.profile.area},
        "figures": [_figure(figure, asked.lang) | shown(figure, found.total) for figure in FIGURES],
        "parts": [
            {
                "code": part.area.code,
                "name": part.area.name,
                "level": part.area.level,
                "figures": _figures(part.counts),
            }
            for part in found.parts
        ],
        "elsewhere": _figures(found.elsewhere),
    }
    return answer(document)


def _figure(figure: Figure, lang: Lang) -> dict[str, Any]:
    is_zh = lang == "zh"
    return {
        "id": figure.id,
        "name": figure.zh if is_zh else figure.en,
        "formula": figure.zh_formula if is_zh else figure.en_formula,
        "unit": str(figure.unit),
    }


def _figures(counts: Mapping[str, int]) -> dict[str, Any]:
    return {figure.id: shown(figure, counts) for figure in FIGURES}
