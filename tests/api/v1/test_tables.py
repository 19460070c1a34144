"""Figures as CSV, and not at all where nothing has changed: statistics, the panel, weekly reviews."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from api.csv_table import BOM
from tests.api.incidents.station import GRID, HERE, MONDAY, at, station_over
from tests.api.rounds.homes import furnish
from tests.api.v1.hall import problem
from tests.published import DISTRICT, STREETS
from tests.stored import owner

if TYPE_CHECKING:
    import httpx

    from tests.api.incidents.station import Station

WEEK = "2026-W10"
ADDRESSES = (
    f"/v1/stats?area={DISTRICT}&by=street",
    f"/v1/panel?area={DISTRICT}",
    f"/v1/reviews/{DISTRICT}?from=2026-03-01&to=2026-03-09",
)


@pytest.fixture
def station(db, tmp_path):
    """The small town, with one heap of rubbish."""
    with station_over(db, tmp_path) as made:
        made.reports()
        yield made


def lines(answer: httpx.Response) -> list[dict[str, str]]:
    """Return the lines of an answer, by column."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8"), answer.text
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.text.startswith(BOM)
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix(BOM), newline="")))


def table(station: Station, address: str, who: str = "district") -> list[dict[str, str]]:
    return lines(station.asks(who, "GET", address, headers={"Accept": "text/csv"}))


def shown(station: Station, address: str) -> Any:
    answer = station.asks("district", "GET", address)
    assert answer.status_code == 200, answer.text
    return answer.json()


def cell(value: object) -> str:
    return "" if value is None else str(value)


def same_figures(line: dict[str, str], figures: dict[str, Any]) -> None:
    """Check that a line holds the figures of a row, number by number."""
    assert figures
    for name, figure in figures.items():
        for part, value in figure.items():
            if part == "parts":
                assert {key: line[f"figures.{name}.parts.{key}"] for key in value} == {k: cell(v) for k, v in value.items()}
            else:
                assert line[f"figures.{name}.{part}"] == cell(value), (name, part)


def test_csv_has_the_rows_of_the_document(station) -> None:
    """What a spreadsheet reads of statistics, the panel and reviews is what the document says, line by line."""
    told, (total, *rows, elsewhere) = shown(station, ADDRESSES[0]), table(station, ADDRESSES[0])
    assert [total["line"], *(row["line"] for row in rows), elsewhere["line"]] == ["total", "row", "row", "elsewhere"]
    assert [row["code"] for row in rows] == list(STREETS)
    figures = (told["total"], *(row["figures"] for row in told["rows"]), told["elsewhere"])
    for line, wanted in zip((total, *rows, elsewhere), figures, strict=True):
        same_figures(line, wanted)
    assert (total["figures.received.value"], rows[1]["figures.received.value"]) == ("1", "0")

    told, (whole, *parts, elsewhere) = shown(station, ADDRESSES[1]), table(station, ADDRESSES[1])
    assert [part["code"] for part in parts] == [part["code"] for part in told["parts"]]
    figures = (*(part["figures"] for part in told["parts"]), told["elsewhere"])
    for line, wanted in zip((*parts, elsewhere), figures, strict=True):
        same_figures(line, wanted)
    assert whole["figures.grids.value"] == "12"

    told, weeks = shown(station, ADDRESSES[2]), table(station, ADDRESSES[2])
    assert [week["week"] for week in weeks] == [week["week"] for week in told["weeks"]]
    assert [int(week["received"]) for week in weeks] == [week["received"] for week in told["weeks"]]
    days = table(station, f"/v1/reviews/{DISTRICT}/{WEEK}")
    assert [(day["day"], day["received"]) for day in days[:2]] == [("2026-03-02", "1"), ("2026-03-03", "0")]
    tiers = table(station, f"/v1/reviews/{DISTRICT}/{WEEK}?by=tier")
    assert [tier["received"] for tier in tiers] == ["1"]


def test_csv_is_asked_for(station) -> None:
    """`f` decides, else what `Accept` asks for first; anything else is refused, and who may not read reads no line."""
    for accepted, is_csv in (
        ("text/csv", True), ("text/csv, application/json", True), ("application/json, text/csv", False), ("*/*", False),
        ("text/html, text/csv;q=0.5", True),
    ):  # fmt: skip
        answer = station.asks("district", "GET", ADDRESSES[0], headers={"Accept": accepted})
        assert answer.headers["content-type"].startswith("text/csv") == is_csv, accepted
        assert "Accept" in answer.headers["vary"].split(", ")
    assert lines(station.asks("district", "GET", f"{ADDRESSES[0]}&f=csv", headers={"Accept": "application/json"}))
    assert station.asks("district", "GET", f"{ADDRESSES[0]}&f=json", headers={"Accept": "text/csv"}).json()
    assert station.asks("district", "GET", f"{ADDRESSES[0]}&f=xls").status_code in {400, 422}
    for address in ADDRESSES:
        problem(station.asks("community", "GET", f"{address}&f=csv"), 404, "not-found")


