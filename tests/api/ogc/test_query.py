"""The parameters of /items: what each may be, what it becomes, and that every fault is said at once."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg2 import sql

from api.ogc.crs import CGCS2000, CRS84, WEB_MERCATOR
from api.ogc.cursor import Key
from api.ogc.fields import Field, Geometry, Kind
from api.ogc.literal import Box, meets_box
from api.ogc.query import PARAMETERS, Count, ItemsQuery, parse_items
from api.ogc.times import Span, in_span, parse_instant, parse_span
from api.ogc.where import EVERYTHING
from data.store.pool import connect
from gis.errors import ParameterError


def field(name, kind, **more):
    return Field(name=name, kind=kind, sql=sql.Identifier(name), title_zh=name, title_en=name, **more)


FIELDS = (
    field("code", Kind.TEXT, nullable=False),
    field("level", Kind.TEXT, enum=("street", "community")),
    field("households", Kind.INTEGER),
    field("area", Kind.NUMBER),
    field("mixed", Kind.BOOLEAN),
    field("valid_from", Kind.DATE),
    field("updated", Kind.DATETIME),
    field("note", Kind.TEXT, queryable=False, sortable=False),
)
BY_NAME = {each.name: each for each in FIELDS}
GEOMETRY = Geometry(columns={4490: sql.Identifier("geom")})
URI = "http://www.opengis.net/def/crs/EPSG/0/"


def parse(text, geometry=GEOMETRY):
    return parse_items(parse_qsl(text, keep_blank_values=True), FIELDS, geometry)


def errors(refused):
    """Give the list of faults that an error carries."""
    found = refused.extra["errors"]
    assert isinstance(found, list)
    return found


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_nothing_asked_is_the_first_hundred():
    """Without parameters a caller gets the first hundred features, in CRS84, whole."""
    assert parse("") == ItemsQuery()
    assert (ItemsQuery().limit, ItemsQuery().crs, ItemsQuery().where) == (100, CRS84, EVERYTHING)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("limit=1", "limit", 1),
        ("limit=10000", "limit", 10_000),
        ("limit=10001", "limit", 10_000),
        ("limit=" + "9" * 5000, "limit", 10_000),
        ("offset=0", "offset", 0),
        ("offset=10000", "offset", 10_000),
        ("cursor=abc", "cursor", "abc"),
        ("bbox=1,2,3,4", "bbox", (Box(1, 2, 3, 4),)),
        ("bbox=1,2,-9,3,4,9", "bbox", (Box(1, 2, 3, 4),)),
        ("bbox=1, 2 ,3,4", "bbox", (Box(1, 2, 3, 4),)),
        ("bbox=1.5e0,2,3,4.25", "bbox", (Box(1.5, 2, 3, 4.25),)),
        ("bbox=1,2,1,2", "bbox", (Box(1, 2, 1, 2),)),
        ("bbox=170,-10,-170,10", "bbox", (Box(170, -10, 180, 10), Box(-180, -10, -170, 10))),
        (f"bbox=36,116,37,118&bbox-crs={URI}4490", "bbox", (Box(116, 36, 118, 37),)),
        (f"bbox=0,0,9e6,9e6&bbox-crs={URI}3857", "bbox", (Box(0, 0, 9e6, 9e6),)),
        (f"bbox-crs={URI}3857", "bbox_crs", WEB_MERCATOR),
        (f"crs={URI}4490", "crs", CGCS2000),
        ("datetime=2024-05-01T08:00:00Z", "span", Span(utc(2024, 5, 1, 8), utc(2024, 5, 1, 8))),
        ("datetime=2024-05-01T08:00:00%2B08:00", "span", Span(utc(2024, 5, 1), utc(2024, 5, 1))),
        ("datetime=2024-05-01", "span", Span(utc(2024, 5, 1), utc(2024, 5, 1, 23, 59, 59, 999_999))),
        ("datetime=2024-05-01/2024-05-02", "span", Span(utc(2024, 5, 1), utc(2024, 5, 2, 23, 59, 59, 999_999))),
        ("datetime=2024-05-01T/..", "span", Span(utc(2024, 5, 1), None)),
        ("datetime=2024-05-01/", "span", Span(utc(2024, 5, 1), None)),
        ("datetime=../2024-05-01T08:00:00Z", "span", Span(None, utc(2024, 5, 1, 8))),
        ("datetime=/2024-05-01T08:00:00.5Z", "span", Span(None, utc(2024, 5, 1, 8, 0, 0, 500_000))),
        ("at=2024-05-01", "at", date(2024, 5, 1)),
        ("as-of=2024-05-01", "at", date(2024, 5, 1)),
        ("sortby=code", "sortby", (Key(BY_NAME["code"]),)),
        ("sortby=%2Bcode,-households", "sortby", (Key(BY_NAME["code"]), Key(BY_NAME["households"], descending=True))),
        ("sortby=+code,-area", "sortby", (Key(BY_NAME["code"]), Key(BY_NAME["area"], descending=True))),
        ("properties=note,code", "properties", ("code", "note")),
        ("properties=", "properties", ()),
        ("skipGeometry=true", "skip_geometry", True),
        ("skipGeometry=false", "skip_geometry", False),
        ("count=exact", "count", Count.EXACT),
        ("count=none", "count", Count.NONE),
        ("f=json", "form", "json"),
        ("lang=en", "lang", "en"),
    ],
)
def test_a_parameter_becomes_a_value(text, name, expected):
    """Each parameter alone changes what it is for."""
    assert getattr(parse(text), name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("level=street", ("street",)),
        ("code=370103016001", ("370103016001",)),
        ("code=", ("",)),
        ("households=300", (300,)),
        ("households=-9223372036854775808", (-(2**63),)),
        ("area=1.5", (1.5,)),
        ("mixed=true", (True,)),
        ("mixed=0", (False,)),
        ("valid_from=2024-05-01", (date(2024, 5, 1),)),
        ("updated=2024-05-01T08:00:00Z", (utc(2024, 5, 1, 8),)),
        ("households=3&level=street", ("street", 3)),
        ("filter=households>490&filter-lang=cql-text&level=street", ("street", 490)),
        ("filter=households>490", (490,)),
        ('filter={"op":"=","args":[{"property":"code"},"a"]}&filter-lang=cql2-json', ("a",)),
        ("code=' OR 1=1 --", ("' OR 1=1 --",)),
    ],
)
def test_queryables_and_filter_must_all_hold(text, expected):
    """A queryable is a parameter; its value and the filter's are bound, in the order of the SQL."""
    assert parse(text).where.params == expected


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=unlimited", "limit"),
        ("limit=", "limit"),
        ("limit=1.5", "limit"),
        ("limit=１", "limit"),
        ("offset=-1", "offset"),
        ("offset=x", "offset"),
        ("offset=10001", "offset"),
        ("offset=5&cursor=abc", "offset"),
        ("cursor=", "cursor"),
        ("bbox=", "bbox"),
        ("bbox=1,2,3", "bbox"),
        ("bbox=1,2,3,4,5", "bbox"),
        ("bbox=1,2,3,4,5,6,7", "bbox"),
        ("bbox=1,2,3,x", "bbox"),
        ("bbox=1,2,3,nan", "bbox"),
        ("bbox=1,2,3,inf", "bbox"),
        ("bbox=1,2,3,1e999", "bbox"),
        ("bbox=1,4,3,2", "bbox"),
        ("bbox=1,2,9,3,4,-9", "bbox"),
        ("bbox=1,2,181,4", "bbox"),
        ("bbox=1,2,3,91", "bbox"),
        (f"bbox=116,36,118,37&bbox-crs={URI}4490", "bbox"),
        (f"bbox=5,0,3,9&bbox-crs={URI}3857", "bbox"),
        ("bbox=" + "1," * 1_000_000, "bbox"),
        ("bbox-crs=EPSG:1", "bbox-crs"),
        ("crs=EPSG:1", "crs"),
        ("datetime=", "datetime"),
        ("datetime=..", "datetime"),
        ("datetime=yesterday", "datetime"),
        ("datetime=2024-13-01", "datetime"),
        ("datetime=2024-05-01Z", "datetime"),
        ("datetime=2024-05-02/2024-05-01", "datetime"),
        ("datetime=2024-05-01/2024-05-02/2024-05-03", "datetime"),
        ("datetime=2024-05-01T24:30:00Z", "datetime"),
        ("datetime=0001-01-01T00:00:00%2B14:00", "datetime"),
        ("at=2024-05-01T08:00:00Z", "at"),
        ("at=May", "at"),
        ("at=2024-05-01&as-of=2024-05-01", "as-of"),
        ("filter=", "filter"),
        ("filter=nope=1", "filter"),
        ("filter=note='a'", "filter"),
        ("filter=true&filter-lang=ecql", "filter-lang"),
        ("filter=true&filter-crs=EPSG:1", "filter-crs"),
        ("sortby=", "sortby"),
        ("sortby=note", "sortby"),
        ("sortby=code,", "sortby"),
        ("sortby=code,-code", "sortby"),
        ("sortby=" + "code," * 200, "sortby"),
        ("properties=geom", "properties"),
        ("properties=code,,note", "properties"),
        ("skipGeometry=maybe", "skipGeometry"),
        ("count=estimate", "count"),
        ("f=", "f"),
        ("lang=fr", "lang"),
        ("level=streeet", "level"),
        ("households=three", "households"),
        ("households=9223372036854775808", "households"),
        ("households=" + "9" * 5000, "households"),
        ("area=NaN", "area"),
        ("mixed=yes", "mixed"),
        ("valid_from=2024-05-01T08:00:00Z", "valid_from"),
        ("updated=now", "updated"),
        ("code=%00", "code"),
        ("limit=5&limit=5", "limit"),
        ("note=a", "note"),
        ("Limit=5", "Limit"),
        ("q=a", "q"),
    ],
)
def test_a_wrong_value_is_refused(text, parameter):
    """One fault gives one error, which names its parameter in a sentence of readable length."""
    with pytest.raises(ParameterError) as refused:
        parse(text)
    assert refused.value.parameter == parameter
    assert [fault["parameter"] for fault in errors(refused.value)] == [parameter]
    assert len(str(refused.value)) < 600


