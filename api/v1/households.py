"""Household points over HTTP: places with numbers of households, for those who plan there. Every read is in the log."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Store
from api.v1.answers import answer, private
from api.v1.parameters import NO_NUL, only
from api.who.caller import Right
from data.store.households import points_within
from data.store.log import record
from data.store.sql import maybe
from gis.errors import NotFound, ParameterError

router = APIRouter(prefix="/v1/households", tags=["households"])

WIDEST = 0.1
"""Degrees: some ten kilometres. Whoever plans looks at a community or a street, never at a whole city's homes."""
MOST = 10_000

_Text = Annotated[str, Query(max_length=200, pattern=NO_NUL)]


@router.get("", dependencies=[Depends(only("bbox", "town", "snapshot", "limit"))])
def show_households(  # noqa: PLR0917 - FastAPI passes by name
    bbox: Annotated[_Text, Query(description="west,south,east,north in degrees of CGCS2000, at most 0.1 wide and high.")],
    town: Annotated[_Text, Query(description="The town's name.")],
    asked: Asking,
    store: Store,
    snapshot: Annotated[int | None, Query(ge=1, lt=2**31, description="The last one where it is left out.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> Response:
    """Show the household points in a box that you plan for: counts, no names. The log keeps who looked where."""
    asked.caller.require(Right.SEE_HOUSEHOLDS)
    box = _box(bbox)
    with store.write(asked.acting(Right.SEE_HOUSEHOLDS)) as conn:
        row = maybe(
            conn,
            """SELECT t.id, s.number FROM wangge.town t JOIN wangge.snapshot s ON s.town_id = t.id
               WHERE t.name = %(town)s AND (%(number)s::integer IS NULL OR s.number = %(number)s)
               ORDER BY s.number DESC LIMIT 1""",
            {"town": town, "number": snapshot},
        )
        if row is None:
            raise NotFound(f"there is no town {town!r} with that snapshot, or it is not yours to see")
        town_id, number = row
        found = points_within(conn, box, town=town_id, snapshot=number, limit=limit + 1)
        shown = [asdict(point) for point in found[:limit]]
        body = {"town": town, "snapshot": number, "bbox": list(box), "rows": len(shown)}
        for path in asked.caller.areas_for(Right.SEE_HOUSEHOLDS):
            record(conn, "households.read", path=path, subject=town, body=body)
    document = {"town": town, "snapshot": number, "bbox": box, "households": shown, "complete": len(found) <= limit}
    return private(answer(document))


def _box(text: str) -> tuple[float, float, float, float]:
    """Return west, south, east, north; raises where that is no box, or a larger one than anybody needs."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise ParameterError("bbox", "four numbers: west,south,east,north in degrees") from None
    if not all(map(math.isfinite, (west, south, east, north))):
        raise ParameterError("bbox", "the four numbers must be finite")
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):  # noqa: PLR2004 - the globe
        raise ParameterError("bbox", "west lies west of east, south lies south of north, in degrees")
    if east - west > WIDEST or north - south > WIDEST:
        raise ParameterError("bbox", f"at most {WIDEST} degrees wide and high; ask for less, more often")
    return west, south, east, north
