"""dbt as Dagster calls it. Here is only what a run need not ask dbt for, and its start before it is needed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version as installed_version
from tempfile import TemporaryDirectory
from typing import Self

from dagster import InitResourceContext
from dagster_dbt import DbtCliResource
from packaging.version import Version

from warehouse.dbt_process import PREPARE, PREPARED_IN


class InstalledDbt(DbtCliResource):
    """dbt-core as it is installed beside us, started once a run, and before its step.

    dagster-dbt 0.29.27 starts `dbt --version` first, which also asks the package registry for news (4.5 s, and a
    network), and opens an adapter of its own to read columns' types (3 s), which our assets take from the warehouse.
    """

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Self]:
        """Start the process that imports dbt while other steps of the run work (warehouse/dbt_process.py)."""
        with super().yield_for_execution(context) as dbt, TemporaryDirectory(prefix="pingan-dbt-") as folder:
            process = subprocess.Popen(  # nosec B603 # dbt beside our Python, our own word
                [self.dbt_executable, PREPARE],
                cwd=folder,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},  # as dagster-dbt starts it: Python reads it only then
                stdin=subprocess.PIPE,  # closes with this process
                stdout=subprocess.DEVNULL,
            )
            os.environ[PREPARED_IN] = folder
            try:
                yield dbt
            finally:
                os.environ.pop(PREPARED_IN, None)
                process.kill()  # it had its command or none; SIGTERM is ignored where this process ignores it
                process.wait()

    @cached_property
    def _cli_version(self) -> Version:
        return Version(installed_version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # type: ignore[override]  # its caller takes None
        """No adapter: nothing of ours asks for what it would tell."""
