"""Contracts of what 市农业农村局 (agriculture and rural affairs) delivers.

Belongs here: the columns of each of its record sets. Does not belong here: owners and drivers, and
delivered headers and words, which feeds.yaml maps.
"""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from schemas.base import Event, Inspection, LedgerItem


class FarmMachine(LedgerItem):
    """农业机械台账: a machine at month end and when it must next be inspected."""

    category: str = pa.Field(isin=["tractor", "combine", "other"])
    inspection_due: pl.Date


class FarmMachineAccident(Event):
    """农机事故登记: an accident of a farm machine and its deaths."""

    deaths: int = pa.Field(ge=0)


class ProduceSample(Inspection):
    """食用农产品质量安全监测登记: a sample of farm produce and whether it passed."""
