"""Delivered rows to the files offices send: CSV, workbooks, pages of an API, tables of a database.

What belongs here: bytes and where they lie under the sources folder. What does not: what the rows say
(`localising`) and faults (`dirt`, `defects`). Every file that can say that it is simulated does; the folder's
SYNTHETIC.md says it for those that cannot.
"""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]

from city.folder import City, RecordSet
from city.periods import Period
from simulator.localising import SimulatorError, month_in_chinese

#: Deliveries that have not arrived yet wait here, under the sources folder; see `defects.deliver_late`.
LATE = "late"
NOTICE = "SYNTHETIC.md"
_XLSX_CREATED = datetime(2022, 1, 1)


def location(record_set: RecordSet, period: Period) -> str:
    """Where the delivery of a month lies, relative to the sources folder."""
    return record_set.location.replace("{period}", period)


def write_notice(city: City, folder: Path) -> None:
    """Say in the sources folder that nothing in it is real."""
    zh = city.settings.get("notice_zh", "模拟数据：不反映任何地方的实际情况。")
    en = city.settings.get("notice_en", "Synthetic data: it says nothing of any real place.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NOTICE).write_text(f"# 模拟数据 · Synthetic data\n\n{zh}\n\n{en}\n", encoding="utf-8")


def file_content(city: City, record_set: RecordSet, rows: pl.DataFrame, period: Period) -> bytes:
    """The delivery as one file's bytes: the same rows give the same bytes."""
    if "{period}" not in record_set.location:
        raise SimulatorError(
            f"{record_set.department_key}/{record_set.name}: the simulator writes one file a month; "
            "put {period} into its location, or make it a sql table"
        )
    if record_set.reader == "csv":
        return csv_content(rows, record_set.encoding)
    if record_set.reader == "json":
        return json_content(rows, int(record_set.options.get("page_size", 1000)))
    if record_set.reader == "xlsx":
        return xlsx_content(city, record_set, rows, period)
    raise SimulatorError(f"{record_set.department_key}/{record_set.name}: no file for reader {record_set.reader}")


def csv_content(rows: pl.DataFrame, encoding: str) -> bytes:
    """CSV as spreadsheet programs save it: UTF-8 with BOM, or another encoding with Windows line ends."""
    if encoding.lower() in ("utf-8", "utf8", "utf-8-sig"):
        return b"\xef\xbb\xbf" + rows.write_csv().encode("utf-8")
    return rows.write_csv(line_terminator="\r\n").encode(encoding)


def json_content(rows: pl.DataFrame, page_size: int) -> bytes:
    """The pages of an API one after another in a list; an empty delivery is one page without rows."""
    pages = max(-(-len(rows) // page_size), 1)
    content = [
        {
            "page": page + 1,
            "pages": pages,
            "total": len(rows),
            "synthetic": True,
            "rows": rows.slice(page * page_size, page_size).to_dicts(),
        }
        for page in range(pages)
    ]
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def xlsx_content(city: City, record_set: RecordSet, rows: pl.DataFrame, period: Period) -> bytes:
    """A workbook as offices send it: title line, merged group headers, headers, rows, a line of totals.

    Every other column of numbers is stored as text, because half the offices type an apostrophe first.
    """
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True})
    # A workbook without a fixed date differs from run to run.
    workbook.set_properties({"created": _XLSX_CREATED, "comments": "模拟数据 synthetic"})
    sheet = workbook.add_worksheet(record_set.title_zh[:31])
    middle = workbook.add_format({"align": "center", "bold": True})
    last = max(len(rows.columns) - 1, 1)
    title = f"{city.name_zh}{record_set.title_zh}报送表（{month_in_chinese(period)}）【模拟数据】"
    sheet.merge_range(0, 0, 0, last, title, middle)
    _write_header(sheet, rows.columns, [h for h in rows.columns if h in record_set.unit.values()], middle)
    for place, column in enumerate(_as_typed(rows).get_columns()):
        sheet.write_column(3, place, column.to_list())
    sheet.write_string(3 + len(rows), 0, "合计")
    sheet.write_number(3 + len(rows), last, len(rows))
    workbook.close()
    return buffer.getvalue()


def empty_workbook(record_set: RecordSet) -> bytes:
    """A workbook whose sheet has no cell at all."""
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True})
    workbook.set_properties({"created": _XLSX_CREATED})
    workbook.add_worksheet(record_set.title_zh[:31])
    workbook.close()
    return buffer.getvalue()


def _write_header(sheet: Any, headers: list[str], unit_headers: list[str], middle: Any) -> None:
    """Two rows of merged cells: the unit's headers under one of their own, the others over both rows."""
    for place, header in enumerate(headers):
        if header in unit_headers:
            sheet.write_string(2, place, header, middle)
        else:
            sheet.merge_range(1, place, 2, place, header, middle)
    places = [headers.index(header) for header in unit_headers]
    adjacent = len(places) == 2 and abs(places[0] - places[1]) == 1
    if adjacent:
        sheet.merge_range(1, min(places), 1, max(places), "单位信息", middle)
    else:
        for place in places:
            sheet.write_string(1, place, "单位信息", middle)