def test_every_fault_is_said_at_once():
    """A caller who made five mistakes hears of five, each with its code, the first one as the answer's own."""
    with pytest.raises(ParameterError) as refused:
        parse("limt=5&limit=0&bbox=1,2,3&crs=EPSG:1&filter=households>'a'&sortby=-hoseholds")
    found = {fault["parameter"]: (fault["code"], fault["detail"]) for fault in errors(refused.value)}
    assert {name: code for name, (code, _) in found.items()} == {
        "limt": "unknown-parameter",
        "limit": "invalid-parameter",
        "bbox": "invalid-parameter",
        "crs": "unsupported-crs",
        "filter": "invalid-filter",
        "sortby": "invalid-parameter",
    }
    assert (refused.value.parameter, refused.value.code) == ("limt", "unknown-parameter")
    assert "did you mean limit?" in str(refused.value)
    assert "did you mean households?" in found["sortby"][1]


def test_only_what_chooses_and_orders_belongs_to_a_cursor():
    """Page size, form and language may change between pages; what is asked for may not."""
    assert parse("limit=5&cursor=x&f=json&lang=en&crs=EPSG:4490&properties=code").asked == ()
    assert parse("sortby=code&level=street&bbox=1,2,3,4").asked == (
        ("bbox", "1,2,3,4"),
        ("level", "street"),
        ("sortby", "code"),
    )


