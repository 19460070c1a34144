"""Who sees what: every address of the application, asked by somebody of every role, against what the rules say.

The rules are said anew in `crowd.py`, from the design and not from the store. Every answer is searched for marks that are not
for whoever asked; every list must hold all that is. An address that nobody asks here makes the test fail.
"""

import csv
import io
import json
from uuid import uuid4

import mapbox_vector_tile
import pytest

from api.pages.work_lists import LISTS
from data.store.sql import run
from tests.api.crowd import (
    CITY,
    CODES,
    COMMUNITIES,
    DISTRICTS,
    DRAFTS,
    FEW,
    HOUSEHOLDS,
    INTERNAL,
    STREETS,
    Actor,
    gathered,
    inside,
)
from tests.api.matrix_governance import GOVERNANCE
from tests.api.v1.hall import addresses, hall_over
from tests.stored import owner

pytestmark = pytest.mark.slow

OPEN, CLOSED = ("areas", "grids", "open311"), ()


class Asker:
    """Somebody who asks everything. What they are told is searched for what they must not know."""

    def __init__(self, crowd, actor: Actor, public) -> None:
        self.crowd, self.actor, self.public = crowd, actor, public
        self.leaks: list[str] = []

    def __call__(self, address, method="GET", **more):
        """Ask, and return the answer."""
        headers = {"Accept-Language": "en", **self.actor.headers, **more.pop("headers", {})}
        answer = self.crowd.hall.client.request(method, address, headers=headers, **more)
        self.leaks += [f"{method} {address}: {mark}" for mark in self.crowd.leaks(self.actor, answer.text)]
        assert answer.status_code < 500, f"{method} {address}: {answer.text}"
        return answer

    def denied(self, answer, code=403) -> None:
        """Check that an answer refuses: strangers are asked who they are."""
        assert answer.status_code == (401 if self.actor.role == "" else code), f"{answer.url}: {answer.text}"

    def path(self, code):
        """The path of an area."""
        return self.crowd.path[code]

    # What the rules say.

    def areas(self, codes):
        """Those of the areas that they see."""
        mine = self.actor.path if self.actor.role in {"grid_worker", "community", "street", "district", "auditor"} else ""
        return {
            code for code in codes
            if "areas" in self.public or (mine and (inside(self.path(code), mine) or inside(mine, self.path(code))))
        }  # fmt: skip

    def grids(self):
        """The grids in force that they see, with the numbers of households and persons that they are told."""
        found = {}
        for k, code in enumerate(COMMUNITIES):
            own = self.actor.sees(INTERNAL, self.path(code))
            if own or "grids" in self.public:
                found[f"{code}001"] = (300, 900)
                found[f"{code}002"] = (FEW, 987000 + k) if own else (None, None)
        return found

    def plans(self, level=DRAFTS):
        """The plans that they see."""
        return {
            plan
            for plan, communities in self.crowd.plans.items()
            if any(self.actor.sees(level, self.path(c)) for c in communities)
        }

    def homes(self, district):
        """The household points of a district that they see."""
        return {
            f"home-{code}-{n}" for code in COMMUNITIES if code.startswith(district) for n in range(3)
            if self.actor.sees(HOUSEHOLDS, self.path(code))
        }  # fmt: skip

    def towns(self):
        """The districts whose towns they plan in."""
        mine = self.actor.path
        return {d for d in DISTRICTS if self.actor.plans and (inside(self.path(d), mine) or inside(mine, self.path(d)))}

    def reads(self, subject) -> bool:
        """Whether they read a collection at all."""
        return subject in self.public or bool(self.actor.path)


def subject_of(collection):
    """What a collection is to the settings."""
    return "grids" if collection == "grids" else "areas"


COLLECTIONS = ("districts", "streets", "communities", "grids")


def expected(ask, collection):
    """The features of a collection that they see."""
    return set(ask.grids()) if collection == "grids" else ask.areas(CODES[collection])


def items(ask):
    """Every feature that is theirs to see and none else, counted right; no filter finds what is hidden."""
    draft_items(ask)
    for name in COLLECTIONS:
        answer = ask(f"/collections/{name}/items?limit=1000&count=exact")
        if not ask.reads(subject_of(name)):
            ask.denied(answer)
            continue
        told = answer.json()
        ids = {feature["id"] for feature in told["features"]}
        assert ids == expected(ask, name), (ask.actor, name)
        assert told["numberMatched"] == told["numberReturned"] == len(ids)
        paged = ask(f"/collections/{name}/items?limit=1&count=exact").json()
        assert paged["numberMatched"] == len(ids)
    if not ask.reads("grids"):
        return
    told = ask("/collections/grids/items?limit=1000").json()
    numbers = {f["id"]: (f["properties"]["households"], f["properties"]["persons"]) for f in told["features"]}
    assert numbers == ask.grids()
    small = {code for code, (households, _) in ask.grids().items() if households is not None and households < 10}
    for asked in ("filter=households<10", f"households={FEW}", "filter=persons>900000", "filter=households*1<9%2B1"):
        found = ask(f"/collections/grids/items?limit=1000&count=exact&{asked}").json()
        assert {feature["id"] for feature in found["features"]} == small, (ask.actor, asked)
        assert found["numberMatched"] == len(small)
    hidden = {code for code, (households, _) in ask.grids().items() if households is None}
    found = ask("/collections/grids/items?limit=1000&filter=households IS NULL").json()
    assert {feature["id"] for feature in found["features"]} == hidden
    found = ask("/collections/grids/items?limit=1000&exception=too_few").json()
    assert {feature["id"] for feature in found["features"]} == small


def item(ask):
    """One feature is there exactly if it is in the list."""
    for name in COLLECTIONS:
        every = [f"{c}00{n}" for c in COMMUNITIES for n in (1, 2)] if name == "grids" else CODES[name]
        for code in every:
            answer = ask(f"/collections/{name}/items/{code}")
            if not ask.reads(subject_of(name)):
                ask.denied(answer)
            else:
                assert answer.status_code == (200 if code in expected(ask, name) else 404), (ask.actor, code)


