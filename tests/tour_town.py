"""A town for tests that go round all pages: a net in force, a plan on its way, people at work, and one name for everything.

It is the drawn village of `tests/stored.py`, so that a plan has a map, a difference to what is in force, and exceptions.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import shapely
from psycopg2.extras import Json
from pyproj import Transformer

from api.stats.week import week_of
from data.store import plans
from data.store.adopt import adopt
from data.store.sql import many, run
from gis.town import LineKind
from partition.engine import divide
from partition.net import net_of
from partition.rules import Rules
from tests.api.duty.places import SHIZHONG
from tests.api.v1.hall import hall_over
from tests.api.v1.painted import Painting, do_next
from tests.drawn import FRAME, ORIGIN, Line
from tests.stored import NOW, brought, cut, owner, village

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from tests.api.v1.hall import Hall

C1, C2, STREET, DISTRICT = "370103016001", "370103016002", "街道", "区"
GRID = f"{C1}001"
FEWER = {"minimum": 500, "target": 600, "maximum": 700}
COMPOUNDS = [("安宁里", shapely.box(0, 0, 100, 100))]
LINES = [Line(LineKind.ROAD, ((0, 200), (800, 200)), "学府路")]
DAYS = 40
"""That have gone by since the incidents were reported: those whose clock runs are late."""
RENAMED = {
    "area_version": ("name",),
    "grid": ("name", "east", "south", "west", "north"),
    "matter": ("name", "funding"),
    "org": ("name",),
    "staff": ("name",),
    "person": ("name",),
    "plan": ("title", "reason"),
    "plan_comment": ("text", "actor_name"),
    "decision": ("comment", "actor_name"),
    "station": ("name",),
    "problem_point": ("note",),
    "town": ("name",),
    "town_feature": ("name", "street", "district"),
    "incident": ("title", "description", "address"),
    "district_call": ("summary",),
    "list_item": ("title", "detail"),
    "duty_plan": ("name",),
    "problem_cluster": ("measure",),
    "assessment": ("name",),
    "assessment_result": ("name",),
    "weekly_review": ("comment", "actor_name"),
    "service_order": ("title", "description"),
}
"""Where people's own words stand, by table: whatever a page may show of them. A picture's file name is kept nowhere."""
_TO_DEGREES = Transformer.from_crs(FRAME, 4490, always_xy=True)


@dataclass
class TourTown:
    """The service over the village. `places` fill addresses of pages; people are known by these headers."""

    hall: Hall
    places: dict[str, str]
    author: dict[str, str]
    worker: dict[str, str]
    chief: dict[str, str]

    def reports(self, x: float, y: float, **said: object) -> str:
        """Report something, metres from the village's south-western corner; return its number."""
        lon, lat = _TO_DEGREES.transform(ORIGIN[0] + x, ORIGIN[1] + y)
        wanted = {"lon": lon, "lat": lat, "coord_sys": "cgcs2000", "category": "rubbish", "title": "a heap", **said}
        answer = self.hall.client.post("/v1/incidents", json=wanted, headers=self.worker)
        assert answer.status_code == 201, answer.text
        return answer.json()["no"]

    def paints(self, plan: str) -> None:
        """Have a draft's blocks made, and take one out of its grid, so that there is something to find and to suggest."""
        draft = Painting(self.hall, self.author, f"/v1/plans/{plan}").prepared()
        assert draft.save([(0, None)]).is_success

    def works(self) -> None:
        """Do the job that waits, as a worker would."""
        do_next(self.hall)

    def call_all(self, text: str, parts: Sequence[str]) -> None:
        """Give everything that people name this name, as if it had come in so; where it is too long, each row a part of it."""
        with owner(self.hall.db.admin) as conn:
            for table, columns in RENAMED.items():
                run(conn, f"ALTER TABLE wangge.{table} DISABLE TRIGGER USER")
                # Towns are addressed by their names, and an address ends a part at every slash.
                called = text.replace("/", "∕") if table == "town" else text
                run(conn, f"UPDATE wangge.{table} SET {', '.join(f'{name} = %s' for name in columns)}", [called] * len(columns))
                run(conn, f"ALTER TABLE wangge.{table} ENABLE TRIGGER USER")
            run(
                conn,
                """UPDATE wangge.incident
                   SET category = (%s::text[])[1 + right(no, 2)::integer %% %s]""",
                [list(parts), len(parts)],
            )
            run(conn, "UPDATE wangge.assessment SET dimensions = jsonb_set(dimensions, '{0,name}', to_jsonb(%s::text))", [text])
            run(conn, "UPDATE wangge.plan_edition SET compounds = array_fill(%s::text, ARRAY[cardinality(compounds)])", [text])
            run(conn, "UPDATE wangge.incident_contact SET name = %s, phone = %s, email = %s", [text] * 3)
        # What a process keeps goes by versions, and no version says that names were written over.
        self.hall.app.state.ogc = None
        if hasattr(self.hall.app.state, "grounds"):
            del self.hall.app.state.grounds


