"""The index computed a second time, from METHODS.md and the city's folder, without the product's code.

Indicators from counts by unit and month; the tree above from scores of indicators. Plain numpy over all 131 units.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from raw_deliveries import Folder, Measure, table

Numbers = npt.NDArray[np.float64]
MONTHS = {"month": 1, "stock": 1, "rolling_3m": 3, "rolling_12m": 12}
REFERENCE_YEAR = "2021"


@dataclass(frozen=True, eq=False)
class Recipe:
    """How an indicator's counts come out of the delivered files; everything else is in framework.csv.

    `stocks` says which of numerator and denominator are states at month end, averaged over a window.
    """

    code: str
    numerator: Sequence[tuple[float, Measure]]
    denominator: Measure | None = None
    stocks: tuple[bool, bool] = (False, False)


@dataclass(frozen=True, eq=False)
class Computed:
    """An indicator of one month, by unit in the order of `Method.codes`; NaN where there is none."""

    numerator: Numbers
    denominator: Numbers
    value: Numbers
    value_smoothed: Numbers
    score: Numbers


@dataclass(frozen=True, eq=False)
class Method:
    """Framework, reference and populations of a city's folder, and the arithmetic of METHODS.md 1 to 4."""

    folder: Folder
    version: str

    @cached_property
    def codes(self) -> list[str]:
        """All units."""
        return [u["code"] for u in self.folder.units]

    @cached_property
    def leaf(self) -> npt.NDArray[np.bool_]:
        """Which units are townships."""
        return np.array([u["level"] == "township" for u in self.folder.units])

    @cached_property
    def members(self) -> Numbers:
        """Row u, column m: 1 where m is u or below it."""
        parents = {u["code"]: u["parent"] for u in self.folder.units}
        above: Numbers = np.zeros((len(self.codes), len(self.codes)))
        for column, code in enumerate(self.codes):
            while code:
                above[self.codes.index(code), column] = 1
                code = parents[code]
        return above

    @cached_property
    def framework(self) -> dict[str, dict[str, str]]:
        """Nodes by code."""
        return {r["code"]: r for r in table(self._path / "framework.csv")}

    @cached_property
    def reference(self) -> dict[tuple[str, str], dict[str, str]]:
        """Frozen bounds by peer group, rates by county."""
        return {(r["indicator"], r["group"]): r for r in table(self._path / "reference.csv")}

    @property
    def _path(self) -> Path:
        return self.folder.city / "versions" / self.version

    def residents(self, year: str) -> Numbers:
        """Of townships; 0 for upper units, which have no residents of their own."""
        known = {
            r["unit"]: float(r["residents"]) for r in table(self.folder.city / "population.csv") if r["year"] == year
        }
        return np.where(self.leaf, [known[code] for code in self.codes], 0.0)

    def indicator(self, recipe: Recipe, period: str) -> Computed:
        """Numerator, denominator, value, value as scored and score."""
        row = self.framework[recipe.code]
        params: dict[str, Any] = json.loads(row["params"] or "{}")
        months = window(period, MONTHS[row["window"]])
        own = sum((factor * self._over(m, months, recipe.stocks[0]) for factor, m in recipe.numerator), np.zeros(1))
        applies, counted = self._applies(row["applies_to"])
        numerator = self.members @ np.where(counted, own, 0.0)
        if row["scoring"] == "zero_tolerance":
            return self._zero_tolerance(own, numerator, period)
        below = (
            self._over(recipe.denominator, months, recipe.stocks[1])
            if recipe.denominator
            else np.mean([self.residents(month[:4]) for month in months], axis=0)
        )
        denominator = self.members @ np.where(counted, below, 0.0)
        there = applies & (denominator > 0)
        scale, cap = float(row["scale"]), float(params.get("cap", np.inf))
        k, rate = self._shrinkage(row)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.minimum(scale * numerator / denominator, cap)
            smoothed = np.minimum(scale * (numerator + k * rate) / (denominator + k), cap)
            score = self._score(row, params, smoothed)
        return Computed(
            np.where(applies, numerator, np.nan),
            np.where(applies, denominator, np.nan),
            *(np.where(there, numbers, np.nan) for numbers in (value, smoothed, score)),
        )

    def _over(self, measure: Measure, months: list[str], stock: bool) -> Numbers:
        monthly = []
        for month in months:
            counts = measure(self.folder, month)
            monthly.append([counts.get(code, 0.0) for code in self.codes])
        numbers: Numbers = np.array(monthly).mean(axis=0) if stock else np.array(monthly).sum(axis=0)
        return numbers

    def _applies(self, groups: str) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Units that get the indicator, and units whose records count in it."""
        if not groups:
            everywhere = np.ones(len(self.codes), dtype=bool)
            return everywhere, everywhere
        mine = np.array([u["peer_group"] in groups.split(";") for u in self.folder.units]) | ~self.leaf
        return mine, mine

    def _shrinkage(self, row: dict[str, str]) -> tuple[Numbers, Numbers]:
        """k and the county's rate by unit; nothing for upper units."""
        nothing = np.zeros(len(self.codes))
        if not row["smoothing"]:
            return nothing, nothing
        k = float(row["smoothing"].split("k=")[1])
        parents = np.array([u["parent"] for u in self.folder.units])
        rates = {
            group: float(r["rate"]) for (code, group), r in self.reference.items() if code == row["code"] and r["rate"]
        }
        return np.where(self.leaf, k, 0.0), np.array([rates.get(p, 0.0) for p in parents]) * self.leaf

    def _score(self, row: dict[str, str], params: dict[str, Any], x: Numbers) -> Numbers:
        higher = row["direction"] == "1"
        if row["scoring"] == "goalpost":
            p0, p60, p100 = (self._by_unit(row, lambda g, p=p: params.get(g, params)[p]) for p in ("p0", "p60", "p100"))
            upper = 60 + 40 * (x - p60) / (p100 - p60)
            lower = 60 * (x - p0) / (p60 - p0)
            return np.clip(np.where((x >= p60) == (p100 > p60), np.where(x == p60, 60, upper), lower), 0, 100)
        if row["scoring"] == "target_attainment":
            target = float(params["T"])
            return 100 * np.minimum(1, x / target) if higher else np.where(x <= target, 100, 100 * target / x)
        lo, hi = (
            self._by_unit(row, lambda g, b=b: float(params.get(b) or self.reference[row["code"], g][b]))
            for b in ("lo", "hi")
        )
        return np.clip(60 + 40 * ((x - lo) if higher else (hi - x)) / (hi - lo), 0, 100)

    def _by_unit(self, row: dict[str, str], parameter: Any) -> Numbers:
        """A peer group's parameter; for upper units the mean over their townships, weighted by residents of 2021."""
        groups = [u["peer_group"] for u in self.folder.units]
        used = set(row["applies_to"].split(";")) if row["applies_to"] else {"street", "town"}
        own = np.array([float(parameter(g)) if g in used else 0.0 for g in groups])
        weights = self.residents(REFERENCE_YEAR) * np.array([g in used for g in groups])
        return np.where(self.leaf, own, (self.members @ (own * weights)) / np.maximum(self.members @ weights, 1))

    def _zero_tolerance(self, own: Numbers, deductions: Numbers, period: str) -> Computed:
        """Upper units: the mean of their townships' scores; an event known only there deducts as in one of them."""
        leaf_scores = np.where(self.leaf, np.maximum(0, 100 - own), 0.0)
        weights = self.residents(period[:4])
        means = (self.members @ (leaf_scores * weights)) / (self.members @ weights)
        own_of_upper = self.members @ np.where(self.leaf, 0.0, own)
        upper = np.maximum(0, means - own_of_upper / (self.members @ self.leaf.astype(float)))
        score = np.where(self.leaf, leaf_scores, upper)
        return Computed(deductions, np.full(len(own), np.nan), deductions, deductions, score)


