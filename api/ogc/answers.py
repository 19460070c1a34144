"""What all answers of the OGC API share: links, ETags, the form that the caller wants, and what is remembered in between."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import quote

import orjson
from starlette.responses import HTMLResponse, Response

from api.asked import service
from api.kept import Kept
from api.ogc.query import LANGS
from api.ogc.versions import Versions
from api.parameters import refuse, taken
from data.spelling import listed
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from starlette.requests import Request

    from api.asked import Asked
    from api.directory import Directory

T = TypeVar("T")

JSON, HTML, GEOJSON = "application/json", "text/html", "application/geo+json"
SCHEMA_JSON, OPENAPI = "application/schema+json", "application/vnd.oai.openapi+json;version=3.0"
MVT = "application/vnd.mapbox-vector-tile"
REL = "http://www.opengis.net/def/rel/ogc/1.0/"

VARY = "Accept, Accept-Encoding, Accept-Language, Authorization, Cookie"
"""What an answer may depend on beside its address."""
NO_STORE = "private, no-store"
"""The header `Cache-Control` of drafts: nobody keeps a copy."""
FORMS = {"json": JSON, "html": HTML}
"""The values of the parameter `f` for documents and items, and the media types that ask for the same."""
_MB = 1_000_000
_MOST_FACTS = 4096
_DIGEST = 16
DIRECTORIES_BYTES = 256 << 20
"""Of the directories that a process keeps: some hundred bytes for each name, so about a million."""

PAGED = frozenset(
    {"landing", "api", "conformance", "collections", "collection", "schema", "queryables", "sortables", "items", "item"}
)
"""Kinds of documents that are also shown as pages; how, the application is told by `Service.pages`."""


@dataclass(frozen=True, slots=True)
class Held:
    """What one process remembers between requests; nothing of it is lost when it is forgotten."""

    versions: Versions
    tiles: Kept[bytes]
    facts: dict[Hashable, object]
    """Counts, extents and composed statements: what follows from their keys alone."""
    directories: Kept[Directory] = field(default_factory=lambda: Kept(DIRECTORIES_BYTES))
    """What can be found by name, for each kind of caller."""

    def fact(self, key: Hashable, find: Callable[[], T]) -> T:
        """Return what is remembered under a key, found out if nothing is. A key says everything that the fact follows from."""
        found = self.facts.get(key)
        if found is None:
            found = find()
            if len(self.facts) >= _MOST_FACTS:
                self.facts.clear()
            self.facts[key] = found
        return cast("T", found)


_making = Lock()


def held(request: Request) -> Held:
    """Return what the application remembers of what the store shows; the first request makes it."""
    state = request.app.state
    found = cast("Held | None", getattr(state, "ogc", None))
    if found is None:
        with _making:
            found = cast("Held | None", getattr(state, "ogc", None))
            if found is None:
                found = Held(Versions(), Kept(service(request).settings.tile_cache_mb * _MB), {})
                state.ogc = found
    return found


def link(href: str, rel: str, media: str, title: str = "", **more: object) -> dict[str, object]:
    """Return a link."""
    return {"href": href, "rel": rel, "type": media, **({"title": title} if title else {}), **more}


def link_header(links: Sequence[Mapping[str, object]]) -> str:
    """Return the header `Link` that says what the links of a document say; a template is no link there."""
    return ", ".join(
        f'<{each["href"]}>; rel="{each["rel"]}"; type="{each["type"]}"' for each in links if "templated" not in each
    )


def self_links(request: Request, asked: Asked, kind: str, media: str = JSON) -> list[dict[str, object]]:
    """Return the links of a document to itself, and to itself as a page where there is one."""
    address = address_of(request, asked)
    links = [link(address, "self", media)]
    if kind in PAGED:
        links.append(link(f"{address}{'&' if '?' in address else '?'}f=html", "alternate", HTML))
    return links


def address_of(request: Request, asked: Asked) -> str:
    """Return the address that was asked for, as others know it, without `f`: the same thing in any form."""
    # A place whose files give it no code has its name for one: in an address, and in a header, that stands encoded.
    path = quote(request.url.path.removeprefix(request.scope.get("root_path", "")), safe="/:@!$&'()*+,;=~")
    query = "&".join(part for part in request.url.query.split("&") if part and not part.startswith("f="))
    return f"{asked.base}{path}{'?' if query else ''}{query}"


def parameters(request: Request, *known: str) -> dict[str, str]:
    """Return the parameters of a request that takes only `known`, beside `f` and `lang`.

    Raises
    ------
    ParameterError
        If there is another, or one is given twice; `errors` lists every fault.

    """
    given, faults = taken(request.query_params.multi_items(), (*known, "f", "lang"))
    if given.get("lang", "zh") not in LANGS:
        faults.append(ParameterError("lang", f"lang is zh or en, not {given['lang'][:40]!r}."))
    refuse(faults)
    return given


def form_of(request: Request, wish: str | None, kind: str, forms: Mapping[str, str] = FORMS) -> str:
    """Return the form of the answer: what `f` says, else what `Accept` asks for first, else the first of `forms`.

    Raises
    ------
    ParameterError
        If `f` is none of them.

    """
    offered = {name: media for name, media in forms.items() if name != "html" or kind in PAGED}
    if wish is not None:
        if wish not in offered:
            raise ParameterError("f", f"f is one of {listed(offered)} here, not {wish[:40]!r}.")
        return wish
    if "html" in offered:
        for part in request.headers.get("accept", "").split(",", maxsplit=20):
            media = part.partition(";")[0].strip().lower()
            if media == HTML:
                return "html"
            if media in {JSON, GEOJSON, SCHEMA_JSON, "application/*"}:
                break
    return next(iter(offered))


def digested(*parts: object) -> str:
    """Return a short digest of values; equal values give equal digests in every process."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:_DIGEST]


