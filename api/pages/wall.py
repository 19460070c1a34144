"""The wall of a command centre as a page of the service. It holds no data: whoever opens it sees what they may see."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from starlette.responses import Response

from api.asked import language, service
from api.loop.labels import label
from api.loop.words import Event, State
from api.pages.page import VARY
from maps.wall import wall_page

if TYPE_CHECKING:
    from starlette.requests import Request

    from api.lang import Lang

LANGS: tuple[Lang, ...] = ("zh", "en")


def wall(request: Request) -> Response:
    """Answer with the wall's page: the same for everybody, so that browsers may keep it and only ask whether it has changed."""
    settings = service(request).settings
    packed, mark = _page(settings.root_path.rstrip("/"), language(request), settings.zone)
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": "frame-ancestors 'none'",  # the rest stands in the page, by the digests of its scripts
        "ETag": mark,
        "Referrer-Policy": "no-referrer",
        "Vary": f"{VARY}, Accept-Encoding",
    }
    if request.headers.get("if-none-match") == mark:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, headers=headers | {"Content-Encoding": "gzip"}, media_type="text/html; charset=utf-8")
    return Response(gzip.decompress(packed), headers=headers, media_type="text/html; charset=utf-8")


@lru_cache(maxsize=4)
def _page(root: str, lang: Lang, zone: str) -> tuple[bytes, str]:
    """Return the page, packed, and its ETag."""
    says = {
        each: {
            f"{family}.{word}": label(word).say(each)
            for family, words in (("state", State), ("event", Event))
            for word in words
        }
        for each in LANGS
    }
    page = wall_page(root=root, here="/wall", lang=lang, zone=zone, says=says).encode()
    return gzip.compress(page, mtime=0), f'"{hashlib.sha256(page).hexdigest()[:16]}"'
