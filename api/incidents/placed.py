"""Where a report lies: at the point that it says, or where the one thing lies that its address can mean."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from api.loop.labels import LABELS
from api.loop.words import LocatedBy
from data.store import addresses
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from psycopg2.extensions import connection

    from api.lang import Lang
    from data.store.addresses import Candidate

_LOOKED_FOR = (
    "a compound, a building by its number in one, a dedicated area, a street or another named line",
    "小区、小区内的楼栋号、专属区域、道路或其他有名称的线状地物",
)


def found_at(conn: connection, address: str, *, within: str | None, day: date, lang: Lang) -> tuple[LocatedBy, float, float]:
    """Return what an address means, and its place (degrees, CGCS2000); the transaction speaks for who may handle incidents.

    `within` is the path of the area that is meant; without one, the areas count for which the caller may handle incidents.
    Nothing is guessed: a house's number along a street leads to the street, and what may mean several things to none.

    Raises
    ------
    ParameterError
        `no-place`: nothing there is called so; `ambiguous-address`: several things are, with the first of them as
        `candidates` and their number as `count`.
    """
    there, count = addresses.candidates(conn, address, within=within, day=day)
    if not there:
        en, zh = _LOOKED_FOR
        raise ParameterError(
            "address",
            f"nothing here is called {address!r}: looked for {en}; say the place as lon and lat, or another name",
            code="no-place",
            zh=f"此范围内没有名为“{address}”的地点（已查找：{zh}）；请提供 lon、lat，或换一个名称",
        )
    if count > 1:
        raise ParameterError(
            "address",
            f"{count} places may be meant by {address!r}: choose one, and send its lon and lat, or name the area",
            code="ambiguous-address",
            zh=f"“{address}”可能指 {count} 处：请选定一处并提交其 lon、lat，或写明所在区域",
            candidates=[candidate_view(each, lang) for each in there],
            count=count,
        )
    (found,) = there
    return LocatedBy(found.kind), found.lon, found.lat


def candidate_view(each: Candidate, lang: Lang) -> Mapping[str, Any]:
    """Return what is told of a place that an address may mean."""
    return {**asdict(each), "kind_label": LABELS[LocatedBy][LocatedBy(each.kind)].say(lang)}
