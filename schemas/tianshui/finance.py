"""Contracts of what 市政府金融工作办公室 (financial work office) delivers as records.

Belongs here: the columns of each of its record sets. Does not belong here: account numbers and holders,
inspected firms, who are a monthly return of counts, and delivered headers and words, which feeds.yaml maps.
"""

from __future__ import annotations

import pandera.polars as pa

from schemas.base import Event, LedgerItem


class InvolvedAccount(Event):
    """涉案银行账户通报登记: an account newly found to be used in fraud, in its opening branch's township."""


class FundraisingCase(Event):
    """非法集资新发案件登记: a case, occurred_at being when it was filed, and the amount involved."""

    amount_yuan: int = pa.Field(ge=0)


class FundraisingLedgerCase(LedgerItem):
    """非法集资案件化解台账: a case on the ledger at month end and whether it is resolved."""

    resolved: bool
