"""Plans that come from files: into the store as drafts, and the very first one of a community straight into force.

Where nothing is in force there is nobody's decision to pass over: the operator of the machine may adopt a first plan, and
the log says that it was done so. Every later plan goes through its approval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg2.extras import Json

from data.store.approval import decide
from data.store.log import record as log
from data.store.nets import digest
from data.store.plans import Maker, Origin, bases, create, get, net, note_check, places
from data.store.publish import publish
from data.store.sql import maybe, run
from gis.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg2.extensions import connection

    from data.store.plans import PlanRow
    from data.store.publish import CutOver
    from partition.net import Net

_MAKES_IT_AGAIN = ("wangge", "seed", "rules", "rules_digest", "inputs", "outputs")


def import_plan(conn: connection, record: Mapping[str, Any], found: Net, *, title: str, now: datetime) -> PlanRow:
    """Write a plan from its folder as a draft; it must have been made from a snapshot that the store has.

    Raises
    ------
    NotFound
        The town has not been imported, or never from the very files that the plan was made from.
    """
    row = maybe(
        conn,
        """SELECT t.id, s.number, t.frame FROM wangge.town t JOIN wangge.snapshot s ON s.town_id = t.id
           WHERE t.name = %s AND s.digests = %s ORDER BY s.number DESC LIMIT 1""",
        [record["town"], Json(record["inputs"])],
    )
    if row is None:
        msg = (
            f"the store has no import of {record['town']!r} from the files that this plan was made from: import the town first"
        )
        raise NotFound(msg)
    town, snapshot, frame = row
    maker = Maker(town=town, snapshot=snapshot, srid=frame, author=None, now=now)
    made_with = {name: record[name] for name in _MAKES_IT_AGAIN if name in record}
    plan = create(conn, found, maker, Origin(title=title, reason="", made_with=made_with, metrics=record["metrics"]))
    log(conn, "plan.imported", path=plan.path, subject=plan.id, body={"title": title, "grids": len(found)})
    return plan


def put_in_force(conn: connection, plan: PlanRow, cut: CutOver) -> PlanRow:
    """Put an approved plan in force on the machine of the store; it says so in its decisions and in the log."""
    if plan.state not in {"district_approved", "noticed"}:
        msg = f"this plan is {plan.state}; only an approved plan takes effect (--adopt is for the first one of a community)"
        raise Conflict(msg, code="illegal-transition", state=plan.state)
    _decide(conn, plan, "put_in_force", cut)
    return publish(conn, plan, cut)


def adopt(conn: connection, plan: PlanRow, cut: CutOver) -> PlanRow:
    """Put a first plan in force without the three decisions; refused where any of its communities has had one."""
    if plan.state not in {"draft", "validated"}:
        msg = f"this plan is {plan.state}; only a draft is adopted"
        raise Conflict(msg, code="illegal-transition", state=plan.state)
    if any(base is not None for base in bases(conn, plan).values()):
        msg = "a plan is in force here already: a new one goes through its approval"
        raise Conflict(msg, code="not-the-first")
    plan = note_check(conn, plan, findings=plan.findings, digest=digest(net(conn, plan)), now=cut.now)
    _decide(conn, plan, "adopt", cut)
    run(
        conn,
        "INSERT INTO wangge.plan_version (plan_id, version, digest, made_at, made_by) VALUES (%s, %s, %s, %s, %s)",
        [plan.id, plan.version, plan.digest, cut.now, cut.actor],
    )
    run(conn, "UPDATE wangge.plan SET state = 'district_approved' WHERE id = %s", [plan.id])
    return publish(conn, get(conn, plan.id), cut)


def _decide(conn: connection, plan: PlanRow, step: str, cut: CutOver) -> None:
    districts = [place for place in places(conn, plan) if place.level == "district"]
    decide(conn, plan, step=step, verdict="pass", areas=districts, actor=cut.actor, comment="", now=cut.now)
    log(conn, f"plan.{step}", path=plan.path, subject=plan.id, body={"effective_from": cut.effective_from.isoformat()})
