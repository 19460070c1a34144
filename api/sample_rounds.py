"""What else goes on in a sample town: rounds, duties, warnings, problem points, places of service, orders, weeks and months.

Each is written by the ways of the service, by those whose work it is. What is there already is not made again.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import numpy as np

from api.incidents.actors import actor_of, org_of
from api.incidents.early import warn
from api.loop.incident import Actor, Party
from api.loop.order import YUNYANG, Order, Step, order_columns, take_order, variant_from
from api.rounds.cadence import Target, nearest
from api.rounds.duty import duty_from
from api.sample_day import seen_at
from api.sample_desks import department
from api.stats.assess import results_of
from api.stats.week import week_of
from api.stats.window import midnight
from api.v1.visit_rules import rules_for
from api.who.caller import Right
from data.store import (
    assessments,
    duties,
    early_warnings,
    orders,
    problem_points,
    reviews,
    stations,
    visits,
)
from data.store.incidents import orgs_named
from data.store.plans import area_named
from data.store.scope import speak

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.sample_day import Stage
    from data.store.plans import AreaRow

_NAMES = UUID("6f0b1c52-7c0f-4d7e-9a57-1f5d8f6f4a11")
_VISITED = 0.7
"""Of the household points of a grid: so many were visited, the others are due."""
_LONGEST_AGO = 45
"""Days: how far back visits go; the staff have their posts since then."""
_MOST_HOMES = 1_000
_CALLS = ("care", "special_case", 2)
"""Incidents of this category make a visit due, for this reason, within so many days."""
_HEAP = {"least": 4, "hours": 72, "radius_m": None}
"""So many cases of one category in a grid, within so many hours, make a warning."""
_DUTIES: Mapping[str, Mapping[str, Any]] = {
    "weekly_patrol": {"name": "每周安全巡查", "kind": "patrol", "every": "week", "each": "grid"},
    "monthly_meeting": {"name": "每月网格例会", "kind": "meeting", "every": "month", "each": "community"},
}
_DONE = {"weekly_patrol": 0.85, "monthly_meeting": 0.5}
"""What share of each duty was done."""
_PROBLEMS = (
    ("dirty", "楼后垃圾堆积，未及时清运", ("sanitation", "清运并增设垃圾箱，每日巡查", -3)),
    ("messy", "电动车乱停，占用消防通道", ("traffic", "划定停车区，清理消防通道", 6)),
    ("poor", "路面破损，雨后积水", ("urban", "修补路面，疏通雨水口", 14)),
    ("messy", "沿街店铺占道摆放", None),
)
"""What is wrong somewhere: its class, what is said of it, and who mends it, how and in how many days (None: nobody yet)."""
_NEAR = ((0.0, 0.0), (0.00012, 0.0), (0.0, 0.00012))
"""Degrees: how far the points of one problem lie from each other."""
_TENURES = ("allocated", "rented", "borrowed")
_STREET_M2, _ENOUGH, _TOO_LITTLE = 1_150, 1.15, 0.8
_DIMENSIONS: Mapping[str, tuple[str, tuple[tuple[str, str, int, str, str], ...]]] = {
    "grid": ("网格效能评估（示例）", (
        ("size", "基础情况：规模", 10, "size_compliance", "+"), ("staffing", "力量配备", 10, "full_time_filled", "+"),
        ("roles", "网格五员", 10, "duty_roles_full", "+"), ("handling", "事件处置", 25, "finish_rate", "+"),
        ("in_time", "按期办结", 15, "on_time_rate", "+"), ("rework", "返工", 10, "rework_rate", "-"),
        ("visits", "入户走访", 10, "visit_coverage", "+"), ("pairs", "AB岗配齐", 10, "pairs_complete", "+"),
    )),
    "community": ("社区考核（示例）", (
        ("handling", "事件处置", 40, "finish_rate", "+"), ("in_time", "按期办结", 30, "on_time_rate", "+"),
        ("content", "群众满意", 20, "satisfaction_rate", "+"), ("staffing", "力量配备", 10, "full_time_filled", "+"),
    )),
    "street": ("街道考核（示例）", (
        ("handling", "办结率", 50, "finish_rate", "+"), ("in_time", "按期办结", 50, "on_time_rate", "+"),
    )),
}  # fmt: skip
"""How grids (八个方面), communities and streets are assessed: id, name, weight, figure and direction of each dimension."""
_MONTHS = 2
_WEEKS_SAID = ("上周来件平稳，重点督办超期件。", "停车与占道类偏多，已转部门联合整治。", "办结率提升，注意回访质量。")
_ORDERS = (
    ("为独居老人安装烟感报警器", 2_900, 3), ("燃气软管老化，请上门检查", 1_500, 3), ("楼道灭火器过期，请更换", 700, 2),
    ("想学急救知识，请组织一次培训", 200, 1),
)  # fmt: skip
"""What residents ask for: how many minutes ago, and how many steps it has come since; the last of them is the department's."""
ORDERED_OF = "emergency"
"""The department to which orders are dispatched."""


