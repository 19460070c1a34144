"""Receipts over HTTP: whoever reported follows what becomes of it, wherever it lies, and learns nothing of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Serving, Store
from api.incidents.ways import rung
from api.loop.labels import ASIDE, label
from api.loop.words import STAGE_OF, Event, Outcome, RejectReason, Stage, State
from api.v1.answers import answer, private, tag
from api.v1.incident_documents import address
from api.v1.parameters import Code, Limit, only
from data.store.receipts import receipts
from gis.errors import NotFound, Unidentified

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.asked import Asked
    from api.incidents.rulebook import Book

router = APIRouter(prefix="/v1", tags=["incidents"])


@router.get("/receipts", dependencies=[Depends(only("before", "limit"))])
def list_receipts(
    asked: Asking,
    store: Store,
    serving: Serving,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="From where the page before ended.")] = None,
    limit: Limit = 100,
) -> Response:
    """List what you have reported yourself, wherever it lies, the newest first: where it stands, and what you were answered."""
    _require_known(asked)
    with store.read(asked.scope) as conn:
        found = receipts(conn, before=before, limit=limit + 1)
        book = serving.rules.read(conn)
    page = found[:limit]
    more = page[-1]["id"] if len(found) > limit else None
    return private(answer({"receipts": [_view(row, asked, book) for row in page], "next": more}))


@router.get("/incidents/{no}/receipt", dependencies=[Depends(only())])
def show_receipt(no: Code, asked: Asking, store: Store, serving: Serving) -> Response:
    """Show where an incident stands that you have reported yourself, wherever it lies, and what you were answered."""
    _require_known(asked)
    with store.read(asked.scope) as conn:
        found = receipts(conn, no=no, limit=1)
        book = serving.rules.read(conn)
    if not found:
        raise NotFound(f"you have reported no incident {no}", zh=f"您没有上报过事件“{no}”")
    return private(answer(_view(found[0], asked, book), etag=tag(no, found[0]["revision"], found[0]["words_erased_at"])))


def _require_known(asked: Asked) -> None:
    if not asked.caller.is_known:
        msg = "sign in, or show a key: a receipt is for whoever reported"
        raise Unidentified(msg, zh="请登录，或出示密钥：回执仅供上报人查看")


def _view(row: Mapping[str, Any], asked: Asked, book: Book) -> dict[str, Any]:
    words, here = book.words(row["path"], asked.today), address(asked, row["no"])
    outcome = None if row["outcome"] is None else Outcome(row["outcome"])
    return {
        "no": row["no"],
        "state": row["state"],
        "state_label": label(State(row["state"])).say(asked.lang),
        "stage": rung(_reached(row["events"] or ()), words, asked.lang),
        "kind": row["kind"],
        "category": row["category"],
        "title": row["title"],
        "description": row["description"],
        "address": row["address"],
        "words_erased_at": row["words_erased_at"],
        "located_by": row["located_by"],
        "lon": row["lon"],
        "lat": row["lat"],
        "urgent": row["urgent"],
        "answered": row["is_answered"],
        "answer": None if row["answer"] is None else _answered(row["answer"], asked),
        "outcome": outcome,
        "outcome_label": None if outcome is None else label(outcome).say(asked.lang),
        "reported_at": row["reported_at"],
        "accepted_at": row["accepted_at"],
        "closed_at": row["closed_at"],
        "due_at": row["due_at"],
        "updated_at": row["at"],
        "links": [{"rel": "self", "href": f"{here}/receipt", "type": "application/json"}],
    }


def _answered(said: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    reason = None if said["reason"] is None else RejectReason(said["reason"])
    told = {"reason": reason, "reason_label": label(reason).say(asked.lang)} if reason else {}
    return {"text": said["text"], "at": said["at"], **told}


def _reached(events: tuple[str, ...]) -> Stage:
    """Return the canonical stage that an incident has come to; what is said beside its way leads nowhere."""
    on_its_way = (Event(each) for each in reversed(events) if Event(each) not in ASIDE)
    return STAGE_OF[next(on_its_way, Event.REPORT)]
