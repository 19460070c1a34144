"""schemathesis asks whatever the two descriptions of the service allow, and a good deal of what they do not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.lived_in import lived_in
from tests.clients.programs import HERE, OURS, need, told_by

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.lived_in import Town

pytestmark = pytest.mark.clients

PROGRAM = OURS.with_name("schemathesis")
USUALLY, ELSEWHERE = "officer", {"administrator": "^/v1/people", "inspector": "^/v1/log"}
"""Who asks, of those with rights, and at which addresses somebody else."""


def asks(description: str, *more: str, examples: int, settings: str, folder: Path) -> None:
    """Ask whatever a description says, found at an address or in a file, with so many drawn examples; nothing may be wrong."""
    need(PROGRAM)
    # It keeps what it learns in the folder where it runs, and the next run asks that first.
    file = folder / "schemathesis.toml"
    file.write_text(f'hooks = "{HERE / "schemathesis_hooks.py"}"\nwarnings = false\n{settings}', "utf-8")
    command = ["run", description, *more, "--checks", "all", "--max-examples", str(examples), "--seed", "1", "--no-color"]
    # An endless answer; tests/api/v1/test_events.py reads it.
    command += ["--exclude-path", "/v1/events"]
    told = told_by(PROGRAM, "--config-file", str(file), *command, folder=folder)
    assert "No issues found" in told, told


def with_examples(document: dict[str, Any], town: Town) -> dict[str, Any]:
    """Return a description with codes of what there is in a town as its examples: few others lead anywhere."""
    everywhere = town.known[""]
    for path, operations in document["paths"].items():
        known = {name: value for part in town.known if path.startswith(part) for name, value in town.known[part].items()}
        for operation in operations.values():
            for each in operation.get("parameters", []) if isinstance(operation, dict) else []:
                if each.get("name") in known:
                    each["schema"]["examples"] = known[each["name"]]
    for schema in document.get("components", {}).get("schemas", {}).values():
        for name, each in schema.get("properties", {}).items():
            if name in everywhere:
                each["examples"] = everywhere[name]
    return document


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The town in which something of everything is, for whoever asks with rights; nobody else asks it, for they change it."""
    with cluster.clone(template) as db, lived_in(db, tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.mark.parametrize("description", ["api", "api31"])
def test_description_is_kept(service, description, tmp_path):
    """Every answer has a status, a type and a shape that the description names, and what it does not allow is refused."""
    asks(f"{service.url}/{description}", examples=12, settings="", folder=tmp_path)


@pytest.mark.parametrize("description", ["api", "api31"])
def test_description_is_kept_with_rights(town, description, tmp_path):
    """The same holds for those who may do everything: what they are shown, what they write; and they may do so still."""
    rights = town.rights
    client = town.station.hall.client
    document = client.get(f"/{description}", headers={"Accept": "application/json"}).json()
    file = tmp_path / "description.json"
    file.write_text(json.dumps(with_examples(document, town)), "utf-8")
    headers = {who: f'headers = {{ X-API-Key = "{key["X-API-Key"]}" }}\n' for who, key in town.keys.items()}
    settings = headers[USUALLY] + "".join(
        f'[[operations]]\ninclude-path-regex = "{pattern}"\n{headers[who]}' for who, pattern in ELSEWHERE.items()
    )
    asks(str(file), "--url", str(client.base_url), examples=4, settings=settings, folder=tmp_path)
    assert town.rights == rights
