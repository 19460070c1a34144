"""Many incidents for tests, written as the store's owner, and a recount of them in plain Python.

`fill` writes cases with histories, so that a case stands differently on different days; `Case` is what the recount knows:
every version with the moment from which it held. Nothing of the statements under test is used here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg2.extras import execute_values

from tests.published import COMMUNITIES, DISTRICT, STREETS

START = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)
CATEGORIES = ("rubbish", "dispute", "noise", "lights")
MATTERS = ("0101", "0102", "9999.1")
"""The second has a board, the last is nobody's."""
TRIAGE = ("government", "consultation", "private")
SOURCES = ("grid", "hotline_12345", "urban_mgmt")
ENDED = {"closed", "archived", "rejected", "voided"}


@dataclass
class Case:
    """One case: where it lies, and how it stood from each moment on."""

    no: str
    place: str | None
    """The code of the smallest area around it; None: in none."""
    grid: str | None
    versions: list[dict[str, Any]] = field(default_factory=list)

    def at(self, moment: datetime) -> dict[str, Any] | None:
        """Return how it stood at a moment; None before it was reported."""
        held = [each for each in self.versions if each["at"] <= moment]
        return held[-1] if held else None


def draw(rng: random.Random, number: int) -> Case:  # noqa: C901, PLR0912 - one story, told in order
    """Draw a case and its history."""
    where = rng.random()
    community = rng.choice(COMMUNITIES)
    if where < 0.03:
        place, grid = None, None
    elif where < 0.06:
        place, grid = rng.choice([DISTRICT, *STREETS]), None
    elif where < 0.1:
        place, grid = community, None
    else:
        place, grid = community, f"{community}00{rng.randint(1, 3)}"
    case = Case(f"T{number:06}", place, grid)
    at = START + rng.random() * 60 * DAY
    now: dict[str, Any] = {
        "state": "reported", "tier": 1, "kind": rng.choice(["problem", "opinion", "request"]),
        "category": rng.choice(CATEGORIES), "source": rng.choice(SOURCES), "reported_at": at, "accepted_at": None,
        "closed_at": None, "due_at": None, "master": None, "outcome": None, "on_the_spot": False, "satisfaction": None,
        "is_answered": False, "returns": 0, "reworks": 0, "reopens": 0, "department": None,
        "matter": rng.choice([None, *MATTERS]), "triage": rng.choice([None, *TRIAGE]), "title": "a heap",
        "description": rng.choice(["", "large"]), "address": rng.choice(["", "here", "there"]),
        "occurred_at": rng.choice([None, at - rng.random() * DAY]),
    }  # fmt: skip

    def stands(**changes: Any) -> None:
        nonlocal at
        now.update(changes)
        case.versions.append({**now, "at": at})
        at += rng.random() * 4 * DAY

    stands()
    end = rng.random()
    if end < 0.1:
        master = f"T{rng.randrange(max(1, number)):06}" if rng.random() < 0.5 else None
        stands(state="rejected", master=master, is_answered=True)
        return case
    if end < 0.15:
        stands(state="voided")
        return case
    if end < 0.2:
        return case
    stands(state="accepted", accepted_at=at, due_at=at + rng.random() * 10 * DAY, department=rng.choice([None, "sanitation"]))
    stands(state="in_progress", tier=rng.randint(1, 4), returns=rng.choice([0, 0, 1]))
    if end < 0.3:
        return case
    if rng.random() < 0.15:
        stands(state="suspended")
        if rng.random() < 0.5:
            return case
        stands(state="in_progress")
    stands(state="handled", outcome=rng.choice(["resolved", "resolved", "unresolved"]), on_the_spot=number % 3 == 0)
    if rng.random() < 0.2:
        stands(state="in_progress", reworks=1)
        stands(state="handled")
    for _ in range(2 if rng.random() < 0.15 else 1):
        said = rng.choice(["satisfied", "basic", "unsatisfied", "unreachable"])
        stands(state="closed", closed_at=at, satisfaction=said, is_answered=rng.random() < 0.95)
        if rng.random() < 0.15:
            stands(state="in_progress", closed_at=None, reopens=now["reopens"] + 1)
    if now["state"] == "closed" and rng.random() < 0.3:
        stands(state="archived")
    return case


_COLUMNS = (
    "state", "tier", "kind", "category", "source", "reported_at", "accepted_at", "closed_at", "due_at", "master", "outcome",
    "on_the_spot", "satisfaction", "is_answered", "returns", "reworks", "reopens", "department", "matter", "triage", "title",
    "description", "address", "occurred_at", "at",
)  # fmt: skip


def fill(conn: Any, count: int, *, seed: int = 1) -> list[Case]:
    """Write so many cases; the owner's connection, in a transaction."""
    rng = random.Random(seed)  # noqa: S311 - the same cases for everybody
    cases = [draw(rng, number) for number in range(count)]
    write(conn, cases)
    return cases


