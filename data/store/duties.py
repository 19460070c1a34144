"""Duties in the store: what areas say is owed, what was done, and by whom something is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.sql import SQL

from data.store.dated import say_from
from data.store.log import record
from data.store.sql import many, maybe
from gis.errors import Conflict, NotFound, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from data.store.plans import AreaRow

_SAID = ("name", "kind", "every", "times", "each", "role", "workdays")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """A duty as an area says it from a day until another; `began` is since when it has said something under the code."""

    area_id: int
    area: str
    path: str
    code: str
    says: Mapping[str, Any]
    valid_from: date
    valid_to: date | None
    began: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What targets with one path owed in a period (`span`: which of those asked): how many they are, what they owed and did."""

    span: int
    path: str
    targets: int
    owed: int
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """A target that did less in a period than it owed."""

    target: str
    since: date
    deadline: date
    owed: int
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLog:
    """A duty that was done: by which target, on which day."""

    target: str
    path: str
    day: date
    note: str
    actor: str
    client_uuid: str | None


def state(conn: connection, area: AreaRow, code: str, says: Mapping[str, Any] | None, *, day: date) -> bool:
    """Say what an area owes under a code from `day` on (None: nothing); return whether that changes anything."""
    row = None if says is None else {name: says[name] for name in _SAID}
    changed = say_from(conn, "duty_plan", {"area_id": area.id, "code": code}, row, day=day)
    if changed:
        body = {"valid_from": day.isoformat(), "says": row}
        record(conn, "duty.stated", path=area.path, subject=code, body=body)
    return changed


def plans(
    conn: connection, *, first: date, last: date, area: str | None = None, of: int | None = None, code: str | None = None
) -> list[PlanRow]:
    """Return the duties of days from `first` to `last` that the caller may see, by area and code, each change of one in order.

    `area` is a path: those that are owed there or in it; `of` the id of the area that says it.
    """
    rows = many(
        conn,
        # What follows directly on what was said before goes on: gaps alone begin anew.
        """WITH said AS (
             SELECT d.*, count(*) FILTER (WHERE d.is_new) OVER w AS run FROM (
               SELECT d.*, lag(upper(d.valid)) OVER w IS DISTINCT FROM lower(d.valid) AS is_new FROM wangge.duty_plan d
               WINDOW w AS (PARTITION BY d.area_id, d.code ORDER BY lower(d.valid))) d
             WINDOW w AS (PARTITION BY d.area_id, d.code ORDER BY lower(d.valid))
           ), begun AS (SELECT s.*, min(lower(s.valid)) OVER (PARTITION BY s.area_id, s.code, s.run) AS began FROM said s)
           SELECT b.area_id, a.code, b.path::text, b.code, b.name, b.kind, b.every, b.times, b.each, b.role, b.workdays,
             lower(b.valid), upper(b.valid), b.began
           FROM begun b JOIN wangge.area a ON a.id = b.area_id
           WHERE b.valid && daterange(%(first)s, %(last)s, '[]') AND (%(of)s::bigint IS NULL OR b.area_id = %(of)s)
             AND (%(code)s::text IS NULL OR b.code = %(code)s)
             AND (%(area)s::ltree IS NULL OR b.path <@ %(area)s::ltree OR b.path @> %(area)s::ltree)
           ORDER BY nlevel(b.path), b.path, b.code, lower(b.valid)""",
        {"first": first, "last": last, "area": area, "of": of, "code": code},
    )
    return [
        PlanRow(
            area_id=row[0], area=row[1], path=row[2], code=row[3], says=dict(zip(_SAID, row[4:11], strict=True)),
            valid_from=row[11], valid_to=row[12], began=row[13],
        )
        for row in rows
    ]  # fmt: skip


# Those that owe a duty on a day and that the caller sees: of a day to come, those there are today.
_TARGETS = SQL("""WITH span AS (
      SELECT * FROM unnest(%(spans)s::integer[], %(since)s::date[], %(until)s::date[], %(deadline)s::date[])
        AS s (n, since, until, deadline)
    ), target AS (
      SELECT s.n, g.code, g.path FROM span s JOIN wangge.grid g ON g.in_force @> least(s.deadline, %(today)s::date)
      WHERE %(each)s = 'grid' AND g.path <@ %(path)s::ltree
      UNION ALL
      SELECT s.n, a.code, a.path FROM span s JOIN wangge.area_version v ON v.valid @> least(s.deadline, %(today)s::date)
        JOIN wangge.area a ON a.id = v.area_id
      WHERE %(each)s IN ('community', 'street') AND a.level = %(each)s AND a.path <@ %(path)s::ltree
      UNION ALL
      SELECT s.n, a.code, a.path FROM span s CROSS JOIN wangge.area a WHERE %(each)s = 'area' AND a.id = %(of)s
      UNION ALL
      SELECT s.n, o.code, o.path FROM span s CROSS JOIN wangge.org o
      WHERE %(each)s = 'unit' AND o.kind = 'unit' AND o.active AND o.path <@ %(path)s::ltree
    ), owed AS (
      SELECT t.n, t.code, t.path, s.since, s.deadline, (
        SELECT least(count(*), %(times)s) FROM wangge.duty_log l
        WHERE l.area_id = %(of)s AND l.code = %(code)s AND l.target = t.code AND l.day >= s.since AND l.day < s.until) AS done
      FROM target t JOIN span s USING (n)
      WHERE t.path <@ ANY (wangge.scope(1)) AND (%(area)s::ltree IS NULL OR t.path <@ %(area)s::ltree)
    ) """)


