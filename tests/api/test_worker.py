"""Workers: plans come out, whatever is killed, stopped or broken meanwhile, and each once."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
import shapely

from api.chores import Chore, doing, tidy
from api.divide_job import divide_job
from api.worker import Pace, work
from data.sample import write_sample
from data.store import jobs, plans
from data.store.jobs import LOST, MOST_TRIES
from data.store.nets import digest
from data.store.pool import connect
from data.store.sql import many, one, run
from data.store.towns import import_town
from data.town import read_town
from partition.engine import divide
from partition.net import net_of
from partition.rules import Rules
from partition.score import metrics
from tests.stored import NOW, TODAY, brought, owner, village
from tests.work import QUICK, is_alive, play, until, worker_process

TOWN, FIRST, SECOND = "drawn", "370103016001", "370103016002"


@pytest.fixture
def conn(db):
    """The owner's connection; every statement is a transaction."""
    with closing(connect(db.admin)) as made:
        yield made


@pytest.fixture
def made(db):
    """A village of two communities in the store."""
    with owner(db.admin) as conn:
        return brought(conn, village().town())


def put(conn, author=None, **wants):
    """Queue a job behind those that are there, and return its id."""
    (there,) = one(conn, "SELECT count(*) FROM wangge.job")
    return jobs.enqueue(conn, path="1", wants=wants, author=author, now=NOW + timedelta(seconds=there)).id


def put_plan(conn, author=None, **wants):
    """Queue a division and return the job's id."""
    usual = {"town": TOWN, "communities": None, "title": "甲", "reason": "乙", "rules": asdict(Rules()), "seed": 1}
    return put(conn, author, **(usual | wants))


def work_once(db, do=divide_job, **more):
    """Work until nothing waits."""
    told = {"now": _now, "pace": QUICK, "do": do, "chores": [tidy()], **more}
    work(db.admin, name="w", stop=threading.Event(), once=True, **told)


def _now():
    return NOW


@contextmanager
def working(db, do=play, pace=QUICK, chores=()):
    """Have a worker in a thread, until the end of the block."""
    stop = threading.Event()
    told = {"name": "t", "stop": stop, "do": do, "pace": pace, "chores": chores}
    thread = threading.Thread(target=work, args=(db.admin,), kwargs=told)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(timeout=30)
        assert not thread.is_alive()


def problem_of(conn, identity):
    """Return why a job failed, at its first try and without a result."""
    job = jobs.get(conn, identity)
    assert (job.state, job.tries, job.result) == ("failed", 1, None)
    assert job.problem is not None
    return job.problem


def plan_of(conn, identity):
    """Return the plan that a job has made."""
    job = jobs.get(conn, identity)
    assert job.result is not None, job.problem
    return plans.get(conn, job.result["plan"])


def pids(folder):
    """Read the numbers of the processes that were at work."""
    return [int(file.name) for file in folder.iterdir() if file.name.isdigit()]


def played(conn, identity):
    """Count how often a job has left its result."""
    return one(conn, "SELECT count(*) FROM wangge.event WHERE subject = %s", [identity])[0]


# --- plans ----------------------------------------------------------------------------------------------------------------


def test_a_job_makes_the_plan_that_anybody_would_make(db, conn, made) -> None:
    """The draft holds, bit for bit, the grids of the whole town's division in the wanted community, and how to make them."""
    with owner(db.admin) as setting:
        (author,) = one(
            setting, "INSERT INTO wangge.person (login, name, created_at) VALUES ('a', 'A', %s) RETURNING id::text", [NOW]
        )
    identity = put_plan(conn, author, communities=[SECOND], seed=5)
    work_once(db)
    job = jobs.get(conn, identity)
    assert (job.state, job.problem, job.finished_at) == ("done", None, NOW)
    # One unit of the two that the village has: nobody waits for the other.
    assert job.done == job.total == 1
    plan = plan_of(conn, identity)
    assert (plan.state, plan.title, plan.reason, plan.author, plan.created_at) == ("draft", "甲", "乙", author, NOW)
    assert (plan.town, plan.snapshot) == (made.imported.town, made.imported.snapshot)
    whole = net_of(divide(made.town, Rules(), seed=5), made.town)
    expected = whole.take([row for row, code in enumerate(whole.community) if code == SECOND])
    assert 0 < len(expected) < len(whole)
    assert digest(plans.net(conn, plan)) == digest(expected)
    assert plan.made_with["seed"] == 5
    assert plan.made_with["rules_digest"] == Rules().digest()
    event = "SELECT actor::text, path::text FROM wangge.event WHERE kind = 'plan.divide' AND subject = %s"
    assert one(conn, event, [plan.id]) == (author, plan.path)


