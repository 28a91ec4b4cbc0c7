"""Contracts of what 市教育局 (education) delivers.

Belongs here: the columns of each of its record sets. Does not belong here: pupils and staff, of whom
nothing is delivered, and delivered headers and words, which feeds.yaml maps.
"""

from __future__ import annotations

import pandera.polars as pa

from schemas.base import Event, LedgerItem


class School(LedgerItem):
    """学校和幼儿园安全防范台账: a school or kindergarten at month end: guards, alarm, closed gates."""

    guard: bool
    alarm: bool
    closed: bool


class SchoolIncident(Event):
    """涉校安全案事件登记: a campus incident and how many died; nothing of any person."""

    deaths: int = pa.Field(ge=0)
