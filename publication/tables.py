"""Tables that renderings make from an issue's own: rankings, a unit's branches, deliveries by department.

Belongs here: joining and ordering rows of an issue, the same for workbook and bulletin. Nothing is computed that the
issue does not hold, but counts and sums of its rows.
"""

from __future__ import annotations

import polars as pl

from city.folder import City
from publication.reading import IssueData

_COUNTS = ("received", "accepted", "quarantined", "other_month", "layout")


def ranking(data: IssueData, city: City) -> pl.DataFrame:
    """Every unit's overall index: its names, its parent's names, the parent's own parent, residents, `vetoed`, the
    columns of scores, and rank intervals where the issue has them. Levels from the top down, then by rank; units
    without a rank last.
    """
    units = data.table("units")
    parents = units.select(
        pl.col("unit_code").alias("parent"),
        pl.col("name_zh").alias("parent_zh"),
        pl.col("name_en").alias("parent_en"),
        pl.col("parent").alias("parent_parent"),
    )
    capped = data.table("vetoes").select("unit_code").unique().with_columns(vetoed=pl.lit(True))
    order = pl.DataFrame({"unit_level": list(city.levels), "order": list(range(len(city.levels)))})
    rows = (
        data.table("scores")
        .filter(pl.col("node_code") == data.root)
        .join(units.drop("level"), on="unit_code", how="left")
        .join(parents, on="parent", how="left")
        .join(capped, on="unit_code", how="left")
        .join(order, on="unit_level", how="left")
        .with_columns(pl.col("vetoed").fill_null(False))
    )
    if data.has("robustness"):
        interval = data.table("robustness").select("unit_code", "median_rank", "rank_p05", "rank_p95", "ties")
        rows = rows.join(interval, on="unit_code", how="left")
    return rows.sort("order", "rank", "unit_code", nulls_last=True).drop("order")


def branches(data: IssueData, unit_code: str, level: int = 1) -> pl.DataFrame:
    """A unit's scores at one level of the framework, in the framework's order, with the nodes' names and weights."""
    nodes = data.table("framework").with_row_index("position").filter(pl.col("level") == level)
    named = nodes.select("position", pl.col("code").alias("node_code"), "parent", "name_zh", "name_en", "weight")
    scores = data.table("scores").filter(pl.col("unit_code") == unit_code)
    return named.join(scores, on="node_code", how="left").sort("position").drop("position")


def deliveries(data: IssueData) -> pl.DataFrame:
    """What each department delivered for the month: `record_sets`, `reported`, rows by what became of them, and
    `absent`, the record sets that did not come, in the order of departments.
    """
    names = data.table("departments").with_row_index("position")
    counted = (
        data.table("feeds")
        .filter(pl.col("period") == data.period)
        .group_by("department")
        .agg(
            pl.len().alias("record_sets"),
            pl.col("reported").fill_null(False).sum(),
            pl.col("record_set").filter(~pl.col("reported").fill_null(False)).sort().alias("absent"),
            *(pl.col(name).fill_null(0).sum() for name in _COUNTS),
        )
    )
    return (
        names.join(counted, left_on="code", right_on="department", how="left")
        .sort("position")
        .drop("position")
        .with_columns(
            pl.when(pl.col("accepted") + pl.col("quarantined") > 0)
            .then(pl.col("quarantined") / (pl.col("accepted") + pl.col("quarantined")))
            .alias("quarantined_share")
        )
    )


def trend(data: IssueData, unit_code: str) -> pl.DataFrame:
    """A unit's overall index over the months published up to this one: period, score, colour, rank."""
    wanted = (pl.col("unit_code") == unit_code) & (pl.col("node_code") == data.root)
    rows = data.history("scores", ["period", "unit_code", "node_code", "score", "colour", "rank"]).filter(wanted)
    return rows.select("period", "score", "colour", "rank").sort("period")
