"""Matters over HTTP: the catalogue, proposals, and the decisions that admit and end them.

Whoever manages staff proposes, one by one or as a file; whoever approves for the district decides, and nobody admits what they
have proposed. A file only ever proposes: what it brings is admitted by somebody else, all at once if need be.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Header, Query, Response

from api.asked import Asking, Store
from api.idempotency import OnlyOnce
from api.matters.admission import HANDLING, Action, ExitKind, Status, Verdict
from api.matters.deciding import decide
from api.v1.addresses import kept_apart
from api.v1.answers import answer, precondition
from api.v1.matter_documents import (
    Board,
    Change,
    Decided,
    DecidedOfMany,
    Description,
    ListClass,
    NewMatter,
    fields_of,
    said,
    shown,
    tag_of,
    view,
)
from api.v1.parameters import ASKS_FOR_CSV, NO_NUL, Code, Csv, Limit, only
from api.who.caller import Right
from data.matter_file import MatterText, read_matters, unusable
from data.plan_files import finding_record
from data.store import matters
from data.store.log import record
from data.store.plans import area_named, path_named
from data.store.scope import speak
from gis.errors import Conflict
from gis.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import connection

    from api.asked import Asked
    from data.store.matters import Matter

router = APIRouter(prefix="/v1", tags=["matters"], route_class=kept_apart())

AreaCode = Annotated[str, Query(max_length=100, pattern=NO_NUL, description="Code of an area.")]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the matter as you have seen it.")]
After = Annotated[str, Query(max_length=60, pattern=NO_NUL, description="The code that the page before ended with.")]
StatusOf = Annotated[Status | None, Query(alias="status")]
Words = Annotated[str | None, Query(max_length=60, pattern=NO_NUL)]
DepartmentOf = Annotated[str | None, Query(alias="department", max_length=110, pattern=NO_NUL)]
BoardOf = Annotated[Board | None, Query(alias="board")]
ListClassOf = Annotated[ListClass | None, Query(alias="list_class")]
PlaceOf = Annotated[
    str | None, Query(alias="area", max_length=100, pattern=NO_NUL, description="Code of an area: what holds there.")
]


# --- the catalogue --------------------------------------------------------------------------------------------------------


@router.get(
    "/matters",
    dependencies=[Depends(only("area", "status", "category", "department", "board", "list_class", "after", "limit"))],
)
def list_matters(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    area: PlaceOf = None,
    status: StatusOf = None,
    category: Words = None,
    department: DepartmentOf = None,
    board: BoardOf = None,
    list_class: ListClassOf = None,
    after: After = "",
    limit: Limit = 100,
) -> Response:
    """List the matters of the catalogues that you see, by their codes; with `area`, those that hold there."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        wanted = _filter(conn, area, status, category, department, board, list_class)
        found = matters.listed(conn, wanted, after=after, limit=limit + 1)
    shown = [view(each, asked) for each in found[:limit]]
    return answer({"matters": shown, "next": shown[-1]["code"] if len(found) > limit else None})


