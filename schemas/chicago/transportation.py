"""Contracts of what Chicago's Department of Transportation publishes: lights reported out, and their repair.

Belongs here: columns and types of a request. The three kinds of light are three record sets of one shape.
"""

from __future__ import annotations

from typing import ClassVar

import pandera.polars as pa
import polars as pl

from schemas.base import Record, TimeOrder


class LightRequest(Record):
    """A light reported out, in the month of the report; without a completion while it is not repaired."""

    time_order: ClassVar[TimeOrder] = (("opened_on", "completed_on"),)

    opened_on: pl.Date
    completed_on: pl.Date = pa.Field(nullable=True)


class LightRepair(Record):
    """The same request in the month of its repair."""

    time_order: ClassVar[TimeOrder] = (("opened_on", "completed_on"),)

    opened_on: pl.Date
    completed_on: pl.Date
