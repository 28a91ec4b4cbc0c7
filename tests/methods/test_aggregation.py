"""Rolling up by hand: means, coverage, statuses, and the same for many weightings at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from test_tree import TABLE, table

from methods.aggregation import (
    CARRIED_FORWARD,
    MEASURED,
    MISSING,
    NOT_APPLICABLE,
    PARTIAL,
    NodeResults,
    overall_scores,
    roll_up,
)
from methods.tree import Floats, Tree, tree_from_table

NAN = float("nan")
#: One column per unit; rows are the leaves A2, A1, B, C1 with effective weights 1/8, 3/8, 1/4, 1/4.
SCORES = np.array(
    [
        [40.0, 40.0, NAN, 40.0, NAN, 0.5],
        [80.0, NAN, NAN, 80.0, NAN, 80.0],
        [70.0, 70.0, 70.0, 70.0, NAN, 70.0],
        [10.0, 10.0, 10.0, NAN, NAN, 10.0],
    ]
)
STATUSES = np.array(
    [
        [MEASURED, MEASURED, MISSING, CARRIED_FORWARD, NOT_APPLICABLE, MEASURED],
        [MEASURED, MISSING, MISSING, MEASURED, NOT_APPLICABLE, MEASURED],
        [MEASURED, MEASURED, PARTIAL, MEASURED, NOT_APPLICABLE, MEASURED],
        [MEASURED, MEASURED, MEASURED, NOT_APPLICABLE, NOT_APPLICABLE, MEASURED],
    ],
    dtype=np.int8,
)


def geometric(low: float, high: float) -> float:
    return math.exp((math.log(low) + 3 * math.log(high)) / 4)


def close(found: Floats, expected: list[float]) -> bool:
    return bool(np.allclose(found, expected, rtol=0, atol=1e-12, equal_nan=True))


@pytest.fixture(scope="module")
def tree() -> Tree:
    return tree_from_table(TABLE)


@pytest.fixture(scope="module")
def results(tree: Tree) -> NodeResults:
    return roll_up(tree, SCORES, STATUSES)


def test_scores(tree: Tree, results: NodeResults) -> None:
    whole, floored = geometric(40, 80), geometric(1, 80)
    # the second unit's A has a quarter of its weight, under the minimum of a half: it is absent above
    assert close(results.score[tree.position["A"]], [whole, NAN, NAN, whole, NAN, floored])
    assert close(results.score[tree.position["C"]], [10, 10, 10, NAN, NAN, 10])
    overall = [(2 * whole + 80) / 4, 40, 40, (2 * whole + 70) / 3, NAN, (2 * floored + 80) / 4]
    assert close(results.score[tree.root], overall)
    # leaves stand in their own places
    assert close(results.score[tree.position["A2"]], [40, 40, NAN, 40, NAN, 0.5])


def test_coverage(tree: Tree, results: NodeResults) -> None:
    assert close(results.coverage[tree.position["A"]], [1, 0.25, 0, 1, NAN, 1])
    # exactly the minimum of a half is enough for the overall index
    assert close(results.coverage[tree.root], [1, 0.5, 0.5, 1, NAN, 1])
    assert close(results.coverage[tree.position["A1"]], [1, 0, 0, 1, NAN, 1])


def test_statuses(tree: Tree, results: NodeResults) -> None:
    assert results.status[tree.position["A"]].tolist() == [0, MISSING, MISSING, CARRIED_FORWARD, NOT_APPLICABLE, 0]
    assert results.status[tree.position["C"]].tolist() == [0, 0, 0, NOT_APPLICABLE, NOT_APPLICABLE, 0]
    assert results.status[tree.root].tolist() == [0, PARTIAL, PARTIAL, CARRIED_FORWARD, NOT_APPLICABLE, 0]


def test_leaf_weights(tree: Tree, results: NodeResults) -> None:
    assert close(results.leaf_weight_scored[tree.root], [1, 0.5, 0.5, 0.75, 0, 1])
    # what lies under a node without a score does not count above
    assert close(results.leaf_weight_scored[tree.position["A"]], [0.5, 0, 0, 0.5, 0, 0.5])
    assert close(results.leaf_weight_carried[tree.root], [0, 0, 0, 0.125, 0, 0])
    assert close(results.leaf_weight_applicable[tree.root], [1, 1, 1, 0.75, 0, 1])


def test_a_score_under_a_status_that_has_none_does_not_count(tree: Tree) -> None:
    statuses = np.zeros((4, 1), dtype=np.int8)
    statuses[2], statuses[3] = MISSING, NOT_APPLICABLE
    found = roll_up(tree, np.full((4, 1), 50.0), statuses)
    assert close(found.score[tree.position["B"]], [NAN])
    assert close(found.score[tree.position["C"]], [NAN])
    assert close(found.coverage[tree.root], [2 / 3])


def test_harmonic_mean_with_floor() -> None:
    tree = tree_from_table(table(aggregation=["arithmetic", "harmonic", "", "", "", "", ""]))
    found = roll_up(tree, SCORES, STATUSES)
    assert close(found.score[tree.position["A"]][[0, 5]], [4 / (1 / 40 + 3 / 80), 4 / (1 / 1 + 3 / 80)])


def test_without_leaf_weights_the_rest_is_the_same_to_the_bit(tree: Tree, results: NodeResults) -> None:
    lean = roll_up(tree, SCORES, STATUSES, leaf_weights=False)
    for name in ("score", "coverage", "status"):
        assert getattr(lean, name).tobytes() == getattr(results, name).tobytes()
    assert len(lean.leaf_weight_scored) == 0


def test_bits_do_not_depend_on_how_many_cells_come_together(tree: Tree) -> None:
    rng = np.random.default_rng(1)
    scores = rng.uniform(0, 100, (4, 5000))
    scores[rng.random(scores.shape) < 0.2] = NAN
    statuses = rng.integers(0, 5, scores.shape).astype(np.int8)
    whole = roll_up(tree, scores, statuses)
    for cell in (0, 2047, 2048, 4999):
        alone = roll_up(tree, scores[:, [cell]], statuses[:, [cell]])
        for name, array in vars(alone).items():
            assert array[:, 0].tobytes() == getattr(whole, name)[:, cell].tobytes(), (name, cell)


def test_many_weightings_agree_with_rolling_up_each(tree: Tree) -> None:
    rng = np.random.default_rng(2)
    scores, statuses = SCORES.copy(), STATUSES
    weights = rng.uniform(0.5, 2, (700, len(tree.codes)))
    found = overall_scores(tree, scores, weights, applicable=statuses != NOT_APPLICABLE)
    for run in (0, 1, 350, 699):
        varied = tree_from_table(table(weight=weights[run].tolist()))
        expected = roll_up(varied, scores, statuses).score[tree.root]
        assert close(found[run], expected.tolist())


@pytest.mark.parametrize("minimum", [None, 0.0], ids=["with minimum coverage", "without"])
def test_many_weightings_with_gaps_agree_with_rolling_up_each(minimum: float | None) -> None:
    """Gaps everywhere, and what does not apply: coverage decides which nodes count, by each run's own weights."""
    settings = {} if minimum is None else {"minimum_coverage": [minimum] * 7}
    tree = tree_from_table(table(**settings))
    rng = np.random.default_rng(4)
    scores = rng.uniform(0, 100, (4, 80))
    scores[rng.random(scores.shape) < 0.4] = NAN
    applies = rng.random(scores.shape) < 0.8
    applies[:, 0] = False
    statuses = np.where(applies, MEASURED, NOT_APPLICABLE).astype(np.int8)
    scores[~applies] = NAN
    weights = rng.uniform(0.5, 2, (60, len(tree.codes)))
    found = overall_scores(tree, scores, weights, applicable=applies)
    seen = set()
    for run, own in enumerate(weights):
        rolled = roll_up(tree_from_table(table(weight=own.tolist(), **settings)), scores, statuses)
        assert close(found[run], rolled.score[tree.root].tolist())
        seen |= set(rolled.status[tree.root].tolist())
    assert seen == {MEASURED, PARTIAL, MISSING, NOT_APPLICABLE}


