"""Contracts of what Chicago's Department of Streets and Sanitation publishes: complaints received by 311.

Belongs here: columns, types and categories of a complaint, and that a duplicate is not a second one.
"""

from __future__ import annotations

from typing import ClassVar

import pandera.polars as pa
import polars as pl

from schemas.base import Record, TimeOrder

DUPLICATES = ["open_duplicate", "completed_duplicate"]
STATUSES = ["open", "completed", *DUPLICATES]


class SanitationComplaint(Record):
    """A complaint of a sanitation code violation on the day it was made.

    The department marks a further request about the same thing as a duplicate. It is no second event: it is refused
    here, with its line, and not in the SQL, so that no measure can count it by forgetting to leave it out.
    """

    time_order: ClassVar[TimeOrder] = (("opened_on", "completed_on"),)

    opened_on: pl.Date
    completed_on: pl.Date = pa.Field(nullable=True)
    status: str = pa.Field(isin=STATUSES)

    @pa.check("status", name="a request that the department did not mark as a duplicate")
    def _no_duplicate(cls, data: pa.PolarsData) -> pl.LazyFrame:  # noqa: N805 - pandera makes it a class method
        return data.lazyframe.select(~pl.col(data.key).is_in(DUPLICATES))
