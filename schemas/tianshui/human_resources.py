"""Contracts of what 市人力资源和社会保障局 (human resources and social security) delivers.

Belongs here: the columns of each of its record sets. Does not belong here: workers and employers by name,
and delivered headers and words, which feeds.yaml maps.
"""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from schemas.base import CaseWithDeadline, Event, LedgerItem, Record

#: 欠薪, 社会保险, 劳动合同, 工时休假, 其他.
LABOUR_MATTERS = ["wage_arrears", "social_insurance", "contract", "working_hours", "other"]


class LabourComplaint(Event):
    """劳动保障监察投诉举报登记: a complaint, occurred_at being when it was filed."""

    matter: str = pa.Field(isin=LABOUR_MATTERS)


class LabourCase(CaseWithDeadline):
    """劳动保障监察案件到期台账: a case in the month in which it falls due."""

    matter: str = pa.Field(isin=LABOUR_MATTERS)


class ConstructionProject(LedgerItem):
    """工程建设项目台账: a project at month end, whether under way and with a dedicated wage account."""

    state: str = pa.Field(isin=["active", "suspended", "completed"])
    wage_account: bool


class LabourDispute(Record):
    """劳动人事争议调解登记: a mediated dispute in the month in which it was closed."""

    closed_at: pl.Datetime
    outcome: str = pa.Field(isin=["agreed", "not_agreed", "withdrawn"])
