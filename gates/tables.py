"""The tables that gate C's checks are made on, derived from a candidate: plain polars, no verdicts.

Each has the columns `unit` and `node`, which name the row to a person. Counts come from the candidate's
own units and framework, so that no city's size is written in code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from city.folder import City
from gates.candidate import Candidate

#: Statuses of METHODS.md section 3, and those with which a score is there.
STATUSES = ("measured", "partial", "carried_forward", "not_applicable", "missing")
SCORED = ("measured", "partial", "carried_forward")

_HUNDRED = {"goalpost", "target_attainment", "relative_minmax", "zero_tolerance"}
Range = tuple[float, float] | None


def spine(candidate: Candidate) -> pl.DataFrame:
    """Every unit × node that there must be, with the number of rows there are in scores."""
    counted = candidate.tables["scores"].group_by("unit_code", "node_code").agg(pl.len().alias("rows"))
    return (
        _unit_nodes(candidate)
        .join(counted, on=["unit_code", "node_code"], how="left")
        .with_columns(pl.col("rows").fill_null(0).cast(pl.Int64))
        .select(pl.col("unit_code").alias("unit"), pl.col("node_code").alias("node"), "rows")
        .sort("unit", "node")
    )


def levels(candidate: Candidate) -> pl.DataFrame:
    """Rows expected and found per unit level and node level; `difference` is found − expected."""
    keys = ["unit_level", "node_level"]
    expected = _unit_nodes(candidate).group_by(keys).agg(pl.len().cast(pl.Int64).alias("expected"))
    found = (
        candidate.tables["scores"]
        .with_columns(pl.col("node_level").cast(pl.Int64))
        .group_by(keys)
        .agg(pl.len().cast(pl.Int64).alias("found"))
    )
    return (
        expected.join(found, on=keys, how="full", coalesce=True, nulls_equal=True)
        .with_columns(pl.col("expected", "found").fill_null(0))
        .select(
            pl.col("unit_level").fill_null("?").alias("unit"),
            pl.format("level {}", pl.col("node_level").fill_null(-1)).alias("node"),
            (pl.col("found") - pl.col("expected")).alias("difference"),
            pl.format("{} (expected {})", "found", "expected").alias("value"),
        )
        .sort("unit", "node")
    )


def scores(candidate: Candidate) -> pl.DataFrame:
    """One row per row of scores, with what its checks look at."""
    table = candidate.tables["scores"]
    units = candidate.tables["units"]["unit_code"].to_list()
    nodes = candidate.tables["framework"]["code"].to_list()
    ranges = score_ranges(candidate.tables["framework"])
    bounds = pl.DataFrame(
        [(code, r[0] if r else None, r[1] if r else None) for code, r in ranges.items()],
        schema={"node_code": pl.String, "lowest": pl.Float64, "highest": pl.Float64},
        orient="row",
    )
    there = pl.col("score").is_finite().fill_null(False)
    is_overall = pl.col("node_code") == candidate.root
    beyond = pl.max_horizontal(pl.col("lowest") - pl.col("score"), pl.col("score") - pl.col("highest"), 0.0)
    return (
        table.join(bounds, on="node_code", how="left", maintain_order="left")
        .with_columns(
            beyond=pl.when(there).then(beyond).otherwise(0.0),
            known=pl.col("unit_code").is_in(units) & pl.col("node_code").is_in(nodes),
            agrees=(there == pl.col("status").is_in(SCORED)) & (there | pl.col("score").is_null()),
            stated=pl.col("status").fill_null("(none)"),
            # A scored overall index without a colour is as wrong as one with a colour that no rule knows.
            coloured=pl.when(is_overall & there)
            .then(pl.col("colour").fill_null("(none)"))
            .when(is_overall & pl.col("colour").is_not_null())
            .then(pl.format("{} without a score", "colour"))
            .otherwise(pl.col("colour")),
            covered=pl.col("coverage"),
        )
        .with_columns(pl.col("agrees").fill_null(False), pl.col("known").fill_null(False))
        .select(
            pl.col("unit_code").alias("unit"), pl.col("node_code").alias("node"), "period", "score", "beyond",
            "known", "agrees", "stated", "coloured", "covered",
            pl.format("{}, {}", "stated", pl.col("score").cast(pl.String).fill_null("–")).alias("value"),
        )
    )  # fmt: skip


def keyed(table: pl.DataFrame, node: str) -> pl.DataFrame:
    """Keys and status of values (node = indicator) or measures (node = measure)."""
    return table.select(
        pl.col("unit_code").alias("unit"),
        pl.col(node).alias("node"),
        "period",
        pl.col("status").fill_null("(none)").alias("stated"),
    )


def indicators(candidate: Candidate, lowest: str) -> pl.DataFrame:
    """Indicators by how many different scores the lowest units have; of those that two units or more are scored in.

    Scores are compared after rounding to 1e-9. Bounds of peer groups may tell equal values apart: then they are not.
    """
    # Zero tolerance is the same everywhere when nothing happened: that is what is wanted, not worth a warning a month.
    scored = ~pl.col("scoring").fill_null("").is_in(["", "zero_tolerance"])
    leaves = candidate.tables["framework"].filter(scored)["code"]
    return (
        candidate.tables["scores"]
        .filter((pl.col("unit_level") == lowest) & pl.col("node_code").is_in(leaves.implode()))
        .filter(pl.col("score").is_finite())
        .group_by(pl.col("node_code").alias("node"))
        .agg(pl.len().alias("units"), pl.col("score").round(9).n_unique().alias("different"), pl.col("score").first())
        .filter(pl.col("units") > 1)
        .select(
            pl.lit("").alias("unit"), "node", pl.col("different").cast(pl.Int64),
            pl.format("{} × {}", pl.col("score").round(2), "units").alias("value"),
        )
        .sort("node")
    )  # fmt: skip


def overall(candidate: Candidate, previous: pl.DataFrame | None) -> pl.DataFrame:
    """The overall index of every unit beside last month's; `size` is the change without its sign."""
    now = candidate.overall.select("unit_code", "unit_level", "score", "coverage", "colour")
    before = (
        previous.select("unit_code", "before")
        if previous is not None
        else pl.DataFrame(schema={"unit_code": pl.String, "before": pl.Float64})
    )
    return (
        now.join(before, on="unit_code", how="left")
        .with_columns(change=pl.col("score") - pl.col("before"))
        .select(
            pl.col("unit_code").alias("unit"),
            pl.lit(candidate.root).alias("node"),
            "unit_level",
            "score",
            pl.col("coverage").fill_null(0.0),
            "colour",
            "before",
            pl.format("{}%", (pl.col("coverage") * 100).fill_null(0.0).round(2)).alias("percent"),
            "change",
            pl.col("change").abs().alias("size"),
        )
        .sort("unit")
    )


