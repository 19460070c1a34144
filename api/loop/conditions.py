"""What has to be true of an incident, beyond its state, before a step may be taken: each raises where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.loop.labels import label
from api.loop.words import Event, Satisfaction, Stage, Supervision, Triage
from api.who.caller import Tier
from gis.errors import Conflict, Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from api.loop.facts import Policy
    from api.loop.incident import Actor, Standing

    Condition = Callable[[Standing, Actor, datetime, Policy], None]


def at_grid_tier(standing: Standing, _actor: Actor, _at: datetime, _policy: Policy) -> None:
    """Raise unless the incident is the grid's: what went up is claimed by nobody."""
    if standing.tier is not Tier.GRID:
        msg = "only what stands at the grid's tier is claimed"
        raise Conflict(msg, code="not-at-grid-tier", zh="只有在网格层级的事件可以认领")


def without_call(standing: Standing, _actor: Actor, _at: datetime, _policy: Policy) -> None:
    """Raise while a district call is open: it goes its own way, by assign, join and clear_off."""
    if standing.has_open_call:
        raise Conflict("a district call is open: its departments are assigned, join, and the street clears", code="call-open")


def above_grid_tier(standing: Standing, actor: Actor, at: datetime, policy: Policy) -> None:
    """Raise unless there is a lower tier to delegate to."""
    without_call(standing, actor, at, policy)
    if standing.tier <= Tier.GRID or not standing.path:
        raise Conflict("there is no tier below this one here", code="lowest-tier")


def in_a_persons_hands(standing: Standing, _actor: Actor, _at: datetime, _policy: Policy) -> None:
    """Raise unless a person has it: what an organisation has in hand is any member's of it to do."""
    if standing.owner is None or standing.owner.is_org:
        msg = "an organisation has it in hand, and nobody in person: dispatch it"
        raise Conflict(msg, code="not-in-hand", zh="该事件由单位承办，不在个人手中：请用派单")


def may_escalate(standing: Standing, actor: Actor, at: datetime, _policy: Policy) -> None:
    """Raise at the highest tier; the service escalates by itself only what is overdue."""
    if standing.tier >= Tier.DISTRICT:
        raise Conflict("there is no tier above the district's", code="highest-tier")
    if actor.is_system and (standing.stage_due_at is None or at <= standing.stage_due_at):
        raise Conflict("it is not overdue", code="not-overdue")


def may_call(standing: Standing, _actor: Actor, _at: datetime, _policy: Policy) -> None:
    """Raise unless the incident is the street's, and the government's affair."""
    if standing.tier is not Tier.STREET:
        raise Conflict("a street calls the district for what stands at the street's tier", code="not-at-street-tier")
    if standing.triage is Triage.CONSULTATION:
        raise Conflict("what is settled by consultation is no call for departments", code="consultation")


def may_return(standing: Standing, _actor: Actor, _at: datetime, policy: Policy) -> None:
    """Raise once the owner has returned it as often as they may, and the district's decision on top."""
    if standing.owner is not None and standing.returned.count(standing.owner.id) > policy.returns_per_org:
        raise Conflict("the district has decided that it is yours: it cannot be returned again", code="return-limit")


def may_assign(standing: Standing, _actor: Actor, _at: datetime, _policy: Policy) -> None:
    """Raise unless a street has called and no departments are named."""
    if not standing.has_open_call:
        raise Conflict("no street has called", code="no-call")
    if standing.call is not None and standing.call.assigned_at is not None:
        raise Conflict("departments are named already", code="already-assigned")


def may_ask(standing: Standing, _actor: Actor, _at: datetime, _policy: Policy) -> None:
    """Raise while something that was asked is not decided."""
    if standing.ask is not None:
        raise Conflict("what was asked before is not decided yet", code="already-asked")


def may_ask_extend(standing: Standing, actor: Actor, at: datetime, policy: Policy) -> None:
    """Raise, also, once the deadline has been extended as often as it may be."""
    may_ask(standing, actor, at, policy)
    if standing.extension_count >= policy.extensions:
        times = standing.extension_count
        msg = f"it has been extended {times} times, and may not be again"
        raise Conflict(msg, code="extension-limit", zh=f"已延期 {times} 次，不能再延期")


