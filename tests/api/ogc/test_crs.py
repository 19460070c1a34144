"""Coordinate reference systems at the door: their names, the order of their axes, and what PostGIS makes of them."""

from __future__ import annotations

import json
from contextlib import closing

import pyproj
import pytest
from psycopg2 import sql

from api.ogc.crs import CGCS2000, CRS84, SYSTEMS, WEB_MERCATOR, WGS84, column, output, parse_crs
from api.ogc.fields import Geometry
from data.store.pool import connect
from gis.errors import ParameterError

JINAN = (117.0, 36.65)
"""Longitude and latitude of a place that lies in the zone of EPSG:4548."""


@pytest.fixture(scope="module")
def ask(store):
    """Give a function from an SQL expression to its value."""
    with closing(connect(store.admin)) as conn, conn.cursor() as cursor:

        def value(expression, params=()):
            cursor.execute(sql.SQL("SELECT {}").format(expression), params)
            ((found,),) = cursor.fetchall()
            return found

        yield value


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.code)
def test_axes_are_in_the_order_of_the_authority(system):
    """What PROJ's registry says of the first axis and the unit is what we say, for every system."""
    registered = pyproj.CRS.from_user_input(f"{system.authority}:{system.code}")
    assert (registered.axis_info[0].direction == "north") == system.north_first
    assert (registered.axis_info[0].unit_name == "degree") == system.degrees
    if system.authority == "EPSG":
        assert str(system.srid) == system.code


def test_systems_are_the_ones_that_were_promised():
    """CRS84, WGS 84, CGCS2000, the web's Mercator and all 42 zones of three degrees, each once."""
    assert len({system.uri for system in SYSTEMS}) == len(SYSTEMS) == 4 + 42
    assert parse_crs("EPSG:4548") in SYSTEMS
    assert pyproj.CRS(4548).name.endswith("CM 117E")


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.code)
def test_every_form_of_a_name_is_understood(system):
    """A system is found by its URI, with http and https, its URN, its CURIE and its code."""
    forms = [
        system.uri,
        system.uri.replace("http:", "https:"),
        f"urn:ogc:def:crs:{system.authority}::{system.code}",
        f"[{system.authority}:{system.code}]",
        f"{system.authority}:{system.code}",
        f" {system.authority.lower()}:{system.code.lower()} ",
    ]
    assert [parse_crs(form) for form in forms] == [system] * len(forms)
    assert system.content_crs == f"<{system.uri}>"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4490",
        "EPSG:",
        "EPSG:0",
        "EPSG:4555",
        "EPSG:4512",
        "EPSG:CRS84",
        "OGC:4490",
        "EPSG:4490:1",
        "EPSG:4490\n; DROP TABLE grid",
        "http://www.opengis.net/def/crs/EPSG/0/",
        "http://example.org/def/crs/EPSG/0/4490",
        "EPSG:４４９０",
        "x" * 1_000_000,
    ],
)
def test_other_systems_are_refused(text):
    """What is no system of ours is refused with a code of its own, naming the parameter, in a short sentence."""
    with pytest.raises(ParameterError) as refused:
        parse_crs(text, "bbox-crs")
    assert (refused.value.parameter, refused.value.code) == ("bbox-crs", "unsupported-crs")
    assert len(str(refused.value)) < 400


def test_the_uris_are_the_published_ones():
    """Links and headers use the names of OGC's register."""
    assert CRS84.uri == "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    assert CGCS2000.uri == "http://www.opengis.net/def/crs/EPSG/0/4490"
    assert WGS84.content_crs == "<http://www.opengis.net/def/crs/EPSG/0/4326>"


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.code)
def test_geometry_leaves_in_the_axes_of_its_system(ask, system):
    """PostGIS gives the point that PROJ gives, its axes in the authority's order, without the member that RFC 7946 forbids."""
    point = sql.SQL("ST_SetSRID(ST_MakePoint({}, {}), 4490)").format(*map(sql.Literal, JINAN))
    given = json.loads(ask(output(Geometry(columns={4490: point}), system)))
    # PROJ's own order of axes is the authority's.
    expected = pyproj.Transformer.from_crs("EPSG:4490", f"{system.authority}:{system.code}").transform(JINAN[1], JINAN[0])
    assert given.keys() == {"type", "coordinates"}
    assert given["coordinates"] == pytest.approx(expected, abs=1e-8 if system.degrees else 0.0006)


def test_decimals_fit_the_unit(ask):
    """Degrees carry nine decimals and metres three, unless fewer are wanted."""
    point = Geometry(columns={4490: sql.SQL("ST_SetSRID(ST_MakePoint(117.12345678949, 36.5), 4490)")})
    assert json.loads(ask(output(point, CRS84)))["coordinates"] == [117.123456789, 36.5]
    assert json.loads(ask(output(point, CRS84, digits=7)))["coordinates"] == [117.1234568, 36.5]
    x, _ = json.loads(ask(output(point, WEB_MERCATOR)))["coordinates"]
    assert x == round(x, 3)


def test_a_stored_column_is_used_as_it_lies(ask):
    """Where a system has a column of its own, its metres leave as they are stored, and nothing is transformed."""
    zone = parse_crs("EPSG:4548")
    ground = Geometry(
        columns={4490: sql.SQL("NULL::geometry"), 4548: sql.SQL("ST_SetSRID(ST_MakePoint(500000.01, 4e6), 4548)")}
    )
    assert column(ground, zone)[0] == 4548
    assert column(ground, WEB_MERCATOR)[0] == column(ground, WGS84)[0] == 4490
    assert json.loads(ask(output(ground, zone)))["coordinates"] == [4000000, 500000.01]


def test_postgis_transforms_whatever_a_domain_admits(ask):
    """No coordinates that are let in make PostGIS fail, at the corners and in the middle of every system's domain."""
    for system in SYSTEMS:
        west, south, east, north = system.domain
        for x in (west, (west + east) / 2, east):
            for y in (south, 0, north):
                point = sql.SQL("ST_SetSRID(ST_MakePoint({}, {}), {})").format(*map(sql.Literal, (x, y, system.srid)))
                assert ask(sql.SQL("ST_AsText(ST_Transform({}, 4490))").format(point)).startswith("POINT(")
