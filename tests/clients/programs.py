"""Other people's programs, each run as a process of its own: one that holds Python's lock would keep our server from answering.

What is not installed is left out with its reason; on continuous integration it is a failure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
OURS = Path(sys.executable)
CLIENTS = ROOT / ".venv-clients" / "bin" / "python"
DEBIANS = Path("/usr/bin/python3")
QGIS = Path("/usr/lib/python3/dist-packages/qgis/core")
OGC_CLIENT = HERE / "node_modules" / "@camptocamp" / "ogc-client"
CQL2_EXAMPLES = ROOT / ".venv-clients" / "cql2-examples"
WAIT_S = 600


def need(*files: Path) -> None:
    """Leave the test out, and say why, where something is not installed."""
    missing = [str(file) for file in files if not file.exists()]
    if missing:
        reason = f"{', '.join(missing)} not there: run script/bootstrap --clients"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def told_by(program: Path | str, *arguments: str, folder: Path = HERE, **surroundings: str) -> str:
    """Run a program, which must end well, and give what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")} | surroundings
    command = [program, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=WAIT_S, env=environment, cwd=folder)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def answers_of(program: Path | str, script: str, *arguments: str, **surroundings: str):
    """Run a script of this folder and give the JSON in the last line that it printed."""
    return json.loads(told_by(program, str(HERE / script), *arguments, **surroundings).splitlines()[-1])
