"""A plan whose blocks are there, over HTTP: for tests that paint."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.do_job import do_job
from data.store import jobs
from data.store.pool import connect
from data.store.sql import run
from tests.api.v1.hall import NOW

if TYPE_CHECKING:
    from tests.api.v1.hall import Hall


def do_next(hall: Hall) -> str:
    """Do the oldest job that waits, here and now, as a worker would; return its id."""
    with closing(connect(hall.db.admin)) as conn:
        job = jobs.take(conn, worker="t", lease_s=60, now=NOW)
        assert job is not None, "no job waits"
        done = do_job(hall.db.admin, job, lambda _done, _total: None, 1)
        run(conn, "BEGIN")
        result = done.write(conn, NOW)
        assert jobs.finish(conn, job, result, units=1, now=NOW)
        run(conn, "COMMIT")
    return job.id


@dataclass
class Painting:
    """A plan that somebody paints, by their header, in the edition that they have seen."""

    hall: Hall
    who: dict[str, str]
    plan: str
    edition: str = ""

    def prepared(self) -> Painting:
        """Have the blocks made."""
        answer = self.hall.client.post(f"{self.plan}/blocks", headers=self.who)
        if answer.status_code == 202:
            do_next(self.hall)
            answer = self.hall.client.post(f"{self.plan}/blocks", headers=self.who)
        assert answer.status_code == 200, answer.text
        self.edition = answer.json()["edition"]
        return self

    def by(self, who: dict[str, str]) -> Painting:
        """Return the same plan as somebody else paints it."""
        return Painting(self.hall, who, self.plan, self.edition)

    def blocks(self) -> dict[str, Any]:
        """What does not change."""
        answer = self.hall.client.get(f"{self.plan}/blocks", headers=self.who)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self) -> dict[str, Any]:
        """What changes."""
        answer = self.hall.client.get(f"{self.plan}/assignments", headers=self.who)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def grid_of(self) -> list[str | None]:
        """The id of the grid that each block is in; None in a gap."""
        state = self.state()
        ids = [grid["id"] for grid in state["grids"]]
        return [None if index < 0 else ids[index] for index in state["of_block"]]

    def save(self, blocks, *, base=None, new=(), renamed=(), headers=None, **more) -> Any:
        """Save that these blocks are in these grids."""
        base = self.state()["plan"]["revision"] if base is None else base
        body = {"edition": self.edition, "base": base, "blocks": [list(pair) for pair in blocks]} | more
        if new or renamed:
            body["grids"] = {"new": list(new), "renamed": list(renamed)}
        return self.hall.client.patch(f"{self.plan}/assignments", json=body, headers=self.who | (headers or {}))
