"""Scores of indicators from their values: the seven kinds of METHODS.md section 2, on arrays.

Values have any shape that ends in units; parameters are numbers or arrays that broadcast against it. A missing value
is NaN and has no score, and neither has a value whose parameters are not known (NaN): nobody gets a clipped best score
for want of a bound. No function here knows an indicator, a unit or a month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from methods.tree import Floats, Indices

Parameter = float | Floats
#: Relative difference under which a value that is not in its reference set is the nearest one that is.
TIE = 1e-12


class ConstantError(ValueError):
    """Bounds that coincide: whoever took them from the data has a constant indicator, which tells nothing.

    An error and not a missing score, because a missing score would hand the indicator's weight to its siblings.
    """


def _span(low: Parameter, high: Parameter) -> Floats:
    """high - low; ConstantError where they are equal. What is not known (NaN) stays so."""
    span = np.asarray(np.subtract(high, low), dtype=np.float64)
    if (span == 0).any():
        raise ConstantError("bounds coincide, so that every value is the same to them: declare bounds by hand")
    return span


def goalpost(x: Floats, p0: Parameter, p60: Parameter, p100: Parameter) -> Floats:
    """Piecewise linear through (p0, 0), (p60, 60), (p100, 100), clipped to 0..100; posts rise or fall."""
    p0, p60, p100 = (np.asarray(p, dtype=np.float64) for p in (p0, p60, p100))
    # a post that is not known leaves no score, also on the side of the others
    p60 = np.where(np.isnan(p0) | np.isnan(p100), np.nan, p60)
    distance = x - p60
    better = distance * np.sign(p100 - p60) >= 0
    distance *= np.where(better, 40.0, 60.0)
    distance /= np.where(better, _span(p60, p100), _span(p0, p60))
    distance += 60.0
    return np.clip(distance, 0.0, 100.0, out=distance)


def target_attainment(x: Floats, target: Parameter, direction: int) -> Floats:
    """d=+1: 100·min(1, x/T), not below 0; d=-1: 100 where x ≤ T, else 100·T/x. T is above 0."""
    if direction == 1:
        score = x / target
        score *= 100.0
        return np.clip(score, 0.0, 100.0, out=score)
    score = np.maximum(x, target)
    np.divide(target, score, out=score)
    score *= 100.0
    return score


def relative_minmax(x: Floats, lo: Parameter, hi: Parameter, direction: int) -> Floats:
    """60 + 40·(hi-x)/(hi-lo) for d=-1, 60 + 40·(x-lo)/(hi-lo) for d=+1, clipped to 0..100."""
    score = np.subtract(x, lo) if direction == 1 else np.subtract(hi, x)
    score *= 40.0
    score /= _span(lo, hi)
    score += 60.0
    return np.clip(score, 0.0, 100.0, out=score)


def zero_tolerance(points: Floats) -> Floats:
    """max(0, 100 - Σ deduct·events): `points` are the deductions added up over the window and the classes."""
    return np.maximum(0.0, 100.0 - points)


def minmax(
    x: Floats,
    lo: Parameter,
    hi: Parameter,
    direction: int,
    range_low: Parameter = 0.0,
    range_high: Parameter = 100.0,
    *,
    clip: bool = False,
) -> Floats:
    """(x-lo)/(hi-lo)·(U-L)+L, for d=-1 (hi-x) in the numerator; kept within L..U only where declared."""
    score = np.subtract(x, lo) if direction == 1 else np.subtract(hi, x)
    score /= _span(lo, hi)
    score *= np.subtract(range_high, range_low)
    score += range_low
    return np.clip(score, range_low, range_high, out=score) if clip else score


def zscore(
    x: Floats, mean: Parameter, sd: Parameter, direction: int, centre: Parameter = 0.0, spread: Parameter = 1.0
) -> Floats:
    """m + s·d·(x-mean)/sd; unbounded. sd is that of the reference set with n-1."""
    score = np.subtract(x, mean)
    score /= _span(0.0, sd)
    score *= np.multiply(spread, float(direction))
    score += centre
    return score


def percentile_rank(x: Floats, reference: Floats, direction: int, factor: Parameter = 100.0) -> Floats:
    """factor·(rank_min - 1)/(n - 1) in the reference set; ties take the lowest rank, values beyond the set clip.

    `reference` is the whole set, one dimension, in any order. Fewer than two values rank nothing: NaN. A
    value that is in the set is compared to the last bit, as published ranks are (ASEM has 5.1 and 5.1000000000000005 as
    two values); one that is not, and differs from the nearest of the set in last bits only, is that one.
    """
    known = np.sort(reference[~np.isnan(reference)])
    if len(known) < 2:
        return np.full_like(x, np.nan)
    x = _snapped(x, known)
    if direction == 1:
        worse = np.searchsorted(known, x, side="left")
    else:
        worse = len(known) - np.searchsorted(known, x, side="right")
    score: Floats = factor * np.minimum(1.0, worse / (len(known) - 1))
    return np.where(np.isnan(x), np.nan, score)


def _snapped(x: Floats, known: Floats) -> Floats:
    """Values, those within TIE of one of the set (rising) moved onto the nearest: floating sums end in any bit."""
    place = np.searchsorted(known, x)
    above, below = known[np.minimum(place, len(known) - 1)], known[np.maximum(place - 1, 0)]
    nearest = np.where(np.abs(above - x) <= np.abs(x - below), above, below)
    return np.where(np.abs(nearest - x) <= TIE * np.abs(x), nearest, x)


@dataclass(frozen=True)
class ScoringRule:
    """How one indicator is scored. Parameters are numbers or one per unit, by the names of city.scoring_parameters.

    `references` are percentile ranks' frozen sets with the units each serves; other kinds have none.
    """

    code: str
    kind: str
    direction: int
    clip: bool = False
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    references: Sequence[tuple[Indices | slice, Floats]] = ()


def score_values(rule: ScoringRule, x: Floats) -> Floats:
    """Scores of one indicator's values (… × units); for zero tolerance `x` holds the points to deduct.

    Zero tolerance here is that of the lowest units: `zero_tolerance_above` makes upper units' scores from theirs.
    ConstantError names the indicator whose bounds coincide.
    """
    try:
        return _scored(rule, x)
    except ConstantError as error:
        raise ConstantError(f"{rule.code}: {error}") from error


def _scored(rule: ScoringRule, x: Floats) -> Floats:
    p = rule.parameters
    match rule.kind:
        case "goalpost":
            return goalpost(x, p["p0"], p["p60"], p["p100"])
        case "target_attainment":
            return target_attainment(x, p["target"], rule.direction)
        case "relative_minmax":
            return relative_minmax(x, p["lo"], p["hi"], rule.direction)
        case "zero_tolerance":
            return zero_tolerance(x)
        case "minmax":
            bounds = p["lo"], p["hi"], rule.direction, p["range_low"], p["range_high"]
            return minmax(x, *bounds, clip=rule.clip)
        case "zscore":
            return zscore(x, p["mean"], p["sd"], rule.direction, p["centre"], p["spread"])
        case "percentile_rank":
            return _percentile_ranks(rule, x)
    raise ValueError(f"{rule.code} is scored by {rule.kind!r}, which is no scoring kind")


def _percentile_ranks(rule: ScoringRule, x: Floats) -> Floats:
    factor = np.broadcast_to(np.asarray(rule.parameters["factor"], dtype=np.float64), x.shape[-1:])
    score = np.full_like(x, np.nan)
    for units, reference in rule.references:
        score[..., units] = percentile_rank(x[..., units], reference, rule.direction, factor[units])
    return score


@dataclass(frozen=True)
class Territory:
    """Which lowest units lie below which upper unit: pairs of positions, in the order in which they are summed."""

    units: int
    upper: Indices
    pair_upper: Indices
    pair_member: Indices

    @classmethod
    def of(cls, members: Mapping[int, Sequence[int]], units: int) -> Territory:
        """From the positions of each upper unit's lowest members, given in the order of their codes."""
        upper = sorted(members)
        pairs = [(place, member) for place, unit in enumerate(upper) for member in members[unit]]
        first, second = zip(*pairs, strict=True) if pairs else ((), ())
        return cls(units, *(np.array(column, dtype=np.intp) for column in (upper, first, second)))


