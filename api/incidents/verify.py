"""Whether all incidents are what was written of them: the log's chains, the batches' seals, every row by its records.

The records of each incident are replayed, and what they come to is held against its row and every row that was. Of what
writes the rows nothing is used but the pure loop. What stands in no record cannot be proven: the place itself, contacts, and
the moments that only wake the ticker (`soon_at`, `stage_soon_at`, `key_due_at`, `wake_at`, `told_…`), which follow limits that
may change.

Whoever can write everything, hashes included, is found only by the heads of the chains, kept elsewhere (`wangge log --heads`).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import orjson

from api.incidents.calls import call_of, unlike
from api.incidents.fault import Fault
from api.loop.incident import Standing
from api.loop.payload import party_json
from api.loop.record import OWNER, Record
from api.loop.replay import follow
from api.loop.words import OPEN, Event, LocatedBy, Stage
from data.store import incident_proof
from data.store.calls import of_incidents
from data.store.incident_load import broken_batches
from data.store.log import broken, heads
from gis.errors import RequestError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from psycopg2.extensions import connection

    from data.store.calls import Kept as KeptCall
    from data.store.incident_proof import Batch, Kept, Written

    Row = Mapping[str, Any]

_PAGE = 2_000
"""Incidents that are in memory at once, with all their records."""
_ILL = (StoreError, RequestError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading and replaying a record comes to that is not one of ours any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """How much was looked at."""

    incidents: int
    records: int
    batches: int
    chains: int


def verify(conn: connection, tell: Callable[[Fault], object], *, page: int = _PAGE) -> Verified:
    """Tell of every fault that there is, one after the other; as the store's owner, in a transaction that sees one moment."""
    for fault in (*_of_chains(conn), *_of_seals(conn), *_of_strays(conn)):
        tell(fault)
    batches = incident_proof.batches(conn)
    for batch in batches:
        for fault in _of_batch(batch):
            tell(fault)
    known = incident_proof.paths(conn)
    incidents = records = 0
    for kept in incident_proof.pages(conn, page):
        incidents += len(kept)
        calls = of_incidents(conn, [each.row["no"] for each in kept])
        for each in kept:
            records += len(each.written)
            for fault in _Incident(each, calls.get(each.row["no"]), known).faults():
                tell(fault)
    return Verified(incidents=incidents, records=records, batches=len(batches), chains=len(heads(conn)))


# --- the log and the batches ------------------------------------------------------------------------------------------------


def _of_chains(conn: connection) -> Iterator[Fault]:
    breaks = broken(conn)
    about = incident_proof.subjects(conn, breaks)
    for each in breaks:
        kind, subject = about.get((each.chain, each.seq), (None, None)) if each.what == "edited" else (None, None)
        is_incident = kind is not None and kind.startswith("incident.") and kind != "incident.batch"
        yield Fault(
            kind=f"event_{each.what}",
            chain=each.chain,
            number=each.seq,
            no=subject if is_incident else None,
            batch=subject if kind == "incident.batch" else None,
            kind_of_event=kind,
        )


def _of_seals(conn: connection) -> Iterator[Fault]:
    for each in broken_batches(conn):
        yield Fault(kind="batch_parted" if each.no else "batch_broken", batch=str(each.batch), no=each.no or None)


def _of_strays(conn: connection) -> Iterator[Fault]:
    for no in incident_proof.strays(conn):
        yield Fault(kind="incident_missing", no=no)


def _of_batch(batch: Batch) -> Iterator[Fault]:
    """Yield what is wrong with a batch: its row, and the digest of records that a net has made (seals are for `_of_seals`)."""
    if not batch.told:
        yield Fault(kind="batch_unknown", batch=batch.id)
        return
    digests = [digest for _, _, digest in batch.told if digest is not None]
    if digests != ([] if batch.digest is None else [batch.digest]):
        yield Fault(kind="batch_broken", batch=batch.id)
    if batch.row is None:
        yield Fault(kind="batch_missing", batch=batch.id)
        return
    source, rows = batch.row
    counts = [int(count) for _, count, _ in batch.told if count is not None and count.isdecimal()]
    wrong = {"source": {source} != {told for told, _, _ in batch.told}, "rows": rows != sum(counts)}
    fields = tuple(name for name, is_wrong in wrong.items() if is_wrong)
    if fields:
        yield Fault(kind="batch_wrong", batch=batch.id, fields=fields)


