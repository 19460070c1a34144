"""A plan beside the net that it takes the place of (方案对比), as printed sheets show them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from maps.sheets.crop import short_name
from maps.words import word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from maps.sheets.values import SheetGround

OPS = ("keep", "reshape", "split", "merge", "new", "retire")
NONE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeGround:
    """Two nets on one ground. Rows of new grids are those of `ground`; `NONE` is no row.

    A pair is what one old and one new grid have in common; the pairs that `moved` are what changed its grid.
    """

    ground: SheetGround
    old_title: str
    new_title: str
    old_code: tuple[str, ...]
    old_name: tuple[str, ...]
    old_community: NDArray[np.int64]
    """Of each old grid (o,), an index into the communities of `ground`."""
    old_households: NDArray[np.int64]
    old_polygon: NDArray[np.object_]
    fate: tuple[str, ...]
    """What became of each old grid (o,), a word of `OPS`."""
    successor: NDArray[np.int64]
    """The new grid that continues it or that it was merged into (o,)."""
    origin: tuple[str, ...]
    """Where each new grid (g,) comes from, a word of `OPS`."""
    predecessor: NDArray[np.int64]
    """The old grid that it continues or was split off from (g,)."""
    pair_old: NDArray[np.int64]
    pair_new: NDArray[np.int64]
    pair_households: NDArray[np.int64]
    pair_moved: NDArray[np.bool_]

    def moved_ground(self, pairs: NDArray[np.int64]) -> NDArray[np.object_]:
        """Return the ground that changed its grid with each of `pairs`, metres."""
        old, new = self.old_polygon[self.pair_old[pairs]], self.ground.polygon[self.pair_new[pairs]]
        return shapely.intersection(old, new)

    def moved_in(self, communities: Sequence[int]) -> NDArray[np.int64]:
        """Return the pairs that moved within or into some communities, those without ground or households left out."""
        into = np.isin(self.ground.community[self.pair_new], communities)
        return np.flatnonzero(self.pair_moved & into)


@dataclass(frozen=True, slots=True)
class Tally:
    """What changed in some communities, in figures."""

    before: int
    after: int
    households: int
    moved: int
    ops: Counter[str]

    @property
    def touched(self) -> int:
        """New grids that are not simply kept, and old ones that are no more."""
        return sum(count for op, count in self.ops.items() if op != "keep")


def tally(change: ChangeGround, communities: Sequence[int]) -> Tally:
    """Count what changed in some communities."""
    old = np.flatnonzero(np.isin(change.old_community, communities))
    new = np.flatnonzero(np.isin(change.ground.community, communities))
    ops = Counter(change.origin[g] for g in new.tolist())
    ops["retire"] = len(gone(change, communities))
    return Tally(
        before=len(old),
        after=len(new),
        households=int(change.ground.households[new].sum()),
        moved=int(change.pair_households[change.moved_in(communities)].sum()),
        ops=ops,
    )


def gone(change: ChangeGround, communities: Sequence[int]) -> list[int]:
    """Return the old grids of some communities that no new one continues."""
    rows = np.flatnonzero(np.isin(change.old_community, communities)).tolist()
    return [o for o in rows if change.successor[o] == NONE or change.predecessor[change.successor[o]] != o]


def lines_of(change: ChangeGround, communities: Sequence[int], lang: str) -> list[list[str]]:
    """Return the lines of the table: every new grid, then every old one that is no more.

    Grid, what happened to it, where it comes from (or went), households before and after, and how many of them came in.
    """
    ground = change.ground
    into = np.bincount(
        change.pair_new[change.pair_moved], change.pair_households[change.pair_moved], minlength=len(ground.code)
    ).astype(np.int64)
    lines: list[list[str]] = []
    for g in np.flatnonzero(np.isin(ground.community, communities)).tolist():
        before = int(change.predecessor[g])
        mine = before != NONE and change.successor[before] == g
        lines.append([
            short_name(ground, g),
            word(f"sheet.op.{change.origin[g]}", lang),
            "—" if before == NONE else _old_name(change, before),
            f"{int(change.old_households[before]):,}" if mine else "—",
            f"{int(ground.households[g]):,}",
            f"+{into[g]:,}" if into[g] else "",
        ])  # fmt: skip
    for o in gone(change, communities):
        to = int(change.successor[o])
        lines.append([
            word("sheet.change.former", lang, name=_old_name(change, o)),
            word("sheet.op.joined" if to != NONE else "sheet.op.retire", lang),
            "—" if to == NONE else f"→ {short_name(ground, to)}",
            f"{int(change.old_households[o]):,}",
            "—",
            "",
        ])  # fmt: skip
    return lines


def _old_name(change: ChangeGround, row: int) -> str:
    community = change.ground.communities.name[int(change.old_community[row])]
    return change.old_name[row].removeprefix(community).strip() or change.old_name[row]
