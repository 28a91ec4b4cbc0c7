"""How far ranks and colours rest on choices that could have been made otherwise (METHODS.md, section 7).

Belongs here: designs, many roll-ups at once, ranks, Sobol indices, order that cannot be told apart; on arrays, for any
tree. What the alternatives to a declared scoring are is `methods.alternative_scoring`; which tables of an issue a study
becomes is `warehouse.robustness`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats  # type: ignore[import-untyped]

from methods.aggregation import MEASURED, NOT_APPLICABLE, overall_scores, roll_up
from methods.tree import Floats, Tree

Choices = npt.NDArray[np.intp]

#: What may be varied, in the order of a design's columns.
ASSUMPTIONS = ("weights", "scoring", "aggregation", "left_out")
#: Ranks compare scores rounded to 1e-9, as everywhere (METHODS.md, section 1).
DECIMALS = 9
#: Two units whose order turns in at least this share of the runs cannot be told apart.
REVERSED_SHARE = 0.10


class RobustnessError(ValueError):
    """An assumption that was to be varied cannot be; the message names it and says why."""


@dataclass(frozen=True)
class Uncertainty:
    """What is varied in a study of one tree.

    `scores`: leaves × units by the name of the scoring, the declared one first. `aggregations`: None for every node's
    own, else the word that takes its place. `weights_share`: each weight is multiplied by 1 ± share, uniformly.
    `applicable` (leaves × units) tells which leaves apply.
    """

    tree: Tree
    scores: Mapping[str, Floats]
    applicable: npt.NDArray[np.bool_]
    aggregations: Sequence[str | None]
    weights_share: float

    def problems(self) -> dict[str, str]:
        """Assumptions that cannot be varied here, and why; empty when all can."""
        found = {}
        if not 0 < self.weights_share < 1:
            found["weights"] = f"the share is {self.weights_share:g}; a share between 0 and 1 varies weights"
        elif all(len(below) < 2 for below in self.tree.children):
            found["weights"] = "no node has two children, so no weight decides anything"
        declared, *others = self.scores.values()
        if not any(_differ(declared, other) for other in others):
            found["scoring"] = "no other scoring gives any unit another score"
        if len(self.aggregations) < 2:
            found["aggregation"] = "there is only one kind of mean"
        if len(self.tree.leaves) < 2:
            found["left_out"] = "there is only one indicator"
        return found


@dataclass(frozen=True)
class SobolIndices:
    """First-order and total indices by assumption, each with the bootstrap's 5 % and 95 % quantiles."""

    first: Floats
    first_interval: Floats
    total: Floats
    total_interval: Floats


@dataclass(frozen=True)
class Study:
    """The scores of a study, all units: as declared, and runs × units for the two independent samples A and B.

    `sensitivity` is by assumption of `assumptions`, in that order; None with the reason in `problem`.
    """

    nominal: Floats
    runs: Floats
    assumptions: tuple[str, ...]
    sensitivity: SobolIndices | None
    problem: str = ""


