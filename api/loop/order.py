"""Service orders (点单): a simpler machine beside the incident's. A variant is a list of steps, each with who takes it.

Yunyang 云阳: placed 居民点单 → sorted 社区分单 → dispatched 街道派单 → taken 单位领单 → finished 办结 → rated 评价
Jiuquan 酒泉: placed 群众点单 → dispatched 社区派单 → taken 党员接单 → finished 办结 → rated 评价
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from api.loop.payload import Payload, party_json
from api.loop.record import moment, written
from api.loop.words import OrgKind, Satisfaction
from api.who.caller import Right, Tier, within
from gis.errors import Conflict, ParameterError, Refused, RulesError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from api.loop.incident import Actor, Org, Party, Person


class Step(StrEnum):
    """What happens to an order; after it, the order is that."""

    PLACED = "placed"
    SORTED = "sorted"
    DISPATCHED = "dispatched"
    TAKEN = "taken"
    FINISHED = "finished"
    RATED = "rated"


class Part(StrEnum):
    """Who takes a step: the resident, the command center of a tier, or to whom the order was dispatched."""

    RESIDENT = "resident"
    CENTER = "center"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class OrderStep:
    """A step of a variant; `tier` is that of the center, and none for the others."""

    step: Step
    part: Part
    tier: Tier = Tier.NONE


@dataclass(frozen=True, slots=True)
class Variant:
    """How orders go in a place."""

    name: str
    steps: tuple[OrderStep, ...]


_END = (
    OrderStep(Step.TAKEN, Part.TARGET),
    OrderStep(Step.FINISHED, Part.TARGET),
    OrderStep(Step.RATED, Part.RESIDENT),
)
YUNYANG = Variant(
    "yunyang",
    (
        OrderStep(Step.PLACED, Part.RESIDENT),
        OrderStep(Step.SORTED, Part.CENTER, Tier.COMMUNITY),
        OrderStep(Step.DISPATCHED, Part.CENTER, Tier.STREET),
        *_END,
    ),
)
JIUQUAN = Variant(
    "jiuquan",
    (OrderStep(Step.PLACED, Part.RESIDENT), OrderStep(Step.DISPATCHED, Part.CENTER, Tier.COMMUNITY), *_END),
)
VARIANTS: Mapping[str, Variant] = {each.name: each for each in (YUNYANG, JIUQUAN)}
"""The variants of a fresh installation; a town may state others."""

_BY: Mapping[str, tuple[Part, Tier]] = {
    "resident": (Part.RESIDENT, Tier.NONE),
    "community": (Part.CENTER, Tier.COMMUNITY),
    "street": (Part.CENTER, Tier.STREET),
    "district": (Part.CENTER, Tier.DISTRICT),
    "target": (Part.TARGET, Tier.NONE),
}
"""Who takes a step, as rows say it."""
_PART_OF: Mapping[Step, Part] = {
    Step.PLACED: Part.RESIDENT,
    Step.SORTED: Part.CENTER,
    Step.DISPATCHED: Part.CENTER,
    Step.TAKEN: Part.TARGET,
    Step.FINISHED: Part.TARGET,
    Step.RATED: Part.RESIDENT,
}
_LEFT_OUT = frozenset({Step.SORTED})
"""What a variant may do without."""


def variant_from(name: str, rows: Iterable[Mapping[str, str]]) -> Variant:
    """Return a variant from its steps as rows: `{"step": "sorted", "by": "community"}`.

    Raises
    ------
    RulesError
        A word that nobody knows, a step in the wrong place or of the wrong people, or one that is missing.
    """
    steps: list[OrderStep] = []
    for row in rows:
        said, by = row.get("step", ""), row.get("by", "")
        if said not in list(Step) or by not in _BY:
            known = f"there are {', '.join(Step)}, by {', '.join(_BY)}"
            raise RulesError(f"the variant {name} has the step {said!r} by {by!r}; {known}")
        part, tier = _BY[by]
        if part is not _PART_OF[Step(said)]:
            raise RulesError(f"in the variant {name}, {said} is not for the {by}")
        steps.append(OrderStep(Step(said), part, tier))
    wanted = [each for each in Step if each not in _LEFT_OUT or each in {step.step for step in steps}]
    if [each.step for each in steps] != wanted:
        raise RulesError(f"the variant {name} must go {', '.join(wanted)}")
    return Variant(name, tuple(steps))


def variant_rows(variant: Variant) -> list[dict[str, str]]:
    """Return a variant's steps as `variant_from` reads them."""
    by = {said: word for word, said in _BY.items()}
    return [{"step": str(each.step), "by": by[each.part, each.tier]} for each in variant.steps]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Where an order stands: its path is that of the community in which it was placed.

    `placed_by` is None for somebody who has no account; the community then rates for them.
    """

    variant: Variant
    path: str
    done: tuple[tuple[Step, datetime], ...] = ()
    placed_by: str | None = None
    target: Party | None = None
    satisfaction: Satisfaction | None = None

    @property
    def next(self) -> OrderStep | None:
        """The step that comes now; None when all are done."""
        return self.variant.steps[len(self.done)] if len(self.done) < len(self.variant.steps) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """A step that was taken; `payload` holds JSON values."""

    step: Step
    actor: str | None
    org: str | None
    at: datetime
    payload: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return it as values that JSON has."""
        said = {"actor": self.actor, "org": self.org, "payload": dict(self.payload)}
        return {"step": str(self.step), "at": written(self.at), **said}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> OrderRecord:
        """Read it back."""
        return cls(
            step=Step(value["step"]),
            actor=value["actor"],
            org=value["org"],
            at=moment(value["at"]),
            payload=dict(value["payload"]),
        )


