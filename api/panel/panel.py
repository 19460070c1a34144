"""The panel of an area on a day: counts from the store, added up for the area and for each of its parts.

Every count stands at a path, and at a grid where it is a grid's, so that the parts and what lies in none of them (`elsewhere`:
whoever the district itself employs) are the whole. This is the part that asks the store, and it asks for what is wanted alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from api.duty.roles import DutyRole
from api.duty.rule import CountBy, Scope
from api.duty.town import staffed
from api.matters.admission import ExitKind
from api.rounds.cadence import Target, rules_from
from api.rounds.facility import walk_of
from api.rounds.patrol import work_days
from data.profile import profile_from
from data.store import legacy, list_items, staffing, stations, stats, visits
from data.store import panel as kept
from data.store.profiles import nearest, profiles_on
from partition.score import in_band

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from psycopg2.extensions import connection

    from api.duty.rule import StaffingRule, Term
    from api.duty.staffing import GridStaffing
    from api.loop.calendar import Calendar
    from api.stats.metric import Metric
    from data.store.panel import AreaThere
    from data.store.profiles import ProfileRow
    from data.store.staffing import GridRow, PostRow
    from data.store.stats import Window

PARTY = ("party_branches", "party_groups")
"""Under these codes areas bring along how many branches and groups of the party they have."""
FULL_TIME = DutyRole.FULL_TIME_WORKER
BELOW = {"city": "district", "district": "street", "street": "community"}
"""What an area's parts are."""
_CHOICE: Mapping[str, Callable[[int, int], int]] = {"most_in_grid": max, "fewest_in_grid": min}
"""Counts of which one is taken where others are added up."""

