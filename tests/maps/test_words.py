"""The catalogue: the same keys and places in both languages, and no words outside it."""

import ast
import re
from pathlib import Path

import pytest

from api.pages.words import catalogue as pages_catalogue
from maps.words import LANGUAGES, catalogue, word, words_for

OWN = Path(__file__).parents[2] / "maps" / "assets" / "own"
PLACE = re.compile(r"\{(\w+)\}")
HAN = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]")


def test_same_keys():
    """What is said in one language is said in the other."""
    assert catalogue("zh").keys() == catalogue("en").keys()


def test_same_places():
    """A word has the same places to fill in both languages."""
    for key, said in catalogue("zh").items():
        assert set(PLACE.findall(said)) == set(PLACE.findall(catalogue("en")[key])), key


def test_english_holds_no_han():
    """No Chinese is left in the English catalogue, but for the button that leads back."""
    assert [key for key, said in catalogue("en").items() if HAN.search(said)] == ["map.language", "map.language.title"]


@pytest.mark.parametrize("file", sorted(OWN.iterdir()), ids=lambda file: file.name)
def test_no_words_outside_the_catalogue(file):
    """The page's own files hold no Chinese."""
    assert not HAN.search(file.read_text(encoding="utf-8"))


MODULES = sorted((Path(__file__).parents[2] / "maps").rglob("*.py"))
APART = {"zh", "BLANK", "FAMILIES", "_NEVER_FIRST", "_NEVER_LAST"}
"""Where Chinese stands in code: a finding's sentence, names of fonts and what they lack, what begins or ends no line."""


def said_in(tree: ast.AST) -> list[str]:
    """Return the texts of a module that hold Chinese, without docstrings and what stands apart."""
    apart: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) if name in APART:
                apart |= {id(each) for each in ast.walk(node.value)}
            case ast.keyword(arg="zh"):
                apart |= {id(each) for each in ast.walk(node.value)}
            # Where a script begins and ends.
            case ast.Compare():
                apart |= {id(each) for each in ast.walk(node)}
            # A docstring, of a module or function or of what stands above it, is an expression by itself.
            case ast.Expr(value=ast.Constant() as text):
                apart.add(id(text))
            case _:
                pass
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in apart)
    # A mark between names in an error is no word.
    return [each.value for each in constants if isinstance(each.value, str) and HAN.search(each.value.strip("、"))]


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(file.parents[2])))
def test_no_words_in_modules(file):
    """What maps and sheets say comes from the catalogues: no module of `maps` holds Chinese of its own but in findings."""
    assert said_in(ast.parse(file.read_text(encoding="utf-8"))) == []


def test_words_in_modules_are_found():
    """A word in a call, in an f-string or in a table is found; a docstring and a finding's sentence are not."""
    text = '''"""网格"""
zh = f"网格{1}"
finding(zh="网格")
heading(pen, "四至")
label = {"a": f"第{n}格"}
'''
    assert said_in(ast.parse(text)) == ["四至", "第", "格"]


def test_every_key_that_the_page_asks_for():
    """Each key named in a script or in the layout is in the catalogue."""
    asked = {
        key
        for file in OWN.iterdir()
        for key in re.findall(r"""["'`]((?:desk|map|plan|wall)\.[a-z_.]+[a-z])["'`]""", file.read_text(encoding="utf-8"))
    }

    assert asked
    assert asked <= catalogue("zh").keys()


def test_every_key_is_said():
    """No word stands in a catalogue that nothing says: each key is named, or begins like one that is put together."""
    root = OWN.parents[2]
    places = ("maps/**/*.py", "maps/assets/own/*", "api/**/*.py", "api/pages/templates/*", "api/pages/assets/*.js")
    text = "\n".join(file.read_text(encoding="utf-8") for place in places for file in root.glob(place))
    # What is handed to a page as a whole family is not yet said by it.
    text = re.sub(r"words(?:_for)?\([^)]*\)", "", text)
    begun = tuple(set(re.findall(r"""["'`]([a-z_]+\.(?:[a-z_0-9]+\.)*)(?:["'`]|\$\{|\{)""", text)))
    named = set(re.findall(r"[a-z_]+(?:\.[a-z_0-9-]+)+", text))

    for keys in (catalogue("zh"), pages_catalogue("zh")):
        assert [key for key in keys if key not in named and not key.startswith(begun)] == []


def test_word_fills_its_places():
    """Values go where the word says."""
    assert (word("map.metres", "zh", n=50), word("map.metres", "en", n=50)) == ("50 米", "50 m")


def test_unknown_word_and_language():
    """A key or a language that nobody wrote is an error."""
    with pytest.raises(KeyError):
        word("map.nothing")
    with pytest.raises(ValueError, match="no catalogue for 'fr'"):
        catalogue("fr")


def test_words_for_a_page():
    """A page gets the words that it asks for, in every language."""
    words = words_for("map.")

    assert set(words) == set(LANGUAGES)
    assert all(key.startswith("map.") for key in words["en"])


def test_what_is_told_of_an_incident_has_its_word():
    """Whatever is written of an incident besides its steps is named on pages that follow events, never by its bare key."""
    api = OWN.parents[2] / "api" / "incidents"
    told = re.compile(r"(?:note\([^)]*kind=|_note\(no, )\"([a-z-]+)\"")
    kinds = {kind for path in api.glob("*.py") for kind in told.findall(path.read_text(encoding="utf-8"))}

    assert kinds >= {"closed", "picture", "overdue", "due-soon", "review-due"}
    assert [kind for kind in kinds if f"event.{kind}" not in catalogue("zh")] == []
