"""The house itself: where its packages come from, that importing them does nothing, what its files and wheel hold."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
MADE_HERE = {"build", "demo", "dist", "htmlcov", "node_modules", "out", "__pycache__"}

# Imports every module named on the command line and reports what else happened meanwhile, one line for each thing.
PROBE = r"""
import os, sys, threading, warnings
from importlib import import_module

root, names = sys.argv[1], sys.argv[2:]
ours = tuple(os.path.join(root, package) + os.sep for package in {name.partition(".")[0] for name in names})
acts = "open os.mkdir os.remove os.rename socket.bind socket.connect sqlite3.connect subprocess.Popen".split()
heard = []

def culprit():
    # The line of ours that is running, unless the import system does it, or a library that looks around whenever it is
    # handed a function or a class: numba for the folder of its cache, pydantic for plugins.
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith("<frozen importlib") or any(f"{os.sep}{name}{os.sep}" in file for name in ("numba", "pydantic")):
            return None
        if file.startswith(ours):
            return f"{os.path.relpath(file, root)}:{frame.f_lineno}"
        frame = frame.f_back

def listen(event, arguments):
    if event in acts and not (event == "open" and not set(str(arguments[1] or "r")) & set("wax+")):
        if place := culprit():
            heard.append(f"{place} does {event} {arguments[:2]}")

look_up = type(os.environ).__getitem__

def overheard(self, key):
    if place := culprit():
        heard.append(f"{place} reads the environment: {key}")
    return look_up(self, key)

type(os.environ).__getitem__ = overheard
sys.addaudithook(listen)
warnings.simplefilter("error")
for name in names:
    import_module(name)
heard += [f"a thread is running: {thread.name}" for thread in threading.enumerate()[1:]]
heard += [f"a file was left behind: {file}" for file in os.listdir()]
print("\n".join(heard), end="")
"""


def project_files() -> Iterator[Path]:
    """Every file that is in git or about to be; without git, every file that no script makes."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        listing = [
            git,
            "-C",
            str(ROOT),
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--deduplicate",
        ]
        names = subprocess.run(listing, capture_output=True, check=True, text=True).stdout.split("\0")
        yield from (file for name in names if name and (file := ROOT / name).is_file())
        return
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in MADE_HERE and (not name.startswith(".") or name == ".ci")]
        yield from (Path(folder, name) for name in files)


def python_files() -> list[Path]:
    """Every Python file of the project."""
    return sorted(file for file in project_files() if file.suffix == ".py")


def modules(package: str) -> list[str]:
    """Name every module of a package, the package itself first."""
    files = sorted((ROOT / package).rglob("*.py"))
    parts = [file.relative_to(ROOT).with_suffix("").parts for file in files]
    names = {".".join(part[:-1] if part[-1] == "__init__" else part) for part in parts if part[-1] != "__main__"}
    return sorted(names)


