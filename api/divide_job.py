"""A job of kind `divide`: from what somebody wants to the draft of a plan.

The whole town is divided, so that the lines of the communities are noded as they are for everybody; the plan is for the
wanted communities alone. It comes as the store's owner and acts for the job's author, whose rights were asked when the job
was made: the draft and its entry in the log carry the author.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass, fields, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from api.spread import spread_over
from data.plan_files import finding_record
from data.store import plans
from data.store.log import record
from data.store.plans import Maker, Origin
from data.store.pool import connect
from data.store.sql import one, run
from data.store.towns import load_town
from gis.errors import Conflict, NotFound
from gis.locate import NOWHERE
from partition.engine import divide
from partition.net import net_of
from partition.plan import Grids
from partition.prove import prove
from partition.rules import rules_from
from partition.score import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime

    from psycopg2.extensions import connection

    from data.store.jobs import Job
    from gis.finding import Finding
    from gis.town import Town
    from partition.net import Net
    from partition.plan import Plan

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
    wanted: Sequence[str] | None = wants[COMMUNITIES]
    if missing := sorted(set(wanted or ()) - set(town.communities.code)):
        msg = f"{town.name} has no such communities (any more): {', '.join(missing)}"
        raise NotFound(msg, communities=missing)
    with spread_over(processes, progress) as spread:
        plan = divide(town, rules, seed=int(wants[SEED]), spread=spread)
    prove(plan, town)
    net = net_of(plan, town, communities=wanted)
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
        origin=Origin(title=wants[TITLE], reason=wants[REASON], made_with=made_with, metrics=metrics(_of(plan, town, wanted))),
        findings=tuple(_about(plan.findings, net, wanted)),
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


def _of(plan: Plan, town: Town, communities: Collection[str] | None) -> Plan:
    """Return a plan as if only these communities were in it, for its figures."""
    if communities is None:
        return plan
    inside = np.isin(np.array(town.communities.code, dtype=object), list(communities))
    grids, blocks = plan.grids, plan.blocks
    rows = np.flatnonzero(inside[grids.community])
    row_of_grid = np.full(len(grids), NOWHERE)
    row_of_grid[rows] = np.arange(len(rows))
    columns: dict[str, Any] = {
        f.name: value[rows] if isinstance(value := getattr(grids, f.name), np.ndarray) else tuple(value[row] for row in rows)
        for f in fields(grids)
    }
    # Labels of compounds that reach in stay everywhere: one on both sides of the line is cut by it, not by the plan.
    reaching_in = np.isin(blocks.compound, blocks.compound[inside[blocks.community]])
    return replace(
        plan,
        grids=Grids(**columns),
        blocks=replace(blocks, compound=np.where(reaching_in, blocks.compound, NOWHERE)),
        grid_of_block=row_of_grid[plan.grid_of_block],
    )


def _about(findings: Sequence[Finding], net: Net, communities: Collection[str] | None) -> Iterator[Finding]:
    """Give the findings about these communities and their grids; those about the town as a whole where all are wanted."""
    subjects = {*net.code, *(communities or ())}
    return (finding for finding in findings if communities is None or finding.subject in subjects)
