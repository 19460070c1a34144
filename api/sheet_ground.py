"""A plan's folder and its town, as printed sheets show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.plan_folder import read_plan
from gis.errors import InputError
from gis.finding import Finding, Severity
from maps.base import Areas, Lines
from maps.sheets.values import SheetGround

if TYPE_CHECKING:
    from pathlib import Path

    from gis.town import Town
    from partition.net import Net


def sheet_ground(folder: Path, town: Town) -> SheetGround:
    """Return what the sheets of a plan are made from.

    Raises
    ------
    InputError
        The folder is no plan, or not one of this town.
    """
    return ground_of(net_of(folder, town), town)


def net_of(folder: Path, town: Town) -> Net:
    """Return the net of a plan's folder.

    Raises
    ------
    InputError
        The folder is no plan, or not one of this town.
    """
    record, net = read_plan(folder)
    strange = sorted(set(net.community) - set(town.communities.code))
    if strange or record["frame"] != town.frame.crs:
        what = "、".join(strange[:5]) or record["frame"]
        en = f"the plan is not of this town ({town.name}): it has {what}"
        zh = f"方案与城镇“{town.name}”不符：方案中有 {what}"
        raise InputError(en, [Finding(kind="other_town", severity=Severity.ERROR, en=en, zh=zh, file=folder.name)])
    return net


def ground_of(net: Net, town: Town) -> SheetGround:
    """Return what the sheets of a net are made from."""
    home = {code: n for n, code in enumerate(town.communities.code)}
    # Where the plan has a community's line, it is the one that the grids lie in, to the centimetre.
    outline = [net.outline.get(c, p) for c, p in zip(town.communities.code, town.communities.polygon, strict=True)]
    return SheetGround(
        title=town.name,
        crs=town.frame.crs,
        code=net.code,
        name=net.name,
        dedicated=net.dedicated,
        subtype=net.subtype,
        households=net.households,
        area_m2=net.area_m2,
        bounds=net.bounds,
        community=np.array([home[code] for code in net.community], dtype=np.int64),
        polygon=net.polygon,
        communities=Areas(town.communities.name, np.array(outline, dtype=object)),
        community_code=town.communities.code,
        street=town.communities.street,
        district=town.communities.district,
        compounds=Areas(town.compounds.name, town.compounds.polygon),
        lines=Lines(town.barriers.kind, town.barriers.name, town.barriers.line),
    )