def test_a_parameter_wins_over_a_queryable_of_its_name():
    """A field called limit is reached by the filter; the parameter keeps its meaning."""
    fields = [field("limit", Kind.INTEGER)]
    assert parse_items([("limit", "5")], fields, None).where is EVERYTHING
    assert parse_items([("filter", "limit = 5")], fields, None).where.params == (5,)


def test_without_geometry_there_is_no_box():
    """A collection of rows without geometry refuses a box."""
    with pytest.raises(ParameterError, match="no geometry"):
        parse("bbox=1,2,3,4", None)


@given(
    st.lists(
        st.tuples(st.one_of(st.sampled_from([*PARAMETERS, *BY_NAME]), st.text(max_size=5)), st.text(max_size=12)), max_size=5
    )
)
def test_any_parameters_are_answered_or_refused(pairs):
    """Whatever is asked becomes a question or is refused; nothing else is ever raised."""
    try:
        query = parse_items(pairs, FIELDS, GEOMETRY)
    except ParameterError as refused:
        faults = list(errors(refused))
    else:
        faults = [query.limit]
    assert all(faults)
    assert faults


MOMENTS = st.datetimes(utc(2, 1, 1).replace(tzinfo=None), utc(9998, 1, 1).replace(tzinfo=None))


@given(MOMENTS, st.integers(-23 * 60, 23 * 60))
def test_an_instant_is_read_as_it_was_written(moment, minutes):
    """Every RFC 3339 instant, in any zone, is read to the microsecond."""
    sign, away = ("-" if minutes < 0 else "+"), abs(minutes)
    text = f"{moment.isoformat()}{sign}{away // 60:02}:{away % 60:02}"
    assert parse_instant(text) == datetime.fromisoformat(text)
    assert parse_span(f"../{text}") == Span(None, datetime.fromisoformat(text))


