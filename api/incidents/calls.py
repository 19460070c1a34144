"""A district call's rows: what the log of its incident says, as lists can ask for it; and in what they say otherwise."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from api.loop.call import Call, Participant
from data.store import calls

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from data.store.calls import Kept


def keep_call(conn: connection, no: str, before: Call | None, after: Call | None) -> None:
    """Write what a step has changed of an incident's call, in the transaction of the step."""
    if after == before:
        return
    if after is None:
        calls.drop(conn, no)
        return
    calls.keep(
        conn,
        no,
        {name: getattr(after, name) for name in calls.COLUMNS},
        [{name: getattr(each, name) for name in calls.CALLED} for each in after.participants],
    )


def call_of(kept: Kept) -> Call:
    """Return a call as the rules know it, from its rows."""
    return Call(participants=tuple(Participant(**each) for each in kept.called), **kept.columns)


def unlike(kept: Call | None, said: Call | None) -> tuple[str, ...]:
    """Return in what a call that is kept is not as its log says; `call` where only one of them knows of it."""
    if kept is None or said is None:
        return () if kept is said else ("call",)
    return tuple(each.name for each in fields(Call) if getattr(kept, each.name) != getattr(said, each.name))
