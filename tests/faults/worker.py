"""A process that has imported everything and computed nothing, and forks a child for each job: what campaigns kill.

Reads a job per line (JSON: folder, steps, die_at), answers the child's pid, then how it ended. Its own process because
polars and DuckDB must not be forked once their threads run. `die_at` n: the child sends itself SIGKILL before its
n-th durable step (sync, rename, unlink); `die_at_record` n: at its n-th line of progress.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from small_office import Office

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

#: Each is one durable step of a writer.
_DURABLE = ("fsync", "rename", "replace", "unlink")


def work(folder: Path, steps: list[str]) -> None:
    """Take steps of a run: land, compute, judge, publish, or all of them as one Dagster run.

    `run` works on its two months as short runs do, `range` with the processes that longer ranges have.
    """
    from small_office import Office

    office = Office(folder)
    for step in steps:
        if step == "run":
            _dagster_run(office)
        elif step == "range":
            with patch("warehouse.processes.MONTHS_WORTH_PROCESSES", 2):
                _dagster_run(office)
        elif step == "judge":
            failed = [r.screen() for r in office.judge() if not r.passed]
            if failed:
                raise RuntimeError("\n".join(failed))
        else:
            name, _, month = step.partition(" ")
            getattr(office, name)(*([[month]] if month else []))


def _dagster_run(office: Office) -> None:
    from small_office import PUBLISHED

    from pipelines.runs import failure_messages, run_job
    from pipelines.settings import Settings

    where = Settings(office.home, str(office.city_folder), renderings=("none",))
    result = run_job(where, "monthly_index", PUBLISHED)
    if not result.success:
        raise RuntimeError("\n".join(failure_messages(result)))


def _die_at(step: int) -> None:
    """SIGKILL ourselves before a durable step."""
    taken = 0

    def wrapped(real: Callable[..., Any]) -> Callable[..., Any]:
        def durable(*arguments: Any, **named: Any) -> Any:
            nonlocal taken
            taken += 1
            if taken == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)

        return durable

    for name in _DURABLE:
        setattr(os, name, wrapped(getattr(os, name)))


class _DieAtRecord(logging.Handler):
    """SIGKILL at the n-th line of progress: each step of a run says one when it is done."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._left = number

    def emit(self, record: logging.LogRecord) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _child(job: dict[str, Any]) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    folder = Path(job["folder"])
    try:
        if job.get("die_at"):
            _die_at(job["die_at"])
        if job.get("die_at_record"):
            logger = logging.getLogger("pingan")
            logger.setLevel(logging.INFO)
            logger.addHandler(_DieAtRecord(job["die_at_record"]))
        work(folder, job["steps"])
    except BaseException:  # whatever it was, the parent is told
        # beside the office, which may be on a full disk or closed to us
        folder.with_suffix(".error").write_text(traceback.format_exc(), encoding="utf-8")
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Import what the steps need, then serve jobs until the input ends."""
    import great_expectations  # noqa: F401
    import small_office  # noqa: F401

    import gates.release  # noqa: F401
    import pipelines.definitions  # noqa: F401

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _child(json.loads(line))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
