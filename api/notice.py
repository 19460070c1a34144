"""What a plan changes, in words that can be put up: which grid becomes which, how many households go, and who works there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.locate import NOWHERE, locate
from partition.lineage import Op
from partition.suppress import suppressed_levels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from api.lang import Lang
    from data.store.plans import PlanRow
    from gis.town import Town
    from partition.net import Net
    from partition.net_diff import Compared


@dataclass(frozen=True, slots=True)
class _Words:
    """The sentences of a notice in one language."""

    ops: Mapping[Op, str]
    heading: str
    plan: str
    place: str
    total: str
    moved: str
    untold: str
    nothing: str
    changes: str
    change: str
    workers: str
    cut: str
    compound: str
    comma: str
    arrow: str


_ZH = _Words(
    ops={
        Op.KEEP: "不变", Op.RESHAPE: "调整边界", Op.SPLIT: "拆分", Op.MERGE: "合并", Op.NEW: "新设", Op.RETIRE: "撤销",
    },
    heading="网格调整方案公示",
    plan="方案：{title}（第{number}号，第{version}版）",
    place="范围：{communities}",
    total="现行网格{before}个，调整后{after}个。调整所属网格：{moved}。",
    moved="{count}户",
    untold="户数从略",
    nothing="与现行网格相比没有变化。",
    changes="调整如下：",
    change="{number}. {what}（{op}），{moved}",
    workers="，现任网格员：{names}",
    cut="以下小区分属多个网格：",
    compound="- {name}：{grids}",
    comma="、",
    arrow="{before} → {after}",
)  # fmt: skip
_EN = _Words(
    ops={
        Op.KEEP: "unchanged", Op.RESHAPE: "line moved", Op.SPLIT: "split", Op.MERGE: "merged", Op.NEW: "new",
        Op.RETIRE: "given up",
    },
    heading="Notice of changed grids",
    plan="Plan: {title} (number {number}, version {version})",
    place="Communities: {communities}",
    total="Grids in force: {before}; afterwards: {after}. Who changes grid: {moved}.",
    moved="{count} households",
    untold="number of households not told",
    nothing="Nothing differs from the grids in force.",
    changes="The changes:",
    change="{number}. {what} ({op}), {moved}",
    workers=", grid workers now: {names}",
    cut="Compounds that lie in several grids:",
    compound="- {name}: {grids}",
    comma=", ",
    arrow="{before} → {after}",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of one grid, or of a part of it: codes and names before and after, empty where there is none."""

    community: str
    op: Op
    from_code: str
    from_name: str
    to_code: str
    to_name: str
    households: int
    workers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a plan changes; `cut` are compounds that lie in several of its grids, with the names of these."""

    communities: tuple[str, ...]
    before: int
    after: int
    moved: int
    changes: tuple[Change, ...]
    cut: tuple[tuple[str, tuple[str, ...]], ...]


def notice_of(found: Compared, town: Town, workers: Mapping[str, Sequence[str]]) -> Notice:
    """Return what a plan changes; `workers` are the names of those who work in each grid in force, by its code."""
    called = dict(zip(town.communities.code, town.communities.name, strict=True))
    return Notice(
        communities=tuple(called.get(code) or code for code in sorted(found.new.outline)),
        before=0 if found.old is None else len(found.old),
        after=len(found.new),
        moved=found.diff.households_moved,
        changes=tuple(_changes(found, called, workers)),
        cut=tuple(_cut(found.new, town)),
    )


def _changes(found: Compared, called: Mapping[str, str], workers: Mapping[str, Sequence[str]]) -> Iterator[Change]:
    old, new = _named(found.old), _named(found.new)
    for row in found.diff.rows():
        if row.op is Op.KEEP:
            continue
        before, after = old.get(row.from_code or ""), new.get(row.to_code or "")
        community = (after or before or ("", ""))[1]
        yield Change(
            community=called.get(community) or community,
            op=row.op,
            from_code=row.from_code or "",
            from_name="" if before is None else before[0],
            to_code=row.to_code or "",
            to_name="" if after is None else after[0],
            households=row.households_moved,
            workers=tuple(workers.get(row.from_code or "", ())),
        )


def _named(net: Net | None) -> dict[str, tuple[str, str]]:
    """Return name and community of each grid by its code."""
    return {} if net is None else dict(zip(net.code, zip(net.name, net.community, strict=True), strict=True))


def _cut(net: Net, town: Town) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the compounds whose households are in several residential grids of one community, by name.

    As in a division compounds are their outlines where the town has any, else what households say. Two of one name are two;
    one that lies in two communities is cut by their line, which is given.
    """
    grid_of = dict(zip(net.household_id, net.grid_of_household.tolist(), strict=True))
    homes = town.households
    if len(town.compounds.polygon):
        called = town.compounds.name
        which = locate(homes.xy, town.compounds.polygon, order=np.arange(len(called))).tolist()
    else:
        called = tuple(sorted(set(homes.compound)))
        place = {name: index for index, name in enumerate(called)}
        which = [place[name] for name in homes.compound]
    grids: dict[tuple[str, str, int], set[int]] = {}
    for identity, compound, count in zip(homes.id, which, homes.households.tolist(), strict=True):
        grid, name = grid_of.get(identity, NOWHERE), "" if compound == NOWHERE else called[compound]
        if name and count and grid != NOWHERE and not net.dedicated[grid]:
            grids.setdefault((name, net.community[grid], compound), set()).add(grid)
    for (name, *_), held in sorted(grids.items()):
        if len(held) > 1:
            yield name, tuple(net.name[grid] for grid in sorted(held))


