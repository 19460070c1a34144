"""The words of the incident loop: states, events and everything that has a fixed list of values.

Each is the word that stands in the store, in addresses and in answers; what people read is in `labels.py`.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """Where an incident stands."""

    DRAFT = "draft"
    REPORTED = "reported"
    VERIFYING = "verifying"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    SUSPENDED = "suspended"
    HANDLED = "handled"
    FEEDBACK = "feedback"
    CLOSED = "closed"
    ARCHIVED = "archived"
    REJECTED = "rejected"
    VOIDED = "voided"


OPEN = frozenset({
    State.REPORTED, State.VERIFYING, State.ACCEPTED, State.ASSIGNED, State.IN_PROGRESS, State.SUSPENDED, State.HANDLED,
    State.FEEDBACK,
})  # fmt: skip
"""The states in which somebody still has to do something: there is exactly one owner."""
FINAL = frozenset({State.ARCHIVED, State.REJECTED, State.VOIDED})
"""The states after which nothing happens any more."""


class Event(StrEnum):
    """What happens to an incident. Of pairs such as `ask_extend` and `extend`, the plain word is when it becomes true."""

    REPORT = "report"
    IMPORT = "import"
    VERIFY = "verify"
    VERIFIED = "verified"
    ACCEPT = "accept"
    REJECT = "reject"
    CLAIM = "claim"
    DISPATCH = "dispatch"
    TAKE = "take"
    RETURN = "return"
    ESCALATE = "escalate"
    DELEGATE = "delegate"
    CALL = "call"
    ASSIGN = "assign"
    JOIN = "join"
    ASK_EXTEND = "ask_extend"
    EXTEND = "extend"
    REFUSE_EXTEND = "refuse_extend"
    ASK_SUSPEND = "ask_suspend"
    SUSPEND = "suspend"
    REFUSE_SUSPEND = "refuse_suspend"
    RESUME = "resume"
    HANDLE = "handle"
    CHECK_PASS = "check_pass"  # noqa: S105 - the word, not a secret
    CHECK_FAIL = "check_fail"
    FEEDBACK = "feedback"
    CLEAR_OFF = "clear_off"
    EVALUATE = "evaluate"
    ARCHIVE = "archive"
    REOPEN = "reopen"
    VOID = "void"
    SUPERVISE = "supervise"
    URGE = "urge"
    INSTRUCT = "instruct"
    COMMENT = "comment"
    KEY_REPORT = "key_report"
    REHOME = "rehome"
    HAND_OVER = "hand_over"


class Stage(IntEnum):
    """The seven canonical stages. Every local scheme of rings and steps is a view of them."""

    COLLECT = 1
    TRIAGE = 2
    HANDLE = 3
    CHECK = 4
    FEEDBACK = 5
    EVALUATE = 6
    ARCHIVE = 7


STAGE_OF: Mapping[Event, Stage] = {
    **dict.fromkeys((Event.REPORT, Event.IMPORT, Event.VERIFY, Event.VERIFIED), Stage.COLLECT),
    **dict.fromkeys(
        (
            Event.ACCEPT, Event.REJECT, Event.VOID, Event.CLAIM, Event.DISPATCH, Event.RETURN, Event.ESCALATE, Event.DELEGATE,
            Event.CALL, Event.ASSIGN, Event.REHOME,
        ),
        Stage.TRIAGE,
    ),
    **dict.fromkeys(
        (
            Event.TAKE, Event.JOIN, Event.HANDLE, Event.ASK_EXTEND, Event.EXTEND, Event.REFUSE_EXTEND, Event.ASK_SUSPEND,
            Event.SUSPEND, Event.REFUSE_SUSPEND, Event.RESUME, Event.HAND_OVER,
        ),
        Stage.HANDLE,
    ),
    **dict.fromkeys(
        (
            Event.SUPERVISE, Event.URGE, Event.INSTRUCT, Event.COMMENT, Event.KEY_REPORT, Event.CHECK_PASS, Event.CHECK_FAIL,
            Event.REOPEN,
        ),
        Stage.CHECK,
    ),
    **dict.fromkeys((Event.FEEDBACK, Event.CLEAR_OFF), Stage.FEEDBACK),
    Event.EVALUATE: Stage.EVALUATE,
    Event.ARCHIVE: Stage.ARCHIVE,
}  # fmt: skip
"""The stage that each event belongs to."""


class Supervision(IntEnum):
    """How closely those above watch; it only goes up, until the incident is closed."""

    NONE = 0
    NORMAL = 1
    YELLOW = 2
    RED = 3


class Kind(StrEnum):
    """What somebody brings."""

    PROBLEM = "problem"
    OPINION = "opinion"
    REQUEST = "request"


class LocatedBy(StrEnum):
    """How the place of a report was found: as a point that was said, or by an address, and what of the town that names."""

    POINT = "point"
    BUILDING = "building"
    COMPOUND = "compound"
    SITE = "site"
    STREET = "street"
    LINE = "line"


class Triage(StrEnum):
    """Whose affair it is (大事政府办、小事协商办、私事自己办)."""

    GOVERNMENT = "government"
    CONSULTATION = "consultation"
    PRIVATE = "private"


class Mode(StrEnum):
    """The mode of operation (平战转换)."""

    NORMAL = "normal"
    EMERGENCY = "emergency"


class Finding(StrEnum):
    """What somebody found who went to look before acceptance."""

    TRUE = "true"
    FALSE = "false"
    NOT_FOUND = "not_found"


class RejectReason(StrEnum):
    """Why a report is not accepted."""

    DUPLICATE = "duplicate"
    PRIVATE_AFFAIR = "private_affair"
    NOT_ADMITTED_MATTER = "not_admitted_matter"
    ENFORCEMENT_TRANSFER = "enforcement_transfer"
    OUT_OF_AREA = "out_of_area"
    INSUFFICIENT = "insufficient"


class EscalateReason(StrEnum):
    """Why an incident goes up."""

    BEYOND_CAPACITY = "beyond_capacity"
    BEYOND_AUTHORITY = "beyond_authority"
    NEEDS_DEPARTMENT = "needs_department"
    OVERDUE = "overdue"


class ReturnReason(StrEnum):
    """Why somebody gives back what was assigned to them."""

    NOT_OUR_DUTY = "not_our_duty"
    NO_AUTHORITY = "no_authority"
    OUT_OF_AREA = "out_of_area"
    INSUFFICIENT = "insufficient"


class HandOverReason(StrEnum):
    """Why what somebody has in hand is given to whoever stands in for them."""

    LEAVE = "leave"
    LEFT = "left"
    POST_ENDED = "post_ended"
    REHOMED = "rehomed"
    OTHER = "other"


class Outcome(StrEnum):
    """What the handling came to."""

    RESOLVED = "resolved"
    UNRESOLVED = "unresolved"


class Mediation(StrEnum):
    """Who mediated with the grid (诉调、检调、警调、访调)."""

    COURT = "court"
    PROCURATORATE = "procuratorate"
    POLICE = "police"
    PETITION = "petition"


class Satisfaction(StrEnum):
    """What the reporter said when they were told."""

    SATISFIED = "satisfied"
    BASIC = "basic"
    UNSATISFIED = "unsatisfied"
    UNREACHABLE = "unreachable"


class OrgKind(StrEnum):
    """What an organisation is to the loop."""

    COMMAND_CENTER = "command_center"
    DEPARTMENT = "department"
    HOTLINE = "hotline"
    UNIT = "unit"


class Post(StrEnum):
    """Which of a grid's two workers somebody is (AB岗): B stands in for A."""

    A = "A"
    B = "B"


def word(member: IntEnum) -> str:
    """Return the word of a member that is counted: `Tier.GRID` is `grid`."""
    return member.name.lower()
