"""Assets over HTTP: cameras and sites that other systems watch over, by theme, each with the way to that system."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asked import Asking, Store
from api.idempotency import OnlyOnce
from api.v1.answers import NEW_OR_THERE, answer, tag
from api.v1.parameters import NO_NUL, SOMETHING, Code, Latitude, Limit, Longitude, only
from api.v1.register import write_down
from api.who.caller import Right
from data.store import assets
from data.store.plans import path_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg2.extensions import connection

router = APIRouter(prefix="/v1/assets", tags=["assets"])

_Area = Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area; all of yours without it.")]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the asset, where there is one already.")]


class Theme(StrEnum):
    """What an asset is about (智慧校园、河长制、森林防火、市场监管、物业管理、宗教场所)."""

    CAMPUS = "campus"
    RIVER = "river"
    FOREST = "forest"
    MARKET = "market"
    PROPERTY = "property"
    RELIGION = "religion"


class Kind(StrEnum):
    """What an asset is."""

    CAMERA = "camera"
    SITE = "site"


class Asset(BaseModel):
    """Something that another system watches over; degrees in CGCS2000. Its pictures stay there: `url` leads to them."""

    model_config = ConfigDict(extra="forbid")

    area: Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)]
    theme: Theme
    kind: Kind = Kind.CAMERA
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=SOMETHING)]
    lon: Longitude
    lat: Latitude
    url: Annotated[str, StringConstraints(max_length=500, pattern=r"^(https?://[!-~]+)?$")] = ""
    active: bool = Field(default=True, strict=True)


@router.get("", dependencies=[Depends(only("area", "after", "limit", several=("theme",)))])
def list_assets(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    area: Annotated[
        str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area; all of yours without it.")
    ] = None,
    theme: Annotated[list[Theme] | None, Query(description="Of these themes; of all without it.")] = None,
    after: Annotated[str, Query(max_length=60, pattern=NO_NUL, description="`next` of the page before.")] = "",
    limit: Limit = 100,
) -> Response:
    """List what is in use, by its codes."""
    asked.caller.require(Right.SEE_INTERNAL)
    themes = [str(each) for each in theme or Theme]
    with store.read(asked.scope) as conn:
        rows = assets.listed(conn, area=path_named(conn, area), themes=themes, after=after, limit=limit + 1)
    shown = rows[:limit]
    return answer({"assets": [_view(row) for row in shown], "next": shown[-1]["code"] if len(rows) > limit else None})


@router.get("/{code}", dependencies=[Depends(only())])
def show_asset(code: Code, asked: Asking, store: Store) -> Response:
    """Show an asset."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        row = assets.get(conn, code)
    return answer(_view(row), etag=tag(code, row["revision"]))


@router.put("/{code}", responses=NEW_OR_THERE, dependencies=[Depends(only())])
def put_asset(  # noqa: PLR0917 - FastAPI passes by name
    code: Annotated[Code, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\s\x00-\x1f\x7f]+$")],
    wanted: Asset,
    asked: Asking,
    store: Store,
    once: OnlyOnce,
    if_match: IfMatch = None,
) -> Response:
    """Write an asset down by its code; one that is there needs If-Match. It is never removed: it is no longer active."""
    asked.caller.require(Right.MANAGE_STAFF)

    asset = {"code": code, **wanted.model_dump(mode="json", include={"theme", "kind", "name", "url", "active"})}

    def write(conn: connection) -> Response:
        return write_down(
            conn,
            asked,
            code,
            register="assets",
            area=wanted.area,
            if_match=if_match,
            get=assets.get,
            put=lambda area: assets.put(conn, area=area, at=(wanted.lon, wanted.lat), asset=asset, now=asked.now),
            show=_view,
        )

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: write(conn))


def _view(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"id", "path", "revision"}}
