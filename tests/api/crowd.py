"""A small city for the matrix of who sees what: two districts of two streets of two communities, and somebody of each kind.

Everything in it that is not for everybody carries a mark that can be found in an answer, with the places that it belongs to
and how sensitive it is. What somebody may see is said here once more, from the roles alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg2.extras import Json

from api.loop.record import Record
from api.loop.words import Event, State
from api.who.caller import Tier
from data.store import prints
from data.store.log import record
from data.store.sql import many, one, run
from data.store.town_layers import packed_rows
from maps.sheets.manifest import Entry
from tests.api.v1.hall import NOW, TODAY
from tests.stored import owner

if TYPE_CHECKING:
    from tests.api.v1.hall import Hall

CITY = "3701"
DISTRICTS = ("370102", "370103")
STREETS = tuple(f"{district}00{n}" for district in DISTRICTS for n in (1, 2))
COMMUNITIES = tuple(f"{street}00{n}" for street in STREETS for n in (1, 2))
CODES = {
    "city": (CITY,), "districts": DISTRICTS, "streets": STREETS, "communities": COMMUNITIES,
}  # fmt: skip
C, S, D = COMMUNITIES[0], STREETS[0], DISTRICTS[0]
FRAME, EAST0, NORTH0, WIDE, HIGH = 4548, 500_000.0, 4_040_000.0, 600.0, 400.0
FEW = 7
"""Households of the grid of each community that is too small to tell of."""

INTERNAL, DRAFTS, HOUSEHOLDS = 1, 2, 3
SEES = {"grid_worker": INTERNAL, "community": HOUSEHOLDS, "street": HOUSEHOLDS, "district": HOUSEHOLDS, "auditor": INTERNAL}


@dataclass(frozen=True)
class Mark:
    """A text that stands for something; `level` is a number of `SEES`, or who alone reads it: log, people, hand."""

    text: str
    level: int | str
    paths: tuple[str | None, ...]

    def is_in(self, text: str) -> bool:
        """Whether it stands in a text; a number by itself, not among the digits of another."""
        if self.text not in text:
            return False
        return not self.text.isdigit() or re.search(rf"(?<![\d.]){self.text}(?![\d.])", text) is not None


@dataclass(frozen=True)
class Actor:
    """Somebody with one role in one area, by its path (empty: nobody in particular)."""

    name: str
    role: str = ""
    path: str = ""
    person: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def sees(self, level: int, path: str) -> bool:
        """Whether they see what is that sensitive and lies there."""
        return SEES.get(self.role, 0) >= level and inside(path, self.path)

    @property
    def plans(self) -> bool:
        """Whether they divide communities, somewhere."""
        return SEES.get(self.role, 0) >= DRAFTS

    def may_read(self, mark: Mark) -> bool:
        """Whether the mark may stand in an answer to them."""
        if mark.level == "log":
            return self.role == "auditor" and any(path is None or inside(path, self.path) for path in mark.paths)
        if mark.level == "hand":
            return self.role == "community" and self.path in mark.paths
        if mark.level == "people":
            return self.role == "administrator" or mark.text == self.name
        return any(self.sees(mark.level, path) for path in mark.paths)


def inside(path: str, area: str) -> bool:
    """Whether one area is another or lies in it."""
    return bool(area) and (path + ".").startswith(area + ".")


@dataclass
class Crowd:
    """The city: its paths, plans and marks, and who comes."""

    hall: Hall
    path: dict[str, str] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    plans: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The communities of each plan, by its id."""
    grids_of: dict[str, dict[str, str]] = field(default_factory=dict)
    """The community of each grid of a plan, by the plan's id and the grid's code."""
    in_force: set[str] = field(default_factory=set)
    jobs: dict[str, str] = field(default_factory=dict)
    prints: dict[str, str] = field(default_factory=dict)
    incidents: dict[str, str] = field(default_factory=dict)
    """The community of each incident, by its number."""
    pictures: dict[str, str] = field(default_factory=dict)
    """The incident of each picture, by the picture's id."""
    actors: dict[str, Actor] = field(default_factory=dict)

    def mark(self, text: str, level: int | str, *codes: str | None) -> str:
        """Note a mark that belongs to areas."""
        self.marks.append(Mark(text, level, tuple(code and self.path[code] for code in codes)))
        return text

    def leaks(self, actor: Actor, text: str) -> list[str]:
        """Name the marks in an answer that are not for them."""
        return [mark.text for mark in self.marks if mark.is_in(text) and not actor.may_read(mark)]