def saltelli_design(base: int, inputs: int, seed: int) -> tuple[Floats, Floats, Floats]:
    """Samples A and B (base × inputs) and AB (inputs × base × inputs), uniform on 0..1.

    AB[i] is A with column i from B (Saltelli et al. 2010). The same seed gives the same design.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    a, b = generator.random((base, inputs)), generator.random((base, inputs))
    mixed = np.repeat(a[None], inputs, axis=0)
    for i in range(inputs):
        mixed[i, :, i] = b[:, i]
    return a, b, mixed


def sobol_indices(f_a: Floats, f_b: Floats, f_ab: Floats, *, resamples: int = 0, seed: int = 0) -> SobolIndices:
    """Sobol indices of f from its values on A, B (base) and AB (inputs × base).

    S = mean(f(B)·(f(AB) − f(A)))/V (Saltelli 2010), ST = Σ(f(A) − f(AB))²/(2·base·V) (Jansen 1999), V the variance
    (n − 1) of f over A and B together. `resamples` rows of the design are drawn again with replacement for the 5 % and
    95 % quantiles, NaN without. Raises RobustnessError when f does not vary.
    """
    first, total = _sobol(f_a, f_b, f_ab)
    quantiles = [np.full((2, len(f_ab)), np.nan) for _ in range(2)]
    if resamples:
        generator = np.random.Generator(np.random.PCG64(seed))
        rows = generator.integers(0, len(f_a), (resamples, len(f_a)))
        drawn = [_sobol(f_a[chosen], f_b[chosen], f_ab[:, chosen], strict=False) for chosen in rows]
        quantiles = [np.nanpercentile([pair[which] for pair in drawn], [5, 95], axis=0) for which in range(2)]
    return SobolIndices(first, quantiles[0], total, quantiles[1])


def _sobol(f_a: Floats, f_b: Floats, f_ab: Floats, *, strict: bool = True) -> tuple[Floats, Floats]:
    variance = float(np.var(np.concatenate([f_a, f_b]), ddof=1))
    if not variance > 0:
        if strict:
            raise RobustnessError("the ranks are the same in every run, so no assumption has a share in their change")
        return np.full(len(f_ab), np.nan), np.full(len(f_ab), np.nan)
    first = (f_b * (f_ab - f_a)).mean(axis=1) / variance
    total = ((f_a - f_ab) ** 2).sum(axis=1) / (2 * len(f_a) * variance)
    return first, total


def rank_units(scores: Floats) -> Floats:
    """Ranks along the last axis, 1 the highest score; ties share the better rank; NaN has no rank."""
    return np.asarray(stats.rankdata(-np.round(scores, DECIMALS), method="min", axis=-1, nan_policy="omit"))


def mean_rank_shift(nominal: Floats, runs: Floats) -> Floats:
    """Of each run the mean over units of |rank − nominal rank|: what Sobol indices are taken of."""
    shift = np.abs(rank_units(runs) - rank_units(nominal))
    ranked = ~np.isnan(shift)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(ranked, shift, 0).sum(axis=-1) / ranked.sum(axis=-1))


def study(
    uncertainty: Uncertainty,
    ranked: npt.NDArray[np.bool_],
    base: int,
    seed: int,
    *,
    resamples: int = 200,
    assumptions: Sequence[str] = ASSUMPTIONS,
    progress: Callable[[int, int], None] | None = None,
) -> Study:
    """Monte Carlo over `assumptions` with base × (assumptions + 2) runs; `ranked` are the units that f is taken over.

    Who has a score is decided by coverage under the declared weights: weights that vary by a quarter must not take a
    unit's score away. Raises RobustnessError naming every assumption that cannot be varied. `progress` is told runs
    done and to do.
    """
    problems = {name: why for name, why in uncertainty.problems().items() if name in assumptions}
    if problems:
        raise RobustnessError("; ".join(f"{name}: {why}" for name, why in problems.items()))
    uncertainty = _covered(uncertainty)
    a, b, mixed = saltelli_design(base, len(assumptions), seed)
    noise = weight_noise(uncertainty.tree, uncertainty.weights_share, base, seed + 1)
    designs = [a, b, *mixed]
    outcomes = []
    for done, design in enumerate(designs):
        outcomes.append(_run(uncertainty, dict(zip(assumptions, design.T, strict=True)), noise))
        if progress is not None:
            progress((done + 1) * base, len(designs) * base)
    nominal = _run(uncertainty, {}, noise)[0]
    f = np.array([mean_rank_shift(nominal[ranked], outcome[:, ranked]) for outcome in outcomes])
    runs = np.concatenate(outcomes[:2])
    if np.isnan(f).any():
        return Study(nominal, runs, tuple(assumptions), None, "in some runs no unit has a score")
    if not np.ptp(f[:2]) > 0:
        return Study(nominal, runs, tuple(assumptions), None, "no rank moved in any run")
    return Study(
        nominal, runs, tuple(assumptions), sobol_indices(f[0], f[1], f[2:], resamples=resamples, seed=seed + 2)
    )


def _covered(uncertainty: Uncertainty) -> Uncertainty:
    """The same without leaves under nodes that have too little coverage, and without a minimum from then on."""
    tree = uncertainty.tree
    declared = next(iter(uncertainty.scores.values()))
    status = np.where(uncertainty.applicable, MEASURED, NOT_APPLICABLE).astype(np.int8)
    nodes = roll_up(tree, declared, status).score
    absent = np.zeros(declared.shape, dtype=np.bool_)
    for node in tree.upwards:
        absent[np.isin(tree.leaves, tree.leaves_below(int(node)))] |= np.isnan(nodes[node])
    return replace(
        uncertainty,
        tree=replace(tree, minimum_coverage=np.zeros(len(tree.codes))),
        scores={name: np.where(absent, np.nan, score) for name, score in uncertainty.scores.items()},
    )


def weight_noise(tree: Tree, share: float, draws: int, seed: int) -> Floats:
    """`draws` × nodes weights, each as declared times a factor uniform between 1 − share and 1 + share."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return np.asarray(tree.weight * (1 + share * (2 * generator.random((draws, len(tree.codes))) - 1)))


