"""What somebody may do with an incident now, as it is shown: with what is proposed for it, and what its matter asks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from api.incidents.actors import actor_of, org_of
from api.incidents.facts import matter_from
from api.loop.settle_routes import may_be_called
from api.loop.take import offers
from api.loop.words import Event
from data.store.incidents import matter_named, matters_of, orgs_named
from data.store.open311 import service_wished

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.incidents.rulebook import Book
    from api.loop.facts import Matter
    from api.loop.incident import Standing
    from data.store.incidents import MatterThere

MOST_MATTERS = 20
"""Matters of a category among which whoever accepts may choose at once; the catalogue has them all."""


def transitions(conn: connection, no: str, standing: Standing, asked: Asked, book: Book) -> list[dict[str, Any]]:
    """Return what the caller may do with an incident, each with its label, fields and proposals.

    Where it is accepted or handled, the matters that it may be, or is, say under which condition, and how.
    """
    actor = actor_of(conn, asked.caller, now=asked.now, today=asked.today)
    own = None if standing.matter is None else matter_named(conn, standing.matter, standing.path)
    matter = None if own is None else _with_those_there(conn, own, standing)
    shown: list[dict[str, Any]] = []
    words = book.words(standing.path, asked.today)
    for each in offers(standing, actor, asked.now, book.policy(standing.path, asked.today), matter):
        proposes, more = dict(each.proposes), dict[str, Any]()
        if each.event is Event.ACCEPT:
            # Who reported by Open311 has named a matter; whoever accepts judges.
            wish = service_wished(conn, no)
            proposes |= {} if wish is None else {"matter": wish}
            more = {"matters": [_condition(there, there.filing_condition, asked) for there in _eligible(conn, standing, wish)]}
        elif each.event is Event.HANDLE:
            more = {"matters": [] if own is None else [_condition(own, own.closing_condition, asked)]}
        shown.append(
            {"event": str(each.event), "label": words.of(each.event).say(asked.lang), "requires": each.requires,
             "allows": each.allows, "proposes": proposes, **more}
        )  # fmt: skip
    return shown


def _eligible(conn: connection, standing: Standing, wish: str | None) -> list[MatterThere]:
    """Return the matters among which whoever accepts chooses: what was wished for, else those of the category."""
    if wish is not None:
        named = matter_named(conn, wish, standing.path)
        return [] if named is None else [named]
    return [] if standing.category is None else matters_of(conn, standing.category, standing.path, limit=MOST_MATTERS)


def _with_those_there(conn: connection, own: MatterThere, standing: Standing) -> Matter:
    """Return a matter with those departments that the district may name: one may have ended since it was written."""
    named = orgs_named(conn, own.co_departments) if own.co_departments else ()
    there = {row[0] for row in named if may_be_called(standing, org_of(*row))}
    matter = matter_from(own)
    return replace(matter, co_departments=tuple(code for code in matter.co_departments if code in there))


def _condition(matter: MatterThere, condition: str, asked: Asked) -> dict[str, Any]:
    return {
        "code": matter.code,
        "name": matter.name,
        "condition": condition,
        "standard": matter.standard,
        "href": f"{asked.base}/v1/matters/{quote(matter.code, safe='')}",
    }
