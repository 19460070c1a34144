"""Printing many files: each is one page or many, made in this process or in others, and listed in a manifest.

A run makes what is missing or has changed and leaves the rest as it lies: the manifest says of each file what it was made
from (`input`) and what it holds (`sha256`). Each file is written beside its place and moved there whole. The manifest is
written again and again while the run goes on, so that one that was cut off is gone on with.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from multiprocessing import get_context
from typing import TYPE_CHECKING

from gis.errors import InputError, WanggeError
from gis.finding import Finding, Severity
from maps.sheets.manifest import Entry, read_manifest, write_manifest
from maps.sheets.pen import document
from maps.words import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from maps.sheets.press import Page, Press, Sheet
    from maps.sheets.values import SheetOptions

DRAWING = "4"
"""Changed whenever sheets of the same input are drawn otherwise: all of them are then made again."""
PRINTED = ("sheet.", "plan.")
"""The words of the catalogue that stand on sheets: pages on the screen may change theirs."""
WORTH_A_POOL = 12
"""A process is ready after two seconds; fewer files than this are drawn before that."""
SHEETS_OF_A_PROCESS = 200
"""A process is replaced after so many, whatever its libraries have kept by then."""
WRITTEN_EVERY = 25


@dataclass(frozen=True, slots=True)
class File:
    """A file that is wanted, with its pages. `bound`: a document of many, also where it has but one."""

    kind: str
    code: str
    name: str
    file: str
    sheets: tuple[Sheet, ...]
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """What a run did."""

    made: int
    kept: int
    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]


def print_files(
    press: Callable[[], Press],
    files: Sequence[File],
    folder: Path,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    keep: Callable[[Entry], None] | None = None,
    findings: tuple[Finding, ...] = (),
) -> Made:
    """Make files in `folder`; the first fault stops all of it. Each process calls `press` once; `keep` hears of new files.

    Raises
    ------
    InputError
        Two of the files would have one name.
    WanggeError
        The folder is a file.
    """
    _refuse_same_names(files)
    if folder.exists() and not folder.is_dir():
        msg = f"{folder} is a file; name a folder"
        raise WanggeError(msg)
    folder.mkdir(parents=True, exist_ok=True)
    known = read_manifest(folder)
    tasks = [(file, known.get(file.file)) for file in files]
    entries: dict[str, Entry] = {}
    made = 0
    try:
        with _mapped(press, folder, workers, len(tasks)) as results:
            for done, (entry, fresh) in enumerate(results(tasks), start=1):
                entries[entry.file] = entry
                made += fresh
                if fresh and keep is not None:
                    keep(entry)
                if progress is not None:
                    progress(done, len(tasks))
                if made and done % WRITTEN_EVERY == 0:
                    write_manifest(folder, known | entries)
    finally:
        write_manifest(folder, known | entries)
    return Made(made, len(tasks) - made, tuple(entries.values()), findings)


def _refuse_same_names(files: Sequence[File]) -> None:
    names: dict[str, File] = {}
    for file in files:
        other = names.setdefault(file.file.lower(), file)
        if other is not file:
            en = f"{other.code} and {file.code} would have the same file, {file.file}"
            zh = f"{other.code} 与 {file.code} 的文件名相同：{file.file}"
            raise InputError(en, [Finding(kind="same_file", severity=Severity.ERROR, en=en, zh=zh)])


def input_of(pages: Sequence[Page], options: SheetOptions) -> str:
    """Return the same text for the same document: its pages, how they are printed, and in which words."""
    said = (
        DRAWING,
        [page.digest() for page in pages],
        {f.name: getattr(options, f.name) for f in fields(options) if f.name not in {"staff", "told", "fonts"}},
        sorted((key, said) for key, said in catalogue(options.lang).items() if key.startswith(PRINTED)),
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()


_Task = tuple[File, Entry | None]
_Result = tuple[Entry, bool]


@dataclass(slots=True)
class _Desk:
    """What a process needs to make files."""

    press: Press
    folder: Path

    def work(self, task: _Task) -> _Result:
        """Make one file, unless it is there already; say whether it was made."""
        wanted, last = task
        pages = [self.press.page(sheet) for sheet in wanted.sheets]
        digest = input_of(pages, self.press.options)
        target = self.folder / wanted.file
        fresh = last is None or last.input != digest or _sum(target) != last.sha256
        if fresh:
            draft = target.with_name(f".{wanted.file}.part")
            try:
                self._draw(wanted, pages, draft)
                draft.replace(target)
            finally:
                draft.unlink(missing_ok=True)
        return self._entry(wanted, pages, target, digest), fresh

    def _draw(self, wanted: File, pages: list[Page], draft: Path) -> None:
        if wanted.bound:
            with document(draft, wanted.name) as bound:
                for page in pages:
                    page.draw().save_into(bound)
            return
        with draft.open("wb") as file:
            pages[0].draw().save(file, self.press.options.form)

    def _entry(self, wanted: File, pages: list[Page], target: Path, digest: str) -> Entry:
        communities = {sheet.community for sheet in wanted.sheets if sheet.community}
        streets = {sheet.street for sheet in wanted.sheets}
        return Entry(
            kind=wanted.kind,
            code=wanted.code,
            name=wanted.name,
            community=communities.pop() if len(communities) == 1 else "",
            street=streets.pop() if len(streets) == 1 else "",
            scale=str(pages[0].scale or "") if not wanted.bound else "",
            paper=self.press.options.paper.value,
            pages=str(len(pages)),
            file=wanted.file,
            bytes=str(target.stat().st_size),
            sha256=_sum(target),
            input=digest,
        )


_desks: list[_Desk] = []
"""The desk of a process of the pool, set when it starts."""


def _sit_down(press: Callable[[], Press], folder: Path) -> None:
    _desks.append(_Desk(press(), folder))


def _work(task: _Task) -> _Result:
    return _desks[-1].work(task)


@contextmanager
def _mapped(
    press: Callable[[], Press], folder: Path, workers: int | None, count: int
) -> Generator[Callable[[Sequence[_Task]], Iterator[_Result]]]:
    """Give a `map` over the tasks; results come in their order."""
    processes = min(workers or os.cpu_count() or 1, count)
    if processes <= 1 or count < WORTH_A_POOL:
        desk = _Desk(press(), folder)
        yield lambda tasks: map(desk.work, tasks)
        return
    pool = ProcessPoolExecutor(
        processes,
        mp_context=get_context("spawn"),
        initializer=_sit_down,
        initargs=(press, folder),
        max_tasks_per_child=SHEETS_OF_A_PROCESS,
    )
    try:
        yield lambda tasks: pool.map(_work, tasks)
    finally:
        # After a fault nobody waits for the sheets that were still to come.
        pool.shutdown(cancel_futures=True)


def _sum(file: Path) -> str:
    """Return the digest of a file; nothing where there is none."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
