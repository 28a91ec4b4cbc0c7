"""Townships' part of the change of a county's or the city's indicator (METHODS.md, section 6).

Belongs here: the two ways in which an upper unit's number comes from its members, taken apart over them: a ratio of
summed measures, and a mean weighted by residents. Members stand on the first axis of every array; the other axes are
anything. What no member accounts for is the caller's, who knows the upper unit's own number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from methods.tree import Floats

#: Relative size under which a change of an upper unit's number is rounding: its sums run in another order.
ROUNDING = 1e-12


@dataclass(frozen=True)
class MemberParts:
    """Parts of the change of an upper unit's score by member, members × the shape of the upper unit's numbers.

    `numerator` and `denominator` together are a member's part through what its records say; `residents` through its
    share of the residents; `availability` through its score appearing or vanishing. All in points of the score.
    """

    numerator: Floats
    denominator: Floats
    residents: Floats
    availability: Floats

    @property
    def total(self) -> Floats:
        """What all members account for: the shape of the upper unit's numbers."""
        return _sum(self.numerator) + _sum(self.denominator) + _sum(self.residents) + _sum(self.availability)


@dataclass(frozen=True)
class Ratio:
    """An upper unit's summed numerator and denominator, and its members' (members × the same shape), in one period."""

    numerator: Floats
    denominator: Floats
    of_members: Floats
    below_members: Floats


def ratio_parts(then: Ratio, now: Ratio, change: Floats, by_residents: Floats) -> MemberParts:
    """ΔV_u = (ΔN_u - V̄·ΔD_u)/D̄ with two-period means, times Δx/ΔV of the upper unit; nothing where ΔV is nothing.

    `change` is Δx; `by_residents` is 1 where the denominator is the residents, whose part is then population, else 0.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        v0, v1 = then.numerator / then.denominator, now.numerator / now.denominator
        moved = v1 - v0
        moves = np.abs(moved) > ROUNDING * np.maximum(np.abs(v0), np.abs(v1))
        slope = np.where(moves & np.isfinite(moved), change / moved, 0.0) / ((then.denominator + now.denominator) / 2)
        slope = np.where(np.isfinite(slope), slope, 0.0)
        above = np.where(slope == 0, 0.0, now.of_members - then.of_members) * slope
        mean = np.where(slope == 0, 0.0, (v0 + v1) / 2)
        below = -mean * np.where(slope == 0, 0.0, now.below_members - then.below_members) * slope
    return MemberParts(above, below * (1 - by_residents), below * by_residents, np.zeros_like(below))


@dataclass(frozen=True)
class WeightedMean:
    """Members' scores (NaN: none) and residents (NaN: not known), and points known above the members, per member."""

    scores: Floats
    residents: Floats
    known_above: Floats

    @property
    def there(self) -> Floats:
        """1 where a member counts in the mean."""
        return (~(np.isnan(self.scores) | np.isnan(self.residents))).astype(np.float64)

    @property
    def shares(self) -> Floats:
        """Share of the residents of the members that count; 0 for one that does not."""
        people = np.where(self.there > 0, self.residents, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.nan_to_num(people / _sum(people), nan=0.0)

    @property
    def mean(self) -> Floats:
        """Mean of the members' scores."""
        return _sum(self.shares * np.where(self.there > 0, self.scores, 0.0))


def mean_parts(then: WeightedMean, now: WeightedMean, change: Floats) -> MemberParts:
    """½(s0+s1)·Δx_u by a member's score and ½((x_u0+x_u1) - (x_0+x_1))·Δs_u by its share of the residents.

    A member with a score in one month only: s1·(x_u1-c) or -s0·(x_u0-c), c = (x_0+x_1)/2, as availability. What the
    upper unit alone knows is deducted from the mean and may meet the bound 0: the parts are scaled by what `change`,
    the change of the upper unit's score, is of the change before that bound.
    """
    s0, s1 = then.shares, now.shares
    both = (then.there > 0) & (now.there > 0)
    x0, x1 = (np.where(side.there > 0, side.scores, 0.0) for side in (then, now))
    twice_centre = then.mean + now.mean
    before, after = then.mean - then.known_above, now.mean - now.known_above
    moved = after - before
    with np.errstate(invalid="ignore", divide="ignore"):
        moves = np.abs(moved) > ROUNDING * np.maximum(np.abs(before), np.abs(after))
        slope = np.where(moves, change / moved, 1.0)
    slope = np.where(np.isfinite(slope), slope, 0.0)
    value = np.where(both, 0.5 * (s0 + s1) * (x1 - x0), 0.0)
    people = np.where(both, 0.5 * (x0 + x1 - twice_centre) * (s1 - s0), 0.0)
    comes_or_goes = np.where(both, 0.0, s1 * (x1 - twice_centre / 2) - s0 * (x0 - twice_centre / 2))
    return MemberParts(value * slope, np.zeros_like(value), people * slope, comes_or_goes * slope)


def _sum(members: Floats) -> Floats:
    total = np.zeros(members.shape[1:])
    for member in members:
        total = total + member
    return total
