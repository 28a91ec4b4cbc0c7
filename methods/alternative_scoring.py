"""What a declared scoring could have been instead: min-max or percentile rank on a reference set (METHODS.md, 7).

The alternatives keep the framework's scale, so that colours keep their meaning: the values that bound the reference set
(its 5th and 95th percentiles, or its ends where these coincide) keep the scores that the framework gives them, and
only what happens between and beyond is scored otherwise, clipped to the kind's range. Belongs here: arithmetic of one
peer group. Who is in which group, and whether the set is frozen in the version or the month's own, is the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from methods.tree import Floats

ALTERNATIVES = ("minmax", "percentile_rank")
#: A reference set is kept as its quantiles (type 7) at 0, 5 … 100 %.
LEVELS = np.linspace(0, 100, 21)
#: Places of the 5 % and the 95 % quantile, the bounds of `relative_minmax`, and of the ends.
_BOUNDS, _ENDS = (1, -2), (0, -1)
#: reference_quantiles.csv has ten significant digits: a value so close to a quantile is that quantile.
_SAME = 1e-9


@dataclass(frozen=True)
class ReferenceSet:
    """Quantiles of one indicator's values in a peer group at LEVELS, with the scores that the framework gives them.

    `direction` 1: more is safer. `lowest` and `highest` bound the scores of the indicator's kind.
    """

    quantiles: Floats
    scores: Floats
    direction: int
    lowest: float
    highest: float

    @cached_property
    def safer(self) -> Floats:
        """The quantiles from the worst to the best, more being safer."""
        return np.sort(self.quantiles * self.direction)

    @cached_property
    def anchors(self) -> Mapping[str, tuple[float, float, float, float]]:
        """By kind the places of the worse and the better bound and their scores; no kind that tells nothing apart."""
        scores = self.scores[:: self.direction]
        for low, high in (_BOUNDS, _ENDS):
            if self.safer[high] > self.safer[low] and scores[high] > scores[low]:
                break
        else:
            return {}
        values = self.safer[[low, high]]
        places = {"minmax": values, "percentile_rank": _percentile_place(values, self.safer)}
        return {
            kind: (float(worst), float(best), float(scores[low]), float(scores[high]))
            for kind, (worst, best) in places.items()
            if best > worst
        }


def own_reference(values: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """Quantiles of values that have scores, and the scores there: between two values as between their scores."""
    order = np.lexsort((scores, values))
    quantiles = np.percentile(values, LEVELS)
    return quantiles, np.interp(quantiles, values[order], scores[order])


def alternative_scores(kind: str, values: Floats, reference: ReferenceSet) -> Floats | None:
    """Scores of values by `kind` on a reference set; None where the set tells nothing apart.

    minmax: straight through the two bounds of the set and their scores. percentile_rank: the same through the bounds'
    percentile ranks, (rank − 1)/(n − 1) between quantiles by interpolation, ties taking the lowest. Raises ValueError
    for another kind.
    """
    if kind not in ALTERNATIVES:
        raise ValueError(f"{kind!r} is no alternative scoring: {', '.join(ALTERNATIVES)}")
    anchors = reference.anchors.get(kind)
    if anchors is None:
        return None
    worst, best, low, high = anchors
    place = values * reference.direction
    if kind == "percentile_rank":
        place = _percentile_place(place, reference.safer)
    score: Floats = low + (high - low) * (place - worst) / (best - worst)
    return np.asarray(np.clip(score, reference.lowest, reference.highest))


def _percentile_place(values: Floats, knots: Floats) -> Floats:
    """Share of the set that lies below each value, from ascending quantiles at even levels; NaN stays NaN."""
    last = len(knots) - 1
    near = knots[np.clip(np.searchsorted(knots, values), 1, last) + np.array([[-1], [0]])]
    for knot in near:
        values = np.where(np.abs(values - knot) <= _SAME * np.abs(knot), knot, values)
    above = np.searchsorted(knots, values, side="left")
    upper = np.clip(above, 1, last)
    step = knots[upper] - knots[upper - 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(step > 0, (values - knots[upper - 1]) / step, 0.0)
    place = np.clip((upper - 1 + part) / last, 0.0, 1.0)
    place = np.where(above == 0, 0.0, np.where(above > last, 1.0, place))
    return np.where(np.isnan(values), np.nan, place)


def score_range(scoring: str, params: Mapping[str, Any]) -> tuple[float, float]:
    """Lowest and highest score of a kind (METHODS.md, section 2); infinite where it is unbounded."""
    match scoring:
        case "zscore":
            return -np.inf, np.inf
        case "minmax":
            ends = float(params.get("L", 0)), float(params.get("U", 100))
            return (min(ends), max(ends)) if params.get("clip") else (-np.inf, np.inf)
        case "percentile_rank":
            return 0.0, float(params.get("factor", 100))
    return 0.0, 100.0
