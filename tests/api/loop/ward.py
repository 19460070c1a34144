"""A ward for the incident loop: one district, its streets, communities, departments and people, and ways to act in it.

`Story` carries an incident on by names; `walks` are random histories, in which everybody presses whatever button they have.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from api.loop.facts import Facts, Matter, NoLimits, Policy
from api.loop.incident import SYSTEM, Actor, Membership, Org, Person, Place, Standing
from api.loop.record import Record
from api.loop.take import Act, offers, take
from api.loop.words import Event, Kind, OrgKind, Post, Satisfaction, Supervision
from api.problems import problem_of
from api.who.caller import ANONYMOUS, Caller, Grant, How, Role, Tier
from gis.errors import ParameterError, RequestError

DISTRICT, STREET, OTHER_STREET, COMMUNITY, OTHER_COMMUNITY = "1", "1.2", "1.3", "1.2.4", "1.2.5"
START = datetime(2026, 9, 18, 1, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GRID, NEXT_GRID = "370103002004001", "370103002004002"
PLACE = Place(grid_code=GRID, path=COMMUNITY, community="community", street="street", district="district")
NEXT_PLACE = replace(PLACE, grid_code=NEXT_GRID)
GRIDLESS = replace(PLACE, grid_code=None)
STREETLESS = Place(grid_code=None, path=DISTRICT, community="", street="", district="district")
NOWHERE = replace(STREETLESS, path="")
"""In a community but in no grid; in a district but in no street of it; in no area at all."""
PLACES = (PLACE, PLACE, PLACE, GRIDLESS, STREETLESS, NOWHERE)


def org(name: str, kind: OrgKind, tier: Tier, path: str) -> Org:
    return Org(id=name, kind=kind, tier=tier, path=path)


ORGS = {
    each.id: each
    for each in (
        org("community", OrgKind.COMMAND_CENTER, Tier.COMMUNITY, COMMUNITY),
        org("other-community", OrgKind.COMMAND_CENTER, Tier.COMMUNITY, OTHER_COMMUNITY),
        org("street", OrgKind.COMMAND_CENTER, Tier.STREET, STREET),
        org("other-street", OrgKind.COMMAND_CENTER, Tier.STREET, OTHER_STREET),
        org("district", OrgKind.COMMAND_CENTER, Tier.DISTRICT, DISTRICT),
        org("water", OrgKind.DEPARTMENT, Tier.DISTRICT, DISTRICT),
        org("power", OrgKind.DEPARTMENT, Tier.DISTRICT, DISTRICT),
        org("parks", OrgKind.DEPARTMENT, Tier.DISTRICT, DISTRICT),
        org("sweepers", OrgKind.DEPARTMENT, Tier.STREET, STREET),
        org("hotline", OrgKind.HOTLINE, Tier.DISTRICT, DISTRICT),
    )
}


def actor(name: str, role: Role, area: str, *orgs: str, chief: bool = False, grids: tuple[tuple[str, Post], ...] = ()) -> Actor:
    caller = Caller(person_id=name, name=name, grants=(Grant(role=role, area=area),), how=How.SESSION)
    work = tuple(Membership(org=ORGS[each], is_duty_chief=chief) for each in orgs)
    return Actor(caller=caller, memberships=work, posts=grids)


PEOPLE = {
    "ann": actor("ann", Role.GRID_WORKER, COMMUNITY, grids=((GRID, Post.A),)),
    "bob": actor("bob", Role.GRID_WORKER, COMMUNITY, grids=((NEXT_GRID, Post.A), (GRID, Post.B))),
    "away": actor("away", Role.GRID_WORKER, COMMUNITY, grids=((NEXT_GRID, Post.A),)),
    "clerk": actor("clerk", Role.COMMUNITY, COMMUNITY, "community"),
    "clerk2": actor("clerk2", Role.COMMUNITY, COMMUNITY, "community"),
    "chief": actor("chief", Role.COMMUNITY, COMMUNITY, "community", chief=True),
    "neighbour": actor("neighbour", Role.COMMUNITY, OTHER_COMMUNITY, "other-community"),
    "sam": actor("sam", Role.STREET, STREET, "street"),
    "sue": actor("sue", Role.STREET, STREET, "street", chief=True),
    "stranger": actor("stranger", Role.STREET, OTHER_STREET, "other-street"),
    "loan": actor("loan", Role.STREET, DISTRICT, "other-street"),
    "dan": actor("dan", Role.DISTRICT, DISTRICT, "district"),
    "dora": actor("dora", Role.DISTRICT, DISTRICT, "district"),
    "wu": actor("wu", Role.GRID_WORKER, DISTRICT, "water"),
    "pei": actor("pei", Role.GRID_WORKER, DISTRICT, "power"),
    "pan": actor("pan", Role.GRID_WORKER, DISTRICT, "parks"),
    "swee": actor("swee", Role.GRID_WORKER, STREET, "sweepers"),
    "rover": actor("rover", Role.GRID_WORKER, DISTRICT),
    "hot": actor("hot", Role.GRID_WORKER, DISTRICT, "hotline"),
    "both": actor("both", Role.STREET, STREET, "community", "street"),
    "audit": actor("audit", Role.AUDITOR, DISTRICT),
    "nobody": Actor(caller=ANONYMOUS),
    "system": SYSTEM,
}


class Limits(NoLimits):
    """Everything is due after plain times."""

    def total(self, standing: Standing) -> datetime:
        """Return five days from now."""
        return (standing.at or START) + 5 * DAY

    def stage(self, standing: Standing) -> datetime:
        """Return a day from now."""
        return (standing.at or START) + DAY


FACTS = Facts(
    place=PLACE,
    matters={
        "leak": Matter(code="leak", category="pipes", department="water"),
        "noise": Matter(code="noise", category="dispute"),
        "gone": Matter(code="gone", category="pipes", is_admitted=False),
    },
    orgs=ORGS,
    masters=frozenset({"7"}),
    people={
        name: Person(id=name, tier=Tier.GRID, path=COMMUNITY, grids=frozenset(grid for grid, _ in PEOPLE[name].posts))
        for name in ("ann", "bob", "away")
    }
    | {
        "swee": Person(id="swee", tier=Tier.STREET, path=STREET),
        "rover": Person(id="rover", tier=Tier.GRID, path=DISTRICT),
        "far": Person(id="far", tier=Tier.GRID, path=OTHER_COMMUNITY),
    },
    clocks=Limits(),
)
BY_TIER = {
    Tier.GRID: {"person": "ann"},
    Tier.COMMUNITY: {"org": "community"},
    Tier.STREET: {"org": "sweepers"},
    Tier.DISTRICT: {"org": "water"},
}
DEPARTMENTS = [{"org": "water", "lead": True}, {"org": "power", "mandatory": True}, {"org": "parks"}]
PAST = [(START - days * DAY).isoformat() for days in (3, 3, 2, 1)]
IMPORTED = {"kind": "problem", "category": "pipes", "source": "hotline_12345", "reported_at": PAST[0]}
ENDED = {"closed_at": PAST[2], "outcome": "resolved", "answered": True}
TIMED = {"accepted_at": PAST[1]}
WORK = {"result": "mended", "outcome": "resolved", "evidence": ["photo-1"]}


def well_formed(standing: Standing, event: Event, who: Actor, at: datetime, variant: int = 0) -> dict[str, Any]:
    """Return a payload that this event takes as the incident stands; `variant` chooses among several."""

    def one(*of: Any) -> Any:
        return of[variant % len(of)]

    later = (max(at, standing.due_at or at) + DAY).isoformat()
    said: dict[Event, dict[str, Any]] = {
        Event.REPORT: {"kind": one(*map(str, Kind)), "category": "pipes", "urgent": bool(variant % 2)},
        Event.IMPORT: one(IMPORTED, *(IMPORTED | each for each in (ENDED, ENDED | TIMED, ENDED | TIMED | {"due_at": PAST[3]}))),
        Event.VERIFY: one({}, {"worker": "bob"}),
        Event.VERIFIED: {"result": "true"},
        Event.ACCEPT: one(
            {"matter": "leak"}, {"matter": "noise", "triage": "consultation"}, {"matter": "leak", "tier": "community"}
        ),
        Event.REJECT: one(
            {"reason": "private_affair", "answer": "see a lawyer"}, {"reason": "duplicate", "answer": "known", "master": "7"}
        ),
        Event.VOID: {"reason": "a test"},
        Event.DISPATCH: {"to": {"org": "water"} if standing.path in {"", DISTRICT} else BY_TIER[max(standing.tier, Tier.GRID)]},
        Event.RETURN: {"reason": "not_our_duty"},
        Event.ESCALATE: {"reason": "overdue" if who.is_system else "beyond_capacity"},
        Event.DELEGATE: {"to": {"person": "rover"}}
        if standing.path == DISTRICT
        else {"to": BY_TIER[one(*(tier for tier in BY_TIER if tier < max(standing.tier, Tier.COMMUNITY)))]},
        Event.CALL: {"summary": "a burst main"},
        Event.ASSIGN: {"departments": one(DEPARTMENTS, DEPARTMENTS[:1])},
        Event.ASK_EXTEND: {"until": later, "reason": "rain"},
        Event.ASK_SUSPEND: {"until": later, "reason": "parts are ordered"},
        Event.REFUSE_EXTEND: {"reason": "no"},
        Event.REFUSE_SUSPEND: {"reason": "no"},
        Event.HANDLE: WORK | ({"deliberation": "minutes"} if standing.triage == "consultation" else {}),
        Event.CHECK_FAIL: {"reason": "still wet"},
        Event.FEEDBACK: {"result": one(*map(str, Satisfaction)), "answer": "it is mended"},
        Event.CLEAR_OFF: {"ratings": {each.org: 90 for each in standing.call.participants} if standing.call else {}},
        Event.EVALUATE: {"scores": {"speed": 80}},
        Event.REOPEN: {"reason": "it leaks again"},
        Event.SUPERVISE: {"level": Supervision(min(standing.supervision + 1, Supervision.RED)).name.lower(), "reason": "slow"},
        Event.INSTRUCT: {"text": "hurry"},
        Event.COMMENT: {"text": "seen"},
        Event.KEY_REPORT: {"text": "two are hurt"},
        Event.HAND_OVER: one(
            {"to": {"org": standing.place.center(standing.tier).id} if standing.place else {}, "reason": "leave"}
            if standing.grid_code is None
            else {"to": {"person": "bob" if standing.owner and standing.owner.id == "ann" else "ann"}, "reason": "leave"},
            {
                "to": {"org": standing.place.center(standing.tier).id} if standing.place else {},
                "reason": "other",
                "text": "ill",
            },
        ),
    }
    return said.get(event, {})


@dataclass(frozen=True)
class Moment:
    """One record of a history, with what was before and after."""

    before: Standing
    record: Record
    after: Standing


@dataclass
class Story:
    """An incident that is carried on by names, an hour at a time."""

    facts: Facts = FACTS
    moments: list[Moment] = field(default_factory=list)
    at: datetime = START

    @property
    def standing(self) -> Standing:
        """Where it stands now."""
        return self.moments[-1].after if self.moments else Standing()

    @property
    def records(self) -> list[Record]:
        """Its log."""
        return [each.record for each in self.moments]

    def does(self, name: str, event: str, *, after: timedelta = HOUR, **said: Any) -> Story:
        """Let somebody act some time later; what is said goes over what is well formed."""
        who, kind, at = PEOPLE[name], Event(event), self.at + after
        payload = well_formed(self.standing, kind, who, at) | said
        before = self.standing
        taken = take(before, Act(event=kind, payload=payload), who, at, self.facts)
        self.at = at
        self.moments.append(Moment(before, taken.record, taken.standing))
        return self

    def may(self, name: str) -> set[str]:
        """Say what somebody may do now."""
        return {str(offer.event) for offer in offers(self.standing, PEOPLE[name], self.at, self.facts.policy)}


def reported(**policy: Any) -> Story:
    facts = replace(FACTS, policy=Policy(**policy)) if policy else FACTS
    return Story(facts=facts).does("nobody", "report")


def lying(place: Place) -> Story:
    """Reported at a place."""
    return Story(facts=replace(FACTS, place=place)).does("nobody", "report")


def imported(**said: Any) -> Story:
    return Story().does("system", "import", **said)


def accepted(**policy: Any) -> Story:
    return reported(**policy).does("clerk", "accept")


def claimed(**policy: Any) -> Story:
    return accepted(**policy).does("ann", "claim")


def handled(**policy: Any) -> Story:
    return claimed(**policy).does("ann", "handle")


def checked(**policy: Any) -> Story:
    return handled(**policy).does("clerk", "check_pass")


def closed(result: str = "satisfied", **policy: Any) -> Story:
    return checked(**policy).does("hot", "feedback", result=result)


def archived() -> Story:
    return closed().does("clerk", "evaluate").does("system", "archive")


def at_street() -> Story:
    """Taken at the street's tier, after going up twice."""
    story = claimed().does("ann", "escalate").does("clerk", "take").does("clerk", "escalate")
    return story.does("sam", "take")


