"""What the service does by itself, because time has passed: what is due now, as acts for `take` with the actor `SYSTEM`.

Whoever calls asks again after each act, as one may call for the next. What waits for somebody's judgement is not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.loop.facts import Policy
from api.loop.incident import SYSTEM
from api.loop.take import Act, offers
from api.loop.words import EscalateReason, Event, Satisfaction, Supervision, word

if TYPE_CHECKING:
    from datetime import datetime

    from api.loop.incident import Standing

_ACTS = (
    Act(event=Event.REOPEN, payload={"reason": str(Satisfaction.UNSATISFIED)}),
    Act(event=Event.ARCHIVE),
    Act(event=Event.SUPERVISE, payload={"level": word(Supervision.YELLOW), "reason": "late_join"}),
    Act(event=Event.ESCALATE, payload={"reason": str(EscalateReason.OVERDUE)}),
)
"""In the order in which one goes before the other."""


def due_acts(standing: Standing, at: datetime, policy: Policy | None = None) -> tuple[Act, ...]:
    """Return what the service may do at this moment, what goes first in front."""
    offered = {offer.event for offer in offers(standing, SYSTEM, at, policy or Policy())}
    return tuple(act for act in _ACTS if act.event in offered)


def sampled_out(standing: Standing, at: datetime, policy: Policy) -> Act | None:
    """Return the act that passes a check unmade, where only samples are checked: for those that the draw has left out."""
    offered = {offer.event for offer in offers(standing, SYSTEM, at, policy)}
    return Act(event=Event.CHECK_PASS, payload={"text": "not_sampled"}) if Event.CHECK_PASS in offered else None
