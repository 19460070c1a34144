"""Options that several commands have: said once, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api import report as say

Lang = Annotated[say.Language, typer.Option("--lang", envvar="WANGGE_LANG", help="Language of what is printed: zh or en.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Home = Annotated[Path | None, typer.Option("--home", help="Folder of the embedded store; WANGGE_HOME says it as well.")]
TownFolder = Annotated[Path, typer.Argument(metavar="TOWN", help="A town: its folder, or its town.toml.")]
RulesFile = Annotated[Path | None, typer.Option("--rules", help="A rules.toml; what it leaves out keeps its usual value.")]
Workers = Annotated[int | None, typer.Option(help="Processes; all processors unless said otherwise.", min=1)]
