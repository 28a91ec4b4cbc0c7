"""How a gate's verdicts by month become Dagster's check results.

In a run over several months Dagster evaluates a check once, and one bad month would hold back all. So each month's
verdict is recorded for its own partition, and the run's own result blocks only when no month is left; publication then
withholds the months that failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from city import Period
from gates.result import GateResult

SHOWN = 30


def months_verdict(
    context: dg.AssetExecutionContext,
    check_name: str,
    asset_key: dg.AssetKey,
    results: Mapping[Period, GateResult],
) -> dg.AssetCheckResult:
    """Record every month's verdict; answers the check result of the run."""
    if len(results) > 1:
        for period, result in results.items():
            evaluation = dg.AssetCheckEvaluation(
                asset_key=asset_key,
                check_name=check_name,
                passed=result.passed and not result.warnings,
                severity=dg.AssetCheckSeverity.WARN if result.passed else dg.AssetCheckSeverity.ERROR,
                description=_markdown([result]) if result.warnings or not result.passed else None,
                metadata=_metadata([result]),
                partition=period,
            )
            # Not report_runless_asset_event: its row is unique by check and partition, and running the same month
            # a second time would end in an IntegrityError (Dagster 1.13.27). An event of this run has no such bound.
            event = dg.DagsterEvent(
                event_type_value=dg.DagsterEventType.ASSET_CHECK_EVALUATION.value,
                job_name=context.job_name,
                event_specific_data=evaluation,
            )
            context.instance.report_dagster_event(event, run_id=context.run_id)
    failed = [period for period, result in results.items() if not result.passed]
    warned = [period for period, result in results.items() if result.passed and result.warnings]
    return dg.AssetCheckResult(
        check_name=check_name,
        asset_key=asset_key,
        passed=not failed and not warned,
        # WARN does not block: the months that passed go on, and a sensor tells people (pipelines/automation.py)
        severity=dg.AssetCheckSeverity.ERROR if len(failed) == len(results) else dg.AssetCheckSeverity.WARN,
        description=_markdown([results[p] for p in [*failed, *warned][:3]]),
        metadata=_metadata(list(results.values())),
    )


def _metadata(results: Sequence[GateResult]) -> dict[str, dg.MetadataValue]:
    checks = sum(finding.applicable for result in results for finding in result.findings)
    failures = [(result.period, finding) for result in results for finding in result.findings if not finding.passed]
    metadata: dict[str, dg.MetadataValue] = {
        "checks made": dg.MetadataValue.int(checks),
        "checks failed": dg.MetadataValue.int(len(failures)),
    }
    records = [
        dg.TableRecord(
            {
                "month": period,
                "check": finding.check,
                "observed": finding.observed,
                "expected": finding.expected,
                "rows": finding.rows_total,
                "first rows": _first_rows(finding.rows),
                "what to do": f"{finding.remedy_zh} {finding.remedy_en}".strip(),
            }
        )
        for period, finding in failures[:SHOWN]
    ]
    if records:
        columns = [dg.TableColumn(n, "int" if n == "rows" else "string") for n in records[0].data]
        metadata["failures"] = dg.MetadataValue.table(records, schema=dg.TableSchema(columns))
    return metadata


def _markdown(results: Sequence[GateResult]) -> str | None:
    """The screens of failed gates; two blanks keep a line break in the UI's Markdown."""
    return "\n\n".join(result.screen().replace("\n", "  \n") for result in results) or None


def _first_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(" ".join(str(value) for value in row.values()) for row in rows[:3])
