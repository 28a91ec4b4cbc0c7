"""What follows when a run has taken a department's delivery: its arrival is on record, its receipt goes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from arrivals.looking import landed_digest, look
from arrivals.receipts import write_receipt
from arrivals.record import note_landed
from city.folder import City, Feed
from city.periods import Period
from city.state import StateFolder
from feeds.receipt import NOT_DELIVERED, Receipt


def note_delivery(
    city: City,
    state: StateFolder,
    feed: Feed,
    period: Period,
    receipts: Sequence[Receipt],
    sources: str,
    environment: Mapping[str, str],
    *,
    now: datetime,
) -> Path | None:
    """Record when these record sets came and write the department's receipt; answers it when it says something new."""
    record_sets = {r.name: r for r in feed.record_sets}
    for receipt in receipts:
        record_set = record_sets[receipt.record_set]
        digest = landed_digest(receipt)
        if not digest and receipt.status != NOT_DELIVERED:
            # Refused before its rows were read: the receipt names no files, so the place is looked at again.
            digest = look(record_set, period, sources, environment).digest
        note_landed(city, state, record_set, receipt, digest, now)
    return write_receipt(city, state, feed, period, receipts, now)