Spot = tuple[str, str]
"""Where something counts: a path, and the code of a grid, '' where it is no grid's."""
Counts = defaultdict[Spot, Counter[str]]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a panel is asked for: an area by its path (`window.area`), on the day with which the window ends.

    `sees_patrols`: how long people were out is for those who direct them.
    """

    conn: connection
    window: Window
    day: date
    calendar: Calendar
    sees_patrols: bool

    @property
    def area(self) -> str:
        """The path of the area."""
        return self.window.area or ""


def panel(ask: Ask, metrics: Sequence[Metric], *, level: str) -> Panel:
    """Return the panel of an area of a level."""
    there = kept.areas_in(ask.conn, ask.area, ask.day)
    parts = [each for each in there if each.level == BELOW.get(level)]
    depth = ask.area.count(".") + 1
    of_part = {each.path.split(".")[depth]: each for each in parts}
    sums: dict[str, Counter[str]] = {each.path: Counter() for each in parts}
    total, elsewhere = Counter[str](), Counter[str]()
    for (path, _), counts in gathered(ask, metrics).items():
        labels = path.split(".")
        part = of_part.get(labels[depth]) if len(labels) > depth else None
        add(total, counts)
        add(elsewhere if part is None else sums[part.path], counts)
    return Panel(
        total=total,
        parts=tuple(Part(area=each, counts=sums[each.path]) for each in parts),
        elsewhere=elsewhere,
        profile=nearest(profiles_on(ask.conn, ask.day, area=ask.area), ask.area),
    )


def gathered(ask: Ask, metrics: Sequence[Metric]) -> Counts:
    """Return what some figures are made of, by where it counts."""
    wanted = frozenset[str]().union(*(metric.counts for metric in metrics))
    at: Counts = defaultdict(Counter)
    for counts, gather in _SOURCES:
        if counts & wanted:
            gather(ask, at)
    return at


def add(to: Counter[str], counts: Mapping[str, int]) -> None:
    """Add counts to others; of what is not added up the larger or the smaller is taken."""
    for name, number in counts.items():
        to[name] = _CHOICE[name](to[name], number) if name in _CHOICE and name in to else to[name] + number


# --- the ground -------------------------------------------------------------------------------------------------------------


def _areas(ask: Ask, at: Counts) -> None:
    for each in kept.areas_in(ask.conn, ask.area, ask.day):
        at[each.path, ""]["communities"] += each.level == "community"


def _grids(ask: Ask, at: Counts) -> None:
    """Count grids, who lives in them, and how they are staffed."""
    area, day = ask.area, ask.day
    profiles = profiles_on(ask.conn, day, area=area)
    grids = staffing.grids_on(ask.conn, day, area=area)
    held = kept.grid_counts(ask.conn, area, day)
    homes = np.array([held[grid.code] for grid in grids], dtype=np.int64).reshape(-1, 2)
    for grid, (households, persons) in zip(grids, homes.tolist(), strict=True):
        here = at[grid.path, grid.code]
        here.update({"grids": 1, grid.kind: 1, "households": households, "persons": persons})
        if grid.kind == "residential":
            here.update({"residential_households": households, "households_squared": households**2})
            here.update(dict.fromkeys(_CHOICE, households))
    _bands(at, grids, homes, profiles)
    posts = staffing.posts_on(ask.conn, day, area=area)
    found = staffed(grids, posts, staffing.rules_on(ask.conn, day, area=area))
    of_grid: defaultdict[str, list[PostRow]] = defaultdict(list)
    for post in posts:
        of_grid[post.grid].append(post)
    named = [each for each in profiles if each.doc.get("duty_roles")]
    known: set[tuple[str, int | None, int]] = set()
    for grid, seen in zip(grids, found.staffing.grids, strict=True):
        here, count = of_grid[grid.code], at[grid.path, grid.code]
        count["part_time_posts"] += sum(post.role == DutyRole.PART_TIME_WORKER for post in here)
        profile = nearest(named, grid.path)
        if profile is not None:
            count.update(_duties(frozenset(profile.doc["duty_roles"]["names"]), here))
        if seen.rule is not None:
            count.update(_staffed(found.rules[seen.rule], seen, here, known, grid.path))


def _duties(due: frozenset[str], posts: Sequence[PostRow]) -> dict[str, int]:
    """Count the full-time posts of a grid, and those that carry all duties that are due."""
    full_time = [post for post in posts if post.role == FULL_TIME]
    return {
        "posts_with_duties_due": len(full_time),
        "posts_with_all_duties": sum(due.issubset(post.duty_roles) for post in full_time),
    }


def _defects(ask: Ask, at: Counts) -> None:
    """Count the ground that is in no grid, or in more than one."""
    for path, gap, overlap in kept.defects(ask.conn, ask.area, ask.day):
        at[path, ""].update({"netted": 1, "gap_cm2": gap, "overlap_cm2": overlap, "defect_cm2": gap + overlap})


def _bands(at: Counts, grids: Sequence[GridRow], homes: np.ndarray[Any, Any], profiles: Sequence[ProfileRow]) -> None:
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
            at[grids[row].path, grids[row].code].update({
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


def _people(ask: Ask, at: Counts) -> None:
    """Count who has a post, each once where they are employed; and what is spent on those whom a profile has a budget for."""
    area, day = ask.area, ask.day
    budgets = [each for each in profiles_on(ask.conn, day, area=area) if each.doc.get("budget")]
    for path, role, count in kept.people(ask.conn, area, day):
        if role is None:
            at[path, ""]["workers"] += count
            continue
        paid = nearest(budgets, path)
        if paid is not None and cast("Mapping[str, Any]", paid.doc["budget"])["role"] == role:
            at[path, ""]["budget_persons"] += count
    for each in budgets:
        if f"{each.path}.".startswith(f"{area}."):
            at[each.path, ""]["budget_yuan"] += int(cast("Mapping[str, Any]", each.doc["budget"])["yuan"])


# --- what there is to do it with --------------------------------------------------------------------------------------------


def _stations(ask: Ask, at: Counts) -> None:
    for path, count in kept.stations(ask.conn, ask.area, ask.window.until):
        at[path, ""]["stations"] += count


def _reached(ask: Ask, at: Counts) -> None:
    """Count the households that stations reach, each as it says itself, else on foot: as far as the nearest profile says."""
    circles = [each for each in profiles_on(ask.conn, ask.day, area=ask.area) if each.doc.get("circle")]

    def reach_at(path: str) -> float:
        found = nearest(circles, path)
        return walk_of({} if found is None else found.doc["circle"], {}).reach_m

    inside = [each.path for each in circles if each.path.startswith(f"{ask.area}.")]
    for reach_m in sorted({reach_at(path) for path in (ask.area, *inside)}):
        rows = stations.coverage(
            ask.conn, area=ask.area, day=ask.day, until=ask.window.until, kinds=("station",), reach_m=reach_m, walk=False
        )
        for row in rows:
            if reach_at(row.path) == reach_m:
                at[row.path, row.grid].update({"households_to_reach": row.households, "households_reached": row.reached})


def _centers(ask: Ask, at: Counts) -> None:
    """Count how large the centers of communities are, in square decimetres, and for how many households, where it is known."""
    for _, path, level, area_m2, households, _tenure in stations.centres(
        ask.conn, area=ask.area, day=ask.day, until=ask.window.until
    ):  # fmt: skip
        if level == "community" and area_m2 is not None:
            at[path, ""].update({"center_dm2": int(area_m2 * 100), "center_households": households})


def _party(ask: Ask, at: Counts) -> None:
    for path, code, number in kept.brought(ask.conn, ask.area, PARTY, ask.day):
        at[path, ""].update({code: number, "party_units": number})


def _matters(ask: Ask, at: Counts) -> None:
    for path, list_class, is_a_departments, count in kept.matters(ask.conn, ask.area, ask.window.until):
        at[path, ""]["matters"] += count if is_a_departments else 0
        if list_class:
            at[path, ""].update({f"list_{list_class}": count, "listed": count})


def _exits(ask: Ask, at: Counts) -> None:
    for path, kind, count in kept.exits(ask.conn, ask.area, ask.window.until):
        at[path, ""].update({f"exit_{kind}": count, "exits": count})


def _legacy(ask: Ask, at: Counts) -> None:
    """Count the nets of departments of the area and those in it; of one above it not: that is not the area's."""
    for net in legacy.nets(ask.conn, ask.day, area=ask.area):
        if f"{net.path}.".startswith(f"{ask.area}."):
            state = "legacy_active" if net.active else "legacy_retired"
            at[net.path, ""].update({"legacy_nets": 1, state: 1, "legacy_cells": net.active})


