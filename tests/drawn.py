"""Towns in memory: a drawing in metres becomes a `Town`, a picture of cells becomes a town of square faces.

Drawings are in metres from `ORIGIN` in EPSG:4548, everything on the 1 cm grid. No file has a part in it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from gis.frame import Frame, snap
from gis.town import Barriers, Communities, Compounds, Dedicated, ExistingGrids, Households, LineKind, Town
from partition.audit import audit
from partition.prove import as_layer, noded
from partition.search.unit import LOOSE, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from partition.audit import AuditReport
    from partition.plan import Plan

FRAME = "EPSG:4548"
ORIGIN = (500_000.0, 4_000_000.0)
"""South-west corner of every drawing, metres in `FRAME`."""


@dataclass(frozen=True)
class Home:
    """A household point of a drawing; `id` and `building` are made up from its place in the list where they are empty."""

    x: float
    y: float
    households: int
    persons: int = -1
    """Three for each household where it is -1."""
    building: str = ""
    id: str = ""


@dataclass(frozen=True)
class Line:
    """A barrier of a drawing, by its points."""

    kind: LineKind
    points: Sequence[tuple[float, float]]
    name: str = ""


@dataclass
class Drawing:
    """What a town is drawn from: areas by name as shapely geometries, homes and lines."""

    communities: dict[str, Any]
    homes: list[Home] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    compounds: list[tuple[str, Any]] = field(default_factory=list)
    dedicated: list[tuple[str, Any]] = field(default_factory=list)
    on_overlap: str = "first"

    def town(self) -> Town:
        """Make the town."""
        codes = tuple(self.communities)
        return Town(
            name="drawn",
            frame=Frame(FRAME),
            communities=Communities(
                code=codes,
                name=codes,
                street=("街道",) * len(codes),
                district=("区",) * len(codes),
                polygon=areas(self.communities.values()),
                row=_rows(codes),
            ),
            households=_households(self.homes),
            barriers=Barriers(
                line=_objects(placed(shapely.LineString(line.points)) for line in self.lines),
                kind=np.array([int(line.kind) for line in self.lines], dtype=np.uint8),
                name=tuple(line.name for line in self.lines),
            ),
            compounds=Compounds(
                name=tuple(name for name, _ in self.compounds),
                polygon=areas(shape for _, shape in self.compounds),
                row=_rows(self.compounds),
            ),
            dedicated=Dedicated(
                name=tuple(name for name, _ in self.dedicated),
                subtype=("business",) * len(self.dedicated),
                polygon=areas(shape for _, shape in self.dedicated),
                row=_rows(self.dedicated),
            ),
            existing_grids=ExistingGrids(code=(), polygon=_objects(()), row=_rows(())),
            has_persons=True,
            on_overlap=self.on_overlap,
            findings=(),
            digests={},
        )


def placed(shape: Any) -> Any:
    """Carry a shape of a drawing to its place in the frame, on the 1 cm grid."""
    return shapely.transform(shape, lambda xy: snap(xy + np.array(ORIGIN)))


def areas(shapes: Iterable[Any]) -> np.ndarray:
    """Place areas, as the reader does: valid, shells anticlockwise."""
    made = _objects(placed(shape) for shape in shapes)
    for index in np.flatnonzero(~shapely.is_valid(made)):
        parts = shapely.get_parts(shapely.make_valid(made[index]))
        made[index] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return shapely.orient_polygons(made)


def _objects(items: Iterable[Any]) -> np.ndarray:
    every = list(items)
    made = np.empty(len(every), dtype=object)
    made[:] = every
    return made


def _rows(items: Sequence[Any]) -> np.ndarray:
    return np.arange(1, len(items) + 1, dtype=np.int64)


def _households(homes: Sequence[Home]) -> Households:
    ids = tuple(home.id or f"H{number:04}" for number, home in enumerate(homes, 1))
    xy = snap(np.array([(home.x, home.y) for home in homes], dtype=float).reshape(-1, 2) + np.array(ORIGIN))
    return Households(
        id=ids,
        xy=xy,
        households=np.array([home.households for home in homes], dtype=np.int64),
        persons=np.array([3 * home.households if home.persons < 0 else home.persons for home in homes], dtype=np.int64),
        compound=("",) * len(homes),
        building=tuple(home.building or own for home, own in zip(homes, ids, strict=True)),
        row=_rows(homes),
    )


def sketch(text: str, *, cell: float = 100.0, lines: LineKind | None = LineKind.ROAD) -> Drawing:
    """Read a picture of square cells: `A120` is a cell of community A with one building of 120 households in its middle.

    `A0` and `A` have no building, `.` is nobody's land. Rows go from north to south. `A12x10` are 12 buildings of 10
    households spread over the cell. With `lines` a line of that kind runs between all cells.
    """
    rows = [line.split() for line in text.strip().splitlines()]
    squares: dict[str, list[Any]] = {}
    drawing = Drawing({})
    for (up, row), column in itertools.product(enumerate(reversed(rows)), range(max(map(len, rows)))):
        word = row[column] if column < len(row) else "."
        if word == ".":
            continue
        x, y = column * cell, up * cell
        squares.setdefault(word[0], []).append(shapely.box(x, y, x + cell, y + cell))
        drawing.homes.extend(_homes_of(word[1:], x, y, cell))
    drawing.communities = {code: shapely.union_all(parts) for code, parts in sorted(squares.items())}
    if lines is not None:
        wide, high = max(map(len, rows)) * cell, len(rows) * cell
        at = np.arange(0, max(wide, high) + cell / 2, cell).tolist()
        drawing.lines += [Line(lines, [(x, 0), (x, high)], f"纵{x:.0f}") for x in at if x <= wide]
        drawing.lines += [Line(lines, [(0, y), (wide, y)], f"横{y:.0f}") for y in at if y <= high]
    return drawing


def _homes_of(word: str, x: float, y: float, cell: float) -> list[Home]:
    count, _, each = word.partition("x") if "x" in word else ("1", "", word or "0")
    if int(each) == 0:
        return []
    side = int(np.ceil(np.sqrt(int(count))))
    return [Home(x + cell * (k % side + 0.5) / side, y + cell * (k // side + 0.5) / side, int(each)) for k in range(int(count))]


def with_persons(town: Town, persons: Sequence[int]) -> Town:
    """Return the town with these persons at its household points."""
    return replace(town, households=replace(town.households, persons=np.array(persons, dtype=np.int64)))


def certificate(plan: Plan, town: Town) -> AuditReport:
    """Audit a plan as if it were somebody else's: by equality, against its noded communities; it may fail."""
    return audit(as_layer(plan, town), town=town, rules=plan.rules, communities=noded(plan, town))


