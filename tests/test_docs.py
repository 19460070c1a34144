"""The documentation against the house: commands, options, links, examples, keys, findings, decisions."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command

from api.cli import app
from data.manifest import KINDS, SUBTYPES, TABLES, read_manifest
from data.sample import write_sample
from data.sentences import SENTENCES
from partition.exceptions import Reason
from partition.rules import rules_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gis.finding import Finding

ROOT = Path(__file__).resolve().parent.parent
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
MANIFESTS = [ROOT / "docs" / "manifest.md", ROOT / "docs" / "manifest.zh-CN.md"]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
GROUP: Any = get_command(app)
COMMANDS: dict[str, Any] = {
    f"{name} {inner}" if inner else name: each
    for name, command in GROUP.commands.items()
    for inner, each in getattr(command, "commands", {"": command}).items()
}
"""Every command by the words that call it."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def called(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    """Give the fenced blocks of a page in one language."""
    return [body for name, body in _FENCE.findall(text_of(path)) if name == language]


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Give the commands that a page tells people to type, as words without the comment."""
    for page in DOCS:
        for block in blocks(page, "sh"):
            for line in block.splitlines():
                if words := shlex.split(line, comments=True):
                    yield called(page), words


def headings(path: Path) -> list[int]:
    """Give the level of each heading, outside code."""
    return [len(marks) for marks in re.findall(r"^(#+) ", _FENCE.sub("", text_of(path)), re.MULTILINE)]


def options(command: Any) -> list[str]:
    return [name for parameter in command.params for name in parameter.opts if name.startswith("--")]


@pytest.mark.parametrize("readme", READMES, ids=called)
def test_the_readme_names_every_command_and_option(readme):
    """Whoever reads the README has met each command and each of its options."""
    text = text_of(readme)
    wanted = [f"wangge {name}" for name in COMMANDS]
    wanted += [
        f"`{option}" for command in COMMANDS.values() for option in options(command) if option not in {"--out", "--town"}
    ]
    wanted += ["--out", "--town", "--help"]
    assert [word for word in wanted if word not in text] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_helps_with_an_example_that_parses(name):
    """`--help` of a command ends in an example of that command, and the example parses."""
    example = shlex.split(COMMANDS[name].epilog.removeprefix("Example:"))
    words = name.split()
    assert example[: len(words) + 1] == ["wangge", *words]
    COMMANDS[name].make_context(name, example[len(words) + 1 :])


def test_each_command_line_in_the_docs_parses():
    """What the pages tell people to type is a command as it stands, or a script that is there."""
    seen = {"wangge": 0, "script": 0}
    for page, words in command_lines():
        if words[0] == "wangge":
            name = next(n for n in (" ".join(words[1:3]), words[1]) if n in COMMANDS)
            COMMANDS[name].make_context(name, words[1 + len(name.split()) :])
            seen["wangge"] += 1
        elif words[0].startswith("script/"):
            assert os.access(ROOT / words[0], os.X_OK), f"{page}: {words[0]}"
            seen["script"] += 1
    assert min(seen.values()) > 2


@pytest.mark.parametrize("page", DOCS, ids=called)
def test_links_lead_somewhere(page):
    """Every relative link and picture of a page is there."""
    links = re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", text_of(page)))
    relative = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in relative if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("pair", [READMES, MANIFESTS], ids=["README", "manifest"])
def test_both_languages_say_as_much(pair):
    """The Chinese page has the headings, code blocks, tables and links of the English one, in their order."""
    english, chinese = pair
    assert headings(english) == headings(chinese)
    assert [name for name, _ in _FENCE.findall(text_of(english))] == [name for name, _ in _FENCE.findall(text_of(chinese))]
    assert text_of(english).count("\n|") == text_of(chinese).count("\n|")
    assert len(re.findall(r"\]\(", text_of(english))) == len(re.findall(r"\]\(", text_of(chinese)))


