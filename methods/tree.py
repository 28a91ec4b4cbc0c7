"""A framework's tree as arrays: what hangs where, with which weight, averaged how.

Belongs here: reading a tree from a city's folder or from the framework table of an issue, and refusing one that is no
tree. Scores are in `methods.scoring` (leaves) and `methods.aggregation` (nodes above).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from city import FrameworkNode

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

AGGREGATIONS = ("arithmetic", "geometric", "harmonic")


class TreeError(ValueError):
    """The nodes make no tree; the message names the node and what is wrong with it."""


@dataclass(frozen=True)
class Tree:
    """A framework's nodes in the framework's order; every array has one entry per node.

    `parent` is the position of the node above, -1 for the root. `weight` is as declared, among siblings.
    """

    codes: tuple[str, ...]
    parent: Indices
    level: Indices
    weight: Floats
    aggregation: tuple[str, ...]
    scoring: tuple[str, ...]
    minimum_coverage: Floats
    floor: Floats

    def __post_init__(self) -> None:
        """Refuse what is no tree: TreeError."""
        _check(self)

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Position of each node by its code."""
        return {code: i for i, code in enumerate(self.codes)}

    @cached_property
    def root(self) -> int:
        """Position of the overall index."""
        return int(np.flatnonzero(self.parent < 0)[0])

    @cached_property
    def leaves(self) -> Indices:
        """Positions of the indicators, in the framework's order: the rows of arrays of leaves."""
        return np.array([i for i, kind in enumerate(self.scoring) if kind], dtype=np.intp)

    @cached_property
    def children(self) -> tuple[Indices, ...]:
        """Positions of each node's children, in the order of their codes: the order in which they are summed."""
        below: list[list[int]] = [[] for _ in self.codes]
        for i in sorted(range(len(self.codes)), key=lambda i: self.codes[i]):
            if self.parent[i] >= 0:
                below[self.parent[i]].append(i)
        return tuple(np.array(found, dtype=np.intp) for found in below)

    @cached_property
    def upwards(self) -> Indices:
        """Positions of the nodes that have children, the deepest first: each comes after its children."""
        inner = [i for i, kind in enumerate(self.scoring) if not kind]
        return np.array(sorted(inner, key=lambda i: (-self.level[i], self.codes[i])), dtype=np.intp)

    @cached_property
    def effective_weight(self) -> Floats:
        """Share of each node in the overall index when nothing is missing (METHODS.md, section 4)."""
        return effective_weights(self, self.weight)

    def leaves_below(self, node: int) -> Indices:
        """Positions of the indicators at or below a node, in the framework's order."""
        return self._leaves_below[node]

    @cached_property
    def _leaves_below(self) -> tuple[Indices, ...]:
        below: list[list[int]] = [[] for _ in self.codes]
        for leaf in self.leaves.tolist():
            node = leaf
            while node >= 0:
                below[node].append(leaf)
                node = int(self.parent[node])
        return tuple(np.array(found, dtype=np.intp) for found in below)


def effective_weights(tree: Tree, weight: Floats) -> Floats:
    """Product down the tree of w / Σ w over siblings (METHODS.md, section 4), for weights of shape nodes × anything."""
    effective = np.ones_like(weight)
    for node in tree.upwards[::-1]:
        below = tree.children[node]
        total = np.zeros_like(weight[node])
        for child in below:
            total = total + weight[child]
        shared = np.where(total > 0, total, 1.0)  # siblings that all weigh nothing leave their parent's share to no one
        for child in below:
            effective[child] = effective[node] * weight[child] / shared
    return effective


def tree_of(nodes: Sequence[FrameworkNode], rules: Mapping[str, Any]) -> Tree:
    """The tree of a method version: its framework's nodes and its rules (minimum_coverage, floor)."""
    return _tree(
        codes=[node.code for node in nodes],
        parents=[node.parent for node in nodes],
        levels=[node.level for node in nodes],
        weights=[node.weight for node in nodes],
        aggregations=[node.aggregation for node in nodes],
        scorings=[node.scoring for node in nodes],
        minimum_coverage=[float(rules["minimum_coverage"])] * len(nodes),
        floor=[float(rules.get("floor", 1))] * len(nodes),
    )


