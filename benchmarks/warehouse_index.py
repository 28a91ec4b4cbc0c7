"""The arithmetic as a run does it: from the table indicator_values to index_scores and node_scores in DuckDB.

The database is in memory and in this process, so that neither dbt's start nor a disk is in the times; its settings are
those of the profile. index_scores is what its dbt model calls; node_scores is the SQL that dbt compiled.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import yaml

from benchmarks.generated_city import STATUSES, GeneratedCity
from benchmarks.numpy_index import NodeScores
from city import StateFolder, load_city
from warehouse.dbt import PROJECT, run_dbt
from warehouse.index_scores import TABLES, scored_window

#: From values to overall, in the order in which dbt builds them.
MODELS = ("index_scores", "node_scores")


@dataclass(frozen=True)
class Compiled:
    """node_scores as dbt compiled it, the relations of both models and of their values, and the database's name."""

    node_scores_sql: str
    relations: tuple[str, str]
    values_relation: str
    database: str


def compile_models() -> Compiled:
    """Let dbt compile the project for Tianshui's framework; DbtError tells what dbt said."""
    with tempfile.TemporaryDirectory(prefix="pingan-benchmark-") as folder:
        state = StateFolder(Path(folder), "tianshui")
        target = Path(folder) / "target"
        run_dbt(load_city("tianshui"), state, ["compile", "--select", *MODELS], target)
        nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    found = {node["name"]: node for node in nodes.values() if node["resource_type"] == "model"}
    return Compiled(
        node_scores_sql=found["node_scores"]["compiled_code"],
        relations=(found["index_scores"]["relation_name"], found["node_scores"]["relation_name"]),
        values_relation=found["indicator_values"]["relation_name"],
        database=found["node_scores"]["database"],
    )


class IndexWarehouse:
    """An in-memory warehouse that holds a generated city and its values."""

    def __init__(self, compiled: Compiled, case: GeneratedCity) -> None:
        """Write the tables that the models read."""
        self.compiled = compiled
        self.connection = duckdb.connect()
        self._configure()
        for name, table in case.tables.items():
            self._write(f"{compiled.database}.city.{name}", [table])
        self._write(compiled.values_relation, case.value_rows())

    def close(self) -> None:
        """Let the memory go."""
        self.connection.close()

    def run(self) -> dict[str, float]:
        """Compute both models as tables, in order; answers seconds by model."""
        numbers, named = self.compiled.relations
        started = time.perf_counter()
        tables = {name: self.connection.sql(f"from {self.compiled.database}.city.{name}") for name in TABLES}
        rows = scored_window(self.connection.sql(f"from {self.compiled.values_relation}"), tables)
        # as dbt does it: rows are written by a cursor of their own while the model's reads the values
        with self.connection.cursor() as writer:
            writer.register("rows_of_model", rows)
            writer.execute(f"create or replace table {numbers} as select * from rows_of_model")  # nosec B608 # dbt's names
            writer.unregister("rows_of_model")
        between = time.perf_counter()
        self.connection.execute(f"create or replace table {named} as {self.compiled.node_scores_sql}")
        return {MODELS[0]: between - started, MODELS[1]: time.perf_counter() - between}

    def results(self, case: GeneratedCity) -> NodeScores:
        """node_scores as arrays, nodes × months × units."""
        shape = (len(case.nodes), len(case.periods), len(case.city.units))
        score, coverage = np.full(shape, np.nan), np.full(shape, np.nan)
        status = np.full(shape, -1, dtype=np.int8)
        places: tuple[tuple[str, Sequence[str]], ...] = (
            ("node_code", [node.code for node in case.nodes]),
            ("period", case.periods),
            ("unit_code", [unit.code for unit in case.city.units]),
            ("status", STATUSES),
        )
        for name, words in places:
            listed = ", ".join(f"'{word}'" for word in words)
            self.connection.execute(f"create or replace type {name}_enum as enum ({listed})")
        selected = ", ".join(f"enum_code({name}::{name}_enum) as {name}" for name, _ in places)
        query = f"select {selected}, score, coverage from {self.compiled.relations[1]}"  # nosec B608 # dbt's own names
        found: dict[str, Any] = self.connection.execute(query).fetchnumpy()
        at = tuple(np.asarray(found[name]) for name, _ in places[:3])
        score[at] = np.ma.filled(np.ma.asarray(found["score"]), np.nan)
        coverage[at] = np.ma.filled(np.ma.asarray(found["coverage"]), np.nan)
        status[at] = found["status"]
        if len(at[0]) != score.size:
            raise ValueError(f"DuckDB has {len(at[0]):,} rows where nodes × months × units are {score.size:,}")
        return NodeScores(score, coverage, status)

    def _configure(self) -> None:
        self.connection.execute("set enable_progress_bar = false")
        profile = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))
        for name, value in profile["pingan"]["outputs"]["warehouse"]["settings"].items():
            self.connection.execute(f"set global {name} = '{value}'")
        self.connection.execute(f"attach ':memory:' as \"{self.compiled.database}\"")
        self.connection.execute(f'use "{self.compiled.database}"')
        schemas = {relation.split(".")[1] for relation in (self.compiled.values_relation, *self.compiled.relations)}
        for schema in sorted(schemas | {"city"}):
            self.connection.execute(f"create schema if not exists {schema}")

    def _write(self, relation: str, tables: Any) -> None:
        for number, table in enumerate(tables):
            self.connection.register("incoming", table.to_arrow())
            begin = f"create table {relation} as" if number == 0 else f"insert into {relation}"
            self.connection.execute(f"{begin} select * from incoming")  # nosec B608 # dbt's own names
            self.connection.unregister("incoming")
