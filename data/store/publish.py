"""A plan takes effect: from its day on its grids are the net of their communities, and the old net ends the day before.

Everything happens in one READ COMMITTED transaction that takes the locks of the plan's streets first: whoever comes second
waits, and then sees what the first has done. What the store itself guarantees (one plan a community and day, no two grids
on one ground, no code for two grids at once) holds without this module; what it cannot know is checked here: that the
grids tile their communities, that nobody else has put another plan in force meanwhile, and that the line to the neighbours
is the same on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from data.plan_files import finding_record
from data.store.log import record
from data.store.nets import load_net
from data.store.plans import get, net, places, rules_of
from data.store.sql import insert, many, one, run
from data.store.towns import load_town
from gis.code import scheme_for
from gis.errors import CodeError, Conflict, Refused
from partition.audit import audit
from partition.net_diff import compared
from partition.renumber import renumber
from partition.suppress import suppressed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from data.store.plans import PlanRow
    from gis.town import Town
    from partition.audit import AuditReport
    from partition.net import Net
    from partition.net_diff import Compared


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOver:
    """When a plan takes effect, who says so, and below how many households a public figure is hidden."""

    effective_from: date
    today: date
    now: datetime
    actor: str | None
    smallest_public: int


def check(conn: connection, plan: PlanRow) -> tuple[Net, Town, AuditReport]:
    """Audit a plan's net against the very households that it was made from."""
    new = net(conn, plan)
    if len(new.outline) < len(plan.paths):
        msg = "parts of this plan lie outside your areas"
        raise Refused(msg)
    town = town_of(conn, plan, communities=tuple(new.outline), divided=new)
    return (
        new,
        town,
        audit(new.layer(), town=town, rules=rules_of(plan), communities=new.outlines(), file=f"plan {plan.number}"),
    )


def publish(conn: connection, plan: PlanRow, cut: CutOver) -> PlanRow:
    """Put an approved plan in force from a day on, and return it.

    Raises
    ------
    Conflict
        The day is past; another plan has been put in force meanwhile; the grids are not a clean coverage; the line to a
        neighbour differs. `findings` or `communities` say where.
    """
    if cut.effective_from < cut.today:
        msg = f"a plan takes effect today ({cut.today}) or later, not on {cut.effective_from}"
        raise Conflict(msg, code="past-day")
    _lock_streets(conn, plan)
    _refuse_another_base(conn, plan, cut.effective_from)
    new, town, report = check(conn, plan)
    if not (report.clean and report.exact):
        msg = "the grids do not cover their communities without gap and overlap; see the findings"
        raise Conflict(msg, code="coverage", findings=[finding_record(f) for f in report.findings])
    _refuse_other_lines(conn, plan, new)
    found = compare(conn, plan, town, new)
    codes = renumber(found.diff, ever_used=_ever_used(conn, plan), rules=rules_of(plan))
    _end_old_nets(conn, plan, cut)
    _begin_new_net(conn, plan, cut, found, codes)
    run(
        conn,
        """UPDATE wangge.plan SET state = 'effective', effective_from = %s, revision = revision + 1, updated_at = %s
           WHERE id = %s""",
        [cut.effective_from, cut.now, plan.id],
    )
    _retire(conn, cut)
    body = {
        "effective_from": cut.effective_from.isoformat(),
        "grids": len(new),
        "households_moved": found.diff.households_moved,
        "grids_touched": found.diff.touched_old,
    }
    record(conn, "plan.effective", path=plan.path, subject=plan.id, body=body)
    return get(conn, plan.id)


def compare(conn: connection, plan: PlanRow, town: Town, new: Net) -> Compared:
    """Return a plan's net beside the net in force in its communities, over the households of the plan's own snapshot."""
    rows = many(
        conn,
        """SELECT c.base::text, a.code FROM wangge.plan_community c JOIN wangge.area a ON a.id = c.area_id
           WHERE c.plan_id = %s AND c.base IS NOT NULL ORDER BY c.base, a.code""",
        [plan.id],
    )
    # Of a plan that others have taken the place of in part, only what is left of it.
    held: dict[str, set[str]] = {}
    for base, community in rows:
        held.setdefault(base, set()).add(community)
    nets = [_only(load_net(conn, plan=base, version=get(conn, base).version), held[base] & new.outline.keys()) for base in held]
    homes = town.households
    return compared(_joined(nets), new, ids=homes.id, households=homes.households)


def town_of(conn: connection, plan: PlanRow, *, communities: Sequence[str] | None, divided: Net | None = None) -> Town:
    """Return the town that a plan divides, as it was when the plan was made.

    With `divided`, a net of these communities, its households are those that this net must have.
    """
    (name,) = one(conn, "SELECT name FROM wangge.town WHERE id = %s", [plan.town], what="town")
    return load_town(conn, name, snapshot=plan.snapshot, communities=communities, net=divided)


