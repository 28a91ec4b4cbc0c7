"""The exact decomposition of a change: value, weight, availability and method effects by indicator (METHODS.md, 6).

Arrays only, vectorised over units: a period is a tree and the scores of its nodes. Where trees, scores and members'
sums come from, and who reads the effects, is not known here.

An arithmetic tree is decomposed flat, on effective weights. In a mixed tree every geometric or harmonic node is
decomposed on φ(x) = ln x or 1/x and brought back by the secant ΔI/Δφ(I); arithmetic nodes below an arithmetic node are
opened into their children, so that a tree without other nodes is the flat case. What a node between the decomposed one
and an indicator gains or loses as a whole (its weight, its appearing, another aggregation) is shared among its
indicators by their effective weights in it: every effect has an indicator, and with it a department.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from methods.tree import Floats, Indices, Tree

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PeriodScores:
    """One of the two months compared: the tree in force and the scores of all its nodes (nodes × units, NaN: none)."""

    tree: Tree
    scores: Floats

    @cached_property
    def present(self) -> Flags:
        """Nodes × units: whether a node counts in its parent."""
        return ~np.isnan(self.scores)

    @cached_property
    def shares(self) -> Floats:
        """Nodes × units: weight among the siblings that have a score; 0 for a node without one."""
        weighted = np.where(self.present, self.tree.weight[:, None], 0.0)
        shares = np.zeros_like(weighted)
        for node in self.tree.upwards:
            below = self.tree.children[node]
            total = np.zeros(weighted.shape[1])
            for child in below:
                total = total + weighted[child]
            shares[below] = np.divide(weighted[below], total, out=np.zeros_like(weighted[below]), where=total > 0)
        return shares


@dataclass(frozen=True)
class Effects:
    """What moved a node: each array is indicators × units, in the order of `indicators`; all sum to the node's change.

    `multiplier` is the change of the node by one point of the indicator's score, on the secant between both periods.
    A unit without a score in one of the periods has zeros everywhere; `comparable` says which units have both.
    """

    indicators: tuple[str, ...]
    value: Floats
    weight: Floats
    availability: Floats
    method: Floats
    multiplier: Floats
    comparable: Flags

    @property
    def total(self) -> Floats:
        """Indicators × units: the part of the change that goes with each indicator."""
        return self.value + self.weight + self.availability + self.method


class Decomposition:
    """The change between two periods, node by node; parts that several nodes share are computed once.

    `rescored` are the earlier values scored by the later rule, indicators × units in the order of the earlier tree's
    leaves; NaN where the earlier score stands (the rule is the same), so that no method effect is seen.
    """

    def __init__(self, then: PeriodScores, now: PeriodScores, rescored: Floats | None = None) -> None:
        """Both periods have the same units in the same order."""
        self._then, self._now = then, now
        self._units = now.scores.shape[1]
        leaves = {code: None for side in (now, then) for code in (side.tree.codes[i] for i in side.tree.leaves)}
        self._indicators = tuple(leaves)
        self._row = {code: row for row, code in enumerate(self._indicators)}
        self._rescored = np.full((len(self._indicators), self._units), np.nan)
        if rescored is not None:
            self._rescored[[self._row[then.tree.codes[i]] for i in then.tree.leaves]] = rescored
        self._parts: dict[str, _Parts] = {}

    def effects(self, node: str) -> Effects:
        """Effects on one node that both trees have as the same kind of node; KeyError for any other."""
        if not all(node in side.tree.position for side in (self._then, self._now)):
            raise KeyError(f"{node} is not a node of both versions of the framework: its change has no decomposition")
        comparable = (
            self._then.present[self._then.tree.position[node]] & self._now.present[self._now.tree.position[node]]
        )
        parts = self._decompose(node)
        value, weight, availability, method, multiplier = np.where(comparable, parts.effects, 0.0)
        indicators = tuple(self._indicators[row] for row in parts.rows)
        return Effects(indicators, value, weight, availability, method, multiplier, comparable)

    def _decompose(self, node: str) -> _Parts:
        if node not in self._parts:
            kinds = {bool(side.tree.scoring[side.tree.position[node]]) for side in (self._then, self._now)}
            if len(kinds) > 1:
                raise KeyError(f"{node} is an indicator in one version of the framework and not in the other")
            # where both months have no score for a node there is nothing to divide by; such units are left out above
            with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
                self._parts[node] = self._of_leaf(node) if kinds == {True} else self._of_node(node)
        return self._parts[node]

    @cached_property
    def _of_leaves(self) -> Floats:
        """Effects of all indicators on their own scores, 5 × indicators × units; zeros for one that a tree lacks."""
        old, new = (self._leaf_scores(side) for side in (self._then, self._now))
        again = np.where(np.isnan(self._rescored), old, self._rescored)
        zero = np.zeros_like(old)
        return np.nan_to_num(np.stack([new - again, zero, zero, again - old, zero + 1.0]), nan=0.0)

    def _leaf_scores(self, side: PeriodScores) -> Floats:
        scores = np.full((len(self._indicators), self._units), np.nan)
        scores[[self._row[side.tree.codes[leaf]] for leaf in side.tree.leaves]] = side.scores[side.tree.leaves]
        return scores

    def _of_leaf(self, node: str) -> _Parts:
        row = np.array([self._row[node]], dtype=np.intp)
        return _Parts(row, self._of_leaves[:, row])

    def _of_node(self, node: str) -> _Parts:
        old_rule, new_rule = (_Rule.of(side.tree, node) for side in (self._then, self._now))
        old = self._block(self._then, node, open_below=old_rule.opens and new_rule.opens)
        new = self._block(self._now, node, open_below=old_rule.opens and new_rule.opens)
        zero = np.zeros(self._units)
        keys = sorted(old.keys() | new.keys())
        empty = (zero, np.full(self._units, np.nan))
        w0, x0 = (np.stack(arrays) for arrays in zip(*(old.get(key, empty) for key in keys), strict=True))
        w1, x1 = (np.stack(arrays) for arrays in zip(*(new.get(key, empty) for key in keys), strict=True))
        there, here = w0 > 0, w1 > 0
        f0 = np.where(there, new_rule.transformed(x0), 0.0)
        f1 = np.where(here, new_rule.transformed(x1), 0.0)
        before, after = _ordered_sum(w0 * f0), _ordered_sum(w1 * f1)
        stretch = new_rule.secant_back(before, after)
        centre = (before + after) / 2
        both = there & here

        multiplier = np.where(both, stretch * 0.5 * (w0 + w1) * new_rule.secant(x0, x1), 0.0)
        weight = np.where(both, stretch * 0.5 * ((f0 - centre) + (f1 - centre)) * (w1 - w0), 0.0)
        availability = np.where(
            here & ~there, stretch * w1 * (f1 - centre), np.where(there & ~here, -stretch * w0 * (f0 - centre), 0.0)
        )
        rows = self._rows_below(node)
        place = np.full(len(self._indicators), -1)
        place[rows] = np.arange(len(rows))
        found = np.zeros((5, len(rows), self._units))
        leaves = np.array([at for at, (_, is_leaf) in enumerate(keys) if is_leaf], dtype=np.intp)
        own = np.array([self._row[keys[at][0]] for at in leaves], dtype=np.intp)
        found[:, place[own]] += multiplier[leaves] * self._of_leaves[:, own]
        found[1, place[own]] += weight[leaves]
        found[2, place[own]] += availability[leaves]
        for at, (code, is_leaf) in enumerate(keys):
            if not is_leaf:
                if both[at].any():
                    below = self._decompose(code)
                    found[:, place[below.rows]] += multiplier[at] * below.effects
                self._share_out(found, place, code, weight[at], availability[at])
        if old_rule != new_rule:
            actual = self._then.scores[self._then.tree.position[node]]
            moved = np.nan_to_num(new_rule.back(before) - actual, nan=0.0)
            found[3] += self._leaf_shares(self._then, node)[rows] * moved
        return _Parts(rows, np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0))

    def _share_out(self, found: Floats, place: Indices, code: str, weight: Floats, availability: Floats) -> None:
        """What a node between gained or lost as a whole, by its indicators' mean effective weights in it."""
        shares = self._leaf_shares(self._then, code) + self._leaf_shares(self._now, code)
        total = _ordered_sum(shares)
        rows = self._rows_below(code)
        part = np.divide(shares[rows], total, out=np.zeros_like(shares[rows]), where=total > 0)
        found[1, place[rows]] += part * weight
        found[2, place[rows]] += part * availability

    def _rows_below(self, node: str) -> Indices:
        """Rows of the indicators that hang below a node in one tree or the other."""
        below = {
            side.tree.codes[leaf]
            for side in (self._then, self._now)
            if node in side.tree.position
            for leaf in side.tree.leaves_below(side.tree.position[node])
        }
        return np.array([row for row, code in enumerate(self._indicators) if code in below], dtype=np.intp)

    def _leaf_shares(self, side: PeriodScores, node: str) -> Floats:
        """All indicators × units: effective weight within the node, including missingness; 0 for those not in it."""
        shares = np.zeros((len(self._indicators), self._units))
        if node in side.tree.position:
            for code, share in _down(side, side.tree.position[node], lambda _: True):
                shares[self._row[code[0]]] = share
        return shares

    def _block(
        self, side: PeriodScores, node: str, *, open_below: bool
    ) -> dict[tuple[str, bool], tuple[Floats, Floats]]:
        """Children of a node with weight and score; arithmetic nodes below an arithmetic one are opened."""

        def opens(position: int) -> bool:
            return open_below and all(
                other.tree.position.get(side.tree.codes[position]) is None
                or _Rule.of(other.tree, side.tree.codes[position]).opens
                for other in (self._then, self._now)
            )

        return {
            key: (share, side.scores[side.tree.position[key[0]]])
            for key, share in _down(side, side.tree.position[node], opens)
        }