@contextmanager
def tour_town(db, home: Path, **told: object) -> Generator[TourTown]:
    """Serve the village: two grids a community in force, two drafts with three, six incidents, of which one is late."""
    with hall_over(db, home, **told) as hall:
        with owner(db.admin) as conn:
            made = brought(conn, replace(village(), compounds=COMPOUNDS, lines=LINES).town())
            old = net_of(divide(made.town, Rules(**FEWER), seed=3), made.town)
            adopt(conn, _draft(conn, made, old, rules=FEWER, title="首批网格"), cut(hall.now.date()))
        both = [("community", C1), ("community", C2)]
        author = hall.person("author", *both)
        hall.person("district", ("district", DISTRICT))
        hall.person("viewer", ("viewer", DISTRICT))
        hall.person("nobody")
        worker = hall.key(hall.person("worker", ("grid_worker", C1), ("grid_worker", C2)))
        chief = hall.key(hall.person("chief", *both))
        with owner(db.admin) as conn:
            plan = _draft(conn, made, made.net, rules={}, title="每社区三格", author=author)
            painted = _draft(conn, made, made.net, rules={}, title="正在绘制", author=author)
            _furnish(conn)
        town = TourTown(
            hall, {"plan": plan.id, "draft": painted.id, "grid": GRID, "community": C1}, hall.key(author), worker, chief
        )
        town.paints(painted.id)
        contact = {"name": "张三", "phone": "13800000000"}
        numbers = [town.reports(25 + 60 * k, 25 + 40 * k, contact=contact) for k in range(6)]
        taken = {"event": "accept", "matter": "0101"}
        assert hall.client.post(f"/v1/incidents/{numbers[0]}/transitions", json=taken, headers=chief).is_success
        town.places["no"] = numbers[0]
        remark = {"text": "请核对道路", "grid": GRID}
        for each in (plan, painted):
            assert hall.client.post(f"/v1/plans/{each.id}/comments", json=remark, headers=chief).is_success
        hall.now += timedelta(days=DAYS)
        _wait(town, hall.comes("commander", ("district", DISTRICT)))
        yield town


def _draft(conn, made, net, *, rules, title, author=None) -> plans.PlanRow:
    maker = plans.Maker(
        town=made.imported.town, snapshot=made.imported.snapshot, srid=int(made.town.frame.crs[5:]), author=author, now=NOW
    )
    return plans.create(
        conn, net, maker, plans.Origin(title=title, reason="按标准规模", made_with={"rules": rules}, metrics={})
    )


