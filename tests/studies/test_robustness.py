"""What a study of robustness says: designs, indices, ranks, ties and colours on small cases with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from methods.aggregation import overall_scores
from methods.alternative_scoring import ReferenceSet, alternative_scores, own_reference, score_range
from methods.robustness import (
    RobustnessError,
    Uncertainty,
    colour_shares,
    indistinguishable,
    leave_out,
    rank_intervals,
    rank_units,
    saltelli_design,
    sobol_indices,
    study,
    weight_noise,
)
from methods.tree import Tree

NAN = float("nan")


def tree(aggregation: str = "arithmetic") -> Tree:
    """Z over F (leaves a, b) and G (leaf c, an only child)."""
    return Tree(
        codes=("Z", "F", "G", "a", "b", "c"),
        parent=np.array([-1, 0, 0, 1, 1, 2]),
        level=np.array([0, 1, 1, 3, 3, 3]),
        weight=np.array([1.0, 2.0, 1.0, 3.0, 1.0, 1.0]),
        aggregation=(aggregation,) * 6,
        scoring=("", "", "", "goalpost", "goalpost", "goalpost"),
        minimum_coverage=np.zeros(6),
        floor=np.ones(6),
    )


def uncertainty(**changed: object) -> Uncertainty:
    generator = np.random.default_rng(1)
    declared = generator.uniform(20, 100, (3, 12))
    fields = {
        "tree": tree(),
        "scores": {"declared": declared, "minmax": np.clip(declared * 1.1 - 5, 0, 100)},
        "applicable": np.ones((3, 12), bool),
        "aggregations": [None, "geometric"],
        "weights_share": 0.25,
    }
    return Uncertainty(**(fields | changed))  # type: ignore[arg-type]


def everyone() -> np.ndarray:
    return np.ones(12, bool)


def test_sobol_indices_of_the_ishigami_function_are_the_analytic_ones() -> None:
    """Analytic values for a = 7, b = 0.1 (Ishigami & Homma 1990); an independent function, thousands of runs."""

    def f(u: np.ndarray) -> np.ndarray:
        x = np.pi * (2 * u - 1)
        return np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])

    a, b, mixed = saltelli_design(40_000, 3, seed=5)
    found = sobol_indices(f(a), f(b), f(mixed), resamples=100, seed=6)
    variance = 7**2 / 8 + 0.1 * np.pi**4 / 5 + 0.1**2 * np.pi**8 / 18 + 0.5
    first = np.array([0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2, 7**2 / 8, 0]) / variance
    total = first + np.array([1, 0, 1]) * (0.1**2 * np.pi**8 * (1 / 18 - 1 / 50)) / variance
    assert found.first == pytest.approx(first, abs=0.03)
    assert found.total == pytest.approx(total, abs=0.03)
    assert (found.first_interval[0] < found.first).all()
    assert (found.first < found.first_interval[1]).all()
    assert (found.total_interval[0] < found.total).all()
    assert (found.total < found.total_interval[1]).all()


def test_a_function_that_never_varies_has_no_indices() -> None:
    with pytest.raises(RobustnessError, match="same in every run"):
        sobol_indices(np.ones(8), np.ones(8), np.ones((2, 8)))


def test_the_same_seed_gives_the_same_study_and_another_seed_another() -> None:
    one, again, other = (study(uncertainty(), everyone(), 50, seed) for seed in (1, 1, 2))
    assert (one.runs == again.runs).all()
    assert one.sensitivity is not None
    assert again.sensitivity is not None
    assert (one.sensitivity.total == again.sensitivity.total).all()
    assert (one.runs != other.runs).any()


def test_each_assumption_alone_moves_scores() -> None:
    """A step that silently did nothing would show as runs that are all nominal."""
    for assumption in ("weights", "scoring", "aggregation", "left_out"):
        found = study(uncertainty(), everyone(), 40, 3, assumptions=[assumption])
        assert (np.abs(found.runs - found.nominal).max(axis=1) > 1e-9).any(), assumption


@pytest.mark.parametrize(
    ("assumption", "changed"),
    [
        ("weights", {"weights_share": 0.0}),
        ("scoring", {"scores": {"declared": np.ones((3, 12)), "minmax": np.ones((3, 12))}}),
        ("aggregation", {"aggregations": [None]}),
    ],
)
def test_an_assumption_that_cannot_be_varied_is_an_error_by_name(assumption: str, changed: dict) -> None:
    with pytest.raises(RobustnessError, match=f"^{assumption}: "):
        study(uncertainty(**changed), everyone(), 10, 1)


def test_weights_vary_within_the_declared_share_and_uniformly() -> None:
    noise = weight_noise(tree(), 0.25, 4000, seed=1) / tree().weight
    assert noise.min() >= 0.75
    assert noise.max() <= 1.25
    assert noise.mean(axis=0) == pytest.approx(np.ones(6), abs=0.01)
    assert noise.std(axis=0) == pytest.approx(np.full(6, 0.5 / np.sqrt(12)), abs=0.005)


def test_leaving_an_indicator_out_gives_the_index_without_it() -> None:
    scores = np.array([[10.0], [50.0], [90.0]])
    weights = np.tile(tree().weight, (3, 1))
    left = overall_scores(tree(), scores, leave_out(tree(), weights, np.array([1, 2, 3])))
    # without b; without c, an only child, whose parent G goes with it; without none
    assert left[:, 0] == pytest.approx([(2 * 10 + 1 * 90) / 3, (3 * 10 + 1 * 50) / 4, (2 * 20 + 1 * 90) / 3])
    assert (weights == tree().weight).all()


def test_varied_weights_take_no_score_away_that_coverage_gave() -> None:
    """F has 0.75 of its weight: above the minimum as declared, below it for many a draw of ±25 %."""
    scores = np.vstack([np.linspace(40, 95, 12), np.full(12, NAN), np.linspace(90, 20, 12)])
    strict = replace(tree(), minimum_coverage=np.full(6, 0.74))
    found = study(
        uncertainty(tree=strict, scores={"declared": scores}), everyone(), 60, 2, assumptions=["weights", "aggregation"]
    )
    assert not np.isnan(found.runs).any()
    # and a node that has too little as declared counts in no run
    stricter = replace(tree(), minimum_coverage=np.array([0.2, 0.8, 0.2, 0, 0, 0]))
    only_c = study(
        uncertainty(tree=stricter, scores={"declared": scores}),
        everyone(),
        5,
        2,
        assumptions=["weights", "aggregation"],
    )
    assert only_c.runs == pytest.approx(np.tile(scores[2], (10, 1)))
    assert only_c.problem == "no rank moved in any run"


def test_ranks_share_the_better_place_and_leave_out_who_has_no_score() -> None:
    assert list(rank_units(np.array([80.0, 90.0, 90.0, 70.0]))) == [3, 1, 1, 4]
    assert rank_units(np.array([80.0, NAN, 90.0])) == pytest.approx([2, NAN, 1], nan_ok=True)
    # a difference in the last bits is none
    assert list(rank_units(np.array([80.0, 80.0 + 1e-12]))) == [1, 1]


def test_median_and_interval_of_ranks() -> None:
    scores = np.array([[3.0, 2.0, 1.0]] * 19 + [[1.0, 2.0, 3.0]])
    median, low, high = rank_intervals(scores)
    assert list(median) == [1, 2, 3]
    # 20 runs: the 95 % quantile (type 7) of nineteen 1s and a 3 lies 0.05 × 2 above 1
    assert high[0] == pytest.approx(1.1)
    assert low[2] == pytest.approx(2.9)


def test_two_units_that_swap_in_a_tenth_of_the_runs_cannot_be_told_apart() -> None:
    nominal = np.array([90.0, 80.0, 10.0])
    runs = np.tile(nominal, (20, 1))
    runs[0, :2] = runs[0, 1::-1]
    assert list(indistinguishable(nominal, runs)) == [0, 0, 0]
    runs[1, :2] = 85.0  # level counts as turned: two of twenty
    assert list(indistinguishable(nominal, runs)) == [1, 1, 0]


def test_colours_are_shares_of_runs_and_vetoes_cap_them() -> None:
    runs = np.array([[95.0, 95.0, NAN], [89.9999999999, 85.0, NAN], [60.0, 75.0, NAN], [90.0, 20.0, NAN]])
    shares = colour_shares(runs, [90, 80, 70, 0], np.array([0, 2, 0]))
    assert list(shares[0]) == [0.75, 0, 0, 0.25]  # rounded to 1e-9 the second run is 90: green
    assert list(shares[1]) == [0, 0, 0.75, 0.25]
    assert np.isnan(shares[2]).all()


def reference(values: list[float], scores: list[float], direction: int = -1) -> ReferenceSet:
    return ReferenceSet(*own_reference(np.array(values), np.array(scores)), direction, 0.0, 100.0)


def test_a_set_is_kept_as_its_quantiles_with_the_scores_there() -> None:
    values = np.random.default_rng(8).permutation(np.arange(41.0))
    quantiles, scores = own_reference(values, 100 - values)
    assert quantiles == pytest.approx(np.arange(0, 41, 2))  # type 7: every second of 41 values
    assert scores == pytest.approx(100 - np.arange(0, 41, 2))


@pytest.mark.parametrize("direction", [1, -1])
def test_the_bounds_of_the_reference_set_keep_their_scores(direction: int) -> None:
    values = np.linspace(0, 20, 101) ** 2
    scores = 50 + direction * (values - 200) / 5
    own = reference(list(values), list(scores), direction)
    low, high = np.percentile(values, [5, 95])
    at = np.interp([low, high], values, scores)
    for kind in ("minmax", "percentile_rank"):
        found = alternative_scores(kind, np.array([low, np.median(values), high]), own)
        assert found is not None
        assert found[[0, 2]] == pytest.approx(at)
    # half of the set lies below the median; a straight line through the bounds is elsewhere
    assert found[1] == pytest.approx(at.mean())
    straight = alternative_scores("minmax", np.array([np.median(values)]), own)
    assert straight == pytest.approx(np.interp([np.median(values)], [low, high], at))


def test_percentile_ranks_between_quantiles_are_those_of_the_set() -> None:
    """(rank − 1)/(n − 1) by hand on 21 values, ties taking the lowest, others between them by interpolation."""
    values = np.array([0.0] * 6 + [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    own = reference(list(values), list(values * 5), 1)
    # bounds: 5 % is 0 (place 0), 95 % is 14 (place 19/20), scores 0 and 70
    found = alternative_scores("percentile_rank", np.array([0.0, 1.0, 1.5, 14.0, 15.0, 99.0, -3.0]), own)
    places = np.array([0, 6, 6.5, 19, 20, 20, 0]) / 20
    assert found == pytest.approx(70 * places / (19 / 20))
    # a value that rounding moved by less than the file's ten digits is the quantile itself
    assert alternative_scores("percentile_rank", np.array([14 * (1 + 4e-11)]), own) == pytest.approx([70.0], abs=1e-12)


def test_alternatives_stay_in_the_range_of_the_kind_and_in_the_order_of_values() -> None:
    own = reference([1.0, 2.0, 3.0, 50.0], [99.0, 98.0, 97.0, 5.0])
    for kind in ("minmax", "percentile_rank"):
        found = alternative_scores(kind, np.array([-100.0, 1.5, 2.5, 40.0, 1000.0, NAN]), own)
        assert found is not None
        assert (np.diff(found[:5]) <= 0).all()
        assert np.nanmin(found) >= 0
        assert np.nanmax(found) <= 100
        assert np.isnan(found[5])
    far = alternative_scores("minmax", np.array([-1e6, 1e6]), own)
    assert far is not None
    assert list(far) == [100, 0]


def test_where_the_inner_bounds_coincide_the_ends_are_taken() -> None:
    """Half the indicators count rare events: nineteen of twenty units have none."""
    own = reference([0.0] * 59 + [40.0], [100.0] * 59 + [60.0])
    assert alternative_scores("minmax", np.array([0.0, 20.0, 40.0]), own) == pytest.approx([100, 80, 60])


def test_a_reference_set_that_tells_nothing_apart_gives_no_alternative() -> None:
    assert alternative_scores("minmax", np.array([1.0]), reference([2.0, 2.0], [100.0, 100.0])) is None
    assert alternative_scores("percentile_rank", np.array([1.0]), reference([1.0, 2.0], [100.0, 100.0])) is None
    with pytest.raises(ValueError, match="no alternative"):
        alternative_scores("borda", np.array([1.0]), reference([1.0, 2.0], [100.0, 0.0]))


def test_ranges_are_those_of_the_kinds() -> None:
    assert score_range("goalpost", {}) == (0, 100)
    assert score_range("minmax", {"L": 1, "U": 10, "clip": True}) == (1, 10)
    assert score_range("minmax", {"L": 1, "U": 10}) == (-np.inf, np.inf)
    assert score_range("zscore", {}) == (-np.inf, np.inf)
    assert score_range("percentile_rank", {"factor": 1}) == (0, 1)
