"""Signing in and out over HTTP: a session in a browser, who somebody is, and their password."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse

from api.asked import Asking, Serving, Store, base
from api.cookies import with_cookies
from api.loop.words import OrgKind
from api.v1.answers import answer, private
from api.v1.parameters import only
from api.who.caller import How
from api.who.passwords import LONGEST, SHORTEST
from api.who.sessions import close_session, forgotten_cookies, session_cookie
from api.who.sign_in import change_password, sign_in
from api.who.workspace import LABELS, Workspace, desk_of, foremost, modules_of
from data.store.incidents import memberships
from data.store.log import record
from data.store.people import get_person
from data.store.profiles import nearest, profiles_on
from data.store.scope import NOBODY, Scope
from data.store.sql import many
from gis.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.who.caller import Grant

router = APIRouter(prefix="/v1/session", tags=["session"])

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_Typed = Annotated[str, Field(max_length=1000, repr=False)]


class Credentials(BaseModel):
    """What somebody signs in with. `next` is for forms: the path of this site that the browser goes to afterwards."""

    model_config = ConfigDict(extra="forbid")

    login: Annotated[str, Field(max_length=1000)]
    password: _Typed
    next: Annotated[str, Field(pattern=r"^/([A-Za-z0-9_.~!$&'()*+,;=:@%-][A-Za-z0-9_.~!$&'()*+,;=:@%/?-]*)?$")] = "/"


class NewPassword(BaseModel):
    """One's old password and the one to have from now on."""

    model_config = ConfigDict(extra="forbid")

    old: _Typed
    new: Annotated[
        str, Field(max_length=LONGEST * 4, repr=False, json_schema_extra={"minLength": SHORTEST, "maxLength": LONGEST})
    ]


