"""Areas in the store: what each was called, where it lay and what it belonged to, from day to day.

The links between areas are today's in `area`, and those of any day in `area_version`. Paths are ids from the root down;
who may see a row is decided by its path, so an area that goes to another parent takes the paths of all below with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, count
from typing import TYPE_CHECKING

import numpy as np
import shapely
from psycopg2.sql import SQL, Identifier

from data.store.area_tree import area_tree
from data.store.area_versions import Change, Version, close, from_ewkb, in_frame, open_versions, union, write
from data.store.sql import many, maybe, one, run
from gis.errors import Conflict
from gis.frame import SNAP_M

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from psycopg2.extensions import connection

    from data.store.area_tree import Parent
    from gis.finding import Finding
    from gis.town import Communities

LEVELS = ("city", "district", "street", "community")

_AS_WRITTEN = ("event",)
"""Tables whose paths never change: a hash covers them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """An area as it was on a day; `path` is its place in today's tree, `parent` the code of what it belonged to then."""

    id: int
    code: str
    level: str
    name: str
    kind: str
    parent: str | None
    path: str
    valid_from: date
    valid_to: date | None
    replaced_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A town's communities in the tree: their paths in the order of the layer, and what became of which area.

    `root` is the city or the one district that holds them all. `new`, `closed` and `changed` are codes, of all levels.
    """

    root: tuple[int, str]
    paths: tuple[str, ...]
    new: tuple[str, ...]
    closed: tuple[str, ...]
    changed: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """An area that is there: `parent` is an id, `name` its latest."""

    id: int
    code: str
    level: str
    parent: int | None
    name: str


def areas_at(conn: connection, day: date, level: str | None = None, under: str | None = None) -> list[Area]:
    """Return the areas of `day` by code: those of one level, and with `under`, what belonged to that area then and itself."""
    rows = many(
        conn,
        """WITH RECURSIVE held AS (
            SELECT v.*, a.code, a.level FROM wangge.area_version v JOIN wangge.area a ON a.id = v.area_id
            WHERE v.valid @> %(day)s::date
        ), inside AS (
            SELECT area_id FROM held WHERE code = %(under)s OR (%(under)s IS NULL AND parent_id IS NULL)
            UNION ALL SELECT h.area_id FROM held h JOIN inside i ON h.parent_id = i.area_id
        )
        SELECT h.area_id, h.code, h.level, h.name, h.kind, p.code, h.path::text, lower(h.valid), upper(h.valid), r.code
        FROM inside JOIN held h USING (area_id)
        LEFT JOIN wangge.area p ON p.id = h.parent_id LEFT JOIN wangge.area r ON r.id = h.replaced_by
        WHERE %(level)s IS NULL OR h.level = %(level)s ORDER BY h.code COLLATE "C" """,
        {"day": day, "level": level, "under": under},
    )
    names = Area.__slots__
    return [Area(**dict(zip(names, row, strict=True))) for row in rows]


def ensure_chain(conn: connection, communities: Communities, *, town: str, srid: int, day: date) -> Chain:
    """Bring the tree to what the communities of `town` say from `day` on; where nothing differs nothing is written.

    Communities that the town has in the store and no longer in its files are closed on `day`. Raises `Conflict` where a
    code is another town's or another kind of area's, or where something later than `day` is known already.
    """
    # Towns may share a street or a city: the tree has one writer at a time.
    run(conn, "SELECT pg_advisory_xact_lock(hashtextextended('wangge.areas', 0))")
    _refuse_communities_of_others(conn, communities.code, town)
    gone = _gone(conn, communities.code, town)
    known = {area.code: area for area in _known(conn, "community", communities.code, ())}
    change = Change(town, srid, day, frozenset({*gone, *(area.id for area in known.values())}))
    tree = area_tree(communities, town)
    taken = frozenset(communities.code)
    city = None if tree.city is None else _resolve(conn, change, "city", [(tree.city, None)], taken)[0]
    districts = _resolve(conn, change, "district", [(district, city) for district in tree.districts], taken)
    above = [(street, districts[k]) for street, k in zip(tree.streets, tree.district_of, strict=True)]
    streets = _resolve(conn, change, "street", above, taken)
    ids = [
        _placed(conn, change, known.get(code), code=code, level="community", parent=streets[k])
        for code, k in zip(communities.code, tree.street_of, strict=True)
    ]
    _write_communities(conn, change, communities, ids)
    _close_communities(conn, change, communities, ids, gone)
    for level in reversed(LEVELS[:-1]):
        _write_parents(conn, change, level)
    root = districts[0] if city is None else city
    rows: list[tuple[int, str]] = many(conn, "SELECT id, path::text FROM wangge.area WHERE id = ANY (%s)", [[*ids, root]])
    path_of = dict(rows)
    return Chain(
        root=(root, path_of[root]),
        paths=tuple(path_of[i] for i in ids),
        new=tuple(change.new),
        closed=tuple(change.closed),
        changed=tuple(change.changed),
        findings=tree.findings,
    )


# --- finding areas ------------------------------------------------------------------------------------------------------


def _refuse_communities_of_others(conn: connection, codes: Sequence[str], town: str) -> None:
    row = maybe(
        conn,
        """SELECT f.code, t.name FROM wangge.town_feature f JOIN wangge.town t ON t.id = f.town_id
        WHERE f.layer = 'community' AND upper_inf(f.seen) AND f.code = ANY (%s) AND t.name <> %s ORDER BY f.code LIMIT 1""",
        [list(codes), town],
    )
    if row is not None:
        code, other = row
        raise Conflict(
            f"community {code} is in the town {other} already: import these files under that name, "
            "or give the communities codes of their own",
            code="community-of-another-town",
        )


def _gone(conn: connection, codes: Sequence[str], town: str) -> list[int]:
    """Return the communities that the town has in the store and no longer in its files."""
    rows = many(
        conn,
        """SELECT a.id FROM wangge.town_feature f JOIN wangge.town t ON t.id = f.town_id JOIN wangge.area a ON a.code = f.code
        WHERE f.layer = 'community' AND upper_inf(f.seen) AND t.name = %s AND f.code <> ALL (%s) ORDER BY f.code""",
        [town, list(codes)],
    )
    return [area for (area,) in rows]


def _known(conn: connection, level: str, codes: Sequence[str], names: Sequence[str]) -> list[_Known]:
    """Return areas with one of the codes, and those of the level with one of the names; a code of another level is refused."""
    rows = many(
        conn,
        """SELECT a.id, a.code, a.level, a.parent_id, coalesce(v.name, '') FROM wangge.area a LEFT JOIN LATERAL (
            SELECT name FROM wangge.area_version WHERE area_id = a.id ORDER BY lower(valid) DESC LIMIT 1) v ON true
        WHERE a.code = ANY (%s) OR (a.level = %s AND v.name = ANY (%s)) ORDER BY a.id""",
        [list(codes), level, list(names)],
    )
    found = [_Known(*row) for row in rows]
    for area in found:
        if area.level != level:
            raise Conflict(f"{area.code} is the code of a {area.level} already and cannot be a {level}'s", code="code-taken")
    return found


def _resolve(
    conn: connection,
    change: Change,
    level: str,
    wanted: Sequence[tuple[Parent, int | None]],
    taken: Collection[str],
) -> list[int]:
    """Return the areas that are meant, each with the id of its own parent; made, or moved, where need be.

    One by name is the area called so below the same parent; else one called so that only this town has, gone to another
    parent; else a new one.
    """
    known = _known(
        conn,
        level,
        [parent.code for parent, _ in wanted if parent.code],
        [parent.name for parent, _ in wanted if not parent.code],
    )
    found: dict[int, _Known] = {}
    for k, (parent, above) in enumerate(wanted):
        same = [a for a in known if (a.code == parent.code if parent.code else (a.name, a.parent) == (parent.name, above))]
        if same:
            found[k] = same[0]
    for k, (parent, _) in enumerate(wanted):
        if k not in found and not parent.code:
            free = [a for a in known if a.name == parent.name and a not in found.values() and _only_here(conn, change, a)]
            if free:
                found[k] = free[0]
    result: list[int] = []
    for k, (parent, above) in enumerate(wanted):
        area = found.get(k)
        code = parent.code or (area.code if area else _free_code(conn, change, parent.name, above, taken))
        made = _placed(conn, change, area, code=code, level=level, parent=above)
        # A code that was typed says no name; one that is known is better.
        change.name[made] = area.name if parent.code and area and area.name else parent.name
        change.touched.add(made)
        result.append(made)
    return result


def _only_here(conn: connection, change: Change, area: _Known) -> bool:
    """Say whether there are communities in the area, and all of them this town's."""
    rows = many(
        conn,
        """SELECT c.id FROM wangge.area c JOIN wangge.area_version v ON v.area_id = c.id AND upper_inf(v.valid)
        WHERE c.level = 'community' AND c.path <@ (SELECT path FROM wangge.area WHERE id = %s)""",
        [area.id],
    )
    below = {community for (community,) in rows}
    return bool(below) and below <= change.own


