"""Plans over HTTP: where they stand, what they change, and the steps of their approval."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import shapely
from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asked import Asking, Service, Serving, Store
from api.idempotency import OnlyOnce
from api.v1.answers import answer, precondition, tag
from api.v1.findings import with_degrees
from api.v1.parameters import NO_NUL, Code, Day, Prose, only
from api.who.caller import Right
from api.workflow import BY_NAME, PASS, REJECT, Decided, Place, Standing, offers, take
from data.plan_files import audit_record, finding_record
from data.store import approval, plans
from data.store.history import lineage_of_plan
from data.store.log import record
from data.store.nets import digest
from data.store.publish import CutOver, check, compare, publish, town_of
from data.store.scope import speak
from data.store.sql import many
from gis.errors import Conflict, ParameterError

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.who.caller import Caller
    from api.workflow import Taken
    from data.store.plans import PlanRow
    from gis.town import Town
    from partition.net import Net
    from partition.net_diff import Compared

router = APIRouter(prefix="/v1/plans", tags=["plans"])

IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the plan as you have seen it.")]
GEOJSON = "application/geo+json"
_RIGHTS_OF = {
    "validate": (Right.EDIT_PLAN,),
    "submit": (Right.SUBMIT,),
    "street_review": (Right.STREET_REVIEW,),
    "district_approve": (Right.DISTRICT_APPROVE,),
    "notice": (Right.NOTICE,),
    "put_in_force": (Right.PUT_IN_FORCE,),
    "file": (Right.FILE,),
    "withdraw": (Right.EDIT_PLAN,),
}


_WHEN: list[dict[str, Any]] = [
    {"properties": {"action": {"not": {"const": "put_in_force"}}}},
    {"properties": {"effective_from": {"type": "string"}}, "required": ["effective_from"]},
]
"""What is put in force is so from a day on."""
_WHERE: list[dict[str, Any]] = [
    {"properties": {"lon": {"type": "number"}, "lat": {"type": "number"}}, "required": ["lon", "lat"]},
    {"properties": {"lon": {"type": "null"}, "lat": {"type": "null"}}},
]
"""A place has both."""


class Transition(BaseModel):
    """A step that is to be taken."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"anyOf": [*_WHEN]})

    # That there is no such step is said by the workflow, which knows them all.
    action: str = Field(json_schema_extra={"enum": [*BY_NAME, "reject", "withdraw"]})
    comment: Prose = ""
    effective_from: Day | None = None


class Remark(BaseModel):
    """A remark on a plan, to one of its grids or to a place where that is given."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"anyOf": [*_WHERE]})

    text: Annotated[Prose, Field(min_length=1)]
    grid: Annotated[str, StringConstraints(max_length=60, pattern=NO_NUL)] | None = None
    lon: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False)
    lat: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False)


@router.get("", dependencies=[Depends(only("state", "area", "limit"))])
def list_plans(
    asked: Asking,
    store: Store,
    state: Annotated[str | None, Query(max_length=30, pattern=NO_NUL)] = None,
    area: Annotated[
        str | None,
        Query(max_length=100, pattern=NO_NUL, description="Code of an area that the plans have communities in."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List the plans that you may see, newest first."""
    asked.caller.require(Right.SEE_DRAFTS)
    with store.read(asked.scope) as conn:
        within = None if area is None else plans.area_named(conn, area).path
        found = plans.listed(conn, state=state, within=within, limit=limit)
        return answer({"plans": [_summary(plan, asked) for plan in found]})


@router.get("/{plan_id}", dependencies=[Depends(only())])
def show_plan(plan_id: Code, asked: Asking, store: Store) -> Response:
    """Show where a plan stands, what was decided about it, and what you may do with it."""
    with store.read(asked.scope) as conn:
        plan = plans.get(conn, plan_id)
        return answer(_document(conn, plan, asked), etag=tag(plan.id, plan.revision))


