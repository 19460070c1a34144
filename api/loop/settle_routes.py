"""What follows from the events that say whose an incident is: from the report to the departments that are called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from api.loop.call import join
from api.loop.incident import Org, Party
from api.loop.labels import label
from api.loop.payload import party_json
from api.loop.record import DUE_AT, written
from api.loop.replay import departments
from api.loop.settle import located, org_party, place_json, unknown_party
from api.loop.words import (
    EscalateReason,
    Finding,
    Kind,
    LocatedBy,
    OrgKind,
    Outcome,
    RejectReason,
    ReturnReason,
    Satisfaction,
    State,
    Triage,
)
from api.who.caller import Tier, within
from gis.errors import ParameterError

if TYPE_CHECKING:
    from datetime import datetime

    from api.loop.facts import Matter
    from api.loop.incident import Standing
    from api.loop.settle import Asked, Move

DEFAULT_SOURCE = "grid"

OF_CLOSED = ("closed_at", "accepted_at", DUE_AT, "outcome", "satisfaction", "answered")
"""What another system says of a case that has ended there."""


def report(asked: Asked) -> Move:
    """Settle `report`: it lies in exactly one grid, which the store has found, and comes to the desk there."""
    place, said = located(asked, "point"), asked.said
    body = {
        "place": place_json(place),
        "kind": said.choice("kind", Kind),
        "category": said.text("category"),
        "source": said.text_or_none("source") or DEFAULT_SOURCE,
        "urgent": said.flag("urgent"),
        "mode": asked.facts.mode,
    }
    if said.has("located_by"):
        body["located_by"] = said.choice("located_by", LocatedBy)
    return asked.go(body, owner=place.center(asked.facts.policy.intake), tier=Tier.GRID)


def bring_in(asked: Asked) -> Move:
    """Settle `import`: a case of another system, as that tells it. What is open comes to the desk here, as a report does.

    What has ended there stays ended: nobody here claimed it or sent it to anybody, and the log makes nothing of that kind up.
    What it was due by is what the other system says, else what our limits give from its acceptance.
    """
    place, said = located(asked, "point"), asked.said
    reported_at = _not_later(asked, "reported_at", asked.at)
    body = {
        "place": place_json(place),
        "kind": said.choice("kind", Kind),
        "category": said.text("category"),
        "source": said.text("source"),
        "urgent": said.flag("urgent"),
        "mode": asked.facts.mode,
        "reported_at": written(reported_at),
    }
    if not said.has("closed_at"):
        told = next((name for name in OF_CLOSED if said.has(name)), None)
        if told is not None:
            raise ParameterError(told, "this is said of what is closed: say when", code="not-closed")
        return asked.go(body, owner=place.center(asked.facts.policy.intake), tier=Tier.GRID)
    if not said.flag("answered"):
        msg = "what is closed was answered: else bring it in open"
        raise ParameterError("answered", msg, code="not-answered", zh="已结案的事件须已反馈；尚未反馈的，请按未结案移入")
    closed_at = _not_later(asked, "closed_at", asked.at, since=reported_at)
    ended = {
        "closed_at": written(closed_at),
        "outcome": said.choice("outcome", Outcome),
        "satisfaction": said.choice_or_none("satisfaction", Satisfaction),
        "answered": True,
    }
    accepted_at = _not_later(asked, "accepted_at", closed_at, since=reported_at) if said.has("accepted_at") else None
    due_at = said.moment(DUE_AT) if said.has(DUE_AT) else None
    if accepted_at is not None:
        ended["accepted_at"] = written(accepted_at)
        then = replace(asked.standing, at=accepted_at, category=body["category"], mode=asked.facts.mode, tier=Tier.GRID)
        due_at = due_at or asked.facts.clocks.total(then)
    if due_at is not None:
        ended[DUE_AT] = written(due_at)
    return asked.go(body | ended, tier=Tier.GRID, to=State.CLOSED)


def rehome(asked: Asked) -> Move:
    """Settle `rehome`: the net has changed, and it lies in another grid; what was its old center's is its new one's."""
    place, now = located(asked, "place"), asked.standing
    tiers = (Tier.COMMUNITY, Tier.STREET, Tier.DISTRICT)
    owner = next((place.center(tier) for tier in tiers if now.owner == asked.center(tier)), None)
    return asked.go({"place": place_json(place)}, owner=owner)


def verify(asked: Asked) -> Move:
    """Settle `verify`: somebody goes to look, one of the grid's workers or who is named."""
    worker = asked.said.text_or_none("worker")
    if worker is not None and worker not in asked.facts.people:
        raise unknown_party("worker", worker)
    return asked.go({"worker": worker})


