"""Other people's partitioners, each given a fair go at one planning unit.

Every peer gets the same graph (blocks, borders that one may walk across) and, where it can take them, the same edge
weights. Peers that can look at several divisions choose the best by our own price. One that gives up raises `GaveUp`.
"""

from __future__ import annotations

import random
import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from partition.search.polish import plan_price

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from instance import PlanningUnit
    from numpy.typing import NDArray

    from partition.rules import Rules

    Labels = NDArray[np.int64]
    Method = Callable[[PlanningUnit, Rules, int], Labels]

METIS_TRIES = 100
METIS_SLACK = (30, 100, 250)
"""Imbalance in thousandths that the many tries of METIS go through."""
BURST = 10
"""Steps of a short burst."""
TREE_TRIES = 300
"""Spanning trees that GerryChain may draw for one cut before a new start."""
STARTS = 10
"""Starts of GerryChain for each number of grids that the totals allow."""
PAIR_TRIES = 50
"""Spanning trees for one pair of grids, before it takes another pair."""
SURCHARGE = {"compound": 2.0, "pocket": 0.5}
"""What keeps GerryChain's trees inside compounds, and inside the ground between clear lines."""

ANNEALINGS = 1
"""Annealing runs of max-p for each of its constructions. Its usual 10 take longer and end slightly better: see README.md."""


