"""Plans in the store: what they are, where they stand, and the nets that they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import shapely
from psycopg2.extras import Json

from data.store.nets import load_net, save_net
from data.store.plan_blocks import drop
from data.store.sql import insert, many, maybe, one, run
from gis.errors import Conflict, NotFound
from partition.rules import rules_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from partition.net import Net
    from partition.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """A plan as it stands. `path` is the smallest area that holds all its communities, `paths` are these."""

    id: str
    number: int
    town: int
    snapshot: int
    path: str
    paths: tuple[str, ...]
    title: str
    reason: str
    state: str
    version: int
    revision: int
    author: str | None
    made_with: Mapping[str, Any]
    metrics: Mapping[str, Any]
    findings: Sequence[Mapping[str, Any]]
    digest: str | None
    effective_from: date | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRow:
    """An area that a plan concerns, at any tier."""

    id: int
    path: str
    code: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Who makes a plan, when, and from what: town and snapshot by number, the frame by its EPSG number."""

    town: int
    snapshot: int
    srid: int
    author: str | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a plan is called, why it was made, how it can be made again, and what it is worth."""

    title: str
    reason: str
    made_with: Mapping[str, Any]
    metrics: Mapping[str, Any]


_SELECT = """SELECT p.id::text, p.number, p.town_id, p.snapshot, p.path::text, p.paths::text[], p.title, p.reason, p.state,
    p.version, p.revision, p.author::text, p.made_with, p.metrics, p.findings, p.digest,
    p.effective_from, p.created_at, p.updated_at FROM wangge.plan p """
_NAMES = (
    "id", "number", "town", "snapshot", "path", "paths", "title", "reason", "state", "version", "revision", "author",
    "made_with", "metrics", "findings", "digest", "effective_from", "created_at", "updated_at",
)  # fmt: skip


def _plan(row: tuple[Any, ...]) -> PlanRow:
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    values["paths"] = tuple(values["paths"])
    return PlanRow(**values)


def create(conn: connection, net: Net, maker: Maker, origin: Origin) -> PlanRow:
    """Write a net as the draft of a new plan for the communities that it divides."""
    areas = _communities(conn, net)
    paths = [path for _, path in areas.values()]
    (identity,) = one(
        conn,
        """INSERT INTO wangge.plan (town_id, snapshot, path, paths, title, reason, author, made_with, metrics,
             created_at, updated_at)
           VALUES (%s, %s, %s, %s::ltree[], %s, %s, %s, %s, %s, %s, %s) RETURNING id::text""",
        [
            maker.town, maker.snapshot, _common(paths), paths, origin.title, origin.reason, maker.author,
            Json(dict(origin.made_with)), Json(dict(origin.metrics)), maker.now, maker.now,
        ],
    )  # fmt: skip
    insert(
        conn,
        "INSERT INTO wangge.plan_community (plan_id, area_id, path, base, noded) VALUES %s",
        [
            (identity, *areas[code], _in_force(conn, areas[code][0]), shapely.to_wkb(net.outline[code]), maker.srid)
            for code in sorted(net.outline)
        ],
        template="(%s,%s,%s,%s,ST_GeomFromWKB(%s,%s))",
    )
    save_net(conn, net, plan=identity, version=1, town=maker.town, snapshot=maker.snapshot, areas=areas, srid=maker.srid)
    return get(conn, identity)


def replace(conn: connection, plan: PlanRow, net: Net, maker: Maker, *, metrics: Mapping[str, Any]) -> PlanRow:
    """Put another net in the place of a draft's, for the same communities."""
    areas = _communities(conn, net)
    if sorted(path for _, path in areas.values()) != sorted(plan.paths):
        msg = "the new grids are not for the communities of this plan"
        raise Conflict(msg, code="other-communities")
    drop(conn, plan)
    run(conn, "DELETE FROM wangge.grid WHERE plan_id = %s AND version = %s", [plan.id, plan.version])
    run(conn, "DELETE FROM wangge.assignment WHERE plan_id = %s AND version = %s", [plan.id, plan.version])
    insert(
        conn,
        """UPDATE wangge.plan_community c SET noded = ST_GeomFromWKB(v.noded, v.srid)
           FROM (VALUES %s) AS v (plan, area, noded, srid) WHERE c.plan_id = v.plan::uuid AND c.area_id = v.area""",
        [(plan.id, areas[code][0], shapely.to_wkb(net.outline[code]), maker.srid) for code in sorted(net.outline)],
    )
    save_net(
        conn, net, plan=plan.id, version=plan.version, town=plan.town, snapshot=plan.snapshot, areas=areas, srid=maker.srid
    )
    run(
        conn,
        """UPDATE wangge.plan SET state = 'draft', metrics = %s, findings = '[]', digest = NULL, revision = revision + 1,
             updated_at = %s
           WHERE id = %s""",
        [Json(dict(metrics)), maker.now, plan.id],
    )
    return get(conn, plan.id)


def get(conn: connection, identity: str, *, lock: bool = False) -> PlanRow:
    """Return a plan; `lock` keeps everybody else from changing it until the transaction ends."""
    statement = _SELECT + "WHERE p.id::text = %s"
    row = maybe(conn, statement + " FOR UPDATE" if lock else statement, [identity])
    if row is None:
        msg = f"there is no plan {identity}, or it is not yours to see"
        raise NotFound(msg)
    return _plan(row)


