"""Jobs over HTTP: started, watched and stopped by those whose communities they divide."""

import time
from contextlib import closing
from datetime import timedelta

import httpx
import pytest

from api.profile_load import load
from api.v1.jobs import router
from api.who.keys import new_key
from data.profile import profile_from
from data.store import jobs, people, plans
from data.store.pool import connect
from data.store.sql import many, one
from partition.rules import Rules
from tests.served import service_over
from tests.stored import NOW, brought, owner, village
from tests.work import working

FIRST, SECOND = "370103016001", "370103016002"
WANTED = {"town": "drawn", "title": "甲", "communities": [FIRST]}
LATER = NOW + timedelta(days=1)


class Service:
    """The application over a village, and people who ask it."""

    def __init__(self, db) -> None:
        self.db = db
        self.client: httpx.Client = httpx.Client()
        self.pepper = None
        with owner(db.admin) as conn:
            brought(conn, village().town())
            self.area = dict(many(conn, "SELECT level, code FROM wangge.area"))
        self.area |= {"first": FIRST, "second": SECOND}

    def wire(self, app) -> None:
        """Add the routes of jobs where the application does not have them yet."""
        self.pepper = app.state.service.door.pepper
        if not any(getattr(route, "path", "") == "/v1/jobs" for route in app.routes):
            app.include_router(router)

    def caller(self, *roles):
        """Return a client for a new person with roles, each in an area: (`community`, `first`)."""
        key = new_key(self.pepper)
        with owner(self.db.admin) as conn:
            person = people.add_person(conn, login=f"p{time.monotonic_ns()}", name="P", now=NOW, by=None)
            for role, area in roles:
                people.give_role(conn, person, role=role, area=self.area[area], starts_at=NOW - timedelta(days=1), by=None)
            people.add_key(
                conn, person, prefix=key.prefix, secret_mac=key.secret_mac, name="k", now=NOW, expires_at=LATER, by=None
            )
        return httpx.Client(base_url=self.client.base_url, headers={"x-api-key": key.text}, trust_env=False, timeout=10)


@pytest.fixture
def service(db, tmp_path):
    """The application, served over real HTTP."""
    made = Service(db)
    with service_over(db.app, tmp_path, now=lambda: NOW, change=made.wire) as client:
        made.client = client
        yield made


@pytest.fixture
def planner(service):
    """Somebody who plans the first community."""
    with service.caller(("community", "first")) as client:
        yield client


@pytest.fixture
def conn(db):
    """The owner's connection."""
    with closing(connect(db.admin)) as made:
        yield made


def start(client, **wants):
    """Start a plan and return the answer."""
    return client.post("/v1/plans", json=WANTED | wants)


def test_a_plan_is_started_watched_and_found(service, planner) -> None:
    """202 says where to look; there the job is seen until it is done, and then it names the draft, which its author owns."""
    answer = start(planner, reason="乙", rules={"target": 410, "weights": {"grid": 1}}, seed=3)
    assert answer.status_code == 202
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    here = answer.headers["Location"]
    job = answer.json()
    assert here == f"{str(service.client.base_url).rstrip('/')}/v1/jobs/{job['id']}"
    assert (job["state"], job["done"], job["total"], job["plan"], job["problem"]) == ("queued", 0, 0, None, None)
    with working(service.db):
        deadline = time.monotonic() + 60
        while (seen := planner.get(here)).headers.get("Retry-After"):
            assert seen.json()["state"] in {"queued", "running"}
            assert time.monotonic() < deadline
            time.sleep(0.05)
    ended = seen.json()
    assert (ended["state"], ended["problem"]) == ("done", None)
    assert ended["done"] == ended["total"] > 0
    assert ended["plan"]["href"] in [link["href"] for link in ended["links"] if link["rel"] == "plan"]
    with closing(connect(service.db.admin)) as conn:
        plan = plans.get(conn, ended["plan"]["id"])
    assert (plan.title, plan.reason, plan.author) == ("甲", "乙", job["author"])
    assert (plan.made_with["seed"], plan.made_with["rules"]["target"]) == (3, 410)


