"""Reports of another system in bulk: located, numbered, timed and written, each as `take` would have done it.

What is known already by source and id stays as it is. All that is new comes in by COPY, in the transaction of whoever calls,
who is the owner of the store.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import numpy as np
import orjson

from api.incidents.desk import words_digest
from api.incidents.facts import place_of
from api.incidents.mould import CAST, NULL, TIMES, VARYING, copied, mould
from api.loop.clock_many import due_many
from api.loop.facts import Facts, Policy
from api.loop.limits import Timed
from api.loop.payload import party_json
from api.loop.record import DUE_AT, OWNER
from api.loop.settle import place_json
from api.loop.words import Mode
from api.who.caller import Tier, within
from data.store import incident_load
from data.store.incident_load import Lines, Parts
from data.store.incident_places import spots
from data.store.incidents import Found
from data.store.sql import copy_text
from data.times import EPOCH
from gis.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

    from api.incidents.mould import Mould
    from api.loop.deadlines import Deadlines
    from api.loop.incident import Place
    from data.incident_file import Arrivals
    from data.store.incident_load import Kept
    from data.store.incident_places import Spot

    Texts = NDArray[np.object_]
    Moments = NDArray[np.datetime64]
    Kind = tuple[object, ...]

_NEVER = np.datetime64("NaT", "us")
_AT_ONCE = 20_000
"""Rows whose texts are in memory at once, and go by one COPY."""
_SAID = ("kind", "category", "outcome", "satisfaction")
_COMPARED = ("kind", "reported_at", "accepted_at", "closed_at", DUE_AT, "outcome", "satisfaction")
"""What the first record of a log says of the case in the other system."""
_QUARTER_M = 15
"""Minutes: no zone changes its distance from UTC but at a quarter of an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of a file of reports.

    `batches` are the new ones' (those of earlier days, those of today), `known` how many had come before, `outside` how many
    of the new ones lie in no grid, and `unplaced` in no area either. `changed` says which of the known ones the other system
    tells of differently now: nothing is overwritten.
    """

    batches: tuple[int, ...]
    rows: int
    known: int
    outside: int
    unplaced: int
    changed: tuple[Finding, ...]


def _usual(_path: str) -> Policy:
    return Policy()


def load(
    conn: connection,
    arrivals: Arrivals,
    *,
    now: datetime,
    zone: str,
    deadlines: Deadlines,
    policy_at: Callable[[str], Policy] = _usual,
) -> Loaded:
    """Write down reports of another system, those that are new; as the store's owner, in the caller's transaction.

    `policy_at` says which policy holds at a path.

    Raises
    ------
    Conflict
        One of them has come in by another way meanwhile.
    ParameterError
        What a row says cannot be: `read_incidents` has found that out before.
    """
    incident_load.alone(conn, arrivals.source)
    ids: list[str] = arrivals.external_id.tolist()
    kept = incident_load.kept(conn, arrivals.source, ids)
    is_known = np.array([each in kept for each in ids], dtype=np.bool_)
    changed = tuple(_changes(arrivals.take(is_known), kept))
    fresh = arrivals.take(~is_known)
    day = local_days(fresh.reported_at, zone)
    there, spot = spots(conn, fresh.lon_lat, day)
    policies = tuple(policy_at(each.path) for each in there)
    rows = _Rows(fresh, day, there, spot, _modes(conn, fresh, there, spot), now, policies, deadlines)
    today = local_days(np.array([_moment(now)]), zone)
    # Whoever reports something now waits for a number of today: those are taken last.
    parts = (np.flatnonzero(day != today), np.flatnonzero(day == today))
    batches = tuple(_write(conn, rows, part) for part in parts if part.size)
    outside = np.array([each.grid_code is None for each in there], dtype=np.bool_)[spot]
    unplaced = np.array([not each.path for each in there], dtype=np.bool_)[spot]
    return Loaded(
        batches=batches,
        rows=len(fresh),
        known=int(is_known.sum()),
        outside=int(outside.sum()),
        unplaced=int(unplaced.sum()),
        changed=changed,
    )


def local_days(moments: Moments, zone: str) -> NDArray[np.datetime64]:
    """Return the day of each moment (UTC) in a zone."""
    there = ZoneInfo(zone)
    quarter, which = np.unique(moments.astype("datetime64[m]").astype(np.int64) // _QUARTER_M, return_inverse=True)
    ahead = [
        (EPOCH + timedelta(minutes=_QUARTER_M * each)).astimezone(there).utcoffset() or timedelta() for each in quarter.tolist()
    ]
    return (moments + np.array(ahead, dtype="timedelta64[us]")[which]).astype("datetime64[D]")


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is new: where each lies (`there[spot[i]]`), on which day it was reported, and in which mode of operation.

    `policies` are those that hold `there`.
    """

    arrivals: Arrivals
    day: NDArray[np.datetime64]
    there: tuple[Spot, ...]
    spot: NDArray[np.int64]
    mode: Texts
    now: datetime
    policies: tuple[Policy, ...]
    deadlines: Deadlines


