"""Pages that hold no data: made once, kept packed, and sent so that browsers need only ask whether they have changed."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

from api.pages.page import VARY
from api.zipped import answer_zipped

if TYPE_CHECKING:
    from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Packed:
    """A page as bytes of gzip, and its ETag."""

    body: bytes
    mark: str

    @classmethod
    def of(cls, page: str) -> Packed:
        """Pack a page."""
        plain = page.encode()
        return cls(gzip.compress(plain, mtime=0), f'"{hashlib.sha256(plain).hexdigest()[:16]}"')


def answer_packed(request: Request, page: Packed, *, keep: str = "no-cache") -> Response:
    """Answer with a page as the browser can read it, or 304 where it has it; `keep` is its Cache-Control."""
    headers = {
        "Cache-Control": keep,
        "Content-Security-Policy": "frame-ancestors 'none'",  # the rest stands in the page, by the digests of its scripts
        "ETag": page.mark,
        "Referrer-Policy": "no-referrer",
        "Vary": f"{VARY}, Accept-Encoding",
    }
    if request.headers.get("if-none-match") == page.mark:
        return Response(status_code=304, headers=headers)
    return answer_zipped(request, page.body, headers, media="text/html; charset=utf-8")
