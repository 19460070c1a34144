"""The deadlines of an incident's stages, by the limits of a fresh installation and mainland China's work calendar."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api.loop.calendar import default_calendar
from api.loop.clock import SHANGHAI
from api.loop.deadlines import Deadlines, timed_by
from api.loop.facts import Matter, Policy
from api.loop.limits import Timed, default_limits, limits_from
from api.loop.words import Mode
from tests.api.loop.ward import FACTS, HOUR, Story, assigned, at_street, called, checked, claimed, closed, handled, reported

MINUTE = timedelta(minutes=1)


@pytest.fixture
def facts():
    return replace(FACTS, clocks=Deadlines(default_limits(), default_calendar()), policy=Policy())


def there(*when: int) -> datetime:
    return datetime(*when, tzinfo=SHANGHAI).astimezone(UTC)


def test_the_way_of_a_friday(facts) -> None:
    """Accept 2 work hours, claim 2 work hours, solve 1 work day, check and feedback 1 work day, in all 7 work days."""
    story = Story(facts=facts, at=there(2026, 9, 18, 11, 0)).does("ann", "report", after=0 * HOUR)
    assert story.standing.stage_due_at == there(2026, 9, 18, 14, 30)
    assert story.standing.due_at is None
    story.does("clerk", "accept", after=MINUTE)
    assert story.standing.stage_due_at == there(2026, 9, 18, 14, 31)
    assert story.standing.due_at == there(2026, 9, 29, 11, 1)
    story.does("ann", "claim", after=5 * HOUR - MINUTE)
    # Sunday is a make-up work day.
    assert story.standing.stage_due_at == there(2026, 9, 20, 16, 0)
    story.does("ann", "handle").does("clerk", "check_pass", after=0 * HOUR)
    assert story.standing.stage_due_at == there(2026, 9, 20, 17, 0)
    assert story.does("hot", "feedback", result="basic").standing.stage_due_at is None


def test_a_matter_has_its_own_time() -> None:
    """Where the limits name a matter, the total clock is the matter's, and in an emergency its work hours go by the clock."""
    rows = [("leak", None, None, "solve", 8, "work_hour", "normal")]
    clocks = Deadlines(limits_from(rows), default_calendar())
    facts = replace(FACTS, clocks=clocks, matters={"leak": Matter(code="leak", category="pipes")})
    start = there(2026, 9, 18, 16, 0)
    normal = Story(facts=facts, at=start).does("ann", "report", after=0 * HOUR).does("clerk", "accept", after=0 * HOUR)
    assert normal.standing.due_at == there(2026, 9, 20, 16, 30)
    facts = replace(facts, mode=Mode.EMERGENCY)
    fast = Story(facts=facts, at=start).does("ann", "report", after=0 * HOUR).does("clerk", "accept", after=0 * HOUR)
    assert fast.standing.due_at == start + 8 * HOUR
    assert fast.standing.stage_due_at is None


def test_a_suspension_leaves_as_much_work_time(facts) -> None:
    """Work time that was left when it was suspended is left when it is resumed; what was late stays late."""
    story = Story(facts=facts, at=there(2026, 9, 18, 9, 0)).does("ann", "report", after=0 * HOUR)
    story.does("clerk", "accept", after=0 * HOUR).does("ann", "claim", after=0 * HOUR)
    assert story.standing.stage_due_at == there(2026, 9, 20, 9, 0)
    # Three work hours are left, of which half an hour lies on Sunday.
    story.does("ann", "ask_suspend", after=0 * HOUR).does("clerk", "suspend", after=6 * HOUR)
    story.does("ann", "resume", after=47 * HOUR + 30 * MINUTE)
    assert story.at == there(2026, 9, 20, 14, 30)
    assert story.standing.stage_due_at == there(2026, 9, 20, 17, 30)
    late = Story(facts=facts, at=there(2026, 9, 18, 9, 0)).does("ann", "report", after=0 * HOUR)
    late.does("clerk", "accept", after=0 * HOUR).does("ann", "claim", after=0 * HOUR)
    late.does("ann", "ask_suspend", after=60 * HOUR).does("clerk", "suspend", after=0 * HOUR).does(
        "ann", "resume", after=9 * HOUR
    )
    assert late.standing.stage_due_at == there(2026, 9, 20, 9, 0)


@pytest.mark.parametrize(
    ("make", "timed"),
    [
        (Story, None),
        (reported, Timed.ACCEPT),
        (lambda: reported().does("sam", "verify"), Timed.ACCEPT),
        (lambda: reported().does("clerk", "accept"), Timed.CLAIM),
        (claimed, Timed.SOLVE),
        (at_street, Timed.SOLVE),
        (called, Timed.CALL_ASSIGN),
        (assigned, Timed.CALL_JOIN),
        (lambda: assigned().does("wu", "return"), Timed.CALL_ASSIGN),
        (lambda: assigned().does("wu", "join").does("pei", "join"), Timed.SOLVE),
        (handled, Timed.CHECK),
        (checked, Timed.FEEDBACK),
        (closed, None),
    ],
)
def test_each_state_has_its_limit(make, timed) -> None:
    """What somebody has to do now says which limit holds; where nothing has to be done none does."""
    assert timed_by(make().standing) is timed
