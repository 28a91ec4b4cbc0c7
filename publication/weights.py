"""Weights of a framework's nodes derived from judgements and from published scores, and what they would change.

Belongs here: which nodes and scores a derivation takes, and its comparison with the weights in force. The arithmetic
is `methods.weighting`; nothing here writes a method.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from city import Period, Version
from city.pairwise import PairwiseFile
from city.state import StateFolder
from methods.aggregation import overall_scores
from methods.robustness import rank_units
from methods.tree import Floats, tree_of
from methods.weighting import SAATY, Hierarchy, WeightingError, ahp, combined, constant_columns, critic, entropy
from publication.reading import IssueData, read_issue_data
from warehouse.alternative_scores import indicator_matrices

METHODS = ("ahp", "entropy", "critic", "combined")
#: Units whose place is shown under each choice of weights.
TOP = 10


@dataclass(frozen=True)
class NodeWeights:
    """Weights of one node's children, each summing to 1, by the name of the method; `current` are those in force.

    `rows` counts the unit-months that data weights rest on, `constant` names children that are the same everywhere.
    """

    node: str
    codes: tuple[str, ...]
    by_method: Mapping[str, Floats]
    hierarchy: Hierarchy | None = None
    rows: int = 0
    left_out: int = 0
    constant: tuple[str, ...] = ()


@dataclass(frozen=True)
class Derivation:
    """Derived weights by node for the method asked for, with those that it is compared with."""

    method: str
    nodes: tuple[NodeWeights, ...]
    faults: tuple[str, ...] = field(default=())

    @property
    def accepted(self) -> bool:
        """Whether every judgement is consistent enough (CR ≤ 0.10)."""
        return all(node.hierarchy is None or node.hierarchy.accepted for node in self.nodes)

    def shares(self, method: str) -> dict[str, float]:
        """Weights of all derived nodes' children by code."""
        return {
            code: float(share)
            for node in self.nodes
            for code, share in zip(node.codes, node.by_method[method], strict=True)
        }


def panel_of_issues(state: StateFolder, months: Sequence[Period]) -> pl.DataFrame:
    """Scores of the lowest units over published months, a row for each unit-month and a column for each node."""
    frames = []
    for month in months:
        issue = read_issue_data(state, month)
        units = issue.table("units")
        lowest = units.filter(~pl.col("unit_code").is_in(units["parent"].drop_nulls().unique().implode()))
        frames.append(issue.table("scores").join(lowest, on="unit_code", how="semi"))
    scores = pl.concat([frame.select("period", "unit_code", "node_code", "score") for frame in frames])
    return scores.pivot(on="node_code", index=["period", "unit_code"], values="score").sort("period", "unit_code")


def panel_of_file(path: Path) -> pl.DataFrame:
    """Scores of a CSV file with a column for each node's code; other columns (unit, month) are passed over."""
    return pl.read_csv(path, infer_schema_length=None, null_values=["", "NA"])


def derive(
    version: Version,
    method: str,
    *,
    nodes: Sequence[str] = (),
    pairwise: PairwiseFile | None = None,
    panel: pl.DataFrame | None = None,
    shift: float = 0.0,
    alpha: float = 0.5,
) -> Derivation:
    """Weights of `nodes` (default: those with a matrix, or every node with two children) by one of METHODS.

    AHP needs `pairwise`, entropy and CRITIC a `panel` of scores, combined both. WeightingError lists every fault of
    every node.
    """
    if method in ("ahp", "combined") and pairwise is None:
        raise WeightingError(f"{method} needs pairwise matrices")
    if method != "ahp" and panel is None:
        raise WeightingError(f"{method} needs scores: a reference period of published issues, or a panel file")
    children: dict[str, list[str]] = {}
    for node in version.framework:
        children.setdefault(node.parent, []).append(node.code)
    judged = pairwise.comparisons if pairwise is not None else {}
    wanted = list(nodes) or list(judged) or [code for code in children if code and len(children[code]) > 1]
    found, faults = [], []
    for node_code in wanted:
        try:
            if node_code not in children or not node_code:
                raise WeightingError("no node with children in the framework")
            if method in ("ahp", "combined") and node_code not in judged:
                raise WeightingError("no pairwise matrix in the file")
            found.append(_derive_node(version, node_code, children[node_code], method, pairwise, panel, shift, alpha))
        except WeightingError as error:
            faults.append(f"{node_code}: {error}")
    if faults:
        raise WeightingError("\n".join(faults))
    return Derivation(method, tuple(found))


