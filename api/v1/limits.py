"""Time limits over HTTP: how long each stage of an incident may take, by matter, category, tier and mode.

The town's own rows, and those of a fresh installation that hold for what the town leaves open. A matter's own limit is shown
with the matter; a row for the same goes before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asked import Asking, Store
from api.idempotency import OnlyOnce
from api.loop.clock import LONGEST, Unit
from api.loop.limits import TIERS, Timed, default_limits, limits_from
from api.loop.words import Mode, word
from api.matters.clocks import is_left
from api.v1.answers import answer, precondition, tag
from api.v1.parameters import NO_NUL, WHOLE, only
from api.who.caller import Right
from data.store import clock_tables
from data.store.incidents import rules_version
from data.store.log import record
from gis.errors import InputError
from gis.finding import Finding, Severity, first_of

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from data.store.clock_tables import LimitRow

router = APIRouter(prefix="/v1/limits", tags=["limits"])

MOST = 5000
Word = Annotated[str, StringConstraints(max_length=60, pattern=NO_NUL)]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the limits as you have seen them.")]


class NewLimit(BaseModel):
    """How long a stage may take; what is left open, matter, category or tier, holds for all."""

    # All faults of the limits come at once, with their rows: what is described here is judged there.

    model_config = ConfigDict(extra="forbid")

    matter: Word | None = None
    category: Word | None = None
    tier: Word | None = Field(default=None, json_schema_extra={"enum": [None, "", *TIERS]})
    stage: Word = Field(json_schema_extra={"enum": list(Timed)})
    value: Annotated[int, Field(strict=True, json_schema_extra={"minimum": 1, "maximum": LONGEST}), WHOLE]
    unit: Word = Field(json_schema_extra={"enum": list(Unit)})
    mode: Word = Field(default="normal", json_schema_extra={"enum": list(Mode)})


class AllLimits(BaseModel):
    """All the limits that the town states, in the place of those that it has stated before."""

    model_config = ConfigDict(extra="forbid")

    limits: list[NewLimit] = Field(max_length=MOST)


@router.get("", dependencies=[Depends(only())])
def show_limits(asked: Asking, store: Store) -> Response:
    """Show the limits that hold; `is_default` are those of a fresh installation, for what the town leaves open."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        return _document(conn)


@router.put("", dependencies=[Depends(only())])
def state_limits(wanted: AllLimits, asked: Asking, store: Store, once: OnlyOnce, if_match: IfMatch = None) -> Response:
    """State the town's limits, in the place of those stated before. Nothing is written where one of them has a fault."""
    asked.caller.require(Right.IMPORT_DATA)
    rows: list[LimitRow] = [
        (each.matter or None, each.category or None, each.tier or None, each.stage, each.value, each.unit, each.mode)
        for each in wanted.limits
    ]

    def state(conn: connection) -> Response:
        if if_match is not None:
            precondition(if_match, _tag(conn))
        _check(conn, rows)
        clock_tables.state_limits(conn, rows)
        record(conn, "limits.stated", path=None, body={"limits": [_row(row) for row in rows]})
        return _document(conn)

    with store.write(asked.acting(Right.IMPORT_DATA)) as conn:
        return once(conn, lambda: state(conn))


def _check(conn: connection, rows: list[LimitRow]) -> None:
    """Raise `InputError` that names every fault of the rows, and every matter that nobody has."""
    unknown = clock_tables.no_matters(conn, sorted({row[0] for row in rows if row[0] is not None}))
    found: list[Finding] = []
    for number, row in enumerate(rows, 1):
        if row[0] in unknown:
            en, zh = f"Row {number} names the matter {row[0]}, which there is not.", f"第{number}行的事项{row[0]}不存在。"
            found.append(Finding(kind="limit_matter", severity=Severity.ERROR, en=en, zh=zh, row=number, field="matter"))
    try:
        limits_from(rows)
    except InputError as error:
        found += error.findings
    if found:
        raise InputError(f"The time limits cannot be used: {first_of(found)}", found)


def _document(conn: connection) -> Response:
    rows = clock_tables.limits(conn)
    own = limits_from(rows).limit_of
    shown = [_row(row) | {"is_default": False} for row in rows]
    for key, limit in default_limits().limit_of.items():
        if is_left(key, own):
            mode, matter, category, tier, stage = key
            row = (matter, category, word(tier) if tier else None, str(stage), limit.value, str(limit.unit), str(mode))
            shown.append(_row(row) | {"is_default": True})
    return answer({"limits": shown}, etag=_tag(conn))


def _row(row: LimitRow) -> dict[str, Any]:
    return dict(zip(("matter", "category", "tier", "stage", "value", "unit", "mode"), row, strict=True))


def _tag(conn: connection) -> str:
    return tag("limits", rules_version(conn))
