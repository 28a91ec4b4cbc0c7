"""The honest dirt of ordinary deliveries, about 3 rows in 1,000: what every office sends without noticing.

What belongs here: rows entered twice, late rows, cases closed before they were opened, units nobody can
resolve. What does not: faults asked for by name (`defects`). Dirt stays far below any feed's limit and never
touches monthly returns, tables or small record sets.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.folder import RecordSet

#: Shares of rows.
TWICE = 0.0010
LATE = 0.0008
BACKWARDS = 0.0006
UNRESOLVABLE = 0.0006
#: Below this many rows one dirty row would weigh too much.
LEAST_ROWS = 100
_BAD_NAMES = ("外省", "本辖区", "不详", "开发区管委会")


def soil_rows(record_set: RecordSet, rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Canonical rows with some entered twice, some closed before opened and some of the month before."""
    if not _is_soiled(record_set, rows):
        return rows
    if {"opened_at", "closed_at"} <= set(rows.columns) and record_set.month_by != "closed_at":
        wrong = np.zeros(len(rows), dtype=bool)
        wrong[_picked(record_set, rows, BACKWARDS, rng)] = True
        backwards = pl.col("opened_at").dt.offset_by("-2d")
        rows = rows.with_columns(
            pl.when(pl.Series(wrong)).then(backwards).otherwise(pl.col("closed_at")).alias("closed_at")
        )
    late = _late_rows(record_set, rows[_picked(record_set, rows, LATE, rng)])
    twice = rows[_picked(record_set, rows, TWICE, rng)]
    return pl.concat([rows, late, twice])


def soil_units(record_set: RecordSet, delivered: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Delivered rows with a few units that nobody can resolve."""
    if not _is_soiled(record_set, delivered):
        return delivered
    picked = _picked(record_set, delivered, UNRESOLVABLE, rng)
    if "name" in record_set.unit:
        header, bad = record_set.unit["name"], rng.choice(_BAD_NAMES, len(picked))
    else:
        header, bad = record_set.unit["code"], np.full(len(picked), "000000000")
    return delivered.with_columns(
        delivered[header].scatter(picked, pl.Series(bad, dtype=pl.String)) if len(picked) else delivered[header]
    )


def _is_soiled(record_set: RecordSet, rows: pl.DataFrame) -> bool:
    return not record_set.is_monthly_return and record_set.reader != "sql" and len(rows) >= LEAST_ROWS


def _picked(
    record_set: RecordSet, rows: pl.DataFrame, share: float, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Places of about `share` of the rows, never more than a sixth of what the feed tolerates."""
    limit = int(record_set.max_quarantined_share * len(rows) / 6)
    count = min(int(share * len(rows) + rng.random()), limit)
    return np.sort(rng.choice(len(rows), count, replace=False)).astype(np.int64)


def _late_rows(record_set: RecordSet, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of the month before that were forgotten then: all dates earlier, a key of their own."""
    dated = record_set.month_by
    is_state = dated == "as_of"
    if dated not in rows.columns or not rows.schema[dated].is_temporal() or is_state or not record_set.late_months:
        return rows.clear()
    by = pl.col(dated) - pl.col(dated).dt.offset_by("-1mo")
    temporal = [name for name, dtype in rows.schema.items() if dtype.is_temporal()]
    return rows.with_columns(
        *((pl.col(name) - by).cast(rows.schema[name]).alias(name) for name in temporal),
        (pl.col("record_id") + "B").alias("record_id"),
    )
