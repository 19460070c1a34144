"""Towns and their snapshots over HTTP: what was imported when, and what changed in the household data from one to another."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Response

from api.asked import Asking, Store
from api.v1.answers import answer, private
from api.v1.parameters import NO_NUL, Code, Limit, only
from api.who.caller import Right
from data.store.households import changes, count_changes
from data.store.log import record
from data.store.sql import many, maybe, one
from gis.errors import NotFound

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from api.asked import Asked

router = APIRouter(prefix="/v1/towns", tags=["towns"])

_Number = Annotated[int, Path(ge=1, lt=2**31)]
_After = Annotated[str, Query(max_length=200, pattern=NO_NUL, description="The id that the page before ended with.")]


@router.get("", dependencies=[Depends(only("after", "limit"))])
def list_towns(asked: Asking, store: Store, after: _After = "", limit: Limit = 100) -> Response:
    """List the towns that you plan in, by name."""
    asked.caller.require(Right.SEE_DRAFTS)
    with store.read(asked.acting(Right.SEE_DRAFTS)) as conn:
        rows = many(
            conn,
            """SELECT t.name, t.frame, a.code, (SELECT max(s.number) FROM wangge.snapshot s WHERE s.town_id = t.id)
               FROM wangge.town t LEFT JOIN wangge.area a ON a.id = t.area_id
               WHERE t.name COLLATE "C" > %s ORDER BY t.name COLLATE "C" LIMIT %s""",
            [after, limit + 1],
        )
    shown = [
        {
            "name": name,
            "crs": f"EPSG:{frame}",
            "area": area,
            "last_snapshot": last,
            "links": [{"rel": "snapshots", "href": f"{_address(asked, name)}/snapshots", "type": "application/json"}],
        }
        for name, frame, area, last in rows[:limit]
    ]
    return answer({"towns": shown, "next": shown[-1]["name"] if len(rows) > limit else None})


@router.get("/{name}/snapshots", dependencies=[Depends(only("before", "limit"))])
def list_snapshots(
    name: Code,
    asked: Asking,
    store: Store,
    before: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    limit: Limit = 100,
) -> Response:
    """List the snapshots of a town, the newest first."""
    asked.caller.require(Right.SEE_DRAFTS)
    with store.read(asked.acting(Right.SEE_DRAFTS)) as conn:
        town = _town(conn, name)
        rows = many(
            conn,
            """SELECT number, taken_at, has_persons, digests, changes->'layers', changes->'areas', jsonb_array_length(findings)
               FROM wangge.snapshot WHERE town_id = %(town)s AND (%(before)s::integer IS NULL OR number < %(before)s)
               ORDER BY number DESC LIMIT %(limit)s""",
            {"town": town, "before": before, "limit": limit + 1},
        )
    # What the step changed names household points of the whole town; who may see which is asked of `changes` below.
    shown = [
        {
            "number": number,
            "taken_at": taken_at,
            "has_persons": has_persons,
            "digests": digests,
            "layers_changed": layers or [],
            "areas": areas or {},
            "findings": findings,
        }
        for number, taken_at, has_persons, digests, layers, areas, findings in rows[:limit]
    ]
    return answer({"town": name, "snapshots": shown, "next": shown[-1]["number"] if len(rows) > limit else None})


@router.get("/{name}/snapshots/{number}/changes", dependencies=[Depends(only("since", "after", "limit"))])
def show_changes(  # noqa: PLR0917 - FastAPI passes by name
    name: Code,
    number: _Number,
    asked: Asking,
    store: Store,
    since: Annotated[int | None, Query(ge=0, lt=2**31, description="The one before it where this is left out.")] = None,
    after: _After = "",
    limit: Limit = 1000,
) -> Response:
    """Show what became of the household points that you plan for, from the snapshot `since` to this one; 0 is nothing yet."""
    asked.caller.require(Right.SEE_HOUSEHOLDS)
    before = number - 1 if since is None else since
    with store.write(asked.acting(Right.SEE_HOUSEHOLDS), ms=20_000) as conn:
        town = _town(conn, name)
        for wanted in {number, before} - {0}:
            one(
                conn,
                "SELECT FROM wangge.snapshot WHERE town_id = %s AND number = %s",
                [town, wanted],
                what=f"snapshot {wanted} of {name}",
            )
        counts = count_changes(conn, town, before, number)
        found = changes(conn, town, before, number, limit=limit + 1, past=after)
        shown = [asdict(change) for change in found[:limit]]
        body = {"town": name, "snapshot": number, "since": before, "rows": len(shown)}
        for path in asked.caller.areas_for(Right.SEE_HOUSEHOLDS):
            record(conn, "households.read", path=path, subject=name, body=body)
    document: dict[str, Any] = {
        "town": name,
        "snapshot": number,
        "since": before,
        "counts": asdict(counts),
        "changes": shown,
        "next": shown[-1]["id"] if len(found) > limit else None,
    }
    return private(answer(document))


def _town(conn: connection, name: str) -> int:
    row = maybe(conn, "SELECT id FROM wangge.town WHERE name = %s", [name])
    if row is None:
        raise NotFound(f"there is no town {name!r}, or it is not yours to see")
    return int(row[0])


def _address(asked: Asked, name: str) -> str:
    return f"{asked.base}/v1/towns/{quote(name, safe='')}"
