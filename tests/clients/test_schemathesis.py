"""schemathesis asks whatever the two descriptions of the service allow, and a good deal of what they do not."""

from __future__ import annotations

import pytest

from tests.clients.programs import HERE, OURS, need, told_by

pytestmark = pytest.mark.clients

PROGRAM = OURS.with_name("schemathesis")


@pytest.mark.parametrize("description", ["api", "api31"])
def test_description_is_kept(service, description, tmp_path):
    """Every answer has a status, a type and a shape that the description names, and what it does not allow is refused."""
    need(PROGRAM)
    # It keeps what it learns in the folder where it runs, and the next run asks that first.
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(f'hooks = "{HERE / "schemathesis_hooks.py"}"\nwarnings = false\n', "utf-8")
    command = ["run", f"{service.url}/{description}", "--checks", "all", "--max-examples", "12", "--seed", "1", "--no-color"]
    # An endless answer; tests/api/v1/test_events.py reads it.
    command += ["--exclude-path", "/v1/events"]
    told = told_by(PROGRAM, "--config-file", str(settings), *command, folder=tmp_path)
    assert "No issues found" in told, told
