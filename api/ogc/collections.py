"""The published collections: what each is, the SQL that gives its features on a day, and its fields.

Rights are never asked here: row-level security decides which rows there are. Figures that are too small to be told are
another matter. They are replaced in the expression of the field itself, so that no filter, order or tile can read what
the output does not show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, LiteralString

from psycopg2 import sql

from api.ogc import incident_fields
from api.ogc.fields import STORED, Field, Geometry, Kind
from api.who.caller import Right
from data.spelling import did_you_mean
from gis.errors import NotFound, Refused, Unidentified
from partition.exceptions import Reason

if TYPE_CHECKING:
    from api.lang import Lang
    from data.store.scope import Scope

Subject = Literal["areas", "grids", "drafts", "incidents"]
"""What collections are about; the settings may open the first two to everybody."""

WEB = 3857

GEOMETRY = Geometry(columns={STORED: sql.Identifier("f", "geom"), WEB: sql.Identifier("f", "web")})
"""The geometry of areas and grids. Every collection reads its geometry from the row that it calls f."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One collection.

    `origin` is what stands behind FROM; it binds the day once. `where` narrows it to the collection. `row` is a text
    that changes with the feature's own row. `tile_origin` and `tile_where` (which binds the day once) give the same
    features without the joins that tiles can do without. `begins` is a feature's first day, and `history` all features
    that there ever were or will be. `public_fields` are the same fields for those who see public figures everywhere, in
    simpler SQL.

    `life` is set where features have a time of their own, from the first field to the second: such a collection is read as it
    is now, `origin` binds that moment and not a day, and what is asked by `datetime` is who lived then.
    """

    id: str
    subject: Subject
    title_zh: str
    title_en: str
    description_zh: str
    description_en: str
    fields: tuple[Field, ...]
    public_fields: tuple[Field, ...]
    origin: sql.Composable
    where: sql.Composable
    row: sql.Composable
    tile_origin: sql.Composable
    tile_where: sql.Composable
    begins: sql.Composable
    history: sql.Composable
    geometry: Geometry = GEOMETRY
    life: tuple[Field, Field] | None = None
    drawn: tuple[Field, ...] = ()
    """What features have in tiles, where they are not the collection's own."""

    @property
    def is_live(self) -> bool:
        """Whether it is read as it is now, on no day."""
        return self.life is not None

    @property
    def tile_fields(self) -> tuple[Field, ...]:
        """What the features of its tiles have."""
        return self.drawn or tuple(field for field in self.fields if field.in_tiles)

    @property
    def key(self) -> Field:
        """The field that is the features' id."""
        return self.fields[0]

    def title(self, lang: Lang) -> str:
        """Return the title."""
        return self.title_zh if lang == "zh" else self.title_en

    def description(self, lang: Lang) -> str:
        """Return the description."""
        return self.description_zh if lang == "zh" else self.description_en

    def fields_for(self, scope: Scope) -> tuple[Field, ...]:
        """Return the fields as a caller reads them: the public ones where no area is the caller's own."""
        return self.fields if scope.areas_1 else self.public_fields


def _field(name: str, kind: Kind, text: LiteralString, zh: str, en: str, **more: Any) -> Field:  # noqa: ANN401 - a Field's own
    return Field(name=name, kind=kind, sql=sql.SQL(text), title_zh=zh, title_en=en, **more)


_OWN = "(f.path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND wangge.sees_category(f.kind))"
"""Whether the caller may see the grid's true figures."""


def _figure(own: LiteralString, name: LiteralString) -> LiteralString:
    return f"(CASE WHEN {own} THEN f.{name} ELSE f.{name}_public END)" if own else f"f.{name}_public"


