"""The folder of a private PostgreSQL cluster: how it is made, and as whom its server runs.

    pgdata/                     the cluster, the server user's own
    sock/                       the only way in: a folder in /tmp where the path is too long for a socket
    postgresql.conf             settings, written once; whoever runs the service changes them here
    pg_hba.conf, pg_ident.conf  who may come in, written at each start
    server.log, server.log.1    what the server says
    start.lock, users.lock, server.lock

Inside `pgdata` only PostgreSQL's own programs write, run as the server user: were root to write there, whoever broke into
the server could bend root's pen with a link. For root the folder itself stays root's, and the server user may pass.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from data.store.cluster_programs import SURROUNDINGS
from gis.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from data.store.cluster_programs import Programs

ADMIN, APP = "wangge_admin", "wangge_app"
"""The owner and superuser, for migrations and backups; and the role of everybody else, which row-level security binds."""

SOCKET_NAME = ".s.PGSQL.5432"
"""What PostgreSQL calls its socket."""

_SOCKET_PATH_BYTES = 107
_ENOUGH_SHARED_MEMORY = 256 * 2**20

_SETTINGS = """\
# Settings of the database server, written once by wangge. Change them here; a restart of the service reads them again.
# Where it listens and who may come in is not decided here.
max_connections = 60
shared_buffers = 128MB
max_wal_size = 512MB
# Short spatial queries are over before a compiler has warmed up.
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# A query whose caller has gone is stopped.
client_connection_check_interval = 2s
# The log names errors but quotes neither statements nor values: they may hold personal data.
log_statement = none
log_min_error_statement = panic
log_error_verbosity = terse
log_line_prefix = '%m [%p] %u@%d '
"""

_ACCESS = """\
# Written at each start by wangge: changes are lost. Who comes in is what the kernel says; there is no password.
local all         all           peer map=wangge
local replication wangge_admin  peer map=wangge
"""


class RunAs(TypedDict, total=False):
    """The keywords of `subprocess.Popen` that change who a child is."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class ClusterHome:
    """A cluster's folder and the user of the operating system who runs its server."""

    path: Path
    user: str
    uid: int
    gid: int

    @property
    def pgdata(self) -> Path:
        """The data directory."""
        return self.path / "pgdata"

    @property
    def log(self) -> Path:
        """Where the server writes."""
        return self.path / "server.log"

    @property
    def sockets(self) -> Path:
        """The folder of the socket; clients take a comma for the end of it."""
        inside = self.path / "sock"
        if len(os.fsencode(inside / SOCKET_NAME)) <= _SOCKET_PATH_BYTES and "," not in str(inside):
            return inside
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]
        # Not gettempdir: two users of a cluster may have two ideas of it, and must find one socket.
        return Path(f"/tmp/wangge-{self.uid}-{digest}")  # noqa: S108 its owner is checked before it is used

    def run_as(self) -> RunAs:
        """Return what makes a child process the server user."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def default_home(root: bool, xdg: str | None = None) -> Path:  # noqa: FBT001 the one question
    """Return where a cluster lives that nobody has placed; `xdg` is the value of XDG_DATA_HOME."""
    if root:
        return Path("/var/lib/wangge")
    return (Path(xdg) if xdg and xdg.startswith("/") else Path.home() / ".local" / "share") / "wangge"


def prepare(path: Path) -> ClusterHome:
    """Make the folder where it is missing and return it with its server user, who can enter it.

    Raises `StoreError` where that user cannot enter it, `OSError` where it cannot be made. Folders that were there above
    it are never changed.
    """
    is_root = os.geteuid() == 0
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    if not made and is_root and path.stat().st_uid == 0 and not any(path.iterdir()):
        made = [path]  # somebody made it for us
    for folder in made:
        folder.chmod(0o711 if is_root else 0o700)
    home = whose(path)
    _refuse_if_shut(home)
    return home


def whose(path: Path) -> ClusterHome:
    """Return a folder with its server user: who owns the data; before there is any, ourselves, or `postgres` for root."""
    pgdata = path / "pgdata"
    uid = pgdata.stat().st_uid if pgdata.exists() else os.geteuid()
    try:
        user = pwd.getpwuid(uid) if uid else pwd.getpwnam("postgres")
    except KeyError:
        raise StoreError(
            "the database server needs a user of the operating system with a name, for root that is postgres "
            f"(Debian's package makes it); there is none with the number {uid}"
        ) from None
    if uid != os.geteuid() and os.geteuid() != 0:
        raise StoreError(f"the store in {path} belongs to {user.pw_name}: be {user.pw_name} or root to start it")
    return ClusterHome(path, user.pw_name, user.pw_uid, user.pw_gid)


def _refuse_if_shut(home: ClusterHome) -> None:
    """Raise `StoreError` for the first folder on the way that the server user cannot pass."""

    def enters(folder: Path) -> bool:
        # The kernel is asked, as that user: it knows of access lists and of whatever else guards a folder.
        command = ["/usr/bin/test", "-x", folder]
        return subprocess.run(command, check=False, env=SURROUNDINGS, **home.run_as()).returncode == 0  # noqa: S603 ours

    if enters(home.path):
        return
    shut = next(folder for folder in (*reversed(home.path.parents), home.path) if not enters(folder))
    raise StoreError(
        f"{home.user}, who runs the database server, cannot enter {shut}: put the store elsewhere (for root, "
        f"{default_home(root=True)} is the place), or let {home.user} pass with: setfacl -m u:{home.user}:x {shut}"
    )


def build(home: ClusterHome, programs: Programs, database: str, *, sync: bool) -> None:
    """Make the cluster, its two roles and its database under another name, and put it in place when it is whole.

    Killed at any moment, it leaves either the cluster or a `pgdata.new-…` that the next attempt clears away.
    """
    if not re.fullmatch("[a-z_][a-z0-9_]{0,62}", database):
        raise StoreError(f"{database!r} is no name for a database: use small letters, digits and underscores")
    for left in home.path.glob("pgdata.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix="pgdata.new-", dir=home.path))
    # No --auth=trust, not even for a file that nobody reads: somebody may start it by hand.
    layout = ["--username", ADMIN, "--encoding=UTF8", "--locale=C.UTF-8", "--auth=peer"]
    durability = ["--data-checksums", "--no-instructions", *([] if sync else ["--no-sync"])]
    single = ["--single", "-c", "exit_on_error=on", "-c", f"fsync={'on' if sync else 'off'}", "-D", new, "postgres"]
    roles = (
        f"CREATE ROLE {APP} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION\n"
        f"CREATE DATABASE {database} OWNER {ADMIN} ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0\n"
    )
    try:
        os.chown(new, home.uid, home.gid)
        _run(home, [programs.bindir / "initdb", "-D", new, *layout, *durability])
        _run(home, [programs.bindir / "postgres", *single], told=roles)
        new.rename(home.pgdata)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    folder = os.open(home.path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _run(home: ClusterHome, command: Iterable[str | Path], told: str = "") -> None:
    """Run a program as the server user, in a group of its own; it is killed when we are."""
    done = subprocess.run(  # noqa: S603 PostgreSQL's own programs, no shell
        ["/usr/bin/setpriv", "--pdeathsig=KILL", *command],
        input=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=SURROUNDINGS,
        cwd="/",
        umask=0o077,
        start_new_session=True,
        **home.run_as(),
    )
    if done.returncode:
        raise StoreError(f"the store could not be made in {home.path}:\n{done.stdout.strip()}")


def refuse_other_version(home: ClusterHome, programs: Programs) -> None:
    """Raise `StoreError` where the data is another major version's: PostgreSQL cannot read it."""
    if (theirs := version_of(home)) is None:
        raise StoreError(f"{home.pgdata} holds no data of PostgreSQL: move it away, and the store is made anew")
    if theirs != programs.major:
        raise StoreError(
            f"the store in {home.path} was made by PostgreSQL {theirs}, and {programs.bindir} is {programs.major}: install "
            f"postgresql-{theirs} with PostGIS and start again; or, with both installed, write the data with "
            f"{theirs}'s pg_dump, move {home.pgdata} away, and read it back with pg_restore"
        )


