"""The operators of CQL2 that filters are answered with, each as the SQL that it becomes; and why some are not."""

from __future__ import annotations

from typing import LiteralString

COMPARED: dict[str, LiteralString] = {
    "=": "({} = {})",
    "<>": "({} <> {})",
    "<": "({} < {})",
    "<=": "({} <= {})",
    ">": "({} > {})",
    ">=": "({} >= {})",
}

# Sums are exact and cannot run over in numeric, which bigint and double precision can.
COMPUTED: dict[str, LiteralString] = {
    "+": "(CAST({} AS numeric) + CAST({} AS numeric))",
    "-": "(CAST({} AS numeric) - CAST({} AS numeric))",
    "*": "(CAST({} AS numeric) * CAST({} AS numeric))",
    "/": "(CAST({} AS numeric) / NULLIF(CAST({} AS numeric), 0))",
    "%": "mod(CAST({} AS numeric), NULLIF(CAST({} AS numeric), 0))",
    "div": "div(CAST({} AS numeric), NULLIF(CAST({} AS numeric), 0))",
}

# The boxes come first: their operator is leakproof, so row security lets the index answer it.
SPATIAL: dict[str, LiteralString] = {
    "s_intersects": "ST_Intersects({}, {})",
    "s_within": "ST_Within({}, {})",
    "s_contains": "ST_Contains({}, {})",
    "s_equals": "ST_Equals({}, {})",
    "s_touches": "ST_Touches({}, {})",
    "s_crosses": "ST_Crosses({}, {})",
    "s_overlaps": "ST_Overlaps({}, {})",
    "s_disjoint": "ST_Disjoint({}, {})",
}
COLLECTIONS_TOO = frozenset({"s_intersects", "s_disjoint"})
"""What PostGIS can ask of a GeometryCollection."""

# Each is a set of comparisons between the starts (0) and ends (1) of a and b, all of which must hold.
TEMPORAL: dict[str, tuple[tuple[int, str, int], ...]] = {
    "t_after": ((0, ">", 1),),
    "t_before": ((1, "<", 0),),
    "t_contains": ((0, "<", 0), (1, ">", 1)),
    "t_during": ((0, ">", 0), (1, "<", 1)),
    "t_equals": ((0, "=", 0), (1, "=", 1)),
    "t_finishedby": ((0, "<", 0), (1, "=", 1)),
    "t_finishes": ((0, ">", 0), (1, "=", 1)),
    "t_intersects": ((0, "<=", 1), (1, ">=", 0)),
    "t_meets": ((1, "=", 0),),
    "t_metby": ((0, "=", 1),),
    "t_overlappedby": ((0, ">", 0), (0, "<", 1), (1, ">", 1)),
    "t_overlaps": ((0, "<", 0), (1, ">", 0), (1, "<", 1)),
    "t_startedby": ((0, "=", 0), (1, ">", 1)),
    "t_starts": ((0, "=", 0), (1, "<", 1)),
}
DISJOINT = "t_disjoint"
"""The one that holds where either of two comparisons does."""

WORDS: dict[str, str] = {
    "accenti": "letters are compared with their accents; compare without accenti()",
    "^": "write a product",
    "a_contains": "no property is an array",
    "a_containedby": "no property is an array",
    "a_equals": "no property is an array",
    "a_overlaps": "no property is an array",
}
"""Why some operators of CQL2 are not answered, or what to do instead."""
LOGICAL = ("and", "or", "not")
PREDICATES = (*LOGICAL, *COMPARED, "like", "between", "in", "isNull", *SPATIAL, *TEMPORAL, DISJOINT)
KNOWN = (*PREDICATES, *COMPUTED, "casei")
