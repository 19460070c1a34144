"""Matters as documents: what may be written of one over HTTP, and how one is shown and logged."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from api.loop.clock import LONGEST, Unit
from api.matters.admission import Action, ExitKind, Reason
from api.v1.answers import answer, tag
from api.v1.parameters import NO_NUL, SOMETHING, WHOLE, Prose, without_defaults
from data.matter_file import CODE_PATTERN, MOST_CO_DEPARTMENTS, NO_CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Response

    from api.asked import Asked
    from data.store.matters import Matter

MOST_AT_ONCE = 1000
"""Matters in one decision."""

Level = Literal["", "street", "community"]
Board = Literal["", "party", "economy", "livelihood", "safety_rule_of_law"]
ListClass = Literal["", "public", "self_governance", "paid"]
MatterCode = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=CODE_PATTERN)]
Department = Annotated[str, StringConstraints(min_length=1, max_length=110, pattern=NO_NUL)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60, pattern=NO_NUL)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=NO_NUL)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=SOMETHING)]
Category = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=SOMETHING)]


class TimeLimit(BaseModel):
    """How long it may take to solve an incident of a matter."""

    model_config = ConfigDict(extra="forbid")

    value: Annotated[int, Field(strict=True, ge=1, le=LONGEST), WHOLE]
    unit: Unit


class Description(BaseModel):
    """What a matter says of itself, but its code and its area."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    category: Category
    level: Level = Field(default="", description="Who takes it on: streets, or communities with their grids.")
    board: Board = ""
    list_class: ListClass = ""
    department: Department | None = None
    co_departments: list[Department] = Field(default_factory=list, max_length=MOST_CO_DEPARTMENTS)
    limit: TimeLimit | None = None
    filing_condition: Prose = ""
    closing_condition: Prose = ""
    standard: Prose = ""
    is_enforcement: bool = Field(default=False, strict=True)
    is_industry_supervision: bool = Field(default=False, strict=True)
    power_delegated: bool = Field(default=False, strict=True)
    funding: Line = ""
    batch: Short = ""


class NewMatter(Description):
    """A matter that somebody proposes for the catalogue of an area."""

    code: MatterCode = Field(json_schema_extra={"not": {"enum": [*sorted(NO_CODES)]}})
    area: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]

    @field_validator("code")
    @classmethod
    def _is_no_word_of_an_address(cls, code: str) -> str:
        if code in NO_CODES:
            msg = f"{code} stands in addresses of ours; choose another code"
            raise ValueError(msg)
        return code


class Change(Description):
    """What is to be different about a matter; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=without_defaults)

    # What stands here is never read: only what was sent is taken.
    name: Name = "-"
    category: Category = "-"

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what is to change")
        return self


class Aspects(BaseModel):
    """What an admission says about each of its four aspects (准入管理、准入程序、经费保障、考核监督)."""

    model_config = ConfigDict(extra="forbid")

    management: Prose = ""
    procedure: Prose = ""
    funding: Prose = ""
    assessment: Prose = ""


_NOTHING: dict[str, Any] = {"properties": {name: {"maxLength": 0} for name in Aspects.model_fields}}
_DECISIONS: list[dict[str, Any]] = [
    {
        "properties": {
            "action": {"const": Action.ADMIT},
            "reason": {"type": "null"},
            "kind": {"type": "null"},
            "aspects": {
                "properties": {name: {"pattern": SOMETHING} for name in Aspects.model_fields},
                "required": [*Aspects.model_fields],
            },
        },
        "required": ["aspects"],
    },
    {
        "properties": {
            "action": {"const": Action.REFUSE}, "reason": {"type": "string"}, "kind": {"type": "null"}, "aspects": _NOTHING,
        },
        "required": ["reason"],
    },
    {
        "properties": {"action": {"const": Action.EXIT}, "reason": {"type": "string"}, "aspects": _NOTHING},
        "required": ["reason"],
    },
]  # fmt: skip
"""How each decision is described. Its faults come at once with those of the matters, so the model refuses none of them."""


class Decided(BaseModel):
    """What is decided: an admission with its four aspects, or a refusal or an exit with its reason."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"anyOf": [*_DECISIONS]})

    action: Action
    reason: Reason | None = None
    kind: ExitKind | None = Field(default=None, description="What it is that exits; an affair where nothing is said.")
    comment: Prose = ""
    aspects: Aspects = Field(default_factory=Aspects)


class DecidedOfMany(Decided):
    """One decision about several matters: about all of them, or none."""

    codes: list[MatterCode] = Field(min_length=1, max_length=MOST_AT_ONCE)


def fields_of(said: Description, names: Mapping[str, object] | set[str]) -> dict[str, Any]:
    """Return fields of a description as `MatterText` has them."""
    values = {name: getattr(said, name) for name in names}
    if "co_departments" in values:
        values["co_departments"] = tuple(dict.fromkeys(values["co_departments"]))
    if values.get("limit") is not None:
        values["limit"] = (values["limit"].value, str(values["limit"].unit))
    return values


def said(matter: Matter) -> dict[str, Any]:
    """Return what a matter says of itself, as it is shown and logged."""
    text = asdict(matter.text)
    if matter.text.limit is not None:
        value, unit = matter.text.limit
        text["limit"] = {"value": value, "unit": unit}
    return text


def view(matter: Matter, asked: Asked) -> dict[str, Any]:
    """Return a matter as it is shown."""
    here = address(asked, matter.text.code)
    return {
        **said(matter),
        "area": matter.area,
        "status": matter.status,
        "authors": matter.authors,
        "revision": matter.revision,
        "updated_at": matter.updated_at,
        "links": [
            {"rel": "self", "href": here, "type": "application/json"},
            {"rel": "decisions", "href": f"{here}/decisions", "type": "application/json"},
        ],
    }


def shown(matter: Matter, asked: Asked, *, status: int = 200, more: Mapping[str, Any] | None = None) -> Response:
    """Answer with a matter."""
    return answer(
        {**view(matter, asked), **(more or {})},
        status=status,
        etag=tag_of(matter),
        location=address(asked, matter.text.code) if status == 201 else None,  # noqa: PLR2004 - Created
    )


def tag_of(matter: Matter) -> str:
    """Return the ETag of a matter; its code may hold letters that no header can."""
    return tag("matter", matter.revision)


def address(asked: Asked, code: str) -> str:
    """Return where a matter is."""
    return f"{asked.base}/v1/matters/{quote(code, safe='')}"
