"""dbt as Dagster calls it. Here is only what a run need not ask dbt for, and its start before it is needed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version as installed_version
from tempfile import TemporaryDirectory

from dagster import InitResourceContext
from dagster_dbt import DbtCliResource
from packaging.version import Version
from pydantic import PrivateAttr

from warehouse.dbt_process import PREPARE, PREPARED_IN


class InstalledDbt(DbtCliResource):
    """dbt-core as it is installed beside us, started once a run, and before its step.

    dagster-dbt 0.29.27 starts `dbt --version` first, which also asks the package registry for news (4.5 s, and a
    network), and opens an adapter of its own to read columns' types (3 s), which our assets take from the warehouse.
    """

    _prepared: tuple[subprocess.Popen[bytes], TemporaryDirectory[str]] | None = PrivateAttr(None)

    def setup_for_execution(self, context: InitResourceContext) -> None:
        """Start the process that imports dbt while other steps of the run work (warehouse/dbt_process.py)."""
        super().setup_for_execution(context)
        folder = TemporaryDirectory(prefix="pingan-dbt-")
        process = subprocess.Popen(  # nosec B603 # dbt beside our Python, our own word
            [self.dbt_executable, PREPARE],
            cwd=folder.name,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},  # as dagster-dbt starts it: Python reads it only then
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        os.environ[PREPARED_IN] = folder.name
        self._prepared = process, folder

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        """End the process if it had nothing to do."""
        if self._prepared is not None:
            process, folder = self._prepared
            os.environ.pop(PREPARED_IN, None)
            process.terminate()
            process.wait()
            folder.cleanup()
        super().teardown_after_execution(context)

    @cached_property
    def _cli_version(self) -> Version:
        return Version(installed_version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # type: ignore[override]  # its caller takes None
        """No adapter: nothing of ours asks for what it would tell."""