def _derive_node(
    version: Version,
    node: str,
    children: list[str],
    method: str,
    pairwise: PairwiseFile | None,
    panel: pl.DataFrame | None,
    shift: float,
    alpha: float,
) -> NodeWeights:
    weights = {own.code: own.weight for own in version.framework}
    current = np.array([weights[code] for code in children])
    by_method = {"current": current / current.sum(), "equal": np.full(len(children), 1 / len(children))}
    hierarchy, rows, left_out = None, 0, 0
    constant: tuple[str, ...] = ()
    if pairwise is not None and node in pairwise.comparisons:
        comparison = pairwise.comparisons[node]
        order = [comparison.codes.index(code) for code in children]
        matrix = comparison.matrix[np.ix_(order, order)]
        hierarchy = ahp(matrix, {**SAATY, **pairwise.random_index}, children)
        by_method["ahp"] = hierarchy.weights
    if panel is not None:
        missing = [code for code in children if code not in panel.columns]
        if missing:
            raise WeightingError(f"the scores have no column {', '.join(missing)}")
        complete = panel.select(pl.col(children).cast(pl.Float64).fill_nan(None)).drop_nulls()
        rows, left_out = complete.height, panel.height - complete.height
        scores = complete.to_numpy()
        by_method["entropy"] = entropy(scores, shift, children)
        constant = tuple(code for code, same in zip(children, constant_columns(scores), strict=True) if same)
        # CRITIC needs two columns that vary; where entropy was asked for it is only there to compare with
        if method == "critic" or len(children) - len(constant) > 1:
            by_method["critic"] = critic(scores, children)
    if method == "combined":
        by_method["combined"] = combined(by_method["ahp"], by_method["entropy"], alpha)
    return NodeWeights(node, tuple(children), by_method, hierarchy, rows, left_out, constant)


def top_ten(derivation: Derivation, version: Version, issue: IssueData) -> pl.DataFrame:
    """Places of the issue's ten best lowest units under each choice of weights.

    Columns unit_code, name_zh, name_en, then a rank among lowest units for each method: `current` first. Scores are
    rolled up anew from the issue's indicators; nodes that were not derived keep their weights.
    """
    tree = tree_of(version.framework, version.rules)
    leaves = [tree.codes[leaf] for leaf in tree.leaves]
    units = issue.table("units").sort("unit_code")
    lowest = units.filter(~pl.col("unit_code").is_in(units["parent"].drop_nulls().unique().implode()))
    rows = issue.table("values")
    codes = lowest["unit_code"].to_list()
    scores, status = indicator_matrices(rows, ("score", "status"), leaves, codes)
    scores, applicable = scores.astype(np.float64), status != "not_applicable"
    methods = [m for m in ("current", "equal", *METHODS) if all(m in node.by_method for node in derivation.nodes)]
    weights = np.tile(tree.weight, (len(methods), 1))
    for i, method in enumerate(methods):
        for code, share in derivation.shares(method).items():
            weights[i, tree.position[code]] = share
    ranks = rank_units(overall_scores(tree, scores, weights, applicable=applicable))
    named = lowest.select("unit_code", "name_zh", "name_en")
    table = named.with_columns(pl.Series(method, ranks[i]).cast(pl.Int32) for i, method in enumerate(methods))
    return table.filter(pl.col("current") <= TOP).sort("current", "unit_code")
