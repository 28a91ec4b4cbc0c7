"""Contracts of what 市自然资源局 (natural resources) delivers.

Belongs here: the columns of each of its record sets. Does not belong here: forest fires, which are the
emergency bureau's, and delivered headers and words, which feeds.yaml maps.
"""

from __future__ import annotations

import pandera.polars as pa

from schemas.base import Event, LedgerItem


class GeohazardSite(LedgerItem):
    """地质灾害隐患点台账: a site at month end and whether its monitoring is in place."""

    kind: str = pa.Field(isin=["landslide", "rockfall", "debris_flow", "collapse", "fissure", "slope"])
    monitored: bool


class LandPatch(LedgerItem):
    """卫片执法图斑台账: a satellite patch at month end, whether illegal and whether rectified."""

    illegal: bool
    rectified: bool


class LandCase(Event):
    """违法用地采矿案件立案登记: an illegal land-use or mining case in the month it was filed."""

    category: str = pa.Field(isin=["land", "mining"])
