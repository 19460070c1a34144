"""A planner spoils a draft and is told over HTTP how to mend it, by a real worker; what it says can be saved as it stands."""

from __future__ import annotations

from datetime import timedelta

import pytest
import shapely

from api.chores import do_once, tidy
from api.do_job import do_job
from data.store import jobs
from gis.errors import Stale
from tests.api.v1.hall import problem
from tests.api.v1.painted import Painting, do_next
from tests.stored import brought, drafted, owner, village
from tests.work import QUICK, until, worker_process

DISTRICT = "区"


@pytest.fixture
def paint(hall):
    """A village with nothing in force, a draft of somebody who plans both its communities, and the draft's blocks."""
    with owner(hall.db.admin) as conn:
        made = brought(conn, village().town())
    author = hall.person("author", *(("community", code) for code in made.town.communities.code))
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, made, author=author).id
    return Painting(hall, hall.key(author), f"/v1/plans/{plan}").prepared()


def ask(paint, blocks=(), *, who=None, **more):
    """Ask for suggestions on what is saved and these blocks."""
    body = {"edition": paint.edition, "base": paint.state()["plan"]["revision"], "blocks": [list(pair) for pair in blocks]}
    return paint.hall.client.post(f"{paint.plan}/suggestions", json=body | more, headers=who or paint.who)


def told(paint, answer):
    """Do the job that an answer is about, here and now, and return what it came to."""
    assert answer.status_code == 202, answer.text
    do_next(paint.hall)
    job = paint.hall.client.get(answer.headers["Location"], headers=paint.who).json()
    assert (job["kind"], job["state"], job["problem"]) == ("suggest", "done", None)
    return job["suggestion"]


def parts(blocks, borders, chosen):
    """The connected parts of some blocks, by the borders that the page is sent."""
    near = {block: set() for block in range(blocks)}
    for a, b in zip(borders["a"], borders["b"], strict=True):
        near[a].add(b)
        near[b].add(a)
    left, count = set(chosen), 0
    while left:
        queue, count = [left.pop()], count + 1
        while queue:
            found = near[queue.pop()] & left
            left -= found
            queue.extend(found)
    return count


def test_a_spoiled_draft_is_mended_and_saved(paint):
    """Blocks painted astray and blocks in no grid: what is suggested is whole, in the band, counted right, and can be saved."""
    ground, of = paint.blocks(), paint.grid_of()
    mine = [n for n, land in enumerate(ground["blocks"]["community"]) if land == 0]
    one, other = list(dict.fromkeys(of[n] for n in mine))[:2]
    spoiled = [(mine[0], None), *((n, other) for n in mine if of[n] == one and n % 3 == 1)]
    found = told(paint, ask(paint, spoiled))
    assert found["before"]["unassigned"] == 1
    assert found["before"]["broken"] >= 1
    assert found["before"]["households_moved"] == 0
    chosen = found["alternatives"][found["advised"]]
    assert (chosen["after"]["unassigned"], chosen["after"]["broken"]) == (0, 0)
    assert chosen["after"]["in_band"] == chosen["after"]["grids"] == len(set(of))
    # What was painted, and then what was suggested, as the page would lay one over the other.
    after = dict(enumerate(of)) | dict(spoiled) | dict(chosen["blocks"])
    for grid in set(after.values()):
        members = [n for n, key in after.items() if key == grid]
        assert parts(len(of), ground["borders"], members) == 1
        assert 300 <= sum(ground["blocks"]["households"][n] for n in members) <= 500
    moved = [n for n, _ in chosen["blocks"] if dict(spoiled).get(n, of[n]) is not None]
    assert chosen["after"]["households_moved"] == sum(ground["blocks"]["households"][n] for n in moved)
    saved = paint.save(list((dict(spoiled) | dict(chosen["blocks"])).items()), new=chosen["grids"]["new"])
    assert saved.status_code == 200, saved.text
    assert paint.grid_of() == [after[n] for n in range(len(of))]