def _write(conn: connection, rows: _Rows, part: NDArray[np.int64]) -> int:
    """Write some of the rows as a batch, and return its id."""
    source = rows.arrivals.source
    numbers = _numbers(conn, rows, part)
    # Those of a street in the order of their time: so they stand in most of the indexes.
    rank = np.unique(_objects([each.chain for each in rows.there]), return_inverse=True)[1]
    order = np.lexsort((part, rows.arrivals.reported_at[part], rank[rows.spot[part]]))
    batch = incident_load.begin_batch(conn, source=source, rows=len(part), now=rows.now)
    parts = Parts()
    runs = incident_load.write(conn, batch, (VARYING, CAST), _lines(rows, part[order], numbers[order], parts))
    incident_load.keep_parts(conn, batch, parts)
    incident_load.seal(conn, batch, source, runs)
    return batch


def _numbers(conn: connection, rows: _Rows, part: NDArray[np.int64]) -> Texts:
    """Return a number for each row of a part: by district and day, in the order in which they were reported."""
    district = np.array([each.areas.get("district") or each.areas.get("city") or "" for each in rows.there], dtype=object)
    names, which = np.unique(district, return_inverse=True)
    of, day = which[rows.spot[part]], rows.day[part]
    order = np.lexsort((part, rows.arrivals.reported_at[part], of, day))
    begins = np.flatnonzero(
        (np.diff(of[order], prepend=-1) != 0) | (np.diff(day[order].astype(np.int64), prepend=-(2**40)) != 0)
    )
    blocks = [(str(names[of[order[k]]]), cast("date", day[order[k]].item())) for k in begins.tolist()]
    counts = np.diff(begins, append=len(part)).tolist()
    first = incident_load.number_blocks(conn, dict(zip(blocks, counts, strict=True)))
    numbers = np.empty(len(part), dtype=object)
    numbers[order] = [
        f"{prefix}{serial:05d}"
        for block, count in zip(blocks, counts, strict=True)
        for prefix in [f"{block[1]:%Y%m%d}{block[0]}"]
        for serial in range(first[block], first[block] + count)
    ]
    return numbers


