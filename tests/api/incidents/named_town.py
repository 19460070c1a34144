"""Names on the ground of the small town, for tests: compounds with buildings, streets, a river, a park."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.published import EAST0, FRAME, NORTH0, box

if TYPE_CHECKING:
    from tests.api.v1.hall import Hall


def line(*corners: tuple[float, float]) -> str:
    """Write a line in metres from the town's south-western corner."""
    return f"SRID={FRAME};LINESTRING({','.join(f'{EAST0 + x} {NORTH0 + y}' for x, y in corners)})"


GROUND = (
    ("compound", "幸福小区", "", box(20, 20, 180, 180)),
    ("compound", "幸福小区二期", "", box(220, 20, 380, 180)),
    ("compound", "阳光花园", "", box(400, 20, 500, 120)),
    ("compound", "阳光花园", "", box(800, 20, 900, 120)),
    ("dedicated", "泉城公园", "park", box(1000, 300, 1150, 380)),
    ("barrier", "经十路", "ROAD", line((0, 200), (600, 200))),
    ("barrier", "经十路", "MAIN_ROAD", line((600, 200), (1200, 200))),
    ("barrier", "界路", "LANE", line((600, 0), (600, 800))),
    ("barrier", "小清河", "RIVER", line((0, 300), (1200, 300))),
    ("barrier", "", "WALL", line((20, 20), (180, 20))),
)
"""Layer, name, kind and shape. The first community is 600 m wide and 400 m high; the lane runs along its eastern border."""

BUILDINGS = (("3号楼", 60, 60), ("3号楼", 70, 60), ("4", 150, 150), ("幸福小区5栋", 150, 60), ("6", 30, 30), ("6", 170, 170))
"""Points of buildings of the first compound."""


def name_ground(hall: Hall, features: tuple[tuple[str, str, str, str], ...] = GROUND) -> None:
    """Give the town these features, and the first compound its buildings."""
    for number, (layer, name, kind, shape) in enumerate(features, 1):
        hall.do(
            """INSERT INTO wangge.town_feature (town_id, layer, seen, number, path, file_row, name, kind, shape)
               SELECT id, %s, '[1,)', %s, path, %s, %s, %s, %s::geometry FROM wangge.town""",
            [layer, number, number, name, kind, shape],
        )
    for number, (building, x, y) in enumerate(BUILDINGS, 1):
        hall.do(
            """INSERT INTO wangge.household_point
                 (town_id, seen, external_id, path, households, persons, compound, building, shape)
               SELECT t.id, '[1,)', %s, a.path, 10, 30, '幸福小区', %s, ST_SetSRID(ST_MakePoint(%s, %s), %s)
               FROM wangge.town t, wangge.area a WHERE a.code = '370103001001'""",
            [f"h{number}", building, EAST0 + x, NORTH0 + y, FRAME],
        )
