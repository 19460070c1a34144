"""What time alone does to incidents.

Deadlines that come near or pass become facts in the log, once each; what the service does by itself (archive, reopen, yellow
card, escalation of what is overdue) is done. Any number of servers may tick at once: an incident is locked by one of them, and
what was told is written with it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from api.incidents.desk import act_by_itself, standing_of
from api.incidents.rows import columns, moments
from api.loop.automatic import due_acts, sampled_out
from api.loop.policy import is_drawn
from api.loop.words import OPEN, State, word
from api.who.caller import Tier
from data.store import incidents
from data.store.incident_tasks import TOLD, sleep, waking
from data.store.sql import run
from gis.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from api.incidents.rulebook import Book, Rulebook
    from api.loop.facts import Policy
    from api.loop.incident import Standing
    from api.loop.take import Act

_log = logging.getLogger("wangge.ticker")
_AGAIN = timedelta(hours=1)
_MOST_ACTS = 8
"""What follows from one act may call for another; not for ever."""


def tick(conn: connection, now: datetime, rules: Rulebook, *, today: date | None = None, limit: int = 200) -> int:
    """Do what time calls for, as the store's owner, for `limit` incidents at most; return for how many.

    `today` is the service's day, for the policies of places; the day of `now` where it is not said.
    """
    run(conn, "BEGIN")
    try:
        woken = waking(conn, now, limit)
        hand = _Hand(conn, now, today or now.date(), rules.read(conn))
        for row in woken:
            run(conn, "SAVEPOINT woken")
            try:
                hand.wake(row)
            except StoreError:
                # A log that somebody has tampered with is for the auditor to find; the others' time runs on meanwhile.
                run(conn, "ROLLBACK TO SAVEPOINT woken")
                _log.exception("the clocks of %s stand still", row["no"])
                sleep(conn, row["no"], wake_at=now + _AGAIN, told={name: row[name] for name in TOLD})
    except BaseException:
        run(conn, "ROLLBACK")
        raise
    run(conn, "COMMIT")
    return len(woken)


@dataclass(frozen=True, slots=True)
class _Hand:
    """One tick: the transaction, the moment, and what is due when."""

    conn: connection
    now: datetime
    today: date
    book: Book

    def wake(self, row: Mapping[str, Any]) -> None:
        """Do what time calls for with one incident, and let it sleep until time may change something again."""
        told = {name: row[name] for name in TOLD}
        standing = standing_of(self.conn, row["no"])
        deadlines, policy = self.book.deadlines, self.book.policy(standing.path, self.today)
        for _ in range(_MOST_ACTS):
            told |= self.tell(row["no"], standing, told, policy)
            acts = [*due_acts(standing, self.now, policy), *self.unsampled(row["no"], standing, policy)]
            if not acts:
                break
            standing = act_by_itself(self.conn, row["no"], acts[0], standing, self.now, deadlines=deadlines, policy=policy)
        ahead = moments(standing, deadlines, policy)
        wake_at = min((moment for moment in ahead if moment > self.now), default=None)
        sleep(self.conn, row["no"], wake_at=wake_at, told=told)

    def unsampled(self, no: str, standing: Standing, policy: Policy) -> Iterator[Act]:
        """Yield the act that passes a check unmade, where only samples are checked and this is not in the sample."""
        act = sampled_out(standing, self.now, policy)
        if act is not None and not is_drawn(no, policy.sample_percent):
            yield act

    def tell(
        self, no: str, standing: Standing, told: Mapping[str, datetime | None], policy: Policy
    ) -> dict[str, datetime | None]:
        """Write the facts that are true now and not told yet; return what is told then."""
        done = dict(told)
        row = columns(standing, self.book.deadlines, policy)
        runs = standing.state in OPEN and standing.state is not State.SUSPENDED
        for clock, prefix in (("total", ""), ("stage", "stage_")) if runs else ():
            due_at, soon_at = row[f"{prefix}due_at"], row[f"{prefix}soon_at"]
            if due_at is None:
                continue
            # Who was away when it was due soon is told that it is overdue, and not both.
            if self.now > due_at and told[f"told_{prefix}overdue"] != due_at:
                self._note(no, "overdue", clock, due_at, row)
                done[f"told_{prefix}overdue"] = done[f"told_{prefix}soon"] = due_at
            elif due_at >= self.now >= (soon_at or due_at) and told[f"told_{prefix}soon"] != due_at:
                self._note(no, "due-soon", clock, due_at, row)
                done[f"told_{prefix}soon"] = due_at
        key_due = row["key_due_at"]
        if key_due is not None and self.now > key_due and told["told_key"] != key_due:
            self._note(no, "overdue", "key_report", key_due, row)
            done["told_key"] = key_due
        review = standing.review_at if standing.state is State.SUSPENDED else None
        if review is not None and self.now >= review and told["told_review"] != review:
            self._note(no, "review-due", "review", review, row)
            done["told_review"] = review
        return done

    def _note(self, no: str, kind: str, clock: str, due_at: datetime, row: Mapping[str, Any]) -> None:
        owner = {"org": row["owner_org"]} if row["owner_org"] else {"person": row["owner_person"]}
        body = {"clock": clock, "due_at": due_at.isoformat(), "tier": word(Tier(row["tier"])), "owner": owner}
        incidents.note(self.conn, no, kind=kind, path=row["path"], body=body)
