"""What follows when a run has taken a department's delivery: its arrival is on record, its receipt goes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from arrivals.looking import landed_digest, look
from arrivals.receipts import latest_receipt, receipt_text, write_receipt
from arrivals.record import note_landed
from city.folder import City, Feed
from city.periods import Period
from city.state import StateFolder
from feeds.receipt import NOT_DELIVERED, Receipt
from notices.outbox import INFO, WARNING, Notice


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


def receipt_notice(city: City, feed: Feed, period: Period, page: Path) -> Notice:
    """The notice that carries a receipt to its department."""
    content = latest_receipt(page.parent)
    if content is None:
        raise FileNotFoundError(f"{page.parent} holds no receipt")
    wrong = int(content["corrections_needed"])
    to_do_zh = f"，{wrong} 个记录集须更正" if wrong else "，无须更正"
    to_do_en = f", {wrong} record sets to correct" if wrong else ", nothing to correct"
    return Notice(
        key=f"receipt/{period}/{feed.department.key}/{page.stem}",
        kind="receipt",
        severity=WARNING if wrong else INFO,
        subject_zh=f"{feed.department.name_zh} {period} 报送回执第 {page.stem} 次{to_do_zh}",
        subject_en=f"{feed.department.name_en} {period}: receipt no. {page.stem}{to_do_en}",
        text_zh=receipt_text(content),
        text_en=f"The receipt: receipts/{feed.department.key}/{period}/{page.name} of the state folder.",
        period=period,
        department=feed.department.code,
    )