def verified(asked: Asked) -> Move:
    """Settle `verified`: what they found."""
    return asked.go({"result": asked.said.choice("result", Finding), "text": asked.said.text_or_none("text")})


def accept(asked: Asked) -> Move:
    """Settle `accept`: a case of an admitted matter; who accepted it answers for it until somebody takes it on."""
    said = asked.said
    matter = _matter(asked)
    triage = said.choice_or_none("triage", Triage) or Triage.GOVERNMENT
    if triage is Triage.PRIVATE:
        raise ParameterError("triage", "a private affair is not accepted: reject it, with advice", code="private-affair")
    # What lies in no grid nobody could claim there: it is whose acceptance it was.
    lowest = asked.standing.lowest_tier
    tier = said.rank("tier", Tier) if said.has("tier") else Tier.GRID if lowest is Tier.GRID else asked.org.tier
    if tier < lowest:
        zh = "不在任何网格内，或该层级没有机构：请选更高的层级"
        raise ParameterError("tier", "it lies in no grid, or nobody is there at that tier", code="no-grid", zh=zh)
    if not Tier.GRID <= tier <= asked.org.tier:
        zh = f"受理的层级请从{label(Tier.GRID).zh}选到您所在的{label(asked.org.tier).zh}"
        raise ParameterError("tier", "it is accepted at the grid's tier, or at any up to your own", code="wrong-tier", zh=zh)
    body = {
        "matter": matter.code,
        "category": matter.category,
        "department": matter.department,
        "triage": triage,
        "urgent": said.flag("urgent"),
    }
    return asked.go(body, owner=org_party(asked.org), tier=tier)


def reject(asked: Asked) -> Move:
    """Settle `reject`: a coded reason, and the reporter is told."""
    reason = asked.said.choice("reason", RejectReason)
    master = asked.said.text("master") if reason is RejectReason.DUPLICATE else None
    if master is not None and master not in asked.facts.masters:
        msg = f"there is no incident {master} of which this may be a duplicate: one that you see, and no duplicate itself"
        zh = f"没有可作为主件的事件“{master}”：须是您能查看、且本身不是重复件的事件"
        raise ParameterError("master", msg, code="unknown-master", zh=zh)
    return asked.end({"reason": reason, "answer": asked.said.text("answer"), "master": master})


def void(asked: Asked) -> Move:
    """Settle `void`: it should not be there."""
    return asked.end({"reason": asked.said.text("reason")})


def claim(asked: Asked) -> Move:
    """Settle `claim`: the worker takes it on."""
    return asked.go(owner=Party(is_org=False, id=asked.actor.person or ""))


def dispatch(asked: Asked) -> Move:
    """Settle `dispatch`: it goes to somebody not lower than it stands, and not higher than who sends it."""
    to, tier = _target(asked)
    if tier < asked.standing.tier:
        zh = "对方低于事件所在的层级，请用交办"
        raise ParameterError("to", "they stand lower than the incident: delegate it", code="lower-tier", zh=zh)
    if tier > asked.org.tier:
        msg = "they stand higher than you: escalate it, or call the district"
        raise ParameterError("to", msg, code="higher-tier", zh="对方高于您的层级，请用上报上级，或由街道呼叫")
    return asked.go({"to": party_json(to)}, owner=to, tier=tier)


def delegate(asked: Asked) -> Move:
    """Settle `delegate`: it goes down to a lower tier; the total clock runs on."""
    to, tier = _target(asked)
    if tier >= asked.standing.tier:
        zh = "交办须选择比事件更低的层级"
        raise ParameterError("to", "one delegates to a lower tier than the incident's", code="higher-tier", zh=zh)
    return asked.go({"to": party_json(to), "text": asked.said.text_or_none("text")}, owner=to, tier=tier)


def give_back(asked: Asked) -> Move:
    """Settle `return`: it goes back to who sent it; given back once too often, to the district, which decides."""
    now = asked.standing
    times = 0 if now.owner is None else now.returned.count(now.owner.id)
    giver = now.giver if times < asked.facts.policy.returns_per_org else None
    to, tier = giver or (asked.center(Tier.DISTRICT), Tier.DISTRICT)
    body = {
        "reason": asked.said.choice("reason", ReturnReason),
        "text": asked.said.text_or_none("text"),
        "district_decides": giver is None,
    }
    return asked.go(body, owner=to, tier=tier)


