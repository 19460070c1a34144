"""What an act names, looked up in the store: organisations, people, matters. What is not found there does not exist."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from api.incidents.actors import org_of
from api.loop.facts import Facts, Matter, Policy
from api.loop.incident import Person, Place
from api.loop.words import Mode
from api.who.caller import TIERS, Role, Tier, within
from data.store.credentials import find_grants
from data.store.incidents import masters as masters_among
from data.store.incidents import matter_named, orgs_named, posts_held

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from api.loop.deadlines import Deadlines
    from api.loop.incident import Standing
    from api.loop.take import Act
    from data.store.incidents import Found, MatterThere

CENTER = "center:"
"""What the ids of command centers begin with; the code of their area follows."""


def place_of(found: Found) -> Place:
    """Return a place as the rules know it: who is in charge there follows from the areas around it."""

    def center(level: str) -> str:
        code = found.areas.get(level)
        return "" if code is None else CENTER + code

    return Place(
        grid_code=found.grid_code,
        path=found.path,
        community=center("community") if found.path else "",
        street=center("street") if found.path else "",
        district=center("district") or center("city"),
    )


def facts_for(
    conn: connection,
    no: str,
    act: Act,
    standing: Standing,
    *,
    deadlines: Deadlines,
    policy: Policy,
    now: datetime,
    today: date,
) -> Facts:
    """Return what an act with an incident names, and the clocks."""
    facts = Facts(clocks=deadlines, policy=policy, mode=standing.mode)
    orgs, people, matters = _named(act.payload)
    if orgs:
        facts = replace(facts, orgs={row[0]: org_of(*row) for row in orgs_named(conn, orgs)})
    if people:
        found = {each: person_of(conn, each, standing.path, now=now, today=today) for each in people if is_id(each)}
        facts = replace(facts, people={key: each for key, each in found.items() if each is not None})
    if matters:
        known = {code: _matter(conn, code, standing.path) for code in matters}
        facts = replace(facts, matters={code: matter for code, matter in known.items() if matter is not None})
    if isinstance(master := act.payload.get("master"), str):
        facts = replace(facts, masters=masters_among(conn, [master], but=no))
    return facts


def report_facts(found: Found, *, deadlines: Deadlines, policy: Policy) -> Facts:
    """Return what a report at a place is judged by."""
    return Facts(place=place_of(found), clocks=deadlines, policy=policy, mode=Mode(found.mode))


def _named(payload: Mapping[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """Return the ids of organisations, people and matters that a payload names, whatever else is wrong with it."""
    parties = [payload.get("to"), *_objects(payload.get("departments"))]
    orgs = [each["org"] for each in parties if isinstance(each, dict) and isinstance(each.get("org"), str)]
    people = [each["person"] for each in parties if isinstance(each, dict) and isinstance(each.get("person"), str)]
    worker, matter = payload.get("worker"), payload.get("matter")
    return orgs, [*people, *([worker] if isinstance(worker, str) else [])], [matter] if isinstance(matter, str) else []


def _objects(value: object) -> Iterator[Any]:
    if isinstance(value, list):
        yield from cast("list[Any]", value)


def person_of(conn: connection, person: str, path: str, *, now: datetime, today: date) -> Person | None:
    """Return somebody as a target: at the highest tier that a role of theirs gives them where the incident lies."""
    grants = tiers_of(conn, person, now)
    there = [(tier, area) for tier, area in grants if within(path, area)] or grants
    if not there:
        return None
    tier, area = max(there)
    if tier is Tier.NONE:
        return None
    return Person(id=person, tier=tier, path=area, grids=frozenset(grid for grid, _ in posts_held(conn, person, today)))


def _matter(conn: connection, code: str, path: str) -> Matter | None:
    there = matter_named(conn, code, path)
    return None if there is None else matter_from(there)


def matter_from(there: MatterThere) -> Matter:
    """Return a matter of the store as the rules know it."""
    return Matter(
        code=there.code,
        category=there.category,
        department=there.department,
        co_departments=there.co_departments,
        is_admitted=there.is_admitted,
    )


def tiers_of(conn: connection, person: str, now: datetime) -> list[tuple[Tier, str]]:
    """Return the tiers that somebody's roles give them, each with the path of the area."""
    return [(TIERS[Role(held.role)], held.area) for held in find_grants(conn, person, now) if held.area is not None]


def is_id(text: str) -> bool:
    """Say whether a text is the id of a person, as we write it."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