def leave_out(tree: Tree, weights: Floats, chosen: Choices) -> Floats:
    """Weights (runs × nodes) of which each run leaves out the indicator at `chosen` of tree.leaves; beyond: none."""
    weights = weights.copy()
    runs = np.flatnonzero(chosen < len(tree.leaves))
    weights[runs, tree.leaves[chosen[runs]]] = 0
    return weights


def _run(uncertainty: Uncertainty, design: Mapping[str, Floats], noise: Floats) -> Floats:
    """Overall scores, runs × units, of a design's columns by assumption; what is not in it stays as declared."""
    tree = uncertainty.tree
    runs = len(next(iter(design.values()))) if design else 1
    weights = noise[_choose(design["weights"], len(noise))] if "weights" in design else np.tile(tree.weight, (runs, 1))
    if "left_out" in design:
        # one choice more than there are indicators: none is left out
        weights = leave_out(tree, weights, _choose(design["left_out"], len(tree.leaves) + 1))
    scorings = list(uncertainty.scores.values())
    scoring = _choose(design["scoring"], len(scorings)) if "scoring" in design else np.zeros(runs, np.intp)
    means = uncertainty.aggregations
    mean = _choose(design["aggregation"], len(means)) if "aggregation" in design else np.zeros(runs, np.intp)
    answer = np.empty((runs, scorings[0].shape[1]))
    for i, score in enumerate(scorings):
        for j, aggregation in enumerate(means):
            own = np.flatnonzero((scoring == i) & (mean == j))
            if len(own):
                answer[own] = overall_scores(
                    tree, score, weights[own], applicable=uncertainty.applicable, aggregation=aggregation
                )
    return answer


def _choose(column: Floats, options: int) -> Choices:
    """A number on 0..1 as one of so many equally likely choices."""
    return np.minimum((column * options).astype(np.intp), options - 1)


def _differ(one: Floats, other: Floats) -> bool:
    return bool(np.nanmax(np.abs(one - other), initial=0.0) > 10.0**-DECIMALS)


def rank_intervals(runs: Floats) -> tuple[Floats, Floats, Floats]:
    """Median, 5 % and 95 % quantile (type 7) of each unit's rank over runs × units; NaN without a rank in any run."""
    ranks = rank_units(runs)
    known = ~np.isnan(ranks).all(axis=0)
    found = np.full((3, runs.shape[1]), np.nan)
    found[:, known] = np.nanpercentile(ranks[:, known], [50, 5, 95], axis=0)
    return found[0], found[1], found[2]


def indistinguishable(nominal: Floats, runs: Floats) -> Floats:
    """Of each unit the number of others whose order against it the data cannot tell; NaN for a unit without a score.

    Two units cannot be told apart when in at least 10 % of the runs the one that is nominally behind is level or ahead;
    two that are nominally level never can.
    """
    rounded, fixed = np.round(runs, DECIMALS), np.round(nominal, DECIMALS)
    scored = ~np.isnan(fixed)
    counts = np.where(scored, 0.0, np.nan)
    for unit in np.flatnonzero(scored):
        ahead = np.sign(fixed[unit] - fixed)
        turned = (rounded[:, unit, None] - rounded) * ahead <= 0
        unclear = (turned.mean(axis=0) >= REVERSED_SHARE) & scored
        unclear[unit] = False
        counts[unit] = unclear.sum()
    return counts


def colour_shares(runs: Floats, lowest: Sequence[float], caps: npt.NDArray[np.intp]) -> Floats:
    """Share of the runs with a score in each colour, units × colours; NaN for a unit that never has one.

    `lowest` are the colours' lowest scores from the best down, the last taking all below; `caps` (units) is the best
    colour that a veto leaves a unit, 0 without one.
    """
    rounded = np.round(runs, DECIMALS)
    place = np.full(runs.shape, len(lowest) - 1)
    for colour in range(len(lowest) - 2, -1, -1):
        place[rounded >= lowest[colour]] = colour
    place = np.maximum(place, caps)
    known = ~np.isnan(runs)
    counts = np.array([((place == colour) & known).sum(axis=0) for colour in range(len(lowest))], dtype=np.float64).T
    with np.errstate(invalid="ignore"):
        return np.asarray(counts / known.sum(axis=0)[:, None])


def declared_and_others(tree: Tree) -> list[str | None]:
    """Every node's own mean, then arithmetic and geometric where that differs from what is declared."""
    inner = {tree.aggregation[node] for node in tree.upwards if len(tree.children[node]) > 1}
    return [None, *(word for word in ("arithmetic", "geometric") if inner and inner != {word})]