def _wait(town: TourTown, commander: dict[str, str]) -> None:
    """Have something of everything wait for whom it concerns: each list of the workspace has a row."""
    hall, day = town.hall, town.hall.now.date()

    def does(who: dict[str, str], method: str, address: str, **said: object) -> dict[str, Any]:
        answer = hall.client.request(method, address, json=said, headers=who)
        assert answer.is_success, answer.text
        return answer.json()

    (cluster,) = does(town.chief, "POST", "/v1/problem-points/clusters", area=C1)["made"]
    seen = {"If-Match": hall.client.get(f"/v1/problem-points/clusters/{cluster}", headers=town.chief).headers["ETag"]}
    mending = {"department": "sanitation", "measure": "清运", "deadline": (day - timedelta(days=2)).isoformat()}
    does(town.chief | seen, "PUT", f"/v1/problem-points/clusters/{cluster}", **mending)
    does(town.chief, "PUT", f"/v1/duties/{C1}/rounds", name="每周巡查", kind="patrol", every="week", each="grid")
    does(town.worker, "POST", "/v1/orders", category="care", title="装扶手", community=C1, for_resident=True)
    parts = [{"id": "handling", "name": "事件处置", "weight": 60, "metric": "finish_rate"},
             {"id": "size", "name": "规模", "weight": 40, "metric": "size_compliance"}]  # fmt: skip
    does(commander, "PUT", "/v1/assessments/grids", area=DISTRICT, name="网格评估", target="grid", dimensions=parts)
    month = (day.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    does(commander, "POST", f"/v1/assessments/grids/months/{month}")
    week = week_of(day - timedelta(days=7)).name
    does(commander, "PUT", f"/v1/reviews/{DISTRICT}/{week}", comment="来件平稳")
    hall.do(
        """WITH one AS (
             INSERT INTO wangge.warning (path, grid_code, category, least, hours, since, until, raised_at)
             SELECT path, %s, 'rubbish', 3, 24, %s, %s, %s FROM wangge.area WHERE code = %s RETURNING id)
           INSERT INTO wangge.warning_case (no, category, warning_id)
           SELECT i.no, 'rubbish', one.id FROM one, wangge.incident i""",
        [GRID, hall.now - timedelta(hours=5), hall.now, hall.now, C1],
    )


def _furnish(conn) -> None:
    """Set up a department with a matter, a station and a trouble spot."""
    run(
        conn,
        """INSERT INTO wangge.org (code, kind, tier, name, area_id, path)
           SELECT 'sanitation', 'department', 'district', '环卫局', id, path FROM wangge.area WHERE code = %s""",
        [DISTRICT],
    )
    run(
        conn,
        """INSERT INTO wangge.matter (code, area_id, path, name, category, department, power_delegated, funding, status,
             updated_at)
           SELECT '0101', id, path, '暴露垃圾', 'rubbish', 'sanitation', true, '区财政', 'admitted', %s
           FROM wangge.area WHERE code = %s""",
        [NOW, DISTRICT],
    )
    run(
        conn,
        """INSERT INTO wangge.station (code, area_id, path, name, level, kind, geom, radius_m, updated_at)
           SELECT 's1', a.id, a.path, '驿站', 'community', 'station', ST_Transform(ST_Centroid(g.shape), 4490), 200, %s
           FROM wangge.grid g JOIN wangge.area a ON a.id = g.area_id WHERE g.code = %s LIMIT 1""",
        [NOW, GRID],
    )
    run(
        conn,
        """INSERT INTO wangge.problem_point (path, grid_code, class, note, geom, day)
           SELECT g.path, g.code, 'dirty', '墙角', ST_Transform(ST_Centroid(g.shape), 4490), %s
           FROM wangge.grid g WHERE g.code = %s LIMIT 1""",
        [NOW.date(), GRID],
    )
    run(
        conn,
        """WITH one AS (INSERT INTO wangge.staff (name, phone, area_id, path, created_at, updated_at)
             SELECT '王芳', '0531-8200', id, path, %s, %s FROM wangge.area WHERE code = %s RETURNING *)
           INSERT INTO wangge.post (staff_id, grid_code, area_id, path, role, valid)
           SELECT id, %s, area_id, path, 'grid_leader', '[2020-01-01,)' FROM one""",
        [NOW, NOW, C1, GRID],
    )
    run(
        conn,
        """INSERT INTO wangge.staffing_rule (area_id, path, grid_type, rule, valid)
           SELECT id, path, 'residential', %s, '[2020-01-01,)' FROM wangge.area WHERE code = %s""",
        [Json(SHIZHONG), DISTRICT],
    )
    assert len(many(conn, "SELECT 1 FROM wangge.station UNION ALL SELECT 1 FROM wangge.problem_point")) == 2
