"""Who answers for a grid, for its page: the public card, and for those who staff grids there what its rule asks for.

For pages, which people read: programs ask `/v1/grids/{code}/card` and `/v1/staffing`, and are told the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.duty.card import card_people
from api.duty.roles import ROLE_WORDS, label
from api.duty.town import staffed
from api.who.caller import Right
from data.store import staffing
from data.store.card import card_of

if TYPE_CHECKING:
    from datetime import date

    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.duty.staffing import Count
    from data.store.pool import Pool


def people_of(pool: Pool, asked: Asked, code: str, day: date) -> dict[str, object]:
    """Return who is on a grid's card on a day, and how it is staffed (None where that is not for whoever asks)."""
    with pool.read(asked.scope) as conn:
        people = card_people(card_of(conn, code, day), asked.lang)
    if not asked.caller.may(Right.MANAGE_STAFF):
        return {"people": people, "staffing": None}
    with pool.read(asked.acting(Right.MANAGE_STAFF)) as conn:
        return {"people": people, "staffing": _staffing(conn, asked, code, day)}


def _staffing(conn: connection, asked: Asked, code: str, day: date) -> dict[str, Any] | None:
    """Return what the rule that holds asks for on a grid, term by term, or None where the caller staffs no grid of that code.

    The whole of what they staff is counted, as `/v1/staffing` does: whoever has many grids counts on few of them.
    """
    grids = staffing.grids_on(conn, day)
    if not any(grid.code == code for grid in grids):
        return None
    found = staffed(grids, staffing.posts_on(conn, day), staffing.rules_on(conn, day), told=code)
    grid = next(each for each in found.staffing.grids if each.code == code)
    return {
        "formula": "" if grid.rule is None else str(found.rules[grid.rule].formula),
        "compliant": grid.compliant,
        "owned": code not in found.without_owner,
        "terms": [_term(count, asked) for count in found.staffing.counts],
    }


def _term(count: Count, asked: Asked) -> dict[str, Any]:
    called = [label(ROLE_WORDS, role, asked.lang) if role in ROLE_WORDS else role for role in count.roles]
    return {
        "called": ("、" if asked.lang == "zh" else ", ").join(called),
        "need": count.need,
        "have": count.have,
        "gap": max(count.need - count.have, 0),
        "is_hard": count.is_hard,
    }
