"""The service's pages as a browser gets them: what they say, in which language, and that nothing leaves or enters them."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api.pages.page import inside
from api.pages.policy import POLICY
from api.pages.problem import problem_page, wants_page
from api.pages.words import LANGUAGES, catalogue, words_for
from tests.api.who.office import PASSWORD
from tests.paged import NASTY, paged
from tests.published import COMMUNITIES, HIDDEN

PAGES = Path(__file__).parents[2] / "api" / "pages"
PLACE = re.compile(r"\{(\w+)\}")
HAN = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]")
GRID = "370103001001001"
ADDRESSES = (
    "/",
    "/conformance",
    "/collections",
    "/collections/grids",
    "/collections/grids/schema",
    "/collections/grids/queryables",
    "/collections/streets/sortables",
    "/collections/grids/items",
    "/collections/communities/items",
    "/collections/grids/items?community=nowhere",
    f"/collections/grids/items/{GRID}",
    f"/collections/communities/items/{COMMUNITIES[0]}",
    "/api.html",
    "/sign-in",
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Outline(HTMLParser):
    """What a page is built of: its headings, landmarks, links, ids, labels, and what it would load or run."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.headings: list[int] = []
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def all(self, tag):
        """Give the attributes of each element of that name."""
        return [attrs for name, attrs in self.found if name == tag]


def seen(client, path, lang="zh", **headers):
    return client.get(path, headers={"Accept": BROWSER, "Accept-Language": lang, **headers})


def carried(text, name):
    """A value that a page carries for its scripts."""
    (value,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.DOTALL)
    return json.loads(value)


