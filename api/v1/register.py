"""An entry of a register, written down by its code: a new one, or one that is there, by whoever has seen how it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from api.v1.answers import answer, precondition, tag
from api.who.caller import Right
from data.store.plans import area_named
from gis.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import Response
    from psycopg2.extensions import connection

    from api.asked import Asked


class Getting(Protocol):
    """How an entry is read."""

    def __call__(self, conn: connection, code: str, *, lock: bool = False) -> dict[str, Any]:
        """Return the row of a code, with its `revision`; `NotFound` where the caller sees none."""
        ...


def write_down(
    conn: connection,
    asked: Asked,
    code: str,
    *,
    register: str,
    area: str,
    if_match: str | None,
    get: Getting,
    put: Callable[[tuple[int, str]], bool],
    show: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> Response:
    """Write an entry down by its code, in an area where the caller keeps the register; one that is there needs If-Match.

    `register` is its name in addresses; `put` is given the id and the path of the area, and says whether the entry is new.
    """
    place = area_named(conn, area)
    asked.caller.require(Right.MANAGE_STAFF, place.path)
    try:
        there = get(conn, code, lock=True)
    except NotFound:
        there = None
    if there is not None:
        precondition(if_match, tag(code, there["revision"]))
    is_new = put((place.id, place.path))
    made = get(conn, code)
    here = f"{asked.base}/v1/{register}/{code}"
    return answer(
        show(made), status=201 if is_new else 200, etag=tag(code, made["revision"]), location=here if is_new else None
    )
