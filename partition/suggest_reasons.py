"""Why a suggested plan is not what everybody would wish: grids in pieces, out of the band, new or gone, each by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.finding import Finding, Severity
from gis.locate import NOWHERE
from partition.score import in_band
from partition.standing import connected, totals
from partition.units import totals_possible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from partition.rules import Rules
    from partition.standing import Standing


def reasons(standing: Standing, grid: NDArray[np.int64], key: tuple[str, ...], rules: Rules) -> Iterator[Finding]:
    """Yield what is to be said about the grids `key` that `grid` (b,) would make of a draft, in the order of the keys."""
    blocks, divided = standing.blocks, standing.divided
    place = np.where(divided, grid, NOWHERE)
    households, persons = totals(blocks, place, len(key))
    good = in_band(rules, households, persons)
    piece, reach = connected(blocks, rules, divided, grid), connected(blocks, rules, divided & ~standing.held)
    first = np.unique(np.column_stack([place, piece])[place != NOWHERE], axis=0)[:, 0]
    pieces = np.bincount(first, minlength=len(key))
    was = np.unique(standing.grid[divided & (standing.grid != NOWHERE)])
    locked = np.append(standing.locked, np.zeros(len(key) - len(standing.key), dtype=bool))
    for index, name in enumerate((*standing.name, *key[len(standing.key) :])):
        if not pieces[index]:
            if index in was:
                yield _gone(key[index], name)
            continue
        if index >= len(standing.key):
            yield _new(key[index], name)
        if pieces[index] > 1:
            yield _broken(key[index], name, int(pieces[index]), locked=bool(locked[index]))
        if not good[index]:
            around = reach == reach[np.flatnonzero(place == index)[0]]
            reached = int(blocks.households[around].sum()), int(blocks.persons[around].sum())
            if locked[index] or any(reached):
                possible = totals_possible(rules, *reached)
                yield _outside(key[index], name, int(households[index]), locked=bool(locked[index]), possible=possible)
    if left := int((divided & (grid == NOWHERE)).sum()):
        yield Finding(
            kind="suggest_unassigned",
            severity=Severity.WARNING,
            en=f"{left} blocks stay in no grid: locked grids part them from all others. Unlock one beside them",
            zh=f"有{left}个地块仍未归入任何网格：锁定的网格把它们与可归入的网格隔开。请解锁相邻网格后再试",
        )


def _gone(key: str, name: str) -> Finding:
    return Finding(
        kind="suggest_gone",
        severity=Severity.NOTE,
        subject=key,
        en=f"grid {name} is given up: with one grid more, fewer were found in the band",
        zh=f"网格{name}被撤销：保留它时，达标的网格更少",
    )


def _new(key: str, name: str) -> Finding:
    return Finding(
        kind="suggest_new",
        severity=Severity.NOTE,
        subject=key,
        en=f"grid {name} is new: without it, fewer grids were found in the band, or blocks have no grid in reach",
        zh=f"新增网格{name}：没有它，达标的网格更少，或有地块无网格可归",
    )


def _broken(key: str, name: str, pieces: int, *, locked: bool) -> Finding:
    if locked:
        en = f"grid {name} lies in {pieces} pieces and is locked: unlock it to have them joined"
        zh = f"网格{name}分为{pieces}块且已锁定：解锁后才能合并"
    else:
        en = f"grid {name} lies in {pieces} pieces that locked grids keep apart: unlock one beside it"
        zh = f"网格{name}分为{pieces}块，被锁定的网格隔开：请解锁相邻网格"
    return Finding(kind="suggest_broken", severity=Severity.WARNING, subject=key, en=en, zh=zh)


def _outside(key: str, name: str, households: int, *, locked: bool, possible: bool) -> Finding:
    if locked:
        en = f"grid {name} has {households} households, which is out of the band, and is locked"
        zh = f"网格{name}有{households}户，不在规定范围内，且已锁定"
    elif not possible:
        en = f"grid {name} has {households} households: those that it can share blocks with cannot all be in the band"
        zh = f"网格{name}有{households}户：与它可调整地块的范围内，总户数无法使全部网格达标"
    else:
        en = f"grid {name} has {households} households, which is out of the band; no better plan was found"
        zh = f"网格{name}有{households}户，不在规定范围内；未找到更好的方案"
    return Finding(kind="suggest_outside_band", severity=Severity.WARNING, subject=key, en=en, zh=zh)
