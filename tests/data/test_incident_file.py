"""Files of another system's reports: what they mean, and what is said of what cannot be used."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from api.loop import words
from data.incident_file import LONGEST, Arrivals, read_incidents
from data.incident_manifest import WORDS
from data.times import Doubt, TimeReader
from gis.chinese_frames import to_wgs84
from gis.errors import InputError

if TYPE_CHECKING:
    from gis.finding import Finding

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
GOOD = {
    "no": "A1", "x": "117.0", "y": "36.6", "made": "2026-03-01 08:00:00", "done": "", "sort": "rubbish", "what": "a heap",
    "result": "", "liked": "", "taken": "", "by": "",
}  # fmt: skip
DONE = GOOD | {"done": "2026-03-01 12:00:00", "result": "ok", "taken": "2026-03-01 09:00:00", "by": "2026-03-02"}
MANIFEST = """[incidents]
file = "orders.csv"
source = "hotline"
coordinates = "wgs84"
external_id = "no"
lon = "x"
lat = "y"
reported_at = "made"
accepted_at = "taken"
closed_at = "done"
due_at = "by"
category = "sort"
kind = { value = "problem" }
title = "what"
outcome = "result"
satisfaction = "liked"
[incidents.outcome_is]
ok = "resolved"
"""


def file_of(folder, rows, manifest=MANIFEST):
    """Write a CSV with its manifest and return the manifest's path."""
    path = folder / "orders.toml"
    path.write_text(manifest, "utf-8")
    pd.DataFrame(rows).to_csv(folder / "orders.csv", index=False)
    return path


def read(folder, *rows, manifest=MANIFEST) -> tuple[Arrivals, tuple[Finding, ...]]:
    """Read rows, each given as what differs from a good one."""
    return read_incidents(file_of(folder, [GOOD | {"no": f"A{k}"} | row for k, row in enumerate(rows, 1)], manifest), now=NOW)


def at(text: str) -> np.datetime64:
    return np.datetime64(text, "us")


def test_a_file_as_it_should_be(tmp_path) -> None:
    """Open and closed rows come with all that they say, times in UTC from the house's zone, theirs and our words as ours."""
    given, found = read(tmp_path, {}, DONE | {"no": "A2", "liked": "basic"})
    assert found == ()
    assert (given.source, len(given), given.external_id.tolist(), given.row.tolist()) == ("hotline", 2, ["A1", "A2"], [1, 2])
    assert given.lon_lat.tolist() == [[117.0, 36.6]] * 2
    assert given.reported_at.tolist() == [at("2026-03-01T00:00:00").item()] * 2
    assert np.isnat(given.closed_at).tolist() == [True, False]
    assert (given.closed_at[1], given.accepted_at[1]) == (at("2026-03-01T04:00:00"), at("2026-03-01T01:00:00"))
    assert given.due_at[1] == at("2026-03-01T16:00:00")
    assert (given.outcome.tolist(), given.satisfaction.tolist()) == (["", "resolved"], ["", "basic"])
    assert (given.kind.tolist(), given.category[0], given.title[0], given.address[0]) == (
        ["problem"] * 2,
        "rubbish",
        "a heap",
        "",
    )


LEFT_OUT = [
    ({"no": ""}, "incident_empty", "no"),
    ({"no": "1.01E+11"}, "incident_id_lost", "no"),
    ({"no": "x" * 61}, "incident_too_long", "no"),
    ({"x": ""}, "incident_no_place", "x"),
    ({"x": "", "y": ""}, "incident_no_place", "x"),
    ({"x": "117,0"}, "incident_place_wrong", "x"),
    ({"x": "0", "y": "0"}, "incident_place_wrong", "x"),
    ({"x": "200"}, "incident_place_wrong", "x"),
    ({"y": "1_0"}, "incident_place_wrong", "x"),
    ({"sort": ""}, "incident_empty", "sort"),
    ({"sort": "x" * 61}, "incident_too_long", "sort"),
    ({"made": ""}, "incident_empty", "made"),
    ({"made": "yesterday"}, "incident_time_unreadable", "made"),
    ({"made": "2026-02-30"}, "incident_time_unreadable", "made"),
    ({"made": "2026-03-03 00:00:00"}, "incident_future", "made"),
    (DONE | {"done": "soon"}, "incident_time_unreadable", "done"),
    (DONE | {"done": "2026-03-03"}, "incident_future", "done"),
    (DONE | {"done": "2026-02-27"}, "incident_backwards", "done"),
    (DONE | {"result": ""}, "incident_empty", "result"),
    (DONE | {"result": "fine"}, "incident_word", "result"),
]


@pytest.mark.parametrize(("row", "kind", "field"), LEFT_OUT)
def test_what_cannot_be_used_is_left_out_and_said(tmp_path, row, kind, field) -> None:
    """A row without a place, a time, an id or an end that can be is not there; one warning names its row and its column."""
    given, found = read(tmp_path, {}, {"no": "A2"} | {k: v for k, v in row.items() if k != "no" or v != "A1"}, {"no": "A3"})
    assert given.row.tolist() == [1, 3]
    assert [(each.kind, each.row, each.field, str(each.severity)) for each in found] == [(kind, 2, field, "warning")]
    assert found[0].en.endswith("left out.")
    assert found[0].zh.endswith("未载入。")


