"""An issue beside others: whether a candidate says the same as the latest revision, what moved, and what
it compares its own month with. Reads tables and manifests; writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from city.periods import Period
from city.state import StateFolder
from gates.candidate import TABLES, Candidate
from publication.files import sha256_of
from publication.manifest import Issue, read_issue

#: Scores are compared after rounding to 1e-9 (METHODS.md section 1); a change is a difference of two such.
TOLERANCE = 5e-9


def changed_tables(candidate: Path, issue: Issue) -> list[str]:
    """Tables of a candidate that are not the issue's. Equal bytes are equal; where they differ, the rows
    decide: a newer Parquet writer alone does not make a revision.
    """
    changed = []
    for name in TABLES:
        file = f"{name}.parquet"
        published = issue.files.get(file)
        if published is not None and sha256_of(candidate / file) == published["sha256"]:
            continue
        before = issue.folder / file
        intact = published is not None and before.exists() and sha256_of(before) == published["sha256"]
        if not (intact and pl.read_parquet(candidate / file).equals(pl.read_parquet(before))):
            changed.append(name)
    return changed


def moved_summary(candidate: Candidate, issue: Issue, tables: list[str]) -> dict[str, Any]:
    """What a revision moves: overall scores by unit, all scores, and the largest move."""
    keys = ["unit_code", "node_code"]
    now = candidate.tables["scores"].select(*keys, "score")
    before = pl.read_parquet(issue.folder / "scores.parquet").select(*keys, pl.col("score").alias("before"))
    both = (
        now.join(before, on=keys, how="full", coalesce=True)
        .with_columns(change=pl.col("score") - pl.col("before"))
        .with_columns(
            moved=pl.col("change").abs() > TOLERANCE,
            appeared=pl.col("before").is_null() & pl.col("score").is_not_null(),
            vanished=pl.col("before").is_not_null() & pl.col("score").is_null(),
        )
        .with_columns(differs=pl.col("moved").fill_null(False) | pl.col("appeared") | pl.col("vanished"))
    )
    overall = both.filter(pl.col("node_code") == candidate.root)
    return {
        "against_revision": issue.revision,
        "tables": tables,
        "units": overall["differs"].sum(),
        "scores": both["differs"].sum(),
        "scores_appeared": both["appeared"].sum(),
        "scores_vanished": both["vanished"].sum(),
        "largest_overall": _largest(overall),
        "largest": _largest(both),
    }


def compares_with(state: StateFolder, candidate: Candidate) -> dict[str, Any]:
    """For last month and the same month last year: the revision that readers can compare with, and
    whether its scores are those that the candidate's changes were measured against.
    """
    named = candidate.description.get("compares_with") or {}
    return {span: _compared(state, candidate, named.get(span), f"change_{span}") for span in ("month", "year")}


def _compared(state: StateFolder, candidate: Candidate, period: Period | None, change: str) -> Mapping[str, Any]:
    if not period:
        return {"period": None, "reason": "there is no month to compare with"}
    folders = [f for f in (state.issues / period).glob("r*") if f.name[1:].isdigit()]
    if not folders:
        return {"period": period, "revision": None, "reason": "the month had not been published"}
    issue = read_issue(max(folders, key=lambda folder: int(folder.name[1:])))
    keys = ["unit_code", "node_code"]
    published = pl.read_parquet(issue.folder / "scores.parquet").select(*keys, pl.col("score").alias("before"))
    joined = candidate.tables["scores"].join(published, on=keys, how="left")
    implied = pl.col("score") - pl.col(change)
    differs = (
        pl.when(pl.col(change).is_not_null())
        .then(((implied - pl.col("before")).abs() > TOLERANCE).fill_null(True))
        .otherwise(pl.col("score").is_not_null() & pl.col("before").is_not_null())
    )
    differing = int(joined.select(differs.sum()).item())
    return {
        "period": period,
        "revision": issue.revision,
        "manifest_sha256": issue.manifest_sha256,
        "scores_equal": differing == 0,
        "scores_differing": differing,
    }


def _largest(rows: pl.DataFrame) -> dict[str, Any] | None:
    moved = rows.filter(pl.col("moved").fill_null(False)).sort(
        pl.col("change").abs(), "unit_code", "node_code", descending=[True, False, False]
    )
    if moved.is_empty():
        return None
    row = moved.row(0, named=True)
    return {
        "unit_code": row["unit_code"],
        "node_code": row["node_code"],
        "from": row["before"],
        "to": row["score"],
        "change": row["change"],
    }
