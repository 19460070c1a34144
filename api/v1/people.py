"""People over HTTP, for those who manage them: who there is, what they may do where, and the keys of machines.

Secrets go in and never come out, save a key's text, once, to whoever has it made. Every change is in the log.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.asked import Asking, Service, Serving, Store
from api.idempotency import OnlyOnce
from api.v1.answers import answer, private
from api.v1.parameters import BLANK, NO_NUL, Limit, Moment, only
from api.who import people as managing
from api.who.caller import Right, Role
from api.who.passwords import LONGEST, SHORTEST, check_new_password
from api.who.people import LONGEST_NAME
from api.who.sign_in import LONGEST_LOGIN, login_of
from data.store import people
from data.store.log import record
from data.store.sql import maybe
from gis.errors import NotFound

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from api.asked import Asked
    from data.store.people import ApiKey, Person, RoleGrant

router = APIRouter(prefix="/v1/people", tags=["people"])

_PRINTED = rf"^[^\x00-\x1f]*[^\x00-\x1f{BLANK}][^\x00-\x1f]*$"
_UNBROKEN = rf"^[^\x00-\x20\x7f-\x9f\xad{BLANK}]+$"
_Line = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f]*$")]
_Name = Annotated[_Line, Field(json_schema_extra={"maxLength": LONGEST_NAME, "pattern": _PRINTED})]
_Category = Annotated[
    str, StringConstraints(max_length=60, pattern=NO_NUL), Field(json_schema_extra={"pattern": r"^[^\x00,]+$"})
]
_Login = Annotated[_Line, Field(json_schema_extra={"maxLength": LONGEST_LOGIN, "pattern": _UNBROKEN})]
_Password = Annotated[
    str, StringConstraints(max_length=LONGEST * 4), Field(json_schema_extra={"minLength": SHORTEST, "maxLength": LONGEST})
]
_Prefix = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
_After = Annotated[str, Query(max_length=64, pattern=NO_NUL, description="The login that the page before ended with.")]


class NewPerson(BaseModel):
    """Somebody who is to be known here, by a password or by what an identity provider calls them (`issuer|subject`)."""

    model_config = ConfigDict(extra="forbid")

    login: _Login
    name: _Name
    password: _Password | None = Field(default=None, repr=False)
    subject: _Line | None = None


class Change(BaseModel):
    """What is to be different about somebody; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    active: bool = Field(default=True, strict=True)
    subject: _Line | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what is to change: active, subject")
        return self


class GivenPassword(BaseModel):
    """Somebody else's new password; null: they have none, and cannot sign in with one."""

    model_config = ConfigDict(extra="forbid")

    password: _Password | None = Field(repr=False)


_WHERE: list[dict[str, Any]] = [
    {
        "properties": {"role": {"enum": sorted(set(Role) - {Role.ADMINISTRATOR})}, "area": {"type": "string"}},
        "required": ["area"],
    },
    {"properties": {"role": {"enum": [Role.ADMINISTRATOR, Role.AUDITOR]}, "area": {"type": "null"}}},
]
"""Who manages people does so everywhere, who works does it somewhere; an auditor may do either."""


class NewRole(BaseModel):
    """A role, from now on: in which area, for which categories, until when."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"anyOf": [*_WHERE]})

    role: Role
    area: _Line | None = None
    categories: list[_Category] = Field(default=["*"], min_length=1, max_length=50)
    ends_at: Moment | None = None


class NewApiKey(BaseModel):
    """A machine's key: what it is called, and how long it serves."""

    model_config = ConfigDict(extra="forbid")

    name: _Name
    expires_at: Moment


@router.get("", dependencies=[Depends(only("after", "limit"))])
def list_people(asked: Asking, store: Store, after: _After = "", limit: Limit = 100) -> Response:
    """List people by their logins."""
    asked.caller.require(Right.MANAGE_PEOPLE)
    with store.read(asked.acting(Right.MANAGE_PEOPLE)) as conn:
        found = people.list_people(conn, after=after, limit=limit + 1)
    shown = [_person(person, asked) for person in found[:limit]]
    return _private({"people": shown, "next": shown[-1]["login"] if len(found) > limit else None})


@router.post("", status_code=201, dependencies=[Depends(only())])
def add_person(wanted: NewPerson, asked: Asking, store: Store, serving: Serving, once: OnlyOnce) -> Response:
    """Add somebody, without any role yet."""
    asked.caller.require(Right.MANAGE_PEOPLE)
    password_hash = None if wanted.password is None else _hashed(serving, wanted.password, login_of(wanted.login))

    def add(conn: connection) -> Response:
        person = managing.add_person(
            conn,
            asked.caller,
            login=wanted.login,
            name=wanted.name,
            now=asked.now,
            password_hash=password_hash,
            subject=wanted.subject,
        )
        made = people.get_person(conn, person)
        record(conn, "person.added", path=None, subject=person, body={"login": made.login, "has_password": made.has_password})
        return _private(_person(made, asked), status=201, location=_address(asked, person))

    with store.write(asked.acting(Right.MANAGE_PEOPLE)) as conn:
        return once(conn, lambda: add(conn))