LEFT_OPEN = [
    (DONE | {"taken": "early"}, "incident_time_unreadable", "accepted_at"),
    (DONE | {"taken": "2026-02-01"}, "incident_accepted_aside", "accepted_at"),
    (DONE | {"taken": "2026-03-01 13:00:00"}, "incident_accepted_aside", "accepted_at"),
    (DONE | {"by": "?"}, "incident_time_unreadable", "due_at"),
    (DONE | {"liked": "very"}, "incident_word", "satisfaction"),
]


@pytest.mark.parametrize(("row", "kind", "name"), LEFT_OPEN)
def test_what_is_not_needed_is_left_open_and_said(tmp_path, row, kind, name) -> None:
    """A value that cannot be used but need not be there is left open, with a warning; the row comes in."""
    given, found = read(tmp_path, row)
    assert len(given) == 1
    assert [(each.kind, each.row) for each in found] == [(kind, 1)]
    value = getattr(given, name)[0]
    assert value == "" if name == "satisfaction" else np.isnat(value)


def test_everything_at_once(tmp_path) -> None:
    """All that is wrong with a file is said in one go, each row's with its number."""
    rows = [row for row, *_ in LEFT_OUT] + [row for row, *_ in LEFT_OPEN]
    numbered = [{"no": f"B{k}"} | {key: v for key, v in row.items() if key != "no" or v != "A1"} for k, row in enumerate(rows)]
    given, found = read(tmp_path, {}, *numbered)
    assert Counter(each.kind for each in found) == Counter(kind for _, kind, _ in LEFT_OUT + LEFT_OPEN)
    assert {each.row for each in found} == set(range(2, len(rows) + 2))
    assert given.row.tolist() == [1, *range(len(LEFT_OUT) + 2, len(rows) + 2)]


def test_an_id_that_stands_twice(tmp_path) -> None:
    """The first row of an id comes in; the others are named with it."""
    given, found = read(tmp_path, {"no": "A"}, {"no": "B"}, {"no": "A"}, {"no": "A"})
    assert given.row.tolist() == [1, 2]
    assert [(each.kind, each.row) for each in found] == [("incident_twice", 3), ("incident_twice", 4)]
    assert "row 1" in found[0].en


def test_long_texts_are_cut_and_said(tmp_path) -> None:
    """A title longer than we keep loses its end, with a warning."""
    given, found = read(tmp_path, {"what": "路" * 300})
    assert given.title[0] == "路" * LONGEST["title"]
    assert [each.kind for each in found] == ["incident_cut"]


def test_shifted_coordinates_are_taken_back(tmp_path) -> None:
    """What the manifest calls GCJ-02 comes in where it lies on the ground, and that is said."""
    given, found = read(tmp_path, {}, manifest=MANIFEST.replace("wgs84", "gcj02"))
    assert given.lon_lat.tolist() == to_wgs84(np.array([[117.0, 36.6]]), "gcj02").tolist()
    assert [each.kind for each in found] == ["shift_undone"]


