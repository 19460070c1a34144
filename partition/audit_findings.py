"""What an audit says: its defects, codes, households and counts put into findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.finding import Finding, Place
from gis.frame import CM_PER_M, centimetres
from partition.audit_layers import UNKNOWN, smallest
from partition.audit_words import REASONS, WORDS
from partition.certificate import Fault, locate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from gis.town import Households
    from partition.audit_households import HouseholdCheck
    from partition.audit_layers import CommunityLayer, GridLayer, Look
    from partition.audit_tally import Tally
    from partition.defect import Defect
    from partition.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Makes findings: knows the layers' codes and rows, where the origin is, and in which frame."""

    layer: GridLayer
    reference: CommunityLayer
    origin: NDArray[np.int64]
    crs: str
    file: str | None

    def defect(self, defect: Defect) -> Finding:
        """Say a defect."""
        number = int(defect.width) if defect.kind in {"invalid_polygon", "invalid_community"} else 0
        return self.finding(
            defect.kind,
            grids=defect.grids,
            xy=defect.xy,
            community=self.reference.code[defect.community] if defect.community >= 0 else "",
            other=self.reference.code[defect.other] if defect.other >= 0 else "",
            area=_digits(defect.area, 4),
            width=_digits(defect.width, 3),
            points=f"{defect.width:.0f}",
            reason=REASONS.get(number, ("", "")),
        )

    def finding(
        self, word: str, *, grids: Sequence[int] = (), xy: tuple[float, float] | None, **values: str | tuple[str, str]
    ) -> Finding:
        """Say the words for `word` about `grids`, at `xy` (centimetres from the origin).

        A pair of values is English and Chinese.
        """
        words = WORDS[word]
        codes = [self.layer.code[k] for k in grids]
        en = {name: value if isinstance(value, str) else value[0] for name, value in values.items()}
        zh = {name: value if isinstance(value, str) else value[1] for name, value in values.items()}
        community = en.get("community", "")
        return Finding(
            kind=words.kind,
            severity=words.severity,
            en=words.en.format(who=" and ".join(codes), first=codes[0] if codes else "", rest=", ".join(codes[1:]), **en),
            zh=words.zh.format(who="、".join(codes), first=codes[0] if codes else "", rest="、".join(codes[1:]), **zh),
            file=self.file,
            row=int(self.layer.row[grids[0]]) if grids else None,
            place=self._place(xy),
            subject=" ".join(codes) or community or None,
        )

    def _place(self, xy: tuple[float, float] | None) -> Place | None:
        if xy is None or not np.isfinite(xy).all():
            return None
        return Place((xy[0] + int(self.origin[0])) / CM_PER_M, (xy[1] + int(self.origin[1])) / CM_PER_M, self.crs)


def _middle(look: Look, grid: int) -> tuple[float, float] | None:
    xy = shapely.get_coordinates(shapely.point_on_surface(look.grid[grid]))
    return (float(xy[0, 0]), float(xy[0, 1])) if len(xy) else None


def about_codes(told: Teller, look: Look) -> Iterable[Finding]:
    """Name the codes that several grids have, and the grids whose community nobody knows."""
    users: dict[str, list[int]] = {}
    for k, code in enumerate(told.layer.code):
        users.setdefault(code, []).append(k)
    for same in users.values():
        if len(same) > 1:
            yield told.finding("duplicate_code", grids=same[1:2], xy=_middle(look, same[1]), points=str(len(same)))
    for k in np.flatnonzero(look.renamed).tolist():
        yield told.finding(
            "unknown_community",
            grids=(k,),
            xy=_middle(look, k),
            community=told.reference.code[look.group[k]],
            reason=told.layer.community[k],
        )


