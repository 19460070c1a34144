"""The examples of the CQL2 standard, sent as a client would."""

from __future__ import annotations

import pytest

from tests.clients.programs import CQL2_EXAMPLES, need

pytestmark = pytest.mark.clients


@pytest.mark.parametrize(("language", "ending", "least"), [("cql2-text", "txt", 120), ("cql2-json", "json", 109)])
def test_examples_are_answered_or_refused(service, language, ending, least):
    """Each example gives a page, or is refused in words that name the filter: nothing in the standard breaks the server."""
    need(CQL2_EXAMPLES)
    files = sorted(CQL2_EXAMPLES.rglob(f"*.{ending}"))
    assert len(files) >= least
    for file in files:
        asked = {"filter": file.read_text("utf-8").strip(), "filter-lang": language, "limit": 1}
        answer = service.client.get("/collections/grids/items", params=asked)
        assert answer.status_code in {200, 400}, (file.name, answer.text)
        if answer.status_code == 400:
            assert answer.json()["code"] in {"invalid-filter", "unknown-property"}, (file.name, answer.text)
            assert answer.json()["errors"][0]["parameter"] == "filter", (file.name, answer.text)


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("households BETWEEN 210 AND 220", "households_public BETWEEN 210 AND 220"),
        ("kind IN ('dedicated') AND NOT (households < 400)", "kind = 'dedicated' AND households_public >= 400"),
        ("name LIKE '第1_网格'", "name LIKE '第1_网格'"),
        ("CASEI(kind) = CASEI('DEDICATED') AND code > '370103002'", "kind = 'dedicated' AND code > '370103002'"),
        ("valid_to IS NULL AND households > 495", "households_public > 495"),
        ("community = '370103001001' OR street = '370103002'", "code LIKE '370103001001%%' OR code LIKE '370103002%%'"),
    ],
)
def test_filters_give_what_sql_gives(service, text, truth):
    """A filter gives exactly the grids that the same condition gives in SQL."""
    asked = {"filter": text, "limit": 10_000, "skipGeometry": "true"}
    answer = service.client.get("/collections/grids/items", params=asked)
    assert answer.status_code == 200, answer.text
    wanted = service.truth(truth)
    assert wanted
    assert [each["id"] for each in answer.json()["features"]] == wanted
