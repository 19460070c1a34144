"""Other people's tiles below our maps: an address, the frame that they are drawn in, whose they are. Off unless it is told.

Tiles are for the eye: what we keep and send stays in its own coordinates, and the pages shift what they draw where the tiles
are in GCJ-02 or BD-09.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from api.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseTiles:
    """Tiles by `url` with {z}, {x} and {y} in it, in the Mercator's numbering; `frame` is that of their coordinates."""

    url: str
    frame: str
    attribution: str

    @property
    def origin(self) -> str:
        """The host that a page may ask for them; empty where it is our own."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def tiles_of(settings: Settings) -> BaseTiles | None:
    """Return the tiles that the settings name, if they name any."""
    if not settings.tiles_url:
        return None
    return BaseTiles(url=settings.tiles_url, frame=settings.tiles_frame, attribution=settings.tiles_attribution)
