"""Vector tiles of incidents: at every zoom each incident that somebody may see is counted in exactly one feature.

Below `POINTS_FROM` a tile is cut into `CELLS` by `CELLS` cells, from there on into the steps of its own grid. Incidents in one
cell are one feature, which says how many they are, how many in which state and under which light; a feature of one incident
says which it is. Nothing is left out, however many there are. Several on one spot, which no zoom takes apart, say the box in
which they lie: the collection's items with that `bbox` are they.

A tile has no margin: what lies beyond its edge is its neighbour's. It is drawn from the rows as they are now, for whoever asks.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from psycopg2 import sql

from api.loop.clock import Light
from api.ogc.fields import STORED, Kind, by_name
from api.ogc.incident_fields import COUNTED, FIELDS, SINGLE
from api.ogc.where import all_of, bound, build

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import LiteralString

    from api.ogc.items import Question
    from api.ogc.reader import Reader

STEPS = 4096
"""Steps of a tile's own grid along its side."""
CELLS = 64
"""Cells along the side of a tile that only counts: four pixels each, of 256."""
POINTS_FROM = 15
"""The first zoom of single points: a step of its tiles is 30 cm on the ground, at the equator."""
HIGHEST_LATITUDE = math.degrees(math.atan(math.sinh(math.pi)))
"""Where the web's Mercator ends; what lies beyond is drawn there."""
_HAIR = 1e-9
"""Degrees by which the index is asked for more than the tile: which tile a place is in is reckoned from the place alone."""
_WORST = (Light.RED, Light.YELLOW, Light.GREEN)
_OWN = by_name(FIELDS)


class Edges(NamedTuple):
    """A box in degrees."""

    west: float
    south: float
    east: float
    north: float


def edges(zoom: int, column: int, row: int) -> Edges:
    """Return where the incidents of a tile lie; tiles at the top and the bottom of the matrix hold all that lies beyond."""
    side = 2**zoom

    def latitude(line: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * line / side))))

    return Edges(
        column / side * 360 - 180 - _HAIR,
        -90.0 if row == side - 1 else latitude(row + 1) - _HAIR,
        (column + 1) / side * 360 - 180 + _HAIR,
        90.0 if row == 0 else latitude(row) + _HAIR,
    )


# What is reckoned for each incident is fenced off (OFFSET 0): it would be reckoned once more for each count else.
_TILE = sql.SQL(
    """SELECT ST_AsMVT(t, {layer}, {steps}, 'geom') FROM (
      SELECT count, CASE {worst} END AS light, {counts}, {box} AS bbox, {single},
        ST_MakePoint(least(round(px * {steps}), {steps} - 1), least(round(py * {steps}), {steps} - 1)) AS geom
      FROM (
        SELECT greatest(least(floor(py * {cells}), {cells} - 1), 0) * {cells} + least(floor(px * {cells}), {cells} - 1) AS cell,
          count(*) AS count, avg(px) AS px, greatest(avg(py), 0) AS py, {counted}, {least}
        FROM (
          SELECT {fields}, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat, (ST_X(f.geom) + 180) / 360 * {side} - {column} AS px,
            (0.5 - asinh(tan(radians(greatest(least(ST_Y(f.geom), {highest}), -{highest})))) / pi() / 2) * {side} - {row} AS py
          FROM {origin} WHERE {where} OFFSET 0) placed
        WHERE {within} GROUP BY cell) cells
      ORDER BY cell) t"""
)
_LEAST: dict[Kind, LiteralString] = {
    Kind.TEXT: 'min({0} COLLATE "C") AS {0}',
    Kind.DATETIME: "min({0}) AS {0}",
    Kind.BOOLEAN: "bool_or({0}) AS {0}",
}
_EXTREMES = "min(lon) AS west, min(lat) AS south, max(lon) AS east, max(lat) AS north"


def draw(store: Reader, question: Question, place: tuple[int, int, int]) -> bytes:
    """Return a tile (zoom, column, row) of the incidents that are asked for, as the reader sees them; empty without any."""
    zoom, column, row = place
    side, has_points = 2**zoom, zoom >= POINTS_FROM
    wanted = all_of(
        [build("(f.geom && ST_MakeEnvelope({}, {}, {}, {}, {}))", *map(bound, (*edges(*place), STORED))), question.condition]
    )
    limits: tuple[tuple[bool, LiteralString], ...] = (
        (column > 0, "px >= 0"),
        (column < side - 1, "px < 1"),
        (row > 0, "py >= 0"),
        (row < side - 1, "py < 1"),
    )
    statement = _TILE.format(
        layer=sql.Literal(question.collection.id),
        steps=sql.Literal(STEPS),
        cells=sql.Literal(STEPS if has_points else CELLS),
        side=sql.Literal(side),
        column=sql.Literal(column),
        row=sql.Literal(row),
        highest=sql.Literal(HIGHEST_LATITUDE),
        within=sql.SQL(" AND ").join([sql.SQL("TRUE"), *(sql.SQL(limit) for holds, limit in limits if holds)]),
        fields=_each("{} AS {}", ((_OWN[name].sql, sql.Identifier(name)) for name in (*SINGLE, "light"))),
        counted=_each(
            "count(*) FILTER (WHERE {} = {}) AS {}",
            ((sql.Identifier(field), sql.Literal(said), sql.Identifier(name)) for name, field, said in COUNTED),
        ),
        counts=_each("nullif({0}, 0) AS {0}", ((sql.Identifier(name),) for name, _, _ in COUNTED)),
        worst=sql.SQL(" ").join(
            sql.SQL("WHEN {} > 0 THEN {}").format(sql.Identifier(f"n_{each}"), sql.Literal(str(each))) for each in _WORST
        ),
        least=sql.SQL(", ").join([*(_least(name) for name in SINGLE), *([sql.SQL(_EXTREMES)] if has_points else [])]),
        box=sql.SQL("CASE WHEN count > 1 THEN concat_ws(',', west, south, east, north) END" if has_points else "NULL::text"),
        single=sql.SQL(", ").join(_single(name) for name in SINGLE),
        origin=question.collection.origin,
        where=wanted.sql,
    )
    return bytes(store.ask(statement, [question.moment, *wanted.params])[0][0])


def _each(template: LiteralString, parts: Iterable[tuple[sql.Composable, ...]]) -> sql.Composable:
    return sql.SQL(", ").join(sql.SQL(template).format(*each) for each in parts)


def _least(name: str) -> sql.Composable:
    """Return what is the value of a field where there is one incident."""
    return sql.SQL(_LEAST[_OWN[name].kind]).format(sql.Identifier(name))


def _single(name: str) -> sql.Composable:
    """Return a field of a feature that is one incident; a moment in the words of JSON."""
    text = "to_json({0}) #>> '{{}}'" if _OWN[name].kind is Kind.DATETIME else "{0}"
    return sql.SQL("CASE WHEN count = 1 THEN {} END AS {}").format(
        sql.SQL(text).format(sql.Identifier(name)), sql.Identifier(name)
    )
