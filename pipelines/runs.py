"""Running a job from the command line: one Dagster run in this process, recorded where the UI looks for it."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import dagster as dg

from city import Period
from gates.store import replace_text
from pipelines.settings import ROOT, Settings

#: Dagster's configuration of a state folder that has none: one machine, SQLite. deploy/ holds the others.
_CONFIGURATION = ROOT / "deploy" / "dagster.yaml"


def prepare_instance(where: Settings) -> Path:
    """Make the folder that Dagster keeps its runs in; answers it. An existing dagster.yaml is left as it is.

    It becomes this process's DAGSTER_HOME, which dagster.yaml asks for.
    """
    home = where.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_HOME"] = str(home.resolve())
    # Dagster hands over an asset's events of a range together: see pipelines/event_log.py; PostgreSQL gains as well.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        # whole or not at all: an existing file is never looked at again
        replace_text(configuration, _CONFIGURATION.read_text(encoding="utf-8"))
    return home


def run_job(
    where: Settings, job_name: str, months: Sequence[Period], run_config: Mapping[str, Any] | None = None
) -> dg.ExecuteInProcessResult:
    """Run a job for consecutive months in one run. Failures are in the result, not raised."""
    from pipelines.dagster_health import mark_failed, process_tag
    from pipelines.definitions import build_definitions

    definitions = build_definitions(where)
    job = definitions.resolve_job_def(job_name)
    configuration: dict[str, Any] = dict(run_config or {})
    configuration.setdefault("loggers", {"console": {"config": {"log_level": "CRITICAL"}}})
    single = len(months) == 1
    tags = process_tag() | ({} if single else range_tags(months))
    log_file = where.home / "logs" / "last_run.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with (
        dg.DagsterInstance.from_config(str(prepare_instance(where))) as instance,
        log_file.open("w", encoding="utf-8") as log,
        redirect_stdout(log),  # dbt says every model twice; the screen is for progress
    ):
        for run_id in mark_failed(instance):
            logging.getLogger("pingan.runs").info("run %s, whose process is gone, is marked as failed", run_id[:8])
        return job.execute_in_process(
            run_config=configuration,
            instance=instance,
            partition_key=months[0] if single else None,
            tags=tags,
            raise_on_error=False,
        )


def range_tags(months: Sequence[Period]) -> dict[str, str]:
    """Tags by which Dagster takes a run for one over a range of months."""
    return {
        "dagster/asset_partition_range_start": months[0],
        "dagster/asset_partition_range_end": months[-1],
    }


def failure_messages(result: dg.ExecuteInProcessResult) -> list[str]:
    """What failed, in words: descriptions of failures and blocking checks, else the errors of steps."""
    messages = []
    for evaluation in result.get_asset_check_evaluations():
        if not evaluation.passed and evaluation.description:
            messages.append(evaluation.description)
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            words = data.user_failure_data.description if data.user_failure_data else None
            if words:
                messages.append(words)
            elif data.error and "AssetCheckFailed" not in str(data.error.cls_name):
                cause = data.error
                while cause.cause is not None:
                    cause = cause.cause
                messages.append(f"{event.step_key}: {cause.message.strip()}")
    return list(dict.fromkeys(messages))


class _Elapsed(logging.Formatter):
    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def format(self, record: logging.LogRecord) -> str:
        mark = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        return f"[{time.monotonic() - self._began:6.1f} s] {mark}{record.getMessage()}"


@contextmanager
def progress_on_screen(*, quiet: bool = False) -> Iterator[None]:
    """Show what our packages log, with seconds since the start, on standard error."""
    logger = logging.getLogger("pingan")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Elapsed())
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.propagate = False
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    try:
        yield
    finally:
        logger.removeHandler(handler)
