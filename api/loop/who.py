"""Who may take a step: for each kind of actor, the organisation for which somebody acts, or why they may not.

A role gives a right in an area; whether somebody is the street, the owner or the target follows from where they work. Both
have to hold.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from api.loop.labels import Label
from api.loop.words import OrgKind
from api.who.caller import Right, Tier
from gis.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from api.loop.incident import Actor, Org, Standing


class Who(StrEnum):
    """The actors of the transition table."""

    SYSTEM = "system"
    ANYBODY = "anybody"
    DUTY = "duty"
    SENDER = "sender"
    STREET = "street"
    DISTRICT = "district"
    CENTER = "center"
    UPPER = "upper"
    VERIFIER = "verifier"
    POST = "post"
    OWNER = "owner"
    PARTICIPANT = "participant"
    CALLING_STREET = "calling_street"
    CHECKER = "checker"
    ANSWERER = "answerer"
    HOTLINE = "hotline"
    CHIEF = "chief"
    SAME_OR_HIGHER = "same_or_higher"


if TYPE_CHECKING:
    Permit = tuple[Org | None]
    """Somebody may; for which organisation they act, if for any."""


def permit(standing: Standing, who: tuple[Who, ...], right: Right, actor: Actor) -> Org | None:
    """Return the organisation for which the actor may act as one of `who`; None where they act for themselves.

    Raises
    ------
    Refused
        They are none of these: `wrong-tier`, `not-the-owner`, `no-post`, `self-check`…; `scope-denied` where no role of
        theirs gives the right here.
    """
    first: Refused | None = None
    for one in who:
        try:
            (org,) = _RULES[one](standing, right, actor)
        except Refused as refused:
            first = first or refused
        else:
            return org
    raise first or Refused("nobody may do this", zh="这一步不由任何人办理")


def centers(standing: Standing, right: Right, actor: Actor) -> Iterator[Org]:
    """Yield the command centers in charge of the place for which the actor has the right."""
    if not actor.may(right, standing):
        return
    for each in actor.memberships:
        if each.org.kind is OrgKind.COMMAND_CENTER and standing.falls_to(each.org):
            yield each.org


def _center_of(fits: Callable[[Standing, Org], bool], whose: Label) -> Callable[[Standing, Right, Actor], Permit]:
    """Return the rule for members of command centers that fit the incident."""

    def rule(standing: Standing, right: Right, actor: Actor) -> Permit:
        there = tuple(centers(standing, right, actor))
        fitting = [org for org in there if fits(standing, org)]
        if fitting:
            # Whoever sits in several acts for the nearest.
            return (min(fitting, key=lambda org: org.tier),)
        if there:
            zh = f"由{whose.zh}办理，不属于您的层级"
            raise Refused(f"this is for {whose.en}; your tier is another", code="wrong-tier", zh=zh)
        raise _denied(right)

    return rule


def _system(_standing: Standing, _right: Right, actor: Actor) -> Permit:
    if actor.is_system:
        return (None,)
    raise Refused("the service does this by itself", code="only-by-itself")


def _anybody(_standing: Standing, _right: Right, actor: Actor) -> Permit:
    if actor.is_system:
        raise Refused("somebody has to report it", code="not-by-itself")
    return (next((each.org for each in actor.memberships), None),)


def _verifier(standing: Standing, right: Right, actor: Actor) -> Permit:
    _require(standing, right, actor)
    if actor.person is not None and (actor.person == standing.asked_to_verify or actor.has_post(standing.grid_code)):
        return (None,)
    msg = "this is for the worker who was asked to look, or one of the grid's own"
    raise Refused(msg, code="no-post", zh="由受指派核实的人员，或本网格 A、B 岗网格员办理")


def _post(standing: Standing, right: Right, actor: Actor) -> Permit:
    _require(standing, right, actor)
    if actor.person is None or not actor.has_post(standing.grid_code):
        msg = "this is for workers who hold post A or B on this grid today"
        raise Refused(msg, code="no-post", zh="由本网格今日在岗的 A、B 岗网格员办理")
    return (None,)


def _owner(standing: Standing, right: Right, actor: Actor) -> Permit:
    _require(standing, right, actor)
    if not actor.is_party(standing.owner):
        raise Refused("this is for whoever owns the incident now", code="not-the-owner")
    return (_own(standing, actor),)


def _participant(standing: Standing, right: Right, actor: Actor) -> Permit:
    _require(standing, right, actor)
    call = standing.call
    mine = [each.org for each in actor.memberships if call is not None and call.waits_for(each.org.id)]
    if not mine:
        raise Refused("this is for departments that were called and have not joined", code="not-called")
    return (mine[0],)


def _calling_street(standing: Standing, right: Right, actor: Actor) -> Permit:
    _require(standing, right, actor)
    call = standing.call
    mine = [each.org for each in actor.memberships if call is not None and each.org.id == call.street]
    if not mine:
        raise Refused("only the street that called clears the call", code="not-the-caller")
    return (mine[0],)


def _checker(standing: Standing, right: Right, actor: Actor) -> Permit:
    permitted = _ANSWERS(standing, right, actor)
    if actor.person is None or actor.person == standing.handler:
        raise Refused("nobody checks what they handled themselves", code="self-check")
    return permitted


def _hotline(standing: Standing, right: Right, actor: Actor) -> Permit:
    del right  # a hotline answers with the right to work on incidents, whatever a center needs
    _require(standing, Right.HANDLE_INCIDENTS, actor)
    mine = [each.org for each in actor.memberships if each.org.kind is OrgKind.HOTLINE and standing.falls_to(each.org)]
    if not mine:
        raise Refused("this is for the hotline", code="not-the-hotline")
    return (mine[0],)


def _chief(standing: Standing, right: Right, actor: Actor) -> Permit:
    there = {org.id for org in centers(standing, right, actor)}
    mine = [each.org for each in actor.memberships if each.is_duty_chief and each.org.id in there]
    if mine:
        return (mine[0],)
    if there:
        raise Refused("this is for the chief of the duty", code="not-the-chief")
    raise _denied(right)


def _same_or_higher(standing: Standing, right: Right, actor: Actor) -> Permit:
    _require(standing, right, actor)
    if actor.is_party(standing.owner):
        return (_own(standing, actor),)
    higher = [each.org for each in actor.memberships if standing.falls_to(each.org) and each.org.tier >= standing.tier]
    if not higher:
        msg = "this is for the organisation that owns the incident, or one as high"
        raise Refused(msg, code="wrong-tier", zh="由承办单位，或不低于事件所在层级的单位办理")
    return (min(higher, key=lambda org: org.tier),)


def _stands_in(standing: Standing, org: Org, tier: Tier) -> bool:
    """Say whether an organisation answers for the place in the stead of a tier that it has none of: no street, no community."""
    return standing.place is not None and standing.place.center(tier).id == org.id


def _own(standing: Standing, actor: Actor) -> Org | None:
    """Return the organisation that owns the incident, if the actor works in it."""
    owner = standing.owner
    return next((each.org for each in actor.memberships if owner and owner.is_org and each.org.id == owner.id), None)


def _require(standing: Standing, right: Right, actor: Actor) -> None:
    if actor.is_system or not actor.may(right, standing):
        raise _denied(right)


def _denied(right: Right) -> Refused:
    return Refused(
        f"the incident lies outside your areas or categories, or your role does not do this; it needs the right {right}",
        code="scope-denied",
        zh=f"事件不在您的辖区或类别内，或不属于您的职责；需要权限 {right}",
        right=str(right),
    )


_ANSWERS = _center_of(
    lambda standing, org: org.tier >= standing.check_tier,
    Label("核查该事件的指挥中心，或更高层级的指挥中心", "the center that checks this incident, or a higher one"),
)

_RULES: Mapping[Who, Callable[[Standing, Right, Actor], Permit]] = {
    Who.SYSTEM: _system,
    Who.ANYBODY: _anybody,
    Who.DUTY: _center_of(
        lambda standing, org: org.tier in {Tier.COMMUNITY, Tier.STREET} or _stands_in(standing, org, Tier.COMMUNITY),
        Label("社区或街道的值班人员", "the duty of the community or the street"),
    ),
    Who.SENDER: _center_of(
        lambda standing, org: org.tier is Tier.STREET or _stands_in(standing, org, Tier.STREET),
        Label("街道指挥中心", "the street's center"),
    ),
    Who.STREET: _center_of(lambda _, org: org.tier is Tier.STREET, Label("街道指挥中心", "the street's center")),
    Who.DISTRICT: _center_of(lambda _, org: org.tier is Tier.DISTRICT, Label("区级指挥中心", "the district's center")),
    Who.CENTER: _center_of(
        lambda standing, org: org.tier >= standing.tier,
        Label("不低于事件所在层级的指挥中心", "a center as high as the incident stands"),
    ),
    Who.UPPER: _center_of(
        lambda standing, org: org.tier > standing.tier or org.tier is Tier.DISTRICT,
        Label("高于事件所在层级的指挥中心", "a center above where the incident stands"),
    ),
    Who.VERIFIER: _verifier,
    Who.POST: _post,
    Who.OWNER: _owner,
    Who.PARTICIPANT: _participant,
    Who.CALLING_STREET: _calling_street,
    Who.CHECKER: _checker,
    Who.ANSWERER: _ANSWERS,
    Who.HOTLINE: _hotline,
    Who.CHIEF: _chief,
    Who.SAME_OR_HIGHER: _same_or_higher,
}