def asked(event: Event) -> Condition:
    """Return the condition that this was asked, and by somebody else."""
    asking = label(Event.ASK_EXTEND if event is Event.EXTEND else Event.ASK_SUSPEND)

    def condition(standing: Standing, actor: Actor, _at: datetime, _policy: Policy) -> None:
        if standing.ask is None or standing.ask.event is not event:
            raise Conflict(f"nobody asked to {event}", code="nothing-asked", zh=f"没有待决定的“{asking.zh}”")
        if standing.ask.by == actor.person:
            raise Refused("nobody decides on what they asked for", code="self-approval", zh="本人申请的事，请由他人决定")

    return condition


def samples(standing: Standing, actor: Actor, _at: datetime, policy: Policy) -> None:
    """Raise where the service would pass a check that somebody has to make."""
    if actor.is_system and not (policy.samples_grid_tier and standing.tier is Tier.GRID):
        raise Conflict("somebody has to check it", code="not-sampled")


def not_answered(standing: Standing, _actor: Actor, _at: datetime, _policy: Policy) -> None:
    """Raise once the reporter has been told."""
    if standing.answered:
        raise Conflict("the reporter has been told already", code="already-answered")


def may_clear(standing: Standing, _actor: Actor, _at: datetime, _policy: Policy) -> None:
    """Raise unless a call is open, and the reporter was told."""
    if not standing.has_open_call:
        raise Conflict("there is no open call to clear", code="no-call")
    if not standing.answered:
        raise Conflict("the reporter has not been told: feedback first", code="not-answered")


def not_evaluated(standing: Standing, _actor: Actor, _at: datetime, _policy: Policy) -> None:
    """Raise once it has been evaluated."""
    if is_evaluated(standing):
        raise Conflict("it has been evaluated already", code="already-evaluated")


def may_archive(standing: Standing, _actor: Actor, at: datetime, policy: Policy) -> None:
    """Raise before it is evaluated or has been closed for long enough, and while it has yet to reopen by itself."""
    ended = standing.closed_at
    if reopens(standing) and ended is not None and at <= ended + policy.reopen_within:
        raise Conflict("the reporter was not satisfied: it is reopened first", code="reopen-due")
    if not is_evaluated(standing) and (standing.closed_at is None or at < standing.closed_at + policy.archive_after):
        zh = f"尚未评价，结案也未满 {policy.archive_after.days} 天"
        raise Conflict("it is neither evaluated nor closed for long enough", code="too-early", zh=zh)


def may_reopen(standing: Standing, actor: Actor, at: datetime, policy: Policy) -> None:
    """Raise once it has been closed for too long; the service reopens only where the reporter was not satisfied, and once."""
    if actor.is_system and not reopens(standing):
        raise Conflict("there is no reason to reopen it by itself", code="no-reason")
    if standing.closed_at is None or at > standing.closed_at + policy.reopen_within:
        days = policy.reopen_within.days
        raise Conflict(f"it was closed more than {days} days ago", code="too-late", zh=f"结案已超过 {days} 天，不能重办")


def may_supervise(standing: Standing, actor: Actor, at: datetime, _policy: Policy) -> None:
    """Raise at the red card; the service gives the yellow one where a called department is late."""
    if standing.supervision >= Supervision.RED:
        raise Conflict("it has the red card; there is nothing above", code="supervision-highest")
    if actor.is_system and not keeps_waiting(standing, at):
        raise Conflict("no department is late", code="not-late")


def is_evaluated(standing: Standing) -> bool:
    """Say whether somebody has evaluated what is closed."""
    return standing.passed_at(Stage.EVALUATE) is not None


def reopens(standing: Standing) -> bool:
    """Say whether a closed incident is to be reopened by itself: once, after an unsatisfied answer."""
    return standing.satisfaction is Satisfaction.UNSATISFIED and not standing.reopened_by_itself


def keeps_waiting(standing: Standing, at: datetime) -> bool:
    """Say whether a called department is late for which no yellow card was given yet."""
    call = standing.call
    return (
        call is not None
        and call.is_open
        and standing.supervision < Supervision.YELLOW
        and any(call.waits_for(org) for org in call.late(at))
    )
