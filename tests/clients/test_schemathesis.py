"""schemathesis asks whatever the two descriptions of the service allow, and a good deal of what they do not."""

from __future__ import annotations

import pytest

from tests.clients.programs import OURS, need, told_by

pytestmark = pytest.mark.clients

PROGRAM = OURS.with_name("schemathesis")

LEFT_OUT = "positive_data_acceptance"
"""That of two parameters only one may be given, or that a text must be a filter, no description can say."""


@pytest.mark.parametrize("description", ["api", "api31"])
def test_description_is_kept(service, description, tmp_path):
    """Every answer has a status, a type and a shape that the description names; nothing that is asked breaks the server."""
    need(PROGRAM)
    told = told_by(
        PROGRAM, "--config-file", str(_settings(tmp_path)), "run", f"{service.url}/{description}", "--checks", "all",
        "--exclude-checks", LEFT_OUT, "--max-examples", "12", "--seed", "1", "--no-color",
    )  # fmt: skip
    assert "No issues found" in told, told


def _settings(folder):
    """Write settings that keep what is learnt between runs out of the checkout."""
    file = folder / "schemathesis.toml"
    file.write_text('[generation]\ndatabase = "none"\n', "utf-8")
    return file
