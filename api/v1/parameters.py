"""What a caller may write into an address: the parameters that a route knows, each once; and texts that the store can hold."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints
from starlette.exceptions import HTTPException
from starlette.requests import Request  # noqa: TC002 - FastAPI reads it when a route is made

from api.parameters import refuse, taken

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable

NO_NUL = r"^[^\x00]*$"
"""PostgreSQL holds every character but one."""

BLANK = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""What is taken off the ends of a text, by name: what a pattern's own word for blanks means depends on who reads it."""

SOMETHING = rf"^[^\x00]*[^\x00{BLANK}][^\x00]*$"
"""The same, of a text of which something is left when the blanks at its ends are taken off."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Prose = Annotated[str, StringConstraints(max_length=4000, pattern=NO_NUL)]
"""A text of somebody's, over several lines if need be."""

Code = Annotated[str, Path(max_length=100, pattern=NO_NUL)]
"""A code in the path."""


def _written_out(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("write a day as 2024-05-01")


def _with_its_day(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and _DAY.match(value)):
        return value
    raise ValueError("write a moment with its zone, as 2026-09-30T16:00:00+08:00")


def _in_a_zone_of_the_store(value: datetime) -> datetime:
    # RFC 3339 allows a zone to be almost a day away; PostgreSQL reads those that are less than this.
    if abs(value.utcoffset() or timedelta()) < timedelta(hours=16):
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("this moment lies in no year that there is") from None


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""Beside a strict `int` of a body, and after its bounds: takes 12.0 for 12, as every description of a whole number does."""

MONTH = "^[12][0-9]{3}-(0[1-9]|1[0-2])$"
"""A month, as 2026-02; of a year that there is."""


def listed_names(known: Iterable[str]) -> dict[str, Any]:
    """Describe a text that names some of what is `known`, separated by commas; one that is none has a problem of its own."""
    one = f"({'|'.join(map(re.escape, known))})"
    return {"pattern": f"^{one}(,{one})*$"}


Longitude = Annotated[float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(strict=True, ge=-90, le=90, allow_inf_nan=False)]


def without_defaults(schema: dict[str, Any]) -> None:
    """Describe an object of which what is left out stays as it is; something has to be in it."""
    schema["minProperties"] = 1
    for each in schema["properties"].values():
        each.pop("default", None)


Day = Annotated[date, BeforeValidator(_written_out)]
"""A day as it is written; pydantic alone would take a number for the seconds since 1970."""

Moment = Annotated[AwareDatetime, BeforeValidator(_with_its_day), AfterValidator(_in_a_zone_of_the_store)]
"""A moment with its zone, as it is written; pydantic alone would take a number, as it does for a day."""

At = Annotated[Day | None, Query(description="The day that is meant, as 2024-05-01; today where it is left out.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]


async def _csv(request: Request) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the list as text/csv")
    return await request.body()


Csv = Annotated[bytes, Depends(_csv)]
"""The body of a request that says it is CSV; any other is refused."""
ASKS_FOR_CSV: dict[str, Any] = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}
"""How such a body is described."""


def only(*known: str, several: Collection[str] = ()) -> Callable[[Request], Awaitable[None]]:
    """Return a dependency that refuses every parameter but `known`, `several` and `lang`, all at once.

    One that is given twice is refused too, unless it is of `several`.
    """

    async def check(request: Request) -> None:
        pairs = (pair for pair in request.query_params.multi_items() if pair[0] not in several)
        refuse(taken(pairs, (*known, *several, "lang"))[1])

    return check
