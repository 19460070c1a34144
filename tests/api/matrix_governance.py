"""The matrix's rows for what governs the grids: staff, matters, clocks, figures, orders, rounds, events out, Open311.

Most of these lists hold what lies in one's areas, with marks of the crowd in them; who lacks the right is refused before
anything is looked up, and a stranger is asked who they are.
"""

from __future__ import annotations

from itertools import product

from tests.api.crowd import COMMUNITIES, DISTRICTS, INTERNAL, STREETS

WORK = frozenset({"grid_worker", "community", "street", "district"})
MANAGE = frozenset({"community", "street", "district"})
FOLLOW = WORK | {"auditor"}
TOP = frozenset({"district"})
NOTHING = "00000000-0000-0000-0000-000000000000"
FINE = {200, 201, 202, 204, 304, 400, 403, 404, 409, 410, 412, 415, 422, 428}
"""Whatever is answered to those who may ask at all; what must not be in it, the marks say."""


def guarded(method, *addresses, needs, subject=None, body=None, **more):
    """Ask addresses that need a role; where `subject` is public, everybody may."""

    def check(ask):
        may = ask.actor.role in needs or (subject is not None and subject in ask.public)
        for address in addresses:
            sent = {**({"json": body} if body is not None else {}), **more}
            answer = ask(address, method, **sent)
            if may:
                assert answer.status_code in FINE, f"{method} {address}: {answer.status_code} {answer.text}"
            elif answer.status_code == 422:
                assert body is not None  # what is no request at all is said to be none, whoever sends it
            else:
                ask.denied(answer)

    return check


def anybody(method, *addresses, **more):
    """Ask addresses that everybody may ask: what is in the answer, the marks say."""

    def check(ask):
        for address in addresses:
            assert ask(address, method, **more).status_code in FINE | {401}

    return check


def listed(address, name, key, truth, needs=WORK):
    """Ask for a list: it holds exactly what lies in one's areas; `truth` is the community of each of its entries."""

    def check(ask):
        answer = ask(address)
        if ask.actor.role not in needs:
            ask.denied(answer)
            return
        wanted = {text for text, code in truth.items() if ask.actor.sees(INTERNAL, ask.path(code))}
        found = {each[key] for each in answer.json()[name]} & set(truth)
        assert found == wanted, (ask.actor, address)

    return check


STAFF = {f"staff-in-{code}": code for code in COMMUNITIES}
"""The staff of each community, by name."""


def one_of_staff(tail, method, needs, body=None):
    """Ask something about each of the staff: there exactly where they are listed."""

    def check(ask):
        for identity, name in ask.crowd.hall.rows("SELECT id::text, name FROM wangge.staff ORDER BY name"):
            answer = ask(f"/v1/staff/{identity}{tail}", method, **({} if body is None else {"json": body}))
            if ask.actor.role not in needs:
                ask.denied(answer)
            elif not ask.actor.sees(INTERNAL, ask.path(STAFF[name])):
                assert answer.status_code == 404, answer.text
            elif method == "GET":
                assert answer.status_code == 200
            else:
                assert answer.status_code in FINE

    return check


def card(address):
    """The card of a grid: public where grids are, and nobody on it who is on no post."""
    return guarded("GET", address, needs=WORK | {"auditor"}, subject="grids")


def figures(*addresses):
    """Figures of an area: of one's own alone, and of nobody's whole who sees a part."""

    def check(ask):
        for address, code in product(addresses, (*COMMUNITIES, *STREETS, *DISTRICTS)):
            answer = ask(address.format(area=code))
            if ask.actor.role not in WORK:
                ask.denied(answer)
            else:
                seen = ask.actor.sees(INTERNAL, ask.path(code))
                assert answer.status_code in ({200} if seen else {404}), (ask.actor, address, code, answer.text)

    return check


def streamed(ask):
    """The stream begins for who may follow; what is told in it, tests/api/v1/test_events.py asks."""
    with ask.crowd.hall.client.stream("GET", "/v1/events", headers=ask.actor.headers) as answer:
        if ask.actor.role in FOLLOW:
            assert (answer.status_code, answer.headers["content-type"][:17]) == (200, "text/event-stream")
        else:
            assert answer.status_code in {401, 403}
    told = ask("/v1/events", headers={"Accept": "application/json"})
    if ask.actor.role in FOLLOW:
        epoch = told.json()["cursor"].partition("-")[0]
        assert ask("/v1/events", headers={"Accept": "application/json"}, params={"after": f"{epoch}-0--0"}).status_code == 200
    else:
        assert told.status_code in {401, 403}