DRAFT = "/collections/plan-grids/items"


def draft_items(ask):
    """The grids of plans that lie in their communities; to whoever sees no drafts there is no such collection."""
    answer = ask(f"{DRAFT}?limit=1000&count=exact")
    if not ask.actor.plans:
        assert answer.status_code == 404, (ask.actor, answer.text)
        return
    told = answer.json()
    truth = {
        (plan, code)
        for plan, grids in ask.crowd.grids_of.items()
        for code, community in grids.items()
        if ask.actor.sees(DRAFTS, ask.path(community))
    }
    assert {(f["properties"]["plan"], f["properties"]["code"]) for f in told["features"]} == truth
    assert told["numberMatched"] == len(truth)


def draft_item(method):
    """A grid of a plan is there exactly where it is in the list; it is changed by nobody who has not seen its state."""

    def check(ask):
        rows = ask.crowd.hall.rows(
            """SELECT g.id::text, a.code FROM wangge.grid g JOIN wangge.plan p ON (p.id, p.version) = (g.plan_id, g.version)
               JOIN wangge.area a ON a.id = g.area_id"""
        )
        for identity, community in rows:
            answer = ask(f"{DRAFT}/{identity}", method, **({"json": {"properties": {}}} if method in {"PUT", "PATCH"} else {}))
            if not (ask.actor.plans and ask.actor.sees(DRAFTS, ask.path(community))):
                assert answer.status_code == 404, (ask.actor, answer.text)
            elif method in {"GET", "OPTIONS"}:
                assert answer.is_success, (ask.actor, answer.text)
            else:
                assert answer.status_code in {403, 409, 415, 422, 428}, (ask.actor, answer.text)

    return check


def draft_more(method):
    """Nothing is added by a body that says nothing; only who sees drafts is told what may be done."""

    def check(ask):
        answer = ask(DRAFT, method, **({"json": {}} if method == "POST" else {}))
        if not ask.actor.plans:
            assert answer.status_code == 404, (ask.actor, answer.text)
        elif method == "POST":
            assert answer.status_code in {400, 403, 415, 422}, (ask.actor, answer.text)
        else:
            assert answer.is_success

    return check


def bulk(ask):
    """A download holds what the list holds, in every form that is text."""
    for name in COLLECTIONS:
        lines = ask(f"/collections/{name}/bulk?f=geojsonseq")
        rows = ask(f"/collections/{name}/bulk?f=csv")
        if not ask.reads(subject_of(name)):
            ask.denied(lines)
            ask.denied(rows)
            continue
        features = [json.loads(line.strip("\x1e")) for line in lines.text.splitlines() if line.strip("\x1e ")]
        assert {feature["id"] for feature in features} == expected(ask, name)
        table = list(csv.DictReader(io.StringIO(rows.text.removeprefix("\ufeff"))))
        assert {row["code"].lstrip("'=\t\"").rstrip('"') for row in table} == expected(ask, name)


def tiles(ask, address):
    """A tile shows what everybody may see, or where that is nothing, what is theirs."""
    for name in COLLECTIONS:
        answer = ask(address.format(collection=name))
        if not ask.reads(subject_of(name)):
            ask.denied(answer)
            continue
        layers = mapbox_vector_tile.decode(answer.content) if answer.content else {}
        shown = {f["properties"]["code"]: f["properties"] for f in layers.get(name, {"features": []})["features"]}
        assert set(shown) == expected(ask, name), (ask.actor, name)
        if name == "grids":
            everybody = Asker(ask.crowd, ask.crowd.actors["anonymous"], ask.public).grids()
            truth = everybody if "grids" in ask.public else ask.grids()
            assert {code: (p.get("households"), p.get("persons")) for code, p in shown.items()} == truth


def documents(*paths):
    """Addresses whose answers hold no rows: nothing in them may be a mark."""

    def check(ask):
        for path in paths:
            for name in COLLECTIONS if "{c}" in path else ("",):
                assert ask(path.replace("{c}", name)).status_code in {200, 204, 303, 401, 403, 404}

    return check


def grid_sheets(ask):
    """The sheet of a grid: there exactly where the grid is seen; small numbers for those alone who work there."""
    for code in COMMUNITIES:
        answer = ask(f"/sheet/{code}002?format=svg")
        if not ask.reads("grids"):
            ask.denied(answer)
        else:
            assert answer.status_code == (200 if f"{code}002" in ask.grids() else 404), (ask.actor, answer.text)
        more = ask(f"/sheet/{code}002?format=svg&show=internal")
        works = ask.actor.role != "auditor" and ask.actor.sees(INTERNAL, ask.path(code))
        assert (more.status_code == 200) == works, (ask.actor, more.text)


def order_prints(ask):
    """Atlases are ordered by those who plan in all of an area."""
    for code in (*COMMUNITIES, *STREETS, *DISTRICTS):
        # Nobody's day: what may be ordered is refused for that, and nothing is left to be printed.
        answer = ask("/v1/prints", "POST", json={"area": code, "at": "1999-01-01"})
        if not ask.actor.plans:
            ask.denied(answer)
        elif answer.status_code == 400:
            assert ask.actor.sees(HOUSEHOLDS, ask.path(code)), ask.actor
        else:
            assert answer.status_code in {403, 404}, answer.text
            assert not ask.actor.sees(HOUSEHOLDS, ask.path(code)), ask.actor


def list_prints(ask):
    """Atlases are listed to those who plan in all of what is on them."""
    answer = ask("/v1/prints")
    if not ask.actor.plans:
        ask.denied(answer)
        return
    truth = {job for job, code in ask.crowd.prints.items() if ask.actor.sees(HOUSEHOLDS, ask.path(code))}
    assert {each["id"] for each in answer.json()["prints"]} == truth


