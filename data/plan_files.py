"""A plan as files: layers for desktop GIS, GeoJSON for the web, the assignment, and `plan.json` that says how it was made.

All are written into a folder beside the target and put in its place at the end: a half-written plan never exists.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely

from data.geopackage import write_layer
from data.whole_folder import check_target as whole_folder_check
from data.whole_folder import whole_folder
from gis.bounds import bounds_text
from gis.errors import BrokenPlan
from gis.faces import dissolve
from gis.frame import WGS84, transform_geometry
from partition.score import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from gis.finding import Finding
    from gis.town import Town
    from partition.audit import AuditReport
    from partition.plan import Plan

WEB_DECIMALS = 9
"""A tenth of a millimetre: shared vertices stay equal and apart from their neighbours on the 1 cm grid."""
PLAN_JSON, GEOJSON, ASSIGNMENT, GEOPACKAGE = "plan.json", "grids.geojson", "assignment.csv", "grids.gpkg"


def grid_columns(plan: Plan, town: Town) -> dict[str, NDArray[np.generic]]:
    """Return the attributes of the grids, by the names and in the order that every output has them."""
    grids = plan.grids
    dedicated = grids.dedicated.tolist()
    community = grids.community.tolist()

    def text(values: list[str]) -> NDArray[np.object_]:
        return np.array(values, dtype=object)

    return {
        "code": text(list(grids.code)),
        "name": text(list(grids.name)),
        "kind": text(["residential" if d < 0 else "dedicated" for d in dedicated]),
        "subtype": text(["" if d < 0 else town.dedicated.subtype[d] for d in dedicated]),
        "community": text([town.communities.code[c] for c in community]),
        "street": text([town.communities.street[c] for c in community]),
        "households": grids.households,
        "persons": grids.persons,
        "buildings": grids.buildings,
        "area_m2": np.round(grids.area_m2, 2),
        "perimeter_m": np.round(grids.perimeter_m, 2),
        "compactness": np.round(grids.compactness, 4),
        "east": text([b.east for b in grids.bounds]),
        "south": text([b.south for b in grids.bounds]),
        "west": text([b.west for b in grids.bounds]),
        "north": text([b.north for b in grids.bounds]),
        "bounds_text": text([bounds_text(b, "zh") for b in grids.bounds]),
        "exception": text(["" if e is None else e.reason.value for e in grids.exception]),
    }


def geojson(plan: Plan, town: Town) -> bytes:
    """Return the grids as RFC 7946 text: WGS 84, nine decimals, one feature a line.

    Raises
    ------
    BrokenPlan
        The rounded grids are no valid coverage any more.
    """
    polygon = transform_geometry(plan.grids.polygon, town.frame.crs, WGS84)
    polygon = shapely.transform(polygon, lambda xy: np.round(xy, WEB_DECIMALS))
    if not (shapely.is_valid(polygon).all() and shapely.coverage_is_valid(polygon)):
        msg = f"the grids rounded to {WEB_DECIMALS} decimals are not a valid coverage"
        raise BrokenPlan(msg)
    columns = grid_columns(plan, town)
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    features = (
        b'{"type":"Feature","id":'
        + orjson.dumps(row[0])
        + b',"properties":'
        + orjson.dumps(dict(zip(columns, row, strict=True)))
        + b',"geometry":'
        + orjson.dumps(orjson.loads(geometry))
        + b"}"
        for row, geometry in zip(rows, shapely.to_geojson(polygon).tolist(), strict=True)
    )
    return b'{"type":"FeatureCollection","features":[\n' + b",\n".join(features) + b"\n]}\n"


def assignment(plan: Plan, town: Town) -> bytes:
    """Return `household_id,grid_code` for every household point, in the order of its file; outside it stays empty."""
    codes = [*plan.grids.code, ""]
    lines = (
        f"{_csv(identity)},{codes[grid]}\n"
        for identity, grid in zip(town.households.id, plan.grid_of_household.tolist(), strict=True)
    )
    return ("household_id,grid_code\n" + "".join(lines)).encode()


def _csv(text: str) -> str:
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if any(c in text for c in ',"\r\n') else text


def plan_record(plan: Plan, town: Town, report: AuditReport, outputs: Mapping[str, bytes]) -> dict[str, Any]:
    """Return what `plan.json` holds: what went in, what came out, how good it is, and every exception with its reason."""
    grids = plan.grids
    return {
        "wangge": version("wangge"),
        "town": town.name,
        "frame": town.frame.crs,
        "seed": plan.seed,
        "rules": asdict(plan.rules),
        "rules_digest": plan.rules.digest(),
        "inputs": dict(town.digests),
        "outputs": {name: hashlib.sha256(content).hexdigest() for name, content in outputs.items()},
        "metrics": metrics(plan),
        "plausibility": _plausibility(plan),
        "communities": _communities(plan, town),
        "exceptions": [
            {"code": code, **e.record()} for code, e in zip(grids.code, grids.exception, strict=True) if e is not None
        ],
        "bounds": [
            {"code": code, "zh": bounds_text(b, "zh"), "en": bounds_text(b, "en")}
            for code, b in zip(grids.code, grids.bounds, strict=True)
        ],
        "findings": [finding_record(f) for f in (*town.findings, *plan.findings)],
        "audit": audit_record(report),
    }


def _plausibility(plan: Plan) -> dict[str, float | None]:
    """Return figures that a planner can hold against what is known of the town."""
    lived_in = int((plan.grids.households > 0).sum())
    households, persons = int(plan.grids.households.sum()), int(plan.grids.persons.sum())
    return {
        "households_per_grid": households / lived_in if lived_in else None,
        "persons_per_grid": persons / lived_in if lived_in and persons else None,
        "persons_per_household": persons / households if households and persons else None,
    }


def _communities(plan: Plan, town: Town) -> list[dict[str, Any]]:
    by_community: dict[int, list[dict[str, Any]]] = {}
    for unit in plan.units:
        known = math.isfinite(unit.bound)
        by_community.setdefault(unit.community, []).append(
            {
                "households": unit.households,
                "grids": unit.grids,
                "status": unit.status,
                "score": round(unit.score, 4),
                "bound": round(unit.bound, 4) if known else None,
                "gap": round(max(0.0, unit.score - unit.bound), 4) if known else None,
                "pieces": unit.pieces,
                "columns": unit.columns,
                "compounds_whole": unit.compounds_whole,
                "whole_impossible_for": unit.whole_impossible_for,
                "spans_barrier": unit.spans,
            }
        )
    found = []
    for index, (code, name) in enumerate(zip(town.communities.code, town.communities.name, strict=True)):
        mine = plan.grids.community == index
        residential = mine & (plan.grids.dedicated < 0)
        found.append(
            {
                "code": code,
                "name": name,
                "households": int(plan.grids.households[mine].sum()),
                "grids": int(mine.sum()),
                "in_band": int((plan.grids.in_band & residential).sum()),
                "dedicated": int((mine & ~residential).sum()),
                "units": by_community.get(index, []),
            }
        )
    return found


def finding_record(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain values, without what it does not say."""
    record = {k: v for k, v in asdict(finding).items() if v is not None}
    record["severity"] = finding.severity.value
    return record


