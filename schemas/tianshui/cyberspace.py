"""Contracts of what 市委网络安全和信息化委员会办公室 (cyberspace affairs) delivers.

Belongs here: the columns of each of its record sets. Does not belong here: accounts and what they wrote,
and delivered headers and words, which feeds.yaml maps.
"""

from __future__ import annotations

import pandera.polars as pa

from schemas.base import CaseWithDeadline, Event


class CyberIncident(Event):
    """网络安全事件登记: a cybersecurity incident and its grade."""

    grade: str = pa.Field(isin=["general", "larger", "major", "extraordinary"])


class CyberVulnerability(CaseWithDeadline):
    """网络安全漏洞隐患整改到期台账: a vulnerability in the month in which it falls due."""


class OpinionEvent(CaseWithDeadline):
    """涉地方网络舆情处置到期台账: an event of online opinion in the month in which its handling falls due."""