def called() -> Story:
    return at_street().does("sam", "call")


def assigned() -> Story:
    return called().does("dan", "assign")


def joint() -> Story:
    return assigned().does("wu", "join").does("pei", "join")


def call_checked() -> Story:
    return joint().does("pan", "join").does("wu", "handle").does("sue", "check_pass")


def cleared(result: str = "satisfied") -> Story:
    return call_checked().does("hot", "feedback", result=result).does("sam", "clear_off")


def suspended() -> Story:
    return claimed().does("ann", "ask_suspend").does("clerk", "suspend")


def reworked() -> Story:
    story = suspended().does("system", "rehome", after=DAY).does("ann", "resume").does("ann", "ask_extend")
    story = story.does("clerk", "extend").does("ann", "handle").does("clerk", "check_fail").does("ann", "handle")
    story = story.does("clerk2", "check_pass").does("hot", "feedback", result="unsatisfied").does("system", "reopen", after=DAY)
    story = story.does("ann", "handle").does("clerk", "check_pass").does("hot", "feedback", result="unsatisfied")
    return story.does("system", "archive", after=16 * DAY)


def called_twice() -> Story:
    """A call that the lead gave back, that was done again after a failed check, and again after it was cleared."""
    story = assigned().does("pei", "join").does("wu", "return").does("dan", "assign", departments=DEPARTMENTS[:2])
    story = story.does("wu", "join").does("pei", "join").does("wu", "handle").does("sam", "check_fail").does("wu", "handle")
    story = story.does("sam", "check_pass").does("hot", "feedback", result="unsatisfied").does("sam", "clear_off")
    story = story.does("system", "reopen", after=DAY).does("wu", "handle").does("sue", "check_pass")
    return (
        story.does("hot", "feedback", result="basic").does("sue", "clear_off").does("dan", "evaluate").does("system", "archive")
    )