def _grid_fields(*, own: LiteralString) -> tuple[Field, ...]:
    return (
        _field("code", Kind.TEXT, "f.code", "网格编码", "Code", nullable=False, in_tiles=True),
        _field("name", Kind.TEXT, "f.name", "名称", "Name", nullable=False, in_tiles=True),
        _field("kind", Kind.TEXT, "f.kind", "类型", "Kind", nullable=False, in_tiles=True, enum=("residential", "dedicated")),
        _field("subtype", Kind.TEXT, "f.subtype", "专属类型", "Subtype", nullable=False, in_tiles=True),
        _field("community", Kind.TEXT, "c.code", "社区编码", "Community"),
        _field("street", Kind.TEXT, "s.code", "街道编码", "Street"),
        _field(
            "households",
            Kind.INTEGER,
            _figure(own, "households"),
            "户数",
            "Households",
            in_tiles=True,
        ),
        _field(
            "persons",
            Kind.INTEGER,
            _figure(own, "persons"),
            "人数",
            "Persons",
            in_tiles=True,
        ),
        _field("buildings", Kind.INTEGER, "f.buildings", "楼栋数", "Buildings", nullable=False),
        _field("area_m2", Kind.NUMBER, "f.area_m2", "面积（平方米）", "Area in square metres", nullable=False),
        _field("perimeter_m", Kind.NUMBER, "f.perimeter_m", "周长（米）", "Perimeter in metres", nullable=False),
        _field("compactness", Kind.NUMBER, "f.compactness", "紧凑度", "Compactness", nullable=False),
        _field("east", Kind.TEXT, "f.east", "东至", "Bound on the east", nullable=False),
        _field("south", Kind.TEXT, "f.south", "南至", "Bound on the south", nullable=False),
        _field("west", Kind.TEXT, "f.west", "西至", "Bound on the west", nullable=False),
        _field("north", Kind.TEXT, "f.north", "北至", "Bound on the north", nullable=False),
        # A reason tells how many households there are, more or less: it is shown where their number is.
        _field(
            "exception",
            Kind.TEXT,
            f"(CASE WHEN {own or 'FALSE'} OR f.households_public IS NOT NULL THEN f.exception->>'reason' END)",
            "规模例外",
            "Reason for a size outside the band",
            enum=tuple(Reason),
        ),
        _field("valid_from", Kind.DATE, "lower(f.in_force)", "生效日期", "In force from", nullable=False),
        _field("valid_to", Kind.DATE, "upper(f.in_force)", "失效日期", "First day no longer in force"),
        _field("since", Kind.DATE, "f.since", "现形状始于", "Has had this shape since"),
        _field("plan", Kind.TEXT, "f.plan_id::text", "方案", "Plan", nullable=False),
    )


GRIDS = Collection(
    id="grids",
    subject="grids",
    title_zh="网格",
    title_en="Grids",
    description_zh="某日生效的治理网格，缺省为今日（at=日期）。过小的户数和人数不公开。",
    description_en="Governance grids in force on a day, today unless `at` says otherwise. Counts too small to tell are hidden.",
    fields=_grid_fields(own=_OWN),
    public_fields=_grid_fields(own=""),
    origin=sql.SQL(
        "wangge.grid f JOIN (SELECT CAST(%s AS date) AS at) d ON f.in_force @> d.at"
        " LEFT JOIN wangge.area c ON c.id = f.area_id LEFT JOIN wangge.area s ON s.id = c.parent_id"
    ),
    where=sql.SQL("TRUE"),
    row=sql.SQL("f.id || '.' || f.row_version"),
    tile_origin=sql.SQL("wangge.grid f"),
    tile_where=sql.SQL("f.in_force @> CAST(%s AS date)"),
    begins=sql.SQL("lower(f.in_force)"),
    history=sql.SQL("wangge.grid f WHERE f.in_force IS NOT NULL"),
)

_GRIDS_OF: dict[str, LiteralString] = {
    "community": "(SELECT count(*) FROM wangge.grid g WHERE g.in_force @> d.at AND g.area_id = f.area_id)",
    "street": """(SELECT count(*) FROM wangge.grid g JOIN wangge.area c ON c.id = g.area_id
        WHERE g.in_force @> d.at AND c.parent_id = f.area_id)""",
    "district": """(SELECT count(*) FROM wangge.grid g JOIN wangge.area c ON c.id = g.area_id
        JOIN wangge.area s ON s.id = c.parent_id WHERE g.in_force @> d.at AND s.parent_id = f.area_id)""",
}
"""How many grids lie in an area of each level. Everybody counts those that they may see."""