def _lock_streets(conn: connection, plan: PlanRow) -> None:
    """Take the locks that the store's own check of overlaps takes, always in the same order."""
    run(conn, "SET LOCAL lock_timeout = '20s'")
    for street in sorted(place.path for place in places(conn, plan) if place.level == "street"):
        run(conn, "SELECT pg_advisory_xact_lock(hashtextextended('wangge.street.' || %s, 0))", [street])


def _refuse_another_base(conn: connection, plan: PlanRow, day: date) -> None:
    rows = many(
        conn,
        """SELECT a.code FROM wangge.plan_community mine JOIN wangge.area a ON a.id = mine.area_id
           LEFT JOIN wangge.plan_community last ON last.area_id = mine.area_id AND upper_inf(last.in_force)
           WHERE mine.plan_id = %s AND (last.plan_id IS DISTINCT FROM mine.base OR lower(last.in_force) >= %s)
           ORDER BY a.code""",
        [plan.id, day],
    )
    if rows:
        communities = [code for (code,) in rows]
        msg = (
            "another plan has been put in force in these communities since this one was begun; "
            f"make the plan anew on it: {', '.join(communities)}"
        )
        raise Conflict(msg, code="stale-base", communities=communities)


def _refuse_other_lines(conn: connection, plan: PlanRow, new: Net) -> None:
    """Refuse a plan whose outer line differs from the same line of a neighbour's net, be it by a vertex."""
    rows = many(
        conn,
        """SELECT a.code, ST_AsBinary(g.shape) FROM wangge.grid g JOIN wangge.area a ON a.id = g.area_id
           WHERE upper_inf(g.in_force) AND NOT g.path <@ ANY (%(mine)s::ltree[])
             AND EXISTS (SELECT FROM wangge.grid m WHERE m.plan_id = %(plan)s AND m.version = %(version)s AND m.geom && g.geom
                         AND ST_SRID(m.shape) = ST_SRID(g.shape) AND ST_Intersects(m.shape, g.shape))""",
        {"mine": list(plan.paths), "plan": plan.id, "version": plan.version},
    )
    if not rows:
        return
    theirs = np.array([shapely.from_wkb(bytes(wkb)) for _, wkb in rows], dtype=object)
    wrong = shapely.coverage_invalid_edges(np.concatenate([theirs, new.polygon]))
    communities = sorted({rows[i][0] for i in np.flatnonzero(~shapely.is_empty(wrong[: len(rows)])).tolist()})
    if communities:
        msg = (
            "the line to these neighbours is not the one that their grids have; "
            f"divide them together with this plan: {', '.join(communities)}"
        )
        raise Conflict(msg, code="line-mismatch", communities=communities)


def _only(old: Net, communities: Collection[str]) -> Net:
    """Return what a net says about some communities."""
    rows = [g for g, community in enumerate(old.community) if community in communities]
    return old if len(rows) == len(old) else old.take(rows)


def _joined(nets: list[Net]) -> Net | None:
    return None if not nets else nets[0].joined(nets[1:])


def _ever_used(conn: connection, plan: PlanRow) -> list[str]:
    rows = many(
        conn,
        "SELECT c.code FROM wangge.grid_code c JOIN wangge.area a ON a.id = c.area_id WHERE a.path = ANY (%s::ltree[])",
        [list(plan.paths)],
    )
    return [code for (code,) in rows]


def _end_old_nets(conn: connection, plan: PlanRow, cut: CutOver) -> None:
    """Let everything that is in force in the plan's communities end on the day before."""
    values = {"paths": list(plan.paths), "day": cut.effective_from}
    run(
        conn,
        """UPDATE wangge.plan_community SET in_force = daterange(lower(in_force), %(day)s)
           WHERE path = ANY (%(paths)s::ltree[]) AND upper_inf(in_force)""",
        values,
    )
    run(
        conn,
        """UPDATE wangge.grid SET in_force = daterange(lower(in_force), %(day)s)
           WHERE upper_inf(in_force) AND area_id IN (SELECT id FROM wangge.area WHERE path = ANY (%(paths)s::ltree[]))""",
        values,
    )


def _retire(conn: connection, cut: CutOver) -> None:
    """Say of plans that hold nowhere any more that others have taken their place."""
    run(
        conn,
        """UPDATE wangge.plan p SET state = 'superseded', revision = revision + 1, updated_at = %(now)s
           WHERE p.state IN ('effective', 'filed') AND NOT EXISTS (
             SELECT FROM wangge.plan_community c
             WHERE c.plan_id = p.id AND (upper_inf(c.in_force) OR upper(c.in_force) > %(today)s))""",
        {"now": cut.now, "today": cut.today},
    )


