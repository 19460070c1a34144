"""The layers of a town as rows of the store: in by COPY, out as arrays, the very same numbers both ways.

Coordinates travel as the bytes of their doubles. The lines of a layer are also what tells whether it differs: equal lines
have an equal digest, and a household point whose line is there already is left alone.

Where a household point stood in its file is no part of its line: one row more at the top of a file moves every other. Each
snapshot says it for all of its points at once (`packed_rows`).
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from psycopg2.sql import SQL, Literal

from data.store.area_versions import from_ewkb
from data.store.sql import array_text, copy_text, many, one, run
from gis.town import Households, LineKind, read_only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

    from gis.town import Town

LAYERS = "community", "barrier", "compound", "dedicated", "existing"


@dataclass(frozen=True, slots=True)
class Features:
    """One layer as rows of `town_feature`; a column of texts that the layer does not have may be empty."""

    row: NDArray[np.int64]
    shape: NDArray[np.object_]
    code: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    street: tuple[str, ...] = ()
    district: tuple[str, ...] = ()

    def take(self, index: NDArray[np.int64]) -> Features:
        """Return the rows of `index`."""
        texts = (self.code, self.name, self.kind, self.street, self.district)
        return Features(
            read_only(self.row[index]), read_only(self.shape[index]), *(tuple(t[k] for k in index.tolist()) for t in texts)
        )


def features_of(town: Town) -> dict[str, Features]:
    """Return the layers of a town but the household points, each as rows of `town_feature`."""
    community, barrier, compound = town.communities, town.barriers, town.compounds
    dedicated, existing = town.dedicated, town.existing_grids
    kinds = [LineKind(kind).name for kind in barrier.kind.tolist()]
    # A line has no row: one feature of a file may be several lines.
    numbers = np.arange(1, len(kinds) + 1, dtype=np.int64)
    return {
        "community": Features(
            community.row,
            community.polygon,
            code=community.code,
            name=community.name,
            street=community.street,
            district=community.district,
        ),
        "barrier": Features(numbers, barrier.line, name=barrier.name, kind=tuple(kinds)),
        "compound": Features(compound.row, compound.polygon, name=compound.name),
        "dedicated": Features(dedicated.row, dedicated.polygon, name=dedicated.name, kind=dedicated.subtype),
        "existing": Features(existing.row, existing.polygon, code=existing.code),
    }


def feature_lines(features: Features, srid: int) -> list[str]:
    """Return a line of text for each feature, all but its path."""
    texts = (features.code, features.name, features.kind, features.street, features.district)
    columns = [_escaped(column) or [""] * len(features.row) for column in texts]
    shapes = _ewkb(features.shape, srid)
    rows = zip(features.row.tolist(), *columns, shapes, strict=True)
    return [
        f"{number}\t{row}\t{code}\t{name}\t{kind}\t{street}\t{district}\t{shape}\n"
        for number, (row, code, name, kind, street, district, shape) in enumerate(rows, 1)
    ]


def point_lines(points: Households, srid: int) -> list[str]:
    """Return a line of text for each household point, all but its path and its place in the file."""
    rows = zip(
        _escaped(points.id),
        points.households.tolist(),
        points.persons.tolist(),
        _escaped(points.compound),
        _escaped(points.building),
        _ewkb(np.asarray(shapely.points(points.xy), dtype=object), srid),
        strict=True,
    )
    return [
        f"{external}\t{households}\t{persons}\t{compound}\t{building}\t{shape}\n"
        for external, households, persons, compound, building, shape in rows
    ]


def _escaped(texts: Sequence[str]) -> Sequence[str]:
    """Escape texts for COPY; most columns have nothing to escape, which one look at the whole tells."""
    whole = "".join(texts)
    return texts if copy_text(whole) == whole else [copy_text(text) for text in texts]


def _ewkb(shapes: NDArray[np.object_], srid: int) -> list[str]:
    return shapely.to_wkb(shapely.set_srid(shapes, srid), hex=True, include_srid=True).tolist()


def digest_of(lines: Sequence[str]) -> str:
    """Return the SHA-256 of lines."""
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_features(conn: connection, town: int, number: int, layer: str, *, lines: Sequence[str], paths: Sequence[str]) -> None:
    """Write a layer anew as snapshot `number`, each line at its path; the rows of the snapshots before stay."""
    values = {"town": town, "layer": layer, "number": number}
    run(
        conn,
        """UPDATE wangge.town_feature SET seen = int4range(lower(seen), %(number)s)
        WHERE town_id = %(town)s AND layer = %(layer)s AND upper_inf(seen)""",
        values,
    )
    run(
        conn,
        """CREATE TEMP TABLE arriving (path ltree, number integer, file_row integer, code text, name text, kind text,
            street text, district text, shape geometry) ON COMMIT DROP""",
    )
    _stage(conn, lines, paths)
    run(
        conn,
        """INSERT INTO wangge.town_feature
            (town_id, layer, seen, number, path, file_row, code, name, kind, street, district, shape)
        SELECT %(town)s, %(layer)s, int4range(%(number)s, NULL),
            number, path, file_row, code, name, kind, street, district, shape
        FROM arriving""",
        values,
    )
    run(conn, "DROP TABLE arriving")


def write_points(
    conn: connection, town: int, number: int, points: Households, *, lines: Sequence[str], paths: Sequence[str]
) -> bytes:
    """Bring the household points to what arrives: rows that differ end, others begin, and the rest is left alone.

    Returns where in their file all of them stand (`packed_rows`), for the snapshot to say.
    """
    left = _points_there(conn, town)
    found = [left.pop(line, None) for line in lines]
    run(
        conn,
        """UPDATE wangge.household_point h SET seen = int4range(lower(seen), %s)
        FROM unnest(%s::bigint[]) AS gone (id) WHERE h.id = gone.id""",
        [number, array_text(identity for identity, _ in left.values())],
    )
    # Where a point lies in today's tree is no part of what the files said.
    moved = [(point[0], path) for point, path in zip(found, paths, strict=True) if point is not None and point[1] != path]
    run(
        conn,
        """UPDATE wangge.household_point h SET path = moved.path
        FROM unnest(%s::bigint[], %s::ltree[]) AS moved (id, path) WHERE h.id = moved.id""",
        [array_text(identity for identity, _ in moved), array_text(path for _, path in moved)],
    )
    new = [k for k, point in enumerate(found) if point is None]
    begun = _begin(conn, town, number, lines=[lines[k] for k in new], paths=[paths[k] for k in new])
    ids = [begun[external] if point is None else point[0] for external, point in zip(points.id, found, strict=True)]
    return packed_rows(np.array(ids, dtype=np.int64), points.row)


def _points_there(conn: connection, town: int) -> dict[str, tuple[int, str]]:
    """Return id and path of each household point of a town's last snapshot, by its line.

    The server writes the lines and we compare them: sending all points to it and joining them there costs it several times
    as much.
    """
    text = StringIO()
    with conn.cursor() as cursor:
        copy = """COPY (SELECT id, path, external_id, households, persons, compound, building, shape
            FROM wangge.household_point WHERE town_id = {} AND upper_inf(seen)) TO STDOUT"""
        cursor.copy_expert(SQL(copy).format(Literal(town)), text)
    text.seek(0)
    there: dict[str, tuple[int, str]] = {}
    for row in text:
        identity, path, line = row.split("\t", 2)
        there[line] = int(identity), path
    return there


def _begin(conn: connection, town: int, number: int, *, lines: Sequence[str], paths: Sequence[str]) -> dict[str, int]:
    """Write household points that begin with snapshot `number`, and return the id of each by its file's."""
    run(
        conn,
        """CREATE TEMP TABLE arriving (path ltree, external_id text, households integer, persons integer, compound text,
            building text, shape geometry) ON COMMIT DROP""",
    )
    _stage(conn, lines, paths)
    begun: list[tuple[str, int]] = many(
        conn,
        """INSERT INTO wangge.household_point (town_id, seen, external_id, path, households, persons, compound, building, shape)
        SELECT %s, int4range(%s, NULL), external_id, path, households, persons, compound, building, shape FROM arriving
        RETURNING external_id, id""",
        [town, number],
    )
    run(conn, "DROP TABLE arriving")
    return dict(begun)


