"""How an incident's log is shown in a place: the canonical stage of each record, and the ring of the place that it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.loop.labels import ASIDE, label, seen_as
from api.loop.record import Record
from api.loop.words import Event, Stage, word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api.lang import Lang
    from api.loop.rings import Words


def rung(stage: Stage, words: Words, lang: Lang) -> dict[str, Any]:
    """Return a canonical stage, with its name and the place's ring; None where the place has no ring of that kind."""
    ring = words.rings.get(stage)
    return {"stage": word(stage), "label": label(stage).say(lang), "ring": None if ring is None else ring.say(lang)}


def shown_records(records: Sequence[Mapping[str, Any]], words: Words, lang: Lang) -> list[dict[str, Any]]:
    """Return the records of a log, each with what people of the place call it, its stage and its ring."""
    shown: list[dict[str, Any]] = []
    for each in records:
        there = rung(Record.of_json(each).stage, words, lang)
        label_of = words.of(Event(each["event"])).say(lang)
        shown.append({**each, "label": label_of, "stage": there["stage"], "ring": there["ring"]})
    return shown


def shown_way(records: Sequence[Mapping[str, Any]], words: Words, lang: Lang) -> list[dict[str, Any]]:
    """Return the rings of the place that an incident has entered, in the order of the log; none where it names none."""
    way = seen_as(words.rings, map(Record.of_json, records))
    return [{"ring": ring.say(lang), "entered_at": at} for ring, at in way]


def reached(records: Sequence[Record]) -> Stage:
    """Return the canonical stage that an incident has come to; what is said beside its way leads nowhere."""
    return next((each.stage for each in reversed(records) if each.event not in ASIDE), Stage.COLLECT)
