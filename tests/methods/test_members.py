"""Townships' part of a county's change: by hand, and summing to the change whatever comes and goes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.members import Ratio, WeightedMean, mean_parts, ratio_parts

NAN = math.nan


def ratio(numerators: list[float], denominators: list[float], others: tuple[float, float] = (0.0, 0.0)) -> Ratio:
    """One indicator; `others` is what no member accounts for."""
    above, below = (np.array(n, dtype=np.float64)[:, None] for n in (numerators, denominators))
    return Ratio(above.sum(axis=0) + others[0], below.sum(axis=0) + others[1], above, below)


def mean(scores: list[float], people: list[float], above: float = 0.0) -> WeightedMean:
    return WeightedMean(np.array(scores)[:, None], np.array(people)[:, None], np.array([above]))


def test_a_members_part_is_its_own_rise_less_what_the_whole_would_have_risen_with_its_denominator() -> None:
    then, now = ratio([10, 30], [100, 100]), ratio([16, 30], [100, 140])
    # V goes from 0.2 to 46/240; V̄ = 0.1958…, D̄ = 220; the score moves 60 points for one of V
    moved = 46 / 240 - 0.2
    parts = ratio_parts(then, now, np.array([60 * moved]), np.array([0.0]))
    mean_value = (0.2 + 46 / 240) / 2
    assert parts.numerator[:, 0] == pytest.approx([60 * 6 / 220, 0])
    assert parts.denominator[:, 0] == pytest.approx([0, -60 * mean_value * 40 / 220])
    assert not parts.residents.any()
    assert parts.total == pytest.approx([60 * moved])


def test_residents_as_denominator_are_population() -> None:
    then, now = ratio([10, 30], [100, 100]), ratio([10, 30], [100, 140])
    parts = ratio_parts(then, now, np.array([-3.0]), np.array([1.0]))
    assert not parts.denominator.any()
    assert parts.residents[:, 0] == pytest.approx([0, -3])


def test_where_the_whole_does_not_move_nobody_has_a_part() -> None:
    then, now = ratio([10, 30], [100, 100]), ratio([30, 10], [100, 100])
    parts = ratio_parts(then, now, np.array([0.0]), np.array([0.0]))
    assert not parts.total.any()
    assert not parts.numerator.any()


def test_a_mean_moves_by_scores_and_by_shares_of_the_residents() -> None:
    then, now = mean([80, 60], [100, 300]), mean([90, 60], [200, 200])
    # shares 1/4, 3/4 then 1/2, 1/2; means 65 and 75, half their sum 70
    parts = mean_parts(then, now, np.array([10.0]))
    assert parts.numerator[:, 0] == pytest.approx([3 / 8 * 10, 0])
    assert parts.residents[:, 0] == pytest.approx([(85 - 70) * 0.25, (60 - 70) * -0.25])
    assert parts.total == pytest.approx([10])


def test_a_member_without_a_score_in_one_month_is_availability() -> None:
    then, now = mean([80, NAN], [100, 300]), mean([80, 60], [100, 300])
    parts = mean_parts(then, now, np.array([-15.0]))
    # from 80 to 65, c = 72.5
    assert parts.availability[:, 0] == pytest.approx([0, 0.75 * (60 - 72.5)])
    assert parts.residents[:, 0] == pytest.approx([(80 - 72.5) * -0.75, 0])


def test_at_the_bound_of_zero_only_what_was_left_can_be_lost() -> None:
    # the upper unit's own points: 70 - 90 < 0 scores 0 then; 70 - 20 = 50 now
    then, now = mean([70, 70], [1, 1], 90.0), mean([70, 70], [1, 1], 20.0)
    parts = mean_parts(then, now, np.array([50.0]))
    assert not parts.total.any()
    falls = mean_parts(mean([70, 70], [1, 1], 20.0), mean([30, 30], [1, 1], 50.0), np.array([-50.0]))
    # 50 before the bound falls to -20: of 70 points 50 are lost, of the members' 40 so 40 · 50/70
    assert falls.total == pytest.approx([-40 * 50 / 70])


@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.4]))
@settings(max_examples=200, deadline=None)
def test_members_and_nobody_together_are_the_change(seed: int, gaps: float) -> None:
    rng: Any = np.random.default_rng(seed)
    then, now = (
        ratio(
            list(rng.integers(0, 30, 5) * (rng.random(5) >= gaps)),
            list(rng.integers(1, 90, 5)),
            (float(rng.integers(0, 3)), 0.0),
        )
        for _ in range(2)
    )
    v0, v1 = (float(side.numerator[0] / side.denominator[0]) for side in (then, now))
    parts = ratio_parts(then, now, np.array([100 * (v1 - v0)]), np.array([0.0]))
    slope = 0.0 if abs(v1 - v0) < 1e-12 else 100 / float((then.denominator + now.denominator)[0] / 2)
    own = [float(side.numerator[0] - side.of_members.sum()) for side in (then, now)]
    assert parts.total[0] + slope * (own[1] - own[0]) == pytest.approx(100 * (v1 - v0), abs=1e-9)

    sides = []
    for _ in range(2):
        scores = np.where(rng.random(5) < gaps, NAN, rng.uniform(0, 100, 5))
        scores[0] = rng.uniform(0, 100)
        sides.append(mean(list(scores), list(rng.integers(1, 900, 5).astype(float))))
    change = sides[1].mean - sides[0].mean
    assert mean_parts(*sides, change).total == pytest.approx(change, abs=1e-9)