def one_print(rest):
    """One atlas and its files: there exactly if it is in the list."""

    def check(ask):
        for name, code in ask.crowd.prints.items():
            answer = ask(f"/v1/prints/{name}{rest}")
            if not ask.actor.plans:
                ask.denied(answer)
            else:
                assert answer.status_code == (200 if ask.actor.sees(HOUSEHOLDS, ask.path(code)) else 404), answer.text

    return check


def plan_sheets(ask):
    """What a plan changes is printed for those who see all of its households."""
    for plan, communities in ask.crowd.plans.items():
        answer = ask(f"/sheet/plans/{plan}?format=svg")
        if not ask.actor.plans:
            ask.denied(answer)
        elif plan not in ask.plans():
            assert answer.status_code == 404, answer.text
        elif not all(ask.actor.sees(HOUSEHOLDS, ask.path(c)) for c in communities):
            assert answer.status_code == 403, answer.text
        else:
            assert answer.status_code in {200, 400}, answer.text


def list_plans(ask):
    """The list of plans."""
    answer = ask("/v1/plans")
    if not ask.actor.plans:
        ask.denied(answer)
        return
    assert {plan["id"] for plan in answer.json()["plans"]} == ask.plans()
    for code in (*COMMUNITIES, *STREETS, *DISTRICTS):
        answer = ask(f"/v1/plans?area={code}")
        if code not in ask.areas([code]):
            assert answer.status_code == 404
            continue
        path = ask.path(code)
        truth = {plan for plan in ask.plans() if any(inside(ask.path(c), path) for c in ask.crowd.plans[plan])}
        assert {plan["id"] for plan in answer.json()["plans"]} == truth


def of_plans(tail, *, needs=0, whole=False, then=None):
    """Something of each plan: found exactly where the plan is seen."""

    def check(ask):
        for plan, communities in ask.crowd.plans.items():
            answer = ask(f"/v1/plans/{plan}{tail}")
            absent = ask(f"/v1/plans/00000000-0000-0000-0000-000000000000{tail}")
            if needs and not ask.actor.plans:
                ask.denied(answer)
                ask.denied(absent)
            elif plan not in ask.plans():
                assert (
                    (answer.status_code, answer.json()["code"])
                    == (absent.status_code, absent.json()["code"])
                    == (404, "not-found")
                )
            elif whole and not all(ask.actor.sees(HOUSEHOLDS, ask.path(c)) for c in communities):
                assert answer.status_code == 403
            else:
                assert answer.status_code == 200, answer.text
                if then is not None:
                    then(ask, plan, answer.json())

    return check


def plan_grids(ask, plan, told):
    """The grids of a plan that lie in their communities."""
    truth = {code for code, c in ask.crowd.grids_of[plan].items() if ask.actor.sees(DRAFTS, ask.path(c))}
    assert {feature["id"] for feature in told["features"]} == truth


def plan_exceptions(ask, plan, told):
    """The exceptions of a plan that lie in their communities."""
    grids = ask.crowd.grids_of[plan] if plan in ask.crowd.in_force else {}
    truth = {code for code, c in grids.items() if code.endswith("002") and ask.actor.sees(DRAFTS, ask.path(c))}
    assert {each["code"] for each in told["exceptions"]} == truth


def own_blocks(ask, plan, told):
    """The blocks of a plan that lie in their communities, with their compounds."""
    truth = [c for c in ask.crowd.plans[plan] if ask.actor.sees(HOUSEHOLDS, ask.path(c))]
    assert told["communities"]["code"] == truth
    assert [shape[0][0] for shape in told["blocks"]["shape"]] == [f"block-{plan[:8]}-{c}" for c in truth]
    assert told["compounds"]["name"] == [f"compound-{plan[:8]}-{c}" for c in truth]


def redraw(path, body):
    """Cut a block or join some: only on whole plans of one's own, only where blocks are there."""

    def check(ask):
        for plan, communities in ask.crowd.plans.items():
            answer = ask(f"/v1/plans/{plan}/{path}", "POST", json={"edition": "0", "base": 1} | body)
            if not ask.actor.plans:
                ask.denied(answer)
            elif plan not in ask.plans():
                assert answer.status_code == 404
            else:
                whole = all(ask.actor.sees(HOUSEHOLDS, ask.path(c)) for c in communities)
                assert answer.status_code == (409 if whole else 403), answer.text

    return check


def copy_plan(ask):
    """Whole plans of their own are copied; parts are refused, others are not there."""
    for plan, communities in ask.crowd.plans.items():
        answer = ask(f"/v1/plans/{plan}/copies", "POST", json={"title": "again"})
        if not ask.actor.plans:
            ask.denied(answer)
        elif plan not in ask.plans():
            assert answer.status_code == 404
        else:
            whole = all(ask.actor.sees(HOUSEHOLDS, ask.path(c)) for c in communities)
            assert answer.status_code == (201 if whole else 403), answer.text
            if whole:
                _forget_plan(ask, answer.json()["id"])


def _forget_plan(ask, plan):
    """Take a plan out of the store, so that it is in nobody's list."""
    with owner(ask.crowd.hall.db.admin) as conn:
        run(conn, "DELETE FROM wangge.assignment WHERE plan_id = %s", [plan])
        run(conn, "DELETE FROM wangge.grid WHERE plan_id = %s", [plan])
        run(conn, "DELETE FROM wangge.plan_community WHERE plan_id = %s", [plan])
        run(conn, "DELETE FROM wangge.plan WHERE id = %s", [plan])


def own_heat(ask, plan, told):
    """As many counts as blocks that are theirs."""
    assert len(told["of_block"]) == len([c for c in ask.crowd.plans[plan] if ask.actor.sees(HOUSEHOLDS, ask.path(c))])


def own_assignments(ask, plan, told):
    """As many blocks as lie in their communities; only drafts that are wholly theirs are theirs to paint."""
    truth = [c for c in ask.crowd.plans[plan] if ask.actor.sees(HOUSEHOLDS, ask.path(c))]
    assert len(told["of_block"]) == len(truth)
    whole = len(truth) == len(ask.crowd.plans[plan])
    assert told["why_not"] == ("scope-denied" if not whole else "illegal-transition" if plan in ask.crowd.in_force else None)