def _lines(rows: _Rows, part: NDArray[np.int64], numbers: Texts, parts: Parts) -> Iterator[Lines]:
    """Yield the lines of some rows, in this order; what their records share goes to `parts`."""
    caster = _Caster.over(rows, parts)
    for begin in range(0, len(part), _AT_ONCE):
        yield caster.lines(part[begin : begin + _AT_ONCE], numbers[begin : begin + _AT_ONCE])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Caster:
    """Casts rows in their moulds.

    For each spot: its place, the values that it has in the record (`by_spot`) and what stands for them in the log once they are
    parts (`shared`), the columns of place and owner, its chain in the log, whether it is outside every grid, which of the
    policies holds; for each row its deadline. `moulds` are those of each kind, with the names of their forms.
    """

    rows: _Rows
    parts: Parts
    places: tuple[Place, ...]
    by_spot: Mapping[str, Texts]
    shared: Mapping[str, Texts]
    where: Texts
    desk: Texts
    chain: Texts
    is_outside: NDArray[np.bool_]
    due_at: Moments
    policy: NDArray[np.int64]
    moulds: dict[Kind, tuple[Mould, str]]

    @classmethod
    def over(cls, rows: _Rows, parts: Parts) -> _Caster:
        """Prepare what does not differ from row to row."""
        places = tuple(
            place_of(Found(grid_code=each.grid_code, path=each.path, areas=each.areas, mode="", rules=0)) for each in rows.there
        )
        owners = [place.center(policy.intake) for place, policy in zip(places, rows.policies, strict=True)]
        return cls(
            rows=rows,
            parts=parts,
            places=places,
            by_spot={
                "place": _objects([orjson.dumps(place_json(place)).decode() for place in places]),
                OWNER: _objects([orjson.dumps(party_json(owner)).decode() for owner in owners]),
            },
            shared={name: np.full(len(places), "", dtype=object) for name in ("place", OWNER)},
            where=_objects([f"{each.path}\t{copied(each.grid_code)}" for each in rows.there]),
            desk=_objects([copied(owner.id) for owner in owners]),
            chain=_objects([each.chain for each in rows.there]),
            is_outside=np.array([each.grid_code is None for each in rows.there], dtype=np.bool_),
            due_at=_due(rows),
            policy=np.array([rows.policies.index(each) for each in rows.policies], dtype=np.int64),
            moulds={},
        )

    def lines(self, some: NDArray[np.int64], numbers: Texts) -> Lines:
        """Return the lines of some rows."""
        given, spot = self.rows.arrivals.take(some), self.rows.spot[some]
        is_closed = ~np.isnat(given.closed_at)
        # What the other system says of an open case beyond its report does not count here.
        moments = {
            "reported_at": given.reported_at,
            "accepted_at": np.where(is_closed, given.accepted_at, _NEVER),
            "closed_at": given.closed_at,
            DUE_AT: np.where(is_closed, self.due_at[some], _NEVER),
        }
        times = {name: _iso(each, NULL) for name, each in moments.items()}
        there = [~np.isnat(each) for each in moments.values()]
        words = _objects([*map(words_digest, given.title.tolist(), given.description.tolist(), given.address.tolist())])
        records, made_of, after, wakes = self._cast(some, given, {**times, "words": words}, there)
        before = map(
            "\t".join,
            zip(
                numbers.tolist(), _escaped(given.external_id), self.where[spot].tolist(),
                np.where(is_closed, NULL, self.desk[spot]).tolist(), _points(given.lon_lat),
                *map(_escaped, (given.title, given.description, given.address)),
                *(column.tolist() for column in times.values()), wakes.tolist(), strict=True,
            ),
        )  # fmt: skip
        return Lines(
            chains=self.chain[spot].tolist(),
            numbers=numbers.tolist(),
            before=list(before),
            records=records.tolist(),
            made_of=made_of.tolist(),
            after=after.tolist(),
            are_outside=self.is_outside[spot].tolist(),
        )

    def _cast(
        self, some: NDArray[np.int64], given: Arrivals, own: Mapping[str, Texts], there: list[NDArray[np.bool_]]
    ) -> tuple[Texts, Texts, Texts, Texts]:
        """Return of each row its record, what that is made of, the columns after it, and when it wakes the ticker.

        `own` are the values that each row has for itself, `there` which of its `TIMES` are any.
        """
        spot = self.rows.spot[some]
        kinds = zip(
            *(getattr(given, name).tolist() for name in _SAID), self.rows.mode[some].tolist(),
            self.policy[spot].tolist(), *(each.tolist() for each in there), strict=True,
        )  # fmt: skip
        alike: defaultdict[Kind, list[int]] = defaultdict(list)
        for index, kind in enumerate(kinds):
            alike[kind].append(index)
        records, made_of, after, wakes = (np.empty(len(some), dtype=object) for _ in range(4))
        wakes_at = np.full(len(some), _NEVER)
        for kind, members in alike.items():
            if kind not in self.moulds:
                new = self._mould(int(some[members[0]]))
                self.moulds[kind] = new, self.parts.name(new.form)
            (form, name), at = self.moulds[kind], np.array(members)
            values, names = list[list[str]](), [[name] * len(members)]
            for hole in form.holes:
                if hole in own:
                    values.append(own[hole][at].tolist())
                    names.append(values[-1])
                else:
                    values.append(self.by_spot[hole][spot[at]].tolist())
                    names.append(self._shared(hole, spot[at]))
            records[at] = [form.pattern % each for each in zip(*values, strict=True)]
            made_of[at] = [*map(" ".join, zip(*names, strict=True))]
            after[at] = form.after
            wakes[at] = form.wakes
            if form.wakes_after is not None:
                wakes_at[at] = given.closed_at[at] + np.timedelta64(form.wakes_after)
        later = ~np.isnat(wakes_at)
        wakes[later] = _iso(wakes_at[later])
        return records, made_of, after, wakes

    def _shared(self, hole: str, spot: NDArray[np.int64]) -> list[str]:
        """Return what stands in the logs of rows for the values that their spots have in a hole."""
        texts, names = self.by_spot[hole], self.shared[hole]
        for each in spot[names[spot] == ""].tolist():
            names[each] = self.parts.shared(str(texts[each]))
        return names[spot].tolist()

    def _mould(self, index: int) -> Mould:
        """Ask the rules about one row."""
        rows, one = self.rows, self.rows.arrivals.take(np.array([index]))
        said: dict[str, Any] = {"source": one.source, "kind": one.kind[0], "category": one.category[0]}
        said["reported_at"] = _iso(one.reported_at)[0]
        if not np.isnat(one.closed_at[0]):
            told = {name: _iso(getattr(one, name))[0] for name in ("closed_at", "accepted_at", DUE_AT)}
            told |= {"outcome": one.outcome[0], "satisfaction": one.satisfaction[0]}
            said |= {name: each for name, each in told.items() if each} | {"answered": True}
        spot = rows.spot[index]
        facts = Facts(place=self.places[spot], clocks=rows.deadlines, policy=rows.policies[spot], mode=Mode(rows.mode[index]))
        return mould(said, rows.now, facts, rows.deadlines)


