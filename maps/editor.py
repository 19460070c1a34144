"""The planner's editor (`/edit/{plan}`): blocks painted from grid to grid, and what that means for every grid at once.

The page holds no data: its scripts ask the service that it came from for the plan's blocks, and send back what was
painted. Its behaviour lives in `assets/own/edit*.js`, one idea a file; those of assignment, pieces, sides and lines know
numbers only. This module says what goes in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maps import palette
from maps.canvas import OfflineFigure, TownMap
from maps.layers import compose
from maps.words import LANGUAGES, word, words_for

if TYPE_CHECKING:
    from collections.abc import Mapping

MODEL = ("edit_model", "edit_pieces", "edit_sides", "edit_compare", "edit_arcs")
"""The scripts that know numbers only."""

SCRIPTS = (
    "words", "source", "cover", "ground", "surface", "paint", "scale", "tags", *MODEL,
    "edit_load", "edit_draft", "edit_save", "edit_paint", "edit_table", "edit_tools", "edit_tell", "edit_acts", "edit_look",
    "edit_locks", "edit_state", "edit_changes", "edit_notes", "edit_steps", "edit_part", "edit_again", "edit_heat",
    "edit_layers", "edit_homes", "edit_files", "edit_suggest", "find", "edit_find", "editor",
)  # fmt: skip

IDLE_MS = 30_000
"""How long after the last stroke the page saves by itself."""


def editor_page(
    *, root: str, plan: str, lang: str, zone: str, today: str, says: Mapping[str, Mapping[str, str]], idle_ms: int = IDLE_MS
) -> str:
    """Return the editor of a plan: one HTML document that asks nobody but the service that it came from.

    Parameters
    ----------
    root
        The path below which the service answers, without a slash at its end.
    plan
        The plan's id; where signing in leads back to follows from it.
    lang
        The language that the page opens in; readers switch it in place.
    zone
        The name of the time zone in which the page says times.
    today
        The day that a plan takes effect where nobody says another, as ISO 8601.
    says
        More words by language: what states and steps of plans are called, as `plan.…`.
    idle_ms
        How long after the last stroke the page saves by itself.
    """
    figure = OfflineFigure(title=word("edit.page", lang), lang=lang, asks_home=True)
    town = TownMap(
        zoom_snap=0.25,
        zoom_delta=0.5,
        wheel_px_per_zoom_level=90,
        max_zoom=20,
        min_zoom=3,
        bounce_at_zoom_limits=False,
        zoom_animation=False,
    )
    words = words_for("edit.", "find.", "map.")
    setup = {
        "root": root,
        "plan": plan,
        "here": f"/edit/{plan}",
        "zone": zone,
        "today": today,
        "idle_ms": idle_ms,
        "words": {each: {**words[each], **says[each]} for each in LANGUAGES},
        "colours": {"grids": palette.FILLS, "band": palette.BAND_FILLS, "scale": palette.DAY_SCALE},
    }
    return compose(figure, town, "editor", data=("editor-setup", setup), scripts=SCRIPTS, styles=("calm", "find"))
