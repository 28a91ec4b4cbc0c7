"""What a run left in the warehouse, for people who look: columns and rows of each model's table."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from city import StateFolder
from warehouse.window import RunWindow


@dataclass(frozen=True)
class TableContents:
    """A table's columns with types, all its rows, and its rows in the months released."""

    columns: tuple[tuple[str, str], ...]
    rows: int
    rows_released: int


def warehouse_contents(state: StateFolder, window: RunWindow) -> dict[str, TableContents]:
    """Contents of every model's table or view by its name. The caller holds the warehouse lock."""
    contents = {}
    with duckdb.connect(str(state.warehouse), read_only=True) as connection:
        found = connection.execute(
            "select table_schema, table_name, list((column_name, lower(data_type)) order by ordinal_position) "
            "from information_schema.columns "
            "where table_schema in ('measures', 'indicators', 'indices', 'release') group by all"
        ).fetchall()
        for schema, name, columns in found:
            counted = connection.execute(
                "select count(*), count(*) filter (where period between ? and ?) "  # nosec B608 # names from the catalog
                f'from "{schema}"."{name}"',
                [window.release_from, window.release_to],
            ).fetchone()
            rows, released = counted or (0, 0)
            contents[name] = TableContents(tuple((c, t) for c, t in columns), rows, released)
    return contents