def _told(notice: Notice, smallest: int) -> tuple[list[int | None], int | None]:
    """Return how many households go with each change, and in all; None where it is not told.

    What is few is not told, nor another that it could be worked out from.
    """
    counts = np.array([change.households for change in notice.changes], dtype=np.int64)
    each, whole = suppressed_levels(counts, [np.zeros(len(counts), dtype=np.int64)], k=smallest)
    return [None if hidden else count for count, hidden in zip(counts.tolist(), each.tolist(), strict=True)], (
        None if whole.any() else notice.moved
    )


def notice_text(plan: PlanRow, notice: Notice, lang: Lang, *, smallest: int) -> str:
    """Return the text of a notice; that fewer than `smallest` households go can be neither read in it nor worked out."""
    words = _ZH if lang == "zh" else _EN
    each, whole = _told(notice, smallest)

    def count(households: int | None) -> str:
        return words.untold if households is None else words.moved.format(count=households)

    lines = [
        words.heading,
        words.plan.format(title=plan.title, number=plan.number, version=plan.version),
        words.place.format(communities=words.comma.join(notice.communities)),
        words.total.format(before=notice.before, after=notice.after, moved=count(whole)),
        "",
        words.changes if notice.changes else words.nothing,
    ]
    for number, (change, households) in enumerate(zip(notice.changes, each, strict=True), 1):
        ends = [name for name in (change.from_name, change.to_name) if name]
        what = ends[0] if len(set(ends)) < 2 else words.arrow.format(before=ends[0], after=ends[1])  # noqa: PLR2004 - both ends
        line = words.change.format(number=number, what=what, op=words.ops[change.op], moved=count(households))
        lines.append(line + (words.workers.format(names=words.comma.join(change.workers)) if change.workers else ""))
    if notice.cut:
        lines += ["", words.cut]
        lines += [words.compound.format(name=name, grids=words.comma.join(grids)) for name, grids in notice.cut]
    return "\n".join(lines) + "\n"


def notice_rows(notice: Notice, lang: Lang, *, smallest: int) -> list[dict[str, Any]]:
    """Return the changes as lines of a table; as in the text it is not said where few households go."""
    words = _ZH if lang == "zh" else _EN
    return [
        {
            "community": change.community,
            "from_code": change.from_code,
            "from_name": change.from_name,
            "to_code": change.to_code,
            "to_name": change.to_name,
            "change": words.ops[change.op],
            "households_moved": households,
            "workers": words.comma.join(change.workers),
        }
        for change, households in zip(notice.changes, _told(notice, smallest)[0], strict=True)
    ]
