"""District calls over HTTP (呼叫、分办、联动、销号): list and look. They are made, and go on, by steps of their incident."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Serving, Store
from api.desk_view import org_labels
from api.incidents.calls import call_of
from api.incidents.desk import standing_of
from api.incidents.offered import transitions
from api.loop.labels import CALL_STEPS, Label, label
from api.loop.words import Event, State
from api.v1.answers import answer, tag
from api.v1.parameters import NO_NUL, Code, Limit, only
from api.v1.tables import AS_CSV, AsTable, lines_of, table
from api.who.caller import Right
from data.store import calls
from data.store.plans import path_named

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from api.asked import Asked
    from api.incidents.rulebook import Book
    from api.loop.call import Call
    from data.store.calls import Kept

router = APIRouter(prefix="/v1/calls", tags=["incidents"])


class Stand(StrEnum):
    """Where a call stands: the step that was made last."""

    CALLED = "called"
    ASSIGNED = "assigned"
    JOINT = "joint"
    HANDLED = "handled"
    CLEARED = "cleared"
    VOIDED = "voided"


_LABELS: Mapping[Stand, Label] = {
    Stand.CALLED: Label("已呼叫，待分办", "Called, departments to be named"),
    Stand.ASSIGNED: Label("已分办，待报到", "Departments named, to join"),
    Stand.JOINT: Label("联动处置中", "Being handled jointly"),
    Stand.HANDLED: Label("已处置，待销号", "Handled, to be cleared off"),
    Stand.CLEARED: Label("已销号", "Cleared off"),
    Stand.VOIDED: Label("事件已作废", "The incident is void"),
}


@router.get(
    "", dependencies=[Depends(only("area", "org", "late", "before", "limit", "f", several=("state",)))], responses=AS_CSV
)
def list_calls(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    serving: Serving,
    wish: AsTable,
    area: Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area.")] = None,
    org: Annotated[
        str | None, Query(max_length=110, pattern=NO_NUL, description="An organisation that has called, or was called.")
    ] = None,
    state: Annotated[list[Stand] | None, Query()] = None,
    late: Annotated[
        bool | None, Query(description="Whether a department joined after its time, or has not joined though it is over.")
    ] = None,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="From where the page before ended.")] = None,
    limit: Limit = 100,
) -> Response:
    """List the calls of streets for departments that you may see, the newest first. As CSV: all of them.

    `orgs` says what those in them are called.
    """
    limit = lines_of(wish, limit)
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        wanted = calls.Filter(
            area=path_named(conn, area),
            org=org,
            states=None if state is None else [str(each) for each in state],
            is_late=late,
        )
        found = calls.listed(conn, wanted, now=asked.now, before=before, limit=limit + 1)
        book = serving.rules.read(conn)
        page = found[:limit]
        parties = {org for each in page for org in (each.columns["street"], *(one["org"] for one in each.called))}
        called = org_labels(conn, parties, asked)
    more = page[-1].id if len(found) > limit else None
    found_now = [_view(each, asked, book) for each in page]
    lines = [_line(each) for each in found_now]
    document = {"calls": found_now, "orgs": called, "next": more}
    return table(wish, document, lines, name=f"calls-{asked.today}", first_by="newest" if more else "")


@router.get("/{no}", dependencies=[Depends(only())])
def show_call(no: Code, asked: Asking, store: Store, serving: Serving) -> Response:
    """Show the call of an incident: its four steps, who was called, and what you may do now (by the incident's transitions)."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        kept = calls.get(conn, no)
        book = serving.rules.read(conn)
        document = _view(kept, asked, book) | {"transitions": transitions(conn, no, standing_of(conn, no), asked, book)}
    return answer(document, etag=tag(no, kept.incident["revision"]))


def _view(kept: Kept, asked: Asked, book: Book) -> dict[str, Any]:
    call, about, no = call_of(kept), kept.incident, quote(kept.no, safe="")
    late = call.late(asked.now)
    names = {**CALL_STEPS, **book.words(about["path"], asked.today).call}
    return {
        "no": kept.no,
        "state": kept.state,
        "state_label": _LABELS[Stand(kept.state)].say(asked.lang),
        "street": call.street,
        "summary": call.summary,
        "steps": [
            {"step": str(event), "label": names[event].say(asked.lang), "at": made} for event, made in _made(call).items()
        ],
        "join_due_at": call.join_due_at,
        "handled_at": call.handled_at,
        "late": bool(late),
        "participants": [
            {
                "org": each.org,
                "lead": each.lead,
                "mandatory": each.lead or each.mandatory,
                "joined_at": each.joined_at,
                "late": each.org in late,
                "rating": each.rating,
            }
            for each in call.participants
        ],
        "incident": {
            "state": about["state"],
            "state_label": label(State(about["state"])).say(asked.lang),
            "category": about["category"],
            "title": about["title"],
            "grid": about["grid_code"],
        },
        "links": [
            {"rel": "self", "href": f"{asked.base}/v1/calls/{no}", "type": "application/json"},
            {"rel": "incident", "href": f"{asked.base}/v1/incidents/{no}", "type": "application/json"},
        ],
    }


def _line(view: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call as a line of a table: a column for each step, and who was called and who has joined as lists."""
    there = view["participants"]
    return {
        **{name: value for name, value in view.items() if name not in {"steps", "participants", "links"}},
        **{f"{each['step']}_at": each["at"] for each in view["steps"]},
        "called": [each["org"] for each in there],
        "joined": [each["org"] for each in there if each["joined_at"] is not None],
    }


def _made(call: Call) -> dict[Event, datetime | None]:
    """Return when each step was made; joined they have with the last department that has to be there."""
    return {
        Event.CALL: call.called_at,
        Event.ASSIGN: call.assigned_at,
        Event.JOIN: call.joint_started_at,
        Event.CLEAR_OFF: call.cleared_at,
    }
