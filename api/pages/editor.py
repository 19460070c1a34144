"""The planner's editor as a page of the service. It holds no data: whoever opens it sees of the plan what they may see."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import RedirectResponse

from api.asked import ask, service
from api.pages.packed import Packed, answer_packed
from api.pages.page import VARY
from api.pages.words import LANGUAGES, words_for
from maps.editor import editor_page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from api.lang import Lang

WORDS = ("plan.act.", "plan.do.", "plan.state.")
"""What steps and states of plans are called, on every page alike; the editor knows them without `plan.`."""


def editor(request: Request) -> Response:
    """Answer with the editor of a plan, for those who are known; others sign in first."""
    asked = ask(request)
    settings = service(request).settings
    plan = request.path_params["plan"]
    root = settings.root_path.rstrip("/")
    if not asked.caller.is_known:
        onward = urlencode({"next": f"/edit/{plan}"})
        return RedirectResponse(f"{root}/sign-in?{onward}", 303, {"Vary": VARY})
    page = _page(root, plan, asked.lang, settings.zone, asked.today.isoformat())
    return answer_packed(request, page, keep="private, no-cache")


@lru_cache(maxsize=16)
def _page(root: str, plan: str, lang: Lang, zone: str, today: str) -> Packed:
    """Return the page, packed."""
    says = {each: {key.removeprefix("plan."): said for key, said in words_for(each, *WORDS).items()} for each in LANGUAGES}
    return Packed.of(editor_page(root=root, plan=plan, lang=lang, zone=zone, today=today, says=says))
