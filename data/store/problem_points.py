"""Problem points in the store (脏点、乱点、差点): where they lie, and which of them are one and the same problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.store.log import record
from data.store.sql import many, maybe, one, run
from gis.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from psycopg2.extensions import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemPoint:
    """A point as it is kept; degrees in CGCS2000. `kind` is its class: dirty, messy, poor; `grid` None: in none."""

    id: int
    grid: str | None
    kind: str
    note: str
    lon: float
    lat: float
    cluster: int | None
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Points that are one problem: how many, where their middle is, who mends it, how, by when, and where that stands."""

    id: int
    path: str
    kind: str
    points: int
    lon: float
    lat: float
    grids: tuple[str, ...]
    department: str | None
    measure: str
    deadline: date | None
    state: str
    revision: int


def add(
    conn: connection,
    *,
    at: tuple[float, float],
    path: str,
    grid: str | None,
    kind: str,
    note: str,
    day: date,
    client_uuid: str | None,
) -> tuple[int, bool]:
    """Write a point down at a place (longitude, latitude) and return its number, and whether it is new."""
    row = maybe(
        conn,
        """INSERT INTO wangge.problem_point (path, grid_code, class, note, geom, day, client_uuid)
           VALUES (%s, %s, %s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4490), %s, %s)
           ON CONFLICT (client_uuid) DO NOTHING RETURNING id""",
        [path, grid, kind, note, *at, day, client_uuid],
    )
    if row is None:
        kept = maybe(conn, "SELECT id FROM wangge.problem_point WHERE client_uuid = %s", [client_uuid])
        if kept is None:
            raise Conflict("somebody else has sent a point by this id", code="already-exists")
        return kept[0], False
    record(conn, "problem_point.found", path=path, subject=str(row[0]), body={"class": kind, "grid": grid})
    return row[0], True


def listed(
    conn: connection, *, area: str | None, grid: str | None, kind: str | None, before: int | None, limit: int
) -> list[ProblemPoint]:
    """Return the points that the caller may see, the newest first; those before the number `before`."""
    rows = many(
        conn,
        """SELECT id, grid_code, class, note, ST_X(geom), ST_Y(geom), cluster_id, day FROM wangge.problem_point
           WHERE (%(before)s::bigint IS NULL OR id < %(before)s)
             AND (%(area)s::ltree IS NULL OR path <@ %(area)s::ltree) AND (%(grid)s::text IS NULL OR grid_code = %(grid)s)
             AND (%(kind)s::text IS NULL OR class = %(kind)s)
           ORDER BY id DESC LIMIT %(limit)s""",
        {"before": before, "area": area, "grid": grid, "kind": kind, "limit": limit},
    )
    return [ProblemPoint(**dict(zip(ProblemPoint.__slots__, row, strict=True))) for row in rows]


def gather(conn: connection, *, area: str, within_m: float, now: datetime) -> list[int]:
    """Join the points of an area that are near each other and of one class to clusters; return those that are new.

    A point joins the open cluster of its community and class that it is nearest to, within `within_m` metres of one of its
    points; the others make new ones, a point alone too. What is in a cluster stays in it.
    """
    # Two who gather at once would each make a cluster of the same points.
    run(conn, "SELECT pg_advisory_xact_lock(hashtextextended('wangge.problem_points.' || %s, 0))", [area.split(".", 1)[0]])
    rows = many(
        conn,
        """WITH frame AS (SELECT t.path, t.frame FROM wangge.town t),
           loose AS (
             SELECT p.id, p.path, p.class, ST_Transform(p.geom, f.frame) AS shape FROM wangge.problem_point p
               JOIN LATERAL (SELECT f.frame FROM frame f WHERE f.path @> p.path OR f.path <@ p.path
                             ORDER BY nlevel(f.path) DESC LIMIT 1) f ON true
             WHERE p.cluster_id IS NULL AND p.path <@ %(area)s::ltree
           ), grouped AS (
             SELECT id, path, class, shape,
               ST_ClusterDBSCAN(shape, eps => %(within)s, minpoints => 1) OVER (PARTITION BY path, class) AS n FROM loose
           ), old AS (
             SELECT DISTINCT ON (g.path, g.class, g.n) g.path, g.class, g.n, c.id AS cluster
             FROM grouped g JOIN wangge.problem_cluster c ON c.path = g.path AND c.class = g.class AND c.state <> 'cleared'
               JOIN wangge.problem_point q ON q.cluster_id = c.id
             WHERE ST_DWithin(ST_Transform(q.geom, ST_SRID(g.shape)), g.shape, %(within)s)
             ORDER BY g.path, g.class, g.n, ST_Distance(ST_Transform(q.geom, ST_SRID(g.shape)), g.shape), c.id
           )
           SELECT g.path::text, g.class, o.cluster, array_agg(g.id ORDER BY g.id)
           FROM grouped g LEFT JOIN old o ON (o.path, o.class, o.n) = (g.path, g.class, g.n)
           GROUP BY g.path, g.class, g.n, o.cluster ORDER BY min(g.id)""",
        {"area": area, "within": within_m},
    )
    made: list[int] = []
    for path, kind, known, points in rows:
        cluster = known
        if cluster is None:
            (cluster,) = one(
                conn,
                "INSERT INTO wangge.problem_cluster (path, class, updated_at) VALUES (%s, %s, %s) RETURNING id",
                [path, kind, now],
            )
            made.append(cluster)
        run(conn, "UPDATE wangge.problem_point SET cluster_id = %s WHERE id = ANY (%s)", [cluster, points])
        record(conn, "problem_cluster.gathered", path=path, subject=str(cluster), body={"points": points})
    return made


