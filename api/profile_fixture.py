"""A profile's fixture: an invented town with exactly what the place is said to have, in an empty store.

The ground is `data/invented_ground.py`'s; its net is adopted as a first plan is, and people come in as a list of staff does.
What there is besides (matters, stations, disputes, orders) is in `profile_fixture_work.py`. Nobody and nothing in it is real.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import shapely

from api.duty.roles import ROLE_WORDS, DutyRole
from api.duty.rule import Scope, rule_from
from api.profile_fixture_work import Site, do_the_work
from api.profile_load import load
from data.invented_ground import lay_out
from data.store import plans
from data.store.adopt import adopt
from data.store.publish import CutOver
from data.store.sql import many, maybe
from data.store.staff_import import Known, PostLine, StaffLine, bring_in
from data.store.towns import import_town
from gis.errors import Conflict, InputError
from gis.town import Households, read_only

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from api.duty.rule import Term
    from api.profile_load import Loaded
    from data.profile import Profile
    from gis.town import Town
    from partition.net import Net

FORCES = ("department", "water", "power", "telecom")
"""What kinds the forces of a grid are of, one after another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What came into the store: how many of what, and what became of the profile itself."""

    counts: Mapping[str, int]
    loaded: Loaded


def fill(conn: connection, profile: Profile, *, day: date, now: datetime, zone: str, smallest_public: int) -> Filled:
    """Fill an empty store with a profile's town, in force from `day` on; as the store's owner, in the caller's transaction.

    Raises
    ------
    Conflict
        The store has areas already: `not-empty`.
    InputError
        The profile does not say what its fixture is.
    """
    if maybe(conn, "SELECT FROM wangge.area LIMIT 1") is not None:
        raise Conflict("a fixture fills an empty store, and this one has areas already", code="not-empty")
    told = profile.fixture
    if not told:
        raise InputError(f"the profile {profile.id} has no section fixture: it says of no town")
    town, net = lay_out(profile.ground, np.random.default_rng(told["seed"]))
    if "earlier" in told:
        _bring_earlier(conn, town, told["earlier"], day, now)
    brought = import_town(conn, town, day=day, now=now)
    srid = int(town.frame.crs.removeprefix("EPSG:"))
    draft = plans.create(
        conn,
        net,
        plans.Maker(town=brought.town, snapshot=brought.snapshot, srid=srid, author=None, now=now),
        plans.Origin(title=profile.zh, reason="", made_with={"rules": dict(profile.size)}, metrics={}),
    )
    cut = CutOver(effective_from=day, today=day, now=now, actor=None, smallest_public=smallest_public)
    plan = adopt(conn, draft, cut)
    loaded = load(conn, profile, day=day, now=now)
    net = plans.net(conn, plan)
    areas: dict[str, int] = dict(many(conn, "SELECT code, id FROM wangge.area"))
    counts = {"grids": len(net), "communities": len(net.outline), "households": int(net.households.sum())}
    site = Site(net=net, srid=srid, areas=areas, day=day, now=now, zone=zone)
    counts |= _bring_staff(conn, profile, site)
    counts |= do_the_work(conn, profile, site)
    return Filled(counts=counts, loaded=loaded)


def _bring_earlier(conn: connection, town: Town, told: Mapping[str, int], day: date, now: datetime) -> None:
    """Bring in the communities that there were some years before: each was what several are now, by the code of the first."""
    communities = town.communities
    of = np.arange(len(communities.code)) * told["communities"] // len(communities.code)
    first = np.flatnonzero(np.diff(of, prepend=-1)).tolist()
    polygon = np.array([shapely.union_all(communities.polygon[of == k]) for k in range(len(first))], dtype=object)
    nobody = read_only(np.zeros(0, dtype=np.int64))
    before = replace(
        town,
        communities=replace(
            communities,
            code=tuple(communities.code[k] for k in first),
            name=tuple(communities.name[k] for k in first),
            street=tuple(communities.street[k] for k in first),
            district=tuple(communities.district[k] for k in first),
            polygon=read_only(shapely.orient_polygons(polygon)),
            row=read_only(np.arange(1, len(first) + 1)),
        ),
        households=Households(
            id=(),
            xy=read_only(np.zeros((0, 2))),
            households=nobody,
            persons=nobody,
            compound=(),
            building=(),
            row=nobody,
        ),
        digests={**town.digests, "earlier": str(told["years"])},
    )
    import_town(conn, before, day=years_before(day, told["years"]), now=now)


def years_before(day: date, years: int) -> date:
    """Return the same day some years before; of 29 February the 28th where there is none."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