_FIELDS: Mapping[Step, tuple[str, ...]] = {Step.DISPATCHED: ("to",), Step.FINISHED: ("result",), Step.RATED: ("result",)}
"""The fields that a step needs."""


def offered(order: Order, actor: Actor) -> tuple[OrderStep, tuple[str, ...]] | None:
    """Return the step that the actor may take now, with the fields that it needs; None where it is not theirs."""
    step = order.next
    if step is None:
        return None
    try:
        _permitted(order, step, actor)
    except Refused:
        return None
    return step, _FIELDS.get(step.step, ())


def take_order(
    order: Order, step: str, payload: Mapping[str, Any], actor: Actor, at: datetime, *, known: Mapping[Party, Org | Person]
) -> tuple[Order, OrderRecord]:
    """Return the order after a step, and its record. `known` has those to whom it may be dispatched.

    Raises
    ------
    Conflict
        It is not the step that comes now: `illegal-transition`, with the one that is `allowed`.
    Refused
        The step is another's: `wrong-tier`, `not-the-owner`, or `scope-denied`.
    ParameterError
        A field is missing, wrong or unknown, or names nobody.
    """
    now = order.next
    if now is None or now.step != step or (order.done and at < order.done[-1][1]):
        allowed = [] if now is None else [str(now.step)]
        raise Conflict(f"an order cannot be {step} now", code="illegal-transition", allowed=allowed)
    org = _permitted(order, now, actor)
    said = Payload(payload)
    said.only(frozenset(_FIELDS.get(now.step, ())))
    body = _body(order, now.step, said, known)
    record = OrderRecord(step=now.step, actor=actor.person, org=org.id if org else None, at=at, payload=body)
    return follow_order(order, record), record


def follow_order(order: Order, record: OrderRecord) -> Order:
    """Return the order after one more record; raises `StoreError` where it does not follow."""
    if order.next is None or order.next.step is not record.step:
        raise StoreError(f"the order's log is broken: {record.step} does not follow")
    said = Payload(record.payload)
    after = replace(order, done=(*order.done, (record.step, record.at)))
    if record.step is Step.PLACED:
        return replace(after, placed_by=record.actor)
    if record.step is Step.DISPATCHED:
        return replace(after, target=said.party("to"))
    return replace(after, satisfaction=said.choice("result", Satisfaction)) if record.step is Step.RATED else after


def replay_order(variant: Variant, path: str, records: Iterable[OrderRecord]) -> Order:
    """Return where an order stands, from all its records in order."""
    order = Order(variant=variant, path=path)
    for record in records:
        order = follow_order(order, record)
    return order


def order_columns(order: Order) -> dict[str, Any]:
    """Return an order's row: what its log says, as columns that lists and figures can ask for."""
    done = dict(order.done)
    target = order.target
    return {
        "state": str(order.done[-1][0]),
        "placed_by": order.placed_by,
        "target_org": target.id if target is not None and target.is_org else None,
        "target_person": target.id if target is not None and not target.is_org else None,
        "satisfaction": None if order.satisfaction is None else str(order.satisfaction),
        **{f"{step}_at": done.get(step) for step in Step},
        "revision": len(order.done),
        "at": order.done[-1][1],
    }


def _body(order: Order, step: Step, said: Payload, known: Mapping[Party, Org | Person]) -> dict[str, Any]:
    if step is Step.DISPATCHED:
        to = said.party("to")
        if to not in known:
            raise ParameterError("to", f"there is nobody by the id {to.id} here", code="unknown-party")
        if not within(order.path, known[to].path):
            raise ParameterError("to", "the order lies outside their area", code="out-of-area")
        return {"to": party_json(to)}
    if step is Step.FINISHED:
        return {"result": said.text("result")}
    return {"result": str(said.choice("result", Satisfaction))} if step is Step.RATED else {}


def _permitted(order: Order, step: OrderStep, actor: Actor) -> Org | None:
    """Return for whom the actor acts, or say why the step is not theirs."""
    if step.part is Part.TARGET:
        if not actor.caller.may(Right.HANDLE_INCIDENTS, order.path):
            raise Refused("the order lies outside your areas, or your role does not do this", code="scope-denied")
        if not actor.is_party(order.target):
            raise Refused("this is for whoever the order was dispatched to", code="not-the-owner")
        return next((each.org for each in actor.memberships if order.target and each.org.id == order.target.id), None)
    if step.part is Part.CENTER:
        return _center(order, step.tier, actor)
    # Placing is anybody's; only who placed it rates, or the community that they told.
    if step.step is Step.PLACED or (actor.person is not None and actor.person == order.placed_by):
        return None
    return _center(order, Tier.COMMUNITY, actor)


def _center(order: Order, tier: Tier, actor: Actor) -> Org:
    if not actor.caller.may(Right.DISPATCH_INCIDENTS, order.path):
        raise Refused("the order lies outside your areas, or your role does not do this", code="scope-denied")
    for each in actor.memberships:
        if each.org.kind is OrgKind.COMMAND_CENTER and each.org.tier is tier and each.org.covers(order.path):
            return each.org
    raise Refused(f"this is for the {tier.name.lower()}; your tier is another", code="wrong-tier")
