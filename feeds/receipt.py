"""The receipt of a delivery: what came, what became of it, and the verdict of gate A on it.

Receipts hold no clock and no machine path, so that landing a delivery again gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from city.periods import Period

ACCEPTED = "accepted"
REFUSED = "refused"
NOT_DELIVERED = "not_delivered"


@dataclass(frozen=True)
class Receipt:
    """One record set in one month.

    received = accepted + quarantined + other_month + layout. `late` of the accepted rows came with later
    months' deliveries, `dropped` of the quarantined were left out by a correction. `files` are all files
    read: path, sha256, rows, month of delivery. `failures` are counted by reason and column, with the first
    places. `corrections` holds, by file and number of each correction that acted, its action, reason and
    provider and the rows of the month that it acted on: file, line, unit (and measure of a monthly return).
    `in_force` is the hash of an earlier accepted delivery that stays current although this attempt was not
    accepted.
    """

    department: str
    department_key: str
    record_set: str
    period: Period
    status: str
    reported: bool
    message: str = ""
    remedy: str = ""
    received: int = 0
    accepted: int = 0
    quarantined: int = 0
    other_month: int = 0
    layout: int = 0
    late: int = 0
    dropped: int = 0
    files: list[dict[str, Any]] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    landing_file: str = ""
    hash: str = ""
    quarantine_file: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    corrections: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    preview: list[dict[str, Any]] = field(default_factory=list)
    in_force: str = ""

    @property
    def key(self) -> str:
        """`police__criminal_case`, as RecordSet.key."""
        return f"{self.department_key}__{self.record_set}"

    def to_json(self) -> str:
        """The receipt as it is kept."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Receipt:
        """The inverse of to_json; fields that a later version added are left out."""
        content: Mapping[str, Any] = json.loads(text)
        return cls(**{name: value for name, value in content.items() if name in _FIELDS})


_FIELDS = frozenset(f.name for f in fields(Receipt))
