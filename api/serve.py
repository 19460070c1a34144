"""Running the service: the store under it, the socket, the workers, and a clean end on SIGTERM.

Whoever calls `serve` becomes the supervisor: it opens the store, and with it the PostgreSQL in `home` where none is named,
and is the last to leave it. With one worker it is that worker too.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import threading
from contextlib import asynccontextmanager, closing, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from multiprocessing import parent_process
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.supervisors import Multiprocess

from api.app import create_app
from api.chores import usual_chores
from api.logs import log_to
from api.secret import read_secret
from api.tally import SPARE, Tally
from api.work_process import wait_for_parent
from api.worker import start_worker
from data.store.open import open_store
from data.store.pool import Pool, connect
from data.store.preflight import preflight
from data.store.sql import one
from gis.errors import InputError, StoreError
from gis.finding import Severity

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from contextlib import AbstractContextManager
    from types import FrameType

    from fastapi import FastAPI
    from pydantic import SecretStr

    from api.settings import Settings
    from data.store.open import Store
    from gis.finding import Finding

GRACE_S = 20
"""How long requests that are being answered may go on after the end was asked for."""
START_S = 60
"""How long the workers may take to come up."""
BACKLOG = 2048
"""How many connections may wait to be taken."""
_log = logging.getLogger("wangge.serve")


def serve(
    settings: Settings,
    *,
    workers: int = 1,
    jobs: bool = False,
    announce: Callable[[str], object] | None = None,
    warn: Callable[[Finding], object] | None = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C; with `jobs`, also work on what was asked for over HTTP and takes longer than an answer.

    `announce` is told the address as soon as the service answers there, else it is printed; `warn` is told what the store
    could do better, else it is logged. Raises `StoreError` where the store is not fit to serve, `InputError` where the
    address cannot be used.
    """
    log_to(level=settings.log_level)
    with (
        _until_stopped(),
        _listening(settings.host, settings.port) as listening,
        open_store(
            dsn=_plain(settings.dsn), admin_dsn=_plain(settings.admin_dsn), home=settings.home, bindir=settings.pg_bin
        ) as store,
    ):
        # After the store, which makes its own folder so that its server can pass; before the workers, who share it.
        read_secret(settings.secret_path)
        _inspect(store.app_dsn, workers * settings.pool_size, warn or _log_finding)
        ready = partial(announce or _print, settings.base_url or _address(listening))
        with _at_work(store, settings) if jobs else nullcontext():
            if workers == 1:
                config = _config(settings, partial(_worker, settings, store.app_dsn, None), workers)
                _Announcing(config, ready).run([listening])
            else:
                with closing(Tally(workers + SPARE)) as tally:
                    config = _config(settings, partial(_worker, settings, store.app_dsn, tally), workers)
                    _Supervisor(config, [listening], ready).supervise()


def _at_work(store: Store, settings: Settings) -> AbstractContextManager[object]:
    """Have somebody work on jobs beside the service; they come as the store's owner."""
    if store.admin_dsn is None:
        raise InputError("jobs are worked on as the store's owner: set WANGGE_ADMIN_DSN, or run none here")
    name = f"{socket.gethostname()}-{os.getpid()}"
    return start_worker(
        store.admin_dsn,
        name=name,
        chores=partial(usual_chores, settings, store.app_dsn, name),
        set_up=partial(log_to, level=settings.log_level),
    )


def _worker(settings: Settings, dsn: str, tally: Tally | None) -> FastAPI:
    """Make one worker's application; its connections live as long as it does. `tally` is where all workers count."""
    log_to(level=settings.log_level)
    _end_with_supervisor()
    if tally is not None:
        tally.take()
    pool = Pool(dsn, size=settings.pool_size)
    app = create_app(settings, pool, now=lambda: datetime.now(UTC), tally=tally)
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncGenerator[None]:
        with closing(pool):
            async with inner(app):
                # What is here by now stays: the collector need not look at it again with every request.
                gc.collect()
                gc.freeze()
                yield

    app.router.lifespan_context = life
    return app


