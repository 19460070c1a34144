"""The lists that people work through: what each asks the service for, what of it is shown, and what it may be narrowed by.

A list is a table of one of the addresses under `/v1`. What stands here is all there is to say of it; words for it are under
`work.list.NAME`, of its columns under `work.column.`, of what narrows it under `work.narrow.`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.loop.order import Step
from api.v1.calls import Stand
from api.v1.problem_points import Class, State
from api.who.caller import Right

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What is shown of a row: the member of that name (a dot leads inside), and how it is shown.

    `show` is one of the kinds that `work_list.js` knows; `word` is said by the words under `work.word.FAMILY`.
    """

    name: str
    show: str = "text"
    family: str = ""
    title: str = ""
    """The key of the word above it, where it is not that of its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrow:
    """What a list is narrowed by, as it stands in the address of the page; `words` are all that it may say.

    Without words it names an area, a grid, a template of an assessment or a period: what there is to choose the page finds.
    """

    name: str
    words: tuple[str, ...] = ()
    family: str = ""
    usual: str = ""
    """What it says where the address does not; empty: nothing."""
    is_needed: bool = False
    """Whether the list cannot be asked for without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """A list: who may ask for it and where, which member of the answer has its rows, and how these are shown.

    `order` is the column that they are sorted by at first, with `-` downwards; `next_by` the parameter by which it goes on
    after a page; `alarm` the member that says that a row is late or wrong, with `!` where it says that it is not.
    """

    ask: str
    rows: str
    columns: tuple[Column, ...]
    right: Right = Right.SEE_INTERNAL
    narrows: tuple[Narrow, ...] = ()
    order: str = ""
    next_by: str = ""
    alarm: str = ""


AREA = Narrow(name="area")
WEEKS = ("4", "12", "26", "52")
YES_NO = ("true", "false")