def handed_over() -> Story:
    """Suspended by one, gone on with by whoever stands in, and by the center after that."""
    story = suspended().does("system", "hand_over", after=DAY).does("bob", "resume", after=DAY).does("bob", "ask_extend")
    return story.does("clerk", "hand_over", to={"org": "community"}, reason="other", text="he is ill").does("clerk", "handle")


@cache
def stories() -> tuple[Story, ...]:
    """Return a story for every state and every turn of the loop."""
    return (
        Story(), reported(), imported(), imported().does("clerk", "accept").does("ann", "claim"), imported(**ENDED),
        imported(**ENDED, **TIMED), imported(**ENDED).does("system", "archive", after=20 * DAY),
        imported(**ENDED, **TIMED, satisfaction="unsatisfied").does("system", "reopen").does("clerk", "handle"),
        reported().does("sam", "verify"), reported().does("sam", "verify").does("ann", "verified"),
        reported().does("clerk", "reject"), reported().does("chief", "void"), accepted(), accepted().does("chief", "void"),
        reported().does("sam", "accept", tier="street"), accepted().does("clerk", "dispatch"),
        reported().does("clerk", "accept", matter="noise", triage="consultation"), claimed(),
        claimed().does("ann", "ask_extend"), claimed().does("ann", "ask_suspend"), suspended(), handled(), checked(),
        checked().does("hot", "feedback", result="unreachable"), closed(), closed("unsatisfied"),
        closed().does("clerk", "evaluate"), archived(), claimed().does("ann", "escalate"),
        claimed().does("ann", "escalate").does("clerk", "return"), at_street(), at_street().does("sam", "dispatch"),
        at_street().does("sam", "delegate"), called(), called().does("dan", "return"), assigned(),
        assigned().does("wu", "return"), assigned().does("wu", "join"), joint(), joint().does("wu", "handle"), call_checked(),
        call_checked().does("hot", "feedback", result="basic"), cleared(), cleared("unsatisfied"), reworked(), called_twice(),
        handed_over(),
        accepted().does("sam", "supervise", level="red"), accepted().does("clerk", "key_report"), handled(sample_percent=0),
        at_street().does("sam", "escalate").does("dan", "take"), *(lying(place) for place in (GRIDLESS, STREETLESS, NOWHERE)),
        lying(GRIDLESS).does("clerk", "accept", tier="community").does("clerk", "dispatch").does("clerk", "take"),
        *(
            lying(place).does("dan", "accept").does("dan", "dispatch", to={"org": "water"}).does("wu", "take")
            .does("wu", "handle").does("dora", "check_pass").does("hot", "feedback", result="satisfied")
            for place in (STREETLESS, NOWHERE)
        ),
        *(lying(place).does("dan", "reject", reason="out_of_area", answer="下游区县") for place in (STREETLESS, NOWHERE)),
    )  # fmt: skip


