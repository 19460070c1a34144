"""The command line: `wangge check`, `divide`, `audit`, `reproduce`, `sample`.

A net drawn anew is in `cli_redraw.py`, two plans side by side in `cli_diff.py`, commands about the store in `cli_store.py`,
printed sheets in `cli_sheet.py`, those about incidents, departments' own nets, profiles, staff, stations and the work of a
sample town in `cli_incidents.py`, `cli_legacy.py`, `cli_profile.py`, `cli_staff.py`, `cli_stations.py`, `cli_sample.py`.

Exit codes: 0 done and clean, 1 findings that stop or a layer that is not clean, 2 wrong use.
"""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from api import (
    cli_diff,
    cli_incidents,
    cli_legacy,
    cli_profile,
    cli_redraw,
    cli_sample,
    cli_sheet,
    cli_sheet_store,
    cli_staff,
    cli_stations,
    cli_store,
)
from api import report as say
from api.cli_options import AsJson, Lang, RulesFile, TownFolder, Workers
from api.cli_redraw import redrawn_again
from api.plan_view import plan_view
from api.read_rules import read_rules
from api.spread import spread_over
from data.grid_layer import read_grid_layer
from data.plan_files import (
    ASSIGNMENT,
    GEOJSON,
    PLAN_JSON,
    assignment,
    audit_record,
    check_target,
    finding_record,
    geojson,
    plan_record,
    write_plan,
)
from data.sample import write_sample
from data.town import check_town, read_town
from gis.errors import BrokenPlan, InputError, WanggeError
from gis.finding import stops
from maps.grids import plan_page
from partition.audit import audit
from partition.engine import divide
from partition.prove import prove
from partition.rules import rules_from

if TYPE_CHECKING:
    from gis.town import Town
    from partition.plan import Plan
    from partition.rules import Rules

