"""Many sheets at once: a file for each grid, bound volumes by street or community, and a manifest of them all.

A run makes what is missing or has changed and leaves the rest as it lies: the manifest says of each file what it was made
from (`input`) and what it holds (`sha256`). Each file is written beside its place and moved there whole. The manifest is
written again and again while the run goes on, so that one that was cut off is gone on with.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from multiprocessing import get_context
from typing import TYPE_CHECKING

import shapely

from gis.errors import InputError, WanggeError
from gis.finding import Finding, Severity
from maps.sheets.crop import Cropper
from maps.sheets.fonts import BLANK, typeface
from maps.sheets.layout import PANEL, Box
from maps.sheets.page import draw_sheet
from maps.sheets.pen import document
from maps.sheets.values import Form, Volume
from maps.words import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    from maps.sheets.crop import Crop
    from maps.sheets.values import SheetGround, SheetOptions

MANIFEST = "manifest.csv"
DRAWING = "1"
"""Changed whenever sheets of the same input are drawn otherwise: all of them are then made again."""
WORTH_A_POOL = 12
"""A process is ready after two seconds; fewer sheets than this are drawn before that."""
SHEETS_OF_A_PROCESS = 200
"""A process is replaced after so many, whatever its libraries have kept by then."""
WRITTEN_EVERY = 25


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, as the manifest lists it; the first columns are for people, the last two for the next run."""

    kind: str
    """`sheet`, or the kind of the volume."""
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


@dataclass(frozen=True, slots=True)
class Made:
    """What a run did."""

    made: int
    kept: int
    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Task:
    """Sheets of one file, and what the last run said of it."""

    kind: str
    code: str
    name: str
    rows: tuple[int, ...]
    file: str
    last: Entry | None


