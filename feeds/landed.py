"""What lies in the landing: receipts and files of months, read. How they come there is in feeds/landing.py.

It needs nothing that reads or judges deliveries, so that the processes which only look at receipts start quickly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from city.folder import City, RecordSet
from city.periods import Period
from city.state import StateFolder
from feeds.errors import FeedError, feed_name
from feeds.receipt import NOT_DELIVERED, Receipt

CURRENT = "current.json"
ATTEMPT = "attempt.json"


def read_receipt(state: StateFolder, record_set: RecordSet, period: Period) -> Receipt | None:
    """The receipt of what is landed; where nothing ever was, of the last attempt; None without either."""
    folder = landed_folder(state, record_set, period)
    return receipt_at(folder / CURRENT) or receipt_at(folder / ATTEMPT)


def was_tried(state: StateFolder, record_set: RecordSet, period: Period) -> bool:
    """Whether a month was ever landed or tried; reads nothing."""
    folder = landed_folder(state, record_set, period)
    return (folder / CURRENT).exists() or (folder / ATTEMPT).exists()


def read_attempt(state: StateFolder, record_set: RecordSet, period: Period) -> Receipt | None:
    """The last attempt's receipt when it was not accepted, else None."""
    return receipt_at(landed_folder(state, record_set, period) / ATTEMPT)


def current_landing(state: StateFolder, record_sets: Iterable[RecordSet], periods: Sequence[Period]) -> list[Receipt]:
    """Receipts of all that is landed for these record sets and months; FeedError when a file has gone."""
    found: list[Receipt] = []
    for record_set in record_sets:
        for period in periods:
            receipt = receipt_at(landed_folder(state, record_set, period) / CURRENT)
            if receipt is None:
                continue
            if not (state.landing / receipt.landing_file).is_file():
                raise FeedError(
                    feed_name(record_set),
                    receipt.landing_file,
                    "the landing file that current.json names is gone",
                    f"materialise the feeds of {period} again",
                )
            found.append(receipt)
    return found


def month_receipts(city: City, state: StateFolder, period: Period) -> list[Receipt]:
    """What became of every record set in a month: its last attempt, else what is landed, else that nothing came."""
    return [
        read_attempt(state, r, period)
        or read_receipt(state, r, period)
        or Receipt(r.department, r.department_key, r.name, period, NOT_DELIVERED, False, "never asked for")
        for r in city.record_sets
    ]


def landed_folder(state: StateFolder, record_set: RecordSet, period: Period) -> Path:
    """Where a month of a record set is landed."""
    return state.landing.joinpath(record_set.department_key, record_set.name, period)


def receipt_at(path: Path) -> Receipt | None:
    """The receipt in a file; None when there is no file."""
    try:
        return Receipt.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
