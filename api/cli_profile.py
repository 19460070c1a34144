"""The commands about profiles: `profile list`, `profile show`, `profile load`."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import report as say
from api.cli_options import AsJson, Home, Lang
from api.cli_store import clock_of, day_of, owner_of, store_in
from api.profile_fixture import fill
from api.profile_load import load
from data.profile import PLACES, place, read_profile
from data.store.sql import run
from gis.errors import Conflict, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from api.profile_load import Loaded
    from data.profile import Profile

app = typer.Typer(help="How places govern their grids, as data. 各地方案（配置）。", no_args_is_help=True, add_completion=False)

Which = Annotated[str, typer.Argument(metavar="NAME|FILE", help="A profile that comes with wangge, or a file of your own.")]


@app.command("list", epilog="Example:  wangge profile list")
def list_profiles(*, as_json: AsJson = False, lang: Lang = say.Language.zh) -> None:
    """List the profiles that come with wangge.

    列出内置方案。
    """
    found = [place(name) for name in PLACES]
    if as_json:
        say.json([{"id": each.id, "zh": each.zh, "en": each.en, "area": each.area} for each in found])
    for each in () if as_json else found:
        say.line(lang, en=f"{each.id}  {each.area}  {each.en}", zh=f"{each.id}  {each.area}  {each.zh}")


@app.command("show", epilog="Example:  wangge profile show shizhong")
def show_profile(which: Which, *, as_json: AsJson = False, lang: Lang = say.Language.zh) -> None:
    """Show what a profile says, and what its source leaves open and it assumes.

    显示方案内容及其假设。
    """
    profile = _profile(which)
    if as_json:
        assumed = [{"section": section, "text": text} for section, text in profile.assumptions]
        say.json(profile.as_json() | {"assumptions": assumed})
        return
    say.line(lang, en=f"{profile.en} ({profile.area})", zh=f"{profile.zh}（{profile.area}）")
    sections = "、".join(profile.as_json().keys() - {"id", "zh", "en", "area"})
    for rule in profile.staffing:
        en, zh = f"staffing, {rule['grid_type']}: {rule['formula']}", f"配备（{rule['grid_type']}）：{rule['formula']}"
        say.line(lang, en=en, zh=zh)
    for name, value in profile.size.items():
        say.line(lang, en=f"size, {name}: {value}", zh=f"规模（{name}）：{value}")
    for section, text in profile.assumptions:
        say.line(lang, en=f"assumed, {section}: {text}", zh=f"假设（{section}）：{text}")
    say.line(lang, en=f"sections: {sections}", zh=f"各节：{sections}")


@app.command("load", epilog="Example:  wangge profile load shizhong --fixture")
def load_profile(
    which: Which,
    *,
    fixture: Annotated[
        bool, typer.Option("--fixture", help="Fill an empty store with the profile's invented town, and load it there.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option("--day", help="First day, as 2026-01-31; today unless said, and for a fixture New Year's Day."),
    ] = None,
    area: Annotated[str | None, typer.Option(help="Code of another area that it is to hold in, instead of its own.")] = None,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = say.Language.zh,
) -> None:
    """Let a profile hold in its area; loaded again it changes nothing.

    载入方案；重复载入无变化。--fixture 在空库中生成示例数据。
    """
    profile = _profile(which)
    if area is not None:
        if fixture:
            raise InputError("a fixture lies where its profile says: leave --area or --fixture out")
        profile = replace(profile, area=area)
    with store_in(home) as (settings, store), owner_of(store) as conn:
        now, today = clock_of(settings)
        day = day_of(since) or (today.replace(month=1, day=1) if fixture else today)
        _refuse_day(day, today, fixture=fixture)
        counts: Mapping[str, int] = {}
        run(conn, "BEGIN")
        if fixture:
            filled = fill(conn, profile, day=day, now=now, zone=settings.zone, smallest_public=settings.k_public)
            loaded, counts = filled.loaded, filled.counts
        else:
            loaded = load(conn, profile, day=day, now=now)
        run(conn, "COMMIT")
    if as_json:
        say.json(asdict(loaded) | {"fixture": dict(counts)})
        return
    for name, count in counts.items():
        say.line(lang, en=f"{name}: {count}", zh=f"{name}：{count}")
    _tell(loaded, lang)


def _profile(which: str) -> Profile:
    """Return the profile of that name, else that of the file."""
    if which in PLACES:
        return place(which)
    path = Path(which)
    if not path.suffix and not path.exists():
        raise InputError(f"there is no profile {which!r}; there are {', '.join(PLACES)}, or name a file")
    return read_profile(path)


def _refuse_day(day: date, today: date, *, fixture: bool) -> None:
    """Refuse to change days that are over; and a town in which nothing can have happened yet."""
    if fixture and day > today:
        raise Conflict(f"a fixture begins today ({today}) or earlier, not on {day}", code="future-day")
    if not fixture and day < today:
        raise Conflict(f"a profile holds from today ({today}) or later, not from {day}", code="past-day")


def _tell(loaded: Loaded, lang: say.Language) -> None:
    changed = ", ".join(loaded.changed)
    only = ", ".join(loaded.document_only)
    if loaded.changed:
        say.line(
            lang,
            en=f"{loaded.profile} holds in {loaded.area} from {loaded.day}: {changed}; in the document alone: {only}",
            zh=f"{loaded.profile}自{loaded.day}起在{loaded.area}施行：{changed}；仅存于文档：{only}",
        )
    else:
        say.line(lang, en=f"nothing new: {loaded.profile} in {loaded.area}", zh=f"无变化：{loaded.profile}（{loaded.area}）")
