"""The API described for people: both descriptions that programs read, in one page that needs no network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from api.asked import ask
from api.ogc.openapi import describe
from api.pages.page import answer_page, around, render
from api.pages.words import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from api.asked import Asked
    from api.lang import Lang

_Node = dict[str, Any]
_METHODS = ("get", "post", "put", "patch", "delete")
_MOST_WORDS = 12
"""Values of an enumeration that are shown; the rest is an ellipsis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter or a member of a body: its name, where it goes (`query`, `path`, `header`, `body`), what it may be."""

    name: str
    place: str
    required: bool
    type: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that the API does. `link` leads there, where nothing has to be filled in; else it is empty."""

    id: str
    method: str
    path: str
    title: str
    text: str
    parameters: tuple[Parameter, ...]
    answers: tuple[tuple[str, str], ...]
    link: str


@dataclass(frozen=True, slots=True)
class Group:
    """Operations on one kind of thing."""

    title: str
    text: str
    operations: tuple[Operation, ...]


def api_page(request: Request) -> Response:
    """Answer with the page that describes the API."""
    asked = ask(request)
    app = cast("FastAPI", request.app)
    parts = {
        "standards": groups_of(describe(asked.lang, asked.base), asked.lang),
        "resources": groups_of(app.openapi(), asked.lang),
    }
    return answer_page("api.html", around(asked, f"{asked.base}/api.html"), chapters=parts)


def api(body: dict[str, object], asked: Asked) -> str:
    """Return the page of one description, the OGC API's."""
    return render("api.html", around(asked, f"{asked.base}/api.html"), chapters={"standards": groups_of(body, asked.lang)})


def groups_of(description: Mapping[str, Any], lang: Lang) -> list[Group]:
    """Return the operations of an OpenAPI description by their tags, in the order in which it names them."""
    texts = {tag["name"]: tag.get("description", "") for tag in description.get("tags", ())}
    found: dict[str, list[Operation]] = {}
    for path, methods in cast("Mapping[str, _Node]", description["paths"]).items():
        for method in _METHODS:
            if method in methods:
                tag = next(iter(methods[method].get("tags", ())), "service")
                found.setdefault(tag, []).append(_operation(description, method, path, methods[method]))
    return [Group(_group_title(tag, lang), texts.get(tag, ""), tuple(each)) for tag, each in found.items()]


def _group_title(tag: str, lang: Lang) -> str:
    return catalogue(lang).get(f"api.tag.{tag}", tag)


def _operation(description: Mapping[str, Any], method: str, path: str, node: _Node) -> Operation:
    parameters = [_resolved(description, each) for each in node.get("parameters", ())]
    needed = any(each.get("required") for each in parameters)
    text = node.get("description", "")
    # FastAPI makes a summary of the function's name; what the function says of itself begins with a better one.
    first, _, rest = text.partition("\n")
    return Operation(
        id=str(node.get("operationId", f"{method}{path}")),
        method=method.upper(),
        path=path,
        title=first or str(node.get("summary", path)),
        text=rest.strip(),
        parameters=(*(_parameter(description, each) for each in parameters), *_members(description, node)),
        answers=tuple((status, _resolved(description, each).get("description", "")) for status, each in _told(node)),
        link=path if method == "get" and not needed and "{" not in path else "",
    )


def _told(node: _Node) -> Sequence[tuple[str, _Node]]:
    return [(status, answer) for status, answer in node.get("responses", {}).items() if status not in {"default", "422"}]


def _parameter(description: Mapping[str, Any], node: _Node) -> Parameter:
    return Parameter(
        name=node["name"],
        place=node["in"],
        required=bool(node.get("required")),
        type=_type(description, node.get("schema", {})),
        text=str(node.get("description", "")),
    )


def _members(description: Mapping[str, Any], node: _Node) -> Iterator[Parameter]:
    """Give the members of a body."""
    for content in node.get("requestBody", {}).get("content", {}).values():
        schema = _resolved(description, content.get("schema", {}))
        needed = set(schema.get("required", ()))
        for name, member in schema.get("properties", {}).items():
            text = str(member.get("description", ""))
            yield Parameter(name=name, place="body", required=name in needed, type=_type(description, member), text=text)


def _resolved(description: Mapping[str, Any], node: _Node) -> _Node:
    """Return what a reference refers to."""
    while "$ref" in node:
        found: Any = description
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def _type(description: Mapping[str, Any], schema: _Node) -> str:
    """Return what a value may be, in a few words."""
    schema = _resolved(description, schema)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        kinds = [_type(description, each) for each in choices if each.get("type") != "null"]
        return " | ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        words = [str(each) for each in schema["enum"]]
        return " | ".join(words[:_MOST_WORDS]) + (" | …" if len(words) > _MOST_WORDS else "")
    kind = str(schema.get("format") or schema.get("type", ""))
    if schema.get("type") == "array":
        kind = f"[{_type(description, schema.get('items', {}))}]"
    lowest, highest = schema.get("minimum"), schema.get("maximum")
    return f"{kind} {lowest}–{highest}" if lowest is not None and highest is not None else kind
