"""The seven scoring kinds by hand: METHODS.md section 2, on arrays."""

from __future__ import annotations

import numpy as np
import pytest

from methods.scoring import (
    ConstantError,
    ScoringRule,
    Territory,
    goalpost,
    minmax,
    percentile_rank,
    relative_minmax,
    score_values,
    target_attainment,
    zero_tolerance,
    zero_tolerance_above,
    zscore,
)
from methods.tree import Floats

NAN = float("nan")


def numbers(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def same(found: Floats, expected: list[float]) -> bool:
    return bool(np.allclose(found, expected, rtol=0, atol=1e-12, equal_nan=True))


def test_goalpost() -> None:
    assert same(goalpost(numbers(-5, 0, 5, 10, 15, 20, 25, NAN), 0, 10, 20), [0, 0, 30, 60, 80, 100, 100, NAN])
    # falling posts, unequal steps
    assert same(goalpost(numbers(90, 80, 50, 20, 15, 10, 0), 80, 20, 10), [0, 0, 30, 60, 80, 100, 100])
    # a post per unit
    assert same(goalpost(numbers(5, 5), numbers(0, 0), numbers(10, 5), numbers(20, 10)), [30, 60])


def test_target_attainment() -> None:
    assert same(target_attainment(numbers(-1, 0, 49, 98, 120, NAN), 98, 1), [0, 0, 50, 100, 100, NAN])
    assert same(target_attainment(numbers(0, 4, 8, 16, -3, NAN), 4, -1), [100, 100, 50, 25, 100, NAN])


def test_relative_minmax() -> None:
    assert same(relative_minmax(numbers(0, 2, 4, 10, 11, NAN), 2, 4, -1), [100, 100, 60, 0, 0, NAN])
    assert same(relative_minmax(numbers(-4, -1, 2, 3, 4, 5, NAN), 2, 4, 1), [0, 0, 60, 80, 100, 100, NAN])


def test_zero_tolerance() -> None:
    assert same(zero_tolerance(numbers(0, 40, 100, 250, NAN)), [100, 60, 0, 0, NAN])


def test_minmax() -> None:
    assert same(minmax(numbers(-5, 0, 5, 15, NAN), 0, 10, 1), [-50, 0, 50, 150, NAN])
    assert same(minmax(numbers(-5, 0, 5, 15), 0, 10, -1, 1, 101), [151, 101, 51, -49])
    assert same(minmax(numbers(-5, 0, 5, 15), 0, 10, -1, 1, 101, clip=True), [101, 101, 51, 1])


def test_zscore() -> None:
    assert same(zscore(numbers(2, 4, 6, NAN), 4, 2, 1), [-1, 0, 1, NAN])
    assert same(zscore(numbers(2, 4, 7), 4, 2, -1, 50, 10), [60, 50, 35])


def test_percentile_rank() -> None:
    reference = numbers(5, 1, 3, 3, 9)
    assert same(percentile_rank(numbers(0, 1, 3, 4, 9, 10, NAN), reference, 1), [0, 0, 25, 75, 100, 100, NAN])
    assert same(percentile_rank(numbers(10, 9, 3, 4, 1, 0), reference, -1, 1), [0, 0, 0.5, 0.5, 1, 1])
    # a value that differs from one of the set in last bits only is that one, unless it stands in the set itself
    over, under = np.nextafter(3, 4), np.nextafter(3, 2)
    assert same(percentile_rank(numbers(over, under), reference, 1), [25, 25])
    both = numbers(1, 3, over, 9)
    assert same(percentile_rank(numbers(3, over), both, 1, 3), [1, 2])
    assert same(percentile_rank(numbers(3, over), both, -1, 3), [2, 1])
    assert same(percentile_rank(numbers(3 + 1e-9), both, 1, 3), [3])
    assert same(percentile_rank(numbers(3), numbers(3), 1), [NAN])


def _rule(kind: str, **parameters: float | Floats) -> ScoringRule:
    return ScoringRule("I1", kind, 1, parameters=parameters)


@pytest.mark.parametrize(
    "rule",
    [
        _rule("goalpost", p0=numbers(NAN, 0, 0), p60=numbers(10, NAN, 10), p100=numbers(20, 20, NAN)),
        _rule("target_attainment", target=NAN),
        _rule("relative_minmax", lo=numbers(NAN, 0, NAN), hi=numbers(4, NAN, NAN)),
        _rule("minmax", lo=numbers(NAN, 0, NAN), hi=numbers(4, NAN, NAN), range_low=0.0, range_high=100.0),
        _rule("zscore", mean=numbers(NAN, 0, NAN), sd=numbers(4, NAN, NAN), centre=0.0, spread=1.0),
        _rule("percentile_rank", factor=100.0),
    ],
)
@pytest.mark.parametrize("value", [-1e9, 15.0, 1e9])
def test_unknown_parameters_score_nothing(rule: ScoringRule, value: float) -> None:
    assert np.isnan(score_values(rule, numbers(value, value, value))).all()


@pytest.mark.parametrize(
    "rule",
    [
        _rule("goalpost", p0=numbers(0, 1), p60=numbers(1, 1), p100=numbers(2, 2)),
        _rule("relative_minmax", lo=numbers(0, 4), hi=numbers(4, 4)),
        _rule("minmax", lo=4.0, hi=4.0, range_low=0.0, range_high=100.0),
        _rule("zscore", mean=4.0, sd=0.0, centre=0.0, spread=1.0),
    ],
)
def test_a_constant_indicator_is_an_error_and_not_a_missing_score(rule: ScoringRule) -> None:
    with pytest.raises(ConstantError, match="I1: bounds coincide"):
        score_values(rule, numbers(4, 4))


def test_percentile_ranks_take_the_set_of_each_unit() -> None:
    sets = ((np.array([0, 2]), numbers(1, 2, 3)), (np.array([1]), numbers(10, 20, 30)))
    rule = ScoringRule("I1", "percentile_rank", 1, parameters={"factor": 100.0}, references=sets)
    assert same(score_values(rule, np.array([[2.0, 2.0, 3.0, 3.0]])), [[0.5 * 100, 0, 100, NAN]])


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="I1 is scored by 'magic'"):
        score_values(_rule("magic"), numbers(1))


def test_upper_units_take_the_mean_of_their_members_weighted_by_residents() -> None:
    # positions: 0 city, 1 county, 2..4 townships; the county has 2 and 3
    territory = Territory.of({0: [2, 3, 4], 1: [2, 3]}, 5)
    score = np.array([[0.0, 0, 100, 40, 70], [0, 0, 100, NAN, NAN], [0, 0, NAN, NAN, NAN], [0, 0, 100, 40, 70]])
    residents = np.array([[NAN, NAN, 1, 3, 4], [NAN, NAN, 1, 3, 4], [NAN, NAN, 1, 3, 4], [NAN, NAN, 1, 3, NAN]])
    known_above = np.array([[30.0, 0], [0, 10], [50, 50], [0, 400]])
    zero_tolerance_above(score, residents, known_above, territory)
    county, city = (100 + 120) / 4, (100 + 120 + 280) / 8
    assert same(score[:, 1], [county, 90, NAN, 0])
    # the last month's third township has no residents known: it counts in neither sum
    assert same(score[:, 0], [city - 10, 100, NAN, county])
    assert same(score[0, 2:], [100, 40, 70])