@pytest.mark.parametrize(
    ("role", "level", "communities"),
    [("district", "city", None), ("district", "district", [FIRST, SECOND]), ("community", "community", [FIRST])],
)
def test_without_communities_all_of_ones_own_are_divided(service, conn, role, level, communities) -> None:
    """Where no communities are named the job is for all that are the caller's; for the whole town where that is theirs."""
    with service.caller((role, "first" if level == "community" else level)) as client:
        job = start(client, communities=None).json()
    assert job["wants"]["communities"] == communities
    smallest = """SELECT path::text FROM wangge.area WHERE path @> (SELECT path FROM wangge.area WHERE code = %s)
        AND level = %s"""
    held_by = {"city": "city", "district": "street", "community": "community"}[level]
    assert (jobs.get(conn, job["id"]).path,) == one(conn, smallest, [FIRST, held_by])


def test_several_communities_are_a_job_of_what_holds_them(service, conn) -> None:
    """The job of two communities belongs to their street, each community named once."""
    with service.caller(("street", "street")) as street:
        job = start(street, communities=[SECOND, FIRST, SECOND]).json()
    assert job["wants"]["communities"] == [FIRST, SECOND]
    path = "SELECT path::text FROM wangge.area WHERE level = 'street'"
    assert jobs.get(conn, job["id"]).path == one(conn, path)[0]


@pytest.mark.parametrize(
    ("wants", "status", "code", "told"),
    [
        ({"town": "nowhere"}, 400, "invalid-parameter", ["nowhere"]),
        ({"communities": [FIRST, "X1", "X2"]}, 400, "invalid-parameter", ["X1", "X2"]),
        ({"communities": []}, 422, "invalid-body", ["communities"]),
        ({"title": "  "}, 422, "invalid-body", ["title"]),
        ({"town": "a\0b"}, 422, "invalid-body", ["town"]),
        ({"seed": -1}, 422, "invalid-body", ["seed"]),
        ({"colour": "red"}, 422, "invalid-body", ["colour"]),
        ({"rules": {"minimum": 600, "maximum": 500}}, 422, "invalid-rules", ["600", "500"]),
        ({"rules": {"minimun": 1}}, 422, "invalid-rules", ["minimun"]),
        ({"rules": {"minimum": "300", "weights": {"shape": "x"}}}, 422, "invalid-rules", ["minimum", "weights.shape"]),
        ({"rules": {"weights": 7}}, 422, "invalid-rules", ["weights"]),
        ({"rules": {"weights": {"heavy": 1}}}, 422, "invalid-rules", ["weights.heavy"]),
        ({"rules": {"hard_barriers": ["sea"]}}, 422, "invalid-rules", ["sea"]),
        ({"rules": {"minimum": 10**30}}, 422, "invalid-rules", ["number"]),
    ],
)
def test_what_cannot_be_wanted_is_refused(planner, conn, wants, status, code, told) -> None:  # noqa: PLR0917 - a table's columns
    """A fault is named with everything that is wrong in it, and no job is made."""
    answer = start(planner, **wants)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert [word for word in told if word not in answer.text] == []
    assert many(conn, "SELECT FROM wangge.job") == []


def test_a_community_of_another_town_is_named(service, planner, conn) -> None:
    """A community that exists but is not in the town (any more) is refused like one that does not exist."""
    with owner(service.db.admin) as setting:
        sql = "UPDATE wangge.town_feature SET seen = int4range(0, 1) WHERE layer = 'community' AND code = %s RETURNING 1"
        assert many(setting, sql, [FIRST])
    answer = start(planner)
    assert (answer.status_code, answer.json()["communities"]) == (400, [FIRST])
    assert many(conn, "SELECT FROM wangge.job") == []


def test_only_planners_of_all_that_is_wanted_may_start(service, planner, conn) -> None:
    """Nobody starts a job for communities that are not theirs; nor without the right."""
    assert start(service.client).status_code == 401
    with service.caller(("grid_worker", "first")) as worker:
        assert start(worker).status_code == 403
    for wants in ({"communities": [SECOND]}, {"communities": [FIRST, SECOND]}):
        refused = start(planner, **wants)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope-denied")
    with service.caller(("community", "first"), ("community", "second")) as both:
        assert start(both, communities=[SECOND]).status_code == 202
    # A role elsewhere does not help here: a planner of the second who is a grid worker in the first.
    with service.caller(("grid_worker", "first"), ("community", "second")) as mixed:
        assert start(mixed).status_code == 403
    assert len(many(conn, "SELECT FROM wangge.job")) == 1


