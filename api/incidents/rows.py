"""An incident's row, from where it stands: what the log says, as columns that lists, maps and figures can ask for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from api.loop.clock import Light
from api.loop.conditions import is_evaluated, reopens
from api.loop.words import OPEN, Stage, State
from api.who.caller import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from api.loop.deadlines import Deadlines
    from api.loop.facts import Policy
    from api.loop.incident import Standing

_STEP = timedelta(seconds=1)


def columns(standing: Standing, deadlines: Deadlines, policy: Policy) -> dict[str, Any]:
    """Return the columns that the log decides (`data.store.incidents.STANDING`)."""
    owner = standing.owner if standing.state in OPEN else None
    soon, stage_soon, key_due = deadlines.soon(standing), deadlines.stage_soon(standing), deadlines.key_report(standing)
    return {
        "path": standing.path,
        "grid_code": standing.grid_code,
        "state": str(standing.state),
        "tier": int(standing.tier),
        "owner_org": owner.id if owner is not None and owner.is_org else None,
        "owner_person": owner.id if owner is not None and not owner.is_org else None,
        "category": standing.category,
        "urgent": standing.urgent,
        "mode": str(standing.mode),
        "triage": _word(standing.triage),
        "matter": standing.matter,
        "department": standing.department,
        "master": standing.master,
        "supervision": int(standing.supervision),
        "outcome": _word(standing.outcome),
        "on_the_spot": standing.on_the_spot,
        "satisfaction": _word(standing.satisfaction),
        "is_answered": standing.answered,
        "returns": len(standing.returned),
        "reworks": standing.rework_count,
        "reopens": standing.reopen_count,
        "extensions": standing.extension_count,
        "accepted_at": standing.accepted_at,
        "handled_at": standing.passed_at(Stage.HANDLE),
        "closed_at": standing.closed_at,
        "archived_at": standing.passed_at(Stage.ARCHIVE),
        "due_at": standing.due_at,
        "stage_due_at": standing.stage_due_at if standing.state in OPEN else None,
        "soon_at": soon,
        "stage_soon_at": stage_soon,
        "key_reported_at": standing.key_reported_at,
        "key_due_at": key_due,
        "wake_at": min(_moments(standing, (soon, stage_soon), key_due, policy), default=None),
        "revision": standing.revision,
        "at": standing.at,
    }


def moments(standing: Standing, deadlines: Deadlines, policy: Policy) -> list[datetime]:
    """Return when time alone may change something: clocks that come near and pass, reviews, late departments, the archive."""
    soon = (deadlines.soon(standing), deadlines.stage_soon(standing))
    return _moments(standing, soon, deadlines.key_report(standing), policy)


def _moments(
    standing: Standing, soon: tuple[datetime | None, datetime | None], key_due: datetime | None, policy: Policy
) -> list[datetime]:
    """Return the same, where it is known already when the clocks come near, and when those above must be told."""
    found: list[datetime | None] = []
    if standing.state is State.CLOSED and standing.closed_at is not None:
        found = [standing.at if is_evaluated(standing) or reopens(standing) else standing.closed_at + policy.archive_after]
    elif standing.state is State.SUSPENDED:
        found = [standing.review_at]
    elif standing.state in OPEN:
        passed = [standing.due_at, standing.stage_due_at]
        call = standing.call
        if call is not None and call.is_open and any(call.waits_for(each.org) for each in call.participants):
            passed.append(call.join_due_at)
        if standing.state is State.HANDLED and standing.tier is Tier.GRID and policy.samples_grid_tier:
            # Whether it is in the sample is drawn as soon as it is handled.
            passed.append(standing.at)
        # Overdue is what is later than due, and the clock has steps of a second.
        found = [*soon, *(None if due is None else due + _STEP for due in passed)]
    found.append(None if key_due is None else key_due + _STEP)
    return [moment for moment in found if moment is not None]


def lights(row: Mapping[str, Any], now: datetime) -> dict[str, Light | None]:
    """Return what the total and the stage clock show at a moment, from a row; None: no such clock runs."""
    runs = State(row["state"]) in OPEN and row["state"] != State.SUSPENDED
    return {
        "total": _light(row["due_at"], row["soon_at"], now) if runs else None,
        "stage": _light(row["stage_due_at"], row["stage_soon_at"], now) if runs else None,
    }


def _light(due_at: datetime | None, soon_at: datetime | None, now: datetime) -> Light | None:
    if due_at is None:
        return None
    if now > due_at:
        return Light.RED
    return Light.YELLOW if soon_at is not None and now > soon_at else Light.GREEN


def _word(value: object) -> str | None:
    return None if value is None else str(value)
