"""Staffing over HTTP: the rules of areas, and how each grid is staffed by them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asked import Asking, Store
from api.duty.card import kind_names
from api.duty.forces import forces_of, forces_said, forces_there
from api.duty.roles import ROLE_WORDS, label
from api.duty.rule import rule_from
from api.duty.town import staffed
from api.idempotency import OnlyOnce
from api.v1.answers import answer, private
from api.v1.parameters import NO_NUL, At, Day, only
from api.v1.staffing_schema import RULE
from api.who.caller import Right
from data.store import staffing
from data.store.log import record
from data.store.plans import area_named, path_named
from data.store.profiles import nearest, profiles_on
from gis.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.duty.forces import Forces
    from api.duty.staffing import GridStaffing, Remark, RoleTotal
    from api.duty.town import Staffed
    from data.store.profiles import ProfileRow
    from data.store.staffing import GridRow, PostRow, RuleRow

router = APIRouter(prefix="/v1/staffing", tags=["staffing"])

GridType = Literal["residential", "dedicated"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]
_Area = Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area.")]


class NewRule(BaseModel):
    """The rule of an area for its grids of one type, from a day on; null: it has none of its own, and the next above holds."""

    model_config = ConfigDict(extra="forbid")

    area: Name
    grid_type: GridType
    rule: dict[str, Any] | None = Field(
        description="formula and terms; grid_type may be left out.",
        json_schema_extra={"anyOf": [RULE, {"type": "null"}]},
    )
    doc_id: Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)] = Field(
        default="", description="The document that says so."
    )
    valid_from: Day | None = None


@router.get("", dependencies=[Depends(only("area", "at", "some", "compliant"))])
def show_staffing(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    area: _Area = None,
    at: At = None,
    some: Annotated[Literal["0", "1"], Query(description="What 若干 means where a rule does not say: none or one.")] = "1",
    compliant: Annotated[bool | None, Query(description="Only grids that comply with their rule, or that do not.")] = None,
) -> Response:
    """Show how each grid is staffed by the rule that holds for it: the one for its type of the nearest area above.

    A gap of severity `warning` leaves a grid compliant. `totals` and counts are over all grids, whichever are listed.
    """
    asked.caller.require(Right.MANAGE_STAFF)
    day = at or asked.today
    with store.read(asked.acting(Right.MANAGE_STAFF)) as conn:
        path = path_named(conn, area)
        grids = staffing.grids_on(conn, day, area=path)
        rules = staffing.rules_on(conn, day, area=path)
        posts = staffing.posts_on(conn, day, area=path)
        found = staffed(grids, posts, rules, some=int(some))
        idle = staffing.staff_without_post(conn, day, area=path)
        saying = [each for each in profiles_on(conn, day, area=path) if each.doc.get("forces")]
    forces = _forces(found, grids, posts, saying)
    document = {
        "at": day,
        "area": area,
        **_counts(found),
        "totals": [_total(total, asked) for total in found.staffing.totals],
        "by_channel": _by(post.channel for post in posts),
        "by_source": _by(post.source for post in posts),
        "forces": _forces_total(forces, saying, asked),
        "without_owner": found.without_owner,
        "staff_without_grid": [dict(zip(("id", "number", "name", "status"), row, strict=True)) for row in idle],
        "rules": [_rule(rule) for rule in rules],
        "grids": [
            _grid(row, grid, rules, there)
            for row, grid, there in zip(grids, found.staffing.grids, forces, strict=True)
            if compliant is None or grid.compliant is compliant
        ],
    }
    return private(answer(document))


@router.get("/rules", dependencies=[Depends(only("area", "at"))])
def list_rules(asked: Asking, store: Store, area: _Area = None, at: At = None) -> Response:
    """List the rules of a day, the nearest to grids first: those of your areas and of the areas above them."""
    asked.caller.require(Right.SEE_INTERNAL)
    day = at or asked.today
    with store.read(asked.scope) as conn:
        found = staffing.rules_on(conn, day, area=path_named(conn, area))
    return answer({"at": day, "rules": [_rule(rule) for rule in found]})


@router.put("/rules", dependencies=[Depends(only())])
def state_rule(wanted: NewRule, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """State who is wanted on the grids of an area, from today or a later day on. All faults of a rule come at once."""
    asked.caller.require(Right.MANAGE_STAFF)
    day = wanted.valid_from or asked.today
    rule = None if wanted.rule is None else rule_from({"grid_type": wanted.grid_type} | wanted.rule)
    if rule is not None and rule.grid_type != wanted.grid_type:
        raise Conflict(
            f"the rule says it is for {rule.grid_type} grids, and not for {wanted.grid_type} ones", code="other-type"
        )

    def state(conn: connection) -> Response:
        area = area_named(conn, wanted.area)
        asked.caller.require(Right.MANAGE_STAFF, area.path)
        if day < asked.today:
            raise Conflict("what held on a day that is over does not change: state it from today or later", code="past-day")
        said = None if rule is None else rule.as_json()
        if staffing.state_rule(conn, area, wanted.grid_type, said, doc_id=wanted.doc_id, day=day):
            body = {"grid_type": wanted.grid_type, "valid_from": str(day), "rule": said, "doc_id": wanted.doc_id}
            record(conn, "staffing.rule", path=area.path, subject=area.code, body=body)
        return answer({"at": day, "rules": [_rule(each) for each in staffing.rules_on(conn, day, area=area.path)]})

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: state(conn))


def _counts(found: Staffed) -> dict[str, Any]:
    of = found.staffing
    return {
        "count": len(of.grids),
        "ruled": of.ruled,
        "compliant": of.compliant,
        "core": {"need": of.core_need, "have": of.core_have, "beyond": of.beyond_core},
        "posts": of.posts,
    }


def _by(words: Iterable[str]) -> dict[str, int]:
    """Count posts by how somebody came to them, or by where they were taken from ('' where nobody says it)."""
    return dict(sorted(Counter(words).items()))


def _total(total: RoleTotal, asked: Asked) -> dict[str, Any]:
    called = [label(ROLE_WORDS, role, asked.lang) if role in ROLE_WORDS else role for role in total.roles]
    return asdict(total) | {"label": "、".join(called) if asked.lang == "zh" else ", ".join(called)}


def _forces(
    found: Staffed, grids: Sequence[GridRow], posts: Sequence[PostRow], saying: Sequence[ProfileRow]
) -> list[Forces | None]:
    """Return the forces of each grid: as its rule counts them, else as the nearest profile that names some says."""
    there = forces_there(grids, posts)
    shown: list[Forces | None] = []
    for row, grid in zip(grids, found.staffing.grids, strict=True):
        profile = nearest(saying, row.path)
        said = () if profile is None else forces_said(profile.doc["forces"])
        shown.append(forces_of(None if grid.rule is None else found.rules[grid.rule], said, row, there))
    return shown


def _forces_total(forces: Sequence[Forces | None], saying: Sequence[ProfileRow], asked: Asked) -> dict[str, Any]:
    """Return on how many grids forces are wanted and on how many all are there; each kind with where it is and is not."""
    called = kind_names((each for row in saying for each in forces_said(row.doc["forces"])), asked.lang)
    wanted = [each for each in forces if each is not None]
    present = Counter(kind for each in wanted for kind in each.present)
    missing = Counter(kind for each in wanted for kind in each.missing)
    kinds = dict.fromkeys(kind for each in wanted for kind in (*each.present, *each.missing))
    return {
        "grids": len(wanted),
        "complete": sum(not each.missing for each in wanted),
        "kinds": [
            {"kind": kind, "label": called.get(kind, kind), "present": present[kind], "missing": missing[kind]}
            for kind in kinds
        ],
    }


def _grid(row: GridRow, grid: GridStaffing, rules: Sequence[RuleRow], forces: Forces | None) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "kind": row.kind,
        "community": row.community,
        "rule": None if grid.rule is None else rules[grid.rule].id,
        "compliant": grid.compliant,
        "forces": None if forces is None else {**asdict(forces), "of": forces.of},
        "gaps": [asdict(gap) | {"code": gap.code} for gap in grid.gaps],
        "surplus": [asdict(each) for each in grid.surplus],
        "warnings": [_remark(each) for each in grid.warnings],
        "faults": [_remark(each) for each in grid.faults],
    }


def _remark(remark: Remark) -> dict[str, Any]:
    return {"code": remark.code, "term": remark.term, "staff": remark.person}


def _rule(rule: RuleRow) -> dict[str, Any]:
    return {name: value for name, value in asdict(rule).items() if name != "path"}
