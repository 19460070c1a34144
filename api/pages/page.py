"""Making a page: templates, what stands around every page, and the policy that it is sent with.

Whatever comes from data is escaped by the templates; what scripts need goes in as JSON that no string can leave. The
policy lets in our own files only and no inline script or style, so that even a mistake here would run nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from api.asked import base, language
from api.pages.files import asset_path
from api.pages.formats import day_text, number_text
from api.pages.policy import policy_with
from api.pages.words import word, words_for
from maps.canvas import json_text

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from api.asked import Asked
    from api.base_tiles import BaseTiles
    from api.lang import Lang

VARY = "Accept, Accept-Language, Authorization, Cookie"
_INSIDE = re.compile(r"/(?:[\w.~!$&'()*+,;=:@%-][\w.~!$&'()*+,;=:@%/?-]*)?", re.ASCII)
"""A path that begins with one slash: with two, or with what a browser takes for one, it would name another host."""
_PASSING = frozenset({"f", "lang"})
"""Parameters that say how a page is shown, not what it shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What stands around a page. `root` is the path of the landing page without a slash, `here` the page's own below it.

    `person` and `name` are empty for whoever is not known; `account` False leaves signing in and out away.
    """

    lang: Lang
    base: str
    here: str
    person: str = ""
    name: str = ""
    account: bool = True
    zone: str = ""
    """The zone in which its scripts tell times; nothing: the reader's own."""
    tiles: BaseTiles | None = None
    """What lies below its maps, beside our own ground."""

    @property
    def root(self) -> str:
        """The path of the landing page, without a slash at its end."""
        return urlsplit(self.base).path

    def local(self, address: str) -> str:
        """Return an address of ours as a path, so that it holds under whatever name the service was asked for.

        One that leads elsewhere stays, if a browser may follow it, and is `#` if it may not.
        """
        if address == self.base or address.startswith((f"{self.base}/", f"{self.base}?")):
            path = address.removeprefix(self.base)
            return self.root + (path if path.startswith("/") else f"/{path}")
        return address if urlsplit(address).scheme in {"http", "https"} else "#"


def around(asked: Asked, address: str) -> Around:
    """Return what stands around the page at `address`, for whoever asks."""
    here = address.removeprefix(asked.base)
    return Around(
        lang=asked.lang,
        base=asked.base,
        here=_here(here),
        person=asked.caller.person_id,
        name=asked.caller.name,
        zone=asked.zone,
        tiles=asked.tiles,
    )


def around_stranger(request: Request) -> Around:
    """Return what stands around a page where it is not known who asks: a page about an error."""
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    here = _here(f"{path}?{request.url.query}")
    return Around(lang=language(request), base=base(request), here=here, account=False)


def _here(path: str) -> str:
    """Return a path and query without what says how the page is shown."""
    path, _, query = path.partition("?")
    kept = urlencode([(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in _PASSING])
    return f"{path or '/'}{'?' if kept else ''}{kept}"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("api.pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def render(template: str, frame: Around, **values: Any) -> str:  # noqa: ANN401 - whatever the template asks for
    """Return a page.

    In a template `say(key, …)` is a word, `at(path)` a path of ours, `file(name)` one of the pages' files,
    `data(id, value)` a value for scripts, `words(prefix, …)` the words that scripts say.
    """
    lang = frame.lang

    def say(key: str, /, **places: object) -> str:
        return word(key, lang, **places)

    def data(name: str, value: object) -> Markup:
        # json_text leaves no `<` in what it writes, so nothing in it can end the element.
        return Markup('<script type="application/json" id="{}">{}</script>').format(name, Markup(json_text(value)))  # noqa: S704

    return _environment().get_template(template).render(
        frame=frame,
        lang=lang,
        say=say,
        at=lambda path: frame.root + path,
        local=frame.local,
        file=lambda name: frame.root + asset_path(name),
        data=data,
        words=lambda *prefixes: data("words", words_for(lang, "common.", *prefixes)),
        number=number_text,
        day=lambda text: day_text(text, lang),
        **values,
    )  # fmt: skip


def page_headers(frame: Around) -> dict[str, str]:
    """Return the headers that a page of somebody's own is sent with."""
    return {
        "Cache-Control": "private, no-cache",
        "Content-Language": frame.lang,
        "Content-Security-Policy": policy_with(frame.tiles),
        "Vary": VARY,
    }


def answer_page(template: str, frame: Around, *, status: int = 200, **values: Any) -> Response:  # noqa: ANN401 - as render
    """Answer with a page of somebody's own."""
    return HTMLResponse(render(template, frame, **values), status, page_headers(frame))


def inside(path: str) -> str:
    """Return a path of ours that somebody wants to go to, and the landing page where it would lead anywhere else."""
    return path if _INSIDE.fullmatch(path) else "/"
