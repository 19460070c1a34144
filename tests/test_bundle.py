"""The archive for machines without a network: what is in it, that it installs and serves there, and what its pages say."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "script" / "deploy"
PAGES = [ROOT / "docs" / "operate.md", ROOT / "docs" / "operate.zh-CN.md"]
UNITS = ["wangge.service", "wangge-worker@.service", "wangge-backup.service", "wangge-backup.timer"]
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

# Namespaces of its own: no network but the loopback, and mounts and processes that end with it, whatever happens.
INSIDE = r"""
set -euo pipefail
bare=$1 archive=$2
ip link set lo up
mount -t proc proc "$bare/proc"
mount --rbind /dev "$bare/dev"
mount -t tmpfs tmpfs "$bare/tmp"
mkdir -p "$bare/srv/archive"
mount --bind "$archive" "$bare/srv/archive"
mount -o remount,bind,ro "$bare/srv/archive"
exec env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot "$bare" /bin/sh -c "cd /srv/archive && $3"
"""


def inside(bare: Path, archive: Path, command: str) -> str:
    """Run a command in a root without a network; return what it prints."""
    apart = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
    words = [*apart, "bash", "-c", INSIDE, "inside", str(bare), str(archive), command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=600)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def bare_root(bare: Path, archive: Path) -> None:
    """Make a root with what each Debian has and nothing else, from the archive's own packages."""
    merged = "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"
    source = f"deb [trusted=yes] copy:{archive}/debs ./"
    release = re.search(r"^Suite: (\w+)$", (archive / "debs" / "Release").read_text("utf-8"), re.MULTILINE)
    assert release is not None
    command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=apt", merged, release[1], str(bare), source]
    subprocess.run(command, check=True, capture_output=True, timeout=600)


def unpacked(folder: Path) -> Path:
    """Make the archive and unpack it; return its folder."""
    subprocess.run([ROOT / "script" / "bundle", folder / "wangge.tar.gz"], check=True, capture_output=True, timeout=1200)
    subprocess.run(["tar", "-C", folder, "-xf", folder / "wangge.tar.gz"], check=True)
    (folder / "wangge.tar.gz").unlink()
    (archive,) = (path for path in folder.iterdir() if path.is_dir())
    return archive


def why_not() -> str:
    """Return what this machine lacks for making a root and a network of its own; empty if nothing."""
    missing = [program for program in ("mmdebstrap", "unshare", "ip") if shutil.which(program) is None]
    if missing:
        return f"missing: {', '.join(missing)} (apt-get install mmdebstrap iproute2)"
    return "" if os.geteuid() == 0 else "a root of its own can only be made by root"


@pytest.mark.slow
def test_a_bare_machine_without_a_network_gets_a_service_from_the_archive(tmp_path):
    """The archive alone makes a bare Debian serve, back up and restore, without a network; run again it keeps everything."""
    if reason := why_not():
        pytest.skip(reason)
    archive = unpacked(tmp_path)
    holds_what_it_says(archive)

    bare = tmp_path / "bare"
    bare_root(bare, archive)
    assert "the archive is damaged" in refusal(bare, archive)
    told = inside(bare, archive, "./install --no-service --with-nginx")
    assert [line[4:7] for line in told.splitlines() if re.match(r"==> \d/6", line)] == [f"{step}/6" for step in range(1, 7)]
    assert not list((bare / "etc" / "postgresql").glob("*/*")), "Debian's own cluster was made"

    shutil.copy(ROOT / "tests" / "closed.py", bare / "srv")
    seen = json.loads(inside(bare, archive, "/usr/lib/wangge/current/bin/python /srv/closed.py"))
    assert seen["interfaces"] == ["lo"]
    store = seen["store"]
    assert store["before"] == store["after"]
    assert store["before"]["signed_in"] == 201
    assert store["before"]["areas"] > 0
    assert "the log is whole" in store["log"]
    old = [f"wangge-2020-01-{day:02}.dump" for day in range(4, 17)]
    assert [name for name in seen["backups"] if name.startswith("wangge-2020")] == old
    assert len(seen["backups"]) == len(old) + 3  # today's, its log, and the one that is not the timer's
    assert seen["proxy"] == {
        "plain": "https://wangge.example/x?y=1",
        "links": ["wangge.example|https"],
        "tiles": ["MISS", "HIT"],
        "metrics": [404, 200],
        "too_long": 413,
        "streamed": True,
        "warnings": [],
    }

    settings = bare / "etc" / "wangge" / "wangge.env"
    settings.write_text(mine := settings.read_text("utf-8") + "WANGGE_PORT='8001'\n", encoding="utf-8")
    again = inside(bare, archive, "./install --no-service && wangge log --lang en")
    assert "the program is here" in again
    assert "the settings stay as they are" in again
    assert "the log is whole" in again
    assert settings.read_text("utf-8") == mine


