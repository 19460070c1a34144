"""What is going on in a sample town: cases in every state, each taken there through the desk by those whose work it is.

Nothing is written past the rules: every step is one that its actor may take, at an invented moment of the last hours or weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import numpy as np

from api.asked import Asked
from api.incidents.desk import Report, act, report
from api.loop.clock import Limit, Unit, due, seconds_between
from api.loop.take import Act
from api.loop.words import Event
from api.sample_desks import HOTLINE, department, matter, station
from api.who.caller import Caller, How, Right, grants_of
from data.samples.topics import TOPICS
from data.store.credentials import find_grants
from data.store.scope import speak
from gis.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from api.incidents.rulebook import Rulebook
    from api.loop.calendar import Calendar
    from api.sample_desks import Desks
    from data.samples.settled import Settled
    from data.samples.topics import Topic
    from data.store.pool import Pool

_NAMES = UUID("6f0b1c52-7c0f-4d7e-9a57-1f5d8f6f4a10")
"""What the ids of the cases are made from: the same town and seed give the same ones."""
_LEAST_USED, _MOST_USED = 0.82, 0.97
"""How much of its time a case has used that is due soon."""
_BESIDE = 4.0
"""How much more often something happens in the community of the grid whose worker may sign in: so that its desk has work."""
_STEP = timedelta(minutes=20)
_LONGEST_BACK = 1_200
"""Steps: how far back a case may have been accepted that is due soon; the longest holidays are shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A case: where and of what, and the codes of those whose it is."""

    topic: Topic
    spot: int
    grid: str
    community: str
    street: str
    district: str
    now: datetime
    first: str | None
    """The number of the case that was reported before this one in its story."""

    def desk(self, who: str) -> str:
        """Return the code of a desk: that of its grid, area or organisation."""
        own = {"worker": self.grid, "community": self.community, "street": self.street, "district": self.district}
        other = {"hotline": HOTLINE, "station": station(self.street, "urban"), "department": department(self.topic.department)}
        return (own | other)[who]


@dataclass(frozen=True, slots=True)
class _Step:
    """Who does what, how many minutes ago, and what is said with it."""

    who: str
    event: Event
    ago: float
    said: Callable[[_Case], dict[str, Any]] = lambda _: {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Story:
    """Cases that go the same way: how many, reported by whom and how many minutes ago, and what came then.

    `again` is for those that repeat the case of the story before, `outside` for those that lie outside the town; where
    `soon`, the moments are moved so that the case accepted is due soon.
    """

    count: int
    by: str
    ago: float
    steps: tuple[_Step, ...] = ()
    urgent: bool = False
    again: bool = False
    outside: bool = False
    soon: bool = False


def _accepts(case: _Case) -> dict[str, Any]:
    return {"matter": matter(case.topic.category)}


def _accepts_for_street(case: _Case) -> dict[str, Any]:
    return _accepts(case) | {"tier": "street"}


def _done(case: _Case) -> dict[str, Any]:
    return {"result": f"已到现场处理：{case.topic.zh}问题已解决", "outcome": "resolved", "evidence": ["现场照片"]}


def _done_at_once(case: _Case) -> dict[str, Any]:
    return _done(case) | {"on_the_spot": True}


def _thanks(_case: _Case) -> dict[str, Any]:
    return {"result": "satisfied", "answer": "问题已处理完毕，感谢您的反映。"}


def _asks_to_wait(case: _Case) -> dict[str, Any]:
    return {"until": (case.now + timedelta(days=6)).isoformat(), "reason": "所需配件已订购，预计下周到货"}


def _to_station(case: _Case) -> dict[str, Any]:
    return {"to": {"org": case.desk("station")}}


def _names_departments(case: _Case) -> dict[str, Any]:
    lead, other = case.desk("department"), department("emergency" if case.topic.department != "emergency" else "urban")
    return {"departments": [{"org": lead, "lead": True, "mandatory": True}, {"org": other, "lead": False, "mandatory": True}]}


def _calls(case: _Case) -> dict[str, Any]:
    return {"summary": f"{case.topic.zh}问题涉及多个部门，请区级统筹"}


def _repeats(case: _Case) -> dict[str, Any]:
    return {"reason": "duplicate", "master": case.first, "answer": "同一问题已有人反映，正在办理，请以原工单为准。"}


_ACCEPT = _Step("community", Event.ACCEPT, 200, _accepts)
_CLAIM = _Step("worker", Event.CLAIM, 170)
_HANDLE = _Step("worker", Event.HANDLE, 60, _done)
_FOR_STREET = _Step("street", Event.ACCEPT, 400, _accepts_for_street)
_DISPATCH = _Step("street", Event.DISPATCH, 340, _to_station)
_OVERDUE = (_Step("community", Event.ACCEPT, 24_300, _accepts), _Step("worker", Event.CLAIM, 24_240))
_STORIES = (
    _Story(count=4, by="worker", ago=25),
    _Story(count=3, by="hotline", ago=70),
    _Story(count=2, by="hotline", ago=95, outside=True),
    _Story(count=1, by="hotline", ago=150, steps=(_Step("street", Event.VERIFY, 120),)),
    _Story(count=4, by="worker", ago=240, steps=(_ACCEPT,)),
    _Story(count=5, by="hotline", ago=130, again=True),
    _Story(count=2, by="hotline", ago=110, again=True, steps=(_Step("community", Event.REJECT, 80, _repeats),)),
    _Story(count=6, by="worker", ago=230, steps=(_ACCEPT, _CLAIM)),
    _Story(count=2, by="hotline", ago=230, steps=(_ACCEPT, _CLAIM), urgent=True),
    _Story(
        count=6, by="worker", ago=260,
        steps=(
            _ACCEPT, _CLAIM, _Step("worker", Event.HANDLE, 130, _done_at_once), _Step("community", Event.CHECK_PASS, 80),
            _Step("community", Event.FEEDBACK, 40, _thanks),
        ),
    ),
    _Story(count=4, by="worker", ago=260, steps=(_ACCEPT, _CLAIM, _HANDLE)),
    _Story(count=2, by="hotline", ago=260, steps=(_ACCEPT, _CLAIM, _HANDLE, _Step("community", Event.CHECK_PASS, 25))),
    _Story(
        count=2, by="worker", ago=260,
        steps=(
            _ACCEPT, _CLAIM, _Step("worker", Event.ASK_SUSPEND, 120, _asks_to_wait), _Step("community", Event.SUSPEND, 70),
        ),
    ),
    _Story(
        count=1, by="worker", ago=260,
        steps=(_ACCEPT, _CLAIM, _Step("worker", Event.ESCALATE, 90, lambda _: {"reason": "beyond_capacity"})),
    ),
    _Story(count=3, by="hotline", ago=430, steps=(_FOR_STREET,)),
    _Story(count=3, by="hotline", ago=430, steps=(_FOR_STREET, _DISPATCH)),
    _Story(count=3, by="hotline", ago=450, steps=(_FOR_STREET, _DISPATCH, _Step("station", Event.TAKE, 200))),
    _Story(
        count=1, by="hotline", ago=450,
        steps=(
            _FOR_STREET,
            _Step("street", Event.CALL, 300, _calls),
            _Step("district", Event.ASSIGN, 180, _names_departments), _Step("department", Event.JOIN, 90),
        ),
    ),
    _Story(count=3, by="worker", ago=24_330, steps=_OVERDUE),
    _Story(
        count=1, by="hotline", ago=24_330,
        steps=(
            *_OVERDUE, _Step("district", Event.SUPERVISE, 1_400, lambda _: {"level": "yellow", "reason": "超期未结"}),
            _Step("street", Event.URGE, 600, lambda _: {"text": "请今天内上门并反馈进展"}),
        ),
    ),
    _Story(count=3, by="worker", ago=240, steps=(_ACCEPT, _CLAIM), soon=True),
    _Story(count=2, by="hotline", ago=450, steps=(_FOR_STREET, _Step("street", Event.CALL, 200, _calls))),
    _Story(
        count=1, by="hotline", ago=14_500,
        steps=(
            _Step("street", Event.ACCEPT, 14_400, _accepts_for_street), _Step("street", Event.CALL, 14_300, _calls),
            _Step("district", Event.ASSIGN, 14_200, _names_departments),
        ),
    ),
)  # fmt: skip
"""In the order in which they are told; their cases lie all over the district."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the day is played: the town and its desks, the store, the moment and the clocks."""

    town: Settled
    desks: Desks
    pool: Pool
    now: datetime
    zone: str
    rules: Rulebook
    calendar: Calendar


