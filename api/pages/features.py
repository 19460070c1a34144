"""Features as pages: a page of them as map and table, and one with everything that is known of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from api.ogc.collections import COLLECTIONS, WITH_PAGES
from api.ogc.fields import Kind, sortables
from api.ogc.query import DEFAULT_LIMIT
from api.pages.documents import FILL, link_of
from api.pages.formats import day_text, value_text
from api.pages.page import around, render
from api.pages.print_choices import print_choices
from api.pages.words import word
from api.who.caller import Right
from maps.words import word as map_word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api.asked import Asked
    from api.lang import Lang
    from api.ogc.collections import Collection
    from api.ogc.fields import Field

    _Names = Mapping[str, Mapping[str, str]]
    """What codes are called, by property and code."""

_COLUMNS = ("code", "name", "kind", "community", "parent", "households", "persons", "area_m2", "grids", "valid_from")
"""What the table shows where nobody has asked for certain properties; each collection has some of these."""
_LIVE_COLUMNS = ("no", "state", "light", "urgent", "kind", "category", "grid_code", "reported_at", "due_at")
"""The same of a collection that is read as it is now."""
_BOUNDS = ("east", "south", "west", "north")
_SIZES = (20, 50, 100, 500, 1000)
_LINKED = {"community": "communities", "street": "streets", "district": "districts", "grid_code": "grids"}
"""Properties that are the code of a feature elsewhere."""
_PARENTS = {"communities": "streets", "streets": "districts"}
_BELOW = {"districts": ("streets", "parent"), "streets": ("communities", "parent"), "communities": ("grids", "community")}
"""What lies in the features of a collection: the collection, and the property to ask for."""
_PRINTED = {"districts", "streets", "communities"}
"""Collections of areas whose grids may be printed together."""
_NO_DIGIT = re.compile(r"[^0-9+*#]", re.ASCII)
_NUMBERS = {Kind.INTEGER, Kind.NUMBER}


@dataclass(frozen=True, slots=True)
class Cell:
    """A value in a table: its text, the feature that it leads to (or nothing), and how it is set."""

    text: str
    href: str
    css: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who answers for a grid, as its page shows them; `dial` is what a telephone is told, or nothing."""

    role: str
    name: str
    phone: str
    dial: str
    more: str


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column: its title, the page ordered by it, and how it is ordered now (`ascending`, …, or nothing)."""

    title: str
    href: str
    order: str
    css: str


@dataclass(frozen=True, slots=True)
class Chip:
    """One thing that was asked for, as it was understood, and the page without it."""

    title: str
    text: str
    href: str


def items(body: dict[str, object], asked: Asked) -> str:
    """Return a page of features, as map and table."""
    address = link_of(body, "self")
    collection = _collection(body)
    given = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
    features, names = cast("Sequence[Mapping[str, Any]]", body["features"]), _names(body)
    fields = _columns(collection, features, given)
    day = given.get("at") or given.get("datetime") or asked.today.isoformat()
    # Only with longitude and latitude does our map know where things lie.
    drawn = given.get("crs", "CRS84").endswith("CRS84")
    shown = [f for f in features if f["geometry"] is not None] if drawn else []
    return render(
        "items.html",
        around(asked, address),
        collection=collection,
        heads=[_head(field, given, asked.lang) for field in fields],
        states=[(each, value_text("state", each, asked.lang)) for each in _states(collection)],
        rows=[(f["id"], [_cell(collection, f, field, given, asked.lang, names) for field in fields]) for f in features],
        chips=_chips(collection, given, asked.lang),
        given=given,
        sizes=sorted({*_SIZES, int(given.get("limit") or DEFAULT_LIMIT)}),
        size=int(given.get("limit") or DEFAULT_LIMIT),
        day_shown=day,
        next=link_of(body, "next"),
        later="cursor" in given or "offset" in given,
        first=_without(given, "cursor", "offset"),
        matched=body.get("numberMatched"),
        returned=body["numberReturned"],
        json=_with(given, f="json"),
        map={
            "features": [_drawn(f, asked.lang, names) for f in shown],
            "fill": FILL,
            "item": f"/collections/{collection.id}/items/",
        },
        why_no_map="" if shown or not features else "items.no_map.crs" if not drawn else "items.no_map.geometry",
    )


def item(body: dict[str, object], asked: Asked) -> str:
    """Return the page of one feature."""
    address = link_of(body, "self")
    collection = _collection(body)
    given = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
    properties = cast("Mapping[str, Any]", body["properties"])
    known = [field for field in collection.fields if field.name in properties]
    drawn = body["geometry"] is not None and given.get("crs", "CRS84").endswith("CRS84")
    names = _names(body)
    is_grid = "people" in body
    below, by = _BELOW.get(collection.id, ("", ""))
    feature = {"id": body["id"], "geometry": body["geometry"], "properties": properties}
    return render(
        "item.html",
        around(asked, address),
        collection=collection,
        code=str(body["id"]),
        name=_called("category", properties.get("category", body["id"]), asked.lang, names)
        if collection.is_live
        else str(properties.get("name", body["id"])),
        kind=value_text("kind", properties.get("kind"), asked.lang) if collection.id == "grids" else "",
        rows=[
            (field, _cell(collection, feature, field, given, asked.lang, names)) for field in known if field.name not in _BOUNDS
        ],
        bounds=_bounds(properties, asked.lang),
        is_grid=is_grid,
        card=_card(body, asked.lang),
        staffing=body.get("staffing"),
        **(print_choices(internal=asked.caller.may(Right.SEE_INTERNAL)) if is_grid else {}),
        prints=collection.id in _PRINTED and asked.caller.may(Right.RUN_JOBS),
        shown_day=day_text(given.get("at") or asked.today.isoformat(), asked.lang),
        json=_with(given, f="json"),
        below=below,
        below_title=COLLECTIONS[below].title(asked.lang) if below else "",
        below_query=urlencode({by: str(body["id"])} | ({"at": given["at"]} if "at" in given else {})) if below else "",
        map={"features": [_drawn(feature, asked.lang, names)] if drawn else [], "fill": FILL, "item": ""},
    )


def _collection(body: Mapping[str, Any]) -> Collection:
    return WITH_PAGES[link_of(body, "collection").rpartition("/")[2]]


def _states(collection: Collection) -> tuple[str, ...]:
    """Return the states that the form offers; none where features have none."""
    return next((field.enum for field in collection.fields if field.name == "state"), ())


def _columns(collection: Collection, features: Sequence[Mapping[str, Any]], given: Mapping[str, str]) -> list[Field]:
    there = {name for feature in features for name in feature["properties"]}
    usual = _LIVE_COLUMNS if collection.is_live else _COLUMNS
    wanted = there if "properties" in given else {name for name in usual if not features or name in there}
    return [field for field in collection.fields if field.name in wanted]


def _head(field: Field, given: Mapping[str, str], lang: Lang) -> Head:
    name = given.get("sortby", "").partition(",")[0].strip()
    order = "" if name.lstrip("+-") != field.name else "descending" if name.startswith("-") else "ascending"
    css = "number" if field.kind in _NUMBERS else "text"
    if field.name not in sortables((field,)):
        return Head(field.title(lang), "", "", css)
    kept = {key: value for key, value in given.items() if key not in {"cursor", "offset"}}
    href = _with(kept, sortby=f"-{field.name}" if order == "ascending" else field.name)
    return Head(field.title(lang), href, order, css)


def _names(body: Mapping[str, Any]) -> _Names:
    return cast("_Names", body.get("names", {}))


def _called(field: str, value: object, lang: Lang, names: _Names) -> str:
    """Return a value as people read it: of a code, its name before it where the town has one."""
    text, name = value_text(field, value, lang), names.get(field, {}).get(str(value))
    return text if name is None or name == text else word("value.named", lang, name=name, code=text)


def _cell(  # noqa: PLR0917 - what a page knows of itself
    collection: Collection,
    feature: Mapping[str, Any],
    field: Field,
    given: Mapping[str, str],
    lang: Lang,
    names: _Names,
) -> Cell:
    value = feature["properties"].get(field.name)
    number = field.kind in _NUMBERS
    if value is None or value == "":
        hidden = number and collection.id == "grids"
        return Cell(word("value.hidden" if hidden else "value.none", lang), "", "number faint" if number else "faint")
    leads = (
        collection.id
        if field is collection.key
        else _PARENTS.get(collection.id)
        if field.name == "parent"
        else _LINKED.get(field.name)
    )
    at = f"?{urlencode({'at': given['at']})}" if given.get("at") else ""
    href = f"/collections/{leads}/items/{quote(str(value), safe='')}{at}" if leads else ""
    css = "number" if number else "digits" if leads else "text"
    return Cell(_called(field.name, value, lang, names), href, css)


def _chips(collection: Collection, given: Mapping[str, str], lang: Lang) -> list[Chip]:
    """Return what was asked for, in the reader's words; paging and the form of the answer choose nothing."""
    titles = {field.name: field.title(lang) for field in collection.fields}
    chips: list[Chip] = []
    for name, value in given.items():
        if name in {"limit", "offset", "cursor", "f", "lang", "count", "filter-lang"} or not value:
            continue
        title = titles.get(name) or word(f"items.asked.{name}", lang)
        text = _sort_text(value, titles, lang) if name == "sortby" else value_text(name, value, lang)
        chips.append(Chip(title, text, _without(given, name, "cursor", "offset")))
    return chips


