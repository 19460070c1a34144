"""A town's files to a town: every door of the house leads through here.

The way of a file: manifest, table, columns by meaning, coordinates into the town's frame and onto its 1 cm grid. Faults
do not stop the reading; what can still be read is, so that one run names all of them. `read_town` then refuses a town
with an error in it.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import shapely

from data.areas import (
    Ground,
    all_compounds,
    all_dedicated,
    communities_from,
    compounds_from,
    dedicated_from,
    existing_grids_from,
    no_communities,
    no_existing_grids,
)
from data.columns import Columns, select
from data.doctor import examine
from data.layers import digests_of, read_table
from data.lines import all_lines, lines_from
from data.manifest import LayerSpec, Manifest, read_manifest
from data.placing import system_of, to_lon_lat
from data.points import households_from
from data.shapes import usable
from data.shift_check import Layers, suspected_shifts
from gis.errors import InputError
from gis.finding import Severity, stops
from gis.frame import choose_frame
from gis.town import Town

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gis.finding import Finding
    from gis.frame import Frame
    from gis.town import Barriers, Communities

Layer = TypeVar("Layer")


def read_town(folder: Path) -> Town:
    """Read a town.

    Parameters
    ----------
    folder
        The folder that holds `town.toml`; or a manifest, or a GeoPackage with a manifest of the same name beside it.

    Returns
    -------
    Town
        With its warnings and notes in `findings`.

    Raises
    ------
    InputError
        If anything is an error; it carries all findings, warnings and notes among them.
    """
    found: list[Finding] = []
    town = _read(folder, found)
    if town is None or stops(found):
        count = sum(1 for finding in found if finding.severity is Severity.ERROR)
        raise InputError(f"{folder}: {count} error{'s' * (count != 1)} in the town's files", found)
    return replace(town, findings=tuple(found))


def check_town(folder: Path) -> tuple[Finding, ...]:
    """Return everything that there is to say about a town's files; faults in them never raise."""
    found: list[Finding] = []
    _read(folder, found)
    return tuple(found)


def _read(folder: Path, found: list[Finding]) -> Town | None:
    manifest = read_manifest(folder, found)
    if manifest is None:
        return None
    communities, frame = _communities(manifest, found)
    ground = Ground(frame, communities.polygon)
    households = next(iter(_made(_one(manifest.households), found, lambda columns: households_from(columns, ground))), None)
    barriers = _made(manifest.barriers, found, lambda columns: (columns.spec, lines_from(columns, ground)))
    compounds = _made(manifest.compounds, found, lambda columns: compounds_from(columns, ground))
    dedicated = _made(manifest.dedicated, found, lambda columns: dedicated_from(columns, ground))
    grids = _made(_one(manifest.existing_grids), found, lambda columns: existing_grids_from(columns, ground))
    if frame is None or households is None:
        return None
    town = Town(
        name=manifest.name,
        frame=frame,
        communities=communities,
        households=households,
        barriers=all_lines([lines for _, lines in barriers]),
        compounds=all_compounds(compounds),
        dedicated=all_dedicated(dedicated),
        existing_grids=grids[0] if grids else no_existing_grids(),
        has_persons=manifest.households is not None and "persons" in manifest.households.columns,
        on_overlap=manifest.on_overlap,
        findings=(),
        digests=_digests(manifest),
    )
    found.extend(examine(town, manifest))
    found.extend(_shifts(town, manifest, barriers))
    return town


def _one(spec: LayerSpec | None) -> tuple[LayerSpec, ...]:
    return () if spec is None else (spec,)


def _opened(spec: LayerSpec, found: list[Finding]) -> Columns | None:
    """Read the file of one table of the manifest and keep the rows that it means."""
    table = read_table(spec, found)
    if table is None:
        return None
    columns = Columns(table, spec, found)
    if len(table.row):
        return select(columns)
    columns.empty()
    # Empty GeoJSON does not even have columns to look for.
    return columns if table.columns else None


def _made(specs: tuple[LayerSpec, ...], found: list[Finding], make: Callable[[Columns], Layer | None]) -> list[Layer]:
    """Make a layer of each file that can be read."""
    opened = [columns for spec in specs if (columns := _opened(spec, found)) is not None]
    return [layer for columns in opened if (layer := make(columns)) is not None]


def _communities(manifest: Manifest, found: list[Finding]) -> tuple[Communities, Frame | None]:
    """Read the communities first: they say where the town is."""
    columns = None if manifest.communities is None else _opened(manifest.communities, found)
    if columns is None:
        return no_communities(), manifest.frame
    if columns.table.geometry is None:
        columns.say("no_geometry", field="geometry")
    system = None if columns.table.geometry is None else system_of(columns)
    kept = None if system is None else usable(columns, system)
    frame = manifest.frame
    if frame is None and kept is not None and system is not None:
        frame = _frame_at(kept, system)
    return communities_from(columns, kept, system, frame), frame


def _frame_at(columns: Columns, system: str) -> Frame | None:
    """Choose the frame by the middle of the communities."""
    if columns.table.geometry is None or not len(columns.table.geometry):
        return None
    west, south, east, north = shapely.total_bounds(columns.table.geometry)
    ((lon, lat),) = to_lon_lat(np.array([[(west + east) / 2.0, (south + north) / 2.0]]), system).tolist()
    return choose_frame(lon, lat)


def _specs(manifest: Manifest) -> tuple[LayerSpec, ...]:
    return (
        *_one(manifest.communities),
        *_one(manifest.households),
        *manifest.barriers,
        *manifest.compounds,
        *manifest.dedicated,
        *_one(manifest.existing_grids),
    )


def _shifts(town: Town, manifest: Manifest, barriers: list[tuple[LayerSpec, Barriers]]) -> list[Finding]:
    layers = Layers(
        frame=town.frame,
        communities=town.communities.polygon,
        households=town.households.xy,
        compounds=town.compounds.polygon,
        lines=barriers,
    )
    return suspected_shifts(layers, _specs(manifest))


def _digests(manifest: Manifest) -> Mapping[str, str]:
    digests = digests_of(manifest.path, manifest.folder)
    for spec in _specs(manifest):
        digests.update(digests_of(spec.path, manifest.folder))
    return MappingProxyType(dict(sorted(digests.items())))
