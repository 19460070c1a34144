"""The commands about departments' own nets: `legacy import`, `legacy retire`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import report as say
from api.cli_options import AsJson, Home, Lang
from api.cli_store import clock_of, day_of, owner_of, store_in
from data.legacy_file import read_legacy
from data.manifest import system_named
from data.store.legacy import bring_in, frame_of, retire
from data.store.plans import area_named
from data.store.sql import many, run
from gis.errors import InputError
from gis.frame import Frame

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from data.store.plans import AreaRow

app = typer.Typer(help="Nets that departments had of their own. 部门原有网格。", no_args_is_help=True, add_completion=False)

LONGEST = 60
"""Characters of a department's name."""
Department = Annotated[str, typer.Option("--department", help="Whose net it is, as the profile names departments: 综治.")]
Area = Annotated[str | None, typer.Option("--area", help="Code of its area; the whole that the store has, unless said.")]


@app.command("import", epilog="Example:  wangge legacy import old.gpkg --department 综治 --from 2020-01-01")
def import_net(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The whole net: GeoPackage, GeoJSON, Shapefile or GeoParquet.")],
    *,
    department: Department,
    area: Area = None,
    since: Annotated[
        str | None, typer.Option("--from", help="First day, as 2026-01-31, also one that is over; today unless said.")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Layer of a GeoPackage that has several.")] = None,
    coordinates: Annotated[
        str | None, typer.Option(help="System where the file says none: wgs84, cgcs2000, gcj02, bd09, EPSG:n.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Bring in a department's net; it is what the file says from a day on, and the same file again changes nothing.

    导入部门原有网格；文件即该部门自某日起的全部网格，重复导入无变化。
    """
    name, system = _name(department), _system(coordinates)
    with store_in(home) as (settings, store), owner_of(store) as conn:
        _, today = clock_of(settings)
        run(conn, "BEGIN")
        place = _area(conn, area)
        srid = frame_of(conn, place)
        net = read_legacy(path, Frame(f"EPSG:{srid}"), layer=layer, coordinates=system)
        day = day_of(since) or today
        done = bring_in(conn, place, name, net, srid=srid, day=day)
        run(conn, "ROLLBACK" if dry_run else "COMMIT")
    if as_json:
        say.json({"department": name, "area": place.code, "from": str(day), "cells": len(net.code), **asdict(done)})
        return
    say.findings(net.findings, lang)
    counts = len(done.added), len(done.changed), len(done.ended), done.unchanged
    say.line(
        lang,
        en="{} in {} from {}: cells +{} ~{} -{} ={}".format(name, place.code, day, *counts),
        zh="{}（{}）自{}起：新增{} 变更{} 停用{} 未变{}".format(name, place.code, day, *counts),
    )


@app.command("retire", epilog="Example:  wangge legacy retire --department 综治 --on 2026-01-01")
def retire_net(
    *,
    department: Department,
    on: Annotated[str, typer.Option("--on", help="The first day on which the net is no longer in use, as 2026-01-31.")],
    area: Area = None,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Let a department's net be no longer in use from a day on; what it was stays known.

    停用部门原有网格；历史保留。
    """
    name = _name(department)
    day = day_of(on)
    if day is None:
        raise InputError("say --on which day the net is no longer in use, as 2026-01-31")
    with store_in(home) as (_, store), owner_of(store) as conn:
        run(conn, "BEGIN")
        place = _area(conn, area)
        ended = retire(conn, place, name, day=day)
        run(conn, "COMMIT")
    if as_json:
        say.json({"department": name, "area": place.code, "on": str(day), "cells": ended})
        return
    say.line(
        lang,
        en=f"{name} in {place.code}: {ended} cells are no longer in use from {day} on",
        zh=f"{name}（{place.code}）：{ended}个网格自{day}起停用",
    )


def _name(department: str) -> str:
    name = department.strip()
    if not 0 < len(name) <= LONGEST or not name.isprintable():
        raise InputError(f"--department is a name of 1 to {LONGEST} characters")
    return name


def _system(coordinates: str | None) -> str | None:
    if coordinates is None:
        return None
    system = system_named(coordinates)
    if system is None:
        raise InputError(f"--coordinates {coordinates!r} is unknown; say wgs84, cgcs2000, gcj02, bd09 or EPSG:n")
    return system


def _area(conn: connection, code: str | None) -> AreaRow:
    """Return the area that is named, else the only one that lies in no other."""
    if code is not None:
        return area_named(conn, code)
    roots = [root for (root,) in many(conn, "SELECT code FROM wangge.area WHERE parent_id IS NULL ORDER BY code")]
    if len(roots) != 1:
        raise InputError(f"say --area: there is {'no area yet' if not roots else ', '.join(roots[:10])}")
    return area_named(conn, roots[0])