def gathered(hall: Hall) -> Crowd:
    """Build the city in an empty store, and let people come."""
    crowd = Crowd(hall)
    with owner(hall.db.admin) as conn:
        _areas(conn, crowd)
        for district in DISTRICTS:
            _district(conn, crowd, district)
        for code in (None, *crowd.path):
            mark = crowd.mark(f"event-of-{code}.", "log", code)
            record(conn, "test", path=None if code is None else crowd.path[code], subject=mark)
        for code in COMMUNITIES:
            _incident(conn, crowd, code)
            _staff(conn, crowd, code)
            _legacy(conn, crowd, code)
        for district in DISTRICTS:
            _matter(conn, crowd, district)
    people = (
        ("grid_worker", C), ("community", C), ("street", S), ("district", D), ("auditor", D), ("administrator", None),
        ("community", COMMUNITIES[1]), ("street", STREETS[1]), ("district", DISTRICTS[1]), ("auditor", None),
    )  # fmt: skip
    crowd.actors["anonymous"] = Actor("anonymous")
    for role, area in people:
        name = crowd.mark(f"who-{role}-{area}", "people")
        person = hall.person(name, (role, area))
        path = crowd.path[area or CITY] if role != "administrator" else ""
        crowd.actors[name] = Actor(name, role, path, person, hall.key(person))
    return crowd


def _box(west: float, wide: float) -> str:
    x0, x1, y0, y1 = EAST0 + west, EAST0 + west + wide, NORTH0, NORTH0 + HIGH
    return f"SRID={FRAME};POLYGON(({x0} {y0},{x1} {y0},{x1} {y1},{x0} {y1},{x0} {y0}))"


def _ground(code: str) -> str:
    of = [k for k, community in enumerate(COMMUNITIES) if community.startswith(code)]
    return _box(of[0] * WIDE, len(of) * WIDE)


def _areas(conn: Any, crowd: Crowd) -> None:
    levels = zip(("city", "district", "street", "community"), (0, 4, 6, 9), CODES.values(), strict=True)
    for level, parent, codes in levels:
        for code in codes:
            run(
                conn,
                """INSERT INTO wangge.area (code, level, parent_id)
                   VALUES (%s, %s, (SELECT id FROM wangge.area WHERE code = %s))""",
                [code, level, code[:parent]],
            )
            run(
                conn,
                """INSERT INTO wangge.area_version (area_id, valid, name, parent_id, shape)
                   SELECT id, '[2020-01-01,)', %s, parent_id, %s::geometry FROM wangge.area WHERE code = %s""",
                [f"area {code}", _ground(code), code],
            )
    crowd.path = dict(many(conn, "SELECT code, path::text FROM wangge.area"))


