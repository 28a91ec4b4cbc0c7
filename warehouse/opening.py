"""Opening the warehouse for a run: waiting for who still has it open, and setting a corrupt file aside.

The warehouse is a cache: everything in it comes out of landing and the city's folder again. So a file that cannot be
read is put beside with a word, and the run goes on with a new one. The caller holds the warehouse lock.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

import duckdb

from city.state import StateFolder

log = logging.getLogger("pingan.warehouse")

#: How long a run waits for another process that has the file open without holding our lock: a dbt that is being
#: ended with its run, or a person with a database client.
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.1
_CONFLICT = "Conflicting lock"


class WarehouseBusyError(RuntimeError):
    """Another process keeps the warehouse open; the message names it."""


def open_warehouse(state: StateFolder) -> duckdb.DuckDBPyConnection:
    """A connection that may write; a corrupt file is set aside. WarehouseBusyError when it stays open elsewhere."""
    fault = warehouse_fault(state)
    if fault:
        aside = set_aside(state)
        log.warning(
            "the warehouse of %s is corrupt (%s): kept as %s and built anew from landing. "
            "数据仓库文件已损坏，已移开并重建。",
            state.city_key,
            fault,
            aside.name,
        )
    return _connected(state.warehouse, _WAIT_SECONDS)


def warehouse_fault(state: StateFolder, wait: float | None = None) -> str | None:
    """What is wrong with the warehouse file, in DuckDB's words; None when every row of every table can be read.

    `wait`: seconds for another process to close it, then WarehouseBusyError.

    DuckDB keeps a checksum for each block and looks at it when the block is read, so all are read: 0.3 s for 80 MB.
    """
    if not state.warehouse.exists():
        return None
    try:
        with _connected(state.warehouse, _WAIT_SECONDS if wait is None else wait) as connection:
            tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for schema, table in tables:
                connection.execute(f'select bit_xor(hash(t)) from "{schema}"."{table}" as t').fetchone()  # nosec B608 # names of the catalog
    except duckdb.Error as error:
        if isinstance(error, duckdb.OutOfMemoryException):
            raise
        return str(error).splitlines()[0][:200]
    return None


def set_aside(state: StateFolder) -> Path:
    """Rename the warehouse and its log beside; answers the new name. Earlier ones stay for whoever looks into it."""
    number = 1
    while (aside := state.warehouse.with_name(f"{state.warehouse.name}.corrupt-{number}")).exists():
        number += 1
    state.warehouse.rename(aside)
    write_ahead = state.warehouse.with_name(f"{state.warehouse.name}.wal")
    if write_ahead.exists():
        write_ahead.rename(aside.with_name(f"{aside.name}.wal"))
    return aside


def _connected(path: Path, wait: float) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + wait
    told = False
    while True:
        try:
            return duckdb.connect(str(path))
        except duckdb.IOException as error:
            if _CONFLICT not in str(error):
                raise
            if time.monotonic() > deadline:
                raise WarehouseBusyError(
                    f"{path} is open in another process: {str(error).splitlines()[0]}. Close it (a database client, "
                    "a notebook) and run again; readers take issues/, not the warehouse. 数据仓库正被其他进程打开。"
                ) from error
            if not told:
                log.info("%s is open in another process; waiting up to %.0f s", path.name, wait)
                told = True
            time.sleep(_POLL_SECONDS)
