"""Incidents as they are told over HTTP: what a reporter gets, an entry of a list, and all of one with what may be done now."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from api.incidents.offered import transitions
from api.incidents.rows import lights
from api.incidents.ways import reached, rung
from api.loop.labels import label
from api.loop.record import Record
from api.loop.replay import replay
from api.loop.words import State, Supervision, word
from api.v1.answers import answer, tag
from api.who.caller import Tier
from data.store import incidents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import Response
    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.incidents.desk import Reported
    from api.incidents.rulebook import Book
    from api.loop.incident import Standing
    from data.store.incidents import Near


def address(asked: Asked, no: str) -> str:
    """Return where an incident is."""
    # A district whose files give it no code has its name for one, and so have the numbers of its incidents.
    return f"{asked.base}/v1/incidents/{quote(no, safe='')}"


def receipt(made: Reported, here: str) -> dict[str, Any]:
    """Return what whoever reported is told: the number, the grid, and what may be the same."""
    links = [
        {"rel": "self", "href": here, "type": "application/json"},
        {"rel": "receipt", "href": f"{here}/receipt", "type": "application/json"},
    ]
    if made.standing is None:
        return {"no": made.no, "is_new": False, "links": links}
    return {
        "no": made.no,
        "is_new": True,
        "state": made.columns["state"],
        "grid": made.columns["grid_code"],
        "outside": made.columns["grid_code"] is None,
        "located_by": made.located_by,
        "lon": made.lon,
        "lat": made.lat,
        "owner": _owner(made.columns),
        "stage_due_at": made.columns["stage_due_at"],
        "duplicates": _duplicates(made.near),
        "links": links,
    }


def _duplicates(near: Sequence[Near]) -> list[dict[str, Any]]:
    return [
        {"no": each.no, "away_m": each.away_m, "apart_s": int(each.apart.total_seconds()), "state": each.state,
         "title": each.title}
        for each in near
    ]  # fmt: skip


def document(conn: connection, no: str, asked: Asked, book: Book) -> Response:
    """Return where an incident stands, and what the caller may do with it now; raises `NotFound` where they do not see it."""
    row = incidents.get(conn, no)
    records = [Record.of_json(each) for each in incidents.records(conn, no)]
    standing = replay(records).lying_at(row["path"])
    words = book.words(standing.path, asked.today)
    policy = book.policy(standing.path, asked.today)
    said: dict[str, Any] = view(row, asked, book) | {
        "stage": {**rung(reached(records), words, asked.lang), "profile": words.profile},
        "call": _call(standing),
        "transitions": transitions(conn, no, standing, asked, book),
    }
    if standing.state in {State.REPORTED, State.VERIFYING}:
        # For whoever judges whether it is one case more: also one of those that came after it.
        near = incidents.near(conn, no, metres=policy.nearness.metres, time=policy.nearness.time)
        said["duplicates"] = _duplicates(near)
    if standing.call is not None:
        href = f"{asked.base}/v1/calls/{quote(no, safe='')}"
        said["links"].append({"rel": "call", "href": href, "type": "application/json"})
    return answer(said, etag=stand_of(row))


def stand_of(row: Mapping[str, Any]) -> str:
    """Return the ETag of an incident: its revision, and which of what people said was erased since."""
    erased = ("words",) if row["words_erased_at"] is not None else ()
    # Who reported is erased by itself when its time is over; a number that was never left looks the same.
    return tag(row["no"], row["revision"], *erased, *(("contact",) if row["contact"] else ()))


def _call(standing: Standing) -> dict[str, Any] | None:
    return None if standing.call is None else asdict(standing.call)


def view(row: Mapping[str, Any], asked: Asked, book: Book) -> dict[str, Any]:
    """Return an incident as lists show it."""
    shown, guessed = lights(row, asked.now), book.deadlines.guessed
    since = row["accepted_at"] or row["reported_at"]
    return {
        "no": row["no"],
        "state": row["state"],
        "state_label": label(State(row["state"])).say(asked.lang),
        "tier": word(Tier(row["tier"])),
        "tier_label": book.words(row["path"], asked.today).of(Tier(row["tier"])).say(asked.lang),
        "owner": _owner(row),
        "grid": row["grid_code"],
        "outside": row["grid_code"] is None,
        "lon": row["lon"],
        "lat": row["lat"],
        "located_by": row["located_by"],
        "kind": row["kind"],
        "category": row["category"],
        "matter": row["matter"],
        "department": row["department"],
        "title": row["title"],
        "description": row["description"],
        "address": row["address"],
        "words_erased_at": row["words_erased_at"],
        "contact": row["contact"],
        "source": row["source"],
        "external_id": row["external_id"],
        "urgent": row["urgent"],
        "mode": row["mode"],
        "triage": row["triage"],
        "master": row["master"],
        "supervision": word(Supervision(row["supervision"])),
        "outcome": row["outcome"],
        "on_the_spot": row["on_the_spot"],
        "satisfaction": row["satisfaction"],
        "answered": row["is_answered"],
        "returns": row["returns"],
        "reworks": row["reworks"],
        "reopens": row["reopens"],
        "extensions": row["extensions"],
        "occurred_at": row["occurred_at"],
        "reported_at": row["reported_at"],
        "accepted_at": row["accepted_at"],
        "handled_at": row["handled_at"],
        "closed_at": row["closed_at"],
        "archived_at": row["archived_at"],
        "clocks": {
            "total": {
                "due_at": row["due_at"],
                "soon_at": row["soon_at"],
                "light": shown["total"],
                "is_fallback": guessed(since, row["due_at"]),
            },
            "stage": {
                "due_at": row["stage_due_at"],
                "soon_at": row["stage_soon_at"],
                "light": shown["stage"],
                "is_fallback": guessed(since, row["stage_due_at"]),
            },
        },
        "key_due_at": row["key_due_at"],
        "revision": row["revision"],
        "updated_at": row["at"],
        "links": [{"rel": "self", "href": address(asked, row["no"]), "type": "application/json"}],
    }


def _owner(row: Mapping[str, Any]) -> dict[str, str] | None:
    if row["owner_org"] is not None:
        return {"org": row["owner_org"]}
    return None if row["owner_person"] is None else {"person": row["owner_person"]}
