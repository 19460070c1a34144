"""The offline figure: what folium links stands inside, what is unknown stops the page, nothing leads out."""

import json
import re
import subprocess
import sys
from pathlib import Path

import folium
import pytest
from branca.element import Element
from folium.plugins import Fullscreen

from gis.errors import WanggeError
from maps import canvas
from maps.canvas import (
    BrokenAsset,
    LeakyPage,
    OfflineFigure,
    Raw,
    TownMap,
    UnknownAsset,
    json_text,
    script,
    stands_in,
    vendored,
)

ROOT = Path(__file__).parents[2]


def render(*extra):
    figure = OfflineFigure(title="镇", lang="zh")
    town = TownMap()
    figure.add_child(town)
    for element in extra:
        town.add_child(element)
    return figure.render()


def test_nothing_is_linked():
    """A rendered figure names no address that a browser would ask for, and holds Leaflet with its licence."""
    html = render()

    assert not re.search(r"<link|<script[^>]*\ssrc|@import", html)
    assert "Leaflet 1.9.4" in html
    assert "BSD 2-Clause License" in html


def test_unknown_link_stops_the_page():
    """A plugin whose library nobody vendored raises instead of reaching out."""
    with pytest.raises(UnknownAsset, match=r"assets/lock\.json does not know"):
        render(Fullscreen())


def test_new_version_is_unknown():
    """The same library at another version is not taken for the one that was vendored."""
    assert stands_in("https://host.example/npm/leaflet@1.9.3/dist/leaflet.js") == "vendor/leaflet/leaflet.js"
    with pytest.raises(UnknownAsset):
        stands_in("https://host.example/npm/leaflet@2.0.0/dist/leaflet.js")


def test_every_link_of_folium_is_decided():
    """The lock says of each link of folium's own map what stands in for it."""
    for _, url in folium.Map.default_js + folium.Map.default_css:
        stands_in(url)


def test_folium_is_left_as_it_was():
    """Rendering ours changes nothing in folium: its own maps still link what they did."""
    before = [list(folium.Map.default_js), list(folium.Map.default_css)]
    render()

    assert [folium.Map.default_js, folium.Map.default_css] == before
    assert "leaflet@" in folium.Map().get_root().render()


@pytest.mark.parametrize(
    "markup",
    [
        "<img src='//host.example/x.png'>",
        "<link rel=icon href=x>",
        "<a href='https://host.example'>x</a>",
        "<iframe></iframe>",
        "<script src=x></script>",
        "<style>a{background:url(//host.example/x)}</style>",
        "<style>@import 'x';</style>",
    ],
)
def test_leaks_stop_the_page(markup):
    """Markup or style that would ask for something outside raises."""
    figure = OfflineFigure(title="x", lang="en")
    figure.html.add_child(Raw(markup))

    with pytest.raises(LeakyPage):
        figure.render()


def test_a_title_is_only_text():
    """Whatever a title holds is text, and no reason to refuse the page."""
    html = OfflineFigure(title="</title><script src=x>{{ 7*7 }}", lang="en").render()

    assert "&lt;/title&gt;&lt;script src=x&gt;{{ 7*7 }}</title>" in html


def test_the_seal_counts_every_script():
    """The policy lists one digest for each script and style, and allows no other source."""
    html = render(Element())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)

    assert policy is not None
    assert "unsafe" not in policy[1]
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert policy[1].count("sha256-") == len(re.findall("<(?:script|style)>", html))


def test_rendering_twice_gives_the_same():
    """A figure may be rendered again."""
    figure = OfflineFigure(title="x", lang="en")
    figure.add_child(TownMap())

    assert figure.render() == figure.render()


def test_json_cannot_end_its_script():
    """No string in the data can close the element that it stands in; the value comes back."""
    value = ["</script><!--", "\u2028", "{{ 7*7 }}", "${1}"]

    assert "<" not in json_text(value)
    assert json.loads(json_text(value)) == value


def test_json_refuses_what_is_no_number():
    """A NaN, which no browser could read, is an error here and not there."""
    with pytest.raises(ValueError, match="Out of range"):
        json_text(float("nan"))


def test_script_text_cannot_end_its_element():
    """A library that speaks of script elements stays whole."""
    assert script("a='</script>'").render() == r"<script>a='<\/script>'</script>"


def test_changed_file_is_refused(monkeypatch, tmp_path):
    """A vendored file that is not the locked one is never written into a page."""
    (tmp_path / "vendor" / "leaflet").mkdir(parents=True)
    (tmp_path / "vendor" / "leaflet" / "leaflet.js").write_text("changed")
    canvas.lock()
    monkeypatch.setattr(canvas, "ASSETS", tmp_path)

    with pytest.raises(BrokenAsset, match="not the file that was locked"):
        vendored.__wrapped__("vendor/leaflet/leaflet.js")
    with pytest.raises(BrokenAsset, match="missing"):
        vendored.__wrapped__("vendor/leaflet/leaflet.css")


def test_errors_are_ours():
    """What stops a page is an error of the house."""
    assert all(issubclass(error, WanggeError) for error in (UnknownAsset, BrokenAsset, LeakyPage))


def test_vendored_files_are_as_locked():
    """`script/vendor --check` finds nothing wrong, and the lock names no host."""
    checked = subprocess.run(
        [sys.executable, ROOT / "script" / "vendor", "--check"], capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
    assert "://" not in (ROOT / "maps" / "assets" / "lock.json").read_text(encoding="utf-8")
