"""Two nets on one town, as sheets of comparison show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.errors import InputError
from gis.finding import Finding, Severity
from maps.sheets.change import ChangeGround
from partition.net_diff import compared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maps.sheets.values import SheetGround
    from partition.net import Net
    from partition.net_diff import Compared


def compare_nets(old: Net, new: Net, *, ids: tuple[str, ...], households: NDArray[np.int64]) -> Compared:
    """Compare two nets over household points, by their ids and with the households of each (n,).

    Raises
    ------
    InputError
        They have no community in common.
    """
    if old.outline.keys().isdisjoint(new.outline):
        en = "the two plans have no community in common: there is nothing to compare"
        zh = "两个方案没有共同的社区，无从对比"
        raise InputError(en, [Finding(kind="nothing_in_common", severity=Severity.ERROR, en=en, zh=zh)])
    return compared(old, new, ids=ids, households=households)


def change_ground(ground: SheetGround, beside: Compared, *, old_title: str, new_title: str) -> ChangeGround:
    """Return what the sheets of a comparison are made from; `ground` is that of the new net."""
    old, found = beside.old, beside.diff
    home = {code: n for n, code in enumerate(ground.community_code)}
    communities = () if old is None else old.community
    return ChangeGround(
        ground=ground,
        old_title=old_title,
        new_title=new_title,
        old_code=found.old.key,
        old_name=() if old is None else old.name,
        old_community=np.array([home[code] for code in communities], dtype=np.int64),
        old_households=np.zeros(0, dtype=np.int64) if old is None else old.households,
        old_polygon=found.old.polygon,
        fate=tuple(op.value for op in found.fate),
        successor=found.successor,
        origin=tuple(op.value for op in found.origin),
        predecessor=found.predecessor,
        pair_old=found.pairs.old,
        pair_new=found.pairs.new,
        pair_households=found.pairs.households,
        pair_moved=found.continued[found.pairs.new] != found.pairs.old,
    )