def _district(conn: Any, crowd: Crowd, district: str) -> None:
    (town,) = one(
        conn,
        """INSERT INTO wangge.town (name, frame, on_overlap, area_id, path)
           SELECT %s, %s, 'error', id, path FROM wangge.area WHERE code = %s RETURNING id""",
        [f"town-{district}", FRAME, district],
    )
    communities = [code for code in COMMUNITIES if code.startswith(district)]
    changes = {"on_overlap": "error", "layers": ["community"], "ids": {"added": [f"home-{code}-0" for code in communities]}}
    run(
        conn,
        """INSERT INTO wangge.snapshot (town_id, number, taken_at, path, has_persons, digests, findings, changes)
           VALUES (%s, 1, %s, %s, true, '{}', '[]', %s)""",
        [town, NOW, crowd.path[district], Json(changes)],
    )
    homes: list[int] = []
    for number, code in enumerate(communities):
        k = COMMUNITIES.index(code)
        run(
            conn,
            """INSERT INTO wangge.town_feature (town_id, layer, seen, number, path, file_row, code, name, street,
                 district, shape)
               VALUES (%s, 'community', '[1,)', %s, %s, %s, %s, %s, %s, %s, %s::geometry)""",
            [town, number, crowd.path[code], number + 1, code, code, code[:9], district, _ground(code)],
        )
        for n in range(3):
            homes += one(
                conn,
                """INSERT INTO wangge.household_point (town_id, seen, external_id, path, households, persons,
                     compound, building, shape)
                   VALUES (%s, '[1,)', %s, %s, 20, 60, '', '', ST_SetSRID(ST_MakePoint(%s, %s), %s)) RETURNING id""",
                [town, crowd.mark(f"home-{code}-{n}", HOUSEHOLDS, code), crowd.path[code],
                 EAST0 + WIDE * k + 100 * (n + 1), NORTH0 + 100, FRAME],
            )  # fmt: skip
        (job,) = one(
            conn,
            """INSERT INTO wangge.job (kind, path, wants, state, created_at, finished_at)
               VALUES ('divide', %s, %s, 'done', %s, %s) RETURNING id::text""",
            [crowd.path[code], Json({"title": crowd.mark(f"job-{code}", DRAFTS, code)}), NOW, NOW],
        )
        crowd.jobs[job] = code
        (printed,) = one(
            conn,
            """INSERT INTO wangge.job (kind, path, wants, state, created_at, finished_at)
               VALUES ('print', %s, %s, 'done', %s, %s) RETURNING id::text""",
            [crowd.path[code], Json({"area": code, "at": "2026-01-01"}), NOW, NOW],
        )
        prints.open_print(conn, printed, [crowd.path[code]])
        entry = {field.name: "0" for field in fields(Entry)} | {"kind": "sheet", "file": "1.pdf"}
        prints.keep(conn, printed, entry | {"name": crowd.mark(f"printed-{code}", HOUSEHOLDS, code)}, b"%PDF")
        crowd.jobs[printed] = crowd.prints[printed] = code
    rows = packed_rows(np.array(homes), np.arange(1, len(homes) + 1))
    run(conn, "UPDATE wangge.snapshot SET point_rows = %s WHERE town_id = %s", [rows, town])
    _in_force(conn, crowd, town, district, communities)
    for code in (*communities, *(street for street in STREETS if street.startswith(district))):
        of = [community for community in communities if community.startswith(code)]
        plan = _plan(conn, crowd, town, f"draft-of-{code}.", code, of)
        for community in of:
            mark = crowd.mark(f"g-{code}-{community}", DRAFTS, community)
            _grid(conn, crowd, plan, community, mark, _ground(community), (307, 921), public=(None, None), day=None)
        _edition(conn, crowd, plan, of)


def _in_force(conn: Any, crowd: Crowd, town: int, district: str, communities: list[str]) -> None:
    plan = _plan(conn, crowd, town, f"in-force-in-{district}", district, communities)
    crowd.in_force.add(plan)
    for code in communities:
        k = COMMUNITIES.index(code)
        persons = int(crowd.mark(f"98700{k}", INTERNAL, code))
        left, right = _box(k * WIDE, WIDE / 2), _box(k * WIDE + WIDE / 2, WIDE / 2)
        _grid(conn, crowd, plan, code, f"{code}001", left, (300, 900), public=(300, 900), day=TODAY)
        _grid(conn, crowd, plan, code, f"{code}002", right, (FEW, persons), public=(None, None), day=TODAY)
        run(
            conn,
            """INSERT INTO wangge.lineage (plan_id, path, from_code, to_code, op, households_moved, share)
               VALUES (%s, %s, %s, %s, 'split', %s, 1)""",
            [plan, crowd.path[code], f"{code}001", f"{code}002", int(crowd.mark(f"77700{k}", INTERNAL, code))],
        )
        run(
            conn,
            "UPDATE wangge.plan_community SET in_force = daterange(%s, NULL) WHERE plan_id = %s AND path = %s::ltree",
            [TODAY, plan, crowd.path[code]],
        )
    run(conn, "UPDATE wangge.plan SET state = 'effective', effective_from = %s WHERE id = %s", [TODAY, plan])
    run(
        conn,
        """INSERT INTO wangge.publication (plan_id, path, effective_from, published_at)
           SELECT id, path, %s, %s FROM wangge.plan WHERE id = %s""",
        [TODAY, NOW, plan],
    )
    _edition(conn, crowd, plan, communities)


