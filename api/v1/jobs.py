"""Jobs over HTTP: dividing communities takes longer than an answer may, so it is started, watched, and stopped if need be."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from api.asked import Asking, Store
from api.divide_job import COMMUNITIES, REASON, RULES, SEED, TITLE, TOWN
from api.idempotency import OnlyOnce
from api.problem_kinds import KINDS
from api.suggest_job import BLOCKS, PLAN
from api.v1.answers import answer, tag
from api.who.caller import Right
from data.profile import SIZES
from data.store import jobs, plans, prints
from data.store.jobs import CANCELLED, QUEUED, RUNNING
from data.store.log import record
from data.store.profiles import size_there
from data.store.sql import many, maybe, one
from gis.errors import ParameterError, Refused, RulesError
from gis.town import LineKind
from partition.rules import Rules, rules_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.who.caller import Caller
    from data.store.jobs import Job

router = APIRouter(prefix="/v1", tags=["jobs"])

RETRY_S = 1
"""After so many seconds a job that goes on is worth another look: so often its worker tells how far it is."""
GOES_ON: dict[int | str, dict[str, Any]] = {202: {"description": "A job goes on.", "content": {"application/json": {}}}}
"""Of what may be done at once (200), or may take its time."""
_NEEDED = (Right.RUN_JOBS, Right.EDIT_PLAN)
_RULES = TypeAdapter(Rules)


def _described() -> dict[str, Any]:
    """Describe rules as a plan is asked for with them: some, each of which differs from the usual one."""
    schema = _RULES.json_schema()
    said: dict[str, Any] = dict(schema["properties"])
    said["weights"] = schema["$defs"]["Weights"] | {"additionalProperties": False}
    said["hard_barriers"]["items"] = {"enum": [kind.name.lower() for kind in LineKind]}
    for name in SIZES - {"measure"}:
        said[name]["minimum"] = 1
    for each in (*said.values(), *said["weights"]["properties"].values()):
        each.pop("default", None)
    return {"properties": said, "additionalProperties": False}


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Prose = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00]*$")]


class NewPlan(BaseModel):
    """A plan that is to be made: of which communities of a town (where none are named, all that are yours), by which rules."""

    model_config = ConfigDict(extra="forbid")

    town: Line
    title: Line
    reason: Prose = ""
    communities: list[Line] | None = Field(default=None, min_length=1, max_length=5000)
    rules: dict[str, Any] = Field(
        default_factory=dict[str, Any],
        description="What differs from the usual rules; where they say nothing of sizes, those of the nearest profile hold.",
        json_schema_extra=_described(),
    )
    seed: int = Field(default=1, ge=0, le=2**53 - 1, description="The same seed gives the same plan.")


@router.post("/plans", status_code=202)
def start_plan(wanted: NewPlan, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Have communities divided. The answer is the job that does it; when it is done, it names the draft of the plan."""
    for right in _NEEDED:
        asked.caller.require(right)
    rules = _rules(wanted.rules)
    with store.read(asked.scope) as conn:
        path, communities, holder = _ground(conn, wanted, asked.caller)
        whose, size = size_there(conn, holder, asked.today)
    if whose is not None and not wanted.rules.keys() & SIZES:
        rules = _rules({**size, **wanted.rules})
    else:
        whose = None
    wants = {
        TOWN: wanted.town,
        COMMUNITIES: communities,
        TITLE: wanted.title,
        REASON: wanted.reason,
        RULES: asdict(rules),
        SEED: wanted.seed,
    }

    def begin(conn: connection) -> Response:
        job = jobs.enqueue(conn, path=path, wants=wants, author=asked.caller.person_id, now=asked.now)
        body = {"kind": job.kind} | ({"sizes_of": whose} if whose is not None else {})
        record(conn, "job.start", path=path, subject=job.id, body=body)
        return shown(job, asked, status=202, location=_address(job, asked))

    with store.write(asked.acting(*_NEEDED)) as conn:
        return once(conn, lambda: begin(conn))


