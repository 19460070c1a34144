"""Who acts on incidents: a caller, with the organisations that they work in and the posts that they hold today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.loop.incident import Actor, Membership, Org
from api.loop.words import OrgKind, Post
from api.who.caller import Tier
from data.store.incidents import memberships, posts_held

if TYPE_CHECKING:
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from api.who.caller import Caller


def actor_of(conn: connection, caller: Caller, *, now: datetime, today: date) -> Actor:
    """Return a caller as the rules of the loop ask for them."""
    if not caller.is_known:
        return Actor(caller=caller)
    return Actor(
        caller=caller,
        memberships=tuple(
            Membership(org=org_of(code, kind, tier, path), is_duty_chief=chief)
            for code, kind, tier, path, chief in memberships(conn, caller.person_id, now)
        ),
        posts=tuple((grid, Post(letter)) for grid, letter in posts_held(conn, caller.person_id, today)),
    )


def org_of(code: str, kind: str, tier: str, path: str) -> Org:
    """Return an organisation from a row of the store."""
    return Org(id=code, kind=OrgKind(kind), tier=Tier[tier.upper()], path=path)
