"""Which places an address may mean, for a form to offer before it reports by one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Store
from api.incidents.placed import candidate_view
from api.v1.answers import answer
from api.v1.parameters import NO_NUL, SOMETHING, only
from api.who.caller import Right
from data.store import addresses
from data.store.plans import path_named

router = APIRouter(prefix="/v1/addresses", tags=["incidents"])


@router.get("", dependencies=[Depends(only("text", "area", "limit"))])
def find_addresses(
    asked: Asking,
    store: Store,
    text: Annotated[str, Query(max_length=200, pattern=SOMETHING, description="What the place is called, or how that begins.")],
    area: Annotated[
        str | None, Query(max_length=100, pattern=NO_NUL, description="Code of the area to look in; else all of yours.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = addresses.MOST,
) -> Response:
    """List the compounds, buildings, dedicated areas, streets and other named lines that a text may mean, or that begin so.

    What is called just so comes first. A report takes an address by itself where only one place is called so.
    """
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.acting(Right.HANDLE_INCIDENTS)) as conn:
        within = path_named(conn, area)
        found, count = addresses.candidates(conn, text, within=within, day=asked.today, begins=True, limit=limit)
    return answer({"addresses": [candidate_view(each, asked.lang) for each in found], "count": count})