def tree_from_table(framework: Mapping[str, Sequence[Any]]) -> Tree:
    """The tree of a framework table, by column (`pl.DataFrame.to_dict(as_series=False)`), of an issue or the warehouse.

    Columns code, parent, level, weight, aggregation, scoring, minimum_coverage, floor; one version only.
    """
    count = len(framework["code"])
    return _tree(
        codes=framework["code"],
        parents=[parent or "" for parent in framework["parent"]],
        levels=framework["level"],
        weights=framework["weight"],
        aggregations=[word or "arithmetic" for word in framework["aggregation"]],
        scorings=[kind or "" for kind in framework["scoring"]],
        minimum_coverage=_column(framework, "minimum_coverage", count),
        floor=_column(framework, "floor", count),
    )


def _column(framework: Mapping[str, Sequence[Any]], name: str, count: int) -> Sequence[float]:
    if name not in framework:
        raise TreeError(
            f"the framework table has no column {name}: the issue is older than the column; publish it again"
        )
    if len(framework[name]) != count:
        raise TreeError(f"column {name} of the framework table has {len(framework[name])} rows, not {count}")
    return framework[name]


def _tree(
    codes: Sequence[str],
    parents: Sequence[str],
    levels: Sequence[int],
    weights: Sequence[float],
    aggregations: Sequence[str],
    scorings: Sequence[str],
    minimum_coverage: Sequence[float],
    floor: Sequence[float],
) -> Tree:
    position = {code: i for i, code in enumerate(codes)}
    if len(position) != len(codes):
        twice = sorted({code for code in codes if list(codes).count(code) > 1})
        raise TreeError(f"{twice[0]} stands in the framework more than once")
    for code, parent in zip(codes, parents, strict=True):
        if parent and parent not in position:
            raise TreeError(f"{code} hangs under {parent}, which is no node of the framework")
    return Tree(
        codes=tuple(codes),
        parent=np.array([position[parent] if parent else -1 for parent in parents], dtype=np.intp),
        level=np.array(levels, dtype=np.intp),
        weight=np.array(weights, dtype=np.float64),
        aggregation=tuple(aggregations),
        scoring=tuple(scorings),
        minimum_coverage=np.array(minimum_coverage, dtype=np.float64),
        floor=np.array(floor, dtype=np.float64),
    )


def _check(tree: Tree) -> None:
    roots = [tree.codes[i] for i in np.flatnonzero(tree.parent < 0)]
    if len(roots) != 1:
        raise TreeError(f"one node has no parent, the overall index; here {len(roots)}: {', '.join(roots)}")
    parents = {int(parent) for parent in tree.parent}
    for i, code in enumerate(tree.codes):
        above = int(tree.parent[i])
        if above >= 0 and tree.level[above] >= tree.level[i]:
            raise TreeError(
                f"{code} of level {tree.level[i]} hangs under {tree.codes[above]} of level {tree.level[above]}"
            )
        if not (np.isfinite(tree.weight[i]) and tree.weight[i] > 0):
            raise TreeError(f"the weight of {code} is {tree.weight[i]}, not a number above 0")
        if tree.aggregation[i] not in AGGREGATIONS:
            raise TreeError(f"{code} is averaged by {tree.aggregation[i]!r}, not one of {', '.join(AGGREGATIONS)}")
        if bool(tree.scoring[i]) == (i in parents):
            raise TreeError(
                f"{code} has children and a scoring kind" if i in parents else f"{code} has neither children nor a kind"
            )
        if tree.aggregation[i] != "arithmetic" and not tree.floor[i] > 0:
            raise TreeError(f"{code} is averaged by {tree.aggregation[i]} and needs a floor above 0")
