"""The desk of a command centre (`/command`): a map, a table and one incident at a time, for whoever works on them all day.

The page holds no data, as the wall does not: its scripts ask the service that it came from. What is taken away as one file
(`desk_file`) is the same page with its data inside, which asks nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maps import palette
from maps.canvas import OfflineFigure, TownMap
from maps.layers import compose
from maps.words import LANGUAGES, word, words_for

if TYPE_CHECKING:
    from collections.abc import Mapping

SCRIPTS = (
    "words", "source", "ground", "surface", "paint", "scale", "day", "clusters", "dots", "shades", "tools", "names", "workers",
    "stands", "signs", "wires", "stand_cards", "stand_list", "standing", "replay", "measure", "desk_send", "desk_rows",
    "desk_says", "desk_filter", "desk_sides", "desk_tiles", "desk_table", "desk_fields", "desk_steps", "desk_drawer", "pin",
    "find", "desk_find", "desk_report", "cover", "follow", "line", "desk_live", "desk",
)  # fmt: skip


def desk_page(*, says: Mapping[str, Mapping[str, str]], **told: Any) -> str:  # noqa: ANN401  # JSON values
    """Return the desk's page: one HTML document that asks nobody but the service that it came from.

    Parameters
    ----------
    says
        More words by language: what states, events and everything with a fixed list of words is called, as `family.word`.
    told
        What the scripts read: `root` (the path below which the service answers), `here` (the page's own), `lang`, `zone`,
        `fields` (of each event, how each of its fields is asked for) and `choices` (the words of each family).
    """
    return _page(says, told, asks_home=True)


def desk_file(*, says: Mapping[str, Mapping[str, str]], given: Mapping[str, Any], **told: Any) -> str:  # noqa: ANN401  # JSON values
    """Return the desk as one file that opens from disk: `given` are the ground, the incidents and what was asked for."""
    return _page(says, told | {"given": given}, asks_home=False)


def _page(says: Mapping[str, Mapping[str, str]], told: Mapping[str, Any], *, asks_home: bool) -> str:
    lang = str(told["lang"])
    figure = OfflineFigure(title=word("desk.page", lang), lang=lang, asks_home=asks_home)
    town = TownMap(
        zoom_snap=0.25, zoom_delta=0.5, wheel_px_per_zoom_level=90, max_zoom=19, min_zoom=3, bounce_at_zoom_limits=False
    )
    words = words_for("desk.", "event.", "find.", "map.", "plan.legend", "stands.", "wall.")
    setup = {
        **told,
        "words": {each: {**words[each], **says[each]} for each in LANGUAGES},
        "colours": {
            **palette.DAY_MARKS,
            "over": palette.DAY_OVER,
            "cards": palette.CARDS,
            "rim": "#ffffff",
            "chosen": "#10202f",
            "scale": palette.DAY_SCALE,
            "band": palette.BAND_FILLS,
            "none": "#fbfaf7",
            "outside": "#eef0f1",
        },
    }
    return compose(figure, town, "desk", data=("desk-setup", setup), scripts=SCRIPTS, styles=("find", "stands"))
