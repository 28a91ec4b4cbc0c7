"""A published month of the small city with every column that real issues have, and names that begin as formulas do."""

from __future__ import annotations

import polars as pl
from small_candidate import small_tables

MONTH = "2022-02"
#: What each formula would do if it were one is of no interest: it must be the text it is.
PLANTED = ("=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(1)", "＝1+1")


def full_tables() -> dict[str, pl.DataFrame]:
    """Tables to hand to the fixture `release`."""
    tables = small_tables(MONTH)
    units = tables["units"]
    leaf = pl.col("scoring") != ""
    return {
        "units": units.with_columns(
            pl.Series("name_zh", [*PLANTED, *units["name_zh"].to_list()[len(PLANTED) :]]),
        ),
        "framework": tables["framework"].with_columns(
            pl.when(leaf).then(pl.lit("D1")).otherwise(pl.lit("")).alias("department"),
            pl.when(leaf).then(pl.lit("cases")).otherwise(pl.lit("")).alias("numerator"),
            pl.lit("").alias("denominator"),
            pl.lit(1.0).alias("scale"),
            pl.when(leaf).then(pl.lit("month")).otherwise(pl.lit("")).alias("window"),
            pl.lit(-1, dtype=pl.Int32).alias("direction"),
            pl.lit("").alias("applies_to"),
            pl.lit("").alias("smoothing"),
            pl.lit("件").alias("unit"),
        ),
        "scores": tables["scores"].with_columns(
            pl.lit(1, dtype=pl.Int32).alias("rank_change_month"),
            pl.lit(None, dtype=pl.Int32).alias("rank_change_year"),
        ),
        "feeds": tables["feeds"].with_columns(
            pl.lit("x.parquet").alias("landing_file"), pl.lit("0" * 64).alias("hash")
        ),
    }
