"""What schemathesis takes for a fault and is none: it reads this by itself, in its own process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import schemathesis

if TYPE_CHECKING:
    from schemathesis import Case, HookContext, Response
    from schemathesis.core.failures import Failure

LONGEST_PAGE = 10_000
GRAMMARS = {
    *("at", "as-of", "datetime", "cursor", "offset"),
    *("bbox", "bbox-crs", "crs", "filter", "filter-crs", "properties", "scope", "sortby", "v"),
}
"""Parameters of which only one may be given, and those whose texts have a grammar: a schema can say neither."""

GOVERNANCE = tuple(
    f"/v1/{name}"
    for name in (
        "assessments", "calendar", "feeds", "grid-matters", "incidents", "limits", "matters", "modes", "orders", "orgs",
        "panel",
        "patrols", "posts", "problem-points", "profiles", "reviews", "staff", "stations", "stats", "visits", "webhooks",
    )
)  # fmt: skip
"""Resources whose bodies still allow more in their description than they take (12.0 for a whole number, an empty text for a
number, codes with a grammar), and whose addresses are cases of each other (`due` of `{year}`: it has the methods of both)."""
_NOT_YET = {"RejectedPositiveData", "UnsupportedMethodResponse", "AllowHeaderMismatch"}


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Keep a failure, unless the standard wants the answer as it is, or no schema could have told."""
    del context
    kind, query = type(failure).__name__, case.query or {}
    if kind in _NOT_YET and case.path.startswith(GOVERNANCE):
        return False
    if kind == "AcceptedNegativeData" and str(query.get("limit", "")).isdigit() and int(query["limit"]) > LONGEST_PAGE:
        return False  # /req/core/fc-limit-response-1: a limit above the largest is no error, it is taken for the largest
    if kind == "RejectedPositiveData" and response.status_code == 400:
        if "json" not in response.headers["content-type"][0]:
            return False  # a page for people does not say which parameter it was; the same is asked for JSON too
        problem = response.json()
        if "\x00" in str(query.values()) or "NUL" in problem["detail"]:
            return False  # a text in PostgreSQL has no NUL
        wrong = {error.get("parameter", "") for error in problem.get("errors", [{}])}
        return not wrong <= GRAMMARS
    return True
