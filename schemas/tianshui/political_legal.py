"""Contracts of what 市委政法委（市平安办） (political and legal affairs commission, Safe Tianshui office) delivers.

Belongs here: the columns of each of its record sets and what values they may take. Does not belong here:
delivered headers and words, which feeds.yaml maps, and anything that counts. Disputes here are those of the
governance platform; the mediation committees' are the justice bureau's.
"""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from schemas.base import CaseWithDeadline, LedgerItem, Record

DISPUTE_KINDS = ["family", "neighbour", "land", "housing", "wages", "contract", "damages", "other"]
DECISION_KINDS = ["works", "land_taking", "policy", "restructuring", "environment", "other"]
RISK_KINDS = ["labour", "finance", "land", "housing", "environment", "veterans", "other"]
ORDER_PROBLEM_KINDS = ["theft", "fraud", "gambling", "drugs", "disorder", "school_surroundings", "other"]
GRID_EVENT_KINDS = ["dispute", "public_order", "safety_hazard", "sanitation", "public_service", "other"]


class Dispute(CaseWithDeadline):
    """矛盾纠纷到期化解台账: a dispute of the platform in the month in which its resolution falls due."""

    category: str = pa.Field(isin=DISPUTE_KINDS)


class MajorDecision(Record):
    """应评估重大决策登记: a decision that must be assessed for stability risks, and whether it was."""

    decided_on: pl.Date
    category: str = pa.Field(isin=DECISION_KINDS)
    assessed: bool


class RiskLead(CaseWithDeadline):
    """涉稳风险隐患处置到期台账: a lead in the month in which its handling falls due."""

    category: str = pa.Field(isin=RISK_KINDS)


class Camera(LedgerItem):
    """公共安全视频监控台账: a camera at month end, online or not when last polled."""

    online: bool


class OrderProblem(CaseWithDeadline):
    """社会治安突出问题整改到期台账: a listed problem in the month in which its rectification falls due."""

    category: str = pa.Field(isin=ORDER_PROBLEM_KINDS)


class GridEvent(CaseWithDeadline):
    """网格事件到期办理台账: an event reported by a grid worker in the month in which it falls due."""

    category: str = pa.Field(isin=GRID_EVENT_KINDS)


class Grid(LedgerItem):
    """网格台账: a grid at month end with its full-time workers and how many the standard requires."""

    workers_required: int = pa.Field(ge=1)
    full_time_workers: int = pa.Field(ge=0)
