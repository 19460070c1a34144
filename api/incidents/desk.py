"""The desk: a report becomes an incident, and what somebody does with one becomes where it stands.

One corridor for everybody: the HTTP routes, Open311, the service itself. Whoever calls has begun the transaction and says for
whom; what the rules allow (api/loop) and what the store lets through (its policies) both have to hold.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from api.incidents.actors import actor_of
from api.incidents.calls import keep_call
from api.incidents.facts import facts_for, report_facts
from api.incidents.placed import found_at
from api.incidents.rows import columns
from api.loop.facts import Facts
from api.loop.incident import SYSTEM, Actor, Standing
from api.loop.record import Record
from api.loop.replay import replay
from api.loop.steps import BY_EVENT
from api.loop.take import Act, take
from api.loop.words import OPEN, Event, LocatedBy
from api.who.caller import Right
from data.store import incidents
from data.store.scope import speak

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.incidents.rulebook import Rulebook
    from api.loop.deadlines import Deadlines
    from api.loop.facts import Policy
    from api.loop.incident import Person, Place
    from api.loop.take import Taken
    from data.store.incidents import Near


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What somebody reports: where (degrees, CGCS2000), what of, and how they call it themselves.

    Without a point (`at`) the address says where, within the area with the path `within`, or wherever they handle incidents.
    `external_id` is that of the system that `source` names, `client_uuid` the terminal's own, given before it had a network.
    """

    at: tuple[float, float] | None
    within: str | None = None
    kind: str
    category: str
    title: str = ""
    description: str = ""
    address: str = ""
    source: str = "grid"
    external_id: str | None = None
    client_uuid: str | None = None
    urgent: bool = False
    occurred_at: datetime | None = None
    contact: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a report became. `is_new` is false where it had come before; `near` are open ones that it may repeat.

    Of what is new, `lon` and `lat` are its place (degrees, CGCS2000), and `located_by` how that was found.
    """

    no: str
    is_new: bool
    lon: float | None = None
    lat: float | None = None
    located_by: LocatedBy = LocatedBy.POINT
    standing: Standing | None = None
    columns: Mapping[str, Any] = field(default_factory=dict[str, Any])
    near: tuple[Near, ...] = ()


def report(
    conn: connection,
    wanted: Report,
    *,
    asked: Asked,
    rules: Rulebook,
) -> Reported:
    """Write down what somebody reports; the transaction speaks for them with the right to handle incidents.

    Raises
    ------
    ParameterError
        Something that was said cannot be used: names it; without a point, an address that means nothing here, or several
        things.
    """
    kept = incidents.kept_as(conn, source=wanted.source, external_id=wanted.external_id, client_uuid=wanted.client_uuid)
    if kept is not None:
        return Reported(no=kept, is_new=False)
    by, lon, lat = _place(conn, wanted, asked)
    found = incidents.find_place(conn, lon, lat, day=asked.today, now=asked.now)
    book = rules.read(conn, found.rules)
    deadlines, policy = book.deadlines, book.policy(found.path, asked.today)
    said: dict[str, Any] = {"kind": wanted.kind, "category": wanted.category, "source": wanted.source}
    if by is not LocatedBy.POINT:
        said["located_by"] = str(by)
    taken = take(
        Standing(),
        Act(event=Event.REPORT, payload=said | ({"urgent": True} if wanted.urgent else {})),
        # Whoever reports does so for themselves, whatever they work in.
        Actor(caller=asked.caller),
        asked.now,
        report_facts(found, deadlines=deadlines, policy=policy),
    )
    row = columns(taken.standing, deadlines, policy)
    no, near = incidents.arrive(
        conn,
        district=found.areas.get("district") or found.areas.get("city") or "",
        day=asked.today,
        at=(lon, lat),
        arrival={
            "source": wanted.source,
            "external_id": wanted.external_id,
            "client_uuid": wanted.client_uuid,
            "title": wanted.title,
            "description": wanted.description,
            "address": wanted.address,
            "reporter": asked.caller.person_id or None,
            "contact": masked(wanted.contact.get("phone") or wanted.contact.get("email") or ""),
            "occurred_at": wanted.occurred_at,
            "reported_at": asked.now,
            "kind": wanted.kind,
            "located_by": str(by),
        },
        standing=row,
        # What was said in words can be erased, and is not in the log; that it was not changed, this shows.
        body=taken.record.as_json() | {"words": words_digest(wanted.title, wanted.description, wanted.address)},
        metres=policy.nearness.metres,
        time=policy.nearness.time,
    )
    if wanted.contact:
        incidents.keep_contact(conn, no, wanted.contact)
    return Reported(no=no, is_new=True, lon=lon, lat=lat, located_by=by, standing=taken.standing, columns=row, near=tuple(near))


def _place(conn: connection, wanted: Report, asked: Asked) -> tuple[LocatedBy, float, float]:
    if wanted.at is not None:
        return LocatedBy.POINT, *wanted.at
    return found_at(conn, wanted.address, within=wanted.within, day=asked.today, lang=asked.lang)


def standing_of(conn: connection, no: str) -> Standing:
    """Return where an incident stands, from its log; its path is today's, wherever its area has been hung since."""
    return replay(Record.of_json(each) for each in incidents.records(conn, no)).lying_at(incidents.path_of(conn, no))


