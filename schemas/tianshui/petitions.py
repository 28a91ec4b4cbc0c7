"""Contracts of what 市信访局 (petitions bureau) delivers.

Belongs here: the columns of each of its record sets and what values they may take. Does not belong here:
delivered headers and words, which feeds.yaml maps, anything that counts, and anything about who petitioned.
"""

from __future__ import annotations

import pandera.polars as pa

from schemas.base import CaseWithDeadline, Event, LedgerItem

FORMS = ["letter", "online", "telephone", "visit"]
#: Where a petition was lodged: 乡镇街道, 县区, 市, 省, 国家.
LODGED_AT = ["township", "county", "city", "province", "national"]


class Petition(Event):
    """信访登记: one letter, message, call or visiting party, and of how many persons."""

    form: str = pa.Field(isin=FORMS)
    lodged_at: str = pa.Field(isin=LODGED_AT)
    persons: int = pa.Field(ge=1)
    is_repeat: bool


class PetitionItem(CaseWithDeadline):
    """信访事项到期办结台账: an item in the month in which its answer falls due."""


class PetitionBacklogItem(LedgerItem):
    """信访积案台账: a long-pending petition at month end; resolved ones stay on the ledger."""

    resolved: bool
