"""A page of ours on Folium's map: what stands around the map, its style sheet, its data, its scripts, and the call that begins.

The parts go in as they are. What a macro writes, branca would read as a template once more, and a grid called `{{ … }}`
would run on the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from branca.element import MacroElement

from maps.canvas import OfflineFigure, Raw, TownMap, json_text, own, script, style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branca.element import Figure


def compose(
    figure: OfflineFigure,
    town: TownMap,
    page: str,
    *,
    data: tuple[str, Mapping[str, object]],
    scripts: Sequence[str],
    styles: Sequence[str] = (),
) -> str:
    """Return the document of a page of ours.

    Parameters
    ----------
    page
        The name of the page: of its layout and style sheet in `assets/own`, and of the function that begins it.
    data
        The id of the element that holds what the scripts read, and that itself.
    scripts
        The page's scripts in `assets/own`, in the order in which they need each other.
    styles
        Style sheets in `assets/own` that it shares with other pages; its own follows them.
    """
    figure.add_child(_Furniture(page), name="furniture")
    figure.add_child(town)
    town.add_child(_Layer(town, page, data, scripts, styles))
    return figure.render()


def _figure(element: MacroElement) -> Figure:
    return cast("Figure", element.get_root())


class _Furniture(MacroElement):
    """What stands around the map: it comes before it in the page's body."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._page = page

    def render(self, **_: object) -> None:
        """Put the layout into the page's body."""
        _figure(self).html.add_child(Raw(own(f"{self._page}.html")), name="furniture")


class _Layer(MacroElement):
    """What stands on the map: style sheet, data, scripts, and the call that begins."""

    def __init__(
        self,
        town: TownMap,
        page: str,
        data: tuple[str, Mapping[str, object]],
        scripts: Sequence[str],
        styles: Sequence[str],
    ) -> None:
        super().__init__()
        self._town = town
        self._page = page
        self._data = data
        self._scripts = scripts
        self._styles = styles

    def render(self, **_: object) -> None:
        """Put each part where it belongs: head, body, the page's script."""
        figure = _figure(self)
        name, data = self._data
        sheets = "\n".join(own(f"{each}.css") for each in (*self._styles, self._page))
        figure.header.add_child(style(sheets), name="page_style")
        figure.html.add_child(Raw(f'<script type="application/json" id="{name}">{json_text(data)}</script>'), name="page_data")
        figure.html.add_child(script("\n".join(own(f"{each}.js") for each in self._scripts)), name="page_scripts")
        figure.script.add_child(Raw(f"wangge.{self._page}({self._town.get_name()});"), name="page_start")
