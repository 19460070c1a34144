"""Who asks, and what they may: a value, made once for each request and asked everywhere.

Four questions are kept apart (分级 分权 分区 分类): how sensitive the data may be, what may be done, in which areas, for
which categories. A person may hold several roles, and each answers all four by itself: a planner of one community who is
a grid worker in the next plans there and not here. Three duties never meet in one person (三员分立): work, audit, and the
management of people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from data.store.scope import Scope
from gis.errors import Refused, Unidentified

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from data.store.credentials import HeldRole

ALL_CATEGORIES = "*"


class Role(StrEnum):
    """What somebody is."""

    GRID_WORKER = "grid_worker"
    COMMUNITY = "community"
    STREET = "street"
    DISTRICT = "district"
    VIEWER = "viewer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Right(StrEnum):
    """One thing that may be done. The store's policies know them by these words."""

    WATCH = "watch"
    SEE_INTERNAL = "see_internal"
    HANDLE_INCIDENTS = "handle_incidents"
    DISPATCH_INCIDENTS = "dispatch_incidents"
    SEE_DRAFTS = "see_drafts"
    SEE_HOUSEHOLDS = "see_households"
    EDIT_PLAN = "edit_plan"
    SUBMIT = "submit"
    STREET_REVIEW = "street_review"
    DISTRICT_APPROVE = "district_approve"
    NOTICE = "notice"
    PUT_IN_FORCE = "put_in_force"
    FILE = "file"
    WITHDRAW = "withdraw"
    ADOPT = "adopt"
    IMPORT_DATA = "import_data"
    RUN_JOBS = "run_jobs"
    MANAGE_STAFF = "manage_staff"
    MANAGE_PEOPLE = "manage_people"
    READ_LOG = "read_log"


class Ceiling(IntEnum):
    """How sensitive data may be."""

    PUBLIC = 0
    INTERNAL = 1
    DRAFTS = 2
    HOUSEHOLDS = 3


class Tier(IntEnum):
    """Where somebody stands among those who divide the town and work in it."""

    NONE = 0
    GRID = 1
    COMMUNITY = 2
    STREET = 3
    DISTRICT = 4


_WORK = frozenset({Right.WATCH, Right.SEE_INTERNAL, Right.HANDLE_INCIDENTS})
_PLAN = _WORK | {
    Right.DISPATCH_INCIDENTS,
    Right.SEE_DRAFTS,
    Right.SEE_HOUSEHOLDS,
    Right.EDIT_PLAN,
    Right.RUN_JOBS,
    Right.MANAGE_STAFF,
}

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.GRID_WORKER: _WORK,
    # Each tier takes its own step and no other's: who reviews a plan is not who submitted it.
    Role.COMMUNITY: _PLAN | {Right.SUBMIT, Right.WITHDRAW},
    Role.STREET: _PLAN | {Right.STREET_REVIEW},
    Role.DISTRICT: _PLAN
    | {
        Right.DISTRICT_APPROVE,
        Right.NOTICE,
        Right.PUT_IN_FORCE,
        Right.FILE,
        Right.ADOPT,
        Right.IMPORT_DATA,
    },
    # A screen on a wall: what is open, where, and figures; nobody's name, and nothing that somebody wrote.
    Role.VIEWER: frozenset({Right.WATCH}),
    Role.AUDITOR: frozenset({Right.READ_LOG}),
    Role.ADMINISTRATOR: frozenset({Right.MANAGE_PEOPLE}),
}
"""What each role may do. What is not here, nobody may."""

TIERS: Mapping[Role, Tier] = {
    Role.GRID_WORKER: Tier.GRID,
    Role.COMMUNITY: Tier.COMMUNITY,
    Role.STREET: Tier.STREET,
    Role.DISTRICT: Tier.DISTRICT,
    Role.VIEWER: Tier.NONE,
    Role.AUDITOR: Tier.NONE,
    Role.ADMINISTRATOR: Tier.NONE,
}

_CEILINGS = (
    (Right.SEE_HOUSEHOLDS, Ceiling.HOUSEHOLDS),
    (Right.SEE_DRAFTS, Ceiling.DRAFTS),
    (Right.SEE_INTERNAL, Ceiling.INTERNAL),
    (Right.READ_LOG, Ceiling.INTERNAL),
    (Right.WATCH, Ceiling.INTERNAL),
)


def ceiling_of(role: Role) -> Ceiling:
    """Return how sensitive the data may be that a role sees: its rights say so."""
    return next((ceiling for right, ceiling in _CEILINGS if right in RIGHTS[role]), Ceiling.PUBLIC)


