"""What other systems watch over in a sample town: cameras and a site of each theme in each street of the first district.

Nobody and nothing in it is real; the addresses lead nowhere. What is there already stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.store import assets
from data.store.plans import area_named
from data.store.sql import many

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg2.extensions import connection

    from api.sample_desks import Desks
    from data.samples.settled import Settled

_NAMES = {
    "campus": "校园周界", "river": "河道巡查点", "forest": "林区瞭望", "market": "农贸市场", "property": "小区出入口",
    "religion": "宗教场所",
}  # fmt: skip
_CAMERAS = 3
"""Of each theme in a street, besides the site that they watch."""


def watch_over(conn: connection, town: Settled, desks: Desks, *, seed: int, now: datetime) -> int:
    """Write them down, and return how many are new; as the store's owner."""
    rng = np.random.default_rng([seed, 6])
    there = {code for (code,) in many(conn, "SELECT code FROM wangge.asset")}
    of_spot = np.array(town.community)[town.grid]
    made = 0
    for street in sorted(set(desks.street_of.values())):
        area = area_named(conn, street)
        own = [community for community, above in desks.street_of.items() if above == street]
        around = np.flatnonzero(np.isin(of_spot, own) & town.is_inside)
        for theme, name in _NAMES.items():
            spots = rng.choice(around, size=_CAMERAS + 1)
            for number, spot in enumerate(spots.tolist()):
                code = f"sample-{street}-{theme}-{number}"
                if code in there:
                    continue
                kind = "camera" if number else "site"
                url = f"https://video.example/{theme}/{street}/{number}" if number else ""
                called = f"{name}{number:02}号摄像头" if number else name
                asset = {"code": code, "theme": theme, "kind": kind, "name": called, "url": url, "active": True}
                lon, lat = town.lon_lat[spot].tolist()
                assets.put(conn, area=(area.id, area.path), at=(lon, lat), asset=asset, now=now)
                made += 1
    return made
