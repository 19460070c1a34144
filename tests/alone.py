"""A page opened where there is no network at all: in a namespace without any interface, by a Chromium of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

ALONE = """
import json
import sys
from playwright.sync_api import sync_playwright
path, page, rows, *flags = sys.argv[1:]
INK = '''() => [...document.querySelectorAll("canvas.surface")].reduce((most, { width, height, getContext }, i, all) => {
  const { data } = all[i].getContext("2d").getImageData(0, 0, width, height);
  const colours = new Set();
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3]) colours.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
  return Math.max(most, colours.size);
}, 0)'''
with sync_playwright() as play:
    browser = play.chromium.launch(executable_path=path, args=flags)
    tab = browser.new_page()
    asked, failed = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("requestfailed", lambda request: failed.append(request.url))
    tab.on("pageerror", lambda error: failed.append(str(error)))
    tab.on("console", lambda said: said.type == "error" and failed.append(said.text))
    tab.goto(page)
    tab.locator(rows).first.wait_for()
    tab.wait_for_selector("canvas.surface")
    tab.wait_for_function(f"({INK})() > 3")
    seen = {"asked": len(asked), "failed": failed, "rows": tab.locator(rows).count(), "colours": tab.evaluate(INK)}
    print(json.dumps(seen))
    browser.close()
"""


def seen_alone(file: Path, rows: str) -> dict[str, Any]:
    """Open a page from disk; return what it asked for, what failed, how many `rows` it has, and its map's colours."""
    unshare = ["unshare", "-n"]
    if shutil.which("unshare") is None or subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no right to make a network namespace here")
    path = shutil.which("chromium") or "/usr/bin/chromium"
    command = [*unshare, sys.executable, "-c", ALONE, path, file.as_uri(), rows, "--no-sandbox", "--disable-gpu"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout)
