"""Towns in the store: what comes out is the very value that went in, for every snapshot and for ever.

Each import that brings something new is a snapshot with a number. A row is `seen` from one number to another: what did not
change from one import to the next is kept once. Coordinates travel as the bytes of their doubles.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely
from psycopg2.sql import SQL, Identifier

from data.plan_files import finding_record
from data.store.areas import ensure_chain
from data.store.homes import homes, homes_on
from data.store.households import PointCounts, changes, count_changes
from data.store.sql import many, maybe, one, run
from data.store.town_layers import (
    LAYERS,
    digest_of,
    feature_lines,
    features_of,
    point_lines,
    read_features,
    read_points,
    read_rows,
    write_features,
    write_points,
)
from gis.errors import Conflict, FrameError, NotFound
from gis.finding import Finding, Place, Severity
from gis.frame import SNAP_M, Frame
from gis.town import Barriers, Communities, Compounds, Dedicated, ExistingGrids, LineKind, Town, read_only

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

    from data.store.areas import Chain
    from data.store.town_layers import Features
    from partition.net import Net

NEAR_M = 200.0
"""How far around a few communities the lines of the ground still matter."""

_LISTED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import brought. Where it brought nothing new, `snapshot` is the one that was there.

    `ids` are the first thousand household points that differ, by what became of them; `areas` codes of communities and of what
    lies above them; `layers` names of the other layers that differ; `findings` what the tree of areas gave to say.
    """

    town: int
    name: str
    snapshot: int
    is_new: bool
    households: PointCounts
    ids: Mapping[str, tuple[str, ...]]
    areas: Mapping[str, tuple[str, ...]]
    layers: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A town as the store has it: ids, the last snapshot's number, and that snapshot's own words."""

    town: int
    srid: int
    path: str
    last: int
    says: Mapping[str, Any]


def import_town(conn: connection, town: Town, *, day: date, now: datetime, dry_run: bool = False) -> Imported:
    """Bring a town into the store as its next snapshot; its areas change on `day`.

    `conn` is the owner's, inside a transaction; `dry_run` tells what would come of it and leaves nothing. Raises `Conflict`
    where the town, or one of its communities, cannot be brought together with what is there, `FrameError` where the
    store cannot know its frame.
    """
    run(conn, "SAVEPOINT import_town")
    # Reading files and joining shapes takes the time that it takes; whoever imports the same town waits for us.
    run(conn, "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
    run(conn, "SELECT pg_advisory_xact_lock(hashtextextended('wangge.town.' || %s, 0))", [town.name])
    imported = _import(conn, town, day, now)
    if dry_run:
        run(conn, "ROLLBACK TO SAVEPOINT import_town")
    run(conn, "RELEASE SAVEPOINT import_town")
    return imported


def _import(conn: connection, town: Town, day: date, now: datetime) -> Imported:
    srid = _srid(conn, town.frame)
    kept = _kept(conn, town.name)
    if kept is not None and kept.srid != srid:
        raise Conflict(
            f"{town.name} is kept in EPSG:{kept.srid} and cannot come in {town.frame.crs}: name that frame in town.toml, "
            "or give the town another name",
            code="other-frame",
        )
    layers = {layer: feature_lines(features, srid) for layer, features in features_of(town).items()}
    points = point_lines(town.households, srid)
    stood = [f"{row}\t{line}" for row, line in zip(town.households.row.tolist(), points, strict=True)]
    says: dict[str, Any] = {
        "has_persons": town.has_persons,
        "on_overlap": town.on_overlap,
        "digests": dict(town.digests),
        "findings": [finding_record(finding) for finding in town.findings],
        "content": {layer: digest_of(lines) for layer, lines in (layers | {"household": stood}).items()},
    }
    if kept is not None and kept.says == says:
        return _imported(conn, kept, town.name, None, None)
    was: Mapping[str, str] = {} if kept is None else kept.says["content"]
    differ = {layer for layer, digest in says["content"].items() if was.get(layer, digest_of([])) != digest}
    tree = None
    if kept is None or "community" in differ:
        tree = ensure_chain(conn, town.communities, town=town.name, srid=srid, day=day)
    kept = _head(conn, town, kept, srid, tree)
    for layer in sorted(differ & layers.keys()):
        paths = _community_paths(conn, town, tree) if layer == "community" else (kept.path,) * len(layers[layer])
        write_features(conn, kept.town, kept.last + 1, layer, lines=layers[layer], paths=paths)
    if differ & {"household", "community"}:
        places = _point_paths(town, _community_paths(conn, town, tree), kept.path)
        rows = write_points(conn, kept.town, kept.last + 1, town.households, lines=points, paths=places)
    else:
        rows = read_rows(conn, kept.town, kept.last)
    imported = _imported(conn, kept, town.name, tree, tuple(sorted(differ & layers.keys())))
    _write_snapshot(conn, kept, says, imported, now, rows=rows)
    return imported


def load_town(
    conn: connection,
    name: str,
    *,
    snapshot: int | None = None,
    communities: Sequence[str] | None = None,
    net: Net | None = None,
) -> Town:
    """Return a town as it came in, by the last snapshot or the one that is named.

    With `communities` only these, by their codes, with their households, the lines within `NEAR_M` of them and the areas
    that touch them; with `net`, that divides these communities, the households are those that it must have, by the lines
    that its grids have. `NotFound` where there is no such town, snapshot or community.
    """
    town, srid, number, has_persons, digests, findings, on_overlap = one(
        conn,
        """SELECT t.id, t.frame, s.number, s.has_persons, s.digests, s.findings, s.changes->>'on_overlap'
        FROM wangge.town t JOIN wangge.snapshot s ON s.town_id = t.id
        WHERE t.name = %(name)s AND (%(number)s IS NULL OR s.number = %(number)s) ORDER BY s.number DESC LIMIT 1""",
        {"name": name, "number": snapshot},
        what="town" if snapshot is None else "snapshot of that town",
    )
    layers = {layer: read_features(conn, town, number, layer) for layer in LAYERS}
    households = read_points(conn, town, number)
    everything = layers["community"]
    if communities is not None:
        chosen = _chosen(everything.code, communities)
        home = homes(households.xy, everything.shape, everything.code) if net is None else homes_on(net, households, everything)
        layers, households = _near(layers, chosen), households.take(np.flatnonzero(np.isin(home, chosen)))
    community, barrier, compound, dedicated, existing = (layers[layer] for layer in LAYERS)
    return Town(
        name=name,
        frame=Frame(f"EPSG:{srid}"),
        communities=Communities(
            community.code, community.name, community.street, community.district, community.shape, community.row
        ),
        households=households,
        barriers=Barriers(
            barrier.shape, read_only(np.array([LineKind[kind] for kind in barrier.kind], dtype=np.uint8)), barrier.name
        ),
        compounds=Compounds(compound.name, compound.shape, compound.row),
        dedicated=Dedicated(dedicated.name, dedicated.kind, dedicated.shape, dedicated.row),
        existing_grids=ExistingGrids(existing.code, existing.shape, existing.row),
        has_persons=has_persons,
        on_overlap=on_overlap,
        findings=tuple(_finding(record) for record in findings),
        digests=MappingProxyType(dict(sorted(digests.items()))),
    )


# --- what is there already ----------------------------------------------------------------------------------------------


def _srid(conn: connection, frame: Frame) -> int:
    """Return the number of the town's frame; the store names frames by their number in the EPSG registry."""
    number = re.fullmatch(r"EPSG:(\d{1,6})", frame.crs, re.IGNORECASE)
    if number is None or maybe(conn, "SELECT FROM spatial_ref_sys WHERE srid = %s", [int(number[1])]) is None:
        raise FrameError(f"the store cannot keep a town in {frame.crs}: name a metric frame as EPSG:n that PostGIS knows")
    return int(number[1])


