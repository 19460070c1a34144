"""A dispatcher in a process of its own, as a worker runs it: for tests that kill it.

python -m tests.api.feed.dispatching ADMIN_DSN APP_DSN NAME
"""

from __future__ import annotations

import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from random import SystemRandom

from api.chores import Chore, doing
from api.feed.post import Client
from api.feed.sender import Outbox, deliver_due
from data.store.pool import Pool
from tests.api.feed.mailed import PEPPER, QUICK
from tests.api.feed.receiver import HERE


def main(admin_dsn: str, app_dsn: str, name: str) -> None:
    """Send until the process is ended."""
    with closing(Pool(app_dsn, size=1)) as reader:
        client = Client(allowed=HERE, deadline_s=0.3)
        outbox = Outbox(reader=reader, client=client, pepper=PEPPER, draw=SystemRandom(), worker=name, pace=QUICK)
        chore = Chore(name=name, every_s=0.05, do=partial(deliver_due, outbox))
        with doing([chore], admin_dsn, lambda: datetime.now(UTC)):
            print("at work", flush=True)  # noqa: T201 - whoever started it waits for this line
            threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
