"""What a month that has been computed again would move, against its latest issue, before anything is published.

Reads tables of the candidate and of the issue; writes nothing. Scores count as moved from 5e-9 on, as in the manifest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from city.periods import Period
from gates.candidate import load_candidate
from publication.comparison import TOLERANCE, changed_tables
from publication.manifest import Issue

#: Columns of MonthDifference.overall and .nodes: scores of a unit × node before and after.
KEYS = ("unit_code", "node_code")


@dataclass(frozen=True)
class MonthDifference:
    """A candidate against the latest revision of its month.

    `nodes`: every unit × node whose score, rank or colour differs (period, unit, names, node, department, before,
    after, change, rank_before, rank_after, colour_before, colour_after). `overall`: those of the overall index.
    """

    period: Period
    against: Issue
    tables: Sequence[str]
    overall: pl.DataFrame
    nodes: pl.DataFrame

    @property
    def scores_moved(self) -> pl.DataFrame:
        """Units whose overall score moved, appeared or vanished, the largest move first."""
        return self.overall.filter("moved").sort(
            pl.col("change").abs(), "unit_code", descending=[True, False], nulls_last=False
        )

    @property
    def colours_changed(self) -> pl.DataFrame:
        """Units whose colour of the overall index changed."""
        return self.overall.filter(pl.col("colour_before").ne_missing(pl.col("colour_after"))).sort("unit_code")

    @property
    def ranks_changed(self) -> pl.DataFrame:
        """Units whose rank of the overall index changed."""
        return self.overall.filter(pl.col("rank_before").ne_missing(pl.col("rank_after"))).sort("unit_code")

    def indicators(self) -> pl.DataFrame:
        """Indicators whose scores moved: units, largest move, department; those that moved most units first."""
        return (
            self.nodes.filter(pl.col("moved") & pl.col("indicator"))
            .group_by("node_code", "node_zh", "node_en", "department_zh", "department_en")
            .agg(units=pl.len(), largest=pl.col("change").abs().max())
            .sort("units", "largest", "node_code", descending=[True, True, False], nulls_last=True)
        )


def month_difference(candidate: Path, issue: Issue) -> MonthDifference:
    """Compare a candidate with an issue's revision."""
    month = load_candidate(candidate)
    columns = ("score", "rank", "colour")
    before = pl.read_parquet(issue.folder / "scores.parquet").select(
        *KEYS, *(pl.col(c).alias(f"{c}_before") for c in columns)
    )
    after = month.tables["scores"].select(*KEYS, *(pl.col(c).alias(f"{c}_after") for c in columns))
    nodes = (
        after.join(before, on=KEYS, how="full", coalesce=True)
        .with_columns(change=pl.col("score_after") - pl.col("score_before"))
        .with_columns(
            moved=(pl.col("change").abs() > TOLERANCE).fill_null(False)
            | (pl.col("score_before").is_null() != pl.col("score_after").is_null())
        )
        .filter(
            pl.col("moved")
            | pl.col("rank_before").ne_missing(pl.col("rank_after"))
            | pl.col("colour_before").ne_missing(pl.col("colour_after"))
        )
        .join(_units(month.tables["units"], issue), on="unit_code", how="left")
        .join(_nodes(month.tables["framework"], month.tables["departments"], issue), on="node_code", how="left")
        .select(pl.lit(month.period).alias("period"), pl.all())
        .sort("unit_code", "node_code")
    )
    return MonthDifference(
        month.period,
        issue,
        changed_tables(candidate, issue),
        nodes.filter(pl.col("node_code") == month.root),
        nodes,
    )


def _units(now: pl.DataFrame, issue: Issue) -> pl.DataFrame:
    columns = ("unit_code", "name_zh", "name_en", "level")
    both = pl.concat([now.select(columns), pl.read_parquet(issue.folder / "units.parquet").select(columns)])
    return both.unique("unit_code", keep="first", maintain_order=True)


def _nodes(now: pl.DataFrame, departments: pl.DataFrame, issue: Issue) -> pl.DataFrame:
    columns = ("code", "name_zh", "name_en", "department", "scoring")
    both = pl.concat([now.select(columns), pl.read_parquet(issue.folder / "framework.parquet").select(columns)])
    named = departments.select(
        "code", pl.col("name_zh").alias("department_zh"), pl.col("name_en").alias("department_en")
    )
    return (
        both.unique("code", keep="first", maintain_order=True)
        .join(named, left_on="department", right_on="code", how="left")
        .select(
            pl.col("code").alias("node_code"),
            pl.col("name_zh").alias("node_zh"),
            pl.col("name_en").alias("node_en"),
            "department_zh",
            "department_en",
            (pl.col("scoring").fill_null("") != "").alias("indicator"),
        )
    )
