"""What follows from the events of the work: more time, pauses, handling, checks, answers, and what comes after closing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from api.loop.call import RATINGS
from api.loop.incident import Party
from api.loop.payload import party_json
from api.loop.record import DUE_AT, STAGE_DUE_AT, written
from api.loop.settle import unknown_party
from api.loop.spans import suspended_since
from api.loop.words import HandOverReason, Mediation, Outcome, Satisfaction, State, Supervision, Triage, word
from api.who.caller import Tier, within
from gis.errors import ParameterError

if TYPE_CHECKING:
    from datetime import datetime

    from api.loop.settle import Asked, Move

FURTHEST = timedelta(days=1_096)
"""How far away a new deadline or a review may be: further is a slip of the pen."""


def ask_extend(asked: Asked) -> Move:
    """Settle `ask_extend`: until when, later than it is due, and why."""
    return _ask(asked, max(asked.at, asked.standing.due_at or asked.at))


def ask_suspend(asked: Asked) -> Move:
    """Settle `ask_suspend`: when the pause is looked at again, and why."""
    return _ask(asked, asked.at)


def extend(asked: Asked) -> Move:
    """Settle `extend`: the deadline becomes what was asked, and that of the stage is not earlier."""
    ask, stage = asked.standing.ask, asked.standing.stage_due_at
    until = ask.until if ask else asked.at
    stage_due = written(max(stage, until)) if stage else None
    return asked.go({"text": asked.said.text_or_none("text"), DUE_AT: written(until), STAGE_DUE_AT: stage_due})


def resume(asked: Asked) -> Move:
    """Settle `resume`: the clocks run again, with as much time left as there was."""
    now = asked.standing
    since = suspended_since(now)
    dues = {DUE_AT: _put_off(asked, now.due_at, since)}
    # A stage that began in the suspension, with another owner, has lost no more than its own time.
    begun = since if since is None or now.stage_since is None else max(since, now.stage_since)
    dues[STAGE_DUE_AT] = _put_off(asked, now.stage_due_at, begun)
    return asked.go({"text": asked.said.text_or_none("text"), **dues})


def handle(asked: Asked) -> Move:
    """Settle `handle`: the work is done, with what shows it; whoever checks it has it now."""
    said, now = asked.said, asked.standing
    on_the_spot = said.flag("on_the_spot")
    if on_the_spot and now.tier is not Tier.GRID:
        zh = "只有在网格层级的事件可以当场解决"
        raise ParameterError("on_the_spot", "only the grid solves on the spot", code="not-at-grid-tier", zh=zh)
    is_consultation = now.triage is Triage.CONSULTATION
    body = {
        "result": said.text("result"),
        "outcome": said.choice("outcome", Outcome),
        "evidence": list(said.texts("evidence")),
        "deliberation": said.text("deliberation") if is_consultation else said.text_or_none("deliberation"),
        "mediation": said.choice_or_none("mediation", Mediation),
        "on_the_spot": on_the_spot,
    }
    street = now.call.street if now.call is not None and now.call.is_open else None
    return asked.go(body, owner=Party(is_org=True, id=street) if street else asked.center(now.check_tier))


def hand_over(asked: Asked) -> Move:
    """Settle `hand_over`: whoever stands in for its owner goes on with it, as it stands.

    That is somebody who holds a post on its grid today, or the center in charge at its tier. It is the same duty in other
    hands, so it keeps its state, both clocks and what was asked; the log keeps who had it.
    """
    said, now = asked.said, asked.standing
    to = said.party("to")
    reason = said.choice("reason", HandOverReason)
    if to == now.owner:
        raise ParameterError("to", "it is in their hands already", code="same-owner", zh="该事件已由对方承办")
    if to.is_org and to != asked.center(now.tier):
        msg = "of organisations, only the center in charge at its tier stands in"
        raise ParameterError("to", msg, code="not-in-charge", zh="单位中只能交接给负责该层级的指挥中心")
    if not to.is_org:
        _stands_in(asked, to)
    text = said.text("text") if reason is HandOverReason.OTHER else said.text_or_none("text")
    return asked.go({"to": party_json(to), "reason": reason, "text": text}, owner=to)


def rework(asked: Asked) -> Move:
    """Settle `check_fail`: it goes back to whose work it was."""
    return asked.go({"reason": asked.said.text("reason")}, owner=asked.standing.worked_by)


def feedback(asked: Asked) -> Move:
    """Settle `feedback`: who cannot be reached is tried again; a call is closed by the street that called."""
    now = asked.standing
    result = asked.said.choice("result", Satisfaction)
    final = result is not Satisfaction.UNREACHABLE or now.feedback_tries + 1 >= asked.facts.policy.tries
    body = {"result": result, "answer": asked.said.text("answer"), "final": final}
    return asked.end(body) if final and not now.has_open_call else asked.go(body, to=State.FEEDBACK)


def clear_off(asked: Asked) -> Move:
    """Settle `clear_off`: the street closes its call, with a rating of every department."""
    ratings, call = asked.said.numbers("ratings", RATINGS), asked.standing.call
    called = {each.org for each in call.participants} if call else set[str]()
    if ratings.keys() != called:
        msg = f"rate each department that was called: {', '.join(sorted(called))}"
        raise ParameterError("ratings", msg, code="rate-all", zh=f"请评价每个被呼叫的部门：{'、'.join(sorted(called))}")
    return asked.end({"ratings": ratings, "text": asked.said.text_or_none("text")})


def evaluate(asked: Asked) -> Move:
    """Settle `evaluate`: how the case was handled, by dimension."""
    scores = asked.said.numbers("scores", RATINGS)
    if not scores:
        raise ParameterError("scores", "give a score in one dimension at least", zh="请至少评一个方面")
    return asked.go({"scores": scores, "text": asked.said.text_or_none("text")})


def reopen(asked: Asked) -> Move:
    """Settle `reopen`: back to whose work it was; the time for which it was closed does not count."""
    now = asked.standing
    due = _put_off(asked, now.due_at, now.closed_at)
    return asked.go({"reason": asked.said.text("reason"), DUE_AT: due}, owner=now.worked_by)


def supervise(asked: Asked) -> Move:
    """Settle `supervise`: a card that is higher than the one that there is."""
    level = asked.said.rank("level", Supervision)
    if level <= asked.standing.supervision:
        raise ParameterError("level", "supervision only goes up", code="supervision-falls")
    return asked.go({"level": word(level), "reason": asked.said.text("reason")})


def _ask(asked: Asked, after: datetime) -> Move:
    until = asked.said.moment("until")
    if until <= after:
        msg = f"this is not after {written(after)}"
        raise ParameterError("until", msg, code="too-early", zh=f"须晚于 {written(after)}")
    if until > asked.at + FURTHEST:
        days = FURTHEST.days
        raise ParameterError("until", f"this is more than {days} days away", code="too-far", zh=f"须在 {days} 天以内")
    return asked.go({"until": written(until), "reason": asked.said.text("reason")})


def _stands_in(asked: Asked, to: Party) -> None:
    """Raise unless somebody holds a post on the grid today, and the incident stands at the grid's tier."""
    person, now = asked.facts.people.get(to.id), asked.standing
    if person is None:
        raise unknown_party("to", to.id)
    if now.tier is not Tier.GRID or now.grid_code not in person.grids:
        msg = "they hold no post on its grid today, or it stands at a higher tier: hand it to the center"
        zh = "对方今日不是本网格的在岗网格员，或事件不在网格层级：请交接给指挥中心"
        raise ParameterError("to", msg, code="no-post", zh=zh)
    if not within(now.path, person.path):
        raise ParameterError("to", "the incident lies outside their area", code="out-of-area")


def _put_off(asked: Asked, due: datetime | None, since: datetime | None) -> str | None:
    """Return a deadline after a time that does not count."""
    if due is None or since is None:
        return None
    return written(asked.facts.clocks.put_off(asked.standing, due, since, asked.at))
