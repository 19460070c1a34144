"""The work of a sample town: its staff and its past, as the files that places bring of their own.

`staff.csv` is what `wangge staff load` reads; `incidents.csv` holds the reports of three other systems, and beside it lies a
manifest for each, which `wangge incidents load` reads. The same town, day and numbers give the same bytes.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from data.samples.past import past_reports
from data.samples.staff import staff_rows
from data.samples.topics import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from data.samples.past import Days
    from data.samples.settled import Settled

STAFF, REPORTS = "staff.csv", "incidents.csv"
_CALLED = {"hotline_12345": "市民服务热线", "urban_mgmt": "数字城管", "zongzhi": "综治平台"}
_MANIFEST = """# 示例数据：{called}的工单，全部虚构。 Sample data: reports of another system, all of them invented.
[incidents]
file = "{file}"
source = "{source}"
where = {{ "来源" = "{source}" }}
zone = "{zone}"
coordinates = "cgcs2000"
external_id = "工单号"
lon = "经度"
lat = "纬度"
category = "类别"
kind = "性质"
title = "标题"
description = "内容"
address = "地址"
reported_at = "上报时间"
accepted_at = "受理时间"
due_at = "办理期限"
closed_at = "办结时间"
outcome = "结果"
satisfaction = "评价"

[incidents.kind_is]
"问题" = "problem"
"意见" = "opinion"
"求助" = "request"

[incidents.outcome_is]
"已解决" = "resolved"
"未解决" = "unresolved"

[incidents.satisfaction_is]
"满意" = "satisfied"
"基本满意" = "basic"
"不满意" = "unsatisfied"
"无法联系" = "unreachable"
"""


def write_work(folder: Path, town: Settled, days: Days, *, reports: int, seed: int) -> tuple[int, int]:
    """Write the files into a folder, and return how many people and how many reports there are.

    Parameters
    ----------
    folder
        Where to; made where it is missing. Files of these names are replaced.
    town
        The town, whose grids have been in force on all of the days.
    days
        The days that are past, from the first on which staff have their posts.
    reports
        How many reports there are in all.
    seed
        The same seed gives the same work.
    """
    staff = staff_rows(town, days.first.date(), np.random.default_rng([seed, 1]))
    past = past_reports(town, days, reports, np.random.default_rng([seed, 2]))
    texts = {STAFF: _csv(staff), REPORTS: _csv(past)}
    for source in SOURCES:
        texts[f"{source}.toml"] = _MANIFEST.format(called=_CALLED[source], source=source, file=REPORTS, zone=days.zone.key)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return len({row["工号"] for row in staff}), len(past)


def _csv(rows: Sequence[Mapping[str, str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
