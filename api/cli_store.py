"""The commands about the store: `import`, `publish`, `serve`, `worker`, `migrate`, `backup`, `restore`, `admin`, `log`.

Without a DSN they use the embedded store in `--home`, start its server when nobody else has, and stop it when they are the
last to leave.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from api import report as say
from api.chores import usual_chores
from api.cli_options import AsJson, Home, Lang
from api.logs import log_to
from api.secret import read_secret
from api.serve import serve as serve_until_stopped
from api.settings import read_settings
from api.who.passwords import Passwords
from api.who.people import first_administrator
from api.worker import stop_at_signals, work
from data.plan_folder import is_plan, read_plan
from data.store.adopt import adopt, import_plan, put_in_force
from data.store.areas import areas_at
from data.store.backup import backup as write_backup
from data.store.backup import restore as read_backup
from data.store.log import broken, heads
from data.store.migrate import migrations
from data.store.open import open_store
from data.store.plans import find, get, is_in_force, listed, places
from data.store.pool import connect
from data.store.publish import CutOver
from data.store.rehome import rehome_town
from data.store.scope import Scope, speak
from data.store.sql import run
from data.store.towns import import_town
from data.town import read_town
from gis.errors import Conflict, InputError, StoreError

if TYPE_CHECKING:
    from collections.abc import Generator

    from psycopg2.extensions import connection

    from api.settings import Settings
    from data.store.open import Store
    from data.store.plans import PlanRow
    from data.store.rehome import Rehomed
    from data.store.towns import Imported

app = typer.Typer(add_completion=False)
admin_app = typer.Typer(help="People who manage people. 管理员。", no_args_is_help=True, add_completion=False)


@app.command("import", epilog="Example:  wangge import demo/town")
def import_(
    path: Annotated[Path, typer.Argument(metavar="TOWN|PLAN", help="A town (town.toml or its folder), or a plan's folder.")],
    *,
    since: Annotated[
        str | None,
        typer.Option("--from", help="First day of a town that is new here, as 2026-01-31; today unless said."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    title: Annotated[str | None, typer.Option(help="Title of the plan; its town's name unless said otherwise.")] = None,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Bring a town, or a plan made from it, into the store; a town that is there already is renewed, with a diff.

    将城镇数据或划分方案导入数据库；重复导入只写入差异。
    """
    with store_in(home) as (settings, store), owner_of(store) as conn:
        now, today = clock_of(settings)
        if path.is_dir() and is_plan(path):
            record, net = read_plan(path)
            run(conn, "BEGIN")
            plan = import_plan(conn, record, net, title=title or record["town"], now=now)
            run(conn, "ROLLBACK" if dry_run else "COMMIT")
            _tell(
                {"plan": plan.id, "number": plan.number, "grids": len(net), "state": plan.state},
                en=f"plan {plan.number} is in the store as a draft, with {len(net)} grids",
                zh=f"方案{plan.number}已作为草案入库，共{len(net)}个网格",
                as_json=as_json,
                lang=lang,
            )
            return
        town = read_town(path)
        day = day_of(since) or today
        run(conn, "BEGIN")
        brought = import_town(conn, town, day=day, now=now, dry_run=dry_run)
        _refuse_to_change_days(brought, day, today)
        moved = rehome_town(conn, brought.town, brought.snapshot, today) if brought.is_new and not dry_run else []
        run(conn, "COMMIT")
        if not as_json:
            say.findings((*town.findings, *brought.findings), lang)
        _tell_import(brought, moved, as_json=as_json, lang=lang)


