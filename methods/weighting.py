"""Weights of siblings derived from judgements (AHP) or from data (entropy, CRITIC), and both combined.

METHODS.md, section 4. Belongs here: the arithmetic on matrices of one node. Reading pairwise files and writing a
method version is `city/pairwise.py` and `pipelines/weights.py`; nothing is recomputed silently: weights are frozen in
a framework.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

#: Random index of Saaty's classic table by matrix size; sizes 1 and 2 are consistent by definition.
SAATY: Mapping[int, float] = MappingProxyType({3: 0.58, 4: 0.90, 5: 1.12, 6: 1.24, 7: 1.32, 8: 1.41, 9: 1.45, 10: 1.49})
#: Saaty: judgements with a larger consistency ratio are to be revised.
ACCEPTED_RATIO = 0.10
#: Above this people cannot compare consistently: the node is to be split.
LARGEST_MATRIX = 10
#: A ratio and its reciprocal must agree this closely: 1/3 is written as 1/3, not as 0.33.
RECIPROCAL_TOLERANCE = 1e-6


class WeightingError(ValueError):
    """Weights cannot be derived; the message names every fault and what to do."""


@dataclass(frozen=True)
class Hierarchy:
    """AHP of one node: weights (sum 1), λmax, consistency index and ratio, and whether CR ≤ 0.10."""

    weights: Array
    lambda_max: float
    consistency_index: float
    consistency_ratio: float
    accepted: bool


def pairwise_faults(matrix: Array, names: list[str]) -> list[str]:
    """Every fault of a pairwise comparison matrix, by the names of its rows and columns; empty when sound."""
    count = len(names)
    faults = [f"{name} is named twice" for name in sorted({n for n in names if names.count(n) > 1})]
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        return [*faults, f"the matrix is not square: {' × '.join(str(size) for size in matrix.shape)}"]
    if matrix.shape[0] != count:
        return [*faults, f"{count} codes, but a matrix of {matrix.shape[0]} × {matrix.shape[1]}"]
    if count > LARGEST_MATRIX:
        faults.append(f"{count} elements: more than {LARGEST_MATRIX} cannot be compared consistently; split the node")
    for i in range(count):
        if matrix[i, i] != 1:
            faults.append(f"{names[i]} against itself is {matrix[i, i]:g}, not 1")
        for j in range(count):
            if not (np.isfinite(matrix[i, j]) and matrix[i, j] > 0):
                faults.append(f"{names[i]} against {names[j]} is {matrix[i, j]:g}: a ratio above 0 is needed")
        for j in range(i):
            product = matrix[i, j] * matrix[j, i]
            if np.isfinite(product) and product > 0 and abs(product - 1) > RECIPROCAL_TOLERANCE:
                faults.append(
                    f"not reciprocal: {names[j]} against {names[i]} is {matrix[j, i]:g}, the other way round "
                    f"{matrix[i, j]:g} and not {1 / matrix[j, i]:g} (write fractions as 1/3)"
                )
    return faults


def ahp(matrix: Array, random_index: Mapping[int, float] = SAATY, names: list[str] | None = None) -> Hierarchy:
    """Weights by the principal right eigenvector of an n × n positive reciprocal matrix (Saaty 1980).

    CI = (λmax − n)/(n − 1), CR = CI/RI(n); n ≤ 2 is consistent by definition. Raises WeightingError naming every fault
    of the matrix, or when the table of random indices has no entry above 0 for n.
    """
    names = names or [str(i + 1) for i in range(len(matrix))]
    faults = pairwise_faults(matrix, names)
    if faults:
        raise WeightingError("; ".join(faults))
    count = len(matrix)
    values, vectors = np.linalg.eig(matrix)
    principal = int(np.argmax(values.real))
    vector = np.abs(vectors[:, principal].real)
    weights = vector / vector.sum()
    if count <= 2:
        return Hierarchy(weights, float(count), 0.0, 0.0, True)
    if not random_index.get(count, 0) > 0:
        raise WeightingError(f"the table of random indices has no value above 0 for n = {count}: declare one")
    lambda_max = float(values[principal].real)
    index = (lambda_max - count) / (count - 1)
    ratio = index / random_index[count]
    return Hierarchy(weights, lambda_max, index, ratio, ratio <= ACCEPTED_RATIO)


def entropy(scores: Array, shift: float = 0.0, names: list[str] | None = None) -> Array:
    """Entropy weights of the columns of a units × children matrix of scores (higher is better), sum 1.

    p = x/Σx with x = score + shift, E = −(1/ln n)·Σ p ln p with 0·ln 0 = 0, w = (1 − E)/Σ(1 − E). A constant column
    has weight 0. Raises WeightingError for missing or negative values, a column of zeros, fewer than two units, or when
    every column is constant.
    """
    names = names or [str(i + 1) for i in range(scores.shape[1])]
    shifted = _complete(scores, names) + shift
    faults = [
        f"{name}: negative after a shift of {shift:g}; declare a larger shift"
        for name, least in zip(names, shifted.min(axis=0), strict=True)
        if least < 0
    ] + [
        f"{name}: nothing but zeros, which have no shares; declare a shift above 0 or leave it out"
        for name, most in zip(names, shifted.max(axis=0), strict=True)
        if most == 0
    ]
    if faults:
        raise WeightingError("; ".join(faults))
    shares = shifted / shifted.sum(axis=0)
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    divergence = 1 + (shares * logarithms).sum(axis=0) / np.log(len(shares))
    # A constant column's divergence is 0 up to rounding, and a rounding error is no weight.
    divergence = np.where(constant_columns(scores), 0.0, divergence)
    return _shares(divergence)


def critic(scores: Array, names: list[str] | None = None) -> Array:
    """CRITIC weights (Diakoulaki et al. 1995) of the columns of a units × children matrix of scores, sum 1.

    σ (n − 1) of the min-max column times Σ(1 − r), r Pearson between columns, normalised. A constant column tells
    nothing: weight 0, and left out of the others' sums. Raises WeightingError for missing values or when fewer than
    two columns vary.
    """
    names = names or [str(i + 1) for i in range(scores.shape[1])]
    complete = _complete(scores, names)
    varying = ~constant_columns(complete)
    if varying.sum() < 2:
        raise WeightingError(f"CRITIC needs two columns that vary; there are {int(varying.sum())}")
    own = complete[:, varying]
    scaled = (own - own.min(axis=0)) / (own.max(axis=0) - own.min(axis=0))
    information = scaled.std(axis=0, ddof=1) * (1 - np.corrcoef(scaled, rowvar=False)).sum(axis=0)
    weights = np.zeros(complete.shape[1])
    weights[varying] = _shares(information)
    return weights


def combined(judged: Array, measured: Array, alpha: float) -> Array:
    """w ∝ judged^α · measured^(1−α), sum 1; both of the same children, 0 ≤ α ≤ 1 declared."""
    if not 0 <= alpha <= 1:
        raise WeightingError(f"alpha is {alpha:g}; it must be between 0 (data only) and 1 (judgement only)")
    return _shares(judged**alpha * measured ** (1 - alpha))


def constant_columns(scores: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which columns have the same value in every row: they give no information on how units differ."""
    return np.asarray(scores.max(axis=0) == scores.min(axis=0))


def _complete(scores: Array, names: list[str]) -> Array:
    gaps = np.isnan(scores).sum(axis=0)
    faults = [f"{name}: {gap} values are missing" for name, gap in zip(names, gaps, strict=True) if gap]
    if faults:
        raise WeightingError("; ".join(faults))
    if len(scores) < 2:
        raise WeightingError(f"{len(scores)} units with a score of every child; at least 2 are needed")
    return scores.astype(np.float64)


def _shares(parts: Array) -> Array:
    total = parts.sum()
    if not total > 0:
        raise WeightingError("no column tells units apart, so data give no weights: declare them instead")
    return np.asarray(parts / total)
