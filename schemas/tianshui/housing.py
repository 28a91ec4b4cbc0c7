"""Contracts of what 市住房和城乡建设局 (housing and construction) delivers.

Belongs here: the columns of each of its record sets. Does not belong here: gas users, who are a monthly
return of counts, and delivered headers and words, which feeds.yaml maps.
"""

from __future__ import annotations

import pandera.polars as pa

from schemas.base import CaseWithDeadline, Event, LedgerItem


class ConstructionAccident(Event):
    """房屋市政工程施工安全事故登记: a safety accident on housing or municipal works."""


class ConstructionHazard(CaseWithDeadline):
    """在建工程安全隐患整改到期台账: a construction site's hazard in the month in which it falls due."""


class SelfbuiltHouse(LedgerItem):
    """经营性自建房台账: a self-built house in commercial use at month end, its hazard and state."""

    risk: str = pa.Field(isin=["none", "general", "serious"])
    closed: bool


class GasAccident(Event):
    """燃气事故登记: a gas accident and its deaths."""

    deaths: int = pa.Field(ge=0)