def go_round(stage: Stage, conn: connection, *, since: date, seed: int) -> dict[str, int]:
    """Have the town's rounds made since a day, and count what is new.

    `conn` is the owner's, for what the service does by itself.
    """
    rng = np.random.default_rng([seed, 4])
    made = {
        "stations": _open_centres(stage),
        "visits": sum(_visit(stage, grid, since, rng) for grid in stage.town.code if grid in stage.desks.person),
        "duties": _owe(stage, rng),
        "problems": _find_problems(stage),
        "orders": _order(stage),
        "reviews": _say_weeks(stage),
        "months": _assess(stage, since),
    }
    _state_rules(stage)
    return made | {"warnings": warn(conn, stage.now, today=_today(stage))}


def _today(stage: Stage) -> date:
    return stage.now.astimezone(ZoneInfo(stage.zone)).date()


def _names(*parts: object) -> str:
    return str(uuid5(_NAMES, ":".join(map(str, parts))))


def _district(stage: Stage) -> Asked:
    return seen_at(stage, stage.desks.district, stage.now)


def _spot(stage: Stage, grid: str) -> tuple[float, float]:
    """Return a place well inside a grid, degrees."""
    spots = np.flatnonzero((stage.town.grid == stage.town.code.index(grid)) & stage.town.is_inside)
    lon, lat = stage.town.lon_lat[spots[0]].tolist()
    return lon, lat


def _manned(stage: Stage) -> Iterator[tuple[str, str]]:
    """Yield each grid that somebody works in, with its community."""
    for grid, community in zip(stage.town.code, stage.town.community, strict=True):
        if grid in stage.desks.person:
            yield grid, community


# --- visits, duties -------------------------------------------------------------------------------------------------------


def _visit(stage: Stage, grid: str, since: date, rng: np.random.Generator) -> int:
    """Visit most of a grid's household points, each on a day of its own, where nobody has visited any."""
    today = _today(stage)
    days = min(_LONGEST_AGO, (today - since).days)
    asked = seen_at(stage, grid, stage.now)
    with stage.pool.write(asked.acting(Right.HANDLE_INCIDENTS)) as conn:
        staff = visits.staff_of(conn, asked.caller.person_id)
        known = visits.visits(
            conn, area=None, grid=grid, kind=None, staff=None, first=None, last=None, before=None, limit=1
        )  # fmt: skip
        if staff is None or known:
            return 0
        path = visits.grid_path(conn, grid, today)
        rule = nearest(rules_for(conn, Target.HOUSEHOLD_POINT), path)
        end = datetime.combine(today + timedelta(days=1), time(), ZoneInfo(stage.zone))
        due = visits.homes_due(conn, grid, day=today, until=end, since=rule.since(today), after="", limit=_MOST_HOMES)
        gone = [each.target for each in due if rng.random() < _VISITED]
        for target in gone:
            day = today - timedelta(days=int(rng.integers(0, days + 1)))
            wanted = visits.NewVisit(
                grid=grid, kind="household_point", target=target, purpose="call", day=day, minutes=int(rng.integers(8, 25)),
                staff=staff, client_uuid=_names("visit", grid, target),
            )  # fmt: skip
            visits.add_visit(conn, wanted)
    return len(gone)


