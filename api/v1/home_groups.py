"""Groups over HTTP: the households in a grid's group (入群), and key groups as counts that hide what is small."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asked import Asking, Serving, Store
from api.idempotency import OnlyOnce
from api.rounds.coverage import GroupCount, percent, told
from api.v1.answers import answer, private
from api.v1.parameters import MONTH, WHOLE, Code, only
from api.v1.visit_rules import Name
from api.v1.visits import AreaAsked, Grid, Member, TargetId, codes_by_path
from api.who.caller import Right
from data.store import visits
from data.store.plans import path_named
from gis.errors import ParameterError, Refused

if TYPE_CHECKING:
    from psycopg2.extensions import connection

router = APIRouter(prefix="/v1/visits", tags=["visits"])

Count = Annotated[int, Field(strict=True, ge=0, le=100_000), WHOLE]


class Group(BaseModel):
    """What is known of a grid's group: households in it by household point, and which kinds of others are."""

    model_config = ConfigDict(extra="forbid")

    homes: dict[TargetId, Count] = Field(
        default_factory=dict[str, int], max_length=visits.MOST_HOMES, json_schema_extra={"additionalProperties": False}
    )
    kinds: list[Member] | None = None


class KeyGroup(BaseModel):
    """How many of a key group there are in a grid, and how many of them were visited in a month: no names, ever."""

    model_config = ConfigDict(extra="forbid")

    grid: Grid
    group: Name
    month: Annotated[str, StringConstraints(pattern=MONTH)]
    total: Count
    visited: Count


@router.put("/groups/{grid}", dependencies=[Depends(only())])
def set_group(grid: Code, wanted: Group, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Say how many households of a grid's points are in its group, and who else is. What is not named stays as it was."""
    asked.caller.require(Right.HANDLE_INCIDENTS)

    def write(conn: connection) -> Response:
        visits.grid_path(conn, grid, asked.today)
        if wanted.homes:
            visits.put_in_group(conn, grid, wanted.homes, asked.today)
        if wanted.kinds is not None:
            visits.set_members(conn, grid, sorted({str(each) for each in wanted.kinds}), asked.today)
        return answer({"grid": grid, "homes": len(wanted.homes)})

    with store.write(asked.acting(Right.HANDLE_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


@router.put("/key-groups", dependencies=[Depends(only())])
def set_key_group(wanted: KeyGroup, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Say how many of a key group there are in a grid and how many were visited in a month.

    For those whose role names the category key_group, which an administrator gives: all categories (`*`) do not mean it.
    """
    asked.caller.require(Right.HANDLE_INCIDENTS)
    if wanted.visited > wanted.total:
        raise ParameterError("visited", f"there are {wanted.total}, so {wanted.visited} cannot have been visited")
    month = date.fromisoformat(f"{wanted.month}-01")

    def write(conn: connection) -> Response:
        _require_key_groups(conn, visits.grid_path(conn, wanted.grid, asked.today))
        visits.set_key_group(
            conn,
            grid=wanted.grid,
            kind=wanted.group,
            month=month,
            total=wanted.total,
            visited=wanted.visited,
            today=asked.today,
        )
        return private(answer({"grid": wanted.grid, "group": wanted.group, "month": wanted.month}))

    with store.write(asked.acting(Right.HANDLE_INCIDENTS)) as conn:
        return once(conn, lambda: write(conn))


@router.get("/key-groups", dependencies=[Depends(only("month", "area"))])
def show_key_groups(
    month: Annotated[str, Query(pattern=MONTH, description="As 2026-03.")],
    asked: Asking,
    store: Store,
    serving: Serving,
    area: AreaAsked = None,
) -> Response:
    """Show how many of each key group there are and how many were visited; small counts to nobody. The log keeps who looked."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.write(asked.scope) as conn:
        top = path_named(conn, area) or ""
        _require_key_groups(conn, top)
        # Of everything that the caller may count, whatever they ask for now: two answers that hide different counts would
        # tell both.
        rows = visits.key_groups(conn, area="", month=date.fromisoformat(f"{month}-01"))
        codes = codes_by_path(conn)
    groups: list[dict[str, Any]] = []
    for kind in dict.fromkeys(row[0] for row in rows):
        counts = [GroupCount(grid=row[1], path=row[2], total=row[3], visited=row[4]) for row in rows if row[0] == kind]
        grids, sums = told(counts, serving.settings.k_public)
        groups.append({
            "group": kind,
            "grids": [{"grid": each.grid, **_pair(each.total, each.visited)} for each in grids if _lies_in(each.path, top)],
            "areas": [
                {"area": codes[path], **_pair(*pair)} for path, pair in sorted(sums.items())
                if path in codes and _lies_in(path, top)
            ],
        })  # fmt: skip
    return private(answer({"month": month, "k": serving.settings.k_public, "groups": groups}))


def _require_key_groups(conn: connection, path: str) -> None:
    areas = visits.keeps_key_groups(conn)
    if not areas or (path and not any(_lies_in(path, area) for area in areas)):
        raise Refused("key groups are for those whose role names the category key_group here", code="scope-denied")


def _lies_in(path: str, area: str) -> bool:
    return area in {"", path} or path.startswith(f"{area}.")


def _pair(total: int | None, visited: int | None) -> dict[str, Any]:
    rate = None if total is None or visited is None else percent(visited, total)
    return {"total": total, "visited": visited, "key_group_coverage": rate}