FORWARD = (
    Event.REPORT, Event.IMPORT, Event.VERIFIED, Event.ACCEPT, Event.CLEAR_OFF, Event.HANDLE, Event.ASSIGN, Event.JOIN,
    Event.TAKE, Event.CALL, Event.CLAIM, Event.ESCALATE, Event.EXTEND, Event.SUSPEND, Event.RESUME, Event.CHECK_PASS,
    Event.FEEDBACK, Event.EVALUATE, Event.ARCHIVE, Event.REOPEN,
)  # fmt: skip
"""What leads on; most people press the first of these that they have."""


_QUOTED = re.compile('“[^”]*”|"[^"]*"|`[^`]*`')
_CHINESE = re.compile("[\u4e00-\u9fff]")
_ENGLISH = re.compile("[A-Za-z]+[ ,;:.]+[A-Za-z]+")
"""Two words after one another: names and codes that stand in a Chinese sentence stand alone, or in quotes."""


def told_in_both(error: RequestError) -> bool:
    """Say whether whoever reads Chinese is told in Chinese what is wrong, and whoever reads English in English."""
    zh, en = problem_of(error, "zh"), problem_of(error, "en")
    bare = _QUOTED.sub("", zh.detail)
    is_chinese = _CHINESE.search(bare) is not None and _ENGLISH.search(bare) is None
    return is_chinese and en.detail == str(error) and _CHINESE.search(en.detail) is None


