"""The past of a sample town: reports of other systems over some weeks, nearly all of them closed.

They heap where they heap in towns: some compounds have many and most have few, office hours and early evenings have more than
nights, work days more than weekends. Some repeat what somebody else has reported, and a few lie outside the town.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from data.samples.topics import SOURCES, TOPICS
from data.times import EPOCH

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray

    from data.samples.settled import Settled
    from data.samples.topics import Topic

    Moments = NDArray[np.datetime64]

_OFFICE = (1, 1, 0, 0, 0, 1, 3, 9, 16, 19, 18, 12, 7, 9, 14, 16, 14, 10, 7, 6, 5, 4, 3, 2)
_EVENING = (3, 2, 1, 0, 0, 1, 3, 7, 9, 7, 6, 6, 6, 6, 6, 6, 8, 11, 15, 18, 19, 17, 12, 7)
"""How much is reported in each hour of the day."""
_WEEKEND = 0.6
"""How much is reported on a day of the weekend, beside a work day."""
_UNEVEN = 0.35
"""Shape of the gamma distribution of what a compound has: the smaller, the more of it a few compounds have."""
_REPEATED, _OUTSIDE = 0.03, 0.012
"""Shares of reports that repeat another, and that lie outside the town."""
_LATE = 0.11
"""Share of what is closed after its deadline."""
_NEAR_DEG = 1.2e-4
"""How far from the spot somebody points, degrees."""
_BEYOND_DEG = (0.004, 0.02)
"""How far from the town lies what is outside, degrees."""
_DESK = (8, 18)
"""From and to which hour the desks there are manned."""
_OPEN_H = 20
"""What was reported in the last so many hours may be open still."""
_MINUTE, _HOUR, _DAY = (np.timedelta64(n, "s").astype("timedelta64[us]") for n in (60, 3_600, 86_400))
_ANSWERS = ("满意", "基本满意", "不满意", "无法联系", "")
_ANSWERED = (0.6, 0.2, 0.03, 0.05, 0.12)
_KINDS = {"problem": "问题", "opinion": "意见", "request": "求助"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Whole days in a zone, `first` midnight of the first of them, until now."""

    first: datetime
    now: datetime
    zone: ZoneInfo

    def __len__(self) -> int:
        """Count the days, today's with them."""
        return (self.now.astimezone(self.zone).date() - self.first.date()).days + 1


def past_reports(town: Settled, days: Days, count: int, rng: np.random.Generator) -> list[dict[str, str]]:
    """Return `count` reports as the rows of a file, in the order in which they were made."""
    share = np.array([topic.share for topic in TOPICS])
    what = rng.choice(len(TOPICS), count, p=share / share.sum())
    at = _moments(what, days, rng)
    spot = _spots(town, what, rng)
    # Whoever repeats a report does so soon, and from where they live.
    again = np.flatnonzero(rng.random(count) < _REPEATED)
    first = rng.integers(0, count, len(again))
    what[again], spot[again] = what[first], spot[first]
    later = at[first] + rng.integers(5, 180, len(again)) * _MINUTE
    at[again] = np.where(later < _moment(days.now), later, at[again])
    order = np.argsort(at, kind="stable")
    what, at, spot = what[order], at[order], spot[order]
    lon_lat = town.lon_lat[spot] + rng.normal(0.0, _NEAR_DEG, (count, 2))
    outside = rng.random(count) < _OUTSIDE
    lon_lat[outside] = _beyond(town, int(outside.sum()), rng)
    accepted = _accepted(at, days, rng)
    due = accepted + np.array([topic.days for topic in TOPICS])[what] * _DAY
    closed = _closed(at, accepted, due, _moment(days.now), rng)
    rows: list[dict[str, str]] = []
    for k in range(count):
        topic = TOPICS[what[k]]
        source = SOURCES[rng.choice(len(SOURCES), p=topic.sources)]
        title, text = topic.says[rng.integers(len(topic.says))]
        is_open = bool(np.isnat(closed[k]))
        rows.append({
            "来源": source, "工单号": f"{source[:2].upper()}{k + 1:06}", "类别": topic.category, "性质": _KINDS[topic.kind],
            "标题": title, "内容": text, "地址": "城区外" if outside[k] else town.address[spot[k]],
            "经度": f"{lon_lat[k, 0]:.6f}", "纬度": f"{lon_lat[k, 1]:.6f}", "上报时间": _written(at[k], days),
            "受理时间": "" if is_open else _written(accepted[k], days), "办理期限": "" if is_open else _written(due[k], days),
            "办结时间": _written(closed[k], days),
            "结果": "" if is_open else "已解决" if rng.random() < _solved(topic) else "未解决",
            "评价": "" if is_open else _ANSWERS[rng.choice(len(_ANSWERS), p=_ANSWERED)],
        })  # fmt: skip
    return rows


