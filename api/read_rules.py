"""A file of rules, as the commands read it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from gis.errors import RulesError
from partition.rules import Rules, rules_from

if TYPE_CHECKING:
    from pathlib import Path


def read_rules(path: Path | None) -> Rules:
    """Read a rules file, or give the usual rules."""
    if path is None:
        return Rules()
    try:
        return rules_from(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        msg = f"{path}: {error}"
        raise RulesError(msg) from error
    except FileNotFoundError as error:
        msg = f"no such rules file: {path}"
        raise RulesError(msg) from error
