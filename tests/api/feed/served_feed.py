"""The application with its feed, served in a process of its own: for a test that asks it to end.

python -m tests.api.feed.served_feed APP_DSN HOME PORT
"""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from api.app import create_app
from api.settings import Settings
from data.store.pool import Pool


def main(dsn: str, home: str, port: str) -> None:
    """Serve until the process is asked to end."""
    with closing(Pool(dsn, size=2)) as pool:
        app = create_app(Settings(home=Path(home)), pool, now=lambda: datetime.now(UTC))
        uvicorn.run(app, port=int(port), log_config=None, access_log=False, timeout_graceful_shutdown=20)


if __name__ == "__main__":
    main(*sys.argv[1:])
