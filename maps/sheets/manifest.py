"""The manifest of a folder of sheets: what each file is, what it was made from, what it holds."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MANIFEST = "manifest.csv"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, as the manifest lists it; the first columns are for people, the last two for the next run."""

    kind: str
    """Of the sheet, or of the volume."""
    code: str
    name: str
    community: str
    street: str
    scale: str
    """The N of 1:N; empty for volumes."""
    paper: str
    pages: str
    file: str
    bytes: str
    sha256: str
    input: str


def file_name(code: str) -> str:
    """Return a code as the name of a file: letters, digits and marks that every system takes."""
    name = re.sub(r"[^\w.-]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), code)
    return name.lstrip(".") or "%"


def read_manifest(folder: Path) -> dict[str, Entry]:
    """Read the manifest of the last run, by file; empty where there is none, or none of ours."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8-sig")
    except (FileNotFoundError, UnicodeDecodeError):
        return {}
    names = [f.name for f in fields(Entry)]
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if rows.fieldnames != names:
        return {}
    return {row["file"]: Entry(**row) for row in rows if None not in row.values() and set(row) == set(names)}


def manifest_text(entries: Iterable[Entry]) -> str:
    """Return a manifest, with the mark that tells spreadsheets that it is UTF-8."""
    out = io.StringIO(newline="")
    rows = csv.DictWriter(out, [f.name for f in fields(Entry)], lineterminator="\r\n")
    rows.writeheader()
    for entry in sorted(entries, key=lambda e: (e.kind != "sheet", e.kind, e.code, e.file)):
        rows.writerow(asdict(entry))
    return "\ufeff" + out.getvalue()


def write_manifest(folder: Path, entries: dict[str, Entry]) -> None:
    """Write the manifest, whole; files that are gone are no longer in it."""
    draft = folder / f".{MANIFEST}.part"
    draft.write_text(manifest_text(e for e in entries.values() if (folder / e.file).is_file()), encoding="utf-8", newline="")
    draft.replace(folder / MANIFEST)