def _lists(ask: Ask, at: Counts) -> None:
    """Count the items of lists, and those that lack what they need."""
    for path, count, sourceless, unreachable in list_items.incomplete(ask.conn, ask.area, ask.window.until):
        at[path, ""].update({
            "list_items": count, "without_source": sourceless, "without_contact": unreachable,
            "list_items_incomplete": sourceless + unreachable,
        })  # fmt: skip


def _departments(ask: Ask, at: Counts) -> None:
    for path, count in kept.departments(ask.conn, ask.area, ask.window.until):
        at[path, ""]["departments"] += count


def _matters_of_grids(ask: Ask, at: Counts) -> None:
    for path, grid, count in kept.matters_of_grids(ask.conn, ask.area, ask.day, ask.window.until):
        at[path, grid]["matters_of_grids"] += count


# --- what was done ----------------------------------------------------------------------------------------------------------


def _rounds(ask: Ask, at: Counts) -> None:
    """Count the household points that were visited in their period, and the households in the groups."""
    rules = rules_from(visits.rule_rows(ask.conn), Target.HOUSEHOLD_POINT)
    since = {path: rule.since(ask.day) for path, rule in rules.items()}
    for row in visits.coverage(ask.conn, area=ask.area, day=ask.day, until=ask.window.until, since=since):
        at[row.path, row.grid].update({
            "points": row.points, "visited": row.visited, "group_households": row.households, "in_group": row.in_group,
        })  # fmt: skip


def _patrols(ask: Ask, at: Counts) -> None:
    """Count the work days of the window that full-time workers owed a patrol; of a day that is not over nobody owes it yet."""
    last = ask.day if ask.window.until <= ask.window.moment else ask.day - timedelta(days=1)
    if not ask.sees_patrols:
        return
    minutes = {path: rule.minutes or 0 for path, rule in rules_from(visits.rule_rows(ask.conn), Target.PATROL).items()}
    days = work_days(ask.calendar, ask.window.since.date(), last).days
    for path, owed, met in visits.patrols_met(ask.conn, area=ask.area, days=days, minutes=minutes):
        at[path, ""].update({"patrols_owed": owed, "patrols_met": met})


def _orders(ask: Ask, at: Counts) -> None:
    for path, grid, placed, finished in kept.orders(ask.conn, ask.area, ask.window):
        at[path, grid].update({"orders": placed, "orders_finished": finished})


def _disputes(ask: Ask, at: Counts) -> None:
    for path, counts in stats.tallies(ask.conn, ask.window, "area").items():
        at[path or "", ""].update({name: counts[name] for name in ("disputes", "disputes_resolved")})


_SOURCES: tuple[tuple[frozenset[str], Callable[[Ask, Counts], None]], ...] = (
    (frozenset({"communities"}), _areas),
    (
        frozenset({
            "grids", "residential", "dedicated", "households", "persons", "residential_households", "households_squared",
            *_CHOICE, "judged", "in_band", "out_of_band", "band_persons", "most_households", "fewest_households",
            "part_time_posts", "posts_with_duties_due", "posts_with_all_duties", "ruled", "compliant", "beyond_core",
            "full_time_need", "full_time_have", "full_time_gap", "to_be_paired", "paired", "without_b",
        }),
        _grids,
    ),
    (frozenset({"defect_cm2", "gap_cm2", "overlap_cm2", "netted"}), _defects),
    (frozenset({"workers", "budget_persons", "budget_yuan"}), _people),
    (frozenset({"stations"}), _stations),
    (frozenset({"households_to_reach", "households_reached"}), _reached),
    (frozenset({"center_dm2", "center_households"}), _centers),
    (frozenset({*PARTY, "party_units"}), _party),
    (frozenset({"matters", "listed", "list_public", "list_self_governance", "list_paid"}), _matters),
    (frozenset({"list_items", "list_items_incomplete", "without_source", "without_contact"}), _lists),
    (frozenset({"departments"}), _departments),
    (frozenset({"exits", *(f"exit_{kind}" for kind in ExitKind)}), _exits),
    (frozenset({"legacy_nets", "legacy_active", "legacy_retired", "legacy_cells"}), _legacy),
    (frozenset({"matters_of_grids"}), _matters_of_grids),
    (frozenset({"points", "visited", "group_households", "in_group"}), _rounds),
    (frozenset({"patrols_owed", "patrols_met"}), _patrols),
    (frozenset({"orders", "orders_finished"}), _orders),
    (frozenset({"disputes", "disputes_resolved"}), _disputes),
)  # fmt: skip
"""Which counts come from where."""
COUNTED = frozenset[str]().union(*(counts for counts, _ in _SOURCES))
"""Every count that there is."""