def act(
    conn: connection,
    no: str,
    wanted: Act,
    asked: Asked,
    rules: Rulebook,
    *,
    org: str | None = None,
) -> Taken:
    """Do what a caller wants with an incident; they see it, and the transaction goes on speaking with the right it takes.

    `org` says for which of their organisations they act. Raises as `take` does; `NotFound` where they do not see it.
    """
    before = incidents.get(conn, no)
    actor = actor_of(conn, asked.caller, now=asked.now, today=asked.today)
    if org is not None:
        actor = actor.acting_for(org)
    standing, book = standing_of(conn, no), rules.read(conn)
    deadlines, policy = book.deadlines, book.policy(standing.path, asked.today)
    facts = facts_for(conn, no, wanted, standing, deadlines=deadlines, policy=policy, now=asked.now, today=asked.today)
    taken = take(standing, wanted, actor, asked.now, facts)
    # Who may not is told why before the store is asked to let them; of several at once the first wins, and the others are
    # judged by what it left.
    speak(conn, asked.acting(_right(wanted.event, standing, actor)))
    if incidents.get(conn, no, lock=True)["revision"] != before["revision"]:
        standing = standing_of(conn, no)
        taken = take(standing, wanted, actor, asked.now, facts)
    _write(conn, no, standing, taken, deadlines=deadlines, policy=policy)
    speak(conn, asked.scope)
    return taken


def act_by_itself(
    conn: connection,
    no: str,
    wanted: Act,
    standing: Standing,
    now: datetime,
    *,
    deadlines: Deadlines,
    policy: Policy,
    place: Place | None = None,
    person: Person | None = None,
) -> Standing:
    """Do what the service does by itself, as the store's owner; return where the incident stands then.

    The incident is locked already, and stands at `standing`. `place` is where it is re-homed to, `person` who goes on with it.
    """
    people = {} if person is None else {person.id: person}
    facts = Facts(place=place, people=people, clocks=deadlines, policy=policy, mode=standing.mode)
    taken = take(standing, wanted, SYSTEM, now, facts)
    _write(conn, no, standing, taken, deadlines=deadlines, policy=policy)
    return taken.standing


def _write(conn: connection, no: str, before: Standing, taken: Taken, *, deadlines: Deadlines, policy: Policy) -> None:
    row = columns(taken.standing, deadlines, policy)
    incidents.move(conn, no, standing=row, body=taken.record.as_json())
    if before.state in OPEN and taken.standing.state not in OPEN:
        # One word for whoever only wants to know that it is over, by whichever step.
        body = {"state": row["state"], "revision": row["revision"], "by": str(taken.record.event)}
        incidents.note(conn, no, kind="closed", path=row["path"], body=body)
    keep_call(conn, no, before.call, taken.standing.call)


def masked(text: str) -> str:
    """Return a phone number or address as others than the handler see it: 138****0000."""
    if not text:
        return ""
    name, at, domain = text.partition("@")
    if at:
        return f"{name[:1]}***@{domain}"
    return f"{text[:3]}****{text[-4:]}" if len(text) >= 11 else f"{text[:1]}****{text[-1:]}" if len(text) > 4 else "****"  # noqa: PLR2004


def words_digest(*texts: str) -> str:
    """Return the digest of what was said in words."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _right(event: Event, standing: Standing, actor: Actor) -> Right:
    """Return the right that an event is taken with here: of a hotline's feedback, that to handle."""
    right = BY_EVENT[event].right
    return right if actor.may(right, standing) else Right.HANDLE_INCIDENTS
