"""How a job is done, by its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.block_job import block_job
from api.divide_job import divide_job
from api.print_job import print_job
from api.suggest_job import suggest_job
from data.store.jobs import BLOCKS, DIVIDE, PRINT, SUGGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from api.work_process import Do, Work
    from data.store.jobs import Job

WORK: Mapping[str, Do] = {
    DIVIDE: divide_job,
    BLOCKS: block_job,
    SUGGEST: suggest_job,
    PRINT: print_job,
}


def do_job(dsn: str, job: Job, progress: Callable[[int, int], None], processes: int) -> Work:
    """Do a job in the way of its kind."""
    return WORK[job.kind](dsn, job, progress, processes)
