"""600 weightings at 51 units × 49 indicators: scoring by one of three kinds, noisy weights, means up the tree.

What is timed: each run scores the raw values by min-max, z-score or percentile rank (bounds as given), multiplies every
weight by a factor of its own and rolls up to the overall index. Drawing the factors and checking are not in the time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from methods.aggregation import overall_scores
from methods.scoring import minmax, percentile_rank, zscore
from methods.tree import Floats, Tree, tree_from_table

RUNS, UNITS, INDICATORS = 600, 51, 49
KINDS = ("minmax", "zscore", "percentile_rank")


@dataclass(frozen=True)
class Study:
    """A tree of two pillars and eight parts, values of indicators × units, and for each run its kind and weights."""

    tree: Tree
    values: Floats
    kind: npt.NDArray[np.intp]
    weight: Floats


def generate_study(seed: int = 1) -> Study:
    """Values, kinds and weights at random; one value in twenty is missing."""
    rng = np.random.default_rng(seed)
    groups = [(f"G{i}", "P0" if i < 4 else "P1", 2) for i in range(8)]
    rows = [("X", "", 0), ("P0", "X", 1), ("P1", "X", 1), *groups]
    rows += [(f"I{i:02d}", f"G{i % 8}", 3) for i in range(INDICATORS)]
    count = len(rows)
    tree = tree_from_table(
        {
            "code": [row[0] for row in rows],
            "parent": [row[1] for row in rows],
            "level": [row[2] for row in rows],
            "weight": rng.uniform(1, 3, count).tolist(),
            "aggregation": ["arithmetic"] * count,
            "scoring": ["minmax" if row[2] == 3 else "" for row in rows],
            "minimum_coverage": [0.0] * count,
            "floor": [1.0] * count,
        }
    )
    values = rng.lognormal(0, 1, (INDICATORS, UNITS))
    values[rng.random(values.shape) < 0.05] = np.nan
    return Study(tree, values, rng.integers(0, 3, RUNS), tree.weight * rng.uniform(0.75, 1.25, (RUNS, count)))


def run_study(study: Study) -> Floats:
    """Overall scores, runs × units: what is timed."""
    scored = np.empty((len(KINDS), *study.values.shape))
    for i, x in enumerate(study.values):
        scored[0, i] = minmax(x, np.nanmin(x), np.nanmax(x), 1)
        scored[1, i] = zscore(x, np.nanmean(x), np.nanstd(x, ddof=1), 1, 50, 10)
        scored[2, i] = percentile_rank(x, x, 1)
    answer = np.empty((len(study.weight), study.values.shape[1]))
    for kind, score in enumerate(scored):
        runs = study.kind == kind
        answer[runs] = overall_scores(study.tree, score, study.weight[runs])
    return answer


def check_study(study: Study, answer: Floats) -> None:
    """Every run again, unit by unit and node by node in plain Python; AssertionError names the first that differs."""
    scored = [_scored(x) for x in study.values]
    for run in range(len(study.weight)):
        for unit in range(0, study.values.shape[1], 10):
            expected = _mean(study, run, unit, scored, study.tree.root)
            found = answer[run, unit]
            assert expected is not None, f"run {run}, unit {unit} has no score"  # nosec B101 # a benchmark checks itself
            assert abs(found - expected) < 1e-9, f"run {run}, unit {unit}: computed {found}, the oracle has {expected}"  # nosec B101 # a benchmark checks itself


def _scored(x: Floats) -> list[list[float | None]]:
    """One indicator's scores by the three kinds, computed by hand."""
    known = sorted(float(v) for v in x if v == v)
    mean = sum(known) / len(known)
    sd = (sum((v - mean) ** 2 for v in known) / (len(known) - 1)) ** 0.5
    kinds: list[list[float | None]] = []
    for kind in range(3):
        kinds.append([])
        for v in map(float, x):
            if v != v:
                kinds[kind].append(None)
            elif kind == 0:
                kinds[kind].append((v - known[0]) / (known[-1] - known[0]) * 100)
            elif kind == 1:
                kinds[kind].append(50 + 10 * (v - mean) / sd)
            else:
                kinds[kind].append(100 * sum(other < v for other in known) / (len(known) - 1))
    return kinds


def _mean(study: Study, run: int, unit: int, scored: list[list[list[float | None]]], node: int) -> float | None:
    tree = study.tree
    if tree.scoring[node]:
        return scored[int(np.flatnonzero(tree.leaves == node)[0])][int(study.kind[run])][unit]
    total = weights = 0.0
    for child in (i for i, parent in enumerate(tree.parent) if parent == node):
        score = _mean(study, run, unit, scored, child)
        if score is not None:
            weight = float(study.weight[run, child])
            total, weights = total + weight * score, weights + weight
    return total / weights if weights else None


def time_study(repeat: int) -> float:
    """Seconds of the best of `repeat` runs, after one that was checked."""
    study = generate_study()
    check_study(study, run_study(study))
    seconds = []
    for _ in range(repeat):
        started = time.perf_counter()
        run_study(study)
        seconds.append(time.perf_counter() - started)
    return min(seconds)