def test_figures_of_every_part_add_up_to_the_whole(tmp_path, db, conn) -> None:
    """In a sample town with compounds, some across the lines of communities, what is counted by part sums to the whole."""
    write_sample(tmp_path / "town", households=10_000, seed=3)
    town = read_town(tmp_path / "town")
    with owner(db.admin) as setting:
        import_town(setting, town, day=TODAY, now=NOW)
    codes = town.communities.code
    ids = [put_plan(conn, town=town.name, communities=list(part)) for part in (codes[:2], codes[2:], codes)]
    work_once(db)
    *parts, whole = (plan_of(conn, identity).metrics for identity in ids)
    assert whole == metrics(divide(town, Rules(), seed=1))
    assert whole["compounds"] > 0
    counted = ("grids", "dedicated_grids", "households", "in_band", "compounds", "cut_compounds")
    assert {name: sum(part[name] for part in parts) for name in counted} == {name: whole[name] for name in counted}
    assert sum(part["inner_border_m"] for part in parts) == pytest.approx(whole["inner_border_m"])


@pytest.mark.usefixtures("made")
def test_what_cannot_be_divided_fails_with_its_reason(db, conn) -> None:
    """A job whose town, community or rules are not there or not sound fails at once, says why, and leaves no plan."""
    cases = [
        (put_plan(conn, town="nowhere"), "not-found", "town"),
        (put_plan(conn, communities=[FIRST, "370103016009"]), "not-found", "370103016009"),
        (put_plan(conn, rules={"minimum": 900}), "invalid-rules", "minimum"),
    ]
    work_once(db)
    for identity, code, told in cases:
        problem = problem_of(conn, identity)
        assert problem["code"] == code
        assert told in problem["detail"]
    assert many(conn, "SELECT FROM wangge.plan") == []


def test_a_community_of_which_nothing_is_left_is_no_plan(db, conn) -> None:
    """A community that lies wholly under another has nothing to divide: the job says so, whatever its neighbours have."""
    drawing = village()
    covered = "370103016003"
    drawing.communities[covered] = shapely.box(20, 20, 60, 60)
    with owner(db.admin) as setting:
        brought(setting, drawing.town())
    nothing, beside = put_plan(conn, communities=[covered]), put_plan(conn, communities=[FIRST, covered])
    work_once(db)
    assert problem_of(conn, nothing)["code"] == "nothing-to-divide"
    result = jobs.get(conn, beside).result
    assert result is not None
    assert [finding["subject"] for finding in result["findings"]] == [covered]


# --- what goes wrong --------------------------------------------------------------------------------------------------------


def test_jobs_that_raise_fail_and_the_next_is_done(db, conn, caplog) -> None:
    """Whatever a job raises becomes its problem: ours without a word of our insides, which the log has; the worker goes on."""
    cases = [
        (put(conn, act="rules"), "invalid-rules", 422),
        (put(conn, act="input"), "invalid-input", 422),
        (put(conn, act="conflict"), "nothing-to-divide", 409),
        (put(conn, act="broken"), "broken-plan", 500),
        (put(conn, act="bug"), "internal-error", 500),
    ]
    sound = put(conn, act="count", steps=0)
    work_once(db, play)
    for identity, code, status in cases:
        problem = problem_of(conn, identity)
        assert (problem["code"], problem["status"]) == (code, status)
        assert "secret" not in str(problem)
        assert f"job {identity} failed" in caplog.text
    assert caplog.text.count("Traceback") == caplog.text.count("secret insides") + 3 == 5
    (finding,) = problem_of(conn, cases[1][0])["findings"]
    assert (finding["kind"], finding["en"], finding["zh"]) == ("gap", "a gap", "盲区")
    assert problem_of(conn, cases[2][0])["more"] == {"communities": ["A"]}
    assert jobs.get(conn, sound).state == "done"


@pytest.mark.slow
def test_what_may_pass_is_tried_three_times(db, conn) -> None:
    """A process that dies under a job, and a store that is busy, get two more tries; then the job has failed."""
    died, busy = put(conn, act="die"), put(conn, act="busy")
    work_once(db, play)
    for identity, code in ((died, LOST["code"]), (busy, "store-busy")):
        job = jobs.get(conn, identity)
        assert (job.state, job.tries, (job.problem or {})["code"]) == ("failed", MOST_TRIES, code)


