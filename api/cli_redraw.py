"""The command that draws a net anew on the town as it is now: `wangge redraw`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from api import report as say
from api.cli_options import AsJson, Lang, RulesFile, TownFolder, Workers
from api.plan_view import plan_view
from api.read_rules import read_rules
from api.spread import spread_over
from data.grid_layer import read_grid_layer
from data.layers import digests_of
from data.plan_files import GEOPACKAGE, PLAN_JSON, check_target, write_plan
from data.plan_folder import is_plan, read_plan
from data.town import read_town
from gis.errors import InputError
from maps.grids import plan_page
from partition.prove import prove
from partition.redraw import OldNet, redraw
from partition.rules import rules_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gis.town import Town
    from partition.plan import Plan
    from partition.redraw import Redrawn
    from partition.rules import Rules

app = typer.Typer(add_completion=False)

_ADVISED = "advised"
_LEVELS: Mapping[str, tuple[str, str]] = {
    "kept": ("照旧", "kept"), "few": ("少调整", "few"), "some": ("适中", "some"), "free": ("不限", "free"),
}  # fmt: skip


@app.command("redraw", epilog="Example:  wangge redraw demo/town --from demo/plan --out demo/redrawn")
def redraw_town(
    town: TownFolder,
    out: Annotated[Path, typer.Option("--out", help="Folder for the plan; written whole or not at all.")],
    *,
    old: Annotated[
        Path | None,
        typer.Option("--from", help="The grids that there are: a plan's folder or any layer; else the town's existing_grids."),
    ] = None,
    take: Annotated[
        str, typer.Option(help="Which way to write: kept, few, some, free; or what the rules prefer: advised.")
    ] = _ADVISED,
    lock: Annotated[list[str] | None, typer.Option(help="Code of a grid that stays as it is; may be said again.")] = None,
    rules: RulesFile = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same plan.")] = 1,
    workers: Workers = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Draw grids anew that are there already, so that few households change grid; the ways to do it are listed.

    在现有网格基础上重新划分：以较少的户数调整恢复达标。
    """
    if take not in {_ADVISED, *_LEVELS}:
        raise typer.BadParameter(f"--take is one of {', '.join((_ADVISED, *_LEVELS))}")
    check_target(out)
    known, wanted = read_town(town), read_rules(rules)
    drawn = _redrawn(known, old, _Wish(wanted, seed, tuple(sorted(lock or ()))), workers, lang)
    level = drawn.options[drawn.advised].level if take == _ADVISED else take
    made = drawn.plan(level)
    proof = prove(made, known)
    asked = {"from": _digests(old), "level": level, "locked": sorted(lock or ()), "alternatives": _alternatives(drawn)}
    pages = {"map.html": plan_page(plan_view(made, known), lang=lang.value)}
    write_plan(out, made, known, proof, pages=pages, redrawn=asked)
    if as_json:
        sys.stdout.write((out / PLAN_JSON).read_text(encoding="utf-8"))
        return
    say.findings((*known.findings, *made.findings), lang)
    _tell(drawn, level, lang)
    say.plan(made, proof, out, lang)


def redrawn_again(record: Mapping[str, Any], town: Town, old: Path | None, workers: int | None, lang: say.Language) -> Plan:
    """Return the plan that a record says was redrawn, made again.

    Raises
    ------
    InputError
        The grids that it was redrawn from are not named, or have changed.
    """
    asked = record["redrawn"]
    if asked["from"] and old is None:
        raise InputError(f"this plan was redrawn from {', '.join(asked['from'])}: name it by --from")
    if _digests(old) != asked["from"]:
        raise InputError(f"{old} is not what this plan was redrawn from")
    wish = _Wish(rules_from(record["rules"]), int(record["seed"]), tuple(asked["locked"]))
    drawn = _redrawn(town, old, wish, workers, lang)
    return drawn.plan(asked["level"])


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is asked of the search."""

    rules: Rules
    seed: int
    locked: tuple[str, ...]


def _redrawn(town: Town, old: Path | None, wish: _Wish, workers: int | None, lang: say.Language) -> Redrawn:
    there = _old_net(town, old)
    with say.progress("调整" if lang is say.Language.zh else "redrawing") as shown, spread_over(workers, shown) as spread:
        return redraw(town, there, wish.rules, seed=wish.seed, locked=wish.locked, spread=spread)


def _old_net(town: Town, path: Path | None) -> OldNet:
    """Return the grids that there are; rows of one code are one grid."""
    if path is not None and path.is_dir() and is_plan(path):
        record, net = read_plan(path)
        if record["frame"] != town.frame.crs:
            raise InputError(f"the plan is in {record['frame']}, the town in {town.frame.crs}: name that frame in town.toml")
        return OldNet(code=net.code, name=net.name, dedicated=np.asarray(net.dedicated, dtype=bool), polygon=net.polygon)
    if path is None:
        if not town.existing_grids.code:
            raise InputError("say --from: the town has no existing_grids of its own")
        code, polygon = town.existing_grids.code, town.existing_grids.polygon
        kind = ("",) * len(code)
    else:
        layer, _ = read_grid_layer(path, town.frame)
        code, polygon, kind = layer.code, layer.polygon, layer.kind
    return OldNet.of(code, [each == "dedicated" for each in kind], polygon)


def _digests(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    file = path / GEOPACKAGE if path.is_dir() else path
    return digests_of(file, file.parent)


def _alternatives(drawn: Redrawn) -> list[dict[str, Any]]:
    total = int(drawn.town.households.households.sum())
    return [
        {
            "level": each.level,
            "households_moved": each.figures.households_moved,
            "moved_share": round(each.figures.households_moved / total, 4) if total else None,
            "grids": each.figures.grids,
            "in_band": each.figures.in_band,
            "broken": each.figures.broken,
            "score": round(each.figures.price, 2),
        }
        for each in drawn.options
    ]


def _tell(drawn: Redrawn, level: str, lang: say.Language) -> None:
    if drawn.astray or drawn.nowhere:
        say.line(
            lang,
            en=f"{drawn.astray} households changed grid because an old line cuts their block; {drawn.nowhere} were in no grid",
            zh=f"原边界切开地块而调整：{drawn.astray}户；原不在任何网格内：{drawn.nowhere}户",
        )
    for each in _alternatives(drawn):
        score, (zh, en) = each["score"], _LEVELS[each["level"]]
        mark = "→" if each["level"] == level else " "
        share = "–" if each["moved_share"] is None else f"{100 * each['moved_share']:.2f} %"
        moved, grids, good = each["households_moved"], each["grids"], each["in_band"]
        say.line(
            lang,
            en=f"{mark} {en}: {moved} households change grid ({share}), {good} of {grids} in the band, score {score}",
            zh=f"{mark} {zh}：调整{moved}户（{share}），达标{good} ÷ {grids}，评分{score}",
        )