def play(stage: Stage, *, seed: int) -> int:
    """Take every case where it stands now, each in a transaction of its own; return how many are new."""
    rng = np.random.default_rng([seed, 3])
    town, desks = stage.town, stage.desks
    is_manned = np.array([code in desks.person for code in town.code], dtype=np.bool_)
    spots = np.flatnonzero(is_manned[town.grid] & town.is_inside)
    home = town.code.index(desks.shown)
    beside = np.array([each == town.community[home] for each in town.community])[town.grid[spots]]
    often = town.many[spots] * np.where(beside, _BESIDE, 1.0)
    often /= often.sum()
    shown = spots[town.grid[spots] == home]
    told, number = 0, 0
    last: tuple[_Case, str] | None = None
    for story in _STORIES:
        before = last
        for n in range(story.count):
            number += 1
            # The first case of each story is for whoever signs in to look at.
            spot = int(rng.choice(shown) if n == 0 and len(shown) else rng.choice(spots, p=often))
            brief = tuple(topic for topic in TOPICS if topic.days == 1 or not story.soon)
            topic = brief[int(rng.integers(len(brief)))]
            if story.again and before is not None:
                topic, spot = before[0].topic, before[0].spot
            grid = int(town.grid[spot])
            community = town.community[grid]
            case = _Case(
                topic=topic, spot=spot, grid=town.code[grid], community=community, street=desks.street_of[community],
                district=desks.district, now=stage.now, first=None if before is None else before[1],
            )  # fmt: skip
            no, is_new = _tell(stage, story, case, f"{seed}:{number}", rng)
            told += is_new
            last = (case, no)
    return told