def unit_of_graph(
    households: Sequence[int],
    borders: Mapping[tuple[int, int], tuple[float, float, float]],
    *,
    compound: Sequence[int] | None = None,
    persons: Sequence[int] | None = None,
    far: Iterable[tuple[int, int]] = (),
    side: float = 100.0,
) -> Unit:
    """Make a unit of square pieces: `borders` gives for a pair the shared metres, the price inside and the price between.

    Pairs in `far` touch without being contiguous. Compounds are as large as the pieces that carry them.
    """
    count = len(households)
    off = set(far)
    rows: list[list[tuple[int, float, bool, float, float]]] = [[] for _ in range(count)]
    for (a, b), (metres, inside, border) in sorted(borders.items()):
        near = (a, b) not in off and (b, a) not in off
        rows[a].append((b, metres, near, inside, border))
        rows[b].append((a, metres, near, inside, border))
    flat = [entry for row in rows for entry in sorted(row)]
    labels = np.array([LOOSE] * count if compound is None else compound, dtype=np.int64)
    sizes = np.zeros(int(labels.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(sizes, labels[labels >= 0], np.array(households, dtype=np.int64)[labels >= 0])
    return Unit(
        households=np.array(households, dtype=np.int64),
        persons=np.array(persons if persons is not None else [3 * h for h in households], dtype=np.int64),
        area_m2=np.full(count, side * side),
        perimeter_m=np.full(count, 4 * side),
        compound=labels,
        start=np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64),
        neighbour=np.array([entry[0] for entry in flat], dtype=np.int64),
        shared_m=np.array([entry[1] for entry in flat], dtype=np.float64),
        near=np.array([entry[2] for entry in flat], dtype=np.bool_),
        inside=np.array([entry[3] for entry in flat], dtype=np.float64),
        border=np.array([entry[4] for entry in flat], dtype=np.float64),
        compound_households=sizes,
    )


def random_unit(rng: np.random.Generator, *, most: int = 9, compounds: bool = True) -> Unit:
    """Draw a small connected unit: a random tree of pieces and some borders more, a few of them not contiguous."""
    count = int(rng.integers(2, most + 1))
    pairs = {(int(rng.integers(0, v)), v) for v in range(1, count)}
    tree = set(pairs)
    more = [(a, b) for a, b in itertools.combinations(range(count), 2) if rng.random() < 0.25]
    pairs |= set(more)
    borders = {pair: tuple(rng.uniform((1.0, 0.0, 0.0), (30.0, 2.0, 1.0)).tolist()) for pair in pairs}
    far = [pair for pair in more if pair not in tree and rng.random() < 0.3]
    households = np.where(rng.random(count) < 0.15, 0, rng.integers(40, 260, count))
    if rng.random() < 0.1:
        households[int(rng.integers(0, count))] = 560
    label = rng.integers(-1, 2, count) if compounds else np.full(count, LOOSE)
    _, label = np.unique(label, return_inverse=True)
    unit = unit_of_graph(households.tolist(), borders, compound=(label - 1).tolist() if compounds else None, far=far)
    shared = np.bincount(np.repeat(np.arange(count), np.diff(unit.start)), weights=unit.shared_m, minlength=count)
    # Some pieces lie within the others, with hardly any border on the unit's edge.
    within = rng.random(count) < 0.3
    return replace(
        unit,
        perimeter_m=np.where(within, shared + 0.9, unit.perimeter_m),
        area_m2=np.where(within, 0.05, unit.area_m2),
    )


def surrounds(unit: Unit, members: Iterable[int]) -> bool:
    """Say whether some piece outside the set cannot reach a piece on the unit's edge without crossing the set."""
    rows = [slice(int(a), int(b)) for a, b in itertools.pairwise(unit.start.tolist())]
    on_edge = {v for v, row in enumerate(rows) if unit.perimeter_m[v] - unit.shared_m[row].sum() > 1.0}
    outside = set(range(len(unit))) - set(members)
    reached = outside & on_edge
    queue = list(reached)
    while queue:
        found = set(unit.neighbour[rows[queue.pop()]].tolist()) & outside - reached
        reached |= found
        queue.extend(found)
    return bool(on_edge) and reached != outside


def contiguous(unit: Unit, members: Iterable[int]) -> bool:
    """Say whether the pieces hang together over borders that one may walk across."""
    left = set(members)
    queue = [left.pop()]
    while queue:
        v = queue.pop()
        row = slice(int(unit.start[v]), int(unit.start[v + 1]))
        found = left & set(unit.neighbour[row][unit.near[row]].tolist())
        left -= found
        queue.extend(found)
    return not left
