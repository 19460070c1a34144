"""What the collection of incidents tells of each, with the SQL that gives it.

It tells where an incident stands, never what somebody said: no reporter, no contact, no person who has it in hand, and none of
the words of a report, in which anything may stand. Whoever handles it reads those at `/v1/incidents/{no}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg2 import sql

from api.loop.clock import Light
from api.loop.words import Kind, Outcome, State, Supervision, word
from api.ogc.fields import STORED, Field, Geometry
from api.ogc.fields import Kind as FieldKind
from data.store.incidents import ENDED

if TYPE_CHECKING:
    from collections.abc import Iterable

PLACE = Geometry(columns={STORED: sql.Identifier("f", "geom")}, shape="Point")
"""Where an incident lies. There is no column for the web's Mercator: its tiles reckon that themselves."""

ORIGIN = sql.SQL(
    "wangge.incident f JOIN (SELECT CAST(%s AS timestamptz) AS at) d ON TRUE LEFT JOIN wangge.area a ON a.path = f.path"
    " LEFT JOIN wangge.area b ON b.id = a.parent_id LEFT JOIN wangge.area c ON c.id = b.parent_id"
)
"""Incidents, the moment that they are asked about, and the three smallest areas around each."""

STATES = tuple(state for state in State if state is not State.DRAFT)
"""The states in which incidents are kept."""
_STOPPED = (*ENDED, State.SUSPENDED)
"""Those in which no clock runs."""


def _words(words: Iterable[str]) -> sql.Composable:
    return sql.SQL(", ").join(sql.Literal(str(each)) for each in words)


IS_OPEN = sql.SQL("(f.state NOT IN ({}))").format(_words(ENDED))
_OVER_AT = sql.SQL("(CASE WHEN f.state IN ({}) THEN coalesce(f.closed_at, f.archived_at, f.at) END)").format(_words(ENDED))


def _light(due: str, soon: str) -> sql.Composable:
    """Return the SQL of what a clock shows, as `api.incidents.rows.lights` says it."""
    return sql.SQL(
        "(CASE WHEN f.state IN ({stopped}) OR {due} IS NULL THEN NULL"
        " WHEN d.at > {due} THEN {red} WHEN d.at > {soon} THEN {yellow} ELSE {green} END)"
    ).format(
        stopped=_words(_STOPPED),
        due=sql.Identifier("f", due),
        soon=sql.Identifier("f", soon),
        red=sql.Literal(str(Light.RED)),
        yellow=sql.Literal(str(Light.YELLOW)),
        green=sql.Literal(str(Light.GREEN)),
    )


LIGHT = _light("due_at", "soon_at")
_SUPERVISION = sql.SQL("(CASE f.supervision {} END)").format(
    sql.SQL(" ").join(
        sql.SQL("WHEN {} THEN {}").format(sql.Literal(int(each)), sql.Literal(word(each))) for each in Supervision
    )
)


def _around(level: str) -> sql.Composable:
    """Return the SQL of the code of the area of a level in which an incident lies."""
    return sql.SQL("(CASE {level} WHEN a.level THEN a.code WHEN b.level THEN b.code WHEN c.level THEN c.code END)").format(
        level=sql.Literal(level)
    )


def _field(name: str, kind: FieldKind, text: sql.Composable, zh: str, en: str, **more: Any) -> Field:  # noqa: ANN401 - a Field's own
    return Field(name=name, kind=kind, sql=text, title_zh=zh, title_en=en, **more)


def _own(name: str, kind: FieldKind, zh: str, en: str, **more: Any) -> Field:  # noqa: ANN401 - a Field's own
    """Return a field that is a column of the incident."""
    return _field(more.pop("column", name), kind, sql.Identifier("f", name), zh, en, **more)


_TEXT, _NUMBER, _WHEN = FieldKind.TEXT, FieldKind.INTEGER, FieldKind.DATETIME
_LIGHTS = tuple(map(str, Light))