def through_json(records: list[Record]) -> list[Record]:
    return [Record.of_json(json.loads(json.dumps(record.as_json()))) for record in records]


NAMES = tuple(PEOPLE)
presses = st.lists(
    st.tuples(st.integers(0, len(NAMES) - 1), st.integers(0, 9), st.integers(0, 5), st.integers(0, 60)),
    min_size=20,
    max_size=80,
)
RARE = {
    Event.COMMENT, Event.KEY_REPORT, Event.URGE, Event.INSTRUCT, Event.SUPERVISE, Event.REHOME, Event.REJECT, Event.VOID,
    Event.RETURN,
    Event.DELEGATE, Event.HAND_OVER,
}  # fmt: skip
"""What changes little, ends a history or goes back: in a walk it happens now and then."""


def walked(pressed: list[tuple[int, int, int, int]]) -> Story:
    """Let people press one button after another of those that they have: `(who, which, payload, hours)`."""
    place = PLACES[sum(who for who, *_ in pressed) % len(PLACES)]
    story = Story(facts=replace(FACTS, place=place, policy=Policy(sample_percent=50 * (len(pressed) % 2 + 1))))
    for who, which, variant, hours in pressed:
        name = NAMES[who]
        at = story.at + hours * HOUR
        buttons = [each.event for each in offers(story.standing, PEOPLE[name], at, story.facts.policy)]
        if which >= 4:
            buttons = [event for event in FORWARD if event in buttons][:1]
        else:
            buttons = [event for event in buttons if (event in RARE) is (which == 0)]
        if not buttons:
            continue
        event = buttons[which % len(buttons)]
        said = well_formed(story.standing, event, PEOPLE[name], at, variant)
        try:
            story.does(name, event, after=hours * HOUR, **said)
        except ParameterError:  # a variant that this person cannot choose
            continue
    return story


walks = presses.map(walked)
"""Random histories."""
