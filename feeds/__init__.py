"""Feeds: from a department's delivery to typed Parquet by month, with every row accounted for.

Belongs here: reading deliveries, resolving units, contracts, privacy, corrections, landing, gate A.
Does not belong here: counting records into measures (dbt_project), when things run (pipelines), Dagster.
"""

from feeds.errors import FeedError, NotDelivered
from feeds.gate import Finding, judge
from feeds.landing import current_landing, land, land_department, read_attempt, read_receipt, receive
from feeds.receipt import Receipt

__all__ = [
    "FeedError",
    "Finding",
    "NotDelivered",
    "Receipt",
    "current_landing",
    "judge",
    "land",
    "land_department",
    "read_attempt",
    "read_receipt",
    "receive",
]