def _kept(conn: connection, name: str) -> _Kept | None:
    row = maybe(
        conn,
        """SELECT t.id, t.frame, t.path::text, s.number, s.has_persons, s.digests, s.findings, s.changes
        FROM wangge.town t JOIN wangge.snapshot s ON s.town_id = t.id WHERE t.name = %s ORDER BY s.number DESC LIMIT 1""",
        [name],
    )
    if row is None:
        return None
    town, srid, path, last, has_persons, digests, findings, told = row
    says = {"has_persons": has_persons, "digests": digests, "findings": findings}
    return _Kept(town, srid, path, last, says | {name: told[name] for name in ("on_overlap", "content")})


def _head(conn: connection, town: Town, kept: _Kept | None, srid: int, tree: Chain | None) -> _Kept:
    """Write the town's own row, and take what lies nowhere in particular along where the town's root is another now."""
    if kept is None:
        if tree is None:
            raise AssertionError
        (made,) = one(
            conn,
            """INSERT INTO wangge.town (name, frame, on_overlap, area_id, path) VALUES (%s, %s, %s, %s, %s::ltree)
            RETURNING id""",
            [town.name, srid, town.on_overlap, *tree.root],
        )
        return _Kept(made, srid, tree.root[1], 0, {})
    run(conn, "UPDATE wangge.town SET on_overlap = %s WHERE id = %s", [town.on_overlap, kept.town])
    if tree is None:
        return kept
    area, path = tree.root
    # Moving the root's area has moved its path too: what the store says by now counts, not what was read before.
    (old,) = one(conn, "SELECT path::text FROM wangge.town WHERE id = %s", [kept.town])
    if old != path:
        values = {"town": kept.town, "area": area, "old": old, "new": path}
        run(conn, "UPDATE wangge.town SET area_id = %(area)s, path = %(new)s::ltree WHERE id = %(town)s", values)
        run(conn, "UPDATE wangge.snapshot SET path = %(new)s::ltree WHERE town_id = %(town)s", values)
        for table in ("town_feature", "household_point"):
            statement = SQL("UPDATE wangge.{} SET path = %(new)s::ltree WHERE town_id = %(town)s AND path = %(old)s::ltree")
            run(conn, statement.format(Identifier(table)), values)
    return _Kept(kept.town, srid, path, kept.last, kept.says)


