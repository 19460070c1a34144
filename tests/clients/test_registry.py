"""ogcapi-registry reads the description of the service beside the conformance classes that it claims."""

from __future__ import annotations

import pytest

from tests.clients.programs import CLIENTS, answers_of, need

pytestmark = pytest.mark.clients


def test_description_holds_what_is_claimed(service):
    """The description has every path and parameter that the classes on the conformance page ask of it."""
    need(CLIENTS)
    told = answers_of(CLIENTS, "registry_checks.py", service.url)
    assert told["claimed"] > 20
    assert told["critical"] == []
    assert told["valid"]
