"""The commands about incidents: `incidents load`, `incidents verify`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api import report as say
from api.cli_store import AsJson, Home, Lang, clock_of, owner_of, store_in
from api.incidents.load import Loaded, load
from api.incidents.rulebook import Rulebook
from data.incident_file import read_incidents
from data.store.incident_load import broken_batches
from data.store.sql import run

app = typer.Typer(help="Incidents in bulk. 批量事件。", no_args_is_help=True, add_completion=False)


@app.command("load", epilog="Example:  wangge incidents load hotline.toml")
def load_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Manifests, each with its file of reports beside it.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come in, and change nothing.")] = False,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Bring in what another system has kept; what came before is not made again. Each file comes in whole or not at all.

    从其他系统批量移入事件；重复载入不会产生重复记录。
    """
    told: list[dict[str, object]] = []
    with store_in(home) as (settings, store), owner_of(store) as conn:
        now, _ = clock_of(settings)
        deadlines = Rulebook().deadlines(conn)
        for path in files:
            arrivals, found = read_incidents(path, now=now)
            run(conn, "BEGIN")
            done = load(conn, arrivals, now=now, zone=settings.zone, deadlines=deadlines)
            run(conn, "ROLLBACK" if dry_run else "COMMIT")
            findings = (*found, *done.changed)
            told.append({"file": str(path), **asdict(done), "findings": [asdict(each) for each in findings]})
            if not as_json:
                say.findings(findings, lang)
                _tell(path, done, lang)
    if as_json:
        say.json(told)


@app.command(epilog="Example:  wangge incidents verify")
def verify(*, home: Home = None, as_json: AsJson = False, lang: Lang = say.Language.zh) -> None:
    """Verify the batches against the log: a record that was changed, or a row that was taken out, is found.

    校验批量移入的记录与日志是否一致。
    """
    with store_in(home) as (_, store), owner_of(store) as conn:
        breaks = broken_batches(conn)
    if as_json:
        say.json([asdict(each) for each in breaks])
    else:
        for each in breaks:
            say.line(
                lang,
                en=f"broken: batch {each.batch}, {each.no or 'its end'}",
                zh=f"断裂：批次{each.batch}，{each.no or '末尾'}",
            )
        if not breaks:
            say.line(lang, en="every batch is what the log says", zh="各批次与日志一致")
    raise typer.Exit(1 if breaks else 0)


def _tell(path: Path, done: Loaded, lang: say.Language) -> None:
    say.line(
        lang,
        en=f"{path.name}: {done.rows} came in, {done.outside} of them in no grid ({done.unplaced} in no area); "
        f"{done.known} were known, {len({each.row for each in done.changed})} of these are told of differently now",
        zh=f"{path.name}：移入{done.rows}件，其中{done.outside}件不在任何网格（{done.unplaced}件不在任何区域）；"
        f"已有{done.known}件，其中{len({each.row for each in done.changed})}件的记载有变",
    )
