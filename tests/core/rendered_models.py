"""A dbt model run on tables of a few rows, without dbt: its SQL rendered with the project's macros, read by DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import jinja2
import polars as pl

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
_MACROS = ("window", "changes", "months_counted")


def run_model(name: str, tables: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Rows of a model from the rows of the tables that it reads, by their names whatever their schema."""
    model = next((PROJECT / "models").rglob(f"{name}.sql")).read_text(encoding="utf-8")
    macros = [(PROJECT / "macros" / f"{macro}.sql").read_text(encoding="utf-8") for macro in _MACROS]
    template = jinja2.Environment(autoescape=False).from_string("\n".join([*macros, model]))
    sql = template.render(
        ref=lambda table: table,
        source=lambda _, table: table,
        config=lambda **_: "",
        is_incremental=lambda: False,
    )
    with duckdb.connect() as connection:
        for table, rows in tables.items():
            connection.register("rows", pl.DataFrame(rows, infer_schema_length=None).to_arrow())
            connection.execute(f"create table {table} as select * from rows")
        found = connection.sql(sql).pl()
    return found.to_dicts()


def run_window(first: str, last: str, first_issue: str = "0001-01") -> list[dict[str, Any]]:
    """A window of months in which everything is computed."""
    return [
        {"measures_from": first, "values_from": first, "index_from": first, "release_from": first}
        | {"release_to": last, "first_issue": first_issue}
    ]


def months(first: int, last: int, version: str = "v") -> list[dict[str, Any]]:
    """Months of 2022 by number."""
    return [
        {"period": f"2022-{i:02d}", "month_index": 2022 * 12 + i - 1, "version": version}
        | {"month_before": f"2022-{i - 1:02d}", "year_before": f"2021-{i:02d}"}
        for i in range(first, last + 1)
    ]
