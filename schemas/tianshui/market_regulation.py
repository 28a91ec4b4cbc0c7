"""Contracts of what 市市场监督管理局 (market regulation) delivers.

Belongs here: the columns of each of its record sets. Does not belong here: coverage of inspections, which
is a monthly return, complainants, and delivered headers and words, which feeds.yaml maps.
"""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from schemas.base import CaseWithDeadline, Event, Inspection, LedgerItem

#: 一般, 较大, 重大, 特别重大.
GRADES = ["general", "larger", "major", "extraordinary"]


class SpecialEquipment(LedgerItem):
    """特种设备台账: a boiler, lift or the like at month end and when it must next be inspected."""

    category: str = pa.Field(isin=["lift", "boiler", "pressure_vessel", "crane", "forklift", "amusement"])
    in_use: bool
    inspection_due: pl.Date


class SpecialEquipmentAccident(Event):
    """特种设备事故登记: an accident of special equipment."""


class FoodSample(Inspection):
    """食品安全监督抽检登记: a sample of food and whether it passed."""


class FoodIncident(Event):
    """食品安全事故登记: a food-safety incident and its grade."""

    grade: str = pa.Field(isin=GRADES)


class DrugSample(Inspection):
    """药品监督抽检登记: a sample of a medicine and whether it passed."""


class DrugReaction(Event):
    """药品不良反应报告登记: a report, occurred_at being when it was received; nothing of the person."""


class DrugLead(CaseWithDeadline):
    """药品安全问题线索到期台账: a lead in the month in which it falls due."""


class ConsumerComplaint(Event):
    """12315消费投诉举报登记: a complaint, occurred_at being when it was filed."""

    category: str = pa.Field(isin=["food", "medicine", "goods", "services", "price", "advertising", "other"])


class ConsumerComplaintDue(CaseWithDeadline):
    """12315消费投诉到期台账: a complaint in the month in which it falls due."""
