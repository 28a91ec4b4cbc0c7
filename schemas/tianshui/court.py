"""Contracts of what 市中级人民法院 (intermediate people's court) delivers for all courts of the city.

Belongs here: the columns of each of its record sets and what values they may take. Does not belong here:
delivered headers and words, which feeds.yaml maps, anything that counts, and anything about the parties.
"""

from __future__ import annotations

from typing import ClassVar

import pandera.polars as pa
import polars as pl

from schemas.base import Record, TimeOrder

CAUSES = ["family", "contract", "tort", "property", "labour", "company", "other"]
#: 执行完毕, 终结执行, 终结本次执行程序, 不予执行或驳回申请.
ENFORCEMENT_OUTCOMES = ["fully_enforced", "terminated", "suspended_for_lack_of_assets", "refused"]
#: The authority wins with the first three, loses with the last three.
ADMIN_SUIT_OUTCOMES = [
    "dismissed",
    "withdrawn",
    "settled",
    "revoked",
    "ordered_to_act",
    "declared_unlawful",
]


class CivilSuit(Record):
    """民商事一审收案登记: a civil or commercial suit of first instance in the month of filing."""

    filed_on: pl.Date
    cause: str = pa.Field(isin=CAUSES)


class EnforcementCase(Record):
    """首次执行案件结案登记: a first-time enforcement case in the month of closure."""

    time_order: ClassVar[TimeOrder] = (("filed_on", "closed_on"),)

    filed_on: pl.Date
    closed_on: pl.Date
    outcome: str = pa.Field(isin=ENFORCEMENT_OUTCOMES)


class AdminSuit(Record):
    """行政诉讼一审结案登记: a suit against a township, county or city authority in the month of closure."""

    time_order: ClassVar[TimeOrder] = (("filed_on", "closed_on"),)

    filed_on: pl.Date
    closed_on: pl.Date
    outcome: str = pa.Field(isin=ADMIN_SUIT_OUTCOMES)