def _owe(stage: Stage, rng: np.random.Generator) -> int:
    """State what is owed again and again since New Year, and have most of it done; return how much is new."""
    asked, today = _district(stage), _today(stage)
    first = date(today.year, 1, 1)
    made = 0
    with stage.pool.write(asked.acting(Right.HANDLE_INCIDENTS, Right.MANAGE_STAFF)) as conn:
        here = area_named(conn, stage.desks.district)
        begun = today - timedelta(days=_LONGEST_AGO)
        for code, said in _DUTIES.items():
            if duties.plans(conn, first=first, last=today, of=here.id, code=code):
                continue
            duties.state(conn, here, code, duty_from(dict(said)).as_json(), day=begun)
            plan = duties.plan_of(conn, here, code, today)
            step = timedelta(days=7 if said["every"] == "week" else 30)
            targets = sorted({grid if said["each"] == "grid" else community for grid, community in _manned(stage)})
            for target in targets:
                day = begun
                while day <= today:
                    if rng.random() < _DONE[code]:
                        log = duties.NewLog(
                            target=target, path=duties.target_path(conn, plan, target, day), day=day, note="",
                            actor=asked.caller.person_id, client_uuid=_names(code, target, day),
                        )  # fmt: skip
                        made += duties.add(conn, plan, log, now=stage.now)[1]
                    day += step
    return made


# --- what is wrong --------------------------------------------------------------------------------------------------------