def zero_tolerance_above(score: Floats, residents: Floats, known_above: Floats, territory: Territory) -> None:
    """Put upper units' zero-tolerance scores in place (METHODS.md, section 1): months × units, the last axis units.

    The mean of the members' scores weighted by residents (months × units), less `known_above` / number of members:
    points for events that only the upper unit knows (months × upper units) deduct as one in an average member would.
    A member without residents (NaN) counts in neither. Sums run in the order of the territory's pairs.
    """
    if not len(territory.upper):
        return
    months, count = score.shape[0], len(territory.upper)
    own = score[:, territory.pair_member]
    weight = np.broadcast_to(residents, score.shape)[:, territory.pair_member]
    there = ~(np.isnan(own) | np.isnan(weight))
    cell = (np.arange(months)[:, None] * count + territory.pair_upper).ravel()

    def total(values: npt.NDArray[np.float64]) -> Floats:
        # bincount adds one after the other, in the order of the pairs, on any machine
        added: Floats = np.bincount(cell, values.ravel(), months * count).reshape(months, count).astype(np.float64)
        return added

    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total(np.where(there, own * weight, 0.0)) / total(np.where(there, weight, 0.0))
        score[:, territory.upper] = np.maximum(0.0, mean - known_above / total(there.astype(np.float64)))
