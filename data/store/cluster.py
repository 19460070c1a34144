"""A private PostgreSQL with PostGIS: made, started and stopped by whoever uses it.

    with Cluster(home) as cluster:
        connection = psycopg2.connect(cluster.dsn())

The first user starts the server, the last to leave stops it. Users are counted by a lock that the kernel keeps: one who is
killed leaves no stale mark. It can be reached only through a socket that the server user and root may open, and the kernel
says who calls; there is no password and no port.

Signals: whoever starts one turns SIGTERM into SystemExit, so that `stop` runs. The server has a session of its own: a
Ctrl-C at the terminal reaches the callers, not the server under them.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from psycopg2.extensions import make_dsn

from data.store import cluster_home
from data.store.cluster_home import APP, SOCKET_NAME, ClusterHome
from data.store.cluster_programs import SURROUNDINGS, Programs, find_programs
from gis.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

POLL_S = 0.02
WAIT_S = 120
"""How long a start or a stop may take: replaying the log after a crash, or writing it out, on a slow disk."""
LOG_BYTES = 10 * 2**20
"""A log longer than this is put aside at the next start, over the one before it."""
_LOG_TAIL = 20
_STATUS_LINE = 8


class Cluster:
    """The cluster in `home`, made there if there is none.

    `database` is made with it and is the one that `dsn` names. `extra` are settings that win over all others. `bindir`
    are the programs to use; without it, those that fit the data, or the newest with PostGIS.

    `die_with_parent` shuts the server down when the thread that started it ends, however it ends: for tests and
    demonstrations. It goes down under its other users too.
    """

    def __init__(
        self,
        home: Path,
        *,
        die_with_parent: bool = False,
        extra: Mapping[str, str] = MappingProxyType({}),
        database: str = "wangge",
        bindir: Path | None = None,
    ) -> None:
        self.path = home.absolute().resolve()
        self.database = database
        self._die_with_parent = die_with_parent
        self._extra = dict(extra)
        self._bindir = bindir
        self._process: subprocess.Popen[bytes] | None = None
        self._users: int | None = None
        self._used_by = 0

    def start(self) -> None:
        """Come in as a user; the server runs when this returns. Called again, it brings a server back that crashed.

        Raises `StoreError` with what to do where it cannot run.
        """
        with self._said_plainly():
            home = cluster_home.prepare(self.path)
            with self._alone():
                if not self._is_user:
                    self._users = _open(self.path / "users.lock")
                    self._used_by = os.getpid()
                    fcntl.flock(self._users, fcntl.LOCK_SH)
                try:
                    self._bring_up(home)
                except BaseException:
                    self._leave()
                    raise

    def stop(self) -> None:
        """Leave, and stop the server if nobody else uses it."""
        if self._is_user:
            with self._said_plainly(), self._alone():
                self._leave()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def dsn(self, user: str = APP, database: str | None = None) -> str:
        """Return what libpq needs to connect; it refuses a server that another user of the machine runs."""
        home = self._home
        return make_dsn(
            host=str(home.sockets),
            port=5432,
            dbname=database or self.database,
            user=user,
            requirepeer=home.user,
            connect_timeout=5,
        )

    @cached_property
    def _home(self) -> ClusterHome:
        return cluster_home.whose(self.path)

    @property
    def _is_user(self) -> bool:
        """Whether this process came in; the copy that a forked child has of a user is none."""
        return self._users is not None and self._used_by == os.getpid()

    @contextmanager
    def _said_plainly(self) -> Generator[None]:
        """Turn what the operating system refuses into an error that names the store."""
        try:
            yield
        except OSError as error:
            raise StoreError(f"the store in {self.path} cannot be used: {error}") from error

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Hold the lock under which servers are made, started and stopped."""
        lock = _open(self.path / "start.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            _let_go(lock)

    def _bring_up(self, home: ClusterHome) -> None:
        """Make the cluster if there is none, launch its server if none runs, and wait until it takes connections."""
        programs = find_programs(self._bindir, major=cluster_home.version_of(home))
        if not home.pgdata.exists():
            cluster_home.build(home, programs, self.database, sync=self._extra.get("fsync") != "off")
        cluster_home.refuse_other_version(home, programs)
        process: subprocess.Popen[bytes] | None = None
        stale = ""
        for _ in _polls():
            text, pid, status = _server(home)
            # A server that was killed leaves its file, and in a container the next one may get the same number.
            if pid is not None and status == "ready" and (process is None or text != stale):
                return
            if process is None and pid is None:
                stale = text
                process = self._launch(home, programs)
            elif process is not None and process.poll() is not None:
                raise StoreError(f"the database server did not start; {_last_words(home)}")
        raise StoreError(
            f"the database server was not ready within {WAIT_S} s, or processes of an earlier one, perhaps in another "
            f"container, still hold {home.path / 'server.lock'}; {_last_words(home)}"
        )

    def _launch(self, home: ClusterHome, programs: Programs) -> subprocess.Popen[bytes] | None:
        """Start the server; None while a process of an earlier one is still alive."""
        lock = _open(home.path / "server.lock")
        try:
            # The server and all its children inherit this lock: it is free when the last of them is gone, not before.
            # PostgreSQL's own check looks for process numbers and shared memory, which containers do not share.
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._process is not None:
                    self._process.wait()
                _forget_strangers(home)
                cluster_home.write_access(home)
                self._process = self._spawn(home, programs, lock)
                return self._process
            return None
        finally:
            os.close(lock)

    def _spawn(self, home: ClusterHome, programs: Programs, lock: int) -> subprocess.Popen[bytes]:
        if home.log.exists() and home.log.stat().st_size > LOG_BYTES:
            home.log.replace(home.log.with_suffix(".log.1"))
        settings = {
            "config_file": str(home.path / "postgresql.conf"),
            "hba_file": str(home.path / "pg_hba.conf"),
            "ident_file": str(home.path / "pg_ident.conf"),
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": str(home.sockets),
            "unix_socket_permissions": "0700",
            "dynamic_shared_memory_type": cluster_home.shared_memory_type(),
            **self._extra,
        }
        arguments = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        # After the change of user, which would clear it.
        guard = ["/usr/bin/setpriv", "--pdeathsig=INT"] if self._die_with_parent else []
        log = _open(home.log, os.O_WRONLY | os.O_APPEND)
        try:
            return subprocess.Popen(  # noqa: S603 PostgreSQL's own program, no shell
                [*guard, programs.bindir / "postgres", "-D", home.pgdata, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[lock],
                env=SURROUNDINGS,
                cwd="/",
                umask=0o077,
                start_new_session=True,
                **home.run_as(),
            )
        finally:
            os.close(log)

    def _leave(self) -> None:
        """Give up the place among the users, and shut the server down if it was the last."""
        users, self._users = self._users, None
        if users is None:
            return
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._shut_down(cluster_home.whose(self.path))
        except BlockingIOError:
            if self._process is not None and self._process.poll() is None:
                self._process.returncode = 0  # others use it: nobody waits for it here, and Popen need not complain
        finally:
            self._process = None
            _let_go(users)

    def _shut_down(self, home: ClusterHome) -> None:
        """Break off what clients do, write everything out, and wait until the server has ended."""
        ours = self._process
        pid = ours.pid if ours is not None and ours.poll() is None else _server(home)[1]
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        for _ in _polls():
            if (ours is None or ours.poll() is not None) and not _is_held(home):
                cluster_home.tidy(home)
                return
        raise StoreError(f"the database server has not stopped within {WAIT_S} s; {_last_words(home)}")


def _server(home: ClusterHome) -> tuple[str, int | None, str]:
    """Return the server's note about itself, its process if it is alive, and what it says it is doing."""
    text, pid = _note(home.pgdata / "postmaster.pid")
    lines = text.splitlines()
    status = lines[_STATUS_LINE - 1].strip() if len(lines) >= _STATUS_LINE else ""
    # The note outlives a server that was killed, and its number may be used again.
    alive = pid is not None and _is_held(home) and _is_postgres(pid, home.uid)
    return text, pid if alive else None, status


def _note(path: Path) -> tuple[str, int | None]:
    """Return a note that a server leaves, and the process number that it begins with."""
    try:
        text = path.read_text(encoding="utf-8")
        return text, int(text.splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return "", None


def _is_postgres(pid: int, uid: int) -> bool:
    """Whether a process is alive, a PostgreSQL and that user's: what even the root of a container may see of others."""
    try:
        about = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return about.startswith("Name:\tpostgres\n") and f"\nUid:\t{uid}\t" in about and "\nState:\tZ" not in about


def _forget_strangers(home: ClusterHome) -> None:
    """Remove a dead server's notes whose number somebody has who is no server: PostgreSQL would refuse to start.

    Containers give the same numbers again, and a server that was killed keeps its own until its starter looks after it.
    Where the number is free PostgreSQL draws the same conclusion by itself.
    """
    for note in (home.pgdata / "postmaster.pid", home.sockets / f"{SOCKET_NAME}.lock"):
        pid = _note(note)[1]
        if pid is not None and Path(f"/proc/{pid}").exists() and not _is_postgres(pid, home.uid):
            note.unlink()


def _is_held(home: ClusterHome) -> bool:
    """Whether any process of a server is alive, here or in another container."""
    lock = _open(home.path / "server.lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _open(path: Path, how: int = os.O_RDWR) -> int:
    """Open a file of the folder, made if it is missing; a link is refused."""
    return os.open(path, how | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _let_go(lock: int) -> None:
    """Unlock and close; a forked child that shares the file does not keep the lock."""
    fcntl.flock(lock, fcntl.LOCK_UN)
    os.close(lock)


def _polls() -> Iterator[None]:
    """Come round every few milliseconds, until the wait is over."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        yield
        time.sleep(POLL_S)


def _last_words(home: ClusterHome) -> str:
    """Return where the log is and how it ends."""
    lines = home.log.read_text(encoding="utf-8", errors="replace").splitlines() if home.log.exists() else []
    return "\n".join([f"its log {home.log} ends:", *lines[-_LOG_TAIL:]])
