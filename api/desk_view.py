"""What an officer's desk is sent: incidents as columns with what their codes are called, and the same as lines of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from api.incidents.rows import lights
from api.loop.clock import Light
from api.loop.labels import Label, label
from api.loop.words import Kind, Mode, State, Supervision
from api.wall_view import columns
from api.who.caller import Tier
from data.store import desk, matters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.lang import Lang

CODED = frozenset({"state", "category", "kind", "grid", "owner", "person", "department", "source", "mode"})
"""Columns whose words repeat: each is sent once."""
_CATEGORY, _OWNER, _PERSON, _DEPARTMENT = (desk.CASE.index(name) for name in ("category", "owner", "person", "department"))

HEADERS: Mapping[str, Label] = {
    "no": Label("编号", "Number"),
    "state": Label("状态", "State"),
    "light": Label("时限灯", "Light"),
    "category": Label("类别", "Category"),
    "kind": Label("类型", "Kind"),
    "title": Label("标题", "Title"),
    "address": Label("地址", "Address"),
    "grid": Label("网格", "Grid"),
    "area": Label("辖区", "Area"),
    "tier": Label("层级", "Tier"),
    "owner": Label("承办单位", "With"),
    "department": Label("主管部门", "Department"),
    "source": Label("来源", "Source"),
    "mode": Label("运行模式", "Mode"),
    "supervision": Label("督办", "Supervision"),
    "urgent": Label("紧急", "Urgent"),
    "reported": Label("上报时间", "Reported"),
    "accepted": Label("受理时间", "Accepted"),
    "due": Label("总时限", "Due"),
    "stage_due": Label("环节时限", "Stage due"),
    "closed": Label("办结时间", "Closed"),
    "lon": Label("经度", "Longitude"),
    "lat": Label("纬度", "Latitude"),
}
"""The columns of what is taken away, in their order, and what they are called."""
LIGHTS: Mapping[str, Label] = {
    "red": Label("红灯（超期）", "Red (overdue)"),
    "yellow": Label("黄灯（临期）", "Yellow (nearly)"),
    "green": Label("绿灯", "Green"),
    "none": Label("不计时", "No clock"),
}
"""What the lights are called; `none` where no clock runs."""
YES = Label("是", "yes")
CENTER = Label("{}指挥中心", "{} command center")
SOMEBODY = Label("网格人员", "a person")
"""Who has it in hand where that is one of the staff: nobody's name is taken away."""


def sent(conn: connection, rows: Sequence[tuple[Any, ...]], asked: Asked, *, with_people: bool = True) -> dict[str, Any]:
    """Return rows of `desk.CASE` as columns, and the names of categories, organisations and people that stand in them.

    Centers have no name of their own, but their area's. With `with_people` false nobody's id or name is told.
    """
    if not with_people:
        rows = [(*row[:_PERSON], row[_PERSON] and "*", *row[_PERSON + 1 :]) for row in rows]
    people = sorted({row[_PERSON] for row in rows} - {None}) if with_people else []
    orgs = desk.org_names(conn, sorted({row[k] for row in rows for k in (_OWNER, _DEPARTMENT)} - {None}), asked.today)
    return {
        "categories": matters.category_names(conn, sorted({row[_CATEGORY] for row in rows})),
        "orgs": {code: name for code, (name, _) in orgs.items() if name},
        "centers": {code: area for code, (name, area) in orgs.items() if not name},
        "people": {each.id: each.name for each in desk.people_names(conn, people)},
        "incidents": columns(desk.CASE, rows, coded_ones=CODED),
    }


def org_labels(conn: connection, codes: Iterable[str], asked: Asked) -> dict[str, str]:
    """Return by code what those of the organisations are called that the caller sees; centers by their areas."""
    found = desk.org_names(conn, sorted(codes), asked.today)
    return {code: name or (CENTER.say(asked.lang).format(area) if area else code) for code, (name, area) in found.items()}


def lines(conn: connection, rows: Sequence[Mapping[str, Any]], asked: Asked, zone: str) -> list[dict[str, Any]]:
    """Return whole rows of incidents as lines of a table, under their headers, with moments by the clocks of the place."""
    lang, here = asked.lang, ZoneInfo(zone)
    names = matters.category_names(conn, sorted({row["category"] for row in rows}))
    orgs = org_labels(conn, {row[k] for row in rows for k in ("owner_org", "department")} - {None}, asked)
    areas = desk.area_names(conn, sorted({row["path"] for row in rows if row["path"]}), asked.today)

    def when(moment: datetime | None) -> str:
        return "" if moment is None else f"{moment.astimezone(here):%Y-%m-%d %H:%M}"

    def named(org: str | None) -> str:
        return orgs.get(org or "", org or "")

    def line(row: Mapping[str, Any]) -> dict[str, Any]:
        said = {
            "no": row["no"],
            "state": label(State(row["state"])).say(lang),
            "light": LIGHTS[light_of(row, asked.now)].say(lang),
            "category": names.get(row["category"], row["category"]),
            "kind": label(Kind(row["kind"])).say(lang),
            "title": row["title"],
            "address": row["address"],
            "grid": row["grid_code"] or "",
            "area": areas.get(row["path"], ""),
            "tier": label(Tier(row["tier"])).say(lang),
            "owner": SOMEBODY.say(lang) if row["owner_person"] else named(row["owner_org"]),
            "department": named(row["department"]),
            "source": row["source"],
            "mode": label(Mode(row["mode"])).say(lang),
            "supervision": label(Supervision(row["supervision"])).say(lang) if row["supervision"] else "",
            "urgent": YES.say(lang) if row["urgent"] else "",
            "reported": when(row["reported_at"]),
            "accepted": when(row["accepted_at"]),
            "due": when(row["due_at"]),
            "stage_due": when(row["stage_due_at"]),
            "closed": when(row["closed_at"]),
            "lon": row["lon"],
            "lat": row["lat"],
        }
        return {HEADERS[name].say(lang): value for name, value in said.items()}

    return [line(row) for row in rows]


def light_of(row: Mapping[str, Any], now: datetime) -> str:
    """Return the worse light of both clocks of a row, as a word of `LIGHTS`."""
    shown = [each for each in lights(row, now).values() if each is not None]
    return next((str(each) for each in (Light.RED, Light.YELLOW, Light.GREEN) if each in shown), "none")


def headers(lang: Lang) -> list[str]:
    """Return what the columns are called."""
    return [each.say(lang) for each in HEADERS.values()]
