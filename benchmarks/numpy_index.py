"""The arithmetic from values to the overall index in plain numpy, written from METHODS.md sections 2 to 4.

It is the oracle of the benchmark and its measure of what the machine can do, so it takes nothing from the SQL but the
scoring parameters, and nothing is tuned: one vectorised step per indicator and per node.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.generated_city import (
    CARRIED_FORWARD,
    MEASURED,
    MISSING,
    NOT_APPLICABLE,
    PARTIAL,
    Codes,
    Floats,
    GeneratedCity,
)
from city import FrameworkNode


@dataclass(frozen=True)
class NodeScores:
    """Scores of every node, each array nodes × months × units in the framework's order; NaN is null."""

    score: Floats
    coverage: Floats
    status: Codes


@dataclass(frozen=True)
class Inputs:
    """What the computation reads, laid out for it once, as the tables are for DuckDB."""

    case: GeneratedCity
    parameters: dict[str, Floats]
    residents: Floats
    #: Positions of the lowest units below each upper unit, by the upper unit's position.
    members: dict[int, slice]
    effective_weight: dict[str, float]
    minimum_coverage: float
    floor: float


def lay_out(case: GeneratedCity) -> Inputs:
    """Everything but the arithmetic: parameters by unit, members, effective weights."""
    city = case.city
    lowest = [i for i, unit in enumerate(city.units) if unit.level == city.levels[-1]]
    members = {}
    for i, unit in enumerate(city.units):
        if unit.level != city.levels[-1]:
            below = [j for j in lowest if not unit.parent or city.units[j].parent == unit.code]
            members[i] = slice(below[0], below[-1] + 1)
    rules = city.versions[0].rules
    return Inputs(
        case=case,
        parameters=case.parameters(),
        residents=case.residents(),
        members=members,
        effective_weight=_effective_weights(case.nodes),
        minimum_coverage=float(rules["minimum_coverage"]),
        floor=float(rules.get("floor", 1)),
    )


def compute(inputs: Inputs) -> NodeScores:
    """Score, coverage and status of every node, unit and month."""
    case = inputs.case
    nodes = case.nodes
    position = {node.code: i for i, node in enumerate(nodes)}
    shape = (len(nodes), *case.value.shape[1:])
    score, coverage, status = np.full(shape, np.nan), np.full(shape, np.nan), np.empty(shape, dtype=np.int8)
    scored, carried, applicable = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for i, node in enumerate(case.indicators):
        at = position[node.code]
        score[at] = _indicator_score(inputs, i, node)
        present = ~np.isnan(score[at])
        applies = case.status[i] != NOT_APPLICABLE
        weight = inputs.effective_weight[node.code]
        status[at] = np.where(present | ~applies, case.status[i], MISSING)
        coverage[at] = np.where(applies, present, np.nan)
        scored[at] = weight * present
        carried[at] = weight * (present & (case.status[i] == CARRIED_FORWARD))
        applicable[at] = weight * applies
    children: dict[str, list[int]] = {}
    for node in nodes:
        children.setdefault(node.parent, []).append(position[node.code])
    for node in sorted((n for n in nodes if not n.is_indicator), key=lambda n: -n.level):
        at, below = position[node.code], children[node.code]
        weights = np.array([nodes[child].weight for child in below])
        leaf_scored, leaf_applicable = scored[below].sum(axis=0), applicable[below].sum(axis=0)
        with np.errstate(invalid="ignore"):
            coverage[at] = leaf_scored / leaf_applicable
        enough = coverage[at] >= inputs.minimum_coverage - 1e-12
        score[at] = np.where(enough, _mean(node.aggregation, weights, score[below], inputs.floor), np.nan)
        status[at] = _status(status[below], leaf_applicable, enough)
        scored[at] = leaf_scored * enough
        carried[at] = carried[below].sum(axis=0) * enough
        applicable[at] = leaf_applicable
    return NodeScores(score, coverage, status)


