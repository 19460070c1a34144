"""An application over real HTTP: a server on a free port, and a client that asks it; or one that may be killed."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import uvicorn

from api.app import create_app
from api.settings import Settings
from data.store.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from fastapi import FastAPI

ROOT = Path(__file__).resolve().parents[1]
DEADLINE_S = 10
APART_S = 90
"""A process of its own imports everything first."""


@contextmanager
def served(app: FastAPI) -> Generator[httpx.Client]:
    """Serve an application until the end of the block; give a client that knows where it is."""
    # A stream that a test left open as it failed must not hold up all that come after it.
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=DEADLINE_S,
    )
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


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return free.getsockname()[1]


@contextmanager
def apart(dsn: str, home: Path, port: int) -> Generator[subprocess.Popen[bytes]]:
    """Serve the application over a store in a process of its own, by the real time; it may be killed."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.api.feed.served_feed", dsn, str(home), str(port)], cwd=ROOT, stdout=subprocess.DEVNULL
    ) as process:
        try:
            deadline = time.monotonic() + APART_S
            while True:
                assert time.monotonic() < deadline, "the server did not come up"
                try:
                    if httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).is_success:
                        break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield process
        finally:
            process.kill()
