"""A release candidate as read from its folder: the tables of one month and what candidate.json says of
them.

Reading only: the warehouse writes candidates, `gates.release` judges them, `publication` turns them into
issues.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from city.periods import Period
from city.state import StateFolder

#: The tables of a candidate, which are the data files of an issue, and the columns the gate and readers
#: rely on.
TABLES: Mapping[str, tuple[str, ...]] = {
    "scores": (
        "period", "unit_code", "unit_level", "node_code", "node_level", "score", "coverage", "status", "rank",
        "colour", "change_month", "change_month_reason", "change_year", "change_year_reason",
    ),
    "values": (
        "period", "unit_code", "indicator_code", "numerator", "denominator", "value", "value_smoothed",
        "score", "status",
    ),
    "measures": ("period", "unit_code", "measure", "quantity", "status"),
    "units": ("unit_code", "name_zh", "name_en", "parent", "level", "peer_group", "residents"),
    "framework": ("code", "parent", "level", "name_zh", "name_en", "weight", "scoring", "params"),
    "contributions": (
        "period", "unit_code", "comparison", "node_code", "indicator_code", "value_effect", "weight_effect",
        "availability_effect", "method_effect", "population_effect", "total",
    ),
    "member_contributions": (
        "period", "unit_code", "comparison", "member_code", "indicator_code", "value_effect", "weight_effect",
        "availability_effect", "method_effect", "population_effect", "total", "denominator_part",
    ),
    "vetoes": ("period", "unit_code", "measure", "events", "cap"),
    "feeds": (
        "department", "department_key", "record_set", "period", "status", "reported", "received", "accepted",
        "quarantined", "other_month", "layout",
    ),
    "departments": ("code", "key", "name_zh", "name_en"),
    "robustness": ("period", "unit_code", "unit_level", "rank", "median_rank", "rank_p05", "rank_p95", "ties"),
    "robustness_colours": ("period", "unit_code", "colour", "share"),
    "robustness_sensitivity": (
        "period", "assumption", "first_order", "first_order_p05", "first_order_p95", "total_order",
        "total_order_p05", "total_order_p95", "runs", "seed", "weights_share", "problem",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """The tables and the description of a month that has not been published."""

    folder: Path
    description: Mapping[str, Any]
    tables: Mapping[str, pl.DataFrame]

    @property
    def period(self) -> Period:
        """The month."""
        return str(self.description["period"])

    @property
    def faults(self) -> list[tuple[str, str]]:
        """Tables or columns that are not there, as (table, column); the column is empty for a whole table."""
        absent = [(name, "") for name in TABLES if name not in self.tables]
        return absent + [
            (name, column)
            for name, table in self.tables.items()
            for column in TABLES[name]
            if column not in table.columns
        ]

    @cached_property
    def root(self) -> str:
        """Code of the overall node: the one without a parent."""
        framework = self.tables["framework"]
        roots = framework.filter(pl.col("parent").fill_null("") == "")["code"].to_list()
        if len(roots) != 1:
            raise ValueError(f"{self.folder.name}: the framework has {len(roots)} nodes without a parent, not one")
        return str(roots[0])

    @property
    def overall(self) -> pl.DataFrame:
        """The rows of the overall index, all units."""
        return self.tables["scores"].filter(pl.col("node_code") == self.root)


def read_description(folder: Path) -> dict[str, Any]:
    """candidate.json of a candidate; FileNotFoundError says that the month has not been computed."""
    path = folder / "candidate.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: materialize the month before it is gated or published")
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold an object")
    return content


def folder_of_last_month(state: StateFolder, candidate: Path) -> Path | None:
    """The folder with the scores that a candidate's changes were measured against: last month's
    candidate, else its latest issue; None when candidate.json names no month to compare with, or that
    month was never computed.
    """
    month = (read_description(candidate).get("compares_with") or {}).get("month")
    if not month:
        return None
    if (state.candidate(month) / "scores.parquet").exists():
        return state.candidate(month)
    published = [f for f in (state.issues / month).glob("r*") if f.name[1:].isdigit()]
    return max(published, key=lambda folder: int(folder.name[1:]), default=None)


def load_candidate(folder: Path) -> Candidate:
    """Read a candidate whole. A table that is not there is left out, so that the gate can say so."""
    return Candidate(
        folder=folder,
        description=read_description(folder),
        tables={
            name: pl.read_parquet(folder / f"{name}.parquet")
            for name in TABLES
            if (folder / f"{name}.parquet").exists()
        },
    )