def run_away_from_home(code: str, *arguments: str, folder: Path) -> str:
    """Run code in a new interpreter that finds packages as an installed command does, not in the current folder."""
    command = [sys.executable, "-P", "-c", code, *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV", "PYTEST"))}
    # Libraries may keep caches (matplotlib lists the fonts), in a home beside the folder that is watched.
    (home := folder / "home").mkdir()
    (watched := folder / "here").mkdir()
    surroundings = kept | {
        "HOME": str(home),
        "TMPDIR": str(home),
        "XDG_CACHE_HOME": str(home),
        "MPLCONFIGDIR": str(home),
    }
    done = subprocess.run(command, cwd=watched, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def pins(lock: str) -> dict[str, str]:
    """Read the version of each package that a lock names."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.MULTILINE)}


def test_packages_come_from_this_checkout(tmp_path: Path) -> None:
    """Our plain names (data, maps, api…) are not shadowed by an installed package, nor by a folder of the same name."""
    code = "import sys\nfor name in sys.argv[1:]: print(__import__(name).__file__)"
    found = run_away_from_home(code, *PACKAGES, folder=tmp_path).split()
    assert found == [str(ROOT / package / "__init__.py") for package in PACKAGES]


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_does_nothing(package: str, tmp_path: Path) -> None:
    """Importing any module starts, opens and writes nothing, reads no setting, and neither prints nor warns."""
    assert not run_away_from_home(PROBE, str(ROOT), *modules(package), folder=tmp_path)


def test_the_import_probe_hears(tmp_path: Path) -> None:
    """The probe behind the test above does notice a module that writes, reads the environment or starts a thread."""
    (room := tmp_path / "room").mkdir()
    (room / "noisy.py").write_text(
        "import os, threading\n"
        "os.getenv('WANGGE_X')\n"
        "open('left', 'w').close()\n"
        "threading.Thread(target=threading.Event().wait, daemon=True, name='idle').start()\n",
        encoding="utf-8",
    )
    heard = run_away_from_home(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{PROBE}", str(tmp_path), "room.noisy", folder=tmp_path
    )
    said = [
        "room/noisy.py:2 reads the environment: WANGGE_X",
        "room/noisy.py:3 does open",
        "running: idle",
        "behind: left",
    ]
    assert [phrase for phrase in said if phrase not in heard] == []


def test_no_file_names_a_workplace() -> None:
    """No file carries a path of somebody's machine or a package index's address: the project works anywhere."""
    machine = r"(?<![\w.$}~-])/(?:work|root|home|opt|Users)/"
    # Each address is written in two halves, so that this file does not name it.
    halves = [("py", "pi.org"), ("python", "hosted"), ("npm", "js.org"), ("deb.deb", "ian.org"), ("find", "-links")]
    halves += [("index", "-url"), (".py", "env/")]
    index = "|".join(re.escape(first + second) for first, second in halves)
    telltale = re.compile(f"{machine}|{index}")
    found: list[str] = []
    for file in project_files():
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture, a font, a data file
        found += [
            f"{file.relative_to(ROOT)}:{i}: {hit[0]}" for i, line in enumerate(lines, 1) if (hit := telltale.search(line))
        ]
    assert found == []


def test_every_module_says_what_it_is() -> None:
    """Every Python file parses and opens with a docstring."""
    silent = [file for file in python_files() if not ast.get_docstring(ast.parse(file.read_bytes(), str(file)))]
    assert [str(file.relative_to(ROOT)) for file in silent] == []


def test_every_test_states_its_fact() -> None:
    """Every test has a docstring that says what is true; a test whose fact cannot be said protects nothing."""
    silent = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}"
        for file in python_files()
        if file.is_relative_to(ROOT / "tests") and file.name.startswith("test_")
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_scripts_run_and_are_strict() -> None:
    """Every script can be started as it lies there, and one in bash stops at its first error."""
    scripts = [
        file
        for file in [*(path for path in (ROOT / "script").iterdir() if path.is_file()), ROOT / ".ci" / "run"]
        if file.name != "common"
    ]
    assert [file.name for file in scripts if not os.access(file, os.X_OK)] == []
    bash = [text for file in scripts if "bash" in (text := file.read_text("utf-8")).partition("\n")[0]]
    assert len(bash) > 1
    assert [text for text in bash if "\nset -euo pipefail\n" not in text] == []


def test_clients_are_the_ones_that_are_asked_for() -> None:
    """The clients' lock pins each client that pyproject.toml names, in the range it names, and on our versions of the rest."""
    ours, theirs = pins("requirements.lock"), pins("requirements-clients.lock")
    asked = [Requirement(line) for line in PYPROJECT["dependency-groups"]["clients"]]
    assert [str(need) for need in asked if theirs.get(canonicalize_name(need.name), "none") not in need.specifier] == []
    assert {name: theirs[name] for name in ours.keys() & theirs} == {name: ours[name] for name in ours.keys() & theirs}


@pytest.mark.parametrize(("lock", "extras"), [("requirements.lock", ["dev", "dask"]), ("requirements-peers.lock", ["peers"])])
def test_locks_hold_what_is_asked_for(lock: str, extras: list[str]) -> None:
    """A lock pins every dependency that pyproject.toml names, in the range it names; if not, run script/lock."""
    project = PYPROJECT["project"]
    asked = [Requirement(line) for line in project["dependencies"]]
    asked += [Requirement(line) for extra in extras for line in project["optional-dependencies"][extra]]
    asked += [Requirement(line) for line in PYPROJECT["build-system"]["requires"] if "dev" in extras]
    pinned = pins(lock)
    unmet = [str(need) for need in asked if pinned.get(canonicalize_name(need.name), "none") not in need.specifier]
    assert unmet == []


def test_peers_are_measured_on_our_versions() -> None:
    """The two locks agree on every package they share, so a benchmark compares programs and not numpys."""
    ours, theirs = pins("requirements.lock"), pins("requirements-peers.lock")
    assert {name: theirs[name] for name in ours.keys() & theirs} == {name: ours[name] for name in ours.keys() & theirs}


@pytest.mark.slow
def test_wheel_holds_the_five_packages(tmp_path: Path) -> None:
    """The wheel carries the five packages with every file of theirs, the command, the licence, and nothing else."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = (archive.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    info = f"wangge-{PYPROJECT['project']['version']}.dist-info"
    assert {name.split("/")[0] for name in names} == {*PACKAGES, info}
    assert f"{info}/licenses/LICENSE" in names
    assert "wangge = api.cli:main" in entry_points
    expected = {file.relative_to(ROOT).as_posix() for file in project_files() if file.relative_to(ROOT).parts[0] in PACKAGES}
    assert expected - set(names) == set()
