"""What can be found by name, kept in each process: read anew when anything in it has changed, and matched in memory.

Everybody who sees the same finds in the same list. Who sees what is the store's to say, twice: when the list is read, and when
it is told where those are that were found.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from api.ogc.answers import held
from api.who.caller import Right
from data.spoken import plain
from data.store.directory import entries, place_entries
from data.store.pool import BULK_MS
from data.typed import Fit, Names

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from starlette.requests import Request

    from api.asked import Asked
    from data.store.directory import Entry
    from data.store.pool import Pool
    from data.store.scope import Scope
    from data.typed import Indices

_SIZES = ("city", "district", "street", "community")
_RANK = {"grid": 4, "place": 5, "station": 6}
_ENTRY_BYTES = 400
_NO_FIT = Fit.READING + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a text may mean, and how well that fits."""

    entry: Entry
    fit: Fit


class Directory:
    """Names and codes that one kind of caller may find."""

    def __init__(self, listed: Sequence[Entry]) -> None:
        self._entries = tuple(listed)
        self._names = Names([each.name for each in listed], [each.above for each in listed])
        codes = sorted((plain(each.code), index) for index, each in enumerate(listed) if each.code)
        self._codes = [code for code, _ in codes]
        self._coded = np.array([index for _, index in codes], dtype=np.int64)
        self._rank = np.array(
            [_SIZES.index(each.type) if each.kind == "area" else _RANK[each.kind] for each in listed], dtype=np.int64
        )
        self._kind = np.array([each.kind for each in listed], dtype="U8")
        self._long = np.array([len(each.name) for each in listed], dtype=np.int64)

    def __len__(self) -> int:
        return self._names.size + _ENTRY_BYTES * len(self._entries)

    def find(self, text: str, *, kinds: Collection[str], limit: int) -> tuple[list[Hit], bool]:
        """Return what a text may mean, the best first, and whether that is all.

        What is called just so comes before what begins so, and that before what has it inside, and before what is only so by an
        unusual reading; then the large before the small,
        what says more of the name, the short, and the smaller code.
        """
        found = self._names.find(text)
        fit = np.full(len(self._entries), _NO_FIT, dtype=np.int64)
        taken = np.zeros(len(self._entries), dtype=np.int64)
        fit[found.name], taken[found.name] = found.fit, found.taken
        coded, fits = self._by_code(text)
        # A code that fits as well as the name says more of it.
        taken[coded] = np.where(fits <= fit[coded], 0, taken[coded])
        fit[coded] = np.minimum(fit[coded], fits)
        index = np.flatnonzero((fit < _NO_FIT) & np.isin(self._kind, sorted(kinds)))
        # Entries of a kind stand in the order of their codes: their index is the last word.
        order = np.lexsort((index, self._long[index], taken[index], self._rank[index], fit[index]))[:limit]
        best = index[order].tolist()
        return [Hit(entry=self._entries[k], fit=Fit(fit[k])) for k in best], len(index) <= limit

    def _by_code(self, text: str) -> tuple[Indices, Indices]:
        """Return the entries whose code begins with a text, and how well that fits each."""
        said = plain(text)
        first = bisect_left(self._codes, said)
        last = bisect_left(self._codes, said + chr(0x10FFFF), first) if said else first
        fits = [Fit.EXACT if code == said else Fit.PREFIX for code in self._codes[first:last]]
        return self._coded[first:last], np.array(fits, dtype=np.int64)


def directory_of(request: Request, pool: Pool, asked: Asked, *, own: bool = False) -> Directory:
    """Return what somebody may find by name today; with `own` only where they work, whatever is public besides."""
    remembered = held(request)
    scope = _narrowed(asked.scope, own=own)
    where = places_scope(asked, own=own)
    day = asked.today
    version = (remembered.versions.of_data(pool), remembered.versions.of_names(pool))

    def read() -> Directory:
        with pool.read(scope, ms=BULK_MS) as conn:
            listed = entries(conn, day)
        if where is not None:
            with pool.read(where, ms=BULK_MS) as conn:
                listed += place_entries(conn, day)
        return Directory(listed)

    # Who somebody is decides nothing here; for whom they speak, and where, decides all.
    key = (replace(scope, person=""), where and replace(where, person=""), day, version)
    return remembered.directories.get(key, read)


def places_scope(asked: Asked, *, own: bool = False) -> Scope | None:
    """Return for whom a transaction speaks that looks for places; None for those who may find none."""
    scope = _narrowed(asked.acting(Right.HANDLE_INCIDENTS), own=own)
    return scope if "places" in scope.public or Right.HANDLE_INCIDENTS in scope.rights else None


def _narrowed(scope: Scope, *, own: bool) -> Scope:
    return replace(scope, public=()) if own else scope
