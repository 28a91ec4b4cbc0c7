"""The graph of a month from its feeds to the issue, without renderings, for the executors that are compared.

`python -m benchmarks.whole_graph 2023-01` runs it as the project does, in one process. `defs` is the same graph as a
job for Dagster's default executor, a process for each step: `dagster job execute -m benchmarks.whole_graph -j default`.
"""

from __future__ import annotations

import sys
from typing import Any

import dagster as dg

from pipelines.definitions import build_definitions
from pipelines.runs import failure_messages, run_job
from pipelines.settings import settings


def run_config(city_key: str) -> dict[str, Any]:
    """Renderings are measured by themselves."""
    return {"ops": {f"{city_key}__publication__rendering": {"config": {"only": ["none"]}}}}


@dg.definitions
def defs() -> dg.Definitions:
    """The city's assets and a job `default` over them that leaves the executor to Dagster."""
    own = build_definitions(settings())
    job = dg.define_asset_job("default", dg.AssetSelection.all(), executor_def=dg.multi_or_in_process_executor)
    return dg.Definitions(assets=own.assets, jobs=[job], resources=own.resources)


def main() -> None:
    """Run the month given; status 1 and what failed when it does not succeed."""
    where = settings()
    result = run_job(where, "monthly_index", [sys.argv[1]], run_config(where.load()[0].key))
    if not result.success:
        raise SystemExit("\n".join(failure_messages(result)))


if __name__ == "__main__":
    main()
