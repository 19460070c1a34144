"""Areas over HTTP, on any day."""

from datetime import date

import pytest
import shapely

from data.store.towns import import_town
from tests.api.v1.hall import NOW, problem
from tests.drawn import Drawing, Home
from tests.stored import owner, published

THEN, NOW_DAY = date(2023, 1, 1), date(2026, 1, 1)


def growing(conn):
    """A street of five communities that is cut into 22 three years later, on the same ground."""
    for count, day in ((5, THEN), (22, NOW_DAY)):
        wide = 2200 / count
        communities = {f"3701170010{n + 1:02}": shapely.box(n * wide, 0, (n + 1) * wide, 300) for n in range(count)}
        import_town(conn, Drawing(communities=communities, homes=[Home(5, 5, 400)]).town(), day=day, now=NOW)


def test_from_five_communities_to_22(hall):
    """Three years ago a street had 5 communities and today it has 22: each day is answered as it was."""
    with owner(hall.db.admin) as conn:
        growing(conn)

    def count(**asked):
        return hall.client.get("/v1/areas", params={"level": "community", **asked}).json()["matched"]

    assert count(at="2023-01-01") == 5
    assert count(at="2025-12-31") == 5
    assert count(at="2026-01-01") == count() == 22
    assert count(at="2022-12-31") == 0
    street = hall.client.get("/v1/areas/街道", params={"at": "2024-06-01"}).json()
    assert len(street["children"]) == 5
    assert len(hall.client.get("/v1/areas/街道").json()["children"]) == 22
    problem(hall.client.get("/v1/areas/370117001022", params={"at": "2024-06-01"}), 404, "not-found")
    first = hall.client.get("/v1/areas/370117001001/history").json()["versions"]
    assert [(each["valid_from"], each["valid_to"]) for each in first] == [("2023-01-01", "2026-01-01"), ("2026-01-01", None)]


def test_an_area_says_where_it_is(hall):
    """An area shows what it belongs to from the top down, what belongs to it, and its grids that day by kind."""
    with owner(hall.db.admin) as conn:
        published(conn)
    told = hall.client.get("/v1/areas/街道").json()
    assert [parent["code"] for parent in told["parents"]] == ["3701", "区"]
    assert [child["code"] for child in told["children"]] == ["370103016001", "370103016002"]
    assert told["grids"] == {"residential": 6, "dedicated": 0}
    assert hall.client.get("/v1/areas/370103016001").json()["grids"]["residential"] == 3
    problem(hall.client.get("/v1/areas/街道?at=2025-12-31"), 404, "not-found")


@pytest.mark.parametrize(
    ("scope", "codes"),
    [
        ("3701", ["3701", "370103016001", "370103016002", "区", "街道"]),
        ("区", ["370103016001", "370103016002", "区", "街道"]),
        ("370103016", ["370103016001", "370103016002"]),
        ("370103", ["370103016001", "370103016002"]),
        ("370100", ["3701", "370103016001", "370103016002", "区", "街道"]),
        ("370103016001", ["370103016001"]),
        ("370103016000", ["370103016001", "370103016002"]),
        ("430204", []),
    ],
)
def test_a_scope(hall, scope, codes):
    """A scope is an area's code, of digits or not, and takes in what belongs to it; digits that no area has are a prefix."""
    with owner(hall.db.admin) as conn:
        published(conn)
    told = hall.client.get("/v1/areas", params={"scope": scope}).json()
    assert [area["code"] for area in told["areas"]] == codes


@pytest.mark.parametrize("scope", ["3", "37010", "3701031", "37010301", "3701030160", "990103", "37010301600100"])
def test_scopes_that_are_none(hall, scope):
    """Digits of a length that no area has, or of no province, are refused and named."""
    told = problem(hall.client.get("/v1/areas", params={"scope": scope}), 400, "invalid-code")
    assert told["errors"][0]["parameter"] == "scope"


def test_areas_in_pages(hall):
    """Areas come a page at a time, by code, each once."""
    with owner(hall.db.admin) as conn:
        growing(conn)
    found, after, page = [], "", {}
    while after is not None:
        page = hall.client.get("/v1/areas", params={"limit": 10, "after": after}).json()
        found += [area["code"] for area in page["areas"]]
        after = page["next"]
    assert len(found) == page["matched"] == 25
    assert found == sorted(found)


def test_questions_that_are_none(hall):
    """Unknown parameters, one that comes twice, a bad day and a bad level are refused; all unknown ones at once."""
    told = problem(hall.client.get("/v1/areas?levle=city&limit=1&limit=2&x=1"), 400, "unknown-parameter")
    assert [error["parameter"] for error in told["errors"]] == ["levle", "limit", "x"]
    assert "did you mean level" in told["errors"][0]["detail"]
    told = problem(hall.client.get("/v1/areas?level=town&at=never&limit=0"), 400, "invalid-parameter")
    assert {error["parameter"] for error in told["errors"]} == {"level", "at", "limit"}
    assert hall.client.get("/v1/areas/%00").status_code == 400
    problem(hall.client.get("/v1/areas/nowhere/history"), 404, "not-found")
