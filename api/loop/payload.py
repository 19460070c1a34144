"""What comes with an event, read field by field: every reader returns a value of its type or names the field that is wrong."""

from __future__ import annotations

import re
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any, TypeVar, cast

from api.loop.incident import Party
from api.loop.record import moment
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_Word = TypeVar("_Word", bound=StrEnum)
_Rank = TypeVar("_Rank", bound=IntEnum)

LONGEST = 4_000
"""Characters of a text."""
LONGEST_NAME = 200
"""Characters of an id."""
MOST = 100
"""Entries of a list."""
_UNKEPT = re.compile("[\0\ud800-\udfff]")


class Payload:
    """The fields of one event. Names ending in `_or_none` are of readers that take a field's absence for None."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def has(self, name: str) -> bool:
        """Say whether a field is there and not null."""
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        """Return a text that says something."""
        return _text(name, self._there(name))

    def text_or_none(self, name: str) -> str | None:
        """Return a text, or None."""
        return self.text(name) if self.has(name) else None

    def flag(self, name: str) -> bool:
        """Return true or false; false where it is not there."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise ParameterError(name, "write true or false", zh="请填写 true 或 false")
        return bool(value)

    def choice(self, name: str, words: type[_Word], *, but: frozenset[_Word] = frozenset()) -> _Word:
        """Return one of the words of a list, except those that nobody may say here."""
        value = self._there(name)
        try:
            found = words(value)
        except ValueError:
            found = None
        if found is None or found in but:
            raise _no_choice(name, [each for each in words if each not in but])
        return found

    def choice_or_none(self, name: str, words: type[_Word]) -> _Word | None:
        """Return one of the words of a list, or None."""
        return self.choice(name, words) if self.has(name) else None

    def rank(self, name: str, ranks: type[_Rank]) -> _Rank:
        """Return a rank, by its word in lower case."""
        value = self._there(name)
        found = next((each for each in ranks if each.name.lower() == value), None)
        if found is None:
            raise _no_choice(name, [each.name.lower() for each in ranks])
        return found

    def moment(self, name: str) -> datetime:
        """Return a moment, written with its zone."""
        text = self.text(name)
        try:
            return moment(text)
        except ValueError:
            example = "2026-11-21T09:30:00+08:00"
            zh = f"请填写带时区的时间，如 {example}"
            raise ParameterError(name, f"write a moment with its zone, as {example}", zh=zh) from None

    def party(self, name: str) -> Party:
        """Return an organisation or a person: `{"org": id}` or `{"person": id}`."""
        value = self._there(name)
        if not isinstance(value, dict) or len(cast("dict[str, Any]", value)) != 1:
            raise _no_party(name)
        ((sort, found),) = cast("dict[str, Any]", value).items()
        if sort not in {"org", "person"} or not isinstance(found, str) or not found:
            raise _no_party(name)
        return Party(is_org=sort == "org", id=found)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, with one at least."""
        return tuple(_text(name, each) for each in self._list(name))

    def parts(self, name: str) -> tuple[Payload, ...]:
        """Return a list of objects, with one at least."""
        found = self._list(name)
        if not all(isinstance(each, dict) for each in found):
            raise ParameterError(name, "write a list of objects", zh="请填写由对象组成的列表")
        return tuple(Payload(each) for each in found)

    def numbers(self, name: str, allowed: range) -> dict[str, int]:
        """Return whole numbers by name."""
        value = self._there(name)
        if not isinstance(value, dict):
            raise ParameterError(name, "write an object of whole numbers by id", zh="请填写对象：每个键对应一个整数")
        found = cast("dict[str, Any]", value)
        if not all(_is_plain(each) and len(each) <= LONGEST_NAME for each in found) or len(found) > MOST:
            msg = f"write at most {MOST} numbers, with ids of at most {LONGEST_NAME} characters"
            raise ParameterError(name, msg, zh=f"最多填写 {MOST} 个数，键最长 {LONGEST_NAME} 字")
        if not all(isinstance(each, int) and not isinstance(each, bool) and each in allowed for each in found.values()):
            first, last = allowed[0], allowed[-1]
            raise ParameterError(name, f"write whole numbers from {first} to {last}", zh=f"请填写 {first} 至 {last} 的整数")
        return found

    def only(self, names: frozenset[str]) -> None:
        """Raise if there is a field that the event does not know."""
        unknown = sorted(self.values.keys() - names)
        if unknown:
            known = ", ".join(sorted(names)) or "no fields"
            zh = f"没有此字段；可填：{'、'.join(sorted(names))}" if names else "没有此字段；这里无需填写任何字段"
            msg = f"there is no such field here; this event has {known}"
            raise ParameterError(unknown[0], msg, code="unknown-field", zh=zh)

    def _there(self, name: str) -> Any:  # noqa: ANN401 - anything that JSON has
        if not self.has(name):
            raise ParameterError(name, f"{name} is missing", code="missing-field", zh=f"缺少字段 {name}")
        return self.values[name]

    def _list(self, name: str) -> list[Any]:
        value = self._there(name)
        if not isinstance(value, list) or not 1 <= len(found := cast("list[Any]", value)) <= MOST:
            msg = f"write a list with one entry at least, and at most {MOST}"
            raise ParameterError(name, msg, zh=f"请填写列表，至少 1 项，最多 {MOST} 项")
        return found


def party_json(party: Party | None) -> dict[str, str] | None:
    """Return a party as `Payload.party` reads it."""
    return None if party is None else {"org" if party.is_org else "person": party.id}


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= LONGEST or not _is_plain(value):
        msg = f"write a text of at most {LONGEST} characters that is not empty"
        raise ParameterError(name, msg, zh=f"请填写文字，不能为空，最长 {LONGEST} 字")
    return value.strip()


def _is_plain(text: str) -> bool:
    """Say whether a store can keep a text: no NUL, and no half of a pair of code units."""
    return _UNKEPT.search(text) is None


def _no_choice(name: str, allowed: Sequence[str]) -> ParameterError:
    return ParameterError(name, f"write one of {', '.join(allowed)}", zh=f"请从中选择：{'、'.join(allowed)}")


def _no_party(name: str) -> ParameterError:
    return ParameterError(name, 'write {"org": id} or {"person": id}', zh='请填写 {"org": 编号} 或 {"person": 编号}')
