"""Posts over HTTP: who is what on which grid, and who answers for each grid on a day."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.asked import Asking, Store
from api.duty.roles import DUTY_WORDS, FORCE_ROLES, ROLE_WORDS, DutyRole, label
from api.idempotency import OnlyOnce
from api.staff_file import LONGEST_SERVICE, MOST_SERVICES
from api.v1.addresses import kept_apart
from api.v1.answers import answer, private
from api.v1.parameters import NO_NUL, SOMETHING, At, Day, Limit, only
from api.who.caller import Right
from data.store import posts, staff
from data.store.log import record
from data.store.plans import path_named
from gis.errors import Conflict

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from api.asked import Asked
    from data.store.posts import Duty, Post
    from data.store.staff import Staff

router = APIRouter(prefix="/v1/posts", tags=["posts"], route_class=kept_apart())

Number = Annotated[int, Path(ge=1, lt=2**63)]
DutyName = Literal["party", "environment", "health", "emergency", "insurance"]
Duties = Annotated[list[DutyName], Field(max_length=5)]
_Area = Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area.")]
_Grid = Annotated[str | None, Query(max_length=60, pattern=NO_NUL, description="Code of a grid.")]


_BY_ROLE: list[dict[str, Any]] = [
    {"properties": {"role": {"const": DutyRole.FULL_TIME_WORKER}, "kind": {"maxLength": 0}}},
    {"properties": {"role": {"enum": sorted(FORCE_ROLES)}, "letter": {"type": "null"}}},
    {"properties": {"letter": {"type": "null"}, "kind": {"maxLength": 0}}},
]
"""Letters are for full-time workers, and kinds are those of forces."""


Service = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_SERVICE, pattern=SOMETHING)]
Services = Annotated[
    list[Service], Field(max_length=MOST_SERVICES, description="What they do for people there (服务项目); on the public card.")
]


class NewPost(BaseModel):
    """A post that is to be somebody's, from `valid_from` (today, where it is left out) to the day before `valid_to`."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"anyOf": [*_BY_ROLE]})

    staff: UUID
    grid: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=NO_NUL)]
    role: DutyRole
    kind: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60, pattern=NO_NUL)] = Field(
        default="", description="Of a force: police, mediator, water, power, telecom and so on."
    )
    letter: Literal["A", "B"] | None = None
    duty_roles: Duties = []
    services: Services = []
    channel: Literal["", "allocated", "selected", "reassigned"] = ""
    valid_from: Day | None = None
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.letter is not None and self.role is not DutyRole.FULL_TIME_WORKER:
            raise ValueError("letters are for full-time workers")
        if self.kind and self.role not in FORCE_ROLES:
            raise ValueError("kinds are those of forces")
        return self


_CHANGES: list[dict[str, Any]] = [
    {"required": [name], "properties": {name: {"type": "array"}}} for name in ("duty_roles", "services")
]
"""One of them has to be said, and what is null says nothing."""


class PostChange(BaseModel):
    """What somebody does in their grid from now on, each as far as it is given; anything else of a post is another post."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"anyOf": [*_CHANGES]})

    duty_roles: Duties | None = None
    services: Services | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.duty_roles is None and self.services is None:
            raise ValueError("duty_roles or services is needed")
        return self


@router.get("", dependencies=[Depends(only("area", "grid", "staff", "role", "orphaned", "at", "after", "limit"))])
def list_posts(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    area: _Area = None,
    grid: _Grid = None,
    staff: Annotated[UUID | None, Query(description="Whose posts.")] = None,
    role: Annotated[DutyRole | None, Query()] = None,
    orphaned: Annotated[bool | None, Query(description="Whether their grid is not in force on that day.")] = None,
    at: At = None,
    after: Annotated[int, Query(ge=0, lt=2**63, description="The id that the page before ended with.")] = 0,
    limit: Limit = 100,
) -> Response:
    """List the posts of a day. Those whose grid is no longer in force are `orphaned`: a plan has made the grid another."""
    asked.caller.require(Right.SEE_INTERNAL)
    day = at or asked.today
    with store.read(asked.scope) as conn:
        wanted = posts.PostFilter(
            area=path_named(conn, area),
            grid=grid,
            staff=None if staff is None else str(staff),
            role=role,
            is_orphaned=orphaned,
        )
        found = posts.list_posts(conn, wanted, day=day, after=after, limit=limit + 1)
    shown = found[:limit]
    document = {
        "at": day,
        "posts": [_view(post, asked) for post in shown],
        "next": shown[-1].id if len(found) > limit else None,
    }
    return private(answer(document))


@router.post("", status_code=201, dependencies=[Depends(only())])
def give_post(wanted: NewPost, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Give somebody a post on a grid. `warnings` are what is unusual about it and does not stop it."""
    asked.caller.require(Right.MANAGE_STAFF)

    def give(conn: connection) -> Response:
        one = staff.get_staff(conn, str(wanted.staff))
        if one.status == staff.LEFT:
            raise Conflict("somebody who has left is given no post", code="has-left")
        number = posts.give_post(
            conn,
            posts.NewPost(
                staff=one.id,
                grid=wanted.grid,
                role=wanted.role,
                kind=wanted.kind,
                letter=wanted.letter,
                duty_roles=tuple(sorted(set(wanted.duty_roles), key=list(DUTY_WORDS).index)),
                services=tuple(dict.fromkeys(wanted.services)),
                channel=wanted.channel,
                valid_from=wanted.valid_from or asked.today,
                valid_to=wanted.valid_to,
            ),
        )
        made = posts.get_post(conn, number, day=asked.today)
        body = {"number": number, "staff": one.id, "role": made.role, "letter": made.letter, "valid_from": str(made.valid_from)}
        record(conn, "post.given", path=made.path, subject=made.grid, body=body)
        document = _view(made, asked) | {"warnings": _warnings(conn, made, one)}
        return private(answer(document, status=201, location=f"{asked.base}/v1/posts/{number}"))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: give(conn))