async def shown(request: Request) -> Credentials:
    """Read what was typed, as JSON or as a form's fields."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            return Credentials.model_validate_json(await request.body())
        if kind not in _FORMS:
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON, or a form's fields")
        async with request.form(max_files=0, max_fields=10) as form:
            return Credentials.model_validate(
                {name: value for name, value in form.items() if not isinstance(value, UploadFile)}
            )
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from None


Shown = Annotated[Credentials, Depends(shown)]

_BODY = {"schema": Credentials.model_json_schema()}
_READS: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/json": _BODY, _FORMS[0]: _BODY}}}


@router.post("", status_code=201, dependencies=[Depends(only())], openapi_extra=_READS)
def start_session(request: Request, wanted: Shown, serving: Serving) -> Response:
    """Sign in. The answer sets two cookies; what the second holds goes into the header X-CSRF-Token of every change.

    A form is answered with a redirect to `next`.
    """
    _refuse_strangers(request)
    secure, pool, now = serving.settings.is_secure, serving.pool, serving.now()
    session = sign_in(
        lambda: pool.write(NOBODY),
        login=wanted.login,
        password=wanted.password,
        door=serving.door,
        now=now,
        replaces=request.cookies.get(session_cookie(secure=secure), ""),
    )
    with pool.write(Scope(person=session.person)) as conn:
        record(conn, "session.start", path=None, subject=session.person)
    if request.headers["content-type"].startswith("application/json"):
        document = {"person": session.person, "csrf": session.csrf, "expires_at": now + session.lifetime}
        response = answer(document, status=201, location=f"{base(request)}/v1/session")
    else:
        response = RedirectResponse(f"{base(request)}{wanted.next}", HTTPStatus.SEE_OTHER)
    return private(with_cookies(response, session.cookies(secure=secure)))


@router.get("", dependencies=[Depends(only())])
def show_session(asked: Asking, store: Store) -> Response:
    """Say who you are: your name, your roles and their areas, what you may do, which desk is yours, and what is open to you."""
    with store.read(asked.scope) as conn:
        return private(answer(_document(conn, asked)))


@router.delete("", status_code=204, dependencies=[Depends(only())])
def end_session(request: Request, asked: Asking, serving: Serving) -> Response:
    """Sign out. Whoever is not signed in stays so."""
    secure = serving.settings.is_secure
    if asked.caller.how is How.SESSION:
        with serving.pool.write(asked.scope) as conn:
            close_session(conn, request.cookies[session_cookie(secure=secure)], serving.door.pepper)
            record(conn, "session.end", path=None, subject=asked.caller.person_id)
    return private(with_cookies(Response(status_code=204), forgotten_cookies(secure=secure)))


@router.post("/password", dependencies=[Depends(only())])
def replace_password(wanted: NewPassword, asked: Asking, store: Store, serving: Serving) -> Response:
    """Change your own password. All your sessions end, and a new one begins."""
    if asked.caller.how is not How.SESSION:
        msg = "passwords are changed by people who are signed in, not by machines"
        raise Refused(msg, code="needs-session")
    with store.read(asked.scope) as conn:
        login = get_person(conn, asked.caller.person_id).login
    session = change_password(
        lambda: store.write(asked.scope), login=login, old=wanted.old, new=wanted.new, door=serving.door, now=asked.now
    )
    with store.write(asked.scope) as conn:
        record(conn, "session.password", path=None, subject=session.person)
    document = {"person": session.person, "csrf": session.csrf, "expires_at": asked.now + session.lifetime}
    return private(with_cookies(answer(document), session.cookies(secure=serving.settings.is_secure)))


def _refuse_strangers(request: Request) -> None:
    """Refuse a page from elsewhere that signs its visitor in, as somebody whose every step it may then read.

    Browsers say where a request that changes something comes from; other programs say nothing.
    """
    origin = request.headers.get("origin")
    if origin is None or urlsplit(origin).netloc == urlsplit(base(request)).netloc:
        return
    msg = "this request does not come from a page of ours"
    raise Refused(msg, code="csrf")


def _document(conn: connection, asked: Asked) -> dict[str, Any]:
    caller = asked.caller
    paths = [grant.area for grant in caller.grants if grant.area is not None]
    rows = many(
        conn,
        """SELECT a.path::text, a.code, a.level, v.name FROM wangge.area a
             LEFT JOIN wangge.area_version v ON v.area_id = a.id AND v.valid @> %s::date
           WHERE a.path = ANY (%s::ltree[])""",
        [asked.today, paths],
    )
    area_of = {path: {"code": code, "level": level, "name": name} for path, code, level, name in rows}

    def role(grant: Grant) -> dict[str, Any]:
        area = None if grant.area is None else area_of.get(grant.area)
        return {"role": grant.role, "area": area, "categories": grant.categories}

    return {
        "how": caller.how,
        "person": caller.person_id or None,
        "name": caller.name or None,
        "roles": [role(grant) for grant in caller.grants],
        "rights": sorted(caller.rights),
        "public": sorted(asked.scope.public),
        "workspace": workspace_of(conn, asked, memberships(conn, caller.person_id, asked.now) if caller.grants else ()),
        "modules": [
            {"module": each.tag, "name": each.zh if asked.lang == "zh" else each.en}
            for each in modules_of(caller, asked.scope.public)
        ],
    }


def workspace_of(conn: connection, asked: Asked, orgs: Iterable[tuple[str, str, str, str, bool]]) -> dict[str, Any]:
    """Say which desk is somebody's: that of the role of theirs that stands highest, as the nearest profile has desks there.

    `orgs` are the organisations that they work in (`memberships`).
    """
    leading, profile, desk = foremost(asked.caller.grants), None, Workspace.PUBLIC
    if leading is not None:
        kinds = {kind for _, kind, *_ in orgs}
        having = [each for each in profiles_on(conn, asked.today) if (each.doc.get("tiers") or {}).get("platform")]
        profile = None if leading.area is None else nearest(having, leading.area)
        desk = desk_of(
            leading.role,
            is_service=bool(kinds - {OrgKind.COMMAND_CENTER}),
            platform=() if profile is None else profile.doc["tiers"]["platform"],
        )
    return {
        "workspace": desk,
        "name": LABELS[desk][asked.lang],
        "role": None if leading is None else leading.role,
        "profile": None if profile is None else profile.name,
    }
