"""One record of an incident's log: plain values that go into the store as JSON and come back the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from api.loop.words import STAGE_OF, Event, Stage, State, word
from api.who.caller import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

OWNER, DUE_AT, STAGE_DUE_AT = "owner", "due_at", "stage_due_at"
"""What the rules add to every payload: whose it is now, and when it is due; no caller can send these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Something that happened: numbered from 1 within the incident. `tier` is the incident's, after it.

    `actor` is a person's id, None for the service itself and for nobody in particular; `org` is the organisation for which
    they acted. `payload` holds what was said, and what followed from it (`owner`, `due_at`, `stage_due_at`): JSON values only.
    """

    seq: int
    event: Event
    from_state: State
    to_state: State
    tier: Tier
    actor: str | None
    org: str | None
    at: datetime
    payload: Mapping[str, Any]

    @property
    def stage(self) -> Stage:
        """The canonical stage that it belongs to."""
        return STAGE_OF[self.event]

    def as_json(self) -> dict[str, Any]:
        """Return it as values that JSON has."""
        return {
            "seq": self.seq,
            "event": str(self.event),
            "from_state": str(self.from_state),
            "to_state": str(self.to_state),
            "tier": word(self.tier),
            "actor": self.actor,
            "org": self.org,
            "at": written(self.at),
            "payload": dict(self.payload),
        }

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Record:
        """Read it back."""
        return cls(
            seq=value["seq"],
            event=Event(value["event"]),
            from_state=State(value["from_state"]),
            to_state=State(value["to_state"]),
            tier=Tier[value["tier"].upper()],
            actor=value["actor"],
            org=value["org"],
            at=moment(value["at"]),
            payload=dict(value["payload"]),
        )


def written(at: datetime) -> str:
    """Return a moment as text, in UTC."""
    return at.astimezone(UTC).isoformat()


def moment(text: str) -> datetime:
    """Read a moment as `written` writes it; raises `ValueError` where it is none, or carries no zone."""
    read = datetime.fromisoformat(text)
    if read.utcoffset() is None:
        raise ValueError(f"{text} has no zone")
    try:
        return read.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text} lies outside the years that there are") from None
