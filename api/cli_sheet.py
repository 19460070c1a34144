"""The command that prints: `wangge sheet`, one grid on one map (一格一图)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import report as say
from api.cli_options import AsJson, Workers
from api.sheet_change import change_ground, compare_nets
from api.sheet_ground import ground_of, net_of
from api.sheet_staff import sheet_staff
from data.plan_files import finding_record
from data.spelling import did_you_mean
from data.town import read_town
from gis.errors import InputError
from gis.finding import Finding, Severity
from maps.sheets.values import Form, Paper, SheetOptions, Show, Volume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maps.sheets.values import SheetGround

app = typer.Typer(add_completion=False)


@app.command("sheet", epilog="Example:  wangge sheet demo/plan --town demo/town --all --out demo/sheets")
def print_sheets(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="The folder of a plan.")],
    town: Annotated[Path, typer.Option("--town", help="The town that the plan divides.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the sheets; those that lie there already stay.")],
    *,
    grid: Annotated[list[str] | None, typer.Option("--grid", metavar="CODE", help="A grid; may be said again.")] = None,
    community: Annotated[
        list[str] | None, typer.Option("--community", metavar="CODE", help="Every grid of a community; may be said again.")
    ] = None,
    whole: Annotated[bool, typer.Option("--all", help="Every grid of the plan.")] = False,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="OLD", help="Print what the plan changes against another plan of the town (方案对比)."),
    ] = None,
    paper: Annotated[Paper, typer.Option(help="Paper, landscape.")] = Paper.A4,
    form: Annotated[Form, typer.Option("--format", help="Form of file.")] = Form.PDF,
    volume: Annotated[
        Volume, typer.Option(help="Bind the sheets into documents too, by community, by street, or all.")
    ] = Volume.NONE,
    review_number: Annotated[str, typer.Option(help="Number of the map review (审图号).")] = "",
    day: Annotated[str, typer.Option("--date", help="Date to print, as 2026-01-31; none unless said.")] = "",
    source: Annotated[str, typer.Option(help="Whose data it is, to print.")] = "",
    card_url: Annotated[str, typer.Option(help="Address of a grid's public card with {code} in it, for the QR code.")] = "",
    hotline: Annotated[str, typer.Option(help="The hotline, such as 12345.")] = "",
    staff: Annotated[Path | None, typer.Option(help="List of staff, as `wangge staff load` reads it.")] = None,
    show: Annotated[
        list[Show] | None,
        typer.Option(help="What of the staff to print: names, phones (of the office), forces, services. Nothing unless said."),
    ] = None,
    fonts: Annotated[str, typer.Option(help="Folder with Noto Sans CJK, where the system has none.")] = "",
    workers: Workers = None,
    as_json: AsJson = False,
    lang: Annotated[
        say.Language,
        typer.Option("--lang", envvar="WANGGE_LANG", help="Language of the sheets and of what is printed: zh or en."),
    ] = say.Language.zh,
) -> None:
    """Print a sheet for a grid, or for every grid: PDF, SVG or PNG, to a true scale; or what a plan changes.

    打印一格一图或方案对比图：按真实比例尺输出。
    """
    # The library that draws takes a second to import; no other command waits for it.
    from maps.sheets.atlas import make_atlas  # noqa: PLC0415 - see above
    from maps.sheets.change_atlas import make_change_atlas  # noqa: PLC0415 - see above

    printed = _day(day)
    posts, told = sheet_staff(staff.read_bytes(), printed, show or (), lang.value) if staff else ({}, {})
    options = SheetOptions(
        paper=paper,
        form=form,
        lang=lang.value,
        review_number=review_number,
        day=day,
        source=source,
        card_url=_card(card_url),
        hotline=hotline,
        staff=posts,
        told=told,
        fonts=fonts,
    )
    divided = read_town(town)
    net = net_of(plan, divided)
    ground = ground_of(net, divided)
    with say.progress("打印" if lang is say.Language.zh else "printing") as shown:
        if compare is None:
            rows = _rows(ground, grid or [], community or [], whole=whole)
            made = make_atlas(ground, rows, options, out, volume=volume, workers=workers, progress=shown)
        else:
            beside = compare_nets(
                net_of(compare, divided), net, ids=divided.households.id, households=divided.households.households
            )
            change = change_ground(ground, beside, old_title=compare.resolve().name, new_title=plan.resolve().name)
            wanted = _homes(ground, grid or [], community or [], whole=whole)
            made = make_change_atlas(change, wanted, options, out, volume=volume, workers=workers, progress=shown)
    if as_json:
        say.json(
            {
                "folder": str(out),
                "made": made.made,
                "kept": made.kept,
                "files": [entry.file for entry in made.entries],
                "findings": [finding_record(found) for found in made.findings],
            }
        )
        return
    say.findings(made.findings, lang)
    say.line(
        lang,
        en=f"{made.made} sheets or volumes made, {made.kept} already there: {out}",
        zh=f"已生成 {made.made} 个图件，{made.kept} 个已有且未变：{out}",
    )


def _rows(ground: SheetGround, grids: list[str], communities: list[str], *, whole: bool) -> list[int]:
    """Return the rows of the grids that are asked for, by code; all that are unknown at once."""
    row_of = {code: row for row, code in enumerate(ground.code)}
    if whole == bool(grids or communities):
        _refuse(
            "grids_unsaid",
            "name the grids with --grid CODE or --community CODE, or all with --all",
            "请用 --grid 指定网格编码，或用 --community 指定社区编码，或用 --all 指定全部",
        )
    homes = _known(communities, ground.community_code, "community", "社区")
    _known(grids, ground.code, "grid", "网格")
    inside = {code for code, row in row_of.items() if int(ground.community[row]) in homes}
    return [row_of[code] for code in sorted(row_of if whole else inside | set(grids))]


def _homes(ground: SheetGround, grids: list[str], communities: list[str], *, whole: bool) -> list[int]:
    """Return the communities to compare, in the order of their codes; of those that the plan divides."""
    if grids or whole == bool(communities):
        _refuse(
            "communities_unsaid",
            "name the communities to compare with --community CODE, or all with --all",
            "请用 --community 指定要对比的社区编码，或用 --all 指定全部",
        )
    divided = {ground.community_code[n]: n for n in set(ground.community.tolist())}
    _known(communities, list(divided), "community", "社区")
    return [divided[code] for code in sorted(divided if whole else set(communities))]


def _known(wanted: list[str], codes: Sequence[str], field: str, zh_word: str) -> set[int]:
    """Return the places of codes among those there are; all that are unknown are refused at once."""
    place_of = {code: n for n, code in enumerate(codes)}
    findings: list[Finding] = []
    for code in wanted:
        if code not in place_of:
            hint = did_you_mean(code, codes)
            en, zh = f"the plan has no {field} {code}{hint['hint']}", f"方案中没有{zh_word} {code}{hint['hint_zh']}"
            findings.append(Finding(kind=f"unknown_{field}", severity=Severity.ERROR, en=en, zh=zh, field=field))
    if findings:
        raise InputError("; ".join(found.en for found in findings), findings)
    return {place_of[code] for code in wanted}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return _refuse(
            "no_date", f"--date wants a day as 2026-01-31, not {text!r}", f"--date 应为 2026-01-31 形式的日期，而不是 {text!r}"
        )


def _card(address: str) -> str:
    if address and ("{code}" not in address or not address.startswith(("http://", "https://"))):
        _refuse(
            "no_card",
            "--card-url wants an address with {code} in it, as https://grid.example/card/{code}",
            "--card-url 应为含有 {code} 的网址，如 https://grid.example/card/{code}",
        )
    return address


def _refuse(kind: str, en: str, zh: str) -> None:
    raise InputError(en, [Finding(kind=kind, severity=Severity.ERROR, en=en, zh=zh)])