def overall_before(folder: pl.DataFrame, root: str) -> pl.DataFrame:
    """Last month's overall scores, from its scores table."""
    return folder.filter(pl.col("node_code") == root).select("unit_code", pl.col("score").alias("before"))


def rank_moves(leaves: pl.DataFrame) -> tuple[float | None, pl.DataFrame]:
    """Spearman's rank correlation of this month's overall scores with last month's (mean ranks for ties,
    Pearson's r of the ranks), over units that have both, and those units by how far they moved. None
    below 3 units, or when all units share one score in either month: then no order exists that could be
    compared.
    """
    both = (
        leaves.drop_nulls(["score", "before"])
        .with_columns(
            now_rank=pl.col("score").rank("average", descending=True),
            before_rank=pl.col("before").rank("average", descending=True),
            now_place=pl.col("score").rank("min", descending=True),
            before_place=pl.col("before").rank("min", descending=True),
        )
        .with_columns(moved=(pl.col("now_rank") - pl.col("before_rank")).abs())
        .sort(["moved", "unit"], descending=[True, False])
    )
    if both.height < 3 or both["score"].n_unique() == 1 or both["before"].n_unique() == 1:
        return None, both
    return float(both.select(pl.corr("now_rank", "before_rank")).item()), both


def required_deliveries(candidate: Candidate, city: City) -> pl.DataFrame:
    """One row per record set that a department must deliver, with whether it was reported this month."""
    required = pl.DataFrame(
        [(r.department_key, r.name) for r in city.record_sets if r.required],
        schema={"department_key": pl.String, "record_set": pl.String},
        orient="row",
    )
    feeds = candidate.tables["feeds"].filter(pl.col("period") == candidate.period)
    return (
        required.join(
            feeds.select("department_key", "record_set", "reported", "status"),
            on=["department_key", "record_set"],
            how="left",
        )
        .select(
            pl.col("department_key").alias("unit"),
            pl.col("record_set").alias("node"),
            pl.col("reported").fill_null(False),
            pl.col("status").fill_null("not_delivered").alias("value"),
        )
        .sort("unit", "node")
    )


def score_ranges(framework: pl.DataFrame) -> dict[str, Range]:
    """The range each node's scores must lie in (METHODS.md section 2), None where it is unbounded.

    Leaves: by scoring kind. A node above spans its children's ranges, and is unbounded when one of them
    is; a geometric or harmonic mean with a floor stays within that span.
    """
    rows = {str(row["code"]): row for row in framework.iter_rows(named=True)}
    children: dict[str, list[str]] = {}
    for code, row in rows.items():
        children.setdefault(str(row["parent"] or ""), []).append(code)

    def span(code: str) -> Range:
        row = rows[code]
        if row["scoring"]:
            return _leaf_range(str(row["scoring"]), _params(row["params"]))
        below = [span(child) for child in children.get(code, [])]
        known = [r for r in below if r is not None]
        if not known or len(known) < len(below):
            return None
        return min(low for low, _ in known), max(high for _, high in known)

    return {code: span(code) for code in rows}


def _leaf_range(kind: str, params: Mapping[str, Any]) -> Range:
    if kind in _HUNDRED:
        return 0.0, 100.0
    if kind == "percentile_rank":
        return 0.0, float(params.get("factor", 100))
    if kind == "minmax" and params.get("clip"):
        ends = float(params.get("L", 0)), float(params.get("U", 100))
        return min(ends), max(ends)
    return None


def _params(text: Any) -> Mapping[str, Any]:
    content = json.loads(text or "{}") if isinstance(text, str | None) else text
    return content if isinstance(content, Mapping) else {}


def _unit_nodes(candidate: Candidate) -> pl.DataFrame:
    units = candidate.tables["units"].select("unit_code", pl.col("level").alias("unit_level"))
    nodes = candidate.tables["framework"].select(
        pl.col("code").alias("node_code"), pl.col("level").cast(pl.Int64).alias("node_level")
    )
    return units.join(nodes, how="cross")