def find(conn: connection, text: str) -> str:
    """Return the id of the plan that `text` names by its number or its id."""
    row = maybe(conn, "SELECT id::text FROM wangge.plan WHERE id::text = %s OR number::text = %s", [text, text])
    if row is None:
        msg = f"there is no plan {text}, or it is not yours to see"
        raise NotFound(msg)
    return row[0]


def listed(conn: connection, *, state: str | None = None, within: str | None = None, limit: int = 100) -> list[PlanRow]:
    """Return plans that the caller sees, newest first; `within` is the path of an area that they have communities in."""
    rows = many(
        conn,
        _SELECT
        + """WHERE (%(state)s::text IS NULL OR p.state = %(state)s)
              AND (%(within)s::ltree IS NULL OR p.paths <@ %(within)s::ltree) ORDER BY p.number DESC LIMIT %(limit)s""",
        {"state": state, "within": within, "limit": limit},
    )
    return [_plan(row) for row in rows]


def area_named(conn: connection, code: str) -> AreaRow:
    """Return the area with a code; `NotFound` where there is none, or the caller does not see it."""
    row = maybe(conn, "SELECT id, path::text, code, level FROM wangge.area WHERE code = %s", [code])
    if row is None:
        msg = f"there is no area {code}, or it is not yours to see"
        raise NotFound(msg)
    identity, path, code, level = row
    return AreaRow(id=identity, path=path, code=code, level=level)


def path_named(conn: connection, code: str | None) -> str | None:
    """Return the path of the area with a code, as `area_named` finds it; None where no code is said."""
    return None if code is None else area_named(conn, code).path


def places(conn: connection, plan: PlanRow) -> tuple[AreaRow, ...]:
    """Return the communities of a plan and every area above them: all of them, whichever of them the caller sees.

    A step is made when every area of its tier has decided, so whoever takes it has to know of all.
    """
    rows = many(
        conn,
        """SELECT id, path::text, code, level FROM (
             SELECT id, path, code, level FROM wangge.area WHERE path @> ANY (%s::ltree[])
             UNION SELECT id, path, code, level FROM wangge.areas_of_plan(%s)) a ORDER BY path""",
        [list(plan.paths), plan.id],
    )
    return tuple(AreaRow(id=identity, path=path, code=code, level=level) for identity, path, code, level in rows)


def move(conn: connection, plan: PlanRow, state: str, *, now: datetime) -> PlanRow:
    """Put a plan into a state; its revision grows, whatever happens."""
    run(
        conn,
        "UPDATE wangge.plan SET state = %s, revision = revision + 1, updated_at = %s WHERE id = %s",
        [state, now, plan.id],
    )
    return get(conn, plan.id)


def note_check(
    conn: connection, plan: PlanRow, *, findings: Sequence[Mapping[str, Any]], digest: str | None, now: datetime
) -> PlanRow:
    """Keep what a check found; a net without errors is validated, and known by its digest from now on."""
    run(
        conn,
        """UPDATE wangge.plan SET state = %s, findings = %s, digest = %s, revision = revision + 1, updated_at = %s
           WHERE id = %s""",
        ["draft" if digest is None else "validated", Json(list(findings)), digest, now, plan.id],
    )
    return get(conn, plan.id)


def net(conn: connection, plan: PlanRow) -> Net:
    """Return the grids of a plan's current version."""
    return load_net(conn, plan=plan.id, version=plan.version)


def rules_of(plan: PlanRow) -> Rules:
    """Return the rules that a plan was made by."""
    return rules_from(plan.made_with.get("rules", {}))


def is_in_force(conn: connection, plan: PlanRow, day: date) -> bool:
    """Say whether a plan holds anywhere on a day, or will."""
    row = maybe(
        conn,
        "SELECT FROM wangge.plan_community WHERE plan_id = %s AND (upper_inf(in_force) OR upper(in_force) > %s) LIMIT 1",
        [plan.id, day],
    )
    return row is not None


def bases(conn: connection, plan: PlanRow) -> dict[int, str | None]:
    """Return, by community, the plan that was in force when this one was begun."""
    return dict(many(conn, "SELECT area_id, base::text FROM wangge.plan_community WHERE plan_id = %s", [plan.id]))


def _in_force(conn: connection, area: int) -> str | None:
    """Return the plan that will be in force in a community from its day on, until another takes its place."""
    row = maybe(conn, "SELECT plan_id::text FROM wangge.plan_community WHERE area_id = %s AND upper_inf(in_force)", [area])
    return None if row is None else row[0]


def _communities(conn: connection, net: Net) -> dict[str, tuple[int, str]]:
    rows = many(
        conn,
        "SELECT code, id, path::text FROM wangge.area WHERE level = 'community' AND code = ANY (%s)",
        [list(net.outline)],
    )
    found = {code: (identity, path) for code, identity, path in rows}
    if missing := sorted(set(net.outline) - set(found)):
        msg = f"the store does not have these communities, or they are not yours: {', '.join(missing)}"
        raise NotFound(msg)
    return found


def _common(paths: Sequence[str]) -> str:
    """Return the path of the smallest area that holds all of `paths`."""
    split = [path.split(".") for path in paths]
    shared = 0
    for labels in zip(*split, strict=False):
        if len(set(labels)) > 1:
            break
        shared += 1
    if not shared:
        msg = "a plan lies in one city or district"
        raise Conflict(msg, code="no-common-area")
    return ".".join(split[0][:shared])
