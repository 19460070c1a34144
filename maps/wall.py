"""The wall of a command centre (`/wall`): what is open and late on the town's own grids, as it happens.

The page holds no data: its scripts ask the service that it came from, and follow its events. So one page serves everybody,
each with what they may see. Its behaviour lives in `assets/own/`, one idea a file; this module says what goes in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from branca.element import MacroElement

from maps import palette
from maps.canvas import OfflineFigure, Raw, TownMap, json_text, own, script, style
from maps.words import LANGUAGES, word, words_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branca.element import Figure

SCRIPTS = (
    "words", "source", "ground", "surface", "paint", "scale", "night", "cases", "dots", "shades", "names", "signs", "tiles",
    "places", "lists", "key", "about", "live", "replay", "wall",
)  # fmt: skip


def wall_page(*, root: str, here: str, lang: str, zone: str, says: Mapping[str, Mapping[str, str]]) -> str:
    """Return the wall's page: one HTML document that asks nobody but the service that it came from.

    Parameters
    ----------
    root
        The path below which the service answers, without a slash at its end.
    here
        The page's own path, where signing in leads back to.
    lang
        The language that the page opens in; readers switch it in place.
    zone
        The name of the time zone in which the page says times.
    says
        More words by language: what states and events of incidents are called, as `state.…` and `event.…`.
    """
    figure = OfflineFigure(title=word("wall.page", lang), lang=lang, asks_home=True)
    town = TownMap(
        zoom_snap=0.25, zoom_delta=0.5, wheel_px_per_zoom_level=90, max_zoom=19, min_zoom=3, bounce_at_zoom_limits=False
    )
    words = words_for("event.", "map.", "plan.kind.", "plan.legend", "wall.")
    setup = {
        "root": root,
        "here": here,
        "zone": zone,
        "words": {each: {**words[each], **says[each]} for each in LANGUAGES},
        "colours": {
            **palette.NIGHT_MARKS,
            "scale": palette.NIGHT_SCALE,
            "band": palette.NIGHT_BAND_FILLS,
            "none": "#1a2531",
            "outside": "#10181f",
        },
    }
    figure.add_child(_Furniture(), name="furniture")
    figure.add_child(town)
    town.add_child(_WallLayer(town, setup))
    return figure.render()


def _figure(element: MacroElement) -> Figure:
    return cast("Figure", element.get_root())


class _Furniture(MacroElement):
    """What stands around the map: bar, panels, tools."""

    def render(self, **_: object) -> None:
        """Put the layout into the page's body."""
        _figure(self).html.add_child(Raw(own("wall.html")), name="furniture")


class _WallLayer(MacroElement):
    """The wall on Folium's map: style sheet, setup, scripts, and the call that begins. Its parts go in as they are."""

    def __init__(self, town: TownMap, setup: Mapping[str, object]) -> None:
        super().__init__()
        self._town = town
        self._setup = setup

    def render(self, **_: object) -> None:
        """Put each part where it belongs: head, body, the page's script."""
        figure = _figure(self)
        figure.header.add_child(style(own("wall.css")), name="wall_style")
        figure.html.add_child(
            Raw(f'<script type="application/json" id="wall-setup">{json_text(self._setup)}</script>'), name="wall_setup"
        )
        figure.html.add_child(script("\n".join(own(f"{name}.js") for name in SCRIPTS)), name="wall_scripts")
        figure.script.add_child(Raw(f"wangge.wall({self._town.get_name()});"), name="wall_start")
