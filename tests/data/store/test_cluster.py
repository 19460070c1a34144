"""The private PostgreSQL: who starts it, who stops it, who may come in, and what becomes of it when somebody is killed.

Every user here is a process of its own, and every server is real.
"""

import fcntl
import gc
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psycopg2
import pytest

from data.store import cluster as running
from data.store import cluster_home
from data.store.cluster import Cluster
from data.store.cluster_home import ADMIN, APP, default_home, shared_memory_type
from data.store.cluster_programs import OLDEST, find_clients, find_programs
from gis.errors import StoreError

ROOT = Path(__file__).resolve().parents[3]
IS_ROOT = os.geteuid() == 0
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

needs_root = pytest.mark.skipif(not IS_ROOT, reason="takes the part of another user of the system: only root can")

PREFACE = """
import os, pwd, signal, sys
from pathlib import Path
import psycopg2
from data.store.cluster import Cluster
from gis.errors import StoreError
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
# Whoever starts the tests in the background has Ctrl-C ignored in them, and in what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
home = Path(sys.argv[1])
fast = {"fsync": "off"}
def become(name):
    # After the imports: the checkout may be where that user cannot read.
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
def ask(cluster, statement, user="wangge_admin"):
    connection = psycopg2.connect(cluster.dsn(user))
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]
    finally:
        connection.close()
"""

# Comes in, says which server it has met, and stays until its input ends.
STAYS = """
with Cluster(home, die_with_parent="die" in sys.argv, extra=fast) as cluster:
    print(ask(cluster, "SELECT pg_postmaster_start_time()::text || system_identifier FROM pg_control_system()"), flush=True)
    sys.stdin.read()
"""