def prepare(ask):
    """The blocks of a plan that they see are there already; of others they learn nothing."""
    for plan in ask.crowd.plans:
        answer = ask(f"/v1/plans/{plan}/blocks", "POST")
        if not ask.actor.plans:
            ask.denied(answer)
        else:
            assert answer.status_code == (200 if plan in ask.plans() else 404)


def paint(ask):
    """Whole plans of their own are painted, on the right edition; parts are refused, others are not there."""
    for plan, communities in ask.crowd.plans.items():
        body = {"edition": "0", "base": 1, "blocks": []}
        answer = ask(f"/v1/plans/{plan}/assignments", "PATCH", json=body)
        if not ask.actor.plans:
            ask.denied(answer)
        elif plan not in ask.plans():
            assert answer.status_code == 404
        else:
            whole = all(ask.actor.sees(HOUSEHOLDS, ask.path(c)) for c in communities)
            assert answer.status_code == (409 if whole else 403), answer.text


def lineage(ask):
    """The register: public where grids are, and else each community's own."""
    for plan, communities in ask.crowd.plans.items():
        told = ask(f"/v1/plans/{plan}/lineage").json()["lineage"]
        seen = {
            f"{c}002" for c in communities
            if plan in ask.crowd.in_force and ("grids" in ask.public or ask.actor.sees(INTERNAL, ask.path(c)))
        }  # fmt: skip
        assert {line["to"] for line in told} == seen
        for line in told:
            assert (line["households_moved"] is not None) == ask.actor.sees(INTERNAL, ask.path(line["to"][:12]))


def say(ask):
    """A remark is made on a plan that one sees."""
    for plan in ask.crowd.plans:
        answer = ask(f"/v1/plans/{plan}/comments", "POST", json={"text": "well"})
        if not ask.actor.plans:
            ask.denied(answer)
        else:
            assert answer.status_code == (201 if plan in ask.plans() else 404)


def step(ask):
    """A step on a plan that one does not see finds no plan; on one that is seen it asks what was seen."""
    for plan in ask.crowd.plans:
        answer = ask(f"/v1/plans/{plan}/transitions", "POST", json={"action": "validate"})
        assert answer.status_code == (428 if plan in ask.plans() else 404)
        answer = ask(f"/v1/plans/{plan}/transitions", "POST", json={"action": "notice"}, headers={"If-Match": "*"})
        assert answer.status_code in ({403, 409} if plan in ask.plans() else {404})


def suggest(ask):
    """Suggestions are for those who plan and see households; on a plan that is seen they hear what it lacks."""
    for plan in ask.crowd.plans:
        answer = ask(f"/v1/plans/{plan}/suggestions", "POST", json={"edition": "0", "base": 0})
        if not ask.actor.plans:
            ask.denied(answer)
        elif plan not in ask.plans():
            assert answer.status_code in {403, 404}, answer.text
        else:
            # Nobody has had its blocks made.
            assert answer.status_code in {403, 409} or answer.json()["code"] == "no-blocks", answer.text


def start(ask):
    """Dividing is for planners, in their own communities."""
    for k, code in enumerate(COMMUNITIES):
        town = f"town-{code[:6]}"
        body = {"town": town, "title": "x", "communities": [code], "rules": {}, "seed": -1 - k}
        answer = ask("/v1/plans", "POST", json=body)
        assert answer.status_code == (401 if ask.actor.role == "" else 422) or not ask.actor.plans, answer.text
        if not ask.actor.sees(HOUSEHOLDS, ask.path(code)):
            answer = ask("/v1/plans", "POST", json=body | {"seed": 1})
            assert answer.status_code in {400, 401, 403, 404}, answer.text


def jobs(ask):
    """Jobs in the places that they plan."""
    answer = ask("/v1/jobs")
    truth = {job for job, code in ask.crowd.jobs.items() if ask.actor.sees(DRAFTS, ask.path(code))}
    if not ask.actor.plans:
        ask.denied(answer)
    else:
        assert {job["id"] for job in answer.json()["jobs"]} == truth


def job(method, seen):
    """One job: there exactly if it is in the list."""

    def check(ask):
        for name, code in ask.crowd.jobs.items():
            answer = ask(f"/v1/jobs/{name}", method)
            if not ask.actor.plans:
                ask.denied(answer)
            else:
                assert answer.status_code == (seen if ask.actor.sees(DRAFTS, ask.path(code)) else 404), answer.text

    return check


def household_box(ask):
    """Household points of each town."""
    (west, south, east, north) = ask.crowd.hall.rows(
        "SELECT min(ST_X(geom)), min(ST_Y(geom)), max(ST_X(geom)), max(ST_Y(geom)) FROM wangge.household_point"
    )[0]
    box = f"{west - 1e-4},{south - 1e-4},{east + 1e-4},{north + 1e-4}"
    for district in DISTRICTS:
        answer = ask(f"/v1/households?town=town-{district}&bbox={box}")
        if not ask.actor.plans:
            ask.denied(answer)
        elif district not in ask.towns():
            assert answer.status_code == 404
        else:
            assert {each["id"] for each in answer.json()["households"]} == ask.homes(district)


def towns(ask):
    """The towns that they plan in."""
    answer = ask("/v1/towns")
    if not ask.actor.plans:
        ask.denied(answer)
    else:
        assert {town["name"] for town in answer.json()["towns"]} == {f"town-{d}" for d in ask.towns()}


def of_towns(tail, then):
    """Something of each town: there where they plan in it."""

    def check(ask):
        for district in DISTRICTS:
            answer = ask(f"/v1/towns/town-{district}{tail}")
            if not ask.actor.plans:
                ask.denied(answer)
            else:
                assert answer.status_code == (200 if district in ask.towns() else 404)
                if answer.status_code == 200:
                    then(ask, district, answer.json())

    return check


