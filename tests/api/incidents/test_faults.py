"""What an acknowledged report survives: PostgreSQL killed, stopped at once or hit in one process, and the service killed.

Clients report over HTTP with an Idempotency-Key and ask again until they are answered. Servers are real and careful, each of
these tests' own. Killing a process does not empty the system's cache of files: power is not cut here.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import psycopg2
import pytest

from api.secret import read_secret
from api.settings import Settings
from api.who.keys import new_key
from api.who.pepper import Pepper
from data.store import people
from data.store.cluster import Cluster
from data.store.cluster_home import ADMIN, APP
from data.store.log import broken
from data.store.migrate import migrate
from data.store.pool import connect
from data.store.sql import many, one
from tests.api.incidents.station import at
from tests.published import COMMUNITIES, HIGH, WIDE, publish
from tests.stored import owner

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

ROOT = Path(__file__).resolve().parents[3]
SERVE = (
    "import sys; from api.serve import serve; from api.settings import read_settings; "
    "serve(read_settings(), workers=1, jobs=False)"
)
CLIENTS = 4
BETWEEN_FAULTS = 25
"""So many reports are acknowledged before the next fault: it strikes work, not rest."""
PATIENCE_S = 90
TRIES = 3
"""How often the control may be killed until it has lost something."""
FORGETFUL = {"synchronous_commit": "off", "wal_writer_delay": "10s"}
"""A commit is answered long before it is written."""

pytestmark = pytest.mark.slow


@dataclass
class Clients:
    """Clients that report without a pause: `told` is what was acknowledged, number by title."""

    address: str
    headers: dict[str, str]
    told: dict[str, str] = field(default_factory=dict)
    longest_s: float = 0.0
    wrong: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Generator[None]:
        """Let them report until the end of the block, and then finish what they have begun."""
        threads = [threading.Thread(target=self._report, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()

    def more(self, count: int = BETWEEN_FAULTS) -> None:
        """Wait until so many more reports are acknowledged."""
        wanted = len(self.told) + count
        until(lambda: len(self.told) >= wanted or self.wrong)

    def _report(self, number: int) -> None:
        with httpx.Client(base_url=self.address, headers=self.headers, timeout=10, trust_env=False) as client:
            count = 0
            while not self.stop.is_set() and not self.wrong:
                count += 1
                title = f"{number}-{count}-{uuid4().hex}"
                place = at(WIDE * 2 * ((count * 7919) % 997) / 997, HIGH * 2 * ((count * 104_729) % 991) / 991)
                said = {**place, "category": "rubbish", "title": title}
                if (no := self._insist(client, title, said)) is not None:
                    self.told[title] = no

    def _insist(self, client: httpx.Client, key: str, said: dict[str, object]) -> str | None:
        """Ask until there is an answer: under the same key it is the same report."""
        began = time.monotonic()
        while time.monotonic() < began + PATIENCE_S:
            try:
                answer = client.post("/v1/incidents", json=said, headers={"Idempotency-Key": key})
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            if answer.status_code == 201:
                return answer.json()["no"]
            # 503: it may have been done or not; 409: whoever asked before is still at it.
            if answer.status_code not in {503, 409}:
                self.wrong.append(f"{answer.status_code} {answer.text}")
                return None
            time.sleep(0.05)
        self.wrong.append(f"{key} was never answered")
        return None


@dataclass
class Place:
    """A store of its own with the small town in it, and the service over it, each in processes that can be killed."""

    home: Path
    cluster: Cluster
    key: str
    port: int
    service: subprocess.Popen[bytes] | None = None

    @property
    def admin(self) -> str:
        """How its owner comes in."""
        return self.cluster.dsn(ADMIN)

    @property
    def pgdata(self) -> Path:
        """Where the server's files are."""
        return self.home / "store" / "pgdata"

    def serve(self) -> None:
        """Start the service, and wait until it answers."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
        environment |= {
            "WANGGE_DSN": self.cluster.dsn(APP), "WANGGE_HOME": str(self.home / "service"), "WANGGE_PORT": str(self.port),
            "WANGGE_LOG_LEVEL": "error",
        }  # fmt: skip
        with (self.home / "service.log").open("ab") as log:
            self.service = subprocess.Popen(
                [sys.executable, "-c", SERVE], cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        until(self._answers)

    def kill_service(self) -> None:
        """Kill every process of the service."""
        if self.service is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.service.pid, signal.SIGKILL)
            self.service.wait()
            self.service = None

    def processes(self) -> list[int]:
        """Return every process of the database's server, the first of them in front."""
        first = int((self.pgdata / "postmaster.pid").read_text("ascii").splitlines()[0])
        return [first, *(pid for pid, parent in parents() if parent == first)]

    def clients(self) -> Clients:
        """Return clients of the service."""
        return Clients(f"http://127.0.0.1:{self.port}", {"X-API-Key": self.key})

    def _answers(self) -> bool:
        assert self.service is not None
        assert self.service.poll() is None, (self.home / "service.log").read_text("utf-8")[-3000:]
        with suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5, trust_env=False).is_success
        return False


