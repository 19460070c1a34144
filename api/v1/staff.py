"""Staff over HTTP: who works in grids, their leave, and a whole list of them as a CSV file.

What is personal about somebody is told to whoever manages staff there, and to nobody else. The log says that somebody was
changed, and in what; never what they are called.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.asked import Asking, Store
from api.duty.roles import EDUCATION, EDUCATION_WORDS, ROLE_WORDS, STATUS_WORDS, DutyRole, label
from api.idempotency import OnlyOnce
from api.staff_load import load_staff
from api.v1.addresses import kept_apart
from api.v1.answers import answer, private
from api.v1.parameters import ASKS_FOR_CSV, NO_NUL, SOMETHING, WHOLE, At, Csv, Day, Limit, only, without_defaults
from api.who.caller import Right
from data.store import posts, staff
from data.store.log import record
from data.store.plans import area_named, path_named

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.lang import Lang
    from api.staff_load import Loaded
    from data.store.staff import Leave, Staff

router = APIRouter(prefix="/v1/staff", tags=["staff"], route_class=kept_apart())

IMPORT_MS = 60_000

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=SOMETHING)]
Number = Annotated[int, Path(ge=1, lt=2**63)]
EmployeeNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=SOMETHING)]
Phone = Annotated[str, StringConstraints(pattern=r"^[0-9+() -]{0,30}$")]
Status = Literal["selected", "trained", "assigned", "assessed", "left"]
Education = Literal["", "primary", "middle", "high", "college", "bachelor", "master", "doctor"]
_Area = Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area.")]


class StaffFields(BaseModel):
    """What may be known of somebody. The phone is that of their duty: nobody's own is kept."""

    model_config = ConfigDict(extra="forbid")

    number: EmployeeNumber | None = None
    login: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_NUL)] | None = Field(
        default=None, description="Of their account, for those who sign in."
    )
    phone: Phone = ""
    source: Annotated[str, StringConstraints(max_length=60, pattern=NO_NUL)] = ""
    is_party_member: bool | None = Field(default=None, strict=True)
    education: Education = ""
    birth_year: Annotated[int, Field(strict=True, ge=1900, le=2100), WHOLE] | None = None
    is_trained: bool = Field(default=False, strict=True)
    status: Status = "selected"


class NewStaff(StaffFields):
    """Somebody who is to work in grids; `area` employs them."""

    name: Line
    area: Line


class StaffChange(StaffFields):
    """What is to be different about somebody; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=without_defaults)

    name: Line = ""
    area: Line = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what is to change")
        return self


class NewLeave(BaseModel):
    """Days on which somebody is away: `valid_to` is the day on which they are back."""

    model_config = ConfigDict(extra="forbid")

    valid_from: Day
    valid_to: Day


@router.get("", dependencies=[Depends(only("area", "status", "role", "posted", "text", "at", "after", "limit"))])
def list_staff(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    area: _Area = None,
    status: Annotated[Status | None, Query()] = None,
    role: Annotated[DutyRole | None, Query()] = None,
    posted: Annotated[bool | None, Query(description="Whether they have a post on that day.")] = None,
    text: Annotated[str, Query(max_length=100, pattern=NO_NUL, description="What a name or number begins with.")] = "",
    at: At = None,
    after: Annotated[UUID | None, Query(description="The id that the page before ended with.")] = None,
    limit: Limit = 100,
) -> Response:
    """List the staff that you may see, by name: those whom your areas employ, and those who work there."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        wanted = staff.StaffFilter(
            area=path_named(conn, area),
            status=status,
            role=role,
            is_posted=posted,
            text=text,
        )
        found = staff.list_staff(
            conn, wanted, day=at or asked.today, after=None if after is None else str(after), limit=limit + 1
        )
    shown = found[:limit]
    return private(
        answer({"staff": [_view(one, asked) for one in shown], "next": shown[-1].id if len(found) > limit else None})
    )