app = typer.Typer(
    name="wangge",
    help="wangge 网格: divides communities into governance grids, and proves them. 社区网格划分与校核。",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

app.add_typer(cli_store.app)
app.add_typer(cli_sample.app)
app.add_typer(cli_diff.app)
app.add_typer(cli_redraw.app)
app.add_typer(cli_sheet.app)
app.add_typer(cli_sheet_store.app)
app.add_typer(cli_store.admin_app, name="admin")
app.add_typer(cli_incidents.app, name="incidents")
app.add_typer(cli_profile.app, name="profile")
app.add_typer(cli_legacy.app, name="legacy")
app.add_typer(cli_staff.app, name="staff")
app.add_typer(cli_stations.app, name="stations")


@app.command(epilog="Example:  wangge check demo/town")
def check(town: TownFolder, *, as_json: AsJson = False, lang: Lang = say.Language.zh) -> None:
    """Say everything that is wrong with a town's files; writes nothing.

    检查城镇数据，只报告，不写任何文件。
    """
    findings = check_town(town)
    if as_json:
        say.json({"findings": [finding_record(f) for f in findings], "usable": not stops(findings)})
    else:
        say.findings(findings, lang)
    raise typer.Exit(1 if stops(findings) else 0)


@app.command("divide", epilog="Example:  wangge divide demo/town --out demo/plan --seed 1")
def divide_town(
    town: TownFolder,
    out: Annotated[Path, typer.Option("--out", help="Folder for the plan; written whole or not at all.")],
    *,
    rules: RulesFile = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same plan.")] = 1,
    workers: Workers = None,
    blocks: Annotated[bool, typer.Option("--blocks", help="Also write the layer of blocks.")] = False,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Divide a town into grids, prove them, and write the plan with its map.

    划分网格并证明其无缝无叠。
    """
    check_target(out)
    known = read_town(town)
    plan = _divided(known, read_rules(rules), seed, workers, lang)
    proof = prove(plan, known)
    write_plan(out, plan, known, proof, pages={"map.html": plan_page(plan_view(plan, known), lang=lang.value)}, blocks=blocks)
    if as_json:
        sys.stdout.write((out / PLAN_JSON).read_text(encoding="utf-8"))
    else:
        say.findings((*known.findings, *plan.findings), lang)
        say.plan(plan, proof, out, lang)


@app.command("audit", epilog="Example:  wangge audit demo/plan/grids.gpkg --town demo/town")
def audit_layer(
    grids: Annotated[Path, typer.Argument(metavar="GRIDS", help="Any grid layer: .gpkg, .geojson, .shp, .parquet.")],
    town: Annotated[Path, typer.Option("--town", help="The town that the grids divide.")],
    *,
    layer: Annotated[str | None, typer.Option(help="Layer of a GeoPackage; `grids` unless said otherwise.")] = None,
    rules: RulesFile = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Check any grid layer: gaps, overlaps, households in none or two, band.

    校核任意网格图层：盲区、重叠、漏户、重户、规模。
    """
    known = read_town(town)
    found, noded = read_grid_layer(grids, known.frame, layer=layer)
    result = audit(found, town=known, rules=read_rules(rules), communities=noded, file=grids.name)
    if as_json:
        say.json(audit_record(result))
    else:
        say.findings(result.findings, lang)
        say.audit(result, lang)
    raise typer.Exit(0 if result.clean else 1)


@app.command(epilog="Example:  wangge reproduce demo/plan/plan.json --town demo/town")
def reproduce(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="The plan.json of a plan.")],
    town: Annotated[Path, typer.Option("--town", help="The town that it was made from.")],
    *,
    old: Annotated[Path | None, typer.Option("--from", help="The grids that it was redrawn from, where it was.")] = None,
    workers: Workers = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Make a plan again from its plan.json and say whether every byte is the same.

    按plan.json重新生成并逐字节比对。
    """
    record = _record(plan)
    known = read_town(town)
    changed = sorted(
        name for name in {*record["inputs"], *known.digests} if record["inputs"].get(name) != known.digests.get(name)
    )
    differ: list[str] = []
    if not changed:
        if "redrawn" in record:
            again = redrawn_again(record, known, old, workers, lang)
        else:
            again = _divided(known, rules_from(record["rules"]), int(record["seed"]), workers, lang)
        outputs = {GEOJSON: geojson(again, known), ASSIGNMENT: assignment(again, known)}
        digests = plan_record(again, known, prove(again, known), outputs)["outputs"]
        differ = sorted(name for name in digests if digests[name] != record["outputs"].get(name))
    if as_json:
        say.json({"same": not (changed or differ), "inputs_changed": changed, "outputs_different": differ})
    elif changed:
        say.line(
            lang,
            en=f"the town is not the one that the plan was made from: {', '.join(changed)} changed",
            zh=f"城镇数据与方案所用不同：{', '.join(changed)}已变化",
        )
    elif differ:
        say.line(lang, en=f"different: {', '.join(differ)}", zh=f"不一致：{', '.join(differ)}")
    else:
        say.line(lang, en="the same, byte for byte", zh="逐字节一致")
    raise typer.Exit(1 if changed or differ else 0)


@app.command(epilog="Example:  wangge sample demo/town --households 50000 --seed 1")
def sample(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the sample town.")],
    *,
    households: Annotated[int, typer.Option(help="How many households.", min=1000)] = 50_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same town.")] = 1,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Write an invented Chinese town of any size to try things on.

    生成任意规模的示例城镇（虚构）。
    """
    write_sample(folder, households=households, seed=seed)
    if as_json:
        say.json({"town": str(folder), "households": households, "seed": seed})
    else:
        say.line(lang, en=f"the sample town is in {folder}", zh=f"示例城镇已写入 {folder}")


def _record(path: Path) -> dict[str, Any]:
    """Read a plan.json, or say what is wrong with it."""
    try:
        record = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        msg = f"{path} is no plan.json: {error}"
        raise WanggeError(msg) from error
    missing = [name for name in ("inputs", "outputs", "rules", "seed") if not isinstance(record, dict) or name not in record]
    if missing:
        msg = f"{path} is no plan.json: it does not say {', '.join(missing)}"
        raise WanggeError(msg)
    return record


def _divided(town: Town, rules: Rules, seed: int, workers: int | None, lang: say.Language) -> Plan:
    with say.progress("划分" if lang is say.Language.zh else "dividing") as shown, spread_over(workers, shown) as spread:
        return divide(town, rules, seed=seed, spread=spread)


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; what can go wrong is said on stderr, all of it."""
    try:
        result: Any = app(arguments, standalone_mode=False)
    except typer.Exit as ended:
        return ended.exit_code
    except (InputError, BrokenPlan) as error:
        say.stopped(error, _language(arguments))
        return 1
    except (WanggeError, OSError) as error:
        say.stopped(error, _language(arguments))
        return 2
    except Exception as error:
        usage = getattr(error, "exit_code", None)
        if usage is None:
            raise
        say.usage(error)
        return int(usage)
    return int(result or 0)


def _language(arguments: list[str] | None) -> say.Language:
    """Find the language that was asked for, also where the arguments could not be parsed."""
    words = sys.argv[1:] if arguments is None else arguments
    asked = [b for a, b in pairwise(words) if a == "--lang"] + [
        a.removeprefix("--lang=") for a in words if a.startswith("--lang=")
    ]
    wanted = asked[-1] if asked else os.environ.get("WANGGE_LANG", "zh")
    return say.Language.en if wanted == "en" else say.Language.zh


def main() -> None:
    """Be the console command."""
    sys.exit(run())


__all__ = ["PLAN_JSON", "app", "main", "run"]
