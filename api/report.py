"""What the commands print: findings folded by kind, figures, a progress line; in Chinese or English."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, TextIO

import orjson
from rich.console import Console
from rich.progress import Progress

from gis.finding import Severity
from partition.score import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from pathlib import Path

    from gis.finding import Finding
    from partition.audit import AuditReport
    from partition.plan import Plan

MOST_OF_A_KIND = 20
"""More findings of one kind than this are counted, not printed; `--json` has them all."""
_SEVERITY = {
    "zh": {Severity.ERROR: "错误", Severity.WARNING: "警告", Severity.NOTE: "提示"},
    "en": {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"},
}


class Language(StrEnum):
    """Languages that the commands speak."""

    zh = "zh"
    en = "en"


def line(lang: Language, *, en: str, zh: str) -> None:
    """Print one sentence."""
    print(zh if lang is Language.zh else en)  # noqa: T201 - printing is what a command does


def json(value: object) -> None:
    """Print one JSON document."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode() + "\n")


def findings(found: Iterable[Finding], lang: Language) -> None:
    """Print findings, worst first, each with file, row and field."""
    _print(found, lang, sys.stdout)


def _print(found: Iterable[Finding], lang: Language, stream: TextIO) -> None:
    order = list(Severity)
    ranked = sorted(found, key=lambda f: (order.index(f.severity), f.file or "", f.kind, f.row or 0))
    shown: Counter[tuple[str, str | None]] = Counter()
    for finding in ranked:
        kind = (finding.kind, finding.file)
        shown[kind] += 1
        if shown[kind] <= MOST_OF_A_KIND:
            stream.write(_line(finding, lang) + "\n")
    for (kind, file), count in sorted(shown.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        if count > MOST_OF_A_KIND:
            more = count - MOST_OF_A_KIND
            text = f"……{file or ''} 另有{more}条 {kind}" if lang is Language.zh else f"… {more} more {kind} in {file or ''}"
            stream.write(text + "\n")


def _line(finding: Finding, lang: Language) -> str:
    row, at = ("行", "于") if lang is Language.zh else ("row ", "at ")
    where = [
        finding.file or "",
        f"{row}{finding.row}" if finding.row is not None else "",
        finding.field or "",
        f"{at}({finding.place.x:.2f}, {finding.place.y:.2f}) {finding.place.crs}" if finding.place else "",
    ]
    head = f"{_SEVERITY[lang.value][finding.severity]} [{finding.kind}]"
    return f"{head} {' '.join(part for part in where if part)}: {finding.text(lang.value)}"


def plan(made: Plan, proof: AuditReport, folder: Path, lang: Language) -> None:
    """Print what a plan is worth."""
    m = metrics(made)

    def share(name: str) -> str:
        value = m[name]
        return "—" if value is None else f"{100 * value:.1f} %"

    def figure(name: str, digits: int) -> str:
        value = m[name]
        return "—" if value is None else f"{value:.{digits}f}"

    rows = (
        ("网格", "grids", f"{m['residential_grids']} + {m['dedicated_grids']}"),
        ("可达标网格达标率", "feasible grids in band", share("feasible_in_band")),
        ("平均偏差（户）", "mean deviation, households", figure("mean_deviation", 1)),
        ("紧凑度 平均 / 最小", "compactness mean / least",
         f"{figure('compactness_mean', 3)} / {figure('compactness_least', 3)}"),
        ("边界沿路沿河率", "borders on roads, rivers, railways", share("clear_borders")),
        ("最长边界沿路率", "longest borders on roads", share("longest_on_roads")),
        ("被切小区", "compounds cut", f"{m['cut_compounds']} / {m['compounds']}"),
        ("例外（已证明 / 未证明）", "exceptions proven / unproven",
         f"{m['exceptions_proven']} / {m['exceptions_unproven']}"),
        ("无缝无叠证明", "coverage certificate",
         f"{sum(c.exact for c in proof.communities)} / {len(proof.communities)}"),
    )  # fmt: skip
    for zh, en, value in rows:
        line(lang, zh=f"{zh}：{value}", en=f"{en}: {value}")
    for code, exception in zip(made.grids.code, made.grids.exception, strict=True):
        if exception is not None:
            line(lang, zh=f"  例外 {code}：{exception.zh}", en=f"  exception {code}: {exception.en}")
    line(lang, zh=f"方案已写入 {folder}", en=f"the plan is in {folder}")


def audit(result: AuditReport, lang: Language) -> None:
    """Print the verdict of an audit."""
    exact = sum(c.exact for c in result.communities)
    worst = max((c.deviation_cm for c in result.communities if c.deviation_cm == c.deviation_cm), default=0.0)
    line(
        lang,
        zh=f"社区 {exact} / {len(result.communities)} 个经整数恒等证明无缝无叠；社区线最大偏移 {worst:.2f} 厘米；"
        f"{'通过' if result.clean else '未通过'}",
        en=f"{exact} of {len(result.communities)} communities are proven covered exactly once, by equality of integers;"
        f" their lines moved by at most {worst:.2f} cm; {'clean' if result.clean else 'not clean'}",
    )


def stopped(error: Exception, lang: Language) -> None:
    """Say on stderr why a command stopped, with every finding."""
    _print(getattr(error, "findings", ()), lang, sys.stderr)
    sys.stderr.write(f"wangge: {error}\n")


def usage(error: Exception) -> None:
    """Say on stderr how a command was misused."""
    shown = getattr(error, "show", None)
    if shown is not None:
        shown()
    else:
        sys.stderr.write(f"wangge: {error}\n")


@contextmanager
def progress(what: str) -> Generator[Callable[[int, int], None]]:
    """Show on stderr, where that is a terminal, how far something is: `what` says what, in the reader's language."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def shown(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield shown