def audit_record(report: AuditReport) -> dict[str, Any]:
    """Return the certificate of every community and what the audit found."""
    return {
        "clean": report.clean,
        "communities": [asdict(c) for c in report.communities],
        "findings": [finding_record(f) for f in report.findings],
    }


def write_plan(
    folder: Path,
    plan: Plan,
    town: Town,
    report: AuditReport,
    *,
    pages: Mapping[str, str],
    blocks: bool = False,
    redrawn: Mapping[str, Any] | None = None,
) -> None:
    """Write the plan's files into `folder`, all or nothing.

    `pages` are further files by name (`map.html`); `redrawn` says from what a plan was redrawn, and how. A plan that lies
    there already is replaced; anything else is refused.
    """
    check_target(folder)
    outputs = {GEOJSON: geojson(plan, town), ASSIGNMENT: assignment(plan, town)}
    record = plan_record(plan, town, report, outputs) | ({} if redrawn is None else {"redrawn": redrawn})
    with whole_folder(folder) as draft:
        for name, content in outputs.items():
            (draft / name).write_bytes(content)
        for name, page in pages.items():
            (draft / name).write_text(page, encoding="utf-8")
        (draft / PLAN_JSON).write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY) + b"\n")
        write_layers(draft / GEOPACKAGE, plan, town, blocks=blocks)


WRITTEN = {PLAN_JSON, GEOJSON, ASSIGNMENT, GEOPACKAGE, "map.html"}
"""Names that a plan's folder may hold; a folder with anything else in it is not ours to replace."""


def check_target(folder: Path) -> None:
    """Refuse a folder that holds something else than a plan."""
    whole_folder_check(folder, WRITTEN, mark=PLAN_JSON, what="a plan")


def write_layers(path: Path, plan: Plan, town: Town, *, blocks: bool) -> None:
    """Write the GeoPackage: `grids`, `households`, `communities` (noded), and `blocks` where asked for."""
    crs = town.frame.crs
    write_layer(path, "grids", plan.grids.polygon, grid_columns(plan, town), crs)
    codes = np.array([*plan.grids.code, ""], dtype=object)
    write_layer(
        path,
        "households",
        np.asarray(shapely.points(town.households.xy)),
        {
            "id": np.array(town.households.id, dtype=object),
            "households": town.households.households,
            "grid": codes[plan.grid_of_household],
        },
        crs,
        kind="Point",
    )
    kept = ~shapely.is_empty(plan.community_polygon)
    write_layer(
        path,
        "communities",
        plan.community_polygon[kept],
        {
            "code": np.array(town.communities.code, dtype=object)[kept],
            "name": np.array(town.communities.name, dtype=object)[kept],
        },
        crs,
    )
    if blocks:
        write_layer(path, "blocks", *_block_columns(plan), crs)


def _block_columns(plan: Plan) -> tuple[NDArray[np.object_], dict[str, NDArray[np.generic]]]:
    count = len(plan.blocks)
    return dissolve(plan.ground.mesh.polygon, plan.blocks.of_face, count), {
        "block": np.arange(count),
        "grid": np.array(plan.grids.code, dtype=object)[plan.grid_of_block],
        "households": plan.blocks.households,
        "persons": plan.blocks.persons,
    }
