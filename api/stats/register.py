"""Every figure that there is, of incidents and of panels: where it is told, by what, and which way it is good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from api.panel.figures import FIGURES
from api.stats.catalogue import METRICS
from api.stats.metric import Basis, rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.stats.metric import Metric

Direction = Literal["+", "-"]
STATS, PANEL, KEY_GROUPS = "/v1/stats", "/v1/panel", "/v1/visits/key-groups"
"""Where figures are told."""

KEY_GROUP_COVERAGE = rate(
    "key_group_coverage", "重点人群月访率", "Key groups visited", "当月已走访的重点人群÷重点人群（小数隐去，查阅留痕）",
    "people of key groups visited in the month / all of them; small counts are hidden, and the log keeps who looked",
    ("visited", "total"), basis=Basis.COHORT,
)  # fmt: skip
"""For those whose role names key groups, and for no panel and no score: what is told beside it would tell the hidden counts."""

GOOD: Mapping[str, Direction] = {
    "resolution_rate": "+", "in_grid_resolution_rate": "+", "finish_rate": "+", "on_time_rate": "+", "close_rate": "+",
    "response_rate": "+", "satisfaction_rate": "+", "dept_rating": "+", "detection_share": "+", "solved": "+", "closed": "+",
    "on_the_spot": "+", "completeness_rate": "+", "verified_feedback_rate": "+",
    "rework_rate": "-", "return_rate": "-", "reopen_rate": "-", "repeat_rate": "-", "avg_handle_hours": "-",
    "overdue_open": "-", "silent": "-", "unreachable": "-", "detection_lag_hours": "-", "push_lag_hours": "-",
    "size_compliance": "+", "full_time_filled": "+", "staff_compliance": "+", "pairs_complete": "+", "duty_roles_full": "+",
    "station_coverage": "+", "facility_m2_per_100hh": "+", "visit_coverage": "+", "group_coverage": "+",
    "patrol_compliance": "+", "order_finish_rate": "+", "key_group_coverage": "+",
    "out_of_band": "-", "full_time_gap": "-", "without_b": "-", "balance_cv": "-", "balance_ratio": "-",
    "coverage_defect_m2": "-", "list_items_incomplete": "-",
}  # fmt: skip
"""Which way figures are good; those that are not here are neither."""

_NO_GRIDS = frozenset({
    "communities", "grids_per_community", "balance_cv", "balance_ratio", "coverage_defect_m2", "workers_per_grid",
    "yuan_per_worker", "stations", "grids_per_station", "facility_m2_per_100hh", "party_units", "matters", "departments",
    "listed", "patrol_compliance", "list_items", "list_items_incomplete",
})  # fmt: skip
"""Figures of panels that are an area's, and no single grid's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A figure: where it is told, for which kinds of targets, and which way it is good (None: neither)."""

    metric: Metric
    told_at: str
    targets: tuple[str, ...]
    good: Direction | None

    @property
    def is_scored(self) -> bool:
        """Whether assessments may take it."""
        return bool(self.targets)

    def document(self, lang: str) -> dict[str, Any]:
        """Return it as the list of all figures shows it."""
        metric = self.metric
        return {
            "id": metric.id,
            "name": metric.name(lang),
            "zh": metric.zh,
            "en": metric.en,
            "formula": metric.formula,
            "numerator": metric.numerator,
            "denominator": metric.denominator,
            "basis": str(metric.basis),
            "unit": str(metric.unit),
            "rounding": f"half-up, {metric.places} decimals" if metric.places else "none",
            "parts": metric.parts,
            "told_at": self.told_at,
            "by": self.targets,
            "good": self.good,
        }


def _known(metric: Metric, told_at: str, targets: tuple[str, ...]) -> Known:
    return Known(metric=metric, told_at=told_at, targets=targets, good=GOOD.get(metric.id))


AREAS = ("street", "community", "village")
_PANEL = {
    metric.id: _known(metric, PANEL, AREAS if metric.id in _NO_GRIDS else (*AREAS, "grid")) for metric in FIGURES
}  # fmt: skip
_STATS = {metric.id: _known(metric, STATS, ("department", *AREAS, "grid")) for metric in METRICS}
REGISTER: Mapping[str, Known] = {
    **_STATS,
    **{name: known for name, known in _PANEL.items() if name not in _STATS},
    KEY_GROUP_COVERAGE.id: _known(KEY_GROUP_COVERAGE, KEY_GROUPS, ()),
}
"""Every figure by its id, those of incidents first."""