@router.get("/on-duty", dependencies=[Depends(only("area", "grid", "at"))])
def show_duty(asked: Asking, store: Store, area: _Area = None, grid: _Grid = None, at: At = None) -> Response:
    """Show who answers for each grid on a day: A, or B while A is away. Grids without A, B or anybody are listed."""
    asked.caller.require(Right.SEE_INTERNAL)
    day = at or asked.today
    with store.read(asked.scope) as conn:
        found = posts.duty_on(conn, day, area=path_named(conn, area), grid=grid)
    document = {
        "at": day,
        "grids": [_duty(duty) for duty in found],
        "without_a": [duty.grid for duty in found if duty.a is None],
        "without_b": [duty.grid for duty in found if duty.b is None],
        "unanswered": [duty.grid for duty in found if duty.answering is None],
    }
    return private(answer(document))


@router.get("/{number}", dependencies=[Depends(only())])
def show_post(number: Number, asked: Asking, store: Store) -> Response:
    """Show a post."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        return private(answer(_view(posts.get_post(conn, number, day=asked.today), asked)))


@router.patch("/{number}", dependencies=[Depends(only())])
def change_post(number: Number, wanted: PostChange, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Say what somebody does in their grid (五员合一), and what they do for people there (服务项目)."""
    asked.caller.require(Right.MANAGE_STAFF)

    def change(conn: connection) -> Response:
        before = posts.get_post(conn, number, day=asked.today)
        asked.caller.require(Right.MANAGE_STAFF, before.path)
        if wanted.duty_roles is not None:
            posts.set_duties(conn, number, sorted(set(wanted.duty_roles), key=list(DUTY_WORDS).index))
        if wanted.services is not None:
            posts.set_services(conn, number, tuple(dict.fromkeys(wanted.services)))
        after = posts.get_post(conn, number, day=asked.today)
        if wanted.duty_roles is not None:
            body = {"number": number, "from": list(before.duty_roles), "to": list(after.duty_roles)}
            record(conn, "post.duties", path=after.path, subject=after.grid, body=body)
        if wanted.services is not None:
            body = {"number": number, "from": list(before.services), "to": list(after.services)}
            record(conn, "post.services", path=after.path, subject=after.grid, body=body)
        return private(answer(_view(after, asked)))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: change(conn))


@router.delete("/{number}", status_code=204, dependencies=[Depends(only("on"))])
def end_post(
    number: Number,
    asked: Asking,
    store: Store,
    once: OnlyOnce,
    on: Annotated[
        Day | None, Query(description="The first day without it: today or later; today where it is left out.")
    ] = None,
) -> Response:
    """End a post; one that has not begun by then is taken back."""
    asked.caller.require(Right.MANAGE_STAFF)
    day = on or asked.today

    def end(conn: connection) -> Response:
        post = posts.get_post(conn, number, day=asked.today)
        asked.caller.require(Right.MANAGE_STAFF, post.path)
        if day < asked.today:
            raise Conflict("a day that is over does not change: end it today or later", code="past-day")
        posts.end_post(conn, number, day)
        body = {"number": number, "staff": post.staff, "role": post.role, "letter": post.letter, "on": str(day)}
        record(conn, "post.ended", path=post.path, subject=post.grid, body=body)
        return private(Response(status_code=204))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: end(conn))


def _warnings(conn: connection, post: Post, one: Staff) -> list[str]:
    """Name what is unusual: nobody has trained them; whoever stands in has no grid of their own."""
    warnings: list[str] = []
    if not one.is_trained and one.status == "selected":
        warnings.append("untrained")
    own = posts.posts_of(conn, one.id, day=post.valid_from)
    if post.letter == "B" and not any(
        each.letter == "A" and (each.valid_to is None or each.valid_to > post.valid_from) for each in own
    ):
        warnings.append("b_without_a")
    return warnings


def _view(post: Post, asked: Asked) -> dict[str, Any]:
    shown = {name: value for name, value in asdict(post).items() if name not in {"path", "staff", "staff_number", "staff_name"}}
    return shown | {
        "staff": {"id": post.staff, "number": post.staff_number, "name": post.staff_name},
        "role_label": label(ROLE_WORDS, post.role, asked.lang),
        "links": [{"rel": "self", "href": f"{asked.base}/v1/posts/{post.id}", "type": "application/json"}],
    }


def _duty(duty: Duty) -> dict[str, Any]:
    return asdict(duty) | {"answers": None if duty.answering is None else asdict(duty.answering)}