@router.get("/jobs")
def list_jobs(
    asked: Asking,
    store: Store,
    state: Annotated[Literal["queued", "running", "done", "failed", "cancelled"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List the jobs that you may see, newest first."""
    asked.caller.require(Right.SEE_DRAFTS)
    with store.read(asked.scope) as conn:
        found = jobs.listed(conn, state=state, limit=limit)
    return answer({"jobs": [job_document(job, asked) for job in found]})


@router.get("/jobs/{job_id}")
def show_job(
    job_id: UUID, asked: Asking, store: Store, if_none_match: Annotated[str | None, Header(alias="If-None-Match")] = None
) -> Response:
    """Show how far a job is; when it is done, the plan that it made, or why it could not."""
    asked.caller.require(Right.SEE_DRAFTS)
    with store.read(asked.scope) as conn:
        job = jobs.get(conn, str(job_id))
    response = shown(job, asked)
    if if_none_match is not None and response.headers["ETag"] in {part.strip() for part in if_none_match.split(",")}:
        kept = {name: value for name, value in response.headers.items() if name not in {"content-length", "content-type"}}
        return Response(status_code=304, headers=kept)
    return response


@router.delete("/jobs/{job_id}", responses=GOES_ON)
def stop_job(job_id: UUID, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Stop a job. 202: it is being stopped; 200: it is, nothing of it is left. One that is over cannot be stopped."""
    asked.caller.require(Right.RUN_JOBS)
    with store.read(asked.scope) as conn:
        job = jobs.get(conn, str(job_id))
        asked.caller.require(Right.RUN_JOBS, job.path)
        # One that lies in one of its communities is stopped by whoever has them all.
        for path in _all_of(conn, job):
            asked.caller.require(Right.RUN_JOBS, path)

    def stop(conn: connection) -> Response:
        stopping = jobs.cancel(conn, job.id)
        record(conn, "job.cancel", path=job.path, subject=job.id)
        return shown(stopping, asked, status=200 if stopping.state == CANCELLED else 202)

    with store.write(asked.acting(Right.RUN_JOBS)) as conn:
        return once(conn, lambda: stop(conn))


def _all_of(conn: connection, job: Job) -> Iterable[str]:
    """Return the paths of all that a job is about; `Refused` where they are not told to the caller."""
    if job.kind == jobs.DIVIDE:
        return _paths(conn, job.wants.get(COMMUNITIES) or ()).values()
    if job.kind == jobs.PRINT:
        paths = prints.paths_of(conn, job.id)
        if paths is None:
            msg = "parts of what is printed lie outside your areas; somebody who has them all stops it"
            raise Refused(msg, zh="所打印的内容有一部分不在您的辖区内；请由管辖全部范围的人员停止")
        return paths
    return plans.get(conn, job.wants[PLAN]).paths


def _rules(values: Mapping[str, Any]) -> Rules:
    """Return the rules that somebody wants; `RulesError` names everything in them that cannot be used."""
    try:
        # Strictly, as JSON: a rule that is no number is refused, and one that only looks like one too.
        _RULES.validate_json(orjson.dumps(values), strict=True)
    except ValidationError as error:
        faults = [(".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, ")) for fault in error.errors()]
        raise RulesError("; ".join(f"{place}: {message}" if place else message for place, message in faults)) from None
    except orjson.JSONEncodeError as error:
        msg = "the rules hold a number that nobody can mean"
        raise RulesError(msg) from error
    return rules_from(values)


def _ground(conn: connection, wanted: NewPlan, caller: Caller) -> tuple[str, list[str] | None, str]:
    """Return where the job lies, what is to be divided, and the path of the area that holds all of that.

    All communities (None: all of the town) are the caller's. Where the area that holds them is not, the job lies in one of
    them, as the plan will lie in each.
    """
    town = maybe(
        conn,
        """SELECT t.id, t.path::text, max(s.number) FROM wangge.town t JOIN wangge.snapshot s ON s.town_id = t.id
           WHERE t.name = %s GROUP BY t.id""",
        [wanted.town],
    )
    if town is None:
        raise ParameterError("town", f"there is no town called {wanted.town}, or it is not yours to see")
    identity, whole, snapshot = town
    if wanted.communities is None and _may(caller, whole):
        return whole, None, whole
    if wanted.communities is not None:
        # First as everybody sees the world: what is somebody else's is refused, and not unheard of.
        areas = _paths(conn, wanted.communities)
        _refuse_unknown(wanted, areas)
        _require(caller, areas.values())
    inside = many(
        conn,
        """SELECT code, path::text FROM wangge.town_feature
           WHERE town_id = %s AND layer = 'community' AND seen @> %s AND (%s::text[] IS NULL OR code = ANY (%s))
           ORDER BY code""",
        [identity, snapshot, wanted.communities, wanted.communities],
    )
    path_of: dict[str, str] = {code: path for code, path in inside if _may(caller, path)}
    _refuse_unknown(wanted, path_of)
    if not path_of:
        _require(caller, [whole])
    (holder,) = one(
        conn,
        "SELECT path::text FROM wangge.area WHERE path @> ALL (%s::ltree[]) ORDER BY nlevel(path) DESC LIMIT 1",
        [list(path_of.values())],
        what="area that holds all of these communities",
    )
    return holder if _may(caller, holder) else min(path_of.values()), list(path_of), holder


def _paths(conn: connection, communities: Sequence[str]) -> dict[str, str]:
    """Return the paths of communities by code."""
    rows = many(
        conn,
        "SELECT code, path::text FROM wangge.area WHERE level = 'community' AND code = ANY (%s)",
        [list(communities)],
    )
    return dict(rows)


def _may(caller: Caller, path: str) -> bool:
    return all(caller.may(right, path) for right in _NEEDED)


def _require(caller: Caller, paths: Iterable[str]) -> None:
    for path in paths:
        for right in _NEEDED:
            caller.require(right, path)


def _refuse_unknown(wanted: NewPlan, known: Mapping[str, str]) -> None:
    if unknown := sorted(set(wanted.communities or ()) - set(known)):
        msg = f"{wanted.town} has no such communities: {', '.join(unknown)}"
        raise ParameterError("communities", msg, communities=unknown)


def _address(job: Job, asked: Asked) -> str:
    return f"{asked.base}/v1/jobs/{job.id}"


def shown(job: Job, asked: Asked, *, status: int = 200, location: str | None = None) -> Response:
    """Return a job as an answer; while it goes on, it says when to look again."""
    etag = tag(job.id, job.state, f"{job.done}of{job.total}", "stopping" if job.cancel else "", asked.lang)
    document = job_document(job, asked) | {"suggestion": (job.result or {}).get("suggestion")}
    response = answer(document, status=status, etag=etag, location=location)
    if job.state in {QUEUED, RUNNING}:
        response.headers["Retry-After"] = str(RETRY_S)
    return response


def job_document(job: Job, asked: Asked) -> dict[str, Any]:
    """Return what is told of a job."""
    here = _address(job, asked)
    result = job.result or {}
    plan = None if "plan" not in result else {"id": result["plan"], "href": f"{asked.base}/v1/plans/{result['plan']}"}
    links = [{"rel": "self", "href": here, "type": "application/json"}]
    if plan is not None:
        links.append({"rel": "plan", "href": plan["href"], "type": "application/json"})
    if job.kind == jobs.PRINT:
        links.append({"rel": "files", "href": f"{asked.base}/v1/prints/{job.id}", "type": "application/json"})
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "stopping": job.cancel and job.state == RUNNING,
        "done": job.done,
        "total": job.total,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "author": job.author,
        # Whoever asks has painted the blocks themselves; a page that waits would be sent them every second.
        "wants": {name: value for name, value in job.wants.items() if name != BLOCKS},
        "plan": plan,
        "findings": result.get("findings", []),
        "problem": None if job.problem is None else _problem(job.problem, asked),
        "links": links,
    }


def _problem(kept: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """Return why a job failed as the problem that an answer would have been."""
    name = next(str(name) for name in (kept["code"], kept.get("kind"), "internal-error") if name in KINDS)
    kind = KINDS[name]
    advice = kind.advice(asked.lang)
    return {
        **kept.get("more", {}),
        "type": f"{asked.base}/problems/{name}",
        "title": kind.title(asked.lang),
        "status": kept["status"],
        "detail": kept.get("detail") or advice,
        "advice": advice,
        "code": kept["code"],
        "findings": kept.get("findings", []),
    }
