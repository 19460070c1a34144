"""The district's calls, as the log tells of them: which department was called when, until when, and when it was there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from api.loop.record import STAGE_DUE_AT, Record, moment
from api.loop.words import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


COUNTS: tuple[str, ...] = ("calls", "calls_pending", "calls_due", "calls_in_time", "ratings_sum", "ratings_full")
"""What is counted of calls: all, those that may still join in time, the others, those in time; ratings and their most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A department was called for a case; `key` is what its figures are told apart by. A rating is given at the end."""

    key: str | None
    no: str
    org: str
    assigned_at: datetime
    due_at: datetime | None
    joined_at: datetime | None = None
    rated: tuple[tuple[datetime, int], ...] = ()
    """Each clearing of the call: when, and how the street rated the department."""


def called(records: Iterable[tuple[str | None, str, Any]]) -> tuple[Called, ...]:
    """Return who was called, from the records of cases in order: what each is told apart by, its number, the record.

    What the lead gave back before anybody worked was no call: the district names departments anew.
    """
    found: list[Called] = []
    for (key, no), those in groupby(records, key=lambda each: (each[0], each[1])):
        found += _of_case(key, no, [Record.of_json(body) for _, _, body in those])
    return tuple(found)


def tally(calls: Iterable[Called], *, since: datetime, until: datetime, at: datetime) -> dict[str, int]:
    """Count calls of a window as things stand `at` a moment, and the ratings of those cleared in it."""
    counts = dict.fromkeys(COUNTS, 0)
    for each in calls:
        ratings = [rating for when, rating in each.rated if since <= when < until]
        counts["ratings_sum"] += sum(ratings)
        counts["ratings_full"] += 100 * len(ratings)
        if not since <= each.assigned_at < until:
            continue
        counts["calls"] += 1
        is_pending = each.joined_at is None and (each.due_at is None or at <= each.due_at)
        counts["calls_pending" if is_pending else "calls_due"] += 1
        counts["calls_in_time"] += each.joined_at is not None and (each.due_at is None or each.joined_at <= each.due_at)
    return counts


def _of_case(key: str | None, no: str, records: Sequence[Record]) -> list[Called]:
    done: list[Called] = []
    now: list[Called] = []
    for record in records:
        match record.event:
            case Event.ASSIGN:
                done += now
                due = record.payload.get(STAGE_DUE_AT)
                now = [
                    Called(
                        key=key, no=no, org=each["org"], assigned_at=record.at, due_at=None if due is None else moment(due)
                    )
                    for each in record.payload["departments"]
                ]  # fmt: skip
            case Event.JOIN:
                now = [replace(each, joined_at=record.at) if each.org == record.org else each for each in now]
            case Event.RETURN:
                now = []
            case Event.CLEAR_OFF:
                ratings = record.payload["ratings"]
                now = [replace(each, rated=(*each.rated, (record.at, ratings[each.org]))) for each in now]
            case _:
                pass
    return done + now