@pytest.mark.slow
def test_a_result_that_is_not_ours_to_write_is_not_written(tmp_path, db, conn) -> None:
    """A worker that slept longer than its lease finds the job with another: what it has done leaves nothing behind."""
    identity = put(conn, act="gate", folder=str(tmp_path))
    with worker_process(db.admin, name="sleeper") as sleeper:
        until(lambda: pids(tmp_path))
        os.kill(sleeper.pid, signal.SIGSTOP)
        with worker_process(db.admin, name="other"):
            until(lambda: len(pids(tmp_path)) == 2)
            assert jobs.get(conn, identity).worker.startswith("other/")
            (tmp_path / "go").touch()
            until(lambda: jobs.get(conn, identity).state == "done")
            os.kill(sleeper.pid, signal.SIGCONT)
            time.sleep(0.5)
    assert played(conn, identity) == 1
    assert jobs.get(conn, identity).tries == 2


@pytest.mark.slow
def test_a_broken_connection_does_not_break_the_work(db, conn) -> None:
    """A worker whose connection the server cuts comes again, renews its lease in time and ends the job at the first try."""
    identity = put(conn, act="count", steps=20, each=0.1)
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with working(db):
        until(lambda: jobs.get(conn, identity).done > 2)
        assert many(conn, cut) != []
        until(lambda: jobs.get(conn, identity).done > 8)
        until(lambda: jobs.get(conn, identity).state == "done")
    assert jobs.get(conn, identity).tries == 1


# --- watched and stopped ------------------------------------------------------------------------------------------------------


def test_progress_is_seen_to_grow(db, conn) -> None:
    """While a job runs its count goes up from one look to the next, and ends at the total."""
    identity = put(conn, act="count", steps=12, each=0.1)
    seen = set()
    with working(db):
        while (job := jobs.get(conn, identity)).state != "done":
            seen.add((job.done, job.total))
            time.sleep(0.05)
    assert seen <= {(0, 0), *((n, 12) for n in range(1, 13))}
    assert len(seen) > 4
    assert (job.done, job.total) == (12, 12)


def test_a_cancelled_job_is_killed_with_all_its_helpers(tmp_path, db, conn) -> None:
    """Work that hears nothing ends soon after the wish, and so do the processes that it has started; the next job is done."""
    deaf, after = put(conn, act="help", folder=str(tmp_path)), put(conn, act="count", steps=1, each=0)
    with working(db):
        until(lambda: len(pids(tmp_path)) == 2)
        jobs.cancel(conn, deaf)
        until(lambda: jobs.get(conn, deaf).state == "cancelled", seconds=15)
        until(lambda: not any(map(is_alive, pids(tmp_path))), seconds=15)
        until(lambda: jobs.get(conn, after).state == "done")
    assert played(conn, deaf) == 0


@pytest.mark.slow
def test_a_wish_that_comes_too_late_for_the_work_still_holds(tmp_path, db, conn) -> None:
    """A job that is cancelled just before its result is written has no result: who was told that it stops can rely on it."""
    identity = put(conn, act="gate", folder=str(tmp_path))
    with working(db, pace=Pace(lease=60, beat=30, idle=0.05)):
        until(lambda: pids(tmp_path))
        jobs.cancel(conn, identity)
        (tmp_path / "go").touch()
        until(lambda: jobs.get(conn, identity).state == "cancelled", seconds=10)
    assert played(conn, identity) == 0


@pytest.mark.slow
def test_a_running_division_is_cancelled(tmp_path, db, conn) -> None:
    """The division of a town of 60,000 households, some units done, is stopped within seconds and leaves no plan."""
    write_sample(tmp_path / "town", households=60_000, seed=3)
    town = read_town(tmp_path / "town")
    with owner(db.admin) as setting:
        import_town(setting, town, day=TODAY, now=NOW)
    identity = put_plan(conn, town=town.name)
    with working(db, do=divide_job):
        until(lambda: jobs.get(conn, identity).done > 0, seconds=60)
        assert jobs.cancel(conn, identity).state == "running"
        until(lambda: jobs.get(conn, identity).state == "cancelled", seconds=15)
    job = jobs.get(conn, identity)
    assert 0 < job.done < job.total
    assert many(conn, "SELECT FROM wangge.plan") == []


@pytest.mark.slow
def test_a_worker_that_is_asked_to_go_gives_its_job_back(tmp_path, db, conn) -> None:
    """At SIGTERM it kills the work and is gone in seconds; the job waits as if it had not been begun, no try used up."""
    identity = put(conn, act="help", folder=str(tmp_path))
    with worker_process(db.admin) as worker:
        until(lambda: len(pids(tmp_path)) == 2)
        worker.terminate()
        worker.join(timeout=15)
        assert worker.exitcode == 0
    assert not any(map(is_alive, pids(tmp_path)))
    job = jobs.get(conn, identity)
    assert (job.state, job.tries, job.worker, job.done) == ("queued", 0, None, 0)


