"""What a collection's features are made of, as JSON Schema: everything, what can be asked for, what can be ordered by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.asked import ask
from api.ogc.answers import HTML, SCHEMA_JSON, document, parameters
from api.ogc.collections import collection_for
from api.ogc.fields import Field, queryables, sortables
from api.ogc.fields import Kind as FieldKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request
    from starlette.responses import Response

    from api.lang import Lang
    from api.ogc.collections import Collection

_FORMS = {"json": SCHEMA_JSON, "html": HTML}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ENDS = ("primary-interval-start", "primary-interval-end")
_ROLES = dict(zip(("valid_from", "valid_to"), _ENDS, strict=True))


def schema(request: Request) -> Response:
    """Answer with the schema of a collection's features as they come out."""
    return _answer(request, "schema")


def queryable_fields(request: Request) -> Response:
    """Answer with what filters and parameters may ask for."""
    return _answer(request, "queryables")


def sortable_fields(request: Request) -> Response:
    """Answer with what features may be ordered by."""
    return _answer(request, "sortables")


def properties_of(collection: Collection, kind: str, lang: Lang) -> dict[str, dict[str, object]]:
    """Return the schema of each property that `kind` (`schema`, `queryables`, `sortables`) names."""
    if kind == "sortables":
        return {field.name: field.schema(lang) for field in sortables(collection.fields).values()}
    fields: Iterable[Field] = collection.fields if kind == "schema" else queryables(collection.fields).values()
    shape: dict[str, object] = {
        "title": "几何" if lang == "zh" else "Geometry",
        "x-ogc-role": "primary-geometry",
        "format": "geometry-point" if collection.geometry.shape == "Point" else "geometry-polygon-or-multipolygon",
    }
    found = {field.name: _property(collection, field, kind, lang) for field in fields}
    return {**found, collection.geometry.name: shape}


def _property(collection: Collection, field: Field, kind: str, lang: Lang) -> dict[str, object]:
    described = field.schema(lang)
    if kind == "schema":
        if field is collection.key:
            described["x-ogc-role"] = "id"
        elif field.name in _ROLES and field.kind is FieldKind.DATE:
            described["x-ogc-role"] = _ROLES[field.name]
        elif collection.life is not None and field in collection.life:
            described["x-ogc-role"] = _ENDS[collection.life.index(field)]
    return described


def _answer(request: Request, kind: str) -> Response:
    asked = ask(request)
    collection = collection_for(request.path_params["collection"], asked.scope)
    parameters(request)
    body: dict[str, object] = {
        "$schema": _DIALECT,
        "$id": f"{asked.base}/collections/{collection.id}/{kind}",
        "type": "object",
        "title": collection.title(asked.lang),
        "description": collection.description(asked.lang),
        "properties": properties_of(collection, kind, asked.lang),
        "additionalProperties": False,
    }
    return document(request, asked, kind, body, media=SCHEMA_JSON, forms=_FORMS)
