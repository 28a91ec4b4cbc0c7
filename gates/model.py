"""Gate B: dbt's tests, judged month by month.

A run lets every test end as rows in the warehouse (`store_failures`) instead of stopping at the first; here the rows
are counted by month, so that one bad month does not hold back the others. A test whose rows name no month, or that
could not run, holds back all of them. The tests themselves are in dbt_project/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from city import Period, StateFolder
from gates.result import ROWS_KEPT, Finding, GateResult
from gates.wording import check_title

_NONE = "0 行 rows"
_REMEDY_ZH = "查看 test_failures 中的行，改正模型或报送后重新运行该月。"
_REMEDY_EN = "Look at the rows in the schema test_failures, correct the model or the delivery, and run the month again."


def model_gate(state: StateFolder, run_results: Path, periods: Sequence[Period]) -> dict[Period, GateResult]:
    """Gate B of each month from dbt's run_results.json and the rows that the tests stored.

    The caller holds the warehouse lock. A run without any test is a failure: a gate that checked nothing is none.
    """
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    # dbt lists results as its threads finish; the manifest holds these findings, and the same content is the same bytes
    results = sorted(results, key=lambda result: str(result["unique_id"]))
    tests = [r for r in results if r["unique_id"].startswith("test.")]
    findings: dict[Period, list[Finding]] = {period: [] for period in periods}
    if not tests:
        for period in periods:
            findings[period].append(_finding("dbt tests", False, "0 tests", "at least one test", []))
    with duckdb.connect(str(state.warehouse), read_only=True) as connection:
        for test in tests:
            name = test["unique_id"].split(".")[2]
            failed = test["status"] != "pass"
            rows = _failing_rows(connection, test) if failed else []
            for period in periods:
                mine = [row for row in rows if row.get("period") in (None, period)]
                # a test that stopped with an error has stored nothing: it holds back every month
                passed = not failed or (bool(rows) and not mine)
                observed = f"{len(mine)} 行 rows" if rows else str(test.get("message") or test["status"])
                findings[period].append(_finding(name, passed, _NONE if passed else observed, _NONE, mine))
        for model in (r for r in results if r["unique_id"].startswith("model.") and r["status"] != "success"):
            for period in periods:
                findings[period].append(
                    _finding(model["unique_id"].split(".")[2], False, str(model.get("message")), "built", [])
                )
    return {period: GateResult("B", period, tuple(findings[period])) for period in periods}


def _finding(name: str, passed: bool, observed: str, expected: str, rows: Sequence[Mapping[str, Any]]) -> Finding:
    title_zh, title_en = check_title(name) or ("dbt 检验", "dbt test")
    return Finding(
        check=name,
        passed=passed,
        severity="critical",
        title_zh=title_zh,
        title_en=title_en,
        observed=observed,
        expected=expected,
        rows=tuple(_described(row) for row in rows[:ROWS_KEPT]),
        rows_total=len(rows),
        remedy_zh="" if passed else _REMEDY_ZH,
        remedy_en="" if passed else _REMEDY_EN,
    )


def _failing_rows(connection: duckdb.DuckDBPyConnection, test: Mapping[str, Any]) -> list[dict[str, Any]]:
    relation = test.get("relation_name")
    if not relation:
        return []
    try:
        cursor = connection.execute(f"select * from {relation} order by all")  # nosec B608 # the name is dbt's own
    except duckdb.CatalogException:
        return []
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _described(row: Mapping[str, Any]) -> dict[str, Any]:
    known = {"unit_code": "unit", "node_code": "node", "indicator_code": "node", "measure": "node"}
    described: dict[str, Any] = {}
    rest = []
    for name, value in row.items():
        if name in known and known[name] not in described:
            described[known[name]] = value
        elif name != "period" and value is not None:
            rest.append(f"{name}={value}")
    described["value"] = ", ".join(rest)
    return described