def window(period: str, length: int) -> list[str]:
    """Months up to and with a month."""
    last = int(period[:4]) * 12 + int(period[5:]) - 1
    return [f"{i // 12}-{i % 12 + 1:02d}" for i in range(last - length + 1, last + 1)]


@dataclass(frozen=True, eq=False)
class Tree:
    """Scores, coverage and status of the nodes above the indicators, one array per node over all units."""

    score: dict[str, Numbers]
    coverage: dict[str, Numbers]
    status: dict[str, npt.NDArray[np.str_]]


def compute_tree(
    framework: dict[str, dict[str, str]],
    leaf_scores: dict[str, Numbers],
    leaf_status: dict[str, npt.NDArray[np.str_]],
    minimum: float,
) -> Tree:
    """All nodes above the indicators from published leaf scores (NaN where there is none), arithmetic means."""
    children: dict[str, list[str]] = {}
    for code, row in framework.items():
        children.setdefault(row["parent"], []).append(code)
    weight = {code: float(row["weight"]) for code, row in framework.items()}
    effective: dict[str, float] = {}

    def descend(code: str, share: float) -> None:
        effective[code] = share
        below = children.get(code, [])
        for child in below:
            descend(child, share * weight[child] / sum(weight[c] for c in below))

    (root,) = children[""]
    descend(root, 1.0)
    tree = Tree(dict(leaf_scores), {}, dict(leaf_status))
    present = {c: np.where(np.isnan(s), 0.0, effective[c]) for c, s in leaf_scores.items()}
    applicable = {c: np.where(leaf_status[c] == "not_applicable", 0.0, effective[c]) for c in leaf_scores}
    for code in sorted(children, key=lambda c: -int(framework[c]["level"]) if c else 1):
        if not code:
            continue
        own = children[code]
        scores = np.array([tree.score[c] for c in own])
        weights = np.where(np.isnan(scores), 0.0, np.array([[weight[c]] for c in own]))
        here: Numbers = np.sum([present[c] for c in own], axis=0)
        whole: Numbers = np.sum([applicable[c] for c in own], axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            coverage = np.where(whole > 0, here / whole, np.nan)
            mean = np.nansum(weights * np.nan_to_num(scores), axis=0) / weights.sum(axis=0)
        scored = coverage >= minimum - 1e-12
        tree.score[code] = np.where(scored, mean, np.nan)
        tree.coverage[code] = coverage
        statuses = np.array([tree.status[c] for c in own])
        whole_measured = np.isin(statuses, ["measured", "not_applicable"]).all(axis=0)
        all_there = np.isin(statuses, ["measured", "not_applicable", "carried_forward"]).all(axis=0)
        tree.status[code] = np.select(
            [whole == 0, ~scored, whole_measured, all_there],
            ["not_applicable", "missing", "measured", "carried_forward"],
            "partial",
        )
        present[code], applicable[code] = np.where(scored, here, 0.0), whole
    return tree
