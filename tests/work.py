"""Work for workers that tests start: jobs that wait, count, break or die as their wants say; workers in processes."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.worker import Pace, stop_at_signals, work
from data.store.log import record
from gis import errors
from gis.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import datetime
    from multiprocessing.context import SpawnProcess

    from psycopg2.extensions import connection

    from api.work_process import Do
    from data.store.jobs import Job

QUICK = Pace(lease=3.0, beat=0.1, idle=0.05)
FAULT = Finding(kind="gap", severity=Severity.ERROR, en="a gap", zh="盲区")
ERRORS: dict[str, Exception] = {
    "rules": errors.RulesError("the band is empty"),
    "broken": errors.BrokenPlan("secret insides", [FAULT]),
    "input": errors.InputError("bad data", [FAULT]),
    "conflict": errors.Conflict("nothing there", code="nothing-to-divide", communities=["A"]),
    "bug": ZeroDivisionError("secret insides"),
    "busy": errors.StoreBusy("secret insides"),
}


@dataclass(frozen=True)
class Played:
    """What such a job came to: an event in the log, so that a second one would be seen, and who did it."""

    job: Job

    def write(self, conn: connection, _: datetime) -> dict[str, Any]:
        """Write the event."""
        record(conn, "test.played", path=None, subject=self.job.id)
        return {"pid": os.getpid()}


def play(dsn: str, job: Job, progress: Callable[[int, int], None], processes: int) -> Played:
    """Do what `act` says; the process leaves its number, and its helpers' numbers, as names of files in `folder`."""
    del dsn, processes
    wants = job.wants
    if "folder" in wants:
        (Path(wants["folder"]) / str(os.getpid())).touch()
    match wants["act"]:
        case "count":
            for n in range(wants["steps"]):
                progress(n + 1, wants["steps"])
                time.sleep(wants["each"])
        case "help":
            helper = subprocess.Popen(["sleep", "300"])
            (Path(wants["folder"]) / str(helper.pid)).touch()
            helper.wait()
        case "gate":
            while not (Path(wants["folder"]) / "go").exists():
                time.sleep(0.02)
        case "die":
            os._exit(7)
        case name:
            raise ERRORS[name]
    return Played(job)


@contextmanager
def worker_process(dsn: str, *, name: str = "w", do: Do = play, pace: Pace = QUICK) -> Generator[SpawnProcess]:
    """Run a worker in a process of its own, as the command does; killed at the end of the block if it still runs."""
    process = get_context("spawn").Process(target=_run, args=(dsn, name, do, pace), name=name)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def _run(dsn: str, name: str, do: Do, pace: Pace) -> None:
    work(dsn, name=name, stop=stop_at_signals(), do=do, pace=pace)


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(true: Callable[[], Any], *, seconds: float = 60) -> Any:
    """Wait until something is true and return it; fail where that takes longer."""
    deadline = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)
    return value


@contextmanager
def working(db, *, pace: Pace = QUICK):
    """Have a worker in a thread, until the end of the block."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(db.admin,), kwargs={"name": "t", "stop": stop, "pace": pace})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)
