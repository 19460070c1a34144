"""Lists of incidents: the newest first, or what is due soonest; of those that the caller may see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg2.sql import SQL

from data.store.incidents import ENDED, rows_where
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg2.extensions import connection
    from psycopg2.sql import Composed

_PLACE = re.compile(r"(\d{8}T\d{12}Z|never)-(\d{1,19})", re.ASCII)
_MOMENT = "%Y%m%dT%H%M%S%fZ"
_NEVER = datetime.max.replace(tzinfo=UTC)
_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list is narrowed by; None leaves it open. `area` is a path.

    `hands` are organisations and one person: what they own, and what the organisations are called to and have not joined.
    `owner` is one of either that owns it, `department` one that the matter names or that owns it, `reporter` who reported it.
    Before `due_before` one of the clocks runs out that run now. `light` is the worse one of both clocks, `none` where neither
    runs; `text` is a part of the number or the title, whatever its case.
    """

    states: Sequence[str] | None = None
    is_open: bool | None = None
    category: str | None = None
    kind: str | None = None
    matter: str | None = None
    source: str | None = None
    grid: str | None = None
    area: str | None = None
    tier: int | None = None
    department: str | None = None
    owner: str | None = None
    supervision: int | None = None
    is_outside: bool | None = None
    is_overdue: bool | None = None
    is_urgent: bool | None = None
    on_the_spot: bool | None = None
    hands: tuple[Sequence[str], str | None] | None = None
    reporter: str | None = None
    reported_from: datetime | None = None
    reported_to: datetime | None = None
    closed_from: datetime | None = None
    closed_to: datetime | None = None
    due_before: datetime | None = None
    mode: str | None = None
    light: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """A place in the list of what is due soonest: behind an incident, by when it is due (None: no clock runs) and its id."""

    at: datetime
    id: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Due:
        """Return the place behind an incident."""
        runs = () if row["state"] == "suspended" else (row["due_at"], row["stage_due_at"])
        return cls(min((each for each in runs if each is not None), default=_NEVER), row["id"])

    def __str__(self) -> str:
        """Return it as a word for addresses."""
        return f"{'never' if self.at == _NEVER else self.at.astimezone(UTC).strftime(_MOMENT)}-{self.id}"

    @classmethod
    def read(cls, text: str, parameter: str) -> Due:
        """Return the place that a word stands for; `ParameterError` where it is none."""
        found = _PLACE.fullmatch(text)
        try:
            at = _NEVER if found is None or found[1] == "never" else datetime.strptime(found[1], _MOMENT).replace(tzinfo=UTC)
        except ValueError:
            found = None
            at = _NEVER
        if found is None or int(found[2]) > _MOST:
            msg = "this is no place in the list: begin without one"
            raise ParameterError(parameter, msg, code="invalid-cursor", zh="这不是列表中的位置：请从头开始")
        return cls(at, int(found[2]))


_CHOSEN = SQL(
    """(%(states)s::text[] IS NULL OR i.state = ANY (%(states)s::text[]))
       AND (%(is_open)s::boolean IS NULL OR (i.state <> ALL (%(ended)s::text[])) = %(is_open)s)
       AND (%(category)s::text IS NULL OR i.category = %(category)s)
       AND (%(kind)s::text IS NULL OR i.kind = %(kind)s)
       AND (%(matter)s::text IS NULL OR i.matter = %(matter)s)
       AND (%(source)s::text IS NULL OR i.source = %(source)s)
       AND (%(grid)s::text IS NULL OR i.grid_code = %(grid)s)
       AND (%(area)s::ltree IS NULL OR i.path <@ %(area)s::ltree)
       AND (%(tier)s::integer IS NULL OR i.tier = %(tier)s)
       AND (%(department)s::text IS NULL OR i.department = %(department)s OR i.owner_org = %(department)s)
       AND (%(owner)s::text IS NULL OR i.owner_org = %(owner)s OR i.owner_person::text = %(owner)s)
       AND (%(supervision)s::integer IS NULL OR i.supervision = %(supervision)s)
       AND (%(outside)s::boolean IS NULL OR (i.grid_code IS NULL) = %(outside)s)
       AND (%(overdue)s::boolean IS NULL OR (i.state <> ALL (%(ended)s::text[]) AND i.state <> 'suspended'
            AND coalesce(least(i.due_at, i.stage_due_at) < %(now)s, false)) = %(overdue)s)
       AND (%(urgent)s::boolean IS NULL OR i.urgent = %(urgent)s)
       AND (%(on_the_spot)s::boolean IS NULL OR i.on_the_spot = %(on_the_spot)s)
       AND (NOT %(mine)s OR i.owner_org = ANY (%(orgs)s::text[]) OR i.owner_person = %(person)s::uuid
            OR (i.state IN ('assigned', 'in_progress', 'suspended') AND i.no IN (
              SELECT p.no FROM wangge.call_participant p WHERE p.org = ANY (%(orgs)s::text[]) AND p.joined_at IS NULL)))
       AND (%(reporter)s::uuid IS NULL OR i.reporter = %(reporter)s::uuid)
       AND (%(since)s::timestamptz IS NULL OR i.reported_at >= %(since)s)
       AND (%(until)s::timestamptz IS NULL OR i.reported_at < %(until)s)
       AND (%(closed_since)s::timestamptz IS NULL OR coalesce(i.closed_at >= %(closed_since)s, false))
       AND (%(closed_until)s::timestamptz IS NULL OR coalesce(i.closed_at < %(closed_until)s, false))
       AND (%(mode)s::text IS NULL OR i.mode = %(mode)s)
       AND (%(light)s::text IS NULL OR %(light)s = CASE
            WHEN i.state = ANY (%(ended)s::text[]) OR i.state = 'suspended' THEN 'none'
            WHEN least(i.due_at, i.stage_due_at) IS NULL THEN 'none'
            WHEN least(i.due_at, i.stage_due_at) < %(now)s THEN 'red'
            WHEN least(i.soon_at, i.stage_soon_at) < %(now)s THEN 'yellow' ELSE 'green' END)
       AND (%(text)s::text IS NULL OR strpos(lower(i.no), lower(%(text)s)) > 0
            OR strpos(lower(i.title), lower(%(text)s)) > 0)"""
)
_IS_OPEN = SQL("i.state NOT IN ('closed', 'archived', 'rejected', 'voided')")
# As the index `incident_due` has it: what has no clock that runs comes last. Below a policy only what leaks nothing is looked
# for in an index, and `coalesce` is not known for that.
_DUE = SQL(
    "(CASE WHEN i.state = 'suspended' THEN 'infinity'::timestamptz"
    " ELSE least(i.due_at, i.stage_due_at, 'infinity'::timestamptz) END)"
)