def _tell(stage: Stage, story: _Story, case: _Case, name: str, rng: np.random.Generator) -> tuple[str, bool]:
    """Take one case through its story; return its number, and whether it is new."""
    minute = timedelta(minutes=1)
    pace = rng.uniform(0.8, 1.2) if story.ago < 1_000 else 1.0  # noqa: PLR2004 - of today, not of weeks ago
    back = timedelta()
    if story.soon:
        back = _accepted_to_be_due_soon(stage, case.topic) - pace * story.steps[0].ago * minute
    title, text = case.topic.says[int(rng.integers(len(case.topic.says)))]
    lon, lat = stage.town.lon_lat[case.spot].tolist()
    if story.outside:
        lon = float(stage.town.lon_lat[:, 0].max() + rng.uniform(0.005, 0.015))
    is_call = story.by == "hotline"
    wanted = Report(
        at=(lon, lat), kind=case.topic.kind, category=case.topic.category, title=title, description=text,
        address="城区外" if story.outside else stage.town.address[case.spot], urgent=story.urgent,
        source="hotline_12345" if is_call else "grid", external_id=f"DEMO-{name}" if is_call else None,
        client_uuid=str(uuid5(_NAMES, name)),
    )  # fmt: skip
    asked = seen_at(stage, case.desk(story.by), stage.now - back - pace * story.ago * minute)
    with stage.pool.write(asked.acting(Right.HANDLE_INCIDENTS)) as conn:
        made = report(conn, wanted, asked=asked, rules=stage.rules)
        for step in story.steps if made.is_new else ():
            asked = seen_at(stage, case.desk(step.who), stage.now - back - pace * step.ago * minute)
            speak(conn, asked.scope)
            act(conn, made.no, Act(event=step.event, payload=step.said(case)), asked, stage.rules)
    return made.no, made.is_new


def _accepted_to_be_due_soon(stage: Stage, topic: Topic) -> timedelta:
    """Return how long ago a case was accepted that has used most of its time by now, and not all of it."""
    limit = Limit(topic.days, Unit.WORK_DAY)
    for n in range(1, _LONGEST_BACK):
        start = stage.now - n * _STEP
        until = due(start, limit, stage.calendar).at
        whole = seconds_between(start, until, stage.calendar, work=True).seconds
        used = seconds_between(start, stage.now, stage.calendar, work=True).seconds
        if until > stage.now and _LEAST_USED * whole <= used <= _MOST_USED * whole:
            return n * _STEP
    raise StoreError("the work calendar leaves no moment from which a case could be due soon")


def seen_at(stage: Stage, desk: str, at: datetime) -> Asked:
    """Return what is known of somebody who acts at a moment, as of a request."""
    person = stage.desks.person[desk]
    with stage.pool.read(Caller().scope()) as conn:
        grants = grants_of(find_grants(conn, person, at))
    caller = Caller(person_id=person, grants=grants, how=How.SESSION)
    today = at.astimezone(ZoneInfo(stage.zone)).date()
    return Asked(caller=caller, scope=caller.scope(), lang="zh", request_id="", base="", now=at, today=today)
