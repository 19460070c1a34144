"""The commands about the work of a sample town: `sample-work` writes its files, `sample-day` has its people at work."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from api import report as say
from api.cli_options import AsJson, Home, Lang
from api.cli_store import clock_of, owner_of, password_from, store_in
from api.incidents.rulebook import Rulebook
from api.sample_assets import watch_over
from api.sample_day import Stage, play
from api.sample_desks import SHOWN, district_of, furnish
from api.sample_places import place
from api.sample_rounds import go_round
from api.who.passwords import Passwords, check_new_password
from data.sample_work import write_work
from data.samples.past import Days
from data.samples.settled import settled
from data.store import plans
from data.store.pool import Pool
from data.store.publish import town_of
from data.store.sql import run
from gis.errors import Conflict

if TYPE_CHECKING:
    from datetime import date

    from psycopg2.extensions import connection

    from data.samples.settled import Settled

app = typer.Typer(add_completion=False)

LEAST_DAYS = 8
"""A past has a week in it."""

PlanNumber = Annotated[str, typer.Argument(metavar="PLAN", help="Number of the plan in force whose town it is.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same work.")]


@app.command("sample-work", epilog="Example:  wangge sample-work 1 demo/work --reports 1500")
def sample_work(
    plan: PlanNumber,
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the lists.")],
    *,
    reports: Annotated[int, typer.Option(help="How many reports other systems have.", min=1, max=1_000_000)] = 1_500,
    days: Annotated[int, typer.Option(help="How many days they go back, at most.", min=LEAST_DAYS, max=3_650)] = 60,
    seed: Seed = 1,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Write invented staff and past reports for a town whose plan is in force, as lists like anybody's.

    为已生效的方案生成示例队伍名单与历史工单（虚构）。
    """
    with store_in(home) as (settings, store), owner_of(store) as conn:
        now, today = clock_of(settings)
        since, town = _town(conn, plan, today)
        district = district_of(conn, town, today)
    zone = ZoneInfo(settings.zone)
    first = max(since, today - timedelta(days=days - 1))
    if (today - first).days < LEAST_DAYS - 1:
        msg = f"the plan is in force since {since}, and a past of {LEAST_DAYS} days is wanted: adopt it --from an earlier day"
        raise Conflict(msg, code="no-past")
    past = Days(first=datetime.combine(first, time(), zone), now=now, zone=zone)
    people, count = write_work(folder, town, past, reports=reports, seed=seed)
    if as_json:
        say.json({"folder": str(folder), "district": district, "since": first.isoformat(), "staff": people, "reports": count})
    else:
        say.line(
            lang,
            en=f"{people} people and {count} reports since {first} are in {folder}",
            zh=f"{people}人、{first}以来的{count}件工单已写入 {folder}",
        )


@app.command("sample-day", epilog="Example:  wangge sample-day 1 --seed 1")
def sample_day(
    plan: PlanNumber,
    *,
    seed: Seed = 1,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Seat invented people at every desk of a sample town, and have them at work on cases in every state.

    The staff of `sample-work` must be loaded. One person of each tier may sign in, with the password that is asked for.

    设置各级示例值班人员，并办理处于各种状态的示例事件；密码从终端或标准输入读取。
    """
    password = password_from(lang)
    for login in SHOWN:
        check_new_password(password, login)
    with store_in(home) as (settings, store), owner_of(store) as conn:
        now, today = clock_of(settings)
        since, town = _town(conn, plan, today)
        begin = datetime.combine(since, time(), ZoneInfo(settings.zone))
        passwords = Passwords()
        with passwords.turn():
            password_hash = passwords.hash(password)
        run(conn, "BEGIN")
        desks = furnish(conn, town, password_hash, since=begin, now=now, today=today)
        run(conn, "COMMIT")
        rules = Rulebook()
        with closing(Pool(store.app_dsn, size=2)) as pool:
            calendar = rules.deadlines(conn).calendar
            stage = Stage(town=town, desks=desks, pool=pool, now=now, zone=settings.zone, rules=rules, calendar=calendar)
            told = play(stage, seed=seed)
            rounds = go_round(stage, conn, since=since, seed=seed)
        run(conn, "BEGIN")
        rounds["stations"] += place(conn, town, desks, seed=seed, now=now, today=today)
        rounds["assets"] = watch_over(conn, town, desks, seed=seed, now=now)
        run(conn, "COMMIT")
    if as_json:
        say.json({"people": desks.made, "incidents": told, "rounds": rounds, "logins": list(SHOWN)})
    else:
        say.line(
            lang,
            en=f"{desks.made} people are new, and {told} cases; who may sign in: {', '.join(SHOWN)}",
            zh=f"新增{desks.made}人、{told}件事件；可登录：{'、'.join(SHOWN)}",
        )


def _town(conn: connection, number: str, today: date) -> tuple[date, Settled]:
    """Return since when a plan is in force, and its town."""
    plan = plans.get(conn, plans.find(conn, number))
    if plan.effective_from is None or not plans.is_in_force(conn, plan, today):
        raise Conflict(f"plan {plan.number} is not in force", code="not-in-force")
    net = plans.net(conn, plan)
    return plan.effective_from, settled(net, town_of(conn, plan, communities=None))