def holds_what_it_says(archive: Path) -> None:
    """Check that every file has its checksum, and that the wheels are those of the lock that we need, and no tool of ours."""
    sums = {line[68:]: line[:64] for line in (archive / "SHA256SUMS").read_text("utf-8").splitlines()}
    files = {path.relative_to(archive).as_posix(): path for path in archive.rglob("*") if path.is_file()}
    assert sums.keys() == files.keys() - {"SHA256SUMS"}
    assert [name for name, digest in sums.items() if hashlib.sha256(files[name].read_bytes()).hexdigest() != digest] == []
    wheels = {parse_wheel_filename(path.name)[:2] for path in (archive / "wheels").iterdir()}
    named = {(name, str(version)) for name, version in wheels}
    locked = re.findall(r"^([\w.-]+)==([^\s;\\]+)", (archive / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    assert named - set(locked) == {("wangge", VERSION)}
    assert {"numpy", "fastapi", "psycopg2-binary"} <= {name for name, _ in named}
    assert not {"pytest", "ruff", "hatchling", "dask", "playwright"} & {name for name, _ in named}
    notices = (archive / "NOTICES").read_text("utf-8")
    assert [name for name, _ in named if f"\n{name}" not in notices.lower().replace("_", "-")] == []
    assert "maps/assets/vendor/leaflet/LICENSE" in notices


def refusal(bare: Path, archive: Path) -> str:
    """Return what the installer says of an archive with one byte too many."""
    spoilt = bare / "srv" / "spoilt"
    spoilt.mkdir()
    for name in ("install", "VERSION", "SHA256SUMS", "LICENSE"):
        shutil.copy(archive / name, spoilt)
    with (spoilt / "LICENSE").open("a") as file:
        file.write(" ")
    return inside(bare, archive, "! /srv/spoilt/install --no-service 2>&1")


def rendered(folder: Path) -> list[Path]:
    """Write the units as the installer would, for a prefix and a home below `folder`."""
    (folder / "current" / "bin").mkdir(parents=True)
    (folder / "current" / "deploy").mkdir()
    for program in ("bin/wangge", "deploy/wangge-backup"):
        (folder / "current" / program).touch(0o755)
    for unit in UNITS:
        text = (DEPLOY / unit).read_text("utf-8").replace("@PREFIX@", str(folder)).replace("@HOME@", str(folder))
        (folder / unit).write_text(text, encoding="utf-8")
    return [folder / unit for unit in UNITS]


def test_systemd_understands_the_units(tmp_path):
    """The units have no fault that systemd knows of, and expose little: 3 of 10 at most, by its own count."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing (apt-get install systemd)")
    units = rendered(tmp_path)
    checked = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    ours = [line for line in checked.stderr.splitlines() if "wangge" in line and "Failed to prepare filename" not in line]
    assert (checked.returncode, ours) == (0, [])
    offline = ["systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager"]
    for unit in (unit for unit in units if unit.suffix == ".service"):
        judged = subprocess.run([*offline, unit], capture_output=True, text=True, check=False)
        assert judged.returncode == 0, judged.stdout[-500:]


def test_nothing_is_ended_under_others():
    """No unit ends processes that it did not ask to end: the store's server may be in use from outside the unit."""
    services = [(DEPLOY / unit).read_text("utf-8") for unit in UNITS if unit.endswith(".service")]
    assert [text for text in services if "\nKillMode=process\n" not in text] == []


def test_the_scripts_on_the_machine_are_strict():
    """Every script that is installed can be started as it lies there, and stops at its first error."""
    scripts = [path for path in DEPLOY.iterdir() if path.read_bytes().startswith(b"#!")]
    assert sorted(path.name for path in scripts) == ["install", "wangge", "wangge-backup"]
    assert [path.name for path in scripts if not os.access(path, os.X_OK)] == []
    assert [
        path.name for path in scripts if not re.search(r"^set -eu(o pipefail)?$", path.read_text("utf-8"), re.MULTILINE)
    ] == []


def test_each_message_of_the_page_is_one_that_we_say():
    """The table of troubles quotes messages that stand in the program, word for word."""
    sources = [DEPLOY / "install", *(path for folder in ("api", "data") for path in (ROOT / folder).rglob("*.py"))]
    # A sentence may go over several lines of code.
    said = "\n".join(re.sub(r'"\s*\n\s*f?"', "", path.read_text("utf-8")) for path in sources)
    tables = [page.read_text("utf-8").rpartition("\n## ")[2] for page in PAGES]
    quoted = [re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE) for table in tables]
    assert len(quoted[0]) >= 12
    assert quoted[0] == quoted[1]
    assert [message for message in quoted[0] if message not in said] == []


def test_both_languages_of_the_page_say_as_much():
    """The Chinese page has the headings, commands and tables of the English one, in their order."""
    fence = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    english, chinese = (page.read_text("utf-8") for page in PAGES)
    shapes = [
        (
            [len(marks) for marks in re.findall(r"^(#+) ", fence.sub("", text), re.MULTILINE)],
            [(kind, re.sub(r"\s*#.*", "", body)) for kind, body in fence.findall(text)],
            text.count("\n|"),
        )
        for text in (english, chinese)
    ]
    assert shapes[0] == shapes[1]
    assert len(shapes[0][0]) > 10