def _due(rows: _Rows) -> Moments:
    """Return by when each row was due: as the other system says, else from its acceptance by our limits; NaT where open."""
    given = rows.arrivals
    due_at = given.due_at.copy()
    asked = np.flatnonzero(~np.isnat(given.closed_at) & ~np.isnat(given.accepted_at) & np.isnat(due_at))
    alike: dict[tuple[str, str], list[int]] = {}
    for index, category, mode in zip(asked.tolist(), given.category[asked].tolist(), rows.mode[asked].tolist(), strict=True):
        alike.setdefault((category, mode), []).append(index)
    for (category, mode), members in alike.items():
        limits = rows.deadlines.limits
        limit = limits.find(Timed.SOLVE, tier=Tier.DISTRICT, category=category, mode=Mode(mode))
        if limit is not None:
            at = np.array(members)
            which = np.zeros(len(at), dtype=np.intp)
            due_at[at] = due_many(given.accepted_at[at], [limit], which, rows.deadlines.calendar).at
    return due_at


def _modes(conn: connection, given: Arrivals, there: tuple[Spot, ...], spot: NDArray[np.int64]) -> Texts:
    """Return the mode of operation in which each row was reported: the nearest area's that says one."""
    mode = np.full(len(given), str(Mode.NORMAL), dtype=object)
    for path, told, since, until in incident_load.modes(conn):
        below = np.array([within(each.path, path) for each in there], dtype=np.bool_)[spot]
        below &= True if since is None else given.reported_at >= _moment(since)
        below &= True if until is None else given.reported_at < _moment(until)
        mode[below] = told
    return mode


