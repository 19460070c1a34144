"""The addresses of the pages, and how documents of the OGC API are shown as pages.

Whoever composes the application adds `routes`, and tells the OGC API by `Service.pages` how its documents are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from api.pages import documents, features
from api.pages.description import api, api_page
from api.pages.desk import desk
from api.pages.editor import editor
from api.pages.figures import figures_page
from api.pages.files import static
from api.pages.office import choose_language, new_plan_page, plan_page, plans_page, sign_in_page
from api.pages.prints import prints_page
from api.pages.sheet import routes as sheets
from api.pages.wall import wall
from api.pages.work import list_page, work_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from api.asked import Asked

PAGES: Mapping[str, Callable[[dict[str, object], Asked], str]] = {
    "landing": documents.landing,
    "api": api,
    "conformance": documents.conformance,
    "collections": documents.collections,
    "collection": documents.collection,
    "schema": documents.schema,
    "queryables": documents.schema,
    "sortables": documents.schema,
    "items": features.items,
    "item": features.item,
}
"""How each kind of document is shown."""

routes: list[Route] = [
    Route("/static/{name}", static),
    Route("/api.html", api_page),
    Route("/sign-in", sign_in_page),
    Route("/language", choose_language),
    Route("/wall", wall),
    Route("/command", desk),
    Route("/edit/{plan}", editor),
    Route("/figures", figures_page),
    Route("/workspace", work_page),
    Route("/workspace/{list}", list_page),
    *sheets,
    Route("/prints", prints_page),
    Route("/plans", plans_page),
    Route("/plans/new", new_plan_page),
    Route("/plans/{plan}", plan_page),
]