def chosen(wanted: Filter, *, now: datetime) -> tuple[Composed, dict[str, Any]]:
    """Return the condition on incidents `i` that a filter is, and what it binds."""
    return SQL("{} {}").format(_CHOSEN, _due_before(wanted)), _bound(wanted, now)


def newest(conn: connection, wanted: Filter, *, now: datetime, before: int | None, limit: int) -> list[dict[str, Any]]:
    """Return incidents, the newest first; those before the id `before`."""
    rest = SQL("WHERE (%(before)s::bigint IS NULL OR i.id < %(before)s) AND {} {} ORDER BY i.id DESC LIMIT %(limit)s").format(
        _CHOSEN, _due_before(wanted)
    )
    return rows_where(conn, rest, _bound(wanted, now) | {"before": before, "limit": limit})


def soonest(conn: connection, wanted: Filter, *, now: datetime, after: Due | None, limit: int) -> list[dict[str, Any]]:
    """Return open incidents, what is due soonest first and what has no clock that runs last; those behind `after`."""
    rest, bound = soonest_of(wanted, now=now, after=after, limit=limit)
    return rows_where(conn, rest, bound)


def soonest_of(wanted: Filter, *, now: datetime, after: Due | None, limit: int) -> tuple[Composed, dict[str, Any]]:
    """Return what follows `SELECT … FROM wangge.incident i` in the question for what is due soonest, and what it binds."""
    behind = SQL("") if after is None else SQL("AND ({}, i.id) > (%(due)s::timestamptz, %(id)s)").format(_DUE)
    rest = SQL("WHERE {is_open} AND {chosen} {behind} {before} ORDER BY {due}, i.id LIMIT %(limit)s").format(
        is_open=_IS_OPEN, chosen=_CHOSEN, behind=behind, before=_due_before(wanted), due=_DUE
    )
    bound = _bound(wanted, now) | {"limit": limit}
    if after is not None:
        bound |= {"due": "infinity" if after.at == _NEVER else after.at, "id": after.id}
    return rest, bound


def _due_before(wanted: Filter) -> Composed | SQL:
    if wanted.due_before is None:
        return SQL("")
    return SQL("AND {} AND {} < %(due_before)s::timestamptz").format(_IS_OPEN, _DUE)


def _bound(wanted: Filter, now: datetime) -> dict[str, Any]:
    orgs, person = wanted.hands or ((), None)
    return {
        "states": None if wanted.states is None else list(wanted.states), "is_open": wanted.is_open, "ended": list(ENDED),
        "category": wanted.category, "kind": wanted.kind, "matter": wanted.matter, "source": wanted.source,
        "grid": wanted.grid, "area": wanted.area, "tier": wanted.tier, "department": wanted.department, "owner": wanted.owner,
        "supervision": wanted.supervision, "outside": wanted.is_outside, "overdue": wanted.is_overdue,
        "urgent": wanted.is_urgent, "on_the_spot": wanted.on_the_spot, "mine": wanted.hands is not None, "orgs": list(orgs),
        "person": person, "reporter": wanted.reporter, "since": wanted.reported_from, "until": wanted.reported_to,
        "closed_since": wanted.closed_from, "closed_until": wanted.closed_to,
        "due_before": wanted.due_before, "now": now, "mode": wanted.mode, "light": wanted.light, "text": wanted.text,
    }  # fmt: skip
