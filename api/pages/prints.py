"""The page of prints: an atlas is ordered, its progress is seen, and what is made is taken.

The page asks `/v1/prints` itself, as any other program may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.asked import ask, store
from api.pages.office import sign_in_first
from api.pages.page import answer_page, around
from api.pages.print_choices import print_choices
from api.v1.prints import NEEDED, may_print
from data.store import plans
from data.store.called import areas_with_grids
from gis.errors import NotFound
from maps.sheets.values import Volume

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from api.asked import Asked

LEVELS = ("district", "street", "community")


def prints_page(request: Request) -> Response:
    """Answer with the page of prints; `area` or `plan` says what to begin with."""
    asked = ask(request)
    frame = around(asked, f"{asked.base}/prints")
    if not asked.caller.is_known:
        return sign_in_first(frame.root, "/prints")
    area, plan = (request.query_params.get(name, "") for name in ("area", "plan"))
    may = all(asked.caller.may(right) for right in NEEDED)
    return answer_page(
        "prints.html",
        frame,
        may_order=may,
        areas=_areas(request, asked) if may else {},
        area=area,
        plan=_plan(request, asked, plan) if may and plan else None,
        volumes=[each.value for each in Volume],
        **print_choices(internal=True),
    )


def _areas(request: Request, asked: Asked) -> dict[str, list[tuple[str, str]]]:
    """Return the areas that whoever asks may have printed, by level: code and name."""
    with store(request).read(asked.scope) as conn:
        found = areas_with_grids(conn, asked.today, LEVELS)
    mine = [each for each in found if may_print(asked, [each.path])]
    return {level: [(each.code, each.name) for each in mine if each.level == level] for level in LEVELS}


def _plan(request: Request, asked: Asked, identity: str) -> dict[str, Any] | None:
    """Return the plan that is to be printed; None where it is not for whoever asks."""
    try:
        with store(request).read(asked.scope) as conn:
            plan = plans.get(conn, identity)
    except NotFound:
        return None
    if not may_print(asked, plan.paths):
        return None
    return {"id": plan.id, "title": plan.title}
