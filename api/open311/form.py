"""What somebody sends by Open311: the fields of a form, and perhaps a picture."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from api.open311.errors import fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.requests import Request

    from api.lang import Lang
    from gis.errors import ParameterError

KEY = "api_key"
MEDIA = "media"
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_MOST_FIELDS = 200
_MOST_FILES = 4
_LONGEST = 64 * 2**10
"""Bytes of one field; the longest that is of use has 4,000 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A form: what each field says (the first, where there are several), without the blanks around it; and the files."""

    fields: Mapping[str, str]
    files: tuple[tuple[str, bytes], ...]
    is_form: bool

    def get(self, name: str) -> str:
        """Return what a field says; empty where it is not there."""
        return self.fields.get(name, "")

    @property
    def pictures(self) -> list[bytes]:
        """The contents of the files that came as `media`."""
        return [content for name, content in self.files if name == MEDIA and content]

    def canonical(self, names: Iterable[str] | None = None) -> bytes:
        """Return the same bytes for the same fields (all but the key, unless named) and files, however they were packed."""
        wanted = sorted(self.fields if names is None else names)
        fields = {name: self.get(name) for name in wanted if name != KEY}
        return orjson.dumps([fields, [(name, hashlib.sha256(content).hexdigest()) for name, content in self.files]])

    def missing(self, names: Iterable[str], lang: Lang) -> list[ParameterError]:
        """Return a fault for each field that says nothing."""
        return [fault(name, "missing", lang) for name in names if not self.get(name)]

    def too_long(self, longest: Mapping[str, int], lang: Lang) -> list[ParameterError]:
        """Return a fault for each field that says too much."""
        return [fault(name, "too-long", lang, most=most) for name, most in longest.items() if len(self.get(name)) > most]


async def read_form(request: Request) -> Sent:
    """Read a form; what is none has no fields."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    fields, files = dict[str, str](), list[tuple[str, bytes]]()
    async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_LONGEST) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields.setdefault(name, value.strip())
            else:
                files.append((name, await value.read()))
    return Sent(fields=fields, files=tuple(files), is_form=media_type in _FORMS)