def parents() -> Iterator[tuple[int, int]]:
    """Yield every process with its parent."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                yield int(entry.name), int((entry / "stat").read_text("ascii").rpartition(")")[2].split()[1])


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.01)


@contextmanager
def place_of(extra: dict[str, str]) -> Generator[Place]:
    """Make a store with settings, the small town in it, somebody who reports, and the service."""
    # Not pytest's own folder: the server's user may not enter that of root.
    home = Path(tempfile.mkdtemp(prefix="wangge-"))
    home.chmod(0o755)
    try:
        with Cluster(home / "store", die_with_parent=True, extra=extra) as cluster:
            with closing(connect(cluster.dsn(ADMIN))) as conn:
                migrate(conn)
            publish(cluster.dsn(ADMIN))
            key = key_of_worker(cluster.dsn(ADMIN), Settings(home=home / "service"))
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            made = Place(home, cluster, key, port)
            try:
                made.serve()
                yield made
            finally:
                made.kill_service()
    finally:
        shutil.rmtree(home)


def key_of_worker(dsn: str, settings: Settings) -> str:
    """Add a worker to the town, and return the key that they report with."""
    made = new_key(Pepper(read_secret(settings.secret_path).derive("pepper")))
    now = datetime.now(UTC)
    with owner(dsn) as conn:
        person = people.add_person(conn, login="worker", name="worker", now=now, by=None)
        people.give_role(conn, person, role="grid_worker", area=COMMUNITIES[0], starts_at=now - timedelta(days=1), by=None)
        people.add_key(
            conn, person, prefix=made.prefix, secret_mac=made.secret_mac, name="test", now=now,
            expires_at=now + timedelta(days=1), by=None,
        )  # fmt: skip
    return made.text


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A careful store and its service, for all faults."""
    with place_of({}) as made:
        yield made


def kill_all(place: Place) -> None:
    """Kill every process of the database's server at once, and start it again."""
    for pid in place.processes():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    place.cluster.start()


def stop_at_once(place: Place) -> None:
    """Have the database's server stop without putting anything in order, and start it again."""
    first = place.processes()[0]
    os.kill(first, signal.SIGQUIT)
    until(lambda: is_over(first))
    place.cluster.start()


def is_over(pid: int) -> bool:
    """Say whether a process is over, whether or not its parent has looked."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] == "Z"
    return True


def kill_one(place: Place) -> None:
    """Kill one process that works for the service; the server starts all others anew by itself."""
    began = one_of_owner(place, "SELECT pg_postmaster_start_time()")
    pid = int(str(one_of_owner(place, f"SELECT pid FROM pg_stat_activity WHERE usename = '{APP}' LIMIT 1")))
    os.kill(pid, signal.SIGKILL)
    until(lambda: is_over(pid))
    now: list[object] = []

    def answers() -> bool:
        # The server that has just lost one ends the others, and whoever comes in meanwhile.
        with suppress(psycopg2.Error):
            now.append(one_of_owner(place, "SELECT pg_postmaster_start_time()"))
        return bool(now)

    until(answers)
    assert now == [began]


def one_of_owner(place: Place, statement: str) -> object:
    """Return one value, as the owner sees it."""
    with closing(psycopg2.connect(place.admin)) as conn, conn.cursor() as cursor:
        cursor.execute(statement)
        return (cursor.fetchone() or (None,))[0]


def kill_service(place: Place) -> None:
    """Kill every process of the service, and start it again."""
    place.kill_service()
    place.serve()


def lost(place: Place, told: dict[str, str]) -> set[str]:
    """Return the titles that were acknowledged and are not there, or not under the number that was told."""
    with closing(connect(place.admin)) as conn:
        there = dict(many(conn, "SELECT title, no FROM wangge.incident"))
    return {title for title, no in told.items() if there.get(title) != no}


FAULTS = {
    "K1 all of PostgreSQL is killed": (kill_all, 5),
    "K2 the service is killed": (kill_service, 5),
    "K3 PostgreSQL stops at once": (stop_at_once, 2),
    "K3 one process of PostgreSQL is killed": (kill_one, 2),
}


@pytest.mark.parametrize(("fault", "cycles"), FAULTS.values(), ids=FAULTS)
def test_nothing_acknowledged_is_lost_and_nothing_is_made_twice(place, fault, cycles) -> None:
    """Whatever is killed, each report that was answered is there once, with its number, its log and its place in the index."""
    clients = place.clients()
    with clients.at_work():
        for _ in range(cycles):
            clients.more()
            fault(place)
        clients.more()
    assert clients.wrong == [], (place.home / "service.log").read_text("utf-8")[-6000:]
    assert len(clients.told) > cycles * BETWEEN_FAULTS
    assert lost(place, clients.told) == set()
    with closing(connect(place.admin)) as conn:
        twice = many(conn, "SELECT title FROM wangge.incident GROUP BY title HAVING count(*) > 1")
        assert twice == []
        counts = one(
            conn,
            """SELECT count(*), count(DISTINCT no), (SELECT count(*) FROM wangge.event WHERE kind = 'incident.report'),
                 (SELECT count(DISTINCT subject) FROM wangge.event e WHERE kind = 'incident.report'
                  AND EXISTS (SELECT FROM wangge.incident i WHERE i.no = e.subject))
               FROM wangge.incident""",
        )
        assert set(counts) == {counts[0]}
        assert broken(conn) == ()
        assert counted_by_index(conn) == counts[0]


def counted_by_index(conn) -> int:
    """Return how many incidents the index of places has."""
    with conn.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off; SET enable_indexonlyscan = off")
        statement = "SELECT count(*) FROM wangge.incident WHERE geom && ST_MakeEnvelope(-180, -90, 180, 90, 4490)"
        cursor.execute("EXPLAIN " + statement)
        assert "incident_place" in str(cursor.fetchall())
        cursor.execute(statement)
        (count,) = cursor.fetchone()
        return count


def test_a_store_that_answers_too_early_is_seen_to_lose() -> None:
    """The control: where a commit is answered before it is written, killing PostgreSQL loses reports, and this test sees it."""
    with place_of(FORGETFUL) as forgetful:
        clients = forgetful.clients()
        gone: set[str] = set()
        with clients.at_work():
            for _ in range(TRIES):
                clients.more()
                kill_all(forgetful)
                gone = lost(forgetful, dict(clients.told))
                if gone:
                    break
        assert gone, f"in {TRIES} tries nothing was lost: these tests could not see a loss"