@router.post("/matters", status_code=201, dependencies=[Depends(only())])
def propose_matter(wanted: NewMatter, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Propose a matter: a new one, or anew what was refused or has exited. It is no incident's until it is admitted."""
    asked.caller.require(Right.MANAGE_STAFF)
    text = MatterText(code=wanted.code, **fields_of(wanted, Description.model_fields))

    def propose(conn: connection) -> Response:
        area = area_named(conn, wanted.area)
        asked.caller.require(Right.MANAGE_STAFF, area.path)
        _check_departments(conn, area.path, [text])
        speak(conn, asked.acting(Right.MANAGE_STAFF))
        made = matters.propose(conn, text, area=area.id, now=asked.now)
        record(conn, "matter.proposed", path=made.path, subject=made.text.code, body=said(made))
        return shown(made, asked, status=201)

    with store.write(asked.scope) as conn:
        return once(conn, lambda: propose(conn))


@router.post(
    "/matters/import",
    dependencies=[Depends(only("area"))],
    openapi_extra=ASKS_FOR_CSV,
)
def import_matters(area: AreaCode, raw: Csv, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Propose the matters of a CSV file for the catalogue of an area; sent again, the file changes nothing.

    A file admits nothing, whoever sends it: decide about what it brought, at once if need be. What is admitted, refused or has
    exited stays as it is; `left` names those of which the file says something else.
    """
    asked.caller.require(Right.MANAGE_STAFF)
    read = read_matters(raw)

    def take_in(conn: connection) -> Response:
        there = area_named(conn, area)
        asked.caller.require(Right.MANAGE_STAFF, there.path)
        _check_departments(conn, there.path, read.matters, read.row)
        speak(conn, asked.acting(Right.MANAGE_STAFF))
        done = matters.take_in(conn, read.matters, area=there.id, now=asked.now)
        _refuse_taken(done.taken, read.matters, read.row)
        changes = {"added": list(done.added), "changed": list(done.changed)}
        if done.added or done.changed:
            record(conn, "matter.imported", path=there.path, subject=area, body=changes)
        return answer(
            {
                **changes,
                "unchanged": len(done.unchanged),
                "left": list(done.left),
                "findings": [finding_record(each) for each in read.notes],
            }
        )

    with store.write(asked.scope, ms=20_000) as conn:
        return once(conn, lambda: take_in(conn))


@router.get("/matters/summary", dependencies=[Depends(only("area", "status", "category", "department", "board", "list_class"))])
def count_matters(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    area: PlaceOf = None,
    status: StatusOf = None,
    category: Words = None,
    department: DepartmentOf = None,
    board: BoardOf = None,
    list_class: ListClassOf = None,
) -> Response:
    """Count matters by what they say ('' where they do not say it), and by kind what has exited."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        found = matters.summary(conn, _filter(conn, area, status, category, department, board, list_class))
    departments = found.by.get("department", {})
    return answer(
        {
            "total": found.total,
            "departments": len(departments.keys() - {""}),
            "without_department": departments.get("", 0),
            "without_limit": found.without_limit,
            "by_category": found.by.get("category", {}),
            "by_department": departments,
            "by_board": found.by.get("board", {}),
            "by_list_class": found.by.get("list_class", {}),
            "by_status": found.by.get("status", {}),
            "by_batch": found.by.get("batch", {}),
            "exits": {"total": sum(found.exits.values()), "by_kind": found.exits},
        }
    )


@router.post("/matters/decisions", dependencies=[Depends(only())])
def decide_many(wanted: DecidedOfMany, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Decide the same about several matters: about all of them, or where something is missing of any, about none."""
    asked.caller.require(Right.DISTRICT_APPROVE)

    def decide(conn: connection) -> Response:
        done = _decide(conn, sorted(set(wanted.codes)), wanted, asked)
        return answer({"matters": [{"code": each.text.code, "status": each.status} for each in done]})

    with store.write(asked.scope, ms=20_000) as conn:
        return once(conn, lambda: decide(conn))


@router.get("/matters/{code}", dependencies=[Depends(only())])
def show_matter(code: Code, asked: Asking, store: Store) -> Response:
    """Show a matter."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        return shown(matters.get(conn, code), asked)


@router.patch("/matters/{code}", dependencies=[Depends(only())])
def change_matter(  # noqa: PLR0917 - FastAPI passes by name
    code: Code, wanted: Change, asked: Asking, store: Store, once: OnlyOnce, if_match: IfMatch = None
) -> Response:
    """Change a proposal; or, as whoever approves for the district, how a matter is handled that is admitted."""

    def change(conn: connection) -> Response:
        before = matters.get(conn, code)
        if if_match is not None:
            precondition(if_match, tag_of(before))
        right = _right_to_change(before, wanted)
        asked.caller.require(right, before.path)
        text = replace(before.text, **fields_of(wanted, wanted.model_fields_set))
        _check_departments(conn, before.path, [text])
        speak(conn, asked.acting(right))
        made = matters.change(conn, text, revision=before.revision, now=asked.now)
        body = {"revision": made.revision, **wanted.model_dump(mode="json", exclude_unset=True)}
        record(conn, "matter.changed", path=made.path, subject=code, body=body)
        return shown(made, asked)

    asked.caller.require(Right.MANAGE_STAFF)
    with store.write(asked.scope) as conn:
        return once(conn, lambda: change(conn))


@router.get("/matters/{code}/decisions", dependencies=[Depends(only())])
def list_decisions(code: Code, asked: Asking, store: Store) -> Response:
    """List what was decided about a matter, the oldest first."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        matter = matters.get(conn, code)
        found = matters.decisions(conn, code)
    return answer({"code": code, "decisions": [asdict(each) for each in found]}, etag=tag_of(matter))


@router.post("/matters/{code}/decisions", status_code=201, dependencies=[Depends(only())])
def decide_one(code: Code, wanted: Decided, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Admit or refuse what is proposed, or have exit what is admitted. Incidents that have the matter keep it."""
    asked.caller.require(Right.DISTRICT_APPROVE)

    def decide(conn: connection) -> Response:
        (done,) = _decide(conn, [code], wanted, asked)
        return shown(done, asked, status=201, more={"decision": asdict(matters.decisions(conn, code)[-1])})

    with store.write(asked.scope) as conn:
        return once(conn, lambda: decide(conn))


# --- what they share ----------------------------------------------------------------------------------------------------------


def _filter(  # noqa: PLR0917 - the parameters, in their order
    conn: connection,
    area: str | None,
    status: Status | None,
    category: str | None,
    department: str | None,
    board: str | None,
    list_class: str | None,
) -> matters.Filter:
    return matters.Filter(
        place=path_named(conn, area),
        status=None if status is None else str(status),
        category=category,
        department=department,
        board=board,
        list_class=list_class,
    )


def _decide(conn: connection, codes: Sequence[str], wanted: Decided, asked: Asked) -> list[Matter]:
    """Decide about matters, each with its line in the log; who may not, and what is missing, is said before."""
    found = matters.named(conn, codes)
    for each in found:
        asked.caller.require(Right.DISTRICT_APPROVE, each.path)
    is_exit = wanted.action is Action.EXIT
    verdict = Verdict(
        action=wanted.action,
        reason=wanted.reason,
        kind=wanted.kind or (ExitKind.AFFAIR if is_exit else None),
        comment=wanted.comment,
        aspects={name: text for name, text in wanted.aspects.model_dump().items() if text},
    )
    speak(conn, asked.acting(Right.DISTRICT_APPROVE))
    decide(conn, found, verdict, approver=asked.caller.person_id, now=asked.now)
    return matters.named(conn, codes)


def _right_to_change(matter: Matter, wanted: Change) -> Right:
    """Return the right that a change needs; raises `Conflict` where nobody may make it as things stand."""
    if matter.status == Status.PROPOSED:
        return Right.MANAGE_STAFF
    if matter.status != Status.ADMITTED:
        msg = f"{matter.text.code} is {matter.status}: propose it anew"
        raise Conflict(msg, code="illegal-transition", allowed=["propose"])
    if frozen := sorted(wanted.model_fields_set - HANDLING):
        msg = f"what the admission looked at does not change ({', '.join(frozen)}): have it exit, and propose it anew"
        raise Conflict(msg, code="matter-admitted", fields=frozen)
    return Right.DISTRICT_APPROVE


def _check_departments(conn: connection, path: str, texts: Sequence[MatterText], rows: Sequence[int] = ()) -> None:
    """Raise `InputError` that names every department that is none for the area with that path."""
    named = {code for text in texts for code in (text.department, *text.co_departments) if code}
    unknown = matters.unknown_departments(conn, path, named)
    found: list[Finding] = []
    for n, text in enumerate(texts):
        for field, codes in (("department", (text.department,)), ("co_departments", text.co_departments)):
            for code in codes:
                if code in unknown:
                    en = f"{text.code} names {code}, which is no department for this area; have it added first, or correct it."
                    zh = f"{text.code}所列部门{code}在该区域不存在，请先添加或改正。"
                    found.append(fault("matter_department", field, text.code, en, zh, rows[n] if rows else None))
    refuse(found)


def _refuse_taken(taken: Sequence[str], texts: Sequence[MatterText], rows: Sequence[int]) -> None:
    """Raise `InputError` that names the rows whose codes are another catalogue's."""
    row_of = {text.code: row for text, row in zip(texts, rows, strict=True)}
    refuse(
        [
            fault(
                "matter_taken", "code", code,
                f"{code} stands for a matter in another catalogue; choose another code.",
                f"{code}已被其他区域的事项目录使用，请更换编码。", row_of[code],
            )
            for code in taken
        ]
    )  # fmt: skip


def refuse(found: Sequence[Finding]) -> None:
    """Raise with everything that was found, if anything was."""
    if found:
        raise unusable(found)


def fault(kind: str, field: str, code: str, en: str, zh: str, row: int | None = None) -> Finding:  # noqa: PLR0917 - one shape
    """Return what is wrong with a matter, by its code, in a field or a row."""
    return Finding(kind=kind, severity=Severity.ERROR, en=en, zh=zh, row=row, field=field, subject=code)
