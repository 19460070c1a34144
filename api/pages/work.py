"""The workspace: what waits for whoever has signed in, at their own desk; and the lists that they work through.

Both ask `/v1` themselves, as any other program may. Whose desk it is, and so what stands on it, is decided here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from api.asked import ask, store
from api.pages.office import DESK, sign_in_first
from api.pages.page import answer_page, around
from api.pages.words import word
from api.pages.work_lists import LISTS
from api.stats.score import not_told_of, read_dimension
from api.stats.week import week_of
from api.v1.session import workspace_of
from api.who.caller import Right
from api.who.workspace import Workspace
from api.workflow import STEPS
from data.store import assessments, called, matters
from data.store.incidents import memberships, posts_held
from gis.errors import NotFound, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg2.extensions import connection
    from starlette.requests import Request
    from starlette.responses import Response

    from api.asked import Asked
    from api.pages.work_lists import Narrow, WorkList
    from data.store.assessments import Template

PANELS: Mapping[Workspace, tuple[str, ...]] = {
    Workspace.OPERATION: ("mine", "visits", "called", "duties", "problems", "orders", "warnings", "plans", "reported"),
    Workspace.COMMAND: (
        "overdue", "warnings", "plans", "calls", "problems", "reviews", "assessments", "duties", "orders", "facilities",
    ),
    Workspace.SERVICE: ("mine", "called_here", "orders", "reported"),
    Workspace.AUDIT: ("log",),
    Workspace.ADMINISTRATION: ("people",),
    Workspace.PUBLIC: ("reported",),
}  # fmt: skip
"""What stands on each desk, the most pressing first."""
TO_WATCH = ("open",)
NEEDS: Mapping[str, Right] = {
    "mine": Right.HANDLE_INCIDENTS,
    "overdue": Right.HANDLE_INCIDENTS,
    "open": Right.WATCH,
    "plans": Right.SEE_DRAFTS,
    "called_here": Right.HANDLE_INCIDENTS,
    "log": Right.READ_LOG,
    "people": Right.MANAGE_PEOPLE,
}
"""The right that a part of a desk needs which is no list; what somebody has reported is theirs to see."""
WEEKS_AT_A_GLANCE = 5
MONTHS_BACK, QUARTERS_BACK, YEARS_BACK = 12, 4, 2
_QUARTER = 3
INDENT = "\u3000"
"""Before the name of an area, once for each area that it lies in: choices of a form cannot be set otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the pages call codes by, and what somebody may choose from."""

    areas: tuple[called.AreaCalled, ...]
    grids: Mapping[str, str]
    orgs: Mapping[str, str]
    categories: Mapping[str, str]

    @property
    def inside(self) -> tuple[called.AreaCalled, ...]:
        """The areas that somebody works in, each above what belongs to it."""
        return tuple(each for each in self.areas if each.is_inside)

    @property
    def top(self) -> int:
        """The depth of the largest of them."""
        return min((each.depth for each in self.inside), default=0)

    @property
    def names(self) -> dict[str, Mapping[str, str]]:
        """What a page's script calls codes by."""
        return {
            "area": {each.code: each.name for each in self.areas},
            "grid": self.grids,
            "org": self.orgs,
            "category": self.categories,
        }


def work_page(request: Request) -> Response:
    """Answer with somebody's own desk; who is not known signs in first."""
    asked = ask(request)
    frame = around(asked, f"{asked.base}{DESK}")
    if not asked.caller.is_known:
        return sign_in_first(frame.root, DESK)
    with store(request).read(asked.scope) as conn:
        orgs = memberships(conn, asked.caller.person_id, asked.now)
        desk = workspace_of(conn, asked, orgs)
        known = _known(conn, asked)
        mine = {
            "grids": sorted({grid for grid, _ in posts_held(conn, asked.caller.person_id, asked.today)}),
            "orgs": sorted({code for code, *_ in orgs}),
        }
    panels = [name for name in PANELS[Workspace(desk["workspace"])] if _may(asked, name)]
    # A screen that watches has no work of its own: it is shown where to look.
    panels = panels or [name for name in TO_WATCH if _may(asked, name)]
    return answer_page(
        "work.html",
        frame,
        desk=desk,
        panels=panels,
        lists=[name for name in LISTS if _may(asked, name)],
        roots=_roots(known),
        today=asked.today.isoformat(),
        told={
            "workspace": desk["workspace"],
            "panels": panels,
            "me": asked.caller.person_id,
            "mine": mine,
            "sees_desk": asked.caller.may(Right.HANDLE_INCIDENTS),
            "dispatches": asked.caller.may(Right.DISPATCH_INCIDENTS),
            "names": known.names,
            "area": _first_area(known),
            "today": asked.today.isoformat(),
            "weeks": _weeks(asked.today, WEEKS_AT_A_GLANCE),
            "waiting": sorted({
                state
                for step in STEPS if step.tier is not None and asked.caller.may(step.right)
                for state in step.takes
            }),
        },
    )  # fmt: skip