C, S, D = COMMUNITIES[0], STREETS[0], DISTRICTS[0]
OPEN311 = "/open311/v2"
_LIMIT = {"limits": []}

GOVERNANCE = {
    ("GET", "/v1/orgs"): guarded("GET", "/v1/orgs?limit=1000", needs=WORK),
    ("POST", "/v1/orgs"): guarded("POST", "/v1/orgs", needs=MANAGE, body={}),
    ("GET", "/v1/orgs/{code}"): guarded("GET", f"/v1/orgs/center:{C}", "/v1/orgs/none", needs=WORK),
    ("PATCH", "/v1/orgs/{code}"): guarded("PATCH", f"/v1/orgs/center:{C}", needs=MANAGE, body={"active": False}),
    ("GET", "/v1/orgs/{code}/members"): guarded("GET", *(f"/v1/orgs/center:{c}/members" for c in COMMUNITIES), needs=WORK),
    ("POST", "/v1/orgs/{code}/members"): guarded("POST", f"/v1/orgs/center:{C}/members", needs=MANAGE, body={}),
    ("DELETE", "/v1/orgs/{code}/members/{number}"): guarded("DELETE", f"/v1/orgs/center:{C}/members/999", needs=MANAGE),
    ("GET", "/v1/staff"): listed("/v1/staff?limit=1000", "staff", "name", STAFF),
    ("POST", "/v1/staff"): guarded("POST", "/v1/staff", needs=MANAGE, body={}),
    ("POST", "/v1/staff/import"): guarded(
        "POST", "/v1/staff/import", needs=MANAGE, content=b"no,list\n1,2\n", headers={"Content-Type": "text/csv"}
    ),
    ("GET", "/v1/staff/{staff_id}"): one_of_staff("", "GET", WORK),
    ("PATCH", "/v1/staff/{staff_id}"): one_of_staff("", "PATCH", MANAGE, {"phone": "12345"}),
    ("GET", "/v1/staff/{staff_id}/leave"): one_of_staff("/leave", "GET", WORK),
    ("POST", "/v1/staff/{staff_id}/leave"): guarded("POST", f"/v1/staff/{NOTHING}/leave", needs=MANAGE, body={}),
    ("DELETE", "/v1/staff/{staff_id}/leave/{number}"): one_of_staff("/leave/999", "DELETE", MANAGE),
    ("GET", "/v1/posts"): guarded("GET", "/v1/posts?limit=1000", "/v1/posts?orphaned=true", needs=WORK),
    ("POST", "/v1/posts"): guarded("POST", "/v1/posts", needs=MANAGE, body={}),
    ("GET", "/v1/posts/on-duty"): guarded("GET", *(f"/v1/posts/on-duty?area={c}" for c in COMMUNITIES), needs=WORK),
    ("GET", "/v1/posts/{number}"): guarded("GET", *(f"/v1/posts/{n}" for n in range(1, 9)), needs=WORK),
    ("PATCH", "/v1/posts/{number}"): guarded("PATCH", "/v1/posts/1", needs=MANAGE, body={}),
    ("DELETE", "/v1/posts/{number}"): guarded("DELETE", "/v1/posts/999", needs=MANAGE),
    ("GET", "/v1/staffing"): guarded("GET", *(f"/v1/staffing?area={c}" for c in (C, S, D)), needs=MANAGE),
    ("GET", "/v1/staffing/rules"): guarded("GET", "/v1/staffing/rules", needs=WORK),
    ("PUT", "/v1/staffing/rules"): guarded("PUT", "/v1/staffing/rules", needs=MANAGE, body={}),
    ("GET", "/v1/card"): card("/v1/card?lon=117.0&lat=36.4"),
    ("GET", "/v1/grids/{code}/card"): guarded(
        "GET", *(f"/v1/grids/{c}001/card" for c in COMMUNITIES), needs=WORK | {"auditor"}, subject="grids"
    ),
    ("GET", "/v1/matters"): guarded("GET", "/v1/matters?limit=1000", needs=WORK),
    ("POST", "/v1/matters"): guarded("POST", "/v1/matters", needs=MANAGE, body={}),
    ("POST", "/v1/matters/import"): guarded(
        "POST", f"/v1/matters/import?area={D}", needs=MANAGE, content=b"no,list\n1,2\n", headers={"Content-Type": "text/csv"}
    ),
    ("GET", "/v1/matters/summary"): guarded("GET", "/v1/matters/summary", needs=WORK),
    ("POST", "/v1/matters/decisions"): guarded("POST", "/v1/matters/decisions", needs=TOP, body={}),
    ("GET", "/v1/matters/{code}"): guarded("GET", *(f"/v1/matters/matter-of-{d}" for d in DISTRICTS), needs=WORK),
    ("PATCH", "/v1/matters/{code}"): guarded("PATCH", "/v1/matters/none", needs=MANAGE, body={}),
    ("GET", "/v1/matters/{code}/decisions"): guarded(
        "GET", *(f"/v1/matters/matter-of-{d}/decisions" for d in DISTRICTS), needs=WORK
    ),
    ("POST", "/v1/matters/{code}/decisions"): guarded("POST", "/v1/matters/none/decisions", needs=TOP, body={}),
    ("GET", "/v1/grid-matters"): guarded("GET", "/v1/grid-matters?limit=1000", needs=WORK),
    ("GET", "/v1/grid-matters/{grid}"): guarded("GET", *(f"/v1/grid-matters/{c}001" for c in COMMUNITIES), needs=WORK),
    ("PUT", "/v1/grid-matters/{grid}"): guarded("PUT", f"/v1/grid-matters/{C}001", needs=MANAGE, body={}),
    ("GET", "/v1/calendar/due"): guarded(
        "GET", "/v1/calendar/due?start=2026-09-18T11:00:00%2B08:00&value=2&unit=work_hour", needs=WORK
    ),
    ("GET", "/v1/calendar/{year}"): guarded("GET", "/v1/calendar/2026", needs=WORK),
    ("PUT", "/v1/calendar/{year}"): guarded("PUT", "/v1/calendar/2026", needs=TOP, body={}),
    ("GET", "/v1/limits"): guarded("GET", "/v1/limits", needs=WORK),
    ("PUT", "/v1/limits"): guarded("PUT", "/v1/limits", needs=TOP, body={"no": 1}),
    ("GET", "/v1/modes"): guarded("GET", "/v1/modes", needs=WORK),
    ("POST", "/v1/modes"): guarded("POST", "/v1/modes", needs=TOP, body={}),
    ("GET", "/v1/stats"): figures("/v1/stats?area={area}", "/v1/stats?area={area}&by=grid&f=csv"),
    ("GET", "/v1/stats/metrics"): anybody("GET", "/v1/stats/metrics"),
    ("GET", "/v1/stats/warnings"): figures("/v1/stats/warnings?area={area}"),
    ("GET", "/v1/stats/public"): anybody("GET", "/v1/stats/public?month=2025-12"),
    ("GET", "/v1/stats/counters"): figures("/v1/stats/counters?area={area}"),
    ("PUT", "/v1/stats/counters/{code}"): guarded("PUT", f"/v1/stats/counters/x?area={C}", needs=MANAGE, body={}),
    ("GET", "/v1/reviews/{area}"): figures("/v1/reviews/{area}?from=2025-12-01&to=2026-01-01"),
    ("GET", "/v1/reviews/{area}/{week}"): figures("/v1/reviews/{area}/2025-W50"),
    ("PUT", "/v1/reviews/{area}/{week}"): guarded("PUT", f"/v1/reviews/{C}/2025-W50", needs=MANAGE, body={}),
    ("GET", "/v1/assessments"): guarded("GET", "/v1/assessments", needs=WORK),
    ("GET", "/v1/assessments/{code}"): guarded("GET", "/v1/assessments/none", needs=WORK),
    ("PUT", "/v1/assessments/{code}"): guarded("PUT", "/v1/assessments/none", needs=MANAGE, body={}),
    ("PUT", "/v1/assessments/{code}/months/{month}/ratings"): guarded(
        "PUT", "/v1/assessments/none/months/2025-12/ratings", needs=MANAGE, body={}
    ),
    ("POST", "/v1/assessments/{code}/months/{month}"): guarded("POST", "/v1/assessments/none/months/2025-12", needs=MANAGE),
    ("GET", "/v1/assessments/{code}/results"): guarded("GET", "/v1/assessments/none/results?period=2025-12", needs=WORK),
    ("GET", "/v1/orders"): guarded("GET", "/v1/orders?limit=1000", needs=WORK),
    ("POST", "/v1/orders"): guarded("POST", "/v1/orders", needs=WORK, body={}),
    ("GET", "/v1/orders/variants"): guarded("GET", "/v1/orders/variants", needs=WORK),
    ("PUT", "/v1/orders/flow"): guarded("PUT", "/v1/orders/flow", needs=MANAGE, body={}),
    ("GET", "/v1/orders/{no}"): guarded("GET", "/v1/orders/O1", needs=WORK),
    ("GET", "/v1/orders/{no}/events"): guarded("GET", "/v1/orders/O1/events", needs=WORK),
    ("POST", "/v1/orders/{no}/transitions"): guarded("POST", "/v1/orders/O1/transitions", needs=WORK, body={"step": "taken"}),
    ("GET", "/v1/visits"): guarded("GET", "/v1/visits?limit=1000", needs=WORK),
    ("POST", "/v1/visits"): guarded("POST", "/v1/visits", needs=WORK, body={}),
    ("GET", "/v1/visits/coverage"): guarded("GET", *(f"/v1/visits/coverage?area={c}" for c in (C, S, D)), needs=WORK),
    ("GET", "/v1/visits/deliveries"): guarded("GET", *(f"/v1/visits/deliveries?area={c}" for c in (C, S, D)), needs=WORK),
    ("GET", "/v1/visits/due"): guarded("GET", *(f"/v1/visits/due?grid={c}001" for c in COMMUNITIES), needs=WORK),
    ("GET", "/v1/visits/called-for"): guarded("GET", "/v1/visits/called-for", needs=WORK),
    ("GET", "/v1/visits/rules"): guarded("GET", "/v1/visits/rules", needs=WORK),
    ("PUT", "/v1/visits/rules"): guarded("PUT", "/v1/visits/rules", needs=MANAGE, body={}),
    ("PUT", "/v1/visits/triggers"): guarded("PUT", "/v1/visits/triggers", needs=MANAGE, body={}),
    ("PUT", "/v1/visits/groups/{grid}"): guarded("PUT", f"/v1/visits/groups/{C}001", needs=WORK, body={}),
    ("GET", "/v1/visits/key-groups"): guarded("GET", f"/v1/visits/key-groups?area={C}&month=2025-12", needs=WORK),
    ("PUT", "/v1/visits/key-groups"): guarded("PUT", "/v1/visits/key-groups", needs=WORK, body={}),
    ("GET", "/v1/patrols"): guarded("GET", "/v1/patrols?from=2025-12-01&to=2026-01-01", needs=WORK),
    ("PUT", "/v1/patrols"): guarded("PUT", "/v1/patrols", needs=WORK, body={}),
    ("GET", "/v1/patrols/compliance"): guarded(
        "GET", f"/v1/patrols/compliance?area={C}&from=2025-12-01&to=2026-01-01", needs=MANAGE
    ),
    ("GET", "/v1/stations"): guarded("GET", "/v1/stations", needs=WORK),
    ("GET", "/v1/stations/grids"): guarded("GET", f"/v1/stations/grids?area={C}", needs=WORK),
    ("GET", "/v1/stations/coverage"): guarded("GET", *(f"/v1/stations/coverage?area={c}" for c in (C, S, D)), needs=WORK),
    ("GET", "/v1/stations/uncovered"): guarded(
        "GET", *(f"/v1/stations/uncovered?grid={c}001" for c in COMMUNITIES), needs=MANAGE
    ),
    ("GET", "/v1/stations/facilities"): guarded("GET", f"/v1/stations/facilities?area={C}", needs=WORK),
    ("GET", "/v1/stations/{code}"): guarded("GET", "/v1/stations/none", needs=WORK),
    ("PUT", "/v1/stations/{code}"): guarded("PUT", "/v1/stations/none", needs=MANAGE, body={}),
    ("GET", "/v1/assets"): guarded("GET", f"/v1/assets?area={C}", needs=WORK),
    ("GET", "/v1/assets/{code}"): guarded("GET", "/v1/assets/none", needs=WORK),
    ("PUT", "/v1/assets/{code}"): guarded("PUT", "/v1/assets/none", needs=MANAGE, body={}),
    ("PUT", "/v1/stations/{code}/grids"): guarded("PUT", "/v1/stations/none/grids", needs=MANAGE, body={}),
    ("GET", "/v1/stations/{code}/duty"): guarded("GET", "/v1/stations/none/duty?from=2025-12-01&to=2026-01-01", needs=WORK),
    ("PUT", "/v1/stations/{code}/duty/{day}"): guarded("PUT", "/v1/stations/none/duty/2026-01-01", needs=MANAGE, body={}),
    ("GET", "/v1/problem-points"): guarded("GET", "/v1/problem-points", needs=WORK),
    ("POST", "/v1/problem-points"): guarded("POST", "/v1/problem-points", needs=WORK, body={}),
    ("GET", "/v1/problem-points/clusters"): guarded("GET", "/v1/problem-points/clusters", needs=WORK),
    ("POST", "/v1/problem-points/clusters"): guarded("POST", "/v1/problem-points/clusters", needs=MANAGE, body={}),
    ("GET", "/v1/problem-points/clusters/{number}"): guarded("GET", "/v1/problem-points/clusters/1", needs=WORK),
    ("PUT", "/v1/problem-points/clusters/{number}"): guarded("PUT", "/v1/problem-points/clusters/1", needs=MANAGE, body={}),
    ("GET", "/v1/warnings"): guarded("GET", "/v1/warnings?limit=1000", needs=WORK),
    ("GET", "/v1/warnings/{number}"): guarded("GET", "/v1/warnings/1", needs=WORK),
    ("GET", "/v1/warning-rules"): guarded("GET", "/v1/warning-rules", needs=WORK),
    ("PUT", "/v1/warning-rules"): guarded("PUT", "/v1/warning-rules", needs=MANAGE, body={}),
    ("GET", "/v1/duties"): guarded("GET", "/v1/duties", *(f"/v1/duties?area={c}" for c in (C, S, D)), needs=WORK),
    ("PUT", "/v1/duties/{area}/{code}"): guarded("PUT", f"/v1/duties/{C}/meeting", needs=MANAGE, body={}),
    ("DELETE", "/v1/duties/{area}/{code}"): guarded("DELETE", f"/v1/duties/{C}/meeting", needs=MANAGE),
    ("GET", "/v1/duties/{area}/{code}/overdue"): guarded("GET", f"/v1/duties/{C}/meeting/overdue", needs=WORK),
    ("GET", "/v1/duties/{area}/{code}/log"): guarded("GET", f"/v1/duties/{C}/meeting/log", needs=WORK),
    ("POST", "/v1/duties/{area}/{code}/log"): guarded("POST", f"/v1/duties/{C}/meeting/log", needs=WORK, body={}),
    ("GET", "/v1/lists"): guarded("GET", "/v1/lists", *(f"/v1/lists?area={c}" for c in (C, S, D)), needs=WORK),
    ("GET", "/v1/lists/items"): guarded("GET", "/v1/lists/items?limit=1000", needs=WORK),
    ("POST", "/v1/lists/items"): guarded("POST", "/v1/lists/items", needs=MANAGE, body={}),
    ("GET", "/v1/lists/items/{number}"): guarded("GET", "/v1/lists/items/1", needs=WORK),
    ("PATCH", "/v1/lists/items/{number}"): guarded("PATCH", "/v1/lists/items/1", needs=MANAGE, body={"status": "done"}),
    ("GET", "/v1/panel"): figures("/v1/panel?area={area}", "/v1/panel?area={area}&f=csv"),
    ("GET", "/v1/wall/ground"): guarded("GET", "/v1/wall/ground", needs=WORK),
    ("GET", "/v1/wall/incidents"): guarded("GET", "/v1/wall/incidents", "/v1/wall/incidents?no=x", needs=WORK),
    ("GET", "/v1/wall/replay"): guarded("GET", "/v1/wall/replay?hours=1", needs=WORK),
    ("GET", "/v1/wall/staffing"): guarded("GET", "/v1/wall/staffing", needs=MANAGE),
    ("GET", "/v1/wall/on-duty"): guarded("GET", "/v1/wall/on-duty", needs=WORK),
    ("GET", "/v1/wall/workers"): guarded("GET", *(f"/v1/wall/workers?grid={c}001" for c in COMMUNITIES), needs=WORK),
    ("GET", "/v1/desk/incidents"): guarded("GET", "/v1/desk/incidents", "/v1/desk/incidents?no=x", needs=WORK),
    ("GET", "/v1/desk/incidents.csv"): guarded("GET", "/v1/desk/incidents.csv", needs=WORK),
    ("GET", "/v1/desk/figures"): guarded("GET", *(f"/v1/desk/figures?area={c}" for c in COMMUNITIES), needs=WORK),
    ("GET", "/v1/desk/people"): guarded("GET", *(f"/v1/desk/people?grid={c}001" for c in COMMUNITIES), needs=WORK),
    ("GET", "/command/export.html"): guarded("GET", "/command/export.html", needs=WORK),
    ("GET", "/v1/legacy"): guarded("GET", "/v1/legacy", *(f"/v1/legacy?area={c}" for c in (C, S, D)), needs=WORK),
    ("GET", "/v1/legacy/crosswalk"): figures(
        "/v1/legacy/crosswalk?department=crowd&area={area}", "/v1/legacy/crosswalk?department=crowd&area={area}&f=csv"
    ),
    ("GET", "/v1/calls"): guarded("GET", "/v1/calls", needs=WORK),
    ("GET", "/v1/calls/{no}"): guarded("GET", "/v1/calls/7", needs=WORK),
    ("GET", "/v1/policies"): guarded("GET", "/v1/policies", needs=WORK),
    ("GET", "/v1/policies/{area}"): guarded("GET", *(f"/v1/policies/{code}" for code in COMMUNITIES), needs=WORK),
    ("PUT", "/v1/policies/{area}"): guarded("PUT", "/v1/policies/nowhere", needs=TOP, body={"valid_from": "2030-01-01"}),
    ("GET", "/v1/profiles"): guarded("GET", "/v1/profiles", needs=WORK),
    ("GET", "/v1/profiles/stated"): guarded("GET", *(f"/v1/profiles/stated?area={code}" for code in COMMUNITIES), needs=WORK),
    ("GET", "/v1/feeds/incidents"): guarded("GET", "/v1/feeds/incidents?updated_since=2020-01-01T00:00:00Z", needs=WORK),
    ("GET", "/v1/webhooks"): guarded("GET", "/v1/webhooks", needs=FOLLOW),
    ("POST", "/v1/webhooks"): guarded("POST", "/v1/webhooks", needs=FOLLOW, body={}),
    ("GET", "/v1/webhooks/{webhook_id}"): guarded("GET", f"/v1/webhooks/{NOTHING}", needs=FOLLOW),
    ("PATCH", "/v1/webhooks/{webhook_id}"): guarded("PATCH", f"/v1/webhooks/{NOTHING}", needs=FOLLOW, body={"state": "active"}),
    ("DELETE", "/v1/webhooks/{webhook_id}"): guarded("DELETE", f"/v1/webhooks/{NOTHING}", needs=FOLLOW),
    ("POST", "/v1/webhooks/{webhook_id}/ping"): guarded("POST", f"/v1/webhooks/{NOTHING}/ping", needs=FOLLOW),
    ("GET", "/asyncapi"): anybody("GET", "/asyncapi"),
    ("GET", "/v1/events"): streamed,
    ("GET", "/open311/discovery.{form}"): anybody("GET", "/open311/discovery.json"),
    ("GET", f"{OPEN311}/discovery.{{form}}"): anybody("GET", f"{OPEN311}/discovery.json", f"{OPEN311}/discovery.xml"),
    ("GET", f"{OPEN311}/services.{{form}}"): anybody("GET", f"{OPEN311}/services.json"),
    ("GET", f"{OPEN311}/services/{{code:path}}.{{form}}"): anybody("GET", f"{OPEN311}/services/none.json"),
    ("GET", f"{OPEN311}/tokens/{{token:path}}.{{form}}"): anybody("GET", f"{OPEN311}/tokens/none.json"),
    ("GET", f"{OPEN311}/requests.{{form}}"): anybody("GET", f"{OPEN311}/requests.json", f"{OPEN311}/requests.xml"),
    ("POST", f"{OPEN311}/requests.{{form}}"): anybody("POST", f"{OPEN311}/requests.json", data={"service_code": "none"}),
    ("GET", f"{OPEN311}/requests/{{no}}.{{form}}"): anybody(
        "GET", *(f"{OPEN311}/requests/20260101{c}.json" for c in COMMUNITIES)
    ),
    ("GET", f"{OPEN311}/servicerequestupdates.{{form}}"): anybody("GET", f"{OPEN311}/servicerequestupdates.json"),
    ("POST", f"{OPEN311}/servicerequestupdates.{{form}}"): anybody(
        "POST", f"{OPEN311}/servicerequestupdates.json", data={"service_request_id": "none"}
    ),
    ("GET", f"{OPEN311}/media/{{picture}}"): anybody("GET", f"{OPEN311}/media/{NOTHING}.jpg"),
    ("GET", f"{OPEN311}/{{rest:path}}"): anybody("GET", f"{OPEN311}/nothing"),
}
