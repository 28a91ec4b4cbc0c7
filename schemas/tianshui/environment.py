"""Contracts of what 市生态环境局 (ecology and environment) delivers.

Belongs here: the columns of each of its record sets. Does not belong here: which days are good or which
sections comply beyond what the office says, and delivered headers and words, which feeds.yaml maps.
"""

from __future__ import annotations

from typing import ClassVar

import pandera.polars as pa
import polars as pl

from schemas.base import CaseWithDeadline, Event, LedgerItem, Record

#: 一般, 较大, 重大, 特别重大.
GRADES = ["general", "larger", "major", "extraordinary"]


class AirDay(Record):
    """空气质量日报: a station's day; its unit is the station's own township. One row per station and day."""

    key: ClassVar[tuple[str, ...]] = ("station", "day")

    station: str
    day: pl.Date
    valid: bool
    good: bool = pa.Field(nullable=True)
    pm25_tenths: int = pa.Field(ge=0, nullable=True)


class AirStationService(LedgerItem):
    """空气监测站点服务范围台账: the station nearest to a township, at month end."""

    station: str


class WaterSection(LedgerItem):
    """地表水断面水质月报: a section's class of the month and its target, Ⅰ to 劣Ⅴ as 1 to 6."""

    quality_class: int = pa.Field(ge=1, le=6)
    target_class: int = pa.Field(ge=1, le=6)


class WaterSource(LedgerItem):
    """集中式饮用水水源地水质月报: a drinking-water source and whether it complied in the month."""

    compliant: bool


class EnvironmentalEmergency(Event):
    """突发环境事件登记: an environmental emergency and its grade."""

    grade: str = pa.Field(isin=GRADES)


class EnvironmentalComplaint(Event):
    """生态环境投诉登记: a complaint, occurred_at being when it was filed; one row per complaint."""


class EnvironmentalProblem(CaseWithDeadline):
    """生态环境问题整改到期台账: a problem in the month in which its rectification falls due."""


class HazardousWaste(LedgerItem):
    """危险废物管理月报: what a producer generated and had safely disposed of in the month."""

    generated_kg: int = pa.Field(ge=0)
    disposed_kg: int = pa.Field(ge=0)
