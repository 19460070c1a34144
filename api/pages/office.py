"""The pages of those who sign in: the sign-in form, the list of plans, and a plan on its way through the approval.

The plans' pages ask `/v1/plans` themselves, as any other program may; what comes back enters them as text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import RedirectResponse

from api.asked import ask, service, store
from api.lang import LANG_COOKIE
from api.pages.documents import FILL
from api.pages.page import VARY, answer_page, around, inside
from api.who.caller import Right
from api.workflow import DRAFT, STEPS, SUPERSEDED, WITHDRAWN
from data.store import called, plans
from gis.errors import NotFound, ParameterError

if TYPE_CHECKING:
    from psycopg2.extensions import connection
    from starlette.requests import Request
    from starlette.responses import Response

    from api.asked import Asked

DESK = "/workspace"
"""Where somebody comes who signs in without having wanted to go anywhere."""
SESSION = "/v1/session"
"""Where the form is sent to sign in, and who asks to be forgotten."""
YEAR_S = 365 * 86_400


def sign_in_page(request: Request) -> Response:
    """Answer with the form for signing in; whoever is known already goes on to where they wanted to."""
    asked = ask(request)
    onward = inside(request.query_params.get("next", DESK))
    frame = around(asked, f"{asked.base}/sign-in")
    if asked.caller.is_known:
        return RedirectResponse(frame.root + onward, 303, {"Vary": VARY})
    return answer_page("sign_in.html", frame, onward=onward, session=frame.root + SESSION)


def plans_page(request: Request) -> Response:
    """Answer with the list of plans, for those who are known; others sign in first."""
    asked = ask(request)
    frame = around(asked, f"{asked.base}/plans")
    if not asked.caller.is_known:
        return sign_in_first(frame.root, "/plans")
    return answer_page("plans.html", frame, states=_states(), state=request.query_params.get("state", ""))


def new_plan_page(request: Request) -> Response:
    """Answer with the form that has communities divided; `job` names one that was begun, `town` the town to begin with."""
    asked = ask(request)
    frame = around(asked, f"{asked.base}/plans/new")
    if not asked.caller.is_known:
        return sign_in_first(frame.root, "/plans/new")
    town, job = (request.query_params.get(name, "") for name in ("town", "job"))
    return answer_page("new_plan.html", frame, town=town, job=job, today=asked.today.isoformat())


def plan_page(request: Request) -> Response:
    """Answer with the page of one plan."""
    asked = ask(request)
    plan = request.path_params["plan"]
    frame = around(asked, f"{asked.base}/plans/{plan}")
    if not asked.caller.is_known:
        return sign_in_first(frame.root, f"/plans/{plan}")
    with store(request).read(asked.scope) as conn:
        names = {each.code: each.name for each in called.areas(conn, asked.today)}
        may_print = _may_print(conn, asked, plan)
    return answer_page(
        "plan.html",
        frame,
        may_print=may_print,
        plan={
            "id": plan,
            "me": asked.caller.person_id,
            "today": asked.today.isoformat(),
            "names": names,
            "steps": [{"name": s.name, "takes": s.takes, "gives": s.gives, "tier": s.tier} for s in STEPS],
            "fill": FILL,
        },
    )


def _may_print(conn: connection, asked: Asked, plan: str) -> bool:
    """Say whether the sheets of a plan are for whoever asks: for those who see all of its households."""
    if not asked.caller.may(Right.SEE_HOUSEHOLDS):
        return False
    try:
        paths = plans.get(conn, plan).paths
    except NotFound:
        # What there is to say of that the page is told when it asks.
        return False
    return all(asked.caller.may(Right.SEE_HOUSEHOLDS, path) for path in paths)


def choose_language(request: Request) -> Response:
    """Remember a language, and go back to the page where it was chosen."""
    lang = request.query_params.get("to", "")
    if lang not in {"zh", "en"}:
        raise ParameterError("to", "to is zh or en")
    held = service(request)
    answer = RedirectResponse(held.settings.root_path + inside(request.query_params.get("back", "/")), 303)
    answer.set_cookie(
        LANG_COOKIE, lang, max_age=YEAR_S, path="/", secure=held.settings.is_secure, httponly=True, samesite="lax"
    )
    return answer


def _states() -> tuple[str, ...]:
    """Return the states that a plan may be in, in the order of the way."""
    return (DRAFT, *(step.gives for step in STEPS), SUPERSEDED, WITHDRAWN)


def sign_in_first(root: str, onward: str) -> Response:
    """Send somebody to the sign-in form, from which they go on to where they wanted to."""
    return RedirectResponse(f"{root}/sign-in?{urlencode({'next': onward})}", 303, {"Vary": VARY})