@router.get(
    "/{plan_id}/grids",
    dependencies=[Depends(only())],
    response_class=Response,
    responses={200: {"content": {GEOJSON: {"schema": {"type": "object"}}}}},
)
def show_grids(plan_id: Code, asked: Asking, store: Store) -> Response:
    """Show the grids of a plan's current version as GeoJSON; their codes are provisional until the plan takes effect."""
    # Those of other people's communities are public once they are in force; their true figures are not.
    with store.read(asked.scope) as conn:
        plan = plans.get(conn, plan_id)
        rows = many(
            conn,
            """SELECT g.code, jsonb_build_object('code', g.code, 'name', g.name, 'kind', g.kind, 'subtype', g.subtype,
                 'community', a.code, 'households', g.households, 'persons', g.persons, 'area_m2', g.area_m2,
                 'compactness', g.compactness, 'east', g.east, 'south', g.south, 'west', g.west, 'north', g.north,
                 'exception', g.exception)::text, ST_AsGeoJSON(g.geom, 9)
               FROM wangge.grid g JOIN wangge.area a ON a.id = g.area_id
               WHERE g.plan_id = %s AND g.version = %s AND g.path <@ ANY ((SELECT wangge.scope(2))::ltree[])
                 AND wangge.sees_category(g.kind) ORDER BY a.code, g.code""",
            [plan.id, plan.version],
        )
    features = [
        {
            "type": "Feature",
            "id": code,
            "properties": orjson.Fragment(properties.encode()),
            "geometry": orjson.Fragment(geometry.encode()),
        }
        for code, properties, geometry in rows
    ]
    document = {"type": "FeatureCollection", "features": features}
    return answer(document, etag=tag(plan.id, plan.revision), media=GEOJSON)


@router.get("/{plan_id}/diff", dependencies=[Depends(only())])
def show_diff(plan_id: Code, asked: Asking, store: Store) -> Response:
    """Show what a plan changes against the grids in force: households moved, grids touched, the fate of every grid."""
    asked.caller.require(Right.SEE_HOUSEHOLDS)
    with store.read(asked.acting(Right.SEE_HOUSEHOLDS), ms=60_000) as conn:
        plan = plans.get(conn, plan_id)
        return answer(_diff(compared_by(conn, plan, asked.caller)[0]), etag=tag(plan.id, plan.revision))


@router.get("/{plan_id}/exceptions", dependencies=[Depends(only())])
def show_exceptions(plan_id: Code, asked: Asking, store: Store) -> Response:
    """List the grids outside the band, with the reason of each and whether it is proven."""
    with store.read(asked.scope) as conn:
        plan = plans.get(conn, plan_id)
        rows = many(
            conn,
            """SELECT code, name, households, exception FROM wangge.grid
               WHERE plan_id = %s AND version = %s AND exception IS NOT NULL
                 AND path <@ ANY ((SELECT wangge.scope(2))::ltree[]) AND wangge.sees_category(kind) ORDER BY code""",
            [plan.id, plan.version],
        )
    found = [{"code": code, "name": name, "households": count, **why} for code, name, count, why in rows]
    unproven = sum(not each["proven"] for each in found)
    return answer({"exceptions": found, "unproven": unproven}, etag=tag(plan.id, plan.revision))


@router.get("/{plan_id}/checks", dependencies=[Depends(only())])
def show_checks(plan_id: Code, asked: Asking, store: Store) -> Response:
    """Audit a plan now: the certificate of every community, and every finding with its place."""
    asked.caller.require(Right.SEE_HOUSEHOLDS)
    with store.read(asked.acting(Right.SEE_HOUSEHOLDS), ms=60_000) as conn:
        plan = plans.get(conn, plan_id)
        for path in plan.paths:
            asked.caller.require(Right.SEE_HOUSEHOLDS, path)
        _, _, report = check(conn, plan)
        told = audit_record(report)
        return answer(told | {"findings": with_degrees(told["findings"])}, etag=tag(plan.id, plan.revision))


@router.get("/{plan_id}/comments", dependencies=[Depends(only())])
def show_comments(plan_id: Code, asked: Asking, store: Store) -> Response:
    """List what was said about a plan, oldest first."""
    with store.read(asked.scope) as conn:
        plan = plans.get(conn, plan_id)
        return answer({"comments": approval.comments(conn, plan)})


