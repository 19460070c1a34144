"""A decision about matters is carried out: judged, written, and each in the log with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.matters.admission import Candidate, Status, judge
from data.store import matters
from data.store.log import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg2.extensions import connection

    from api.matters.admission import Verdict
    from data.store.matters import Matter


def decide(conn: connection, found: Sequence[Matter], verdict: Verdict, *, approver: str, now: datetime) -> None:
    """Decide the same about some matters: about all, or where something is missing of any, about none.

    Raises
    ------
    InputError, Conflict, Refused
        As `judge` says; nothing is written then.
    """
    judge([_candidate(each) for each in found], verdict, approver=approver)
    said = {
        "reason": verdict.reason,
        "kind": verdict.kind,
        "comment": verdict.comment,
        "aspects": dict(verdict.aspects),
    }
    for each in found:
        matters.decide(
            conn, each.text.code, action=verdict.action, reason=verdict.reason, kind=verdict.kind,
            comment=verdict.comment, aspects=verdict.aspects, actor=approver, now=now,
        )  # fmt: skip
        record(conn, f"matter.{verdict.action}", path=each.path, subject=each.text.code, body=said)


def _candidate(matter: Matter) -> Candidate:
    text = matter.text
    return Candidate(
        code=text.code,
        status=Status(matter.status),
        is_enforcement=text.is_enforcement,
        is_industry_supervision=text.is_industry_supervision,
        power_delegated=text.power_delegated,
        funding=text.funding,
        authors=matter.authors,
    )
