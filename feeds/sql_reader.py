"""A table in a SQL database: a SQLite file among the sources, or any server SQLAlchemy speaks to.

Only the columns that feeds.yaml maps are fetched; the table's other columns are read by name only, so that
a column of names or telephone numbers is seen and refused before any value leaves the database.
"""

from __future__ import annotations

import datetime
import hashlib
import sqlite3
import tempfile
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError

from feeds.errors import FeedError, NotDelivered
from feeds.json_reader import cell_text
from feeds.privacy import refuse_personal_header
from feeds.raw import RawFile, header_key, raw_file

MAX_ROWS = 20_000_000
_OPTIONS = "correct `options` of this record set in feeds.yaml"


def read_sqlite(feed: str, path: str, content: bytes, wanted: Collection[str], **options: Any) -> RawFile:
    """A table of a SQLite file, given by its bytes (it may lie on any fsspec location); see read_sql."""
    if not content.startswith(b"SQLite format 3\x00"):
        raise FeedError(feed, path, "not a SQLite database", "ask for the SQLite file again, whole")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "delivery.sqlite"
        copy.write_bytes(content)
        _refuse_view(feed, path, copy, str(options.get("table", "")))
        return read_sql(feed, f"sqlite:///{copy}", path, wanted, **options)


def _refuse_view(feed: str, path: str, database: Path, table: str) -> None:
    """A view is the sender's own query, and a recursive one never ends: only what is stored is read."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            found = connection.execute(
                "select type from sqlite_master where lower(name) = lower(?)", (table,)
            ).fetchone()
    except (sqlite3.Error, UnicodeDecodeError) as error:  # a damaged catalogue is quoted in the message as it is
        raise FeedError(
            feed, path, f"the database cannot be read ({type(error).__name__})", "ask for the SQLite file again, whole"
        ) from error
    if found is not None and found[0] != "table":
        raise FeedError(feed, path, f"{table!r} is a {found[0]}, a table was expected", _OPTIONS)


def read_sql(
    feed: str,
    url: str,
    path: str,
    wanted: Collection[str],
    *,
    table: str,
    period: str = "",
    period_column: str = "",
    empty_is_zero: bool = False,
    allowed_headers: Collection[str] = (),
) -> RawFile:
    """Rows of a table as text, only those of the delivery month where a period_column is named.

    Rows are put in the order of their content: a database promises no order, and the line of a row must be
    the same on every run. NotDelivered when the table holds nothing for the month, unless `empty_is_zero`
    says that this means that nothing happened. The address never appears in a message.
    """
    name = f"{path}#{table}" if path else table
    try:
        engine = sql.create_engine(make_url(url), poolclass=sql.pool.NullPool)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise FeedError(
            feed,
            name,
            "the database address is not one",
            "write the variable as dialect://user@host/database",
        ) from error
    try:
        with engine.connect() as connection:
            raw = _read_table(feed, name, connection, wanted, table, period, period_column, allowed_headers)
    except (SQLAlchemyError, UnicodeDecodeError) as error:
        kind = type(getattr(error, "orig", None) or error).__name__
        raise FeedError(
            feed,
            name,
            f"the database cannot be read ({kind})",
            "check that it is up, and that the variable named by `root` holds its address and password",
        ) from error
    finally:
        engine.dispose()
    if period_column and not raw.received and not empty_is_zero:
        raise NotDelivered(f"{name} for {period}")
    return raw


def _read_table(
    feed: str,
    name: str,
    connection: sql.Connection,
    wanted: Collection[str],
    table: str,
    period: str,
    period_column: str,
    allowed_headers: Collection[str],
) -> RawFile:
    schema, dot, bare = table.rpartition(".")
    try:
        reflected = sql.Table(bare, sql.MetaData(), schema=schema if dot else None, autoload_with=connection)
    except NoSuchTableError as error:
        raise FeedError(feed, name, f"there is no table {table!r}", _OPTIONS) from error
    # Names come from the database's own catalogue, so SQLAlchemy quotes them: nothing of feeds.yaml is
    # pasted in.
    by_key = {header_key(column.name): column for column in reflected.columns}
    header = tuple(column.name for column in reflected.columns)
    refuse_personal_header(feed, name, header, allowed_headers)
    chosen = [by_key[header_key(w)] for w in wanted if header_key(w) in by_key]
    query = sql.select(*chosen) if chosen else sql.select(sql.literal(1))
    if period_column:
        if header_key(period_column) not in by_key:
            raise FeedError(feed, name, f"there is no column {period_column!r}", _OPTIONS)
        column = by_key[header_key(period_column)]
        query = query.where(sql.cast(column, sql.String).in_(_period_forms(period)))
    result = connection.execution_options(stream_results=True).execute(query)
    fetched: list[Sequence[Any]] = []
    while part := result.fetchmany(50_000):
        fetched.extend(part)
        if len(fetched) > MAX_ROWS:
            raise FeedError(feed, name, f"more than {MAX_ROWS} rows", "name a period_column in `options`")
    columns = list(zip(*fetched, strict=True)) if fetched else [()] * len(chosen)
    frame = pl.DataFrame(
        [
            pl.Series(column.name, [_cell(v) for v in values], dtype=pl.String)
            for column, values in zip(chosen, columns, strict=False)
        ]
    )
    if frame.width:
        frame = frame.sort(frame.columns, nulls_last=True)
    digest = hashlib.sha256(frame.write_csv().encode()).hexdigest()
    lines = pl.int_range(1, frame.height + 1, dtype=pl.Int32, eager=True)
    raw = raw_file(name, digest, frame, lines)
    return RawFile(name, digest, header, raw.rows, raw.lines, raw.layout)


def _period_forms(period: str) -> list[str]:
    year, month = period.split("-")
    return [period, f"{year}{month}", f"{period}-01", f"{year}年{int(month)}月", f"{year}/{int(month)}"]


def _cell(value: object) -> str | None:
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return cell_text(value)
