"""The wall of a command centre as a page of the service. It holds no data: whoever opens it sees what they may see."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from api.asked import language, service
from api.loop.labels import label
from api.loop.words import Event, State
from api.pages.packed import Packed, answer_packed
from maps.wall import wall_page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from api.lang import Lang

LANGS: tuple[Lang, ...] = ("zh", "en")


def wall(request: Request) -> Response:
    """Answer with the wall's page: the same for everybody, so that browsers may keep it and only ask whether it has changed."""
    settings = service(request).settings
    return answer_packed(request, _page(settings.root_path.rstrip("/"), language(request), settings.zone))


@lru_cache(maxsize=4)
def _page(root: str, lang: Lang, zone: str) -> Packed:
    """Return the page, packed."""
    says = {
        each: {
            f"{family}.{word}": label(word).say(each)
            for family, words in (("state", State), ("event", Event))
            for word in words
        }
        for each in LANGS
    }
    return Packed.of(wall_page(root=root, here="/wall", lang=lang, zone=zone, says=says))