class GaveUp(Exception):
    """The peer found no division of this unit."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Pieces of a unit (its blocks, or with compounds contracted) and the weighted edges between them.

    `label` (n,) is the piece of each block.
    """

    label: NDArray[np.int64]
    households: NDArray[np.int64]
    compound: NDArray[np.int64]
    pocket: NDArray[np.int64]
    xy: NDArray[np.float64]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    cost: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the pieces."""
        return len(self.households)


def graph_of(unit: PlanningUnit, *, contracted: bool) -> Graph:
    """Make the graph of a unit, of its blocks or with the compounds that fit in one grid as single pieces."""
    label = unit.contracted if contracted else np.arange(len(unit))
    count = int(label.max()) + 1
    first = np.unique(label, return_index=True)[1]
    size = np.bincount(label)
    low, high = np.minimum(label[unit.a], label[unit.b]), np.maximum(label[unit.a], label[unit.b])
    apart = low != high
    key, index = np.unique(low[apart] * count + high[apart], return_inverse=True)
    return Graph(
        label=label,
        households=np.bincount(label, weights=unit.households, minlength=count).astype(np.int64),
        compound=unit.compound[first],
        pocket=unit.pocket[first],
        xy=np.column_stack([np.bincount(label, weights=unit.xy[:, i]) / size for i in (0, 1)]),
        a=key // count,
        b=key % count,
        cost=np.bincount(index, weights=unit.cost[apart], minlength=len(key)),
    )


def _best(unit: PlanningUnit, found: Iterator[Labels]) -> Labels:
    """Return the division with the least price of ours."""
    priced = [(plan_price(unit.unit, unit.price, labels), i, labels) for i, labels in enumerate(found)]
    if not priced:
        raise GaveUp
    return min(priced)[2]


# METIS


def metis(unit: PlanningUnit, rules: Rules, seed: int, *, contracted: bool, tries: int) -> Labels:
    """Divide with METIS k-way, contiguous parts: one try at 3 % imbalance, or the best of many."""
    graph = graph_of(unit, contracted=contracted)
    if tries == 1:
        return _metis(graph, unit.wanted[0], METIS_SLACK[0], seed)
    return _best(unit, _many_metis(graph, unit, rules, seed, tries))


def _many_metis(graph: Graph, unit: PlanningUnit, rules: Rules, seed: int, tries: int) -> Iterator[Labels]:
    near = [k for k in unit.wanted if abs(k - unit.households.sum() / rules.target) < 1.5]  # noqa: PLR2004 - a grid and a half
    settings = [(k, slack) for k in near or unit.wanted[:1] for slack in METIS_SLACK]
    for i in range(tries):
        k, slack = settings[i % len(settings)]
        yield _metis(graph, k, slack, seed + i)


def _metis(graph: Graph, parts: int, slack: int, seed: int) -> Labels:
    import pymetis  # noqa: PLC0415 - each peer is loaded only when it runs

    if parts == 1 or len(graph) <= parts:
        return graph.label % max(parts, 1)
    row = np.concatenate([graph.a, graph.b])
    order = np.argsort(row, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(graph)))])
    weight = np.maximum(1, np.rint(np.concatenate([graph.cost, graph.cost]))).astype(np.int64)[order]
    _, part = pymetis.part_graph(
        parts,
        xadj=start.tolist(),
        adjncy=np.concatenate([graph.b, graph.a])[order].tolist(),
        vweights=graph.households.tolist(),
        eweights=weight.tolist(),
        recursive=False,
        contiguous=True,
        options=pymetis.Options(ufactor=slack, seed=seed),
    )
    return np.array(part, dtype=np.int64)[graph.label]


# GerryChain


def gerrychain(unit: PlanningUnit, rules: Rules, seed: int, *, contracted: bool, steps: int, aware: bool) -> Labels:
    """Divide with GerryChain: a start by recursive tree cuts, then ReCom in short bursts towards our own price."""
    graph = graph_of(unit, contracted=contracted)
    if unit.wanted == (1,):
        return np.zeros(len(unit), dtype=np.int64)
    generator = random.Random(seed)
    surcharge = SURCHARGE if aware else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dual = _dual(graph)
        parts, start = _first_trees(dual, unit, rules, surcharge, generator)
        if parts == 1 or not steps:
            return _from_nodes(start, dual, graph)
        return _bursts(dual, graph, unit, rules, start, size=(parts, steps), surcharge=surcharge, generator=generator)


def _dual(graph: Graph) -> Any:  # noqa: ANN401 - the peer's own type, loaded only when it runs
    from gerrychain import Graph as Dual  # noqa: PLC0415

    plain = nx.Graph()
    for i in range(len(graph)):
        compound = int(graph.compound[i])
        plain.add_node(
            i,
            piece=i,
            households=int(graph.households[i]),
            compound=compound if compound >= 0 else None,
            pocket=int(graph.pocket[i]),
        )
    plain.add_weighted_edges_from(zip(graph.a.tolist(), graph.b.tolist(), graph.cost.tolist(), strict=True))
    return Dual.from_networkx(plain)


def _slack(unit: PlanningUnit, rules: Rules, parts: int) -> float:
    """Return how far a grid may be from the mean, as a share of it, and still be in the band."""
    mean = float(unit.households.sum()) / parts
    return max(0.0, min(1 - rules.minimum / mean, rules.maximum / mean - 1) - 1e-9)


def _first_trees(
    dual: Any,  # noqa: ANN401
    unit: PlanningUnit,
    rules: Rules,
    surcharge: dict[str, float],
    generator: random.Random,
) -> tuple[int, dict[Any, Any]]:
    """Return the first division that recursive tree cuts find, the best number of grids first."""
    from gerrychain.partition import recursive_tree_part  # noqa: PLC0415
    from gerrychain.tree import bipartition_tree  # noqa: PLC0415

    total = int(unit.households.sum())
    cut = partial(bipartition_tree, max_attempts=TREE_TRIES, region_surcharge=surcharge or None)
    for parts in unit.wanted:
        if parts == 1:
            return 1, dict.fromkeys(dual.node_indices, 0)
        for _ in range(STARTS):
            try:
                return parts, recursive_tree_part(
                    dual,
                    range(parts),
                    total / parts,
                    "households",
                    _slack(unit, rules, parts),
                    bipartition_tree_fn=cut,
                    rng=generator,
                )
            except Exception as problem:
                if type(problem).__name__ not in {"RuntimeError", "PopulationBalanceError", "BalanceError"}:
                    raise
    raise GaveUp


def _from_nodes(assignment: dict[Any, Any], dual: Any, graph: Graph) -> Labels:  # noqa: ANN401
    label = np.zeros(len(graph), dtype=np.int64)
    for node, part in assignment.items():
        label[dual.node_data(node)["piece"]] = part
    return label[graph.label]


def _bursts(
    dual: Any,  # noqa: ANN401
    graph: Graph,
    unit: PlanningUnit,
    rules: Rules,
    start: dict[Any, Any],
    *,
    size: tuple[int, int],
    surcharge: dict[str, float],
    generator: random.Random,
) -> Labels:
    """Walk in short bursts, each from the best division so far, and return the best."""
    from gerrychain import Partition  # noqa: PLC0415
    from gerrychain.optimization import SingleMetricOptimizer  # noqa: PLC0415
    from gerrychain.proposals.tree_proposals import MetagraphError, build_recom_proposal_fn  # noqa: PLC0415
    from gerrychain.tree import bipartition_tree  # noqa: PLC0415

    parts, steps = size

    def labels(partition: Any) -> Labels:  # noqa: ANN401
        return _from_nodes(partition.assignment.mapping, partition.graph, graph)

    def price(partition: Any) -> float:  # noqa: ANN401
        return plan_price(unit.unit, unit.price, labels(partition))

    search = SingleMetricOptimizer(
        proposal_fn=build_recom_proposal_fn(
            "households",
            float(unit.households.sum()) / parts,
            _slack(unit, rules, parts),
            region_surcharge=surcharge or None,
            bipartition_tree_fn=partial(bipartition_tree, max_attempts=PAIR_TRIES, allow_pair_reselection=True),
        ),
        constraints=(),
        initial_state=Partition(dual, {dual.node_data(n)["piece"]: p for n, p in start.items()}),
        optimization_metric_fn=price,
        maximize=False,
        rng=generator,
    )
    try:
        for _ in search.short_bursts(BURST, steps // BURST):
            pass
    except MetagraphError:
        # No pair of grids could be parted anew: what was found until then counts.
        pass
    return labels(search.best_part)


# spopt


def spopt(unit: PlanningUnit, rules: Rules, seed: int, *, method: str, contracted: bool) -> Labels:
    """Divide with max-p regions (at least the minimum in each) or with SKATER, both by nearness of the blocks."""
    import geopandas as gpd  # noqa: PLC0415
    from libpysal.weights import W  # noqa: PLC0415
    from spopt.region import MaxPHeuristic, Skater  # noqa: PLC0415

    graph = graph_of(unit, contracted=contracted)
    parts = min(unit.wanted[0], len(graph))
    if parts == 1:
        return np.zeros(len(unit), dtype=np.int64)
    neighbours: dict[int, list[int]] = {i: [] for i in range(len(graph))}
    for a, b in zip(graph.a.tolist(), graph.b.tolist(), strict=True):
        neighbours[a].append(b)
        neighbours[b].append(a)
    frame = gpd.GeoDataFrame(
        {"x": graph.xy[:, 0], "y": graph.xy[:, 1], "households": graph.households},
        geometry=gpd.points_from_xy(graph.xy[:, 0], graph.xy[:, 1]),
    )
    np.random.seed(seed)  # noqa: NPY002 - the peer draws from the global generator
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weights = W(neighbours, silence_warnings=True)
        if method == "skater":
            model = Skater(frame, weights, ["x", "y"], n_clusters=parts)
        else:
            model = MaxPHeuristic(
                frame, weights, ["x", "y"], "households", rules.minimum, top_n=2, max_iterations_sa=ANNEALINGS
            )
        try:
            model.solve()
        except (IndexError, KeyError, ValueError) as problem:
            raise GaveUp from problem
    return np.asarray(model.labels_, dtype=np.int64)[graph.label]


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer in one configuration: the words for the table, and how it divides a unit."""

    title: str
    method: Method
    slow: bool = False


