"""The service as it is run: a process that listens, keeps its workers, and ends cleanly."""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from data.store.pool import connect
from data.store.preflight import preflight
from data.store.sql import one, run

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (
    "import sys; from api.serve import serve; from api.settings import read_settings; "
    "serve(read_settings(), workers=int(sys.argv[1]), jobs=sys.argv[2] == 'jobs')"
)
START_S, END_S = 180, 60


@contextmanager
def running(*, workers=1, jobs=False, **told):
    """Run the service until the end of the block; give its process and its address, once it has printed that."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
    environment |= {f"WANGGE_{name.upper()}": str(value) for name, value in told.items()}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(workers), "jobs" if jobs else ""],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                assert selector.select(START_S), "the service said nothing"
            yield process, process.stdout.readline().strip()
        finally:
            if process.poll() is None:
                process.kill()


def ended(process):
    """Give how the process ended, and the lines that it logged."""
    _, errors = process.communicate(timeout=END_S)
    return process.returncode, errors.splitlines()


def clients_of(db):
    """Count the connections of the application's role to a database."""
    with closing(connect(db.admin)) as conn:
        return one(conn, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'wangge_app' AND datname = %s", [db.name])[0]


def until(holds):
    """Wait until something holds."""
    deadline = time.monotonic() + END_S
    while not (found := holds()):
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.05)
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_it_answers_where_it_says_and_ends_cleanly(db, tmp_path, number):
    """The address is printed when it answers; the end is exit 0, every connection closed, and all that was logged is JSON."""
    with running(dsn=db.app, home=tmp_path, port=0) as (process, address):
        assert httpx.get(f"{address}/readyz").status_code == 200
        assert clients_of(db) == 1
        process.send_signal(number)
        code, lines = ended(process)

    assert code == 0
    until(lambda: clients_of(db) == 0)
    parsed = [json.loads(line) for line in lines]
    assert [line["path"] for line in parsed if line["logger"] == "wangge.access"] == ["/readyz"]
    with closing(connect(db.app)) as conn:
        warnings = [finding.en for finding in preflight(conn)]
    assert [line["detail"] for line in parsed if line["message"] == "preflight"] == warnings


def test_a_request_that_is_being_answered_is_finished(db, tmp_path):
    """SIGTERM lets a slow request come to its end before the process does."""
    with running(dsn=db.app, home=tmp_path, port=0) as (process, address), closing(connect(db.admin)) as owner:
        run(owner, "BEGIN")
        run(owner, "LOCK TABLE wangge.migration IN ACCESS EXCLUSIVE MODE")
        url = httpx.URL(address)
        with socket.create_connection((url.host, url.port), timeout=END_S) as caller:
            caller.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            until(lambda: one(owner, "SELECT count(*) FROM pg_locks WHERE NOT granted") == (1,))
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            run(owner, "ROLLBACK")
            answer = b"".join(iter(lambda: caller.recv(65536), b""))
        code, _ = ended(process)

    assert answer.startswith(b"HTTP/1.1 200")
    assert code == 0