def list_page(request: Request) -> Response:
    """Answer with one of the lists, for those who are known; others sign in first.

    Raises
    ------
    NotFound
        There is no such list.
    ParameterError
        The address says what nobody understands.
    """
    asked = ask(request)
    name = request.path_params["list"]
    if name not in LISTS:
        raise NotFound(f"there is no list {name[:80]!r}")
    query = f"?{request.url.query}" if request.url.query else ""
    frame = around(asked, f"{asked.base}{DESK}/{name}{query}")
    if not asked.caller.is_known:
        return sign_in_first(frame.root, frame.here)
    wanted = LISTS[name]
    asked.caller.require(wanted.right)
    with store(request).read(asked.scope) as conn:
        known = _known(conn, asked)
        templates = assessments.templates(conn) if name == "assessments" else ()
        choices = {each.name: _choices(conn, asked, known, templates, each.name) for each in wanted.narrows if not each.words}
    said = {each.name: _said(request, each, choices.get(each.name, ())) for each in wanted.narrows}
    lacking = [each.name for each in wanted.narrows if each.is_needed and not said[each.name]]
    template = next((each for each in templates if each.code == said["code"]), None)
    parts = [] if template is None else _dimensions(template)
    return answer_page(
        "work_list.html",
        frame,
        name=name,
        wanted=wanted,
        said=said,
        choices=choices,
        dimensions=parts,
        lists=[each for each in LISTS if _may(asked, each)],
        today=asked.today.isoformat(),
        told={
            "name": name,
            "url": "" if lacking else _address(wanted, said, asked.today),
            "rows": wanted.rows,
            "order": wanted.order,
            "next_by": wanted.next_by,
            "alarm": wanted.alarm,
            "columns": [
                *(asdict(each) for each in wanted.columns),
                *({"name": f"dimensions.{each['id']}", "show": "points"} for each in parts),
            ],
            "names": known.names,
            "today": asked.today.isoformat(),
            "target": "" if template is None else template.target,
        },
    )


def _may(asked: Asked, name: str) -> bool:
    right = NEEDS.get(name) or (LISTS[name].right if name in LISTS else None)
    return right is None or asked.caller.may(right)


def _known(conn: connection, asked: Asked) -> Known:
    return Known(
        areas=called.areas(conn, asked.today),
        grids=called.grids(conn, asked.today),
        orgs=called.orgs(conn, asked.today),
        categories=matters.category_names(conn),
    )


def _roots(known: Known) -> list[str]:
    """Return the names of the areas that somebody works in, those that lie in no other."""
    top = known.top
    return [each.name for each in known.inside if each.depth == top]


def _first_area(known: Known) -> str:
    """Return the code of the largest area that somebody works in, of several the first; empty without any."""
    top = known.top
    return next((each.code for each in known.inside if each.depth == top), "")


def _choices(
    conn: connection, asked: Asked, known: Known, templates: Sequence[Template], name: str
) -> Sequence[tuple[str, str]]:
    """Return what there is to choose for what narrows a list: each value and what it is called, the usual one first of all."""
    if name == "area":
        top = known.top
        return [(each.code, INDENT * (each.depth - top) + each.name) for each in known.inside]
    if name == "grid":
        own = [grid for grid, _ in posts_held(conn, asked.caller.person_id, asked.today)]
        sees_all = asked.caller.may(Right.SEE_HOUSEHOLDS)
        return [(code, name or code) for code, name in known.grids.items() if sees_all or code in own]
    if name == "period":
        return [(each, each) for each in _periods(asked.today)]
    return [(each.code, f"{each.name} · {word(f'work.word.target.{each.target}', asked.lang)}") for each in templates]


def _said(request: Request, narrow: Narrow, choices: Sequence[tuple[str, str]]) -> str:
    """Return what the address says of something, or what is usual."""
    given = request.query_params.get(narrow.name, "")
    if narrow.words and given and given not in narrow.words:
        raise ParameterError(narrow.name, f"{narrow.name} is one of {', '.join(narrow.words)}")
    if not given and narrow.is_needed and choices:
        return choices[0][0]
    return given or narrow.usual


def _address(wanted: WorkList, said: Mapping[str, str], today: date) -> str:
    """Return the address below the service that a list is asked for at."""
    path, query = wanted.ask, {}
    for name, value in said.items():
        if f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        elif name == "weeks":
            query |= _weeks(today, int(value))
        elif value:
            query[name] = value
    return f"{path}?{urlencode(query)}"


def _weeks(today: date, count: int) -> dict[str, str]:
    """Return the days of so many weeks that end with today's."""
    monday = week_of(today).monday
    return {"from": (monday - timedelta(weeks=count - 1)).isoformat(), "to": (today + timedelta(days=1)).isoformat()}


def _periods(today: date) -> list[str]:
    """Return the months that are over, the latest first, then quarters and years."""
    first = today.replace(day=1)
    months: list[date] = []
    while len(months) < MONTHS_BACK:
        first = (first - timedelta(days=1)).replace(day=1)
        months.append(first)
    quarters: list[str] = []
    for each in [today.replace(day=1), *months]:
        named = f"{each.year}-Q{(each.month - 1) // _QUARTER + 1}"
        if named not in quarters:
            quarters.append(named)
    years = [str(today.year - n) for n in range(YEARS_BACK)]
    return [*(f"{each:%Y-%m}" for each in months), *quarters[:QUARTERS_BACK], *years]


def _dimensions(template: Template) -> list[dict[str, Any]]:
    """Return the dimensions of an assessment, whose weights are 100 together."""
    parts = [read_dimension(each) for each in template.dimensions]
    left_out = set(not_told_of(template.target, parts))
    return [{"id": each.id, "name": each.name, "weight": each.weight, "is_told": each.id not in left_out} for each in parts]