BEGUN = _own("reported_at", _WHEN, "上报时间", "Reported", nullable=False)
OVER = _field("ended_at", _WHEN, _OVER_AT, "终结时间", "Over since")
"""When an incident was closed, rejected or voided; NULL while it is open."""

FIELDS = (
    _own("no", _TEXT, "事件编号", "Number", nullable=False),
    _own("state", _TEXT, "状态", "State", nullable=False, enum=tuple(map(str, STATES))),
    _field("is_open", FieldKind.BOOLEAN, IS_OPEN, "未办结", "Open", nullable=False),
    _own("kind", _TEXT, "类型", "Kind", nullable=False, enum=tuple(map(str, Kind))),
    _own("category", _TEXT, "类别", "Category", nullable=False),
    _own("matter", _TEXT, "事项编码", "Matter"),
    _own("urgent", FieldKind.BOOLEAN, "紧急", "Urgent", nullable=False),
    # A light follows from the clock on the wall: an order by it would not hold from one page to the next.
    _field("light", _TEXT, LIGHT, "总时限灯", "Light of the whole time", enum=_LIGHTS, sortable=False),
    _field(
        "stage_light",
        _TEXT,
        _light("stage_due_at", "stage_soon_at"),
        "环节时限灯",
        "Light of the stage",
        enum=_LIGHTS,
        sortable=False,
    ),
    _field("supervision", _TEXT, _SUPERVISION, "督办", "Supervision", nullable=False, enum=tuple(map(word, Supervision))),
    _own("tier", _NUMBER, "层级", "Tier", nullable=False),
    _own("grid_code", _TEXT, "网格编码", "Grid"),
    _field("community", _TEXT, _around("community"), "社区编码", "Community"),
    _field("street", _TEXT, _around("street"), "街道编码", "Street"),
    _field("district", _TEXT, _around("district"), "区县编码", "District"),
    _own("department", _TEXT, "责任部门", "Department"),
    _own("source", _TEXT, "来源", "Source", nullable=False),
    _own("outcome", _TEXT, "处置结果", "Outcome", enum=tuple(map(str, Outcome))),
    BEGUN,
    _own("due_at", _WHEN, "总时限", "Due"),
    _own("stage_due_at", _WHEN, "环节时限", "Stage due"),
    _own("closed_at", _WHEN, "结案时间", "Closed"),
    OVER,
    _own("at", _WHEN, "更新时间", "Updated", nullable=False, column="updated_at"),
)

ROW = sql.SQL("concat_ws('.', f.revision, {}, {})").format(
    LIGHT, next(field.sql for field in FIELDS if field.name == "stage_light")
)
"""A text that changes with what is told of an incident."""

COUNTED = (
    *((f"n_{state}", "state", str(state)) for state in STATES),
    *((f"n_{light}", "light", str(light)) for light in Light),
)
"""What a tile counts, incidents in each state and those under each light: the name of the count, the field, and its word."""


def _count(name: str, field: str, said: str) -> Field:
    return _field(name, _NUMBER, sql.NULL, f"其中 {field} 为 {said} 的件数", f"How many of them have {field} {said}")


SINGLE = ("no", "state", "kind", "category", "urgent", "stage_light", "supervision", "grid_code", "reported_at", "due_at")
"""Fields that a tile gives where a feature is one incident."""

IN_TILES = (
    _field("count", _NUMBER, sql.NULL, "件数", "How many incidents", nullable=False),
    _field("light", _TEXT, sql.NULL, "最紧的总时限灯", "The worst light of theirs", enum=_LIGHTS),
    *(_count(*each) for each in COUNTED),
    _field("bbox", _TEXT, sql.NULL, "范围，可作 bbox 参数查询", "The box in which they lie, as the parameter bbox takes it"),
    *(field for field in FIELDS if field.name in SINGLE),
)
"""What a tile's features tell: one incident, or several that lie close together (`incident_tiles` has the SQL)."""
