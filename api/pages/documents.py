"""The documents of the OGC API as pages: the landing page, what is kept of the standards, the collections, their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from api.directory import places_scope
from api.ogc.collections import DRAFTS, WITH_PAGES
from api.pages.page import around, render
from maps.palette import BAND_FILLS, FILLS
from maps.words import words_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api.asked import Asked

Document = dict[str, object]

LIGHTS = {"red": "#c8372d", "yellow": "#eab308", "green": "#3f9b57", "unlit": "#8a939b"}
"""The colours of an incident by the light of its clock; unlit: no clock runs."""

FILL = {
    "residential": FILLS[1],
    "dedicated": FILLS[3],
    "area": FILLS[2],
    "changed": BAND_FILLS[3],
    "kept": BAND_FILLS[6],
    **LIGHTS,
}
"""What each colour on the pages' maps stands for."""


def link_of(document: Mapping[str, Any], rel: str) -> str:
    """Return the address of a document's first link with that relation, or an empty text."""
    links = cast("Sequence[Mapping[str, str]]", document.get("links", ()))
    return next((link["href"] for link in links if link["rel"] == rel), "")


def landing(body: Document, asked: Asked) -> str:
    """Return the landing page."""
    frame = around(asked, f"{asked.base}/")
    links = [_shown(link, body) for link in _machine_links(body)]
    return render(
        "landing.html",
        frame,
        body=body,
        links=links,
        today=asked.today.isoformat(),
        fill=FILL,
        find=words_for("find.")[frame.lang],
        finds_places=places_scope(asked) is not None,
    )


def conformance(body: Document, asked: Asked) -> str:
    """Return the page of what is kept of the standards, one group for each standard."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for uri in cast("Sequence[str]", body["conformsTo"]):
        standard, _, name = urlsplit(uri).path.removeprefix("/spec/").partition("/conf/")
        groups.setdefault(standard.partition("/")[0], []).append((name, uri))
    return render("conformance.html", around(asked, link_of(body, "self")), groups=groups)


def collections(body: Document, asked: Asked) -> str:
    """Return the page of all collections."""
    found = cast("Sequence[Mapping[str, Any]]", body["collections"])
    return render("collections.html", around(asked, link_of(body, "self")), collections=[_summed(each) for each in found])


def collection(body: Document, asked: Asked) -> str:
    """Return the page of one collection: where, since when, its fields, and every way to get it."""
    fields = WITH_PAGES.get(str(body["id"]), DRAFTS).fields
    return render(
        "collection.html",
        around(asked, link_of(body, "self")),
        collection=_summed(body),
        fields=fields,
        fill=FILL,
        downloads=[link for link in _links(body) if link["rel"] == "enclosure"],
    )


def schema(body: Document, asked: Asked) -> str:
    """Return the page of what a collection's features are made of, can be asked for, or ordered by."""
    here = str(body["$id"])
    properties = cast("Mapping[str, Mapping[str, Any]]", body["properties"])
    above, _, kind = here.rpartition("/")
    return render("schema.html", around(asked, here), body=body, kind=kind, above=above, properties=properties)


def _links(body: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    return cast("Sequence[Mapping[str, str]]", body["links"])


def _machine_links(body: Document) -> list[Mapping[str, str]]:
    """Return the links for programs, each address once."""
    seen: dict[str, Mapping[str, str]] = {}
    for link in _links(body):
        if link["rel"] not in {"self", "alternate"}:
            seen.setdefault(link["href"], link)
    return list(seen.values())


def _shown(link: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, str]:
    """Return a link with the key of the words that say what it is."""
    path = link["href"].removeprefix(link_of(body, "self").rstrip("/"))
    return {"href": link["href"], "type": link["type"], "rel": link["rel"].rpartition("/")[2], "path": path}


def _systems(uris: Sequence[str]) -> list[str]:
    """Return coordinate systems by their short names; of numbers that follow one another the first and the last."""
    names = [uri.rpartition("/")[2] for uri in uris]
    numbers = sorted(int(name) for name in names if name.isdecimal())
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    spans = [f"EPSG:{run[0]}" if len(run) == 1 else f"EPSG:{run[0]}–{run[-1]}" for run in runs]
    return [*(name for name in names if not name.isdecimal()), *spans]


def _summed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a page says of a collection; `since` is its first day, empty without any; drafts are on no day."""
    extent = body["extent"]
    begins = extent["temporal"]["interval"][0][0] if "temporal" in extent else None
    since = "" if begins is None else str(begins)[:10]
    is_timeless = "temporal" not in extent
    return {
        "id": body["id"],
        "title": body["title"],
        "description": body["description"],
        "bbox": extent["spatial"]["bbox"][0] if since or is_timeless else None,
        "since": since,
        "is_timeless": is_timeless,
        "crs": _systems(body["crs"]),
        "storage": body["storageCrs"],
        "has_page": body["id"] in WITH_PAGES,
    }
