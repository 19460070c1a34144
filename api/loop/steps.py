"""The transition table of an incident: every event, from which states, to which, by whom, with what, under what condition.

draft ─report► reported ─accept► accepted ─dispatch, escalate, delegate, call► assigned ─take, join► in_progress
in_progress ─handle► handled ─check_pass► feedback ─feedback, clear_off► closed ─archive► archived

and aside: reported ⇄ verifying, in_progress ⇄ suspended, accepted ─claim► in_progress, assigned ─return► accepted,
handled ─check_fail► in_progress, closed ─reopen► in_progress, reported ─reject► rejected, reported, accepted ─void► voided.
What a person has in hand goes to who stands in by hand_over, and stays where it is.
What comes from another system begins with draft ─import► reported, or closed where it has ended there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.loop import conditions, settle, settle_routes, settle_work
from api.loop.who import Who
from api.loop.words import OPEN, Event, State
from api.who.caller import Right

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.loop.conditions import Condition
    from api.loop.settle import Asked, Move

_DISPATCH, _HANDLE = Right.DISPATCH_INCIDENTS, Right.HANDLE_INCIDENTS
_WORKED_ON = (State.ACCEPTED, State.IN_PROGRESS)
_OPEN = tuple(state for state in State if state in OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One row of the table. Where `gives` is None the state stays; `settle` says the rest, and may lead elsewhere.

    `requires` and `allows` are the fields that have to come with it and those that may.
    """

    event: Event
    takes: tuple[State, ...]
    gives: State | None
    who: tuple[Who, ...]
    right: Right = _DISPATCH
    condition: Condition | None = None
    settle: Callable[[Asked], Move] = settle.text_or_none
    requires: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()