def _effective_weights(nodes: tuple[FrameworkNode, ...]) -> dict[str, float]:
    totals: dict[str, float] = {}
    for node in nodes:
        totals[node.parent] = totals.get(node.parent, 0.0) + node.weight
    effective: dict[str, float] = {}
    for node in sorted(nodes, key=lambda n: n.level):
        effective[node.code] = effective.get(node.parent, 1.0) * node.weight / totals[node.parent]
    return effective


def _indicator_score(inputs: Inputs, i: int, node: FrameworkNode) -> Floats:
    """Scores of one indicator, months × units (METHODS.md, section 2)."""
    x = inputs.case.value[i]
    p = {name: values[i] for name, values in inputs.parameters.items()}
    score: Floats
    if node.scoring == "goalpost":
        upper = 60 + 40 * (x - p["p60"]) / (p["p100"] - p["p60"])
        lower = 60 * (x - p["p0"]) / (p["p60"] - p["p0"])
        score = np.clip(np.where((x - p["p60"]) * np.sign(p["p100"] - p["p60"]) >= 0, upper, lower), 0, 100)
    elif node.scoring == "target_attainment" and node.direction == 1:
        score = 100 * np.clip(x / p["target"], 0, 1)
    elif node.scoring == "target_attainment":
        score = 100 * p["target"] / np.maximum(x, p["target"])
    elif node.scoring == "relative_minmax":
        distance = x - p["lo"] if node.direction == 1 else p["hi"] - x
        score = np.clip(60 + 40 * distance / (p["hi"] - p["lo"]), 0, 100)
    elif node.scoring == "zero_tolerance":
        score = np.maximum(0, 100 - inputs.case.numerator[i])
        for unit, members in inputs.members.items():
            score[:, unit] = _mean_deduction(inputs, i, unit, score[:, members], inputs.residents[members])
    else:
        raise ValueError(f"{node.code} is scored by {node.scoring}, which the benchmark does not compute")
    return score


def _mean_deduction(inputs: Inputs, i: int, unit: int, scores: Floats, residents: Floats) -> Floats:
    """An upper unit's score under zero tolerance: its members' mean, less what is known to the upper unit only."""
    there = ~np.isnan(scores)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(scores * residents, axis=1) / (there * residents).sum(axis=1)
        own = inputs.case.numerator_of_upper_units[i][:, unit] / there.sum(axis=1)
    absent = inputs.case.status[i][:, unit] >= NOT_APPLICABLE
    answer: Floats = np.where(absent | ~there.any(axis=1), np.nan, np.maximum(0, mean - own))
    return answer


def _mean(aggregation: str, weights: Floats, scores: Floats, floor: float) -> Floats:
    """The mean of the children that have a score, weights renormalised over them (METHODS.md, section 4)."""
    there = ~np.isnan(scores)
    if aggregation == "geometric":
        transformed = np.log(np.maximum(scores, floor))
    elif aggregation == "harmonic":
        transformed = 1 / np.maximum(scores, floor)
    else:
        transformed = scores
    with np.errstate(invalid="ignore"):
        mean: Floats = np.tensordot(weights, np.where(there, transformed, 0), 1) / np.tensordot(weights, there, 1)
        if aggregation == "geometric":
            mean = np.exp(mean)
        elif aggregation == "harmonic":
            mean = 1 / mean
    return mean


def _status(below: Codes, leaf_applicable: Floats, enough: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Codes:
    """The node's status from its children's."""
    whole = (below == MEASURED) | (below == NOT_APPLICABLE)
    answer = np.where((whole | (below == CARRIED_FORWARD)).all(axis=0), CARRIED_FORWARD, PARTIAL)
    answer = np.where(whole.all(axis=0), MEASURED, answer)
    answer = np.where(enough, answer, MISSING)
    return np.where(leaf_applicable > 0, answer, NOT_APPLICABLE).astype(np.int8)