def changed(ask, district, told):
    """What was added is exactly what they see, and is counted so."""
    assert {change["id"] for change in told["changes"]} == ask.homes(district)
    assert told["counts"]["added"] == len(ask.homes(district))


def divisible(ask, district, told):
    """The communities that they plan, with the households that they see there."""
    seen = {code for code in COMMUNITIES if code.startswith(district) and ask.actor.sees(HOUSEHOLDS, ask.path(code))}
    assert {each["code"] for each in told["communities"]} == seen
    assert sum(each["points"] for each in told["communities"]) == len(ask.homes(district))


def works(ask):
    """Whether they work with incidents at all."""
    return ask.actor.role in {"grid_worker", "community", "street", "district"}


def list_incidents(ask):
    """The incidents of the places that they work in."""
    answer = ask("/v1/incidents?limit=1000")
    if not works(ask):
        ask.denied(answer)
        return
    mine = {no for no, code in ask.crowd.incidents.items() if ask.actor.sees(INTERNAL, ask.path(code))}
    assert {each["no"] for each in answer.json()["incidents"]} == mine
    for code in (*COMMUNITIES, *STREETS, *DISTRICTS):
        answer = ask(f"/v1/incidents?area={code}")
        if code not in ask.areas([code]):
            assert answer.status_code == 404
        else:
            there = {no for no in mine if inside(ask.path(ask.crowd.incidents[no]), ask.path(code))}
            assert {each["no"] for each in answer.json()["incidents"]} == there


def report(ask):
    """Whoever works in incidents reports; a body that says nothing is nothing, and one that says no place is told so."""
    answer = ask("/v1/incidents", "POST", json={})
    if ask.actor.role == "":
        assert answer.status_code in {401, 422}
    else:
        assert answer.status_code == 422
    answer = ask("/v1/incidents", "POST", json={"category": "rubbish"})
    if works(ask):
        assert (answer.status_code, answer.json()["code"]) == (400, "missing-field")
    else:
        ask.denied(answer)
    said = {"lon": 0, "lat": 0, "category": "rubbish", "client_uuid": "00000000-0000-0000-0000-000000000001"}
    answer = ask("/v1/incidents", "POST", json=said)
    if works(ask):
        assert answer.status_code in {200, 201}
        ask.crowd.hall.do("DELETE FROM wangge.incident WHERE client_uuid IS NOT NULL")
    else:
        ask.denied(answer)


def receipts(ask):
    """What one has reported oneself, which is nothing here: whoever sees an incident has no receipt of it for that."""
    answer = ask("/v1/receipts")
    if ask.actor.role == "":
        ask.denied(answer)
    else:
        assert answer.json() == {"receipts": [], "next": None}


def receipt(ask):
    """A receipt is its reporter's, whatever the others may see."""
    for no in ask.crowd.incidents:
        answer = ask(f"/v1/incidents/{no}/receipt")
        if ask.actor.role == "":
            ask.denied(answer)
        else:
            assert answer.status_code == 404, answer.text


def find_addresses(ask):
    """Whoever works in incidents finds places by name, in an area that they see."""
    for code in (*COMMUNITIES, *DISTRICTS):
        answer = ask(f"/v1/addresses?text=1&area={code}")
        if works(ask):
            assert answer.status_code == (200 if code in ask.areas([code]) else 404), answer.text
        else:
            ask.denied(answer)


def search(ask):
    """Each finds by their codes the areas and grids that they see in the collections, and nothing of others'."""
    if not (ask.reads("areas") or ask.reads("grids")):
        ask.denied(ask("/v1/search?q=37"))
        return
    for kind, mine, everything in (
        ("area", ask.areas([*COMMUNITIES, *STREETS]), (*COMMUNITIES, *STREETS)),
        ("grid", set(ask.grids()), [f"{code}00{n}" for code in COMMUNITIES for n in (1, 2)]),
    ):
        for code in everything:
            told = ask(f"/v1/search?kinds={kind}&q={code}").json()["results"]
            assert (code in {each["code"] for each in told}) == (code in mine), (ask.actor, code)


def of_incidents(tail, method="GET", **body):
    """Something of each incident: found exactly where the incident is seen."""

    def check(ask):
        for no, code in ask.crowd.incidents.items():
            answer = ask(f"/v1/incidents/{no}{tail}", method, **body)
            if not works(ask):
                ask.denied(answer)
            elif not ask.actor.sees(INTERNAL, ask.path(code)):
                assert answer.status_code == 404, answer.text
            elif method == "GET":
                assert answer.status_code == 200, answer.text
            else:
                assert answer.status_code in {400, 403, 409}, answer.text

    return check


def contact(ask):
    """Who reported is told to those who have the incident in hand."""
    for no, code in ask.crowd.incidents.items():
        answer = ask(f"/v1/incidents/{no}/contact")
        if not works(ask):
            ask.denied(answer)
        else:
            in_hand = ask.actor.role == "community" and ask.actor.path == ask.path(code)
            assert answer.status_code == (200 if in_hand else 404)


def erasure(ask):
    """Whoever dispatches for the whole district erases what was said; others there are refused, and strangers find nothing."""
    said = ask.crowd.hall.rows("SELECT title, description, address, words_erased_at, no FROM wangge.incident")
    for no, code in ask.crowd.incidents.items():
        answer = ask(f"/v1/incidents/{no}/erasure", "POST", json={"reason": "request"})
        if not works(ask) or not ask.actor.plans:
            ask.denied(answer)
        elif not ask.actor.sees(INTERNAL, ask.path(code)):
            assert answer.status_code == 404, answer.text
        else:
            assert answer.status_code == (200 if ask.actor.role == "district" else 403), answer.text
    for row in said:
        ask.crowd.hall.do(
            "UPDATE wangge.incident SET title = %s, description = %s, address = %s, words_erased_at = %s WHERE no = %s", row
        )


