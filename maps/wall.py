"""The wall of a command centre (`/wall`): what is open and late on the town's own grids, as it happens.

The page holds no data: its scripts ask the service that it came from, and follow its events. So one page serves everybody,
each with what they may see. Its behaviour lives in `assets/own/`, one idea a file; this module says what goes in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maps import palette
from maps.canvas import OfflineFigure, TownMap
from maps.layers import compose
from maps.words import LANGUAGES, word, words_for

if TYPE_CHECKING:
    from collections.abc import Mapping


SCRIPTS = (
    "words", "source", "ground", "surface", "paint", "scale", "night", "cases", "clusters", "dots", "shades", "tools", "names",
    "workers", "stands", "signs", "wires", "stand_cards", "stand_list", "standing", "tiles", "present", "places", "lists",
    "key", "about", "cover", "follow", "line", "live", "replay", "rounds", "chime", "preset", "pin", "find", "wall_find",
    "wall",
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
    words = words_for("event.", "find.", "map.", "plan.kind.", "plan.legend", "stands.", "wall.")
    setup = {
        "root": root,
        "here": here,
        "zone": zone,
        "words": {each: {**words[each], **says[each]} for each in LANGUAGES},
        "colours": {
            **palette.NIGHT_MARKS,
            "cards": palette.CARDS,
            "rim": palette.NIGHT,
            "chosen": "#ffffff",
            "scale": palette.NIGHT_SCALE,
            "band": palette.NIGHT_BAND_FILLS,
            "none": "#1a2531",
            "outside": "#10181f",
        },
    }
    return compose(figure, town, "wall", data=("wall-setup", setup), scripts=SCRIPTS, styles=("find", "stands"))
