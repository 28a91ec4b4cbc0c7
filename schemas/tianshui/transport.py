"""Contracts of what 市交通运输局 (transport) delivers.

Belongs here: the columns of each of its record sets. Does not belong here: road traffic accidents at
large, which are the police's, plate numbers and drivers, and delivered headers and words, which
feeds.yaml maps.
"""

from __future__ import annotations

import pandera.polars as pa

from schemas.base import CaseWithDeadline, Event, LedgerItem


class RoadBlackSpot(LedgerItem):
    """道路安全隐患点段台账: a listed stretch of road at month end."""

    treated: bool


class TransportHazard(CaseWithDeadline):
    """道路运输企业隐患整改到期台账: a transport firm's hazard in the month in which it falls due."""


class OperatingVehicle(LedgerItem):
    """营运车辆动态监控台账: an operating vehicle at month end, by the number of its transport licence."""

    online: bool


class OperatingAccident(Event):
    """营运车辆事故登记: an operating vehicle in an accident; liable: equal, main or full blame."""

    liable: bool
    deaths: int = pa.Field(ge=0)