def test_grids_that_are_new_can_be_saved_as_they_come(paint):
    """Where a whole grid was wiped out a new one is suggested, by a key that is nobody's, in its community, and saved so."""
    of = paint.grid_of()
    wiped = [(n, None) for n, grid in enumerate(of) if grid == of[0]]
    found = told(paint, ask(paint, wiped))
    chosen = found["alternatives"][found["advised"]]
    assert [grid["community"] for grid in chosen["grids"]["new"]] == [0]
    key = chosen["grids"]["new"][0]["key"]
    assert [reason["kind"] for reason in chosen["reasons"] if reason["key"] == key] == ["suggest_new"]
    assert all(reason["zh"] != reason["en"] for reason in chosen["reasons"])
    merged = dict(wiped) | dict(chosen["blocks"])
    saved = paint.save(list(merged.items()), new=chosen["grids"]["new"])
    assert saved.status_code == 200, saved.text
    assert key in saved.json()["keys"]


def test_a_draft_that_is_good_gets_no_suggestion(paint):
    """The engine's own plan is left alone, and nothing of the plan changes by asking."""
    before = paint.state()
    found = told(paint, ask(paint))
    assert found["alternatives"] == []
    assert found["advised"] is None
    assert found["before"]["in_band"] == found["before"]["grids"] == len(before["grids"])
    assert paint.state() == before


def test_locked_grids_and_other_communities_stay(paint):
    """No block of a locked grid, and none of a community that was not asked for, is in what is suggested."""
    ground, of = paint.blocks(), paint.grid_of()
    lands = ground["blocks"]["community"]
    spoiled = []
    for land in (0, 1):
        one, other = list(dict.fromkeys(grid for grid, its in zip(of, lands, strict=True) if its == land))[:2]
        spoiled += [(n, other) for n, grid in enumerate(of) if grid == one and n % 2]
    after = [dict(spoiled).get(n, grid) for n, grid in enumerate(of)]
    locked = [next(grid for grid, land in zip(after, lands, strict=True) if land == 1)]
    found = told(paint, ask(paint, spoiled, locked=locked, communities=[1]))
    for choice in found["alternatives"]:
        for block, key in choice["blocks"]:
            assert lands[block] == 1
            assert after[block] not in locked
            assert key not in locked


def test_the_seed_decides(paint):
    """The same question gets the same answer."""
    of = paint.grid_of()
    spoiled = [(n, None) for n in range(0, len(of), 3)]
    assert told(paint, ask(paint, spoiled, seed=7)) == told(paint, ask(paint, spoiled, seed=7))


def test_what_does_not_fit_is_said_at_once(paint):
    """A block, a key or a community that is not there, and a grid across a community line: all of it, before any job."""
    ground, of = paint.blocks(), paint.grid_of()
    lands = ground["blocks"]["community"]
    far = next(grid for grid, land in zip(of, lands, strict=True) if land == 1)
    answer = ask(paint, [(len(of), far), (lands.index(0), far)], locked=["nobody"], communities=[0, 9])
    errors = problem(answer, 422, "invalid-body")["errors"]
    assert [fault["pointer"] for fault in errors] == ["/blocks/0/0", "/blocks/1/1", "/locked/0", "/communities/1"]
    fresh = [(lands.index(0), "new-1"), (lands.index(1), "new-1")]
    assert [fault["pointer"] for fault in problem(ask(paint, fresh), 422, "invalid-body")["errors"]] == ["/blocks/1/1"]
    assert paint.hall.value("SELECT count(*) FROM wangge.job WHERE kind = 'suggest'") == 0


def test_what_was_seen_must_still_be_there(paint):
    """Another edition, another revision, and a plan without blocks are refused, each by its name; a job hears of it too."""
    problem(ask(paint, edition="0"), 409, "stale-edition")
    base = paint.state()["plan"]["revision"]
    assert problem(ask(paint, base=base + 1), 412, "stale-version")["revision"] == base
    assert ask(paint).status_code == 202
    grid = paint.grid_of()[0]
    assert paint.save([(0, grid)], renamed=[{"key": grid, "name": "别名"}]).status_code == 200
    with pytest.raises(Stale, match="somebody else has changed"):
        do_next(paint.hall)
    paint.hall.do("DELETE FROM wangge.plan_edition")
    body = {"edition": paint.edition, "base": base}
    problem(paint.hall.client.post(f"{paint.plan}/suggestions", json=body, headers=paint.who), 404, "no-blocks")


