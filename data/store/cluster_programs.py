"""The PostgreSQL that is installed here: the server with PostGIS, and the programs that write and read backups."""

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
_CLIENTS = ("pg_dump", "pg_restore")
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


def find_clients(server: int, wish: Path | None = None, *, installed: Path = INSTALLED) -> Path:
    """Return the folder of the `pg_dump` and `pg_restore` for a server of that major version: `wish`, or the best installed.

    Older ones refuse a newer server, and newer ones may tell an older server what it does not know: so the least that is not
    older. Raises `StoreError` where there are none.
    """
    found = {
        major: bindir
        for bindir in ([wish] if wish else installed.glob("*/bin"))
        if (about := _installation(bindir)) is not None and (major := about[0]) >= server and _has(bindir, *_CLIENTS)
    }
    if not found:
        raise StoreError(
            f"the server is PostgreSQL {server}, and there is no pg_dump as new as that {f'in {wish}' if wish else 'here'}: on "
            f"Debian, apt-get install postgresql-client-{server}; or name the folder of its programs in WANGGE_PG_BIN"
        )
    return found[min(found)]


def _programs(bindir: Path) -> Programs | None:
    """Return the installation in a folder, if it is one and has PostGIS."""
    about = _installation(bindir)
    if about is None or about[0] < OLDEST or not _has(bindir, "postgres"):
        return None
    major, shared = about
    return Programs(bindir, major) if (shared / "extension" / "postgis.control").is_file() else None


def _installation(bindir: Path) -> tuple[int, Path] | None:
    """Return the major version of the programs in a folder, and where they keep their extensions; None where it has none."""
    command = [bindir / "pg_config", "--version", "--sharedir"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=SURROUNDINGS)  # noqa: S603 the user's own
    except (OSError, subprocess.CalledProcessError):
        return None
    version, _, shared = done.stdout.strip().partition("\n")
    major = re.search(r"\d+", version)
    return None if major is None else (int(major[0]), Path(shared))


def _has(bindir: Path, *names: str) -> bool:
    return all((bindir / name).is_file() for name in names)
