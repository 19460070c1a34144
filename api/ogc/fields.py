"""What a collection is made of: its fields, each with the SQL that gives it, and its geometry.

The registry of collections holds these; queryables, sortables, schemas, filters and cursors are all read from them, so
that none can name a column which the others do not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from psycopg2 import sql

STORED = 4490
"""SRID of the column that every geometry has: CGCS2000, longitude and latitude."""


class Kind(StrEnum):
    """What a field's values are."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


SCHEMAS: dict[Kind, dict[str, str]] = {
    Kind.TEXT: {"type": "string"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.DATETIME: {"type": "string", "format": "date-time"},
}
"""How JSON Schema calls each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One property of a collection's features.

    `sql` is an expression over the collection's source (a column, a CASE) and binds nothing; a per cent sign in it is
    doubled, as psycopg2 wants it. `nullable` says whether it may be NULL: a sort key that never is needs a simpler, and
    indexable, condition for the next page.
    """

    name: str
    kind: Kind
    sql: sql.Composable
    title_zh: str
    title_en: str
    nullable: bool = True
    queryable: bool = True
    sortable: bool = True
    in_tiles: bool = False
    enum: tuple[str, ...] = ()
    """The words that a text may be, where there are few; empty where it may be anything."""

    def title(self, lang: str) -> str:
        """Return the title in `lang` (`zh` or `en`)."""
        return self.title_zh if lang == "zh" else self.title_en

    def schema(self, lang: str) -> dict[str, object]:
        """Return what JSON Schema says about a value of this field."""
        words: dict[str, object] = {"enum": list(self.enum)} if self.enum else {}
        return {"title": self.title(lang), **SCHEMAS[self.kind], **words}


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """The geometry of a collection's features: one column for each SRID that is stored, `STORED` always among them.

    Every column has x = longitude or easting. Filters call it by `name`.
    """

    columns: Mapping[int, sql.Composable]
    name: str = "geometry"
    shape: Literal["Point", "LineString", "MultiLineString", "Polygon", "MultiPolygon"] = "MultiPolygon"


def by_name(fields: Iterable[Field]) -> dict[str, Field]:
    """Return fields by their names."""
    return {field.name: field for field in fields}


def queryables(fields: Iterable[Field]) -> dict[str, Field]:
    """Return, by name, the fields that a filter may ask for."""
    return {field.name: field for field in fields if field.queryable}


def sortables(fields: Iterable[Field]) -> dict[str, Field]:
    """Return, by name, the fields that features may be ordered by."""
    return {field.name: field for field in fields if field.sortable}
