"""Jobs in the store: who gets which, for how long, and who may end them."""

import threading
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest

from data.store import jobs
from data.store.jobs import LOST, MOST_TRIES, Hold
from data.store.pool import Pool, connect
from data.store.scope import Scope
from data.store.sql import many, run
from gis.errors import Conflict, NotFound

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ME, OTHER = "7f0f7d0e-1d5c-4f6b-9c33-000000000001", "7f0f7d0e-1d5c-4f6b-9c33-000000000002"
WRITING = {"rights": ("run_jobs",), "areas_1": ("1.2",), "areas_2": ("1.2",)}


def put(conn, count=1, path="1.2.3", start=NOW):
    """Queue jobs, a minute apart, and return their ids."""
    return [jobs.enqueue(conn, path=path, wants={"n": n}, author=None, now=start + n * MINUTE).id for n in range(count)]


def take(conn, worker="w", lease_s=60.0):
    """Take a job."""
    return jobs.take(conn, worker=worker, lease_s=lease_s, now=NOW)


@pytest.fixture
def pool(db):
    """Connections of the application's role."""
    with closing(Pool(db.app)) as made:
        yield made


def test_the_oldest_job_is_taken_first_and_once(tx) -> None:
    """Jobs go out in the order in which they came, each once; then there are none."""
    later = put(tx, 2, start=NOW + timedelta(hours=1))
    first = put(tx, 2)
    assert [take(tx).id for _ in range(4)] == first + later
    assert take(tx) is None


def test_what_is_taken_is_running_and_says_by_whom(tx) -> None:
    """A job that was taken runs, counts the try, knows when it began, and names this very take of its worker."""
    (identity,) = put(tx)
    job = take(tx, worker="east")
    assert (job.id, job.state, job.tries, job.started_at, job.wants) == (identity, "running", 1, NOW, {"n": 0})
    assert job.worker.startswith("east/")


def test_nobody_waits_for_a_job_that_another_is_taking(db) -> None:
    """While one worker's take is not committed another gets the next job at once, and none when there is no other."""
    with closing(connect(db.admin)) as one_conn, closing(connect(db.admin)) as other_conn:
        first, second = put(one_conn, 2)
        run(one_conn, "BEGIN")
        assert take(one_conn).id == first
        run(other_conn, "SET statement_timeout = '1s'")
        assert take(other_conn).id == second
        assert take(other_conn) is None
        run(one_conn, "ROLLBACK")
        assert take(other_conn).id == first


