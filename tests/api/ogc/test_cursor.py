"""Cursors: a page begins where the last one ended, whatever the order, and nobody writes a cursor but us."""

from __future__ import annotations

import base64
import itertools
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2 import sql

from api.ogc.cursor import Key, Position, after, digest, order_by, seal, unseal
from api.ogc.fields import Field, Kind
from data.store.pool import connect
from data.store.sql import run
from gis.errors import ParameterError

SECRET = b"s" * 32
QUESTION = digest("grids", "level=1", 7)
ID = sql.Identifier("id")


def field(name, kind, *, nullable=True):
    return Field(name=name, kind=kind, sql=sql.Identifier(name), title_zh=name, title_en=name, nullable=nullable)


FIELDS = [
    field("word", Kind.TEXT),
    field("number", Kind.INTEGER),
    field("amount", Kind.NUMBER),
    field("flag", Kind.BOOLEAN),
    field("day", Kind.DATE),
    field("moment", Kind.DATETIME),
    field("level", Kind.INTEGER, nullable=False),
    field("code", Kind.TEXT, nullable=False),
]
KEYS = [Key(each, descending) for each in FIELDS for descending in (False, True)]
VALUES = {
    Kind.TEXT: st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    Kind.INTEGER: st.integers(-(2**63), 2**63 - 1),
    Kind.NUMBER: st.one_of(st.floats(allow_nan=False), st.decimals(allow_nan=False, allow_infinity=False)),
    Kind.BOOLEAN: st.booleans(),
    Kind.DATE: st.dates(),
    Kind.DATETIME: st.datetimes(timezones=st.just(UTC)),
}


@pytest.fixture(scope="module")
def table(store):
    """Give a cursor on a session in which a table of 60 rows with many equal and missing values stands."""
    with closing(connect(store.admin)) as conn, conn.cursor() as cursor:
        run(conn, "SET idle_in_transaction_session_timeout = 0")
        run(conn, "BEGIN")
        run(
            conn,
            """CREATE TEMP TABLE turned AS SELECT i AS id, (ARRAY['a','B','网',NULL])[1 + i %% 4] AS word,
               nullif(i %% 3, 1) AS number, (ARRAY[0.1, 1e300, NULL, 'Infinity']::float8[])[1 + i %% 4] AS amount,
               (ARRAY[true, false, NULL])[1 + i / 7 %% 3] AS flag, date '2024-01-01' + nullif(i / 5, 3) AS day,
               timestamptz '2024-01-01 08:00:00.123456+08' + nullif(i / 9, 2) * interval '1 hour' AS moment,
               i / 11 AS level, (ARRAY['x','Y','一'])[1 + i / 2 %% 3] AS code FROM generate_series(1, 60) AS i""",
        )
        yield cursor
        run(conn, "ROLLBACK")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(KEYS), max_size=4, unique_by=lambda key: key.field.name), st.integers(1, 13))
def test_pages_follow_one_another(table, keys, size):
    """Following cursors gives every row once, in the order of one great answer, with equal and missing values at the seams."""
    names = [key.field.name for key in keys]
    columns = sql.SQL(", ").join([ID, *map(sql.Identifier, names)])
    order = order_by(keys, ID)
    table.execute(sql.SQL("SELECT {} FROM turned ORDER BY {}").format(columns, order))
    expected = table.fetchall()
    assert len(expected) == 60
    for number, name in enumerate(names, 1):
        missing = [row[number] is None for row in expected]
        if number == 1:
            assert missing == sorted(missing), f"{name}: what is missing comes last"
    found = []
    position = None
    while True:
        here = after(keys, ID, position) if position else None
        where = sql.SQL("WHERE {}").format(here.sql) if here else sql.SQL("")
        asked = sql.SQL("SELECT {} FROM turned {} ORDER BY {} LIMIT {}").format(columns, where, order, sql.Literal(size))
        table.execute(asked, here.params if here else ())
        page = table.fetchall()
        found += page
        if len(page) < size:
            break
        sealed = seal(SECRET, QUESTION, Position(tuple(page[-1][1:]), page[-1][0]))
        position = unseal(SECRET, QUESTION, sealed, keys, Kind.INTEGER)
    assert found == expected


@given(st.data())
def test_a_cursor_holds_what_was_put_in(data):
    """Values of every kind come out of a cursor as they went in, in letters that need no escaping in a URL."""
    keys = data.draw(st.lists(st.sampled_from(KEYS), max_size=4))
    values = tuple(data.draw(st.one_of(st.none(), VALUES[key.field.kind])) for key in keys)
    number = data.draw(VALUES[Kind.INTEGER])
    sealed = seal(SECRET, QUESTION, Position(values, number))
    assert sealed.replace("-", "").replace("_", "").isalnum()
    assert unseal(SECRET, QUESTION, sealed, keys, Kind.INTEGER) == Position(
        tuple(Decimal(str(value)) if isinstance(value, float) else value for value in values), number
    )


def refused(cursor, *, secret=SECRET, question=QUESTION, keys=(KEYS[0],), kind=Kind.TEXT):
    with pytest.raises(ParameterError) as found:
        unseal(secret, question, cursor, keys, kind)
    assert (found.value.parameter, found.value.code) == ("cursor", "invalid-cursor")


def test_a_cursor_that_was_touched_is_refused():
    """Another letter, one more or one less, at any place, makes a cursor worthless."""
    sealed = seal(SECRET, QUESTION, Position(("舜耕",), "370103016001001"))
    assert unseal(SECRET, QUESTION, sealed, KEYS[:1], Kind.TEXT).values == ("舜耕",)
    for place, letter in itertools.product(range(len(sealed)), "A_9"):
        if sealed[place] != letter:
            refused(sealed[:place] + letter + sealed[place + 1 :])
    for text in (sealed[:-1], sealed + "A", sealed + "=", sealed + "\n", " " + sealed, sealed.replace("_", "/").swapcase()):
        refused(text)


def test_a_cursor_of_another_house_or_question_is_refused():
    """A cursor is good for the secret, the question and the keys that it was made with, and for nothing else."""
    sealed = seal(SECRET, QUESTION, Position(("a",), "x"))
    refused(sealed, secret=b"t" * 32)
    refused(sealed, question=digest("grids", "level=2", 7))
    refused(sealed, keys=())
    refused(sealed, keys=KEYS[:2])


@pytest.mark.parametrize(
    "text", ["", "A", "AAAA", "网格", "A" * 1_000_000, "%00", base64.urlsafe_b64encode(b"x" * 40).decode()]
)
def test_what_is_no_cursor_is_refused(text):
    """Any other text is refused like a cursor that was touched."""
    refused(text)


@given(st.text(max_size=60))
def test_any_text_is_refused(text):
    """Nothing that somebody types is a cursor."""
    refused(text)


def test_a_digest_tells_questions_apart():
    """The digest depends on every part and on where one part ends."""
    parts = [("a", "bc"), ("ab", "c"), ("abc",), ("a", "bc", None), (["a", "bc"],), ("a", date(2024, 5, 1))]
    assert len({digest(*each) for each in parts}) == len(parts)
    assert digest("a", datetime(2024, 5, 1, tzinfo=UTC)) == digest("a", datetime(2024, 5, 1, tzinfo=UTC))


def test_rows_are_compared_as_rows_where_nothing_is_missing():
    """Keys that are never NULL and go upwards give one comparison of rows, which an index answers."""
    condition = after([Key(FIELDS[6]), Key(FIELDS[7])], ID, Position((1, "x"), 5))
    assert condition.params == (1, "x", 5)
    assert " OR " not in repr(condition.sql)
