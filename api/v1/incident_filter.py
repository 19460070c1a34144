"""What lists of incidents are narrowed by, as it stands in an address: for the list, the desk, and what is taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import Depends, Query

from api.incidents.actors import actor_of
from api.loop.limits import TIERS
from api.loop.words import Kind, Mode, State, Supervision, word
from api.v1.parameters import NO_NUL, SOMETHING, Moment
from data.store.incident_list import Filter
from data.store.plans import path_named

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from api.asked import Asked

NARROWED_BY = (
    "open", "category", "kind", "matter", "grid", "area", "source", "tier", "department", "owner", "supervision", "outside",
    "overdue", "light", "urgent", "mode", "on_the_spot", "mine", "reported", "from", "to", "closed_from",
    "closed_to", "due_before", "text",
)  # fmt: skip
"""Names of the parameters that come once; `state` may come several times."""

_LEVELS = {word(level): level for level in Supervision}


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What somebody has said of what they want to see, before it is looked up whose it is and where that lies."""

    said: Filter
    area: str | None
    mine: bool
    reported: bool

    def filter(self, conn: connection, asked: Asked) -> Filter:
        """Return what is asked of the store; `NotFound` where there is no such area."""
        hands = None
        if self.mine:
            actor = actor_of(conn, asked.caller, now=asked.now, today=asked.today)
            hands = tuple(each.org.id for each in actor.memberships), asked.caller.person_id or None
        fields = {name: getattr(self.said, name) for name in Filter.__slots__}
        fields |= {"area": path_named(conn, self.area), "hands": hands}
        fields |= {"reporter": asked.caller.person_id if self.reported else None}
        return Filter(**fields)


async def _narrowing(  # noqa: PLR0917 - FastAPI passes by name
    state: Annotated[list[State] | None, Query()] = None,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    category: Annotated[str | None, Query(max_length=60, pattern=NO_NUL)] = None,
    kind: Annotated[Kind | None, Query()] = None,
    matter: Annotated[str | None, Query(max_length=60, pattern=NO_NUL)] = None,
    grid: Annotated[str | None, Query(max_length=60, pattern=NO_NUL)] = None,
    area: Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area.")] = None,
    source: Annotated[str | None, Query(max_length=60, pattern=NO_NUL)] = None,
    tier: Annotated[Literal["grid", "community", "street", "district"] | None, Query()] = None,
    department: Annotated[
        str | None, Query(max_length=110, pattern=NO_NUL, description="Code of one that the matter names, or that owns it.")
    ] = None,
    owner: Annotated[
        str | None,
        Query(max_length=110, pattern=NO_NUL, description="Code of an organisation, or id of a person, whose it is."),
    ] = None,
    supervision: Annotated[Literal["none", "normal", "yellow", "red"] | None, Query()] = None,
    outside: Annotated[bool | None, Query(description="Whether they lie in no grid.")] = None,
    overdue: Annotated[bool | None, Query(description="Whether a clock of theirs has run out.")] = None,
    light: Annotated[
        Literal["red", "yellow", "green", "none"] | None,
        Query(description="The worse light of both clocks; `none`: neither runs."),
    ] = None,
    urgent: Annotated[bool | None, Query()] = None,
    mode: Annotated[Mode | None, Query()] = None,
    on_the_spot: Annotated[bool | None, Query(description="Whether the grid has solved them on the spot.")] = None,
    mine: Annotated[  # noqa: FBT002
        bool, Query(description="Only what you, or those you work in, have in hand, or are called to and have not joined.")
    ] = False,
    reported: Annotated[Literal["mine"] | None, Query(description="Only what you have reported yourself.")] = None,
    reported_from: Annotated[Moment | None, Query(alias="from")] = None,
    reported_to: Annotated[Moment | None, Query(alias="to")] = None,
    closed_from: Annotated[Moment | None, Query(description="Only those that were closed, from then on.")] = None,
    closed_to: Annotated[Moment | None, Query(description="Only those that were closed, before then.")] = None,
    due_before: Annotated[
        Moment | None, Query(description="Only open ones of which a clock that runs now runs out before.")
    ] = None,
    text: Annotated[
        str | None, Query(max_length=100, pattern=SOMETHING, description="A part of the number or the title.")
    ] = None,
) -> Narrowing:
    said = Filter(
        states=None if state is None else [str(each) for each in state],
        is_open=is_open,
        category=category,
        kind=None if kind is None else str(kind),
        matter=matter,
        source=source,
        grid=grid,
        tier=None if tier is None else TIERS[tier],
        department=department,
        owner=owner,
        supervision=None if supervision is None else _LEVELS[supervision],
        is_outside=outside,
        is_overdue=overdue,
        is_urgent=urgent,
        on_the_spot=on_the_spot,
        reported_from=reported_from,
        reported_to=reported_to,
        closed_from=closed_from,
        closed_to=closed_to,
        due_before=due_before,
        mode=None if mode is None else str(mode),
        light=light,
        text=None if text is None else text.strip(),
    )
    return Narrowing(said=said, area=area, mine=mine, reported=reported is not None)


Narrowed = Annotated[Narrowing, Depends(_narrowing)]
"""What a list is narrowed by; beside it `only(*NARROWED_BY, several=("state",))`."""
