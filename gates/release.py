"""Gate C: whether the release tables of one month may be published.

Asks, and answers with findings; it neither publishes nor stores. Publication calls it again on the very
tables it is about to publish.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from city.folder import City
from gates.candidate import Candidate, load_candidate
from gates.checks import Check, plan_checks
from gates.expectations import validate_tables
from gates.result import Finding, GateResult
from gates.wording import WORDING

GATE = "C"


def evaluate_release_gate(candidate: Path, city: City, previous: Path | None) -> GateResult:
    """Judge the candidate in a folder.

    `previous` is the folder (an issue's revision or a candidate) that holds last month's scores.parquet;
    None when there is no such month, and then the checks that compare are recorded as not applicable.
    Thresholds: the version of the method in force in the month, see gates.checks. Raises
    FileNotFoundError when the folder holds no candidate.
    """
    month = load_candidate(candidate)
    if month.faults:
        return GateResult(GATE, month.period, (_absent(month),))
    before = None if previous is None else pl.read_parquet(previous / "scores.parquet")
    plan = plan_checks(month, city, before)
    answers, record = validate_tables(tuple(c for c in plan.checks if c.not_applicable is None), plan.tables)
    names = _names(month)
    present = Finding(
        check="tables_present",
        passed=True,
        observed=f"{len(month.tables)} 张表 tables",
        expected="全部表与列 every table and column",
        **_worded("tables_present"),
    )
    findings = [present]
    for check in plan.checks:
        finding = _not_applicable(check) if check.not_applicable else answers[check.name]
        rows = tuple({**row, **_named(row, names)} for row in finding.rows)
        findings.append(replace(finding, rows=rows))
    return GateResult(
        gate=GATE,
        period=month.period,
        findings=tuple(findings),
        compared_with=None if before is None or before.is_empty() else str(before["period"][0]),
        gx_result=record,
    )


def _absent(month: Candidate) -> Finding:
    rows = tuple({"unit": table, "node": column, "value": "missing"} for table, column in month.faults)
    return Finding(
        check="tables_present",
        passed=False,
        observed=f"{len(rows)} missing 缺失",
        expected="全部表与列 every table and column",
        rows=rows,
        rows_total=len(rows),
        **_worded("tables_present"),
    )


def _not_applicable(check: Check) -> Finding:
    assert check.not_applicable is not None  # nosec B101 # the caller chose it by this
    reason_zh, reason_en = check.not_applicable
    return Finding(
        check=check.name,
        passed=True,
        observed="–",
        expected="–",
        not_applicable_zh=reason_zh,
        not_applicable_en=reason_en,
        **_worded(check.name),
    )


def _worded(name: str) -> dict[str, Any]:
    wording = WORDING[name]
    return {
        "severity": wording.severity,
        "title_zh": wording.title_zh,
        "title_en": wording.title_en,
        "remedy_zh": wording.remedy_zh,
        "remedy_en": wording.remedy_en,
    }


def _names(month: Candidate) -> dict[str, str]:
    """Chinese names of units, nodes and departments by the code that failing rows show."""
    names: dict[str, str] = {}
    for table, code in (("departments", "key"), ("framework", "code"), ("units", "unit_code")):
        rows = month.tables[table].select(code, "name_zh").iter_rows()
        names.update({str(key): str(name) for key, name in rows})
    return names


def _named(row: Mapping[str, Any], names: dict[str, str]) -> dict[str, str]:
    return {
        "unit_name": names.get(str(row.get("unit")), ""),
        "node_name": names.get(str(row.get("node")), ""),
    }
