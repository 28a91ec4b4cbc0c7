"""Contracts of what the police (市公安局) deliver record by record.

Belongs here: columns, types, ranges and categories of a call, a case, an accident or a ledger item. Drug
users, minors and distinct premises arrive as monthly returns and have no contract here; nothing here names a
person.
"""

from __future__ import annotations

from typing import ClassVar

import pandera.polars as pa
import polars as pl

from schemas.base import Event, LedgerItem, Record, TimeOrder

CALL_SUBTYPES = [
    "theft",
    "robbery",
    "swindling",
    "affray",
    "other_criminal",
    "other_public_order",
    "dispute",
    "help",
    "nuisance",
    "other",
]
TRAFFIC_CALL_SUBTYPES = ["accident", "illegal_parking", "congestion", "other"]
#: The eight categories of serious crime (公安机关八类) are the first eight.
CRIMINAL_CATEGORIES = [
    "homicide",
    "serious_injury",
    "rape",
    "robbery",
    "kidnapping",
    "arson",
    "explosion",
    "hijacking",
    "theft",
    "swindling",
    "telecom_fraud",
    "drugs",
    "economic",
    "dangerous_driving",
    "public_order",
    "other",
]
CAUSES = ["civil_dispute", "gain", "other", "unknown"]
PUBLIC_ORDER_CATEGORIES = ["assault", "theft", "swindling", "gambling", "disorder", "damage", "other"]
PLACES = [
    "residence",
    "public_place",
    "medical_institution",
    "school",
    "road",
    "online",
    "workplace",
    "other",
]
KEY_VEHICLE_CATEGORIES = ["coach", "tourist_coach", "dangerous_goods", "heavy_truck"]
PROTECTION_GRADES = ["first", "second", "third", "fourth"]


class PoliceCall(Record):
    """110接处警登记: a call to 110 in the month it was received; without an arrival when nobody was sent."""

    time_order: ClassVar[TimeOrder] = (("received_at", "arrived_at"),)

    received_at: pl.Datetime
    arrived_at: pl.Datetime = pa.Field(nullable=True)
    subtype: str = pa.Field(isin=CALL_SUBTYPES)
    valid: bool


class TrafficCall(Record):
    """122接处警登记: a call to the traffic police in the month it was received."""

    received_at: pl.Datetime
    subtype: str = pa.Field(isin=TRAFFIC_CALL_SUBTYPES)
    valid: bool


class CriminalCase(Record):
    """刑事案件立案登记: a criminal case in the month it was filed, telecom fraud included."""

    filed_at: pl.Datetime
    category: str = pa.Field(isin=CRIMINAL_CATEGORIES)
    cause: str = pa.Field(isin=CAUSES)
    place: str = pa.Field(isin=PLACES)


class CaseClearance(Record):
    """刑事案件破案登记, 电信网络诈骗案件破案登记: a case in the month it was cleared."""

    time_order: ClassVar[TimeOrder] = (("filed_at", "cleared_at"),)

    filed_at: pl.Datetime
    cleared_at: pl.Datetime


class PublicOrderCase(Record):
    """治安案件受理登记: a public-order case in the month it was accepted."""

    accepted_at: pl.Datetime
    category: str = pa.Field(isin=PUBLIC_ORDER_CATEGORIES)
    place: str = pa.Field(isin=PLACES)


class FraudCase(Record):
    """电信网络诈骗案件立案登记: a telecom-fraud case with its loss, in the month it was filed."""

    filed_at: pl.Datetime
    loss_yuan: int = pa.Field(ge=0)


class FraudWarning(Record):
    """反诈预警劝阻登记: a warning issued, whether the person was reached and whether a loss was avoided."""

    issued_at: pl.Datetime
    contacted: bool
    loss_avoided: bool


class MassIncident(Event):
    """群体性事件登记: a mass incident and the number of persons who took part."""

    persons: int = pa.Field(ge=1)


class ExtremeIncident(Event):
    """个人极端案事件登记: an incident confirmed as individual extreme violence."""


class TrafficAccident(Event):
    """道路交通事故登记: a road accident with its deaths, its injured, and drink driving."""

    deaths: int = pa.Field(ge=0)
    injured: int = pa.Field(ge=0)
    alcohol: bool


class KeyVehicle(LedgerItem):
    """重点车辆台账 (两客一危一货): a key vehicle at month end and the date its next inspection falls due."""

    category: str = pa.Field(isin=KEY_VEHICLE_CATEGORIES)
    inspection_due: pl.Date


class StationShift(Record):
    """农村交通安全劝导站排班上岗登记: a planned shift at a rural traffic-safety station."""

    planned_on: pl.Date
    worked: bool


class Village(LedgerItem):
    """村(社区)警务台账: a village or urban community at month end and whether an officer is posted to it."""

    has_officer: bool


class InfoSystem(LedgerItem):
    """等级保护备案系统台账: an information system at month end; assessed = an assessment is in force."""

    grade: str = pa.Field(isin=PROTECTION_GRADES)
    assessed: bool