def version_of(home: ClusterHome) -> int | None:
    """Return the major version that made the data; None where there is none yet."""
    try:
        return int((home.pgdata / "PG_VERSION").read_text(encoding="ascii"))
    except FileNotFoundError:
        return None


def write_access(home: ClusterHome) -> None:
    """Write who may come in, the settings where there are none yet, and make the socket's folder."""
    people = "".join(f'wangge "{user}" {role}\n' for user in sorted({"root", home.user}) for role in (ADMIN, APP))
    _write(home.path / "pg_hba.conf", _ACCESS)
    _write(home.path / "pg_ident.conf", people)
    if not (settings := home.path / "postgresql.conf").exists():
        _write(settings, _SETTINGS)
    _make_socket_folder(home)


def _make_socket_folder(home: ClusterHome) -> None:
    """Make the socket's folder; raises `StoreError` where a stranger has made one by its name."""
    with suppress(FileExistsError):
        home.sockets.mkdir(mode=0o700)
    found = home.sockets.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), home.uid):
        raise StoreError(f"{home.sockets} is not {home.user}'s folder: whoever made it could pose as the store; remove it")
    if found.st_uid != home.uid:
        os.chown(home.sockets, home.uid, home.gid)


def tidy(home: ClusterHome) -> None:
    """Remove the socket's folder where it lies in /tmp."""
    if home.sockets.parent != home.path:
        with suppress(OSError):
            home.sockets.rmdir()


def _write(path: Path, text: str) -> None:
    """Write a file that the server user can read, whole or not at all."""
    (new := path.with_name(f"{path.name}.new")).write_text(text, encoding="utf-8")
    new.chmod(0o644)
    new.replace(path)


def shared_memory_type(place: Path = Path("/dev/shm")) -> str:  # noqa: S108 looked at, not written to
    """Return `posix` where shared memory has room and is everybody's, else `mmap`: files beside the data.

    Containers give it 64 MB, or a folder that the server user cannot write.
    """
    if not place.is_mount() or not place.stat().st_mode & 0o002:
        return "mmap"
    room = os.statvfs(place)
    return "posix" if room.f_blocks * room.f_frsize >= _ENOUGH_SHARED_MEMORY else "mmap"
