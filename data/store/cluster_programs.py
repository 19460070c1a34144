"""The PostgreSQL that is installed here and has PostGIS."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gis.errors import StoreError

OLDEST = 15
"""The oldest major version of PostgreSQL that the store's statements are written for."""
INSTALLED = Path("/usr/lib/postgresql")
"""Where Debian puts each major version's programs."""
SURROUNDINGS = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
"""All of the environment that a program of PostgreSQL gets: no PGDATA, no PGOPTIONS, no secret of the service."""


@dataclass(frozen=True, slots=True)
class Programs:
    """One installation of PostgreSQL with PostGIS: the folder of its programs, and its major version."""

    bindir: Path
    major: int


def find_programs(wish: Path | None = None, *, major: int | None = None, installed: Path = INSTALLED) -> Programs:
    """Return the PostgreSQL in `wish`; without one that of version `major`, or the newest, among those with PostGIS.

    Raises `StoreError` where there is none.
    """
    candidates = [wish] if wish else list(installed.glob("*/bin"))
    found = sorted(filter(None, map(_programs, candidates)), key=lambda programs: programs.major, reverse=True)
    if not found:
        place = f"in {wish}" if wish else f"under {installed}"
        raise StoreError(
            f"there is no PostgreSQL {OLDEST} or newer with PostGIS {place}: on Debian, apt-get install postgresql-postgis; "
            "or name another folder of programs in WANGGE_PG_BIN; or name a server of your own by its DSN"
        )
    return next((programs for programs in found if programs.major == major), found[0])


def _programs(bindir: Path) -> Programs | None:
    """Return the installation in a folder, if it is one and has PostGIS."""
    command = [bindir / "pg_config", "--version", "--sharedir"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=SURROUNDINGS)  # noqa: S603 the user's own
    except (OSError, subprocess.CalledProcessError):
        return None
    version, _, shared = done.stdout.strip().partition("\n")
    major = re.search(r"\d+", version)
    if major is None or int(major[0]) < OLDEST or not (bindir / "postgres").is_file():
        return None
    return Programs(bindir, int(major[0])) if Path(shared, "extension", "postgis.control").is_file() else None
