"""The arithmetic from values to the overall index as the warehouse runs it: SQL that dbt compiled, in DuckDB.

The database is in memory and in this process, so that neither dbt's start nor a disk is in the times; its settings are
those of the project's profile. Belongs here: compiling, filling, running, measuring DuckDB. The SQL is dbt's.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import yaml

from benchmarks.generated_city import STATUSES, GeneratedCity, generate_city
from benchmarks.numpy_index import NodeScores
from city import StateFolder, load_city
from warehouse.dbt import PROJECT, run_dbt

#: From values to overall, in the order in which dbt builds them.
MODELS = ("indicator_scores", "second_level_indices", "first_level_indices", "overall_index")
_OPERATORS_SHOWN = 8


@dataclass(frozen=True)
class CompiledModel:
    """One model as dbt compiled it for this city."""

    name: str
    relation: str
    sql: str


@dataclass(frozen=True)
class Compiled:
    """The models of the benchmark, the table of values they read, and the name of the database they are written to."""

    models: tuple[CompiledModel, ...]
    values_relation: str
    database: str


def _operators(plan: Any) -> Iterator[tuple[str, float, int]]:
    """Name, own seconds and rows of every operator of a plan that DuckDB wrote as JSON."""
    for part in plan if isinstance(plan, list) else [plan]:
        if "timing" in part and "type" in part:
            told = part.get("extra_info", {})
            words = [told.get(word) for word in ("Table", "CTE Name", "Conditions", "Groups")]
            said = "; ".join(" and ".join(w) if isinstance(w, list) else str(w) for w in words if w)
            rows = part.get("intermediate_rows", 0)
            yield f"{part['type']} {said}".strip(), float(part["timing"]), int(rows)
        for below in ("operator", "children"):
            yield from _operators(part.get(below, []))


def peak_memory(compiled: Compiled, units: int, months: int) -> int:
    """Bytes that a process of its own holds at most while the models run, the table of values in memory included."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_memory, (compiled, units, months))


def _peak_memory(compiled: Compiled, units: int, months: int) -> int:
    warehouse = IndexWarehouse(compiled, generate_city(units, months))
    # Linux forgets the peak of generating and filling; elsewhere it stays in, and the figure is an upper bound
    forget = Path("/proc/self/clear_refs")
    if forget.exists():
        forget.write_text("5", encoding="ascii")
    warehouse.run()
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def compile_models() -> Compiled:
    """Let dbt compile the project for Tianshui's framework; DbtError tells what dbt said."""
    with tempfile.TemporaryDirectory(prefix="pingan-benchmark-") as folder:
        state = StateFolder(Path(folder), "tianshui")
        target = Path(folder) / "target"
        run_dbt(load_city("tianshui"), state, ["compile", "--select", *MODELS], target)
        nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    found = {node["name"]: node for node in nodes.values() if node["resource_type"] == "model"}
    values = found["indicator_values"]
    return Compiled(
        models=tuple(CompiledModel(m, found[m]["relation_name"], found[m]["compiled_code"]) for m in MODELS),
        values_relation=values["relation_name"],
        database=values["database"],
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
        """Compute every model as a table, in order; answers seconds by model."""
        seconds = {}
        for model in self.compiled.models:
            started = time.perf_counter()
            self.connection.execute(f"create or replace table {model.relation} as {model.sql}")
            seconds[model.name] = time.perf_counter() - started
        return seconds

    def plans(self) -> dict[str, str]:
        """Where DuckDB says the time goes, by model: its slowest operators with rows and seconds over all threads."""
        answer = {}
        for model in self.compiled.models:
            found = self.connection.execute(f"explain (analyze, format json) {model.sql}").fetchone()
            plan = json.loads(found[-1]) if found else {}
            operators = sorted(_operators(plan), key=lambda operator: -operator[1])[:_OPERATORS_SHOWN]
            answer[model.name] = "\n".join(f"{s:8.3f} s {rows:>12,} rows  {name}" for name, s, rows in operators)
        return answer

    def results(self, case: GeneratedCity) -> NodeScores:
        """The models' tables as arrays, nodes × months × units."""
        shape = (len(case.nodes), len(case.periods), len(case.city.units))
        score, coverage = np.full(shape, np.nan), np.full(shape, np.nan)
        status = np.full(shape, -1, dtype=np.int8)
        places: tuple[tuple[str, Sequence[str]], ...] = (
            ("node_code", [node.code for node in case.nodes]),
            ("period", case.periods),
            ("unit_code", [unit.code for unit in case.city.units]),
            ("status", STATUSES),
        )
        selected = ", ".join(f"enum_code({name}::{name}_enum) as {name}" for name, _ in places)
        for name, words in places:
            listed = ", ".join(f"'{word}'" for word in words)
            self.connection.execute(f"create or replace type {name}_enum as enum ({listed})")
        rows_found = 0
        for model in self.compiled.models:
            found: dict[str, Any] = self.connection.execute(
                f"select {selected}, score, coverage from {model.relation}"  # noqa: S608 - dbt's own names
            ).fetchnumpy()
            at = tuple(np.asarray(found[name]) for name, _ in places[:3])
            score[at] = np.ma.filled(np.ma.asarray(found["score"]), np.nan)
            coverage[at] = np.ma.filled(np.ma.asarray(found["coverage"]), np.nan)
            status[at] = found["status"]
            rows_found += len(at[0])
        if rows_found != score.size:
            raise ValueError(f"DuckDB has {rows_found:,} rows where nodes × months × units are {score.size:,}")
        return NodeScores(score, coverage, status)

    def _configure(self) -> None:
        self.connection.execute("set enable_progress_bar = false")
        profile = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))
        for name, value in profile["pingan"]["outputs"]["warehouse"]["settings"].items():
            self.connection.execute(f"set {name} = '{value}'")
        self.connection.execute(f"attach ':memory:' as \"{self.compiled.database}\"")
        self.connection.execute(f'use "{self.compiled.database}"')
        schemas = {relation.split(".")[1] for relation in (self.compiled.values_relation, *self._relations())}
        for schema in sorted(schemas | {"city"}):
            self.connection.execute(f"create schema if not exists {schema}")

    def _relations(self) -> list[str]:
        return [model.relation for model in self.compiled.models]

    def _write(self, relation: str, tables: Any) -> None:
        for number, table in enumerate(tables):
            self.connection.register("incoming", table.to_arrow())
            begin = f"create table {relation} as" if number == 0 else f"insert into {relation}"
            self.connection.execute(f"{begin} select * from incoming")  # noqa: S608 - dbt's own names
            self.connection.unregister("incoming")
