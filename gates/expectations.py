"""Gate C's checks run by Great Expectations, which is imported only when they are called.

The import costs 6 to 9 seconds, so commands that do not gate must not pay it. Expectations see pandas
tables in an ephemeral context; nothing is written and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl

from gates.checks import Check
from gates.result import ROWS_KEPT, Finding, jsonable
from gates.wording import WORDING

#: Of Great Expectations' result, what differs between two runs on the same tables: left out, so that the
#: same month gives the same gate.json.
_OF_THE_RUN = frozenset(
    {
        "id", "batch_id", "batch_markers", "batch_parameters", "checkpoint_id", "run_id", "validation_id",
        "validation_time", "unexpected_index_query", "exception_traceback",
    }
)  # fmt: skip


#: Longest list kept of Great Expectations' result; a suite has fewer expectations, failing rows may be
#: thousands.
_LIST_KEPT = 2 * ROWS_KEPT


def load_library() -> None:
    """Import Great Expectations. It takes 4 s, which may pass in a thread while something else is awaited."""
    import gates.library  # noqa: F401


def validate_tables(
    checks: tuple[Check, ...], tables: Mapping[str, pl.DataFrame]
) -> tuple[dict[str, Finding], dict[str, Any]]:
    """Findings by check name, and Great Expectations' own result by table.

    Each table is one batch, validated against its suite. No checkpoint: it would write suite, definition and result
    into stores that end with the process, half of the time that a month's checks take (0.5 s).
    """
    load_library()
    import great_expectations as gx
    import great_expectations.expectations as gxe

    findings: dict[str, Finding] = {}
    record: dict[str, Any] = {}
    for name, table in tables.items():
        asked = {check.name: check for check in checks if check.table == name}
        if not asked:
            continue
        expectations = [
            getattr(gxe, check.expectation)(**check.arguments, meta={"check": check.name}) for check in asked.values()
        ]
        suite = gx.ExpectationSuite(name=name, expectations=expectations)
        # only what is asked for: Great Expectations hashes the whole batch twice
        columns = [column for column in table.columns if any(column in check.columns for check in asked.values())]
        batch = _definition(name).get_batch(batch_parameters={"dataframe": table.select(columns).to_pandas()})
        # its to_json_dict carries no types
        result: Any = batch.validate(suite, result_format="BOOLEAN_ONLY")
        if not result.success:  # which rows, counted and listed, takes half as long again
            result = batch.validate(suite, result_format="COMPLETE")
        content = jsonable(result.to_json_dict())
        for answer in content["results"]:
            check = asked[answer["expectation_config"]["meta"]["check"]]
            findings[check.name] = _finding(check, table, answer)
        record[name] = _settled(content)
    return findings, record


@cache
def _definition(table: str) -> Any:
    """Where the batches of a table come from: the same for every month of a process."""
    return _source().add_dataframe_asset(table).add_batch_definition_whole_dataframe("month")


@cache
def _source() -> Any:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context.data_sources.add_pandas("candidate")


def _finding(check: Check, table: pl.DataFrame, answer: Mapping[str, Any]) -> Finding:
    wording = WORDING[check.name]
    passed = bool(answer["success"])
    outcome: Mapping[str, Any] = answer.get("result") or {}
    raised = answer.get("exception_info") or {}
    failing = check.detail if check.detail is not None else _failing_rows(check, table, outcome)
    observed = check.observed or _counted(int(outcome.get("unexpected_count") or 0), table.height)
    if raised.get("raised_exception"):
        observed = f"could not be checked 无法检查: {raised.get('exception_message')}"
    rows = () if passed else tuple(failing.head(ROWS_KEPT).to_dicts())
    return Finding(
        check=check.name,
        passed=passed,
        severity=wording.severity,
        title_zh=wording.title_zh,
        title_en=wording.title_en,
        observed=observed,
        expected=check.expected,
        rows=rows,
        rows_total=0 if passed else failing.height,
        remedy_zh=wording.remedy_zh,
        remedy_en=wording.remedy_en,
    )


def _counted(failing: int, rows: int) -> str:
    if failing:
        return f"{failing:,} / {rows:,} 行不合格 fail"
    return f"{rows:,} 行全部合格 all pass"


def _failing_rows(check: Check, table: pl.DataFrame, outcome: Mapping[str, Any]) -> pl.DataFrame:
    positions = sorted({int(i) for i in outcome.get("unexpected_index_list") or ()})
    rows = table[positions]
    if check.worst_first:
        rows = rows.sort(check.worst_first, descending=check.descending, maintain_order=True)
    return rows.select("unit", "node", pl.col(check.value).alias("value"))


def _settled(content: Any) -> Any:
    """A result without what belongs to the run, lists cut to the rows that are kept."""
    if isinstance(content, Mapping):
        return {key: _settled(value) for key, value in content.items() if key not in _OF_THE_RUN}
    if isinstance(content, list):
        return [_settled(item) for item in content[:_LIST_KEPT]]
    return content
