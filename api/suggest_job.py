"""A job of kind `suggest`: what the engine would do with a plan that somebody paints, as a proposal.

Nothing of it is written to the plan: the job's result says which blocks would come into which grids, and what that is worth.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from api.spread import spread_over
from data.store import plan_blocks, plans
from data.store.plan_standing import standing
from data.store.pool import connect
from data.store.sql import run
from gis.errors import Conflict, Stale
from gis.locate import NOWHERE
from partition.suggest import suggest

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from psycopg2.extensions import connection

    from data.store.jobs import Job
    from data.store.plan_blocks import Edition
    from data.store.plans import PlanRow
    from partition.standing import Standing
    from partition.suggest import Proposal, Suggestions

PLAN, EDITION, BASE = "plan", "edition", "base"
BLOCKS, LOCKED, COMMUNITIES, SEED = "blocks", "locked", "communities", "seed"
"""What the wants of such a job name, as they were asked."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """What such a job came to."""

    job: Job
    stands: Standing
    found: Suggestions

    def write(self, conn: connection, now: datetime) -> dict[str, Any]:
        """Return the job's result; there is nothing else to write."""
        del conn, now
        wants = self.job.wants
        return {
            "plan": wants[PLAN],
            "suggestion": {
                "edition": wants[EDITION],
                "base": wants[BASE],
                "before": asdict(self.found.before),
                "alternatives": [_alternative(self.stands, proposal) for proposal in self.found.proposals],
                "advised": self.found.advised,
            },
        }


def suggest_job(dsn: str, job: Job, progress: Callable[[int, int], None], processes: int) -> Suggested:
    """Do the work of a job; `progress` hears how many parts are improved, and of how many.

    Raises
    ------
    NotFound
        The plan is not there.
    Conflict
        Its blocks were made anew (`stale-edition`), or somebody else has changed it (`stale-version`).
    RequestError
        What was painted does not fit it any more.
    """
    wants = job.wants
    with closing(connect(dsn)) as conn:
        run(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        plan = plans.get(conn, wants[PLAN])
        edition = as_seen(conn, plan, wants[EDITION], wants[BASE])
        stands = standing(conn, plan, edition, wants[BLOCKS], locked=wants[LOCKED], communities=wants[COMMUNITIES])
    with spread_over(processes, progress) as spread:
        return Suggested(job, stands, suggest(stands, plans.rules_of(plan), seed=wants[SEED], spread=spread))


def as_seen(conn: connection, plan: PlanRow, edition: str, base: int) -> Edition:
    """Return the edition of a plan's blocks; raises where it, or the plan's revision, is no longer what somebody has seen."""
    found = plan_blocks.edition_there(conn, plan)
    if found.tag != edition:
        msg = "the blocks of this plan were made anew since you have seen them: fetch them again"
        raise Conflict(msg, code="stale-edition", zh="该方案的地块已重新生成，请重新取得")
    if plan.revision != base:
        msg = f"somebody else has changed the plan since revision {base}: it is {plan.revision} now. Fetch what they did first"
        raise Stale(
            msg, zh=f"方案已被他人修改(第{base}次修订之后，现为第{plan.revision}次)，请先取得最新内容", revision=plan.revision
        )
    return found


def _alternative(stands: Standing, proposal: Proposal) -> dict[str, Any]:
    """Return a proposal as it can be saved: the blocks that change, the grids that are new, and those without blocks."""
    grid, key = proposal.grid, proposal.key
    changed = np.flatnonzero(grid != stands.grid).tolist()
    first = {int(grid[block]): block for block in reversed(changed)}
    left = np.unique(grid[grid != NOWHERE]).tolist()
    gone = sorted(set(np.unique(stands.grid[stands.grid != NOWHERE]).tolist()) - set(left))
    return {
        "level": proposal.level,
        "blocks": [[block, None if grid[block] == NOWHERE else key[grid[block]]] for block in changed],
        "grids": {
            "new": [
                {"key": key[g], "community": int(stands.blocks.community[first[g]]), "name": ""}
                for g in range(len(stands.key), len(key))
            ],
            "gone": [key[g] for g in gone],
        },
        "after": asdict(proposal.figures),
        "reasons": [
            {"kind": reason.kind, "key": reason.subject, "en": reason.en, "zh": reason.zh} for reason in proposal.reasons
        ],
    }