def about_households(told: Teller, look: Look, check: HouseholdCheck, households: Households) -> Iterable[Finding]:
    """Sum up the households in no grid by community, those in two by the grids, those outside in one sentence."""
    points = centimetres(households.xy) - look.origin

    def told_of(word: str, some: NDArray[np.int64], *, grids: Sequence[int] = (), community: str = "") -> Finding:
        return told.finding(
            word,
            grids=grids,
            xy=(float(points[some[0], 0]), float(points[some[0], 1])),
            community=community,
            points=str(len(some)),
            households=str(int(households.households[some].sum())),
            example=households.id[some[0]],
        )

    lands = locate(points[check.in_none], look.net.communities)
    home = smallest(len(check.in_none), lands.point, lands.polygon, np.arange(len(told.reference.code)))
    for community in np.unique(home).tolist():
        some = check.in_none[home == community]
        yield told_of("household_in_none", some, community=told.reference.code[community])

    holders: dict[int, list[int]] = {}
    held = locate(points[check.in_two], look.net.grids)
    for point, grid in zip(held.point.tolist(), held.polygon.tolist(), strict=True):
        holders.setdefault(point, []).append(grid)
    together: dict[tuple[int, ...], list[int]] = {}
    for point, grids in sorted(holders.items()):
        together.setdefault(tuple(sorted(grids, key=lambda k: int(look.rank[k]))), []).append(int(check.in_two[point]))
    for grids, which in together.items():
        yield told_of("household_in_two", np.array(which, dtype=np.int64), grids=grids)

    if len(check.outside):
        yield told_of("households_outside", check.outside)


def about_counts(told: Teller, look: Look, *, households: Tally, persons: Tally) -> Iterable[Finding]:
    """Compare what the layer claims with what lies in each grid."""
    readable = look.grid_fault == Fault.NONE
    for word, name, tally in (("wrong_count", "households", households), ("wrong_persons", "persons", persons)):
        claimed, counted = tally.claimed, tally.counted
        for k in np.flatnonzero((claimed != UNKNOWN) & (claimed != tally.settled) & readable).tolist():
            yield told.finding(word, grids=(k,), xy=_middle(look, k), claimed=str(claimed[k]), **{name: str(counted[k])})


def about_band(
    told: Teller, look: Look, *, counted: NDArray[np.int64], persons: NDArray[np.int64], rules: Rules
) -> Iterable[Finding]:
    """Name the residential grids out of the band; with a reason they are excepted."""
    in_households = (rules.minimum <= counted) & (counted <= rules.maximum)
    in_persons = (rules.minimum_persons <= persons) & (persons <= rules.maximum_persons)
    good = {
        "households": in_households,
        "persons": in_persons,
        "any_of": in_households | in_persons,
        "all_of": in_households & in_persons,
    }[rules.measure]
    residential = np.array([kind != "dedicated" for kind in told.layer.kind], dtype=np.bool_)
    for k in np.flatnonzero(~good & residential & (look.grid_fault == Fault.NONE)).tolist():
        reason = told.layer.exception[k]
        yield told.finding(
            "excepted" if reason else "out_of_band",
            grids=(k,),
            xy=_middle(look, k),
            reason=reason,
            amount=_amounts(rules, str(counted[k]), str(persons[k])),
            band=_amounts(rules, f"{rules.minimum}-{rules.maximum}", f"{rules.minimum_persons}-{rules.maximum_persons}"),
        )


def _amounts(rules: Rules, households: str, persons: str) -> tuple[str, str]:
    """Say households, persons or both, as the rules measure, in English and Chinese."""
    joint = {"any_of": (" or ", "或"), "all_of": (" and ", "且")}.get(rules.measure, ("", ""))
    en, zh = [f"{households} households", f"{persons} persons"], [f"{households}户", f"{persons}人"]
    which = {"households": slice(0, 1), "persons": slice(1, 2)}.get(rules.measure, slice(0, 2))
    return joint[0].join(en[which]), joint[1].join(zh[which])


def _digits(value: float, count: int) -> str:
    """Write a number with so many digits that mean something, and never with an exponent."""
    return np.format_float_positional(float(f"{value:.{count}g}"), trim="-")
