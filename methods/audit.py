"""Statistics of a framework: what its indicators still tell, and how much each really decides (METHODS.md, section 7).

Belongs here: statistics on units × columns arrays, each with its source. Reading issues is `publication.audit`; nothing
here knows an indicator or a unit. NaN is missing; statistics take what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats  # type: ignore[import-untyped]

from methods.treatment import kurtosis, skewness

Array = npt.NDArray[np.float64]

#: A score this close to an end of its kind's range is at the end.
AT_END = 1e-9
#: At or above this share of units at one end (or at one value) an indicator no longer tells units apart.
UNDISCRIMINATING = 0.75
#: Half of the units within so many points: the totals bunch.
BUNCHED = 10.0


@dataclass(frozen=True)
class Distribution:
    """What one column of numbers looks like; sd with n − 1, skewness and kurtosis of type 2, quantiles of type 7.

    Shares are of the numbers that are there: `zeros`, `most_common` (the share of the commonest value) and
    `outliers` (Tukey 1977: beyond 1.5 interquartile ranges from the quartiles).
    """

    available: int
    minimum: float
    maximum: float
    mean: float
    median: float
    sd: float
    skewness: float
    kurtosis: float
    zeros: float
    distinct: int
    most_common: float
    outliers: float

    @property
    def constant(self) -> bool:
        """Whether every number is the same, so that units are not told apart at all."""
        return self.available > 0 and self.minimum == self.maximum


def describe(values: Array) -> Distribution:
    """The distribution of a column; NaN for what too few numbers cannot say."""
    present = values[~np.isnan(values)]
    count = len(present)
    if not count:
        nothing = float("nan")
        return Distribution(
            0, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing, 0, nothing, nothing
        )
    _, counts = np.unique(present, return_counts=True)
    low, middle, high = np.percentile(present, [25, 50, 75])
    reach = 1.5 * (high - low)
    outside = (present < low - reach) | (present > high + reach)
    return Distribution(
        available=count,
        minimum=float(present.min()),
        maximum=float(present.max()),
        mean=float(present.mean()),
        median=float(middle),
        sd=float(present.std(ddof=1)) if count > 1 else float("nan"),
        skewness=skewness(present),
        kurtosis=kurtosis(present),
        zeros=float((present == 0).mean()),
        distinct=len(counts),
        most_common=float(counts.max() / count),
        outliers=float(outside.mean()),
    )


def share_at(scores: Array, end: float) -> float:
    """Share of the scores that lie at an end of the range; NaN without scores, 0 for an end that is infinite."""
    present = scores[~np.isnan(scores)]
    return float((np.abs(present - end) <= AT_END).mean()) if len(present) else float("nan")


def correlation(one: Array, other: Array) -> float:
    """Pearson's r over the units that have both; NaN for fewer than three or when one of the two is constant."""
    both = ~(np.isnan(one) | np.isnan(other))
    a, b = one[both], other[both]
    if len(a) < 3 or a.min() == a.max() or b.min() == b.max():
        return float("nan")
    return float(stats.pearsonr(a, b).statistic)


def correlations(columns: Array) -> Array:
    """Pearson's r between all columns of units × columns, by pairs; 1 on the diagonal."""
    count = columns.shape[1]
    found = np.eye(count)
    for i in range(count):
        for j in range(i):
            found[i, j] = found[j, i] = correlation(columns[:, i], columns[:, j])
    return found


def cronbach_alpha(columns: Array) -> float:
    """Cronbach's alpha (1951) of units × items: k/(k − 1)·(1 − Σ var(item)/var(Σ items)), units with every item.

    NaN for fewer than two items or units, or when the sums do not vary.
    """
    complete = columns[~np.isnan(columns).any(axis=1)]
    items = columns.shape[1]
    if items < 2 or len(complete) < 2:
        return float("nan")
    total = float(complete.sum(axis=1).var(ddof=1))
    if not total > 0:
        return float("nan")
    return float(items / (items - 1) * (1 - complete.var(axis=0, ddof=1).sum() / total))


def importance(columns: Array, total: Array) -> Array:
    """How much of a total's variance each column accounts for alone: r² with the total, NaN where r is.

    The linear first-order effect S = V(E(total | x))/V(total) of Paruolo, Saisana & Saltelli (2013, Ratings and
    rankings: voodoo or science?, section 3), to be set against the nominal weight after division by the siblings' sum.
    """
    return np.array([correlation(column, total) ** 2 for column in columns.T])


def variance_shares(columns: Array, weights: Array, total: Array) -> Array:
    """Share w·cov(x, total)/var(total) of each column in a total's variance; they sum to 1 when total = Σ w·x.

    The covariance decomposition (ANCOVA; Li et al. 2010): a column that runs against the total has a negative share.
    Over the units that have every number; NaN when the total does not vary.
    """
    complete = ~(np.isnan(columns).any(axis=1) | np.isnan(total))
    x, y = columns[complete], total[complete]
    if len(y) < 2 or y.min() == y.max():
        return np.full(columns.shape[1], np.nan)
    deviations = y - y.mean()
    covariances = ((x - x.mean(axis=0)) * deviations[:, None]).sum(axis=0)
    return np.asarray(weights * covariances / (deviations**2).sum())


def shares_of(parts: Array) -> Array:
    """Parts divided by the sum of those that are known; NaN stays NaN."""
    total = np.nansum(parts)
    return np.asarray(parts / total) if total > 0 else np.full_like(parts, np.nan)


def spread_within(scores: Array) -> tuple[float, float, float]:
    """25 % quantile, 75 % quantile and standard deviation (n − 1) of scores that are there."""
    present: Any = scores[~np.isnan(scores)]
    low, high = np.percentile(present, [25, 75])
    return float(low), float(high), float(present.std(ddof=1))
