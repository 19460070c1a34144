"""The files that pages ask for: our styles and scripts, and the vendored Leaflet.

Each is served under a name that holds the digest of its content, so that browsers may keep it for ever, and a new release
is seen at once.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from starlette.responses import Response

from gis.errors import NotFound
from maps.canvas import own, vendored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

OWN = (
    "pages.css",
    "common.js",
    "frames.js",
    "map.js",
    "landing.js",
    "here.js",
    "doors.js",
    "items.js",
    "plans.js",
    "plan.js",
    "new_plan.js",
    "prints.js",
    "figures.js",
    "work.js",
    "work_rows.js",
    "work_list.js",
    "sign_in.js",
    "icon.svg",
)
SHARED = ("find.js", "find.css")
"""Those of the maps that pages use as well."""
VENDORED = {"leaflet.css": "vendor/leaflet/leaflet.css", "leaflet.js": "vendor/leaflet/leaflet.js"}
_MEDIA = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_DIGEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file: what it is, and its bytes as they are and packed."""

    media: str
    plain: bytes
    packed: bytes


@lru_cache(maxsize=1)
def _assets() -> tuple[Mapping[str, Asset], Mapping[str, str]]:
    """Return the files by the names under which they are served, and these names by the files' own."""
    contents = {name: files("api.pages").joinpath("assets", name).read_bytes() for name in OWN}
    contents |= {name: own(name).encode() for name in SHARED}
    contents |= {name: vendored(path) for name, path in VENDORED.items()}
    served: dict[str, Asset] = {}
    names: dict[str, str] = {}
    for name, content in contents.items():
        stem, _, ending = name.rpartition(".")
        names[name] = f"{stem}.{hashlib.sha256(content).hexdigest()[:_DIGEST]}.{ending}"
        served[names[name]] = Asset(media=_MEDIA[ending], plain=content, packed=gzip.compress(content, mtime=0))
    return MappingProxyType(served), MappingProxyType(names)


def asset_path(name: str) -> str:
    """Return the path, below the landing page, of one of the pages' files."""
    return f"/static/{_assets()[1][name]}"


def static(request: Request) -> Response:
    """Answer with one of the pages' files; an address with another digest is none."""
    name = request.path_params["name"]
    asset = _assets()[0].get(name)
    if asset is None:
        raise NotFound(f"there is no file {name[:80]!r}")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=asset.media)
    return Response(asset.plain, headers=headers, media_type=asset.media)
