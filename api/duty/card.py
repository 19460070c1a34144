"""The public card of a grid as it is shown, to programs, on pages and on printed sheets.

Who answers for it, in the order of the roles; how many of the kinds of forces that are wanted are there; and what is done for
people: by whoever answers, and in the stations that serve the grid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.duty.forces import forces_among, forces_said
from api.duty.roles import DUTY_WORDS, FORCE_ROLES, FORCE_WORDS, ROLE_WORDS, ROLES, DutyRole, label
from api.duty.rule import rule_from
from api.rounds.facility import walk_of
from data.store.card import card_of, card_rules, stations_serving

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from psycopg2.extensions import connection

    from api.duty.forces import Force
    from api.lang import Lang
    from data.store.card import Carded

_ON_MAPS = (DutyRole.FULL_TIME_WORKER, DutyRole.GRID_LEADER, DutyRole.DEPUTY_GRID_LEADER)
_RANK = {str(role): n for n, role in enumerate(ROLES)}


def public_card(conn: connection, grid: str, day: date, lang: Lang) -> dict[str, Any]:
    """Return what the card of a grid says on a day, in the reader's language: `people`, `forces`, `services`, `stations`."""
    people = card_of(conn, grid, day)
    rules = card_rules(conn, grid, day)
    said = forces_said({"kinds": rules.kinds})
    there = frozenset((one.role, one.kind) for one in people if one.role in FORCE_ROLES and one.kind)
    forces = forces_among(None if rules.rule is None else rule_from(rules.rule), said, there, there)
    called = kind_names(said, lang)
    stations = stations_serving(conn, grid, day, reach_m=walk_of(rules.circle, {}).reach_m)
    ordered = sorted(people, key=lambda one: _order(one, said))
    return {
        "people": [_person(one, called, lang) for one in ordered],
        "forces": None if forces is None else {"of": forces.of, "present": forces_document(forces.present, called)},
        "services": list(dict.fromkeys(each for one in (*ordered, *stations) for each in one.services)),
        "stations": [
            {"code": each.code, "name": each.name, "kind": each.kind, "services": list(each.services)} for each in stations
        ],
    }


def kind_names(said: Iterable[Force], lang: Lang) -> Mapping[str, str]:
    """Return what people call the kinds of forces: as the place's profile says, else as most places do."""
    usual = {kind: label(FORCE_WORDS, kind, lang) for kind in FORCE_WORDS}
    return usual | {each.kind: each.zh if lang == "zh" else each.en for each in said}


def forces_document(kinds: Iterable[str], called: Mapping[str, str]) -> list[dict[str, str]]:
    """Return kinds of forces, each with what it is called."""
    return [{"kind": kind, "label": called.get(kind, kind)} for kind in kinds]


def _order(one: Carded, said: Sequence[Force]) -> tuple[object, ...]:
    """Leaders first, forces in the order in which the place names them, whoever stands in after those of the same role."""
    kinds = [each.kind for each in said]
    place = kinds.index(one.kind) if one.kind in kinds else len(kinds)
    return (min(_RANK[one.role], _FORCES), place, _RANK[one.role], one.stands_in, one.kind, one.name)


_FORCES = min(_RANK[role] for role in FORCE_ROLES)


def _person(one: Carded, called: Mapping[str, str], lang: Lang) -> dict[str, Any]:
    return {
        "name": one.name,
        "role": one.role,
        "role_label": label(ROLE_WORDS, one.role, lang),
        "kind": one.kind,
        "kind_label": called.get(one.kind, one.kind),
        "phone": one.phone,
        "duties": [label(DUTY_WORDS, duty, lang) for duty in one.duty_roles],
        "services": list(one.services),
        "stands_in": one.stands_in,
    }


def first_of(cards: Iterable[tuple[str, str, bool, str]]) -> dict[str, str]:
    """Return by grid the one name that a map writes: the worker's, else a leader's; where there are none of them, nobody's.

    `cards` are grid, role, whether they stand in, and name.
    """
    found: dict[str, tuple[int, bool, str]] = {}
    for grid, role, stands_in, name in cards:
        if role in _ON_MAPS:
            one = (_ON_MAPS.index(role), stands_in, name)
            found[grid] = min(found.get(grid, one), one)
    return {grid: name for grid, (_, _, name) in found.items()}