_CLUSTERS = """SELECT c.id, c.path::text, c.class, count(p.id), avg(ST_X(p.geom)), avg(ST_Y(p.geom)),
      coalesce(array_agg(DISTINCT p.grid_code) FILTER (WHERE p.grid_code IS NOT NULL), '{}'),
      c.department, c.measure, c.deadline, c.state, c.revision
    FROM wangge.problem_cluster c JOIN wangge.problem_point p ON p.cluster_id = c.id
    WHERE (%(id)s::bigint IS NULL OR c.id = %(id)s) AND (%(before)s::bigint IS NULL OR c.id < %(before)s)
      AND (%(area)s::ltree IS NULL OR c.path <@ %(area)s::ltree) AND (%(state)s::text IS NULL OR c.state = %(state)s)
      AND (%(kind)s::text IS NULL OR c.class = %(kind)s)
    GROUP BY c.id ORDER BY c.id DESC LIMIT %(limit)s"""


def clusters(
    conn: connection, *, area: str | None, kind: str | None = None, state: str | None, before: int | None, limit: int
) -> list[Cluster]:
    """Return the clusters that the caller may see, the newest first; those before the number `before`."""
    asked = {"id": None, "area": area, "kind": kind, "state": state, "before": before, "limit": limit}
    rows = many(conn, _CLUSTERS, asked)
    return [_cluster(row) for row in rows]


def cluster(conn: connection, number: int, *, lock: bool = False) -> Cluster:
    """Return a cluster that the caller may see; with `lock`, nobody else changes it until the transaction ends."""
    if lock:
        run(conn, "SELECT FROM wangge.problem_cluster WHERE id = %s FOR UPDATE", [number])
    row = maybe(conn, _CLUSTERS, {**dict.fromkeys(("area", "kind", "state", "before")), "id": number, "limit": 1})
    if row is None:
        raise NotFound(f"there is no cluster {number}, or it is not yours to see")
    return _cluster(row)


def change(conn: connection, it: Cluster, wanted: Mapping[str, object], now: datetime) -> None:
    """Say who mends a cluster, how, by when, and where that stands: department, measure, deadline, state."""
    done = run(
        conn,
        """UPDATE wangge.problem_cluster SET department = %(department)s, measure = %(measure)s, deadline = %(deadline)s,
             state = %(state)s, revision = revision + 1, updated_at = %(now)s WHERE id = %(id)s""",
        {**wanted, "now": now, "id": it.id},
    )
    if not done:
        raise NotFound(f"there is no cluster {it.id} that you may change")
    body = {"state": wanted["state"], "department": wanted["department"]}
    record(conn, "problem_cluster.changed", path=it.path, subject=str(it.id), body=body)


def _cluster(row: tuple[Any, ...]) -> Cluster:
    values: dict[str, Any] = dict(zip(Cluster.__slots__, row, strict=True))
    values["grids"] = tuple(values["grids"])
    return Cluster(**values)
