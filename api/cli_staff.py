"""The command about staff: `staff load`."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import report as say
from api.cli_options import AsJson, Home, Lang
from api.cli_store import clock_of, owner_of, speak_for_all, store_in
from api.staff_load import load_staff
from data.store.sql import run
from gis.errors import InputError

if TYPE_CHECKING:
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from api.staff_load import Loaded

app = typer.Typer(help="Who works in grids. 网格队伍。", no_args_is_help=True, add_completion=False)


@app.callback()
def staff() -> None:
    """Who works in grids.

    网格队伍。
    """


@app.command("load", epilog="Example:  wangge staff load staff.csv")
def load_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Lists of staff and their posts, as CSV.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come in, and change nothing.")] = False,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Bring in lists of staff and their posts; known again by their numbers, people are changed and not added twice.

    Each list comes in whole or not at all.

    导入网格队伍与岗位名单；以工号识别人员，重复载入不会重复添加。
    """
    told: list[dict[str, object]] = []
    with store_in(home) as (settings, store), owner_of(store) as conn:
        now, today = clock_of(settings)
        for path in files:
            run(conn, "BEGIN")
            done = _load(conn, path, now, today)
            run(conn, "ROLLBACK" if dry_run else "COMMIT")
            told.append({"file": str(path), **asdict(done)})
            if not as_json:
                say.findings(done.findings, lang)
                _tell(path, done, lang)
    if as_json:
        say.json(told)


def _load(conn: connection, path: Path, now: datetime, today: date) -> Loaded:
    """Bring in one list; what is found in it stands under its own name."""
    speak_for_all(conn, today)
    try:
        done = load_staff(conn, path.read_bytes(), now=now, today=today)
    except InputError as error:
        raise InputError(str(error), [replace(each, file=path.name) for each in error.findings]) from error
    return replace(done, findings=tuple(replace(each, file=path.name) for each in done.findings))


def _tell(path: Path, done: Loaded, lang: say.Language) -> None:
    it = done.brought
    say.line(
        lang,
        en=f"{path.name}: {it.added} people are new, {it.changed} changed, {it.unchanged} as they were; "
        f"posts +{it.posts_added} ~{it.posts_changed} ={it.posts_unchanged}",
        zh=f"{path.name}：人员 新增{it.added} 变更{it.changed} 未变{it.unchanged}；"
        f"岗位 新增{it.posts_added} 变更{it.posts_changed} 未变{it.posts_unchanged}",
    )