def packed_rows(ids: NDArray[np.int64], rows: NDArray[np.int64]) -> bytes:
    """Return the household points of a snapshot in their order: the store's id of each and its row in the file.

    Both are kept as steps from one point to the next, which are nearly all 1.
    """
    return zlib.compress(np.diff(np.stack([ids, rows]), prepend=0).astype("<i8").tobytes())


def read_rows(conn: connection, town: int, number: int) -> bytes:
    """Return what `packed_rows` made of a snapshot's household points."""
    (packed,) = one(conn, "SELECT point_rows FROM wangge.snapshot WHERE town_id = %s AND number = %s", [town, number])
    return bytes(packed)


def _unpacked(packed: bytes) -> NDArray[np.int64]:
    """Return ids and rows (2, n) of a snapshot's household points."""
    return np.frombuffer(zlib.decompress(packed), dtype="<i8").reshape(2, -1).cumsum(axis=1)


def _stage(conn: connection, lines: Sequence[str], paths: Sequence[str]) -> None:
    """Load lines, each behind its path. Not into the table itself: COPY is refused to whoever a policy binds."""
    text = "".join(f"{path}\t{line}" for path, line in zip(paths, lines, strict=True))
    with conn.cursor() as cursor:
        cursor.copy_expert("COPY arriving FROM STDIN", StringIO(text))


