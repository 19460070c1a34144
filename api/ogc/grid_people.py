"""Who answers for a grid, for its page: the public card, and for those who staff grids there what its rule asks for.

For pages, which people read: programs ask `/v1/grids/{code}/card` and `/v1/staffing`, and are told the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.duty.card import forces_document, kind_names, public_card
from api.duty.forces import forces_of, forces_said, forces_there
from api.duty.roles import ROLE_WORDS, label
from api.duty.town import staffed
from api.who.caller import Right
from data.store import staffing
from data.store.profiles import profiles_on, section_at

if TYPE_CHECKING:
    from datetime import date

    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.duty.staffing import Count
    from data.store.pool import Pool


def people_of(pool: Pool, asked: Asked, code: str, day: date) -> dict[str, object]:
    """Return what a grid's card says on a day, and how it is staffed (`staffing`: None where that is not for whoever asks)."""
    with pool.read(asked.scope) as conn:
        card = public_card(conn, code, day, asked.lang)
    if not asked.caller.may(Right.MANAGE_STAFF):
        return {**card, "staffing": None}
    with pool.read(asked.acting(Right.MANAGE_STAFF)) as conn:
        return {**card, "staffing": _staffing(conn, asked, code, day)}


def _staffing(conn: connection, asked: Asked, code: str, day: date) -> dict[str, Any] | None:
    """Return what the rule that holds asks for on a grid, term by term, or None where the caller staffs no grid of that code.

    The whole of what they staff is counted, as `/v1/staffing` does: whoever has many grids counts on few of them.
    """
    grids = staffing.grids_on(conn, day)
    row = next((grid for grid in grids if grid.code == code), None)
    if row is None:
        return None
    posts = staffing.posts_on(conn, day)
    found = staffed(grids, posts, staffing.rules_on(conn, day), told=code)
    grid = next(each for each in found.staffing.grids if each.code == code)
    _, section = section_at(profiles_on(conn, day), row.path, "forces")
    said = forces_said(section)
    rule = None if grid.rule is None else found.rules[grid.rule]
    forces = forces_of(rule, said, row, forces_there(grids, posts))
    return {
        "formula": "" if rule is None else str(rule.formula),
        "compliant": grid.compliant,
        "owned": code not in found.without_owner,
        "terms": [_term(count, asked) for count in found.staffing.counts],
        "no_force": [] if forces is None else forces_document(forces.missing, kind_names(said, asked.lang)),
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