def picture(method):
    """A picture is seen with its incident, and shown to all by those who dispatch there."""

    def check(ask):
        for identity, no in ask.crowd.pictures.items():
            body = {"json": {"is_public": False}} if method == "PATCH" else {}
            answer = ask(f"/v1/incidents/{no}/pictures/{identity}", method, **body)
            if not works(ask) or (method == "PATCH" and not ask.actor.plans):
                ask.denied(answer)
            else:
                seen = ask.actor.sees(INTERNAL, ask.path(ask.crowd.incidents[no]))
                assert answer.status_code == (200 if seen else 404), answer.text

    return check


def areas(ask):
    """Areas: all where they are public; else one's own, what lies in it and above it. Who gives roles finds every area."""
    every = [CITY, *DISTRICTS, *STREETS, *COMMUNITIES]
    truth = set(every) if ask.actor.role == "administrator" else ask.areas(every)
    assert {area["code"] for area in ask("/v1/areas").json()["areas"]} == truth
    for code in every:
        assert ask(f"/v1/areas/{code}/history").status_code == (200 if code in truth else 404)
        answer = ask(f"/v1/areas/{code}")
        assert answer.status_code == (200 if code in truth else 404)
        if code in truth:
            told = answer.json()
            assert {child["code"] for child in told["children"]} <= truth
            assert {parent["code"] for parent in told["parents"]} <= truth
            seen = [grid for grid in ask.grids() if inside(ask.path(grid[:12]), ask.path(code))]
            assert told["grids"]["residential"] == len(seen)


def grid(ask):
    """A grid's card and history."""
    for community in COMMUNITIES:
        for n in (1, 2):
            code = f"{community}00{n}"
            answer, history = ask(f"/v1/grids/{code}"), ask(f"/v1/grids/{code}/history")
            truth = ask.grids().get(code)
            assert answer.status_code == history.status_code == (404 if truth is None else 200)
            if truth is not None:
                assert (answer.json()["households"], answer.json()["persons"]) == truth
                assert history.json()["versions"][0]["households"] == truth[0]


def locate(ask):
    """Which grid is here: told where the grid may be seen, else there is none."""
    places = ask.crowd.hall.rows(
        "SELECT code, ST_X(p), ST_Y(p) FROM wangge.grid, ST_PointOnSurface(geom) p WHERE in_force IS NOT NULL ORDER BY code"
    )
    truth = [code if code in ask.grids() else None for code, _, _ in places]
    body = {"points": [[lon, lat] for _, lon, lat in places], "coord_sys": "cgcs2000"}
    assert ask("/v1/locate", "POST", json=body).json()["grids"] == truth
    for (_, lon, lat), code in zip(places, truth, strict=True):
        told = ask(f"/v1/locate?lon={lon}&lat={lat}&coord_sys=cgcs2000").json()["grid"]
        assert (told and told["code"]) == code


def session(ask):
    """Who they are, and nobody else."""
    told = ask("/v1/session").json()
    assert (told["person"] or "") == ask.actor.person
    assert ask("/v1/session", "POST", json={"login": str(uuid4()), "password": "no"}).status_code == 401
    assert ask("/v1/session", "DELETE").status_code == 204
    assert ask("/v1/session/password", "POST", json={"old": "x", "new": "y"}).status_code == 403


def people(ask):
    """People: for who manages them; everybody sees themself."""
    answer = ask("/v1/people")
    manages = ask.actor.role == "administrator"
    if manages:
        assert {person["login"] for person in answer.json()["people"]} == set(ask.crowd.actors) - {"anonymous"}
    else:
        ask.denied(answer)
        ask.denied(ask("/v1/people", "POST", json={"login": "new", "name": "New"}))
    for other in ask.crowd.actors.values():
        if not other.person:
            continue
        here = f"/v1/people/{other.person}"
        mine = other.person == ask.actor.person
        for tail in ("", "/roles", "/keys"):
            answer = ask(here + tail)
            assert answer.status_code == 200 if manages or mine else answer.status_code in {401, 403}
        writes = (
            ("", "PATCH", {"active": True}),
            ("/password", "PUT", {"password": None}),
            ("/roles", "POST", {"role": "street", "area": "nowhere"}),
            ("/keys", "POST", {"name": "k", "expires_at": "2020-01-01T00:00:00Z"}),
        )
        for tail, method, body in writes:
            answer = ask(here + tail, method, json=body)
            if not manages:
                ask.denied(answer)
        for tail in ("/roles/999999", "/keys/0123456789abcdef"):
            answer = ask(here + tail, "DELETE")
            assert answer.status_code in ({404} if manages else {401, 403, 404})


def log(ask):
    """The log: for auditors, in their areas, and what lies in none."""
    codes = [CITY, *DISTRICTS, *STREETS, *COMMUNITIES]
    listed, heads, taken = ask("/v1/log?kind=test&limit=1000"), ask("/v1/log/heads"), ask("/v1/log/export?kind=test", "POST")
    if ask.actor.role != "auditor":
        for answer in (listed, heads, taken):
            ask.denied(answer)
        return
    truth = {f"event-of-{code}." for code in codes if inside(ask.path(code), ask.actor.path)} | {"event-of-None."}
    assert {event["subject"] for event in listed.json()["events"]} == truth
    assert {json.loads(line)["subject"] for line in taken.text.splitlines()} == truth
    chains = {head["chain"] for head in heads.json()["heads"]}
    assert all(chain == "" or inside(chain, ask.actor.path) for chain in chains)