def make_atlas(
    ground: SheetGround,
    rows: Sequence[int],
    options: SheetOptions,
    folder: Path,
    *,
    volume: Volume = Volume.NONE,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Made:
    """Make the sheets of the grids `rows` in `folder`; the first fault stops all of it.

    Raises
    ------
    MissingFont
        There is no font to write Chinese with.
    WanggeError
        Volumes are asked for in a form that has no pages, or the folder is a file.
    """
    if volume is not Volume.NONE and options.form is not Form.PDF:
        msg = f"only a PDF has pages: leave the volumes out, or have the sheets as pdf instead of {options.form.value}"
        raise WanggeError(msg)
    if folder.exists() and not folder.is_dir():
        msg = f"{folder} is a file; name a folder"
        raise WanggeError(msg)
    findings = lacking(ground, rows, options)
    folder.mkdir(parents=True, exist_ok=True)
    known = read_manifest(folder)
    tasks = [*_sheets(ground, rows, options, known), *_volumes(ground, rows, volume, known)]
    entries: dict[str, Entry] = {}
    made = 0
    try:
        with _mapped(ground, options, folder, workers, len(rows)) as results:
            for done, (entry, fresh) in enumerate(results(tasks), start=1):
                entries[entry.file] = entry
                made += fresh
                if progress is not None:
                    progress(done, len(tasks))
                if made and done % WRITTEN_EVERY == 0:
                    _write_manifest(folder, known | entries)
    finally:
        _write_manifest(folder, known | entries)
    return Made(made, len(tasks) - made, tuple(entries.values()), findings)


def lacking(ground: SheetGround, rows: Iterable[int], options: SheetOptions) -> tuple[Finding, ...]:
    """Say which characters of the grids' names and of what they name the font does not have."""
    face = typeface(options.fonts)
    said = "".join(
        part
        for row in rows
        for part in (ground.name[row], *ground.bounds[row], ground.communities.name[int(ground.community[row])])
    )
    gone = "".join(sorted({c for c in said if face.lacks(c)}))
    if not gone:
        return ()
    en = f"the font has no {gone}: they are printed as {BLANK}"
    zh = f"字体缺少以下字符：{gone}；图上以{BLANK}代替"
    return (Finding(kind="missing_glyphs", severity=Severity.WARNING, en=en, zh=zh),)


# --- what there is to do ------------------------------------------------------------------------------------------------


def _sheets(ground: SheetGround, rows: Sequence[int], options: SheetOptions, known: dict[str, Entry]) -> Iterator[_Task]:
    names: dict[str, str] = {}
    for row in rows:
        file = f"{file_name(ground.code[row])}.{options.form.value}"
        if file.lower() in names:
            en = f"the grids {names[file.lower()]} and {ground.code[row]} would have the same file, {file}"
            zh = f"网格 {names[file.lower()]} 与 {ground.code[row]} 的文件名相同：{file}"
            raise InputError(en, [Finding(kind="same_file", severity=Severity.ERROR, en=en, zh=zh)])
        names[file.lower()] = ground.code[row]
        yield _Task("sheet", ground.code[row], ground.name[row], (row,), file, known.get(file))


def _volumes(ground: SheetGround, rows: Sequence[int], volume: Volume, known: dict[str, Entry]) -> Iterator[_Task]:
    if volume is Volume.NONE:
        return
    groups: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        home = int(ground.community[row])
        key = {
            Volume.COMMUNITY: (ground.community_code[home], ground.communities.name[home]),
            Volume.STREET: (ground.street[home], ground.street[home]),
            Volume.ALL: (ground.title, ground.title),
        }[volume]
        groups.setdefault(key, []).append(row)
    for (code, name), members in groups.items():
        file = f"{volume.value}-{file_name(code)}.pdf"
        yield _Task(volume.value, code, name, tuple(members), file, known.get(file))


def file_name(code: str) -> str:
    """Return a code as the name of a file: letters, digits and marks that every system takes."""
    name = re.sub(r"[^\w.-]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), code)
    return name.lstrip(".") or "%"


# --- the work, in this process or in others ------------------------------------------------------------------------------

_Result = tuple[Entry, bool]


@dataclass(slots=True)
class _Desk:
    """What a process needs to make sheets."""

    cropper: Cropper
    options: SheetOptions
    folder: Path

    def work(self, task: _Task) -> _Result:
        """Make one file, unless it is there already; say whether it was made."""
        crops = [self.cropper.crop(row) for row in task.rows]
        digest = hashlib.sha256("".join(self._digest(crop) for crop in crops).encode()).hexdigest()
        target = self.folder / task.file
        fresh = task.last is None or task.last.input != digest or _sum(target) != task.last.sha256
        if fresh:
            draft = target.with_name(f".{task.file}.part")
            try:
                self._draw(task, crops, draft)
                draft.replace(target)
            finally:
                draft.unlink(missing_ok=True)
        return self._entry(task, crops, target, digest), fresh

    def _draw(self, task: _Task, crops: list[Crop], draft: Path) -> None:
        face = typeface(self.options.fonts)
        if task.kind == "sheet":
            with draft.open("wb") as file:
                draw_sheet(self.cropper, crops[0], self.options, face).save(file, self.options.form)
            return
        with document(draft, task.name) as pages:
            for crop in crops:
                draw_sheet(self.cropper, crop, self.options, face).save_into(pages)

    def _digest(self, crop: Crop) -> str:
        """Return the same text for the same sheet."""
        ground, row = self.cropper.ground, crop.row
        home = int(ground.community[row])
        where = self.cropper.surroundings(row, Box(0, 0, PANEL.width, PANEL.width))
        said = (
            DRAWING,
            crop.digest(),
            _wkb((where.grid, *where.communities, *where.own, *where.outline)),
            (ground.title, ground.crs, ground.code[row], ground.name[row], ground.bounds[row], ground.subtype[row]),
            (bool(ground.dedicated[row]), int(ground.households[row]), float(ground.area_m2[row])),
            (ground.communities.name[home], ground.street[home], ground.district[home]),
            {f.name: getattr(self.options, f.name) for f in fields(self.options) if f.name not in {"staff", "fonts"}},
            self.options.staff.get(ground.code[row], ()),
            sorted(catalogue(self.options.lang).items()),
        )
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def _entry(self, task: _Task, crops: list[Crop], target: Path, digest: str) -> Entry:
        ground, first = self.cropper.ground, task.rows[0]
        home = int(ground.community[first])
        one = task.kind == "sheet"
        return Entry(
            kind=task.kind,
            code=task.code,
            name=task.name,
            community=ground.communities.name[home] if one or task.kind == Volume.COMMUNITY else "",
            street=ground.street[home] if task.kind != Volume.ALL else "",
            scale=str(crops[0].scale) if one else "",
            paper=self.options.paper.value,
            pages=str(len(crops)),
            file=task.file,
            bytes=str(target.stat().st_size),
            sha256=_sum(target),
            input=digest,
        )


_desks: list[_Desk] = []
"""The desk of a process of the pool, set when it starts."""


def _sit_down(ground: SheetGround, options: SheetOptions, folder: Path) -> None:
    _desks.append(_Desk(Cropper(ground, options.paper), options, folder))


def _work(task: _Task) -> _Result:
    return _desks[-1].work(task)


@contextmanager
def _mapped(
    ground: SheetGround, options: SheetOptions, folder: Path, workers: int | None, count: int
) -> Generator[Callable[[Sequence[_Task]], Iterator[_Result]]]:
    """Give a `map` over the tasks; results come in their order."""
    processes = min(workers or os.cpu_count() or 1, count)
    if processes == 1 or count < WORTH_A_POOL:
        desk = _Desk(Cropper(ground, options.paper), options, folder)
        yield lambda tasks: map(desk.work, tasks)
        return
    pool = ProcessPoolExecutor(
        processes,
        mp_context=get_context("spawn"),
        initializer=_sit_down,
        initargs=(ground, options, folder),
        max_tasks_per_child=SHEETS_OF_A_PROCESS,
    )
    try:
        yield lambda tasks: pool.map(_work, tasks)
    finally:
        # After a fault nobody waits for the sheets that were still to come.
        pool.shutdown(cancel_futures=True)


def _wkb(shapes: Sequence[shapely.Geometry]) -> str:
    sum_ = hashlib.sha256()
    for shape in shapes:
        sum_.update(shapely.to_wkb(shape))
    return sum_.hexdigest()


def _sum(file: Path) -> str:
    """Return the digest of a file; nothing where there is none."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


# --- the manifest -------------------------------------------------------------------------------------------------------


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


def _write_manifest(folder: Path, entries: dict[str, Entry]) -> None:
    """Write the manifest, whole; files that are gone are no longer in it."""
    out = io.StringIO(newline="")
    rows = csv.DictWriter(out, [f.name for f in fields(Entry)], lineterminator="\r\n")
    rows.writeheader()
    for entry in sorted(entries.values(), key=lambda e: (e.kind != "sheet", e.kind, e.code, e.file)):
        if (folder / entry.file).is_file():
            rows.writerow(asdict(entry))
    draft = folder / f".{MANIFEST}.part"
    # With the mark that tells spreadsheets that it is UTF-8.
    draft.write_text(out.getvalue(), encoding="utf-8-sig", newline="")
    draft.replace(folder / MANIFEST)
