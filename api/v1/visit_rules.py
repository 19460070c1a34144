"""How often somebody must come, over HTTP: what areas say of it, and which incidents make a visit due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asked import Asking, Store
from api.idempotency import OnlyOnce
from api.rounds.cadence import PERIODS, ROLLING, Period, Rule, Target, checked, rule_of, rules_by_path, rules_from
from api.rounds.visit import Reason
from api.v1.answers import answer
from api.v1.parameters import NO_NUL, SOMETHING, WHOLE, only
from api.who.caller import Right
from data.store import visits
from data.store.plans import area_named

if TYPE_CHECKING:
    from psycopg2.extensions import connection

router = APIRouter(prefix="/v1/visits", tags=["visits"])

AreaCode = Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=SOMETHING)]


def _described(target: Target) -> dict[str, Any]:
    """Describe the rules about one thing: only some roll, only patrols have minutes, only key incidents have categories."""
    says: dict[str, Any] = {"target": {"const": target}, "period": {"enum": sorted(PERIODS[target])}}
    if target not in ROLLING:
        says["days"] = {"type": "null"}
    says["minutes"] = {"type": "integer" if target is Target.PATROL else "null"}
    if target is not Target.KEY_INCIDENT:
        says["categories"] = {"maxItems": 0}
    return {"properties": says, "required": ["target", "period"] + ["minutes"] * (target is Target.PATROL)}


class NewRule(BaseModel):
    """How often something is owed in an area. `days` makes the period roll; without it, it is the calendar's."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"anyOf": [*map(_described, Target)]})

    area: AreaCode
    target: Target
    period: Period
    days: Annotated[int, Field(strict=True, ge=1, le=3660), WHOLE] | None = None
    minutes: Annotated[int, Field(strict=True, ge=1, le=1440), WHOLE] | None = None
    categories: list[Name] = Field(default_factory=list[str], max_length=50)


class NewTrigger(BaseModel):
    """Which incidents make a visit due, from now on."""

    model_config = ConfigDict(extra="forbid")

    area: AreaCode
    category: Name
    reason: Reason
    within_days: Annotated[int, Field(strict=True, ge=0, le=366), WHOLE] = 3
    active: bool = Field(default=True, strict=True)


@router.get("/rules", dependencies=[Depends(only())])
def show_rules(asked: Asking, store: Store) -> Response:
    """Show how often what is owed, as the areas say it, and which incidents make a visit due."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        rows = visits.rule_rows(conn)
        triggers = visits.trigger_rows(conn)
    usual = [_rule(None, rules_by_path((), target)[""]) for target in Target]
    stated = [_rule(row[1], rule_of(row)) for row in rows]
    names = ("area", "category", "reason", "within_days", "active")
    return answer({"usual": usual, "rules": stated, "triggers": [dict(zip(names, row, strict=True)) for row in triggers]})


@router.put("/rules", dependencies=[Depends(only())])
def set_rule(wanted: NewRule, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Say how often something is owed in an area."""
    asked.caller.require(Right.MANAGE_STAFF)
    rule = checked(
        Rule(
            target=wanted.target,
            period=wanted.period,
            days=wanted.days,
            minutes=wanted.minutes,
            categories=tuple(wanted.categories),
        )
    )

    def write(conn: connection) -> Response:
        area = area_named(conn, wanted.area)
        asked.caller.require(Right.MANAGE_STAFF, area.path)
        row = {
            "target": str(rule.target),
            "period": str(rule.period),
            "days": rule.days,
            "minutes": rule.minutes,
            "categories": list(rule.categories),
        }
        visits.set_rule(conn, area.id, area.path, row)
        return answer(_rule(area.code, rule))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: write(conn))


@router.put("/triggers", dependencies=[Depends(only())])
def set_trigger(wanted: NewTrigger, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Say which incidents make a visit due in an area, from now on."""
    asked.caller.require(Right.MANAGE_STAFF)

    def write(conn: connection) -> Response:
        area = area_named(conn, wanted.area)
        asked.caller.require(Right.MANAGE_STAFF, area.path)
        visits.set_trigger(
            conn,
            area.id,
            area.path,
            wanted.category,
            str(wanted.reason),
            wanted.within_days,
            active=wanted.active,
            now=asked.now,
        )
        return answer(wanted.model_dump(mode="json"))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: write(conn))


def rules_for(conn: connection, target: Target) -> dict[str, Rule]:
    """Return the rules for a target, by the path of the area that says them; '' for the rest."""
    return rules_from(visits.rule_rows(conn), target)


def _rule(area: str | None, rule: Rule) -> dict[str, Any]:
    return {
        "area": area,
        "target": rule.target,
        "period": rule.period,
        "basis": "rolling" if rule.is_rolling else "calendar",
        "days": rule.days,
        "minutes": rule.minutes,
        "categories": rule.categories,
    }
