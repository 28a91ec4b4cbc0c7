"""Filling the warehouse with what dbt reads: the tables of the city's folder and views on what has landed.

The caller holds the warehouse lock. Nothing is copied from landing: a record set is a view over its current files of
the window's months.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from city import City, RecordSet, StateFolder
from city.locks import held
from feeds.contract import load_contract
from feeds.landed import current_landing
from feeds.receipt import Receipt
from warehouse.opening import open_warehouse
from warehouse.tables import city_tables
from warehouse.window import RunWindow

_DUCKDB_TYPES = {
    pl.String: "varchar",
    pl.Int64: "bigint",
    pl.Int32: "integer",
    pl.Float64: "double",
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Datetime: "timestamp",
}


@contextmanager
def warehouse_lock(state: StateFolder) -> Iterator[None]:
    """Hold the city's warehouse. The lock is the operating system's: it dies with its process, however that dies."""
    with held(
        state.warehouse_lock, f"another run is using the warehouse of {state.city_key}; waiting for it to finish"
    ):
        yield


def fill_warehouse(city: City, state: StateFolder, window: RunWindow) -> list[Receipt]:
    """Write the schemas `city` and `landing`; answers the receipts of the landing files that the window reads."""
    receipts = current_landing(state, city.record_sets, window.feed_months)
    reports = pl.DataFrame(
        [{"record_set": r.key, "period": r.period, "reported": r.reported} for r in receipts],
        schema={"record_set": pl.String, "period": pl.String, "reported": pl.Boolean},
    )
    with open_warehouse(state) as connection:
        connection.execute("create schema if not exists city; create schema if not exists landing")
        for name, table in (city_tables(city, window) | {"reports": reports}).items():
            connection.register("incoming", table.to_arrow())
            connection.execute(f"create or replace table city.{name} as select * from incoming")  # nosec B608 # our names
            connection.unregister("incoming")
        files: dict[str, list[Path]] = {r.key: [] for r in city.record_sets}
        for r in receipts:
            if r.reported and r.landing_file:
                files[r.key].append(state.landing / r.landing_file)
        for record_set in city.record_sets:
            connection.execute(
                f'create or replace view landing."{record_set.key}" as '
                f"{landed_sql(city, record_set, files[record_set.key])}"
            )
        returns = [r.key for r in city.record_sets if r.is_monthly_return]
        rows = " union all ".join(
            f'select unit_code, period, measure, value as quantity from landing."{key}"'  # nosec B608 # checked names
            for key in returns
        )
        empty = "select '' as unit_code, '' as period, '' as measure, 0.0::double as quantity where false"
        connection.execute(f"create or replace view city.monthly_returns as {rows or empty}")
    return receipts


def landed_sql(city: City, record_set: RecordSet, files: list[Path]) -> str:
    """SQL that reads the current landing files; typed and empty when there are none."""
    if not files:
        columns = ", ".join(
            f"null::{_DUCKDB_TYPES[dtype.base_type()]} as {name}"
            for name, dtype in load_contract(city, record_set).landed_schema.items()
        )
        return f"select {columns}, null::varchar as period where false"
    listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    # The month is the folder that holds the file: nothing is copied, and the file's bytes do not repeat it.
    return (
        "select * exclude (filename), regexp_extract(filename, '/(\\d{4}-\\d{2})/[^/]+$', 1) as period "  # nosec B608 # paths of landing, quotes doubled
        f"from read_parquet([{listed}], filename = true)"
    )
