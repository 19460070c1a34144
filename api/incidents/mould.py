"""A mould for imported cases of one kind: the record and the columns that the rules give to one, with holes for what differs.

Two cases of the same kind differ by when and where, and by what they are called; all else follows from the rules, which are
asked once for each kind. `load.py` casts rows in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from api.incidents.rows import columns
from api.loop.conditions import reopens
from api.loop.incident import SYSTEM, Standing
from api.loop.record import DUE_AT, OWNER
from api.loop.take import Act, take
from api.loop.words import Event, State
from data.store.incident_load import HOLE
from data.store.incidents import STANDING
from data.store.sql import copy_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from api.loop.deadlines import Deadlines
    from api.loop.facts import Facts

NULL = "\\N"
TIMES = ("reported_at", "accepted_at", "closed_at", DUE_AT)
VARYING = (
    "no", "external_id", "path", "grid_code", "owner_org", "geom", "title", "description", "address", "reported_at",
    "accepted_at", "closed_at", DUE_AT, "wake_at",
)  # fmt: skip
"""The columns that differ from row to row."""
CAST = ("source", "kind", *(name for name in STANDING if name not in VARYING))
"""The columns that all rows of a mould share."""
_TEXTS = frozenset({"words", *TIMES})
_HOLES = _TEXTS | {OWNER, "place"}


@dataclass(frozen=True, slots=True)
class Mould:
    """The record of a row: `form` is its text, with `HOLE` for each of `holes`, and `pattern` the same for `%`.

    `after` are the columns `CAST` as COPY reads them. `wakes` is when the row wakes the ticker, as COPY reads it, unless it is
    so long after its closing (`wakes_after`).
    """

    form: str
    pattern: str
    holes: tuple[str, ...]
    after: str
    wakes: str
    wakes_after: timedelta | None


def mould(said: Mapping[str, Any], at: datetime, facts: Facts, deadlines: Deadlines) -> Mould:
    """Make the mould of all cases that differ from this one by place and times alone."""
    taken = take(Standing(), Act(event=Event.IMPORT, payload=said), SYSTEM, at, facts)
    holes: list[str] = []
    form = _with_holes(taken.record.as_json() | {"words": ""}, holes)
    row = columns(taken.standing, deadlines, facts.policy)
    ends = taken.standing.state is State.CLOSED and not reopens(taken.standing)
    return Mould(
        form=form,
        pattern=form.replace("%", "%%").replace(HOLE, "%s"),
        holes=tuple(holes),
        after="\t".join(copied(({"source": said["source"], "kind": said["kind"]} | row)[name]) for name in CAST),
        wakes=copied(row["wake_at"]),
        wakes_after=row["wake_at"] - row["closed_at"] if ends else None,
    )


def copied(value: object) -> str:
    """Return a text, number, truth or moment as COPY reads it."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "t" if value else "f"
    return value.isoformat() if isinstance(value, datetime) else copy_text(str(value))


def _with_holes(value: Mapping[str, Any], holes: list[str]) -> str:
    """Return an object as JSON, with `HOLE` where the value of a hole stands; their names go to `holes`.

    The quotation marks of a text are outside its hole.
    """
    inside: list[str] = []
    for name in value:
        if name in _HOLES:
            holes.append(name)
            text = f'"{HOLE}"' if name in _TEXTS else HOLE
        elif isinstance(value[name], dict):
            text = _with_holes(value[name], holes)
        else:
            text = orjson.dumps(value[name]).decode()
        inside.append(f'"{name}": {text}')
    return "{" + ", ".join(inside) + "}"
