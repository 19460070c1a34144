"""Finding things by how they are typed: areas, grids, stations and addresses, by name, code, pinyin or initials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from api.asked import Asking, Store
from api.directory import directory_of, places_scope
from api.v1.answers import answer
from api.v1.parameters import SOMETHING, listed_names, only
from data.spelling import did_you_mean
from data.store import addresses, directory
from data.store.directory import KINDS, Shown
from data.typed import Fit
from gis.errors import ParameterError, Refused, Unidentified

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.directory import Hit

router = APIRouter(prefix="/v1/search", tags=["areas"])

USUALLY, MOST = 10, 50
_PAGES = {"district": "districts", "street": "streets", "community": "communities"}
_DIGITS = 7
"""Of degrees: a centimetre."""


@router.get("", dependencies=[Depends(only("q", "kinds", "own", "limit"))])
def search(  # noqa: PLR0917 - FastAPI passes by name
    request: Request,
    asked: Asking,
    store: Store,
    q: Annotated[
        str,
        Query(max_length=100, pattern=SOMETHING, description="A part of a name, its pinyin or initials, or how a code begins."),
    ],
    kinds: Annotated[
        str, Query(json_schema_extra=listed_names(KINDS), description="Of what kinds, separated by commas; else of all.")
    ] = ",".join(KINDS),
    own: Annotated[bool, Query(description="Only where you work, and not whatever else is public.")] = False,  # noqa: FBT002
    limit: Annotated[int, Query(ge=1, le=MOST)] = USUALLY,
) -> Response:
    """Find areas, grids in force, stations and places by what somebody types: the best first.

    What is called just so comes before what begins so, that before what has it inside, and that before what only sounds so by
    an unusual reading of a character (`fit`); the large before the small.
    Everybody finds what they see elsewhere: areas and grids as in the collections, stations as in their list, and places
    (compounds with their buildings, sites, roads, rivers) as at `/v1/addresses`, or without buildings where places are public.
    `page` is where a browser goes for it.
    """
    _require_reader(asked)
    wanted = _wanted(kinds)
    found, is_whole = directory_of(request, store, asked, own=own).find(q, kinds=wanted, limit=limit)
    scope = asked.scope
    places: list[Shown] = []
    shown: dict[tuple[str, str], list[Shown]] = {}
    with store.read(scope) as conn:
        for kind in ("area", "grid", "station"):
            for each in directory.shown(conn, kind, _codes(found, kind), asked.today):
                shown.setdefault((kind, each.code), []).append(each)
    where = places_scope(asked, own=own)
    if "place" in wanted and where is not None:
        with store.read(where) as conn:
            names = [hit.entry.name for hit in found if hit.entry.kind == "place"]
            for each in directory.shown_places(conn, names, asked.today, limit=limit):
                shown.setdefault(("place", each.name), []).append(each)
            if not names:
                places = _addresses(conn, q, asked, limit)
    results = [
        _view(each, hit.fit, asked)
        for hit in found
        for each in shown.get((hit.entry.kind, hit.entry.code or hit.entry.name), ())
    ]
    # An address with a number in it is nobody's name.
    results += [_view(each, Fit.EXACT, asked) for each in places]
    return answer({"q": q, "results": results[:limit], "is_whole": is_whole and len(results) <= limit})


def _require_reader(asked: Asked) -> None:
    """Raise where nothing would ever be found."""
    if asked.scope.areas_1 or {"areas", "grids", "places"} & {*asked.scope.public}:
        return
    if not asked.caller.person_id:
        raise Unidentified(
            "nothing here is for everybody to find: sign in, or show a key", zh="此处内容不对所有人开放：请登录，或出示密钥"
        )
    raise Refused("your roles do not let you see anything that has a name here", zh="您的角色不能查看此处的区划、网格和地点")


def _wanted(kinds: str) -> frozenset[str]:
    named = kinds.split(",")
    for each in named:
        if each not in KINDS:
            guess = did_you_mean(each, KINDS)
            raise ParameterError(
                "kinds",
                f"{each[:40]!r} is no kind{guess['hint']}; there are {', '.join(KINDS)}",
                zh=f"没有“{each[:40]}”这一类{guess['hint_zh']}；可用：{'、'.join(KINDS)}",
            )
    return frozenset(named)


def _codes(found: Sequence[Hit], kind: str) -> list[str]:
    return [hit.entry.code for hit in found if hit.entry.kind == kind]


def _addresses(conn: connection, text: str, asked: Asked, limit: int) -> list[Shown]:
    """Return what a whole address means: a building by its number, a place behind the names of its areas."""
    there, _ = addresses.candidates(conn, text, within=None, day=asked.today, limit=limit)
    ways = directory.ways(conn, sorted({each.area for each in there if each.area}), asked.today)
    return [
        Shown(
            kind="place",
            type=each.kind,
            code="",
            # A number that nobody here knows says nothing of where this is.
            name=f"{each.name}{each.number}" if each.kind == "building" else each.name,
            lon=each.lon,
            lat=each.lat,
            box=(each.lon, each.lat, each.lon, each.lat),
            way=ways.get(each.area or "", ()),
        )
        for each in there
    ]


def _view(each: Shown, fit: Fit, asked: Asked) -> Mapping[str, Any]:
    return {
        "kind": each.kind,
        "type": each.type,
        "code": each.code or None,
        "name": each.name,
        "way": [{"code": code, "level": level, "name": name} for code, level, name in each.way],
        "lon": round(each.lon, _DIGITS),
        "lat": round(each.lat, _DIGITS),
        "bbox": [round(side, _DIGITS) for side in each.box],
        "fit": fit.name.lower(),
        "page": _page(each, asked),
    }


def _page(each: Shown, asked: Asked) -> str | None:
    """Return the address of the page that tells of it, where there is one."""
    collection = "grids" if each.kind == "grid" else _PAGES.get(each.type) if each.kind == "area" else None
    return None if collection is None else f"{asked.base}/collections/{collection}/items/{quote(each.code, safe='')}"