@dataclass(frozen=True)
class _Parts:
    """Before units are left out: 5 (value, weight, availability, method, multiplier) × rows × units."""

    rows: Indices
    effects: Floats


def _down(
    side: PeriodScores, node: int, opens: Callable[[int], bool], share: Floats | float = 1.0
) -> Iterator[tuple[tuple[str, bool], Floats]]:
    """Descendants that are indicators or are not opened, with their effective weights within the node."""
    for child in side.tree.children[node]:
        own = share * side.shares[child]
        is_leaf = bool(side.tree.scoring[child])
        if is_leaf or not opens(int(child)):
            yield (side.tree.codes[child], is_leaf), own
        else:
            yield from _down(side, int(child), opens, own)


def _ordered_sum(rows: Floats) -> Floats:
    """Sum over the first axis, one row after the other: numpy's own order depends on the shape."""
    total = np.zeros(rows.shape[1:])
    for row in rows:
        total = total + row
    return total


@dataclass(frozen=True)
class _Rule:
    """How a node is averaged, as the function φ under which it is a weighted mean: x, ln x or 1/x."""

    aggregation: str
    floor: float

    @classmethod
    def of(cls, tree: Tree, code: str) -> _Rule:
        at = tree.position[code]
        aggregation = tree.aggregation[at]
        return cls(aggregation, 0.0 if aggregation == "arithmetic" else float(tree.floor[at]))

    @property
    def opens(self) -> bool:
        return self.aggregation == "arithmetic"

    def transformed(self, x: Floats) -> Floats:
        """φ(x), x raised to the floor."""
        if self.aggregation == "arithmetic":
            return x
        raised = np.maximum(x, self.floor)
        return np.log(raised) if self.aggregation == "geometric" else 1.0 / raised

    def back(self, f: Floats) -> Floats:
        """The inverse of φ."""
        if self.aggregation == "arithmetic":
            return f
        return np.exp(f) if self.aggregation == "geometric" else 1.0 / f

    def secant(self, x0: Floats, x1: Floats) -> Floats:
        """Δφ/Δx; the derivative where x0 = x1; 0 below the floor."""
        if self.aggregation == "arithmetic":
            return np.ones_like(x0)
        a, b = np.maximum(x0, self.floor), np.maximum(x1, self.floor)
        above = np.where(x0 == x1, (x0 >= self.floor) * 1.0, (b - a) / np.where(x0 == x1, 1.0, x1 - x0))
        if self.aggregation == "harmonic":
            reciprocal: Floats = -above / (a * b)
            return reciprocal
        step = (b - a) / a
        # ln(b/a)/(b-a): log1p keeps the digits where b is near a
        logarithm: Floats = above * np.where(a == b, 1.0, np.log1p(step) / np.where(a == b, 1.0, step)) / a
        return logarithm

    def secant_back(self, f0: Floats, f1: Floats) -> Floats:
        """ΔI/Δφ(I) from φ(I): the logarithmic mean for ln; the derivative where both are equal."""
        if self.aggregation == "arithmetic":
            return np.ones_like(f0)
        if self.aggregation == "harmonic":
            return -1.0 / (f0 * f1)
        step = f1 - f0
        return np.exp(f0) * np.where(step == 0, 1.0, np.expm1(step) / np.where(step == 0, 1.0, step))
