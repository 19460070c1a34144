"""A profile is loaded: its document is kept, and what the service works by goes where that is kept.

Loaded again it changes nothing. Staffing rules, the policy of the loop and the document hold from a day on; rounds, orders and
assessments have no days and hold from now on. What has no table of its own stands in the document, and is read from there:
names of stages and tiers, sizes, how large centres are, how far people walk, what a place says it has (api/panel/stated.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from api.duty.rule import rule_from
from api.loop.order import variant_from, variant_rows
from api.loop.policy import checked as checked_policy
from api.parameters import refuse
from api.profile_check import document_only, faults
from api.rounds.cadence import Period, Rule, Target, checked
from api.rounds.duty import duty_from
from api.stats.score import check, read_dimension
from data.store import assessments, duties, orders, policies, profiles, staffing, visits
from data.store.log import record
from data.store.plans import area_named
from gis.errors import Conflict, InputError, ParameterError
from gis.finding import first_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from data.profile import Profile
    from data.store.plans import AreaRow

ROLLING_DAYS = 183
"""A half-year that rolls."""
_CALLED = {"grid": "网格", "community": "社区", "village": "村", "street": "街道", "department": "部门"}
"""What is assessed, in the names of assessments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of a profile: what was changed, and the keys that nothing in the service acts on, with their sections."""

    profile: str
    area: str
    day: date
    changed: tuple[str, ...]
    document_only: tuple[str, ...]


def load(conn: connection, profile: Profile, *, day: date, now: datetime) -> Loaded:
    """Load a profile for its area, as the store's owner, in the caller's transaction.

    Raises
    ------
    NotFound
        The store does not have the area.
    InputError, ParameterError
        Something that it says cannot be used; every fault is named.
    Conflict
        It states a variant of orders, or an assessment, under a name that means something else here.
    """
    found = faults(profile)
    if found:
        raise InputError(f"{profile.id}: {first_of(found)}", found)
    area = area_named(conn, profile.area)
    changed = [
        *_staffing(conn, area, profile, day),
        *_policy(conn, area, profile, day),
        *_rounds(conn, area, profile),
        *_triggers(conn, area, profile, now),
        *_duties(conn, area, profile, day),
        *_orders(conn, area, profile),
        *_assessments(conn, area, profile, now),
    ]
    if profiles.keep(conn, area, profile.id, profile.as_json(), day=day):
        changed.insert(0, "profile")
    if changed:
        body = {"valid_from": day.isoformat(), "changed": changed}
        record(conn, "profile.loaded", path=area.path, subject=profile.id, body=body)
    return Loaded(
        profile=profile.id,
        area=area.code,
        day=day,
        changed=tuple(changed),
        document_only=document_only(profile),
    )


def _staffing(conn: connection, area: AreaRow, profile: Profile, day: date) -> Iterator[str]:
    source = f"profile:{profile.id}"
    for each in profile.staffing:
        rule = rule_from(each)
        said = rule.as_json()
        if staffing.state_rule(conn, area, rule.grid_type, said, doc_id=source, day=day):
            body = {"grid_type": rule.grid_type, "valid_from": day.isoformat(), "rule": said, "doc_id": source}
            record(conn, "staffing.rule", path=area.path, subject=area.code, body=body)
            yield f"staffing.{rule.grid_type}"


def _policy(conn: connection, area: AreaRow, profile: Profile, day: date) -> Iterator[str]:
    """State the place's own numbers of the loop; a profile without any leaves what was stated otherwise."""
    if "loop" in profile.says:
        said = {name: value for name, value in profile.says["loop"].items() if name not in {"assumption", "assumptions"}}
        says, source = checked_policy(said), f"profile:{profile.id}"
        if policies.state(conn, area, says, source=source, day=day):
            body = {"valid_from": day.isoformat(), "says": says, "source": source}
            record(conn, "policy.stated", path=area.path, subject=area.code, body=body)
            yield "loop"


def _rounds(conn: connection, area: AreaRow, profile: Profile) -> Iterator[str]:
    """State how often somebody must come."""
    held = {row[2]: row[3:] for row in visits.rule_rows(conn) if row[1] == area.code}
    for rule in _owed(cast("Mapping[str, Any]", profile.says.get("cadence", {}))):
        row = (str(rule.period), rule.days, rule.minutes, list(rule.categories))
        if held.get(str(rule.target)) != row:
            names = ("period", "days", "minutes", "categories")
            visits.set_rule(conn, area.id, area.path, {"target": str(rule.target), **dict(zip(names, row, strict=True))})
            yield f"cadence.{rule.target}"


