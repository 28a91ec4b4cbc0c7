"""What a public set must withhold, so that nobody can read from it how many of few were concerned.

Three arrays of one issue are looked at together: measures (units × measures), numerators of indicators (units ×
indicators) and scores (units × nodes). Withheld first are counts under the threshold and what is sensitive; then, until
nothing more follows, whatever would give a withheld number back by subtraction: along the territory (a county less
its other townships), along the tree (a node's score less its other children), and from measure to indicator and back.
Belongs here: which cells. Reading issues and writing the public set is `publication.public_set`.

The rules are the usual ones of statistical disclosure control for frequency tables (primary and complementary cell
suppression, Hundepool et al., Statistical Disclosure Control, 2012, ch. 4); a withheld group adds up to the threshold
at least, because two cells that together are 0 are both known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from methods.tree import Tree

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

THRESHOLD = 5
_OPEN, _SENSITIVE = "open", "sensitive"


@dataclass(frozen=True)
class PublishedNumbers:
    """The numbers of an issue as arrays; NaN is a number that does not exist. Units and nodes in any order."""

    #: Position of each unit's parent, -1 for the top.
    unit_parent: Sequence[int]
    #: units × measures
    quantity: Floats
    #: `""`, `open` or `sensitive` of each measure (measures.csv)
    disclosure: Sequence[str]
    tree: Tree
    #: units × leaves: numerator over the window, in the order of tree.leaves; of zero tolerance the fewest events that
    #: can have led to the deducted points
    numerator: Floats
    #: units × leaves: denominator over the window
    denominator: Floats
    #: Positions of the measures of each leaf's numerator, and of its denominator.
    numerator_measures: Sequence[Sequence[int]]
    denominator_measures: Sequence[Sequence[int]]
    #: units × nodes
    score: Floats


@dataclass(frozen=True)
class Withheld:
    """What the public set leaves out; `reason` of each cell is `small_count`, `sensitive`, `complementary` or empty."""

    #: units × measures, units × leaves (value, numerator, denominator), units × nodes (score, rank, colour, change)
    measures: npt.NDArray[np.str_]
    leaves: npt.NDArray[np.str_]
    nodes: npt.NDArray[np.str_]
    #: units × nodes: told, but not exactly, because something below is withheld. Of few indicators with few possible
    #: counts, an exact mean singles out the one combination that gives it.
    inexact: Flags


def withheld_cells(numbers: PublishedNumbers, threshold: int = THRESHOLD) -> Withheld:
    """Every cell to be withheld, with its reason."""
    tree = numbers.tree
    kinds = np.array(numbers.disclosure, dtype=object)
    counted = kinds != _OPEN
    sensitive = np.broadcast_to(kinds == _SENSITIVE, numbers.quantity.shape) & ~np.isnan(numbers.quantity)
    small = (numbers.quantity < threshold) & counted
    measures = small | sensitive
    small_leaves, sensitive_leaves = _first_leaves(numbers, counted, kinds == _SENSITIVE, threshold)
    leaves = small_leaves | sensitive_leaves
    nodes = np.zeros(numbers.score.shape, dtype=bool)
    own = _own_score(numbers, tree)
    while True:
        before = (measures.sum(), leaves.sum(), nodes.sum())
        _along_territory(measures, numbers.quantity, numbers.unit_parent, counted, threshold)
        for leaf, used in enumerate(_measures_of(numbers)):
            for measure in used:
                leaves[:, leaf] |= measures[:, measure] & ~np.isnan(numbers.numerator[:, leaf])
        # a withheld value must not come back as the sum of its months' measures
        for leaf, above in enumerate(numbers.numerator_measures):
            for measure in above:
                measures[:, measure] |= leaves[:, leaf] & ~np.isnan(numbers.quantity[:, measure])
        _along_territory(
            leaves, numbers.numerator, numbers.unit_parent, np.ones(leaves.shape[1], dtype=bool), threshold
        )
        nodes[:, tree.leaves] |= leaves & own
        _along_tree(nodes, numbers.score, tree)
        leaves |= nodes[:, tree.leaves]
        if before == (measures.sum(), leaves.sum(), nodes.sum()):
            break
    return Withheld(
        measures=_reasons(measures, small, sensitive),
        leaves=_reasons(leaves, small_leaves, sensitive_leaves),
        nodes=_reasons(
            nodes,
            _at_leaves(small_leaves, nodes.shape, tree),
            _at_leaves(sensitive_leaves, nodes.shape, tree),
        ),
        inexact=_above_withheld(nodes, tree) & ~nodes,
    )


def _first_leaves(numbers: PublishedNumbers, counted: Flags, sensitive: Flags, threshold: int) -> tuple[Flags, Flags]:
    shape = numbers.numerator.shape
    small, private = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for leaf in range(shape[1]):
        above, below = numbers.numerator_measures[leaf], numbers.denominator_measures[leaf]
        if any(counted[m] for m in above):
            small[:, leaf] |= numbers.numerator[:, leaf] < threshold
        if any(counted[m] for m in below):
            small[:, leaf] |= numbers.denominator[:, leaf] < threshold
        if any(sensitive[m] for m in (*above, *below)):
            private[:, leaf] = ~np.isnan(numbers.numerator[:, leaf])
    return small, private


def _measures_of(numbers: PublishedNumbers) -> list[tuple[int, ...]]:
    pairs = zip(numbers.numerator_measures, numbers.denominator_measures, strict=True)
    return [(*above, *below) for above, below in pairs]


def _own_score(numbers: PublishedNumbers, tree: Tree) -> Flags:
    return ~np.isnan(numbers.score[:, tree.leaves])


def _along_territory(withheld: Flags, numbers: Floats, parents: Sequence[int], counted: Flags, threshold: int) -> None:
    """A published total of members of which some are withheld must not give one of them back."""
    members: dict[int, list[int]] = {}
    for unit, parent in enumerate(parents):
        if parent >= 0:
            members.setdefault(parent, []).append(unit)
    # the lowest totals first: withholding a county may uncover it from the city
    for parent in sorted(members, key=lambda unit: -_depth(unit, parents)):
        below = np.array(members[parent])
        for column in np.flatnonzero(counted):
            hidden = withheld[below, column]
            if withheld[parent, column] or np.isnan(numbers[parent, column]) or not hidden.any():
                continue
            shown = sorted(
                (unit for unit in below[~hidden] if not np.isnan(numbers[unit, column])),
                key=lambda unit: (numbers[unit, column], unit),
            )
            count, total = int(hidden.sum()), float(np.nansum(numbers[below[hidden], column]))
            for unit in shown:
                if count >= 2 and total >= threshold:
                    break
                withheld[unit, column] = True
                count, total = count + 1, total + float(numbers[unit, column])
            if count < 2 or total < threshold:
                withheld[parent, column] = True


def _along_tree(withheld: Flags, score: Floats, tree: Tree) -> None:
    """A published mean of children of which one is withheld gives that one back: withhold a second, or the mean."""
    weight = tree.effective_weight
    for node in tree.upwards:
        below = tree.children[node]
        scored = ~np.isnan(score[:, below])
        hidden = withheld[:, below] & scored
        for unit in np.flatnonzero((hidden.sum(axis=1) == 1) & ~withheld[:, node] & ~np.isnan(score[:, node])):
            shown = [child for i, child in enumerate(below) if scored[unit, i] and not hidden[unit, i]]
            if shown:
                withheld[unit, min(shown, key=lambda child: (weight[child], tree.codes[child]))] = True
            else:
                withheld[unit, node] = True


def _above_withheld(withheld: Flags, tree: Tree) -> Flags:
    above = np.zeros_like(withheld)
    for node in tree.upwards:
        below = tree.children[node]
        above[:, node] = (withheld[:, below] | above[:, below]).any(axis=1)
    return above


def _depth(unit: int, parents: Sequence[int]) -> int:
    depth = 0
    while parents[unit] >= 0:
        unit, depth = parents[unit], depth + 1
    return depth


def _at_leaves(flags: Flags, shape: tuple[int, ...], tree: Tree) -> Flags:
    spread = np.zeros(shape, dtype=bool)
    spread[:, tree.leaves] = flags
    return spread


def _reasons(withheld: Flags, small: Flags, sensitive: Flags) -> npt.NDArray[np.str_]:
    reason = np.full(withheld.shape, "", dtype="<U13")
    reason[withheld] = "complementary"
    reason[withheld & small] = "small_count"
    reason[withheld & sensitive] = "sensitive"
    return reason
