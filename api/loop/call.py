"""The district call in four steps (街呼区应): call, assign, join, clear off.

    call 呼叫 ──► assign 分办 ──► join 联动 ──► (handled, checked) ──► clear_off 销号
    the street    the district    lead and co-departments            the calling street, with a rating of each

The joint work starts when the lead and every mandatory department have joined. A step out of order is a conflict.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from api.loop.labels import label
from api.loop.words import Event
from gis.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

RATINGS = range(101)
"""How a street may rate a department."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A department that was called. The lead is mandatory without being said so."""

    org: str
    lead: bool = False
    mandatory: bool = False
    joined_at: datetime | None = None
    rating: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A street's call for departments of the district."""

    street: str
    """The organisation that called; nobody else clears."""
    called_at: datetime
    summary: str
    assigned_at: datetime | None = None
    join_due_at: datetime | None = None
    participants: tuple[Participant, ...] = ()
    joint_started_at: datetime | None = None
    handled_at: datetime | None = None
    cleared_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the street has still to clear it."""
        return self.cleared_at is None

    @property
    def lead(self) -> str | None:
        """The department that leads, once it is named."""
        return next((each.org for each in self.participants if each.lead), None)

    def waits_for(self, org: str) -> bool:
        """Say whether this department was called and has not joined."""
        return any(each.org == org and each.joined_at is None for each in self.participants)

    def late(self, at: datetime) -> tuple[str, ...]:
        """Return the departments that joined after the deadline, or have not joined though it is over."""
        if self.join_due_at is None:
            return ()
        return tuple(each.org for each in self.participants if (each.joined_at or at) > self.join_due_at)


def assign(call: Call, participants: tuple[Participant, ...], *, at: datetime, join_due_at: datetime | None) -> Call:
    """Return the call with its departments named; each has until `join_due_at` to join."""
    _in_order(Event.ASSIGN, call.assigned_at is None, call.called_at, at)
    return replace(call, assigned_at=at, join_due_at=join_due_at, participants=participants)


def unassign(call: Call) -> Call:
    """Return the call as it was before departments were named: the lead has given it back."""
    return replace(call, assigned_at=None, join_due_at=None, participants=())


def join(call: Call, org: str, *, at: datetime) -> Call:
    """Return the call with one more department there; with the last mandatory one the joint work starts."""
    _in_order(Event.JOIN, call.waits_for(org), call.assigned_at, at)
    there = tuple(replace(each, joined_at=at) if each.org == org else each for each in call.participants)
    complete = all(each.joined_at is not None for each in there if each.lead or each.mandatory)
    return replace(call, participants=there, joint_started_at=call.joint_started_at or (at if complete else None))


def handled(call: Call, *, at: datetime) -> Call:
    """Return the call with its work done."""
    _in_order(Event.HANDLE, call.handled_at is None, call.joint_started_at, at)
    return replace(call, handled_at=at)


def again(call: Call) -> Call:
    """Return the call with its work to be done again: the check failed, or it was reopened after it had been cleared."""
    rated = tuple(replace(each, rating=None) for each in call.participants)
    return replace(call, handled_at=None, cleared_at=None, participants=rated)


def clear_off(call: Call, ratings: Mapping[str, int], *, at: datetime) -> Call:
    """Return the call cleared, each department rated."""
    _in_order(Event.CLEAR_OFF, call.is_open, call.handled_at, at)
    rated = tuple(replace(each, rating=ratings[each.org]) for each in call.participants)
    return replace(call, cleared_at=at, participants=rated)


def _in_order(step: Event, fits: bool, before: datetime | None, at: datetime) -> None:  # noqa: FBT001 - the answer, not a switch
    """Raise unless the step fits and the one before it has been made, not later than `at`."""
    if not fits or before is None or at < before:
        msg = f"the call does not stand where it could {step}"
        raise Conflict(msg, code="call-order", zh=f"按呼叫的顺序，现在不能“{label(step).zh}”")