@router.post("", status_code=201, dependencies=[Depends(only())])
def add_staff(wanted: NewStaff, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Add somebody to the staff of an area."""
    asked.caller.require(Right.MANAGE_STAFF)

    def add(conn: connection) -> Response:
        made = staff.add_staff(conn, _columns(conn, wanted, asked), now=asked.now)
        record(conn, "staff.added", path=made.path, subject=made.id, body={"status": made.status})
        return private(answer(_view(made, asked), status=201, location=_address(asked, made)))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: add(conn))


@router.post("/import", dependencies=[Depends(only())], openapi_extra=ASKS_FOR_CSV)
def import_staff(raw: Csv, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Bring in a list of staff and their posts. All its faults come at once, each with row and column; then nothing is done.

    Columns: number (工号), name (姓名), area (所属), phone (办公电话), grid (网格), role (岗位), letter (AB岗) and others, in
    any order. People are known again by their numbers, so the same list twice changes nothing.
    """
    asked.caller.require(Right.MANAGE_STAFF)

    def bring(conn: connection) -> Response:
        done = load_staff(conn, raw, now=asked.now, today=asked.today)
        return private(answer(_loaded(done, asked.lang)))

    with store.write(asked.acting(Right.MANAGE_STAFF), ms=IMPORT_MS) as conn:
        return once(conn, lambda: bring(conn))


@router.get("/{staff_id}", dependencies=[Depends(only())])
def show_staff(staff_id: UUID, asked: Asking, store: Store) -> Response:
    """Show somebody, with every post and leave that they have, had or will have."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        one = staff.get_staff(conn, str(staff_id))
        held = posts.posts_of(conn, one.id, day=asked.today)
        away = staff.list_leave(conn, one)
    document = _view(one, asked) | {
        "posts": [
            {
                "id": post.id,
                "grid": post.grid,
                "role": post.role,
                "role_label": label(ROLE_WORDS, post.role, asked.lang),
                "letter": post.letter,
                "valid_from": post.valid_from,
                "valid_to": post.valid_to,
                "in_force": post.in_force,
            }
            for post in held
        ],
        "leave": [_leave(each) for each in away],
    }
    return private(answer(document))


@router.patch("/{staff_id}", dependencies=[Depends(only())])
def change_staff(staff_id: UUID, wanted: StaffChange, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Change what is known of somebody. A status only goes forward; whoever leaves has no post from today on.

    `open_incidents` of the answer are what somebody who leaves still has in hand: for others to be given.
    """
    asked.caller.require(Right.MANAGE_STAFF)

    def change(conn: connection) -> Response:
        before = staff.get_staff(conn, str(staff_id))
        asked.caller.require(Right.MANAGE_STAFF, before.path)
        waiting = staff.open_incidents(conn, before) if wanted.status == staff.LEFT else []
        said = _columns(conn, wanted, asked)
        after = staff.change_staff(conn, before, said, now=asked.now, today=asked.today)
        body = {"changed": sorted(said), "status": after.status}
        for path in dict.fromkeys((before.path, after.path)):
            record(
                conn, "staff.left" if wanted.status == staff.LEFT else "staff.changed", path=path, subject=after.id, body=body
            )
        return private(answer(_view(after, asked) | {"open_incidents": waiting}))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: change(conn))


