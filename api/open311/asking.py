"""Who asks by Open311, and what every question may say: a key, a jurisdiction, from when to when, which page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from starlette.requests import Request

from api.asked import ask, service
from api.loop.record import moment
from api.open311.errors import NOT_THERE, fault, say
from api.parameters import refuse, taken
from api.who.caller import How, Right
from api.who.door import API_KEY_HEADER
from data.store import open311
from data.store.open311 import Page, Span
from gis.errors import NotFound, ParameterError, Unidentified

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.lang import Lang

PUBLIC = "open311"
"""What the settings call this service."""
LONGEST = timedelta(days=90)
"""From the first moment to the last that a list may ask for."""
MOST = 1_000
"""How many a list gives at once."""
DEEPEST = 20_000
"""How far pages reach; the store counts all that it passes over."""
MOST_NAMED = 1_000
"""How many ids or codes one parameter may name."""
_SECOND = timedelta(seconds=1)
_YEARS = range(1900, 2200)


@dataclass(frozen=True, slots=True)
class Question:
    """A question for everybody: who asks all the same, and its parameters, with what is wrong with them."""

    asked: Asked
    given: Mapping[str, str]
    faults: list[ParameterError]

    @property
    def lang(self) -> Lang:
        """The language of the answer."""
        return self.asked.lang


def question(request: Request, *known: str) -> Question:
    """Return a question that takes only `known` parameters, beside `jurisdiction_id` and `lang`.

    Raises
    ------
    Unidentified
        What it shows of its caller does not hold, or the settings do not let everybody ask.
    """
    asked = ask(request)
    if request.path_params.get("form", "xml") not in {"xml", "json"}:
        raise NotFound(say("unknown-format", asked.lang))
    if PUBLIC not in asked.scope.public and not asked.caller.may(Right.SEE_INTERNAL):
        raise Unidentified(say("not-open", asked.lang))
    given, faults = taken(request.query_params.multi_items(), (*known, "jurisdiction_id", "lang"))
    return Question(asked, given, faults)


def with_key(request: Request, key: str | None) -> Asked:
    """Return who sends something, by the key in the form or in the header; `Unidentified` where none holds.

    A cookie says nothing here: a browser would send it along with a form of somebody else's page.
    """
    dropped = {b"cookie"} | ({API_KEY_HEADER.encode()} if key else set[bytes]())
    shown = [pair for pair in request.scope["headers"] if pair[0] not in dropped]
    if key:
        shown.append((API_KEY_HEADER.encode(), key.encode()))
    as_shown = Request({**request.scope, "headers": shown})
    asked = ask(as_shown)
    if asked.caller.how is not How.KEY:
        raise Unidentified(say("key-required", asked.lang))
    # Whose request it was stands in its line of the log.
    request.scope["wangge.person"] = asked.caller.person_id
    if request.path_params.get("form") not in {"xml", "json"}:
        raise NotFound(say("unknown-format", asked.lang))
    asked.caller.require(Right.HANDLE_INCIDENTS)
    return asked


def jurisdiction_path(conn: connection, code: str | None, lang: Lang) -> str | None:
    """Return the path of the jurisdiction that is named, None where none is; raises `NotFound` where there is none such."""
    if not code:
        return None
    path = open311.jurisdiction(conn, code)
    if path is None:
        raise NotFound(say("unknown-jurisdiction", lang, value=code))
    return path


def named(asked: Question, parameter: str) -> list[str] | None:
    """Return what a parameter lists, between commas; None where it is not given."""
    text = asked.given.get(parameter)
    if text is None:
        return None
    listed = [part.strip() for part in text.split(",") if part.strip()]
    if len(listed) > MOST_NAMED:
        asked.faults.append(fault(parameter, "too-many", asked.lang, most=MOST_NAMED))
    return listed


def span_of(asked: Question) -> Span:
    """Return from when to when a list is asked for: both to the second, and both within.

    Where one end is not said it is 90 days from the other; where neither is, the last 90 days.
    """
    now = asked.asked.now
    first, last = _date(asked, "start_date"), _date(asked, "end_date")
    if first is not None and last is not None:
        if first > last:
            asked.faults.append(fault("start_date", "backwards", asked.lang))
        elif last - first > LONGEST:
            asked.faults.append(fault("start_date", "too-wide", asked.lang, most=LONGEST.days))
    if first is None:
        first = (last or now) - LONGEST
        return Span(since=first, until=None if last is None else last + _SECOND)
    return Span(since=first, until=(last or first + LONGEST) + _SECOND)


def page_of(asked: Question) -> Page:
    """Return which page of a list is asked for; one that is too large is the largest."""
    number, size = _count(asked, "page", 1), min(_count(asked, "page_size", MOST), MOST)
    offset = (number - 1) * size
    if offset + size > DEEPEST:
        asked.faults.append(fault("page", "too-deep", asked.lang, most=DEEPEST))
    return Page(offset=offset, limit=size)


def next_link(request: Request, asked: Question, page: Page, found: int) -> dict[str, str]:
    """Return the header that leads to the next page, if more were found than a page holds."""
    if found <= page.limit or page.offset + 2 * page.limit > DEEPEST:
        return {}
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    number = page.offset // page.limit + 2
    query = request.url.include_query_params(page=number, page_size=page.limit).query
    return {"Link": f'<{asked.asked.base}{path}?{query}>; rel="next"'}


def checked(asked: Question) -> None:
    """Raise where something is wrong with the parameters: all of it at once."""
    refuse(asked.faults)


def unknown_services(asked: Question, parameter: str, codes: list[str], known: set[str]) -> None:
    """Note the codes of services that nobody knows."""
    missing = [code for code in codes if code not in known]
    asked.faults.extend(fault(parameter, "unknown-service", asked.lang, code=NOT_THERE, value=code) for code in missing)


def _date(asked: Question, parameter: str) -> datetime | None:
    text = asked.given.get(parameter)
    if not text:
        return None
    try:
        # A plus sign that nobody has escaped arrives as a blank.
        read = moment(text.strip().replace(" ", "+"))
    except ValueError:
        read = None
    if read is None or read.year not in _YEARS:
        asked.faults.append(fault(parameter, "no-date", asked.lang))
        return None
    return read


def _count(asked: Question, parameter: str, otherwise: int) -> int:
    text = asked.given.get(parameter)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0):  # noqa: PLR2004 - nobody has so many
        asked.faults.append(fault(parameter, "no-count", asked.lang))
        return otherwise
    return int(text)


def zone_of(request: Request) -> str:
    """Return the name of the zone in which moments are written."""
    return service(request).settings.zone
