"""The documentation against the house: commands, options, links, examples, keys, findings, decisions."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command

from api.app import create_app
from api.cli import app, run
from api.loop.labels import label
from api.loop.steps import STEPS as LOOP_STEPS
from api.loop.who import Who
from api.loop.words import OPEN
from api.problem_kinds import KINDS as PROBLEMS
from api.settings import PREFIX, Settings
from api.who.caller import RIGHTS
from api.workflow import STEPS
from data.manifest import KINDS, SUBTYPES, TABLES, read_manifest
from data.sample import write_sample
from data.sentences import SENTENCES
from partition.exceptions import Reason
from partition.rules import rules_from
from tests.api.v1.hall import addresses
from tests.served import utc_now

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from api.loop.steps import Step as LoopStep
    from gis.finding import Finding

ROOT = Path(__file__).resolve().parent.parent
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
MANIFESTS = [ROOT / "docs" / "manifest.md", ROOT / "docs" / "manifest.zh-CN.md"]
GUIDES = [ROOT / "docs" / "api.md", ROOT / "docs" / "api.zh-CN.md"]
OPERATIONS = [ROOT / "docs" / "operate.md", ROOT / "docs" / "operate.zh-CN.md"]
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


@pytest.mark.parametrize("pair", [READMES, MANIFESTS, GUIDES, OPERATIONS], ids=["README", "manifest", "api", "operate"])
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


def rows(path: Path, first: str) -> list[list[str]]:
    """Give the cells of the tables' rows whose first cell is such code."""
    found = re.findall(rf"^\| `({first})`(.*) \|$", text_of(path), re.MULTILINE)
    return [[name, *(cell.strip() for cell in rest.split(" | ")[1:])] for name, rest in found]


@pytest.mark.parametrize("page", GUIDES, ids=called)
def test_the_api_guide_names_every_address(page, tmp_path):
    """Each address of the application has a row in the guide, and no other has; pages for people need none."""
    told = create_app(Settings(home=tmp_path), None, now=utc_now)
    pages = {"/static/{name}", "/api.html", "/api31", "/sign-in", "/language", "/plans", "/plans/new", "/plans/{plan}", "/wall"}
    pages |= {"/command", "/edit/{plan}", "/figures", "/prints", "/workspace", "/workspace/{list}"}
    kept = {"/healthz", "/readyz", "/metrics", "/problems", "/problems/{code}"}
    nothing = {"/open311/v2/{rest:path}"}  # answers, in the form of Open311, that there is nothing
    wanted = {f"{method} {path}" for method, path in addresses(told) if path not in pages | kept | nothing}
    assert {row[0] for row in rows(page, "[A-Z]+ /[^`]*")} == wanted
    assert [path for path in sorted(pages | kept) if path not in text_of(page) and path in {"/api.html", "/api31", *kept}] == []


@pytest.mark.parametrize("page", GUIDES, ids=called)
def test_the_api_guide_tells_every_setting(page):
    """Each setting has a row with the value that it usually has."""

    def said(value: Any) -> str:
        text = ",".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
        return text and f"`{text}`"

    told = {row[0]: row[1] for row in rows(page, f"{PREFIX}[A-Z_]+")}
    fields = {f"{PREFIX}{name.upper()}": field for name, field in Settings.model_fields.items()}
    assert "`/var/lib/wangge`" in told.pop(f"{PREFIX}HOME")
    assert told == {name: said(field.default) for name, field in fields.items() if field.default_factory is None}


@pytest.mark.parametrize(("page", "lang"), list(zip(GUIDES, ("en", "zh"), strict=True)), ids=["en", "zh"])
def test_the_api_guide_tells_roles_steps_and_problems(page, lang):
    """Each role stands with its rights, each step of the approval with its states, each kind of problem with its title."""
    rights = {row[0]: set(re.findall(r"`(\w+)`", row[2])) for row in rows(page, "|".join(RIGHTS))}
    assert rights == {role: {str(right) for right in held} for role, held in RIGHTS.items()}
    approval = text_of(page).partition(f"\n## {'审批' if lang == 'zh' else 'The approval'}\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)`[^|]* \| (`.*?`) \| `(\w+)` \|", approval, re.MULTILINE)
    steps = {name: (set(re.findall(r"`(\w+)`", takes)), gives) for name, takes, gives in listed}
    assert {step.name: steps.get(step.name) for step in STEPS} == {step.name: (set(step.takes), step.gives) for step in STEPS}
    titles = {row[0]: row[2] for row in rows(page, "[a-z-]+") if re.match(r"\d{3}", row[1])}
    assert titles == {name: kind.title(lang) for name, kind in PROBLEMS.items()}