def test_its_own_store_runs_as_long_as_it_does():
    """Without an address of a store it runs one of its own, brings it up to date, and takes it down with it."""
    with TemporaryDirectory(prefix="wangge-") as home, running(home=home, port=0) as (process, address):
        assert httpx.get(f"{address}/readyz").json() == {"status": "ready", "reasons": []}
        server = int((Path(home) / "pgdata" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        process.send_signal(signal.SIGTERM)
        assert ended(process)[0] == 0
        assert not Path(f"/proc/{server}").exists()


@pytest.mark.slow
def test_workers_share_one_port_and_are_replaced(db, tmp_path):
    """Two workers answer at one address; one that is killed is started anew; all are gone with their supervisor."""
    with running(dsn=db.app, home=tmp_path, port=0, workers=2, pool_size=2) as (process, address):
        workers = until(lambda: len(found := _workers(process.pid)) == 2 and found)
        os.kill(workers[0], signal.SIGKILL)
        until(lambda: len(found := _workers(process.pid)) == 2 and found != workers)
        with httpx.Client(base_url=address) as client:
            assert {client.get("/readyz").status_code for _ in range(10)} == {200}
        workers = _workers(process.pid)
        process.send_signal(signal.SIGTERM)
        code, _ = ended(process)

    assert code == 0
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]
    until(lambda: clients_of(db) == 0)


@pytest.mark.slow
def test_workers_end_with_a_supervisor_that_was_killed(db, tmp_path):
    """A supervisor that can say nothing more leaves no workers behind, which would hold the port and the store."""
    with running(dsn=db.app, home=tmp_path, port=0, workers=2, pool_size=2) as (process, _):
        workers = until(lambda: len(found := _workers(process.pid)) == 2 and found)
        process.kill()
        process.communicate(timeout=END_S)

        until(lambda: not [worker for worker in workers if _is_running(worker)])


@pytest.mark.slow
def test_workers_count_together(db, tmp_path, monkeypatch):
    """Whichever of two workers is asked, it tells the requests of both, also of one that was killed; nothing is left behind."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    with running(dsn=db.app, home=tmp_path / "home", port=0, workers=2, pool_size=2) as (process, address):

        def counted(*, answers):
            """Ask one worker while the other is held; give the number of answers of /healthz, and of requests open."""
            held = next(worker for worker in workers if worker != answers)
            os.kill(held, signal.SIGSTOP)
            try:
                text = httpx.get(f"{address}/metrics", timeout=END_S).text
            finally:
                os.kill(held, signal.SIGCONT)
            found = {
                sample.name: sample.value
                for family in text_string_to_metric_families(text)
                for sample in family.samples
                if sample.labels.get("route") in {None, "/healthz"} and "le" not in sample.labels
            }
            assert text.count("process_open_fds{") == 2
            return tuple(found[f"wangge_{name}"] for name in ("requests_total", "request_seconds_count", "requests_open"))

        workers = until(lambda: len(found := _workers(process.pid)) == 2 and found)
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
            for _ in range(5):
                httpx.get(f"{address}/healthz")
            os.kill(worker, signal.SIGCONT)
        # An answer is counted when it has been sent: a moment later than it is read.
        until(lambda: counted(answers=workers[0]) == (10, 10, 1))
        assert counted(answers=workers[1]) == (10, 10, 1)

        # One is killed while it answers: what it has counted stays, what it had open does not.
        os.kill(workers[1], signal.SIGSTOP)  # before anybody calls, or it may be the one that answers
        with closing(connect(db.admin)) as owner, socket.create_connection(_of(address)) as caller:
            run(owner, "SET idle_in_transaction_session_timeout = 0")  # longer than a worker takes to come up
            run(owner, "BEGIN")
            run(owner, "LOCK TABLE wangge.migration IN ACCESS EXCLUSIVE MODE")
            caller.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            until(lambda: one(owner, "SELECT count(*) FROM pg_locks WHERE NOT granted") == (1,))
            os.kill(workers[1], signal.SIGCONT)
            assert counted(answers=workers[1]) == (10, 10, 2)
            os.kill(workers[0], signal.SIGKILL)
            gone = workers[0]
            workers = until(lambda: len(found := _workers(process.pid)) == 2 and gone not in found and found)
            until(lambda: httpx.get(f"{address}/metrics").text.count("process_open_fds{") == 2)
            assert [counted(answers=worker) for worker in workers] == [(10, 10, 1)] * 2
            run(owner, "ROLLBACK")
        process.kill()
        process.communicate(timeout=END_S)
        until(lambda: not [worker for worker in workers if _is_running(worker)])
    assert list(folder.iterdir()) == []


def test_a_port_that_is_taken_is_said_at_once(db, tmp_path):
    """Before anything else is opened: which address, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(dsn=db.app, home=tmp_path, port=port) as (process, said):
            code, lines = ended(process)

    assert (code, said) == (1, "")
    assert lines[-1] == (
        f"gis.errors.InputError: cannot listen at 127.0.0.1 port {port}: Address already in use; choose another host or port"
    )


def test_a_store_that_is_not_fit_is_not_served(db, tmp_path):
    """As superuser or owner no policy binds it: the service does not come up, and says why in both languages."""
    with running(dsn=db.admin, home=tmp_path, port=0) as (process, said):
        code, lines = ended(process)

    assert (code, said) == (1, "")
    assert any("row-level security does not bind it" in line for line in lines)
    assert any("不受行级安全约束" in line for line in lines)


def test_more_connections_than_the_store_has_are_refused(db, tmp_path):
    """Workers that would quarrel over connections are not started."""
    with running(dsn=db.app, home=tmp_path, port=0, pool_size=100, workers=100) as (process, said):
        code, lines = ended(process)

    assert (code, said) == (1, "")
    assert "10000 connections" in lines[-1]


@pytest.mark.slow
def test_jobs_are_worked_on_beside_it(db, tmp_path):
    """With jobs wanted a worker looks for them as the store's owner, and ends with the service."""
    with running(dsn=db.app, admin_dsn=db.admin, home=tmp_path, port=0, jobs=True) as (process, _):
        (worker,) = until(lambda: _workers(process.pid))
        with closing(connect(db.admin)) as conn:
            taking = "query LIKE '%%wangge.job%%SKIP LOCKED%%'"
            looking = f"SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND {taking} AND pid <> %s"
            until(lambda: one(conn, looking, [db.name, conn.info.backend_pid]) == (1,))
        process.send_signal(signal.SIGTERM)
        code, _ = ended(process)

    assert code == 0
    assert not _is_running(worker)


def test_jobs_need_the_owners_address(db, tmp_path):
    """Who wants jobs worked on and gives no way to do it is told so, instead of plans that wait for ever."""
    with running(dsn=db.app, home=tmp_path, port=0, jobs=True) as (process, said):
        code, lines = ended(process)

    assert (code, said) == (1, "")
    assert "WANGGE_ADMIN_DSN" in lines[-1]


def _of(address):
    """Give the host and the port of an address."""
    url = httpx.URL(address)
    return url.host, url.port


def _workers(supervisor):
    """Give the processes of a supervisor that have connections to make: its children, without Python's own helper."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text(encoding="utf-8").split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def _is_running(process):
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").split()[2] != "Z"
    except FileNotFoundError:
        return False
