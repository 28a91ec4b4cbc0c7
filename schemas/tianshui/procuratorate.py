"""Contracts of what 市人民检察院 (people's procuratorate) delivers as records.

Belongs here: the columns of its record sets and what values they may take. Does not belong here: delivered
headers and words, which feeds.yaml maps, anything that counts, and juvenile offenders, who arrive as a
monthly return only; no record says how old anybody is.
"""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from schemas.base import CaseWithDeadline, Record

CHARGES = ["public_safety", "person", "property", "market_order", "public_order", "drugs", "office", "other"]
FIELDS = ["environment", "food_and_drugs", "state_property", "land", "work_safety", "heritage", "other"]


class Prosecution(Record):
    """提起公诉登记: a person (a number within the case, nothing more) in the month of prosecution."""

    prosecuted_on: pl.Date
    charge: str = pa.Field(isin=CHARGES)


class PublicInterestCase(CaseWithDeadline):
    """公益诉讼检察建议整改到期台账: a proposal in the month in which rectification falls due."""

    category: str = pa.Field(isin=FIELDS)