STEPS = (
    Step(
        event=Event.REPORT,
        takes=(State.DRAFT,),
        gives=State.REPORTED,
        who=(Who.ANYBODY,),
        right=_HANDLE,
        settle=settle_routes.report,
        requires=("kind", "category"),
        allows=("source", "urgent", "located_by"),
    ),
    Step(
        event=Event.IMPORT,
        takes=(State.DRAFT,),
        gives=State.REPORTED,
        who=(Who.SYSTEM,),
        settle=settle_routes.bring_in,
        requires=("kind", "category", "source", "reported_at"),
        allows=("urgent", *settle_routes.OF_CLOSED),
    ),
    Step(
        event=Event.VERIFY,
        takes=(State.REPORTED,),
        gives=State.VERIFYING,
        who=(Who.SENDER,),
        settle=settle_routes.verify,
        allows=("worker",),
    ),
    Step(
        event=Event.VERIFIED,
        takes=(State.VERIFYING,),
        gives=State.REPORTED,
        # Where there is nobody to send, or who was sent does not answer, the center that asked says what it found out.
        who=(Who.VERIFIER, Who.SENDER),
        right=_HANDLE,
        settle=settle_routes.verified,
        requires=("result",),
        allows=("text",),
    ),
    Step(
        event=Event.ACCEPT,
        takes=(State.REPORTED,),
        gives=State.ACCEPTED,
        who=(Who.DUTY,),
        settle=settle_routes.accept,
        requires=("matter",),
        allows=("triage", "tier", "urgent"),
    ),
    Step(
        event=Event.REJECT,
        takes=(State.REPORTED,),
        gives=State.REJECTED,
        who=(Who.DUTY,),
        settle=settle_routes.reject,
        requires=("reason", "answer"),
        allows=("master",),
    ),
    Step(
        event=Event.VOID,
        takes=(State.REPORTED, State.ACCEPTED),
        gives=State.VOIDED,
        who=(Who.CHIEF,),
        settle=settle_routes.void,
        requires=("reason",),
    ),
    Step(
        event=Event.CLAIM,
        takes=(State.ACCEPTED,),
        gives=State.IN_PROGRESS,
        who=(Who.POST,),
        right=_HANDLE,
        condition=conditions.at_grid_tier,
        settle=settle_routes.claim,
    ),
    Step(
        event=Event.DISPATCH,
        takes=_WORKED_ON,
        gives=State.ASSIGNED,
        who=(Who.CENTER,),
        condition=conditions.without_call,
        settle=settle_routes.dispatch,
        requires=("to",),
    ),
    Step(
        event=Event.TAKE,
        takes=(State.ASSIGNED,),
        gives=State.IN_PROGRESS,
        who=(Who.OWNER,),
        right=_HANDLE,
        condition=conditions.without_call,
    ),
    Step(
        event=Event.RETURN,
        takes=(State.ASSIGNED,),
        gives=State.ACCEPTED,
        who=(Who.OWNER,),
        right=_HANDLE,
        condition=conditions.may_return,
        settle=settle_routes.give_back,
        requires=("reason",),
        allows=("text",),
    ),
    Step(
        event=Event.ESCALATE,
        takes=_WORKED_ON,
        gives=State.ASSIGNED,
        who=(Who.OWNER, Who.SYSTEM),
        right=_HANDLE,
        condition=conditions.may_escalate,
        settle=settle_routes.escalate,
        requires=("reason",),
        allows=("to_tier", "text"),
    ),
    Step(
        event=Event.DELEGATE,
        takes=(State.ACCEPTED, State.ASSIGNED, State.IN_PROGRESS),
        gives=State.ASSIGNED,
        who=(Who.CENTER,),
        condition=conditions.above_grid_tier,
        settle=settle_routes.delegate,
        requires=("to",),
        allows=("text",),
    ),
    Step(
        event=Event.CALL,
        takes=_WORKED_ON,
        gives=State.ASSIGNED,
        who=(Who.STREET,),
        condition=conditions.may_call,
        settle=settle_routes.call,
        requires=("summary",),
    ),
    Step(
        event=Event.ASSIGN,
        takes=(State.ACCEPTED, State.ASSIGNED),
        gives=State.ASSIGNED,
        who=(Who.DISTRICT,),
        condition=conditions.may_assign,
        settle=settle_routes.assign,
        requires=("departments",),
    ),
    Step(
        event=Event.JOIN,
        takes=(State.ASSIGNED, State.IN_PROGRESS),
        gives=None,
        who=(Who.PARTICIPANT,),
        right=_HANDLE,
        settle=settle_routes.join_call,
    ),
    Step(
        event=Event.ASK_EXTEND,
        takes=(State.IN_PROGRESS,),
        gives=None,
        who=(Who.OWNER,),
        right=_HANDLE,
        condition=conditions.may_ask_extend,
        settle=settle_work.ask_extend,
        requires=("until", "reason"),
    ),
    Step(
        event=Event.EXTEND,
        takes=(State.IN_PROGRESS,),
        gives=None,
        who=(Who.CENTER,),
        condition=conditions.asked(Event.EXTEND),
        settle=settle_work.extend,
        allows=("text",),
    ),
    Step(
        event=Event.REFUSE_EXTEND,
        takes=(State.IN_PROGRESS,),
        gives=None,
        who=(Who.CENTER,),
        condition=conditions.asked(Event.EXTEND),
        settle=settle.reason,
        requires=("reason",),
    ),
    Step(
        event=Event.ASK_SUSPEND,
        takes=(State.IN_PROGRESS,),
        gives=None,
        who=(Who.OWNER,),
        right=_HANDLE,
        condition=conditions.may_ask,
        settle=settle_work.ask_suspend,
        requires=("until", "reason"),
    ),
    Step(
        event=Event.SUSPEND,
        takes=(State.IN_PROGRESS,),
        gives=State.SUSPENDED,
        who=(Who.CENTER,),
        condition=conditions.asked(Event.SUSPEND),
        allows=("text",),
    ),
    Step(
        event=Event.REFUSE_SUSPEND,
        takes=(State.IN_PROGRESS,),
        gives=None,
        who=(Who.CENTER,),
        condition=conditions.asked(Event.SUSPEND),
        settle=settle.reason,
        requires=("reason",),
    ),
    Step(
        event=Event.RESUME,
        takes=(State.SUSPENDED,),
        gives=State.IN_PROGRESS,
        who=(Who.OWNER, Who.CENTER),
        right=_HANDLE,
        settle=settle_work.resume,
        allows=("text",),
    ),
    Step(
        event=Event.HANDLE,
        takes=(State.IN_PROGRESS,),
        gives=State.HANDLED,
        who=(Who.OWNER,),
        right=_HANDLE,
        settle=settle_work.handle,
        requires=("result", "outcome", "evidence"),
        allows=("on_the_spot", "deliberation", "mediation"),
    ),
    Step(
        event=Event.CHECK_PASS,
        takes=(State.HANDLED,),
        gives=State.FEEDBACK,
        who=(Who.CHECKER, Who.SYSTEM),
        condition=conditions.samples,
        allows=("text",),
    ),
    Step(
        event=Event.CHECK_FAIL,
        takes=(State.HANDLED,),
        gives=State.IN_PROGRESS,
        who=(Who.CHECKER,),
        settle=settle_work.rework,
        requires=("reason",),
    ),
    Step(
        event=Event.FEEDBACK,
        takes=(State.FEEDBACK,),
        gives=State.CLOSED,
        who=(Who.ANSWERER, Who.HOTLINE),
        condition=conditions.not_answered,
        settle=settle_work.feedback,
        requires=("result", "answer"),
    ),
    Step(
        event=Event.CLEAR_OFF,
        takes=(State.FEEDBACK,),
        gives=State.CLOSED,
        who=(Who.CALLING_STREET,),
        condition=conditions.may_clear,
        settle=settle_work.clear_off,
        requires=("ratings",),
        allows=("text",),
    ),
    Step(
        event=Event.EVALUATE,
        takes=(State.CLOSED,),
        gives=None,
        who=(Who.UPPER,),
        condition=conditions.not_evaluated,
        settle=settle_work.evaluate,
        requires=("scores",),
        allows=("text",),
    ),
    Step(
        event=Event.ARCHIVE,
        takes=(State.CLOSED,),
        gives=State.ARCHIVED,
        who=(Who.SYSTEM,),
        condition=conditions.may_archive,
    ),
    Step(
        event=Event.REOPEN,
        takes=(State.CLOSED,),
        gives=State.IN_PROGRESS,
        who=(Who.UPPER, Who.SYSTEM),
        condition=conditions.may_reopen,
        settle=settle_work.reopen,
        requires=("reason",),
    ),
    Step(
        event=Event.SUPERVISE,
        takes=_OPEN,
        gives=None,
        who=(Who.SAME_OR_HIGHER, Who.SYSTEM),
        condition=conditions.may_supervise,
        settle=settle_work.supervise,
        requires=("level", "reason"),
    ),
    Step(event=Event.URGE, takes=_OPEN, gives=None, who=(Who.SAME_OR_HIGHER,), allows=("text",)),
    Step(
        event=Event.INSTRUCT,
        takes=_OPEN,
        gives=None,
        who=(Who.SAME_OR_HIGHER,),
        settle=settle.text,
        requires=("text",),
    ),
    Step(
        event=Event.COMMENT,
        takes=_OPEN,
        gives=None,
        who=(Who.SAME_OR_HIGHER,),
        right=_HANDLE,
        settle=settle.text,
        requires=("text",),
    ),
    Step(
        event=Event.KEY_REPORT,
        takes=_OPEN,
        gives=None,
        who=(Who.SAME_OR_HIGHER,),
        right=_HANDLE,
        settle=settle.text,
        requires=("text",),
    ),
    Step(
        event=Event.HAND_OVER,
        takes=(State.ACCEPTED, State.ASSIGNED, State.IN_PROGRESS, State.SUSPENDED),
        gives=None,
        who=(Who.CENTER, Who.SYSTEM),
        condition=conditions.in_a_persons_hands,
        settle=settle_work.hand_over,
        requires=("to", "reason"),
        allows=("text",),
    ),
    Step(event=Event.REHOME, takes=_OPEN, gives=None, who=(Who.SYSTEM,), settle=settle_routes.rehome),
)
BY_EVENT = {step.event: step for step in STEPS}