def _areas(level: str, id_: str, title: tuple[str, str], description: tuple[str, str], parent: tuple[str, str]) -> Collection:
    fields = (
        _field("code", Kind.TEXT, "a.code", "编码", "Code", nullable=False, in_tiles=True),
        _field("name", Kind.TEXT, "f.name", "名称", "Name", nullable=False, in_tiles=True),
        _field("level", Kind.TEXT, "a.level", "层级", "Level", nullable=False, enum=(level,)),
        _field("kind", Kind.TEXT, "f.kind", "类型", "Kind", nullable=False, in_tiles=True),
        _field("parent", Kind.TEXT, "p.code", *parent),
        _field("valid_from", Kind.DATE, "lower(f.valid)", "起始日期", "Valid from", nullable=False),
        _field("valid_to", Kind.DATE, "upper(f.valid)", "终止日期", "First day no longer valid"),
        _field("grids", Kind.INTEGER, _GRIDS_OF[level], "网格数", "Number of grids", nullable=False),
    )
    return Collection(
        id=id_,
        subject="areas",
        title_zh=title[0],
        title_en=title[1],
        description_zh=description[0],
        description_en=description[1],
        fields=fields,
        public_fields=fields,
        origin=sql.SQL(
            "wangge.area_version f JOIN (SELECT CAST(%s AS date) AS at) d ON f.valid @> d.at"
            " JOIN wangge.area a ON a.id = f.area_id LEFT JOIN wangge.area p ON p.id = f.parent_id"
        ),
        where=sql.SQL("a.level = {}").format(sql.Literal(level)),
        row=sql.SQL("f.id::text"),
        tile_origin=sql.SQL("wangge.area_version f JOIN wangge.area a ON a.id = f.area_id"),
        tile_where=sql.SQL("a.level = {} AND f.valid @> CAST(%s AS date)").format(sql.Literal(level)),
        begins=sql.SQL("lower(f.valid)"),
        history=sql.SQL("wangge.area_version f JOIN wangge.area a ON a.id = f.area_id WHERE a.level = {}").format(
            sql.Literal(level)
        ),
    )


COLLECTIONS: dict[str, Collection] = {
    each.id: each
    for each in (
        _areas(
            "district",
            "districts",
            ("区县", "Districts"),
            ("某日的区县，缺省为今日。", "Districts as they are on a day, today unless `at` says otherwise."),
            ("所属市", "City"),
        ),
        _areas(
            "street",
            "streets",
            ("街道", "Streets"),
            (
                "某日的街道、乡镇，缺省为今日。",
                "Streets (subdistricts, towns, townships) as they are on a day, today unless `at` says otherwise.",
            ),
            ("所属区县", "District"),
        ),
        _areas(
            "community",
            "communities",
            ("社区", "Communities"),
            ("某日的社区、村，缺省为今日。", "Communities as they are on a day, today unless `at` says otherwise."),
            ("所属街道", "Street"),
        ),
        GRIDS,
    )
}

_EDITABLE = """(p.state IN ('draft', 'validated') AND (SELECT wangge.has_right('edit_plan'))
    AND NOT EXISTS (SELECT FROM wangge.plan_version v WHERE v.plan_id = p.id AND v.version = p.version)
    AND NOT EXISTS (SELECT FROM unnest(p.paths) AS one WHERE NOT one <@ ANY ((SELECT wangge.scope(2))::ltree[])))"""

_DRAFT_FIELDS = (
    _field("id", Kind.TEXT, "f.id::text", "标识", "Id", nullable=False),
    # Without days: a draft is not in force yet.
    *(replace(field, nullable=field.nullable or field.name == "valid_from") for field in _grid_fields(own="TRUE")),
    _field("plan_number", Kind.INTEGER, "p.number", "方案号", "Number of the plan", nullable=False),
    _field("editable", Kind.BOOLEAN, _EDITABLE, "可编辑", "Whether you may change it now", nullable=False),
)