@router.post("/{plan_id}/comments", status_code=201, dependencies=[Depends(only())])
def add_comment(plan_id: Code, remark: Remark, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Say something about a plan, to one of its grids or to a place."""
    asked.caller.require(Right.SEE_DRAFTS)
    if (remark.lon is None) != (remark.lat is None):
        raise ParameterError("lat" if remark.lat is None else "lon", "a place needs both lon and lat")
    at = None if remark.lon is None or remark.lat is None else (remark.lon, remark.lat)

    def say(conn: connection) -> Response:
        plan = plans.get(conn, plan_id)
        number = approval.comment(conn, plan, remark.text, actor=asked.caller.person_id, now=asked.now, grid=remark.grid, at=at)
        return answer({"id": number}, status=201, location=f"{asked.base}/v1/plans/{plan.id}/comments")

    with store.write(asked.acting(Right.SEE_DRAFTS)) as conn:
        return once(conn, lambda: say(conn))


@router.post("/{plan_id}/transitions", dependencies=[Depends(only())])
def take_step(  # noqa: PLR0917 - FastAPI passes by name
    plan_id: Code,
    wanted: Transition,
    asked: Asking,
    store: Store,
    serving: Serving,
    once: OnlyOnce,
    if_match: IfMatch = None,
) -> Response:
    """Take a step of the approval. `transitions` of the plan says which you may take; `If-Match` must be its ETag."""
    if wanted.action == "put_in_force" and wanted.effective_from is None:
        raise ParameterError("effective_from", "say from which day the plan is in force", code="missing-field")

    def step(conn: connection) -> Response:
        # First as the caller sees the world: who may not take the step is told why, and not that there is no such plan.
        plan = plans.get(conn, plan_id)
        precondition(if_match, tag(plan.id, plan.revision))
        speak(conn, asked.acting(*_rights(plan, wanted, _standing(conn, plan), asked.caller)))
        plan = plans.get(conn, plan_id, lock=True)
        precondition(if_match, tag(plan.id, plan.revision))
        taken = take(_standing(conn, plan), wanted.action, asked.caller, comment=wanted.comment)
        plan = _act(conn, plan, taken, wanted, asked, serving)
        speak(conn, asked.scope)
        return answer(_document(conn, plan, asked), etag=tag(plan.id, plan.revision))

    with store.write(asked.scope, ms=60_000) as conn:
        return once(conn, lambda: step(conn))


@router.get("/{plan_id}/lineage", dependencies=[Depends(only())])
def show_lineage(plan_id: Code, asked: Asking, store: Store) -> Response:
    """Show what became of every grid when this plan took effect."""
    with store.read(asked.scope) as conn:
        return answer({"lineage": lineage_of_plan(conn, plan_id)})


def compared_by(conn: connection, plan: PlanRow, caller: Caller) -> tuple[Compared, Town]:
    """Return a plan beside the net in force, as far as the caller plans there, and the town of both."""
    new = _own(conn, plan, plans.net(conn, plan), caller)
    town = town_of(conn, plan, communities=tuple(new.outline), divided=new)
    return compare(conn, plan, town, new), town


def _own(conn: connection, plan: PlanRow, new: Net, caller: Caller) -> Net:
    """Return what a net says about the communities that the caller plans for; others' grids may be seen once in force."""
    own = {place.code for place in plans.places(conn, plan) if caller.may(Right.SEE_HOUSEHOLDS, place.path)}
    kept = new.take([g for g, community in enumerate(new.community) if community in own])
    # Also a community that has no grid any more in the draft: all that were there would be given up.
    return replace(kept, outline={code: shape for code, shape in new.outline.items() if code in own})


def _rights(plan: PlanRow, wanted: Transition, standing: Standing, caller: Caller) -> tuple[Right, ...]:
    """Return the rights that a step is taken with; raises where the caller may not take it."""
    taken = take(standing, wanted.action, caller, comment=wanted.comment)
    if taken.step == "put_in_force" and not all(caller.may(Right.PUT_IN_FORCE, path) for path in plan.paths):
        raise Conflict("this plan reaches into other districts; it is put in force by somebody who has them all")
    return _RIGHTS_OF[taken.step]


def _standing(conn: connection, plan: PlanRow) -> Standing:
    return Standing(
        state=plan.state,
        author=plan.author,
        places=tuple(Place(**asdict(place)) for place in plans.places(conn, plan)),
        decided=tuple(
            Decided(step=d.step, verdict=d.verdict, area=d.area, actor=d.actor)
            for d in approval.decisions(conn, plan)
            if d.version == plan.version
        ),
    )


def _act(  # noqa: PLR0917 - one call, in the order of the story
    conn: connection, plan: PlanRow, taken: Taken, wanted: Transition, asked: Asked, serving: Service
) -> PlanRow:
    if taken.step == "validate":
        return _validate(conn, plan, asked)
    if taken.step == "submit":
        approval.seal(conn, plan, actor=asked.caller.person_id, now=asked.now)
    areas = [plans.AreaRow(**asdict(area)) for area in taken.areas]
    approval.decide(
        conn, plan, step=taken.step, verdict=taken.verdict, areas=areas, actor=asked.caller.person_id,
        comment=wanted.comment, now=asked.now,
    )  # fmt: skip
    body = {"version": plan.version, "verdict": taken.verdict, "areas": [a.code for a in areas], "comment": wanted.comment}
    for area in areas:
        record(conn, f"plan.{taken.step}", path=area.path, subject=plan.id, body=body)
    if taken.step == "put_in_force" and taken.verdict == PASS and wanted.effective_from is not None:
        cut = CutOver(
            effective_from=wanted.effective_from,
            today=asked.today,
            now=asked.now,
            actor=asked.caller.person_id,
            smallest_public=serving.settings.k_public,
        )
        return publish(conn, plan, cut)
    if taken.verdict == REJECT:
        return approval.send_back(conn, plan, now=asked.now)
    return plans.move(conn, plan, taken.state, now=asked.now)


def _validate(conn: connection, plan: PlanRow, asked: Asked) -> PlanRow:
    """Audit a draft; clean, it is validated and known by its digest, else it stays a draft with its findings."""
    new, _, report = check(conn, plan)
    sound = report.clean and report.exact
    findings = [finding_record(finding) for finding in report.findings]
    record(conn, "plan.validate", path=plan.path, subject=plan.id, body={"version": plan.version, "clean": sound})
    return plans.note_check(conn, plan, findings=findings, digest=digest(new) if sound else None, now=asked.now)


def offered(conn: connection, plan: PlanRow, asked: Asked) -> list[dict[str, Any]]:
    """Return the steps that whoever asks may take now."""
    return [
        {
            "action": offer.action,
            "href": f"{asked.base}/v1/plans/{plan.id}/transitions",
            "method": "POST",
            "requires": ["If-Match", *offer.requires],
        }
        for offer in offers(_standing(conn, plan), asked.caller)
    ]


def _summary(plan: PlanRow, asked: Asked) -> dict[str, Any]:
    return {
        "id": plan.id,
        "number": plan.number,
        "title": plan.title,
        "reason": plan.reason,
        "state": plan.state,
        "version": plan.version,
        "revision": plan.revision,
        "effective_from": plan.effective_from,
        "created_at": plan.created_at,
        "updated_at": plan.updated_at,
        "metrics": plan.metrics,
        "links": [{"rel": "self", "href": f"{asked.base}/v1/plans/{plan.id}", "type": "application/json"}],
    }


def _document(conn: connection, plan: PlanRow, asked: Asked) -> dict[str, Any]:
    here = f"{asked.base}/v1/plans/{plan.id}"
    parts = ("grids", "diff", "exceptions", "checks", "comments", "lineage")
    return _summary(plan, asked) | {
        "made_with": plan.made_with,
        "findings": with_degrees(plan.findings),
        "areas": [{"code": place.code, "level": place.level} for place in plans.places(conn, plan)],
        "versions": [{"version": version, "digest": known} for version, known in sorted(approval.sealed(conn, plan).items())],
        "decisions": [
            {
                "version": d.version,
                "step": d.step,
                "verdict": d.verdict,
                "area": d.area_code,
                "actor": d.actor,
                "actor_name": d.actor_name,
                "comment": d.comment,
                "at": d.at,
            }
            for d in approval.decisions(conn, plan)
        ],
        "transitions": offered(conn, plan, asked),
        "links": [
            {"rel": "self", "href": here, "type": "application/json"},
            *({"rel": part, "href": f"{here}/{part}", "type": "application/json"} for part in parts),
        ],
    }


def _diff(compared: Compared) -> dict[str, Any]:
    found = compared.diff
    names_new = dict(zip(compared.new.code, compared.new.name, strict=True))
    return {
        "households_moved": found.households_moved,
        "grids_before": len(found.old),
        "grids_after": len(found.new),
        "grids_touched_before": found.touched_old,
        "grids_touched_after": found.touched_new,
        "area_changed_m2": round(float(shapely.area(compared.new.polygon)[[op != "keep" for op in found.origin]].sum()), 2),
        "before": [
            {"code": key, "fate": op.value, "flag": flag.value}
            for key, op, flag in zip(found.old.key, found.fate, found.old_flag, strict=True)
        ],
        "after": [
            {"code": key, "name": names_new[key], "origin": op.value, "flag": flag.value}
            for key, op, flag in zip(found.new.key, found.origin, found.new_flag, strict=True)
        ],
        "rows": [asdict(row) | {"op": row.op.value} for row in found.rows()],
    }
