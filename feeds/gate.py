"""Gate A over a month: which receipts hold the month back (error), and which only have to be told (warn)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from city.folder import RecordSet
from feeds.receipt import ACCEPTED, NOT_DELIVERED, Receipt

ERROR = "error"
WARN = "warn"


@dataclass(frozen=True)
class Finding:
    """Something to act on, about one record set in one month."""

    severity: str
    department: str
    record_set: str
    period: str
    message: str
    remedy: str


def judge(
    receipts: Iterable[Receipt],
    rules: Mapping[str, Any],
    record_sets: Iterable[RecordSet],
    reported_before: Collection[str] | None = None,
) -> list[Finding]:
    """Findings on receipts, errors first.

    Refused: error. Not delivered: error when the record set is required and the rules do not let its
    department's values be carried forward, else warn; also warn when an earlier delivery of the month stays
    in force. Accepted but unreported (the records end early): warn. `reported_before` are the keys of
    record sets that were reported within the carry limit; when given, only those can be carried.
    """
    by_key = {record_set.key: record_set for record_set in record_sets}
    findings = [
        finding
        for receipt in receipts
        if (finding := _finding(receipt, rules, by_key.get(receipt.key), reported_before)) is not None
    ]
    return sorted(findings, key=lambda f: f.severity != ERROR)


def _finding(
    receipt: Receipt,
    rules: Mapping[str, Any],
    record_set: RecordSet | None,
    reported_before: Collection[str] | None,
) -> Finding | None:
    def found(severity: str, message: str = "") -> Finding:
        return Finding(
            severity,
            receipt.department_key,
            receipt.record_set,
            receipt.period,
            message or receipt.message,
            receipt.remedy,
        )

    if receipt.status == ACCEPTED:
        return None if receipt.reported else found(WARN)
    if receipt.status != NOT_DELIVERED:
        return found(ERROR)
    if receipt.in_force:
        return found(WARN, f"{receipt.message}; the delivery landed before stays in force")
    if record_set is not None and not record_set.required:
        return found(WARN)
    if may_be_carried(receipt, rules) and (reported_before is None or receipt.key in reported_before):
        return found(WARN, f"{receipt.message}; its last values are carried forward")
    return found(ERROR)


def may_be_carried(receipt: Receipt, rules: Mapping[str, Any]) -> bool:
    """Whether the rules let the values of a department that did not deliver be carried forward."""
    carry: Mapping[str, Any] = rules.get("carry_forward") or {}
    excepted = carry.get("except") or ()
    return int(carry.get("months", 0)) >= 1 and not {receipt.department, receipt.department_key} & set(excepted)