def _plan(  # noqa: PLR0917 - a row, in the order of its columns
    conn: Any, crowd: Crowd, town: int, title: str, area: str, communities: list[str]
) -> str:
    (plan,) = one(
        conn,
        """INSERT INTO wangge.plan (town_id, snapshot, path, paths, title, created_at, updated_at)
           VALUES (%s, 1, %s, %s::ltree[], %s, %s, %s) RETURNING id::text""",
        [town, crowd.path[area], [crowd.path[code] for code in communities], crowd.mark(title, DRAFTS, *communities), NOW, NOW],
    )
    crowd.plans[plan], crowd.grids_of[plan] = tuple(communities), {}
    for code in communities:
        run(
            conn,
            """INSERT INTO wangge.plan_community (plan_id, area_id, path, noded)
               SELECT %s, id, path, %s::geometry FROM wangge.area WHERE code = %s""",
            [plan, _ground(code), code],
        )
    run(
        conn,
        "INSERT INTO wangge.plan_comment (plan_id, version, path, at, text) VALUES (%s, 1, %s, %s, %s)",
        [plan, crowd.path[area], NOW, crowd.mark(f"said of {title}", DRAFTS, *communities)],
    )
    run(
        conn,
        """INSERT INTO wangge.decision (plan_id, version, step, verdict, area_id, path, at)
           SELECT %s, 1, 'withdraw', 'pass', id, path, %s FROM wangge.area WHERE code = %s""",
        [plan, NOW, communities[0]],
    )
    # The names of those who decide and speak are given by the store; these stand for any.
    run(
        conn,
        "UPDATE wangge.decision SET actor_name = %s WHERE plan_id = %s",
        [crowd.mark(f"decided {title}", DRAFTS, *communities), plan],
    )
    run(
        conn,
        "UPDATE wangge.plan_comment SET actor_name = %s WHERE plan_id = %s",
        [crowd.mark(f"spoke of {title}", DRAFTS, *communities), plan],
    )
    return plan


def _grid(  # noqa: PLR0917 - a row, in the order of its columns
    conn: Any, crowd: Crowd, plan: str, community: str, code: str, shape: str, counts, *, public, day
) -> None:
    crowd.grids_of[plan][code] = community
    run(
        conn,
        """INSERT INTO wangge.grid (plan_id, version, area_id, path, in_force, since, code, name, kind, households, persons,
             buildings, households_public, persons_public, area_m2, perimeter_m, compactness, east, south, west, north,
             exception, shape)
           SELECT %s, 1, id, path, CASE WHEN %s::date IS NULL THEN NULL ELSE daterange(%s, NULL) END, %s, %s, %s, 'residential',
             %s, %s, 4, %s, %s, 1, 1, 0.7, '东路', '南路', '西路', '北路', %s, %s::geometry FROM wangge.area WHERE code = %s""",
        [plan, day, day, day, code, code, *counts, *public,
         Json({"reason": "too_few", "proven": True}) if counts[0] == FEW else None, shape, community],
    )  # fmt: skip


def _edition(conn: Any, crowd: Crowd, plan: str, communities: list[str]) -> None:
    """Make one block of each community of a plan; what it is drawn as, and its compound, are its own."""
    compounds = [crowd.mark(f"compound-{plan[:8]}-{community}", HOUSEHOLDS, community) for community in communities]
    (edition,) = one(
        conn,
        """INSERT INTO wangge.plan_edition (plan_id, version, settled, origin_x, origin_y, compounds, borders, prepared_at)
           VALUES (%s, 1, true, 0, 0, %s, '', %s) RETURNING id""",
        [plan, compounds, NOW],
    )
    for number, community in enumerate(communities):
        drawn = crowd.mark(f"block-{plan[:8]}-{community}", HOUSEHOLDS, community)
        run(
            conn,
            """INSERT INTO wangge.plan_block (edition, number, atom, area_id, path, grid_id, revision, dedicated, compound,
                 households, persons, buildings, area_m2, perimeter_m, homes, shape, drawn, spot)
               SELECT %s, %s, %s, id, path, NULL, 1, false, %s, 20, 60, 1, 1, 1, '{}', %s::geometry, %s, '{0,0,1}'
               FROM wangge.area WHERE code = %s""",
            [edition, number, number, number + 1, _ground(community), f'[["{drawn}"]]', community],
        )


