"""CQL2 text, read into the tree that CQL2 JSON writes.

The tree is made of what JSON is made of: `{"op": …, "args": […]}`, `{"property": …}`, GeoJSON, `{"bbox": …}`,
`{"date": …}`, `{"timestamp": …}`, `{"interval": […]}`, lists and literals. Which operators and functions there are is not
judged here.

Reading is one pass without going back, so its time grows with the length of the text and with nothing else. Nesting is
counted while reading: no text can exhaust the stack. Parsers that try alternatives take twice as long for each
parenthesis more before a fault, and one that recurses without counting ends the process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from gis.errors import ParameterError

MOST_NESTED = 32
"""Parentheses, functions and negations that may stand in one another."""
MOST_OPERANDS = 2_000
"""Operands that are read before a text is given up: more than any filter may have."""

TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<name>[^\W\d][\w.:]*)
    | (?P<string>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<sign><>|!=|<=|>=|[=<>()+\-*/%^,])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
KEYWORDS = frozenset({"and", "or", "not", "like", "ilike", "in", "between", "is", "null", "true", "false"})
COORDINATES = re.compile(r"[\d.eE+\-,\s]+(?=\))", re.ASCII)
"""Positions of a geometry, up to the parenthesis that closes them."""
CONSTANTS = {"true": True, "false": False, "null": None}
COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
SHAPES = {
    "point": ("Point", 0),
    "linestring": ("LineString", 1),
    "polygon": ("Polygon", 2),
    "multipoint": ("MultiPoint", 1),
    "multilinestring": ("MultiLineString", 2),
    "multipolygon": ("MultiPolygon", 3),
}
"""WKT's words, what GeoJSON calls them, and how deep their positions lie in lists."""
DIMENSIONS = ("z", "m", "zm")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text: what it is (`number`, `name`, `keyword`, `string`, `sign`, `end`), and where it begins."""

    kind: str
    text: str
    at: int


def parse_text(text: str) -> object:
    """Return the tree of an expression in CQL2 text.

    Raises
    ------
    ParameterError
        `invalid-filter`, with the position of what does not belong there, counted in characters from 1.

    """
    reader = _Reader(text)
    tree = reader.either()
    if reader.token.kind != "end":
        reader.refuse("AND, OR or the end")
    return tree


class _Reader:
    """Reads one text from its start to its end; each method reads what binds tighter than the one before it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.nested = 0
        self.operands = 0
        self.next = 0
        self.token = self._scan()

    def _scan(self) -> Token:
        match = TOKEN.match(self.text, self.next)
        if match is None:
            rest = self.text[self.next :].lstrip()
            at = len(self.text) - len(rest)
            what = "a quotation mark that is never closed" if rest[:1] in {"'", '"'} else repr(rest[:1])
            raise ParameterError("filter", f"Position {at + 1}: {what} cannot be read.", code="invalid-filter", position=at + 1)
        self.next = match.end()
        kind = match.lastgroup or "end"
        word = match[kind]
        if kind == "name" and word.lower() in KEYWORDS:
            return Token("keyword", word.lower(), match.start(kind))
        if kind in {"string", "quoted"}:
            quote = word[0]
            return Token("string" if quote == "'" else "name", word[1:-1].replace(quote * 2, quote), match.start(kind))
        return Token(kind, word, match.start(kind))

    def refuse(self, wanted: str) -> NoReturn:
        """Say what should stand where the present word does."""
        token = self.token
        found = "the end" if token.kind == "end" else repr(token.text[:40])
        raise ParameterError(
            "filter",
            f"Position {token.at + 1}: expected {wanted}, found {found}.",
            code="invalid-filter",
            position=token.at + 1,
        )

    def step(self) -> Token:
        """Take the present word and go on to the next."""
        taken = self.token
        self.token = self._scan()
        return taken

    def has(self, *words: str) -> bool:
        """Say whether the present word is one of these keywords or signs."""
        return self.token.kind in {"keyword", "sign"} and self.token.text in words

    def take(self, *words: str) -> bool:
        """Take the present word if it is one of these keywords or signs."""
        if self.has(*words):
            self.step()
            return True
        return False

    def need(self, word: str) -> None:
        """Take a keyword or sign that must stand here."""
        if not self.take(word):
            self.refuse(repr(word.upper()))

    def enter(self) -> None:
        """Go one level down."""
        self.nested += 1
        if self.nested > MOST_NESTED:
            at = self.token.at + 1
            raise ParameterError(
                "filter",
                f"Position {at}: more than {MOST_NESTED} levels in one another; write a flatter filter.",
                code="invalid-filter",
                position=at,
            )

    def leave(self) -> None:
        """Come one level up."""
        self.nested -= 1

    def either(self) -> object:
        """Read what OR joins."""
        parts = [self.both()]
        while self.take("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else {"op": "or", "args": parts}

    def both(self) -> object:
        """Read what AND joins."""
        parts = [self.negated()]
        while self.take("and"):
            parts.append(self.negated())
        return parts[0] if len(parts) == 1 else {"op": "and", "args": parts}

    def negated(self) -> object:
        """Read a predicate, with NOT before it or not."""
        if not self.take("not"):
            return self.predicate()
        self.enter()
        inner = self.negated()
        self.leave()
        return _negation(inner)

    def predicate(self) -> object:
        """Read a comparison of any sort, or what stands without one."""
        left = self.sum()
        if self.token.kind == "sign" and self.token.text in COMPARISONS:
            return {"op": COMPARISONS[self.step().text], "args": [left, self.sum()]}
        if self.take("is"):
            positive = not self.take("not")
            self.need("null")
            found: object = {"op": "isNull", "args": [left]}
        else:
            positive = not self.take("not")
            found = self._worded(left, required=not positive)
        return found if positive else _negation(found)

    def _worded(self, left: object, *, required: bool) -> object:
        """Read LIKE, ILIKE, IN or BETWEEN and what follows it; without one of them `left` stands alone."""
        if self.take("like"):
            return {"op": "like", "args": [left, self.sum()]}
        if self.take("ilike"):  # GDAL's word for a LIKE in which case does not matter
            args = [{"op": "casei", "args": [left]}, {"op": "casei", "args": [self.sum()]}]
            return {"op": "like", "args": args}
        if self.take("in"):
            self.need("(")
            return {"op": "in", "args": [left, self._listed()]}
        if self.take("between"):
            low = self.sum()
            self.need("and")
            return {"op": "between", "args": [left, low, self.sum()]}
        if required:
            self.refuse("LIKE, IN or BETWEEN")
        return left

    def sum(self) -> object:
        """Read what + and - join."""
        left = self.product()
        while self.has("+", "-"):
            left = {"op": self.step().text, "args": [left, self.product()]}
        return left

    def product(self) -> object:
        """Read what *, /, % and DIV join."""
        left = self.power()
        while self.has("*", "/", "%") or (self.token.kind == "name" and self.token.text.lower() == "div"):
            left = {"op": self.step().text.lower(), "args": [left, self.power()]}
        return left

    def power(self) -> object:
        """Read what ^ joins."""
        left = self.signed()
        while self.take("^"):
            left = {"op": "^", "args": [left, self.signed()]}
        return left

    def signed(self) -> object:
        """Read an operand with or without a sign."""
        if self.has("+", "-"):
            sign = -1 if self.step().text == "-" else 1
            if self.token.kind == "number":
                return sign * _number(self.step().text)
            if sign == 1:
                self.refuse("a number")
            self.enter()
            inner = self.signed()
            self.leave()
            return {"op": "*", "args": [-1, inner]}
        return self.operand()

    def operand(self) -> object:
        """Read a literal, a property, a function, or what stands in parentheses."""
        token = self.token
        self.operands += 1
        if self.operands > MOST_OPERANDS:
            self.refuse("the end long before: the filter has too many properties and values")
        if token.kind == "number":
            return _number(self.step().text)
        if token.kind == "string":
            return self.step().text
        if token.kind == "name":
            return self._named()
        if self.has(*CONSTANTS):
            return CONSTANTS[self.step().text]
        if self.take("("):
            items = self._listed()
            return items[0] if len(items) == 1 else items
        return self.refuse("a property, a value or '('")

    def _listed(self) -> list[object]:
        """Read expressions up to the parenthesis that closes them; the one that opens them is taken."""
        self.enter()
        items = [self.either()]
        while self.take(","):
            items.append(self.either())
        self.leave()
        self.need(")")
        return items

    def _named(self) -> object:
        """Read a property, a function, or a literal that begins with a word."""
        written = self.text[self.token.at] == '"'
        token = self.step()
        word = token.text.lower()
        if written or not (self.has("(") or (word in {*SHAPES, "geometrycollection"} and self._dimensioned())):
            return {"property": token.text}
        if word == "geometrycollection" or word in SHAPES:
            return self._shape(word)
        self.step()
        args = [] if self.take(")") else self._listed()
        if word in {"date", "timestamp"} and len(args) == 1:
            return {word: args[0]}
        return {word: args} if word in {"bbox", "interval"} else {"op": token.text, "args": args}

    def _dimensioned(self) -> bool:
        """Say whether Z, M, ZM or EMPTY follows the name of a shape."""
        return self.token.kind == "name" and self.token.text.lower() in {*DIMENSIONS, "empty"}

    def _shape(self, word: str) -> dict[str, object]:
        """Read a geometry in WKT, whose first word is taken."""
        if self.token.kind == "name" and self.token.text.lower() in DIMENSIONS:
            self.step()
        if self.token.kind == "name" and self.token.text.lower() == "empty":
            self.refuse("a geometry that is not empty")
        self.need("(")
        if word == "geometrycollection":
            members = [self._member()]
            while self.take(","):
                members.append(self._member())
            self.need(")")
            return {"type": "GeometryCollection", "geometries": members}
        name, depth = SHAPES[word]
        found = self._positions(depth, bare=word == "multipoint")
        return {"type": name, "coordinates": found[0] if word == "point" else found}

    def _member(self) -> dict[str, object]:
        word = self.token.text.lower()
        if self.token.kind != "name" or word not in SHAPES:
            self.refuse("a geometry that is no collection")
        self.step()
        return self._shape(word)

    def _positions(self, depth: int, *, bare: bool) -> list[object]:
        """Read positions or lists of them up to the closing parenthesis; `bare` positions may wear their own."""
        found: list[object] = []
        if depth <= 1 and (run := self._run()) is not None and (depth or len(run) == 1):
            return run
        while True:
            if depth > 1:
                self.need("(")
                found.append(self._positions(depth - 1, bare=False))
            elif bare and self.take("("):
                found.append(self._position())
                self.need(")")
            else:
                found.append(self._position())
            if depth == 0 or not self.take(","):
                self.need(")")
                return found

    def _run(self) -> list[object] | None:
        """Read plain positions and their closing parenthesis in one go; None where a fault wants to be found slowly."""
        match = COORDINATES.match(self.text, self.token.at)
        if match is None:
            return None
        try:
            found: list[object] = [[float(word) for word in place.split()] for place in match[0].split(",")]
        except ValueError:
            return None
        if not all(found):
            return None
        self.next = match.end()
        self.token = self._scan()
        self.need(")")
        return found

    def _position(self) -> list[object]:
        found: list[object] = []
        while self.has("+", "-") or self.token.kind == "number":
            sign = -1 if self.has("-") else 1
            if self.has("+", "-"):
                self.step()
            if self.token.kind != "number":
                self.refuse("a number")
            found.append(sign * _number(self.step().text))
        if not found:
            self.refuse("a number")
        return found


def _negation(inner: object) -> dict[str, object]:
    return {"op": "not", "args": [inner]}


def _number(text: str) -> int | float:
    """Return a number; whole ones stay whole, so that large ids keep every digit."""
    # Beyond that many digits nothing fits a bigint, and Python itself refuses to read very long integers.
    return int(text) if text.isdigit() and len(text) <= 30 else float(text)  # noqa: PLR2004