def test_a_minimum_of_zero_lets_no_node_count_that_has_nothing() -> None:
    tree = tree_from_table(table(minimum_coverage=[0.0] * 7))
    scores = np.full((4, 2), NAN)
    scores[0, 1] = 40.0  # only A2
    found = roll_up(tree, scores, np.where(np.isnan(scores), MISSING, MEASURED).astype(np.int8))
    assert found.status[tree.root].tolist() == [MISSING, PARTIAL]
    assert found.status[tree.position["C"]].tolist() == [MISSING, MISSING]
    assert close(found.score[tree.root], [NAN, 40.0])
    assert close(found.coverage[tree.root], [0, 0.125])


def test_weightings_may_come_with_scores_and_means_of_their_own(tree: Tree) -> None:
    rng = np.random.default_rng(3)
    scores = rng.uniform(0, 100, (4, 3, 6))
    weights = np.repeat(tree.weight[None], 3, axis=0)
    found = overall_scores(tree, scores, weights, aggregation="harmonic", nodes=(tree.position["A"], tree.root))
    harmonic = tree_from_table(table(aggregation=["harmonic"] * 7))
    for run in range(3):
        expected = roll_up(harmonic, scores[:, run], np.zeros((4, 6), dtype=np.int8)).score
        assert close(found[0, run], expected[tree.position["A"]].tolist())
        assert close(found[1, run], expected[tree.root].tolist())


def test_a_weight_of_zero_leaves_an_indicator_out(tree: Tree) -> None:
    weights = np.repeat(tree.weight[None], 2, axis=0)
    weights[1, tree.position["A1"]] = 0
    weights[1, tree.position["C1"]] = 0  # the only child: C has no score and leaves its weight to A and B
    found = overall_scores(tree, SCORES[:, :1], weights)
    assert close(found[:, 0], [(2 * geometric(40, 80) + 80) / 4, (2 * 40 + 70) / 3])


def test_shapes_that_do_not_fit_are_refused(tree: Tree) -> None:
    with pytest.raises(ValueError, match="not those of"):
        roll_up(tree, SCORES[:2], STATUSES[:2])
    with pytest.raises(ValueError, match="one status for each score"):
        roll_up(tree, SCORES, STATUSES[:, :2])
    with pytest.raises(ValueError, match="not those of the tree"):
        overall_scores(tree, SCORES, np.ones((2, 3)))
    with pytest.raises(ValueError, match="'median' is no aggregation"):
        overall_scores(tree, SCORES, np.ones((2, 7)), aggregation="median")