_TILE = "/collections/{collection}/tiles/WebMercatorQuad/0/0/0"
SET = "/collections/{collection}/tiles/{matrix_set}"
MATRIX = {
    ("GET", "/"): documents("/", "/?f=json"),
    ("GET", "/api"): documents("/api"),
    ("GET", "/api.html"): documents("/api.html"),
    ("GET", "/api31"): documents("/api31"),
    ("GET", "/conformance"): documents("/conformance"),
    ("GET", "/collections"): documents("/collections"),
    ("GET", "/collections/{collection}"): documents("/collections/{c}"),
    ("GET", "/collections/{collection}/schema"): documents("/collections/{c}/schema"),
    ("GET", "/collections/{collection}/queryables"): documents("/collections/{c}/queryables"),
    ("GET", "/collections/{collection}/sortables"): documents("/collections/{c}/sortables"),
    ("GET", "/collections/{collection}/items"): items,
    ("GET", "/collections/{collection}/items/{feature}"): item,
    ("POST", "/collections/plan-grids/items"): draft_more("POST"),
    ("OPTIONS", "/collections/plan-grids/items"): draft_more("OPTIONS"),
    ("GET", "/collections/plan-grids/items/{feature}"): draft_item("GET"),
    ("PUT", "/collections/plan-grids/items/{feature}"): draft_item("PUT"),
    ("PATCH", "/collections/plan-grids/items/{feature}"): draft_item("PATCH"),
    ("DELETE", "/collections/plan-grids/items/{feature}"): draft_item("DELETE"),
    ("OPTIONS", "/collections/plan-grids/items/{feature}"): draft_item("OPTIONS"),
    ("GET", "/collections/{collection}/bulk"): bulk,
    ("GET", "/collections/{collection}/tiles"): documents("/collections/{c}/tiles"),
    ("GET", SET): documents("/collections/{c}/tiles/WebMercatorQuad", "/collections/{c}/tiles/WebMercatorQuad?f=tilejson"),
    ("GET", f"{SET}/{{matrix}}/{{row}}/{{column}}"): lambda ask: tiles(ask, _TILE),
    ("GET", "/tiles/{collection}/{z}/{x}/{y}.mvt"): lambda ask: tiles(ask, "/tiles/{collection}/0/0/0.mvt"),
    ("GET", "/tileMatrixSets"): documents("/tileMatrixSets"),
    ("GET", "/tileMatrixSets/{matrix_set}"): documents("/tileMatrixSets/WebMercatorQuad"),
    ("GET", "/healthz"): documents("/healthz"),
    ("GET", "/readyz"): documents("/readyz"),
    ("GET", "/metrics"): documents("/metrics"),
    ("GET", "/problems"): documents("/problems"),
    ("GET", "/problems/{code}"): documents("/problems/not-found"),
    ("GET", "/static/{name}"): documents("/static/pages.css"),
    ("GET", "/sign-in"): documents("/sign-in"),
    ("GET", "/language"): documents("/language?to=en"),
    ("GET", "/plans"): documents("/plans"),
    ("GET", "/plans/new"): documents("/plans/new"),
    ("GET", "/prints"): documents("/prints"),
    ("GET", "/wall"): documents("/wall"),
    ("GET", "/figures"): documents("/figures"),
    ("GET", "/workspace"): documents("/workspace"),
    ("GET", "/workspace/{list}"): documents(*(f"/workspace/{name}" for name in LISTS)),
    ("GET", "/sheet/{code}"): grid_sheets,
    ("GET", "/sheet/stations"): documents("/sheet/stations?area=3701"),
    ("GET", "/sheet/stations/{code}"): documents("/sheet/stations/nothing"),
    ("GET", "/sheet/plans/{plan}"): plan_sheets,
    ("GET", "/command"): documents("/command"),
    ("GET", "/edit/{plan}"): documents("/edit/00000000-0000-0000-0000-000000000000"),
    ("GET", "/plans/{plan}"): documents("/plans/00000000-0000-0000-0000-000000000000"),
    ("GET", "/v1/plans"): list_plans,
    ("POST", "/v1/plans"): start,
    ("GET", "/v1/plans/{plan_id}"): of_plans(""),
    ("GET", "/v1/plans/{plan_id}/grids"): of_plans("/grids", then=plan_grids),
    ("GET", "/v1/plans/{plan_id}/diff"): of_plans("/diff", needs=HOUSEHOLDS),
    ("GET", "/v1/plans/{plan_id}/exceptions"): of_plans("/exceptions", then=plan_exceptions),
    ("GET", "/v1/plans/{plan_id}/checks"): of_plans("/checks", needs=HOUSEHOLDS, whole=True),
    ("POST", "/v1/plans/{plan_id}/blocks"): prepare,
    ("GET", "/v1/plans/{plan_id}/blocks"): of_plans("/blocks", needs=HOUSEHOLDS, then=own_blocks),
    ("GET", "/v1/plans/{plan_id}/assignments"): of_plans("/assignments", needs=HOUSEHOLDS, then=own_assignments),
    ("GET", "/v1/plans/{plan_id}/heat"): of_plans("/heat", needs=HOUSEHOLDS, then=own_heat),
    ("PATCH", "/v1/plans/{plan_id}/assignments"): paint,
    ("GET", "/v1/plans/{plan_id}/file"): of_plans("/file?format=csv"),
    ("POST", "/v1/plans/{plan_id}/copies"): copy_plan,
    ("POST", "/v1/plans/{plan_id}/cuts"): redraw("cuts", {"block": 0}),
    ("POST", "/v1/plans/{plan_id}/joins"): redraw("joins", {"blocks": [0, 1]}),
    ("GET", "/v1/plans/{plan_id}/notice"): of_plans("/notice?format=csv", needs=HOUSEHOLDS),
    ("GET", "/v1/plans/{plan_id}/comments"): of_plans("/comments"),
    ("POST", "/v1/plans/{plan_id}/comments"): say,
    ("POST", "/v1/plans/{plan_id}/transitions"): step,
    ("POST", "/v1/plans/{plan_id}/suggestions"): suggest,
    ("GET", "/v1/plans/{plan_id}/lineage"): lineage,
    ("GET", "/v1/jobs"): jobs,
    ("GET", "/v1/jobs/{job_id}"): job("GET", 200),
    ("DELETE", "/v1/jobs/{job_id}"): job("DELETE", 409),
    ("POST", "/v1/prints"): order_prints,
    ("GET", "/v1/prints"): list_prints,
    ("GET", "/v1/prints/{job_id}"): one_print(""),
    ("GET", "/v1/prints/{job_id}/files/{file}"): one_print("/files/manifest.csv"),
    ("GET", "/v1/prints/{job_id}/archive.zip"): one_print("/archive.zip"),
    ("GET", "/v1/incidents"): list_incidents,
    ("POST", "/v1/incidents"): report,
    ("GET", "/v1/incidents/{no}"): of_incidents(""),
    ("GET", "/v1/incidents/{no}/events"): of_incidents("/events"),
    ("GET", "/v1/incidents/{no}/receipt"): receipt,
    ("GET", "/v1/receipts"): receipts,
    ("GET", "/v1/addresses"): find_addresses,
    ("GET", "/v1/search"): search,
    ("GET", "/v1/incidents/{no}/contact"): contact,
    ("POST", "/v1/incidents/{no}/erasure"): erasure,
    ("GET", "/v1/incidents/{no}/pictures"): of_incidents("/pictures"),
    ("POST", "/v1/incidents/{no}/pictures"): of_incidents("/pictures", "POST", content=b"no picture"),
    ("GET", "/v1/incidents/{no}/pictures/{picture_id}"): picture("GET"),
    ("PATCH", "/v1/incidents/{no}/pictures/{picture_id}"): picture("PATCH"),
    ("POST", "/v1/incidents/{no}/transitions"): of_incidents("/transitions", "POST", json={"event": "archive"}),
    ("GET", "/v1/households"): household_box,
    ("GET", "/v1/towns"): towns,
    ("GET", "/v1/towns/{name}/communities"): of_towns("/communities", divisible),
    ("GET", "/v1/towns/{name}/snapshots"): of_towns("/snapshots", lambda *_: None),
    ("GET", "/v1/towns/{name}/snapshots/{number}/changes"): of_towns("/snapshots/1/changes", changed),
    ("GET", "/v1/areas"): areas,
    ("GET", "/v1/areas/{code}"): areas,
    ("GET", "/v1/areas/{code}/history"): areas,
    ("GET", "/v1/grids/{code}"): grid,
    ("GET", "/v1/grids/{code}/history"): grid,
    ("GET", "/v1/locate"): locate,
    ("POST", "/v1/locate"): locate,
    ("GET", "/v1/session"): session,
    ("POST", "/v1/session"): session,
    ("DELETE", "/v1/session"): session,
    ("POST", "/v1/session/password"): session,
    ("GET", "/v1/people"): people,
    ("POST", "/v1/people"): people,
    ("GET", "/v1/people/{person_id}"): people,
    ("PATCH", "/v1/people/{person_id}"): people,
    ("PUT", "/v1/people/{person_id}/password"): people,
    ("GET", "/v1/people/{person_id}/roles"): people,
    ("POST", "/v1/people/{person_id}/roles"): people,
    ("DELETE", "/v1/people/{person_id}/roles/{number}"): people,
    ("GET", "/v1/people/{person_id}/keys"): people,
    ("POST", "/v1/people/{person_id}/keys"): people,
    ("DELETE", "/v1/people/{person_id}/keys/{prefix}"): people,
    **GOVERNANCE,
    ("GET", "/v1/log"): log,
    ("GET", "/v1/log/heads"): log,
    ("POST", "/v1/log/export"): log,
}
"""What is asked at each address, and of whom what is expected."""
CHECKS = list(dict.fromkeys(MATRIX.values()))
LABELS = [next(f"{method} {path}" for (method, path), each in MATRIX.items() if each is check) for check in CHECKS]
WHO = (
    "anonymous", "grid_worker-370102001001", "community-370102001001", "street-370102001", "district-370102", "auditor-370102",
    "administrator-None", "community-370102001002", "street-370102002", "district-370103", "auditor-None",
)  # fmt: skip


