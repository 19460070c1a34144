"""A job of kind `print`: the atlas of an area, or of a plan, sheet by sheet.

Every file goes to the store as soon as it is made. Whoever takes the job of a worker that was killed finds what it had made,
on whatever machine, and goes on from there; a sheet whose ground has changed since is made again. The job comes as the store's
owner and acts for its author, whose rights were asked when it was made.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from api.print_ground import area_prints, plan_prints
from api.sheet_store import Wish, shown_of
from data.plan_files import finding_record
from data.store import prints
from data.store.log import record
from data.store.pool import connect
from data.store.sql import run
from maps.sheets.manifest import Entry, write_manifest
from maps.sheets.values import Form, Paper, SheetOptions, Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from psycopg2.extensions import connection

    from api.print_ground import Printed
    from data.store.jobs import Job
    from gis.finding import Finding

AREA, AREA_NAME, PLAN, PLAN_TITLE = "area", "area_name", "plan", "plan_title"
DAY, PAPER, FORM, SCALE, BIND, SHOW, LANG = "at", "paper", "format", "scale", "bind", "show", "lang"
REVIEW, HOTLINE, CARD = "map_review", "hotline", "card"
"""What the wants of such a job name; an area or a plan, each with what it is called. `show` is a list, also of `internal`."""


@dataclass(frozen=True, slots=True)
class Atlas:
    """What such a job came to: the files are in the store already."""

    job: Job
    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]

    def write(self, conn: connection, now: datetime) -> dict[str, Any]:
        """Write down that it was printed, in a transaction of the owner's, and return the job's result."""
        del now
        run(conn, "SELECT set_config('wangge.person', %s, true)", [self.job.author or ""])
        pages = sum(int(entry.pages) for entry in self.entries if entry.kind == "sheet")
        size = sum(int(entry.bytes) for entry in self.entries)
        body = {"files": len(self.entries), "sheets": pages, "bytes": size}
        record(conn, "print.made", path=self.job.path, subject=self.job.id, body=body)
        return {**body, "findings": [finding_record(finding) for finding in self.findings]}


def print_job(dsn: str, job: Job, progress: Callable[[int, int], None], processes: int) -> Atlas:
    """Do the work of a job; `progress` hears how many files are made, and of how many.

    Raises
    ------
    NotFound
        There is nothing to print (any more).
    MissingFont
        There is no font to write Chinese with.
    """
    # The library that draws takes a second to import; no other job waits for it.
    from maps.sheets.atlas import make_atlas  # noqa: PLC0415 - see above

    with closing(connect(dsn)) as conn, TemporaryDirectory(prefix="wangge-print-") as name:
        folder = Path(name)
        printed = _read(conn, job)
        _resume(conn, job, folder)
        made = make_atlas(
            printed.ground,
            printed.rows,
            _options(job.wants, printed),
            folder,
            volume=Volume(job.wants[BIND]),
            workers=processes,
            progress=progress,
            keep=partial(_keep, conn, job, folder),
        )
    return Atlas(job, made.entries, made.findings)


def _read(conn: connection, job: Job) -> Printed:
    """Read all that is printed in one view of the store."""
    run(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0")
    try:
        if job.wants.get(PLAN):
            return plan_prints(conn, job.wants[PLAN])
        return area_prints(conn, job.path, wish_of(job.wants))
    finally:
        run(conn, "ROLLBACK")


def _resume(conn: connection, job: Job, folder: Path) -> None:
    """Put what was made already where it will be looked for."""
    found = {each["file"]: Entry(**each) for each in prints.entries(conn, job.id)}
    for file in found:
        body = prints.body_of(conn, job.id, file)
        if body is not None:
            (folder / file).write_bytes(body)
    write_manifest(folder, found)


def _keep(conn: connection, job: Job, folder: Path, entry: Entry) -> None:
    prints.keep(conn, job.id, asdict(entry), (folder / entry.file).read_bytes())


def wish_of(wants: Mapping[str, Any]) -> Wish:
    """Return how the sheets of an order are wanted."""
    show, internal = shown_of(wants[SHOW])
    return Wish(
        day=date.fromisoformat(wants[DAY]),
        paper=Paper(wants[PAPER]),
        scale=wants[SCALE],
        show=show,
        lang="en" if wants[LANG] == "en" else "zh",
        internal=internal,
    )


def _options(wants: Mapping[str, Any], printed: Printed) -> SheetOptions:
    return SheetOptions(
        paper=Paper(wants[PAPER]),
        scale=wants[SCALE],
        form=Form(wants[FORM]),
        lang=wants[LANG],
        review_number=wants[REVIEW],
        day=wants[DAY],
        card_url=wants[CARD],
        hotline=wants[HOTLINE],
        staff=printed.staff,
        told=printed.told,
    )
