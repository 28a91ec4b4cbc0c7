"""From indicators' scores up the tree: means over what is there, coverage and statuses (METHODS.md, sections 3 and 4).

Belongs here: the one roll-up that every node of every city goes through, and its lean form for many weightings at once.
Sums run over children in the order of their codes, one whole array after the other, so that no thread, block or
processor decides a bit: no matrix products.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from methods.tree import Floats, Tree, TreeError, effective_weights

Statuses = npt.NDArray[np.int8]

#: Words of the status codes that arrays hold, by code. A node's status is the largest code among its children, where
#: not applicable counts as measured and missing as partial.
STATUSES = ("measured", "carried_forward", "partial", "missing", "not_applicable")
MEASURED, CARRIED_FORWARD, PARTIAL, MISSING, NOT_APPLICABLE = range(5)
_BURDEN = np.array([MEASURED, CARRIED_FORWARD, PARTIAL, PARTIAL, MEASURED], dtype=np.int8)
#: A coverage of exactly the minimum may come out one bit under it.
_MARGIN = 1e-12
#: Cells (unit-months) at a time: an array of so many doubles stays in a processor's cache.
_BLOCK = 2048


@dataclass(frozen=True)
class NodeResults:
    """Of every node of a tree, in its order, nodes × the shape of the leaves' scores. NaN: no score, nothing applies.

    The leaf weights are effective weights of the leaves below: with a score that counts above, of these carried
    forward, and applicable.
    """

    score: Floats
    coverage: Floats
    status: Statuses
    leaf_weight_scored: Floats
    leaf_weight_carried: Floats
    leaf_weight_applicable: Floats


def roll_up(tree: Tree, score: Floats, status: Statuses, *, leaf_weights: bool = True) -> NodeResults:
    """Score, coverage and status of every node from scores and statuses of the leaves (leaves × any shape).

    `status` is that of the values; a leaf whose status says missing or not applicable has no score whatever `score`
    holds, and one without a score is missing unless it is not applicable. Without `leaf_weights` the three arrays of
    leaf weights have no rows, which saves half the memory.
    """
    if score.shape != status.shape:
        raise ValueError(f"scores are {score.shape} and statuses {status.shape}: one status for each score")
    cells = int(np.prod(score.shape[1:]))
    flat = empty_results(tree, (cells,), leaf_weights=leaf_weights)
    roll_up_into(flat, tree, score.reshape(len(score), cells), status.reshape(len(status), cells))
    return NodeResults(*(array.reshape(len(array), *score.shape[1:]) for array in vars(flat).values()))


def empty_results(tree: Tree, shape: tuple[int, ...], *, leaf_weights: bool = True) -> NodeResults:
    """Arrays for results of a tree's nodes, nodes × shape, not yet written."""
    nodes = len(tree.codes)
    weights = [np.empty((nodes if leaf_weights else 0, *shape)) for _ in range(3)]
    return NodeResults(
        np.empty((nodes, *shape)), np.empty((nodes, *shape)), np.empty((nodes, *shape), np.int8), *weights
    )


def roll_up_into(results: NodeResults, tree: Tree, score: Floats, status: Statuses) -> None:
    """As `roll_up`, written into given arrays of shape nodes × cells; scores and statuses are leaves × cells."""
    if score.shape != status.shape or len(score) != len(tree.leaves) or score.shape[1:] != results.score.shape[1:]:
        raise ValueError(f"scores {score.shape} and statuses {status.shape} are not those of {len(tree.leaves)} leaves")
    for start in range(0, score.shape[1], _BLOCK):
        cells = slice(start, start + _BLOCK)
        _roll_up_block(tree, score[:, cells], status[:, cells], *(array[:, cells] for array in vars(results).values()))