@given(st.dates())
def test_gdals_shorter_forms_are_read(day):
    """GDAL writes a date with a T behind it, and leaves out minutes and seconds that it does not know."""
    assert parse_instant(f"{day}T") == day
    assert parse_instant(f"{day}T08Z") == parse_instant(f"{day}T08:00Z") == parse_instant(f"{day}T08:00:00Z")


def test_boxes_and_spans_find_what_they_meet(store):
    """A box finds what touches it, across the antimeridian too; a span finds what it meets, and what has no time."""
    rows = """(VALUES (1, 'POINT(179 5)', '2024-01-01', '2024-05-01'), (2, 'POINT(-179 5)', '2024-05-02', NULL),
      (3, 'POINT(0 5)', NULL, '2023-12-31'), (4, NULL, NULL, NULL), (5, 'POINT(1 2)', '2024-05-01', '2024-05-01'))
      AS v(id, g, a, b)"""
    source = "SELECT id, ST_SetSRID(ST_GeomFromText(g), 4490) AS geom, a::date AS a, b::date AS b, a::timestamptz AS t FROM "
    first, last, instant = field("a", Kind.DATE), field("b", Kind.DATE), field("t", Kind.DATETIME)
    with closing(connect(store.admin)) as conn, conn.cursor() as cursor:

        def ids(condition):
            text = sql.SQL("SELECT id FROM ({}) AS s WHERE {} ORDER BY id").format(sql.SQL(source + rows), condition.sql)
            cursor.execute(text, condition.params)
            return [row[0] for row in cursor.fetchall()]

        def meets(text):
            query = parse(text)
            return ids(meets_box(query.bbox, query.bbox_crs, GEOMETRY))

        assert meets("bbox=170,0,-170,10") == [1, 2]
        assert meets("bbox=1,2,1,2") == [5]
        assert meets("bbox=0,0,2,5") == [3, 5]
        assert meets(f"bbox=0,0,5,2&bbox-crs={URI}4490") == [3, 5]
        assert meets(f"bbox=111319,222684,111320,222685&bbox-crs={URI}3857") == [5]

        def during(text, *fields):
            return ids(in_span(parse(f"datetime={text}").span, *fields))

        assert during("2024-05-01", first, last) == [1, 4, 5]
        assert during("2024-05-02/..", first, last) == [2, 4]
        assert during("../2024-04-30", first, last) == [1, 3, 4]
        assert during("../..", first, last) == [1, 2, 3, 4, 5]
        assert during("2024-05-01", instant) == [3, 4, 5]
        assert during("2024-05-01T00:00:00Z/2024-05-02T00:00:00Z", instant) == [2, 3, 4, 5]
