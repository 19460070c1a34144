"""Updates of service requests, as mySociety has added them to Open311: what has happened since, and what others say of it.

What somebody sends becomes what the loop lets them do; its rules decide whether it is theirs. The text is a comment among those
who deal with it, which nobody else reads. While the reporter is being asked (`feedback`), FIXED is, besides, a reporter who is
satisfied, and REOPEN one who is not. REOPEN of what is closed reopens it, and the text is the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.from_thread

from api.asked import service, store
from api.idempotency import once_for
from api.incidents.desk import act
from api.loop.record import moment
from api.loop.take import Act
from api.loop.words import Event, Satisfaction, State
from api.open311.answers import respond
from api.open311.asking import checked, jurisdiction_path, next_link, page_of, question, span_of, with_key, zone_of
from api.open311.documents import update_id, writer
from api.open311.errors import fault, say
from api.open311.form import KEY, read_form
from api.parameters import refuse
from data.store import incidents, open311
from data.store.open311 import Page
from gis.errors import NotFound, Refused

if TYPE_CHECKING:
    from psycopg2.extensions import connection
    from starlette.requests import Request
    from starlette.responses import Response

    from api.asked import Asked
    from api.open311.form import Sent
    from gis.errors import ParameterError

STATUSES = (
    "OPEN", "INVESTIGATING", "IN_PROGRESS", "ACTION_SCHEDULED", "FIXED", "DUPLICATE", "NOT_COUNCILS_RESPONSIBILITY",
    "NO_FURTHER_ACTION", "INTERNAL_REFERRAL", "FOR_TRIAGE", "CANCELLED", "CLOSED", "REOPEN",
)  # fmt: skip
"""The statuses that an update may have."""
REPORTER = {
    "FIXED": (Satisfaction.SATISFIED, "报告人表示问题已解决 (the reporter says that it is fixed)"),
    "REOPEN": (Satisfaction.UNSATISFIED, "报告人表示问题未解决 (the reporter says that it is not fixed)"),
}
"""What a status says of the reporter while they are being asked."""
NEEDED = ("service_request_id", "update_id", "status", "updated_datetime", "description")
LONGEST = {"service_request_id": 100, "update_id": 200, "description": 3_900}
"""Characters: with the status before it, a description still is a comment."""


def listing(request: Request) -> Response:
    """List what has happened, the oldest first. An update keeps its id: whoever asks again about the same time knows it."""
    asked = question(request, "start_date", "end_date", "page", "page_size")
    span, page = span_of(asked), page_of(asked)
    checked(asked)
    with store(request).read(asked.asked.scope) as conn:
        path = jurisdiction_path(conn, asked.given.get("jurisdiction_id"), asked.lang)
        one_more = Page(offset=page.offset, limit=page.limit + 1)
        found = open311.updates(conn, span, one_more, jurisdiction=path)
        write = writer(conn, asked.asked, zone_of(request))
    documents = [write.update(line) for line in found[: page.limit]]
    headers = next_link(request, asked, page, len(found))
    return respond(request, "service_request_updates", documents, lang=asked.lang, headers=headers)


def send(request: Request) -> Response:
    """Take an update. Names and addresses of whoever wrote it are not kept."""
    sent = anyio.from_thread.run(read_form, request)
    asked = with_key(request, sent.get(KEY))
    once = once_for(request, asked, sent.canonical())
    with store(request).write(asked.scope) as conn:
        return once(conn, lambda: _take(request, conn, asked, sent))


def _take(request: Request, conn: connection, asked: Asked, sent: Sent) -> Response:
    refuse(_faults(sent, asked))
    jurisdiction_path(conn, sent.get("jurisdiction_id"), asked.lang)
    theirs, no = sent.get("update_id"), sent.get("service_request_id")
    before = open311.update_sent(conn, asked.caller.person_id, theirs)
    if before is not None:
        return _receipt(request, asked, *before, status=200)
    try:
        state = State(incidents.get(conn, no)["state"])
    except NotFound:
        # What everybody sees is there, though not theirs.
        if open311.named(conn, [no]):
            raise Refused(say("not-yours", asked.lang, value=no)) from None
        raise NotFound(say("unknown-request", asked.lang, value=no)) from None
    seq = max(act(conn, no, each, asked, service(request).rules).record.seq for each in _acts(state, sent))
    open311.keep_update(conn, asked.caller.person_id, theirs, no=no, seq=seq)
    return _receipt(request, asked, no, seq, status=201)


def _faults(sent: Sent, asked: Asked) -> list[ParameterError]:
    found = [] if sent.is_form else [fault("content-type", "no-form", asked.lang)]
    found += sent.missing(NEEDED, asked.lang)
    found += sent.too_long(LONGEST, asked.lang)
    if sent.get("status") and sent.get("status").upper() not in STATUSES:
        found.append(fault("status", "unknown-status", asked.lang, value=", ".join(STATUSES)))
    try:
        moment(sent.get("updated_datetime") or "2000-01-01T00:00:00Z")
    except ValueError:
        found.append(fault("updated_datetime", "no-date", asked.lang))
    return found


def _acts(state: State, sent: Sent) -> list[Act]:
    """Return what an update is to the loop."""
    status, said = sent.get("status").upper(), sent.get("description")
    if state is State.CLOSED and status == "REOPEN":
        return [Act(event=Event.REOPEN, payload={"reason": said})]
    acts = [Act(event=Event.COMMENT, payload={"text": f"{status}: {said}"})]
    if state is State.FEEDBACK and status in REPORTER:
        result, answer = REPORTER[status]
        # The answer is everybody's to read, so it is not what a stranger has written.
        acts.append(Act(event=Event.FEEDBACK, payload={"result": str(result), "answer": answer}))
    return acts


def _receipt(request: Request, asked: Asked, no: str, seq: int, *, status: int) -> Response:
    document = [{"update_id": update_id(no, seq)}]
    headers = {"Cache-Control": "no-store"}
    return respond(request, "service_request_updates", document, lang=asked.lang, status=status, headers=headers)