DRAFTS = Collection(
    id="plan-grids",
    subject="drafts",
    title_zh="方案网格",
    title_en="Grids of plans",
    description_zh="各方案当前版本的网格，草案可用 GIS 软件直接编辑（OGC API Features 第四部分）。",
    description_en="Grids of each plan's current version; a GIS can edit those of drafts (OGC API Features, Part 4).",
    fields=_DRAFT_FIELDS,
    public_fields=_DRAFT_FIELDS,
    origin=sql.SQL(
        "wangge.grid f JOIN (SELECT CAST(%s AS date) AS at) d ON TRUE"
        " JOIN wangge.plan p ON p.id = f.plan_id AND p.version = f.version"
        " LEFT JOIN wangge.area c ON c.id = f.area_id LEFT JOIN wangge.area s ON s.id = c.parent_id"
    ),
    # Of a plan that reaches farther than the caller, the grids of other areas may be public; their true figures are not.
    where=sql.SQL("f.path <@ ANY ((SELECT wangge.scope(2))::ltree[]) AND wangge.sees_category(f.kind)"),
    row=sql.SQL("f.id || '.' || f.row_version"),
    tile_origin=sql.SQL("wangge.grid f JOIN wangge.plan p ON p.id = f.plan_id AND p.version = f.version"),
    tile_where=sql.SQL("f.path <@ ANY ((SELECT wangge.scope(2))::ltree[]) AND wangge.sees_category(f.kind)"),
    begins=sql.SQL("lower(f.in_force)"),
    history=sql.SQL("wangge.grid f"),
)
"""Not among the published ones: it has no tiles and no files, and for those who see no drafts it is not there."""


INCIDENTS = Collection(
    id="incidents",
    subject="incidents",
    title_zh="事件",
    title_en="Incidents",
    description_zh="您可见的事件，按当前状态；`datetime` 取该时刻或时段内存续的事件。不含当事人信息和上报内容。",
    description_en=(
        "The incidents that you may see, as they stand now; `datetime` asks for those that were there then. "
        "Nothing of who reported, and none of their words."
    ),
    fields=incident_fields.FIELDS,
    public_fields=incident_fields.FIELDS,
    origin=incident_fields.ORIGIN,
    where=sql.SQL("TRUE"),
    row=incident_fields.ROW,
    tile_origin=sql.SQL("wangge.incident f"),
    tile_where=sql.SQL("TRUE"),
    begins=sql.SQL("f.reported_at"),
    history=sql.SQL("wangge.incident f"),
    geometry=incident_fields.PLACE,
    life=(incident_fields.BEGUN, incident_fields.OVER),
    drawn=incident_fields.IN_TILES,
)
"""For those who handle incidents. What of them is whose, row-level security says."""

WITH_PAGES = {**COLLECTIONS, INCIDENTS.id: INCIDENTS}
"""Every collection that has pages, tiles and files."""


def sees_drafts(scope: Scope) -> bool:
    """Say whether there are drafts for a caller."""
    return Right.SEE_DRAFTS in scope.rights


def sees_incidents(scope: Scope) -> bool:
    """Say whether there are incidents for a caller."""
    return Right.HANDLE_INCIDENTS in scope.rights


def collection_for(name: str, scope: Scope) -> Collection:
    """Return a collection, the drafts too for those who may see them; `NotFound` says what there is."""
    return DRAFTS if name == DRAFTS.id and sees_drafts(scope) else collection_shown(name, scope)


def collection_shown(name: str, scope: Scope) -> Collection:
    """Return a collection that has pages, tiles and files; the incidents only to those who handle them."""
    if name != INCIDENTS.id:
        return collection_named(name)
    require_reader(INCIDENTS, scope, known=scope.person != "")
    return INCIDENTS


def collection_named(name: str) -> Collection:
    """Return a published collection; `NotFound` says what there is."""
    found = COLLECTIONS.get(name)
    if found is None:
        hint = did_you_mean(name[:60], COLLECTIONS)["hint"]
        msg = f"there is no collection {name[:60]!r}{hint}; there are {', '.join(COLLECTIONS)}"
        raise NotFound(msg)
    return found


def is_open(collection: Collection, scope: Scope) -> bool:
    """Say whether everybody may read the collection."""
    return collection.subject in scope.public


def require_reader(collection: Collection, scope: Scope, *, known: bool) -> None:
    """Raise where row-level security would only ever give nothing: `Unidentified` where signing in may help, else `Refused`."""
    if is_open(collection, scope) or (sees_incidents(scope) if collection is INCIDENTS else scope.areas_1):
        return
    if not known:
        msg = f"{collection.id} are not for everybody here: sign in, or show a key"
        raise Unidentified(msg, zh=f"{collection.title_zh}不对所有人开放：请登录，或出示密钥")
    raise Refused(f"your roles do not let you see {collection.id}", zh=f"您的角色不能查看{collection.title_zh}")
