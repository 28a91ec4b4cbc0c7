"""reference_quantiles.csv of a method version: how each indicator's values were spread in the reference period.

Belongs here: reading and refusing it. `pingan calibrate` proposes it (methods.calibration); studies of robustness
score by it. No published score depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from city.folder import CityFolderError, Version, read_table

FILE = "reference_quantiles.csv"
QUANTILE_COLUMNS = tuple(f"q{level:02d}" for level in range(0, 101, 5))
COLUMNS = ("indicator", "group", "n", "first_period", "last_period", *QUANTILE_COLUMNS)


@dataclass(frozen=True)
class FrozenQuantiles:
    """Quantiles (type 7) at 0, 5 … 100 % by indicator and peer group, and the months they are of; empty without."""

    sets: Mapping[tuple[str, str], npt.NDArray[np.float64]]
    months: str


def read_quantiles(version: Version) -> FrozenQuantiles:
    """The file of a version, nothing when there is none; CityFolderError names file and row of the first fault."""
    return read_quantiles_file(version.folder / FILE, {node.code for node in version.indicators})


def read_quantiles_file(path: Path, known: Set[str]) -> FrozenQuantiles:
    """As `read_quantiles`, of a file and the codes of the indicators that it may name."""
    if not path.exists():
        return FrozenQuantiles({}, "")
    sets: dict[tuple[str, str], npt.NDArray[np.float64]] = {}
    months = set()
    for line, row in enumerate(read_table(path), start=2):
        where = f"{path}, row {line} ({row.get('indicator', '?')} {row.get('group', '')})"
        if missing := [column for column in COLUMNS if column not in row]:
            raise CityFolderError(f"{where}: no column {missing[0]}; `pingan calibrate` writes this file")
        if row["indicator"] not in known:
            raise CityFolderError(f"{where}: no indicator of framework.csv; calibrate again")
        try:
            quantiles = np.array([float(row[column]) for column in QUANTILE_COLUMNS])
        except ValueError as error:
            raise CityFolderError(f"{where}: {error}; every quantile is a number") from error
        if not (np.isfinite(quantiles).all() and (np.diff(quantiles) >= 0).all()):
            raise CityFolderError(f"{where}: quantiles must not fall from q00 to q100")
        sets[row["indicator"], row["group"]] = quantiles
        months.add(f"{row['first_period']}..{row['last_period']}")
    if len(months) > 1:
        raise CityFolderError(f"{path}: rows of different reference periods: {', '.join(sorted(months))}")
    return FrozenQuantiles(sets, months.pop() if months else "")
