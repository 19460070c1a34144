"""How long cases took: work time from acceptance to closing, without the times for which their clocks stood still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api.loop.clock_many import work_seconds_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from api.loop.calendar import Calendar
    from data.store.stats import Handled, Pause


def handle_seconds(cases: Handled, pauses: Sequence[Pause], calendar: Calendar) -> tuple[NDArray[np.int64], bool]:
    """Return the work seconds of each case (n,), and whether the calendar did not know a year of any of them.

    Pauses of other cases, or of another time, are passed over; those of one case do not overlap.
    """
    spent = work_seconds_many(_moments(cases.accepted), _moments(cases.closed), calendar)
    seconds = spent.seconds.copy()
    row_of = {case: row for row, case in enumerate(cases.ids.tolist())} if pauses else {}
    own = [
        (row, pause.since, min(pause.until, int(cases.closed[row])))
        for pause in pauses
        if (row := row_of.get(pause.id)) is not None and cases.accepted[row] <= pause.since < cases.closed[row]
    ]
    if own:
        rows, since, until = np.array(own, dtype=np.int64).T
        np.subtract.at(seconds, rows, work_seconds_many(_moments(since), _moments(until), calendar).seconds)
    return seconds, bool(spent.is_fallback.any())


def _moments(seconds: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return seconds.astype("datetime64[s]")
