"""The ASEM oracles as arrays: the published framework as a tree, raw values, and what COINr made of them.

Rows are joined on codes, never on their order. Data: ../shared/data/oracles/asem (see its README for how to read it).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from methods.tree import Floats, Tree, tree_from_table

ORACLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "oracles" / "asem"
#: The publisher counts levels from the indicators up.
_TOP = 4


@cache
def read(name: str) -> list[dict[str, str]]:
    """Rows of an oracle's file."""
    with (ORACLE / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def number(text: str) -> float:
    """A cell; blank and NA are NaN."""
    return float(text) if text not in ("", "NA") else float("nan")


def nodes() -> list[dict[str, str]]:
    """Nodes of the index; groups and denominators of the publisher's file are not nodes."""
    return [row for row in read("input/framework.csv") if row["Type"] in ("Indicator", "Aggregate")]


def tree(
    aggregations: Mapping[int, str] | str = "arithmetic",
    weights: Mapping[str, float] | None = None,
    minimum_coverage: float = 0.0,
    floor: float = 1e-9,
) -> Tree:
    """The framework, with a mean for every node or by the publisher's level of its children."""
    rows = nodes()
    means = [
        aggregations if isinstance(aggregations, str) else aggregations.get(int(row["Level"]) - 1, "arithmetic")
        for row in rows
    ]
    return tree_from_table(
        {
            "code": [row["iCode"] for row in rows],
            "parent": [row["Parent"] for row in rows],
            "level": [_TOP - int(row["Level"]) for row in rows],
            "weight": [weights[row["iCode"]] if weights else float(row["Weight"]) for row in rows],
            "aggregation": means,
            "scoring": ["minmax" if row["Type"] == "Indicator" else "" for row in rows],
            "minimum_coverage": [minimum_coverage] * len(rows),
            "floor": [floor] * len(rows),
        }
    )


def indicators() -> list[str]:
    """Codes of the leaves in the framework's order, as the tree has them."""
    return [row["iCode"] for row in nodes() if row["Type"] == "Indicator"]


def directions() -> dict[str, int]:
    """1 or -1 by indicator."""
    return {row["iCode"]: int(row["Direction"]) for row in nodes() if row["Type"] == "Indicator"}


def wide(name: str, columns: list[str]) -> tuple[list[tuple[str, str]], Floats]:
    """A file with a column per node: its rows' keys (year or nothing, unit) and columns × rows."""
    rows = read(name)
    keys = [(row.get("Time", ""), row["uCode"]) for row in rows]
    return keys, np.array([[number(row[column]) for row in rows] for column in columns])


def aggregates(name: str, units: list[str]) -> dict[str, Floats]:
    """A long file of nodes' scores: by node, in the order of the units; every unit must be there."""
    found = {(row["iCode"], row["uCode"]): number(row["Score"]) for row in read(name)}
    codes = {code for code, _ in found}
    return {code: np.array([found[code, unit] for unit in units]) for code in sorted(codes)}