@pytest.mark.parametrize("readme", READMES, ids=called)
def test_the_readmes_manifest_and_rules_are_understood(readme, tmp_path):
    """The town.toml of the README is a manifest without a fault, and its rules.toml holds rules."""
    manifest, rules = blocks(readme, "toml")
    (tmp_path / "town.toml").write_text(manifest, encoding="utf-8")
    found: list[Finding] = []
    read = read_manifest(tmp_path, found)
    assert found == []
    assert read is not None
    assert (read.communities is None, read.households is None, len(read.barriers)) == (False, False, 1)
    assert rules_from(tomllib.loads(rules)).digest()


@pytest.mark.slow
@pytest.mark.parametrize("readme", READMES, ids=called)
def test_the_readmes_python_runs(readme, tmp_path):
    """The Python of the README runs as it stands beside a sample town, and writes what it says."""
    (program,) = blocks(readme, "python")
    write_sample(tmp_path / "demo" / "town", households=1_000, seed=1)
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "my-plan" / "grids.geojson").stat().st_size > 0


@pytest.mark.parametrize("readme", READMES, ids=called)
def test_the_readme_names_every_reason(readme):
    """Each reason that an exception may have is named in the README."""
    assert [reason for reason in Reason if f"`{reason}`" not in text_of(readme)] == []


@pytest.mark.parametrize("page", MANIFESTS, ids=called)
def test_the_manifest_page_names_every_table_and_key(page):
    """Each table has a section, and each of its keys a row in it; so have the kinds of line and the subtypes."""
    sections = re.split(r"^###? ", text_of(page), flags=re.MULTILINE)
    for table, allowed in TABLES.items():
        (section,) = [part for part in sections if part.lstrip("[").startswith(f"{table}]")]
        own = allowed.columns | allowed.other
        assert [key for key in sorted(own) if f"`{key}`" not in section] == []
    shared = {"file", "layer", "coordinates", "where", "name", "frame"}
    words = [*shared, *KINDS, *SUBTYPES, "wgs84", "cgcs2000", "gcj02", "bd09"]
    assert [word for word in words if f"`{word}`" not in text_of(page)] == []


@pytest.mark.parametrize(
    ("page", "names"), list(zip(MANIFESTS, (("error", "warning", "note"), ("错误", "警告", "提示")), strict=True))
)
def test_the_manifest_page_lists_every_finding(page, names):
    """Each kind of finding about a town's files stands in the row of its usual severity, and no other word does."""
    listed = {
        kind: severity
        for severity, name in zip(("error", "warning", "note"), names, strict=True)
        for row in re.findall(rf"^\| {name} \| (.+) \|$", text_of(page), re.MULTILINE)
        for kind in re.findall(r"`(\w+)`", row)
    }
    assert listed == {kind: sentence.severity.value for kind, sentence in SENTENCES.items()}


def test_every_decision_is_listed_and_holds_verified_facts():
    """ARCHITECTURE lists every decision by its title; numbers run without a gap; each says what was verified."""
    listed = re.findall(r"^- \[(.+)\]\(docs/decisions/(.+)\)$", text_of(ROOT / "ARCHITECTURE.md"), re.MULTILINE)
    assert listed == [(text_of(page).partition("\n")[0].removeprefix("# "), page.name) for page in DECISIONS]
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert [page.name for page in DECISIONS if "\n## Verified facts\n\n- " not in text_of(page)] == []


def test_the_architecture_names_every_module():
    """Each module of the five packages is named in ARCHITECTURE, those of a subfolder by the folder at least."""
    text = text_of(ROOT / "ARCHITECTURE.md")
    modules = [path for package in ("gis", "partition", "data", "maps", "api") for path in (ROOT / package).glob("*.py")]
    assert [called(path) for path in modules if path.stem != "__init__" and path.stem not in text] == []


def test_pictures_are_small():
    """The pictures of the documentation stay under 300 kB together."""
    assert sum(path.stat().st_size for path in (ROOT / "docs" / "pictures").iterdir()) < 300_000
