"""What a caller may write into an address: the parameters that a route knows, each once; and texts that the store can hold."""

from __future__ import annotations

import re
from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import BeforeValidator, StringConstraints
from starlette.exceptions import HTTPException
from starlette.requests import Request  # noqa: TC002 - FastAPI reads it when a route is made

from api.parameters import refuse, taken

if TYPE_CHECKING:
    from collections.abc import Callable

NO_NUL = r"^[^\x00]*$"
"""PostgreSQL holds every character but one."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Prose = Annotated[str, StringConstraints(max_length=4000, pattern=NO_NUL)]
"""A text of somebody's, over several lines if need be."""

Code = Annotated[str, Path(max_length=100, pattern=NO_NUL)]
"""A code in the path."""


def _written_out(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("write a day as 2024-05-01")


Day = Annotated[date, BeforeValidator(_written_out)]
"""A day as it is written; pydantic alone would take a number for the seconds since 1970."""

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


def only(*known: str) -> Callable[[Request], None]:
    """Return a dependency that refuses every parameter but `known` and `lang`, and one that is given twice: all at once."""

    def check(request: Request) -> None:
        refuse(taken(request.query_params.multi_items(), (*known, "lang"))[1])

    return check