def _free_code(conn: connection, change: Change, name: str, parent: int | None, taken: Collection[str]) -> str:
    """Return a code for an area that has only a name: that, with what it belongs to before it where it is taken."""
    above = change.town if parent is None else one(conn, "SELECT code FROM wangge.area WHERE id = %s", [parent])[0]
    for code in chain((name, f"{above}/{name}"), (f"{above}/{name}/{number}" for number in count(2))):
        if code not in taken and maybe(conn, "SELECT FROM wangge.area WHERE code = %s", [code]) is None:
            return code
    raise AssertionError


# --- the tree of today --------------------------------------------------------------------------------------------------


def _placed(conn: connection, change: Change, area: _Known | None, *, code: str, level: str, parent: int | None) -> int:
    """Return the id of an area after making it, or after hanging it below `parent`; None leaves it where it is."""
    if area is None:
        (made,) = one(
            conn, "INSERT INTO wangge.area (code, level, parent_id) VALUES (%s, %s, %s) RETURNING id", [code, level, parent]
        )
        return made
    if parent is not None and area.parent != parent:
        if level == "district" and area.parent is not None and not _only_here(conn, change, area):
            raise Conflict(f"district {area.code} belongs to another city already, with communities of other towns in it")
        if area.parent is not None:
            change.touched.add(area.parent)
        _move(conn, area.id, parent)
    return area.id