WHO = {
    Who.SYSTEM: ("the service", "系统自动"),
    Who.ANYBODY: ("anybody", "任何人"),
    Who.DUTY: (
        "the duty of the community or the street, the district's where there is neither",
        "社区或街道值班人员，两者皆无的由区级",
    ),
    Who.STREET: ("the street's center", "街道指挥中心"),
    Who.SENDER: ("the street's center, the district's where there is none", "街道指挥中心，没有街道的由区级"),
    Who.DISTRICT: ("the district's center", "区级指挥中心"),
    Who.CENTER: ("a center at its tier or above", "所在层级或以上的指挥中心"),
    Who.UPPER: ("a center above its tier, or the district's", "上级指挥中心，或区级指挥中心"),
    Who.VERIFIER: ("who was asked to look, or A or B of the grid", "受指派人员，或本网格 A、B 岗"),
    Who.POST: ("A or B of the grid, on post today", "本网格今日在岗的 A、B 岗"),
    Who.OWNER: ("its owner", "承办单位或承办人"),
    Who.PARTICIPANT: ("a called department that has yet to join", "待报到的部门"),
    Who.CALLING_STREET: ("the street that called", "发起呼叫的街道"),
    Who.CHECKER: ("the center that checks, but not who handled it", "核查的指挥中心，处置人除外"),
    Who.ANSWERER: ("the center that checks", "核查的指挥中心"),
    Who.HOTLINE: ("the hotline", "热线"),
    Who.CHIEF: ("the chief of the duty", "值班长"),
    Who.SAME_OR_HIGHER: ("its owner, or an organisation as high", "承办单位，或不低于其层级的单位"),
}
"""Who takes a step of the loop, as the guides say it."""


@pytest.mark.parametrize(("page", "is_zh"), list(zip(GUIDES, (False, True), strict=True)), ids=["en", "zh"])
def test_the_api_guide_tells_the_loop(page, is_zh):
    """The table of the loop is the code's: every event in its order, from where to where, by whom, with what."""
    comma, semicolon, while_open, as_before = (
        ("、", "；", "未办结期间", "不变") if is_zh else (", ", "; ", "while open", "as before")
    )

    def row(step: LoopStep) -> str:
        name = f"`{step.event}` {label(step.event).zh}" if is_zh else f"`{step.event}`"
        takes = while_open if frozenset(step.takes) == OPEN else comma.join(f"`{state}`" for state in step.takes)
        gives = as_before if step.gives is None else f"`{step.gives}`"
        who = semicolon.join(WHO[each][is_zh] for each in step.who)
        return f"| {name} | {takes} | {gives} | {who} | {comma.join(f'`{field}`' for field in step.requires)} |"

    section = text_of(page).partition(f"\n### {'事件闭环' if is_zh else 'The loop'}\n")[2].partition("\n### ")[0]
    assert re.findall(r"^\| `.*", section, re.MULTILINE) == [row(step) for step in LOOP_STEPS]


@pytest.mark.parametrize("page", GUIDES, ids=called)
def test_the_api_guide_knows_every_finer_code(page):
    """A code that our resources, rules, store or door give an error, and that is no kind of its own, stands beside its kind."""
    rooms = ("v1", "who", "loop", "incidents", "matters", "stats", "panel", "duty", "rounds", "feed")
    sources = [
        *(path for room in rooms for path in (ROOT / "api" / room).glob("*.py")),
        *(ROOT / "data" / "store").glob("*.py"),
    ]
    given = {code for path in sources for code in re.findall(r"\bcode=\"([a-z0-9-]+)\"", text_of(path))}
    listed = (ROOT / "api" / "stats" / "score.py", ROOT / "data" / "store" / "posts.py")  # where codes stand in a list
    given |= {code for path in listed for code in re.findall(r"\"([a-z]+(?:-[a-z0-9]+)+)\"", text_of(path))}
    commands = {"has-administrator", "code-taken", "community-of-another-town", "later-state-known", "other-frame"}
    finer = {code for row in rows(page, "|".join(PROBLEMS)) if len(row) == 2 for code in re.findall(r"`([a-z0-9-]+)`", row[1])}
    assert given - set(PROBLEMS) - commands == finer


def test_both_guides_have_the_same_examples():
    """The Chinese guide's examples are the English ones, but for comments and the language that is asked for."""

    def bare(page: Path) -> list[str]:
        return [re.sub(r" # .*|Accept-Language: \w+", "", block) for block in blocks(page, "bash")]

    assert bare(GUIDES[0]) == bare(GUIDES[1])


