"""What follows from an event: where the incident goes, whose it is then, and what the log keeps.

What settles an event reads its payload, so whatever is refused here is a `ParameterError`: whether the step may be taken at
all was asked before. `settle_routes.py` has the events that say whose an incident is, `settle_work.py` those of the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.loop.incident import Party
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from api.loop.facts import Facts
    from api.loop.incident import Actor, Org, Place, Standing
    from api.loop.payload import Payload
    from api.loop.words import State
    from api.who.caller import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Where the incident goes. `body` is what the log keeps beside the owner and the deadlines that begin with it."""

    to: State
    tier: Tier
    owner: Party | None
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A step that may be taken, and with what. `by` is for whom the actor acts; `to` is where the step leads."""

    standing: Standing
    said: Payload
    actor: Actor
    by: Org | None
    at: datetime
    facts: Facts
    to: State

    @property
    def org(self) -> Org:
        """For which organisation somebody acts who, by the rule for this step, acts for one."""
        assert self.by is not None  # noqa: S101 - the rule in who.py has found it
        return self.by

    def center(self, tier: Tier) -> Party:
        """Return whose the place is at a tier."""
        place = self.standing.place
        assert place is not None  # noqa: S101 - whatever was reported has a place
        return place.center(tier)

    def go(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        owner: Party | None = None,
        tier: Tier | None = None,
        to: State | None = None,
    ) -> Move:
        """Return a move to where the step leads, with the same owner at the same tier unless others are named."""
        now = self.standing
        return Move(
            to=to or self.to, tier=now.tier if tier is None else tier, owner=owner or now.owner, body=_without_nulls(body or {})
        )

    def end(self, body: Mapping[str, Any]) -> Move:
        """Return a move after which the incident is nobody's."""
        return Move(to=self.to, tier=self.standing.tier, owner=None, body=_without_nulls(body))


def reason(asked: Asked) -> Move:
    """Settle what needs a reason, and nothing else."""
    return asked.go({"reason": asked.said.text("reason")})


def text(asked: Asked) -> Move:
    """Settle what carries a text, and nothing else."""
    return asked.go({"text": asked.said.text("text")})


def text_or_none(asked: Asked) -> Move:
    """Settle what needs nothing said."""
    return asked.go({"text": asked.said.text_or_none("text")})


def org_party(org: Org) -> Party:
    """Return an organisation as a party."""
    return Party(is_org=True, id=org.id)


def located(asked: Asked, field: str) -> Place:
    """Return the place that was found; raises `ParameterError` where nobody could say which it is."""
    if asked.facts.place is None:
        raise ParameterError(field, "the address was not found: give a point", code="no-place")
    return asked.facts.place


def place_json(place: Place) -> dict[str, str]:
    """Return a place as the log keeps it."""
    return {name: getattr(place, name) for name in ("grid_code", "path", "community", "street", "district")}


def unknown_party(field: str, found: str) -> ParameterError:
    """Return what to raise for an organisation or a person that nobody knows."""
    zh = f"这里没有编号为“{found}”的单位或人员"
    return ParameterError(field, f"there is nobody by the id {found} here", code="unknown-party", zh=zh)


def _without_nulls(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
