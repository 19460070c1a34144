"""Printed sheets over HTTP: of a grid, of a station, of all stations of an area, of what a plan changes.

A sheet is a PDF, unless `format` or `Accept` asks for SVG or PNG. What it says is what everybody may know, unless the caller
asks for more and may have it (`show`).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import Route

from api.asked import ask, service, store
from api.ogc.collections import GRIDS, require_reader
from api.parameters import refuse, taken
from api.plain import in_thread
from api.sheet_press import MEDIA, press_of
from api.sheet_store import INTERNAL, Wish, grid_ground, plan_change, shown_of, station_ground
from api.who.caller import Right
from data.spelling import listed
from data.store import stations
from data.store.plans import path_named
from gis.errors import NotFound, ParameterError
from maps.sheets.scale import ROUND
from maps.sheets.values import Form, Paper, SheetOptions, Show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from api.asked import Asked
    from maps.sheets.press import Page

VARY = "Accept, Accept-Language, Authorization, Cookie"
MOST_PAGES = 40
"""Of one answer; a whole district is for `wangge sheet`."""
SHOWN = (*Show, INTERNAL, "nothing")
_COMMON = ("format", "paper", "show", "lang")


def grid_sheet(request: Request) -> Response:
    """Answer with the sheet of a grid in force."""
    from maps.sheets.atlas import GridPress, sheet_of  # noqa: PLC0415 - what draws takes a second to import

    asked = ask(request)
    require_reader(GRIDS, asked.scope, known=asked.caller.is_known)
    wish, form, _ = _wished(request, asked, default=tuple(Show), more=("at", "scale"))
    code = request.path_params["code"]
    ground, row, (posts, told) = grid_ground(store(request), asked, code, wish)
    here = f"{asked.base}/collections/grids/items/{{code}}" if "grids" in asked.scope.public else ""
    options = replace(_options(request, asked, wish, form), card_url=here, staff={code: posts}, told={code: told})
    page = GridPress(ground, options).page(sheet_of(ground, row))
    return _answer(request, [page], options, name=code)


def station_sheet(request: Request) -> Response:
    """Answer with the sheet of a station, for those who work there."""
    asked = ask(request)
    asked.caller.require(Right.SEE_INTERNAL)
    wish, form, _ = _wished(request, asked, default=(), more=("at",))
    code = request.path_params["code"]
    options = _options(request, asked, wish, form)
    return _answer(request, _station_pages(request, asked, [code], wish, options), options, name=f"station-{code}")


def stations_book(request: Request) -> Response:
    """Answer with the sheets of all stations of an area, bound into one PDF."""
    asked = ask(request)
    asked.caller.require(Right.SEE_INTERNAL)
    wish, form, given = _wished(request, asked, default=(), more=("at", "area"))
    area = given.get("area")
    if area is None:
        raise ParameterError("area", "name the area whose stations are wanted, by its code")
    with store(request).read(asked.scope) as conn:
        rows = stations.listed(conn, area=path_named(conn, area), kind=None, service=None, after="", limit=MOST_PAGES + 1)
    if not rows:
        raise NotFound(f"there is no station in {area} that is yours to see")
    _few(len(rows), form, "area", "name a smaller area")
    options = _options(request, asked, wish, form)
    pages = _station_pages(request, asked, [row["code"] for row in rows], wish, options)
    return _answer(request, pages, options, name=f"stations-{area}")


def plan_sheet(request: Request) -> Response:
    """Answer with what a plan changes against the net in force: overviews of streets, communities that change."""
    from maps.sheets.change_atlas import ChangePress, change_book  # noqa: PLC0415 - what draws takes a second to import

    asked = ask(request)
    wish, form, given = _wished(request, asked, default=(), more=("community",))
    change = plan_change(store(request), asked, request.path_params["plan"])
    ground = change.ground
    divided = sorted(set(ground.community.tolist()), key=lambda home: ground.community_code[home])
    wanted = given.get("community")
    if wanted is not None:
        divided = [home for home in divided if ground.community_code[home] == wanted]
        if not divided:
            raise ParameterError("community", f"the plan has no community {wanted}")
    book = change_book(change, divided, asked.lang)
    _few(len(book), form, "community", "name one community")
    options = _options(request, asked, wish, form)
    press = ChangePress(change, options)
    return _answer(request, [press.page(sheet) for sheet in book], options, name=f"plan-{request.path_params['plan']}")


routes: list[Route] = [
    Route("/sheet/stations", in_thread(stations_book)),
    Route("/sheet/stations/{code}", in_thread(station_sheet)),
    Route("/sheet/plans/{plan}", in_thread(plan_sheet)),
    Route("/sheet/{code}", in_thread(grid_sheet)),
]


def _station_pages(request: Request, asked: Asked, codes: Sequence[str], wish: Wish, options: SheetOptions) -> list[Page]:
    from maps.sheets.station import StationPress, station_sheets  # noqa: PLC0415 - what draws takes a second to import

    found = tuple(station_ground(store(request), asked, code, wish) for code in codes)
    press = StationPress(found, options)
    return [press.page(sheet) for sheet in station_sheets(found)]


def _few(pages: int, form: Form, parameter: str, advice: str) -> None:
    if pages > MOST_PAGES:
        raise ParameterError(parameter, f"this is more than {MOST_PAGES} pages: {advice}, or print it with `wangge sheet`")
    if pages > 1 and form is not Form.PDF:
        raise ParameterError("format", f"this has {pages} pages, and only a PDF has pages: {advice}")


def _wished(
    request: Request, asked: Asked, *, default: Sequence[str], more: Sequence[str]
) -> tuple[Wish, Form, dict[str, str]]:
    """Return what is wanted, in which form, and the other parameters; every fault at once."""
    given, faults = taken(_ticked(request.query_params.multi_items()), (*_COMMON, *more))
    form = _form(given.get("format"), request.headers.get("accept", ""), faults)
    paper, day = Paper.A4, asked.today
    if "paper" in given:
        try:
            paper = Paper(given["paper"].upper())
        except ValueError:
            faults.append(ParameterError("paper", f"paper is {listed([each.value for each in Paper])}"))
    if "at" in given:
        try:
            day = date.fromisoformat(given["at"])
        except ValueError:
            faults.append(ParameterError("at", "write a day as 2026-01-31"))
    scale = given.get("scale", "0")
    if scale not in {"0", *map(str, ROUND)}:
        faults.append(ParameterError("scale", f"scale is 0 or one of {listed([str(each) for each in ROUND], 40)}"))
    shown = set(given["show"].split(",") if "show" in given else default)
    if not shown <= set(SHOWN):
        faults.append(ParameterError("show", f"show is a list, with commas, of {listed(SHOWN)}"))
    refuse(faults)
    show, internal = shown_of(shown)
    wish = Wish(day=day, paper=paper, scale=int(scale), show=show, lang=asked.lang, internal=internal)
    return wish, form, given


def _ticked(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return parameters with one `show` for all of them: a form sends one for each box that is ticked."""
    ticked = [value for name, value in pairs if name == "show"]
    rest = [(name, value) for name, value in pairs if name != "show"]
    return [*rest, ("show", ",".join(ticked))] if ticked else rest


