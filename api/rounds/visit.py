"""What makes a visit due, and what a visit brings: the words of both (四必访、四到户)."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What makes a visit due (四必访: 矛盾纠纷、婚丧嫁娶、突发事件、特殊情况)."""

    DISPUTE = "dispute"
    WEDDING_FUNERAL = "wedding_funeral"
    EMERGENCY = "emergency"
    SPECIAL_CASE = "special_case"


class Delivery(StrEnum):
    """What a visit brings to a home (四到户: 政策宣传、民意征求、决议传达、活动参与)."""

    POLICY = "policy"
    OPINION = "opinion"
    DECISION = "decision"
    ACTIVITY = "activity"
