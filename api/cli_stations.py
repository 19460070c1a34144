"""The commands about stations: `stations site` chooses where they stand, `stations load` brings them into the store."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from api import report as say
from api.cli_options import AsJson, Home, Lang
from api.cli_store import clock_of, owner_of, speak_for_all, store_in
from data.layers import digests_of
from data.plan_files import GEOPACKAGE, PLAN_JSON
from data.plan_folder import read_homes, read_plan
from data.station_files import check_stations_target, read_stations, write_stations
from data.stations_there import NONE, read_there
from data.store.sql import run
from data.store.station_load import bring_in
from data.town import read_town
from gis.errors import InputError, RulesError
from gis.locate import NOWHERE
from gis.town import LineKind
from partition.search.cover import Status
from partition.stations import site_stations
from partition.stations_proof import prove_stations
from partition.walk import along_ways, straight

if TYPE_CHECKING:
    from data.stations_there import There
    from partition.stations import Siting
    from partition.walk import Walk

app = typer.Typer(help="Stations and whom they serve. 驿站选址与服务片区。", no_args_is_help=True, add_completion=False)

WALKED = (LineKind.LANE, LineKind.ROAD, LineKind.MAIN_ROAD)
"""Lines of a town that people walk along."""


@app.callback()
def stations() -> None:
    """Stations and whom they serve.

    驿站选址与服务片区。
    """


@app.command("site", epilog="Example:  wangge stations site demo/plan --count 40 --out demo/sites --town demo/town")
def site(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Folder of a plan, as wangge divide writes it.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the stations; written whole or not at all.")],
    *,
    count: Annotated[
        int | None, typer.Option(help="How many; unless said as few as everybody can walk to in time.", min=1)
    ] = None,
    town: Annotated[
        Path | None, typer.Option("--town", help="The town: people walk along its roads; in straight lines without it.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option("--keep", help="Points of stations that are there and stay: .geojson, .gpkg, .shp.")
    ] = None,
    minutes: Annotated[float, typer.Option(help="How long people should walk at most.", min=1, max=120)] = 15.0,
    pace: Annotated[float, typer.Option(help="Metres that they walk in a minute.", min=1, max=200)] = 75.0,
    detour: Annotated[float, typer.Option(help="How much longer ways are than straight lines.", min=1, max=5)] = 1.3,
    prefix: Annotated[str, typer.Option(help="What the codes of new stations begin with.")] = "S",
    name: Annotated[str, typer.Option(help="What new stations are called, before their number.")] = "驿站",
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Choose where stations stand and group the grids of a plan around them, so that people walk least.

    驿站选址：按居民步行距离最短划片，每个网格恰属一个片区。
    """
    check_stations_target(out)
    record, net = read_plan(plan)
    homes = read_homes(plan, net)
    there = NONE if keep is None else read_there(keep, record["frame"], net)
    walk = straight(detour) if town is None else _ways(town, record["frame"], detour)
    siting = site_stations(net.polygon, homes, walk, reach_m=minutes * pace, count=count, kept=there.xy)
    prove_stations(siting, net.polygon, homes)
    codes, names = _named(siting, there, prefix, name)
    asked = {"count": count, "minutes": minutes, "pace_m": pace, "detour": detour, "ways": town is not None}
    inputs = digests_of(plan / GEOPACKAGE, plan) | digests_of(plan / PLAN_JSON, plan)
    about = {"town": record["town"], "frame": record["frame"], "asked": asked, "inputs": inputs}
    found = write_stations(out, siting, net, crs=record["frame"], codes=codes, names=names, about=about)
    if as_json:
        say.json(found)
    else:
        _tell(found, minutes, out, lang)


@app.command("load", epilog="Example:  wangge stations load demo/sites")
def load(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of stations, as wangge stations site writes it.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come in, and change nothing.")] = False,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Bring stations into the store; known again by their codes, they move and serve other grids. All come in or none.

    导入选址结果；以编码识别驿站，重复导入不会重复添加。
    """
    sited = read_stations(folder)
    with store_in(home) as (settings, store), owner_of(store) as conn:
        now, today = clock_of(settings)
        run(conn, "BEGIN")
        speak_for_all(conn, today)
        done = bring_in(conn, sited, now=now, day=today, file=folder.name)
        run(conn, "ROLLBACK" if dry_run else "COMMIT")
    if as_json:
        say.json({"folder": str(folder), **asdict(done)})
        return
    say.line(
        lang,
        en=f"{folder}: {done.added} stations are new, {done.changed} were there",
        zh=f"{folder}：驿站 新增{done.added} 已有{done.changed}",
    )


def _ways(town: Path, crs: str, detour: float) -> Walk:
    known = read_town(town)
    if known.frame.crs != crs:
        raise InputError(f"the town is in {known.frame.crs}, the plan in {crs}: name the town that the plan was made from")
    return along_ways(known.barriers.line[np.isin(known.barriers.kind, WALKED)], detour)


def _named(siting: Siting, there: There, prefix: str, name: str) -> tuple[list[str], list[str]]:
    """Return the codes and names of stations: those that stay have theirs, new ones are numbered in raster order."""
    wide = len(str(len(siting)))
    number, codes, names = 0, list[str](), list[str]()
    for old in siting.kept.tolist():
        if old != NOWHERE:
            codes.append(there.code[old])
            names.append(there.name[old])
            continue
        number += 1
        while f"{prefix}{number:0{wide}}" in there.code:
            number += 1
        codes.append(f"{prefix}{number:0{wide}}")
        names.append(f"{name}{number:0{wide}}")
    if len(set(codes)) != len(codes):
        raise RulesError("two stations would have the same code; choose another --prefix")
    return codes, names


def _tell(found: dict[str, Any], minutes: float, out: Path, lang: say.Language) -> None:
    share = "–" if found["reached_share"] is None else f"{100 * found['reached_share']:.1f} %"
    far = 100 * (1 - found["bound_m"] / found["score_m"]) if found["score_m"] else 0.0
    say.line(
        lang,
        en=f"stations: {found['stations']} for {found['grids']} grids, {found['grids_per_station']} grids each",
        zh=f"驿站：{found['stations']}个，网格{found['grids']}个，每站{found['grids_per_station']}个网格",
    )
    say.line(
        lang,
        en=f"people walk {found['mean_walk_m']} m on the mean, {found['farthest_walk_m']} m at most",
        zh=f"居民到站步行距离：平均{found['mean_walk_m']}米，最远{found['farthest_walk_m']}米",
    )
    say.line(
        lang,
        en=f"within {minutes:g} minutes: {found['households_reached']} of {found['households']} households, {share}",
        zh=f"{minutes:g}分钟步行圈覆盖：{found['households_reached']}户 ÷ {found['households']}户 = {share}",
    )
    if found["fewest"] is not None:
        say.line(
            lang,
            en=f"no fewer than {found['fewest']} stations reach everybody whom one can reach",
            zh=f"能覆盖的住户全部覆盖，至少需要{found['fewest']}个驿站",
        )
    if found["status"] == Status.OPTIMAL:
        say.line(lang, en="no choice of so many stations is better: proven", zh="同样数量下已证明为最优")
    else:
        say.line(
            lang,
            en=f"no choice of so many stations is better by more than {far:.2f} %",
            zh=f"同样数量下，距最优不超过{far:.2f} %",
        )
    say.line(lang, en=f"written to {out}", zh=f"已写入 {out}")