def run(code: str, *arguments: str | Path, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, to its end."""
    command = [*before, sys.executable, "-c", PREFACE + code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)


@contextmanager
def user(home: Path, *arguments: str, before: tuple[str, ...] = ()) -> Generator[tuple[subprocess.Popen[str], str]]:
    """Let a process come in; give it and the server that it met."""
    command = [*before, sys.executable, "-c", PREFACE + STAYS, str(home), *arguments]
    with begin(command) as process:
        met = process.stdout.readline().strip()
        assert met, "it did not come in"
        yield process, met


def begin(command: list[str]) -> subprocess.Popen[str]:
    """Start a process that can be talked with, away from our terminal."""
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, start_new_session=True)


def leave(process: subprocess.Popen[str]) -> None:
    """Let a user leave in good order."""
    process.stdin.close()
    assert process.wait(timeout=60) == 0


def until(true: Callable[[], object]) -> None:
    """Wait for something, a minute at most."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


def ask(cluster: Cluster, statement: str, user: str = ADMIN) -> object:
    """Return the one value that a statement gives."""
    with closing(psycopg2.connect(cluster.dsn(user))) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        (value,) = cursor.fetchone() or (None,)
        return value


def is_up(home: Path) -> bool:
    """Whether a server answers, or as much as one process of it is left."""
    try:
        ask(Cluster(home), "SELECT 1")
    except psycopg2.OperationalError:
        return running._is_held(cluster_home.whose(home))
    return True


def server(home: Path) -> int:
    """Return the number of the server's process."""
    return int((home / "pgdata" / "postmaster.pid").read_text().splitlines()[0])


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user of the system can pass; the folder of pytest is for its owner only."""
    path = Path(tempfile.mkdtemp(prefix="wangge-test-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        for home in (folder.parent for folder in path.rglob("pgdata")):
            if running._is_held(cluster_home.whose(home)):  # a test has failed: its server goes too
                with suppress(ProcessLookupError):
                    os.kill(server(home), signal.SIGQUIT)
                until(lambda home=home: not running._is_held(cluster_home.whose(home)))
        shutil.rmtree(path)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A cluster as its first user leaves it, for tests to copy."""
    path = Path(tempfile.mkdtemp(prefix="wangge-test-"))
    with Cluster(path, die_with_parent=True, extra=FAST):
        pass
    yield path
    shutil.rmtree(path)


@pytest.fixture
def home(place, made) -> Path:
    """A cluster of the test's own, made but not running."""
    subprocess.run(["cp", "-a", made, place / "store"], check=True)
    return place / "store"


# --- what is made -----------------------------------------------------------------------------------------------------


def test_what_is_made(home) -> None:
    """The application's role is bound by row-level security, the database is the administrator's, and pages have sums."""
    rights = "SELECT (rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication, rolcanlogin)::text FROM pg_roles"
    with Cluster(home, extra=FAST) as cluster:
        assert ask(cluster, f"{rights} WHERE rolname = '{APP}'") == "(f,f,f,f,f,t)"
        assert ask(cluster, f"{rights} WHERE rolname = '{ADMIN}'") == "(t,t,t,t,t,t)"
        about = "SELECT (pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype)::text FROM pg_database"
        assert ask(cluster, f"{about} WHERE datname = 'wangge'", APP) == f"({ADMIN},UTF8,C.UTF-8,C.UTF-8)"
        assert ask(cluster, "SELECT current_user || '@' || current_database()", APP) == f"{APP}@wangge"
        assert ask(cluster, "SELECT string_agg(extname, ',') FROM pg_extension") == "plpgsql"
        assert ask(cluster, "SELECT inet_server_addr() IS NULL AND current_setting('listen_addresses') = ''")
        wanted = {"data_checksums": "on", "jit": "off", "TimeZone": "UTC", "max_connections": "60", "fsync": "off"}
        assert {name: ask(cluster, f"SHOW {name}") for name in wanted} == wanted
        assert ask(cluster, "SHOW dynamic_shared_memory_type") == shared_memory_type()


def test_chinese_names_sort_by_pinyin(home) -> None:
    """The locale of a bare Debian is enough: ICU sorts Chinese names."""
    names = "SELECT string_agg(n, ' ' ORDER BY n COLLATE \"zh-x-icu\") FROM unnest('{上海,网格,北京,街道,社区,区}'::text[]) n"
    with Cluster(home, extra=FAST) as cluster:
        assert ask(cluster, names) == "北京 街道 区 上海 社区 网格"


def test_another_database_name(place) -> None:
    """The database has the name that is asked for, if it can be one."""
    with pytest.raises(StoreError, match="no name for a database"):
        Cluster(place / "store", database="x; DROP").start()
    with Cluster(place / "store", database="town_2", extra=FAST) as cluster:
        assert ask(cluster, "SELECT current_database()", APP) == "town_2"


def test_without_extra_it_is_durable(home) -> None:
    """Nothing that a crash could lose is on unless it is asked for."""
    with Cluster(home) as cluster:
        assert {ask(cluster, f"SHOW {name}") for name in FAST} == {"on"}


def test_settings_can_be_changed(home) -> None:
    """The file of settings is written once: what somebody changes in it holds, and `extra` wins over it."""
    settings = home / "postgresql.conf"
    settings.write_text(settings.read_text().replace("max_connections = 60", "max_connections = 33") + "work_mem = 9MB\n")
    with Cluster(home, extra=FAST | {"work_mem": "7MB"}) as cluster:
        assert (ask(cluster, "SHOW max_connections"), ask(cluster, "SHOW work_mem")) == ("33", "7MB")


def test_the_surroundings_do_not_decide(home, monkeypatch) -> None:
    """Variables that PostgreSQL would read do not lead a client elsewhere, nor into the server."""
    for name, value in {"PGPORT": "1", "PGHOST": "example.org", "PGDATABASE": "x", "PGDATA": "x", "SECRET": "x"}.items():
        monkeypatch.setenv(name, value)
    with Cluster(home, extra=FAST) as cluster:
        assert ask(cluster, "SELECT 1") == 1
        assert b"SECRET" not in Path(f"/proc/{server(home)}/environ").read_bytes()


def test_the_log_holds_no_values(home) -> None:
    """The log names an error but quotes neither the statement nor the row: they may hold personal data."""
    with Cluster(home, extra=FAST) as cluster:
        with closing(psycopg2.connect(cluster.dsn(ADMIN))) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE reporter (phone text UNIQUE)")
            with pytest.raises(psycopg2.errors.UniqueViolation):
                cursor.execute("INSERT INTO reporter VALUES ('13800138000'), ('13800138000')")
        said = (home / "server.log").read_text()
    assert "duplicate key" in said
    assert "13800138000" not in said
    assert stat.S_IMODE((home / "server.log").stat().st_mode) == 0o600


def test_a_long_log_is_put_aside(home, monkeypatch) -> None:
    """At a start a log that has grown too long becomes `server.log.1`, and a new one begins."""
    before = (home / "server.log").read_bytes()
    with Cluster(home, extra=FAST):
        assert (home / "server.log").read_bytes().startswith(before)
    monkeypatch.setattr(running, "LOG_BYTES", 10)
    with Cluster(home, extra=FAST):
        assert (home / "server.log.1").read_bytes().startswith(before)
        assert not (home / "server.log").read_bytes().startswith(before)


# --- who starts it, who stops it --------------------------------------------------------------------------------------


def test_the_last_to_leave_stops_it(home) -> None:
    """A starts, B comes to the same server, A leaves and it stays; B leaves and it is gone."""
    before = (home / "server.log").read_text()
    with user(home) as (a, first), user(home) as (b, second):
        assert first == second
        leave(a)
        assert is_up(home)
        leave(b)
        assert not is_up(home)
    assert "received fast shutdown request" in (home / "server.log").read_text()[len(before) :]


def test_one_process_may_be_two_users(home) -> None:
    """Two in one process count as two, and leaving a server that runs on makes no complaint about a child."""
    first, second = Cluster(home, extra=FAST), Cluster(home)
    first.start()
    second.start()
    first.stop()
    first.stop()
    del first
    gc.collect()
    assert is_up(home)
    second.stop()
    assert not is_up(home)


@pytest.mark.slow
def test_ten_race_the_first_start(place) -> None:
    """Of ten that come first at once one makes the cluster, all ten come in, and the last stops it."""
    home = place / "new" / "store"
    with ExitStack() as stack:
        command = [sys.executable, "-c", PREFACE + STAYS, str(home)]
        racers = [stack.enter_context(begin(command)) for _ in range(10)]
        assert len({racer.stdout.readline() for racer in racers} - {""}) == 1
        for racer in racers:
            leave(racer)
    assert not is_up(home)
    assert not list(home.glob("pgdata.*"))


def test_the_starter_is_killed(home) -> None:
    """A starter killed with -9 leaves the server to whoever comes next, who stops it at the end."""
    with user(home) as (a, first):
        a.kill()
        a.wait()
        assert is_up(home)
    with user(home) as (b, second):
        assert second == first
        leave(b)
    assert not is_up(home)


def test_the_starter_is_killed_and_takes_it_along(home) -> None:
    """With `die_with_parent` a starter killed with -9 takes the server along, and it shuts down in good order."""
    with user(home, "die") as (a, _):
        a.kill()
        a.wait()
    until(lambda: not is_up(home))
    said = (home / "server.log").read_text().rpartition("ready to accept connections")[2]
    assert "received fast shutdown request" in said
    assert said.rstrip().endswith("database system is shut down")


def test_sigterm(home) -> None:
    """A user whose SIGTERM becomes SystemExit leaves in good order, and the server stops."""
    with user(home) as (a, _):
        a.terminate()
        assert a.wait(timeout=60) == 0
    assert not is_up(home)


def test_ctrl_c_hits_the_user_alone(home) -> None:
    """A Ctrl-C, which every process at the terminal gets, does not reach the server that others use."""
    with user(home) as (a, _), user(home) as (b, _):
        os.killpg(a.pid, signal.SIGINT)
        a.wait(timeout=60)
        assert is_up(home)
        leave(b)
    assert not is_up(home)


def test_a_forked_child_is_no_user(home) -> None:
    """A forked child that goes out through the same `with` neither stops the server nor keeps it up."""
    code = """
with Cluster(home, extra=fast) as cluster:
    if not (child := os.fork()):
        sys.exit()
    os.waitpid(child, 0)
    print(ask(cluster, "SELECT 'still up'"))
    if not os.fork():
        os.close(0), os.close(1), os.close(2)
        signal.pause()
"""
    pausing = None
    try:
        done = run(code + "\nprint(open(f'/proc/{os.getpid()}/task/{os.getpid()}/children').read())", home)
        assert done.returncode == 0, done.stderr
        said, children = done.stdout.splitlines()
        pausing = int(children)
        assert said == "still up"
        assert not is_up(home)
        for lock in ("start.lock", "users.lock"):  # the child has copies of both; the next user does not wait for it
            with (home / lock).open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        if pausing:
            os.kill(pausing, signal.SIGKILL)


# --- crashes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["server", "everybody"])
def test_it_comes_back_after_a_crash(home, who) -> None:
    """Its user starts a server that was killed again, keeps what was written, and waits for what is left of the old one."""
    with Cluster(home) as cluster:
        with closing(psycopg2.connect(cluster.dsn(ADMIN))) as connection:
            with connection.cursor() as cursor:
                cursor.execute("CREATE TABLE kept AS SELECT 42 AS n")
                connection.commit()
            pid = server(home)
            victims = [pid]
            if who == "everybody":
                victims += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            for victim in victims:
                os.kill(victim, signal.SIGKILL)
        cluster.start()
        assert server(home) != pid
        assert ask(cluster, "SELECT n FROM kept") == 42
    assert not is_up(home)


def test_a_number_used_again_is_no_server(home) -> None:
    """The note of a server that was killed misleads nobody, even if its process number is somebody else's now."""
    (home / "sock" / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    lines = [str(os.getpid()), str(home / "pgdata"), "1", "5432", str(home / "sock"), "", "1 1", "ready   "]
    (home / "pgdata" / "postmaster.pid").write_text("\n".join(lines) + "\n")
    with Cluster(home, extra=FAST) as cluster:
        assert ask(cluster, "SELECT 1") == 1
        assert server(home) != os.getpid()


def test_a_number_that_another_server_has(home, place) -> None:
    """A note with the number of some other cluster's server is never taken for that of ours."""
    subprocess.run(["cp", "-a", home, place / "other"], check=True)
    with Cluster(place / "other", extra=FAST):
        note = (place / "other" / "pgdata" / "postmaster.pid").read_text()
        (home / "pgdata" / "postmaster.pid").write_text(note)
        # Nor is it removed: it could be a server that somebody has started by hand. PostgreSQL says which.
        with pytest.raises(StoreError, match=r'lock file "postmaster.pid" already exists'):
            Cluster(home, extra=FAST).start()
    (home / "pgdata" / "postmaster.pid").unlink()


def test_the_dead_wait_for_nobody(home) -> None:
    """A server that was killed, and that its starter has not noticed, hinders nobody from starting the next."""
    with user(home) as (a, first):
        os.kill(server(home), signal.SIGKILL)
        with user(home) as (b, second):
            assert second != first
            leave(a)
            assert is_up(home)
            leave(b)
    assert not is_up(home)


def test_a_server_elsewhere_is_not_doubled(home, monkeypatch) -> None:
    """While a process of another server holds the data, seen or not (in another container), none is started beside it."""
    monkeypatch.setattr(running, "WAIT_S", 0.2)
    before = (home / "server.log").read_bytes()
    with (home / "server.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match=r"server\.lock"):
            Cluster(home).start()
    assert (home / "server.log").read_bytes() == before


def test_a_server_that_cannot_start(home) -> None:
    """An error carries the server's own words, and leaves the way free for the next."""
    cluster = Cluster(home, extra={"shared_buffers": "plenty"})
    with pytest.raises(StoreError, match="did not start") as caught:
        cluster.start()
    assert 'invalid value for parameter "shared_buffers": "plenty"' in str(caught.value)
    assert not is_up(home)
    with (home / "users.lock").open() as users:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with Cluster(home, extra=FAST):
        assert is_up(home)


# --- made, whole or not at all ----------------------------------------------------------------------------------------

REAL = find_programs().bindir
# What the first start has reached when it is killed; each stands still there.
STOPS = {
    "before initdb": ("initdb", ""),
    "in initdb": ("initdb", f'{REAL}/initdb "$@" & until [ -e "$2/global/pg_control" ]; do :; done; kill -9 $!'),
    "after initdb": ("initdb", f'{REAL}/initdb "$@"'),
    "in the roles": ("postgres", f'head -n 1 | {REAL}/postgres "$@"'),
    "after the roles": ("postgres", f'{REAL}/postgres "$@"'),
}


def replaced(bindir: Path, program: str, does: str) -> Path:
    """Make a folder of PostgreSQL's programs in which one is a script."""
    bindir.mkdir()
    for name in {"initdb", "postgres", "pg_config"} - {program}:
        (bindir / name).symlink_to(REAL / name)
    (bindir / program).write_text(f"#!/bin/sh\n{does}\n")
    (bindir / program).chmod(0o755)
    return bindir


@pytest.mark.slow
@pytest.mark.parametrize("moment", STOPS)
def test_the_first_start_is_killed(place, moment) -> None:
    """Killed at any moment, the making of a cluster leaves nothing that the next start takes for one."""
    home = place / "store"
    program, does = STOPS[moment]
    bindir = replaced(place / "bin", program, f"{does}\necho >{place}/reached/now\nexec sleep 1000")
    (place / "reached").mkdir()
    (place / "reached").chmod(0o777)
    command = [sys.executable, "-c", f"{PREFACE}\nCluster(home, extra=fast, bindir=Path(sys.argv[2])).start()", home, bindir]
    with subprocess.Popen(command, cwd=ROOT) as starter:
        until((place / "reached" / "now").exists)
        starter.kill()
    assert not (home / "pgdata").exists()
    assert len(list(home.glob("pgdata.new-*"))) == 1
    with Cluster(home, extra=FAST) as cluster:
        assert ask(cluster, "SELECT 1", APP) == 1
    assert not list(home.glob("pgdata.new-*"))


@pytest.mark.slow
def test_initdb_does_not_outlive_the_starter(place) -> None:
    """Nobody writes on in a half-made cluster once its maker is gone."""
    home = place / "store"
    command = [sys.executable, "-c", f"{PREFACE}\nCluster(home, extra=fast).start()", home]
    with subprocess.Popen(command, cwd=ROOT) as starter:
        until(lambda: list(home.glob("pgdata.new-*/global")))
        starter.kill()
    needle = os.fsencode(home / "pgdata.new-")

    def at_work() -> bool:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if needle in (folder / "cmdline").read_bytes():
                    return True
            except (FileNotFoundError, ProcessLookupError):
                continue
        return False

    until(lambda: not at_work())
    with Cluster(home, extra=FAST) as cluster:
        assert ask(cluster, "SELECT 1", APP) == 1


@pytest.mark.parametrize(
    ("program", "does", "said"),
    [
        ("initdb", "echo no space left on the moon; exit 1", "no space left on the moon"),
        ("postgres", f'sed s/NOSUPERUSER/NOBODY/ | {REAL}/postgres "$@"', 'unrecognized role option "nobody"'),
    ],
    ids=["initdb", "roles"],
)
def test_making_it_fails(place, program, does, said) -> None:
    """What PostgreSQL says against making a cluster is in the error, and nothing is left behind."""
    with pytest.raises(StoreError, match=said):
        Cluster(place / "store", bindir=replaced(place / "bin", program, does), extra=FAST).start()
    assert not list((place / "store").glob("pgdata*"))


def test_sigterm_while_it_is_made(place) -> None:
    """A first start that is told to end ends, and clears away what it has begun."""
    (place / "reached").mkdir()
    (place / "reached").chmod(0o777)
    bindir = replaced(place / "bin", "initdb", f"echo >{place}/reached/now\nexec sleep 1000")
    command = [sys.executable, "-c", f"{PREFACE}\nCluster(home, bindir=Path(sys.argv[2])).start()", place / "store", bindir]
    with subprocess.Popen(command, cwd=ROOT) as starter:
        until((place / "reached" / "now").exists)
        starter.terminate()
        assert starter.wait(timeout=60) == 0
    assert not list((place / "store").glob("pgdata*"))


# --- who may come in --------------------------------------------------------------------------------------------------


@needs_root
@pytest.mark.parametrize("role", [ADMIN, APP, "nobody"])
def test_strangers_are_refused(home, role) -> None:
    """Another user of the machine is refused by the kernel's word, even with every door on the way open."""
    with Cluster(home, extra=FAST) as cluster:
        (home / "sock").chmod(0o777)
        (home / "sock" / ".s.PGSQL.5432").chmod(0o777)
        code = "become('nobody')\nprint(psycopg2.connect(sys.argv[2]))"
        stranger = run(code, home, cluster.dsn(role))
        assert f'Peer authentication failed for user "{role}"' in stranger.stderr
        assert not stranger.stdout
        owner = run(code.replace("nobody", "postgres"), home, cluster.dsn(APP))
        assert "closed: 0" in owner.stdout


def test_doors_are_shut(home) -> None:
    """Only the server's user can enter the data and the socket, and the server has none of its starter's groups."""
    with Cluster(home, extra=FAST):
        groups = Path(f"/proc/{server(home)}/status").read_text().partition("\nGroups:")[2].partition("\n")[0]
        assert not (IS_ROOT and groups.strip())
        for door in ("pgdata", "sock", "sock/.s.PGSQL.5432"):
            assert stat.S_IMODE((home / door).stat().st_mode) == 0o700
            assert (home / door).owner() == cluster_home.whose(home).user


@needs_root
def test_a_false_server_is_refused(home) -> None:
    """Clients refuse a server that another user of the machine runs in the socket's place."""
    with Cluster(home, extra=FAST) as cluster:
        posing = cluster.dsn().replace("requirepeer=postgres", "requirepeer=nobody")
        with pytest.raises(psycopg2.OperationalError, match="requirepeer"):
            psycopg2.connect(posing)


@needs_root
def test_nobody_needs_no_root(place) -> None:
    """A plain user makes, runs and stops a cluster of his own; root, who comes later, runs it as that user."""
    (place / "open").mkdir()
    (place / "open").chmod(0o777)
    home = place / "open" / "store"
    code = """
become("nobody")
for _ in range(2):
    with Cluster(home, extra=fast) as cluster:
        print(ask(cluster, "SELECT current_user", "wangge_app"))
"""
    done = run(code, home)
    assert (done.stdout, done.returncode) == (f"{APP}\n{APP}\n", 0), done.stderr
    assert {path.owner() for path in home.iterdir()} == {"nobody"}
    with Cluster(home, extra=FAST) as cluster:
        assert ask(cluster, "SELECT 1", APP) == 1
        assert Path(f"/proc/{server(home)}").owner() == "nobody"


@needs_root
def test_anothers_store(home) -> None:
    """Whoever is neither the owner nor root is told whose it is."""
    code = """
become("nobody")
try:
    Cluster(home).start()
except StoreError as error:
    print(error)
"""
    assert "belongs to postgres: be postgres or root" in run(code, home).stdout


@needs_root
def test_root_of_a_container(home) -> None:
    """Root with no more rights than a container gives him (he may not look into others' processes) can do all of it."""
    rights = "chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap"
    bounds = f"--bounding-set=-all,+{rights.replace(',', ',+')}"
    with user(home, before=("setpriv", bounds)) as (a, first), user(home, before=("setpriv", bounds)) as (b, second):
        assert first == second
        leave(a)
        assert is_up(home)
        leave(b)
    assert not is_up(home)


# --- where it may lie -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["x" * 120, "网格" * 30, "comma,comma", 'quo\'te "and" space'],
    ids=["long", "chinese", "comma", "quotes"],
)
def test_paths_that_sockets_do_not_like(place, name) -> None:
    """A path too long for a socket, or one that PostgreSQL would read as two, works."""
    with Cluster(place / name, extra=FAST) as cluster:
        assert ask(cluster, "SELECT 1", APP) == 1
        sockets = cluster._home.sockets
        assert sockets.parent in (place / name, Path("/tmp"))  # noqa: S108 where it goes when the path is too long
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert not is_up(place / name)
    assert sockets.exists() == (sockets.parent == place / name)


@needs_root
def test_a_socket_folder_of_a_stranger(place) -> None:
    """In /tmp everybody can make a folder: one that is not the server user's is not used."""
    cluster = Cluster(place / ("x" * 120), extra=FAST)
    nobody = place.stat().st_uid + 65534
    sockets = cluster._home.sockets
    sockets.mkdir()
    try:
        os.chown(sockets, nobody, -1)
        with pytest.raises(StoreError, match="could pose as the store"):
            cluster.start()
        sockets.rmdir()
        sockets.symlink_to(place)
        with pytest.raises(StoreError, match="could pose as the store"):
            cluster.start()
    finally:
        sockets.unlink()


@needs_root
def test_a_parent_that_is_shut(place) -> None:
    """Where the server user cannot pass, the error names the folder and the way out, and no folder is changed."""
    (place / "shut" / "in").mkdir(parents=True)
    (place / "shut").chmod(0o700)
    with pytest.raises(StoreError, match=f"postgres, who runs the database server, cannot enter {place}/shut:") as caught:
        Cluster(place / "shut" / "in" / "store").start()
    assert "/var/lib/wangge" in str(caught.value)
    assert stat.S_IMODE((place / "shut").stat().st_mode) == 0o700
    assert not (place / "shut" / "in" / "store" / "pgdata").exists()


@needs_root
def test_a_careful_mask(place) -> None:
    """Root whose new files are for himself alone makes folders that the server user can pass all the same."""
    code = "os.umask(0o077)\nwith Cluster(home, extra=fast) as cluster: print(ask(cluster, 'SELECT 1'))"
    done = run(code, place / "a" / "b" / "store")
    assert done.stdout == "1\n", done.stderr


def test_a_folder_that_cannot_be(place) -> None:
    """What the system refuses comes as an error of the store that names the folder."""
    (place / "file").touch()
    with pytest.raises(StoreError, match=f"the store in {place}/file/store cannot be used"):
        Cluster(place / "file" / "store").start()


def test_a_log_that_is_a_link(home, place) -> None:
    """Nothing is written through a link that somebody put in the folder."""
    (home / "server.log").unlink()
    (home / "server.log").symlink_to(place / "precious")
    with pytest.raises(StoreError, match="cannot be used"):
        Cluster(home, extra=FAST).start()
    assert not (place / "precious").exists()
    assert not is_up(home)


def test_default_home(monkeypatch) -> None:
    """Root's store is the machine's, another's is in his own data folder; a relative XDG path counts as none."""
    monkeypatch.setenv("HOME", "/somebody")
    assert default_home(root=True, xdg="/data") == Path("/var/lib/wangge")
    assert default_home(root=False, xdg="/data") == Path("/data/wangge")
    assert default_home(root=False) == default_home(root=False, xdg="data") == Path("/somebody/.local/share/wangge")


# --- which PostgreSQL -------------------------------------------------------------------------------------------------


def install(folder: Path, version: str, *, postgis: bool = True) -> Path:
    """Put up something that says it is a PostgreSQL."""
    (bindir := folder / "bin").mkdir(parents=True)
    (extensions := folder / "share" / "extension").mkdir(parents=True)
    (bindir / "postgres").touch()
    (bindir / "pg_config").write_text(f"#!/bin/sh\necho 'PostgreSQL {version}'\necho {folder}/share\n")
    (bindir / "pg_config").chmod(0o755)
    if postgis:
        (extensions / "postgis.control").touch()
    return bindir


def test_which_programs(tmp_path) -> None:
    """The newest that has PostGIS serves, unless the data is another's; too old, unfinished or bare ones never."""
    for version in ("9.6.24", "14.11", "15.20 (Debian 15.20-0+deb12u1)", "17beta1", "18.4"):
        install(tmp_path / version.split(".")[0], version, postgis=not version.startswith("18"))
    (tmp_path / "19" / "bin").mkdir(parents=True)
    newest = find_programs(installed=tmp_path)
    assert (newest.major, newest.bindir) == (17, tmp_path / "17beta1" / "bin")
    assert find_programs(installed=tmp_path, major=15).major == 15
    assert find_programs(installed=tmp_path, major=16) == newest
    assert find_programs(tmp_path / "15" / "bin", installed=tmp_path).major == 15
    with pytest.raises(StoreError, match=f"no PostgreSQL {OLDEST} or newer"):
        find_programs(tmp_path / "14" / "bin")
    assert find_programs().major >= OLDEST


def test_which_clients(tmp_path) -> None:
    """Backups are made by the programs of the server's version, else by the next newer; older ones, and halves, never."""
    for version in ("14.11", "16.4", "17.0", "18.4"):
        bindir = install(tmp_path / version[:2], version, postgis=False)
        for name in ("pg_dump", "pg_restore") if version != "17.0" else ("pg_dump",):
            (bindir / name).touch()
    assert [find_clients(server, installed=tmp_path) for server in (14, 15, 16, 17)] == [
        tmp_path / major / "bin" for major in ("14", "16", "16", "18")
    ]
    assert find_clients(15, tmp_path / "18" / "bin", installed=tmp_path) == tmp_path / "18" / "bin"
    with pytest.raises(StoreError, match=r"as new as that in .*14/bin: .*postgresql-client-16; .*WANGGE_PG_BIN"):
        find_clients(16, tmp_path / "14" / "bin", installed=tmp_path)
    with pytest.raises(StoreError, match="the server is PostgreSQL 19, and there is no pg_dump as new as that here"):
        find_clients(19, installed=tmp_path)
    assert find_clients(OLDEST).is_dir()


def test_without_postgis(place) -> None:
    """Where there is no PostGIS, the error says what to install and what else could be done."""
    bare = install(place / "pg", "16.1", postgis=False)
    for bindir, at in ((bare, f"in {bare}"), (place / "nothing", f"in {place}/nothing")):
        with pytest.raises(StoreError, match=f"with PostGIS {at}: .*apt-get install postgresql-postgis.*WANGGE_PG_BIN.*DSN"):
            Cluster(place / "store", bindir=bindir).start()
    with pytest.raises(StoreError, match=f"with PostGIS under {place}/none"):
        find_programs(installed=place / "none")
    with pytest.raises(StoreError, match="with PostGIS in nowhere"):
        find_programs(Path("nowhere"))
    assert not list((place / "store").glob("pgdata*"))


def test_another_major_version(home) -> None:
    """Data of another major version is left alone, and the error says how it is carried over."""
    (home / "pgdata" / "PG_VERSION").write_text("14\n")
    with pytest.raises(StoreError, match=f"made by PostgreSQL 14, and {REAL} is .*14's pg_dump"):
        Cluster(home, extra=FAST).start()
    assert not is_up(home)
    (home / "pgdata" / "PG_VERSION").write_text(f"{find_programs().major}\n")
    with Cluster(home, extra=FAST):
        assert is_up(home)


def test_a_folder_by_its_name(home) -> None:
    """A data folder that holds something else is neither used nor replaced."""
    (home / "pgdata" / "PG_VERSION").unlink()
    with pytest.raises(StoreError, match="pgdata holds no data of PostgreSQL: move it away"):
        Cluster(home, extra=FAST).start()
    assert (home / "pgdata" / "base").exists()


# --- shared memory ----------------------------------------------------------------------------------------------------


@needs_root
@pytest.mark.parametrize(
    ("options", "kind"),
    [("size=300m,mode=1777", "posix"), ("size=64m,mode=1777", "mmap"), ("size=300m,mode=755", "mmap"), (None, "mmap")],
)
def test_shared_memory(tmp_path, options, kind) -> None:
    """Shared memory is used where it is a mount of its own, everybody's, and large enough; a plain folder is none."""
    tmp_path.chmod(0o777)
    if options and subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", tmp_path], check=False).returncode:
        pytest.skip("this root may not mount")
    try:
        assert shared_memory_type(tmp_path) == kind
    finally:
        if options:
            subprocess.run(["umount", tmp_path], check=True)


@needs_root
def test_without_shared_memory(home) -> None:
    """A server starts where the machine's shared memory cannot be written, as in a bare root."""
    away = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o mode=755 none /dev/shm && exec "$0" "$@"')
    if subprocess.run([*away, "true"], check=False).returncode:
        pytest.skip("this root may not mount")
    code = "with Cluster(home, extra=fast) as cluster: print(ask(cluster, 'SHOW dynamic_shared_memory_type'))"
    done = run(code, home, before=away)
    assert done.stdout == "mmap\n", done.stderr
