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
    "month",
}
"""Parameters of which only one may be given, those whose texts have a grammar, and a month, which has to be over: no schema can
say any of it."""


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Keep a failure, unless the standard wants the answer as it is, or no schema could have told."""
    del context
    kind, query = type(failure).__name__, case.query or {}
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
