"""Ordered prints over HTTP: the atlas of an area or of a plan is made by a worker, watched, and taken by files or as a ZIP."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.asked import Asking, Serving, Store
from api.idempotency import OnlyOnce
from api.print_job import (
    AREA,
    AREA_NAME,
    BIND,
    CARD,
    DAY,
    FORM,
    HOTLINE,
    LANG,
    PAPER,
    PLAN,
    PLAN_TITLE,
    REVIEW,
    SCALE,
    SHOW,
)
from api.sheet_press import MEDIA
from api.v1.answers import answer, private
from api.v1.editor import KINDS as GRID_KINDS
from api.v1.jobs import Line, job_document, shown
from api.v1.parameters import NO_NUL, Day, only
from api.who.caller import Right
from api.zip_stream import zip_stream
from data.spelling import listed
from data.store import jobs, plans, prints, sheet_rows
from data.store.jobs import KEPT, PRINT
from data.store.log import record
from data.store.plans import area_named
from gis.errors import Conflict, NotFound, ParameterError
from maps.sheets.manifest import MANIFEST, Entry, manifest_text
from maps.sheets.scale import ROUND
from maps.sheets.values import Form, Paper, Volume

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from psycopg2.extensions import connection

    from api.asked import Asked
    from data.store.jobs import Job
    from data.store.pool import Pool

router = APIRouter(prefix="/v1/prints", tags=["prints"])

NEEDED = (Right.RUN_JOBS, Right.SEE_HOUSEHOLDS)
"""Who plans in all of a place, for every kind of grid, orders what is printed of it, and takes it."""
MOST_SHEETS = 3000
"""Of one order: a district of our largest kind has half of that."""
_NOT_YET = "this print is {}; its files can be taken one by one"
Shown = Literal["names", "phones", "forces", "services", "internal"]
_File = Annotated[str, Path(max_length=300, pattern=NO_NUL)]


_WHAT: list[dict[str, Any]] = [{"required": [name], "properties": {name: {"type": "string"}}} for name in ("area", "plan")]
"""One of them is said; what is null says nothing."""
_BOUND: list[dict[str, Any]] = [
    {"properties": {"format": {"const": "pdf"}}},
    {"required": ["bind"], "properties": {"bind": {"const": "none"}}},
]
"""Only a PDF has pages to bind."""


class NewPrint(BaseModel):
    """An atlas that is to be printed: of the grids in force of an area on a day, or of those of a plan as they are drawn."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"oneOf": [*_WHAT], "anyOf": [*_BOUND]})

    area: Line | None = Field(default=None, description="Code of a community, street or district.")
    plan: UUID | None = None
    at: Day | None = Field(default=None, description="The day whose grids are printed; today where it is left out.")
    paper: Paper = Paper.A4
    format: Form = Form.PDF
    scale: int = Field(
        default=0,
        ge=0,
        description="The N of 1:N for all grids that have room at it; 0: for each the largest that has room.",
        json_schema_extra={"enum": [0, *ROUND]},
    )
    bind: Volume = Field(default=Volume.STREET, description="By what the sheets are bound into documents too.")
    show: list[Shown] = Field(
        default=["names", "phones", "forces", "services"],
        max_length=5,
        description="What is printed; `internal`: small numbers too, and every line.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.area is None) == (self.plan is None):
            raise ValueError("either area or plan is needed")
        if self.bind is not Volume.NONE and self.format is not Form.PDF:
            raise ValueError("only a PDF has pages: bind is none for svg and png")
        if self.scale and self.scale not in ROUND:
            raise ValueError(f"scale is 0 or one of {listed([str(each) for each in ROUND], 40)}")
        return self


@router.post("", status_code=202)
def order_print(wanted: NewPrint, asked: Asking, store: Store, serving: Serving, once: OnlyOnce) -> Response:
    """Order an atlas. The answer is the job that prints it; an order that is the same as one that goes on is that one."""
    for right in NEEDED:
        asked.caller.require(right)
    with store.read(asked.scope) as conn:
        paths, what = _area(conn, wanted, asked) if wanted.area is not None else _plan(conn, str(wanted.plan), asked)
    settings = serving.settings
    public = wanted.area is not None and "grids" in asked.scope.public
    wants = {
        **what,
        DAY: str(wanted.at or asked.today),
        PAPER: wanted.paper,
        FORM: wanted.format,
        SCALE: wanted.scale,
        BIND: wanted.bind,
        SHOW: sorted(set(wanted.show)),
        LANG: asked.lang,
        REVIEW: settings.map_review,
        HOTLINE: settings.hotline,
        CARD: f"{asked.base}/collections/grids/items/{{code}}" if public else "",
    }

    def begin(conn: connection) -> Response:
        job = jobs.going_on(conn, PRINT, wants)
        if job is None:
            job = jobs.enqueue(conn, kind=PRINT, path=min(paths), wants=wants, author=asked.caller.person_id, now=asked.now)
            prints.open_print(conn, job.id, paths)
            record(conn, "job.start", path=job.path, subject=job.id, body={"kind": job.kind})
        return shown(job, asked, status=202, location=f"{asked.base}/v1/prints/{job.id}")

    with store.write(asked.acting(*NEEDED)) as conn:
        return once(conn, lambda: begin(conn))


@router.get("", dependencies=[Depends(only("limit"))])
def list_prints(asked: Asking, store: Store, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Response:
    """List the prints that you may take, newest first."""
    asked.caller.require(Right.RUN_JOBS)
    with store.read(asked.acting(*NEEDED)) as conn:
        mine = [job for job, paths in prints.listed(conn) if may_print(asked, paths)]
        found = jobs.several(conn, mine[:limit])
    return private(answer({"prints": [_document(job, asked) for job in found]}))


@router.get("/{job_id}", dependencies=[Depends(only())])
def show_print(job_id: UUID, asked: Asking, store: Store) -> Response:
    """Show how far a print is, and the files that are made by now, as its manifest says them."""
    with store.read(asked.acting(*NEEDED)) as conn:
        job = _job(conn, job_id, asked)
        files = prints.entries(conn, job.id)
    return private(answer(_document(job, asked) | {"files": [_entry(each, job, asked) for each in files]}))


@router.get("/{job_id}/files/{file}", dependencies=[Depends(only())])
def take_file(job_id: UUID, file: _File, asked: Asking, store: Store) -> Response:
    """Take one file, or `manifest.csv`."""
    with store.write(asked.acting(*NEEDED)) as conn:
        job = _job(conn, job_id, asked)
        if file == MANIFEST:
            body: bytes | None = _manifest(prints.entries(conn, job.id))
        else:
            body = prints.body_of(conn, job.id, file)
        if body is None:
            raise NotFound(f"this print has no file {file[:80]!r}, or it was thrown away")
        _taken(conn, job, file)
    media = "text/csv; charset=utf-8" if file == MANIFEST else MEDIA[Form(file.rpartition(".")[2])]
    return Response(body, media_type=media, headers=_headers(file))


@router.get("/{job_id}/archive.zip", dependencies=[Depends(only())])
def take_archive(job_id: UUID, asked: Asking, store: Store) -> Response:
    """Take all files of a print that is done, with their manifest, as one ZIP."""
    with store.write(asked.acting(*NEEDED)) as conn:
        job = _job(conn, job_id, asked)
        if job.state != jobs.DONE:
            raise Conflict(_NOT_YET.format(job.state), code="not-finished", state=job.state)
        files = prints.entries(conn, job.id)
        if not files:
            raise NotFound("the files of this print were thrown away; order it again")
        _taken(conn, job, "archive.zip")
    name = f"{job.wants.get(AREA) or 'plan'}-{job.wants[DAY]}.zip"
    return StreamingResponse(zip_stream(_files(store, asked, job, files)), media_type="application/zip", headers=_headers(name))


def _files(store: Pool, asked: Asked, job: Job, files: list[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
    """Give the files one after another, each in a transaction of its own: whoever takes them slowly holds no connection."""
    yield MANIFEST, _manifest(files)
    for each in files:
        with store.read(asked.acting(*NEEDED)) as conn:
            body = prints.body_of(conn, job.id, each["file"])
        if body is not None:
            yield each["file"], body


def _area(conn: connection, wanted: NewPrint, asked: Asked) -> tuple[list[str], dict[str, Any]]:
    """Return the path of the area that is wanted, and what the job is told of it."""
    area = area_named(conn, str(wanted.area))
    _require(asked, [area.path])
    day = wanted.at or asked.today
    count = sheet_rows.count_grids(conn, area.path, day)
    if not count:
        raise ParameterError("area", f"no grid of {area.code} is in force on {day}")
    if count > MOST_SHEETS:
        raise ParameterError("area", f"{area.code} has {count} grids; order at most {MOST_SHEETS} at once: its streets")
    return [area.path], {AREA: area.code, AREA_NAME: sheet_rows.area_name(conn, area.code, day)}


def _plan(conn: connection, identity: str, asked: Asked) -> tuple[list[str], dict[str, Any]]:
    """Return the paths of the plan that is wanted, and what the job is told of it."""
    plan = plans.get(conn, identity)
    _require(asked, plan.paths)
    count = sheet_rows.count_grids_of(conn, plan)
    if count > MOST_SHEETS:
        raise ParameterError("plan", f"this plan has {count} grids; an order has at most {MOST_SHEETS} sheets")
    return list(plan.paths), {PLAN: plan.id, PLAN_TITLE: plan.title}


def may_print(asked: Asked, paths: Iterable[str]) -> bool:
    """Say whether the atlas of places is for whoever asks: it shows grids of every kind there, and who lives in them."""
    return all(asked.caller.may(right, path, kind) for path in paths for right in NEEDED for kind in GRID_KINDS)


def _require(asked: Asked, paths: Iterable[str]) -> None:
    """Raise unless `may_print`."""
    for path, right, kind in product(paths, NEEDED, GRID_KINDS):
        asked.caller.require(right, path, kind)


def _job(conn: connection, job_id: UUID, asked: Asked) -> Job:
    """Return the job of a print that the caller may take."""
    for right in NEEDED:
        asked.caller.require(right)
    paths = prints.paths_of(conn, str(job_id))
    if paths is None or not may_print(asked, paths):
        raise NotFound(f"there is no print {job_id}, or it is not yours to see")
    return jobs.get(conn, str(job_id))


def _document(job: Job, asked: Asked) -> dict[str, Any]:
    here = f"{asked.base}/v1/prints/{job.id}"
    links = [
        {"rel": "self", "href": here, "type": "application/json"},
        {"rel": "job", "href": f"{asked.base}/v1/jobs/{job.id}", "type": "application/json"},
        {"rel": "manifest", "href": f"{here}/files/{MANIFEST}", "type": "text/csv"},
    ]
    until = None if job.finished_at is None else job.finished_at + KEPT
    is_there = job.state == jobs.DONE and until is not None and asked.now < until
    if is_there:
        links.append({"rel": "archive", "href": f"{here}/archive.zip", "type": "application/zip"})
    made: Mapping[str, Any] = job.result or {}
    return job_document(job, asked) | {
        "made": {name: made.get(name, 0) for name in ("files", "sheets", "bytes")},
        "kept_until": until,
        "is_kept": is_there,
        "links": links,
    }


def _entry(entry: Mapping[str, Any], job: Job, asked: Asked) -> dict[str, Any]:
    kept = {name: entry[name] for name in ("kind", "code", "name", "community", "street", "paper", "file", "sha256")}
    numbers = {name: int(entry[name] or 0) for name in ("scale", "pages", "bytes")}
    return {**kept, **numbers, "href": f"{asked.base}/v1/prints/{job.id}/files/{quote(entry['file'], safe='')}"}


def _manifest(files: list[dict[str, Any]]) -> bytes:
    return manifest_text(Entry(**each) for each in files).encode()


def _taken(conn: connection, job: Job, file: str) -> None:
    """Write down that somebody took what was printed."""
    record(conn, "export", path=job.path, subject="print", body={"job": job.id, "file": file})


def _headers(name: str) -> dict[str, str]:
    return {
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    }
