"""The panel of an area on a day: counts from the store, added up for the area and for each of its parts.

Every count stands at a path, so that the parts and what lies in none of them (`elsewhere`: whoever the district itself employs)
are the whole. This is the part that asks the store.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from api.duty.roles import DutyRole
from api.duty.rule import CountBy, Scope
from api.duty.town import staffed
from data.profile import profile_from
from data.store import panel as kept
from data.store import staffing, stats
from data.store.profiles import nearest, profiles_on
from partition.score import in_band

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from psycopg2.extensions import connection

    from api.duty.rule import StaffingRule, Term
    from api.duty.staffing import GridStaffing
    from data.store.panel import AreaThere
    from data.store.profiles import ProfileRow
    from data.store.staffing import GridRow, PostRow
    from data.store.stats import Window

PARTY = ("party_branches", "party_groups")
"""Under these codes areas bring along how many branches and groups of the party they have."""
FULL_TIME = DutyRole.FULL_TIME_WORKER
BELOW = {"city": "district", "district": "street", "street": "community"}
"""What an area's parts are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An area, and what was counted in it."""

    area: AreaThere
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What was counted in an area, in each of its parts, and in none of them; `profile` is the one that holds at the area."""

    total: Mapping[str, int]
    parts: tuple[Part, ...]
    elsewhere: Mapping[str, int]
    profile: ProfileRow | None


def panel(conn: connection, window: Window, *, level: str, day: date) -> Panel:
    """Return the panel of an area of a level, whose path `window` names, on the day with which the window ends."""
    area = window.area or ""
    profiles = profiles_on(conn, day, area=area)
    there = kept.areas_in(conn, area, day)
    at: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in there:
        at[each.path]["communities"] += each.level == "community"
    _grids(conn, at, profiles, area, day)
    _people(conn, at, profiles, area, day)
    _work(conn, at, window, day)
    parts = [each for each in there if each.level == BELOW.get(level)]
    depth = area.count(".") + 1
    of_part = {each.path.split(".")[depth]: each for each in parts}
    sums: dict[str, Counter[str]] = {each.path: Counter() for each in parts}
    total, elsewhere = Counter[str](), Counter[str]()
    for path, counts in at.items():
        labels = path.split(".")
        part = of_part.get(labels[depth]) if len(labels) > depth else None
        total.update(counts)
        (elsewhere if part is None else sums[part.path]).update(counts)
    return Panel(
        total=total,
        parts=tuple(Part(area=each, counts=sums[each.path]) for each in parts),
        elsewhere=elsewhere,
        profile=nearest(profiles, area),
    )


def _grids(conn: connection, at: defaultdict[str, Counter[str]], profiles: Sequence[ProfileRow], area: str, day: date) -> None:
    """Count grids, who lives in them, and how they are staffed."""
    grids = staffing.grids_on(conn, day, area=area)
    held = kept.grid_counts(conn, area, day)
    homes = np.array([held[grid.code] for grid in grids], dtype=np.int64).reshape(-1, 2)
    for grid, (households, persons) in zip(grids, homes.tolist(), strict=True):
        at[grid.path].update({"grids": 1, grid.kind: 1, "households": households, "persons": persons})
    _bands(at, grids, homes, profiles)
    posts = staffing.posts_on(conn, day, area=area)
    found = staffed(grids, posts, staffing.rules_on(conn, day, area=area))
    of_grid: defaultdict[str, list[PostRow]] = defaultdict(list)
    for post in posts:
        of_grid[post.grid].append(post)
    known: set[tuple[str, int | None, int]] = set()
    for grid, seen in zip(grids, found.staffing.grids, strict=True):
        here = of_grid[grid.code]
        at[grid.path]["part_time_posts"] += sum(post.role == DutyRole.PART_TIME_WORKER for post in here)
        if seen.rule is not None:
            at[grid.path].update(_staffed(found.rules[seen.rule], seen, here, known, grid.path))


def _bands(
    at: defaultdict[str, Counter[str]], grids: Sequence[GridRow], homes: np.ndarray[Any, Any], profiles: Sequence[ProfileRow]
) -> None:
    """Judge residential grids by the band of the nearest profile that has one."""
    sized = [each for each in profiles if each.doc.get("size")]
    by_profile: defaultdict[str, list[int]] = defaultdict(list)
    holding = {each.path: each for each in sized}
    for row, grid in enumerate(grids):
        found = nearest(sized, grid.path) if grid.kind == "residential" else None
        if found is not None:
            by_profile[found.path].append(row)
    for path, rows in by_profile.items():
        rules = profile_from(holding[path].doc).rules
        good = in_band(rules, homes[rows, 0], homes[rows, 1])
        for row, is_in in zip(rows, good.tolist(), strict=True):
            at[grids[row].path].update({
                "judged": 1,
                "in_band": int(is_in),
                "out_of_band": int(not is_in),
                "band_persons": int(homes[row, 1]),
                "most_households": rules.maximum,
                "fewest_households": rules.minimum,
            })  # fmt: skip


def _staffed(
    rule: StaffingRule, seen: GridStaffing, posts: Sequence[PostRow], known: set[tuple[str, int | None, int]], path: str
) -> dict[str, int]:
    """Count how a grid is staffed by its rule; those whom a community shares count at the first of its grids (`known`)."""
    lacks = {gap.term: gap.need - gap.have for gap in seen.gaps}
    counts = {"ruled": 1, "compliant": int(seen.compliant is True), "beyond_core": len(posts)}
    need = missing = 0
    for number, term in enumerate(rule.terms):
        wanted = term.need(1)
        if term.is_core and (term.scope is Scope.GRID or (path, seen.rule, number) not in known):
            counts["beyond_core"] -= wanted - lacks.get(number, 0)
            known.add((path, seen.rule, number))
        if term.roles == (FULL_TIME,):
            need += wanted
            missing += lacks.get(number, 0)
        elif _asks_for_each(term):
            need += 1
            missing += any(gap.term == number and FULL_TIME in gap.roles for gap in seen.gaps)
    counts |= {"full_time_need": need, "full_time_have": need - missing, "full_time_gap": missing}
    if {term.letter for term in rule.terms} >= {"A", "B"}:
        holders = {post.letter: post.staff for post in posts if post.letter is not None}
        counts |= {
            "to_be_paired": 1,
            "paired": int(len(holders) == 2 and holders["A"] != holders["B"]),  # noqa: PLR2004 - A and B
            "without_b": int("B" not in holders),
        }
    return counts


def _asks_for_each(term: Term) -> bool:
    """Whether a term asks for one of each of its roles, a full-time worker among them."""
    return term.count_by is CountBy.KIND and FULL_TIME in term.roles and term.need(1) == len(term.roles)


def _people(conn: connection, at: defaultdict[str, Counter[str]], profiles: Sequence[ProfileRow], area: str, day: date) -> None:
    """Count who has a post, each once where they are employed; and what is spent on those whom a profile has a budget for."""
    budgets = [each for each in profiles if each.doc.get("budget")]
    for path, role, count in kept.people(conn, area, day):
        if role is None:
            at[path]["workers"] += count
            continue
        paid = nearest(budgets, path)
        if paid is not None and cast("Mapping[str, Any]", paid.doc["budget"])["role"] == role:
            at[path]["budget_persons"] += count
    for each in budgets:
        if f"{each.path}.".startswith(f"{area}."):
            at[each.path]["budget_yuan"] += int(cast("Mapping[str, Any]", each.doc["budget"])["yuan"])


def _work(conn: connection, at: defaultdict[str, Counter[str]], window: Window, day: date) -> None:
    """Count what there is to do it with, and what was done in the window."""
    area = window.area or ""
    for path, list_class, is_a_departments, count in kept.matters(conn, area, window.until):
        at[path]["matters"] += count if is_a_departments else 0
        at[path][f"list_{list_class or 'none'}"] += count
    for path, count in kept.departments(conn, area, window.until):
        at[path]["departments"] += count
    for path, code, number in kept.brought(conn, area, PARTY, day):
        at[path][code] += number
    for path, count in kept.stations(conn, area):
        at[path]["stations"] += count
    for path, placed, finished in kept.orders(conn, area, window.since, window.until, window.moment):
        at[path].update({"orders": placed, "orders_finished": finished})
    for path, counts in stats.tallies(conn, window, "area").items():
        at[path or ""].update({name: counts[name] for name in ("disputes", "disputes_resolved")})