def test_who_may_ask(paint):
    """It takes who may edit all of the plan and see its households, and to stop it too; others are refused."""
    body = {"edition": paint.edition, "base": paint.state()["plan"]["revision"]}
    client = paint.hall.client

    def answer(who):
        return client.post(f"{paint.plan}/suggestions", json=body, headers=who)

    assert answer({}).status_code == 401
    lands = paint.blocks()["communities"]["code"]
    half = [paint.hall.comes(f"half {land}", ("community", land)) for land in lands]
    problem(answer(half[0]), 403, "scope-denied")
    problem(answer(paint.hall.comes("reader", ("viewer", DISTRICT))), 403, "scope-denied")
    assert paint.hall.value("SELECT count(*) FROM wangge.job WHERE kind = 'suggest'") == 0
    job = answer(paint.who).headers["Location"]
    for who in half:
        assert client.delete(job, headers=who).status_code in {403, 404}
    assert client.delete(job, headers=paint.who).json()["state"] == "cancelled"


def test_a_worker_does_it(paint):
    """A worker in a process of its own takes the job and ends it; whoever watches it over HTTP sees it done."""
    of = paint.grid_of()
    answer = ask(paint, [(of.index(of[0]), None)])
    with worker_process(paint.hall.db.admin, do=do_job, pace=QUICK):

        def over():
            job = paint.hall.client.get(answer.headers["Location"], headers=paint.who).json()
            return job if job["state"] in {"done", "failed"} else None

        job = until(over, seconds=180)
    assert (job["state"], job["done"]) == ("done", job["total"])
    assert job["suggestion"]["before"]["unassigned"] == 1
    assert all(choice["after"]["unassigned"] == 0 for choice in job["suggestion"]["alternatives"])
    listed = paint.hall.client.get("/v1/jobs", headers=paint.who).json()["jobs"]
    assert all("suggestion" not in one for one in listed)


def test_nothing_is_suggested_for_dedicated_grids(hall):
    """Blocks painted into a dedicated grid are refused when a suggestion is asked for, as they are when they are saved."""
    drawing = village(communities=1)
    drawing.dedicated = [("市场", shapely.box(0, 0, 100, 100))]
    with owner(hall.db.admin) as conn:
        made = brought(conn, drawing.town())
    author = hall.person("author", ("community", made.town.communities.code[0]))
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, made, author=author).id
    paint = Painting(hall, hall.key(author), f"/v1/plans/{plan}").prepared()
    market = next(grid["id"] for grid in paint.state()["grids"] if grid["kind"] == "dedicated")
    outside = next(n for n, grid in enumerate(paint.grid_of()) if grid != market)
    refused = problem(ask(paint, [(outside, market)]), 422, "invalid-body")
    assert [fault["pointer"] for fault in refused["errors"]] == ["/blocks/0/1"]


def test_what_jobs_tell_stays_small(paint):
    """What was painted for a suggestion is in no answer, a suggestion in its own job's alone; a week later it is forgotten."""
    painted = [(n, None) for n in range(96)]
    answer = ask(paint, painted)
    assert told(paint, answer)["alternatives"][0]["blocks"]
    client, now = paint.hall.client, paint.hall.now

    def shown():
        return client.get(answer.headers["Location"], headers=paint.who).json()

    listed = client.get("/v1/jobs", headers=paint.who)
    (brief,) = (job for job in listed.json()["jobs"] if job["kind"] == "suggest")
    for job in (answer.json(), shown(), brief):
        assert job["wants"].keys() == {"plan", "edition", "base", "locked", "communities", "seed"}
    assert "alternatives" not in listed.text
    for day, is_there in ((jobs.KEPT - timedelta(hours=1), True), (jobs.KEPT + timedelta(hours=1), False)):
        do_once((tidy(),), paint.hall.db.admin, lambda day=day: now + day)
        assert ("blocks" in paint.hall.value("SELECT wants FROM wangge.job WHERE kind = 'suggest'")) is is_there
        assert (shown()["suggestion"] is not None) is is_there
    assert (shown()["state"], shown()["plan"]["id"]) == ("done", paint.plan.rpartition("/")[2])