def _community_paths(conn: connection, town: Town, tree: Chain | None) -> tuple[str, ...]:
    if tree is not None:
        return tree.paths
    rows: list[tuple[str, str]] = many(
        conn, "SELECT code, path::text FROM wangge.area WHERE code = ANY (%s)", [list(town.communities.code)]
    )
    path_of = dict(rows)
    return tuple(path_of[code] for code in town.communities.code)


# --- in -----------------------------------------------------------------------------------------------------------------


def _point_paths(town: Town, paths: Sequence[str], elsewhere: str) -> list[str]:
    """Return the path of each household point: its community's; of points in none, the town's."""
    inside = homes(town.households.xy, town.communities.polygon, town.communities.code)
    # The last one is what -1 finds.
    every = [*paths, elsewhere]
    return [every[k] for k in inside.tolist()]


def _write_snapshot(
    conn: connection, kept: _Kept, says: Mapping[str, Any], imported: Imported, now: datetime, *, rows: bytes
) -> None:
    told = {
        "on_overlap": says["on_overlap"],
        "content": says["content"],
        "households": asdict(imported.households),
        "ids": imported.ids,
        "areas": imported.areas,
        "layers": imported.layers,
        "findings": [finding_record(finding) for finding in imported.findings],
    }
    run(
        conn,
        """INSERT INTO wangge.snapshot
            (town_id, number, taken_at, path, has_persons, digests, findings, changes, point_rows)
        VALUES (%s, %s, %s, %s::ltree, %s, %s::jsonb, %s::jsonb, %s::jsonb, %s)""",
        [
            kept.town,
            imported.snapshot,
            now,
            kept.path,
            says["has_persons"],
            *(orjson.dumps(value).decode() for value in (says["digests"], says["findings"], told)),
            rows,
        ],
    )


def _imported(conn: connection, kept: _Kept, name: str, tree: Chain | None, layers: tuple[str, ...] | None) -> Imported:
    """Say what the step to the next snapshot is; without `layers` there is none."""
    snapshot = kept.last if layers is None else kept.last + 1
    ids: dict[str, tuple[str, ...]] = {"added": (), "removed": (), "changed": ()}
    for change in changes(conn, kept.town, kept.last, snapshot, limit=_LISTED):
        ids[change.op] += (change.id,)
    areas = ("new", "closed", "changed")
    return Imported(
        town=kept.town,
        name=name,
        snapshot=snapshot,
        is_new=layers is not None,
        households=count_changes(conn, kept.town, kept.last, snapshot),
        ids=ids,
        areas={what: () if tree is None else getattr(tree, what) for what in areas},
        layers=layers or (),
        findings=() if tree is None else tree.findings,
    )


# --- out ----------------------------------------------------------------------------------------------------------------


def _finding(record: Mapping[str, Any]) -> Finding:
    told = dict(record)
    told["severity"] = Severity(record["severity"])
    told["place"] = Place(**record["place"]) if "place" in record else None
    return Finding(**told)


def _chosen(codes: Sequence[str], wanted: Sequence[str]) -> NDArray[np.int64]:
    if missing := sorted(set(wanted) - set(codes)):
        raise NotFound(f"there is no such community: {', '.join(missing)}")
    return np.flatnonzero(np.isin(np.array(codes, dtype=object), list(wanted)))


def _near(layers: Mapping[str, Features], chosen: NDArray[np.int64]) -> dict[str, Features]:
    """Keep the chosen communities and what a plan of them alone is made from."""
    ground = shapely.union_all(layers["community"].shape[chosen], grid_size=SNAP_M)
    shapely.prepare(ground)
    near = {
        layer: np.flatnonzero(
            shapely.dwithin(ground, of.shape, NEAR_M) if layer == "barrier" else shapely.intersects(ground, of.shape)
        )
        for layer, of in layers.items()
    }
    near["community"] = chosen
    return {layer: of.take(near[layer]) for layer, of in layers.items()}