def test_eight_at_once_never_get_the_same_job(db) -> None:
    """200 jobs taken by eight sessions at once: each is taken once."""
    with closing(connect(db.admin)) as conn:
        ids = put(conn, 200)
    got, ready = [], threading.Barrier(8)

    def grab(n):
        with closing(connect(db.admin)) as conn:
            ready.wait()
            while (job := take(conn, worker=str(n))) is not None:
                got.append(job.id)

    threads = [threading.Thread(target=grab, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert Counter(got) == Counter(ids)


def test_a_lease_that_has_run_out_makes_the_job_anybodys(tx) -> None:
    """The worker that let it run out can neither renew nor end the job once another has it; the other can."""
    put(tx)
    late = take(tx, worker="same", lease_s=-1)
    now = take(tx, worker="same")
    assert (now.id, now.tries, now.started_at) == (late.id, 2, late.started_at)
    assert jobs.renew(tx, late, done=1, total=2, lease_s=60) is Hold.LOST
    assert not jobs.finish(tx, late, {}, units=1, now=NOW)
    assert not jobs.fail(tx, late, {}, now=NOW)
    assert not jobs.stopped(tx, late, now=NOW)
    assert not jobs.give_back(tx, late, counts=True)
    assert jobs.finish(tx, now, {"plan": "p"}, units=3, now=NOW)
    ended = jobs.get(tx, now.id)
    assert (ended.state, ended.result, ended.done, ended.total, ended.worker) == ("done", {"plan": "p"}, 3, 3, None)


def test_a_late_worker_keeps_a_job_that_nobody_else_wants(tx) -> None:
    """A lease that has run out can be renewed as long as nobody has taken the job: being slow alone loses nothing."""
    put(tx)
    job = take(tx, lease_s=-1)
    assert jobs.renew(tx, job, done=0, total=0, lease_s=60) is Hold.GOING
    assert take(tx) is None


def test_the_end_is_written_once(tx) -> None:
    """Of two ends of one take the first holds."""
    put(tx)
    job = take(tx)
    assert jobs.fail(tx, job, {"code": "x"}, now=NOW)
    assert not jobs.finish(tx, job, {}, units=0, now=NOW)
    assert not jobs.give_back(tx, job, counts=True)
    ended = jobs.get(tx, job.id)
    assert (ended.state, ended.problem, ended.result, ended.finished_at) == ("failed", {"code": "x"}, None, NOW)


def test_a_job_that_never_ends_is_given_up(tx) -> None:
    """After three takes that came to nothing the job has failed, and says that its workers were lost."""
    (identity,) = put(tx)
    assert [take(tx, lease_s=-1).tries for _ in range(MOST_TRIES)] == [1, 2, 3]
    assert take(tx) is None
    job = jobs.get(tx, identity)
    assert (job.state, job.problem, job.finished_at) == ("failed", LOST, NOW)


def test_what_is_given_back_waits_again(tx) -> None:
    """A worker that goes leaves the job as if it had not been begun, any number of times; one that broke down uses up a try."""
    (identity,) = put(tx)
    for _ in range(MOST_TRIES + 1):
        assert jobs.give_back(tx, take(tx), counts=False)
    assert (jobs.get(tx, identity).state, jobs.get(tx, identity).tries) == ("queued", 0)
    for _ in range(MOST_TRIES):
        assert jobs.give_back(tx, take(tx), counts=True)
    assert take(tx) is None
    assert jobs.get(tx, identity).state == "failed"


def test_renewing_tells_how_far_it_is_and_hears_of_a_wish_to_stop(tx) -> None:
    """Each renewal writes the progress; after a cancel it says so, and the work can be written as stopped but not as done."""
    put(tx)
    job = take(tx)
    assert jobs.renew(tx, job, done=2, total=7, lease_s=60) is Hold.GOING
    assert (jobs.get(tx, job.id).done, jobs.get(tx, job.id).total) == (2, 7)
    assert jobs.cancel(tx, job.id).state == "running"
    assert jobs.renew(tx, job, done=3, total=7, lease_s=60) is Hold.CANCEL
    assert not jobs.finish(tx, job, {}, units=7, now=NOW)
    assert not jobs.fail(tx, job, {}, now=NOW)
    assert jobs.stopped(tx, job, now=NOW)
    assert (jobs.get(tx, job.id).state, jobs.get(tx, job.id).finished_at) == ("cancelled", NOW)


def test_nobody_is_stopped_without_a_wish(tx) -> None:
    """A worker cannot write a job as stopped that nobody wanted to stop."""
    put(tx)
    job = take(tx)
    assert not jobs.stopped(tx, job, now=NOW)
    assert jobs.get(tx, job.id).state == "running"


def test_a_waiting_job_that_is_cancelled_is_never_begun(tx) -> None:
    """It counts as cancelled from that moment on, whether or not a worker ever comes by; the next one writes that down."""
    first, second = put(tx, 2)
    assert jobs.cancel(tx, first).state == "cancelled"
    assert [job.id for job in jobs.listed(tx, state="cancelled")] == [first]
    assert [job.id for job in jobs.listed(tx, state="queued")] == [second]
    assert take(tx).id == second
    assert many(tx, "SELECT state FROM wangge.job WHERE id = %s", [first]) == [("cancelled",)]
    assert jobs.cancel(tx, first).state == "cancelled"


def test_a_lost_job_that_is_cancelled_is_not_taken_again(tx) -> None:
    """Where the worker of a job that is to stop is lost, the job ends as cancelled."""
    put(tx)
    job = take(tx, lease_s=-1)
    jobs.cancel(tx, job.id)
    assert take(tx) is None
    assert jobs.get(tx, job.id).state == "cancelled"


def test_what_is_over_cannot_be_cancelled(tx) -> None:
    """Cancelling a finished job is a conflict, and changes nothing; a job that is not there is not found."""
    put(tx)
    job = take(tx)
    jobs.finish(tx, job, {"plan": "p"}, units=1, now=NOW)
    with pytest.raises(Conflict, match="done") as refused:
        jobs.cancel(tx, job.id)
    assert refused.value.code == "job-finished"
    assert not jobs.get(tx, job.id).cancel
    with pytest.raises(NotFound):
        jobs.cancel(tx, ME)


def test_callers_see_the_jobs_of_their_areas(pool) -> None:
    """A job is seen, listed and cancelled by those whose drafts it makes, and does not exist for others."""
    with pool.write(Scope(person=ME, **WRITING)) as conn:
        job = jobs.enqueue(conn, path="1.2.3", wants={}, author=ME, now=NOW)
    neighbour = Scope(person=OTHER, rights=("run_jobs",), areas_1=("1.9",), areas_2=("1.9",))
    curious = Scope(person=OTHER, areas_1=("1.2",), areas_2=("1.2",))
    for scope in (neighbour, Scope(person=ME, rights=("run_jobs",), areas_1=("1.2",))):
        with pool.read(scope) as conn:
            assert jobs.listed(conn) == []
            with pytest.raises(NotFound):
                jobs.get(conn, job.id)
        with pool.write(scope) as conn, pytest.raises(NotFound):
            jobs.cancel(conn, job.id)
    with pool.write(curious) as conn:
        assert not jobs.cancel(conn, job.id).cancel  # seen, but without the right to run jobs nothing is stopped
    with pool.write(Scope(person=OTHER, **WRITING)) as conn:
        assert jobs.cancel(conn, job.id).cancel


@pytest.mark.parametrize(
    ("path", "author", "rights"),
    [("1.9.3", ME, ("run_jobs",)), ("1", ME, ("run_jobs",)), ("1.2.3", OTHER, ("run_jobs",)), ("1.2.3", ME, ("edit_plan",))],
)
def test_callers_start_jobs_of_their_own_in_their_areas(pool, path, author, rights) -> None:
    """The store itself refuses a job for another area, in another's name, or without the right."""
    scope = Scope(person=ME, **(WRITING | {"rights": rights}))
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), pool.write(scope) as conn:
        jobs.enqueue(conn, path=path, wants={}, author=author, now=NOW)


def test_callers_cannot_do_a_workers_part(pool) -> None:
    """The application's role may ask for a stop and change nothing else: no result, no state, no lease."""
    with pool.write(Scope(person=ME, **WRITING)) as conn:
        jobs.enqueue(conn, path="1.2.3", wants={}, author=ME, now=NOW)
    for act in (
        take,
        lambda conn: run(conn, "UPDATE wangge.job SET result = '{}'"),
        lambda conn: run(conn, "DELETE FROM wangge.job"),
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege), pool.write(Scope(person=ME, **WRITING)) as conn:
            act(conn)
