"""The coordinate reference systems that are spoken at the door.

A system has its axes in the order of its authority: EPSG:4326, 4490 and the Gauss-Krüger zones of CGCS2000 put north
first. Inside, x is longitude or easting always, so coordinates are flipped on their way in and out, and nowhere else.
CRS84, WGS 84 and CGCS2000 differ by less than anybody can measure here, and PROJ's transformation between them does
nothing: among them only the order of the axes changes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from psycopg2 import sql

from api.ogc.fields import STORED, Geometry
from data.spelling import listed
from gis.errors import ParameterError

DEGREE_DIGITS = 9
"""Decimals of a degree in exchange: 0.1 mm, so that shared vertices stay equal."""
WEB_DEGREE_DIGITS = 7
"""Decimals of a degree for looking at: 1 cm."""
METRE_DIGITS = 3

LONGITUDES_LATITUDES = (-180.0, -90.0, 180.0, 90.0)
MERCATOR_EDGE = 20037508.342789244
"""Half the girth of the web's Mercator square, in metres."""
ZONE_REACH = 1_500_000.0
"""How far beside its central meridian, in metres, a zone's coordinates are believed: far more than a zone is wide."""
POLE = 10_002_000.0
"""Metres from the equator to the pole along a meridian, rounded up."""

FORMS = re.compile(
    r"""
      https?://www\.opengis\.net/def/crs/(?P<a1>OGC|EPSG)/[\w.]*/(?P<c1>\w+)
    | urn:ogc:def:crs:(?P<a2>OGC|EPSG):[\w.]*:(?P<c2>\w+)
    | \[(?P<a3>OGC|EPSG):(?P<c3>\w+)\]
    | (?P<a4>OGC|EPSG):(?P<c4>\w+)
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
LONGEST = 100
"""Characters of the longest name that is worth reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crs:
    """A system: what it is called, its SRID in SQL, and what its coordinates look like.

    `domain` is (lowest x, lowest y, highest x, highest y), x first whatever the authority says; coordinates outside it
    mean nothing, or cannot be transformed.
    """

    authority: str
    code: str
    srid: int
    north_first: bool
    degrees: bool
    domain: tuple[float, float, float, float]

    @property
    def uri(self) -> str:
        """The name by which links and headers call it."""
        version = "1.3" if self.authority == "OGC" else "0"
        return f"http://www.opengis.net/def/crs/{self.authority}/{version}/{self.code}"

    @property
    def content_crs(self) -> str:
        """The value of the header `Content-Crs`."""
        return f"<{self.uri}>"

    @property
    def stored_srid(self) -> int:
        """The SRID under which coordinates in this system go into SQL: all systems in degrees are stored as one."""
        return STORED if self.degrees else self.srid

    @property
    def digits(self) -> int:
        """Decimals for exchange."""
        return DEGREE_DIGITS if self.degrees else METRE_DIGITS


def _degrees(authority: str, code: str, srid: int, *, north_first: bool) -> Crs:
    return Crs(authority=authority, code=code, srid=srid, north_first=north_first, degrees=True, domain=LONGITUDES_LATITUDES)


def _zone(srid: int, false_easting: float) -> Crs:
    domain = (false_easting - ZONE_REACH, -POLE, false_easting + ZONE_REACH, POLE)
    return Crs(authority="EPSG", code=str(srid), srid=srid, north_first=True, degrees=False, domain=domain)


CRS84 = _degrees("OGC", "CRS84", 4326, north_first=False)
WGS84 = _degrees("EPSG", "4326", 4326, north_first=True)
CGCS2000 = _degrees("EPSG", "4490", 4490, north_first=True)
WEB_MERCATOR = Crs(
    authority="EPSG",
    code="3857",
    srid=3857,
    north_first=False,
    degrees=False,
    domain=(-MERCATOR_EDGE, -MERCATOR_EDGE, MERCATOR_EDGE, MERCATOR_EDGE),
)
ZONES_BY_NUMBER = tuple(_zone(4513 + i, (25 + i) * 1_000_000 + 500_000) for i in range(21))
"""CGCS2000 / 3-degree Gauss-Krüger zones 25 to 45: the number of the zone stands before the easting."""
ZONES_BY_MERIDIAN = tuple(_zone(4534 + i, 500_000) for i in range(21))
"""CGCS2000 / 3-degree Gauss-Krüger, central meridians 75°E to 135°E."""

SYSTEMS = (CRS84, WGS84, CGCS2000, WEB_MERCATOR, *ZONES_BY_NUMBER, *ZONES_BY_MERIDIAN)
_BY_CODE = {(system.authority, system.code): system for system in SYSTEMS}
COMMON = ("CRS84", "EPSG:4326", "EPSG:4490", "EPSG:3857", "EPSG:4513 to 4554")


def parse_crs(text: str, parameter: str = "crs") -> Crs:
    """Return the system that a URI, URN, CURIE or `EPSG:4490` names.

    Raises
    ------
    ParameterError
        `unsupported-crs`, if it is none of ours.

    """
    match = FORMS.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if match:
        groups = [group for group in match.groups() if group is not None]
        if system := _BY_CODE.get((groups[0].upper(), groups[1].upper())):
            return system
    shown = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    raise ParameterError(
        parameter,
        f"Coordinate reference system {shown!r} is not supported; write one of {listed(COMMON)} by its URI, "
        f"such as {CGCS2000.uri}.",
        code="unsupported-crs",
    )


def column(geometry: Geometry, crs: Crs) -> tuple[int, sql.Composable]:
    """Return the column to compare with coordinates in `crs`, and its SRID: the same system where one is stored."""
    srid = crs.stored_srid if crs.stored_srid in geometry.columns else STORED
    return srid, geometry.columns[srid]


def output(geometry: Geometry, crs: Crs, *, digits: int | None = None) -> sql.Composable:
    """Return SQL that gives the geometry as GeoJSON text in `crs`, axes in its authority's order."""
    srid, expression = column(geometry, crs)
    if srid != crs.stored_srid:
        expression = sql.SQL("ST_Transform({}, {})").format(expression, sql.Literal(crs.stored_srid))
    if crs.north_first:
        expression = sql.SQL("ST_FlipCoordinates({})").format(expression)
    # Option 0 keeps PostGIS from adding the member "crs", which RFC 7946 took away.
    return sql.SQL("ST_AsGeoJSON({}, {}, 0)").format(expression, sql.Literal(crs.digits if digits is None else digits))