def _begin_new_net(conn: connection, plan: PlanRow, cut: CutOver, beside: Compared, codes: tuple[str, ...]) -> None:
    new, found = beside.new, beside.diff
    names = _names(new, codes)
    hidden = suppressed(new.households, np.unique(new.community, return_inverse=True)[1], k=cut.smallest_public)
    kept = {new.code[j] for j, op in enumerate(found.origin) if op == "keep"}
    since = dict(
        many(
            conn,
            "SELECT code, since FROM wangge.grid WHERE in_force IS NOT NULL AND upper(in_force) = %s AND code = ANY (%s)",
            [cut.effective_from, list(codes)],
        )
    )
    rename = dict(zip(new.name, names, strict=True))
    # Provisional codes may be the final ones of others: all step aside before any takes its place.
    run(conn, "UPDATE wangge.grid SET code = '~' || code WHERE plan_id = %s AND version = %s", [plan.id, plan.version])
    insert(
        conn,
        """UPDATE wangge.grid g SET code = v.code, name = v.name,
             east = v.east, south = v.south, west = v.west, north = v.north,
             households_public = v.households::int, persons_public = v.persons::int,
             since = v.since::date, in_force = daterange(v.day::date, NULL)
           FROM (VALUES %s) AS v (plan, version, was, code, name, east, south, west, north, households, persons, since, day)
           WHERE g.plan_id = v.plan::uuid AND g.version = v.version AND g.code = '~' || v.was""",
        [
            (
                plan.id,
                plan.version,
                was,
                codes[j],
                names[j],
                *(rename.get(bound, bound) for bound in new.bounds[j]),
                None if hidden[j] else int(new.households[j]),
                None if hidden[j] else int(new.persons[j]),
                since.get(codes[j], cut.effective_from) if was in kept else cut.effective_from,
                cut.effective_from,
            )
            for j, was in enumerate(new.code)
        ],
    )
    area = dict(many(conn, "SELECT code, id FROM wangge.area WHERE path = ANY (%s::ltree[])", [list(plan.paths)]))
    insert(
        conn,
        "INSERT INTO wangge.grid_code (code, area_id, first_plan) VALUES %s ON CONFLICT (code) DO NOTHING",
        [(code, area[community], plan.id) for code, community in zip(codes, new.community, strict=True)],
    )
    run(
        conn,
        "UPDATE wangge.plan_community SET in_force = daterange(%s, NULL) WHERE plan_id = %s",
        [cut.effective_from, plan.id],
    )
    _count_the_new(conn, plan, len(new))
    # A line lies in the community of the grid that it leads to, or else came from: whoever plans there sees it all.
    place = dict(many(conn, "SELECT code, path::text FROM wangge.area WHERE path = ANY (%s::ltree[])", [list(plan.paths)]))
    path_of = dict(zip(found.old.key, (place[community] for community in found.old.community), strict=True))
    path_of |= dict(zip(codes, (place[community] for community in new.community), strict=True))
    insert(
        conn,
        "INSERT INTO wangge.lineage (plan_id, path, from_code, to_code, op, households_moved, share) VALUES %s",
        [
            (
                plan.id,
                path_of[row.to_code or row.from_code or ""],
                row.from_code,
                row.to_code,
                row.op.value,
                row.households_moved,
                row.share,
            )
            for row in found.rows(codes)
        ],
    )
    run(
        conn,
        """INSERT INTO wangge.publication (plan_id, path, effective_from, published_at, published_by)
           VALUES (%s, %s, %s, %s, %s)""",
        [plan.id, plan.path, cut.effective_from, cut.now, cut.actor],
    )


def _count_the_new(conn: connection, plan: PlanRow, wanted: int) -> None:
    """Refuse a cut-over of which the caller's scope let only a part happen."""
    (count,) = one(
        conn,
        "SELECT count(*) FROM wangge.grid WHERE plan_id = %s AND version = %s AND upper_inf(in_force)",
        [plan.id, plan.version],
    )
    if count != wanted:
        msg = "parts of this plan lie outside your areas"
        raise Refused(msg)


def _names(new: Net, codes: Sequence[str]) -> tuple[str, ...]:
    """Return names that say the final number wherever a name said the provisional one; other names stay."""
    made: list[str] = []
    for name, code, community in zip(new.name, codes, new.community, strict=True):
        head, marked, _ = name.rpartition("第")
        if not (marked and name.endswith("网格")):
            made.append(name)
            continue
        try:
            made.append(f"{head}第{scheme_for(community).parse(code).sequence}网格")
        except CodeError:
            made.append(name)
    return tuple(made)
