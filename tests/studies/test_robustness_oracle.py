"""Oracle I (oracles/asem/I_sensitivity): the given designs give the published scores, ranks and Sobol indices.

The chain is the publisher's: divide by the framework's denominator, fill gaps with the group's mean, then by design
winsorise (else logarithm), min-max (1..100) or z-score (10, 2), the weights of that repetition, one kind of mean.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from studies.oracle_files import framework, indicators, matrix, number, rows

from methods.aggregation import overall_scores
from methods.robustness import mean_rank_shift, rank_intervals, rank_units, sobol_indices
from methods.scoring import minmax, zscore
from methods.treatment import treat
from methods.tree import Tree

CODES = indicators()
UNITS = [row["uCode"] for row in rows("asem/I_sensitivity/SA_scores.csv")]
MEANS = {"a_amean": "arithmetic", "a_gmean": "geometric"}


def tree() -> Tree:
    nodes = list(framework().values())
    codes = [node["iCode"] for node in nodes]
    top = max(int(node["Level"]) for node in nodes)
    parents = [node["Parent"] if node["Parent"] in codes else "" for node in nodes]
    return Tree(
        codes=tuple(codes),
        parent=np.array([codes.index(parent) if parent else -1 for parent in parents]),
        level=np.array([top - int(node["Level"]) for node in nodes]),
        weight=np.array([float(node["Weight"]) for node in nodes]),
        aggregation=tuple("arithmetic" for _ in nodes),
        scoring=tuple("minmax" if node["Level"] == "1" else "" for node in nodes),
        minimum_coverage=np.zeros(len(nodes)),
        floor=np.full(len(nodes), 1e-12),
    )


@cache
def complete_values() -> np.ndarray:
    """49 indicators × 51 units, denominated and filled."""
    data = {row["uCode"]: row for row in rows("asem/input/data.csv")}
    values = matrix("asem/input/data.csv", UNITS, CODES).T
    for i, code in enumerate(CODES):
        by = framework()[code]["Denominator"]
        if by:
            values[i] /= [number(data[unit][by]) for unit in UNITS]
    groups = np.array([data[unit]["EurAsia_group"] for unit in UNITS])
    for i in range(len(CODES)):
        for group in set(groups):
            gap = (groups == group) & np.isnan(values[i])
            values[i, gap] = np.nanmean(values[i, groups == group])
    return values


@cache
def treated(winsorise_at_most: int) -> np.ndarray:
    return np.array([treat(row, winsorise_at_most).values for row in complete_values()])


@cache
def scored(winsorise_at_most: int, normalisation: str) -> np.ndarray:
    directions = [int(framework()[code]["Direction"]) for code in CODES]
    kinds: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
        "nominal": lambda x, d: minmax(x, x.min(), x.max(), d),
        "n_minmax": lambda x, d: minmax(x, x.min(), x.max(), d, 1, 100),
        "n_zscore": lambda x, d: zscore(x, x.mean(), x.std(ddof=1), d, 10, 2),
    }
    return np.array([kinds[normalisation](x, d) for x, d in zip(treated(winsorise_at_most), directions, strict=True)])


@cache
def noisy_weights() -> dict[int, np.ndarray]:
    by_repetition: dict[int, dict[str, float]] = {}
    for row in rows("asem/I_sensitivity/noisy_weights.csv"):
        by_repetition.setdefault(int(row["rep"]), {})[row["iCode"]] = float(row["Weight"])
    return {rep: np.array([own[code] for code in tree().codes]) for rep, own in by_repetition.items()}


@cache
def runs(design: str) -> np.ndarray:
    """Overall scores, runs × units, by one call for each combination of scoring and mean."""
    drawn = rows(f"asem/I_sensitivity/{design}_design.csv")
    answer = np.empty((len(drawn), len(UNITS)))
    kinds = {(row["Winmax"], row["Normalisation"], row["Aggregation"]) for row in drawn}
    for kind in kinds:
        own = [i for i, row in enumerate(drawn) if (row["Winmax"], row["Normalisation"], row["Aggregation"]) == kind]
        weights = np.array([noisy_weights()[int(drawn[i]["WeightsRep"])] for i in own])
        answer[own] = overall_scores(tree(), scored(int(kind[0]), kind[1]), weights, aggregation=MEANS[kind[2]])
    return answer


def nominal() -> np.ndarray:
    return overall_scores(tree(), scored(5, "nominal"), tree().weight[None])[0]


def published(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Nominal (units) and runs (runs × units) of SA_scores, SA_ranks, UA_scores or UA_ranks."""
    by_unit = {row["uCode"]: row for row in rows(f"asem/I_sensitivity/{name}.csv")}
    columns = [column for column in next(iter(by_unit.values())) if column.startswith("r_")]
    table = np.array([[float(by_unit[unit][column]) for unit in UNITS] for column in columns])
    return np.array([float(by_unit[unit]["Nominal"]) for unit in UNITS]), table


@pytest.mark.parametrize(("design", "count"), [("SA", 600), ("UA", 100)])
def test_the_given_design_gives_the_published_scores_and_ranks(design: str, count: int) -> None:
    scores_nominal, scores = published(f"{design}_scores")
    ranks_nominal, ranks = published(f"{design}_ranks")
    assert scores.shape == (count, 51)
    assert nominal() == pytest.approx(scores_nominal, abs=1e-9)
    assert runs(design) == pytest.approx(scores, abs=1e-9)
    assert (rank_units(nominal()) == ranks_nominal).all()
    assert (rank_units(runs(design)) == ranks).all()


@pytest.mark.parametrize("design", ["SA", "UA"])
def test_median_and_interval_of_ranks_are_the_published_ones(design: str) -> None:
    stated = {row["uCode"]: row for row in rows(f"asem/I_sensitivity/{design}_rankstats.csv")}
    # of the sensitivity analysis the publisher takes the two independent samples, 200 of the 600 runs
    found = rank_intervals(runs(design)[:200])
    for name, values in zip(("Median", "Q5", "Q95"), found, strict=True):
        assert values == pytest.approx([float(stated[unit][name]) for unit in UNITS], abs=1e-9)


def test_sobol_indices_are_the_published_ones() -> None:
    stated = {row["Variable"]: row for row in rows("asem/I_sensitivity/SA_sobol_indices.csv")}
    shift = mean_rank_shift(nominal(), runs("SA")).reshape(6, 100)
    found = sobol_indices(shift[0], shift[1], shift[2:], resamples=1000, seed=1)
    order = ["Winmax", "Normalisation", "Weights", "Aggregation"]
    assert found.first == pytest.approx([float(stated[v]["Si"]) for v in order], abs=1e-9)
    assert found.total == pytest.approx([float(stated[v]["STi"]) for v in order], abs=1e-9)
    # The bootstrap draws at random: its quantiles agree within what two bootstraps differ by.
    stated_total = [[float(stated[v][f"STi_{q}"]) for v in order] for q in ("q5", "q95")]
    assert found.total_interval == pytest.approx(np.array(stated_total), abs=0.08)


def test_the_design_has_the_published_structure() -> None:
    """Rows of A, B and the four AB of the published design differ in one column, as `saltelli_design` makes them."""
    drawn = rows("asem/I_sensitivity/SA_design.csv")
    names = ["Winmax", "Normalisation", "WeightsRep", "Aggregation"]
    table = np.array([[row[name] for name in names] for row in drawn]).reshape(6, 100, 4)
    for i in range(4):
        for column in range(4):
            assert (table[2 + i, :, column] == table[1 if i == column else 0, :, column]).all()
