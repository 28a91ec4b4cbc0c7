"""Outlier treatment of one indicator's values (METHODS.md, section 7), with a record of every point it moves.

Belongs here: what a framework may ask for before scoring, and what `pingan audit` proposes. Nothing in the monthly
computation treats values by itself: Tianshui's framework asks for none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats  # type: ignore[import-untyped]

Array = np.ndarray[Any, np.dtype[np.float64]]

#: Beyond both of these a distribution counts as having outliers (OECD/JRC Handbook, step 5; type-2 estimators).
SKEWNESS_LIMIT = 2.0
KURTOSIS_LIMIT = 3.5
#: Values (with their ties) that may be drawn in before the logarithm is taken instead.
WINSORISE_AT_MOST = 5


@dataclass(frozen=True)
class Point:
    """One value that was moved: its place in the input, before and after, and by what."""

    position: int
    before: float
    after: float
    by: str


@dataclass(frozen=True)
class Treatment:
    """Treated values in the order of the input (NaN stays NaN).

    `kind` is none, winsorised or logarithm; `drawn_in` counts winsorised values, ties as one. `skewness` and
    `kurtosis` are those of the treated values; `passed` says whether these are within the limits.
    """

    values: Array
    kind: str
    drawn_in: int
    skewness: float
    kurtosis: float
    passed: bool
    points: tuple[Point, ...]


def skewness(values: Array) -> float:
    """Type-2 (SAS, Excel) sample skewness, missing left out; NaN for fewer than three values or a constant."""
    present = values[~np.isnan(values)]
    if len(present) < 3 or present.min() == present.max():
        return float("nan")
    return float(stats.skew(present, bias=False))


def kurtosis(values: Array) -> float:
    """Type-2 (SAS, Excel) sample excess kurtosis, missing left out; NaN for fewer than four values or a constant."""
    present = values[~np.isnan(values)]
    if len(present) < 4 or present.min() == present.max():
        return float("nan")
    return float(stats.kurtosis(present, bias=False))


def has_outliers(values: Array) -> bool:
    """|skewness| > 2 and kurtosis > 3.5; a constant or too few values have none."""
    return bool(abs(skewness(values)) > SKEWNESS_LIMIT and kurtosis(values) > KURTOSIS_LIMIT)


def treat(values: Array, winsorise_at_most: int | None = WINSORISE_AT_MOST) -> Treatment:
    """Draw in one extreme value with its ties at a time until the distribution passes, else take the logarithm.

    Drawn in is the largest value to the next largest when skewness is positive, the smallest to the next smallest when
    it is negative. When `winsorise_at_most` (None: no limit) are not enough, the *original* values become
    ln(x − min + 0.01·(max − min)).
    """
    treated = values.astype(np.float64, copy=True)
    drawn_in = 0
    while has_outliers(treated) and (winsorise_at_most is None or drawn_in < winsorise_at_most):
        present = treated[~np.isnan(treated)]
        extreme, others = (
            (present.max(), present[present < present.max()].max())
            if skewness(treated) > 0
            else (present.min(), present[present > present.min()].min())
        )
        treated[treated == extreme] = others
        drawn_in += 1
    kind = "winsorised" if drawn_in else "none"
    if has_outliers(treated):
        low, high = np.nanmin(values), np.nanmax(values)
        treated, kind, drawn_in = np.log(values - low + 0.01 * (high - low)), "logarithm", 0
    moved = np.flatnonzero(~np.isnan(values) & (treated != values))
    return Treatment(
        values=treated,
        kind=kind,
        drawn_in=drawn_in,
        skewness=skewness(treated),
        kurtosis=kurtosis(treated),
        passed=not has_outliers(treated),
        points=tuple(Point(int(i), float(values[i]), float(treated[i]), kind) for i in moved),
    )
