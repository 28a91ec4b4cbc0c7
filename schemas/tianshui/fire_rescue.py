"""Contracts of what 市消防救援支队 (fire and rescue) delivers.

Belongs here: the columns of each of its record sets and what values they may take. Does not belong here:
delivered headers and words, which feeds.yaml maps, and anything that counts.
"""

from __future__ import annotations

from typing import ClassVar

import pandera.polars as pa
import polars as pl

from schemas.base import CaseWithDeadline, Event, Inspection, LedgerItem, TimeOrder

CAUSES = [
    "electrical",
    "work",
    "domestic_fire",
    "smoking",
    "playing",
    "self_ignition",
    "lightning",
    "arson",
    "other",
]
#: 一般, 较大, 重大, 特别重大 (生产安全事故报告和调查处理条例).
GRADES = ["general", "larger", "major", "extraordinary"]


class FireIncident(Event):
    """119有效火警登记: a verified fire from the call on; no arrived_at where the crew was turned back."""

    time_order: ClassVar[TimeOrder] = (("occurred_at", "arrived_at"),)

    arrived_at: pl.Datetime = pa.Field(nullable=True)
    cause: str = pa.Field(isin=CAUSES)
    grade: str = pa.Field(isin=GRADES)
    deaths: int = pa.Field(ge=0)
    loss_yuan: int = pa.Field(ge=0)


class FireInspection(Inspection):
    """消防监督检查记录: one inspection done."""


class FireHazard(CaseWithDeadline):
    """火灾隐患整改到期台账: a fire hazard in the month in which its rectification falls due."""


class MajorFireHazard(LedgerItem):
    """重大火灾隐患挂牌台账: a listed major fire hazard at month end, its due date and state."""

    due_on: pl.Date
    closed: bool


class Hydrant(LedgerItem):
    """市政消火栓台账: a municipal hydrant at month end."""

    working: bool


class FireStation(LedgerItem):
    """乡镇专职(志愿)消防队与微型消防站台账: a required brigade or micro fire station at month end."""

    kind: str = pa.Field(isin=["full_time_brigade", "volunteer_brigade", "micro_station"])
    compliant: bool


class FireTraining(Event):
    """消防宣传培训登记: one training and how many attended."""

    persons: int = pa.Field(ge=0)