def test_communities_that_are_ones_own_one_by_one(service, conn) -> None:
    """Who has all communities and not the area above has them divided in one job; who has one of them alone stops nothing."""
    both = (("community", "first"), ("community", "second"))
    with service.caller(*both) as client, service.caller(("street", "street")) as street:
        job = start(client, communities=[SECOND, FIRST]).json()["id"]
        everything = start(client, communities=None).json()
        assert everything["wants"]["communities"] == [FIRST, SECOND]
        assert client.get(f"/v1/jobs/{job}").status_code == street.get(f"/v1/jobs/{job}").status_code == 200
        for level in ("first", "second"):
            with service.caller(("community", level)) as alone:
                assert alone.delete(f"/v1/jobs/{job}").status_code in {403, 404}
        assert not jobs.get(conn, job).cancel
        assert client.delete(f"/v1/jobs/{job}").json()["state"] == "cancelled"
        assert street.delete(f"/v1/jobs/{everything['id']}").json()["state"] == "cancelled"


def test_a_job_does_not_exist_for_others(service, planner, conn) -> None:
    """Somebody of another community finds, lists and stops nothing; who watches over both does."""
    job = start(planner).json()["id"]
    with service.caller(("community", "second")) as foreign:
        assert foreign.get(f"/v1/jobs/{job}").status_code == 404
        assert foreign.delete(f"/v1/jobs/{job}").status_code == 404
        assert foreign.get("/v1/jobs").json() == {"jobs": []}
    for path in ("/v1/jobs", f"/v1/jobs/{job}"):
        assert service.client.get(path).status_code == 401
    assert not jobs.get(conn, job).cancel
    with service.caller(("street", "street")) as street:
        assert [each["id"] for each in street.get("/v1/jobs").json()["jobs"]] == [job]
        assert street.get(f"/v1/jobs/{job}").status_code == 200


def test_jobs_are_listed_newest_first_and_by_state(planner, conn) -> None:
    """The list begins with the newest; it can be asked for one state, and for fewer."""
    ids = [start(planner, title=title).json()["id"] for title in "一二三"]
    for n, identity in enumerate(ids):
        with conn.cursor() as cursor:
            cursor.execute("UPDATE wangge.job SET created_at = %s WHERE id = %s", [NOW + timedelta(minutes=n), identity])
    planner.delete(f"/v1/jobs/{ids[1]}")

    def listed(**asked):
        return [job["id"] for job in planner.get("/v1/jobs", params=asked).json()["jobs"]]

    assert listed() == ids[::-1]
    assert listed(limit=2) == [ids[2], ids[1]]
    assert listed(state="queued") == [ids[2], ids[0]]
    assert listed(state="cancelled") == [ids[1]]
    assert planner.get("/v1/jobs", params={"state": "lost"}).status_code == 400


def test_a_job_is_stopped_or_it_is_too_late(planner, conn) -> None:
    """A waiting job is cancelled at once, again and again; a running one is being stopped; a finished one is a conflict."""
    waiting, running = start(planner).json()["id"], start(planner).json()["id"]
    for _ in range(2):
        gone = planner.delete(f"/v1/jobs/{waiting}")
        assert (gone.status_code, gone.json()["state"], gone.json()["stopping"]) == (200, "cancelled", False)
    taken = jobs.take(conn, worker="w", lease_s=60, now=NOW)
    assert taken is not None
    stopping = planner.delete(f"/v1/jobs/{running}")
    assert (stopping.status_code, stopping.json()["state"], stopping.json()["stopping"]) == (202, "running", True)
    assert jobs.stopped(conn, taken, now=NOW)
    start(planner)
    third = jobs.take(conn, worker="w", lease_s=60, now=NOW)
    assert third is not None
    jobs.finish(conn, third, {"plan": "p"}, units=1, now=NOW)
    late = planner.delete(f"/v1/jobs/{third.id}")
    assert (late.status_code, late.json()["code"], late.json()["state"]) == (409, "job-finished", "done")
    assert planner.delete("/v1/jobs/7f0f7d0e-1d5c-4f6b-9c33-000000000001").status_code == 404


def test_the_etag_changes_with_whatever_is_shown(planner, conn) -> None:
    """Who has seen this state of a job is told so in a few bytes; progress, a wish to stop and the end are new states."""
    here = start(planner).headers["Location"]
    seen = [planner.get(here).headers["ETag"]]

    def look() -> None:
        fresh = planner.get(here, headers={"If-None-Match": f'"other", {seen[-1]}'})
        assert fresh.status_code == 200
        seen.append(fresh.headers["ETag"])
        again = planner.get(here, headers={"If-None-Match": seen[-1]})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", seen[-1])

    job = jobs.take(conn, worker="w", lease_s=60, now=NOW)
    assert job is not None
    look()
    jobs.renew(conn, job, done=1, total=9, lease_s=60)
    look()
    planner.delete(here)
    look()
    jobs.stopped(conn, job, now=NOW)
    look()
    assert len(set(seen)) == 5
    assert "Retry-After" not in planner.get(here).headers