def _move(conn: connection, area: int, parent: int) -> None:
    """Hang an area below another parent, and carry along the path of everything that lies in it."""
    (old,) = one(conn, "SELECT path::text FROM wangge.area WHERE id = %s", [area])
    (new,) = one(conn, "UPDATE wangge.area SET parent_id = %s WHERE id = %s RETURNING path::text", [parent, area])
    columns: list[tuple[str, str, bool]] = many(
        conn,
        """SELECT c.relname, a.attname, a.atttypid = 'ltree[]'::regtype
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'wangge'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND a.atttypid IN ('ltree'::regtype, 'ltree[]'::regtype) AND a.attnum > 0 AND c.relname <> ALL (%s)""",
        [list(_AS_WRITTEN)],
    )
    for table, column, several in columns:
        statement = _MOVE_SEVERAL if several else _MOVE
        names = {"table": Identifier(table), "column": Identifier(column)}
        run(conn, statement.format(**names), {"old": old, "new": new})


_MOVE = SQL(
    """UPDATE wangge.{table} SET {column} = CASE WHEN {column} = %(old)s::ltree THEN %(new)s::ltree
        ELSE %(new)s::ltree || subpath({column}, nlevel(%(old)s::ltree)) END
    WHERE {column} <@ %(old)s::ltree"""
)
_MOVE_SEVERAL = SQL(
    """UPDATE wangge.{table} SET {column} = ARRAY(
        SELECT CASE WHEN p = %(old)s::ltree THEN %(new)s::ltree
            WHEN p <@ %(old)s::ltree THEN %(new)s::ltree || subpath(p, nlevel(%(old)s::ltree)) ELSE p END
        FROM unnest({column}) WITH ORDINALITY u (p, n) ORDER BY n)
    WHERE {column} <@ %(old)s::ltree"""
)


# --- versions -----------------------------------------------------------------------------------------------------------


def _write_communities(conn: connection, change: Change, communities: Communities, ids: Sequence[int]) -> None:
    parent_of: dict[int, int] = dict(many(conn, "SELECT id, parent_id FROM wangge.area WHERE id = ANY (%s)", [list(ids)]))
    opened = open_versions(conn, ids)
    rows = zip(ids, communities.code, communities.name, communities.polygon, strict=True)
    for area, code, name, polygon in rows:
        shape = shapely.set_srid(polygon, change.srid)
        write(conn, change, opened.get(area), Version(area, change.day, name, parent_of[area], shape), code)


def _close_communities(
    conn: connection, change: Change, communities: Communities, ids: Sequence[int], gone: Sequence[int]
) -> None:
    """Close the communities that are gone, each with the one that has most of its ground now."""
    rows: list[tuple[int, str, int]] = many(
        conn, "SELECT id, code, parent_id FROM wangge.area WHERE id = ANY (%s) ORDER BY code", [list(gone)]
    )
    opened = open_versions(conn, gone)
    for area, code, parent in rows:
        change.touched.add(parent)
        if (version := opened.get(area)) is not None:
            share = shapely.area(shapely.intersection(communities.polygon, version.shape, grid_size=SNAP_M))
            heir = ids[int(np.argmax(share))] if share.max(initial=0.0) > 0 else None
            close(conn, change, version, code, heir)


def _write_parents(conn: connection, change: Change, level: str) -> None:
    """Give the touched parents of one level the ground of what lies in them; one with nothing in it is closed."""
    rows: list[tuple[int, str, int | None]] = many(
        conn,
        "SELECT id, code, parent_id FROM wangge.area WHERE level = %s AND id = ANY (%s) ORDER BY code",
        [level, sorted(change.touched)],
    )
    opened = open_versions(conn, [area for area, _, _ in rows])
    inside: dict[int, list[str]] = {}
    below: list[tuple[int, str]] = many(
        conn,
        """SELECT a.parent_id, v.shape FROM wangge.area a JOIN wangge.area_version v ON v.area_id = a.id AND upper_inf(v.valid)
        WHERE a.parent_id = ANY (%s) ORDER BY a.code COLLATE "C" """,
        [[area for area, _, _ in rows]],
    )
    for parent, shape in below:
        inside.setdefault(parent, []).append(shape)
    for area, code, parent in rows:
        version = opened.get(area)
        if parent is not None:
            change.touched.add(parent)
        if area in inside:
            # An area of several towns keeps the frame that it has.
            srid = change.srid if version is None else int(shapely.get_srid(version.shape))
            name = change.name.get(area) or (code if version is None else version.name)
            ground = union(in_frame(from_ewkb(inside[area]), srid))
            write(conn, change, version, Version(area, change.day, name, parent, shapely.set_srid(ground, srid)), code)
        elif version is not None:
            close(conn, change, version, code, None)
