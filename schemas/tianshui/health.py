"""Contracts of what 市卫生健康委员会 (health) delivers as records.

Belongs here: the columns of each of its record sets. Does not belong here: infectious cases, vaccination
and patients with mental disorders, who are monthly returns of counts, and delivered headers and words,
which feeds.yaml maps.
"""

from __future__ import annotations

from typing import ClassVar

import pandera.polars as pa
import polars as pl

from schemas.base import Event, Record, TimeOrder


class EmsCall(Record):
    """120急救调度登记: an ambulance call; no arrival where the call was cancelled."""

    time_order: ClassVar[TimeOrder] = (("called_at", "arrived_at"),)

    called_at: pl.Datetime
    arrived_at: pl.Datetime = pa.Field(nullable=True)


class HealthEmergency(Event):
    """突发公共卫生事件登记: a public-health emergency and its grade."""

    grade: str = pa.Field(isin=["general", "larger", "major", "extraordinary"])


class MedicalDispute(Event):
    """医疗纠纷登记: a dispute, occurred_at being when it was registered."""
