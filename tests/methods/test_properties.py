"""What must hold for any values: ranges, direction, order of units, blocks; found or refuted by hypothesis."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

import methods.index
from methods.aggregation import MISSING, NOT_APPLICABLE, NodeResults, roll_up
from methods.index import PARAMETERS, Method, index_scores, method_from_tables
from methods.scoring import ScoringRule, Territory, score_values
from methods.tree import Floats, Tree, tree_from_table

#: Within these a value may be anything: counts, shares, rates per ten thousand.
VALUES = st.floats(-1e6, 1e6, allow_nan=False)
KINDS = ("goalpost", "target_attainment", "relative_minmax", "zero_tolerance", "minmax", "zscore", "percentile_rank")
#: The range that each kind declares; a z-score and an open min-max have none.
RANGES = {"zscore": (-np.inf, np.inf)}


@st.composite
def rules(draw: Any, kind: str = "") -> ScoringRule:
    """A scoring rule with parameters as `pingan check` lets them through."""
    kind = kind or draw(st.sampled_from(KINDS))
    direction = draw(st.sampled_from((1, -1)))
    first, step, further = draw(VALUES), draw(st.floats(1e-3, 1e6)), draw(st.floats(1e-3, 1e6))
    posts = (first, first + direction * step, first + direction * (step + further))
    reference = np.array(draw(st.lists(VALUES, min_size=2, max_size=12)))
    return ScoringRule(
        code="I",
        kind=kind,
        direction=direction,
        clip=True,
        parameters={
            **dict(zip(("p0", "p60", "p100"), posts, strict=True)),
            "target": step,
            "lo": first,
            "hi": first + step,
            "range_low": 0.0,
            "range_high": 100.0,
            "mean": first,
            "sd": step,
            "centre": 50.0,
            "spread": 10.0,
            "factor": 100.0,
        },
        references=((slice(None), reference),),
    )


@given(rules(), st.lists(VALUES, min_size=1, max_size=20))
def test_scores_lie_within_their_kinds_range(rule: ScoringRule, values: list[float]) -> None:
    low, high = RANGES.get(rule.kind, (0, 100))
    x = np.array(values)
    score = score_values(rule, np.abs(x) if rule.kind == "zero_tolerance" else x)  # deductions count events
    assert not np.isnan(score).any()
    assert (score >= low).all()
    assert (score <= high).all()


@given(rules(), VALUES, VALUES)
def test_a_better_value_never_scores_less(rule: ScoringRule, one: float, other: float) -> None:
    worse, better = sorted((one, other), reverse=rule.direction == -1 or rule.kind == "zero_tolerance")
    score = score_values(rule, np.array([worse, better]))
    assert score[0] <= score[1] + 1e-9 * max(1.0, abs(score[0]))


@given(rules(), st.lists(VALUES, min_size=1, max_size=6))
def test_missing_values_have_no_score_and_leave_the_others_alone(rule: ScoringRule, values: list[float]) -> None:
    alone = score_values(rule, np.array(values))
    among = score_values(rule, np.array([np.nan, *values, np.nan]))
    assert np.isnan(among[[0, -1]]).all()
    assert among[1:-1].tobytes() == alone.tobytes()


@st.composite
def trees(draw: Any) -> Tree:
    """Any tree up to three levels deep, indicators on any of them, any mean in any node."""
    rows: list[tuple[str, str, int, str]] = [("X", "", 0, "")]
    for branch in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            rows.append((f"A{branch}", "X", 1, "minmax"))
            continue
        rows.append((f"A{branch}", "X", 1, ""))
        for twig in range(draw(st.integers(1, 3))):
            name, deeper = f"A{branch}{twig}", draw(st.booleans())
            rows.append((name, f"A{branch}", 2, "" if deeper else "minmax"))
            rows += [(f"{name}{i}", name, 3, "minmax") for i in range(draw(st.integers(1, 3)) if deeper else 0)]
    count = len(rows)
    return tree_from_table(
        {
            "code": [row[0] for row in rows],
            "parent": [row[1] for row in rows],
            "level": [row[2] for row in rows],
            "weight": draw(st.lists(st.floats(0.01, 100), min_size=count, max_size=count)),
            "aggregation": [draw(st.sampled_from(("arithmetic", "geometric", "harmonic"))) for _ in rows],
            "scoring": [row[3] for row in rows],
            "minimum_coverage": [draw(st.sampled_from((0.0, 0.5, 0.65, 1.0)))] * count,
            "floor": [1.0] * count,
        }
    )


def drawn(tree: Tree, seed: int, units: int = 6) -> tuple[Floats, np.ndarray[Any, np.dtype[np.int8]]]:
    rng = np.random.default_rng(seed)
    score = rng.uniform(0, 100, (len(tree.leaves), units))
    status = rng.choice(5, score.shape, p=[0.5, 0.1, 0.1, 0.2, 0.1]).astype(np.int8)
    return score, status


@given(trees(), st.integers(0, 2**32))
def test_nodes_lie_between_their_children_and_coverage_between_zero_and_one(tree: Tree, seed: int) -> None:
    score, status = drawn(tree, seed)
    results = roll_up(tree, score, status)
    for node in tree.upwards:
        found, below = results.score[node], results.score[tree.children[node]]
        there = ~np.isnan(found)
        floor = 0.0 if tree.aggregation[node] == "arithmetic" else tree.floor[node]
        lifted = np.maximum(below[:, there], floor)
        assert (found[there] >= np.nanmin(lifted, axis=0, initial=np.inf) - 1e-9).all()
        assert (found[there] <= np.nanmax(lifted, axis=0, initial=-np.inf) + 1e-9).all()
        coverage = results.coverage[node]
        assert (np.isnan(coverage) == (results.status[node] == NOT_APPLICABLE)).all()
        assert ((coverage[~np.isnan(coverage)] >= 0) & (coverage[~np.isnan(coverage)] <= 1 + 1e-12)).all()
        assert (there == (results.status[node] < MISSING)).all()
        assert (coverage[there] >= tree.minimum_coverage[node] - 1e-12).all()


@given(trees(), st.integers(0, 2**32), st.floats(0.1, 50))
def test_a_better_indicator_never_lowers_a_node(tree: Tree, seed: int, gain: float) -> None:
    score, status = drawn(tree, seed)
    raised = score.copy()
    raised[seed % len(score)] += gain
    before, after = roll_up(tree, score, status), roll_up(tree, raised, status)
    same = np.isnan(before.score)
    assert (np.isnan(after.score) == same).all()
    assert (after.score[~same] >= before.score[~same] - 1e-9).all()
    assert after.coverage.tobytes() == before.coverage.tobytes()


@given(trees(), st.integers(0, 2**32), st.floats(0.01, 1000))
def test_only_the_proportion_of_weights_among_siblings_matters(tree: Tree, seed: int, factor: float) -> None:
    score, status = drawn(tree, seed)
    scaled = Tree(**{**vars_of(tree), "weight": tree.weight * factor})
    one, other = roll_up(tree, score, status), roll_up(scaled, score, status)
    np.testing.assert_allclose(one.score, other.score, rtol=1e-9, atol=1e-9, equal_nan=True)
    np.testing.assert_allclose(one.coverage, other.coverage, rtol=1e-9, atol=1e-9, equal_nan=True)


def vars_of(tree: Tree) -> dict[str, Any]:
    names = ("codes", "parent", "level", "weight", "aggregation", "scoring", "minimum_coverage", "floor")
    return {name: getattr(tree, name) for name in names}


def small_method(order: list[int]) -> Method:
    """A deduction and a rate in a city of two counties and six townships, its units in the order given."""
    framework = pl.DataFrame(
        {
            "code": ["X", "D", "R"],
            "parent": ["", "X", "X"],
            "level": [0, 1, 1],
            "weight": [1.0, 3.0, 2.0],
            "aggregation": ["arithmetic"] * 3,
            "scoring": ["", "zero_tolerance", "minmax"],
            "direction": [1, -1, 1],
            "minimum_coverage": [0.5] * 3,
            "floor": [1.0] * 3,
        }
    )
    parameters = pl.DataFrame(
        [
            {"indicator_code": code, "parameter_group": group, "clip": True, "reference_values": None}
            | dict.fromkeys(PARAMETERS)
            | {"lo": 0.0, "hi": 10.0, "range_low": 0.0, "range_high": 100.0}
            for code in ("D", "R")
            for group in ("one",)
        ],
        infer_schema_length=None,
    )
    members = {0: [3, 4, 5, 6, 7, 8], 1: [3, 4, 5], 2: [6, 7, 8]}
    place = {unit: i for i, unit in enumerate(order)}
    moved = {place[upper]: [place[unit] for unit in units] for upper, units in members.items()}
    return method_from_tables(framework, parameters, ["one"] * len(order), Territory.of(moved, len(order)))


@settings(deadline=None)
@given(st.permutations(list(range(9))), st.integers(0, 2**32))
def test_the_order_of_units_decides_nothing_to_the_bit(order: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, status = (
        rng.uniform(0, 10, (2, 3, 9)),
        rng.choice(5, (2, 3, 9), p=[0.6, 0.1, 0.1, 0.1, 0.1]).astype(np.int8),
    )
    values[status >= MISSING] = np.nan
    people, above = rng.integers(1, 90_000, (3, 9)).astype(float), rng.integers(0, 30, (3, 3)).astype(float)

    def computed(places: list[int]) -> NodeResults:
        method = small_method(places)
        known = above[:, [places[unit] for unit in method.territory.upper]]
        return index_scores(method, values[..., places], status[..., places], people[..., places], {0: known})

    straight, moved = computed(list(range(9))), computed(list(order))
    for name, array in vars(moved).items():
        assert array.tobytes() == getattr(straight, name)[..., list(order)].tobytes(), name


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5))
def test_months_together_are_the_months_alone_to_the_bit(seed: int, months: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 40, (2, months, 9))
    status, people = np.zeros(values.shape, dtype=np.int8), rng.integers(1, 90_000, (months, 9)).astype(float)
    above, method = rng.integers(0, 30, (months, 3)).astype(float), small_method(list(range(9)))
    with mock.patch.object(methods.index, "_CELLS_AT_ONCE", 2 * 9):  # two months in a block
        together = index_scores(method, values, status, people, {0: above})
    assert together.score.shape == (len(method.tree.codes), months, 9)
    for month in range(months):
        part = slice(month, month + 1)
        alone = index_scores(method, values[:, part], status[:, part], people[part], {0: above[part]})
        for name, array in vars(alone).items():
            assert array[:, 0].tobytes() == getattr(together, name)[:, month].tobytes(), (name, month)
