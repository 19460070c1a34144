"""What a fixture has left behind: matters that were admitted and have exited, and nets that departments had of their own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

import numpy as np
import shapely

from api.matters.admission import ASPECTS, Action, ExitKind, Reason, Verdict
from api.matters.deciding import decide
from data.legacy_file import LegacyNet
from data.matter_file import MatterText
from data.store import legacy, matters, people
from data.store.log import record
from data.store.plans import area_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from data.profile import Profile
    from partition.net import Net

WORDS: Mapping[ExitKind, str] = {
    ExitKind.AFFAIR: "事项", ExitKind.CERTIFICATE: "证明", ExitKind.PLAQUE: "牌匾", ExitKind.STAMP: "盖章",
    ExitKind.LEDGER: "台账",
}  # fmt: skip
BEFORE = timedelta(days=365)
"""For how long departments had their own nets before there was one for all."""


def have_exited(conn: connection, profile: Profile, *, now: datetime) -> int:
    """Propose, admit and have exit as many matters of each kind as the profile says; return how many those are."""
    wanted = cast("Mapping[str, int]", profile.says["admission"]["exits"])
    area = area_named(conn, profile.area)
    # Nothing is decided by nobody: this one cannot sign in and has no role.
    someone = people.add_person(conn, login=f"fixture-{profile.id}-exits", name="示例数据", now=now, by=None)
    for word, count in wanted.items():
        kind = ExitKind(word)
        texts = [
            MatterText(
                code=f"{profile.id}-{kind}-{k:02}", name=f"{WORDS[kind]}{k:02}", category="service", power_delegated=True,
                funding="财政",
            )
            for k in range(1, count + 1)
        ]  # fmt: skip
        codes = [text.code for text in texts]
        matters.take_in(conn, texts, area=area.id, now=now)
        record(conn, "matter.imported", path=area.path, subject=area.code, body={"added": codes})
        for verdict in (
            Verdict(action=Action.ADMIT, reason=None, kind=None, comment="", aspects=dict.fromkeys(ASPECTS, "示例")),
            Verdict(action=Action.EXIT, reason=Reason.NOT_GRID_DUTY, kind=kind, comment="", aspects={}),
        ):
            decide(conn, matters.named(conn, codes), verdict, approver=someone, now=now)
    return sum(wanted.values())


def had_nets(conn: connection, profile: Profile, net: Net, *, srid: int, day: date) -> int:
    """Bring in a net of each department that the profile names, and retire it on the first day of the one net.

    Each drew its own: the cells of the n-th are n + 1 grids of today, one after another, whatever community they lie in.
    """
    area = area_named(conn, profile.area)
    names = cast("Sequence[str]", profile.says["legacy"]["departments"])
    for number, department in enumerate(names, 2):
        cells = [shapely.union_all(net.polygon[k : k + number]) for k in range(0, len(net), number)]
        polygon = np.empty(len(cells), dtype=object)
        polygon[:] = cells
        drawn = LegacyNet(
            code=tuple(f"{number - 1}-{k:03}" for k in range(1, len(cells) + 1)),
            name=tuple(f"{department}网格{k:03}" for k in range(1, len(cells) + 1)),
            polygon=polygon,
            findings=(),
        )
        legacy.bring_in(conn, area, department, drawn, srid=srid, day=day - BEFORE)
        legacy.retire(conn, area, department, day=day)
    return len(names)