def _incident(conn: Any, crowd: Crowd, community: str) -> None:
    """Report something in a community, with who reported it and a picture; its center has it in hand."""
    no, center = f"20260101{community}", f"center:{community}"
    said = Record(
        seq=1,
        event=Event.REPORT,
        from_state=State.DRAFT,
        to_state=State.REPORTED,
        tier=Tier.GRID,
        actor=None,
        org=None,
        at=NOW,
        payload={
            "place": {
                "grid_code": f"{community}001",
                "path": crowd.path[community],
                "community": center,
                "street": f"center:{community[:9]}",
                "district": f"center:{community[:6]}",
            },
            "kind": "problem",
            "category": "rubbish",
            "source": crowd.mark(f"source-of-{community}", INTERNAL, community),
            "mode": "normal",
            "owner": {"org": center},
        },
    )
    run(
        conn,
        """WITH form AS (INSERT INTO wangge.incident_batch_part (batch_id, part, body) VALUES (%s, '0', %s) RETURNING batch_id)
           INSERT INTO wangge.incident (no, path, grid_code, geom, source, batch_id, log, title, reported_at, state, tier,
             owner_org, kind, category, revision, at)
           SELECT %s, %s, %s, ST_Centroid(geom), %s, batch_id, 'link 0', %s, %s, 'reported', 1, %s, 'problem', 'rubbish', 1, %s
           FROM wangge.grid, form WHERE code = %s AND in_force IS NOT NULL""",
        [community, json.dumps(said.as_json()), no, crowd.path[community], f"{community}001", said.payload["source"],
         crowd.mark(f"heap-in-{community}", INTERNAL, community), NOW, center, NOW, f"{community}001"],
    )  # fmt: skip
    contact = crowd.mark(f"reporter-in-{community}", "hand", community)
    run(conn, "INSERT INTO wangge.incident_contact (no, name) VALUES (%s, %s)", [no, contact])
    (picture,) = one(
        conn,
        """INSERT INTO wangge.attachment (no, media_type, width, height, digest, at, content)
           VALUES (%s, 'image/png', 1, 1, %s, %s, %s) RETURNING id::text""",
        [no, community.encode(), NOW, crowd.mark(f"picture-in-{community}", INTERNAL, community).encode()],
    )
    crowd.incidents[no], crowd.pictures[picture] = community, no


def _staff(conn: Any, crowd: Crowd, community: str) -> None:
    """Employ somebody in a community who holds no post, and is away for a day: nothing that the public card tells."""
    run(
        conn,
        """WITH made AS (
             INSERT INTO wangge.staff (name, area_id, path, phone, birth_year, created_at, updated_at)
             SELECT %s, id, path, %s, 1980, %s, %s FROM wangge.area WHERE code = %s RETURNING id, path)
           INSERT INTO wangge.staff_leave (staff_id, path, days) SELECT id, path, '[2026-05-01,2026-05-02)' FROM made""",
        [crowd.mark(f"staff-in-{community}", INTERNAL, community),
         crowd.mark(f"8{community[3:]}", INTERNAL, community), NOW, NOW, community],
    )  # fmt: skip


def _legacy(conn: Any, crowd: Crowd, community: str) -> None:
    """Leave a community a department's own net, of one cell."""
    run(
        conn,
        """INSERT INTO wangge.legacy_grid (department, area_id, code, name, valid, shape)
           SELECT 'crowd', id, '1', %s, '[2024-01-01,2025-01-01)', %s FROM wangge.area WHERE code = %s""",
        [crowd.mark(f"legacy-in-{community}", INTERNAL, community), _ground(community), community],
    )


def _matter(conn: Any, crowd: Crowd, district: str) -> None:
    """Propose a matter in a district: known to whoever works in it, and to nobody else."""
    below = [code for code in COMMUNITIES if code.startswith(district)]
    run(
        conn,
        """INSERT INTO wangge.matter (code, area_id, path, name, category, updated_at)
           SELECT %s, id, path, %s, 'rubbish', %s FROM wangge.area WHERE code = %s""",
        [f"matter-of-{district}", crowd.mark(f"proposed-in-{district}.", INTERNAL, *below), NOW, district],
    )