def _form(said: str | None, accept: str, faults: list[ParameterError]) -> Form:
    if said is not None:
        try:
            return Form(said.lower())
        except ValueError:
            faults.append(ParameterError("format", f"format is {listed([each.value for each in Form])}"))
            return Form.PDF
    kinds = [part.split(";")[0].strip() for part in accept.split(",")]
    return next((form for form in (Form.PDF, Form.SVG, Form.PNG) if MEDIA[form] in kinds), Form.PDF)


def _options(request: Request, asked: Asked, wish: Wish, form: Form) -> SheetOptions:
    settings = service(request).settings
    return SheetOptions(
        paper=wish.paper,
        scale=wish.scale,
        form=form,
        lang=asked.lang,
        day=wish.day.isoformat(),
        review_number=settings.map_review,
        hotline=settings.hotline,
    )


def _answer(request: Request, pages: Sequence[Page], options: SheetOptions, *, name: str) -> Response:
    from maps.sheets.printing import input_of  # noqa: PLC0415 - what draws takes a second to import

    mark = hashlib.sha256(input_of(pages, options).encode()).hexdigest()[:32]
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name, safe='')}.{options.form.value}",
        "Content-Language": options.lang,
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        "ETag": f'"{mark}"',
        "Vary": VARY,
    }
    if request.headers.get("if-none-match") == f'"{mark}"':
        return Response(status_code=304, headers=headers)
    return Response(press_of(request).printed(mark, pages, options.form, name), headers=headers, media_type=MEDIA[options.form])
