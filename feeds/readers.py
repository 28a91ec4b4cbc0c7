"""From a record set and a month to delivered files: which reader, which place, what it is given.

How each format is read is in csv_reader, xlsx_reader, json_reader, sql_reader and issue_reader; what rows mean is not
known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from city.folder import RecordSet
from city.periods import Period
from feeds.csv_reader import read_csv
from feeds.errors import FeedError, feed_name
from feeds.issue_reader import read_issue
from feeds.json_reader import read_json_file, read_json_http
from feeds.location import READ_CACHE, find_files, place_path, read_bytes, sha256
from feeds.raw import RawFile
from feeds.sql_reader import read_sql, read_sqlite
from feeds.xlsx_reader import read_xlsx

#: A city's published issue.
ISSUE = "issue"
READERS = ("csv", "xlsx", "json", "sql", ISSUE)


def wanted_headers(record_set: RecordSet) -> tuple[str, ...]:
    """Delivered headers that feeds.yaml names, for columns and for units."""
    return tuple(dict.fromkeys((*record_set.columns, *record_set.unit.values())))


def delivers_by_month(record_set: RecordSet) -> bool:
    """Whether a delivery is one month's; otherwise one location holds many months."""
    by_column = record_set.reader == "sql" and bool(record_set.options.get("period_column"))
    return "{period}" in record_set.location or by_column or record_set.reader == ISSUE


def read_delivery(record_set: RecordSet, period: Period, sources: str, environment: Mapping[str, str]) -> list[RawFile]:
    """The files of one delivery month; NotDelivered when there are none, FeedError when unreadable."""
    feed = feed_name(record_set)
    if record_set.reader not in READERS:
        raise FeedError(
            feed, record_set.location, f"no reader {record_set.reader!r}", f"use one of {', '.join(READERS)}"
        )
    path = place_path(feed, record_set.location, period)
    own_root = environment.get(record_set.root, "") if record_set.root else ""
    if record_set.reader == "sql" and own_root and "://" in own_root:
        return [read_sql(feed, own_root, "", wanted_headers(record_set), **_table_options(record_set, period, feed))]
    if record_set.reader == "json" and own_root.startswith(("http://", "https://")):
        return [
            read_json_http(
                feed,
                own_root,
                path,
                token=environment.get(record_set.token, "") if record_set.token else "",
                token_variable=record_set.token,
                **_given(record_set, timeout=("timeout", float), page_size=("page_size", int)),
            )
        ]
    try:
        if record_set.reader == ISSUE:
            return [read_issue(feed, own_root or sources, path, period, level=str(record_set.options.get("level", "")))]
        found = find_files(feed, own_root or sources, path)
    except (OSError, ValueError, ImportError) as error:
        # An unknown protocol, a missing driver, no access. The root may hold a password: it is not repeated.
        where = f"the variable {record_set.root}" if own_root else "--sources"
        raise FeedError(
            feed, path, f"the place of deliveries cannot be opened ({type(error).__name__})", f"check {where}"
        ) from error
    return [_read_file(record_set, period, name, read_bytes(feed, name, read)) for name, read in found]


def _read_file(record_set: RecordSet, period: Period, path: str, content: bytes) -> RawFile:
    feed = feed_name(record_set)
    wanted = wanted_headers(record_set)
    options: dict[str, Any] = {}
    if record_set.reader == "csv":
        options = {"encoding": record_set.encoding, **_given(record_set, delimiter=("delimiter", str))}
    elif record_set.reader == "xlsx":
        options = {"sheet": record_set.options.get("sheet", 1)}
    elif record_set.reader == "sql":
        options = _table_options(record_set, period, feed)
    readers: dict[str, Callable[[], RawFile]] = {
        "csv": lambda: read_csv(feed, path, content, wanted, **options),
        "xlsx": lambda: read_xlsx(feed, path, content, wanted, **options),
        "json": lambda: read_json_file(feed, path, content),
        "sql": lambda: read_sqlite(feed, path, content, wanted, **options),
    }
    key = (feed, path, sha256(content), record_set.reader, wanted, repr(sorted(options.items())))
    return READ_CACHE.get(key, readers[record_set.reader])


def _given(record_set: RecordSet, **names: tuple[str, Callable[[Any], Any]]) -> dict[str, Any]:
    return {
        argument: convert(record_set.options[option])
        for argument, (option, convert) in names.items()
        if option in record_set.options
    }


def _table_options(record_set: RecordSet, period: Period, feed: str) -> dict[str, Any]:
    table = record_set.options.get("table")
    if not table:
        raise FeedError(feed, record_set.location, "no table is named", "write `options: {table: …}` in feeds.yaml")
    return {
        "table": str(table),
        "period": period,
        "allowed_headers": tuple(record_set.unit.values()),
        **_given(record_set, period_column=("period_column", str), empty_is_zero=("empty_is_zero", bool)),
    }