@pytest.fixture(scope="module")
def net(cluster, template, tmp_path_factory):
    """The published town, served with its pages; tests of this module change nothing in it."""
    with cluster.clone(template) as db, paged(db, tmp_path_factory.mktemp("home"), town=True) as hall:
        hall.now = datetime(2026, 3, 2, 4, tzinfo=UTC)
        yield hall


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", ADDRESSES)
def test_every_page_in_both_languages(net, path, lang):
    """A page is in the language that the browser wants, in good order, and under a policy that lets in our own files only."""
    answer = seen(net.client, path, lang)
    page = Outline(answer.text)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8"), answer.text
    assert answer.headers["content-security-policy"] == POLICY
    assert {"accept", "accept-language"} <= {part.strip().lower() for part in answer.headers["vary"].split(",")}
    assert page.all("html")[0]["lang"] == ("zh-CN" if lang == "zh" else "en")
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False)), page.headings
    assert [len(page.all(tag)) for tag in ("header", "main", "footer", "title")] == [1, 1, 1, 1]
    ids = [attrs["id"] for _, attrs in page.found if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in page.found:
        for name in ("aria-labelledby", "for"):
            assert set((attrs.get(name) or "").split()) <= set(ids)
        assert not any(name.startswith("on") or name == "style" for name in attrs), attrs
    for script in page.all("script"):
        assert script.get("type") == "application/json" or script["src"].startswith("/static/")
    assert not page.all("style")


@pytest.mark.parametrize("path", ADDRESSES)
def test_pages_reach_nobody_else(net, path):
    """Nothing that a page loads, and no link on it, names another host; what it loads is there."""
    page = Outline(seen(net.client, path).text)

    for _, attrs in page.found:
        for name in ("href", "src", "action"):
            if attrs.get(name):
                assert not attrs[name].startswith(("//", "http:", "https:")), attrs
    for attrs in (*page.all("link"), *page.all("script"), *page.all("img")):
        address = attrs.get("href") or attrs.get("src")
        if address:
            assert net.client.get(address).status_code == 200, address


def test_links_lead_somewhere(net):
    """Every link of every page is answered, if only by asking who wants to know."""
    links = {
        link["href"].partition("#")[0]
        for path in ADDRESSES
        for link in Outline(seen(net.client, path).text).all("a")
        if link["href"].startswith("/")
    }

    assert len(links) > 40
    with httpx.Client(base_url=net.client.base_url, trust_env=False) as browser:
        codes = {link: seen(browser, link).status_code for link in links}
    # What is not for everybody is offered to everybody where the API is described, and behind the doors of the start page.
    shut = ("/v1/", "/command/export.html", "/collections/incidents/")
    wrong = {
        link: code for link, code in codes.items() if code not in ({200, 401} if any(s in link for s in shut) else {200, 303})
    }
    assert wrong == {}


def test_programs_get_json(net):
    """Whoever does not ask for HTML, or says f=json, gets JSON from the same address; f=html gives anybody the page."""
    for path in ("/", "/collections", "/collections/grids/items", f"/collections/grids/items/{GRID}"):
        assert "json" in net.client.get(path, headers={"Accept": "*/*"}).headers["content-type"]
        assert "json" in seen(net.client, f"{path}?f=json").headers["content-type"]
        assert "html" in net.client.get(f"{path}?f=html", headers={"Accept": "*/*"}).headers["content-type"]


def test_files_are_kept_for_ever(net):
    """A file's name holds its digest: browsers keep it, packed where they can unpack it, and another digest is no file."""
    css = next(link["href"] for link in Outline(seen(net.client, "/").text).all("link") if "pages." in link["href"])
    packed, plain = net.client.get(css), net.client.get(css, headers={"Accept-Encoding": "identity"})

    assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (packed.headers["content-encoding"], plain.headers.get("content-encoding")) == ("gzip", None)
    assert packed.text == plain.text
    assert net.client.get(re.sub(r"\.[0-9a-f]{12}\.", ".000000000000.", css)).status_code == 404
    assert net.client.get("/static/..%2fpage.py").status_code == 404


def test_a_page_of_features(net):
    """The page has one row for each feature, what was asked for in words, and the same features for the map."""
    text = seen(net.client, "/collections/grids/items?kind=dedicated&sortby=-households").text

    assert [f["id"] for f in carried(text, "map-data")["features"]] == [HIDDEN]
    assert text.count("<tr data-id=") == 1
    assert "类型：<b>专属网格</b>" in text
    assert "排序：<b>户数 降序</b>" in text
    assert 'aria-sort="descending"' in text


def test_small_counts_are_not_on_the_page(net):
    """The number that nobody is told is neither in the table nor in what the map carries."""
    text = seen(net.client, f"/collections/grids/items/{HIDDEN}").text

    assert "不公开" in text
    assert "households" not in carried(text, "map-data")["features"][0]["properties"]


def test_paging_by_links(net):
    """Following the page's own links shows every grid once, and leads back to the first page."""
    path, codes, pages, text = "/collections/grids/items?limit=5", [], 0, ""
    while path:
        text = seen(net.client, path).text
        pages += 1
        codes += re.findall(r'<tr data-id="(\d+)">', text)
        following = [link for link in Outline(text).all("a") if link.get("rel") == "next"]
        path = following[0]["href"] if following else ""

    assert (pages, len(codes), len(set(codes))) == (3, 12, 12)
    assert any(link.get("rel") == "first" for link in Outline(text).all("a"))


def test_one_grid(net):
    """A grid's page has its properties by both languages' titles, and its four bounds in the order of a notice."""
    zh, en = (seen(net.client, f"/collections/grids/items/{GRID}", lang).text for lang in LANGUAGES)

    assert "东至东路，南至南路，西至西路，北至北路。" in zh
    assert "East to 东路, south to 南路, west to 西路, north to 北路." in en
    for text in (zh, en):
        assert all(title in text for title in ("网格编码", "Bound" if "Bound" in text else "Code", "户数", "Households"))
    assert '<a href="/collections/communities/items/370103001001">' in zh


def test_a_day_long_ago(net):
    """A page about another day says so, and its links stay on that day."""
    text = seen(net.client, "/collections/grids/items?at=2024-06-01").text

    assert "2024年6月1日" in text
    assert len(carried(text, "map-data")["features"]) == 8
    assert "?at=2024-06-01" in next(link["href"] for link in Outline(text).all("a") if "/grids/items/37" in link["href"])


def test_a_map_needs_degrees(net):
    """In metres, or without geometry, there is no map and the page says why; the table is there all the same."""
    metres = seen(net.client, "/collections/grids/items?crs=http://www.opengis.net/def/crs/EPSG/0/3857").text
    bare = seen(net.client, "/collections/grids/items?skipGeometry=true").text

    for text, why in ((metres, "坐标系不是经纬度"), (bare, "没有几何")):
        assert why in text
        assert 'id="map"' not in text
        assert text.count("<tr data-id=") == 12


def test_nothing_found(net):
    """Where nothing fits, the page says so and what to do."""
    assert "没有符合的结果" in seen(net.client, "/collections/grids/items?community=nowhere").text


def test_the_api_is_described(net):
    """Every operation of both descriptions is on the page, parameters that are referred to included."""
    text = seen(net.client, "/api.html", "en").text
    described = (net.client.get("/api").json(), net.client.get("/api31").json())
    operations = sum(len(methods) for each in described for methods in each["paths"].values())

    assert text.count('<details class="operation">') == operations
    assert "filter-lang" in text
    assert "/v1/plans/{plan_id}/transitions" in text
    assert "effective_from" in text


def test_choosing_a_language(net):
    """The switch remembers the language and leads back to the page; `?lang=` wins over it, and no other site is led to."""
    with httpx.Client(base_url=net.client.base_url, trust_env=False) as browser:
        links = Outline(seen(browser, "/collections?lang=zh").text).all("a")
        switch = next(link["href"] for link in links if "/language?" in link["href"])
        answer = browser.get(switch)
        assert (answer.status_code, answer.headers["location"]) == (303, "/collections")
        assert Outline(seen(browser, "/collections").text).all("html")[0]["lang"] == "en"
        assert Outline(seen(browser, "/collections?lang=zh").text).all("html")[0]["lang"] == "zh-CN"
        for elsewhere in ("//evil.example/", "https://evil.example/", "/\\evil.example"):
            assert browser.get("/language", params={"to": "en", "back": elsewhere}).headers["location"] == "/"
        assert browser.get("/language?to=fr").status_code == 400


@pytest.mark.parametrize("path", ["//x", "/\\x", "https://x", "x", "", "/a b", "/\t/x", "/a\nb", "/@x//", "javascript:x"])
def test_only_our_own_paths(path):
    """What leads anywhere but to a path of ours leads to the landing page; a path of ours stays."""
    assert inside(path) in {"/", path if path.startswith("/@") else "/"}
    assert inside("/plans?state=draft") == "/plans?state=draft"


def test_plans_are_for_those_who_are_known(net):
    """Strangers are asked to sign in first, and come back to where they wanted to go."""
    for path in ("/plans", "/plans/some-plan"):
        answer = seen(net.client, path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next=%2F{path[1:].replace('/', '%2F')}")
    page = Outline(seen(net.client, "/sign-in?next=/plans").text)
    assert {"name": "next", "type": "hidden", "value": "/plans"} in page.all("input")
    assert page.all("form")[0]["action"] == "/v1/session"


def test_the_form_works_without_scripts(net):
    """Sent as a plain form, it signs in and leads on; pages then name the person, and the form leads on at once."""
    net.person("planner", ("district", "370103"))
    with httpx.Client(base_url=net.client.base_url, trust_env=False) as browser:
        sent = browser.post("/v1/session", data={"login": "planner", "password": PASSWORD, "next": "/plans"})
        assert (sent.status_code, httpx.URL(sent.headers["location"]).path) == (303, "/plans")
        plans = seen(browser, "/plans")
        assert plans.status_code == 200
        assert ">Planner</span>" in plans.text
        assert seen(browser, "/sign-in?next=/plans").headers["location"] == "/plans"
        assert ">Planner</span>" in seen(browser, "/").text


def test_drafts_are_shown_to_those_who_may_see_them(net):
    """The collection of drafts has its page for whoever sees drafts, without a map or list that it does not have."""
    key = net.comes("drafter", ("district", "370103"))
    everything = seen(net.client, "/collections", **key).text
    one = seen(net.client, "/collections/plan-grids", **key)

    assert "/collections/plan-grids" not in seen(net.client, "/collections").text
    assert 'href="/collections/plan-grids"' in everything
    assert one.status_code == 200
    assert 'class="go"' not in one.text


def test_under_a_path_of_a_proxy(cluster, template, tmp_path):
    """Below a path of somebody's site every link and file of a page keeps that path."""
    with cluster.clone(template) as db, paged(db, tmp_path, town=True, base_url="http://example.test/wangge") as hall:
        hall.now = datetime(2026, 3, 2, 4, tzinfo=UTC)
        for path in ("/wangge/", "/wangge/collections/grids/items", "/wangge/sign-in"):
            page = Outline(seen(hall.client, path).text)
            addresses = [attrs[name] for _, attrs in page.found for name in ("href", "src", "action") if attrs.get(name)]
            assert [each for each in addresses if not each.startswith(("/wangge/", "#", "?"))] == []
            assert hall.client.get(page.all("script")[-1]["src"]).status_code == 200


def test_a_problem_as_a_page(net):
    """A problem's page says what it is and what to do, escapes what was sent, keeps its headers, and names its request."""
    body = {
        "type": "http://x/problems/unidentified", "title": "需要登录", "status": 401, "detail": NASTY[0], "advice": "请登录。",
        "code": "unidentified", "requestId": "abc", "errors": [{"parameter": NASTY[1], "code": "c", "detail": "d"}],
    }  # fmt: skip
    route = Route("/test-problem", lambda request: problem_page(request, body, {"WWW-Authenticate": "Bearer"}))
    net.app.router.routes.append(route)
    answer = seen(net.client, "/test-problem")

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == POLICY
    assert any(link["href"].startswith("/sign-in?next=") for link in Outline(answer.text).all("a"))
    assert not any(each in answer.text for each in NASTY[:2])
    for word in ("需要登录", "请登录。", "abc"):
        assert word in answer.text


@pytest.mark.parametrize(
    ("accept", "query", "page"),
    [
        (BROWSER, "", True),
        ("application/json, text/html", "", False),
        ("*/*", "", False),
        ("", "f=html", True),
        (BROWSER, "f=json", False),
    ],
)
def test_who_wants_a_page(net, accept, query, page):
    """Browsers get a page, programs the problem itself, and `f` decides for both."""
    heard = []

    def listen(request):
        heard.append(wants_page(request))
        return PlainTextResponse("")

    net.app.router.routes.insert(0, Route("/listen", listen))
    net.client.get(f"/listen?{query}", headers={"Accept": accept})
    assert heard == [page]


def test_same_words():
    """What is said in one language is said in the other, with the same places to fill."""
    zh, en = catalogue("zh"), catalogue("en")

    assert zh.keys() == en.keys()
    for key, said in zh.items():
        assert set(PLACE.findall(said)) == set(PLACE.findall(en[key])), key
    chinese = [key for key, said in en.items() if HAN.search(said)]
    assert chinese == ["items.filter.example.areas", "site.language"]


OWN = [file for kind in ("templates", "assets") for file in sorted((PAGES / kind).iterdir())]


@pytest.mark.parametrize("file", [*OWN, *sorted(PAGES.glob("*.py"))], ids=lambda file: file.name)
def test_no_words_outside_the_catalogue(file):
    """Templates, scripts and modules hold no Chinese but the name of a column of Chinese titles, and the form of a day."""
    allowed = {"collection.html": "中文", "formats.py": "年月日"}.get(file.name, "")
    assert set(HAN.findall(file.read_text(encoding="utf-8"))) <= set(allowed)


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.name)
def test_every_word_is_there(file):
    """Each key that a template or script says is in the catalogue, and no key ends where something must be put together."""
    text = file.read_text(encoding="utf-8")
    said = set(re.findall(r"""say(?:If)?\(["']([a-z_.]+[a-z])["'][,)]""", text))

    assert said <= catalogue("zh").keys()
    if file.suffix == ".js" and said:
        # What a script says, its page must hand to it.
        stem = {"common": "base", "doors": "landing", "here": "landing", "map": "plan", "work_rows": "work_list"}.get(
            file.stem, file.stem
        )
        handed = re.findall(r"words\(([^)]*)\)", (PAGES / "templates" / f"{stem}.html").read_text(encoding="utf-8"))[0]
        assert said <= words_for("zh", "common.", *re.findall(r"'([a-z_.]+\.)'", handed)).keys()


def _luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_can_be_read():
    """Every colour of text stands out from every ground that it is set on, by 4.5 to 1."""
    css = (PAGES / "assets" / "pages.css").read_text(encoding="utf-8")
    colour = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", css))
    pairs = [(ink, ground) for ink in ("ink", "ink-soft", "ink-faint", "accent") for ground in ("paper", "desk", "accent-soft")]
    pairs += [("alarm", "alarm-soft"), ("alarm", "paper"), ("done", "done-soft"), ("done", "desk"), ("paper", "accent")]

    for ink, ground in pairs:
        light, dark = sorted((_luminance(colour[ink]), _luminance(colour[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)
