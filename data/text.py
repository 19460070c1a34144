"""Text as it lies in files: which encoding, and whether it was damaged on the way here.

Chinese desktop programs write GBK without saying so. UTF-8 is self-checking, so text that decodes as UTF-8 is UTF-8;
the rest is read as GB18030 (which contains GBK and GB2312) and reported. Text that was decoded wrongly before it
reached the file (mojibake) cannot be told from its bytes, but it encodes back into bytes that are good UTF-8, which
real text practically never does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from data.sentences import fault

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.finding import Finding

_UTF8_BOM = b"\xef\xbb\xbf"
_CJK = re.compile("[\u4e00-\u9fff]")
_LOST = re.compile("[\ufffd]|\u951f\u65a4\u62f7|\u70eb\u70eb\u70eb")
_NO_ACCIDENT = 2
_NEEDLESS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def is_addressable(text: str) -> bool:
    """Say whether a text can be one part of a web address: servers take %2F for the / that parts it, browsers resolve dots."""
    return "/" not in text and text not in {".", ".."}


def decode(raw: bytes, file: str, found: list[Finding]) -> str:
    """Decode the bytes of a text file, saying in `found` what had to be assumed."""
    if raw.startswith(_UTF8_BOM):
        found.append(fault("byte_order_mark", file=file))
        raw = raw[len(_UTF8_BOM) :]
    encoding = best_encoding(raw)
    if encoding != "utf-8":
        found.append(fault("encoding_guessed", file=file, value=encoding.upper()))
    return raw.decode(encoding, errors="replace")


def best_encoding(raw: bytes) -> str:
    """Return `utf-8` or `gb18030`, whichever reads more of `raw`; a few characters cut in two do not decide."""
    if raw.isascii() or _unreadable(raw, "utf-8") == 0:
        return "utf-8"
    return min(("utf-8", "gb18030"), key=lambda encoding: _unreadable(raw, encoding))


def _unreadable(raw: bytes, encoding: str) -> int:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return raw.decode(encoding, errors="replace").count("\ufffd")
    return 0


def original(text: str) -> str | None:
    """Return what mojibake said before it was decoded wrongly; None for sound text. Lost characters give ''."""
    if text.isascii():
        return None
    if _LOST.search(text):
        return ""
    for wrong in ("latin-1", "cp1252", "gb18030"):
        said = _said(text, wrong)
        # Two ideographs are six bytes; that so many accidental ones are good UTF-8 happens in no real name.
        if said is not None and len(_CJK.findall(said)) >= _NO_ACCIDENT:
            return said
    return None


def _said(text: str, wrong: str) -> str | None:
    try:
        said = text.encode(wrong).decode("utf-8")
    except UnicodeError:
        return None
    return None if _NEEDLESS.search(said) else said


def report_mojibake(values: NDArray[np.object_], row: NDArray[np.int64], file: str, field: str, found: list[Finding]) -> None:
    """Add a finding for each row of the text column `values` that is mojibake."""
    damaged: dict[str, str] = {}
    for value in set(values.tolist()):
        said = original(value)
        if said is not None:
            damaged[value] = said
    for index in np.flatnonzero([value in damaged for value in values.tolist()]) if damaged else ():
        value = values[index]
        found.append(fault("mojibake", file=file, row=int(row[index]), field=field, value=value, **_hint(damaged[value])))


def _hint(said: str) -> dict[str, Any]:
    return {"hint": f" (it probably said {said})", "hint_zh": f"（原文可能是 {said}）"} if said else {}


def redecode(values: NDArray[np.object_], encoding: str) -> NDArray[np.object_]:
    """Decode text that was read byte for byte (as Latin-1), each different value once."""
    made = {
        value: value.encode("latin-1").decode(encoding, errors="replace")
        for value in set(values.tolist())
        if isinstance(value, str) and not value.isascii()
    }
    if not made:
        return values
    return np.array([made.get(value, value) if isinstance(value, str) else value for value in values.tolist()], dtype=object)
