"""What the rules know of one incident, and of whoever acts on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from api.loop.words import Mode, OrgKind, Stage, State, Supervision
from api.who.caller import ANONYMOUS, Right, Tier, within

if TYPE_CHECKING:
    from datetime import datetime

    from api.loop.call import Call
    from api.loop.words import Event, Kind, Outcome, Post, Satisfaction, Triage
    from api.who.caller import Caller


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation or a person, by id: what an incident is assigned to, and who owns it."""

    is_org: bool
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """An organisation, as far as the rules ask: at which tier it stands, and over which area."""

    id: str
    kind: OrgKind
    tier: Tier
    path: str

    def covers(self, path: str) -> bool:
        """Say whether a place lies in its area."""
        return within(path, self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody to whom an incident may be assigned: the tier that they work at, and the area that they work in.

    `grids` are those, by code, in which they hold an active post; a worker on leave holds none.
    """

    id: str
    tier: Tier
    path: str
    grids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Somebody works in an organisation, and may be chief of its duty."""

    org: Org
    is_duty_chief: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: the caller, and what the store knows of them on that day.

    `posts` are the grids, by code, in which they hold an active post; a worker on leave holds none.
    """

    caller: Caller = ANONYMOUS
    memberships: tuple[Membership, ...] = ()
    posts: tuple[tuple[str, Post], ...] = ()
    is_system: bool = False

    @property
    def person(self) -> str | None:
        """The person's id; None for the service itself and for nobody in particular."""
        return (self.caller.person_id or None) if self.caller.is_known and not self.is_system else None

    def may(self, right: Right, standing: Standing) -> bool:
        """Say whether the caller has a right where the incident lies and for its category.

        What lies in no area is a matter of those who answer for such places: they need the right in their own area. Whoever
        is called works on what they are called to, wherever and in whichever categories they handle incidents.
        """
        where = (
            [standing.path] if standing.path else [each.org.path for each in self.memberships if standing.falls_to(each.org)]
        )
        return any(self.caller.may(right, path, standing.category) for path in where) or (
            right is Right.HANDLE_INCIDENTS and self.is_called(standing) and self.caller.may(right)
        )

    def is_called(self, standing: Standing) -> bool:
        """Say whether an organisation that they work in was called to the incident."""
        called = () if standing.call is None else standing.call.participants
        return any(each.org.id == one.org for each in self.memberships for one in called)

    def has_post(self, grid_code: str | None) -> bool:
        """Say whether they hold a post, A or B, on a grid."""
        return any(code == grid_code for code, _ in self.posts)

    def is_party(self, party: Party | None) -> bool:
        """Say whether they are this person, or work in this organisation."""
        if party is None:
            return False
        if party.is_org:
            return any(each.org.id == party.id for each in self.memberships)
        return self.person == party.id

    def acting_for(self, org: str) -> Actor:
        """Return them as somebody who works in this organisation alone: who works in several says for which they act."""
        return replace(self, memberships=tuple(each for each in self.memberships if each.org.id == org))


SYSTEM = Actor(is_system=True)
"""The service itself: what happens because time has passed, or because the net has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an incident lies: its grid (None: in none), the path of the smallest area that holds it, and whose it is.

    `community`, `street` and `district` are the ids of their command centers; empty where no such area holds the place. The
    district's is never empty: what lies in no area at all comes to the highest center that there is.
    """

    grid_code: str | None
    path: str
    community: str
    street: str
    district: str

    def center(self, tier: Tier) -> Party:
        """Return the center in charge at a tier, or the next above; what is the grid's is the community's to answer for."""
        from_tier = {Tier.STREET: (self.street,), Tier.DISTRICT: ()}.get(tier, (self.community, self.street))
        return Party(is_org=True, id=next((each for each in from_tier if each), self.district))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time in which neither state nor owner changed. Stretches of one `stage` run on the same stage clock."""

    stage: int
    state: State
    tier: Tier
    owner: Party | None
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What an owner asked for and nobody has decided: more time (`extend`) or a pause (`suspend`), until when."""

    event: Event
    by: str | None
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an incident stands. It is what its log says and nothing else: `replay` makes it from the records."""

    state: State = State.DRAFT
    tier: Tier = Tier.NONE
    owner: Party | None = None
    place: Place | None = None
    kind: Kind | None = None
    category: str | None = None
    source: str | None = None
    urgent: bool = False
    mode: Mode = Mode.NORMAL
    triage: Triage | None = None
    matter: str | None = None
    department: str | None = None
    """The department that the matter names; dispatching proposes it."""
    master: str | None = None
    """The incident of which this one is a duplicate."""
    supervision: Supervision = Supervision.NONE

    asked_to_verify: str | None = None
    accepted_by: str | None = None
    handler: str | None = None
    """The person who handled it last; nobody checks their own work."""
    worked_by: Party | None = None
    """Whose work it was last: it goes back to them when a check fails or it is reopened."""
    giver: tuple[Party, Tier] | None = None
    """From whom, and from which tier, it came to its present owner: it is returned there."""
    ask: Ask | None = None
    review_at: datetime | None = None
    """When a suspension is looked at again."""
    call: Call | None = None

    outcome: Outcome | None = None
    on_the_spot: bool = False
    """The grid itself has handled it, at once and where it was found."""
    answered: bool = False
    """The reporter was told, or could not be reached often enough."""
    satisfaction: Satisfaction | None = None

    returned: tuple[str, ...] = ()
    """Who gave it back, once for each time."""
    rework_count: int = 0
    reopen_count: int = 0
    reopened_by_itself: bool = False
    extension_count: int = 0
    feedback_tries: int = 0

    revision: int = 0
    """How many records there are."""
    at: datetime | None = None
    """When the last of them was made."""
    passed: tuple[tuple[Stage, datetime], ...] = ()
    """When each canonical stage was passed for the last time; what has to be passed again is not here."""
    stage: int = 0
    stage_since: datetime | None = None
    stretch_since: datetime | None = None
    stretches: tuple[Stretch, ...] = ()
    due_at: datetime | None = None
    first_due_at: datetime | None = None
    """The deadline before anybody extended it."""
    stage_due_at: datetime | None = None
    key_since: datetime | None = None
    """Since when it is urgent, so that those above are told of it at once and then daily."""
    key_reported_at: datetime | None = None
    """When they were told last."""

    @property
    def grid_code(self) -> str | None:
        """The grid that it lies in; a draft has none, nor has what lies outside every grid."""
        return None if self.place is None else self.place.grid_code

    @property
    def path(self) -> str:
        """The path of the smallest area that it lies in; empty for a draft, and outside every area."""
        return "" if self.place is None else self.place.path

    def lying_at(self, path: str) -> Standing:
        """Return the same in the tree of areas as it is now: an area may hang below another than when the log was written."""
        return self if self.place is None else replace(self, place=replace(self.place, path=path))

    def falls_to(self, org: Org) -> bool:
        """Say whether the place lies in an organisation's area.

        What lies in no area at all falls to the center that answers for such places, and to what else stands as high.
        """
        if self.path:
            return org.covers(self.path)
        is_center = org.kind is OrgKind.COMMAND_CENTER
        return self.place is not None and (org.id == self.place.district if is_center else org.tier is Tier.DISTRICT)

    @property
    def lowest_tier(self) -> Tier:
        """The lowest tier at which there is anybody where it lies."""
        place = self.place
        if place is None or place.grid_code is not None:
            return Tier.GRID
        return Tier.COMMUNITY if place.community else Tier.STREET if place.street else Tier.DISTRICT

    @property
    def has_open_call(self) -> bool:
        """Whether a street has called the district and not cleared the call."""
        return self.call is not None and self.call.is_open

    @property
    def check_tier(self) -> Tier:
        """The tier that checks and answers: its own, but never the grid's; for a call, the street's."""
        return Tier.STREET if self.has_open_call else max(self.tier, Tier.COMMUNITY)

    def passed_at(self, stage: Stage) -> datetime | None:
        """Return when a canonical stage was passed."""
        return dict(self.passed).get(stage)

    @property
    def accepted_at(self) -> datetime | None:
        """When the total clock started."""
        return self.passed_at(Stage.TRIAGE)

    @property
    def closed_at(self) -> datetime | None:
        """When it was closed; None again after it has been reopened."""
        return self.passed_at(Stage.FEEDBACK)
