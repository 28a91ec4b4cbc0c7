"""The graph of a month from its feeds to the issue, without renderings, for the executors that are compared.

`python -m benchmarks.whole_graph 2023-01` runs it as the project does, in one process. `defs` is the same graph as a
job for Dagster's default executor, a process for each step: `dagster job execute -m benchmarks.whole_graph -j default`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import dagster as dg

from city import months_between
from pipelines.definitions import build_definitions, month_partitions
from pipelines.runs import failure_messages, prepare_instance, range_tags, run_job
from pipelines.settings import settings
from warehouse.processes import end_at_once


def run_config(city_key: str) -> dict[str, Any]:
    """Renderings are measured by themselves."""
    return {"ops": {f"{city_key}__publication__rendering": {"config": {"only": ["none"]}}}}


@dg.definitions
def defs() -> dg.Definitions:
    """The city's assets and a job `default` over them that leaves the executor to Dagster."""
    own = build_definitions(settings())
    job = dg.define_asset_job("default", dg.AssetSelection.all(), executor_def=dg.multi_or_in_process_executor)
    return dg.Definitions(assets=own.assets, jobs=[job], resources=own.resources)


def run_beyond_feeds(months: Sequence[str]) -> None:
    """What the job `backfill` does after the feeds: landed deliveries to judged candidates, one run in this process."""
    where = settings()
    own = build_definitions(where)
    city, _, _ = where.load()
    selection = dg.AssetSelection.all() - dg.AssetSelection.groups("feeds", "publication")
    job = dg.define_asset_job(
        "beyond_feeds", selection, executor_def=dg.in_process_executor, partitions_def=month_partitions(city)
    )
    definitions = dg.Definitions(assets=own.assets, jobs=[job], resources=own.resources)
    with dg.DagsterInstance.from_config(str(prepare_instance(where))) as instance:
        definitions.resolve_job_def("beyond_feeds").execute_in_process(
            instance=instance,
            partition_key=months[0] if len(months) == 1 else None,
            tags={} if len(months) == 1 else range_tags(months),
        )


def main() -> None:
    """`MONTH` runs the month; `--beyond-feeds MONTH..MONTH` the computed part of a range. Status 1 when it fails."""
    if sys.argv[1] == "--beyond-feeds":
        first, _, last = sys.argv[2].partition("..")
        run_beyond_feeds(months_between(first, last or first))
        end_at_once(0)
    where = settings()
    result = run_job(where, "monthly_index", [sys.argv[1]], run_config(where.load()[0].key))
    if not result.success:
        raise SystemExit("\n".join(failure_messages(result)))
    end_at_once(0)


if __name__ == "__main__":
    main()
