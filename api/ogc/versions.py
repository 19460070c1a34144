"""Versions: short words that change whenever what they name does.

The net on a day follows from the publications that have taken effect by then, so its version is the day on which the last
of them did, and a digest of all their numbers: `20250701-5f0c2b91d3`. The day makes an old version readable for ever: its
tiles are those of that day. The digest says whether that day's net is still the one that the version was made from.

A version is asked of the store once a second at most, however many requests want it.
"""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING

from data.store.directory import mark
from data.store.scope import NOBODY, Scope
from data.store.sql import one
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.ogc.collections import Subject
    from data.store.pool import Pool

FORMAT = 1
"""Grows when the same data would be answered with other bytes: a version must not outlive the program's way of writing."""

FRESH_S = 1.0
_MOST = 512
"""Days whose versions are remembered."""
_WRITTEN = re.compile(r"(\d{4})(\d{2})(\d{2})-[0-9a-f]{10}", re.ASCII)
_EVERYTHING = Scope(public=("areas", "grids"))
"""Versions count what there is, not what a caller may see of it: they tell nothing but that it changed."""

_NET = """SELECT max(effective_from), coalesce(string_agg(number::text, ',' ORDER BY number), '')
    FROM wangge.publication WHERE effective_from <= %(day)s"""
_AREAS = """SELECT max(greatest(lower(valid), CASE WHEN upper(valid) <= %(day)s THEN upper(valid) END)),
      coalesce(string_agg(id || '.' || xmin, ',' ORDER BY id) FILTER (WHERE valid @> %(day)s), '')
    FROM wangge.area_version WHERE lower(valid) <= %(day)s"""
# Sums, not the highest: whoever commits late has the lower number.
_DATA = """SELECT (SELECT count(*) || '.' || coalesce(sum(number), 0) FROM wangge.publication),
      (SELECT count(*) || '.' || coalesce(sum(xmin::text::bigint), 0) FROM wangge.area_version),
      (SELECT count(*) || '.' || coalesce(sum(xmin::text::bigint), 0) FROM wangge.area)"""


@dataclass(frozen=True, slots=True)
class Version:
    """The version of a layer: its text, and the day on which it began (or a day before everything)."""

    text: str
    since: date


class Versions:
    """The versions of a store, remembered for a second by one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._known: dict[object, tuple[float, Version]] = {}

    def of(self, pool: Pool, subject: Subject, day: date) -> Version:
        """Return the version of the areas or the grids on a day."""
        return self._remembered((subject, day), lambda: _layer_version(pool, subject, day))

    def of_data(self, pool: Pool) -> str:
        """Return the version of everything that collections show, on whatever day."""
        return self._remembered("data", lambda: _data_version(pool)).text

    def of_names(self, pool: Pool) -> str:
        """Return the version of what can be found by name, beside areas and grids: stations and places."""
        return self._remembered("names", lambda: _names_version(pool)).text

    def _remembered(self, name: object, ask: Callable[[], Version]) -> Version:
        now = self._clock()
        found = self._known.get(name)
        if found is not None and now - found[0] < FRESH_S:
            return found[1]
        # Asked before it is noted: an answer is never newer than the moment it counts from.
        version = ask()
        with self._lock:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[name] = (now, version)
        return version


def day_of(text: str, parameter: str = "v") -> date:
    """Return the day that a version began; `ParameterError` if the text is no version."""
    match = _WRITTEN.fullmatch(text)
    try:
        if match:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        pass
    raise ParameterError(parameter, f"{text[:40]!r} is no version of a layer; take the address from the layer's TileJSON.")


def _layer_version(pool: Pool, subject: Subject, day: date) -> Version:
    with pool.read(_EVERYTHING) as conn:
        since, parts = one(conn, _NET if subject == "grids" else _AREAS, {"day": day})
    since = since or date.min
    return Version(f"{since:%Y%m%d}".zfill(8) + f"-{_short(subject, parts)}", since)


def _data_version(pool: Pool) -> Version:
    with pool.read(_EVERYTHING) as conn:
        return Version(_short("data", *one(conn, _DATA)), date.min)


def _names_version(pool: Pool) -> Version:
    with pool.read(NOBODY) as conn:
        return Version(_short("names", mark(conn)), date.min)


def _short(*parts: str) -> str:
    return hashlib.sha256("|".join((str(FORMAT), *parts)).encode()).hexdigest()[:10]
