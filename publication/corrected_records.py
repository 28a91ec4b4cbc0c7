"""Records of an issue that a correction changed or dropped, from what its manifest says of each landing file.

A correction's word comes with the landing file that it acted on, so it is told as it was then, whatever stands in
`corrections/` today.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from city.periods import Period

ACCEPTED, CORRECTED, DROPPED = "accepted", "corrected", "dropped_by_correction"
#: What tells one record from another.
PLACE = ("record_set", "period", "source_file", "source_line")
_SCHEMA = {
    "record_set": pl.String,
    "period": pl.String,
    "source_file": pl.String,
    "source_line": pl.Int32,
    "unit_code": pl.String,
    "measure": pl.String,
    "status": pl.String,
    "correction": pl.String,
}


def corrected_records(
    files: Mapping[tuple[str, Period], Mapping[str, Any]], keys: Collection[str], periods: Sequence[Period]
) -> pl.DataFrame:
    """One row per record of these sets and months on which corrections acted; `measure` is that of a monthly return.

    A record that was set right may still have failed its contract: whether it is landed is not known here.
    """
    rows = [
        {
            "record_set": key,
            "period": period,
            "source_file": row["file"],
            "source_line": row["line"],
            "unit_code": row["unit"],
            "measure": row.get("measure"),
            "status": DROPPED if told["action"] == "drop" else CORRECTED,
            "correction": f"{label}: {told['reason']} ({told['provider']})",
        }
        for (key, period), entry in files.items()
        if key in keys and period in periods
        for label, told in entry.get("corrections", {}).items()
        for row in told["rows"]
    ]
    # several corrections may act on one record; `dropped_by_correction` is the later word of the two
    return (
        pl.DataFrame(rows, schema=_SCHEMA)
        .group_by(PLACE, maintain_order=True)
        .agg(pl.col("unit_code", "measure").first(), pl.col("status").max(), pl.col("correction").str.join("; "))
    )
