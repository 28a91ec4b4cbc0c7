"""The contract of Testville's police. In a module of its own name: pandera looks types up in the class's module, and
of the many modules named conftest only the last imported would be found."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl


class Case(pa.DataFrameModel):
    """What the police of Testville deliver."""

    record_id: str
    occurred_at: pl.Datetime
    category: str
    loss: int = pa.Field(nullable=True)
