"""The command that prints what the store keeps: `wangge station-sheets`, one station on one map (一站一图)."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import report as say
from api.cli_options import AsJson, Home, Lang, Workers
from api.cli_store import clock_of, day_of, owner_of, store_in
from api.sheet_store import Wish, station_ground
from api.who.caller import Caller, Grant, Role
from data.store import stations
from data.store.plans import area_named
from data.store.pool import Pool
from gis.errors import NotFound
from maps.sheets.values import Form, Paper, SheetOptions, Show

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from api.who.caller import Right
    from data.store.scope import Scope

app = typer.Typer(add_completion=False)
PAGE = 500


@dataclass(frozen=True, slots=True)
class Owner:
    """Whoever has the store: they see all of an area."""

    caller: Caller

    @property
    def scope(self) -> Scope:
        """What they read."""
        return self.caller.scope(public=("areas", "grids"))

    def acting(self, *rights: Right) -> Scope:
        """Return for whom a transaction speaks that needs `rights`."""
        return self.caller.scope(*rights)


@app.command("station-sheets", epilog="Example:  wangge station-sheets 370103 --out demo/stations")
def print_stations(
    area: Annotated[str, typer.Argument(metavar="AREA", help="Code of a community, street or district.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the sheets; those that lie there already stay.")],
    *,
    paper: Annotated[Paper, typer.Option(help="Paper, landscape.")] = Paper.A4,
    form: Annotated[Form, typer.Option("--format", help="Form of file; as pdf all are bound into one too.")] = Form.PDF,
    day: Annotated[str | None, typer.Option("--date", help="As it is on a day, as 2026-01-31; today unless said.")] = None,
    review_number: Annotated[str, typer.Option(help="Number of the map review (审图号).")] = "",
    source: Annotated[str, typer.Option(help="Whose data it is, to print.")] = "",
    show: Annotated[
        list[Show] | None, typer.Option(help="What of those on duty to print: names, phones. Nothing unless said.")
    ] = None,
    fonts: Annotated[str, typer.Option(help="Folder with Noto Sans CJK, where the system has none.")] = "",
    workers: Workers = None,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Print a sheet for every station of an area that is open: where it is, whom it serves, how far people walk to it.

    打印一站一图：站点位置、服务网格与步行可达范围。
    """
    # The library that draws takes a second to import; no other command waits for it.
    from maps.sheets.station import make_station_atlas  # noqa: PLC0415 - see above

    with store_in(home) as (settings, store), owner_of(store) as conn, closing(Pool(store.app_dsn, size=1)) as pool:
        wish = Wish(
            day=day_of(day) or clock_of(settings)[1],
            paper=paper,
            show=frozenset(show or ()),
            lang=lang.value,
            internal=True,
        )
        path = area_named(conn, area).path
        owner = Owner(Caller(grants=(Grant(role=Role.DISTRICT, area=path),)))
        codes = _codes(conn, path)
        if not codes:
            raise NotFound(f"there is no station in {area}", zh=f"{area} 没有站点")
        found = [station_ground(pool, owner, code, wish) for code in codes]
    options = SheetOptions(
        paper=paper,
        form=form,
        lang=lang.value,
        review_number=review_number,
        day=wish.day.isoformat(),
        source=source,
        fonts=fonts,
    )
    with say.progress("打印" if lang is say.Language.zh else "printing") as shown:
        made = make_station_atlas(area, found, options, out, workers=workers, progress=shown)
    if as_json:
        files = [entry.file for entry in made.entries]
        say.json({"folder": str(out), "made": made.made, "kept": made.kept, "files": files})
        return
    say.line(
        lang,
        en=f"{made.made} sheets or volumes made, {made.kept} already there: {out}",
        zh=f"已生成 {made.made} 个图件，{made.kept} 个已有且未变：{out}",
    )


def _codes(conn: connection, path: str) -> list[str]:
    """Return the stations of an area, by their codes."""
    codes: list[str] = []
    while True:
        after = codes[-1] if codes else ""
        rows = stations.listed(conn, area=path, kind=None, service=None, after=after, limit=PAGE)
        codes += [row["code"] for row in rows]
        if len(rows) < PAGE:
            return codes
