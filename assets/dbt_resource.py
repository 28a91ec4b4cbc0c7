"""dbt as Dagster calls it. Here is only what a run need not ask dbt for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version as installed_version

from dagster_dbt import DbtCliResource
from packaging.version import Version


class InstalledDbt(DbtCliResource):
    """dbt-core as it is installed beside us, started once a run.

    dagster-dbt 0.29.27 starts `dbt --version` first, which also asks the package registry for news (4.5 s, and a
    network), and opens an adapter of its own to read columns' types (3 s), which our assets take from the warehouse.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(installed_version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # type: ignore[override]  # its caller takes None
        """No adapter: nothing of ours asks for what it would tell."""