def test_a_failed_job_says_why_in_the_readers_language(planner, conn) -> None:
    """The reason is a problem as an answer would have been: a type with a page, a title, what to do, in Chinese or English."""
    start(planner)
    job = jobs.take(conn, worker="w", lease_s=60, now=NOW)
    assert job is not None
    jobs.fail(conn, job, {"code": "invalid-rules", "kind": "invalid-rules", "status": 422, "detail": "the band"}, now=NOW)
    zh, en = (planner.get(f"/v1/jobs/{job.id}", params={"lang": lang}).json()["problem"] for lang in ("zh", "en"))
    assert (zh["title"], en["title"]) == ("规则自相矛盾", "The rules contradict each other")
    assert zh["type"].endswith("/problems/invalid-rules")
    assert planner.get(zh["type"]).status_code == 200
    assert (zh["detail"], zh["status"], zh["code"]) == ("the band", 422, "invalid-rules")


def test_a_job_that_was_given_up_has_a_problem_too(planner, conn) -> None:
    """A job whose workers were lost is a fault of ours: it has a page, and advice in place of a detail."""
    start(planner)
    for _ in range(jobs.MOST_TRIES):
        jobs.take(conn, worker="w", lease_s=-1, now=NOW)
    assert jobs.take(conn, worker="w", lease_s=60, now=NOW) is None
    (job,) = planner.get("/v1/jobs").json()["jobs"]
    assert (job["state"], job["problem"]["code"], job["problem"]["status"]) == ("failed", "worker-lost", 500)
    assert job["problem"]["detail"]
    assert planner.get(job["problem"]["type"]).status_code == 200


def test_a_start_that_is_sent_twice_is_one_job(planner, conn) -> None:
    """The same Idempotency-Key gives the same job, so that a client on a bad line need not fear to ask again."""
    answers = [planner.post("/v1/plans", json=WANTED, headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert len(many(conn, "SELECT FROM wangge.job")) == 1


def test_a_stop_that_is_sent_twice_is_one_stop(planner, conn) -> None:
    """The same key stops a job once; sent again it is answered as then, though the job has gone on since."""
    job = planner.post("/v1/plans", json=WANTED).json()["id"]
    first, second = (planner.delete(f"/v1/jobs/{job}", headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, first.content, first.headers["etag"]) == (200, second.content, second.headers["etag"])
    assert second.headers["idempotency-replayed"] == "true"
    assert one(conn, "SELECT count(*) FROM wangge.event WHERE kind = 'job.cancel'") == (1,)


def test_starts_and_stops_are_in_the_log(planner, conn) -> None:
    """The log says who started a job and who had it stopped."""
    job = start(planner).json()
    planner.delete(f"/v1/jobs/{job['id']}")
    rows = many(conn, "SELECT kind, actor::text FROM wangge.event WHERE subject = %s ORDER BY seq", [job["id"]])
    assert rows == [("job.start", job["author"]), ("job.cancel", job["author"])]


def test_without_sizes_those_of_the_place_hold(service, planner, conn) -> None:
    """Who says nothing of how large grids are has them as the nearest profile says; who says anything of it, as they say."""
    doc = {"id": "own", "zh": "own", "en": "own", "area": service.area["street"],
           "size": {"measure": "households", "minimum": 210, "target": 280, "maximum": 350}}  # fmt: skip
    load(conn, profile_from(doc), day=NOW.date() - timedelta(days=1), now=NOW)

    def rules(**said):
        job = start(planner, rules=said).json()
        (wants,) = one(conn, "SELECT wants -> 'rules' FROM wangge.job WHERE id = %s", [job["id"]])
        (told,) = one(conn, "SELECT body ->> 'sizes_of' FROM wangge.event WHERE subject = %s", [job["id"]])
        return wants["minimum"], wants["maximum"], wants["weights"]["grid"], told

    assert rules(weights={"grid": 3}) == (210, 350, 3, "own")
    usual = Rules()
    assert rules(target=usual.target, weights={"grid": 3}) == (usual.minimum, usual.maximum, 3, None)
