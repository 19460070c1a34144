"""The rules of the five places, as their articles have them, and towns to try them on."""

from __future__ import annotations

from typing import Any

import numpy as np

from api.duty.roles import EDUCATION, ROLES
from api.duty.staffing import LETTERS, UNKNOWN, Grids, People, Posts

SHIZHONG: dict[str, Any] = {
    "profile": "jinan_shizhong",
    "grid_type": "residential",
    "formula": "1+1+N+X",
    "terms": [
        {"sym": "1", "roles": ["grid_leader"], "min": 1, "max": 1,
         "prefer": {"party_member": True, "source": ["two_committees"]}},
        {"sym": "1", "roles": ["full_time_worker"], "min": 1, "max": 1, "prefer": {"education_min": "college"}},
        {"sym": "N", "roles": ["part_time_worker"], "min": 1, "max": None},
        {"sym": "X", "roles": ["grid_instructor"], "min": 1, "prefer": {"source": ["district_unit"]}},
    ],
}  # fmt: skip
SHIZHONG_DEDICATED: dict[str, Any] = {
    "profile": "jinan_shizhong",
    "grid_type": "dedicated",
    "formula": "1+X+Y",
    "terms": [
        {"sym": "1", "roles": ["grid_leader"], "max": 1},
        {"sym": "X", "roles": ["grid_instructor"], "min": 1},
        {"sym": "Y", "roles": ["part_time_worker"], "min": 1},
    ],
}
GANGCHENG: dict[str, Any] = {
    "grid_type": "residential",
    "formula": "2+1+N+X",
    "terms": [
        {"sym": "2", "roles": ["grid_leader", "deputy_grid_leader"]},
        {"sym": "1", "roles": ["full_time_worker"]},
        {"sym": "N", "roles": ["part_time_worker"], "min": 1},
        {"sym": "X", "roles": ["social_worker_force"], "min": 1},
    ],
    "assumption": "文中未说明“2”指什么；此处按网格长和副网格长",
}
SHIFENG: dict[str, Any] = {
    "grid_type": "residential",
    "formula": "1+N",
    "terms": [
        {"sym": "1", "roles": ["full_time_worker"], "letter": "A"},
        {"sym": "N", "roles": ["professional_force"], "count_by": "kind", "kinds": ["water", "power", "telecom"], "min": 3},
        {"roles": ["full_time_worker"], "letter": "B", "min": 1, "max": 1},
        {"roles": ["grid_leader"], "scope": "community", "min": 1},
    ],
}
JIUQUAN: dict[str, Any] = {
    "grid_type": "residential",
    "formula": "1+3",
    "terms": [{"sym": "1", "roles": ["full_time_worker"]}, {"sym": "3", "roles": ["part_time_worker"]}],
}
YUNYANG: dict[str, Any] = {
    "grid_type": "residential",
    "formula": "1+3+N",
    "terms": [
        {"sym": "1", "roles": ["grid_leader"]},
        {"sym": "3", "count_by": "kind", "roles": ["full_time_worker", "part_time_worker", "grid_instructor"]},
        {"sym": "N", "roles": ["other_force"], "min": 0},
    ],
}
PLACES = {
    "shizhong": SHIZHONG, "shizhong_dedicated": SHIZHONG_DEDICATED, "gangcheng": GANGCHENG, "shifeng": SHIFENG,
    "jiuquan": JIUQUAN, "yunyang": YUNYANG,
}  # fmt: skip


def grids(count, *, communities=1, rule=0):
    """Return grids, dealt to communities in turn, under one rule or a rule each."""
    rules = np.broadcast_to(rule, count)
    community = np.arange(count) % communities
    return Grids(code=tuple(f"g{n:04}" for n in range(count)), community=community, rule=rules.astype(np.int64))


def posts(*rows):
    """Return posts of rows (grid, person, role), perhaps with a letter and a kind."""
    full = [(*row, None, "")[:5] if len(row) == 3 else (*row, "")[:5] for row in rows]
    grid, person, role, letter, kind = zip(*full, strict=True) if full else ((),) * 5
    return Posts(
        grid=np.array(grid, dtype=np.int64),
        person=np.array(person, dtype=np.int64),
        role=np.array([ROLES.index(each) for each in role], dtype=np.int64),
        letter=np.array([LETTERS.index(each) for each in letter], dtype=np.int64),
        kind=np.array(kind, dtype=object),
    )


def people(count, **known):
    """Return people of whom nothing is known; `known` says of some, by number, their party_member, education or source."""
    made = People(
        id=tuple(f"p{n}" for n in range(count)),
        party_member=np.full(count, UNKNOWN),
        trained=np.full(count, UNKNOWN),
        education=np.zeros(count, dtype=np.int64),
        source=np.full(count, "", dtype=object),
    )
    for name, values in known.items():
        for n, value in values.items():
            getattr(made, name)[n] = EDUCATION.index(value) if name == "education" else value
    return made