@pytest.fixture(scope="module", params=[OPEN, CLOSED], ids=["open", "closed"])
def city(request, cluster, template, tmp_path_factory):
    """The city, once with areas and grids for everybody and once with nothing for strangers."""
    with (
        cluster.clone(template) as db,
        hall_over(db, tmp_path_factory.mktemp("home"), public=request.param) as hall,
    ):
        yield gathered(hall), request.param


def test_every_address_is_in_the_matrix(city):
    """An address that is added to the application is added to the matrix, or this fails."""
    crowd, _ = city
    assert set(addresses(crowd.hall.app)) == set(MATRIX)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("check", CHECKS, ids=LABELS)
def test_who_sees_what(city, check, who):
    """Everybody sees at every address all that the rules let them see there, and no mark of anything else."""
    crowd, public = city
    actor = crowd.actors[who if who == "anonymous" else f"who-{who}"]
    ask = Asker(crowd, actor, public)
    check(ask)
    assert ask.leaks == []


def test_the_matrix_sees_a_hole(db, tmp_path):
    """The matrix is no mirror: where the store's scope is written as in the textbooks, it finds what leaks, and to whom."""
    with hall_over(db, tmp_path, public=CLOSED) as hall:
        crowd = gathered(hall)
        with owner(db.admin) as conn:
            run(
                conn,
                """CREATE OR REPLACE FUNCTION wangge.scope(ceiling integer) RETURNS ltree[] LANGUAGE sql STABLE PARALLEL SAFE
                   AS $$ SELECT ARRAY[split_part(current_setting('wangge.areas_' || ceiling, true), ',', 1)::ltree] $$""",
            )
        stranger = Asker(crowd, crowd.actors["anonymous"], CLOSED)
        for check in (areas, lineage, step):
            with pytest.raises(AssertionError):
                check(stranger)
        of_plans("/comments")(Asker(crowd, crowd.actors["who-district-370102"], CLOSED))
        stranger("/v1/plans/" + next(iter(crowd.plans)))
        assert stranger.leaks