def _triggers(conn: connection, area: AreaRow, profile: Profile, now: datetime) -> Iterator[str]:
    """State which incidents make a visit due, from now on; what was stated otherwise, and is not named, stays."""
    held = {row[1]: row[2:] for row in visits.trigger_rows(conn) if row[0] == area.code}
    said = cast("Mapping[str, Any]", profile.says.get("visits", {}))
    for each in cast("Sequence[Mapping[str, Any]]", said.get("triggers", [])):
        category, reason, days = each["category"], each["reason"], each["within_days"]
        if held.get(category) != (reason, days, True):
            visits.set_trigger(conn, area.id, area.path, category, reason, days, active=True, now=now)
            yield f"visits.{category}"


def _duties(conn: connection, area: AreaRow, profile: Profile, day: date) -> Iterator[str]:
    """State what is owed again and again, from a day on."""
    for each in cast("Sequence[Mapping[str, Any]]", profile.says.get("duties", [])):
        said = {name: value for name, value in each.items() if name not in {"code", "assumption", "assumptions"}}
        if duties.state(conn, area, each["code"], duty_from(said).as_json(), day=day):
            yield f"duties.{each['code']}"


def _owed(said: Mapping[str, Any]) -> Iterator[Rule]:
    """Read a cadence: days, months, half-years that roll or are the calendar's, and minutes of a day's patrol."""
    if "key_incident" in said:
        yield checked(Rule(target=Target.KEY_INCIDENT, period=_period(said, "key_incident")))
    if "key_group" in said:
        yield checked(Rule(target=Target.KEY_GROUP, period=_period(said, "key_group")))
    if "household" in said:
        period = _period(said, "household")
        days = ROLLING_DAYS if period is Period.HALF_YEAR and said.get("half_year", "rolling") == "rolling" else None
        yield checked(Rule(target=Target.HOUSEHOLD_POINT, period=period, days=days))
    if "patrol_minutes" in said:
        yield checked(Rule(target=Target.PATROL, period=Period.DAY, minutes=said["patrol_minutes"]))


def _period(said: Mapping[str, Any], name: str) -> Period:
    try:
        return Period(said[name])
    except ValueError:
        raise ParameterError(f"cadence.{name}", f"write one of {', '.join(Period)}, not {said[name]!r}") from None


def _orders(conn: connection, area: AreaRow, profile: Profile) -> Iterator[str]:
    """State the place's own variant of orders, if it has one, and by which they go."""
    said = cast("Mapping[str, Any]", profile.says.get("orders", {}))
    variant = said.get("variant")
    if variant is not None and "steps" in said:
        steps = variant_rows(variant_from(variant, said["steps"]))
        if variant not in (known := orders.variants(conn)):
            orders.add_variant(conn, variant, steps)
            record(conn, "order_variant.stated", path=area.path, subject=variant, body={"steps": steps})
            yield "orders.steps"
        elif known[variant] != steps:
            message = f"there are other steps under {variant}, and orders go by them: give the variant another name"
            raise Conflict(message, code="already-exists", zh=f"已有名为“{variant}”的另一流程，且不可改动；请另取名称")
    if variant is not None and orders.variant_at(conn, area.path) != variant:
        orders.variant(conn, variant)  # one that nobody has stated is said so
        orders.set_flow(conn, area.id, area.path, variant)
        yield "orders.variant"


def _assessments(conn: connection, area: AreaRow, profile: Profile, now: datetime) -> Iterator[str]:
    """State how each kind of target is assessed; where no figure stands for a dimension, raters give it."""
    said = cast("Mapping[str, Any]", profile.says.get("assessment", {}))
    plain: list[dict[str, Any]] = [
        {"id": f"d{number}", **each} for number, each in enumerate(cast("list[dict[str, Any]]", said.get("dimensions", [])), 1)
    ]
    wrong = [each["id"] for each in plain if (type(each.get("name")), type(each.get("weight"))) != (str, int)]
    if wrong:
        raise ParameterError("assessment.dimensions", f"each needs a name and a whole weight: {', '.join(wrong)}")
    held = {each.code: each for each in assessments.templates(conn)}
    raters = sorted(cast("Sequence[str]", said.get("raters", [])))
    for target in cast("Sequence[str]", said.get("targets", [])):
        refuse(check(target, [read_dimension(each) for each in plain]))
        code, name = f"{profile.id}.{target}", f"{profile.zh}{_CALLED[target]}考核"
        before = held.get(code)
        if before is not None and (before.area, before.target) != (area.code, target):
            raise Conflict(f"{code} assesses something else here: give the profile another id", code="already-exists")
        if before is not None and (list(before.dimensions), sorted(before.raters)) == (plain, raters):
            continue
        revision = assessments.keep(conn, code, area.id, name, target, plain, raters, now=now)
        body = {"area": area.code, "target": target, "dimensions": plain, "raters": raters, "revision": revision}
        record(conn, "assessment.kept", path=area.path, subject=code, body=body)
        yield f"assessment.{target}"
