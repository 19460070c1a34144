"""The work of sample towns: lists that our own readers take as they are, shaped as places are, the same for the same seed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from api.staff_file import read_staff_file
from data.incident_file import read_incidents
from data.sample_work import STAFF, write_work
from data.samples.past import Days, past_reports
from data.samples.settled import Settled
from data.samples.topics import SOURCES, TOPICS

if TYPE_CHECKING:
    from pathlib import Path

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
DAYS = Days(first=datetime(2026, 9, 21, tzinfo=ZONE), now=NOW, zone=ZONE)
COMMUNITIES = ("370103002001", "370103002002")
CLOCK = "%Y-%m-%d %H:%M:%S"


def town() -> Settled:
    """Two communities of five grids each, the last one of each for work; forty spots a grid, four compounds in each."""
    spots = 40
    code = tuple(f"{community}{k:03}" for community in COMMUNITIES for k in range(1, 6))
    grid = np.repeat(np.arange(len(code)), spots)
    number = np.arange(len(grid))
    return Settled(
        code=code,
        community=tuple(each[:12] for each in code),
        dedicated=np.array([each.endswith("5") for each in code]),
        lon_lat=np.column_stack([117.0 + 0.0005 * (number % 80), 36.6 + 0.0005 * (number // 80)]),
        grid=grid,
        many=np.full(len(grid), 12),
        is_inside=np.ones(len(grid), dtype=np.bool_),
        heap=number // 10,
        address=tuple(f"海棠社区{n}号楼" for n in number.tolist()),
    )


def files(folder: Path, **said: Any) -> dict[str, bytes]:
    write_work(folder, town(), DAYS, **{"reports": 300, "seed": 1, **said})
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return past_reports(town(), DAYS, 6_000, np.random.default_rng(3))


def moments(rows: list[dict[str, str]], name: str) -> list[datetime]:
    return [datetime.strptime(row[name], CLOCK).replace(tzinfo=ZONE) for row in rows if row[name]]


def test_the_same_seed_gives_the_same_bytes(tmp_path) -> None:
    """Seed, town and moment decide every byte of every list; another seed gives other lists."""
    first = files(tmp_path / "one")
    assert files(tmp_path / "two") == first
    other = files(tmp_path / "three", seed=2)
    assert {name for name in first if other[name] != first[name]} == {STAFF, "incidents.csv"}


def test_reports_are_read_without_a_remark(tmp_path) -> None:
    """Each system's manifest takes its own rows of the one list, all of them together take all, and nothing is found wrong."""
    files(tmp_path)
    read = [read_incidents(tmp_path / f"{source}.toml", now=NOW) for source in SOURCES]
    assert [found for _, found in read] == [(), (), ()]
    assert sum(len(arrivals) for arrivals, _ in read) == 300
    assert [arrivals.source for arrivals, _ in read] == list(SOURCES)
    assert all(len(arrivals) for arrivals, _ in read)
    assert {str(each) for arrivals, _ in read for each in arrivals.category} <= {topic.category for topic in TOPICS}


def test_staff_are_read_without_a_remark(tmp_path) -> None:
    """The list of staff has no fault; on each grid A and B are two people, and both posts of somebody lie in one community."""
    files(tmp_path)
    file = read_staff_file((tmp_path / STAFF).read_bytes())
    assert file.findings == ()
    lettered = [post for post in file.posts if post.letter]
    held = Counter((post.grid, post.letter) for post in lettered)
    assert max(held.values()) == 1
    for grid in {post.grid for post in lettered}:
        assert len({post.number for post in lettered if post.grid == grid}) == sum(post.grid == grid for post in lettered)
    homes: dict[str, set[str]] = {}
    for post in lettered:
        homes.setdefault(post.number, set()).add(post.grid[:12])
    assert all(len(communities) == 1 for communities in homes.values())
    assert not any(post.letter for post in file.posts if post.grid.endswith("5"))
    assert {post.grid for post in file.posts} == set(town().code)


def test_the_past_is_over_and_in_order(rows) -> None:
    """Nobody reports before the first day or after now; what is closed was accepted first, and nothing old is open."""
    reported = moments(rows, "上报时间")
    assert DAYS.first <= min(reported)
    assert max(reported) < NOW
    assert reported == sorted(reported)
    ended = [row for row in rows if row["办结时间"]]
    for name, before in (("受理时间", "上报时间"), ("办结时间", "受理时间")):
        assert all(row[before] <= row[name] for row in ended)
    assert max(moments(ended, "办结时间")) <= NOW
    old = [row for row in rows if not row["办结时间"] and (NOW - moments([row], "上报时间")[0]).total_seconds() > 24 * 3600]
    assert old == []
    assert 0 < sum(not row["办结时间"] for row in rows) < 300


def test_the_past_has_the_shape_of_a_towns(rows) -> None:
    """Office hours have more than nights, work days more than weekends, some compounds far more than others."""
    reported = moments(rows, "上报时间")
    hours = Counter(at.hour for at in reported)
    assert sum(hours[h] for h in range(8, 12)) > 6 * sum(hours[h] for h in range(1, 5))
    days = Counter(at.date() for at in reported)
    weekend = [count for day, count in days.items() if day.weekday() >= 5]
    work = [count for day, count in days.items() if day.weekday() < 5 and day != NOW.date()]
    assert np.mean(weekend) < 0.8 * np.mean(work)
    outside = sum(row["地址"] == "城区外" for row in rows)
    assert 0.005 < outside / len(rows) < 0.02
    heaps = Counter(
        int(row["地址"].removeprefix("海棠社区").removesuffix("号楼")) // 10 for row in rows if row["地址"] != "城区外"
    )
    assert max(heaps.values()) > 3 * np.median(list(heaps.values()))


def test_most_deadlines_are_kept_and_some_are_not(rows) -> None:
    """Of what is closed 80 to 95 in a hundred were closed by their deadline, and nearly all were resolved."""
    ended = [row for row in rows if row["办结时间"]]
    kept = sum(row["办结时间"] <= row["办理期限"] for row in ended) / len(ended)
    assert 0.80 < kept < 0.95
    assert 0.9 < sum(row["结果"] == "已解决" for row in ended) / len(ended) < 1.0
    assert {row["评价"] for row in ended} == {"满意", "基本满意", "不满意", "无法联系", ""}


def test_some_reports_repeat_others(rows) -> None:
    """Some reports come twice from one building, of one category, within three hours: duplicates to be found."""
    last: dict[tuple[str, str], datetime] = {}
    again = 0
    for row, at in zip(rows, moments(rows, "上报时间"), strict=True):
        key = (row["地址"], row["类别"])
        again += key in last and (at - last[key]).total_seconds() <= 3 * 3600
        last[key] = at
    assert 0.015 < again / len(rows) < 0.08