def within(path: str, area: str) -> bool:
    """Say whether the place `path` is the area `area` or lies in it; both are ids joined by dots, from the root down."""
    return area != "" and (path == area or path.startswith(f"{area}."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role in one area, by its path (None: the role lies in no area), for some categories (`*`: all)."""

    role: Role
    area: str | None
    categories: tuple[str, ...] = (ALL_CATEGORIES,)

    def gives(self, right: Right, path: str | None = None, category: str | None = None) -> bool:
        """Say whether this gives `right` at `path` and for `category`; None asks whether it does anywhere, for any."""
        return (
            right in RIGHTS[self.role]
            and (path is None or (self.area is not None and within(path, self.area)))
            and (category is None or not {ALL_CATEGORIES, category}.isdisjoint(self.categories))
        )


def grants_of(held: Iterable[HeldRole]) -> tuple[Grant, ...]:
    """Return what roles give that the store says somebody has."""
    return tuple(Grant(role=Role(each.role), area=each.area, categories=each.categories) for each in held)


class How(StrEnum):
    """How somebody proved who they are."""

    ANONYMOUS = "anonymous"
    SESSION = "session"
    KEY = "key"
    TOKEN = "token"  # noqa: S105 - the word, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. `person_id` and `name` are empty for anonymous callers; `key` is the prefix of the API key, if it was one."""

    person_id: str = ""
    name: str = ""
    grants: tuple[Grant, ...] = ()
    how: How = How.ANONYMOUS
    key: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the caller has proved who they are."""
        return self.how is not How.ANONYMOUS

    @property
    def rights(self) -> frozenset[Right]:
        """Everything that the caller may do somewhere."""
        return frozenset[Right]().union(*(RIGHTS[grant.role] for grant in self.grants))

    @property
    def tier(self) -> Tier:
        """The highest tier that the caller stands on, anywhere."""
        return max((TIERS[grant.role] for grant in self.grants), default=Tier.NONE)

    def may(self, right: Right, path: str | None = None, category: str | None = None) -> bool:
        """Say whether the caller has `right` at `path` and for `category`; None asks whether they have it anywhere."""
        return any(grant.gives(right, path, category) for grant in self.grants)

    def require(self, right: Right, path: str | None = None, category: str | None = None) -> None:
        """Raise unless the caller has the right: `Unidentified` where signing in may help, else `Refused`."""
        if self.may(right, path, category):
            return
        if not self.is_known:
            msg = "this is not for everybody: sign in, or show a key"
            raise Unidentified(msg, zh="此项不对所有人开放：请登录，或出示密钥")
        where = "" if path is None else " here"
        msg = f"your roles do not let you do this{where}; it needs the right {right}"
        zh = f"您的角色{'' if path is None else '在这里'}不办理此项；需要权限 {right}"
        raise Refused(msg, right=str(right), zh=zh)

    def areas_for(self, right: Right) -> tuple[str, ...]:
        """Return the paths of the areas in which the caller has `right`; none lies in another."""
        return _outermost(grant.area for grant in self.grants if grant.area is not None and grant.gives(right))

    def ceiling_for(self, right: Right) -> Ceiling:
        """Return how sensitive the data may be in *all* the areas in which the caller has `right`."""
        return min((ceiling_of(grant.role) for grant in self.grants if grant.gives(right)), default=Ceiling.PUBLIC)

    def categories_for(self, right: Right) -> tuple[str, ...]:
        """Return the categories (`*`: all) that *all* the grants share that give `right`."""
        return _shared(grant for grant in self.grants if grant.gives(right))

    def scope(self, *wanted: Right, public: Iterable[str] = ()) -> Scope:
        """Return for whom a transaction speaks.

        With rights (whatever is written needs one) only those grants count that give all of them, and the scope has no
        other right: what somebody is elsewhere does not help them here. Without, all grants count, for reading. Roles for
        different categories meet in what they share: the store's settings cannot tell which category belongs to which area.
        """
        return replace(_scope_of(self.grants, wanted), person=self.person_id, public=tuple(public))


ANONYMOUS = Caller()
"""Nobody in particular: sees what is public."""


@lru_cache(maxsize=4096)  # every request asks, and most people have the same few roles all day
def _scope_of(held: tuple[Grant, ...], wanted: tuple[Right, ...]) -> Scope:
    """Return for whom a transaction speaks that needs some rights, as nobody in particular."""
    grants = tuple(grant for grant in held if RIGHTS[grant.role].issuperset(wanted))
    rights = set[Right]().union(*(RIGHTS[grant.role] for grant in grants))

    def areas(ceiling: Ceiling) -> tuple[str, ...]:
        return _outermost(g.area for g in grants if g.area is not None and ceiling_of(g.role) >= ceiling)

    return Scope(
        rights=tuple(sorted(rights.intersection(wanted) if wanted else rights)),
        areas_1=areas(Ceiling.INTERNAL),
        areas_2=areas(Ceiling.DRAFTS),
        areas_3=areas(Ceiling.HOUSEHOLDS),
        categories=_shared(grant for grant in grants if grant.area is not None),
    )


def _outermost(areas: Iterable[str]) -> tuple[str, ...]:
    """Return the areas that lie in no other of them, in order."""
    paths = sorted(set(areas), key=lambda path: [int(label) for label in path.split(".")])
    return tuple(path for path in paths if not any(path != other and within(path, other) for other in paths))


def _shared(grants: Iterable[Grant]) -> tuple[str, ...]:
    """Return the categories that all grants have; `*` has them all."""
    held = [set(grant.categories) for grant in grants]
    narrow = [categories for categories in held if ALL_CATEGORIES not in categories]
    if narrow:
        return tuple(sorted(set.intersection(*narrow)))
    return (ALL_CATEGORIES,) if held else ()