def _roll_up_block(
    tree: Tree,
    leaf_score: Floats,
    leaf_status: Statuses,
    score: Floats,
    coverage: Floats,
    status: Statuses,
    scored: Floats,
    carried: Floats,
    applicable: Floats,
) -> None:
    """One block of cells, nodes × cells, all levels, written into the arrays given."""
    if not len(scored):  # carried leaf weights decide nothing: only what coverage needs is summed
        scored, applicable = np.empty(score.shape), np.empty(score.shape)
    summed = (scored, carried, applicable) if len(carried) else (scored, applicable)
    _place_leaves(tree, leaf_score, leaf_status, score, coverage, status, scored, carried, applicable)
    burden = np.empty(status.shape, dtype=np.int8)
    burden[tree.leaves] = _BURDEN[status[tree.leaves]]
    for node in tree.upwards:
        below = tree.children[node]
        mean = _Mean(tree.aggregation[node], float(tree.floor[node]))
        for child in below:
            mean.add(float(tree.weight[child]), score[child])
        for leaf_weight in summed:
            np.add(leaf_weight[below[0]], leaf_weight[below[1]] if len(below) > 1 else 0.0, out=leaf_weight[node])
            for child in below[2:]:
                leaf_weight[node] += leaf_weight[child]
        np.maximum.reduce(burden[below], axis=0, out=burden[node])
        applies = applicable[node] > 0
        with np.errstate(invalid="ignore", divide="ignore"):
            np.divide(scored[node], applicable[node], out=coverage[node])
        enough = coverage[node] >= tree.minimum_coverage[node] - _MARGIN
        # a minimum of zero would let a node count that has nothing to count
        enough &= scored[node] > 0
        score[node] = np.where(enough, mean.value(), np.nan)
        status[node] = np.where(enough, burden[node], np.where(applies, MISSING, NOT_APPLICABLE))
        scored[node] *= enough
        if len(carried):
            carried[node] *= enough
        # what counts above as not measured counts so whatever was below it
        burden[node] = np.where(enough, burden[node], np.where(applies, PARTIAL, MEASURED))


def _place_leaves(
    tree: Tree,
    leaf_score: Floats,
    leaf_status: Statuses,
    score: Floats,
    coverage: Floats,
    status: Statuses,
    scored: Floats,
    carried: Floats,
    applicable: Floats,
) -> None:
    leaves = tree.leaves
    weight = tree.effective_weight[leaves][:, None]
    applies = leaf_status != NOT_APPLICABLE
    there = ~np.isnan(leaf_score)
    there &= leaf_status < MISSING
    score[leaves] = np.where(there, leaf_score, np.nan)
    coverage[leaves] = np.where(applies, there, np.nan)
    status[leaves] = np.where(there | ~applies, leaf_status, MISSING)
    scored[leaves] = weight * there
    if len(carried):
        carried[leaves] = weight * (there & (leaf_status == CARRIED_FORWARD))
    applicable[leaves] = weight * applies


class _Mean:
    """A weighted mean over the children that have a score, fed one child after the other (METHODS.md, section 4)."""

    def __init__(self, aggregation: str, floor: float) -> None:
        self._transform, self._back = _MEANS[aggregation]
        self._floor = None if aggregation == "arithmetic" else floor
        self._sum: Floats | None = None
        self._weight: float | Floats = 0.0

    def add(self, weight: float | Floats, score: Floats) -> None:
        """A child: its weight (a number, or of a shape that broadcasts against the score) and its scores."""
        there = ~np.isnan(score)
        values = self._transform(score if self._floor is None else np.maximum(score, self._floor))
        # where every cell has a score its weight need not be spread over them: half the work of a Monte Carlo
        every = bool(there.all())
        term = (values if every else np.where(there, values, 0.0)) * weight
        self._weight = self._weight + (weight if every else there * weight)
        if self._sum is None:
            self._sum = term
        else:
            self._sum += term

    def add_common(self, weights: Floats, scores: Floats) -> None:
        """All children, whose scores (children × units) are the same in every run; weights are runs × children.

        Two products of matrices for what `add` does in three passes over runs × units for each child.
        """
        there = ~np.isnan(scores)
        values = self._transform(scores if self._floor is None else np.maximum(scores, self._floor))
        self._sum = weights @ np.where(there, values, 0.0)
        self._weight = weights @ there.astype(np.float64)

    def value(self) -> Floats:
        """The mean; NaN where no child has a score."""
        if self._sum is None:
            raise ValueError("a node without children has no mean")
        with np.errstate(invalid="ignore", divide="ignore"):
            return self._back(np.divide(self._sum, self._weight))


def _same(x: Floats) -> Floats:
    return x


def _reciprocal(x: Floats) -> Floats:
    return np.reciprocal(x)


