"""The clocks of an incident's stages, from the rows of limits and the work calendar: what `take` is handed as `Clocks`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.loop.clock import SHANGHAI, Clock, Due, add_seconds, due, resume, seconds_between, suspend
from api.loop.limits import Timed
from api.loop.spans import running, running_in_stage
from api.loop.words import OPEN, State
from api.who.caller import Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from api.loop.calendar import Calendar
    from api.loop.clock import Limit
    from api.loop.incident import Standing
    from api.loop.limits import Limits
    from api.loop.spans import Span

    _Spans = Callable[[Standing, datetime], tuple[Span, ...]]

_TIMED: Mapping[State, Timed] = {
    State.REPORTED: Timed.ACCEPT,
    State.VERIFYING: Timed.ACCEPT,
    State.ACCEPTED: Timed.CLAIM,
    State.ASSIGNED: Timed.TAKE,
    State.IN_PROGRESS: Timed.SOLVE,
    State.SUSPENDED: Timed.SOLVE,
    State.HANDLED: Timed.CHECK,
    State.FEEDBACK: Timed.FEEDBACK,
}


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The clocks of a town. In all, a case may take what its matter says, or as long as the highest tier has to solve it."""

    limits: Limits
    calendar: Calendar

    def total(self, standing: Standing) -> datetime | None:
        """Return when an incident must be closed that was accepted just now; None: no limit."""
        return self._due(standing, self._limit(standing, Timed.SOLVE, Tier.DISTRICT))

    def stage(self, standing: Standing) -> datetime | None:
        """Return when the stage must be over that began just now; None: no limit."""
        timed = timed_by(standing)
        return None if timed is None else self._due(standing, self._limit(standing, timed, standing.tier))

    def key_report(self, standing: Standing) -> datetime | None:
        """Return by when those above must be told of an urgent incident, once or again; None: of this one, never."""
        if not standing.urgent or standing.key_since is None or standing.state not in OPEN:
            return None
        again = standing.key_reported_at
        limit = self._limit(standing, Timed.KEY_REPORT if again is None else Timed.KEY_REPORT_AGAIN, standing.tier)
        return None if limit is None else due(again or standing.key_since, limit, self.calendar).at

    def guessed(self, since: datetime, due: datetime | None) -> bool | None:
        """Say whether some year up to a deadline is not stated, so that its work days are guessed; None: no deadline."""
        if due is None:
            return None
        return not self.calendar.covers(since.astimezone(SHANGHAI).date(), due.astimezone(SHANGHAI).date())

    def put_off(self, standing: Standing, due: datetime, since: datetime, until: datetime) -> datetime:
        """Return a deadline after the time from `since` to `until` did not count."""
        limit = self._limit(standing, Timed.SOLVE, standing.tier)
        is_work = limit is not None and limit.unit.is_work
        clock = Clock(start=min(since, due), due=Due(due), is_work=is_work)
        return resume(suspend(clock, since), until, self.calendar).due.at

    def soon(self, standing: Standing) -> datetime | None:
        """Return when four fifths of all the time that the incident has are used; None while that clock does not run."""
        return self._soon(standing, standing.due_at, running, self._limit(standing, Timed.SOLVE, Tier.DISTRICT))

    def stage_soon(self, standing: Standing) -> datetime | None:
        """Return when four fifths of the present stage's time are used; None while that clock does not run."""
        timed = timed_by(standing)
        limit = None if timed is None else self._limit(standing, timed, standing.tier)
        return self._soon(standing, standing.stage_due_at, running_in_stage, limit)

    def _soon(self, standing: Standing, due_at: datetime | None, spans: _Spans, limit: Limit | None) -> datetime | None:
        now = standing.at
        if now is None or due_at is None or standing.state is State.SUSPENDED or standing.state not in OPEN:
            return None
        is_work = limit is not None and limit.unit.is_work
        used = sum(self._seconds(span.since, span.until, is_work=is_work) for span in spans(standing, now))
        allowed = used + self._seconds(now, max(now, due_at), is_work=is_work)
        left = 4 * allowed // 5 - used
        return now if left <= 0 else min(due_at, add_seconds(now, left, self.calendar, work=is_work).at)

    def _seconds(self, since: datetime, until: datetime, *, is_work: bool) -> int:
        return seconds_between(since, until, self.calendar, work=is_work).seconds

    def _limit(self, standing: Standing, timed: Timed, tier: Tier) -> Limit | None:
        return self.limits.find(timed, tier=tier, category=standing.category, matter=standing.matter, mode=standing.mode)

    def _due(self, standing: Standing, limit: Limit | None) -> datetime | None:
        return None if limit is None or standing.at is None else due(standing.at, limit, self.calendar).at


def timed_by(standing: Standing) -> Timed | None:
    """Return which limit the present stage has; None where nothing has to be done."""
    if standing.call is not None and standing.call.is_open and standing.state in {State.ACCEPTED, State.ASSIGNED}:
        return Timed.CALL_ASSIGN if standing.call.assigned_at is None else Timed.CALL_JOIN
    if standing.state is State.ACCEPTED and standing.tier is not Tier.GRID:
        return Timed.TAKE  # only what is the grid's is claimed
    return _TIMED.get(standing.state)