def read_features(conn: connection, town: int, number: int, layer: str) -> Features:
    """Return a layer of a town as it was in snapshot `number`, in the order in which it came."""
    rows: list[tuple[Any, ...]] = many(
        conn,
        """SELECT file_row, code, name, kind, street, district, shape FROM wangge.town_feature
        WHERE town_id = %s AND layer = %s AND seen @> %s ORDER BY number""",
        [town, layer, number],
    )
    row, code, name, kind, street, district, shape = zip(*rows, strict=True) if rows else ((),) * 7
    return Features(
        read_only(np.array(row, dtype=np.int64)),
        _shapes(shape),
        code=code,
        name=name,
        kind=kind,
        street=street,
        district=district,
    )


def read_points(conn: connection, town: int, number: int) -> Households:
    """Return a town's household points as they were in snapshot `number`, in their file's order.

    Whoever a policy binds gets those that they may see.
    """
    found: list[tuple[Any, ...]] = many(
        conn,
        """SELECT id, external_id, households, persons, compound, building, shape FROM wangge.household_point
        WHERE town_id = %s AND seen @> %s""",
        [town, number],
    )
    ids, rows = _unpacked(read_rows(conn, town, number))
    place_of = {identity: place for place, identity in enumerate(ids.tolist())}
    found.sort(key=lambda point: place_of[point[0]])
    seen, external, households, persons, compound, building, shape = zip(*found, strict=True) if found else ((),) * 7
    return Households(
        id=external,
        xy=read_only(shapely.get_coordinates(_shapes(shape))),
        households=read_only(np.array(households, dtype=np.int64)),
        persons=read_only(np.array(persons, dtype=np.int64)),
        compound=compound,
        building=building,
        row=read_only(rows[np.array([place_of[identity] for identity in seen], dtype=np.int64)]),
    )


def _shapes(texts: Sequence[str]) -> NDArray[np.object_]:
    """Read shapes; the town's frame says what their numbers mean, so that they carry no other mark."""
    return read_only(np.asarray(shapely.set_srid(from_ewkb(texts), 0), dtype=object))