def test_a_list_that_is_cut_is_called_so(station, monkeypatch) -> None:
    """Where a list has more rows than a table holds, the table has the first of them, and its name says which these are."""
    with owner(station.hall.db.admin) as conn:
        furnish(conn)
    wanted = {"area": DISTRICT, "category": "dispute", "reason": "dispute", "within_days": 3}
    assert station.asks("district", "PUT", "/v1/visits/triggers", json=wanted).status_code == 200
    station.passes(minutes=1)
    for _ in range(3):
        station.reports(category="dispute")
        placed = {"category": "repair", "title": "a lamp is out", "community": HERE}
        assert station.asks("worker", "POST", "/v1/orders", json=placed).status_code == 201
    for address, name, order in (
        ("/v1/orders?", "orders-2026-03-02", "newest"),
        ("/v1/visits/called-for?", "called-for-2026-03-02", "due"),
        (f"/v1/visits/due?grid={GRID}&", f"due-{GRID}-2026-03-02", "target"),
    ):
        whole = station.asks("worker", "GET", f"{address}f=csv")
        assert f'filename="{name}.csv"' in whole.headers["content-disposition"]
        rows = lines(whole)
        assert len(rows) > 1
        for most, called in ((len(rows), name), (len(rows) - 1, f"{name}-first-{len(rows) - 1}-by-{order}")):
            with monkeypatch.context() as patched:
                patched.setattr("api.v1.tables.MOST_LINES", most)
                part = station.asks("worker", "GET", f"{address}f=csv")
            assert lines(part) == rows[:most]
            assert f'filename="{called}.csv"' in part.headers["content-disposition"]


def test_a_title_that_is_a_formula_is_a_text(station) -> None:
    """What somebody says of a week cannot make a spreadsheet compute anything."""
    said = station.asks("street", "PUT", f"/v1/reviews/{HERE}/{WEEK}", json={"comment": "=1+1"})
    assert said.status_code == 200, said.text
    (week,) = table(station, f"/v1/reviews/{HERE}?from=2026-03-02&to=2026-03-09")
    assert week["review.comment"] == "'=1+1"


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_wall_that_has_not_changed_is_told_so(station, address) -> None:
    """The same question is not counted again until something was done: then it is, and the figures are the new ones."""
    first = station.asks("district", "GET", address)
    known = {"If-None-Match": first.headers["etag"]}
    station.passes(seconds=20)
    same = station.asks("district", "GET", address, headers=known)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    for other in (f"{address}&f=csv", f"{address}&lang=zh"):
        assert station.asks("district", "GET", other, headers=known).status_code == 200
    assert station.asks("street", "GET", address.replace(DISTRICT, STREETS[0]), headers=known).status_code == 200
    station.reports(**at(60, 100))
    changed = station.asks("district", "GET", address, headers=known)
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_a_deadline_that_passes_is_a_change(station) -> None:
    """Nothing is done, and still a case falls overdue, and then by a day: each time the figures are counted anew."""
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    address, seen = f"/v1/stats?area={DISTRICT}&metrics=overdue_open", []
    (due,) = station.hall.rows("SELECT due_at FROM wangge.incident WHERE no = %s", [no])[0]
    for hours in (-1, 1, 2, 23.9, 24.1):
        station.hall.now = MONDAY + (due - MONDAY)
        station.passes(hours=hours)
        answer = station.asks("district", "GET", address, headers={"If-None-Match": seen[-1][0]} if seen else {})
        if answer.status_code == 200:
            seen.append((answer.headers["etag"], hours, answer.json()["total"]["overdue_open"]["value"]))
    by_hour = [(hours, value) for _, hours, value in seen]
    assert (-1, 0) in by_hour
    assert (1, 1) in by_hour
    assert 2 not in [hours for hours, _ in by_hour]
    assert 24.1 in [hours for hours, _ in by_hour]


def test_calls_are_counted_whenever_they_are_asked_for(station) -> None:
    """Figures of calls, which change with the moment, have no ETag."""
    answer = station.asks("district", "GET", f"/v1/stats?area={DISTRICT}&metrics=response_rate")
    assert (answer.status_code, "etag" in answer.headers) == (200, False)


def test_the_grid_of_a_case_is_a_line(station) -> None:
    """By grid, CSV has a line for each grid of the area, in the order of their codes."""
    rows = table(station, f"/v1/stats?area={HERE}&by=grid&metrics=received")[1:-1]
    assert [(row["code"], row["figures.received.value"]) for row in rows][:2] == [(GRID, "1"), (f"{HERE}002", "0")]
