"""A job of kind `divide`: from what somebody wants to the draft of a plan.

The ground of the whole town is surveyed, so that the lines of the communities are noded as they are for everybody; only the
wanted communities are divided, proven and kept. The job comes as the store's owner and acts for its author, whose rights were
asked when it was made: the draft and its entry in the log carry the author.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from api.spread import spread_over
from data.plan_files import finding_record
from data.store import plans
from data.store.log import record
from data.store.plans import Maker, Origin
from data.store.pool import connect
from data.store.sql import one, run
from data.store.towns import load_town
from gis.errors import Conflict
from partition.engine import divide
from partition.net import net_of
from partition.prove import prove
from partition.rules import rules_from
from partition.score import metrics

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from psycopg2.extensions import connection

    from data.store.jobs import Job
    from gis.finding import Finding
    from gis.town import Town
    from partition.net import Net

TITLE, REASON, TOWN, COMMUNITIES, RULES, SEED = "title", "reason", "town", "communities", "rules", "seed"
"""What the wants of such a job name. `communities` are codes, or None for all; `rules` what `rules_from` reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a division came to: everything that the store is to keep of it."""

    job: Job
    town: int
    snapshot: int
    srid: int
    net: Net
    origin: Origin
    findings: tuple[Finding, ...]

    def write(self, conn: connection, now: datetime) -> dict[str, Any]:
        """Write the draft of a plan, in a transaction of the owner's, and return the job's result."""
        run(conn, "SELECT set_config('wangge.person', %s, true)", [self.job.author or ""])
        maker = Maker(town=self.town, snapshot=self.snapshot, srid=self.srid, author=self.job.author, now=now)
        plan = plans.create(conn, self.net, maker, self.origin)
        body = {"job": self.job.id, "communities": sorted(self.net.outline), "grids": len(self.net)}
        record(conn, "plan.divide", path=plan.path, subject=plan.id, body=body)
        return {"plan": plan.id, "findings": [finding_record(finding) for finding in self.findings]}


def divide_job(dsn: str, job: Job, progress: Callable[[int, int], None], processes: int) -> Draft:
    """Do the work of a job; `progress` hears how many units are divided, and of how many.

    Raises
    ------
    NotFound
        The town is not there (any more), or one of the communities is not in it.
    RulesError
        The rules contradict themselves.
    Conflict
        There is nothing to divide: nothing is left of the communities on the 1 cm grid.
    BrokenPlan
        The plan fails its own certificate.
    """
    wants = job.wants
    rules = rules_from(wants[RULES])
    identity, snapshot, srid, town = _town(dsn, wants[TOWN])
    with spread_over(processes, progress) as spread:
        plan = divide(town, rules, seed=int(wants[SEED]), communities=wants[COMMUNITIES], spread=spread)
    prove(plan, town)
    net = net_of(plan, town)
    if not len(net):
        msg = "there is nothing to divide: on the 1 cm grid nothing is left of these communities"
        raise Conflict(msg, code="nothing-to-divide")
    made_with = {
        "rules": asdict(rules),
        "rules_digest": rules.digest(),
        "seed": plan.seed,
        "version": version("wangge"),
        "digests": dict(town.digests),
    }
    return Draft(
        job=job,
        town=identity,
        snapshot=snapshot,
        srid=srid,
        net=net,
        origin=Origin(title=wants[TITLE], reason=wants[REASON], made_with=made_with, metrics=metrics(plan)),
        findings=plan.findings,
    )


def _town(dsn: str, name: str) -> tuple[int, int, int, Town]:
    """Return id, snapshot and frame of a town, and the town as it is by that snapshot."""
    with closing(connect(dsn)) as conn:
        # Nothing that is imported meanwhile comes into it.
        run(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0")
        identity, snapshot, srid = one(
            conn,
            """SELECT t.id, max(s.number), t.frame FROM wangge.town t JOIN wangge.snapshot s ON s.town_id = t.id
               WHERE t.name = %s GROUP BY t.id""",
            [name],
            what="town",
        )
        return identity, snapshot, srid, load_town(conn, name, snapshot=snapshot)