@router.get("/{person_id}", dependencies=[Depends(only())])
def show_person(person_id: UUID, asked: Asking, store: Store) -> Response:
    """Show somebody, with the roles that they have, had or will have."""
    _require(asked, person_id)
    with store.read(asked.scope) as conn:
        person = people.get_person(conn, str(person_id))
        roles = people.list_grants(conn, person.id)
    return _private(_person(person, asked) | {"roles": [_role(role) for role in roles]})


@router.patch("/{person_id}", dependencies=[Depends(only())])
def change_person(person_id: UUID, wanted: Change, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Shut somebody out from this moment on, let them in again, or say what an identity provider calls them."""
    asked.caller.require(Right.MANAGE_PEOPLE)
    person = str(person_id)

    def change(conn: connection) -> Response:
        if "active" in wanted.model_fields_set:
            if wanted.active:
                people.set_active(conn, person, active=True)
            else:
                managing.shut_out(conn, asked.caller, person)
            record(conn, "person.let-in" if wanted.active else "person.shut-out", path=None, subject=person)
        if "subject" in wanted.model_fields_set:
            people.set_subject(conn, person, wanted.subject)
            record(conn, "person.subject", path=None, subject=person, body={"subject": wanted.subject})
        return _private(_person(people.get_person(conn, person), asked))

    with store.write(asked.acting(Right.MANAGE_PEOPLE)) as conn:
        return once(conn, lambda: change(conn))


@router.put("/{person_id}/password", status_code=204, dependencies=[Depends(only())])
def give_password(  # noqa: PLR0917 - FastAPI passes by name
    person_id: UUID, wanted: GivenPassword, asked: Asking, store: Store, serving: Serving, once: OnlyOnce
) -> Response:
    """Give somebody else a password, or none, and end their sessions."""
    asked.caller.require(Right.MANAGE_PEOPLE)
    person = str(person_id)
    with store.read(asked.acting(Right.MANAGE_PEOPLE)) as conn:
        login = people.get_person(conn, person).login
    password_hash = None if wanted.password is None else _hashed(serving, wanted.password, login)

    def give(conn: connection) -> Response:
        managing.give_password(conn, asked.caller, person, password_hash)
        record(conn, "person.password", path=None, subject=person, body={"has_password": password_hash is not None})
        return _nothing()

    with store.write(asked.acting(Right.MANAGE_PEOPLE)) as conn:
        return once(conn, lambda: give(conn))


@router.get("/{person_id}/roles", dependencies=[Depends(only())])
def list_roles(person_id: UUID, asked: Asking, store: Store) -> Response:
    """List the roles that somebody has, had or will have."""
    _require(asked, person_id)
    with store.read(asked.scope) as conn:
        people.get_person(conn, str(person_id))
        found = people.list_grants(conn, str(person_id))
    return _private({"roles": [_role(role) for role in found]})


@router.post("/{person_id}/roles", status_code=201, dependencies=[Depends(only())])
def give_role(person_id: UUID, wanted: NewRole, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Give somebody else a role from now on. Work, audit and the management of people never meet in one person."""
    asked.caller.require(Right.MANAGE_PEOPLE)
    person = str(person_id)

    def give(conn: connection) -> Response:
        number = managing.give_role(
            conn,
            asked.caller,
            person,
            role=wanted.role,
            area=wanted.area,
            now=asked.now,
            ends_at=wanted.ends_at,
            categories=tuple(wanted.categories),
        )
        role = next(role for role in people.list_grants(conn, person) if role.id == number)
        _note_role(conn, "person.role-given", role)
        return _private(_role(role), status=201, location=f"{_address(asked, person)}/roles/{number}")

    with store.write(asked.acting(Right.MANAGE_PEOPLE)) as conn:
        return once(conn, lambda: give(conn))


@router.delete("/{person_id}/roles/{number}", status_code=204, dependencies=[Depends(only())])
def end_role(
    person_id: UUID, number: Annotated[int, Path(ge=1, lt=2**63)], asked: Asking, store: Store, once: OnlyOnce
) -> Response:
    """Take a role back, at once."""
    asked.caller.require(Right.MANAGE_PEOPLE)

    def end(conn: connection) -> Response:
        role = next((role for role in people.list_grants(conn, str(person_id)) if role.id == number), None)
        if role is None:
            raise NotFound(f"this person has no role {number}")
        people.end_role(conn, number, now=asked.now, by=asked.caller.person_id)
        _note_role(conn, "person.role-ended", role)
        return _nothing()

    with store.write(asked.acting(Right.MANAGE_PEOPLE)) as conn:
        return once(conn, lambda: end(conn))


@router.get("/{person_id}/keys", dependencies=[Depends(only())])
def list_keys(person_id: UUID, asked: Asking, store: Store) -> Response:
    """List somebody's keys, without their secrets."""
    _require(asked, person_id)
    with store.read(asked.scope) as conn:
        people.get_person(conn, str(person_id))
        found = people.list_keys(conn, str(person_id))
    return _private({"keys": [_key(key) for key in found]})


@router.post("/{person_id}/keys", status_code=201, dependencies=[Depends(only())])
def make_key(person_id: UUID, wanted: NewApiKey, asked: Asking, store: Store, serving: Serving) -> Response:
    """Make a key that may do what somebody may. `key` is shown this once; the same request again makes another."""
    asked.caller.require(Right.MANAGE_PEOPLE)
    person = str(person_id)
    # No Idempotency-Key: the answer that is kept for it would keep the secret.
    with store.write(asked.acting(Right.MANAGE_PEOPLE)) as conn:
        people.get_person(conn, person)
        key = managing.make_key(
            conn,
            asked.caller,
            person,
            name=wanted.name,
            expires_at=wanted.expires_at,
            pepper=serving.door.pepper,
            now=asked.now,
        )
        body = {"prefix": key.prefix, "name": wanted.name, "expires_at": wanted.expires_at.isoformat()}
        record(conn, "person.key-made", path=None, subject=person, body=body)
        kept = next(each for each in people.list_keys(conn, person) if each.prefix == key.prefix)
    here = f"{_address(asked, person)}/keys/{key.prefix}"
    return _private(_key(kept) | {"key": key.text}, status=201, location=here)


@router.delete("/{person_id}/keys/{prefix}", status_code=204, dependencies=[Depends(only())])
def revoke_key(person_id: UUID, prefix: _Prefix, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Make a key serve no more. Everybody may revoke their own."""
    _require(asked, person_id)
    person = str(person_id)
    rights = (Right.MANAGE_PEOPLE,) if asked.caller.may(Right.MANAGE_PEOPLE) else ()

    def revoke(conn: connection) -> Response:
        if prefix not in {key.prefix for key in people.list_keys(conn, person)}:
            raise NotFound(f"this person has no key {prefix}")
        people.revoke_key(conn, prefix, now=asked.now)
        record(conn, "person.key-revoked", path=None, subject=person, body={"prefix": prefix})
        return _nothing()

    with store.write(asked.acting(*rights)) as conn:
        return once(conn, lambda: revoke(conn))


def _require(asked: Asked, person: UUID) -> None:
    """Let those through who manage people, and everybody to what is their own."""
    if asked.caller.person_id != str(person):
        asked.caller.require(Right.MANAGE_PEOPLE)


def _hashed(serving: Service, password: str, login: str) -> str:
    check_new_password(password, login)
    with serving.door.passwords.turn():
        return serving.door.passwords.hash(password)


def _note_role(conn: connection, kind: str, role: RoleGrant) -> None:
    """Log a role where it lies, so that who audits that area sees it."""
    row = None if role.area is None else maybe(conn, "SELECT path::text FROM wangge.area WHERE code = %s", [role.area])
    body = {"number": role.id, "role": role.role, "area": role.area, "categories": list(role.categories)}
    record(conn, kind, path=None if row is None else row[0], subject=role.person, body=body)


def _person(person: Person, asked: Asked) -> dict[str, Any]:
    here = _address(asked, person.id)
    links = [{"rel": rel, "href": f"{here}/{rel}", "type": "application/json"} for rel in ("roles", "keys")]
    return asdict(person) | {"links": [{"rel": "self", "href": here, "type": "application/json"}, *links]}


def _role(role: RoleGrant) -> dict[str, Any]:
    return {name: value for name, value in asdict(role).items() if name != "person"}


def _key(key: ApiKey) -> dict[str, Any]:
    return {name: value for name, value in asdict(key).items() if name != "person"}


def _address(asked: Asked, person: str) -> str:
    return f"{asked.base}/v1/people/{person}"


def _private(document: dict[str, Any], *, status: int = 200, location: str | None = None) -> Response:
    """Return an answer that nobody keeps."""
    return private(answer(document, status=status, location=location))


def _nothing() -> Response:
    return private(Response(status_code=204))