def _as_typed(rows: pl.DataFrame) -> pl.DataFrame:
    numeric = [name for name, dtype in rows.schema.items() if dtype.is_numeric()]
    return rows.with_columns(pl.col(numeric[::2]).cast(pl.String)) if numeric else rows


def write_file(folder: Path, where: str, content: bytes | None) -> Path:
    """Put a file in its place, or take away what an earlier run put there when there is no content."""
    path = folder / where
    if content is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return path


def table_name(record_set: RecordSet) -> str:
    """The table of a sql record set: its `options.table`, or its own name."""
    return str(record_set.options.get("table", record_set.name))


def write_table(folder: Path, record_set: RecordSet, rows: pl.DataFrame, period: Period) -> Path:
    """Append a month to a SQLite table, in the place of what was there for that month.

    One process writes a file, months in order: the same deliveries then give the same bytes.
    """
    where = location(record_set, period)
    if not where.endswith((".sqlite", ".db")):
        raise SimulatorError(
            f"{record_set.department_key}/{record_set.name}: the simulator writes SQLite files only; "
            f"give {where!r} the ending .sqlite"
        )
    column = _period_column(record_set)
    rows = rows.with_columns(pl.lit(period).alias(column))
    path = folder / where
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("pragma synchronous = off")
        _create(connection, record_set, rows, column)
        _replace(connection, table_name(record_set), column, period, rows)
    return path


def read_table_month(path: Path, record_set: RecordSet, period: Period) -> pl.DataFrame | None:
    """A month's rows of a SQLite table as text-safe frame; None when there are none."""
    if not path.exists():
        return None
    column = _period_column(record_set)
    with closing(sqlite3.connect(path)) as connection:
        try:
            cursor = connection.execute(
                f"select * from {_quoted(table_name(record_set))} where {_quoted(column)} = ?",  # nosec B608 # quoted names of the simulator's own tables
                (period,),
            )
        except sqlite3.OperationalError:
            return None
        headers = [description[0] for description in cursor.description]
        found = cursor.fetchall()
    if not found:
        return None
    return pl.DataFrame(found, schema=headers, orient="row", infer_schema_length=None).drop(column)


def clear_table_month(path: Path, record_set: RecordSet, period: Period) -> None:
    """Take a month's rows out of a SQLite table, when the table is there."""
    if read_table_month(path, record_set, period) is None:
        return
    with closing(sqlite3.connect(path)) as connection, connection:
        statement = f"delete from {_quoted(table_name(record_set))} where {_quoted(_period_column(record_set))} = ?"  # nosec B608 # quoted names of the simulator's own tables
        connection.execute(statement, (period,))


def _period_column(record_set: RecordSet) -> str:
    column = record_set.options.get("period_column")
    if column is None:
        raise SimulatorError(
            f"{record_set.department_key}/{record_set.name}: a simulated table holds many months; "
            "name its month column in options.period_column, for example 报送月份"
        )
    return str(column)


def _create(connection: sqlite3.Connection, record_set: RecordSet, rows: pl.DataFrame, column: str) -> None:
    table = table_name(record_set)
    fields = ", ".join(f"{_quoted(name)} {_sql_type(dtype)}" for name, dtype in rows.schema.items())
    connection.execute(f"create table if not exists {_quoted(table)} ({fields})")
    there = {row[1] for row in connection.execute(f"pragma table_info({_quoted(table)})")}
    if there != set(rows.columns):
        raise SimulatorError(
            f"table {table} of {record_set.location} has other columns than feeds.yaml now names: "
            "delete the file and simulate its months again"
        )
    index = _quoted(f"{table}_{column}")
    connection.execute(f"create index if not exists {index} on {_quoted(table)} ({_quoted(column)})")
    connection.execute("create table if not exists synthetic_notice (notice text primary key)")
    connection.execute("insert or ignore into synthetic_notice values ('模拟数据 synthetic data')")


def _replace(connection: sqlite3.Connection, table: str, column: str, period: Period, rows: pl.DataFrame) -> None:
    names = ", ".join(_quoted(name) for name in rows.columns)
    marks = ", ".join("?" for _ in rows.columns)
    connection.execute(f"delete from {_quoted(table)} where {_quoted(column)} = ?", (period,))  # nosec B608 # quoted names of the simulator's own tables
    connection.executemany(f"insert into {_quoted(table)} ({names}) values ({marks})", rows.iter_rows())  # nosec B608 # quoted names of the simulator's own tables


def _sql_type(dtype: Any) -> str:
    if dtype.is_integer() or dtype == pl.Boolean:
        return "integer"
    return "real" if dtype.is_float() else "text"


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