# --- staff --------------------------------------------------------------------------------------------------------------------


def _bring_staff(conn: connection, profile: Profile, site: Site) -> dict[str, int]:
    """Bring in as many of each role as there are, one post each; where A and B are paired, two."""
    net = site.net
    rules = [rule_from(each) for each in profile.staffing]
    people: list[StaffLine] = []
    posts: list[PostLine] = []
    for role, count in cast("Mapping[str, int]", profile.fixture.get("staff", {})).items():
        asked = {rule.grid_type: term for rule in rules for term in rule.terms if role in term.roles}
        rows = _places(net, asked)
        if not rows:
            raise InputError(f"the profile {profile.id} has {count} of {role}, whom no staffing rule asks for")
        is_paired = role == DutyRole.FULL_TIME_WORKER and profile.fixture.get("pairs", False)
        held = _pairs(net, rows, count) if is_paired else [((rows[k * len(rows) // count], None),) for k in range(count)]
        for number, several in enumerate(held, 1):
            grid, _ = several[0]
            term = asked["dedicated" if net.dedicated[grid] else "residential"]
            line = _somebody(profile.id, role, number, term, site.areas[net.community[grid]])
            people.append(line)
            posts += [_post(profile, site, line.number, role, g, letter, number) for g, letter in several]
    nothing = Known(staff={}, areas={}, grids={}, area_of_community={}, posts=(), by_number={})
    brought = bring_in(conn, people, posts, nothing, now=site.now, today=site.day, digest=f"fixture:{profile.id}")
    return {"staff": brought.added, "posts": brought.posts_added}


def _places(net: Net, asked: Mapping[str, Term]) -> list[int]:
    """Return the grids where a role is asked for; where a community shares somebody, the first of each community."""
    rows = [g for g, dedicated in enumerate(net.dedicated.tolist()) if ("dedicated" if dedicated else "residential") in asked]
    if any(term.scope is Scope.COMMUNITY for term in asked.values()):
        rows = [next(several) for _, several in groupby(rows, key=lambda g: net.community[g])]
    return rows


def _pairs(net: Net, rows: Sequence[int], count: int) -> list[tuple[tuple[int, str | None], ...]]:
    """Return what each full-time worker has: A on a grid, and B on the next one of the community."""
    if count != len(rows):
        raise InputError(f"of {count} full-time workers each is to have one of {len(rows)} grids: the numbers must be the same")
    held: list[tuple[tuple[int, str | None], ...]] = []
    for _, several in groupby(rows, key=lambda g: net.community[g]):
        grids = list(several)
        held += [((grid, "A"), (grids[(k + 1) % len(grids)], "B")) for k, grid in enumerate(grids)]
    return held


def _somebody(place: str, role: str, number: int, term: Term, area: int) -> StaffLine:
    """Invent somebody whom the rule would rather see."""
    return StaffLine(
        number=f"{place}-{role}-{number:04}",
        name=f"{ROLE_WORDS[DutyRole(role)][0]}{number:04}",
        area=area,
        source=term.prefer.source[number % len(term.prefer.source)] if term.prefer.source else "",
        is_party_member=term.prefer.party_member,
        education=term.prefer.education_min or "",
        is_trained=True,
        status="assigned",
    )


def _post(  # noqa: PLR0917 - one row, in its order
    profile: Profile, site: Site, staff: str, role: str, grid: int, letter: str | None, number: int
) -> PostLine:
    duties = cast("Mapping[str, Any]", profile.says.get("duty_roles", {})).get("names", ())
    return PostLine(
        number=staff,
        grid=site.net.code[grid],
        role=role,
        kind=FORCES[number % len(FORCES)] if role.endswith("_force") else "",
        letter=letter,
        duty_roles=tuple(duties) if role == DutyRole.FULL_TIME_WORKER else (),
        services=(),
        channel="allocated",
        valid_from=site.day,
        valid_to=None,
    )