def write(conn: Any, cases: list[Case]) -> None:
    """Write cases: the last version of each as its row, the others as its past."""
    with conn.cursor() as cursor:
        cursor.execute("SELECT code, path::text FROM wangge.area")
        path = dict(cursor.fetchall())
        rows = [
            (
                case.no, path.get(case.place, ""), case.grid, revision,
                None if version["state"] in ENDED else "center:370103",
                *(version[name] for name in _COLUMNS),
            )
            for case in cases
            for revision, version in enumerate(case.versions, 1)
        ]  # fmt: skip
        names = f"no, path, grid_code, revision, owner_org, {', '.join(_COLUMNS)}"
        last = {case.no: len(case.versions) for case in cases}
        point = "ST_SetSRID(ST_MakePoint(117, 36.6), 4490)"
        marks = ", ".join(["%s"] * (len(_COLUMNS) + 5))
        execute_values(
            cursor,
            f"INSERT INTO wangge.incident (geom, {names}) VALUES %s",
            [row for row in rows if last[row[0]] == row[3]],
            template=f"({point}, {marks})",
            page_size=1000,
        )
        cursor.execute("SELECT no, id FROM wangge.incident")
        identity = dict(cursor.fetchall())
        until = {
            (case.no, revision): case.versions[revision]["at"] for case in cases for revision in range(1, len(case.versions))
        }
        execute_values(
            cursor,
            f"""INSERT INTO wangge.incident_past (until, id, geom, contact, urgent, mode, supervision, extensions, {names})
                VALUES %s""",
            [(until[row[0], row[3]], identity[row[0]], *row) for row in rows if last[row[0]] != row[3]],
            template=f"(%s, %s, {point}, '', false, 'normal', 0, 0, {marks})",
            page_size=1000,
        )


def recount(cases: list[Case], *, moment: datetime, since: datetime, until: datetime) -> dict[str, int]:  # noqa: PLR0915 - one for each count
    """Count as the formulas say, one case after the other."""
    counts: dict[str, int] = {}

    def one(name: str, holds: Any) -> None:
        counts[name] = counts.get(name, 0) + bool(holds)

    for case in cases:
        now = case.at(moment)
        if now is None:
            continue
        in_window = since <= now["reported_at"] < until
        is_duplicate = now["master"] is not None
        is_valid = not is_duplicate and now["state"] not in {"rejected", "voided"}
        is_closed = now["state"] in {"closed", "archived"}
        closed = is_valid and is_closed and since <= now["closed_at"] < until
        accepted = is_valid and now["accepted_at"] is not None and since <= now["accepted_at"] < until
        is_open = not is_duplicate and now["state"] not in ENDED
        due = now["due_at"]
        late = is_open and now["state"] != "suspended" and due is not None and due < moment
        due_in = due is not None and since <= due < until
        one("received", in_window)
        one("valid", in_window and is_valid)
        one("duplicates", in_window and is_duplicate)
        one("rejected", in_window and not is_duplicate and now["state"] == "rejected")
        one("voided", in_window and not is_duplicate and now["state"] == "voided")
        one("outside", in_window and is_valid and case.grid is None)
        one("from_grid", in_window and is_valid and now["source"] == "grid")
        one("complete", in_window and is_valid and case.grid and now["title"] and now["description"] and now["address"])
        one("finished", in_window and is_valid and is_closed)
        one("accepted", accepted)
        one("disputes", accepted and now["category"] == "dispute")
        one("disputes_resolved", accepted and closed and now["category"] == "dispute" and now["outcome"] == "resolved")
        one("closed", closed)
        one("closed_at_grid", closed and now["tier"] == 1)
        one("solved", closed and now["outcome"] == "resolved")
        one("on_the_spot", closed and now["outcome"] == "resolved" and now["on_the_spot"])
        one("silent", closed and not now["is_answered"])
        one("satisfied", closed and now["satisfaction"] in {"satisfied", "basic"})
        one("reached", closed and now["satisfaction"] not in {"unreachable", None})
        one("unreachable", closed and now["satisfaction"] == "unreachable")
        one("returned", closed and now["returns"] > 0)
        one("reworked", closed and now["reworks"] > 0)
        one("reopened", closed and now["reopens"] > 0)
        one("due", due_in and (late or (is_valid and is_closed)))
        one("due_on_time", due_in and is_valid and is_closed and now["closed_at"] <= now["due_at"])
        one("owed", closed or (late and due is not None and due < until))
        one("open", is_open)
        one("overdue_open", late)
        age = (moment - due) / DAY if late and due is not None else -1
        one("overdue_under_1d", 0 <= age < 1)
        one("overdue_1_3d", 1 <= age < 3)
        one("overdue_3_7d", 3 <= age < 7)
        one("overdue_7_30d", 7 <= age < 30)
        one("overdue_over_30d", age >= 30)
    return counts