@app.command("plans", epilog="Example:  wangge plans --in-force")
def list_plans(
    *,
    in_force: Annotated[bool, typer.Option("--in-force", help="Only those in force today or later.")] = False,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """List the plans in the store, newest first.

    列出数据库中的划分方案。
    """
    with store_in(home) as (settings, store), owner_of(store) as conn:
        _, today = clock_of(settings)
        found = [
            {
                "number": plan.number,
                "id": plan.id,
                "title": plan.title,
                "state": plan.state,
                "effective_from": plan.effective_from,
            }
            for plan in listed(conn, limit=10_000)
            if not in_force or is_in_force(conn, plan, today)
        ]
    if as_json:
        say.json(found)
    for plan in () if as_json else found:
        text = f"{plan['number']}  {plan['state']}  {plan['effective_from'] or '-'}  {plan['title']}"
        say.line(lang, en=text, zh=text)


@app.command("publish", epilog="Example:  wangge publish 1 --adopt")
def publish_plan(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="Number of an approved plan.")],
    *,
    since: Annotated[
        str | None,
        typer.Option("--from", help="First day in force, as 2026-01-31; today unless said. With --adopt it may be past."),
    ] = None,
    first: Annotated[
        bool, typer.Option("--adopt", help="The first plan of its communities: takes effect without the three decisions.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Put an approved plan in force: the certificate is checked again, and one transaction cuts over.

    方案生效：重新校核全覆盖证明，并在一个事务内切换。
    """
    with store_in(home) as (settings, store), owner_of(store) as conn:
        now, today = clock_of(settings)
        day = day_of(since) or today
        run(conn, "BEGIN")
        chosen = get(conn, find(conn, plan), lock=True)
        if first and day < today:
            _refuse_before_its_areas(conn, chosen, day)
        # What is adopted was there before the store was: it may begin on a day that is over, on which nothing was in force.
        cut = CutOver(
            effective_from=day,
            today=min(day, today) if first else today,
            now=now,
            actor=None,
            smallest_public=settings.k_public,
        )
        done = (adopt if first else put_in_force)(conn, chosen, cut)
        run(conn, "COMMIT")
    _tell(
        {"plan": done.id, "number": done.number, "state": done.state, "effective_from": str(done.effective_from)},
        en=f"plan {done.number} is in force from {done.effective_from}",
        zh=f"方案{done.number}自{done.effective_from}起生效",
        as_json=as_json,
        lang=lang,
    )


@app.command(epilog="Example:  wangge serve --port 8000")
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen at; 0 takes any that is free.", min=0, max=65535)] = None,
    workers: Annotated[int, typer.Option(help="Processes that answer.", min=1)] = 1,
    jobs: Annotated[bool, typer.Option("--jobs/--no-jobs", help="Also run the plans that are asked for.")] = True,
    home: Home = None,
    lang: Lang = say.Language.zh,
) -> None:
    """Serve grids and plans over HTTP until stopped.

    启动服务，直至被停止。
    """
    settings = _settings(home, host=host, port=port)

    def announce(address: str) -> None:
        say.line(lang, en=f"wangge is open at {address}/", zh=f"服务已就绪：{address}/")
        sys.stdout.flush()

    serve_until_stopped(settings, workers=workers, jobs=jobs, announce=announce, warn=lambda f: say.findings([f], lang))


@app.command(epilog="Example:  wangge worker --processes 2")
def worker(
    *,
    once: Annotated[bool, typer.Option("--once", help="Stop when nothing is left to do.")] = False,
    processes: Annotated[int, typer.Option(help="Processes that one plan is spread over.", min=1)] = 1,
    home: Home = None,
) -> None:
    """Run the plans that were asked for over HTTP, and do what time calls for; any number of workers share the work.

    运行后台任务。
    """
    with store_in(home) as (settings, store):
        log_to(level=settings.log_level)
        stop = stop_at_signals()
        name = f"{os.uname().nodename}-{os.getpid()}"
        with usual_chores(settings, store.app_dsn, name) as chores:
            work(_admin(store), name=name, stop=stop, once=once, processes=processes, chores=chores)


@app.command(epilog="Example:  wangge migrate")
def migrate(*, home: Home = None, as_json: AsJson = False, lang: Lang = say.Language.zh) -> None:
    """Bring the store up to date; safe to run again.

    升级数据库结构。
    """
    with store_in(home) as (_, store):
        _admin(store)
    last = migrations()[-1]
    _tell(
        {"migration": last.number, "name": last.name},
        en=f"the store is up to date ({last.name})",
        zh=f"数据库结构已是最新（{last.name}）",
        as_json=as_json,
        lang=lang,
    )


@app.command(epilog="Example:  wangge backup wangge-2026-01-31.dump")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File for the backup; replaced whole or not at all.")],
    *,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Write everything in the store into one file. The service's secret is not in it: keep `secret` in the home as well.

    备份数据库到一个文件（不含密钥文件secret，请另行保存）。
    """
    with store_in(home) as (settings, store):
        write_backup(_admin(store), file, bindir=settings.pg_bin)
    size = file.stat().st_size
    en, zh = f"backup: {file} ({size} bytes)", f"已备份：{file}（{size}字节）"
    _tell({"file": str(file), "bytes": size}, en=en, zh=zh, as_json=as_json, lang=lang)


@app.command(epilog="Example:  wangge restore wangge-2026-01-31.dump --home /srv/wangge-new")
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    *,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Fill an empty store from a backup and bring it up to date; a store that holds anything is refused.

    从备份恢复到空的数据库。
    """
    with store_in(home) as (settings, store):
        applied = read_backup(_admin(store), file, bindir=settings.pg_bin)
    record = {"file": str(file), "migrations": applied}
    _tell(record, en=f"restored from {file}", zh=f"已从{file}恢复", as_json=as_json, lang=lang)


@app.command(epilog="Example:  wangge log --heads")
def log(
    *,
    show_heads: Annotated[
        bool, typer.Option("--heads", help="Also print the last hash of each chain, to keep elsewhere.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Verify the log: every event that was changed, removed or cut off is found at its place.

    校验日志链：篡改、删除、截断均定位到具体记录。
    """
    with store_in(home) as (_, store), owner_of(store) as conn:
        breaks, last = broken(conn), heads(conn)
    if as_json:
        say.json({"broken": [asdict(b) for b in breaks], "heads": last if show_heads else len(last)})
    else:
        for found in breaks:
            chain = found.chain or "-"
            say.line(lang, en=f"{found.what}: chain {chain}, event {found.seq}", zh=f"{found.what}：链{chain}，第{found.seq}条")
        for chain, (seq, digest) in last.items() if show_heads else ():
            say.line(lang, en=f"{chain or '-'} {seq} {digest}", zh=f"{chain or '-'} {seq} {digest}")
        if not breaks:
            say.line(lang, en=f"the log is whole: {len(last)} chains", zh=f"日志完整：{len(last)}条链")
    raise typer.Exit(1 if breaks else 0)


@admin_app.command("create", epilog="Example:  wangge admin create zhang --name 张三")
def create_admin(
    login: Annotated[str, typer.Argument(help="What they sign in with.")],
    *,
    name: Annotated[str, typer.Option(help="What they are called.")],
    another: Annotated[bool, typer.Option("--another", help="Although there is an administrator already.")] = False,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Make the first administrator. The password is asked for, or read from standard input where that is no terminal.

    创建首个管理员；密码从终端或标准输入读取。
    """
    password = password_from(lang)
    with store_in(home) as (settings, store), owner_of(store) as conn:
        read_secret(settings.secret_path)
        run(conn, "BEGIN")
        person = first_administrator(
            conn, login=login, name=name, password=password, passwords=Passwords(), now=datetime.now(UTC), another=another
        )
        run(conn, "COMMIT")
    record = {"person": person, "login": login}
    _tell(record, en=f"{login} may manage people now", zh=f"已创建管理员{login}", as_json=as_json, lang=lang)


def _settings(home: Path | None, **told: object) -> Settings:
    chosen = {name: value for name, value in ({"home": home} | told).items() if value is not None}
    return read_settings(**chosen)


@contextmanager
def store_in(home: Path | None) -> Generator[tuple[Settings, Store]]:
    """Open the store that the settings name, and leave it in order when the command is told to stop."""
    settings = _settings(home)
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        dsn = None if settings.dsn is None else settings.dsn.get_secret_value()
        owner = None if settings.admin_dsn is None else settings.admin_dsn.get_secret_value()
        with open_store(dsn=dsn, admin_dsn=owner, home=settings.home, bindir=settings.pg_bin) as store:
            yield settings, store
    finally:
        signal.signal(signal.SIGTERM, before)


def _admin(store: Store) -> str:
    if store.admin_dsn is None:
        msg = "this needs the owner of the store: set WANGGE_ADMIN_DSN beside WANGGE_DSN"
        raise StoreError(msg)
    return store.admin_dsn


@contextmanager
def owner_of(store: Store) -> Generator[connection]:
    """Give a connection of the owner; whatever is not committed is taken back."""
    with closing(connect(_admin(store))) as conn:
        run(conn, "SET idle_in_transaction_session_timeout = 0")
        yield conn


def speak_for_all(conn: connection, today: date) -> None:
    """Speak for whoever has the store: they manage all areas that there are."""
    roots = tuple(area.path for area in areas_at(conn, today) if "." not in area.path)
    speak(conn, Scope(areas_1=roots, areas_2=roots, areas_3=roots))


def clock_of(settings: Settings) -> tuple[datetime, date]:
    """Return the moment, and the day that it is where the service's days begin."""
    now = datetime.now(UTC)
    return now, now.astimezone(ZoneInfo(settings.zone)).date()


def day_of(text: str | None) -> date | None:
    """Read a day that somebody typed; `InputError` where it is none."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is no day; write it as 2026-01-31"
        raise InputError(msg) from None


def _refuse_to_change_days(brought: Imported, day: date, today: date) -> None:
    """Refuse to let a town begin on a day to come, or on one that is over where any of it is known here already."""
    if day > today:
        raise Conflict(f"a town begins today ({today}) or earlier, not on {day}", code="future-day")
    known = any(brought.areas.get(name) for name in ("closed", "changed"))
    if day < today and brought.is_new and (brought.snapshot > 1 or known):
        raise Conflict(f"of days that are over nothing changes: import it as of today ({today})", code="past-day")


def _refuse_before_its_areas(conn: connection, plan: PlanRow, day: date) -> None:
    """Refuse a first plan on a day on which its communities were not there."""
    there = {area.code for area in areas_at(conn, day, "community")}
    missing = [place.code for place in places(conn, plan) if place.level == "community" and place.code not in there]
    if missing:
        msg = f"on {day} these communities were not there: {', '.join(missing[:5])}; import the town --from that day first"
        raise Conflict(msg, code="past-day", communities=missing)


def password_from(lang: say.Language) -> str:
    """Return a password that is typed unseen, or the first line of standard input where that is no terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return getpass("密码：" if lang is say.Language.zh else "Password: ")


def _tell(record: dict[str, Any], *, en: str, zh: str, as_json: bool, lang: say.Language) -> None:
    if as_json:
        say.json(record)
    else:
        say.line(lang, en=en, zh=zh)


def _tell_import(brought: Imported, moved: list[Rehomed], *, as_json: bool, lang: say.Language) -> None:
    if as_json:
        say.json(asdict(brought) | {"plans": [asdict(each) for each in moved]})
        return
    points = brought.households
    if not brought.is_new:
        say.line(lang, en=f"nothing new: snapshot {brought.snapshot}", zh=f"无变化：快照{brought.snapshot}")
        return
    say.line(
        lang,
        en=f"{brought.name}, snapshot {brought.snapshot}: "
        f"household points +{points.added} -{points.removed} ~{points.changed}, "
        f"households {points.households_before} -> {points.households_after}",
        zh=f"{brought.name}，快照{brought.snapshot}："
        f"住户点 新增{points.added} 减少{points.removed} 变更{points.changed}，"
        f"户数 {points.households_before} → {points.households_after}",
    )
    for each in moved:
        codes = ", ".join(f"{code} ({count})" for code, count in each.out_of_band.items()) or "-"
        say.line(
            lang,
            en=f"plan in force: {each.points} points found their grid, {each.outside} lie in none; "
            f"now out of the band: {codes}",
            zh=f"现行方案：{each.points}个住户点已归格，{each.outside}个不在任何网格内；现超出规模的网格：{codes}",
        )
