"""Contracts of what 市司法局 (justice bureau) delivers as records.

Belongs here: the columns of its record sets on mediation and what values they may take. Does not belong here:
delivered headers and words, which feeds.yaml maps, anything that counts, and persons under correction or
released from prison, who arrive as monthly returns only.
"""

from __future__ import annotations

from typing import ClassVar

import pandera.polars as pa
import polars as pl

from schemas.base import Event, Record, TimeOrder

DISPUTE_KINDS = ["family", "neighbour", "land", "housing", "wages", "contract", "damages", "other"]


class Dispute(Event):
    """人民调解受理登记: a dispute in the month in which a mediation committee registered it."""

    category: str = pa.Field(isin=DISPUTE_KINDS)


class Mediation(Record):
    """人民调解终结登记: a mediation in the month in which it was concluded, agreed or failed."""

    time_order: ClassVar[TimeOrder] = (("registered_at", "concluded_at"),)

    registered_at: pl.Datetime
    concluded_at: pl.Datetime
    agreed: bool


class MedicalMediation(Mediation):
    """医疗纠纷调解终结登记: the same of the medical-dispute mediation committees."""
