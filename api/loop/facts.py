"""What the rules are told from outside for one act: who and what is named in it, the clocks, and the town's own numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from api.loop.duplicates import Nearness
from api.loop.words import Mode
from api.who.caller import ALL_CATEGORIES, Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.loop.incident import Org, Person, Place, Standing


EVERY = 100
"""Of a hundred."""
_NEAR = Nearness()


class Clocks(Protocol):
    """When things are due. The standing is as it is after the event, so its state, tier, matter and mode can be asked."""

    def total(self, standing: Standing) -> datetime | None:
        """Return when an incident must be closed that was accepted just now; None: no limit."""
        ...

    def stage(self, standing: Standing) -> datetime | None:
        """Return when the stage must be over that began just now; None: no limit."""
        ...

    def put_off(self, standing: Standing, due: datetime, since: datetime, until: datetime) -> datetime:
        """Return a deadline after the time from `since` to `until` did not count; what was late by `since` stays as it was."""
        ...


class NoLimits:
    """Clocks by which nothing is ever due; a deadline that somebody sets is put off by the bare time."""

    def total(self, standing: Standing) -> datetime | None:  # noqa: ARG002 - as the protocol has it
        """Return None: no limit."""
        return None

    def stage(self, standing: Standing) -> datetime | None:  # noqa: ARG002 - as the protocol has it
        """Return None: no limit."""
        return None

    def put_off(self, standing: Standing, due: datetime, since: datetime, until: datetime) -> datetime:  # noqa: ARG002 - as above
        """Return the deadline, as much later as the time was long."""
        return due + (until - since) if since <= due else due


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A rule by which an incident may go up several tiers at once: those of a category, or the urgent ones of it."""

    category: str = ALL_CATEGORIES
    urgent_only: bool = True
    highest: Tier = Tier.DISTRICT

    def lets(self, standing: Standing, tier: Tier) -> bool:
        """Say whether it lets this incident go to this tier."""
        fits = self.category in {ALL_CATEGORIES, standing.category}
        return fits and (standing.urgent or not self.urgent_only) and tier <= self.highest


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The town's own numbers (`api/loop/policy.py` reads them); what is here is a fresh installation's."""

    intake: Tier = Tier.COMMUNITY
    """Whose desk a report comes to: the community's or the street's."""
    archive_after: timedelta = timedelta(days=15)
    """When a closed incident is archived that nobody has evaluated."""
    reopen_within: timedelta = timedelta(days=30)
    extensions: int = 2
    tries: int = 2
    """How often a reporter is looked for before they count as unreachable."""
    returns_per_org: int = 1
    """What is returned once more goes to the district to decide, and cannot be returned again."""
    sample_percent: int = 100
    """Of what a grid handled itself so many in a hundred are checked; the service passes the rest."""
    skips: tuple[Skip, ...] = ()
    nearness: Nearness = _NEAR

    @property
    def samples_grid_tier(self) -> bool:
        """Whether of what a grid handled itself only samples are checked."""
        return self.sample_percent < EVERY


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """A matter of the catalogue: `is_admitted` once it has been admitted and until it exits."""

    code: str
    category: str
    department: str | None = None
    co_departments: tuple[str, ...] = ()
    """Who works on it with the department, where a street calls for them."""
    is_admitted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of whatever an act names, looked up by whoever calls; what is missing here does not exist."""

    place: Place | None = None
    """Where a report lies, or where an incident is re-homed to."""
    mode: Mode = Mode.NORMAL
    matters: Mapping[str, Matter] = field(default_factory=lambda: MappingProxyType({}))
    masters: frozenset[str] = frozenset()
    """Those of the numbers that are named of which it may be a duplicate."""
    orgs: Mapping[str, Org] = field(default_factory=lambda: MappingProxyType({}))
    people: Mapping[str, Person] = field(default_factory=lambda: MappingProxyType({}))
    clocks: Clocks = field(default_factory=NoLimits)
    policy: Policy = field(default_factory=Policy)