def escalate(asked: Asked) -> Move:
    """Settle `escalate`: it goes to the center of the next tier, or of a higher one where a rule lets it."""
    said, now = asked.said, asked.standing
    not_theirs = {each for each in EscalateReason if (each is EscalateReason.OVERDUE) is not asked.actor.is_system}
    reason = said.choice("reason", EscalateReason, but=frozenset(not_theirs))
    tier = said.rank("to_tier", Tier) if said.has("to_tier") else Tier(now.tier + 1)
    if tier <= now.tier:
        zh = "上报上级须选择比事件更高的层级"
        raise ParameterError("to_tier", "it goes to a higher tier than it has", code="lower-tier", zh=zh)
    if tier > now.tier + 1 and not any(skip.lets(now, tier) for skip in asked.facts.policy.skips):
        raise ParameterError("to_tier", "it goes up one tier at a time; no rule lets it skip one", code="skip-level")
    return asked.go({"reason": reason, "text": said.text_or_none("text")}, owner=asked.center(tier), tier=tier)


def call(asked: Asked) -> Move:
    """Settle `call`: the district's center gets it, to name departments."""
    return asked.go({"summary": asked.said.text("summary")}, owner=asked.center(Tier.DISTRICT), tier=Tier.DISTRICT)


def assign(asked: Asked) -> Move:
    """Settle `assign`: one department leads and owns the incident, others join it."""
    for each in asked.said.parts("departments"):
        each.only(frozenset({"org", "lead", "mandatory"}))
    named = departments(asked.said)
    if len({each.org for each in named}) < len(named):
        raise ParameterError("departments", "a department is named twice", code="named-twice")
    leads = [each.org for each in named if each.lead]
    if len(leads) != 1:
        raise ParameterError("departments", "one department leads, and only one", code="one-lead")
    for each in named:
        org = asked.facts.orgs.get(each.org)
        if org is None:
            raise unknown_party("departments", each.org)
        if not may_be_called(asked.standing, org):
            msg = f"{each.org} is no department of this district"
            raise ParameterError("departments", msg, code="no-department", zh=f"“{each.org}”不是本区的部门")
    body = {"departments": [{"org": each.org, "lead": each.lead, "mandatory": each.mandatory} for each in named]}
    return asked.go(body, owner=Party(is_org=True, id=leads[0]))


def may_be_called(standing: Standing, org: Org) -> bool:
    """Say whether the district may name an organisation for an incident: its departments, in whose area the place lies."""
    return org.kind is OrgKind.DEPARTMENT and org.tier is Tier.DISTRICT and standing.falls_to(org)


def join_call(asked: Asked) -> Move:
    """Settle `join`: a department is there; with the last mandatory one the joint work starts."""
    call = asked.standing.call
    starts = call is not None and join(call, asked.org.id, at=asked.at).joint_started_at is not None
    return asked.go(to=State.IN_PROGRESS if starts else None)


def _not_later(asked: Asked, field: str, than: datetime, *, since: datetime | None = None) -> datetime:
    """Return a moment of a case in another system, which lies between two others."""
    moment = asked.said.moment(field)
    if moment > than or (since is not None and moment < since):
        msg = "reported, accepted, closed, arrived here: they follow each other"
        raise ParameterError(field, msg, code="time-went-back", zh="上报、受理、结案、移入的时间须依次先后")
    return moment


def _matter(asked: Asked) -> Matter:
    code = asked.said.text("matter")
    matter = asked.facts.matters.get(code)
    if matter is None:
        raise ParameterError("matter", f"there is no matter {code}", code="unknown-matter", zh=f"清单中没有事项“{code}”")
    if not matter.is_admitted:
        msg = f"{code} is not admitted, or has exited: choose another"
        raise ParameterError("matter", msg, code="exited-matter", zh=f"事项“{code}”未准入或已退出，请另选")
    return matter


def _target(asked: Asked) -> tuple[Party, Tier]:
    """Return to whom it goes, and at which tier they stand; their area has to cover the place."""
    party = asked.said.party("to")
    found = (asked.facts.orgs if party.is_org else asked.facts.people).get(party.id)
    if found is None:
        raise unknown_party("to", party.id)
    # What lies in no area is seen by nobody but organisations of the highest tier.
    now = asked.standing
    if not (within(now.path, found.path) if now.path else isinstance(found, Org) and now.falls_to(found)):
        raise ParameterError("to", "the incident lies outside their area", code="out-of-area")
    return party, found.tier