def _changes(given: Arrivals, kept: Mapping[str, Kept]) -> Iterator[Finding]:
    """Yield what the other system tells differently now of what has come before, field by field."""
    times = {name: _iso(getattr(given, name)) for name in TIMES}
    for index, external_id in enumerate(given.external_id.tolist()):
        old = kept[external_id]
        was: Mapping[str, Any] = old.record.get("payload", {})
        texts = (given.title[index], given.description[index], given.address[index])
        differs = {
            "point": (old.lon, old.lat) != tuple(given.lon_lat[index].tolist()),
            "text": old.record.get("words") not in {None, words_digest(*texts)},
            "category": was.get("category") not in {None, given.category[index]},
        }
        if "reported_at" in was:
            is_closed = times["closed_at"][index] != ""
            now = {name: times[name][index] if name in times else getattr(given, name)[index] for name in _COMPARED}
            # Our own deadline stands where the other system gives none; of what is open it gives nothing that counts.
            told = [name for name in _COMPARED if now[name] or name not in {DUE_AT, "accepted_at"}]
            told = [name for name in told if is_closed or name in {"kind", "reported_at", "closed_at"}]
            differs |= {name: was.get(name, "") != now[name] for name in told}
        for field in (name for name, is_other in differs.items() if is_other):
            yield Finding(
                kind="incident_changed",
                severity=Severity.WARNING,
                en=f"The other system tells of {external_id} ({old.no}) differently now; what came first stays.",
                zh=f"来源系统对 {external_id}（{old.no}）的记载已变；保留首次载入的内容。",
                row=int(given.row[index]),
                field=field,
                subject=old.no,
            )


def _iso(moments: Moments, none: str = "") -> Texts:
    """Return moments (UTC) as records write them; `none` where there is none."""
    texts = np.full(len(moments), none, dtype=object)
    there = np.flatnonzero(~np.isnat(moments))
    told = moments[there]
    whole, day = told.astype("datetime64[s]"), told.astype("datetime64[D]")
    days, which = np.unique(day.astype(np.int64), return_inverse=True)
    dates = _objects(np.datetime_as_string(days.astype("datetime64[D]"), unit="D").tolist())
    texts[there] = dates[which] + _clock()[(whole - day).astype(np.int64)]
    fine = there[whole != told]
    texts[fine] = [f"{each}+00:00" for each in np.datetime_as_string(moments[fine], unit="us").tolist()]
    return texts


@cache
def _clock() -> Texts:
    """Return how records write each second of a day (UTC): what follows the date."""
    seconds = np.datetime_as_string(np.datetime64(0, "s") + np.arange(86_400), unit="s")
    return _objects([f"{each[10:]}+00:00" for each in seconds.tolist()])


def _points(lon_lat: NDArray[np.float64]) -> list[str]:
    """Return points as PostGIS writes them: little-endian, with the number of their frame, in hexadecimal."""
    head = np.frombuffer(bytes.fromhex("01010000208a110000"), dtype=np.uint8)
    body = np.ascontiguousarray(lon_lat, dtype="<f8").view(np.uint8).reshape(len(lon_lat), 16)
    text = np.hstack([np.broadcast_to(head, (len(lon_lat), len(head))), body]).tobytes().hex()
    wide = 2 * (len(head) + 16)
    return [text[at : at + wide] for at in range(0, len(text), wide)]


def _escaped(texts: Texts) -> list[str]:
    """Return texts as COPY reads them; most have nothing that it would take for something else."""
    listed: list[str] = texts.tolist()
    joined = "".join(listed)
    return listed if copy_text(joined) is joined else [*map(copy_text, listed)]


def _objects(values: list[Any]) -> Texts:
    """Return values as an array of objects."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _moment(at: datetime) -> np.datetime64:
    return np.datetime64((at - EPOCH) // timedelta(microseconds=1), "us")