def audience(asked: Asked) -> str:
    """Return what an answer depends on of the caller: empty for everybody who sees what is public, and no more."""
    scope = asked.scope
    if not (scope.areas_1 or scope.rights):
        return "" if scope.public else "-"
    return digested(scope.rights, scope.areas_1, scope.areas_2, scope.categories, scope.public)


def caching(asked: Asked) -> str:
    """Return the header `Cache-Control` of what is asked about again each time."""
    return "private, no-cache" if asked.caller.is_known else "no-cache"


def is_known_tag(request: Request, *tags: str) -> bool:
    """Say whether the caller has an answer with one of these ETags already."""
    header = request.headers.get("if-none-match")
    if header is None:
        return False
    shown = {part.strip().removeprefix("W/") for part in header.split(",")}
    return "*" in shown or not shown.isdisjoint(tags)


def unchanged(headers: Mapping[str, str]) -> Response:
    """Return the answer that nothing has changed."""
    return Response(status_code=304, headers={name: value for name, value in headers.items() if name != "Content-Type"})


def document(
    request: Request,
    asked: Asked,
    kind: str,
    body: dict[str, object],
    *,
    media: str = JSON,
    forms: Mapping[str, str] = FORMS,
) -> Response:
    """Return a document in the form that the caller wants, or that it has not changed."""
    form = form_of(request, request.query_params.get("f"), kind, forms)
    # A document tells nothing that somebody may not know, but the address in its links and its language.
    headers = {"Cache-Control": caching(asked), "Vary": VARY, "Content-Language": asked.lang}
    links = body.get("links")
    if isinstance(links, list):
        headers["Link"] = link_header(cast("list[dict[str, object]]", links))
    raw = service(request).pages[kind](body, asked).encode() if form == "html" else orjson.dumps(body)
    headers["ETag"] = f'"{hashlib.sha256(raw).hexdigest()[:_DIGEST]}"'
    if is_known_tag(request, headers["ETag"]):
        return unchanged(headers)
    return HTMLResponse(raw, headers=headers) if form == "html" else Response(raw, headers=headers, media_type=media)


def title_of(asked: Asked, zh: str, en: str) -> str:
    """Return a text in the caller's language."""
    return zh if asked.lang == "zh" else en
