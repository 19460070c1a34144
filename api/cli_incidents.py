"""The commands about incidents: `incidents load`, `incidents verify`."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import report as say
from api.cli_options import AsJson, Home, Lang
from api.cli_store import clock_of, owner_of, store_in
from api.incidents.load import Loaded, load
from api.incidents.rulebook import Rulebook
from api.incidents.verify import verify as verify_all
from data.incident_file import read_incidents
from data.store.sql import run
from gis.errors import Conflict, InputError

if TYPE_CHECKING:
    from api.incidents.fault import Fault

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
    """Bring in what another system has kept; what came before is not made again. Each file comes in or not by itself.

    从其他系统批量移入事件；重复载入不会产生重复记录，各文件互不影响。
    """
    told: list[dict[str, object]] = []
    is_whole = True
    with store_in(home) as (settings, store), owner_of(store) as conn:
        now, today = clock_of(settings)
        book = Rulebook().read(conn)
        policy_at = partial(book.policy, day=today)
        for path in files:
            run(conn, "BEGIN")
            try:
                arrivals, found = read_incidents(path, now=now)
                done = load(conn, arrivals, now=now, zone=settings.zone, deadlines=book.deadlines, policy_at=policy_at)
            except (InputError, Conflict) as error:
                # The other files are nobody's fault, and what is wrong with them is wanted too.
                run(conn, "ROLLBACK")
                is_whole = False
                say.stopped(error, lang)
                findings = error.findings if isinstance(error, InputError) else ()
                told.append({"file": str(path), "error": str(error), "findings": [asdict(each) for each in findings]})
                continue
            run(conn, "ROLLBACK" if dry_run else "COMMIT")
            findings = (*found, *done.changed)
            told.append({"file": str(path), **asdict(done), "findings": [asdict(each) for each in findings]})
            if not as_json:
                say.findings(findings, lang)
                _tell(path, done, lang)
    if as_json:
        say.json(told)
    raise typer.Exit(0 if is_whole else 1)


@app.command(epilog="Example:  wangge incidents verify")
def verify(*, home: Home = None, as_json: AsJson = False, lang: Lang = say.Language.zh) -> None:
    """Verify every incident against its log, the batches and the chains; whatever was changed or taken out is named.

    校验全部事件：本体、历史、批次与日志链是否一致；篡改、删除、插入均定位到具体记录。
    """
    faults: list[Fault] = []
    count = 0

    def tell(fault: Fault) -> None:
        nonlocal count
        count += 1
        if as_json:
            faults.append(fault)
        else:
            say.line(lang, en=fault.text("en"), zh=fault.text("zh"))

    with store_in(home) as (_, store), owner_of(store) as conn:
        # All of it is seen as at one moment, whoever works meanwhile.
        run(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        done = verify_all(conn, tell)
    if as_json:
        say.json({"faults": [asdict(each) | {"en": each.text("en"), "zh": each.text("zh")} for each in faults], **asdict(done)})
    elif count:
        say.line(
            lang,
            en=f"{count} faults in {done.incidents} incidents, {done.batches} batches and {done.chains} chains",
            zh=f"{done.incidents}件事件、{done.batches}个批次、{done.chains}条链中有{count}处不符",
        )
    else:
        say.line(
            lang,
            en=f"all is what was written: {done.incidents} incidents with {done.records} records, {done.batches} batches, "
            f"{done.chains} chains",
            zh=f"全部一致：{done.incidents}件事件（{done.records}条记录）、{done.batches}个批次、{done.chains}条链",
        )
    raise typer.Exit(1 if count else 0)


def _tell(path: Path, done: Loaded, lang: say.Language) -> None:
    say.line(
        lang,
        en=f"{path.name}: {done.rows} came in, {done.outside} of them in no grid ({done.unplaced} in no area); "
        f"{done.known} were known, {len({each.row for each in done.changed})} of these are told of differently now",
        zh=f"{path.name}：移入{done.rows}件，其中{done.outside}件不在任何网格（{done.unplaced}件不在任何区域）；"
        f"已有{done.known}件，其中{len({each.row for each in done.changed})}件的记载有变",
    )
