"""Organisations over HTTP: command centers, departments, hotlines and units; who belongs to them, and who answers for them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.asked import Asking, Store
from api.idempotency import OnlyOnce
from api.v1.answers import answer, private
from api.v1.parameters import NO_NUL, SOMETHING, Code, Limit, Moment, only, without_defaults
from api.who.caller import Right
from data.store import orgs
from data.store.log import record
from data.store.plans import area_named, path_named
from gis.errors import NotFound

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from api.asked import Asked
    from data.store.orgs import Org

router = APIRouter(prefix="/v1/orgs", tags=["orgs"])

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=SOMETHING)]
Number = Annotated[int, Path(ge=1, lt=2**63)]


class NewOrg(BaseModel):
    """An organisation that is to work for an area."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f\x7f-\x9f]{1,110}$")]
    kind: Literal["department", "hotline", "unit"]
    name: Line
    area: Line


class OrgChange(BaseModel):
    """What is to be different about an organisation; what is left out stays. `principal` is one of the staff; null: nobody."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=without_defaults)

    name: Line = ""
    active: bool = Field(default=True, strict=True)
    principal: UUID | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what is to change: name, active, principal")
        return self


class NewMember(BaseModel):
    """Somebody, by their login, who is to belong to an organisation from now on."""

    model_config = ConfigDict(extra="forbid")

    login: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_NUL)]
    is_duty_chief: bool = Field(default=False, strict=True)
    ends_at: Moment | None = None


@router.get("", dependencies=[Depends(only("area", "kind", "tier", "active", "has_principal", "after", "limit"))])
def list_orgs(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    area: Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area.")] = None,
    kind: Annotated[Literal["command_center", "department", "hotline", "unit"] | None, Query()] = None,
    tier: Annotated[Literal["community", "street", "district"] | None, Query()] = None,
    active: Annotated[bool | None, Query()] = None,
    has_principal: Annotated[bool | None, Query(description="Whether somebody answers for it in person.")] = None,
    after: Annotated[str, Query(max_length=110, pattern=NO_NUL, description="The code that the page before ended with.")] = "",
    limit: Limit = 100,
) -> Response:
    """List the organisations that you may see, by their codes: those of your areas, and those above them."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        wanted = orgs.OrgFilter(
            area=path_named(conn, area),
            kind=kind,
            tier=tier,
            active=active,
            has_principal=has_principal,
        )
        found = orgs.list_orgs(conn, wanted, after=after, limit=limit + 1)
    shown = found[:limit]
    return answer({"orgs": [_view(org, asked) for org in shown], "next": shown[-1].code if len(found) > limit else None})


@router.post("", status_code=201, dependencies=[Depends(only())])
def make_org(wanted: NewOrg, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Make a department, a hotline or a unit where you manage staff. Command centers are there by themselves."""
    asked.caller.require(Right.MANAGE_STAFF)

    def make(conn: connection) -> Response:
        area = area_named(conn, wanted.area)
        asked.caller.require(Right.MANAGE_STAFF, area.path)
        org = orgs.make_org(conn, code=wanted.code, kind=wanted.kind, name=wanted.name, area=area)
        record(conn, "org.made", path=org.path, subject=org.code, body={"kind": org.kind, "name": org.name})
        return answer(_view(org, asked), status=201, location=_address(asked, org))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: make(conn))


@router.get("/{code}", dependencies=[Depends(only())])
def show_org(code: Code, asked: Asking, store: Store) -> Response:
    """Show an organisation."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        return answer(_view(orgs.get_org(conn, code), asked))


@router.patch("/{code}", dependencies=[Depends(only())])
def change_org(code: Code, wanted: OrgChange, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Rename an organisation, end it or take it up again, or say who of the staff answers for it in person."""
    asked.caller.require(Right.MANAGE_STAFF)

    def change(conn: connection) -> Response:
        org = orgs.get_org(conn, code)
        asked.caller.require(Right.MANAGE_STAFF, org.path)
        if "name" in wanted.model_fields_set:
            orgs.rename_org(conn, org, wanted.name)
            record(conn, "org.renamed", path=org.path, subject=code, body={"from": org.name, "to": wanted.name})
        if "principal" in wanted.model_fields_set:
            principal = None if wanted.principal is None else str(wanted.principal)
            orgs.set_principal(conn, org, principal)
            record(conn, "org.principal", path=org.path, subject=code, body={"from": org.principal, "to": principal})
        if "active" in wanted.model_fields_set and wanted.active != org.active:
            orgs.set_active(conn, org, active=wanted.active)
            record(conn, "org.taken-up" if wanted.active else "org.ended", path=org.path, subject=code)
        return answer(_view(orgs.get_org(conn, code), asked))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: change(conn))


@router.get("/{code}/members", dependencies=[Depends(only())])
def list_members(code: Code, asked: Asking, store: Store) -> Response:
    """List who belongs to an organisation, did or will; of a command center the chiefs of its duty: the others are by role."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        found = orgs.members(conn, orgs.get_org(conn, code))
    return private(answer({"members": [asdict(member) for member in found]}))


@router.post("/{code}/members", status_code=201, dependencies=[Depends(only())])
def add_member(code: Code, wanted: NewMember, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Make somebody else a member, from now on."""
    asked.caller.require(Right.MANAGE_STAFF)

    def add(conn: connection) -> Response:
        org = orgs.get_org(conn, code)
        asked.caller.require(Right.MANAGE_STAFF, org.path)
        number = orgs.add_member(
            conn,
            org,
            wanted.login,
            is_duty_chief=wanted.is_duty_chief,
            now=asked.now,
            ends_at=wanted.ends_at,
            by=asked.caller.person_id,
        )
        made = next(member for member in orgs.members(conn, org) if member.id == number)
        body = {"number": number, "person": made.person, "is_duty_chief": made.is_duty_chief}
        record(conn, "org.member-added", path=org.path, subject=code, body=body)
        here = f"{_address(asked, org)}/members/{number}"
        return private(answer(asdict(made), status=201, location=here))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: add(conn))


@router.delete("/{code}/members/{number}", status_code=204, dependencies=[Depends(only())])
def end_member(code: Code, number: Number, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """End a membership, at once."""
    asked.caller.require(Right.MANAGE_STAFF)

    def end(conn: connection) -> Response:
        org = orgs.get_org(conn, code)
        member = next((each for each in orgs.members(conn, org) if each.id == number), None)
        if member is None:
            raise NotFound(f"{code} has no membership {number}")
        asked.caller.require(Right.MANAGE_STAFF, org.path)
        orgs.end_member(conn, org, number, now=asked.now)
        record(conn, "org.member-ended", path=org.path, subject=code, body={"number": number, "person": member.person})
        return private(Response(status_code=204))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: end(conn))


def _view(org: Org, asked: Asked) -> dict[str, Any]:
    here = _address(asked, org)
    principal = None if org.principal is None else {"staff": org.principal, "name": org.principal_name}
    return {
        "code": org.code,
        "kind": org.kind,
        "tier": org.tier,
        "name": org.name,
        "area": org.area,
        "active": org.active,
        "principal": principal,
        "links": [
            {"rel": "self", "href": here, "type": "application/json"},
            {"rel": "members", "href": f"{here}/members", "type": "application/json"},
        ],
    }


def _address(asked: Asked, org: Org) -> str:
    return f"{asked.base}/v1/orgs/{quote(org.code, safe='')}"