def test_the_process_that_works_is_kept_for_the_next_job_and_not_for_ever(tmp_path, db, conn) -> None:
    """Two jobs in a row share a warm process; after a while without work it is gone."""
    first, second = (put(conn, act="count", steps=0, folder=str(tmp_path)) for _ in range(2))
    with working(db, pace=Pace(lease=5, beat=0.1, idle=0.05, warm=0.3)):
        until(lambda: jobs.get(conn, second).state == "done")
        assert jobs.get(conn, first).result == jobs.get(conn, second).result
        (pid,) = pids(tmp_path)
        until(lambda: not is_alive(pid), seconds=15)


# --- killed -------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_work_of_a_killed_worker_dies_and_its_job_is_taken_again(tmp_path, db, conn) -> None:
    """After kill -9 of a worker nothing of it runs on, and once its lease is over another worker does the job."""
    identity = put(conn, act="gate", folder=str(tmp_path))
    with worker_process(db.admin, name="first") as first:
        (orphan,) = until(lambda: pids(tmp_path))
        os.kill(first.pid, signal.SIGKILL)
        until(lambda: not is_alive(orphan), seconds=15)
        (tmp_path / "go").touch()
        with worker_process(db.admin, name="second"):
            until(lambda: jobs.get(conn, identity).state == "done")
    assert jobs.get(conn, identity).tries == 2
    assert played(conn, identity) == 1


