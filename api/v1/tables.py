"""Answers that are tables: as JSON or as CSV, and none at all where nothing has changed since the caller last asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Depends, Query, Response
from starlette.requests import Request  # noqa: TC002 - FastAPI reads it when a route is made

from api.csv_table import csv_table
from api.ogc.answers import audience, digested, is_known_tag, unchanged
from api.v1.answers import answer
from data.store.stats import figures_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg2.extensions import connection

    from api.asked import Asked

CSV = "text/csv"
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization, Cookie, Accept-Language"}
Form = Literal["json", "csv"]
AS_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": {}}, CSV: {"schema": {"type": "string"}}}},
}
"""How an answer is described that may be CSV."""
CSV_OR_UNCHANGED: dict[int | str, dict[str, Any]] = AS_CSV | {
    304: {"description": "Nothing has changed since the answer whose ETag `If-None-Match` names."},
}
"""The same, of one that may also say that nothing has changed."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How somebody wants a table, and what they have of it already."""

    request: Request
    is_csv: bool


async def _wish(
    request: Request,
    f: Annotated[Form | None, Query(description="json or csv; else what `Accept` asks for first.")] = None,
) -> Wish:
    if f is not None:
        return Wish(request, f == "csv")
    accepted = request.headers.get("accept", "").split(",", maxsplit=20)
    kinds = [part.partition(";")[0].strip().lower() for part in accepted]
    known = [kind for kind in kinds if kind in {CSV, "application/json", "application/*", "*/*"}]
    return Wish(request, known[:1] == [CSV])


MOST_LINES = 10_000
"""Of a list that comes as a table: it has no pages. Where there are more, the file's name says which of them it has."""


def lines_of(wish: Wish, limit: int) -> int:
    """Return how many rows of a list are wanted: a page of it, or as a table as many as one has."""
    return MOST_LINES if wish.is_csv else limit


AsTable = Annotated[Wish, Depends(_wish)]
"""How the table is wanted; beside it `f` is a parameter of the route."""


def version_of(conn: connection, asked: Asked, wish: Wish) -> str:
    """Return the ETag of figures that are about to be counted: the same as long as they would come out the same.

    Asked before they are counted, so that it is never newer than they are. Weak: the moment in the answer may be another.
    """
    version = figures_version(conn, asked.now)
    url = wish.request.url
    parts = (version, audience(asked), asked.scope.areas_3, asked.lang, asked.today, url.path, url.query, wish.is_csv)
    return f'W/"{digested(*parts)}"'


def if_unchanged(wish: Wish, etag: str) -> Response | None:
    """Return the answer that nothing has changed, where the caller has that already."""
    return unchanged({**_HEADERS, "ETag": etag}) if is_known_tag(wish.request, etag.removeprefix("W/")) else None


def table(
    wish: Wish,
    document: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    *,
    name: str,
    etag: str | None = None,
    first_by: str = "",
) -> Response:
    """Return a document, or its rows as a file of that name.

    Where there are more rows than these `first_by` is by what these are the first: the file is called by it.
    """
    if wish.is_csv:
        name = f"{name}-first-{len(rows)}-by-{first_by}" if first_by else name
        made = Response(csv_table(rows), media_type=f"{CSV}; charset=utf-8")
        made.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    else:
        made = answer(document)
    made.headers.update(_HEADERS | ({} if etag is None else {"ETag": etag}))
    return made