_Step = Callable[[Floats], Floats]
_MEANS: dict[str, tuple[_Step, _Step]] = {
    "arithmetic": (_same, _same),
    "geometric": (np.log, np.exp),
    "harmonic": (_reciprocal, _reciprocal),
}


def overall_scores(
    tree: Tree,
    score: Floats,
    weight: Floats,
    *,
    applicable: npt.NDArray[np.bool_] | None = None,
    aggregation: str | None = None,
    nodes: Sequence[int] = (),
) -> Floats:
    """Scores of the overall index for many weightings at once: runs × units, or len(nodes) × runs × units.

    `score` is leaves × units, or leaves × runs × units where the scoring varies too; NaN is missing. `weight` is runs ×
    nodes, among siblings, 0 leaves a node out. `applicable` (leaves × units) tells which leaves apply; without it all
    do. `aggregation` takes the place of every node's own, with the node's floor. The rules are those of `roll_up`,
    coverage being that of the run's own weights.
    """
    runs = len(weight)
    if score.shape[0] != len(tree.leaves) or weight.shape[1:] != (len(tree.codes),):
        raise ValueError(f"scores {score.shape} or weights {weight.shape} are not those of the tree")
    if aggregation not in (None, *_MEANS):
        raise ValueError(f"{aggregation!r} is no aggregation")
    if (aggregation or "arithmetic") != "arithmetic" and not (tree.floor > 0).all():
        raise TreeError(f"a {aggregation} mean needs a floor above 0")
    wanted = list(nodes) or [tree.root]
    answer = np.empty((len(wanted), runs, score.shape[-1]))
    applies = np.ones((len(tree.leaves), 1), dtype=np.bool_) if applicable is None else applicable
    at_once = max(1, 16 * _BLOCK // score.shape[-1])
    for start in range(0, runs, at_once):
        part = slice(start, start + at_once)
        own = score[:, part] if score.ndim == 3 else score[:, None]
        _overall_block(tree, own, weight[part], applies, aggregation, wanted, answer[:, part])
    return answer if len(nodes) else answer[0]


def _overall_block(
    tree: Tree,
    leaf_score: Floats,
    weight: Floats,
    applies: npt.NDArray[np.bool_],
    aggregation: str | None,
    wanted: list[int],
    answer: Floats,
) -> None:
    score: list[Floats] = [leaf_score[:0]] * len(tree.codes)
    scored, applicable = list(score), list(score)
    # Without any minimum a node has a score where a child with a weight has one: half of a Monte Carlo's work.
    effective = effective_weights(tree, np.ascontiguousarray(weight.T)) if tree.minimum_coverage.any() else None
    for place, leaf in enumerate(tree.leaves):
        score[leaf] = leaf_score[place]
        if effective is not None:
            own = effective[leaf][:, None]
            scored[leaf] = _share(own, ~np.isnan(leaf_score[place]))
            applicable[leaf] = _share(own, applies[place])
    for node in tree.upwards:
        mean = _Mean(aggregation or tree.aggregation[node], float(tree.floor[node]))
        below = tree.children[node]
        if all(len(score[child]) == 1 for child in below):
            mean.add_common(weight[:, list(below)], np.concatenate([score[child] for child in below]))
        else:
            for child in below:
                mean.add(weight[:, child, None], score[child])
        score[node] = mean.value()
        if effective is not None:
            scored[node] = sum((scored[child] for child in below[1:]), start=scored[below[0]])
            applicable[node] = sum((applicable[child] for child in below[1:]), start=applicable[below[0]])
            with np.errstate(invalid="ignore", divide="ignore"):
                enough = scored[node] / applicable[node] >= tree.minimum_coverage[node] - _MARGIN
            enough &= scored[node] > 0
            score[node] = np.where(enough, score[node], np.nan)
            scored[node] = _share(scored[node], enough)
        for child in below:  # let the children's arrays go: they are not read again
            if child not in wanted:
                score[child] = scored[child] = applicable[child] = leaf_score[:0]
    for place, node in enumerate(wanted):
        answer[place] = score[node]


def _share(weight: Floats, counts: npt.NDArray[np.bool_]) -> Floats:
    """The weight where it counts, else 0; not spread over the cells when it counts in all of them."""
    return weight if counts.all() else weight * counts
