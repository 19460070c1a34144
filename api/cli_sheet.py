"""The command that prints: `wangge sheet`, one grid on one map (一格一图)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import report as say
from api.sheet_ground import sheet_ground
from api.sheet_staff import sheet_staff
from data.plan_files import finding_record
from data.spelling import did_you_mean
from data.town import read_town
from gis.errors import InputError
from gis.finding import Finding, Severity
from maps.sheets.values import Form, Paper, SheetOptions, Show, Volume

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(add_completion=False)


@app.command("sheet", epilog="Example:  wangge sheet demo/plan --town demo/town --all --out demo/sheets")
def print_sheets(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="The folder of a plan.")],
    town: Annotated[Path, typer.Option("--town", help="The town that the plan divides.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the sheets; those that lie there already stay.")],
    *,
    grid: Annotated[list[str] | None, typer.Option("--grid", metavar="CODE", help="A grid; may be said again.")] = None,
    whole: Annotated[bool, typer.Option("--all", help="Every grid of the plan.")] = False,
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
        list[Show] | None, typer.Option(help="What of the staff to print: names, phones (of the office). Nothing unless said.")
    ] = None,
    fonts: Annotated[str, typer.Option(help="Folder with Noto Sans CJK, where the system has none.")] = "",
    workers: Annotated[int | None, typer.Option(help="Processes; all processors unless said otherwise.", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
    lang: Annotated[
        say.Language,
        typer.Option("--lang", envvar="WANGGE_LANG", help="Language of the sheets and of what is printed: zh or en."),
    ] = say.Language.zh,
) -> None:
    """Print a sheet for a grid, or for every grid: PDF, SVG or PNG, to a true scale.

    打印一格一图：按真实比例尺输出网格图。
    """
    # The library that draws takes a second to import; no other command waits for it.
    from maps.sheets.atlas import make_atlas  # noqa: PLC0415 - see above

    printed = _day(day)
    options = SheetOptions(
        paper=paper,
        form=form,
        lang=lang.value,
        review_number=review_number,
        day=day,
        source=source,
        card_url=_card(card_url),
        hotline=hotline,
        staff=sheet_staff(staff.read_bytes(), printed, names=Show.NAMES in (show or ()), phones=Show.PHONES in (show or ()))
        if staff
        else {},
        fonts=fonts,
    )
    ground = sheet_ground(plan, read_town(town))
    rows = _rows(ground.code, grid or [], whole=whole)
    with say.progress("打印" if lang is say.Language.zh else "printing") as shown:
        made = make_atlas(ground, rows, options, out, volume=volume, workers=workers, progress=shown)
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


def _rows(codes: Sequence[str], wanted: list[str], *, whole: bool) -> list[int]:
    """Return the rows of the grids that are asked for, by code; all that are unknown at once."""
    row_of = {code: row for row, code in enumerate(codes)}
    if whole == bool(wanted):
        _refuse(
            "grids_unsaid",
            "name the grids with --grid CODE, or all with --all",
            "请用 --grid 指定网格编码，或用 --all 指定全部",
        )
    findings: list[Finding] = []
    for code in wanted:
        if code not in row_of:
            hint = did_you_mean(code, codes)
            en, zh = f"the plan has no grid {code}{hint['hint']}", f"方案中没有网格 {code}{hint['hint_zh']}"
            findings.append(Finding(kind="unknown_grid", severity=Severity.ERROR, en=en, zh=zh, field="grid"))
    if findings:
        raise InputError("; ".join(found.en for found in findings), findings)
    return [row_of[code] for code in sorted(row_of if whole else set(wanted))]


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