def kill_two_amid(db, conn, count, do):
    """Have `count` jobs done by a steady worker and two that are killed while they hold one, and by a last one."""

    def done():
        return one(conn, "SELECT count(*) FROM wangge.job WHERE state = 'done'")[0]

    def held_by(name):
        return one(conn, "SELECT count(*) FROM wangge.job WHERE state = 'running' AND worker LIKE %s", [name + "/%"])[0]

    with worker_process(db.admin, name="steady", do=do):
        for victim, after in (("first", count // 10), ("second", count // 3)):
            with worker_process(db.admin, name=victim, do=do) as doomed:
                until(lambda after=after: done() >= after, seconds=120)
                until(lambda victim=victim: held_by(victim))
                os.kill(doomed.pid, signal.SIGKILL)
        with worker_process(db.admin, name="last", do=do):
            until(lambda: done() == count, seconds=120)


@pytest.mark.slow
def test_two_killed_workers_of_200_jobs_lose_nothing(db, conn) -> None:
    """Anchor J1: of 200 jobs, with two workers killed amid them, each is done and has left its result once."""
    count = 200
    for _ in range(count):
        put(conn, act="count", steps=2, each=0.03)
    kill_two_amid(db, conn, count, play)
    left = "SELECT count(*) FROM wangge.event WHERE kind = 'test.played' GROUP BY subject"
    assert many(conn, left) == [(1,)] * count


@pytest.mark.slow
@pytest.mark.usefixtures("made")
def test_two_killed_workers_of_40_divisions_leave_40_plans(db, conn) -> None:
    """The same with real divisions: each job names a plan that no other names, and no other plan is there."""
    count = 40
    ids = [put_plan(conn, communities=[(FIRST, SECOND)[n % 2]], seed=n) for n in range(count)]
    kill_two_amid(db, conn, count, divide_job)
    named = [plan_of(conn, identity).id for identity in ids]
    written = [plan for (plan,) in many(conn, "SELECT id::text FROM wangge.plan")]
    assert len(set(named)) == count
    assert sorted(named) == sorted(written)


# --- beside the server --------------------------------------------------------------------------------------------------------

BESIDE = """
import sys
from api.worker import start_worker
if __name__ == "__main__":
    with start_worker(sys.argv[1], name="beside") as process:
        print(process.pid, flush=True)
        sys.stdin.readline()
"""


def beside(tmp_path, db):
    """Start a program that has a worker beside it until it is told a line; return it and the worker's number."""
    (script := tmp_path / "beside.py").write_text(BESIDE, encoding="utf-8")
    surroundings = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(script), db.admin]
    program = subprocess.Popen(command, env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return program, int(program.stdout.readline())


@pytest.mark.slow
@pytest.mark.usefixtures("made")
def test_a_worker_beside_the_server_does_jobs_and_ends_with_it(tmp_path, db, conn) -> None:
    """What is started beside a server divides, and is gone when the server's block is left."""
    identity = put_plan(conn)
    program, worker = beside(tmp_path, db)
    with program:
        until(lambda: jobs.get(conn, identity).state == "done")
        assert is_alive(worker)
        program.stdin.write("\n")
        program.stdin.flush()
        assert program.wait(timeout=60) == 0
    assert not is_alive(worker)


@pytest.mark.slow
def test_a_worker_beside_a_killed_server_goes_too(tmp_path, db, conn) -> None:
    """After kill -9 of the server its worker, which has come up, ends by itself."""
    program, worker = beside(tmp_path, db)
    with program:
        until(lambda: many(conn, "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"))
        program.kill()
    until(lambda: not is_alive(worker), seconds=15)


# --- what is over -----------------------------------------------------------------------------------------------------------


def _keep(conn, at) -> None:
    """Have an answer, a session and a failed attempt in the store, of whose time `at` is the end."""
    (person,) = one(
        conn,
        "INSERT INTO wangge.person (login, name, created_at) VALUES (gen_random_uuid()::text, 'A', %s) RETURNING id::text",
        [NOW],
    )
    run(
        conn,
        """INSERT INTO wangge.answer (person, key, digest, at) VALUES (%(person)s, 'k', '', %(at)s - interval '1 day');
           INSERT INTO wangge.session (token_mac, person_id, csrf_mac, created_at, expires_at)
             VALUES (%(person)s::text::bytea, %(person)s, '', %(at)s - interval '12 hours', %(at)s);
           INSERT INTO wangge.login_failure (login_mac, failures, last_at)
             VALUES (%(person)s::text::bytea, 1, %(at)s - interval '1 day')""",
        {"person": person, "at": at},
    )


def _kept(conn):
    """Count what is kept for a time."""
    return one(
        conn,
        """SELECT (SELECT count(*) FROM wangge.answer), (SELECT count(*) FROM wangge.session),
             (SELECT count(*) FROM wangge.login_failure)""",
    )


def test_a_worker_throws_away_what_is_over(db, conn) -> None:
    """Answers of more than a day ago, sessions that are over and old failed attempts go, and none whose time is not over."""
    _keep(conn, NOW - timedelta(seconds=1))
    _keep(conn, NOW + timedelta(seconds=1))
    assert _kept(conn) == (2, 2, 2)
    work_once(db)
    assert _kept(conn) == (1, 1, 1)


def test_it_does_so_again_and_while_it_works(db, conn, tmp_path) -> None:
    """What is over is thrown away time and again, also while one job goes on; not before it is time for it again."""
    put(conn, act="gate", folder=str(tmp_path))
    with working(db, chores=[tidy(every_s=0.2)]):
        until(lambda: pids(tmp_path))
        for _ in range(2):
            _keep(conn, NOW - timedelta(days=9))
            until(lambda: _kept(conn) == (0, 0, 0))
        (tmp_path / "go").touch()
    _keep(conn, NOW - timedelta(days=9))
    with working(db, chores=[tidy(every_s=3600.0)]):
        until(lambda: _kept(conn) == (0, 0, 0))
        _keep(conn, NOW - timedelta(days=9))
        job = put(conn, act="count", steps=5, each=0.1)
        until(lambda: jobs.get(conn, job).state == "done")
        assert _kept(conn) == (1, 1, 1)


def test_a_chore_that_fails_is_done_again(db) -> None:
    """What goes wrong once, and a connection that is lost, end no chore; others go on meanwhile."""
    done: dict[str, int] = {"bad": 0, "good": 0}

    def bad(conn, _now) -> bool:
        done["bad"] += 1
        run(conn, "SELECT pg_terminate_backend(pg_backend_pid())")
        return False

    def good(_conn, _now) -> bool:
        done["good"] += 1
        return done["good"] % 3 != 0

    with doing([Chore(name="bad", every_s=0.02, do=bad), Chore(name="good", every_s=0.02, do=good)], db.admin, _now):
        until(lambda: min(done.values()) >= 6)


def test_a_chore_that_gives_way_is_no_error(db, caplog) -> None:
    """Where others hold what a chore wants it is done again, and the log says so in a line, without a trace."""
    done = []

    def late(conn, _now) -> bool:
        done.append(1)
        run(conn, "BEGIN")
        run(conn, "SET LOCAL lock_timeout = '10ms'")
        run(conn, "LOCK TABLE wangge.job")
        return False

    with owner(db.admin) as conn:
        run(conn, "BEGIN")
        run(conn, "LOCK TABLE wangge.job")
        with doing([Chore(name="late", every_s=0.02, do=late)], db.admin, _now):
            until(lambda: len(done) >= 3)
    told = [each for each in caplog.records if each.name == "wangge.chores"]
    assert told
    assert {(each.levelname, each.exc_info) for each in told} == {("WARNING", None)}