def _moments(what: NDArray[np.int64], days: Days, rng: np.random.Generator) -> Moments:
    """Return when each was reported, to the second; what would come later today came a week before."""
    count = len(what)
    date = [(days.first + timedelta(days=n)).date() for n in range(len(days))]
    often = np.array([_WEEKEND if day.weekday() >= 5 else 1.0 for day in date]) * rng.uniform(0.75, 1.25, len(days))  # noqa: PLR2004 - Saturday
    # Of today only a part is over.
    often[-1] *= _share(_OFFICE)[: days.now.astimezone(days.zone).hour].sum()
    day = rng.choice(len(days), count, p=often / often.sum())
    evening = np.array([topic.evening for topic in TOPICS])[what]
    hours = (_share(_OFFICE), _share(_EVENING))
    hour = np.where(evening, rng.choice(24, count, p=hours[1]), rng.choice(24, count, p=hours[0]))
    # Clocks that are put forward and back are not worth an invention: each day begins where it does.
    midnight = np.array([_moment(datetime.combine(each, datetime.min.time(), days.zone)) for each in date])
    at = midnight[day] + hour * _HOUR + rng.integers(0, 3_600, count) * (_MINUTE // 60)
    at = np.where(at < _moment(days.now), at, at - 7 * _DAY)
    return np.maximum(at, _moment(days.first))


def _spots(town: Settled, what: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the spot of each: more where many live, and much more in some compounds than in others."""
    heat = rng.gamma(_UNEVEN, size=(len(TOPICS), int(town.heap.max()) + 1)) + rng.gamma(_UNEVEN, size=int(town.heap.max()) + 1)
    spot = np.empty(len(what), dtype=np.int64)
    for k, topic in enumerate(TOPICS):
        mine = np.flatnonzero(what == k)
        often = town.many * (heat[k, town.heap] + 0.05) * np.where(town.dedicated[town.grid], topic.at_work, 1.0)
        spot[mine] = rng.choice(len(often), len(mine), p=often / often.sum())
    return spot


def _beyond(town: Settled, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return places to the east and west of all spots."""
    low, high = town.lon_lat.min(axis=0), town.lon_lat.max(axis=0)
    away = rng.uniform(*_BEYOND_DEG, count)
    lon = np.where(rng.random(count) < 0.5, high[0] + away, low[0] - away)  # noqa: PLR2004 - either side
    return np.column_stack([lon, rng.uniform(low[1], high[1], count)])


def _accepted(at: Moments, days: Days, rng: np.random.Generator) -> Moments:
    """Return when each was accepted there: soon, but what comes at night waits for the morning."""
    soon = at + (rng.lognormal(3.4, 0.7, len(at)) * 60).astype(np.int64) * (_MINUTE // 60)
    local = [(EPOCH + timedelta(microseconds=each)).astimezone(days.zone) for each in at.astype(np.int64).tolist()]
    opens = [
        (each + timedelta(days=each.hour >= _DESK[1])).replace(hour=8, minute=30, second=0, microsecond=0) for each in local
    ]
    morning = [_moment(each) for each in opens]
    is_night = np.array([not _DESK[0] <= each.hour < _DESK[1] for each in local], dtype=np.bool_)
    waits = np.array(morning) + (soon - at) // 3
    return np.where(is_night, waits, soon)


def _closed(at: Moments, accepted: Moments, due: Moments, now: np.datetime64, rng: np.random.Generator) -> Moments:
    """Return when each was closed; NaT for what came in a few hours ago and is still worked on."""
    part = np.where(rng.random(len(at)) < _LATE, rng.uniform(1.05, 2.6, len(at)), rng.beta(1.6, 1.8, len(at)))
    took = (part * (due - accepted).astype(np.int64) / 1e6).astype(np.int64) * (_MINUTE // 60)
    closed = accepted + took
    is_open = (closed >= now) & (at > now - _OPEN_H * _HOUR) | (accepted >= now)
    lately = np.maximum(accepted, now - rng.integers(10, 600, len(at)) * _MINUTE)
    return np.where(is_open, np.datetime64("NaT", "us"), np.where(closed < now, closed, lately))


def _solved(topic: Topic) -> float:
    return 0.93 if topic.category == "dispute" else 0.97


def _share(hours: tuple[int, ...]) -> NDArray[np.float64]:
    return np.array(hours) / sum(hours)


def _moment(at: datetime) -> np.datetime64:
    return np.datetime64((at.astimezone(UTC) - EPOCH) // timedelta(microseconds=1), "us")


def _written(at: np.datetime64, days: Days) -> str:
    """Return a moment as a list shows it, in local time; '' for none."""
    if np.isnat(at):
        return ""
    return (EPOCH + timedelta(microseconds=int(at.astype(np.int64)))).astimezone(days.zone).strftime("%Y-%m-%d %H:%M:%S")
