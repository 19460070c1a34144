"""The documentation against the house: commands, options, links, examples, keys, findings, decisions."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from api.cli import app
from data.manifest import KINDS, SUBTYPES, TABLES, read_manifest
from data.sentences import SENTENCES
from data.vector_file import read_geojson
from gis.finding import Severity
from partition.exceptions import Reason
from partition.rules import rules_from

if sys.version_info >= (3, 11):
    import tomllib

ROOT = Path(__file__).resolve().parent.parent
README, README_ZH = ROOT / "README.md", ROOT / "README.zh-CN.md"
MANIFEST, MANIFEST_ZH = ROOT / "docs" / "manifest.md", ROOT / "docs" / "manifest.zh-CN.md"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PAIRS = [(README, README_ZH), (MANIFEST, MANIFEST_ZH)]
COMMANDS = typer.main.get_command(app).commands
