"""A month of a city without orchestration: the same work as a run, one call after the other, polars and DuckDB only.

`python -m benchmarks.bare_month 2023-01 TARGET` in the environment of a run. TARGET is a dbt target folder of a build
of the same city, from which the compiled models and tests are taken; neither dbt nor Dagster is imported.
"""

from __future__ import annotations

import json
import os
import sys
import types
from collections.abc import Iterator, Mapping
from datetime import datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from city import StateFolder
from feeds.landed import month_receipts
from feeds.landing import land_department
from gates.candidate import folder_of_last_month
from gates.feeds import feed_gate
from gates.model import model_gate
from gates.release import evaluate_release_gate
from gates.store import write_gate
from pipelines.settings import code_version, settings
from publication.issue import publish
from warehouse.candidates import write_candidate
from warehouse.filling import fill_warehouse
from warehouse.window import run_window


def run_month(period: str, target: Path) -> Path:
    """Land, compute, judge and publish a month; answers the issue's folder."""
    where = settings()
    city, state, sources = where.load()
    for feed in city.feeds:
        land_department(city, state, feed.department.key, period, sources, os.environ)
    receipts = fill_warehouse(city, state, run_window(city, period, period))
    results = build_models(state, json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"])
    run_results = state.home / "bare_results.json"
    run_results.write_text(json.dumps({"results": results}), encoding="utf-8")
    candidate = write_candidate(city, state, receipts, period, code_version())
    answers = (
        feed_gate(city, state, period, month_receipts(city, state, period)),
        model_gate(state, run_results, [period])[period],
        evaluate_release_gate(candidate, city, folder_of_last_month(state, candidate)),
    )
    for answer in answers:
        write_gate(state, answer)
    now = datetime.now(ZoneInfo(city.time_zone))
    return publish(candidate, state, city, now=now, code_version=code_version()).folder


def build_models(state: StateFolder, nodes: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Run the compiled models and tests in the order of their dependencies; answers results as dbt writes them."""
    nodes = {name: node for name, node in nodes.items() if node["resource_type"] in ("model", "test")}
    order = TopologicalSorter({name: node["depends_on"]["nodes"] for name, node in nodes.items()}).static_order()
    with duckdb.connect(str(state.warehouse), config={"threads": 2}) as connection:
        connection.execute("set preserve_insertion_order = false; set timezone = 'Asia/Shanghai'")
        return list(_built(connection, [nodes[name] for name in order if name in nodes]))


def _built(connection: duckdb.DuckDBPyConnection, ordered: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in ordered:
        relation, code = node["relation_name"], node["compiled_code"]
        connection.execute(f"create schema if not exists {node['schema']}")
        if node["resource_type"] == "test":
            rows = len(connection.execute(code).fetchall())
            yield {"unique_id": node["unique_id"], "status": "warn" if rows else "pass", "relation_name": None}
            continue
        if node["language"] == "python":
            module = types.ModuleType(node["name"])
            exec(compile(code, node["name"], "exec"), module.__dict__)  # nosec B102 # what dbt compiled
            rows_of_model = module.model(module.dbtObj(connection.table), connection)
            with connection.cursor() as writer:
                writer.register("rows_of_model", rows_of_model)
                writer.execute(f"create or replace table {relation} as select * from rows_of_model")  # nosec B608 # dbt's own name
        else:
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            connection.execute(f"create or replace {kind} {relation} as {code}")
        yield {"unique_id": node["unique_id"], "status": "success"}


if __name__ == "__main__":
    sys.stdout.write(f"{run_month(sys.argv[1], Path(sys.argv[2]))}\n")
