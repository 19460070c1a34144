"""What the codes in incidents are called: grids, areas, matters, departments, and categories that one matter alone is of.

For pages, which people read. The names are the town's own and have one language; what the caller may not see has none.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from psycopg2 import sql

from data.store.matters import CATEGORY_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from api.ogc.reader import Reader

_AREAS = ("community", "street", "district")
_NAMED = sql.SQL(
    """SELECT 'grid_code', g.code, g.name FROM wangge.grid g
       WHERE g.in_force @> %s::date AND g.code = ANY (%s::text[])
       UNION ALL
       SELECT a.level, a.code, v.name FROM wangge.area a JOIN wangge.area_version v ON v.area_id = a.id AND v.valid @> %s::date
       WHERE a.code = ANY (%s::text[])
       UNION ALL
       SELECT 'matter', m.code, m.name FROM wangge.matter m WHERE m.code = ANY (%s::text[])
       UNION ALL
       SELECT 'category', c.category, c.name FROM ({}) c
       UNION ALL
       SELECT 'department', o.code, o.name FROM wangge.org o WHERE o.code = ANY (%s::text[])"""
).format(CATEGORY_NAMES)


def names_of(store: Reader, properties: Iterable[Mapping[str, object]], day: date) -> dict[str, dict[str, str]]:
    """Return what the codes in some incidents are called on a day, by property and code."""
    said: defaultdict[str, set[str]] = defaultdict(set)
    for each in properties:
        for name, value in each.items():
            if isinstance(value, str):
                said["area" if name in _AREAS else name].add(value)
    grids, areas, matters, categories, departments = (
        sorted(said[name]) for name in ("grid_code", "area", "matter", "category", "department")
    )
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for name, code, called in store.ask(_NAMED, [day, grids, day, areas, matters, categories, departments]):
        found[name][code] = called
    return dict(found)
