"""What a declared scoring could have been instead: min-max or percentile rank on a reference set (METHODS.md, 7).

The alternatives keep the framework's scale, so that colours keep their meaning: the values that bound the reference set
(its 5th and 95th percentiles, or its ends where these coincide) keep the scores that the framework gives them, and
only what happens between and beyond is scored otherwise, clipped to the kind's range. Belongs here: arithmetic of one
peer group and of upper units. Who is in which group is the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from methods.scoring import percentile_rank
from methods.tree import Floats

ALTERNATIVES = ("minmax", "percentile_rank")
#: Percentiles (type 7) that bound a reference set, as for `relative_minmax`.
BOUNDS = (5, 95)


@dataclass(frozen=True)
class ReferenceSet:
    """Values of one indicator and peer group, with the scores that the framework gives them; no missing ones.

    `direction` 1: more is better. `lowest` and `highest` bound the scores of the indicator's kind.
    """

    values: Floats
    scores: Floats
    direction: int
    lowest: float
    highest: float


def alternative_scores(kind: str, values: Floats, reference: ReferenceSet) -> Floats | None:
    """Scores of values by `kind` on a reference set; None where the set tells nothing apart.

    minmax: straight through the two bounds of the values and their scores. percentile_rank: the same through the
    bounds' percentile ranks in the set. Raises ValueError for another kind.
    """
    if kind not in ALTERNATIVES:
        raise ValueError(f"{kind!r} is no alternative scoring: {', '.join(ALTERNATIVES)}")
    safer = reference.values * reference.direction
    (worst, best), (score_worst, score_best) = _bounds(safer, reference.scores)
    if not (best > worst and score_best > score_worst):
        return None
    if kind == "percentile_rank":
        place = percentile_rank(values * reference.direction, safer, 1, 1.0)
        worst, best = percentile_rank(np.array([worst, best]), safer, 1, 1.0)
        if not best > worst:
            return None
    else:
        place = values * reference.direction
    score = score_worst + (score_best - score_worst) * (place - worst) / (best - worst)
    return np.clip(score, reference.lowest, reference.highest)


def _bounds(*pair: Floats) -> list[tuple[float, float]]:
    """5th and 95th percentile of values and of scores; where either are the same (rare events, scores at their
    ceiling), the ends of both.
    """
    if not len(pair[0]):
        return [(0.0, 0.0) for _ in pair]
    percentiles = [np.percentile(numbers, BOUNDS) for numbers in pair]
    if all(high > low for low, high in percentiles):
        return [(float(low), float(high)) for low, high in percentiles]
    return [(float(numbers.min()), float(numbers.max())) for numbers in pair]


def score_range(scoring: str, params: dict[str, float]) -> tuple[float, float]:
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
