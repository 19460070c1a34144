"""The page of figures: what is counted in an area, in a window, as of a day; and the same of what belongs to the area.

It asks `/v1/stats`, `/v1/panel` and their neighbours itself, as any other program may. Its address says all that it shows.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from api.asked import ask
from api.loop.labels import label
from api.loop.words import Kind
from api.pages.office import sign_in_first
from api.pages.page import answer_page, around
from api.stats.catalogue import SLOW
from api.stats.register import PANEL, REGISTER, STATS
from api.stats.window import days_of
from api.who.caller import RIGHTS, Right
from data.matter_file import BOARDS
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

GROUPS: Mapping[str, tuple[str, ...]] = {
    "overview": ("received", "closed", "open", "overdue_open", "finish_rate", "on_time_rate", "resolution_rate"),
    "taken_in": (
        "received", "valid", "accepted", "duplicates", "rejected", "voided", "outside", "detection_share", "repeat_rate",
    ),
    "done": (
        "closed", "solved", "on_the_spot", "finish_rate", "on_time_rate", "close_rate", "avg_handle_hours", "rework_rate",
        "return_rate", "reopen_rate",
    ),
    "open": ("open", "overdue_open"),
    "disputes": ("disputes_resolved", "resolution_rate", "in_grid_resolution_rate", "mediations"),
    "quality": (
        "completeness_rate", "detection_lag_hours", "push_lag_hours", "satisfaction_rate", "verified_feedback_rate", "silent",
        "unreachable",
    ),
    "calls": ("response_rate", "dept_rating"),
    "ground": (
        "grids", "communities", "households", "persons", "grids_per_community", "persons_per_grid", "out_of_band",
        "size_compliance", "persons_per_household", "persons_per_household_least", "persons_per_household_most", "balance_cv",
        "balance_ratio", "coverage_defect_m2", "legacy_nets", "legacy_cells",
    ),
    "staff": (
        "full_time_filled", "full_time_gap", "staff_compliance", "workers_per_grid", "part_time_per_residential",
        "part_time_per_grid", "beyond_core", "pairs_complete", "without_b", "duty_roles_full", "yuan_per_worker", "party_units",
    ),
    "service": (
        "stations", "grids_per_station", "station_coverage", "facility_m2_per_100hh", "visit_coverage", "group_coverage",
        "patrol_compliance", "order_finish_rate",
    ),
    "matters": ("matters", "matter_in_force", "departments", "listed", "list_items", "list_items_incomplete", "exits"),
}  # fmt: skip
"""The figures of the page, by what they are about; those of one group are told at one address."""
OVERVIEW = "overview"
"""The group that repeats what stands in others."""
HEADLINE = ("grids", "persons", "full_time_filled", "received", "closed", "overdue_open", "resolution_rate")
"""What stands large at the top."""
WINDOWS = ("year", "month", "week", "day")
BY = ("", "grid", "board", "department", "category", "matter", "tier", "kind")
"""What the table tells cases apart by; nothing: the parts of the area."""


def figures_page(request: Request) -> Response:
    """Answer with the page of figures, for those who are known; others sign in first.

    Raises
    ------
    ParameterError
        The address says what nobody understands, or a day that has not come.
    """
    asked = ask(request)
    given = request.query_params
    query = f"?{request.url.query}" if request.url.query else ""
    frame = around(asked, f"{asked.base}/figures{query}")
    if not asked.caller.is_known:
        return sign_in_first(frame.root, frame.here)
    window, by, show = (
        _one_of(given.get(name) or usual, name, words)
        for name, usual, words in (("window", "year", WINDOWS), ("by", "", BY), ("show", OVERVIEW, GROUPS))
    )
    at = _day(given.get("at"), asked.today)
    days = days_of(at, _since(window, at), None, today=asked.today)
    return answer_page(
        "figures.html",
        frame,
        windows=WINDOWS,
        ways=BY,
        groups=tuple(GROUPS),
        window=window,
        by=by,
        show=show,
        today=asked.today.isoformat(),
        asked={
            "area": given.get("area", ""),
            "window": window,
            "by": by,
            "show": show,
            "at": days.at.isoformat(),
            "since": days.since.isoformat(),
            "until": days.until.isoformat(),
            "is_today": days.at == asked.today,
        },
        told={
            "groups": GROUPS,
            "headline": HEADLINE,
            "panel": [name for name, known in REGISTER.items() if known.told_at == PANEL],
            "stats": [name for name, known in REGISTER.items() if known.told_at == STATS],
            "slow": sorted(SLOW),
            "roles": [role for role, rights in RIGHTS.items() if Right.WATCH in rights],
            "kinds": {kind: label(kind).say(asked.lang) for kind in Kind},
            "boards": tuple(BOARDS),
        },
    )


def _one_of(word: str, name: str, words: Collection[str]) -> str:
    if word not in words:
        raise ParameterError(name, f"{name} is one of {', '.join(each for each in words if each)}")
    return word


def _day(text: str | None, today: date) -> date:
    try:
        return date.fromisoformat(text) if text else today
    except ValueError:
        raise ParameterError("at", "write a day as 2026-03-31") from None


def _since(window: str, at: date) -> date:
    """Return the first day of the window that ends with a day."""
    if window == "year":
        return at.replace(month=1, day=1)
    if window == "month":
        return at.replace(day=1)
    return at - timedelta(days=at.weekday()) if window == "week" else at
