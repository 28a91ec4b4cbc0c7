"""Contracts of what 市水务局 (water affairs) delivers.

Belongs here: the columns of each of its record sets. Does not belong here: river sections and drinking-
water sources, which are the environment bureau's, and delivered headers and words, which feeds.yaml
maps.
"""

from __future__ import annotations

from schemas.base import CaseWithDeadline, Inspection


class FloodHazard(CaseWithDeadline):
    """防汛隐患整改到期台账: a flood-control hazard in the month in which it falls due."""


class WaterSample(Inspection):
    """农村集中供水水质检测记录: one sample of a rural centralised supply, passed or not."""
