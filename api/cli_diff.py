"""The command that holds two plans side by side: `wangge diff`, what became of each grid and who changed grid."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api import report as say
from api.cli_options import AsJson, Lang
from api.csv_table import csv_lines
from api.sheet_change import compare_nets
from data.plan_folder import read_homes, read_plan
from partition.lineage import Op

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partition.net_diff import Compared

app = typer.Typer(add_completion=False)

_ZH: Mapping[Op, str] = {
    Op.KEEP: "不变", Op.RESHAPE: "调整", Op.SPLIT: "拆分", Op.MERGE: "合并", Op.NEW: "新设", Op.RETIRE: "撤销",
}  # fmt: skip
_COLUMNS = ("op", "from_code", "from_name", "to_code", "to_name", "households", "households_moved", "share")


@app.command("diff", epilog="Example:  wangge diff demo/plan demo/newer --out changes.csv")
def diff_plans(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Folder of the plan before.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Folder of the plan after.")],
    *,
    out: Annotated[Path | None, typer.Option("--out", help="Also write every line of the register here, as CSV.")] = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Say what became of each grid, and how many households changed grid. Households are those of the plan after.

    对比两个方案：网格沿革与调整所属网格的户数。
    """
    before, after = read_plan(old)[1], read_plan(new)[1]
    found = compare_nets(before, after, ids=after.household_id, households=read_homes(new, after).households)
    rows = _rows(found)
    if out is not None:
        out.write_bytes(csv_lines(_COLUMNS, rows))
    if as_json:
        say.json(_figures(found) | {"changes": [row for row in rows if row["op"] != Op.KEEP]})
    else:
        _tell(found, rows, lang)
    raise typer.Exit(0 if found.diff.touched_old + found.diff.touched_new == 0 else 1)


def _rows(found: Compared) -> list[dict[str, Any]]:
    """Return the lines of the register, those of kept grids too; a grid is named where it stands."""
    old, new = ({} if net is None else dict(zip(net.code, net.name, strict=True)) for net in (found.old, found.new))
    return [
        {
            "op": row.op.value,
            "from_code": row.from_code or "",
            "from_name": old.get(row.from_code or "", ""),
            "to_code": row.to_code or "",
            "to_name": new.get(row.to_code or "", ""),
            "households": row.households,
            "households_moved": row.households_moved,
            "share": round(row.share, 4),
        }
        for row in found.diff.rows()
    ]


def _figures(found: Compared) -> dict[str, Any]:
    diff = found.diff
    households = int(diff.pairs.households.sum())
    return {
        "grids_before": len(diff.old),
        "grids_after": len(diff.new),
        "fate": {op.value: n for op, n in sorted(Counter(diff.fate).items())},
        "origin": {op.value: n for op, n in sorted(Counter(diff.origin).items())},
        "flags": {flag.value: n for flag, n in sorted(Counter(diff.new_flag).items())},
        "households": households,
        "households_moved": diff.households_moved,
        "moved_share": round(diff.households_moved / households, 4) if households else None,
    }


def _tell(found: Compared, rows: list[dict[str, Any]], lang: say.Language) -> None:
    figures = _figures(found)
    share = "–" if figures["moved_share"] is None else f"{100 * figures['moved_share']:.2f} %"
    say.line(
        lang,
        en=f"grids: {figures['grids_before']} before, {figures['grids_after']} after",
        zh=f"网格：原{figures['grids_before']}个，现{figures['grids_after']}个",
    )
    of = ", " if lang is say.Language.en else "，"
    for name, zh, en in (
        ("fate", "原网格去向", "what became of the old ones"),
        ("origin", "新网格来源", "where the new come from"),
    ):
        told = [f"{_ZH[Op(op)] if lang is say.Language.zh else op} {n}" for op, n in figures[name].items()]
        say.line(lang, en=f"{en}: {of.join(told)}", zh=f"{zh}：{of.join(told)}")
    moved, households = figures["households_moved"], figures["households"]
    say.line(
        lang,
        en=f"households that changed grid: {moved} of {households}, {share}",
        zh=f"调整所属网格：{moved}户 ÷ {households}户 = {share}",
    )
    for row in rows:
        if row["op"] != Op.KEEP:
            word = _ZH[Op(row["op"])] if lang is say.Language.zh else row["op"]
            ends = f"{row['from_code'] or '–'} → {row['to_code'] or '–'}"
            say.line(
                lang,
                en=f"  {word}: {ends}, {row['households']} households",
                zh=f"  {word}：{ends}，{row['households']}户",
            )