def counted(
    conn: connection, plan: PlanRow, spans: Sequence[tuple[date, date, date]], *, area: str | None, today: date
) -> list[Counted]:
    """Return what was owed and done in periods (since, until, deadline), by the path of those who owe it, in an area."""
    rows = many(
        conn,
        _TARGETS
        + SQL("""SELECT n, path::text, count(*), count(*) * %(times)s, sum(done)::bigint FROM owed
             GROUP BY n, path ORDER BY n, path"""),
        _asked(plan, spans, area, today),
    )
    return [Counted(span=n, path=path, targets=targets, owed=owed, done=done) for n, path, targets, owed, done in rows]


def short(
    conn: connection, plan: PlanRow, spans: Sequence[tuple[date, date, date]], *, area: str | None, today: date, limit: int
) -> list[Short]:
    """Return who did less than they owed in periods, the latest period first."""
    rows = many(
        conn,
        _TARGETS
        + SQL("""SELECT code, since, deadline, %(times)s, done FROM owed WHERE done < %(times)s
             ORDER BY since DESC, code COLLATE "C" LIMIT %(limit)s"""),
        {**_asked(plan, spans, area, today), "limit": limit},
    )
    return [Short(target=target, since=since, deadline=end, owed=owed, done=done) for target, since, end, owed, done in rows]


def _asked(plan: PlanRow, spans: Sequence[tuple[date, date, date]], area: str | None, today: date) -> dict[str, Any]:
    return {
        "spans": list(range(len(spans))), "since": [each[0] for each in spans], "until": [each[1] for each in spans],
        "deadline": [each[2] for each in spans], "each": plan.says["each"], "times": plan.says["times"], "path": plan.path,
        "of": plan.area_id, "code": plan.code, "area": area, "today": today,
    }  # fmt: skip


def target_path(conn: connection, plan: PlanRow, target: str, day: date) -> str:
    """Return where one of those lies who owe a duty; `ParameterError` where it is none of them."""
    asked = _asked(plan, [(day, day, day)], None, day) | {"target": target}
    row = maybe(conn, _TARGETS + SQL("SELECT path::text FROM owed WHERE code = %(target)s"), asked)
    if row is None:
        each = plan.says["each"]
        raise ParameterError("target", f"{target} is no {each} of yours that owes {plan.code}", code="unknown-target")
    return row[0]


def add(conn: connection, plan: PlanRow, made: NewLog, *, now: datetime) -> tuple[int, bool]:
    """Write down that a duty was done; return its number, and whether it is new. Sent twice it is one."""
    row = maybe(
        conn,
        """INSERT INTO wangge.duty_log (area_id, code, target, path, day, note, actor, client_uuid, at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (client_uuid) DO NOTHING RETURNING id""",
        [plan.area_id, plan.code, made.target, made.path, made.day, made.note, made.actor, made.client_uuid, now],
    )
    if row is None:
        kept = maybe(conn, "SELECT id FROM wangge.duty_log WHERE client_uuid = %s", [made.client_uuid])
        if kept is None:
            raise Conflict("somebody else has sent something by this id", code="already-exists")
        return kept[0], False
    body = {"area": plan.area, "target": made.target, "day": made.day.isoformat()}
    record(conn, "duty.done", path=made.path, subject=plan.code, body=body)
    return row[0], True


def logs(conn: connection, plan: PlanRow, *, area: str | None, before: int | None, limit: int) -> list[tuple[Any, ...]]:
    """Return number, target, day and note of what was done under a duty's code, the newest first."""
    return many(
        conn,
        """SELECT id, target, day, note FROM wangge.duty_log
           WHERE area_id = %(of)s AND code = %(code)s AND (%(before)s::bigint IS NULL OR id < %(before)s)
             AND (%(area)s::ltree IS NULL OR path <@ %(area)s::ltree) ORDER BY id DESC LIMIT %(limit)s""",
        {"of": plan.area_id, "code": plan.code, "before": before, "area": area, "limit": limit},
    )


def plan_of(conn: connection, area: AreaRow, code: str, day: date) -> PlanRow:
    """Return what an area says under a code on a day; `NotFound` where it says nothing."""
    found = plans(conn, first=day, last=day, of=area.id, code=code)
    if not found:
        raise NotFound(f"{area.code} states no duty {code} on {day}", zh=f"{area.code}在{day}没有名为“{code}”的工作安排")
    return found[0]
