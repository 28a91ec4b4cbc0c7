"""Contracts of what 市应急管理局 (emergency management) delivers.

Belongs here: the columns of each of its record sets and what values they may take. Does not belong here:
hazards and accidents that transport and housing record themselves, and delivered headers and words,
which feeds.yaml maps.
"""

from __future__ import annotations

import pandera.polars as pa

from schemas.base import CaseWithDeadline, Event, Inspection

#: 一般, 较大, 重大, 特别重大 (森林防火条例, 草原防火条例).
GRADES = ["general", "larger", "major", "extraordinary"]


class WorkAccident(Event):
    """生产安全事故登记: a work-safety accident in the month it happened."""

    deaths: int = pa.Field(ge=0)


class SafetyHazard(CaseWithDeadline):
    """事故隐患整改到期台账: a general or major hazard in the month in which it falls due."""

    level: str = pa.Field(isin=["general", "major"])


class SafetyInspection(Inspection):
    """安全生产执法检查记录: one inspection done."""


class Disaster(Event):
    """自然灾害灾情报送: what one disaster did in one unit."""

    kind: str = pa.Field(isin=["flood", "drought", "hail", "frost", "snow", "earthquake", "geological"])
    affected: int = pa.Field(ge=0)
    deaths: int = pa.Field(ge=0)
    missing: int = pa.Field(ge=0)


class Wildfire(Event):
    """森林草原火灾登记: a forest or grassland fire with the grade that the department gave it."""

    land: str = pa.Field(isin=["forest", "grassland"])
    grade: str = pa.Field(isin=GRADES)