def _peers() -> Iterator[tuple[str, Peer]]:
    yield "metis", Peer("METIS k-way contig, 3 %", partial(metis, contracted=False, tries=1))
    yield "metis100", Peer(f"METIS, best of {METIS_TRIES}", partial(metis, contracted=False, tries=METIS_TRIES))
    tree = partial(gerrychain, contracted=False)
    yield "tree", Peer("GerryChain tree part", partial(tree, steps=0, aware=False))
    yield "tree-aware", Peer("GerryChain tree part, regions", partial(tree, steps=0, aware=True))
    for steps in (200, 1000):
        title = f"GerryChain ReCom {steps:,}, regions"
        yield f"recom{steps}", Peer(title, partial(tree, steps=steps, aware=True), slow=True)
    yield "maxp", Peer("spopt max-p", partial(spopt, method="maxp", contracted=False), slow=True)
    yield "skater", Peer("spopt SKATER", partial(spopt, method="skater", contracted=False), slow=True)


def _with_compounds_whole() -> Iterator[tuple[str, Peer]]:
    for name, peer in _peers():
        yield name, peer
        if name in {"metis", "metis100", "tree", "recom200", "recom1000", "maxp"}:
            whole = partial(peer.method, contracted=True)
            yield f"{name}+C", replace(peer, title=f"{peer.title} +C", method=whole)


PEERS = dict(_with_compounds_whole())
