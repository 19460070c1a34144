"""An application over real HTTP: a server on a free port of this machine, in a thread, and a client that asks it."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import uvicorn

from api.app import create_app
from api.settings import Settings
from data.store.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from fastapi import FastAPI

DEADLINE_S = 10


@contextmanager
def served(app: FastAPI) -> Generator[httpx.Client]:
    """Serve an application until the end of the block; give a client that knows where it is."""
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, lifespan="on", ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            deadline = time.monotonic() + DEADLINE_S
            while not server.started and thread.is_alive() and time.monotonic() < deadline:
                time.sleep(0.005)
            assert server.started, "the server did not come up"
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            with httpx.Client(base_url=address, timeout=DEADLINE_S, trust_env=False) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


def utc_now() -> datetime:
    """Return the time, for applications whose tests do not care."""
    return datetime.now(UTC)


@contextmanager
def service_over(
    dsn: str,
    home: Path,
    *,
    now: Callable[[], datetime] = utc_now,
    change: Callable[[FastAPI], object] | None = None,
    **told: object,
) -> Generator[httpx.Client]:
    """Serve the whole application over a store; `told` are settings, `change` may add routes to it first."""
    settings = Settings(home=home, **told)
    with closing(Pool(dsn, size=settings.pool_size)) as pool:
        app = create_app(settings, pool, now=now)
        if change is not None:
            change(app)
        with served(app) as client:
            yield client