@contextmanager
def demo_service(db: Any, home: Path) -> Generator[str]:
    """Make what `script/demo` makes, small and in a store of the test's, and open the service; give its address."""
    password = "a guide for everybody"  # noqa: S105 - of a store that ends with the test
    town, plan = home / "demo" / "town", home / "demo" / "plan"
    environment = {**os.environ, "WANGGE_DSN": db.app, "WANGGE_ADMIN_DSN": db.admin, "WANGGE_HOME": str(home)}
    wangge = [sys.executable, "-c", "from api.cli import main; main()"]
    assert run(["sample", str(town), "--households", "3000"]) == 0
    assert run(["divide", str(town), "--out", str(plan), "--workers", "1"]) == 0
    (home / "demo" / "password").write_text(f"{password}\n", encoding="utf-8")
    for command in (
        ["import", town],
        ["import", plan],
        ["publish", "1", "--adopt"],
        ["admin", "create", "admin", "--name", "x"],
    ):
        subprocess.run([*wangge, *command], cwd=ROOT, env=environment, input=password, text=True, check=True)
    serve = [*wangge, "serve", "--port", "0"]
    with subprocess.Popen(serve, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as it:
        try:
            assert it.stdout is not None
            yield next(found[0] for line in it.stdout if (found := re.search(r"http://[\w.:]+", line)))
        finally:
            it.terminate()


def script_of(page: Path, address: str) -> tuple[str, str]:
    """Return the examples of a guide as one script that ends at the first refusal, and the one that is to be refused.

    That one stands before the JSON that it is answered with.
    """
    fences = _FENCE.findall(text_of(page))
    works, refused = ["set -euo pipefail", 'curl() { command curl -sS --fail-with-body "$@"; }'], ""
    for (name, body), (following, _) in zip(fences, [*fences[1:], ("", "")], strict=True):
        if name == "bash" and following == "json":
            refused = body
        elif name == "bash":
            works.append(body)
    return "\n".join(works).replace("http://127.0.0.1:8000", address), f"URL={address}\n{refused}"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_guides_examples_run(db, tmp_path):
    """Every example of the guide works as it stands, one after the other; the refused one is refused as each language says."""

    def bash(script: str) -> str:
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
        return done.stdout

    with demo_service(db, tmp_path) as address:
        works, _ = script_of(GUIDES[0], address)
        said = bash(works)
        for page in GUIDES:
            refused = json.loads(bash(script_of(page, address)[1]))
            (told,) = map(json.loads, blocks(page, "json"))
            assert told == {name: refused.get(name) for name in told}
    states = re.findall(rf"\b({'|'.join(step.gives for step in STEPS)})$", said, re.MULTILINE)
    assert states == [step.gives for step in STEPS]
    assert (tmp_path / "grids.mvt").stat().st_size > 0


def test_every_decision_is_listed_and_holds_verified_facts():
    """ARCHITECTURE lists every decision by its title; numbers run without a gap; each says what was verified."""
    listed = re.findall(r"^- \[(.+)\]\(docs/decisions/(.+)\)$", text_of(ROOT / "ARCHITECTURE.md"), re.MULTILINE)
    assert listed == [(text_of(page).partition("\n")[0].removeprefix("# "), page.name) for page in DECISIONS]
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert [page.name for page in DECISIONS if "\n## Verified facts\n\n- " not in text_of(page)] == []


def test_the_architecture_names_every_module():
    """Each module of the five packages and the store is named in ARCHITECTURE, those of other subfolders by the folder."""
    text = text_of(ROOT / "ARCHITECTURE.md")
    packages = ("gis", "partition", "data", "data/store", "maps", "api")
    modules = [path for package in packages for path in (ROOT / package).glob("*.py")]
    assert [called(path) for path in modules if path.stem != "__init__" and f"`{path.stem}`" not in text] == []
    folders = [path.parent.name for path in (ROOT / "api").glob("*/__init__.py")]
    assert [folder for folder in folders if f"`{folder}/`" not in text] == []


def test_the_architecture_lists_every_table():
    """Each table of the store has a row in ARCHITECTURE, and no row is about another."""
    sources = [*(ROOT / "data" / "store" / "migrations").glob("*.sql"), ROOT / "data" / "store" / "migrate.py"]
    made = {name for path in sources for name in re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?wangge\.(\w+)", text_of(path))}
    section = text_of(ROOT / "ARCHITECTURE.md").partition("\n## Tables\n")[2].partition("\n## ")[0]
    named = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
    assert {name for cell in named for name in re.findall(r"`(\w+)`", cell)} == made


def test_pictures_are_small():
    """The pictures of the documentation stay under 100 kB each, and under a megabyte together."""
    sizes = [path.stat().st_size for path in (ROOT / "docs" / "pictures").iterdir()]
    assert max(sizes) < 100_000
    assert sum(sizes) < 1_000_000
