"""Pairwise comparisons of a node's children as a file (docs/weights.md), read whole with every fault named.

Belongs here: the file and which codes it may name. What follows from a matrix is `methods.weighting`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from city.folder import CityFolderError, FrameworkNode


@dataclass(frozen=True)
class Comparison:
    """Judgements on the children of one node: entry (i, j) says how many times as important i is as j."""

    node: str
    codes: tuple[str, ...]
    matrix: npt.NDArray[np.float64]


@dataclass(frozen=True)
class PairwiseFile:
    """Comparisons by node, and the table of random indices by matrix size where the file declares one."""

    comparisons: Mapping[str, Comparison]
    random_index: Mapping[int, float]


def load_pairwise(path: Path, framework: Sequence[FrameworkNode]) -> PairwiseFile:
    """Read a file of pairwise matrices; CityFolderError lists every fault of form and of codes at once."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CityFolderError(f"{path} is missing: see docs/weights.md for what it holds") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CityFolderError(f"{path} is not YAML in UTF-8: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("matrices"), list) or not content["matrices"]:
        raise CityFolderError(f"{path} must hold `matrices:`, a list with `node`, `codes` and `matrix` each")
    children: dict[str, list[str]] = {}
    for node in framework:
        children.setdefault(node.parent, []).append(node.code)
    faults = [f"{key!r} is no field; there are random_index and matrices" for key in content.keys() - _FIELDS]
    random_index = _random_index(content.get("random_index") or {}, faults)
    comparisons: dict[str, Comparison] = {}
    for place, entry in enumerate(content["matrices"], start=1):
        found = _comparison(entry, place, children, faults)
        if found is not None and found.node in comparisons:
            faults.append(f"matrix {place}: {found.node} has a matrix already")
        elif found is not None:
            comparisons[found.node] = found
    if faults:
        raise CityFolderError("\n".join(f"{path}: {fault}" for fault in faults))
    return PairwiseFile(comparisons, random_index)


_FIELDS = {"random_index", "matrices"}


def _random_index(content: Any, faults: list[str]) -> dict[int, float]:
    if not isinstance(content, dict):
        faults.append("random_index must map matrix sizes to numbers, for example {3: 0.58, 4: 0.90}")
        return {}
    found = {}
    for size, value in content.items():
        if not isinstance(size, int) or not isinstance(value, int | float) or not value > 0:
            faults.append(f"random_index: {size!r}: {value!r} is not a matrix size with a number above 0")
        else:
            found[size] = float(value)
    return found


def _comparison(entry: Any, place: int, children: Mapping[str, list[str]], faults: list[str]) -> Comparison | None:
    if not isinstance(entry, dict) or {"node", "codes", "matrix"} - entry.keys():
        faults.append(f"matrix {place} needs the fields node, codes and matrix")
        return None
    node, codes = str(entry["node"]), [str(code) for code in entry["codes"] or []]
    where = f"matrix {place} ({node})"
    before = len(faults)
    own = children.get(node, []) if node else []
    if not own:
        faults.append(f"{where}: {node!r} is no node with children in the framework")
    else:
        known = ", ".join(own)
        faults += [f"{where}: {code!r} is no child of {node}; it has {known}" for code in codes if code not in own]
        faults += [f"{where}: {code} is not compared; every child must be" for code in own if code not in codes]
    rows = entry["matrix"] if isinstance(entry["matrix"], list) else []
    sizes = {len(row) if isinstance(row, list) else -1 for row in rows}
    if sizes != {len(rows)} or len(rows) != len(codes):
        lengths = ", ".join(str(len(row)) if isinstance(row, list) else "?" for row in rows)
        faults.append(
            f"{where}: not square: {len(codes)} codes, {len(rows)} rows, numbers per row: {lengths or 'none'}"
        )
        return None
    matrix = np.empty((len(rows), len(rows)))
    for i, row in enumerate(rows):
        for j, text in enumerate(row):
            try:
                matrix[i, j] = float(Fraction(str(text).strip()))
            except (ValueError, ZeroDivisionError):
                faults.append(f"{where}: {codes[i]} against {codes[j]} is {text!r}, not a number or a fraction as 1/3")
    return Comparison(node, tuple(codes), matrix) if len(faults) == before else None
