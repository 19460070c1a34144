"""What a body may say is what its description says: whole numbers, degrees, texts that say something, square metres."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from typing import Annotated, Any

import pytest
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from api.v1.parameters import MONTH, NO_NUL, SOMETHING, WHOLE, Longitude, Moment, listed_names
from api.v1.stations import SquareMetres
from data.store.sql import one

COUNT: TypeAdapter[Any] = TypeAdapter(Annotated[int, Field(strict=True, ge=0, le=100), WHOLE])


def taken(adapter: TypeAdapter[Any], value: object) -> object:
    """Return what is read; 'refused' where nothing is."""
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return "refused"


def test_a_whole_number_is_one_however_json_writes_it():
    """12.0 is the whole number 12, as in every schema; a text, a truth, a fraction or what lies outside is none."""
    assert [taken(COUNT, value) for value in (12, 12.0, 100.0)] == [12, 12, 100]
    for value in ("12", True, 12.5, -1, 101.0, float("inf"), float("nan")):
        assert taken(COUNT, value) == "refused"
    assert COUNT.json_schema() == {"type": "integer", "minimum": 0, "maximum": 100}


def test_degrees_are_numbers():
    """A text is no longitude, whatever stands in it, nor is a truth."""
    degrees = TypeAdapter(Longitude)
    assert [taken(degrees, value) for value in (117, 117.5, "117", True, 180.5, float("nan"))] == [117, 117.5, *["refused"] * 4]


def test_the_pattern_of_a_text_says_what_is_left_of_it():
    """A text is refused for being blank exactly where its pattern refuses it, for every character that there is."""
    line = TypeAdapter(Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=NO_NUL)])
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    blank = {letter for letter in letters if taken(line, f" {letter}\n") == "refused"}
    assert blank == {letter for letter in letters if not re.search(SOMETHING, f" {letter}\n")}
    assert {"\x00", "\u3000", "\x85"} < blank


def test_a_month_is_of_a_year_that_there_is():
    """What matches can be read as a date: no year 0, and no digits but ours."""
    month = TypeAdapter(Annotated[str, StringConstraints(pattern=MONTH)])
    assert [taken(month, said) for said in ("2026-02", "2026-12")] == ["2026-02", "2026-12"]
    for said in ("0000-01", "2026-00", "2026-13", "2026-2", "\u0662\u0660\u0662\u0666-02", "2026-02\n"):
        assert taken(month, said) == "refused"


def test_a_moment_is_written_out():
    """A number is no moment, though it may count seconds since 1970; nor is one without a zone."""
    moment = TypeAdapter(Moment)
    assert str(taken(moment, "2026-03-02T09:00:00+08:00")) == "2026-03-02 09:00:00+08:00"
    for said in (0, 0.5, "0.5", "1772413200", "2026-03-02", "2026-03-02T09:00:00"):
        assert taken(moment, said) == "refused"


def test_a_moment_is_one_that_the_store_reads(tx):
    """A moment in a zone that PostgreSQL does not know is kept in another; one of a year that there is not is refused."""
    moment = TypeAdapter(Moment)
    for said in ("1486-10-20T01:42:37+16:45", "2026-03-02T09:00:00-23:59", "0001-01-01T00:00:00+15:59"):
        read = moment.validate_python(said)
        assert one(tx, "SELECT %s::timestamptz IS NOT NULL", [read]) == (True,)
        assert read == datetime.fromisoformat(said)
    assert taken(moment, "0001-01-01T00:00:00+16:00") == taken(moment, "9999-12-31T23:59:59-16:00") == "refused"


def test_names_are_listed_between_commas():
    """One name and several match what describes them; none, an unknown one and an open end do not."""
    pattern = listed_names(("a_b", "c.d"))["pattern"]
    assert [said for said in ("a_b", "c.d,a_b", "", "cxd", "a_b,", "a_b;c.d") if re.search(pattern, said)] == ["a_b", "c.d,a_b"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (12, "12"), (0.57, "0.57"), (0.1 + 0.2, "0.3"), (99_999_999.99, "99999999.99"), ("1000", "1000"), ("12.5", "12.5"),
        ("", "refused"), ("1e3", "refused"), ("12.345", "refused"), (" 1", "refused"), ("1\n", "refused"), (True, "refused"),
        (-0.01, "refused"), (1e8, "refused"), (float("inf"), "refused"),
    ],
)  # fmt: skip
def test_square_metres_are_kept_to_the_hundredth(said, kept):
    """A number is taken to its hundredth, a text as it stands; nothing else is an area."""
    assert str(taken(TypeAdapter(SquareMetres), said)) == kept