# --- one incident -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Incident:
    """An incident under proof, and where it stood after each of its records as far as they follow each other.

    `known` are the paths of all areas, with that of none.
    """

    kept: Kept
    call: KeptCall | None
    known: frozenset[str]
    standings: list[Standing] = field(default_factory=list[Standing])
    said_by: str | None = None
    """Who reported it, as the first record says."""
    words: object = None
    """The digest of what they said in words."""
    located_by: object = None
    """How its place was found."""

    @property
    def no(self) -> str:
        return self.kept.row["no"]

    def faults(self) -> Iterator[Fault]:
        """Replay the records, then hold every row against them."""
        yield from self._records()
        yield from self._past()
        row, revision = self.kept.row, self.kept.row["revision"]
        if self.standings and revision == len(self.standings):
            wrong = [*self._unlike(row, self.standings[-1]), *self._words()]
            if wrong:
                yield Fault(kind="row_wrong", no=self.no, fields=tuple(sorted(wrong)))
            called = unlike(None if self.call is None else call_of(self.call), self.standings[-1].call)
            if called:
                yield Fault(kind="call_wrong", no=self.no, fields=called)

    def _records(self) -> Iterator[Fault]:
        """Yield what is wrong with the records, replaying them up to the first that does not follow."""
        revision: int = self.kept.row["revision"]
        by_seq: defaultdict[int, list[tuple[Written, dict[str, Any], Record]]] = defaultdict(list)
        ill: set[int] = set()
        for written in self.kept.written:
            seq, body, record = _read(written)
            if record is None:
                yield self._fault("record_unreadable", written, seq)
                ill |= set() if seq is None else {seq}
            else:
                by_seq[record.seq].append((written, cast("dict[str, Any]", body), record))
        yield from self._gaps("record_missing", by_seq.keys() | ill, revision)
        for seq, found in sorted(by_seq.items()):
            written, body, record = found[0]
            if len(found) > 1:
                for each, _, _ in found:
                    yield self._fault("record_twice", each, seq)
            elif seq > revision:
                yield self._fault("record_unknown", written, seq)
            elif seq == len(self.standings) + 1:
                yield from self._next(written, body, record)

    def _next(self, written: Written, body: dict[str, Any], record: Record) -> Iterator[Fault]:
        """Follow one record, and yield what is wrong with it."""
        before = self.standings[-1] if self.standings else Standing()
        try:
            after = follow(before, record)
        except _ILL:
            yield self._fault("record_unfit", written, record.seq)
            return
        self.standings.append(after)
        if record.seq == 1:
            self.said_by, self.words = record.actor, body.get("words")
            self.located_by = record.payload.get("located_by", LocatedBy.POINT)
        if written.where == "event":
            beside = {
                "kind": (written.kind, f"incident.{record.event}"),
                # An area may have been hung elsewhere since; its own id, the last of the path, stays.
                "path": (_smallest(written.path or ""), _smallest(after.path)),
                "actor": (written.actor, record.actor),
            }
            fields = tuple(name for name, (told, own) in beside.items() if told != own)
            if fields:
                yield replace(self._fault("record_aside", written, record.seq), fields=fields)
        elif written.where == "batch" and not _is_rehoming(written, body, record, before, after):
            yield self._fault("record_changed", written, record.seq)

    def _past(self) -> Iterator[Fault]:
        """Yield what is wrong with the rows that were: one of each revision but the last, until the next came."""
        row, past = self.kept.row, self.kept.past
        revision: int = row["revision"]
        yield from self._gaps("past_missing", {each["revision"] for each in past}, revision - 1)
        begins = {each["revision"]: each["at"] for each in (*past, row)}
        for each in past:
            seq: int = each["revision"]
            if not 1 <= seq < revision:
                yield Fault(kind="past_unknown", no=self.no, seq=seq)
                continue
            wrong = set(each["unlike"])
            if begins.get(seq + 1, each["until"]) != each["until"]:
                wrong.add("until")
            if seq <= len(self.standings):
                wrong |= set(self._unlike(each, self.standings[seq - 1]))
            if wrong:
                yield Fault(kind="past_wrong", no=self.no, seq=seq, fields=tuple(sorted(wrong)))

    def _unlike(self, row: Row, standing: Standing) -> Iterator[str]:
        """Yield the columns in which a row is not where an incident stands."""
        said = _columns(standing)
        yield from (name for name in said.keys() - {"path"} if said[name] != row[name])
        # An area that was hung below another has taken the rows in it along; the log says where they lay then.
        if _smallest(row["path"]) != _smallest(said["path"]) or row["path"] not in self.known:
            yield "path"

    def _words(self) -> Iterator[str]:
        """Yield what the first record says and the row does not; words that were all erased are nobody's to doubt."""
        row = self.kept.row
        texts = [row["title"], row["description"], row["address"]]
        if self.words is not None and any(texts) and hashlib.sha256("\0".join(texts).encode()).hexdigest() != self.words:
            yield "words"
        if row["reporter"] is not None and row["reporter"] != self.said_by:
            yield "reporter"
        if row["located_by"] != self.located_by:
            yield "located_by"

    def _gaps(self, kind: str, there: set[int], last: int) -> Iterator[Fault]:
        """Yield a fault for each run of numbers from 1 to `last` that are not there."""
        expected = 1
        for seq in (*sorted(each for each in there if 1 <= each <= last), last + 1):
            if seq > expected:
                yield Fault(kind=kind, no=self.no, seq=expected, last=seq - 1)
            expected = seq + 1

    def _fault(self, kind: str, written: Written, seq: int | None) -> Fault:
        batch = None if written.batch is None else str(written.batch)
        return Fault(kind=kind, no=self.no, seq=seq, batch=batch, chain=written.chain, number=written.number)