def _find_problems(stage: Stage) -> int:
    """Write down problem points, join them, and say of most who mends them; return how many points are new."""
    today = _today(stage)
    lived_in = {stage.town.code[g] for g in np.unique(stage.town.grid[stage.town.is_inside]).tolist()}
    grids = [grid for grid, _ in _manned(stage) if grid in lived_in]
    found = 0
    for k, (kind, note, _) in enumerate(_PROBLEMS):
        grid = grids[k * len(grids) // len(_PROBLEMS)]
        asked = seen_at(stage, grid, stage.now)
        with stage.pool.write(asked.acting(Right.HANDLE_INCIDENTS)) as conn:
            lon, lat = _spot(stage, grid)
            path = visits.grid_path(conn, grid, today)
            for n, (east, north) in enumerate(_NEAR):
                found += problem_points.add(
                    conn, at=(lon + east, lat + north), path=path, grid=grid, kind=kind, note=note,
                    day=today - timedelta(days=10 - n), client_uuid=_names("problem", k, n),
                )[1]  # fmt: skip
    if found:
        with stage.pool.write(_district(stage).acting(Right.DISPATCH_INCIDENTS)) as conn:
            here = area_named(conn, stage.desks.district)
            problem_points.gather(conn, area=here.path, within_m=50, now=stage.now)
            for cluster in problem_points.clusters(conn, area=here.path, state="found", before=None, limit=100):
                _mend(conn, cluster.id, today, stage.now)
    return found


def _mend(conn: connection, number: int, today: date, now: datetime) -> None:
    it = problem_points.cluster(conn, number)
    (note,) = {p.note for p in problem_points.listed(
        conn, area=it.path, grid=None, kind=it.kind, before=None, limit=100,
    ) if p.cluster == number}  # fmt: skip
    plan = next(said for kind, text, said in _PROBLEMS if (kind, text) == (it.kind, note))
    if plan is not None:
        whose, measure, days = plan
        deadline = today + timedelta(days=days)
        row = {"department": department(whose), "measure": measure, "deadline": deadline, "state": "planned"}
        problem_points.change(conn, it, row, now)


def _state_rules(stage: Stage) -> None:
    """State how many cases make a warning, and which incidents make a visit due."""
    category, reason, within_days = _CALLS
    with stage.pool.write(_district(stage).acting(Right.DISPATCH_INCIDENTS)) as conn:
        here = area_named(conn, stage.desks.district)
        early_warnings.state(conn, here, early_warnings.ANY, _HEAP, day=_today(stage))
    with stage.pool.write(_district(stage).acting(Right.MANAGE_STAFF)) as conn:
        if category not in {row[1] for row in visits.trigger_rows(conn)}:
            begun = stage.now - timedelta(days=2)
            visits.set_trigger(conn, here.id, here.path, category, reason, within_days, active=True, now=begun)


# --- places of service, orders --------------------------------------------------------------------------------------------


def _open_centres(stage: Stage) -> int:
    """Open a centre in every street and lived-in community, every second of these too small, and sites in some grids."""
    households = np.bincount(stage.town.grid, weights=stage.town.many, minlength=len(stage.town.code))
    people: dict[str, float] = {}
    first: dict[str, str] = {}
    for g, (grid, community) in enumerate(zip(stage.town.code, stage.town.community, strict=True)):
        if grid in stage.desks.person and households[g]:
            first.setdefault(community, grid)
        if not stage.town.dedicated[g]:
            people[community] = people.get(community, 0.0) + float(households[g])
    streets: dict[str, str] = {}
    for community, grid in first.items():
        streets.setdefault(stage.desks.street_of[community], grid)
    made = 0
    with stage.pool.write(_district(stage).acting(Right.MANAGE_STAFF)) as conn:
        known = {row["code"] for row in stations.listed(conn, area=None, kind=None, service=None, after="", limit=10_000)}

        def put(code: str, name: str, level: str, kind: str, area: AreaRow, grid: str, m2: float, tenure: str) -> int:  # noqa: PLR0917 - a row
            if code in known:
                return 0
            has = dict.fromkeys(("has_desk", "has_room", "has_cabinet", "has_map"), True)
            row = {
                "code": code, "name": name, "level": level, "kind": kind, "brand": "", "radius_m": None, **has,
                "services": ["咨询", "代办"], "area_m2": m2, "tenure": tenure, "active": True,
            }  # fmt: skip
            stations.put(
                conn, area=(area.id, area.path), at=_spot(stage, grid), service_area=None, station=row, now=stage.now
            )  # fmt: skip
            return 1

        for street, grid in streets.items():
            name = f"街道党群服务中心{len(known) + made + 1:02}（示例）"
            made += put(
                f"sample-{street}-center",
                name,
                "street",
                "service_center",
                area_named(conn, street),
                grid,
                _STREET_M2,
                "allocated",
            )
        for k, (community, grid) in enumerate(first.items()):
            area = area_named(conn, community)
            wanted = 30 * people.get(community, 0.0) / 100 * (_ENOUGH if k % 2 == 0 else _TOO_LITTLE)
            tenure = _TENURES[k % len(_TENURES)]
            name = f"社区党群服务中心{k + 1:02}（示例）"
            made += put(f"sample-{community}-center", name, "community", "service_center", area, grid, round(wanted, 1), tenure)
            name, tenure = f"楼院网格活动阵地{k + 1:02}（示例）", _TENURES[(k + 1) % len(_TENURES)]
            made += put(f"sample-{community}-site", name, "grid", "activity_site", area, grid, 45.0, tenure)
    return made


def _order(stage: Stage) -> int:
    """Have residents' orders placed and brought on their way; return how many are new."""
    grid, community = next((grid, community) for grid, community in _manned(stage) if grid == stage.desks.shown)
    street, district = stage.desks.street_of[community], stage.desks.district
    made = 0
    for k, (title, ago, count) in enumerate(_ORDERS):
        at = stage.now - timedelta(minutes=ago)
        asked, name = seen_at(stage, grid, at), _names("order", k)
        with stage.pool.write(asked.acting(Right.HANDLE_INCIDENTS)) as conn:
            if orders.kept_as(conn, name) is not None:
                continue
            path = visits.grid_path(conn, grid, _today(stage))
            variant = variant_from(YUNYANG.name, orders.variant(conn, YUNYANG.name))
            order, record = take_order(Order(variant=variant, path=path), Step.PLACED, {}, Actor(), at, known={})
            no = orders.number(conn, district=district, day=at.astimezone(ZoneInfo(stage.zone)).date())
            arrival = {
                "no": no, "path": path, "grid_code": grid, "variant": variant.name, "category": "care", "title": title,
                "description": "", "address": "", "client_uuid": name,
            }  # fmt: skip
            orders.add(conn, arrival=arrival, standing=order_columns(order), body=record.as_json())
        made += 1
        for n, (desk, step) in enumerate(((community, Step.SORTED), (street, Step.DISPATCHED))[: count - 1], 1):
            later = at + timedelta(minutes=20 * n)
            asked = seen_at(stage, desk, later)
            with stage.pool.write(asked.scope) as conn:
                actor = actor_of(conn, asked.caller, now=later, today=asked.today)
                payload, known = {}, {}
                if step is Step.DISPATCHED:
                    code = department(ORDERED_OF)
                    payload = {"to": {"org": code}}
                    known = {Party(is_org=True, id=row[0]): org_of(*row) for row in orgs_named(conn, [code])}
                order, record = take_order(order, step, payload, actor, later, known=known)
                speak(conn, asked.acting(Right.DISPATCH_INCIDENTS))
                row = orders.get(conn, no, lock=True)
                orders.move(conn, row, standing=order_columns(order), body=record.as_json())
    return made


# --- weeks and months -----------------------------------------------------------------------------------------------------


def _say_weeks(stage: Stage) -> int:
    """Say something about weeks of the district that are over, but not of the last one; return how many are new."""
    asked = _district(stage)
    said = 0
    with stage.pool.write(asked.acting(Right.DISPATCH_INCIDENTS)) as conn:
        here = area_named(conn, stage.desks.district)
        for k, comment in enumerate(_WEEKS_SAID, 2):
            monday = week_of(asked.today - timedelta(days=7 * k)).monday
            if reviews.review_of(conn, here.id, monday) is None:
                reviews.say(conn, here.id, monday, comment, actor=asked.caller.person_id, now=stage.now)
                said += 1
    return said


def _assess(stage: Stage, since: date) -> int:
    """Write down how grids, communities and streets are assessed, and work out the months that are over.

    The town's past was brought in today, and nothing of it was known when these months ended: they are as known now.
    """
    asked, zone = _district(stage), ZoneInfo(stage.zone)
    made = 0
    with stage.pool.write(asked.acting(Right.DISPATCH_INCIDENTS), ms=60_000) as conn:
        here = area_named(conn, stage.desks.district)
        for target, (name, parts) in _DIMENSIONS.items():
            code = f"sample.{target}"
            if assessments.is_taken(conn, code):
                continue
            dimensions = [
                {"id": part, "name": called, "weight": weight, "metric": metric, "direction": direction}
                for part, called, weight, metric, direction in parts
            ]
            assessments.keep(conn, code, here.id, name, target, dimensions, [], now=stage.now)
            template = assessments.template(conn, code)
            after = asked.today.replace(day=1)
            for _ in range(_MONTHS):
                first = (after - timedelta(days=1)).replace(day=1)
                if after <= since:
                    break
                worked = results_of(
                    conn, template, first, since=midnight(first, zone), until=midnight(after, zone),
                    day=asked.today, calendar=stage.calendar, known=stage.now,
                )  # fmt: skip
                assessments.keep_results(conn, code, first, worked, now=stage.now)
                made, after = made + 1, first
    return made