def _config(settings: Settings, make: Callable[[], FastAPI], workers: int) -> uvicorn.Config:
    return uvicorn.Config(
        make,
        factory=True,
        workers=workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,  # ours tells more, and no secrets
        server_header=False,
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=GRACE_S,
        timeout_worker_healthcheck=START_S,
        backlog=BACKLOG,
    )


class _Announcing(uvicorn.Server):
    """A server in this process that says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Come up."""
        await super().startup(sockets)
        if self.started:
            self._ready()


class _Supervisor(Multiprocess):
    """Workers in processes of their own, started anew when they die; says when all of them answer."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], ready: Callable[[], object]) -> None:
        super().__init__(config, sockets)
        self._ready = ready

    def init_processes(self) -> None:
        """Start the workers."""
        super().init_processes()
        if all(process.wait_until_ready(START_S) for process in self.processes):
            self._ready()
        else:
            self.should_exit.set()

    def supervise(self) -> None:
        """Keep the workers running until the end is asked for; `StoreError` where they do not come up."""
        self.run()
        if not self.signal_queue and not self._was_asked:
            raise StoreError("a worker did not come up; the log says why")

    _was_asked = False

    def handle_int(self) -> None:
        """End."""
        self._was_asked = True
        super().handle_int()

    def handle_term(self) -> None:
        """End."""
        self._was_asked = True
        super().handle_term()


def _end_with_supervisor() -> None:
    """End this worker when its supervisor is gone, however that ended: nobody else would stop it."""

    def watch() -> None:
        wait_for_parent()
        os.kill(os.getpid(), signal.SIGTERM)

    if parent_process() is not None:
        threading.Thread(target=watch, daemon=True).start()


class _Stopped(SystemExit):
    """The end was asked for."""


@contextmanager
def _until_stopped() -> Generator[None]:
    """Let SIGTERM and Ctrl-C end the block as if it had come to its end: whatever was opened in it is closed."""

    def stop(_: int, __: FrameType | None) -> None:
        raise _Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except (_Stopped, KeyboardInterrupt):
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket]:
    """Give a socket that listens; who comes before the service is up waits."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        made = socket.create_server(
            address[:2],
            family=family,
            backlog=BACKLOG,
            dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6(),
        )
    except OSError as error:
        why = error.strerror if error.errno is None or error.errno < 0 else os.strerror(error.errno)
        raise InputError(f"cannot listen at {host} port {port}: {why}; choose another host or port") from error
    with made:
        yield made


def _address(listening: socket.socket) -> str:
    """Return where a browser on this machine finds the service."""
    host, port = listening.getsockname()[:2]
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - looked at, not listened on
    return f"http://[{near}]:{port}" if listening.family is socket.AF_INET6 else f"http://{near}:{port}"


def _inspect(dsn: str, wanted: int, warn: Callable[[Finding], object]) -> None:
    """Refuse a store that is not fit to serve, or has not as many connections as are wanted; tell what could be better."""
    with closing(connect(dsn)) as conn:
        findings = preflight(conn)
        free, taken = one(
            conn,
            """SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
                (SELECT sum(numbackends)::int - 1 FROM pg_stat_database)""",
        )
    if errors := [finding for finding in findings if finding.severity is Severity.ERROR]:
        raise StoreError("the store is not fit to serve:\n" + "\n".join(f"{each.en}\n{each.zh}" for each in errors))
    for finding in findings:
        warn(finding)
    if wanted > free - taken:
        raise InputError(
            f"the workers may open {wanted} connections to the store, and {free - taken} are free: take fewer workers, a "
            "smaller pool_size, or raise max_connections in postgresql.conf"
        )


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _log_finding(finding: Finding) -> None:
    _log.warning("preflight", extra={"facts": {"code": finding.kind, "detail": finding.en}})


def _print(address: str) -> None:
    print(address, flush=True)  # noqa: T201 - whoever started the service waits for this line