@router.get("/{staff_id}/leave", dependencies=[Depends(only())])
def list_leave(staff_id: UUID, asked: Asking, store: Store) -> Response:
    """List when somebody was, is and will be away."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        found = staff.list_leave(conn, staff.get_staff(conn, str(staff_id)))
    return private(answer({"leave": [_leave(each) for each in found]}))


@router.post("/{staff_id}/leave", status_code=201, dependencies=[Depends(only())])
def add_leave(staff_id: UUID, wanted: NewLeave, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Say that somebody is away: whoever has post B of their grids answers for them.

    `grids` says who does on the first of the days, null where nobody would; `open_incidents` are what they have in hand.
    """
    asked.caller.require(Right.MANAGE_STAFF)

    def add(conn: connection) -> Response:
        one = staff.get_staff(conn, str(staff_id))
        asked.caller.require(Right.MANAGE_STAFF, one.path)
        made = staff.add_leave(conn, one, valid_from=wanted.valid_from, valid_to=wanted.valid_to)
        body = {"number": made.id, "valid_from": str(made.valid_from), "valid_to": str(made.valid_to)}
        record(conn, "staff.leave", path=one.path, subject=one.id, body=body)
        mine = [
            duty for duty in posts.duty_on(conn, wanted.valid_from)
            if any(holder is not None and holder.id == one.id for holder in (duty.a, duty.b))
        ]  # fmt: skip
        document = _leave(made) | {
            "grids": [
                {"grid": duty.grid, "answers": None if duty.answering is None else asdict(duty.answering)} for duty in mine
            ],
            "open_incidents": staff.open_incidents(conn, one),
        }
        return private(answer(document, status=201, location=f"{_address(asked, one)}/leave/{made.id}"))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: add(conn))


@router.delete("/{staff_id}/leave/{number}", status_code=204, dependencies=[Depends(only("on"))])
def end_leave(  # noqa: PLR0917 - FastAPI passes by name
    staff_id: UUID,
    number: Number,
    asked: Asking,
    store: Store,
    once: OnlyOnce,
    on: Annotated[Day | None, Query(description="The day on which they are back; today where it is left out.")] = None,
) -> Response:
    """Say that somebody is back; leave that has not begun by then is taken back."""
    asked.caller.require(Right.MANAGE_STAFF)
    day = on or asked.today

    def end(conn: connection) -> Response:
        one = staff.get_staff(conn, str(staff_id))
        asked.caller.require(Right.MANAGE_STAFF, one.path)
        staff.end_leave(conn, one, number, day)
        record(conn, "staff.back", path=one.path, subject=one.id, body={"number": number, "on": str(day)})
        return private(Response(status_code=204))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: end(conn))


def _columns(conn: connection, wanted: NewStaff | StaffChange, asked: Asked) -> dict[str, Any]:
    """Return the columns that a request says, of those of `staff.CHANGEABLE`."""
    said = wanted.model_dump(include=wanted.model_fields_set)
    if "login" in said:
        login = said.pop("login")
        said["person_id"] = None if login is None else staff.account_of(conn, login)
    if "area" in said:
        area = area_named(conn, said.pop("area"))
        asked.caller.require(Right.MANAGE_STAFF, area.path)
        said["area_id"] = area.id
    return said


def _loaded(done: Loaded, lang: Lang) -> dict[str, Any]:
    brought = done.brought
    return {
        "rows": done.rows,
        "staff": {"added": brought.added, "changed": brought.changed, "unchanged": brought.unchanged},
        "posts": {"added": brought.posts_added, "changed": brought.posts_changed, "unchanged": brought.posts_unchanged},
        "people": done.people,
        "findings": [
            {"code": each.kind, "severity": str(each.severity), "row": each.row, "field": each.field, "detail": each.text(lang)}
            for each in done.findings
        ],
    }


def _view(one: Staff, asked: Asked) -> dict[str, Any]:
    shown = {name: value for name, value in asdict(one).items() if name != "path"}
    education = label(EDUCATION_WORDS, one.education, asked.lang) if one.education in EDUCATION[1:] else ""
    return shown | {
        "status_label": label(STATUS_WORDS, one.status, asked.lang),
        "education_label": education,
        "links": [{"rel": "self", "href": _address(asked, one), "type": "application/json"}],
    }


def _leave(leave: Leave) -> dict[str, Any]:
    return {name: value for name, value in asdict(leave).items() if name != "staff"}


def _address(asked: Asked, one: Staff) -> str:
    return f"{asked.base}/v1/staff/{one.id}"
