"""Contributions to the change of the ASEM index against data/oracles/decomposition, which nobody here computed.

Files: asem_panel_contributions.csv.gz (a panel without gaps) and asem_gap_panel_original_to_alternative_weights.csv.gz
(missing cells; every weight changes between the years). There the weight and availability effects are not centred
(c = 0); METHODS.md section 6 centres them on c = (I0 + I1) / 2, which takes c·Δe off each and leaves the sum.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from asem import ORACLE

from methods.decomposition import Decomposition, Effects, PeriodScores
from methods.tree import Tree

TOLERANCE = 1e-9
#: year, unit -> indicator -> score
Scores = dict[tuple[str, str], dict[str, float]]
#: (unit, indicator) -> value, weight, availability
Oracle = dict[tuple[str, str], tuple[float, float, float]]


def table(name: str) -> list[dict[str, str]]:
    with (ORACLE / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def oracle(name: str) -> dict[tuple[str, str], Oracle]:
    """By pair of years."""
    found: dict[tuple[str, str], Oracle] = defaultdict(dict)
    with gzip.open(ORACLE.parent / "decomposition" / name, "rt", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            effects = tuple(float(row[f"{kind}_effect"]) for kind in ("value", "weight", "availability"))
            found[row["t0"], row["t1"]][row["uCode"], row["iCode"]] = effects  # type: ignore[assignment]
    return dict(found)


def normalised(name: str) -> Scores:
    return {
        (row["Time"], row["uCode"]): {c: float(x) for c, x in row.items() if c not in ("Time", "uCode") and x}
        for row in table(f"G_panel/{name}")
    }


NODES = [row for row in table("input/framework.csv") if row["Type"] in ("Indicator", "Aggregate")]


def asem_tree(weights: Mapping[str, float]) -> Tree:
    codes = [row["iCode"] for row in NODES]
    return Tree(
        codes=tuple(codes),
        parent=np.array([codes.index(row["Parent"]) if row["Parent"] else -1 for row in NODES], dtype=np.intp),
        level=np.array([4 - int(row["Level"]) for row in NODES], dtype=np.intp),
        weight=np.array([weights[code] for code in codes]),
        aggregation=("arithmetic",) * len(codes),
        scoring=tuple("minmax" if row["Type"] == "Indicator" else "" for row in NODES),
        minimum_coverage=np.zeros(len(codes)),
        floor=np.ones(len(codes)),
    )


def rolled_up(leaves: Mapping[str, float], weights: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Scores of all nodes and effective weights of the indicators of one country, in plain Python."""
    scores = dict(leaves)
    shares: dict[str, float] = {}
    for level in ("2", "3", "4"):
        for node in (row["iCode"] for row in NODES if row["Level"] == level):
            below = [row["iCode"] for row in NODES if row["Parent"] == node and row["iCode"] in scores]
            total = sum(weights[c] for c in below)
            if below:
                scores[node] = sum(weights[c] * scores[c] for c in below) / total
                shares |= {c: weights[c] / total for c in below}
    parents = {row["iCode"]: row["Parent"] for row in NODES}
    effective = {}
    for code in leaves:
        share, at = 1.0, code
        while parents[at]:
            share *= shares[at]
            at = parents[at]
        effective[code] = share
    return scores, effective


def decomposed(
    then: Scores, now: Scores, years: tuple[str, str], units: list[str], weights: tuple[dict[str, float], ...]
) -> tuple[Effects, list[dict[str, Any]]]:
    sides, plain = [], []
    for scores, year, own in zip((then, now), years, weights, strict=True):
        tree = asem_tree(own)
        rolled = [rolled_up(scores[year, unit], own) for unit in units]
        sides.append(PeriodScores(tree, np.array([[r[0].get(c, math.nan) for r in rolled] for c in tree.codes])))
        plain.append(rolled)
    rows = [
        {"index": (old[0]["Index"], new[0]["Index"]), "effective": (old[1], new[1])}
        for old, new in zip(*plain, strict=True)
    ]
    return Decomposition(*sides).effects("Index"), rows


ORIGINAL = {row["iCode"]: float(row["Weight"]) for row in NODES}
ALTERNATIVE = {row["iCode"]: float(row["Weight"]) for row in table("G_panel/gap_alternative_weights.csv")}
CASES = {
    "asem_panel_contributions.csv.gz": ("normalised__minmax_0_100__global.csv", (ORIGINAL, ORIGINAL)),
    "asem_gap_panel_original_to_alternative_weights.csv.gz": (
        "gap_normalised__minmax_1_100__global.csv",
        (ORIGINAL, ALTERNATIVE),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_contributions_are_those_of_the_oracle(name: str) -> None:
    source, weights = CASES[name]
    scores = normalised(source)
    compared = 0
    for years, expected in oracle(name).items():
        units = sorted({unit for unit, _ in expected})
        effects, rows = decomposed(scores, scores, years, units, weights)
        found = {
            (unit, code): [float(part[i, u]) for part in (effects.value, effects.weight, effects.availability)]
            for i, code in enumerate(effects.indicators)
            for u, unit in enumerate(units)
        }
        for (unit, code), (value, weight, availability) in expected.items():
            plain = rows[units.index(unit)]
            old, new = (e.get(code, 0.0) for e in plain["effective"])
            off = sum(plain["index"]) / 2 * (new - old)
            stays = bool(old) and bool(new)
            assert found[unit, code] == pytest.approx(
                [value, weight - off * stays, availability - off * (not stays)], abs=TOLERANCE
            ), (years, unit, code)
            compared += 1
        assert not effects.method.any()
    assert compared == {"asem_panel_contributions.csv.gz": 9996}.get(name, 6076)