def _read(written: Written) -> tuple[int | None, object, Record | None]:
    """Return a record's number, its body and itself; None is what cannot be read of it."""
    seq: int | None = None
    body: object = None
    try:
        body = orjson.loads(written.text)
        number = cast("dict[str, Any]", body)["seq"]
        seq = number if type(number) is int and number > 0 else None
        record = Record.of_json(cast("dict[str, Any]", body))
    except _ILL:
        return seq, body, None
    return seq, body, record if seq is not None else None


def _is_rehoming(written: Written, body: object, record: Record, before: Standing, after: Standing) -> bool:
    """Say whether a record gives an incident another grid at the moment of its batch, and nothing else."""
    place = cast("dict[str, Any]", record.payload.get("place"))
    whole = replace(
        record,
        event=Event.REHOME,
        to_state=before.state,
        tier=before.tier,
        actor=None,
        org=None,
        payload={"place": place, OWNER: party_json(before.owner)},
    )
    return (
        written.batch_at in {None, record.at}
        and body == whole.as_json()
        and after == replace(before, place=after.place, revision=record.seq, at=record.at)
        and _smallest(before.path) == _smallest(after.path)
    )


def _columns(standing: Standing) -> dict[str, Any]:
    """Return what a row has to say of an incident that stands there."""
    owner = standing.owner if standing.state in OPEN else None
    passed = dict(standing.passed)
    return {
        "path": standing.path,
        "grid_code": standing.grid_code,
        "source": standing.source,
        "reported_at": passed.get(Stage.COLLECT),
        "state": str(standing.state),
        "tier": int(standing.tier),
        "owner_org": owner.id if owner is not None and owner.is_org else None,
        "owner_person": owner.id if owner is not None and not owner.is_org else None,
        "kind": _text(standing.kind),
        "category": standing.category,
        "urgent": standing.urgent,
        "mode": str(standing.mode),
        "triage": _text(standing.triage),
        "matter": standing.matter,
        "department": standing.department,
        "master": standing.master,
        "supervision": int(standing.supervision),
        "outcome": _text(standing.outcome),
        "on_the_spot": standing.on_the_spot,
        "satisfaction": _text(standing.satisfaction),
        "is_answered": standing.answered,
        "returns": len(standing.returned),
        "reworks": standing.rework_count,
        "reopens": standing.reopen_count,
        "extensions": standing.extension_count,
        "accepted_at": passed.get(Stage.TRIAGE),
        "handled_at": passed.get(Stage.HANDLE),
        "closed_at": passed.get(Stage.FEEDBACK),
        "archived_at": passed.get(Stage.ARCHIVE),
        "due_at": standing.due_at,
        "stage_due_at": standing.stage_due_at if standing.state in OPEN else None,
        "key_reported_at": standing.key_reported_at,
        "revision": standing.revision,
        "at": standing.at,
    }


def _smallest(path: object) -> str:
    """Return the id of the smallest area of a path."""
    return str(path).rpartition(".")[2]


def _text(word: object) -> str | None:
    return None if word is None else str(word)