LISTS: Mapping[str, WorkList] = {
    "visits": WorkList(
        ask="/v1/visits/coverage",
        rows="grids",
        narrows=(AREA,),
        order="-due",
        columns=(
            Column(name="grid", show="grid"),
            Column(name="community", show="area"),
            Column(name="points", show="number"),
            Column(name="visited", show="number"),
            Column(name="due", show="homes"),
            Column(name="visit_coverage", show="percent"),
            Column(name="since", show="day", title="visit_since"),
        ),
    ),
    "homes": WorkList(
        ask="/v1/visits/due",
        rows="due",
        right=Right.HANDLE_INCIDENTS,
        narrows=(Narrow(name="grid", is_needed=True),),
        order="last",
        next_by="after",
        columns=(
            Column(name="compound"),
            Column(name="building"),
            Column(name="target", show="code"),
            Column(name="households", show="number"),
            Column(name="last", show="last"),
        ),
    ),
    "called": WorkList(
        ask="/v1/visits/called-for",
        rows="visits",
        right=Right.HANDLE_INCIDENTS,
        narrows=(AREA,),
        order="due",
        alarm="overdue",
        columns=(
            Column(name="no", show="incident"),
            Column(name="category", show="category"),
            Column(name="grid", show="grid"),
            Column(name="reason", show="word", family="reason"),
            Column(name="due", show="day", title="visit_by"),
        ),
    ),
    "duties": WorkList(
        ask="/v1/duties",
        rows="duties",
        narrows=(AREA,),
        order="-overdue",
        alarm="overdue",
        columns=(
            Column(name="name", title="duty"),
            Column(name="area", show="area"),
            Column(name="every", show="word", family="every"),
            Column(name="each", show="word", family="each"),
            Column(name="owed", show="number"),
            Column(name="done", show="number"),
            Column(name="overdue", show="number"),
            Column(name="current.to_do", show="number", title="to_do"),
            Column(name="current.deadline", show="day", title="deadline"),
        ),
    ),
    "warnings": WorkList(
        ask="/v1/warnings",
        rows="warnings",
        narrows=(AREA, Narrow(name="state", words=("open", "past"), family="warning")),
        order="-until",
        next_by="before",
        columns=(
            Column(name="category", show="category"),
            Column(name="grid", show="grid"),
            Column(name="state", show="word", family="warning"),
            Column(name="count", show="number", title="cases"),
            Column(name="since", show="moment", title="first_case"),
            Column(name="until", show="moment", title="last_case"),
            Column(name="rule", show="rule"),
            Column(name="numbers", show="incidents"),
        ),
    ),
    "problems": WorkList(
        ask="/v1/problem-points/clusters",
        rows="clusters",
        right=Right.HANDLE_INCIDENTS,
        narrows=(
            AREA,
            Narrow(name="kind", words=tuple(Class), family="problem"),
            Narrow(name="state", words=tuple(State), family="mending"),
        ),
        order="deadline",
        next_by="before",
        alarm="overdue",
        columns=(
            Column(name="id", show="code"),
            Column(name="kind", show="word", family="problem"),
            Column(name="points", show="number", title="problem_points"),
            Column(name="grids", show="grids"),
            Column(name="department", show="org"),
            Column(name="measure"),
            Column(name="deadline", show="day"),
            Column(name="state", show="word", family="mending"),
        ),
    ),
    "assessments": WorkList(
        ask="/v1/assessments/{code}/results",
        rows="results",
        narrows=(Narrow(name="code", is_needed=True), Narrow(name="period", is_needed=True)),
        order="rank",
        columns=(
            Column(name="rank", show="number"),
            Column(name="name", show="target"),
            Column(name="score", show="points"),
            Column(name="grade"),
            Column(name="months", show="number"),
        ),
    ),
    "reviews": WorkList(
        ask="/v1/reviews/{area}",
        rows="weeks",
        narrows=(Narrow(name="area", is_needed=True), Narrow(name="weeks", words=WEEKS, family="weeks", usual="12")),
        order="-from",
        columns=(
            Column(name="week", show="code"),
            Column(name="from", show="day"),
            Column(name="received", show="number"),
            Column(name="closed", show="number"),
            Column(name="rework", show="number"),
            Column(name="review.comment", show="comment", title="comment"),
            Column(name="review.reviewer", title="reviewer"),
        ),
    ),
    "facilities": WorkList(
        ask="/v1/stations/facilities",
        rows="centers",
        narrows=(AREA, Narrow(name="met", words=YES_NO, family="met")),
        order="met",
        alarm="!met",
        columns=(
            Column(name="area", show="area"),
            Column(name="level", show="word", family="level"),
            Column(name="households", show="number"),
            Column(name="area_m2", show="square"),
            Column(name="needed_m2", show="square"),
            Column(name="facility_m2_per_100hh", show="square"),
            Column(name="met", show="word", family="met"),
            Column(name="tenure.allocated", show="number", title="allocated"),
            Column(name="tenure.rented", show="number", title="rented"),
            Column(name="tenure.borrowed", show="number", title="borrowed"),
        ),
    ),
    "calls": WorkList(
        ask="/v1/calls",
        rows="calls",
        right=Right.HANDLE_INCIDENTS,
        narrows=(
            AREA,
            Narrow(name="state", words=tuple(Stand), family="call"),
            Narrow(name="late", words=YES_NO, family="late"),
        ),
        order="join_due_at",
        next_by="before",
        alarm="late",
        columns=(
            Column(name="no", show="incident"),
            Column(name="summary"),
            Column(name="street", show="org"),
            Column(name="state", show="word", family="call"),
            Column(name="participants", show="joining"),
            Column(name="join_due_at", show="moment"),
        ),
    ),
    "orders": WorkList(
        ask="/v1/orders",
        rows="orders",
        right=Right.HANDLE_INCIDENTS,
        narrows=(
            AREA,
            Narrow(name="state", words=tuple(Step), family="order"),
            Narrow(name="mine", words=YES_NO[:1], family="mine"),
        ),
        order="-placed_at",
        next_by="before",
        columns=(
            Column(name="no", show="code"),
            Column(name="title"),
            Column(name="grid", show="grid"),
            Column(name="state", show="word", family="order"),
            Column(name="target", show="party", title="assignee"),
            Column(name="placed_at", show="moment"),
        ),
    ),
}
"""Every list, by its name in the address `/workspace/NAME`."""