def test_parquet_and_geojson_say_the_same(tmp_path) -> None:
    """The same reports as Parquet with moments, and as GeoJSON with zones in its times, come in as from CSV."""
    wanted, _ = read(tmp_path, {}, DONE | {"no": "A2"})
    times = ("made", "done", "taken", "by")
    rows = [GOOD, DONE | {"no": "A2"}]
    frame = pd.DataFrame(rows)
    for name in times:
        frame[name] = pd.to_datetime(frame[name].replace("", None), format="mixed").dt.tz_localize("Asia/Shanghai")
    frame[["x", "y"]] = frame[["x", "y"]].astype(float)
    frame.to_parquet(tmp_path / "orders.parquet")
    (tmp_path / "parquet.toml").write_text(MANIFEST.replace("orders.csv", "orders.parquet"), "utf-8")
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [117.0, 36.6]},
            "properties": {k: f"{zoned(v)}" if k in times and v else v or None for k, v in row.items() if k not in {"x", "y"}},
        }
        for row in rows
    ]
    (tmp_path / "orders.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    bare = "\n".join(line for line in MANIFEST.splitlines() if not line.startswith(("lon", "lat", "coordinates")))
    (tmp_path / "geojson.toml").write_text(bare.replace("orders.csv", "orders.geojson"), "utf-8")
    for name in ("parquet.toml", "geojson.toml"):
        given, found = read_incidents(tmp_path / name, now=NOW)
        assert found == ()
        for column in Arrivals.__slots__:
            assert np.array_equal(
                np.array(getattr(given, column)).astype(str), np.array(getattr(wanted, column)).astype(str)
            ), column


def zoned(text: str) -> str:
    """Write a time of China as one of New York."""
    there = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return there.astimezone(ZoneInfo("America/New_York")).isoformat()


BROKEN = [
    ("file = ", "fil = ", {"unknown_key", "missing_key"}),
    ('source = "hotline"\n', "", {"missing_key"}),
    ('source = "hotline"', 'source = "grid"', {"incident_source"}),
    ('source = "hotline"', "source = 7", {"wrong_value"}),
    ('lat = "y"\n', "", {"missing_key"}),
    ('outcome = "result"\n', "", {"missing_key"}),
    ('"wgs84"', '"mars"', {"unknown_coordinates"}),
    ('external_id = "no"', 'zone = "Asia/Nowhere"\nexternal_id = "no"', {"wrong_value"}),
    ('{ value = "problem" }', '{ value = "trouble" }', {"wrong_value"}),
    ('ok = "resolved"', 'ok = "solved"', {"wrong_value"}),
    ("[incidents]", "[incident]", {"unknown_table", "missing_key"}),
    ("[incidents]", "[[incidents]]", {"missing_table"}),
    ("[incidents]", "[incidents", {"manifest_syntax"}),
    ('external_id = "no"', 'external_id = "nr"', {"missing_column"}),
    ("orders.csv", "order.csv", {"file_missing"}),
]


@pytest.mark.parametrize(("old", "new", "kinds"), BROKEN)
def test_what_is_wrong_with_the_manifest_stops(tmp_path, old, new, kinds) -> None:
    """A manifest that names what is not there, or leaves out what must be, reads nothing, and says it all."""
    assert old in MANIFEST
    with pytest.raises(InputError) as stopped:
        read(tmp_path, {}, manifest=MANIFEST.replace(old, new, 1))
    assert {each.kind for each in stopped.value.findings if str(each.severity) == "error"} == kinds


def test_no_manifest_and_no_text(tmp_path) -> None:
    """A manifest that is not there, or is no text, is said as such."""
    for path, kind in ((tmp_path / "none.toml", "manifest_missing"), (tmp_path / "latin.toml", "manifest_not_utf8")):
        (tmp_path / "latin.toml").write_bytes(b"[incidents]\nfile = '\xff'\n")
        with pytest.raises(InputError) as stopped:
            read_incidents(path, now=NOW)
        assert [each.kind for each in stopped.value.findings] == [kind]


def test_where_takes_only_such_rows(tmp_path) -> None:
    """Rows of another sort are not read, and not said."""
    manifest = MANIFEST.replace("[incidents.outcome_is]", "[incidents.where]\nsort = ['rubbish']\n[incidents.outcome_is]")
    given, found = read(tmp_path, {}, {"sort": "noise", "x": "bad"}, {}, manifest=manifest)
    assert (given.row.tolist(), found) == ([1, 3], ())


def test_the_words_are_those_of_the_loop() -> None:
    """The words that a file may be mapped to are exactly those that the loop has."""
    kinds = {"kind": words.Kind, "outcome": words.Outcome, "satisfaction": words.Satisfaction}
    assert {name: tuple(map(str, kind)) for name, kind in kinds.items()} == dict(WORDS)


@pytest.mark.parametrize(
    ("text", "wanted", "doubt"),
    [
        ("2026-01-15 08:00:00", "2026-01-15T13:00:00", Doubt.NONE),
        ("2026-07-15T08:00:00.25", "2026-07-15T12:00:00.25", Doubt.NONE),
        ("2026/7/5 8:05", "2026-07-05T12:05:00", Doubt.NONE),
        ("2026-07-05", "2026-07-05T04:00:00", Doubt.NONE),
        ("2026-07-05T08:00:00Z", "2026-07-05T08:00:00", Doubt.NONE),
        ("2026-07-05 08:00:00+0800", "2026-07-05T00:00:00", Doubt.NONE),
        ("2026-03-08 01:59:59", "2026-03-08T06:59:59", Doubt.NONE),
        ("2026-03-08 02:30:00", None, Doubt.NEVER),
        ("2026-03-08 03:00:00", "2026-03-08T07:00:00", Doubt.NONE),
        ("2026-11-01 01:30:00", "2026-11-01T05:30:00", Doubt.TWICE),
        ("2026-11-01 02:00:00", "2026-11-01T07:00:00", Doubt.NONE),
        ("1969-12-31 20:00:00", "1970-01-01T01:00:00", Doubt.NONE),
        ("2026-13-01", None, Doubt.UNREADABLE),
        ("2026-01-01 25:00", None, Doubt.UNREADABLE),
        ("20260101", None, Doubt.UNREADABLE),
        ("\uff12026-01-01", None, Doubt.UNREADABLE),
    ],
)
def test_times_are_read_in_their_zone(text, wanted, doubt) -> None:
    """A time without a zone is the file's, around the changes of summer time too; one with a zone is that zone's."""
    moment, found = TimeReader(ZoneInfo("America/New_York")).at(text)
    assert found is doubt
    assert moment == (0 if wanted is None else at(wanted).astype(np.int64))
