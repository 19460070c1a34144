"""What schemathesis takes for a fault and is none: it reads this by itself, in its own process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

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
CONDITIONS = {412, 428}
"""RFC 9110 and 6585: which state somebody has seen is right or wrong at a moment, and asked for where there is one to see."""
OF_THE_STORE = {
    "idempotency-key-reused": "a key stands for one request, and was given with another before",
    "invalid-cursor": "a cursor is what the page before said",
    "unknown-target": "nothing has this code, or not on this day",
    "unknown-party": "the same, of an organisation or a person",
    "limit_matter": "the same, of a matter",
    "matter_not_here": "the same, of a matter where the grid lies",
    "matter_department": "no organisation of that area",
    "matter_without_power": "what the matter says of itself does not let it be admitted",
    "matter_without_funding": "the same",
    "matter_not_for_grids": "the same",
    "out-of-area": "nobody's ground, or somebody else's",
    "no-place": "an address that nobody knows",
    "ambiguous-address": "one that may mean several places",
    "target-forbidden": "where nothing is sent to, whatever the name of it",
    "target-unknown": "a name that stands for nothing",
    "future-week": "not begun on the day of the request",
    "month-not-over": "the same",
    "month-not-begun": "the same",
    "unknown-field": "which fields a step has depends on where the incident stands",
    "missing-field": "the same, of those that it needs",
    "not-rated": "no dimension of that assessment, or one that data decide",
}
"""Refusals that say how things stand, by their codes."""
OF_EACH_OTHER = {
    "empty-window": "its end is not after its beginning, or too long after it",
    "invalid-week": "most years have no week 53",
    "invalid-rules": "a minimum above the target, or that above the maximum",
    "geometry-invalid": "a ring that is not closed, or crosses itself",
    "password-simple": "one character, again and again",
    "password-is-login": "the login",
    "weights-not-100": "a sum",
    **dict.fromkeys(
        ("dimension-twice", "metric-twice", "calendar_twice", "limit_twice"), "two with the same name, day or stage"
    ),
    "calendar_kind": "sessions that overlap, or end before they begin",
    "calendar_year": "a day of another year than that of the address",
    **dict.fromkeys(
        (
            *("letter_twice", "upside_down", "contradicts_symbol", "letter_of_others", "counts_no_persons", "excludes_itself"),
            *("too_few_kinds", "unknown_letter", "unbound_number", "not_in_formula", "out_of_order", "counted_twice"),
        ),
        "a staffing rule whose parts contradict each other",
    ),
    **dict.fromkeys(
        ("rated-plainly", "metric-not-scored", "wrong-direction", "bands-of-a-rate", "ends-missing", "invalid-bands"),
        "a figure with a direction, ends or bands that are not its own",
    ),
}
"""Refusals of things that do not go together: JSON Schema compares no two values."""
COMPARED = {
    *("to", "until", "ends_at", "expires_at", "valid_to", "day", "visited", "after", "before"),
    *("area", "grid", "no", "town", "communities", "is_duty_chief", "raters", "source", "flow", "mode", "review_score"),
    *("login", "name"),
}
"""Parameters that have to fit another one, the day of the request or what there is, where only `invalid-parameter` says so; and
names, which have no characters but printed ones."""


def _is_beyond(fault: dict[str, Any]) -> bool:
    """Whether a fault is one that no schema can say."""
    code, parameter = fault.get("code", ""), fault.get("parameter", "")
    return (
        parameter in GRAMMARS
        or code in OF_THE_STORE
        or code in OF_EACH_OTHER
        or (code == "invalid-parameter" and parameter in COMPARED)
    )


def _was_rightly_refused(case: Case, response: Response) -> bool:
    """Whether what the description allows was refused for a reason that it cannot give."""
    if response.status_code in CONDITIONS:
        return True
    if "json" not in response.headers["content-type"][0]:
        return True  # a page for people does not say which parameter it was; the same is asked for JSON too
    if case.media_type == "text/csv":
        return True  # the lines of a list have a grammar
    problem = response.json()
    if "\x00" in str((case.query or {}).values()) or "NUL" in problem["detail"]:
        return True  # a text in PostgreSQL has no NUL
    return all(_is_beyond(fault) for fault in problem.get("errors") or [problem])


def _was_rightly_taken(case: Case) -> bool:
    """Whether what the description does not allow was taken, and had to be."""
    query = case.query or {}
    if str(query.get("limit", "")).isdigit() and int(query["limit"]) > LONGEST_PAGE:
        return True  # /req/core/fc-limit-response-1: a limit above the largest is no error, it is taken for the largest
    lists = {each.name for each in case.operation.query if '"array"' in json.dumps(each.definition.get("schema", {}))}
    return any(isinstance(query.get(name), str) for name in lists)  # in an address one text and a list of it are the same


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Keep a failure, unless the standard wants the answer as it is, or no schema could have told."""
    del context
    kind = type(failure).__name__
    if kind == "AcceptedNegativeData":
        return not _was_rightly_taken(case)
    if kind == "RejectedPositiveData":
        return not _was_rightly_refused(case, response)
    return True
