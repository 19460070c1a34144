"""The conformance tests of OGC API Features, Part 1 Core, as the package ogctests has them."""

from __future__ import annotations

import pytest

from tests.clients.programs import CLIENTS, need, told_by

pytestmark = pytest.mark.clients


def test_core_is_conformant(service, tmp_path):
    """All 29 abstract tests of Core pass."""
    need(CLIENTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")
    # Theirs is a run of pytest, which would find our settings above their folder.
    own = f"-c {tmp_path}/pytest.ini --rootdir {tmp_path} -p no:cacheprovider --color no"
    told = told_by(CLIENTS, "-m", "ogctests", "features/core", "-i", service.url, "-v", "1", PYTEST_ADDOPTS=own)
    assert "29 passed" in told, told
    assert "failed" not in told, told
