"""What can be wrong with incidents that somebody has tampered with: each fault with its place, in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "event_edited": ("event {event} was edited; it is {about}", "日志{event}已被改动；现为{about}"),
        "event_missing": ("events before {event} are gone", "日志{event}之前有记录被删除"),
        "event_cut": ("events after {event} are gone", "日志{event}之后的记录被截去"),
        "batch_missing": ("batch {batch} is in the log and not in the store", "批次{batch}：日志中有，库中没有"),
        "batch_unknown": ("the log knows nothing of batch {batch}", "批次{batch}：日志中没有"),
        "batch_wrong": (
            "batch {batch} is not what the log says, in {fields}",
            "批次{batch}与日志不符：{fields}",
        ),
        "batch_broken": (
            "the records of batch {batch} are not those that were sealed",
            "批次{batch}的记录与封存时不同",
        ),
        "batch_parted": (
            "incident {no} does not follow from the one before it in batch {batch}: one was changed, or one between is gone",
            "事件{no}在批次{batch}中与前一件不相接：两者之一已被改动，或其间有缺失",
        ),
        "incident_missing": ("incident {no} has records, and no row", "事件{no}有记录而无本体"),
        "record_missing": ("record {range} of incident {no} is gone", "事件{no}缺少第{range}条记录"),
        "record_unreadable": (
            "a record of incident {no} cannot be read ({event})",
            "事件{no}有一条记录无法读取（{event}）",
        ),
        "record_twice": (
            "record {range} of incident {no} is there more than once ({event})",
            "事件{no}第{range}条记录重复（{event}）",
        ),
        "record_unfit": (
            "record {range} of incident {no} does not follow from those before it ({event})",
            "事件{no}第{range}条记录与之前不衔接（{event}）",
        ),
        "record_unknown": (
            "record {range} of incident {no} is one that its row does not know of ({event})",
            "事件{no}第{range}条记录不为本体所知（{event}）",
        ),
        "record_aside": (
            "record {range} of incident {no} is not what its event says of it, in {fields} ({event})",
            "事件{no}第{range}条记录与所在日志不符：{fields}（{event}）",
        ),
        "record_changed": (
            "record {range} of incident {no}, in batch {batch}, is more than a change of its grid",
            "事件{no}第{range}条记录（批次{batch}）不只是网格调整",
        ),
        "row_wrong": ("the row of incident {no} is not what its log says, in {fields}", "事件{no}本体与其日志不符：{fields}"),
        "call_wrong": (
            "the call of incident {no} is not what its log says, in {fields}",
            "事件{no}的呼叫与其日志不符：{fields}",
        ),
        "past_missing": ("revision {range} of incident {no} is gone", "事件{no}缺少第{range}版历史"),
        "past_unknown": (
            "revision {range} of incident {no} is not of the past, and stands there",
            "事件{no}第{range}版不应在历史中",
        ),
        "past_wrong": (
            "revision {range} of incident {no} is not what its log says, in {fields}",
            "事件{no}第{range}版历史与其日志不符：{fields}",
        ),
    }
)

KINDS = frozenset(_SENTENCES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is not as it was written; `kind` is a stable word.

    `no` is an incident, `seq` the number of its record or revision, `last` the last one where several in a row are meant.
    `chain` and `number` are the place of an event in the log, `kind_of_event` what it says that it is.
    """

    kind: str
    no: str | None = None
    seq: int | None = None
    last: int | None = None
    fields: tuple[str, ...] = ()
    batch: str | None = None
    chain: str | None = None
    number: int | None = None
    kind_of_event: str | None = None

    def text(self, lang: str) -> str:
        """Return the sentence in `lang` (`zh` or `en`)."""
        en, zh = _SENTENCES[self.kind]
        words = {
            "no": self.no,
            "range": str(self.seq) if self.last in {None, self.seq} else f"{self.seq}-{self.last}",
            "batch": self.batch,
            "fields": ("、" if lang == "zh" else ", ").join(self.fields),
            "event": self._event(lang),
            "about": f"{self.kind_of_event} {self.no or ''}".strip(),
        }
        return (zh if lang == "zh" else en).format(**words)

    def _event(self, lang: str) -> str:
        """Return where it stands: in the log, or with its batch."""
        if self.number is None:
            return f"批次{self.batch}" if lang == "zh" else f"batch {self.batch}"
        chain = self.chain or "-"
        return f"链{chain}第{self.number}条" if lang == "zh" else f"{self.number} of chain {chain}"
