"""Gate A: what departments delivered for a month, judged from the receipts of the landing.

The rules are in feeds/gate.py, which knows deliveries; here they become findings like those of the other gates.
"""

from __future__ import annotations

from collections.abc import Sequence

from city import City, Period, StateFolder, months_between
from city.periods import add_months
from feeds.gate import ERROR, judge
from feeds.landed import read_receipt
from feeds.receipt import Receipt
from gates.result import ROWS_KEPT, WARNING, Finding, GateResult
from gates.wording import delivery_title


def feed_gate(city: City, state: StateFolder, period: Period, receipts: Sequence[Receipt]) -> GateResult:
    """Gate A of one month over these receipts: one finding per record set, in their order."""
    rules = city.version(period).rules
    carried_from = add_months(period, -int((rules.get("carry_forward") or {}).get("months", 0)))
    judged = {receipt.key for receipt in receipts}
    reported_before = {
        record_set.key
        for record_set in city.record_sets
        if record_set.key in judged
        for earlier in months_between(carried_from, add_months(period, -1))
        if (receipt := read_receipt(state, record_set, earlier)) is not None and receipt.reported
    }
    faults = {f"{f.department}/{f.record_set}": f for f in judge(receipts, rules, city.record_sets, reported_before)}
    findings = []
    for receipt in receipts:
        check = f"{receipt.department_key}/{receipt.record_set}"
        fault = faults.get(check)
        rows = [
            {"unit": f"{place.get('file', '')}:{place.get('line', '')}", "value": failure.get("reason")}
            for failure in receipt.failures
            for place in failure.get("places", [])
        ]
        title_zh, title_en = delivery_title(city, check) or ("报送", "delivery")
        findings.append(
            Finding(
                check=check,
                passed=fault is None,
                severity="critical" if fault is None or fault.severity == ERROR else WARNING,
                title_zh=title_zh,
                title_en=title_en,
                observed=fault.message if fault else f"{receipt.accepted} / {receipt.received} 行采用 rows accepted",
                expected="delivered, readable, few rows quarantined",
                rows=tuple(rows[:ROWS_KEPT]) if fault else (),
                rows_total=receipt.quarantined if fault else 0,
                remedy_zh="",
                remedy_en=_remedy(fault.remedy, receipt) if fault else "",
            )
        )
    return GateResult("A", period, tuple(findings))


def _remedy(remedy: str, receipt: Receipt) -> str:
    return f"{remedy} (quarantine/{receipt.quarantine_file})" if receipt.quarantine_file else remedy
