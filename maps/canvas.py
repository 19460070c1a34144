"""Pages that need no network: a Folium figure that carries everything inside and lets nothing out.

Folium writes links to libraries on other people's servers. `OfflineFigure` replaces each by the vendored file that
`assets/lock.json` names for it, checked against its digest, or leaves it out where the lock says so. A link that the
lock does not know stops the page (`UnknownAsset`), so a newer folium cannot bring a server back unseen. The finished
page is read once more for addresses, and then sealed: a content security policy allows exactly the scripts and styles
that were written into it, by their digests, and no connection at all, or one to the service that it came from.

Nothing in folium or branca is changed: figures are ours, links are replaced in the figure's own header.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink, Link
from folium.template import Template

from gis.errors import WanggeError

ASSETS = Path(__file__).with_name("assets")

_CSS_URL = re.compile(r"""url\(\s*['"]?(?P<target>[^'")]*)['"]?\s*\)""")
_ASKING_TAGS = frozenset({"link", "iframe", "frame", "object", "embed", "base", "form"})
_ASKING_ATTRIBUTES = frozenset(
    {"src", "srcset", "href", "xlink:href", "action", "formaction", "poster", "data", "ping", "background"}
)
_LEAVING_CSS = re.compile(r"""@import|url\(\s*['"]?(?!data:|\#)""", re.IGNORECASE)
_CHARSET = '<meta charset="utf-8">'
_VIEWPORT = re.compile(r'(?<=<meta name="viewport" content=")[^"]*')
_MEDIA = {".png": "image/png", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


class UnknownAsset(WanggeError):
    """Folium asks for a library that `maps/assets/lock.json` does not know."""


class BrokenAsset(WanggeError):
    """A vendored file is missing or is not the one that was locked: run `script/vendor`."""


class LeakyPage(WanggeError):
    """A finished page would ask for something that is not inside it."""


@lru_cache(maxsize=1)
def lock() -> dict[str, Any]:
    """Return the lock of the vendored libraries."""
    return json.loads((ASSETS / "lock.json").read_text(encoding="utf-8"))


@lru_cache(maxsize=64)
def vendored(path: str) -> bytes:
    """Return a vendored file, checked against the lock."""
    entry = lock()["files"].get(path)
    if entry is None:
        msg = f"{path} is not in maps/assets/lock.json"
        raise UnknownAsset(msg)
    try:
        content = (ASSETS / path).read_bytes()
    except FileNotFoundError as error:
        msg = f"{path} is missing: run script/vendor"
        raise BrokenAsset(msg) from error
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        msg = f"{path} is not the file that was locked: run script/vendor"
        raise BrokenAsset(msg)
    return content


@lru_cache(maxsize=64)
def own(name: str) -> str:
    """Return one of our own page files, from `assets/own`."""
    return (ASSETS / "own" / name).read_text(encoding="utf-8")


def stands_in(url: str) -> str | None:
    """Return the vendored file that stands in for one of folium's links, or None where the pages do without it.

    Links are known by their path, which holds name and version; the host does not matter.

    Raises
    ------
    UnknownAsset
        If the lock does not know the link.
    """
    links = lock()["links"]
    path = urlsplit(url).path
    if path not in links:
        msg = f"folium links {url}, which maps/assets/lock.json does not know: vendor it there, or leave it out with null"
        raise UnknownAsset(msg)
    return links[path]


def json_text(value: object) -> str:
    """Write `value` as JSON that may stand inside a script element, whatever strings it holds."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


class Raw(Element):
    """Text that goes into the page as it is: unlike branca's Element it is never read as a template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def render(self, **_: object) -> str:
        """Return the text."""
        return self._text


def script(text: str) -> Raw:
    """Wrap a library or a script of ours in a script element."""
    safe = re.sub(r"</(script)", r"<\\/\1", text, flags=re.IGNORECASE).replace("<!--", "<\\!--")
    return Raw(f"<script>{safe}</script>")


def style(text: str) -> Raw:
    """Wrap a style sheet in a style element."""
    safe = text.replace("</", "<\\/")
    return Raw(f"<style>{safe}</style>")


class OfflineFigure(Figure):
    """A page that opens from disk with no network.

    Parameters
    ----------
    title
        What the window is called; any text.
    lang
        The language that the page begins with (`zh` or `en`).
    asks_home
        Whether its scripts may ask the service that the page came from, and nobody else.
    """

    _template = Template(
        """<!DOCTYPE html>
<html lang="{{ 'zh-CN' if this.lang == 'zh' else this.lang|e }}">
<head>
"""
        + _CHARSET
        + """
<title>{{ this.title|e }}</title>
{{ this.header.render(**kwargs) }}
</head>
<body>
{{ this.html.render(**kwargs) }}
<script>
{{ this.script.render(**kwargs) }}
</script>
</body>
</html>
"""
    )

    def __init__(self, *, title: str, lang: str, asks_home: bool = False) -> None:
        super().__init__(title=title)
        self.lang = lang
        self.asks_home = asks_home
        # Our template opens with the character set, before anything that needs it.
        del self.header._children["meta_http"]  # noqa: SLF001  # branca has no way to take a child out

    def render(self, **kwargs: object) -> str:
        """Return the page: complete, checked for addresses that lead out, and sealed."""
        for child in self._children.values():
            child.render(**kwargs)
        for name, child in list(self.header._children.items()):  # noqa: SLF001  # branca has no way to list them
            if isinstance(child, Link):
                self.header.add_child(_inside(child), name=name)
        # Folium forbids to enlarge the page; who has to, must be able to.
        html = _VIEWPORT.sub("width=device-width, initial-scale=1", self._template.render(this=self, kwargs=kwargs), count=1)
        reader = _Reader()
        reader.feed(html)
        reader.close()
        if reader.leaks:
            msg = f"the page would reach out: {'; '.join(reader.leaks)}"
            raise LeakyPage(msg)
        return html.replace(_CHARSET, f"{_CHARSET}\n{_seal(reader.scripts, reader.styles, asks_home=self.asks_home)}", 1)


class TownMap(folium.Map):
    """Folium's map without tiles and without anything that Leaflet would say in a language of its own.

    Its name is fixed, so that the same plan gives the same page, byte for byte.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  # handed on to Leaflet as they are
        super().__init__(location=[0, 0], tiles=None, zoom_control=False, attribution_control=False, **options)

    def get_name(self) -> str:
        """Return the map's name in the page."""
        return "town_map"


def _inside(link: Link) -> Raw:
    path = stands_in(link.url)
    if path is None:
        return Raw("")
    text = vendored(path).decode("utf-8").replace("\r\n", "\n")  # as a browser reads it, which is what the seal digests
    if isinstance(link, JavascriptLink):
        licence = vendored(f"{path.rsplit('/', 1)[0]}/LICENSE").decode("utf-8").strip().replace("--", "- -")
        return Raw(f"<!--\n{licence}\n-->\n{script(text).render()}")
    if isinstance(link, CssLink):
        return style(_CSS_URL.sub(lambda found: f"url({_data_uri(path, found['target'])})", text))
    msg = f"a link of an unknown kind: {link.url}"
    raise UnknownAsset(msg)


def _data_uri(sheet: str, target: str) -> str:
    if target.startswith(("#", "data:")):
        return target
    path = f"{sheet.rsplit('/', 1)[0]}/{target}"
    content = base64.b64encode(vendored(path)).decode("ascii")
    return f"data:{_MEDIA[Path(path).suffix]};base64,{content}"


class _Reader(HTMLParser):
    """Reads a finished page: its scripts, its styles, and whatever would make a browser ask for something."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.leaks: list[str] = []
        self._parts: list[str] = []
        self._into: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        asking = [name for name, value in attrs if name in _ASKING_ATTRIBUTES and not (value or "").startswith(("#", "data:"))]
        if tag in _ASKING_TAGS or asking:
            self.leaks.append(f"<{tag} {' '.join(asking)}> at line {self.getpos()[0]}")
        self._parts.clear()
        if tag == "style":
            self._into = self.styles
        elif tag == "script" and ("type", "application/json") not in attrs:
            self._into = self.scripts

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._into is None or tag not in {"script", "style"}:
            return
        text = "".join(self._parts)
        self._into.append(text)
        if tag == "style":
            self.leaks += _LEAVING_CSS.findall(text)
        self._into = None


def _seal(scripts: list[str], styles: list[str], *, asks_home: bool) -> str:
    """Write the content security policy: these scripts, these styles, pictures from inside the page, nothing else."""
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {_digests(scripts)}",
            f"style-src {_digests(styles)}",
            "img-src data:",
            *(["connect-src 'self'"] if asks_home else []),
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    return f'<meta http-equiv="Content-Security-Policy" content="{policy}">'


def _digests(texts: list[str]) -> str:
    digests = sorted({base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts})
    return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
