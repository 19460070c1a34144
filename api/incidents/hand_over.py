"""Whoever is away has nothing in hand: what a person does not work on any more goes to whoever answers for the grid.

That is A, or B while A is not there (AB岗), where they sign in and may handle it; else the center in charge. Asked again and
again it finds what there is today: a leave that is entered late, a post that ends, a new net, work that comes back to somebody
who is gone by now. When they are back nothing moves by itself.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.incidents.desk import act_by_itself, standing_of
from api.incidents.facts import person_of
from api.loop.payload import party_json
from api.loop.take import Act
from api.loop.words import Event
from api.who.caller import Right, Tier, grants_of
from data.store.credentials import find_grants
from data.store.sql import run
from data.store.stand_ins import answering, waiting
from gis.errors import StoreError

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from psycopg2.extensions import connection

    from api.incidents.rulebook import Book, Rulebook
    from api.loop.incident import Person, Standing
    from data.store.stand_ins import Waiting

_log = logging.getLogger("wangge.hand_over")


def hand_over_due(conn: connection, now: datetime, zone: ZoneInfo, rules: Rulebook, *, limit: int = 200) -> int:
    """Hand over what its owner does not do today, as the store's owner, of `limit` incidents at most; return how many.

    Any number of servers may do so at once: an incident is locked by one of them, and then it is in other hands.
    """
    run(conn, "BEGIN")
    try:
        hand = _Hand(conn, now, now.astimezone(zone).date(), rules.read(conn))
        done = sum(hand.relieve(each) for each in waiting(conn, hand.today, zone.key, limit))
    except BaseException:
        run(conn, "ROLLBACK")
        raise
    run(conn, "COMMIT")
    return done


@dataclass(frozen=True, slots=True)
class _Hand:
    """One round: the transaction, the moment, the day there, and the rules."""

    conn: connection
    now: datetime
    today: date
    book: Book

    def relieve(self, one: Waiting) -> bool:
        """Give an incident to whoever stands in; say whether that was done."""
        run(self.conn, "SAVEPOINT relieved")
        try:
            standing = standing_of(self.conn, one.no)
            person = self.stand_in(standing, one.owner)
            to = (
                standing.place and party_json(standing.place.center(standing.tier)) if person is None else {"person": person.id}
            )
            act_by_itself(
                self.conn,
                one.no,
                Act(event=Event.HAND_OVER, payload={"to": to, "reason": one.reason}),
                standing,
                self.now,
                deadlines=self.book.deadlines,
                policy=self.book.policy(standing.path, self.today),
                person=person,
            )
        except StoreError:
            # A log that somebody has tampered with is for the auditor to find.
            run(self.conn, "ROLLBACK TO SAVEPOINT relieved")
            _log.exception("%s stays with somebody who is not there", one.no)
            return False
        return True

    def stand_in(self, standing: Standing, owner: str) -> Person | None:
        """Return whoever answers for the grid today and may handle the incident; None: nobody, or it is not the grid's."""
        if standing.tier is not Tier.GRID or standing.grid_code is None:
            return None
        for each in answering(self.conn, standing.grid_code, self.today):
            roles = grants_of(find_grants(self.conn, each, self.now))
            if each != owner and any(role.gives(Right.HANDLE_INCIDENTS, standing.path, standing.category) for role in roles):
                return person_of(self.conn, each, standing.path, now=self.now, today=self.today)
        return None