def _sort_text(value: str, titles: Mapping[str, str], lang: Lang) -> str:
    keys = [key.strip() for key in value.split(",")]
    order = {True: word("items.descending", lang), False: word("items.ascending", lang)}
    return word("common.list", lang).join(f"{titles.get(k.lstrip('+-'), k)} {order[k.startswith('-')]}" for k in keys)


def _bounds(properties: Mapping[str, Any], lang: Lang) -> str:
    """Return the four bounds as they are written in a notice, as far as they are there."""
    said = [word(f"item.bound.{side}", lang, what=properties[side]) for side in _BOUNDS if properties.get(side)]
    text = word("item.bound.join", lang).join(said)
    return word("item.bounds.sentence", lang, bounds=text[:1].upper() + text[1:]) if said else ""


def _card(body: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    """Return the public card of a grid as its page shows it: forces by themselves, below those who answer for all of it."""
    people = cast("Sequence[Mapping[str, Any]]", body.get("people", ()))
    stations = cast("Sequence[Mapping[str, Any]]", body.get("stations", ()))
    join = word("common.list", lang).join
    return {
        "people": [_person(one, lang) for one in people if not one["kind"]],
        "forces": [_person(one, lang) for one in people if one["kind"]],
        "kinds": body.get("forces"),
        "services": body.get("services", ()),
        "stations": [
            (each["name"], map_word(f"sheet.station.kind.{each['kind']}", lang), join(each["services"])) for each in stations
        ],
    }


def _person(one: Mapping[str, Any], lang: Lang) -> Person:
    more = [*one["duties"]]
    if one["stands_in"]:
        more.append(word("item.people.stands_in", lang))
    dial = _NO_DIGIT.sub("", one["phone"])
    role = one["kind_label"] if one["kind"] else one["role_label"]
    return Person(role, one["name"], one["phone"], dial, word("common.list", lang).join(more))


def _drawn(feature: Mapping[str, Any], lang: Lang, names: _Names) -> dict[str, Any]:
    """Return what the map needs of a feature; an incident lies under its light, and comes with the words of its popup."""
    properties = feature["properties"]
    if "no" in properties:
        said = [_called(name, properties[name], lang, names) for name in ("state", "category", "light") if properties.get(name)]
        light = properties.get("light") or "unlit"
        return {"id": feature["id"], "geometry": feature["geometry"], "properties": {"kind": light, "said": said}}
    kept = {name: properties[name] for name in ("name", "kind", "households", "grids") if properties.get(name) is not None}
    return {"id": feature["id"], "geometry": feature["geometry"], "properties": kept}


def _with(given: Mapping[str, str], **more: str) -> str:
    """Return the query of a page with these parameters beside the given ones."""
    return f"?{urlencode({**given, **more})}"


def _without(given: Mapping[str, str], *names: str) -> str:
    """Return the query of a page without some of the given parameters."""
    return f"?{urlencode({name: value for name, value in given.items() if name not in names})}"
