"""Reading the published results that the statistics are checked against (../shared/data/oracles), joined on codes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

ORACLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "oracles"
ASEM = ORACLES / "asem"


def rows(name: str) -> list[dict[str, str]]:
    """Rows of a CSV file below oracles/ as text."""
    with (ORACLES / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def content(name: str) -> Any:
    """A JSON file below oracles/."""
    return json.loads((ORACLES / name).read_text(encoding="utf-8"))


def number(text: str) -> float:
    """A published number; blank and NA are missing."""
    return float(text) if text not in ("", "NA") else float("nan")


def matrix(name: str, units: list[str], columns: list[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A wide table (uCode, one column per code) as units × columns, in the order asked for."""
    by_unit = {row["uCode"]: row for row in rows(name)}
    return np.array([[number(by_unit[unit][column]) for column in columns] for unit in units])


def framework() -> dict[str, dict[str, str]]:
    """Nodes of input/framework.csv by code, no denominators or groups; levels count from the indicators (1) up."""
    return {row["iCode"]: row for row in rows("asem/input/framework.csv") if row["Type"] in ("Indicator", "Aggregate")}


def children(parent: str) -> list[str]:
    """Codes below a node, in the framework's order."""
    return [code for code, row in framework().items() if row["Parent"] == parent]


def indicators() -> list[str]:
    """Codes of the 49 indicators."""
    return [code for code, row in framework().items() if row["Level"] == "1"]
